//! Which finding says why a call failed, which ones are only its consequences, and in which order they are read.

use std::cmp::Reverse;
use std::sync::LazyLock;

use super::rules::REGISTRATION_REJECTED;
use super::{Evidence, Finding, Severity};
use crate::call::{Call, Origin, Outcome, TransactionId};
use crate::provenance::FrameRef;

/// A code that may be the root cause of a failed call.
struct Cause {
    code: &'static str,
    /// A weaker finding of that code tells of a risk, not of the reason.
    least: Severity,
    /// Which failed calls it can explain.
    explains: fn(&Call) -> bool,
    /// Whether it describes how the failure looks, so that a closer cause makes it a consequence.
    symptom: bool,
}

const fn cause(code: &'static str, least: Severity, explains: fn(&Call) -> bool) -> Cause {
    Cause { code, least, explains, symptom: false }
}

const fn symptom(code: &'static str, least: Severity, explains: fn(&Call) -> bool) -> Cause {
    Cause { code, least, explains, symptom: true }
}

/// Closest cause first. A call that failed has as its root cause the first of these that it shows: what a redirect, an
/// identity, a rejection or a challenge suffers from comes before the way in which the call then ended.
static CAUSES: &[Cause] = &[
    cause("register-redirected", Severity::Warning, |c| !c.is_invite() && ended(c, &[Outcome::RedirectedUnfollowed])),
    cause("redirect-in-dialog", Severity::Warning, |c| !c.is_invite() && ended(c, &[Outcome::RedirectedUnfollowed])),
    cause("redirect-target-suspicious", Severity::Critical, any),
    cause("redirect-without-contact", Severity::Error, any),
    cause("redirect-contact-malformed", Severity::Error, any),
    cause("redirect-contact-not-sip", Severity::Error, any),
    cause("redirect-to-itself", Severity::Error, any),
    cause("redirect-to-itself-in-effect", Severity::Error, any),
    cause("redirect-loop", Severity::Error, any),
    cause("redirect-chain-long", Severity::Error, any),
    cause("redirect-follow-up-malformed", Severity::Error, any),
    cause("redirect-not-acknowledged", Severity::Error, |c| ended(c, &[Outcome::RedirectedUnfollowed])),
    symptom("redirect-not-followed", Severity::Warning, |c| ended(c, &[Outcome::RedirectedUnfollowed])),
    cause("redirect-of-other-method", Severity::Notice, |c| {
        !c.is_invite() && ended(c, &[Outcome::RedirectedUnfollowed])
    }),
    cause("redirect-target-challenges", Severity::Error, |c| {
        ended(c, &[Outcome::ChallengeUnanswered, Outcome::AuthFailed])
    }),
    cause("redirect-breaks-passport", Severity::Error, |c| {
        ended(c, &[Outcome::IdentityRejected, Outcome::BlockedByNetwork])
    }),
    cause("redirect-contact-not-routable", Severity::Error, any),
    cause("redirect-contact-unresolvable", Severity::Error, any),
    cause("redirect-transport-unreachable", Severity::Warning, any),
    cause("unwanted-for-wrong-method", Severity::Error, |c| !c.is_invite()),
    cause("unwanted-origin", Severity::Info, |c| {
        ended(c, &[Outcome::UnwantedByCallee, Outcome::BlockedByNetwork]) || began_with(c, 607)
    }),
    cause("verification-failed-verstat", Severity::Error, identity),
    cause("identity-malformed", Severity::Error, identity),
    cause("passport-signature-invalid", Severity::Error, identity),
    cause("passport-not-fresh", Severity::Error, identity),
    cause("passport-orig-mismatch", Severity::Error, identity),
    cause("passport-dest-mismatch", Severity::Error, identity),
    cause("passport-chain-inconsistent", Severity::Warning, identity),
    cause("passport-certificate-url", Severity::Warning, identity),
    cause("call-not-signed", Severity::Warning, |c| identity(c) && ended_with(c, 428)),
    symptom("stir-reason-reported", Severity::Error, identity),
    cause("number-portability-data-lost", Severity::Warning, |c| {
        ended(c, &[Outcome::Rejected, Outcome::ServerFailure])
    }),
    cause("routing-loop", Severity::Warning, |c| began_with(c, 482) || began_with(c, 483)),
    cause("extension-unsupported", Severity::Info, |c| {
        [405, 420, 421, 489, 501].iter().any(|status| began_with(c, *status))
    }),
    cause("sip-alg-damage", Severity::Error, |c| {
        ended(c, &[Outcome::NoResponse]) || [400, 488, 606].iter().any(|status| began_with(c, *status))
    }),
    cause("registration-rejected", Severity::Warning, |c| {
        !c.is_invite() && REGISTRATION_REJECTED.iter().any(|status| began_with(c, *status))
    }),
    cause("no-common-codec", Severity::Warning, |c| began_with(c, 488) || began_with(c, 606)),
    symptom("next-hop-unresolvable", Severity::Info, any),
    cause("forbidden-explained", Severity::Warning, |c| began_with(c, 403)),
    cause("number-format-rejected", Severity::Warning, |c| began_with(c, 404) || began_with(c, 484)),
    cause("bad-request-explained", Severity::Warning, |c| began_with(c, 400)),
    cause("srtp-mismatch", Severity::Warning, |c| began_with(c, 488) || began_with(c, 606)),
    // Only where that is why the call failed it is an error.
    cause("prack-missing", Severity::Error, any),
    cause("redirect-hidden-by-b2bua", Severity::Warning, any),
    symptom("redirect-target-failed", Severity::Error, any),
    cause("required-header-field-missing", Severity::Warning, |c| ended(c, &[Outcome::ChallengeUnanswered])),
    // Who does not get the challenge cannot answer it.
    cause("response-from-other-address", Severity::Warning, |c| ended(c, &[Outcome::ChallengeUnanswered])),
    cause("rport-missing", Severity::Warning, |c| {
        ended(c, &[Outcome::ChallengeUnanswered, Outcome::Stalled, Outcome::Incomplete])
    }),
    cause("failure-not-acknowledged", Severity::Warning, |c| ended(c, &[Outcome::ChallengeUnanswered])),
    symptom("authentication-loop", Severity::Info, any),
    symptom("credentials-withheld", Severity::Info, any),
    symptom("options-ping-failing", Severity::Warning, |c| !c.is_invite()),
    symptom("request-timeout", Severity::Info, any),
    symptom("message-too-large-for-udp", Severity::Info, |c| ended(c, &[Outcome::NoResponse])),
    symptom("no-response", Severity::Info, |c| ended(c, &[Outcome::NoResponse])),
    symptom("cseq-out-of-order", Severity::Info, |c| began_with(c, 500)),
    cause("session-interval-loop", Severity::Warning, |c| began_with(c, 422)),
    symptom("glare", Severity::Info, |c| began_with(c, 491)),
    symptom("dialog-unknown", Severity::Info, |c| ended_with(c, 481) || began_with(c, 481)),
    symptom("stalled-after-100", Severity::Info, |c| ended(c, &[Outcome::Stalled])),
    symptom("failed-response", Severity::Info, any),
];

