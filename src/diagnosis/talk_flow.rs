//! Answered calls with session descriptions and RTP in text form, for tests.

use std::fmt::Write as _;

/// The parties, where they receive RTP, and others that send some.
pub(crate) const HOSTS: &str = "host alice 192.0.2.10\nhost bob 198.51.100.30\nhost alice-rtp 192.0.2.10:4000\nhost bob-rtp 198.51.100.30:5000\n\
    host nat 192.0.2.99:61000\nhost relay 198.51.100.77:7000\n\n";

/// A description that wants audio at that address and port.
pub(crate) fn sdp(address: &str, port: u16, more: &str) -> String {
    let family = if address.contains(':') { "IP6" } else { "IP4" };
    format!(
        "Content-Type: application/sdp\n.\nv=0\no=- 1 1 IN {family} {address}\ns=-\nc=IN {family} {address}\nt=0 0\nm=audio {port} RTP/AVP 0\n{more}"
    )
}

/// An answered call of so many seconds.
pub(crate) fn call(seconds: u32, offer: &str, answer: &str) -> String {
    format!(
        "{HOSTS}0.0 alice > bob\nINVITE sip:bob@b.example\n{offer}\n\n1.0 bob > alice tag=t\n200 OK\n{answer}\n\n1.01 alice > bob\nACK\n\n\
         {} alice > bob\nBYE\n\n+0.01 bob > alice\n200 OK\n\n",
        1 + seconds
    )
}

/// One in which both name their own addresses.
pub(crate) fn plain(seconds: u32) -> String {
    call(seconds, &sdp("192.0.2.10", 4000, ""), &sdp("198.51.100.30", 5000, ""))
}

/// RTP between two moments, ten packets a second.
pub(crate) fn rtp(from: &str, to: &str, start: f64, end: f64) -> String {
    let mut text = String::new();
    let mut time = start;
    while time < end {
        write!(text, "{time:.2} {from} > {to}\nhex 80 00 00 01 00 00 00 a0 11 22 33 44 d5 d5 d5 d5\n\n").unwrap();
        time += 0.1;
    }
    text
}
