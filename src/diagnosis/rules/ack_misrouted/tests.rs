use super::*;
use crate::call::fixture;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{check, only, with_code};

const HOSTS: &str =
    "host alice 192.0.2.10\nhost proxy 198.51.100.5\nhost bob 203.0.113.60\nhost other 203.0.113.99\n\n";
const INVITE: &str = "0.0 alice > bob\nINVITE sip:bob@203.0.113.60\n\n";
const LATER: &str = "90.0 alice > bob call=ping\nOPTIONS sip:b\n\n+0.1 bob > alice call=ping\n200 OK\n\n";
const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
const FIVE: &str = "repeat=0.5,1.5,3.5,7.5";
const ACK: &str = "2.01 alice > bob\nACK\n\n";

/// A call between two hosts.
fn flow(words: &str, contact: &str, rest: &str) -> String {
    format!("{HOSTS}{INVITE}2.0 bob > alice tag=b1 {words}\n200 OK\n{contact}\n\n{rest}{LATER}")
}

/// A call by a proxy: `first` are header fields of the INVITE behind it, `second` words and header fields of the 200 in front of and
/// behind it.
fn proxied(first: &str, second: (&str, &str), rest: &str) -> String {
    let (words, fields) = second;
    format!(
        "{HOSTS}0.0 alice > proxy\nINVITE sip:bob@example.net\n\n0.01 proxy > bob forward\nINVITE sip:bob@203.0.113.60\n{first}\n\n\
         2.0 bob > proxy tag=b1 {words} {ALL}\n200 OK\n{fields}\n\n2.01 proxy > alice forward tag=b1 {ALL}\n200 OK\n{fields}\n\n\
         {rest}{LATER}"
    )
}

const RECORDED: &str = "Record-Route: <sip:198.51.100.5;lr>";
const ROUTED: &str = "2.02 alice > proxy\nACK sip:bob@203.0.113.60\nRoute: <sip:198.51.100.5;lr>\n\n";
const UNROUTED: &str = "2.02 alice > proxy\nACK sip:bob@203.0.113.60\n\n";

fn said(flow: &str) -> String {
    only(flow, RULE.code).message.to_string()
}

fn role(flow: &str) -> String {
    only(flow, RULE.code).actor.as_ref().unwrap().role.to_string()
}

