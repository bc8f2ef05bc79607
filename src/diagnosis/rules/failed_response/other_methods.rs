//! What a status means for a request that starts no call. The catalogue speaks of calls and called parties; a REGISTER or
//! SUBSCRIBE with the same status has another meaning, another party who must act, and nothing that could ring. So has a status whose
//! reason phrase says that it means something else.

use super::super::registration_rejected::is_for_itself;
use super::in_dialog;
use crate::call::Transaction;
use crate::diagnosis::response_facts::speaks_of_stale_date;
use crate::sip::{HeaderName, Message, Method};

/// The words for a status of some methods, in place of those of the catalogue.
#[derive(Debug)]
pub(super) struct Wording {
    pub(super) statuses: &'static [u16],
    pub(super) methods: Methods,
    pub(super) meaning: &'static str,
    pub(super) fixes: &'static [&'static str],
    pub(super) role: &'static str,
    /// How to verify it; of the others that the request is accepted.
    pub(super) verify: Option<&'static str>,
}

/// A 480 that says itself that the server found no address to pass the request on to: no word of registrations then.
const NO_ADDRESS: Wording = Wording {
    statuses: &[480],
    methods: Methods::Others,
    meaning: "By its own words the server found no address in DNS to pass the request on to.",
    fixes: &[
        "Compare the host of the Request-URI and of the topmost Route with the domains that the server serves: one of its own it should \
            not look up at all.",
        "Ask the name server that it uses for NAPTR, SRV and A or AAAA records of that host, and mend what is missing (RFC 3263 §4).",
    ],
    role: "the operator of the DNS zone, or of the server that answered",
    verify: Some(
        "From the host of that server, `dig` finds an address for the host of the Request-URI; the next such request is passed on.",
    ),
};

/// A 403 of a verifier, which refuses no caller, but a signature (RFC 8224 §6.2.2).
const STALE_DATE: Wording = Wording {
    statuses: &[403],
    methods: Methods::Others,
    meaning: "The verifier takes the signature of the request for too old, or for one from the future; sending it again does not help.",
    fixes: &[
        "Set the clock of the signing server by NTP, and sign immediately before sending.",
        "Compare the claim `iat` of the token, and Date, with the time at which the verifier got the request: they may differ by a minute at most. \
            Where they agree, set the clock of the verifier.",
    ],
    role: "the operator of the signing service, or of the verifier",
    verify: Some("The next request is signed in the minute in which it is sent, and is accepted."),
};

/// A 481 to an INVITE that begins a dialog, and is to take over another: it is that one the server does not know (RFC 3891 §3).
const REPLACED: Wording = Wording {
    statuses: &[481],
    methods: Methods::Others,
    meaning: "The INVITE asks in Replaces to take over another dialog, as an attended transfer or a pickup does, and the server knows no such \
        dialog: it is over, was never here, or has other tags (RFC 3891 §3).",
    fixes: &[
        "Compare Call-ID, to-tag and from-tag in Replaces with the dialog to be taken over, as the answering end sees it: its own tag is the to-tag. A \
            B2BUA on the way has other identifiers on each side, and must rewrite Replaces.",
        "If they agree, see whether that dialog had ended before: whoever transfers a call must keep it until the transfer is done.",
    ],
    role: "the operator of the client that sent Replaces, or of the element that changes the identifiers of dialogs",
    verify: Some(
        "Transfer again: the INVITE with Replaces is answered 200, and the dialog that it names ends with BYE.",
    ),
};

/// A 481 to a NOTIFY that nobody asked for (it has no To tag), as exchanges send for message waiting.
const UNSOLICITED: Wording = Wording {
    statuses: &[481],
    methods: Methods::Others,
    meaning: "The NOTIFY has no To tag and so belongs to no subscription, and the client takes none that it did not ask for.",
    fixes: &[
        "If the client needs what the NOTIFY tells, such as messages waiting, let it subscribe to that, or let it take a NOTIFY without subscription.",
        "Otherwise switch such NOTIFYs off for this client at the server that sends them.",
    ],
    role: "the operator of whatever sends the NOTIFY, or of the client that answered",
    verify: None,
};

