//! A redirect of one branch of a fork, and what became of it beside the others.

use crate::call::{Call, CapturedMessage, Outcome, Transaction, TransactionId};
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::sip::{StatusClass, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "redirect-and-fork",
    summary: "A redirect of one branch of a forked call hides the responses of the others, or is hidden by one of them.",
    severity: Severity::Info,
    references: &["RFC 3261 §16.5", "RFC 3261 §16.7"],
    explanation: Explanation {
        what_it_means: "A proxy forked the call. One branch answered with a redirect, another one with a failure. A proxy \
            returns one response only: a 6xx before all others, else one of the lowest class (RFC 3261 §16.7 step 6). So a \
            301 of one branch wins over the 486 or 404 of another, and a 603 wins over the 301.",
        why_it_matters: "The caller receives the redirect of a single device as if it spoke for the user: it is told that the \
            user moved, while another device was only busy. Or the new address never reaches the caller.",
        likely_causes: "- A device of the user has forwarding set, and the proxy does not follow redirects of branches.\n\
            - One of the targets in the location service or ring group is out of date.\n\
            - A proxy that picks its response by rules of its own.",
        how_to_fix: "- At the forking proxy: follow redirects of branches (recursion, RFC 3261 §16.5), limited to targets \
            that you trust, so that callers do not receive the redirect of one branch.\n\
            - Take out-of-date targets out of the group.",
        how_to_confirm: "Call again: the proxy sends a further branch to the new address, or no branch redirects.",
        when_this_is_wrong: "- The proxy follows the redirect itself: then nothing is hidden.\n\
            - A branch answered the call, or the caller hung up: what the others said no longer matters.\n\
            - The proxy tried another target after the redirect and returned its response: it replaced the redirect by a \
            choice of its own.",
    },
    detect: Detect::Given(Facts::REDIRECT.with(Facts::FURTHER), detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let mut forks: Vec<TransactionId> = Vec::new();
    for case in RedirectCase::of_invites(call).filter(|_| !cx.lossy()) {
        let Some(fork) = Fork::of(&case) else { continue };
        if !forks.contains(&fork.id) {
            forks.push(fork.id);
            out.extend(finding(&case, &fork));
        }
    }
}

/// Whether a redirect is told to be hidden by the response of another branch: what its client did not do is said with that.
pub(super) fn is_hidden(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    let fork = Fork::of(case).filter(|fork| !cx.lossy() && !fork.status.is_redirection());
    fork.is_some_and(|fork| finding(case, &fork).is_some())
}

/// A forked request with the response that its proxy returned.
struct Fork<'a> {
    id: TransactionId,
    returned: &'a CapturedMessage,
    status: StatusCode,
    /// Other branches with a failure that is no consequence of a CANCEL.
    others: Vec<(&'a Transaction, &'a CapturedMessage, StatusCode)>,
}

impl<'a> Fork<'a> {
    /// The fork that the redirected request is a branch of.
    fn of(case: &RedirectCase<'a>) -> Option<Self> {
        let call = case.call;
        let (id, branch) = above(call, case.redirect.transaction)?;
        let upstream = call.transaction(id)?;
        let recursed =
            |f: &crate::call::Follow| call.transaction(f.transaction).is_some_and(|t| t.upstream == Some(id));
        if upstream.cancelled_by.is_some() || case.redirect.follows.iter().any(recursed) {
            return None;
        }
        let (returned, status) = last(call, id)?;
        let siblings = upstream.downstream.iter().filter(|sibling| **sibling != branch);
        let others = siblings.filter_map(|sibling| {
            let (message, status) = last(call, *sibling)?;
            (status.0 >= 400 && status.0 != 487).then_some((call.transaction(*sibling)?, message, status))
        });
        let others: Vec<_> = others.collect();
        Some(Self { id, returned, status, others })
    }
}

/// The forked request above a transaction, and the branch that leads to it.
fn above(call: &Call, id: TransactionId) -> Option<(TransactionId, TransactionId)> {
    let mut branch = id;
    for _ in &call.transactions {
        let upstream = call.transaction(branch)?.upstream?;
        if call.transaction(upstream)?.downstream.len() > 1 {
            return Some((upstream, branch));
        }
        branch = upstream;
    }
    None
}

fn last(call: &Call, id: TransactionId) -> Option<(&CapturedMessage, StatusCode)> {
    let decisive = call.decisive_final(id)?;
    Some((call.message(decisive.message)?, decisive.status))
}