/// Findings that speak of the identity or of the destination of the first target only, and follow from another one.
static CONSEQUENCES: &[(&str, &str)] = &[
    ("passport-dest-mismatch", "redirect-breaks-passport"),
    ("stir-reason-reported", "redirect-breaks-passport"),
    ("bad-request-explained", "sip-alg-damage"),
];

/// What speaks of one response each: it explains a call only where that response decided it.
static OF_ONE_RESPONSE: &[&str] =
    &["cseq-out-of-order", "dialog-unknown", "failed-response", "glare", "next-hop-unresolvable"];

/// The same of answered calls, which have no root cause: the first follows from the second where that cites the frame that it is about.
static LATER: &[(&str, &str)] = &[
    ("dialog-unknown", "ack-misrouted"),
    ("failed-response", "ack-misrouted"),
    ("bye-with-abnormal-reason", "answer-not-acknowledged"),
    ("bye-with-abnormal-reason", "ack-misrouted"),
    ("bye-with-abnormal-reason", "session-timer-expired"),
    ("bye-with-abnormal-reason", "one-way-media"),
    ("bye-with-abnormal-reason", "media-address-wrong"),
];

/// The same where the first cites the frame that the second is about.
static CITING: &[(&str, &str)] = &[
    ("bye-with-abnormal-reason", "failed-response"),
    ("bye-with-abnormal-reason", "no-response"),
    ("bye-with-abnormal-reason", "dialog-contact-unreachable"),
    ("bye-with-abnormal-reason", "route-set-broken"),
    ("bye-with-abnormal-reason", "dialog-unknown"),
    ("bye-with-abnormal-reason", "request-timeout"),
];

