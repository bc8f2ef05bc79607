//! A redirect that an element in the middle turned into a failure.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::redirect_case::{RedirectCase, is_visible_on_udp};
use crate::diagnosis::redirect_home::Home;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, platform,
};
use crate::lang::span;
use crate::sip::StatusCode;

use super::{
    redirect_contact_malformed, redirect_contact_not_sip, redirect_loop, redirect_to_itself,
    redirect_to_itself_in_effect, redirect_without_contact,
};

/// A failure that an element makes out of a redirect follows within this time.
const AT_ONCE: Duration = Duration::from_secs(1);
/// As a rule within this one; later somebody else may have been asked, on a way that the capture does not show.
const WITHOUT_ASKING: Duration = Duration::from_millis(200);

pub(super) static RULE: Rule = Rule {
    code: "redirect-hidden-by-b2bua",
    summary: "A 3xx response on one leg that comes out as a failure on the leg towards the caller.",
    severity: Severity::Warning,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §16.7", "RFC 3261 §21.3"],
    explanation: Explanation {
        what_it_means: "An element between the caller and the redirecting server, usually a border controller or a PBX, \
            received the redirect, did not follow it, and told the caller something else, for example 410 or 480.",
        why_it_matters: "The caller's side sees a failure without the new address, and looks for the fault at the wrong \
            end. Neither redirect handling at the caller nor a correct directory can help, because the redirect never \
            arrives.",
        likely_causes: "- Redirect handling is off at the element, and its table maps 3xx to a failure: some media \
            gateways make 410 of 300, 301, 305 and 380, and 480 of 302; FreeSWITCH makes 410 of its own cause `number \
            changed`.\n\
            - The redirect could not be followed (no Contact, a target that a filter refuses).",
        how_to_fix: "- At that element: turn on following redirects, limited to targets that you trust.\n\
            - Or let it pass 3xx responses through to the caller's side.",
        how_to_confirm: "Call again: the element sends a second INVITE to the new address, or the caller receives the 3xx.",
        when_this_is_wrong: "- The element followed the redirect, and its target failed: the failure belongs to the target.\n\
            - It called the new address on a way that the capture does not show: the rule is silent where the caller was told of progress after the \
            redirect, and a guess where the failure came later than after 200 ms.\n\
            - A forking proxy or B2BUA received the redirect on one branch and returned the response of another: the rule is silent where another one \
            was open.\n\
            - Two legs that only happen to fail at the same time; sipscan ties legs together by more than time.",
    },
    detect: Detect::Given(Facts::REDIRECT.with(Facts::FURTHER), detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let mut found: Vec<Finding> = RedirectCase::of_invites(call).filter_map(|case| finding(&case, cx)).collect();
    // One answer hides all redirects that came before it, and the last is the one that it came after.
    let mut told = Vec::new();
    found.reverse();
    found.retain(|finding| {
        let answer = finding.evidence.first().map(|e| e.frame);
        let is_new = !told.contains(&answer);
        told.push(answer);
        is_new
    });
    out.extend(found.into_iter().rev());
}

/// The failure that the caller's side got in place of the redirect.
#[derive(Debug)]
pub(super) struct Hidden<'a> {
    upstream: &'a Transaction,
    answer: &'a CapturedMessage,
    status: StatusCode,
}

/// What became of the redirect on the leg or hop towards the caller.
pub(super) fn hidden_by<'a>(case: &RedirectCase<'a>, cx: &Context<'_>) -> Option<Hidden<'a>> {
    if cx.lossy() || !case.redirect.follows.is_empty() || case.may_be_followed() {
        return None;
    }
    let nearest = case.nearest();
    let redirected = case.response.provenance.time;
    let upstream = match nearest.upstream.and_then(|id| case.call.transaction(id)) {
        Some(hop) if hop.downstream.len() == 1 => Some(hop),
        Some(_) => return None,
        // As with a proxy that forks, the failure may be that of another leg.
        None if has_leg_beside(case, nearest) => return None,
        None => other_leg(case, nearest),
    }?;
    let last = upstream.finals.last().filter(|f| f.status.0 >= 400)?;
    let answer = case.call.message(last.message)?;
    let waited = answer.provenance.time.since(redirected);
    let at_once = answer.provenance.time >= redirected && waited <= AT_ONCE;
    (at_once && upstream.cancelled_by.is_none()).then_some(Hidden { upstream, answer, status: last.status })
}

