//! One 607 as the rules about unwanted calls look at it: which request it answered, and who sent it.

use std::borrow::Cow;

use super::patterns::scans::names_a_scanner;
use super::{Actor, Evidence};
use crate::call::network_block;
use crate::call::unwanted::{self, Origin};
use crate::call::{Call, CapturedMessage, Transaction, TransactionId};
use crate::lang::Value;
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Message, Method, NameAddr, StatusCode};
use crate::stir::{COMPLETE_DIGITS, TelephoneNumber};

/// The status.
const UNWANTED: StatusCode = StatusCode(607);

/// A 607, counted once however many hops relayed it.
#[derive(Debug)]
pub(super) struct UnwantedCase<'a> {
    pub(super) call: &'a Call,
    /// The transaction at the hop nearest the caller.
    pub(super) id: TransactionId,
    pub(super) nearest: &'a Transaction,
    /// What the caller received.
    pub(super) received: &'a CapturedMessage,
    /// Who sent it; [`Origin::response`] is the copy on the deepest hop.
    pub(super) origin: Origin,
    /// The transaction on the deepest hop.
    pub(super) transaction: &'a Transaction,
    /// The response on the deepest hop.
    pub(super) response: &'a CapturedMessage,
}

impl<'a> UnwantedCase<'a> {
    /// Every 607 of a call.
    pub(super) fn all(call: &'a Call) -> Vec<Self> {
        let mut cases: Vec<Self> = Vec::new();
        for id in (0..call.transactions.len()).map(TransactionId) {
            let Some(case) = Self::at(call, id) else { continue };
            let is_known = |known: &Self| {
                known.origin.response == case.origin.response
                    || call.is_translated(known.origin.response, case.origin.response)
            };
            if !cases.iter().any(is_known) {
                cases.push(case);
            }
        }
        cases
    }

    /// Those of requests outside of a dialog that a 607 may answer: the ones that speak of the caller.
    pub(super) fn of_requests(call: &'a Call) -> impl Iterator<Item = Self> {
        Self::all(call).into_iter().filter(Self::is_about_the_caller)
    }

    /// Whether it answered a request outside of a dialog that a 607 may answer.
    pub(super) fn is_about_the_caller(&self) -> bool {
        !self.is_in_dialog() && !self.has_wrong_method()
    }

    fn at(call: &'a Call, id: TransactionId) -> Option<Self> {
        let is_unwanted = |id: TransactionId| call.final_status(id) == Some(UNWANTED);
        let nearest = call.transaction(id)?;
        if !is_unwanted(id) || nearest.upstream.is_some_and(is_unwanted) {
            return None;
        }
        let received = call.message(call.decisive_final(id)?.message)?;
        let deep = call.origin_of_failure(id).map(crate::call::Origin::transaction).filter(|deep| is_unwanted(*deep));
        let origin = unwanted::origin(call, deep.unwrap_or(id))?;
        let (transaction, response) = (call.transaction(origin.transaction)?, call.message(origin.response)?);
        Some(Self { call, id, nearest, received, origin, transaction, response })
    }

    /// Whether the request was sent inside a dialog.
    pub(super) fn is_in_dialog(&self) -> bool {
        self.nearest.in_dialog && !self.call.is_initial(self.id)
    }

    /// Whether somebody was called: a 607 may answer a MESSAGE or SUBSCRIBE as well.
    pub(super) fn is_call(&self) -> bool {
        self.nearest.method == Method::Invite
    }

    /// Whether no 607 may answer that method: registrars send no 6xx (RFC 3261 §10.3), and the others are part of another
    /// request.
    pub(super) fn has_wrong_method(&self) -> bool {
        matches!(self.nearest.method, Method::Register | Method::Cancel | Method::Bye | Method::Prack | Method::Ack)
    }

    /// Whether an element made it of another 6xx that it got from behind: then nobody said 607 of the caller. After other failures, such as
    /// that of a service that was asked, the element may well say so itself.
    pub(super) fn was_made_of_another(&self) -> bool {
        let Some(crate::call::Origin::Response(_, message)) = self.call.origin_of_failure(self.id) else {
            return false;
        };
        let Some(said) = self.call.message(message) else { return false };
        let status = said.message.status();
        status.is_some_and(|status| status != UNWANTED && (600..700).contains(&status.0))
            && !unwanted::says_that_it_was_one(&said.message)
    }

    /// Whether it is no complaint about a caller: a program asked that looks for servers, or an emergency call centre called back.
    pub(super) fn is_no_complaint(&self) -> bool {
        self.request().is_some_and(|request| names_a_scanner(request) || is_emergency_call_back(&request.message))
    }

