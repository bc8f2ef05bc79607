//! What makes the result of a capture incomplete.

use crate::anomaly::Anomaly;
use crate::lang::Text;
use crate::net::SkipReason;
use crate::report::CaptureFacts;

/// What makes the result incomplete, in words, beside what only the readers of the files know; `messages` of SIP were found.
pub(super) fn reasons(facts: &CaptureFacts, messages: u64) -> Vec<Text> {
    let count = |anomaly| facts.anomalies.get(&anomaly).copied().unwrap_or(0);
    let mut reasons = told([
        (facts.dropped, "the capturing program lost {n} packet", "the capturing program lost {n} packets"),
        (
            count(Anomaly::FragmentsMissing) + count(Anomaly::FragmentLimit),
            "fragments of {n} IP datagram are missing",
            "fragments of {n} IP datagrams are missing",
        ),
        (
            count(Anomaly::TcpGap),
            "octets of TCP streams with SIP are missing in {n} place",
            "octets of TCP streams with SIP are missing in {n} places",
        ),
        (count(Anomaly::TcpLimit), TCP_LIMIT, TCP_LIMIT),
        (
            count(Anomaly::SctpGap),
            "chunks of SCTP associations with SIP are missing in {n} place",
            "chunks of SCTP associations with SIP are missing in {n} places",
        ),
        (count(Anomaly::SctpLimit), SCTP_LIMIT, SCTP_LIMIT),
        (count(Anomaly::MessageCut), "{n} SIP message is cut", "{n} SIP messages are cut"),
        (
            count(Anomaly::CallLimit),
            "{n} call was closed early because a limit was reached",
            "{n} calls were closed early because a limit was reached",
        ),
    ]);
    if messages == 0 {
        reasons.extend(hidden(facts));
    }
    reasons
}

const TCP_LIMIT: &str = "a limit on memory was reached, and TCP streams were not put together wholly";
const SCTP_LIMIT: &str = "a limit on memory was reached, and SCTP associations were not read wholly";

/// What could not be looked into, of a capture in which no SIP was found: that there is none is not proven. Beside SIP it may well be
/// something else: ESP of other traffic, or an interface that is no network.
fn hidden(facts: &CaptureFacts) -> Vec<Text> {
    let skipped = |reason| facts.skipped.get(&reason).copied().unwrap_or(0);
    told([
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
    ])
}

/// Those of which there are any, in the singular or the plural.
fn told<const N: usize>(counted: [(u64, &'static str, &'static str); N]) -> Vec<Text> {
    counted.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| Text::count(n, one, many)).collect()
}
