//! A call that no user ended: the BYE says itself what went wrong.

use self::before::{before, repeated};
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::response_facts::{says_unwanted, words};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::{HeaderName, Method, Reason};

mod before;

pub(super) static RULE: Rule = Rule {
    code: "bye-with-abnormal-reason",
    summary: "A BYE, or a CANCEL, whose Reason says that no user ended the call.",
    severity: Severity::Warning,
    references: &[
        "RFC 3326",
        "RFC 6432",
        "RFC 4411",
        "RFC 3398 §8.2.7",
        "3GPP TS 24.229 §7.2A.18",
        "ITU-T Q.850 §2.2.7",
    ],
    explanation: Explanation {
        what_it_means: "A BYE may say in Reason why it is sent: a cause of the telephone network (Q.850), a status of SIP, a release cause of an IMS. 16 \
            stands for a user who hung up. Here it is a cause of another kind: media that did not arrive, a timer that ran out, lack of resources, a \
            fault of the network. Of several BYEs of one call the first is read, as the others pass it on.",
        why_it_matters: "The call counts as answered and ended, and looks ordinary in every statistic, while to its users it was cut off.",
        likely_causes: "- No RTP arrives: a firewall or NAT binding in one direction, a path that failed, or a media timeout that does not mind hold and silence \
            suppression (often 30 to 300 seconds).\n\
            - A session timer that ran out without a refresh, or a request inside the call that got no answer.\n\
            - Circuits, licences or gateways that are exhausted or failed (Q.850 34, 38, 41, 42, 47).\n\
            - Another leg behind the sender failed: a transfer, a gateway, a radio bearer.",
        how_to_fix: "- Look at the element that sent the BYE, at that second: its log names the timer or the leg.\n\
            - Media: capture RTP at both ends, and see which direction stops before the BYE.\n\
            - Timers: see which request got no answer, or who was to refresh the session.\n\
            - Resources: compare with the load of that element at that time.",
        how_to_confirm: "Such calls end with Q.850 cause 16, or without Reason, when a user hangs up.",
        when_this_is_wrong: "- Causes 16, 17, 18, 19, 21, 26 and 31, 200 (completed elsewhere), and those of a callee who does not want a call, are ordinary ends.\n\
            - A gateway that translates badly may write such a cause for an ordinary end: where all its calls have the same one, look at its table.\n\
            - A Reason with a text alone counts only where the text names media or a session timer.\n\
            - A CANCEL repeats as a rule what another branch got; only causes of Q.850 that are no timer and no answer of a user count.",
    },
    detect: Detect::Given(Facts::REASON_OF_REQUEST, detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(first_end(call).and_then(|transaction| finding(call, transaction)));
}

/// The first BYE or CANCEL: who gets one passes it on with the reason, or with one of its own.
fn first_end(call: &Call) -> Option<&Transaction> {
    let ends = |t: &&Transaction| matches!(t.method, Method::Bye | Method::Cancel) && t.upstream.is_none();
    call.transactions.iter().filter(ends).min_by_key(|t| t.start)
}

/// What went wrong, as far as a reason tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No media arrived.
    Media,
    /// Nobody refreshed the session.
    SessionTimer,
    /// Another timer ran out.
    Timeout,
    /// Resources were lacking, or failed.
    Resources,
    /// A call of higher priority took its place.
    Preempted,
    Other,
}

impl Kind {
    /// That of a reason; none of an ordinary end.
    fn of(reason: &Reason, method: &Method) -> Option<Self> {
        let by_text = reason.text.as_deref().and_then(Self::of_text);
        if says_unwanted(reason) {
            return None;
        }
        let Some(cause) = reason.cause else { return by_text };
        let by_cause = match reason.protocol.to_ascii_lowercase().as_str() {
            "q.850" => of_q850(cause),
            "sip" if *method == Method::Bye => of_sip(cause),
            "release_cause" => of_release(cause),
            "preemption" => Some(Self::Preempted),
            _ => None,
        };
        // The timer of a caller who waits for an answer is ordinary.
        let by_cause = by_cause.filter(|kind| *method == Method::Bye || *kind != Self::Timeout);
        by_text.or(by_cause)
    }

