//! Which legs are one call.

use super::*;
use crate::call::CapturedMessage;
use crate::call::fixture::captured;

fn all(text: &str) -> Vec<CapturedMessage> {
    captured(&format!(
        "host a 192.0.2.10\nhost in 192.0.2.20\nhost out 198.51.100.20\nhost b 203.0.113.70\nhost c 203.0.113.71\n\n{text}"
    ))
}

fn legs(text: &str) -> Vec<LegSummary> {
    all(text).iter().filter_map(|m| LegSummary::of(&m.message, &m.provenance)).collect()
}

/// Two INVITEs; the parts of the second are given.
fn pair(first: &str, second: &str) -> Link {
    let legs = legs(&format!(
        "0.000 a > in call=first\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>\n{first}\n{second}\n"
    ));
    link(&legs[0], &legs[1])
}

#[test]
fn what_is_in_common_decides() {
    let to = |uri: &str, from: &str, head: &str, more: &str| {
        format!("{head} call=second\nINVITE {uri}\nFrom: <sip:{from}@198.51.100.20>\n{more}")
    };
    let (number, caller) = ("sip:+12155550199@203.0.113.70", "+12125550101");
    let session = "Session-ID: 0123456789abcdef0123456789abcdef;remote=00000000000000000000000000000000\n";
    for (why, first, second, expected) in [
        ("both numbers, soon, two-homed", "", to(number, caller, "0.030 out > b", ""), Link::Same),
        ("both numbers, middle element, late", "", to(number, caller, "9.000 in > b", ""), Link::Same),
        ("both numbers, two-homed, late", "", to(number, caller, "9.000 out > b", ""), Link::Possible),
        ("another callee", "", to("sip:+12155550133@203.0.113.70", caller, "0.030 in > b", ""), Link::None),
        ("another name for the callee", "", to("sip:phone2@203.0.113.70", caller, "0.030 in > b", ""), Link::Possible),
        ("the extension of the number", "", to("sip:0199@203.0.113.70", caller, "0.030 in > b", ""), Link::Same),
        ("another extension", "", to("sip:0198@203.0.113.70", caller, "0.030 in > b", ""), Link::Possible),
        ("two digits", "", to("sip:99@203.0.113.70", caller, "0.030 in > b", ""), Link::Possible),
        ("the extension, late", "", to("sip:0199@203.0.113.70", caller, "9.000 in > b", ""), Link::None),
        ("the extension, two-homed", "", to("sip:0199@203.0.113.70", caller, "0.030 out > b", ""), Link::None),
        ("the extension, another caller", "", to("sip:0199@203.0.113.70", "y", "0.030 in > b", ""), Link::None),
        (
            "another name for the callee, late",
            "",
            to("sip:phone2@203.0.113.70", caller, "9.000 in > b", ""),
            Link::None,
        ),
        ("another name, another caller", "", to("sip:phone2@203.0.113.70", "y", "0.030 in > b", ""), Link::None),
        ("another name, two-homed", "", to("sip:phone2@203.0.113.70", caller, "0.030 out > b", ""), Link::None),
        ("another caller, two-homed", "", to(number, "+12125550102", "0.030 out > b", ""), Link::None),
        ("another caller, middle element", "", to(number, "+12125550102", "0.030 in > b", ""), Link::Same),
        ("time and address alone", "", to("sip:x@203.0.113.70", "y", "0.030 in > b", ""), Link::None),
        (
            "numbers written differently",
            "",
            to("sip:2155550199@203.0.113.70", "12125550101", "0.030 out > b", ""),
            Link::Same,
        ),
        (
            "trunk prefix in place of the country code",
            "",
            to("sip:02155550199@203.0.113.70", "02125550101", "0.030 out > b", ""),
            Link::Same,
        ),
        (
            "trunk prefix and another number",
            "",
            to("sip:02165550199@203.0.113.70", "02125550101", "0.030 out > b", ""),
            Link::None,
        ),
        ("a dialling prefix", "", to("sip:9912155550199@203.0.113.70", caller, "0.030 out > b", ""), Link::Same),
        ("Session-ID", session, to("sip:x@203.0.113.70", "y", "20.0 out > b", session), Link::Same),
        (
            "null Session-ID",
            "Session-ID: 00000000000000000000000000000000\n",
            to("sip:x@203.0.113.70", "y", "0.030 out > b", "Session-ID: 00000000000000000000000000000000\n"),
            Link::None,
        ),
        (
            "names the Call-ID",
            "",
            to("sip:x@203.0.113.70", "y", "0.030 in > b", "X-Call-ID: first@192.0.2.10\n"),
            Link::Same,
        ),
        (
            "names the Call-ID, two-homed",
            "",
            to("sip:x@203.0.113.70", "y", "0.030 out > b", "X-Call-ID: first@192.0.2.10\n"),
            Link::Possible,
        ),
        (
            "diverted",
            "",
            to("sip:+12155550133@203.0.113.70", caller, "0.030 in > b", "Diversion: <sip:+12155550199@x.example>\n"),
            Link::Same,
        ),
        ("the same client again", "", to(number, caller, "0.030 a > in", ""), Link::None),
        ("another client to the same server", "", to(number, caller, "0.030 c > in", ""), Link::None),
        ("anonymous callers", "", to("sip:x@203.0.113.70", "anonymous", "0.030 in > b", ""), Link::None),
    ] {
        assert_eq!(pair(first, &second), expected, "{why}");
    }
}

