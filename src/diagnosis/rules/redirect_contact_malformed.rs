//! A redirect whose Contact cannot be used as a URI.

use crate::call::{Call, RedirectContact, Transaction};
use crate::diagnosis::redirect_case::{End, RedirectCase, end_of};
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::provenance::Transport;
use crate::sip::HeaderName;

pub(super) static RULE: Rule = Rule {
    code: "redirect-contact-malformed",
    summary: "A 3xx response whose Contact is empty, `*`, or cannot be read as a URI.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §20.10", "RFC 3261 §25.1"],
    explanation: Explanation {
        what_it_means: "The redirect has a Contact header field, but what stands in it is no usable URI: it is empty, \
            `*`, has no host, has a port that does not exist, lacks a second quotation mark or bracket, holds characters that a URI may not have, or its `?` or `;` parts stand outside of \
            angle brackets, where they belong to the header field and not to the URI (RFC 3261 §20.10).",
        why_it_matters: "Strict clients ignore such a Contact and the call ends. Lenient ones guess, each in its own \
            way: the same redirect works with one telephone and fails with the next.",
        likely_causes: "- A script or template that puts the URI together from parts, one of which was empty.\n\
            - A display name with a comma or angle bracket that is not quoted.\n\
            - A URI with parameters written without `<` and `>`.\n\
            - A user part with blanks or letters outside of ASCII that were not escaped.",
        how_to_fix: "- At the redirecting server: write the URI in angle brackets, `<sip:user@host;transport=udp>`, and \
            escape characters that RFC 3261 §25.1 does not allow.\n\
            - Test the template with users whose data are incomplete.",
        how_to_confirm: "Call again: the Contact reads as a URI, and a second INVITE goes to it.",
        when_this_is_wrong: "- A URI without angle brackets is legal as long as it has no `?`, `,` or `;` of its own; \
            `;q=` and `;expires=` behind it belong to the header field and are right there.\n\
            - `Contact: *` is legal in a REGISTER request; only in a redirect it means nothing.",
    },
    detect: Detect::of_redirects(detect),
};

/// URI parameters (RFC 3261 §19.1.1) that change where a request goes, and mean nothing behind the URI.
const URI_PARAMETERS: [&str; 6] = ["transport", "maddr", "lr", "user", "ttl", "method"];

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    for case in
        RedirectCase::of_initial_requests(call).filter(|case| case.offers_contacts() && !case.response.message.is_cut())
    {
        if let Some((raw, fault)) = first_fault(&case) {
            out.push(finding(case, raw, fault, cx));
        }
    }
}

/// Whether none of the Contacts can be used, though there are some.
pub(super) fn nothing_usable(case: &RedirectCase<'_>) -> bool {
    first_fault(case).is_some() && case.redirect.contacts.iter().all(|c| fault(c).is_some_and(Fault::is_fatal))
}

/// Whether a client can use the Contact as far as its form goes.
pub(in crate::diagnosis) fn is_usable(contact: &RedirectContact) -> bool {
    !fault(contact).is_some_and(Fault::is_fatal)
}

/// What is wrong with a Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Empty,
    Star,
    Unreadable,
    ImpossiblePort,
    OpenQuotation,
    OpenBracket,
    IllegalCharacters,
    HeadersOutside,
    ParametersOutside,
}

impl Fault {
    /// Whether a strict client cannot use the value at all.
    fn is_fatal(self) -> bool {
        self != Self::ParametersOutside
    }

    fn words(self) -> &'static str {
        match self {
            Self::Empty => "it is empty",
            Self::Star => "`*` names no address outside of REGISTER",
            Self::Unreadable => "it has no URI with a scheme and a host",
            Self::ImpossiblePort => "the URI has a port that does not exist: ports are 1 to 65535",
            Self::OpenQuotation => "a quotation mark has no second one",
            Self::OpenBracket => "`<` has no `>`",
            Self::IllegalCharacters => "the URI holds blanks or other characters that must be escaped",
            Self::HeadersOutside => "the URI has a `?` part but no angle brackets around it",
            Self::ParametersOutside => {
                "parameters of the URI stand outside of angle brackets, so that they belong to the header field"
            }
        }
    }
}

fn first_fault<'a>(case: &RedirectCase<'a>) -> Option<(&'a str, Fault)> {
    case.redirect.contacts.iter().find_map(|c| Some((c.raw.as_str(), fault(c)?)))
}

