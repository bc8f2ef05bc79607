//! Methods of requests.

use std::fmt;

/// A method; names are case-sensitive (RFC 3261 §7.1), and unknown ones are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// INVITE (RFC 3261 §13).
    Invite,
    /// ACK (RFC 3261 §17).
    Ack,
    /// BYE (RFC 3261 §15).
    Bye,
    /// CANCEL (RFC 3261 §9).
    Cancel,
    /// REGISTER (RFC 3261 §10).
    Register,
    /// OPTIONS (RFC 3261 §11).
    Options,
    /// PRACK (RFC 3262).
    Prack,
    /// SUBSCRIBE (RFC 6665).
    Subscribe,
    /// NOTIFY (RFC 6665).
    Notify,
    /// PUBLISH (RFC 3903).
    Publish,
    /// INFO (RFC 6086).
    Info,
    /// REFER (RFC 3515).
    Refer,
    /// MESSAGE (RFC 3428).
    Message,
    /// UPDATE (RFC 3311).
    Update,
    /// Any other.
    Other(Box<str>),
}

impl Method {
    /// Every method that has a name of its own here.
    pub const KNOWN: &'static [Self] = &[
        Self::Invite,
        Self::Ack,
        Self::Bye,
        Self::Cancel,
        Self::Register,
        Self::Options,
        Self::Prack,
        Self::Subscribe,
        Self::Notify,
        Self::Publish,
        Self::Info,
        Self::Refer,
        Self::Message,
        Self::Update,
    ];

    /// Reads a method; octets that are not UTF-8 are replaced.
    pub fn read(bytes: &[u8]) -> Self {
        Self::known(bytes).unwrap_or_else(|| Self::Other(String::from_utf8_lossy(bytes).into()))
    }

    /// The one of that name, if it is among [`Self::KNOWN`].
    pub(crate) fn known(bytes: &[u8]) -> Option<Self> {
        Code::known(bytes)?.method().cloned()
    }

    /// Its code, and itself if that is the one of all others.
    pub(super) fn coded(bytes: &[u8]) -> (Code, Option<Self>) {
        match Code::known(bytes) {
            Some(code) => (code, None),
            None => (Code::OTHER, Some(Self::read(bytes))),
        }
    }

    /// The name as it travels.
    pub fn name(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Prack => "PRACK",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Publish => "PUBLISH",
            Self::Info => "INFO",
            Self::Refer => "REFER",
            Self::Message => "MESSAGE",
            Self::Update => "UPDATE",
            Self::Other(name) => name,
        }
    }
}

/// The place of a method in [`Method::KNOWN`]: what a message keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(u8);

impl Code {
    /// That of a method without a name of its own here.
    pub(super) const OTHER: Self = Self(u8::MAX);
    /// That of ACK.
    pub(super) const ACK: Self = Self(1);

    /// The one of that name, if it is among [`Method::KNOWN`].
    #[inline]
    pub(super) fn known(bytes: &[u8]) -> Option<Self> {
        Some(Self(match bytes {
            b"INVITE" => 0,
            b"ACK" => 1,
            b"BYE" => 2,
            b"CANCEL" => 3,
            b"REGISTER" => 4,
            b"OPTIONS" => 5,
            b"PRACK" => 6,
            b"SUBSCRIBE" => 7,
            b"NOTIFY" => 8,
            b"PUBLISH" => 9,
            b"INFO" => 10,
            b"REFER" => 11,
            b"MESSAGE" => 12,
            b"UPDATE" => 13,
            _ => return None,
        }))
    }

    /// Its place, or a number that is none.
    pub(super) fn place(self) -> usize {
        usize::from(self.0)
    }

    /// The method, if it is a known one.
    #[inline]
    pub(super) fn method(self) -> Option<&'static Method> {
        Method::KNOWN.get(usize::from(self.0))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_methods_are_found_by_their_names() {
        for method in Method::KNOWN {
            assert_eq!(Method::read(method.name().as_bytes()), *method);
            assert_eq!(Code::known(method.name().as_bytes()).and_then(Code::method), Some(method));
        }
        assert_eq!(Code::ACK.method(), Some(&Method::Ack));
        assert_eq!((Code::OTHER.method(), Code::known(b"invite")), (None, None));
        assert_eq!(Method::read(b"invite"), Method::Other("invite".into()));
    }
}