fn finding(case: &RedirectCase<'_>, fork: &Fork<'_>) -> Option<Finding> {
    let proxy = fork.returned.provenance.flow.source;
    let redirected = case.response.provenance.time;
    let same = fork.others.iter().find(|(_, _, status)| *status == fork.status);
    let (template, severity) = match fork.status.class()? {
        StatusClass::Redirection if !fork.others.is_empty() => (
            "{proxy} forked the call; its branch to {branch} answered {redirect}, others {others}, and the caller's side got \
             the {returned} of that one branch.",
            if case.call.outcome == Outcome::RedirectedUnfollowed { Severity::Warning } else { Severity::Info },
        ),
        StatusClass::GlobalFailure if same.is_some() => (
            "{proxy} forked the call; its branch to {branch} answered {redirect}, others {others}; a 6xx goes before all \
             others, so the caller's side got {returned} and never saw the redirect.",
            Severity::Info,
        ),
        StatusClass::ClientError | StatusClass::ServerError if same.is_some_and(|(t, ..)| t.start <= redirected) => (
            "{proxy} forked the call; its branch to {branch} answered {redirect}, others {others}; it returned {returned} \
             although the redirect goes first, so the caller's side never saw the new address.",
            Severity::Warning,
        ),
        _ => return None,
    };
    let others: Vec<String> = fork.others.iter().map(|(t, _, status)| format!("{status} ({})", t.server)).collect();
    let message = Text::new(template)
        .with("proxy", proxy)
        .with("branch", case.transaction.server)
        .with("redirect", case.redirect.status)
        .with("others", others.join(", "))
        .with("returned", fork.status);
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(severity)
        .evidence(fork.others.iter().map(|(_, m, _)| Evidence::of(m, "the answer of another branch")))
        .evidence([Evidence::of(fork.returned, "what the caller's side got")])
        .actor(Actor::sender(fork.returned, "operator of the forking proxy"))
        .fix("Follow redirects of branches at the forking proxy, limited to targets that you trust.")
        .fix("Take targets that are out of date out of the location service or ring group.")
        .verify("Call again: the proxy sends a further branch to the new address, or no branch redirects.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, only};

    /// A fork to two devices; the first redirects, the second answers `second`, and the proxy then sends `returned`.
    fn flow(second: &str, returned: &str, rest: &str) -> String {
        format!(
            "host pbx 192.0.2.10\nhost old 198.51.100.30\nhost a 203.0.113.60\nhost b 203.0.113.61\nhost c 203.0.113.62\n\n\
             0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.01 old > a forward branch=a\nINVITE sip:bob@203.0.113.60\n\n\
             0.011 old > b forward branch=b\nINVITE sip:bob@203.0.113.61\n\n\
             0.1 a > old tag=a1 branch=a\n302 Moved\nContact: <sip:bob@203.0.113.62>\n\n0.101 old > a branch=a\nACK\n\n\
             0.2 b > old tag=b1 branch=b\n{second}\n\n0.201 old > b branch=b\nACK\n\n{rest}0.5 old > pbx {returned}\n\n\
             0.51 pbx > old\nACK\n\n{LATER}"
        )
    }

    #[test]
    fn what_the_proxy_returns_counts() {
        let redirect = "tag=a1\n302 Moved\nContact: <sip:bob@203.0.113.62>";
        let recursed = "0.11 old > c forward branch=c\nINVITE sip:bob@203.0.113.62\n\n0.3 c > old tag=c1 branch=c\n\
                        404 Not Found\n\n0.301 old > c branch=c\nACK\n\n";
        check(
            RULE.code,
            &[
                ("a redirect hides 486", &flow("486 Busy Here", redirect, ""), Some(Severity::Warning)),
                ("603 hides a redirect", &flow("603 Decline", "tag=b1\n603 Decline", ""), Some(Severity::Info)),
                ("486 hides a redirect", &flow("486 Busy Here", "tag=b1\n486 Busy Here", ""), Some(Severity::Warning)),
                ("the proxy follows", &flow("486 Busy Here", "tag=b1\n486 Busy Here", recursed), None),
                (
                    "another target after the redirect",
                    &flow("486 Busy Here", "tag=b1\n486 Busy Here", "").replace("0.011 old", "0.150 old"),
                    None,
                ),
                ("answered", &flow("200 OK", "tag=b1\n200 OK", ""), None),
            ],
        );
        // Who did not follow has said so with the other response; who got the redirect has not.
        let not_followed = "redirect-not-followed";
        check(
            not_followed,
            &[
                ("486 hides a redirect", &flow("486 Busy Here", "tag=b1\n486 Busy Here", ""), None),
                ("603 hides a redirect", &flow("603 Decline", "tag=b1\n603 Decline", ""), None),
                ("a redirect hides 486", &flow("486 Busy Here", redirect, ""), Some(Severity::Error)),
            ],
        );
        let finding = only(&flow("486 Busy Here", redirect, ""), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "198.51.100.30:5060 forked the call; its branch to 203.0.113.60:5060 answered 302, others 486 \
             (203.0.113.61:5060), and the caller's side got the 302 of that one branch."
        );
    }
}
