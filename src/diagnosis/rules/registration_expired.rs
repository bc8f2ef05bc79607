//! Calls to a user whose registration was over, because nobody had renewed it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::registered::{Attempt, Lapse, Period};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::lang::span;
use crate::limits::REGISTRATION_CALLS;

mod of_call;

pub(super) use of_call::OfCall;

pub(super) static RULE: Rule = Rule {
    code: "registration-expired",
    summary: "Calls to a user fail because its registration is over, and nothing renewed it.",
    severity: Severity::Error,
    references: &["RFC 3261 §10.2.4", "RFC 3261 §10.3", "RFC 3261 §21.4.18", "RFC 5626 §4.4"],
    explanation: Explanation {
        what_it_means: "A registration lasts for as long as the registrar says in its 200: \"expires\" of the Contact, or the Expires header field. \
            The client has to renew it before that. Here the time of all contacts of a user was over, no further REGISTER of that user had been accepted, \
            and the same server then refused calls to the user at once with 480, 404 or 410. Users of one server are one finding.",
        why_it_matters: "The user cannot be called until its telephone registers again, and as a rule nobody notices: calls that it makes itself go on working.",
        likely_causes: "- The telephone was switched off, lost its network or its address, or hung.\n\
            - Its REGISTER was refused: password changed, account locked, too many contacts.\n\
            - Its REGISTER does not arrive, or the response to it does not: a firewall, a NAT binding that is over, a name that leads elsewhere.\n\
            - It renews too late: it counts from the interval that it asked for, not from the shorter one that was granted.",
        how_to_fix: "- Look at the log of the telephone from half of the interval on: a client renews then, or shortly before the end.\n\
            - If the REGISTER was refused, mend that; the response says why.\n\
            - If it was not captured, capture at the telephone: did it send one?\n\
            - Let the client renew at half of the granted interval, and keep the NAT binding alive in between (RFC 5626 §4.4).",
        how_to_confirm: "In a later capture each 200 to REGISTER is followed by the next REGISTER before its interval is over, and calls to the user ring.",
        when_this_is_wrong: "- REGISTER over TLS, or by another way than the one that was captured, is not seen. Where nothing at all was captured while the \
            client should have renewed, the capture may have been stopped: that is a weak warning.\n\
            - A user that took its contacts away itself (Expires: 0) is not registered on purpose, and is not told.\n\
            - A call that rang, or was passed on, found a registration. Another contact of the same user counts as well.\n\
            - A server may refuse calls for other reasons (do not disturb); that the registration was over is true all the same.",
    },
    detect: Detect::Capture(detect),
};

/// Users that are named beside the first one.
const NAMED: usize = 3;

/// Why it was not renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Nothing,
    Silence,
    Refused,
}

type User<'a> = (&'a str, Lapse<'a>);

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let mut servers: BTreeMap<(IpAddr, Why), Vec<User<'_>>> = BTreeMap::new();
    for (name, lapse) in patterns.earlier.registered.lapsed() {
        let why = match lapse.attempt.map(|attempt| attempt.status) {
            None => Why::Nothing,
            Some(None) => Why::Silence,
            Some(Some(_)) => Why::Refused,
        };
        let Some(server) = lapse.failures.first().map(|failure| failure.seen.source.address) else { continue };
        if is_captured(lapse.period, lapse.attempt, server, cx) {
            servers.entry((server, why)).or_default().push((name, lapse));
        }
    }
    out.extend(servers.values().filter_map(|users| finding(users, patterns, cx)));
}

/// Whether a REGISTER that renewed it would be in the capture, or one is that did not.
fn is_captured(period: &Period, attempt: Option<&Attempt>, server: IpAddr, cx: &Context<'_>) -> bool {
    let is_refused = attempt.is_some_and(|attempt| attempt.status.is_some());
    is_refused || cx.absence_is_proven(server, period.last.time, period.granted)
}

