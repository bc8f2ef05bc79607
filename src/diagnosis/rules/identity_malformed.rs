//! An Identity header field or PASSporT that cannot be used as it is.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::HeaderName;
use crate::stir::Identity;
use crate::stir::passport::Fault;

pub(super) static RULE: Rule = Rule {
    code: "identity-malformed",
    summary: "An Identity header field or its PASSporT is malformed.",
    severity: Severity::Error,
    references: &["RFC 8224 §4", "RFC 8225 §4", "RFC 8225 §9", "RFC 8588 §3", "RFC 8946 §3", "RFC 7518 §3.4"],
    explanation: Explanation {
        what_it_means: "The token has not three parts, is no base64url or JSON, lacks a claim, has another typ or alg than \
            it must, differs from the parameters of the header field, uses the compact form where it is not allowed, or \
            carries no proper signature. Smaller faults, such as a time written as a string, are untidy: liberal verifiers \
            accept them, strict ones do not. Whether the signature itself fails is another finding's matter.",
        why_it_matters: "A verifier that cannot read the token treats the call as unsigned or rejects it with 438 or 436.",
        likely_causes: "- A fault of the signing service, often after an update.\n\
            - An element on the way shortened or folded the long header field, or changed its parameters.\n\
            - The signature is written as DER rather than as 64 plain octets.\n\
            - Examples of the RFCs, which are sloppy themselves, were copied.",
        how_to_fix: "- At the signing service: mend the part that the finding names.\n\
            - If the token is sound where it is made: find the element that changes it.",
        how_to_confirm: "The next INVITE carries a token without the fault, and the verifier no longer complains.",
        when_this_is_wrong: "- The quoted and unquoted spelling of ppt and alg mean the same.\n\
            - The frame is cut by the snap length in the middle of the token; the rule is silent for cut messages.\n\
            - RFC 4474 knew another Identity header field, a bare signature: that is obsolete rather than malformed, and \
            said so.",
    },
    detect: Detect::of_identities(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.identity.filter(|case| !case.request.message.is_cut()) else { return };
    out.extend(case.identities.iter().filter_map(|identity| finding(case, identity)));
}

fn finding(case: &IdentityCase<'_>, identity: &Identity) -> Option<Finding> {
    if identity.legacy {
        return Some(obsolete(case, identity));
    }
    let faults = identity.faults();
    let fatal: Vec<&Fault> = faults.iter().filter(|fault| !fault.kind.is_lint()).collect();
    let (named, severity) = if fatal.is_empty() {
        (faults.iter().collect(), Severity::Notice)
    } else {
        (fatal, case.severity(Severity::Error))
    };
    if named.is_empty() {
        return None;
    }
    let list = Text::list("; ", named);
    let template = if severity == Severity::Notice {
        "The Identity header field from {hop} is untidy: {faults}. Liberal verifiers accept it, strict ones may not."
    } else {
        "The Identity header field from {hop} is malformed: {faults}. Verifiers cannot use it."
    };
    let message = Text::new(template).with("hop", case.hop()).with("faults", list);
    let finding =
        Finding::new(&RULE, Certainty::Certain, message, case.evidence(identity, "the Identity header field"))
            .severity(severity)
            .evidence(case.decoded(identity))
            .evidence(case.rejection_evidence())
            .actor(IdentityCase::signer(identity))
            .fix("Mend the signing service in what the finding names.")
            .fix("If the token is sound where it is made, find the element on the way that changes it.")
            .verify("The next INVITE carries an Identity header field without this fault.");
    Some(finding)
}

fn obsolete(case: &IdentityCase<'_>, identity: &Identity) -> Finding {
    let message = Text::new(
        "The Identity header field from {hop} is the bare signature of RFC 4474, which RFC 8224 replaced: today's verifiers \
         take the call as unsigned.",
    )
    .with("hop", case.hop());
    let old = case.request.message.has(HeaderName::IdentityInfo);
    Finding::new(&RULE, Certainty::Certain, message, case.evidence(identity, "the Identity header field"))
        .severity(Severity::Notice)
        .evidence(old.then(|| {
            Evidence::header(case.request, HeaderName::IdentityInfo, "where the certificate of the old signature is")
        }))
        .actor(IdentityCase::signer(identity))
        .fix("Sign by RFC 8224 with a PASSporT, or leave the old header field out.")
        .verify("The next INVITE carries a PASSporT.")
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "identity-malformed";

    #[test]
    fn faults_are_weighed_by_what_verifiers_do() {
        let v1 = flow(&["V1"], "438 Invalid Identity Header");
        check(
            CODE,
            &[
                ("sound", &v1, None),
                ("without quotes", &v1.replace("ppt=\"shaken\"", "ppt=shaken"), None),
                ("another extension outside", &v1.replace("ppt=\"shaken\"", "ppt=div"), Some(Severity::Error)),
                (
                    "no certificate",
                    &v1.replace(";info=<https://cert.orig.example/shaken.pem>", ""),
                    Some(Severity::Error),
                ),
                ("compact", &flow(&["V7"], "438 Invalid Identity Header"), Some(Severity::Error)),
                ("unsigned token", &flow(&["V11"], "438 Invalid Identity Header"), Some(Severity::Error)),
                ("in an answered call", &flow(&["V11"], "200 OK"), Some(Severity::Warning)),
                ("time as a string", &flow(&["V8"], "607 Unwanted"), Some(Severity::Notice)),
                (
                    "two parts",
                    &v1.replace("Identity: ", "Identity: a.b;x=")
                        .replace("a.b;x=", "a.b;info=<https://x.example/c>;ppt=shaken\nX: "),
                    Some(Severity::Error),
                ),
            ],
        );
    }

    #[test]
    fn the_old_form_is_shown_with_its_certificate() {
        let old =
            "Identity: \"c2lnbmF0dXJlIG9mIGFuIG9sZCBraW5k\"\nn: <https://cert.orig.example/old.cer>;alg=rsa-sha1\n";
        let text = flow(&[], "607 Unwanted").replace("Date:", &format!("{old}Date:"));
        let found = with_code(&text, CODE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Notice));
        assert!(found[0].evidence[1].text.ends_with("<https://cert.orig.example/old.cer>;alg=rsa-sha1"));
    }

    #[test]
    fn the_decoded_parts_are_shown() {
        let found = with_code(&flow(&["V11"], "438 Invalid Identity Header"), CODE);
        assert!(found[0].message.to_string().contains("alg is \"none\"; only ES256 may be used"));
        assert!(found[0].evidence[1].text.starts_with("{\"alg\":\"none\""), "{:?}", found[0].evidence[1]);
    }
}
