//! An element that passes a rejection on as something else.

use crate::call::network_block::NetworkBlock;
use crate::call::{Call, CapturedMessage, Origin, Transaction, TransactionId, unwanted};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::sip::{HeaderName, StatusCode};

mod fork;

pub(super) static RULE: Rule = Rule {
    code: "rejection-code-altered",
    summary: "An element received 607, 608 or a 603+, and passed another code on, or dropped its data; or it made a 607 of another rejection.",
    severity: Severity::Warning,
    references: &["RFC 3261 §16.7", "RFC 8197 §4", "RFC 8688 §3", "47 CFR 64.1200(k)(9)"],
    explanation: Explanation {
        what_it_means: "Two hops or two legs of the call were captured. On the one nearer to the callee the call was rejected \
            with 607, 608 or 603 Network Blocked; on the one nearer to the caller the rejection has another status code, \
            another phrase than Network Blocked, or lacks the Reason or Call-Info header field with the contact for redress.\n\n\
            The other way round, an element made a 607 of a 603 or another 6xx: then the caller is told of a complaint that nobody made.\n\n\
            The same holds where one branch of a forked call was rejected so, and the caller got the answer of another branch, \
            such as 486: a proxy passes a 6xx on before every other failure, and cancels the branches that are left (RFC 3261 §16.7).",
        why_it_matters: "The caller acts on what it receives: after a 500 or 486 it calls again or takes another route. And it \
            never learns whom to ask. For 603+ the rules of the United States demand that it reaches the origin unaltered.",
        likely_causes: "- A table of the SBC maps 6xx codes that it does not know to 500, 480 or 603.\n\
            - The call crosses the telephone network (ISUP), which has no such cause: a 603+ becomes cause 21 (call rejected) and \
            comes back as a plain 603.\n\
            - The SBC builds responses of its own and copies the status alone.\n\
            - A forking proxy prefers the last answer, or the lowest class, as for branches without a 6xx.",
        how_to_fix: "- At the element that altered it: pass 603, 607 and 608 on with reason phrase, Reason and Call-Info.\n\
            - At the caller: treat the call as the inner response says: as rejected, not as failed.",
        how_to_confirm: "The next rejected call shows the same status, phrase, Reason and Call-Info on both hops.",
        when_this_is_wrong: "- The caller gave up in the meantime: 487 then ends the outer hop.\n\
            - Another route was tried after the rejection and ended with the code that was passed on: that is \
            route-advance-after-607.\n\
            - Another branch answered the call, or rejected it with a 6xx as well.\n\
            - A Reason that was added on the way takes nothing from the caller.",
    },
    detect: Detect::Given(Facts::FAILURE.with(Facts::FURTHER), detect),
};

/// A rejection as an element received it, and as it passed it on.
struct Altered<'a> {
    received: &'a CapturedMessage,
    passed: &'a CapturedMessage,
    changes: Vec<Text>,
}

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let before = out.len();
    out.extend(
        call.attempts.iter().filter_map(|attempt| altered(call, attempt.transaction)).map(|case| finding(&case)),
    );
    if out.len() == before {
        out.extend(fork::finding(call));
    }
}

fn altered(call: &Call, id: TransactionId) -> Option<Altered<'_>> {
    let Origin::Response(deepest, _) = call.origin_of_failure(id)? else { return None };
    let response = |id: TransactionId| call.message(call.transaction(id).and_then(Transaction::failed_final)?.message);
    let said = response(deepest)?;
    if !is_rejection(said) && !is_made_unwanted(said, response(id)?) {
        return None;
    }
    // Up the hops that passed it on as it was; each step leads nearer to the caller, so that this ends.
    let mut below = deepest;
    let mut above = above(call, below, id)?;
    for _ in &call.transactions {
        if !changes(response(below)?, response(above)?).is_empty() {
            break;
        }
        below = above;
        above = self::above(call, below, id)?;
    }
    let (received, passed) = (response(below)?, response(above)?);
    let changes = changes(received, passed);
    (!changes.is_empty() && !is_explained(call, below, above)).then_some(Altered { received, passed, changes })
}

