//! `--fail-on`: what makes a run count as failed in CI.

use std::collections::BTreeSet;

use crate::diagnosis::rules::RULES;
use crate::diagnosis::{Finding, Severity};
use crate::error::Error;
use crate::explain;
use crate::report::Summary;

/// The conditions of `--fail-on`, and whether one of them was met.
#[derive(Debug, Clone, Default)]
pub struct FailOn {
    severity: Option<Severity>,
    codes: BTreeSet<String>,
    statuses: BTreeSet<u16>,
    classes: BTreeSet<u16>,
    met: bool,
}

impl FailOn {
    /// Reads the values of the option: severities, codes of diagnoses, statuses such as `607`, classes such as `5xx`.
    ///
    /// # Errors
    /// [`Error::Usage`] for anything else.
    pub fn read(values: &[String]) -> Result<Self, Error> {
        let mut conditions = Self::default();
        for value in values {
            conditions.add(value)?;
        }
        Ok(conditions)
    }

    fn add(&mut self, value: &str) -> Result<(), Error> {
        if let Some(severity) = severity(value) {
            self.severity = Some(self.severity.map_or(severity, |s| s.min(severity)));
        } else if let Some(class) = class(value) {
            self.classes.insert(class);
        } else if let Some(status) = value.parse().ok().filter(|s| (200..700).contains(s)) {
            self.statuses.insert(status);
        } else if RULES.iter().any(|rule| rule.code == value) {
            self.codes.insert(value.to_owned());
        } else {
            let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
            let hint = explain::closest(value, &codes).map_or_else(
                || "`sipscan explain --list` has them all".to_owned(),
                |code| format!("did you mean {code}?"),
            );
            return Err(Error::Usage(format!(
                "--fail-on {value}: neither a severity (info, notice, warning, error, critical), nor a final status (607) or class (5xx), \
                 nor the code of a diagnosis; {hint}"
            )));
        }
        Ok(())
    }

    /// Looks at findings.
    pub fn findings(&mut self, findings: &[Finding]) {
        self.met |= findings.iter().any(|finding| self.names(finding));
    }

    /// Whether a finding is a failure.
    pub fn names(&self, finding: &Finding) -> bool {
        self.names_code(finding.code, finding.severity)
    }

    /// Whether findings of a code are failures, the worst of which has this severity.
    pub fn names_code(&self, code: &str, worst: Severity) -> bool {
        self.severity.is_some_and(|least| worst >= least) || self.codes.contains(code)
    }

    /// Whether a final response of this status is a failure.
    pub fn names_status(&self, status: u16) -> bool {
        self.statuses.contains(&status) || self.classes.contains(&(status / 100))
    }

    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.severity.is_none() && self.codes.is_empty() && self.statuses.is_empty() && self.classes.is_empty()
    }

    /// Looks at the final responses of a whole capture.
    pub fn summary(&mut self, summary: &Summary) {
        self.met |= summary.final_by_status.iter().any(|(status, n)| *n > 0 && self.names_status(*status));
    }

    /// Whether a condition was met.
    pub fn is_met(&self) -> bool {
        self.met
    }
}

fn severity(value: &str) -> Option<Severity> {
    match value {
        "info" => Some(Severity::Info),
        "notice" => Some(Severity::Notice),
        "warning" => Some(Severity::Warning),
        "error" => Some(Severity::Error),
        "critical" => Some(Severity::Critical),
        _ => None,
    }
}

/// The first digit of `2xx` to `6xx`.
fn class(value: &str) -> Option<u16> {
    let digit = value.to_ascii_lowercase().strip_suffix("xx")?.parse().ok()?;
    (2..=6).contains(&digit).then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart() {
        let values = ["error", "607", "5XX", "warning"].map(str::to_owned);
        let conditions = FailOn::read(&values).unwrap();
        assert_eq!(conditions.severity, Some(Severity::Warning));
        assert_eq!((conditions.statuses.len(), conditions.classes.contains(&5)), (1, true));
        for bad in ["errors", "100", "700", "1xx", "redirect loop", ""] {
            assert!(FailOn::read(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn statuses_are_looked_up_in_the_summary() {
        let mut summary = Summary::default();
        summary.final_by_status.insert(503, 2);
        for (value, met) in [("503", true), ("5xx", true), ("607", false), ("6xx", false)] {
            let mut conditions = FailOn::read(&[value.to_owned()]).unwrap();
            conditions.summary(&summary);
            assert_eq!(conditions.is_met(), met, "{value}");
        }
    }
}
