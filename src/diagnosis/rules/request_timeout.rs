//! 408: somebody on the way waited in vain. How long tells for what.

use std::time::Duration;

use super::no_response::{fix_of_icmp, icmp_about};
use super::{nat_binding_lost::OfCall, options_ping_failing};
use crate::call::{Call, CapturedMessage, IcmpReport, Origin, Outcome, Transaction};
use crate::diagnosis::response_facts::{self, method};
use crate::diagnosis::{
    Actor, Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "request-timeout",
    summary: "408: an element on the way got no final response from the next one.",
    severity: Severity::Error,
    references: &["RFC 3261 §21.4.9", "RFC 3261 §16.7", "RFC 3261 §17.1.1.2", "RFC 4320 §4.2"],
    explanation: Explanation {
        what_it_means: "An element sent the request on, waited, and answered 408 when its timer ran out. The age of the \
            request at that moment tells which timer: about 32 seconds (64 times T1) when the next hop said nothing at \
            all, three minutes or more (timer C) when it said something and then no more. Other ages are settings of \
            that element.",
        why_it_matters: "The 408 is not the fault itself. It comes from the last element that works; the fault lies \
            behind it.",
        likely_causes: "- The next hop is down, unknown or behind a firewall.\n\
            - The callee's device is registered and does not answer any more: expired NAT binding, switched off.\n\
            - The response was lost on its way back to the element that waited.",
        how_to_fix: "- Find out where the element that sent the 408 had sent the request, and why that host does not \
            answer.\n\
            - For registered devices: shorter registration intervals, keep-alives at most 25 seconds apart.\n\
            - Shorten the timer towards targets for which there is a second one.",
        how_to_confirm: "The next call gets 180 or another response from behind that element.",
        when_this_is_wrong: "- A 408 after ten seconds or more of ringing says that nobody picked up; such a call counts \
            as not answered.\n\
            - Clients write 408 into their log when their own timer runs out; such a one is not in a capture.",
    },
    detect: Detect::Compared(Facts::FAILURE, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    if call.outcome.is_failure() && call.outcome != Outcome::NoResponse {
        out.extend(finding(call, cx));
    }
}

fn finding(call: &Call, cx: &Compared<'_>) -> Option<Finding> {
    let near = call.decided_by?;
    let received = call.message(call.final_response?)?;
    if received.message.status()?.0 != 408 {
        return None;
    }
    let (transaction, response, behind) = match call.origin_of_failure(near)? {
        Origin::Response(id, message) => (call.transaction(id)?, call.message(message)?, None),
        Origin::Silence(id) => {
            (call.transaction(near)?, received, call.transaction(id).filter(|t| call.is_unanswered(t)))
        }
    };
    // Something closer than a timeout failed behind: that response is the thing to explain.
    if response.message.status()?.0 != 408 {
        return None;
    }
    if options_ping_failing::tells(call, transaction, cx) {
        return None;
    }
    let request = transaction.request.and_then(|id| call.message(id));
    let age = request.map(|m| response.provenance.time.since(m.provenance.time));
    let cancel = ignored_cancel(call, transaction, response);
    let rang = behind.is_none() && rang(call, transaction);
    let icmp = behind.and_then(|transaction| icmp_about(call, transaction));
    let mut message =
        message(transaction, response, behind.map(|t| (t, icmp)), age.map(|age| (age, timer(age, transaction, rang))));
    if let Some(others) = behind.and_then(|t| response_facts::servers(call.rang_beside(t))) {
        message = Text::new("{message} It rang meanwhile at {others}.").with("message", message).with("others", others);
    }
    if let Some(cancel) = &cancel {
        message = cancel.told(&message);
    }
    let lost = behind.and_then(|transaction| OfCall::of(call, transaction, cx));
    if let Some(lost) = &lost {
        message = lost.told(message);
    }
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(response, "408 response"))
        .severity(severity(&transaction.method))
        .evidence(request.map(|m| Evidence::of(m, "the request")))
        .evidence(
            (received.provenance.frame != response.provenance.frame)
                .then(|| Evidence::of(received, "what the caller received")),
        )
        .evidence(cancel.map(|cancel| Evidence::of(cancel.request, "the CANCEL")))
        .evidence(
            behind.and_then(|t| call.message(t.request?)).map(|m| Evidence::of(m, "the request that got no answer")),
        )
        .evidence(icmp.map(Evidence::icmp))
        .evidence(lost.iter().flat_map(OfCall::evidence))
        .verify(if rang {
            "The next call rings until somebody answers it or the caller gives up."
        } else {
            "The next request gets a response from behind that element."
        });
    if let Some(lost) = lost {
        return Some(lost.advise(finding));
    }
    Some(match behind {
        None if rang => {
            finding.actor(Actor::sender(response, "the operator of the element that let it ring no longer")).fix(
                Text::new("See how long {server} lets a call ring, and lengthen that where nobody can answer so soon.")
                    .with("server", response.provenance.flow.source),
            )
        }
        Some(behind) => finding
            .actor(Actor::at(behind.server, "the operator of the host that does not answer, and of the way to it"))
            .fix(icmp.map_or_else(
                || {
                    Text::new(if cx.is_up(behind) {
                        "Find out why {behind} does not answer. Its address sends other SIP messages in this capture, so that the host is up: look at port and transport, and into its log."
                    } else {
                        "Find out why {behind} does not answer: address and port, host, firewall."
                    })
                    .with("behind", behind.server)
                },
                |report| Text::new(fix_of_icmp(report)),
            )),
        None => finding
            .actor(Actor::sender(response, "the operator of the hop behind which the request gets no answer"))
            .fix(
                Text::new("Capture behind {server}: where does it send the request, and what comes back?")
                    .with("server", response.provenance.flow.source),
            )
            .fix("If the callee is a registered device: check that its registration and its NAT binding are alive."),
    })
}