    /// What a text names, however its words are joined.
    fn of_text(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let words: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        let has = |word: &str| words.split(' ').any(|w| w == word);
        let follow =
            |one: &str, other: &str| words.split(' ').zip(words.split(' ').skip(1)).any(|pair| pair == (one, other));
        let late = LATE.iter().any(|w| has(w)) || follow("time", "out");
        match () {
            () if has_no_media(&words) || (late && MEDIA.iter().any(|w| has(w))) => Some(Self::Media),
            () if late
                && !names_a_limit(text)
                && has("session")
                && (has("timer") || has("expired") || has("refresh")) =>
            {
                Some(Self::SessionTimer)
            }
            () => None,
        }
    }

    fn words(self) -> Option<&'static str> {
        Some(match self {
            Self::Media => "No user hung up: media (RTP) did not arrive there for longer than its timer.",
            Self::SessionTimer => "No user hung up: the session was not refreshed in time (RFC 4028).",
            Self::Timeout => "No user hung up: a timer ran out there, or behind it.",
            Self::Resources => "No user hung up: resources were lacking or failed there, or behind it.",
            Self::Preempted => "It had to make room for a call of higher priority.",
            Self::Other => return None,
        })
    }

    fn fixes(self) -> &'static [&'static str] {
        match self {
            Self::Media => &[
                "Capture RTP at both ends: which direction stops before the BYE, and at which element on the way (NAT, firewall, media relay).",
                "If a side was on hold, or suppresses silence, lengthen the media timeout of the element that sent the BYE, or let it mind hold.",
            ],
            Self::SessionTimer => &[
                "See who was to refresh the session (refresher in Session-Expires), and whether its UPDATE or re-INVITE gets through.",
            ],
            Self::Timeout => &[
                "Find out in the log of the element that sent the BYE which timer ran out: a request without answer behind it, or an ACK or refresh that did not come.",
            ],
            Self::Resources => &[
                "Compare with the load, the alarms and the circuits of the element that sent the BYE, and of the leg behind it, at that second.",
            ],
            Self::Preempted => &[
                "If such calls must not be cut off, give them a higher priority (Resource-Priority), or more capacity to the network.",
            ],
            Self::Other => &[
                "Look into the log of the element that sent the BYE, and at the leg behind it, at that second: the cause is what it got from there.",
            ],
        }
    }
}

const LATE: [&str; 7] = ["timeout", "timed", "inactivity", "inactive", "loss", "lost", "expired"];
const MEDIA: [&str; 3] = ["rtp", "rtcp", "media"];

/// Whether words say that there are no media: "no RTP", "no media received", but not "no media change".
fn has_no_media(words: &str) -> bool {
    const BEHIND: [&str; 14] = [
        "received", "packet", "packets", "activity", "timeout", "flow", "stream", "traffic", "detected", "data", "for",
        "in", "within", "from",
    ];
    let words: Vec<&str> = words.split_whitespace().collect();
    let says = |w: &[&str]| matches!(w, ["no", what, behind @ ..] if MEDIA.contains(what) && behind.first().is_none_or(|next| BEHIND.contains(next)));
    (0..words.len()).any(|at| words.get(at..).is_some_and(says))
}

/// Whether a text speaks of how long a call may last, or what it may cost: no refresh makes that longer.
pub(super) fn names_a_limit(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["max", "limit", "duration", "credit", "balance", "prepaid", "quota", "allowed"]
        .iter()
        .any(|word| lower.contains(word))
}

/// The BYE that ended a call, where its Reason says that media did not arrive.
pub(super) fn ended_for_lack_of_media(call: &Call) -> Option<&CapturedMessage> {
    let bye = first_end(call).filter(|t| t.method == Method::Bye)?;
    let request = call.message(bye.request?)?;
    let reasons = request.message.reasons();
    let kind = reasons.iter().find_map(|reason| Kind::of(reason, &Method::Bye));
    (kind == Some(Kind::Media)).then_some(request)
}

