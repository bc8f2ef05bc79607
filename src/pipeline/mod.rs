//! The stages in order: frames, datagrams, messages, calls, findings, reports. The only place that knows two of them, the
//! threads that they run on, and the order of results.
//!
//! `prepare` has no state, `front` (reassembly, tracker), `back` (diagnosis) and the reports have. On one thread they follow one
//! another, some frames at a time; on several (`parallel`) frames are prepared side by side, and front, back and reports take them in the
//! order of the capture, so that the result is the same to the octet.

mod back;
mod batch;
mod counts;
mod front;
mod incomplete;
mod line;
mod parallel;
mod prepare;
mod redaction;
mod rewriting;
mod selection;

pub use redaction::Told;
pub use rewriting::rewrite;
use std::collections::BTreeSet;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use back::Back;
use batch::Batch;
use front::{Front, Step};
use line::is_enough;
use selection::Selection;

use crate::anomaly::Anomaly;
use crate::baseline::{Baseline, Compared};
use crate::capture::{Frame, Frames};
use crate::diagnosis::{Engine, Settings};
use crate::error::Error;
use crate::filter::Filter;
use crate::redact::Redactor;
use crate::report::{CaptureFacts, Sink, Summary};
use crate::tally::Tally;

/// A capture that is being analysed. Frames go in, closed calls come out at the sink; memory follows the calls that are open
/// at one time.
pub struct Analysis {
    front: Front,
    back: Back,
    /// Frames that are prepared, and what comes of them.
    batch: Batch,
    steps: Vec<Step>,
    ends_the_process: bool,
}

impl Analysis {
    /// Begins a capture.
    pub fn new(settings: Settings) -> Self {
        Self {
            front: Front::new(settings.keys.for_capture(), settings.waits),
            back: Back { engine: Engine::new(settings), ..Back::default() },
            batch: Batch::default(),
            steps: Vec::new(),
            ends_the_process: false,
        }
    }

    /// Says which capture of the run it is, counted from 0; the summary names it in what it cites.
    #[must_use]
    pub fn numbered(mut self, index: usize) -> Self {
        self.back.summary.capture = index;
        self
    }

    /// Says which calls are counted and reported. Everything is read and diagnosed all the same: what one call says of another
    /// does not depend on the filter.
    #[must_use]
    pub fn selecting(mut self, filter: Option<Arc<Filter>>) -> Self {
        self.back.selection = Selection::new(filter);
        self
    }

    /// Counts the calls that are over for whoever watches.
    #[must_use]
    pub fn watched(mut self, tally: Arc<Tally>) -> Self {
        self.back.tally = Some(tally);
        self
    }

    /// Says what is known, and so is left out; `whole`: this is the only capture.
    #[must_use]
    pub fn comparing(mut self, baseline: Option<Arc<Baseline>>, whole: bool) -> Self {
        self.back.summary.baseline = baseline.map(|baseline| Box::new(Compared::new(baseline, whole)));
        self
    }

    /// Says whether key performance indicators are wanted.
    #[must_use]
    pub fn measuring(mut self, wanted: bool) -> Self {
        self.back.summary.kpis = wanted.then(Box::default);
        self
    }

    /// Says whether the process ends behind this capture: what was remembered of it is not given back piece by piece then.
    #[must_use]
    pub fn ending_the_process(mut self, ends: bool) -> Self {
        self.ends_the_process = ends;
        self
    }

    /// Replaces what names anybody before anything is told from it; see [`crate::redact`].
    #[must_use]
    pub fn redacting(mut self, redactor: Option<Arc<Redactor>>) -> Self {
        self.front.redaction.redactor = redactor;
        self
    }

    /// Messages that could not be redacted, and are in no report.
    pub fn refused(&self) -> u64 {
        self.front.redaction.refused
    }

    /// Says that packets are known to be missing from the capture: from here on absence proves nothing.
    pub fn set_lossy(&mut self, lossy: bool) {
        self.back.engine.lossy |= lossy;
    }