#[test]
fn an_answer_that_is_repeated_after_its_ack_is_found_and_what_looks_alike_is_not() {
    let ack = |at: &str, words: &str| format!("{at} alice > bob {words}\nACK\n\n");
    let bye = |at: &str, way: &str| format!("{at} {way}\nBYE\n\n");
    let nearly = ALL.replace(",31.5", "");
    let cut = flow(FIVE, "", ACK).replace(LATER, "");
    let lossy = flow(FIVE, "", &format!("{ACK}{}", bye("11.9", "bob > alice")))
        .replace("2.0 bob", "1.0 bob > alice tag=b1 re=UPDATE cseq=7\n200 OK\n\n2.0 bob")
        .replace("2.0 bob > alice", "2.0 bob > alice re=INVITE cseq=1");
    let other_host = format!(
        "{HOSTS}{INVITE}2.0 bob > alice tag=b1 re=INVITE cseq=1 branch=q1\n200 OK\n\n{ACK}2.6 bob > proxy tag=b1 re=INVITE cseq=1 branch=q1 {FIVE}\n200 \
         OK\n\n{LATER}"
    );
    let fork = flow(ALL, "", "2.5 bob > alice re=INVITE cseq=1 tag=c1\n200 OK\n\n2.6 alice > bob to-tag=c1\nACK\n\n");
    check(
        RULE.code,
        &[
            ("one ACK, and copies to the end", &flow(ALL, "", ACK), Some(Severity::Error)),
            ("each copy is acknowledged", &flow(ALL, "", &ack("2.01", ALL)), Some(Severity::Error)),
            ("one copy before the end", &flow(&nearly, "", ACK), Some(Severity::Error)),
            ("one copy before the end, as an ACK came", &flow(&nearly, "", &ack("2.01", &nearly)), None),
            (
                "ended by who answered",
                &flow(ALL, "", &(ack("2.01", ALL) + &bye("34.1", "bob > alice"))),
                Some(Severity::Error),
            ),
            (
                "given up before",
                &flow(FIVE, "", &(ACK.to_owned() + &bye("12.0", "bob > alice"))),
                Some(Severity::Error),
            ),
            (
                "ended, and an ACK may have come",
                &flow(FIVE, "", &(ack("2.01", FIVE) + &bye("12.0", "bob > alice"))),
                Some(Severity::Warning),
            ),
            (
                "the caller hung up",
                &flow(FIVE, "", &(ACK.to_owned() + &bye("12.0", "alice > bob"))),
                Some(Severity::Warning),
            ),
            ("a BYE that did not help either", &flow(FIVE, "", &(ACK.to_owned() + &bye("4.0", "alice > bob"))), None),
            ("the capture ends", &cut, Some(Severity::Notice)),
            ("packets are missing", &lossy, Some(Severity::Notice)),
            ("a late ACK", &flow("repeat=0.5,1.5,3.5", "", &ack("5.6", "")), None),
            ("copies within a round trip", &flow("repeat=0.1,0.2,0.3,0.4", "", ACK), None),
            ("a late ACK, and copies under way", &flow("repeat=0.5,1.5,3.5,3.6,3.7,3.8", "", &ack("5.4", "")), None),
            ("an ACK came at last", &flow(FIVE, "", &ack("2.01", FIVE)), None),
            ("it stopped in time", &flow(FIVE, "", ACK), None),
            ("no ACK at all", &flow(ALL, "", ""), None),
            ("captured twice", &flow("dup=0.0002", "", ACK), None),
            ("the same octets by two ports", &flow("repeat=0.001,0.002,0.003", "", &ack("2.0005", "")), None),
            ("copies between other hosts", &other_host, None),
            ("an ACK of another answer of a fork", &fork, None),
            ("an ACK of another INVITE", &flow(ALL, "", "2.01 alice > bob cseq=7\nACK\n\n"), None),
            (
                "failures are for another rule",
                &flow(ALL, "", ACK).replace("200 OK\n\n\n2.01", "486 Busy Here\n\n2.01"),
                None,
            ),
        ],
    );
}

#[test]
fn times_of_a_clock_that_was_set_back_tell_nothing() {
    let mut call = fixture::call(&flow(ALL, "", ACK).replace(LATER, ""));
    assert_eq!(Repeated::in_spite_of_ack(&call).len(), 1);
    call.messages[0].provenance.time = call.end;
    assert!(Repeated::in_spite_of_ack(&call).is_empty());
}

#[test]
fn each_end_has_its_sentence() {
    let start = "The 200 to INVITE came 11 times in 31.5 s from 203.0.113.60:5060, although 192.0.2.10:5060 acknowledged it 10 ms after the \
                 first: the ACK did not reach who answered";
    let lost = "The ACK to 203.0.113.60:5060 is lost, or not recognised, behind the place of capture.";
    assert_eq!(said(&flow(ALL, "", ACK)), format!("{start}, and such a call is ended after 32 s. {lost}"));
    assert_eq!(
        said(&flow(ALL, "", &format!("{ACK}34.1 bob > alice\nBYE\n\n"))),
        format!("{start}, and 32.1 s after the first the call was ended from there. {lost}")
    );
    assert_eq!(
        said(&flow(ALL, "", &format!("{ACK}42.0 alice > bob\nBYE\n\n"))),
        format!(
            "{start}. Nor was the call ended after 32 s, as it should have been: a BYE came 40 s after the first. {lost}"
        )
    );
    let lost = only(&flow(ALL, "", ACK), RULE.code);
    assert_eq!(lost.certainty, Certainty::Weak);
    let frames: Vec<_> = lost.evidence.iter().map(|e| (e.frame.number.0, e.what.to_string())).take(4).collect();
    let shown = [
        (2, "the first 2xx response"),
        (3, "its ACK"),
        (5, "the same response again, after the ACK"),
        (13, "the last copy of the response"),
    ];
    assert_eq!(frames, shown.map(|(frame, what)| (frame, what.to_owned())));
}

