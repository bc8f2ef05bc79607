//! Names and identifiers: letters to letters, digits to digits, of the same case and in the same place; whatever else stands
//! between them stays. What begins alike begins alike afterwards, and different texts stay different.

use super::Redactor;
use super::key::{Kind, Path};

/// Names that say nothing of anybody, and by which sipscan, or its reader, tells something.
const KEPT: &[&str] = &[
    "anonymous",
    "unavailable",
    "unknown",
    "restricted",
    "private",
    "withheld",
    "localhost",
    "sos",
    "asserted",
    "sipvicious",
    "nm",
];

/// Characters of one script, which replace each other: the first, how many, and all of the same length in UTF-8.
const SCRIPTS: &[(u32, u32)] = &[
    (0x00c0, 0x0190), // Latin
    (0x0391, 0x0039), // Greek
    (0x0410, 0x0040), // Cyrillic
    (0x05d0, 0x001b), // Hebrew
    (0x0621, 0x001a), // Arabic
    (0x0905, 0x0035), // Devanagari
    (0x0e01, 0x002e), // Thai
    (0x3041, 0x0056), // Hiragana
    (0x30a1, 0x005a), // Katakana
    (0x4e00, 0x5200), // Chinese characters
    (0xac00, 0x2ba4), // Hangul
];

impl Redactor {
    /// Replaces an identifier: a tag, a branch, a Call-ID without its host. Hexadecimal digits stay hexadecimal.
    pub(super) fn identifier(&self, text: &[u8]) -> Vec<u8> {
        self.words(Kind::Identifier, text)
    }

    /// Replaces a name: of a user, of a person, of a host below its domain.
    pub(super) fn name(&self, text: &[u8]) -> Vec<u8> {
        self.words(Kind::Name, text)
    }

    /// Replaces what must not be guessed even by somebody who knows the key: a password, a key, a fingerprint.
    pub(super) fn secret(&self, text: &[u8]) -> Vec<u8> {
        let mut path = self.key.start(Kind::Secret);
        for byte in text {
            path.push(*byte);
        }
        let draw = |(byte, place): (&u8, u64)| {
            let mut path = path.clone();
            place.to_le_bytes().iter().for_each(|octet| path.push(*octet));
            class(Kind::Identifier, byte.to_ascii_lowercase()).map_or(*byte, |(class, low, size)| {
                let index = path.value(class) % size;
                cased(*byte, low + u8::try_from(index).unwrap_or(0))
            })
        };
        text.iter().zip(0..).map(draw).collect()
    }

