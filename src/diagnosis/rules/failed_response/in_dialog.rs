//! What a status means inside a dialog, where the catalogue speaks of reaching somebody: whoever sends a request there was answered before,
//! and neither a number, a user, nor a rejected call is what it is about.

use super::other_methods::{Methods, Wording};
use crate::call::Transaction;
use crate::sip::Method;

/// A number or user that is not known, inside a dialog, where the request names neither, but the way to the other end: many proxies say so
/// to what has no Route.
const OFF_THE_ROUTE: Wording = Wording {
    statuses: &[404, 410, 484, 485, 604],
    methods: Methods::Others,
    meaning: "Inside a dialog the status says nothing of a user: the server does not know where to send the request on. As a rule its Route is \
        missing, or is not the way that Record-Route gave when the dialog began.",
    fixes: &[
        "Compare Route of the request with Record-Route of the response that began the dialog, and the Request-URI with the Contact there: \
            the client has to take both from it (RFC 3261 §12.1.2, §12.2.1.1).",
        "Compare Record-Route of that response with the INVITE as it reached whoever answered, who has to copy all values (RFC 3261 §12.1.1).",
    ],
    role: "the operator of the other end of the dialog, or of the client that sent the request",
    verify: Some(
        "The next such request carries the Route that Record-Route gave, and the other end of the dialog answers it.",
    ),
};

/// A rejection, where no call is left to be rejected.
const CHANGE_REFUSED: Wording = Wording {
    statuses: &[486, 600, 603, 608],
    methods: Methods::Others,
    meaning: "Inside a dialog the status does not reject the call, and does not end it (RFC 3261 §14.1): it refuses what this request asked for, \
        such as hold, another codec or address, video, fax, or a refresh of the session.",
    fixes: &[
        "Compare the body of the request with the session as it was: what is new in it was refused.",
        "Where it was meant to be accepted, look for what refuses it at the end that answered; for an offer that does not suit it, 488 with \
            Warning says more.",
    ],
    role: "the operators of the two ends",
    verify: Some(AGAIN),
};

/// The same for a status that tells of an absent user, and which clients may take for the end of the session.
const NOT_NOW: Wording = Wording {
    statuses: &[480],
    methods: Methods::Others,
    meaning: "Inside a dialog the status says nothing of a registration: the other end refuses what this request asked for, or an element on the \
        way no longer reaches it. Clients may take it for the end of the session (RFC 5057 §5.1).",
    fixes: &[
        "Look into the log of the element that answered: whether it refuses such a change of the session, or lost the way to the other end.",
    ],
    role: "the operator of the server that answered",
    verify: Some(AGAIN),
};

/// A policy, which is about this request and not about the call.
const CHANGE_FORBIDDEN: Wording = Wording {
    statuses: &[403],
    methods: Methods::Others,
    meaning: "Inside a dialog the status does not end the call (RFC 3261 §14.1): the server understood this request, such as hold, another codec \
        or address, video, fax, or a refresh of the session, and refuses it as a matter of policy.",
    fixes: &[
        "Compare the body of the request with the session as it was: what is new in it may be what the policy refuses.",
        "Where nothing is new, compare its source, Route and credentials with those of the requests before it, and ask the operator that refused \
            which rule applied, with Call-ID and time at hand.",
    ],
    role: "the operator that refused, together with the operator of the client that sent the request",
    verify: Some(AGAIN),
};

/// An overload, inside a dialog, for which no other server can take over.
const NOT_NOW_AT_ALL: Wording = Wording {
    statuses: &[503],
    methods: Methods::Others,
    meaning: "Inside a dialog the status does not end the call (RFC 3261 §14.1): the server could not take this request at the moment, or could not \
        reach the other end with it.",
    fixes: &[
        "Look into the log of the server that answered, and at its load at this second: whether it refused the request itself, or lost the way to \
            the other end.",
        "At the client: keep the session as it was, and try the change again after a while.",
    ],
    role: "the operator of the server that answered",
    verify: Some(AGAIN),
};

const AGAIN: &str = "The next such request inside a dialog is accepted, or is no longer sent.";

/// All words of this file.
#[cfg(test)]
pub(super) const WORDINGS: &[Wording] = &[OFF_THE_ROUTE, CHANGE_REFUSED, NOT_NOW, CHANGE_FORBIDDEN, NOT_NOW_AT_ALL];

/// The words for the status of a response to a request inside a dialog; `None` where others fit.
pub(super) fn wording(transaction: &Transaction, status: u16) -> Option<&'static Wording> {
    if !transaction.in_dialog {
        return None;
    }
    // Other methods name what they want: a mailbox, an event, whom to call.
    match transaction.method {
        Method::Invite | Method::Bye | Method::Update | Method::Prack | Method::Info
            if OFF_THE_ROUTE.statuses.contains(&status) =>
        {
            Some(&OFF_THE_ROUTE)
        }
        Method::Invite | Method::Update if NOT_NOW.statuses.contains(&status) => Some(&NOT_NOW),
        Method::Invite | Method::Update if CHANGE_FORBIDDEN.statuses.contains(&status) => Some(&CHANGE_FORBIDDEN),
        Method::Invite | Method::Update if NOT_NOW_AT_ALL.statuses.contains(&status) => Some(&NOT_NOW_AT_ALL),
        Method::Invite if CHANGE_REFUSED.statuses.contains(&status) => Some(&CHANGE_REFUSED),
        _ => None,
    }
}
