//! One row a call.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{Column, Files, column, joined, optional, sentences};
use crate::call::referred::Transfer;
use crate::call::{CapturedMessage, OutcomeDetail};
use crate::diagnosis::{CallReport, Finding};
use crate::lang::{Lang, Text};
use crate::report::{facts, time};
use crate::sip::HeaderName;

/// What a row is made of.
pub(super) struct Row<'a> {
    report: &'a CallReport,
    files: &'a Files,
    /// The response that decided the outcome.
    answer: Option<&'a CapturedMessage>,
    root: Option<&'a Finding>,
    lang: Lang,
}

impl<'a> Row<'a> {
    pub(super) fn new(report: &'a CallReport, files: &'a Files, lang: Lang) -> Self {
        Self { report, files, lang, answer: facts::final_response(&report.call), root: facts::root_finding(report) }
    }

    fn first(&self) -> Option<&'a CapturedMessage> {
        self.report.call.messages.first()
    }

    fn of_answer<T: ToString>(&self, value: impl Fn(&CapturedMessage) -> Option<T>) -> String {
        optional(self.answer.and_then(value))
    }

    fn text_of_root(&self, text: impl Fn(&Finding) -> Option<&Text>) -> String {
        optional(self.root.and_then(text).map(|text| text.in_lang(self.lang)))
    }

    fn of_root<T: ToString>(&self, value: impl Fn(&Finding) -> Option<T>) -> String {
        optional(self.root.and_then(value))
    }
}