/// They say what the catalogue says of a response, and more, in calls of every outcome.
static IN_PLACE_OF_CATALOGUE: &[&str] = &[
    "bad-request-explained",
    "next-hop-unresolvable",
    "routing-loop",
    "extension-unsupported",
    "registration-rejected",
    "no-common-codec",
    "srtp-mismatch",
];

/// The place among all of the cause with that code.
pub(super) fn place_of(code: &str) -> Option<usize> {
    // Hardly any are equally long.
    static BY_LENGTH: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
        let longest = CAUSES.iter().map(|cause| cause.code.len()).max().unwrap_or_default();
        let of =
            |length| (0..CAUSES.len()).filter(|at| CAUSES.get(*at).is_some_and(|c| c.code.len() == length)).collect();
        (0..=longest).map(of).collect()
    });
    let same = |place: &&usize| CAUSES.get(**place).is_some_and(|cause| cause.code == code);
    BY_LENGTH.get(code.len())?.iter().find(same).copied()
}

/// The cause that a finding tells of, and its place among all.
fn cause_of(finding: &Finding) -> Option<(usize, &'static Cause)> {
    let place = finding.cause()?;
    Some((place, CAUSES.get(place)?))
}

fn any(_: &Call) -> bool {
    true
}

fn identity(call: &Call) -> bool {
    ended(call, &[Outcome::IdentityRejected])
}

fn ended(call: &Call, outcomes: &[Outcome]) -> bool {
    outcomes.contains(&call.outcome)
}

fn ended_with(call: &Call, status: u16) -> bool {
    call.final_response.and_then(|id| call.message(id)).and_then(|m| m.message.status()).is_some_and(|s| s.0 == status)
}

/// Whether the deepest response on the way of the one that decided the call has that status: somebody on the way may have changed it.
fn began_with(call: &Call, status: u16) -> bool {
    let origin = call.decided_by.and_then(|id| call.origin_of_failure(id));
    let Some(Origin::Response(_, message)) = origin else { return false };
    call.message(message).and_then(|m| m.message.status()).is_some_and(|s| s.0 == status)
}

/// Drops repetitions, marks consequences, sorts, and returns the code of the root cause; it then is that of the first
/// finding. Only failed calls have one.
pub(super) fn settle(call: &Call, findings: &mut Vec<Finding>) -> Option<&'static str> {
    drop_repetitions(findings);
    let root = call.outcome.is_failure().then(|| pick(call, findings)).flatten();
    if let Some((at, place)) = root {
        let first = findings.remove(at);
        mark(call, &first, place, findings);
        sort(findings);
        let code = first.code;
        findings.insert(0, first);
        return Some(code);
    }
    mark_later(findings);
    sort(findings);
    None
}

/// The frames of which the catalogue need say nothing once these are all other findings of a call: [`settle`] would drop it.
pub(super) fn explained(call: &Call, findings: &[Finding]) -> Vec<FrameRef> {
    // Any root cause among them is closer than the catalogue.
    if !call.outcome.is_failure() || pick(call, findings).is_none() {
        let said = findings.iter().filter(|f| IN_PLACE_OF_CATALOGUE.contains(&f.code));
        return said.filter_map(frame).collect();
    }
    cited_by_closer(findings.iter())
}

fn drop_repetitions(findings: &mut Vec<Finding>) {
    // One bit for each code: hardly any has that of an earlier one.
    let mut seen = 0;
    let mut at = 0;
    while let Some(finding) = findings.get(at) {
        let mark = mark_of(finding.code);
        if seen & mark != 0 && findings.iter().take(at).any(|earlier| is_repetition(finding, earlier)) {
            findings.remove(at);
        } else {
            seen |= mark;
            at += 1;
        }
    }
}

