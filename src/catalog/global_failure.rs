//! Global failures (6xx).

use super::entry::{BASE, DialogEffect, Failure, Kind, Registration, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 600,
        phrase: "Busy Everywhere",
        references: &["RFC 3261 §21.6.1", "RFC 3261 §16.7"],
        kind: Kind::User,
        failure: Failure::No,
        retry: Retry::Later,
        retry_note: "Later, after Retry-After where it is given. Proxies stop searching.",
        useful_headers: &["Retry-After"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(17),
        q850_note: "RFC 3398 §8.2.6.1, location user",
        meaning: "The called user is busy on every device. No other branch needs to be tried.",
        when_it_occurs: &["The called party's service knows about all devices of the user, or the user rejected for \
            all of them."],
        how_to_fix: &["Nothing needs repair. If one of several devices answers 600 without knowing about the others, \
            let it answer 486."],
        verify: "A later call is answered.",
        who_acts: "nobody",
        ..BASE
    },
    StatusEntry {
        code: 603,
        phrase: "Decline",
        aliases: &["Declined", "Network Blocked"],
        references: &["RFC 3261 §21.6.2", "RFC 3261 §16.7", "ATIS-1000099 (603+)"],
        kind: Kind::User,
        failure: Failure::Depends,
        retry: Retry::Later,
        retry_note: "A plain decline may be tried later, after Retry-After where it is given; 603+ never, over no \
            other route either.",
        useful_headers: &["Reason (required in 603+)", "Retry-After"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(21),
        q850_note: "RFC 3398 §8.2.6.1, location user; 603+ maps to 21 as well",
        meaning: "The called user was reached and does not want to take the call now. With the reason phrase `Network \
            Blocked` (603+) it means something else: a provider's analytics blocked the call.",
        details: &["The 603+ form carries a Reason header field such as \
            `SIP;cause=603;text=\"v=analytics1;url=...;id=...\"`, which says where to ask for redress. From 25 March \
            2026 providers in the United States use it, and only it, for calls that they block by analytics on IP. \
            Without that syntax a 603 is an ordinary decline."],
        when_it_occurs: &[
            "The reject button of a phone, or a rule of the called user for this moment.",
            "603+: the terminating or an intermediate provider's analytics judged the call unwanted.",
        ],
        how_to_fix: &[
            "For a plain decline nothing needs repair.",
            "For 603+ use the url, tel or email in the Reason header field to ask the blocking provider for redress, \
                and quote its id.",
            "Providers on the way must keep phrase and Reason unchanged, and must not try another route.",
        ],
        verify: "A plain decline: none needed. 603+: after redress the call rings, and the 603+ reaches the caller \
            unaltered until then.",
        misconceptions: &["A 603 is not always a person who pressed a button: look at the phrase and at Reason first."],
        who_acts: "nobody for a plain decline; for `Network Blocked`, the caller together with the blocking provider",
        ..BASE
    },
    StatusEntry {
        code: 604,
        phrase: "Does Not Exist Anywhere",
        references: &["RFC 3261 §21.6.3"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Never; no other server will know the user either.",
        methods: &["INVITE", "others"],
        dialog_effect: DialogEffect::Dialog,
        q850: Some(1),
        q850_note: "RFC 3398 §8.2.6.1, location user",
        meaning: "A server that knows everything about the user says that there is no such user anywhere.",
        when_it_occurs: &["A number that does not exist. Some blocking services misuse the code to hide that they \
            blocked the call."],
        how_to_fix: &["Check the number. If other callers reach it, suspect blocking and ask the answering operator."],
        verify: "The corrected number rings.",
        who_acts: "the owner of the dialled number's directory entry; if others reach it, the operator that answered",
        ..BASE
    },
    StatusEntry {
        code: 606,
        phrase: "Not Acceptable",
        references: &["RFC 3261 §21.6.4"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With another offer.",
        useful_headers: &["Warning", "SDP body"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Transaction,
        q850_note: "RFC 3398 §8.2.6.1 decides by the Warning code: 31 by default, 65 for an unsuitable bearer",
        meaning: "The user was reached and is willing to talk, but nothing in the session description is acceptable on \
            any device.",
        when_it_occurs: &["No common codec, bandwidth or address type."],
        how_to_fix: &["As for 488: compare the offer with Warning and SDP of the response, and offer what they list."],
        verify: "The new offer is accepted.",
        who_acts: "the operators of the two media ends",
        ..BASE
    },
    StatusEntry {
        code: 607,
        phrase: "Unwanted",
        references: &[
            "RFC 8197 §4",
            "RFC 8197 §6",
            "RFC 8688 §1",
            "RFC 3261 §16.7",
            "RFC 8224 §6.2.2",
            "RFC 9410",
            "RFC 5057",
        ],
        kind: Kind::UserBlock,
        failure: Failure::Depends,
        retry: Retry::Never,
        retry_note: "Never automatically, on no other route and under no other number. Proxies stop searching.",
        useful_headers: &["Reason (optional)"],
        methods: &["INVITE", "MESSAGE", "SUBSCRIBE", "other requests outside a dialog"],
        dialog_effect: DialogEffect::Transaction,
        q850_note: "RFC 3398 does not list it; its catch-all 31 applies, and 21 is common practice",
        meaning: "The called side does not want to hear from this caller. The called user, or the user's device on \
            the user's behalf, rejects the call as unwanted and signals that later attempts by the same caller will \
            probably end the same way. It is a statement about the caller, and no technical fault.",
        details: &[
            "Behind it stands a person or a person's own list: a spam button, a personal block list, logic inside the \
                phone or app. A network that blocks by analytics is meant to say 608 instead, because whoever reads a \
                607 takes it for a human complaint. In the United States blocking by analytics on IP uses 603+ and \
                nothing else since 25 March 2026; before that date 607 was among the codes used for it.",
            "In signalling it is an ordinary 6xx. A forking proxy cancels the remaining branches, waits for them, and \
                opens no new ones; a carrier must not try another route. Only the one transaction is affected. A \
                client that has never heard of 607 acts as for 600 and may show \"busy\" although 607 was on the wire. \
                No header field is mandatory, and Retry-After means nothing here.",
            "It may answer INVITE, MESSAGE, SUBSCRIBE and other requests outside a dialog. Once a call was answered, \
                the same opinion is expressed by a BYE with `Reason: SIP;cause=607`. A registrar announces support \
                with the feature capability sip.607 (Feature-Caps) in its answer to REGISTER, but never sends a 607 \
                itself.",
            "What providers do with it is their own decision: a personal block list, a score against the calling \
                number, a complaint or a traceback. They should build on it only when the caller's identity was \
                authenticated, else a spoofer gets the rightful owner of a number blocked.",
            "It has nothing to do with the verification of caller identity (STIR/SHAKEN). Attestation says how well \
                the originating provider knows its customer's right to the number, not whether anybody wants the call: \
                a call with attestation A and a flawless signature is rejected with 607 as soon as the callee presses \
                the button. Failed verification has codes of its own: 428, 436, 437, 438, 403 with the phrase Stale \
                Date, or a Reason header field of the protocol STIR.",
        ],
        when_it_occurs: &[
            "A person presses \"spam\" or \"block\" while the phone rings: the 180 and the 607 carry the same To tag, \
                with seconds in between.",
            "The phone or app rejects by itself, out of the user's block list: the same To tag at once, or no ringing \
                at all.",
            "The provider of the called party applies the list that its subscriber keeps: an immediate answer without \
                ringing.",
            "A proxy passes on the 607 of one device and cancels the others.",
            "A network uses it for blocking by analytics, against its meaning: many callees, the same short delay, \
                marks of analytics in Reason or Server.",
        ],
        how_to_fix: &[
            "Stop calling this party from this number, and put the called number on the suppression list. Do not \
                retry, do not use another carrier, and do not change the caller number to get through: that turns one \
                complaint into a pattern of abuse.",
            "If there is an existing relationship, reach the person through another channel and ask to be unblocked. \
                Nobody but the callee can lift the block. Check that consent to be called exists.",
            "Mend the identity faults that the capture proves, if any: a caller number that cannot exist, \
                contradicting From and P-Asserted-Identity, a signature that is missing, stale or made for other \
                numbers.",
            "If many callees answer 607, look at the share of 607 for each calling number and change the traffic: list \
                quality, repeat attempts, sequential dialling, very short calls.",
            "If a network and not the callee decided, use the redress contact in the response, else the one that the \
                answering provider publishes. That provider should send 608, in the United States 603+.",
            "Providers in between pass the 607 on unaltered and do not advance to another route.",
            "Do not count on better attestation. It is worth pursuing only when the capture proves a weakness in the \
                signature and a network did the blocking; the caller cannot choose the level, the originating provider \
                sets it.",
        ],
        verify: "In a later capture no further call from this caller, or under another number of the same source, goes \
            to this callee on any route. After the callee has lifted the block, a call rings.",
        misconceptions: &[
            "\"Attestation A cures a 607.\" It does not: the called side judged the caller, not the signature.",
            "\"607 means that STIR/SHAKEN verification failed.\" Those failures are 428, 436, 437, 438, 403 Stale \
                Date, or a STIR Reason.",
            "\"607 means that an algorithm took the call for a robocall.\" By definition a person or the person's \
                device speaks; analytics has 608 and 603+, though some networks used 607 for it.",
            "\"607 is the same as 603.\" A plain 603 speaks of the moment, 607 of the caller.",
            "\"Another carrier may get through.\" The answer is final for every route, and trying another makes it \
                worse.",
            "\"607 is Q.850 cause 21.\" The mapping of RFC 3398 does not know 607 and gives 31; 21 is common practice.",
            "\"A 6xx ends the dialog or the whole usage.\" 607 ends the transaction only (RFC 5057).",
            "\"A registrar may use it to keep a phone out.\" Registrars must not send 6xx at all (RFC 3261 §10.3).",
        ],
        who_acts: "the calling party and its organisation; when the evidence shows that a network decided, also the \
            provider that answered",
        ..BASE
    },
    StatusEntry {
        code: 608,
        phrase: "Rejected",
        references: &["RFC 8688 §3", "RFC 8688 §1"],
        kind: Kind::PolicyBlock,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Never automatically, and over no other route; seek redress.",
        required_headers: &[&["Call-Info"]],
        useful_headers: &["Feature-Caps `*;+sip.608` (in the INVITE)"],
        methods: &["INVITE", "MESSAGE", "SUBSCRIBE", "other requests outside a dialog"],
        dialog_effect: DialogEffect::Transaction,
        q850_note: "RFC 3398 does not list it; its catch-all 31 applies, and 21 is common practice",
        meaning: "Something between the two parties, such as a provider's analytics service, rejected the call on \
            behalf of the called user. No person saw it.",
        details: &["The response must carry a Call-Info header field with purpose=jwscard, unless the caller is \
            thought malicious: it points to a signed contact card of whoever to ask for redress. The capability \
            `sip.608`, announced in a Feature-Caps header field of the request, says that the signalling can carry \
            that answer; it does not belong into Call-Info."],
        when_it_occurs: &[
            "An analytics engine took the call for a robocall, or the calling number for spoofed.",
            "In the United States 603+ has replaced it for blocking by analytics since 25 March 2026.",
        ],
        how_to_fix: &[
            "Take the address out of Call-Info, fetch the signed card, check its signature and age, and contact the \
                operator it names.",
            "Mend what the operator names, such as the traffic pattern or the registration of the number.",
            "If Call-Info is missing, ask the provider that answered.",
        ],
        verify: "After redress the same caller reaches the same number.",
        misconceptions: &[
            "608 is not the called person's opinion (that is 607), and not a failed verification of the \
            caller's identity (428, 436, 437, 438).",
        ],
        who_acts: "the caller, with the operator of the analytics service that the signed card names",
        ..BASE
    },
    StatusEntry {
        code: 687,
        phrase: "Dialog Terminated",
        registration: Registration::Unregistered,
        references: &["sofia-sip sip_status.h"],
        kind: Kind::User,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 600, to which unknown 6xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: a code from a draft that later became 199. It says that an early dialog ended.",
        when_it_occurs: &["Stacks built on sofia-sip."],
        how_to_fix: &["Treat it like 600; update the stack."],
        verify: "The branch ends with a registered code.",
        who_acts: "the vendor of the stack that sent it",
        ..BASE
    },
];
