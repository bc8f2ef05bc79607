//! Several PASSporT tokens in one INVITE that do not fit together.

use crate::call::Call;
use crate::diagnosis::identity_case::IdentityCase;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::stir::chain::{self, ChainFault};
use crate::stir::{Identity, Subject};

pub(super) static RULE: Rule = Rule {
    code: "passport-chain-inconsistent",
    summary: "An INVITE carries several Identity header fields that do not fit together.",
    severity: Severity::Warning,
    references: &["RFC 8224 §6.2.1", "RFC 8946 §4.2", "RFC 8588 §3"],
    explanation: Explanation {
        what_it_means: "A call has one PASSporT about its origin, and one of kind `div` for each time that it was sent on: \
            each of these leads away from a number that another PASSporT is for, and all name the same caller. Here the \
            chain has a gap, no beginning, two beginnings, two callers, or the same token twice. What is said here is read \
            from the claims alone, whatever the signatures are worth.",
        why_it_matters: "A verifier follows the chain from the origin to the number that it serves. Where the chain breaks \
            the diversion counts as unsigned, and the call may be rejected (438) or lose its attestation.",
        likely_causes: "- A forwarding element signed with the wrong former number, or an SBC translated the number before it.\n\
            - An element removed the first Identity header field and kept the diversion.\n\
            - Two providers each signed the origin of the call.\n\
            - An element copies header fields when it builds the second leg.",
        how_to_fix: "- Whoever forwards the call: sign `div` from the number that the call came for, and keep the PASSporTs \
            that came with it.\n\
            - Whoever signs the origin: do not sign a call that carries a `shaken` PASSporT already.\n\
            - Remove copies.",
        how_to_confirm: "In the next forwarded call one PASSporT is of kind `shaken`, its `dest` is the `div` of the next one, \
            and so on up to the Request-URI.",
        when_this_is_wrong: "- PASSporTs of different kinds (`shaken` and `rcd`, say) stand beside each other as they should.\n\
            - The order of the header fields does not matter.\n\
            - A PASSporT in compact form holds no numbers: a chain through it is not followed.",
    },
    detect: Detect::of_identities(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(cx.identity.and_then(|case| finding(case)));
}

fn finding(case: &IdentityCase<'_>) -> Option<Finding> {
    // As a rule one PASSporT stands alone, and is no link of any chain.
    if case.identities.len() == 1 && !case.has_diversion() {
        return None;
    }
    let faults = chain::faults(case.identities);
    let harmless = faults.iter().all(ChainFault::is_lint);
    let first = case.identities.first().filter(|_| !faults.is_empty())?;
    let message = Text::count(
        case.identities.len() as u64,
        "The {n} Identity header field of the INVITE is not all that belongs there: {faults}.",
        "The {n} Identity header fields of the INVITE do not fit together: {faults}.",
    )
    .with("faults", Text::list("; ", &faults));
    let others = case.identities.iter().skip(1).map(|identity| case.evidence(identity, drawing(identity)));
    Some(
        Finding::new(&RULE, Certainty::Certain, message, case.evidence(first, drawing(first)))
            .severity(if harmless { Severity::Notice } else { Severity::Warning })
            .evidence(others)
            .evidence([Evidence::of(case.request, "the INVITE that carries them")])
            .evidence(case.rejection_evidence())
            .actor(Actor::sender(case.request, "operator of the element that signed or sent the call on"))
            .fix("Keep the PASSporT of the origin, and sign each diversion from the number that the call came for (`div`).")
            .fix("Remove copies, and PASSporTs about the origin that a later element added.")
            .verify("In the next call each `div` is the `dest` of another PASSporT, and all name the same caller."),
    )
}

/// One link of the chain, such as `shaken: 12125550101 to 12155550199`.
fn drawing(identity: &Identity) -> Text {
    let claims = identity.passport.claims.clone().unwrap_or_default();
    let dest = claims.dest.iter().map(Subject::text).collect::<Vec<_>>().join(", ");
    let ppt = identity.ppt().map_or_else(|| Text::new("without kind"), Text::verbatim);
    let caller = claims.orig.as_ref().map_or("?", Subject::text).to_owned();
    match claims.div {
        Some(former) => {
            Text::new("{ppt}: the call from {caller} for {former} was sent on to {dest}").with("former", former.text())
        }
        None => Text::new("{ppt}: a call from {caller} for {dest}"),
    }
    .with("ppt", ppt)
    .with("caller", caller)
    .with("dest", if dest.is_empty() { "?".to_owned() } else { dest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::signed_flow::flow;
    use crate::diagnosis::testing::{check, only};

    #[test]
    fn gaps_and_contradictions_are_warnings_and_copies_a_notice() {
        let (warning, notice) = (Some(Severity::Warning), Some(Severity::Notice));
        for (tokens, expected) in [
            (&["V1"][..], None),
            (&["V4", "V9"], None),
            (&["V1", "V9"], warning),
            (&["V9"], warning),
            (&["V1", "V5"], warning),
            (&["V1", "V1"], notice),
            (&["V1", "V2"], notice),
            (&[], None),
        ] {
            let rejected = flow(tokens, "438 Invalid Identity Header");
            let answered = flow(tokens, "200 OK");
            check(RULE.code, &[("rejected", &rejected, expected), ("answered", &answered, expected)]);
        }
    }

    #[test]
    fn the_chain_is_drawn() {
        let finding = only(&flow(&["V1", "V9"], "438 Invalid Identity Header"), RULE.code);
        let links: Vec<String> = finding.evidence.iter().map(|e| e.what.to_string()).collect();
        assert_eq!(
            links[..2],
            [
                "shaken: a call from 12125550101 for 12155550113",
                "div: the call from 12125550101 for 12155550199 was sent on to 12155550113"
            ]
        );
    }
}
