//! What the capture shows of 607: which elements answer everybody with it, and who calls on after it.

pub mod again;
pub mod answerers;

use std::borrow::Cow;
use std::sync::Arc;

use super::super::unwanted_case::UnwantedCase;
use crate::call::{Call, CapturedMessage, TransactionId};
use crate::sip::{HeaderName, Message, Method, NameAddr};
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
    pub(super) fn observe(
        &mut self,
        call: &Call,
        invites: &[Invite<'_>],
        unwanted: &[UnwantedCase<'_>],
        country: &str,
    ) {
        let unwanted: Vec<&UnwantedCase<'_>> = unwanted
            .iter()
            .filter(|case| case.is_about_the_caller() && case.nearest.method == Method::Invite)
            .collect();
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
    let unwanted: Vec<_> = unwanted.iter().collect();
    let invites: Vec<_> = initial_invites(call, country).collect();
    answerers.observe(call, &invites, &unwanted, country);
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
        let shared = |party: Option<Cow<'_, str>>| party.map(Arc::from);
        Some(Invite { id, request, caller: shared(caller(message, country)), callee: shared(callee(message, country)) })
    })
}

/// Whoever is called, so that equal parties have equal texts.
pub(in crate::diagnosis) fn callee<'m>(message: &'m Message, country: &str) -> Option<Cow<'m, str>> {
    Some(party(message.parties().to.as_ref()?, country))
}

/// Whoever calls; `None` for a caller that withholds its identity (of such ones several may call).
pub(in crate::diagnosis) fn caller<'m>(message: &'m Message, country: &str) -> Option<Cow<'m, str>> {
    let from = message.parties().from.as_ref();
    let number = if message.has(HeaderName::PAssertedIdentity) {
        message.calling_number(country).map(|number| Cow::Owned(number.into_digits()))
    } else {
        from.and_then(|from| TelephoneNumber::digits_of(from.uri.user.as_deref()?, country))
    };
    if number.as_ref().is_some_and(|digits| digits.len() >= NUMBER_DIGITS) {
        return number;
    }
    let from = from?;
    let anonymous = from.uri.host.eq_ignore_ascii_case("anonymous.invalid")
        || from.uri.user_name().is_none_or(|user| user.eq_ignore_ascii_case("anonymous"));
    (!anonymous).then(|| party(from, country))
}

fn party<'m>(address: &'m NameAddr, country: &str) -> Cow<'m, str> {
    let uri = &address.uri;
    let number = uri.user.as_deref().and_then(|user| TelephoneNumber::digits_of(user, country));
    number.filter(|digits| digits.len() >= NUMBER_DIGITS).unwrap_or_else(|| {
        let user = uri.effective_user().unwrap_or_default();
        // Hosts of URIs are in lower case.
        Cow::Owned([&user, "@", &uri.host].concat())
    })
}
