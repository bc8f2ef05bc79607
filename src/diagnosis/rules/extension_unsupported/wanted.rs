//! What a request asked for, and what the other side says it has.

use crate::diagnosis::Text;
use crate::sip::{HeaderName, Message};

/// What is missing, and on which side.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The method is not allowed (405) or not known (501); the methods that are.
    Method { is_known: bool, has: Vec<String>, is_listed: bool },
    /// Option tags that the server does not support (420); whether it names them, and whether the request requires them.
    Options { tags: Vec<String>, is_named: bool, is_required: bool },
    /// Option tags that the server demands (421); whether the request offers them, where all of it was captured.
    Demanded { tags: Vec<String>, is_offered: Option<bool> },
    /// The event package (489); the packages that the server has.
    Package { name: String, has: Vec<String>, is_listed: bool },
}

impl Wanted {
    /// `None` where the status is another, or the messages do not tell.
    pub(super) fn of(status: u16, request: Option<&Message>, response: &Message) -> Option<Self> {
        Some(match status {
            405 | 501 => {
                let has = tokens(response, HeaderName::Allow);
                let method = response.method()?.name();
                let is_listed = has.iter().any(|one| one == method);
                // Gateways answer 501 for what the telephone network does not have (cause 79, RFC 3398 §8.2.6.1), and others for calls that
                // they cannot handle: every element knows INVITE that gets one.
                let is_of_network = response.reasons().iter().any(|reason| reason.is("Q.850"));
                if status == 501 && (is_of_network || (method == "INVITE" && has.is_empty())) {
                    return None;
                }
                Self::Method { is_known: status == 405, has, is_listed }
            }
            420 => {
                let required = request.map(required).unwrap_or_default();
                let named = tokens(response, HeaderName::Unsupported);
                // A cut request may require more than is seen of it.
                let is_whole = request.is_some_and(|m| !m.is_cut());
                let is_required = !is_whole || named.iter().all(|tag| is_among(tag, &required));
                let is_named = !named.is_empty();
                let tags = if is_named { named } else { required };
                if tags.is_empty() {
                    return None;
                }
                Self::Options { tags, is_named, is_required }
            }
            421 => {
                let tags = tokens(response, HeaderName::Require);
                if tags.is_empty() {
                    return None;
                }
                let offered = request.filter(|m| !m.is_cut()).map(offered);
                Self::Demanded { is_offered: offered.map(|all| tags.iter().all(|tag| is_among(tag, &all))), tags }
            }
            489 => {
                let name = package(request?)?;
                let has = tokens(response, HeaderName::AllowEvents);
                Self::Package { is_listed: is_among(&name, &has), name, has }
            }
            _ => return None,
        })
    }

    /// What happened, without the names of server, method and status.
    pub(super) fn sentence(&self) -> Text {
        match self {
            Self::Method { is_known, has, is_listed } => method(*is_known, has, *is_listed),
            Self::Options { tags, is_named, is_required } => Text::new(match (is_named, is_required) {
                (true, true) => "{server} does not support {tags}, which the {method} requires ({status}).",
                (true, false) => {
                    "{server} answered {method} with {status}: it does not support {tags}, and the request as captured does not require that. \
                     Another element added it on the way, or the server errs."
                }
                (false, _) => {
                    "{server} answered {method} with {status} and does not say which extension it lacks. The request requires {tags}."
                }
            })
            .with("tags", list(tags)),
            Self::Demanded { tags, is_offered } => Text::new(match is_offered {
                Some(true) => {
                    "{server} demands {tags} of the {method} ({status}), although the request has it in Supported or Require."
                }
                Some(false) => {
                    "{server} demands {tags} of the {method} ({status}), and the request does not offer that in Supported."
                }
                None => "{server} demands {tags} of the {method} ({status}).",
            })
            .with("tags", list(tags)),
            Self::Package { name, has, is_listed } => with_those(has, match (is_listed, has.is_empty()) {
                (true, _) => {
                    "{server} refused the event package {package} of the {method} ({status}), although it lists it in Allow-Events: what it \
                     refuses is narrower, such as the address."
                }
                (false, true) => {
                    "{server} does not know the event package {package} of the {method} ({status}), and does not say which it has."
                }
                (false, false) => {
                    "{server} does not know the event package {package} of the {method} ({status}). It has {has}."
                }
            })
            .with("package", name),
        }
    }
}

fn method(is_known: bool, has: &[String], is_listed: bool) -> Text {
    with_those(
        has,
        match (is_known, is_listed, has.is_empty()) {
            (_, true, _) => "{server} answered {method} with {status}, although it lists that method in Allow.",
            (true, _, true) => {
                "{server} does not allow {method} for this address ({status}), and does not say which methods it allows."
            }
            (true, _, false) => "{server} does not allow {method} for this address ({status}). It allows {has}.",
            (false, _, true) => {
                "{server} does not know the method {method} ({status}), and does not say which ones it knows."
            }
            (false, _, false) => "{server} does not know the method {method} ({status}). It knows {has}.",
        },
    )
}

/// A sentence with what the server has, where it speaks of that.
fn with_those(has: &[String], template: &'static str) -> Text {
    let text = Text::new(template);
    if template.contains("{has}") { text.with("has", list(has)) } else { text }
}

fn list(names: &[String]) -> Text {
    Text::list(", ", names.iter().map(Text::verbatim))
}

/// The values of a header field without what follows a semicolon.
fn tokens(message: &Message, name: HeaderName) -> Vec<String> {
    let values = message.values(name);
    let token = |value: &String| value.split(';').next().unwrap_or_default().trim().to_owned();
    values.iter().map(token).filter(|token| !token.is_empty()).collect()
}

fn required(request: &Message) -> Vec<String> {
    [tokens(request, HeaderName::Require), tokens(request, HeaderName::ProxyRequire)].concat()
}

fn offered(request: &Message) -> Vec<String> {
    [tokens(request, HeaderName::Supported), tokens(request, HeaderName::Require)].concat()
}

/// The event package of a request; its templates (`presence.winfo`) are packages of their own.
fn package(request: &Message) -> Option<String> {
    tokens(request, HeaderName::Event).into_iter().next()
}

fn is_among(name: &str, names: &[String]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}
