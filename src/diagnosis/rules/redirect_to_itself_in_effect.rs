//! A redirect that leads back to where the request went already, in other words.

use crate::call::Call;
use crate::diagnosis::redirect_case::{RedirectCase, is_visible_on_udp, routing_parameter};
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Uri;

use super::redirect_to_itself;

pub(super) static RULE: Rule = Rule {
    code: "redirect-to-itself-in-effect",
    summary: "A 3xx response whose Contacts lead back to the called address or to the redirecting server itself.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.3", "RFC 3261 §8.1.3.4", "RFC 3261 §19.1.4"],
    explanation: Explanation {
        what_it_means: "The Contact is another text than the Request-URI, but the same place: a default port is written \
            out, a parameter was added, or the host is the address of the redirecting server itself with the user \
            unchanged. Where RFC 3261 §19.1.4 calls the two URIs different (a port, or one of the parameters user, ttl, \
            method and maddr, in only one of them) a client may follow; it arrives where it was.",
        why_it_matters: "The client comes back, is redirected again, and goes on until its limit or its loop check ends \
            the call. The caller waits for nothing.",
        likely_causes: "- The location service returns the address of record with a port or `;user=phone` added.\n\
            - The server puts its own address into the Contact because no other is configured.\n\
            - Address hiding or NAT settings replace the host of the Contact by the server's own.",
        how_to_fix: "- At the redirecting server: return the address where the user is now, or relay the call.\n\
            - Check settings that rewrite the host of Contacts in responses.",
        how_to_confirm: "Call again: the second INVITE reaches another host or port and is answered by it.",
        when_this_is_wrong: "- The server asks for another transport at the same address, such as `;transport=tcp` for a \
            large message: that is a legitimate steering, and the rule is silent.\n\
            - A routing database answers with the called number and what it found for it (`rn`, `npdi`, `cic`), and leaves the host as it was: the \
            rule is silent.\n\
            - The follow-up at the same address got another answer than a redirect, for example because one name stands \
            for several servers.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter(applies).map(finding));
}

/// Whether every Contact leads back, and nothing shows that going there again helped.
pub(in crate::diagnosis) fn applies(case: &RedirectCase<'_>) -> bool {
    if redirect_to_itself::applies(case) || case.addresses().next().is_none() {
        return false;
    }
    case.addresses().all(|a| leads_back(case, &a.uri)) && !went_on(case)
}

fn leads_back(case: &RedirectCase<'_>, contact: &Uri) -> bool {
    let Some(from) = &case.redirect.from else { return false };
    if !contact.is_sip() || !from.is_sip() || !is_visible_on_udp(contact) {
        return false;
    }
    // What a routing database adds is its answer: the next request is another one, wherever it goes.
    if routing_parameter(contact).is_some() && routing_parameter(from).is_none() {
        return false;
    }
    let redirector = case.redirector();
    let is_redirector = contact.ip() == Some(redirector.address) && contact.port_or_default() == redirector.port;
    // A 305 names a proxy for the same Request-URI, and no user: the one that sent it answers the same again.
    let is_for_that_user = case.redirect.names_a_proxy() || contact.effective_user() == from.effective_user();
    contact.effectively_equals(from) || (is_redirector && (is_for_that_user || contact.user.is_none()))
}

/// Whether the Contact is the server's own and names nobody, as devices write it into each response; `false` for a proxy (305).
fn is_own_address(case: &RedirectCase<'_>) -> bool {
    let names_nobody = || case.targets().all(|uri| uri.user.is_none());
    !case.redirect.names_a_proxy()
        && case.redirect.from.as_ref().is_some_and(|from| from.user.is_some())
        && names_nobody()
}

/// Whether a follow-up got any final response that is no redirect.
fn went_on(case: &RedirectCase<'_>) -> bool {
    let follows = case.redirect.follows.iter().filter_map(|f| case.call.transaction(f.transaction));
    follows.flat_map(|t| &t.finals).any(|f| !f.status.is_redirection())
}

fn finding(case: RedirectCase<'_>) -> Finding {
    let contact = case.targets().next().map(ToString::to_string).unwrap_or_default();
    let uri = case.redirect.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = Text::new(if is_own_address(&case) {
        "{server} answered the request for {uri} with {status} to {contact}, its own address, where it names nobody: many devices write that into \
         each response."
    } else {
        "{server} answered the request for {uri} with {status} to {contact}, which leads back to the same place."
    })
    .with("server", case.redirector())
    .with("uri", uri)
    .with("status", case.redirect.status)
    .with("contact", contact);
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(case.severity())
        .evidence(case.request_evidence())
        .evidence(case.redirect.follows.iter().filter_map(|f| case.follow_evidence(f)))
        .actor(case.operator())
        .fix("Return the address where the user is now, or relay the call; do not return the server's own address.")
        .fix("Check settings that rewrite the host of Contacts in responses.");
    case.and_once_only(finding)
        .verify(case.verification("Call again: the second INVITE reaches another host or port and is answered by it."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, redirected};

    #[test]
    fn contacts_that_lead_back_count_unless_going_there_helped() {
        let with = |contact: &str, rest: &str| redirected(&format!("301 Moved Permanently\nContact: {contact}"), rest);
        let again = followed("sip:bob@corp.example:5060", "486 Busy Here");
        check(
            RULE.code,
            &[
                ("default port", &with("<sip:bob@corp.example:5060>", LATER), Some(Severity::Error)),
                ("own address of the server", &with("<sip:bob@198.51.100.30>", LATER), Some(Severity::Error)),
                ("what a database found", &with("<sip:bob;npdi@corp.example>", LATER), None),
                ("strictly equal", &with("<sip:bob@corp.example>", LATER), None),
                ("another port of the server", &with("<sip:bob@198.51.100.30:5080>", LATER), None),
                ("another user at the server", &with("<sip:carol@198.51.100.30>", LATER), None),
                ("another transport", &with("<sip:bob@corp.example;transport=tcp>", LATER), None),
                ("another host", &with("<sip:bob@new.example>", LATER), None),
                (
                    "the server as a proxy",
                    &redirected("305 Use Proxy\nContact: <sip:198.51.100.30>", LATER),
                    Some(Severity::Error),
                ),
                ("another proxy", &redirected("305 Use Proxy\nContact: <sip:198.51.100.31>", LATER), None),
                ("the server without a user", &with("<sip:198.51.100.30>", LATER), Some(Severity::Error)),
                ("another port of the server without a user", &with("<sip:198.51.100.30:5080>", LATER), None),
                (
                    "the server without a user, where one is asked for",
                    &with("<sip:198.51.100.30>", &followed("sip:bob@198.51.100.30", "404 No").replace("new", "old")),
                    None,
                ),
                ("it helped", &with("<sip:bob@corp.example:5060>", &again), None),
            ],
        );
    }
}
