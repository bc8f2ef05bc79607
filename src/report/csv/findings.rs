//! One row a finding.

use jiff::tz::TimeZone;

use super::{Column, Files, column, joined, optional, sentences};
use crate::diagnosis::{CallReport, Certainty, Evidence, Finding, Severity};
use crate::lang::{Lang, Text};
use crate::report::{facts, time};

/// What a row is made of.
pub(super) struct Row<'a> {
    finding: &'a Finding,
    /// The call; `None` for findings about a capture as a whole.
    report: Option<&'a CallReport>,
    primary: Option<&'a Evidence>,
    files: &'a Files,
    lang: Lang,
}

impl<'a> Row<'a> {
    pub(super) fn new(finding: &'a Finding, report: Option<&'a CallReport>, files: &'a Files, lang: Lang) -> Self {
        Self { finding, report, primary: finding.evidence.first(), files, lang }
    }

    fn text(&self, text: Option<&Text>) -> String {
        optional(text.map(|text| text.in_lang(self.lang)))
    }

    fn of_primary<T: ToString>(&self, value: impl Fn(&Evidence) -> T) -> String {
        optional(self.primary.map(value))
    }

    fn of_call<T: ToString>(&self, value: impl Fn(&'a CallReport) -> Option<T>) -> String {
        optional(self.report.and_then(value))
    }
}

/// The code of the rows that say what makes the result incomplete; no rule has it.
const INCOMPLETE: &str = "incomplete";

/// The cells of such a row.
pub(super) fn incomplete<'a>(file: &'a str, reason: &'a str) -> impl Iterator<Item = &'a str> {
    COLUMNS.iter().map(move |column| match column.name {
        "file" => file,
        "code" => INCOMPLETE,
        "severity" => Severity::Notice.name(),
        "certainty" => Certainty::Certain.name(),
        "root_cause" => "false",
        "message" => reason,
        _ => "",
    })
}

type Cell = fn(&Row<'_>) -> String;

/// The columns.
pub(super) static COLUMNS: &[Column<Cell>] = &[
    column("file", "File of the primary evidence.", |r| r.of_primary(|e| r.files.name(e.frame))),
    column("frame", "Frame of the primary evidence, as Wireshark numbers it.", |r| r.of_primary(|e| e.frame.number)),
    column("time_utc", "Its time, UTC, cut to milliseconds.", |r| {
        r.of_primary(|e| time::date_and_time(e.time, &TimeZone::UTC))
    }),
    column("time_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        r.of_primary(|e| time::Epoch(e.time))
    }),
    column("call", "Number of the call; empty for findings about a capture as a whole.", |r| {
        r.of_call(|report| Some(report.call.number.0))
    }),
    column("code", "Code of the rule; `sipscan explain CODE` says more.", |r| r.finding.code.to_owned()),
    column("severity", "info, notice, warning, error, or critical.", |r| r.finding.severity.name().to_owned()),
    column("certainty", "certain, strong, or weak.", |r| r.finding.certainty.name().to_owned()),
    column("root_cause", "true for the finding that says why the call failed, else false.", |r| {
        let root = r.report.and_then(facts::root_finding);
        root.is_some_and(|root| std::ptr::eq(root, r.finding)).to_string()
    }),
    column("consequence_of", "Code of the finding whose consequence it is.", |r| optional(r.finding.consequence_of)),
    column("message", "What happened.", |r| r.text(Some(&r.finding.message))),
    column("source_address", "Sender of the primary evidence.", |r| r.of_primary(|e| e.source.address)),
    column("source_port", "Its port.", |r| r.of_primary(|e| e.source.port)),
    column("destination_address", "Receiver of the primary evidence.", |r| r.of_primary(|e| e.destination.address)),
    column("destination_port", "Its port.", |r| r.of_primary(|e| e.destination.port)),
    column("what", "What the primary evidence is.", |r| r.text(r.primary.map(|e| &e.what))),
    column("text", "The start line or header field that matters, as captured.", |r| {
        r.of_primary(|e| e.text.to_string())
    }),
    column("other_frames", "Frames of the other evidence, separated by spaces.", |r| {
        joined(&r.finding.evidence.iter().skip(1).map(|e| e.frame.number).collect::<Vec<_>>(), " ")
    }),
    column("actor", "Who must act.", |r| r.text(r.finding.actor.as_ref().map(|a| &a.role))),
    column("actor_address", "Address and port of that party.", |r| {
        optional(r.finding.actor.as_ref().and_then(|a| a.address))
    }),
    column("actor_software", "Server or User-Agent value of that party.", |r| {
        optional(r.finding.actor.as_ref().and_then(|a| a.software.as_deref()))
    }),
    column("change", "What to change.", |r| sentences(&r.finding.remediation, r.lang)),
    column("verify", "How to see that it worked.", |r| r.text(r.finding.verification.as_ref())),
    column("calls_total", "How many calls it is about, where it is about several.", |r| {
        optional((r.finding.calls_total > 0).then_some(r.finding.calls_total))
    }),
    column("calls", "Their numbers as far as they are kept, separated by spaces.", |r| {
        joined(&r.finding.calls.iter().map(|call| call.0).collect::<Vec<_>>(), " ")
    }),
    column("call_ids", "Every Call-ID of the call, separated by spaces.", |r| {
        r.of_call(|report| {
            let legs = report.call.legs.iter();
            Some(joined(&legs.filter_map(|leg| facts::lossy(leg.call_id.as_deref())).collect::<Vec<_>>(), " "))
        })
    }),
    column("caller", "URI of From in the first request of the call.", |r| {
        r.of_call(|report| facts::caller(&report.call))
    }),
    column("callee", "URI of To in the first request of the call.", |r| {
        r.of_call(|report| facts::callee(&report.call))
    }),
    column("outcome", "How the call ended.", |r| r.of_call(|report| Some(report.call.outcome.name()))),
];
