//! A redirect that takes the PASSporT of the first request to a number for which it was not made.

use crate::call::{Call, Follow};
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::identity_claims::{Destination, claimed_destinations, destination};
use crate::diagnosis::redirect_case::{RedirectCase, last_try};
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::provenance::FrameRef;
use crate::sip::{HeaderName, Message};
use crate::stir::Identity;

pub(super) static RULE: Rule = Rule {
    code: "redirect-breaks-passport",
    summary: "A client followed a redirect to another number with the PASSporT of its first request.",
    severity: Severity::Error,
    references: &["RFC 8224 §6.2", "RFC 8225 §5.2.1", "RFC 8946 §4", "RFC 8946 §7"],
    explanation: Explanation {
        what_it_means: "The first request was signed for the number that was dialled. The redirect led to another number, and \
            the client sent the same PASSporT there. Its `dest` no longer fits the call: it equals neither To nor the \
            Request-URI, or only To, which the client kept. Nothing signed (`div`) leads from the old number to the new one.",
        why_it_matters: "A PASSporT for another callee looks like one copied from another call. Verifiers reject it (438), or \
            mark the call as failed, although the caller was signed correctly at first. One that compares with To lets a \
            kept To pass, one that compares with the Request-URI does not.",
        likely_causes: "- The call is signed before the redirect point, and the element that follows copies all header \
            fields.\n\
            - The redirecting server knows nothing of signed calls, so its response carries no `div` PASSporT.\n\
            - The response carries one, and the client does not copy it.",
        how_to_fix: "- Sign behind the redirect: let the element that follows ask the signing service for the new number.\n\
            - Or let the redirecting server return a `div` PASSporT in its response (RFC 8946 §7), and copy it into the \
            follow-up beside the first one.",
        how_to_confirm: "Call again: `dest` of a PASSporT in the follow-up is the new number, and the target does not reject \
            it.",
        when_this_is_wrong: "- A `div` PASSporT leads from the old number to the new one: the chain is complete.\n\
            - The redirect changes the host only, and the number stays the same.\n\
            - The follow-up was signed anew, for its own number.",
    },
    detect: Detect::of_followed_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for case in RedirectCase::of_invites(call) {
        let broken = case.redirect.follows.iter().find_map(|follow| Broken::of(&case, follow, cx));
        out.extend(broken.and_then(|broken| finding(&case, &broken)));
    }
}

/// Whether the INVITE in that frame is a follow-up whose PASSporT the redirect broke.
pub(super) fn applies(call: &Call, request: FrameRef, cx: &Context<'_>) -> bool {
    RedirectCase::of_invites(call).any(|case| {
        let broken = case.redirect.follows.iter().find_map(|follow| Broken::of(&case, follow, cx));
        broken.is_some_and(|broken| broken.signed.request.provenance.frame == request)
    })
}

/// Whether it explains why the target failed.
pub(super) fn explains(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    let mut broken = case.redirect.follows.iter().filter_map(|follow| Broken::of(case, follow, cx));
    broken.any(|broken| broken.severity(case) >= Severity::Error)
}

/// A follow-up with a PASSporT of the first request that does not fit it.
struct Broken<'a> {
    follow: &'a Follow,
    signed: IdentityCase<'a>,
    identity: Identity,
    /// The number in To was replaced too, so that `dest` fits nothing.
    rewritten: bool,
}

impl<'a> Broken<'a> {
    fn of(case: &RedirectCase<'a>, follow: &'a Follow, cx: &Context<'_>) -> Option<Self> {
        let signed = IdentityCase::of_attempt(case.call, last_try(case.call, follow.transaction))?;
        let first: Vec<_> =
            case.nearest_request().into_iter().chain(case.request()).flat_map(|m| m.message.identities()).collect();
        let taken_along = |identity: &&Identity| first.iter().any(|f| f.token() == identity.token());
        let identity = signed.origins().find(taken_along)?.clone();
        let rewritten = match destination(&signed, &cx.settings.country) {
            Destination::Fits => return None,
            Destination::Retargeted(_) => false,
            Destination::Differs => true,
        };
        // What did not fit before the redirect was not broken by it.
        let before = IdentityCase::of_attempt(case.call, case.redirect.transaction);
        let fitted = before.is_none_or(|before| *destination(&before, &cx.settings.country) == Destination::Fits);
        fitted.then_some(Self { follow, signed, identity, rewritten })
    }

