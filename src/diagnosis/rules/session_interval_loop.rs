//! 422 again and again: the client does not raise the session interval as the server asks.

use crate::call::{Call, Transaction};
use crate::diagnosis::refused::Refused;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, response_facts,
};
use crate::sip::HeaderName;

pub(super) static RULE: Rule = Rule {
    code: "session-interval-loop",
    summary: "A request that got 422 is sent again with a session interval that is still too small.",
    severity: Severity::Error,
    references: &["RFC 4028 §6", "RFC 4028 §7.3", "RFC 4028 §8.1", "RFC 4028 §9"],
    explanation: Explanation {
        what_it_means: "With Session-Expires a client says how often the session needs a refresh. A server or a proxy to which that is too often \
            answers 422 with the least interval that it takes in Min-SE. The client then sends the request again with a Session-Expires that is not \
            smaller. Here it got 422 again, as it did not raise the interval far enough.",
        why_it_matters: "The call is not set up; inside a call the refresh fails, and the session ends with its interval.",
        likely_causes: "- The client sends the interval of its configuration, whatever Min-SE says.\n\
            - An element in between rewrites Session-Expires or Min-SE.",
        how_to_fix: "- Raise the session interval at the client to at least Min-SE of the 422; 1800 seconds is customary.\n\
            - Let elements in between pass Session-Expires and Min-SE on as they are, or raise them.",
        how_to_confirm: "The call is set up after at most one 422 of each server on the way.",
        when_this_is_wrong: "- One 422 and a request with a larger interval that is accepted are a step on the way.\n\
            - Several servers on the way may each ask for more than the one before: the client raises the interval with each 422.\n\
            - A 422 without Min-SE does not say how far to raise it: that is required-header-field-missing.",
    },
    detect: Detect::of_refusals(detect),
};

/// Refusals that are quoted.
const QUOTED: usize = 4;

/// A refusal, and the next one of the same request, which asked for less than the first one takes.
struct Pair<'a> {
    first: Refused<'a>,
    again: Refused<'a>,
    /// Seconds that the second request asked for, and the least that the first refusal named.
    asked: u32,
    least: u32,
}

/// Whether this rule tells what there is to tell of the failure of a request.
pub(super) fn tells(call: &Call, transaction: &Transaction, status: u16) -> bool {
    let is_one = |r: &Refused<'_>| std::ptr::eq(r.transaction, transaction);
    status == 422 && pairs(call).iter().any(|pair| is_one(&pair.first) || is_one(&pair.again))
}

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    let pairs = pairs(call);
    for (at, pair) in pairs.iter().enumerate() {
        if !pairs.iter().take(at).any(|earlier| is_same(&earlier.first, &pair.first)) {
            let of_it: Vec<_> = pairs.iter().filter(|other| is_same(&other.first, &pair.first)).collect();
            out.extend(pair.finding(&of_it));
        }
    }
}

/// Whether two requests are attempts at the same thing.
fn is_same(one: &Refused<'_>, other: &Refused<'_>) -> bool {
    is_alike(one.transaction, other.transaction)
}

fn is_alike(one: &Transaction, other: &Transaction) -> bool {
    one.leg == other.leg
        && one.method == other.method
        && one.in_dialog == other.in_dialog
        && one.client.address == other.client.address
}

fn pairs(call: &Call) -> Vec<Pair<'_>> {
    let all = Refused::all(call, 422);
    let pair = |first: &Refused<'_>| {
        let behind = |r: &&Refused<'_>| is_same(first, r) && r.transaction.start >= first.response.provenance.time;
        let again = *all.iter().find(behind)?;
        let asked = response_facts::seconds(&again.sent()?.message, HeaderName::SessionExpires)?;
        let least = response_facts::seconds(&first.response.message, HeaderName::MinSe)?;
        // What was accepted in between is done with: this is another refresh.
        let is_done = |t: &Transaction| {
            is_alike(first.transaction, t)
                && (first.response.provenance.time..again.transaction.start).contains(&t.start)
                && t.finals.iter().any(|f| f.status.is_success())
        };
        (asked < least && !call.transactions.iter().any(is_done)).then_some(())?;
        Some((again, asked, least))
    };
    let found = all.iter().filter_map(|first| Some((first, pair(first)?)));
    found.map(|(first, (again, asked, least))| Pair { first: *first, again, asked, least }).collect()
}