fn fault(contact: &RedirectContact) -> Option<Fault> {
    match contact.raw.trim() {
        "" => return Some(Fault::Empty),
        "*" => return Some(Fault::Star),
        raw => {
            if let Some(fault) = open_end(raw) {
                return Some(fault);
            }
        }
    }
    let Some(address) = &contact.address else {
        return Some(if has_large_port(&contact.raw) { Fault::ImpossiblePort } else { Fault::Unreadable });
    };
    if address.uri.is_sip() && address.uri.port == Some(0) {
        return Some(Fault::ImpossiblePort);
    }
    if address.uri.is_sip() && address.uri.has_illegal_characters() {
        return Some(Fault::IllegalCharacters);
    }
    if address.bracketed || !address.uri.is_sip() {
        return None;
    }
    if address.uri.headers.is_some() {
        return Some(Fault::HeadersOutside);
    }
    URI_PARAMETERS.iter().any(|p| address.params.has(p)).then_some(Fault::ParametersOutside)
}

/// What is opened and not closed: a strict client reads to the end of the line, and finds no URI.
fn open_end(raw: &str) -> Option<Fault> {
    let (mut quoted, mut escaped, mut inside) = (false, false, false);
    for octet in raw.bytes() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !inside => quoted = !quoted,
            b'<' if !quoted => inside = true,
            b'>' if !quoted => inside = false,
            _ => {}
        }
    }
    if quoted { Some(Fault::OpenQuotation) } else { inside.then_some(Fault::OpenBracket) }
}

/// Whether the host is followed by a number that is too large for a port, so that the URI cannot be read.
fn has_large_port(raw: &str) -> bool {
    let host = raw.split(['>', ';', '?']).next().unwrap_or_default();
    let digits = host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    // A URI that ends in a number otherwise, as sip:12, is one with a host.
    digits.is_some_and(|port| port.trim_start_matches('0').len() >= 5 && port.parse::<u16>().is_err())
}

/// A Contact that most likely meant another transport than UDP, and how the request to it ended that went over UDP, as the Contact is to be read.
struct Misread<'a> {
    transport: String,
    sent: &'a Transaction,
}

impl<'a> Misread<'a> {
    fn of(case: &RedirectCase<'a>, cx: &Context<'_>) -> Option<Self> {
        if case.reached().is_some() {
            return None;
        }
        case.redirect.follows.iter().find_map(|follow| {
            let contact = case.redirect.contacts.get(follow.contact)?;
            let is_outside = fault(contact) == Some(Fault::ParametersOutside);
            let transport = contact.address.as_ref().filter(|_| is_outside)?.params.value("transport")?;
            let sent = case.call.transaction(follow.transaction)?;
            let over = case.call.message(sent.request?)?.provenance.flow.transport;
            let is_silent = matches!(end_of(case.call, follow.transaction, cx), End::Silence);
            let is_other = over == Transport::Udp && !transport.eq_ignore_ascii_case("udp");
            (is_other && is_silent).then(|| Self { transport: transport.to_ascii_uppercase(), sent })
        })
    }

    fn told(&self, message: Text) -> Text {
        let reason = Text::new(
            "The client sent UDP to {endpoint}, as is right for a Contact written so (RFC 3261 §20.10), and got no answer: most likely {transport} was meant.",
        );
        with_reason(message, Some(reason.with("endpoint", self.sent.server).with("transport", &self.transport)))
    }
}

