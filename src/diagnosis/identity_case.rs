//! The caller's identity as the rules about it look at it: the INVITE as captured nearest to the callee, with its Identity
//! header fields.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use smallvec::SmallVec;

use super::identity_claims::Destination;
use super::names::Names;
use super::patterns::unwanted::Invite;
use super::response_facts::speaks_of_stale_date;
use super::{Actor, Cited, Evidence, Severity, Text};
use crate::call::network_block::NetworkBlock;
use crate::call::{Call, CapturedMessage, Transaction, TransactionId};
use crate::sip::{HeaderName, Method, NameAddr, StatusCode, UriView};
use crate::stir::telephone_number::NumberView;
use crate::stir::{COMPLETE_DIGITS, Identity, Subject, Surroundings, TelephoneNumber};

/// An initial INVITE on the deepest hop that was captured.
#[derive(Debug)]
pub(super) struct IdentityCase<'a> {
    /// The INVITE nearest to the callee.
    pub(super) request: &'a CapturedMessage,
    /// The same INVITE nearest to the caller; the same message where one hop was captured.
    pub(super) nearest: &'a CapturedMessage,
    /// Its Identity values.
    pub(super) identities: &'a [Arc<Identity>],
    /// The final response, if it is one that may speak of the caller's identity: 607, 608, 603+, 403, 428, 436, 437, 438.
    pub(super) rejection: Option<&'a CapturedMessage>,
    /// Whether they name the called number, once somebody has asked.
    pub(super) destination: OnceCell<Destination>,
    /// Whom the INVITE is from and to, where somebody has read that already.
    names: Option<&'a Names<'a>>,
    /// When the INVITE says that it was sent, once somebody has asked.
    date: OnceCell<Option<i64>>,
    /// The complete numbers of P-Asserted-Identity, once somebody has asked.
    asserted: OnceCell<Vec<TelephoneNumber>>,
}

/// Complete numbers in an INVITE.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    /// Those that name the caller: those of P-Asserted-Identity where there are any, else that of From.
    pub(super) calling: SmallVec<[NumberView<'a>; 1]>,
    /// That of To.
    pub(super) to: Option<NumberView<'a>>,
    /// That of the Request-URI.
    pub(super) target: Option<NumberView<'a>>,
}

impl<'a> IdentityCase<'a> {
    /// The INVITE that decided the call; `None` for groups without one. `invites` are those of the call, as far as they are known.
    pub(super) fn of(call: &'a Call, invites: &'a [Invite<'a>]) -> Option<Self> {
        let case = Self::of_attempt(call, call.decided_by.or_else(|| call.attempts.last().map(|a| a.transaction))?)?;
        let known = invites.iter().find(|invite| std::ptr::eq(invite.request, case.request));
        Some(Self { names: known.map(|invite| &invite.names), ..case })
    }

    /// The same for any INVITE at the hop nearest to its caller.
    pub(super) fn of_attempt(call: &'a Call, id: TransactionId) -> Option<Self> {
        let attempt = call.transaction(id).filter(|t| t.method == Method::Invite)?;
        let nearest = call.message(attempt.request?)?;
        let deepest = deepest(call, id);
        let request = call.request(deepest).filter(|m| m.message.method() == Some(&Method::Invite)).unwrap_or(nearest);
        let rejection = rejection(call, id).or_else(|| rejection(call, deepest));
        Some(Self {
            request,
            nearest,
            identities: request.message.identities(),
            rejection,
            destination: OnceCell::new(),
            names: None,
            date: OnceCell::new(),
            asserted: OnceCell::new(),
        })
    }

    /// `PASSporTs` about the origin of the call, rather than about its diversions.
    pub(super) fn origins(&self) -> impl Iterator<Item = &'a Identity> {
        self.identities.iter().map(AsRef::as_ref).filter(|identity| !identity.is_diversion() && !identity.legacy)
    }

    /// Whether a diversion is signed (RFC 8946).
    pub(super) fn has_diversion(&self) -> bool {
        self.identities.iter().any(|identity| identity.is_diversion())
    }

    /// Whether more than one hop of the INVITE was captured.
    pub(super) fn has_several_hops(&self) -> bool {
        self.request.provenance.frame != self.nearest.provenance.frame
    }

