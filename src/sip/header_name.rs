//! Names of header fields, with their compact forms.

/// One row a header field: variant, full name, compact forms (or other spellings).
macro_rules! header_names {
    ($($(#[$doc:meta])* $variant:ident $name:literal $([$($short:literal),*])?;)*) => {
        /// The header fields that sipscan knows by name; case does not matter (RFC 3261 §7.3.1).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum HeaderName {
            $($(#[$doc])* #[doc = $name] $variant,)*
            /// Any other; [`crate::sip::Message::other`] finds it by its text.
            Other,
        }

        impl HeaderName {
            /// Every known name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The full name; empty for [`HeaderName::Other`].
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other => "",
                }
            }

            /// Every spelling.
            const SPELLINGS: &'static [(&'static str, Self)] =
                &[$(($name, Self::$variant), $($(($short, Self::$variant),)*)?)*];
        }
    };
}

/// Spellings by [`slot`], as their places behind one another plus one: at most so many share one.
static SLOTS: [[u8; SHARED_MAX]; SLOT_COUNT] = slots();

const SLOT_COUNT: usize = 256;
const SHARED_MAX: usize = 3;

/// Where a name is looked up: by its length, its first and its last letter.
const fn slot(length: usize, first: u8, last: u8) -> usize {
    (length * 3 + (first | 0x20) as usize * 5 + (last | 0x20) as usize * 17) % SLOT_COUNT
}

#[expect(clippy::indexing_slicing, reason = "a constant: an index out of bounds does not compile")]
#[expect(clippy::cast_possible_truncation, reason = "likewise: there are fewer spellings than an octet counts")]
const fn slots() -> [[u8; SHARED_MAX]; SLOT_COUNT] {
    let mut slots = [[0; SHARED_MAX]; SLOT_COUNT];
    let mut place = 0;
    while place < HeaderName::SPELLINGS.len() {
        let name = HeaderName::SPELLINGS[place].0.as_bytes();
        let slot = slot(name.len(), name[0], name[name.len() - 1]);
        let mut free = 0;
        while slots[slot][free] != 0 {
            free += 1;
        }
        place += 1;
        slots[slot][free] = place as u8;
    }
    slots
}

impl HeaderName {
    /// The name of a line that begins with one of those that nearly all messages have, in their usual spelling and with the colon right
    /// behind it, and the length of the name. `None` says nothing.
    pub(super) fn usual(line: &[u8]) -> Option<(Self, usize)> {
        Some(match line.first()? {
            b'V' if begins(line, b"Via:") => (Self::Via, 3),
            b'F' if begins(line, b"From:") => (Self::From, 4),
            b'T' if begins(line, b"To:") => (Self::To, 2),
            b'C' if begins(line, b"Call-ID:") => (Self::CallId, 7),
            b'C' if begins(line, b"CSeq:") => (Self::CSeq, 4),
            b'C' if begins(line, b"Contact:") => (Self::Contact, 7),
            b'C' if begins(line, b"Content-Length:") => (Self::ContentLength, 14),
            b'C' if begins(line, b"Content-Type:") => (Self::ContentType, 12),
            b'M' if begins(line, b"Max-Forwards:") => (Self::MaxForwards, 12),
            b'U' if begins(line, b"User-Agent:") => (Self::UserAgent, 10),
            b'R' if begins(line, b"Record-Route:") => (Self::RecordRoute, 12),
            b'A' if begins(line, b"Allow:") => (Self::Allow, 5),
            b'S' if begins(line, b"Supported:") => (Self::Supported, 9),
            b'S' if begins(line, b"Server:") => (Self::Server, 6),
            b'S' if begins(line, b"Subject:") => (Self::Subject, 7),
            b'S' if begins(line, b"Session-Expires:") => (Self::SessionExpires, 15),
            b'R' if begins(line, b"Route:") => (Self::Route, 5),
            b'P' if begins(line, b"P-Asserted-Identity:") => (Self::PAssertedIdentity, 19),
            b'E' if begins(line, b"Expires:") => (Self::Expires, 7),
            _ => return None,
        })
    }

    /// Reads a name in any case, long or compact. Nearly all are spelt as the documents spell them, so that is looked at first.
    pub fn read(name: &[u8]) -> Self {
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return Self::Other };
        let places = SLOTS.get(slot(name.len(), *first, *last)).map(<[u8; SHARED_MAX]>::as_slice).unwrap_or_default();
        let known = || places.iter().filter_map(|place| Self::SPELLINGS.get(usize::from(*place).checked_sub(1)?));
        let exact = known().find(|(spelling, _)| name == spelling.as_bytes());
        let found = exact.or_else(|| known().find(|(spelling, _)| name.eq_ignore_ascii_case(spelling.as_bytes())));
        found.map_or(Self::Other, |(_, name)| *name)
    }
}

