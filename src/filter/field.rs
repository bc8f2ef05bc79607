//! The fields of a call that expressions compare.

use std::borrow::Cow;
use std::time::Duration;

use super::wanted::Relation;
use crate::call::{Call, OutcomeDetail};
use crate::diagnosis::{CallReport, Severity};
use crate::provenance::{Endpoint, Timestamp};
use crate::report::facts;
use crate::sip::{HeaderName, NameAddr, StatusClass};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Status,
    Class,
    Number,
    Duration,
    Time,
    Severity,
    Outcome,
    Finding,
    Address,
    Party,
    Text,
}

/// A value of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    Duration(Duration),
    Time(Timestamp),
    Severity(Severity),
    Address(Endpoint),
    /// A word of the program or of the protocol; case does not matter.
    Word(String),
    /// A text of the capture.
    Text(String),
    Party {
        uri: String,
        user: Option<String>,
    },
}

/// A field: its name, what it holds, in words, and how it is read.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The row of `docs/filter.md`.
    pub(super) help: &'static str,
    pub(super) values: fn(&CallReport) -> Vec<Value>,
}

const fn field(name: &'static str, kind: Kind, help: &'static str, values: fn(&CallReport) -> Vec<Value>) -> Field {
    Field { name, kind, help, values }
}

/// All of them.
pub(super) static FIELDS: &[Field] = &[
    field(
        "status",
        Kind::Status,
        "Status of each final response of the call, steps such as 401 and 302 included.",
        statuses,
    ),
    field("final_status", Kind::Status, "Status of the response that decided the outcome.", |r| {
        facts::final_status(&r.call).map(|status| Value::Number(status.into())).into_iter().collect()
    }),
    field("class", Kind::Class, "Class of each of its final responses.", |r| {
        let classes = facts::final_responses(&r.call).into_iter().filter_map(|(_, answer, _)| answer.status.class());
        classes.filter_map(class_number).collect()
    }),
    field(
        "outcome",
        Kind::Outcome,
        "How the call ended; abandoned and answered-no-ack are closer words on that.",
        |r| {
            let detail = r.call.outcome_detail.map(OutcomeDetail::name);
            std::iter::once(r.call.outcome.name()).chain(detail).map(word).collect()
        },
    ),
    field("method", Kind::Text, "Method of the first request: INVITE for calls; case does not matter.", |r| {
        facts::method(&r.call).map(word).into_iter().collect()
    }),
    field(
        "caller",
        Kind::Party,
        "From and P-Asserted-Identity of the first request: URI, user part or number.",
        callers,
    ),
    field("callee", Kind::Party, "To and Request-URI of the first request: URI, user part or number.", callees),
    field("call_id", Kind::Text, "Each Call-ID of the call.", |r| {
        r.call.legs.iter().filter_map(|leg| facts::lossy(leg.call_id.as_deref())).map(text).collect()
    }),
    field("call", Kind::Number, "Number of the call, as reports show it.", |r| vec![Value::Number(r.call.number.0)]),
    field("host", Kind::Address, "Each address that sent or was sent a message of the call.", |r| {
        let flows = r.call.messages.iter().map(|m| m.provenance.flow);
        flows.flat_map(|flow| [flow.source, flow.destination]).map(Value::Address).collect()
    }),
    field("source", Kind::Address, "Where the first request came from.", |r| {
        facts::opening(&r.call).map(|m| Value::Address(m.provenance.flow.source)).into_iter().collect()
    }),
    field("destination", Kind::Address, "Where the first request was sent.", |r| {
        facts::opening(&r.call).map(|m| Value::Address(m.provenance.flow.destination)).into_iter().collect()
    }),
    field("user_agent", Kind::Text, "User-Agent and Server value of each message.", |r| {
        let names = [HeaderName::UserAgent, HeaderName::Server];
        let fields = r.call.messages.iter().flat_map(|m| names.iter().filter_map(|name| m.message.header(*name)));
        fields.map(text).collect()
    }),
    field("finding", Kind::Finding, "Code of each finding about the call.", |r| {
        r.findings.iter().map(|finding| word(finding.code)).collect()
    }),
    field("root_cause", Kind::Finding, "Code of the finding that says why the call failed.", |r| {
        r.root_cause.map(word).into_iter().collect()
    }),
    field(
        "severity",
        Kind::Severity,
        "Severity of each of its findings: info < notice < warning < error < critical.",
        |r| r.findings.iter().map(|finding| Value::Severity(finding.severity)).collect(),
    ),
    field("start", Kind::Time, "Time of the first message.", |r| vec![Value::Time(r.call.start)]),
    field("end", Kind::Time, "Time of the last message.", |r| vec![Value::Time(r.call.end)]),
    field("duration", Kind::Duration, "From the first to the last message.", |r| {
        vec![Value::Duration(r.call.end.since(r.call.start))]
    }),
    field(
        "setup_delay",
        Kind::Duration,
        "From the first request to ringing or the final response (RFC 6076 §4.3).",
        |r| r.call.setup_delay().map(Value::Duration).into_iter().collect(),
    ),
    field("ring_time", Kind::Duration, "From the first 180 or 183 to the final response or CANCEL.", |r| {
        let ringing = r.call.decided_by.and_then(|id| r.call.ringing(id));
        ringing.map(Value::Duration).into_iter().collect()
    }),
    field("messages", Kind::Number, "Messages of the call, retransmissions included.", |r| {
        vec![Value::Number(r.call.messages.len() as u64)]
    }),
    field("retransmissions", Kind::Number, "Requests and final responses that were sent again.", |r| {
        vec![Value::Number(retransmissions(&r.call))]
    }),
];

