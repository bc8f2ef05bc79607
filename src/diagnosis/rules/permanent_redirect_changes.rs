//! A permanent redirect that is none.

use crate::diagnosis::patterns::redirects::Answers;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};

pub(super) static RULE: Rule = Rule {
    code: "permanent-redirect-changes",
    summary: "A server answers 301 for one address with changing targets, or answers it in another way later.",
    severity: Severity::Warning,
    references: &["RFC 3261 §21.3.2", "RFC 3261 §21.3.3"],
    explanation: Explanation {
        what_it_means: "301 says that an address moved for good. This server gave different Contacts for the same address, \
            or let the address ring, answer or redirect with 302 after it had said 301.",
        why_it_matters: "A client that obeys the 301 and stores the new address freezes a decision that was made for one \
            call: it misses later targets, failover and the return of the user.",
        likely_causes: "- A routing server (least cost, portability, load sharing) that codes its answers as 301.\n\
            - A user who forwards calls to changing places, on a system that knows 301 only.\n\
            - A migration in progress, in which the target was corrected.",
        how_to_fix: "- At the server: answer 302 for what holds for one call or for a while, 300 for several choices, and \
            301 only for addresses that are gone for good.\n\
            - At the clients: do not store Contacts of this server.",
        how_to_confirm: "Two calls to the address get 302 (or 300), or two 301s with the same Contacts.",
        when_this_is_wrong: "- The same Contacts come in another order or with other `q` values: that is no change.\n\
            - The target was corrected once, during a migration, and stays from then on.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(patterns.redirects.answers().filter_map(finding));
}

fn finding(answers: &Answers) -> Option<Finding> {
    let first = answers.variants.first()?;
    answers.change()?;
    let message = if answers.variants.len() > 1 {
        let sets: Vec<_> = answers.variants.iter().map(|v| format!("[{}]", v.contacts())).collect();
        Text::new("{server} answered 301 for {address} {total} times with {count} different targets: {sets}.")
            .with("total", answers.total)
            .with("count", answers.variants.len())
            .with("sets", Text::list(", then ", sets))
    } else {
        Text::new("{server} answered 301 for {address}, and treated the address as one in use afterwards.")
    }
    .with("server", answers.server)
    .with("address", &answers.address);
    let actor =
        Actor { software: answers.software.clone(), ..Actor::at(answers.server, "operator of the redirecting server") };
    let alive = answers.alive.as_ref();
    let mut finding = Finding::new(&RULE, Certainty::Certain, message, first.evidence.clone())
        .evidence(answers.variants.iter().skip(1).map(|v| v.evidence.clone()))
        .evidence(alive.map(|(_, _, evidence)| evidence.clone()))
        .actor(actor)
        .fix("Answer 302 for what holds for one call or for a while, 300 for several choices; keep 301 for what is gone.")
        .fix("At the clients: do not store Contacts of this server.")
        .verify("Two calls to the address get 302 or 300, or two 301s with the same Contacts.");
    finding.calls = answers.variants.iter().map(|v| v.call).chain(alive.map(|(call, ..)| *call)).collect();
    finding.calls.dedup();
    finding.calls_total = u64::try_from(finding.calls.len()).unwrap_or(u64::MAX);
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, check};

    fn call(number: u32, answer: &str) -> String {
        let at = number * 600;
        format!(
            "{at}.0 pbx > old call=c{number}\nINVITE sip:bob@corp.example\n\n+0.1 old > pbx call=c{number}\n{answer}\n\n\
             +0.001 pbx > old call=c{number}\nACK\n\n"
        )
    }

    #[test]
    fn other_targets_and_other_answers_count() {
        let moved = |to: &str| format!("301 Moved\nContact: {to}");
        let two = |first: &str, second: &str| format!("{HOSTS}{}{}", call(0, first), call(1, second));
        let (a, b) = ("<sip:bob@a.corp.example>", "<sip:bob@b.corp.example>");
        check(
            RULE.code,
            &[
                ("another target", &two(&moved(a), &moved(b)), Some(Severity::Warning)),
                ("the same", &two(&moved(a), &moved(a)), None),
                (
                    "another order and q",
                    &two(&moved(&format!("{a};q=1, {b}")), &moved(&format!("{b};q=0.4, {a}"))),
                    None,
                ),
                ("the same place in other words", &two(&moved(a), &moved("<sip:bob@A.corp.example:5060>")), None),
                (
                    "the same server over another transport",
                    &format!(
                        "{HOSTS}0 pbx > old call=c0\nINVITE sip:bob@corp.example\n\n+0.01 old > pbx call=c0\n301 Moved\n\
                         Contact: <sip:bob@corp.example;transport=tcp>\n\n+0.001 pbx > old call=c0\nACK\n\n+0.01 pbx > old call=c0 tcp\n\
                         INVITE sip:bob@corp.example;transport=tcp\n\n+0.5 old > pbx call=c0 tcp\n180 Ringing\n\n"
                    ),
                    None,
                ),
                ("302 later", &two(&moved(a), &moved(a).replace("301", "302")), Some(Severity::Warning)),
                ("302 earlier", &two(&moved(a).replace("301", "302"), &moved(a)), None),
                ("404 later: it is gone", &two(&moved(a), "404 Not Found"), None),
                ("answered later", &two(&moved(a), "200 OK"), Some(Severity::Warning)),
            ],
        );
    }
}
