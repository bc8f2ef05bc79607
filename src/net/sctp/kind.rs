//! What a user message is, told by its payload protocol identifier (the registry of RFC 9260 §15.5) or by its first octets.

use std::fmt;

use crate::sip::probe;

/// A kind of user message. The kebab-case [`SctpKind::code`] is stable and appears in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SctpKind {
    /// SIP (RFC 4168), which has no identifier of its own.
    Sip,
    /// TLS, in which SIP over SCTP is encrypted (RFC 3436).
    Tls,
    /// Diameter.
    Diameter,
    /// ISUP and other signalling of telephone networks: IUA, M2UA, M3UA, SUA, M2PA, V5UA.
    Sigtran,
    /// H.248 or BICC.
    MediaControl,
    /// S1AP, X2AP, NGAP and their like in mobile networks.
    RadioAccess,
    /// Data channels of browsers.
    DataChannel,
    /// Anything else.
    Other,
}

impl SctpKind {
    /// Every kind, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::Sip,
        Self::Tls,
        Self::Diameter,
        Self::Sigtran,
        Self::MediaControl,
        Self::RadioAccess,
        Self::DataChannel,
        Self::Other,
    ];

    /// The stable name, as reports print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Tls => "tls",
            Self::Diameter => "diameter",
            Self::Sigtran => "sigtran",
            Self::MediaControl => "media-control",
            Self::RadioAccess => "radio-access",
            Self::DataChannel => "data-channel",
            Self::Other => "other-sctp",
        }
    }

    /// What an identifier names; `None` where the octets have to tell.
    pub(super) fn of_protocol(identifier: u32) -> Option<Self> {
        Some(match identifier {
            1..=6 => Self::Sigtran,
            7 | 8 => Self::MediaControl,
            18..=20 | 24..=27 | 31 | 43 | 44 | 60..=62 | 64 | 68..=74 => Self::RadioAccess,
            46 | 47 => Self::Diameter,
            50..=54 | 56 | 57 => Self::DataChannel,
            _ => return None,
        })
    }

    /// What octets are.
    pub(crate) fn of_octets(octets: &[u8]) -> Self {
        match octets {
            _ if probe::is_sip(octets) => Self::Sip,
            [0x14..=0x17, 3, 0..=4, ..] => Self::Tls,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for SctpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct() {
        let codes: BTreeSet<_> = SctpKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), SctpKind::ALL.len());
    }

    #[test]
    fn octets_tell_where_no_identifier_does() {
        assert_eq!((SctpKind::of_protocol(0), SctpKind::of_protocol(46)), (None, Some(SctpKind::Diameter)));
        assert_eq!(SctpKind::of_octets(b"OPTIONS sip:a SIP/2.0\r\n\r\n"), SctpKind::Sip);
        assert_eq!(SctpKind::of_octets(&[22, 3, 1, 0, 5]), SctpKind::Tls);
        assert_eq!(SctpKind::of_octets(b"hello"), SctpKind::Other);
    }
}
