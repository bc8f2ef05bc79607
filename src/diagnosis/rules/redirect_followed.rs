//! A redirect that did its work.

use crate::call::{Call, CapturedMessage, Follow};
use crate::diagnosis::permanence::is_lasting;
use crate::diagnosis::redirect_case::{RedirectCase, last_try};
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;
use crate::sip::StatusCode;

pub(super) static RULE: Rule = Rule {
    code: "redirect-followed",
    summary: "A redirect that was followed and reached the callee: a step, not a failure.",
    severity: Severity::Info,
    references: &["RFC 3261 §8.1.3.4", "RFC 3665 §3.6", "RFC 6076 §4.6"],
    explanation: Explanation {
        what_it_means: "The server redirected the call, the client called the new address, and the callee's side took the \
            call there: it rang, was answered, or the callee's telephone said busy or declined. The 3xx is a step of \
            the call and no failure.",
        why_it_matters: "Reports that count every 3xx as a failed call are wrong about it; statistics by RFC 6076 leave \
            such attempts out. What remains is the time that the detour costs each call.",
        likely_causes: "- The called user or number moved, and the old server says where to.\n\
            - A routing server decides for each call, and does not stay in the path.",
        how_to_fix: "- Nothing has to be repaired.\n\
            - If the address moved for good and its owner confirms the new one: correct the directory, dial plan or trunk \
            of the caller, so that later calls go there at once.",
        how_to_confirm: "A call to the new address is answered without a redirect.",
        when_this_is_wrong: "- The follow-up failed at its target for a technical reason: that is redirect-target-failed.\n\
            - What looks like the follow-up is a new call of the same user to the same place, with other parties in From \
            and To; sipscan ties them together by Call-ID and From tag, or by parties and time.",
    },
    detect: Detect::of_followed_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_invites(call).filter_map(|case| finding(&case)));
}

fn finding(case: &RedirectCase<'_>) -> Option<Finding> {
    let (follow, answer, status) = case.reached()?;
    let request = case.call.request(follow.transaction)?;
    let asked = case.nearest_request().or_else(|| case.request())?;
    let added = request.provenance.time.since(asked.provenance.time);
    let failed = earlier(case, follow, request);
    let follower = case.follower_on_the_way(follow);
    let ended = given_up(case, follow, status);
    let message = Text::new(match (ended.is_some(), follower.is_some(), failed.is_empty()) {
        (true, true, true) => "{server} redirected the call to {contact}; {follower} followed, {added} after the INVITE that was redirected, and cancelled that call {waited} later.",
        (true, false, true) => "{server} redirected the call to {contact}; the client followed, {added} after the INVITE that was redirected, and cancelled that call {waited} later.",
        (true, true, false) => {
            "{server} redirected the call to several addresses; {contact} was called {added} after the INVITE that was redirected, when another had not taken the call, \
             and {follower} cancelled that call {waited} later."
        }
        (true, false, false) => {
            "{server} redirected the call to several addresses; {contact} was called {added} after the INVITE that was redirected, when another had not taken the call, \
             and the client cancelled that call {waited} later."
        }
        (false, true, true) => "{server} redirected the call to {contact}; {follower} followed, {added} after the INVITE that was redirected, and the target answered {answer}.",
        (false, false, true) => "{server} redirected the call to {contact}; the client followed, {added} after the INVITE that was redirected, and the target answered {answer}.",
        (false, true, false) => {
            "{server} redirected the call to several addresses; {contact}, which {follower} called {added} after the INVITE that was redirected, when another had not taken the call, \
             answered {answer}."
        }
        (false, false, false) => {
            "{server} redirected the call to several addresses; {contact}, which the client called {added} after the INVITE that was redirected, when another had not taken the call, \
             answered {answer}."
        }
    })
    .with("server", case.redirector())
    .with("contact", case.target_of(follow)?)
    .with("added", span(added));
    let message = match ended {
        Some(cancel) => message.with("waited", span(cancel.provenance.time.since(request.provenance.time))),
        None => message.with("answer", answer_text(answer, status)),
    };
    let message = follower.into_iter().fold(message, |message, follower| message.with("follower", follower));
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .evidence(case.follow_evidence(follow))
        .evidence(ended.map(|cancel| Evidence::of(cancel, "the CANCEL")))
        .evidence([Evidence::of(answer, "the answer of the target")])
        .evidence(failed.into_iter().map(|m| Evidence::of(m, "an earlier target's answer")));
    if !is_lasting(case) {
        return Some(finding);
    }
    let moved = Text::new(
        "If the owner confirms that {contact} is there to stay, correct the directory or dial plan of the caller; until \
         then nothing has to be done.",
    )
    .with("contact", case.target_of(follow)?);
    Some(finding.actor(case.client_operator()).fix(moved).verify("A call to the new address needs no redirect."))
}

