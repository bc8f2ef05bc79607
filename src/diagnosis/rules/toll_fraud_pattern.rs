//! Calls abroad and to premium rates at somebody else's cost.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::patterns::toll::{Attempt, Fate, Mark, Party, Pattern, Test};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text,
};
use crate::lang::span;
use crate::limits::TOLL_CALLS;

/// Prefixes or numbers that the finding prints.
const SHOWN: usize = 12;

/// Ways to dial one number that nobody goes through to test a dial plan.
const CERTAIN: usize = 10;

pub(super) static RULE: Rule = Rule {
    code: "toll-fraud-pattern",
    summary: "An account or address looks for a way to call abroad through an exchange, or calls many numbers of one block that costs much.",
    severity: Severity::Critical,
    references: &["RFC 3261 §26.1", "ITU-T E.156"],
    explanation: Explanation {
        what_it_means: "Within ten minutes one caller or one address made ten or more attempts to numbers abroad or of premium rates, and they look like none of \
            a user: the same number was dialled ten times or more at one server, in five or more ways (`+`, `00`, `011`, `9011`, `900` …), of which nearly all \
            were turned away; or one caller called six or more numbers of one block of a thousand in a range whose calls cost much and to which fraud goes \
            (satellites, premium rates, small countries). The number of calls alone is never told.",
        why_it_matters: "Somebody earns a share of what these calls cost, and the owner of the exchange pays: such attacks run at night and at weekends, over as many \
            calls at one time as the lines carry, and cost thousands in hours.",
        likely_causes: "- An exchange that is reachable from the internet, and lets callers without credentials dial out.\n\
            - An account with a weak password, or one that was read from a telephone's web page or configuration file.\n\
            - An exchange or a mailbox of a customer behind the trunk that was taken over, or forwards calls abroad.\n\
            - A test of a dial plan, or of calls to such ranges, of your own.",
        how_to_fix: "- Block the caller and the address, end the calls that are open, and have the carrier refuse these destinations.\n\
            - Change the password of the account, and of all others that have the same; look at what is registered and forwarded.\n\
            - Ask every INVITE from outside for credentials; guests may reach your own numbers and nothing else.\n\
            - Let accounts call abroad only where they need it, and bound calls at one time and cost in a day; refuse premium ranges.\n\
            - Tell the carrier of fraud within hours: payments can be held back.",
        how_to_confirm: "No such call is answered in a later capture, and the carrier's records show none after the block.",
        when_this_is_wrong: "- A test of a dial plan tries many ways to dial a number too: whoever made it knows.\n\
            - Calls with the marks of SIPp, and such as begin at even intervals and go round the same numbers, look like a load test: that is a weak warning, and said.\n\
            - A robot that tests what ranges can be reached, on behalf of a carrier.\n\
            - Calls abroad of a trunk, a call centre or a dialler are not told however many they are; nor is a number that was tried with `00` and then with `+`, or with the codes of some carriers in turn.\n\
            - Numbers of the country of the settings, and of the caller's own, are none abroad: set `country` where it is not North America.\n\
            - From can be written by anybody: that a caller is named does not prove that its account was used.\n\
            - Fewer than ten ways to dial one number are a warning, as tests go through so many; calls to a block of which one in five is busy or not \
            picked up are none of fraud.\n\
            - Where nothing was answered it is an attempt: a warning for guesses from outside, an error for calls to such a block.",
    },
    detect: Detect::Capture(detect),
};

/// Whether most of so many calls of an address were told to be such: nothing else need be said of who looks for users there, or calls in order.
pub(super) fn explains(out: &[Finding], address: IpAddr, calls: u64) -> bool {
    let is_of = |finding: &&Finding| finding.evidence.first().is_some_and(|first| first.source.address == address);
    let mut told = out.iter().filter(|finding| finding.code == RULE.code).filter(is_of);
    told.any(|finding| finding.calls_total.saturating_mul(2) >= calls)
}

fn detect(patterns: &Patterns, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let home = cx.settings.country.as_str();
    let mut told = BTreeSet::new();
    for (address, party, pattern) in patterns.toll.sources(home) {
        told.insert(address);
        out.extend(finding(Who::Address(address), party, &pattern, cx));
    }
    for (name, party, pattern) in patterns.toll.accounts(home) {
        if !pattern.marked.iter().all(|attempt| told.contains(&attempt.client.address)) {
            out.extend(finding(Who::Caller(name), party, &pattern, cx));
        }
    }
}