/// One of 64 bits.
fn mark_of(code: &str) -> u64 {
    let octets = code.as_bytes();
    let middle = octets.get(octets.len() / 2).copied().unwrap_or_default();
    let last = octets.last().copied().unwrap_or_default();
    1 << ((octets.len() * 5 + usize::from(middle) * 11 + usize::from(last) * 3) & 63)
}

/// Whether two findings are of one rule and cite the same texts of the same frames.
fn is_repetition(one: &Finding, other: &Finding) -> bool {
    let same = |(a, b): (&Evidence, &Evidence)| a.frame == b.frame && a.text == b.text;
    one.code == other.code
        && one.evidence.len() == other.evidence.len()
        && one.evidence.iter().zip(&other.evidence).all(same)
}

/// The index of the root cause in `findings`, and its place in [`CAUSES`]: the closest cause, then the deepest hop, then the
/// earliest frame.
fn pick(call: &Call, findings: &[Finding]) -> Option<(usize, usize)> {
    findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.consequence_of.is_none())
        .filter_map(|(at, finding)| {
            let (place, cause) = cause_of(finding)?;
            let fits = finding.severity >= cause.least
                && (cause.explains)(call)
                && (!OF_ONE_RESPONSE.contains(&cause.code) || concerns_the_end(call, finding));
            fits.then_some((at, place))
        })
        .min_by(|(one, place), (other, other_place)| {
            // Hardly ever are two of the same cause.
            let rank = |at: &usize| findings.get(*at).map(|f| (Reverse(depth(call, f)), frame(f)));
            place.cmp(other_place).then_with(|| rank(one).cmp(&rank(other)))
        })
}

/// Whether a finding cites the response that decided the call, or the request that had none.
fn concerns_the_end(call: &Call, finding: &Finding) -> bool {
    let Some(decided) = call.final_response.and_then(|id| call.message(id)) else { return true };
    finding.evidence.iter().any(|e| e.frame == decided.provenance.frame)
}

fn depth(call: &Call, finding: &Finding) -> usize {
    let Some(frame) = frame(finding) else { return 0 };
    let cited = |id: &crate::call::MessageId| call.message(*id).is_some_and(|m| m.provenance.frame == frame);
    let holds = |t: &crate::call::Transaction| {
        t.request.iter().chain(&t.provisionals).chain(t.finals.iter().map(|f| &f.message)).any(cited)
    };
    call.transactions.iter().position(holds).map_or(0, |at| call.depth(TransactionId(at)))
}

fn frame(finding: &Finding) -> Option<FrameRef> {
    finding.evidence.first().map(|e| e.frame)
}

/// Marks what follows from the root cause. Of a response that a closer finding cites, the catalogue says nothing more.
fn mark(call: &Call, root: &Finding, place: usize, findings: &mut Vec<Finding>) {
    let later_symptom = |f: &Finding| {
        cause_of(f).is_some_and(|(later, cause)| later > place && cause.symptom)
            && (!OF_ONE_RESPONSE.contains(&f.code) || concerns_the_end(call, f))
            // One target that did not answer is not why another one rejected the call.
            && (f.code != "no-response" || root.code != "unwanted-origin")
            // What a verifier found follows from no rejection of another kind.
            && (f.code != "stir-reason-reported" || identity(call))
    };
    drop_explained(root, findings);
    for finding in findings.iter_mut().filter(|f| f.code != root.code && f.consequence_of.is_none()) {
        let follows = CONSEQUENCES.contains(&(finding.code, root.code)) || later_symptom(finding);
        if follows {
            finding.consequence_of = Some(root.code);
        }
    }
}

