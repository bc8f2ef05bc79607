//! Grouping, duplicates, closing in time, limits.

use std::fmt::Write as _;
use std::time::Duration;

use super::tracker::{Room, Tracker};
use super::{Call, Outcome, Waits};
use crate::anomaly::Anomaly;
use crate::limits::{CHALLENGED_IDLE, ENDED_IDLE, GROUP_MESSAGES, HUNG_UP_IDLE, SERIES_MESSAGES, SETTLED_IDLE};
use crate::net::Carrier;
use crate::provenance::{Provenance, Timestamp};
use crate::sample::Flow;
use crate::sip;

const HOSTS: &str = "host a 192.0.2.10\nhost b 203.0.113.40\n\n";
const ANSWERED: &str = "0.0 a > b call={n}\nINVITE sip:bob@b.example\n\n1.0 b > a call={n}\n200 OK\n\n1.1 a > b call={n}\nACK\n\n\
                        9.0 a > b call={n}\nBYE\n\n9.1 b > a call={n}\n200 OK\n\n";

/// Feeds a flow, each datagram as often as `copies` says, 0.2 ms apart; returns the tracker and the calls that closed on the way.
fn feed(text: &str, copies: u64) -> (Tracker, Vec<Call>, Timestamp) {
    feed_in(Room::default(), text, copies)
}

/// As [`feed`], with `room` for open groups.
fn feed_in(room: Room, text: &str, copies: u64) -> (Tracker, Vec<Call>, Timestamp) {
    let flow = Flow::parse(&format!("{HOSTS}{text}")).unwrap();
    let mut tracker = Tracker::default();
    tracker.room = room;
    let (mut closed, mut now, mut frame) = (Vec::new(), Timestamp::default(), 0);
    for datagram in flow.datagrams() {
        for copy in 0..copies {
            frame += 1;
            let mut provenance = datagram.provenance(0);
            provenance.frame.number.0 = frame;
            provenance.time = provenance.time.plus(Duration::from_micros(200 * copy));
            now = now.max(provenance.time);
            closed.extend(tracker.advance(now).into_iter().map(|call| *call));
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
            lines.push(
                match line
                    .split_once(' ')
                    .filter(|_| line.contains(" > "))
                    .and_then(|(time, rest)| Some((time.parse::<f64>().ok()?, rest)))
                {
                    Some((time, rest)) => format!("{:.3} {rest}", start + time),
                    None => line.to_owned(),
                },
            );
        }
    }
    lines.join("\n")
}

#[test]
fn a_message_captured_twice_is_one_message() {
    let text = many(3, 1.0);
    let (mut once, mut early, now) = feed(&text, 1);
    early.extend(once.finish(now).map(|call| *call));
    let (mut twice, mut early_twice, now) = feed(&text, 2);
    early_twice.extend(twice.finish(now).map(|call| *call));
    let shape = |calls: &[Call]| -> Vec<_> { calls.iter().map(|c| (c.number, c.outcome, c.messages.len())).collect() };
    assert_eq!(shape(&early), shape(&early_twice));
    assert_eq!((once.counts().duplicates, twice.counts().duplicates), (0, 15));
    assert!(early_twice.iter().flat_map(|c| &c.messages).all(|m| m.duplicates.len() == 1));
}

/// An INVITE and the same octets 0.2 ms later, in packets of which the second is as `change` makes it; the messages and the copies.
fn twice(change: impl Fn(&mut Provenance)) -> (usize, u64) {
    let flow = Flow::parse(&format!("{HOSTS}0 a > b\nINVITE sip:bob@b.example\n")).unwrap();
    let [datagram] = &flow.datagrams()[..] else { panic!("one datagram") };
    let mut tracker = Tracker::default();
    for copy in 0..2 {
        let mut provenance = datagram.provenance(0);
        provenance.frame.number.0 += copy;
        provenance.time = provenance.time.plus(Duration::from_micros(200 * copy));
        provenance.ip_id = Some(7);
        if copy > 0 {
            change(&mut provenance);
        }
        for framed in sip::messages(&datagram.payload, false) {
            tracker.push(framed.message, provenance.clone());
        }
    }
    let copies = tracker.counts().duplicates;
    let calls: Vec<Call> = tracker.finish(Timestamp::default()).map(|call| *call).collect();
    (calls[0].messages.len(), copies)
}

