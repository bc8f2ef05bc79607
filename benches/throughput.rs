//! The whole library over a generated capture in memory, one line of figures a run: `cargo bench --bench throughput`.

use std::error::Error;
use std::io::{self, Cursor, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use sipscan::capture::Capture;
use sipscan::diagnosis::Settings;
use sipscan::lang::Lang;
use sipscan::pipeline::Analysis;
use sipscan::report::Sink;
use sipscan::report::csv::{CsvOptions, CsvSink, Table};
use sipscan::report::json::JsonSink;
use sipscan::report::text::{TextOptions, TextSink};

#[expect(dead_code, reason = "floods are for the example")]
mod load;

type MakeSink<'a> = &'a dyn Fn() -> Box<dyn Sink>;

const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let load = load::Load::default();
    let mut capture = Vec::new();
    let messages = load.write(&mut capture)?;
    let text = || Box::new(TextSink::new(Box::new(io::sink()), TextOptions::default())) as Box<dyn Sink>;
    let json = || Box::new(JsonSink::new(Box::new(io::sink()), Lang::En)) as Box<dyn Sink>;
    let csv = || {
        let options = CsvOptions::default();
        Box::new(CsvSink::new(Box::new(io::sink()), Table::Responses, options)) as Box<dyn Sink>
    };
    let formats: [(&str, MakeSink<'_>); 3] = [("text", &text), ("json", &json), ("csv", &csv)];
    for (name, make) in formats {
        let mut seconds = Vec::new();
        for _ in 0..RUNS {
            seconds.push(run(&capture, make())?);
        }
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(RUNS / 2).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (rate, octets) = (messages as f64 / median, capture.len() as f64 / median / 1e6);
        writeln!(
            io::stdout(),
            "{name:5} {messages} messages, median of {RUNS}: {median:.3} s, {rate:.0} messages/s, {octets:.0} MB/s"
        )?;
    }
    Ok(())
}

/// Seconds that one analysis takes.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn run(capture: &[u8], mut sink: Box<dyn Sink>) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    let mut frames = Capture::from_reader(PathBuf::from("load"), Cursor::new(capture.to_vec()))?;
    let mut analysis = Analysis::new(Settings::default());
    sink.begin_capture(0, &["load".to_owned()])?;
    while let Some(frame) = frames.next_frame()? {
        analysis.frame(&frame, sink.as_mut())?;
    }
    let (_, summary) = analysis.finish(|_| (), sink.as_mut())?;
    sink.finish(&summary)?;
    Ok(begin.elapsed().as_secs_f64())
}
