//! Whole messages: written anew part by part, with lengths that fit. Between the parts only line ends and blanks are copied.

use super::Redactor;
use crate::sip::headers::unfold;
use crate::sip::{HeaderName, Message, Method};

impl Redactor {
    /// The message with everything replaced; `None` if what comes out could be read as another kind of message, which must not be
    /// shown.
    pub fn message(&self, message: &Message) -> Option<Message> {
        let (mut new, length) = Message::read(&self.rewritten(message), message.is_cut())?;
        let is_same = new.raw().len() == length
            && new.status() == message.status()
            && new.is_request() == message.is_request()
            && new.cseq().map(|cseq| cseq.number) == message.cseq().map(|cseq| cseq.number);
        // What only the surroundings showed.
        message.anomalies().iter().for_each(|anomaly| new.note(*anomaly));
        is_same.then_some(new)
    }

    /// The octets of a message with everything replaced.
    pub(super) fn rewritten(&self, message: &Message) -> Vec<u8> {
        let raw = message.raw();
        let part = |from: usize, to: usize| raw.get(from..to).unwrap_or_default();
        let anatomy = message.anatomy();
        let kind = message.header_bytes(HeaderName::ContentType).unwrap_or_default();
        let body = self.content(&kind, message.body());
        let mut out = Vec::with_capacity(raw.len() + 64);
        self.start_line(message, &mut out);
        let mut at = anatomy.start_end;
        for (name, name_place, value_place) in &anatomy.fields {
            out.extend(self.free(part(at, name_place.start)));
            out.extend(self.field_name(*name, part(name_place.start, name_place.end)));
            out.extend(part(name_place.end, value_place.start));
            let value = unfold(part(value_place.start, value_place.end));
            out.extend(if *name == HeaderName::ContentLength {
                length_changed(&value, message.body().len(), body.len())
            } else {
                self.field(*name, part(name_place.start, name_place.end), &value)
            });
            at = value_place.end.max(at);
        }
        out.extend(self.free(part(at, anatomy.body)));
        out.extend(body);
        out
    }

    fn start_line(&self, message: &Message, out: &mut Vec<u8>) {
        let anatomy = message.anatomy();
        let line = message.raw().get(..anatomy.start_end).unwrap_or_default();
        let (front, rest) = line.split_at_checked(anatomy.subject.start).unwrap_or((line, &[]));
        let length = anatomy.subject.end.saturating_sub(anatomy.subject.start);
        let (subject, end) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let method = front.trim_ascii();
        if !message.is_request() {
            out.extend(if front.len() <= 20 { front.to_vec() } else { self.free(front) });
            out.extend(self.free(subject));
            return;
        }
        let is_known = !matches!(Method::read(method), Method::Other(_))
            || method.len() <= 20 && method.iter().all(u8::is_ascii_uppercase);
        out.extend(if is_known { front.to_vec() } else { self.free(front) });
        out.extend(self.bracketed_uri(subject));
        out.extend(self.free(end));
    }
}

/// A Content-Length after the body has changed its own by as much, whatever it said before; what is no number tells nothing.
pub(super) fn length_changed(value: &[u8], old: usize, new: usize) -> Vec<u8> {
    let text = value.trim_ascii();
    let said = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match said.and_then(|text| text.parse::<u64>().ok()) {
        Some(_) if old == new && text.len() <= 10 => value.to_vec(),
        Some(said) => (said + new as u64).saturating_sub(old as u64).to_string().into_bytes(),
        None => value.iter().map(|b| if b.is_ascii_alphanumeric() || !b.is_ascii() { b'x' } else { *b }).collect(),
    }
}
