//! A redirect that nobody followed.

use crate::call::{Attempt, AttemptCause, Call, Outcome, Transaction};
use crate::diagnosis::redirect_case::{FOLLOW_WINDOW, RedirectCase, is_visible_on_udp};
use crate::diagnosis::redirect_home::Home;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Certainty, Compared, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, platform,
};
use crate::lang::span;
use crate::provenance::Endpoint;
use crate::sip::{StatusCode, Uri};

use super::{
    redirect_and_fork, redirect_chain_long, redirect_contact_not_routable, redirect_contact_unresolvable,
    redirect_follow_up_malformed, redirect_hidden_by_b2bua, redirect_loop, redirect_not_acknowledged,
    redirect_target_suspicious, redirect_to_itself, redirect_to_itself_in_effect,
};

mod home;

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
            capture, and is silent where packets were lost. Where all SIP went from or to the server that the client asked, the capture may have been \
            taken there: then it is a warning and a guess, and says so.\n\
            - The Contact asks for TCP, TLS or WebSocket, over which the capture may not show the second INVITE.\n\
            - One branch of a fork redirects and another one fails: where the capture shows what the proxy returned, redirect-and-fork tells that; where it \
            does not, this is a warning and a guess.\n\
            - A forged or looping redirect, or one that leads to the caller himself: not to follow it is right, and the latter is told \
            in these words.\n\
            - An exchange takes the Contact for one of its users, and calls the telephone of that user under another name: the rule is \
            silent where a request to somebody else follows at once.",
    },
    detect: Detect::Compared(Facts::REDIRECT, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    if call.outcome == Outcome::Answered || call.outcome == Outcome::Cancelled {
        return;
    }
    out.extend(RedirectCase::of_invites(call).filter_map(|case| finding(&case, cx)));
}

fn finding(case: &RedirectCase<'_>, cx: &Compared<'_>) -> Option<Finding> {
    let target = callable(case)?;
    let certainty = case.not_followed(cx)?;
    if needs_no_following(case, cx) || case.may_be_followed() || redirect_and_fork::is_hidden(case, cx) {
        return None;
    }
    let beside = beside(case);
    let certainty = if beside.is_some() { Certainty::Weak } else { certainty };
    let client = case.client();
    let follows_others = cx.earlier.followers.contains(&client.address) || follows_in_this_call(case);
    let home = case.home_of(target);
    let is_sent_back = case.is_sent_back(target);
    // Whoever follows or not, it leads nowhere.
    let certainty = if is_sent_back && beside.is_none() { Certainty::Strong } else { certainty };
    let message = Text::new(if let Some(words) = home::message(home, is_sent_back) {
        words
    } else if follows_others {
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
    let asked = case.nearest().server.address;
    let is_unseen = (certainty == Certainty::Weak && home == Home::Elsewhere && beside.is_none()).then(|| {
        Text::new(
            "All SIP in this capture until then went from or to {asked}: a request to another host is not in it if the capture was taken there, or \
             filtered for that address.",
        )
        .with("asked", asked)
    });
    let is_guess = is_unseen.is_some() || beside.is_some();
    let message =
        with_reason(message, is_unseen.or_else(|| beside.map(|(other, status)| unseen_fork(client, other, status))));
    let acks = case.nearest().acks.iter().filter_map(|id| case.call.message(*id)).take(1);
    let mut finding = Finding::new(&RULE, certainty, message, case.evidence())
        .evidence(acks.map(|m| Evidence::of(m, "the client acknowledged the redirect")))
        .evidence(case.request_evidence());
    if beside.is_some() {
        finding = finding
            .severity(Severity::Warning)
            .fix("Capture in front of that element as well: there it is seen which answer it returned.");
    } else if is_guess {
        finding = finding
            .severity(Severity::Warning)
            .fix("Capture at the client, with all that it sends: only there it is seen whether it follows.");
    }
    finding.consequence_of = cause(case, cx);
    Some(match home {
        Home::Elsewhere => with_remedies(finding.actor(case.client_operator()), case, target, follows_others),
        Home::Caller | Home::Client => home::with_remedies(finding, case, target, home),
    })
}

/// What another branch was answered with, where the redirected request is one of several and the hop in front of the fork was not captured.
fn beside<'a>(case: &RedirectCase<'a>) -> Option<(&'a Transaction, StatusCode)> {
    let call = case.call;
    let root = |attempt: &Attempt| match attempt.because {
        AttemptCause::Fork(root) => root,
        _ => attempt.transaction,
    };
    let of = |attempt: &Attempt| call.transaction(attempt.transaction);
    let own = call.attempts.iter().find(|a| of(a).is_some_and(|t| std::ptr::eq(t, case.nearest())))?;
    let others = call.attempts.iter().filter(|a| a.transaction != own.transaction && root(a) == root(own));
    others
        .filter_map(of)
        .find_map(|t| Some((t, t.failed_final()?.status)))
        .filter(|(_, status)| status.0 >= 400 && status.0 != 487)
}

fn unseen_fork(client: Endpoint, other: &Transaction, status: StatusCode) -> Text {
    let text = Text::new(
        "{client} forked the call, and another branch, at {server}, got {status}: what it returned is not in this capture. It may have been that \
         {status}, or the redirect, which whoever is in front of it may have followed.",
    );
    text.with("client", client).with("server", other.server).with("status", status)
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

/// A Contact that this client could have called so that the capture would show it; the caller's own where there is no other.
fn callable<'a>(case: &RedirectCase<'a>) -> Option<&'a Uri> {
    let usable = |uri: &&Uri| {
        is_visible_on_udp(uri)
            && !uri.has_illegal_characters()
            && redirect_contact_not_routable::inside_nat(case, uri).is_none()
    };
    let all = || case.targets().filter(usable).filter(|_| case.offers_contacts());
    all().find(|uri| case.home_of(uri) != Home::Caller).or_else(|| all().next())
}

/// Whether the caller hung up, or another rule says why nobody could, or should, follow.
pub(super) fn needs_no_following(case: &RedirectCase<'_>, cx: &Compared<'_>) -> bool {
    gave_up_first(case) || is_explained(case, cx)
}

/// Whether the caller had hung up before the redirect came.
fn gave_up_first(case: &RedirectCase<'_>) -> bool {
    [case.transaction, case.nearest()].iter().any(|t| t.cancelled_by.is_some())
}

/// Whether another rule says why nobody could, or should, follow.
fn is_explained(case: &RedirectCase<'_>, cx: &Compared<'_>) -> bool {
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
mod tests;
