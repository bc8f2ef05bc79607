//! A registrar that refuses to register a user.

use std::time::Duration;

use crate::call::{Call, CapturedMessage};
use crate::diagnosis::patterns::registered::{Seen, Wanted, record_of};
use crate::diagnosis::patterns::scans::names_a_scanner;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Actor, Certainty, Compared, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text, response_facts,
};
use crate::lang::span;
use crate::provenance::Timestamp;
use crate::sip::uri::unescaped;
use crate::sip::{HeaderName, Message, Method};

mod words;

pub(super) static RULE: Rule = Rule {
    code: "registration-rejected",
    summary: "A registrar refused to register a user: 403, 404, 423 that was not heeded, and the like.",
    severity: Severity::Error,
    references: &["RFC 3261 §10.2.8", "RFC 3261 §10.3", "RFC 3261 §21.4.4"],
    explanation: Explanation {
        what_it_means: "The registrar understood the REGISTER and refuses it. 403: it does not register this user from there, or with these credentials. 404 \
            (and 410, 604): it knows no such user, or does not serve the domain. 423: the client asked for a shorter registration than the registrar allows, and did not \
            ask for a longer one. The finding says for whom, whether credentials were sent, how often the client tried, and whether the same user was registered earlier in \
            the capture.",
        why_it_matters: "Calls to the user find nobody (404 or 480), and many servers refuse its own calls as well. Nothing else in the capture may look wrong: the \
            telephone just shows that it is not registered.",
        likely_causes: "- Wrong user name, password or realm: many registrars answer wrong credentials with 403 or 404, not with a second challenge.\n\
            - The account is not there, is blocked, or belongs to another domain; the telephone registers by the IP address of the server.\n\
            - The address that the request came from is not permitted, or is on a block list after many failures.\n\
            - The client asks for registrations of a minute, to keep NAT open, and the registrar wants longer ones.",
        how_to_fix: "- 403 with credentials: enter user name and password again at the client, and compare them with the account.\n\
            - 403 without: look up in the log of the registrar which rule refused the request.\n\
            - 404: compare To and the domain of the Request-URI with the account, and create the account if they are right.\n\
            - 423: raise the expiry to Min-Expires, and keep NAT open with keep-alives.\n\
            - Let the client wait longer between attempts until then: it looks like somebody who guesses passwords.",
        how_to_confirm: "The next REGISTER is answered 200, and its Contact is among those of the response.",
        when_this_is_wrong: "- 401 and 407 ask for credentials and are no refusal; those that are answered again and again are authentication-loop.\n\
            - 423 after which the client asked for longer is the normal next step, and is not told.\n\
            - Whether a 403 means the credentials only the registrar knows.\n\
            - A client that begins anew under another Call-ID, and is accepted then, is told so, as a warning.\n\
            - REGISTER requests for somebody else (From and To differ), as IMS sends them to application servers, and those of scanners are told as any failed request.\n\
            - Refused requests that take a contact away, or ask which there are, register nobody: they are told as any failed request.\n\
            - 301 and 302 to REGISTER are register-redirected, 405 and 501 extension-unsupported, 503 is of the server and not of the user.",
    },
    detect: Detect::Compared(Facts::REFUSED, detect),
};

/// Statuses by which a registrar decides about the user; others are about the server, the way or the request.
pub(in crate::diagnosis) const STATUSES: [u16; 9] = [403, 404, 410, 423, 600, 603, 604, 606, 608];

const HAS_CHANGED: &str =
    "Earlier in the capture the same user was registered: the account exists, and something has changed since.";

/// Who heeds a 423 does so at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Users of one Call-ID that are told, the last ones: a client has one of its own for each, and a flood has thousands.
const USERS: usize = 8;

/// So many attempts in vain look like somebody who guesses.
const MANY: usize = 3;

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    if call.is_invite() {
        return;
    }
    let all = Refused::by_whom(call, &STATUSES).into_iter().filter_map(|refused| Rejected::of(refused, cx));
    let mut told: Vec<Rejected<'_>> = Vec::new();
    for rejected in all {
        if let Some(first) = told.iter_mut().find(|other| other.is_like(&rejected)) {
            first.again.push(rejected.refused);
        } else {
            if told.len() >= USERS {
                told.remove(0);
            }
            told.push(rejected);
        }
    }
    out.extend(told.iter().map(|rejected| rejected.finding(cx)));
}

/// A refused registration, with further ones that were refused alike.
struct Rejected<'a> {
    refused: Refused<'a>,
    request: &'a CapturedMessage,
    /// The address of record.
    user: String,
    again: Vec<Refused<'a>>,
}

/// What the refusal says of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It says itself that the credentials are wrong.
    WrongCredentials,
    WithCredentials,
    WithoutCredentials,
    Unknown,
    TooBrief,
    Other,
}

impl<'a> Rejected<'a> {
    fn of(refused: Refused<'a>, cx: &Compared<'_>) -> Option<Self> {
        let request = refused.request()?;
        let binds = refused.transaction.method == Method::Register
            && matches!(Wanted::of(&request.message), Some(Wanted::Binding(_)));
        // Who asked for longer then did as it should; what came of that is told by itself.
        let is_heeded = refused.status() == 423 && refused.again().is_some();
        // Of a 423 at the end of the capture nobody knows.
        let server = refused.transaction.server.address;
        let is_open = refused.status() == 423
            && refused.call.registered.is_none()
            && !cx.absence_is_proven(server, refused.response.provenance.time, AT_ONCE);
        // Whoever registers somebody else, as IMS does at application servers, has its own account there; and of scans another finding tells.
        let is_own = is_for_itself(&request.message) && !names_a_scanner(request);
        let user = record_of(&request.message).filter(|_| binds && !is_heeded && !is_open && is_own)?;
        Some(Self { refused, request, user, again: Vec::new() })
    }

