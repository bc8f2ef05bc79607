//! The messages of one datagram: as a rule one, but some user agents send 100, 180 and 200 together.

use super::Message;
use super::exemplar::Exemplars;
use super::line::Known;
use super::memo::Memo;
use super::places::Fields;
use super::start_line::Start;
use crate::anomaly::Anomaly;

/// A message with its place in the datagram.
#[derive(Debug, Clone)]
pub struct Framed {
    /// The message.
    pub message: Message,
    /// Byte offset of its start line in the datagram.
    pub offset: usize,
}

/// Reads all messages of a datagram; empty if it does not hold SIP. `cut` says that octets are known to be missing at its end.
pub fn messages(datagram: &[u8], cut: bool) -> Vec<Framed> {
    let mut found = Vec::new();
    each_message(datagram, cut, &mut Reader::forgetful(), |framed| found.push(framed));
    found
}

/// Reads one datagram after the other, the faster the more their messages are alike. What it finds is what [`messages`] finds.
#[derive(Debug)]
pub struct Reader {
    /// Start lines that came lately.
    pub(super) starts: Memo<Start>,
    /// Lines of header blocks that did.
    pub(super) lines: Memo<Known>,
    /// Whole blocks that did.
    pub(super) exemplars: Exemplars,
    /// The header fields of the message that is being read.
    pub(super) fields: Fields,
}

impl Default for Reader {
    fn default() -> Self {
        Self { starts: Memo::default(), lines: Memo::default(), exemplars: Exemplars::new(), fields: Fields::new() }
    }
}

impl Reader {
    /// One that remembers nothing: for whoever reads one datagram.
    pub(super) const fn forgetful() -> Self {
        Self { starts: Memo::none(), lines: Memo::none(), exemplars: Exemplars::none(), fields: Fields::new() }
    }

    /// As [`messages`], each message as soon as it is known what follows it.
    pub fn each_message(&mut self, datagram: &[u8], cut: bool, take: impl FnMut(Framed)) {
        each_message(datagram, cut, self, take);
    }
}

fn each_message(datagram: &[u8], cut: bool, reader: &mut Reader, mut take: impl FnMut(Framed)) {
    let mut last: Option<Framed> = None;
    let mut at = blank_lines(datagram);
    let leading = at > 0;
    while let Some(rest) = datagram.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((mut message, length)) = Message::read_if_sip(rest, cut, reader) else { break };
        if last.is_none() && leading {
            message.note(Anomaly::LeadingBlankLines);
        }
        if last.is_some() {
            message.note(Anomaly::SeveralMessagesInDatagram);
        }
        if let Some(before) = last.replace(Framed { message, offset: at }) {
            take(before);
        }
        at += length;
        at += blank_lines(datagram.get(at..).unwrap_or_default());
    }
    let Some(mut last) = last else { return };
    if let Some(rest) = datagram.get(at..).filter(|rest| !rest.is_empty()) {
        let zeros = rest.iter().all(|b| *b == 0);
        last.message.note(if zeros { Anomaly::TrailingOctets } else { Anomaly::ContentLengthTooShort });
    }
    take(last);
}

/// The octets behind the line ends at the beginning.
pub(super) fn without_blank_lines(bytes: &[u8]) -> &[u8] {
    bytes.get(blank_lines(bytes)..).unwrap_or_default()
}

/// The number of octets of line ends at the beginning (RFC 3261 §7.5 lets receivers ignore them).
fn blank_lines(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_messages_of_one_datagram_are_all_read() {
        let one = |status: &str, length: &str| format!("SIP/2.0 {status}\r\nCSeq: 1 INVITE\r\n{length}\r\n");
        let datagram =
            one("100 Trying", "") + "\r\n" + &one("180 Ringing", "Content-Length: 0\r\n") + &one("200 OK", "");
        let found = messages(datagram.as_bytes(), false);
        let statuses: Vec<_> = found.iter().filter_map(|f| f.message.status()).map(|s| s.0).collect();
        assert_eq!(statuses, [100, 180, 200]);
        assert!(found[1].message.anomalies().contains(&Anomaly::SeveralMessagesInDatagram));
        assert!(messages(b"\r\n\r\n", false).is_empty() && messages(b"\x80\x00", false).is_empty());
    }
}
