use super::*;
use crate::diagnosis::CallReport;
use crate::diagnosis::patterns::Patterns;
use crate::diagnosis::testing::{call, diagnose};

/// Calls to that number behind prefixes of one to three digits.
fn calls(count: usize) -> Vec<CallReport> {
    let calls = (0..count).map(|n| {
        let invite = format!("sip:{n}00441632960012@p.example\nFrom: <sip:100@p.example>");
        call(f64::from(u32::try_from(n).unwrap()), n, "a>p", &invite, "403 Forbidden")
    });
    diagnose(&format!("host a 192.0.2.10\nhost p 198.51.100.5\n\n{}", calls.collect::<String>())).calls
}

#[test]
fn the_first_attempts_of_a_pattern_are_kept_and_the_rest_counted() {
    let patterns = Patterns::of_calls(&calls(TOLL_ATTEMPTS_PER_PARTY + 9));
    let (_, source, pattern) = patterns.toll.sources("1").next().unwrap();
    assert_eq!((source.attempts.len(), source.later, source.answered_later), (TOLL_ATTEMPTS_PER_PARTY, 9, 0));
    assert_eq!(pattern.attempts.len(), TOLL_ATTEMPTS_PER_PARTY);
    assert_eq!((patterns.toll.held, patterns.toll.forgotten()), (TOLL_ATTEMPTS_PER_PARTY * 2, 0));
}

#[test]
fn others_are_forgotten_after_a_while() {
    let mut calls = calls(1);
    let mut toll = Patterns::default();
    let step = |call: &mut Call, n: i64| {
        for message in &mut call.messages {
            message.provenance.time = Timestamp(n * 20_000_000_000);
        }
    };
    for n in 0..200 {
        step(&mut calls[0].call, n);
        toll.observe_call(&calls[0].call);
    }
    let (source, account) = (toll.toll.sources.values().next().unwrap(), toll.toll.accounts.values().next().unwrap());
    assert!(source.attempts.len() <= TOLL_ATTEMPTS_PER_PARTY && !source.is_told, "{}", source.attempts.len());
    assert_eq!(toll.toll.held, source.attempts.len() + account.attempts.len());
}

#[test]
fn the_table_stays_within_its_limits_and_says_so() {
    let calls = calls(1);
    let mut patterns = Patterns::default();
    let now = calls[0].call.start;
    let attempt = {
        let invites = crate::diagnosis::patterns::unwanted::initial_invites(&calls[0].call, "1");
        Attempt { time: now, ..Attempt::of(&calls[0].call, invites[0].request, "00441632960012", "1") }
    };
    for n in 0..TOLL_SOURCES {
        let party = Party { attempts: vec![attempt.clone()], ..Party::default() };
        patterns.toll.sources.insert(IpAddr::from(u32::try_from(n).unwrap().to_be_bytes()), party);
    }
    patterns.observe_call(&calls[0].call);
    assert_eq!((patterns.toll.sources.len(), patterns.toll.forgotten()), (TOLL_SOURCES, 1));
    assert_eq!(patterns.limits_hit().len(), 1);
    // Whoever called long ago makes room.
    patterns.toll.make_room(now.plus(WINDOW * 2));
    assert_eq!((patterns.toll.sources.len(), patterns.toll.held), (0, 0));
}

#[test]
fn sipp_is_known_by_its_name_and_its_call_ids() {
    let of = |fields: &str| {
        let text = format!("INVITE sip:b SIP/2.0\r\n{fields}\r\n\r\n");
        is_of_sipp(&Message::read(text.as_bytes(), false).unwrap().0)
    };
    for fields in
        ["Call-ID: 12-4711@192.0.2.10", "Call-ID: 1-99@[2001:db8::1]", "Call-ID: x\r\nUser-Agent: SIPp v3.7.2"]
    {
        assert!(of(fields), "{fields}");
    }
    for fields in [
        "Call-ID: 12-a711@192.0.2.10",
        "Call-ID: 12-4711@pbx.example",
        "Call-ID: 124711@192.0.2.10",
        "User-Agent: sip phone",
    ] {
        assert!(!of(fields), "{fields}");
    }
}
