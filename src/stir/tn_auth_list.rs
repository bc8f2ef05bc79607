//! The `TNAuthList` of STI certificates (RFC 8226 §9): for which telephone numbers, or for which provider, the holder may sign.

/// Its object identifier, 1.3.6.1.5.5.7.1.26.
pub const OID: &str = "1.3.6.1.5.5.7.1.26";

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TnEntry {
    /// A provider by its code: all numbers that the provider has a right to.
    Provider(String),
    /// So many numbers from this one on.
    Range {
        /// The first number.
        start: String,
        /// How many.
        count: u64,
    },
    /// One number.
    Number(String),
}

/// Whether a certificate may speak for a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// An entry holds the number.
    Number,
    /// It names a provider; which numbers that one has is not in the certificate.
    Provider(String),
    /// No entry holds the number.
    NotCovered,
}

/// Reads the extension's value; `None` where it is malformed.
pub fn read(der: &[u8]) -> Option<Vec<TnEntry>> {
    let (SEQUENCE, mut rest, []) = value(der)? else { return None };
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (tag, content, after) = value(rest)?;
        entries.push(entry(tag, content)?);
        rest = after;
    }
    Some(entries)
}

/// Looks a number up, digits alone, country code included.
pub fn coverage(entries: &[TnEntry], number: &str) -> Coverage {
    let holds = |entry: &TnEntry| match entry {
        TnEntry::Provider(_) => false,
        TnEntry::Number(one) => one == number,
        TnEntry::Range { start, count } => in_range(start, *count, number),
    };
    if entries.iter().any(holds) {
        return Coverage::Number;
    }
    let provider = entries.iter().find_map(|entry| match entry {
        TnEntry::Provider(code) => Some(code.clone()),
        _ => None,
    });
    provider.map_or(Coverage::NotCovered, Coverage::Provider)
}

fn in_range(start: &str, count: u64, number: &str) -> bool {
    let (Ok(first), Ok(wanted)) = (start.parse::<u64>(), number.parse::<u64>()) else { return start == number };
    start.len() == number.len() && wanted >= first && wanted - first < count
}

const SEQUENCE: u8 = 0x30;
const IA5_STRING: u8 = 0x16;
const INTEGER: u8 = 0x02;

/// Entries are tagged explicitly (RFC 8226 appendix A).
fn entry(tag: u8, content: &[u8]) -> Option<TnEntry> {
    match tag {
        0xa0 => Some(TnEntry::Provider(whole_text(content)?)),
        0xa1 => {
            let (SEQUENCE, fields, []) = value(content)? else { return None };
            let (IA5_STRING, start, rest) = value(fields)? else { return None };
            let (INTEGER, count, _) = value(rest)? else { return None };
            Some(TnEntry::Range { start: text(start)?, count: unsigned(count)? })
        }
        0xa2 => Some(TnEntry::Number(whole_text(content)?)),
        _ => None,
    }
}

fn whole_text(content: &[u8]) -> Option<String> {
    let (IA5_STRING, content, []) = value(content)? else { return None };
    text(content)
}

fn text(content: &[u8]) -> Option<String> {
    let printable = !content.is_empty() && content.iter().all(u8::is_ascii_graphic);
    printable.then(|| String::from_utf8_lossy(content).into_owned())
}

fn unsigned(content: &[u8]) -> Option<u64> {
    let negative = content.first()? & 0x80 != 0;
    let digits = content.iter().position(|b| *b != 0).and_then(|at| content.get(at..)).unwrap_or_default();
    let fits = !negative && digits.len() <= 8;
    fits.then(|| digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The first value of some DER with single-octet tag: tag, content, and what follows. Lengths up to four octets.
pub(super) fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_all_kinds_are_read() {
        let provider = b"\x30\x08\xa0\x06\x16\x04709J";
        assert_eq!(read(provider).unwrap(), [TnEntry::Provider("709J".to_owned())]);
        let numbers = b"\x30\x24\xa1\x13\x30\x11\x16\x0b12125550100\x02\x02\x00\xc8\xa2\x0d\x16\x0b12155550113";
        assert_eq!(
            read(numbers).unwrap(),
            [TnEntry::Range { start: "12125550100".to_owned(), count: 200 }, TnEntry::Number("12155550113".to_owned())]
        );
    }

    #[test]
    fn broken_lists_are_none() {
        for der in [
            &b""[..],
            b"\x30",
            b"\x31\x00",
            b"\x30\x08\xa0\x06\x16\x04709",
            b"\x30\x09\xa0\x06\x16\x04709J\x00",
            b"\x30\x03\xa3\x01\x00",
            b"\x30\x04\xa0\x02\x16\x00",
            b"\x30\x84\xff\xff\xff\xff\x00",
            b"\x30\x0a\xa1\x08\x30\x06\x16\x011\x02\x01\xff",
        ] {
            assert_eq!(read(der), None, "{der:02x?}");
        }
    }

    #[test]
    fn numbers_are_looked_up() {
        let range = TnEntry::Range { start: "12125550100".to_owned(), count: 3 };
        let provider = TnEntry::Provider("709J".to_owned());
        for (entries, number, expected) in [
            (vec![range.clone()], "12125550099", Coverage::NotCovered),
            (vec![range.clone()], "12125550100", Coverage::Number),
            (vec![range.clone()], "12125550102", Coverage::Number),
            (vec![range.clone()], "12125550103", Coverage::NotCovered),
            (vec![range.clone()], "012125550101", Coverage::NotCovered),
            (vec![provider.clone()], "12125550100", Coverage::Provider("709J".to_owned())),
            (vec![provider, range], "12125550100", Coverage::Number),
            (vec![TnEntry::Number("*67".to_owned())], "*67", Coverage::Number),
            (vec![], "12125550100", Coverage::NotCovered),
        ] {
            assert_eq!(coverage(&entries, number), expected, "{number} in {entries:?}");
        }
    }
}
