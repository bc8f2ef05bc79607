//! Branches of a fork that were cancelled because one device said 607.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Method};

/// A proxy cancels the other branches at once (RFC 3261 §16.7 step 10).
const AT_ONCE: Duration = Duration::from_millis(200);

pub(super) static RULE: Rule = Rule {
    code: "branches-cancelled-by-607",
    summary: "A forking proxy cancelled the other branches because one of them answered 607.",
    severity: Severity::Info,
    references: &["RFC 3261 §16.7", "RFC 8197 §4", "RFC 3326 §2"],
    explanation: Explanation {
        what_it_means: "The call rang on several devices. One of them answered 607, and the proxy cancelled the others, as \
            any 6xx demands (RFC 3261 §16.7). Their 487 responses are the consequence, and no failures.",
        why_it_matters: "One device decided for all. Whoever counts the 487s sees several failed calls where there is one, \
            and whoever looks at them for the cause looks in the wrong place.",
        likely_causes: "- A user with several devices pressed \"spam\" on one of them.\n\
            - One device or app of the user has a block list, the others do not.",
        how_to_fix: "- Nothing at the proxy: it did what it must.\n\
            - To undo the block, look for it on the device that answered 607.",
        how_to_confirm: "After the block was lifted there, all devices ring on.",
        when_this_is_wrong: "- The caller gave up: then the CANCELs come from the caller's side and carry no Reason 607.\n\
            - Another device answered the call, and the CANCELs are due to its 200.",
    },
    detect: Detect::Given(Facts::UNWANTED.with(Facts::FURTHER), detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(cx.unwanted_requests().filter_map(|case| finding(case)));
}

/// A branch with its CANCEL.
struct Branch<'a> {
    invite: &'a Transaction,
    cancel: &'a CapturedMessage,
}

fn finding(case: &UnwantedCase<'_>) -> Option<Finding> {
    let branches = cancelled(case);
    let first = branches.first()?;
    let proxy = first.cancel.provenance.flow.source;
    let certain = branches.iter().any(|branch| says_so(branch.cancel));
    let servers: Vec<String> = branches.iter().map(|branch| branch.invite.server.to_string()).collect();
    let message = Text::new(
        "{proxy} cancelled the branches to {servers} because {sender} answered 607; their 487 responses are a consequence \
         and no failures.",
    )
    .with("proxy", proxy)
    .with("servers", servers.join(", "))
    .with("sender", case.sender());
    let mut finding =
        Finding::new(&RULE, if certain { Certainty::Certain } else { Certainty::Strong }, message, case.evidence())
            .actor(case.operator("owner of the device that answered 607"));
    for branch in &branches {
        let what = "CANCEL of another branch";
        let cancel = if says_so(branch.cancel) {
            Evidence::header(branch.cancel, HeaderName::Reason, what)
        } else {
            Evidence::of(branch.cancel, what)
        };
        let ends = branch.invite.finals.iter().filter_map(|last| case.call.message(last.message));
        finding = finding.evidence([cancel]).evidence(ends.map(|m| Evidence::of(m, "its end, as CANCEL demands")));
    }
    finding = finding
        .fix("To undo the block, look for it on the device that answered 607; the proxy did what it must.")
        .verify("After the block is lifted there, all devices ring on.");
    finding.consequence_of = Some(super::unwanted_origin::RULE.code);
    Some(finding)
}

fn says_so(cancel: &CapturedMessage) -> bool {
    cancel.message.reasons().iter().any(|reason| reason.is("SIP") && reason.cause == Some(607))
}

/// Other branches that the element in front of the 607 cancelled because of it.
fn cancelled<'a>(case: &UnwantedCase<'a>) -> Vec<Branch<'a>> {
    let call = case.call;
    let told = case.response.provenance.time;
    let is_sibling = |t: &&Transaction| {
        t.method == Method::Invite
            && !t.in_dialog
            && (t.client.address == case.transaction.client.address
                || t.client.address == case.transaction.server.address)
            && !std::ptr::eq(*t, case.transaction)
            && t.start <= told
            // It crossed its answer.
            && !t.finals.iter().any(|last| last.status.is_success())
    };
    let branches = call.transactions.iter().filter(is_sibling).filter_map(|invite| {
        let cancel = call.message(call.transaction(invite.cancelled_by?)?.request?)?;
        let soon = cancel.provenance.time >= told && cancel.provenance.time.since(told) <= AT_ONCE;
        (says_so(cancel) || soon).then_some(Branch { invite, cancel })
    });
    branches.collect()
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "branches-cancelled-by-607";
    const S10: &str = include_str!("../../../samples/scenarios/s10.txt");

    #[test]
    fn both_other_phones_are_named() {
        let found = with_code(S10, CODE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message.to_string(),
            "203.0.113.50:5060 cancelled the branches to 203.0.113.61:5060, 203.0.113.63:5060 because 203.0.113.62:5060 \
             (ExamplePhone/4.2) answered 607; their 487 responses are a consequence and no failures."
        );
        assert_eq!((found[0].consequence_of, found[0].evidence.len()), (Some("unwanted-origin"), 5));
    }

    #[test]
    fn time_tells_where_no_reason_does() {
        let silent = S10.replace("Reason: SIP;cause=607;text=\"Unwanted\"\n", "");
        check(
            CODE,
            &[
                ("at once", &silent, Some(Severity::Info)),
                (
                    "later",
                    &silent
                        .replace("4.010 proxy", "4.300 proxy")
                        .replace("4.02", "4.32")
                        .replace("4.03", "4.33")
                        .replace("4.04", "4.34"),
                    None,
                ),
                (
                    "one answers as it is cancelled, the other one later than at once",
                    &silent
                        .replace(
                            "4.030 p61 > proxy call=s10-1 tag=d1\n487 Request Terminated",
                            "4.030 p61 > proxy call=s10-1 tag=d1 re=INVITE\n200 OK",
                        )
                        .replace("4.010 proxy > p63", "4.300 proxy > p63")
                        .replace("4.022", "4.322")
                        .replace("4.040", "4.340")
                        .replace("4.045", "4.345"),
                    None,
                ),
                (
                    "another answer",
                    &S10.replace("607 Unwanted", "486 Busy Here").replace("cause=607", "cause=200"),
                    None,
                ),
            ],
        );
    }
}