/// The CANCEL of a follow-up that is why it ended with 487: the target itself said nothing.
fn given_up<'a>(case: &RedirectCase<'a>, follow: &Follow, status: StatusCode) -> Option<&'a CapturedMessage> {
    let followed = case.call.transaction(last_try(case.call, follow.transaction)).filter(|_| status.0 == 487)?;
    case.call.message(case.call.transaction(followed.cancelled_by?)?.request?)
}

/// The answers of other targets that had been tried in vain when the request was sent; not those of targets beside it.
fn earlier<'a>(case: &RedirectCase<'a>, reached: &Follow, request: &CapturedMessage) -> Vec<&'a CapturedMessage> {
    let target = case.target_of(reached);
    let before = case.redirect.follows.iter().take_while(|follow| follow.transaction != reached.transaction);
    let others = before.filter(|follow| case.target_of(follow) != target);
    let failed = others.filter_map(|follow| case.final_at(follow)).filter(|(_, status)| status.0 >= 400);
    failed.map(|(answer, _)| answer).filter(|answer| answer.provenance.time <= request.provenance.time).collect()
}

fn answer_text(answer: &CapturedMessage, status: StatusCode) -> String {
    let phrase = answer.message.reason_phrase().unwrap_or_default();
    format!("{status} {phrase}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected};

    fn to(rest: &str) -> String {
        redirected("301 Moved Permanently\nContact: <sip:bob@pbx.corp.example>", rest)
    }

    #[test]
    fn words_of_the_callee_show_that_the_redirect_worked() {
        let usual = "sip:bob@pbx.corp.example";
        let rang = followed(usual, "180 Ringing").replace("+0.001 pbx > new\nACK", "+9 new > pbx\n480 Gone out");
        check(
            RULE.code,
            &[
                ("answered", &to(&followed(usual, "200 OK")), Some(Severity::Info)),
                ("busy", &to(&followed(usual, "486 Busy Here")), Some(Severity::Info)),
                ("unwanted", &to(&followed(usual, "607 Unwanted")), Some(Severity::Info)),
                ("rang, then 480", &to(&rang), Some(Severity::Info)),
                ("480 at once", &to(&followed(usual, "480 Not here")), None),
                ("404", &to(&followed(usual, "404 Not Found")), None),
                ("nobody goes", &to(LATER), None),
            ],
        );
    }

    #[test]
    fn a_proxy_that_goes_on_to_the_next_contact_is_named() {
        let flow = "host a 192.0.2.50\nhost p 192.0.2.10\nhost old 198.51.100.30\n\n0 a > p\nINVITE sip:bob@corp.example\n\n\
            0.01 p > old forward branch=x1\nINVITE sip:bob@corp.example\n\n0.02 old > p branch=x1\n302 Moved\n\
            Contact: <sip:bob@203.0.113.40>;q=0.9, <sip:bob@203.0.113.41>;q=0.8\n\n0.021 p > old branch=x1\nACK\n\n\
            0.03 p > 203.0.113.40 forward branch=x2\nINVITE sip:bob@203.0.113.40\n\n0.04 203.0.113.40 > p branch=x2\n404 No\n\n\
            0.041 p > 203.0.113.40 branch=x2\nACK\n\n0.05 p > 203.0.113.41 forward branch=x3\nINVITE sip:bob@203.0.113.41\n\n\
            0.06 203.0.113.41 > p branch=x3\n486 Busy Here\n\n0.061 p > 203.0.113.41 branch=x3\nACK\n\n0.062 p > a\n486 Busy Here\n\n0.07 a > p\nACK\n";
        let said = only(flow, RULE.code).message.to_string();
        assert!(said.contains("sip:bob@203.0.113.41, which 192.0.2.10:5060 called"), "{said}");
    }

    #[test]
    fn a_challenge_on_the_way_does_not_make_it_follow_later() {
        let uri = "sip:bob@pbx.corp.example";
        let challenge =
            followed(uri, "407 Proxy Authentication Required\nProxy-Authenticate: Digest realm=\"n\", nonce=\"a\"");
        let credentials =
            "Proxy-Authorization: Digest username=\"a\", realm=\"n\", nonce=\"a\", uri=\"x\", response=\"0\"";
        let again = followed(&format!("{uri}\n{credentials}"), "486 Busy Here").replace("0.03 pbx", "2.0 pbx");
        let said = only(&to(&format!("{challenge}{again}")), RULE.code).message.to_string();
        assert!(said.contains("followed, 30 ms after") && said.ends_with("486 Busy Here."), "{said}");
    }

    #[test]
    fn a_caller_that_gave_up_is_told_in_place_of_the_487() {
        let rings = "0.03 pbx > new\nINVITE sip:bob@pbx.corp.example\n\n0.1 new > pbx tag=n\n180 Ringing\n\n";
        let cancel = "8.03 pbx > new\nCANCEL\n\n8.04 new > pbx re=CANCEL\n200 OK\n\n";
        let end = "8.05 new > pbx re=INVITE tag=n\n487 Request Terminated\n\n8.06 pbx > new\nACK\n\n";
        let finding = only(&to(&format!("{rings}{cancel}{end}")), RULE.code);
        let said = finding.message.to_string();
        assert!(said.ends_with("INVITE that was redirected, and cancelled that call 8 s later."), "{said}");
        assert!(finding.evidence.iter().any(|e| e.text.starts_with("CANCEL ")), "{:?}", finding.evidence);
        // Without a CANCEL the target, or somebody behind it, ended the call; and an answer that crossed it counts.
        let said = only(&to(&format!("{rings}{end}")), RULE.code).message.to_string();
        assert!(said.ends_with("the target answered 487 Request Terminated."), "{said}");
        let crossed = end.replace("487 Request Terminated", "486 Busy Here");
        let said = only(&to(&format!("{rings}{cancel}{crossed}")), RULE.code).message.to_string();
        assert!(said.ends_with("the target answered 486 Busy Here."), "{said}");
    }

    #[test]
    fn an_element_on_the_way_is_named() {
        let flow = "host a 192.0.2.10\nhost p 198.51.100.20\nhost r 198.51.100.30\nhost t 203.0.113.40\n\n0 a > p\nINVITE sip:bob@corp.example\n\n\
            0.01 p > r forward\nINVITE sip:bob@old.corp.example\n\n0.02 r > p\n302 Moved\nContact: <sip:bob@203.0.113.40>\n\n0.03 p > r\nACK\n\n\
            0.04 p > t forward\nINVITE sip:bob@203.0.113.40\n\n0.5 t > p\n200 OK\n\n0.51 p > a re=INVITE forward\n200 OK\n\n";
        let said = only(flow, RULE.code).message.to_string();
        assert!(said.contains("; 198.51.100.20:5060 followed, 30 ms after the INVITE that was redirected"), "{said}");
    }

    #[test]
    fn a_target_that_failed_before_is_told() {
        let two = |first: &str| {
            redirected(
                "302 Moved\nContact: <sip:bob@a.corp.example>, <sip:bob@b.corp.example>",
                &(followed("sip:bob@a.corp.example", first)
                    + &followed("sip:bob@b.corp.example", "200 OK").replace("0.03", "+0.03")),
            )
        };
        let finding = only(&two("503 Down"), RULE.code);
        let said = finding.message.to_string();
        assert!(said.contains("to several addresses; sip:bob@b.corp.example"), "{said}");
        assert!(finding.evidence.iter().any(|e| e.text.contains("503 Down")), "{:?}", finding.evidence);
        let busy = two("486 Busy Here").replace("200 OK", "607 Unwanted");
        assert!(only(&busy, RULE.code).message.to_string().ends_with("answered 607 Unwanted."), "the last word counts");
        let at_once = only(&to(&followed("sip:bob@pbx.corp.example", "200 OK")), RULE.code).message.to_string();
        assert!(at_once.contains("; the client followed, 30 ms after"), "{at_once}");
    }

    #[test]
    fn a_target_that_rings_beside_had_not_failed() {
        let beside = "302 Moved\nContact: <sip:bob@a.corp.example>, <sip:bob@b.corp.example>";
        let rings = followed("sip:bob@a.corp.example", "180 Ringing");
        let rings = rings.split("+0.001").next().unwrap();
        let answered = followed("sip:bob@b.corp.example", "200 OK").replace("0.03", "0.031");
        let ended = "9 new > pbx re=INVITE cseq=2\n487 Request Terminated\n\n";
        let said = only(&redirected(beside, &format!("{rings}{answered}{ended}")), RULE.code).message.to_string();
        assert!(said.contains("to sip:bob@b.corp.example; the client followed, 31 ms after the INVITE"), "{said}");
    }

    #[test]
    fn storing_the_address_is_advised_only_where_it_may_last() {
        let advice = |response: &str| {
            let flow = redirected(response, &followed("sip:bob@x.example", "200 OK"));
            only(&flow.replace("x.example", "pbx.corp.example"), RULE.code).remediation.len()
        };
        assert_eq!(advice("301 Moved Permanently\nContact: <sip:bob@x.example>"), 1);
        assert_eq!(advice("302 Moved Temporarily\nContact: <sip:bob@x.example>"), 0);
        assert_eq!(advice("301 Moved Permanently\nContact: <sip:bob;rn=+12155550100@x.example>"), 0);
        assert_eq!(advice("301 Moved Permanently\nContact: <sip:bob@x.example>;expires=60"), 0);
        let rang = to(&followed("sip:bob@pbx.corp.example", "200 OK"))
            .replace("0.015 old", "0.010 old > pbx tag=r1\n180 Ringing\n\n0.015 old");
        assert_eq!(only(&rang, RULE.code).remediation.len(), 0);
        let secure =
            to(&followed("sip:bob@pbx.corp.example", "200 OK")).replace("INVITE sip:bob@corp", "INVITE sips:bob@corp");
        assert_eq!(only(&secure, RULE.code).remediation.len(), 0);
        let foreign =
            redirected("301 Moved\nContact: <sip:bob@other.example>", &followed("sip:bob@other.example", "200 OK"));
        assert_eq!(only(&foreign, RULE.code).remediation.len(), 0);
    }
}
