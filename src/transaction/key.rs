//! What makes two messages parts of one transaction (RFC 3261 §17.1.3, §17.2.3).

use std::borrow::Cow;

use crate::call::CapturedMessage;
use crate::sip::{HeaderName, Method};

/// The cookie of RFC 3261 §8.1.1.7.
const COOKIE: &[u8] = b"z9hG4bK";

/// Identifies a transaction within a group, but for the hop it was captured on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    leg: usize,
    /// INVITE for ACK (§17.2.3).
    method: Method,
    /// Beside what the RFC asks for, as some devices use a branch again.
    cseq: Option<u32>,
    branch: Branch,
}

/// The identifying part of the topmost Via.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Branch {
    /// A branch with the cookie, and sent-by.
    Unique { branch: Vec<u8>, sent_by: String },
    /// RFC 2543 (§17.2.3): the whole topmost Via and the From tag; with the cookie alone too.
    Old { via: String, from_tag: Vec<u8> },
}

impl Key {
    /// The key of a message. For a response it is that of its request: the topmost Via is the client's (§17.1.3).
    pub(super) fn of(captured: &CapturedMessage) -> Self {
        let message = &captured.message;
        let method = match message.method() {
            Some(Method::Ack) => Method::Invite,
            Some(method) => method.clone(),
            None => Method::Other("".into()),
        };
        Self { leg: captured.leg, method, cseq: message.cseq().map(|c| c.number), branch: Branch::of(captured) }
    }

    /// The method of the transaction.
    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it is a CANCEL transaction.
    pub(super) fn method_is_cancel(&self) -> bool {
        self.method == Method::Cancel
    }

    /// Whether the method exists inside of dialogs only.
    pub(super) fn method_is_in_dialog(&self) -> bool {
        matches!(self.method, Method::Bye | Method::Prack | Method::Info | Method::Update)
    }

    /// The key without sent-by, which does not count when a client matches responses (§17.1.3): some proxies change it on the
    /// way back.
    pub(super) fn without_sent_by(&self) -> Self {
        let mut key = self.clone();
        if let Branch::Unique { sent_by, .. } = &mut key.branch {
            sent_by.clear();
        }
        key
    }

    /// The same key with another method: the INVITE that a CANCEL aims at (§9.1).
    pub(super) fn with_method(&self, method: Method) -> Self {
        Self { method, ..self.clone() }
    }
}

impl Branch {
    fn of(captured: &CapturedMessage) -> Self {
        let message = &captured.message;
        let via = message.top_via();
        match (message.branch(), &via) {
            (Some(branch), Some(via)) if is_unique(branch) => {
                let sent_by = format!("{}:{}", via.host, via.port_or_default());
                Self::Unique { branch: branch.to_vec(), sent_by }
            }
            _ => {
                // `received` and `rport` are added on the way, so they stay out of the comparison.
                let via = via.map_or_else(
                    || message.header(HeaderName::Via).map(Cow::into_owned).unwrap_or_default(),
                    |v| format!("{}:{} {}", v.host, v.port_or_default(), v.branch().unwrap_or_default()),
                );
                Self::Old { via, from_tag: message.from_tag().unwrap_or_default().to_vec() }
            }
        }
    }
}

/// Whether a branch is unique across space and time: the cookie and something behind it.
pub(super) fn is_unique(branch: &[u8]) -> bool {
    branch.len() > COOKIE.len() && branch.get(..COOKIE.len()).is_some_and(|c| c.eq_ignore_ascii_case(COOKIE))
}
