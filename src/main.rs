//! The sipscan command: arguments in, exit code out.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, PoisonError};

use clap::Parser as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sipscan::app;
use sipscan::baseline::{Baseline, BaselineSink};
use sipscan::cli::{
    self, Check, CheckFormat, Cli, Colour, Command, ConfigCommand, Explain, Format, Man, PageFormat, Passport, Redact,
    Scan,
};
use sipscan::config::{self, Terminal};
use sipscan::diagnosis;
use sipscan::error::Error;
use sipscan::exit::ExitStatus;
use sipscan::expect::{self, SeenSink, State};
use sipscan::explain;
use sipscan::fail_on::FailOn;
use sipscan::lang::{Lang, Text, grouped};
use sipscan::limits;
use sipscan::report::Sink;
use sipscan::report::brief::{BriefOptions, BriefSink};
use sipscan::report::csv::{CsvOptions, CsvSink, ListSink, Table};
use sipscan::report::escape;
use sipscan::report::github::GithubSink;
use sipscan::report::html::{HtmlOptions, HtmlSink};
use sipscan::report::json::JsonSink;
use sipscan::report::junit::{JunitOptions, JunitSink};
use sipscan::report::ndjson::NdjsonSink;
use sipscan::report::output;
use sipscan::report::outputs::Outputs;
use sipscan::report::sarif::SarifSink;
use sipscan::report::text::{CallSink, Markup, TextOptions, TextSink};
use sipscan::setup;

/// Calls are many small allocations that live for seconds, made on one thread and freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(cli::reordered(std::env::args_os())) {
        Ok(cli) => cli,
        Err(said) => return told(&said),
    };
    let lang = cli.lang.map(Lang::from);
    let result = match &cli.command {
        Some(Command::Explain(what)) => explained(what, lang),
        Some(Command::Passport(what)) => passport(what, lang),
        Some(Command::Ladder(what)) => sipscan::ladder::command(what, lang, config::terminal(), &mut io::stderr()),
        Some(Command::Extract(what)) => sipscan::extract::command(what, lang, &mut io::stderr()),
        Some(Command::Check(what)) => check(what, lang),
        Some(Command::Diff(what)) => sipscan::diff::command(what, lang, config::terminal(), &mut io::stderr()),
        Some(Command::Config(what)) => configuration(what),
        Some(Command::Redact(what)) => redact(what),
        Some(Command::Man(what)) => manual(what),
        Some(Command::Completions(what)) => print_octets(&sipscan::shell::completions(what.shell), ExitStatus::Clean),
        None => scan(&cli.scan, lang),
    };
    ended(result)
}

fn ended(result: Result<ExitStatus, Error>) -> ExitCode {
    let status = result.unwrap_or_else(|error| {
        app::tell(&error, &mut io::stderr());
        ExitStatus::Failed
    });
    status.into()
}

/// Says what is wrong with the arguments, or writes the help or version that they ask for.
fn told(said: &clap::Error) -> ExitCode {
    if said.use_stderr() {
        said.exit();
    }
    ended(written(said.print(), ExitStatus::Clean))
}

fn explained(what: &Explain, lang: Option<Lang>) -> Result<ExitStatus, Error> {
    let terminal = config::terminal();
    // What programs read does not depend on the locale.
    let default = if what.format == PageFormat::Text { terminal.lang } else { Lang::default() };
    let lang = lang.unwrap_or(default);
    let found = if what.list { explain::list(lang) } else { explain::explain(&what.names, lang)? };
    let text = match what.format {
        PageFormat::Text => found.plain(terminal.width),
        PageFormat::Json => found.json(),
        PageFormat::Markdown => found.markdown(),
    };
    print(&text, ExitStatus::Clean)
}

fn passport(what: &Passport, lang: Option<Lang>) -> Result<ExitStatus, Error> {
    let moment = what.at.as_deref().map(moment).transpose()?;
    let trust = config::trust(&what.trust)?;
    let text = config::token(&what.token)?;
    let terminal = config::terminal();
    let options = sipscan::passport::Options { lang: lang.unwrap_or(terminal.lang), width: terminal.width };
    let found = sipscan::passport::inspect(&text, moment, &trust, options)
        .ok_or_else(|| Error::Usage("there is no token".to_owned()))?;
    print(&found.text, if found.faulty { ExitStatus::Found } else { ExitStatus::Clean })
}

