//! Small captures analysed side by side, each on one thread, with the results of all taken in the order of the inputs.
//!
//! Captures know nothing of one another up to the reports, so what a report sees is the same as if they had been analysed one after
//! the other. The thread that takes the results analyses captures as well while none are ready: no thread is more than there are
//! cores, and half of all results never leave the core that made them. Bounded: whoever is ahead of the reports waits once it has a
//! few hundred results, and no more than [`AHEAD`] captures are ahead, or twice as many as there are threads. Results that were taken
//! go back to the thread that made them, to be freed there: it costs an allocator several times as much to free what another thread
//! has allocated.

use std::collections::VecDeque;
use std::iter::Enumerate;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Condvar, Mutex};
use std::{io, mem, slice, thread};

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

/// Analyses inputs, which are numbered from `first`; `take` gets the pieces of all of them in order, and says whether to go on.
pub(super) fn run(plan: &Plan, first: usize, inputs: &[Input], threads: usize, take: impl FnMut(&Piece) -> bool) {
    let threads = threads.clamp(1, WORKERS_MAX);
    let line = Line::new(first, inputs, AHEAD.max(2 * threads));
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| help(plan, &line));
        }
        Desk { line: &line, first: None, own: VecDeque::new(), take, is_over: false }.work(plan);
        line.close();
    });
}

/// Analyses captures for another thread, which takes their results.
fn help(plan: &Plan, line: &Line<'_>) {
    let (used, taken) = channel();
    while let Some((index, input, results)) = line.next_of_helper(&used) {
        // Whoever takes the results may have given up.
        analyse(plan, index, input, |bunch| results.send(bunch).is_ok());
        taken.try_iter().for_each(drop);
    }
}

/// Analyses a capture; `hand_on` gets its results bunch by bunch, and says whether to go on.
fn analyse(plan: &Plan, index: usize, input: &Input, hand_on: impl FnMut(Vec<Piece>) -> bool) {
    let mut recorder = Recorder { hand_on, pieces: Vec::new(), octets: 0 };
    let mut errors = Vec::new();
    let summary = plan.single((index, input), 1, &mut recorder, &mut |error| errors.push(Piece::Error(error)));
    recorder.pieces.extend(errors);
    recorder.pieces.extend(summary.map(|summary| Piece::Summary(Box::new(summary))));
    (recorder.hand_on)(recorder.pieces);
}

/// Results of a capture that another thread analyses, and where they go when they were taken.
type Results = (Receiver<Vec<Piece>>, Sender<Vec<Piece>>);

/// A capture in the line.
enum Place {
    /// It is analysed by a helper.
    Helper(Results),
    /// It is analysed by whoever takes the results.
    Own,
}

/// The captures in their order: who analyses which, and how far the reports are.
struct Line<'i> {
    state: Mutex<State<'i>>,
    /// There is room for one more capture, or it is all over.
    moved: Condvar,
    ahead: usize,
    first: usize,
}

struct State<'i> {
    /// Those that nobody has begun.
    inputs: Enumerate<slice::Iter<'i, Input>>,
    /// Those whose turn has not come.
    places: VecDeque<Place>,
    /// Helpers that wait for room.
    waiting: usize,
    is_closed: bool,
}

impl<'i> Line<'i> {
    fn new(first: usize, inputs: &'i [Input], ahead: usize) -> Self {
        let state = State { inputs: inputs.iter().enumerate(), places: VecDeque::new(), waiting: 0, is_closed: false };
        Self { state: Mutex::new(state), moved: Condvar::new(), ahead, first }
    }

    /// The next capture for a helper, with where its results go; waits for room. `used` is where they come back to.
    fn next_of_helper(&self, used: &Sender<Vec<Piece>>) -> Option<(usize, &'i Input, SyncSender<Vec<Piece>>)> {
        let mut state = self.state.lock().ok()?;
        while !state.is_closed && state.places.len() >= self.ahead {
            state.waiting += 1;
            state = self.moved.wait(state).ok()?;
            state.waiting -= 1;
        }
        if state.is_closed {
            return None;
        }
        let (at, input) = state.inputs.next()?;
        let (pieces, results) = sync_channel(BUNCHES);
        state.places.push_back(Place::Helper((results, used.clone())));
        Some((self.first + at, input, pieces))
    }

    /// The next capture for whoever takes the results, if there is room for one.
    fn next_own(&self) -> Option<(usize, &'i Input)> {
        let mut state = self.state.lock().ok()?;
        if state.places.len() >= self.ahead {
            return None;
        }
        let (at, input) = state.inputs.next()?;
        state.places.push_back(Place::Own);
        Some((self.first + at, input))
    }

