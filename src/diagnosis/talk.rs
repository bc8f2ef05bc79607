//! Spans of a call in which two ends have agreed to send audio to one another, and what of it was captured.

use std::time::Duration;

use super::{Evidence, Text};
use crate::call::{Call, CapturedMessage, MessageId, Transaction, TransactionId};
use crate::media::{MediaStream, Spell};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::sdp::{Direction, Media};
use crate::sip::{Method, Sdp};

/// Shorter talks are not judged: who answers may need a moment, and so may a relay.
pub(super) const TALK: Duration = Duration::from_secs(8);
/// For so long a stream has to be there.
const HEARD: Duration = Duration::from_secs(5);
/// And with so many packets: what sends once in a while, as to keep a way through NAT open, is no speech.
const PACKETS: u64 = 100;

/// Such a span at one hop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk<'a> {
    /// Who sent the INVITE.
    pub(super) client: End<'a>,
    /// Who answered it.
    pub(super) server: End<'a>,
    /// How far it is from the caller: its leg, and the hop of that.
    pub(super) depth: (usize, usize),
    /// Whether the INVITE began the dialog.
    pub(super) is_first: bool,
    /// When the answer came: the first one of those that agreed on the same again, as to refresh the session.
    pub(super) from: Timestamp,
    /// When the call ended, or the next offer was made, or nobody looked any more.
    pub(super) until: Timestamp,
}

/// One of the two.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    /// Its description of the session.
    pub(super) description: &'a CapturedMessage,
    /// Where it says that it receives audio, which may be no address of a host, or its own loopback address.
    pub(super) receives_at: Endpoint,
}

impl<'a> Talk<'a> {
    /// All of a call. An INVITE with several answers, or whose answer is not known, is left out, and so is ICE (RFC 8445), which may choose other
    /// addresses than the descriptions name.
    pub(super) fn all(call: &'a Call) -> Vec<Self> {
        let invites = call.transactions.iter().enumerate().filter(|(_, t)| t.method == Method::Invite);
        let talks = invites.filter_map(|(at, invite)| Some((at, Self::of(call, TransactionId(at), invite)?)));
        let mut talks: Vec<(usize, Self)> = talks.collect();
        talks.sort_by_key(|(_, talk)| talk.from);
        // Each may go on with an earlier one, which may do so itself.
        for later in 1..talks.len() {
            let (before, behind) = talks.split_at_mut(later);
            let Some((at, talk)) = behind.first_mut() else { break };
            let offered = offered(call, TransactionId(*at));
            let goes_on = |earlier: &&(usize, Self)| earlier.1.until == offered && earlier.1.is_between_those_of(talk);
            talk.from = before.iter().find(goes_on).map_or(talk.from, |(_, earlier)| earlier.from);
        }
        talks.into_iter().map(|(_, talk)| talk).collect()
    }

    /// Whether two have the same ends, whoever of them made the offer.
    fn is_between_those_of(&self, other: &Self) -> bool {
        let ends = |talk: &Self| [talk.client.receives_at, talk.server.receives_at];
        let [one, two] = ends(other);
        self.depth.0 == other.depth.0 && (ends(self) == [one, two] || ends(self) == [two, one])
    }

    fn of(call: &'a Call, id: TransactionId, invite: &'a Transaction) -> Option<Self> {
        let [last] = invite.finals.as_slice() else { return None };
        let answer = call.message(last.message)?;
        let from = answer.provenance.time;
        if !last.status.is_success() || is_replaced(call, invite, from) {
            return None;
        }
        let described = |id: MessageId| call.message(id).and_then(|m| Some((m, m.message.sdp()?)));
        let acks = || invite.acks.iter().copied().find_map(described);
        // In front of the 2xx a reliable provisional response may have it (RFC 3262 §5); the 2xx has it as well, or nothing.
        let provisionals = || {
            let of_answer = |(m, _): &(&CapturedMessage, Sdp)| m.message.to_tag() == answer.message.to_tag();
            invite.provisionals.iter().rev().copied().filter_map(described).find(of_answer)
        };
        let (offer, reply) = match (described(invite.request?), described(last.message)) {
            (Some(offer), reply) => (offer, reply.or_else(provisionals)?),
            // An offer in the 2xx is answered in the ACK (RFC 3264 §5, RFC 3261 §13.2.1).
            (None, Some(offer)) => (acks()?, offer),
            (None, None) => return None,
        };
        let [client, server] = audio(&offer.1, &reply.1)?;
        Some(Self {
            client: End { description: offer.0, receives_at: client },
            server: End { description: reply.0, receives_at: server },
            depth: (invite.leg, call.depth(id)),
            is_first: !invite.in_dialog,
            from,
            until: until(call, id, invite, from),
        })
    }

    /// Its two directions: the end that receives, and the one that sends.
    pub(super) fn directions(&self) -> [(End<'a>, End<'a>); 2] {
        [(self.client, self.server), (self.server, self.client)]
    }

    /// How long it lasted.
    pub(super) fn took(&self) -> Duration {
        self.until.since(self.from)
    }

    /// How long a spell lasts within it.
    pub(super) fn overlap(&self, spell: &Spell) -> Duration {
        spell.end.min(self.until).since(spell.start.max(self.from))
    }

