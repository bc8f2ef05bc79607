//! A redirect that tells the client which header fields to send.

use crate::call::{Call, CapturedMessage, Follow};
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text, platform};
use crate::sip::{HeaderName, Message, Uri, uri::unescaped};

pub(super) static RULE: Rule = Rule {
    code: "redirect-embedded-headers",
    summary: "A Contact with header fields behind a `?`, which the client shall put into its next request.",
    severity: Severity::Warning,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §19.1.1", "RFC 3261 §19.1.5"],
    explanation: Explanation {
        what_it_means: "The Contact ends in `?name=value` parts. A client that follows puts them as header fields into its new \
            request, in place of its own or beside them (RFC 3261 §8.1.3.4). Here a part names routing or identity (Route, \
            From, Identity, P-Asserted-Identity, Diversion and the like), or the client left a part out.",
        why_it_matters: "Parts that are left out are data that the target counts on: it routes or bills the call in another \
            way, or rejects it. Parts that are taken over let whoever sends the redirect choose the caller's identity or the \
            route of the call; RFC 3261 §19.1.5 warns of both.",
        likely_causes: "- A routing or signing server that returns its result (a Route, an Identity) in this form.\n\
            - A client or border controller that takes user and host only, or refuses embedded parts as a policy.\n\
            - A forged redirect that wants the next request to carry a false caller.",
        how_to_fix: "- Decide at the client which embedded parts it takes over, and from whom: those of your own routing \
            server, and no identity or route from anybody else.\n\
            - At the redirecting server: return no parts that its clients do not take over.",
        how_to_confirm: "Call again: the follow-up carries exactly the parts that the policy allows.",
        when_this_is_wrong: "- The client took over harmless parts, such as Subject: that is how they are meant.\n\
            - A `?` in the user part begins no header fields.\n\
            - A border controller between client and capture took the parts out and uses them itself.",
    },
    detect: Detect::of_redirects(detect),
};

/// Header fields that decide who calls, or which way the request goes.
const SENSITIVE: [HeaderName; 16] = [
    HeaderName::From,
    HeaderName::Via,
    HeaderName::Route,
    HeaderName::RecordRoute,
    HeaderName::Contact,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::Identity,
    HeaderName::PAssertedIdentity,
    HeaderName::PPreferredIdentity,
    HeaderName::RemotePartyId,
    HeaderName::Diversion,
    HeaderName::HistoryInfo,
    HeaderName::ReferredBy,
    HeaderName::Authorization,
    HeaderName::ProxyAuthorization,
];

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter_map(|case| finding(&case)));
}

/// One `name=value` part without its escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: String,
    value: String,
}

impl Part {
    fn all(uri: &Uri) -> Vec<Self> {
        let parts = uri.headers.as_deref().unwrap_or_default().split('&').filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                Self { name: unescaped(name), value: unescaped(value) }
            })
            .collect()
    }

    fn header(&self) -> HeaderName {
        HeaderName::read(self.name.as_bytes())
    }

    fn is_sensitive(&self) -> bool {
        SENSITIVE.contains(&self.header())
    }

    /// Whether a request carries it.
    fn is_in(&self, message: &Message) -> bool {
        let value = self.value.trim();
        if self.name.eq_ignore_ascii_case("body") {
            return String::from_utf8_lossy(message.body()).contains(value);
        }
        match self.header() {
            HeaderName::Other => message.other(&self.name).is_some_and(|text| text.contains(value)),
            name => message.headers(name).any(|text| text.contains(value)),
        }
    }

    fn text(&self) -> String {
        format!("`{}: {}`", self.name, self.value)
    }
}

fn list(parts: &[&Part]) -> String {
    parts.iter().map(|part| part.text()).collect::<Vec<_>>().join(", ")
}

/// What a redirect embeds, and what became of it.
struct Embedded<'a> {
    contact: &'a Uri,
    parts: Vec<Part>,
    follow: Option<&'a Follow>,
    request: Option<&'a CapturedMessage>,
}

impl<'a> Embedded<'a> {
    /// The Contact that was followed, or else the first one, if it has parts.
    fn of(case: &RedirectCase<'a>) -> Option<Self> {
        let with_parts = |uri: &&Uri| uri.headers.is_some();
        let followed = case.redirect.follows.iter().find_map(|f| Some((f, case.target_of(f).filter(with_parts)?)));
        let (follow, contact) = match followed {
            Some((follow, uri)) => (Some(follow), uri),
            None if case.redirect.follows.is_empty() => (None, case.targets().find(with_parts)?),
            None => return None,
        };
        let request = follow.and_then(|f| case.call.request(f.transaction));
        Some(Self { contact, parts: Part::all(contact), follow, request })
    }

    fn missing(&self) -> Vec<&Part> {
        let Some(request) = self.request else { return Vec::new() };
        self.parts.iter().filter(|part| !part.is_in(&request.message)).collect()
    }

    /// Parts that decide over identity or route and that the client took over.
    fn obeyed(&self) -> Vec<&Part> {
        let Some(request) = self.request else { return Vec::new() };
        self.parts.iter().filter(|part| part.is_sensitive() && part.is_in(&request.message)).collect()
    }
}

