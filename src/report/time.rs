//! Capture times in words.

use std::fmt;

use jiff::tz::TimeZone;

use crate::provenance::Timestamp;

/// `2026-03-30T14:00:00.012000Z`: microseconds, or nanoseconds where there are any.
pub(super) struct Rfc3339(pub(super) Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}Z", strftime(self.0, &TimeZone::UTC, "%Y-%m-%dT%H:%M:%S"), fraction(self.0))
    }
}

/// `1774879200.012000`: seconds since the Unix epoch.
pub(super) struct Epoch(pub(super) Timestamp);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.0.unsigned_abs();
        let sign = if self.0.0 < 0 { "-" } else { "" };
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        if rest.is_multiple_of(1000) {
            write!(f, "{sign}{seconds}.{:06}", rest / 1000)
        } else {
            write!(f, "{sign}{seconds}.{rest:09}")
        }
    }
}

/// `2026-03-30 14:00:00.012`: what spreadsheets take for a time.
pub(super) fn date_and_time(time: Timestamp, zone: &TimeZone) -> String {
    format!("{}.{:03}", strftime(time, zone, "%Y-%m-%d %H:%M:%S"), milliseconds(time))
}

/// `2026-03-30 14:00`.
pub(super) fn date_and_minute(time: Timestamp, zone: &TimeZone) -> String {
    strftime(time, zone, "%Y-%m-%d %H:%M")
}

/// `14:00:00.012`.
pub(super) fn clock(time: Timestamp, zone: &TimeZone) -> String {
    format!("{}.{:03}", strftime(time, zone, "%H:%M:%S"), milliseconds(time))
}

/// `2026-03-30`.
pub(super) fn date(time: Timestamp, zone: &TimeZone) -> String {
    strftime(time, zone, "%Y-%m-%d")
}

/// The abbreviation of the zone at that time: `UTC`, `CEST`, `+03`.
pub(super) fn zone_name(time: Timestamp, zone: &TimeZone) -> String {
    strftime(time, zone, "%Z")
}

fn strftime(time: Timestamp, zone: &TimeZone, format: &str) -> String {
    // Every i64 of nanoseconds lies in the years 1677 to 2262, and jiff reaches from -9999 to 9999.
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default();
    time.to_zoned_datetime(zone.clone()).strftime(format).to_string()
}

fn milliseconds(time: Timestamp) -> i64 {
    time.0.rem_euclid(1_000_000_000) / 1_000_000
}

fn fraction(time: Timestamp) -> String {
    let nanoseconds = time.0.rem_euclid(1_000_000_000);
    if nanoseconds % 1000 == 0 { format!("{:06}", nanoseconds / 1000) } else { format!("{nanoseconds:09}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_full_and_in_the_zone_asked_for() {
        let time = Timestamp(1_774_879_200_012_000_000);
        assert_eq!(Rfc3339(time).to_string(), "2026-03-30T14:00:00.012000Z");
        assert_eq!(Rfc3339(Timestamp(1)).to_string(), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(Epoch(time).to_string(), "1774879200.012000");
        assert_eq!(Epoch(Timestamp(-1_500_000_001)).to_string(), "-1.500000001");
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(date_and_time(time, &berlin), "2026-03-30 16:00:00.012");
        assert_eq!((clock(time, &berlin), zone_name(time, &berlin)), ("16:00:00.012".to_owned(), "CEST".to_owned()));
        assert_eq!(zone_name(time, &TimeZone::UTC), "UTC");
        for extreme in [i64::MIN, i64::MAX] {
            assert!(Rfc3339(Timestamp(extreme)).to_string().ends_with('Z'));
            assert!(date(Timestamp(extreme), &berlin).len() >= 10);
        }
    }
}
