//! A response that lacks a header field without which its status says too little to act on.

use crate::call::{Call, CapturedMessage, Transaction, TransactionId};
use crate::catalog;
use crate::diagnosis::response_facts::method;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Message, Method, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "required-header-field-missing",
    summary: "A response lacks a header field that its status requires.",
    severity: Severity::Warning,
    references: &[
        "RFC 3261 §21.4.2",
        "RFC 3261 §21.4.6",
        "RFC 3261 §21.4.15",
        "RFC 3261 §21.4.17",
        "RFC 4028 §6",
        "RFC 6086 §4.2.1",
    ],
    explanation: Explanation {
        what_it_means: "Some statuses ask the client to change its request, and a header field says how: 401 and 407 carry \
            a challenge, 405 the methods that are allowed, 415 what is accepted, 420 what is not supported, 421 what is \
            required, 422 and 423 the smallest interval, 424 what is wrong with the location, 425 with the alert, 469 the \
            INFO packages, 494 the security mechanisms. The defining documents make these header fields mandatory. The \
            response lacks the one that belongs to its status.",
        why_it_matters: "The client cannot repair its request. A phone that gets 401 without a challenge never sends its \
            password; one that gets 423 without Min-Expires guesses, or gives up.",
        likely_causes: "- The script or dial plan of a proxy or SBC sends the bare status.\n\
            - An element on the way removed header fields that it does not know.\n\
            - The status is used for something else, such as 405 for \"not here\" or 420 for a policy.\n\
            - 401 and 407 were mixed up with each other's header fields.",
        how_to_fix: "- At the element that sent the response: add the header field, or answer another status.\n\
            - At elements on the way: let it pass.\n\
            - At the client nothing can be repaired, but for trying what the header field would have said.",
        how_to_confirm: "The next such response carries the header field, and the client's next request takes it into \
            account.",
        when_this_is_wrong: "- The header field is written in its compact form; sipscan reads both.\n\
            - The frame is cut by the snap length; the rule is silent then.\n\
            - For 415 one of Accept, Accept-Encoding and Accept-Language is enough.\n\
            - 3xx without Contact and 608 without Call-Info have rules of their own.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let mut said: Vec<(StatusCode, std::net::IpAddr)> = Vec::new();
    // An ACK has no response at all: nobody acts on what one says.
    for transaction in call.transactions.iter().filter(|t| t.method != Method::Ack) {
        for last in &transaction.finals {
            let Some(response) = call.message(last.message) else { continue };
            let Some(names) = missing(&response.message) else { continue };
            let key = (last.status, response.provenance.flow.source.address);
            // What a hop only passed on is told of the hop where it was sent.
            if said.contains(&key) || came_from_below(call, transaction, last.status) {
                continue;
            }
            said.push(key);
            out.push(finding(call, transaction, response, names));
        }
    }
}

/// The header fields of which the response should have one; `None` if it has.
fn missing(message: &Message) -> Option<&'static [&'static str]> {
    let status = message.status()?;
    // 608 has a rule of its own.
    if status.0 == 608 || message.is_cut() {
        return None;
    }
    let required = catalog::lookup(status.0)?.required_headers;
    let has = |name: &&str| message.header_bytes(HeaderName::read(name.as_bytes())).is_some();
    required.iter().copied().find(|one_of| !one_of.iter().any(has))
}

/// Whether a response of the same status without the header field arrived from the next hop.
fn came_from_below(call: &Call, transaction: &Transaction, status: StatusCode) -> bool {
    let lacks = |id: &TransactionId| {
        let finals = call.transaction(*id).into_iter().flat_map(|t| &t.finals);
        let mut messages = finals.filter(|f| f.status == status).filter_map(|f| call.message(f.message));
        messages.any(|m| missing(&m.message).is_some())
    };
    transaction.downstream.iter().any(lacks)
}

fn finding(
    call: &Call,
    transaction: &Transaction,
    response: &CapturedMessage,
    names: &'static [&'static str],
) -> Finding {
    let status = response.message.status().unwrap_or(StatusCode(0));
    let names = Text::list(" or ", names.iter().copied());
    let stray = stray_challenge(&response.message);
    let template = match stray {
        Some(_) => {
            "{sender} answered {method} with {status} but without {names}, which that status requires: {effect}. It carries \
             {stray}, which belongs to the other challenge."
        }
        None => "{sender} answered {method} with {status} but without {names}, which that status requires: {effect}.",
    };
    let mut message = Text::new(template)
        .with("sender", element(response))
        .with("method", method(transaction))
        .with("status", status)
        .with("names", &names)
        .with("effect", Text::new(effect(status)));
    if let Some(stray) = stray {
        message = message.with("stray", stray.name());
    }
    let request = transaction.request.and_then(|id| call.message(id));
    Finding::new(&RULE, Certainty::Certain, message, Evidence::of(response, "the response"))
        .evidence(stray.map(|name| Evidence::header(response, name, "the header field of the other challenge")))
        .evidence(request.map(|m| Evidence::of(m, "the request")))
        .actor(Actor::sender(response, "operator of the element that sent the response"))
        .fix(Text::new("Add {names} to the response, or answer another status.").with("names", &names))
        .fix("Let elements on the way pass it on.")
        .verify(Text::new("The next {status} carries {names}.").with("status", status).with("names", &names))
}

