//! IP addresses: addresses that share a beginning (/8, /16, /24; in IPv6 any whole hexadecimal digits) share one afterwards, those of special
//! ranges stay in their range, and each is written with as many characters as before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Redactor;
use super::key::Kind;

/// First octets that hold a special range: they stay, and what lies below them is replaced with care.
const SPECIAL_FIRST: &[u8] = &[0, 10, 100, 127, 169, 172, 192, 198, 203];

impl Redactor {
    /// Replaces an address.
    pub fn address(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => self.v4(v4).into(),
            IpAddr::V6(v6) => self.v6(v6).into(),
        }
    }

    fn v4(&self, address: Ipv4Addr) -> Ipv4Addr {
        let octets = address.octets();
        if matches!(octets, [0 | 127, ..] | [255, 255, 255, 255] | [224, 0, 0 | 1, _]) {
            return address;
        }
        let mut path = self.key.start(Kind::V4);
        let mut new = [0; 4];
        for (at, (to, octet)) in new.iter_mut().zip(octets).enumerate() {
            *to = members(octets, at).map_or(octet, |(class, allowed)| {
                let index = allowed.iter().position(|member| *member == octet).unwrap_or(0);
                let turned = path.turn(class, index as u64, allowed.len() as u64);
                usize::try_from(turned).ok().and_then(|turned| allowed.get(turned)).copied().unwrap_or(octet)
            });
            path.push(octet);
        }
        Ipv4Addr::from(new)
    }

    fn v6(&self, address: Ipv6Addr) -> Ipv6Addr {
        if let Some(v4) = address.to_ipv4_mapped() {
            return self.v4(v4).to_ipv6_mapped();
        }
        if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
            return address;
        }
        let segments = address.segments();
        // NAT64 (RFC 6052) carries an IPv4 address in its end.
        if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = segments {
            let v4 = self.v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
            let bits = u128::from(u32::from(v4));
            return Ipv6Addr::from(0x0064_ff9b_u128 << 96 | bits);
        }
        let mut path = self.key.start(Kind::V6);
        let mut new = [0_u16; 8];
        for (at, (to, segment)) in new.iter_mut().zip(segments).enumerate() {
            let before = path.clone();
            let kind = |value: u16| (at, value, segments.first().copied());
            *to = segment_turned(&mut path, segment, kept_digits(&segments, at));
            // Into no other range: again, until it lies in the one where it was, which it does at the latest where it began.
            while range_of(kind(*to)) != range_of(kind(segment)) {
                *to = segment_turned(&mut before.clone(), *to, kept_digits(&segments, at));
            }
        }
        Ipv6Addr::from(new)
    }

    /// Replaces an address as it is written, in brackets or not; `None` where the text is none.
    pub(super) fn literal(&self, text: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(text).ok()?;
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?;
            return Some([b"[", self.literal(inner.as_bytes())?.as_slice(), b"]"].concat());
        }
        if let Ok(v4) = text.parse::<Ipv4Addr>() {
            return Some(self.v4(v4).to_string().into_bytes());
        }
        let (address, zone) = text.split_once('%').map_or((text, None), |(a, z)| (a, Some(z)));
        let v6 = address.parse::<Ipv6Addr>().ok()?;
        let mut new = respelt(address, v6, self.v6(v6));
        if let Some(zone) = zone {
            new.push(b'%');
            new.extend(self.name(zone.as_bytes()));
        }
        Some(new)
    }
}

