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
        // Its own number counts where the asserted one is but an extension.
        let own = if complete(asserted.as_ref()).is_some() { None } else { number(&from) };
        Self {
            target_user: target.as_ref().and_then(|target| target.effective_user_as(dialled.as_ref(), country)),
            callee: to.as_ref().map(|to| party(to, called.as_ref())),
            caller: complete(asserted.as_ref().or(own.as_ref())).or_else(|| name(from.as_ref()?, own.as_ref())),
            from,
            target,
            dialled,
            called,
            calling: asserted.or(own),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(target: &str, from: &str, to: &str, more: &str) -> Message {
        let text = format!("INVITE {target} SIP/2.0\r\nFrom: <{from}>;tag=1\r\nTo: <{to}>\r\n{more}\r\n");
        Message::read(text.as_bytes(), false).unwrap().0
    }

    #[test]
    fn a_caller_is_its_number_or_else_user_and_host() {
        let asserted = |uri: &str| format!("P-Asserted-Identity: <{uri}>\r\n");
        for (from, more, caller, calling) in [
            ("sip:+12125550101@a.example", String::new(), Some("12125550101"), Some("12125550101")),
            ("sip:1001@A.example", String::new(), Some("1001@a.example"), Some("1001")),
            ("sip:alice@a.example", String::new(), Some("alice@a.example"), None),
            ("sip:alice@a.example", asserted("tel:+12125550102"), Some("12125550102"), Some("12125550102")),
            ("sip:2125550101@a.example", asserted("sip:77@a.example"), Some("12125550101"), Some("77")),
            ("sip:alice@a.example", asserted("sip:77@a.example"), Some("alice@a.example"), Some("77")),
            ("sip:Anonymous@a.example", asserted("sip:77@a.example"), None, Some("77")),
            ("sip:2125550101@anonymous.invalid", asserted("sip:77@a.example"), None, Some("77")),
            ("sip:2125550101@anonymous.invalid", String::new(), Some("12125550101"), Some("12125550101")),
            ("sip:a.example", String::new(), None, None),
        ] {
            let message = invite("sip:b@b.example", from, "sip:b@b.example", &more);
            let names = Names::of(&message, "1");
            let number = names.calling.as_ref().map(|number| &*number.digits);
            assert_eq!((names.caller.as_deref(), number), (caller, calling), "{from} {more}");
        }
    }

    #[test]
    fn whoever_is_called_is_told_apart_from_where_the_request_goes() {
        for (target, to, callee, called, dialled, user) in [
            (
                "sip:2125550102@b.example",
                "sip:2125550102@b.example",
                "12125550102",
                "12125550102",
                "12125550102",
                "12125550102",
            ),
            ("sip:12@b.example", "sip:12@b.example", "12@b.example", "12", "12", "12"),
            (
                "sip:12125550103@b.example",
                "sip:+12125550102@b.example",
                "12125550102",
                "12125550102",
                "12125550103",
                "12125550103",
            ),
            (
                "sip:2125550102@c.example",
                "sip:2125550102@b.example",
                "12125550102",
                "12125550102",
                "12125550102",
                "12125550102",
            ),
            ("sip:bob@b.example", "sip:12125550102@b.example", "12125550102", "12125550102", "", "bob"),
            ("sip:b.example", "sip:b.example", "@b.example", "", "", ""),
        ] {
            let message = invite(target, "sip:a@a.example", to, "");
            let names = Names::of(&message, "1");
            let digits =
                |number: &Option<NumberView<'_>>| number.as_ref().map_or(String::new(), |n| n.digits.to_string());
            assert_eq!(
                (names.callee.as_deref(), digits(&names.called).as_str()),
                (Some(callee), called),
                "{target} {to}"
            );
            let found = (digits(&names.dialled), names.target_user.clone().unwrap_or_default());
            assert_eq!((found.0.as_str(), &*found.1), (dialled, user), "{target} {to}");
            assert_eq!(names.target, message.target(), "{target} {to}");
        }
    }
}
