//! What is remembered of a leg to tell which other legs belong to it.

use std::sync::Arc;

use super::marks::{self, Mark, Marks};
use crate::provenance::{Endpoint, Provenance, Timestamp};
use crate::sip::{HeaderName, Message, Method, NameAddr, Params, Parties, StatusCode, Uri, params};

/// Values of one kind that are kept of a leg.
const MOST: usize = 8;
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
    /// From, To, and Request-URI.
    pub parties: Arc<Parties>,
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
    /// Hashes of all that.
    pub(in crate::call) marks: Marks,
}

impl LegSummary {
    /// Summarises a leg by a message that begins one, which is an INVITE outside of a dialog; `None` for all others.
    pub fn of_first(message: &Message, provenance: &Provenance) -> Option<Self> {
        let begins = message.is_request() && message.method() == Some(&Method::Invite) && message.to_tag().is_none();
        begins.then(|| Self::of(message, provenance)).flatten()
    }

    /// Summarises a leg by its first request; `None` for responses and for messages without Call-ID.
    pub fn of(message: &Message, provenance: &Provenance) -> Option<Self> {
        if !message.is_request() {
            return None;
        }
        let parties = message.parties().clone();
        let uris = [parties.target.as_ref(), parties.to.as_ref().map(|to| &to.uri)];
        let (sdp_origin, media) = sdp(message.body());
        let (tokens, origids) = identities(message);
        let mut summary = Self {
            call_id: message.call_id()?.to_vec(),
            method: message.method()?.clone(),
            start: provenance.time,
            client: provenance.flow.source,
            servers: vec![provenance.flow.destination],
            cseq: message.cseq().map(|c| c.number),
            calling: calling(message, parties.from.as_ref().map(|from| &from.uri)),
            called: users(uris.into_iter().flatten()),
            diverted: diverted(message),
            session_id: session_id(message),
            links: links(message).into_iter().chain(correlation(message, provenance)).collect(),
            tokens,
            origids,
            parties,
            sdp_origin,
            media,
            final_response: None,
            marks: Marks::default(),
        };
        summary.marks = summary.marks();
        Some(summary)
    }