#[test]
fn a_leg_that_is_over_has_no_leg_behind_it() {
    let mut both = legs(
        "0 a > in call=1\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>\n\n\
         0.1 in > b call=2\nINVITE sip:+12155550199@203.0.113.70\nFrom: <sip:+12125550101@198.51.100.20>\n",
    );
    assert_eq!(link(&both[0], &both[1]), Link::Same);
    assert_eq!(link(&both[1], &both[0]), Link::None, "the earlier leg comes first");
    both[0].final_response = Some((crate::sip::StatusCode(503), both[0].start.plus(Duration::from_millis(50))));
    assert_eq!(link(&both[0], &both[1]), Link::None);
}

#[test]
fn equal_candidates_are_ambiguous() {
    let all = legs(
        "0 a > in call=1\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>\n\n\
         0.1 c > in call=2\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@203.0.113.71>\n\n\
         0.2 c > in call=3\nINVITE sip:+12155550111@192.0.2.20\nFrom: <sip:+12125550101@203.0.113.71>\n\n\
         0.3 in > b call=4\nINVITE sip:+12155550199@203.0.113.70\nFrom: <sip:+12125550101@198.51.100.20>\n",
    );
    let [one, two, three, later] = &all[..] else { panic!("four legs") };
    assert_eq!(choose(&[one, two, three], later), Choice::Ambiguous(vec![0, 1]));
    assert_eq!(choose(&[three, two], later), Choice::One(1));
    assert_eq!(choose(&[three], later), Choice::None);
}

#[test]
fn a_redirect_is_followed_under_a_new_call_id() {
    let contact = [Uri::read("sip:+12155550113@203.0.113.70;user=phone").unwrap()];
    for (why, to, from, at, head, expected) in [
        ("To kept", "+12155550199@192.0.2.20", "+12125550101", "0.5", "a > b", Some(FollowLink::SameParties)),
        ("To rewritten", "+12155550113@203.0.113.70", "+12125550101", "4.9", "a > b", Some(FollowLink::SameParties)),
        ("late", "+12155550113@203.0.113.70", "+12125550101", "5.5", "a > b", None),
        ("other caller", "+12155550113@203.0.113.70", "+12125550102", "1.5", "a > b", Some(FollowLink::AddressAndTime)),
        ("other caller, later", "+12155550113@203.0.113.70", "+12125550102", "3.0", "a > b", None),
        ("other element", "+12155550113@203.0.113.70", "+12125550101", "0.5", "c > b", None),
    ] {
        let all = all(&format!(
            "0 a > in call=1\nINVITE sip:+12155550199@192.0.2.20\nFrom: <sip:+12125550101@192.0.2.10>\n\n\
             {at} {head} call=2\nINVITE sip:+12155550113@203.0.113.70:5060\nFrom: <sip:{from}@192.0.2.10>\nTo: <sip:{to}>\n"
        ));
        let all: Vec<_> = all.iter().map(|m| Sent::of(&m.message, &m.provenance)).collect();
        let told = all[0].start.plus(Duration::from_millis(20));
        assert_eq!(follows_redirect(&all[0], told, &contact, false, &all[1]), expected, "{why}");
        assert_eq!(follows_redirect(&all[0], told, &[], true, &all[1]), None, "{why}");
    }
}