fn finding(case: RedirectCase<'_>, raw: &str, fault: Fault, cx: &Context<'_>) -> Finding {
    let message = Text::new("{server} answered {status} with the Contact `{contact}`, which is malformed: {fault}.")
        .with("server", case.redirector())
        .with("status", case.redirect.status)
        .with("contact", raw)
        .with("fault", Text::new(fault.words()));
    let misread = Misread::of(&case, cx);
    let message = misread.iter().fold(message, |message, misread| misread.told(message));
    let severity = match (nothing_usable(&case), fault.is_fatal()) {
        _ if misread.is_some() => case.severity(),
        (true, _) => case.severity(),
        (false, true) => Severity::Notice,
        (false, false) if case.call_got_through() => Severity::Notice,
        (false, false) => Severity::Warning,
    };
    let primary = Evidence::header(
        case.response,
        HeaderName::Contact,
        Text::new("{status} response").with("status", case.redirect.status),
    );
    Finding::new(&RULE, Certainty::Certain, message, primary)
        .severity(severity)
        .evidence(
            misread.and_then(|misread| Some(Evidence::of(case.call.message(misread.sent.request?)?, "the follow-up"))),
        )
        .evidence(case.request_evidence())
        .actor(case.operator())
        .fix("Correct the script or template that builds the Contact: a full URI in angle brackets, `<sip:user@host>`.")
        .verify(case.verification("Call again: the Contact reads as a URI, and a second INVITE goes to it."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, diagnose, followed, only, redirected};

    #[test]
    fn unusable_contacts_are_told_from_odd_ones() {
        let with = |contact: &str, rest: &str| redirected(&format!("302 Moved Temporarily\nContact: {contact}"), rest);
        let answered = followed("sip:bob@new.example", "200 OK");
        check(
            RULE.code,
            &[
                ("star", &with("*", LATER), Some(Severity::Error)),
                ("empty", &with("", LATER), Some(Severity::Error)),
                ("no host", &with("<sip:bob@>", LATER), Some(Severity::Error)),
                ("port 0", &with("<sip:bob@new.example:0>", LATER), Some(Severity::Error)),
                ("a port that is too large", &with("<sip:bob@new.example:70000>", LATER), Some(Severity::Error)),
                ("the largest port", &with("<sip:bob@new.example:65535>", LATER), None),
                ("an open quotation", &with("\"Bob <sip:bob@new.example>", LATER), Some(Severity::Error)),
                ("an open bracket", &with("<sip:bob@new.example", LATER), Some(Severity::Error)),
                ("closed", &with(r#""Bob \" <x" <sip:bob@new.example>;text="a>b""#, LATER), None),
                ("no scheme", &with("<bob@new.example>", LATER), Some(Severity::Error)),
                ("blank in the user", &with("<sip:bob smith@new.example>", LATER), Some(Severity::Error)),
                (
                    "header parts outside of brackets",
                    &with("sip:bob@new.example?Subject=x", LATER),
                    Some(Severity::Error),
                ),
                (
                    "parameter outside of brackets",
                    &with("sip:bob@new.example;transport=udp", &answered),
                    Some(Severity::Notice),
                ),
                ("one of two is usable", &with("*, <sip:bob@new.example>", &answered), Some(Severity::Notice)),
                ("q belongs outside", &with("sip:bob@new.example;q=0.5", &answered), None),
                ("brackets", &with("<sip:bob@new.example;transport=udp>;q=0.5", &answered), None),
                ("another scheme", &with("<mailto:bob@new.example>", LATER), None),
            ],
        );
    }

    #[test]
    fn a_transport_outside_of_brackets_is_why_nobody_answers_over_udp() {
        const ALL: &str = " repeat=0.5,1.5,3.5,7.5,15.5,31.5";
        let flow = |contact: &str, to: &str, rest: &str| {
            redirected(
                &format!("302 Moved Temporarily\nContact: {contact}"),
                &format!("0.03 pbx > new{to}\nINVITE sip:bob@203.0.113.40\n\n{rest}{LATER}"),
            )
        };
        let outside = "sip:bob@203.0.113.40;transport=tcp";
        let answered = "0.1 new > pbx\n486 Busy Here\n\n0.11 pbx > new\nACK\n\n";
        for (name, flow, is_told) in [
            ("silent", flow(outside, ALL, ""), true),
            ("answered", flow(outside, "", answered), false),
            ("sent over TCP", flow(outside, " tcp", ""), false),
            ("UDP was meant", flow("sip:bob@203.0.113.40;transport=udp", ALL, ""), false),
            ("another parameter", flow("sip:bob@203.0.113.40;user=phone", ALL, ""), false),
        ] {
            let finding = only(&flow, RULE.code);
            assert_eq!(
                finding.message.to_string().contains("most likely TCP was meant"),
                is_told,
                "{name}: {}",
                finding.message
            );
            assert_eq!(finding.severity == Severity::Error, is_told, "{name}");
            let root = diagnose(&flow).calls[0].root_cause;
            assert_eq!(root == Some(RULE.code), is_told, "{name}: {root:?}");
        }
    }
}
