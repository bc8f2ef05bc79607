//! The values that an expression compares with, and comparing.

use std::net::IpAddr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};

use super::field::{Field, Kind, Value};
use crate::call::{Outcome, OutcomeDetail};
use crate::diagnosis::Severity;
use crate::diagnosis::rules::RULES;
use crate::explain;
use crate::provenance::{Endpoint, Timestamp};
use crate::report::number;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

/// A field with what it is compared to.
#[derive(Debug, Clone)]
pub(super) struct Test {
    pub(super) field: &'static Field,
    pub(super) relation: Relation,
    /// One of them is enough.
    pub(super) wanted: Vec<Wanted>,
}

/// What a value is compared to.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Number(u64),
    Duration(Duration),
    Time(Timestamp),
    Severity(Severity),
    Network(Network),
    /// The text, in any case where it is one of the program's words.
    Text(String),
    Party(String),
    Pattern(Regex),
}

/// Addresses that begin alike, and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u8,
    port: Option<u16>,
}

/// Octets of a compiled pattern; the crate runs in time that is linear in pattern and text.
const PATTERN_OCTETS: usize = 1 << 20;
/// Levels of a pattern.
const PATTERN_DEPTH: u32 = 50;
/// Digits from which on a number without country code may be the end of one that has it.
const NATIONAL_DIGITS: usize = 7;

impl Wanted {
    /// Reads a value for a field of that kind.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn read(text: &str, kind: Kind, relation: Relation, zone: &TimeZone) -> Result<Self, String> {
        if relation == Relation::Matches {
            return pattern(text).map(Self::Pattern);
        }
        let expected = || format!("`{text}` is not what this field holds: {}", kind.example());
        Ok(match kind {
            Kind::Number => Self::Number(text.parse().map_err(|_| expected())?),
            Kind::Status => {
                Self::Number(text.parse().ok().filter(|status| (100..=699).contains(status)).ok_or_else(expected)?)
            }
            Kind::Class => Self::Number(class(text).ok_or_else(expected)?),
            Kind::Duration => Self::Duration(duration(text).ok_or_else(expected)?),
            Kind::Time => Self::Time(time(text, zone).ok_or_else(expected)?),
            Kind::Severity => Self::Severity(severity(text).ok_or_else(expected)?),
            Kind::Address => Self::Network(network(text).ok_or_else(expected)?),
            Kind::Outcome => known(text, "outcome", &outcomes())?,
            Kind::Finding => known(text, "diagnosis", &RULES.iter().map(|rule| rule.code).collect::<Vec<_>>())?,
            Kind::Text => Self::Text(text.to_owned()),
            Kind::Party => Self::Party(text.to_owned()),
        })
    }

    /// A number or address of a party.
    pub(super) fn party(text: &str) -> Self {
        Self::Party(text.to_owned())
    }

    fn holds(&self, relation: Relation, value: &Value) -> bool {
        match (self, value) {
            (Self::Number(wanted), Value::Number(value)) => relation.holds(value, wanted),
            (Self::Duration(wanted), Value::Duration(value)) => relation.holds(value, wanted),
            (Self::Time(wanted), Value::Time(value)) => relation.holds(value, wanted),
            (Self::Severity(wanted), Value::Severity(value)) => relation.holds(value, wanted),
            (Self::Network(wanted), Value::Address(value)) => wanted.has(*value),
            (Self::Text(wanted), Value::Word(value)) => value.eq_ignore_ascii_case(wanted),
            (Self::Text(wanted), Value::Text(value)) => value == wanted,
            (Self::Party(wanted), Value::Party { uri, user }) => is_party(uri, user.as_deref(), wanted),
            (Self::Pattern(pattern), Value::Word(value) | Value::Text(value)) => pattern.is_match(value),
            (Self::Pattern(pattern), Value::Address(value)) => pattern.is_match(&value.to_string()),
            (Self::Pattern(pattern), Value::Party { uri, user }) => {
                pattern.is_match(uri) || user.as_deref().is_some_and(|user| pattern.is_match(user))
            }
            _ => false,
        }
    }
}

