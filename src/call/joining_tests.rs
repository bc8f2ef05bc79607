//! Which Call-IDs become one call while they stream.

use super::Call;
use super::fixture::captured;
use super::tracker::Tracker;
use crate::provenance::Timestamp;

const HOSTS: &str = "host a 192.0.2.10\nhost x 192.0.2.11\nhost in 192.0.2.20\nhost out 198.51.100.20\nhost b 203.0.113.70\nhost c 203.0.113.71\n\n";

/// The calls of a flow, in the order in which they end.
fn track(text: &str) -> Vec<Call> {
    let mut tracker = Tracker::default();
    let mut over = Vec::new();
    let mut last = Timestamp::default();
    for captured in captured(text) {
        last = captured.provenance.time;
        over.extend(tracker.advance(last).into_iter().map(|call| *call));
        tracker.push(captured.message, captured.provenance);
    }
    over.extend(tracker.finish(last).map(|call| *call));
    assert_eq!(tracker.open(), 0);
    over
}

fn shape(calls: &[Call]) -> Vec<(u64, usize, &'static str)> {
    calls.iter().map(|c| (c.number.0, c.legs.len(), c.outcome.name())).collect()
}

fn scenario(name: &str) -> String {
    let path = format!("{}/samples/scenarios/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn legs_of_the_scenarios_are_joined_and_no_others() {
    for (file, expected) in [
        ("s02", vec![(1, 2, "rejected")]),
        ("s07a", vec![(1, 2, "identity-rejected")]),
        ("s07b", vec![(1, 2, "answered")]),
        ("s07c", vec![(1, 2, "answered")]),
        ("s10", vec![(1, 1, "unwanted-by-callee"), (2, 1, "declined"), (3, 1, "unwanted-by-callee")]),
    ] {
        let mut calls = track(&scenario(file));
        calls.retain(|c| c.is_invite() && c.messages.iter().all(|m| m.message.method().unwrap().name() != "OPTIONS"));
        calls.sort_by_key(|c| c.number);
        assert_eq!(shape(&calls), expected, "{file}");
    }
    let serial: Vec<_> = track(&scenario("s09")).iter().filter(|c| c.is_invite()).map(|c| c.legs.len()).collect();
    assert_eq!(serial, [1; 30]);
}

/// A call of `from` to `to` over the B2BUA, its second leg answered by 404.
fn bridged(start: f64, id: &str, client: &str, from: &str, to: &str) -> String {
    format!(
        "{start} {client} > in call={id}-1\nINVITE sip:{to}@192.0.2.20\nFrom: <sip:{from}@192.0.2.10>\n\n\
         {:.3} out > b call={id}-2\nINVITE sip:{to}@203.0.113.70\nFrom: <sip:{from}@198.51.100.20>\n\n\
         {:.3} b > out call={id}-2\n404 Not Found\n\n{:.3} in > {client} call={id}-1\n404 Not Found\n\n",
        start + 0.02,
        start + 1.0,
        start + 1.01,
    )
}

#[test]
fn calls_one_after_another_do_not_run_together() {
    let text = format!(
        "{HOSTS}{}{}",
        bridged(0.0, "m", "a", "+12125550101", "+12155550199"),
        bridged(5.0, "n", "a", "+12125550101", "+12155550199")
    );
    assert_eq!(shape(&track(&text)), [(1, 2, "rejected"), (2, 2, "rejected")]);
}

#[test]
fn equal_calls_at_one_time_are_mentioned_and_not_joined() {
    // Both legs in front fit the one behind; nothing tells which it is.
    let text = format!(
        "{HOSTS}0 x > in call=m\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>\n\n{}",
        bridged(0.1, "n", "a", "+12125550101", "+12155550199")
    );
    let mut calls = track(&text);
    calls.sort_by_key(|c| c.number);
    assert_eq!(calls.iter().map(|c| c.legs.len()).collect::<Vec<_>>(), [1, 1, 1]);
    let related: Vec<_> = calls.iter().map(|c| c.possible_legs.iter().map(|n| n.0).collect::<Vec<_>>()).collect();
    assert_eq!(related, [vec![3], vec![3], vec![1, 2]]);
}

#[test]
fn what_may_follow_a_redirect_is_mentioned_and_not_joined() {
    let told = "0 a > b call=1\nINVITE sip:+12155550199@203.0.113.70\nFrom: <sip:x@192.0.2.10>\n\n\
        0.2 b > a call=1\n302 Moved\nContact: <sip:+12155550188@new.example>\n\n0.21 a > b call=1\nACK\n\n";
    for (later, expected) in [
        ("0.3 a > c call=2\nINVITE sip:+12155550188@203.0.113.71\nFrom: <sip:main@sbc.example>", true),
        // Much later, from elsewhere, to the server that redirected, to another number.
        ("5.3 a > c call=2\nINVITE sip:+12155550188@203.0.113.71\nFrom: <sip:main@sbc.example>", false),
        ("0.3 x > c call=2\nINVITE sip:+12155550188@203.0.113.71\nFrom: <sip:main@sbc.example>", false),
        ("0.3 a > b call=2\nINVITE sip:+12155550188@203.0.113.70\nFrom: <sip:main@sbc.example>", false),
        ("0.3 a > c call=2\nINVITE sip:+12155550177@203.0.113.71\nFrom: <sip:main@sbc.example>", false),
    ] {
        let mut calls = track(&format!("{HOSTS}{told}{later}\n"));
        calls.sort_by_key(|c| c.number);
        assert_eq!(calls.len(), 2, "{later}");
        assert_eq!(calls.iter().map(|c| c.may_be_followed).collect::<Vec<_>>(), [expected, false], "{later}");
        assert_eq!(calls.iter().map(|c| c.possible_legs.len()).sum::<usize>(), if expected { 2 } else { 0 }, "{later}");
    }
}

#[test]
fn a_contact_without_user_is_perhaps_followed_by_a_call_to_the_same_user() {
    for (contact, user, expected) in [
        ("sip:203.0.113.72", "+12155550199", true),
        ("sip:203.0.113.72", "+12155550177", false),
        ("mailto:x@new.example", "+12155550199", false),
    ] {
        let calls = track(&format!(
            "{HOSTS}0 a > b call=1\nINVITE sip:+12155550199@203.0.113.70\nFrom: <sip:x@192.0.2.10>\n\n\
             0.2 b > a call=1\n302 Moved\nContact: <{contact}>\n\n0.21 a > b call=1\nACK\n\n\
             0.3 a > c call=2\nINVITE sip:{user}@203.0.113.71\nFrom: <sip:main@sbc.example>\n"
        ));
        assert_eq!(calls.iter().any(|c| c.may_be_followed), expected, "{contact} {user}");
    }
}

#[test]
fn a_forwarded_call_whose_caller_is_the_forwarder_is_joined() {
    let flow = |from: &str| {
        format!(
            "{HOSTS}0 a > in call=1\nINVITE sip:1001@192.0.2.20\nFrom: <sip:1000@192.0.2.10>\n\n\
             0.02 in > b call=2\nINVITE sip:1001@203.0.113.70\nFrom: <sip:1000@192.0.2.20>\n\n\
             0.1 b > in call=2\n302 Moved\nContact: <sip:1002@203.0.113.70>\n\n0.11 in > b call=2\nACK\n\n\
             0.12 in > c call=3\nINVITE sip:1002@203.0.113.71\nFrom: <sip:{from}@192.0.2.20>\n\n\
             2 c > in call=3\n486 Busy Here\n\n2.01 in > a call=1\n486 Busy Here\n"
        )
    };
    assert_eq!(shape(&track(&flow("1001"))), [(1, 3, "busy")]);
    assert_eq!(track(&flow("1005")).len(), 2);
}

#[test]
fn a_redirect_waits_for_who_follows_late() {
    let told = "0 a > b call=1\nINVITE sip:bob@203.0.113.70\n\n0.2 b > a call=1\n302 Moved\nContact: <sip:bob@203.0.113.71>\n\n\
        0.21 a > b call=1\nACK\n\n";
    let ping = "7 x > in call=o\nOPTIONS sip:in\n\n7.1 in > x call=o\n200 OK\n\n";
    let late =
        "9 a > c call=1\nINVITE sip:bob@203.0.113.71\n\n9.1 c > a call=1\n404 Not Found\n\n9.11 a > c call=1\nACK\n";
    let mut calls = track(&format!("{HOSTS}{told}{ping}{late}"));
    calls.retain(Call::is_invite);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].redirects[0].follows.len(), 1);
}

