//! What makes the result of a capture incomplete.

use crate::anomaly::Anomaly;
use crate::lang::Text;
use crate::net::SkipReason;
use crate::report::CaptureFacts;

/// What makes the result incomplete, in words, beside what only the readers of the files know.
pub(super) fn reasons(facts: &CaptureFacts, messages: u64) -> Vec<Text> {
    let count = |anomaly| facts.anomalies.get(&anomaly).copied().unwrap_or(0);
    let mut reasons = Vec::new();
    if facts.dropped > 0 {
        let (one, many) = ("the capturing program lost {n} packet", "the capturing program lost {n} packets");
        reasons.push(Text::count(facts.dropped, one, many));
    }
    let missing = count(Anomaly::FragmentsMissing) + count(Anomaly::FragmentLimit);
    if missing > 0 {
        let (one, many) = ("fragments of {n} IP datagram are missing", "fragments of {n} IP datagrams are missing");
        reasons.push(Text::count(missing, one, many));
    }
    if count(Anomaly::TcpGap) > 0 {
        let one = "octets of TCP streams with SIP are missing in {n} place";
        let many = "octets of TCP streams with SIP are missing in {n} places";
        reasons.push(Text::count(count(Anomaly::TcpGap), one, many));
    }
    if count(Anomaly::TcpLimit) > 0 {
        reasons.push(Text::new("a limit on memory was reached, and TCP streams were not put together wholly"));
    }
    if count(Anomaly::SctpGap) > 0 {
        let one = "chunks of SCTP associations with SIP are missing in {n} place";
        let many = "chunks of SCTP associations with SIP are missing in {n} places";
        reasons.push(Text::count(count(Anomaly::SctpGap), one, many));
    }
    if count(Anomaly::SctpLimit) > 0 {
        reasons.push(Text::new("a limit on memory was reached, and SCTP associations were not read wholly"));
    }
    if count(Anomaly::MessageCut) > 0 {
        let (one, many) = ("{n} SIP message is cut", "{n} SIP messages are cut");
        reasons.push(Text::count(count(Anomaly::MessageCut), one, many));
    }
    if count(Anomaly::CallLimit) > 0 {
        let one = "{n} call was closed early because a limit was reached";
        let many = "{n} calls were closed early because a limit was reached";
        reasons.push(Text::count(count(Anomaly::CallLimit), one, many));
    }
    if messages == 0 {
        reasons.extend(hidden(facts));
    }
    reasons
}

/// What could not be looked into, of a capture in which no SIP was found: that there is none is not proven. Beside SIP it may well be
/// something else: ESP of other traffic, or an interface that is no network.
fn hidden(facts: &CaptureFacts) -> Vec<Text> {
    let skipped = |reason| facts.skipped.get(&reason).copied().unwrap_or(0);
    let counted = [
        (
            skipped(SkipReason::UnsupportedLinkType),
            "no SIP was found, and {n} frame has a link type that is not read",
            "no SIP was found, and {n} frames have a link type that is not read",
        ),
        (
            skipped(SkipReason::Esp),
            "no SIP was found, and {n} frame is encrypted (ESP)",
            "no SIP was found, and {n} frames are encrypted (ESP)",
        ),
        (
            skipped(SkipReason::WlanEncrypted),
            "no SIP was found, and {n} wireless frame is encrypted",
            "no SIP was found, and {n} wireless frames are encrypted",
        ),
        (
            facts.tls.unread(),
            "no SIP was found, and {n} connection that looks like SIP over TLS was not read",
            "no SIP was found, and {n} connections that look like SIP over TLS were not read",
        ),
    ];
    let hidden = counted.into_iter().filter(|(n, ..)| *n > 0);
    hidden.map(|(n, one, many)| Text::count(n, one, many)).collect()
}
