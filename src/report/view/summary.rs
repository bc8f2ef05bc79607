//! The numbers of a report as JSON shows them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{AttestationView, KpiView, Time};
use crate::lang::Lang;
use crate::report::clusters::Cluster;
use crate::report::{Filtered, Summary};

/// The numbers of all captures together.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct SummaryView<'a> {
    /// SIP messages, retransmissions and duplicates included.
    messages: u64,
    /// How many of the messages are copies: the same octets as another on the same hop within 50 ms, or in the same IP packet within a
    /// second. Those with an IP identification of their own are messages that were sent again.
    message_copies: u64,
    /// Requests by method, retransmissions and duplicates included. Methods beyond the first that the program keeps are
    /// counted as `(other)`.
    requests: &'a BTreeMap<String, u64>,
    /// Responses by status, retransmissions and duplicates included.
    responses: BTreeMap<String, u64>,
    /// Distinct final responses: retransmissions and duplicates are not counted again.
    final_responses: FinalCounts,
    /// Final responses sent again.
    retransmitted_final_responses: u64,
    /// Final responses that were seen again between other addresses; they are not counted again.
    final_responses_elsewhere: u64,
    /// Calls: groups with an INVITE.
    calls: u64,
    /// Other groups: registrations, keep-alives, subscriptions, …
    other_groups: u64,
    /// Calls by outcome.
    outcomes: BTreeMap<&'static str, u64>,
    /// Findings by code, those about captures as a whole included.
    findings: BTreeMap<&'static str, u64>,
    /// Failed calls and groups: what `share` of clusters refers to.
    failures: u64,
    /// Failures by cause, the most frequent first.
    clusters: Vec<ClusterView<'a>>,
    /// Failures that are in no cluster because there are more causes than the program keeps apart.
    unclustered: u64,
    /// Final responses by attestation; null where no call is signed, and no response is about the caller's identity (428, 436, 437,
    /// 438, 607, 608).
    attestation: Option<AttestationView<'a>>,
    /// Key performance indicators; null without `--kpi`.
    kpi: Option<Box<KpiView>>,
    /// What a comparison with `--baseline` left out; null without one. Everything else in this report is about what is new.
    baseline: Option<BaselineView<'a>>,
    /// Findings that sipscan.toml left out, by code.
    ignored: &'a BTreeMap<&'static str, u64>,
    /// Calls whose calling or called number was taken for a national one and got a country code (`--country`), by that code.
    assumed_countries: &'a BTreeMap<String, u64>,
    /// What a filter (`--where` and its shortcuts) selects from; null without one. Messages are those of whole captures; everything
    /// else in this report is that of the selected calls.
    filter: Option<FilterView<'a>>,
}

/// What is known.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BaselineView<'a> {
    /// Findings that are left out because the baseline has them.
    known: u64,
    /// Findings of the baseline that are there no more, by code.
    gone: BTreeMap<&'a str, u64>,
}

/// A filter and what it was applied to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FilterView<'a> {
    /// What was asked for, as on the command line.
    expression: &'a str,
    /// Calls, selected or not.
    calls: u64,
    /// Other groups, selected or not.
    other_groups: u64,
    /// Findings about captures as a whole that are left out because they name none of the selected calls.
    findings_left_out: u64,
}

impl<'a> From<&'a Filtered> for FilterView<'a> {
    fn from(filtered: &'a Filtered) -> Self {
        let Filtered { expression, calls, other_groups, findings_left_out } = filtered;
        Self { expression, calls: *calls, other_groups: *other_groups, findings_left_out: *findings_left_out }
    }
}

/// Distinct final responses.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FinalCounts {
    /// By class: `2xx` to `6xx`.
    by_class: BTreeMap<&'static str, u64>,
    /// By status, such as `301`.
    by_status: BTreeMap<String, u64>,
}

