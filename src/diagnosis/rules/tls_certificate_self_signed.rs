//! A certificate that its holder issued.

use crate::diagnosis::patterns::tls::Side;
use crate::diagnosis::tls_case;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};

pub(super) static RULE: Rule = Rule {
    code: "tls-certificate-self-signed",
    summary: "An end of a TLS connection shows a certificate that it issued itself.",
    severity: Severity::Notice,
    references: &["RFC 5922 §7", "RFC 3261 §26.3.1"],
    explanation: Explanation {
        what_it_means: "Holder and issuer of the certificate are the same, and no authority stands behind it.",
        why_it_matters: "Only who has this very certificate in store can tell it from a forged one. Devices refuse it by default, or check \
            nothing, so that whoever sits between can read the calls.",
        likely_causes: "- The certificate that a server makes when it is installed is still in use.\n\
            - A laboratory, where that was meant.",
        how_to_fix: "- Install a certificate of an authority that the other end trusts, public or your own.\n\
            - Where it has to stay, add it to the trusted certificates of every device that connects.",
        how_to_confirm: "`openssl s_client -connect HOST:5061 -servername NAME` ends with `Verify return code: 0 (ok)`.",
        when_this_is_wrong: "- The root of an authority was sent as the only certificate of a server, on purpose.\n\
            - The certificate is in the store of all devices, which is as good as an authority.\n\
            - A certificate of an authority whose own one is not sent is not self-signed.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, _: &Context<'_>, out: &mut Vec<Finding>) {
    for (side, certificate, place, group) in patterns.tls.certificates().filter(|(_, facts, ..)| facts.is_self_issued) {
        let end = side.endpoint(&group.first);
        let message = match side {
            Side::Server => "The certificate of the server {end} is self-signed: holder and issuer are {subject}.",
            Side::Client => "The certificate of the client {end} is self-signed: holder and issuer are {subject}.",
        };
        let message = Text::new(message).with("end", end).with("subject", &certificate.subject);
        let severity = if group.first.has_failed() { Severity::Warning } else { Severity::Notice };
        out.push(
            Finding::new(&RULE, Certainty::Certain, message, tls_case::certificate(certificate, &place))
                .severity(severity)
                .evidence(tls_case::client_hello(&group.first))
                .actor(tls_case::operator(side, end))
                .fix("Install a certificate of an authority that the other end trusts.")
                .fix("Where the certificate has to stay, add it to the trusted certificates of every device that connects.")
                .verify("A new capture shows a certificate whose issuer is an authority, and a handshake that is completed."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    #[test]
    fn holder_and_issuer_are_compared() {
        let sample = include_str!("../../../samples/tls-certificate-self-signed/capture.txt");
        let other = include_str!("../../../samples/tls-certificate-self-signed/near-miss.txt");
        check(RULE.code, &[("self-signed", sample, Some(Severity::Notice)), ("issued by another", other, None)]);
        let finding = only(sample, RULE.code);
        assert!(finding.message.to_string().ends_with("is self-signed: holder and issuer are CN=sip.example.com."));
    }
}
