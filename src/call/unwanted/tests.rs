//! Who sent a 607.

use super::{Origin, Verdict, is_word_of_analytics, origin};
use crate::call::fixture::call;
use crate::diagnosis::Certainty::{self, Strong, Weak};

fn of(steps: &str) -> Origin {
    let call =
        call(&format!("host a 192.0.2.10\nhost p 198.51.100.50\nhost b 203.0.113.61\nhost c 203.0.113.62\n\n{steps}"));
    let id = call.attempts[0].transaction;
    let origin = origin(&call, id).unwrap();
    assert_eq!(is_word_of_analytics(&call, id), origin.verdict == Verdict::NetworkAnalytics, "{steps}");
    origin
}

fn one_hop(rest: &str) -> (Verdict, Certainty) {
    let origin = of(&format!("0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n{rest}\n"));
    (origin.verdict, origin.certainty)
}

#[test]
fn time_tags_and_marks_tell_who_decided() {
    let rang = "0.03 p > a\n100 Trying\n\n0.9 p > a tag=p1\n180 Ringing\n\n";
    for (why, text, expected) in [
        ("rang long", format!("{rang}7.4 p > a tag=p1\n607 Unwanted"), (Verdict::Human, Strong)),
        ("at the limit", format!("{rang}2.4 p > a tag=p1\n607 Unwanted"), (Verdict::Human, Strong)),
        ("rang too short for a person", format!("{rang}2.3 p > a tag=p1\n607 Unwanted"), (Verdict::Device, Strong)),
        (
            "a phone at once",
            "0.1 p > a tag=p1\n607 Unwanted\nUser-Agent: ExamplePhone/4.2".into(),
            (Verdict::Device, Weak),
        ),
        (
            "an exchange at once",
            "0.1 p > a tag=p1\n607 Unwanted\nUser-Agent: 3CXPhoneSystem 18.0.3".into(),
            (Verdict::PersonalList, Weak),
        ),
        (
            "an exchange of a maker of phones",
            "0.1 p > a tag=p1\n607 Unwanted\nServer: Mitel-3300-ICP 15.0.2".into(),
            (Verdict::PersonalList, Weak),
        ),
        (
            "a phone of the same maker",
            "0.1 p > a tag=p1\n607 Unwanted\nServer: Mitel 6867i/5.1".into(),
            (Verdict::Device, Weak),
        ),
        ("at once", "0.1 p > a tag=p1\n607 Unwanted".into(), (Verdict::PersonalList, Weak)),
        (
            "slow network, still at once",
            "0.5 p > a\n100 Trying\n\n1.4 p > a tag=p1\n607 Unwanted".into(),
            (Verdict::PersonalList, Weak),
        ),
        (
            "neither at once nor rung",
            "0.1 p > a\n100 Trying\n\n4 p > a tag=p1\n607 Unwanted".into(),
            (Verdict::Unknown, Weak),
        ),
        (
            "the server says what it is",
            "0.05 p > a\n607 Unwanted\nServer: ScoreGate/2.1".into(),
            (Verdict::NetworkAnalytics, Strong),
        ),
        (
            "Call-Info",
            "0.05 p > a tag=x\n607 Unwanted\nCall-Info: <https://x.example/j>;purpose=jwscard".into(),
            (Verdict::NetworkAnalytics, Strong),
        ),
        (
            "Reason, even after ringing",
            format!("{rang}7.4 p > a tag=p1\n607 Unwanted\nReason: SIP;cause=607;text=\"v=analytics1;id=1\""),
            (Verdict::NetworkAnalytics, Strong),
        ),
        (
            "the word in a Reason, even after ringing",
            format!("{rang}7.4 p > a tag=p1\n607 Unwanted\nReason: SIP;cause=607;text=\"blocked by analytics\""),
            (Verdict::NetworkAnalytics, Weak),
        ),
        (
            "another Reason",
            "0.1 p > a tag=p1\n607 Unwanted\nReason: Q.850;cause=21;text=\"rejected\"".into(),
            (Verdict::PersonalList, Weak),
        ),
        (
            "rang after another device had",
            format!("{rang}7 p > a tag=p2\n180 Ringing\n\n7.4 p > a tag=p2\n607 Unwanted"),
            (Verdict::Device, Strong),
        ),
        (
            "rang beside another device",
            format!("{rang}1 p > a tag=p2\n180 Ringing\n\n7.4 p > a tag=p2\n607 Unwanted"),
            (Verdict::Human, Strong),
        ),
        (
            "rang after an announcement",
            "0.1 p > a tag=p1\n183 Session Progress\n\n7 p > a tag=p1\n180 Ringing\n\n7.4 p > a tag=p1\n607 Unwanted"
                .into(),
            (Verdict::Device, Strong),
        ),
        ("rang elsewhere", format!("{rang}7.4 p > a tag=other\n607 Unwanted"), (Verdict::Unknown, Weak)),
    ] {
        assert_eq!(one_hop(&text), expected, "{why}");
    }
}

#[test]
fn a_proxy_that_cancels_its_branches_answers_for_them() {
    let origin = of("0 a > p\nINVITE sip:+12155550113@198.51.100.50\n\n1 p > a tag=d1\n180 Ringing\n\n\
        1 p > b branch=f1\nINVITE sip:x@203.0.113.61\n\n1.1 b > p\n180 Ringing\n\n\
        5 p > b\nCANCEL\nReason: SIP;cause=607;text=\"Unwanted\"\n\n5.1 p > a re=INVITE tag=own\n607 Unwanted\n");
    assert_eq!((origin.verdict, origin.same_tag), (Verdict::ForkingProxy, false));
}

#[test]
fn the_deepest_hop_tells_the_device() {
    let origin = of("0 a > p branch=up\nINVITE sip:+12155550113@198.51.100.50\n\n\
        0.05 p > c branch=d1 cseq=1\nINVITE sip:x@203.0.113.62\nVia: SIP/2.0/UDP 198.51.100.50;branch=z9hG4bKd1\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKup\n\n\
        0.9 c > p tag=d2\n180 Ringing\n\n0.91 p > a tag=d2 re=INVITE\n180 Ringing\n\n\
        4 c > p tag=d2\n607 Unwanted\nUser-Agent: ExamplePhone/4.2\n\n4.05 p > a tag=d2 re=INVITE\n607 Unwanted\n");
    assert_eq!((origin.verdict, origin.sender.to_string().as_str()), (Verdict::Human, "203.0.113.62:5060"));
    assert_eq!((origin.seen_downstream, origin.forwarded), (true, false));
    assert_eq!(origin.ringing, Some(std::time::Duration::from_millis(3100)));
}

#[test]
fn other_responses_have_no_such_origin() {
    let call = call(
        "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:b@198.51.100.50\n\n1 p > a\n603 Decline\n",
    );
    assert_eq!(origin(&call, call.attempts[0].transaction), None);
}

#[test]
fn frames_without_times_tell_nobody() {
    let origin =
        of("0 a > p\nINVITE sip:b@198.51.100.50\n\n0 p > a tag=p1\n180 Ringing\n\n0 p > a tag=p1\n607 Unwanted\n");
    assert_eq!((origin.verdict, origin.certainty, origin.ringing), (Verdict::Unknown, Weak, None));
}