    /// The status with which the target rejected the follow-up, where it may be due to the PASSporT.
    fn rejection(&self) -> Option<u16> {
        let message = &self.signed.rejection?.message;
        let status = message.status()?.0;
        (status != 403 || is_stale_date(message)).then_some(status)
    }

    /// A verifier speaks of identity; a network or user that blocks may have other reasons, unless nothing fits at all.
    fn severity(&self, case: &RedirectCase<'_>) -> Severity {
        match self.rejection() {
            None => Severity::Warning,
            Some(_) if case.call_got_through() => Severity::Warning,
            Some(603 | 607 | 608) if !self.rewritten => Severity::Warning,
            Some(_) => Severity::Error,
        }
    }
}

/// One of the two reason phrases that count as evidence (RFC 8224 §6.2.2).
fn is_stale_date(message: &Message) -> bool {
    message.reason_phrase().is_some_and(|phrase| phrase.trim().eq_ignore_ascii_case("Stale Date"))
}

fn finding(case: &RedirectCase<'_>, broken: &Broken<'_>) -> Option<Finding> {
    let severity = broken.severity(case);
    let certainty = if broken.rewritten { Certainty::Certain } else { Certainty::Strong };
    let request = broken.signed.request;
    let primary = broken.signed.evidence(&broken.identity, "the Identity header field that the follow-up took along");
    // Of a block by a network the catalogue has the redress, and cites the response.
    let rejection = broken.signed.rejection.filter(|_| matches!(broken.rejection(), Some(403 | 428..=438)));
    let divs = case.response.message.identities().iter().any(|identity| identity.is_diversion());
    let finding = Finding::new(&RULE, certainty, message(case, broken)?, primary)
        .severity(severity)
        .evidence([
            Evidence::header(request, HeaderName::To, Text::verbatim("To")),
            Evidence::of(request, "the follow-up"),
        ])
        .evidence([case.evidence()])
        .evidence(rejection.map(|m| Evidence::of(m, "the target's answer")))
        .actor(case.client_operator())
        .fix("Sign the follow-up anew for the number that it goes to, behind the redirect.");
    let finding = if divs {
        finding.fix("Copy the `div` PASSporT of the 3xx into the follow-up, beside the first one (RFC 8946 §7).")
    } else {
        finding.fix(
            Text::new(
                "Or let {server} return a `div` PASSporT in its 3xx (RFC 8946 §7), and copy it into the follow-up.",
            )
            .with("server", case.redirector()),
        )
    };
    Some(finding.verify("Call again: `dest` of a PASSporT in the follow-up is the new number."))
}