/// A registration of somebody else, as IMS and other networks send them to application servers (RFC 3261 §10.2, §10.3): there the sender needs leave, and
/// no account.
const THIRD_PARTY: Wording = Wording {
    statuses: &[403, 404, 410, 480, 486, 600, 603, 604, 606, 608],
    methods: Methods::Register,
    meaning: "From and To of the REGISTER differ: its sender registers somebody else, as a network does at an application server, and the server \
        refuses that.",
    fixes: &[
        "If that is meant, ask the operator of the server whether the sender may register others there (RFC 3261 §10.3), and whether it knows the \
            address of record in To; else take that server out of what the sender registers with.",
        "If it is not meant, write the address of record of the account into From as well as To at the client.",
    ],
    role: "the operator of the element that sent the request, together with that of the server that answered",
    verify: None,
};

/// What a failure means for whoever names a scanner as its program.
pub(super) const SCAN: &str = "The request names a scanner: whoever sent it looks for servers and users, and has no account or call of its own that failed. What to do \
    about such sources the finding scanner says.";

/// The words for the `status` of a response to a REGISTER for somebody else.
pub(super) fn of_third_party(request: &Message, status: u16) -> Option<&'static Wording> {
    // Who signs with an account registers that, whatever it writes into From.
    let has_account = || request.has(HeaderName::Authorization) || request.has(HeaderName::ProxyAuthorization);
    (THIRD_PARTY.statuses.contains(&status) && !is_for_itself(request) && !has_account()).then_some(&THIRD_PARTY)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Methods {
    Register,
    /// Neither INVITE nor REGISTER.
    Others,
}

/// The words for the `status` of a response to an INVITE that is to take over another dialog.
pub(super) fn of_replaces(request: &Message, status: u16) -> Option<&'static Wording> {
    (REPLACED.statuses.contains(&status) && request.has(HeaderName::Replaces)).then_some(&REPLACED)
}

/// The words for the `status` of a response as the answer to `method`; `None` where those of the catalogue fit.
pub(super) fn wording(transaction: &Transaction, status: u16, response: &Message) -> Option<&'static Wording> {
    let method = &transaction.method;
    if let Some(wording) = in_dialog::wording(transaction, status) {
        return Some(wording);
    }
    if *method != Method::Register && NO_ADDRESS.statuses.contains(&status) && speaks_of_dns(response) {
        return Some(&NO_ADDRESS);
    }
    if *method != Method::Register && STALE_DATE.statuses.contains(&status) && speaks_of_stale_date(response) {
        return Some(&STALE_DATE);
    }
    if *method == Method::Notify && !transaction.in_dialog && UNSOLICITED.statuses.contains(&status) {
        return Some(&UNSOLICITED);
    }
    let methods = match method {
        Method::Invite | Method::Ack | Method::Cancel => return None,
        Method::Register => Methods::Register,
        _ => Methods::Others,
    };
    WORDINGS.iter().find(|w| w.methods == methods && w.statuses.contains(&status))
}

/// All advice of these words.
#[cfg(test)]
pub(super) fn fixes() -> impl Iterator<Item = &'static str> {
    WORDINGS.iter().chain(in_dialog::WORDINGS).flat_map(|wording| wording.fixes).copied()
}

/// Whether the reason phrase speaks of DNS.
pub(super) fn speaks_of_dns(response: &Message) -> bool {
    let phrase = response.reason_phrase().unwrap_or_default();
    phrase.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.eq_ignore_ascii_case("dns"))
}

