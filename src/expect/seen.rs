//! What was found in captures, as far as expectations speak of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnosis::{CallReport, Finding};
use crate::provenance::FrameRef;
use crate::report::{CaptureFacts, Sink, Summary};

/// What was found in one capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The capture as the user named it.
    pub path: String,
    /// Calls.
    pub calls: u64,
    /// Groups of other requests.
    pub other_groups: u64,
    /// Whether it is complete.
    pub complete: bool,
    /// Codes of diagnoses: how often, and the frame of the first.
    pub findings: BTreeMap<&'static str, (u64, Option<FrameRef>)>,
    /// Calls by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Final responses by status.
    pub final_responses: BTreeMap<String, u64>,
    /// Anomalies by code.
    pub anomalies: BTreeMap<String, u64>,
    /// Whether it could not be read, or not to its end.
    pub failed: bool,
}

/// Notes what is found in each capture of a run.
#[derive(Debug, Default)]
pub struct SeenSink {
    at_hand: Seen,
    all: Arc<Mutex<Vec<Seen>>>,
}

impl SeenSink {
    /// Where what was found will be.
    pub fn all(&self) -> Arc<Mutex<Vec<Seen>>> {
        Arc::clone(&self.all)
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let frame = finding.evidence.first().map(|evidence| evidence.frame);
            let (count, first) = self.at_hand.findings.entry(finding.code).or_default();
            *count += 1;
            *first = first.iter().copied().chain(frame).min();
        }
    }
}

impl Sink for SeenSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.at_hand = Seen { path: files.join(", "), ..Seen::default() };
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.findings(&report.findings);
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.findings(findings);
        let seen = Seen {
            calls: summary.calls,
            other_groups: summary.other_groups,
            complete: facts.is_complete(),
            outcomes: summary.outcomes.iter().map(|(outcome, n)| (outcome.name().to_owned(), *n)).collect(),
            final_responses: summary.final_by_status.iter().map(|(status, n)| (status.to_string(), *n)).collect(),
            anomalies: facts.anomalies.iter().map(|(anomaly, n)| (anomaly.code().to_owned(), *n)).collect(),
            failed: facts.error.is_some(),
            ..std::mem::take(&mut self.at_hand)
        };
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        Ok(())
    }
}
