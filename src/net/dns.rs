//! DNS responses inside the capture that say that a name does not resolve: evidence about unreachable next hops.

use std::fmt::Write as _;

use super::bytes::be16;

/// A name that the DNS server could not resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedLookup {
    /// The name asked for, in lower case, without the final dot; octets that are no printable ASCII as `\ddd`.
    pub name: String,
    /// The record type asked for, such as `SRV`; `other` if it is none that RFC 3263 uses.
    pub record: &'static str,
    /// `NXDOMAIN` (no such name), `SERVFAIL` or `REFUSED`, as DNS tools call them.
    pub code: &'static str,
}

/// Length of the header, in octets (RFC 1035 §4.1.1).
const HEADER: usize = 12;
/// Longest name, in octets (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;
/// Longest label, in octets; above it the length octet means compression or an extension, which a question cannot have.
const MAX_LABEL: usize = 63;

/// Whether a port is one that DNS servers answer from (RFC 1035 §4.2.1, RFC 6762 §3).
pub fn is_dns_port(port: u16) -> bool {
    matches!(port, 53 | 5353)
}

/// Reads a datagram from `source_port` as a DNS response, and returns the question if the answer is that there is none.
pub fn failed_lookup(source_port: u16, payload: &[u8]) -> Option<FailedLookup> {
    if !is_dns_port(source_port) {
        return None;
    }
    let flags = be16(payload, 2)?;
    let (is_response, opcode, questions) = (flags & 0x8000 != 0, flags & 0x7800, be16(payload, 4)?);
    if !is_response || opcode != 0 || questions != 1 {
        return None;
    }
    let code = match flags & 0x000f {
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        5 => "REFUSED",
        _ => return None,
    };
    let (name, rest) = name(payload.get(HEADER..)?)?;
    let (record, class) = (be16(rest, 0)?, be16(rest, 2)?);
    // Class IN; multicast DNS uses the highest bit for itself (RFC 6762 §5.4).
    (class & 0x7fff == 1).then(|| FailedLookup { name, record: record_type(record), code })
}

/// Reads an uncompressed name other than the root, and returns what follows.
fn name(mut bytes: &[u8]) -> Option<(String, &[u8])> {
    let (mut name, mut octets) = (String::new(), 0);
    loop {
        let (length, rest) = bytes.split_first()?;
        let length = usize::from(*length);
        octets += 1 + length;
        if length > MAX_LABEL || octets > MAX_NAME {
            return None;
        }
        if length == 0 {
            return (!name.is_empty()).then_some((name, rest));
        }
        let (label, rest) = rest.split_at_checked(length)?;
        if !name.is_empty() {
            name.push('.');
        }
        push_label(&mut name, label);
        bytes = rest;
    }
}

/// Appends a label in the presentation form of RFC 1035 §5.1.
fn push_label(name: &mut String, label: &[u8]) {
    for octet in label {
        match octet {
            b'.' | b'\\' => name.extend(['\\', char::from(*octet)]),
            b'!'..=b'~' => name.push(char::from(octet.to_ascii_lowercase())),
            // Writing to a string cannot fail.
            _ => drop(write!(name, "\\{octet:03}")),
        }
    }
}

/// The record types by which SIP servers are found (RFC 3263 §4).
fn record_type(number: u16) -> &'static str {
    match number {
        1 => "A",
        5 => "CNAME",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(flags: u16, labels: &[&[u8]], record: u16) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34];
        bytes.extend(flags.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 0, 0, 0]);
        for label in labels {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(*label);
        }
        bytes.push(0);
        bytes.extend(record.to_be_bytes());
        bytes.extend([0, 1]);
        bytes
    }

    const NAME: &[&[u8]] = &[b"_sip", b"_udp", b"Old", b"example"];

    #[test]
    fn failures_are_read_with_name_record_and_code() {
        for (flags, record, expected) in [
            (0x8183, 33, Some(("SRV", "NXDOMAIN"))),
            (0x8182, 1, Some(("A", "SERVFAIL"))),
            (0x8185, 28, Some(("AAAA", "REFUSED"))),
            (0x8583, 257, Some(("other", "NXDOMAIN"))),
            (0x8180, 1, None), // answered
            (0x0103, 1, None), // a query
            (0xa983, 1, None), // an update, not a query
        ] {
            let lookup = failed_lookup(53, &response(flags, NAME, record));
            let expected =
                expected.map(|(record, code)| FailedLookup { name: "_sip._udp.old.example".to_owned(), record, code });
            assert_eq!(lookup, expected, "{flags:#06x}");
        }
    }

    #[test]
    fn only_servers_answer() {
        assert_eq!(failed_lookup(5060, &response(0x8183, NAME, 1)), None);
    }

    #[test]
    fn strange_octets_are_escaped_and_bad_names_refused() {
        let name = |labels: &[&[u8]]| failed_lookup(53, &response(0x8183, labels, 1)).map(|lookup| lookup.name);
        assert_eq!(name(&[b"a.b\\", b"\xff\n"]).as_deref(), Some(r"a\.b\\.\255\010"));
        assert_eq!(name(&[]), None, "the root");
        assert_eq!(name(&[&[b'a'; 64]]), None, "a label of 64 octets");
        assert_eq!(name(&[&[b'a'; 60][..]; 5]), None, "a name above 255 octets");
    }

    #[test]
    fn a_response_cut_anywhere_in_its_question_says_nothing() {
        let whole = response(0x8183, NAME, 33);
        for length in 0..whole.len() {
            assert_eq!(failed_lookup(53, &whole[..length]), None, "{length}");
        }
        assert!(failed_lookup(53, &whole).is_some());
    }
}
