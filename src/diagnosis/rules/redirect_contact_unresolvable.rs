//! A redirect to a host name that does not resolve.

use crate::call::Call;
use crate::diagnosis::redirect_case::{End, RedirectCase};
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Uri;

pub(super) static RULE: Rule = Rule {
    code: "redirect-contact-unresolvable",
    summary: "A 3xx response to a host name that cannot be resolved.",
    severity: Severity::Error,
    references: &["RFC 3263 §4", "RFC 3261 §8.1.2", "RFC 6761", "RFC 6762"],
    explanation: Explanation {
        what_it_means: "The Contact of the redirect names a host for which DNS has no answer. The proof is a failed \
            lookup inside the capture, or the answer of a proxy that says so (476 of OpenSIPS, 478 of Kamailio); \
            without either, names such as `localhost`, `pbx.local` or a single word are only suspected.",
        why_it_matters: "The client cannot send the second INVITE. Some say so, others end the call without a word.",
        likely_causes: "- The name exists in an inside DNS only, and was published to the outside.\n\
            - A typing mistake, or a server that was taken out of DNS in a migration.\n\
            - The host name of the server itself was filled in because no public name is configured.",
        how_to_fix: "- Publish A, AAAA or SRV records for the name (and NAPTR where TLS is offered), or put a name or \
            address into the Contact that clients can resolve.\n\
            - At the redirecting server: configure its public name or the address of the target.",
        how_to_confirm: "Look the name up from the client's network, for example with `dig SRV _sip._udp.NAME` and \
            `dig A NAME`; then call again.",
        when_this_is_wrong: "- A name that only looks local resolves in the network of the client: where the second \
            INVITE got an answer, the rule is silent.\n\
            - A failed lookup of one record type (SRV, NAPTR) is normal when another type exists; only lookups of the \
            name itself count.",
    },
    detect: Detect::of_redirects(detect),
};

/// What proxies answer when they cannot resolve the next hop: OpenSIPS and Kamailio, neither registered with IANA.
const UNRESOLVABLE: [u16; 2] = [476, 478];

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter_map(|case| finding(&case, cx)));
}

/// How the capture shows it.
#[derive(Debug)]
enum Proof {
    Lookup(&'static str, Evidence),
    Proxy(u16, Evidence),
    Name,
}

/// Whether it explains why the call failed: the look of a name alone does not.
pub(super) fn explains(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    fault(case, cx).is_some_and(|(_, proof)| !matches!(proof, Proof::Name))
}

fn fault<'a>(case: &RedirectCase<'a>, cx: &Context<'_>) -> Option<(&'a Uri, Proof)> {
    let ends = case.ends(cx);
    if ends.iter().any(|(_, end)| matches!(end, End::Success | End::Redirected | End::Provisional)) {
        return None;
    }
    let names = || case.targets().filter(|uri| uri.ip().is_none());
    for uri in names() {
        if let Some((code, evidence)) = cx.hosts.failed_lookups.get(uri.host.trim_end_matches('.')) {
            return Some((uri, Proof::Lookup(code, evidence.clone())));
        }
    }
    for (follow, end) in &ends {
        let End::Failure(message, status) = end else { continue };
        let uri = case.target_of(follow).filter(|uri| uri.ip().is_none())?;
        if !UNRESOLVABLE.contains(&status.0) {
            return None;
        }
        return Some((uri, Proof::Proxy(status.0, Evidence::of(message, "the proxy's answer"))));
    }
    let all_look_local = case.targets().next().is_some() && case.targets().all(looks_local);
    all_look_local.then(|| Some((names().next()?, Proof::Name))).flatten()
}

