//! Capture times in words.

use std::fmt;

use jiff::tz::TimeZone;

use crate::provenance::Timestamp;

/// `2026-03-30T14:00:00.012000Z`: microseconds, or nanoseconds where there are any.
pub(super) struct Rfc3339(pub(super) Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl Rfc3339 {
    /// The same, in place.
    pub(super) fn text(&self) -> Text {
        let (days, nanoseconds) = (self.0.0.div_euclid(NANOSECONDS_A_DAY), self.0.0.rem_euclid(NANOSECONDS_A_DAY));
        let (year, month, day) = civil(days);
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let (fraction, places) = if rest % 1000 == 0 { (rest / 1000, 6) } else { (rest, 9) };
        let mut text = Text::default();
        for (number, places, behind) in [
            (year, 4, b'-'),
            (month, 2, b'-'),
            (day, 2, b'T'),
            (hour, 2, b':'),
            (minute, 2, b':'),
            (second, 2, b'.'),
            (fraction, places, b'Z'),
        ] {
            text.number(number, places, behind);
        }
        text
    }
}

const NANOSECONDS_A_DAY: i64 = 86_400_000_000_000;

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar, with years that begin in March, so that the leap day is the
/// last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let in_march = i64::from(month >= 10);
    (year + 400 * era + in_march, (month + 2) % 12 + 1, day - (153 * month + 2) / 5 + 1)
}

/// A short text of digits: faster than the general ways of formatting, which every line of JSON would go several times.
#[derive(Default)]
pub(super) struct Text {
    octets: [u8; 32],
    length: usize,
}

impl Text {
    /// Appends a number in so many places, and a character.
    fn number(&mut self, mut number: i64, places: usize, behind: u8) {
        let end = self.length + places;
        if let Some(free) = self.octets.get_mut(self.length..end) {
            for digit in free.iter_mut().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        if let Some(free) = self.octets.get_mut(end) {
            *free = behind;
        }
        self.length = end + 1;
    }

    pub(super) fn as_str(&self) -> &str {
        self.octets.get(..self.length).and_then(|octets| std::str::from_utf8(octets).ok()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn days_are_those_of_the_calendar(time: i64, thousands in 0..1000_i64) {
            for time in [Timestamp(time), Timestamp(time / 1000 * 1000), Timestamp(thousands * NANOSECONDS_A_DAY * 20)] {
                let nanoseconds = time.0.rem_euclid(1_000_000_000);
                let micros = nanoseconds % 1000 == 0;
                let fraction = if micros { format!("{:06}", nanoseconds / 1000) } else { format!("{nanoseconds:09}") };
                let whole = strftime(time, &TimeZone::UTC, "%Y-%m-%dT%H:%M:%S");
                prop_assert_eq!(Rfc3339(time).to_string(), format!("{whole}.{fraction}Z"));
            }
        }
    }

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
