//! One row a distinct final response.

use jiff::tz::TimeZone;

use super::{Column, Files, column, optional};
use crate::call::redress::RedressContact;
use crate::call::{CapturedMessage, FinalResponse};
use crate::diagnosis::CallReport;
use crate::report::{facts, time};
use crate::sip::{HeaderName, StatusClass};

/// What a row is made of.
pub(super) struct Row<'a> {
    report: &'a CallReport,
    answer: FinalResponse,
    captured: &'a CapturedMessage,
    files: &'a Files,
}

impl Row<'_> {
    fn redress(&self, part: impl Fn(&RedressContact) -> Option<String>) -> String {
        optional(RedressContact::of(&self.captured.message).as_ref().and_then(part))
    }
}

/// The final responses of a call in capture order.
pub(super) fn rows<'a>(report: &'a CallReport, files: &'a Files) -> Vec<Row<'a>> {
    facts::final_responses(&report.call)
        .into_iter()
        .map(|(_, answer, captured)| Row { report, answer, captured, files })
        .collect()
}

type Cell = fn(&Row<'_>) -> String;

/// The columns.
pub(super) static COLUMNS: &[Column<Cell>] = &[
    column("file", "File of the frame.", |r| r.files.name(r.captured.provenance.frame)),
    column("frame", "Frame that completes the response, as Wireshark numbers it.", |r| {
        r.captured.provenance.frame.number.to_string()
    }),
    column("time_utc", "Its time, UTC, cut to milliseconds.", |r| {
        time::date_and_time(r.captured.provenance.time, &TimeZone::UTC)
    }),
    column("time_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        time::Epoch(r.captured.provenance.time).to_string()
    }),
    column("call", "Number of its call.", |r| r.report.call.number.0.to_string()),
    column("call_id", "Call-ID.", |r| optional(facts::lossy(r.captured.message.call_id()))),
    column("cseq", "Number of CSeq.", |r| optional(r.captured.message.cseq().map(|cseq| cseq.number))),
    column("method", "Method of CSeq.", |r| optional(r.captured.message.cseq().map(|cseq| cseq.method.name()))),
    column("status", "The status, 200 to 699.", |r| r.answer.status.to_string()),
    column("class", "Name of its class (RFC 3261 §7.2).", |r| {
        optional(r.answer.status.class().map(StatusClass::name))
    }),
    column("reason", "The reason phrase as captured.", |r| optional(r.captured.message.reason_phrase())),
    column("reason_headers", "Reason values as captured, separated by commas.", |r| {
        r.captured.message.values(HeaderName::Reason).join(", ")
    }),
    column("to_tag", "Tag of To.", |r| optional(facts::lossy(r.captured.message.to_tag()))),
    column("source_address", "Sender.", |r| r.captured.provenance.flow.source.address.to_string()),
    column("source_port", "Its port.", |r| r.captured.provenance.flow.source.port.to_string()),
    column("destination_address", "Receiver.", |r| r.captured.provenance.flow.destination.address.to_string()),
    column("destination_port", "Its port.", |r| r.captured.provenance.flow.destination.port.to_string()),
    column("software", "Server value, else User-Agent.", |r| optional(r.captured.message.software())),
    column("retransmissions", "How often it was sent again.", |r| r.answer.retransmissions.len().to_string()),
    column("caller", "URI of From in the first request of the call.", |r| optional(facts::caller(&r.report.call))),
    column("callee", "URI of To in the first request of the call.", |r| optional(facts::callee(&r.report.call))),
    column("outcome", "How the call ended.", |r| r.report.call.outcome.name().to_owned()),
    column("root_cause", "Code of the finding that says why the call failed.", |r| optional(r.report.root_cause)),
    column("redress_url", "Page at which the caller may ask for redress (603+).", |r| r.redress(|c| c.url.clone())),
    column("redress_tel", "Telephone number for that.", |r| r.redress(|c| c.tel.clone())),
    column("redress_email", "E-mail address for that.", |r| r.redress(|c| c.email.clone())),
    column("redress_card", "Address of the signed contact card of a 608.", |r| r.redress(|c| c.card.clone())),
    column("redress_id", "What to quote there.", |r| r.redress(|c| c.id.clone())),
];