/// Marks what follows from another finding about a call that did not fail, by [`LATER`] and [`CITING`].
fn mark_later(findings: &mut [Finding]) {
    for (code, cause) in LATER {
        let cited: Vec<_> =
            findings.iter().filter(|f| f.code == *cause).flat_map(|f| &f.evidence).map(|e| e.frame).collect();
        if cited.is_empty() {
            continue;
        }
        for finding in findings.iter_mut().filter(|f| f.code == *code) {
            if frame(finding).is_some_and(|of| cited.contains(&of)) {
                finding.consequence_of = Some(cause);
            }
        }
    }
    for (code, cause) in CITING {
        let about: Vec<_> = findings.iter().filter(|f| f.code == *cause).filter_map(frame).collect();
        for finding in findings.iter_mut().filter(|f| f.code == *code && f.consequence_of.is_none()) {
            if finding.evidence.iter().any(|e| about.contains(&e.frame)) {
                finding.consequence_of = Some(cause);
            }
        }
    }
}

/// Drops what the catalogue says of responses that closer findings cite.
fn drop_explained(root: &Finding, findings: &mut Vec<Finding>) {
    if findings.iter().all(|f| f.code != "failed-response") {
        return;
    }
    let closer = cited_by_closer(findings.iter().chain([root]));
    findings.retain(|f| f.code != "failed-response" || !frame(f).is_some_and(|cited| closer.contains(&cited)));
}

/// The frames that findings cite which may be the root cause of a call, the catalogue aside.
fn cited_by_closer<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<FrameRef> {
    let mut cited = Vec::with_capacity(16);
    for finding in findings.filter(|f| f.cause().is_some() && f.code != "failed-response") {
        for evidence in &finding.evidence {
            // Most findings of a call cite the same two or three.
            if cited.last() != Some(&evidence.frame) {
                cited.push(evidence.frame);
            }
        }
    }
    cited
}