#[test]
fn an_exchange_calls_the_user_of_a_contact_where_he_is() {
    let contact = [Uri::read("sip:300@192.0.2.10").unwrap()];
    for (why, called, to, expected) in [
        ("his telephone", "sip:300@203.0.113.71", "sip:300@203.0.113.71", Some(FollowLink::SameParties)),
        ("another user", "sip:301@203.0.113.71", "sip:301@203.0.113.71", None),
        ("the one that was called, elsewhere", "sip:200@203.0.113.71", "sip:200@203.0.113.71", None),
    ] {
        let all = all(&format!(
            "0 a > b call=1\nINVITE sip:200@203.0.113.70\nFrom: <sip:100@192.0.2.10>\n\n\
             0.5 a > c call=2\nINVITE {called}\nFrom: <sip:100@192.0.2.10>\nTo: <{to}>\n"
        ));
        let all: Vec<_> = all.iter().map(|m| Sent::of(&m.message, &m.provenance)).collect();
        let told = all[0].start.plus(Duration::from_millis(20));
        assert_eq!(follows_redirect(&all[0], told, &contact, false, &all[1]), expected, "{why}");
    }
}

#[test]
fn a_number_is_followed_by_the_routing_data_that_a_redirect_told() {
    let contact = [Uri::read("sip:+12155550100;rn=+1-215-410-0000;npdi@198.51.100.30").unwrap()];
    for (before, called, expected) in [
        ("", ";rn=+12154100000;npdi", Some(FollowLink::SameParties)),
        ("", "", None),
        ("", ";npdi", None),
        ("", ";rn=+12154100001;npdi", None),
        // What the client knew before it tells nothing.
        (";rn=+12154100000;npdi", ";rn=+12154100000;npdi", None),
    ] {
        let all = all(&format!(
            "0 a > b call=1\nINVITE sip:+12155550100{before}@198.51.100.30\nFrom: <sip:100@192.0.2.10>\n\n\
             0.5 a > c call=2\nINVITE sip:+12155550100{called}@203.0.113.71\nFrom: <sip:100@192.0.2.10>\n"
        ));
        let all: Vec<_> = all.iter().map(|m| Sent::of(&m.message, &m.provenance)).collect();
        let told = all[0].start.plus(Duration::from_millis(20));
        assert_eq!(follows_redirect(&all[0], told, &contact, false, &all[1]), expected, "{before} {called}");
    }
}

#[test]
fn a_number_is_followed_however_it_is_spelled() {
    let contact = [Uri::read("sip:02079460123@192.0.2.10").unwrap()];
    for (called, expected) in [
        ("+442079460123", Some(FollowLink::SameParties)),
        ("02079460123", Some(FollowLink::SameParties)),
        ("+442079460124", None),
    ] {
        let all = all(&format!(
            "0 a > b call=1\nINVITE sip:200@203.0.113.70\nFrom: <sip:100@192.0.2.10>\n\n\
             0.5 a > c call=2\nINVITE sip:{called}@203.0.113.71\nFrom: <sip:100@192.0.2.10>\n"
        ));
        let all: Vec<_> = all.iter().map(|m| Sent::of(&m.message, &m.provenance)).collect();
        let told = all[0].start.plus(Duration::from_millis(20));
        assert_eq!(follows_redirect(&all[0], told, &contact, false, &all[1]), expected, "{called}");
    }
}