    /// Takes a frame; calls that are over by its time go to the sink.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn frame(&mut self, frame: &Frame<'_>, sink: &mut dyn Sink) -> io::Result<()> {
        self.batch.push_prepared(frame, &mut self.front.reader);
        self.take_prepared(sink)
    }

    /// Takes the frames that are prepared through the stages behind.
    fn take_prepared(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        self.track();
        self.hand_on(sink)
    }

    fn track(&mut self) {
        let Self { front, batch, steps, .. } = self;
        batch.track(front, steps, |_| ());
    }

    /// Takes all frames there are, on so many threads: one prepares, tracks and diagnoses in turn; more do so side by side, with
    /// the same result. `tell` gets the errors of the capture, which do not end the analysis.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn run(
        &mut self,
        frames: &mut dyn Frames,
        threads: usize,
        sink: &mut dyn Sink,
        tell: &mut dyn FnMut(Error),
    ) -> io::Result<()> {
        if frames.infos().len() > 1 {
            self.front.expect_different_clocks();
        }
        frames.keep_secrets();
        let announced = frames.announced();
        self.set_lossy(announced.is_lossy);
        let hosts = &mut self.back.engine.hosts;
        hosts.receivers.extend(&announced.receivers);
        hosts.senders.extend(&announced.senders);
        if !announced.receivers.is_empty() {
            hosts.met_all_at(&announced.everywhere);
        }
        self.front.announced = announced;
        if threads > 1 {
            return parallel::run(&mut self.front, &mut self.back, frames, threads, sink, tell);
        }
        let mut is_lossy = false;
        loop {
            // What was read is handed on before the next frame has to be waited for.
            let must_wait = !frames.is_at_hand();
            if must_wait || self.batch.is_ready() {
                self.track();
                if must_wait || is_enough(&self.steps) {
                    self.hand_on(sink)?;
                }
            }
            let (ended, error) = match frames.next_frame() {
                // Borrowed: to move a frame out of the result would copy it.
                Ok(Some(ref frame)) => {
                    self.batch.push_prepared(frame, &mut self.front.reader);
                    (false, None)
                }
                Ok(None) => (true, None),
                Err(error) => (false, Some(error)),
            };
            let is_newly_lossy = !is_lossy && frames.dropped() > 0;
            let has_secrets = frames.has_secrets();
            // What becomes known behind a frame must be known before the next one, and not before this one is looked at.
            if ended || is_newly_lossy || has_secrets || error.is_some() {
                self.take_prepared(sink)?;
                is_lossy |= is_newly_lossy;
                self.set_lossy(is_newly_lossy);
                error.map(&mut *tell);
                if has_secrets {
                    self.front.learn(&frames.take_secrets());
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The hosts from which and to which SIP went so far.
    pub fn hosts(&self) -> (BTreeSet<IpAddr>, BTreeSet<IpAddr>) {
        let hosts = &self.back.engine.hosts;
        (hosts.senders.clone(), hosts.receivers.clone())
    }

    /// The hosts that all SIP so far went from or to.
    pub fn hosts_of_all(&self) -> BTreeSet<IpAddr> {
        self.back.engine.hosts.everywhere()
    }

    /// Ends the capture: closes what is open and delivers the facts. `complete` fills in what only the reader of the file knows.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(
        mut self,
        complete: impl FnOnce(&mut CaptureFacts),
        sink: &mut dyn Sink,
    ) -> io::Result<(CaptureFacts, Summary)> {
        self.front.flush(&mut self.steps);
        self.hand_on(sink)?;
        complete(&mut self.front.facts);
        self.set_lossy(self.front.facts.dropped > 0);
        self.back.steps(self.front.close(), |report| sink.take_call(report))?;
        self.front.count();
        let Self {
            front: Front { mut facts, counts, copies, now, tracker, .. },
            back: Back { mut engine, mut selection, mut summary, missing, .. },
            ends_the_process,
            ..
        } = self;
        if missing > 0 {
            *facts.anomalies.entry(Anomaly::MessageMissing).or_default() += missing;
        }
        counts.tell(&mut summary);
        facts.incomplete.extend(incomplete::reasons(&facts, summary.messages));
        facts.incomplete.extend(engine.limits_hit());
        facts.incomplete.extend(summary.attestations.limits_hit());
        let mut findings = selection.about(engine.finish(now));
        if let Some(compared) = &mut summary.baseline {
            compared.capture(&mut findings);
        }
        summary.filtered = selection.filtered();
        summary.capture_findings(&findings);
        summary.ignored.clone_from(engine.ignored());
        summary.message_copies = copies;
        sink.end_capture(&facts, &summary, &findings)?;
        if ends_the_process {
            mem::forget((tracker, engine));
        }
        Ok((facts, summary))
    }

    /// Takes the steps through the stages behind.
    fn hand_on(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        let Self { back, steps, .. } = self;
        back.steps(steps.drain(..), |report| sink.take_call(report))
    }
}
