//! URIs of any scheme, and the two equalities of redirects.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::Params;
use super::octets::{self, DIGIT, HOST, PARAMETER, USER};
use super::params::{cut, trim};
use crate::stir::TelephoneNumber;
use crate::stir::telephone_number::NumberView;

/// The scheme of a URI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `sip:`.
    Sip,
    /// `sips:`.
    Sips,
    /// `tel:` (RFC 3966).
    Tel,
    /// Any other, in lower case.
    Other(String),
}

/// A URI as captured, with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// Scheme.
    pub scheme: Scheme,
    /// User part up to a password, as captured, with its own parameters (`+1…;npdi`); of `tel:` the number with its parameters.
    pub user: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// Host in lower case, IPv6 in brackets; empty for schemes without one.
    pub host: String,
    /// Port.
    pub port: Option<u16>,
    /// URI parameters.
    pub params: Params,
    /// What stands behind `?`.
    pub headers: Option<String>,
    raw: String,
    /// The host as an address, if it is a literal: rules about redirects ask for it over and over.
    address: Option<IpAddr>,
}

impl Uri {
    /// Reads a URI; `None` when it has no scheme, or is `sip:` or `sips:` without a usable host.
    pub fn read(text: &str) -> Option<Self> {
        match scheme(text)? {
            (scheme @ (Scheme::Sip | Scheme::Sips), rest) => Self::read_sip(scheme, rest, text),
            (scheme, rest) => Some(Self::without_host(scheme, rest, text)),
        }
    }

    /// Whether [`Self::read`] gives something.
    pub fn is_readable(text: &str) -> bool {
        match scheme(text) {
            Some((Scheme::Sip | Scheme::Sips, rest)) => SipParts::of(rest).is_some(),
            other => other.is_some(),
        }
    }

    fn without_host(scheme: Scheme, rest: &str, raw: &str) -> Self {
        let params = Params::read(cut(rest, b';').map_or("", |(_, params)| params));
        Self {
            scheme,
            user: Some(rest.to_owned()),
            password: None,
            host: String::new(),
            port: None,
            params,
            headers: None,
            raw: raw.to_owned(),
            address: None,
        }
    }

    fn read_sip(scheme: Scheme, rest: &str, raw: &str) -> Option<Self> {
        let parts = SipParts::of(rest)?;
        Some(Self {
            scheme,
            user: parts.user.map(str::to_owned),
            password: parts.password.map(str::to_owned),
            host: parts.host.to_ascii_lowercase(),
            port: parts.port,
            params: Params::read(parts.params),
            headers: parts.headers.map(str::to_owned),
            raw: raw.to_owned(),
            address: address_of(parts.host),
        })
    }

    /// The text as captured.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether it holds blanks, control characters or characters that are not ASCII, which a URI has only escaped
    /// (RFC 3261 §25.1).
    pub fn has_illegal_characters(&self) -> bool {
        // Without a way out, many octets are looked at together.
        !self.raw.bytes().fold(true, |legal, b| legal & (b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"')))
    }

    /// Whether it is `sip:` or `sips:`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The host as an address, if it is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        self.address
    }

    /// The user part without its own parameters: `+12155550100` of `+12155550100;npdi`.
    pub fn user_name(&self) -> Option<&str> {
        self.user.as_deref().map(|user| cut(user, b';').map_or(user, |(name, _)| name))
    }

    /// The parameters inside the user part (RFC 4694: `rn`, `npdi`, `cic`); of `tel:` those of the number.
    pub fn user_params(&self) -> Params {
        Params::read(self.user.as_deref().and_then(|user| cut(user, b';')).map_or("", |(_, params)| params))
    }

    /// The port, or the default of the scheme (RFC 3261 §19.1.2).
    pub fn port_or_default(&self) -> u16 {
        let is_tls = || self.params.value("transport").is_some_and(|t| t.eq_ignore_ascii_case("tls"));
        self.port.unwrap_or_else(|| if self.scheme == Scheme::Sips || is_tls() { 5061 } else { 5060 })
    }

    /// Whether two URIs are equal by RFC 3261 §19.1.4; `tel:` ones by RFC 3966 §4.
    pub fn strictly_equals(&self, other: &Self) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        match self.scheme {
            Scheme::Sip | Scheme::Sips => self.equals_as_sip(other),
            Scheme::Tel => self.dialled() == other.dialled() && param_set(self) == param_set(other),
            Scheme::Other(_) => same_escapes(rest_of(&self.raw)) == same_escapes(rest_of(&other.raw)),
        }
    }

