//! What NOTIFYs say of the request that a REFER asked for (RFC 3515 §2.4.5).

use crate::sip::{HeaderName, Message, Method, StatusCode};

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
}
