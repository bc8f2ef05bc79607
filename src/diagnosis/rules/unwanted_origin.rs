//! Who sent a 607, and what follows from it.

use std::time::Duration;

use crate::call::Call;
use crate::call::unwanted::Verdict;
use crate::diagnosis::response_facts::{advice, redress};
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::lang::{Fill as _, Value, span};
use crate::sip::{Method, StatusCode};

mod beside;

pub(super) static RULE: Rule = Rule {
    code: "unwanted-origin",
    summary: "A request was rejected with 607 Unwanted: who decided that, as far as the capture shows.",
    severity: Severity::Info,
    references: &["RFC 8197 §4", "RFC 8197 §6", "RFC 8688 §1", "RFC 3261 §16.7"],
    explanation: Explanation {
        what_it_means: "607 says that the called side does not want to hear from this caller, now or later. It is a word \
            about the caller and no technical fault. The finding says who most likely spoke:\n\n\
            - A person: the same user agent rang (the 180 and the 607 share their To tag) for a second and a half or \
            longer.\n\
            - The device or app: it rang for less than that, or it answered without ringing and names itself like a \
            phone.\n\
            - A list or policy in the called party's network: an immediate answer without ringing and without marks of \
            analytics.\n\
            - Analytics of a network: a Reason with `v=analytics`, a Call-Info, or a Server value that names such a \
            service.\n\
            - A proxy that answers for one of several branches.\n\
            - Otherwise nobody can tell from this capture.\n\n\
            Where another branch of the same INVITE was answered, or another leg that an exchange made at the same time, it says that.",
        why_it_matters: "Whoever decided is the only one who can change it. A person's block is lifted by that person \
            alone, by no carrier and by no better signature. A network's block has an operator who can be asked.",
        likely_causes: "- The called person pressed \"spam\" or \"block\".\n\
            - The called device, its app, or the subscriber's own list rejects the number.\n\
            - A network uses 607 for blocking by analytics, which has codes of its own (608, and 603 Network Blocked in \
            the United States).",
        how_to_fix: "- Stop calling this party from this number, and put the called number on the suppression list.\n\
            - Where there is an existing relationship, use another channel and ask the called party to lift the block.\n\
            - Do not try another carrier or another calling number.\n\
            - Mend faults of the caller's identity only where another finding proves one. Better attestation does not \
            change a person's mind.\n\
            - Where a network decided: ask the redress contact that the response names, else the one that the operator \
            publishes.",
        how_to_confirm: "In a later capture no call from this caller goes to this callee, on any route. After the called \
            party has lifted the block, a call rings.",
        when_this_is_wrong: "- The verdicts are drawn from times and tags, so they are strong at best. A device that \
            lets a call ring before its own logic rejects it looks like a person.\n\
            - An element in front of the device may replace To tags: then the ringing seems to be another's.\n\
            - The rule looks at 607 only. 600 and 603 without further marks are a person's word about the moment, and \
            603 Network Blocked and 608 are a network's.",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let decided = cx.unwanted_requests().filter(|case| !beside::is_beside(call, case.transaction));
    let decided = decided.filter(|case| !case.was_made_of_another());
    out.extend(decided.map(|case| finding(case, cx)));
    out.extend(beside::detect(call));
}

fn finding(case: &UnwantedCase<'_>, cx: &Context<'_>) -> Finding {
    let mut finding = Finding::new(&RULE, case.origin.certainty, message(case), case.evidence())
        .evidence(case.related())
        .actor(case.caller());
    let callee = case.callee(&cx.settings.country);
    for fix in remedies(case, &callee) {
        finding = finding.fix(fix);
    }
    if !case.is_call() {
        return finding.verify("No further request of this kind goes from this sender to this recipient.");
    }
    finding.verify(
        Text::new(
            "In a later capture no call from this caller goes to {callee}, on any route; once the block is lifted, a call \
             rings.",
        )
        .with("callee", callee),
    )
}

/// A time, as far as it is known.
fn told(time: Option<Duration>) -> Value {
    time.map_or_else(|| "".fill(), |time| span(time).fill())
}

/// A status, where there is one.
fn told_status(status: Option<StatusCode>) -> Value {
    status.map_or_else(|| "".fill(), |status| status.to_string().fill())
}

fn message(case: &UnwantedCase<'_>) -> Text {
    let origin = &case.origin;
    let ringing = told(origin.ringing);
    let delay = told(origin.delay);
    let progress = case.progress();
    let text = match origin.verdict {
        Verdict::Human if progress.is_some() => Text::new(
            "The called party rejected this caller as unwanted: {sender} answered 607, {ringing} after its {progress} and under the same \
             To tag, so a person most likely decided, unless an announcement was played before.",
        )
        .with("ringing", ringing)
        .with("progress", told_status(progress)),
        Verdict::Device if progress.is_some() && origin.same_tag => Text::new(
            "The called device rejected this caller as unwanted: {sender} answered 607, only {ringing} after its {progress} and under \
             the same To tag, too fast for a person.",
        )
        .with("ringing", ringing)
        .with("progress", told_status(progress)),
        Verdict::Human => Text::new(
            "The called party rejected this caller as unwanted: {sender} rang for {ringing} and then answered 607 under the \
             same To tag, so a person most likely decided.",
        )
        .with("ringing", ringing),
        Verdict::Device if origin.same_tag => Text::new(
            "The called device rejected this caller as unwanted: {sender} answered 607 only {ringing} after it began to ring \
             and under the same To tag, too fast for a person.",
        )
        .with("ringing", ringing),
        Verdict::Device if !case.is_call() => Text::new(
            "The recipient's device rejected this sender as unwanted: {sender} answered {method} with 607, and names itself like a phone, so \
             that its own block list most likely decided.",
        )
        .with("method", &case.nearest.method),
        Verdict::PersonalList if !case.is_call() => Text::new(
            "The other side rejected this sender as unwanted: {sender} answered {method} with 607 after {delay}, without marks of analytics, \
             so most likely a list or policy of the recipient or of their network decided.",
        )
        .with("method", &case.nearest.method)
        .with("delay", delay),
        Verdict::Device => Text::new(
            "The called device rejected this caller as unwanted: {sender} answered 607 without ringing, and names itself like \
             a phone, so that its own block list most likely decided.",
        ),
        Verdict::PersonalList if case.reports_identity() => Text::new(
            "The called side rejected this caller as unwanted: {sender} answered 607 after {delay}, without ringing, and reports in the same \
             response that the caller's identity could not be verified. Most likely the called party's network decided, and that may be why.",
        )
        .with("delay", delay),
        Verdict::PersonalList => Text::new(
            "The called side rejected this caller as unwanted: {sender} answered 607 after {delay}, without ringing and \
             without marks of analytics, so most likely a list or policy of the called party's network decided.",
        )
        .with("delay", delay),
        Verdict::NetworkAnalytics => Text::new(
            "A network rejected this caller as unwanted: {sender} answered 607 after {delay} with marks of analytics, \
             although a 607 should be the called party's own word.",
        )
        .with("delay", delay),
        Verdict::ForkingProxy => Text::new(
            "The called side rejected this caller as unwanted: the proxy {sender} answered 607 for one of its branches and \
             cancelled the others; which device decided is not in this capture.",
        ),
        Verdict::Unknown => Text::new(
            "This caller was rejected as unwanted: {sender} answered 607. Whether a person, a device or a network decided is \
             not in this capture; the hop behind that element would show it.",
        ),
    };
    text.with("sender", case.sender())
}

/// What to do, in the order of who can change something (never the signature first: a 607 is not about it).
fn remedies(case: &UnwantedCase<'_>, callee: &str) -> Vec<Text> {
    if case.nearest.method == Method::Options && case.origin.verdict != Verdict::NetworkAnalytics {
        // It asks what a server can do, and nobody in person.
        return vec![
            Text::new("Ask the operator of {sender} what rejects these requests: an OPTIONS disturbs nobody, and 607 is about a caller.")
                .with("sender", case.origin.sender),
            Text::new("If nobody needs them, stop the OPTIONS to {callee}.").with("callee", callee),
        ];
    }
    let elsewhere = Text::new(if case.is_call() {
        "Do not try another carrier or another calling number: the answer holds for every route."
    } else {
        "Do not try another route or another sender: the answer holds for all of them."
    });
    if case.origin.verdict == Verdict::NetworkAnalytics {
        let mut fixes = advice(case.response);
        if redress(case.response).is_none() {
            fixes.push(
                Text::new(
                    "Ask the operator of {sender} through the contact for blocked callers that it publishes; quote Call-ID, \
                     time and both numbers.",
                )
                .with("sender", case.origin.sender),
            );
        }
        fixes.push(
            Text::new("Stop automatic retries to {callee} until the network has lifted the block.")
                .with("callee", callee),
        );
        fixes.push(elsewhere);
        return fixes;
    }
    let mut fixes = vec![
        Text::new(if case.is_call() {
            "Take {callee} off the calling list of this caller, and stop automatic retries."
        } else {
            "Take {callee} off the list of this sender, and stop retries."
        })
        .with("callee", callee),
        Text::new(
            "Where there is an existing relationship or consent, use another channel; only the called party can lift the block.",
        ),
        elsewhere,
    ];
    if matches!(case.origin.verdict, Verdict::Unknown | Verdict::PersonalList)
        || case.origin.certainty == Certainty::Weak
    {
        fixes.push(
            Text::new(if case.is_call() {
                "If many called numbers behind {sender} answer like this, ask its operator what rejects the calls."
            } else {
                "If many recipients behind {sender} answer like this, ask its operator what rejects these requests."
            })
            .with("sender", case.origin.sender),
        );
    }
    fixes
}

#[cfg(test)]
mod tests {
    use crate::call::Outcome;
    use crate::diagnosis::testing::{check, diagnose};
    use crate::diagnosis::{Certainty, Severity};

    const CODE: &str = "unwanted-origin";
    #[test]
    fn where_another_branch_was_answered_the_607_did_not_decide() {
        let hosts = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\nhost c 203.0.113.62\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n";
        let at_caller = "4 p > a tag=x\n607 Unwanted\n\n4.01 a > p\nACK\n\n5 p > a tag=y re=INVITE\n200 OK\n\n5.1 a > p to-tag=y\nACK\n\n9 a > p to-tag=y\nBYE\n\n9.1 p > a\n200 OK\n";
        let fork = |second: &str| {
            format!(
                "0.01 p > b forward branch=k1\nINVITE sip:b@203.0.113.61\n\n4 b > p branch=k1 tag=x\n607 Unwanted\n\n4.01 p > b branch=k1\nACK\n\n\
                 {second} p > c forward branch=k2\nINVITE sip:c@203.0.113.62\n\n5 c > p branch=k2 tag=y\n200 OK\n\n5.01 p > a tag=y\n200 OK\n\n\
                 5.1 a > c to-tag=y\nACK sip:c@203.0.113.62\n\n9 a > c to-tag=y\nBYE sip:c@203.0.113.62\n\n9.1 c > a to-tag=y\n200 OK\n"
            )
        };
        let said = |rest: &str| {
            let found = diagnose(&format!("{hosts}{rest}")).calls.remove(0).findings;
            let all: Vec<_> = found.iter().filter(|f| f.code == CODE).map(|f| f.message.to_string()).collect();
            assert_eq!(all.len(), 1, "{all:?}");
            all.concat()
        };
        for beside in [at_caller, &fork("0.02")] {
            assert!(
                said(beside).contains("another branch of the same INVITE was answered 1 s later"),
                "{}",
                said(beside)
            );
        }
        // The proxy cancelled as it must, and the answer was on its way already.
        let cancelled = format!("{}\n4.015 p > c branch=k2\nCANCEL sip:c@203.0.113.62\n", fork("0.02"));
        let crossed = said(&cancelled.replace("\n5 c > p branch=k2 tag=y\n", "\n5 c > p branch=k2 tag=y re=INVITE\n"));
        assert!(crossed.contains("was answered 1 s later: answer and CANCEL crossed"), "{crossed}");
        // It had the answer when the 607 came, though it had not passed it on yet.
        let after = said(&fork("0.02").replace("\n4 b > p", "\n5.002 b > p").replace("\n4.01 p > b", "\n5.003 p > b"));
        assert!(after.contains("answered 607 2 ms after another branch"), "{after}");
        let legs = |second: &str| {
            format!(
                "0.01 p > b call=B branch=k1\nINVITE sip:+12155550113@203.0.113.61\n\n{second} p > c call=C branch=k2\n\
                 INVITE sip:+12155550113@203.0.113.62\n\n0.5 c > p call=C tag=y\n180 Ringing\n\n0.51 p > a\n180 Ringing\n\n\
                 4 b > p call=B tag=x\n607 Unwanted\n\n4.01 p > b call=B\nACK\n\n5 c > p call=C tag=y\n200 OK\n\n5.01 p > c call=C\nACK\n\n\
                 5.02 p > a re=INVITE\n200 OK\n\n5.1 a > p\nACK\n\n9 a > p\nBYE\n\n9.1 p > a\n200 OK\n\n9.2 p > c call=C\nBYE\n\n9.3 c > p call=C\n200 OK\n"
            )
        };
        assert!(
            said(&legs("0.02")).contains("another leg of the same call was answered 1 s later"),
            "{}",
            said(&legs("0.02"))
        );
        // Called only when the first one had rejected the call.
        let hunted = said(&legs("4.02").replace("0.5 c > p", "4.5 c > p").replace("0.51 p > a", "4.51 p > a"));
        assert!(!hunted.contains("another leg"), "{hunted}");
        // One that took the call before, and passed it on to whoever says so.
        let before = legs("0.02")
            .replace("0.01 p > b", "3 p > b")
            .replace("\n5 c > p", "\n2 c > p")
            .replace("\n5.01 p > c", "\n2.01 p > c");
        assert!(!said(&before).contains("another leg"), "{}", said(&before));
        let advanced = said(&fork("4.02"));
        assert!(!advanced.contains("another branch"), "{advanced}");
    }

    const BEGIN: &str = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\n\n\
        0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: <sip:+12125550101@192.0.2.10>\nUser-Agent: ExampleDialler/6\n\n\
        0.03 p > a\n100 Trying\n\n";

    fn flow(rest: &str) -> String {
        format!("{BEGIN}{rest}\n\n9 a > p\nACK\n")
    }

    #[test]
    fn every_607_to_a_request_outside_of_a_dialog_gets_a_verdict() {
        let rang = "0.9 p > a tag=t\n180 Ringing\n\n";
        check(
            CODE,
            &[
                ("a person", &flow(&format!("{rang}7.4 p > a tag=t\n607 Unwanted")), Some(Severity::Info)),
                ("another phrase", &flow("0.1 p > a tag=t\n607 Go away"), Some(Severity::Info)),
                (
                    "MESSAGE",
                    "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nMESSAGE sip:b@198.51.100.50\n\n0.1 p > a\n607 Unwanted\n",
                    Some(Severity::Info),
                ),
                (
                    "REGISTER has another rule",
                    "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nREGISTER sip:198.51.100.50\n\n0.1 p > a\n607 Unwanted\n",
                    None,
                ),
                ("declined", &flow(&format!("{rang}7.4 p > a tag=t\n603 Decline")), None),
                ("608", &flow("0.1 p > a tag=t\n608 Rejected"), None),
                ("the phrase alone", &flow("0.1 p > a tag=t\n603 Unwanted"), None),
            ],
        );
    }

    #[test]
    fn a_607_that_became_another_failure_is_why_the_call_failed() {
        let hop = "0.1 p > b branch=f1\nINVITE sip:+12155550113@203.0.113.61\n\n0.5 b > p tag=z\n180 Ringing\n\n5 b > p tag=z\n{}\n\n\
            5.1 p > a re=INVITE tag=z\n480 Gone\n\n5.2 p > b branch=f1\nACK";
        let report = |status: &str| diagnose(&flow(&hop.replace("{}", status))).calls.remove(0);
        let (unwanted, other) = (report("607 Unwanted"), report("404 Not Found"));
        assert_eq!((unwanted.root_cause, other.root_cause), (Some(CODE), Some("failed-response")));
        let actor = unwanted.findings[0].actor.as_ref().unwrap();
        assert_eq!(actor.address.unwrap().to_string(), "192.0.2.10:5060", "and not who passed the call on");
    }

    #[test]
    fn a_607_that_was_made_of_another_failure_is_nobodys_word() {
        let hop = "0.1 p > b branch=f1\nINVITE sip:+12155550113@203.0.113.61\n\n0.5 b > p tag=z\n{}\n\n\
            0.51 p > a re=INVITE tag=z\n607 Unwanted\n\n0.52 p > b branch=f1\nACK";
        let report = |status: &str| diagnose(&flow(&hop.replace("{}", status))).calls.remove(0);
        for (status, root, outcome) in [
            ("607 Unwanted", CODE, Outcome::UnwantedByCallee),
            ("608 Rejected", "failed-response", Outcome::BlockedByNetwork),
            ("603 Network Blocked", "failed-response", Outcome::BlockedByNetwork),
            ("603 Decline", "", Outcome::Declined),
            ("600 Busy Everywhere", "", Outcome::Busy),
            ("604 Does Not Exist Anywhere", "failed-response", Outcome::Rejected),
            ("404 Not Found", CODE, Outcome::UnwantedByCallee),
        ] {
            let report = report(status);
            assert_eq!((report.root_cause.unwrap_or_default(), report.call.outcome), (root, outcome), "{status}");
            assert_eq!(report.findings.iter().any(|f| f.code == CODE), root == CODE, "{status}");
            let altered = report.findings.iter().find(|f| f.code == "rejection-code-altered");
            let fixes: Vec<_> = altered.iter().flat_map(|f| &f.remediation).map(ToString::to_string).collect();
            let is_told = fixes.iter().any(|fix| fix.starts_with("Let 198.51.100.50:5060 pass the 60"));
            assert_eq!(is_told, root != CODE, "{status}: {fixes:?}");
        }
    }

    #[test]
    fn a_603_that_was_made_of_a_607_is_the_word_of_the_607() {
        let hop = "0.1 p > b branch=f1\nINVITE sip:+12155550113@203.0.113.61\n\n0.5 b > p tag=z\n{}\n\n\
            0.51 p > a re=INVITE tag=z\n603 Decline\n\n0.52 p > b branch=f1\nACK";
        for (status, root, outcome) in [
            ("607 Unwanted", Some(CODE), Outcome::UnwantedByCallee),
            ("607 Unwanted\nServer: ScoreGate/2.1", Some(CODE), Outcome::BlockedByNetwork),
            ("608 Rejected", Some("failed-response"), Outcome::BlockedByNetwork),
            ("603 Network Blocked", Some("failed-response"), Outcome::BlockedByNetwork),
            ("603 Decline", None, Outcome::Declined),
            ("404 Not Found", None, Outcome::Declined),
        ] {
            let report = diagnose(&flow(&hop.replace("{}", status))).calls.remove(0);
            assert_eq!((report.root_cause, report.call.outcome), (root, outcome), "{status}");
        }
    }

    #[test]
    fn whoever_tells_what_came_of_the_verification_is_not_the_calling_side() {
        let of = |parameter: &str| {
            let flow =
                flow("0.1 p > a tag=t\n607 Unwanted").replace("+12125550101@", &format!("+12125550101{parameter}@"));
            let found = diagnose(&flow).calls[0].findings.iter().find(|f| f.code == CODE).cloned().unwrap();
            found.actor.as_ref().unwrap().address.is_some()
        };
        assert!(of("") && !of(";verstat=TN-Validation-Passed"));
    }

    #[test]
    fn words_are_those_of_the_method_and_of_the_contact() {
        let of = |flow: &str| diagnose(flow).calls[0].findings.iter().find(|f| f.code == CODE).cloned().unwrap();
        let said = |finding: &crate::diagnosis::Finding| {
            let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
            format!("{} {}", advice.join(" "), finding.verification.as_ref().unwrap())
        };
        let message = "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nMESSAGE sip:b@198.51.100.50\n\n0.1 p > a\n607 Unwanted\n";
        let text = said(&of(message));
        assert!(!text.contains("rings") && !text.contains("calling") && !text.contains("calls"), "{text}");
        for (fields, told) in
            [("", "answered MESSAGE with 607 after 100 ms"), ("\nUser-Agent: ExamplePhone/1", "like a phone")]
        {
            let said = of(&message.replace("Unwanted", &format!("Unwanted{fields}"))).message.to_string();
            assert!(said.contains(told) && !said.contains("ring"), "{said}");
        }
        let options = said(&of(&message.replace("MESSAGE", "OPTIONS")));
        assert!(options.contains("an OPTIONS disturbs nobody") && !options.contains("off the list"), "{options}");
        let card = "\nCall-Info: <https://block.example.net/j>;purpose=jwscard";
        for (fields, named) in [(card, true), ("\nServer: ScoreGate/2.1", false)] {
            let text = said(&of(&flow(&format!("0.1 p > a tag=t\n607 Unwanted{fields}"))));
            assert_eq!(text.contains("https://block.example.net/j"), named, "{text}");
            assert_eq!(text.contains("that it publishes"), !named, "{text}");
            assert!(text.contains("a call rings"), "{text}");
        }
    }

    #[test]
    fn it_is_the_first_word_on_the_call_and_nothing_repeats_it() {
        let found = diagnose(include_str!("../../../samples/scenarios/s08.txt"));
        let report = &found.calls[0];
        assert_eq!((report.call.outcome, report.root_cause), (Outcome::UnwantedByCallee, Some(CODE)));
        let first = &report.findings[0];
        assert_eq!((first.code, first.certainty), (CODE, Certainty::Strong));
        assert_eq!(
            first.message.to_string(),
            "The called party rejected this caller as unwanted: 203.0.113.50:5060 (ExamplePhone/4.2) rang for 6.5 s and then \
             answered 607 under the same To tag, so a person most likely decided."
        );
        assert_eq!(
            first.remediation[0].to_string(),
            "Take +12155550113 off the calling list of this caller, and stop automatic retries."
        );
        assert!(first.remediation.iter().all(|fix| !fix.to_string().contains("ttestation")));
        let actor = first.actor.as_ref().unwrap();
        assert_eq!(
            (actor.role.to_string().as_str(), actor.address.unwrap().to_string().as_str()),
            ("the calling side", "198.51.100.20:5060")
        );
        assert!(report.findings.iter().all(|f| f.code != "failed-response"));
    }

    #[test]
    fn the_deepest_hop_is_named_and_counted_once() {
        let found = diagnose(include_str!("../../../samples/scenarios/s10.txt"));
        let origins: Vec<_> = found.calls[0].findings.iter().filter(|f| f.code == CODE).collect();
        assert_eq!(origins.len(), 1);
        assert!(origins[0].message.to_string().contains("203.0.113.62:5060 (ExamplePhone/4.2) rang for 3.1 s"));
    }

    #[test]
    fn each_verdict_has_its_words() {
        let rang = "0.9 p > a tag=t\n180 Ringing\n\n";
        for (rest, words, who) in [
            (format!("{rang}1.4 p > a tag=t\n607 Unwanted"), "too fast for a person", "another channel"),
            (
                format!("{rang}9 p > a tag=t\n607 Unwanted").replace("180 Ringing", "183 Session Progress"),
                "answered 607, 8.1 s after its 183 and under the same To tag",
                "another channel",
            ),
            (
                format!("{rang}1.4 p > a tag=t\n607 Unwanted").replace("180 Ringing", "183 Session Progress"),
                "only 500 ms after its 183",
                "another channel",
            ),
            ("0.1 p > a tag=t\n607 Unwanted\nUser-Agent: ExamplePhone/1".into(), "names itself like a phone", "another channel"),
            ("0.1 p > a tag=t\n607 Unwanted".into(), "a list or policy", "another channel"),
            ("0.1 p > a tag=t\n607 Unwanted\nReason: SIP;cause=607".into(), "a list or policy", "another channel"),
            (
                "0.1 p > a tag=t\n607 Unwanted\nReason: STIR;cause=438".into(),
                "the caller's identity could not be verified. Most likely",
                "another channel",
            ),
            ("0.1 p > a tag=t\n607 Unwanted\nServer: ScoreGate/2.1".into(), "marks of analytics", "contact for blocked callers"),
            (
                "0.1 p > b branch=f1\nINVITE sip:x@203.0.113.61\n\n0.2 b > p tag=z\n180 Ringing\n\n0.3 p > a tag=d1 re=INVITE\n180 Ringing\n\n\
                 5 p > b branch=f1\nCANCEL\nReason: SIP;cause=607\n\n5.1 p > a re=INVITE tag=own\n607 Unwanted".into(),
                "the proxy 198.51.100.50:5060 answered 607 for one of its branches",
                "another channel",
            ),
            ("5 p > a tag=t\n607 Unwanted".into(), "is not in this capture", "another channel"),
        ] {
            let found = diagnose(&flow(&rest));
            let finding = found.calls[0].findings.iter().find(|f| f.code == CODE).unwrap();
            let message = finding.message.to_string();
            assert!(message.contains(words), "{message}");
            let fixes: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
            let first = fixes[0].starts_with("Take +12155550113 off") && fixes[1].contains(who);
            let of_a_network = fixes[0].contains(who) && fixes[1].starts_with("Stop automatic retries");
            assert!(if words == "marks of analytics" { of_a_network } else { first }, "{fixes:?}");
        }
    }
}
