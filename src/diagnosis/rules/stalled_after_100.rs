//! An INVITE that got provisional responses and then nothing.

use super::rport_missing;
use crate::call::{Call, CapturedMessage, Origin, Outcome, Transaction, TransactionId};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;

/// Proxies give an INVITE up after timer C, more than three minutes (RFC 3261 §16.6 item 11).
const TIMER_C: std::time::Duration = std::time::Duration::from_mins(3);

pub(super) static RULE: Rule = Rule {
    code: "stalled-after-100",
    summary: "Provisional responses, then neither a final response nor CANCEL.",
    severity: Severity::Error,
    references: &["RFC 3261 §16.6", "RFC 3261 §13.2.2.1", "RFC 3261 §8.2.6.1"],
    explanation: Explanation {
        what_it_means: "The next hop took the request over (100 Trying) or even let the phone ring, and then the call \
            neither succeeded nor failed. The 100 stops the client's retransmissions and its timer, so the client waits.",
        why_it_matters: "The caller hears silence or ringing without end. The element that said 100 is alive; the fault \
            lies behind it, or on the way back from there.",
        likely_causes: "- The element that said 100 sent the request on to a host that does not answer, and has no timer \
            that ends the call.\n\
            - It waits for a database, DNS or another service.\n\
            - The final response was sent and lost on its way back: NAT binding expired, changed route.",
        how_to_fix: "- Look behind the last element that answered: capture there, and see where it sends the request.\n\
            - Give the proxy a timer for its branches (timer B, timer C), and a second target.\n\
            - If the final response is seen there, follow it back to where it is lost.",
        how_to_confirm: "A call ends with a final response within three minutes, whatever the callee does.",
        when_this_is_wrong: "- The capture ends, or loses packets, before timer C (more than three minutes): then the \
            finding is a notice, and says so.\n\
            - The caller gave the call up with CANCEL; that is an ordinary end.\n\
            - Queues and conference systems let callers wait for long with 182 or 183 on purpose.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if call.outcome == Outcome::Stalled {
        let stalled = stalled(call).filter(|(near, _)| !rport_missing::tells(call, near, cx));
        out.extend(stalled.and_then(|(near, deep)| finding(call, near, deep, cx)));
    }
}

/// The transaction of the last attempt and the deepest one that did not end.
fn stalled(call: &Call) -> Option<(&Transaction, &Transaction)> {
    let waits = |t: &Transaction| t.finals.is_empty() && !t.provisionals.is_empty();
    let last = call.decided_by.or_else(|| call.attempts.last().map(|a| a.transaction));
    let near = last
        .filter(|id| call.transaction(*id).is_some_and(waits))
        .or_else(|| call.transactions.iter().rposition(waits).map(TransactionId))?;
    let origin = match call.origin_of_failure(near) {
        Some(Origin::Silence(id)) => Some(id),
        _ => None,
    };
    let near = call.transaction(near)?;
    let deep = origin.and_then(|id| call.transaction(id));
    // Of a hop whose responses the capture may not show nothing is said.
    Some((near, deep.filter(|t| !t.provisionals.is_empty() || call.is_unanswered(t)).unwrap_or(near)))
}

