//! What several tests need: the samples, and what the pipeline makes of a flow.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sipscan::capture::{Capture, Frame, Input};
use sipscan::diagnosis::{CallReport, Finding, Settings};
use sipscan::pipeline::Analysis;
use sipscan::provenance::{FrameNumber, FrameRef, Timestamp};
use sipscan::report::{CaptureFacts, Sink, Summary};
use sipscan::sample::Flow;
use sipscan::stir::TrustStore;

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
pub(crate) fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8(bytes).unwrap_or_else(|_| panic!("{}: not UTF-8", path.display()))
}

/// Names in a directory, in order.
pub(crate) fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The texts of all samples by their names without extension, such as `clean/busy`, in order.
pub(crate) fn samples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let samples = root().join("samples");
    for name in names(&samples) {
        let path = samples.join(&name);
        let inner = if path.is_dir() { names(&path) } else { BTreeSet::new() };
        let files = inner.iter().map(|file| format!("{name}/{file}")).chain([name.clone()]);
        for file in files.filter(|file| Path::new(file).extension().is_some_and(|e| e == "txt")) {
            found.push((file.trim_end_matches(".txt").to_owned(), text(&samples.join(&file))));
        }
    }
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// A generated file is compared with what the program would write; with `SIPSCAN_BLESS` in the environment it is written.
#[expect(clippy::disallowed_methods, reason = "the rule is for the library")]
pub(crate) fn bless(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("SIPSCAN_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
    }
    assert!(
        text(&file) == expected,
        "{path} is not up to date; run `SIPSCAN_BLESS=1 cargo test` and look at the difference"
    );
}

/// Settings for samples: signatures are verified with the key in `samples/stir`.
fn settings() -> Settings {
    let stir = root().join("samples/stir");
    let mut trust = TrustStore::default();
    trust.add_file("samples/stir/signer.pem", text(&stir.join("signer.pem")).as_bytes()).unwrap();
    for line in text(&stir.join("urls.tsv")).lines().filter(|line| !line.starts_with('#')) {
        let (url, file) = line.split_once('\t').unwrap();
        assert!(trust.map_url(url, &format!("samples/stir/{file}")), "{line}");
    }
    Settings { trust: Arc::new(trust), ..Settings::default() }
}

/// What the pipeline makes of a capture.
#[derive(Debug, Default)]
pub(crate) struct Analysed {
    /// The calls by their numbers.
    pub(crate) calls: Vec<CallReport>,
    /// Findings about the whole capture.
    pub(crate) capture: Vec<Finding>,
    /// The numbers of the capture.
    pub(crate) summary: Summary,
    /// What was read.
    pub(crate) facts: CaptureFacts,
}

impl Analysed {
    /// Reads a capture up to its end, or up to where it is damaged; `None` if it is no capture.
    pub(crate) fn capture(path: &Path) -> Option<Self> {
        let mut capture = Capture::open(&Input::File(path.to_owned())).ok()?;
        let mut analysis = Analysis::new(Settings::default());
        let mut found = Self::default();
        while let Ok(Some(frame)) = capture.next_frame() {
            analysis.frame(&frame, &mut found).unwrap();
        }
        Some(found.ended(analysis))
    }

    /// Reads a flow in text form and sends its frames through the pipeline.
    pub(crate) fn of(name: &str, text: &str) -> Self {
        let flow = Flow::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let frames = flow.frames();
        Self::frames(
            settings(),
            frames.iter().map(|frame| (frame.time, flow.link_type(), frame.original_length, &frame.bytes[..])),
        )
    }

    /// Sends frames through the pipeline: time, link type, length on the wire, octets.
    pub(crate) fn frames<'a>(
        settings: Settings,
        frames: impl Iterator<Item = (Timestamp, u16, u32, &'a [u8])>,
    ) -> Self {
        let mut analysis = Analysis::new(settings);
        let mut found = Self::default();
        for (number, (time, link_type, original_length, bytes)) in (1..).zip(frames) {
            let reference = FrameRef { file: 0, number: FrameNumber(number) };
            let frame = Frame { reference, time, link_type, original_length, bytes };
            analysis.frame(&frame, &mut found).unwrap();
        }
        found.ended(analysis)
    }

    pub(crate) fn ended(mut self, analysis: Analysis) -> Self {
        let (facts, summary) = analysis.finish(|_| {}, &mut self).unwrap();
        self.calls.sort_by_key(|report| report.call.number);
        Self { summary, facts, ..self }
    }

    /// The sample of that name, such as `scenarios/s01`.
    pub(crate) fn sample(name: &str) -> Self {
        Self::of(name, &text(&root().join("samples").join(format!("{name}.txt"))))
    }

    /// Every finding, those of calls first.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.calls.iter().flat_map(|report| &report.findings).chain(&self.capture)
    }

    /// Codes of all findings.
    pub(crate) fn codes(&self) -> BTreeSet<&'static str> {
        self.findings().map(|finding| finding.code).collect()
    }
}

impl Sink for Analysed {
    fn begin_capture(&mut self, _index: usize, _files: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, report: &CallReport) -> io::Result<()> {
        self.calls.push(report.clone());
        Ok(())
    }

    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, findings: &[Finding]) -> io::Result<()> {
        self.capture.extend_from_slice(findings);
        Ok(())
    }

    fn finish(&mut self, _total: &Summary) -> io::Result<()> {
        Ok(())
    }
}