    fn is_like(&self, other: &Self) -> bool {
        self.refused.status() == other.refused.status()
            && self.user == other.user
            && self.kind() == other.kind()
            && self.refused.transaction.client.address == other.refused.transaction.client.address
            && self.refused.response.provenance.flow.source == other.refused.response.provenance.flow.source
    }

    fn kind(&self) -> Kind {
        match self.refused.status() {
            403 if self.refused.call.has_credentials(self.refused.deepest) => {
                if names_credentials(&self.refused.response.message) {
                    Kind::WrongCredentials
                } else {
                    Kind::WithCredentials
                }
            }
            403 => Kind::WithoutCredentials,
            404 | 410 | 604 => Kind::Unknown,
            423 => Kind::TooBrief,
            _ => Kind::Other,
        }
    }

    /// The last refusal: what is told of comes from there, as people look at the end of a capture first.
    fn last(&self) -> &Refused<'a> {
        self.again.last().unwrap_or(&self.refused)
    }

    fn finding(&self, cx: &Compared<'_>) -> Finding {
        let last = self.last();
        let before = self.accepted_before(cx);
        let mut text = with_reason(last.text(self.meaning()), self.count());
        let elsewhere = self.accepted_elsewhere();
        if let Some(time) = elsewhere {
            let later = Text::new(
                "{after} later a REGISTER of the same client for that user, under another Call-ID, was accepted.",
            );
            text = with_reason(text, Some(later.with("after", span(time.since(last.response.provenance.time)))));
        } else if self.accepted(|time| time > last.transaction.start).is_some() {
            text = with_reason(text, Some(Text::new("A later REGISTER of the same user was accepted.")));
        } else if before.is_some() {
            text = with_reason(text, Some(Text::new(HAS_CHANGED)));
        }
        let finding = last
            .finding(&RULE, Certainty::Certain, text)
            .evidence(last.passed_on())
            .evidence(
                (!self.again.is_empty()).then(|| Evidence::of(self.refused.response, "the first refusal of this kind")),
            )
            .evidence(before);
        let severity = if elsewhere.is_some() { finding.severity.min(Severity::Warning) } else { finding.severity };
        let finding = finding.severity(severity);
        let finding = response_facts::advice(last.response).into_iter().fold(finding, Finding::fix);
        self.fixes()
            .into_iter()
            .fold(finding, Finding::fix)
            .actor(match self.kind() {
                Kind::TooBrief => last.client("the operator of the client that registers"),
                _ => Actor::sender(
                    last.response,
                    "the operator of the registrar, together with the owner of the account",
                ),
            })
            .verify("The next REGISTER is answered 200, and its Contact is among those of the response.")
    }

    /// When the same client registered the user after all, under another Call-ID.
    fn accepted_elsewhere(&self) -> Option<Timestamp> {
        self.refused.call.registered.filter(|time| *time > self.last().response.provenance.time)
    }

    /// The latest registration of the same user in the same group that was accepted, and was asked for at such a time.
    fn accepted(&self, is_in_time: impl Fn(Timestamp) -> bool) -> Option<Seen> {
        let call = self.refused.call;
        let mut in_time =
            call.transactions.iter().rev().filter(|t| t.method == Method::Register && is_in_time(t.start));
        in_time.find_map(|t| {
            let accepted = t.finals.iter().find(|f| f.status.is_success()).and_then(|f| call.message(f.message))?;
            let request = &call.message(t.request?)?.message;
            let binds = matches!(Wanted::of(request), Some(Wanted::Binding(_)));
            (binds && record_of(request).as_deref() == Some(&*self.user)).then(|| Seen::of(accepted))
        })
    }

    /// The latest registration of the same user that was accepted before the first of these.
    fn accepted_before(&self, cx: &Compared<'_>) -> Option<Evidence> {
        let start = self.refused.transaction.start;
        let seen = self.accepted(|time| time < start);
        let seen = seen.or_else(|| cx.earlier.registered.accepted_before(&self.user, start))?;
        Some(seen.evidence("the response to an earlier REGISTER of the same user, which was accepted"))
    }
}

/// Whether a REGISTER comes from the user that it is for.
pub(super) fn is_for_itself(request: &Message) -> bool {
    let Some((from, to)) = request.party(HeaderName::From).zip(request.party(HeaderName::To)) else { return true };
    let (from, to) = (from.user_name(), to.user_name());
    // Escaped or not, a user is the same (RFC 3261 §19.1.4).
    from == to || from.map(unescaped) == to.map(unescaped)
}

/// Whether the reason phrase says that the credentials are wrong.
fn names_credentials(response: &Message) -> bool {
    let phrase = response.reason_phrase().unwrap_or_default().to_ascii_lowercase();
    ["password", "credential", "authenticat"].iter().any(|word| phrase.contains(word))
}

#[cfg(test)]
mod tests;
