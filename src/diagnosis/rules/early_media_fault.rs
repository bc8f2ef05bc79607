//! Early media that a 183 announces and that nobody sends: the caller hears nothing until the answer.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::talk::{Talk, first_of};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::limits::MEDIA_SPELLS;
use crate::media::{MediaStream, Spell};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::sdp::Direction;
use crate::sip::{Method, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "early-media-fault",
    summary: "A 183 with a session description announces early media, and no RTP comes before the answer.",
    severity: Severity::Warning,
    references: &["RFC 3960 §3.2", "RFC 3960 §4", "RFC 5009", "RFC 3261 §13.2.1"],
    explanation: Explanation {
        what_it_means: "With a session description in 183 the called side opens the audio before the answer, so that it can play ringback or an announcement \
            itself. Here the 183 came three seconds or more before the answer, no 180 behind it asked the telephone to ring by itself, and not one RTP packet \
            to where the caller receives was captured in that time, while the capture shows the same direction of the same call from the answer on.",
        why_it_matters: "Many telephones stop their own ringback when a session description comes, or do not begin it: who calls hears silence, takes the line for dead, and hangs \
            up.",
        likely_causes: "- A gateway or exchange sends 183 in place of 180, and has nothing to play.\n\
            - A relay in the way (border controller, RTP proxy) opens the way for media only with the 200, or waits for the first packet of the caller, which sends none before \
            the answer.\n\
            - A firewall lets RTP in only when the inside has sent some.",
        how_to_fix: "- Let the called side send 180 without a session description where it has nothing to play: the telephone then rings by itself.\n\
            - Else let it send RTP from its 183 on.\n\
            - Let relays and firewalls open the way for media with the first session description.\n\
            - Where the caller's device can do so, let it send RTP, or ring by itself, until early media come (RFC 3960 §3.2).",
        how_to_confirm: "In the next call RTP to the caller begins right behind the 183, or a 180 comes in its place.",
        when_this_is_wrong: "- Telephones that ring by themselves until RTP comes (RFC 3960 §3.2) hide this: nobody hears silence then.\n\
            - A 180 behind the 183 lets them ring, and P-Early-Media may say that no media come: neither is told.\n\
            - A called side that sends no packets in silence, and is silent for seconds before the answer, looks the same.\n\
            - RTP by another way than the one that was captured is not seen: that of the same direction behind the answer has to be there.\n\
            - Forked calls with several early dialogs are not judged.",
    },
    detect: Detect::Given(Facts::MEDIA, detect),
};

/// Between 183 and answer: a called side may need a moment to begin.
const WAIT: Duration = Duration::from_secs(3);

/// Session Progress.
const PROGRESS: StatusCode = StatusCode(183);

/// Such a call at one hop.
struct Silent<'a> {
    talk: Talk<'a>,
    announcing: &'a CapturedMessage,
    stream: &'a MediaStream,
    spell: Spell,
    /// Whether the caller sent none either.
    is_mute: bool,
}

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let is_early = |m: &CapturedMessage| m.message.status() == Some(PROGRESS);
    if !call.messages.iter().any(is_early) || cx.lossy() {
        return;
    }
    let silent = Talk::all(call).into_iter().filter(|talk| talk.is_first).filter_map(|talk| Silent::of(call, talk));
    // Of several hops the caller's.
    out.extend(silent.min_by_key(|silent| silent.talk.depth).map(|silent| silent.finding()));
}

impl<'a> Silent<'a> {
    fn of(call: &'a Call, talk: Talk<'a>) -> Option<Self> {
        let is_it = |t: &&Transaction| {
            let answered = || t.finals.first().and_then(|f| call.time(f.message));
            t.method == Method::Invite && !t.in_dialog && t.leg == talk.depth.0 && answered() == Some(talk.from)
        };
        let invite = call.transactions.iter().find(is_it)?;
        let announcing = announcing(call, invite)?;
        let since = announcing.provenance.time;
        let to_caller = |stream: &MediaStream| stream.destination == talk.client.receives_at;
        let (stream, spell) = talk.long_stream(call, to_caller)?;
        let is_silent = talk.from.since(since) >= WAIT && !comes(call, talk.client.receives_at, &talk, since)?;
        let is_mute = !comes(call, talk.server.receives_at, &talk, since)?;
        is_silent.then_some(Self { talk, announcing, stream, spell, is_mute })
    }