/// A CANCEL of the request, sent before its 408, that the server did not answer by then.
struct IgnoredCancel<'a> {
    request: &'a CapturedMessage,
    /// How often it was sent.
    sent: usize,
}

impl IgnoredCancel<'_> {
    /// A message that speaks of it as well: CANCEL is answered at once, hop by hop (RFC 3261 §9.2).
    fn told(&self, message: &Text) -> Text {
        let server = self.request.provenance.flow.destination;
        Text::new("{message} The client had given up before: its CANCEL, sent {n} times, got no response from {server} until then.")
            .with("message", message.clone())
            .with("n", self.sent)
            .with("server", server)
    }
}

/// That of a request. A single CANCEL may have been answered on a way that the capture does not show.
fn ignored_cancel<'a>(
    call: &'a Call,
    transaction: &Transaction,
    response: &CapturedMessage,
) -> Option<IgnoredCancel<'a>> {
    let cancel = call.transaction(transaction.cancelled_by?)?;
    let until = response.provenance.time;
    let is_before = |m: &&CapturedMessage| m.provenance.time < until;
    let answers = cancel.finals.iter().map(|last| last.message).chain(cancel.provisionals.iter().copied());
    if answers.filter_map(|id| call.message(id)).any(|m| is_before(&m)) {
        return None;
    }
    let request = call.message(cancel.request?).filter(is_before)?;
    let again = call.requests_again(cancel).filter(is_before).count();
    (again > 0).then_some(IgnoredCancel { request, sent: again + 1 })
}

fn severity(method: &Method) -> Severity {
    if matches!(method, Method::Invite | Method::Register) { Severity::Error } else { Severity::Warning }
}