/// The field of a name.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name.eq_ignore_ascii_case(name))
}

/// The names in order.
pub(super) fn names() -> Vec<&'static str> {
    FIELDS.iter().map(|field| field.name).collect()
}

impl Field {
    /// Whether the field can be compared so.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn allows(&self, relation: Relation) -> Result<(), String> {
        let name = self.name;
        let is_text = matches!(self.kind, Kind::Outcome | Kind::Finding | Kind::Address | Kind::Party | Kind::Text);
        match relation {
            Relation::Equal => Ok(()),
            Relation::Matches if is_text => Ok(()),
            Relation::Matches => {
                Err(format!("patterns look at text, and `{name}` is none; write {}", self.kind.example()))
            }
            _ if is_text => Err(format!("`{name}` has no order; it can be compared with ==, !=, ~, !~ and in")),
            _ => Ok(()),
        }
    }
}

impl Kind {
    /// What to write, in words.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Status => "a status from 100 to 699, such as 607",
            Self::Class => "a class such as 4xx",
            Self::Number => "a number such as 12",
            Self::Duration => "a time span such as 30s, 200ms, 1.5m or 2h",
            Self::Time => "a time such as 2026-03-30T14:00:00Z or \"2026-03-30 14:00\", or seconds since 1970",
            Self::Severity => "info, notice, warning, error or critical",
            Self::Outcome => "an outcome such as answered or busy",
            Self::Finding => "the code of a diagnosis such as redirect-loop",
            Self::Address => "an address such as 192.0.2.1, 192.0.2.0/24 or 192.0.2.1:5060",
            Self::Party => "a number such as +12125550101, a user part or a URI",
            Self::Text => "a text, in quotation marks where it has blanks or signs",
        }
    }
}

fn word(word: impl Into<String>) -> Value {
    Value::Word(word.into())
}

fn text(text: Cow<'_, str>) -> Value {
    Value::Text(text.into_owned())
}

fn statuses(report: &CallReport) -> Vec<Value> {
    let answers = facts::final_responses(&report.call).into_iter();
    answers.map(|(_, answer, _)| Value::Number(answer.status.0.into())).collect()
}

fn class_number(class: StatusClass) -> Option<Value> {
    class.digits().strip_suffix("xx")?.parse().ok().map(Value::Number)
}

fn party(address: &NameAddr) -> Value {
    Value::Party { uri: address.uri.raw().to_owned(), user: address.uri.user_name().map(str::to_owned) }
}

fn bare(uri: Cow<'_, str>) -> Value {
    Value::Party { uri: uri.into_owned(), user: None }
}

fn callers(report: &CallReport) -> Vec<Value> {
    let Some(opening) = facts::opening(&report.call) else { return Vec::new() };
    let from = opening.message.from().map(|from| party(&from));
    let from = from.or_else(|| facts::caller(&report.call).map(bare));
    from.into_iter().chain(opening.message.asserted_identities().iter().map(party)).collect()
}

fn callees(report: &CallReport) -> Vec<Value> {
    let Some(opening) = facts::opening(&report.call) else { return Vec::new() };
    let to = opening.message.to().map(|to| party(&to)).or_else(|| facts::callee(&report.call).map(bare));
    let target = opening.message.request_uri();
    let target = target.map(|uri| Value::Party { uri: uri.raw().to_owned(), user: uri.user_name().map(str::to_owned) });
    to.into_iter().chain(target.or_else(|| facts::request_uri(&report.call).map(bare))).collect()
}

fn retransmissions(call: &Call) -> u64 {
    let of = |t: &crate::call::Transaction| {
        t.retransmissions.len() + t.finals.iter().map(|f| f.retransmissions.len()).sum::<usize>()
    };
    call.transactions.iter().map(of).sum::<usize>() as u64
}
