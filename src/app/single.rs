//! One input from its opening to the end of its reports: the same whether it is analysed alone or beside others.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::describe;
use crate::baseline::Baseline;
use crate::capture::{self, Capture, CaptureInfo, Frames, Input};
use crate::diagnosis::Settings;
use crate::error::Error;
use crate::filter::Filter;
use crate::lang::Text;
use crate::pipeline::Analysis;
use crate::redact::Redactor;
use crate::report::{CaptureFacts, Sink, Summary};
use crate::tally::Tally;

/// What the captures of a run are analysed by.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: Settings,
    pub(super) filter: Option<Arc<Filter>>,
    pub(super) baseline: Option<Arc<Baseline>>,
    /// Whether there is one capture.
    pub(super) whole: bool,
    pub(super) kpi: bool,
    pub(super) redactor: Option<Arc<Redactor>>,
    pub(super) tally: Arc<Tally>,
}

impl Plan {
    /// Analyses input number `index` of the run, from 0; `note` gets the errors as they happen. `None` where there is no summary.
    pub(super) fn single(
        &self,
        (index, input): (usize, &Input),
        threads: usize,
        sink: &mut dyn Sink,
        note: &mut dyn FnMut(Error),
    ) -> Option<Summary> {
        match Capture::open_watched(input, &self.tally) {
            Ok(mut capture) => {
                // Other files have nothing to announce it with: they are not opened once more.
                let lossy = capture.info().format.is_pcapng() && capture::announces_losses(input);
                self.analyse((index, &mut capture), threads, (lossy, Vec::new()), sink, note)
            }
            Err(error) => {
                let text = self.text(index, &error);
                note(error);
                // A sink that fails for good is marked by whoever made it.
                drop(self.unread(index, input, &text, sink));
                None
            }
        }
    }

    /// Analyses frames. `lossy`: packets are known to be missing. `errors` has those of files that were left out.
    pub(super) fn analyse(
        &self,
        (index, frames): (usize, &mut dyn Frames),
        threads: usize,
        (lossy, errors): (bool, Vec<Text>),
        sink: &mut dyn Sink,
        note: &mut dyn FnMut(Error),
    ) -> Option<Summary> {
        let files: Vec<String> =
            frames.infos().iter().zip(index..).map(|(info, nth)| self.name(nth, &info.path)).collect();
        let mut analysis = self.analysis(index);
        analysis.set_lossy(lossy);
        let begun = sink.begin_capture(index, &files);
        // As in `single`.
        begun.and_then(|()| self.finished((analysis, &files), frames, threads, errors, sink, note)).ok()
    }

    /// An input that could not be opened is in the reports as well: as a capture without frames, incomplete.
    fn unread(&self, index: usize, input: &Input, error: &Text, sink: &mut dyn Sink) -> io::Result<()> {
        let path = self.name(index, &input.path());
        sink.begin_capture(index, std::slice::from_ref(&path))?;
        let name = |facts: &mut CaptureFacts| {
            facts.path = path;
            facts.error = Some(error.clone());
        };
        self.analysis(index).finish(name, sink).map(drop)
    }

    fn analysis(&self, index: usize) -> Analysis {
        Analysis::new(self.settings.clone())
            .numbered(index)
            .selecting(self.filter.clone())
            .measuring(self.kpi)
            .comparing(self.baseline.clone(), self.whole)
            .redacting(self.redactor.clone())
            .watched(Arc::clone(&self.tally))
            .ending_the_process(self.whole)
    }

    /// What the reports call a file, which is number `nth` of the run: names of files tell a lot.
    fn name(&self, nth: usize, path: &Path) -> String {
        let path = path.display().to_string();
        if self.redactor.is_some() { Redactor::file(nth, &path) } else { path }
    }

    /// What the reports say of an error.
    pub(super) fn text(&self, index: usize, error: &Error) -> Text {
        let name = self.redactor.is_some().then(|| self.name(index, Path::new("")));
        error.text_named(name.as_deref())
    }

    fn finished(
        &self,
        (mut analysis, names): (Analysis, &[String]),
        frames: &mut dyn Frames,
        threads: usize,
        mut errors: Vec<Text>,
        sink: &mut dyn Sink,
        note: &mut dyn FnMut(Error),
    ) -> io::Result<Summary> {
        let shown = self.redactor.is_some().then(|| names.join(", "));
        analysis.run(frames, threads, sink, &mut |error| {
            errors.push(error.text_named(shown.as_deref()));
            note(error);
        })?;
        let refused = analysis.refused();
        if refused > 0 {
            note(Error::Usage(format!("{refused} SIP messages could not be redacted and are in no report")));
        }
        let renamed = |(info, name): (&CaptureInfo, &String)| CaptureInfo { path: name.into(), ..info.clone() };
        let infos: Vec<CaptureInfo> = frames.infos().into_iter().zip(names).map(renamed).collect();
        let described = |facts: &mut CaptureFacts| describe(facts, &infos.iter().collect::<Vec<_>>(), errors);
        let (_, summary) = analysis.finish(described, sink)?;
        Ok(summary)
    }
}
