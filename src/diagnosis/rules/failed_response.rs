//! Explains a failed final response from the catalogue when no closer rule does: what it means, who sent it, what to do.

use self::other_methods::Wording;
use crate::call::network_block::NetworkBlock;
use crate::call::{Call, CapturedMessage, MessageId, Origin, Outcome, Transaction, TransactionId};
use crate::catalog::{self, Kind, Lookup, StatusEntry};
use crate::diagnosis::next_attempt::GotThrough;
use crate::diagnosis::patterns::scans::scanner_named;
use crate::diagnosis::response_facts;
use crate::diagnosis::rules::nat_binding_lost;
use crate::diagnosis::rules::registration_expired::OfCall;
use crate::diagnosis::rules::{cseq_out_of_order, dialog_unknown, glare, route_set_broken, session_interval_loop};
use crate::diagnosis::{Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Method};

mod advice;
mod fitting;
mod in_dialog;
mod meaning;
mod other_methods;
pub(in crate::diagnosis) mod particular;
mod referred;
mod role;

pub(super) use fitting::is_dispensable;
pub(in crate::diagnosis) use fitting::refused;

pub(super) static RULE: Rule = Rule {
    code: "failed-response",
    summary: "A call or request ended with a failure response that only the catalogue of status codes explains.",
    severity: Severity::Error,
    references: &["RFC 3261 §21", "RFC 3261 §8.1.3.2", "RFC 3326", "RFC 3398 §8.2.6.1", "RFC 5057 §5"],
    explanation: Explanation {
        what_it_means: "The request ended with a final response of 300 or above that nothing turned into a success \
            later. The finding says what that status means, which element sent it, and what the response itself says: \
            its reason phrase, Reason and Warning header fields in words, internal error numbers of proxies, \
            Retry-After.\n\n\
            Where the call was captured on several hops, the deepest response is taken, because the elements in front of \
            it only pass it on, sometimes as another status.",
        why_it_matters: "The status is the one thing that every element on the way agrees on. Who sent it decides who \
            must act: the same 404 asks for another dialled number when the callee's server sends it, and for another \
            route when a proxy in front of it does.",
        likely_causes: "They depend on the status; `sipscan explain STATUS` lists them. An unregistered status counts \
            as x00 of its class (RFC 3261 §8.1.3.2).",
        how_to_fix: "- Read what the response says of itself before anything else: Reason and Warning name causes that \
            the status leaves open.\n\
            - Ask the operator of the element that sent it, not of the one that passed it on.\n\
            - Where the leg behind that element is not in the capture, capture there.",
        how_to_confirm: "Repeat the request. It succeeds, or fails with another response, which then is the next thing \
            to explain.",
        when_this_is_wrong: "- A response that is only a step is none of this: a challenge answered with credentials, a \
            followed redirect, 422 or 423 with a corrected request behind it, 487 after CANCEL.\n\
            - Requests inside a dialog that get 481, 491 or, for their CSeq number, 500 have rules of their own (dialog-unknown, glare, \
            cseq-out-of-order).\n\
            - A transfer that failed is told by the NOTIFY that says so, and is a notice where the capture holds the call that it came to; where it is known to the other side only, nothing is said.\n\
            - A user that is not found because its registration was over is told as that (registration-expired), without advice about numbers.\n\
            - Busy, declined and unanswered calls are ordinary ends; the finding then only informs.\n\
            - A response that was sent to another request than the one that mattered to the user; the finding names the \
            method.",
    },
    detect: Detect::Last(Facts::FAILURE, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    // Of a response that a closer finding cites nothing is said, nor of others like it. A 607 always has one, even where it became
    // another status on its way.
    let is_explained = |failure: &Failure<'_>| {
        failure.status == 607
            || dialog_unknown::tells(failure.transaction, failure.status)
            || glare::tells(failure.transaction, failure.status)
            || route_set_broken::tells_of_refusal(call, failure.transaction, failure.response)
            || session_interval_loop::tells(call, failure.transaction, failure.status)
            || cseq_out_of_order::number_passed(call, failure.deepest, failure.status).is_some()
            || cx.explained.contains(&failure.response.provenance.frame)
    };
    let mut decided = deciding(call);
    if let Some(failure) = &mut decided {
        failure.unregistered = OfCall::of(call, failure.deepest, cx);
        let is_silent = failure.silence == Some(Silence::Proven);
        failure.lost = nat_binding_lost::OfCall::of(call, failure.deepest, cx).filter(|_| is_silent);
    }
    if let Some(failure) = decided.as_ref().filter(|failure| !is_explained(failure)) {
        out.push(failure.finding(call));
    }
    let mut said: Vec<_> = decided.iter().map(Failure::key).collect();
    for failure in others(call) {
        if !said.contains(&failure.key()) {
            said.push(failure.key());
            if !is_explained(&failure) {
                out.push(failure.finding(call));
            }
        }
    }
    out.extend(referred::findings(call, cx));
}

