//! Somebody looks for SIP servers and users.

use std::net::IpAddr;

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::scans::{Goal, Mark, Search, Source};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text,
};
use crate::lang::span;

/// Targets that the finding prints.
const SHOWN: usize = 12;

pub(super) static RULE: Rule = Rule {
    code: "scanner",
    summary: "A source looks for SIP servers or users: its requests name a scanner, or ask after many users or hosts and stop there.",
    severity: Severity::Warning,
    references: &["RFC 3261 §26.1", "RFC 3261 §22.1", "RFC 3261 §11"],
    explanation: Explanation {
        what_it_means: "Requests outside of any dialog (OPTIONS, REGISTER, INVITE) come from a host that names a scanner in \
            User-Agent, From or To (`friendly-scanner`, `sipvicious`, `sundayddr`, `sip:nm@nm` …), or that asks after ten or \
            more users of one host, or ten or more hosts, within a minute, and does not act as a telephone does: it sends each \
            request once, does not acknowledge what comes back, and answers no challenge. The second is a heuristic. What \
            is seen is that somebody looks; what for, the capture does not show.",
        why_it_matters: "Servers and users that are found this way are tried with passwords next, and accounts that are \
            opened are used for calls at the cost of their owner. The requests also cost the server time, and telephones that \
            are reachable from outside ring at night.",
        likely_causes: "- SIP is reachable from the whole internet: scanners come by within hours.\n\
            - A security test of your own, or of a provider that you hired.\n\
            - A monitor or an inventory of your own that asks many hosts once each.\n\
            - A program that is built on a tool kit whose name scanners have as well (`sipcli`, `VaxSIPUserAgent`).",
        how_to_fix: "- Let only known sources in where you can: providers by address, telephones over a VPN or a border controller.\n\
            - Drop the requests of such sources at the edge without an answer (firewall, ACL, fail2ban, a filter for \
            User-Agent): any answer says that SIP is spoken there.\n\
            - Limit the number of requests that one source may send in a minute.\n\
            - Answer unknown users as known ones, with a challenge, so that nobody learns which users exist.\n\
            - Look for successful registrations and calls of the same source, and change the passwords of these accounts.",
        how_to_confirm: "Capture again in front of the server: no request of this source arrives, or none is answered. Behind \
            the edge none is seen at all.",
        when_this_is_wrong: "- A name can be written by anybody, and left out by anybody: most scanners call themselves \
            something else.\n\
            - Tool kits that scanners share with honest programs are a notice, and nothing is said where the server served them.\n\
            - A monitor asks the same hosts again and again: then the rule is silent, as it is where most requests are answered.\n\
            - The telephones behind one NAT answer their challenges; a dialler acknowledges its failures: neither counts.\n\
            - Where every request gets 403 the source is blocked as a whole, which tells nothing of its aims.\n\
            - The capture shows one direction only: then a search is a notice, and says so.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for (address, source) in patterns.scans.sources() {
        let found = finding(address, source, cx);
        let is_new = !super::toll_fraud_pattern::explains(out, address, source.requests);
        out.extend(found.filter(|_| is_new));
    }
}

fn finding(address: IpAddr, source: &Source, cx: &Context<'_>) -> Option<Finding> {
    let lines = &cx.settings.thresholds;
    let search = source.search(lines.scan_targets, lines.scan_window, lines.scan_share);
    // An honest program that is built on such a tool kit is let in.
    let mark = source.mark.as_ref().filter(|mark| mark.only_scans || search.is_some() || source.served == 0);
    let is_certain = mark.is_some_and(|mark| mark.only_scans) || mark.is_some() && search.is_some();
    let one_way = (source.silent == source.requests && !cx.hosts.receives(address)).then_some(address);
    let message = match (mark, &search) {
        (Some(mark), Some(search)) => with_reason(named(address, source, mark), Some(looked(address, search))),
        (Some(mark), None) => named(address, source, mark),
        (None, Some(search)) => {
            let text = "Each of these requests was sent once, no answer was acknowledged and no challenge answered, as a telephone \
                        would. A heuristic: who does so wants to know what is there.";
            with_reason(looked(address, search), Some(Text::new(text)))
        }
        (None, None) => return None,
    };
    let mut more = source.examples().iter().cloned();
    let primary = match mark {
        Some(mark) => mark.evidence.clone(),
        None => more.next()?,
    };
    let list = search.as_ref().map(|search| Evidence {
        what: Text::new(match search.goal {
            Goal::Users => "the users in order of time",
            Goal::Hosts => "the hosts in order of time",
        }),
        text: names(search).into(),
        ..primary.clone()
    });
    let hop = search.as_ref().map(|search| search.hop).or_else(|| mark.map(|mark| mark.hop))?;
    let certainty = if is_certain { Certainty::Strong } else { Certainty::Weak };
    let mut finding = Finding::new(&RULE, certainty, with_reason(message, Some(outcome(source, one_way))), primary)
        .severity(severity(address, is_certain, one_way.is_some(), search.is_some(), cx))
        .evidence(list)
        .evidence(more)
        .actor(Actor::at(hop.1, OPERATOR));
    finding = with_remedies(finding, address);
    if source.served > 0 {
        finding = finding.fix("Look at its requests that got a 2xx: which accounts they belong to; where nobody knows them, change the passwords.");
    }
    (finding.calls, finding.calls_total) = (source.calls(), source.marked.max(source.looks));
    Some(finding)
}

