//! A 603 Network Blocked that does not say where to ask for redress.

use crate::call::network_block::{NetworkBlock, Redress};
use crate::call::redress::RedressContact;
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::rejections;
use crate::diagnosis::response_facts::places;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "network-blocked-incomplete",
    summary: "A 603 Network Blocked (603+) lacks the data by which the caller can ask for redress.",
    severity: Severity::Warning,
    references: &["ATIS-1000099", "47 CFR 64.1200(k)(9)", "RFC 3326 §2", "RFC 8606 §4"],
    explanation: Explanation {
        what_it_means: "The phrase says that a provider's analytics blocked the call (603+). Such a response must explain \
            itself in a Reason header field: \
            `SIP;cause=603;text=\"v=analytics1;url=https://...;id=...\";location=LN`, with at least one of url, tel and \
            email as contact, in a form that can be used. From the telephone network (ISUP) it comes as `Q.850;cause=21`. \
            Here one or more of these are missing.",
        why_it_matters: "The caller learns that it was blocked, but not whom to ask. Wrongly blocked callers then try \
            other routes and other numbers, which makes their score worse.",
        likely_causes: "- The analytics service or switch sets the phrase but is not configured with its contact.\n\
            - An element on the way rebuilt the response and dropped or shortened the Reason header field.\n\
            - Quotes were lost, so that the semicolons of the text cut it into parameters.\n\
            - The block crossed the telephone network (ISUP), which has cause 21 for it and no room for the contact; a gateway \
            made a 603 of it again.",
        how_to_fix: "- At the blocking provider: send Reason with protocol SIP, cause 603, a quoted text with `v=` and \
            url, tel or email, and the location.\n\
            - At every element on the way: pass reason phrase and Reason on unaltered.\n\
            - At the caller: ask the operator of the element that answered; quote Call-ID, time and both numbers.",
        how_to_confirm: "A blocked call gets 603 Network Blocked whose Reason shows `v=`, a contact and a location, at \
            the caller's own switch too.",
        when_this_is_wrong: "- A person's 603 Decline needs no Reason at all; only the phrase Network Blocked makes it a \
            603+.\n\
            - The Reason was complete where it was sent, and was dropped between that place and the capture: the \
            finding names the element nearest to the sender that was captured.",
    },
    detect: Detect::of_rejections(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(rejections::with_status(call, StatusCode(603)).filter_map(|(_, response)| finding(response)));
}

fn finding(response: &CapturedMessage) -> Option<Finding> {
    let block = NetworkBlock::of(&response.message).filter(|block| block.phrase)?;
    let missing = missing(block.redress.as_ref());
    if missing.is_empty() || response.message.is_cut() {
        return None;
    }
    let message = Text::new(
        "{sender} blocked the call with 603 Network Blocked but does not say where to ask for redress in full; missing: \
         {missing}.",
    )
    .with("sender", element(response))
    .with("missing", Text::list(", ", missing.into_iter().map(Text::new)));
    let reason = response.message.header_bytes(HeaderName::Reason);
    let finding = Finding::new(&RULE, Certainty::Certain, message, Evidence::of(response, "603 response"))
        .evidence(reason.map(|_| Evidence::header(response, HeaderName::Reason, "what it says of itself")))
        .actor(Actor::sender(response, "operator of the blocking network"))
        .fix(
            "Complete the Reason header field: `SIP;cause=603;text=\"v=analytics1;url=...;id=...\";location=...`, with \
             url, tel or email as contact, and have every element pass it on unaltered.",
        )
        .fix(match contact(response) {
            Some(contact) => Text::new("At the caller: ask at {contact}.").with("contact", contact),
            None => Text::new(
                "At the caller: ask the operator of {sender} for its contact for blocked callers; quote Call-ID, time and \
                 both numbers.",
            )
            .with("sender", response.provenance.flow.source),
        })
        .verify("The next blocked call carries a Reason with `v=`, a contact and a location.");
    Some(finding)
}

