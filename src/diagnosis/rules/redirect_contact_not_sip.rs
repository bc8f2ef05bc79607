//! A redirect to something that a SIP client cannot call.

use crate::call::Call;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Scheme;

pub(super) static RULE: Rule = Rule {
    code: "redirect-contact-not-sip",
    summary: "A 3xx response whose Contacts hold no SIP URI, only tel:, mailto:, http: or others.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §8.3", "RFC 3966", "RFC 3398 §8.2.5"],
    explanation: Explanation {
        what_it_means: "A redirect may name URIs of any scheme, and the client picks those that it can use. Here none is \
            a SIP URI, and nobody called the number or address that is there.",
        why_it_matters: "Most SIP clients cannot call a bare `tel:` number, because it does not say which server to send \
            the INVITE to; none can call `mailto:` or `http:`. The call ends.",
        likely_causes: "- A gateway or application server gives the new number as `tel:` and leaves the routing to the \
            client.\n\
            - A contact-centre or voicemail system offers a web page or a mail address in place of a telephone.",
        how_to_fix: "- At the redirecting server: return `sip:+NUMBER@DOMAIN;user=phone` with the domain of a server that \
            routes the number.\n\
            - Or at the client or its border controller: turn on the conversion of `tel:` to its outbound route.",
        how_to_confirm: "Call again: the Contact holds a SIP URI, and the second INVITE goes to it.",
        when_this_is_wrong: "- The client can dial `tel:` numbers (gateways do, RFC 3398 §8.2.5): where a second INVITE \
            for the number is seen, the rule is silent.\n\
            - A SIP URI stands beside the others: clients take that one.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter(applies).map(finding));
}

/// Whether Contacts can be read, none of them is SIP, and nobody followed.
pub(super) fn applies(case: &RedirectCase<'_>) -> bool {
    case.offers_contacts()
        && case.redirect.follows.is_empty()
        && case.addresses().next().is_some()
        && case.targets().next().is_none()
}

fn finding(case: RedirectCase<'_>) -> Finding {
    let contacts: Vec<_> = case.addresses().map(|a| a.uri.to_string()).collect();
    let is_tel = case.addresses().any(|a| a.uri.scheme == Scheme::Tel);
    let message = Text::new("{server} answered {status} with {contacts} and no SIP URI; no request went there.")
        .with("server", case.redirector())
        .with("status", case.redirect.status)
        .with("contacts", contacts.join(", "));
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(case.severity())
        .evidence(case.request_evidence())
        .actor(case.operator());
    let finding = if is_tel {
        finding
            .fix("Return `sip:+NUMBER@DOMAIN;user=phone` with the domain of a server that routes the number.")
            .fix("Or let the client's border controller convert `tel:` to its outbound route.")
    } else {
        finding.fix("Return a SIP URI; where there is none, answer 404 or 480 instead of redirecting.")
    };
    finding.verify(case.verification("Call again: the Contact holds a SIP URI, and the second INVITE goes to it."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, redirected};

    #[test]
    fn only_lists_without_any_sip_uri_count() {
        let with = |contact: &str, rest: &str| redirected(&format!("301 Moved Permanently\nContact: {contact}"), rest);
        check(
            RULE.code,
            &[
                ("tel", &with("<tel:+12155550113>", LATER), Some(Severity::Error)),
                ("web and mail", &with("<http://x.example/>, <mailto:bob@x.example>", LATER), Some(Severity::Error)),
                ("a SIP URI beside it", &with("<tel:+12155550113>, <sip:bob@x.example>", LATER), None),
                ("followed", &with("<tel:+12155550113>", &followed("sip:+12155550113@gw.example", "200 OK")), None),
            ],
        );
    }
}
