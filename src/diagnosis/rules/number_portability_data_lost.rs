//! A follow-up without the routing data that the redirect gave it.

use crate::call::{Call, Follow};
use crate::diagnosis::redirect_case::{End, RedirectCase, end_of};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, platform,
};

/// Parameters of a telephone number that route it (RFC 4694).
const ROUTING: [&str; 3] = ["rn", "npdi", "cic"];

pub(super) static RULE: Rule = Rule {
    code: "number-portability-data-lost",
    summary: "A client followed a redirect but left out the rn, npdi or cic parameters of its Contact.",
    severity: Severity::Warning,
    references: &["RFC 4694 §5.1", "RFC 3261 §8.1.3.4", "RFC 3261 §19.1.6"],
    explanation: Explanation {
        what_it_means: "The Contact carried number-portability or carrier data inside its user part, such as \
            `;rn=+12154100000;npdi`. The follow-up went to the same place without them. A client must put the whole URI \
            of the Contact into the Request-URI.",
        why_it_matters: "The target routes by these data. Without `npdi` it queries the database again; without `rn` it \
            looks for the number where it was before it was ported, and often answers 404.",
        likely_causes: "- The client takes the number and the host from the Contact and builds a URI of its own.\n\
            - A border controller strips parameters that it does not know, or handles them itself and does not pass them \
            on.\n\
            - A dial plan that matches digits only.",
        how_to_fix: "- At the client: copy the user part of the Contact unchanged into the Request-URI.\n\
            - Check number-manipulation rules between the redirect and the second INVITE.",
        how_to_confirm: "Call again: the Request-URI of the second INVITE has the same `rn`, `npdi` and `cic` as the \
            Contact.",
        when_this_is_wrong: "- The parameters stand in another order or case, or moved behind the host: they are not lost, \
            though behind the host only some targets look for them.\n\
            - The follow-up goes to an own proxy that keeps the data in another header field.",
    },
    detect: Detect::of_followed_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for case in RedirectCase::of_initial_requests(call) {
        out.extend(case.redirect.follows.iter().find_map(|follow| finding(&case, follow, cx)));
    }
}

/// Whether a follow-up lost routing data.
pub(super) fn applies(case: &RedirectCase<'_>) -> bool {
    case.redirect.follows.iter().any(|follow| !lost(case, follow).is_empty())
}

fn lost(case: &RedirectCase<'_>, follow: &Follow) -> Vec<&'static str> {
    let sent = case.call.request(follow.transaction).and_then(|m| m.message.request_uri());
    let (Some(contact), Some(sent)) = (case.target_of(follow), sent) else { return Vec::new() };
    let (offered, kept) = (contact.user_params(), sent.user_params());
    ROUTING.into_iter().filter(|p| offered.has(p) && !kept.has(p) && !sent.params.has(p)).collect()
}

fn finding(case: &RedirectCase<'_>, follow: &Follow, cx: &Context<'_>) -> Option<Finding> {
    let lost = lost(case, follow);
    if lost.is_empty() {
        return None;
    }
    let request = case.call.request(follow.transaction)?;
    let end = end_of(case.call, follow.transaction, cx);
    // Whoever is busy or declines was reached without them.
    let failure = match end {
        End::Failure(answer, status) if !case.is_word_of_the_callee(follow, status) => Some(answer),
        _ => None,
    };
    let message = Text::new(if failure.is_some() {
        "The client at {client} followed the redirect without {lost} of the Contact, and the target rejected the call, \
         probably because of that."
    } else {
        "The client at {client} followed the redirect without {lost} of the Contact."
    })
    .with("client", request.provenance.flow.source)
    .with("lost", Text::list(" and ", lost));
    let actor = Actor::sender(request, "operator of the client that follows the redirect");
    let setting = platform::keep_contact_parts(actor.software.as_deref());
    let severity = if failure.is_some() { case.severity() } else { Severity::Warning };
    let mut finding = Finding::new(&RULE, Certainty::Strong, message, Evidence::of(request, "the follow-up"))
        .severity(severity)
        .evidence([case.evidence()])
        .evidence(failure.map(|answer| Evidence::of(answer, "the target's answer")))
        .actor(actor)
        .fix("Copy the user part of the Contact unchanged, with all its parameters, into the Request-URI.");
    if let Some(setting) = setting {
        finding = finding.fix(setting);
    }
    Some(finding.verify("Call again: the second INVITE carries the same rn, npdi and cic as the Contact."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, followed, only, redirected};

    #[test]
    fn each_routing_parameter_must_arrive() {
        let flow = |contact: &str, sent: &str, status: &str| {
            redirected(&format!("302 Moved\nContact: <{contact}>"), &followed(sent, status))
        };
        let ported = "sip:+12155550100;rn=+12154100000;npdi@203.0.113.40";
        let bare = "sip:+12155550100@203.0.113.40";
        check(
            RULE.code,
            &[
                ("lost, failed", &flow(ported, bare, "404 Not Found"), Some(Severity::Error)),
                ("lost, answered", &flow(ported, bare, "200 OK"), Some(Severity::Warning)),
                ("lost, busy", &flow(ported, bare, "486 Busy Here"), Some(Severity::Warning)),
                ("kept", &flow(ported, ported, "404 Not Found"), None),
                (
                    "kept behind the host",
                    &flow(ported, "sip:+12155550100@203.0.113.40;rn=+12154100000;npdi", "200 OK"),
                    None,
                ),
                ("never there", &flow(bare, bare, "404 Not Found"), None),
            ],
        );
        let one = only(&flow(ported, "sip:+12155550100;npdi@203.0.113.40", "404 Not Found"), RULE.code);
        assert_eq!(
            one.message.to_string(),
            "The client at 192.0.2.10:5060 followed the redirect without rn of the Contact, and the target rejected the \
             call, probably because of that."
        );
    }
}
