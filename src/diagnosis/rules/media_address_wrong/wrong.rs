//! What is wrong with an address that a session description names.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::call::{Call, CapturedMessage, Outcome};
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::talk::{End, TALK, Talk};
use crate::media::{MediaStream, Spell};

/// Such an address.
#[derive(Debug)]
pub(super) struct Wrong<'a> {
    pub(super) talk: Talk<'a>,
    /// Whose address it is, and who should send to it.
    pub(super) deaf: End<'a>,
    pub(super) other: End<'a>,
    pub(super) kind: Kind<'a>,
}

/// Why nobody can send to it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// It is no address, or that of the sender itself; with the RTP of the other direction, if it was captured.
    Nowhere(Option<(&'a MediaStream, Spell)>),
    /// It is one of IPv4, and the other end has one of IPv6, or the other way round.
    OtherFamily,
    /// It is behind NAT: what is sent there, and what comes from there.
    Hidden { sent: (&'a MediaStream, Spell), own: &'a MediaStream },
}

impl<'a> Wrong<'a> {
    /// All of a talk. Of two ends of different families the one that answered is told of: it knew the address of the other.
    pub(super) fn all(call: &'a Call, talk: &Talk<'a>) -> Vec<Self> {
        let of = |(deaf, other): (End<'a>, End<'a>)| {
            let kind = Kind::of(call, talk, &deaf, &other)?;
            Some(Self { talk: *talk, deaf, other, kind })
        };
        talk.directions().into_iter().filter_map(of).collect()
    }

    /// Whether two are about the same address of one end.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.deaf.receives_at == other.deaf.receives_at
    }

    /// Whether it was seen nearer to the end that it is about.
    pub(super) fn is_nearer_than(&self, other: &Self) -> bool {
        if self.is_about_the_client() { self.talk.depth < other.talk.depth } else { self.talk.depth > other.talk.depth }
    }

    fn is_about_the_client(&self) -> bool {
        self.deaf.receives_at == self.talk.client.receives_at
    }
}

impl<'a> Kind<'a> {
    fn of(call: &'a Call, talk: &Talk<'a>, deaf: &End<'a>, other: &End<'a>) -> Option<Self> {
        if !deaf.is_one_host() {
            return Self::nowhere(call, talk, deaf, other);
        }
        if !other.is_one_host() {
            return None;
        }
        if deaf.receives_at.address.is_ipv4() != other.receives_at.address.is_ipv4() {
            let is_silent = talk.directions().iter().all(|(to, from)| !talk.is_heard(call, to, from));
            let is_the_answer = deaf.receives_at == talk.server.receives_at;
            return (is_silent
                && is_the_answer
                && !has_ice(other.description)
                && !names_alternatives(other.description))
            .then_some(Self::OtherFamily);
        }
        Self::hidden(call, talk, deaf, other)
    }

    fn nowhere(call: &'a Call, talk: &Talk<'a>, deaf: &End<'a>, other: &End<'a>) -> Option<Self> {
        let flow = deaf.description.provenance.flow;
        let is_wrong = match scope(deaf.receives_at.address) {
            Scope::Unspecified => !is_taken_back(call, deaf),
            // Two programs on one host may well use it.
            Scope::Loopback => {
                flow.source.address != flow.destination.address && !flow.destination.address.is_loopback()
            }
            _ => false,
        };
        // What goes to such an address from the host itself does not arrive.
        let comes = |stream: &MediaStream| stream.source == other.receives_at && stream.destination != deaf.receives_at;
        let is_heard = || {
            let from = call.media.iter().filter(|stream| stream.destination == other.receives_at);
            let sends_from: Vec<_> = from.map(|stream| stream.source).collect();
            let reaches = |stream: &&MediaStream| comes(stream) || sends_from.contains(&stream.destination);
            call.media.iter().filter(reaches).any(|stream| talk.has(stream))
        };
        let is_judged = is_wrong && !has_ice(deaf.description) && !is_heard();
        let towards = || talk.long_stream(call, |stream| stream.destination == other.receives_at);
        is_judged.then(|| Self::Nowhere(towards()))
    }

    /// What goes to the private address would be seen to come back from there as well if it could be reached: then it is no NAT.
    fn hidden(call: &'a Call, talk: &Talk<'a>, deaf: &End<'a>, other: &End<'a>) -> Option<Self> {
        let is_outside = |stream: &MediaStream, of: fn(&MediaStream) -> std::net::IpAddr| {
            matches!(scope(of(stream)), Scope::Public | Scope::Documentation)
        };
        let is_private = matches!(scope(deaf.receives_at.address), Scope::Private | Scope::Shared | Scope::LinkLocal);
        if !is_private || !matches!(scope(other.receives_at.address), Scope::Public | Scope::Documentation) {
            return None;
        }
        let to_deaf = |stream: &MediaStream| {
            stream.destination == deaf.receives_at && is_outside(stream, |stream| stream.source.address)
        };
        let sent = talk.long_stream(call, to_deaf)?;
        let mut own = call.media.iter().filter(|stream| stream.destination == other.receives_at && talk.has(stream));
        let (first, is_inside) = (own.clone().next()?, own.any(|stream| !is_outside(stream, |s| s.source.address)));
        let all = call.media.iter().filter(|stream| talk.has(stream));
        let is_latched = all.clone().any(|stream| {
            stream.source != other.receives_at
                && stream.destination == other.receives_at
                && all.clone().any(|back| back.destination == stream.source)
        });
        (!is_inside && !is_latched).then_some(Self::Hidden { sent, own: first })
    }
}

/// Whether the same end names another address in the call: before, as hold by 0.0.0.0 does, or later, when that ends.
fn is_taken_back(call: &Call, deaf: &End<'_>) -> bool {
    let (source, leg) = (deaf.description.provenance.flow.source.address, deaf.description.leg);
    let own = call
        .messages
        .iter()
        .filter(|m| m.leg == leg && m.provenance.flow.source.address == source && !m.message.body().is_empty());
    own.filter_map(|m| m.message.sdp()).any(|sdp| sdp.media.iter().any(|media| sdp.receives_at(media).is_some()))
}

/// Whether a description names credentials of ICE (RFC 8839 §5.4), which finds other addresses than those of the description.
fn has_ice(description: &CapturedMessage) -> bool {
    memchr::memmem::find(description.message.body(), b"a=ice-ufrag").is_some()
}

/// Whether an offer names further addresses, of which the answer may take one: `a=altc` (RFC 6947), `a=ccap` (RFC 7006).
fn names_alternatives(description: &CapturedMessage) -> bool {
    let body = description.message.body();
    [&b"a=altc:"[..], b"a=ccap:"].iter().any(|name| memchr::memmem::find(body, name).is_some())
}

/// What stands in front of an address.
static CONNECTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("c=IN IP"));

