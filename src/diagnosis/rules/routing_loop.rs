//! A request that goes round between servers until one of them refuses it with 482 or 483.

use super::failed_response::particular::merged;
use crate::call::{Call, Transaction};
use crate::diagnosis::refused::Refused;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::response_facts::{hops_left, method};
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Method};

mod passes;

/// Hops that nobody needs: a request that came with so many left did not use them up on a straight way.
const MANY_HOPS: u32 = 20;

pub(super) static RULE: Rule = Rule {
    code: "routing-loop",
    summary: "A request goes round between servers, or from a server to itself, and is refused with 482 or 483.",
    severity: Severity::Error,
    references: &["RFC 3261 §16.3", "RFC 3261 §21.4.20", "RFC 3261 §21.4.21", "RFC 5393"],
    explanation: Explanation {
        what_it_means: "Each server that passes a request on writes itself into Via and takes one off Max-Forwards. A server that \
            finds itself in the Via header fields of a request for the same target refuses it with 482 (Loop Detected); a server \
            that gets a request with nothing left of Max-Forwards refuses it with 483 (Too Many Hops).\n\n\
            The finding is about requests that did go round: the same server stands several times in Via, or the request still had \
            so many hops left where the capture shows it last that no straight way behind it can have used them up.",
        why_it_matters: "The call cannot succeed, whoever is called, and each attempt becomes up to seventy requests and as many \
            responses. Where requests are forked inside the loop their number multiplies at each pass, which has taken whole \
            networks down (RFC 5393).",
        likely_causes: "- Two servers route the same number or domain to each other: each takes the other for responsible, often after a \
            migration, or by a default route.\n\
            - A server does not know that a domain or an address is its own, looks it up, and finds itself.\n\
            - A call forwarding leads back to the number that it begins with.\n\
            - A failover route points back at the server that the request came from.",
        how_to_fix: "- Find the server that stands several times in Via, and look up its route for this Request-URI.\n\
            - Decide which server is responsible for the number or the domain. It delivers the request or refuses it (404, 480); it \
            never hands it back.\n\
            - Enter all names and addresses of a server as its own domains.\n\
            - Leave the peer that a request came from out of the routes that it may take.",
        how_to_confirm: "The request passes each host once, and gets another response.",
        when_this_is_wrong: "- The client began with a small Max-Forwards, to find the way (as traceroute does) or by a wrong setting: then \
            483 says nothing about a loop.\n\
            - 482 also refuses a request that was forked and reached the same server on two ways (RFC 3261 §8.2.2.2, a merged request): \
            that is no loop.\n\
            - A way may lead over one server twice, for two different targets (a spiral), as in networks with a server for each service.\n\
            - Some servers allow fewer hops than Max-Forwards does, and answer 483 by that limit of their own.",
    },
    detect: Detect::of_refusals(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let cases = Refused::by_whom(call, &[482, 483])
        .into_iter()
        .filter_map(|refused| Some(Case { shown: shown(&refused)?, refused }));
    out.extend(cases.map(|case| case.finding()));
}

/// How a request is known to go round.
#[derive(Debug)]
enum Loop {
    /// Its Via header fields name these servers so many times.
    Passes {
        hosts: Vec<(String, usize)>,
        /// Whether the server that refused it is known to be among them; it may go by a name there.
        with_itself: bool,
    },
    /// They name the server that refused it.
    Back(String),
    /// It was sent by the server that refused it.
    Itself,
    /// So many hops were left in front of the server that refused it.
    Behind(u32),
}

struct Case<'a> {
    refused: Refused<'a>,
    shown: Loop,
}

fn shown(case: &Refused<'_>) -> Option<Loop> {
    match case.status() {
        482 => found_again(case),
        483 => used_up(case),
        _ => None,
    }
}

/// A loop that a server found by itself.
fn found_again(case: &Refused<'_>) -> Option<Loop> {
    let deep = case.deepest;
    if deep.client == deep.server {
        return Some(Loop::Itself);
    }
    let message = &case.known().message;
    let twice = passes::repeated(message, 2);
    let back = passes::through(message, deep.server);
    // A way with two passes may be a spiral whose branches meet behind it.
    if back.is_none() && merged(case.call, deep, case.status()).is_some() {
        return None;
    }
    if !twice.is_empty() {
        return Some(Loop::Passes { hosts: twice, with_itself: back.is_some() });
    }
    back.map(Loop::Back)
}

/// A loop that lasted until Max-Forwards was used up.
fn used_up(case: &Refused<'_>) -> Option<Loop> {
    // A spiral may pass a server twice.
    let often = passes::repeated(&case.known().message, 3);
    if !often.is_empty() {
        return Some(Loop::Passes { hosts: often, with_itself: true });
    }
    let left = hops_left(&case.request()?.message)?;
    (left >= MANY_HOPS).then_some(Loop::Behind(left))
}

