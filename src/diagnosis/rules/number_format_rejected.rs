//! 404 or 484 to a called number that is written in another way than all numbers that the same server takes.

use super::forbidden_explained::deciding;
use super::registration_expired::OfCall;
use crate::call::Call;
use crate::diagnosis::accepted::form::{Form, Place, country_code};
use crate::diagnosis::accepted::{Kind, Look};
use crate::diagnosis::names::Names;
use crate::diagnosis::patterns::scans::names_a_scanner;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, response_facts,
};

pub(super) static RULE: Rule = Rule {
    code: "number-format-rejected",
    summary: "A server does not find a called number that is written in another way than all numbers that it accepts.",
    severity: Severity::Error,
    references: &["RFC 3261 §21.4.5", "RFC 3261 §21.4.22", "RFC 3966 §5.1", "ITU-T E.164"],
    explanation: Explanation {
        what_it_means: "The same telephone number can be written with + and country code, with 00 or 011 in front, as a national number with or without \
            a leading 0, as ten or eleven digits. A server knows the ways that it was configured for, and answers 404 or 484 to others. Here \
            the called number of the refused call is written as no number is to which the same client reached somebody through this server \
            in the capture, although those belong to the same country as far as it can be told.",
        why_it_matters: "404 reads as if the number did not exist. Whoever looks for the called user finds nothing wrong: the number needs another form.",
        likely_causes: "- A new telephone, contact list or application writes numbers with +, and the dial plan does not.\n\
            - A rule that adds or removes the prefix is missing on one of two trunks or routes.\n\
            - After a change of provider numbers are expected in E.164, or as national numbers.",
        how_to_fix: "- Let the client, or the exchange in between, write called numbers as in the accepted calls.\n\
            - Or let the server take both ways: E.164 with + is the one that every other can be made from.\n\
            - Do the same for From and P-Asserted-Identity, as return calls use them.",
        how_to_confirm: "The same number, written as in the accepted calls, is reached.",
        when_this_is_wrong: "- The number may not exist in any form: try it in the form that works.\n\
            - A number in a form that works with another number is none of this, nor are names and short numbers.\n\
            - Calls to another country may have no route at all: they are compared with calls to that country only.\n\
            - Other clients of the same server may have another dial plan, and are not compared.\n\
            - Of a long capture only calls that had ended when the refused one was over are compared.",
    },
    detect: Detect::Compared(Facts::REFUSED, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    if call.is_invite() && call.outcome.is_failure() {
        out.extend(deciding(call, &[404, 484]).and_then(|refused| finding(&refused, cx)));
    }
}

/// Calls from which a difference is hardly chance.
const ENOUGH: u64 = 3;
/// Accepted calls that are cited.
const CITED: usize = 3;

fn finding(refused: &Refused<'_>, cx: &Compared<'_>) -> Option<Finding> {
    // Scanners dial whatever may be there.
    let request = refused.request().filter(|request| !names_a_scanner(request))?;
    let to = refused.response.provenance.flow.source;
    let server = cx.earlier.accepted.by(to)?;
    let names = Names::of(&request.message, &cx.settings.country);
    // Under that number somebody had been registered there.
    if OfCall::of(refused.call, refused.deepest, cx).is_some() {
        return None;
    }
    let look = Look::of(refused.deepest.client.address, &request.message, &names)?;
    let works = |kind: &Kind| kind.called_form == look.called_form;
    // Fewer digits may be the first ones of a number, which 484 asks the others of (RFC 3578).
    let is_whole = look.called_form.is_whole_number() && digits_of(look.called) >= SHORTEST;
    if !is_whole || server.kinds().iter().any(works) {
        return None;
    }
    let alike: Vec<_> =
        server.kinds().iter().filter(|kind| kind.client == look.client && is_comparable(&look, kind)).collect();
    let calls: u64 = alike.iter().map(|kind| kind.calls).sum();
    let first = alike.first()?;
    let certainty = if calls >= ENOUGH { Certainty::Strong } else { Certainty::Weak };
    let text = response_facts::with_own_reason(
        refused.text(message(&look, &alike, (calls, cx.earlier.accepted.are_all()))),
        refused.response,
    );
    let finding = refused.finding(&RULE, certainty, text).evidence(refused.passed_on());
    let what = "a call of the same client that this server accepted";
    let cited = alike.iter().map(|kind| Evidence { what: Text::new(what), ..kind.example.clone() }).take(CITED);
    Some(
        finding
            .evidence(cited)
            .fix(
                Text::new("Write the called number as those that {server} accepts: {form}, such as {example}.")
                    .with("server", to)
                    .with("form", first.called_form.words())
                    .with("example", &*first.called),
            )
            .fix(
                Text::new("Or let {server} take numbers that are written {form} as well.")
                    .with("server", to)
                    .with("form", look.called_form.words()),
            )
            .verify("The same number, written as in the accepted calls, is reached; if it is not, the number itself is unknown there.")
            .actor(refused.client("operator of the client that writes the called number")),
    )
}

/// Whether the numbers of both belong to the same country, as far as it can be told, so that they differ in how they are written.
fn is_comparable(look: &Look<'_>, kind: &Kind) -> bool {
    let begins_with = |digits: &str, code: u16| digits.len() > SHORTEST && country_code(digits) == Some(code);
    kind.called_form.is_whole_number()
        && match (look.place, kind.place) {
            (Place::Country(one), Place::Country(other)) => one == other,
            (Place::Number, Place::Country(code)) => match look.called_form {
                Form::Digits => begins_with(look.called, code),
                // A national number of some country; whoever takes country codes only knows none.
                form => form == Form::TrunkZero,
            },
            (Place::Country(code), Place::Number) => {
                kind.called_form == Form::Digits && begins_with(&kind.called, code)
            }
            _ => false,
        }
}

fn digits_of(called: &str) -> usize {
    called.bytes().filter(u8::is_ascii_digit).count()
}

/// Digits that a number with country code has more of.
const SHORTEST: usize = 9;

/// Of calls that ended before.
const BEFORE: [&str; 2] = [
    "The called number {number} is written {form}. The number of the {n} call of this client that it accepted before in this capture is written \
         {forms}: {example}.",
    "The called number {number} is written {form}. None of the numbers of the {n} calls of this client that it accepted before in this capture is: \
         they are written {forms}, such as {example}.",
];
/// Of all calls of a capture.
const IN_ALL: [&str; 2] = [
    "The called number {number} is written {form}. The number of the {n} call of this client that it accepted in this capture is written \
         {forms}: {example}.",
    "The called number {number} is written {form}. None of the numbers of the {n} calls of this client that it accepted in this capture is: \
         they are written {forms}, such as {example}.",
];

/// `calls`: how many are compared, and whether that is all that were accepted in the capture.
fn message(look: &Look<'_>, alike: &[&Kind], (calls, are_all): (u64, bool)) -> Text {
    let mut forms: Vec<Form> = alike.iter().map(|kind| kind.called_form).collect();
    forms.sort_unstable();
    forms.dedup();
    let forms = Text::list(" or ", forms.into_iter().map(Form::words));
    let example = alike.first().map_or("", |kind| &kind.called);
    let [one, many] = if are_all { IN_ALL } else { BEFORE };
    let text = Text::count(calls, one, many)
        .with("number", look.called)
        .with("form", look.called_form.words())
        .with("forms", forms)
        .with("example", example);
    with_reason(text, (calls < ENOUGH).then(|| Text::new("With so few calls to compare that may be chance.")))
}

#[cfg(test)]
mod tests;
