//! A request refused for its method, an option tag or an event package that one of the two sides does not have.

use self::wanted::Wanted;
use super::failed_response;
use crate::call::Call;
use crate::catalog;
use crate::diagnosis::refused::{Again, Refused};
use crate::diagnosis::response_facts;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};

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
            - 501 with a cause of the telephone network (Q.850), or to INVITE, means a service that is missing, and no method: it is failed-response.\n\
            - A server that lists what it refuses means something narrower: the address, the account, the event package.\n\
            - Allow, Supported and Allow-Events may have been removed or rewritten on the way.",
    },
    detect: Detect::of_refusals(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let all = Refused::by_whom(call, &[405, 420, 421, 489, 501]);
    for refused in all.into_iter().filter(|refused| !refused.is_refused_again()) {
        let messages = (refused.request().map(|m| &m.message), &refused.response.message);
        let wanted = Wanted::of(refused.status(), messages.0, messages.1);
        out.extend(wanted.map(|wanted| Case { refused, wanted }.finding()));
    }
}

struct Case<'a> {
    refused: Refused<'a>,
    wanted: Wanted,
}

impl Case<'_> {
    fn finding(&self) -> Finding {
        let finding = self.refused.finding(&RULE, Certainty::Certain, self.message());
        let mut finding = finding.evidence(self.refused.passed_on());
        if self.refused.severity() == Severity::Info {
            return finding;
        }
        finding.actor = self.actor();
        for advice in response_facts::advice(self.refused.response).into_iter().chain(self.advice()) {
            finding = finding.fix(advice);
        }
        finding.verify(if failed_response::is_dispensable(&self.refused.transaction.method) {
            Text::new("The next {method} is accepted, or is no longer sent.")
                .with("method", self.refused.transaction.method.name())
        } else {
            Text::new("The next {method} is accepted.").with("method", self.refused.transaction.method.name())
        })
    }

    fn message(&self) -> Text {
        let text = self.wanted.sentence().with("server", element(self.refused.response));
        let text =
            text.with("method", response_facts::method(self.refused.transaction)).with("status", self.refused.status());
        let text = match self.refused.again() {
            None => text,
            Some(Again::Accepted) => {
                Text::new("{sentence} The client repeated the request, and it was accepted.").with("sentence", text)
            }
            Some(Again::Refused(status)) => Text::new("{sentence} The client repeated the request, and got {other}.")
                .with("sentence", text)
                .with("other", status),
            Some(Again::Unknown) => Text::new("{sentence} The client repeated the request.").with("sentence", text),
        };
        response_facts::with_own_reason(text, self.refused.response)
    }

    fn actor(&self) -> Option<Actor> {
        let role = catalog::acting(catalog::lookup(self.refused.status())?.who_acts)?;
        Some(self.refused.client(role))
    }

    fn advice(&self) -> Vec<Text> {
        let Some(entry) = catalog::lookup(self.refused.status()) else { return Vec::new() };
        match self.wanted {
            // That Allow lists the method is advice of the response.
            Wanted::Method { is_listed: true, .. } => return Vec::new(),
            Wanted::Options { is_required: false, .. } => {
                let text = "Capture in front of {server}, and compare Require with the request here: an element in between may have added it.";
                return vec![Text::new(text).with("server", self.refused.response.provenance.flow.source)];
            }
            Wanted::Demanded { is_offered: Some(true), .. } | Wanted::Package { is_listed: true, .. } => {
                let text = "Ask the operator of {server} what exactly it refuses.";
                return vec![Text::new(text).with("server", self.refused.response.provenance.flow.source)];
            }
            _ => {}
        }
        failed_response::advice_of_catalogue(entry, self.refused.transaction, self.refused.response, self.refused.call)
            .collect()
    }
}

#[cfg(test)]
mod tests;