    /// The capture whose turn it is.
    fn first(&self) -> Option<Place> {
        let mut state = self.state.lock().ok()?;
        let place = state.places.pop_front();
        if state.waiting > 0 {
            self.moved.notify_one();
        }
        place
    }

    /// Nobody takes any more results: helpers do not begin another capture, and those that wait to hand on results are told.
    fn close(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.is_closed = true;
            state.places.clear();
            self.moved.notify_all();
        }
    }
}

/// Takes the results of all captures in order.
struct Desk<'l, 'i, F> {
    line: &'l Line<'i>,
    /// The capture whose turn it is.
    first: Option<Place>,
    /// Results of captures analysed here whose turn has not come, of each all of them.
    own: VecDeque<Vec<Piece>>,
    take: F,
    /// Nobody wants more.
    is_over: bool,
}

impl<F: FnMut(&Piece) -> bool> Desk<'_, '_, F> {
    fn work(&mut self, plan: &Plan) {
        while !self.is_over {
            while self.advance(false) {}
            if self.is_over {
                return;
            }
            if let Some((index, input)) = self.line.next_own() {
                self.analyse(plan, index, input);
            } else if !self.advance(true) {
                return;
            }
        }
    }

    /// Analyses a capture, the last one of those here. It is kept until its turn has come, and as soon as it has more than a bunch of
    /// results, those in front of it are waited for.
    fn analyse(&mut self, plan: &Plan, index: usize, input: &Input) {
        let mut held: Option<Vec<Piece>> = None;
        analyse(plan, index, input, |bunch| {
            if let Some(held) = held.replace(bunch) {
                self.wait_for_turn();
                self.take_all(&held);
            }
            !self.is_over
        });
        self.own.extend(held);
    }

    /// Takes all results in front of the capture that is being analysed here.
    fn wait_for_turn(&mut self) {
        while !(self.own.is_empty() && matches!(self.first, Some(Place::Own))) && self.advance(true) {}
    }

    /// Takes the next bunch of results; `false` where none is there. Those of helpers are waited for if `patient`.
    fn advance(&mut self, patient: bool) -> bool {
        if self.first.is_none() {
            self.first = self.line.first();
        }
        let bunch = match &self.first {
            None => return false,
            Some(Place::Own) => self.own.pop_front().ok_or(TryRecvError::Empty),
            Some(Place::Helper((results, _))) if patient => results.recv().map_err(|_| TryRecvError::Disconnected),
            Some(Place::Helper((results, _))) => results.try_recv(),
        };
        match bunch {
            Ok(bunch) => {
                self.take_all(&bunch);
                match &self.first {
                    // The helper may have ended.
                    Some(Place::Helper((_, used))) => drop(used.send(bunch)),
                    _ => self.first = None,
                }
            }
            Err(TryRecvError::Disconnected) => self.first = None,
            Err(TryRecvError::Empty) => return false,
        }
        !self.is_over
    }

    fn take_all(&mut self, bunch: &[Piece]) {
        self.is_over = self.is_over || !bunch.iter().all(&mut self.take);
    }
}

/// A sink that hands everything on.
struct Recorder<F> {
    hand_on: F,
    /// The bunch that is not yet handed on.
    pieces: Vec<Piece>,
    /// Octets of the messages in it.
    octets: usize,
}

impl<F: FnMut(Vec<Piece>) -> bool> Recorder<F> {
    fn add(&mut self, piece: Piece) -> io::Result<()> {
        self.pieces.push(piece);
        if self.pieces.len() < PIECES && self.octets < OCTETS {
            return Ok(());
        }
        self.octets = 0;
        if (self.hand_on)(mem::take(&mut self.pieces)) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

impl<F: FnMut(Vec<Piece>) -> bool> Sink for Recorder<F> {
    fn begin_capture(&mut self, index: usize, files: &[String]) -> io::Result<()> {
        self.add(Piece::Begin(index, files.to_vec()))
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.take_call(report.clone())
    }

    fn take_call(&mut self, report: CallReport) -> io::Result<()> {
        self.octets += report.call.messages.iter().map(|m| m.message.raw().len()).sum::<usize>();
        self.add(Piece::Call(Box::new(report)))
    }

    fn end_capture(&mut self, facts: &CaptureFacts, summary: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.add(Piece::End(Box::new((facts.clone(), summary.clone(), findings.to_vec()))))
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
