//! A second opinion on single values, from the strict parser rsip; the only module that names it.
//!
//! It belongs to the explaining path. What is grouped and classified comes from our own reading alone: rsip knows fewer
//! methods, transports and schemes, no IPv6, and takes some values apart wrongly without an error. Where it reads a value as we
//! do, the value is well-formed beyond doubt, and its parts can be quoted one by one.

use rsip::headers::typed;
use rsip::headers::{self, ToTypedHeader as _};

use super::message::CSeq;
use super::{Challenge, Method, NameAddr, Via, Warning};

/// What the strict parser says about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    /// It reads the same.
    Agrees,
    /// It reads something else.
    Differs,
    /// It cannot read it.
    Unread,
}

/// A value as we read it, with the opinion about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<T> {
    /// The value.
    pub value: T,
    /// What the strict parser says.
    pub opinion: Opinion,
}

impl<T> View<T> {
    fn new<S>(value: T, strict: Option<S>, same: impl FnOnce(&T, &S) -> bool) -> Self {
        let opinion = match strict {
            Some(strict) if same(&value, &strict) => Opinion::Agrees,
            Some(_) => Opinion::Differs,
            None => Opinion::Unread,
        };
        Self { value, opinion }
    }

    /// The value if both readings agree.
    pub fn confirmed(self) -> Option<T> {
        (self.opinion == Opinion::Agrees).then_some(self.value)
    }
}

/// One Via value (RFC 3261 §20.42); `None` if it has no sent-by.
pub fn via(text: &str) -> Option<View<Via>> {
    let strict = headers::Via::from(text.trim()).typed().ok();
    Some(View::new(Via::read(text)?, strict, same_via))
}

fn same_via(ours: &Via, strict: &typed::Via) -> bool {
    ours.transport == strict.transport.to_string()
        && same_host(&ours.host, ours.port, &strict.uri.host_with_port)
        && ours.branch() == strict.branch().map(|branch| branch.value() as &str)
        && ours.params.0.len() == strict.params.len()
}

fn same_host(host: &str, port: Option<u16>, strict: &rsip::HostWithPort) -> bool {
    host == strict.host.to_string().to_ascii_lowercase() && port == strict.port.as_ref().map(|port| *port.value())
}

/// One value of From, To, or Contact (RFC 3261 §20.10); `None` if it holds no URI.
pub fn address(text: &str) -> Option<View<NameAddr>> {
    let strict = headers::From::from(text.trim()).typed().ok();
    Some(View::new(NameAddr::read(text)?, strict, same_address))
}

fn same_address(ours: &NameAddr, strict: &typed::From) -> bool {
    let name = strict.display_name.as_deref().map(super::params::unquote).filter(|name| !name.is_empty());
    let uri = &strict.uri;
    let same_scheme = ours.uri.is_sip() && uri.scheme.as_ref().is_some_and(|s| same_word(&s.to_string(), scheme(ours)));
    same_scheme
        && ours.display_name == name
        && ours.uri.user.as_deref() == uri.user()
        && same_host(&ours.uri.host, ours.uri.port, &uri.host_with_port)
        && ours.uri.params.0.len() == uri.params.len()
        && ours.uri.headers.is_none()
        && ours.params.0.len() == strict.params.len()
        && ours.tag() == strict.tag().map(|tag| tag.value() as &str)
}

fn scheme(address: &NameAddr) -> &str {
    address.uri.raw().split(':').next().unwrap_or_default()
}

fn same_word(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// A CSeq value (RFC 3261 §20.16), which our own layer has read as `ours`.
pub fn cseq<'m>(text: &str, ours: CSeq<'m>) -> View<CSeq<'m>> {
    let strict = headers::CSeq::from(text.trim()).typed().ok();
    let same = |ours: &CSeq<'_>, strict: &typed::CSeq| {
        ours.number == strict.seq && *ours.method == Method::read(strict.method.to_string().as_bytes())
    };
    View::new(ours, strict, same)
}

/// One Warning value (RFC 3261 §20.43); `None` if it does not begin with a number.
pub fn warning(text: &str) -> Option<View<Warning>> {
    let strict = headers::Warning::from(text.trim()).typed().ok();
    let same = |ours: &Warning, strict: &typed::Warning| {
        ours.code == strict.code
            && ours.agent.eq_ignore_ascii_case(&strict.uri.host_with_port.to_string())
            && ours.text == strict.text
    };
    Some(View::new(Warning::read(text)?, strict, same))
}

/// A challenge (RFC 3261 §20.44).
pub fn challenge(ours: Challenge) -> View<Challenge> {
    let strict = headers::WwwAuthenticate::from(ours.raw.as_str()).typed().ok();
    let same = |ours: &Challenge, strict: &typed::WwwAuthenticate| {
        same_word(&ours.scheme, &strict.scheme.to_string())
            && same_secrets(ours, &strict.realm, &strict.nonce, strict.opaque.as_deref())
            && same_algorithm(ours, strict.algorithm.as_ref())
            && ours.params.value("stale") == strict.stale.as_deref()
    };
    View::new(ours, strict, same)
}

/// Credentials (RFC 3261 §20.7).
pub fn credentials(ours: Challenge) -> View<Challenge> {
    let strict = headers::Authorization::from(ours.raw.as_str()).typed().ok();
    let same = |ours: &Challenge, strict: &typed::Authorization| {
        same_word(&ours.scheme, &strict.scheme.to_string())
            && same_secrets(ours, &strict.realm, &strict.nonce, strict.opaque.as_deref())
            && same_algorithm(ours, strict.algorithm.as_ref())
            && ours.params.value("username") == Some(strict.username.as_str())
            && ours.params.value("response") == Some(strict.response.as_str())
    };
    View::new(ours, strict, same)
}

fn same_secrets(ours: &Challenge, realm: &str, nonce: &str, opaque: Option<&str>) -> bool {
    ours.realm() == Some(realm) && ours.params.value("nonce") == Some(nonce) && ours.params.value("opaque") == opaque
}

/// Without the parameter both mean MD5. rsip writes `SHA256` where RFC 7616 has `SHA-256`.
fn same_algorithm(ours: &Challenge, strict: Option<&headers::auth::Algorithm>) -> bool {
    strict.map_or(ours.algorithm() == "MD5", |strict| same_word(&strict.to_string(), ours.algorithm()))
}

#[cfg(test)]
mod tests;