#[test]
fn a_packet_of_its_own_is_no_copy() {
    assert_eq!(twice(|_| {}), (1, 1), "the same packet");
    assert_eq!(twice(|p| p.ip_id = Some(8)), (2, 0), "the next one");
    assert_eq!(twice(|p| p.ip_id = Some(0)), (1, 1), "zero identifies nothing");
    assert_eq!(twice(|p| p.ip_id = None), (1, 1), "nor does IPv6");
    assert_eq!(twice(|p| (p.ip_id, p.ttl) = (Some(8), p.ttl - 1)), (1, 1), "behind a router that writes its own");
    let tagged = |p: &mut Provenance| {
        let mut carrier = Carrier::default();
        carrier.note("VLAN");
        (p.ip_id, p.carrier) = (Some(8), Some(carrier.into()));
    };
    assert_eq!(twice(tagged), (1, 1), "on another tap");
}

#[test]
fn a_call_is_handed_on_when_its_time_is_over_and_not_before() {
    let failed =
        |response: &str| format!("0 a > b\nINVITE sip:bob@b.example\n\n1 b > a\n{response}\n\n1.1 a > b\nACK\n");
    for (flow, idle, outcome) in [
        (ANSWERED.replace("{n}", "1"), SETTLED_IDLE, Outcome::Answered),
        (failed("486 Busy Here"), SETTLED_IDLE, Outcome::Busy),
        (failed("503 Service Unavailable"), ENDED_IDLE, Outcome::Overload),
    ] {
        let (mut tracker, closed, now) = feed(&flow, 1);
        assert!(closed.is_empty());
        assert!(tracker.advance(now.plus(idle)).is_empty(), "{outcome:?}");
        let over = tracker.advance(now.plus(idle + Duration::from_millis(1)));
        assert_eq!(over.iter().map(|c| c.outcome).collect::<Vec<_>>(), [outcome]);
        assert_eq!(tracker.open(), 0);
    }
}

/// How long a call is waited for behind its last message while much is open.
fn rest_in_a_crowd(text: &str, copies: u64) -> Option<Duration> {
    let (mut tracker, closed, now) = feed_in(Room { crowded: 0, ..Room::default() }, text, copies);
    assert!(closed.is_empty());
    let is_over = |rest: &Duration| !tracker.advance(now.plus(*rest + Duration::from_millis(1))).is_empty();
    [HUNG_UP_IDLE, SETTLED_IDLE].into_iter().find(is_over)
}

#[test]
fn who_hung_up_is_waited_for_less_while_much_is_open() {
    let answered = ANSWERED.replace("{n}", "1");
    let again = |step: &str, after: &str| answered.replace(step, &format!("{step} repeat={after}"));
    assert_eq!(rest_in_a_crowd(&answered, 1), Some(HUNG_UP_IDLE));
    for (what, flow, copies) in [
        ("rejected", "0 a > b\nINVITE sip:bob@b.example\n\n1 b > a\n486 Busy Here\n\n1.1 a > b\nACK\n".to_owned(), 1),
        (
            "redirected, and not followed",
            "0 a > b\nINVITE sip:bob@b.example\n\n1 b > a\n302 Moved\nContact: <sip:bob@c.example>\n\n1.1 a > b\nACK\n"
                .to_owned(),
            1,
        ),
        ("captured twice", answered.clone(), 2),
        ("the BYE was sent again", again("9.0 a > b call=1", "0.07"), 1),
        ("the INVITE was sent again", again("0.0 a > b call=1", "0.5"), 1),
        ("the answer was sent again", again("1.0 b > a call=1", "0.07"), 1),
        (
            "the BYE and the response to it were sent again",
            again("9.0 a > b call=1", "0.5").replace("9.1 b > a call=1", "9.1 b > a call=1 repeat=0.5"),
            1,
        ),
        (
            "seen in two places",
            answered.replace(
                "1.0 b > a call=1",
                "0.1 b > c call=1 branch=2 cseq=1\nINVITE sip:bob@c\n\n0.9 c > b call=1 branch=2 tag=t\n200 OK\n\n\
                1.0 b > a call=1 tag=t",
            ),
            1,
        ),
    ] {
        let text = format!("host c 203.0.113.41\n\n{flow}");
        assert_eq!(rest_in_a_crowd(&text, copies), Some(SETTLED_IDLE), "{what}");
    }
}