impl Test {
    /// Whether one of the field's values stands so to one of the wanted ones.
    pub(super) fn holds(&self, values: &[Value]) -> bool {
        values.iter().any(|value| self.wanted.iter().any(|wanted| wanted.holds(self.relation, value)))
    }
}

impl Relation {
    fn holds<T: Ord>(self, value: &T, wanted: &T) -> bool {
        match self {
            Self::Equal | Self::Matches => value == wanted,
            Self::Less => value < wanted,
            Self::LessOrEqual => value <= wanted,
            Self::Greater => value > wanted,
            Self::GreaterOrEqual => value >= wanted,
        }
    }
}

impl Network {
    fn has(self, endpoint: Endpoint) -> bool {
        let bits = |address| match address {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 4),
            IpAddr::V6(v6) => (u128::from(v6), 6),
        };
        let ((ours, version), (theirs, other)) = (bits(self.address), bits(endpoint.address));
        let differing = (ours ^ theirs).leading_zeros();
        version == other && differing >= u32::from(self.prefix) && self.port.is_none_or(|port| port == endpoint.port)
    }
}

fn pattern(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(PATTERN_OCTETS).nest_limit(PATTERN_DEPTH).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this pattern is too large".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("not a regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
        }
    })
}

/// One of the program's own words.
fn known(text: &str, what: &str, words: &[&str]) -> Result<Wanted, String> {
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return Ok(Wanted::Text((*word).to_owned()));
    }
    Err(match explain::closest(text, words) {
        Some(close) => format!("there is no {what} `{text}`; did you mean `{close}`?"),
        None if what == "outcome" => {
            format!("there is no outcome `{text}`; there are: {}", words.join(", "))
        }
        None => format!("there is no diagnosis `{text}`; `sipscan explain --list` has them all"),
    })
}

fn outcomes() -> Vec<&'static str> {
    let details = [OutcomeDetail::Abandoned, OutcomeDetail::AnsweredNoAck].into_iter().map(OutcomeDetail::name);
    Outcome::ALL.iter().map(|outcome| outcome.name()).chain(details).collect()
}

fn severity(text: &str) -> Option<Severity> {
    let all = [Severity::Info, Severity::Notice, Severity::Warning, Severity::Error, Severity::Critical];
    all.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(text))
}

/// `4xx`, or `4`.
fn class(text: &str) -> Option<u64> {
    let digit = text.to_ascii_lowercase();
    digit.strip_suffix("xx").unwrap_or(&digit).parse().ok().filter(|class| (1..=6).contains(class))
}

/// `30s`, `200ms`, `1.5m`, `2h`; without a unit seconds.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "us" => 0.000_001,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = digits.parse::<f64>().ok().filter(|_| plain)? * unit;
    Duration::try_from_secs_f64(seconds).ok()
}

/// RFC 3339 with a zone, date and time without one, a date, or seconds since 1970.
pub(super) fn time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let nanoseconds = if let Ok(time) = text.parse::<jiff::Timestamp>() {
        time.as_nanosecond()
    } else if let Ok(time) = text.parse::<DateTime>() {
        zone.to_timestamp(time).ok()?.as_nanosecond()
    } else {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let padded = format!("{fraction:0<9}");
        let digits = padded.len() == 9 && [seconds, &padded].iter().all(|p| p.bytes().all(|b| b.is_ascii_digit()));
        let seconds = seconds.parse::<i128>().ok().filter(|_| digits)?;
        seconds * 1_000_000_000 + padded.parse::<i128>().ok()?
    };
    i64::try_from(nanoseconds).ok().map(Timestamp)
}

