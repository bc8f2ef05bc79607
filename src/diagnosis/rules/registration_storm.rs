//! Clients that register again and again within seconds.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::registrations::Run;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::limits::REGISTRATION_CALLS;

pub(super) static RULE: Rule = Rule {
    code: "registration-storm",
    summary: "A client registers the same contact again and again within seconds.",
    severity: Severity::Warning,
    references: &["RFC 3261 §10.2.4", "RFC 3261 §10.2.7", "RFC 3261 §10.2.8", "RFC 5626 §4.5"],
    explanation: Explanation {
        what_it_means: "A registration lasts as long as the registrar says in its 200, and the client renews it shortly before. Here a client sent \
            six or more REGISTER requests for one contact, each within ten seconds of the one before. The same request sent again by its timer, the \
            request with credentials behind a challenge, one with a longer interval behind 423, and those that end a registration are not counted. All \
            contacts of a host are one finding.",
        why_it_matters: "Each REGISTER costs the registrar a look into its database and a digest. A few hundred telephones that do so keep it so busy that \
            others lose their registration, and begin the same.",
        likely_causes: "- The client restarts again and again, or its network goes up and down.\n\
            - Refused or unanswered registrations are tried again at once, without the growing pauses that RFC 5626 §4.5 asks for.\n\
            - The registrar grants a few seconds only, as a keep-alive for NAT: Expires of its 200.\n\
            - The client does not find its contact in the 200, because something on the way rewrites it, and registers anew.\n\
            - Two devices have the same account and contact, and take the registration from each other.",
        how_to_fix: "- Look at what the 200 grants: Expires and the contact that the client sent must be in it.\n\
            - Where it is refused, mend the reason, and let the client wait longer after each failure.\n\
            - Keep NAT bindings alive by OPTIONS, empty datagrams or CRLF in place of REGISTER.\n\
            - Limit REGISTER by account and source at the edge: a client that is told 503 with Retry-After has to wait.",
        how_to_confirm: "In a later capture each contact of this client is registered once in each interval that its 200 grants.",
        when_this_is_wrong: "- A proxy or border controller in front of many telephones sends many registrations: only those of one contact count.\n\
            - A restart registers, ends the registration, and registers again: that is no run of six.\n\
            - Keep-alives by REGISTER each 15 seconds or more are wasteful, and no storm.\n\
            - A test of the load that a registrar carries does so on purpose.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(patterns.registrations.storms().filter_map(|(address, all)| finding(address, &all, cx)));
}

fn finding(address: IpAddr, all: &[(&str, &Run)], cx: &Context<'_>) -> Option<Finding> {
    let (binding, run) = all.iter().rev().max_by_key(|(_, run)| run.count)?;
    let mut evidence = run.evidence.iter().cloned();
    let unreal = matches!(scope(address), Scope::Documentation | Scope::Loopback) && !cx.hosts.documentation_traffic;
    let (client, server) = run.hop?;
    let contacts: BTreeSet<_> = all.iter().map(|(name, _)| name).collect();
    let mut finding =
        Finding::new(&RULE, Certainty::Strong, message(address, contacts.len(), binding, run), evidence.next()?)
            .severity(if unreal { Severity::Notice } else { Severity::Warning })
            .evidence(evidence)
            .actor(Actor {
                software: run.software.clone(),
                ..Actor::at(client, "operator of the client that registers so often")
            });
    finding = if run.accepted == 0 {
        finding
            .fix("Mend why the registrations fail, and let the client wait longer after each failure: from half a minute on, doubled each time (RFC 5626 §4.5).")
            .fix(
                Text::new("Limit REGISTER by account and source in front of {server}, so that such a client does not take the time of others.")
                    .with("server", server),
            )
    } else {
        finding
            .fix("Compare Expires and Contact of the 200 with those of the REGISTER: a few seconds, or another contact, make the client register anew.")
            .fix("See whether the client restarts, whether its network goes up and down, and whether another device has the same account.")
            .fix("If REGISTER is to keep a NAT binding alive, do that with OPTIONS, empty datagrams or CRLF.")
    };
    finding = finding.verify(
        "In a later capture each contact of this client is registered once in each interval that its 200 grants.",
    );
    let mut calls: Vec<_> = all.iter().flat_map(|(_, run)| &run.calls).copied().collect();
    calls.sort_unstable();
    calls.dedup();
    finding.calls_total = all.iter().map(|(_, run)| run.groups).sum();
    calls.truncate(REGISTRATION_CALLS);
    finding.calls = calls;
    Some(finding)
}

fn message(address: IpAddr, bindings: usize, binding: &str, run: &Run) -> Text {
    let text = Text::new(
        "{client} registered {binding} {count} times in {took}, each time less than 10 s after the one before.",
    )
    .with("client", address)
    .with("binding", binding)
    .with("count", run.count)
    .with("took", span(run.end.since(run.start)));
    let came = match run.accepted {
        0 => Text::new("None of these requests was accepted."),
        accepted if accepted == run.count => Text::new("All of these requests were accepted."),
        accepted => Text::new("{n} of these requests were accepted.").with("n", accepted),
    };
    let others = u64::try_from(bindings.saturating_sub(1)).unwrap_or(u64::MAX);
    let others = (others > 0)
        .then(|| Text::count(others, "It does so with {n} more contact.", "It does so with {n} more contacts."));
    with_reason(with_reason(text, Some(came)), others)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::diagnosis::testing::{only, with_code};

    /// `count` registrations of a contact, `pause` seconds apart, with what each gets.
    fn flow(count: usize, pause: f64, expires: u32, got: &str) -> String {
        let mut flow = "host a 192.0.2.10\nhost r 198.51.100.5\n\n".to_owned();
        register(&mut flow, "alice", count, pause, expires, got);
        flow
    }

    fn register(flow: &mut String, user: &str, count: usize, pause: f64, expires: u32, got: &str) {
        for n in 0..count {
            let at = pause * f64::from(u32::try_from(n).unwrap());
            let _ = write!(
                flow,
                "{at} a > r call={user}{n}\nREGISTER sip:r.example\nFrom: <sip:{user}@r.example>\nContact: <sip:{user}@192.0.2.10>\nExpires: {expires}\n\n\
                 +0.01 r > a call={user}{n}\n{got}\n\n"
            );
        }
    }

    #[test]
    fn a_contact_that_is_registered_again_and_again_is_told() {
        let finding = only(&flow(8, 2.0, 3600, "200 OK"), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "192.0.2.10 registered sip:alice@r.example (sip:alice@192.0.2.10) 8 times in 14 s, each time less than 10 s after the one before. All of \
             these requests were accepted."
        );
        assert_eq!((finding.severity, finding.calls_total), (Severity::Warning, 8));
        let refused = only(&flow(8, 9.0, 3600, "403 Forbidden"), RULE.code);
        assert!(refused.message.to_string().ends_with("None of these requests was accepted."));
    }

    #[test]
    fn the_contacts_of_a_host_are_one_finding() {
        let mut steps = flow(6, 2.0, 3600, "200 OK");
        register(&mut steps, "bob", 9, 2.0, 3600, "200 OK");
        let text = only(&steps, RULE.code).message.to_string();
        assert!(
            text.contains("sip:bob@r.example (sip:bob@192.0.2.10) 9 times")
                && text.ends_with("It does so with 1 more contact."),
            "{text}"
        );
    }

    #[test]
    fn what_registers_as_it_should_is_none() {
        let mut many = flow(0, 0.0, 0, "");
        for user in ["alice", "bob", "carol", "dave", "erin", "frank", "grace"] {
            register(&mut many, user, 2, 5.0, 3600, "200 OK");
        }
        let mut registrars = flow(0, 0.0, 0, "");
        for n in 1..8 {
            let one = flow(1, 0.0, 3600, "200 OK").replace("host a 192.0.2.10\nhost r 198.51.100.5\n\n", "");
            let one = one.replace("0 a > r call=alice0", &format!("{n} a > r{n} call=alice{n}"));
            registrars = format!(
                "host r{n} 198.51.100.1{n}\n{registrars}{}",
                one.replace("r > a call=alice0", &format!("r{n} > a call=alice{n}"))
            );
        }
        let repeated = "host a 192.0.2.10\nhost r 198.51.100.5\n\n0.0 a > r repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5\nREGISTER sip:r.example\n\
            Contact: <sip:alice@192.0.2.10>\n\n";
        for (name, steps) in [
            ("five", flow(5, 2.0, 3600, "200 OK")),
            ("keep-alives", flow(20, 15.0, 3600, "200 OK")),
            ("ended", flow(8, 2.0, 0, "200 OK")),
            ("many contacts", many),
            ("many registrars", registrars),
            ("one request", repeated.to_owned()),
        ] {
            assert!(with_code(&steps, RULE.code).is_empty(), "{name}");
        }
    }

    #[test]
    fn answered_challenges_count_once() {
        let mut steps = flow(0, 0.0, 0, "");
        for n in 0..4 {
            let at = n * 8;
            let _ = write!(
                steps,
                "{at}.0 a > r call=c{n} cseq=1\nREGISTER sip:r.example\nContact: <sip:alice@192.0.2.10>\n\n{at}.1 r > a call=c{n} cseq=1\n401 Unauthorized\n\
                 WWW-Authenticate: Digest realm=\"r\", nonce=\"n{n}\"\n\n{at}.2 a > r call=c{n} cseq=2\nREGISTER sip:r.example\nContact: <sip:alice@192.0.2.10>\n\
                 Authorization: Digest username=\"alice\", realm=\"r\", nonce=\"n{n}\", uri=\"sip:r.example\", response=\"0\"\n\n{at}.3 r > a call=c{n} cseq=2\n200 OK\n\n"
            );
        }
        assert!(with_code(&steps, RULE.code).is_empty());
    }
}
