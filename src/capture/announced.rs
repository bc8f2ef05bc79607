//! What a file says in front of its first frame about how it came to be.
//!
//! Capturing programs write statistics behind the last frame. Frames that were cut out of a capture are another matter: who cut
//! them out knows how long the capture lasted, and says so at once. Without that, a call that nobody answered for a minute would
//! look like one that was captured for as long as it was tried.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::limits::HOSTS;
use crate::provenance::Timestamp;

/// How comments of an extract begin that name addresses to which its capture showed SIP, and from which.
const RECEIVERS: &str = "SIP went to ";
const SENDERS: &str = "SIP came from ";
/// How one begins that names the addresses that all SIP of its capture went from or to.
const EVERYWHERE: &str = "All SIP went from or to ";
/// Addresses in one comment.
const IN_ONE: usize = 64;

/// What is known of a capture before its frames are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// When capturing began; the first frame may come much later.
    pub start: Option<Timestamp>,
    /// When it ended; the last frame may have come much earlier.
    pub end: Option<Timestamp>,
    /// Whether packets were lost.
    pub is_lossy: bool,
    /// Whether frames were left out on purpose, and none but those: what is missing in streams is missing because it is of other calls.
    pub is_extract: bool,
    /// Hosts to which the whole capture showed SIP: what did not reach them was not sent. Those of the calls in it only.
    pub receivers: BTreeSet<IpAddr>,
    /// Hosts from which it showed SIP.
    pub senders: BTreeSet<IpAddr>,
    /// Hosts that all of its SIP went from or to.
    pub everywhere: BTreeSet<IpAddr>,
}

impl Announced {
    /// Adds what is said of an interface, or of another file.
    pub(super) fn add(&mut self, start: Option<Timestamp>, end: Option<Timestamp>, is_lossy: bool) {
        self.start = [self.start, start].into_iter().flatten().min();
        self.end = self.end.max(end);
        self.is_lossy |= is_lossy;
    }

    /// Reads a comment of an extract, if it is one of those that [`Self::comments`] makes.
    pub(super) fn comment(&mut self, comment: &[u8]) {
        let Ok(comment) = std::str::from_utf8(comment) else { return };
        let all = [(RECEIVERS, &mut self.receivers), (SENDERS, &mut self.senders), (EVERYWHERE, &mut self.everywhere)];
        for (begin, known) in all {
            let addresses = comment.strip_prefix(begin).into_iter().flat_map(|rest| rest.split(", "));
            for address in addresses.filter_map(|address| address.parse().ok()) {
                if known.len() < HOSTS {
                    known.insert(address);
                }
            }
        }
    }

    /// Comments that say which hosts are known.
    pub fn comments(&self) -> Vec<String> {
        let mut comments = Vec::new();
        for (begin, known) in [(RECEIVERS, &self.receivers), (SENDERS, &self.senders), (EVERYWHERE, &self.everywhere)] {
            let known: Vec<String> = known.iter().map(IpAddr::to_string).collect();
            comments.extend(known.chunks(IN_ONE).map(|some| format!("{begin}{}", some.join(", "))));
        }
        comments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_back_from_comments() {
        let receivers: BTreeSet<IpAddr> = (0..100_u8).map(|n| IpAddr::from([192, 0, 2, n])).collect();
        let senders = BTreeSet::from([IpAddr::from([198, 51, 100, 7]), "2001:db8::1".parse().unwrap()]);
        let everywhere = BTreeSet::from([IpAddr::from([192, 0, 2, 1])]);
        let announced = Announced { receivers, senders, everywhere, ..Announced::default() };
        let comments = announced.comments();
        assert_eq!((comments.len(), comments[2].as_str()), (4, "SIP came from 198.51.100.7, 2001:db8::1"));
        let mut again = Announced::default();
        for comment in &comments {
            again.comment(comment.as_bytes());
        }
        for odd in [&b"SIP went to \xff"[..], b"SIP went to nowhere, ", b"about 192.0.2.200", b""] {
            again.comment(odd);
        }
        assert_eq!(again, announced);
    }
}
