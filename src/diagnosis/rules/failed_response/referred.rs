//! The failure of what a REFER asked for, which whoever transfers a call learns from a NOTIFY only (RFC 3515 §2.4.5): REFER and NOTIFY
//! themselves are answered with 2xx.

use std::mem;

use super::RULE;
use crate::call::referred::ended;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::catalog::{self, Kind, Lookup};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::transfers::Failed;
use crate::diagnosis::{Actor, Certainty, Compared, Evidence, Finding, Severity, Text};
use crate::sip::{HeaderName, Method, NameAddr, StatusCode};

/// A REFER with the last that was told of it.
struct Told<'a> {
    refer: &'a CapturedMessage,
    notify: &'a CapturedMessage,
    status: StatusCode,
    words: String,
}

/// What is said of each REFER whose request failed, where the capture does not show that failure itself.
pub(super) fn findings(call: &Call, cx: &Compared<'_>) -> impl Iterator<Item = Finding> {
    let refers = call.transactions.iter().filter(|t| t.method == Method::Refer && t.upstream.is_none());
    let refers = refers.filter_map(|t| call.message(t.request?));
    refers
        .filter_map(|refer| told(call, refer))
        .filter(|told| !told.status.is_success() && !is_captured(call, told))
        .filter_map(|told| finding(&told, cx))
}

fn told<'a>(call: &'a Call, refer: &'a CapturedMessage) -> Option<Told<'a>> {
    let (notify, status, words) = ended(call, refer)?;
    Some(Told { refer, notify, status, words })
}

/// Whether the failure is among the messages of the call, so that it is told there.
fn is_captured(call: &Call, told: &Told<'_>) -> bool {
    let sender = told.notify.provenance.flow.source.address;
    let failed = |t: &Transaction| t.client.address == sender && t.finals.iter().any(|f| f.status == told.status);
    call.transactions.iter().any(|t| t.method == Method::Invite && failed(t))
}

fn finding(told: &Told<'_>, cx: &Compared<'_>) -> Option<Finding> {
    let known = catalog::entry_or_class(told.status.0)?;
    let target = told.refer.message.header(HeaderName::ReferTo)?;
    let target = NameAddr::read(&target)?.uri;
    let meaning = match known {
        Lookup::Entry(entry) => Text::new(entry.meaning_in_short()),
        Lookup::Class(_) => Text::default(),
    };
    let server = told.notify.provenance.flow.source;
    let message = Text::new(
        "The REFER to {target} was accepted and failed all the same: by the NOTIFY of {server} the request to that address ended with {status}. \
         {meaning}",
    )
    .with("target", &target)
    .with("server", server)
    .with("status", told.words.as_str())
    .with("meaning", meaning);
    let line = format!("SIP/2.0 {}", told.words);
    let primary = Evidence::at(&told.notify.provenance, "how the request ended that the REFER asked for", line);
    let is_ordinary = matches!(known.entry().kind, Kind::User | Kind::UserBlock | Kind::Normal);
    let found = Finding::new(&RULE, Certainty::Certain, message, primary)
        .severity(if is_ordinary { Severity::Info } else { Severity::Warning })
        .evidence([Evidence::header(told.refer, HeaderName::ReferTo, "what the REFER asked for")]);
    let times = told.refer.provenance.time..=told.notify.provenance.time;
    if let Some(other) = cx.earlier.transfers.of(server.address, &target, told.status, times) {
        return Some(told_there(found, other));
    }
    if is_ordinary {
        return Some(found);
    }
    let fix = "Look for the request of {server} to {target} at this time: whoever sent the {code} to it must act.";
    let fix = Text::new(fix).with("server", server).with("target", &target).with("code", told.status);
    Some(
        found
            .actor(Actor::sender(
                told.notify,
                "the operator of the end that carried out the REFER, which has the response",
            ))
            .fix(fix)
            .verify("Transfer again: the last NOTIFY says 200."),
    )
}

