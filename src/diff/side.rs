//! What was found on one side of a comparison, all its captures together.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnosis::{CallReport, Finding, Severity};
use crate::limits;
use crate::provenance::{FrameRef, Timestamp};
use crate::report::fingerprint;
use crate::report::{CaptureFacts, Sink, Summary};

/// One side of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Names of its captures, each with those of its files.
    pub captures: Vec<Vec<String>>,
    /// Captures that are incomplete, or could not be read to their end.
    pub incomplete: u64,
    /// Time of the earliest frame.
    pub first_time: Option<Timestamp>,
    /// Time of the latest frame.
    pub last_time: Option<Timestamp>,
    /// The numbers of all captures.
    pub summary: Summary,
    /// Diagnoses by code.
    pub codes: BTreeMap<&'static str, Found>,
    /// Different problems that found no room: [`limits::BASELINE_FINDINGS`].
    pub problems_beyond: u64,
    problems: usize,
}

/// How often a diagnosis was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The worst severity of its findings.
    pub severity: Severity,
    /// Findings.
    pub findings: u64,
    /// Calls and other groups of requests that have one.
    pub groups: u64,
    /// Where the first one is.
    pub first: Place,
    /// Different problems: diagnosis, parties, final status and hosts, as baselines tell them apart.
    pub problems: BTreeSet<String>,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index of the capture on its side.
    pub capture: usize,
    /// Number of the call in reports; `None` for what is said of a capture as a whole.
    pub call: Option<u64>,
    /// The frame of the primary evidence.
    pub frame: Option<FrameRef>,
}

impl Side {
    /// Calls and other groups of requests: what findings are counted on.
    pub fn groups(&self) -> u64 {
        self.summary.calls + self.summary.other_groups
    }

    fn findings(&mut self, findings: &[Finding], report: Option<&CallReport>) {
        let mut here = BTreeSet::new();
        for finding in findings {
            let problem = fingerprint::cause(finding, report);
            let found = self.codes.entry(finding.code).or_insert_with(|| Found {
                severity: finding.severity,
                findings: 0,
                groups: 0,
                first: Place {
                    capture: self.captures.len().saturating_sub(1),
                    call: report.map(|report| report.call.number.0),
                    frame: finding.evidence.first().map(|evidence| evidence.frame),
                },
                problems: BTreeSet::new(),
            });
            found.severity = found.severity.max(finding.severity);
            found.findings += 1;
            found.groups += u64::from(report.is_some() && here.insert(finding.code));
            if found.problems.contains(&problem) {
                continue;
            }
            if self.problems < limits::BASELINE_FINDINGS {
                self.problems += 1;
                found.problems.insert(problem);
            } else {
                self.problems_beyond += 1;
            }
        }
    }
}

/// Notes what is found in all captures of a side.
#[derive(Debug, Default)]
pub struct SideSink {
    side: Arc<Mutex<Side>>,
}

impl SideSink {
    /// Where the side will be.
    pub fn side(&self) -> Arc<Mutex<Side>> {
        Arc::clone(&self.side)
    }

    fn with(&self, act: impl FnOnce(&mut Side)) {
        act(&mut self.side.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Sink for SideSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.with(|side| side.captures.push(files.to_vec()));
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.with(|side| side.findings(&report.findings, Some(report)));
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.with(|side| {
            side.findings(findings, None);
            side.incomplete += u64::from(!facts.is_complete());
            side.first_time = side.first_time.into_iter().chain(facts.first_time).min();
            side.last_time = side.last_time.into_iter().chain(facts.last_time).max();
        });
        Ok(())
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        self.with(|side| side.summary = total.clone());
        Ok(())
    }
}
