//! What to do about a failure, and who.

use super::role::{End, Role};
use super::{Failure, fitting, is_dispensable, particular};
use crate::call::Call;
use crate::catalog::StatusEntry;
use crate::diagnosis::response_facts;
use crate::diagnosis::rules::no_response::{fix_of_icmp, icmp_about};
use crate::diagnosis::{Actor, Finding, Text};
use crate::sip::{HeaderName, Method};

impl Failure<'_> {
    /// After a block by a network (603+, 608) there is somebody to ask, and nothing to repair by oneself.
    pub(super) fn with_redress(&self, finding: Finding) -> Finding {
        let names_somebody = response_facts::redress(self.response).is_some();
        let finding = if names_somebody {
            finding.fix("Mend what they find, such as the traffic pattern or the registration of the calling number.")
        } else {
            finding.fix("Ask the provider that answered, by the contact that it publishes: the response names nobody.")
        };
        finding
            .fix("Providers on the way: pass status, phrase and header fields on unaltered, and try no other route.")
            .verify("After redress the same caller reaches the same number; until then the response reaches the caller unaltered.")
            .actor(Actor::at(self.transaction.client, "the caller, who has to ask for redress"))
    }

    /// What another status hides is obeyed all the same, and nothing is wrong with the server that it seems to speak of.
    pub(super) fn with_respect(&self, finding: Finding) -> Finding {
        let before = self.was_before().unwrap_or_default();
        let text = |text| Text::new(text).with("code", before);
        finding
            .fix(text(
                "Take it for the {code} that it was: stop automatic retries, and try no other route or calling number.",
            ))
            .fix(text("Providers on the way: pass {code} on as it is, so that the caller knows."))
            .verify("No further call of this caller goes to this called party until it agrees.")
            .actor(Actor::at(self.transaction.client, "the calling side"))
    }

    /// Where a 603 stands for something else, that is what has to be mended.
    pub(super) fn with_cause(&self, finding: Finding) -> Finding {
        let finding = particular::FOLLOW_CAUSE.into_iter().fold(finding, Finding::fix);
        finding
            .verify("The same call rings, or ends with the status of its cause.")
            .actor(Actor::sender(self.response, "the operator of the server that answered"))
    }

    /// Only its sender knows what a code means that nobody registered.
    pub(super) fn with_question(&self, finding: Finding) -> Finding {
        finding
            .fix("Ask the operator of the element that answered what the code means there, and look into its log at this second.")
            .verify("The same request is accepted.")
            .actor(Actor::sender(self.response, "the operator of the server that answered"))
    }

    /// Of a hop that is known, and does not answer, more can be said than where to look for it.
    pub(super) fn with_silence(&self, call: &Call, finding: Finding) -> Finding {
        let behind = self.deepest.server;
        let icmp = icmp_about(call, self.deepest);
        let look = Text::new("Find out why {behind} does not answer: address and port, host, firewall.");
        let finding =
            finding.fix(icmp.map_or_else(|| look.with("behind", behind), |icmp| Text::new(fix_of_icmp(icmp))));
        let finding = match self.transaction.method {
            Method::Bye => finding.fix(
                Text::new(
                    "For who sent the BYE the call is over (RFC 3261 §15.1.1): see whether {behind} still holds it, with its media and its record of \
                     charges.",
                )
                .with("behind", behind),
            ),
            _ => finding,
        };
        finding
            .actor(Actor::at(behind, "the operator of the host that does not answer, and of the way to it"))
            .verify("The next request gets a response from behind that element.")
    }

    pub(super) fn with_remedies(&self, call: &Call, mut finding: Finding, entry: &'static StatusEntry) -> Finding {
        if particular::merged(call, self.deepest, self.status).is_some() {
            return finding.fix(particular::ONE_WAY);
        }
        if particular::of_no_method(self.transaction, self.response, entry).is_some() {
            return self.with_question(finding);
        }
        if particular::gone_with_address(call, self.deepest, self.response).is_some() {
            finding = finding.fix(particular::ANSWER_301);
        }
        let fixes = self.wording(call).map_or(entry.how_to_fix, |w| w.fixes);
        for fix in fixes {
            let fitted = fitting::fitted(fix, self.transaction, &self.response.message, call);
            finding = fitted.into_iter().fold(finding, Finding::fix);
        }
        if let Some(verify) = self.wording(call).and_then(|w| w.verify) {
            finding = finding.verify(verify);
        } else if let Some(name) = self.other_method() {
            let text = Text::new(if is_dispensable(&self.transaction.method) {
                "The next {method} is accepted, or is no longer sent."
            } else {
                "The next {method} is accepted."
            });
            finding = finding.verify(text.with("method", name));
        } else if let Some(verify) = fitting::verification(entry.verify, self.transaction, &self.response.message, call)
        {
            finding = finding.verify(verify);
        }
        let role = self.wording(call).map_or_else(|| Role::of_entry(entry), |w| Role::of(w.role));
        match role.filter(|role| fitting::is_to_act(role.name, self.transaction, call)) {
            // Of who may have to act after a 301 the catalogue names all.
            Some(_) if self.status == 301 && self.response.message.has(HeaderName::Contact) => {
                // Whoever turned it into another status was the last to see it.
                let passed_on = self.received.message.status() == self.response.message.status();
                let client = if passed_on { self.transaction.client } else { self.deepest.client };
                finding.actor(Actor::at(client, "operator of the client that was redirected"))
            }
            Some(_) if particular::spent(call, self.transaction, entry).is_some() => {
                finding.actor(Actor::at(self.transaction.client, "the operator of the element that sent the request"))
            }
            Some(role) => finding.actor(self.actor(role)),
            None => finding,
        }
    }

    /// The name of a method that starts no call.
    fn other_method(&self) -> Option<&str> {
        let name = self.transaction.method.name();
        let is_known = !name.is_empty() && self.transaction.method != Method::Invite;
        is_known.then_some(name)
    }

    /// Whoever has a role, with the address that goes with it.
    fn actor(&self, role: Role) -> Actor {
        match role.end {
            Some(End::Answering) => Actor::sender(self.response, role.name),
            Some(End::Calling) => Actor::at(self.transaction.client, role.name),
            None => Actor::role(role.name),
        }
    }
}
