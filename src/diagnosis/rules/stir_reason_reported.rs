//! A response that reports, in a Reason header field, why an identity could not be verified.

use crate::call::{Call, CapturedMessage};
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Reason};

pub(super) static RULE: Rule = Rule {
    code: "stir-reason-reported",
    summary: "A response reports with a Reason of protocol STIR that the caller's identity could not be verified.",
    severity: Severity::Error,
    references: &["RFC 9410 §3", "RFC 8224 §6.2.2"],
    explanation: Explanation {
        what_it_means: "A verification service found a fault with an Identity header field of the INVITE, and says so in a \
            Reason header field (`STIR;cause=436;text=\"Bad Identity Info\"`). It may stand in any response, also in a \
            provisional one or in a 200: then the service let the call go on all the same.",
        why_it_matters: "It is the verifier's own word about the fault, and the only one that reaches the caller's side when \
            the call is not rejected for it. The callee may have been shown a warning.",
        likely_causes: "- 428: no usable Identity header field.\n\
            - 436: the certificate could not be fetched.\n\
            - 437: the certificate is not one that the verifier accepts.\n\
            - 438: the signature, or what it covers, does not fit the call.\n\
            - 403: the PASSporT or the Date is too old, or lies in the future.",
        how_to_fix: "- 428: sign the call, and let every element pass the Identity header field on.\n\
            - 436: publish the certificate at a public https address.\n\
            - 437: use a certificate of an approved authority.\n\
            - 438: sign after the last change of numbers, and in the full form.\n\
            - 403: set the clock of the signer, and sign at the time of the call.",
        how_to_confirm: "Responses to the next call carry no Reason of protocol STIR.",
        when_this_is_wrong: "- Reason values of other protocols (SIP, Q.850) say nothing about the identity.\n\
            - With several Identity header fields one that holds is enough: the report may be about another one; `ppi` names \
            it.",
    },
    detect: Detect::of_reasons(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let mut told: Vec<(&CapturedMessage, Reason)> = Vec::new();
    for message in call.messages.iter().filter(|m| m.message.status().is_some()) {
        for reason in message.message.reasons().into_iter().filter(|reason| reason.is("STIR")) {
            // The same report comes by on every hop, and in several responses.
            if told.iter().all(|(_, known)| {
                (known.cause, known.params.value("ppi")) != (reason.cause, reason.params.value("ppi"))
            }) {
                told.push((message, reason));
            }
        }
    }
    out.extend(finding(call, &told));
}

fn finding(call: &Call, told: &[(&CapturedMessage, Reason)]) -> Option<Finding> {
    let (first, _) = told.first()?;
    let words = told.iter().map(|(_, reason)| words(reason));
    let status = first.message.status()?;
    let message = Text::new(
        "{verifier} reports in its {status} response that the caller's identity could not be verified: {words}.",
    )
    .with("verifier", element(first))
    .with("status", status)
    .with("words", Text::list("; ", words));
    let mut evidence = told.iter().map(|(message, reason)| {
        let text = format!("{}: {}", HeaderName::Reason.name(), reason.raw);
        Evidence::at(&message.provenance, "what the verifier reports", text)
    });
    let rejected = call.outcome == crate::call::Outcome::IdentityRejected;
    let mut finding = Finding::new(&RULE, Certainty::Certain, message, evidence.next()?)
        .severity(if rejected { Severity::Error } else { Severity::Warning })
        .evidence(evidence)
        .actor(Actor::role("the calling organisation, with the provider that signs its calls"));
    let mut remedies: Vec<&'static str> = told.iter().map(|(_, reason)| remedy(reason.cause)).collect();
    remedies.dedup();
    for remedy in remedies {
        finding = finding.fix(remedy);
    }
    Some(finding.verify("Responses to the next call carry no Reason of protocol STIR."))
}

/// Cause, text and the token that it is about.
fn words(reason: &Reason) -> Text {
    let cause = reason.cause.map_or_else(|| Text::new("no cause"), Text::verbatim);
    let cause = match reason.text.as_deref() {
        Some(text) => Text::new("{cause} {text}").with("cause", cause).with("text", text),
        None => cause,
    };
    match reason.params.value("ppi") {
        Some(_) => Text::new("{cause}, about the PASSporT that `ppi` names").with("cause", cause),
        None => cause,
    }
}

fn remedy(cause: Option<u32>) -> &'static str {
    match cause {
        Some(403) => "Set the clock of the signer, and sign at the time of the call: the PASSporT was stale.",
        Some(428) => {
            "Sign the call, and have every element pass the Identity header field on: the verifier found none that it could use."
        }
        Some(436) => "Publish the certificate at a public https address: the verifier could not fetch it.",
        Some(437) => "Sign with a certificate of an authority that the verifier accepts.",
        Some(438) => {
            "Sign after the last change of the numbers, and in the full form: the verifier found the Identity header field invalid."
        }
        _ => "Ask the operator of the verifier what it found.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    fn flow(ringing: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n\
             0.1 p > a tag=t\n180 Ringing\n{ringing}\n\n0.3 p > a tag=t\n{response}\n\n0.4 a > p\nACK\n"
        )
    }

    #[test]
    fn any_response_may_report() {
        let reason = "Reason: STIR;cause=436;text=\"Bad Identity Info\"";
        let rejected = flow("", &format!("436 Bad Identity Info\n{reason}"));
        check(
            RULE.code,
            &[
                ("rejected", &rejected, Some(Severity::Error)),
                (
                    "rejected with a 403 that gives it as its reason",
                    &flow("", "403 Forbidden\nReason: STIR;cause=403;text=\"Stale Date\""),
                    Some(Severity::Error),
                ),
                (
                    "rejected for the moment, whatever the verifier found",
                    &flow("", "486 Busy Here\nReason: STIR;cause=403;text=\"Stale Date\""),
                    Some(Severity::Warning),
                ),
                ("ringing", &flow(reason, "200 OK"), Some(Severity::Warning)),
                ("answered", &flow("", &format!("200 OK\n{reason}")), Some(Severity::Warning)),
                ("in both", &flow(reason, &format!("200 OK\n{reason}")), Some(Severity::Warning)),
                ("another protocol", &flow("", "607 Unwanted\nReason: SIP;cause=607;text=\"STIR\""), None),
                ("none", &flow("", "436 Bad Identity Info"), None),
            ],
        );
    }

    #[test]
    fn every_cause_has_its_remedy() {
        let two =
            "Reason: STIR;cause=403;text=\"Stale Date\";ppi=\"..abc\", STIR;cause=437;text=\"Unsupported Credential\"";
        let finding = only(&flow("", &format!("607 Unwanted\n{two}")), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.50:5060 reports in its 607 response that the caller's identity could not be verified: 403 Stale Date, \
             about the PASSporT that `ppi` names; 437 Unsupported Credential."
        );
        assert_eq!((finding.remediation.len(), finding.evidence.len()), (2, 2));
        assert_eq!(finding.consequence_of, None, "a verifier reports what it found, whoever does not want the call");
    }
}