fn missing(redress: Option<&Redress>) -> Vec<&'static str> {
    let Some(redress) = redress else { return vec!["the Reason header field"] };
    let parts = [
        (redress.has_cause(), "cause 603 of protocol SIP (or cause 21 of Q.850) in Reason"),
        (redress.version.is_some(), "`v=` in the text of Reason"),
        (!redress.is_unquoted, "quotation marks around the text of Reason"),
        (redress.has_contact(), "url, tel or email in the text of Reason"),
        (has_usable_contact(redress), "a contact that can be used as it is written"),
        (redress.location.is_some(), "the location of Reason"),
    ];
    parts.into_iter().filter(|(there, _)| !there).map(|(_, name)| name).collect()
}

/// Whether one of the contacts has the form of what it is; also where there is none, which is another fault.
fn has_usable_contact(redress: &Redress) -> bool {
    let web = |url: &String| {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        matches!(scheme.to_ascii_lowercase().as_str(), "https" | "http") && !rest.is_empty()
    };
    let number = |tel: &String| tel.bytes().filter(u8::is_ascii_digit).count() >= 3;
    let mailbox =
        |email: &String| email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    !redress.has_contact()
        || redress.url.as_ref().is_some_and(web)
        || redress.tel.as_ref().is_some_and(number)
        || redress.email.as_ref().is_some_and(mailbox)
}

/// The contact with the reference to quote there, whole.
fn contact(response: &CapturedMessage) -> Option<Text> {
    let contact = RedressContact::of(&response.message)?;
    let places = places(&contact);
    Some(match &contact.id {
        Some(id) => Text::new("{place}, reference {id}").with("place", places).with("id", id),
        None => places,
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::testing::{check, with_code};

    const CODE: &str = "network-blocked-incomplete";

    fn flow(response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn every_part_of_the_redress_data_is_asked_for() {
        let whole = "SIP;cause=603;text=\"v=analytics1;url=https://redress.example.com/r;id=AB12\";location=LN";
        for (reason, missing) in [
            ("", Some("the Reason header field")),
            (whole, None),
            ("Q.850;cause=21;text=\"v=analytics1;tel=+12155550100\";location=LN", None),
            (
                "SIP;cause=607;text=\"v=analytics1;tel=+12155550100\";location=LN",
                Some("cause 603 of protocol SIP (or cause 21 of Q.850) in Reason"),
            ),
            (
                "SIP;cause=603;text=v=analytics1;url=https://redress.example.com/r;location=LN",
                Some("quotation marks around the text of Reason"),
            ),
            (
                "SIP;cause=603;text=\"v=analytics1;url=redress.example.com;email=us\";location=LN",
                Some("a contact that can be used as it is written"),
            ),
            ("SIP;cause=603;text=\"v=analytics1;url=redress.example.com;email=us@example.com\";location=LN", None),
            ("SIP;cause=603;text=\"v=analytics1;url=https://redress.example.com/r\"", Some("the location of Reason")),
            (
                "SIP;cause=603;text=\"v=analytics1;id=AB12\";location=LN",
                Some("url, tel or email in the text of Reason"),
            ),
            (
                "SIP;cause=603;text=\"blocked\"",
                Some("`v=` in the text of Reason, url, tel or email in the text of Reason, the location of Reason"),
            ),
        ] {
            let line = if reason.is_empty() { String::new() } else { format!("\nReason: {reason}") };
            let found = with_code(&flow(&format!("603 Network Blocked{line}")), CODE);
            let said: Vec<_> = found.iter().map(|f| f.message.to_string()).collect();
            match missing {
                Some(missing) => {
                    assert!(said.len() == 1 && said[0].ends_with(&format!("missing: {missing}.")), "{said:?}");
                }
                None => assert_eq!(said, Vec::<String>::new(), "{reason}"),
            }
        }
    }

    #[test]
    fn a_contact_that_is_there_is_printed_whole() {
        let text = "603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://redress.example.com/r;id=AB12\"";
        let found = with_code(&flow(text), CODE);
        assert_eq!(
            found[0].remediation[1].to_string(),
            "At the caller: ask at https://redress.example.com/r, reference AB12."
        );
        assert_eq!(found[0].evidence[1].text, text.split_once('\n').unwrap().1);
    }

    #[test]
    fn other_rejections_need_no_redress_data() {
        check(
            CODE,
            &[
                ("a person", &flow("603 Decline"), None),
                ("another phrase", &flow("603 Spam"), None),
                ("another status", &flow("608 Network Blocked"), None),
                ("any case", &flow("603 NETWORK BLOCKED"), Some(Severity::Warning)),
            ],
        );
    }
}
