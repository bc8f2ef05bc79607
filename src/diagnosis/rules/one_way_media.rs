//! Audio that was captured in one direction of an answered call alone.

mod none;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::bye_with_abnormal_reason::ended_for_lack_of_media;
use crate::call::Call;
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::talk::{End, TALK, Talk, first_of};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::media::{MediaStream, Spell};

pub(super) static RULE: Rule = Rule {
    code: "one-way-media",
    summary: "An answered call of which RTP was captured in one direction, and none in the other; or none at all, where it would have been seen.",
    severity: Severity::Error,
    references: &["RFC 3264 §5.1", "RFC 3264 §6.1", "RFC 4961", "RFC 3605"],
    explanation: Explanation {
        what_it_means: "Both ends agreed to send and to receive audio (sendrecv), and named addresses and ports for it. RTP packets of one \
            direction were captured for seconds; of the other direction not one, neither to the address that the session description names nor to \
            the one that the other end sends from. Or no packet of the call was captured at all, over ten seconds or more, while the capture holds RTP between the \
            same two hosts, or of one of them with two others: then it sees where theirs would pass.",
        why_it_matters: "SIP calls such a call a success, and no status code will ever tell of it. One of the two people hears nothing and hangs up: \
            that is what users call one-way audio.",
        likely_causes: "- The session description names an address that cannot be reached from outside: a private one behind NAT.\n\
            - A firewall lets RTP out and not in, or opens its ports for one direction only.\n\
            - A border controller or media relay was given a wrong address for one of its sides, or rewrites one description and not the other.\n\
            - The end that is not heard sends nothing: its microphone or sound card failed, it plays an announcement that is missing, or it waits for \
            the first packet of the other end, which never reaches it.\n\
            - Nothing at all: each end waits for the other one, or a media server or relay in between does not run or has no port left.",
        how_to_fix: "- Let the end with the private address announce one that can be reached (its settings for the external address, STUN), or \
            let a border controller relay its media.\n\
            - Let the firewall pass UDP between the addresses and ports of both descriptions, in both directions.\n\
            - Let each end send from the port at which it receives (RFC 4961), and send first rather than wait.",
        how_to_confirm: "Call again and look at both directions: packets have to go to both addresses that the two descriptions name.",
        when_this_is_wrong: "- The other direction takes another way, which the capture does not show.\n\
            - Media go through a relay whose addresses no captured description names.\n\
            - No audio at all: a test call that sends none, or media that take another way than those of other calls of the host.\n\
            - One end is silent on purpose: muted with suppression of silence, push-to-talk, a recorder, a machine that only listens.\n\
            - Calls on hold, with ICE, or shorter than eight seconds are not judged.",
    },
    detect: Detect::Given(Facts::MEDIA, detect),
};

/// Hops at which the same answer is seen follow one another within this time.
const SAME_ANSWER: Duration = Duration::from_secs(2);

/// What gets through NAT without anybody's settings.
pub(super) const SYMMETRIC: &str = "Or let {silent} send its RTP to where that of the other end comes from, {source}, whatever the description says (symmetric RTP, \
    RFC 4961; settings call it comedia, latching, or NAT mode).";

/// A direction without a packet, while the other one has many.
struct OneWay<'a> {
    talk: Talk<'a>,
    /// Who hears nothing, and who should have sent.
    deaf: End<'a>,
    silent: End<'a>,
    /// The stream of the other direction, and its longest spell.
    stream: &'a MediaStream,
    spell: Spell,
}

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let talks = Talk::all(call);
    let bye =
        || ended_for_lack_of_media(call).map(|bye| Evidence::of(bye, "the BYE, which says that media did not arrive"));
    out.extend(none::finding(call, &talks).map(|told| told.evidence(bye())));
    let mut all: Vec<_> = talks.into_iter().filter_map(|talk| one_way(call, talk)).collect();
    let Some(first) = all.iter().map(|found| found.talk.from).min() else { return };
    all.retain(|found| found.talk.from.since(first) < SAME_ANSWER);
    // Of several hops that one tells most that is nearest the end which is not heard.
    let depth = |found: &OneWay<'_>| found.talk.depth;
    let is_callee = |found: &OneWay<'_>| found.silent.receives_at == found.talk.server.receives_at;
    let last = all.iter().filter(|found| is_callee(found)).max_by_key(|found| depth(found));
    let told = last.or_else(|| all.iter().min_by_key(|found| depth(found))).map(finding);
    out.extend(told.map(|told| told.evidence(bye())));
}

