//! A run in ten lines: captures, messages, calls, outcomes by class, causes, the worst findings, and whether all of it is complete.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::phrases::{self, Place};
use super::text::cut;
use super::without_sip;
use super::{CaptureFacts, Sink, Summary, escape, groups, kpi};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::kpi::Metrics;
use crate::lang::{Lang, Text, grouped, span};
use crate::provenance::Timestamp;
use crate::report::clusters::Cluster;
use crate::wrap::{display_width, pad};

/// How the lines are to look.
#[derive(Debug, Clone)]
pub struct BriefOptions {
    /// Display cells in a line; what does not fit is cut.
    pub width: usize,
    /// Zone of all times.
    pub time_zone: TimeZone,
    /// Language of everything but values.
    pub lang: Lang,
}

/// Writes the ten lines of `--summary`.
pub struct BriefSink {
    out: Box<dyn Write>,
    brief: Brief,
}

impl BriefSink {
    /// Makes a sink; nothing is written before the end.
    pub fn new(out: Box<dyn Write>, options: BriefOptions) -> Self {
        Self { out, brief: Brief::new(options) }
    }
}

impl Sink for BriefSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.brief.begin(files);
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.brief.call(report);
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.brief.end(facts, findings);
        Ok(())
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        for line in self.brief.lines(total) {
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()
    }
}

/// What the lines are made from. It grows with the number of diagnoses, not of calls.
#[derive(Debug)]
pub(super) struct Brief {
    options: BriefOptions,
    place: Place,
    captures: u64,
    /// Names of the first captures.
    names: Vec<String>,
    frames: u64,
    times: Option<(Timestamp, Timestamp)>,
    /// By how much the calls matter, then by severity: a failed call whose finding is an info stands behind errors, before warnings.
    worst: BTreeMap<(Rank, &'static str), Worst>,
    incomplete: u64,
    /// What makes the first incomplete captures incomplete.
    reasons: Vec<Text>,
    /// Why there is no SIP in the first capture that has none, and connections with SIP over TLS that were not read.
    nothing: Option<&'static str>,
    unread: u64,
}

/// How much a diagnosis matters.
type Rank = Reverse<(Severity, Severity)>;

/// A diagnosis with the first call that has it.
#[derive(Debug)]
struct Worst {
    count: u64,
    /// How many other diagnoses came before it.
    order: usize,
    /// The capture of the first one, if that is one file.
    path: Option<String>,
    severity: Severity,
    /// The first call, and what is said of it.
    call: Text,
    frame: Text,
    message: Text,
}

impl Worst {
    /// `3 × error redirect-loop, b.pcap, Call 13, frame 115: …`; which capture only where there are several.
    fn line(&self, code: &'static str, of_several: bool) -> Text {
        let call = match &self.path {
            Some(path) if of_several => Text::new("{path}, {call}").with("path", path).with("call", &self.call),
            _ => self.call.clone(),
        };
        let text = Text::new("{severity} {code}, {call}, frame {frame}: {message}");
        let text = text.with("severity", Text::new(self.severity.name())).with("code", code).with("call", call);
        let first = text.with("frame", &self.frame).with("message", &self.message);
        match self.count {
            1 => first,
            n => Text::new("{n} × {first}").with("n", grouped(n)).with("first", first),
        }
    }
}

/// Names, and reasons, that are kept; a line has no room for more.
const KEPT: usize = 8;
/// Cells that make it worth to begin an item that does not fit.
const READABLE: usize = 32;
/// Findings that are shown.
const WORST: usize = 2;

impl Brief {
    pub(super) fn new(options: BriefOptions) -> Self {
        let place = Place { files: Vec::new(), zone: options.time_zone.clone() };
        Self {
            options,
            place,
            captures: 0,
            names: Vec::new(),
            frames: 0,
            times: None,
            worst: BTreeMap::new(),
            incomplete: 0,
            reasons: Vec::new(),
            nothing: None,
            unread: 0,
        }
    }

    pub(super) fn begin(&mut self, files: &[String]) {
        self.captures += 1;
        self.place.files = files.to_vec();
    }

    pub(super) fn call(&mut self, report: &CallReport) {
        let Some(lead) = groups::lead(report) else { return };
        self.note(groups::weight(report, Some(lead)), lead, || phrases::name(&report.call));
    }

