//! `sipscan extract`: all frames of selected calls, as they are, into one pcapng file.
//!
//! Each capture is read twice. First it is analysed as for a report, and `Chosen` notes the frames that the selected calls
//! and their findings name; then `Follower` looks at every frame again and takes those, and what the analysis had no use for but
//! belongs to them: copies of fragments, segments that were sent again, how connections begin and end, media. What is written says in front of the frames how long the
//! capture lasted and what it lost, so that an analysis of it finds the same.

mod chosen;
mod copy;
mod follow;
mod key_log;
mod media;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chosen::Chosen;
use copy::{About, Copier};
use follow::Follower;

use crate::anomaly::Anomaly;
use crate::app;
use crate::capture::{self, Announced, Capture, Frames, Input, Merged};
use crate::cli;
use crate::config;
use crate::diagnosis::Settings;
use crate::error::{Error, shown};
use crate::exit::ExitStatus;
use crate::filter::Filter;
use crate::lang::{Lang, Text, grouped};
use crate::limits::EXTRACT_FRAMES;
use crate::pipeline::Analysis;
use crate::report::output::{Files, Target};
use crate::setup;

/// What to cut out, and where to.
#[derive(Debug)]
pub struct Job {
    /// Files, directories.
    pub paths: Vec<PathBuf>,
    /// All of them as one capture.
    pub merge: bool,
    /// By default one a core.
    pub threads: Option<NonZeroUsize>,
    /// Those of the analysis.
    pub settings: Settings,
    /// Which calls; by default all.
    pub filter: Option<Arc<Filter>>,
    /// Whether media go with them.
    pub media: bool,
    /// The text of `--keylog`, of which the output gets what belongs to its connections.
    pub key_log: Vec<u8>,
    /// The file to write; `-` is standard output.
    pub output: PathBuf,
    /// Language of comments and messages.
    pub lang: Lang,
}

/// Does what the command line says.
///
/// # Errors
/// Those of [`extract`], and of its options. A reader that went away is none.
pub fn command(arguments: &cli::Extract, lang: Option<Lang>, talk: &mut dyn Write) -> Result<ExitStatus, Error> {
    let found = setup::project(&arguments.basis.file)?;
    let zone = setup::time_zone(&arguments.tz)?;
    let job = Job {
        paths: arguments.inputs.paths(),
        merge: arguments.inputs.joining.merge,
        threads: arguments.basis.threads,
        settings: setup::analysis(&arguments.basis, &found.project, talk)?,
        filter: setup::filter(&arguments.selection, &zone, None)?,
        media: arguments.media,
        key_log: config::key_log(&arguments.basis.secrets)?,
        output: arguments.output.clone(),
        lang: lang.unwrap_or_default(),
    };
    match extract(&job, talk) {
        Err(Error::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(ExitStatus::Clean),
        result => result,
    }
}

/// Extensions of compressed files: what is written is not compressed.
const COMPRESSED: [&str; 6] = ["gz", "zst", "zstd", "lz4", "xz", "bz2"];

/// Does a job. What is to be said of it goes to `talk`.
///
/// # Errors
/// [`Error::Usage`] for inputs that cannot be read twice, for an output that is an input as well or looks compressed;
/// [`Error::Write`] when the output cannot be written. Errors of the captures are told, and the others go on.
pub fn extract(job: &Job, talk: &mut dyn Write) -> Result<ExitStatus, Error> {
    let (inputs, errors) = capture::inputs(&job.paths);
    check(&inputs, &job.output)?;
    let mut run = Run { job, talk, failed: false, calls: 0, frames: 0, output: Output::open(&job.output)? };
    for error in &errors {
        run.error(error);
    }
    if job.merge && inputs.len() > 1 {
        run.capture(0, &inputs, true)?;
    } else {
        for (index, input) in inputs.iter().enumerate() {
            run.capture(index, std::slice::from_ref(input), inputs.len() == 1)?;
        }
    }
    run.finish()
}

/// Refuses what cannot work before anything is read or written.
fn check(inputs: &[Input], output: &Path) -> Result<(), Error> {
    if let Some(input) = inputs.iter().find(|input| **input == Input::Stdin || is_pipe(&input.path())) {
        let name = input.path();
        return Err(Error::Usage(format!(
            "{}: captures are read twice, which a pipe cannot be; write it to a file first",
            shown(&name)
        )));
    }
    if output.as_os_str() != "-" {
        let paths: Vec<PathBuf> = inputs.iter().map(Input::path).collect();
        Files::beside(&paths).claim(output)?;
    }
    let extension = output.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if COMPRESSED.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return Err(Error::Usage(format!(
            "--output {}: what is written is not compressed; name it .pcapng",
            shown(output)
        )));
    }
    Ok(())
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Where frames go.
enum Output {
    /// Nothing was written yet.
    Waiting(Target),
    /// The same, to standard output.
    Stdout,
    Open(Copier<Box<dyn Write>>),
}

impl Output {
    fn open(path: &Path) -> Result<Self, Error> {
        if path.as_os_str() == "-" { Ok(Self::Stdout) } else { Target::open(path).map(Self::Waiting) }
    }
}

struct Run<'a> {
    job: &'a Job,
    talk: &'a mut dyn Write,
    failed: bool,
    calls: u64,
    /// Frames read.
    frames: u64,
    output: Output,
}