/// `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1:5060`, `2001:db8::/32`, `[2001:db8::1]:5060`.
fn network(text: &str) -> Option<Network> {
    let whole = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
    if let Some((address, prefix)) = text.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= whole(address))?;
        return Some(Network { address, prefix, port: None });
    }
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Some(Network { address, prefix: whole(address), port: None });
    }
    let with_port: std::net::SocketAddr = text.parse().ok()?;
    Some(Network { address: with_port.ip(), prefix: whole(with_port.ip()), port: Some(with_port.port()) })
}

/// The URI, its user part, or its number.
fn is_party(uri: &str, user: Option<&str>, wanted: &str) -> bool {
    if uri == wanted || user == Some(wanted) {
        return true;
    }
    let (Some(ours), Some(wanted)) = (user.and_then(number), number(wanted)) else { return false };
    same_number(&ours, &wanted)
}

/// Numbers are the same if their digits are; one without `+` may lack the country code, or have prefixes in its place.
fn same_number(a: &str, b: &str) -> bool {
    let (full, other) = match (a.strip_prefix('+'), b.strip_prefix('+')) {
        (Some(full), None) => (full, b),
        (None, Some(full)) => (full, a),
        (Some(a), Some(b)) => return a == b,
        (None, None) => return a == b,
    };
    let other = other.trim_start_matches('0');
    full == other || (other.len() >= NATIONAL_DIGITS && full.ends_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_with_and_without_country_code() {
        for (a, b, same) in [
            ("+12125550101", "+12125550101", true),
            ("+12125550101", "12125550101", true),
            ("+12125550101", "2125550101", true),
            ("+4930123456", "030123456", true),
            ("+4930123456", "004930123456", true),
            ("+12125550101", "0101", false),
            ("+12125550101", "+2125550101", false),
            ("2125550101", "12125550101", false),
        ] {
            assert_eq!((same_number(a, b), same_number(b, a)), (same, same), "{a} {b}");
        }
    }

    #[test]
    fn addresses_and_networks() {
        let has = |text: &str, address: &str| {
            let address: std::net::SocketAddr = address.parse().unwrap();
            network(text).unwrap().has(Endpoint { address: address.ip(), port: address.port() })
        };
        for (text, address, expected) in [
            ("192.0.2.1", "192.0.2.1:5060", true),
            ("192.0.2.1:5061", "192.0.2.1:5060", false),
            ("192.0.2.0/24", "192.0.2.77:5060", true),
            ("192.0.2.0/24", "192.0.3.1:5060", false),
            ("0.0.0.0/0", "192.0.3.1:5060", true),
            ("0.0.0.0/0", "[2001:db8::1]:5060", false),
            ("2001:db8::/32", "[2001:db8::1]:5060", true),
            ("[2001:db8::1]", "[2001:db8::1]:5060", true),
            ("[2001:db8::1]:5060", "[2001:db8::1]:5060", true),
        ] {
            assert_eq!(has(text, address), expected, "{text} {address}");
        }
        assert!(["192.0.2", "192.0.2.0/33", "host", "192.0.2.1:x", ""].iter().all(|bad| network(bad).is_none()));
    }

    #[test]
    fn times_and_durations() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let expected = Some(Timestamp(1_774_879_200_000_000_000));
        for text in
            ["2026-03-30T14:00:00Z", "2026-03-30T16:00:00+02:00", "2026-03-30 16:00", "1774879200", "1774879200.000"]
        {
            assert_eq!(time(text, &berlin), expected, "{text}");
        }
        assert_eq!(time("2026-03-30", &TimeZone::UTC), Some(Timestamp(1_774_828_800_000_000_000)));
        assert!(["yesterday", "14:00", "", "1.2.3", "99999999999999999999"].iter().all(|t| time(t, &berlin).is_none()));
        for (text, milliseconds) in
            [("30", 30_000), ("30s", 30_000), ("200ms", 200), ("1.5m", 90_000), ("2h", 7_200_000)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        assert!(["", "s", "-1s", "1d", "1e9", "inf"].iter().all(|text| duration(text).is_none()));
    }
}