fn one_way<'a>(call: &'a Call, talk: Talk<'a>) -> Option<OneWay<'a>> {
    if talk.took() < TALK || !(talk.client.is_one_host() && talk.server.is_one_host()) {
        return None;
    }
    let (deaf, silent) = talk.directions().into_iter().find(|(to, from)| !talk.is_heard(call, to, from))?;
    // The other direction has to be there, at the very address that was named.
    let (stream, spell) = talk.long_stream(call, |stream| stream.destination == silent.receives_at)?;
    Some(OneWay { talk, deaf, silent, stream, spell })
}

fn finding(found: &OneWay<'_>) -> Finding {
    let OneWay { talk, deaf, silent, stream, spell } = found;
    let is_hidden =
        matches!(scope(deaf.receives_at.address), Scope::Private | Scope::Shared | Scope::Loopback | Scope::LinkLocal)
            && matches!(scope(silent.receives_at.address), Scope::Public | Scope::Documentation);
    let text = Text::new(
        "One-way audio: {packets} RTP packets to {hears} were captured, over {took} of this call, and not one to {deaf}, though both ends agreed to send and \
         to receive.",
    );
    let text = text
        .with("packets", spell.packets)
        .with("hears", silent.receives_at)
        .with("took", span(talk.overlap(spell)))
        .with("deaf", deaf.receives_at);
    let hidden = is_hidden.then(|| {
        let why =
            Text::new("{deaf} is {scope}, and {silent} is not in that network.").with("deaf", deaf.receives_at.address);
        why.with("scope", Text::new(scope(deaf.receives_at.address).words())).with("silent", silent.receives_at.address)
    });
    let text = with_reason(text, hidden);
    let finding = Finding::new(&RULE, Certainty::Strong, text, first_of(stream, *spell)).evidence([
        described(deaf, "says where RTP is wanted that was not captured"),
        described(silent, "says where the RTP that was captured is wanted"),
    ]);
    let finding = if is_hidden {
        let fix = "Let the end at {deaf} announce an address that can be reached from outside (its setting for the external address, STUN), or let a \
                   border controller relay its media.";
        finding
            .actor(Actor::sender(deaf.description, "operator of the end that hears nothing"))
            .fix(Text::new(fix).with("deaf", deaf.receives_at))
            .fix(Text::new(SYMMETRIC).with("silent", silent.receives_at.address).with("source", stream.source))
    } else {
        let role = "operator of the end that is not heard, or of the network in front of it";
        let sends_sip = silent.description.provenance.flow.source.address == silent.receives_at.address;
        finding.actor(if sends_sip {
            Actor::sender(silent.description, role)
        } else {
            Actor::at(silent.receives_at, role)
        })
    };
    finding
        .fix(
            Text::new("See whether {silent} sends RTP to {deaf}: if it does not, mend it there; if it does, look for the NAT or firewall that drops it.")
                .with("silent", silent.receives_at.address)
                .with("deaf", deaf.receives_at),
        )
        .fix("Make sure that the capture sees both directions of the media: another way for one of them looks the same.")
        .verify(
            Text::new("Call again: RTP packets go to {deaf} as well as to {hears}.")
                .with("deaf", deaf.receives_at)
                .with("hears", silent.receives_at),
        )
}

/// Cites the line of a description that names the port.
fn described(end: &End<'_>, what: &'static str) -> Evidence {
    let port = format!(" {} ", end.receives_at.port);
    let body = String::from_utf8_lossy(end.description.message.body());
    let line = body.lines().find(|line| line.starts_with("m=audio") && line.contains(&port)).unwrap_or_default();
    Evidence::at(&end.description.provenance, what, line.trim_end().to_owned())
}
