//! A reliable provisional response that its server sent again and again because no PRACK of it came.

use self::case::{Case, End, Fault};
use crate::call::Call;
use crate::diagnosis::caller_hop::CLIENT;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::HeaderName;

mod case;

pub(super) static RULE: Rule = Rule {
    code: "prack-missing",
    summary: "A reliable provisional response that was sent again and again because no PRACK of it came.",
    severity: Severity::Error,
    references: &["RFC 3262 §3", "RFC 3262 §4", "RFC 3262 §7.1", "RFC 3262 §7.2", "RFC 3261 §12.1.1"],
    explanation: Explanation {
        what_it_means: "A 18x with Require: 100rel and an RSeq is reliable: its server repeats it, 0.5, 1.5, 3.5, 7.5 … seconds after the first, until \
            the PRACK of the caller comes, with the RSeq and the CSeq of the response in its RAck. Here none came. After 32 seconds (64 times T1) the \
            server is to refuse the INVITE with a 5xx; some answer it all the same, or wait for the caller to give up.",
        why_it_matters: "The call fails after half a minute of ringing, or connects late: servers that have sent their session description in the 18x \
            must not answer before the PRACK.",
        likely_causes: "- The client offers 100rel and does not implement it, or its INVITE does not offer it and the server asks for PRACK all the same.\n\
            - The 18x does not reach the client.\n\
            - The PRACK goes astray: its way is that of a request inside the dialog, along the Record-Route of the 18x to its Contact, which may be an \
            address that the client cannot reach.\n\
            - A border controller, an application layer gateway or a firewall does not know PRACK, or takes RSeq out of the 18x.\n\
            - RAck of the PRACK does not have the numbers of the response.",
        how_to_fix: "- Capture at the client: whether the 18x arrives with Require and RSeq, and where the PRACK goes.\n\
            - Make Contact and Record-Route of the 18x addresses that the client can reach.\n\
            - Until that is mended switch 100rel off at one of the two ends: calls do without it, unless the other end has it in Require.",
        how_to_confirm: "The next call shows one reliable 18x, a PRACK within a round trip, and 200 to the PRACK.",
        when_this_is_wrong: "- A 18x without RSeq, or with 100rel in Supported alone, asks for no PRACK; who repeats it keeps the call alive at proxies.\n\
            - A PRACK that comes and is refused, or late, is not missing; a refusal is told as what it is.\n\
            - Where the repetition stops before its end, a PRACK came by a way that the capture does not show: then the rule is silent.\n\
            - The capture lacks packets or ends meanwhile: then the finding is a notice, and says so.",
    },
    detect: Detect::Given(Facts::MANY_PROVISIONALS, detect),
};

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    // Behind a leg whose PRACK is missing a B2BUA has nothing to acknowledge either.
    let all = Case::all(call, cx);
    let nearest = all.iter().map(|case| case.transaction.leg).min();
    out.extend(all.iter().filter(|case| Some(case.transaction.leg) == nearest).map(|case| finding(case, cx)));
}

fn finding(case: &Case<'_>, cx: &Context<'_>) -> Finding {
    let (severity, certainty) = match () {
        () if case.doubt.is_some() => (Severity::Notice, Certainty::Weak),
        () if case.is_why_the_call_failed(cx) => (Severity::Error, Certainty::Strong),
        () => (Severity::Warning, Certainty::Strong),
    };
    let what = |text| Text::new(text).with("status", case.status());
    let contact = case.way().map(|(name, _)| Evidence::header(case.first, name, "where the PRACK has to go"));
    let finding = Finding::new(&RULE, certainty, message(case), Evidence::of(case.first, what("the first {status}")))
        .severity(severity)
        .evidence([Evidence::header(case.first, HeaderName::RSeq, what("RSeq of the {status}"))])
        .evidence(case.copies.last().map(|copy| Evidence::of(copy, what("the last copy of the {status}"))))
        .evidence(contact)
        .evidence(case.evidence_of_fault())
        .evidence(case.request.map(|request| Evidence::of(request, "the request")))
        .evidence(case.evidence_of_end())
        .actor(actor(case))
        .verify("The next call shows one reliable 18x, a PRACK within a round trip, and 200 to the PRACK.");
    fixes(case).into_iter().fold(finding, Finding::fix)
}

fn message(case: &Case<'_>) -> Text {
    let text = match &case.doubt {
        Some(doubt) => Text::new(
            "{server} sent its {status} to INVITE {count} times in {took}. It asks for a PRACK (Require: 100rel, RSeq {rseq}), and none is visible; \
             whether one came is unknown: {doubt}.",
        )
        .with("doubt", doubt.clone()),
        None => Text::new(
            "{server} sent its {status} to INVITE {count} times in {took}, as the PRACK that it asks for (Require: 100rel, RSeq {rseq}) did not come.",
        ),
    };
    let text = text
        .with("server", case.first.provenance.flow.source)
        .with("status", case.status())
        .with("rseq", case.rseq)
        .with("count", case.copies.len() + 1)
        .with("took", span(case.took()));
    with_reason(with_reason(text, ending(case)), reason(case))
}

