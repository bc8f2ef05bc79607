//! A request inside a dialog whose CSeq number is not above that of the one before it, and which gets 500 for that.

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::refused::Refused;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, response_facts,
};
use crate::lang::span;
use crate::provenance::Transport;
use crate::sip::{HeaderName, Method};

pub(super) static RULE: Rule = Rule {
    code: "cseq-out-of-order",
    summary: "500 to a request inside a dialog whose CSeq number is not above that of an earlier one.",
    severity: Severity::Error,
    references: &["RFC 3261 §12.2.2", "RFC 3261 §12.2.1.1"],
    explanation: Explanation {
        what_it_means: "Each side of a dialog numbers its requests, one more with each. Whoever gets a request whose number is below that of the \
            one before must refuse it with 500. The finding names both numbers. Each side counts for itself; ACK and CANCEL have the number of \
            their INVITE.",
        why_it_matters: "What the request was for does not happen, and trying again does not help while the count is wrong. If it is a BYE, the \
            other end goes on: the line stays busy, and the call is charged.",
        likely_causes: "- An element between the two ends (a back-to-back user agent, a session border controller) sends requests of its own into \
            the dialog, such as OPTIONS or a refresh of the session, and passes on those of the client with the client's numbers.\n\
            - A standby took over a call and began to count anew.\n\
            - Two requests overtook each other on the way, over UDP or through several workers of one proxy.",
        how_to_fix: "- Count up by one with each request of a dialog, and keep the count where the state of the call is kept.\n\
            - An element that sends requests of its own has to number all that it passes on anew.\n\
            - Do not send the next request before the one before it was answered.",
        how_to_confirm: "Repeat the call: the CSeq numbers of each side go up, and the request is answered with 200.",
        when_this_is_wrong: "- A 500 to a request whose number is above all before it has another cause, and is failed-response.\n\
            - Numbers of the other side do not count: both may have the same.\n\
            - The server may have had another reason for its 500, which its log tells.",
    },
    detect: Detect::of_refusals(detect),
};

/// Requests that came within this time of each other may have been on their way together.
const TOGETHER: std::time::Duration = std::time::Duration::from_secs(1);

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    let mut said: Vec<(Refused<'_>, Finding)> = Vec::new();
    for refused in Refused::all(call, 500) {
        let found = number_passed(call, refused.deepest, 500).and_then(|before| finding(&refused, before));
        let Some(finding) = found else { continue };
        let is_same = |one: &Refused<'_>| {
            one.transaction.leg == refused.transaction.leg
                && one.transaction.client.address == refused.transaction.client.address
        };
        // One client that counts wrong is one cause, told of the request that suffers most.
        match said.iter_mut().find(|(one, _)| is_same(one)) {
            Some((_, known)) if known.severity >= finding.severity => known.evidence.push(primary(&refused)),
            Some(known) => *known = (refused, finding.evidence([primary(&known.0)])),
            None => said.push((refused, finding)),
        }
    }
    out.extend(said.into_iter().map(|(_, finding)| finding));
}

/// The request before one inside a dialog whose CSeq number the later one does not exceed, where it was refused for that.
pub(super) fn number_passed<'a>(call: &'a Call, refused: &Transaction, status: u16) -> Option<&'a CapturedMessage> {
    let request = call.message(refused.request?).filter(|_| status == 500 && refused.in_dialog)?;
    let number = request.message.cseq()?.number;
    let (to, client) = (request.message.to_tag(), refused.client.address);
    // The INVITE that began the dialog has no To tag.
    let same = |t: &&Transaction| t.leg == refused.leg && t.client.address == client && t.upstream == refused.upstream;
    let sent = call.transactions.iter().filter(same).filter(|t| !matches!(t.method, Method::Ack | Method::Cancel));
    sent.filter_map(|t| call.message(t.request?))
        .filter(|m| m.provenance.time < request.provenance.time && m.message.from_tag() == request.message.from_tag())
        .filter(|m| m.message.to_tag().is_none_or(|tag| Some(tag) == to))
        .filter(|m| m.message.cseq().is_some_and(|cseq| cseq.number >= number))
        .max_by_key(|m| m.message.cseq().map(|cseq| cseq.number))
}