/// The latest initial INVITE on another leg that came before the redirected one.
fn other_leg<'a>(case: &RedirectCase<'a>, nearest: &Transaction) -> Option<&'a Transaction> {
    let earlier = case
        .call
        .transactions
        .iter()
        .filter(|t| t.leg < nearest.leg && t.method == nearest.method && !t.in_dialog && t.start <= nearest.start)
        .filter(|t| !is_sent_by_same(t, nearest));
    earlier.max_by_key(|t| (t.leg, t.start))
}

/// Whether one element sent both. An address that several share talks to itself.
fn is_sent_by_same(a: &Transaction, b: &Transaction) -> bool {
    a.client == b.client || (a.client.address == b.client.address && a.client.address != a.server.address)
}

/// Whether the element that was redirected called somebody else on another leg that was open when the redirect came.
fn has_leg_beside(case: &RedirectCase<'_>, nearest: &Transaction) -> bool {
    let redirected = case.response.provenance.time;
    let was_open = |t: &Transaction| {
        let over = t.finals.last().and_then(|f| case.call.time(f.message));
        t.start <= redirected && over.is_none_or(|time| time >= redirected)
    };
    let mut others = case.call.transactions.iter().filter(|t| t.leg != nearest.leg && t.method == nearest.method);
    others.any(|t| !t.in_dialog && is_sent_by_same(t, nearest) && was_open(t))
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let hidden = hidden_by(case, cx)?;
    let element = Actor::sender(hidden.answer, "operator of the element in the middle");
    let unusable = unfollowable(case);
    // Over TLS or TCP it may have gone there unseen, and in vain.
    let is_unseen = unusable.is_none() && !case.targets().any(is_visible_on_udp);
    // It may have looked there, and found nobody.
    let own = case.targets().find(|uri| unusable.is_none() && case.home_of(uri) == Home::Client);
    let is_sent_back = own.is_some_and(|uri| case.is_sent_back(uri));
    let message = Text::new(if is_sent_back {
        "{element} received {redirect} from {server}, back to itself and for the user for whom it had asked, and answered {status} {phrase} towards \
         the caller {delay} later: each of the two takes the other for the place where the user is."
    } else if own.is_some() {
        "{element} received {redirect} from {server}, to an address at that element itself, and answered {status} {phrase} towards the caller \
         {delay} later. No request to that user is in this capture: it does not follow redirects, or finds nobody under that address."
    } else if is_unseen {
        "{element} received {redirect} from {server} and answered {status} {phrase} towards the caller {delay} later. No request to the Contact \
         is in this capture, which may not show one over the transport that the Contact asks for."
    } else {
        "{element} received {redirect} from {server} and answered {status} {phrase} towards the caller {delay} later, \
         without following the redirect."
    })
    .with("element", hidden.answer.provenance.flow.source)
    .with("redirect", case.redirect.status)
    .with("server", case.redirector())
    .with("status", hidden.status)
    .with("phrase", hidden.answer.message.reason_phrase().unwrap_or_default())
    .with("delay", span(hidden.answer.provenance.time.since(case.response.provenance.time)));
    let setting = platform::follow_redirects(element.software.as_deref());
    let request = hidden.upstream.request.and_then(|id| case.call.message(id));
    let primary = Evidence::of(hidden.answer, "what the caller's side got");
    let waited = hidden.answer.provenance.time.since(case.response.provenance.time);
    let is_guess = (is_unseen || waited > WITHOUT_ASKING) && own.is_none();
    let certainty = if is_guess { Certainty::Weak } else { Certainty::Strong };
    let mut finding = Finding::new(&RULE, certainty, message, primary)
        .severity(if unusable.is_none() { case.severity() } else { Severity::Warning })
        .evidence([case.evidence()])
        .evidence(request.map(|m| Evidence::of(m, "the request of the caller's side")))
        .actor(element);
    finding.consequence_of = unusable;
    if is_sent_back {
        return Some(case.one_owner(finding));
    }
    if unusable.is_some() {
        finding =
            finding.fix("Pass 3xx responses through, or log them: the caller's side cannot see why the call failed.");
    } else {
        if let Some(own) = own {
            let registered =
                Text::new("See whether {contact} is known to that element, and has a device registered under it.");
            finding = finding.fix(registered.with("contact", own));
        } else if is_unseen {
            finding = finding
                .fix("Look into the log of that element first: whether it called the Contact, and what came of it.");
        }
        finding = finding.fix("Turn on following redirects at that element, limited to targets that you trust.");
        if let Some(setting) = setting {
            finding = finding.fix(setting);
        }
        finding = finding.fix("Or let it pass 3xx responses through to the caller's side.");
    }
    Some(finding.verify("Call again: the element sends a second INVITE to the new address, or passes the 3xx on."))
}

