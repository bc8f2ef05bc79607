//! What a stream carries, told by its first octets.

use std::fmt;

use crate::limits::STREAM_PROBE;
use crate::net::hep;
use crate::sip::stream;

/// A kind of TCP connection. The kebab-case [`StreamKind::code`] is stable and appears in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StreamKind {
    /// SIP.
    Sip,
    /// SIP over WebSocket (RFC 7118).
    SipWebSocket,
    /// SIP over TLS, decrypted.
    SipInTls,
    /// SIP over WebSocket over TLS, decrypted.
    SipWebSocketInTls,
    /// TLS that carries SIP by all appearance: port 5061, or what the client asked for (SNI, ALPN). Encrypted, or without data.
    SipTls,
    /// Other TLS.
    Tls,
    /// HTTP.
    Http,
    /// RTSP.
    Rtsp,
    /// HEP: copies of messages on their way to a collector.
    Hep,
    /// MSRP, the instant messages beside SIP.
    Msrp,
    /// SSH.
    Ssh,
    /// Blank lines alone, which keep a connection open (RFC 5626 §3.5.1).
    KeepAlive,
    /// No octet was captured: a connection that was refused, or idle.
    NoData,
    /// Anything else.
    OtherTcp,
}

impl StreamKind {
    /// Every kind, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::Sip,
        Self::SipWebSocket,
        Self::SipInTls,
        Self::SipWebSocketInTls,
        Self::SipTls,
        Self::Tls,
        Self::Http,
        Self::Rtsp,
        Self::Hep,
        Self::Msrp,
        Self::Ssh,
        Self::KeepAlive,
        Self::NoData,
        Self::OtherTcp,
    ];

    /// The stable name, as reports print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::SipWebSocket => "sip-over-websocket",
            Self::SipInTls => "sip-over-tls-decrypted",
            Self::SipWebSocketInTls => "sip-over-secure-websocket",
            Self::SipTls => "sip-over-tls",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Rtsp => "rtsp",
            Self::Hep => "hep",
            Self::Msrp => "msrp",
            Self::Ssh => "ssh",
            Self::KeepAlive => "keep-alive",
            Self::NoData => "no-data",
            Self::OtherTcp => "other-tcp",
        }
    }

    /// Whether its messages are read.
    pub fn is_readable_sip(self) -> bool {
        matches!(self, Self::Sip | Self::SipWebSocket | Self::SipInTls | Self::SipWebSocketInTls)
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Tells what a direction carries by its first octets; `None` while more are needed. Line ends in front were taken away. What TLS
/// carries is for others to tell.
pub(super) fn recognise(bytes: &[u8]) -> Option<StreamKind> {
    match bytes {
        [0x14..=0x17, 3, 0..=4, ..] => return Some(StreamKind::Tls),
        [0x14..=0x17] | [0x14..=0x17, 3] => return None,
        _ if hep::is_magic(bytes) => return (bytes.len() >= 6).then_some(StreamKind::Hep),
        _ => {}
    }
    let line = memchr::memchr(b'\n', bytes).and_then(|end| bytes.get(..end));
    match line {
        Some(_) if stream::is_start(bytes) => Some(StreamKind::Sip),
        Some(line) => Some(text(line)),
        None if bytes.len() < STREAM_PROBE && stream::may_begin(bytes) => None,
        None => Some(text(bytes)),
    }
}

/// What a load balancer may put in front of a stream to name its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyHeader {
    Absent,
    /// There may be one when more octets have come.
    Incomplete,
    /// So many octets of it.
    Octets(usize),
}

/// Looks for the PROXY protocol, versions 1 and 2, of which version 2 begins with line ends; these were taken away.
pub(super) fn proxy_header(bytes: &[u8]) -> ProxyHeader {
    const LINE: &[u8] = b"PROXY ";
    const BINARY: &[u8] = b"\0\r\nQUIT\n";
    /// The longest line of version 1.
    const LINE_MAX: usize = 107;
    let shares = |name: &[u8]| bytes.iter().zip(name).all(|(a, b)| a == b);
    if shares(LINE) {
        let end = memchr::memchr(b'\n', bytes.get(..LINE_MAX).unwrap_or(bytes));
        match end {
            Some(end) if end > LINE.len() => ProxyHeader::Octets(end + 1),
            None if bytes.len() < LINE_MAX => ProxyHeader::Incomplete,
            _ => ProxyHeader::Absent,
        }
    } else if shares(BINARY) {
        let length = bytes.get(BINARY.len() + 2..).and_then(|rest| rest.first_chunk::<2>());
        let whole = length.map(|length| BINARY.len() + 4 + usize::from(u16::from_be_bytes(*length)));
        whole.filter(|whole| bytes.len() >= *whole).map_or(ProxyHeader::Incomplete, ProxyHeader::Octets)
    } else {
        ProxyHeader::Absent
    }
}

/// A protocol that names itself in its first line.
fn text(line: &[u8]) -> StreamKind {
    let named = |name: &[u8]| memchr::memmem::find(line.get(..STREAM_PROBE).unwrap_or(line), name).is_some();
    if line.starts_with(b"SSH-") {
        StreamKind::Ssh
    } else if line.starts_with(b"MSRP ") {
        StreamKind::Msrp
    } else if line.starts_with(b"HTTP/") || named(b" HTTP/") {
        StreamKind::Http
    } else if line.starts_with(b"RTSP/") || named(b" RTSP/") {
        StreamKind::Rtsp
    } else {
        StreamKind::OtherTcp
    }
}
