//! What a failure response says of itself beside its status: header fields translated into words, as evidence and advice.

use std::time::Duration;

use super::repeated::with_reason;
use super::unwanted_case::element;
use super::{Evidence, Text};
use crate::call::network_block::{CALL_REJECTED, NetworkBlock};
use crate::call::redress::RedressContact;
use crate::call::{CapturedMessage, Transaction};
use crate::catalog::{self, internal_codes, q850};
use crate::lang::{Span, span};
use crate::sip::typed::{self, View};
use crate::sip::{Challenge, HeaderName, Message, Reason, StatusCode, Warning, params};

/// How FreeSWITCH numbers its cause UNWANTED.
const FREESWITCH_UNWANTED: u32 = 819;

/// One piece of evidence for each header field (and each internal number in the phrase) that explains the response.
pub(super) fn evidence(response: &CapturedMessage) -> Vec<Evidence> {
    let message = &response.message;
    let block = NetworkBlock::of(message).and_then(|block| block.redress).map(|redress| redress.reason);
    let mut facts: Vec<Evidence> = proxy_error(response).into_iter().collect();
    let status = message.status();
    let says_something = |name| {
        let always =
            [HeaderName::Reason, HeaderName::Warning, HeaderName::RetryAfter, HeaderName::ErrorInfo].contains(&name);
        always || status.is_some_and(|status| repair(status, name).is_some())
    };
    for (name, written, value) in message.fields_of(says_something) {
        let what = match name {
            HeaderName::Reason => reason(&value, block.as_ref()),
            HeaderName::Warning => Some(warning(&value)),
            HeaderName::WwwAuthenticate | HeaderName::ProxyAuthenticate => Some(challenge(name, &value)),
            HeaderName::RetryAfter => wait(&value).map(|span| Text::new("asks to wait {span}").with("span", span)),
            HeaderName::ErrorInfo => Some(Text::new("where the sender explains it")),
            other => status.and_then(|status| repair(status, other)).map(Text::new),
        };
        if let Some(what) = what {
            facts.push(Evidence::at(&response.provenance, what, [&written, ": ", &value].concat()));
        }
    }
    facts
}

/// Whom the response of a network that blocked the call (603+, 608) names for redress, whole.
pub(super) fn redress(response: &CapturedMessage) -> Option<Text> {
    let contact = RedressContact::of(&response.message)?;
    if let Some(card) = &contact.card {
        let text = "Fetch the contact card at {card}, verify its signature (JWS) first, and ask the operator that it names for redress.";
        return Some(Text::new(text).with("card", card));
    }
    let places = places(&contact);
    Some(match &contact.id {
        Some(id) => Text::new("Ask the blocking provider for redress at {place}, and quote {id}.")
            .with("place", places)
            .with("id", id),
        None => Text::new("Ask the blocking provider for redress at {place}.").with("place", places),
    })
}

/// Every way to reach whoever can help.
pub(super) fn places(contact: &RedressContact) -> Text {
    Text::list(" or ", contact.places().map(Text::verbatim))
}

/// What Max-Forwards of a request says: how many servers may still pass it on.
pub(super) fn hops_left(request: &Message) -> Option<u32> {
    request.header(HeaderName::MaxForwards)?.trim().parse().ok()
}

/// The method of the request that was answered, as far as the capture tells it.
pub(super) fn method(transaction: &Transaction) -> Text {
    match transaction.method.name() {
        "" => Text::new("a request"),
        name => Text::verbatim(name),
    }
}

/// What the response itself tells the caller to do.
pub(super) fn advice(response: &CapturedMessage) -> Vec<Text> {
    let message = &response.message;
    let mut advice: Vec<Text> = redress(response).into_iter().collect();
    advice.extend(allowed_all_the_same(message));
    if let Some(span) = message.header(HeaderName::RetryAfter).and_then(|v| wait(&v)) {
        advice.push(
            Text::new("Do not try again sooner than {span} after the response: Retry-After asks for it.")
                .with("span", span),
        );
    }
    advice
}

/// Whether Retry-After asks for any time at all: 0 asks for none.
pub(super) fn asks_to_wait(message: &Message) -> bool {
    message.header(HeaderName::RetryAfter).is_some_and(|value| wait(&value).is_some())
}

/// A 405 whose Allow lists the method that it refuses.
fn allowed_all_the_same(message: &Message) -> Option<Text> {
    let method = message.method().filter(|_| message.status() == Some(StatusCode(405)))?;
    let lists = message.values(HeaderName::Allow).iter().any(|value| value.trim() == method.name());
    let text = Text::new(
        "Allow lists {method} all the same: what is refused is narrower, such as the event package or the address. Ask the operator of the server.",
    );
    lists.then(|| text.with("method", method))
}