/// Why nobody could have followed.
fn unfollowable(case: &RedirectCase<'_>) -> Option<&'static str> {
    if redirect_without_contact::applies(case) {
        return Some(redirect_without_contact::RULE.code);
    }
    if redirect_contact_malformed::nothing_usable(case) {
        return Some(redirect_contact_malformed::RULE.code);
    }
    if redirect_contact_not_sip::applies(case) {
        return Some(redirect_contact_not_sip::RULE.code);
    }
    if redirect_to_itself::applies(case) {
        return Some(redirect_to_itself::RULE.code);
    }
    if redirect_to_itself_in_effect::applies(case) {
        return Some(redirect_to_itself_in_effect::RULE.code);
    }
    redirect_loop::is_part_of_loop(case).then_some(redirect_loop::RULE.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::report;
    use crate::diagnosis::testing::{LATER, followed};

    fn flow(redirect: &str, middle: &str, answered_at: &str, answer: &str) -> String {
        format!(
            "host pbx 192.0.2.10\nhost sbc 198.51.100.20\nhost old 198.51.100.30\nhost new 203.0.113.40\n\n\
             0.0 pbx > sbc call=up\nINVITE sip:bob@198.51.100.20\nSession-ID: ab30317f1a784dc48ff824d0d3715d86\n\n\
             0.02 sbc > old call=down\nINVITE sip:bob@198.51.100.30\nSession-ID: ab30317f1a784dc48ff824d0d3715d86\n\n\
             0.05 old > sbc call=down\n{redirect}\n\n0.051 sbc > old call=down\nACK\n\n{middle}\
             {answered_at} sbc > pbx call=up\n{answer}\n\n+0.001 pbx > sbc call=up\nACK\n\n{}",
            LATER.replace("pbx", "sbc")
        )
    }

    /// The findings of that code about the whole flow as one call with two legs.
    fn of(flow: &str, code: &str) -> Vec<Finding> {
        report(flow).findings.into_iter().filter(|f| f.code == code).collect()
    }

    #[test]
    fn the_failure_of_another_leg_of_the_same_element_is_not_made_of_the_redirect() {
        let beside = |ends: &str| {
            let usual = "302 Moved\nContact: <sip:bob@203.0.113.40>";
            let other = format!(
                "host other 198.51.100.40\n\n0.01 sbc > other call=beside\nINVITE sip:bob@198.51.100.40\n\
                 Session-ID: ab30317f1a784dc48ff824d0d3715d86\n\n{ends} other > sbc call=beside\n486 Busy Here\n\n\
                 +0.001 sbc > other call=beside\nACK\n\n"
            );
            flow(usual, "", "0.12", "486 Busy Here").replace("0.02 sbc > old", &format!("{other}0.02 sbc > old"))
        };
        assert!(of(&beside("0.1"), RULE.code).is_empty());
        assert_eq!(of(&beside("0.1"), "redirect-not-followed").len(), 1);
        // One that was over before had no part in it, and is not the element in the middle.
        let hunted = of(&beside("0.015"), RULE.code);
        assert!(hunted[0].message.to_string().starts_with("198.51.100.20:5060 received 302"), "{}", hunted[0].message);
    }

    #[test]
    fn a_redirect_back_to_who_asked_is_a_question_of_who_owns_the_user() {
        let to = |uri: &str| {
            of(&flow(&format!("302 Moved\nContact: <{uri}>"), "", "0.06", "482 Loop Detected"), RULE.code).remove(0)
        };
        for (uri, is_circle) in [
            ("sip:bob@198.51.100.20", true),
            ("sip:carol@198.51.100.20", false),
            // Some other device at that address may have it.
            ("sip:bob@198.51.100.20:5090", false),
        ] {
            let (said, first) = (to(uri).message.to_string(), to(uri).remediation[0].to_string());
            assert_eq!(said.ends_with("for the place where the user is."), is_circle, "{said}");
            assert_eq!(
                first.starts_with("Decide which of 198.51.100.20:5060 and 198.51.100.30:5060 owns"),
                is_circle,
                "{first}"
            );
        }
    }

    #[test]
    fn of_redirects_before_one_answer_the_last_is_told() {
        let again = "0.051 sbc > old call=third\nINVITE sip:bob@198.51.100.30\nSession-ID: ab30317f1a784dc48ff824d0d3715d86\n\n\
             0.055 old > sbc call=third\n302 Moved\nContact: <sip:bob@198.51.100.20>\n\n0.056 sbc > old call=third\nACK\n\n";
        let found =
            of(&flow("302 Moved\nContact: <sip:bob@198.51.100.20>", again, "0.06", "482 Loop Detected"), RULE.code);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.to_string().contains("towards the caller 5 ms later"), "{}", found[0].message);
    }

    #[test]
    fn a_failure_at_once_without_a_follow_up_counts() {
        let usual = "302 Moved\nContact: <sip:bob@203.0.113.40>";
        let follow = followed("sip:bob@203.0.113.40", "404 Not Found").replace("pbx", "sbc").replace("0.03 ", "0.06 ");
        let follow = follow.replace("new\n", "new call=down\n").replace("sbc\n", "sbc call=down\n");
        for (name, flow, expected) in [
            ("swallowed", flow(usual, "", "0.06", "480 Not here"), Some(Severity::Error)),
            ("nothing to follow", flow("301 Moved", "", "0.06", "410 Gone"), Some(Severity::Warning)),
            ("followed", flow(usual, &follow, "0.3", "404 Not Found"), None),
            ("passed through", flow(usual, "", "0.06", usual), None),
            ("it rang", flow(usual, "0.1 sbc > pbx call=up\n180 Ringing\n\n", "0.5", "486 Busy Here"), None),
            (
                "rang before",
                flow(usual, "", "0.06", "480 Not here")
                    .replace("0.05 old", "0.03 sbc > pbx call=up\n180 Ringing\n\n0.05 old"),
                Some(Severity::Error),
            ),
            ("much later", flow(usual, "", "9.0", "480 Not here"), None),
        ] {
            let found: Vec<_> = of(&flow, RULE.code).iter().map(|f| f.severity).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{name}");
        }
        let rings = flow(usual, "0.1 sbc > pbx call=up\n180 Ringing\n\n", "0.5", "486 Busy Here");
        assert!(of(&rings, "redirect-not-followed").is_empty(), "it called somebody");
        let over_tls =
            of(&flow("302 Moved\nContact: <sips:bob@new.example>", "", "0.9", "503 Down"), RULE.code).remove(0);
        let said = over_tls.message.to_string();
        assert!(said.contains("may not show one") && !said.contains("without following"), "{said}");
        assert_eq!(over_tls.certainty, Certainty::Weak);
        assert_eq!(of(&flow(usual, "", "0.2", "503 Down"), RULE.code)[0].certainty, Certainty::Strong);
        assert_eq!(of(&flow(usual, "", "0.9", "503 Down"), RULE.code)[0].certainty, Certainty::Weak);
        let own =
            of(&flow("302 Moved\nContact: <sip:carol@198.51.100.20>", "", "0.9", "480 Away"), RULE.code).remove(0);
        assert!(own.message.to_string().ends_with("or finds nobody under that address."), "{}", own.message);
        assert!(own.remediation[0].to_string().starts_with("See whether sip:carol@198.51.100.20 is known"));
        let finding = of(&flow("301 Moved", "", "0.06", "410 Gone"), RULE.code).remove(0);
        assert_eq!(finding.consequence_of, Some("redirect-without-contact"));
        assert!(of(&flow(usual, "", "0.06", "480 Not here"), "redirect-not-followed").is_empty());
    }
}
