//! A follow-up that keeps what it must change.

use crate::call::{Call, CapturedMessage, FinalResponse, Outcome, Transaction, TransactionId};
use crate::diagnosis::redirect_case::{End, FOLLOW_WINDOW, RedirectCase, end_of, is_visible_on_udp};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Uri};

pub(super) static RULE: Rule = Rule {
    code: "redirect-follow-up-malformed",
    summary: "A client followed a redirect with the old To tag, branch, CSeq or Request-URI, or called another user or port of the new address.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §8.2.2.2", "RFC 3261 §8.1.1.7", "RFC 3665 §3.6"],
    explanation: Explanation {
        what_it_means: "The request that follows a redirect is a new request: it has the Contact as its Request-URI, a new \
            branch, and no To tag; Call-ID and From tag stay, and a client counts CSeq up. The client here changed too \
            little.",
        why_it_matters: "With the To tag of the 3xx the target looks for a dialog that it does not know, and answers 481. \
            With the old branch it takes the request for a retransmission. With the old CSeq a server that saw the first \
            request answers 482. With the old Request-URI, or another user than that of the Contact, the target looks for the wrong address.",
        likely_causes: "- A defect of the client: it changes the destination of the old request and sends it again.\n\
            - A number rule of the client that cuts or rewrites the user of the Contact, or a setting by which only the host of the Contact is \
            taken.\n\
            - A border controller that rewrites the To header field of all requests of a call.",
        how_to_fix: "- At the client: build a new request for each target (RFC 3261 §8.1.3.4); look for an update of its \
            software.\n\
            - Until then: let the border controller or the redirecting server relay the call.",
        how_to_confirm: "Call again: the second INVITE has the Contact as its Request-URI, a new branch, no To tag, and a \
            higher CSeq.",
        when_this_is_wrong: "- A proxy that follows a redirect on behalf of the client must keep the CSeq: an equal CSeq \
            counts only where the target answered 482.\n\
            - A request sent again to the same server after the redirect is a retry, no follow-up.\n\
            - Another user at the host of the Contact is told of only under the same Call-ID and From tag, and where the target does not know that \
            user (404, 484, 604); another port only where the Contact has an address, and nothing answers.\n\
            - A 305 names a proxy: through it the old Request-URI is asked for (RFC 3261 §21.3.4), and the rule is silent.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for case in RedirectCase::of_initial_requests(call) {
        out.extend(fault(&case, cx).and_then(|fault| finding(&case, cx, &fault)));
    }
}

/// What the follow-up kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    ToTag,
    Branch,
    CSeq,
    RequestUri,
    /// The host of the Contact alone was taken over: it asks for somebody else there, whom the target does not know.
    OtherUser,
    /// The user at the host of the Contact, and another port than the one that it names.
    OtherPort,
}

/// A follow-up with what is wrong about it.
#[derive(Debug)]
pub(super) struct Malformed {
    transaction: TransactionId,
    kept: Kept,
}

/// The first malformed follow-up of a redirect.
pub(super) fn fault(case: &RedirectCase<'_>, cx: &Context<'_>) -> Option<Malformed> {
    let received = case.response.provenance.time;
    let end = received.plus(FOLLOW_WINDOW);
    case.call.transactions.iter().enumerate().find_map(|(index, t)| {
        let in_time = t.start > received && t.start <= end;
        if t.method != case.transaction.method || !in_time || !case.receives(t.client.address) {
            return None;
        }
        let transaction = TransactionId(index);
        kept(case, cx, transaction, t).map(|kept| Malformed { transaction, kept })
    })
}

