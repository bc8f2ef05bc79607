//! Client errors from 400 to 419: faults of the request itself.

use super::entry::{BASE, DialogEffect, Failure, Kind, Registration, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 400,
        phrase: "Bad Request",
        references: &["RFC 3261 §21.4.1"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Only after the syntax has been repaired.",
        useful_headers: &["reason phrase that names the fault", "Warning"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(41),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The request could not be understood because its syntax is wrong or something essential is missing.",
        when_it_occurs: &[
            "A header field is malformed or missing, Content-Length does not fit, or a device on the way \
            (often an application layer gateway in a router) damaged the message.",
        ],
        how_to_fix: &[
            "Read the reason phrase and any Warning: a good server names the header field that it rejects.",
            "Compare the rejected request with what the client sent; where they differ, switch off the ALG or mend the \
                header manipulation in between.",
            "Otherwise correct the client that wrote the field.",
        ],
        verify: "The same call gives a response other than 400.",
        who_acts: "the operator of the element that wrote or altered the rejected request",
        ..BASE
    },
    StatusEntry {
        code: 401,
        phrase: "Unauthorized",
        references: &["RFC 3261 §21.4.2"],
        kind: Kind::Challenge,
        failure: Failure::Depends,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Once, with Authorization and the next CSeq number; the same challenge again means wrong \
            credentials.",
        required_headers: &[&["WWW-Authenticate"]],
        useful_headers: &["Authentication-Info (in the later success)"],
        methods: &["any but ACK and CANCEL"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(21),
        q850_note: "RFC 3398 §8.2.6.1, once a gateway could not authenticate itself",
        meaning: "A user agent server or registrar asks the client to prove who it is. It is the normal first step of \
            digest authentication, not a failure.",
        when_it_occurs: &["The first REGISTER, or an INVITE that goes directly to a server which authenticates."],
        how_to_fix: &[
            "Nothing needs repair when a request with Authorization follows and is accepted.",
            "When the challenge is the last response, see whether the client answered it at all: it needs an account \
                for the realm and must support the offered algorithm.",
            "When credentials were refused (the same realm again, without stale=true), correct user name or password. \
                With stale=true the client only has to repeat with the new nonce.",
        ],
        verify: "The request with Authorization and a higher CSeq gets a response other than 401.",
        who_acts: "the owner of the calling account (user name, password, realm); nobody while the next request is \
            accepted",
        ..BASE
    },
    StatusEntry {
        code: 402,
        phrase: "Payment Required",
        references: &["RFC 3261 §21.4.3"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "No standard rule; handled like 400.",
        dialog_effect: DialogEffect::Transaction,
        q850: Some(21),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The code is reserved. Prepaid platforms use it to say that the account has no credit.",
        when_it_occurs: &["A billing system refuses the call."],
        how_to_fix: &[
            "Check the balance and state of the account, and ask the operator that answered what it means by \
            the code.",
        ],
        verify: "The call succeeds after the account was topped up.",
        who_acts: "the owner of the calling account, with the operator that sent it",
        ..BASE
    },
    StatusEntry {
        code: 403,
        phrase: "Forbidden",
        references: &["RFC 3261 §21.4.4", "RFC 8224 §6.2.2"],
        kind: Kind::Policy,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Never repeat it unchanged; credentials do not help.",
        useful_headers: &["Warning", "Reason"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(21),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server understood the request and refuses it as a matter of policy. Credentials do not help, and \
            repeating the request does not either.",
        when_it_occurs: &[
            "The source address is not on the list of known peers, the calling number does not belong to the account, \
                the destination is barred, or the request came over the wrong trunk.",
            "With the phrase `Stale Date`, a verifier of caller identity found the signature too old or dated in the \
                future (RFC 8224 §6.2.2).",
        ],
        how_to_fix: &[
            "Ask the refusing operator which rule applied, with Call-ID and time at hand; meanwhile check the \
                candidates below in this order.",
            "Source address and port of the request against the addresses agreed for the trunk (a changed public \
                address or NAT is the usual reason).",
            "From and P-Asserted-Identity against the numbers of the account, and the Request-URI against barred \
                destinations.",
            "For `Stale Date`: set the clock of the signing server by NTP and sign immediately before sending.",
        ],
        verify: "The same call passes after the agreed change, and other calls of the account still do.",
        who_acts: "the operator that refused, together with the operator of the calling trunk or account",
        ..BASE
    },
    StatusEntry {
        code: 404,
        phrase: "Not Found",
        references: &["RFC 3261 §21.4.5"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Elsewhere,
        retry_note: "Another server may know the user; the same one will not.",
        useful_headers: &["Reason (Q.850 cause 1, 2, 3)", "Error-Info"],
        dialog_effect: DialogEffect::Dialog,
        q850: Some(1),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server is authoritative for the domain and knows no such user, or it does not serve the domain \
            at all.",
        when_it_occurs: &["Digits in a form the peer does not expect (with or without +, national prefix), a number \
            that is not provisioned, or a wrong domain in the Request-URI."],
        how_to_fix: &[
            "Compare the Request-URI with what the peer expects: E.164 with +, prefix digits, domain.",
            "If the form is right, have the number provisioned where the call arrives.",
            "Look at a Reason header field: Q.850 cause 1, 2 or 3 comes from the telephone network behind the server.",
        ],
        verify: "A call with the corrected Request-URI rings.",
        who_acts: "the operator of the dial plan that wrote the Request-URI, or the operator that should have \
            provisioned the number",
        ..BASE
    },
    StatusEntry {
        code: 405,
        phrase: "Method Not Allowed",
        references: &["RFC 3261 §21.4.6"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Not with this method; use one that Allow lists.",
        required_headers: &[&["Allow"]],
        dialog_effect: DialogEffect::Usage,
        q850: Some(63),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server knows the method, but does not allow it for this address.",
        when_it_occurs: &["UPDATE, REFER, PUBLISH or SUBSCRIBE sent to a device that does not offer it, or REGISTER \
            sent to a proxy that is no registrar."],
        how_to_fix: &[
            "Use only the methods that Allow lists, or switch the feature off towards this peer.",
            "For REGISTER, point the client at the registrar.",
        ],
        verify: "The request is no longer sent, or is accepted where it goes now.",
        who_acts: "the vendor or operator of the client that sent the method",
        ..BASE
    },
    StatusEntry {
        code: 406,
        phrase: "Not Acceptable",
        references: &["RFC 3261 §21.4.7"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a wider Accept.",
        dialog_effect: DialogEffect::Transaction,
        q850: Some(79),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server can only answer with content that the Accept header field of the request excludes.",
        when_it_occurs: &["An Accept header field that is too narrow, often on SUBSCRIBE or OPTIONS."],
        how_to_fix: &["Widen Accept, for instance to include application/sdp, or leave it out."],
        verify: "The request is accepted.",
        who_acts: "the vendor or operator of the client",
        ..BASE
    },
    StatusEntry {
        code: 407,
        phrase: "Proxy Authentication Required",
        references: &["RFC 3261 §21.4.8"],
        kind: Kind::Challenge,
        failure: Failure::Depends,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Once, with Proxy-Authorization and the next CSeq number.",
        required_headers: &[&["Proxy-Authenticate"]],
        methods: &["any but ACK and CANCEL"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(21),
        q850_note: "RFC 3398 §8.2.6.1, once a gateway could not authenticate itself",
        meaning: "A proxy asks the client to prove who it is. It is the normal first step on trunks and subscriber \
            lines, not a failure.",
        when_it_occurs: &["An INVITE or other request reaches a proxy or SBC that authenticates its users."],
        how_to_fix: &[
            "Nothing needs repair when a request with Proxy-Authorization follows and is accepted.",
            "When the challenge is the last response, see whether the client has credentials for the realm that the \
                challenge names, and supports its algorithm.",
            "When credentials were refused, correct user name or password. With stale=true the client only has to \
                repeat with the new nonce.",
        ],
        verify: "The request with Proxy-Authorization and a higher CSeq gets a response other than 407.",
        who_acts: "the owner of the calling account (user name, password, realm); nobody while the next request is \
            accepted",
        ..BASE
    },
    StatusEntry {
        code: 408,
        phrase: "Request Timeout",
        references: &["RFC 3261 §21.4.9", "RFC 4320 §4", "RFC 3261 §12.2.1.2"],
        kind: Kind::Timeout,
        failure: Failure::Yes,
        retry: Retry::Later,
        retry_note: "The request may be sent again unchanged at a later time.",
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(102),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "No final response could be had in time. It may also be made up by the client itself when its own \
            timer runs out, in which case it is never on the wire.",
        details: &[
            "Inside a dialog a 408 ends the dialog (RFC 3261 §12.2.1.2). A server must not answer anything but \
            INVITE with 408 (RFC 4320).",
        ],
        when_it_occurs: &["A next hop that is down or unreachable, a phone that nobody picked up, or responses that \
            get lost on the way back."],
        how_to_fix: &[
            "Find the last hop that shows any response; the fault lies behind it.",
            "Check there: is the host up, does its name resolve to the right address, does a firewall or an expired \
                NAT binding swallow the request?",
            "If the phone rang, the timer was shorter than the ringing time: align no-answer timers along the path.",
        ],
        verify: "The same request gets a provisional response from behind that hop within half a second.",
        who_acts: "the operator of the hop behind which the request gets no answer",
        ..BASE
    },
    StatusEntry {
        code: 409,
        phrase: "Conflict",
        registration: Registration::Obsolete,
        references: &["RFC 2543"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "An obsolete code of RFC 2543 for registrations that conflict with each other.",
        when_it_occurs: &["Very old registrars."],
        how_to_fix: &["Update the registrar; until then treat the response like 400 and look at the Contact values \
            that were registered."],
        verify: "The registration is accepted.",
        who_acts: "the operator of the server that sent it",
        ..BASE
    },
    StatusEntry {
        code: 410,
        phrase: "Gone",
        references: &["RFC 3261 §21.4.10"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Never; the state is permanent.",
        useful_headers: &["Reason (Q.850 cause 22 or 23)"],
        dialog_effect: DialogEffect::Dialog,
        q850: Some(22),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The user once existed here, is gone for good, and no new address is known.",
        when_it_occurs: &[
            "A subscriber left without leaving a new number.",
            "A gateway or SBC that does not follow redirects turned a 301 into a 410 on its way to the caller.",
        ],
        how_to_fix: &[
            "Take the number out of directories and routes.",
            "If the leg behind the answering element shows a 301 with a usable Contact, let that element follow \
                redirects: the new address is known after all.",
        ],
        verify: "The old number is no longer dialled, or calls to it reach the new one.",
        who_acts: "the owner of the directory or route that holds the number",
        ..BASE
    },
    StatusEntry {
        code: 411,
        phrase: "Length Required",
        registration: Registration::Obsolete,
        references: &["RFC 2543"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "An obsolete code of RFC 2543: the server insists on Content-Length.",
        when_it_occurs: &["Very old servers."],
        how_to_fix: &["Send Content-Length, or update the server; otherwise treat the response like 400."],
        verify: "The request is accepted.",
        who_acts: "the vendor of the client, or the operator of the server",
        ..BASE
    },
    StatusEntry {
        code: 412,
        phrase: "Conditional Request Failed",
        references: &["RFC 3903 §11.2.1"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a fresh PUBLISH that carries no SIP-If-Match.",
        methods: &["PUBLISH"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The entity tag that the publication refers to is unknown or has expired.",
        when_it_occurs: &["The presence server restarted or dropped the state between two refreshes."],
        how_to_fix: &["Publish the full state again without SIP-If-Match. If it happens often, refresh well before \
            expiry."],
        verify: "The new PUBLISH gets a 200 with a new SIP-ETag.",
        who_acts: "the vendor of the presence client",
        ..BASE
    },
    StatusEntry {
        code: 413,
        phrase: "Request Entity Too Large",
        references: &["RFC 3261 §21.4.11"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a smaller body, or after Retry-After.",
        useful_headers: &["Retry-After"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The body of the request is larger than the server is willing to process.",
        when_it_occurs: &["Long text messages, multipart bodies with pictures or several descriptions."],
        how_to_fix: &[
            "Shorten or drop the body, or send large content out of band.",
            "If Retry-After is present, the limit is temporary: try later.",
        ],
        verify: "The shorter request is accepted.",
        who_acts: "the operator of the client that sent the body",
        ..BASE
    },
    StatusEntry {
        code: 414,
        phrase: "Request-URI Too Long",
        references: &["RFC 3261 §21.4.12"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Only with a shorter URI.",
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The Request-URI is longer than the server accepts.",
        when_it_occurs: &["Parameters pile up on a route that loops, or an element encodes whole tables into the URI."],
        how_to_fix: &["Remove needless URI parameters, and look for a loop: the Via header fields show whether the \
            request passed the same host more than once."],
        verify: "The request arrives with a short URI and is accepted.",
        who_acts: "the operator of the routing that builds the Request-URI",
        ..BASE
    },
    StatusEntry {
        code: 415,
        phrase: "Unsupported Media Type",
        references: &["RFC 3261 §21.4.13"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a body of a listed type.",
        required_headers: &[&["Accept", "Accept-Encoding", "Accept-Language"]],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(79),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server does not support the type, encoding or language of the body.",
        when_it_occurs: &["An ISUP body or a multipart body sent to a plain SIP device, or INFO with a type that the \
            peer does not know."],
        how_to_fix: &[
            "Send a type that Accept, Accept-Encoding or Accept-Language of the response lists.",
            "Strip or convert the part that the peer does not know, usually in the SBC.",
        ],
        verify: "The request with the remaining body is accepted.",
        who_acts: "the operator of the client or SBC that put the body in",
        ..BASE
    },
    StatusEntry {
        code: 416,
        phrase: "Unsupported URI Scheme",
        references: &["RFC 3261 §21.4.14"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a sip: URI.",
        dialog_effect: DialogEffect::Dialog,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server cannot handle the URI scheme of the Request-URI.",
        when_it_occurs: &["A tel: or sips: URI reaches an element that knows sip: only, typically after a redirect \
            whose Contact is a tel: URI."],
        how_to_fix: &[
            "Rewrite tel: numbers to `sip:number@domain;user=phone` with a domain that serves them, before the request \
            leaves.",
            "Send requests for sips: over TLS, to a server that serves it: sips: asks for TLS on every hop up to the called domain (RFC 3261 §26.2.2). \
            Else call a sip: URI.",
        ],
        verify: "The request with a URI whose scheme the server serves is accepted.",
        who_acts: "the operator of the element that wrote the Request-URI",
        ..BASE
    },
    StatusEntry {
        code: 417,
        phrase: "Unknown Resource-Priority",
        references: &["RFC 4412 §4.6.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a namespace that the server accepts.",
        useful_headers: &["Accept-Resource-Priority"],
        methods: &["INVITE", "others that demand priority"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The request demands priority in a namespace that the server does not know.",
        when_it_occurs: &["Government or military priority traffic reaches an element that is not set up for it."],
        how_to_fix: &["Configure the namespace on the peer, use one that Accept-Resource-Priority lists, or stop \
            demanding it in Require."],
        verify: "The call is accepted with its Resource-Priority header field in place.",
        who_acts: "the operator of the element that demands the priority, and of the peer that lacks it",
        ..BASE
    },
];