/// Seconds since the Unix epoch of a time with zone, or of such seconds.
fn moment(text: &str) -> Result<i64, Error> {
    let time = text.parse::<i64>().ok().or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second));
    time.ok_or_else(|| Error::Usage(format!("--at {text}: give a time such as 2026-03-30T14:00:00Z")))
}

fn manual(what: &Man) -> Result<ExitStatus, Error> {
    let Some(folder) = &what.dir else { return print_octets(&sipscan::shell::manual()?, ExitStatus::Clean) };
    sipscan::shell::manuals(folder)?;
    Ok(ExitStatus::Clean)
}

fn print(text: &str, status: ExitStatus) -> Result<ExitStatus, Error> {
    print_octets(text.as_bytes(), status)
}

/// Writes a text to standard output.
fn print_octets(text: &[u8], status: ExitStatus) -> Result<ExitStatus, Error> {
    let mut output = io::stdout().lock();
    written(output.write_all(text).and_then(|()| output.flush()), status)
}

/// What came of writing to standard output. Nobody reading it is no failure.
fn written(result: io::Result<()>, status: ExitStatus) -> Result<ExitStatus, Error> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Write { path: PathBuf::from("standard output"), source })
        }
        _ => Ok(status),
    }
}

fn scan(arguments: &Scan, lang: Option<Lang>) -> Result<ExitStatus, Error> {
    if arguments.inputs.paths().is_empty() {
        return Err(Error::Usage("no capture given; `sipscan --help` shows how to call it".to_owned()));
    }
    let fail_on = FailOn::read(&arguments.fail_on)?;
    let mut found = setup::project(&arguments.basis.file)?;
    let mut analysis = setup::analysis(&arguments.basis, &found.project, &mut io::stderr())?;
    let redactor = setup::redactor(&arguments.redaction, &mut analysis, &mut io::stderr())?;
    if redactor.is_some() {
        // Names that people gave their hosts tell whose they are.
        found.project.hosts.clear();
    }
    let mut settings = Settings::read(arguments, &fail_on, lang)?;
    settings.analysis = analysis.clone();
    settings.hosts = found.project.hosts;
    let filter = setup::filter(&arguments.selection, &settings.time_zone, redactor.as_deref())?;
    let mut outputs = Outputs::default();
    arguments.comparison_fits()?;
    let mut files = output::Files::beside(&arguments.inputs.paths());
    let known = |path| baseline(path, redactor.is_some());
    let baseline = arguments.comparison.baseline.as_deref().map(known).transpose()?;
    if let Some(path) = &arguments.comparison.write_baseline {
        outputs.add(path.clone(), Box::new(BaselineSink::new(files.create(path)?, redactor.is_some())));
    }
    let mut kpi = arguments.kpi || arguments.format == Format::Kpi;
    let terminal = config::terminal().of_width(arguments.width);
    let file = terminal.of_file(arguments.width);
    for value in &arguments.output {
        let (format, path) = output_argument(value)?;
        kpi |= format == Format::Kpi;
        let writer = files.create(&path)?;
        let paper = TextOptions {
            width: file.width,
            columns: file.columns,
            colour: arguments.color == Colour::Always,
            ..settings.text(Lang::En)
        };
        outputs.add(path, settings.sink(format, writer, paper));
    }
    if arguments.format == Format::Github {
        settings.step_summary(&mut outputs)?;
    }
    let progress = app::Progress::new(!arguments.quiet);
    let stdout = output::buffered(progress.beside(output::standard(), io::stdout().is_terminal()));
    let stdout = Box::new(stdout);
    let paper = TextOptions {
        width: terminal.width,
        columns: terminal.columns,
        colour: settings.colour(terminal),
        links: arguments.hyperlinks.are_wanted(terminal),
        errors_are_told: terminal.shows_errors,
        ..settings.text(terminal.lang)
    };
    let sink: Box<dyn Sink> = if !arguments.selection.calls.is_empty() && arguments.format == Format::Text {
        Box::new(CallSink::new(stdout, paper, arguments.verbose))
    } else if arguments.summary {
        let TextOptions { width, time_zone, lang, .. } = paper;
        Box::new(BriefSink::new(stdout, BriefOptions { width, time_zone, lang }))
    } else {
        settings.sink(arguments.format, stdout, paper)
    };
    outputs.add(PathBuf::from("standard output"), sink);
    let job = app::Job {
        paths: arguments.inputs.paths(),
        merge: arguments.inputs.joining.merge,
        strict: arguments.strict,
        threads: arguments.basis.threads,
        settings: analysis,
        filter,
        baseline,
        kpi,
        fail_on,
        progress: progress.clone(),
        redactor,
    };
    Ok(app::scan(job, outputs, &mut progress.beside(io::stderr(), true)))
}

