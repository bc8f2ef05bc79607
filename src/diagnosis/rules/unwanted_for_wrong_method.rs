//! A 607 to a request that no 607 may answer.

use crate::call::Call;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "unwanted-for-wrong-method",
    summary: "A REGISTER, CANCEL, BYE or PRACK was answered with 607.",
    severity: Severity::Error,
    references: &["RFC 3261 §10.3", "RFC 8197 §4", "RFC 3261 §9.2", "RFC 3261 §15.1.2"],
    explanation: Explanation {
        what_it_means: "607 speaks about a caller, in answer to a request that looks for somebody. Registrars must not send \
            any 6xx (RFC 3261 §10.3), and CANCEL, BYE and PRACK belong to a request that went before: nobody can refuse \
            them as unwanted.",
        why_it_matters: "A phone that gets 607 for its REGISTER does not know what to do: many stop for good, others retry \
            at once. A refused BYE or CANCEL leaves calls hanging.",
        likely_causes: "- A registrar or firewall uses 607 to keep a device out.\n\
            - A blocking script looks at every request, whatever its method.",
        how_to_fix: "- At the registrar: answer 403 to a device that may not register, or drop its requests at the edge.\n\
            - In a script: apply the block to INVITE, MESSAGE and SUBSCRIBE without To tag only.",
        how_to_confirm: "The device gets 403 for its REGISTER; BYE and CANCEL get 200.",
        when_this_is_wrong: "- 607 to INVITE, MESSAGE, SUBSCRIBE and other requests outside a dialog is what the code is \
            for.",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(cx.unwanted.iter().filter(|case| case.has_wrong_method()).map(finding));
}

fn finding(case: &UnwantedCase<'_>) -> Finding {
    let register = case.nearest.method == Method::Register;
    let template = if register {
        "{sender} answered {method} with 607: registrars must not send 6xx, and clients do not know what to do with it."
    } else {
        "{sender} answered {method} with 607, which cannot refuse a request that belongs to an earlier one."
    };
    let message = Text::new(template).with("sender", case.sender()).with("method", &case.nearest.method);
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .evidence(case.deepest_request().map(|m| Evidence::of(m, "the request")));
    if register {
        finding
            .actor(case.operator("operator of the registrar"))
            .fix("Answer 403 to a device that may not register, or drop its requests at the edge of the network.")
            .verify("The device gets 403 for its next REGISTER.")
    } else {
        finding
            .actor(case.operator("operator of the element that answered"))
            .fix("Apply the block to INVITE, MESSAGE and SUBSCRIBE without To tag only, and answer this method as usual.")
            .verify(Text::new("The next {method} gets 200.").with("method", &case.nearest.method))
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, diagnose};

    const CODE: &str = "unwanted-for-wrong-method";

    fn flow(request: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\n{request} sip:198.51.100.50\n\n0.1 p > a tag=t\n607 Unwanted\n"
        )
    }

    #[test]
    fn the_method_decides() {
        let answered = "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:b@198.51.100.50\n\n\
            1 p > a tag=t\n200 OK\n\n1.1 a > p\nACK\n\n5 a > p\nBYE\n\n5.1 p > a\n607 Unwanted\n";
        check(
            CODE,
            &[
                ("REGISTER", &flow("REGISTER"), Some(Severity::Error)),
                ("BYE", answered, Some(Severity::Error)),
                ("INVITE", &flow("INVITE"), None),
                ("MESSAGE", &flow("MESSAGE"), None),
                ("SUBSCRIBE", &flow("SUBSCRIBE"), None),
            ],
        );
        assert_eq!(diagnose(&flow("REGISTER")).calls[0].root_cause, Some(CODE));
    }
}
