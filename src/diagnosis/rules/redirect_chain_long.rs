//! A chain of many redirects.

use crate::call::{Call, Outcome};
use crate::diagnosis::platform;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;

use super::redirect_loop;

/// Redirects in one chain from which on it is worth a word.
const LONG: usize = 3;

pub(super) static RULE: Rule = Rule {
    code: "redirect-chain-long",
    summary: "Three or more redirects of one call in a row.",
    severity: Severity::Warning,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §16.5"],
    explanation: Explanation {
        what_it_means: "The call was redirected, and redirected again by the server that it was sent to, three times or \
            more, without coming back to an address that it had been at.",
        why_it_matters: "Each step adds a round trip to the time before ringing, and a place where the call can break. \
            Many clients set a limit: some give up after one redirect, gateways after about ten; a border controller \
            that reaches its limit answers 408, which hides the cause.",
        likely_causes: "- Addresses moved several times, and each old server redirects to the next one only.\n\
            - Several routing databases that each decide a part (portability, least cost, signing).\n\
            - A hunt through systems that do not know each other's users.",
        how_to_fix: "- At the first redirecting server: return the last address of the chain.\n\
            - Ask the routing databases at one place, and redirect once.\n\
            - Raise the limit of the client only as a stopgap.",
        how_to_confirm: "Call again: one redirect, and the second INVITE is answered.",
        when_this_is_wrong: "- Several Contacts of one redirect were tried one after the other: that is one redirect with \
            several targets, no chain.\n\
            - The chain comes back to an earlier address: that is redirect-loop.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    if call.redirects.len() < LONG {
        return;
    }
    let chains = RedirectCase::chains(call);
    out.extend(chains.iter().filter(|c| c.len() >= LONG && !redirect_loop::is_loop(c)).filter_map(|c| finding(c)));
}

/// Whether the redirect is the last one of a long chain, where clients reach their limit.
pub(super) fn ends_at(case: &RedirectCase<'_>) -> bool {
    let is_last = |chain: &Vec<RedirectCase<'_>>| chain.last().is_some_and(|last| last.index == case.index);
    let may_be_long = case.call.redirects.len() >= LONG && case.redirect.follows.is_empty();
    may_be_long && RedirectCase::chains(case.call).iter().any(|c| c.len() >= LONG && is_last(c))
}

fn finding(chain: &[RedirectCase<'_>]) -> Option<Finding> {
    let (first, last) = (chain.first()?, chain.last()?);
    let path: Vec<_> = chain.iter().filter_map(|c| c.redirect.from.as_ref()).map(ToString::to_string).collect();
    let took = last.response.provenance.time.since(first.request()?.provenance.time);
    let gave_up = last.redirect.follows.is_empty() && last.call.outcome == Outcome::RedirectedUnfollowed;
    let message = Text::new(if gave_up {
        "{count} redirects in a row, over {path}, took {took}; the client did not follow the last one."
    } else {
        "{count} redirects in a row, over {path}, took {took} before the call reached its last target."
    })
    .with("count", chain.len())
    .with("path", path.join(", "))
    .with("took", span(took));
    let mut finding = Finding::new(&RULE, Certainty::Certain, message, last.evidence())
        .severity(if gave_up { Severity::Error } else { Severity::Warning })
        .evidence(chain.iter().rev().skip(1).rev().map(RedirectCase::evidence))
        .actor(first.operator())
        .fix("Let the first redirecting server return the last address of the chain, so that one redirect is enough.");
    if gave_up {
        finding = finding.fix("Until then, raise the limit on redirects at the client, if it has one.");
        if let Some(setting) = platform::follow_redirects(last.client_operator().software.as_deref()) {
            finding = finding.fix(setting);
        }
    }
    Some(finding.verify("Call again: one redirect, and the second INVITE is answered."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, followed, with_code};

    fn chain(length: usize, rest: &str) -> String {
        let step = |step: usize| {
            let (server, next) = (if step % 2 == 1 { "old" } else { "new" }, step + 1);
            format!(
                "+0.01 pbx > {server}\nINVITE sip:5001@h{step}.example\n\n+0.01 {server} > pbx\n302 Moved Temporarily\n\
                 Contact: <sip:5001@h{next}.example>\n\n+0.001 pbx > {server}\nACK\n\n"
            )
        };
        HOSTS.to_owned() + &(1..=length).map(step).collect::<String>() + rest
    }

    #[test]
    fn three_redirects_in_a_row_are_long() {
        let end = |uri: &str| followed(uri, "200 OK").replace("0.03 pbx", "+0.03 pbx");
        check(
            RULE.code,
            &[
                ("two", &chain(2, &end("sip:5001@h3.example")), None),
                ("three", &chain(3, &end("sip:5001@h4.example")), Some(Severity::Warning)),
                ("the client gives up", &chain(3, LATER), Some(Severity::Error)),
            ],
        );
        assert!(with_code(&chain(3, LATER), "redirect-not-followed").is_empty());
    }
}