    pub(super) fn end(&mut self, facts: &CaptureFacts, findings: &[Finding]) {
        for finding in findings.iter().filter(|f| f.severity >= Severity::Warning) {
            self.note(finding.severity, finding, || Text::new("the capture"));
        }
        self.frames += facts.frames;
        self.nothing = self.nothing.or_else(|| Some(without_sip::nothing_read(facts)));
        self.unread += facts.tls.unread();
        if self.names.len() < KEPT {
            self.names.push(facts.path.clone());
        }
        if let (Some(first), Some(last)) = (facts.first_time, facts.last_time) {
            self.times = Some(self.times.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
        }
        self.incomplete += u64::from(!facts.is_complete());
        let reasons = facts.incomplete_reasons();
        let room = KEPT.saturating_sub(self.reasons.len());
        let reason = |reason: &Text| {
            // Errors of files name them.
            if reason.to_string().starts_with(&facts.path) {
                return reason.clone();
            }
            Text::new("{path}: {reason}").with("path", &facts.path).with("reason", reason)
        };
        self.reasons.extend(reasons.iter().take(room).map(reason));
    }

    fn note(&mut self, severity: Severity, finding: &Finding, whose: impl FnOnce() -> Text) {
        let (place, order) = (&self.place, self.worst.len());
        let new = || Worst {
            count: 0,
            order,
            path: place.files.first().filter(|_| place.files.len() == 1).cloned(),
            severity: finding.severity,
            call: whose(),
            frame: finding.evidence.first().map_or_else(Text::default, |e| place.frame(e.frame)),
            message: finding.message.clone(),
        };
        self.worst.entry((Reverse((severity, finding.severity)), finding.code)).or_insert_with(new).count += 1;
    }

    /// At most ten lines, eleven with key figures; `total` is the sum over all captures.
    pub(super) fn lines(&self, total: &Summary) -> Vec<String> {
        let mut lines = vec![
            (Text::new("Captures"), std::iter::once(self.what()).chain(self.names()).collect()),
            (Text::new("Time"), vec![self.time()]),
            (Text::new("Messages"), self.messages(total)),
            (Text::new("Calls"), vec![calls(total)]),
            (Text::new("Responses"), responses(total)),
            (Text::new("Outcomes"), outcomes(total)),
            (Text::new("Causes"), causes(total)),
        ];
        lines.extend(total.kpis.as_ref().map(|kpis| (Text::new("Figures"), figures(&kpis.total))));
        let mut worst: Vec<_> = self.worst.iter().collect();
        let several = self.captures > 1;
        worst.sort_by_key(|((severity, _), worst)| (*severity, Reverse(worst.count), worst.order));
        let labels = std::iter::once(Text::new("Worst")).chain(std::iter::repeat_with(Text::default));
        lines.extend(
            labels.zip(worst).take(WORST).map(|(label, ((_, code), worst))| (label, vec![worst.line(code, several)])),
        );
        if self.worst.is_empty() {
            lines.push((Text::new("Worst"), vec![Text::new("nothing from warning on")]));
        }
        lines.push((Text::new("Complete"), self.complete().into_iter().chain(phrases::ignored(total)).collect()));
        let width = lines.iter().map(|(label, _)| display_width(&self.say(label))).max().unwrap_or(0) + 2;
        lines.into_iter().map(|(label, items)| self.line(&label, width, &items)).collect()
    }

    fn say(&self, text: &Text) -> String {
        escape::terminal(&text.in_lang(self.options.lang).to_string()).into_owned()
    }

    /// As many items as fit.
    fn line(&self, label: &Text, width: usize, items: &[Text]) -> String {
        let mut line = pad(&self.say(label), width);
        for (at, item) in items.iter().enumerate() {
            let glue = if at == 0 { "" } else { self.options.lang.tr("; ") };
            let item = format!("{glue}{}", self.say(item));
            let last = at + 1 == items.len();
            let room = self.options.width.saturating_sub(display_width(&line) + if last { 0 } else { 2 });
            if display_width(&item) > room {
                let begun = at == 0 || room >= READABLE;
                line.push_str(&if begun { cut(&item, room) } else { cut(" …", room) });
                break;
            }
            line.push_str(&item);
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn what(&self) -> Text {
        Text::new("{captures} with {frames}")
            .with("captures", Text::count(self.captures, "{n} capture", "{n} captures"))
            .with("frames", Text::count(self.frames, "{n} frame", "{n} frames"))
    }

    /// The first captures, and a sign that there are more.
    fn names(&self) -> impl Iterator<Item = Text> {
        let has_more = self.captures > self.names.len() as u64;
        self.names.iter().map(Text::verbatim).chain(has_more.then(|| Text::verbatim("…")))
    }

    fn time(&self) -> Text {
        let Some((first, last)) = self.times else { return Text::new("no frames with times") };
        let text = Text::new("{from} to {to} ({span})").with("from", self.place.moment(first));
        text.with("to", self.place.moment(last)).with("span", span(last.since(first)))
    }

    /// How many of each method, or why there are none; and what was not read.
    fn messages(&self, total: &Summary) -> Vec<Text> {
        let mut items = messages(total);
        items.extend(self.nothing.filter(|_| total.messages == 0 && self.captures == 1).map(Text::new));
        let unread = Text::count(
            self.unread,
            "{n} connection with SIP over TLS was not read (see --keylog)",
            "{n} connections with SIP over TLS were not read (see --keylog)",
        );
        // In front of the methods: these are what a narrow line leaves out.
        if self.unread > 0 {
            items.insert(1, unread);
        }
        items
    }

    fn complete(&self) -> Vec<Text> {
        if self.incomplete == 0 {
            return vec![Text::new("yes")];
        }
        let text = Text::new("no: {n} of {all}").with("n", grouped(self.incomplete));
        let mut items = vec![text.with("all", Text::count(self.captures, "{n} capture", "{n} captures"))];
        items.extend(self.reasons.iter().cloned());
        items
    }
}

fn item(name: Text, n: u64) -> Text {
    Text::new("{name} {n}").with("name", name).with("n", grouped(n))
}

fn messages(total: &Summary) -> Vec<Text> {
    let mut requests: Vec<_> = total.requests.iter().collect();
    requests.sort_by_key(|(_, n)| Reverse(**n));
    let requests = requests.into_iter().map(|(method, n)| item(Text::verbatim(method), *n));
    std::iter::once(
        Text::count(total.messages, "{n} message{copies}", "{n} messages{copies}")
            .with("copies", phrases::copies(total)),
    )
    .chain(requests)
    .collect()
}

fn figures(metrics: &Metrics) -> Vec<Text> {
    let ratio = |row: &kpi::RatioRow| {
        let text = Text::new("{name} {n} ({share})").with("name", row.short);
        text.with("n", kpi::percent((row.of)(metrics))).with("share", kpi::share((row.of)(metrics)))
    };
    let pdd = || Text::new("PDD 95 % {time}").with("time", kpi::time(metrics.pdd.percentile(95)));
    kpi::ratios(metrics).map(ratio).chain(kpi::has_calls(metrics).then(pdd)).collect()
}

fn calls(total: &Summary) -> Text {
    if let Some(filtered) = &total.filtered {
        return phrases::filtered(filtered, total);
    }
    phrases::calls_and_groups(total.calls, total.other_groups)
}

fn responses(total: &Summary) -> Vec<Text> {
    let classes = total.final_by_class();
    let all: u64 = classes.values().sum();
    let classes = classes.into_iter().map(|(class, n)| item(Text::verbatim(class.digits()), n));
    std::iter::once(Text::count(all, "{n} final response", "{n} final responses")).chain(classes).collect()
}

fn outcomes(total: &Summary) -> Vec<Text> {
    let mut outcomes: Vec<_> = total.outcomes.iter().collect();
    outcomes.sort_by_key(|(_, n)| Reverse(**n));
    let items: Vec<_> = outcomes.into_iter().map(|(outcome, n)| item(Text::new(outcome.name()), *n)).collect();
    if items.is_empty() { vec![Text::new("no calls")] } else { items }
}

fn causes(total: &Summary) -> Vec<Text> {
    let failures = total.clusters.failures();
    let cause = |cluster: &Cluster<'_>| {
        let cause = cluster.cause;
        let code = cause.code.map_or_else(|| Text::new("unexplained"), Text::verbatim);
        let answer = match cause.status {
            Some(status) => Text::new("{status} from {host}").with("status", format!("{status:03}")),
            None => Text::new("no answer from {host}"),
        };
        let host = cause.host.map_or_else(|| Text::verbatim("?"), Text::verbatim);
        let text = Text::new("{n} × {code} ({answer})").with("n", grouped(cluster.calls())).with("code", code);
        text.with("answer", answer.with("host", host))
    };
    let causes = total.clusters.ranked();
    let all = Text::count(failures, "{n} failure", "{n} failures");
    std::iter::once(all).chain(causes.iter().take(KEPT).map(cause)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::github::GithubSink;
    use crate::report::junit::{JunitOptions, JunitSink};
    use crate::report::sample::{Buffer, hostile, play, silent_with};
    use crate::report::sarif::SarifSink;

    fn sink(width: usize) -> (Buffer, BriefSink) {
        let out = Buffer::default();
        let options = BriefOptions { width, time_zone: TimeZone::UTC, lang: Lang::En };
        (out.clone(), BriefSink::new(Box::new(out), options))
    }

    #[test]
    fn the_sample_report_in_ten_lines() {
        let (out, mut sink) = sink(100);
        play(&mut sink);
        assert_eq!(out.text().lines().count(), 10);
        insta::assert_snapshot!(out.text());
    }

    #[test]
    fn lines_keep_within_the_width_whatever_is_in_them() {
        for width in [40, 60, 80] {
            let (out, mut sink) = sink(width);
            sink.begin_capture(0, &["王".repeat(60)]).unwrap();
            sink.call(&hostile("\x1b[2J\n::error::x\u{202e}")).unwrap();
            let facts = CaptureFacts { path: "a\n::warning::b".to_owned(), ..crate::report::sample::facts() };
            sink.end_capture(&facts, &Summary::default(), &[]).unwrap();
            sink.finish(&Summary::default()).unwrap();
            let text = out.text();
            assert!(text.lines().count() <= 10 && text.lines().all(|line| display_width(line) <= width), "{text}");
            assert!(!text.contains(['\x1b', '\u{202e}']));
        }
    }

    #[test]
    fn what_the_settings_leave_out_is_said_in_every_format() {
        let summary = Summary { ignored: [("redirect-loop", 2)].into(), ..Summary::default() };
        let buffer = Buffer::default();
        let options = BriefOptions { width: 100, time_zone: TimeZone::UTC, lang: Lang::En };
        let sinks: [Box<dyn Sink>; 4] = [
            Box::new(BriefSink::new(Box::new(buffer.clone()), options)),
            Box::new(GithubSink::new(Box::new(buffer.clone()), Lang::En)),
            Box::new(JunitSink::new(Box::new(buffer.clone()), JunitOptions::default())),
            Box::new(SarifSink::new(Box::new(buffer.clone()), Lang::En)),
        ];
        for (n, mut sink) in (1..).zip(sinks) {
            sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
            sink.end_capture(&CaptureFacts::default(), &summary, &[]).unwrap();
            sink.finish(&summary).unwrap();
            let said = "2 findings are left out, as sipscan.toml asks: redirect-loop 2";
            assert_eq!(buffer.text().matches(said).count(), n, "{}", buffer.text());
        }
    }

    #[test]
    fn of_several_captures_it_says_which_has_the_worst() {
        let (out, mut sink) = sink(120);
        for n in 0..=KEPT {
            let path = format!("{n}.pcap");
            sink.begin_capture(n, std::slice::from_ref(&path)).unwrap();
            if n == 2 {
                sink.call(&silent_with(7, "192.0.2.1", Severity::Error)).unwrap();
            }
            let error = (n == 3).then(|| Text::verbatim("3.pcap: no such file"));
            let facts = CaptureFacts { path, error, ..CaptureFacts::default() };
            sink.end_capture(&facts, &Summary::default(), &[]).unwrap();
        }
        sink.finish(&Summary::default()).unwrap();
        let text = out.text();
        assert!(text.contains("7.pcap; …\n"), "{text}");
        assert!(text.contains(", 2.pcap, Call 7, frame "), "{text}");
        assert!(text.contains("no: 1 of 9 captures; 3.pcap: no such file\n"), "{text}");
    }

    #[test]
    fn without_sip_it_says_so() {
        let (out, mut sink) = sink(80);
        sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
        sink.end_capture(
            &CaptureFacts { path: "a.pcap".to_owned(), ..CaptureFacts::default() },
            &Summary::default(),
            &[],
        )
        .unwrap();
        sink.finish(&Summary::default()).unwrap();
        let text = out.text();
        assert!(
            text.contains("0 messages") && text.contains("no calls") && text.ends_with("Complete   yes\n"),
            "{text}"
        );
    }
}
