//! `sipscan ladder`: selected calls drawn for documents.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app;
use crate::capture::{self, Capture, Frames, Input, Merged};
use crate::cli::{self, LadderFormat};
use crate::config::{self, Terminal};
use crate::diagnosis::Settings;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::filter::Filter;
use crate::lang::{Lang, Text};
use crate::pipeline::Analysis;
use crate::redact::Redactor;
use crate::report::Sink as _;
use crate::report::drawn::Ladders;
use crate::report::output::{Files, Target};
use crate::report::text::TextOptions;
use crate::setup;

/// Does what the command line says. Errors of captures go to `talk`, and the others go on.
///
/// # Errors
/// [`Error::Usage`] for options that cannot be, when no call is selected, or several for a format that holds one;
/// [`Error::Write`] when the output cannot be written. A reader that went away is none.
pub fn command(
    arguments: &cli::Ladder,
    lang: Option<Lang>,
    terminal: Terminal,
    talk: &mut dyn Write,
) -> Result<ExitStatus, Error> {
    let mut found = setup::project(&arguments.basis.file)?;
    let mut settings = setup::analysis(&arguments.basis, &found.project, talk)?;
    let redactor = setup::redactor(&arguments.redaction, &mut settings, talk)?;
    if redactor.is_some() {
        // Names that people gave their hosts tell whose they are.
        found.project.hosts.clear();
    }
    let zone = setup::time_zone(&arguments.tz)?;
    let output = arguments.output.as_deref().filter(|path| path.as_os_str() != "-");
    let format = arguments.format.unwrap_or_else(|| of_extension(output));
    let mut files = Files::beside(&arguments.inputs.paths());
    let target = output.map(|path| files.claim(path).and_then(|()| Target::open(path))).transpose()?;
    let lang = lang.unwrap_or(if output.is_none() && format == LadderFormat::Text { terminal.lang } else { Lang::En });
    let paper = if output.is_none() { terminal.of_width(arguments.width) } else { terminal.of_file(arguments.width) };
    let options = TextOptions {
        width: paper.width,
        columns: paper.columns,
        colour: paper.colour,
        time_zone: zone.clone(),
        hosts: found.project.hosts.clone(),
        lang,
        ..TextOptions::default()
    };
    let mut run = Run {
        threads: arguments.basis.threads,
        filter: setup::filter(&arguments.selection, &zone, redactor.as_deref())?,
        settings,
        redactor,
        ladders: Ladders::new(format, options),
        failed: false,
        talk,
    };
    run.all(&arguments.inputs.paths(), arguments.inputs.joining.merge);
    run.finish(target, output, lang)
}

fn of_extension(path: Option<&Path>) -> LadderFormat {
    let extension = path.and_then(Path::extension).and_then(|e| e.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "svg" => LadderFormat::Svg,
        "mmd" | "mermaid" => LadderFormat::Mermaid,
        "puml" | "plantuml" | "pu" | "iuml" => LadderFormat::PlantUml,
        _ => LadderFormat::Text,
    }
}

struct Run<'t> {
    threads: Option<NonZeroUsize>,
    settings: Settings,
    filter: Option<Arc<Filter>>,
    redactor: Option<Arc<Redactor>>,
    ladders: Ladders,
    failed: bool,
    talk: &'t mut dyn Write,
}