/// Whether a reason of a BYE says that a timer ran out.
pub(super) fn names_a_timer(reason: &Reason) -> bool {
    matches!(Kind::of(reason, &Method::Bye), Some(Kind::Timeout | Kind::SessionTimer))
}

fn of_q850(cause: u32) -> Option<Kind> {
    match cause {
        0 | 16..=19 | 21 | 26 | 31 => None,
        8 | 9 => Some(Kind::Preempted),
        102 => Some(Kind::Timeout),
        27 | 34 | 38 | 41 | 42 | 44 | 46 | 47 => Some(Kind::Resources),
        _ => Some(Kind::Other),
    }
}

/// A status that a user causes is an ordinary end, and so is one that tells of another branch.
fn of_sip(status: u32) -> Option<Kind> {
    match status {
        480 | 486 | 487 => None,
        408 | 504 => Some(Kind::Timeout),
        503 => Some(Kind::Resources),
        400..=599 => Some(Kind::Other),
        _ => None,
    }
}

/// 3GPP TS 24.229 §7.2A.18.11.2.
fn of_release(cause: u32) -> Option<Kind> {
    match cause {
        2 | 3 => Some(Kind::Media),
        4..=6 => Some(Kind::Timeout),
        7 => Some(Kind::Other),
        _ => None,
    }
}

fn finding(call: &Call, transaction: &Transaction) -> Option<Finding> {
    let request = call.message(transaction.request?)?;
    let reasons = request.message.reasons();
    let (reason, kind) = reasons.iter().find_map(|r| Some((r, Kind::of(r, &transaction.method)?)))?;
    let severity = match kind {
        Kind::Preempted => Severity::Notice,
        _ if transaction.method == Method::Cancel => Severity::Notice,
        _ => Severity::Warning,
    };
    let before = before(call, transaction);
    let finding =
        Finding::new(
            &RULE,
            Certainty::Certain,
            message(request, transaction, before, (reason, kind)),
            Evidence::header(
                request,
                HeaderName::Reason,
                Text::new("Reason of the {method}").with("method", &transaction.method),
            ),
        )
        .severity(severity)
        .evidence(before.map(|m| {
            Evidence::of(m, if transaction.method == Method::Bye { "the answer before" } else { "the request" })
        }))
        .evidence(repeated(call, transaction, reason).map(|m| Evidence::of(m, "what its Reason repeats")))
        .actor(Actor::sender(request, "the operator of the element that ended the call, or of the one behind it"))
        .verify("The next such call is ended by one of its users.");
    Some(kind.fixes().iter().fold(finding, |finding, fix| finding.fix(*fix)))
}

fn message(
    request: &CapturedMessage,
    transaction: &Transaction,
    before: Option<&CapturedMessage>,
    (reason, kind): (&Reason, Kind),
) -> Text {
    let text = match (&transaction.method, before) {
        (Method::Bye, Some(answer)) => {
            Text::new("{sender} ended the call {after} after its answer with a BYE that gives the reason {reason}.")
                .with("after", span(transaction.start.since(answer.provenance.time)))
        }
        (Method::Bye, None) => Text::new("{sender} ended the call with a BYE that gives the reason {reason}."),
        (_, Some(invite)) => {
            Text::new("{sender} cancelled the call {after} after its INVITE, and gives the reason {reason}.")
                .with("after", span(transaction.start.since(invite.provenance.time)))
        }
        (_, None) => Text::new("{sender} cancelled the call, and gives the reason {reason}."),
    };
    let text = text.with("sender", request.provenance.flow.source).with("reason", said(reason));
    with_reason(text, kind.words().filter(|_| transaction.method == Method::Bye).map(Text::new))
}

/// A reason in words, with the text that it has itself.
fn said(reason: &Reason) -> Text {
    let text = reason.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    match (reason.cause, text) {
        (Some(_), Some(text)) => {
            Text::new("{meaning} (\"{text}\")").with("meaning", words(reason, false)).with("text", text)
        }
        (None, Some(text)) => Text::verbatim(format_args!("\"{text}\"")),
        (_, None) => words(reason, false),
    }
}

#[cfg(test)]
mod tests;
