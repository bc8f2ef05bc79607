//! A call that ends with its session interval because nobody refreshed the session.

use std::time::Duration;

use self::interval::{Interval, Mark, Refresher};
use super::bye_with_abnormal_reason::names_a_timer;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::facts::SHORTEST_SESSION;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::{HeaderName, Method};

mod interval;

pub(super) static RULE: Rule = Rule {
    code: "session-timer-expired",
    summary: "A call that is ended when its session interval is over, as nobody sent a refresh.",
    severity: Severity::Error,
    references: &["RFC 4028 §7.2", "RFC 4028 §9", "RFC 4028 §10", "RFC 3311 §5"],
    explanation: Explanation {
        what_it_means: "Session-Expires in the 2xx says for how long the session lasts without a refresh, and by refresher= which end has to send one: a \
            re-INVITE or UPDATE, as a rule when half of the interval is over. The other end takes the call for dead where none comes, and sends BYE: 32 \
            seconds before the interval is over, or a third of it where that is less, or at its end. Here the BYE came at such a time, and no refresh is \
            seen before.",
        why_it_matters: "Calls are cut off after a fixed time, while both talk: after 15 or 30 minutes with the usual intervals of 900 and 1800 seconds.",
        likely_causes: "- The refresher does not refresh: it forgot that it agreed to, or lost the state of the call (restart, standby).\n\
            - The refresh does not arrive: a binding of NAT that is gone by then, a wrong Contact or Record-Route, a firewall or border controller that drops UPDATE \
            or re-INVITE.\n\
            - An element on the way changed Session-Expires or refresher=, so that each end waits for the other.",
        how_to_fix: "- Capture at the refresher at half of the interval: does it send a re-INVITE or UPDATE, and where does that end?\n\
            - Let border controllers and firewalls pass re-INVITE and UPDATE in both directions; prefer the refresher that the network reaches best.\n\
            - Until that is mended, agree on no session timer, or on a longer interval.",
        how_to_confirm: "A call that lasts longer than its interval shows a refresh with 2xx in each half of it, and goes on.",
        when_this_is_wrong: "- A user may hang up in that very second: a BYE of the refresher's own end is therefore never taken for it, and where no Reason names the \
            timer the finding says that it tells by the time alone. A BYE that gives another reason, such as Q.850 cause 16, is none.\n\
            - A refresh that was refused or not answered is told as that.\n\
            - A session whose last refresh had no Session-Expires has no interval.\n\
            - Where the capture begins inside the call, or lacks packets, a refresh may not have been captured: then nothing is said, or a notice.",
    },
    detect: Detect::Given(Facts::SESSION_INTERVAL, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if call.clock_was_set_back() {
        return;
    }
    let byes = call.transactions.iter().filter(|t| t.method == Method::Bye && t.upstream.is_none());
    // What comes later passes the first one on.
    let first = byes.min_by_key(|t| t.start);
    out.extend(first.and_then(|bye| Case::of(call, bye, cx)).map(|case| case.finding()));
}

/// A BYE at the end of a session interval.
#[derive(Debug)]
struct Case<'a> {
    interval: Interval<'a>,
    bye: &'a CapturedMessage,
    /// What of the interval it is.
    mark: Mark,
    /// From the last refresh to the BYE.
    after: Duration,
    /// Whether the BYE names the timer.
    is_named: bool,
    /// Whether its Reason is that of a timer.
    agrees: bool,
    doubt: Option<Text>,
}

impl<'a> Case<'a> {
    fn of(call: &'a Call, bye: &'a Transaction, cx: &Context<'_>) -> Option<Self> {
        let request = call.message(bye.request?)?;
        let dialog =
            Dialog::all(call, bye.leg).into_iter().find(|d| d.answer.is_some() && d.holds(&request.message))?;
        let interval = Interval::last(call, &dialog, bye)?;
        let began = interval.response.provenance.time;
        let after = request.provenance.time.since(began);
        if after < SHORTEST_SESSION {
            return None;
        }
        let reasons = request.message.reasons();
        let is_named = reasons.iter().any(interval::names_the_timer);
        let agrees = reasons.iter().any(names_a_timer);
        // It gives another reason, such as a user who hung up.
        if !reasons.is_empty() && !is_named && !agrees {
            return None;
        }
        let mark = interval.mark(after).or_else(|| is_named.then_some(Mark::Named))?;
        // Who is to refresh has no reason to wait for it.
        if !is_named && interval.is_refreshed_by(&dialog, request) != Some(false) {
            return None;
        }
        // Whoever got no ACK ends the call for that.
        if !is_named && dialog.was_not_acknowledged() {
            return None;
        }
        let doubt = cx.doubt(request.provenance.flow.source.address, began, after);
        Some(Self { interval, bye: request, mark, after, is_named, agrees, doubt })
    }

