//! What is said of an address that nobody can send to.

use super::wrong::{Kind, Wrong};
use super::{RULE, SYMMETRIC};
use crate::call::CapturedMessage;
use crate::diagnosis::address_scope::{Scope, scope};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::talk::{End, first_of};
use crate::diagnosis::{Actor, Certainty, Evidence, Finding, Severity, Text};
use crate::lang::span;
use crate::media::{MediaStream, Spell};

pub(super) fn finding(wrong: &Wrong<'_>) -> Finding {
    match wrong.kind {
        Kind::Nowhere(heard) => nowhere(wrong, heard),
        Kind::OtherFamily => other_family(wrong),
        Kind::Hidden { sent, own } => hidden(wrong, sent, own),
    }
}

fn nowhere(wrong: &Wrong<'_>, heard: Option<(&MediaStream, Spell)>) -> Finding {
    let is_hold = scope(wrong.deaf.receives_at.address) == Scope::Unspecified;
    let text = if is_hold {
        let text = "The {message} says that audio is to be sent to {place}, which is no address of a host: nobody can send anything there, and it stayed so \
                    for {talked}.";
        Text::new(text).with("talked", span(wrong.talk.took()))
    } else {
        let text = "The {message} says that audio is to be sent to {place}, a loopback address: what is sent there does not leave the host that sends it.";
        Text::new(text)
    };
    let text = filled(text, wrong);
    let captured = heard.map(|(stream, spell)| {
        let text = "{packets} RTP packets to {other} were captured, over {took}, and not one that goes back.";
        Text::new(text)
            .with("packets", spell.packets)
            .with("other", stream.destination)
            .with("took", span(wrong.talk.overlap(&spell)))
    });
    // Without RTP it is not known what the other end made of it.
    let (severity, certainty) = match (&captured, is_hold) {
        (Some(_), _) => (Severity::Error, Certainty::Strong),
        (None, false) => (Severity::Warning, Certainty::Strong),
        (None, true) => (Severity::Warning, Certainty::Weak),
    };
    let finding = Finding::new(&RULE, certainty, with_reason(text, captured), described(&wrong.deaf, NAMED))
        .severity(severity)
        .evidence(heard.map(|(stream, spell)| first_of(stream, spell)))
        .actor(Actor::sender(wrong.deaf.description, "operator of the end that names this address"));
    let finding = if is_hold {
        finding
            .fix("Let this end name the address at which it receives audio; to put a call on hold, a=sendonly or a=inactive with its usual address is the way \
                since RFC 3264 §8.4.")
            .fix("If a controller of both parties began the call so (RFC 3725), see why no INVITE or UPDATE with the address of the other party followed.")
    } else {
        finding
            .fix("Let this end name the address of its network interface (settings for the media or external address). Where it takes what its host name leads \
                to, put the right address in place of 127.0.0.1 or 127.0.1.1 into /etc/hosts or DNS.")
    };
    verified(finding, wrong)
}

fn other_family(wrong: &Wrong<'_>) -> Finding {
    let text = Text::new(
        "The {offer} says that audio is to be sent to {other}, and the {message} that answers it names {place}: neither end can send to the other unless it \
         has addresses of IPv4 and of IPv6, and no RTP between the two was captured.",
    );
    let text = filled(text, wrong).with("offer", name(wrong.other.description)).with("other", wrong.other.receives_at);
    let finding = Finding::new(&RULE, Certainty::Weak, text, described(&wrong.deaf, NAMED))
        .severity(Severity::Warning)
        .evidence([described(&wrong.other, "names an address of the other version of IP")])
        .actor(Actor::sender(wrong.deaf.description, "operator of the end that answers with this address"))
        .fix("Let the answer have an address of the version that was offered; an end without one refuses the offer with 488 and a Warning of 300 or 301, so \
            that the caller may try the other version.")
        .fix("Or let a border controller between the two relay the media, or let both use ICE with addresses of both versions (RFC 8421).");
    verified(finding, wrong)
}

fn hidden(wrong: &Wrong<'_>, (stream, spell): (&MediaStream, Spell), own: &MediaStream) -> Finding {
    let text = Text::new(
        "{packets} RTP packets went to {place}, as the {message} says, over {took} of this call. That is {scope}, and the RTP of that end comes from {nat}: \
         it is behind NAT, where those packets do not arrive, and none went to {nat}.",
    );
    let text = filled(text, wrong)
        .with("packets", spell.packets)
        .with("took", span(wrong.talk.overlap(&spell)))
        .with("scope", Text::new(scope(wrong.deaf.receives_at.address).words()))
        .with("nat", own.source);
    let fix = "Let the end at {deaf} announce an address that can be reached from outside (its setting for the external address, STUN), or let a \
               border controller relay its media.";
    let of_own = own.spells.first().map(|spell| first_of(own, *spell));
    let finding = Finding::new(&RULE, Certainty::Strong, text, described(&wrong.deaf, NAMED))
        .evidence([first_of(stream, spell)])
        .evidence(of_own)
        .actor(Actor::sender(wrong.deaf.description, "operator of the end that names this address"))
        .fix(Text::new(fix).with("deaf", wrong.deaf.receives_at))
        .fix(Text::new(SYMMETRIC).with("silent", wrong.other.receives_at.address).with("source", own.source));
    verified(finding, wrong)
}

/// What the line of a description is.
const NAMED: &str = "names the address that audio is to be sent to";

fn filled(text: Text, wrong: &Wrong<'_>) -> Text {
    text.with("message", name(wrong.deaf.description)).with("place", wrong.deaf.receives_at)
}

fn verified(finding: Finding, wrong: &Wrong<'_>) -> Finding {
    let text = "Call again: c= in the {message} names an address that the other end can reach, and RTP goes both ways.";
    finding.verify(Text::new(text).with("message", name(wrong.deaf.description)))
}

/// The method of a request, the status of a response.
fn name(message: &CapturedMessage) -> String {
    let message = &message.message;
    message.status().map_or_else(|| message.method().map(ToString::to_string).unwrap_or_default(), |s| s.0.to_string())
}

/// Cites the line of a description that names the address.
fn described(end: &End<'_>, what: &'static str) -> Evidence {
    let address = format!(" {}", end.receives_at.address);
    let body = String::from_utf8_lossy(end.description.message.body());
    let line = body.lines().find(|line| line.starts_with("c=") && line.contains(&address)).unwrap_or_default();
    Evidence::at(&end.description.provenance, what, line.trim_end().to_owned())
}