/// Whether the name looks like one that only its own network resolves, if anybody.
fn looks_local(uri: &Uri) -> bool {
    let host = uri.host.trim_end_matches('.');
    let local = ["local", "internal", "invalid", "localhost", "localdomain", "lan"];
    uri.ip().is_none() && host.rsplit_once('.').is_none_or(|(_, top)| local.contains(&top))
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let (uri, proof) = fault(case, cx)?;
    let (template, certainty) = match &proof {
        Proof::Lookup(..) => (
            "{server} redirected the client at {client} to {contact}, and the lookup of {host} failed in this capture ({how}).",
            Certainty::Certain,
        ),
        Proof::Proxy(..) => (
            "{server} redirected the client at {client} to {contact}, and the proxy that was asked for it cannot resolve {host} (it \
             answered {how}).",
            Certainty::Strong,
        ),
        Proof::Name => (
            "{server} redirected the client at {client} to {contact}; the name {host} looks like one that resolves only inside its \
             own network, if at all, and {how} came back from there.",
            Certainty::Weak,
        ),
    };
    let (how, evidence) = match proof {
        Proof::Lookup(code, evidence) => (Text::verbatim(code), Some(evidence)),
        Proof::Proxy(status, evidence) => (Text::verbatim(status), Some(evidence)),
        Proof::Name => (Text::new("nothing"), None),
    };
    let message = Text::new(template)
        .with("server", case.redirector())
        .with("client", case.client().address)
        .with("contact", uri)
        .with("host", &uri.host)
        .with("how", how);
    let finding = Finding::new(&RULE, certainty, message, case.evidence())
        .severity(if certainty == Certainty::Weak { Severity::Warning } else { case.severity() })
        .evidence(evidence)
        .evidence(case.redirect.follows.iter().filter_map(|f| case.follow_evidence(f)))
        .actor(case.operator())
        .fix(
            Text::new(
                "Publish A, AAAA or SRV records for {host}, or return a name or address that clients can resolve.",
            )
            .with("host", &uri.host),
        )
        .verify(case.verification(
            "Look the name up from the client's network, then call again: the second INVITE gets an answer.",
        ));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected, with_code};

    #[test]
    fn proof_is_an_answer_or_a_lookup_and_a_name_is_only_a_suspicion() {
        let with =
            |host: &str, rest: &str| redirected(&format!("302 Moved Temporarily\nContact: <sip:bob@{host}>"), rest);
        let to = |host: &str, status: &str| with(host, &followed(&format!("sip:bob@{host}"), status));
        check(
            RULE.code,
            &[
                ("Kamailio", &to("x.example", "478 Unresolvable destination"), Some(Severity::Error)),
                ("OpenSIPS", &to("x.example", "476 Unresolvable Destination"), Some(Severity::Error)),
                ("another failure", &to("x.example", "404 Not Found"), None),
                ("an address is not resolved", &to("203.0.113.40", "478 Unresolvable destination"), None),
                ("one label, nobody goes", &with("pbx-7", LATER), Some(Severity::Warning)),
                ("local, nobody goes", &with("pbx.local", LATER), Some(Severity::Warning)),
                ("one label, answered", &to("pbx-7", "200 OK"), None),
                ("one label, rejected", &to("pbx-7", "404 Not Found"), None),
                ("a usable name beside it", &with("pbx-7>, <sip:bob@x.example", LATER), None),
            ],
        );
    }

    #[test]
    fn a_failed_lookup_of_the_name_itself_is_proof() {
        // NXDOMAIN for `x.example`, type A, and for its SRV name.
        let question = "01 78 07 65 78 61 6d 70 6c 65 00 00 01 00 01";
        let service = "04 5f 73 69 70 04 5f 75 64 70 01 78 07 65 78 61 6d 70 6c 65 00 00 21 00 01";
        let lookup = |name: &str| {
            format!("0.02 198.51.100.53:53 > 192.0.2.10:40000\nhex 00 01 81 83 00 01 00 00 00 00 00 00 {name}\n\n")
        };
        let flow = |name: &str| {
            redirected("302 Moved Temporarily\nContact: <sip:bob@X.example>", &format!("{}{LATER}", lookup(name)))
        };
        let finding = only(&flow(question), RULE.code);
        assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Certain));
        assert!(with_code(&flow(service), RULE.code).is_empty());
        assert_eq!(only(&flow(question), "redirect-not-followed").consequence_of, Some(RULE.code));
    }
}