/// The octets that may stand for the one at a place, with the name of their class; `None` where it stays.
#[expect(clippy::match_same_arms, reason = "in the order of octets")]
fn members(octets: [u8; 4], at: usize) -> Option<(u8, Vec<u8>)> {
    let octet = octets.get(at).copied()?;
    let taken: &[u8] = match (at, octets) {
        (0, [first, ..]) if SPECIAL_FIRST.contains(&first) => return None,
        (0, _) => SPECIAL_FIRST,
        // RFC 1918, RFC 3927, RFC 6598, RFC 5737, RFC 2544 and what IANA keeps for protocols.
        (1, [172, 16..=31, ..]) => return Some((8, (16..=31).collect())),
        (1, [100, 64..=127, ..]) => {
            return Some((if octet < 100 { 8 } else { 9 }, lengths(octet, |o| (64..=127).contains(o))));
        }
        (1, [172, ..]) => return Some((10, lengths(octet, |o| !(16..=31).contains(o)))),
        (1, [100, ..]) => return Some((11, lengths(octet, |o| !(64..=127).contains(o)))),
        (1, [169, 254, ..] | [192, 0 | 88 | 168, ..] | [198, 18 | 19 | 51, ..] | [203, 0, ..]) => return None,
        (1, [169, ..]) => &[254],
        (1, [192, ..]) => &[0, 88, 168],
        (1, [198, ..]) => &[18, 19, 51],
        (1, [203, ..]) => &[0],
        (2, [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _]) => return None,
        (2, [192, 0, ..]) => &[0, 2],
        (2, [192, 88, ..]) => &[99],
        (2, [198, 51, ..]) => &[100],
        (2, [203, 0, ..]) => &[113],
        _ => &[],
    };
    let group: fn(u8) -> u8 = match (at, octet) {
        // Multicast and reserved addresses stay so.
        (0, 224..) => |octet| octet >> 4,
        _ => |_| 0,
    };
    let is_high = at == 0 && octet >= 224;
    let allowed = lengths(octet, |other| {
        !taken.contains(other) && group(*other) == group(octet) && (at != 0 || (*other >= 224) == is_high)
    });
    let class = if octet < 10 {
        0
    } else if octet < 100 {
        1
    } else {
        2
    };
    Some((class + if is_high { 4 } else { 0 }, allowed))
}

/// The octets of as many digits for which something holds.
fn lengths(octet: u8, holds: impl Fn(&u8) -> bool) -> Vec<u8> {
    let all = match octet {
        0..=9 => 0..=9,
        10..=99 => 10..=99,
        100..=255 => 100..=255,
    };
    all.filter(holds).collect()
}

/// The special range of a segment; 0 for all others.
fn range_of((at, segment, first): (usize, u16, Option<u16>)) -> u8 {
    match (at, segment) {
        (0, 0xfc00..=0xfdff) => 1,
        (0, 0xfe80..=0xfebf) => 2,
        (0, 0xff00..) => 3,
        (0, 0x2001) => 4,
        (0, 0x2002) => 5,
        (0, 0x0064) => 6,
        (0, 0) => 7,
        (1, 0x0db8) if first == Some(0x2001) => 8,
        _ => 0,
    }
}

/// How many hexadecimal digits in front of a segment stay.
#[expect(clippy::match_same_arms, reason = "in the order of segments")]
fn kept_digits(segments: &[u16; 8], at: usize) -> u32 {
    match (at, segments) {
        // Unique local (RFC 4193) and link-local.
        (0, [0xfc00..=0xfdff, ..]) => 2,
        (0, [0x0064 | 0x2001 | 0x2002 | 0xfe80..=0xfebf, ..]) => 4,
        // Documentation (RFC 3849).
        (1, [0x2001, 0x0db8, ..]) => 4,
        (0, _) => 1,
        _ => 0,
    }
}

/// Replaces the digits of a segment, none by 0 in front: as many of them stay.
fn segment_turned(path: &mut super::key::Path, segment: u16, kept: u32) -> u16 {
    let digits = u32::BITS / 8 - segment.leading_zeros() / 4;
    path.push(u8::try_from(digits).unwrap_or(0) | 0x40);
    let mut new = 0;
    for place in (0..digits).rev() {
        let digit = segment >> (4 * place) & 0xf;
        let at = digits - 1 - place;
        let is_first = at == 0;
        let turned = if at < kept {
            digit
        } else if is_first {
            1 + u16::try_from(path.turn(1, u64::from(digit - 1), 15)).unwrap_or(0)
        } else {
            u16::try_from(path.turn(0, u64::from(digit), 16)).unwrap_or(0)
        };
        new = new << 4 | turned;
        path.push(u8::try_from(digit).unwrap_or(0));
    }
    new
}