fn message(case: &RedirectCase<'_>, broken: &Broken<'_>) -> Option<Text> {
    let answer = broken.rejection().and(broken.signed.rejection);
    let request = &broken.signed.request.message;
    let text = Text::new(match (broken.rewritten, answer.is_some()) {
        (true, true) => {
            "{server} redirected the call to {contact}, and the client took its PASSporT along: that is for {dest}, while To \
             is {to} and the Request-URI {uri}, and no `div` PASSporT leads there. The target answered {answer}."
        }
        (true, false) => {
            "{server} redirected the call to {contact}, and the client took its PASSporT along: that is for {dest}, while To \
             is {to} and the Request-URI {uri}, and no `div` PASSporT leads there."
        }
        (false, true) => {
            "{server} redirected the call to {contact}, and the client took its PASSporT along: that is for {dest}, as To \
             ({to}) still says, while the Request-URI is {uri}, and no `div` PASSporT leads there. The target answered \
             {answer}."
        }
        (false, false) => {
            "{server} redirected the call to {contact}, and the client took its PASSporT along: that is for {dest}, as To \
             ({to}) still says, while the Request-URI is {uri}, and no `div` PASSporT leads there; verifiers that compare \
             with the Request-URI reject that."
        }
    })
    .with("server", case.redirector())
    .with("contact", case.target_of(broken.follow)?)
    .with("dest", claimed_destinations(&broken.identity).collect::<Vec<_>>().join(", "))
    .with("to", request.to().map(|to| to.uri.to_string()).unwrap_or_default())
    .with("uri", &request.request_uri()?);
    let Some(answer) = answer else { return Some(text) };
    let phrase = answer.message.reason_phrase().unwrap_or_default();
    Some(text.with("answer", format!("{} {phrase}", answer.message.status()?).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Outcome;
    use crate::diagnosis::testing::{check, diagnose, only};

    const S07A: &str = include_str!("../../../samples/scenarios/s07a.txt");
    const S07B: &str = include_str!("../../../samples/scenarios/s07b.txt");
    const S07C: &str = include_str!("../../../samples/scenarios/s07c.txt");

    fn answered(flow: &str, status: &str) -> String {
        flow.replace("438 Invalid Identity Header\nReason: STIR;cause=438;text=\"Invalid Identity Header\"", status)
    }

    /// With To kept in the follow-up.
    fn kept(flow: &str) -> String {
        flow.replace("To: <sip:+12155550113@203.0.113.40;user=phone>", "To: <sip:+12155550199@198.51.100.30>")
    }

    #[test]
    fn tokens_of_the_first_request_must_fit_the_second() {
        let (error, warning) = (Some(Severity::Error), Some(Severity::Warning));
        let same_number = S07A.replace("+12155550113", "+12155550199");
        let unsigned_first = S07A.replacen("Identity: ey", "X-Identity: ey", 1);
        check(
            RULE.code,
            &[
                ("To rewritten, rejected", S07A, error),
                ("To rewritten, 437", &answered(S07A, "437 Unsupported Credential"), error),
                ("To rewritten, 403 Stale Date", &answered(S07A, "403 Stale Date"), error),
                ("To rewritten, another 403", &answered(S07A, "403 Forbidden"), warning),
                ("To rewritten, blocked", &answered(S07A, "608 Rejected"), error),
                ("To rewritten, unwanted", &answered(S07A, "607 Unwanted"), error),
                ("To kept, rejected", &kept(S07A), error),
                ("To kept, blocked", &kept(&answered(S07A, "608 Rejected")), warning),
                ("To kept, answered", S07C, warning),
                ("a signed diversion", S07B, None),
                ("only the host changes", &same_number, None),
                ("signed behind the redirect", &unsigned_first, None),
            ],
        );
    }

    #[test]
    fn it_is_the_cause_and_everything_that_does_not_fit_is_printed() {
        let report = diagnose(S07A).calls.remove(0);
        assert_eq!((report.call.outcome, report.root_cause), (Outcome::IdentityRejected, Some(RULE.code)));
        let text = report.findings[0].message.to_string();
        for words in ["for 12155550199", "sip:+12155550113@203.0.113.40;user=phone", "438 Invalid Identity Header"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(report.findings.iter().skip(1).all(|f| f.consequence_of == Some(RULE.code)), "{:#?}", report.findings);
    }

    #[test]
    fn the_general_rule_about_destinations_follows_from_it() {
        assert_eq!(only(S07C, "passport-dest-mismatch").consequence_of, Some(RULE.code));
    }

    #[test]
    fn the_redress_of_a_block_stays_in_the_report() {
        let blocked =
            answered(S07A, "608 Rejected\nCall-Info: <https://block.example.net/complaint-jws>;purpose=jwscard");
        let report = diagnose(&blocked).calls.remove(0);
        assert_eq!(report.root_cause, Some(RULE.code));
        let catalogue = report.findings.iter().find(|f| f.code == "failed-response").unwrap();
        assert!(catalogue.remediation.iter().any(|fix| fix.to_string().contains("block.example.net")));
    }
}