/// The internal number that a proxy of the SER family put into the phrase: it answered by itself.
pub(super) fn own_error(response: &CapturedMessage) -> Option<&'static str> {
    internal_codes::proxy_error(&response.message.reason_phrase()?)?.meaning()
}

/// The first reason that the telephone network behind the sender gave, in words (RFC 3326, RFC 6432), or a 607 that became another status.
pub(super) fn own_reason(response: &CapturedMessage) -> Option<Text> {
    let given = response.message.reasons();
    let was_607 = |reason: &Reason| response.message.status() != Some(StatusCode(607)) && says_unwanted(reason);
    let tells = |reason: &&Reason| (reason.is("Q.850") && reason.cause.is_some()) || was_607(reason);
    given.iter().find(tells).map(|reason| words(reason, false))
}

/// What a response means, and the reason that it gives itself.
pub(super) fn with_own_reason(meaning: Text, response: &CapturedMessage) -> Text {
    let says = |reason| Text::new("The response itself gives the reason {reason}.").with("reason", reason);
    with_reason(meaning, own_reason(response).map(says))
}

/// Whether a reason is that of a 607.
pub(super) fn says_unwanted(reason: &Reason) -> bool {
    match reason.cause {
        Some(607) => reason.is("SIP"),
        Some(FREESWITCH_UNWANTED) => reason.is("SIP") || reason.is("FreeSWITCH"),
        _ => false,
    }
}

/// Whether a plain 603 comes from the telephone network: there a decline and a block by a network are both cause 21.
pub(super) fn is_ambiguous_decline(response: &CapturedMessage) -> bool {
    response.message.status() == Some(StatusCode(603))
        && NetworkBlock::of(&response.message).is_none()
        && response.message.reasons().iter().any(|r| r.is("Q.850") && r.cause == Some(CALL_REJECTED))
}

fn proxy_error(response: &CapturedMessage) -> Option<Evidence> {
    let meaning = own_error(response)?;
    let what =
        Text::new("internal error of a Kamailio or OpenSIPS proxy: {meaning}").with("meaning", Text::new(meaning));
    Some(Evidence::of(response, what))
}

fn reason(value: &str, block: Option<&Reason>) -> Option<Text> {
    let reasons = params::split(value, ',').into_iter().filter_map(Reason::read);
    let words: Vec<Text> = reasons.map(|reason| words(&reason, Some(&reason) == block)).collect();
    (!words.is_empty()).then(|| Text::new("reason given: {words}").with("words", Text::list("; ", words)))
}

pub(super) fn words(reason: &Reason, is_block: bool) -> Text {
    let unknown =
        |cause: u32| Text::new("{protocol} cause {cause}").with("protocol", &reason.protocol).with("cause", cause);
    let known = |cause: u32| catalog::reason::reason(&reason.protocol, cause).unwrap_or_else(|| unknown(cause));
    let mut meaning = reason.cause.map_or_else(|| Text::new("no cause"), known);
    if is_block {
        meaning = Text::new("{meaning}, blocked by a provider's analytics (603+)").with("meaning", meaning);
    }
    match reason.params.value("location").and_then(q850::location) {
        Some(location) => Text::new("{meaning}, released by the {location}")
            .with("meaning", meaning)
            .with("location", Text::new(location)),
        None => meaning,
    }
}

/// A challenge, with its parts if it is well-formed.
fn challenge(name: HeaderName, value: &str) -> Text {
    let words = |challenge: &Challenge| {
        let text = Text::new(if challenge.is_stale() {
            "for the realm {realm} with {algorithm}, because only the nonce was too old"
        } else {
            "for the realm {realm} with {algorithm}"
        });
        Some(text.with("realm", challenge.realm()?).with("algorithm", challenge.algorithm()))
    };
    let read = Challenge::read(name, value).into_iter();
    let words: Vec<Text> = read.filter_map(|one| words(&typed::challenge(one).confirmed()?)).collect();
    if words.is_empty() {
        return Text::new("the challenge");
    }
    Text::new("the challenge {words}").with("words", Text::list("; ", words))
}

fn warning(value: &str) -> Text {
    let views = params::split(value, ',').into_iter().filter_map(typed::warning);
    let words: Vec<Text> = views.filter_map(warning_words).collect();
    if words.is_empty() {
        return Text::new("warning with an unknown code");
    }
    Text::new("warning: {meanings}").with("meanings", Text::list("; ", words))
}

