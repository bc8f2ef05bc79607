//! Targets of a redirect whose order is missing, malformed, or not kept.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::redirect_case::{RedirectCase, is_visible_on_udp};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{NameAddr, Uri};

/// Requests that are no further apart were sent at one time.
const AT_ONCE: Duration = Duration::from_millis(10);

pub(super) static RULE: Rule = Rule {
    code: "redirect-q-values-wrong",
    summary: "The q values of a redirect are malformed or missing, or the client did not keep to their order.",
    severity: Severity::Notice,
    references: &["RFC 3261 §20.10", "RFC 3261 §25.1", "RFC 3261 §8.1.3.4"],
    explanation: Explanation {
        what_it_means: "A redirect with several Contacts orders them by `q`, a number from 0 to 1 with at most three digits \
            behind the point. Here a value is not such a number, or none of several Contacts has one, or the client went \
            to a Contact of low value before one of a higher value.",
        why_it_matters: "Where the order is not written, each client chooses its own: Kamailio, for example, takes 0.01 for a \
            missing value. Calls then go to the backup before the main target, or to all of them at once.",
        likely_causes: "- A script that writes percentages or priorities into `q`.\n\
            - A server that relies on the order of the Contacts in the message, which means nothing.\n\
            - A client that takes the first Contact without looking at `q`.",
        how_to_fix: "- At the redirecting server: give each of several Contacts its own `q`, such as 1.0, 0.5, 0.1.\n\
            - At the client: try the Contacts by falling `q`.",
        how_to_confirm: "Call again: every Contact has a `q` from 0 to 1, and the first follow-up goes to the highest.",
        when_this_is_wrong: "- A single Contact needs no `q`.\n\
            - Equal values ask for a free choice, or for all at once.\n\
            - A Contact that the call went to before need not be tried again, whatever its value: the rule leaves it out.\n\
            - The Contact of the highest value asks for TCP or TLS, where the capture may not show the attempt.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    for case in RedirectCase::of_initial_requests(call) {
        out.extend(server_fault(&case).or_else(|| client_fault(&case)));
    }
}

/// A `q` value in thousandths (RFC 3261 §25.1, `qvalue`).
pub(in crate::diagnosis) fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", _) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

fn q(address: &NameAddr) -> Option<&str> {
    address.params.value("q")
}

fn server_fault(case: &RedirectCase<'_>) -> Option<Finding> {
    let wrong: Vec<&str> = case.addresses().filter_map(q).filter(|q| thousandths(q).is_none()).collect();
    let usable = case.targets().count();
    let message = if !wrong.is_empty() {
        Text::new("{server} orders its Contacts by q={wrong}, which is no number from 0 to 1 with up to three digits behind the point.")
            .with("wrong", wrong.join(", q="))
    } else if usable > 1 && case.addresses().all(|a| q(a).is_none()) {
        Text::new("{server} offers {count} Contacts without saying by `q` in which order they are to be tried.")
            .with("count", usable)
    } else {
        return None;
    };
    let finding = Finding::new(&RULE, Certainty::Certain, message.with("server", case.redirector()), case.evidence())
        .evidence(case.redirect.follows.iter().filter_map(|f| case.follow_evidence(f)))
        .actor(case.operator())
        .fix("Give each of several Contacts its own `q` from 0 to 1, such as 1.0, 0.5, 0.1.")
        .verify("Call again: every Contact has a `q` from 0 to 1.");
    Some(finding)
}

/// A follow-up to a Contact while one of a higher value had not been tried.
fn client_fault(case: &RedirectCase<'_>) -> Option<Finding> {
    let value = |index: usize| thousandths(q(case.redirect.contacts.get(index)?.address.as_ref()?)?);
    // A client of IPv4 alone cannot go to an address of IPv6, nor the other way round.
    let is_ipv6 = case.client().address.is_ipv6();
    let usable = |index: &usize| {
        let uri = case.redirect.contacts.get(*index).and_then(|c| c.address.as_ref()).map(|a| &a.uri);
        uri.is_some_and(|uri| {
            is_visible_on_udp(uri) && uri.ip().is_none_or(|ip| ip.is_ipv6() == is_ipv6) && !was_tried(case, uri)
        })
    };
    let mut tried: Vec<usize> = Vec::new();
    for follow in &case.redirect.follows {
        let chosen = value(follow.contact)?;
        tried.push(follow.contact);
        let missed = (0..case.redirect.contacts.len()).filter(|index| !tried.contains(index) && usable(index));
        let Some((better, index)) = missed.filter_map(|index| Some((value(index)?, index))).max() else { continue };
        if better <= chosen {
            continue;
        }
        let request = case.call.request(follow.transaction)?;
        let beside = beside(case, request, index);
        let message = Text::new(if beside.is_some() {
            "The client at {client} went to {chosen} and to {better} at once, though the latter has the higher `q`."
        } else {
            "The client at {client} went to {chosen} before {better}, which has the higher `q`."
        })
        .with("client", request.provenance.flow.source)
        .with("chosen", case.target_of(follow)?)
        .with("better", &case.redirect.contacts.get(index)?.address.as_ref()?.uri);
        let finding = Finding::new(&RULE, Certainty::Strong, message, Evidence::of(request, "the follow-up"))
            .evidence(beside.map(|m| Evidence::of(m, "the follow-up to the Contact with the higher `q`")))
            .evidence([case.evidence()])
            .actor(Actor::sender(request, "operator of the client that follows the redirect"))
            .fix("Try the Contacts by falling `q`.")
            .verify("Call again: the first follow-up goes to the Contact with the highest `q`.");
        return Some(finding);
    }
    None
}

