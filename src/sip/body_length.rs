//! Where a message ends.

use super::places::Places;
use super::{HeaderName, headers, number, probe};
use crate::anomaly::Anomaly;

/// How many octets behind the header block are the body (RFC 3261 §18.3).
pub(super) fn body_length(
    bytes: &[u8],
    block: &headers::Block,
    places: Places<'_>,
    cut: bool,
    odd: &mut Vec<Anomaly>,
) -> usize {
    let there = bytes.len().saturating_sub(block.end);
    let is_repeated = block.repeated.has(HeaderName::ContentLength);
    let claimed = match block.content_length.filter(|_| !is_repeated) {
        Some(length) => length.into(),
        None => match read_length(bytes, block, places, odd) {
            Claim::Octets(claimed) => claimed,
            Claim::Rest => return there,
            Claim::Nothing => return 0,
        },
    };
    let claimed = usize::try_from(claimed).unwrap_or(usize::MAX);
    if claimed > there && !cut {
        odd.push(Anomaly::ContentLengthTooLong);
    }
    claimed.min(there)
}

/// What a message says of the length of its body.
enum Claim {
    Octets(u64),
    Rest,
    Nothing,
}

/// The same where Content-Length is missing, repeated, or unusual.
fn read_length(bytes: &[u8], block: &headers::Block, places: Places<'_>, odd: &mut Vec<Anomaly>) -> Claim {
    let Some(first) = places.first(HeaderName::ContentLength).map(|f| f.value(bytes)) else {
        // Without Content-Length the body is the rest (RFC 3261 §18.3), unless the rest is another message.
        let rest = bytes.get(block.end..).unwrap_or_default();
        return if probe::is_sip(super::framing::without_blank_lines(rest)) { Claim::Nothing } else { Claim::Rest };
    };
    if places.named(HeaderName::ContentLength).any(|other| other.value(bytes) != first) {
        odd.push(Anomaly::ContentLengthInvalid);
    }
    let Some(claimed) = number::whole(first) else {
        odd.push(Anomaly::ContentLengthInvalid);
        return Claim::Rest;
    };
    Claim::Octets(claimed)
}
