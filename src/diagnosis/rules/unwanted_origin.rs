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
mod particular;

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
            - Analytics of a network: a Reason that speaks of analytics, a page or card in Call-Info, or a Server value that names such a \
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
            - A scanner got it, or the call back of an emergency call centre: then the advice is for the element that answered.\n\
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
    if let Some(other) = particular::of_no_caller(case, &finding) {
        return other;
    }
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
    let mut fixes = particular::first(case);
    fixes.extend([
        if case.call.referral.is_some() {
            Text::new(particular::BEFORE_A_TRANSFER)
        } else if case.is_call() {
            Text::new("Take {callee} off the calling list of this caller, and stop automatic retries.")
        } else {
            Text::new("Take {callee} off the list of this sender, and stop retries.")
        }
        .with("callee", callee),
        Text::new(
            "Where there is an existing relationship or consent, use another channel; only the called party can lift the block.",
        ),
        elsewhere,
    ]);
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
mod tests;
