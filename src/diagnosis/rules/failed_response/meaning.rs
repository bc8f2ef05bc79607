//! What a failure means: in words of the catalogue, unless what is known of the request or the response says it better.

use std::time::Duration;

use super::other_methods;
use super::{Failure, Silence, particular};
use crate::call::{Call, MessageId, Transaction, unwanted};
use crate::catalog::Lookup;
use crate::diagnosis::next_attempt::GotThrough;
use crate::diagnosis::response_facts::{self, method, status_line};
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Severity, Text};
use crate::lang::span;
use crate::sip::{HeaderName, Method};

impl Failure<'_> {
    /// What the status means here, in words of the catalogue where they fit.
    fn meaning(&self, call: &Call, known: Option<Lookup>) -> Text {
        let mut meaning = self.meaning_of_status(call, known);
        if response_facts::is_ambiguous_decline(self.response) {
            meaning = Text::new(
                "{meaning} It comes from the telephone network (ISUP), where a block by a network (603+) becomes cause 21 just as a \
                 decline does: behind a gateway the two look the same.",
            )
            .with("meaning", meaning);
        }
        if let Some(of_call) = &self.unregistered {
            meaning = of_call.meaning(meaning);
        }
        if self.is_network_block() { meaning } else { response_facts::with_own_reason(meaning, self.response) }
    }

    fn meaning_of_status(&self, call: &Call, known: Option<Lookup>) -> Text {
        if self.scan.is_some() {
            return Text::new(other_methods::SCAN);
        }
        match self.was_before() {
            Some(607) => {
                return Text::new(
                    "By its Reason it was 607 Unwanted before: the called party, or a device or network on its behalf, does not want calls of this \
                     caller.",
                );
            }
            Some(_) => {
                return Text::new(
                    "By its Reason it was 608 Rejected before: something between the two parties, such as a provider's analytics service, rejected \
                     the call, and no person saw it.",
                );
            }
            None => {}
        }
        if let Some(ringing) = self.rang_and_was_refused(call) {
            return Text::new(
                "It had rung for {ringing}, with the same To tag: its user rejected the call, or nobody took it in that time. A device that \
                 is in use says so at once.",
            )
            .with("ringing", span(ringing));
        }
        if let Some(after) = self.was_refused_at_once(call) {
            return Text::new(
                "It came {after} after the request, and nothing had rung: no person decides that fast, so that the device or a server refused \
                 by itself, such as for do not disturb, a block list or another rule of its own.",
            )
            .with("after", span(after));
        }
        let particular = match known {
            Some(Lookup::Entry(entry)) if particular::judges_unseen_signature(call, self.deepest, self.status) => {
                Some(particular::unseen_signature(entry))
            }
            Some(Lookup::Entry(entry)) => particular::open_redirect(call, self.response, entry)
                .or_else(|| particular::perhaps_followed(call, self.response, entry))
                .or_else(|| particular::cut_redirect(call, self.response, entry))
                .or_else(|| particular::hidden_redirect(call, self.response, entry))
                .or_else(|| particular::routing_decision(call, self.response, entry))
                .or_else(|| particular::spent(call, self.deepest, entry))
                .or_else(|| particular::reached_twice(call, self.deepest, entry))
                .or_else(|| particular::of_no_method(self.transaction, self.response, entry))
                .or_else(|| particular::gone_with_address(call, self.deepest, self.response))
                .or_else(|| particular::sips_in_clear(call, self.deepest, entry))
                .or_else(|| particular::emergency(self.response).then(|| Text::new(particular::EMERGENCY))),
            _ => None,
        };
        if let Some(text) = particular {
            return text;
        }
        Text::new(match known {
            Some(_) if self.is_network_block() && self.transaction.method != Method::Invite => {
                "It has the marks of 603+ (the phrase Network Blocked, or `v=` in the text of Reason): a provider's analytics \
                 blocked the request, and the addressee never saw it."
            }
            Some(_) if self.is_network_block() => {
                "It has the marks of 603+ (the phrase Network Blocked, or `v=` in the text of Reason): a provider's analytics \
                 blocked the call, and the called user never saw it."
            }
            Some(_) if self.hides_a_cause(call) => particular::NO_DECLINE,
            Some(_) if matches!(self.status, 401 | 407) => {
                "It asks for credentials, as servers do first; none that it accepts are in this capture."
            }
            Some(_) if self.is_refused_with_credentials(call) && GotThrough::of(call).is_some() => {
                "The server refuses the request, which carried credentials."
            }
            Some(_) if self.is_refused_with_credentials(call) => {
                "The server refuses the request, which carried credentials; repeating it unchanged does not help."
            }
            Some(_) if self.wording(call).is_some() => self.wording(call).map_or("", |w| w.meaning),
            Some(_) if self.status == 487 && !was_ended(call, self.transaction) => {
                "The pending request was ended by a CANCEL or a BYE, and neither is in this capture."
            }
            // An ordinary end needs no more than its meaning in short; nor does a 408 that was captured: what clients make up is not; nor a
            // decline without the marks of 603+.
            Some(Lookup::Entry(entry)) if self.severity == Severity::Info || matches!(self.status, 408 | 603) => {
                entry.meaning_in_short()
            }
            // That it helped is told as well.
            Some(Lookup::Entry(entry)) if self.status == 403 && GotThrough::of(call).is_some() => {
                entry.meaning_in_short()
            }
            Some(Lookup::Entry(entry)) => entry.meaning,
            Some(Lookup::Class(entry)) => {
                return Text::new("The code is not registered; clients treat it as {code} {phrase}. What it means here only its sender knows.")
                    .with("code", entry.code)
                    .with("phrase", entry.phrase);
            }
            None => "Codes run from 100 to 699; this one has no meaning in SIP.",
        })
    }

    pub(super) fn message(&self, call: &Call, known: Option<Lookup>) -> Text {
        let text = if let Some(silence) = self.silence {
            let rang = response_facts::servers(call.rang_beside(self.deepest));
            let text = Text::new(match (silence, rang.is_some()) {
                (Silence::Proven, false) => "{server} answered {method} with {status}: the request went on to {behind}, which did not answer. {meaning}",
                (Silence::Proven, true) => "{server} answered {method} with {status}: the request went on to {rang}, which rang, and to {behind}, which did not answer. {meaning}",
                (Silence::Unseen, false) => "{server} answered {method} with {status}. The request went on to {behind}; what came back from there is not in this capture. {meaning}",
                (Silence::Unseen, true) => "{server} answered {method} with {status}. The request went on to {rang}, which rang, and to {behind}; what came back from there is not in this capture. {meaning}",
            })
            .with("behind", self.deepest.server);
            rang.into_iter().fold(text, |text, rang| text.with("rang", rang))
        } else {
            return response_facts::answered(self.transaction, self.response, self.received, self.meaning(call, known));
        };
        let text = text
            .with("server", element(self.response))
            .with("method", method(self.transaction))
            .with("status", status_line(self.response))
            .with("meaning", self.meaning(call, known));
        self.lost.iter().fold(text, |text, lost| lost.told(text))
    }

    /// How long the device rang that says it is busy.
    fn rang_and_was_refused(&self, call: &Call) -> Option<Duration> {
        let rang = self.rang(call).filter(|m| self.status == 486 && m.message.status().is_some_and(|s| s.0 == 180))?;
        Some(self.response.provenance.time.since(rang.provenance.time))
    }

    /// After how long a call was declined that nobody can have seen.
    fn was_refused_at_once(&self, call: &Call) -> Option<Duration> {
        let is_of_a_user = self.status == 603 && self.transaction.method == Method::Invite && !self.is_network_block();
        // Frames without times tell of no pace, and a reason that is given comes first.
        let is_told = self.response.message.has(HeaderName::Reason);
        if !is_of_a_user || is_told || self.transaction.in_dialog || call.start == call.end {
            return None;
        }
        let rings = |id: &MessageId| call.message(*id)?.message.status().filter(|status| status.0 > 100);
        if call.transactions.iter().any(|t| t.provisionals.iter().any(|id| rings(id).is_some())) {
            return None;
        }
        let sent = call.message(self.deepest.request?)?.provenance.time;
        let after = self.response.provenance.time.since(sent);
        (after < unwanted::HUMAN).then_some(after)
    }
}

/// Whether a CANCEL or BYE that ends the request is in the capture.
pub(super) fn was_ended(call: &Call, transaction: &Transaction) -> bool {
    let ends = |t: &Transaction| matches!(t.method, Method::Cancel | Method::Bye);
    // What ended a call later, or another request of it, is no part of this.
    let over = transaction.finals.iter().filter_map(|last| call.time(last.message)).min();
    let in_time = |t: &Transaction| over.is_none_or(|over| t.start <= over);
    call.transactions.iter().any(|t| t.leg == transaction.leg && ends(t) && in_time(t))
}
