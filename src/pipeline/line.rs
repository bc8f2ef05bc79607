//! What is on its way from stage to stage on several threads, and which piece of it a thread takes next.
//!
//! Stages with state lie here while nobody works at them. Whoever has nothing to do takes a stage with something for it, works,
//! and lays it down again together with what came out: no stage has a thread of its own, so that no thread waits while there is
//! work of any kind. Which stage a thread looks at first is its own matter; it stays at one as long as it can, since what
//! the stage remembers is in the caches of that core. What is on its way is bounded, stage by stage.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::vec;

use super::back::{AT_ONCE, Back, is_heavy};
use super::batch::Batch;
use super::front::{Front, Step};
use crate::call::Ended;
use crate::diagnosis::{CallReport, Over};
use crate::error::Error;
use crate::provenance::Timestamp;
use crate::sip::Reader;

/// Pieces of steps that wait for diagnosis, as far as tracking goes on: what comes out of one batch more may be added.
const STEPS_QUEUED: usize = 8;
/// Pieces of diagnosed calls that wait for the reports.
const TOLD_QUEUED: usize = 4;

/// What is to be reported, in order.
pub(super) enum Told {
    Calls(Vec<CallReport>),
    Error(Error),
}

/// What is to be diagnosed, in order.
enum Piece {
    Steps(vec::IntoIter<Step>),
    /// What is open at the end.
    Last(Vec<(Ended, Timestamp)>),
    /// The calls that were made of it, as far as they are not diagnosed yet.
    Foreseen(vec::IntoIter<Over>),
    Error(Error),
}

/// The stages, as threads choose among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Prepare,
    Track,
    Diagnose,
    /// The same for a thread that does so only where tracking would have to wait, or is over: what diagnosis remembers, and the memory of what it
    /// says, is at hand for the thread that did it before.
    Relieve,
    Report,
}

impl Stage {
    const ALL: [Self; 5] = [Self::Prepare, Self::Track, Self::Diagnose, Self::Relieve, Self::Report];
}

/// A piece of work, with the stage that does it.
enum Work<'p> {
    Prepare(u64, Batch),
    Track(&'p mut Front, Batch),
    /// What is open at the end is to be closed.
    Close(&'p mut Front),
    Diagnose(&'p mut Back, Piece),
    Report(Told),
}

/// All that the threads share.
pub(super) struct Line<'p> {
    state: Mutex<State<'p>>,
    /// There is something new to do, or nothing more will be.
    work: Condvar,
    /// The reader may go on.
    room: Condvar,
}

struct State<'p> {
    /// Batches that were read, with their numbers.
    read: VecDeque<(u64, Batch)>,
    /// A slot for every batch that was read and is not tracked yet, filled when it is prepared.
    prepared: VecDeque<Option<Batch>>,
    /// The number of the first slot.
    first: u64,
    /// So many slots, and the reader waits.
    slots: usize,
    front: Option<&'p mut Front>,
    steps: VecDeque<Piece>,
    back: Option<&'p mut Back>,
    told: VecDeque<Told>,
    /// Batches to be used again.
    spare: Vec<Batch>,
    /// Threads that wait for work of each stage.
    idle: [usize; Stage::ALL.len()],
    /// Whether everything was read.
    is_read: bool,
    /// Whether everything was tracked, and what was open is closed.
    is_tracked: bool,
    /// Whether nobody wants the rest.
    is_given_up: bool,
}