/// A failed transaction with the response that says most about it.
struct Failure<'a> {
    /// At the hop nearest the caller.
    transaction: &'a Transaction,
    /// What the caller received.
    received: &'a CapturedMessage,
    /// The deepest transaction on its way.
    deepest: &'a Transaction,
    /// Its response; the one that the caller received when the way behind is silent or was not captured.
    response: &'a CapturedMessage,
    status: u16,
    /// What is known of the one to whom the request went on, if nothing came back from there.
    silence: Option<Silence>,
    /// That the registration of the called user was over.
    unregistered: Option<OfCall<'a>>,
    /// That it went on to a port of a NAT, from which nothing had come for a while.
    lost: Option<nat_binding_lost::OfCall>,
    /// That its sender calls itself a scanner.
    scan: Option<Evidence>,
    severity: Severity,
}

/// Why nothing is seen to come back from behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// It did not answer.
    Proven,
    /// The capture may not show that way.
    Unseen,
}

/// The failure that decided the call.
fn deciding(call: &Call) -> Option<Failure<'_>> {
    let ordinary = matches!(call.outcome, Outcome::Busy | Outcome::NoAnswer | Outcome::Declined);
    if !ordinary && !call.outcome.is_failure() {
        return None;
    }
    let mut failure = failure(call, call.decided_by?, call.final_response?)?;
    failure.severity = match call.outcome {
        _ if failure.scan.is_some() => Severity::Info,
        // A refused registration is the decision of no user, whatever the status.
        _ if failure.hides_a_cause(call) => Severity::Warning,
        _ if ordinary && failure.transaction.method != Method::Register => Severity::Info,
        // Whether credentials were sent, and whether they came later, is in what was not captured.
        Outcome::ChallengeUnanswered if failure.transaction.request.is_none() => Severity::Notice,
        // A 603 as such is the decision of a user; this one is not.
        _ if call.is_invite() && failure.is_network_block() => Severity::Error,
        Outcome::BlockedByNetwork if call.is_invite() => Severity::Error,
        _ if particular::may_be_followed(call, failure.response) => Severity::Notice,
        _ => weight(failure.transaction, failure.status),
    };
    Some(failure)
}

/// Requests that failed beside what decided the call: inside the dialog, or, in a group without INVITE, after the first.
fn others(call: &Call) -> impl Iterator<Item = Failure<'_>> {
    call.transactions.iter().enumerate().filter_map(|(at, transaction)| {
        let id = TransactionId(at);
        let counts = transaction.in_dialog || !call.is_invite();
        if Some(id) == call.decided_by || !counts || transaction.upstream.is_some() || is_harmless(call, id) {
            return None;
        }
        let mut failure = failure(call, id, transaction.failed_final()?.message)?;
        failure.severity = weight(transaction, failure.status).min(Severity::Warning);
        if failure.scan.is_some() {
            failure.severity = Severity::Info;
        } else if ends_the_session(transaction, failure.status) {
            failure.severity = Severity::Error;
        }
        Some(failure)
    })
}

