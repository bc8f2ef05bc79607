//! The sipscan command: arguments in, exit code out.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;
use jiff::tz::TimeZone;
use sipscan::app;
use sipscan::cli::{Cli, Colour, Format, Scan};
use sipscan::config::{self, FILE_WIDTH, Terminal};
use sipscan::error::Error;
use sipscan::exit::ExitStatus;
use sipscan::fail_on::FailOn;
use sipscan::report::Sink;
use sipscan::report::json::JsonSink;
use sipscan::report::ndjson::NdjsonSink;
use sipscan::report::output;
use sipscan::report::outputs::Outputs;
use sipscan::report::text::{TextOptions, TextSink};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = scan(&cli.scan);
    let status = result.unwrap_or_else(|error| {
        app::tell(&error, &mut io::stderr());
        ExitStatus::Failed
    });
    status.into()
}

fn scan(arguments: &Scan) -> Result<ExitStatus, Error> {
    if arguments.inputs.is_empty() && arguments.read.is_empty() {
        return Err(Error::Usage("no capture given; `sipscan --help` shows how to call it".to_owned()));
    }
    let fail_on = FailOn::read(&arguments.fail_on)?;
    let settings = Settings::read(arguments)?;
    let mut outputs = Outputs::default();
    for value in &arguments.output {
        let (format, path) = output_argument(value)?;
        let writer = output::create(&path)?;
        outputs.add(path, settings.sink(format, writer, FILE_WIDTH, arguments.color == Colour::Always));
    }
    let terminal = config::terminal();
    let stdout = Box::new(io::BufWriter::new(io::stdout()));
    let sink = settings.sink(arguments.format, stdout, terminal.width, settings.colour(terminal));
    outputs.add(PathBuf::from("standard output"), sink);
    Ok(app::scan(arguments, outputs, fail_on, &mut io::stderr()))
}

/// What the reports need to know of the command line.
struct Settings {
    all: bool,
    colour: Colour,
    time_zone: TimeZone,
}

impl Settings {
    fn read(arguments: &Scan) -> Result<Self, Error> {
        let time_zone = TimeZone::get(&arguments.tz)
            .map_err(|_| Error::Usage(format!("--tz {}: no such time zone; give an IANA name", arguments.tz)))?;
        Ok(Self { all: arguments.all, colour: arguments.color, time_zone })
    }

    fn colour(&self, terminal: Terminal) -> bool {
        match self.colour {
            Colour::Auto => terminal.colour,
            Colour::Always => true,
            Colour::Never => false,
        }
    }

    fn sink(&self, format: Format, writer: Box<dyn io::Write>, width: usize, colour: bool) -> Box<dyn Sink> {
        match format {
            Format::Text => {
                let options = TextOptions { width, colour, all: self.all, time_zone: self.time_zone.clone() };
                Box::new(TextSink::new(writer, options))
            }
            Format::Json => Box::new(JsonSink::new(writer)),
            Format::Ndjson => Box::new(NdjsonSink::new(writer)),
        }
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
    format(&extension).map(|format| (format, path.to_owned())).ok_or_else(|| {
        Error::Usage(format!(
            "--output {value}: the extension tells no format; write FORMAT:PATH with text, json, ndjson, csv, responses or findings"
        ))
    })
}

/// The format of a name or of a file extension.
fn format(name: &str) -> Option<Format> {
    match name {
        "text" | "txt" | "log" => Some(Format::Text),
        "json" => Some(Format::Json),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        _ => None,
    }
}
