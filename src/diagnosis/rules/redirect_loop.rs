//! Redirects that go round in a circle.

use crate::call::Call;
use crate::diagnosis::redirect_case::{ONCE_ONLY, RedirectCase};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Uri;

use super::{redirect_to_itself, redirect_to_itself_in_effect};

pub(super) static RULE: Rule = Rule {
    code: "redirect-loop",
    summary: "Redirects of one call that lead back to an address that was called before.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §8.3"],
    explanation: Explanation {
        what_it_means: "Two or more servers redirect the call in a circle: an address that was called already comes \
            again. Each single redirect looks right; the circle only shows in the whole chain, and often only when \
            addresses are compared by effect, `sip:5001@a` and `sip:5001@a:5060`.",
        why_it_matters: "The call cannot succeed. Clients that keep to RFC 3261 §8.1.3.4, each URI once, stop after one \
            round; others go on to their limit and load both servers.",
        likely_causes: "- Two systems each hold the other for the owner of the number, typically in the middle of a \
            migration or of a number-portability update.\n\
            - A forwarding of user A to user B, and one of B to A.\n\
            - A default route for unknown numbers that points back to the system that sent the call.",
        how_to_fix: "- Decide which of the servers owns the address, and let that one answer it: with the user's \
            telephone, or with 404.\n\
            - Remove the route back in the other one.\n\
            - Where each redirect leads to another user, it is call forwarding: take one of the forwardings back.\n\
            - At the client: compare addresses by effect, and set a limit on redirects.",
        how_to_confirm: "Call again: the chain ends at a server that answers with 18x, 2xx or a failure of its own.",
        when_this_is_wrong: "- The second Contact is the same user at another host, and the third again another: a long \
            chain, no circle.\n\
            - Another Contact of the last redirect leads out of the circle and was called.\n\
            - Each redirect leads to the very address that it answers, and the client goes there again and again: that is \
            redirect-to-itself or redirect-to-itself-in-effect, however often it happens.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    if has_several(call) {
        out.extend(RedirectCase::chains(call).iter().filter_map(|chain| finding(chain)));
    }
}

/// Whether a call has redirects enough for a loop: one alone that leads back to its address is another rule's.
fn has_several(call: &Call) -> bool {
    call.redirects.len() > 1
}

/// Whether a chain leads back to an address that was called before.
pub(in crate::diagnosis) fn is_loop(chain: &[RedirectCase<'_>]) -> bool {
    closes(chain).is_some()
}

/// Whether the redirect is part of a chain that is a loop.
pub(in crate::diagnosis) fn is_part_of_loop(case: &RedirectCase<'_>) -> bool {
    has_several(case.call)
        && RedirectCase::chains(case.call)
            .iter()
            .any(|chain| chain.iter().any(|c| c.index == case.index) && is_loop(chain))
}

/// The address that comes twice: called twice, or offered by the last redirect though it was called before.
#[derive(Debug)]
struct Again<'a> {
    uri: &'a Uri,
    was_called: bool,
    /// The first redirects of the chain that lead to it again.
    lap: usize,
    /// How often it was called.
    times: usize,
}

fn closes<'a>(chain: &[RedirectCase<'a>]) -> Option<Again<'a>> {
    // Through the proxy of a 305 the same address is called again, and rightly.
    let counted = chain.iter().filter(|case| !case.redirect.names_a_proxy());
    let called: Vec<&Uri> = counted.filter_map(|c| c.redirect.from.as_ref()).collect();
    for (index, uri) in called.iter().enumerate() {
        if called.iter().take(index).any(|earlier| earlier.effectively_equals(uri)) {
            let times = called.iter().filter(|other| other.effectively_equals(uri)).count();
            return Some(Again { uri, was_called: true, lap: index, times });
        }
    }
    // A last redirect to the address that it answers is another rule's.
    let before = called.split_last()?.1;
    let last = chain.last().filter(|last| last.redirect.follows.is_empty())?;
    let leads_back = |uri: &Uri| before.iter().any(|earlier| earlier.effectively_equals(uri));
    let uri = last.targets().next()?;
    last.targets().all(leads_back).then_some(Again { uri, was_called: false, lap: chain.len(), times: 1 })
}

/// Whether another rule tells that the redirect leads to the very address that it answers.
fn is_told_alone(case: &RedirectCase<'_>) -> bool {
    let same = |from: &Uri| case.addresses().all(|a| a.uri.effectively_equals(from));
    case.redirect.from.as_ref().is_some_and(same)
        && (redirect_to_itself::applies(case) || redirect_to_itself_in_effect::applies(case))
}