/// Writes a new IPv6 address the way the old one was written, as far as its spelling is one of the usual ones.
fn respelt(text: &str, old: Ipv6Addr, new: Ipv6Addr) -> Vec<u8> {
    let usual = old.to_string();
    let written = if text == usual || text.eq_ignore_ascii_case(&usual) {
        new.to_string()
    } else {
        let groups = new.segments().map(|group| format!("{group:04x}"));
        let long = old.segments().map(|group| format!("{group:04x}")).join(":");
        if text.eq_ignore_ascii_case(&long) { groups.join(":") } else { new.to_string() }
    };
    let is_upper = text.bytes().any(|b| b.is_ascii_uppercase());
    (if is_upper { written.to_ascii_uppercase() } else { written }).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{redactor, redactors};
    use super::*;

    #[test]
    fn ranges_lengths_and_beginnings_stay() {
        for redactor in redactors() {
            let new = |text: &str| String::from_utf8(redactor.literal(text.as_bytes()).unwrap()).unwrap();
            for (text, kept) in [
                ("10.20.30.40", "10."),
                ("172.16.5.7", "172."),
                ("172.40.5.7", "172."),
                ("192.168.1.2", "192.168."),
                ("192.0.2.17", "192.0.2."),
                ("198.51.100.200", "198.51.100."),
                ("203.0.113.5", "203.0.113."),
                ("100.64.0.1", "100."),
                ("169.254.7.7", "169.254."),
                ("8.8.8.8", ""),
                ("216.58.1.2", ""),
                ("239.1.2.3", "2"),
                ("2001:db8::17", "2001:db8::"),
                ("2a00:1450:4001:81b::200e", "2"),
                ("fd12:3456::1", "fd"),
                ("fe80::1234", "fe80::"),
                ("::ffff:10.1.2.3", "::ffff:10."),
                ("64:ff9b::c633:6417", "64:ff9b::"),
                ("[2001:db8::1]", "[2001:db8::"),
                ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:0db8:0000:"),
                ("2001:DB8::AB", "2001:DB8::"),
            ] {
                let written = new(text);
                assert!(written.starts_with(kept) && written != text, "{text} {written}");
                assert_eq!(written.len(), text.len(), "{text} {written}");
            }
            for text in ["127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.1.75", "::1", "::", "ff02::1"] {
                assert_eq!(new(text), text);
            }
            let prefix = |text: &str, dots: usize| new(text).split('.').take(dots).collect::<Vec<_>>().join(".");
            assert_eq!(prefix("8.8.8.8", 3), prefix("8.8.8.9", 3));
            assert_eq!(prefix("8.8.8.8", 2), prefix("8.8.4.9", 2));
            assert_ne!(prefix("8.8.8.8", 1), prefix("9.8.8.8", 1));
        }
        assert_eq!(redactor().literal(b"pbx.example"), None);
    }

    #[test]
    fn scopes_stay_for_every_address() {
        let kind = |a: Ipv4Addr| {
            let [first, second, ..] = a.octets();
            let shared = first == 100 && (64..128).contains(&second);
            (
                a.is_private(),
                a.is_loopback(),
                a.is_multicast(),
                a.is_documentation(),
                a.is_link_local(),
                first >= 240,
                shared,
                first == 0,
            )
        };
        let redactor = redactor();
        let mut seen = std::collections::BTreeSet::new();
        for first in 0..=255_u8 {
            for second in (0..=255_u8).filter(|second| SPECIAL_FIRST.contains(&first) || second % 16 == 5) {
                for (third, fourth) in [(2, 9), (100, 40), (113, 254)] {
                    let old = Ipv4Addr::new(first, second, third, fourth);
                    let new = redactor.v4(old);
                    assert_eq!(kind(new), kind(old), "{old} {new}");
                    assert!(seen.insert(new), "{old} {new}");
                }
            }
        }
    }
}
