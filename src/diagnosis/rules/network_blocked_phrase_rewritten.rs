//! A 603+ that lost its phrase.

use crate::call::network_block::NetworkBlock;
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::rejections;
use crate::diagnosis::response_facts;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "network-blocked-phrase-rewritten",
    summary: "A 603 carries the data of a block by a network (603+) under another phrase than Network Blocked.",
    severity: Severity::Warning,
    references: &["ATIS-1000099", "47 CFR 64.1200(k)(9)", "RFC 3261 §7.2"],
    explanation: Explanation {
        what_it_means: "The Reason header field of the 603 says that a provider's analytics blocked the call \
            (`text=\"v=analytics1;...\"`), but the reason phrase is another one, mostly Decline. Phrase and Reason together \
            make a 603+, and both must reach the caller unaltered.",
        why_it_matters: "Switches and reports that go by the phrase count the call as declined by a person, and nobody looks \
            for the contact for redress that the response carries.",
        likely_causes: "- An element on the way writes the standard phrase of each status into responses that it passes on.\n\
            - The blocking service sets the Reason and leaves the phrase to its SIP stack.",
        how_to_fix: "- At the element that rebuilds responses: pass the reason phrase of a 603 on as it came.\n\
            - At the blocking service: send `603 Network Blocked`.\n\
            - At the caller: use the contact in the Reason header field all the same.",
        how_to_confirm: "The next blocked call shows `603 Network Blocked` on every hop.",
        when_this_is_wrong: "- A person's 603 has no Reason with `v=analytics`.\n\
            - The phrase is free text for people, and stacks may write what they like; only 603+ gives it a meaning.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(rejections::with_status(call, StatusCode(603)).filter_map(|(_, response)| finding(response)));
}

fn finding(response: &CapturedMessage) -> Option<Finding> {
    let block = NetworkBlock::of(&response.message).filter(|block| !block.phrase)?;
    let version = block.redress?.version.filter(|v| v.to_ascii_lowercase().starts_with("analytics"))?;
    let phrase = response.message.reason_phrase().unwrap_or_default();
    let message = Text::new(
        "{sender} answered 603 with the phrase \"{phrase}\" although its Reason says that a network's analytics blocked the call \
         ({version}): the phrase must be Network Blocked.",
    )
    .with("sender", element(response))
    .with("phrase", phrase.trim())
    .with("version", version);
    let mut finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(response, "603 response"))
        .evidence([Evidence::header(response, HeaderName::Reason, "what it says of itself")])
        .actor(Actor::sender(response, "operator of the element that sent the 603 or passed it on"))
        .fix("Pass the phrase Network Blocked on as it came, or send it where the block is decided.");
    if let Some(redress) = response_facts::redress(response) {
        finding = finding.fix(redress);
    }
    Some(finding.verify("The next blocked call shows `603 Network Blocked` on every hop."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    fn flow(response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn data_without_phrase_is_told() {
        let reason =
            "Reason: SIP;cause=603;text=\"v=analytics1;url=https://redress.example.com/r;id=AB12\";location=LN";
        for (response, expected) in [
            (format!("603 Decline\n{reason}"), Some(Severity::Warning)),
            (format!("603 Declined\n{reason}"), Some(Severity::Warning)),
            (format!("603 \n{reason}"), Some(Severity::Warning)),
            (format!("603 Network Blocked\n{reason}"), None),
            ("603 Decline\nReason: Q.850;cause=21".to_owned(), None),
            ("603 Spam".to_owned(), None),
            (format!("607 Unwanted\n{reason}"), None),
        ] {
            check(RULE.code, &[(&response, &flow(&response), expected)]);
        }
    }

    #[test]
    fn the_contact_is_named_all_the_same() {
        let response = "603 Decline\nReason: SIP;cause=603;text=\"v=analytics1;email=redress@example.com;id=AB12\"";
        let finding = only(&flow(response), RULE.code);
        assert!(finding.message.to_string().contains("\"Decline\""));
        assert_eq!(
            finding.remediation[1].to_string(),
            "Ask the blocking provider for redress at redress@example.com, and quote AB12."
        );
    }
}