    fn equals_as_sip(&self, other: &Self) -> bool {
        // What costs least is compared first.
        self.port == other.port
            && means_the_same(self.user.as_deref(), other.user.as_deref())
            && means_the_same(self.password.as_deref(), other.password.as_deref())
            && self.same_host(other)
            && params_match(&self.params, &other.params)
            && params_match(&other.params, &self.params)
            && (self.headers == other.headers
                || header_set(self.headers.as_deref()) == header_set(other.headers.as_deref()))
    }

    /// IPv6 literals are compared as addresses: they have many spellings (RFC 5118 §4.10).
    fn same_host(&self, other: &Self) -> bool {
        self.host == other.host || self.ip().is_some_and(|ip| other.ip() == Some(ip))
    }

    /// The number of a `tel:` URI without visual separators, in lower case (extensions may hold A to D).
    fn dialled(&self) -> String {
        let name = unescaped(self.user_name().unwrap_or_default());
        name.chars().filter(|c| !"-.()".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
    }

    /// Whether two URIs lead to the same place in practice (the follow-up matching of redirects): `sip:` and `sips:` are one
    /// family; user equal after removing visual separators and user parameters, telephone numbers as E.164; host equal;
    /// port equal with the defaults; transport, lr, user, ttl, unknown parameters and headers ignored. A `tel:` URI equals
    /// whatever carries its number.
    pub fn effectively_equals(&self, other: &Self) -> bool {
        // What costs least is compared first.
        let same_user = || self.user == other.user || self.effective_user() == other.effective_user();
        match (self.is_sip(), other.is_sip()) {
            (true, true) => self.same_effective_host(other) && self.same_effective_port(other) && same_user(),
            _ if self.scheme == Scheme::Tel || other.scheme == Scheme::Tel => self.user.is_some() && same_user(),
            _ => self.strictly_equals(other),
        }
    }

    fn same_effective_host(&self, other: &Self) -> bool {
        self.same_host(other) || self.host.trim_end_matches('.') == other.host.trim_end_matches('.')
    }

    /// Without any port both leave the choice to the same rules, whatever transport either of them names.
    fn same_effective_port(&self, other: &Self) -> bool {
        self.port.is_none() && other.port.is_none() || self.port_or_default() == other.port_or_default()
    }

    /// The user part for comparisons: a telephone number (of at least three digits) without visual separators and `+`, with
    /// country code where it looks complete ([`TelephoneNumber`]); other names without escapes.
    pub fn effective_user(&self) -> Option<Cow<'_, str>> {
        self.user.as_deref().map(effective_user)
    }
}

/// A host as an address, if it is a literal.
pub(crate) fn address_of(host: &str) -> Option<IpAddr> {
    dotted(host).map(IpAddr::V4).or_else(|| any_address(host))
}

/// An IPv4 address as nearly all literals are, faster than any parser of all; `None` says nothing.
fn dotted(host: &str) -> Option<Ipv4Addr> {
    let (mut address, mut dots, mut number, mut is_number) = (0_u32, 0_usize, 0_u32, false);
    for octet in host.bytes() {
        let digit = u32::from(octet.wrapping_sub(b'0'));
        if digit < 10 {
            // Behind a leading zero comes no digit: it might stand for octal ones.
            if is_number && number == 0 {
                return None;
            }
            (number, is_number) = (10 * number + digit, true);
            if number > 255 {
                return None;
            }
        } else if octet == b'.' && is_number {
            (address, dots, number, is_number) = (address << 8 | number, dots + 1, 0, false);
        } else {
            return None;
        }
    }
    Some(Ipv4Addr::from_bits(address << 8 | number)).filter(|_| dots == 3 && is_number)
}

/// As [`address_of`].
fn any_address(host: &str) -> Option<IpAddr> {
    // Most names show by their first letters that they are none.
    let literal = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'[' | b']');
    if !host.bytes().all(literal) {
        return None;
    }
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// User and host of a URI, for comparisons that need no more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserAtHost<'a> {
    /// As [`Uri::user`].
    pub(crate) user: Option<&'a str>,
    /// The host as captured, in upper or lower case.
    pub(crate) host: &'a str,
}

impl<'a> UserAtHost<'a> {
    /// Reads a URI; `None` where [`Uri::read`] gives `None`.
    pub(crate) fn read(uri: &'a str) -> Option<Self> {
        match scheme(uri)? {
            (Scheme::Sip | Scheme::Sips, rest) => {
                SipParts::of(rest).map(|parts| Self { user: parts.user, host: parts.host })
            }
            (_, rest) => Some(Self { user: Some(rest), host: "" }),
        }
    }
}

/// The scheme of a URI and what stands behind it.
pub(super) fn scheme(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = cut(text, b':')?;
    match scheme {
        "sip" => return Some((Scheme::Sip, rest)),
        "tel" => return Some((Scheme::Tel, rest)),
        _ => {}
    }
    let first_is_letter = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if !first_is_letter || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return None;
    }
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "sip" => Scheme::Sip,
        "sips" => Scheme::Sips,
        "tel" => Scheme::Tel,
        other => Scheme::Other(other.to_owned()),
    };
    Some((scheme, rest))
}

