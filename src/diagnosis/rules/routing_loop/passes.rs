//! Which servers a request passed, and how often, by its Via header fields.

use crate::diagnosis::Text;
use crate::provenance::Endpoint;
use crate::sip::{Message, Via};

/// Servers that a sentence names.
const NAMED: usize = 4;

/// Where a request was sent from, by one Via: two hosts may have the same private address, and come from different ones.
fn place(via: &Via) -> (String, Option<&str>) {
    let host = match via.port {
        Some(port) => [&via.host, ":", &port.to_string()].concat(),
        None => via.host.clone(),
    };
    (host, via.params.value("received"))
}

/// The servers that stand in Via at least so many times, with the number of times, in the order of the way.
pub(super) fn repeated(message: &Message, least: usize) -> Vec<(String, usize)> {
    let vias = message.vias();
    let mut places: Vec<((String, Option<&str>), usize)> = Vec::new();
    for via in vias.iter().rev() {
        let here = place(via);
        match places.iter_mut().find(|(known, _)| *known == here) {
            Some((_, count)) => *count += 1,
            None => places.push((here, 1)),
        }
    }
    places.into_iter().filter(|(_, count)| *count >= least).map(|((host, _), count)| (host, count)).collect()
}

/// The value of Via by which a request has passed that server.
pub(super) fn through(message: &Message, server: Endpoint) -> Option<String> {
    let address = server.address.to_string();
    let is_there = |via: &&Via| {
        let host = via.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case(&address) && via.port_or_default() == server.port
    };
    message.vias().iter().find(is_there).map(|via| place(via).0)
}

/// Servers with how often each was passed, in words.
pub(super) fn counted(hosts: &[(String, usize)]) -> Text {
    let one = |(host, count): &(String, usize)| Text::new("{host} {n} times").with("host", host).with("n", count);
    let mut words: Vec<Text> = hosts.iter().take(NAMED).map(one).collect();
    if hosts.len() > NAMED {
        words.push(Text::new("{n} other servers as well").with("n", hosts.len() - NAMED));
    }
    Text::list(", ", words)
}