/// How the repetition came to its end.
fn ending(case: &Case<'_>) -> Option<Text> {
    let (text, end) = match case.end {
        End::Refused(end) => (Text::new("{after} after the first it refused the INVITE with {status}."), end),
        End::Answered(end) => (Text::new("{after} after the first it answered with {status} all the same."), end),
        End::Cancelled(end) => (Text::new("{after} after the first the caller cancelled."), end),
        End::Timer => return Some(Text::new("That is the end of its timer, and no final response followed.")),
        End::Unseen => return None,
    };
    let text = text.with("after", span(end.provenance.time.since(case.first.provenance.time)));
    Some(match end.message.status() {
        Some(status) => text.with("status", status.0),
        None => text,
    })
}

/// What the capture shows of why it did not come.
fn reason(case: &Case<'_>) -> Option<Text> {
    Some(match &case.fault {
        Fault::NotOffered => Text::new(
            "The INVITE offers no 100rel, neither in Supported nor in Require: a server must not ask for PRACK then (RFC 3262 §3).",
        ),
        Fault::Mismatch(_, rack) => {
            Text::new("The PRACK that came does not match: its RAck is {rack}, and that of this response is {expected}.")
                .with("rack", rack)
                .with("expected", case.expected_rack())
        }
        Fault::NotReceived(again) => Text::new(
            "The client goes on to send the INVITE, last {after} after the first of these responses: they do not reach it.",
        )
        .with("after", span(again.provenance.time.since(case.first.provenance.time))),
        Fault::NowhereToSend => Text::new(
            "The response has neither Contact nor Record-Route, so nobody knows where to send the PRACK.",
        ),
        Fault::NotPassedOn => Text::new(
            "On the hop in front of {proxy} the response is not seen: that element does not pass it on.",
        )
        .with("proxy", case.transaction.client),
        Fault::Unknown => return None,
    })
}

fn actor(case: &Case<'_>) -> Actor {
    match case.fault {
        Fault::NotOffered | Fault::NowhereToSend => {
            Actor::sender(case.first, "operator of the server that asks for PRACK")
        }
        Fault::NotPassedOn => {
            Actor::at(case.transaction.client, "operator of the element that does not pass the response on")
        }
        _ => match case.near_request() {
            Some(request) => Actor::sender(request, CLIENT),
            None => Actor::at(case.near.client, CLIENT),
        },
    }
}

fn fixes(case: &Case<'_>) -> Vec<Text> {
    let mut fixes = Vec::new();
    match &case.fault {
        Fault::NotOffered => fixes.push(Text::new(
            "Let the server send reliable responses only to an INVITE that has 100rel in Supported or Require. Where the caller does have it there, find \
             the element that takes it out on the way.",
        )),
        Fault::Mismatch(..) => fixes.push(Text::new(
            "Let the client write RSeq, CSeq number and method of the response into RAck (RFC 3262 §7.2); where it did, find the element that changes \
             them on the way.",
        )),
        Fault::NotReceived(_) => fixes.push(Text::new(
            "Find out where the response is lost: Via, `rport`, NAT and firewalls on its way to the client.",
        )),
        Fault::NowhereToSend => fixes.push(Text::new(
            "Let the server write a Contact into each reliable 18x, as it begins a dialog (RFC 3261 §12.1.1).",
        )),
        Fault::NotPassedOn => fixes.push(Text::new(
            "Let the element pass on every provisional response but 100 (RFC 3261 §16.7), and with it Require and RSeq.",
        )),
        Fault::Unknown => {}
    }
    if let (Fault::Unknown | Fault::Mismatch(..), Some((name, uri))) = (&case.fault, case.way()) {
        fixes.push(
            Text::new("Find out where the client sends its PRACK: by {header} of the response it has to go to {uri}.")
                .with("header", name.name())
                .with("uri", &uri),
        );
    }
    if !matches!(case.fault, Fault::NotOffered | Fault::NowhereToSend) {
        fixes.push(Text::new(
            "Capture at the client: whether the response arrives there with Require and RSeq, and whether a PRACK leaves.",
        ));
        let insists = case.near_request().is_some_and(|m| case::lists(&m.message, HeaderName::Require));
        if !insists {
            fixes.push(Text::new(
                "Until that is mended switch 100rel off at one of the two ends: the call does without it.",
            ));
        }
    }
    fixes
}

#[cfg(test)]
mod tests;