header_names! {
    Via "Via" ["v"];
    From "From" ["f"];
    To "To" ["t"];
    CallId "Call-ID" ["i"];
    CSeq "CSeq";
    Contact "Contact" ["m"];
    ContentLength "Content-Length" ["l"];
    ContentType "Content-Type" ["c"];
    MaxForwards "Max-Forwards";
    UserAgent "User-Agent";
    Server "Server";
    Allow "Allow";
    Supported "Supported" ["k"];
    Require "Require";
    Unsupported "Unsupported";
    ProxyRequire "Proxy-Require";
    Route "Route";
    RecordRoute "Record-Route";
    Authorization "Authorization";
    ProxyAuthorization "Proxy-Authorization";
    WwwAuthenticate "WWW-Authenticate";
    ProxyAuthenticate "Proxy-Authenticate";
    Expires "Expires";
    MinExpires "Min-Expires";
    Date "Date";
    Reason "Reason";
    Warning "Warning";
    RetryAfter "Retry-After";
    ErrorInfo "Error-Info";
    CallInfo "Call-Info";
    AlertInfo "Alert-Info";
    Identity "Identity" ["y"];
    IdentityInfo "Identity-Info" ["n"];
    PAssertedIdentity "P-Asserted-Identity";
    PPreferredIdentity "P-Preferred-Identity";
    RemotePartyId "Remote-Party-ID";
    Privacy "Privacy";
    Diversion "Diversion";
    HistoryInfo "History-Info";
    ReferTo "Refer-To" ["r"];
    ReferredBy "Referred-By" ["b"];
    Replaces "Replaces";
    SessionExpires "Session-Expires" ["x"];
    MinSe "Min-SE";
    SessionId "Session-ID";
    RSeq "RSeq";
    RAck "RAck";
    Event "Event" ["o"];
    AllowEvents "Allow-Events" ["u"];
    SubscriptionState "Subscription-State";
    Accept "Accept";
    AcceptEncoding "Accept-Encoding";
    AcceptLanguage "Accept-Language";
    AcceptContact "Accept-Contact" ["a"];
    AcceptResourcePriority "Accept-Resource-Priority";
    RejectContact "Reject-Contact" ["j"];
    RequestDisposition "Request-Disposition" ["d"];
    ContentEncoding "Content-Encoding" ["e"];
    ContentDisposition "Content-Disposition";
    ContentLanguage "Content-Language";
    MimeVersion "MIME-Version";
    Subject "Subject" ["s"];
    Organization "Organization";
    Priority "Priority";
    Timestamp "Timestamp";
    InReplyTo "In-Reply-To";
    FeatureCaps "Feature-Caps";
    Path "Path";
    ServiceRoute "Service-Route";
    GeolocationError "Geolocation-Error";
    AlertMsgError "AlertMsg-Error";
    RecvInfo "Recv-Info";
    SecurityServer "Security-Server";
    SecurityClient "Security-Client";
    PermissionMissing "Permission-Missing";
    PChargingVector "P-Charging-Vector";
    Attestation "Attestation";
}

fn begins<const LENGTH: usize>(line: &[u8], name: &[u8; LENGTH]) -> bool {
    line.first_chunk() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_in_compact_form() {
        for (text, name) in [
            ("via", HeaderName::Via),
            ("V", HeaderName::Via),
            ("CALL-ID", HeaderName::CallId),
            ("i", HeaderName::CallId),
            ("y", HeaderName::Identity),
            ("x-call-id", HeaderName::Other),
            ("", HeaderName::Other),
        ] {
            assert_eq!(HeaderName::read(text.as_bytes()), name, "{text}");
        }
        assert!(HeaderName::ALL.iter().all(|n| HeaderName::read(n.name().as_bytes()) == *n));
    }

    #[test]
    fn usual_names_are_those_that_are_read() {
        let mut usual = 0;
        for name in HeaderName::ALL.iter().map(|name| name.name()) {
            let line = format!("{name}: x");
            if let Some((found, length)) = HeaderName::usual(line.as_bytes()) {
                assert_eq!((found, length), (HeaderName::read(name.as_bytes()), name.len()));
                usual += 1;
            }
            assert_eq!(HeaderName::usual(name.as_bytes()), None);
        }
        assert_eq!(usual, 19);
    }
}
