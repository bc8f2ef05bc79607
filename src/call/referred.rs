//! What NOTIFYs say of the request that a REFER asked for (RFC 3515 §2.4.5).

use super::referrals::is_of_focus;
use super::{Call, CapturedMessage, Transaction};
use crate::sip::{HeaderName, Message, Method, NameAddr, StatusCode, Uri};

/// A REFER inside a call, and what became of it.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// Whom the other side was to call.
    pub(crate) target: Uri,
    pub(crate) fate: Fate,
}

/// What became of a REFER, as its sender knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The other side did not do it.
    Refused(StatusCode),
    /// It did, and how that ended is not in the capture.
    Accepted,
    /// The request that the REFER asked for ended so.
    Ended(StatusCode),
}

impl Fate {
    /// The stable name that every format uses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Accepted => "accepted",
            Self::Ended(status) if status.is_success() => "done",
            Self::Ended(_) => "failed",
        }
    }

    /// The status of the REFER that was refused, or of the request that it asked for.
    pub(crate) fn status(self) -> Option<StatusCode> {
        match self {
            Self::Refused(status) | Self::Ended(status) => Some(status),
            Self::Accepted => None,
        }
    }
}

impl Transfer {
    /// Whom the other side was to call, without header fields, such as the dialog that the new call replaces.
    pub(crate) fn addressee(&self) -> String {
        let target = self.target.to_string();
        let end = target.find('?').unwrap_or(target.len());
        target.get(..end).unwrap_or_default().to_owned()
    }

    /// The last one of a call; a REFER without response is none, and none that asks a conference for a further participant.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let refers = call.transactions.iter().filter(|t| t.method == Method::Refer && t.in_dialog);
        refers.rev().filter(|t| t.upstream.is_none()).find_map(|refer| Self::by(call, refer))
    }

    fn by(call: &Call, refer: &Transaction) -> Option<Self> {
        let status = refer.finals.last()?.status;
        // What asks for credentials, or sends on, is a step.
        if status.is_challenge() || status.is_redirection() {
            return None;
        }
        let request = call.message(refer.request?)?;
        if is_of_focus(&call.messages, request.leg, request.provenance.flow.destination.address) {
            return None;
        }
        let target = NameAddr::read(&request.message.header(HeaderName::ReferTo)?)?.uri;
        let fate = match ended(call, request) {
            Some((_, status, _)) => Fate::Ended(status),
            None if status.is_success() => Fate::Accepted,
            None => Fate::Refused(status),
        };
        Some(Self { target, fate })
    }
}

/// The NOTIFY that tells how the request ended which a REFER asked for, with its status, and the text of code and phrase.
pub(crate) fn ended<'a>(call: &'a Call, refer: &CapturedMessage) -> Option<(&'a CapturedMessage, StatusCode, String)> {
    let notifies = call.transactions.iter().filter(|t| t.method == Method::Notify && t.upstream.is_none());
    let notifies = notifies.filter_map(|t| call.message(t.request?)).filter(|notify| is_about(notify, refer, call));
    let finals = notifies.filter_map(|notify| Some((notify, reported_final(&notify.message)?)));
    let (notify, (status, words)) = finals.max_by_key(|(notify, _)| notify.provenance.time)?;
    Some((notify, status, words))
}

/// Whether a NOTIFY is of the subscription that a REFER began: by its id, else the REFER is the last one before it.
fn is_about(notify: &CapturedMessage, refer: &CapturedMessage, call: &Call) -> bool {
    let is_of_dialog = |refer: &CapturedMessage| {
        refer.leg == notify.leg
            && refer.message.from_tag() == notify.message.to_tag()
            && refer.provenance.time <= notify.provenance.time
    };
    let event = notify.message.header(HeaderName::Event);
    let id = event
        .as_deref()
        .and_then(|event| event.split(';').find_map(|part| part.trim().strip_prefix("id=")?.parse().ok()));
    let number = |m: &CapturedMessage| m.message.cseq().map(|cseq| cseq.number);
    if let Some(id) = id {
        return is_of_dialog(refer) && number(refer) == Some(id);
    }
    let refers = call.transactions.iter().filter(|t| t.method == Method::Refer && t.upstream.is_none());
    let before = refers.filter_map(|t| call.message(t.request?)).filter(|other| is_of_dialog(other));
    before.max_by_key(|other| other.provenance.time).is_some_and(|last| std::ptr::eq(last, refer))
}

/// The status line in the body of a NOTIFY (message/sipfrag, RFC 3420): its code, and the text of code and phrase.
pub(crate) fn reported(message: &Message) -> Option<(StatusCode, String)> {
    if message.method() != Some(&Method::Notify) || !message.is_request() {
        return None;
    }
    let kind = message.header(HeaderName::ContentType)?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("message/sipfrag") {
        return None;
    }
    let body = String::from_utf8_lossy(message.body());
    let words = body.lines().find(|line| !line.trim().is_empty())?.trim().strip_prefix("SIP/2.0 ")?.trim();
    let code = words.split(' ').next()?.parse().ok().filter(|code| (100..700).contains(code))?;
    Some((StatusCode(code), words.to_owned()))
}

/// The same where it is a final one, after which nothing comes.
pub(crate) fn reported_final(message: &Message) -> Option<(StatusCode, String)> {
    reported(message).filter(|(status, _)| status.0 >= 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(first: &str, kind: &str, body: &str) -> Option<(u16, String)> {
        let text = format!(
            "{first}\r\nCSeq: 2 NOTIFY\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let message = Message::read(text.as_bytes(), false).unwrap().0;
        reported(&message).map(|(status, words)| (status.0, words))
    }

    #[test]
    fn only_a_status_line_in_a_notify_counts() {
        const NOTIFY: &str = "NOTIFY sip:a@b SIP/2.0";
        let busy = Some((486, "486 Busy Here".to_owned()));
        assert_eq!(read(NOTIFY, "message/sipfrag;version=2.0", "SIP/2.0 486 Busy Here\r\n"), busy);
        assert_eq!(read(NOTIFY, "Message/SIPfrag", "SIP/2.0 486 Busy Here\r\nTo: <sip:x>\r\n\r\n"), busy);
        assert_eq!(read(NOTIFY, "message/sipfrag", "SIP/2.0 200"), Some((200, "200".to_owned())));
        for (kind, body) in [
            ("application/pidf+xml", "SIP/2.0 486 Busy Here"),
            ("message/sipfrag", "INVITE sip:a@b SIP/2.0"),
            ("message/sipfrag", "SIP/2.0 trying"),
            ("message/sipfrag", ""),
        ] {
            assert_eq!(read(NOTIFY, kind, body), None, "{kind} {body}");
        }
        assert_eq!(read("INFO sip:a@b SIP/2.0", "message/sipfrag", "SIP/2.0 486 Busy Here"), None);
    }

    #[test]
    fn a_transfer_has_a_name_for_every_format() {
        let (busy, fine) = (StatusCode(486), StatusCode(200));
        for (fate, name, status) in [
            (Fate::Accepted, "accepted", None),
            (Fate::Refused(StatusCode(403)), "refused", Some(StatusCode(403))),
            (Fate::Ended(busy), "failed", Some(busy)),
            (Fate::Ended(fine), "done", Some(fine)),
        ] {
            assert_eq!((fate.name(), fate.status()), (name, status));
        }
        let target = Uri::read("sip:carol@c.example;user=phone?Replaces=x%3Bto-tag%3Dy").unwrap();
        assert_eq!(Transfer { target, fate: Fate::Accepted }.addressee(), "sip:carol@c.example;user=phone");
    }
}
