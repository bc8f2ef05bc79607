//! What makes two messages parts of one transaction (RFC 3261 §17.1.3, §17.2.3).

use std::borrow::Cow;
use std::hash::Hash;

use crate::call::CapturedMessage;
use crate::hashing::HashMap;
use crate::sip::{HeaderName, Message, Method};

/// The cookie of RFC 3261 §8.1.1.7.
const COOKIE: &[u8] = b"z9hG4bK";
/// Fewer entries are found by looking at each: most groups hold no more, and hashing costs more than that.
const SCANNED: usize = 16;

/// Identifies a transaction within a group, but for the hop it was captured on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key<'m> {
    leg: usize,
    /// Beside what the RFC asks for, as some devices use a branch again.
    cseq: Option<u32>,
    /// INVITE for ACK (§17.2.3), but not for a response to one, which is none to the INVITE; `None` where a message has none.
    method: Option<&'m Method>,
    branch: Branch<'m>,
}

/// The identifying part of the topmost Via.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Branch<'m> {
    /// A branch with the cookie, and sent-by, where it counts.
    Unique { branch: &'m [u8], sent_by: Option<(Cow<'m, [u8]>, u16)> },
    /// RFC 2543 (§17.2.3): the whole topmost Via and the From tag; with the cookie alone too.
    Old { via: String, from_tag: &'m [u8] },
}

impl<'m> Key<'m> {
    /// The key of a message. For a response it is that of its request: the topmost Via is the client's (§17.1.3).
    pub(super) fn of(captured: &'m CapturedMessage, latest: &mut LatestVia<'m>) -> Self {
        let message = &captured.message;
        let method = match message.method() {
            Some(Method::Ack) if message.is_request() => Some(&Method::Invite),
            other => other,
        };
        Self { leg: captured.leg, cseq: message.cseq().map(|c| c.number), method, branch: Branch::of(captured, latest) }
    }

    /// The method of the transaction.
    pub(super) fn method(&self) -> Method {
        self.method.cloned().unwrap_or_else(|| Method::Other("".into()))
    }

    /// Whether it is a CANCEL transaction.
    pub(super) fn method_is_cancel(&self) -> bool {
        self.method == Some(&Method::Cancel)
    }

    /// Whether the method exists inside of dialogs only.
    pub(super) fn method_is_in_dialog(&self) -> bool {
        matches!(self.method, Some(Method::Bye | Method::Prack | Method::Info | Method::Update))
    }

    /// The key without sent-by, which does not count when a client matches responses (§17.1.3): some proxies change it on the
    /// way back. `None` where it has none.
    pub(super) fn without_sent_by(&self) -> Option<Self> {
        let Branch::Unique { branch, .. } = self.branch else { return None };
        Some(Self { branch: Branch::Unique { branch, sent_by: None }, ..*self })
    }

    /// The same key for the INVITE that a CANCEL aims at (§9.1).
    pub(super) fn of_invite(&self) -> Self {
        Self { method: Some(&Method::Invite), ..self.clone() }
    }
}

/// Host and port of a sent-by.
type SentBy<'m> = (Cow<'m, [u8]>, u16);

/// Protocol and sent-by of the Via value that was read last: the messages of a hop share them.
#[derive(Debug, Default)]
pub(super) struct LatestVia<'m>(Option<(&'m [u8], SentBy<'m>)>);

impl<'m> LatestVia<'m> {
    fn sent_by(&mut self, message: &'m Message) -> Option<SentBy<'m>> {
        let Some(start) = message.start_of_top_via() else { return message.sent_by() };
        if let Some((_, known)) = self.0.as_ref().filter(|(known, _)| *known == start) {
            return Some(known.clone());
        }
        let sent_by = message.sent_by()?;
        self.0 = Some((start, sent_by.clone()));
        Some(sent_by)
    }
}

impl<'m> Branch<'m> {
    fn of(captured: &'m CapturedMessage, latest: &mut LatestVia<'m>) -> Self {
        let message = &captured.message;
        if let Some(branch) = message.branch().filter(|branch| is_unique(branch))
            && let Some(sent_by) = latest.sent_by(message)
        {
            return Self::Unique { branch, sent_by: Some(sent_by) };
        }
        // `received` and `rport` are added on the way, so they stay out of the comparison.
        let via = message.top_via().map_or_else(
            || message.header(HeaderName::Via).map(Cow::into_owned).unwrap_or_default(),
            |v| format!("{}:{} {}", v.host, v.port_or_default(), v.branch().unwrap_or_default()),
        );
        Self::Old { via, from_tag: message.from_tag().unwrap_or_default() }
    }
}

/// Whether a branch is unique across space and time: the cookie and something behind it.
pub(crate) fn is_unique(branch: &[u8]) -> bool {
    // Nearly all write it as the RFC does.
    let has_cookie = |branch: &[u8]| branch.get(..COOKIE.len()).is_some_and(|c| c.eq_ignore_ascii_case(COOKIE));
    branch.len() > COOKIE.len() && (branch.starts_with(COOKIE) || has_cookie(branch))
}

/// Places of transactions by what they have in common, each list in the order of insertion.
#[derive(Debug)]
pub(crate) struct Index<K> {
    /// The entries while they are few.
    few: Vec<(K, usize)>,
    many: HashMap<K, Vec<usize>>,
}

impl<K: Eq + Hash> Index<K> {
    pub(crate) fn new() -> Self {
        Self { few: Vec::new(), many: HashMap::default() }
    }

    /// Adds a place.
    pub(crate) fn add(&mut self, key: K, place: usize) {
        if self.many.is_empty() && self.few.len() < SCANNED {
            self.few.push((key, place));
            return;
        }
        for (known, place) in self.few.drain(..) {
            self.many.entry(known).or_default().push(place);
        }
        self.many.entry(key).or_default().push(place);
    }

    /// Whether a key has a place.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.of(key).next().is_some()
    }

    /// The places of a key.
    pub(crate) fn of<'a>(&'a self, key: &'a K) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let many = if self.many.is_empty() { None } else { self.many.get(key) };
        let few = self.few.iter().filter(move |(known, _)| known == key).map(|(_, place)| *place);
        few.chain(many.into_iter().flatten().copied())
    }
}
