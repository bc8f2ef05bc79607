//! Telephone numbers: as long as before, of the same country and the same kind; numbers that begin alike do so afterwards, and
//! numbers in a row stay in a row.
//!
//! A replacement depends on the canonical digits alone, so that `+12125550101`, `2125550101` and a `tn` claim stay the same number.

use std::mem::Discriminant;

use super::Redactor;
use super::key::Kind;
use crate::stir::{Impossible, TelephoneNumber};

/// Numbers of so many digits are services (911, 112, 411), no people.
const SERVICE: usize = 3;
/// The last digits, which are shifted together: who dials numbers in a row still does.
const ROW: usize = 2;
/// Shorter numbers are extensions.
const EXTENSION: usize = 6;
/// Digits of numbers of seven to nine digits that may be a country code.
const SHORT_HEAD: usize = 3;
/// A North American number with its country code.
const NANP: usize = 11;
/// Area codes that are no areas: called parties pay, or callers pay more.
const SERVICE_AREAS: &[&str] = &["800", "833", "844", "855", "866", "877", "888", "900"];
/// Digits of a number abroad behind others, at least and at most, and of what may stand in front of it.
const ABROAD: usize = 10;
const LONGEST: usize = 15;
const WAY_OUT: usize = 8;
/// Country codes of two digits; 1 and 7 have one, all others three.
const TWO_DIGITS: &[u8] = &[
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62,
    63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];
/// How often a replacement that is of another kind is replaced again.
const WALKS: usize = 64;

impl Redactor {
    /// Replaces a number as it is written, with its separators, prefixes and `+`; `None` where the text is no number.
    pub(super) fn number(&self, text: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(text).ok()?;
        if text.contains(';') {
            return None;
        }
        let number = TelephoneNumber::read(text, &self.country)?;
        let canonical = number.digits().as_bytes();
        let new = self.digits(canonical);
        // Behind trunk prefix or prefix of calls abroad, both end alike.
        let written: Vec<u8> = text.bytes().filter(|byte| is_significant(*byte)).collect();
        let common = written.iter().rev().zip(canonical.iter().rev()).take_while(|(a, b)| a == b).count();
        let head = written.get(..written.len() - common)?;
        let tail = new.get(new.len() - common..)?;
        let mut digits = head.iter().chain(tail);
        Some(text.bytes().map(|b| if is_significant(b) { digits.next().copied().unwrap_or(b) } else { b }).collect())
    }

    /// Replaces digits without anything between them, whatever they count.
    pub(super) fn digits(&self, digits: &[u8]) -> Vec<u8> {
        // A prefix of a carrier or an exchange in front of a whole number: the number itself is replaced as it is everywhere.
        if digits.len() > NANP
            && let Some((head, tail)) = digits.split_at_checked(digits.len() - NANP)
            && tail.first() == Some(&b'1')
            && Trait::of(tail).impossible.is_none()
        {
            return [head, &self.digits(tail)].concat();
        }
        // So is one behind what takes an outside line and calls abroad.
        if let Some((head, tail)) = behind_ways_abroad(digits) {
            return [head, &self.digits(tail)].concat();
        }
        let kind = Trait::of(digits);
        if digits.len() <= SERVICE || kind.is_service || is_repeated(digits) {
            return digits.to_vec();
        }
        let mut new = self.turned(digits);
        for _ in 0..WALKS {
            if Trait::of(&new) == kind && !is_repeated(&new) {
                return new;
            }
            new = self.turned(&new);
        }
        // Of a kind so rare that it tells nothing of anybody.
        digits.to_vec()
    }

    fn turned(&self, digits: &[u8]) -> Vec<u8> {
        let is_nanp = digits.len() == NANP && digits.starts_with(b"1");
        let head = if is_nanp { 1 } else { head(digits) };
        let row = digits.len() - ROW.min(digits.len());
        let mut path = self.key.start(Kind::Number);
        // The same digits as an extension and as the beginning of a number have nothing in common.
        path.push(u8::try_from(digits.len()).unwrap_or(u8::MAX));
        let mut out = Vec::with_capacity(digits.len());
        for (at, digit) in digits.iter().enumerate().take(row) {
            let class: &[u8] = match (at < head, is_nanp) {
                (true, _) => &[],
                (false, true) => nanp_class(digits, at),
                (false, false) => b"0123456789",
            };
            let index = class.iter().position(|member| member == digit);
            let turned = index.map(|index| path.turn(0, index as u64, class.len() as u64));
            let new = turned.and_then(|turned| class.get(usize::try_from(turned).ok()?)).unwrap_or(digit);
            out.push(*new);
            path.push(*digit);
        }
        out.extend(row_shifted(digits.get(row..).unwrap_or_default(), path.value(1)));
        out
    }
}