#[test]
fn a_b2bua_that_tries_another_gateway_makes_one_call() {
    let text = format!(
        "{HOSTS}0 a > in call=1\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>\n\n\
         0.02 in > b call=2\nINVITE sip:+12155550199@203.0.113.70\nFrom: <sip:+12125550101@192.0.2.20>\n\n\
         0.5 b > in call=2\n503 Service Unavailable\n\n\
         0.6 in > c call=3\nINVITE sip:+12155550199@203.0.113.71\nFrom: <sip:+12125550101@192.0.2.20>\n\n\
         2 c > in call=3\n486 Busy Here\n\n2.01 in > a call=1\n486 Busy Here\n"
    );
    let calls = track(&text);
    assert_eq!(shape(&calls), [(1, 3, "busy")]);
    assert_eq!(calls[0].attempts.len(), 1);
}

#[test]
fn the_same_client_trying_again_is_another_call() {
    let text = format!(
        "{HOSTS}0 a > b call=1\nINVITE sip:+12155550199@203.0.113.70\n\n0.2 b > a call=1\n503 Service Unavailable\n\n\
         0.3 a > c call=2\nINVITE sip:+12155550199@203.0.113.71\n\n0.5 c > a call=2\n404 Not Found\n"
    );
    assert_eq!(shape(&track(&text)), [(1, 1, "overload"), (2, 1, "rejected")]);
}