#[test]
fn a_call_with_something_left_to_come_is_not_settled() {
    let answered = ANSWERED.replace("{n}", "1");
    let missing = |part: &str| answered.replace(part, "");
    let fork = "1.05 b > a call=1 tag=other\n183 Session Progress\n\n1.2 b > a call=1 tag=other\n200 OK\n\n";
    let failing = "5 a > b call=1 cseq=7\nINFO sip:bob@b.example\n\n5.1 b > a call=1\n500 Oops\n\n";
    for (what, flow) in [
        ("the response to BYE", missing("9.1 b > a call=1\n200 OK\n\n")),
        ("the ACK", missing("1.1 a > b call=1\nACK\n\n")),
        ("the ACK to the 2xx sent again", answered.replace("9.0 a", "2.0 b > a call=1\n200 OK\n\n9.0 a")),
        ("the second dialog", answered.replace("9.0 a", &format!("{fork}9.0 a"))),
        (
            "a redirect whose next Contact may be tried",
            "0 a > b\nINVITE sip:bob@b.example\n\n0.1 b > a\n\
            302 Moved\nContact: <sip:x@b.example>, <sip:y@b.example>\n\n0.2 a > b\nACK\n\n0.3 a > b branch=2 cseq=2\n\
            INVITE sip:x@b.example\n\n0.4 b > a branch=2 cseq=2\n486 Busy Here\n\n0.5 a > b branch=2 cseq=2\nACK\n"
                .to_owned(),
        ),
        ("a failure inside the dialog", answered.replace("9.0 a", &format!("{failing}9.0 a"))),
    ] {
        let (mut tracker, closed, now) = feed(&flow, 1);
        assert!(closed.is_empty());
        assert!(tracker.advance(now.plus(ENDED_IDLE)).is_empty(), "{what}");
    }
}

#[test]
fn with_several_clocks_no_call_is_settled() {
    let mut tracker = feed(&ANSWERED.replace("{n}", "1"), 1);
    tracker.0.expect_different_clocks();
    assert!(tracker.0.advance(tracker.2.plus(ENDED_IDLE)).is_empty());
}

#[test]
fn what_comes_late_for_a_settled_call_is_counted_and_makes_no_group() {
    let late = "20 a > b call=1\nBYE\n\n20.1 b > a call=1\n481 Gone\n\n";
    let again = "21 a > b call=1 branch=new\nINVITE sip:bob@b.example\n\n";
    let answered = ANSWERED.replace("{n}", "1");
    let (mut tracker, closed, now) = feed(&format!("{answered}{late}{again}"), 1);
    assert_eq!(closed.iter().map(|c| (c.outcome, c.messages.len())).collect::<Vec<_>>(), [(Outcome::Answered, 5)]);
    assert_eq!(tracker.counts().late, 2);
    assert_eq!(tracker.take_anomalies().iter().map(|a| a.0).collect::<Vec<_>>(), [Anomaly::LateMessage; 2]);
    assert_eq!(tracker.finish(now).map(|c| c.messages.len()).collect::<Vec<_>>(), [1]);
    // Nobody waits for ever.
    let (tracker, closed, _) = feed(&format!("{answered}60 a > b call=1\nBYE\n"), 1);
    assert_eq!((closed.len(), tracker.open(), tracker.counts().late), (1, 1, 0));
}

