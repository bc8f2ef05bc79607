//! A redirect inside a running dialog.

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "redirect-in-dialog",
    summary: "A 3xx response to a request inside a dialog, such as a re-INVITE.",
    severity: Severity::Warning,
    references: &["RFC 3261 §12.2.1.2", "RFC 3261 §14.1", "RFC 5057 §5.1"],
    explanation: Explanation {
        what_it_means: "A request with a To tag, that is, one inside of an existing dialog, was answered with a redirect. \
            The dialog stays as it was. RFC 5057 calls redirection in the middle of a dialog poorly understood; few \
            implementations act on it.",
        why_it_matters: "What the request was for does not happen: no hold, no codec change, no session refresh, and after \
            enough failed refreshes the session timer ends the call.",
        likely_causes: "- The peer moved to another address in the call and wants to say so.\n\
            - A proxy lost its state, does not recognise the dialog, and routes the request by its redirect rules.\n\
            - Routing rules that do not tell requests with a To tag from initial ones.",
        how_to_fix: "- At the element that answered: to move a running call, send a re-INVITE or UPDATE with the new \
            Contact, or a REFER.\n\
            - At a proxy: let requests with a To tag follow their Route header fields, past all redirect rules.",
        how_to_confirm: "Put the call on hold and take it back: both re-INVITEs are answered with 200.",
        when_this_is_wrong: "- A client that follows a redirect and wrongly keeps the To tag of the 3xx sends a request that \
            only looks like one inside a dialog: that is redirect-follow-up-malformed.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    for transaction in call.transactions.iter().filter(|t| t.in_dialog) {
        out.extend(finding(call, transaction));
    }
}

fn finding(call: &Call, transaction: &Transaction) -> Option<Finding> {
    let redirect = transaction.finals.iter().find(|f| f.status.is_redirection())?;
    // Relayed copies of one response are one finding, at the hop of the element that sent it.
    if !transaction.downstream.is_empty() {
        return None;
    }
    let request = call.message(transaction.request?)?;
    if tag_of_a_redirect(call, transaction, request) {
        return None;
    }
    let response = call.message(redirect.message)?;
    let message = Text::new(if transaction.method == Method::Bye {
        // RFC 3261 §15.1.1: whoever sends BYE takes the session for ended at once, whatever comes back.
        "{server} answered {method} inside the dialog with {status}. The side that sent it takes the call for ended all the same; whether the other \
         side does is not shown by a redirect."
    } else {
        "{server} answered {method} inside the dialog with {status}; the session goes on unchanged, and what the {method} was for did not happen."
    })
    .with("server", response.provenance.flow.source)
    .with("method", &transaction.method)
    .with("status", redirect.status);
    let remedy = if matches!(transaction.method, Method::Invite | Method::Update) {
        "To move a running call, send a re-INVITE or UPDATE with the new Contact, or a REFER, in place of a 3xx."
    } else {
        "Answer requests inside a dialog, or reject them with the status that says why; a redirect there helps nobody."
    };
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(response, "3xx inside the dialog"))
        .evidence([Evidence::of(request, "the request inside the dialog")])
        .actor(Actor::sender(response, "operator of the element that answered"))
        .fix(remedy)
        .fix("If a proxy answered: let requests with a To tag follow their Route header fields, past all redirect rules.")
        .verify(match transaction.method {
            Method::Invite | Method::Update => {
                Text::new("Put a call on hold and take it back: both re-INVITEs are answered with 200.")
            }
            _ => Text::new("The next {method} inside a dialog is answered with 200.").with("method", &transaction.method),
        });
    Some(finding)
}

/// Whether the To tag is one that an earlier redirect of an initial request made up, so that there is no dialog.
fn tag_of_a_redirect(call: &Call, transaction: &Transaction, request: &CapturedMessage) -> bool {
    let earlier = call.transactions.iter().filter(|t| t.start < transaction.start && !t.in_dialog);
    earlier
        .flat_map(|t| &t.finals)
        .filter(|f| f.status.is_redirection())
        .filter_map(|f| call.message(f.message))
        .any(|m| m.message.to_tag() == request.message.to_tag())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, check, redirected, with_code};

    fn flow(method: &str, status: &str) -> String {
        format!(
            "{HOSTS}0.0 pbx > new\nINVITE sip:bob@corp.example\n\n1.0 new > pbx tag=b1\n200 OK\n\n+0.01 pbx > new\nACK\n\n\
             9.0 pbx > new to-tag=b1\n{method} sip:bob@203.0.113.40\n\n+0.01 new > pbx\n{status}\n\
             Contact: <sip:bob@203.0.113.41>\n\n"
        )
    }

    #[test]
    fn redirects_of_requests_with_the_tag_of_a_dialog_count() {
        check(
            RULE.code,
            &[
                ("re-INVITE", &flow("INVITE", "302 Moved"), Some(Severity::Warning)),
                ("INFO", &flow("INFO", "301 Moved"), Some(Severity::Warning)),
                ("another failure", &flow("INVITE", "491 Request Pending"), None),
                ("an initial INVITE", &redirected("302 Moved\nContact: <sip:bob@203.0.113.41>", ""), None),
            ],
        );
        assert!(with_code(&flow("INVITE", "302 Moved"), "redirect-not-followed").is_empty());
    }

    #[test]
    fn a_bye_ends_the_call_for_whoever_sent_it() {
        for (method, goes_on, verified) in
            [("BYE", false, "The next BYE"), ("INFO", true, "The next INFO"), ("INVITE", true, "on hold")]
        {
            let found = with_code(&flow(method, "302 Moved"), RULE.code);
            let text = found[0].message.to_string();
            assert_eq!(text.contains("the session goes on unchanged"), goes_on, "{text}");
            let verification = found[0].verification.as_ref().unwrap().to_string();
            assert!(verification.contains(verified), "{method}: {verification}");
        }
    }
}
