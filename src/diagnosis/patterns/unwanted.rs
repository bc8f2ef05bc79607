//! What the capture shows of 607: which elements answer everybody with it, and who calls on after it.

pub mod again;
pub mod answerers;

use std::sync::Arc;

use super::super::unwanted_case::UnwantedCase;
use crate::call::{Call, CapturedMessage, TransactionId};
use crate::sip::{Message, Method, NameAddr, StatusCode};
use crate::stir::TelephoneNumber;

/// Shorter user parts are extensions: they name somebody only together with their host.
const NUMBER_DIGITS: usize = 7;

/// 607s of the whole capture.
#[derive(Debug, Default)]
pub struct Unwanted {
    /// Elements that answer INVITEs.
    pub answerers: answerers::Answerers,
    /// INVITEs after a 607.
    pub again: again::Again,
}

impl Unwanted {
    /// Takes note of a closed call. `country` is the country code of numbers without one.
    pub(super) fn observe(&mut self, call: &Call, invites: &[Invite<'_>], country: &str) {
        // The usual call has no 607, and then there is nothing to look for.
        let has_607 = call.transactions.iter().flat_map(|t| &t.finals).any(|last| last.status == StatusCode(607));
        let cases = has_607.then(|| UnwantedCase::of_requests(call)).into_iter().flatten();
        let unwanted: Vec<_> = cases.filter(|case| case.nearest.method == Method::Invite).collect();
        self.answerers.observe(call, invites, &unwanted, country);
        self.again.observe(call, invites, !unwanted.is_empty());
    }

    /// How many 607s, and calls after one, found no room.
    pub fn forgotten(&self) -> u64 {
        self.answerers.forgotten() + self.again.forgotten()
    }
}

/// Takes note of who answers the INVITEs of a closed call, without the rest.
pub(in crate::diagnosis) fn observe_answerers(
    answerers: &mut answerers::Answerers,
    call: &Call,
    unwanted: &[UnwantedCase<'_>],
    country: &str,
) {
    let invites: Vec<_> = initial_invites(call, country).collect();
    answerers.observe(call, &invites, unwanted, country);
}

/// An initial INVITE that was captured.
pub(super) struct Invite<'a> {
    pub(super) id: TransactionId,
    pub(super) request: &'a CapturedMessage,
    /// Whoever calls; `None` for a caller that withholds its identity.
    pub(super) caller: Option<Arc<str>>,
    /// Whoever is called.
    pub(super) callee: Option<Arc<str>>,
}

pub(super) fn initial_invites<'a>(call: &'a Call, country: &str) -> impl Iterator<Item = Invite<'a>> {
    (0..call.transactions.len()).map(TransactionId).filter_map(move |id| {
        let is_invite = call.transaction(id)?.method == Method::Invite && call.is_initial(id);
        let request = call.request(id).filter(|_| is_invite)?;
        let message = &request.message;
        let shared = |party: Option<String>| party.map(Arc::from);
        Some(Invite { id, request, caller: shared(caller(message, country)), callee: shared(callee(message, country)) })
    })
}

/// Whoever is called, so that equal parties have equal texts.
pub(in crate::diagnosis) fn callee(message: &Message, country: &str) -> Option<String> {
    Some(party(message.parties().to.as_ref()?, country))
}

/// Whoever calls; `None` for a caller that withholds its identity (of such ones several may call).
pub(in crate::diagnosis) fn caller(message: &Message, country: &str) -> Option<String> {
    if let Some(number) = message.calling_number(country).filter(|n| n.digits().len() >= NUMBER_DIGITS) {
        return Some(number.into_digits());
    }
    let from = message.parties().from.as_ref()?;
    let anonymous = from.uri.host.eq_ignore_ascii_case("anonymous.invalid")
        || from.uri.user_name().is_none_or(|user| user.eq_ignore_ascii_case("anonymous"));
    (!anonymous).then(|| party(from, country))
}

fn party(address: &NameAddr, country: &str) -> String {
    let number = address.uri.user_name().and_then(|user| TelephoneNumber::read(user, country));
    match number.filter(|n| n.digits().len() >= NUMBER_DIGITS) {
        Some(number) => number.into_digits(),
        None => {
            format!("{}@{}", address.uri.effective_user().unwrap_or_default(), address.uri.host.to_ascii_lowercase())
        }
    }
}