#[test]
fn who_leaves_out_record_route_has_to_act() {
    let without = |ack: &str| proxied(RECORDED, ("omit=Record-Route", "Contact: <sip:bob@203.0.113.60>"), ack);
    let flow = without(UNROUTED);
    let told = said(&flow);
    let left_out = "The 200 leaves out Record-Route of its INVITE, so that the caller does not know by which proxies its ACK has to go. ";
    assert!(told.ends_with(&format!("{left_out}198.51.100.5:5060 got the ACK and did not pass it on.")), "{told}");
    let finding = only(&flow, RULE.code);
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "203.0.113.60:5060");
    assert_eq!(finding.certainty, Certainty::Strong);
    assert!(finding.evidence.iter().any(|e| e.text == RECORDED), "{finding:?}");
    // Where the ACK is seen in front of who answered, it did not need the proxy.
    let direct = said(&without("2.02 alice > bob\nACK sip:bob@203.0.113.60\n\n"));
    assert!(
        direct.ends_with("The ACK to 203.0.113.60:5060 is lost, or not recognised, behind the place of capture."),
        "{direct}"
    );
}

#[test]
fn a_proxy_that_drops_a_right_ack_has_to_act() {
    let flow = proxied(RECORDED, ("", "Contact: <sip:bob@203.0.113.60>"), ROUTED);
    let told = said(&flow);
    assert!(told.ends_with("ended after 32 s. 198.51.100.5:5060 got the ACK and did not pass it on."), "{told}");
    assert_eq!(role(&flow), "operator of the proxy that does not pass on the ACK");
    // The address that it recorded is another one of its own, as a request that it passed on shows; else it may not be reachable at all.
    let outside = |rest: &str| {
        let fields = "Record-Route: <sip:198.51.100.77;lr>\nContact: <sip:bob@203.0.113.60>";
        let ack = "2.02 alice > 198.51.100.77\nACK sip:bob@203.0.113.60\nRoute: <sip:198.51.100.77;lr>\n\n";
        proxied("Record-Route: <sip:198.51.100.77;lr>", ("", fields), &format!("{ack}{rest}"))
    };
    let via = "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa9";
    let bye = format!(
        "20.0 alice > 198.51.100.77 cseq=2\nBYE sip:bob@203.0.113.60\nVia: {via}\n\n20.1 proxy > bob cseq=2\nBYE \
         sip:bob@203.0.113.60\nVia: SIP/2.0/UDP 198.51.100.5;branch=z9hG4bKp9, {via}\n\n"
    );
    let told = said(&outside(&bye));
    assert!(told.ends_with("198.51.100.77:5060 got the ACK and did not pass it on."), "{told}");
    let told = said(&outside(""));
    assert!(
        told.ends_with("The ACK to 198.51.100.77:5060 is lost, or not recognised, behind the place of capture."),
        "{told}"
    );
    // It passed it on, or the capture may lack that: it is lost behind.
    let passed = format!("{ROUTED}2.03 proxy > bob forward\nACK sip:bob@203.0.113.60\n\n");
    let told = said(&proxied(RECORDED, ("", "Contact: <sip:bob@203.0.113.60>"), &passed));
    assert!(
        told.ends_with("The ACK to 203.0.113.60:5060 is lost, or not recognised, behind the place of capture."),
        "{told}"
    );
    let unknown =
        said(&proxied(RECORDED, ("", "Contact: <sip:bob@203.0.113.77>"), &ROUTED.replace("113.60", "113.77")));
    assert!(
        unknown.ends_with("The ACK to 198.51.100.5:5060 is lost, or not recognised, behind the place of capture."),
        "{unknown}"
    );
}

