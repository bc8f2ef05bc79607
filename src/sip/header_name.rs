//! Names of header fields, with their compact forms.

use std::sync::LazyLock;

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

/// Spellings by [`slot`]: hardly ever more than two to compare with.
static SLOTS: LazyLock<[Vec<(&'static str, HeaderName)>; SLOT_COUNT]> = LazyLock::new(|| {
    let mut slots = [const { Vec::new() }; SLOT_COUNT];
    for spelling in HeaderName::SPELLINGS {
        if let Some(slot) = slots.get_mut(slot(spelling.0.as_bytes())) {
            slot.push(*spelling);
        }
    }
    slots
});

const SLOT_COUNT: usize = 128;

/// Where a name is looked up: by its length, its first and its last letter.
fn slot(name: &[u8]) -> usize {
    let letter = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | 0x20));
    (name.len() * 3 + letter(name.first()) * 5 + letter(name.last()) * 17) % SLOT_COUNT
}

impl HeaderName {
    /// Reads a name in any case, long or compact.
    pub fn read(name: &[u8]) -> Self {
        let known = SLOTS.get(slot(name)).map(Vec::as_slice).unwrap_or_default();
        let found = known.iter().find(|(spelling, _)| name.eq_ignore_ascii_case(spelling.as_bytes()));
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
}