fn finding(case: &RedirectCase<'_>) -> Option<Finding> {
    let embedded = Embedded::of(case)?;
    let missing = embedded.missing();
    let sensitive = embedded.parts.iter().any(Part::is_sensitive);
    if missing.is_empty() && !sensitive {
        return None;
    }
    let critical = !embedded.obeyed().is_empty() && case.leads_away(embedded.contact);
    let finding =
        Finding::new(&RULE, Certainty::Certain, message(case, &embedded, &missing), case.evidence())
            .severity(if critical { Severity::Critical } else { Severity::Warning })
            .evidence(embedded.follow.and_then(|f| case.follow_evidence(f)))
            .evidence(embedded.obeyed().iter().filter_map(|part| {
                Some(Evidence::header(embedded.request?, part.header(), "what the client took over"))
            }));
    Some(with_remedies(finding, case, &missing, critical))
}

fn message(case: &RedirectCase<'_>, embedded: &Embedded<'_>, missing: &[&Part]) -> Text {
    let all: Vec<&Part> = embedded.parts.iter().collect();
    let none = missing.len() == all.len();
    let text = Text::new(match (embedded.request, missing.is_empty()) {
        _ if none => {
            "{server} wants the client at {client} to send {parts} with its next request, and the follow-up left that out."
        }
        (None, _) => {
            "{server} wants the client at {client} to send {parts} with its next request; no such request is in the capture."
        }
        (Some(_), true) => "{server} wants the client at {client} to send {parts} with its next request, and it did.",
        (Some(_), false) => {
            "{server} wants the client at {client} to send {parts} with its next request, and the follow-up lacks {missing}."
        }
    })
    .with("server", case.redirector())
    .with("client", case.client())
    .with("parts", list(&all));
    if none || missing.is_empty() { text } else { text.with("missing", list(missing)) }
}

fn with_remedies(finding: Finding, case: &RedirectCase<'_>, missing: &[&Part], critical: bool) -> Finding {
    let actor = case.client_operator();
    let setting = platform::embedded_headers(actor.software.as_deref());
    let mut finding = finding.actor(actor);
    if critical {
        finding = finding.fix(
            "Refuse embedded header fields of redirects that lead to other domains: they let a third party choose identity \
             and route.",
        );
    }
    if !missing.is_empty() {
        finding =
            finding.fix("Take over the parts that the target needs, or refuse them on purpose and tell its operator.");
    }
    finding = finding.fix("Take over identity and route only from redirect servers on a list of your own.");
    if let Some(setting) = setting {
        finding = finding.fix(setting);
    }
    finding.verify("Call again: the follow-up carries exactly the parts that your policy allows.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, followed, only, redirected};

    fn flow(contact: &str, sent: &str) -> String {
        redirected(&format!("302 Moved\nContact: <{contact}>"), &format!("{}{LATER}", followed(sent, "200 OK")))
    }

    #[test]
    fn lost_and_sensitive_parts_count() {
        let uri = "sip:bob@pbx.corp.example";
        let route = format!("{uri}?Route=%3Csip:edge.corp.example;lr%3E");
        let away = "sip:bob@other.example";
        let from = format!("{away}?P-Asserted-Identity=%3Csip:boss%40other.example%3E");
        let warning = Some(Severity::Warning);
        check(
            RULE.code,
            &[
                ("none", &flow(uri, uri), None),
                ("harmless and sent", &flow(&format!("{uri}?Subject=hello"), &format!("{uri}\nSubject: hello")), None),
                ("harmless and lost", &flow(&format!("{uri}?Subject=hello"), uri), warning),
                ("unknown and lost", &flow(&format!("{uri}?X-Bill=7"), uri), warning),
                ("unknown and sent", &flow(&format!("{uri}?X-Bill=7"), &format!("{uri}\nX-Bill: 7")), None),
                ("a route, refused", &flow(&route, uri), warning),
                ("a route, obeyed", &flow(&route, &format!("{uri}\nRoute: <sip:edge.corp.example;lr>")), warning),
                (
                    "an identity of another domain, obeyed",
                    &flow(&from, &format!("{away}\nP-Asserted-Identity: <sip:boss@other.example>")),
                    Some(Severity::Critical),
                ),
                ("an identity of another domain, refused", &flow(&from, away), warning),
                ("nobody went", &redirected(&format!("302 Moved\nContact: <{route}>"), LATER), warning),
                ("in the user part", &flow("sip:bob?x=y@pbx.corp.example", "sip:bob?x=y@pbx.corp.example"), None),
            ],
        );
        let lost = only(&flow(&route, uri), RULE.code);
        assert!(
            lost.message.to_string().ends_with(
                "to send `Route: <sip:edge.corp.example;lr>` with its next request, and the follow-up left that out."
            ),
            "{}",
            lost.message
        );
        let half = only(&flow(&format!("{uri}?Subject=a&X-Bill=7"), &format!("{uri}\nSubject: a")), RULE.code);
        assert!(half.message.to_string().ends_with("the follow-up lacks `X-Bill: 7`."), "{}", half.message);
    }
}
