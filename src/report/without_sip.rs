//! What reports for people say of a capture without SIP: what there is instead, and what to try.

use super::CaptureFacts;
use crate::anomaly::Anomaly;
use crate::lang::{Text, grouped};
use crate::net::{PayloadKind, SkipReason};
use crate::stream::StreamKind;

/// Kinds of other content that are named.
const INSTEAD: usize = 5;

/// The sentence in place of numbers.
pub(super) fn nothing_read(facts: &CaptureFacts) -> &'static str {
    if facts.frames == 0 {
        "There is no frame in it."
    } else if facts.tls.connections > 0 {
        "No SIP could be read: what there may be of it goes over TLS."
    } else {
        "There is no SIP in it that can be read."
    }
}

/// What it holds instead, and what to try.
pub(super) fn instead(facts: &CaptureFacts) -> Vec<Text> {
    let mut texts: Vec<_> = held(facts).into_iter().collect();
    texts.extend(hints(facts).iter().filter(|(holds, _)| *holds).map(|(_, hint)| Text::new(hint)));
    texts
}

fn held(facts: &CaptureFacts) -> Option<Text> {
    let skipped = facts.skipped.iter().map(|(reason, n)| (reason.code(), *n));
    let others = facts.other_payloads.iter().map(|(kind, n)| (kind.code(), *n));
    let streams = facts.streams.iter().map(|(kind, n)| (kind.code(), *n));
    let user_messages = facts.sctp_messages.iter().map(|(kind, n)| (kind.code(), *n));
    let mut held: Vec<_> = skipped.chain(others).chain(streams).chain(user_messages).collect();
    held.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let list = Text::list(", ", held.iter().take(INSTEAD).map(|(code, n)| format!("{code} {}", grouped(*n))));
    (!held.is_empty()).then(|| Text::new("What it holds instead: {list}.").with("list", list))
}

/// Each with whether the capture shows signs of it.
fn hints(facts: &CaptureFacts) -> [(bool, &'static str); 11] {
    let odd = |anomaly| facts.anomalies.contains_key(&anomaly);
    let skipped = |reason| facts.skipped.contains_key(&reason);
    let other = |kind| facts.other_payloads.contains_key(&kind);
    let stream = |kind| facts.streams.contains_key(&kind);
    let media = other(PayloadKind::Rtp) || other(PayloadKind::Rtcp) || other(PayloadKind::HepRtcp);
    [
        (
            facts.frames == 0,
            "Nothing passed the capture filter, or the interface was another one: capture without a filter, on all interfaces (tcpdump \
             -i any).",
        ),
        (
            media,
            "There is media without signalling: SIP took another way or another port than the filter let through, or went before the \
             capture began. Capture where the signalling passes, without a filter on ports, from before the call on.",
        ),
        (
            other(PayloadKind::Dtls),
            "There is DTLS, as of DTLS-SRTP media or of SIP over DTLS: sipscan names it and does not decrypt it.",
        ),
        (odd(Anomaly::FrameCut), "The snap length cut frames: capture them whole (tcpdump -s 0)."),
        (
            odd(Anomaly::FragmentsMissing),
            "Fragments are missing, as a capture filter on ports drops them: capture without it, or let fragments through.",
        ),
        (
            stream(StreamKind::NoData),
            "There are TCP connections without any data: they were refused or idle, or the capture shows the direction alone in which \
             nothing was sent. Capture both directions.",
        ),
        (
            other(PayloadKind::KeepAlive) || stream(StreamKind::KeepAlive),
            "There are keep-alives of user agents, and nothing else of them: capture for longer, until a call is made or a registration is \
             refreshed.",
        ),
        (
            stream(StreamKind::Tls),
            "There is TLS that does not look like SIP: where SIP goes over it on a port of its own, --keylog FILE with its secrets shows that.",
        ),
        (
            skipped(SkipReason::Esp),
            "There is encrypted ESP: capture in front of or behind the IPsec tunnel, or with the NULL cipher.",
        ),
        (skipped(SkipReason::WlanEncrypted), "The wireless frames are encrypted: capture on the wired side."),
        (
            skipped(SkipReason::UnsupportedLinkType),
            "Frames have a link type that is not read: capture on another interface, or convert them to Ethernet.",
        ),
    ]
}
