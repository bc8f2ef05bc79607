//! What is remembered of a leg to tell which other legs belong to it.

use super::numbers;
use crate::provenance::{Endpoint, Provenance, Timestamp};
use crate::sip::{HeaderName, Message, Method, StatusCode};
use crate::stir::Identity;

/// Values of one kind that are kept of a leg.
pub(super) const MOST: usize = 8;
/// Header fields by which B2BUAs name the other leg, beside [`HeaderName::PChargingVector`]. The value is often its Call-ID.
const LINK_HEADERS: &[&str] =
    &["X-Call-ID", "X-CID", "X-Original-Call-ID", "X-FS-Call-ID", "X-FS-UUID", "X-Acme-Call-ID", "Cisco-Guid"];

/// A leg by its first request: what the other leg of a B2BUA repeats, and what does not change from one to the other.
#[derive(Debug, Clone)]
pub struct LegSummary {
    /// Call-ID.
    pub call_id: Vec<u8>,
    /// Method of the first request.
    pub method: Method,
    /// Its time.
    pub start: Timestamp,
    /// Its sender.
    pub client: Endpoint,
    /// Where it was sent, and where proxies sent it on.
    pub servers: Vec<Endpoint>,
    /// CSeq number.
    pub cseq: Option<u32>,
    /// Numbers or names of the caller: From, P-Asserted-Identity; none when it is withheld.
    pub calling: Vec<String>,
    /// Numbers or names of the callee: Request-URI, To.
    pub called: Vec<String>,
    /// Numbers that it was diverted from: Diversion, History-Info.
    pub diverted: Vec<String>,
    /// Local UUID of Session-ID (RFC 7989).
    pub session_id: Option<String>,
    /// Values that name the call across legs: see [`LegSummary::names`].
    pub links: Vec<String>,
    /// PASSporT tokens.
    pub tokens: Vec<String>,
    /// Their `origid` claims; some signers use one for all calls of a customer.
    pub origids: Vec<String>,
    /// Session id and version of the SDP `o=` line.
    pub sdp_origin: Option<String>,
    /// Address and port of the first media stream in SDP.
    pub media: Option<String>,
    /// Its final response, once there is one.
    pub final_response: Option<(StatusCode, Timestamp)>,
}

impl LegSummary {
    /// Summarises a leg by its first request; `None` for responses and for messages without Call-ID.
    pub fn of(message: &Message, provenance: &Provenance) -> Option<Self> {
        if !message.is_request() {
            return None;
        }
        Some(Self {
            call_id: message.call_id()?.to_vec(),
            method: message.method()?.clone(),
            start: provenance.time,
            client: provenance.flow.source,
            servers: vec![provenance.flow.destination],
            cseq: message.cseq().map(|c| c.number),
            calling: each_once(|add| numbers::calling(message, add)),
            called: each_once(|add| numbers::called(message, add)),
            diverted: each_once(|add| numbers::diverted(message, add)),
            session_id: message.session_id(),
            links: links(message, provenance),
            tokens: tokens(message),
            origids: origids(message),
            sdp_origin: sdp_origin(message.body()),
            media: media(message.body()).map(|parts| parts.map(String::from_utf8_lossy).join(" ")),
            final_response: None,
        })
    }

    /// Whether both were sent by the same element. Behind one address that talks to itself, the port counts as well.
    pub(super) fn same_client(&self, other: &Self) -> bool {
        self.client == other.client || (self.client.address == other.client.address && !self.is_local())
    }

    /// Whether an element that this leg went to is the one that the other comes from.
    pub(super) fn leads_to(&self, other: &Self) -> bool {
        self.servers
            .iter()
            .any(|server| *server == other.client || (server.address == other.client.address && !self.is_local()))
    }

    /// Whether both were sent to the same element.
    pub(super) fn same_server(&self, other: &Self) -> bool {
        self.servers.first().is_some_and(|server| other.servers.contains(server))
    }