#[test]
fn a_long_conversation_stays_one_call() {
    let text = "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a\n200 OK\n\n1.1 a > b\nACK\n\n3000.0 a > b\nBYE\n\n3000.1 b > a\n200 OK\n";
    let (mut tracker, closed, now) = feed(text, 1);
    assert!(closed.is_empty());
    assert_eq!(tracker.finish(now).count(), 1);
}

#[test]
fn who_says_so_waits_less_for_calls_that_talk_or_ring() {
    let ringing = "0.0 a > b call=1\nINVITE sip:bob@b.example\n\n0.5 b > a call=1\n180 Ringing\n\n";
    let talking = "0.0 a > b call=2\nINVITE sip:bob@b.example\n\n1.0 b > a call=2\n200 OK\n\n1.1 a > b call=2\nACK\n\n";
    let second = Duration::from_secs(1);
    for (ringing_idle, answered_idle, open) in [(240, 7200, 2), (60, 7200, 1), (240, 60, 1), (60, 60, 0)] {
        let flow = Flow::parse(&format!("{HOSTS}{ringing}{talking}")).unwrap();
        let mut tracker = Tracker::default();
        tracker.wait(Waits { ringing_idle: ringing_idle * second, answered_idle: answered_idle * second });
        let mut now = Timestamp::default();
        for datagram in flow.datagrams() {
            let provenance = datagram.provenance(0);
            now = now.max(provenance.time);
            let framed = sip::messages(&datagram.payload, false).remove(0);
            tracker.push(framed.message, provenance);
        }
        let over = tracker.advance(now.plus(100 * second)).len();
        assert_eq!((over, tracker.open()), (2 - open, open), "{ringing_idle} {answered_idle}");
    }
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
    assert_eq!(tracker.finish(now).count(), 1);
}

#[test]
fn calls_close_in_the_same_order_every_time() {
    let order = || {
        let (mut tracker, mut closed, now) = feed(&many(50, 2.0), 1);
        closed.extend(tracker.finish(now).map(|call| *call));
        closed.iter().map(|c| c.number.0).collect::<Vec<_>>()
    };
    assert_eq!(order(), order());
    assert_eq!(order().len(), 50);
}

/// Calls that close while a flow is fed whose datagrams from `from` on are captured by a clock that runs `seconds` behind.
fn with_step_back(text: &str, from: usize, seconds: u64) -> Vec<Call> {
    let flow = Flow::parse(&format!("{HOSTS}{text}")).unwrap();
    let mut tracker = Tracker::default();
    let (mut over, mut last) = (Vec::new(), Timestamp::default());
    for (at, datagram) in flow.datagrams().into_iter().enumerate() {
        let mut provenance = datagram.provenance(0);
        if at >= from {
            provenance.time.0 -= i64::try_from(seconds * 1_000_000_000).unwrap();
        }
        last = provenance.time;
        for framed in sip::messages(&datagram.payload, false) {
            tracker.push(framed.message, provenance.clone());
        }
        over.extend(tracker.advance(last).into_iter().map(|call| *call));
    }
    over.extend(tracker.finish(last).map(|call| *call));
    over
}

#[test]
fn a_clock_that_is_set_back_breaks_no_call() {
    for seconds in [0, 2, 3600] {
        let calls = with_step_back(&many(20, 3.0), 31, seconds);
        assert_eq!(calls.len(), 20, "{seconds}");
        let shape: Vec<_> = calls.iter().map(|c| (c.outcome, c.messages.len())).collect();
        assert_eq!(shape, [(Outcome::Answered, 5); 20], "{seconds}");
        assert!(calls.iter().all(|c| c.observed_until >= c.end));
    }
}

#[test]
fn a_late_copy_of_the_2xx_does_not_keep_a_call_open() {
    let text = "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a repeat=4.0\n200 OK\n\n1.1 a > b\nACK\n\n4.0 a > b\nBYE\n\n4.1 b > a re=BYE\n200 OK\n";
    let (mut tracker, _, now) = feed(text, 1);
    assert_eq!(tracker.advance(now.plus(ENDED_IDLE + Duration::from_secs(1))).len(), 1);
}

