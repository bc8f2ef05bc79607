//! The same for other requests than INVITE: their responses have no ACK, but a client that has one does not send its request again.

use super::{RULE, advised, is_elsewhere, refusal_of_the_host};
use crate::call::{COPIES_IN_VAIN, Call, CapturedMessage, Transaction};
use crate::diagnosis::{Certainty, Context, Evidence, Finding, Severity, Text};
use crate::lang::span;
use crate::sip::Method;

/// Whether a request other than INVITE was sent again and again although it had a final response.
pub(in crate::diagnosis) fn is_asked_on(call: &Call, transaction: &Transaction) -> bool {
    transaction.retransmissions.len() >= COPIES_IN_VAIN
        && !matches!(transaction.method, Method::Invite | Method::Ack)
        && behind(call, transaction).count() >= COPIES_IN_VAIN
}

/// The copies of a request that a timer sent behind the first final response.
fn behind<'a>(call: &'a Call, transaction: &Transaction) -> impl Iterator<Item = &'a CapturedMessage> {
    let answered = transaction.finals.first().and_then(|last| call.time(last.message));
    call.requests_again(transaction).filter(move |m| answered.is_some_and(|at| m.provenance.time > at))
}

/// What is said of the first such request: each further one fails for the same reason.
pub(super) fn finding(call: &Call, cx: &Context<'_>) -> Option<Finding> {
    if call.clock_was_set_back() {
        return None;
    }
    let mut nearest = call.transactions.iter().filter(|t| t.upstream.is_none() && is_asked_on(call, t));
    nearest.find_map(|transaction| told(call, transaction, cx))
}

fn told(call: &Call, transaction: &Transaction, cx: &Context<'_>) -> Option<Finding> {
    let request = call.message(transaction.request?)?;
    let response = call.message(transaction.finals.first()?.message)?;
    let last = behind(call, transaction).last()?;
    let took = last.provenance.time.since(request.provenance.time);
    // As for INVITE: 64 times T1 but for the last pause (timer F). Who stops before that may have had a response.
    if took < cx.settings.t1 * 56 || !is_elsewhere(call, transaction, request, response) {
        return None;
    }
    let (asked, server) = (request.provenance.flow.destination, response.provenance.flow.source);
    let text = Text::new(if asked.address == server.address {
        "{client} sent {method} to {asked} {count} times in {took}, although the {status} was on its way after {after}: it came from another port of \
         that host, {server}. NAT, firewalls and many clients take responses only from where the request went to."
    } else {
        "{client} sent {method} to {asked} {count} times in {took}, although the {status} was on its way after {after}: it came from {server}. NAT, \
         firewalls and many clients take responses only from where the request went to."
    })
    .with("client", transaction.client)
    .with("method", transaction.method.name())
    .with("asked", asked)
    .with("count", 1 + call.requests_again(transaction).count())
    .with("took", span(took))
    .with("status", response.message.status()?)
    .with("after", span(response.provenance.time.since(request.provenance.time)))
    .with("server", server);
    let finding = Finding::new(&RULE, Certainty::Strong, text, Evidence::of(response, "the first final response"))
        .severity(if transaction.method == Method::Register { Severity::Error } else { Severity::Warning })
        .evidence([
            Evidence::of(request, "the request that it answers"),
            Evidence::of(last, "the request, sent for the last time"),
        ])
        .evidence(refusal_of_the_host(call, response))
        .verify("The next such request is sent once, and its response comes from where it went to.");
    Some(advised(finding, response, asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::{codes, report};
    use crate::diagnosis::testing::check;

    const HOSTS: &str =
        "host phone 192.0.2.10\nhost proxy 198.51.100.5\nhost other 198.51.100.6\nhost port 198.51.100.5:5080\n\n";
    const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
    const SOME: &str = "repeat=0.5,1.5,3.5,7.5";
    const LATER: &str = "90.0 phone > proxy call=ping\nOPTIONS sip:b\n\n+0.1 proxy > phone call=ping\n200 OK\n\n";

    fn flow(method: &str, copies: &str, from: &str, status: &str) -> String {
        format!(
            "{HOSTS}0.0 phone > proxy {copies}\n{method} sip:example.net\n\n0.02 {from} > phone re={method} {copies}\n{status}\n\n{LATER}"
        )
    }

    #[test]
    fn a_request_that_is_repeated_to_the_end_in_spite_of_its_response_is_told() {
        let slow = flow("REGISTER", ALL, "other", "200 OK").replace(
            "0.02 other > phone re=REGISTER repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5",
            "31.6 other > phone re=REGISTER",
        );
        check(
            RULE.code,
            &[
                ("another address", &flow("REGISTER", ALL, "other", "200 OK"), Some(Severity::Error)),
                ("another port", &flow("REGISTER", ALL, "port", "401 Unauthorized"), Some(Severity::Error)),
                ("another method", &flow("OPTIONS", ALL, "other", "200 OK"), Some(Severity::Warning)),
                ("the right address", &flow("REGISTER", ALL, "proxy", "200 OK"), None),
                ("soon content", &flow("REGISTER", SOME, "other", "200 OK"), None),
                ("at once content", &flow("REGISTER", "", "other", "200 OK"), None),
                ("a response behind all copies", &slow, None),
            ],
        );
    }

    #[test]
    fn it_names_both_places() {
        let found = report(&flow("REGISTER", ALL, "other", "200 OK"));
        assert_eq!(codes(&found), [format!("{} error", RULE.code)]);
        let message = found.findings[0].message.to_string();
        assert!(
            message.contains("REGISTER to 198.51.100.5:5060 11 times")
                && message.contains("came from 198.51.100.6:5060"),
            "{message}"
        );
    }
}
