//! A request refused for its method, an option tag or an event package that one of the two sides does not have.

use self::wanted::Wanted;
use super::failed_response;
use crate::call::{Call, CapturedMessage, Origin, Transaction, TransactionId};
use crate::catalog;
use crate::diagnosis::response_facts;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::sip::Method;

mod wanted;

pub(super) static RULE: Rule = Rule {
    code: "extension-unsupported",
    summary: "A request is refused because one side does not know its method, a required option or its event package.",
    severity: Severity::Error,
    references: &[
        "RFC 3261 §8.2.1",
        "RFC 3261 §8.2.2.3",
        "RFC 3261 §21.4.6",
        "RFC 3261 §21.4.15",
        "RFC 3261 §21.4.16",
        "RFC 3261 §21.5.2",
        "RFC 6665 §8.3.2",
    ],
    explanation: Explanation {
        what_it_means: "SIP has a core and many extensions, and the two sides find out which of them both have. A server refuses a method \
            with 405 (known, and not allowed here) or 501 (not known), an option tag in Require or Proxy-Require with 420, an event \
            package with 489; with 421 it insists on an option itself. The finding names what was asked for and what the other side says it \
            has: Allow, Unsupported, Require, Allow-Events.",
        why_it_matters: "The refusal is no matter of users, numbers or passwords: the same request fails every time, until a setting on one \
            of the two sides changes. Where the client has a way without the extension, each attempt costs a request more.",
        likely_causes: "- A feature is switched on at the client (presence, busy lamps, message waiting, UPDATE, INFO) that the server does \
            not have.\n\
            - A profile demands an option (100rel, timer, sec-agree) with Require where Supported would do.\n\
            - The server was changed or updated, and lacks a module that its predecessor had.\n\
            - The request reached the wrong server: a REGISTER at a proxy, a SUBSCRIBE at a telephone.",
        how_to_fix: "- Switch the feature off at the client for this server, or choose what Allow, Allow-Events or Supported of the server \
            list.\n\
            - Offer options in Supported, and require them only where the call makes no sense without them.\n\
            - Load the missing module at the server, or send such requests to the server that has it.",
        how_to_confirm: "The request is accepted, or is not sent any more.",
        when_this_is_wrong: "- A client that tries, learns from the refusal and goes on without the extension does as it should: the finding \
            then only informs.\n\
            - OPTIONS that is used as a keep-alive is answered by any response, 405 and 501 included.\n\
            - A server that lists what it refuses means something narrower: the address, the account, the event package.\n\
            - Allow, Supported and Allow-Events may have been removed or rewritten on the way.",
    },
    detect: Detect::Given(Facts::FAILURE, detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    for (at, near) in call.transactions.iter().enumerate() {
        let id = TransactionId(at);
        let is_first = near.upstream.is_none() && !matches!(near.method, Method::Ack | Method::Cancel);
        if !is_first || near.failed_final().is_none() {
            continue;
        }
        let Some(Origin::Response(deep, response)) = call.origin_of_failure(id) else { continue };
        let case = call.transaction(deep).zip(call.message(response));
        out.extend(
            case.and_then(|(deep, response)| Case::of(call, id, near, deep, response)).map(|case| case.finding()),
        );
    }
}

struct Case<'a> {
    call: &'a Call,
    near: &'a Transaction,
    request: Option<&'a CapturedMessage>,
    response: &'a CapturedMessage,
    status: u16,
    wanted: Wanted,
    /// Whether the client went on without what was refused.
    is_step: bool,
    decides: bool,
}

impl<'a> Case<'a> {
    fn of(
        call: &'a Call,
        id: TransactionId,
        near: &'a Transaction,
        deep: &'a Transaction,
        response: &'a CapturedMessage,
    ) -> Option<Self> {
        let status = response.message.status()?.0;
        let request = deep.request.and_then(|id| call.message(id));
        let wanted = Wanted::of(status, request.map(|m| &m.message), &response.message)?;
        let decides = call.decided_by == Some(id) && call.outcome.is_failure();
        Some(Self { call, near, request, response, status, wanted, is_step: call.is_step(id), decides })
    }

    fn finding(&self) -> Finding {
        let primary = Evidence::of(self.response, Text::new("{status} response").with("status", self.status));
        let mut finding = Finding::new(&RULE, Certainty::Certain, self.message(), primary)
            .severity(self.severity())
            .evidence(response_facts::evidence(self.response));
        if let Some(request) = self.request {
            finding = finding
                .evidence([Evidence::of(request, "the request")])
                .evidence(failed_response::refused(request, self.status));
        }
        let received = self.near.failed_final().and_then(|last| self.call.message(last.message));
        let relayed = received.filter(|m| m.provenance.frame != self.response.provenance.frame);
        finding = finding.evidence(relayed.map(|m| Evidence::of(m, "what the client received")));
        if self.severity() == Severity::Info {
            return finding;
        }
        finding.actor = self.actor();
        for advice in response_facts::advice(self.response).into_iter().chain(self.advice()) {
            finding = finding.fix(advice);
        }
        finding.verify(if failed_response::is_dispensable(&self.near.method) {
            Text::new("The next {method} is accepted, or is no longer sent.").with("method", self.near.method.name())
        } else {
            Text::new("The next {method} is accepted.").with("method", self.near.method.name())
        })
    }

    fn severity(&self) -> Severity {
        let weight = failed_response::weight(self.near, self.status);
        match self {
            _ if self.is_step => Severity::Info,
            // Something else decided the call, or nothing went wrong with it.
            _ if !self.decides => weight.min(Severity::Warning),
            _ => weight,
        }
    }

    fn message(&self) -> Text {
        let text = self.wanted.sentence().with("server", element(self.response));
        let text = text.with("method", response_facts::method(self.near)).with("status", self.status);
        let text = if self.is_step {
            Text::new("{sentence} The client repeated the request, and went on.").with("sentence", text)
        } else {
            text
        };
        match response_facts::own_reason(self.response) {
            Some(reason) => Text::new("{sentence} The response itself gives the reason {reason}.")
                .with("sentence", text)
                .with("reason", reason),
            None => text,
        }
    }

    fn actor(&self) -> Option<Actor> {
        let role = catalog::acting(catalog::lookup(self.status)?.who_acts)?;
        Some(match self.request {
            Some(request) => Actor::sender(request, role),
            None => Actor::at(self.near.client, role),
        })
    }

    fn advice(&self) -> Vec<Text> {
        let Some(entry) = catalog::lookup(self.status) else { return Vec::new() };
        match self.wanted {
            // That Allow lists the method is advice of the response.
            Wanted::Method { is_listed: true, .. } => return Vec::new(),
            Wanted::Options { is_required: false, .. } => {
                let text = "Capture in front of {server}, and compare Require with the request here: an element in between may have added it.";
                return vec![Text::new(text).with("server", self.response.provenance.flow.source)];
            }
            Wanted::Demanded { is_offered: true, .. } | Wanted::Package { is_listed: true, .. } => {
                let text = "Ask the operator of {server} what exactly it refuses.";
                return vec![Text::new(text).with("server", self.response.provenance.flow.source)];
            }
            _ => {}
        }
        failed_response::advice_of_catalogue(entry, self.near, self.response, self.call).collect()
    }
}

#[cfg(test)]
mod tests;
