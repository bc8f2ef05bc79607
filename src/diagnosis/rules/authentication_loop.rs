//! Credentials that are refused.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::challenged::Challenged;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;
use crate::sip::Challenge;

/// A client answers a challenge by itself, hence within a moment.
const PROMPT: Duration = Duration::from_secs(5);

pub(super) static RULE: Rule = Rule {
    code: "authentication-loop",
    summary: "The client sends credentials and is challenged for the same realm again.",
    severity: Severity::Error,
    references: &["RFC 3261 §22.2", "RFC 3261 §22.3", "RFC 7616 §3.3"],
    explanation: Explanation {
        what_it_means: "The client answered a challenge with credentials, and the server sent another challenge for the \
            same realm in place of accepting them. The request never gets through.",
        why_it_matters: "Nobody can call or register with that account. Clients that go on trying look like an attack on \
            the password, and get locked out.",
        likely_causes: "- The password is wrong, or was changed on one side only.\n\
            - User name and authentication name differ, and the client uses the wrong one of the two.\n\
            - The realm that the client is configured for is another one.\n\
            - The two sides compute the digest differently: algorithm, qop, or a Request-URI that something on the way \
            rewrote.\n\
            - With stale=true: the nonce is rejected each time, because another server of the cluster made it, or \
            because its lifetime is too short.",
        how_to_fix: "- Enter the password again on both sides, and the authentication name beside the user name.\n\
            - Compare realm and algorithm of the challenge with the client's settings.\n\
            - With stale=true: let the servers of the cluster share the secret behind their nonces.",
        how_to_confirm: "The request with credentials is answered with something other than 401 or 407.",
        when_this_is_wrong: "- One challenge with stale=true and then success is ordinary: only the nonce was too old.\n\
            - A proxy and the far end may challenge one after the other, each for its own realm; both answered is no \
            loop.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(last) = Challenged::end_of(call) else { return };
    if let Some((challenge, credentials)) = last.refused() {
        out.push(finding(call, &last, challenge, credentials));
    }
}

fn finding(call: &Call, last: &Challenged<'_>, challenge: &Challenge, credentials: &Challenge) -> Finding {
    let asked = asked(call, last);
    let reason = Reason::of(last, challenge, credentials, asked);
    let late = asked.map(|m| last.request.provenance.time.since(m.provenance.time)).filter(|delay| *delay >= PROMPT);
    let times = 1 + earlier_refusals(call, last.transaction);
    let finding = Finding::new(
        &RULE,
        Certainty::Certain,
        message(last, challenge, credentials, (&reason, late, times)),
        last.evidence("the challenge that came again"),
    )
    .severity(last.severity())
    .evidence(
        asked
            .filter(|_| reason == Reason::OtherNonce)
            .map(|m| Evidence::of(m, "the challenge before, whose nonce they do not answer")),
    )
    .evidence([Evidence::header(last.request, credentials.header, "the credentials that were refused")])
    .actor(Actor::sender(
        last.request,
        "the operator of the server that challenges, with the owner of the calling account",
    ))
    .verify("The request with credentials is answered with something other than 401 or 407.");
    let finding = match (&reason, late) {
        (Reason::Nonce(_) | Reason::Said(_) | Reason::Unsaid, Some(delay)) => finding.fix(
            Text::new("Answer the challenge at once: the credentials came {delay} after it. If the nonces of the server live shorter, it refuses right ones as well, and ought to say stale=true.")
                .with("delay", span(delay)),
        ),
        _ => finding,
    };
    match reason {
        Reason::Stale | Reason::Nonce(_) => {
            return finding
                .fix("Let all servers behind that address share the secret of their nonces, or keep a client on one of them.")
                .fix("Give the nonces a longer lifetime than the client needs to answer.");
        }
        Reason::OtherNonce => {
            return finding.fix("Let the client answer with the nonce of the latest challenge (RFC 7616 §3.4): until it does, no password is right.");
        }
        Reason::Said(_) | Reason::Unsaid => {}
    }
    finding.fix("Enter the password again on both sides, and check the authentication name beside the user name.").fix(
        Text::new("Compare realm {realm} and algorithm {algorithm} with what the client is configured for.")
            .with("realm", challenge.realm().map_or_else(|| Text::new("(none)"), Text::verbatim))
            .with("algorithm", challenge.algorithm()),
    )
}

/// What is known of why the credentials are refused.
#[derive(Debug, PartialEq, Eq)]
enum Reason {
    /// The server says stale=true.
    Stale,
    /// Its reason phrase names the nonce.
    Nonce(String),
    /// They were made for another nonce than that of the challenge before them.
    OtherNonce,
    /// Its reason phrase is none of the standard.
    Said(String),
    /// Nothing.
    Unsaid,
}

impl Reason {
    fn of(
        last: &Challenged<'_>,
        challenge: &Challenge,
        credentials: &Challenge,
        asked: Option<&CapturedMessage>,
    ) -> Self {
        let nonces = |m: &CapturedMessage| {
            let of_realm = m.message.challenges().into_iter().filter(|c| credentials.answers(c));
            of_realm.filter_map(|c| c.params.value("nonce").map(str::to_owned)).collect::<Vec<_>>()
        };
        let expected = asked.map(nonces).unwrap_or_default();
        let is_other = |sent: &str| !expected.is_empty() && expected.iter().all(|nonce| nonce != sent);
        let phrase = last.response.message.reason_phrase().unwrap_or_default().into_owned();
        let lower = phrase.to_ascii_lowercase();
        if challenge.is_stale() {
            Self::Stale
        } else if credentials.params.value("nonce").is_some_and(is_other) {
            Self::OtherNonce
        } else if ["nonce", "stale"].iter().any(|word| lower.contains(word)) {
            Self::Nonce(phrase)
        } else if phrase.is_empty() || STANDARD.iter().any(|standard| standard.eq_ignore_ascii_case(&phrase)) {
            Self::Unsaid
        } else {
            Self::Said(phrase)
        }
    }
}

/// Reason phrases of challenges that tell nothing.
const STANDARD: [&str; 3] = ["Unauthorized", "Proxy Authentication Required", "Authentication Required"];

/// The challenge that the credentials answer.
fn asked<'a>(call: &'a Call, last: &Challenged<'_>) -> Option<&'a CapturedMessage> {
    call.messages
        .iter()
        .filter(|m| {
            m.leg == last.request.leg
                && m.provenance.time < last.request.provenance.time
                && m.provenance.flow.destination.address == last.request.provenance.flow.source.address
        })
        .rfind(|m| m.message.status().is_some_and(crate::sip::StatusCode::is_challenge))
}

/// Requests of the same client before that carried credentials and were challenged all the same.
fn earlier_refusals(call: &Call, last: &Transaction) -> usize {
    let challenged = |t: &Transaction| t.failed_final().is_some_and(|f| f.status.is_challenge());
    call.transactions
        .iter()
        .filter(|t| t.leg == last.leg && t.method == last.method && t.client == last.client && t.start < last.start)
        .filter(|t| challenged(t) && call.has_credentials(t))
        .count()
}

fn message(
    last: &Challenged<'_>,
    challenge: &Challenge,
    credentials: &Challenge,
    (reason, late, times): (&Reason, Option<Duration>, usize),
) -> Text {
    let text = match (reason, late) {
        (Reason::Stale, _) => {
            Text::new("{server} calls the nonce of user \"{user}\" for realm \"{realm}\" stale each time ({times}).")
        }
        (Reason::Nonce(phrase), Some(delay)) => Text::new(
            "{server} does not accept the credentials of user \"{user}\" for realm \"{realm}\" ({times}), which came {delay} \
             after its challenge. By its words it is the nonce, not the password: \"{phrase}\".",
        )
        .with("delay", span(delay))
        .with("phrase", phrase),
        (Reason::Nonce(phrase), None) => Text::new(
            "{server} does not accept the credentials of user \"{user}\" for realm \"{realm}\" ({times}). By its words it is \
             the nonce, not the password: \"{phrase}\".",
        )
        .with("phrase", phrase),
        (Reason::OtherNonce, _) => Text::new(
            "{server} does not accept the credentials of user \"{user}\" for realm \"{realm}\" ({times}): the client made them for \
             another nonce than that of the challenge before.",
        ),
        (Reason::Said(phrase), _) => Text::new(
            "{server} does not accept the credentials of user \"{user}\" for realm \"{realm}\" ({times}). It says \"{phrase}\".",
        )
        .with("phrase", phrase),
        (Reason::Unsaid, _) => {
            Text::new("{server} does not accept the credentials of user \"{user}\" for realm \"{realm}\" ({times}).")
        }
    };
    text.with("server", last.response.provenance.flow.source)
        .with("user", credentials.params.value("username").unwrap_or_default())
        .with("realm", challenge.realm().unwrap_or_default())
        .with("times", Text::count(times as u64, "{n} request", "{n} requests"))
}

#[cfg(test)]
mod tests {
    use crate::call::Outcome;
    use crate::diagnosis::reports::{codes, report};

    /// A REGISTER with these credentials after a challenge, and the challenge that comes then.
    fn second(credentials: &str, challenge: &str) -> crate::diagnosis::CallReport {
        report(&format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nREGISTER sip:p.example\n\n\
             0.1 p > a\n401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\n\n\
             0.2 a > p\nREGISTER sip:p.example\nAuthorization: Digest username=\"u\", {credentials}\n\n0.3 p > a\n{challenge}\n"
        ))
    }

    #[test]
    fn refused_credentials_are_told_from_missing_ones() {
        for (credentials, challenge, code, words) in [
            (
                "realm=\"r\", nonce=\"1\"",
                "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\"",
                "authentication-loop",
                "does not accept the credentials of user \"u\" for realm \"r\" (1 request)",
            ),
            (
                "realm=\"r\", nonce=\"1\"",
                "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\", stale=true",
                "authentication-loop",
                "stale each time",
            ),
            (
                "realm=\"r\", nonce=\"0\"",
                "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\"",
                "authentication-loop",
                "(1 request): the client made them for another nonce than that of the challenge before.",
            ),
            (
                "realm=\"r\", nonce=\"1\"",
                "401 Bad password\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\"",
                "authentication-loop",
                "(1 request). It says \"Bad password\".",
            ),
            (
                "realm=\"r\", nonce=\"1\"",
                "401 nonce has changed\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\", stale=false",
                "authentication-loop",
                "(1 request). By its words it is the nonce, not the password: \"nonce has changed\".",
            ),
            (
                "realm=\"r\", nonce=\"1\"",
                "407 Proxy Authentication Required\nProxy-Authenticate: Digest realm=\"other\", nonce=\"2\"",
                "credentials-withheld",
                "the client sent credentials for realm \"r\" only",
            ),
        ] {
            let report = second(credentials, challenge);
            assert_eq!(report.root_cause, Some(code), "{challenge}: {:?}", codes(&report));
            assert!(report.findings[0].message.to_string().contains(words), "{}", report.findings[0].message);
        }
    }

    #[test]
    fn credentials_that_come_late_may_have_met_an_expired_nonce() {
        let steps = |time: &str| {
            let report = report(&format!(
                "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nREGISTER sip:p.example\n\n\
                 0.1 p > a\n401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\n\n\
                 {time} a > p\nREGISTER sip:p.example\nAuthorization: Digest username=\"u\", realm=\"r\", nonce=\"1\"\n\n\
                 17.9 p > a\n401 nonce has changed\nWWW-Authenticate: Digest realm=\"r\", nonce=\"2\", stale=false\n"
            ));
            assert_eq!(report.root_cause, Some("authentication-loop"));
            let late = time == "17.1";
            let message = report.findings[0].message.to_string();
            assert_eq!(
                message.contains("which came 17 s after its challenge. By its words it is the nonce"),
                late,
                "{message}"
            );
            report.findings[0].remediation[0].to_string()
        };
        assert!(
            steps("17.1").starts_with("Answer the challenge at once: the credentials came 17 s after it."),
            "{}",
            steps("17.1")
        );
        assert!(steps("0.2").starts_with("Let all servers"), "{}", steps("0.2"));
    }

    #[test]
    fn an_identity_without_response_is_not_refused_and_the_next_hop_shows_what_a_tunnel_hides() {
        let first = "host ue 192.0.2.10\nhost p 198.51.100.5\nhost i 198.51.100.6\n\n\
            0.0 ue > p branch=u1\nREGISTER sip:ims.example\n\
            Authorization: Digest username=\"u\", realm=\"ims.example\", nonce=\"\", response=\"\"\n\n\
            0.1 p > ue\n401 Unauthorized\nWWW-Authenticate: Digest realm=\"ims.example\", nonce=\"1\"\n\n";
        let alone = report(first);
        assert_eq!(
            (alone.call.outcome, alone.root_cause),
            (Outcome::ChallengeUnanswered, Some("credentials-withheld"))
        );
        let behind = "0.5 p > i cseq=2\nREGISTER sip:ims.example\nVia: SIP/2.0/UDP 198.51.100.5;branch=z9hG4bKp2\n\
            Via: SIP/2.0/TCP 192.0.2.10:6300;branch=z9hG4bKu2\n\
            Authorization: Digest username=\"u\", realm=\"ims.example\", nonce=\"1\", response=\"00\"\n\n\
            0.6 i > p\n200 OK\n\n";
        let whole = report(&format!("{first}{behind}"));
        assert_eq!((whole.call.outcome, codes(&whole)), (Outcome::Answered, vec![]));
    }

    #[test]
    fn accepted_credentials_are_no_loop() {
        let report = report(include_str!("../../../samples/authentication-loop/near-miss.txt"));
        assert_eq!((report.call.outcome, codes(&report)), (Outcome::Answered, vec![]));
        let loops =
            crate::diagnosis::reports::reports(include_str!("../../../samples/authentication-loop/capture.txt"));
        assert!(loops[0].findings[0].message.to_string().contains("(2 requests)"), "{}", loops[0].findings[0].message);
    }
}
