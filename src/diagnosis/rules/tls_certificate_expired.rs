//! A certificate outside its validity.

use crate::diagnosis::patterns::tls::Side;
use crate::diagnosis::tls_case;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Patterns, Rule, Severity, Text};

pub(super) static RULE: Rule = Rule {
    code: "tls-certificate-expired",
    summary: "A certificate in a TLS handshake has expired, or is not valid yet, at the time of the capture.",
    severity: Severity::Warning,
    references: &["RFC 5280 §4.1.2.5", "RFC 5922 §7"],
    explanation: Explanation {
        what_it_means: "An end of a TLS connection for SIP showed a certificate whose validity ended before the time of the frame, or \
            begins after it.",
        why_it_matters: "Clients that check certificates, as they must, refuse the connection: no registration, no calls. Clients that do \
            not check it accept any certificate, a forged one too.",
        likely_causes: "- Nobody renewed the certificate, or the server was not reloaded with the new one.\n\
            - The clock of the capturing host, or of the end, is wrong.\n\
            - A device shows the certificate that its vendor put in years ago.",
        how_to_fix: "- Renew the certificate, install it, and reload the server.\n\
            - Renew certificates automatically, and watch their last day.\n\
            - Check that clocks are synchronised.",
        how_to_confirm: "`openssl s_client -connect HOST:5061 -servername NAME` shows the dates of the certificate; a new capture shows the \
            new one.",
        when_this_is_wrong: "- The clock of the capturing host is wrong: the time of the frames is taken for the time of the \
            handshake.\n\
            - A certificate that expires soon is valid as yet.\n\
            - In TLS 1.3 certificates are encrypted, and seen only where the connection is decrypted.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, _: &Context<'_>, out: &mut Vec<Finding>) {
    for (side, certificate, place, group) in patterns.tls.certificates() {
        let Some(what) = tls_case::invalidity(certificate, place.time) else { continue };
        let end = side.endpoint(&group.first);
        let message = match side {
            Side::Server => "The server {end} shows a certificate that is not valid: {what}.",
            Side::Client => "The client {end} shows a certificate that is not valid: {what}.",
        };
        let message = Text::new(message).with("end", end).with("what", what);
        let severity = if group.first.has_failed() { Severity::Error } else { Severity::Warning };
        out.push(
            Finding::new(&RULE, Certainty::Certain, message, tls_case::certificate(certificate, &place))
                .severity(severity)
                .evidence(tls_case::client_hello(&group.first))
                .actor(tls_case::operator(side, end))
                .fix("Renew the certificate, install it, and reload the server or device.")
                .fix("Check that the clocks of both ends and of the capturing host are right.")
                .verify("A new capture shows a certificate that is valid, and a handshake that is completed."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    #[test]
    fn the_time_of_the_frame_decides() {
        let expired = include_str!("../../../samples/tls-certificate-expired/capture.txt");
        let earlier = format!("start 2026-02-28T14:00:00Z\n{expired}");
        let much_earlier = format!("start 2025-02-28T14:00:00Z\n{expired}");
        check(
            RULE.code,
            &[
                ("expired", expired, Some(Severity::Warning)),
                ("valid as yet", &earlier, None),
                ("not valid yet", &much_earlier, Some(Severity::Warning)),
                ("soon", include_str!("../../../samples/tls-certificate-expired/near-miss.txt"), None),
            ],
        );
        let finding = only(expired, RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "The server 198.51.100.30:5061 shows a certificate that is not valid: it expired on 2026-03-01."
        );
        assert!(finding.evidence[0].text.starts_with("CN=sip.example.com; CN=Example Test CA; 2025-03-01"));
        assert!(only(&much_earlier, RULE.code).message.to_string().ends_with("it is valid from 2025-03-01 on only."));
    }
}
