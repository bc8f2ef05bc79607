//! What is wrong with a request.

use crate::anomaly::Anomaly;
use crate::diagnosis::Text;
use crate::sip::{HeaderName, Message, Method, lint};

/// A fault, with the header field that has it and its text as captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: &'static str,
    /// The header field; `None` where it is the start line or the header as a whole.
    pub(super) name: Option<HeaderName>,
    pub(super) text: String,
}

const MANDATORY: [HeaderName; 5] =
    [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];

/// All that is wrong, what a parser meets first before the rest. What every parser takes is left out: blank lines in front, bare line feeds,
/// branches of RFC 2543.
pub(super) fn all(request: &Message) -> Vec<Fault> {
    let has = |anomaly| request.anomalies().contains(&anomaly);
    let of_line = |what| Fault { what, name: None, text: request.start_line().into_owned() };
    let of_field = |what, name| {
        let line = request.header_line(name).map(|line| String::from_utf8_lossy(line).into_owned());
        Fault { what, name: Some(name), text: line.unwrap_or_default() }
    };
    let on = |holds: bool, fault: &dyn Fn() -> Fault| holds.then(fault);
    let mut faults: Vec<Fault> = Vec::new();
    faults.extend(on(has(Anomaly::StartLineMalformed), &|| {
        of_line("its start line is not that of a request (RFC 3261 §7.1)")
    }));
    faults.extend(on(has(Anomaly::VersionUnsupported), &|| of_line("its version is not SIP/2.0")));
    faults.extend(on(has(Anomaly::RequestUriMalformed), &|| of_line("its Request-URI is malformed")));
    faults.extend(on(has(Anomaly::HeadersUnterminated), &|| of_line("no empty line ends its header")));
    faults.extend(on(has(Anomaly::HeaderFieldMalformed), &|| Fault {
        text: no_field(request),
        ..of_line("a line of its header is no header field")
    }));
    faults.extend(
        MANDATORY.into_iter().filter(|name| !request.has(*name)).map(|name| of_field("{name} is missing", name)),
    );
    faults.extend(in_values(request));
    faults.extend(on(has(Anomaly::CSeqInvalid), &|| of_field("{name} is not a number and a method", HeaderName::CSeq)));
    faults.extend(on(has(Anomaly::CSeqMethodMismatch), &|| {
        of_field("the method of {name} is not that of the request", HeaderName::CSeq)
    }));
    let length = [Anomaly::ContentLengthTooLong, Anomaly::ContentLengthTooShort, Anomaly::ContentLengthInvalid];
    faults.extend(on(length.into_iter().any(has), &|| {
        of_field("{name} does not fit the body", HeaderName::ContentLength)
    }));
    faults.extend(left_out(request).into_iter().map(|(what, name)| of_field(what, name)));
    faults
}

/// What is wrong with values of header fields, and which of them are there too often.
fn in_values(request: &Message) -> Vec<Fault> {
    let mut seen: Vec<HeaderName> = Vec::new();
    let mut faults = Vec::new();
    for (name, written, value) in request.fields_of(|_| true) {
        let what = match lint::of_value(name, &value) {
            Some(Anomaly::QuoteUnbalanced) => Some("a quoted string in {name} is not closed"),
            Some(Anomaly::ParameterMalformed) => Some("a parameter in {name} is empty, or there twice"),
            Some(_) => Some("{name} is malformed"),
            None if lint::is_single(name) && seen.contains(&name) => Some("{name} is there more than once"),
            None => None,
        };
        seen.push(name);
        let text = || [&*written, ": ", &*value].concat();
        faults.extend(what.map(|what| Fault { what, name: Some(name), text: text() }));
    }
    faults
}

/// What a request of its kind must have (RFC 3261 §8.1.1), and that its grammar does not show.
fn left_out(request: &Message) -> Vec<(&'static str, HeaderName)> {
    let begins = request.method() == Some(&Method::Invite);
    let has_tag = request.from().is_none_or(|from| from.params.value("tag").is_some());
    let mut faults = Vec::new();
    if request.method() == Some(&Method::Register) && misuses_star(request) {
        faults.push((
            "{name} is *, which a REGISTER may have with Expires: 0 alone and with no other address beside it (RFC 3261 §10.2.2)",
            HeaderName::Contact,
        ));
    }
    if !has_tag {
        faults.push(("{name} has no tag (RFC 3261 §8.1.1.3)", HeaderName::From));
    }
    if begins && !request.has(HeaderName::Contact) {
        faults.push(("{name} is missing, which an INVITE must have (RFC 3261 §8.1.1.8)", HeaderName::Contact));
    }
    if !request.body().is_empty() && !request.has(HeaderName::ContentType) {
        faults.push(("{name} is missing, though there is a body (RFC 3261 §20.15)", HeaderName::ContentType));
    }
    if !request.has(HeaderName::MaxForwards) {
        faults.push(("{name} is missing (RFC 3261 §8.1.1)", HeaderName::MaxForwards));
    }
    faults
}

/// Whether a REGISTER asks to remove all bindings (`Contact: *`) in a way that a registrar must refuse with 400 (RFC 3261 §10.3, step 6).
fn misuses_star(request: &Message) -> bool {
    let contacts = request.values(HeaderName::Contact);
    let has_star = contacts.iter().any(|value| value.trim() == "*");
    let is_zero = || request.header(HeaderName::Expires).is_some_and(|value| value.trim().parse() == Ok(0_u32));
    has_star && (contacts.len() > 1 || !is_zero())
}

/// The first line that is neither a header field nor goes on with one.
fn no_field(request: &Message) -> String {
    let text = String::from_utf8_lossy(request.raw());
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.lines().skip(1);
    lines.find(|line| !line.contains(':') && !line.starts_with([' ', '\t'])).unwrap_or_default().to_owned()
}

impl Fault {
    /// It in words.
    pub(super) fn words(&self) -> Text {
        let text = Text::new(self.what);
        match self.name {
            Some(name) => text.with("name", name.name()),
            None => text,
        }
    }

    /// Whether another request has it as well.
    pub(super) fn is_in(&self, other: &Message) -> bool {
        all(other).iter().any(|fault| (fault.what, fault.name) == (self.what, self.name))
    }
}
