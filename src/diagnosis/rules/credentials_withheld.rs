//! A challenge that the client does not answer.

use crate::call::Call;
use crate::diagnosis::challenged::Challenged;
use crate::diagnosis::patterns::scans;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Challenge;

pub(super) static RULE: Rule = Rule {
    code: "credentials-withheld",
    summary: "The client was asked for credentials and never sent any for that realm.",
    severity: Severity::Error,
    references: &["RFC 3261 §22.2", "RFC 3261 §22.3", "RFC 8760 §2.3"],
    explanation: Explanation {
        what_it_means: "The request ended with a challenge (401 or 407). The client acknowledged it and did not repeat the \
            request with credentials for the realm that was asked for.",
        why_it_matters: "A challenge is an ordinary first step; the second step is missing. The user hears a failure, \
            although nobody refused anything yet.",
        likely_causes: "- The client has no account for that realm: trunk without user name and password, or a realm that \
            is not the one it is configured for.\n\
            - The peer should recognise the client by its address, and does not: the request came from another one.\n\
            - The challenge names an algorithm that the client does not know (SHA-256 for a client that knows MD5 only).\n\
            - A B2BUA or SBC on the way does not pass challenges on.\n\
            - The sender is a scanner that only looks around.\n\
            - The challenge itself cannot be read: then the server is at fault, and the finding says so.",
        how_to_fix: "- Configure user name, password and, where the client asks for it, the realm of the challenge.\n\
            - If the peer should go by address: register the source address of the request there.\n\
            - Offer an MD5 challenge beside the stronger one while old clients are in use.",
        how_to_confirm: "After the challenge the same request follows with Authorization or Proxy-Authorization, and is \
            answered with something else.",
        when_this_is_wrong: "- The capture ends right after the challenge, or loses packets: then the finding is a notice, \
            and says so.\n\
            - Monitoring systems send OPTIONS without credentials on purpose: any answer is good enough for them.\n\
            - So do scanners, with any method: a request that names one is a notice.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(last) = Challenged::end_of(call) else { return };
    if last.refused().is_none() {
        out.push(finding(&last, cx));
    }
}

fn finding(last: &Challenged<'_>, cx: &Context<'_>) -> Finding {
    let since = last.response.provenance.time;
    let doubt = cx.doubt(last.transaction.client.address, since, cx.settings.t1 * 64);
    let (severity, certainty) = if doubt.is_some() {
        (last.severity().min(Severity::Notice), Certainty::Weak)
    } else {
        (last.severity(), Certainty::Strong)
    };
    if is_unreadable(last) {
        return unreadable(last, severity, certainty);
    }
    if scans::names_a_scanner(last.request) {
        return Finding::new(&RULE, certainty, message(last, doubt), last.evidence("the challenge"))
            .severity(severity.min(Severity::Notice))
            .actor(Actor::sender(last.response, "operator of the server that is asked, and of the firewall in front of it"))
            .fix("Nothing at the client: its request names a scanner, which looks for servers and users (see the diagnosis `scanner`).")
            .verify("In a later capture in front of the server no request of this source is answered; behind the edge none is seen.");
    }
    let mut finding = Finding::new(&RULE, certainty, message(last, doubt), last.evidence("the challenge"))
        .severity(severity)
        .actor(Actor::sender(last.request, "the operator of the client that was challenged"))
        .verify("After the challenge the same request follows with credentials, and is answered with something else.");
    if let Some(realm) = last.challenges.iter().find_map(Challenge::realm) {
        finding = finding.fix(
            Text::new("Configure user name and password for realm \"{realm}\" at the client.").with("realm", realm),
        );
    }
    if let Some(strong) = last.needs_more_than_md5() {
        finding = finding.fix(
            Text::new(
                "The only algorithm on offer is {algorithm}: offer MD5 beside it while the client knows no other.",
            )
            .with("algorithm", strong),
        );
    }
    finding.fix(
        Text::new("If the peer should know the client by its address, register {client} there.")
            .with("client", last.request.provenance.flow.source.address),
    )
}

/// Whether none of the challenges can be read.
fn is_unreadable(last: &Challenged<'_>) -> bool {
    !last.challenges.is_empty() && last.challenges.iter().all(Challenge::is_unreadable)
}

/// The fault of the server: nobody can answer what it asks.
fn unreadable(last: &Challenged<'_>, severity: Severity, certainty: Certainty) -> Finding {
    let message = Text::new(
        "{server} challenged {method}, but realm or nonce of the challenge cannot be read, so that no client can answer it.",
    )
    .with("server", last.response.provenance.flow.source)
    .with("method", &last.transaction.method);
    Finding::new(&RULE, certainty, message, last.evidence("the challenge"))
        .severity(severity)
        .actor(Actor::sender(last.response, "the operator of the server that challenges"))
        .fix(
            "Let the server write realm and nonce of Digest as quoted strings (RFC 3261 §25.1), with plain quotation \
             marks: backslashes in front of them are left over from a configuration or a script.",
        )
        .verify("The challenge shows realm and nonce, and the same request follows with credentials.")
}

fn message(last: &Challenged<'_>, doubt: Option<Text>) -> Text {
    let other = last.credentials.iter().find_map(Challenge::realm);
    let text = match (doubt, other) {
        (Some(doubt), _) => Text::new(
            "{server} challenged {method} for {realm}, and no credentials followed. Whether they came later is unknown: {doubt}.",
        )
        .with("doubt", doubt),
        (None, Some(other)) => Text::new(
            "{server} challenged {method} for {realm}; the client sent credentials for realm \"{other}\" only.",
        )
        .with("other", other),
        (None, None) => Text::new("{server} challenged {method} for {realm}, and the client never sent credentials."),
    };
    let realm = match last.challenges.iter().find_map(Challenge::realm) {
        Some(realm) => Text::new("realm \"{realm}\"").with("realm", realm),
        None => Text::new("credentials, without saying for which realm"),
    };
    text.with("server", last.response.provenance.flow.source)
        .with("method", &last.transaction.method)
        .with("realm", realm)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Certainty;
    use crate::diagnosis::reports::{codes, report, report_after};

    fn challenged(method: &str, challenge: &str, seconds: f64) -> crate::diagnosis::CallReport {
        report_after(
            &format!(
                "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\n{method} sip:bob@p.example\n\n0.1 p > a\n{challenge}\n"
            ),
            seconds,
        )
    }

    #[test]
    fn a_challenge_that_cannot_be_read_is_the_fault_of_the_server() {
        let broken =
            challenged("REGISTER", "401 Unauthorized\nWWW-Authenticate: Digest realm=\\\"r\\\",nonce=\\\"n\\\"", 60.0);
        let finding = &broken.findings[0];
        assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.5:5060");
        assert!(finding.message.to_string().contains("cannot be read"), "{}", finding.message);
        assert!(finding.remediation.iter().all(|fix| !fix.to_string().contains("Configure user name")));
    }

    #[test]
    fn how_bad_it_is_depends_on_the_method_and_on_what_can_be_known() {
        let challenge = "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"";
        for (method, seconds, expected, certainty) in [
            ("INVITE", 60.0, "credentials-withheld error", Certainty::Strong),
            ("INVITE", 5.0, "credentials-withheld notice", Certainty::Weak),
            ("REGISTER", 60.0, "credentials-withheld error", Certainty::Strong),
            ("OPTIONS", 60.0, "credentials-withheld info", Certainty::Strong),
        ] {
            let report = challenged(method, challenge, seconds);
            assert_eq!(codes(&report), [expected], "{method} {seconds}");
            assert_eq!(report.findings[0].certainty, certainty);
        }
    }

    #[test]
    fn a_scanner_is_not_told_to_use_a_password() {
        let named = "REGISTER sip:bob@p.example\nUser-Agent: friendly-scanner";
        let text = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\n{named}\n\n0.1 p > a\n401 Unauthorized\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\n"
        );
        let report = report(&text);
        assert_eq!(codes(&report), ["credentials-withheld notice"]);
        assert!(report.findings[0].remediation.iter().all(|t| !t.to_string().contains("Configure")));
    }

    #[test]
    fn an_algorithm_that_old_clients_lack_is_named() {
        let with = |challenge| {
            let report = challenged("INVITE", challenge, 60.0);
            report.findings[0].remediation.iter().any(|t| t.to_string().contains("SHA-256"))
        };
        assert!(with("401 U\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-256"));
        assert!(!with(
            "401 U\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-256\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\""
        ));
    }

    #[test]
    fn answered_challenges_are_steps() {
        let report = report(include_str!("../../../samples/credentials-withheld/near-miss.txt"));
        assert_eq!((report.root_cause, codes(&report)), (None, vec![]));
    }
}