/// Whether an answered call lasted and its descriptions name an address that nobody else can send to, or addresses of both families.
pub(in crate::diagnosis) fn names_an_odd_address(call: &Call) -> bool {
    if call.outcome != Outcome::Answered || call.end.since(call.start) < TALK {
        return false;
    }
    let mut families = [false; 2];
    // What a host tells itself it can reach, whatever address it names.
    let leaves = |captured: &&CapturedMessage| {
        let flow = &captured.provenance.flow;
        flow.source.address != flow.destination.address
    };
    let bodies = call.messages.iter().filter(leaves).map(|captured| captured.message.body());
    let bodies = bodies.filter(|body| !body.is_empty());
    for body in bodies {
        for at in CONNECTION.find_iter(body) {
            let Some([family, b' ', address @ ..]) = body.get(at + CONNECTION.needle().len()..) else { continue };
            if is_nowhere(address) {
                return true;
            }
            let [v4, v6] = &mut families;
            *if *family == b'6' { v6 } else { v4 } = true;
        }
    }
    families == [true; 2]
}

/// Whether a text begins with an address that names no host, or the one that sends.
fn is_nowhere(text: &[u8]) -> bool {
    let follows = |octet: Option<&u8>| octet.is_none_or(|octet| !octet.is_ascii_hexdigit() && *octet != b':');
    text.starts_with(b"0.")
        || text.starts_with(b"127.")
        || match text {
            [b':', b':', b'1', rest @ ..] | [b':', b':', rest @ ..] => follows(rest.first()),
            _ => false,
        }
}
