//! A request inside a dialog that the server answers with 481: it knows no such dialog.

use self::cancel::Cancelled;
use self::why::Why;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::catalog;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::rules::failed_response::advice_of_catalogue;
use crate::diagnosis::rules::route_set_broken;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, response_facts,
};
use crate::sip::Method;

mod cancel;
mod part;
mod why;

pub(super) static RULE: Rule = Rule {
    code: "dialog-unknown",
    summary: "481 to a request inside a dialog, or to a CANCEL: the server knows no such dialog or transaction.",
    severity: Severity::Error,
    references: &["RFC 3261 §12.2.2", "RFC 3261 §9.2", "RFC 3261 §15.1.2", "RFC 3261 §12.2.1.2", "RFC 5057 §5.1"],
    explanation: Explanation {
        what_it_means: "Call-ID and the tags of From and To name a dialog. A server that knows none of that name answers a request inside it with \
            481. The finding compares the request with the dialog as it began in the capture: whether a tag differs, and who changed it; whether \
            the dialog was over before; whether another server answers than the one that took the call; or whether all agrees, so that the \
            server lost the dialog. Where the capture does not show how the dialog began, it says so.\n\n\
            A CANCEL has to match its INVITE; 481 says that no INVITE that is still pending does.",
        why_it_matters: "Whoever gets 481 to a re-INVITE or UPDATE has to end the call. Where a BYE gets it although the other end still has the \
            dialog, that end goes on: the line stays busy, and the call is charged.",
        likely_causes: "- An element on the way, or the client itself, changed Call-ID or a tag.\n\
            - A cluster whose members do not share their dialogs, behind a distributor of load that sends the request to another member.\n\
            - The server restarted, a standby took over without the state, or a timer there ended the dialog.\n\
            - The client goes on in a dialog that is over, or in that of a branch that did not take the call.",
        how_to_fix: "- Compare Call-ID and both tags with those of the response that began the dialog, on each hop.\n\
            - Clusters: share the dialogs among the members, or keep all requests of a call at one of them.\n\
            - If all agrees, look for a restart or a timer at the server that answered.",
        how_to_confirm: "Put a call on hold, take it back, and end it from either side: every request inside it is answered with 200.",
        when_this_is_wrong: "- Two BYEs that cross end one call twice: one of them may get 481, and nothing is wrong.\n\
            - A dialog that another call took over (REFER or INVITE with Replaces, RFC 3891) is over for who had it: a BYE that comes behind that is \
            nothing to mend.\n\
            - A request that crossed the BYE, or the end of the INVITE, was in time when it was sent.\n\
            - One branch of several may have ended without a word to the client: of early dialogs beside others nothing is said.\n\
            - A CANCEL that gets 481 after the final response came too late, which is no fault.\n\
            - A BYE of a dialog that began before the capture may be one too many; the other side may have ended it there.",
    },
    detect: Detect::of_refusals(detect),
};

/// Whether this rule tells what there is to tell of the failure of a request.
pub(super) fn tells(transaction: &Transaction, status: u16) -> bool {
    status == 481 && (transaction.in_dialog || transaction.method == Method::Cancel)
}

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let (cancels, others): (Vec<_>, Vec<_>) = Refused::all(call, 481)
        .into_iter()
        .filter(|r| tells(r.transaction, 481) && !route_set_broken::tells_of_refusal(call, r.transaction, r.response))
        .partition(|r| r.transaction.method == Method::Cancel);
    let mut said: Vec<(Refused<'_>, Kind, Finding)> = Vec::new();
    for refused in others {
        let Some((kind, finding)) =
            Why::of(&refused).map(|why| (Kind::of(&refused, &why), in_dialog(&refused, &why, cx)))
        else {
            continue;
        };
        // What is lost is lost for all requests, and who is told so ends the dialog as well: one cause, told of the request that suffers most.
        match said.iter_mut().find(|(first, of, known)| *of == kind && is_same(first, &refused, known, &finding)) {
            Some((_, _, known)) if known.severity >= finding.severity => known.evidence.push(primary(&refused)),
            Some(known) => *known = (refused, kind, finding.evidence([primary(&known.0)])),
            None => said.push((refused, kind, finding)),
        }
    }
    out.extend(said.into_iter().map(|(_, _, finding)| finding));
    out.extend(cancels.into_iter().filter_map(|refused| Some(Cancelled::of(refused)?.finding(cx))));
}

/// Causes that have nothing to do with each other.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Over,
    /// The dialog goes on: what is lacking has to do with the request.
    Other(Method),
    Dialog,
}

impl Kind {
    fn of(refused: &Refused<'_>, why: &Why<'_>) -> Self {
        match why {
            Why::Other(_) => Self::Other(refused.transaction.method.clone()),
            _ if why.is_over() => Self::Over,
            _ => Self::Dialog,
        }
    }
}