/// What the code means; of free text also who wrote what, if the value is well-formed.
fn warning_words(view: View<Warning>) -> Option<Text> {
    let meaning = Text::new(catalog::warning::warning(view.value.code)?);
    Some(match view.confirmed() {
        Some(warning) if warning.code == FREE_TEXT => Text::new("{meaning}, {agent}: {text}")
            .with("meaning", meaning)
            .with("agent", warning.agent)
            .with("text", warning.text),
        _ => meaning,
    })
}

/// The Warning code of texts for people (RFC 3261 §20.43).
const FREE_TEXT: u16 = 399;

/// The header field by which a client can repair its request after this status (RFC 3261 §21.4 and later ones).
fn repair(status: StatusCode, name: HeaderName) -> Option<&'static str> {
    Some(match (status.0, name) {
        (401, HeaderName::WwwAuthenticate) | (407, HeaderName::ProxyAuthenticate) => "the challenge",
        (405 | 501, HeaderName::Allow) => "methods that are accepted",
        (406 | 415, HeaderName::Accept | HeaderName::AcceptEncoding | HeaderName::AcceptLanguage) => {
            "bodies that are accepted"
        }
        (420, HeaderName::Unsupported) => "extensions that were refused",
        (421 | 494, HeaderName::Require) => "extensions that are demanded",
        (422, HeaderName::MinSe) => "shortest session interval that is accepted, in seconds",
        (423, HeaderName::MinExpires) => "shortest expiry that is accepted, in seconds",
        (424, HeaderName::GeolocationError) => "what is wrong with the location",
        (469, HeaderName::RecvInfo) => "INFO packages that are accepted",
        (489, HeaderName::AllowEvents) => "event packages that are accepted",
        (300..=399 | 485, HeaderName::Contact) => "other addresses",
        (608, HeaderName::CallInfo) => "what the sender says of itself",
        _ => return None,
    })
}

/// The delay of Retry-After in words.
fn wait(value: &str) -> Option<Span> {
    delay(value).map(span)
}

/// The delay of Retry-After; the value may go on with a comment or parameters (RFC 3261 §20.33). 0 is none.
fn delay(value: &str) -> Option<Duration> {
    let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    let seconds = digits.parse().ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds))
}

/// The number in front of the parameters of a header field.
pub(super) fn seconds(message: &Message, name: HeaderName) -> Option<u32> {
    message.header(name)?.split(';').next()?.trim().parse().ok()
}

/// How long Retry-After of a response asks to wait.
pub(super) fn time_to_wait(message: &Message) -> Option<Duration> {
    message.header(HeaderName::RetryAfter).and_then(|value| delay(&value))
}

/// That a request was answered with a failure, by whom, and what the caller received of it.
pub(super) fn answered(
    transaction: &Transaction,
    response: &CapturedMessage,
    received: &CapturedMessage,
    meaning: Text,
) -> Text {
    let text = if received.provenance.frame == response.provenance.frame {
        Text::new("{server} answered {method} with {status}. {meaning}")
    } else if received.message.status() == response.message.status() {
        Text::new("{server} answered {method} with {status}, and {relay} passed it on. {meaning}")
            .with("relay", received.provenance.flow.source)
    } else {
        Text::new(
            "{server} answered {method} with {status}, which {relay} turned into {other} for the caller. {meaning}",
        )
        .with("relay", received.provenance.flow.source)
        .with("other", status_line(received))
    };
    text.with("server", element(response))
        .with("method", method(transaction))
        .with("status", status_line(response))
        .with("meaning", meaning)
}

/// Status and phrase as captured, with the registered phrase where the two differ.
pub(super) fn status_line(response: &CapturedMessage) -> String {
    let status = response.message.status().map_or(0, |s| s.0);
    let phrase = response.message.reason_phrase().unwrap_or_default();
    let number = status.to_string();
    match catalog::lookup(status) {
        Some(entry) if entry.phrase.eq_ignore_ascii_case(&phrase) || entry.aliases.contains(&&*phrase) => {
            [number.as_str(), " ", &*phrase].concat()
        }
        Some(entry) if phrase.is_empty() => [number.as_str(), " (", entry.phrase, ")"].concat(),
        Some(entry) => [number.as_str(), " \"", &*phrase, "\" (", entry.phrase, ")"].concat(),
        None => [number.as_str(), " ", &*phrase].concat().trim_end().to_owned(),
    }
}