#[test]
fn an_ack_is_compared_with_what_it_acknowledges() {
    let direct = |fields: &str, ack: &str| flow(ALL, fields, &format!("2.01 alice > {ack}\n\n"));
    let contact = "Contact: <sip:bob@203.0.113.60>";
    let routes = "Record-Route: <sip:203.0.113.60;lr>, <sip:198.51.100.5;lr>\nContact: <sip:bob@10.1.2.3>";
    for (fields, ack, end) in [
        (
            contact,
            "bob\nACK sip:bob@192.168.7.7",
            "The Request-URI of the ACK is sip:bob@192.168.7.7, and the Contact of the response is sip:bob@203.0.113.60.",
        ),
        (
            contact,
            "bob\nACK sip:bob@203.0.113.60;transport=tcp",
            "the Contact of the response is sip:bob@203.0.113.60. The ACK to 203.0.113.60:5060 is lost, or not recognised, behind the \
             place of capture.",
        ),
        (
            contact,
            "other\nACK sip:bob@203.0.113.60",
            "By Contact the ACK has to go to 203.0.113.60, and it went to 203.0.113.99.",
        ),
        (
            routes,
            "proxy\nACK sip:bob@10.1.2.3",
            "By Record-Route of the 200 the ACK has to go by sip:198.51.100.5;lr, sip:203.0.113.60;lr, and it has no Route.",
        ),
        (
            routes,
            "proxy\nACK sip:bob@10.1.2.3\nRoute: <sip:203.0.113.60;lr>",
            "the ACK has to go by sip:198.51.100.5;lr, sip:203.0.113.60;lr, and its Route is sip:203.0.113.60;lr.",
        ),
        (
            routes,
            "proxy\nACK sip:bob@10.1.2.3\nRoute: <sip:203.0.113.60;lr>, <sip:198.51.100.5;lr>",
            "and its Route is sip:203.0.113.60;lr, sip:198.51.100.5;lr.",
        ),
        (
            routes,
            "other\nACK sip:bob@10.1.2.3\nRoute: <sip:198.51.100.5;lr>, <sip:203.0.113.60;lr>",
            "By Route the ACK has to go to 198.51.100.5, and it went to 203.0.113.99.",
        ),
    ] {
        let told = said(&direct(fields, ack));
        assert!(told.ends_with(end), "{ack}: {told}");
    }
    // To a strict router Request-URI and Route are others; a host that may be the same behind a translation of addresses is none other.
    for (fields, ack) in [
        (
            "Record-Route: <sip:198.51.100.5>\nContact: <sip:bob@203.0.113.60>",
            "proxy\nACK sip:198.51.100.5\nRoute: <sip:bob@203.0.113.60>",
        ),
        (routes, "proxy\nACK sip:bob@10.1.2.3\nRoute: <sip:198.51.100.5;lr>, <sip:203.0.113.60;lr>"),
        ("Contact: <sip:bob@203.0.113.77>", "bob\nACK sip:bob@203.0.113.77"),
        (contact, "bob\nACK sip:bob@203.0.113.60\nRoute: <sip:203.0.113.60;lr>"),
    ] {
        let told = said(&direct(fields, ack));
        assert!(told.contains("ended after 32 s. The ACK to "), "{ack}: {told}");
    }
    assert_eq!(role(&direct(contact, "bob\nACK sip:bob@192.168.7.7")), CLIENT);
}

#[test]
fn what_a_proxy_sends_is_not_compared_with_what_it_got() {
    // Behind the proxy, only the hop to who answered was captured.
    let behind = format!(
        "{HOSTS}0.01 proxy > bob\nINVITE sip:bob@203.0.113.60\nVia: SIP/2.0/UDP 198.51.100.5;branch=z9hG4bKp1, SIP/2.0/UDP \
         192.0.2.10;branch=z9hG4bKa1\n{RECORDED}\n\n2.0 bob > proxy tag=b1 branch=p1 {ALL}\n200 OK\nContact: <sip:bob@203.0.113.60>\n\n\
         2.03 proxy > bob\nACK sip:bob@203.0.113.60\nVia: SIP/2.0/UDP 198.51.100.5;branch=z9hG4bKp2, SIP/2.0/UDP \
         192.0.2.10;branch=z9hG4bKa2\n\n{LATER}"
    );
    let told = said(&behind);
    assert!(told.contains("ended after 32 s. The ACK to 203.0.113.60:5060 is lost, or not recognised"), "{told}");
}

