//! A 607 to a MESSAGE or SUBSCRIBE.

use crate::call::Call;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::diagnosis::{Certainty, Context, Detect, Explanation, Finding, Rule, Severity, Text};
use crate::sip::Method;

pub(super) static RULE: Rule = Rule {
    code: "unwanted-message",
    summary: "A MESSAGE or SUBSCRIBE, rather than a call, was rejected as unwanted with 607.",
    severity: Severity::Info,
    references: &["RFC 8197 §3", "RFC 3428 §7", "RFC 6665 §4.1"],
    explanation: Explanation {
        what_it_means: "607 may answer any request outside of a dialog. To a MESSAGE it says that the text message is \
            unwanted, as spam usually is; to a SUBSCRIBE that nobody wants to be watched by this subscriber.",
        why_it_matters: "It is a complaint about the sender as one about a call is: providers may count it, and further messages \
            of this sender will most likely meet the same answer.",
        likely_causes: "- The recipient, or the device, has the sender on its block list.\n\
            - Bulk messages without consent.\n\
            - An application subscribes to the presence of people who do not know it.",
        how_to_fix: "- Take the recipient off the list of messages or subscriptions, and stop retries.\n\
            - Where there is consent, use another channel; only the recipient can lift the block.",
        how_to_confirm: "No further MESSAGE or SUBSCRIBE goes from this sender to this recipient.",
        when_this_is_wrong: "- A 607 to INVITE is about a call (unwanted-origin says who sent it).\n\
            - To REGISTER, BYE, CANCEL and PRACK, 607 is a mistake of the server (unwanted-for-wrong-method).\n\
            - Inside of a dialog it only ends the transaction (unwanted-in-dialog).",
    },
    detect: Detect::of_unwanted(detect),
};

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let texts = |case: &&UnwantedCase<'_>| matches!(case.nearest.method, Method::Message | Method::Subscribe);
    out.extend(cx.unwanted_requests().filter(texts).map(|case| finding(case, cx)));
}

fn finding(case: &UnwantedCase<'_>, cx: &Context<'_>) -> Finding {
    let callee = case.callee(&cx.settings.country);
    let message = match case.nearest.method {
        Method::Message => {
            Text::new("{callee} does not want messages of this sender: {sender} answered the MESSAGE with 607.")
        }
        _ => Text::new(
            "{callee} does not want to be watched by this subscriber: {sender} answered the SUBSCRIBE with 607.",
        ),
    };
    Finding::new(
        &RULE,
        Certainty::Certain,
        message.with("callee", &callee).with("sender", case.sender()),
        case.evidence(),
    )
    .evidence(case.related())
    .actor(case.caller())
    .fix(Text::new("Take {callee} off the list of this sender, and stop retries.").with("callee", &callee))
    .fix("Where there is consent, use another channel; only the recipient can lift the block.")
    .verify("No further request of this kind goes from this sender to this recipient.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::check;

    #[test]
    fn messages_and_subscriptions_count() {
        for (method, expected) in [
            ("MESSAGE", Some(Severity::Info)),
            ("SUBSCRIBE", Some(Severity::Info)),
            ("INVITE", None),
            ("OPTIONS", None),
            ("REGISTER", None),
        ] {
            let flow = format!(
                "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\n{method} sip:bob@198.51.100.50\n\n\
                 0.1 p > a tag=t\n607 Unwanted\n"
            );
            check(RULE.code, &[(method, &flow, expected), ("busy", &flow.replace("607 Unwanted", "480 Away"), None)]);
        }
    }
}