fn finding(chain: &[RedirectCase<'_>]) -> Option<Finding> {
    let chain: Vec<_> = chain.iter().filter(|case| !is_told_alone(case)).copied().collect();
    let chain = chain.as_slice();
    let again = closes(chain)?;
    let (first, last) = (chain.first()?, chain.last()?);
    // A client that does not stop goes the same way many times.
    let goes_on = again.times > 2;
    let told = if goes_on { chain.get(..again.lap)? } else { chain };
    let mut path: Vec<String> = told.iter().filter_map(|c| c.redirect.from.as_ref()).map(Uri::to_string).collect();
    if goes_on || !again.was_called {
        path.push(again.uri.to_string());
    }
    let message = Text::new(if goes_on {
        "The call goes round in a circle: redirects led from {path}, and the client called that address {times} times; {count} redirects in \
         all."
    } else if again.was_called {
        "The call goes round in a circle: {count} redirects led from {path}, and the client called the same address \
         twice."
    } else {
        "The call goes round in a circle: {count} redirects led from {path}, an address that had been called already; \
         the client stopped there."
    })
    .with("count", chain.len())
    .with("path", Text::list(" to ", path));
    let message = if goes_on { message.with("times", again.times) } else { message };
    let finding = Finding::new(&RULE, Certainty::Certain, message, last.evidence())
        .severity(first.severity())
        .evidence(chain.iter().rev().skip(1).rev().take(told.len()).map(RedirectCase::evidence))
        .evidence(first.request_evidence());
    let finding = match forwardings(told) {
        Some(forwarded) => with_forwardings(finding, &forwarded),
        None => with_routes(finding, chain, last),
    };
    let finding = if again.was_called { finding.fix(ONCE_ONLY) } else { finding };
    let mut finding =
        finding.verify("Call again: the chain ends at a server that answers with 18x, 2xx or a failure of its own.");
    // A server that gives its own address out is the whole of such a circle.
    if chain.iter().any(redirect_to_itself_in_effect::applies) {
        finding.consequence_of = Some(redirect_to_itself_in_effect::RULE.code);
    }
    Some(finding)
}

/// Where each redirect leads to another user, as call forwarding does: from whom to whom, each once. Two numbers of which one ends like the
/// other are one user, whose number a route translates.
fn forwardings(chain: &[RedirectCase<'_>]) -> Option<Vec<String>> {
    let mut list: Vec<String> = Vec::new();
    for case in chain {
        let (from, to) = (case.redirect.from.as_ref()?, case.targets().next()?);
        let (user, other) = (from.effective_user()?, to.effective_user()?);
        let [one, two] = [&user, &other].map(|user| user.trim_start_matches(['+', '0']));
        if one.is_empty() || two.is_empty() || one.ends_with(two) || two.ends_with(one) {
            return None;
        }
        let told = format!("{user} → {other}");
        if !list.contains(&told) {
            list.push(told);
        }
    }
    Some(list)
}

/// What to do where users have their calls forwarded to each other.
fn with_forwardings(finding: Finding, forwarded: &[String]) -> Finding {
    finding
        .actor(Actor::role("the users who have their calls forwarded, or the administrator of their telephones"))
        .fix(
            Text::new("Each redirect leads to another user, as call forwarding does. Take one of these forwardings back, at the telephone or at the server \
                 that redirects for it: {list}.")
                .with("list", forwarded.join(", ")),
        )
}

/// What to do where servers send the calls for one user to each other.
fn with_routes(finding: Finding, chain: &[RedirectCase<'_>], last: &RedirectCase<'_>) -> Finding {
    finding
        .actor(Actor::sender(last.response, "operators of the redirecting servers"))
        .fix(
            Text::new(
                "Decide which of {servers} owns the address; that one must answer it, with the telephone or with 404.",
            )
            .with("servers", servers(chain)),
        )
        .fix("Remove the route that leads back from the other one: compare the route tables of both.")
}

/// The redirecting servers, each once, in order.
fn servers(chain: &[RedirectCase<'_>]) -> Text {
    let mut names: Vec<String> = Vec::new();
    for case in chain {
        let name = case.redirector().to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Text::list(" and ", names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, diagnose, followed, only};

    fn step(at: &str, server: &str, from: &str, to: &str) -> String {
        format!(
            "{at} pbx > {server}\nINVITE {from}\n\n+0.01 {server} > pbx\n302 Moved Temporarily\nContact: <{to}>\n\n\
             +0.001 pbx > {server}\nACK\n\n"
        )
    }

    #[test]
    fn the_circle_is_found_however_it_closes() {
        let (a, b, c) = ("sip:5001@a.example", "sip:5001@b.example", "sip:5001@c.example");
        let head = format!("{HOSTS}{}", step("0.0", "old", a, b));
        let stopped = format!("{head}{}{LATER}", step("+0.01", "new", b, "sip:5001@a.example:5060"));
        let went_on = format!("{head}{}{}{LATER}", step("+0.01", "new", b, a), step("+0.01", "old", a, b));
        let out = format!("{head}{}{}", step("+0.01", "new", b, c), followed(c, "200 OK").replace("0.03", "+0.01"));
        let itself = format!("{head}{}{LATER}", step("+0.01", "new", b, b));
        check(
            RULE.code,
            &[
                ("the client stops", &stopped, Some(Severity::Error)),
                ("the client goes on", &went_on, Some(Severity::Error)),
                ("out of the chain", &out, None),
                ("the last one redirects to itself", &itself, None),
            ],
        );
        let finding = only(&stopped, RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "The call goes round in a circle: 2 redirects led from sip:5001@a.example to sip:5001@b.example to \
             sip:5001@a.example:5060, an address that had been called already; the client stopped there."
        );
        assert!(finding.remediation[0].to_string().contains("198.51.100.30:5060 and 203.0.113.40:5060"));
        assert!(only(&went_on, RULE.code).remediation.len() > finding.remediation.len());
    }

    #[test]
    fn a_redirect_to_the_address_that_was_called_is_told_once_however_often() {
        let (a, b, port) = ("sip:5001@a.example", "sip:5001@b.example", "sip:5001@a.example:5060");
        let codes = |flow: &str| -> Vec<_> {
            let mut codes: Vec<_> = diagnose(flow).calls[0].findings.iter().map(|f| f.code).collect();
            codes.sort_unstable();
            codes.retain(|code| code.starts_with("redirect-to-itself") || *code == RULE.code);
            codes
        };
        let round = |from: &str, to: &str| step("+0.01", "old", from, to).repeat(4);
        for (to, code) in [(a, "redirect-to-itself"), (port, "redirect-to-itself-in-effect")] {
            let flow = format!("{HOSTS}{}{LATER}", round(a, to));
            assert_eq!(codes(&flow), [code], "{to}");
        }
        // Where the client took the called address of two Contacts, nobody else tells of the circle.
        let two = format!("{HOSTS}{}{LATER}", round(a, &format!("{a}>, <{b}")));
        assert_eq!(codes(&two), [RULE.code]);
        // A server that sends its callers to its own address and back again is one cause.
        let own = "sip:5001@198.51.100.30";
        let back =
            format!("{HOSTS}{}{LATER}", (step("+0.01", "old", a, own) + &step("+0.01", "old", own, a)).repeat(2));
        assert_eq!(codes(&back), ["redirect-loop", "redirect-to-itself-in-effect"]);
        let found = diagnose(&back).calls.remove(0).findings;
        let of_loop = found.iter().find(|f| f.code == RULE.code).and_then(|f| f.consequence_of);
        assert_eq!(of_loop, Some("redirect-to-itself-in-effect"));
        // A circle of two addresses is one, though one of its servers also sends the client to where it is.
        let mixed = format!(
            "{HOSTS}{}{}{}{}{LATER}",
            step("0.0", "old", a, b),
            step("+0.01", "new", b, b),
            step("+0.01", "new", b, a),
            step("+0.01", "old", a, b)
        );
        assert_eq!(codes(&mixed), ["redirect-loop", "redirect-to-itself"]);
    }

    #[test]
    fn users_who_forward_to_each_other_are_no_routes_to_compare() {
        let fixes = |a: &str, b: &str| {
            let flow = format!(
                "{HOSTS}{}{}{}{LATER}",
                step("0.0", "old", a, b),
                step("+0.01", "new", b, a),
                step("+0.01", "old", a, b)
            );
            let finding = only(&flow, RULE.code);
            let fixes: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
            (fixes.join(" "), format!("{:?}", finding.actor))
        };
        let (text, actor) = fixes("sip:5001@a.example", "sip:5002@b.example");
        assert!(text.contains("5001 → 5002, 5002 → 5001.") && !text.contains("route tables"), "{text}");
        assert!(actor.contains("the users who have their calls forwarded"), "{actor}");
        // One user at two hosts, also where one of them writes the number with a prefix.
        for b in ["sip:5001@b.example", "sip:95001@b.example", "sip:05001@b.example", "sip:b.example"] {
            assert!(fixes("sip:5001@a.example", b).0.contains("route tables"), "{b}");
        }
    }

    #[test]
    fn a_client_that_does_not_stop_is_told_by_one_lap() {
        let (a, b) = ("sip:5001@a.example", "sip:5001@b.example");
        let lap = format!("{}{}", step("+0.01", "old", a, b), step("+0.01", "new", b, a));
        let finding = only(&format!("{HOSTS}{}{LATER}", lap.repeat(6)), RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "The call goes round in a circle: redirects led from sip:5001@a.example to sip:5001@b.example to sip:5001@a.example, and the \
             client called that address 6 times; 12 redirects in all."
        );
        // The last redirect, the first lap, the request.
        assert_eq!(finding.evidence.len(), 1 + 2 + 1);
    }
}
