//! URIs read in place: of the parties of an ordinary call only user and host are ever asked for, and nobody keeps them.

use std::borrow::Cow;

use super::params::cut;
use super::uri::{self, Places, SipParts};
use super::{HeaderName, Message, NameAddr, Params, Scheme, octets};
use crate::stir::telephone_number::NumberView;

/// The parts of a URI as captured, without a copy of any; [`super::Uri`] has them for keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UriView<'a> {
    /// All of it.
    pub(crate) raw: &'a str,
    /// As [`super::Uri::scheme`].
    pub(crate) scheme: Scheme,
    /// As [`super::Uri::user`].
    pub(crate) user: Option<&'a str>,
    /// The host in upper or lower case; empty for schemes without one.
    pub(crate) host: &'a str,
    /// Port.
    pub(crate) port: Option<u16>,
    /// The text of its parameters.
    pub(crate) params: &'a str,
}

impl<'a> UriView<'a> {
    /// Reads a URI; `None` where [`super::Uri::read`] gives `None`.
    pub(crate) fn read(raw: &'a str) -> Option<Self> {
        match uri::scheme(raw)? {
            (scheme @ (Scheme::Sip | Scheme::Sips), rest) => {
                let SipParts { user, host, port, params, .. } = SipParts::of(rest)?;
                Some(Self { raw, scheme, user, host, port, params })
            }
            (scheme, rest) => {
                let params = cut(rest, b';').map_or("", |(_, params)| params);
                Some(Self { raw, scheme, user: Some(rest), host: "", port: None, params })
            }
        }
    }

    /// The same of a URI as nearly all are, with what stands behind it in a text; `None` says nothing.
    fn usual(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let places = Places::of(text.strip_prefix(SIP)?)?;
        let (raw, behind) = text.split_at_checked(SIP.len() + places.end)?;
        let raw = std::str::from_utf8(raw).ok()?;
        let rest = raw.get(SIP.len()..)?;
        let (user, host, params) = (places.user(rest), places.host(rest)?, places.params(rest)?);
        Some((Self { raw, scheme: Scheme::Sip, user, host, port: places.port, params }, behind))
    }

    /// As [`super::Uri::is_sip`].
    pub(crate) fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The host in lower case.
    pub(crate) fn lower_host(&self) -> Cow<'a, str> {
        if self.host.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(self.host.to_ascii_lowercase());
        }
        Cow::Borrowed(self.host)
    }

    /// As [`super::Uri::user_name`].
    pub(crate) fn user_name(&self) -> Option<&'a str> {
        self.user.map(|user| cut(user, b';').map_or(user, |(name, _)| name))
    }

    /// As [`super::Uri::effective_user`].
    pub(crate) fn effective_user(&self) -> Option<Cow<'a, str>> {
        self.user.map(uri::effective_user)
    }

    /// The same where the user was read as a number with that country code.
    pub(crate) fn effective_user_as(&self, number: Option<&NumberView<'a>>, country: &str) -> Option<Cow<'a, str>> {
        match number.filter(|_| country == uri::HOME) {
            Some(number) => Some(uri::effective_user_of_number(self.user?, number)),
            None => self.effective_user(),
        }
    }

    /// User (as [`Self::effective_user`]) and host, with `@` between them: of most URIs they stand like that in the text.
    pub(crate) fn user_at_host(&self) -> Cow<'a, str> {
        let user = self.effective_user().unwrap_or_default();
        let whole = user.len() + 1 + self.host.len();
        let begin = self.raw.len().min(match self.scheme {
            Scheme::Sip => 4,
            _ => 5,
        });
        if let (Cow::Borrowed(name), Some(text)) = (&user, self.raw.get(begin..begin + whole))
            && text.strip_prefix(name).and_then(|rest| rest.strip_prefix('@')) == Some(self.host)
            && !self.host.bytes().any(|b| b.is_ascii_uppercase())
        {
            return Cow::Borrowed(text);
        }
        Cow::Owned([&user, "@", &self.lower_host()].concat())
    }

    /// As [`super::Uri::port_or_default`].
    pub(crate) fn port_or_default(&self) -> u16 {
        let is_tls = || self.param("transport").is_some_and(|t| t.eq_ignore_ascii_case("tls"));
        self.port.unwrap_or_else(|| if self.scheme == Scheme::Sips || is_tls() { 5061 } else { 5060 })
    }

    /// The value of a parameter.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        if self.params.is_empty() {
            return None;
        }
        Params::read(self.params).value(name).map(str::to_owned)
    }
}