/// What stands for itself first, the worst of it before the rest, then by frame; consequences last. That a signature is missing
/// decides nothing by itself, and comes behind what is as bad.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let rank = |f: &Finding| (f.consequence_of.is_some(), Reverse(f.severity), f.code == "call-not-signed");
        rank(a).cmp(&rank(b)).then_with(|| frame(a).cmp(&frame(b))).then_with(|| a.code.cmp(b.code))
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::call::fixture;
    use crate::diagnosis::rules::RULES;
    use crate::diagnosis::{Certainty, Detect, Explanation, Rule};

    const FAILED: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n\
        0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > b forward\nINVITE sip:bob@203.0.113.60\n\n\
        0.5 b > p tag=b1\n404 Not Found\n\n0.51 p > b\nACK\n\n0.52 p > a forward\n404 Not Found\n\n0.53 a > p\nACK\n";

    /// A finding about the message with that index.
    fn finding(code: &'static str, severity: Severity, call: &Call, message: usize) -> Finding {
        const NOTHING: Explanation = Explanation {
            what_it_means: "",
            why_it_matters: "",
            likely_causes: "",
            how_to_fix: "",
            how_to_confirm: "",
            when_this_is_wrong: "",
        };
        let rule = Rule {
            code,
            summary: "",
            severity,
            references: &[],
            explanation: NOTHING,
            detect: Detect::Call(|_, _, _| {}),
        };
        Finding::new(&rule, Certainty::Certain, "x", Evidence::of(&call.messages[message], "x"))
    }

    /// Codes after settling, in order, each with the code that it follows from.
    fn settled(
        call: &Call,
        rows: &[(&'static str, Severity, usize)],
    ) -> (Option<&'static str>, Vec<(&'static str, Option<&'static str>)>) {
        let mut findings = rows.iter().map(|(code, severity, at)| finding(code, *severity, call, *at)).collect();
        let root = settle(call, &mut findings);
        (root, findings.iter().map(|f| (f.code, f.consequence_of)).collect())
    }

    #[test]
    fn the_closest_cause_comes_first_and_symptoms_follow_from_it() {
        use Severity::{Error, Info, Notice, Warning};
        let call = fixture::call(FAILED);
        assert_eq!(call.outcome, Outcome::Rejected);
        let rows = [
            ("failed-response", Error, 3),
            ("permanent-redirect-expires", Notice, 4),
            ("redirect-target-failed", Error, 2),
            ("caller-number-impossible", Error, 1),
            ("redirect-contact-not-routable", Error, 2),
            ("redirect-chain-long", Warning, 2),
            // Only a notice: a risk, not the reason.
            ("redirect-loop", Notice, 0),
            // The call did not end with a 607.
            ("unwanted-origin", Info, 0),
        ];
        let root = Some("redirect-contact-not-routable");
        assert_eq!(
            settled(&call, &rows),
            (
                root,
                vec![
                    ("redirect-contact-not-routable", None),
                    ("caller-number-impossible", None),
                    ("failed-response", None),
                    ("redirect-chain-long", None),
                    ("redirect-loop", None),
                    ("permanent-redirect-expires", None),
                    ("unwanted-origin", None),
                    ("redirect-target-failed", root),
                ]
            )
        );
    }

    #[test]
    fn the_deepest_hop_comes_before_the_earlier_frame() {
        let call = fixture::call(FAILED);
        let relayed = call.messages.iter().position(|m| m.message.status().is_some()).unwrap();
        let rows = [("redirect-loop", Severity::Error, 0), ("redirect-loop", Severity::Error, relayed)];
        let mut findings: Vec<_> =
            rows.iter().map(|(code, severity, at)| finding(code, *severity, &call, *at)).collect();
        settle(&call, &mut findings);
        assert_eq!(findings[0].evidence[0].frame, call.messages[relayed].provenance.frame);
    }

    #[test]
    fn repetitions_are_left_out_and_other_evidence_is_not() {
        let call = fixture::call(FAILED);
        let row = ("redirect-loop", Severity::Error, 0);
        let (_, once) = settled(&call, &[row, row]);
        let (_, twice) = settled(&call, &[row, ("redirect-loop", Severity::Error, 1)]);
        assert_eq!((once.len(), twice.len()), (1, 2));
    }

    #[test]
    fn the_catalogue_is_silent_where_a_closer_finding_cites_the_response() {
        let call = fixture::call(FAILED);
        let rows = |at| [("redirect-target-failed", Severity::Error, 2), ("failed-response", Severity::Error, at)];
        let (root, codes) = settled(&call, &rows(2));
        assert_eq!((root, codes.len()), (Some("redirect-target-failed"), 1));
        assert_eq!(settled(&call, &rows(4)).1.len(), 2);
    }

    #[test]
    fn calls_that_did_not_fail_have_no_root_cause() {
        let mut call = fixture::call(FAILED);
        for outcome in Outcome::ALL {
            call.outcome = *outcome;
            let (root, _) = settled(&call, &[("redirect-without-contact", Severity::Error, 0)]);
            assert_eq!(root.is_some(), outcome.is_failure(), "{outcome:?}");
        }
    }

    /// Rules at error level that never say why a call failed: what they find goes wrong beside it, or before it.
    const NEVER: &[&str] = &[
        "caller-number-impossible",
        "caller-retries-after-607",
        "route-advance-after-607",
        "route-advance-after-network-block",
        "caller-id-rotation-after-607",
        "toll-fraud-pattern",
        // No call is behind it.
        "tls-handshake-failed",
        // It counts calls; why one of them failed the response says.
        "overload",
        // They compare registrations with calls when all are known.
        "registration-expired",
        "nat-binding-lost",
        // The call was answered, and fails later.
        "answer-not-acknowledged",
        "ack-misrouted",
        "session-timer-expired",
        "dialog-contact-unreachable",
        "route-set-broken",
        "call-drops-at-32-seconds",
        // What people do not hear is no failure of SIP.
        "one-way-media",
        "media-address-wrong",
    ];

    #[test]
    fn every_rule_at_error_level_is_known_here() {
        for rule in RULES.iter().filter(|rule| rule.severity >= Severity::Error) {
            let known = CAUSES.iter().any(|cause| cause.code == rule.code);
            assert!(known != NEVER.contains(&rule.code), "{}: can it be the root cause of a call?", rule.code);
        }
    }

    #[test]
    fn no_cause_is_listed_twice() {
        let codes: BTreeSet<_> = CAUSES.iter().map(|c| c.code).collect();
        assert_eq!(codes.len(), CAUSES.len());
    }
}
