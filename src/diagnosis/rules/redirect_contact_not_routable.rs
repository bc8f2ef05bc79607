//! A redirect to an address that the requester cannot reach.

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::redirect_case::{End, RedirectCase, end_of, times_sent};
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Uri};

pub(super) static RULE: Rule = Rule {
    code: "redirect-contact-not-routable",
    summary: "A 3xx response to an IP address that the client cannot reach from where it is.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 1918", "RFC 6598", "RFC 6890"],
    explanation: Explanation {
        what_it_means: "The Contact of the redirect holds an IP address of a special range (private, shared, loopback, \
            link-local, multicast, reserved), while the client that has to call it sits outside of that range, \
            usually at a public address. What it sends there goes nowhere.",
        why_it_matters: "The client sends its INVITE, repeats it for 32 seconds and gives up. The caller hears silence, \
            and the server's log shows a redirect that looks right.",
        likely_causes: "- The redirect server knows the user by an inside address and publishes it to the outside.\n\
            - A border controller passes a 3xx without replacing the Contact.\n\
            - The external address of the server is not configured, so that it fills in its own.",
        how_to_fix: "- At the redirecting server or its border controller: publish an address that the client can reach \
            (external signalling address, name in public DNS), or relay the call in place of redirecting it.\n\
            - Do not store the address in any directory.",
        how_to_confirm: "Call again: the Contact carries a public address or name, and the second INVITE is answered \
            within half a second.",
        when_this_is_wrong: "- Client and Contact are both in private ranges: inside one company that is normal, even \
            between two different ranges, so the rule is silent.\n\
            - The client is behind NAT, in the same private network as the Contact: the rule then says that the capture does \
            not show it.\n\
            - A VPN or a static route reaches the address: where the second INVITE was answered, the finding is lowered \
            to a warning, and where it succeeded to a note.\n\
            - Documentation addresses (192.0.2.0/24 and others) are used in test captures.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for case in RedirectCase::of_initial_requests(call) {
        out.extend(unreachable(&case, cx).map(|fault| finding(&case, &fault)));
    }
}

/// The request of a client behind NAT that was redirected to an address which it may reach there: what it sends inside is not in the capture.
pub(super) fn inside_nat<'a>(case: &RedirectCase<'a>, contact: &Uri) -> Option<&'a CapturedMessage> {
    let request = case.request_of_client()?;
    let source = scope(request.provenance.flow.source.address);
    let there = scope(contact.ip()?);
    if there.is_reachable_from(source) || !there.is_reachable_from(there) {
        return None;
    }
    let (host, _) = request.message.sent_by()?;
    let host = std::str::from_utf8(&host).ok()?.trim_start_matches('[').trim_end_matches(']');
    (scope(host.parse().ok()?) == there).then_some(request)
}

/// A Contact in a range that the client does not share.
#[derive(Debug)]
pub(super) struct Unroutable<'a> {
    contact: &'a Uri,
    scope: Scope,
    client: Endpoint,
    /// The request that was sent there.
    follow: Option<&'a Transaction>,
    end: End<'a>,
}

/// Whether it explains why the call failed: nothing came back from there, or nobody went.
pub(super) fn explains(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    unreachable(case, cx)
        .is_some_and(|fault| fault.scope != Scope::Documentation && matches!(fault.end, End::Silence | End::Unknown))
}

fn unreachable<'a>(case: &RedirectCase<'a>, cx: &Context<'_>) -> Option<Unroutable<'a>> {
    let client = case.client();
    let here = scope(client.address);
    let (index, contact, there) = case.redirect.contacts.iter().enumerate().find_map(|(index, c)| {
        let uri = &c.address.as_ref()?.uri;
        let there = scope(uri.ip().filter(|_| uri.is_sip())?);
        (!there.is_reachable_from(here)).then_some((index, uri, there))
    })?;
    if there == Scope::Documentation && (cx.hosts.documentation_traffic || client.address == contact.ip()?) {
        return None;
    }
    let follow = case.redirect.follows.iter().find(|f| f.contact == index);
    let end = follow.map_or(End::Unknown, |f| end_of(case.call, f.transaction, cx));
    // Another Contact took the call: this one was not needed.
    if follow.is_none() && !case.redirect.follows.is_empty() {
        return None;
    }
    let follow = follow.and_then(|f| case.call.transaction(f.transaction));
    Some(Unroutable { contact, scope: there, client, follow, end })
}

fn severity(case: &RedirectCase<'_>, fault: &Unroutable<'_>) -> Severity {
    match fault.end {
        End::Success => Severity::Info,
        _ if fault.scope == Scope::Documentation => Severity::Notice,
        End::Silence => case.severity(),
        End::Unknown if fault.follow.is_none() => case.severity(),
        _ => Severity::Warning,
    }
}

fn finding(case: &RedirectCase<'_>, fault: &Unroutable<'_>) -> Finding {
    let behind_nat = inside_nat(case, fault.contact).filter(|_| fault.follow.is_none());
    let certainty = match (fault.end, fault.follow.is_some()) {
        _ if behind_nat.is_some() => Certainty::Weak,
        (End::Silence | End::Success, _) => Certainty::Certain,
        _ => Certainty::Strong,
    };
    let icmp = case.call.icmp.iter().filter(|i| Some(i.unreachable.address) == fault.contact.ip()).map(Evidence::icmp);
    let follows = case.redirect.follows.iter().filter_map(|f| case.follow_evidence(f));
    Finding::new(&RULE, certainty, message(case, fault, behind_nat.is_some()), case.evidence())
        .evidence(behind_nat.map(|m| Evidence::header(m, HeaderName::Via, "the address of the client behind NAT")))
        .severity(severity(case, fault))
        .evidence(follows)
        .evidence(icmp)
        .evidence(case.request_evidence())
        .actor(case.operator())
        .fix("Publish an address in redirect Contacts that clients outside can reach, or relay the call.")
        .fix(Text::new("Do not store {contact} in any directory.").with("contact", fault.contact))
        .verify(case.verification(
            "Call again: the Contact carries a public address or name, and the second INVITE is answered within half a \
             second.",
        ))
}