fn primary(refused: &Refused<'_>) -> Evidence {
    Evidence::of(refused.response, Text::new("{status} response").with("status", 500))
}

fn finding(refused: &Refused<'_>, before: &CapturedMessage) -> Option<Finding> {
    let request = refused.request()?;
    let number = |m: &CapturedMessage| m.message.cseq().map(|cseq| cseq.number);
    let (own, other) = (number(request)?, number(before)?);
    let gap = request.provenance.time.since(before.provenance.time);
    let may_overtake = gap < TOGETHER && request.provenance.flow.transport == Transport::Udp;
    let text = Text::new(if own < other {
        "The request has the CSeq number {own}, although {method} before it in the dialog had {before}: a server must refuse a lower number \
         with 500 (RFC 3261 §12.2.2)."
    } else {
        "The request has the CSeq number {own}, as {method} before it in the dialog had: each request needs a higher one than the last (RFC \
         3261 §12.2.1.1)."
    })
    .with("own", own)
    .with("method", before.message.method()?);
    let text = if own < other { text.with("before", other) } else { text };
    let text = if may_overtake {
        Text::new("{meaning} The two came {gap} apart: the later one may have overtaken the earlier on its way.")
            .with("meaning", text)
            .with("gap", span(gap))
    } else {
        text
    };
    // The same number is no reason to refuse that the standard names, and what was overtaken is not the fault of its sender.
    let certainty = if own < other && !may_overtake { Certainty::Certain } else { Certainty::Strong };
    let finding = Finding::new(&RULE, certainty, refused.text(text), primary(refused))
        .severity(severity(refused))
        .evidence(response_facts::evidence(refused.response))
        .evidence([Evidence::of(request, "the request")])
        .evidence([(request, "its CSeq"), (before, "the CSeq of a request before it")].map(|(m, what)| {
            Evidence::header(m, HeaderName::CSeq, what)
        }))
        .actor(Actor::at(refused.deepest.client, "the operator of the element that sent the request"))
        .fix(
            "At the element that sent the request: count CSeq up by one with each request of a dialog (RFC 3261 §12.2.1.1), in the order in which \
             they are sent; an element in between that sends requests of its own into the dialog has to number those behind it anew.",
        )
        .verify("The CSeq numbers of the requests that each side sends go up, and such a request is answered with 200.");
    Some(if may_overtake {
        finding.fix(
            "Send the next request of a dialog when the one before was answered, so that none can overtake another.",
        )
    } else {
        finding
    })
}