    /// The request at the hop nearest the caller.
    pub(super) fn request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.nearest.request?)
    }

    /// The request on the deepest hop.
    pub(super) fn deepest_request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.transaction.request?)
    }

    /// The 18x that carries the To tag of the 607.
    pub(super) fn ringing(&self) -> Option<&'a CapturedMessage> {
        let tag = self.response.message.to_tag()?;
        let call = self.call;
        let same = || {
            let all = call.provisionals(self.origin.transaction);
            all.filter(|m| m.message.to_tag() == Some(tag) && m.message.status().is_some_and(|s| s.0 > 100))
        };
        same().find(|m| m.message.status() == Some(StatusCode(180))).or_else(|| same().next())
    }

    /// The status of what came before the 607 with its To tag where nothing rang: 183 may be an announcement.
    pub(super) fn progress(&self) -> Option<StatusCode> {
        let tag = self.response.message.to_tag()?;
        let same = self.call.provisionals(self.origin.transaction).filter(|m| m.message.to_tag() == Some(tag));
        let rang = same.filter_map(|m| m.message.status()).any(|status| status.0 == 180);
        if rang { None } else { self.ringing()?.message.status() }
    }

    /// Whether the 607 reports what a verifier of the caller's identity found (RFC 9410).
    pub(super) fn reports_identity(&self) -> bool {
        self.response.message.reasons().iter().any(|reason| reason.is("STIR"))
    }

    /// Whether what the caller received is another frame than the 607 on the deepest hop.
    pub(super) fn was_relayed(&self) -> bool {
        self.received.provenance.frame != self.response.provenance.frame
    }

    /// The called party as sentences name it.
    pub(super) fn callee(&self, country: &str) -> String {
        let message = self.request().unwrap_or(self.received);
        let to = message.message.party(HeaderName::To);
        to.map_or_else(|| "the called party".to_owned(), |to| named(to.user_name(), to.raw, country))
    }

    /// The calling side, with the software at the hop nearest the caller: the 607 may have been turned into something else
    /// on the way there.
    pub(super) fn caller(&self) -> Actor {
        let role = "the calling side";
        let first = self.call.initial_request().filter(|_| self.is_call() && !self.is_in_dialog());
        first
            .or_else(|| self.request())
            // Whoever told what came of the verification is of the callee's network.
            .map_or_else(
                || Actor::at(self.nearest.client, role),
                |request| if was_verified(request) { Actor::role(role) } else { Actor::sender(request, role) },
            )
    }

    /// The 607 on the deepest hop as evidence.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::of(self.response, "607 response")
    }

    /// What marks it as a word of analytics: the header field, or the name of the software.
    pub(super) fn mark(&self) -> Evidence {
        let what = "the mark of analytics";
        let message = &self.response.message;
        let field = if network_block::mentions_analytics(message) {
            Some(HeaderName::Reason)
        } else if network_block::has_contact_page(message) {
            Some(HeaderName::CallInfo)
        } else {
            Some(HeaderName::Server).filter(|name| message.has(*name))
        };
        Evidence::header(self.response, field.unwrap_or(HeaderName::UserAgent), what)
    }

    /// What shows who sent it: ringing, request, the copy that the caller received, header fields.
    pub(super) fn related(&self) -> Vec<Evidence> {
        let mut related = Vec::new();
        if let Some(rang) = self.ringing() {
            let what = if self.progress().is_none() {
                "rang before, with the same To tag: the same user agent answered"
            } else {
                "told of progress before, with the same To tag: the answer comes from the same user agent"
            };
            related.push(Evidence::of(rang, what));
        }
        for name in [HeaderName::Reason, HeaderName::CallInfo] {
            if self.response.message.has(name) {
                related.push(Evidence::header(self.response, name, "what the 607 says of itself"));
            }
        }
        if self.was_relayed() {
            related.push(Evidence::of(self.received, "what the caller received"));
        }
        related.extend(self.deepest_request().map(|m| Evidence::of(m, "the request")));
        related
    }

    /// The sender of the 607 with the software that it names.
    pub(super) fn sender(&self) -> Value {
        element_with(self.origin.sender, self.origin.software.clone())
    }

    /// The same as an actor.
    pub(super) fn operator(&self, role: &'static str) -> Actor {
        Actor { role: role.into(), address: Some(self.origin.sender), software: self.origin.software.clone() }
    }
}

/// Whether a request is marked as the call back of an emergency call centre (RFC 7090 §5).
pub(super) fn is_emergency_call_back(message: &Message) -> bool {
    let priority = message.header_bytes(HeaderName::Priority);
    priority.is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"psap-callback"))
}

/// The sender of a message with the software that it names as its own.
pub(super) fn element(message: &CapturedMessage) -> Value {
    element_with(message.provenance.flow.source, message.message.software_of_sender().map(Cow::into_owned))
}

fn element_with(source: Endpoint, software: Option<String>) -> Value {
    match software {
        Some(software) => Value::Element(source, software),
        None => Value::Endpoint(source),
    }
}

/// A party as sentences name it: its number, or else its URI.
pub(super) fn party(address: &NameAddr, country: &str) -> String {
    named(address.uri.user_name(), address.uri.raw(), country)
}

fn named(user: Option<&str>, uri: &str, country: &str) -> String {
    let number = user.and_then(|user| TelephoneNumber::read(user, country));
    match number.filter(|n| n.digits().len() >= COMPLETE_DIGITS) {
        Some(number) => number.told(),
        None => uri.to_owned(),
    }
}
/// Whether a network verified the caller before it sent the request on (`verstat`).
fn was_verified(request: &CapturedMessage) -> bool {
    let mut values =
        [HeaderName::From, HeaderName::PAssertedIdentity].into_iter().flat_map(|name| request.message.headers(name));
    values.any(|value| memchr::memmem::find(value.as_bytes(), b";verstat=").is_some())
}
