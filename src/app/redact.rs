//! A redacted copy of one capture.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::{tell, warn};
use crate::capture::{self, Capture};
use crate::error::{Error, shown};
use crate::exit::ExitStatus;
use crate::pipeline;
use crate::redact::Redactor;
use crate::report::output;

/// Writes a redacted copy of a capture, and says to `talk` what is in it and what is not.
///
/// # Errors
/// A capture that cannot be opened, an output that cannot be written, or that is the capture itself.
pub fn redact(input: &Path, output: &Path, redactor: Arc<Redactor>, talk: &mut dyn Write) -> Result<ExitStatus, Error> {
    let (mut inputs, errors) = capture::inputs(&[input.to_owned()]);
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    let (Some(one), true) = (inputs.pop(), inputs.is_empty()) else {
        return Err(Error::Usage(format!("{}: redact takes one capture at a time", shown(input))));
    };
    let mut frames = Capture::open(&one)?;
    let lossy = capture::announces_losses(&one);
    let mut failed = false;
    let mut note = |error: Error| {
        failed = true;
        tell(&error, talk);
    };
    let out = output::Files::beside(&[input.to_owned()]).create(output)?;
    let written = pipeline::rewrite(&mut frames, lossy, redactor, out, &mut note)
        .map_err(|source| Error::Write { path: output.to_owned(), source })?;
    // As in `tell`.
    drop(writeln!(talk, "{written}"));
    if written.refused > 0 {
        warn(&format!("{} SIP messages could not be redacted and are not in it", written.refused), talk);
    }
    Ok(if failed { ExitStatus::Failed } else { ExitStatus::Clean })
}
