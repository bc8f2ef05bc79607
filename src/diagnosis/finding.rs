//! What a rule says about a call or a capture.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use super::{Cited, root_cause};
use crate::call::{CallNumber, CapturedMessage, IcmpReport};
use crate::lang::Text;
use crate::limits::VALUE_OCTETS;
use crate::provenance::{Endpoint, FrameRef, Provenance, Timestamp};
use crate::shorten;
use crate::sip::HeaderName;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Normal behaviour worth stating.
    Info,
    /// Hygiene.
    Notice,
    /// A protocol violation or risk that the call survived, or a strong statistical pattern.
    Warning,
    /// This call failed, and this is why.
    Error,
    /// Fraud, hijack, or total outage.
    Critical,
}

impl Severity {
    /// The stable name that every format uses; reports in other languages translate it where it is for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// A guess from circumstances; the message says so.
    Weak,
    /// Follows from the capture but for one reasonable assumption.
    Strong,
    /// The frames prove it.
    Certain,
}

impl Certainty {
    /// The stable name, as that of a severity.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Strong => "strong",
            Self::Weak => "weak",
        }
    }
}

/// One frame that proves a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The frame, as Wireshark numbers it.
    pub frame: FrameRef,
    /// Its time.
    pub time: Timestamp,
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
    /// What it is, such as `301 response` or `third retransmission`.
    pub what: Text,
    /// The exact text of the start line or header field that matters, as captured (lossy UTF-8); may be empty.
    pub text: Cited,
}

impl Evidence {
    /// Cites a message by its start line.
    pub fn of(message: &CapturedMessage, what: impl Into<Text>) -> Self {
        Self::at(&message.provenance, what, Cited::line(&message.message))
    }

    /// Cites a header field of a message as captured; where it is missing, the text is empty.
    pub fn header(message: &CapturedMessage, name: HeaderName, what: impl Into<Text>) -> Self {
        Self::at(&message.provenance, what, Cited::field(&message.message, name).unwrap_or_default())
    }

    /// Cites an ICMP error.
    pub fn icmp(report: &IcmpReport) -> Self {
        let what = Text::new("ICMP {kind}, about a datagram to {unreachable}")
            .with("kind", Text::new(report.kind))
            .with("unreachable", report.unreachable);
        Self::at(&report.provenance, what, Cited::default())
    }

    /// Cites a text of a frame.
    pub fn at(provenance: &Provenance, what: impl Into<Text>, text: impl Into<Cited>) -> Self {
        Self {
            frame: provenance.frame,
            time: provenance.time,
            source: provenance.flow.source,
            destination: provenance.flow.destination,
            what: what.into(),
            text: text.into(),
        }
    }
}

/// Who must act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The role, such as `operator of the redirect server`.
    pub role: Text,
    /// Its address, where it is known.
    pub address: Option<Endpoint>,
    /// Its Server or User-Agent value, where it sent one.
    pub software: Option<String>,
}

impl Actor {
    /// A role without a known address.
    pub fn role(role: impl Into<Text>) -> Self {
        Self { role: role.into(), address: None, software: None }
    }

    /// The sender of a message, with the software that it names as its own.
    pub fn sender(message: &CapturedMessage, role: impl Into<Text>) -> Self {
        Self {
            role: role.into(),
            address: Some(message.provenance.flow.source),
            software: message.message.software_of_sender().map(Cow::into_owned),
        }
    }

    /// Whoever sits at an address.
    pub fn at(address: Endpoint, role: impl Into<Text>) -> Self {
        Self { role: role.into(), address: Some(address), software: None }
    }
}

/// A diagnosis with its evidence. It is handed on many times before anybody reads it, so it is no larger than a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(Box<Kept>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    details: Details,
    /// The place of its code among the causes, which is asked for many times.
    cause: Option<usize>,
}

/// What a [`Finding`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Code of the rule.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// What happened, in one or two sentences.
    pub message: Text,
    /// The proof; the first one is the primary evidence. Never empty.
    pub evidence: Vec<Evidence>,
    /// Who must act.
    pub actor: Option<Actor>,
    /// What to change, most important first.
    pub remediation: Vec<Text>,
    /// How to see that it worked.
    pub verification: Option<Text>,
    /// Code of the finding whose consequence this one is.
    pub consequence_of: Option<&'static str>,
    /// The calls it is about, when it is about several (capped; see `calls_total`).
    pub calls: Vec<CallNumber>,
    /// How many calls it is about, when it is about several.
    pub calls_total: u64,
}

impl Finding {
    /// Makes a finding; it cannot be made without evidence.
    pub fn new(rule: &super::Rule, certainty: Certainty, message: impl Into<Text>, primary: Evidence) -> Self {
        // Most findings cite no more than this, and advise no more.
        let mut evidence = Vec::with_capacity(4);
        evidence.push(primary);
        let details = Details {
            code: rule.code,
            severity: rule.severity,
            certainty,
            message: message.into(),
            evidence,
            actor: None,
            remediation: Vec::with_capacity(4),
            verification: None,
            consequence_of: None,
            calls: Vec::new(),
            calls_total: 0,
        };
        Self(Box::new(Kept { details, cause: root_cause::place_of(rule.code) }))
    }

    /// The place of its code among the causes of failures.
    pub(super) fn cause(&self) -> Option<usize> {
        self.0.cause
    }

    /// Cuts what a capture has written into its sentences: they are read by people, and some are kept to the end of the run.
    pub(super) fn shorten(&mut self) {
        let details = &mut self.0.details;
        details.message.shorten();
        details.remediation.iter_mut().for_each(Text::shorten);
        details.verification.iter_mut().for_each(Text::shorten);
        if let Some(software) = details.actor.as_mut().and_then(|actor| actor.software.as_mut()) {
            shorten::in_place(software, VALUE_OCTETS);
        }
    }

    /// Overrides the rule's default severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Adds related evidence.
    #[must_use]
    pub fn evidence(mut self, more: impl IntoIterator<Item = Evidence>) -> Self {
        for one in more {
            self.evidence.push(one);
        }
        self
    }

    /// Says who must act.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Adds a thing to change.
    #[must_use]
    pub fn fix(mut self, text: impl Into<Text>) -> Self {
        self.remediation.push(text.into());
        self
    }

    /// Says how to verify that it worked.
    #[must_use]
    pub fn verify(mut self, text: impl Into<Text>) -> Self {
        self.verification = Some(text.into());
        self
    }
}

impl From<Details> for Finding {
    fn from(details: Details) -> Self {
        let cause = root_cause::place_of(details.code);
        Self(Box::new(Kept { details, cause }))
    }
}

impl Deref for Finding {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0.details
    }
}

impl DerefMut for Finding {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0.details
    }
}