    fn finding(&self) -> Finding {
        let (severity, certainty) = match () {
            () if self.doubt.is_some() => (Severity::Notice, Certainty::Weak),
            () if self.is_named => (Severity::Error, Certainty::Certain),
            () => (Severity::Error, Certainty::Strong),
        };
        let response = self.interval.response;
        let role = "operator of the end that has to refresh the session, and of the way from it";
        let actor = self.interval.refresher_end().map_or_else(|| Actor::role(role), |end| Actor::at(end, role));
        Finding::new(&RULE, certainty, self.message(), Evidence::of(self.bye, "the BYE that ended the call"))
            .severity(severity)
            .evidence([Evidence::header(response, HeaderName::SessionExpires, "the interval, and who is to refresh")])
            .evidence(self.is_named.then(|| Evidence::header(self.bye, HeaderName::Reason, "names the timer")))
            .evidence((self.agrees && !self.is_named).then(|| Evidence::header(self.bye, HeaderName::Reason, "the reason that it gives")))
            .actor(actor)
            .fix(
                "Capture at the end that is to refresh, when half of the interval is over: does a re-INVITE or UPDATE leave, and where does it end? Its way is that of \
                 other requests inside the dialog.",
            )
            .fix("Let NAT, firewalls and border controllers on the way pass re-INVITE and UPDATE in both directions, for as long as a call lasts.")
            .fix("Until that is mended agree on no session timer, or on a longer interval.")
            .verify("A call that lasts longer than its interval shows a refresh with 2xx in time, and goes on.")
    }

    fn message(&self) -> Text {
        let text = Text::new(match self.mark {
            Mark::End => {
                "{sender} ended the call {after} after {began}, when the session interval of {interval} seconds was over, and no refresh came in between."
            }
            Mark::Before => {
                "{sender} ended the call {after} after {began}, as long before the end of the session interval of {interval} seconds as RFC 4028 §10 \
                 recommends where no refresh comes, and none came."
            }
            Mark::TwoThirds => {
                "{sender} ended the call {after} after {began}, when two thirds of the session interval of {interval} seconds were over, and no refresh \
                 came in between."
            }
            Mark::Named => {
                "{sender} ended the call {after} after {began}, of a session interval of {interval} seconds, and no refresh came in between."
            }
        });
        let began = if self.interval.is_first { "it was answered" } else { "its last refresh" };
        let text = text
            .with("sender", self.bye.provenance.flow.source)
            .with("after", span(self.after))
            .with("began", Text::new(began))
            .with("interval", self.interval.seconds);
        with_reason(with_reason(text, self.refresher()), Some(self.proof()))
    }

    fn refresher(&self) -> Option<Text> {
        let text = Text::new(match self.interval.refresher? {
            Refresher::Client => "By refresher=uac of the {status} it had to come from the side of {end}.",
            Refresher::Server => "By refresher=uas of the {status} it had to come from the side of {end}.",
        });
        let status = self.interval.response.message.status().map_or(0, |s| s.0);
        Some(text.with("status", status).with("end", self.interval.refresher_end()?))
    }

    /// How it is known that the timer was the reason.
    fn proof(&self) -> Text {
        match &self.doubt {
            Some(doubt) => Text::new("Whether a refresh was sent is unknown: {doubt}.").with("doubt", doubt.clone()),
            None if self.is_named => Text::new("The Reason of the BYE names the timer."),
            None if self.agrees => Text::new("The Reason of the BYE speaks of a timer as well."),
            None => Text::new("That the timer was the reason is told by the time alone: the BYE itself gives none."),
        }
    }
}

#[cfg(test)]
mod tests;