/// The next hop towards the caller, over the border between two legs too; `None` at the caller's own hop.
fn above(call: &Call, below: TransactionId, nearest: TransactionId) -> Option<TransactionId> {
    if below == nearest {
        return None;
    }
    let here = call.transaction(below)?;
    here.upstream.or_else(|| {
        let leads_here = |t: &&TransactionId| {
            call.transaction(**t).is_some_and(|t| t.leg < here.leg && t.server.address == here.client.address)
        };
        let all: Vec<TransactionId> = (0..call.transactions.len()).map(TransactionId).collect();
        let initial = all
            .iter()
            .filter(|t| call.is_initial(**t) && call.transaction(**t).is_some_and(|t| t.method == here.method));
        Some(initial.rev().find(leads_here).copied().unwrap_or(nearest))
    })
}

fn is_rejection(response: &CapturedMessage) -> bool {
    match response.message.status() {
        Some(StatusCode(607 | 608)) => true,
        _ => NetworkBlock::of(&response.message).is_some(),
    }
}

/// Whether a 607 was made of another 6xx, which says nothing of the caller; of one that was a 607 before, it was restored.
fn is_made_unwanted(said: &CapturedMessage, passed: &CapturedMessage) -> bool {
    let is_global = |status: StatusCode| status.0 != 607 && (600..700).contains(&status.0);
    said.message.status().is_some_and(is_global)
        && passed.message.status() == Some(StatusCode(607))
        && !unwanted::says_that_it_was_one(&said.message)
}

/// What was lost between two copies of a rejection.
fn changes(received: &CapturedMessage, passed: &CapturedMessage) -> Vec<Text> {
    let (inner, outer) = (&received.message, &passed.message);
    let mut changes = Vec::new();
    if let (Some(before), Some(after)) = (inner.status(), outer.status())
        && before != after
    {
        changes.push(Text::new("the code became {after}").with("after", after));
    }
    let phrase = |block: Option<NetworkBlock>| block.is_some_and(|block| block.phrase);
    if changes.is_empty() && phrase(NetworkBlock::of(inner)) && !phrase(NetworkBlock::of(outer)) {
        let phrase = outer.reason_phrase().unwrap_or_default();
        changes.push(Text::new("the phrase Network Blocked became \"{phrase}\"").with("phrase", phrase.trim()));
    }
    for name in [HeaderName::Reason, HeaderName::CallInfo] {
        if inner.has(name) && !outer.has(name) && !outer.is_cut() {
            changes.push(Text::new("{header} was dropped").with("header", name.name()));
        }
    }
    changes
}

/// Whether the element had another reason for its answer: a CANCEL, or the answer of another branch or route.
fn is_explained(call: &Call, below: TransactionId, above: TransactionId) -> bool {
    let Some((inner, outer)) = call.transaction(below).zip(call.transaction(above)) else { return true };
    let passed = call.final_status(above);
    let rival = |id: TransactionId| {
        id != below
            && id != above
            && call.final_status(id) == passed
            && call
                .transaction(id)
                .is_some_and(|t| t.client.address == inner.client.address && t.method == inner.method)
    };
    outer.cancelled_by.is_some()
        || (call.final_status(below) != passed && (0..call.transactions.len()).map(TransactionId).any(rival))
}

/// Status and phrase.
fn status_line(m: &CapturedMessage) -> String {
    m.message.start_line().trim_start_matches("SIP/2.0 ").trim().to_owned()
}

