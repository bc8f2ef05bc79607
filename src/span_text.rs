//! Spans of time as people write them in files: `10 min`, `1m 30s`.

use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let span = SignedDuration::try_from(*span).map_err(S::Error::custom)?;
    serializer.serialize_str(&format!("{span:#}"))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span: SignedDuration =
        text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no span of time such as \"10 min\"")))?;
    Duration::try_from(span).map_err(|_| D::Error::custom("a span of time cannot be negative"))
}
