//! A rejected call whose calling number nobody can have.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Scheme, UriView};
use crate::stir::{Impossible, TelephoneNumber};

pub(super) static RULE: Rule = Rule {
    code: "caller-number-impossible",
    summary: "A rejected call names a calling number that cannot exist.",
    severity: Severity::Error,
    references: &["ITU-T E.164", "RFC 3966 §5.1", "FCC 25-15", "RFC 8197 §6"],
    explanation: Explanation {
        what_it_means: "The call was rejected as unwanted, by a network, or for its identity, and the number in \
            P-Asserted-Identity or From breaks the numbering plan: no digit or other characters, zeros only, one digit \
            throughout, too short or too long for E.164, or an area or exchange code that North America does not have.",
        why_it_matters: "Networks block such numbers without asking anybody (do-not-originate lists), and called parties \
            take them for fraud. Nobody can call back.",
        likely_causes: "- The exchange sends a placeholder, such as zeros, where no number is set.\n\
            - Digits were added or lost when the number was rewritten.\n\
            - The caller chose a number to hide behind.",
        how_to_fix: "- Send the real number that is assigned to the caller, in E.164 form with `+`.\n\
            - Check the rewriting rules of exchange and SBC between the user and this trunk.",
        how_to_confirm: "The next INVITE names an assigned number in From and P-Asserted-Identity.",
        when_this_is_wrong: "- Extensions and short codes without `+` are no international numbers; they are left alone.\n\
            - 555-0100 to 555-0199 are for films and documents. Outside of test captures they get a notice, no more.\n\
            - Number plans change: an area code may have been opened.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.rejected_identity() else { return };
    let message = &case.request.message;
    let asserted = message.asserted_identities();
    let asserted = asserted.iter().filter_map(|party| UriView::read(party.uri.raw()));
    let from = case.from().map(|uri| (HeaderName::From, uri));
    let parties = asserted.map(|uri| (HeaderName::PAssertedIdentity, uri)).chain(from);
    out.extend(parties.filter_map(|(name, uri)| finding(case, name, &uri, cx)).take(1));
}

fn finding(case: &IdentityCase<'_>, name: HeaderName, uri: &UriView<'_>, cx: &Context<'_>) -> Option<Finding> {
    let user = uri.user_name().unwrap_or_default();
    let number = TelephoneNumber::read(user, &cx.settings.country);
    let fault = number.as_ref().map_or_else(|| no_number(uri), TelephoneNumber::impossible);
    let fictional = number.as_ref().is_some_and(TelephoneNumber::is_fictional);
    // Test captures are full of these numbers.
    if fault.is_none() && (!fictional || cx.hosts.documentation_traffic) {
        return None;
    }
    let evidence = Evidence::header(case.request, name, "the calling number");
    let actor = Actor::sender(case.nearest, "the calling side");
    let Some(fault) = fault else {
        let message = Text::new(
            "The calling number {number} is one for films and documents (555-0100 to 555-0199): nobody has it.",
        )
        .with("number", user);
        let finding = Finding::new(&RULE, Certainty::Strong, message, evidence).severity(Severity::Notice).actor(actor);
        return Some(
            finding
                .fix("Send the number that is assigned to the caller.")
                .verify("The next INVITE names an assigned number."),
        );
    };
    let message = Text::new("The call names {number} as its calling number in {header}, which nobody can have: {why}.")
        .with("number", if user.is_empty() { Text::new("no number") } else { Text::verbatim(user) })
        .with("header", name.name())
        .with("why", fault);
    let finding = Finding::new(&RULE, Certainty::Certain, message, evidence)
        .evidence(case.rejection_evidence())
        .actor(actor)
        .fix("Send the number that is assigned to the caller, in E.164 form with `+`, in From and P-Asserted-Identity.")
        .fix("Check the rules of exchange and SBC that rewrite calling numbers.")
        .verify("The next INVITE names an assigned number in From and P-Asserted-Identity.");
    Some(finding)
}

/// What is wrong with a user part that should be a number and is none: where the URI says that it is one.
fn no_number(uri: &UriView<'_>) -> Option<Impossible> {
    let user = uri.user_name().unwrap_or_default();
    let claims = uri.scheme == Scheme::Tel || uri.param("user").as_deref() == Some("phone") || user.starts_with('+');
    match (claims, user.trim_start_matches('+').is_empty()) {
        (false, _) => None,
        (true, true) => Some(Impossible::Empty),
        (true, false) => Some(Impossible::NotDigits),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "caller-number-impossible";

    fn flow(from: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: {from}\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn numbers_outside_of_the_plan_are_named() {
        let error = Some(Severity::Error);
        for (user, expected) in [
            ("+10000000000", error),
            ("+19115550101", error),
            ("+12345", error),
            ("+1234567890123456", error),
            ("+1212abc", error),
            ("+12125550101", None),
            ("1001", None),
            ("alice", None),
            ("national, with trunk prefix: 02079460100", None),
        ] {
            let user = user.rsplit(' ').next().unwrap_or(user);
            let text = flow(&format!("<sip:{user}@192.0.2.10>"), "607 Unwanted");
            check(CODE, &[(user, &text, expected)]);
        }
        check(
            CODE,
            &[
                ("says that it is a number", &flow("<sip:alice@192.0.2.10;user=phone>", "607 Unwanted"), error),
                (
                    "asserted",
                    &flow("<sip:+12125550101@192.0.2.10>\nP-Asserted-Identity: <tel:+000>", "607 Unwanted"),
                    error,
                ),
                ("busy", &flow("<sip:+10000000000@192.0.2.10>", "486 Busy Here"), None),
                ("answered", &flow("<sip:+10000000000@192.0.2.10>", "200 OK"), None),
            ],
        );
    }

    #[test]
    fn numbers_for_films_are_a_notice_outside_of_test_captures() {
        let text = flow("<sip:+12125550101@10.0.0.1>", "607 Unwanted")
            .replace("192.0.2.10", "10.0.0.1")
            .replace("198.51.100.50", "10.0.0.2");
        check(CODE, &[("private addresses", &text, Some(Severity::Notice))]);
    }

    #[test]
    fn five_of_the_dialler_s_thirty_calls_are_named() {
        let found = with_code(include_str!("../../../samples/scenarios/s09.txt"), CODE);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|f| f.message.to_string().contains("+10000000000")));
    }
}
