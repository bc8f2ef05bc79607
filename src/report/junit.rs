//! The report as JUnit XML, which CI servers show as test results: a suite a capture, a case a call, a failure a finding at or
//! above `--fail-on` (without it: of severity error).
//!
//! The numbers of cases and failures stand in front of them, so cases are kept until the end, at most
//! [`limits::JUNIT_CASES`]; further ones are counted in a case of their own, which fails if one of them does.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::phrases::{self, Place};
use super::{CaptureFacts, Sink, Summary, escape, facts, kpi, time};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::fail_on::FailOn;
use crate::lang::{Lang, Text};
use crate::limits;
use crate::shorten;

/// What counts as a failure, and how it is told.
#[derive(Debug, Clone, Default)]
pub struct JunitOptions {
    /// The conditions of `--fail-on`; without any, findings of severity error.
    pub fail_on: FailOn,
    /// Whether an incomplete capture is an error rather than a case that was skipped.
    pub strict: bool,
    /// Language of everything but values.
    pub lang: Lang,
}

/// Writes JUnit XML.
pub struct JunitSink {
    out: Box<dyn Write>,
    options: JunitOptions,
    report: Report,
    cases: Vec<TestCase>,
    /// Cases kept of all captures, and their octets.
    kept: usize,
    octets: usize,
    place: Place,
    beyond: Beyond,
}

/// Octets of a Call-ID that are told.
const CALL_ID: usize = 512;

/// Cases for which there was no room.
#[derive(Debug, Default, Clone, Copy)]
struct Beyond {
    passed: u64,
    failed: u64,
}

impl JunitSink {
    /// Makes a sink; nothing is written before the end.
    pub fn new(out: Box<dyn Write>, options: JunitOptions) -> Self {
        let (cases, place) = (Vec::new(), Place::utc());
        let report = Report::new("sipscan");
        Self { out, options, report, cases, kept: 0, octets: 0, place, beyond: Beyond::default() }
    }

    fn say(&self, text: &Text) -> XmlString {
        XmlString::new(escape::xml(&text.in_lang(self.options.lang).to_string()))
    }

    fn is_failure(&self, finding: &Finding) -> bool {
        let conditions = &self.options.fail_on;
        if conditions.is_empty() { finding.severity >= Severity::Error } else { conditions.names(finding) }
    }

    /// Keeps a case if there is room; what passed must leave some.
    fn keep(&mut self, case: impl FnOnce(&Self) -> TestCase, failed: bool) {
        let share = if failed { 1 } else { 2 };
        if self.kept < limits::JUNIT_CASES / share && self.octets < limits::JUNIT_OCTETS / share {
            self.kept += 1;
            let case = case(self);
            self.octets += octets(&case);
            self.cases.push(case);
        } else if failed {
            self.beyond.failed += 1;
        } else {
            self.beyond.passed += 1;
        }
    }

    fn case(&self, name: &Text, status: TestCaseStatus) -> TestCase {
        let mut case = TestCase::new(self.say(name), status);
        // Some servers take what is behind the last point for a class and what is before it for a package.
        let class = escape::xml(&self.path()).replace('.', "_");
        case.set_classname(format!("sipscan.{class}"));
        case.extra.insert(XmlString::new("file"), XmlString::new(escape::xml(&self.path())));
        case
    }

    fn path(&self) -> String {
        self.place.files.join(", ")
    }

    fn failure(&self, finding: &Finding) -> TestCaseStatus {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(self.say(&finding.message)).set_type(finding.code);
        let mut lines = vec![self.say(&finding.message).into_string()];
        lines.extend(self.place.told(finding, self.options.lang).iter().map(|line| escape::xml(line).into_owned()));
        if let Some(cause) = finding.consequence_of {
            lines.push(self.say(&Text::new("It follows from {code}.").with("code", cause)).into_string());
        }
        let more = Text::new("More: sipscan explain {code}").with("code", finding.code);
        lines.push(self.say(&more).into_string());
        status.set_description(lines.join("\n"));
        status
    }

    /// The case of a call; the first failure is its own.
    fn of_call(&self, report: &CallReport, status: TestCaseStatus) -> TestCase {
        let call = &report.call;
        let name =
            Text::new("{call}: {parties}").with("call", phrases::name(call)).with("parties", phrases::parties(call));
        let mut case = self.case(&name, status);
        case.set_time(call.end.since(call.start));
        let id = call.legs.iter().find_map(|leg| facts::lossy(leg.call_id.as_deref()));
        let id = id.map(|id| shorten::to_octets(id, CALL_ID));
        let final_status = facts::final_status(call).map(|status| status.to_string());
        let start = time::Rfc3339(call.start).to_string();
        let properties = [
            ("outcome", Some(call.outcome.name().into())),
            ("final-status", final_status),
            ("call-id", id.map(Into::into)),
            ("start", Some(start)),
        ];
        for (name, value) in properties {
            case.add_properties(value.map(|value: String| Property::new(name, escape::xml(&value))));
        }
        case
    }

