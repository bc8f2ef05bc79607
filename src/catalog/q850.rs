//! Q.850: causes for which the telephone network releases a call, and the locations that name who released it.

/// One cause value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The value, 1 to 127.
    pub value: u8,
    /// Its customary name.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub meaning: &'static str,
    /// The status that RFC 3398 §7.2.4.1 makes of it; `None` for those it does not list (500 then applies), and for 16,
    /// which ends a call in the ordinary way. Of 22 with a new number it makes 301, of 21 from the user 603.
    pub sip: Option<u16>,
}

/// The causes by ascending value.
static CAUSES: &[Cause] = &[
    Cause {
        value: 1,
        name: "Unallocated number",
        meaning: "The number is well-formed, but nobody has it.",
        sip: Some(404),
    },
    Cause {
        value: 2,
        name: "No route to transit network",
        meaning: "The carrier through which the call was to go is unknown here.",
        sip: Some(404),
    },
    Cause {
        value: 3,
        name: "No route to destination",
        meaning: "No route leads to the called number.",
        sip: Some(404),
    },
    Cause {
        value: 4,
        name: "Send special information tone",
        meaning: "The called number cannot be reached for a lasting reason; the caller should hear a special tone.",
        sip: None,
    },
    Cause {
        value: 5,
        name: "Misdialled trunk prefix",
        meaning: "A trunk prefix was dialled where none belongs.",
        sip: None,
    },
    Cause {
        value: 6,
        name: "Channel unacceptable",
        meaning: "The channel that was offered cannot be used.",
        sip: None,
    },
    Cause {
        value: 7,
        name: "Call awarded in established channel",
        meaning: "The call was handed over in a channel that already exists.",
        sip: None,
    },
    Cause {
        value: 8,
        name: "Preemption",
        meaning: "The circuit was taken away for a call of higher priority.",
        sip: None,
    },
    Cause {
        value: 9,
        name: "Preemption, circuit reserved for reuse",
        meaning: "The circuit was taken away and is kept for a call of higher priority.",
        sip: None,
    },
    Cause {
        value: 14,
        name: "Query on release: ported number",
        meaning: "The number was ported; its new network has to be looked up.",
        sip: None,
    },
    Cause { value: 16, name: "Normal call clearing", meaning: "One of the two parties hung up.", sip: None },
    Cause { value: 17, name: "User busy", meaning: "The called party is busy.", sip: Some(486) },
    Cause {
        value: 18,
        name: "No user responding",
        meaning: "The called device did not react to the call at all.",
        sip: Some(408),
    },
    Cause {
        value: 19,
        name: "No answer from user",
        meaning: "The called party was alerted and did not answer in time.",
        sip: Some(480),
    },
    Cause {
        value: 20,
        name: "Subscriber absent",
        meaning: "A mobile subscriber is switched off or out of coverage.",
        sip: Some(480),
    },
    Cause {
        value: 21,
        name: "Call rejected",
        meaning: "The called side could take the call and does not want it; blocking services use this cause too.",
        sip: Some(403),
    },
    Cause {
        value: 22,
        name: "Number changed",
        meaning: "The called number is no longer in use; the new one may be given in the diagnostic.",
        sip: Some(410),
    },
    Cause {
        value: 23,
        name: "Redirection to new destination",
        meaning: "The call is to be sent on to another number.",
        sip: Some(410),
    },
    Cause {
        value: 24,
        name: "Rejected by a feature at the destination",
        meaning: "A service of the called line, such as screening, rejected the call.",
        sip: None,
    },
    Cause {
        value: 25,
        name: "Exchange routing error",
        meaning: "An exchange could not route the call, often because of a loop.",
        sip: None,
    },
    Cause {
        value: 26,
        name: "Non-selected user clearing",
        meaning: "Another device of the called party took the call.",
        sip: Some(404),
    },
    Cause {
        value: 27,
        name: "Destination out of order",
        meaning: "The line or device of the called party does not work.",
        sip: Some(502),
    },
    Cause {
        value: 28,
        name: "Invalid number format",
        meaning: "The number is incomplete or its format is wrong.",
        sip: Some(484),
    },
    Cause {
        value: 29,
        name: "Facility rejected",
        meaning: "A supplementary service that was asked for cannot be provided.",
        sip: Some(501),
    },
    Cause { value: 30, name: "Response to status enquiry", meaning: "A mere answer to a status question.", sip: None },
    Cause {
        value: 31,
        name: "Normal, unspecified",
        meaning: "An ordinary end without a closer reason; also what gateways use when they know no better.",
        sip: Some(480),
    },
    Cause {
        value: 34,
        name: "No circuit or channel available",
        meaning: "All circuits in this direction are taken.",
        sip: Some(503),
    },
    Cause {
        value: 38,
        name: "Network out of order",
        meaning: "The network is down, and will probably be for some time.",
        sip: Some(503),
    },
    Cause {
        value: 39,
        name: "Permanent frame mode connection out of service",
        meaning: "A permanent connection failed.",
        sip: None,
    },
    Cause {
        value: 40,
        name: "Permanent frame mode connection operational",
        meaning: "A permanent connection works again.",
        sip: None,
    },
    Cause {
        value: 41,
        name: "Temporary failure",
        meaning: "The network has a fault that will probably pass soon.",
        sip: Some(503),
    },
    Cause {
        value: 42,
        name: "Switching equipment congestion",
        meaning: "An exchange has more calls than it can handle.",
        sip: Some(503),
    },
    Cause {
        value: 43,
        name: "Access information discarded",
        meaning: "The network could not deliver all information that came with the call.",
        sip: None,
    },
    Cause {
        value: 44,
        name: "Requested circuit or channel not available",
        meaning: "The circuit that was asked for is not available at the other end.",
        sip: None,
    },
    Cause {
        value: 46,
        name: "Precedence call blocked",
        meaning: "No circuit could be freed for a call with priority.",
        sip: None,
    },
    Cause {
        value: 47,
        name: "Resource unavailable, unspecified",
        meaning: "Some resource is missing, such as circuits or processing capacity.",
        sip: Some(503),
    },
    Cause {
        value: 49,
        name: "Quality of service not available",
        meaning: "The quality that was asked for cannot be provided.",
        sip: None,
    },
    Cause {
        value: 50,
        name: "Requested facility not subscribed",
        meaning: "The line has no subscription for the service.",
        sip: None,
    },
    Cause {
        value: 53,
        name: "Outgoing calls barred within closed user group",
        meaning: "The closed user group does not allow this outgoing call.",
        sip: None,
    },
    Cause {
        value: 55,
        name: "Incoming calls barred within closed user group",
        meaning: "The closed user group does not allow this incoming call.",
        sip: Some(403),
    },
    Cause {
        value: 57,
        name: "Bearer capability not authorized",
        meaning: "The caller may not use the requested kind of connection.",
        sip: Some(403),
    },
    Cause {
        value: 58,
        name: "Bearer capability not presently available",
        meaning: "The requested kind of connection is not available at the moment.",
        sip: Some(503),
    },
    Cause {
        value: 62,
        name: "Inconsistent outgoing access information",
        meaning: "Access information and subscriber class contradict each other.",
        sip: None,
    },
    Cause {
        value: 63,
        name: "Service or option not available, unspecified",
        meaning: "The service is not available here.",
        sip: None,
    },
    Cause {
        value: 65,
        name: "Bearer capability not implemented",
        meaning: "The equipment does not support the requested kind of connection.",
        sip: Some(488),
    },
    Cause {
        value: 66,
        name: "Channel type not implemented",
        meaning: "The equipment does not support the type of channel.",
        sip: None,
    },
    Cause {
        value: 69,
        name: "Requested facility not implemented",
        meaning: "The equipment does not support the supplementary service.",
        sip: None,
    },
    Cause {
        value: 70,
        name: "Only restricted digital information available",
        meaning: "The equipment supports restricted digital connections only.",
        sip: Some(488),
    },
    Cause {
        value: 79,
        name: "Service or option not implemented, unspecified",
        meaning: "The equipment does not support the service.",
        sip: Some(501),
    },
    Cause {
        value: 81,
        name: "Invalid call reference value",
        meaning: "A message refers to a call that does not exist.",
        sip: None,
    },
    Cause {
        value: 82,
        name: "Identified channel does not exist",
        meaning: "A message names a channel that is not set up.",
        sip: None,
    },
    Cause {
        value: 83,
        name: "Suspended call exists, this call identity does not",
        meaning: "The call to be resumed is not the one that was suspended.",
        sip: None,
    },
    Cause {
        value: 84,
        name: "Call identity in use",
        meaning: "The identity for suspending the call is already taken.",
        sip: None,
    },
    Cause { value: 85, name: "No call suspended", meaning: "There is no suspended call to resume.", sip: None },
    Cause {
        value: 86,
        name: "Call with the requested identity has been cleared",
        meaning: "The suspended call has ended meanwhile.",
        sip: None,
    },
    Cause {
        value: 87,
        name: "User not member of closed user group",
        meaning: "The called party is not in the closed user group of the caller.",
        sip: Some(403),
    },
    Cause {
        value: 88,
        name: "Incompatible destination",
        meaning: "The called device cannot handle this kind of call.",
        sip: Some(503),
    },
    Cause {
        value: 90,
        name: "Non-existent closed user group",
        meaning: "The closed user group does not exist.",
        sip: None,
    },
    Cause {
        value: 91,
        name: "Invalid transit network selection",
        meaning: "The transit network is named in a wrong format.",
        sip: None,
    },
    Cause { value: 95, name: "Invalid message, unspecified", meaning: "A message is invalid.", sip: None },
    Cause {
        value: 96,
        name: "Mandatory information element is missing",
        meaning: "A message lacks something it must contain.",
        sip: None,
    },
    Cause {
        value: 97,
        name: "Message type non-existent or not implemented",
        meaning: "A message is of a type that the receiver does not know.",
        sip: None,
    },
    Cause {
        value: 98,
        name: "Message not compatible with call state, or unknown",
        meaning: "A message does not fit the state of the call.",
        sip: None,
    },
    Cause {
        value: 99,
        name: "Information element or parameter unknown",
        meaning: "A message contains an element that the receiver does not know.",
        sip: None,
    },
    Cause {
        value: 100,
        name: "Invalid information element contents",
        meaning: "An element of a message has contents that the receiver cannot use.",
        sip: None,
    },
    Cause {
        value: 101,
        name: "Message not compatible with call state",
        meaning: "A message came in a state of the call in which it is not allowed.",
        sip: None,
    },
    Cause { value: 102, name: "Recovery on timer expiry", meaning: "An answer did not come in time.", sip: Some(504) },
    Cause {
        value: 103,
        name: "Parameter unknown, passed on",
        meaning: "A parameter was not understood and passed on unchanged.",
        sip: None,
    },
    Cause {
        value: 110,
        name: "Message with unknown parameter discarded",
        meaning: "A message was dropped because of a parameter that was not understood.",
        sip: None,
    },
    Cause {
        value: 111,
        name: "Protocol error, unspecified",
        meaning: "A protocol error without a closer description.",
        sip: Some(500),
    },
    Cause {
        value: 127,
        name: "Interworking, unspecified",
        meaning: "A network behind a gateway ended the call without giving a cause that can be translated.",
        sip: Some(500),
    },
];