impl Run<'_> {
    fn error(&mut self, error: &Error) {
        self.failed = true;
        app::tell(error, self.talk);
    }

    /// What goes wrong with the output.
    fn unwritten(&self, source: io::Error) -> Error {
        Error::Write { path: self.job.output.clone(), source }
    }

    /// Cuts the calls out of one capture; `alone` if it is the only one.
    fn capture(&mut self, index: usize, inputs: &[Input], alone: bool) -> Result<(), Error> {
        let Some(mut frames) = self.open(inputs, true) else { return Ok(()) };
        let (chosen, mut about) = self.analyse(index, inputs, frames.as_mut());
        about.announced.is_extract &= alone;
        self.frames += frames.infos().iter().map(|info| info.frames).sum::<u64>();
        self.calls += chosen.calls;
        if chosen.is_full() {
            let most = grouped(EXTRACT_FRAMES as u64);
            self.error(&Error::Usage(format!("the selected calls have more than {most} frames; select fewer")));
        }
        if chosen.calls == 0 {
            return Ok(());
        }
        // What cannot be read was told when it was read first.
        let Some(mut frames) = self.open(inputs, false) else { return Ok(()) };
        self.begin(&about)?;
        let Output::Open(copier) = &mut self.output else { return Ok(()) };
        copier.next_capture(&about);
        match copy_frames(frames.as_mut(), Follower::new(&chosen, &self.job.key_log), copier) {
            Err(source) => Err(self.unwritten(source)),
            Ok(found) => {
                if found < chosen.frames() {
                    let path = inputs.first().map(Input::path).unwrap_or_default();
                    self.error(&Error::Read { path, source: io::Error::other("it changed while it was read") });
                }
                Ok(())
            }
        }
    }

    fn open(&mut self, inputs: &[Input], tell: bool) -> Option<Box<dyn Frames>> {
        if let [input] = inputs {
            match Capture::open(input) {
                Ok(capture) => return Some(Box::new(capture)),
                Err(error) if tell => self.error(&error),
                Err(_) => {}
            }
            return None;
        }
        let (merged, errors) = Merged::open(inputs);
        if tell {
            for error in &errors {
                self.error(error);
            }
        }
        let has_some = merged.infos().next().is_some();
        has_some.then(|| Box::new(merged) as Box<dyn Frames>)
    }

    /// The first reading.
    fn analyse(&mut self, index: usize, inputs: &[Input], frames: &mut dyn Frames) -> (Chosen, About) {
        let mut chosen = Chosen::new(self.job.media, self.job.lang);
        let mut analysis = Analysis::new(self.job.settings.clone()).numbered(index).selecting(self.job.filter.clone());
        analysis.set_lossy(inputs.iter().any(capture::announces_losses));
        // They may stand in front of the first frame, which this looks for.
        frames.keep_secrets();
        let announced = frames.announced();
        let threads = self.job.threads.map_or_else(config::threads, usize::from);
        let mut errors = Vec::new();
        // This sink never fails.
        drop(analysis.run(frames, threads, &mut chosen, &mut |error| errors.push(error)));
        let (senders, receivers) = analysis.hosts();
        let everywhere = analysis.hosts_of_all();
        let finished = analysis.finish(|facts| app::describe(facts, &frames.infos(), Vec::new()), &mut chosen);
        for error in &errors {
            self.error(error);
        }
        chosen.seal();
        let facts = finished.map(|(facts, _)| facts).unwrap_or_default();
        let of_these = |mut hosts: BTreeSet<IpAddr>| {
            hosts.retain(|host| chosen.hosts.contains(host));
            hosts
        };
        let announced = Announced {
            start: facts.first_time.min(announced.start.or(facts.first_time)),
            end: facts.last_time.max(announced.end),
            is_lossy: facts.dropped > 0,
            // Where octets are missing in the capture, nobody could tell them from those that are left out.
            is_extract: ![Anomaly::TcpGap, Anomaly::SctpGap].iter().any(|gap| facts.anomalies.contains_key(gap)),
            senders: of_these(senders),
            receivers: of_these(receivers),
            everywhere: of_these(everywhere),
        };
        let filter = self.job.filter.as_ref().map_or("", |filter| filter.text()).to_owned();
        (chosen, About { announced, dropped: facts.dropped, filter })
    }

    /// Opens the output, when there is something to write.
    fn begin(&mut self, about: &About) -> Result<(), Error> {
        let out: Box<dyn Write> = match std::mem::replace(&mut self.output, Output::Stdout) {
            open @ Output::Open(_) => {
                self.output = open;
                return Ok(());
            }
            Output::Stdout => Box::new(io::BufWriter::new(io::stdout())),
            Output::Waiting(target) => target.begin()?,
        };
        let copier = Copier::new(out, about).map_err(|source| self.unwritten(source))?;
        self.output = Output::Open(copier);
        Ok(())
    }

    fn finish(mut self) -> Result<ExitStatus, Error> {
        let output = std::mem::replace(&mut self.output, Output::Stdout);
        let copier = match output {
            Output::Open(copier) => copier,
            Output::Stdout => return self.nothing(),
            Output::Waiting(target) => {
                target.give_up();
                return self.nothing();
            }
        };
        let written = copier.finish().map_err(|source| self.unwritten(source))?;
        let calls = Text::count(self.calls, "{n} call", "{n} calls");
        let text = Text::new("{calls}: {frames} of {all} frames written to {path}");
        let text = text.with("calls", calls).with("frames", grouped(written)).with("all", grouped(self.frames));
        let text = text.with("path", self.job.output.display().to_string());
        // As in `app::tell`.
        drop(writeln!(self.talk, "{}", text.in_lang(self.job.lang)));
        Ok(if self.failed { ExitStatus::Failed } else { ExitStatus::Clean })
    }

    /// No call was selected.
    fn nothing(&mut self) -> Result<ExitStatus, Error> {
        let text = match &self.job.filter {
            Some(filter) => {
                Text::new("no call is selected by {filter}; nothing was written").with("filter", filter.text())
            }
            None => Text::new("there is no call to be written"),
        };
        Err(Error::Usage(text.in_lang(self.job.lang).to_string()))
    }
}

/// The second reading. Returns how many of the frames that were chosen were there.
fn copy_frames(
    frames: &mut dyn Frames,
    mut follower: Follower<'_>,
    copier: &mut Copier<Box<dyn Write>>,
) -> io::Result<usize> {
    frames.keep_secrets();
    loop {
        let wanted = match frames.next_frame() {
            Ok(Some(frame)) => follower.takes(&frame),
            Ok(None) => return Ok(follower.found()),
            // It was told when it was read first; others of a merged capture may go on.
            Err(_) => false,
        };
        for secrets in frames.take_secrets() {
            copier.secrets(&secrets)?;
        }
        copier.key_log(&follower.take_secrets())?;
        if let Some(record) = frames.record().filter(|_| wanted) {
            copier.frame(&record, follower.comments(record.frame.reference))?;
        }
    }
}
