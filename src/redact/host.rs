//! Host names, label by label: hosts of one domain stay in one domain. What everybody registers under stays.

use super::Redactor;
use super::scan::before;

/// Last labels that stay, as those of two letters do: they name nobody. The first line has those of use inside of a network and in
/// documents, which findings go by. Whatever else stands there may be a name, or one that was damaged.
const TOP_LEVEL: &[&str] = &[
    "local",
    "localhost",
    "localdomain",
    "internal",
    "invalid",
    "lan",
    "intranet",
    "private",
    "corp",
    "home",
    "test",
    "example",
    "arpa",
    "com",
    "net",
    "org",
    "info",
    "biz",
    "name",
    "pro",
    "edu",
    "gov",
    "mil",
    "int",
    "mobi",
    "tel",
    "asia",
    "cat",
    "jobs",
    "app",
    "cloud",
    "dev",
    "digital",
    "email",
    "global",
    "group",
    "host",
    "live",
    "mobile",
    "network",
    "online",
    "phone",
    "services",
    "site",
    "software",
    "solutions",
    "store",
    "support",
    "systems",
    "tech",
    "technology",
    "telecom",
    "top",
    "world",
    "xyz",
];
/// Labels in front of a last label of two letters under which everybody registers.
const SECOND_LEVEL: &[&str] = &["co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go", "gob", "id"];

impl Redactor {
    /// Replaces a host name or address, without its port.
    pub(super) fn host(&self, text: &[u8]) -> Vec<u8> {
        if let Some(address) = self.literal(text) {
            return address;
        }
        let labels: Vec<&[u8]> = text.split(|byte| *byte == b'.').collect();
        let last =
            labels.len() - 1 - usize::from(labels.len() > 1 && labels.last().is_some_and(|label| label.is_empty()));
        let top = labels.get(last).copied().unwrap_or_default();
        let has_top = last > 0 && is_top(top);
        let second = last.checked_sub(1).and_then(|at| labels.get(at)).copied().unwrap_or_default();
        let has_second = has_top && last > 1 && top.len() == 2 && is_second_level(second);
        let new = |(at, label): (usize, &&[u8])| match at {
            _ if at >= last && (has_top || at > last) => label.to_vec(),
            _ if has_second && at + 1 == last => label.to_vec(),
            _ => self.label(label),
        };
        labels.iter().enumerate().map(new).collect::<Vec<_>>().join(&b'.')
    }

    /// Replaces a host with its port, if it has one.
    pub(super) fn host_port(&self, text: &[u8]) -> Vec<u8> {
        // More than one colon without brackets is an address of IPv6.
        let colons = memchr::memchr_iter(b':', text).count();
        if text.starts_with(b"[") {
            let (address, rest) = text
                .iter()
                .position(|b| *b == b']')
                .map_or((text, &[][..]), |end| text.split_at_checked(end + 1).unwrap_or((text, &[])));
            return [self.host(address), self.port(rest)].concat();
        }
        if colons > 1 && self.literal(text).is_some() {
            return self.host(text);
        }
        let (host, port) = before(text, |byte| byte == b':');
        [super::scan::trimmed(host, |host| self.host(host)), self.port(port)].concat()
    }

    /// A port with its colon; anything else there is no port.
    fn port(&self, text: &[u8]) -> Vec<u8> {
        let is_port = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b' ' | b'\t'));
        if is_port && text.len() <= 8 { text.to_vec() } else { self.free(text) }
    }

    fn label(&self, label: &[u8]) -> Vec<u8> {
        let mut new = self.name(label);
        // A label that means something would change what the name belongs to.
        while (is_second_level(&new) || is_top(&new)) && !(is_second_level(label) || is_top(label)) {
            new = self.name(&new);
        }
        new
    }
}

fn is_second_level(label: &[u8]) -> bool {
    SECOND_LEVEL.iter().any(|known| label.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether a last label is one that many share.
fn is_top(label: &[u8]) -> bool {
    let is_country = label.len() == 2 && label.iter().all(u8::is_ascii_alphabetic);
    is_country || TOP_LEVEL.iter().any(|known| label.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "texts of tests are ASCII")]
mod tests {
    use super::super::testing::{redactor, redactors};

    #[test]
    fn labels_are_replaced_and_public_ones_stay() {
        for redactor in redactors() {
            let new = |text: &str| String::from_utf8(redactor.host(text.as_bytes())).unwrap();
            for (text, kept) in [
                ("pbx.corp.example", ".example"),
                ("a.b.corp.co.uk", ".co.uk"),
                ("corp.co.uk", ".co.uk"),
                ("co.uk", ".uk"),
                ("pbx.local", ".local"),
                ("pbx", ""),
                ("pbx.corp.mistyped", ""),
                ("pbx.corp.example.", ".example."),
            ] {
                let written = new(text);
                assert!(written.ends_with(kept) && written.len() == text.len(), "{text} {written}");
                let free = |t: &str| t[..t.len() - kept.len()].split('.').map(str::to_owned).collect::<Vec<_>>();
                assert!(free(&written).iter().zip(free(text)).all(|(a, b)| *a != b), "{text} {written}");
            }
            let domain = new("corp.example");
            assert_eq!(new("pbx.corp.example"), format!("{}.{domain}", new("pbx")));
            assert_eq!(new("PBX.Corp.example").to_ascii_lowercase(), new("pbx.corp.example"));
            for text in ["anonymous.invalid", "localhost", "127.0.0.1"] {
                assert_eq!(new(text), text);
            }
        }
    }

    #[test]
    fn ports_stay_and_addresses_are_addresses() {
        let new = |text: &str| String::from_utf8(redactor().host_port(text.as_bytes())).unwrap();
        assert!(new("pbx.example:5070").ends_with(".example:5070"));
        assert!(new("192.0.2.1:5060").starts_with("192.0.2."));
        assert!(new("[2001:db8::7]:5062").ends_with("]:5062"));
        assert!(new("2001:db8::7").starts_with("2001:db8::"));
        assert!(!new("pbx.example:alice").contains("alice"));
    }
}