    /// Whether any packet of a direction was captured: to where the receiver wants it, from where the sender receives, or to where the
    /// receiver sends from.
    pub(super) fn is_heard(&self, call: &Call, to: &End<'_>, from: &End<'_>) -> bool {
        let sends_from = |place: Endpoint| {
            call.media.iter().any(|stream| stream.source == place && stream.destination == from.receives_at)
        };
        let is_it = |stream: &&MediaStream| {
            stream.destination == to.receives_at || stream.source == from.receives_at || sends_from(stream.destination)
        };
        call.media.iter().filter(is_it).any(|stream| self.has(stream))
    }

    /// Whether packets of a stream came in it.
    pub(super) fn has(&self, stream: &MediaStream) -> bool {
        stream.spells.iter().any(|spell| spell.meets(self.from, self.until))
    }

    /// The stream that lasts longest of those that go on for so long, and with so many packets, that somebody may have been talking; and its
    /// longest spell.
    pub(super) fn long_stream<'c>(
        &self,
        call: &'c Call,
        wanted: impl Fn(&MediaStream) -> bool,
    ) -> Option<(&'c MediaStream, Spell)> {
        let wanted = call.media.iter().filter(|stream| wanted(stream));
        let spells = wanted.flat_map(|stream| stream.spells.iter().map(move |spell| (stream, *spell)));
        let long = spells.filter(|(_, spell)| spell.packets >= PACKETS && self.overlap(spell) >= HEARD);
        long.max_by_key(|(_, spell)| self.overlap(spell))
    }
}

impl End<'_> {
    /// Whether it names one host that others may reach.
    pub(super) fn is_one_host(&self) -> bool {
        let address = self.receives_at.address;
        !address.is_multicast() && !address.is_loopback() && !address.is_unspecified()
    }
}

/// Cites the first packet of a spell.
pub(super) fn first_of(stream: &MediaStream, spell: Spell) -> Evidence {
    Evidence {
        frame: spell.first,
        time: spell.start,
        source: stream.source,
        destination: stream.destination,
        what: Text::new("the first of {packets} RTP packets").with("packets", spell.packets),
        text: String::new().into(),
    }
}

/// Where both ends say that they receive the first audio that both want to send and to receive.
fn audio(offer: &Sdp, reply: &Sdp) -> Option<[Endpoint; 2]> {
    let both = |sdp: &Sdp, media: &Media| {
        // Over TCP (RFC 4571) RTP is not looked at.
        let protocol = media.protocol.to_ascii_uppercase();
        let is_rtp = protocol.starts_with("RTP/") || protocol.starts_with("UDP/") && protocol.contains("RTP/");
        media.kind.eq_ignore_ascii_case("audio") && is_rtp && sdp.direction_of(media) == Direction::SendReceive
    };
    let is_chosen_by_ice = |a: &Media, b: &Media| !a.candidates.is_empty() && !b.candidates.is_empty();
    // Sections belong together by their order (RFC 3264 §6).
    let mut pairs = offer.media.iter().zip(&reply.media).filter(|(a, b)| both(offer, a) && both(reply, b));
    // One that was refused has port 0, as where SRTP and RTP were offered in two sections.
    let open = |(a, b): (&Media, &Media)| Some([offer.announced_at(a)?, reply.announced_at(b)?]);
    let ends = pairs.find_map(|pair| open(pair).filter(|_| !is_chosen_by_ice(pair.0, pair.1)))?;
    (ends[0] != ends[1]).then_some(ends)
}

/// Whether a further offer was made before the answer (RFC 3311 §5.1, RFC 3262 §5).
fn is_replaced(call: &Call, invite: &Transaction, answered: Timestamp) -> bool {
    let early = call.transactions.iter().filter(|t| {
        t.leg == invite.leg
            && matches!(t.method, Method::Update | Method::Prack)
            && (invite.start..=answered).contains(&t.start)
    });
    early.filter_map(|t| call.message(t.request?)).any(|m| m.message.sdp().is_some())
}

/// When the offer of an INVITE was made: at the hop at which that was seen first.
fn offered(call: &Call, id: TransactionId) -> Timestamp {
    let invite = call.transaction(id);
    let all = call.transactions.iter().enumerate().filter(|(at, t)| {
        t.method == Method::Invite
            && invite.is_some_and(|i| i.leg == t.leg)
            && name(call, TransactionId(*at)) == name(call, id)
    });
    all.map(|(_, t)| t.start).min().unwrap_or_default()
}

/// What an INVITE has in common with itself at another hop.
fn name(call: &Call, id: TransactionId) -> Option<(u32, Option<&[u8]>)> {
    Some((call.cseq_number(id)?, call.request(id)?.message.from_tag()))
}

/// Until when it holds: a BYE or a further offer ends it, at whatever hop of the leg that is seen first.
fn until(call: &Call, id: TransactionId, invite: &Transaction, from: Timestamp) -> Timestamp {
    // The same INVITE at another hop is no further offer.
    let is_other = |(at, t): &(usize, &Transaction)| {
        t.method != Method::Invite || name(call, TransactionId(*at)) != name(call, id)
    };
    let ends = |t: &Transaction| matches!(t.method, Method::Bye | Method::Invite | Method::Update);
    let later = call.transactions.iter().enumerate();
    let later = later.filter(|(_, t)| t.leg == invite.leg && t.in_dialog && t.start > from && ends(t)).filter(is_other);
    later.map(|(_, t)| t.start).min().unwrap_or(call.observed_until)
}