/// The locations of RFC 8606 §4 with what they name, seen from the side that released the call.
static LOCATIONS: &[(&str, &str)] = &[
    ("U", "user"),
    ("LPN", "private network serving the local user"),
    ("LN", "public network serving the local user"),
    ("TN", "transit network"),
    ("RLN", "public network serving the remote user"),
    ("RPN", "private network serving the remote user"),
    ("INTL", "international network"),
    ("BI", "network beyond an interworking point"),
];

/// Every cause with a name, by ascending value.
pub fn causes() -> &'static [Cause] {
    CAUSES
}

/// The cause of a value.
pub fn cause(value: u32) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| u32::from(cause.value) == value)
}

/// The class of a cause value, named or not; `None` outside 1 to 127.
pub fn cause_class(value: u32) -> Option<&'static str> {
    match value {
        1..=31 => Some("normal event"),
        32..=47 => Some("resource unavailable"),
        48..=63 => Some("service or option not available"),
        64..=79 => Some("service or option not implemented"),
        80..=95 => Some("invalid message"),
        96..=111 => Some("protocol error"),
        112..=127 => Some("interworking"),
        _ => None,
    }
}

/// What a `location` parameter names (RFC 8606). The local user is the one on the side that released the call.
pub fn location(text: &str) -> Option<&'static str> {
    LOCATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn causes_ascend_and_map_to_known_statuses() {
        assert!(CAUSES.windows(2).all(|pair| pair[0].value < pair[1].value));
        for cause in CAUSES {
            assert!((1..=127).contains(&cause.value) && cause_class(cause.value.into()).is_some(), "{cause:?}");
            assert!(cause.meaning.ends_with('.') && !cause.name.ends_with('.'), "{cause:?}");
            assert!(cause.sip.is_none_or(|status| catalog::lookup(status).is_some()), "{cause:?}");
        }
    }

    #[test]
    fn causes_of_statuses_have_names() {
        for entry in catalog::entries() {
            assert!(entry.q850.is_none_or(|value| cause(value.into()).is_some()), "{}", entry.code);
        }
    }

    #[test]
    fn unnamed_values_have_a_class_only() {
        assert_eq!((cause(15), cause_class(15)), (None, Some("normal event")));
        assert_eq!((cause(128), cause_class(128)), (None, None));
        assert_eq!((cause(0), cause_class(0)), (None, None));
    }

    #[test]
    fn locations_are_read_without_regard_to_case() {
        assert_eq!(location("LN"), Some("public network serving the local user"));
        assert_eq!(location("bi"), Some("network beyond an interworking point"));
        assert_eq!(location("LOC-6"), None);
    }
}
