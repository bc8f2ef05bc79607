//! Spans of a call in which two ends have agreed to send audio to one another.

use std::net::IpAddr;

use crate::call::{Call, CapturedMessage, MessageId, Transaction, TransactionId};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::sdp::{Direction, Media};
use crate::sip::{Method, Sdp};

/// Such a span at one hop.
#[derive(Debug)]
pub(super) struct Talk<'a> {
    /// Who sent the INVITE.
    pub(super) client: End<'a>,
    /// Who answered it.
    pub(super) server: End<'a>,
    /// How far it is from the caller: its leg, and the hop of that.
    pub(super) depth: (usize, usize),
    /// When the answer came.
    pub(super) from: Timestamp,
    /// When the call ended, or the next offer was made, or nobody looked any more.
    pub(super) until: Timestamp,
}

/// One of the two.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    /// Its description of the session.
    pub(super) description: &'a CapturedMessage,
    /// Where it says that it receives audio.
    pub(super) receives_at: Endpoint,
    /// Where it sends SIP from.
    pub(super) host: IpAddr,
}

impl<'a> Talk<'a> {
    /// All of a call. An INVITE with several answers, or whose answer is not known, is left out, and so is ICE (RFC 8445), which may choose other
    /// addresses than the descriptions name.
    pub(super) fn all(call: &'a Call) -> impl Iterator<Item = Self> {
        let invites = call.transactions.iter().enumerate().filter(|(_, t)| t.method == Method::Invite);
        invites.filter_map(|(at, invite)| Self::of(call, TransactionId(at), invite))
    }

    fn of(call: &'a Call, id: TransactionId, invite: &'a Transaction) -> Option<Self> {
        let [last] = invite.finals.as_slice() else { return None };
        let (request, answer) = (call.message(invite.request?)?, call.message(last.message)?);
        if !last.status.is_success() {
            return None;
        }
        let described = |id: MessageId| call.message(id).and_then(|m| Some((m, m.message.sdp()?)));
        let acks = || invite.acks.iter().copied().find_map(described);
        // In front of the 2xx a reliable provisional response may have it (RFC 3262 §5); the 2xx has it as well, or nothing.
        let provisionals = || invite.provisionals.iter().rev().copied().find_map(described);
        let (offer, reply) = match (described(invite.request?), described(last.message)) {
            (Some(offer), reply) => (offer, reply.or_else(provisionals)?),
            // An offer in the 2xx is answered in the ACK (RFC 3264 §5, RFC 3261 §13.2.1).
            (None, Some(offer)) => (acks()?, offer),
            (None, None) => return None,
        };
        let [client, server] = audio(&offer.1, &reply.1)?;
        let from = answer.provenance.time;
        Some(Self {
            client: End { description: offer.0, receives_at: client, host: request.provenance.flow.source.address },
            server: End { description: reply.0, receives_at: server, host: answer.provenance.flow.source.address },
            depth: (invite.leg, call.depth(id)),
            from,
            until: until(call, id, invite, from),
        })
    }

    /// Its two directions: the end that receives, and the one that sends.
    pub(super) fn directions(&self) -> [(End<'a>, End<'a>); 2] {
        [(self.client, self.server), (self.server, self.client)]
    }
}

/// Where both ends receive the first audio that both want to send and to receive.
fn audio(offer: &Sdp, reply: &Sdp) -> Option<[Endpoint; 2]> {
    let both = |sdp: &Sdp, media: &Media| {
        let is_rtp = media.protocol.to_ascii_uppercase().contains("RTP/");
        media.kind.eq_ignore_ascii_case("audio") && is_rtp && sdp.direction_of(media) == Direction::SendReceive
    };
    let is_chosen_by_ice = |a: &Media, b: &Media| !a.candidates.is_empty() && !b.candidates.is_empty();
    // Sections belong together by their order (RFC 3264 §6).
    let mut pairs = offer.media.iter().zip(&reply.media).filter(|(a, b)| both(offer, a) && both(reply, b));
    let (a, b) = pairs.find(|(a, b)| !is_chosen_by_ice(a, b))?;
    let ends = [offer.receives_at(a)?, reply.receives_at(b)?];
    let is_one_host = |end: &Endpoint| !end.address.is_multicast() && !end.address.is_loopback();
    (ends[0] != ends[1] && ends.iter().all(is_one_host)).then_some(ends)
}

/// Until when it holds: a BYE or a further offer ends it, at whatever hop of the leg that is seen first.
fn until(call: &Call, id: TransactionId, invite: &Transaction, from: Timestamp) -> Timestamp {
    let name = |id| Some((call.cseq_number(id)?, call.request(id)?.message.from_tag()));
    // The same INVITE at another hop is no further offer.
    let is_other = |(at, t): &(usize, &Transaction)| t.method != Method::Invite || name(TransactionId(*at)) != name(id);
    let ends = |t: &Transaction| matches!(t.method, Method::Bye | Method::Invite | Method::Update);
    let later = call.transactions.iter().enumerate();
    let later = later.filter(|(_, t)| t.leg == invite.leg && t.in_dialog && t.start > from && ends(t)).filter(is_other);
    later.map(|(_, t)| t.start).min().unwrap_or(call.observed_until)
}