fn kept(case: &RedirectCase<'_>, cx: &Context<'_>, id: TransactionId, transaction: &Transaction) -> Option<Kept> {
    let request = &case.call.message(transaction.request?)?.message;
    let redirected = sent_by(case, transaction)?;
    let first = &case.call.message(redirected.request?)?.message;
    let follows = case.redirect.follows.iter().any(|f| f.transaction == id);
    let same_call = request.call_id() == first.call_id();
    let uri = request.request_uri()?;
    let arrives = same_call && goes_to_a_target(case, &uri, transaction);
    if arrives && request.to_tag().is_some() && request.to_tag() == case.response.message.to_tag() {
        return Some(Kept::ToTag);
    }
    if (follows || arrives) && request.branch().is_some_and(|b| Some(b) == first.branch()) {
        return Some(Kept::Branch);
    }
    if follows {
        let merged = || matches!(end_of(case.call, id, cx), End::Failure(_, status) if status.0 == 482);
        return (same_call && request.cseq() == first.cseq() && merged()).then_some(Kept::CSeq);
    }
    let moved = transaction.server.address != redirected.server.address && arrives && !transaction.in_dialog;
    let old = first.request_uri()?;
    // Through a proxy (305) the old one is right.
    let moved = moved && !case.redirect.names_a_proxy();
    let is_old = uri.strictly_equals(&old) && !case.targets().any(|t| t.effectively_equals(&old));
    if moved && is_old {
        return Some(Kept::RequestUri);
    }
    let is_same_client = request.from_tag().is_some() && request.from_tag() == first.from_tag();
    let is_next = same_call && is_same_client && !transaction.in_dialog && !case.redirect.names_a_proxy();
    // Whoever called a Contact before goes on to something else.
    let was_followed = !case.redirect.follows.is_empty();
    if !is_next || was_followed || is_follow_up(case, id) || transaction.server == redirected.server {
        return None;
    }
    if asks_for_another(case, &uri, transaction) {
        return Some(Kept::OtherUser);
    }
    let is_silent = matches!(end_of(case.call, id, cx), End::Silence);
    misses_the_port(case, &uri, transaction, is_silent).then_some(Kept::OtherPort)
}

/// Whether a request follows any redirect of the call.
fn is_follow_up(case: &RedirectCase<'_>, id: TransactionId) -> bool {
    case.call.redirects.iter().flat_map(|r| &r.follows).any(|f| f.transaction == id)
}

/// Whether a request goes to the host of a Contact for a user that no Contact has, and that is unknown there.
fn asks_for_another(case: &RedirectCase<'_>, uri: &Uri, transaction: &Transaction) -> bool {
    let is_unknown = |f: &FinalResponse| matches!(f.status.0, 404 | 484 | 604);
    let Some(user) = uri.effective_user().filter(|user| !user.is_empty()) else { return false };
    transaction.finals.iter().any(is_unknown)
        && case.targets().any(|t| t.host.eq_ignore_ascii_case(&uri.host) || t.ip() == Some(transaction.server.address))
        // One without a user leaves the client with the one whom it called.
        && case.targets().all(|t| t.effective_user().is_some_and(|other| !other.is_empty() && other != user))
}

/// Whether a request goes to the user and the address of a Contact, but to a port that none names, and gets nothing there.
fn misses_the_port(case: &RedirectCase<'_>, uri: &Uri, transaction: &Transaction, is_silent: bool) -> bool {
    let is_there = |t: &Uri| t.ip() == Some(transaction.server.address) && t.effective_user() == uri.effective_user();
    let mut there = case.targets().filter(|t| is_there(t)).peekable();
    is_silent
        && there.peek().is_some()
        && there.all(|t| is_visible_on_udp(t) && t.port_or_default() != transaction.server.port)
}

fn goes_to_a_target(case: &RedirectCase<'_>, uri: &Uri, transaction: &Transaction) -> bool {
    case.targets().any(|t| t.effectively_equals(uri) || t.ip() == Some(transaction.server.address))
}

/// The redirected transaction of the element that sent a later one.
fn sent_by<'a>(case: &RedirectCase<'a>, later: &Transaction) -> Option<&'a Transaction> {
    let relayed = case.redirect.relayed.iter().filter_map(|id| case.call.transaction(*id));
    relayed.chain([case.transaction]).find(|t| t.client.address == later.client.address)
}