/// Whose calls they are.
#[derive(Clone, Copy)]
enum Who<'a> {
    Address(IpAddr),
    Caller(&'a str),
}

impl Who<'_> {
    fn name(self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Caller(name) => super::route_advance_after_607::named(name),
        }
    }
}

fn finding(who: Who<'_>, party: &Party, pattern: &Pattern<'_>, cx: &Context<'_>) -> Option<Finding> {
    let first = *pattern.marked.first()?;
    let mut answered = pattern.answered();
    let first_answered = answered.next();
    let last = pattern.attempts.last().filter(|last| first_answered.is_none_or(|first| first.frame != last.frame));
    let message = with_reason(shows(who, pattern, first), Some(outcome(party, pattern, first_answered)));
    let test = pattern.test();
    let message = with_reason(message, test.map(looks_like_a_test));
    let certainty = if test.is_some() { Certainty::Weak } else { Certainty::Strong };
    let tried = Evidence { text: dialled(pattern).into(), ..cited(first, "what was dialled, in order of time") };
    let mut finding = Finding::new(&RULE, certainty, message, cited(first, "the first of these attempts"))
        .severity(severity(first, pattern, party, cx))
        .evidence([tried])
        .evidence(first_answered.map(|attempt| cited(attempt, "the first that was answered")))
        .evidence(last.map(|attempt| cited(attempt, "the last of these attempts")))
        .actor(Actor::at(first.server, "operator of the server through which these calls go, who must block them"));
    for text in remediation(who, first, first_answered) {
        finding = finding.fix(text);
    }
    finding = finding.verify(
        Text::new("In a later capture no such call of {who} is answered, and the carrier's records of calls show none after the block.")
            .with("who", who.name()),
    );
    finding.calls = pattern.attempts.iter().map(|attempt| attempt.call).take(TOLL_CALLS).collect();
    finding.calls.sort_unstable();
    finding.calls_total = u64::try_from(pattern.attempts.len()).unwrap_or(u64::MAX).saturating_add(party.later);
    Some(finding)
}

fn cited(attempt: &Attempt, what: &'static str) -> Evidence {
    Evidence {
        frame: attempt.frame,
        time: attempt.time,
        source: attempt.client,
        destination: attempt.server,
        what: Text::new(what),
        text: attempt.dialled.to_string().into(),
    }
}

/// What was answered costs money; what comes from outside and is turned away is what every exchange on the internet sees.
fn severity(first: &Attempt, pattern: &Pattern<'_>, party: &Party, cx: &Context<'_>) -> Severity {
    let unreal = matches!(scope(first.client.address), Scope::Documentation | Scope::Loopback);
    match &pattern.mark {
        _ if unreal && !cx.hosts.documentation_traffic => Severity::Notice,
        _ if pattern.test().is_some() => Severity::Warning,
        // Somebody who tests a dial plan may find the way out too, and needs fewer attempts.
        Mark::Prefixes { prefixes, .. } if prefixes.len() < CERTAIN => Severity::Warning,
        _ if pattern.answered().next().is_some() || party.answered_later > 0 => Severity::Critical,
        Mark::Block { .. } => Severity::Error,
        Mark::Prefixes { .. } => Severity::Warning,
    }
}

/// What shows that it is no user.
fn shows(who: Who<'_>, pattern: &Pattern<'_>, first: &Attempt) -> Text {
    let took = pattern.marked.last().map_or(Duration::ZERO, |last| last.time.since(first.time));
    match &pattern.mark {
        Mark::Prefixes { number, prefixes } => Text::new(
            "{who} dialled +{number} at {server} in {n} ways within {took}, with this in front of it: {prefixes}. Users know how their exchange \
             dials abroad; whoever goes through so many ways looks for one that is let through.",
        )
        .with("number", *number)
        .with("server", first.server)
        .with("n", prefixes.len())
        .with("prefixes", Text::list(", ", prefixes.iter().take(SHOWN).map(|prefix| in_front(prefix))))
        .with("who", who.name())
        .with("took", span(took)),
        Mark::Block { block, numbers, is_run } => {
            let text = Text::new(
                "{who} called {n} different numbers of one block, +{block}…, through {server} in {calls} calls within {took}. Calls to this range \
                 cost much, few people make them, and toll fraud goes there.",
            )
            .with("n", numbers.len())
            .with("block", *block)
            .with("server", first.server)
            .with("calls", pattern.marked.len())
            .with("who", who.name())
            .with("took", span(took));
            with_reason(text, is_run.then(|| Text::new("Most of these numbers follow each other.")))
        }
    }
}

