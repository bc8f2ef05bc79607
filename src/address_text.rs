//! IPv4 addresses and ports as text. What the standard library makes of them is the same; reports and tables are full of them, and
//! this takes a fraction of the time.

use std::net::Ipv4Addr;

/// Octets of the longest address with a port.
const LONGEST: usize = 21;

/// A short text in place.
#[derive(Debug, Default)]
pub(crate) struct AddressText {
    octets: [u8; LONGEST],
    length: usize,
}

impl AddressText {
    /// An address: `192.0.2.1`.
    pub(crate) fn of(address: Ipv4Addr) -> Self {
        let mut text = Self::default();
        let [a, b, c, d] = address.octets();
        text.decimal(a.into());
        for octet in [b, c, d] {
            text.push(b'.');
            text.decimal(octet.into());
        }
        text
    }

    /// An address with a port: `192.0.2.1:5060`.
    pub(crate) fn with_port(address: Ipv4Addr, port: u16) -> Self {
        let mut text = Self::of(address);
        text.push(b':');
        text.decimal(port);
        text
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        self.octets.get(..self.length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }

    fn decimal(&mut self, number: u16) {
        for divisor in [10_000, 1000, 100, 10] {
            if number >= divisor {
                self.digit(number / divisor % 10);
            }
        }
        self.digit(number % 10);
    }

    fn digit(&mut self, digit: u16) {
        self.push(b'0' + u8::try_from(digit).unwrap_or_default());
    }

    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
            self.length += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_standard_library() {
        for octets in [[0, 0, 0, 0], [1, 22, 133, 255], [192, 0, 2, 100], [255, 255, 255, 255], [10, 9, 99, 109]] {
            let address = Ipv4Addr::from(octets);
            assert_eq!(AddressText::of(address).as_str(), address.to_string());
            for port in [0, 9, 10, 101, 5060, 10_000, 65_535] {
                assert_eq!(AddressText::with_port(address, port).as_str(), format!("{address}:{port}"));
            }
        }
    }
}