fn check(what: &Check, lang: Option<Lang>) -> Result<ExitStatus, Error> {
    let junit = what.output.as_deref().map(|value| junit_output(value, &what.inputs)).transpose()?;
    let found = setup::project(&what.basis.file)?;
    let settings = setup::analysis(&what.basis, &found.project, &mut io::stderr())?;
    let sink = SeenSink::default();
    let seen = sink.all();
    let mut outputs = Outputs::default();
    outputs.add(PathBuf::from("check"), Box::new(sink));
    let job = app::Job { paths: what.inputs.clone(), threads: what.basis.threads, settings, ..Default::default() };
    let mut failed = app::scan(job, outputs, &mut io::stderr()) != ExitStatus::Clean;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let checked = expect::check(&seen, &what.inputs, what.write, |error| {
        failed = true;
        app::tell(error, &mut io::stderr());
    });
    let terminal = config::terminal();
    let default = if what.format == CheckFormat::Text { terminal.lang } else { Lang::default() };
    let colour = what.color.is_wanted(terminal);
    let page = expect::Page { all: &checked, lang: lang.unwrap_or(default), colour };
    let mut text = Vec::new();
    let written = match what.format {
        CheckFormat::Text => page.text(&mut text),
        CheckFormat::Github => page.github(&mut text),
    };
    written.map_err(|source| Error::Write { path: PathBuf::from("standard output"), source })?;
    if let Some((path, mut out)) = junit {
        page.junit(&mut out).map_err(|source| Error::Write { path, source })?;
    }
    if !checked.is_empty() && checked.iter().all(|checked| checked.state == State::Without) {
        failed = true;
        app::warn("nothing was checked: no capture has an expectation; --write makes them", &mut io::stderr());
    }
    let status = match failed {
        true => ExitStatus::Failed,
        false if checked.iter().any(|checked| checked.state.differs()) => ExitStatus::Found,
        false => ExitStatus::Clean,
    };
    print_octets(&text, status)
}

/// Reads what `--baseline` names.
fn baseline(path: &Path, redacted: bool) -> Result<Arc<Baseline>, Error> {
    let read = Baseline::read(&config::baseline(path)?).and_then(|baseline| match (baseline.is_redacted(), redacted) {
        (true, false) => Err("it was written with --redact; give that and the same --redact-key here".to_owned()),
        (false, true) => Err("it was written without --redact, and knows no redacted finding".to_owned()),
        _ => Ok(Arc::new(baseline)),
    });
    read.map_err(|what| Error::Usage(format!("--baseline {}: {what}", path.display())))
}

/// Reads `junit:PATH`, and creates the file.
fn junit_output(value: &str, inputs: &[PathBuf]) -> Result<(PathBuf, Box<dyn io::Write>), Error> {
    let path = value.strip_prefix("junit:").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = path.ok_or_else(|| Error::Usage(format!("--output {value}: write junit:PATH")))?;
    let out = output::Files::beside(inputs).create(&path)?;
    Ok((path, out))
}

fn configuration(what: &ConfigCommand) -> Result<ExitStatus, Error> {
    let found = setup::project(&what.file)?;
    print(&found.in_force(), ExitStatus::Clean)
}

fn redact(what: &Redact) -> Result<ExitStatus, Error> {
    let found = setup::project(&what.file)?;
    let country = what.home.country.as_deref().or(found.project.country.as_deref());
    let redactor = setup::redactor_of(what.redact_key.as_deref(), country)?;
    app::redact(&what.input, &what.output, redactor, &mut io::stderr())
}

