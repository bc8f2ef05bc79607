//! What kept a server from sending a request on, and where to.

use std::net::IpAddr;

use crate::catalog::internal_codes::proxy_error;
use crate::diagnosis::Text;
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Message, NameAddr, Uri};

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The name has no address.
    Resolve,
    /// Nothing could be sent there.
    Send,
    /// There is no socket for it.
    Protocol,
    /// Nothing may be sent there.
    Blocked,
    /// The URI that leads there is malformed.
    Uri,
}

/// Where the request was to go as far as it says so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    /// The host of a Route header field.
    Route(String),
    /// The host of the Request-URI, which may be a domain of the server itself.
    Target(String),
    /// A tel: URI names no host.
    Tel,
    Unknown,
}

impl Fault {
    /// The one that a response tells of.
    pub(super) fn of(response: &Message) -> Option<Self> {
        let status = response.status()?.0;
        let phrase = response.reason_phrase().unwrap_or_default();
        // The number in the phrase is closer than the status, which is 500 for many of them.
        if let Some(error) = proxy_error(&phrase) {
            return Self::of_number(error.number);
        }
        if (473..=479).contains(&status) {
            return Self::of_number(status);
        }
        let words = [HeaderName::Warning, HeaderName::Reason].map(|name| response.values(name).concat());
        ([&*phrase].into_iter().chain(words.iter().map(String::as_str))).any(speaks_of_dns).then_some(Self::Resolve)
    }

    fn of_number(number: u16) -> Option<Self> {
        Some(match number {
            476 | 478 => Self::Resolve,
            477 => Self::Send,
            7 | 474 | 480 => Self::Protocol,
            473 | 510 | 520 => Self::Blocked,
            475 | 479 => Self::Uri,
            _ => return None,
        })
    }

    /// What it could not do; a host follows.
    pub(super) fn words(self) -> Text {
        Text::new(match self {
            Self::Resolve => "It cannot resolve",
            Self::Send => "It could not send to",
            Self::Protocol => "It has no socket of the transport or address family that leads to",
            Self::Blocked => "Its list of blocked destinations holds",
            Self::Uri => "It cannot read the URI that leads to",
        })
    }

    /// What to change.
    pub(super) fn fixes(self, server: Endpoint) -> Vec<Text> {
        let log = "Read the log of {server} at this second: it names the destination that its routing chose.";
        let first: &[&'static str] = match self {
            Self::Resolve => &[
                "Compare the host of the Request-URI and of the topmost Route with the domains that the server serves: one of its own it should not look up \
                 at all.",
                "Look up the name on the host of {server} as it does itself (NAPTR, SRV, A, AAAA), and mend the record, the name in the route, or its \
                 name server.",
            ],
            Self::Send => &[
                "Check from the host of {server} that the next hop accepts connections on its address, port and transport.",
                "Where the next hop is a registered device on TCP, TLS or WebSocket, its connection is gone: let registrations at {server} end with \
                 their connection.",
            ],
            Self::Protocol => &[
                "Let {server} listen on the transport and address family of the next hop, or choose another one in its route.",
            ],
            Self::Blocked => &[
                "Take the destination off the list of blocked ones at {server}, once what put it there is mended: failures do so for some time.",
            ],
            Self::Uri => {
                &["Compare Request-URI, Route and the contact that {server} found: one of them is no valid URI."]
            }
        };
        first
            .iter()
            .copied()
            .chain([log])
            .map(|fix| if fix.contains("{server}") { Text::new(fix).with("server", server) } else { Text::new(fix) })
            .collect()
    }
}

/// Whether a text speaks of DNS, or of a name that was not resolved.
fn speaks_of_dns(text: &str) -> bool {
    let is_one =
        |word: &str| ["dns", "unresolvable", "unresolved"].iter().any(|known| word.eq_ignore_ascii_case(known));
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_one)
}

impl Hop {
    pub(super) fn of(request: &Message, server: IpAddr, fault: Fault) -> Self {
        let routes = request.values(HeaderName::Route);
        let uris = routes.iter().filter_map(|value| NameAddr::uri_of(value).map(str::to_owned));
        // The server takes off the Route that leads to itself; which name it has only addresses tell.
        let route = uris.filter_map(|text| Uri::read(&text)).find(|uri| uri.ip() != Some(server));
        if let Some(route) = route {
            return Self::Route(route.host);
        }
        let Some(target) = request.request_uri() else { return Self::Unknown };
        match target.ip() {
            _ if !target.is_sip() => Self::Tel,
            // Nothing is looked up for an address, so that another one was asked for.
            Some(address) if address == server || fault == Fault::Resolve => Self::Unknown,
            _ => Self::Target(target.host),
        }
    }

    pub(super) fn host(&self) -> Option<&str> {
        match self {
            Self::Route(host) | Self::Target(host) => Some(host),
            Self::Tel | Self::Unknown => None,
        }
    }

    /// What the server could not do, and where the request says that it should go.
    pub(super) fn sentence(&self, fault: Fault) -> Text {
        let text = match self {
            Self::Route(host) => Text::new("{what} the next hop, {host} of the Route header field.").with("host", host),
            Self::Target(host) => Text::new(
                "{what} the next hop: {host} of the Request-URI, or, if that is a domain of its own, what it found for the user there.",
            )
            .with("host", host),
            Self::Tel => Text::new("{what} the next hop: the Request-URI is a tel: URI, which names no host, and its routing has to set one."),
            Self::Unknown => Text::new("{what} the next hop that its routing or a registration led to: the request names no other host."),
        };
        text.with("what", fault.words())
    }
}
