//! What JSON and NDJSON show: types of their own, so that the formats stay as documented while the program changes.
//!
//! `docs/report.schema.json` and `docs/ndjson.schema.json` are generated from these types and their comments by a test.

#[cfg(test)]
use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use crate::address_text::AddressText;
use crate::lang::{Lang, Text};
use crate::provenance::{Endpoint, FrameRef, Timestamp};

mod attestation;
mod call;
mod capture;
mod finding;
mod identity;
pub(in crate::report) mod kpi;
mod media;
#[cfg(test)]
mod schema;
mod summary;
mod tls;

use attestation::AttestationView;
pub(super) use call::CallView;
pub(super) use capture::{CaptureView, Incomplete};
pub(super) use finding::FindingView;
use identity::IdentityView;
pub(super) use kpi::KpiView;
use media::MediaView;
pub(super) use summary::SummaryView;

/// The version of both formats; it grows when a field goes or changes its meaning, not when one is added.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Where a view belongs: which capture, whether that has several files, and to a report of which language.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Index of the capture.
    pub(super) capture: usize,
    /// Whether frame numbers need the index of a file to be found.
    pub(super) merged: bool,
    /// The language of sentences; names and values have none.
    pub(super) lang: Lang,
}

impl Place {
    fn say(self, text: &Text) -> Said<'_> {
        Said { text, lang: self.lang }
    }

    fn say_each(self, texts: &[Text]) -> Each<'_, Text, Said<'_>> {
        Each { of: texts, place: self, view: |text, place| place.say(text) }
    }

    /// The index of the frame's file, where one is needed.
    fn file(self, frame: FrameRef) -> Option<u16> {
        self.merged.then_some(frame.file)
    }
}

/// One line of NDJSON.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Record<'a> {
    /// A call, written when it is over.
    Call(CallView<'a>),
    /// A finding about a capture as a whole, written at its end.
    Finding(FindingView<'a>),
    /// What was read of a capture, written at its end.
    Capture(CaptureView),
    /// The numbers of all captures together: the last line.
    Summary(SummaryView<'a>),
}

/// A list whose elements are made one after the other while it is written.
#[derive(Debug, Clone, Copy)]
struct Each<'a, T, V> {
    of: &'a [T],
    place: Place,
    view: fn(&'a T, Place) -> V,
}

impl<T, V: Serialize> Serialize for Each<'_, T, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.of.iter().map(|element| (self.view)(element, self.place)))
    }
}

/// A sentence, written straight into the report.
#[derive(Debug)]
struct Said<'a> {
    text: &'a Text,
    lang: Lang,
}

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text.words(self.lang) {
            Some(words) => serializer.serialize_str(words),
            None => serializer.collect_str(&self.text.in_lang(self.lang)),
        }
    }
}

/// Text as captured, with U+FFFD for octets that are not UTF-8; written as it stands where it is plain.
#[derive(Debug, Clone, Copy)]
struct Captured<'a>(&'a [u8]);

impl Serialize for Captured<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Capture time in UTC: microseconds, or nanoseconds where there are any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(super::time::Rfc3339(self.0).text().as_bytes())
    }
}

/// Address and port, such as `192.0.2.10:5060` or `[2001:db8::1]:5060`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address(pub(super) Endpoint);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (IpAddr::V4(address), 1..) = (self.0.address, self.0.port) {
            return serializer.serialize_bytes(AddressText::with_port(address, self.0.port).as_bytes());
        }
        // In one piece: each would be looked through for what has to be escaped.
        let mut text = String::with_capacity(ADDRESS_OCTETS);
        write!(text, "{}", self.0).map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

/// The longest: an IPv6 address and a port.
const ADDRESS_OCTETS: usize = 56;

#[cfg(test)]
impl schemars::JsonSchema for Captured<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Captured".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Said<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Said".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "Capture time in UTC: microseconds, or nanoseconds where there are any.",
        })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Address and port, such as `192.0.2.10:5060` or `[2001:db8::1]:5060`.",
        })
    }
}
