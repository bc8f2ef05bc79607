//! The stages on several threads: one reads, which may have to wait for input, and the others work at whatever stage there is
//! something to do (`line`). Reports are written by the one that called alone.

use std::io;
use std::thread;

use super::back::Back;
use super::batch::Batch;
use super::front::Front;
use super::line::{Line, Stage, Told};
use crate::capture::Frames;
use crate::error::Error;
use crate::report::Sink;

/// More threads than this have nothing to do: tracking, which one does at a time, takes a third of the whole.
const THREADS_MAX: usize = 5;
/// Batches on their way to the tracker for each thread.
const BATCHES: usize = 2;

/// Takes all frames through all stages. As `Analysis::run`.
pub(super) fn run(
    front: &mut Front,
    back: &mut Back,
    frames: &mut dyn Frames,
    threads: usize,
    sink: &mut dyn Sink,
    tell: &mut dyn FnMut(Error),
) -> io::Result<()> {
    let threads = threads.clamp(2, THREADS_MAX);
    let line = Line::new(front, back, BATCHES * threads);
    thread::scope(|scope| {
        scope.spawn(|| until_the_end(&line, || read(frames, &line)));
        for nth in 1..threads {
            let stages: &[Stage] = match nth {
                1 => &[Stage::Track, Stage::Prepare, Stage::Relieve],
                _ => &[Stage::Prepare, Stage::Diagnose, Stage::Track],
            };
            let line = &line;
            // Errors come from reports only.
            scope.spawn(move || until_the_end(line, || drop(line.work(stages, |_| Ok(())))));
        }
        let stages = [Stage::Report, Stage::Diagnose, Stage::Prepare, Stage::Track];
        until_the_end(&line, || {
            line.work(&stages, |told| match told {
                Told::Calls(calls) => calls.into_iter().try_for_each(|report| sink.take_call(report)),
                Told::Error(error) => {
                    tell(error);
                    Ok(())
                }
            })
            .inspect_err(|_| line.give_up())
        })
    })
}

/// Does something; should it panic, nobody waits for what it would have done.
fn until_the_end<T>(line: &Line<'_>, act: impl FnOnce() -> T) -> T {
    struct Guard<'l, 'p>(&'l Line<'p>);
    impl Drop for Guard<'_, '_> {
        fn drop(&mut self) {
            if thread::panicking() {
                self.0.give_up();
            }
        }
    }
    let _guard = Guard(line);
    act()
}

/// Reads frames into batches. What was read is handed on before the next frame has to be waited for.
fn read(frames: &mut dyn Frames, line: &Line<'_>) {
    let mut batch = Batch::default();
    let mut lossy = false;
    let hand_on = |batch: &mut Batch| {
        if batch.is_empty() {
            return true;
        }
        let spare = line.put(std::mem::take(batch));
        spare.map(|spare| *batch = spare).is_some()
    };
    loop {
        if (batch.is_full() || !frames.is_at_hand()) && !hand_on(&mut batch) {
            return;
        }
        let ended = match frames.next_frame() {
            // Borrowed: to move a frame out of the result would copy it.
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
            return line.end();
        }
    }
}
