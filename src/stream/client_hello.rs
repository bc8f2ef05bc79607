//! What the first message of a TLS client says of what it wants (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1).

/// Whether a `ClientHello` asks for SIP: by application protocol (ALPN) or by a server name (SNI) that begins with `sip`.
/// `None` while it is not complete.
pub(super) fn asks_for_sip(record: &[u8]) -> Option<bool> {
    let [kind, _, _, high, low, rest @ ..] = record else { return None };
    if *kind != 0x16 {
        return Some(false);
    }
    // A hello that is spread over several records is not put together: what the first holds is enough as a rule.
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let handshake = rest.get(..length)?;
    Some(extensions(handshake).is_some_and(extensions_ask))
}

/// The extensions of a `ClientHello`, as far as they are there.
fn extensions(handshake: &[u8]) -> Option<&[u8]> {
    let hello = handshake.strip_prefix(&[1])?;
    // Length, version and random.
    let rest = hello.get(3 + 2 + 32..)?;
    let (_, rest) = vector8(rest)?;
    let (_, rest) = vector16(rest)?;
    let (_, rest) = vector8(rest)?;
    vector16(rest).map(|(extensions, _)| extensions).or_else(|| rest.get(2..))
}

fn extensions_ask(mut rest: &[u8]) -> bool {
    while let Some((kind, behind)) = rest.split_first_chunk::<2>() {
        let Some((body, behind)) = vector16(behind) else { return false };
        let asks = match u16::from_be_bytes(*kind) {
            0 => server_name(body).is_some_and(is_sip_host),
            16 => vector16(body).is_some_and(|(names, _)| names_sip(names)),
            _ => false,
        };
        if asks {
            return true;
        }
        rest = behind;
    }
    false
}

/// The host name of an SNI extension.
fn server_name(body: &[u8]) -> Option<&[u8]> {
    let (list, _) = vector16(body)?;
    let (name, _) = vector16(list.strip_prefix(&[0])?)?;
    Some(name)
}

/// Whether the first label of a host name says `sip`: `sip.example.com`, `sips-1.example.com`, `sipproxy.example.com`.
fn is_sip_host(name: &[u8]) -> bool {
    name.get(..3).is_some_and(|label| label.eq_ignore_ascii_case(b"sip"))
}

/// Whether one of the application protocols is SIP, such as `sip/2`.
fn names_sip(mut names: &[u8]) -> bool {
    while let Some((name, behind)) = vector8(names) {
        if name.eq_ignore_ascii_case(b"sip") || name.get(..4).is_some_and(|n| n.eq_ignore_ascii_case(b"sip/")) {
            return true;
        }
        names = behind;
    }
    false
}

/// A run of octets with its length in front, in one octet.
fn vector8(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// The same with a length of two octets.
fn vector16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let length = u8::try_from(extensions.len()).unwrap();
        let fixed = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 0x01, 1, 0, 0, length], extensions].concat();
        let body = u8::try_from(fixed.len()).unwrap();
        [&[0x16, 3, 1, 0, body + 4, 1, 0, 0, body][..], &fixed].concat()
    }

    fn sni(name: &str) -> Vec<u8> {
        let n = u8::try_from(name.len()).unwrap();
        [&[0, 0, 0, n + 5, 0, n + 3, 0, 0, n][..], name.as_bytes()].concat()
    }

    #[test]
    fn names_and_protocols_tell() {
        let alpn = |name: &str| {
            let n = u8::try_from(name.len()).unwrap();
            [&[0, 16, 0, n + 3, 0, n + 1, n][..], name.as_bytes()].concat()
        };
        for (extensions, expected) in [
            (sni("sip.example.com"), true),
            (sni("SIPS1.example.com"), true),
            (sni("www.example.com"), false),
            (alpn("sip/2"), true),
            (alpn("h2"), false),
            ([sni("www.example.com"), alpn("sip")].concat(), true),
            (vec![], false),
        ] {
            let hello = hello(&extensions);
            assert_eq!(asks_for_sip(&hello), Some(expected), "{extensions:?}");
            assert_eq!(asks_for_sip(&hello[..hello.len() - 1]), None);
        }
        assert_eq!(asks_for_sip(&[0x17, 3, 3, 0, 1, 0]), Some(false));
    }
}
