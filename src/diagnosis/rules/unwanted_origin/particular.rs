//! 607s after which a calling list is not the matter: to scanners, to call backs of emergency call centres, to hidden callers.

use crate::call::unwanted::Verdict;
use crate::diagnosis::patterns::scans::names_a_scanner;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::rules::{caller_anonymous, scanner};
use crate::diagnosis::unwanted_case::{UnwantedCase, is_emergency_call_back};
use crate::diagnosis::{Evidence, Finding, Severity, Text};
use crate::sip::HeaderName;

/// What to do before the next transfer: the 607 may mean either of the two who were part of it (RFC 8197 §6).
pub(super) const BEFORE_A_TRANSFER: &str = "Ask {callee} before anybody is transferred there again: the 607 may be about whoever was to be \
    transferred, or about who transferred them.";

/// The finding with advice of its own where the caller has nothing to change.
pub(super) fn of_no_caller(case: &UnwantedCase<'_>, finding: &Finding) -> Option<Finding> {
    let request = case.request()?;
    if names_a_scanner(request) {
        let finding = finding.clone().actor(case.operator(scanner::OPERATOR));
        return Some(scanner::with_remedies(finding, request.provenance.flow.source.address));
    }
    if !is_emergency_call_back(&request.message) {
        return None;
    }
    let mut finding = finding.clone();
    let text = Text::new(
        "By its Priority, which anybody can write, it is the call back of an emergency call centre: those no block list should stop.",
    );
    finding.message = with_reason(std::mem::take(&mut finding.message), Some(text));
    let text = Text::new(
        "At {sender}: let call backs of emergency call centres past block lists and analytics, where the network vouches for the mark (RFC 7090).",
    );
    Some(
        finding
            .severity(Severity::Warning)
            .evidence([Evidence::header(request, HeaderName::Priority, "the mark of a call back")])
            .actor(case.operator("operator of the element that rejected the call"))
            .fix(text.with("sender", case.origin.sender))
            .fix("At the emergency call centre: try to reach the person in another way at once, and report the block to that operator.")
            .verify("A test call with that Priority, from an emergency call centre, rings."),
    )
}

/// What comes first where no person decided and the caller hides: the 607 may be about that alone, which has a code of its own.
pub(super) fn first(case: &UnwantedCase<'_>) -> Vec<Text> {
    let is_hidden = || case.request().is_some_and(|request| caller_anonymous::hides(&request.message));
    if !case.is_call() || case.origin.verdict == Verdict::Human || !is_hidden() {
        return Vec::new();
    }
    let server =
        Text::new("At {sender}: where calls without a number are not wanted, answer 433, which says so (RFC 5079).");
    vec![
        Text::new(
            "Call with the number shown, where law and the caller's consent allow it: this 607 may be about its absence alone.",
        ),
        server.with("sender", case.origin.sender),
    ]
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::testing::only;
    use crate::diagnosis::{Finding, Severity};

    const CODE: &str = "unwanted-origin";

    fn of(fields: &str, before: &str) -> Finding {
        let flow = format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n{fields}\n\n{before}\
             9 p > a tag=t\n607 Unwanted\n\n9.1 a > p\nACK\n"
        );
        only(&flow, CODE)
    }

    fn fixes(finding: &Finding) -> String {
        finding.remediation.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_call_back_of_an_emergency_call_centre_is_on_no_list() {
        let back = of("Priority: psap-callback", "");
        assert_eq!(back.severity, Severity::Warning);
        assert!(back.message.to_string().ends_with("those no block list should stop."));
        assert!(!fixes(&back).contains("calling list"), "{}", fixes(&back));
        assert_eq!(back.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.50:5060");
        for other in ["Priority: emergency", "Priority: urgent", "Subject: psap-callback"] {
            assert!(fixes(&of(other, "")).contains("calling list"), "{other}");
        }
    }

    #[test]
    fn a_scanner_has_no_calling_list() {
        let scan = of("User-Agent: friendly-scanner", "");
        assert!(!fixes(&scan).contains("calling list") && fixes(&scan).contains("drop what comes from 192.0.2.10"));
        assert!(fixes(&of("User-Agent: ExamplePBX/1", "")).contains("calling list"));
    }

    #[test]
    fn a_hidden_caller_may_show_its_number() {
        let hidden = "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>";
        let rang = "1 p > a tag=t\n180 Ringing\n\n";
        for (fields, before, first) in [
            (hidden, "", "Call with the number shown"),
            ("Privacy: id", "", "Call with the number shown"),
            // A person heard it ring, and knows what is shown.
            (hidden, rang, "Take +12155550113 off"),
            ("Privacy: none", "", "Take +12155550113 off"),
        ] {
            let said = fixes(&of(fields, before));
            assert!(said.starts_with(first), "{fields}: {said}");
        }
    }
}
