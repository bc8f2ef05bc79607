//! A 400 to a request of which the capture shows what is wrong with it.

use self::fault::{Fault, all};
use crate::call::Call;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::response_facts;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Message, Warning};

mod fault;

pub(super) static RULE: Rule = Rule {
    code: "bad-request-explained",
    summary: "A request was refused with 400, and the capture shows what is wrong with it.",
    severity: Severity::Error,
    references: &["RFC 3261 §21.4.1", "RFC 3261 §7.3.1", "RFC 3261 §8.1.1", "RFC 3261 §25.1"],
    explanation: Explanation {
        what_it_means: "A server answers 400 where it cannot read a request, or where something is missing in it. sipscan reads the request by the \
            grammar of RFC 3261, as it reached the server, and names the first thing that is wrong: the start line, a mandatory header field that is \
            missing or there twice, a malformed address or Via, a CSeq or Content-Length that does not fit. Where the response names a header field, \
            that one is told, and no other.",
        why_it_matters: "Repeating the request does not help: it fails until somebody mends what writes it. Other servers may take the same request, \
            so that the fault looks like one of the server that is strict.",
        likely_causes: "- A client, a script or a test tool writes the header field wrongly, or leaves it out.\n\
            - A border controller or proxy changes the message: headers that are added twice, display names without quotation marks.\n\
            - An application layer gateway in a router changes the body and not Content-Length.",
        how_to_fix: "- Mend what writes the header field that the finding names.\n\
            - Where the request was right as the client sent it, look at the element in between: header manipulation, ALG.",
        how_to_confirm: "The same request gets another response than 400.",
        when_this_is_wrong: "- Nothing is wrong with the request by its grammar: the server means something else, and failed-response tells it.\n\
            - The response names another header field than the one that is wrong: then nothing is said here.\n\
            - It speaks of something else, such as the session description or the number: the same.\n\
            - Where the response names nothing, what is wrong with the request need not be what the server refused: the finding is strong at \
            best, and weak where only Max-Forwards is missing.\n\
            - The request as captured was cut, or another element changed it behind the capture.",
    },
    detect: Detect::of_refusals(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let refused = Refused::by_whom(call, &[400]).into_iter().filter(|case| !case.is_refused_again());
    out.extend(refused.filter_map(|case| finding(&case)));
}

fn finding(case: &Refused<'_>) -> Option<Finding> {
    let request = case.request().filter(|request| !request.message.is_cut())?;
    let named = named(&case.response.message, &request.message);
    let spoken = spoken(&case.response.message);
    let mut faults = all(&request.message).into_iter();
    // Whoever names a header field has another one in mind than the first that is wrong, and so has who speaks of something else.
    let fault = faults.find(|fault| match named.as_slice() {
        [] => spoken.iter().all(|word| is_general(word) || fault.what.to_ascii_lowercase().contains(word.as_str())),
        named => fault.name.is_some_and(|name| named.contains(&name)),
    })?;
    let certainty = match fault.name {
        Some(_) if !named.is_empty() => Certainty::Certain,
        Some(HeaderName::MaxForwards) => Certainty::Weak,
        _ => Certainty::Strong,
    };
    let meaning = Text::new(match certainty {
        Certainty::Certain => "The request is not valid: {fault}. The response names that header field.",
        // A proxy is to take such a request all the same (RFC 3261 §16.3).
        Certainty::Weak => {
            "The request is not valid: {fault}. The response does not say what it refuses; this may be the reason."
        }
        Certainty::Strong => {
            "The request is not valid: {fault}. The response does not say what it refuses; this is the likeliest reason."
        }
    });
    let primary = Evidence::of(case.response, Text::new("{status} response").with("status", case.status()));
    let text = case.text(meaning.with("fault", fault.words()));
    let finding = Finding::new(&RULE, certainty, text, primary)
        .severity(case.severity())
        .evidence(response_facts::evidence(case.response))
        .evidence([Evidence::of(request, "the request")]);
    let cites = (!fault.text.is_empty())
        .then(|| Evidence::at(&request.provenance, "what is wrong with it", fault.text.clone()));
    Some(with_remedies(case, &fault, finding.evidence(cites).evidence(case.passed_on())))
}

fn with_remedies(case: &Refused<'_>, fault: &Fault, finding: Finding) -> Finding {
    let client = case.transaction.client;
    let sent = case.sent().filter(|sent| !sent.message.is_cut());
    let is_altered = sent.is_some_and(|sent| !fault.is_in(&sent.message));
    let finding = if is_altered {
        finding
            .fix(
                Text::new("Mend {relay}: the request of {client} arrived there without this fault.")
                    .with("relay", case.deepest.client)
                    .with("client", client),
            )
            .actor(Actor::at(case.deepest.client, "the operator of the element that altered the request"))
    } else {
        finding
            .fix(
                Text::new(
                    "Mend what writes the request at {client}. If it leaves there otherwise, look for an application layer gateway or a header \
                     manipulation in between.",
                )
                .with("client", client),
            )
            .actor(case.client("the operator or vendor of the element that wrote the request"))
    };
    finding.verify("The same request gets another response than 400.")
}

/// The words of the phrase, and of the texts of Warning and Reason. Numbers, and who writes a Warning, are none.
fn spoken(response: &Message) -> Vec<String> {
    let warnings = response.values(HeaderName::Warning);
    let warnings = warnings.iter().filter_map(|value| Some(Warning::read(value)?.text));
    let reasons = response.reasons().into_iter().filter_map(|reason| reason.text);
    let texts = response.reason_phrase().into_iter().map(|phrase| phrase.to_string()).chain(warnings).chain(reasons);
    let words = |text: String| -> Vec<String> {
        let all = text.split(|c: char| !c.is_alphanumeric() && c != '-');
        all.filter(|word| word.chars().any(char::is_alphabetic)).map(str::to_lowercase).collect()
    };
    texts.flat_map(words).collect()
}

/// Whether a word says no more than 400 does.
fn is_general(word: &str) -> bool {
    const GENERAL: [&str; 53] = [
        "400",
        "a",
        "an",
        "and",
        "bad",
        "be",
        "by",
        "can",
        "cannot",
        "client",
        "could",
        "due",
        "error",
        "errors",
        "failed",
        "failure",
        "fields",
        "format",
        "from",
        "header",
        "headers",
        "illegal",
        "in",
        "incorrect",
        "invalid",
        "is",
        "malformed",
        "mandatory",
        "message",
        "missing",
        "not",
        "of",
        "or",
        "parse",
        "parser",
        "parsing",
        "protocol",
        "received",
        "request",
        "required",
        "server",
        "sip",
        "something",
        "syntax",
        "the",
        "this",
        "to",
        "understood",
        "unspecified",
        "was",
        "wrong",
        "your",
        "field",
    ];
    GENERAL.contains(&word)
}

/// Header fields that the phrase or a Warning names. Words that are ordinary ones as well (to, from, date) count with the word header
/// or field behind them only.
fn named(response: &Message, request: &Message) -> Vec<HeaderName> {
    let mut texts: Vec<String> =
        response.reason_phrase().into_iter().map(|phrase| phrase.to_ascii_lowercase()).collect();
    texts.extend(response.values(HeaderName::Warning).into_iter().map(|value| value.to_ascii_lowercase()));
    let words: Vec<Vec<&str>> = texts
        .iter()
        .map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|w| !w.is_empty()).collect())
        .collect();
    let is_ordinary = |name: &str| !name.contains('-') && !matches!(name, "cseq" | "via" | "contact");
    let names = |name: HeaderName| {
        let name = name.name().to_ascii_lowercase();
        let is_told = |w: &[&str]| {
            w.first() == Some(&name.as_str())
                && (!is_ordinary(&name) || w.get(1).is_some_and(|next| matches!(*next, "header" | "field")))
        };
        words.iter().any(|words| (0..words.len()).any(|at| words.get(at..).is_some_and(is_told)))
    };
    let mut known: Vec<HeaderName> = request.fields_of(|_| true).map(|(name, ..)| name).collect();
    let wanted = [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];
    known.extend(wanted);
    known.extend([HeaderName::Contact, HeaderName::MaxForwards, HeaderName::ContentType, HeaderName::ContentLength]);
    known.retain(|name| names(*name));
    known
}

#[cfg(test)]
mod tests;