#[test]
fn a_challenged_leg_is_still_open() {
    let invite = "INVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>";
    let text = format!(
        "{HOSTS}0 a > in call=1\n{invite}\n\n0.01 in > a call=1\n407 Proxy Authentication Required\n\n0.02 a > in call=1\nACK\n\n\
         0.03 a > in call=1\n{invite}\nProxy-Authorization: Digest realm=\"r\"\n\n\
         0.05 in > b call=2\nINVITE sip:+12155550199@203.0.113.70\nFrom: <sip:+12125550101@192.0.2.20>\n\n\
         1 b > in call=2\n404 Not Found\n\n1.1 in > a call=1\n404 Not Found\n"
    );
    assert_eq!(shape(&track(&text)), [(1, 2, "rejected")]);
}

#[test]
fn a_long_call_is_over_soon_after_its_bye() {
    let text = format!(
        "{HOSTS}0 a > b call=1\nINVITE sip:x@203.0.113.70\n\n0.1 b > a call=1 tag=t\n200 OK\n\n0.2 a > b call=1\nACK\n\n\
         for n in 1..20\n{{n*10}} c > x call=ping{{n}}\nOPTIONS sip:192.0.2.11\n\nend\n\
         205 a > b call=1\nBYE\n\n205.1 b > a call=1\n200 OK\n\n\
         for n in 21..50\n{{n*10}} c > x call=ping{{n}}\nOPTIONS sip:192.0.2.11\n\nend\n"
    );
    let calls = track(&text);
    let call = calls.iter().find(|c| c.is_invite()).unwrap();
    assert_eq!((call.outcome.name(), call.messages.len()), ("answered", 5));
    let waited = call.observed_until.since(call.end).as_secs();
    assert!((6..40).contains(&waited), "{waited} s");
}