type Cell = fn(&Row<'_>) -> String;

/// The columns.
pub(super) static COLUMNS: &[Column<Cell>] = &[
    column("file", "File of the first message.", |r| optional(r.first().map(|m| r.files.name(m.provenance.frame)))),
    column("call", "Number of the call in its capture, from 1.", |r| r.report.call.number.0.to_string()),
    column("method", "Method of the first request: INVITE for calls, REGISTER, OPTIONS, … for other groups.", |r| {
        optional(facts::method(&r.report.call))
    }),
    column("call_ids", "Every Call-ID that belongs to it, separated by spaces.", |r| {
        let legs = r.report.call.legs.iter();
        joined(&legs.filter_map(|leg| facts::lossy(leg.call_id.as_deref())).collect::<Vec<_>>(), " ")
    }),
    column("caller", "URI of From in the first request.", |r| optional(facts::caller(&r.report.call))),
    column("callee", "URI of To in the first request.", |r| optional(facts::callee(&r.report.call))),
    column("request_uri", "Request-URI of the first request.", |r| optional(facts::request_uri(&r.report.call))),
    column("start_utc", "Time of the first message, UTC, cut to milliseconds.", |r| {
        time::date_and_time(r.report.call.start, &TimeZone::UTC)
    }),
    column("start_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        time::Epoch(r.report.call.start).to_string()
    }),
    column("end_utc", "Time of the last message, UTC, cut to milliseconds.", |r| {
        time::date_and_time(r.report.call.end, &TimeZone::UTC)
    }),
    column("end_epoch_s", "The same in seconds since 1970-01-01 UTC, as precise as the capture.", |r| {
        time::Epoch(r.report.call.end).to_string()
    }),
    column("duration_s", "Seconds from the first to the last message.", |r| {
        let duration = r.report.call.end.since(r.report.call.start);
        format!("{}.{:06}", duration.as_secs(), duration.subsec_micros())
    }),
    column("first_frame", "Frame of the first message, as Wireshark numbers it.", |r| {
        optional(r.first().map(|m| m.provenance.frame.number))
    }),
    column("messages", "Messages, retransmissions included.", |r| r.report.call.messages.len().to_string()),
    column("outcome", "How it ended.", |r| r.report.call.outcome.name().to_owned()),
    column("outcome_detail", "A closer word on that.", |r| {
        optional(r.report.call.outcome_detail.map(OutcomeDetail::name))
    }),
    column("final_status", "Status of the response that decided the outcome.", |r| {
        optional(facts::final_status(&r.report.call))
    }),
    column("final_reason", "Its reason phrase as captured.", |r| {
        r.of_answer(|a| a.message.reason_phrase().map(Cow::into_owned))
    }),
    column("final_frame", "Its frame.", |r| r.of_answer(|a| Some(a.provenance.frame.number))),
    column("answered_by", "Address and port that sent it.", |r| r.of_answer(|a| Some(a.provenance.flow.source))),
    column("answered_by_software", "Its Server value, else User-Agent.", |r| r.of_answer(|a| a.message.software())),
    column("reason_headers", "Its Reason values as captured, separated by commas.", |r| {
        r.of_answer(|a| Some(a.message.values(HeaderName::Reason).join(", ")))
    }),
    column("final_statuses", "Status of every distinct final response in order, separated by spaces.", |r| {
        joined(&facts::final_responses(&r.report.call).iter().map(|(_, f, _)| f.status).collect::<Vec<_>>(), " ")
    }),
    column("root_cause", "Code of the finding that says why it failed.", |r| optional(r.report.root_cause)),
    column("severity", "Severity of that finding.", |r| r.of_root(|f| Some(f.severity.name()))),
    column("certainty", "Certainty of that finding.", |r| r.of_root(|f| Some(f.certainty.name()))),
    column("message", "What it says.", |r| r.text_of_root(|f| Some(&f.message))),
    column("evidence_frame", "Frame of its primary evidence.", |r| {
        r.of_root(|f| f.evidence.first().map(|e| e.frame.number))
    }),
    column("evidence_text", "Header field or start line that proves it, as captured.", |r| {
        r.of_root(|f| f.evidence.first().map(|e| e.text.to_string()))
    }),
    column("actor", "Who must act.", |r| r.text_of_root(|f| f.actor.as_ref().map(|a| &a.role))),
    column("actor_address", "Address and port of that party.", |r| {
        r.of_root(|f| f.actor.as_ref().and_then(|a| a.address))
    }),
    column("actor_software", "Server or User-Agent value of that party.", |r| {
        r.of_root(|f| f.actor.as_ref().and_then(|a| a.software.clone()))
    }),
    column("change", "What to change.", |r| r.of_root(|f| Some(sentences(&f.remediation, r.lang)))),
    column("verify", "How to see that it worked.", |r| r.text_of_root(|f| f.verification.as_ref())),
    column("other_findings", "Codes of the other findings, separated by spaces.", |r| {
        let others = r.report.findings.iter().filter(|f| !r.root.is_some_and(|root| std::ptr::eq(root, *f)));
        joined(&others.map(|f| f.code).collect::<Vec<_>>(), " ")
    }),
    column(
        "attestation",
        "How the INVITE is signed, as in `attestation:FILE`; empty for groups that are no calls.",
        |r| optional(r.report.origin.as_ref().map(|origin| origin.signing.name())),
    ),
    column(
        "redress",
        "Whom a 603+ or 608 names for redress: url, tel, email or the address of the contact card, separated by spaces; \
         `responses:FILE` has them one by one, with what to quote.",
        |r| optional(facts::redress(&r.report.call).map(|c| joined(&c.places().collect::<Vec<_>>(), " "))),
    ),
    column(
        "transfer",
        "What became of the last transfer (REFER) inside the call: refused, accepted, done, or failed.",
        |r| optional(Transfer::of(&r.report.call).map(|transfer| transfer.fate.name())),
    ),
    column("transferred_to", "Whom the other side was to call.", |r| {
        optional(Transfer::of(&r.report.call).map(|transfer| transfer.addressee()))
    }),
    column("transfer_status", "Status of the REFER that was refused, or of the call that it asked for.", |r| {
        optional(Transfer::of(&r.report.call).and_then(|transfer| transfer.fate.status()))
    }),
    column("referred_by", "Number of the call one side of which asked for this one by a REFER.", |r| {
        optional(r.report.call.referral.as_ref().map(|referral| referral.call.0))
    }),
];