    /// The hop that the finding looks at.
    pub(super) fn hop(&self) -> Text {
        let flow = self.request.provenance.flow;
        Text::new("{source} to {destination}").with("source", flow.source).with("destination", flow.destination)
    }

    /// `severity` where the call ended with a response that may speak of the identity; else at most a warning, since the call
    /// had another end.
    pub(super) fn severity(&self, severity: Severity) -> Severity {
        if self.rejection.is_some() { severity } else { severity.min(Severity::Warning) }
    }

    /// An Identity header field of the INVITE as evidence.
    pub(super) fn evidence(&self, identity: &Identity, what: impl Into<Text>) -> Evidence {
        let shared = self.shared(identity);
        let text = shared.map_or_else(|| Cited::Text(identity.line().to_owned()), Cited::Identity);
        Evidence::at(&self.request.provenance, what, text)
    }

    /// The decoded parts of its token as evidence, so that a fault or a changed claim can be seen.
    pub(super) fn decoded<'i>(&'i self, identity: &'i Identity) -> impl Iterator<Item = Evidence> + 'i {
        identity.decoded().map(move |(part, text)| {
            let text = match (text, self.shared(identity)) {
                (Cow::Borrowed(_), Some(shared)) => Cited::Decoded(shared, part),
                (text, _) => Cited::Text(text.into_owned()),
            };
            Evidence::at(&self.request.provenance, Text::new("{part}, decoded").with("part", part), text)
        })
    }

    fn shared(&self, identity: &Identity) -> Option<Arc<Identity>> {
        self.identities.iter().find(|known| std::ptr::eq(known.as_ref(), identity)).map(Arc::clone)
    }

    /// The header field that names the caller as evidence.
    pub(super) fn caller_evidence(&self) -> Evidence {
        let name = if self.request.message.has(HeaderName::PAssertedIdentity) {
            HeaderName::PAssertedIdentity
        } else {
            HeaderName::From
        };
        Evidence::header(self.request, name, "the caller that the INVITE names")
    }

    /// The final response as evidence.
    pub(super) fn rejection_evidence(&self) -> Option<Evidence> {
        self.rejection.map(|m| Evidence::of(m, "how the call ended"))
    }

    /// Whether the verifier took the signature for one that is not fresh.
    pub(super) fn is_called_stale(&self) -> bool {
        let response = self.rejection.map(|m| &m.message).filter(|m| m.status() == Some(StatusCode(403)));
        response.is_some_and(speaks_of_stale_date)
    }

    /// Whoever signs, named by where its certificate is published.
    pub(super) fn signer(identity: &Identity) -> Actor {
        let url = identity.certificate_url().unwrap_or("unknown");
        Actor::role(Text::new("operator of the signing service (certificate at {url})").with("url", url))
    }

    /// The complete numbers that name caller and called party. `country` is the country code of numbers without one.
    pub(super) fn numbers(&self, country: &str) -> Numbers<'_> {
        let read;
        let names = if let Some(names) = self.names {
            names
        } else {
            read = Names::of(&self.request.message, country);
            &read
        };
        let whole = |number: &Option<NumberView<'a>>| number.clone().filter(is_complete);
        let calling = self.calling_numbers(names, country);
        Numbers { calling, to: whole(&names.called), target: whole(&names.dialled) }
    }

    fn calling_numbers<'c>(&'c self, names: &Names<'a>, country: &str) -> SmallVec<[NumberView<'c>; 1]> {
        let message = &self.request.message;
        if !message.has(HeaderName::PAssertedIdentity) {
            return names.calling.clone().filter(is_complete).into_iter().collect();
        }
        let read = || message.asserted_identities().iter().filter_map(|party| number(party, country)).collect();
        let asserted = self.asserted.get_or_init(read);
        if asserted.is_empty() {
            let own = names.from.as_ref().and_then(|from| NumberView::read(from.user?, country));
            return own.filter(is_complete).into_iter().collect();
        }
        asserted.iter().map(TelephoneNumber::view).collect()
    }

    /// Date of the INVITE in seconds since the Unix epoch.
    pub(super) fn date(&self) -> Option<i64> {
        *self.date.get_or_init(|| self.request.message.date())
    }

    /// The URI of From.
    pub(super) fn from(&self) -> Option<UriView<'a>> {
        match self.names {
            Some(names) => names.from.clone(),
            None => self.request.message.party(HeaderName::From),
        }
    }

    /// What a PASSporT in compact form leaves out.
    pub(super) fn surroundings(&self, country: &str) -> Surroundings {
        let message = &self.request.message;
        let subject = |party: &NameAddr| match number(party, country) {
            Some(number) => Subject::Number(number.digits().to_owned()),
            None => Subject::Uri(party.uri.raw().to_owned()),
        };
        let asserted = message.asserted_identities();
        let parties = message.parties();
        let caller = asserted.first().or(parties.from.as_ref());
        Surroundings { orig: caller.map(subject), dest: parties.to.as_ref().map(subject), date: self.date() }
    }
}

