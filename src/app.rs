//! A whole run: inputs, the pipeline over each of them, outputs, and the exit status.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::capture::{self, Capture, CaptureInfo, Input, Merged};
use crate::cli::Scan;
use crate::diagnosis::{CallReport, Finding, Settings};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::fail_on::FailOn;
use crate::pipeline::Analysis;
use crate::report::outputs::Outputs;
use crate::report::{CaptureFacts, Sink, Summary};

/// Analyses the inputs of the command line into `outputs`; errors go to `talk`.
pub fn scan(arguments: &Scan, outputs: Outputs, fail_on: FailOn, talk: &mut dyn Write) -> ExitStatus {
    let paths: Vec<PathBuf> = arguments.inputs.iter().chain(&arguments.read).cloned().collect();
    let (inputs, errors) = capture::inputs(&paths);
    let settings = Settings { country: arguments.country.clone(), ..Settings::default() };
    let sink = Watched { outputs, fail_on, incomplete: false };
    let mut run = Run { settings, sink, errors: Vec::new(), captures: 0, total: Summary::default(), gone: false };
    errors.into_iter().for_each(|error| run.error(error, talk));
    if arguments.merge && inputs.len() > 1 {
        run.merged(&inputs, talk);
    } else {
        for input in &inputs {
            if run.gone {
                break;
            }
            run.one(input, talk);
        }
    }
    run.finish(arguments.strict, talk)
}

/// Writes an error with its next step.
pub fn tell(error: &Error, talk: &mut dyn Write) {
    // If even standard error is gone, there is nobody left to tell.
    drop(writeln!(talk, "error: {error}"));
    if let Some(help) = error.help() {
        drop(writeln!(talk, "help: {help}"));
    }
}

struct Run {
    settings: Settings,
    sink: Watched,
    errors: Vec<()>,
    captures: usize,
    total: Summary,
    /// Nobody reads the reports any more.
    gone: bool,
}

impl Run {
    fn error(&mut self, error: Error, talk: &mut dyn Write) {
        tell(&error, talk);
        self.errors.push(());
    }

    /// Analyses one input on its own.
    fn one(&mut self, input: &Input, talk: &mut dyn Write) {
        match Capture::open(input) {
            Ok(mut capture) => {
                let path = capture.info().path.clone();
                let lossy = capture::announces_losses(input);
                self.analyse(&path, lossy, |analysis, sink| frames(&mut capture, analysis, sink), talk);
            }
            Err(error) => self.error(error, talk),
        }
    }
}
