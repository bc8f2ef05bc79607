//! ESP (RFC 4303) with the NULL cipher (RFC 2410), as IMS uses it between telephone and network: authenticated, and readable.
//! Nothing in the packet says that it is: the trailer has to make sense, and what it announces has to be there.

use super::bytes::be16;

/// Security parameters index and sequence number, in octets.
const HEADER: usize = 8;
/// Lengths of integrity check values: 96 bits, 128 bits, none, 192 and 256 bits.
const CHECKS: [usize; 5] = [12, 16, 0, 24, 32];

/// Protocol and octets inside; `None` when it is encrypted, or nobody can tell, as of what was cut.
pub(super) fn null(bytes: &[u8], cut: bool) -> Option<(u8, &[u8])> {
    let inner = bytes.get(HEADER..).filter(|_| !cut)?;
    CHECKS.iter().find_map(|check| trailer(inner.get(..inner.len().checked_sub(*check)?)?))
}

/// Takes padding, its length and the next header off the end.
fn trailer(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [rest @ .., padding, protocol] = bytes else { return None };
    let (inner, padding) = rest.split_at_checked(rest.len().checked_sub(usize::from(*padding))?)?;
    // RFC 4303 §2.4: 1, 2, 3, …
    let is_padding = padding.iter().zip(1_u8..).all(|(octet, expected)| *octet == expected);
    (is_padding && fits(*protocol, inner)).then_some((*protocol, inner))
}

/// Whether the octets may be of that protocol.
fn fits(protocol: u8, inner: &[u8]) -> bool {
    let first = inner.first().map(|first| first >> 4);
    match protocol {
        4 => first == Some(4) && be16(inner, 2).map(usize::from) == Some(inner.len()),
        41 => first == Some(6) && be16(inner, 4).map(|length| usize::from(length) + 40) == Some(inner.len()),
        17 => be16(inner, 4).map(usize::from) == Some(inner.len()),
        6 => inner
            .get(12)
            .is_some_and(|octet| octet >> 4 >= 5 && usize::from(octet >> 4) * 4 <= inner.len() && octet & 0x0e == 0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::{ipv4, ipv6, udp};
    use super::*;

    fn packet(protocol: u8, inner: &[u8], check: usize) -> Vec<u8> {
        let padding = u8::try_from((inner.len() + 2).next_multiple_of(4) - inner.len() - 2).unwrap();
        let mut packet = vec![0, 0, 0x10, 1, 0, 0, 0, 1];
        packet.extend(inner);
        packet.extend(1..=padding);
        packet.extend([padding, protocol]);
        packet.extend(vec![0xc5; check]);
        packet
    }

    #[test]
    fn what_the_trailer_announces_is_found_behind_any_check_value() {
        let datagram = udp(b"OPTIONS sip:pbx.example SIP/2.0\r\n\r\n");
        for (protocol, inner) in [(17, datagram.clone()), (4, ipv4(17, &datagram)), (41, ipv6(17, &datagram))] {
            for check in CHECKS {
                let packet = packet(protocol, &inner, check);
                assert_eq!(null(&packet, false), Some((protocol, &inner[..])));
                assert_eq!(null(&packet, true), None);
            }
        }
    }

    #[test]
    fn encrypted_octets_are_left_alone() {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        let noise: Vec<u8> = noise.take(1400 * 40).collect();
        assert!(noise.chunks(1400).all(|packet| null(packet, false).is_none()));
        assert_eq!(null(b"", false), None);
    }
}
