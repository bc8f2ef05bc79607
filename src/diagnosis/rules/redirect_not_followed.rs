//! A redirect that nobody followed.

use crate::call::{Call, Outcome};
use crate::diagnosis::redirect_case::{FOLLOW_WINDOW, RedirectCase, is_visible_on_udp};
use crate::diagnosis::{Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, platform};
use crate::lang::span;
use crate::sip::Uri;

use super::{
    redirect_chain_long, redirect_contact_not_routable, redirect_contact_unresolvable, redirect_follow_up_malformed,
    redirect_hidden_by_b2bua, redirect_loop, redirect_not_acknowledged, redirect_target_suspicious, redirect_to_itself,
    redirect_to_itself_in_effect,
};

pub(super) static RULE: Rule = Rule {
    code: "redirect-not-followed",
    summary: "A 3xx response with a usable Contact that nobody called.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §16.5", "RFC 3261 §21.3"],
    explanation: Explanation {
        what_it_means: "The server gave a new address that a client can call, the client acknowledged the redirect, and \
            then nothing went to that address. No element on the way took up the redirect.",
        why_it_matters: "The call ends although its target is known. Every caller behind this client has the same \
            trouble with every redirected address.",
        likely_causes: "- The client, or the border controller in front of it, does not handle redirects; many trunks and \
            libraries have that off by default.\n\
            - The client follows redirects only within its own domain or to addresses on a list.\n\
            - A proxy in between should have followed, and passed the redirect on instead.",
        how_to_fix: "- At the client or its border controller: turn on redirect handling, limited to targets that you \
            trust.\n\
            - Or at the redirecting server: relay the call to the new address in place of redirecting it.",
        how_to_confirm: "Call again: a second INVITE with the new address as its Request-URI follows within a second.",
        when_this_is_wrong: "- The caller hung up: the redirect crossed a CANCEL, and there was nothing left to follow.\n\
            - The capture ends, or its tap is elsewhere, before the second INVITE: the rule waits for five seconds of \
            capture, and is silent where packets were lost.\n\
            - The Contact asks for TCP, TLS or WebSocket, over which the capture may not show the second INVITE.\n\
            - A forged or looping redirect: not to follow it is right.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    if call.outcome == Outcome::Answered || call.outcome == Outcome::Cancelled {
        return;
    }
    out.extend(RedirectCase::of_invites(call).filter_map(|case| finding(&case, cx)));
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Finding> {
    let target = callable(case)?;
    let certainty = case.not_followed(cx)?;
    if needs_no_following(case, cx) {
        return None;
    }
    let client = case.client();
    let follows_others = cx.hosts.followers.contains(&client.address) || follows_in_this_call(case);
    let message = Text::new(if follows_others {
        "{server} redirected the call to {contact}, and the client at {client} did not call it within {window}, although \
         it follows other redirects in this capture: it refuses this target."
    } else {
        "{server} redirected the call to {contact}, and the client at {client} did not call it within {window}, nor did \
         it follow a redirect in any call of this capture that had ended by then."
    })
    .with("server", case.redirector())
    .with("contact", target)
    .with("client", client)
    .with("window", span(FOLLOW_WINDOW));
    let acks = case.nearest().acks.iter().filter_map(|id| case.call.message(*id)).take(1);
    let mut finding = Finding::new(&RULE, certainty, message, case.evidence())
        .evidence(acks.map(|m| Evidence::of(m, "the client acknowledged the redirect")))
        .evidence(case.request_evidence())
        .actor(case.client_operator());
    finding.consequence_of = cause(case, cx);
    Some(with_remedies(finding, case, target, follows_others))
}

fn with_remedies(finding: Finding, case: &RedirectCase<'_>, target: &Uri, follows_others: bool) -> Finding {
    let software = finding.actor.as_ref().and_then(|a| a.software.clone());
    let other_family = target.ip().is_some_and(|address| address.is_ipv6() != case.client().address.is_ipv6());
    let finding = if other_family {
        let text = Text::new(if case.client().address.is_ipv6() {
            "See first whether the client has IPv4 at all: it sent its request over IPv6. If it has not, the redirecting server must name an \
             address of IPv6, or relay the call."
        } else {
            "See first whether the client has IPv6 at all: it sent its request over IPv4. If it has not, the redirecting server must name an \
             address of IPv4, or relay the call."
        });
        finding.fix(text)
    } else {
        finding
    };
    let mut finding = if follows_others {
        finding.fix(
            "Look for the list or the filter of the client that refuses this target, and allow it if it is wanted.",
        )
    } else {
        finding.fix("Turn on redirect handling at that client or its border controller, limited to targets you trust.")
    };
    if let Some(text) = platform::follow_redirects(software.as_deref()) {
        finding = finding.fix(text);
    }
    let relay = case.nearest().server;
    let alternative = if relay == case.redirector() {
        Text::new("Or let {server} relay the call instead of redirecting it.").with("server", case.redirector())
    } else {
        Text::new("Or let {relay}, which passed the redirect on, follow it for its clients.").with("relay", relay)
    };
    finding.fix(alternative).verify(
        Text::new(if case.redirect.names_a_proxy() {
            "Call again: a second INVITE with the same Request-URI goes to {contact} within a second."
        } else {
            "Call again: a second INVITE with the Request-URI {contact} follows within a second."
        })
        .with("contact", target),
    )
}

