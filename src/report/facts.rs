//! What every format says of a call, read from its messages.

use std::borrow::Cow;
use std::time::Duration;

use super::number_pattern;
use crate::call::redress::RedressContact;
use crate::call::{Call, CapturedMessage, CountedFinal, FinalResponse, Transaction};
use crate::diagnosis::{CallReport, Finding};
use crate::net::Carrier;
use crate::provenance::FrameRef;
use crate::sip::{HeaderName, StatusClass, UriView};

/// The ways through tunnels, tags and collectors that messages of a call came, each with the frames of its messages, in the order in
/// which they were first seen.
pub(crate) fn carriers(call: &Call) -> Vec<(&Carrier, Vec<FrameRef>)> {
    let mut found: Vec<(&Carrier, Vec<FrameRef>)> = Vec::new();
    let carried = call.messages.iter().filter_map(|m| Some((m.provenance.carrier.as_deref()?, m.provenance.frame)));
    for (carrier, frame) in carried {
        match found.iter_mut().find(|(known, _)| *known == carrier) {
            Some((_, frames)) => frames.push(frame),
            None => found.push((carrier, vec![frame])),
        }
    }
    found
}

/// The message that introduces a call: the request of its first attempt, else its first request, else its first message.
pub(crate) fn opening(call: &Call) -> Option<&CapturedMessage> {
    let attempt = call.attempts.first().and_then(|attempt| call.request(attempt.transaction));
    attempt.or_else(|| call.messages.iter().find(|m| m.message.is_request())).or_else(|| call.messages.first())
}

/// The method of the first request; of a group without captured requests, that of the first CSeq.
pub(crate) fn method(call: &Call) -> Option<&str> {
    Some(opening(call)?.message.method()?.name())
}

/// The URI of From in the opening message.
pub(crate) fn caller(call: &Call) -> Option<Cow<'_, str>> {
    opening(call)?.message.party_text(HeaderName::From)
}

/// The URI of To in the opening message.
pub(crate) fn callee(call: &Call) -> Option<Cow<'_, str>> {
    opening(call)?.message.party_text(HeaderName::To)
}

/// The Request-URI of the opening message as captured.
pub(crate) fn request_uri(call: &Call) -> Option<Cow<'_, str>> {
    opening(call)?.message.request_uri_text()
}

/// The response that decided the outcome.
pub(super) fn final_response(call: &Call) -> Option<&CapturedMessage> {
    call.message(call.final_response?)
}

/// How long it took until the outcome was decided, or until the last message; `None` where the capture does not tell: it lacks the
/// request, or has one message alone.
pub(super) fn duration(call: &Call) -> Option<Duration> {
    call.initial_request()?;
    let end = final_response(call).map_or(call.end, |answer| answer.provenance.time);
    Some(end.since(call.start)).filter(|duration| !duration.is_zero())
}

/// The status of that response.
pub(crate) fn final_status(call: &Call) -> Option<u16> {
    final_response(call)?.message.status().map(|status| status.0)
}

/// Every distinct final response with its transaction and first copy, in capture order.
pub(crate) fn final_responses(call: &Call) -> Vec<(&Transaction, FinalResponse, &CapturedMessage)> {
    let with_message = |counted: CountedFinal| {
        let transaction = call.transaction(counted.transaction)?;
        let captured = call.message(counted.response.message)?;
        Some((transaction, counted.response, captured))
    };
    call.counted_finals().into_iter().filter_map(with_message).collect()
}

/// Whom the call's rejection names for redress: of several hops the one that says it first.
pub(super) fn redress(call: &Call) -> Option<RedressContact> {
    let rejected =
        |m: &&CapturedMessage| m.message.status().is_some_and(|s| s.class() == Some(StatusClass::GlobalFailure));
    call.messages.iter().filter(rejected).find_map(|m| RedressContact::of(&m.message))
}

/// The finding that says why the call failed.
pub(super) fn root_finding(report: &CallReport) -> Option<&Finding> {
    let code = report.root_cause?;
    report.findings.iter().find(|f| f.code == code && f.consequence_of.is_none())
}

/// A header field value that was captured; `None` when it is absent.
pub(crate) fn lossy(bytes: Option<&[u8]>) -> Option<Cow<'_, str>> {
    bytes.map(crate::sip::lossy)
}

/// Whether the call failed: a rule says why, or its outcome is a failure.
pub(super) fn is_failure(report: &CallReport) -> bool {
    !report.is_excused && (report.root_cause.is_some() || report.call.outcome.is_failure())
}

/// The called number: of the Request-URI, else of To; `None` where neither holds one.
pub(super) fn called_number(call: &Call) -> Option<String> {
    let message = &opening(call)?.message;
    let of = |uri: UriView<'_>| uri.user_name().and_then(number_pattern::number);
    message.target().and_then(of).or_else(|| message.party(HeaderName::To).and_then(of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::fixture;

    #[test]
    fn how_long_it_took_is_told_where_the_capture_has_both_ends() {
        let hosts = "host a 192.0.2.10\nhost b 203.0.113.40\n\n";
        let answer = "486 Busy Here\n";
        for (steps, expected) in [
            (format!("0 a > b\nINVITE sip:b\n\n2 b > a\n{answer}"), Some(2)),
            ("0 a > b\nINVITE sip:b\n".to_owned(), None),
            (format!("2 b > a re=INVITE cseq=1\n{answer}\n4 b > a re=INVITE cseq=1\n{answer}"), None),
        ] {
            let call = fixture::call(&format!("{hosts}{steps}"));
            assert_eq!(duration(&call).map(|time| time.as_secs()), expected, "{steps}");
        }
    }
}
