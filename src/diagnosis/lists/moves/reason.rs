//! Why an address of a 301 should be adopted or not, in the order in which the reasons count.

/// Why a new address is worth storing, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The 301 has no Contact.
    NoContact,
    /// It has none that a caller can use.
    NoUsableContact,
    /// The chain of redirects leads back.
    Loop,
    /// The Contact is the old address.
    ToItself,
    /// The response may not come from the server that was asked, or leads to an expensive number.
    Suspicious,
    /// The new address belongs to a foreign domain.
    ForeignDomain,
    /// It is less secure.
    LessSecure,
    /// The answer of a routing database.
    RoutingDip,
    /// The Contact carries data of a routing database.
    RoutingParameters,
    /// It is the old address with another transport or other parameters.
    SameAddress,
    /// An address of the server itself, in place of one that it got.
    Rewritten,
    /// The targets change.
    ChangingTarget,
    /// The old address is in use.
    OldAddressInUse,
    /// The new address is valid for less than a day.
    ShortValidity,
    /// A forwarded call, by the words of the 301.
    Forwarded,
    /// A forwarded call.
    AfterRinging,
    /// The Contact carries header fields.
    EmbeddedHeaders,
    /// Callers elsewhere cannot reach the new address.
    NotRoutable,
    /// Its host name has no address.
    NotResolvable,
    /// The new address redirects further.
    MovesOn,
    /// The last call there failed.
    FailedLater,
    /// Calls there failed.
    Failed,
    /// Calls there got no final response.
    NoResponse,
    /// It was reached, but nobody answered.
    NotAnswered,
    /// Another Contact answered.
    OtherContactAnswered,
    /// Nobody called it.
    NotCalled,
    /// Too many addresses: it was not compared with all other 301s.
    NotCompared,
    /// It answered, and nothing speaks against it.
    Answered,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 28] = [
        Self::NoContact,
        Self::NoUsableContact,
        Self::Loop,
        Self::ToItself,
        Self::Suspicious,
        Self::ForeignDomain,
        Self::LessSecure,
        Self::RoutingDip,
        Self::RoutingParameters,
        Self::SameAddress,
        Self::Rewritten,
        Self::ChangingTarget,
        Self::OldAddressInUse,
        Self::ShortValidity,
        Self::Forwarded,
        Self::AfterRinging,
        Self::EmbeddedHeaders,
        Self::NotRoutable,
        Self::NotResolvable,
        Self::MovesOn,
        Self::FailedLater,
        Self::Failed,
        Self::NoResponse,
        Self::NotAnswered,
        Self::OtherContactAnswered,
        Self::NotCalled,
        Self::NotCompared,
        Self::Answered,
    ];

    /// Whether the new address may replace the old one.
    pub fn adopts(self) -> bool {
        self == Self::Answered
    }

    /// The name for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoContact => "no-contact",
            Self::NoUsableContact => "no-usable-contact",
            Self::Loop => "loop",
            Self::ToItself => "to-itself",
            Self::SameAddress => "same-address",
            Self::Suspicious => "suspicious",
            Self::ForeignDomain => "foreign-domain",
            Self::LessSecure => "less-secure",
            Self::RoutingDip => "routing-dip",
            Self::RoutingParameters => "routing-parameters",
            Self::Rewritten => "rewritten",
            Self::ChangingTarget => "changing-target",
            Self::OldAddressInUse => "old-address-in-use",
            Self::ShortValidity => "short-validity",
            Self::Forwarded => "forwarded",
            Self::AfterRinging => "after-ringing",
            Self::EmbeddedHeaders => "embedded-headers",
            Self::NotRoutable => "not-routable",
            Self::NotResolvable => "not-resolvable",
            Self::MovesOn => "moves-on",
            Self::FailedLater => "failed-later",
            Self::Failed => "failed",
            Self::NoResponse => "no-response",
            Self::NotAnswered => "not-answered",
            Self::OtherContactAnswered => "other-contact-answered",
            Self::NotCalled => "not-called",
            Self::NotCompared => "not-compared",
            Self::Answered => "answered",
        }
    }

    /// A sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoContact => "The 301 names no new address: find it out by another way.",
            Self::NoUsableContact => "No Contact of the 301 is an address that can be called.",
            Self::Loop => "The redirects lead back to an address that was called before.",
            Self::ToItself => "The 301 leads back to the old address.",
            Self::SameAddress => "The new address is the old one with another transport or other parameters.",
            Self::Suspicious => {
                "The 301 may be forged, or leads to an expensive number: ask the owner of the old address."
            }
            Self::ForeignDomain => {
                "The new address belongs to another domain: store it only when the owner of the old one confirms it."
            }
            Self::LessSecure => "The old address is a sips one and the new one is not.",
            Self::RoutingDip => "The 301 is the answer of a routing database about one call; nobody moved.",
            Self::RoutingParameters => "The new address carries routing data that holds for one call.",
            Self::Rewritten => {
                "The server put an address of its own in place of the one that it got from behind: it may hold for one call."
            }
            Self::ChangingTarget => "Other 301s for the old address lead elsewhere.",
            Self::OldAddressInUse => "The server treated the old address as one in use after the 301.",
            Self::ShortValidity => "The 301 limits the new address to less than a day.",
            Self::Forwarded => {
                "The 301 says itself that it forwards the call (Diversion, or a cause in the Contact): nobody moved."
            }
            Self::AfterRinging => "The old address rang before the 301: a forwarded call and no move.",
            Self::EmbeddedHeaders => {
                "The Contact carries header fields for the next request, which a stored address loses."
            }
            Self::NotRoutable => "The new address is one that the caller's network does not share.",
            Self::NotResolvable => "The host name of the new address has no address, or is no public name.",
            Self::MovesOn => "The new address redirects the call further: it is not the last one.",
            Self::FailedLater => "The new address answered calls, but the last one failed.",
            Self::Failed => "No call to the new address got through.",
            Self::NoResponse => "Calls to the new address got no final response.",
            Self::NotAnswered => {
                "The new address was reached, but nobody took a call there: it was busy, or the call was declined or given up."
            }
            Self::OtherContactAnswered => "Another Contact of the 301 answered the call, and not this one.",
            Self::NotCalled => "The capture holds no call to the new address, so nothing shows that it works.",
            Self::NotCompared => "Too many addresses moved: it is not known whether other 301s contradict this one.",
            Self::Answered => {
                "The new address answered and nothing speaks against it: adopt it when its owner confirms it."
            }
        }
    }
}
