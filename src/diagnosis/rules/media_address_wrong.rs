//! Session descriptions that name an address to which the other end cannot send.

mod said;
#[cfg(test)]
mod tests;
mod wrong;

use self::said::finding;
use self::wrong::Wrong;
use super::bye_with_abnormal_reason::ended_for_lack_of_media;
use super::one_way_media::SYMMETRIC;
use crate::call::Call;
use crate::diagnosis::talk::{TALK, Talk};
use crate::diagnosis::{Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity};

pub(in crate::diagnosis) use self::wrong::names_an_odd_address;

pub(super) static RULE: Rule = Rule {
    code: "media-address-wrong",
    summary: "An answered call in which one end says that it receives audio at an address to which the other end cannot send.",
    severity: Severity::Error,
    references: &["RFC 8866 §5.7", "RFC 3264 §5.1", "RFC 3264 §8.4", "RFC 6157 §4", "RFC 4961"],
    explanation: Explanation {
        what_it_means: "Both ends agreed to send and to receive audio, and one of them names a place that the other cannot send to: 0.0.0.0, which is no \
            host; 127.0.0.1, which is the sender itself; an address of the other version of IP; or a private one while its own RTP comes out of a NAT, and \
            what the other end sends goes to the private one. It stayed so for as long as people talked.",
        why_it_matters: "SIP calls such a call a success, and that end hears nothing. With 0.0.0.0 or 127.0.0.1 the packets do not even leave their sender, \
            so that no capture between the two shows them.",
        likely_causes: "- The host name of the end leads to 127.0.0.1 or 127.0.1.1 in /etc/hosts, and it announces what it leads to.\n\
            - A setting for the external or media address is missing, or has its default.\n\
            - 0.0.0.0 puts a call on hold, as before RFC 3264, and nobody took it back; or a controller began the call with it and never named the other party.\n\
            - A telephone behind NAT announces its private address, and neither it nor a border controller mends that.\n\
            - One end has IPv4 alone, the other answers with IPv6, and nothing between them translates.",
        how_to_fix: "- Let the end announce the address at which it can be reached from where the other one is (settings for the external address, STUN).\n\
            - Let a border controller relay the media, or send to where RTP comes from (symmetric RTP, RFC 4961).\n\
            - For hold, use a=sendonly or a=inactive with the usual address (RFC 3264 §8.4).",
        how_to_confirm: "Call again: c= names an address that the other end can reach, and RTP goes both ways.",
        when_this_is_wrong: "- The other end sends to where RTP comes from, and the capture has no RTP. Where it has packets for that end, nothing is said.\n\
            - A controller of both parties (RFC 3725) began the call with 0.0.0.0, and the other party never answered.\n\
            - Ends with addresses of both IPv4 and IPv6 can send to either.\n\
            - Calls with a further offer within eight seconds, on hold by direction, with ICE, or shorter than that are not judged; a private address alone is \
            no fault, as border controllers deal with it.",
    },
    detect: Detect::Given(Facts::MEDIA_ADDRESS, detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let mut all: Vec<Wrong<'_>> = Vec::new();
    for talk in Talk::all(call).into_iter().filter(|talk| talk.is_first && talk.took() >= TALK) {
        for found in Wrong::all(call, &talk) {
            // The same is told once, at the hop nearest the end that it is about.
            match all.iter_mut().find(|known| known.is_same_as(&found)) {
                Some(known) if found.is_nearer_than(known) => *known = found,
                Some(_) => {}
                None => all.push(found),
            }
        }
    }
    let bye =
        || ended_for_lack_of_media(call).map(|bye| Evidence::of(bye, "the BYE, which says that media did not arrive"));
    out.extend(all.iter().map(|found| finding(found).evidence(bye())));
}