fn follows_in_this_call(case: &RedirectCase<'_>) -> bool {
    let follows = case.call.redirects.iter().flat_map(|r| &r.follows);
    follows.filter_map(|f| case.call.transaction(f.transaction)).any(|t| t.client.address == case.client().address)
}

/// A Contact that this client could have called so that the capture would show it.
fn callable<'a>(case: &RedirectCase<'a>) -> Option<&'a Uri> {
    let usable = |uri: &&Uri| {
        is_visible_on_udp(uri)
            && !uri.has_illegal_characters()
            && redirect_contact_not_routable::inside_nat(case, uri).is_none()
    };
    case.targets().find(usable).filter(|_| case.offers_contacts())
}

/// Whether the caller hung up, or another rule says why nobody could, or should, follow.
pub(super) fn needs_no_following(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    gave_up_first(case) || is_explained(case, cx)
}

/// Whether the caller had hung up before the redirect came.
fn gave_up_first(case: &RedirectCase<'_>) -> bool {
    [case.transaction, case.nearest()].iter().any(|t| t.cancelled_by.is_some())
}

/// Whether another rule says why nobody could, or should, follow.
fn is_explained(case: &RedirectCase<'_>, cx: &Context<'_>) -> bool {
    redirect_to_itself::applies(case)
        || redirect_to_itself_in_effect::applies(case)
        || redirect_loop::is_part_of_loop(case)
        || redirect_chain_long::ends_at(case)
        || redirect_follow_up_malformed::fault(case, cx).is_some()
        || redirect_hidden_by_b2bua::hidden_by(case, cx).is_some()
        || redirect_target_suspicious::is_critical(case, cx)
}

