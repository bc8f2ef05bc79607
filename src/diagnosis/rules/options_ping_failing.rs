//! OPTIONS that fail again and again: the way in which most servers find out whether the next one is alive.

use std::collections::BTreeMap;

use super::nat_binding_lost::OfCall;
use crate::call::{Call, Transaction};
use crate::diagnosis::pings::{Came, Pair, Ping, Row};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{
    Actor, Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, response_facts,
};
use crate::lang::span;

pub(super) static RULE: Rule = Rule {
    code: "options-ping-failing",
    summary: "OPTIONS by which a client sees whether a server is alive fail one after the other.",
    severity: Severity::Warning,
    references: &["RFC 3261 §11", "RFC 3261 §21.4.9", "RFC 3261 §21.5.4"],
    explanation: Explanation {
        what_it_means: "Proxies, exchanges and border controllers send OPTIONS to their next hops each few seconds. Any response means that the next hop is \
            alive, 404 or 405 included; silence, 408 and 503 mean that it is not. Here three or more of one client to one server failed in a row. \
            The finding says how many, since when, how many had been answered before, and whether the server accepted calls meanwhile. The first \
            one that is answered again is told as a notice.",
        why_it_matters: "A next hop that does not answer is taken out of service: calls take another way, or fail with 503 although nothing is wrong with the \
            way of the calls themselves.",
        likely_causes: "- The server is down, or the way to it is.\n\
            - An access list or a limit of rate drops OPTIONS, or the address of the client is not known there.\n\
            - The server passes OPTIONS on to something that does not answer, and 408 comes from there.\n\
            - It is overloaded or being shut down, and says so with 503.",
        how_to_fix: "- Where the server accepts calls meanwhile, let it answer OPTIONS of this client.\n\
            - Where it does not, look whether it is up, and at the firewalls on the way.\n\
            - Send OPTIONS to the server itself, without a user in the Request-URI.",
        how_to_confirm: "Each OPTIONS gets a response within half a second, and the client takes the server back into service.",
        when_this_is_wrong: "- The capture shows one direction only, lost packets, or ends too early: then silence is told by no-response, as a notice.\n\
            - Any response other than 408 and 503 means that the server is alive.\n\
            - One or two that got lost are told by no-response or failed-response.\n\
            - OPTIONS inside a dialog ask for something else.",
    },
    detect: Detect::Compared(Facts::OPTIONS, detect),
};

/// So many in a row are no loss of single packets.
const ROW: u64 = 3;

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    let mut rows = BTreeMap::new();
    let pings = Ping::all(call, cx);
    for (at, ping) in pings.iter().enumerate() {
        let row = row(&mut rows, ping, cx);
        let before = row.clone();
        row.add(ping);
        let goes_on = pings.iter().skip(at + 1).any(|later| later.pair() == ping.pair());
        if ping.came == Came::Alive && before.failed >= ROW {
            out.push(again(ping, &before));
        } else if row.failed >= ROW && !goes_on {
            out.push(failing(call, ping, row, cx));
        }
    }
}

/// What is known of the pair up to here.
fn row<'r>(rows: &'r mut BTreeMap<Pair, Row>, ping: &Ping<'_>, cx: &Compared<'_>) -> &'r mut Row {
    rows.entry(ping.pair()).or_insert_with(|| cx.earlier.pings.of(ping.pair()))
}

/// Whether this rule tells of what came of a request.
pub(super) fn tells(call: &Call, silent: &Transaction, cx: &Compared<'_>) -> bool {
    let pings = Ping::all(call, cx);
    let Some(this) = pings.iter().find(|ping| std::ptr::eq(ping.transaction, silent)) else { return false };
    let mut rows = BTreeMap::new();
    let of_pair = pings.iter().filter(|ping| ping.pair() == this.pair());
    let failed = of_pair.map(|ping| {
        let row = row(&mut rows, ping, cx);
        row.add(ping);
        row.failed
    });
    failed.last().is_some_and(|failed| failed >= ROW)
}