fn finding(call: &Call, near: &Transaction, deep: &Transaction, cx: &Context<'_>) -> Option<Finding> {
    let answered = if deep.provisionals.is_empty() { near } else { deep };
    let last = answered.provisionals.iter().rev().find_map(|id| call.message(*id))?;
    let doubt = cx.doubt(answered.client.address, last.provenance.time, TIMER_C);
    let doubtful = doubt.is_some();
    let mut finding = Finding::new(
        &RULE,
        if doubtful { Certainty::Weak } else { Certainty::Strong },
        message(last, deep, doubt, cx),
        Evidence::of(last, "the last response"),
    )
    .severity(if doubtful { Severity::Notice } else { Severity::Error })
    .evidence(answered.request.and_then(|id| call.message(id)).map(|m| Evidence::of(m, "the request")))
    .actor(Actor::sender(last, "the operator of the last element that answered"))
    .verify("A call ends with a final response within three minutes, whatever the callee does.");
    finding = if deep.provisionals.is_empty() {
        let sent_on = deep.request.and_then(|id| call.message(id));
        finding.evidence(sent_on.map(|m| Evidence::of(m, "the request as it was sent on"))).fix(
            Text::new("Find out why {behind} does not answer: address and port, host, firewall.")
                .with("behind", deep.server),
        )
    } else {
        finding.fix(
            Text::new("Capture behind {last}, and see where it sends the request.")
                .with("last", last.provenance.flow.source),
        )
    };
    Some(finding.fix("Give its branches a timer, so that callers get an answer, and a second target."))
}

fn message(last: &CapturedMessage, deep: &Transaction, doubt: Option<Text>, cx: &Context<'_>) -> Text {
    let status = last.message.status().map_or(0, |s| s.0);
    let text = match doubt {
        Some(doubt) => Text::new(
            "{server} answered {status}, and no final response is visible. Whether there was one is unknown: {doubt}.",
        )
        .with("doubt", doubt),
        None if deep.provisionals.is_empty() => {
            Text::new("{server} answered {status} and sent the request on to {behind}, which never answered ({time}).")
                .with("behind", deep.server)
                .with("time", span(cx.now.since(last.provenance.time)))
        }
        None if status > 100 => {
            Text::new("{server} answered {status} and then nothing for {time}: neither answer nor failure.")
                .with("time", span(cx.now.since(last.provenance.time)))
        }
        None => Text::new("{server} answered {status} and then nothing for {time}. The fault lies behind it.")
            .with("time", span(cx.now.since(last.provenance.time))),
    };
    text.with("server", last.provenance.flow.source).with("status", status)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::reports::{codes, report_after};

    const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n";
    const TAKEN: &str = "0.0 a > p\nINVITE sip:bob@p.example\n\n0.01 p > a\n100 Trying\n\n";

    #[test]
    fn it_takes_timer_c_and_names_where_the_silence_is() {
        let sent_on = "0.02 p > b forward repeat=0.5,1.5\nINVITE sip:bob@203.0.113.60\n\n";
        let rang = "2.0 p > a\n180 Ringing\n\n";
        for (steps, seconds, expected) in [
            ("", 300.0, Some("198.51.100.5:5060 answered 100 and then nothing for 5 min. The fault lies behind it.")),
            (
                rang,
                300.0,
                Some("198.51.100.5:5060 answered 180 and then nothing for 5 min: neither answer nor failure."),
            ),
            (
                sent_on,
                300.0,
                Some(
                    "198.51.100.5:5060 answered 100 and sent the request on to 203.0.113.60:5060, which never answered (5 min).",
                ),
            ),
            // One request, and no answer in sight: it may have come by a way that the capture does not show.
            (
                "0.02 p > b forward\nINVITE sip:bob@203.0.113.60\n\n",
                300.0,
                Some("198.51.100.5:5060 answered 100 and then nothing for 5 min. The fault lies behind it."),
            ),
            ("", 60.0, None),
        ] {
            let report = report_after(&format!("{HOSTS}{TAKEN}{steps}"), seconds);
            let said = report.findings.first().map(|f| f.message.to_string());
            assert_eq!(said.as_deref(), expected, "{steps}");
            assert_eq!(report.root_cause.is_some(), expected.is_some());
        }
    }

    #[test]
    fn a_call_that_ends_has_not_stalled() {
        for end in ["70.0 p > a\n486 Busy Here\n\n", "70.0 p > a\n200 OK\n\n70.1 a > p\nACK\n\n"] {
            let report = report_after(&format!("{HOSTS}{TAKEN}{end}"), 600.0);
            assert!(codes(&report).iter().all(|c| !c.contains("stalled")), "{end}");
        }
    }
}
