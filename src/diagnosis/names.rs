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
    /// The URI of To.
    pub(super) to: Option<UriView<'m>>,
    /// The Request-URI.
    pub(super) target: Option<UriView<'m>>,
    /// The calling number: that of P-Asserted-Identity where there is one, else that of From.
    pub(super) calling: Option<NumberView<'m>>,
    /// The number of To.
    pub(super) called: Option<NumberView<'m>>,
    /// Whether `calling` is one of P-Asserted-Identity.
    has_asserted: bool,
}

impl<'m> Names<'m> {
    /// Reads them. `country` is the country code of numbers without one.
    pub(super) fn of(message: &'m Message, country: &str) -> Self {
        let from = message.party(HeaderName::From);
        let to = message.party(HeaderName::To);
        let number = |party: &Option<UriView<'m>>| NumberView::read(party.as_ref()?.user?, country);
        // No list of the asserted ones is made where there are none.
        let asserted = message.has(HeaderName::PAssertedIdentity).then(|| message.asserted_number(country)).flatten();
        let has_asserted = asserted.is_some();
        let calling = asserted.map(TelephoneNumber::into_view).or_else(|| number(&from));
        let called = number(&to);
        Self { from, to, target: message.target(), calling, called, has_asserted }
    }

    /// Whether both numbers belong to the North American plan.
    pub(super) fn are_north_american(&self) -> bool {
        [&self.called, &self.calling].into_iter().flatten().filter(|number| number.is_nanp()).count() == 2
    }

    /// Whoever is called, so that equal parties have equal texts.
    pub(super) fn callee(&self) -> Option<Cow<'m, str>> {
        Some(party(self.to.as_ref()?, self.called.as_ref()))
    }

    /// Whoever calls; `None` for a caller that withholds its identity (of such ones several may call).
    pub(super) fn caller(&self, country: &str) -> Option<Cow<'m, str>> {
        if let Some(number) = complete(self.calling.as_ref()) {
            return Some(number);
        }
        let from = self.from.as_ref()?;
        let anonymous = from.host.eq_ignore_ascii_case("anonymous.invalid")
            || from.user_name().is_none_or(|user| user.eq_ignore_ascii_case("anonymous"));
        // Its own number counts where the asserted one is but an extension.
        let own = || self.has_asserted.then(|| NumberView::read(from.user?, country)).flatten();
        (!anonymous).then(|| party(from, own().as_ref()))
    }
}

/// The digits of a number that names somebody by itself.
fn complete<'m>(number: Option<&NumberView<'m>>) -> Option<Cow<'m, str>> {
    Some(number?.digits.clone()).filter(|digits| digits.len() >= COMPLETE_DIGITS)
}

fn party<'m>(uri: &UriView<'m>, number: Option<&NumberView<'m>>) -> Cow<'m, str> {
    complete(number).unwrap_or_else(|| uri.user_at_host())
}
