//! Lines to a [`Script`]: the preamble (`start`, `host`, `format`, `link`), then steps separated by blank lines.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::net::{IpAddr, SocketAddr};

use crate::provenance::{Endpoint, Timestamp};

use super::FlowError;
use super::content;
use super::loops::{self, Line};
use super::step::{Format, Link, Script, Step};
use super::{number, words};

/// Monday 30 March 2026, 14:00:00 UTC, unless the text says otherwise.
const DEFAULT_START: Timestamp = Timestamp(1_774_879_200 * number::ONE);
/// The port of a host without one (RFC 3261 §19.1.2).
const DEFAULT_PORT: u16 = 5060;

/// Parses a text; the first thing that is wrong is the error.
pub(super) fn script(text: &str) -> Result<Script, FlowError> {
    let mut parser = Parser {
        script: Script { start: DEFAULT_START, format: Format::default(), link: Link::default(), steps: Vec::new() },
        hosts: BTreeMap::new(),
    };
    let lines = loops::expand(text)?;
    let mut lines = lines.iter().filter(|line| !line.text.starts_with('#')).peekable();
    while let Some(line) = lines.next() {
        let mut tokens = line.text.split_whitespace();
        match tokens.next() {
            None => {}
            Some(keyword @ ("start" | "host" | "format" | "link")) => parser.preamble(keyword, tokens, line.number)?,
            Some(time) => parser.step(time, tokens, line.number, &mut lines)?,
        }
    }
    Ok(parser.script)
}

struct Parser {
    script: Script,
    hosts: BTreeMap<String, Endpoint>,
}

impl Parser {
    fn preamble<'a>(
        &mut self,
        keyword: &str,
        tokens: impl Iterator<Item = &'a str>,
        line: usize,
    ) -> Result<(), FlowError> {
        let values: Vec<&str> = tokens.collect();
        let known = match (keyword, &values[..]) {
            ("start", [time]) => start(time).map(|start| self.script.start = start),
            ("host", [name, address]) => {
                let name = Some(*name).filter(|name| !self.hosts.contains_key(*name));
                name.zip(endpoint(address)).map(|(name, endpoint)| {
                    self.hosts.insert(name.to_owned(), endpoint);
                })
            }
            ("format", [name]) => format(name).map(|format| self.script.format = format),
            ("link", [name]) => link(name).map(|link| self.script.link = link),
            _ => None,
        };
        known.ok_or_else(|| {
            FlowError::new(
                line,
                match keyword {
                    "start" => "expected `start 2026-03-30T14:00:00Z`",
                    "host" => "expected `host NAME ADDRESS[:PORT]` with a new name",
                    "format" => "expected `format pcap`, `pcap-ns` or `pcapng`",
                    _ => "expected `link ethernet`, `sll`, `sll2`, `raw` or `null`",
                },
            )
        })
    }

    fn step<'a>(
        &mut self,
        time: &str,
        mut tokens: impl Iterator<Item = &'a str>,
        line: usize,
        lines: &mut Peekable<impl Iterator<Item = &'a Line>>,
    ) -> Result<(), FlowError> {
        let time = self.time(time).ok_or_else(|| {
            FlowError::new(line, format!("`{time}` is neither a time, a loop, nor part of the preamble"))
        })?;
        let (Some(source), Some(">"), Some(destination)) = (tokens.next(), tokens.next(), tokens.next()) else {
            return Err(FlowError::new(line, "a step line is `TIME SOURCE > DESTINATION [WORDS]`"));
        };
        let (source, destination) = (self.host(source, line)?, self.host(destination, line)?);
        if source.address.is_ipv4() != destination.address.is_ipv4() {
            return Err(FlowError::new(line, "an IPv4 and an IPv6 address"));
        }
        let words = words::read(tokens, line)?;
        let mut block = Vec::new();
        while let Some(next) = lines.next_if(|next| !next.text.trim().is_empty()) {
            block.push(next);
        }
        let content = content::read(&words, &block, line)?;
        self.script.steps.push(Step { line, time, source, destination, words, content });
        Ok(())
    }

    /// `0.012` from the start, `+0.010` from the previous step.
    fn time(&self, text: &str) -> Option<i64> {
        match text.strip_prefix('+') {
            Some(gap) => self.script.steps.last().map_or(0, |step| step.time).checked_add(number::seconds(gap)?),
            None => number::seconds(text),
        }
    }

    fn host(&self, name: &str, line: usize) -> Result<Endpoint, FlowError> {
        let known = self.hosts.get(name).copied().or_else(|| endpoint(name));
        known.ok_or_else(|| FlowError::new(line, format!("unknown host `{name}`")))
    }
}

fn start(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp)
}

/// `192.0.2.10`, `192.0.2.10:5070`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:5060`.
fn endpoint(text: &str) -> Option<Endpoint> {
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(Endpoint { address: socket.ip(), port: socket.port() });
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address: IpAddr = bare.parse().ok()?;
    Some(Endpoint { address, port: DEFAULT_PORT })
}

fn format(name: &str) -> Option<Format> {
    Some(match name {
        "pcap" => Format::Pcap,
        "pcap-ns" => Format::PcapNanoseconds,
        "pcapng" => Format::Pcapng,
        _ => return None,
    })
}

fn link(name: &str) -> Option<Link> {
    Some(match name {
        "ethernet" => Link::Ethernet,
        "sll" => Link::Sll,
        "sll2" => Link::Sll2,
        "raw" => Link::Raw,
        "null" => Link::Null,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
