//! Provisional responses (1xx).

use super::entry::{BASE, DialogEffect, Failure, Kind, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 100,
        phrase: "Trying",
        references: &["RFC 3261 §21.1.1"],
        kind: Kind::Provisional,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "The client stops repeating the INVITE and waits for a final response.",
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Nothing,
        q850: None,
        q850_note: "",
        meaning: "The next hop has received the request and is working on it. The answer is meant for the previous hop \
            alone: it stops retransmissions and is not relayed towards the caller.",
        when_it_occurs: &[
            "A server transaction sends it when it expects to need more than 200 ms for a real answer.",
            "To a request other than INVITE it is only allowed once retransmissions have slowed down to T2 (RFC 4320).",
        ],
        how_to_fix: &["Nothing needs repair. When a 100 is the last thing seen, follow the call to the element that \
            sent it: it took responsibility and then stayed silent."],
        verify: "A later provisional or final response arrives on the same branch.",
        who_acts: "nobody; if nothing follows it, the operator of the element that sent it",
        ..BASE
    },
    StatusEntry {
        code: 180,
        phrase: "Ringing",
        references: &["RFC 3261 §21.1.2"],
        kind: Kind::Provisional,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "Wait for the final response.",
        useful_headers: &["Contact", "Require: 100rel and RSeq (when sent reliably)"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Nothing,
        q850: None,
        q850_note: "",
        meaning: "A device of the called party is alerting its user.",
        when_it_occurs: &["A phone started to ring, or a gateway learned from the telephone network that one does."],
        how_to_fix: &[
            "Nothing needs repair. Keep its To tag: a final response with the same tag comes from the device \
            that rang.",
        ],
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 181,
        phrase: "Call Is Being Forwarded",
        references: &["RFC 3261 §21.1.3"],
        kind: Kind::Provisional,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "Wait for the final response.",
        useful_headers: &["History-Info", "Diversion"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Nothing,
        q850: None,
        q850_note: "",
        meaning: "The server itself is passing the call on to another destination; the caller has nothing to do.",
        when_it_occurs: &["Call forwarding carried out inside the network of the called party."],
        how_to_fix: &["Nothing needs repair. It is not a redirect: a 3xx asks the caller to place a new call, a 181 \
            does not."],
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 182,
        phrase: "Queued",
        references: &["RFC 3261 §21.1.4"],
        kind: Kind::Provisional,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "Wait for the final response.",
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Nothing,
        q850: None,
        q850_note: "",
        meaning: "The called party cannot take the call at once and the call waits in a queue.",
        when_it_occurs: &["Contact centres and call distributors, often with the position in the queue in the reason \
            phrase."],
        how_to_fix: &[
            "Nothing needs repair. Long pauses are expected; proxies on the path must not give up before the \
            queue does (timer C is above three minutes and restarts with each provisional response).",
        ],
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 183,
        phrase: "Session Progress",
        references: &["RFC 3261 §21.1.5"],
        kind: Kind::Provisional,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "Wait for the final response.",
        useful_headers: &[
            "SDP body",
            "Require: 100rel and RSeq (when sent reliably)",
            "P-Early-Media",
            "Reason (RFC 6432)",
        ],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Nothing,
        q850: None,
        q850_note: "",
        meaning: "There is progress that no other provisional response describes; in practice it opens early media.",
        when_it_occurs: &["A gateway connects announcements or the ringing tone of the telephone network before the \
            call is answered."],
        how_to_fix: &[
            "Nothing needs repair while the caller hears what is played.",
            "When the caller hears nothing, check in this order that the 183 carries an SDP answer, that its PRACK was \
                answered if it was sent reliably, and that no element blocks early media (P-Early-Media, SBC policy).",
        ],
        verify: "RTP flows towards the address in the SDP of the caller before the final response.",
        who_acts: "nobody; for silent early media, the operators of the two media ends",
        ..BASE
    },
    StatusEntry {
        code: 199,
        phrase: "Early Dialog Terminated",
        references: &["RFC 6228 §4"],
        kind: Kind::Provisional,
        failure: Failure::No,
        retry: Retry::NotApplicable,
        retry_note: "Wait for the final response.",
        useful_headers: &["Reason (why that branch ended)"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::EndsEarlyDialog,
        q850: None,
        q850_note: "",
        meaning: "One early dialog of a forked call is over while others may go on. It tells the caller to release \
            what belongs to that dialog only.",
        when_it_occurs: &["A forking proxy learned that one branch failed, and the caller had announced `Supported: \
            199`."],
        how_to_fix: &["Nothing needs repair. It is provisional: never count it as the end of the call."],
        who_acts: "nobody",
        ..BASE
    },
];