/// What stands behind `sip:`.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) struct SipParts<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    pub(super) params: &'a str,
    pub(super) headers: Option<&'a str>,
}

impl<'a> SipParts<'a> {
    pub(super) fn of(rest: &'a str) -> Option<Self> {
        Self::plain(rest).or_else(|| Self::any(rest))
    }

    /// Those of a URI as nearly all are; `None` says nothing.
    fn plain(rest: &'a str) -> Option<Self> {
        let places = Places::of(rest.as_bytes()).filter(|places| places.end == rest.len())?;
        let (user, password) = (places.user(rest), None);
        let (host, params) = (places.host(rest)?, places.params(rest)?);
        Some(Self { user, password, host, port: places.port, params, headers: None })
    }

    fn any(rest: &'a str) -> Option<Self> {
        // The user part may hold `;` and `?`, so the `@` decides first; `@` is legal nowhere else (RFC 3261 §25.1).
        let (userinfo, rest) = split_at_host(rest);
        let (user, password) = match userinfo.map(|u| cut(u, b':').map_or((u, None), |(u, p)| (u, Some(p)))) {
            Some((user, password)) => (Some(user), password),
            None => (None, None),
        };
        let (rest, headers) = cut(rest, b'?').map_or((rest, None), |(rest, headers)| (rest, Some(headers)));
        let (host, params) = cut(rest, b';').unwrap_or((rest, ""));
        let (host, port) = split_port(host)?;
        Some(Self { user, password, host, port, params, headers })
    }
}

/// Where the parts of a URI as nearly all are stand, counted from what stands behind `sip:`. All octets in front of the end are ASCII.
#[derive(Debug)]
pub(super) struct Places {
    /// The end of the user part, where there is one.
    user: Option<usize>,
    host: Range<usize>,
    pub(super) port: Option<u16>,
    /// Where the parameters begin.
    params: usize,
    /// Where it ends: in front of the first octet that no such URI has.
    pub(super) end: usize,
}

impl Places {
    /// Looks for them from the beginning of a text; `None` says nothing.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let place = |rest: &[u8]| text.len() - rest.len();
        let behind_name = octets::behind(text, USER);
        let (user, host) = match behind_name {
            [b'@', host @ ..] => (Some(place(behind_name)), host),
            _ => (None, text),
        };
        let mut rest = octets::behind(host, HOST);
        let host = place(host)..place(rest);
        let mut port = None;
        if let [b':', digits @ ..] = rest {
            rest = octets::behind(digits, DIGIT);
            port = Some(decimal(digits.get(..digits.len() - rest.len())?)?);
        }
        let mut params = place(rest);
        if let [b';', behind @ ..] = rest {
            params += 1;
            rest = octets::behind(behind, PARAMETER);
        }
        (!host.is_empty()).then(|| Self { user, host, port, params, end: place(rest) })
    }

    /// As [`Uri::user`], of a text that begins with the one that was read.
    pub(super) fn user<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(..self.user?)
    }

    /// The host of such a text.
    pub(super) fn host<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(self.host.clone())
    }

    /// The parameters of such a text.
    pub(super) fn params<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(self.params..self.end)
    }
}

/// A port in digits.
fn decimal(digits: &[u8]) -> Option<u16> {
    let append = |number: u16, digit: &u8| number.checked_mul(10)?.checked_add(u16::from(digit - b'0'));
    digits.iter().try_fold(0, append).filter(|_| !digits.is_empty())
}

/// As [`Uri::effective_user`], of a user part with its parameters.
pub(crate) fn effective_user(user: &str) -> Cow<'_, str> {
    // Of nearly all it is plain that they have neither parameters nor escapes.
    let is_plain = octets::behind(user.as_bytes(), USER).is_empty();
    let name = if is_plain { user } else { user_name(user) };
    if is_plain || octets::find(name.as_bytes(), b'%').is_none() {
        return effective_number(TelephoneNumber::digits_of(name, HOME)).unwrap_or(Cow::Borrowed(name));
    }
    let name = unescaped(name);
    let number = effective_number(TelephoneNumber::digits_of(&name, HOME)).map(Cow::into_owned);
    Cow::Owned(number.unwrap_or(name))
}

/// The same of a user part that was read as a number, with [`HOME`] for the country.
pub(super) fn effective_user_of_number<'a>(user: &'a str, number: &NumberView<'a>) -> Cow<'a, str> {
    // What has escapes is no number.
    effective_number(Some(number.digits.clone())).unwrap_or_else(|| Cow::Borrowed(user_name(user)))
}

/// Digits that are compared as a number.
fn effective_number(digits: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    digits.filter(|digits| digits.len() >= 3)
}

