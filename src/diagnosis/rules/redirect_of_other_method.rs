//! A redirect of a request that calls nobody.

use super::{
    redirect_contact_not_routable, redirect_contact_unresolvable, redirect_to_itself, redirect_to_itself_in_effect,
};
use crate::call::{Call, Transaction};
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, platform};
use crate::sip::{Method, Uri};

pub(super) static RULE: Rule = Rule {
    code: "redirect-of-other-method",
    summary: "A 3xx response to OPTIONS, SUBSCRIBE, MESSAGE, PUBLISH or REFER.",
    severity: Severity::Notice,
    references: &["RFC 3261 §8.1.3.4", "RFC 6665 §4.1.2", "RFC 3428 §4", "RFC 3903 §4.1"],
    explanation: Explanation {
        what_it_means: "The server redirects a request that is no call. The rules for following are the same as for INVITE, \
            but few implementations follow redirects of other methods.",
        why_it_matters: "Where the client does not follow, what the request was for does not happen: the lamp of the line \
            stays dark, the message is not delivered, the monitoring takes the peer for dead. It is an error where a \
            keep-alive or a subscription that ran before stops at the redirect.",
        likely_causes: "- A rule that redirects everything for a domain or user, whatever the method.\n\
            - The user moved, and the client still addresses presence, messages or probes to the old place.\n\
            - A redirect server that is monitored with OPTIONS for a user that it redirects.",
        how_to_fix: "- At the client: address the feature (monitoring, subscription, messages) to the Contact.\n\
            - At the redirecting server: answer OPTIONS for itself with 200, and restrict the rule to INVITE where only \
            calls are meant.",
        how_to_confirm: "The next request of that kind is answered with 200 or 202, without a redirect.",
        when_this_is_wrong: "- REGISTER has a rule of its own (register-redirected).\n\
            - Requests inside a dialog do too (redirect-in-dialog).\n\
            - Any answer to OPTIONS shows that the peer is alive, and some monitoring systems are content with that.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let mut told: Vec<(&Method, std::net::IpAddr)> = Vec::new();
    for case in RedirectCase::of_initial_requests(call).filter(|case| is_other(&case.transaction.method)) {
        // Without a usable Contact another rule says why nothing can follow.
        let Some(target) = case.targets().next().filter(|_| !is_useless(&case, cx)) else { continue };
        // One finding for each kind of request and server, however often it was repeated.
        let key = (&case.transaction.method, case.redirector().address);
        if !told.contains(&key) {
            told.push(key);
            out.push(finding(&case, target, cx));
        }
    }
}

fn is_other(method: &Method) -> bool {
    matches!(method, Method::Options | Method::Subscribe | Method::Message | Method::Publish | Method::Refer)
}

/// Whether the Contact is at fault, so that nobody should be sent there.
fn is_useless(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    redirect_to_itself::applies(case)
        || redirect_to_itself_in_effect::applies(case)
        || redirect_contact_not_routable::explains(case, cx)
        || redirect_contact_unresolvable::explains(case, cx)
}

/// Requests of the same kind from the same client, other than the redirected one.
fn others<'a>(case: &RedirectCase<'a>) -> impl Iterator<Item = &'a Transaction> {
    let (method, client) = (&case.transaction.method, case.client().address);
    let same = case.transaction;
    case.call
        .transactions
        .iter()
        .filter(move |t| !std::ptr::eq(*t, same) && t.method == *method && t.client.address == client)
}

/// Whether a request of the same kind had got through before.
fn worked_before(case: &RedirectCase<'_>) -> bool {
    let told = case.response.provenance.time;
    others(case).any(|t| t.start < told && t.finals.iter().any(|f| f.status.is_success()))
}

/// Whether something that is to last ended with the redirect: a subscription, or an OPTIONS keep-alive that had got through.
fn stops(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    let told = case.response.provenance.time;
    let lasts = case.transaction.method == Method::Subscribe
        || (case.transaction.method == Method::Options && worked_before(case));
    let silent = cx.absence_is_proven(case.client().address, told, cx.settings.t1 * 64);
    lasts && silent && case.redirect.follows.is_empty() && !others(case).any(|t| t.start > told)
}