    fn of_status(&self, report: &CallReport) -> Option<TestCaseStatus> {
        let finals = facts::final_responses(&report.call);
        let status = finals.iter().find(|(_, last, _)| self.options.fail_on.names_status(last.status.0))?.1.status;
        let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let text = Text::new("A final response is {status}.").with("status", status);
        failure.set_message(self.say(&text)).set_type(status.0.to_string());
        let sentence = phrases::sentence(report, facts::root_finding(report));
        failure.set_description(self.say(&sentence));
        Some(failure)
    }

    /// Whether the capture could be read, and as a whole.
    fn of_capture(&self, facts: &CaptureFacts) -> TestCase {
        let reasons: Vec<_> = facts
            .incomplete_reasons()
            .iter()
            .map(|reason| self.say(&Text::new("{}").with("", reason)).into_string())
            .collect();
        let mut status = match (&facts.error, reasons.is_empty(), self.options.strict) {
            (Some(_), ..) | (None, false, true) => TestCaseStatus::non_success(NonSuccessKind::Error),
            (None, false, false) => TestCaseStatus::skipped(),
            (None, true, _) => TestCaseStatus::success(),
        };
        if !reasons.is_empty() {
            status.set_message(reasons.join("; ")).set_type("incomplete");
        }
        self.case(&Text::new("The capture is complete"), status)
    }

    /// What found no room, so that a limit never makes a failure look like a success.
    fn of_beyond(&self) -> Option<TestCase> {
        let Beyond { passed, failed } = self.beyond;
        if passed + failed == 0 {
            return None;
        }
        let mut status = match failed {
            0 => TestCaseStatus::skipped(),
            _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
        };
        let text = Text::new(
            "Not listed, because this file holds at most {limit} cases (JUNIT_CASES): {failed} that fail, {passed} that do not.",
        );
        let text = text.with("failed", failed).with("passed", passed).with("limit", limits::JUNIT_CASES);
        status.set_message(self.say(&text)).set_type("limit");
        Some(self.case(&Text::new("Calls beyond the limit"), status))
    }
}

/// Octets of what may be long in a case.
fn octets(case: &TestCase) -> usize {
    let status = match &case.status {
        TestCaseStatus::NonSuccess { message, description, .. } => [message, description],
        _ => [&None, &None],
    };
    case.name.as_str().len() + status.into_iter().flatten().map(|text| text.as_str().len()).sum::<usize>()
}

fn suite(facts: &CaptureFacts, summary: &Summary) -> TestSuite {
    let mut suite = TestSuite::new(escape::xml(&facts.path));
    if let (Some(first), Some(last)) = (facts.first_time, facts.last_time) {
        let start = time::Rfc3339(first).to_string();
        suite.extra.insert(XmlString::new("timestamp"), XmlString::new(start));
        suite.set_time(last.since(first));
    } else {
        suite.set_time(Duration::ZERO);
    }
    let numbers = [
        ("frames", facts.frames),
        ("messages", summary.messages),
        ("calls", summary.calls),
        ("other-groups", summary.other_groups),
    ];
    suite.add_properties(numbers.map(|(name, n)| Property::new(name, n.to_string())));
    if let Some(kpis) = &summary.kpis {
        suite.add_properties(kpi::plain(&kpis.total).into_iter().map(|(name, value)| Property::new(name, value)));
    }
    if let Some(filtered) = &summary.filtered {
        let numbers = [("calls-before-filter", filtered.calls), ("other-groups-before-filter", filtered.other_groups)];
        suite.add_properties(numbers.map(|(name, n)| Property::new(name, n.to_string())));
        suite.add_property(Property::new("filter", escape::xml(&filtered.expression)));
    }
    suite
}