/// What speaks for a test, and what is left open.
fn looks_like_a_test(test: Test) -> Text {
    Text::new(match test {
        Test::Sipp => {
            "They bear the marks of SIPp (its name, or Call-IDs as it writes them), which makes calls for tests: where nobody here runs such a test, \
             take them for fraud."
        }
        Test::Even => {
            "They begin at even intervals and go round the same numbers, as calls of a load test do: where nobody here runs one, take them for fraud."
        }
    })
}

fn in_front(prefix: &str) -> Text {
    if prefix.is_empty() { Text::new("no prefix") } else { Text::new("{prefix}").with("prefix", prefix) }
}

/// What became of the attempts.
fn outcome(party: &Party, pattern: &Pattern<'_>, first_answered: Option<&Attempt>) -> Text {
    let talks = pattern.answered().filter_map(|attempt| match attempt.fate {
        Fate::Answered(talk) => talk,
        _ => None,
    });
    let (all, refused) = (pattern.attempts.len(), pattern.turned_away());
    let text = Text::new(
        "Of {all} attempts that the same callers made in that time to numbers abroad or of premium rates {refused} were turned away, {answered} \
         answered.",
    )
        .with("all", all)
        .with("refused", refused)
        .with("answered", pattern.answered().count());
    let talk: Duration = talks.sum();
    let talk = (talk > Duration::ZERO).then(|| Text::new("Their talk time is {talk} in all.").with("talk", span(talk)));
    let before = first_answered.map_or(0, |first| {
        pattern.attempts.iter().filter(|a| a.fate == Fate::TurnedAway && a.time < first.time).count()
    });
    let before = (before > 0).then(|| {
        Text::count(
            u64::try_from(before).unwrap_or(u64::MAX),
            "{n} was turned away before the first was answered.",
            "{n} were turned away before the first was answered.",
        )
    });
    let later = (party.answered_later > 0).then(|| {
        Text::count(
            party.answered_later,
            "{n} further such call was answered afterwards.",
            "{n} further such calls were answered afterwards.",
        )
    });
    [talk, before, later].into_iter().fold(text, with_reason)
}

fn remediation(who: Who<'_>, first: &Attempt, answered: Option<&Attempt>) -> Vec<Text> {
    let mut all = Vec::new();
    let client = first.client.address;
    all.push(match who {
        Who::Address(_) => Text::new("If nobody here made these calls: drop what comes from {client} at the edge, without an answer (firewall, ACL, fail2ban).")
            .with("client", client),
        Who::Caller(_) => Text::new(
            "If nobody here made these calls: lock the account of {who} at {server} and what comes from {client}, and end its open calls.",
        )
        .with("who", who.name())
        .with("server", first.server)
        .with("client", client),
    });
    let is_behind = "{client} had these requests from somebody else: the lowest Via names whom to block.";
    let may_be_behind = "Where {client} is a border element, exchange or trunk of yours, look in its log for whom it calls, and block that one.";
    all.push(Text::new(if first.was_forwarded { is_behind } else { may_be_behind }).with("client", client));
    if let Some(answered) = answered {
        all.push(Text::new(if answered.is_admitted {
            "The server took the credentials of a call that was answered: change the password of that account and of all with the same, and see what else is \
             registered to it and forwarded by it."
        } else {
            "The call that was answered carried no credentials: challenge every INVITE that comes from no known trunk, and give guests no way out."
        }));
        all.push(Text::new("Have the carrier refuse these destinations now, and report the fraud: payments can be held back for a short time only."));
    }
    all.push(Text::new(
        "Let only accounts that need it call abroad, refuse premium ranges, and bound calls at one time and cost in a day.",
    ));
    all
}

fn dialled(pattern: &Pattern<'_>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for attempt in &pattern.marked {
        if !all.contains(&&*attempt.dialled) {
            all.push(&attempt.dialled);
        }
    }
    let more = all.len() > SHOWN;
    all.truncate(SHOWN);
    all.extend(more.then_some("…"));
    all.join(", ")
}

#[cfg(test)]
mod tests;
