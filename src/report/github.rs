//! What GitHub Actions shows: a finding as an annotation, by workflow commands on standard output. A runner takes every line for a
//! command that looks like one, so nothing from a capture may begin a line.
//!
//! A step shows ten annotations of each level, so calls of one kind are one annotation, and the worst come first.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::brief::{Brief, BriefOptions};
use super::groups::{Group, Groups};
use super::phrases::{self, Place};
use super::{CaptureFacts, Sink, Summary, escape};
use crate::diagnosis::{CallReport, Finding, Severity};
use crate::lang::{Fill, Lang, Text, grouped};
use crate::limits;

/// Writes workflow commands, below the lines of `--summary`.
pub struct GithubSink {
    out: Box<dyn Write>,
    lang: Lang,
    place: Place,
    brief: Brief,
    groups: Groups<Entry>,
    annotations: Vec<Annotation>,
    /// Annotations of a level that already has enough.
    beyond: u64,
}

/// What is said of the first call of a group.
#[derive(Debug)]
struct Entry {
    file: String,
    code: Option<&'static str>,
    /// That of the finding; a failure without one is an error.
    severity: Severity,
    call: Text,
    message: String,
}

#[derive(Debug)]
struct Annotation {
    severity: Severity,
    file: String,
    title: String,
    message: String,
}

/// Characters of a message; the log has no use for more.
const MESSAGE: usize = 4000;

impl GithubSink {
    /// Makes a sink; nothing is written before the end.
    pub fn new(out: Box<dyn Write>, lang: Lang) -> Self {
        let options = BriefOptions { width: 200, time_zone: TimeZone::UTC, lang };
        Self {
            out,
            lang,
            place: Place::utc(),
            brief: Brief::new(options),
            groups: Groups::new(limits::DETAILED_GROUPS),
            annotations: Vec::new(),
            beyond: 0,
        }
    }

    fn say(&self, text: impl Fill) -> String {
        Text::new("{}").with("", text).in_lang(self.lang).to_string()
    }

    /// Keeps an annotation if there are not enough of its level.
    fn annotate(&mut self, new: Annotation) {
        let level = level(new.severity);
        let same = self.annotations.iter().filter(|known| self::level(known.severity) == level).count();
        if same < limits::ANNOTATIONS {
            self.annotations.push(new);
            return;
        }
        self.beyond += 1;
        let least = self.annotations.iter_mut().filter(|known| self::level(known.severity) == level);
        if let Some(least) = least.min_by_key(|known| known.severity).filter(|known| known.severity < new.severity) {
            *least = new;
        }
    }

    fn group(&mut self, group: Group<Entry>) {
        let Entry { file, code, severity, call, message } = group.first;
        let call = match group.others {
            0 => call,
            n => Text::new("{call} and {n} more").with("call", call).with("n", grouped(n)),
        };
        let title = match code {
            Some(code) => Text::new("{code}: {call}").with("code", code).with("call", call),
            None => call,
        };
        self.annotate(Annotation { severity, file, title: self.say(title), message });
    }

    fn finding(&mut self, finding: &Finding) {
        let file = finding.evidence.first().map_or("", |e| self.place.file(e.frame)).to_owned();
        let mut lines = vec![escape::terminal(&self.say(&finding.message)).into_owned()];
        lines.extend(self.place.told(finding, self.lang));
        let message = phrases::shortened(&lines.join("\n"), MESSAGE);
        self.annotate(Annotation { severity: finding.severity, file, title: finding.code.to_owned(), message });
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "error",
    }
}

impl Sink for GithubSink {
    fn begin_capture(&mut self, _index: usize, files: &[String]) -> io::Result<()> {
        self.place.files = files.to_vec();
        self.brief.begin(files);
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.brief.call(report);
        let (place, lang) = (&self.place, self.lang);
        self.groups.call(report, |lead| {
            let text = Text::new("{parties}: {message}").with("parties", phrases::parties(&report.call));
            let text = text.with("message", phrases::sentence(report, lead));
            let mut lines = vec![escape::terminal(&text.in_lang(lang).to_string()).into_owned()];
            lines.extend(lead.into_iter().flat_map(|finding| place.told(finding, lang)));
            let frame = lead.and_then(|f| f.evidence.first()).map(|e| e.frame);
            let frame = frame.or_else(|| report.call.messages.first().map(|m| m.provenance.frame));
            Entry {
                file: frame.map_or("", |frame| place.file(frame)).to_owned(),
                code: lead.map(|f| f.code),
                severity: lead.map_or(Severity::Error, |f| f.severity),
                call: phrases::name(&report.call),
                message: phrases::shortened(&lines.join("\n"), MESSAGE),
            }
        });
        Ok(())
    }