fn message(case: &RedirectCase<'_>, fault: &Unroutable<'_>, behind_nat: bool) -> Text {
    let text = Text::new(match (fault.end, fault.follow.is_some()) {
        (End::Silence, _) => {
            "{server} redirected the client at {client} to {contact}, {scope}; the client sent its request there \
             {times} and got no answer."
        }
        (End::Success, _) => {
            "{server} redirected the client at {client} to {contact}, {scope}; this client reached it all the same."
        }
        (End::Unknown, true) => {
            "{server} redirected the client at {client} to {contact}, {scope}; the capture ends before it shows an \
             answer."
        }
        (_, true) => {
            "{server} redirected the client at {client} to {contact}, {scope}; this client got an answer from there, \
             clients without the same route will not."
        }
        (_, false) if behind_nat => {
            "{server} redirected the client at {client}, which is behind NAT, to {contact}, {scope}; it reaches that only where both are \
             in one private network, which this capture does not show."
        }
        (_, false) => {
            "{server} redirected the client at {client} to {contact}, {scope}; the client cannot reach it, and no \
             request went there."
        }
    })
    .with("server", case.redirector())
    .with("client", fault.client.address)
    .with("contact", fault.contact)
    .with("scope", Text::new(fault.scope.words()));
    match fault.follow.filter(|_| matches!(fault.end, End::Silence)) {
        Some(transaction) => text.with("times", times_sent(case.call, transaction)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, diagnose, followed, only, redirected};

    fn flow(client: &str, contact: &str, rest: &str) -> String {
        redirected(&format!("301 Moved Permanently\nContact: <sip:bob@{contact}>"), rest).replace("192.0.2.10", client)
    }

    fn sent(contact: &str, rest: &str) -> String {
        format!("0.03 pbx > {contact}\nINVITE sip:bob@{contact}\n\n{rest}")
    }

    #[test]
    fn scopes_and_answers_decide() {
        let answer = |status: &str| sent("10.20.30.40", &format!("+0.1 10.20.30.40 > pbx\n{status}\n\n{LATER}"));
        let silence = sent("10.20.30.40", LATER);
        let public = "203.0.113.10";
        check(
            RULE.code,
            &[
                ("nobody answers", &flow(public, "10.20.30.40", &silence), Some(Severity::Error)),
                ("nobody goes", &flow(public, "10.20.30.40", LATER), Some(Severity::Error)),
                ("it rejects", &flow(public, "10.20.30.40", &answer("404 Not Found")), Some(Severity::Warning)),
                ("it answers", &flow(public, "10.20.30.40", &answer("200 OK")), Some(Severity::Info)),
                ("private to private", &flow("192.168.1.5", "10.20.30.40", &silence), None),
                ("shared to private", &flow("100.64.1.5", "10.20.30.40", &silence), None),
                ("loopback", &flow("192.168.1.5", "127.0.0.1", LATER), Some(Severity::Error)),
                ("any address", &flow("192.168.1.5", "0.0.0.0", LATER), Some(Severity::Error)),
                ("a documentation address in a test capture", &flow(public, "203.0.113.99", LATER), None),
                (
                    "another Contact took it",
                    &flow(public, "10.20.30.40>, <sip:bob@new.example", &followed("sip:bob@new.example", "200 OK")),
                    None,
                ),
            ],
        );
    }

    #[test]
    fn a_client_behind_nat_may_be_where_the_address_is() {
        let of = |host: &str| {
            let via = format!("Via: SIP/2.0/UDP {host};branch=z9hG4bKn;rport");
            let flow = flow("203.0.113.10", "10.20.30.40", LATER).replacen(
                "INVITE sip:bob@corp.example",
                &format!("INVITE sip:bob@corp.example\n{via}"),
                1,
            );
            let finding = only(&flow, RULE.code);
            let others = diagnose(&flow).calls.remove(0).findings;
            (finding.certainty, others.iter().any(|f| f.code == "redirect-not-followed"), finding.message.to_string())
        };
        let (certainty, not_followed, said) = of("10.0.0.7:5060");
        assert_eq!((certainty, not_followed), (Certainty::Weak, false), "{said}");
        assert!(said.contains("which is behind NAT") && !said.contains("cannot"), "{said}");
        for other in ["203.0.113.10", "127.0.0.1", "phone.corp.example"] {
            let (certainty, not_followed, said) = of(other);
            assert_eq!((certainty, not_followed), (Certainty::Strong, true), "{other}: {said}");
        }
    }

    #[test]
    fn silence_makes_the_failure_of_the_target_a_consequence() {
        let flow = flow("203.0.113.10", "10.20.30.40", &sent("10.20.30.40", LATER));
        assert_eq!(only(&flow, "redirect-target-failed").consequence_of, Some(RULE.code));
        let finding = only(&flow, RULE.code);
        assert!(finding.message.to_string().ends_with("the client sent its request there once and got no answer."));
    }
}
