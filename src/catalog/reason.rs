//! What the values of Reason header fields say (RFC 3326, RFC 4411, RFC 6432, RFC 9410).

use super::{internal_codes, lookup, q850};
use crate::lang::Text;

/// Says in words what a cause of a Reason header field means; `None` when protocol or cause are unknown.
///
/// Protocols: SIP (a status; 200 is what a proxy puts into the CANCEL of the branches that lost), `Q.850`, Preemption
/// (RFC 4411), STIR (RFC 9410), `RELEASE_CAUSE` of an IMS. FreeSWITCH writes causes of its own as SIP values above 699, and some under its own name.
pub fn reason(protocol: &str, cause: u32) -> Option<Text> {
    match protocol.to_ascii_lowercase().as_str() {
        "sip" => sip(cause),
        "q.850" => q_850(cause),
        "preemption" => preemption(cause).map(Text::new),
        "stir" => stir(cause),
        "freeswitch" => freeswitch(cause),
        "release_cause" => release_cause(cause).map(Text::new),
        _ => None,
    }
}

fn sip(cause: u32) -> Option<Text> {
    if cause == 200 {
        return Some(Text::new("call completed elsewhere"));
    }
    match u16::try_from(cause).ok().and_then(lookup) {
        Some(entry) => Some(Text::verbatim(format_args!("{} {}", entry.code, entry.phrase))),
        None => freeswitch(cause),
    }
}

fn freeswitch(cause: u32) -> Option<Text> {
    let meaning = internal_codes::freeswitch_cause(cause)?;
    Some(Text::new("FreeSWITCH cause {cause}: {meaning}").with("cause", cause).with("meaning", Text::new(meaning)))
}

fn q_850(cause: u32) -> Option<Text> {
    let meaning = q850::cause(cause).map(|cause| cause.name).or_else(|| q850::cause_class(cause))?;
    Some(Text::new("Q.850 cause {cause}: {meaning}").with("cause", cause).with("meaning", Text::new(meaning)))
}

fn preemption(cause: u32) -> Option<&'static str> {
    match cause {
        1 => Some("the user agent gave the call up for one of higher priority"),
        2 => Some("reserved resources were taken for a call of higher priority"),
        3 => Some("given up for a call of higher priority, without a closer description"),
        4 => Some("given up for a call of higher priority outside the IP network"),
        5 => Some("the network gave the call up for one of higher priority"),
        _ => None,
    }
}

/// Of an IMS (3GPP TS 24.229 §7.2A.18.11.2).
fn release_cause(cause: u32) -> Option<&'static str> {
    match cause {
        1 => Some("a user ended the call"),
        2 => Some("RTP or RTCP did not arrive any more"),
        3 => Some("the bearer of the media was lost"),
        4 => Some("no ACK came in time"),
        5 => Some("a request got no response in time"),
        6 => Some("setting up the call took too long"),
        7 => Some("redirecting the call failed"),
        _ => None,
    }
}

fn stir(cause: u32) -> Option<Text> {
    let phrase = if cause == 403 { "Stale Date" } else { lookup(u16::try_from(cause).ok()?)?.phrase };
    Some(Text::new("caller identity: {cause} {phrase}").with("cause", cause).with("phrase", phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_put_into_words() {
        let rows = [
            ("SIP", 607, Some("607 Unwanted")),
            ("sip", 200, Some("call completed elsewhere")),
            ("SIP", 819, Some("FreeSWITCH cause 819: unwanted (607)")),
            ("FreeSWITCH", 819, Some("FreeSWITCH cause 819: unwanted (607)")),
            ("SIP", 999_999, None),
            ("Q.850", 22, Some("Q.850 cause 22: Number changed")),
            ("q.850", 33, Some("Q.850 cause 33: resource unavailable")),
            ("Q.850", 200, None),
            ("Preemption", 5, Some("the network gave the call up for one of higher priority")),
            ("STIR", 403, Some("caller identity: 403 Stale Date")),
            ("STIR", 438, Some("caller identity: 438 Invalid Identity Header")),
            ("RELEASE_CAUSE", 3, Some("the bearer of the media was lost")),
            ("RELEASE_CAUSE", 9, None),
            ("X-Vendor", 1, None),
        ];
        for (protocol, cause, expected) in rows {
            assert_eq!(reason(protocol, cause).map(|text| text.to_string()).as_deref(), expected, "{protocol} {cause}");
        }
    }
}