/// What the reports need to know of the command line.
struct Settings {
    all: bool,
    counters: bool,
    colour: Colour,
    time_zone: TimeZone,
    csv: CsvOptions,
    /// Those of the analysis: the list of complaints judges by them too.
    analysis: diagnosis::Settings,
    junit: JunitOptions,
    hosts: BTreeMap<IpAddr, String>,
    /// The language that was asked for.
    lang: Option<Lang>,
}

impl Settings {
    fn read(arguments: &Scan, fail_on: &FailOn, lang: Option<Lang>) -> Result<Self, Error> {
        let time_zone = setup::time_zone(&arguments.tz)?;
        let delimiter = delimiter(&arguments.csv_delimiter)?;
        let csv = CsvOptions { bom: arguments.csv_bom, delimiter, lang: lang.unwrap_or_default() };
        let junit = JunitOptions { fail_on: fail_on.clone(), strict: arguments.strict, lang: lang.unwrap_or_default() };
        Ok(Self {
            all: arguments.all,
            counters: arguments.verbose,
            colour: arguments.color,
            time_zone,
            csv,
            junit,
            analysis: diagnosis::Settings::default(),
            hosts: BTreeMap::new(),
            lang,
        })
    }

    /// What the command line says of text reports; `lang` is the language where it says none.
    fn text(&self, lang: Lang) -> TextOptions {
        TextOptions {
            all: self.all,
            counters: self.counters,
            time_zone: self.time_zone.clone(),
            hosts: self.hosts.clone(),
            lang: self.lang.unwrap_or(lang),
            ..TextOptions::default()
        }
    }

    /// The same for Markdown with so many groups of calls in detail.
    fn markdown(&self, groups: usize) -> TextOptions {
        TextOptions { markup: Markup::Markdown, groups, ..self.text(Lang::En) }
    }

    /// The summary of a step of GitHub Actions, which other commands may write to as well.
    fn step_summary(&self, outputs: &mut Outputs) -> Result<(), Error> {
        let Some(path) = config::step_summary() else { return Ok(()) };
        let note = Text::new("Captures whose part would make this summary longer than {n} octets are not in it.");
        let note = note.with("n", grouped(limits::STEP_SUMMARY_OCTETS));
        let note = note.in_lang(self.lang.unwrap_or_default());
        let writer = output::append(&path, limits::STEP_SUMMARY_OCTETS, format!("\n{note}\n"))?;
        outputs.add(path, Box::new(TextSink::new(writer, self.markdown(limits::STEP_SUMMARY_GROUPS))));
        Ok(())
    }

    fn html(&self) -> HtmlOptions {
        HtmlOptions {
            time_zone: Some(self.time_zone.clone()),
            hosts: self.hosts.clone(),
            lang: self.lang.unwrap_or_default(),
        }
    }

    fn colour(&self, terminal: Terminal) -> bool {
        self.colour.is_wanted(terminal)
    }

    fn sink(&self, format: Format, writer: Box<dyn io::Write>, text: TextOptions) -> Box<dyn Sink> {
        let lang = self.lang.unwrap_or_default();
        let csv = |writer, table| Box::new(CsvSink::new(writer, table, self.csv));
        match format {
            Format::Text => Box::new(TextSink::new(writer, text)),
            Format::Json => Box::new(JsonSink::new(writer, lang)),
            Format::Ndjson => Box::new(NdjsonSink::new(writer, lang)),
            Format::Csv => csv(writer, Table::Calls),
            Format::Responses => csv(writer, Table::Responses),
            Format::Findings => csv(writer, Table::Findings),
            Format::Attestation => csv(writer, Table::Attestation),
            Format::Kpi => csv(writer, Table::Kpi),
            Format::Moves => Box::new(ListSink::moves(writer, self.csv)),
            Format::Complaints => Box::new(ListSink::complaints(writer, self.csv, &self.analysis)),
            Format::Junit => Box::new(JunitSink::new(writer, self.junit.clone())),
            Format::Sarif => Box::new(SarifSink::new(writer, lang)),
            Format::Markdown => Box::new(TextSink::new(writer, self.markdown(limits::MARKDOWN_GROUPS))),
            Format::Html => Box::new(HtmlSink::new(writer, self.html())),
            Format::Github => Box::new(GithubSink::new(writer, lang)),
        }
    }
}

