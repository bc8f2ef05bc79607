//! A rejected call whose header fields name different callers.

use crate::call::Call;
use crate::diagnosis::identity_case::{IdentityCase, number, same_caller};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Message, NameAddr};
use crate::stir::TelephoneNumber;

/// Header fields that name the caller.
const CALLER: [HeaderName; 4] =
    [HeaderName::From, HeaderName::PAssertedIdentity, HeaderName::PPreferredIdentity, HeaderName::RemotePartyId];

pub(super) static RULE: Rule = Rule {
    code: "caller-identities-disagree",
    summary: "A rejected call names different calling numbers in different header fields.",
    severity: Severity::Warning,
    references: &["RFC 3325 §9.1", "RFC 8224 §6.2", "RFC 5806 §6"],
    explanation: Explanation {
        what_it_means: "From, P-Asserted-Identity, P-Preferred-Identity and Remote-Party-ID of one INVITE hold different \
            telephone numbers, also in canonical form, and no Diversion or History-Info header field explains the second \
            number as that of a party which forwarded the call. The call was rejected as unwanted, by a network, or for its \
            identity.",
        why_it_matters: "Each element on the way may take another of these numbers for the caller: one is shown, another \
            one is signed, a third one is scored. A number that nobody vouches for beside one that somebody does is what \
            spoofed calls look like.",
        likely_causes: "- The exchange shows a service number in From, and the provider asserts the number of the trunk.\n\
            - An SBC rewrites one of the header fields only.\n\
            - A forwarded call keeps the first caller in From but lost its Diversion.\n\
            - The caller hides behind a number that is not its own.",
        how_to_fix: "- Send one number in all of them, in E.164 form.\n\
            - P-Asserted-Identity must be the number that the provider can vouch for; show another one in From only if the \
            provider agreed to it.\n\
            - Keep Diversion or History-Info on calls that are forwarded.",
        how_to_confirm: "The next INVITE names the same number in all header fields, and the PASSporT names it too.",
        when_this_is_wrong: "- The same number is written in different forms, or with and without country code.\n\
            - Extensions and names stand beside a number: they are no telephone numbers and are not compared.\n\
            - A forwarded call: the second number is in Diversion or History-Info.\n\
            - The provider agreed to show another number (a freephone number, say). Then the rejection has another reason.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(cx.rejected_identity().and_then(|case| finding(case, cx)));
}

fn finding(case: &IdentityCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let country = &cx.settings.country;
    let named = named(case, country);
    let ((name, number), (other_name, other)) = conflict(&named)?;
    let explained = diverted(&case.request.message, country);
    if explained.iter().any(|via| same_caller(via, number) || same_caller(via, other)) {
        return None;
    }
    let message = Text::new(
        "The call names two callers, {number} in {name} and {other} in {other_name}, and neither Diversion nor History-Info \
         explains the second one.",
    )
    .with("number", number)
    .with("name", name.name())
    .with("other", other)
    .with("other_name", other_name.name());
    let evidence = Evidence::header(case.request, *name, "one caller");
    Some(
        Finding::new(&RULE, Certainty::Strong, message, evidence)
            .evidence([Evidence::header(case.request, *other_name, "another caller")])
            .evidence(case.rejection_evidence())
            .actor(Actor::sender(case.nearest, "the calling side"))
            .fix("Send one calling number in From and P-Asserted-Identity, in E.164 form.")
            .fix("Let the provider assert a number that it can vouch for, and sign the call after the last change of either.")
            .fix("If the call was forwarded: keep its Diversion or History-Info header field.")
            .verify("The next INVITE names the same number in all header fields."),
    )
}

type Named = (HeaderName, TelephoneNumber);

/// Complete numbers with the header field that holds them.
fn named(case: &IdentityCase<'_>, country: &str) -> Vec<Named> {
    let message = &case.request.message;
    if !CALLER.iter().any(|name| *name != HeaderName::From && message.has(*name)) {
        return Vec::new();
    }
    let of = |name: HeaderName| numbers(message, name, country).into_iter().map(move |number| (name, number));
    CALLER.into_iter().flat_map(of).collect()
}

fn numbers(message: &Message, name: HeaderName, country: &str) -> Vec<TelephoneNumber> {
    if !message.has(name) {
        return Vec::new();
    }
    let values = message.values(name);
    values.iter().filter_map(|value| number(&NameAddr::read(value)?, country)).collect()
}

/// Two numbers of different header fields where the fields have none in common.
fn conflict(named: &[Named]) -> Option<(&Named, &Named)> {
    let (first, number) = named.first()?;
    let other = named.iter().find(|(name, _)| {
        let mut same = named.iter().filter(|(field, _)| field == name);
        name != first && !same.any(|(_, other)| same_caller(number, other))
    })?;
    Some((named.first()?, other))
}

/// Numbers of the parties that forwarded the call.
fn diverted(message: &Message, country: &str) -> Vec<TelephoneNumber> {
    [HeaderName::Diversion, HeaderName::HistoryInfo]
        .into_iter()
        .flat_map(|name| numbers(message, name, country))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::check;

    fn flow(fields: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n{fields}\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn only_numbers_that_nothing_explains_disagree() {
        let from = "From: <sip:+12125550101@192.0.2.10>";
        let warning = Some(Severity::Warning);
        for (more, expected) in [
            ("P-Asserted-Identity: <tel:+12125550102>", warning),
            ("P-Preferred-Identity: <sip:+12125550102@192.0.2.10>", warning),
            ("Remote-Party-ID: \"B\" <sip:+12125550102@192.0.2.10>;party=calling;screen=no", warning),
            ("P-Asserted-Identity: <tel:+12125550101>\nRemote-Party-ID: <sip:+12125550102@192.0.2.10>", warning),
            ("P-Asserted-Identity: <sip:2125550101@192.0.2.10>", None),
            ("P-Asserted-Identity: <sip:+1-212-555-0101@192.0.2.10>, <tel:+12125550102>", None),
            ("P-Asserted-Identity: <sip:1001@192.0.2.10>", None),
            ("P-Asserted-Identity: <sip:alice@192.0.2.10>", None),
            ("P-Asserted-Identity: <tel:+12125550102>\nDiversion: <tel:+12125550102>;reason=unconditional", None),
            ("P-Asserted-Identity: <tel:+12125550102>\nHistory-Info: <sip:+12125550102@a.example>;index=1", None),
            ("", None),
        ] {
            let fields = format!("{from}\n{more}");
            check(RULE.code, &[(more, &flow(fields.trim_end(), "607 Unwanted"), expected)]);
        }
        let differ = format!("{from}\nP-Asserted-Identity: <tel:+12125550102>");
        for response in ["486 Busy Here", "200 OK", "603 Decline"] {
            check(RULE.code, &[(response, &flow(&differ, response), None)]);
        }
    }
}
