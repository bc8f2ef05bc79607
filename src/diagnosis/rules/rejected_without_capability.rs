//! A 608 to a caller that did not announce that it understands one.

use crate::call::{Call, CapturedMessage, TransactionId};
use crate::diagnosis::rejections;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Method, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "rejected-without-capability",
    summary: "A 608 answers an INVITE that did not announce the capability sip.608, and no announcement was played.",
    severity: Severity::Notice,
    references: &["RFC 8688 §3.4", "RFC 8688 §3.5", "RFC 6809 §4"],
    explanation: Explanation {
        what_it_means: "A caller, or a network on its side, that can make use of 608 says so with `Feature-Caps: *;+sip.608` in \
            the INVITE. Without it the rejecting network should also play an announcement with the contact for redress \
            (183 with early media) before it sends the 608. Here neither was seen.",
        why_it_matters: "An old client takes 608 for 600 and shows \"busy\"; in the telephone network it becomes a cause code. \
            The caller never learns that the call was blocked, or whom to ask.",
        likely_causes: "- The caller's exchange or provider does not know RFC 8688.\n\
            - An element on the way removed Feature-Caps, which it did not know.\n\
            - The blocking service has no media server for announcements.",
        how_to_fix: "- At the caller's provider: add `Feature-Caps: *;+sip.608` if it hands the contact card on to its \
            customers, and have SBCs pass the header field on.\n\
            - At the blocking network: play an announcement before the 608 to callers without the capability.",
        how_to_confirm: "The next INVITE carries `+sip.608` where it reaches the blocking element, or a 183 with early media \
            comes before the 608.",
        when_this_is_wrong: "- The announcement was played by another element, or after the call had been answered.\n\
            - Feature-Caps was removed between the place of the capture and the blocking element, or added there.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(rejections::with_status(call, StatusCode(608)).filter_map(|(id, response)| finding(call, id, response)));
}

fn finding(call: &Call, id: TransactionId, response: &CapturedMessage) -> Option<Finding> {
    let request = call.request(id).filter(|m| m.message.method() == Some(&Method::Invite) && !m.message.is_cut())?;
    let announced =
        call.provisionals(id).any(|m| m.message.status().is_some_and(|s| s.0 == 183) && m.message.sdp().is_some());
    if announced || can_handle(request) {
        return None;
    }
    let message = Text::new(
        "{sender} answered 608 to a caller that did not announce sip.608, and played no announcement first: the caller's side \
         will most likely show \"busy\".",
    )
    .with("sender", element(response));
    let caps = request.message.header_bytes(HeaderName::FeatureCaps);
    Some(
        Finding::new(&RULE, Certainty::Strong, message, Evidence::of(response, "608 response"))
            .evidence([match caps {
                Some(_) => Evidence::header(request, HeaderName::FeatureCaps, "announces other capabilities only"),
                None => Evidence::of(request, "the INVITE, without Feature-Caps"),
            }])
            .actor(Actor::sender(request, "the caller's provider, and the operator of the blocking network"))
            .fix("At the caller's provider: send `Feature-Caps: *;+sip.608` and hand the contact card of a 608 on to the caller.")
            .fix("At the blocking network: play an announcement with the contact for redress before a 608 to such callers.")
            .verify("The next INVITE carries `+sip.608`, or a 183 with early media comes before the 608."),
    )
}

/// Whether the request names the capability.
fn can_handle(request: &CapturedMessage) -> bool {
    let capability = |value: &String| {
        value
            .split(';')
            .skip(1)
            .any(|part| part.trim().split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("+sip.608")))
    };
    request.message.values(HeaderName::FeatureCaps).iter().any(capability)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::check;

    #[test]
    fn the_capability_or_an_announcement_is_enough() {
        let flow = |field: &str, ringing: &str, response: &str| {
            format!(
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n{field}\n\n\
                 0.1 p > a tag=t\n{ringing}\n\n3 p > a tag=t\n{response}\n\n3.1 a > p\nACK\n"
            )
            .replace("50\n\n\n", "50\n\n")
        };
        let sdp = "183 Session Progress\nContent-Type: application/sdp\n.\nv=0\no=- 1 1 IN IP4 198.51.100.50\ns=-\n\
            c=IN IP4 198.51.100.50\nt=0 0\nm=audio 4000 RTP/AVP 0";
        let notice = Some(Severity::Notice);
        check(
            RULE.code,
            &[
                ("neither", &flow("", "100 Trying", "608 Rejected"), notice),
                ("ringing alone", &flow("", "180 Ringing", "608 Rejected"), notice),
                ("another capability", &flow("Feature-Caps: *;+sip.607", "100 Trying", "608 Rejected"), notice),
                ("announced", &flow("Feature-Caps: *;+sip.607;+sip.608", "100 Trying", "608 Rejected"), None),
                ("played", &flow("", sdp, "608 Rejected"), None),
                ("another status", &flow("", "100 Trying", "607 Unwanted"), None),
            ],
        );
    }
}