fn message(
    transaction: &Transaction,
    response: &CapturedMessage,
    behind: Option<(&Transaction, Option<&IcmpReport>)>,
    timer: Option<(Duration, &'static str)>,
) -> Text {
    let text = match (behind, timer) {
        (Some((behind, None)), _) => Text::new(
            "{server} answered {method} with 408: it had sent the request on to {behind}, which did not answer.",
        )
        .with("behind", behind.server),
        (Some((behind, Some(report))), _) => Text::new(
            "{server} answered {method} with 408: it had sent the request on to {behind}, which did not answer; ICMP reports {kind}.",
        )
        .with("behind", behind.server)
        .with("kind", Text::new(report.kind)),
        (None, Some((age, timer))) => Text::new("{server} answered {method} with 408 after {age}: {timer}.")
            .with("age", span(age))
            .with("timer", Text::new(timer)),
        (None, None) => {
            Text::new("{server} answered {method} with 408: by that status it got no response from behind it in time.")
        }
    };
    text.with("server", response.provenance.flow.source).with("method", method(transaction))
}

/// Whether the called party was reached, though not for as long as it takes to call it unanswered.
fn rang(call: &Call, transaction: &Transaction) -> bool {
    let provisionals = transaction.provisionals.iter().filter_map(|id| call.message(*id));
    provisionals.filter_map(|m| m.message.status()).any(|status| status.0 == 180)
}

/// Which timer runs out at that age (RFC 3261 table 4).
fn timer(age: Duration, transaction: &Transaction, rang: bool) -> &'static str {
    match age.as_secs() {
        _ if rang => "a timer of its own ran out while it rang",
        0 => {
            "too soon for a timer of RFC 3261, so it knew beforehand that the next hop does not answer, or waits for less than a second"
        }
        30..=34 => "the time after which a request without any response is given up (64 times T1)",
        170.. if transaction.method == Method::Invite => {
            "the time after which a proxy gives up a call that got provisional responses only (timer C)"
        }
        _ => "a timer of its own ran out while it waited for the next hop",
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Finding;
    use crate::diagnosis::reports::{codes, report};

    const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n";

    #[test]
    fn the_age_tells_the_timer() {
        for (age, expected) in [
            ("0.2", "after 200 ms: too soon for a timer"),
            ("32.0", "after 32 s: the time after which a request without any response is given up"),
            ("181.0", "after 3 min 1 s: the time after which a proxy gives up a call"),
            ("20.0", "after 20 s: a timer of its own"),
        ] {
            let steps = format!(
                "0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a\n100 Trying\n\n{age} p > a\n408 Request Timeout\n\n"
            );
            let report = report(&format!("{HOSTS}{steps}"));
            assert_eq!(
                (report.root_cause, codes(&report)),
                (Some("request-timeout"), vec!["request-timeout error".to_owned()])
            );
            let message = report.findings[0].message.to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn the_hop_that_did_not_answer_is_named() {
        let report = report(include_str!("../../../samples/request-timeout/capture.txt"));
        assert_eq!(codes(&report), ["request-timeout error"]);
        let finding = &report.findings[0];
        assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "203.0.113.60:5062");
    }

    #[test]
    fn a_branch_that_rang_and_a_host_that_is_up_are_told() {
        let steps = |progress: &str, up: &str| {
            format!(
                "host c 203.0.113.61\n\n{up}1.0 a > p\nINVITE sip:bob@p.example\n\n1.02 p > b branch=f1 forward repeat=0.5,1.5,3.5\n\
                 INVITE sip:bob@203.0.113.60\n\n1.02 p > c branch=f2 forward\nINVITE sip:bob@203.0.113.61\n\n1.3 c > p tag=c1\n{progress}\n\n\
                 6.0 p > c branch=f2\nCANCEL\n\n6.01 c > p re=CANCEL\n200 OK\n\n6.02 c > p re=INVITE tag=c1\n487 Request Terminated\n\n\
                 6.03 p > c branch=f2\nACK\n\n6.1 p > a tag=own re=INVITE cseq=1\n408 Request Timeout\n\n6.2 a > p\nACK\n"
            )
        };
        let up = "0 p > b call=x\nOPTIONS sip:203.0.113.60\n\n0.1 b > p call=x\n200 OK\n\n";
        for (progress, up, rang, is_up) in
            [("180 Ringing", "", true, false), ("180 Ringing", up, true, true), ("100 Trying", up, false, true)]
        {
            let found =
                crate::diagnosis::testing::with_code(&format!("{HOSTS}{}", steps(progress, up)), "request-timeout");
            assert_eq!(found.len(), 1);
            let (message, advice) = (found[0].message.to_string(), found[0].remediation[0].to_string());
            assert!(message.contains("203.0.113.60:5060, which did not answer."), "{message}");
            assert_eq!(message.ends_with("It rang meanwhile at 203.0.113.61:5060."), rang, "{message}");
            assert_eq!(advice.contains("so that the host is up"), is_up, "{advice}");
        }
    }

    #[test]
    fn what_icmp_says_of_that_hop_is_told_once_with_its_remedy() {
        let steps = "0.0 a > p\nINVITE sip:bob@p.example\n\n0.0 p > b forward\nINVITE sip:bob@203.0.113.60\n\n\
            0.1 b > p icmp=port-unreachable quote=2\n\n0.6 b > p icmp=port-unreachable quote=2\n\n4.0 p > a re=INVITE cseq=1\n408 Request Timeout\n\n";
        let report = report(&format!("{HOSTS}{steps}"));
        let finding = report.findings.iter().find(|f| f.code == "request-timeout").unwrap();
        assert!(
            finding.message.to_string().ends_with("did not answer; ICMP reports port unreachable."),
            "{}",
            finding.message
        );
        assert_eq!(finding.evidence.iter().filter(|e| e.what.to_string().starts_with("ICMP")).count(), 1);
        assert!(finding.remediation[0].to_string().starts_with("The host is up, but nothing listens"));
    }

    #[test]
    fn who_rang_was_reached() {
        for (progress, rang) in [("180 Ringing", true), ("100 Trying", false), ("183 Session Progress", false)] {
            let report = report(&format!(
                "{HOSTS}0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a tag=t\n{progress}\n\n5.0 p > a tag=t\n408 Request Timeout\n\n"
            ));
            assert_eq!(codes(&report), ["request-timeout error"]);
            let finding = &report.findings[0];
            let (message, advice) = (finding.message.to_string(), finding.remediation[0].to_string());
            assert_eq!(message.ends_with("ran out while it rang."), rang, "{message}");
            assert_eq!(message.contains("next hop"), !rang, "{message}");
            assert_eq!(advice.contains("lets a call ring"), rang, "{advice}");
        }
    }

    #[test]
    fn a_cancel_without_answer_is_told() {
        let flow = |cancel: &str, answer: &str| {
            let steps = format!(
                "0.0 a > p\nINVITE sip:bob@p.example\n\n0.1 p > a\n100 Trying\n\n{cancel}{answer}36.0 p > a re=INVITE\n408 Request Timeout\n\n\
                 36.1 a > p\nACK\n\n"
            );
            let report = report(&format!("{HOSTS}{steps}"));
            // A call that was cancelled as it should be is no timeout.
            let finding = report.findings.iter().find(|f| f.code == "request-timeout");
            let cited = |f: &Finding| f.evidence.iter().any(|e| e.what.to_string() == "the CANCEL");
            (finding.map(|f| f.message.to_string()).unwrap_or_default(), finding.is_some_and(cited))
        };
        let often = "34.0 a > p repeat=0.5,1.5\nCANCEL\n\n";
        for (cancel, answer, told) in [
            (often, "", true),
            ("34.0 a > p\nCANCEL\n\n", "", false),
            (often, "35.0 p > a re=CANCEL\n200 OK\n\n", false),
            ("", "", false),
        ] {
            let (message, cited) = flow(cancel, answer);
            let speaks =
                message.contains("its CANCEL, sent 3 times, got no response from 198.51.100.5:5060 until then");
            assert_eq!((speaks, cited), (told, told), "{message}");
        }
    }

    #[test]
    fn nobody_picked_up_is_no_timeout() {
        let report = report(include_str!("../../../samples/request-timeout/near-miss.txt"));
        assert!(codes(&report).iter().all(|c| !c.contains("request-timeout")), "{:?}", codes(&report));
    }
}