const WORDINGS: &[Wording] = &[
    Wording {
        statuses: &[403],
        methods: Methods::Register,
        meaning: "The registrar understood the request and refuses this registration.",
        fixes: &[
            "Read the reason phrase: many registrars name wrong credentials here, after a challenge (401 or 407) that was answered. Then \
                enter user name and password again at both ends.",
            "See whether the account exists, is active, and may register from this source address.",
            "Compare To and the domain of the Request-URI with the account.",
        ],
        role: "the operator of the registrar, together with the owner of the account",
        verify: None,
    },
    Wording {
        statuses: &[404, 410, 604],
        methods: Methods::Register,
        meaning: "The registrar knows no such address of record, or does not serve its domain.",
        fixes: &[
            "Compare To and the domain of the Request-URI with the account.",
            "If they are right, create the account at the registrar.",
        ],
        role: "the operator of the registrar, together with the owner of the account",
        verify: None,
    },
    Wording {
        statuses: &[480],
        methods: Methods::Register,
        meaning: "The server cannot take the registration at the moment; to REGISTER the status says nothing of a called \
            party.",
        fixes: &[
            "Read the reason phrase. If it speaks of DNS or routing, the server took the REGISTER for a request to pass \
                on: it does not serve that domain, and cannot find who does.",
            "Compare the domain of the Request-URI with those that the server serves.",
        ],
        role: "the operator of the client that names the wrong domain, or of the server that answered",
        verify: None,
    },
    Wording {
        statuses: &[486, 600, 603, 606, 608],
        methods: Methods::Register,
        meaning: "The registrar refuses this registration; to REGISTER the status says nothing of a called user or of a call.",
        fixes: &[
            "Look into the log of the registrar at this second: which rule refused the registration, and why with a status for calls.",
            "See whether the account exists, is active, and may register from this source address.",
        ],
        role: "the operator of the registrar, together with the owner of the account",
        verify: None,
    },
    Wording {
        statuses: &[403],
        methods: Methods::Others,
        meaning: "The server understood the request and refuses it as a matter of policy.",
        fixes: &[
            "Ask the operator of that server who may send such requests; compare From and the source address with that.",
            "If the feature is not meant to be used there, switch it off at the client.",
        ],
        role: "the operator that refused, together with the operator of the client that sent the request",
        verify: None,
    },
    Wording {
        statuses: &[404, 604],
        methods: Methods::Others,
        meaning: "The server knows nothing under this address that could take the request, or does not serve the domain.",
        fixes: &[
            "Compare the Request-URI with what the server knows: user, mailbox or event, and domain.",
            "If nobody needs the feature (presence, message waiting), switch it off at the client.",
        ],
        role: "the operator of the client that sent the request",
        verify: None,
    },
    Wording {
        statuses: &[480],
        methods: Methods::Others,
        meaning: "Nobody can take the request at this address at the moment: no device is registered there, or none that \
            serves such requests.",
        fixes: &[
            "Look for a registration of the addressee at that server at this time.",
            "If nobody needs the feature (presence, message waiting), switch it off at the client.",
        ],
        role: "usually nobody; if the addressee should be reachable, the operator of the server that answered",
        verify: None,
    },
    Wording {
        statuses: &[486, 600, 603],
        methods: Methods::Others,
        meaning: "The addressee was reached and does not take this request.",
        fixes: &["Nothing needs repair unless the addressee was meant to take such requests."],
        role: "nobody",
        verify: None,
    },
    Wording {
        statuses: &[608],
        methods: Methods::Others,
        meaning: "Something between the two parties, such as a provider's analytics service, rejected the request on behalf of the addressee. \
            No person saw it.",
        fixes: &[],
        role: "the operator of the server that answered",
        verify: None,
    },
    Wording {
        statuses: &[488, 606],
        methods: Methods::Others,
        meaning: "The addressee cannot accept what the request carries or asks for.",
        fixes: &[
            "Compare the body and its Content-Type with what the addressee supports; Warning may name the reason.",
        ],
        role: "the operators of the two ends",
        verify: None,
    },
    Wording {
        statuses: &[503],
        methods: Methods::Register,
        meaning: OVERLOAD,
        fixes: OVERLOAD_FIXES,
        role: "the operator of the server that answered",
        verify: None,
    },
    Wording {
        statuses: &[503],
        methods: Methods::Others,
        meaning: OVERLOAD,
        fixes: OVERLOAD_FIXES,
        role: "the operator of the server that answered",
        verify: None,
    },
];

const OVERLOAD: &str = "The server cannot handle the request now: it is overloaded or in maintenance.";
const OVERLOAD_FIXES: &[&str] = &[
    "Look at the load and the state of the server that answered, and of what it depends on.",
    "Clients: use the next server, and leave this one alone for the time that Retry-After gives.",
];