/// A user part without its parameters.
fn user_name(user: &str) -> &str {
    cut(user, b';').map_or(user, |(name, _)| name)
}

/// Country code of ten-digit numbers that look North American when URIs are compared.
pub(crate) const HOME: &str = "1";

/// What stands behind the scheme.
fn rest_of(raw: &str) -> &str {
    raw.split_once(':').map_or(raw, |(_, rest)| rest)
}

fn param_set(uri: &Uri) -> Vec<(String, String)> {
    let text = |v: &Option<String>| unescaped(v.as_deref().unwrap_or_default()).to_ascii_lowercase();
    let mut set: Vec<_> = uri.params.0.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    set.sort_unstable();
    set
}

/// Splits user information and host. `@` must be escaped in both (RFC 3261 §25.1); of several the last one in front of
/// the header parts counts, as users contain it more often than hosts.
fn split_at_host(text: &str) -> (Option<&str>, &str) {
    let bytes = text.as_bytes();
    let Some(first) = octets::find(bytes, b'@') else { return (None, text) };
    let headers = bytes.get(first..).and_then(|rest| octets::find(rest, b'?')).map_or(text.len(), |at| first + at);
    let at = bytes.get(..headers).and_then(|head| memchr::memrchr(b'@', head)).unwrap_or(first);
    (text.get(..at), text.get(at + 1..).unwrap_or_default())
}

/// Parameters that never may stand in one URI alone (RFC 3261 §19.1.4), and those that both have. Of a name that a URI has
/// twice, which it must not, any value may fit.
fn params_match(a: &Params, b: &Params) -> bool {
    let text = |value: &Option<String>| unescaped(value.as_deref().unwrap_or_default()).to_ascii_lowercase();
    if a == b {
        return true;
    }
    // There may be thousands.
    let mut others: Vec<_> = b.0.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    others.sort_unstable();
    a.0.iter().all(|(name, value)| {
        let at = others.partition_point(|(other, _)| *other < name.as_str());
        match others.get(at) {
            Some((other, _)) if other == name => others.binary_search(&(other, text(value))).is_ok(),
            _ => !matches!(name.as_str(), "user" | "ttl" | "method" | "maddr" | "transport"),
        }
    })
}

fn header_set(headers: Option<&str>) -> Vec<String> {
    let mut set: Vec<_> =
        headers.unwrap_or_default().split('&').map(|h| same_escapes(h).to_ascii_lowercase()).collect();
    set.sort_unstable();
    set
}

/// Whether two texts have the same [`same_escapes`].
fn means_the_same(one: Option<&str>, other: Option<&str>) -> bool {
    // As a rule nothing is escaped, and what differs is different.
    let is_escaped = |text: Option<&str>| text.is_some_and(|text| octets::find(text.as_bytes(), b'%').is_some());
    one == other || ((is_escaped(one) || is_escaped(other)) && one.map(same_escapes) == other.map(same_escapes))
}

/// One spelling for texts that mean the same: `%XX` undone except for reserved characters, which mean another thing when they
/// are escaped (RFC 3261 §19.1.4), and for what is not ASCII.
fn same_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_graphic() && !b";/?:@&=+$,%".contains(&byte) => plain.push(char::from(byte)),
            Some(_) => {
                plain.push('%');
                plain.extend(after.get(..2).unwrap_or_default().chars().map(|c| c.to_ascii_uppercase()));
            }
            None => plain.push('%'),
        }
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    plain.push_str(rest);
    plain
}

/// Undoes `%XX` where it gives an ASCII character.
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        if let Some(byte) = byte {
            plain.push(char::from(byte));
            rest = after.get(2..).unwrap_or_default();
        } else {
            plain.push('%');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain
}

/// Reads `host`, `host:port`, `[v6]`, `[v6]:port`; the host in lower case. `None` for an empty host, or one with
/// characters that no host has.
pub fn host_port(text: &str) -> Option<(String, Option<u16>)> {
    split_port(text).map(|(host, port)| (host.to_ascii_lowercase(), port))
}

/// As [`host_port`], with the host as captured.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let text = trim(text);
    let (host, rest) = if text.starts_with('[') {
        let end = text.find(']')? + 1;
        text.split_at_checked(end)?
    } else {
        let end = octets::find(text.as_bytes(), b':').unwrap_or(text.len());
        text.split_at_checked(end)?
    };
    let host = trim(host);
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:%".contains(&b);
    if host.is_empty() || !host.bytes().all(legal) {
        return None;
    }
    let port = match trim(rest).strip_prefix(':') {
        Some(port) => Some(trim(port).parse().ok()?),
        None if rest.trim().is_empty() => None,
        None => return None,
    };
    Some((host, port))
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

#[cfg(test)]
mod tests;
