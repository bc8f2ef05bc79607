//! Whom an INVITE is from and to, as everything that looks at each call sees it: read once, and in place.

use std::borrow::Cow;

use crate::sip::{HeaderName, Message, UriView};
use crate::stir::telephone_number::NumberView;
use crate::stir::{COMPLETE_DIGITS, TelephoneNumber};

/// The parties of a request, with the numbers among them.
#[derive(Debug)]
pub(super) struct Names<'m> {
    /// The URI of From.
    pub(super) from: Option<UriView<'m>>,
    /// The Request-URI.
    pub(super) target: Option<UriView<'m>>,
    /// The calling number: that of P-Asserted-Identity where there is one, else that of From.
    pub(super) calling: Option<NumberView<'m>>,
    /// The number of To.
    pub(super) called: Option<NumberView<'m>>,
    /// The user of `target` for comparisons ([`UriView::effective_user`]).
    pub(super) target_user: Option<Cow<'m, str>>,
    /// The number of the Request-URI.
    pub(super) dialled: Option<NumberView<'m>>,
    /// Whoever calls, so that equal parties have equal texts; `None` for a caller that withholds its identity (of such ones several
    /// may call).
    pub(super) caller: Option<Cow<'m, str>>,
    /// Whoever is called, in the same way.
    pub(super) callee: Option<Cow<'m, str>>,
}

impl<'m> Names<'m> {
    /// Reads them. `country` is the country code of numbers without one.
    pub(super) fn of(message: &'m Message, country: &str) -> Self {
        let from = message.party(HeaderName::From);
        let to = message.party(HeaderName::To);
        let target = message.target_beside(to.as_ref());
        let number = |party: &Option<UriView<'m>>| NumberView::read(party.as_ref()?.user?, country);
        // No list of the asserted ones is made where there are none.
        let asserted = message.has(HeaderName::PAssertedIdentity).then(|| message.asserted_number(country)).flatten();
        let asserted = asserted.map(TelephoneNumber::into_view);
        let called = number(&to);
        let is_same = target.as_ref().map(|target| target.user) == to.as_ref().map(|to| to.user);
        let dialled = if is_same { called.clone() } else { number(&target) };
        let target_user = target.as_ref().and_then(|target| target.effective_user_as(dialled.as_ref(), country));
        let callee = to.as_ref().map(|to| party(to, called.as_ref()));
        // Its own number counts where the asserted one is but an extension.
        let own = if complete(asserted.as_ref()).is_some() { None } else { number(&from) };
        let caller = complete(asserted.as_ref().or(own.as_ref())).or_else(|| name(from.as_ref()?, own.as_ref()));
        Self { from, target, target_user, dialled, calling: asserted.or(own), called, caller, callee }
    }

    /// Whether both numbers belong to the North American plan.
    pub(super) fn are_north_american(&self) -> bool {
        [&self.called, &self.calling].into_iter().flatten().filter(|number| number.is_nanp()).count() == 2
    }
}

/// A caller by the URI of From and its number, unless it withholds its identity.
fn name<'m>(from: &UriView<'m>, number: Option<&NumberView<'m>>) -> Option<Cow<'m, str>> {
    let is_anonymous = from.host.eq_ignore_ascii_case("anonymous.invalid")
        || from.user_name().is_none_or(|user| user.eq_ignore_ascii_case("anonymous"));
    (!is_anonymous).then(|| party(from, number))
}

/// The digits of a number that names somebody by itself.
fn complete<'m>(number: Option<&NumberView<'m>>) -> Option<Cow<'m, str>> {
    Some(number?.digits.clone()).filter(|digits| digits.len() >= COMPLETE_DIGITS)
}

fn party<'m>(uri: &UriView<'m>, number: Option<&NumberView<'m>>) -> Cow<'m, str> {
    complete(number).unwrap_or_else(|| uri.user_at_host())
}