#[test]
fn a_fork_is_over_with_the_bye_of_its_last_dialog() {
    let text = "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=x\n200 OK\n\n1.1 b > a re=INVITE tag=y\n200 OK\n\n\
                1.2 a > b to-tag=x\nACK\n\n1.3 a > b to-tag=y\nACK\n\n1.4 a > b to-tag=y\nBYE\n\n1.5 b > a re=BYE\n200 OK\n\n\
                300.0 a > b to-tag=x\nBYE\n\n300.1 b > a re=BYE\n200 OK\n";
    let (mut tracker, closed, now) = feed(text, 1);
    assert!(closed.is_empty());
    assert_eq!(tracker.advance(now.plus(ENDED_IDLE + Duration::from_secs(1))).len(), 1);
}

#[test]
fn keep_alives_under_one_call_id_are_handed_on_in_pieces_without_a_limit() {
    let text = format!(
        "for n in 1..{SERIES_MESSAGES}\n{{n*30}} a > b cseq={{n}}\nOPTIONS sip:b.example\n\n+0.01 b > a\n200 OK\n\nend\n"
    );
    let (mut tracker, closed, now) = feed(&text, 1);
    assert_eq!(closed.iter().map(|c| c.messages.len()).collect::<Vec<_>>(), [SERIES_MESSAGES]);
    assert!(closed.iter().flat_map(|c| &c.transactions).all(|t| t.request.is_some() && t.finals.len() == 1));
    assert!(tracker.take_anomalies().is_empty());
    assert_eq!(tracker.finish(now).count(), 1);
}

#[test]
fn messages_without_call_id_are_told_apart_by_their_transactions() {
    let calls = "0.0 a > b call=x omit=Call-ID\nINVITE sip:bob@b.example\n\n0.1 b > a call=x omit=Call-ID\n301 Moved\n\n\
                 0.2 a > b call=x omit=Call-ID\nACK\n\n1.0 a > b call=y omit=Call-ID\nINVITE sip:bob@b.example\n\n\
                 1.1 b > a call=y omit=Call-ID\n200 OK\n\n";
    let (mut tracker, _, now) = feed(calls, 1);
    let mut found: Vec<_> = tracker.finish(now).map(|call| (call.messages.len(), call.outcome)).collect();
    found.sort_unstable();
    assert_eq!(found, [(2, Outcome::Answered), (3, Outcome::RedirectedUnfollowed)]);
}

#[test]
fn a_challenged_user_gets_time_to_type_the_password() {
    let asked = "0.0 a > b\nREGISTER sip:b.example\n\n0.1 b > a\n401 Unauthorized\n\n";
    let (mut tracker, _, now) = feed(asked, 1);
    assert!(tracker.advance(now.plus(ENDED_IDLE + Duration::from_secs(1))).is_empty());
    assert_eq!(tracker.advance(now.plus(CHALLENGED_IDLE + Duration::from_secs(1))).len(), 1);
    let (mut tracker, _, now) = feed(&format!("{asked}0.2 a > b\nREGISTER sip:b.example\n\n0.3 b > a\n200 OK\n"), 1);
    assert_eq!(tracker.advance(now.plus(ENDED_IDLE + Duration::from_secs(1))).len(), 1);
}

/// A flood of INVITEs that nobody answers, `count` in all, 1 ms apart; the largest number of groups, and of octets, on the way.
fn flood(room: Room, count: u32) -> (Tracker, usize, usize) {
    let flow = Flow::parse(&format!("{HOSTS}0 a > b\nINVITE sip:bob@b.example\n")).unwrap();
    let datagram = flow.datagrams().into_iter().next().unwrap();
    let text = String::from_utf8(datagram.payload.clone()).unwrap();
    let (start, rest) = text.split_at(text.find("Call-ID: ").unwrap() + 9);
    let mut tracker = Tracker::default();
    tracker.room = room;
    let (mut most, mut octets, mut closed) = (0, 0, 0);
    for n in 0..count {
        let mut provenance = datagram.provenance(0);
        provenance.frame.number.0 = u64::from(n) + 1;
        provenance.time = provenance.time.plus(Duration::from_millis(n.into()));
        closed += tracker.advance(provenance.time).len();
        for framed in sip::messages(format!("{start}{n}-{rest}").as_bytes(), false) {
            tracker.push(framed.message, provenance.clone());
        }
        (most, octets) = (most.max(tracker.open()), octets.max(tracker.octets));
    }
    assert_eq!(closed + tracker.open() + usize::from(tracker.open() < count as usize), count as usize);
    (tracker, most, octets)
}