impl Kept {
    fn sentence(self) -> &'static str {
        match self {
            Self::ToTag => {
                "The client at {client} followed the redirect but kept the To tag of the {status}, so that the target \
                 looks for a dialog that does not exist."
            }
            Self::Branch => {
                "The client at {client} followed the redirect ({status}) with the branch of the first request, so that \
                 the target may take it for a retransmission."
            }
            Self::CSeq => {
                "The client at {client} followed the redirect ({status}) with the CSeq of the first request, and the \
                 target took both for one request and answered 482."
            }
            Self::RequestUri => {
                "The client at {client} followed the redirect ({status}) by sending the old Request-URI to the new \
                 address; the target does not see whom the call is for."
            }
            Self::OtherPort => {
                "The {status} leads to {contact}, and the client at {client} sent its next request to another port of that host, {called}, which \
                 did not answer."
            }
            Self::OtherUser => {
                "The {status} leads to {contact}, and the client at {client} asked for {called} there, whom the target does not know."
            }
        }
    }

    fn proof(self, request: &CapturedMessage) -> Evidence {
        match self {
            Self::ToTag => Evidence::header(request, HeaderName::To, "To of the follow-up"),
            Self::Branch => Evidence::header(request, HeaderName::Via, "Via of the follow-up"),
            Self::CSeq => Evidence::header(request, HeaderName::CSeq, "CSeq of the follow-up"),
            Self::RequestUri | Self::OtherUser | Self::OtherPort => Evidence::of(request, "the follow-up"),
        }
    }
}

