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
        let (second, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        let mut octets = *b"0000-00-00T00:00:00.000000000Z";
        for (at, number) in [
            (0, year / 100),
            (2, year),
            (5, month),
            (8, day),
            (11, second / 3600),
            (14, second / 60 % 60),
            (17, second % 60),
            (20, rest / 10_000_000),
            (22, rest / 100_000),
            (24, rest / 1000),
            (26, rest / 10),
            (27, rest),
        ] {
            if let Some(place) = octets.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                *place = pair(number);
            }
        }
        let length = if rest % 1000 == 0 { MICROSECONDS } else { NANOSECONDS };
        if let Some(last) = octets.get_mut(length - 1) {
            *last = b'Z';
        }
        Text { octets, length }
    }
}

/// Octets of a date, of a time with milliseconds without the letter behind it, with microseconds, and with nanoseconds.
const DATE: usize = 10;
const MILLISECONDS: usize = 23;
const MICROSECONDS: usize = 27;
const NANOSECONDS: usize = 30;

/// The last two digits of a number.
fn pair(number: i64) -> [u8; 2] {
    PAIRS.get(usize::try_from(number % 100).unwrap_or_default()).copied().unwrap_or_default()
}

/// All pairs of digits.
static PAIRS: [[u8; 2]; 100] = pairs();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a constant: an index out of bounds does not compile"
)]
const fn pairs() -> [[u8; 2]; 100] {
    let mut table = [[0; 2]; 100];
    let mut at = 0;
    while at < table.len() {
        table[at] = [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8];
        at += 1;
    }
    table
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

/// A time in place: faster than the general ways of formatting, which every line of JSON would go several times.
pub(super) struct Text {
    octets: [u8; NANOSECONDS],
    length: usize,
}

impl Text {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn date(&self) -> &str {
        self.as_str().get(..DATE).unwrap_or_default()
    }

    /// The time of day, cut to milliseconds.
    fn clock(&self) -> &str {
        self.as_str().get(DATE + 1..MILLISECONDS).unwrap_or_default()
    }
}

/// `1774879200.012000`: seconds since the Unix epoch.
pub(super) struct Epoch(pub(super) Timestamp);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.0.unsigned_abs();
        let sign = if self.0.0 < 0 { "-" } else { "" };
        let (seconds, rest) = (nanoseconds / SECOND, nanoseconds % SECOND);
        // Without formatting, as each row has two. The digit in front keeps the zeros behind it.
        let (mut whole, mut part) = (itoa::Buffer::new(), itoa::Buffer::new());
        let is_short = rest.is_multiple_of(1000);
        let digits = part.format(if is_short { (SECOND + rest) / 1000 } else { SECOND + rest });
        f.write_str(sign)?;
        f.write_str(whole.format(seconds))?;
        f.write_str(".")?;
        f.write_str(digits.get(1..).unwrap_or_default())
    }
}

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// `2026-03-30 14:00:00.012`: what spreadsheets take for a time.
pub(super) fn date_and_time(time: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        let text = Rfc3339(time).text();
        return [text.date(), text.clock()].join(" ");
    }
    format!("{}.{:03}", strftime(time, zone, "%Y-%m-%d %H:%M:%S"), milliseconds(time))
}

/// `2026-03-30 14:00`.
pub(super) fn date_and_minute(time: Timestamp, zone: &TimeZone) -> String {
    strftime(time, zone, "%Y-%m-%d %H:%M")
}

/// `14:00:00.012`.
pub(super) fn clock(time: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return Rfc3339(time).text().clock().to_owned();
    }
    format!("{}.{:03}", strftime(time, zone, "%H:%M:%S"), milliseconds(time))
}

/// Whether both are of one day in that zone.
pub(super) fn is_same_day(one: Timestamp, other: Timestamp, zone: &TimeZone) -> bool {
    if *zone == TimeZone::UTC {
        let day = |time: Timestamp| time.0.div_euclid(NANOSECONDS_A_DAY);
        return day(one) == day(other);
    }
    date(one, zone) == date(other, zone)
}

/// `2026-03-30`.
pub(super) fn date(time: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return Rfc3339(time).text().date().to_owned();
    }
    strftime(time, zone, "%Y-%m-%d")
}

/// The abbreviation of the zone at that time: `UTC`, `CEST`, `+03`.
pub(super) fn zone_name(time: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return "UTC".to_owned();
    }
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
                let spaced = strftime(time, &TimeZone::UTC, "%Y-%m-%d %H:%M:%S");
                let cut = format!("{spaced}.{:03}", nanoseconds / 1_000_000);
                prop_assert_eq!(date_and_time(time, &TimeZone::UTC), cut.as_str());
                let (date_alone, clock_alone) = (date(time, &TimeZone::UTC), clock(time, &TimeZone::UTC));
                prop_assert_eq!(format!("{date_alone} {clock_alone}"), cut);
                prop_assert_eq!(zone_name(time, &TimeZone::UTC), strftime(time, &TimeZone::UTC, "%Z"));
                for other in [time, Timestamp(time.0.saturating_add(NANOSECONDS_A_DAY / 3)), Timestamp(0)] {
                    let same = strftime(time, &TimeZone::UTC, "%F") == strftime(other, &TimeZone::UTC, "%F");
                    prop_assert_eq!(is_same_day(time, other, &TimeZone::UTC), same);
                }
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
