//! A whole run: inputs, the pipeline over each of them, outputs, and the exit status.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::capture::{self, Capture, CaptureInfo, Frames, Input, Merged, link_type_name};
use crate::config;
use crate::diagnosis::{CallReport, Finding, Settings};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::explain;
use crate::fail_on::FailOn;
use crate::filter::Filter;
use crate::lang::Text;
use crate::pipeline::Analysis;
use crate::report::outputs::Outputs;
use crate::report::{CaptureFacts, Sink, Summary};

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
    /// Whether key performance indicators are wanted.
    pub kpi: bool,
    /// What the exit status depends on.
    pub fail_on: FailOn,
}

/// Analyses the inputs of a job into `outputs`. Errors go to `talk` as they happen; one bad file does not stop the others.
pub fn scan(job: Job, outputs: Outputs, talk: &mut dyn Write) -> ExitStatus {
    let Job { paths, merge, strict, threads, settings, filter, kpi, fail_on } = job;
    let threads = threads.map_or_else(config::threads, usize::from);
    let sink = Watched { outputs, fail_on, incomplete: false, gone: false };
    let mut run =
        Run { settings, filter, kpi, threads, sink, failed: false, captures: 0, total: Summary::default(), talk };
    let (inputs, errors) = capture::inputs(&paths);
    for error in &errors {
        run.error(error);
    }
    if merge && inputs.len() > 1 {
        run.merged(&inputs);
    } else {
        for input in &inputs {
            run.single(input);
        }
    }
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
    drop(writeln!(talk, "warning: {what}"));
}

/// The command that was probably meant where a file was not found.
fn misspelt_command(error: &Error) -> Option<&'static str> {
    let Error::Read { path, source } = error else { return None };
    let name = path.to_str().filter(|_| source.kind() == io::ErrorKind::NotFound)?;
    ["check", "config", "explain", "extract", "ladder", "passport"]
        .into_iter()
        .find(|command| explain::resembles(name, command))
}

struct Run<'t> {
    settings: Settings,
    filter: Option<Arc<Filter>>,
    kpi: bool,
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

    fn analysis(&self) -> Analysis {
        Analysis::new(self.settings.clone()).numbered(self.captures).selecting(self.filter.clone()).measuring(self.kpi)
    }

    /// Analyses one input on its own.
    fn single(&mut self, input: &Input) {
        if self.sink.gone {
            return;
        }
        match Capture::open(input) {
            Ok(mut capture) => self.analyse(&mut capture, capture::announces_losses(input), Vec::new()),
            Err(error) => {
                self.error(&error);
                self.unread(input, &error);
            }
        }
    }

    /// An input that could not be opened is in the reports as well: as a capture without frames, incomplete.
    fn unread(&mut self, input: &Input, error: &Error) {
        let path = input.path().display().to_string();
        let analysis = self.analysis();
        let name = |facts: &mut CaptureFacts| {
            facts.path.clone_from(&path);
            facts.error = Some(error.text());
        };
        let begun = self.sink.begin_capture(self.captures, std::slice::from_ref(&path));
        // As in `analyse`: a sink that fails for good is marked.
        drop(begun.and_then(|()| analysis.finish(name, &mut self.sink)));
        self.captures += 1;
    }

    /// Analyses all inputs as one capture.
    fn merged(&mut self, inputs: &[Input]) {
        let (mut merged, errors) = Merged::open(inputs);
        for error in &errors {
            self.error(error);
        }
        if merged.infos().next().is_some() {
            let errors = errors.iter().map(Error::text).collect();
            self.analyse(&mut merged, inputs.iter().any(capture::announces_losses), errors);
        }
    }

    /// `lossy`: packets are known to be missing. `errors` has those of files that were left out.
    fn analyse(&mut self, frames: &mut dyn Frames, lossy: bool, errors: Vec<Text>) {
        let files: Vec<String> = frames.infos().iter().map(|info| info.path.display().to_string()).collect();
        // A sink that fails for good is marked by `Watched`; nothing more needs to be done about it here.
        let result = self.sink.begin_capture(self.captures, &files).and_then(|()| self.capture(frames, lossy, errors));
        if let Ok(summary) = result {
            self.sink.fail_on.summary(&summary);
            self.total.add(&summary);
        }
        self.captures += 1;
    }

    fn capture(&mut self, frames: &mut dyn Frames, lossy: bool, mut errors: Vec<Text>) -> io::Result<Summary> {
        let mut analysis = self.analysis();
        analysis.set_lossy(lossy);
        let Self { sink, talk, failed, .. } = self;
        let mut note = |error: Error| {
            *failed = true;
            tell(&error, *talk);
            errors.push(error.text());
        };
        analysis.run(frames, self.threads, sink, &mut note)?;
        let (_, summary) = analysis.finish(|facts| describe(facts, &frames.infos(), errors), &mut self.sink)?;
        Ok(summary)
    }

    fn finish(mut self, strict: bool) -> ExitStatus {
        // Outputs that failed are among the errors below.
        drop(self.sink.finish(&self.total));
        let Watched { outputs, fail_on, mut incomplete, .. } = self.sink;
        for limit in outputs.limits_hit() {
            incomplete = true;
            // As in `tell`.
            drop(writeln!(self.talk, "warning: {limit}"));
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
