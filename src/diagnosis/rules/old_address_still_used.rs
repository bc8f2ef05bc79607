//! A client that was told a new address and keeps calling the old one.

use std::time::Duration;

use crate::diagnosis::patterns::redirects::MovedAddress;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;

pub(super) static RULE: Rule = Rule {
    code: "old-address-still-used",
    summary: "A client goes on calling an address although a 301 told it the new one.",
    severity: Severity::Warning,
    references: &["RFC 3261 §21.3.2", "RFC 3261 §8.1.3.4"],
    explanation: Explanation {
        what_it_means: "The client received a 301 Moved Permanently for an address, and later sent another call to that \
            same address. RFC 3261 §21.3.2 asks clients to update their directories after a 301; nearly none does it by \
            itself, so that the old address stays in a telephone book, dial plan or trunk.",
        why_it_matters: "Every call takes a detour through the old server. When that server is switched off, all these \
            calls fail at once, on a day on which nobody expects it.",
        likely_causes: "- The directory, speed dial, dial plan or provisioning of the client still holds the old address.\n\
            - The client follows redirects but stores nothing, as most devices do.",
        how_to_fix: "- Make sure that the new address is right and permanent: ask the operator of the redirecting server.\n\
            - Then change it by hand where the client takes the old one from.",
        how_to_confirm: "The next call goes to the new address directly; the redirecting server sees none of this client.",
        when_this_is_wrong: "- The later request is a retry of the same call, within five seconds of the redirect or under \
            the same Call-ID.\n\
            - The 301 is the answer of a routing database, which every call must ask anew (routing-dip-as-301).\n\
            - The new address belongs to somebody else's domain, was never reached, or changes from call to call: then it \
            is not worth storing.\n\
            - Several users share the client's address: another one of them may have called.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let moved = patterns.redirects.moved().filter(|moved| !patterns.redirects.is_changing(moved));
    let after = cx.settings.thresholds.old_address_after;
    out.extend(moved.filter_map(|moved| finding(moved, after)));
}

fn finding(moved: &MovedAddress, after: Duration) -> Option<Finding> {
    let (uses, total) = moved.later_uses(after);
    let first = uses.first()?;
    let lost: Vec<_> = uses.iter().filter_map(|u| u.lost).collect();
    let total_lost = lost.iter().sum::<Duration>() / u32::try_from(lost.len().max(1)).unwrap_or(1);
    let message = Text::new(match (lost.is_empty(), total) {
        (true, 1) => "{client} was told by a 301 that {address} moved to {contact}, and called the old address again {later} later.",
        (true, _) => {
            "{client} was told by a 301 that {address} moved to {contact}, and called the old address {count} more times, \
             first {later} later."
        }
        (false, 1) => {
            "{client} was told by a 301 that {address} moved to {contact}, and called the old address again {later} later; \
             the detour took {lost}."
        }
        (false, _) => {
            "{client} was told by a 301 that {address} moved to {contact}, and called the old address {count} more times, \
             first {later} later; each detour took about {lost}."
        }
    })
    .with("client", moved.client)
    .with("address", &moved.address)
    .with("contact", &moved.told.contact)
    .with("later", span(first.time.since(moved.told.time)));
    let message = if total == 1 { message } else { message.with("count", total) };
    let message = if lost.is_empty() { message } else { message.with("lost", span(total_lost)) };
    let actor = Actor {
        software: moved.software.clone(),
        ..Actor::at(moved.client, "administrator of the client's directory or dial plan")
    };
    let mut finding = Finding::new(&RULE, Certainty::Strong, message, moved.told.evidence.clone())
        .evidence(uses.iter().map(|u| u.evidence.clone()))
        .actor(actor)
        .fix(
            Text::new("Ask the operator of the redirecting server whether {contact} is right and there to stay.")
                .with("contact", &moved.told.contact),
        )
        .fix("Then change the address by hand in the telephone book, dial plan, trunk or provisioning of that client.")
        .verify("The next call of that client goes to the new address directly.");
    finding.calls = [moved.told.call].into_iter().chain(uses.iter().map(|u| u.call)).collect();
    finding.calls_total = total + 1;
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Settings;
    use crate::diagnosis::testing::{HOSTS, check, findings_with, only};

    fn call(number: usize, at: u32, client: &str, contact: &str) -> String {
        format!(
            "{at}.0 {client} > old call=c{number}\nINVITE sip:bob@corp.example\n\n+0.1 old > {client} call=c{number}\n\
             301 Moved Permanently\nContact: <{contact}>\n\n+0.001 {client} > old call=c{number}\nACK\n\n\
             +0.01 {client} > new call=c{number}\nINVITE {contact}\n\n+1 new > {client} call=c{number}\n486 Busy Here\n\n\
             +0.001 {client} > new call=c{number}\nACK\n\n"
        )
    }

    #[test]
    fn how_soon_is_a_retry_is_a_setting() {
        let calls: String =
            (0..2).map(|n| call(n, 4 * u32::try_from(n).unwrap(), "pbx", "sip:bob@pbx.corp.example")).collect();
        let found = |seconds| {
            let mut settings = Settings::default();
            settings.thresholds.old_address_after = Duration::from_secs(seconds);
            findings_with(&format!("{HOSTS}{calls}"), settings).iter().any(|f| f.code == RULE.code)
        };
        assert_eq!((found(5), found(3)), (false, true));
    }

    #[test]
    fn a_call_that_ends_before_the_one_that_was_told_counts() {
        let long = "0.0 pbx > old call=c0\nINVITE sip:bob@corp.example\n\n+0.1 old > pbx call=c0\n301 Moved Permanently\n\
            Contact: <sip:bob@pbx.corp.example>\n\n+0.001 pbx > old call=c0\nACK\n\n+0.01 pbx > new call=c0\n\
            INVITE sip:bob@pbx.corp.example\n\n+1 new > pbx call=c0 tag=n\n200 OK\n\n+0.001 pbx > new call=c0\nACK\n\n\
            300 pbx > new call=c0\nBYE sip:bob@pbx.corp.example\n\n+0.1 new > pbx call=c0 re=BYE\n200 OK\n\n";
        let flow = |client: &str, at| {
            format!("{HOSTS}host sbc 192.0.2.20\n\n{long}{}", call(1, at, client, "sip:bob@pbx.corp.example"))
        };
        let warning = Some(Severity::Warning);
        check(
            RULE.code,
            &[
                ("during it", &flow("pbx", 60), warning),
                ("behind it", &flow("pbx", 400), warning),
                ("a retry", &flow("pbx", 4), None),
                ("another client", &flow("sbc", 60), None),
            ],
        );
        let found = only(&flow("pbx", 60), RULE.code);
        assert!(found.message.to_string().contains("again 59.9 s later; the detour took 100 ms"), "{}", found.message);
        assert_eq!((found.calls_total, found.evidence.len()), (2, 2));
    }

    #[test]
    fn later_calls_of_the_same_client_count() {
        let usual = "sip:bob@pbx.corp.example";
        let flow = |calls: &[(u32, &str, &str)]| {
            let calls: String =
                calls.iter().enumerate().map(|(n, (at, client, to))| call(n, *at, client, to)).collect();
            format!("{HOSTS}host sbc 192.0.2.20\n\n{calls}")
        };
        check(
            RULE.code,
            &[
                ("ten minutes later", &flow(&[(0, "pbx", usual), (600, "pbx", usual)]), Some(Severity::Warning)),
                ("once", &flow(&[(0, "pbx", usual)]), None),
                ("another client", &flow(&[(0, "pbx", usual), (600, "sbc", usual)]), None),
                ("at once", &flow(&[(0, "pbx", usual), (4, "pbx", usual)]), None),
                (
                    "to another owner",
                    &flow(&[(0, "pbx", "sip:bob@x.example"), (600, "pbx", "sip:bob@x.example")]),
                    None,
                ),
                ("to changing places", &flow(&[(0, "pbx", usual), (600, "pbx", "sip:bob@b.corp.example")]), None),
                (
                    "never reached",
                    &flow(&[(0, "pbx", usual), (600, "pbx", usual)]).replace("486 Busy Here", "404 Not Found"),
                    None,
                ),
            ],
        );
        let often = only(&flow(&[(0, "pbx", usual), (600, "pbx", usual), (1200, "pbx", usual)]), RULE.code);
        assert!(often.message.to_string().contains("called the old address 2 more times, first 9 min 59 s later"));
        assert_eq!((often.calls.len(), often.calls_total, often.evidence.len()), (3, 3, 3));
    }

    #[test]
    fn examples_are_capped_and_all_are_counted() {
        let calls: String =
            (0..40).map(|n| call(n, 60 * u32::try_from(n).unwrap(), "pbx", "sip:bob@pbx.corp.example")).collect();
        let finding = only(&format!("{HOSTS}{calls}"), RULE.code);
        assert_eq!(finding.calls_total, 40);
        assert!(finding.evidence.len() < 12 && finding.message.to_string().contains("39 more times"));
    }

    #[test]
    fn routing_answers_must_be_asked_anew() {
        let dip = "sip:bob;rn=+12155550100@pbx.corp.example";
        let flow: String =
            [call(1, 0, "pbx", dip), call(2, 600, "pbx", dip)].concat().replace("+0.1 old", "+0.004 old");
        check(RULE.code, &[("routing answer", &format!("{HOSTS}{flow}"), None)]);
    }
}
