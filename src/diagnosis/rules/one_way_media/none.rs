//! Answered calls of which no RTP was captured at all, by a tap that sees RTP of their hosts.

use std::time::Duration;

use super::{RULE, described};
use crate::call::Call;
use crate::diagnosis::talk::{Talk, first_of};
use crate::diagnosis::{Actor, Certainty, Finding, Text};
use crate::lang::span;
use crate::media::{MediaStream, Spell};

/// Shorter talks are not judged.
const TALK: Duration = Duration::from_secs(10);
/// So many packets of others show that the capture sees media there: single ones may keep a way open.
const PACKETS: u64 = 10;

/// The finding about a call, if it has such a talk.
pub(super) fn finding(call: &Call, talks: &[Talk<'_>]) -> Option<Finding> {
    if call.media_elsewhere.is_empty() {
        return None;
    }
    talks.iter().find_map(|talk| Some(said(talk, &others(call, talk)?)))
}

/// RTP of the hosts of a talk meanwhile that makes it likely that theirs would be in the capture: between the same two, or of one of them with two others.
/// At a server in the middle the tap would see that of each telephone with the server, and not what two of them send to one another.
fn others<'a>(call: &'a Call, talk: &Talk<'_>) -> Option<Vec<&'a MediaStream>> {
    let hosts = [talk.client.receives_at.address, talk.server.receives_at.address];
    let is_judged =
        talk.took() >= TALK && talk.client.is_one_host() && talk.server.is_one_host() && hosts[0] != hosts[1];
    if !is_judged {
        return None;
    }
    // What stands in another file may have been captured elsewhere, where the media of this call do not pass.
    let files = [&talk.client, &talk.server].map(|end| end.description.provenance.frame.file);
    let is_seen_here = |spell: &Spell| {
        spell.packets >= PACKETS && spell.meets(talk.from, talk.until) && files.contains(&spell.first.file)
    };
    let meanwhile = || call.media_elsewhere.iter().filter(|stream| stream.spells.iter().any(is_seen_here));
    if let Some(between) = meanwhile().find(|stream| hosts.iter().all(|host| stream.is_of(*host))) {
        return Some(vec![between]);
    }
    let of = |host| -> Vec<_> { meanwhile().filter(|stream| stream.is_of(host)).take(2).collect() };
    hosts.into_iter().map(of).find(|streams| streams.len() == 2)
}

fn said(talk: &Talk<'_>, others: &[&MediaStream]) -> Finding {
    let streams = others.iter().map(|stream| {
        Text::new("{source} to {destination}").with("source", stream.source).with("destination", stream.destination)
    });
    let text = Text::new(
        "No audio: both ends agreed to send and to receive, and over {talked} not one RTP packet from or to {client} or {server} was captured. The capture does \
         hold other RTP of these hosts meanwhile: {others}.",
    );
    let text = text
        .with("talked", span(talk.took()))
        .with("client", talk.client.receives_at)
        .with("server", talk.server.receives_at)
        .with("others", Text::list(", ", streams));
    let first = |stream: &&MediaStream| stream.spells.first().map(|spell| first_of(stream, *spell));
    let named = "names the address that audio is to be sent to";
    Finding::new(&RULE, Certainty::Strong, text, described(&talk.client, named))
        .evidence([described(&talk.server, named)])
        .evidence(others.iter().filter_map(first))
        .actor(Actor::role("operators of both ends, and of what relays media between them"))
        .fix(
            Text::new("See at each end whether it sends RTP to the other ({client} and {server}): where it does, look for the firewall or NAT that drops it; where \
                       it does not, whether its audio is set up at all (a missing announcement, no port left for media, a media server that does not run).")
                .with("client", talk.client.receives_at)
                .with("server", talk.server.receives_at),
        )
        .fix("Make sure that the capture sees the media of this call: another way, or addresses that change on it, look the same.")
        .verify(
            Text::new("Call again: RTP packets go to {client} and to {server}.")
                .with("client", talk.client.receives_at)
                .with("server", talk.server.receives_at),
        )
}