fn finding(case: &RedirectCase<'_>, cx: &Context<'_>, fault: &Malformed) -> Option<Finding> {
    let request = case.call.request(fault.transaction)?;
    let message = Text::new(fault.kept.sentence())
        .with("client", request.provenance.flow.source)
        .with("status", case.redirect.status);
    let message = match fault.kept {
        Kept::OtherUser => {
            let user = request.message.request_uri()?.user?;
            message.with("contact", case.targets().next()?).with("called", Text::verbatim(user))
        }
        Kept::OtherPort => {
            message.with("contact", case.targets().next()?).with("called", request.provenance.flow.destination)
        }
        _ => message,
    };
    let is_other = matches!(fault.kept, Kept::OtherUser | Kept::OtherPort);
    let answer = match end_of(case.call, fault.transaction, cx) {
        End::Failure(answer, _) => Some(Evidence::of(answer, "the target's answer")),
        _ => None,
    };
    let is_guess = is_other || fault.kept == Kept::RequestUri;
    let certainty = if is_guess { Certainty::Strong } else { Certainty::Certain };
    let severity = if case.call.outcome == Outcome::Answered { Severity::Warning } else { Severity::Error };
    let finding = Finding::new(&RULE, certainty, message, fault.kept.proof(request))
        .severity(severity)
        .evidence([case.evidence()])
        .evidence(case.request_evidence())
        .evidence(answer)
        .actor(Actor::sender(request, "vendor or operator of the client that follows the redirect"))
        .fix(if fault.kept == Kept::OtherPort {
            "At the client: send the request to the port that the Contact names. Look for a trunk or an outbound proxy whose port is used for all \
             hosts."
        } else if is_other {
            "At the client: put the Contact into the Request-URI as it is. Look for rules that cut or rewrite the called number, and for a setting \
             by which only the host of the Contact is taken."
        } else {
            "Build a new request for each redirect target: the Contact as Request-URI, a new branch, no To tag, CSeq \
             plus one."
        })
        .fix("Until the client is mended: let the border controller or the redirecting server relay the call.")
        .verify(
            "Call again: the second INVITE has a new branch, no To tag, a higher CSeq and the Contact as Request-URI.",
        );
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, redirected};

    fn flow(words: &str, uri: &str, status: &str) -> String {
        redirected(
            "302 Moved\nContact: <sip:bob@203.0.113.40>",
            &followed(uri, status).replace("> new\nINVITE", &format!("> new {words}\nINVITE")),
        )
        .replace("0.0 pbx > old", "0.0 pbx > old branch=first")
    }

    #[test]
    fn what_must_change_is_looked_at() {
        let target = "sip:bob@203.0.113.40";
        let to_port = |port: &str, host: &str, answer: &str| {
            let answer = if answer.is_empty() { String::new() } else { format!("0.1 new > pbx\n{answer}\n\n") };
            redirected(
                &format!("302 Moved\nContact: <sip:bob@{host}:{port}>"),
                &format!("0.03 pbx > new repeat=0.5,1.5,3.5,7.5,15.5,31.5\nINVITE sip:bob@{host}\n\n{answer}{LATER}"),
            )
        };
        let old = "sip:bob@corp.example";
        check(
            RULE.code,
            &[
                ("right", &flow("", target, "404 Not Found"), None),
                ("To tag", &flow("to-tag=r1", target, "481 No"), Some(Severity::Error)),
                ("branch", &flow("branch=first cseq=2", target, "404 Not Found"), Some(Severity::Error)),
                ("branch, answered", &flow("branch=first cseq=2", target, "200 OK"), Some(Severity::Warning)),
                ("CSeq, 482", &flow("cseq=1", target, "482 Loop Detected"), Some(Severity::Error)),
                ("CSeq, another answer", &flow("cseq=1", target, "404 Not Found"), None),
                ("old Request-URI", &flow("", old, "404 Not Found"), Some(Severity::Error)),
                ("another user", &flow("", "sip:bo@203.0.113.40", "404 Not Found"), Some(Severity::Error)),
                ("the old user", &flow("", "sip:2000@203.0.113.40", "484 No"), Some(Severity::Error)),
                ("another port", &to_port("5090", "203.0.113.40", ""), Some(Severity::Error)),
                ("the port of the Contact", &to_port("5060", "203.0.113.40", ""), None),
                ("a name, whose records may say another port", &to_port("5090", "new.example", ""), None),
                (
                    "another port, the capture ends",
                    &to_port("5090", "203.0.113.40", "")
                        .replace(LATER, "")
                        .replace(" repeat=0.5,1.5,3.5,7.5,15.5,31.5", ""),
                    None,
                ),
                ("another port that answers", &to_port("5090", "203.0.113.40", "100 Trying"), None),
                (
                    "another user, after the one of the Contact",
                    &(flow("", target, "480 Gone")
                        + "0.2 pbx > new\nINVITE sip:bo@203.0.113.40\n\n+0.01 new > pbx\n404 No\n\n+0.001 pbx > new\nACK\n\n"),
                    None,
                ),
                ("another user, busy", &flow("", "sip:bo@203.0.113.40", "486 Busy Here"), None),
                ("another user, answered", &flow("", "sip:bo@203.0.113.40", "200 OK"), None),
                (
                    "another user of another caller",
                    &flow("from-tag=other", "sip:bo@203.0.113.40", "404 Not Found"),
                    None,
                ),
                ("another user, another call", &flow("call=2", "sip:bo@203.0.113.40", "404 Not Found"), None),
                (
                    "a Contact without user",
                    &flow("", "sip:bo@203.0.113.40", "404 Not Found")
                        .replace("sip:bob@203.0.113.40>", "sip:203.0.113.40>"),
                    None,
                ),
                (
                    "another user at the server that redirected",
                    &flow("", "sip:bo@203.0.113.40", "404 Not Found")
                        .replace("> new", "> old")
                        .replace("new >", "old >"),
                    None,
                ),
                (
                    "old Request-URI through the proxy of a 305",
                    &flow("", old, "404 Not Found").replace("302 Moved", "305 Use Proxy"),
                    None,
                ),
                (
                    "a retry at the same server",
                    &flow("", old, "404 Not Found").replace("pbx > new", "pbx > old").replace("new > pbx", "old > pbx"),
                    None,
                ),
            ],
        );
    }
}