impl Message {
    /// The URI of From or To; `None` where [`Message::from`] or [`Message::to`] gives `None`.
    pub(crate) fn party(&self, name: HeaderName) -> Option<UriView<'_>> {
        if let Some(inside) = self.first_value(name).and_then(in_brackets) {
            match UriView::usual(inside) {
                Some((uri, [b'>', ..])) => return Some(uri),
                _ => {
                    if let Some(uri) = up_to_bracket(inside) {
                        return UriView::read(uri);
                    }
                }
            }
        }
        if let Cow::Borrowed(value) = self.header(name)? {
            return UriView::read(NameAddr::uri_of(value)?);
        }
        // Folded, or not UTF-8: there is no text of it in the message.
        let parties = self.parties();
        let party = if name == HeaderName::From { &parties.from } else { &parties.to };
        UriView::read(party.as_ref()?.uri.raw())
    }

    /// The text of the URI of From or To as captured; where it cannot be read, what stands in its place.
    pub(crate) fn party_text(&self, name: HeaderName) -> Option<Cow<'_, str>> {
        if let Some(uri) = self.first_value(name).and_then(behind_first_bracket).and_then(up_to_bracket) {
            return Some(Cow::Borrowed(uri));
        }
        if let Some(uri) = self.party(name) {
            return Some(Cow::Borrowed(uri.raw));
        }
        let value = self.header(name)?;
        let inside = value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inside, _)| inside);
        Some(Cow::Owned(inside.unwrap_or(&value).to_owned()))
    }

    /// [`Self::target`] where the URI of To is known: of most INVITEs it is the same.
    pub(crate) fn target_beside<'m>(&'m self, to: Option<&UriView<'m>>) -> Option<UriView<'m>> {
        let target = self.request_uri_bytes();
        // Behind a Request-URI no bracket counts.
        let is_same = |to: &&UriView<'_>| target == Some(to.raw.as_bytes()) && !to.raw.ends_with('>');
        to.filter(is_same).cloned().or_else(|| self.target())
    }

    /// The Request-URI; `None` where [`Message::request_uri`] gives `None`.
    pub(crate) fn target(&self) -> Option<UriView<'_>> {
        if let Some((uri, [])) = UriView::usual(self.request_uri_bytes()?) {
            return Some(uri);
        }
        match self.request_uri_text()? {
            Cow::Borrowed(text) => UriView::read(text.trim_start_matches('<').trim_end_matches('>')),
            Cow::Owned(_) => UriView::read(self.parties().target.as_ref()?.raw()),
        }
    }
}

/// How the URIs begin that [`Places`] is about.
const SIP: &[u8] = b"sip:";

/// What stands behind `<` in a value as nearly all are: the bracket stands behind at most one quoted name. `None` says nothing.
fn in_brackets(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value;
    if let [b'"', name @ ..] = value {
        let [b'"', behind @ ..] = name.get(memchr::memchr2(b'"', b'\\', name)?..)? else { return None };
        rest = behind;
    }
    let (name, uri) = rest.split_at_checked(octets::find(rest, b'<')?)?;
    uri.get(1..).filter(|_| octets::find(name, b'"').is_none())
}

/// What stands behind the first `<` of a value where no quoted name can hold that: whether it is a URI or not, it is in its place.
/// `None` says nothing.
fn behind_first_bracket(value: &[u8]) -> Option<&[u8]> {
    let (name, uri) = value.split_at_checked(octets::find(value, b'<')?)?;
    let is_whole = match name {
        [b'"', quoted @ ..] => {
            let end = memchr::memchr2(b'"', b'\\', quoted)?;
            quoted.get(end) == Some(&b'"') && octets::find(quoted.get(end + 1..)?, b'"').is_none()
        }
        _ => octets::find(name, b'"').is_none(),
    };
    uri.get(1..).filter(|_| is_whole)
}