    fn finding(&self) -> Finding {
        let Self { talk, announcing, stream, spell, is_mute } = self;
        let server = announcing.provenance.flow.source;
        let wait = span(talk.from.since(announcing.provenance.time));
        let text = Text::new(
            "{server} announced early media: its 183 with a session description came {wait} before the answer, and no RTP packet to {place} was captured until then; the first one came {after} \
             behind the answer. Many telephones do not ring by themselves behind such a 183: who calls hears nothing.",
        )
        .with("server", server)
        .with("wait", wait)
        .with("place", talk.client.receives_at)
        .with("after", span(spell.start.since(talk.from)));
        let mute = is_mute.then(|| {
            Text::new("The caller sent none to {place} in that time either; a relay that waits for its first packet sends nothing before.")
                .with("place", talk.server.receives_at)
        });
        Finding::new(
            &RULE,
            Certainty::Strong,
            with_reason(text, mute),
            Evidence::of(announcing, "announces early media"),
        )
        .evidence([Evidence::of(talk.server.description, "the session description of the called side")])
        .evidence([first_of(stream, *spell)])
        .actor(Actor::sender(announcing, "operator of the called side, and of the relay in front of it"))
        .fix(
            Text::new("Let {server} send 180 without a session description where it has nothing to play, so that the telephone rings by itself; else let it send RTP from its 183 on.")
                .with("server", server),
        )
        .fix("Let relays and firewalls on the way open the way for media with the first session description, not with the 200.")
        .verify("In the next call RTP to the caller begins right behind the 183, or a 180 comes in its place.")
    }
}

/// The 183 by which the only early dialog of an INVITE announces early media, and behind which nothing lets the telephone ring.
fn announcing<'a>(call: &'a Call, invite: &Transaction) -> Option<&'a CapturedMessage> {
    let answer = call.message(invite.finals.first()?.message)?;
    let early = invite.provisionals.iter().filter_map(|id| call.message(*id));
    let early: Vec<_> = early.filter(|m| m.message.status() != Some(StatusCode(100))).collect();
    if early.iter().any(|m| m.message.to_tag() != answer.message.to_tag()) {
        return None;
    }
    let at = early.iter().position(|m| m.message.status() == Some(PROGRESS) && sends(m))?;
    let rings = |m: &&CapturedMessage| m.message.status() != Some(PROGRESS);
    let is_gated = |m: &&CapturedMessage| m.message.other("P-Early-Media").is_some();
    let (announcing, behind) = early.get(at..)?.split_first()?;
    (!behind.iter().any(rings) && !early.iter().any(is_gated)).then_some(*announcing)
}

/// Whether a description says that audio is sent.
fn sends(message: &CapturedMessage) -> bool {
    message.message.sdp().is_some_and(|sdp| {
        let mut audio = sdp.media.iter().filter(|media| media.kind.eq_ignore_ascii_case("audio"));
        audio.any(|media| {
            sdp.announced_at(media).is_some_and(|place| !place.address.is_unspecified())
                && matches!(sdp.direction_of(media), Direction::SendReceive | Direction::SendOnly)
        })
    })
}

/// Whether a packet to a place came between then and the answer; `None` where beginnings of streams are not all known.
fn comes(call: &Call, place: Endpoint, talk: &Talk<'_>, since: Timestamp) -> Option<bool> {
    let mut streams = call.media.iter().filter(|stream| stream.destination == place);
    if streams.clone().any(|stream| stream.spells.len() >= MEDIA_SPELLS) {
        return None;
    }
    Some(streams.any(|stream| stream.spells.iter().any(|spell| spell.meets(since, talk.from))))
}

#[cfg(test)]
mod tests;
