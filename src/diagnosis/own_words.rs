//! What a response says of the called party in words for people: in its reason phrase, and in the texts of Warning and Reason.

use crate::sip::{HeaderName, Message, Reason, Warning};

/// Why the called party cannot be had, in the words of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnWords {
    /// It wants no calls for now.
    DoNotDisturb,
    /// It is in another call.
    Busy,
}

/// The Warning code of texts for people (RFC 3261 §20.43).
const FREE_TEXT: u16 = 399;

/// Whose being busy has nothing to do with the called party, or denies it.
const NOT_OF_A_PARTY: &[&str] = &[
    "all",
    "bearer",
    "carrier",
    "cell",
    "channel",
    "channels",
    "circuit",
    "circuits",
    "gateway",
    "lines",
    "network",
    "no",
    "not",
    "operator",
    "port",
    "ports",
    "provider",
    "proxy",
    "resource",
    "resources",
    "route",
    "routes",
    "server",
    "service",
    "switch",
    "system",
    "too",
    "trunk",
    "trunks",
];

impl OwnWords {
    /// What a response says; `None` where it says nothing of the kind.
    pub(super) fn of(response: &Message) -> Option<Self> {
        let of_phrase = || Self::read(&response.reason_phrase().unwrap_or_default());
        let warnings = || response.values(HeaderName::Warning);
        let of_warning = || {
            let texts = warnings().into_iter().filter_map(|value| Warning::read(&value));
            texts.filter(|warning| warning.code == FREE_TEXT).find_map(|warning| Self::read(&warning.text))
        };
        let of_reason = |reason: &Reason| Self::read(reason.text.as_deref()?);
        of_phrase().or_else(of_warning).or_else(|| response.reasons().iter().find_map(of_reason))
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let words = || text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        // A disturbance is one of the network.
        if words().any(|word| matches!(word, "disturb" | "dnd") || word.ends_with("notdisturb")) {
            return Some(Self::DoNotDisturb);
        }
        let is_busy = words().any(|word| word == "busy") && !words().any(|word| NOT_OF_A_PARTY.contains(&word));
        is_busy.then_some(Self::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<OwnWords> {
        let raw = format!("SIP/2.0 {}\r\n\r\n", text.replace('\n', "\r\n"));
        OwnWords::of(&Message::read(raw.as_bytes(), false).unwrap().0)
    }

    #[test]
    fn phrase_warning_and_reason_are_read() {
        for (text, expected) in [
            ("480 Do Not Disturb", Some(OwnWords::DoNotDisturb)),
            ("480 Temporarily Unavailable (DND)", Some(OwnWords::DoNotDisturb)),
            ("480 Temporarily Unavailable\nWarning: 399 p \"DND active\"", Some(OwnWords::DoNotDisturb)),
            ("480 No\nReason: SIP;cause=480;text=\"do-not-disturb\"", Some(OwnWords::DoNotDisturb)),
            ("480 DoNotDisturb", Some(OwnWords::DoNotDisturb)),
            ("480 Network disturbance", None),
            ("480 Carrier busy", None),
            ("480 Busy", Some(OwnWords::Busy)),
            ("480 User Busy", Some(OwnWords::Busy)),
            ("480 No\nWarning: 399 192.0.2.1:5060 \"Called party is busy\"", Some(OwnWords::Busy)),
            ("480 Temporarily Unavailable", None),
            ("480 All circuits busy", None),
            ("480 Server busy", None),
            ("480 User not busy", None),
            ("480 Business closed", None),
            ("480 No\nWarning: 307 p \"busy\"", None),
            ("480 No\nWarning: 399 p \"User not registered\"", None),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}