impl Pair<'_> {
    fn finding(&self, all: &[&Pair<'_>]) -> Option<Finding> {
        let (first, again) = (&self.first, &self.again);
        let request = again.sent()?;
        let text = Text::new(
            "Min-SE of the 422 asks for a session interval of at least {least} seconds, and the next {method} asked for only {asked}: {count} \
             requests got 422.",
        )
        .with("least", self.least)
        .with("method", &again.transaction.method)
        .with("asked", self.asked)
        .with("count", all.len() + 1);
        let what = || Text::new("{status} response").with("status", 422);
        let more = all.iter().map(|pair| Evidence::of(pair.again.response, what())).take(QUOTED);
        Some(
            Finding::new(&RULE, Certainty::Certain, first.text(text), Evidence::of(first.response, what()))
                .severity(severity(again))
                .evidence([
                    Evidence::header(first.response, HeaderName::MinSe, "the least that it takes"),
                    Evidence::header(request, HeaderName::SessionExpires, "what the next request asked for"),
                ])
                .evidence(more)
                .actor(Actor::sender(request, "operator of the client that does not raise its session interval"))
                .fix("Raise Session-Expires at the client to at least Min-SE of the response; 1800 seconds is customary.")
                .fix(
                    "Where the client did so, look for an element in between that sets Session-Expires to its own value (RFC 4028 §8.1).",
                )
                .verify("The repeated request carries a Session-Expires of at least Min-SE, and is accepted."),
        )
    }
}

/// Whether it worked in the end, and what did not if not.
fn severity(again: &Refused<'_>) -> Severity {
    let this = again.transaction;
    let accepted = |t: &Transaction| {
        t.leg == this.leg
            && t.method == this.method
            && t.client.address == this.client.address
            && t.start > this.start
            && t.finals.iter().any(|f| f.status.is_success())
    };
    match () {
        () if again.call.transactions.iter().any(accepted) => Severity::Notice,
        () if this.in_dialog => Severity::Warning,
        () => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::CallReport;
    use crate::diagnosis::reports::{codes, report};

    /// Attempts, each with its Session-Expires and what it gets.
    fn flow(attempts: &[(&str, &str)]) -> CallReport {
        let attempt = |(at, (asked, response)): (usize, &(&str, &str))| {
            format!(
                "{at}.0 a > p\nINVITE sip:bob@p.example\nSession-Expires: {asked}\nSupported: timer\n\n{at}.1 p > a\n{response}\n\n\
                 {at}.2 a > p\nACK\n\n"
            )
        };
        let steps: Vec<_> = attempts.iter().enumerate().map(attempt).collect();
        report(&format!("host a 192.0.2.10\nhost p 198.51.100.5\n\n{}", steps.concat()))
    }

    const SMALL: &str = "422 Session Interval Too Small\nMin-SE: 1800";

    #[test]
    fn an_interval_that_is_not_raised_is_the_fault_of_the_client() {
        let report = flow(&[("90;refresher=uac", SMALL), ("90;refresher=uac", SMALL), ("90", SMALL)]);
        assert_eq!(
            (report.root_cause, codes(&report)),
            (Some(RULE.code), vec!["session-interval-loop error".to_owned()])
        );
        let text = report.findings[0].message.to_string();
        assert!(
            text.ends_with("at least 1800 seconds, and the next INVITE asked for only 90: 3 requests got 422."),
            "{text}"
        );
        assert_eq!(report.findings[0].actor.as_ref().unwrap().address.unwrap().to_string(), "192.0.2.10:5060");
    }

    #[test]
    fn what_is_raised_is_a_step() {
        for (name, attempts) in [
            ("accepted", vec![("90", SMALL), ("1800", "200 OK")]),
            (
                "the next server asks for more",
                vec![("90", SMALL), ("1800", "422 Small\nMin-SE: 3600"), ("3600", "200 OK")],
            ),
            ("not told how far", vec![("90", "422 Small"), ("90", "422 Small")]),
            ("not tried again", vec![("90", SMALL)]),
        ] {
            let report = flow(&attempts);
            assert!(report.findings.iter().all(|f| f.code != RULE.code), "{name}: {:?}", codes(&report));
        }
    }

    #[test]
    fn what_works_in_the_end_is_worth_a_notice() {
        let report = flow(&[("90", SMALL), ("120", SMALL), ("1800", "200 OK")]);
        assert_eq!(codes(&report), ["session-interval-loop notice"]);
    }

    #[test]
    fn a_later_refresh_is_another_request() {
        let asked = |at: u32, asked: u32, to: &str, got: &str| {
            format!(
                "{at}.0 a > p{to}\nINVITE sip:bob@p.example\nSession-Expires: {asked}\n\n{at}.1 p > a\n{got}\n\n{at}.2 a > p\nACK\n\n"
            )
        };
        let setup = asked(0, 90, "", SMALL) + &asked(1, 1800, "", "200 OK");
        for (name, steps) in [
            ("one", asked(5, 90, " to-tag=t", SMALL)),
            (
                "each accepted",
                asked(5, 90, " to-tag=t", SMALL)
                    + &asked(6, 1800, " to-tag=t", "200 OK")
                    + &asked(9, 90, " to-tag=t", SMALL),
            ),
        ] {
            let flow = format!("host a 192.0.2.10\nhost p 198.51.100.5\n\n{setup}{steps}");
            let report = report(&flow);
            assert!(report.findings.iter().all(|f| f.code != RULE.code), "{name}: {:?}", codes(&report));
        }
    }
}
