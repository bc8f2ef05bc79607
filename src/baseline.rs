//! Baselines: findings that are known, so that a run can report only what is new.
//!
//! Two findings are the same when their fingerprints are, which hold neither call numbers nor frames nor times: diagnosis, parties,
//! final status and hosts. How often one occurs does not matter. Known findings are taken out before anything is counted or
//! written, so that all reports and the exit status agree; how many they are is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnosis::{CallReport, Finding};
use crate::lang::Text;
use crate::limits;
use crate::report::fingerprint;
use crate::report::{CaptureFacts, Sink, Summary};

/// The version of the file.
const VERSION: u32 = 1;

/// What is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of the file.
    #[serde(rename = "sipscan_baseline")]
    version: u32,
    /// Whether its fingerprints are of redacted values, which are others.
    #[serde(default)]
    redacted: bool,
    /// Findings by their fingerprints.
    findings: BTreeMap<String, Known>,
}

/// A finding of a baseline. It names no party: a baseline lies in repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Code of the diagnosis.
    code: String,
    /// How often it was found.
    count: u64,
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text)
            .map_err(|error| format!("no baseline, which --write-baseline would have written: {error}"))?;
        match baseline.version {
            VERSION => Ok(baseline),
            other => Err(format!("a baseline of version {other}; this sipscan reads version {VERSION}")),
        }
    }

    /// Whether it is of redacted findings, whose fingerprints are others.
    pub fn is_redacted(&self) -> bool {
        self.redacted
    }

    /// One finding a line, in the order of fingerprints.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let redacted = if self.redacted { "\"redacted\":true,\n" } else { "" };
        write!(out, "{{\"sipscan_baseline\":{VERSION},\n{redacted}\"findings\":{{")?;
        for (at, (print, known)) in self.findings.iter().enumerate() {
            let known = serde_json::to_string(known)?;
            write!(out, "{}\n\"{print}\":{known}", if at == 0 { "" } else { "," })?;
        }
        out.write_all(b"\n}}\n")
    }
}

/// What a comparison with a baseline left out.
#[derive(Debug, Clone)]
pub struct Compared {
    baseline: Arc<Baseline>,
    seen: BTreeSet<String>,
    known: u64,
    /// Whether it speaks of everything there is: what was not seen is gone.
    pub whole: bool,
}

impl Compared {
    /// Nothing is left out yet.
    pub fn new(baseline: Arc<Baseline>, whole: bool) -> Self {
        Self { baseline, seen: BTreeSet::new(), known: 0, whole }
    }

    /// Takes the known findings out of a call's report. A call whose failure is known needs no attention.
    pub fn call(&mut self, report: &mut CallReport) {
        let known: Vec<bool> = report.findings.iter().map(|finding| self.knows(finding, Some(report))).collect();
        let mut each = known.iter().copied();
        let root = report.root_cause;
        let mut excused = false;
        report.findings.retain(|finding| {
            let known = each.next().unwrap_or(false);
            excused |= known && root == Some(finding.code) && finding.consequence_of.is_none();
            !known
        });
        if excused {
            report.is_excused = true;
            report.root_cause = None;
        }
    }

    /// Takes the known ones out of the findings about a capture as a whole.
    pub fn capture(&mut self, findings: &mut Vec<Finding>) {
        findings.retain(|finding| !self.knows(finding, None));
    }

    fn knows(&mut self, finding: &Finding, report: Option<&CallReport>) -> bool {
        let print = fingerprint::cause(finding, report);
        let known = self.baseline.findings.contains_key(&print);
        self.known += u64::from(known);
        if known {
            self.seen.insert(print);
        }
        known
    }

    /// Adds what was left out of another capture.
    pub fn add(&mut self, other: &Self) {
        self.known += other.known;
        self.seen.extend(other.seen.iter().cloned());
    }

    /// Findings that are left out because they are known.
    pub fn known(&self) -> u64 {
        self.known
    }