/// Whether the call went to an address before the redirect came: nobody should go there again (RFC 3261 §8.1.3.4).
fn was_tried(case: &RedirectCase<'_>, uri: &Uri) -> bool {
    let before = |t: &&Transaction| t.method == case.transaction.method && t.start < case.response.provenance.time;
    let mut asked = case.call.transactions.iter().filter(before).filter_map(|t| case.call.message(t.request?));
    asked.any(|m| m.message.request_uri().is_some_and(|target| uri.effectively_equals(&target)))
}

/// The request to a Contact that was called so soon after another request that nobody waited for an answer to that.
fn beside<'a>(case: &RedirectCase<'a>, request: &CapturedMessage, contact: usize) -> Option<&'a CapturedMessage> {
    let follow = case.redirect.follows.iter().find(|follow| follow.contact == contact)?;
    let other = case.call.request(follow.transaction)?;
    (other.provenance.time.since(request.provenance.time) < AT_ONCE).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected};

    #[test]
    fn values_are_read_as_the_grammar_says() {
        for (text, value) in [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.125", Some(125)),
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("1.001", None),
            ("1.5", None),
            ("0.1234", None),
            (".5", None),
            ("100", None),
            ("0,5", None),
            ("-0.5", None),
            ("high", None),
            ("", None),
        ] {
            assert_eq!(thousandths(text), value, "{text}");
        }
    }

    #[test]
    fn values_and_their_order_count() {
        let (a, b) = ("sip:bob@a.corp.example", "sip:bob@b.corp.example");
        let flow = |qa: &str, qb: &str, rest: &str| {
            redirected(&format!("302 Moved\nContact: <{a}>{qa}, <{b}>{qb}"), &format!("{rest}{LATER}"))
        };
        let one = |q: &str| redirected(&format!("302 Moved\nContact: <{a}>{q}"), LATER);
        let (to_a, to_b) = (followed(a, "404 Not Found"), followed(b, "200 OK"));
        let then_b = to_b.replace("0.03", "+0.03");
        let notice = Some(Severity::Notice);
        check(
            RULE.code,
            &[
                ("in order", &flow(";q=1", ";q=0.5", &(to_a + &then_b)), None),
                ("backwards", &flow(";q=0.5", ";q=1.0", &followed(a, "200 OK")), notice),
                ("equal", &flow(";q=0.5", ";q=0.5", &to_b), None),
                (
                    "the better one over TCP",
                    &flow(";q=0.5", ";q=1", &followed(a, "200 OK"))
                        .replace("b.corp.example>", "b.corp.example;transport=tcp>"),
                    None,
                ),
                (
                    "the better one over IPv6, for a client of IPv4",
                    &flow(";q=0.5", ";q=1", &followed(a, "200 OK")).replace("b.corp.example>", "[2001:db8::5]>"),
                    None,
                ),
                (
                    "the better one was called already",
                    &flow(";q=0.5", ";q=1", &followed(a, "200 OK")).replace(b, "sip:bob@corp.example"),
                    None,
                ),
                ("none", &flow("", "", &to_b), notice),
                ("one of two", &flow(";q=1", "", &to_b), None),
                ("too large", &one(";q=1.5"), notice),
                ("too fine", &one(";q=0.1234"), notice),
                ("single", &one(""), None),
            ],
        );
    }

    #[test]
    fn targets_that_are_called_at_once_are_not_said_to_come_one_before_the_other() {
        let (a, b) = ("sip:bob@a.corp.example", "sip:bob@b.corp.example");
        let said = |pause: &str| {
            let second = followed(b, "200 OK").replace("0.03", pause);
            let rest = format!("{}{second}{LATER}", followed(a, "180 Ringing").split("+0.001").next().unwrap());
            only(&redirected(&format!("302 Moved\nContact: <{a}>;q=0.1, <{b}>;q=0.9"), &rest), RULE.code)
                .message
                .to_string()
        };
        assert!(said("0.031").contains("went to sip:bob@a.corp.example and to sip:bob@b.corp.example at once"));
        assert!(said("0.9").contains("went to sip:bob@a.corp.example before sip:bob@b.corp.example"));
    }
}
