//! Several outputs fed at once; one that fails does not stop the others.

use std::io;
use std::path::PathBuf;

use super::{CaptureFacts, Sink, Summary};
use crate::diagnosis::{CallReport, Finding};
use crate::error::Error;

/// The outputs of a run.
#[derive(Default)]
pub struct Outputs {
    open: Vec<Output>,
    errors: Vec<Error>,
}

struct Output {
    path: PathBuf,
    sink: Box<dyn Sink>,
}

impl Outputs {
    /// Adds an output; `path` is what errors call it.
    pub fn add(&mut self, path: PathBuf, sink: Box<dyn Sink>) {
        self.open.push(Output { path, sink });
    }

    /// The outputs that could not be written. A reader that went away (`sipscan … | head`) is not among them.
    pub fn into_errors(self) -> Vec<Error> {
        self.errors
    }

    /// Outputs that are incomplete because a limit of their own was hit, and which.
    pub fn limits_hit(&self) -> Vec<String> {
        let hit = self.open.iter().filter_map(|o| Some(format!("{}: {}", o.path.display(), o.sink.limit_hit()?)));
        hit.collect()
    }

    /// Does the same at every output that is still open.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] when none is left: nobody reads on.
    fn each(&mut self, mut act: impl FnMut(&mut dyn Sink) -> io::Result<()>) -> io::Result<()> {
        let mut at = 0;
        while let Some(output) = self.open.get_mut(at) {
            match act(output.sink.as_mut()) {
                Ok(()) => at += 1,
                Err(source) => {
                    let Output { path, .. } = self.open.remove(at);
                    if source.kind() != io::ErrorKind::BrokenPipe {
                        self.errors.push(Error::Write { path, source });
                    }
                }
            }
        }
        if self.open.is_empty() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl Sink for Outputs {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.each(|sink| sink.begin_capture(index, files))
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.each(|sink| sink.call(report))
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.each(|sink| sink.end_capture(facts, summary, findings))
    }

    fn finish(&mut self, total: &Summary) -> io::Result<()> {
        self.each(|sink| sink.finish(total))
    }
}
