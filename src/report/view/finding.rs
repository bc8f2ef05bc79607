//! A finding as JSON shows it.

use serde::Serialize;

use super::{Address, Each, Place, Said, Time};
use crate::diagnosis::{Actor, Certainty, Evidence, Finding, Severity};
use crate::lang::Text;

/// One diagnosis with its evidence.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct FindingView<'a> {
    /// Index of the capture in `captures`; only in findings about a capture as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<usize>,
    /// Code of the rule; `sipscan explain CODE` says more.
    code: &'static str,
    /// How bad it is.
    severity: Level,
    /// How sure it is.
    certainty: Sureness,
    /// What happened, in one or two sentences.
    message: Said<'a>,
    /// The proof; the first piece is the primary one.
    #[cfg_attr(test, schemars(with = "Vec<EvidenceView<'_>>"))]
    evidence: Each<'a, Evidence, EvidenceView<'a>>,
    /// Who must act; null when nobody in particular.
    actor: Option<ActorView<'a>>,
    /// What to change, most important first.
    #[cfg_attr(test, schemars(with = "Vec<Said<'_>>"))]
    remediation: Each<'a, Text, Said<'a>>,
    /// How to see that it worked.
    verification: Option<Said<'a>>,
    /// Code of the finding whose consequence this one is; null for causes.
    consequence_of: Option<&'static str>,
    /// Numbers of the calls it is about, when it is about several; at most as many as the program keeps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calls: Vec<u64>,
    /// How many calls it is about, when it is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_total: Option<u64>,
}

/// One frame that proves the sentence.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EvidenceView<'a> {
    /// Index of the frame's file in `files` of its capture; only in merged captures.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    /// The frame, as Wireshark numbers it.
    frame: u64,
    /// Time of that frame.
    time: Time,
    /// Sender.
    source: Address,
    /// Receiver.
    destination: Address,
    /// What it is, such as `301 response`.
    what: Said<'a>,
    /// The start line or header field that matters, as captured (octets that are not UTF-8 replaced); may be empty.
    text: &'a str,
}

/// Who must act.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ActorView<'a> {
    /// The role, such as `operator of the redirect server`.
    role: Said<'a>,
    /// Its address; null where it is unknown.
    address: Option<Address>,
    /// Its Server or User-Agent value; null where it sent none.
    software: Option<&'a str>,
}

/// How bad: `info` normal behaviour worth stating; `notice` hygiene; `warning` a protocol violation or risk that the call
/// survived; `error` this call failed, and this is why; `critical` fraud, hijack, or total outage.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Level {
    Info,
    Notice,
    Warning,
    Error,
    Critical,
}

/// How sure: `certain` the frames prove it; `strong` follows but for one reasonable assumption; `weak` a guess from
/// circumstances.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Sureness {
    Certain,
    Strong,
    Weak,
}

impl<'a> FindingView<'a> {
    /// A finding about one call.
    pub(in crate::report) fn of_call(finding: &'a Finding, place: Place) -> Self {
        Self {
            capture: None,
            code: finding.code,
            severity: level(finding.severity),
            certainty: sureness(finding.certainty),
            message: place.say(&finding.message),
            evidence: Each { of: &finding.evidence, place, view: EvidenceView::new },
            actor: finding.actor.as_ref().map(|actor| ActorView::new(actor, place)),
            remediation: place.say_each(&finding.remediation),
            verification: finding.verification.as_ref().map(|text| place.say(text)),
            consequence_of: finding.consequence_of,
            calls: finding.calls.iter().map(|call| call.0).collect(),
            calls_total: (finding.calls_total > 0).then_some(finding.calls_total),
        }
    }

    /// A finding about a capture as a whole.
    pub(in crate::report) fn of_capture(finding: &'a Finding, place: Place) -> Self {
        Self { capture: Some(place.capture), ..Self::of_call(finding, place) }
    }
}

impl<'a> EvidenceView<'a> {
    fn new(evidence: &'a Evidence, place: Place) -> Self {
        Self {
            file: place.file(evidence.frame),
            frame: evidence.frame.number.0,
            time: Time(evidence.time),
            source: Address(evidence.source),
            destination: Address(evidence.destination),
            what: place.say(&evidence.what),
            text: &evidence.text,
        }
    }
}

impl<'a> ActorView<'a> {
    fn new(actor: &'a Actor, place: Place) -> Self {
        Self { role: place.say(&actor.role), address: actor.address.map(Address), software: actor.software.as_deref() }
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Info => Level::Info,
        Severity::Notice => Level::Notice,
        Severity::Warning => Level::Warning,
        Severity::Error => Level::Error,
        Severity::Critical => Level::Critical,
    }
}

fn sureness(certainty: Certainty) -> Sureness {
    match certainty {
        Certainty::Certain => Sureness::Certain,
        Certainty::Strong => Sureness::Strong,
        Certainty::Weak => Sureness::Weak,
    }
}