/// The servers of these transactions, each once, as sentences name them; `None` without any.
pub(super) fn servers<'a>(transactions: impl Iterator<Item = &'a Transaction>) -> Option<Text> {
    let mut names: Vec<String> = Vec::new();
    for name in transactions.map(|t| t.server.to_string()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| Text::list(" and ", names))
}

/// Whether the phrase is that of a signature that is not fresh (RFC 8224 §6.2.2).
pub(super) fn speaks_of_stale_date(response: &Message) -> bool {
    let phrase = response.reason_phrase().unwrap_or_default().to_ascii_lowercase();
    ["stale", "date"].iter().all(|word| phrase.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::{Endpoint, Flow, FrameRef, Frames, Provenance, Timestamp, Transport};
    use crate::sip::Message;

    fn response(text: &str) -> CapturedMessage {
        let raw = text.replace('\n', "\r\n") + "\r\n\r\n";
        let end = Endpoint { address: [192, 0, 2, 1].into(), port: 5060 };
        CapturedMessage {
            message: Message::read(raw.as_bytes(), false).unwrap().0,
            provenance: Provenance {
                frame: FrameRef::default(),
                other_frames: Frames::new(),
                time: Timestamp(0),
                flow: Flow { source: end, destination: end, transport: Transport::Udp },
                ip_id: None,
                carrier: None,
                ttl: 64,
                offset: 0,
            },
            leg: 0,
            duplicates: Frames::new(),
        }
    }

    #[test]
    fn header_fields_are_put_into_words() {
        let rows: &[(&str, &[&str])] = &[
            (
                "SIP/2.0 410 Gone\nReason: Q.850;cause=22;text=\"a, b\";location=LN",
                &[
                    "reason given: Q.850 cause 22: Number changed, released by the public network serving the local user",
                ],
            ),
            (
                "SIP/2.0 603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://x.example;id=1\"",
                &["reason given: 603 Decline, blocked by a provider's analytics (603+)"],
            ),
            (
                "SIP/2.0 500 x\nReason: X-Vendor;cause=9, SIP;cause=819",
                &["reason given: X-Vendor cause 9; FreeSWITCH cause 819: unwanted (607)"],
            ),
            (
                "SIP/2.0 488 x\nWarning: 305 h \"a, b\", 399 h \"c\"",
                &[
                    "warning: a media format (codec) of the session description is not available; a warning in free text, h: c",
                ],
            ),
            ("SIP/2.0 503 x\nRetry-After: 120 (maintenance)", &["asks to wait 2 min"]),
            (
                "SIP/2.0 478 Unresolvable destination (478/TM)",
                &["internal error of a Kamailio or OpenSIPS proxy: the destination cannot be resolved (Kamailio)"],
            ),
            ("SIP/2.0 420 Bad Extension\nUnsupported: 100rel", &["extensions that were refused"]),
            (
                "SIP/2.0 407 x\nProxy-Authenticate: Digest realm=\"r.example\", nonce=\"n\", stale=true, algorithm=MD5",
                &["the challenge for the realm r.example with MD5, because only the nonce was too old"],
            ),
            (
                "SIP/2.0 401 x\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\"",
                &["the challenge"],
            ),
            ("SIP/2.0 480 x\nAllow: INVITE", &[]),
        ];
        for (text, expected) in rows {
            let what: Vec<String> = evidence(&response(text)).iter().map(|e| e.what.to_string()).collect();
            assert_eq!(&what, expected, "{text}");
        }
    }

    #[test]
    fn advice_names_the_place_for_redress_whole() {
        let rows: &[(&str, &[&str])] = &[
            (
                "SIP/2.0 603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://x.example/r;id=AB12\"",
                &["Ask the blocking provider for redress at https://x.example/r, and quote AB12."],
            ),
            (
                "SIP/2.0 608 Rejected\nCall-Info: <https://x.example/jws>;purpose=jwscard",
                &[
                    "Fetch the contact card at https://x.example/jws, verify its signature (JWS) first, and ask the operator that it names for redress.",
                ],
            ),
            ("SIP/2.0 608 Rejected\nCall-Info: <https://x.example/jws>;purpose=sip.608", &[]),
            (
                "SIP/2.0 603 Decline\nRetry-After: 3600",
                &["Do not try again sooner than 1 h after the response: Retry-After asks for it."],
            ),
        ];
        for (text, expected) in rows {
            let said: Vec<String> = advice(&response(text)).iter().map(ToString::to_string).collect();
            assert_eq!(&said, expected, "{text}");
        }
    }
}
