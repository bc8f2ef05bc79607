//! The stages on several threads: one reads, some prepare, one tracks, and the one that called diagnoses and reports.
//!
//! Whatever is on its way is bounded: the reader waits when the trackers have enough to do. Batches are taken in the order in which
//! they were read, since the reader queues a slot for each result before anybody works on it. Whoever finds the other end of a
//! channel closed is done; so a report that nobody reads on ends all threads.

use std::io;
use std::mem;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::back::Back;
use super::batch::{Batch, Done};
use super::front::{Front, Step};
use crate::capture::Frames;
use crate::error::Error;
use crate::report::Sink;

/// More threads than this have nothing to prepare: tracking takes as long.
const WORKERS_MAX: usize = 6;
/// Steps that are handed on together; calls with many messages go at once, so that they do not add up.
const STEPS: usize = 32;
/// Messages of such a call.
const MANY_MESSAGES: usize = 64;
/// Pieces of work between the tracker and diagnosis.
const STEPS_QUEUED: usize = 4;

/// A batch and where its result goes.
type Job = (Batch, SyncSender<Done>);

/// What diagnosis gets.
enum Piece {
    Steps(Vec<Step>),
    Error(Error),
}

/// Takes all frames through all stages. As `Analysis::run`.
pub(super) fn run(
    front: &mut Front,
    back: &mut Back,
    frames: &mut dyn Frames,
    threads: usize,
    sink: &mut dyn Sink,
    tell: &mut dyn FnMut(Error),
) -> io::Result<()> {
    let workers = (threads - 1).clamp(1, WORKERS_MAX);
    thread::scope(|scope| {
        let (jobs, waiting) = sync_channel::<Job>(workers);
        let (order, ordered) = sync_channel::<Receiver<Done>>(2 * workers + 2);
        let (used, spare) = channel::<Batch>();
        let (pieces, taken) = sync_channel::<Piece>(STEPS_QUEUED);
        let waiting = std::sync::Arc::new(Mutex::new(waiting));
        scope.spawn(move || read(frames, &jobs, &order, &spare));
        for _ in 0..workers {
            let (waiting, used) = (waiting.clone(), used.clone());
            scope.spawn(move || work(&waiting, &used));
        }
        scope.spawn(move || track(front, &ordered, &pieces));
        for piece in taken {
            match piece {
                Piece::Steps(steps) => steps.into_iter().try_for_each(|step| back.step(step, sink))?,
                Piece::Error(error) => tell(error),
            }
        }
        Ok(())
    })
}

/// Reads frames into batches. What was read is handed on before the next frame has to be waited for.
fn read(frames: &mut dyn Frames, jobs: &SyncSender<Job>, order: &SyncSender<Receiver<Done>>, spare: &Receiver<Batch>) {
    let mut batch = Batch::default();
    let mut lossy = false;
    let hand_on = |batch: &mut Batch| {
        if batch.is_empty() {
            return true;
        }
        let full = mem::replace(batch, spare.try_recv().unwrap_or_default());
        let (slot, done) = sync_channel(1);
        order.send(done).is_ok() && jobs.send((full, slot)).is_ok()
    };
    loop {
        if (batch.is_full() || !frames.is_at_hand()) && !hand_on(&mut batch) {
            return;
        }
        let ended = match frames.next_frame() {
            // By reference: frames are many, and moved nowhere.
            Ok(Some(ref frame)) => {
                batch.push(frame);
                false
            }
            Ok(None) => true,
            Err(error) => {
                batch.after.error = Some(error);
                false
            }
        };
        // What becomes known behind a frame must be known before the next one.
        let newly_lossy = !lossy && frames.dropped() > 0;
        lossy |= newly_lossy;
        batch.after.lossy |= newly_lossy;
        let has_secrets = frames.has_secrets();
        if has_secrets {
            batch.after.secrets = frames.take_secrets();
        }
        let must_be_known = newly_lossy || batch.after.error.is_some() || has_secrets;
        let is_wanted = !(ended || must_be_known) || hand_on(&mut batch);
        if ended || !is_wanted {
            return;
        }
    }
}

/// Prepares batches, whichever is next.
fn work(waiting: &Mutex<Receiver<Job>>, used: &Sender<Batch>) {
    loop {
        // The lock is held while waiting: the other threads have nothing to do either.
        let job = waiting.lock().ok().and_then(|queue| queue.recv().ok());
        let Some((mut batch, slot)) = job else { return };
        let done = batch.prepare();
        // The reader may have ended, and the tracker may have given up.
        drop(used.send(batch));
        drop(slot.send(done));
    }
}

/// Takes batches in order, and closes what is open at the end.
fn track(front: &mut Front, ordered: &Receiver<Receiver<Done>>, pieces: &SyncSender<Piece>) {
    let mut steps = Vec::new();
    // A slot whose sender is gone belongs to a thread that panicked; the scope passes that on.
    while let Ok(slot) = ordered.recv() {
        let Ok(mut done) = slot.recv() else { return };
        if !done.track(front, &mut steps, |steps| !is_enough(steps) || hand_on(steps, pieces)) {
            return;
        }
        let after = done.after;
        front.learn(&after.secrets);
        steps.extend(after.lossy.then_some(Step::Lossy));
        // Every batch is handed on: somebody may wait for the report of a live capture.
        if !hand_on(&mut steps, pieces) {
            return;
        }
        if after.error.is_some_and(|error| pieces.send(Piece::Error(error)).is_err()) {
            return;
        }
    }
    front.flush(&mut steps);
    for step in front.close() {
        steps.push(step);
        if is_enough(&steps) && !hand_on(&mut steps, pieces) {
            return;
        }
    }
    hand_on(&mut steps, pieces);
}

fn is_enough(steps: &[Step]) -> bool {
    let heavy = |step: &Step| matches!(step, Step::Over { call, .. } if call.messages.len() >= MANY_MESSAGES);
    steps.len() >= STEPS || steps.last().is_some_and(heavy)
}

fn hand_on(steps: &mut Vec<Step>, pieces: &SyncSender<Piece>) -> bool {
    steps.is_empty() || pieces.send(Piece::Steps(mem::take(steps))).is_ok()
}
