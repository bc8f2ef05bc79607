//! A 608 that does not say whom to ask.

use crate::call::redress::purpose;
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::rejections;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, StatusCode};

const REJECTED: StatusCode = StatusCode(608);

pub(super) static RULE: Rule = Rule {
    code: "rejected-without-redress",
    summary: "A 608 Rejected without a Call-Info of purpose jwscard: the caller cannot learn whom to ask.",
    severity: Severity::Warning,
    references: &["RFC 8688 §3.2", "RFC 8688 §3.4", "RFC 8688 §6"],
    explanation: Explanation {
        what_it_means: "608 says that an intermediary, usually analytics of a network, rejected the call. Unless it takes \
            the caller for malicious, it must add a Call-Info header field with `purpose=jwscard`, which points to a \
            signed contact card (RFC 8688 §3.2). Here that is missing, or the purpose is another.\n\n\
            `sip.608` is no purpose: it is the feature capability by which the caller announces that it understands 608 \
            (Feature-Caps in the INVITE).",
        why_it_matters: "A caller that was rejected by mistake has nobody to turn to. That was the reason to invent the \
            code.",
        likely_causes: "- The blocking service was set up without a contact card.\n\
            - The purpose is written as `sip.608`, or left out.\n\
            - An element on the way removed Call-Info.\n\
            - The service takes the caller for malicious and says nothing on purpose.",
        how_to_fix: "- At the blocking service: publish a JWS-signed jCard, and add \
            `Call-Info: <https://...>;purpose=jwscard` to each 608.\n\
            - At every element on the way: pass Call-Info on.\n\
            - At the caller: ask the operator of the element that answered; quote Call-ID, time and both numbers.",
        how_to_confirm: "The next 608 carries a Call-Info with `purpose=jwscard`, and the address gives a signed card.",
        when_this_is_wrong: "- A blocker that judges the caller malicious may leave the card out.\n\
            - Call-Info may hold several values; one of purpose jwscard among them is enough, in whatever case it is \
            written.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(rejections::with_status(call, REJECTED).filter_map(|(_, response)| finding(response)));
}

fn finding(response: &CapturedMessage) -> Option<Finding> {
    let values = response.message.values(HeaderName::CallInfo);
    let purposes: Vec<_> = values.iter().map(|value| purpose(value)).collect();
    let has_card = purposes.iter().flatten().any(|purpose| purpose.eq_ignore_ascii_case("jwscard"));
    if has_card || response.message.is_cut() {
        return None;
    }
    let capability = purposes.iter().flatten().any(|purpose| purpose.eq_ignore_ascii_case("sip.608"));
    let message = match purposes.first() {
        None => Text::new(
            "{sender} rejected the call with 608 but names nobody to ask: the response has no Call-Info header field.",
        ),
        Some(_) if capability => Text::new(
            "{sender} rejected the call with 608, and its Call-Info has the purpose `sip.608`: that is a feature \
             capability, so clients find no contact card.",
        ),
        Some(None) => Text::new("{sender} rejected the call with 608, and its Call-Info has no purpose, so that clients find no contact card."),
        Some(Some(other)) => Text::new(
            "{sender} rejected the call with 608, and its Call-Info has the purpose {purpose} in place of jwscard, so that \
             clients find no contact card.",
        )
        .with("purpose", other),
    }
    .with("sender", element(response));
    let primary = match purposes.first() {
        Some(_) => Evidence::header(response, HeaderName::CallInfo, "608 response, without a contact card"),
        None => Evidence::of(response, "608 response, without Call-Info"),
    };
    let finding = Finding::new(&RULE, Certainty::Certain, message, primary)
        .actor(Actor::sender(response, "operator of the blocking service"))
        .fix(if values.is_empty() {
            "Add `Call-Info: <https://...>;purpose=jwscard` with the address of a signed contact card to each 608."
        } else {
            "Write `purpose=jwscard` in Call-Info, with the address of a signed contact card."
        })
        .fix(
            Text::new(
                "At the caller: ask the operator of {sender} for its contact for blocked callers; quote Call-ID, time and \
                 both numbers.",
            )
            .with("sender", response.provenance.flow.source),
        )
        .verify("The next 608 carries a Call-Info with `purpose=jwscard`.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "rejected-without-redress";

    fn flow(response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn only_a_contact_card_will_do() {
        let card = "<https://block.example.net/card>;purpose=jwscard";
        check(
            CODE,
            &[
                ("nothing", &flow("608 Rejected"), Some(Severity::Warning)),
                ("a card", &flow(&format!("608 Rejected\nCall-Info: {card}")), None),
                (
                    "a card among others",
                    &flow(&format!("608 Rejected\nCall-Info: <https://x.example/i>;purpose=icon, {card}")),
                    None,
                ),
                ("in capitals", &flow("608 Rejected\nCall-Info: <https://x.example/j>; Purpose=JWSCARD"), None),
                (
                    "the capability",
                    &flow("608 Rejected\nCall-Info: <https://x.example/j>;purpose=sip.608"),
                    Some(Severity::Warning),
                ),
                (
                    "another purpose",
                    &flow("608 Rejected\nCall-Info: <https://x.example/j>;purpose=card"),
                    Some(Severity::Warning),
                ),
                ("no purpose", &flow("608 Rejected\nCall-Info: <https://x.example/j>"), Some(Severity::Warning)),
                ("607", &flow("607 Unwanted"), None),
            ],
        );
    }

    #[test]
    fn the_wrong_purpose_is_named() {
        let found = with_code(include_str!("../../../samples/scenarios/s11e.txt"), CODE);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.to_string().contains("`sip.608`: that is a feature capability"));
        assert_eq!(found[0].evidence[0].text, "Call-Info: <https://x.example/j>;purpose=sip.608");
    }
}
