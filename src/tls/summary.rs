//! The TLS connections of one capture that carry SIP, or seem to.

use std::collections::BTreeMap;

use super::facts::{Reading, TlsStream};
use crate::limits::TLS_STREAMS;

/// What is told of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSummary {
    /// All of them.
    pub connections: u64,
    /// Those whose handshake failed.
    pub failed: u64,
    /// The others, by how far they could be read.
    pub readings: BTreeMap<Reading, u64>,
    /// Those that were not read although the capture has their secrets, because these stand behind the frames.
    pub late_secrets: u64,
    /// The first ones, in the order in which they ended.
    pub streams: Vec<TlsStream>,
}

impl TlsSummary {
    /// Counts a connection.
    pub fn note(&mut self, stream: &TlsStream) {
        self.connections += 1;
        if stream.has_failed() {
            self.failed += 1;
        } else {
            *self.readings.entry(stream.reading).or_default() += 1;
        }
        if self.streams.len() < TLS_STREAMS {
            self.streams.push(stream.clone());
        }
    }

    /// Connections whose content is encrypted, and was not read.
    pub fn unread(&self) -> u64 {
        self.readings.iter().filter(|(reading, _)| is_unread(**reading)).map(|(_, n)| n).sum()
    }

    /// The first ones of them.
    pub fn unread_streams(&self) -> impl Iterator<Item = &TlsStream> {
        self.streams.iter().filter(|stream| !stream.has_failed() && is_unread(stream.reading))
    }
}

fn is_unread(reading: Reading) -> bool {
    !matches!(reading, Reading::Nothing | Reading::Decrypted)
}
