//! A routing decision for one call, sent as if an address had moved.

use crate::call::Call;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;

pub(super) static RULE: Rule = Rule {
    code: "routing-dip-as-301",
    summary: "A routing database answers with 301, although its answer holds for one call only.",
    severity: Severity::Warning,
    references: &["RFC 3261 §21.3.2", "RFC 3261 §21.3.3", "RFC 4694 §5"],
    explanation: Explanation {
        what_it_means: "The redirect does not say that the callee moved. It is the answer of a routing database (least-cost \
            routing, number portability, toll-free translation, call signing): it came within a few milliseconds, \
            without a provisional response, and carries the marks of such a database, for example `rn` or `npdi`. For \
            that, 302 or 300 is the right status; 301 tells clients to change their directories.",
        why_it_matters: "Clients that obey 301 store a route that was right for one call. Later calls then miss failover, \
            price changes and ported numbers. And reports list the callee as moved, who never was.",
        likely_causes: "- The script of the routing server was written with 301 because it works with the one client that \
            was tested.\n\
            - A product whose default status for routing answers is 301.",
        how_to_fix: "- At the routing server: answer 302 (one route) or 300 (several), with `q` values for their order.\n\
            - At the client: follow, and store nothing.",
        how_to_confirm: "Call again: the routing server answers 300 or 302.",
        when_this_is_wrong: "- A phone or proxy that answers as fast, without any mark of a routing database: the callee \
            may really have moved.\n\
            - A carrier puts `rn` into the Contact of a subscriber who changed the number for good; ask whether the \
            Contact changes from call to call (permanent-redirect-changes).",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter_map(|case| finding(&case)));
}

fn finding(case: &RedirectCase<'_>) -> Option<Finding> {
    let mark = case.dip_mark().filter(|_| case.is_routing_dip())?;
    let message = Text::new(
        "{server} answered within {delay} with a routing decision coded as 301: {mark} marks it as one. It holds for this \
         call, not for the callee.",
    )
    .with("server", case.redirector())
    .with("delay", span(case.delay()?))
    .with("mark", mark);
    let finding = Finding::new(&RULE, Certainty::Strong, message, case.evidence())
        .evidence(case.request_evidence())
        .actor(case.operator())
        .fix("Answer routing queries with 302, or with 300 and several Contacts; keep 301 for addresses that moved.")
        .fix("At the client: follow the Contact for this call, and store nothing.")
        .verify("Call again: the routing server answers 300 or 302.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, redirected};

    fn flow(status: &str, contact: &str, answered_at: &str) -> String {
        redirected(&format!("{status}\nContact: <{contact}>"), LATER).replace("\n0.015 ", &format!("\n{answered_at} "))
    }

    #[test]
    fn marks_and_speed_together_count() {
        let ported = "sip:+12155550100;rn=+12154100000;npdi@x.example";
        let plain = "sip:+12155550100@x.example";
        let signed = redirected(
            &format!("301 Moved\nContact: <{plain}>\nIdentity: a.b.c;info=<https://x.example/c.pem>"),
            LATER,
        );
        let ringing = redirected(&format!("301 Moved\nContact: <{ported}>"), LATER)
            .replace("0.015 old", "0.010 old > pbx\n180 Ringing\n\n0.015 old");
        check(
            RULE.code,
            &[
                ("ported", &flow("301 Moved", ported, "0.004"), Some(Severity::Warning)),
                (
                    "trunk group",
                    &flow("301 Moved", "sip:+12155550100@x.example;tgrp=7", "0.004"),
                    Some(Severity::Warning),
                ),
                ("signed", &signed, Some(Severity::Warning)),
                ("a signed diversion", &signed.replace("c.pem>", "c.pem>;ppt=\"div\""), None),
                (
                    "a service",
                    &flow("301 Moved", plain, "0.014")
                        .replace("\n0.014", "\n0.200")
                        .replace("\n0.016", "\n0.201")
                        .replace("INVITE sip:bob@corp.example", "INVITE urn:service:sos"),
                    Some(Severity::Warning),
                ),
                ("302 is right", &flow("302 Moved", ported, "0.004"), None),
                ("no mark", &flow("301 Moved", plain, "0.004"), None),
                (
                    "slow",
                    &flow("301 Moved", ported, "0.014").replace("\n0.014", "\n0.200").replace("\n0.016", "\n0.201"),
                    None,
                ),
                ("after ringing", &ringing, None),
            ],
        );
    }
}
