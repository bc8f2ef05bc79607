//! What carried a message beside a link layer, IP and its transport: tunnels, tags, and the copies of collectors.

use std::net::IpAddr;
use std::sync::Arc;

use super::layers::Layers;

/// Octets of a correlation identifier that are kept.
const CORRELATION: usize = 256;

/// The way of a message through layers, of which each message of a call may have another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Carrier {
    /// All layers, from the link to what was looked into.
    pub layers: Layers,
    /// Senders and receivers of the packets around the innermost one, the outermost first.
    pub outer: Vec<(IpAddr, IpAddr)>,
    /// What a collector's copy says belongs together (HEP, chunk 17); octets that are not UTF-8 are replaced.
    pub correlation: Option<String>,
    /// The capture agent that made the copy (HEP, chunk 12).
    pub agent: Option<u32>,
    /// Whether it is a copy on its way to a collector.
    pub(crate) is_copy: bool,
    /// Whether the payload of the copy is compressed.
    pub(crate) is_compressed: bool,
}

/// A carrier, shared by all messages of a frame; `None` for the many that have none worth telling of.
pub type CarrierRef = Option<Arc<Carrier>>;

impl Carrier {
    /// Takes note of a correlation identifier.
    pub(super) fn correlate(&mut self, value: &[u8]) {
        let value = value.get(..CORRELATION).unwrap_or(value);
        // Some agents end it with a null octet.
        let text = String::from_utf8_lossy(value);
        let text = text.trim_end_matches('\0').trim();
        self.correlation = (!text.is_empty()).then(|| text.to_owned());
    }

    /// Notes a layer.
    pub(crate) fn note(&mut self, name: &'static str) {
        self.layers.push(name, None);
    }

    /// Memory taken, in octets.
    pub(crate) fn cost(&self) -> usize {
        let layers = size_of_val(self.layers.all());
        size_of::<Self>() + layers + self.outer.len() * 34 + self.correlation.as_ref().map_or(0, String::len)
    }
}
