//! A rejected call whose caller withholds the number.

use std::sync::LazyLock;

use crate::call::{Call, CapturedMessage};
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Message, Method};
use crate::words::Words;

pub(super) static RULE: Rule = Rule {
    code: "caller-anonymous",
    summary: "A rejected call withholds the caller's number.",
    severity: Severity::Notice,
    references: &["RFC 3323 §4", "RFC 3325 §9.3", "RFC 5079 §1", "RFC 8197 §6"],
    explanation: Explanation {
        what_it_means: "The INVITE hides who calls (From with `anonymous`, or Privacy with id, user or header), and the \
            call was rejected with 433, 603, 607, 608 or 403. Many subscribers and devices reject such calls as a matter \
            of principle.",
        why_it_matters: "Nobody can put an anonymous caller on a list of wanted ones. And a 607 to an anonymous caller says \
            nothing about a number, so it must not be counted against one.",
        likely_causes: "- The user or exchange withholds the number for every call.\n\
            - The number was lost on the way, and an SBC put `anonymous` in its place.",
        how_to_fix: "- Present the calling number where law and the caller's consent allow it.\n\
            - If the caller did not ask for privacy, look for the element that hides the number.",
        how_to_confirm: "A call that presents its number rings.",
        when_this_is_wrong: "- A reject that has another reason (its Reason header field may say so).\n\
            - `Privacy: none` asks for no privacy at all.\n\
            - Whoever needs to hide the number, such as a shelter, does so on purpose: then the callee must allow it.",
    },
    detect: Detect::of_failures(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(finding(call));
}

fn finding(call: &Call) -> Option<Finding> {
    let response = call.message(call.final_response?)?;
    let status = response.message.status().filter(|s| matches!(s.0, 403 | 433 | 603 | 607 | 608))?;
    let request = call.request(call.decided_by?).filter(|m| m.message.method() == Some(&Method::Invite))?;
    let mark = mark(&request.message)?;
    let message = Text::new("The caller withholds its number ({mark}), and the call was rejected with {status}; many subscribers reject such calls on principle.")
        .with("mark", mark.1)
        .with("status", status);
    let certainty = if status.0 == 433 { Certainty::Certain } else { Certainty::Weak };
    Some(
        Finding::new(&RULE, certainty, message, Evidence::header(request, mark.0, "the hidden caller"))
            .evidence([rejection(response)])
            .actor(Actor::sender(request, "the calling side"))
            .fix("Present the calling number where law and the caller's consent allow it, and call again only if the called party expects it.")
            .fix("If the caller did not ask for privacy, look for the element that hides the number.")
            .verify("A call that presents its number rings."),
    )
}

fn rejection(response: &CapturedMessage) -> Evidence {
    Evidence::of(response, "the rejection")
}

/// What callers are called that are not to be known.
static WORD: LazyLock<Words<'_>> = LazyLock::new(|| Words::new(["anonymous"]));

/// Whether the caller of a request withholds its number.
pub(super) fn hides(message: &Message) -> bool {
    mark(message).is_some()
}

/// What hides the caller.
fn mark(message: &Message) -> Option<(HeaderName, String)> {
    let privacy = message.privacy();
    if let Some(word) = privacy.iter().find(|word| matches!(word.as_str(), "id" | "user" | "header")) {
        return Some((HeaderName::Privacy, format!("Privacy: {word}")));
    }
    // The word is in the URI or in the name, where it may be escaped. Its rarest letter is in few values.
    memchr::memchr3(b'y', b'Y', b'\\', &message.header_bytes(HeaderName::From)?)?;
    let value = message.header(HeaderName::From)?;
    if !value.contains('\\') && !WORD.are_in(&value) {
        return None;
    }
    let from = message.from()?;
    let user = from.uri.user_name().unwrap_or_default();
    let hidden = from.uri.host == "anonymous.invalid"
        || user.eq_ignore_ascii_case("anonymous")
        || from.display_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("anonymous"));
    hidden.then(|| (HeaderName::From, format!("From: {}", from.uri)))
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::check;

    #[test]
    fn hidden_callers_are_told_where_they_were_rejected() {
        let flow = |from: &str, response: &str| {
            format!(
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: {from}\n\n\
                 0.1 p > a tag=t\n{response}\n"
            )
        };
        let (hidden, notice) = ("\"Anonymous\" <sip:anonymous@anonymous.invalid>", Some(Severity::Notice));
        check(
            "caller-anonymous",
            &[
                ("607", &flow(hidden, "607 Unwanted"), notice),
                ("433", &flow(hidden, "433 Anonymity Disallowed"), notice),
                ("declined", &flow(hidden, "603 Decline"), notice),
                (
                    "privacy asked for",
                    &flow("<sip:+12125550101@192.0.2.10>\nPrivacy: id;critical", "607 Unwanted"),
                    notice,
                ),
                ("no privacy", &flow("<sip:+12125550101@192.0.2.10>\nPrivacy: none", "607 Unwanted"), None),
                ("busy", &flow(hidden, "486 Busy Here"), None),
                ("answered", &flow(hidden, "200 OK"), None),
            ],
        );
    }
}