/// What kept the client from following, where that is clear.
fn cause(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<&'static str> {
    if redirect_contact_not_routable::explains(case, cx) {
        return Some(redirect_contact_not_routable::RULE.code);
    }
    if redirect_contact_unresolvable::explains(case, cx) {
        return Some(redirect_contact_unresolvable::RULE.code);
    }
    // Nobody follows what does not arrive.
    redirect_not_acknowledged::explains(case, cx).then_some(redirect_not_acknowledged::RULE.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, followed, only, redirected};

    fn to(contact: &str, rest: &str) -> String {
        redirected(&format!("301 Moved Permanently\nContact: <{contact}>"), rest)
    }

    /// The redirect alone, as where the tap does not see what the client sends.
    fn responses_only(contact: &str) -> String {
        let redirect = "301 Moved Permanently\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKq\nFrom: <sip:a@192.0.2.10>;tag=f\n\
            To: <sip:bob@corp.example>;tag=t\nCSeq: 1 INVITE";
        let ping = "50 old > pbx call=ping re=OPTIONS\n200 OK\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKp\n\
            From: <sip:a@192.0.2.10>;tag=g\nTo: <sip:old>;tag=u\nCSeq: 1 OPTIONS\n";
        format!("{HOSTS}0 old > pbx re=INVITE\n{redirect}\nContact: <{contact}>\n\n{ping}")
    }

    #[test]
    fn only_proven_absence_without_another_cause_counts() {
        let usual = "sip:bob@pbx.corp.example";
        check(
            RULE.code,
            &[
                ("nobody goes", &to(usual, LATER), Some(Severity::Error)),
                ("the capture ends", &to(usual, ""), None),
                ("followed", &to(usual, &followed(usual, "404 Not Found")), None),
                (
                    "a redirect of which a fragment is missing",
                    &to(usual, LATER).replacen("\n301", " fragment=200 lose-fragment=2\n301", 1),
                    None,
                ),
                ("over TCP it might not be seen", &to("sip:bob@pbx.corp.example;transport=tcp", LATER), None),
                ("sips means TLS", &to("sips:bob@pbx.corp.example", LATER), None),
                ("no Contact", &redirected("301 Moved Permanently", LATER), None),
                ("to itself", &to("sip:bob@corp.example", LATER), None),
                ("only the other direction was captured", &responses_only(usual), None),
                ("380", &redirected("380 Alternative Service\nContact: <sip:bob@pbx.corp.example>", LATER), None),
                (
                    "followed with the old To tag",
                    &to(usual, &followed(usual, "481 No").replace("> new\nINV", "> new to-tag=r1\nINV")),
                    None,
                ),
            ],
        );
    }

    #[test]
    fn a_client_that_follows_others_refuses_this_one() {
        let alone = only(&to("sip:bob@pbx.corp.example", LATER), RULE.code);
        assert!(
            alone
                .message
                .to_string()
                .ends_with("nor did it follow a redirect in any call of this capture that had ended by then.")
        );
        let earlier = "host x 198.51.100.99\n-300.0 pbx > x call=c0\nINVITE sip:carol@corp.example\n\n+0.01 x > pbx call=c0\n\
            302 Moved\nContact: <sip:carol@pbx.corp.example>\n\n+0.001 pbx > x call=c0\nACK\n\n+0.01 pbx > x call=c0\n\
            INVITE sip:carol@pbx.corp.example\n\n+0.01 x > pbx call=c0\n486 Busy Here\n\n+0.001 pbx > x call=c0\nACK\n\n";
        let flow = to("sip:bob@pbx.corp.example", LATER)
            .replace("\n\n0.0 pbx", &format!("\n{}600.0 pbx", earlier.replace("-300.0", "0.0")));
        let flow = flow.replace("\n0.015", "\n600.015").replace("\n0.016", "\n600.016").replace("\n50.0", "\n650.0");
        assert!(only(&flow, RULE.code).message.to_string().ends_with("it refuses this target."), "{flow}");
    }

    #[test]
    fn a_proxy_that_passed_it_on_may_follow_it() {
        let flow = "host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.60\n\n0 a > p\nINVITE sip:bob@p.example\n\n\
            0.02 p > b forward\nINVITE sip:bob@203.0.113.60\n\n0.1 b > p tag=q\n302 Moved\nContact: <sip:carol@p.example>\n\n\
            0.13 p > a forward\n302 Moved\n\n0.2 a > p\nACK\n\n60 a > p call=z\nOPTIONS sip:p.example\n\n60.1 p > a call=z\n200 OK\n";
        let advice = |flow: &str| {
            let finding = only(flow, RULE.code);
            finding.remediation.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let (passed_on, direct) = (advice(flow), advice(&to("sip:bob@pbx.corp.example", LATER)));
        assert!(
            passed_on.ends_with("Or let 198.51.100.50:5060, which passed the redirect on, follow it for its clients."),
            "{passed_on}"
        );
        assert!(direct.ends_with("Or let 198.51.100.30:5060 relay the call instead of redirecting it."), "{direct}");
    }

    #[test]
    fn an_address_of_another_family_is_told_first() {
        let first = |contact: &str| only(&to(contact, LATER), RULE.code).remediation[0].to_string();
        assert!(first("sip:bob@[2001:db8::40]").starts_with("See first whether the client has IPv6 at all"));
        for near in ["sip:bob@192.0.2.77", "sip:bob@pbx.corp.example"] {
            assert!(first(near).starts_with("Turn on redirect handling"), "{near}");
        }
    }

    #[test]
    fn behind_a_proxy_the_request_uri_stays() {
        let told = |status: &str| {
            let flow = to("sip:proxy.corp.example", LATER).replace("301 Moved Permanently", status);
            only(&flow, RULE.code).verification.as_ref().unwrap().to_string()
        };
        assert!(told("305 Use Proxy").contains("with the same Request-URI goes to sip:proxy.corp.example"));
        assert!(told("302 Moved").contains("with the Request-URI sip:proxy.corp.example"));
    }

    #[test]
    fn settings_are_named_for_the_platform_of_the_client() {
        let flow = to("sip:bob@pbx.corp.example", LATER)
            .replace("INVITE sip:bob@corp.example", "INVITE sip:bob@corp.example\nUser-Agent: FreeSWITCH");
        let finding = only(&flow, RULE.code);
        assert!(
            finding.remediation.iter().any(|t| t.to_string().starts_with("FreeSWITCH")),
            "{:?}",
            finding.remediation
        );
        assert_eq!(finding.actor.as_ref().unwrap().software.as_deref(), Some("FreeSWITCH"));
    }
}
