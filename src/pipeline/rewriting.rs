//! Frames in, redacted packets out: what the trackers would be told, written as packets of its own.

use std::io::{self, Write};
use std::sync::Arc;

use super::front::Front;
use super::prepare::{Prepared, prepare};
use super::redaction::Told;
use crate::call::Waits;
use crate::capture::Frames;
use crate::error::Error;
use crate::provenance::Timestamp;
use crate::redact::{Paper, Redactor, Written};
use crate::tls::Keys;

/// Rewrites a whole capture; `lossy` says that packets are known to be missing from it. Memory follows what is open at one time, as in an analysis.
///
/// # Errors
/// Those of the output. Those of the capture go to `tell` and end nothing.
pub fn rewrite<W: Write>(
    frames: &mut dyn Frames,
    lossy: bool,
    redactor: Arc<Redactor>,
    out: W,
    tell: &mut dyn FnMut(Error),
) -> io::Result<Written> {
    let mut front = Front::new(Keys::default(), Waits::default());
    front.redaction.redactor = Some(redactor);
    front.redaction.told = Some(Vec::new());
    let mut paper = Paper::new(out)?;
    let (mut prepared, mut steps) = (Prepared::default(), Vec::new());
    let mut last = Timestamp::default();
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) => {
                last = frame.time;
                prepare(&frame, &mut front.reader, &mut prepared);
                front.frame(&mut prepared, &mut steps);
                // Calls that are over are of no use here.
                steps.clear();
                let told = take(&mut front);
                paper.frame(frame.time, told)?;
            }
            Ok(None) => break,
            Err(error) => tell(error),
        }
    }
    front.flush(&mut steps);
    let told = take(&mut front);
    paper.rest(told)?;
    // How many packets are missing may not be known.
    let dropped = frames.dropped().max(u64::from(lossy));
    paper.finish(last, dropped, front.redaction.refused)
}

fn take(front: &mut Front) -> Vec<Told> {
    front.redaction.told.replace(Vec::new()).unwrap_or_default()
}