fn failure(call: &Call, id: TransactionId, received: MessageId) -> Option<Failure<'_>> {
    let transaction = call.transaction(id)?;
    let received = call.message(received)?;
    let (deepest, response, silence) = match call.origin_of_failure(id) {
        Some(Origin::Response(deep, message)) if deep != id => (call.transaction(deep)?, call.message(message)?, None),
        Some(Origin::Silence(deep)) => {
            let deep = call.transaction(deep)?;
            (deep, received, Some(if call.is_unanswered(deep) { Silence::Proven } else { Silence::Unseen }))
        }
        _ => (transaction, received, None),
    };
    let status = response.message.status()?.0;
    Some(Failure {
        transaction,
        received,
        deepest,
        response,
        status,
        silence,
        unregistered: None,
        lost: None,
        scan: scan(call, deepest, status),
        severity: Severity::Error,
    })
}

/// The name of a scanner in a request that was refused. Who looks around like that has nothing that failed.
fn scan(call: &Call, transaction: &Transaction, status: u16) -> Option<Evidence> {
    let asks = matches!(transaction.method, Method::Invite | Method::Options | Method::Register);
    let is_refusal = (400..500).contains(&status) && status != 408 || (600..700).contains(&status);
    let request = transaction.request.filter(|_| asks && is_refusal && !transaction.in_dialog);
    scanner_named(call.message(request?)?)
}

/// Steps, requests that end with their INVITE, redirects inside a dialog and 607 (they have rules of their own), and a BYE
/// that crossed the other side's.
fn is_harmless(call: &Call, id: TransactionId) -> bool {
    let Some(transaction) = call.transaction(id) else { return true };
    let Some(status) = transaction.failed_final().map(|f| f.status) else { return true };
    let other_bye = |t: &Transaction| {
        t.leg == transaction.leg && t.method == Method::Bye && t.finals.iter().any(|f| f.status.is_success())
    };
    transaction.method == Method::Ack
        || transaction.method == Method::Cancel
        || transaction.finals.iter().any(|f| f.status.is_success())
        || call.is_step(id)
        || (transaction.in_dialog && status.is_redirection())
        || status.0 == 607
        || (transaction.method == Method::Bye && call.transactions.iter().any(other_bye))
}

/// How bad the failure of a request is by its method and status.
pub(in crate::diagnosis) fn weight(transaction: &Transaction, status: u16) -> Severity {
    let kind = catalog::entry_or_class(status).map(|known| known.entry().kind);
    match transaction.method {
        Method::Invite | Method::Register => match (kind, status) {
            (_, 491) => Severity::Notice,
            (Some(Kind::Redirect | Kind::User | Kind::Normal | Kind::Challenge), _) | (_, 410) => Severity::Warning,
            _ => Severity::Error,
        },
        // Any answer but these shows that the peer is alive.
        Method::Options if matches!(status, 408 | 500 | 503 | 504) => Severity::Warning,
        Method::Options => Severity::Info,
        Method::Message | Method::Subscribe | Method::Publish | Method::Refer | Method::Bye => Severity::Warning,
        _ => Severity::Notice,
    }
}

/// 408 to a re-INVITE, UPDATE or refresh ends the dialog usage (RFC 3261 §12.2.1.2, RFC 5057 §5.1).
fn ends_the_session(transaction: &Transaction, status: u16) -> bool {
    transaction.in_dialog && matches!(transaction.method, Method::Invite | Method::Update) && status == 408
}

/// Where the same server refused a call and took the next one of the same caller.
const COMPARE: &str = "Compare the INVITE with that of the call that was answered: what the client changed, or what the server had learned or freed \
    meanwhile, is what stood in the way.";