/// The header field of the other challenge in a 401 or 407.
fn stray_challenge(message: &Message) -> Option<HeaderName> {
    let other = match message.status()?.0 {
        401 => HeaderName::ProxyAuthenticate,
        407 => HeaderName::WwwAuthenticate,
        _ => return None,
    };
    message.header_bytes(other).map(|_| other)
}

/// What the client cannot do without it.
fn effect(status: StatusCode) -> &'static str {
    match status.0 {
        401 | 407 => "the client has no challenge to answer",
        405 => "the client does not learn which methods are allowed",
        415 => "the client does not learn what would be accepted",
        420 => "the client does not learn which extension to leave out",
        421 => "the client does not learn which extension to use",
        422 => "the client does not learn how long the session interval must be",
        423 => "the client does not learn how long the expiry must be",
        424 => "the client does not learn what is wrong with the location",
        _ => "the client does not learn what to change",
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, diagnose, with_code};

    const CODE: &str = "required-header-field-missing";

    fn flow(request: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\n{request} sip:198.51.100.50\n\n0.1 p > a tag=t\n{response}\n"
        )
    }

    #[test]
    fn each_status_has_its_header_field() {
        for (response, field) in [
            ("401 Unauthorized", "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\""),
            ("407 Proxy Authentication Required", "Proxy-Authenticate: Digest realm=\"x\", nonce=\"1\""),
            ("405 Method Not Allowed", "Allow: INVITE"),
            ("415 Unsupported Media Type", "Accept-Language: en"),
            ("420 Bad Extension", "Unsupported: 100rel"),
            ("421 Extension Required", "Require: timer"),
            ("422 Session Interval Too Small", "Min-SE: 90"),
            ("423 Interval Too Brief", "Min-Expires: 60"),
            ("424 Bad Location Information", "Geolocation-Error: 100"),
            ("425 Bad Alert Message", "AlertMsg-Error: 100"),
            ("469 Bad Info Package", "Recv-Info: x"),
            ("494 Security Agreement Required", "Security-Server: tls"),
        ] {
            check(
                CODE,
                &[
                    (response, &flow("REGISTER", response), Some(Severity::Warning)),
                    (field, &flow("REGISTER", &format!("{response}\n{field}")), None),
                ],
            );
        }
        check(
            CODE,
            &[
                ("no rule for 404", &flow("INVITE", "404 Not Found"), None),
                ("608", &flow("INVITE", "608 Rejected"), None),
                (
                    "405 to the ACK",
                    &flow("INVITE", "200 OK\n\n0.2 a > p\nACK\n\n0.3 p > a tag=t re=ACK\n405 Method Not Allowed"),
                    None,
                ),
            ],
        );
    }

    #[test]
    fn a_challenge_under_the_wrong_name_is_seen() {
        let text = flow("REGISTER", "401 Unauthorized\nProxy-Authenticate: Digest realm=\"x\", nonce=\"1\"");
        let found = with_code(&text, CODE);
        assert!(
            found[0]
                .message
                .to_string()
                .ends_with("It carries Proxy-Authenticate, which belongs to the other challenge.")
        );
        assert_eq!(diagnose(&text).calls[0].root_cause, Some(CODE));
    }

    #[test]
    fn what_a_proxy_passes_on_is_told_once_of_its_source() {
        let text = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\n\n\
            0 a > p\nINVITE sip:b@198.51.100.50\n\n0.01 p > b forward\nINVITE sip:b@203.0.113.61\n\n\
            0.1 b > p tag=t\n420 Bad Extension\n\n0.11 p > b\nACK\n\n0.12 p > a forward\n420 Bad Extension\n\n0.13 a > p\nACK\n";
        let found = with_code(text, CODE);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.to_string().starts_with("203.0.113.61:5060 answered INVITE with 420"));
        let stripped = text
            .replace("tag=t\n420 Bad Extension", "tag=t\n420 Bad Extension\nUnsupported: 100rel")
            .replace("0.12 p > a forward\n", "0.12 p > a re=INVITE tag=t\n");
        let found = with_code(&stripped, CODE);
        assert!(found[0].message.to_string().starts_with("198.51.100.50:5060"), "removed by the proxy");
    }
}