#[test]
fn a_flood_of_unanswered_requests_stays_within_the_limits_and_is_said() {
    let (mut tracker, most, _) = flood(Room { groups: 100, octets: usize::MAX, ..Room::default() }, 500);
    assert_eq!((most, tracker.counts().closed_early), (100, 400));
    assert_eq!(tracker.take_anomalies().iter().filter(|a| a.0 == Anomaly::CallLimit).count(), 400);
    let (tracker, _, octets) = flood(Room { groups: usize::MAX, octets: 200_000, ..Room::default() }, 500);
    assert!(octets <= 200_000 && tracker.counts().closed_early > 300, "{octets}");
}

#[test]
fn a_flood_gives_way_to_the_calls_beside_it() {
    let answered =
        "0.0 a > b call=real\nINVITE sip:bob@b.example\n\n1.0 b > a call=real\n200 OK\n\n1.1 a > b call=real\nACK\n\n";
    let flood = "for n in 1..300\n{n*0.01+2} a > b call=x{n}\nINVITE sip:bob@b.example\n\nend\n";
    let (mut tracker, closed, now) =
        feed_in(Room { groups: 100, octets: usize::MAX, ..Room::default() }, &format!("{answered}{flood}"), 1);
    assert_eq!((tracker.open(), tracker.counts().closed_early), (100, 201));
    assert!(closed.iter().all(|c| c.outcome != Outcome::Answered));
    assert_eq!(tracker.finish(now).filter(|c| c.outcome == Outcome::Answered).count(), 1);
}

/// Calls of a client each, so many seconds apart, all answered with a 301.
fn redirected(count: u32, seconds: u32) -> Tracker {
    let mut flow = String::new();
    for n in 0..count {
        let time = n * seconds;
        let _ = write!(
            flow,
            "host c{n} 10.{}.{}.1\n{time}.0 c{n} > b call={n}\nINVITE sip:bob@b.example\n\n+0.1 b > c{n} call={n}\n301 Moved\n\
             Contact: <sip:carol@b.example>\n\n",
            n / 256,
            n % 256
        );
    }
    let (hosts, steps): (Vec<_>, Vec<_>) = flow.lines().partition(|line| line.starts_with("host "));
    feed(&format!("{}\n\n{}\n", hosts.join("\n"), steps.join("\n")), 1).0
}

#[test]
fn redirects_are_remembered_until_nobody_follows_them() {
    let [redirects, clients, read] = redirected(100, 1).legs.remembered();
    assert!(redirects == clients && (30..=35).contains(&clients), "{redirects} {clients}");
    assert_eq!(read, 0);
}

#[test]
fn marks_that_nobody_asks_for_are_not_charged() {
    let invites = |from: &str, n: u32| format!("{n}.0 {from} > b call={from}{n}\nINVITE sip:bob{n}@b.example\n\n");
    let of_one: String = (0..20).map(|n| invites("a", n)).collect();
    let tracker = feed(&of_one, 1).0;
    assert_eq!(tracker.legs.octets(), 0);
    // Another client may lie behind them, so that they have to be read.
    let tracker = feed(&format!("host c 192.0.2.11\n{of_one}{}", invites("c", 20)), 1).0;
    assert_eq!(tracker.legs.remembered()[2], 21);
    assert!(tracker.legs.octets() > 0);
    let (mut tracker, _, now) = feed(&of_one, 1);
    assert_eq!((tracker.finish(now).count(), tracker.legs.octets(), tracker.octets), (20, 0, 0));
}