/// Who can do something about it.
pub(super) const OPERATOR: &str = "operator of the server that is asked, and of the firewall in front of it";

/// A finding with what to do about requests of that source.
pub(super) fn with_remedies(finding: Finding, source: IpAddr) -> Finding {
    finding
        .fix(
            Text::new("If nobody here sent it there: drop what comes from {client} at the edge, without an answer (firewall, ACL, fail2ban).")
                .with("client", source),
        )
        .fix("Let only known sources in where that is possible, and limit the requests of a source in a minute.")
        .fix("Answer unknown users as known ones, with a challenge, so that nobody learns which users exist.")
        .verify("In a later capture in front of the server no request of this source is answered; behind the edge none is seen.")
}

/// A laboratory scans itself; a search that rests on behaviour in one direction, or on the name of a tool kit, is no more than a hint.
fn severity(address: IpAddr, is_certain: bool, one_way: bool, is_search: bool, cx: &Context<'_>) -> Severity {
    let unreal = matches!(scope(address), Scope::Documentation | Scope::Loopback) && !cx.hosts.documentation_traffic;
    if unreal || !is_certain && (one_way || !is_search) { Severity::Notice } else { Severity::Warning }
}

fn named(address: IpAddr, source: &Source, mark: &Mark) -> Text {
    let text = match (mark.only_scans, mark.was_forwarded) {
        (true, false) => Text::count(
            source.marked,
            "{client} sent {n} request that names a scanner in {header}: {name}.",
            "{client} sent {n} requests that name a scanner in {header}: {name}.",
        ),
        (true, true) => Text::count(
            source.marked,
            "{client} passed on {n} request that names a scanner in {header}: {name}.",
            "{client} passed on {n} requests that name a scanner in {header}: {name}.",
        ),
        (false, _) => Text::count(
            source.marked,
            "{client} sent {n} request whose {header} names {name}, a tool kit that scanners use, and others too.",
            "{client} sent {n} requests whose {header} names {name}, a tool kit that scanners use, and others too.",
        ),
    };
    text.with("client", address).with("header", mark.header.name()).with("name", mark.name)
}

fn looked(address: IpAddr, search: &Search) -> Text {
    let text = match search.goal {
        Goal::Users => "{client} asked {server} for {targets} different users in {took}, from {first} to {last}.",
        Goal::Hosts => "{client} asked {targets} different hosts in {took}, from {first} to {last}.",
    };
    let text = if search.goal == Goal::Users { Text::new(text).with("server", search.hop.1) } else { Text::new(text) };
    let name = |name: Option<&String>| name.cloned().unwrap_or_default();
    text.with("client", address)
        .with("targets", search.targets)
        .with("took", span(search.took))
        .with("first", name(search.names.first()))
        .with("last", name(search.names.last()))
}

/// What became of its requests.
fn outcome(source: &Source, one_way: Option<IpAddr>) -> Text {
    match one_way {
        Some(client) => Text::new(
            "No answer to it is visible; the capture holds no SIP message to {client} at all, and may show one direction only.",
        )
        .with("client", client),
        None => Text::new(
            "Requests of it outside of dialogs: {requests}; without visible answer: {silent}, refused: {refused}, with a 2xx: {served}.",
        )
        .with("requests", source.requests)
        .with("silent", source.silent)
        .with("refused", source.refused)
        .with("served", source.served),
    }
}

fn names(search: &Search) -> String {
    let mut text: Vec<&str> = search.names.iter().take(SHOWN).map(String::as_str).collect();
    if search.names.len() > SHOWN {
        text.push("…");
    }
    text.join(", ")
}

#[cfg(test)]
mod tests;
