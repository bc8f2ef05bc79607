//! A 607 to a request inside a dialog.

use crate::call::Call;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};

pub(super) static RULE: Rule = Rule {
    code: "unwanted-in-dialog",
    summary: "A request inside a dialog was answered with 607.",
    severity: Severity::Warning,
    references: &["RFC 8197 §4", "RFC 5057 §5.1"],
    explanation: Explanation {
        what_it_means: "607 rejects a caller before anything exists between the two sides. Here it answers a request of a \
            dialog that was established already, such as a re-INVITE or UPDATE. Only that transaction fails; the dialog \
            goes on.",
        why_it_matters: "The side that sent it wants to be rid of the call, and the call stays up. The other side does not \
            learn that it is unwanted.",
        likely_causes: "- A user pressed \"spam\" during the call, and the device answers the next request with it.\n\
            - A blocking service looks at every INVITE, re-INVITEs included.",
        how_to_fix: "- At the side that sent it: end the call with `BYE` and `Reason: SIP;cause=607;text=\"Unwanted\"` \
            (RFC 8197 §4).\n\
            - At a blocking service: look only at requests without To tag.",
        how_to_confirm: "A complaint during a call shows as BYE with that Reason, and re-INVITEs are answered as ever.",
        when_this_is_wrong: "- A client that repeats a failed INVITE and wrongly keeps the To tag of the failure is not \
            inside a dialog.\n\
            - 607 to BYE, CANCEL or PRACK is the matter of another rule.",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let cases = cx.unwanted;
    out.extend(cases.iter().filter(|case| case.is_in_dialog() && !case.has_wrong_method()).map(finding));
}

fn finding(case: &UnwantedCase<'_>) -> Finding {
    let message = Text::new(
        "{sender} answered {method} inside the dialog with 607: only that request fails, and the call stays up. A call that \
         has become unwanted ends with BYE and Reason 607.",
    )
    .with("sender", case.sender())
    .with("method", &case.nearest.method);
    Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .evidence(case.deepest_request().map(|m| Evidence::of(m, "the request inside the dialog")))
        .actor(case.operator("operator of the side that answered"))
        .fix("End the call with `BYE` and `Reason: SIP;cause=607;text=\"Unwanted\"` in place of the 607.")
        .fix("If a blocking service answered: let it look at requests without To tag only.")
        .verify("A complaint during a call shows as BYE with that Reason.")
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::check;

    #[test]
    fn a_dialog_must_exist() {
        let answered = "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:b@198.51.100.50\n\n\
            1 p > a tag=t\n200 OK\n\n1.1 a > p\nACK\n\n";
        check(
            "unwanted-in-dialog",
            &[
                (
                    "re-INVITE",
                    &format!("{answered}5 a > p to-tag=t\nINVITE sip:b@198.51.100.50\n\n5.1 p > a\n607 Unwanted\n"),
                    Some(Severity::Warning),
                ),
                (
                    "UPDATE",
                    &format!("{answered}5 a > p\nUPDATE sip:b@198.51.100.50\n\n5.1 p > a\n607 Unwanted\n"),
                    Some(Severity::Warning),
                ),
                ("BYE", &format!("{answered}5 a > p\nBYE\n\n5.1 p > a\n607 Unwanted\n"), None),
                (
                    "initial",
                    "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:b@198.51.100.50\n\n1 p > a tag=t\n607 Unwanted\n",
                    None,
                ),
                (
                    "the tag of a failure",
                    "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:b@198.51.100.50\n\n1 p > a tag=t\n480 Gone\n\n\
                     1.1 a > p\nACK\n\n2 a > p to-tag=t\nINVITE sip:b@198.51.100.50\n\n3 p > a tag=t\n607 Unwanted\n",
                    None,
                ),
            ],
        );
    }
}