fn finding(case: &Altered<'_>) -> Finding {
    let culprit = case.received.provenance.flow.destination;
    let message =
        Text::new("{culprit} received \"{received}\" from {sender} and passed it on as \"{passed}\": {changes}.")
            .with("culprit", culprit)
            .with("received", status_line(case.received))
            .with("sender", element(case.received))
            .with("passed", status_line(case.passed))
            .with("changes", Text::list(", ", &case.changes));
    let invites = case.passed.message.status().filter(|status| matches!(status.0, 500..=599)).map(|status| {
        Text::new("After {status} the servers in front may try other routes, which a rejection forbids.")
            .with("status", status)
    });
    let made = is_made_unwanted(case.received, case.passed).then(|| {
        Text::new("607 says that the called party complained of this caller, and in this capture nobody did.")
    });
    let is_made = made.is_some();
    let message = with_reason(message, invites.or(made));
    let kept = [HeaderName::Reason, HeaderName::CallInfo].into_iter();
    let kept = kept.filter(|name| case.received.message.has(*name));
    let finding = Finding::new(&RULE, Certainty::Strong, message, Evidence::of(case.passed, "what was passed on"))
        .evidence([Evidence::of(case.received, "what had been received")])
        .evidence(kept.map(|name| Evidence::header(case.received, name, "what came with it")))
        .actor(Actor::sender(case.passed, "operator of the element that altered the rejection"));
    if is_made {
        let status = case.received.message.status().map_or(0, |status| status.0);
        return finding
            .fix(
                Text::new("Let {relay} pass the {status} on as it is: a 607 says that the called party complained of this caller, which nobody did.")
                    .with("relay", culprit)
                    .with("status", status),
            )
            .verify("The next rejected call shows the same status, phrase, Reason and Call-Info on both hops.");
    }
    finding
        .fix(
            Text::new("At {culprit}: pass 603, 607 and 608 on with their reason phrase, Reason and Call-Info.")
                .with("culprit", culprit),
        )
        .fix("At the caller: take the call for rejected, as the inner response says, and do not call again or over another route.")
        .verify("The next rejected call shows the same status, phrase, Reason and Call-Info on both hops.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    const HOSTS: &str = "host a 192.0.2.10\nhost sbc 198.51.100.20\nhost p 203.0.113.50\nhost q 203.0.113.55\n\n";

    fn flow(inner: &str, outer: &str) -> String {
        format!(
            "{HOSTS}0 a > sbc\nINVITE sip:+12155550113@198.51.100.20\n\n0.01 sbc > p forward\nINVITE sip:+12155550113@203.0.113.50\n\n\
             0.5 p > sbc tag=t\n{inner}\n\n0.51 sbc > p\nACK\n\n0.52 sbc > a tag=t\n{outer}\n\n0.53 a > sbc\nACK\n"
        )
    }

    #[test]
    fn what_makes_others_try_again_is_told() {
        let told =
            |outer: &str| only(&flow("607 Unwanted", outer), RULE.code).message.to_string().contains("other routes");
        assert_eq!((told("503 Down"), told("486 Busy Here"), told("603 Decline")), (true, false, false));
    }

    #[test]
    fn code_phrase_and_data_must_stay() {
        let warning = Some(Severity::Warning);
        let reason = "Reason: SIP;cause=603;text=\"v=analytics1;url=https://r.example.com/x\";location=LN";
        let card = "Call-Info: <https://block.example.net/card>;purpose=jwscard";
        let blocked = format!("603 Network Blocked\n{reason}");
        let rejected = format!("608 Rejected\n{card}");
        for (inner, outer, expected) in [
            ("607 Unwanted", "500 Server Internal Error", warning),
            ("607 Unwanted", "603 Decline\nReason: SIP;cause=607", warning),
            ("603 Decline", "607 Unwanted", warning),
            ("600 Busy Everywhere", "607 Unwanted", warning),
            ("603 Decline\nReason: SIP;cause=607", "607 Unwanted", None),
            ("603 Decline", "603 Decline", None),
            ("603 Decline", "600 Busy Everywhere", None),
            ("404 Not Found", "607 Unwanted", None),
            ("607 Unwanted", "607 Go away", None),
            ("607 Unwanted", "607 Unwanted\nReason: Q.850;cause=21", None),
            (&blocked, &blocked, None),
            (&blocked, "603 Network Blocked", warning),
            (&blocked, &format!("603 Decline\n{reason}"), warning),
            (&rejected, &rejected, None),
            (&rejected, "608 Rejected", warning),
            ("603 Decline", "480 Temporarily Unavailable", None),
            ("404 Not Found", "500 Server Internal Error", None),
        ] {
            check(RULE.code, &[(&format!("{inner} as {outer}"), &flow(inner, outer), expected)]);
        }
    }

    #[test]
    fn the_element_is_named() {
        let finding = only(&flow("607 Unwanted\nReason: SIP;cause=607", "480 Temporarily Unavailable"), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.20:5060 received \"607 Unwanted\" from 203.0.113.50:5060 and passed it on as \"480 Temporarily \
             Unavailable\": the code became 480, Reason was dropped."
        );
        assert_eq!(finding.evidence[2].text, "Reason: SIP;cause=607");
    }

    #[test]
    fn of_a_607_that_nobody_said_its_maker_is_told() {
        let finding = only(&flow("603 Decline", "607 Unwanted"), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.20:5060 received \"603 Decline\" from 203.0.113.50:5060 and passed it on as \"607 Unwanted\": the code became 607. \
             607 says that the called party complained of this caller, and in this capture nobody did."
        );
        assert_eq!(finding.remediation.len(), 1);
        assert!(finding.remediation[0].to_string().starts_with("Let 198.51.100.20:5060 pass the 603 on as it is"));
    }

    #[test]
    fn a_caller_that_gives_up_explains_another_code() {
        let cancelled = format!(
            "{HOSTS}0 a > sbc\nINVITE sip:bob@198.51.100.20\n\n0.01 sbc > p forward\nINVITE sip:bob@203.0.113.50\n\n\
             0.4 a > sbc\nCANCEL\n\n0.41 sbc > a re=CANCEL\n200 OK\n\n0.5 p > sbc tag=t\n607 Unwanted\n\n0.51 sbc > p\nACK\n\n\
             0.52 sbc > a re=INVITE tag=s\n487 Request Terminated\n\n0.53 a > sbc\nACK\n"
        );
        check(RULE.code, &[("cancelled", &cancelled, None)]);
    }

    /// Two branches with their answers, and what the caller gets.
    fn fork(first: &str, second: &str, passed: &str) -> String {
        format!(
            "{HOSTS}0 a > sbc\nINVITE sip:bob@198.51.100.20\n\n0.01 sbc > p forward branch=f1\nINVITE sip:bob@203.0.113.50\n\n\
             0.01 sbc > q forward branch=f2\nINVITE sip:bob@203.0.113.55\n\n0.5 p > sbc tag=t\n{first}\n\n0.51 sbc > p branch=f1\nACK\n\n\
             0.6 q > sbc tag=u\n{second}\n\n0.61 sbc > q branch=f2\nACK\n\n0.62 sbc > a re=INVITE {passed}\n\n0.63 a > sbc\nACK\n"
        )
    }

    #[test]
    fn a_rejection_by_one_branch_goes_before_the_failures_of_others() {
        let warning = Some(Severity::Warning);
        let busy = "486 Busy Here";
        let plus = "603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://r.example.com/x\"";
        let given_up = |to: &str, branch: &str| {
            let cancel = format!("0.4 sbc > {to} branch={branch}\nCANCEL\n\n0.5 p > sbc");
            fork("607 Unwanted", "487 Terminated", "tag=u\n487 Terminated").replace("0.5 p > sbc", &cancel)
        };
        let route = fork("607 Unwanted", busy, "tag=u\n486 Busy Here").replace("0.01 sbc > q", "0.55 sbc > q");
        check(
            RULE.code,
            &[
                ("607 first", &fork("607 Unwanted", busy, "tag=u\n486 Busy Here"), warning),
                ("607 last", &fork(busy, "607 Unwanted", "tag=t\n486 Busy Here"), warning),
                ("608", &fork("608 Rejected", "480 Gone", "tag=u\n480 Gone"), warning),
                ("603+", &fork(plus, "404 Not Found", "tag=u\n404 Not Found"), warning),
                ("a word of its own", &fork("607 Unwanted", busy, "tag=own\n500 Fork failed"), warning),
                ("a cancelled branch", &fork("607 Unwanted", "487 Terminated", "tag=u\n487 Terminated"), warning),
                ("passed on", &fork("607 Unwanted", busy, "tag=t\n607 Unwanted"), None),
                ("another 6xx", &fork("607 Unwanted", "603 Decline", "tag=u\n603 Decline"), None),
                ("a plain 603", &fork("603 Decline", busy, "tag=u\n486 Busy Here"), None),
                ("a 607 beside a plain 603", &fork("603 Decline", "607 Unwanted", "tag=u\n607 Unwanted"), None),
                ("answered", &fork("607 Unwanted", "200 OK", "tag=u\n200 OK"), None),
                ("another route later", &route, None),
                ("it crossed a CANCEL", &given_up("p", "f1"), None),
                ("another branch was cancelled before", &given_up("q", "f2"), None),
                ("too late", &fork(busy, "607 Unwanted", "tag=t\n486 Busy Here").replace("0.62", "0.55"), None),
            ],
        );
        let finding = only(&fork("607 Unwanted", busy, "tag=u\n486 Busy Here"), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.20:5060 received \"607 Unwanted\" from 203.0.113.50:5060, one branch of the call, and passed \"486 Busy Here\" of \
             203.0.113.55:5060 on instead: the caller does not learn that the call was rejected. A 6xx goes before all other failures, \
             and ends the other branches."
        );
        assert_eq!(finding.evidence.len(), 3);
    }
}
