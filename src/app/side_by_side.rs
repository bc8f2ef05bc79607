//! Small captures analysed side by side, each on one thread, with the results of all taken in the order of the inputs.
//!
//! Captures know nothing of one another up to the reports, so what a report sees is the same as if they had been analysed one after
//! the other. Bounded: a thread that is ahead of the reports waits once it has a few hundred results, and no more than [`AHEAD`]
//! captures are ahead, or twice as many as there are threads. Results that were taken go back to the thread that made them, to be freed there: it costs an allocator several times
//! as much to free what another thread has allocated.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::{io, mem};

use super::single::Plan;
use crate::capture::Input;
use crate::diagnosis::{CallReport, Finding};
use crate::error::Error;
use crate::report::{CaptureFacts, Sink, Summary};

/// Results of one capture that wait for their turn: so many bunches,
const BUNCHES: usize = 1;
/// each of so many. One bunch holds all that most small captures have, and nobody is woken up more often than that.
const PIECES: usize = 128;
/// A bunch whose calls have messages of so many octets is handed on before it is full: a small file may have grown a thousand times.
const OCTETS: usize = 1 << 20;
/// Threads that are of use: the reports are written by one.
const WORKERS_MAX: usize = 16;
/// Captures whose results may wait, at least: with few, all but one thread wait whenever that one is slow, as where the reports take its core.
const AHEAD: usize = 16;

/// What the analysis of a capture gives, in order.
pub(super) enum Piece {
    /// Its number and files.
    Begin(usize, Vec<String>),
    Call(Box<CallReport>),
    End(Box<(CaptureFacts, Summary, Vec<Finding>)>),
    Error(Error),
    /// The analysis went through.
    Summary(Box<Summary>),
}

/// Results of a capture, and where they go when they were taken.
type Results = (Receiver<Vec<Piece>>, Sender<Vec<Piece>>);

/// Analyses inputs, which are numbered from `first`; `take` gets the pieces of all of them in order, and says whether to go on.
pub(super) fn run(plan: &Plan, first: usize, inputs: &[Input], threads: usize, mut take: impl FnMut(&Piece) -> bool) {
    let workers = threads.clamp(1, WORKERS_MAX);
    thread::scope(|scope| {
        let (order, ordered) = sync_channel::<Results>(AHEAD.max(2 * workers));
        let queue = std::sync::Arc::new(Mutex::new((inputs.iter().enumerate(), order)));
        for _ in 0..workers {
            let queue = std::sync::Arc::clone(&queue);
            scope.spawn(move || {
                let (used, taken) = channel();
                // The lock is held while the order of results is settled: the queue is as long as that of the results.
                let next = || {
                    let mut queue = queue.lock().ok()?;
                    let (at, input) = queue.0.next()?;
                    let (pieces, results) = sync_channel(BUNCHES);
                    queue.1.send((results, used.clone())).ok()?;
                    Some((first + at, input, pieces))
                };
                while let Some((index, input, pieces)) = next() {
                    analyse(plan, index, input, &pieces);
                    taken.try_iter().for_each(drop);
                }
            });
        }
        // The threads alone hold the queue, so that the last of them ends the order.
        drop(queue);
        for (results, used) in ordered {
            for pieces in results {
                if !pieces.iter().all(&mut take) {
                    return;
                }
                // The thread may have ended.
                drop(used.send(pieces));
            }
        }
    });
}

fn analyse(plan: &Plan, index: usize, input: &Input, results: &SyncSender<Vec<Piece>>) {
    let mut recorder = Recorder { results, pieces: Vec::new(), octets: 0 };
    let mut errors = Vec::new();
    let summary = plan.single((index, input), 1, &mut recorder, &mut |error| errors.push(Piece::Error(error)));
    recorder.pieces.extend(errors);
    recorder.pieces.extend(summary.map(|summary| Piece::Summary(Box::new(summary))));
    // Whoever took the results may have given up.
    drop(results.send(recorder.pieces));
}

/// A sink that hands everything on.
struct Recorder<'r> {
    results: &'r SyncSender<Vec<Piece>>,
    /// The bunch that is not yet handed on.
    pieces: Vec<Piece>,
    /// Octets of the messages in it.
    octets: usize,
}

impl Recorder<'_> {
    fn hand_on(&mut self, piece: Piece) -> io::Result<()> {
        self.pieces.push(piece);
        if self.pieces.len() < PIECES && self.octets < OCTETS {
            return Ok(());
        }
        self.octets = 0;
        self.results.send(mem::take(&mut self.pieces)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Sink for Recorder<'_> {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.hand_on(Piece::Begin(index, files.to_vec()))
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.take_call(report.clone())
    }

    fn take_call(&mut self, report: CallReport) -> io::Result<()> {
        self.octets += report.call.messages.iter().map(|m| m.message.raw().len()).sum::<usize>();
        self.hand_on(Piece::Call(Box::new(report)))
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.hand_on(Piece::End(Box::new((facts.clone(), summary.clone(), findings.to_vec()))))
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
