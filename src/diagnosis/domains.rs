//! Whether two hosts belong to the same owner, as far as their names tell.

use crate::sip::Uri;
use crate::sip::uri::address_of;

/// Labels under which the next one is registered, where the last label has two letters (`co.uk`, `com.au`).
const SECOND_LEVEL: [&str; 8] = ["co", "com", "net", "org", "gov", "edu", "ac", "or"];

/// The part of a host name that somebody registered: `corp.example` of `pbx.corp.example`. `None` for addresses and for
/// names of one label.
pub(super) fn registrable(uri: &Uri) -> Option<&str> {
    if uri.ip().is_some() { None } else { part_of_name(&uri.host) }
}

/// The same of a host in lower case.
pub(super) fn registrable_part(host: &str) -> Option<&str> {
    if address_of(host).is_some() {
        return None;
    }
    part_of_name(host)
}

fn part_of_name(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let last = dots.next()?;
    let Some(second) = dots.next() else { return Some(host) };
    let (top, below) = (host.get(last + 1..)?, host.get(second + 1..last)?);
    let start =
        if top.len() == 2 && SECOND_LEVEL.contains(&below) { dots.next().map_or(0, |at| at + 1) } else { second + 1 };
    host.get(start..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registered_part_is_found() {
        for (uri, domain) in [
            ("sip:bob@corp.example", Some("corp.example")),
            ("sip:bob@pbx.Corp.example", Some("corp.example")),
            ("sip:a.b.corp.co.uk", Some("corp.co.uk")),
            ("sip:corp.co.uk", Some("corp.co.uk")),
            ("sip:pbx", None),
            ("sip:bob@192.0.2.1", None),
            ("sip:bob@[2001:db8::1]", None),
        ] {
            assert_eq!(registrable(&Uri::read(uri).unwrap()), domain, "{uri}");
        }
    }
}