    /// Findings of the baseline that are there no more, by code; `None` where this is not the place to tell.
    pub fn gone(&self) -> Option<BTreeMap<&str, u64>> {
        let mut gone = BTreeMap::new();
        for (_, known) in self.baseline.findings.iter().filter(|(print, _)| !self.seen.contains(*print)) {
            *gone.entry(known.code.as_str()).or_default() += 1;
        }
        self.whole.then_some(gone)
    }
}

/// Writes a baseline of what is found.
pub struct BaselineSink {
    out: Box<dyn Write>,
    baseline: Baseline,
    beyond: u64,
}

impl BaselineSink {
    /// Makes a sink; nothing is written before the end. `redacted`: reports are.
    pub fn new(out: Box<dyn Write>, redacted: bool) -> Self {
        Self { out, baseline: Baseline { version: VERSION, redacted, ..Baseline::default() }, beyond: 0 }
    }

    fn note(&mut self, finding: &Finding, report: Option<&CallReport>) {
        let print = fingerprint::cause(finding, report);
        let full = self.baseline.findings.len() >= limits::BASELINE_FINDINGS;
        if full && !self.baseline.findings.contains_key(&print) {
            self.beyond += 1;
            return;
        }
        let new = || Known { code: finding.code.to_owned(), count: 0 };
        self.baseline.findings.entry(print).or_insert_with(new).count += 1;
    }
}

impl Sink for BaselineSink {
    fn begin_capture(&mut self, _index: usize, _files: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        for finding in &report.findings {
            self.note(finding, Some(report));
        }
        Ok(())
    }

    fn end_capture(&mut self, _facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        for finding in findings {
            self.note(finding, None);
        }
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        self.baseline.write(&mut self.out)?;
        self.out.flush()
    }

    fn limit_hit(&self) -> Option<Text> {
        let text = Text::new("{count} findings found no room in the baseline").with("count", self.beyond);
        (self.beyond > 0).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Buffer, calls, play};

    fn baseline() -> Arc<Baseline> {
        let out = Buffer::default();
        play(&mut BaselineSink::new(Box::new(out.clone()), false));
        Arc::new(Baseline::read(&out.text()).unwrap())
    }

    #[test]
    fn what_is_written_is_known() {
        let mut compared = Compared::new(baseline(), true);
        let mut all = calls();
        let before: usize = all.iter().map(|report| report.findings.len()).sum();
        for report in &mut all {
            compared.call(report);
        }
        assert!(all.iter().all(|report| report.findings.is_empty() && report.root_cause.is_none()));
        assert_eq!(compared.known(), before as u64);
        assert!(all[1].is_excused && !all[0].is_excused, "who did not fail needs no excuse");
        let gone = compared.gone().unwrap();
        assert_eq!(gone, [("old-address-still-used", 1)].into(), "the finding about the capture was not looked at");
    }

    #[test]
    fn what_is_new_stays_and_frames_do_not_matter() {
        let mut compared = Compared::new(baseline(), false);
        let mut report = calls().remove(1);
        report.call.number = crate::call::CallNumber(99);
        report.findings[0].evidence[0].frame.number.0 += 1000;
        report.findings[1].code = "stalled-after-100";
        compared.call(&mut report);
        assert_eq!(report.findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["stalled-after-100"]);
        assert_eq!((compared.known(), compared.gone()), (1, None), "of one capture among several none can be gone");
        let mut sum = Compared::new(baseline(), true);
        sum.add(&compared);
        assert_eq!(sum.known(), 1);
    }

    #[test]
    fn other_files_are_refused() {
        for text in [
            "",
            "[]",
            "{}",
            "{\"sipscan_baseline\":2,\"findings\":{}}",
            "{\"sipscan_baseline\":1,\"findings\":{},\"x\":1}",
        ] {
            assert!(Baseline::read(text).is_err(), "{text}");
        }
    }
}
