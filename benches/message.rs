//! What reading one message costs: `cargo bench`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement needs a clock and prints its result"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use sipscan::sip::{Message, messages};

const INVITE: &str = "INVITE sip:+12155550100@gw.example;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKp1x7c2a9;rport\r\n\
    Via: SIP/2.0/UDP 192.0.2.21:5070;branch=z9hG4bK776asdhds;received=192.0.2.22;rport=5071\r\n\
    Record-Route: <sip:198.51.100.9;lr;ftag=a73kszlfl>\r\n\
    Max-Forwards: 69\r\n\
    From: \"Alice Example\" <sip:+12155550101@a.example;user=phone>;tag=a73kszlfl\r\n\
    To: <sip:+12155550100@gw.example;user=phone>\r\n\
    Call-ID: 1f2e3d4c5b6a79880123456789abcdef@192.0.2.21\r\n\
    CSeq: 314159 INVITE\r\n\
    Contact: <sip:alice@192.0.2.21:5070;transport=udp>\r\n\
    Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, INFO, REFER, NOTIFY\r\n\
    Supported: 100rel, timer, replaces\r\n\
    User-Agent: ExamplePhone/2.1\r\n\
    P-Asserted-Identity: \"Alice Example\" <sip:+12155550101@a.example>\r\n\
    Session-Expires: 1800;refresher=uac\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 282\r\n\r\n\
    v=0\r\no=- 1774879200 1774879200 IN IP4 192.0.2.21\r\ns=-\r\nc=IN IP4 192.0.2.21\r\nt=0 0\r\n\
    m=audio 41000 RTP/AVP 8 0 9 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n\
    a=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";

const RESPONSE: &str = "SIP/2.0 607 Unwanted\r\n\
    Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bK776asdhds\r\n\
    From: \"Alice\" <sip:+12155550101@a.example>;tag=a73kszlfl\r\n\
    To: <sip:+12155550100@gw.example>;tag=8a8sdg87\r\n\
    Call-ID: 1f2e3d4c5b6a79880123456789abcdef@192.0.2.21\r\n\
    CSeq: 314159 INVITE\r\n\
    Server: ExampleProxy/5.7\r\n\
    Content-Length: 0\r\n\r\n";

/// The fastest of several rounds, in nanoseconds for one run.
fn nanoseconds(mut run: impl FnMut()) -> f64 {
    const RUNS: u32 = 20_000;
    let round = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..RUNS).for_each(|_| run());
        start.elapsed()
    };
    let best = (0..30).map(|_| round(&mut run)).min().unwrap_or(Duration::MAX);
    best.as_secs_f64() * 1e9 / f64::from(RUNS)
}

fn main() {
    for (name, text) in [("INVITE", INVITE), ("607", RESPONSE)] {
        let bytes = text.as_bytes();
        let odd = Message::read(bytes, false).map(|(message, _)| message.anomalies().len());
        println!("{name}, {} octets, {odd:?} anomalies", bytes.len());
        let read = nanoseconds(|| drop(black_box(Message::read(black_box(bytes), false))));
        let probe = nanoseconds(|| drop(black_box(messages(black_box(bytes), false))));
        println!("  Message::read {read:.0} ns, messages of a datagram {probe:.0} ns");
    }
}