impl Run<'_> {
    fn error(&mut self, error: &Error) {
        self.failed = true;
        app::tell(error, self.talk);
    }

    fn all(&mut self, paths: &[PathBuf], merge: bool) {
        let (inputs, errors) = capture::inputs(paths);
        for error in &errors {
            self.error(error);
        }
        if merge && inputs.len() > 1 {
            let (mut merged, errors) = Merged::open(&inputs);
            for error in &errors {
                self.error(error);
            }
            return self.capture(0, &mut merged, inputs.iter().any(capture::announces_losses));
        }
        for (index, input) in inputs.iter().enumerate() {
            self.single(index, input);
        }
    }

    fn single(&mut self, index: usize, input: &Input) {
        match Capture::open(input) {
            Ok(mut capture) => self.capture(index, &mut capture, capture::announces_losses(input)),
            Err(error) => self.error(&error),
        }
    }

    fn capture(&mut self, index: usize, frames: &mut dyn Frames, lossy: bool) {
        let mut analysis = Analysis::new(self.settings.clone()).numbered(index).selecting(self.filter.clone());
        analysis = analysis.redacting(self.redactor.clone());
        analysis.set_lossy(lossy);
        let files: Vec<String> =
            frames.infos().iter().zip(index..).map(|(info, nth)| self.name(nth, &info.path)).collect();
        let threads = self.threads.map_or_else(config::threads, usize::from);
        let mut errors = Vec::new();
        // This sink never fails.
        drop(self.ladders.begin_capture(index, &files));
        drop(analysis.run(frames, threads, &mut self.ladders, &mut |error| errors.push(error)));
        let refused = analysis.refused();
        if refused > 0 {
            let text = format!("{refused} SIP messages could not be redacted and are in no drawing");
            errors.push(Error::Usage(text));
        }
        drop(analysis.finish(|facts| app::describe(facts, &frames.infos(), Vec::new()), &mut self.ladders));
        for error in &errors {
            self.error(error);
        }
    }

    /// What drawings call a file, which is number `nth` of the run.
    fn name(&self, nth: usize, path: &Path) -> String {
        let path = path.display().to_string();
        if self.redactor.is_some() { Redactor::file(nth, &path) } else { path }
    }

    fn finish(self, target: Option<Target>, output: Option<&Path>, lang: Lang) -> Result<ExitStatus, Error> {
        if let Some(refusal) = self.refusal() {
            if let Some(target) = target {
                target.give_up();
            }
            return Err(Error::Usage(refusal.in_lang(lang).to_string()));
        }
        let mut out = match target {
            Some(target) => target.begin()?,
            None => Box::new(io::stdout()),
        };
        let written = out.write_all(self.ladders.into_text().as_bytes()).and_then(|()| out.flush());
        match written {
            Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
                let path = output.map_or_else(|| PathBuf::from("standard output"), Path::to_owned);
                Err(Error::Write { path, source })
            }
            _ => Ok(if self.failed { ExitStatus::Failed } else { ExitStatus::Clean }),
        }
    }

    /// Why nothing can be drawn.
    fn refusal(&self) -> Option<Text> {
        let filter = self.filter.as_ref().map_or("", |filter| filter.text());
        match usize::try_from(self.ladders.calls()).unwrap_or(usize::MAX) {
            0 if filter.is_empty() => Some(Text::new("there is no call to be drawn")),
            0 => Some(Text::new("no call is selected by {filter}; nothing was drawn").with("filter", filter)),
            n if n > self.ladders.most() => Some(
                Text::new("{n} calls are selected, and a drawing of this format holds {most}; choose with --call")
                    .with("n", n)
                    .with("most", self.ladders.most()),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    const TERMINAL: Terminal =
        Terminal { width: 80, columns: 80, colour: false, links: false, lang: Lang::En, shows_errors: false };

    fn run(words: &[&str]) -> Result<ExitStatus, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let inputs = [root.join("redirect-loop/capture.pcap"), root.join("absent.pcap")];
        let given = words.iter().map(|word| match *word {
            "CAPTURE" => inputs[0].clone().into_os_string(),
            "ABSENT" => inputs[1].clone().into_os_string(),
            word => word.into(),
        });
        let line = ["sipscan".into(), "ladder".into(), "--no-config".into()].into_iter().chain(given);
        let Some(Command::Ladder(arguments)) = Cli::parse_from(line).command else { panic!() };
        command(&arguments, None, TERMINAL, &mut Vec::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_extension_tells_the_format() {
        let directory = tempfile::tempdir().unwrap();
        for (name, begins) in [
            ("a.svg", "<?xml "),
            ("a.MMD", "sequenceDiagram\n"),
            ("a.puml", "@startuml\n"),
            ("a.txt", "\n── Call 1"),
            ("a", "\n── Call 1"),
        ] {
            let path = directory.path().join(name);
            let words = ["CAPTURE", "--call", "1", "-o", path.to_str().unwrap()];
            assert!(matches!(run(&words), Ok(ExitStatus::Clean)));
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(begins), "{name}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_and_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.svg");
        let output = path.to_str().unwrap();
        let several = run(&["CAPTURE", "-o", output]).unwrap_err();
        assert_eq!(several, "2 calls are selected, and a drawing of this format holds 1; choose with --call");
        let none = run(&["CAPTURE", "--where", "status == 607", "-o", output]).unwrap_err();
        assert_eq!(none, "no call is selected by status == 607; nothing was drawn");
        assert!(run(&["ABSENT", "-o", output]).unwrap_err().contains("no call to be drawn"));
        assert!(run(&["CAPTURE", "--where", "stat == 1"]).unwrap_err().contains("did you mean"));
        assert!(!path.exists());
        assert!(matches!(run(&["CAPTURE", "ABSENT", "--call", "1", "-o", output]), Ok(ExitStatus::Failed)));
        assert!(path.exists());
    }
}