/// The complete number of a party.
pub(super) fn number(party: &NameAddr, country: &str) -> Option<TelephoneNumber> {
    number_in(party.uri.user.as_deref(), country)
}

/// The complete number in the user part of a URI.
pub(super) fn number_in(user: Option<&str>, country: &str) -> Option<TelephoneNumber> {
    TelephoneNumber::read(user?, country).filter(|number| number.digits().len() >= COMPLETE_DIGITS)
}

/// Extensions and short codes are no numbers that anybody signs.
pub(super) fn is_complete(number: &NumberView<'_>) -> bool {
    number.digits.len() >= COMPLETE_DIGITS
}

/// Whether a claimed number is the one that a header field holds; of a number without country code the end must fit.
pub(super) fn same_number(claim: &str, number: &NumberView<'_>) -> bool {
    // Mostly it is written alike.
    claim == number.digits || is_same_at_leisure(claim, number)
}

fn is_same_at_leisure(claim: &str, number: &NumberView<'_>) -> bool {
    let Some(claim) = TelephoneNumber::digits_of_claim(claim) else { return false };
    let ends = || claim.ends_with(number.digits.trim_start_matches('0'));
    claim == number.digits || (!number.is_international() && ends())
}

/// Whether two numbers are the same; of one without country code the end must fit.
pub(super) fn same_caller(one: &TelephoneNumber, other: &TelephoneNumber) -> bool {
    let ends = |whole: &TelephoneNumber, part: &TelephoneNumber| {
        let national = part.digits().trim_start_matches('0');
        !part.is_international() && national.len() >= COMPLETE_DIGITS && whole.digits().ends_with(national)
    };
    one.digits() == other.digits() || ends(one, other) || ends(other, one)
}

/// The transaction on the deepest hop: where a failure began, or where the answer came from.
fn deepest(call: &Call, id: TransactionId) -> TransactionId {
    if let Some(origin) = call.origin_of_failure(id) {
        return origin.transaction();
    }
    let mut at = id;
    for _ in &call.transactions {
        let below = call.transaction(at).map(|t| t.downstream.as_slice()).unwrap_or_default();
        let Some(next) = below.iter().find(|id| call.final_status(**id) == call.final_status(at)) else { break };
        at = *next;
    }
    at
}

fn rejection(call: &Call, id: TransactionId) -> Option<&CapturedMessage> {
    let response = call.message(call.transaction(id).and_then(Transaction::failed_final)?.message)?;
    let speaks = match response.message.status()?.0 {
        403 | 428 | 436 | 437 | 438 | 607 | 608 => true,
        603 => NetworkBlock::of(&response.message).is_some(),
        _ => false,
    };
    speaks.then_some(response)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_that_are_written_alike_are_the_same(claim in "[+]?[0-9 #*-]{0,4}", text in "[+]?(0|00|011)?[0-9 #*-]{0,4}", as_claimed: bool) {
            for country in ["1", "44"] {
                let text = if as_claimed { &claim } else { &text };
                let Some(number) = NumberView::read(text, country) else { continue };
                prop_assert_eq!(same_number(&claim, &number), is_same_at_leisure(&claim, &number), "{} {}", claim, text);
                prop_assert!(same_number(&number.digits, &number));
            }
        }
    }
}