fn failing(call: &Call, ping: &Ping<'_>, row: &Row, cx: &Compared<'_>) -> Finding {
    let transaction = ping.transaction;
    let first = row.first.as_ref();
    let since = first.map_or(transaction.start, |(time, _)| *time);
    let text = match (ping.came, ping.response) {
        (Came::Status(_), Some(response)) => {
            Text::new("{server} answered OPTIONS of {client} with {status}: number {n} in a row that failed, the first of which was sent {span} before.")
                .with("server", element(response))
                .with("status", response_facts::status_line(response))
        }
        _ => Text::new("{server} did not answer OPTIONS of {client}: number {n} in a row that failed, the first of which was sent {span} before.")
            .with("server", transaction.server),
    };
    let text = text
        .with("client", transaction.client.address)
        .with("n", row.failed)
        .with("span", span(transaction.start.since(since)));
    let before = match row.answered {
        0 => Text::new("None of them was answered before in this capture."),
        n => Text::count(n, "{n} had been answered before that.", "{n} had been answered before that."),
    };
    let is_in_use = cx.earlier.accepted.latest(transaction.server).is_some_and(|time| time >= since);
    let in_use = "Meanwhile it accepted a call: the server works, and only OPTIONS fail.";
    let text = with_reason(with_reason(text, Some(before)), is_in_use.then(|| Text::new(in_use)));
    // A server that asks whether a client behind NAT is there finds the mapping gone.
    let lost = OfCall::of(call, transaction, cx).filter(|_| ping.came == Came::Silence);
    let text = lost.iter().fold(text, |text, lost| lost.told(text));
    let primary = match ping.response {
        Some(response) => {
            Evidence::of(response, Text::new("{status} response").with("status", response_facts::status_line(response)))
        }
        None => Evidence::of(ping.request, "the request"),
    };
    let server = transaction.server;
    let finding = Finding::new(&RULE, Certainty::Strong, text, primary)
        .evidence(ping.response.map(|_| Evidence::of(ping.request, "the request")))
        .evidence(first.map(|(_, evidence)| evidence.clone()))
        .evidence(lost.iter().flat_map(OfCall::evidence));
    if let Some(lost) = lost {
        return lost.advise(finding);
    }
    let finding = finding
        .actor(Actor::at(server, "the operator of the server that is asked, and of the firewalls on the way to it"))
        .verify("The next OPTIONS gets a response other than 408 and 503 within half a second.");
    let fixes: &[&'static str] = match (ping.came, is_in_use) {
        (_, true) => &[
            "Let {server} answer OPTIONS of {client}: look at access lists, limits of rate, and whom it knows as a peer.",
        ],
        (Came::Status(503), _) => &["Read the log of {server}: it says that it takes no requests for now."],
        (Came::Status(_), _) => &[
            "Send OPTIONS to {server} itself, without a user in the Request-URI: 408 comes from behind a server that passes them on.",
        ],
        _ => &[
            "See whether {server} is up, and whether requests of {client} arrive there: address, port, access lists, firewalls.",
        ],
    };
    let fix = |finding: Finding, fix: &'static str| {
        let text = Text::new(fix).with("server", server);
        finding.fix(if fix.contains("{client}") { text.with("client", transaction.client.address) } else { text })
    };
    fixes.iter().copied().fold(finding, fix)
}

/// The first one that is answered again.
fn again(ping: &Ping<'_>, before: &Row) -> Finding {
    let transaction = ping.transaction;
    let since = before.first.as_ref().map_or(transaction.start, |(time, _)| *time);
    let text = Text::new("{server} answers OPTIONS of {client} again: {n} in a row had failed, the first of which was sent {span} before.")
        .with("server", transaction.server)
        .with("client", transaction.client.address)
        .with("n", before.failed)
        .with("span", span(transaction.start.since(since)));
    let primary = ping.response.unwrap_or(ping.request);
    Finding::new(&RULE, Certainty::Strong, text, Evidence::of(primary, "the response"))
        .severity(Severity::Notice)
        .evidence(before.first.iter().map(|(_, evidence)| evidence.clone()))
}

#[cfg(test)]
mod tests;