/// That request is another call, of which more is said.
fn told_there(mut found: Finding, other: &Failed) -> Finding {
    let text = Text::new("That request is call {call}.").with("call", other.call.0);
    found.message = with_reason(mem::take(&mut found.message), Some(text));
    let severity = found.severity.min(Severity::Notice);
    let found = found.severity(severity).evidence([other.evidence()]);
    if severity < Severity::Notice {
        return found;
    }
    found.fix(
        Text::new("Act on what is said of call {call}: the transfer fails as that call does.")
            .with("call", other.call.0),
    )
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::reports::{codes, report, reports};

    const CALL: &str = "host a 192.0.2.10\nhost b 198.51.100.5\n\n0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=t\n200 OK\n\n\
        +0.01 a > b\nACK\n\n5.0 a > b to-tag=t cseq=5\nREFER sip:bob@b.example\nRefer-To: <sip:carol@c.example>\n\n+0.02 b > a\n202 Accepted\n\n";
    const END: &str = "30.0 a > b\nBYE\n\n+0.01 b > a re=BYE\n200 OK\n\n";

    fn notify(at: &str, event: &str, status: &str) -> String {
        format!(
            "{at} b > a\nNOTIFY sip:alice@192.0.2.10\nEvent: {event}\nContent-Type: message/sipfrag\nSubscription-State: active\n.\n\
             SIP/2.0 {status}\n\n+0.01 a > b\n200 OK\n\n"
        )
    }

    #[test]
    fn a_transfer_that_failed_is_told_by_its_last_notify() {
        let trying = notify("5.1", "refer", "100 Trying");
        let of = |last: &str| report(&format!("{CALL}{trying}{last}{END}"));
        let failed = of(&notify("7.0", "refer", "503 Service Unavailable"));
        assert_eq!(codes(&failed), ["failed-response warning"]);
        let message = failed.findings[0].message.to_string();
        assert!(
            message.contains("REFER to sip:carol@c.example") && message.contains("503 Service Unavailable"),
            "{message}"
        );
        assert_eq!(codes(&of(&notify("7.0", "refer;id=5", "486 Busy Here"))), ["failed-response info"]);
        for (name, last) in [
            ("it got through", notify("7.0", "refer", "200 OK")),
            ("still trying", notify("7.0", "refer", "180 Ringing")),
            ("of another REFER", notify("7.0", "refer;id=4", "503 Service Unavailable")),
            ("no word", String::new()),
        ] {
            assert!(codes(&of(&last)).is_empty(), "{name}");
        }
    }

    #[test]
    fn what_the_capture_shows_itself_is_told_there() {
        let refers = "5.5 b > a to-tag=t2 from-tag=t cseq=20 branch=q\nINVITE sip:carol@c.example\n\n+0.1 a > b branch=q\n503 Service Unavailable\n\n\
            +0.01 b > a branch=q\nACK\n\n";
        let text = format!("{CALL}{refers}{}{END}", notify("7.0", "refer", "503 Service Unavailable"));
        let messages: Vec<_> = report(&text).findings.iter().map(|f| f.message.to_string()).collect();
        assert!(!messages.is_empty() && messages.iter().all(|m| !m.contains("REFER to")), "{messages:?}");
    }

    #[test]
    fn a_transfer_that_failed_in_another_call_names_that_call() {
        let invite = |at: &str, from: &str, to: &str, got: &str| {
            format!(
                "{at} {from} > c call=2\nINVITE sip:{to}@c.example\nFrom: <sip:bob@b.example>\n\n+0.1 c > {from} call=2\n{got}\n\n+0.01 {from} > c call=2\nACK\n\n"
            )
        };
        let of = |other: &str, end: &str| {
            let last = notify("7.0", "refer", "404 Not Found");
            let reports = reports(&format!("host c 203.0.113.60\n{CALL}{other}{last}{end}"));
            let of_first = |report: &&crate::diagnosis::CallReport| report.call.number.0 == 1;
            let found = reports.iter().find(of_first).unwrap().findings.iter().find(|f| f.code == "failed-response");
            let found = found.unwrap();
            (found.severity, found.message.to_string())
        };
        // Where the first call ends long behind the second, and where both are open when the capture ends.
        for end in [END, ""] {
            let (severity, message) = of(&invite("5.2", "b", "carol", "404 Not Found"), end);
            assert!(severity == Severity::Notice && message.ends_with("That request is call 2."), "{message}");
        }
        // However long the failed call is waited for, it is known when the transfer is told.
        let unavailable = |text: String| text.replace("404 Not Found", "503 Service Unavailable");
        let clock = "host x 203.0.113.70\nhost y 203.0.113.71\n\n";
        let clock = (40..200).step_by(5).fold(clock.to_owned(), |flow, at| {
            format!("{flow}{at} x > y call=o{at}\nOPTIONS sip:y\n\n+0.01 y > x call=o{at}\n200 OK\n\n")
        });
        let other = invite("5.2", "b", "carol", "404 Not Found");
        let text = format!("host c 203.0.113.60\n{CALL}{other}{}{END}{clock}", notify("7.0", "refer", "404 Not Found"));
        let reports = reports(&unavailable(text));
        let first = reports.iter().find(|report| report.call.number.0 == 1).unwrap();
        let message = first.findings[0].message.to_string();
        assert!(message.ends_with("That request is call 2."), "{message}");
        for (name, other) in [
            ("another callee", invite("5.2", "b", "dave", "404 Not Found")),
            ("another status", invite("5.2", "b", "carol", "403 Forbidden")),
            ("another client", invite("5.2", "a", "carol", "404 Not Found")),
            ("before the REFER", invite("3.0", "b", "carol", "404 Not Found")),
        ] {
            let (severity, message) = of(&other, END);
            assert!(severity == Severity::Warning && !message.contains("That request is"), "{name}: {message}");
        }
    }
}