/// What stands there up to `>`, where that is text on one line. `None` says nothing.
fn up_to_bracket(inside: &[u8]) -> Option<&str> {
    let uri = inside.get(..memchr::memchr(b'>', inside)?)?;
    // The rest may be folded: that does not change what stands here.
    let is_usual = !uri.is_empty() && uri.iter().fold(true, |usual, b| usual & b.is_ascii_graphic());
    std::str::from_utf8(uri).ok().filter(|_| is_usual)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sip::Uri;

    fn same(view: Option<&UriView<'_>>, uri: Option<&Uri>, text: &str) {
        let whole = uri.map(|u| {
            let effective = u.effective_user().map(Cow::into_owned);
            let user = (u.user.clone(), u.user_name().map(str::to_owned), effective);
            (u.raw().to_owned(), u.scheme.clone(), user, u.host.clone(), u.port, u.port_or_default(), u.is_sip())
        });
        let part = view.map(|v| {
            let effective = v.effective_user().map(Cow::into_owned);
            let user = (v.user.map(str::to_owned), v.user_name().map(str::to_owned), effective);
            let host = v.lower_host().into_owned();
            let both = format!("{}@{host}", v.effective_user().unwrap_or_default());
            assert_eq!(v.user_at_host(), both, "{text}");
            for country in [uri::HOME, "44"] {
                let number = v.user.and_then(|user| NumberView::read(user, country));
                assert_eq!(v.effective_user_as(number.as_ref(), country), v.effective_user(), "{text}");
            }
            (v.raw.to_owned(), v.scheme.clone(), user, host, v.port, v.port_or_default(), v.is_sip())
        });
        assert_eq!(part, whole, "{text}");
        let params = |name: &str| (view.and_then(|v| v.param(name)), uri.and_then(|u| u.params.value(name)));
        for name in ["transport", "phone-context", "x"] {
            let (part, whole) = params(name);
            assert_eq!(part.as_deref(), whole, "{text}");
        }
    }

    #[test]
    fn a_view_shows_what_the_whole_uri_holds() {
        for text in [
            "sip:Alice@B.Example",
            "sip:+1-212-555-0101;npdi:pw@b.example:5070;transport=TLS;x=1?subject=hi",
            "sips:b.example;transport=tcp",
            "sip:12@b.example",
            "sip:12;x@b.example",
            "sip:2125550101;npdi@b.example",
            "sip:%31212555010@b.example",
            "sip:02079460000@b.example",
            "sip:b@[2001:DB8::1]:5062",
            "SIP:a%40b@b.example;transport=tls",
            "tel:+1-212-555-0100;phone-context=b.example",
            "urn:service:sos",
            "sip:",
            "sip:a@b:99999",
            "nothing",
            "",
        ] {
            same(UriView::read(text).as_ref(), Uri::read(text).as_ref(), text);
        }
    }

    /// As [`Message::party_text`], by the general way alone.
    fn whole_text(message: &Message, name: HeaderName) -> Option<String> {
        let value = message.header(name)?;
        if let Some(uri) = NameAddr::uri_of(&value).filter(|uri| Uri::is_readable(uri)) {
            return Some(uri.to_owned());
        }
        let inside = value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inside, _)| inside);
        Some(inside.unwrap_or(&value).to_owned())
    }

    proptest! {
        #[test]
        fn the_text_of_a_party_is_that_of_the_whole_value(pieces in proptest::collection::vec(0..18_usize, 0..9)) {
            let all: [&[u8]; 18] = [
                b"\"", b"<", b">", b"\\", b" ", b"sip:", b"a", b"b@c.example", b";tag=1", b"tel:+1", b",", b"\r\n ", b"\xff",
                "\u{e9}".as_bytes(), b"@", b":5060", b"\"A\" <sip:a@b.example>", b"?",
            ];
            let value = pieces.iter().filter_map(|piece| all.get(*piece)).copied().collect::<Vec<_>>().concat();
            let bytes = [&b"INVITE sip:b@b SIP/2.0\r\nFrom: "[..], &value, b"\r\nCall-ID: 1\r\n\r\n"].concat();
            let message = Message::read(&bytes, false).unwrap().0;
            let text = message.party_text(HeaderName::From).map(Cow::into_owned);
            prop_assert_eq!(text, whole_text(&message, HeaderName::From));
        }
    }

    #[test]
    fn parties_are_the_same_in_place_and_whole() {
        for (line, from, to) in [
            ("sip:b@b.example", "From: \"A <x>\" <sip:a@a.example;x=y>;tag=1", "To: sip:b@B.example;tag=2"),
            ("<tel:+12125550100>", "From: <sip:a@\r\n a.example>;tag=1", "To: \"x <sip:b@b.example>"),
            ("b", "From: nobody", "t: <sip:b\u{e9}@b.example>"),
            ("sip:b@b", "From: \"A \\\" <x>\" <sip:a@a.example>;tag=1", "To: \"B, <c>\" \"d\" <sip:b@B.example>;tag=2"),
            ("sip:b@b", "From: \"A\r\n B\"\r\n <sip:a@a.example>;tag=1", "To: \"B\"<sip:b@B.example\r\n >;tag=2"),
            ("sip:b@b", "From: \"A <sip:x@y>", "To: \"B\" sip:b@B.example;tag=<sip:c@c>"),
        ] {
            let text = format!("INVITE {line} SIP/2.0\r\n{from}\r\n{to}\r\nCall-ID: 1\r\n\r\n");
            let mut bytes = text.into_bytes();
            for at in 0..2 {
                let message = Message::read(&bytes, false).unwrap().0;
                let parties = message.parties();
                let party = |name, whole: &Option<NameAddr>| {
                    same(message.party(name).as_ref(), whole.as_ref().map(|p| &p.uri), from);
                };
                party(HeaderName::From, &parties.from);
                party(HeaderName::To, &parties.to);
                same(message.target().as_ref(), parties.target.as_ref(), line);
                // The same where not all is UTF-8.
                let place = bytes.iter().rposition(|b| *b == b'b').unwrap_or(at);
                bytes[place] = 0xff;
            }
        }
        let response = Message::read(b"SIP/2.0 200 OK\r\nTo: <sip:a@b>\r\n\r\n", false).unwrap().0;
        assert_eq!((response.target(), response.party(HeaderName::From)), (None, None));
    }
}