    fn marks(&self) -> Marks {
        let mut common: Vec<u64> = self.called.iter().map(|n| marks::number(n)).collect();
        common.extend(self.session_id.iter().map(|s| Mark::Session(s).hash()));
        common.extend(self.links.iter().map(|l| Mark::Name(l.as_bytes()).hash()));
        common.push(Mark::Name(&self.call_id).hash());
        common.extend(self.tokens.iter().map(|t| Mark::Token(t).hash()));
        common.extend(self.media.iter().map(|m| Mark::Media(m).hash()));
        common.extend(self.call_id.get(..16).map(|start| Mark::CallIdStart(start).hash()));
        common.sort_unstable();
        common.dedup();
        Marks {
            common,
            diverted: self.diverted.iter().map(|n| marks::number(n)).collect(),
            callers: self.calling.iter().map(|n| marks::caller(n)).collect(),
        }
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

    /// Takes in the same request on another hop, or sent again; `false` if it is another request.
    pub(in crate::call) fn extend(&mut self, other: &Self) -> bool {
        let same = self.cseq == other.cseq && self.call_id == other.call_id;
        for server in other.servers.iter().filter(|_| same) {
            if !self.servers.contains(server) && self.servers.len() < MOST {
                self.servers.push(*server);
            }
        }
        same
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

/// User parts for comparison, each once; what says nothing is left out.
fn users<'a>(uris: impl Iterator<Item = &'a Uri>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for user in uris.filter_map(Uri::effective_user) {
        let withheld =
            || ["anonymous", "unknown", "restricted", "unavailable"].iter().any(|w| user.eq_ignore_ascii_case(w));
        if !user.is_empty() && !withheld() && !found.contains(&user) && found.len() < MOST {
            // As a rule there is one.
            found.reserve_exact(1);
            found.push(user);
        }
    }
    found
}

fn calling(message: &Message, from: Option<&Uri>) -> Vec<String> {
    let mut asserted: Vec<NameAddr> = Vec::new();
    if message.has(HeaderName::PAssertedIdentity) {
        let values = message.values(HeaderName::PAssertedIdentity);
        asserted.extend(values.iter().take(MOST).filter_map(|v| NameAddr::read(v)));
    }
    users(from.into_iter().chain(asserted.iter().map(|a| &a.uri)).filter(|uri| uri.host != "anonymous.invalid"))
}

fn diverted(message: &Message) -> Vec<String> {
    if !message.has(HeaderName::Diversion) && !message.has(HeaderName::HistoryInfo) {
        return Vec::new();
    }
    let values = [HeaderName::Diversion, HeaderName::HistoryInfo].map(|name| message.values(name)).concat();
    let all: Vec<NameAddr> = values.iter().take(2 * MOST).filter_map(|v| NameAddr::read(v)).collect();
    users(all.iter().map(|a| &a.uri))
}

/// The local UUID in lower case; the null UUID is none.
fn session_id(message: &Message) -> Option<String> {
    let value = message.header(HeaderName::SessionId)?;
    let uuid = params::split(&value, ';').first()?.to_ascii_lowercase();
    let usable = uuid.len() == 32 && uuid.chars().all(|c| c.is_ascii_hexdigit()) && uuid.chars().any(|c| c != '0');
    usable.then_some(uuid)
}

/// What a capture agent says belongs together, where that is not the Call-ID alone.
fn correlation(message: &Message, provenance: &Provenance) -> Option<String> {
    let value = provenance.carrier.as_ref()?.correlation.as_ref()?;
    (value.len() >= 4 && message.call_id() != Some(value.as_bytes())).then(|| value.clone())
}

fn links(message: &Message) -> Vec<String> {
    let charging = message
        .header(HeaderName::PChargingVector)
        .and_then(|v| Params::read(&v).value("icid-value").map(str::to_owned));
    let has_others = message.has(HeaderName::Other);
    let named =
        LINK_HEADERS.iter().filter(|_| has_others).filter_map(|name| message.other(name).map(|v| v.trim().to_owned()));
    named.chain(charging).filter(|v| v.len() >= 4).take(MOST).collect()
}

fn identities(message: &Message) -> (Vec<String>, Vec<String>) {
    let (mut tokens, mut origids) = (Vec::new(), Vec::new());
    for identity in message.identities().iter().take(MOST) {
        tokens.extend(identity.raw.split(';').next().filter(|t| t.len() > 64).map(str::to_owned));
        let claims = identity.passport.claims.as_ref();
        origids.extend(claims.and_then(|c| c.origid.clone()).filter(|id| id.len() >= 16));
    }
    (tokens, origids)
}

/// Session id and version of `o=`, and address and port of the first stream. Constants of test tools and of lazy stacks
/// (`o=- 0 0`) tell nothing.
fn sdp(body: &[u8]) -> (Option<String>, Option<String>) {
    let (mut origin, mut address, mut port) = (None, None, None);
    for line in body.split(|b| *b == b'\n') {
        let [kind, b'=', value @ ..] = line else { continue };
        match kind {
            b'o' => {
                let text = String::from_utf8_lossy(value);
                let mut words = text.split_whitespace().skip(1);
                let pair = words.next().zip(words.next()).filter(|(id, _)| id.len() >= 6);
                origin = pair.map(|(id, version)| [id, " ", version].concat());
            }
            b'c' if address.is_none() => {
                address = String::from_utf8_lossy(value).split_whitespace().nth(2).map(str::to_owned);
            }
            b'm' if port.is_none() => {
                let text = String::from_utf8_lossy(value);
                port = text.split_whitespace().nth(1).filter(|p| *p != "0").map(str::to_owned);
            }
            _ => {}
        }
    }
    let silent = |a: &String| a != "0.0.0.0" && a != "::";
    let media = address.filter(silent).zip(port).map(|(address, port)| [address.as_str(), " ", &port].concat());
    // The o= line of sipp's built-in scenario, the same in every call.
    (origin.filter(|o| o != "53655765 2353687637"), media)
}