impl Case<'_> {
    fn finding(&self) -> Finding {
        let primary =
            Evidence::of(self.refused.response, Text::new("{status} response").with("status", self.refused.status()));
        let certainty = match self.shown {
            Loop::Behind(_) => Certainty::Strong,
            Loop::Passes { with_itself: false, .. } => Certainty::Weak,
            _ => Certainty::Certain,
        };
        let sought = matches!(self.refused.transaction.method, Method::Invite | Method::Register);
        let mut finding = Finding::new(&RULE, certainty, self.message(), primary)
            .severity(if sought && self.refused.call.outcome.is_failure() {
                Severity::Error
            } else {
                Severity::Warning
            })
            .evidence(self.related())
            .actor(Actor::sender(self.refused.response, self.who()))
            .verify("The request passes each host once and gets another response.");
        for fix in self.fixes() {
            finding = finding.fix(fix);
        }
        finding
    }

    fn message(&self) -> Text {
        let text = match &self.shown {
            Loop::Passes { hosts, .. } => self.fall(hosts),
            Loop::Back(host) => Text::new(
                "{server} answered {method} with {status}: the request came back to it. Its Via header fields name {host}, which is that \
                 server itself.",
            )
            .with("host", host),
            Loop::Itself => Text::new("{server} sent the {method} to itself, and refused it with {status} for that."),
            Loop::Behind(left) => Text::new(
                "{server} answered {method} with {status}, although the request came to it with Max-Forwards {left}. It goes round in or behind \
                 that server, where all these hops were used up: no straight way has so many.",
            )
            .with("left", left),
        };
        let text = text.with("server", element(self.refused.response)).with("method", method(self.refused.deepest));
        let text = text.with("status", self.refused.status());
        let doubt = || {
            Text::new(
                "Who refuses it is not among them by its address: it may as well have had the same request on another way before, which is \
                 a merged request and no loop (RFC 3261 §8.2.2.2).",
            )
        };
        with_reason(text, matches!(self.shown, Loop::Passes { with_itself: false, .. }).then(doubt))
    }

    /// How Max-Forwards fell on the way, where the capture has its beginning.
    fn fall(&self, hosts: &[(String, usize)]) -> Text {
        let hops = |t: &Transaction| hops_left(&t.request.and_then(|id| self.refused.call.message(id))?.message);
        let fell = hops(self.refused.transaction).zip(hops(self.refused.deepest)).filter(|(first, last)| first > last);
        let text = Text::new(if fell.is_some() {
            "{server} answered {method} with {status}: the request goes round in a loop. By its Via header fields it passed {hosts}, and \
             Max-Forwards fell from {first} to {last}."
        } else {
            "{server} answered {method} with {status}: the request goes round in a loop. By its Via header fields it passed {hosts}."
        });
        let text = fell.into_iter().fold(text, |text, (first, last)| text.with("first", first).with("last", last));
        text.with("hosts", passes::counted(hosts))
    }

    fn who(&self) -> &'static str {
        match self.shown {
            Loop::Passes { .. } | Loop::Back(_) => "the operators of the servers that pass the request round",
            Loop::Itself | Loop::Behind(_) => {
                "the operator of the server that refuses the request, and of those behind it"
            }
        }
    }

    fn related(&self) -> Vec<Evidence> {
        let request = self.refused.request();
        let mut related: Vec<_> = request
            .map(|m| Evidence::header(m, HeaderName::MaxForwards, "the request as it was refused"))
            .into_iter()
            .collect();
        if !std::ptr::eq(self.refused.transaction, self.refused.deepest) {
            let first = self.refused.transaction.request.and_then(|id| self.refused.call.message(id));
            related.extend(first.map(|m| Evidence::header(m, HeaderName::MaxForwards, "the request at its first hop")));
            related.extend(self.refused.passed_on());
        }
        related
    }

    fn fixes(&self) -> Vec<Text> {
        let request = self.refused.request();
        let target = request.and_then(|m| m.message.request_uri());
        match &self.shown {
            Loop::Passes { .. } | Loop::Back(_) => {
                let text = match target {
                    Some(target) => Text::new(
                        "Compare the routes for {target} of the servers in Via: one of them hands the request back. The one that is responsible \
                         for that target must deliver the request or refuse it.",
                    )
                    .with("target", &target),
                    None => Text::new(
                        "Compare the routes of the servers in Via: one of them hands the request back. The one that is responsible for the \
                         target must deliver the request or refuse it.",
                    ),
                };
                vec![text, Text::new("Leave the peer that a request came from out of the routes that it may take.")]
            }
            Loop::Itself | Loop::Behind(_) => target
                .into_iter()
                .map(|target| {
                    Text::new(
                        "The loop is in or behind {server}, and not in this capture. See whether that server takes {host} for a name of its \
                         own: one that does not, and finds itself under that name, passes the request to itself.",
                    )
                    .with("server", self.refused.deepest.server)
                    .with("host", target.host)
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
