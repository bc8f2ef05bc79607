//! The address of a certificate (`x5u`, `info`): what keeps verifiers from fetching it.

use crate::lang::{Text, phrase};
use std::net::IpAddr;

use crate::sip::uri::host_port;

/// Ports that verifiers are allowed to connect to (RFC 8224 §7.2 asks for HTTPS; providers open these two).
const PORTS: [u16; 2] = [443, 8443];
/// Domains that exist inside of a network alone (RFC 6762, RFC 8375, and customs).
const INSIDE: &[&str] = &["local", "localdomain", "localhost", "internal", "intranet", "lan", "corp", "home", "arpa"];

/// One thing that is wrong with the address of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlFault {
    /// It cannot be read.
    Unreadable,
    /// Another scheme than https.
    Scheme(String),
    /// User name or password in it.
    UserInfo,
    /// An address in place of a name.
    AddressLiteral(IpAddr),
    /// A name that exists inside of a network alone.
    PrivateName(String),
    /// A port that verifiers do not connect to.
    Port(u16),
}

impl UrlFault {
    /// What is wrong.
    pub fn text(&self) -> Text {
        match self {
            Self::Unreadable => Text::new("it is no URL"),
            Self::Scheme(scheme) => Text::new("{scheme} in place of https").with("scheme", scheme),
            Self::UserInfo => Text::new("it holds a user name"),
            Self::AddressLiteral(address) => {
                Text::new("the address {address} in place of a host name").with("address", address)
            }
            Self::PrivateName(host) => Text::new("{host} is no public host name").with("host", host),
            Self::Port(port) => {
                Text::new("port {port}, which verifiers do not connect to (443 or 8443)").with("port", port)
            }
        }
    }
}

phrase!(UrlFault);

/// Everything that is wrong with the address of a certificate; nothing for an address that anybody may fetch from.
pub fn faults(url: &str) -> Vec<UrlFault> {
    if is_plain(url) { Vec::new() } else { faults_at_leisure(url) }
}

fn faults_at_leisure(url: &str) -> Vec<UrlFault> {
    let Some((scheme, rest)) = url.trim().split_once("://") else { return vec![UrlFault::Unreadable] };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
    let Some((host, port)) = host_port(place) else { return vec![UrlFault::Unreadable] };
    let mut faults = Vec::new();
    if !scheme.eq_ignore_ascii_case("https") {
        faults.push(UrlFault::Scheme(scheme.to_ascii_lowercase()));
    }
    if user.is_some() {
        faults.push(UrlFault::UserInfo);
    }
    faults.extend(host_fault(&host));
    // What is wrong with the scheme explains its usual port.
    if let Some(port) = port.filter(|port| !PORTS.contains(port) && faults.is_empty()) {
        faults.push(UrlFault::Port(port));
    }
    faults
}

/// Whether it is an address as nearly all are, which says at a glance that nothing is wrong with it: `https`, and a host name of several
/// labels in small letters, the last of which is a usual one.
fn is_plain(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    // Where the label begins that is being read.
    let mut begin = 0;
    for (at, octet) in rest.bytes().enumerate() {
        match octet {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => {}
            b'.' if at > begin => begin = at + 1,
            b'/' if at > begin && begin > 0 => {
                let top = rest.get(begin..at).unwrap_or_default();
                return top.bytes().all(|b| b.is_ascii_lowercase()) && !INSIDE.contains(&top);
            }
            _ => return false,
        }
    }
    false
}

fn host_fault(host: &str) -> Option<UrlFault> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Some(UrlFault::AddressLiteral(address));
    }
    let name = host.trim_end_matches('.');
    let last = name.rsplit_once('.').map(|(_, last)| last);
    let private = last.is_none_or(|last| INSIDE.contains(&last));
    private.then(|| UrlFault::PrivateName(host.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_addresses_have_no_faults(
            begin in prop::sample::select(vec!["https://", "https://", "https:/", "http://", "https://a@"]),
            host in "([a7A-]{0,2}|local|org|[.])([.][a7-]{0,2}){0,2}([.](org|lan|local|7)){0,2}",
            end in prop::sample::select(vec!["/x", "/", "", ":443/x", ":80/x", "?x"]),
        ) {
            let url = format!("{begin}{host}{end}");
            prop_assert!(!is_plain(&url) || faults_at_leisure(&url).is_empty(), "{}", url);
        }
    }

    #[test]
    fn usual_addresses_are_plain() {
        assert!(is_plain("https://cert.orig.example/shaken.pem") && is_plain("https://c-7.example.org/"));
        for url in
            ["https://example/x", "https://.example/x", "https://a..org/x", "https://a.org./x", "https://a.lan/x"]
        {
            assert!(!is_plain(url), "{url}");
        }
    }

    #[test]
    fn each_fault_has_its_word() {
        for (url, expected) in [
            ("https://cert.orig.example/shaken.pem", ""),
            ("HTTPS://Cert.Orig.Example:8443/a?b@c", ""),
            ("https://cert.orig.example:443", ""),
            ("http://cert.orig.example/shaken.pem", "http in place of https"),
            ("http://cert.orig.example:80/shaken.pem", "http in place of https"),
            ("https://cert.orig.example:4443/x", "port 4443, which verifiers do not connect to (443 or 8443)"),
            ("https://192.0.2.7/x", "the address 192.0.2.7 in place of a host name"),
            ("https://[2001:db8::7]/x", "the address 2001:db8::7 in place of a host name"),
            ("https://certs/x", "certs is no public host name"),
            ("https://ca.voice.internal/x", "ca.voice.internal is no public host name"),
            ("https://u:p@cert.orig.example/x", "it holds a user name"),
            ("http://u@localhost/x", "http in place of https, it holds a user name, localhost is no public host name"),
            ("cert.pem", "it is no URL"),
            ("https:///x", "it is no URL"),
            ("", "it is no URL"),
        ] {
            assert!(!is_plain(url) || expected.is_empty(), "{url}");
            let words: Vec<String> = faults(url).iter().map(ToString::to_string).collect();
            assert_eq!(words.join(", "), expected, "{url}");
        }
    }
}
