//! A PASSporT whose certificate lies where verifiers cannot fetch it.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::stir::{Identity, certificate_url};

pub(super) static RULE: Rule = Rule {
    code: "passport-certificate-url",
    summary: "The certificate of a PASSporT is published where verifiers cannot or will not fetch it.",
    severity: Severity::Warning,
    references: &["RFC 8224 §4", "RFC 8224 §7.2", "RFC 8225 §4.3", "ATIS-1000074"],
    explanation: Explanation {
        what_it_means: "`x5u` of the PASSporT (or `info` of the header field) names an address that is not https, holds an IP \
            address or a name that exists inside of a network alone, a user name, or a port other than 443 and 8443. \
            Verifiers connect only to public https addresses on these ports.",
        why_it_matters: "Without the certificate nobody can verify the signature: the verifier answers 436 Bad Identity \
            Info, or treats the call as unsigned.",
        likely_causes: "- The certificate repository of a laboratory is still configured.\n\
            - The signing service publishes on an inner address that a proxy maps to the public one.\n\
            - http in place of https, because certificates are public anyway.",
        how_to_fix: "- Publish the certificate at a public https address with a host name, on port 443 or 8443.\n\
            - Put that very address into `x5u` and into `info`.",
        how_to_confirm: "From a host outside of the network the address of the next PASSporT delivers the certificate.",
        when_this_is_wrong: "- Signer and verifier belong to one network and agree on an inner address: in a laboratory, or \
            between offices.\n\
            - sipscan fetches nothing: that an address looks right does not say that anything is there.",
    },
    detect: Detect::of_identities(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.identity else { return };
    for (at, identity) in case.identities.iter().enumerate() {
        let Some(url) = url_of(identity) else { continue };
        // What several name is told once.
        let is_first = !case.identities.iter().take(at).any(|earlier| url_of(earlier) == Some(url));
        out.extend(is_first.then(|| finding(case, identity, url)).flatten());
    }
}

/// Where its certificate is published; a legacy value has none of this kind.
fn url_of(identity: &Identity) -> Option<&str> {
    identity.certificate_url().filter(|_| !identity.legacy)
}

fn finding(case: &IdentityCase<'_>, identity: &Identity, url: &str) -> Option<Finding> {
    let faults = certificate_url::faults(url);
    if faults.is_empty() {
        return None;
    }
    let message =
        Text::new("The certificate of the PASSporT is published at {url}, where verifiers will not fetch it: {why}.")
            .with("url", url)
            .with("why", Text::list("; ", &faults));
    Some(
        Finding::new(&RULE, Certainty::Certain, message, case.evidence(identity, "the Identity header field"))
            .evidence([Evidence::of(case.request, "the INVITE")])
            .evidence(case.rejection_evidence())
            .actor(IdentityCase::signer(identity))
            .fix("Publish the certificate at a public https address with a host name, on port 443 or 8443, and name it in `x5u` and `info`.")
            .verify("From outside of the network the address of the next PASSporT delivers the certificate."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};
    use crate::stir::passport::tests::{V10, token};

    fn flow(identity: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\
             From: <sip:+12125550101@192.0.2.10>\nIdentity: {identity}\n\n0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    fn at(url: &str) -> String {
        let claims = r#"{"attest":"A","dest":{"tn":["12155550113"]},"iat":1774879200,"orig":{"tn":"12125550101"}}"#;
        let header = format!(r#"{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"{url}"}}"#);
        format!("{};info=<{url}>;alg=ES256;ppt=shaken", token(&header, claims))
    }

    #[test]
    fn only_public_https_addresses_are_fetched() {
        let warning = Some(Severity::Warning);
        for (url, expected) in [
            ("https://cert.orig.example/shaken.pem", None),
            ("https://cert.orig.example:8443/shaken.pem", None),
            ("http://cert.orig.example/shaken.pem", warning),
            ("https://192.0.2.7/shaken.pem", warning),
            ("https://cert.orig.example:4443/shaken.pem", warning),
            ("https://certs.internal/shaken.pem", warning),
        ] {
            check(RULE.code, &[(url, &flow(&at(url), "436 Bad Identity Info"), expected)]);
        }
    }

    #[test]
    fn an_address_is_told_once_and_whole() {
        let identity = format!("{V10};info=<http://cert.orig.example/shaken.pem>;ppt=shaken");
        let twice = flow(&format!("{identity}\nIdentity: {identity}"), "607 Unwanted");
        let message = only(&twice, RULE.code).message.to_string();
        assert!(message.contains("http://cert.orig.example/shaken.pem") && message.contains("http in place of https"));
        check(
            RULE.code,
            &[("an answered call has the fault too", &flow(&identity, "200 OK"), Some(Severity::Warning))],
        );
    }
}