    /// Runs of letters and digits, one after the other.
    fn words(&self, kind: Kind, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let between = rest.iter().position(|b| is_of_word(*b)).unwrap_or(rest.len());
            let (separator, behind) = rest.split_at_checked(between).unwrap_or((rest, &[]));
            out.extend(separator);
            let length = behind.iter().position(|b| !is_of_word(*b)).unwrap_or(behind.len());
            let (word, behind) = behind.split_at_checked(length).unwrap_or((behind, &[]));
            self.word(kind, word, &mut out);
            rest = behind;
        }
        out
    }

    fn word(&self, kind: Kind, word: &[u8], out: &mut Vec<u8>) {
        let is_kept = kind == Kind::Name && KEPT.iter().any(|kept| word.eq_ignore_ascii_case(kept.as_bytes()));
        // The null UUID, and other values that say that there is none.
        let is_zero = word.len() >= 8 && word.iter().all(|b| *b == b'0');
        if is_kept || is_zero {
            out.extend(word);
            return;
        }
        let mut path = self.key.start(kind);
        for chunk in word.utf8_chunks() {
            for c in chunk.valid().chars() {
                replace(kind, &mut path, c, out);
            }
            for byte in chunk.invalid() {
                // Octets that are no characters stay none: leading ones leading, others others.
                let low = if *byte < 0xc0 { 0x80 } else { 0xc0 };
                let turned = path.turn(3, u64::from(byte - low), 0x40);
                out.push(low + u8::try_from(turned).unwrap_or(0));
                path.push(*byte);
            }
        }
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// The class of a character in small letters: its name, its first character, and how many there are.
fn class(kind: Kind, byte: u8) -> Option<(u8, u8, u64)> {
    match (kind, byte) {
        (_, b'0'..=b'9') => Some((0, b'0', 10)),
        (Kind::Identifier, b'a'..=b'f') => Some((1, b'a', 6)),
        (Kind::Identifier, b'g'..=b'z') => Some((2, b'g', 20)),
        (_, b'a'..=b'z') => Some((1, b'a', 26)),
        _ => None,
    }
}

fn cased(like: u8, byte: u8) -> u8 {
    if like.is_ascii_uppercase() { byte.to_ascii_uppercase() } else { byte }
}

fn replace(kind: Kind, path: &mut Path, c: char, out: &mut Vec<u8>) {
    let Some(byte) = u8::try_from(c).ok().filter(u8::is_ascii).map(|byte| byte.to_ascii_lowercase()) else {
        return replace_foreign(path, c, out);
    };
    if let Some((class, low, size)) = class(kind, byte) {
        let turned = path.turn(class, u64::from(byte - low), size);
        let plain = low + u8::try_from(turned).unwrap_or(0);
        out.push(if c.is_ascii_uppercase() { plain.to_ascii_uppercase() } else { plain });
    } else {
        out.push(byte);
    }
    // Case does not matter in most of what SIP compares.
    path.push(byte);
}

/// A character beyond ASCII by one of the same script and the same length; what has no script stays (punctuation, signs, controls).
fn replace_foreign(path: &mut Path, c: char, out: &mut Vec<u8>) {
    let code = u32::from(c);
    let script = SCRIPTS.iter().zip(16..).find(|((first, size), _)| (*first..first + size).contains(&code));
    let replaced = match script {
        Some(((first, size), class)) => {
            let turned = path.turn(class, u64::from(code - first), u64::from(*size));
            u32::try_from(turned).ok().and_then(|turned| char::from_u32(first + turned)).unwrap_or('·')
        }
        None if c.is_alphanumeric() => '·',
        None => c,
    };
    out.extend(replaced.encode_utf8(&mut [0; 4]).as_bytes());
    code.to_le_bytes().iter().for_each(|octet| path.push(*octet));
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn shape_and_beginnings_stay_and_nothing_else() {
        let r = redactor();
        let id = |value: &str| text(r.identifier(value.as_bytes()));
        let one = id("3848a276-29ef-88AB");
        assert_eq!(one.len(), 18);
        for (a, b) in one.bytes().zip("3848a276-29ef-88AB".bytes()) {
            assert_eq!((a.is_ascii_digit(), a.is_ascii_hexdigit()), (b.is_ascii_digit(), b.is_ascii_hexdigit()));
            assert_eq!((a.is_ascii_uppercase(), a == b), (b.is_ascii_uppercase(), b == b'-'));
        }
        let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
        assert_eq!(common(&id("abcdefgh12345"), &id("abcdefgh99999")), 8);
        assert_eq!(id("ABC").to_ascii_lowercase(), id("abc"));
        assert_eq!(id("00000000000000000000000000000000"), "00000000000000000000000000000000");
    }

    #[test]
    fn names_of_any_script_are_replaced_in_place() {
        let r = redactor();
        let name = |value: &str| text(r.name(value.as_bytes()));
        for value in ["Alice", "王小明", "Jürgen Müller", "Иван", "김철수", "O'Neil"] {
            let new = name(value);
            assert_eq!((new.len(), new.chars().count()), (value.len(), value.chars().count()), "{value}");
            assert!(new.chars().zip(value.chars()).all(|(a, b)| a != b || !b.is_alphanumeric()), "{value} {new}");
        }
        assert_eq!(name("Anonymous"), "Anonymous");
        assert_eq!(r.name(b"M\xfcller").len(), 6);
    }

    #[test]
    fn different_names_stay_different() {
        let r = redactor();
        let all: std::collections::BTreeSet<Vec<u8>> = (0..2000).map(|n| r.name(format!("u{n}").as_bytes())).collect();
        assert_eq!(all.len(), 2000);
    }

    #[test]
    fn secrets_keep_their_alphabet_alone() {
        let r = redactor();
        let secret = text(r.secret(b"9f86D081=="));
        assert!(secret.ends_with("==") && secret != "9f86D081==");
        assert!(secret.trim_end_matches('=').bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
