//! A BYE that says 607: the person heard the call, and did not want it.

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::response_facts::says_unwanted;
use crate::diagnosis::unwanted_case::{element, party};
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::{HeaderName, Method};

pub(super) static RULE: Rule = Rule {
    code: "unwanted-after-answer",
    summary: "A call was answered and then ended by a BYE whose Reason says 607.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "RFC 8197 §6", "RFC 3326 §2"],
    explanation: Explanation {
        what_it_means: "The call was answered, and one side hung up with `Reason: SIP;cause=607`: by RFC 8197 §4 that is \
            how the opinion of a 607 is given after the answer. The call itself succeeded.",
        why_it_matters: "It is the strongest complaint there is: the person heard what the call was about. Providers may \
            weigh it more than a 607 before the answer.",
        likely_causes: "- The user pressed \"spam\" during the call.\n\
            - An assistant on the device listened and decided.",
        how_to_fix: "- Take the called number off the calling list.\n\
            - Check whether there was consent to call, and what the called person heard.\n\
            - Do not call again from another number.",
        how_to_confirm: "In a later capture no call goes from this caller to this callee.",
        when_this_is_wrong: "- A 607 in the Reason of a CANCEL only tells the other branches of a fork.\n\
            - The Reason of a BYE may pass on what another leg of a B2BUA said: look for that leg.",
    },
    detect: Detect::Given(Facts::REASON_OF_REQUEST, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let byes = call.transactions.iter().filter(|t| t.method == Method::Bye && t.upstream.is_none());
    out.extend(byes.filter_map(|bye| finding(call, bye, cx)).take(1));
}

/// The BYE by which the called side said so.
pub(in crate::diagnosis) fn of_called_side(call: &Call) -> Option<&CapturedMessage> {
    let caller = call.initial_request()?.provenance.flow.source.address;
    let byes = call.transactions.iter().filter(|t| t.method == Method::Bye && t.upstream.is_none());
    let mut byes = byes.filter(|bye| bye.client.address != caller).filter_map(|bye| call.message(bye.request?));
    byes.find(|bye| bye.message.reasons().iter().any(says_unwanted))
}

fn finding(call: &Call, bye: &Transaction, cx: &Context<'_>) -> Option<Finding> {
    let request = call.message(bye.request?)?;
    if !request.message.reasons().iter().any(says_unwanted) {
        return None;
    }
    let Some(invite) = call.initial_request() else { return Some(of_unknown_side(request)) };
    let by_caller = bye.client.address == invite.provenance.flow.source.address;
    let callee = match invite.message.to() {
        Some(to) => Text::verbatim(party(&to, &cx.settings.country)),
        None => Text::new("the called party"),
    };
    let talked = call.talk_time().map_or_else(|| Text::new("an unknown time"), |time| Text::verbatim(span(time)));
    let template = if by_caller {
        "The calling side {sender} ended the call after {talked} with a BYE whose Reason is 607 Unwanted."
    } else {
        "The called side {sender} ended the call after {talked} with a BYE whose Reason is 607 Unwanted: the called party \
         heard the call and did not want it."
    };
    let message = Text::new(template).with("sender", element(request)).with("talked", talked);
    let finding = Finding::new(
        &RULE,
        Certainty::Certain,
        message,
        Evidence::header(request, HeaderName::Reason, Text::verbatim("BYE")),
    )
    .evidence(answer(call).map(|m| Evidence::of(m, "the answer before")));
    Some(if by_caller {
        finding
            .actor(Actor::sender(request, "the side that hung up"))
            .fix("Find out why the caller's own side calls the call unwanted: the Reason may come from another leg behind it.")
            .verify("Later calls end with an ordinary BYE.")
    } else {
        finding
            .actor(Actor::sender(invite, "the calling side"))
            .fix(
                Text::new("Take {callee} off the calling list, and do not call again from another number.")
                    .with("callee", &callee),
            )
            .fix("Check whether there was consent to call, and what the called party heard.")
            .verify(Text::new("In a later capture no call goes from this caller to {callee}.").with("callee", &callee))
    })
}

/// How the call began was not captured, and with it who called whom.
fn of_unknown_side(request: &CapturedMessage) -> Finding {
    let message = Text::new(
        "{sender} ended a call, whose beginning is not in this capture, with a BYE whose Reason is 607 Unwanted. By RFC 8197 that is the word \
         of the called side.",
    );
    Finding::new(
        &RULE,
        Certainty::Strong,
        message.with("sender", element(request)),
        Evidence::header(request, HeaderName::Reason, Text::verbatim("BYE")),
    )
    .actor(Actor::at(request.provenance.flow.destination, "the calling side"))
    .fix("Check whether there was consent to call, and what the called party heard.")
    .verify("Later calls end with an ordinary BYE.")
}

fn answer(call: &Call) -> Option<&CapturedMessage> {
    call.message(call.decisive_final(call.answered_transaction()?)?.message)
}

#[cfg(test)]
mod tests {
    use crate::call::Outcome;
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, diagnose};

    const CODE: &str = "unwanted-after-answer";

    fn flow(bye: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n1 p > a tag=t\n200 OK\n\n\
             1.1 a > p\nACK\n\n{bye}\n"
        )
    }

    #[test]
    fn the_reason_of_the_bye_decides() {
        check(
            CODE,
            &[
                ("607", &flow("9.1 p > a\nBYE\nReason: SIP;cause=607;text=\"Unwanted\""), Some(Severity::Warning)),
                (
                    "beside another",
                    &flow("9.1 p > a\nBYE\nReason: Q.850;cause=16, SIP;cause=607"),
                    Some(Severity::Warning),
                ),
                (
                    "as FreeSWITCH numbers it",
                    &flow("9.1 p > a\nBYE\nReason: FreeSWITCH;cause=819"),
                    Some(Severity::Warning),
                ),
                ("the same as a status", &flow("9.1 p > a\nBYE\nReason: SIP;cause=819"), Some(Severity::Warning)),
                ("the caller's side", &flow("9.1 a > p\nBYE\nReason: SIP;cause=607"), Some(Severity::Warning)),
                ("an ordinary end", &flow("9.1 p > a\nBYE\nReason: Q.850;cause=16"), None),
                ("a number in the text", &flow("9.1 p > a\nBYE\nReason: SIP;cause=200;text=\"cause=607\""), None),
                ("of another protocol", &flow("9.1 p > a\nBYE\nReason: Q.850;cause=607"), None),
            ],
        );
    }

    #[test]
    fn a_call_that_began_before_the_capture_names_no_caller() {
        let bye = "host a 192.0.2.10\nhost p 198.51.100.50\n\n9 p > a to-tag=x\nBYE sip:a@192.0.2.10\nReason: SIP;cause=607\n\n9.1 a > p\n200 OK\n";
        let found = diagnose(bye);
        let finding = found.calls[0].findings.iter().find(|f| f.code == CODE).unwrap();
        let said = finding.message.to_string();
        assert!(said.contains("whose beginning is not in this capture"), "{said}");
        assert!(diagnose(&bye.replace("607", "600")).calls[0].findings.iter().all(|f| f.code != CODE));
    }

    #[test]
    fn the_call_stays_answered_and_the_callee_is_named() {
        let found = diagnose(include_str!("../../../samples/scenarios/s12.txt"));
        let report = found.calls.iter().find(|r| r.call.is_invite()).unwrap();
        assert_eq!((report.call.outcome, report.root_cause), (Outcome::Answered, None));
        let finding = report.findings.iter().find(|f| f.code == CODE).unwrap();
        assert!(finding.message.to_string().starts_with("The called side 192.0.2.20:5060 ended the call after 8 s"));
        assert!(finding.remediation[0].to_string().starts_with("Take +12155550113 off"));
    }
}
