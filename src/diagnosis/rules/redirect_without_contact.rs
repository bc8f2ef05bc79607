//! A redirect that names no place to go to.

use crate::call::Call;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;

/// Q.850 cause 22: number changed.
const NUMBER_CHANGED: u32 = 22;

pub(super) static RULE: Rule = Rule {
    code: "redirect-without-contact",
    summary: "A 3xx response without a Contact header field: there is no address to redirect to.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §13.3.1.2", "RFC 3261 §21.3", "RFC 3398 §7.2.4.1"],
    explanation: Explanation {
        what_it_means: "A server said that the called address has moved (300, 301, 302 or 305), but not where to: the \
            response has no Contact header field. RFC 3261 only says that a redirect SHOULD carry one, so the \
            response is legal, and useless: no client can follow it.",
        why_it_matters: "The call ends there. Users hear a failure tone or an announcement of their own network, and \
            turning on redirect handling at the client changes nothing, because there is nothing to follow.",
        likely_causes: "- A telephone network released the call with Q.850 cause 22 (number changed) without telling \
            the new number, and the gateway mapped it to 301 all the same. The Reason header field shows it.\n\
            - The script or dial plan of a server sends the status without setting a Contact.\n\
            - The location service found no binding, and the server answers 301 in place of 404 or 480.\n\
            - An element between server and capture removed the Contact, for example to hide the topology.",
        how_to_fix: "- At the element that sent the 3xx: add a Contact with a URI that the client can reach.\n\
            - At a gateway: map cause 22 without a new number to 410, with a new number to 301 and a Contact (RFC 3398 \
            §7.2.4.1), and play the announcement of the telephone network.\n\
            - Where the new address is not known: answer 410 or 404.\n\
            - At the caller: nothing can be followed; find out the new number by another way and correct the directory.",
        how_to_confirm: "Call again: the 3xx must carry a Contact and be followed by a second INVITE, or the call must \
            end with 410 or 404 at once.",
        when_this_is_wrong: "- The Contact is written in its compact form, `m:`. sipscan reads it, other tools and eyes \
            may miss it.\n\
            - The frame is cut by the snap length, so that the Contact was sent but not captured; the rule is silent \
            for cut messages.\n\
            - 380 Alternative Service describes what to do in its body and needs no Contact.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter(applies).map(finding));
}

/// Whether the redirect names no address at all.
pub(super) fn applies(case: &RedirectCase<'_>) -> bool {
    let message = &case.response.message;
    case.offers_contacts() && !message.is_cut() && !message.has(HeaderName::Contact)
}

fn finding(case: RedirectCase<'_>) -> Finding {
    let reasons = case.response.message.reasons();
    let number_changed = reasons.iter().any(|r| r.is("Q.850") && r.cause == Some(NUMBER_CHANGED));
    let message = Text::new(if number_changed {
        "{server} answered {status} without a Contact, so there is no address to follow; its Reason (Q.850 cause 22, \
         number changed) shows that the telephone network did not tell the new number."
    } else {
        "{server} answered {status} without a Contact, so there is no address to follow."
    })
    .with("server", case.redirector())
    .with("status", case.redirect.status);
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(case.severity())
        .evidence(reasons.first().map(|_| Evidence::header(case.response, HeaderName::Reason, "why it moved")))
        .evidence(case.request_evidence());
    let finding = if number_changed {
        finding
            .actor(Actor::sender(case.response, "operator of the gateway to the telephone network"))
            .fix(
                "Map cause 22 without a new number to 410, and with a new number to 301 with a Contact that carries \
                 it (RFC 3398 §7.2.4.1); let the announcement of the telephone network through.",
            )
            .fix(
                "At the caller: the number has changed; find out the new one by another way and correct the directory.",
            )
    } else {
        finding
            .actor(case.operator())
            .fix("Add a Contact with the new address to the response; where it is not known, answer 410 or 404.")
            .fix("At the caller: nothing can be followed; find out the new address by another way.")
    };
    finding.verify(case.verification(
        "Call again: the 3xx carries a Contact and a second INVITE follows, or the call ends with 410 or 404.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, followed, only, redirected};

    #[test]
    fn only_a_missing_contact_of_a_status_that_needs_one_counts() {
        let answered = followed("sip:bob@new.example", "200 OK");
        check(
            RULE.code,
            &[
                ("301", &redirected("301 Moved Permanently", LATER), Some(Severity::Error)),
                ("305", &redirected("305 Use Proxy", LATER), Some(Severity::Error)),
                ("380 has a body instead", &redirected("380 Alternative Service", LATER), None),
                ("compact form", &redirected("301 Moved\nm: <sip:bob@new.example>", &answered), None),
                ("empty is malformed, not missing", &redirected("301 Moved\nContact:", LATER), None),
            ],
        );
        let cut =
            format!("{HOSTS}0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.1 old > pbx cut=200\n301 Moved\n\n{LATER}");
        check(RULE.code, &[("cut before the Contact", &cut, None)]);
    }

    #[test]
    fn the_reason_of_a_gateway_names_another_remedy() {
        let flow = redirected("301 Moved Permanently\nReason: Q.850;cause=22;text=\"Number changed\"", LATER);
        let finding = only(&flow, RULE.code);
        assert_eq!(
            finding.actor.as_ref().unwrap().role.to_string(),
            "operator of the gateway to the telephone network"
        );
        assert!(finding.remediation[0].to_string().contains("410"), "{:?}", finding.remediation);
        assert_eq!(finding.evidence[1].text, "Reason: Q.850;cause=22;text=\"Number changed\"");
    }
}
