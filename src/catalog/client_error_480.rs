//! Client errors from 480 to 499: what becomes of calls and dialogs.

use super::entry::{BASE, DialogEffect, Failure, Kind, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 480,
        phrase: "Temporarily Unavailable",
        references: &["RFC 3261 §21.4.18"],
        kind: Kind::User,
        failure: Failure::Depends,
        retry: Retry::Later,
        retry_note: "Later, after Retry-After where it is given. A proxy may try its next target.",
        useful_headers: &["Retry-After", "Reason", "Warning (380, 381: sips)"],
        methods: &["INVITE", "others"],
        dialog_effect: DialogEffect::Usage,
        q850: Some(18),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server of the called party was reached, but the called party is not available at the moment.",
        when_it_occurs: &["The device is not registered, do-not-disturb is on, nobody answered before the server's \
            timer ran out, or the call demanded sips and the device has none."],
        how_to_fix: &[
            "Look for a registration of the called party at that server at the time of the call.",
            "Read Reason and Warning: Q.850 cause 18, 19, 20 or 31 points to the telephone network; Warning 380 or 381 \
                to a mismatch of sip and sips.",
            "If the call rang before, it simply was not answered; nothing is broken.",
        ],
        verify: "The called device is registered and the next call rings.",
        who_acts: "usually nobody; if the callee should be reachable, the operator of the callee's server",
        ..BASE
    },
    StatusEntry {
        code: 481,
        phrase: "Call/Transaction Does Not Exist",
        references: &["RFC 3261 §21.4.19"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Not in this dialog: it is over. To a CANCEL it only says that there was nothing to cancel.",
        methods: &["requests inside a dialog", "CANCEL", "PRACK"],
        dialog_effect: DialogEffect::Usage,
        q850: Some(41),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The peer knows no dialog or transaction that the request belongs to.",
        when_it_occurs: &[
            "The peer restarted or a standby took over without the state, tags were changed on the way, \
            or a BYE or CANCEL came after the end.",
        ],
        how_to_fix: &[
            "Compare Call-ID and both tags with those of the answered INVITE: a difference shows which element changed \
                them.",
            "If they agree, the peer lost its state: check restarts and the replication of its cluster.",
            "For a BYE or CANCEL nothing needs repair; treat the call as over.",
        ],
        verify: "Requests inside later calls are answered with 200.",
        who_acts: "the operator of the element that changed identifiers of the dialog, or of the peer that lost the dialog",
        ..BASE
    },
    StatusEntry {
        code: 482,
        phrase: "Loop Detected",
        references: &["RFC 3261 §21.4.20", "RFC 3261 §8.2.2.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Not until the loop is broken.",
        dialog_effect: DialogEffect::Dialog,
        q850: Some(25),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The same request came back to an element that had already handled it, or reached it twice on \
            different paths.",
        when_it_occurs: &["Two proxies route a number to each other, failover forks the request to one server twice, \
            or a client follows a redirect with an unchanged CSeq."],
        how_to_fix: &[
            "Follow the Via header fields of the looping request and correct the route on which it turns back.",
            "A client that follows redirects must use a new branch and should raise CSeq.",
            "If another branch of the fork was answered, the 482 needs no attention.",
        ],
        verify: "The request passes each host once and gets another response.",
        who_acts: "the operator of the proxies that pass the request round",
        ..BASE
    },
    StatusEntry {
        code: 483,
        phrase: "Too Many Hops",
        references: &["RFC 3261 §21.4.21"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Only after the loop is broken, or with a higher Max-Forwards if it started too low.",
        dialog_effect: DialogEffect::Dialog,
        q850: Some(25),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The request was forwarded as many times as Max-Forwards allows.",
        when_it_occurs: &["A routing loop between two or more proxies, or a client that starts with a very small \
            Max-Forwards."],
        how_to_fix: &[
            "Read the Via header fields in the last copy of the request: a host that appears repeatedly is part of the \
                loop. Correct its route.",
            "If no host repeats, raise Max-Forwards at the client; 70 is the recommended value.",
        ],
        verify: "The request arrives with Max-Forwards well above zero.",
        who_acts: "the operator of the proxies that pass the request round",
        ..BASE
    },
    StatusEntry {
        code: 484,
        phrase: "Address Incomplete",
        references: &["RFC 3261 §21.4.22"],
        kind: Kind::Failure,
        failure: Failure::Depends,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With more digits.",
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Dialog,
        q850: Some(28),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The number is too short to be routed.",
        when_it_occurs: &["Digits are missing, a prefix was cut off, or the caller's digits are sent one by one \
            (overlap dialling), in which case it is a normal step."],
        how_to_fix: &["Send the complete number, best in E.164 form; correct the dial plan or raise the inter-digit \
            timer."],
        verify: "A request with the full number is accepted.",
        who_acts: "the caller, or the operator of the dial plan",
        ..BASE
    },
    StatusEntry {
        code: 485,
        phrase: "Ambiguous",
        references: &["RFC 3261 §21.4.23"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "After a person has chosen; it is no redirect.",
        useful_headers: &["Contact (the candidates)"],
        methods: &["INVITE", "others"],
        dialog_effect: DialogEffect::Dialog,
        q850: Some(1),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The address fits several users.",
        when_it_occurs: &["Dialling by name."],
        how_to_fix: &["Dial one of the URIs in Contact, or a unique address. A client must not pick one by itself."],
        verify: "The unique address is answered.",
        who_acts: "the caller, who must choose",
        ..BASE
    },
    StatusEntry {
        code: 486,
        phrase: "Busy Here",
        references: &["RFC 3261 §21.4.24"],
        kind: Kind::User,
        failure: Failure::No,
        retry: Retry::Later,
        retry_note: "Later. A proxy may try other devices of the user.",
        useful_headers: &["Retry-After", "Reason (Q.850 cause 17)"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(17),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The device that was reached is busy. The network did its work.",
        when_it_occurs: &["The called person is in another call or pressed reject on a phone that says busy."],
        how_to_fix: &["Nothing needs repair. Voicemail or a second line is a matter for the called party."],
        verify: "A later call is answered.",
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 487,
        phrase: "Request Terminated",
        references: &["RFC 3261 §21.4.25"],
        kind: Kind::Normal,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "None; somebody wanted the call to end.",
        useful_headers: &["Reason"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Transaction,
        q850: None,
        q850_note: "RFC 3398 maps it to no cause",
        meaning: "The pending request was ended by a CANCEL or a BYE. It is the expected last word on a cancelled \
            call.",
        when_it_occurs: &["The caller hung up while the phone rang, or another branch of a forked call won."],
        how_to_fix: &[
            "Nothing needs repair when the CANCEL is visible.",
            "Without one, look upstream for what cancelled the call: a proxy timer, a 6xx on another branch, or a part \
                of the path that was not captured.",
        ],
        verify: "Every 487 has its CANCEL on the same branch.",
        who_acts: "nobody while a CANCEL or BYE explains it",
        ..BASE
    },
    StatusEntry {
        code: 488,
        phrase: "Not Acceptable Here",
        references: &["RFC 3261 §21.4.26"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With another offer. A proxy may try other devices.",
        useful_headers: &["Warning (305 codec, 304 media type)", "SDP body with the capabilities"],
        methods: &["INVITE", "re-INVITE", "UPDATE"],
        dialog_effect: DialogEffect::Transaction,
        q850_note: "RFC 3398 §8.2.6.1 decides by the Warning code: 31 by default, 65 for an unsuitable bearer",
        meaning: "The answering side cannot accept this session description.",
        when_it_occurs: &[
            "No codec in common, encrypted media demanded on one side only, fax or video that the device \
            does not support, unsuitable packet time.",
        ],
        how_to_fix: &[
            "Compare the offer with the SDP or the Warning in the response and agree on a common codec.",
            "Align SRTP: both sides must offer the same profile (RTP/AVP or RTP/SAVP) and keying.",
        ],
        verify: "The 200 carries an SDP answer with a codec from the offer.",
        who_acts: "the operators of the two media ends",
        ..BASE
    },
    StatusEntry {
        code: 489,
        phrase: "Bad Event",
        references: &["RFC 6665 §8.3.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Not with this package.",
        useful_headers: &["Allow-Events"],
        methods: &["SUBSCRIBE", "NOTIFY", "PUBLISH"],
        dialog_effect: DialogEffect::Usage,
        meaning: "The server does not know the event package.",
        when_it_occurs: &["Busy lamp, message waiting or presence subscriptions towards a server that does not offer \
            them."],
        how_to_fix: &["Use a package that Allow-Events lists, or switch the subscription off towards this server."],
        verify: "The subscription is accepted, or not sent any more.",
        who_acts: "the operator of the client that asks for the event package",
        ..BASE
    },
    StatusEntry {
        code: 491,
        phrase: "Request Pending",
        references: &["RFC 3261 §21.4.27", "RFC 3261 §14.1"],
        kind: Kind::Negotiation,
        failure: Failure::Depends,
        retry: Retry::Later,
        retry_note: "After a random wait: 2.1 to 4 seconds for the side that chose the Call-ID, 0 to 2 seconds for the \
            other.",
        methods: &["re-INVITE", "UPDATE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "Both sides tried to change the session at the same time.",
        when_it_occurs: &["Two re-INVITEs or UPDATEs cross, for example when both ends put the call on hold."],
        how_to_fix: &[
            "Nothing needs repair when the retry succeeds.",
            "If it repeats, one side ignores the waiting times that keep the two apart.",
        ],
        verify: "The repeated request is accepted.",
        who_acts: "nobody while a retry works; otherwise the vendor of the client that does not back off",
        ..BASE
    },
    StatusEntry {
        code: 493,
        phrase: "Undecipherable",
        references: &["RFC 3261 §21.4.28"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With the certificate of the receiver.",
        useful_headers: &["body with a certificate"],
        methods: &["any request with an S/MIME body"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The receiver cannot decrypt the body.",
        when_it_occurs: &["S/MIME with a certificate that the receiver does not hold."],
        how_to_fix: &["Use the certificate that comes with the response, or stop encrypting bodies."],
        verify: "The request is accepted.",
        who_acts: "the operators of the two clients",
        ..BASE
    },
    StatusEntry {
        code: 494,
        phrase: "Security Agreement Required",
        references: &["RFC 3329 §2.3.1"],
        kind: Kind::Challenge,
        failure: Failure::Depends,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Over a mechanism from Security-Server, with Security-Verify.",
        required_headers: &[&["Security-Server"]],
        useful_headers: &["Proxy-Authenticate", "WWW-Authenticate"],
        methods: &["REGISTER", "others"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The server demands a security agreement first and lists the mechanisms it knows. In IMS it is a \
            normal step of registration.",
        when_it_occurs: &["A client registers over IPsec or TLS in IMS, or sends Require: sec-agree over an \
            unprotected path."],
        how_to_fix: &[
            "Nothing needs repair when the client picks a mechanism and repeats the request.",
            "Otherwise enable one of the mechanisms in Security-Server at the client.",
        ],
        verify: "The next request carries Security-Verify and is accepted.",
        who_acts: "nobody while a retry follows; otherwise the operator of the client",
        ..BASE
    },
];