impl Sink for JunitSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.place.files = files.to_vec();
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        let mut failing: Vec<&Finding> = report.findings.iter().filter(|f| self.is_failure(f)).collect();
        failing.sort_by_key(|f| {
            (f.consequence_of.is_some(), report.root_cause != Some(f.code), std::cmp::Reverse(f.severity))
        });
        let mut failing = failing.into_iter();
        let first = failing.next();
        let by_status = if first.is_none() { self.of_status(report) } else { None };
        let failed = first.is_some() || by_status.is_some();
        let own = |sink: &Self| {
            let status = first.map(|f| sink.failure(f)).or(by_status);
            sink.of_call(report, status.unwrap_or_else(TestCaseStatus::success))
        };
        self.keep(own, failed);
        for finding in failing {
            let name = Text::new("{call}: {code}").with("call", phrases::name(&report.call)).with("code", finding.code);
            self.keep(|sink| sink.case(&name, sink.failure(finding)), true);
        }
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        for finding in findings {
            let failed = self.is_failure(finding);
            let name = Text::new("The capture as a whole: {code}").with("code", finding.code);
            let status = |sink: &Self| if failed { sink.failure(finding) } else { TestCaseStatus::success() };
            self.keep(|sink| sink.case(&name, status(sink)), failed);
        }
        let mut suite = suite(facts, summary);
        if let Some(ignored) = phrases::ignored(summary) {
            suite.set_system_out(self.say(&ignored));
        }
        suite.add_test_case(self.of_capture(facts));
        suite.add_test_cases(std::mem::take(&mut self.cases));
        suite.add_test_cases(self.of_beyond());
        self.beyond = Beyond::default();
        self.report.add_test_suite(suite);
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        self.report.serialize(&mut self.out).map_err(io::Error::other)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Buffer, calls, facts as sample_facts, hostile, play, silent_with};

    fn sink(fail_on: &[&str], strict: bool) -> (Buffer, JunitSink) {
        let out = Buffer::default();
        let fail_on = FailOn::read(&fail_on.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).unwrap();
        let options = JunitOptions { fail_on, strict, lang: Lang::En };
        (out.clone(), JunitSink::new(Box::new(out), options))
    }

    fn read(text: &str) -> Report {
        Report::deserialize_from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    #[test]
    fn the_sample_report_as_junit() {
        let (out, mut sink) = sink(&[], false);
        play(&mut sink);
        let report = read(&out.text());
        assert_eq!((report.tests, report.failures, report.test_suites.len()), (9, 5, 1), "{}", out.text());
        insta::assert_snapshot!(out.text());
    }

    #[test]
    fn fail_on_decides_what_fails() {
        for (fail_on, failures) in [
            (&["warning"][..], 6),
            (&["critical"], 0),
            (&["redirect-contact-not-routable"], 2),
            (&["301"], 2),
            (&["2xx"], 2),
        ] {
            let (out, mut sink) = sink(fail_on, false);
            play(&mut sink);
            assert_eq!(read(&out.text()).failures, failures, "{fail_on:?}");
        }
    }

    #[test]
    fn what_is_incomplete_is_skipped_or_an_error() {
        for (strict, skipped, errors) in [(false, 1, 0), (true, 0, 1)] {
            let (out, mut sink) = sink(&[], strict);
            play(&mut sink);
            let report = read(&out.text());
            assert_eq!((report.skipped, report.errors), (skipped, errors));
        }
        let (out, mut sink) = sink(&[], false);
        sink.begin_capture(0, &["none.pcap".to_owned()]).unwrap();
        sink.end_capture(&CaptureFacts::default(), &Summary::default(), &[]).unwrap();
        sink.finish(&Summary::default()).unwrap();
        let report = read(&out.text());
        assert_eq!(
            (report.tests, report.failures + report.errors + report.skipped),
            (1, 0),
            "without SIP nothing fails"
        );
    }

    #[test]
    fn hostile_text_stays_text() {
        let (out, mut sink) = sink(&[], false);
        let attack = "a]]><failure/>&lt;\"'\u{fffe}\x1b[2J\u{202e}<script>alert(1)</script>";
        sink.begin_capture(0, &["a<b>\".pcap".to_owned()]).unwrap();
        sink.call(&hostile(attack)).unwrap();
        sink.end_capture(&sample_facts(), &Summary::default(), &[]).unwrap();
        sink.finish(&Summary::default()).unwrap();
        let text = out.text();
        assert!(!text.contains("<script>") && !text.contains("]]><failure/>") && !text.contains('\u{202e}'), "{text}");
        let report = read(&text);
        assert_eq!((report.tests, report.failures), (2, 1));
    }

    #[test]
    fn beyond_the_limit_failures_are_failures_still() {
        let (out, mut sink) = sink(&[], false);
        sink.kept = limits::JUNIT_CASES / 2;
        sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
        sink.call(&calls()[0]).unwrap();
        sink.kept = limits::JUNIT_CASES;
        sink.call(&silent_with(7, "192.0.2.7", Severity::Error)).unwrap();
        sink.end_capture(&CaptureFacts::default(), &Summary::default(), &[]).unwrap();
        sink.finish(&Summary::default()).unwrap();
        assert_eq!(read(&out.text()).failures, 1);
        assert!(out.text().contains("(JUNIT_CASES): 1 that fail, 1 that do not."), "{}", out.text());
    }
}
