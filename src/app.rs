//! A whole run: inputs, the pipeline over each of them, outputs, and the exit status.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::baseline::Baseline;
use crate::capture::{self, CaptureInfo, Input, Merged, link_type_name};
use crate::config;
use crate::diagnosis::{CallReport, Finding, Settings};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::explain;
use crate::fail_on::FailOn;
use crate::filter::Filter;
use crate::lang::Text;
use crate::limits::SMALL_CAPTURE_OCTETS;
use crate::redact::Redactor;
use crate::report::outputs::Outputs;
use crate::report::{CaptureFacts, Sink, Summary};
use crate::report::{escape, phrases};
use crate::tally::Tally;

mod progress;
mod redact;
mod side_by_side;
mod single;

pub use progress::{Beside, Progress};
pub use redact::redact;

use side_by_side::Piece;
use single::Plan;

/// What a run analyses, and by what.
#[derive(Debug, Default)]
pub struct Job {
    /// Files, directories, `-`.
    pub paths: Vec<PathBuf>,
    /// All of them as one capture.
    pub merge: bool,
    /// An incomplete result has an exit status of its own.
    pub strict: bool,
    /// By default one a core.
    pub threads: Option<NonZeroUsize>,
    /// Those of the analysis.
    pub settings: Settings,
    /// Which calls go to the outputs; by default all.
    pub filter: Option<Arc<Filter>>,
    /// What is known, and so is left out.
    pub baseline: Option<Arc<Baseline>>,
    /// Whether key performance indicators are wanted.
    pub kpi: bool,
    /// What the exit status depends on.
    pub fail_on: FailOn,
    /// Replaces what names anybody in the reports; by default nothing does.
    pub redactor: Option<Arc<Redactor>>,
    /// Shows how far it is.
    pub progress: Progress,
}

/// Analyses the inputs of a job into `outputs`. Errors go to `talk` as they happen; one bad file does not stop the others.
pub fn scan(job: Job, outputs: Outputs, talk: &mut dyn Write) -> ExitStatus {
    let Job { paths, merge, strict, threads, settings, filter, baseline, kpi, fail_on, redactor, progress } = job;
    let threads = threads.map_or_else(config::threads, usize::from);
    let sink = Watched { outputs, fail_on, incomplete: false, gone: false };
    let tally = Arc::new(Tally::default());
    let (inputs, errors) = capture::inputs(&paths);
    let whole = merge || inputs.len() == 1;
    let plan = Arc::new(Plan { settings, filter, baseline, whole, kpi, redactor, tally: Arc::clone(&tally) });
    let mut run = Run { plan, threads, sink, failed: false, captures: 0, total: Summary::default(), talk };
    for error in &errors {
        run.error(error);
    }
    let watch = progress.watch(tally, inputs.iter().map(Input::octets).sum());
    if merge && inputs.len() > 1 {
        run.merged(&inputs);
    } else {
        run.all(&inputs);
    }
    drop(watch);
    run.finish(strict)
}

/// Writes an error with its next step.
pub fn tell(error: &Error, talk: &mut dyn Write) {
    // If even standard error is gone, there is nobody left to tell.
    drop(writeln!(talk, "error: {error}"));
    if let Some(help) = error.help() {
        drop(writeln!(talk, "help: {help}"));
    }
    if let Some(command) = misspelt_command(error) {
        drop(writeln!(talk, "help: there is a command of a similar name: `sipscan {command}`"));
    }
}

/// Writes a warning.
pub fn warn(what: &str, talk: &mut dyn Write) {
    // As in `tell`.
    drop(writeln!(talk, "warning: {}", escape::terminal(what)));
}

/// The command that was probably meant where a file was not found.
fn misspelt_command(error: &Error) -> Option<&'static str> {
    let Error::Read { path, source } = error else { return None };
    let name = path.to_str().filter(|_| source.kind() == io::ErrorKind::NotFound)?;
    ["check", "config", "diff", "explain", "extract", "ladder", "passport", "redact"]
        .into_iter()
        .find(|command| explain::resembles(name, command))
}

struct Run<'t> {
    plan: Arc<Plan>,
    threads: usize,
    sink: Watched,
    failed: bool,
    captures: usize,
    total: Summary,
    talk: &'t mut dyn Write,
}