#[test]
fn inside_a_dialog_the_route_set_is_that_of_the_invite() {
    let again = |route: &str, ack: &str| {
        format!(
            "{HOSTS}{INVITE}1.0 bob > alice tag=b1\n200 OK\n\n1.1 alice > bob\nACK\n\n5.0 alice > bob to-tag=b1\n\
             INVITE sip:bob@203.0.113.60\n{route}\n\n5.1 bob > alice tag=b1 {ALL}\n200 OK\nRecord-Route: <sip:10.9.9.9;lr>\n\
             Contact: <sip:bob@203.0.113.60>\n\n5.2 alice > bob\nACK sip:bob@203.0.113.60\n{ack}\n\n{LATER}"
        )
    };
    let route = "Route: <sip:203.0.113.60;lr>";
    for (invite, ack, end) in [
        (
            route,
            route,
            "ended after 32 s. The ACK to 203.0.113.60:5060 is lost, or not recognised, behind the place of capture.",
        ),
        (
            "",
            "",
            "ended after 32 s. The ACK to 203.0.113.60:5060 is lost, or not recognised, behind the place of capture.",
        ),
        (route, "", "By Route of the INVITE the ACK has to go by sip:203.0.113.60;lr, and it has no Route."),
        (route, "Route: <sip:10.9.9.9;lr>", "go by sip:203.0.113.60;lr, and its Route is sip:10.9.9.9;lr."),
    ] {
        let told = said(&again(invite, ack));
        assert!(told.ends_with(end), "{invite} {ack}: {told}");
    }
    // The ACK of the first INVITE is none of the second.
    let first = again("", "").replace("5.2 alice > bob", "5.2 alice > bob cseq=1");
    assert!(with_code(&first, RULE.code).is_empty());
}

#[test]
fn a_bye_that_fails_as_well_follows_from_it() {
    let bye = "20.0 alice > proxy\nBYE sip:bob@203.0.113.60\n\n20.1 proxy > alice\n404 Not here\n\n";
    let without = ("omit=Record-Route", "Contact: <sip:bob@203.0.113.60>");
    let found = report(&proxied(RECORDED, without, &format!("{UNROUTED}{bye}")));
    assert_eq!(codes(&found), ["ack-misrouted error", "(failed-response warning)"]);
    let other = report(&proxied(RECORDED, without, &bye.replace("404 Not here", "500 Server Error")));
    assert!(codes(&other).contains(&"failed-response warning".to_owned()), "{:?}", codes(&other));
}

#[test]
fn behind_a_leg_whose_ack_is_lost_nothing_else_is_missing() {
    let rest = "2.0 bob > proxy call=2 tag=b2 re=INVITE cseq=1";
    let two = format!(
        "{HOSTS}0.0 alice > proxy\nINVITE sip:bob@example.net\nFrom: <sip:+12155550100@example.net>;tag=f1\nTo: \
         <sip:+12155550142@example.net>\n\n0.01 proxy > bob call=2\nINVITE sip:+12155550142@203.0.113.60\nFrom: \
         <sip:+12155550100@example.net>;tag=f2\nTo: <sip:+12155550142@example.net>\n\n{rest} {ALL}\n200 OK\n\n2.01 proxy > alice tag=p1 {ALL}\n\
         200 OK\n\n2.02 alice > proxy\nACK\n\n{LATER}"
    );
    let found = report(&two);
    assert_eq!(found.call.legs.len(), 2);
    assert_eq!(codes(&found), ["ack-misrouted error"]);
}
