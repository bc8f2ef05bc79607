//! IPv4 addresses and ports as text. What the standard library makes of them is the same; reports and tables are full of them, and
//! this takes a fraction of the time.

use std::net::Ipv4Addr;

/// Octets of the longest address with a port, and those that may be written behind it.
const ROOM: usize = 24;

/// A short text in place.
#[derive(Debug, Default)]
pub(crate) struct AddressText {
    octets: [u8; ROOM],
    length: usize,
}

impl AddressText {
    /// An address: `192.0.2.1`.
    pub(crate) fn of(address: Ipv4Addr) -> Self {
        let mut text = Self::default();
        for octet in address.octets() {
            text.number(octet);
        }
        // Without the point behind it.
        text.length -= 1;
        text
    }

    /// An address with a port: `192.0.2.1:5060`.
    pub(crate) fn with_port(address: Ipv4Addr, port: u16) -> Self {
        let mut text = Self::of(address);
        text.push(b':');
        for divisor in [10_000, 1000, 100, 10] {
            if port >= divisor {
                text.digit(port / divisor % 10);
            }
        }
        text.digit(port % 10);
        text
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Its octets.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// A number of an address, and a point.
    fn number(&mut self, number: u8) {
        let [digits @ .., length] = NUMBERS.get(usize::from(number)).copied().unwrap_or_default();
        if let Some(place) = self.octets.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *place = digits;
            self.length += usize::from(length);
        }
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

/// All numbers of addresses with a point, and how many octets these are.
static NUMBERS: [[u8; 5]; 256] = numbers();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a constant: an index out of bounds does not compile"
)]
const fn numbers() -> [[u8; 5]; 256] {
    let mut table = [[b'.'; 5]; 256];
    let mut at = 0;
    while at < table.len() {
        let (mut rest, mut digits) = (
            at,
            if at >= 100 {
                3
            } else if at >= 10 {
                2
            } else {
                1
            },
        );
        table[at][4] = digits as u8 + 1;
        while digits > 0 {
            digits -= 1;
            table[at][digits] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_standard_library() {
        let all = (0..=255).map(|octet| [octet, 255 - octet, octet, octet]);
        for octets in
            all.chain([[0, 0, 0, 0], [1, 22, 133, 255], [192, 0, 2, 100], [255, 255, 255, 255], [10, 9, 99, 109]])
        {
            let address = Ipv4Addr::from(octets);
            assert_eq!(AddressText::of(address).as_str(), address.to_string());
            for port in [0, 9, 10, 101, 5060, 10_000, 65_535] {
                assert_eq!(AddressText::with_port(address, port).as_str(), format!("{address}:{port}"));
            }
        }
    }
}
