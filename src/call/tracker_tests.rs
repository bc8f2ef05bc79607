//! Grouping, duplicates, closing in time, limits.

use std::time::Duration;

use super::tracker::Tracker;
use super::{Call, Outcome};
use crate::anomaly::Anomaly;
use crate::limits::{ENDED_IDLE, GROUP_MESSAGES};
use crate::provenance::Timestamp;
use crate::sample::Flow;
use crate::sip;

const HOSTS: &str = "host a 192.0.2.10\nhost b 203.0.113.40\n\n";
const ANSWERED: &str = "0.0 a > b call={n}\nINVITE sip:bob@b.example\n\n1.0 b > a call={n}\n200 OK\n\n1.1 a > b call={n}\nACK\n\n\
                        9.0 a > b call={n}\nBYE\n\n9.1 b > a call={n}\n200 OK\n\n";

/// Feeds a flow, each datagram as often as `copies` says, 0.2 ms apart; returns the tracker and the calls that closed on the way.
fn feed(text: &str, copies: u64) -> (Tracker, Vec<Call>, Timestamp) {
    let flow = Flow::parse(&format!("{HOSTS}{text}")).unwrap();
    let mut tracker = Tracker::default();
    let (mut closed, mut now, mut frame) = (Vec::new(), Timestamp::default(), 0);
    for datagram in flow.datagrams() {
        for copy in 0..copies {
            frame += 1;
            let mut provenance = datagram.provenance(0);
            provenance.frame.number.0 = frame;
            provenance.time = provenance.time.plus(Duration::from_micros(200 * copy));
            now = now.max(provenance.time);
            closed.extend(tracker.advance(now));
            for framed in sip::messages(&datagram.payload, false) {
                tracker.push(framed.message, provenance.clone());
            }
        }
    }
    (tracker, closed, now)
}

fn many(count: u32, apart: f64) -> String {
    let mut lines = Vec::new();
    for n in 0..count {
        let start = f64::from(n) * apart;
        for line in ANSWERED.replace("{n}", &n.to_string()).lines() {
            lines.push(match line.split_once(' ').and_then(|(time, rest)| Some((time.parse::<f64>().ok()?, rest))) {
                Some((time, rest)) => format!("{:.3} {rest}", start + time),
                None => line.to_owned(),
            });
        }
    }
    lines.join("\n")
}

#[test]
fn a_message_captured_twice_is_one_message() {
    let text = many(3, 1.0);
    let (mut once, mut early, now) = feed(&text, 1);
    early.extend(once.finish(now));
    let (mut twice, mut early_twice, now) = feed(&text, 2);
    early_twice.extend(twice.finish(now));
    let shape = |calls: &[Call]| -> Vec<_> { calls.iter().map(|c| (c.number, c.outcome, c.messages.len())).collect() };
    assert_eq!(shape(&early), shape(&early_twice));
    assert_eq!((once.counts().duplicates, twice.counts().duplicates), (0, 15));
    assert!(early_twice.iter().flat_map(|c| &c.messages).all(|m| m.duplicates.len() == 1));
}

#[test]
fn a_call_is_handed_on_when_its_time_is_over_and_not_before() {
    let (mut tracker, closed, now) = feed(&ANSWERED.replace("{n}", "1"), 1);
    assert!(closed.is_empty());
    assert!(tracker.advance(now.plus(ENDED_IDLE)).is_empty());
    let over = tracker.advance(now.plus(ENDED_IDLE + Duration::from_millis(1)));
    assert_eq!(over.iter().map(|c| c.outcome).collect::<Vec<_>>(), [Outcome::Answered]);
    assert_eq!(tracker.open(), 0);
}

#[test]
fn a_long_conversation_stays_one_call() {
    let text = "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a\n200 OK\n\n1.1 a > b\nACK\n\n3000.0 a > b\nBYE\n\n3000.1 b > a\n200 OK\n";
    let (mut tracker, closed, now) = feed(text, 1);
    assert!(closed.is_empty());
    assert_eq!(tracker.finish(now).len(), 1);
}

#[test]
fn open_groups_follow_the_calls_of_the_moment_and_not_the_length_of_the_capture() {
    let mut most = Vec::new();
    for count in [200, 2000] {
        let (tracker, closed, _) = feed(&many(count, 1.0), 1);
        assert!(closed.len() + tracker.open() == count as usize);
        most.push(tracker.open());
    }
    assert!(most[1] <= most[0], "{most:?}");
}

#[test]
fn one_endless_call_id_is_cut_into_pieces() {
    let steps = GROUP_MESSAGES / 2 + 10;
    let text =
        format!("for n in 1..{steps}\n{{n}} a > b cseq={{n}}\nOPTIONS sip:b.example\n\n+0.01 b > a\n200 OK\n\nend\n");
    let (mut tracker, closed, now) = feed(&text, 1);
    assert_eq!(closed.len(), 1);
    assert_eq!(tracker.take_anomalies().iter().map(|a| a.0).collect::<Vec<_>>(), [Anomaly::CallLimit]);
    assert_eq!(tracker.finish(now).len(), 1);
}

#[test]
fn calls_close_in_the_same_order_every_time() {
    let order = || {
        let (mut tracker, mut closed, now) = feed(&many(50, 2.0), 1);
        closed.extend(tracker.finish(now));
        closed.iter().map(|c| c.number.0).collect::<Vec<_>>()
    };
    assert_eq!(order(), order());
    assert_eq!(order().len(), 50);
}
