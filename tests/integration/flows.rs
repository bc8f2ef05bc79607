//! Calls that other programs made on the loopback interface over TCP, TLS and WebSocket: what they logged is what is read. `tests/data/flows`
//! has captures and logs, and what makes them.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;

use sipscan::call::Outcome;
use sipscan::capture::{Capture, Input};
use sipscan::diagnosis::Settings;
use sipscan::pipeline::Analysis;
use sipscan::provenance::Transport::{self, Tcp, Tls, Udp, WebSocket};
use sipscan::sip::Method;

use super::common::{Analysed, root};

/// Name of the file, calls, and the transports in it.
const FLOWS: &[(&str, u64, &[Transport])] = &[
    ("tcp.pcap", 3, &[Tcp]),
    ("tcp-each.pcap", 3, &[Tcp]),
    ("tcp-udp.pcap", 3, &[Udp, Tcp]),
    ("tls12.pcapng", 3, &[Tls]),
    ("tls13.pcapng", 3, &[Tls]),
    ("tls13-baresip.pcapng", 1, &[Udp, Tls]),
    ("websocket.pcap", 3, &[WebSocket]),
    ("websocket-deflate.pcap", 3, &[WebSocket]),
];

#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn logged(name: &str) -> BTreeSet<Vec<u8>> {
    let (stem, _) = name.rsplit_once('.').unwrap();
    let log = fs::read(root().join(format!("tests/data/flows/{stem}.log"))).unwrap();
    let (mut rest, mut found) = (&log[..], BTreeSet::new());
    while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
        let length: usize = std::str::from_utf8(&rest[..end]).unwrap().parse().unwrap();
        assert!(found.insert(rest[end + 1..end + 1 + length].to_vec()));
        rest = &rest[end + 2 + length..];
    }
    found
}

fn analysed(name: &str, threads: usize) -> Analysed {
    let path = root().join("tests/data/flows").join(name);
    let mut capture = Capture::open(&Input::File(path)).unwrap();
    let mut found = Analysed::default();
    let mut analysis = Analysis::new(Settings::default());
    analysis.run(&mut capture, threads, &mut found, &mut |error| panic!("{error}")).unwrap();
    found.ended(analysis)
}

/// REGISTERs of one Call-ID, with keep-alives of another host between them or without: how many messages the groups have.
fn registrations(apart: u32, beside: bool) -> Vec<usize> {
    let register = |n: u32| {
        let (at, words) = (n * apart, format!("call=1 cseq={n} branch={n}"));
        format!("{at} a > p {words}\nREGISTER sip:p.example\n\n{at}.1 p > a {words}\n200 OK\n\n")
    };
    let keep_alives = |n: u32| {
        let times = (n * apart + 1..(n + 1) * apart).step_by(10).filter(|_| beside);
        times.map(|at| format!("{at}.5 b > p call=b{at}\nOPTIONS sip:p.example\n\n")).collect::<Vec<_>>().concat()
    };
    let steps: String = (0..3).map(|n| register(n) + &keep_alives(n)).collect();
    let hosts = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.40\n\n";
    let found = Analysed::of("registrations", &format!("{hosts}{steps}"));
    let is_register = |method: Option<&Method>| method == Some(&Method::Register);
    let groups = found.calls.iter().map(|report| &report.call.messages);
    groups.filter(|messages| is_register(messages[0].message.method())).map(Vec::len).collect()
}

#[test]
fn what_is_one_group_does_not_depend_on_other_traffic() {
    for (apart, groups) in [(120, &[2, 2, 2][..]), (20, &[6])] {
        assert_eq!(registrations(apart, false), groups, "every {apart} s, alone");
        assert_eq!(registrations(apart, true), groups, "every {apart} s, beside others");
    }
}

#[test]
fn what_programs_logged_is_what_is_read() {
    for (name, calls, transports) in FLOWS {
        for threads in [1, 3] {
            let found = analysed(name, threads);
            assert_eq!((found.summary.calls, found.summary.other_groups), (*calls, 0), "{name}");
            assert!(found.calls.iter().all(|report| report.call.outcome == Outcome::Answered), "{name}");
            assert!(found.facts.anomalies.is_empty() && found.facts.is_complete(), "{name}: {:?}", found.facts);
            let messages = || found.calls.iter().flat_map(|report| &report.call.messages);
            let texts = |all: &BTreeSet<Vec<u8>>| {
                all.iter().map(|raw| String::from_utf8_lossy(raw).into_owned()).collect::<Vec<_>>()
            };
            let read: BTreeSet<_> = messages().map(|message| message.message.raw().to_vec()).collect();
            let expected = logged(name);
            assert_eq!(texts(&read), texts(&expected), "{name}");
            assert!(read == expected, "{name}: octets that are no text differ");
            // Only over UDP, where a user agent that left repeats what it gets no response to, is anything sent twice.
            let reliable = || messages().filter(|message| message.provenance.flow.transport != Udp);
            let once: BTreeSet<_> = reliable().map(|message| message.message.raw()).collect();
            assert_eq!(reliable().count(), once.len(), "{name}");
            let mut seen: Vec<_> = messages().map(|message| message.provenance.flow.transport).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen, *transports, "{name}");
        }
    }
}
