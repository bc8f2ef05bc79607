//! Free text: phrases, subjects, display names, values of header fields that nobody here knows. Numbers, addresses, hosts and URIs are
//! recognised and replaced as everywhere; of words those of the trade stay, all others are replaced as names.

use super::Redactor;
use super::scan::before;
use super::vocabulary::{LABELS, is_known};

/// Digits in a row that may be a number of somebody.
const DIGITS: usize = 4;
/// Digits of a telephone number with separators among them.
const NUMBER: usize = 7;

impl Redactor {
    /// Replaces what a text may tell of anybody.
    pub(super) fn free(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((number, behind)) = number_in_front(rest, out.last().copied())
                && let Some(new) = self.number(number)
            {
                out.extend(new);
                rest = behind;
                continue;
            }
            let (chunk, behind) = before(rest, is_separator);
            out.extend(self.chunk(chunk));
            out.extend(behind.first());
            rest = behind.get(1..).unwrap_or_default();
        }
        out
    }

    /// What stands between blanks.
    fn chunk(&self, chunk: &[u8]) -> Vec<u8> {
        let core = chunk.trim_ascii_end();
        let end = core.iter().rposition(|byte| !matches!(byte, b'.' | b'!' | b':' | b'?')).map_or(0, |at| at + 1);
        let (core, tail) = chunk.split_at_checked(end).unwrap_or((chunk, &[]));
        [self.core(core), tail.to_vec()].concat()
    }

    fn core(&self, core: &[u8]) -> Vec<u8> {
        if let Some(address) = self.literal(core) {
            return address;
        }
        let scheme = before(core, |byte| byte == b':').0;
        let is_uri = ["sip", "sips", "tel", "http", "https", "mailto", "urn", "ws", "wss"];
        if scheme.len() < core.len() && is_uri.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes())) {
            return self.uri(core);
        }
        if let Some(at) = core.iter().rposition(|byte| *byte == b'@') {
            let (user, host) = core.split_at_checked(at).unwrap_or((core, &[]));
            return [&self.user(user), &b"@"[..], &self.host_port(host.get(1..).unwrap_or_default())].concat();
        }
        let (host, port) = before(core, |byte| byte == b':');
        if is_host(host) || self.literal(host).is_some() && !port.is_empty() {
            return self.host_port(core);
        }
        self.pieces(core)
    }

    /// Words and digits with other signs between them.
    fn pieces(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        while !rest.is_empty() {
            let (between, behind) = before(rest, is_of_word);
            out.extend(between);
            // An address may stand among other signs: `192.0.2.1~5060~1`.
            let (dotted, after) = before(behind, |byte| !(byte.is_ascii_digit() || byte == b'.'));
            if let Some(address) = self.literal(dotted) {
                out.extend(address);
                rest = after;
                continue;
            }
            let (word, behind) = before(behind, |byte| !is_of_word(byte));
            out.extend(self.piece(word));
            rest = behind;
        }
        out
    }

    fn piece(&self, word: &[u8]) -> Vec<u8> {
        let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits == word.len() {
            return if digits < DIGITS { word.to_vec() } else { self.digits_in(word) };
        }
        let letters = word.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        let small = word.to_ascii_lowercase();
        let is_label = LABELS.iter().any(|label| memchr::memmem::find(&small, label.as_bytes()).is_some());
        let is_kept = word.get(..letters).is_some_and(is_known) && word.len() - letters < DIGITS;
        if is_kept || is_label && digits == 0 { word.to_vec() } else { self.name(word) }
    }

    /// Digits as a number, with whatever counts as country.
    fn digits_in(&self, digits: &[u8]) -> Vec<u8> {
        self.number(digits).unwrap_or_else(|| self.digits(digits))
    }

    /// A text that is a number of seven digits and more, with `+` and separators.
    pub(super) fn number_in(&self, text: &[u8]) -> Option<Vec<u8>> {
        let enough = text.iter().filter(|byte| byte.is_ascii_digit()).count() >= NUMBER;
        if enough && self.literal(text).is_none() { self.number(text) } else { None }
    }

    /// Replaces a display name: as free text, but what marks a call by a dialler stays.
    pub(super) fn display(&self, text: &[u8]) -> Vec<u8> {
        if let Some(number) = self.number(text) {
            return number;
        }
        if let [b'V' | b'v', digits @ ..] = text.trim_ascii()
            && digits.len() >= 10
            && digits.iter().all(u8::is_ascii_alphanumeric)
            && digits.iter().filter(|byte| byte.is_ascii_digit()).count() >= 10
        {
            let at = text.len() - text.trim_ascii_start().len() + 1;
            let (mark, rest) = text.split_at_checked(at).unwrap_or((text, &[]));
            return [mark, &self.identifier(rest)].concat();
        }
        self.free(text)
    }
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\",;=()<>{}|\\&".contains(&byte)
}

