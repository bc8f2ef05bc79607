//! Branches of a fork that were cancelled because one device said 607.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
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
            any 6xx demands (RFC 3261 §16.7). Their 487 responses are the consequence, and no failures. Where the capture holds \
            such a branch alone, the Reason of its CANCEL tells of the 607.",
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
    detect: Detect::Given(Facts::FURTHER, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let before = out.len();
    out.extend(cx.unwanted_requests().filter_map(|case| finding(case)));
    if out.len() == before && cx.unwanted_requests().next().is_none() {
        out.extend(unseen(call));
    }
}

/// Branches that were cancelled with the Reason 607, where the 607 itself was not captured.
fn unseen(call: &Call) -> Option<Finding> {
    let cancel_of = |invite: &Transaction| {
        let cancel = call.message(call.transaction(invite.cancelled_by?)?.request?)?;
        Some(cancel).filter(|cancel| says_so(cancel))
    };
    // A hop in front of which it was said already only passes it on.
    let is_first = |t: &&Transaction| t.upstream.and_then(|id| call.transaction(id)).and_then(cancel_of).is_none();
    let invites = call.transactions.iter().filter(|t| t.method == Method::Invite && t.cancelled_by.is_some());
    let branches: Vec<Branch<'_>> =
        invites.filter(is_first).filter_map(|invite| Some(Branch { invite, cancel: cancel_of(invite)? })).collect();
    let proxy = branches.first()?.cancel.provenance.flow.source;
    let servers: Vec<String> = branches.iter().map(|branch| branch.invite.server.to_string()).collect();
    let message = Text::new(
        "{proxy} cancelled the branch to {servers} with the Reason 607: on another branch, which is not in this capture, the caller was \
         rejected as unwanted. A 487 here is a consequence and no failure.",
    )
    .with("proxy", proxy)
    .with("servers", servers.join(", "));
    let mut evidence = branches.iter().flat_map(|branch| evidence(call, branch));
    let finding = Finding::new(&RULE, Certainty::Certain, message, evidence.next()?).evidence(evidence);
    Some(
        finding
            .actor(Actor::role("owner of the device that answered 607"))
            .fix(
                Text::new("To see who decided, capture at {proxy}: the 607 came from another branch.")
                    .with("proxy", proxy),
            )
            .verify("After the block is lifted there, all devices ring on."),
    )
}

/// The CANCEL of a branch, and what ended it.
fn evidence<'a>(call: &'a Call, branch: &Branch<'a>) -> impl Iterator<Item = Evidence> + use<'a> {
    let what = "CANCEL of another branch";
    let cancel = if says_so(branch.cancel) {
        Evidence::header(branch.cancel, HeaderName::Reason, what)
    } else {
        Evidence::of(branch.cancel, what)
    };
    let ends = branch.invite.finals.iter().filter_map(move |last| call.message(last.message));
    [cancel].into_iter().chain(ends.map(|m| Evidence::of(m, "its end, as CANCEL demands")))
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
        finding = finding.evidence(evidence(case.call, branch));
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
    fn a_branch_alone_tells_of_the_607_by_the_reason_of_its_cancel() {
        let flow = |reason: &str| {
            format!(
                "host p 203.0.113.50\nhost q 203.0.113.55\nhost b 203.0.113.61\n\n0 p > q\nINVITE sip:b@q.example\n\n0.01 q > b forward\n\
                 INVITE sip:b@203.0.113.61\n\n0.1 b > q tag=t\n180 Ringing\n\n0.11 q > p forward\n180 Ringing\n\n\
                 4 p > q\nCANCEL sip:b@q.example\nReason: {reason}\n\n4.01 q > p re=CANCEL\n200 OK\n\n\
                 4.02 q > b\nCANCEL sip:b@203.0.113.61\nReason: {reason}\n\n4.03 b > q re=CANCEL\n200 OK\n\n\
                 4.04 b > q re=INVITE tag=t\n487 Request Terminated\n\n4.05 q > p re=INVITE tag=t\n487 Request Terminated\n"
            )
        };
        check(
            CODE,
            &[
                ("607", &flow("SIP;cause=607"), Some(Severity::Info)),
                ("answered elsewhere", &flow("SIP;cause=200;text=\"Call completed elsewhere\""), None),
                ("of another protocol", &flow("Q.850;cause=607"), None),
            ],
        );
        let found = with_code(&flow("SIP;cause=607"), CODE);
        let said = found[0].message.to_string();
        assert_eq!(found.len(), 1);
        assert!(
            said.starts_with("203.0.113.50:5060 cancelled the branch to 203.0.113.55:5060 with the Reason 607"),
            "{said}"
        );
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
