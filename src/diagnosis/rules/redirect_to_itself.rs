//! A redirect to the very address that was called.

use crate::call::Call;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};

use super::redirect_to_itself_in_effect as in_effect;

pub(super) static RULE: Rule = Rule {
    code: "redirect-to-itself",
    summary: "A 3xx response whose only Contact equals the Request-URI that it answers.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.3", "RFC 3261 §8.1.3.4", "RFC 3261 §19.1.4"],
    explanation: Explanation {
        what_it_means: "The server says that the called address has moved to the called address: its Contact equals the \
            Request-URI by the rules of RFC 3261 §19.1.4, and there is no other. RFC 3261 §8.3 forbids that.",
        why_it_matters: "A correct client tries each URI once, so it gives up here; a careless one sends the same \
            request again and again until some limit ends it.",
        likely_causes: "- The location service returns the address of record in place of where the user is.\n\
            - A dial-plan rule was meant to change the host or the number, and did not match.\n\
            - A server was told to redirect calls that it should relay.",
        how_to_fix: "- At the redirecting server: return another address, relay the call, or answer 404 where the user \
            is not known.\n\
            - Look at the rule or database row that produced the Contact.",
        how_to_confirm: "Call again: the Contact differs from the Request-URI in user, host or port, and the second \
            INVITE reaches another server.",
        when_this_is_wrong: "- Another Contact of the same response leads elsewhere: clients take that one, and the rule \
            is silent.\n\
            - The URIs differ only in what RFC 3261 §19.1.4 counts, such as a default port that is written out: that is \
            redirect-to-itself-in-effect.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter(applies).map(finding));
}

/// Whether every Contact equals the Request-URI strictly.
pub(in crate::diagnosis) fn applies(case: &RedirectCase<'_>) -> bool {
    let Some(from) = &case.redirect.from else { return false };
    case.addresses().next().is_some() && case.addresses().all(|a| a.uri.strictly_equals(from))
}

fn finding(case: RedirectCase<'_>) -> Finding {
    let uri = case.redirect.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = Text::new("{server} answered the request for {uri} with {status} to that same address, {uri}.")
        .with("server", case.redirector())
        .with("status", case.redirect.status)
        .with("uri", uri);
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(case.severity())
        .evidence(case.request_evidence())
        .actor(case.operator())
        .fix("Return an address other than the one that was called, relay the call, or answer 404.")
        .fix("Look for the location-service row or the dial-plan rule that returns the called address unchanged.");
    let mut finding = case.and_once_only(finding).verify(case.verification(
        "Call again: the Contact differs from the Request-URI, and the second INVITE reaches another server.",
    ));
    // A server that gives its own address out redirects whoever comes there, to that very address.
    if case.before().is_some_and(|before| before.redirector() == case.redirector() && in_effect::applies(&before)) {
        finding.consequence_of = Some(in_effect::RULE.code);
    }
    finding
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::diagnosis::testing::{LATER, check, diagnose, only, redirected, with_code};

    #[test]
    fn strict_equality_of_all_contacts_counts() {
        let with = |contact: &str| redirected(&format!("301 Moved Permanently\nContact: {contact}"), LATER);
        check(
            RULE.code,
            &[
                ("same", &with("<sip:bob@corp.example>"), Some(Severity::Error)),
                ("case of the host", &with("<sip:bob@CORP.example>;q=1"), Some(Severity::Error)),
                ("case of the user", &with("<sip:Bob@corp.example>"), None),
                ("default port", &with("<sip:bob@corp.example:5060>"), None),
                ("another one beside it", &with("<sip:bob@corp.example>, <sip:bob@new.example>"), None),
                ("sips", &with("<sips:bob@corp.example>"), None),
            ],
        );
    }

    #[test]
    fn a_client_that_goes_round_gets_one_finding() {
        let mut flow = "host a 192.0.2.10\nhost r 198.51.100.30\n\n".to_owned();
        for turn in 0..9 {
            let _ = write!(
                flow,
                "{turn} a > r cseq={n}\nINVITE sip:bob@corp.example\n\n+0.1 r > a\n301 Moved\nContact: <sip:bob@corp.example>\n\n+0.1 a > r\nACK\n\n",
                n = turn + 1
            );
        }
        let finding = only(&flow, RULE.code);
        let last = finding.evidence.last().unwrap();
        assert_eq!(
            (last.frame.number.to_string(), last.what.to_string().as_str()),
            ("26".to_owned(), "the last of 9 times that this happened")
        );
        // Where the server gave its own address out before, that is the cause.
        let own = flow
            .replacen("<sip:bob@corp.example>", "<sip:bob@198.51.100.30>", 1)
            .replace("INVITE sip:bob@corp", "INVITE sip:bob@198.51.100.30");
        let own = own.replace("@198.51.100.30.example", "@198.51.100.30").replacen(
            "INVITE sip:bob@198.51.100.30",
            "INVITE sip:bob@corp.example",
            1,
        );
        let (first, rest) = own.split_once("<sip:bob@198.51.100.30>").unwrap();
        let own = format!(
            "{first}<sip:bob@198.51.100.30>{}",
            rest.replace("<sip:bob@corp.example>", "<sip:bob@198.51.100.30>")
        );
        let found: Vec<_> = diagnose(&own).calls.remove(0).findings;
        let told: Vec<_> =
            found.iter().filter(|f| f.code.contains("itself")).map(|f| (f.code, f.consequence_of)).collect();
        assert_eq!(told, [(in_effect::RULE.code, None), (RULE.code, Some(in_effect::RULE.code))]);
        // Two servers that take turns say two things.
        let other = flow.replace("3 a > r", "3 a > s").replacen("host r", "host s 198.51.100.31\nhost r", 1);
        let other = other
            .replace("4\nINVITE sip:bob@corp.example\n\n+0.1 r > a", "4\nINVITE sip:bob@corp.example\n\n+0.1 s > a");
        let other = other.replace(
            "<sip:bob@corp.example>\n\n+0.1 a > r\nACK\n\n4 a",
            "<sip:bob@corp.example>\n\n+0.1 a > s\nACK\n\n4 a",
        );
        let found = with_code(&other, RULE.code);
        assert_eq!(found.iter().map(|f| f.evidence.len()).collect::<Vec<_>>(), [3, 2]);
    }
}