fn finding(case: &RedirectCase<'_>, target: &Uri, cx: &Context<'_>) -> Finding {
    let followed = case.redirect.follows.first();
    let stops = stops(case, cx);
    let template = match (followed.is_some(), stops, case.not_followed(cx) == Some(Certainty::Strong)) {
        (true, ..) => "{server} redirected {method} of {client}, which followed to {contact}.",
        (_, true, _) if !worked_before(case) => {
            "{server} redirected {method} of {client} to {contact}, and {client} sent no further one: the subscription did not come \
             about."
        }
        (_, true, _) => {
            "{server} redirected {method} of {client} to {contact}, and {client} sent no further one: what it kept up \
             has stopped."
        }
        (_, _, true) if case.transaction.method == Method::Options => {
            "{server} redirected {method} of {client} to {contact}, and {client} did not follow. As a keep-alive the redirect will do, \
             since any answer shows that the server is up; what the target can do was not asked."
        }
        (_, _, true) => {
            "{server} redirected {method} of {client} to {contact}, and {client} did not follow: what the request was for \
             did not happen."
        }
        _ => "{server} redirected {method} of {client} to {contact}; whether it followed is not in the capture.",
    };
    let message = Text::new(template)
        .with("server", case.redirector())
        .with("method", &case.transaction.method)
        .with("client", case.client())
        .with("contact", followed.and_then(|f| case.target_of(f)).unwrap_or(target));
    let actor = case.client_operator();
    let setting = platform::follow_redirects(actor.software.as_deref()).filter(|_| followed.is_none());
    let certainty = if stops { Certainty::Strong } else { Certainty::Certain };
    let mut finding = Finding::new(&RULE, certainty, message, case.evidence())
        .severity(if stops { Severity::Error } else { Severity::Notice })
        .evidence(case.request_evidence())
        .evidence(followed.and_then(|f| case.call.request(f.transaction)).map(|m| Evidence::of(m, "the follow-up")))
        .actor(actor)
        .fix("Address the feature (monitoring, subscription, messages) to the Contact directly.")
        .fix(
            Text::new(if case.transaction.method == Method::Options {
                "Or at {server}: answer OPTIONS for itself with 200."
            } else {
                "Or at {server}: restrict the redirect to INVITE, if only calls are meant."
            })
            .with("server", case.redirector()),
        );
    if let Some(setting) = setting {
        finding = finding.fix(setting);
    }
    finding.verify("The next request of that kind is answered with 200 or 202.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, diagnose, only};

    fn flow(method: &str, rest: &str) -> String {
        format!(
            "{HOSTS}10.0 pbx > old\n{method} sip:bob@corp.example\n\n+0.01 old > pbx tag=r1\n302 Moved\n\
             Contact: <sip:bob@pbx.corp.example>\n\n{rest}"
        )
    }

    #[test]
    fn methods_and_what_becomes_of_them_count() {
        let follow =
            |method: &str| format!("+0.02 pbx > new\n{method} sip:bob@pbx.corp.example\n\n+0.01 new > pbx\n200 OK\n\n");
        let (notice, error) = (Some(Severity::Notice), Some(Severity::Error));
        let alive = flow("OPTIONS", LATER)
            .replace("10.0 pbx", "1.0 pbx > old\nOPTIONS sip:bob@corp.example\n\n+0.01 old > pbx\n200 OK\n\n10.0 pbx");
        check(
            RULE.code,
            &[
                ("MESSAGE", &flow("MESSAGE", LATER), notice),
                ("PUBLISH", &flow("PUBLISH", LATER), notice),
                ("OPTIONS, followed", &flow("OPTIONS", &follow("OPTIONS")), notice),
                ("OPTIONS once", &flow("OPTIONS", LATER), notice),
                ("OPTIONS that had been answered", &alive, error),
                ("SUBSCRIBE", &flow("SUBSCRIBE", LATER), error),
                ("SUBSCRIBE, followed", &flow("SUBSCRIBE", &follow("SUBSCRIBE")), notice),
                ("SUBSCRIBE, the capture ends", &flow("SUBSCRIBE", ""), notice),
                ("no Contact", &flow("MESSAGE", LATER).replace("Contact: <sip:bob@pbx.corp.example>\n", ""), None),
                ("to itself", &flow("MESSAGE", LATER).replace("bob@pbx.", "bob@"), None),
                ("nowhere", &flow("MESSAGE", LATER).replace("<sip:bob@pbx.corp.example>", "<sip:bob@10.1.2.3>"), None),
                ("INVITE", &flow("INVITE", LATER), None),
                ("REGISTER", &flow("REGISTER", LATER), None),
            ],
        );
        let lost = only(&flow("MESSAGE", LATER), RULE.code);
        assert!(lost.message.to_string().ends_with("what the request was for did not happen."), "{}", lost.message);
    }

    #[test]
    fn a_redirect_says_that_the_server_is_up() {
        let said = |method| only(&flow(method, LATER), RULE.code).message.to_string();
        assert!(said("OPTIONS").contains("any answer shows that the server is up"), "{}", said("OPTIONS"));
        assert!(!said("PUBLISH").contains("keep-alive"), "{}", said("PUBLISH"));
        for (method, speaks_of_it) in [("OPTIONS", true), ("MESSAGE", false)] {
            let advice = only(&flow(method, LATER), RULE.code).remediation[1].to_string();
            assert_eq!(advice.contains("OPTIONS"), speaks_of_it, "{advice}");
        }
    }

    #[test]
    fn a_first_subscription_has_not_stopped() {
        let before = "1.0 pbx > old\nSUBSCRIBE sip:bob@corp.example\n\n+0.01 old > pbx\n200 OK\n\n10.0 pbx";
        let first = flow("SUBSCRIBE", LATER);
        let said = |flow: &str| only(flow, RULE.code).message.to_string();
        assert!(said(&first).ends_with("the subscription did not come about."), "{}", said(&first));
        let kept = said(&first.replace("10.0 pbx > old", &format!("{before} > old to-tag=-")));
        assert!(kept.ends_with("what it kept up has stopped."), "{kept}");
    }

    #[test]
    fn no_call_is_spoken_of_where_none_was_made() {
        for (field, code) in [
            ("", "redirect-without-contact"),
            ("Contact: <>\n", "redirect-contact-malformed"),
            ("Contact: <mailto:bob@corp.example>\n", "redirect-contact-not-sip"),
            ("Contact: <sip:bob@corp.example>\n", "redirect-to-itself"),
            ("Contact: <sip:bob@corp.example:5060>\n", "redirect-to-itself-in-effect"),
            ("Contact: <sip:bob@10.1.2.3>\n", "redirect-contact-not-routable"),
            ("Contact: <sip:bob@host.invalid>\n", "redirect-contact-unresolvable"),
            ("Contact: <sip:bob@203.0.113.9;transport=tcp>\n", "redirect-transport-unreachable"),
        ] {
            let of = |method: &str| {
                let finding = only(&flow(method, LATER).replace("Contact: <sip:bob@pbx.corp.example>\n", field), code);
                format!("{} {}", finding.message, finding.verification.as_ref().unwrap())
            };
            let (message, invite) = (of("MESSAGE"), of("INVITE"));
            assert!(message.ends_with("The next MESSAGE is accepted, or is no longer sent."), "{message}");
            assert!(["INVITE", "call "].iter().all(|word| !message.contains(word)), "{message}");
            assert!(invite.contains("all again: "), "{invite}");
        }
    }

    #[test]
    fn it_is_why_such_a_request_fails() {
        for method in ["MESSAGE", "SUBSCRIBE", "OPTIONS"] {
            let mut reports = diagnose(&flow(method, LATER)).calls.into_iter();
            let report = reports.find(|report| !report.findings.is_empty()).unwrap();
            assert_eq!(
                (report.root_cause, report.findings.len()),
                (Some(RULE.code), 1),
                "{method}: {:?}",
                report.findings
            );
        }
    }
}