/// Splits digits behind `00` or `011` that do not begin them, where a number with country code follows. Nobody's own number has so many digits
/// behind these.
fn behind_ways_abroad(digits: &[u8]) -> Option<(&[u8], &[u8])> {
    let longest = digits.len().checked_sub(ABROAD)?.min(WAY_OUT);
    let splits = (2..=longest).filter_map(|at| digits.split_at_checked(at));
    splits.into_iter().find(|(head, tail)| {
        let is_abroad = head.ends_with(b"00") || head.ends_with(b"011");
        is_abroad && tail.first() != Some(&b'0') && tail.len() <= LONGEST
    })
}

/// The last digits as one number, shifted.
fn row_shifted(row: &[u8], by: u64) -> Vec<u8> {
    let value = row.iter().try_fold(0_u64, |value, b| b.is_ascii_digit().then(|| value * 10 + u64::from(b - b'0')));
    let Some(value) = value else { return row.to_vec() };
    let size = 10_u64.pow(u32::try_from(row.len()).unwrap_or(0));
    let new = (value + 1 + by % (size - 1).max(1)) % size;
    format!("{new:0width$}", width = row.len()).into_bytes()
}

/// How many digits in front stay: the country code and the digit behind it, which tells mobile, premium and other numbers apart.
fn head(digits: &[u8]) -> usize {
    match digits {
        _ if digits.len() <= EXTENSION => 1,
        _ if digits.len() < 10 => SHORT_HEAD,
        // No country code: prefixes of calls at home or abroad.
        [b'0', b'0', ..] => 4,
        [b'0', b'1', b'1', ..] => 5,
        [b'0', ..] => 3,
        [b'1' | b'7', ..] => 2,
        [a, b, ..]
            if a.is_ascii_digit() && b.is_ascii_digit() && TWO_DIGITS.contains(&((a - b'0') * 10 + b - b'0')) =>
        {
            3
        }
        _ => 4,
    }
}

/// The digits that may stand for the one at a place of a North American number: those that leave it as possible, or as impossible,
/// as it was. None where it stays.
fn nanp_class(digits: &[u8], at: usize) -> &'static [u8] {
    let digit = digits.get(at).copied().unwrap_or_default();
    let area = digits.get(1..4).unwrap_or_default();
    if at < 4 && SERVICE_AREAS.iter().any(|service| service.as_bytes() == area) {
        return &[];
    }
    let in_row = |to: usize| digits.get(4..to).is_some_and(|behind| b"55501".starts_with(behind));
    match at {
        // Exchanges may not begin so either. 555-01 is for films and documents.
        4 if digit == b'5' => &[],
        1 | 4 => match digit {
            b'0' => b"0",
            b'1' => b"1",
            _ if at == 4 => b"2346789",
            _ => b"23456789",
        },
        2 if matches!(digit, b'9' | b'1') => &[],
        2 => b"02345678",
        // 211 … 911 are services.
        3 if digits.get(2) == Some(&b'1') && digit == b'1' => &[],
        3 if digits.get(2) == Some(&b'1') => b"023456789",
        5..=8 if in_row(at) => match (b"55501".get(at - 4), digit) {
            (Some(wanted), digit) if *wanted == digit => &[],
            (Some(b'5'), _) => b"012346789",
            (Some(b'0'), _) => b"123456789",
            _ => b"023456789",
        },
        _ => b"0123456789",
    }
}

/// What diagnosis sees in a number beside its identity.
#[derive(Debug, PartialEq, Eq)]
struct Trait {
    /// Nobody can have it, and why.
    impossible: Option<Discriminant<Impossible>>,
    /// The same with a 1 in front, which ten digits get in North America.
    impossible_with_one: Option<Discriminant<Impossible>>,
    is_fictional: bool,
    is_nanp: bool,
    /// 116000 to 116999, services of Europe.
    is_service: bool,
}

impl Trait {
    fn of(digits: &[u8]) -> Self {
        let text = String::from_utf8_lossy(digits);
        let read = |text: &str| TelephoneNumber::of_claim(text);
        let fault = |n: &TelephoneNumber| n.impossible().as_ref().map(std::mem::discriminant);
        let number = read(&text);
        let with_one = (digits.len() == NANP - 1).then(|| read(&format!("1{text}"))).flatten();
        Self {
            impossible: number.as_ref().and_then(fault),
            impossible_with_one: with_one.as_ref().and_then(fault),
            is_fictional: number.as_ref().is_some_and(TelephoneNumber::is_fictional),
            is_nanp: number.as_ref().is_some_and(TelephoneNumber::is_nanp),
            is_service: digits.starts_with(b"116") && digits.len() == EXTENSION,
        }
    }
}

