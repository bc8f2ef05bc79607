//! What the values of Reason header fields say (RFC 3326, RFC 4411, RFC 6432, RFC 9410).

use super::{internal_codes, lookup, q850};

/// Says in words what a cause of a Reason header field means; `None` when protocol or cause are unknown.
///
/// Protocols: SIP (a status; 200 is what a proxy puts into the CANCEL of the branches that lost), `Q.850`, Preemption
/// (RFC 4411), STIR (RFC 9410). FreeSWITCH writes causes of its own as SIP values above 699.
pub fn reason(protocol: &str, cause: u32) -> Option<String> {
    match protocol.to_ascii_lowercase().as_str() {
        "sip" => sip(cause),
        "q.850" => q_850(cause),
        "preemption" => preemption(cause).map(str::to_owned),
        "stir" => stir(cause),
        _ => None,
    }
}

fn sip(cause: u32) -> Option<String> {
    if cause == 200 {
        return Some("call completed elsewhere".to_owned());
    }
    match u16::try_from(cause).ok().and_then(lookup) {
        Some(entry) => Some(format!("{} {}", entry.code, entry.phrase)),
        None => internal_codes::freeswitch_cause(cause).map(|meaning| format!("FreeSWITCH cause {cause}: {meaning}")),
    }
}

fn q_850(cause: u32) -> Option<String> {
    match (q850::cause(cause), q850::cause_class(cause)) {
        (Some(cause), _) => Some(format!("Q.850 cause {}: {}", cause.value, cause.name)),
        (None, Some(class)) => Some(format!("Q.850 cause {cause}: {class}")),
        (None, None) => None,
    }
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

fn stir(cause: u32) -> Option<String> {
    if cause == 403 {
        return Some("caller identity: 403 Stale Date".to_owned());
    }
    let entry = lookup(u16::try_from(cause).ok()?)?;
    Some(format!("caller identity: {} {}", entry.code, entry.phrase))
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
            ("SIP", 999_999, None),
            ("Q.850", 22, Some("Q.850 cause 22: Number changed")),
            ("q.850", 33, Some("Q.850 cause 33: resource unavailable")),
            ("Q.850", 200, None),
            ("Preemption", 5, Some("the network gave the call up for one of higher priority")),
            ("STIR", 403, Some("caller identity: 403 Stale Date")),
            ("STIR", 438, Some("caller identity: 438 Invalid Identity Header")),
            ("X-Vendor", 1, None),
        ];
        for (protocol, cause, expected) in rows {
            assert_eq!(reason(protocol, cause).as_deref(), expected, "{protocol} {cause}");
        }
    }
}