/// A BYE that is refused leaves the call open at the other end; the others fail alone. What worked when it was tried again is only worth a
/// notice.
fn severity(refused: &Refused<'_>) -> Severity {
    let this = refused.transaction;
    let again = |t: &Transaction| {
        t.leg == this.leg
            && t.method == this.method
            && t.client.address == this.client.address
            && t.start > this.start
            && t.finals.iter().any(|f| f.status.is_success())
    };
    match this.method {
        _ if refused.call.transactions.iter().any(again) => Severity::Notice,
        Method::Bye => Severity::Error,
        Method::Invite | Method::Update | Method::Prack | Method::Refer | Method::Subscribe | Method::Message => {
            Severity::Warning
        }
        _ => Severity::Notice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::{codes, report};

    const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n";

    /// What is told of the second of two requests inside a dialog.
    fn told(first: (f32, u32), second: (f32, &str, u32), status: &str, rest: &str) -> Vec<Finding> {
        let (at, number) = first;
        let (later, method, own) = second;
        let report = report(&format!(
            "{HOSTS}0.0 a > p cseq=10\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\n\n1.1 a > p cseq=10\nACK\n\n\
             {at} a > p cseq={number}\nINFO sip:bob@p.example\n\n{} p > a tag=t re=INFO\n200 OK\n\n\
             {later} a > p cseq={own}\n{method} sip:bob@p.example\n\n{} p > a tag=t re={method}\n{status}\n\n{rest}",
            at + 0.1,
            later + 0.2
        ));
        let failed: Vec<_> = codes(&report).into_iter().filter(|code| code.starts_with("failed-response")).collect();
        let own: Vec<_> = report.findings.iter().filter(|f| f.code == RULE.code).cloned().collect();
        assert_eq!(failed.is_empty(), !own.is_empty(), "told by one rule: {:?}", codes(&report));
        own
    }

    #[test]
    fn a_500_to_a_number_below_the_last_is_the_fault_of_its_sender() {
        let found = told((2.0, 12), (5.0, "BYE", 11), "500 Server Internal Error", "");
        assert!(matches!(&found[..], [one] if one.severity == Severity::Error && one.certainty == Certainty::Certain));
        assert!(
            found[0].message.to_string().ends_with(
                "The request has the CSeq number 11, although INFO before it in the dialog had 12: a server must refuse a lower number with \
                 500 (RFC 3261 §12.2.2)."
            ),
            "{}",
            found[0].message
        );
        assert_eq!(found[0].actor.as_ref().unwrap().address.unwrap().to_string(), "192.0.2.10:5060");
        assert_eq!(found[0].evidence.iter().filter(|e| e.text.starts_with("CSeq: ")).count(), 2);
    }

    #[test]
    fn weight_and_certainty_follow_from_what_was_refused_and_when() {
        for (first, second, rest, severity, certainty, words) in [
            ((2.0, 12), (5.0, "UPDATE", 11), "", Severity::Warning, Certainty::Certain, "lower number"),
            ((2.0, 12), (5.0, "OPTIONS", 11), "", Severity::Notice, Certainty::Certain, "lower number"),
            ((2.0, 12), (5.0, "BYE", 12), "", Severity::Error, Certainty::Strong, "12, as INFO before it"),
            ((5.0, 12), (5.3, "UPDATE", 11), "", Severity::Warning, Certainty::Strong, "may have overtaken"),
            (
                (2.0, 12),
                (5.0, "BYE", 11),
                "6.0 a > p cseq=13\nBYE sip:bob@p.example\n\n6.1 p > a tag=t\n200 OK\n\n",
                Severity::Notice,
                Certainty::Certain,
                "lower number",
            ),
        ] {
            let found = told(first, second, "500 Oops", rest);
            assert!(
                matches!(&found[..], [one] if (one.severity, one.certainty) == (severity, certainty) && one.message.to_string().contains(words)),
                "{second:?}: {found:#?}"
            );
        }
    }

    #[test]
    fn other_reasons_to_refuse_are_told_by_the_catalogue() {
        for (first, second, status) in
            [(11, 12, "500 Server Internal Error"), (11, 13, "500 Oops"), (12, 11, "502 Bad Gateway")]
        {
            assert!(told((2.0, first), (5.0, "UPDATE", second), status, "").is_empty());
        }
    }

    #[test]
    fn the_other_side_counts_for_itself() {
        let report = report(&format!(
            "{HOSTS}0.0 a > p cseq=10\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\n\n1.1 a > p cseq=10\nACK\n\n\
             5.0 p > a cseq=3\nUPDATE sip:alice@192.0.2.10\n\n5.1 a > p re=UPDATE cseq=3\n500 Oops\n\n"
        ));
        assert!(report.findings.iter().all(|f| f.code != RULE.code), "{:?}", codes(&report));
    }

    #[test]
    fn a_client_that_counts_wrong_is_told_once() {
        let report = report(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p cseq=12\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t\n200 OK\n\n0.6 a > p\nACK\n\n\
             5.0 a > p cseq=3\nUPDATE sip:bob@p\n\n5.1 p > a\n500 Oops\n\n9.0 a > p cseq=4\nBYE sip:bob@p\n\n9.1 p > a\n500 Oops\n\n",
        );
        assert_eq!(codes(&report), ["cseq-out-of-order error"]);
        assert!(report.findings[0].message.to_string().contains("answered BYE"));
    }
}