impl<'p> Line<'p> {
    /// A line on which so many batches may be on their way to the tracker.
    pub(super) fn new(front: &'p mut Front, back: &'p mut Back, slots: usize) -> Self {
        let state = State {
            read: VecDeque::new(),
            prepared: VecDeque::new(),
            first: 0,
            slots,
            front: Some(front),
            steps: VecDeque::new(),
            back: Some(back),
            told: VecDeque::new(),
            spare: Vec::new(),
            idle: [0; Stage::ALL.len()],
            is_read: false,
            is_tracked: false,
            is_given_up: false,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), room: Condvar::new() }
    }

    /// Takes a batch that was read, once there is room, and gives an empty one for it; none where nobody wants more.
    pub(super) fn put(&self, batch: Batch) -> Option<Batch> {
        let mut state = self.lock();
        while state.prepared.len() >= state.slots && !state.is_given_up {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_given_up {
            return None;
        }
        let number = state.first + state.prepared.len() as u64;
        state.prepared.push_back(None);
        state.read.push_back((number, batch));
        let spare = state.spare.pop().unwrap_or_default();
        self.tell(&state);
        Some(spare)
    }

    /// Says that everything was read.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_read = true;
        self.tell(&state);
    }

    /// Works at these stages, rather at the first ones, until nothing is left to do. `report` gets what comes to [`Stage::Report`].
    ///
    /// # Errors
    /// Those of `report`, which end the work of all.
    pub(super) fn work(&self, stages: &[Stage], mut report: impl FnMut(Told) -> io::Result<()>) -> io::Result<()> {
        // What it remembers stays in the caches of the core that it works on.
        let mut reader = Reader::default();
        while let Some(work) = self.next(stages) {
            match work {
                Work::Prepare(number, batch) => self.prepare(number, batch, &mut reader),
                Work::Track(front, batch) => self.track(front, batch),
                Work::Close(front) => self.close(front),
                Work::Diagnose(back, piece) => self.diagnose(back, piece),
                Work::Report(told) => report(told)?,
            }
        }
        Ok(())
    }

    fn next(&self, stages: &[Stage]) -> Option<Work<'p>> {
        let mut state = self.lock();
        loop {
            if state.is_given_up {
                return None;
            }
            if let Some(work) = stages.iter().find_map(|stage| state.take(*stage)) {
                // It may have made room for somebody.
                self.tell(&state);
                return Some(work);
            }
            if state.is_over() {
                return None;
            }
            state.waiting_for(stages).for_each(|count| *count += 1);
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting_for(stages).for_each(|count| *count -= 1);
        }
    }

    fn prepare(&self, number: u64, mut batch: Batch, reader: &mut Reader) {
        batch.prepare(reader);
        let mut state = self.lock();
        let at = usize::try_from(number - state.first).ok();
        if let Some(slot) = at.and_then(|at| state.prepared.get_mut(at)) {
            *slot = Some(batch);
        }
        self.tell(&state);
    }

    fn track(&self, front: &'p mut Front, mut batch: Batch) {
        self.room.notify_one();
        let mut steps = Vec::new();
        let mut asked = 0;
        batch.track(front, &mut steps, |steps| {
            // Most frames add none.
            if steps.len() != asked && is_enough(steps) {
                self.hand_on(steps);
            }
            asked = steps.len();
        });
        let after = mem::take(&mut batch.after);
        front.learn(&after.secrets);
        steps.extend(after.lossy.then_some(Step::Lossy));
        // Every batch is handed on: somebody may wait for the report of a live capture.
        self.hand_on(&mut steps);
        let mut state = self.lock();
        state.steps.extend(after.error.map(Piece::Error));
        state.front = Some(front);
        state.spare.push(batch);
        self.tell(&state);
    }

    /// Closes some of what is open at the end.
    fn close(&self, front: &'p mut Front) {
        let mut steps = Vec::new();
        front.flush(&mut steps);
        let closed = steps.len();
        let mut last = None;
        for step in front.close() {
            match step {
                Step::Last(all) => last = Some(Piece::Last(all)),
                step => steps.push(step),
            }
            if last.is_some() || is_enough(&steps) {
                break;
            }
        }
        let is_tracked = last.is_none() && steps.len() == closed;
        self.hand_on(&mut steps);
        let mut state = self.lock();
        state.steps.extend(last);
        (state.front, state.is_tracked) = (Some(front), is_tracked);
        self.tell(&state);
    }

    fn hand_on(&self, steps: &mut Vec<Step>) {
        if !steps.is_empty() {
            let mut state = self.lock();
            state.steps.push_back(Piece::Steps(mem::take(steps).into_iter()));
            self.tell(&state);
        }
    }

    fn diagnose(&self, back: &'p mut Back, piece: Piece) {
        let mut rest = None;
        let mut calls = Vec::new();
        let mut tell = |report| {
            calls.push(report);
            Ok(())
        };
        let told = match piece {
            Piece::Error(error) => Ok(Some(error)),
            Piece::Steps(mut steps) => {
                let told = back.steps(steps.by_ref().take(AT_ONCE), tell);
                rest = (steps.len() > 0).then_some(Piece::Steps(steps));
                told.map(|()| None)
            }
            Piece::Last(last) => {
                rest = Some(Piece::Foreseen(back.foreseen(last).into_iter()));
                Ok(None)
            }
            Piece::Foreseen(mut all) => {
                let told = back.diagnose(all.by_ref().take(AT_ONCE).collect(), &mut tell);
                rest = (all.len() > 0).then_some(Piece::Foreseen(all));
                told.map(|()| None)
            }
        };
        debug_assert!(told.is_ok(), "a list takes all");
        let mut state = self.lock();
        state.back = Some(back);
        state.told.push_back(told.ok().flatten().map_or(Told::Calls(calls), Told::Error));
        if let Some(rest) = rest {
            state.steps.push_front(rest);
        }
        self.tell(&state);
    }

    /// Wakes those who wait, where there is something to do for them.
    fn tell(&self, state: &State<'p>) {
        let mut awaited = Stage::ALL.iter().zip(&state.idle).filter(|(_, count)| **count > 0);
        if awaited.any(|(stage, _)| state.is_over() || state.is_due(*stage)) {
            self.work.notify_all();
        }
    }

    /// Ends the work of all: nobody wants the rest.
    pub(super) fn give_up(&self) {
        self.lock().is_given_up = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<'p>> {
        // Nothing that could panic is done under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'p> State<'p> {
    /// The counts of threads that wait for work of these stages.
    fn waiting_for(&mut self, stages: &[Stage]) -> impl Iterator<Item = &mut usize> {
        let counts = Stage::ALL.into_iter().zip(&mut self.idle);
        counts.filter(|(stage, _)| stages.contains(stage)).map(|(_, count)| count)
    }

    /// Whether there is something to do at a stage, nobody is at it, and there is room behind it.
    fn is_due(&self, stage: Stage) -> bool {
        match stage {
            Stage::Prepare => !self.read.is_empty(),
            Stage::Track => {
                let is_next_there = self.prepared.front().map_or(self.is_read && !self.is_tracked, Option::is_some);
                is_next_there && self.front.is_some() && self.steps.len() < STEPS_QUEUED
            }
            Stage::Diagnose => !self.steps.is_empty() && self.back.is_some() && self.told.len() < TOLD_QUEUED,
            Stage::Relieve => (self.steps.len() >= STEPS_QUEUED || self.is_tracked) && self.is_due(Stage::Diagnose),
            Stage::Report => !self.told.is_empty(),
        }
    }

    fn take(&mut self, stage: Stage) -> Option<Work<'p>> {
        if !self.is_due(stage) {
            return None;
        }
        match stage {
            Stage::Prepare => self.read.pop_front().map(|(number, batch)| Work::Prepare(number, batch)),
            Stage::Track => {
                let front = self.front.take()?;
                let Some(next) = self.prepared.pop_front() else { return Some(Work::Close(front)) };
                self.first += 1;
                next.map(|batch| Work::Track(front, batch))
            }
            Stage::Diagnose | Stage::Relieve => {
                let back = self.back.take()?;
                self.steps.pop_front().map(|piece| Work::Diagnose(back, piece))
            }
            Stage::Report => self.told.pop_front().map(Work::Report),
        }
    }

    /// Whether nothing is left but reports.
    fn is_over(&self) -> bool {
        self.is_tracked && self.steps.is_empty() && self.back.is_some()
    }
}