/// Failures with one cause.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ClusterView<'a> {
    /// Code of the root cause; null where no rule names one.
    code: Option<&'static str>,
    /// Method of the first request; null where no message says it.
    method: Option<&'a str>,
    /// Status that the answering host sent; null where nothing was answered.
    status: Option<u16>,
    /// Protocol and cause of its Reason header field, such as `Q.850;cause=22`; null where it sent none.
    reason: Option<&'a str>,
    /// Address of the host that answered, or, where nothing was answered, of the one that did not.
    host: Option<String>,
    /// Its Server or User-Agent value; null where it sent none.
    software: Option<&'a str>,
    /// What the called numbers have in common, such as `+1215555xxxx`; null where they are no numbers.
    number_pattern: Option<String>,
    /// Failed calls and groups.
    calls: u64,
    /// Their share of all failures, 0 to 1, four decimals.
    share: f64,
    /// Time of the primary evidence of the earliest one.
    first_time: Time,
    /// Time of the primary evidence of the latest one.
    last_time: Time,
    /// Primary evidence of the first ones, at most three.
    example_frames: Vec<ExampleView>,
    /// What to change, from the first of them; null where the rules say nothing.
    remedy: Option<String>,
}

/// A frame to look at.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ExampleView {
    /// Index of the capture in `captures`.
    capture: usize,
    /// Index of the frame's file in `files` of its capture; 0 unless captures were merged.
    file: u16,
    /// The frame, as Wireshark numbers it.
    frame: u64,
}

impl<'a> SummaryView<'a> {
    pub(in crate::report) fn new(summary: &'a Summary, lang: Lang) -> Self {
        let text = |counts: &BTreeMap<u16, u64>| counts.iter().map(|(k, n)| (format!("{k:03}"), *n)).collect();
        let clusters = &summary.clusters;
        Self {
            messages: summary.messages,
            message_copies: summary.message_copies,
            requests: &summary.requests,
            responses: text(&summary.responses),
            final_responses: FinalCounts {
                by_class: summary.final_by_class().into_iter().map(|(class, n)| (class.digits(), n)).collect(),
                by_status: text(&summary.final_by_status),
            },
            retransmitted_final_responses: summary.retransmitted_finals,
            final_responses_elsewhere: summary.finals_elsewhere,
            calls: summary.calls,
            other_groups: summary.other_groups,
            outcomes: summary.outcomes.iter().map(|(outcome, n)| (outcome.name(), *n)).collect(),
            findings: summary.findings.in_order(),
            failures: clusters.failures(),
            clusters: clusters.ranked().into_iter().map(|c| ClusterView::new(c, clusters.failures(), lang)).collect(),
            unclustered: clusters.unclustered(),
            attestation: AttestationView::new(&summary.attestations),
            kpi: summary.kpis.as_deref().map(|kpis| Box::new(KpiView::new(kpis))),
            baseline: summary
                .baseline
                .as_deref()
                .map(|compared| BaselineView { known: compared.known(), gone: compared.gone().unwrap_or_default() }),
            ignored: &summary.ignored,
            assumed_countries: &summary.assumed_countries,
            filter: summary.filtered.as_ref().map(FilterView::from),
        }
    }
}

impl<'a> ClusterView<'a> {
    fn new(cluster: Cluster<'a>, failures: u64, lang: Lang) -> Self {
        Self {
            code: cluster.cause.code,
            method: cluster.cause.method.as_deref(),
            status: cluster.cause.status,
            reason: cluster.cause.reason.as_deref(),
            host: cluster.cause.host.map(|host| host.to_string()),
            software: cluster.cause.software.as_deref(),
            number_pattern: cluster.number_pattern(),
            calls: cluster.calls(),
            share: share(cluster.calls(), failures),
            first_time: Time(cluster.first_time()),
            last_time: Time(cluster.last_time()),
            example_frames: cluster
                .examples()
                .iter()
                .map(|e| ExampleView { capture: e.capture, file: e.frame.file, frame: e.frame.number.0 })
                .collect(),
            remedy: cluster.remedy().map(|text| text.in_lang(lang).to_string()),
        }
    }
}

/// Rounded to four decimals, by integers: the same digits on every machine.
fn share(part: u64, whole: u64) -> f64 {
    let ten_thousandths = (u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole.max(1));
    f64::from(u32::try_from(ten_thousandths).unwrap_or(10_000)) / 10_000.0
}
