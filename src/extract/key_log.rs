//! Lines of the key log that belong to what is cut out, so that others can decrypt that, and no more than that.

use std::collections::HashMap;

use crate::tls::octets;

/// What pcapng calls a key log of TLS among decryption secrets: `TLSK`.
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Type of a record of a handshake.
const HANDSHAKE: u8 = 22;

/// Lines that were not written as yet.
#[derive(Debug, Default)]
pub(super) struct KeyLog<'t> {
    /// By the random value of the `ClientHello`.
    by_random: HashMap<[u8; 32], Vec<&'t [u8]>>,
    /// Those of RSA key exchange, by the first octets of what the client sends encrypted.
    by_premaster: HashMap<[u8; 8], Vec<&'t [u8]>>,
}

impl<'t> KeyLog<'t> {
    /// Reads the text of key logs; what names no connection is passed over.
    pub(super) fn new(text: &'t [u8]) -> Self {
        let mut log = Self::default();
        for line in text.split(|octet| matches!(octet, b'\n' | b'\r')) {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let (Some(label), Some(of), Some(_)) = (words.next(), words.next().and_then(octets), words.next()) else {
                continue;
            };
            if let (b"RSA", Some(premaster)) = (label, of.first_chunk()) {
                log.by_premaster.entry(*premaster).or_default().push(line);
            } else if let Ok(random) = of.try_into() {
                log.by_random.entry(random).or_default().push(line);
            }
        }
        log
    }

    /// The lines for a handshake of which this is a part, each once.
    pub(super) fn take(&mut self, payload: &[u8]) -> Vec<u8> {
        // The hello may stand anywhere in it, behind the last words of another.
        if payload.first() != Some(&HANDSHAKE) || self.by_random.is_empty() && self.by_premaster.is_empty() {
            return Vec::new();
        }
        let mut lines: Vec<&[u8]> = Vec::new();
        for at in 0..payload.len() {
            let rest = payload.get(at..).unwrap_or_default();
            let of_random = rest.first_chunk().and_then(|random| self.by_random.remove(random));
            let of_premaster = rest.first_chunk().and_then(|sent| self.by_premaster.remove(sent));
            lines.extend(of_random.into_iter().chain(of_premaster).flatten());
        }
        lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_given_once_and_those_of_others_never() {
        let (one, two, rsa) = ("11".repeat(32), "22".repeat(32), "33".repeat(8));
        let text = format!(
            "# made by hand\nCLIENT_RANDOM {one} 0a\r\nSERVER_TRAFFIC_SECRET_0 {one} 0b\nCLIENT_RANDOM {two} 0c\n\
             RSA {rsa} 0d\nnot a line\nCLIENT_RANDOM zz 0e\n"
        );
        let mut log = KeyLog::new(text.as_bytes());
        let hello = |fill: u8| [&[22, 3, 1, 0, 38, 1, 0, 0, 34, 3, 3][..], &[fill; 32]].concat();
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        assert_eq!(log.take(&hello(9)), b"");
        let no_handshake = [&[23][..], &hello(0x11)].concat();
        assert_eq!(log.take(&no_handshake), b"");
        let expected = format!("CLIENT_RANDOM {one} 0a\nSERVER_TRAFFIC_SECRET_0 {one} 0b\n");
        assert_eq!(text(log.take(&hello(0x11))), expected);
        assert_eq!(log.take(&hello(0x11)), b"");
        let exchange = [&[22, 3, 3, 0, 12, 16, 0, 0, 8][..], &[0x33; 8]].concat();
        assert_eq!(text(log.take(&exchange)), format!("RSA {rsa} 0d\n"));
    }
}