    fn end_capture(&mut self, facts: &CaptureFacts, _summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.brief.end(facts, findings);
        for reason in &facts.incomplete_reasons() {
            let severity = if facts.error.is_some() { Severity::Critical } else { Severity::Warning };
            let title = self.say(Text::new("The capture is incomplete"));
            let file = self.place.files.first().cloned().unwrap_or_default();
            self.annotate(Annotation { severity, file, title, message: self.say(reason) });
        }
        let groups = std::mem::replace(&mut self.groups, Groups::new(limits::DETAILED_GROUPS));
        self.beyond += groups.crowded_out;
        for (_, group) in groups.ranked() {
            self.group(group);
        }
        for finding in findings {
            self.finding(finding);
        }
        Ok(())
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        for line in self.brief.lines(total) {
            writeln!(self.out, "{}", escape::workflow_line(&line))?;
        }
        self.annotations.sort_by_key(|annotation| std::cmp::Reverse(annotation.severity));
        for Annotation { severity, file, title, message } in &self.annotations {
            let (file, title) = (escape::workflow_property(file), escape::workflow_property(title));
            let (level, message) = (level(*severity), escape::workflow_data(message));
            writeln!(self.out, "::{level} file={file},title={title}::{message}")?;
        }
        if self.beyond > 0 {
            let text = Text::count(
                self.beyond,
                "{n} more problem is not annotated: a step shows {limit} of each level.",
                "{n} more problems are not annotated: a step shows {limit} of each level.",
            );
            let text = self.say(text.with("limit", limits::ANNOTATIONS));
            writeln!(self.out, "{}", escape::workflow_line(&text))?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Buffer, facts, hostile, play, silent_with};

    fn written(act: impl FnOnce(&mut GithubSink)) -> String {
        let out = Buffer::default();
        act(&mut GithubSink::new(Box::new(out.clone()), Lang::En));
        out.text()
    }

    #[test]
    fn the_sample_report_for_github() {
        insta::assert_snapshot!(written(|sink| play(sink)));
    }

    #[test]
    fn captured_text_gives_no_commands() {
        let text = written(|sink| {
            sink.begin_capture(0, &["a,title=x::y\n::error::z.pcap".to_owned()]).unwrap();
            sink.call(&hostile("50%\r\n::stop-commands::x ##[add-mask]y\u{202e}")).unwrap();
            let facts = CaptureFacts { path: "\n::set-output name=a::b".to_owned(), ..facts() };
            sink.end_capture(&facts, &Summary::default(), &[]).unwrap();
            sink.finish(&Summary::default()).unwrap();
        });
        let commands: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
        assert_eq!(commands.len(), 2, "{text}");
        assert!(commands.iter().all(|line| line.starts_with("::error file=") || line.starts_with("::warning file=")));
        assert!(commands[0].contains("50%25\\x0d\\x0a::stop-commands"), "{}", commands[0]);
        assert!(commands[0].starts_with("::error file=a%2Ctitle=x%3A%3Ay\\x0a%3A%3Aerror%3A%3Az.pcap,title=hostile"));
        let others = text.lines().filter(|line| !line.starts_with("::"));
        assert!(others.clone().count() > 0 && others.clone().all(|line| !line.contains("##[")), "{text}");
    }

    #[test]
    fn ten_of_each_level_and_the_worst_stay() {
        let text = written(|sink| {
            sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
            for n in 0..14 {
                let severity = if n == 13 { Severity::Critical } else { Severity::Error };
                sink.call(&silent_with(n, &format!("192.0.2.{n}"), severity)).unwrap();
            }
            sink.end_capture(&CaptureFacts::default(), &Summary::default(), &[]).unwrap();
            sink.finish(&Summary::default()).unwrap();
        });
        assert_eq!(text.lines().filter(|line| line.starts_with("::error")).count(), limits::ANNOTATIONS);
        let first = text.lines().find(|line| line.starts_with("::")).unwrap();
        assert!(first.contains("title=no-response%3A Call 13"), "{first}");
        assert!(text.ends_with("4 more problems are not annotated: a step shows 10 of each level.\n"), "{text}");
    }
}
