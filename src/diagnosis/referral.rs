//! A failed call that a REFER inside another call had asked for: a transfer that failed, or an invitation to a conference.

use std::mem;

use super::repeated::with_reason;
use super::{Evidence, Finding, Text};
use crate::call::{Call, Outcome};
use crate::lang::span;

/// Says so in what tells how the call ended.
pub(super) fn tell(call: &Call, has_root: bool, findings: &mut [Finding]) {
    let Some(referral) = call.referral.as_deref() else { return };
    let is_ordinary = matches!(call.outcome, Outcome::Busy | Outcome::NoAnswer | Outcome::Declined);
    let end = match has_root {
        true => findings.first_mut(),
        false if is_ordinary => findings.iter_mut().find(|finding| finding.code == "failed-response"),
        false => None,
    };
    let Some(end) = end else { return };
    let text = Text::new(if referral.invites {
        "It was to bring a further participant into a conference: {client} had been asked for it by the REFER of call {call}, {after} before."
    } else {
        "It was to be a transfer: {client} had been asked for it by the REFER of call {call}, {after} before."
    })
    .with("client", referral.sent.flow.destination)
    .with("call", referral.call.0)
    .with("after", span(call.start.since(referral.sent.time)));
    end.message = with_reason(mem::take(&mut end.message), Some(text));
    end.evidence.push(Evidence::at(&referral.sent, "the REFER that asked for the call", String::new()));
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::reports::reports;

    const HOSTS: &str = "host a 192.0.2.10\nhost b 198.51.100.5\nhost c 203.0.113.60\n\n";
    const CALL: &str = "0.0 a > b\nINVITE sip:bob@b.example\nFrom: <sip:alice@a.example>\n\n1.0 b > a tag=t\n200 OK\n\n+0.01 a > b\nACK\n\n\
        5.0 a > b to-tag=t cseq=5\nREFER sip:bob@b.example\nRefer-To: <sip:carol@c.example>\n\n+0.02 b > a\n202 Accepted\n\n";
    const END: &str = "30.0 a > b\nBYE\n\n+0.01 b > a re=BYE\n200 OK\n\n";

    /// What is said first of the call from these hosts, by which that user calls another one.
    fn said(at: &str, way: &str, caller: &str, party: &str, got: &str) -> String {
        let (from, to) = way.split_once('>').unwrap();
        let invite = format!(
            "{at} {from} > {to} call=2\nINVITE sip:{party}@c.example\nFrom: <sip:{caller}@b.example>\n\n+0.1 {to} > {from} call=2\n{got}\n\n\
             +0.01 {from} > {to} call=2\nACK\n\n"
        );
        let all = reports(&format!("{HOSTS}{CALL}{invite}{END}"));
        let second = all.iter().find(|report| report.call.number.0 == 2).unwrap();
        second.findings[0].message.to_string()
    }

    #[test]
    fn a_conference_that_invites_somebody_transfers_nobody() {
        let flow = format!(
            "{HOSTS}{}5.2 b > c call=2\nINVITE sip:carol@c.example\nFrom: <sip:bob@b.example>\n\n+0.1 c > b call=2\n486 Busy Here\n\n\
             +0.01 b > c call=2\nACK\n\n{END}",
            CALL.replace("200 OK\n", "200 OK\nContact: <sip:bob@198.51.100.5>;isfocus\n")
        );
        let all = reports(&flow);
        let said = |number: u64| all.iter().find(|report| report.call.number.0 == number).unwrap();
        let text = said(2).findings[0].message.to_string();
        assert!(text.contains("It was to bring a further participant into a conference"), "{text}");
        assert!(crate::call::referred::Transfer::of(&said(1).call).is_none());
    }

    #[test]
    fn a_later_refer_that_nobody_answered_hides_no_transfer() {
        let again = "20.0 a > b to-tag=t cseq=6\nREFER sip:bob@b.example\nRefer-To: <sip:dave@c.example>\n\n";
        let all = reports(&format!("{HOSTS}{CALL}{again}"));
        let transfer = crate::call::referred::Transfer::of(&all[0].call).unwrap();
        assert_eq!(transfer.addressee(), "sip:carol@c.example");
    }

    #[test]
    fn a_call_that_failed_names_the_call_whose_refer_asked_for_it() {
        let told = "198.51.100.5:5060 had been asked for it by the REFER of call 1, 200 ms before.";
        for got in ["404 Not Found", "486 Busy Here", "503 Service Unavailable"] {
            let text = said("5.2", "b>c", "bob", "carol", got);
            assert!(text.ends_with(told), "{got}: {text}");
        }
        // As the exchange calls for who is transferred.
        assert!(said("5.2", "b>c", "alice", "carol", "404 Not Found").ends_with(told));
        for (name, text) in [
            ("another callee", said("5.2", "b>c", "bob", "dave", "404 Not Found")),
            ("another client", said("5.2", "a>c", "bob", "carol", "404 Not Found")),
            ("another caller", said("5.2", "b>c", "erin", "carol", "404 Not Found")),
            ("before", said("4.2", "b>c", "bob", "carol", "404 Not Found")),
            ("late", said("15", "b>c", "bob", "carol", "404 Not Found")),
        ] {
            assert!(!text.contains("REFER"), "{name}: {text}");
        }
    }
}
