//! A rejected call without a signed identity, as captured nearest to the callee.

use std::net::IpAddr;

use crate::call::{Call, Outcome};
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Message};
use crate::stir::TelephoneNumber;

pub(super) static RULE: Rule = Rule {
    code: "call-not-signed",
    summary: "A rejected call carries no Identity header field on the hop nearest to the callee.",
    severity: Severity::Warning,
    references: &["RFC 8224 §6.1", "RFC 8588 §4", "RFC 8224 §6.2.2"],
    explanation: Explanation {
        what_it_means: "The call between two telephone numbers was rejected as unwanted, by a network, or for its identity, \
            and its INVITE, as captured nearest to the callee, is not signed (STIR/SHAKEN). Whether it was signed further on \
            is not in the capture.",
        why_it_matters: "In countries that require signatures, networks treat unsigned calls with suspicion. Without a \
            signature nobody can tell the caller from somebody who borrows the number. It does not explain the word of a \
            person who does not want the call.",
        likely_causes: "- The capture was taken in front of the element that signs: then this is normal.\n\
            - The originating provider does not sign calls of this trunk or number.\n\
            - An element on the way removed the Identity header field, or the call went through a telephone network that \
            cannot carry it.",
        how_to_fix: "- Capture behind the provider's signing element, or ask the originating provider whether it signs.\n\
            - At every element on the way: pass Identity and Date on unaltered.\n\
            - A signature does not make a called person want the call.",
        how_to_confirm: "The INVITE at the terminating provider carries an Identity header field.",
        when_this_is_wrong: "- In front of the signing element absence is normal; with a private source address the finding \
            is a notice.\n\
            - Calls between names or extensions are not signed by SHAKEN; the rule is silent for them.\n\
            - The callee's network verified the call and passed only the result on (verstat).\n\
            - Where the law asks for no signatures the finding is a notice. Where the answer is 428, which demands a \
            signature, it is an error everywhere.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.rejected_identity() else { return };
    // The caller hung up, or another branch took the call: nothing came of the rejection.
    if matches!(call.outcome, Outcome::Answered | Outcome::Cancelled) {
        return;
    }
    // The missing end of the INVITE may hold the signature.
    if case.request.message.is_cut() || !case.identities.is_empty() {
        return;
    }
    // A verifier that had something to verify may keep the signature to itself.
    let judged = |(_, status): &(_, String)| status.to_ascii_lowercase().starts_with("tn-validation");
    if case.request.message.verification_statuses().iter().any(judged) {
        return;
    }
    // Nor does one whose verdict is in the answer: it was signed behind this point.
    if case.rejection.is_some_and(|m| judges_signature(&m.message)) {
        return;
    }
    if case.numbers(&cx.settings.country).to.is_none() {
        return;
    }
    let caller = case.request.message.calling_number(&cx.settings.country);
    out.extend(caller.filter(TelephoneNumber::is_international).map(|caller| finding(case, &caller)));
}

fn finding(case: &IdentityCase<'_>, caller: &TelephoneNumber) -> Finding {
    let removed = !case.nearest.message.identities().is_empty();
    let demanded = demands_signature(case);
    let message = Text::new(if removed {
        "The INVITE carries no Identity header field from {hop}, although it was signed when it left the caller's side: an \
         element in between removed it."
    } else if demanded {
        "The INVITE from {caller} carries no Identity header field from {hop}, and was answered 428: the called side takes signed \
         calls only."
    } else {
        "The INVITE from {caller} carries no Identity header field from {hop}, the hop nearest to the callee in this \
         capture. In front of the element that signs, this is normal."
    })
    .with("hop", case.hop());
    let message = if removed { message } else { message.with("caller", caller) };
    let certainty = match (removed || demanded, case.has_several_hops()) {
        (true, _) => Certainty::Certain,
        (false, true) => Certainty::Strong,
        (false, false) => Certainty::Weak,
    };
    let primary = Evidence::of(case.request, "the INVITE without Identity");
    let signed = case.nearest.message.identities().first();
    let finding = Finding::new(&RULE, certainty, message, primary)
        .severity(severity(case, caller))
        .evidence(
            signed.map(|_| Evidence::header(case.nearest, HeaderName::Identity, "the signature at the earlier hop")),
        )
        .evidence(case.rejection_evidence());
    let finding = if removed {
        finding
            .actor(Actor::sender(case.request, "operator of the element that sent the INVITE on"))
            .fix("Pass the Identity and Date header fields on unaltered.")
    } else if demanded {
        finding
            .actor(Actor::role("the originating provider of the caller"))
            .fix("Have the originating provider sign the calls of this trunk.")
            .fix("If it does: find the element behind it that removes Identity, or that does not carry it.")
    } else {
        finding
            .actor(Actor::role("the originating provider of the caller"))
            .fix("Find out whether the call is signed behind this point: ask the originating provider, or capture there.")
            .fix("If it is not: have the originating provider sign the calls of this trunk. A signature does not make the called party want the call.")
    };
    finding.verify("The INVITE at the terminating provider carries an Identity header field.")
}

/// Whether an answer is the verdict of a verifier about a signature that it got (RFC 8224 §6.2.2, RFC 9410).
fn judges_signature(answer: &Message) -> bool {
    let is_verdict = |cause: u32| matches!(cause, 403 | 436..=438);
    let reasons = answer.reasons();
    let told = reasons.iter().any(|reason| reason.is("STIR") && reason.cause.is_some_and(is_verdict));
    told || answer.status().is_some_and(|status| matches!(status.0, 436..=438))
}

/// Whether the answer says that a signature is what the call lacks (RFC 8224 §6.2.2).
fn demands_signature(case: &IdentityCase<'_>) -> bool {
    case.rejection.and_then(|m| m.message.status()).is_some_and(|s| s.0 == 428)
}

/// An error where the answer demands it; where signatures are required (North America, France) and the call is on its way between networks, a warning.
fn severity(case: &IdentityCase<'_>, caller: &TelephoneNumber) -> Severity {
    if demands_signature(case) {
        return Severity::Error;
    }
    let address: IpAddr = case.request.provenance.flow.source.address;
    let inside = matches!(scope(address), Scope::Private | Scope::Shared | Scope::Loopback | Scope::LinkLocal);
    let plain_403 = case.rejection.and_then(|m| m.message.status()).is_some_and(|s| s.0 == 403);
    let required = caller.is_nanp() || caller.digits().starts_with("33");
    if required && !inside && !plain_403 { Severity::Warning } else { Severity::Notice }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::testing::{check, with_code};
    use crate::diagnosis::{Certainty, Severity};

    const CODE: &str = "call-not-signed";

    fn flow(from: &str, to: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:{to}@198.51.100.50\nFrom: <sip:{from}@192.0.2.10>\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn only_rejected_calls_between_numbers_are_named() {
        let (a, b) = ("+12125550101", "+12155550113");
        let (warning, notice) = (Some(Severity::Warning), Some(Severity::Notice));
        check(
            CODE,
            &[
                ("607", &flow(a, b, "607 Unwanted"), warning),
                ("608", &flow(a, b, "608 Rejected"), warning),
                ("428", &flow(a, b, "428 Use Identity Header"), Some(Severity::Error)),
                ("403 may be about anything", &flow(a, b, "403 Forbidden"), notice),
                ("603+", &flow(a, b, "603 Network Blocked"), warning),
                ("a person's 603", &flow(a, b, "603 Decline"), None),
                ("no such duty", &flow("+4930555010101", b, "607 Unwanted"), notice),
                ("answered", &flow(a, b, "200 OK"), None),
                ("a name", &flow("alice", b, "607 Unwanted"), None),
                ("an extension", &flow(a, "1001", "607 Unwanted"), None),
                ("signed", &flow(a, b, "607 Unwanted").replace("From:", "Identity: x.y.z\nFrom:"), None),
                ("verified", &flow(&format!("{a};verstat=TN-Validation-Passed"), b, "607 Unwanted"), None),
                ("a verdict about a signature", &flow(a, b, "438 Invalid Identity Header"), None),
                ("the same in Reason", &flow(a, b, "403 Stale Date\nReason: STIR;cause=403;text=\"Stale Date\""), None),
                ("inside", &flow(a, b, "607 Unwanted").replace("192.0.2.10", "10.0.0.1"), notice),
            ],
        );
    }

    #[test]
    fn a_rejection_that_the_caller_did_not_wait_for_counts_for_nothing() {
        let flow = |last: &str| {
            format!(
                "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\n\n\
                 0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: <sip:+12125550101@192.0.2.10>\n\n\
                 0.01 p > b forward\nINVITE sip:+12155550113@203.0.113.61\n\n3 a > p\nCANCEL\n\n3.1 p > a re=CANCEL\n200 OK\n\n\
                 3.2 b > p tag=t\n607 Unwanted\n\n3.3 p > a re=INVITE tag=t\n{last}\n"
            )
        };
        let count = |last: &str| with_code(&flow(last), CODE).len();
        assert_eq!((count("487 Request Terminated"), count("607 Unwanted")), (0, 1));
    }

    #[test]
    fn an_answer_that_demands_a_signature_leaves_no_doubt() {
        let of = |response| with_code(&flow("+12125550101", "+12155550113", response), CODE).remove(0);
        let (demanded, other) = (of("428 Use Identity Header"), of("608 Rejected"));
        assert_eq!((demanded.certainty, other.certainty), (Certainty::Certain, Certainty::Weak));
        assert!(demanded.message.to_string().ends_with("the called side takes signed calls only."));
        assert!(other.message.to_string().ends_with("this is normal."));
    }

    #[test]
    fn the_element_that_removed_it_is_named() {
        let text = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\n\n\
            0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: <sip:+12125550101@192.0.2.10>\nIdentity: x.y.z;info=<https://c.example/c>\n\n\
            0.01 p > b forward omit=Identity\nINVITE sip:+12155550113@203.0.113.61\n\n\
            0.1 b > p tag=t\n607 Unwanted\n\n0.12 p > a forward\n607 Unwanted\n";
        let found = with_code(text, CODE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Certain));
        assert!(
            found[0].message.to_string().contains("198.51.100.50:5060 to 203.0.113.61:5060, although it was signed")
        );
        assert_eq!(found[0].actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.50:5060");
    }
}
