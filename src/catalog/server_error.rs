//! Server errors (5xx).

use super::entry::{BASE, DialogEffect, Failure, Kind, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 500,
        phrase: "Server Internal Error",
        aliases: &["Internal Server Error"],
        references: &["RFC 3261 §21.5.1", "RFC 3261 §16.7", "RFC 3261 §12.2.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Later,
        retry_note: "After Retry-After or some seconds. A proxy may try its next target.",
        useful_headers: &["Retry-After"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(41),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server met a condition it did not expect.",
        details: &["Two uses are prescribed: a proxy passes a lone 503 on as 500, and a user agent answers with 500 \
            when a request inside a dialog has a CSeq below the last one."],
        when_it_occurs: &[
            "A software fault, an error in a routing script, a database that cannot be reached, requests \
            inside a dialog out of order.",
        ],
        how_to_fix: &[
            "Look into the log of the answering server at this second; the reason phrase of SER-family proxies carries \
                an internal error number.",
            "Inside a dialog compare the CSeq with the requests before it: a lower number is the client's fault.",
        ],
        verify: "The same request is accepted.",
        who_acts: "the operator of the server that answered",
        ..BASE
    },
    StatusEntry {
        code: 501,
        phrase: "Not Implemented",
        references: &["RFC 3261 §21.5.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Never with this method.",
        useful_headers: &["Allow"],
        dialog_effect: DialogEffect::Usage,
        q850: Some(79),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server does not know the method at all (one it knows but does not allow gives 405).",
        when_it_occurs: &["A feature that the peer never implemented."],
        how_to_fix: &["Switch the feature off towards this peer, or send the request to an element that knows the \
            method."],
        verify: "The method is no longer sent to this peer.",
        who_acts: "the operator of the client that sent the method",
        ..BASE
    },
    StatusEntry {
        code: 502,
        phrase: "Bad Gateway",
        references: &["RFC 3261 §21.5.3"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Elsewhere,
        retry_note: "By another gateway.",
        useful_headers: &["Reason (Q.850 cause)"],
        dialog_effect: DialogEffect::Dialog,
        q850: Some(38),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "A server behind the one that answered gave an unusable response.",
        when_it_occurs: &["Faults of telephone gateways; Q.850 cause 27 (destination out of order) becomes 502."],
        how_to_fix: &["Look at the leg behind the answering gateway: its alarms, its Q.850 cause, its responses."],
        verify: "The leg behind the gateway is answered properly.",
        who_acts: "the operator of the gateway and of the network behind it",
        ..BASE
    },
    StatusEntry {
        code: 503,
        phrase: "Service Unavailable",
        references: &["RFC 3261 §21.5.4", "RFC 3261 §16.7"],
        kind: Kind::Overload,
        failure: Failure::Yes,
        retry: Retry::Elsewhere,
        retry_note: "By another server. Without Retry-After as for 500; with it, leave this server alone for that \
            time.",
        useful_headers: &["Retry-After", "Reason (Q.850 cause)"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(41),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server cannot handle the request now: it is overloaded, in maintenance, or has no circuit left.",
        when_it_occurs: &[
            "The limit on calls per second or concurrent calls of a trunk was reached.",
            "A gateway has no free channel or its network is congested (Q.850 causes 34, 38, 41, 42, 47, 58, 88).",
        ],
        how_to_fix: &[
            "Count the calls at this moment, and the new calls per second, against the limits of the trunk; slow the \
                dialler down or extend the limit.",
            "Route to the next server; do not send to this one during Retry-After.",
            "A proxy that gets a single 503 should not pass it on (RFC 3261 §16.7), or callers above it stop using the \
                proxy as a whole.",
        ],
        verify: "Calls above the old level succeed, or overflow to another server.",
        who_acts: "the operator of the server that answered; for a trunk limit, together with the calling party",
        ..BASE
    },
    StatusEntry {
        code: 504,
        phrase: "Server Time-out",
        aliases: &["Gateway Timeout"],
        references: &["RFC 3261 §21.5.5"],
        kind: Kind::Timeout,
        failure: Failure::Yes,
        retry: Retry::Elsewhere,
        retry_note: "By another server.",
        dialog_effect: DialogEffect::Transaction,
        q850: Some(102),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "A server on which the answering one depends did not reply in time.",
        when_it_occurs: &[
            "DNS, a subscriber database, a number portability or routing service, or a downstream proxy \
            is slow or down.",
        ],
        how_to_fix: &[
            "Find out which dependency the answering server was waiting for and mend that; the time between \
            request and response equals its timeout.",
        ],
        verify: "The response time of the dependency is far below the timeout and calls pass.",
        who_acts: "the operator of the server that answered",
        ..BASE
    },
    StatusEntry {
        code: 505,
        phrase: "Version Not Supported",
        references: &["RFC 3261 §21.5.6"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Never unchanged.",
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server does not support the SIP version of the request line.",
        when_it_occurs: &["A corrupt request line, or a scanner that sends nonsense."],
        how_to_fix: &["Make the client send SIP/2.0; if the sender is a scanner, block it."],
        verify: "The request line ends in SIP/2.0.",
        who_acts: "the sender of the request",
        ..BASE
    },
    StatusEntry {
        code: 513,
        phrase: "Message Too Large",
        references: &["RFC 3261 §21.5.7"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a smaller message.",
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The message as a whole is longer than the server can process.",
        when_it_occurs: &["Large session descriptions, many header fields, several Identity header fields."],
        how_to_fix: &["Remove codecs and header fields that nobody needs, or use TCP or TLS."],
        verify: "The smaller message is accepted.",
        who_acts: "the operator of the client or of the SBC that adds to the message",
        ..BASE
    },
    StatusEntry {
        code: 555,
        phrase: "Push Notification Service Not Supported",
        references: &["RFC 8599 §8.1"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Without that push provider.",
        useful_headers: &["Feature-Caps (+sip.pns)"],
        methods: &["REGISTER"],
        dialog_effect: DialogEffect::Nothing,
        meaning: "The proxy does not support the push service that the registration names. It answers REGISTER only.",
        when_it_occurs: &["A mobile client registers with a pn-provider that is not configured."],
        how_to_fix: &["Configure the push provider at the proxy, or register without it."],
        verify: "The registration is accepted and its response carries the push capability in Feature-Caps.",
        who_acts: "the operator of the proxy that handles push notifications",
        ..BASE
    },
    StatusEntry {
        code: 580,
        phrase: "Precondition Failure",
        references: &["RFC 3312 §8"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With an offer that demands less.",
        useful_headers: &["SDP body with the failed precondition"],
        methods: &["INVITE", "UPDATE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "A condition for the session, such as reserved bandwidth, cannot be met.",
        when_it_occurs: &["The reservation of a bearer failed in IMS."],
        how_to_fix: &["Find out why the reservation failed, or ask for the precondition as optional instead of \
            mandatory."],
        verify: "The session is set up with its preconditions met.",
        who_acts: "the operator of the access network, or of the client that demands the precondition",
        ..BASE
    },
];