impl Run<'_> {
    fn error(&mut self, error: &Error) {
        self.failed = true;
        tell(error, self.talk);
    }

    /// Analyses inputs in their order: small ones that follow one another side by side.
    fn all(&mut self, inputs: &[Input]) {
        let mut rest = inputs;
        while let Some((first, behind)) = rest.split_first()
            && !self.sink.gone
        {
            let small = if self.threads > 1 { rest.iter().take_while(|input| is_small(input)).count() } else { 0 };
            if let Some((small, behind)) = rest.split_at_checked(small).filter(|_| small > 1) {
                self.side_by_side(small);
                rest = behind;
            } else {
                self.single(first);
                rest = behind;
            }
        }
    }

    /// Analyses one input on its own, on all threads.
    fn single(&mut self, input: &Input) {
        let Self { plan, sink, talk, failed, .. } = self;
        let mut note = |error: Error| {
            *failed = true;
            tell(&error, *talk);
        };
        let summary = plan.single((self.captures, input), self.threads, sink, &mut note);
        self.captures += 1;
        self.add(summary);
    }

    fn side_by_side(&mut self, inputs: &[Input]) {
        let plan = Arc::clone(&self.plan);
        let (first, threads) = (self.captures, self.threads);
        side_by_side::run(&plan, first, inputs, threads, |piece| {
            // A sink that fails for good is marked by `Watched`.
            match piece {
                Piece::Begin(index, files) => drop(self.sink.begin_capture(*index, files)),
                Piece::Call(report) => drop(self.sink.call(report)),
                Piece::End(end) => drop(self.sink.end_capture(&end.0, &end.1, &end.2)),
                Piece::Error(error) => self.error(error),
                Piece::Summary(summary) => self.add(Some(Summary::clone(summary))),
            }
            !self.sink.gone
        });
        self.captures += inputs.len();
    }

    /// Analyses all inputs as one capture.
    fn merged(&mut self, inputs: &[Input]) {
        let (mut merged, errors) = Merged::open_watched(inputs, &self.plan.tally);
        for error in &errors {
            self.error(error);
        }
        if merged.infos().next().is_none() {
            return;
        }
        let errors = errors.iter().map(|error| self.plan.text(self.captures, error)).collect();
        let lossy = inputs.iter().any(capture::announces_losses);
        let Self { plan, sink, talk, failed, .. } = self;
        let mut note = |error: Error| {
            *failed = true;
            tell(&error, *talk);
        };
        let summary = plan.analyse((self.captures, &mut merged), self.threads, (lossy, errors), sink, &mut note);
        self.captures += 1;
        self.add(summary);
    }

    fn add(&mut self, summary: Option<Summary>) {
        if let Some(summary) = summary {
            self.sink.fail_on.summary(&summary);
            self.total.add(summary);
        }
    }

    /// Tells that the selection holds for no call. Where calls were named, that is a failure: most likely a name is misspelt.
    fn nothing_selected(&mut self) {
        let Some(filtered) = &self.total.filtered else { return };
        if self.total.calls + self.total.other_groups > 0 || filtered.calls + filtered.other_groups == 0 {
            return;
        }
        let text = format!("no call is selected by {}", filtered.expression);
        if self.plan.filter.as_ref().is_some_and(|filter| filter.names_calls()) {
            self.error(&Error::Usage(escape::terminal(&text).into_owned()));
        } else {
            warn(&text, self.talk);
        }
    }

    fn finish(mut self, strict: bool) -> ExitStatus {
        // Outputs that failed are among the errors below.
        if let Some(compared) = &mut self.total.baseline {
            compared.whole = true;
        }
        drop(self.sink.finish(&self.total));
        if let Some(text) = phrases::known(&self.total) {
            // As in `tell`.
            drop(writeln!(self.talk, "{text}"));
        }
        self.nothing_selected();
        let Watched { outputs, fail_on, mut incomplete, .. } = self.sink;
        for limit in outputs.limits_hit() {
            incomplete = true;
            warn(&limit, self.talk);
        }
        for error in outputs.into_errors() {
            self.failed = true;
            tell(&error, self.talk);
        }
        if self.failed {
            ExitStatus::Failed
        } else if strict && incomplete {
            ExitStatus::Incomplete
        } else if fail_on.is_met() {
            ExitStatus::Found
        } else {
            ExitStatus::Clean
        }
    }
}

/// Whether a capture is analysed beside others rather than on all threads.
fn is_small(input: &Input) -> bool {
    input.octets().is_some_and(|octets| octets <= SMALL_CAPTURE_OCTETS)
}

/// Fills in what only the readers of the files know.
pub(crate) fn describe(facts: &mut CaptureFacts, infos: &[&CaptureInfo], errors: Vec<Text>) {
    let paths: Vec<String> = infos.iter().map(|info| info.path.display().to_string()).collect();
    facts.path = paths.join(", ");
    let formats: BTreeMap<String, Text> =
        infos.iter().map(|info| (info.format.to_string(), info.format.text())).collect();
    facts.format = Text::list("; ", formats.values());
    let link_types: BTreeSet<u16> = infos.iter().flat_map(|info| info.link_types.iter().copied()).collect();
    facts.link_types = link_types.into_iter().map(|number| (number, link_type_name(number))).collect();
    facts.first_time = infos.iter().filter_map(|info| info.first_time).min();
    facts.last_time = infos.iter().filter_map(|info| info.last_time).max();
    facts.truncated = infos.iter().any(|info| info.truncated);
    facts.dropped = infos.iter().map(|info| info.dropped).sum();
    for (anomaly, count) in infos.iter().flat_map(|info| info.anomalies()) {
        *facts.anomalies.entry(anomaly).or_default() += count;
    }
    facts.incomplete.extend(infos.iter().flat_map(|info| info.incomplete(infos.len() > 1)));
    let mut errors = errors.into_iter();
    facts.error = errors.next();
    facts.incomplete.extend(errors);
}

/// The outputs, with an eye on what decides the exit status.
struct Watched {
    outputs: Outputs,
    fail_on: FailOn,
    incomplete: bool,
    /// Nobody reads the reports any more.
    gone: bool,
}

impl Watched {
    fn noted(&mut self, result: io::Result<()>) -> io::Result<()> {
        self.gone |= result.is_err();
        result
    }
}

impl Sink for Watched {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        let result = self.outputs.begin_capture(index, files);
        self.noted(result)
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.fail_on.findings(&report.findings);
        let result = self.outputs.call(report);
        self.noted(result)
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.fail_on.findings(findings);
        self.incomplete |= !facts.is_complete();
        let result = self.outputs.end_capture(facts, summary, findings);
        self.noted(result)
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        let result = self.outputs.finish(total);
        self.noted(result)
    }
}