fn finding(users: &[User<'_>], patterns: &Patterns, cx: &Context<'_>) -> Option<Finding> {
    let (name, lapse) = users.iter().rev().max_by_key(|(_, lapse)| lapse.count)?;
    let failure = lapse.failures.first()?;
    let (client, server) = (lapse.period.client, failure.seen.source);
    let stopped = patterns.earlier.registered.silence(lapse.period.half(), lapse.period.until);
    let stopped = stopped.filter(|_| lapse.attempt.is_none());
    let is_unreal = matches!(scope(server.address), Scope::Documentation | Scope::Loopback);
    let severity = match stopped {
        _ if is_unreal && !cx.hosts.documentation_traffic => Severity::Notice,
        Some(_) => Severity::Warning,
        None => Severity::Error,
    };
    let doubt = stopped.map(|(from, until)| {
        Text::new(
            "Nothing at all was captured for {span} meanwhile, so that a REGISTER may be missing from the capture.",
        )
        .with("span", span(until.since(from)))
    });
    let text = with_reason(message(name, lapse)?, Some(meanwhile(lapse)));
    let text = with_reason(with_reason(text, doubt), others(name, users));
    let certainty = if stopped.is_some() { Certainty::Weak } else { Certainty::Strong };
    let attempt = lapse.attempt.map(|attempt| attempt.answer.unwrap_or(attempt.seen));
    let finding = Finding::new(&RULE, certainty, text, failure.seen.evidence("the call is refused"))
        .severity(severity)
        .evidence([lapse.period.last.evidence("the registration is accepted for the last time")])
        .evidence(attempt.map(|seen| seen.evidence("what came of the last REGISTER before that call")))
        .evidence(lapse.again.map(|period| period.last.evidence("it is registered again")))
        .actor(Actor::at(client, "operator of the client that registered"))
        .verify(
            "In a later capture each 200 to REGISTER is followed by the next REGISTER before its interval is over.",
        );
    let mut finding = fixes(finding, lapse, client.address, server.address);
    let mut calls: Vec<_> = users.iter().flat_map(|(_, lapse)| &lapse.failures).map(|failure| failure.call).collect();
    calls.sort_unstable();
    calls.dedup();
    calls.truncate(REGISTRATION_CALLS);
    finding.calls = calls;
    finding.calls_total = users.iter().map(|(_, lapse)| lapse.count).sum();
    Some(finding)
}

fn message(name: &str, lapse: &Lapse<'_>) -> Option<Text> {
    let failure = lapse.failures.first()?;
    let period = lapse.period;
    let text = Text::count(
        lapse.count,
        "{server} refused {n} call to {user} with {status}, as nobody was registered there any more: {client} had registered that user for {granted}, which was over {late} before that call.",
        "{server} refused {n} calls to {user}, the first with {status}, as nobody was registered there any more: {client} had registered that user for {granted}, which was over \
         {late} before that call.",
    );
    let text = text
        .with("server", failure.seen.source)
        .with("user", name)
        .with("status", failure.status)
        .with("client", period.client)
        .with("granted", span(period.granted))
        .with("late", span(failure.time.since(period.until)));
    Some(text)
}

/// What came of it between the two, and afterwards.
fn meanwhile(lapse: &Lapse<'_>) -> Text {
    let text = match lapse.attempt {
        None => Text::new("No further REGISTER for that user was captured before the call."),
        Some(attempt) => match attempt.status {
            None => Text::new("The last REGISTER before that call had no response by then."),
            Some(status) if is_challenge(status) => {
                Text::new("The last REGISTER before that call was answered with {status}, and no credentials were accepted behind that.")
                    .with("status", status)
            }
            Some(status) => Text::new("The last REGISTER before that call was refused with {status}.").with("status", status),
        },
    };
    let again = lapse.again.map(|period| {
        Text::new("It was registered again {span} after it was over.")
            .with("span", span(period.first().since(lapse.period.until)))
    });
    with_reason(text, again)
}

fn is_challenge(status: u16) -> bool {
    matches!(status, 401 | 407)
}

fn others(name: &str, users: &[User<'_>]) -> Option<Text> {
    let others = users.iter().filter(|(other, _)| *other != name).map(|(other, _)| *other);
    let count = u64::try_from(users.len().saturating_sub(1)).unwrap_or(u64::MAX);
    (count > 0).then(|| {
        Text::count(
            count,
            "The same happened to {n} more user of that server: {users}.",
            "The same happened to {n} more users of that server, such as {users}.",
        )
        .with("users", Text::list(", ", others.take(NAMED)))
    })
}

/// A client that renews sooner after the end than this was merely late.
const LATE: Duration = Duration::from_mins(1);

fn fixes(finding: Finding, lapse: &Lapse<'_>, client: IpAddr, server: IpAddr) -> Finding {
    let late = lapse.again.is_some_and(|period| period.first().since(lapse.period.until) < LATE);
    let finding = finding.fix(fix(lapse.attempt, late, client, server));
    if lapse.attempt.is_some_and(|attempt| attempt.status.is_some()) {
        return finding;
    }
    finding.fix("If the client is behind NAT or a firewall, let it keep the way open in between (RFC 5626 §4.4), or grant shorter intervals.")
}

/// What to do first, by what came of the last REGISTER before the call.
fn fix(attempt: Option<&Attempt>, is_late: bool, client: IpAddr, server: IpAddr) -> Text {
    let first = match (attempt.map(|attempt| attempt.status), is_late) {
        (Some(Some(_)), _) => {
            "Mend why {server} did not accept the REGISTER: its response and its log say it. The calls fail because of that."
        }
        (Some(None), _) => {
            "See why {server} did not answer the REGISTER of {client}: whether it arrives there, and whether the response finds the way back."
        }
        (None, true) => "Let {client} renew at half of the interval that the 200 grants: here it came too late.",
        (None, false) => {
            "See whether {client} was up and had a network then; its log tells whether it sent REGISTER at half of the interval, and where to."
        }
    };
    let text = Text::new(first);
    let text = if first.contains("{server}") { text.with("server", server) } else { text };
    if first.contains("{client}") { text.with("client", client) } else { text }
}

#[cfg(test)]
mod tests;
