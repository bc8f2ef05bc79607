//! `sipscan diff`: two captures, before and after a change, side by side.
//!
//! Each side is analysed as any other run; a sink keeps what was found, and the sides are compared at the end. Whether a difference
//! says anything is told by a test (`chance.rs`); what is new or gone is named in any case, with whether it may be chance.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use crate::app::{self, Job};
use crate::cli::{self, DiffFormat};
use crate::config::Terminal;
use crate::diagnosis::Settings;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::fail_on::FailOn;
use crate::lang::Lang;
use crate::report::changes::{self, Changes};
use crate::report::outputs::Outputs;
use crate::setup;

mod chance;
pub mod compare;
mod side;

pub use side::{Found, Place, Side, SideSink};

/// Does what the command line says; the comparison goes to standard output, errors of captures to `talk`.
///
/// # Errors
/// Those of options, of `sipscan.toml`, and of writing. A reader that went away is none.
pub fn command(
    arguments: &cli::Diff,
    lang: Option<Lang>,
    terminal: Terminal,
    talk: &mut dyn Write,
) -> Result<ExitStatus, Error> {
    if [&arguments.old, &arguments.new].iter().all(|path| path.as_os_str() == "-") {
        return Err(Error::Usage("standard input is one capture; it cannot be both sides".to_owned()));
    }
    let fail_on = FailOn::read(&arguments.fail_on)?;
    let found = setup::project(&arguments.basis.file)?;
    let settings = setup::analysis(&arguments.basis, &found.project, talk)?;
    let (old, first) = side(arguments, &arguments.old, &settings, talk)?;
    let (new, second) = side(arguments, &arguments.new, &settings, talk)?;
    let plain = arguments.format == DiffFormat::Text;
    let lang = lang.unwrap_or(if plain { terminal.lang } else { Lang::default() });
    let changes = Changes::new(&old, &new);
    let text = match arguments.format {
        DiffFormat::Text => {
            let colour = arguments.color.is_wanted(terminal);
            changes::plain(&changes, (lang, terminal.width, colour), &setup::time_zone(&arguments.tz)?)
        }
        DiffFormat::Markdown => changes::markdown(&changes, lang, &setup::time_zone(&arguments.tz)?),
        DiffFormat::Json => changes::json(&changes)?,
    };
    let status = [first, second].into_iter().find(|status| *status == ExitStatus::Failed);
    let status = status.or_else(|| [first, second].into_iter().find(|status| *status != ExitStatus::Clean));
    let status = status.unwrap_or(if changes.fail(&fail_on) { ExitStatus::Found } else { ExitStatus::Clean });
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Write { path: PathBuf::from("standard output"), source })
        }
        _ => Ok(status),
    }
}

/// Analyses one side.
fn side(
    arguments: &cli::Diff,
    path: &Path,
    settings: &Settings,
    talk: &mut dyn Write,
) -> Result<(Side, ExitStatus), Error> {
    let zone = setup::time_zone(&arguments.tz)?;
    let sink = SideSink::default();
    let side = sink.side();
    let mut outputs = Outputs::default();
    outputs.add(PathBuf::from("diff"), Box::new(sink));
    let job = Job {
        paths: vec![path.to_owned()],
        merge: arguments.joining.merge,
        strict: arguments.strict,
        threads: arguments.basis.threads,
        settings: settings.clone(),
        filter: setup::filter(&arguments.selection, &zone, None)?,
        kpi: true,
        ..Job::default()
    };
    let status = app::scan(job, outputs, talk);
    let side = std::mem::take(&mut *side.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((side, status))
}