/// Whether there are so many steps, or so large a call among them, that they are worth handing on.
pub(super) fn is_enough(steps: &[Step]) -> bool {
    let heavy = |step: &Step| matches!(step, Step::Over(ended, _) if is_heavy(ended));
    steps.len() >= AT_ONCE || steps.iter().any(heavy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Waits;
    use crate::tls::Keys;

    #[test]
    fn who_relieves_diagnosis_waits_until_tracking_would() {
        let (mut front, mut back) = (Front::new(Keys::default(), Waits::default()), Back::default());
        let line = Line::new(&mut front, &mut back, 4);
        let mut state = line.lock();
        for _ in 0..STEPS_QUEUED {
            assert!(!state.is_due(Stage::Relieve));
            state.steps.push_back(Piece::Steps(Vec::new().into_iter()));
            assert!(state.is_due(Stage::Diagnose));
        }
        assert!(state.is_due(Stage::Relieve));
        state.steps.pop_front();
        assert!(!state.is_due(Stage::Relieve));
        state.is_tracked = true;
        assert!(state.is_due(Stage::Relieve), "nothing else will be to do");
        state.told.extend((0..TOLD_QUEUED).map(|_| Told::Calls(Vec::new())));
        assert!(!state.is_due(Stage::Relieve), "reports are behind");
    }
}