/// Whether two requests were refused for one cause: they are of one dialog, or alike.
fn is_same(one: &Refused<'_>, other: &Refused<'_>, told: &Finding, finding: &Finding) -> bool {
    let of = |any: &CapturedMessage| {
        let mut tags = [any.message.from_tag().map(<[u8]>::to_vec), any.message.to_tag().map(<[u8]>::to_vec)];
        tags.sort();
        tags
    };
    let ends = |refused: &Refused<'_>| of(refused.sent().unwrap_or(refused.response));
    // Who passed the refusal on to another leg ended the dialog there.
    let call = other.call;
    let passed_on = |t: &Transaction| {
        let received = t.failed_final().filter(|f| f.status.0 == 481).and_then(|f| call.message(f.message));
        t.leg == other.transaction.leg
            && t.method == one.transaction.method
            && t.start < other.transaction.start
            && received.is_some_and(|m| m.provenance.time >= one.response.provenance.time && of(m) == ends(other))
    };
    if one.transaction.leg != other.transaction.leg {
        return call.transactions.iter().any(passed_on);
    }
    let alike = |refused: &Refused<'_>| (refused.transaction.method.clone(), refused.response.provenance.flow.source);
    ends(one) == ends(other) || alike(one) == alike(other) && told.actor == finding.actor
}

fn primary(refused: &Refused<'_>) -> Evidence {
    Evidence::of(refused.response, Text::new("{status} response").with("status", 481))
}

fn in_dialog(refused: &Refused<'_>, why: &Why<'_>, cx: &Context<'_>) -> Finding {
    let certainty = match why {
        Why::Lost(_) | Why::Changed { relay: None, .. } if cx.lossy() => Certainty::Weak,
        Why::Lost(_) | Why::Elsewhere { .. } => Certainty::Strong,
        _ => Certainty::Certain,
    };
    let finding = Finding::new(&RULE, certainty, refused.text(meaning(refused, why, cx)), primary(refused))
        .severity(severity(refused, why))
        .evidence(response_facts::evidence(refused.response))
        .evidence(refused.request().map(|m| Evidence::of(m, "the request")))
        .evidence(why.evidence(refused))
        .actor(actor(refused, why))
        .verify("Requests inside later calls are answered with 200.");
    let finding = why.fixes().iter().copied().fold(finding, Finding::fix);
    if matches!(why, Why::Unseen | Why::Lost(_)) { with_catalogue(finding, refused) } else { finding }
}

/// The advice of the catalogue, where nothing closer is known.
fn with_catalogue(finding: Finding, refused: &Refused<'_>) -> Finding {
    let Some(known) = catalog::entry_or_class(481) else { return finding };
    advice_of_catalogue(known.entry(), refused.deepest, refused.response, refused.call).fold(finding, Finding::fix)
}

fn meaning(refused: &Refused<'_>, why: &Why<'_>, cx: &Context<'_>) -> Text {
    let meaning = why.text(refused);
    let meaning = if matches!(why, Why::Lost(_)) && cx.lossy() {
        Text::new("{meaning} Packets are missing from the capture: a BYE may be among them.").with("meaning", meaning)
    } else {
        meaning
    };
    response_facts::with_own_reason(meaning, refused.response)
}

/// 481 to a re-INVITE or UPDATE ends the session (RFC 3261 §12.2.1.2). After a BYE the call is over for who sent it; whether it is for the
/// other end depends on whether the BYE reached the dialog.
fn severity(refused: &Refused<'_>, why: &Why<'_>) -> Severity {
    if why.is_over() {
        return Severity::Notice;
    }
    match refused.transaction.method {
        Method::Invite | Method::Update => Severity::Error,
        Method::Bye if matches!(why, Why::Unseen | Why::Lost(_)) => Severity::Notice,
        Method::Subscribe | Method::Refer | Method::Message if matches!(why, Why::Other(_)) => Severity::Notice,
        Method::Bye | Method::Subscribe | Method::Refer | Method::Message => Severity::Warning,
        _ => Severity::Notice,
    }
}

fn actor(refused: &Refused<'_>, why: &Why<'_>) -> Actor {
    match why {
        Why::Unseen => Actor::role(
            "the operator of the element that changed identifiers of the dialog, or of the peer that lost the dialog",
        ),
        Why::Lost(_) => Actor::sender(refused.response, "operator of the server that lost the dialog"),
        Why::Other(_) => Actor::role("the operators of both ends of the dialog"),
        Why::Elsewhere { .. } => Actor::role("operator of what distributes requests, and of the servers behind it"),
        Why::Changed { relay: Some(relay), .. } => {
            Actor::at(*relay, "operator of the element that changed the identifiers")
        }
        _ => Actor::at(refused.transaction.client, "the operator of the element that sent the request"),
    }
}

#[cfg(test)]
mod tests;