/// A name of at least two labels, the last of letters: not a version, not an abbreviation.
fn is_host(text: &[u8]) -> bool {
    let mut labels = text.rsplit(|byte| *byte == b'.');
    let top = labels.next().unwrap_or_default();
    let is_label = |label: &[u8]| {
        !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) && text.contains(&b'.') && labels.all(is_label)
}

/// A number with separators at the beginning of a text, unless it is the end of a word or an address.
fn number_in_front(text: &[u8], last: Option<u8>) -> Option<(&[u8], &[u8])> {
    let first = *text.first()?;
    let in_word = last.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@'));
    if in_word || !(first.is_ascii_digit() || matches!(first, b'+' | b'(')) {
        return None;
    }
    let (run, behind) = before(text, |byte| !(byte.is_ascii_digit() || b"+-.() ".contains(&byte)));
    // `5060@` and `2026-03-30T14` go on as something else.
    if behind.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b':' | b'_')) {
        return None;
    }
    let end = run.iter().rposition(u8::is_ascii_digit)? + 1;
    let number = run.get(..end)?;
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_dotted = memchr::memchr_iter(b'.', number).count() == 3;
    let opens_well = first != b'(' || number.contains(&b')');
    (digits >= NUMBER && !is_dotted && opens_well).then(|| text.split_at_checked(end)).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactors;

    #[test]
    fn words_of_the_trade_stay_and_what_names_somebody_goes() {
        for redactor in redactors() {
            let new = |text: &str| String::from_utf8(redactor.free(text.as_bytes())).unwrap();
            for text in
                ["Busy Here", "Not Acceptable Here", "", "Q.850 cause 16", "analytics1", "Network Blocked", "SIP/2.0"]
            {
                let text = text.replace("Q.850", "");
                assert_eq!(new(&text), text);
            }
            for (text, gone) in [
                ("Call from Alice Smith rejected", &["Alice", "Smith"][..]),
                ("caller (212) 555-0142 blocked", &["555-0142"]),
                ("caller +12125550142.", &["2125550142"]),
                ("v=analytics1;url=https://redress.corp.example/x;id=alice", &["redress", "corp", "alice"]),
                ("no route to 192.0.2.17:5060, sorry", &["192.0.2.17"]),
                ("see pbx.corp.example for extension 1001", &["pbx", "corp", "1001"]),
                ("mail bob@corp.example", &["bob@", "corp"]),
                ("b\u{fc}ro", &["b\u{fc}ro"]),
                ("[2001:db8::17]", &["::17"]),
            ] {
                let written = new(text);
                assert_eq!(written.len(), text.len(), "{text}: {written}");
                assert!(gone.iter().all(|word| !written.contains(word)), "{text}: {written}");
            }
            assert!(new("v=analytics1;url=https://redress.example").starts_with("v=analytics1;url=https://"));
        }
    }

    #[test]
    fn display_names_keep_what_makes_them_suspicious() {
        for redactor in redactors() {
            let new = |text: &str| String::from_utf8(redactor.display(text.as_bytes())).unwrap();
            for text in ["Scam Likely", "Spam Risk", "Anonymous", "Free prize", "http:"] {
                let kept = text.split(' ').next().unwrap();
                assert!(new(text).starts_with(kept), "{text}: {}", new(text));
            }
            let mark = new("V0330140012345678");
            assert!(mark.starts_with('V') && mark != "V0330140012345678");
            assert_eq!(new("2125550142").as_bytes(), redactor.user(b"2125550142"));
            assert!(!new("Alice Smith").contains("Alice"));
        }
    }
}