    /// Several elements share the caller's address.
    fn is_local(&self) -> bool {
        self.servers.iter().any(|server| server.address == self.client.address)
    }

    /// Whether one of the two names the other: an equal link value, or a link value that is the other's Call-ID.
    pub fn names(&self, other: &Self) -> bool {
        let call_id = |leg: &Self, value: &String| value.as_bytes() == leg.call_id;
        self.links.iter().any(|v| other.links.contains(v) || call_id(other, v))
            || other.links.iter().any(|v| call_id(self, v))
    }
}

/// What a capture agent says belongs together, where that is not the Call-ID alone.
fn correlation(message: &Message, provenance: &Provenance) -> Option<String> {
    let value = provenance.carrier.as_ref()?.correlation.as_ref()?;
    (value.len() >= 4 && message.call_id() != Some(value.as_bytes())).then(|| value.clone())
}

/// Values that name the call across legs.
pub(super) fn links(message: &Message, provenance: &Provenance) -> Vec<String> {
    let has_others = message.has(HeaderName::Other);
    let named =
        LINK_HEADERS.iter().filter(|_| has_others).filter_map(|name| message.other(name).map(|v| v.trim().to_owned()));
    let links = named.chain(message.charging_id()).filter(|v| v.len() >= 4).take(MOST);
    links.chain(correlation(message, provenance)).collect()
}

/// The tokens of Identity values, as they are written.
pub(super) fn tokens(message: &Message) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut left = MOST;
    for field in message.headers(HeaderName::Identity) {
        for value in Identity::split_list(&field).take(left) {
            left -= 1;
            tokens.extend(value.split(';').next().filter(|token| token.len() > 64).map(str::to_owned));
        }
    }
    tokens
}

fn origids(message: &Message) -> Vec<String> {
    let claims = message.identities().iter().take(MOST).filter_map(|identity| identity.passport.claims.as_ref());
    claims.filter_map(|claims| claims.origid.clone()).filter(|id| id.len() >= 16).collect()
}

/// Users, each once.
fn each_once(read: impl FnOnce(&mut dyn FnMut(&str))) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    read(&mut |user| {
        if found.len() < MOST && !found.iter().any(|known| known == user) {
            found.push(user.to_owned());
        }
    });
    found
}

/// Session id and version of the last `o=` line. Constants of test tools and of lazy stacks (`o=- 0 0`) tell nothing.
fn sdp_origin(body: &[u8]) -> Option<String> {
    let origin = lines(body).filter_map(|(kind, value)| (kind == b'o').then_some(value)).last()?;
    let mut words = words(origin).skip(1);
    let (id, version) = words.next().zip(words.next()).filter(|(id, _)| id.len() >= 6)?;
    let pair = [id, version].map(String::from_utf8_lossy).join(" ");
    // That of sipp's built-in scenario is the same in every call.
    (pair != "53655765 2353687637").then_some(pair)
}

/// Address and port of the first media stream of SDP.
pub(super) fn media(body: &[u8]) -> Option<[&[u8]; 2]> {
    let (mut address, mut port) = (None, None);
    for (kind, value) in lines(body) {
        match kind {
            b'c' if address.is_none() => address = words(value).nth(2),
            b'm' if port.is_none() => port = words(value).nth(1).filter(|port| *port != b"0"),
            _ => {}
        }
        if address.is_some() && port.is_some() {
            break;
        }
    }
    Some([address.filter(|address| *address != b"0.0.0.0" && *address != b"::")?, port?])
}

/// Kind and value of each line.
fn lines(body: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = Some(body);
    let next = move || {
        let text = rest?;
        let end = memchr::memchr(b'\n', text);
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    };
    std::iter::from_fn(next).filter_map(|line| match line {
        [kind, b'=', value @ ..] => Some((*kind, value)),
        _ => None,
    })
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| matches!(b, b'\t'..=b'\r' | b' ')).filter(|word| !word.is_empty())
}