fn delimiter(text: &str) -> Result<u8, Error> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err(Error::Usage(format!("--csv-delimiter {text}: give one character such as `;`, or `tab`"))),
    }
}

/// Reads `[FORMAT:]PATH`.
fn output_argument(value: &str) -> Result<(Format, PathBuf), Error> {
    if let Some((name, path)) = value.split_once(':')
        && let Some(format) = format(name)
        && !path.is_empty()
    {
        return Ok((format, PathBuf::from(path)));
    }
    let path = Path::new(value);
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if let Some(format) = format(&extension) {
        return Ok((format, path.to_owned()));
    }
    let prefix = value.split_once(':').map(|(name, _)| name).filter(|name| !name.contains(['/', '\\', '.']));
    let fault = match prefix {
        Some(name) if format(name).is_some() => "there is no path behind the format".to_owned(),
        Some(name) => match explain::closest(name, &FORMATS) {
            Some(close) => format!("no such format; did you mean {close}?"),
            None => "no such format".to_owned(),
        },
        None if value == "-" => "a report on standard output is asked for by --format".to_owned(),
        None => "the extension tells no format".to_owned(),
    };
    let (value, formats) = (escape::terminal(value), FORMATS.join(", "));
    Err(Error::Usage(format!("--output {value}: {fault}; write FORMAT:PATH with one of {formats}")))
}

/// The names of all formats.
const FORMATS: [&str; 15] = [
    "text",
    "json",
    "ndjson",
    "csv",
    "responses",
    "findings",
    "attestation",
    "moves",
    "complaints",
    "kpi",
    "junit",
    "sarif",
    "markdown",
    "html",
    "github",
];

/// The format of a name or of a file extension.
fn format(name: &str) -> Option<Format> {
    match name {
        "text" | "txt" | "log" => Some(Format::Text),
        "json" => Some(Format::Json),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "csv" | "calls" => Some(Format::Csv),
        "responses" => Some(Format::Responses),
        "findings" => Some(Format::Findings),
        "attestation" => Some(Format::Attestation),
        "moves" => Some(Format::Moves),
        "complaints" => Some(Format::Complaints),
        "kpi" => Some(Format::Kpi),
        "junit" => Some(Format::Junit),
        "sarif" => Some(Format::Sarif),
        "markdown" | "md" => Some(Format::Markdown),
        "html" | "htm" => Some(Format::Html),
        "github" => Some(Format::Github),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_from_the_prefix_or_the_extension() {
        for (value, format, path) in [
            ("calls.csv", Format::Csv, "calls.csv"),
            ("responses:r.csv", Format::Responses, "r.csv"),
            ("moves:m.csv", Format::Moves, "m.csv"),
            ("complaints:c.csv", Format::Complaints, "c.csv"),
            ("kpi:k.csv", Format::Kpi, "k.csv"),
            ("json:-x", Format::Json, "-x"),
            ("attestation:a.csv", Format::Attestation, "a.csv"),
            ("junit:results.xml", Format::Junit, "results.xml"),
            ("scan.sarif", Format::Sarif, "scan.sarif"),
            ("report.md", Format::Markdown, "report.md"),
            ("report.html", Format::Html, "report.html"),
            ("a:b.JSON", Format::Json, "a:b.JSON"),
            ("out.jsonl", Format::Ndjson, "out.jsonl"),
        ] {
            assert_eq!(output_argument(value).unwrap(), (format, PathBuf::from(path)), "{value}");
        }
        for (value, fault) in [
            ("report", "the extension tells no format"),
            ("json:", "there is no path behind the format"),
            ("juint:results.xml", "no such format; did you mean junit?"),
            ("-", "asked for by --format"),
        ] {
            let message = output_argument(value).unwrap_err().to_string();
            assert!(message.contains(fault), "{message}");
        }
        assert!(FORMATS.iter().all(|name| format(name).is_some()));
    }

    #[test]
    fn delimiters_are_one_character() {
        assert_eq!((delimiter(";").unwrap(), delimiter("tab").unwrap()), (b';', b'\t'));
        assert!(
            delimiter("").is_err() && delimiter("ab").is_err() && delimiter("\"").is_err() && delimiter("é").is_err()
        );
    }
}