fn is_repeated(digits: &[u8]) -> bool {
    let national = if digits.len() == NANP { digits.strip_prefix(b"1").unwrap_or(digits) } else { digits };
    national.windows(2).all(|pair| pair.first() == pair.last())
}

fn is_significant(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'#' | b'*')
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "texts of tests are ASCII")]
mod tests {
    use super::super::testing::{redactor, redactors};
    use super::*;

    fn new(text: &str) -> String {
        String::from_utf8(redactor().number(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn all_spellings_of_a_number_stay_one_number() {
        let whole = new("+12125550101");
        let national = whole.strip_prefix("+1").unwrap();
        for (text, expected) in [
            ("12125550101", format!("1{national}")),
            ("2125550101", national.to_owned()),
            ("01112125550101", format!("0111{national}")),
            ("+1-212-555-0101", format!("+1-{}-{}-{}", &national[..3], &national[3..6], &national[6..])),
            ("(212) 555.0101", format!("({}) {}.{}", &national[..3], &national[3..6], &national[6..])),
        ] {
            assert_eq!(new(text), expected, "{text}");
        }
        let british = new("+442079460958");
        // As whoever guesses how an exchange dials abroad writes it.
        for way in ["00", "011", "900", "9011", "12300"] {
            assert_eq!(new(&format!("{way}442079460958")), format!("{way}{}", &british[1..]));
        }
        assert_eq!(new("442079460958"), british[1..]);
        assert!(british.starts_with("+442") && british != "+442079460958");
        let french = Redactor::new(super::super::Key::of(b"x"), "33");
        let whole = french.number(b"+33199005501").unwrap();
        assert_eq!(french.number(b"0199005501").unwrap(), [b"0", &whole[3..]].concat());
    }

    #[test]
    fn services_and_impossible_numbers_stay_what_they_are() {
        for text in ["911", "112", "*67", "+10000000000", "7777777777", "116117", "000"] {
            assert_eq!(new(text), text);
        }
        for text in ["+19005550199", "+18005550123", "+18885551234"] {
            assert_eq!(new(text)[..5], text[..5]);
        }
        for text in [
            "+10125550101",
            "+12925550101",
            "+19115550101",
            "+12121550101",
            "+1212555010",
            "+12345",
            "+1234567890123456",
            "+01234567",
            "1001",
            "5551234",
            "0123456789",
            "+12125550100",
            "+12125551234",
            "+4930123456",
            "+8613822345678",
            "2125550142",
            "9112125550101",
        ] {
            for redactor in redactors() {
                let new = String::from_utf8(redactor.number(text.as_bytes()).unwrap()).unwrap();
                let (old, read) =
                    (TelephoneNumber::read(text, "1").unwrap(), TelephoneNumber::read(&new, "1").unwrap());
                assert_ne!(new, text);
                assert_eq!(new.len(), text.len());
                let facts = |n: &TelephoneNumber| {
                    (n.impossible(), n.is_fictional(), n.is_nanp(), n.is_international(), n.has_assumed_country())
                };
                assert_eq!(facts(&read), facts(&old), "{text} {new}");
            }
        }
    }

    #[test]
    fn numbers_that_begin_alike_or_follow_each_other_still_do() {
        for redactor in redactors() {
            let new = |text: &str| String::from_utf8(redactor.number(text.as_bytes()).unwrap()).unwrap();
            let (a, b, c) = (new("+12125550101"), new("+12125550177"), new("+12126550101"));
            assert_eq!((&a[..10], &a[..5]), (&b[..10], &c[..5]));
            assert_ne!(a[..8], c[..8]);
            let row: Vec<u64> = (0..100).map(|n| new(&format!("+121255512{n:02}"))[1..].parse().unwrap()).collect();
            assert_eq!(row.windows(2).filter(|pair| pair[1] == pair[0] + 1).count(), 98);
        }
    }

    #[test]
    fn a_prefix_in_front_of_a_number_leaves_it_the_same() {
        assert!(new("99912125550101").ends_with(new("12125550101").as_str()));
    }

    #[test]
    fn names_are_no_numbers() {
        assert_eq!(redactor().number(b"alice"), None);
        assert_eq!(redactor().number(b"\xff12"), None);
        assert_eq!(redactor().number(b""), None);
    }

    #[test]
    fn different_numbers_stay_different() {
        for (first, count) in [(1000_u64, 2000), (12_125_550_000, 3000), (442_079_460_000, 2000)] {
            let all: std::collections::BTreeSet<Vec<u8>> =
                (first..first + count).map(|n| redactor().digits(n.to_string().as_bytes())).collect();
            assert_eq!(all.len() as u64, count);
        }
    }
}