impl Failure<'_> {
    fn key(&self) -> (Method, u16, std::net::IpAddr) {
        (self.transaction.method.clone(), self.status, self.response.provenance.flow.source.address)
    }

    fn finding(&self, call: &Call) -> Finding {
        let known = catalog::entry_or_class(self.status);
        let primary = Evidence::of(self.response, Text::new("{status} response").with("status", self.status));
        let mut finding = Finding::new(&RULE, Certainty::Certain, self.message(call, known), primary)
            .severity(self.severity)
            .evidence(response_facts::evidence(self.response))
            .evidence(self.related(call))
            .evidence(self.unregistered.as_ref().map(OfCall::evidence))
            .evidence(self.lost.iter().flat_map(nat_binding_lost::OfCall::evidence))
            .evidence(self.scan.clone());
        if self.scan.is_some() {
            return finding;
        }
        if particular::judges_unseen_signature(call, self.deepest, self.status) {
            finding = finding
                .fix("Capture behind the element that signs: the signature that was refused is not in this capture.");
        }
        let through =
            GotThrough::of(call).filter(|_| self.transaction.method == Method::Invite && !self.transaction.in_dialog);
        if through.is_some_and(|through| through.is_at(self.deepest.server.address))
            && (400..500).contains(&self.status)
        {
            finding = finding.fix(COMPARE);
        }
        if self.is_refused_with_credentials(call) && through.is_none() {
            finding = finding.fix(
                "Check user name and password first: many servers answer 403, and not a second challenge, where they are wrong.",
            );
        }
        for advice in response_facts::advice(self.response) {
            finding = finding.fix(advice);
        }
        if let Some(of_call) = &self.unregistered {
            if of_call.is_sure() {
                return of_call.advise(finding);
            }
            finding = finding.fix(of_call.fix());
        }
        if let Some(lost) = self.lost {
            return lost.advise(finding);
        }
        match known.map(Lookup::entry) {
            Some(_) if self.is_block() => self.with_redress(finding),
            Some(_) if self.hides_a_cause(call) => self.with_cause(finding),
            Some(entry) if particular::emergency(self.response) => {
                self.with_remedies(call, finding.fix(particular::CALL_ELSEWHERE), entry)
            }
            Some(_) if particular::may_be_followed(call, self.response) => finding,
            Some(_) if self.was_before().is_some() && self.severity > Severity::Info => self.with_respect(finding),
            Some(_) if matches!(known, Some(Lookup::Class(_))) => self.with_question(finding),
            Some(_) if self.severity == Severity::Info => finding,
            Some(_) if self.status == 408 && self.silence == Some(Silence::Proven) => self.with_silence(call, finding),
            Some(entry) => self.with_remedies(call, finding, entry),
            None => finding,
        }
    }

    /// Whether an INVITE with credentials got 403 (the words for REGISTER say so anyway).
    fn is_refused_with_credentials(&self, call: &Call) -> bool {
        self.status == 403
            && self.transaction.method == Method::Invite
            && !self.transaction.in_dialog
            && call.outcome != Outcome::IdentityRejected
            && call.has_credentials(self.transaction)
    }

    /// The 607 or 608 that became this status on its way, as its Reason says.
    fn was_before(&self) -> Option<u16> {
        if self.transaction.method != Method::Invite || !self.can_be_blocked() || self.is_block() {
            return None;
        }
        let reasons = self.response.message.reasons();
        let was_608 = reasons.iter().any(|reason| reason.is("SIP") && reason.cause == Some(608));
        let was_607 = || reasons.iter().any(response_facts::says_unwanted);
        if was_608 { Some(608) } else { was_607().then_some(607) }
    }

    /// Whether a network blocked the call or the message.
    fn is_block(&self) -> bool {
        self.is_network_block() || (self.status == 608 && self.can_be_blocked())
    }

    fn is_network_block(&self) -> bool {
        self.can_be_blocked() && NetworkBlock::of(&self.response.message).is_some()
    }

    /// Whether the request may be blocked on its way to somebody: not inside a dialog, and not where it registers.
    fn can_be_blocked(&self) -> bool {
        !self.transaction.in_dialog && self.transaction.method != Method::Register
    }

    /// The request, what the caller received, who had rung before, what happened behind.
    fn related(&self, call: &Call) -> Vec<Evidence> {
        let mut related = Vec::new();
        if self.received.provenance.frame != self.response.provenance.frame {
            related.push(Evidence::of(self.received, "what the caller received"));
            // A response that was passed on says the same once more.
            let said = response_facts::evidence(self.response);
            let more = response_facts::evidence(self.received);
            related.extend(more.into_iter().filter(|e| said.iter().all(|s| s.text != e.text)));
        }
        if let Some(rang) = self.rang(call) {
            let what = if rang.message.status().is_some_and(|s| s.0 == 180) {
                "rang before, with the same To tag: the answer comes from the same user agent"
            } else {
                "told of progress before, with the same To tag: the answer comes from the same user agent"
            };
            related.push(Evidence::of(rang, what));
        }
        if let Some(request) = self.deepest.request.and_then(|id| call.message(id)) {
            let what = match self.silence {
                Some(Silence::Proven) => "the request that got no answer",
                Some(Silence::Unseen) => "the request as it went on",
                None => "the request",
            };
            related.push(Evidence::of(request, what));
            related.extend(refused(request, self.status));
            if other_methods::of_replaces(&request.message, self.status).is_some() {
                related.push(Evidence::header(request, HeaderName::Replaces, "the dialog that it is to take over"));
            }
            // Whoever transfers a call learns of its end in a NOTIFY only (RFC 3515 §2.4.5), which names no other call.
            if self.transaction.method == Method::Invite && request.message.has(HeaderName::ReferredBy) {
                related.push(Evidence::header(
                    request,
                    HeaderName::ReferredBy,
                    "marks the call as a transfer (RFC 3892)",
                ));
            }
        }
        related.extend(
            call.icmp.iter().filter(|r| r.unreachable.address == self.deepest.server.address).map(Evidence::icmp),
        );
        related
    }

    fn rang<'a>(&self, call: &'a Call) -> Option<&'a CapturedMessage> {
        let tag = self.response.message.to_tag()?;
        let provisionals = self.deepest.provisionals.iter().filter_map(|id| call.message(*id));
        let same: Vec<_> = provisionals
            .filter(|m| m.message.status().is_some_and(|s| s.0 > 100) && m.message.to_tag() == Some(tag))
            .collect();
        same.iter().find(|m| m.message.status().is_some_and(|s| s.0 == 180)).or(same.first()).copied()
    }

    fn hides_a_cause(&self, call: &Call) -> bool {
        !self.is_network_block() && particular::hides_a_cause(call, self.deepest, self.response)
    }

    fn wording(&self, call: &Call) -> Option<&'static Wording> {
        let request = || call.message(self.deepest.request?).filter(|_| self.transaction.method == Method::Invite);
        if let Some(wording) = request().and_then(|m| other_methods::of_replaces(&m.message, self.status)) {
            return Some(wording);
        }
        let register = || call.message(self.deepest.request?).filter(|_| self.transaction.method == Method::Register);
        if let Some(wording) = register().and_then(|m| other_methods::of_third_party(&m.message, self.status)) {
            return Some(wording);
        }
        other_methods::wording(self.transaction, self.status, &self.response.message)
    }
}

/// The advice of the catalogue for a status that has its ground in this response; other words for an INVITE that was to take over another
/// dialog.
pub(super) fn advice_of_catalogue(
    entry: &'static StatusEntry,
    transaction: &Transaction,
    response: &CapturedMessage,
    call: &Call,
) -> impl Iterator<Item = Text> {
    let request = transaction.request.filter(|_| transaction.method == Method::Invite).and_then(|id| call.message(id));
    let replaced = request.and_then(|m| other_methods::of_replaces(&m.message, entry.code));
    let fixes = replaced.map_or(entry.how_to_fix, |words| words.fixes);
    fixes.iter().filter_map(move |fix| fitting::fitted(fix, transaction, &response.message, call))
}

#[cfg(test)]
mod tests;
