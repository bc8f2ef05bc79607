//! Success (2xx).

use super::entry::{BASE, DialogEffect, Failure, Kind, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 200,
        phrase: "OK",
        references: &["RFC 3261 §21.2.1"],
        kind: Kind::Success,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "A 2xx to an INVITE is acknowledged end to end. Several with different To tags may arrive from a \
            forked call; all but one are ended with BYE.",
        useful_headers: &[
            "Contact (mandatory when it answers an INVITE)",
            "Session-Expires",
            "Require",
            "Allow",
            "Supported",
        ],
        dialog_effect: DialogEffect::CreatesOrRefreshes,
        q850: None,
        q850_note: "",
        meaning: "The request succeeded.",
        when_it_occurs: &["The normal end of any request that worked."],
        how_to_fix: &["Nothing needs repair in the response itself. For an INVITE see that an ACK follows, and that \
            the SDP names an address the other side can reach."],
        verify: "Exactly one ACK per 200 on the wire, and no retransmission of the 200 after it.",
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 202,
        phrase: "Accepted",
        aliases: &["Accepted (Deprecated)"],
        references: &["RFC 6665 §8.3.1"],
        kind: Kind::Success,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "The same as for 200.",
        methods: &["SUBSCRIBE", "REFER", "MESSAGE"],
        dialog_effect: DialogEffect::CreatesOrRefreshes,
        q850: None,
        q850_note: "",
        meaning: "The request was taken on and will be processed later. The code is deprecated; a receiver treats it \
            like 200.",
        when_it_occurs: &[
            "Older implementations answer SUBSCRIBE and REFER with it, and message stores answer MESSAGE \
            with it.",
        ],
        how_to_fix: &["Nothing needs repair. New implementations send 200 instead."],
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 204,
        phrase: "No Notification",
        references: &["RFC 5839 §7.1"],
        kind: Kind::Success,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "Only valid as an answer to a SUBSCRIBE inside a dialog.",
        useful_headers: &["Expires"],
        methods: &["SUBSCRIBE"],
        dialog_effect: DialogEffect::Nothing,
        q850: None,
        q850_note: "",
        meaning: "A subscription was refreshed, and its state is unchanged, so that no NOTIFY will follow.",
        when_it_occurs: &["A refresh inside a subscription with Suppress-If-Match."],
        how_to_fix: &["Nothing needs repair."],
        who_acts: "nobody",
        ..BASE
    },
];
