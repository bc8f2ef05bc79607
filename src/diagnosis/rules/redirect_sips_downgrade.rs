//! A redirect that leads a secure call to an address without that security.

use crate::call::{Call, CapturedMessage, Follow};
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::permanence::asked_for_security;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{Scheme, Uri};

pub(super) static RULE: Rule = Rule {
    code: "redirect-sips-downgrade",
    summary: "A call for a sips address was redirected to a sip address, and the client went there.",
    severity: Severity::Warning,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §16.5", "RFC 3261 §26.4.4", "RFC 5630 §5.4"],
    explanation: Explanation {
        what_it_means: "The caller asked for `sips:`, which promises TLS on every hop. The redirect led to `sip:`, which \
            promises nothing, and the client sent its next request there. A client may do that, but should tell its user \
            (RFC 3261 §8.1.3.4); a proxy should not do it at all (§16.5).",
        why_it_matters: "Who is called, and the keys of encrypted media in the body, travel in the clear from here on, while \
            the caller believes the call to be secure. A forged redirect is the simplest way to bring that about.",
        likely_causes: "- The called device registered with `sip:`, or the location service stores contacts without their \
            scheme.\n\
            - The template of the redirect server begins with `sip:`, whatever was asked for.\n\
            - The client builds its new Request-URI from user and host, and forgets the scheme.",
        how_to_fix: "- At the redirecting server: answer a request for `sips:` with `sips:` Contacts, or reject it if there \
            are none.\n\
            - Let the device register with `sips:`. `transport=tls` is no replacement: it covers one hop, and RFC 5630 \
            forbids it here.\n\
            - At the client: refuse the downgrade, or ask the user.",
        how_to_confirm: "Call the sips address again: the Contact is a `sips:` URI, and the follow-up goes over TLS.",
        when_this_is_wrong: "- The client turned the `sip:` Contact into `sips:` by itself: nothing was lost.\n\
            - The redirect offers both, and the client took `sips:`.\n\
            - Inside one trusted network the operator may accept it; the finding is critical only where the follow-up goes \
            to a public address in the clear, and the first hop had stayed inside.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    let secure = RedirectCase::of_initial_requests(call).filter(asked_for_security);
    out.extend(secure.filter_map(|case| case.redirect.follows.iter().find_map(|follow| finding(&case, follow))));
}

fn finding(case: &RedirectCase<'_>, follow: &Follow) -> Option<Finding> {
    let request = case.call.request(follow.transaction)?;
    let sent = request.message.request_uri().filter(|uri| uri.scheme == Scheme::Sip)?;
    let offered = case.target_of(follow)?;
    // The Contact was secure: the client alone gave that up.
    let by_client = offered.scheme == Scheme::Sips;
    let message = Text::new(if by_client {
        "{server} redirected {asked} to {contact}, and the client at {client} made {sent} of it: the call went on over {transport} \
         without the security that it was asked for with."
    } else {
        "{server} redirected {asked} to {contact}, and the client at {client} followed to {sent}: the call went on over {transport} \
         without the security that it was asked for with."
    })
    .with("server", case.redirector())
    .with("asked", case.redirect.from.as_ref()?)
    .with("contact", offered)
    .with("client", request.provenance.flow.source)
    .with("sent", &sent)
    .with("transport", transport(request));
    let certainty = if offered.is_sip() { Certainty::Certain } else { Certainty::Strong };
    let finding = Finding::new(&RULE, certainty, message, case.evidence())
        .severity(if is_exposed(case, request) { Severity::Critical } else { Severity::Warning })
        .evidence([Evidence::of(request, "the follow-up")])
        .evidence(case.request_evidence());
    Some(with_remedies(finding, case, request, offered, by_client))
}

fn with_remedies(
    finding: Finding,
    case: &RedirectCase<'_>,
    request: &CapturedMessage,
    offered: &Uri,
    by_client: bool,
) -> Finding {
    let mut finding = if by_client {
        finding
            .actor(Actor::sender(request, "operator of the client that follows the redirect"))
            .fix("Copy the whole Contact, with its scheme, into the Request-URI.")
    } else {
        finding
            .actor(case.operator())
            .fix("Answer requests for sips addresses with sips Contacts, or reject them if there are none.")
            .fix("At the client: refuse to follow from sips to sip, or let the user decide.")
    };
    if offered.params.value("transport").is_some_and(|t| t.eq_ignore_ascii_case("tls")) {
        finding = finding.fix("Leave `transport=tls` out: it covers a single hop, sips covers all of them (RFC 5630).");
    }
    finding
        .fix("Do not store a sip address for a contact that was dialled with sips.")
        .verify("Call the sips address again: Contact and follow-up are sips.")
}

/// The transport that the follow-up names in its topmost Via.
fn transport(request: &CapturedMessage) -> String {
    request.message.top_via().map_or_else(|| "UDP".to_owned(), |via| via.transport.to_ascii_uppercase())
}

/// Whether the follow-up left a protected network for a public address.
fn is_exposed(case: &RedirectCase<'_>, request: &CapturedMessage) -> bool {
    let asked = case.transaction.server.address;
    scope(request.provenance.flow.destination.address) == Scope::Public && scope(asked) != Scope::Public
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected};

    fn flow(asked: &str, contact: &str, sent: &str) -> String {
        redirected(&format!("302 Moved\nContact: <{contact}>"), &(followed(sent, "200 OK") + LATER))
            .replace("INVITE sip:bob@corp.example\n", &format!("INVITE {asked}\n"))
    }

    #[test]
    fn only_a_followed_downgrade_counts() {
        let (asked, plain, secure) = ("sips:bob@corp.example", "sip:bob@pbx.corp.example", "sips:bob@pbx.corp.example");
        let public =
            flow(asked, plain, plain).replace("198.51.100.30", "10.0.0.30").replace("203.0.113.40", "198.18.0.40");
        check(
            RULE.code,
            &[
                ("followed", &flow(asked, plain, plain), Some(Severity::Warning)),
                ("by the client", &flow(asked, secure, plain), Some(Severity::Warning)),
                ("out of the network", &public, Some(Severity::Critical)),
                ("kept", &flow(asked, secure, secure), None),
                ("raised", &flow(asked, plain, secure), None),
                ("never secure", &flow("sip:bob@corp.example", plain, plain), None),
                (
                    "not followed",
                    &redirected(&format!("302 Moved\nContact: <{plain}>"), LATER)
                        .replace("sip:bob@corp", "sips:bob@corp"),
                    None,
                ),
            ],
        );
        let finding = only(&flow(asked, secure, plain), RULE.code);
        assert_eq!(
            finding.actor.as_ref().unwrap().role.to_string(),
            "operator of the client that follows the redirect"
        );
    }
}
