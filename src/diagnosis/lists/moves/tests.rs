//! What the list says of each kind of 301, and that it never says yes where it must not.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::judge::OBJECTIONS;
use super::*;
use crate::diagnosis::rules::RULES;
use crate::diagnosis::testing::{HOSTS, diagnose, followed, redirected};

const MOVED: &str = "301 Moved\nContact: <sip:bob@new.corp.example>";

fn list(flows: &[&str]) -> Moves {
    let mut moves = Moves::default();
    for flow in flows {
        moves.begin_capture(1);
        for report in diagnose(flow).calls {
            moves.observe(&report);
        }
    }
    moves
}

/// Old address, new address and reason of each row.
fn rows(flows: &[&str]) -> Vec<(String, String, &'static str)> {
    let rows = list(flows).rows().into_iter();
    rows.map(|m| (m.old, m.new.unwrap_or_default(), m.reason.code())).collect()
}

/// The reason of the only row.
fn reason(flow: &str) -> &'static str {
    let rows = rows(&[flow]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0].2
}

fn answered(response: &str, uri: &str) -> String {
    redirected(response, &followed(uri, "200 OK"))
}

/// A call of its own: redirected by `old`, followed to `new` where `status` tells how it ended.
fn call(at: u32, name: &str, from: &str, to: &str, status: Option<&str>) -> String {
    let mut flow = format!(
        "{at}.0 pbx > old call={name}\nINVITE {from}\n\n+0.1 old > pbx call={name} tag=r\n301 Moved\nContact: <{to}>\n\n\
         +0.001 pbx > old call={name}\nACK\n\n"
    );
    if let Some(status) = status {
        let _ = write!(
            flow,
            "+0.01 pbx > new call={name}\nINVITE {to}\n\n+0.1 new > pbx call={name} tag=n\n{status}\n\n\
             +0.001 pbx > new call={name}\nACK\n\n"
        );
    }
    flow
}

fn calls(calls: &[String]) -> String {
    format!("{HOSTS}{}", calls.concat())
}

const OLD: &str = "sip:bob@corp.example";
const NEW: &str = "sip:bob@new.corp.example";

#[test]
fn an_address_that_answered_is_adopted() {
    let flow = answered(MOVED, NEW);
    let rows = list(&[&flow]).rows();
    let row = &rows[0];
    assert_eq!((row.old.as_str(), row.new.as_deref()), (OLD, Some(NEW)));
    assert_eq!((row.calls, row.answered, row.contacts, row.reason), (1, 1, 1, Reason::Answered));
    assert!(row.reason.adopts());
    assert_eq!(row.seen.frames().collect::<Vec<_>>(), [Place { file: 0, frame: 2 }]);
}

#[test]
fn only_permanent_redirects_of_calls_are_listed() {
    for status in ["300 Multiple Choices", "302 Moved Temporarily", "305 Use Proxy", "380 Alternative Service"] {
        let flow = answered(&MOVED.replace("301 Moved", status), NEW);
        assert_eq!(rows(&[&flow]), [], "{status}");
    }
    assert_eq!(rows(&[&answered(MOVED, NEW).replace("INVITE", "MESSAGE")]), []);
}

#[test]
fn a_loop_is_never_adopted() {
    let flow = format!(
        "{HOSTS}0 pbx > old\nINVITE sip:1@a.corp.example\n\n+0.1 old > pbx tag=r\n301 Moved\nContact: <sip:1@b.corp.example>\n\n\
         +0.01 pbx > old\nACK\n\n+0.01 pbx > new\nINVITE sip:1@b.corp.example\n\n+0.1 new > pbx tag=q\n301 Moved\n\
         Contact: <sip:1@a.corp.example:5060>\n\n+0.01 pbx > new\nACK\n"
    );
    let found = rows(&[&flow]);
    assert_eq!(found.iter().map(|row| row.2).collect::<Vec<_>>(), ["loop", "loop"]);
    // One that only shows when two calls are put together, although both were answered.
    let back = call(60, "c2", NEW, OLD, Some("200 OK"));
    let flow = calls(&[call(0, "c1", OLD, NEW, Some("200 OK")), back]);
    assert_eq!(rows(&[&flow]).iter().map(|row| row.2).collect::<Vec<_>>(), ["loop", "loop"]);
}

#[test]
fn a_way_back_to_itself_is_never_adopted() {
    for contact in [OLD, "sip:bob@CORP.example:5060;user=phone"] {
        assert_eq!(reason(&redirected(&format!("301 Moved\nContact: <{contact}>"), "")), "to-itself", "{contact}");
    }
    let steered = format!("{OLD};transport=tcp");
    assert_eq!(reason(&answered(&format!("301 Moved\nContact: <{steered}>"), &steered)), "same-address");
}

#[test]
fn a_routing_dip_is_never_adopted_and_an_answer_without_its_marks_is() {
    let dip = "301 Moved\nContact: <sip:bob;rn=+12154100000@new.corp.example>";
    assert_eq!(reason(&answered(dip, "sip:bob;rn=+12154100000@new.corp.example")), "routing-dip");
    let marked = format!("{MOVED}\nReason: SIP;cause=302;text=\"no-fraud-detected\"");
    assert_eq!(reason(&answered(&marked, NEW)), "routing-dip");
    // Slow, so no dip for the rules; the data hold for one call all the same.
    let slow = answered(dip, "sip:bob;rn=+12154100000@new.corp.example").replace("0.015 old", "0.9 old");
    let slow = slow.replace("0.016 pbx", "0.901 pbx").replace("0.03 pbx", "0.93 pbx");
    assert_eq!(reason(&slow), "routing-parameters");
    assert_eq!(reason(&answered(MOVED, NEW)), "answered");
}

#[test]
fn a_foreign_domain_is_never_adopted_and_another_host_of_the_same_is() {
    let foreign = "sip:bob@partner.example.net";
    assert_eq!(reason(&answered(&format!("301 Moved\nContact: <{foreign}>"), foreign)), "foreign-domain");
    // Sent from an address that nobody asked.
    let forged = answered(&format!("301 Moved\nContact: <{foreign}>"), foreign)
        .replace("host new", "host evil 198.51.100.99\nhost new")
        .replace("0.015 old > pbx", "0.015 evil > pbx");
    assert_eq!(reason(&forged), "suspicious");
    let same = "sip:bob@pbx7.corp.example";
    assert_eq!(reason(&answered(&format!("301 Moved\nContact: <{same}>"), same)), "answered");
}

#[test]
fn a_changing_target_is_never_adopted_and_a_repeated_one_is() {
    let other = "sip:bob@other.corp.example";
    let flow = calls(&[call(0, "c1", OLD, NEW, Some("200 OK")), call(60, "c2", OLD, other, Some("200 OK"))]);
    assert_eq!(rows(&[&flow]).iter().map(|row| row.2).collect::<Vec<_>>(), ["changing-target"; 2]);
    let flow = calls(&[call(0, "c1", OLD, NEW, Some("200 OK")), call(60, "c2", OLD, NEW, Some("200 OK"))]);
    let row = list(&[&flow]).rows().remove(0);
    assert_eq!((row.calls, row.answered, row.reason), (2, 2, Reason::Answered));
}

#[test]
fn contradictions_show_across_captures() {
    let (first, second) = (call(0, "c1", OLD, NEW, Some("200 OK")), call(9, "c1", OLD, "sip:bob@x.corp.example", None));
    let found = list(&[&calls(std::slice::from_ref(&first)), &calls(&[second])]).rows();
    assert_eq!(found.iter().map(|m| m.reason.code()).collect::<Vec<_>>(), ["changing-target"; 2]);
    assert_eq!(found[1].seen.frames().collect::<Vec<_>>(), [Place { file: 1, frame: 2 }]);
    let again = list(&[&calls(std::slice::from_ref(&first)), &calls(&[first])]).rows();
    assert_eq!((again.len(), again[0].calls, again[0].answered, again[0].reason), (1, 2, 2, Reason::Answered));
    assert_eq!(again[0].seen.frames().map(|at| at.file).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn an_old_address_that_is_in_use_keeps_its_place() {
    let alive = "60.0 pbx > old call=c2\nINVITE sip:bob@corp.example\n\n+0.1 old > pbx call=c2 tag=z\n200 OK\n\n\
                 +0.001 pbx > old call=c2\nACK\n";
    let flow = calls(&[call(0, "c1", OLD, NEW, Some("200 OK")), alive.to_owned()]);
    assert_eq!(reason(&flow), "old-address-in-use");
    // The redirected call lasts longer than the one that contradicts it, and closes after it.
    let long = format!("{flow}120 pbx > new call=c1\nBYE\n\n+0.1 new > pbx call=c1\n200 OK\n");
    let long = long.replace(
        "+0.001 pbx > old call=c2\nACK\n",
        "+0.001 pbx > old call=c2\nACK\n\n61.0 pbx > old call=c2\nBYE\n\n+0.1 old > pbx call=c2\n200 OK\n\n",
    );
    assert_eq!(reason(&long), "old-address-in-use");
    // In the order in which the calls close, the rule sees it as well.
    assert!(diagnose(&long).capture.iter().any(|f| f.code == "permanent-redirect-changes"));
    assert_eq!(reason(&flow.replace("200 OK\n\n+0.001 pbx > old", "404 Not Found\n\n+0.001 pbx > old")), "answered");
}

#[test]
fn an_address_that_did_not_answer_is_never_adopted() {
    for (status, expected) in [
        ("404 Not Found", "failed"),
        ("503 Down", "failed"),
        ("486 Busy Here", "not-answered"),
        ("607 Unwanted", "not-answered"),
        ("302 Moved\nContact: <sip:bob@z.corp.example>", "moves-on"),
    ] {
        assert_eq!(reason(&redirected(MOVED, &followed(NEW, status))), expected, "{status}");
    }
    assert_eq!(reason(&redirected(MOVED, "")), "not-called");
    let silent = redirected(MOVED, &format!("0.03 pbx > new\nINVITE {NEW}\n"));
    assert_eq!(reason(&silent), "no-response");
}

#[test]
fn what_happened_last_counts() {
    let flow = |first, second| {
        let second = call(60, "c2", OLD, NEW, Some(second));
        calls(&[call(0, "c1", OLD, NEW, Some(first)), second])
    };
    assert_eq!(reason(&flow("200 OK", "404 Not Found")), "failed-later");
    assert_eq!(reason(&flow("404 Not Found", "200 OK")), "answered");
    assert_eq!(reason(&flow("200 OK", "486 Busy Here")), "answered");
}

#[test]
fn a_stage_of_a_longer_way_is_not_adopted_but_its_end_is() {
    let flow = calls(&[call(0, "c1", OLD, NEW, Some("301 Moved\nContact: <sip:bob@end.corp.example>"))]);
    let flow = flow
        + "+0.01 pbx > old call=c1\nINVITE sip:bob@end.corp.example\n\n+0.1 old > pbx call=c1 tag=e\n200 OK\n\n\
           +0.001 pbx > old call=c1\nACK\n";
    let found: Vec<_> = rows(&[&flow]).into_iter().map(|row| (row.0, row.2)).collect();
    assert_eq!(found, [(OLD.to_owned(), "moves-on"), (NEW.to_owned(), "answered")]);
}

#[test]
fn what_the_response_says_against_itself_counts() {
    for (response, uri, expected) in [
        ("301 Moved", "", "no-contact"),
        ("301 Moved\nContact: *", "", "no-usable-contact"),
        ("301 Moved\nContact: <mailto:bob@corp.example>", "", "no-usable-contact"),
        ("301 Moved\nContact: <sip:bob@new.corp.example>;expires=60", NEW, "short-validity"),
        ("301 Moved\nContact: <sip:bob@new.corp.example>;expires=864000", NEW, "answered"),
        ("301 Moved\nContact: <sip:bob@new.corp.example?X-Key=7>", NEW, "embedded-headers"),
        ("301 Moved\nContact: <sip:bob@10.1.2.3>", "sip:bob@10.1.2.3", "not-routable"),
        ("301 Moved\nContact: <sip:bob@new.localhost>", "sip:bob@new.localhost", "foreign-domain"),
        ("301 Moved\nContact: <sip:bob@gateway>", "", "not-resolvable"),
        ("301 Moved\nContact: <sip:bob@gateway>", "sip:bob@gateway", "answered"),
    ] {
        let flow = if uri.is_empty() { redirected(response, "") } else { answered(response, uri) };
        assert_eq!(reason(&flow), expected, "{response}");
    }
}

#[test]
fn a_forwarded_call_and_a_less_secure_address_are_no_moves() {
    let rang = format!(
        "{HOSTS}0 pbx > old\nINVITE {OLD}\n\n0.1 old > pbx tag=r1\n180 Ringing\n\n9.0 old > pbx tag=r1\n{MOVED}\n\n9.1 pbx > old\nACK\n\n"
    );
    let rest = followed(NEW, "200 OK").replace("0.03 pbx", "9.2 pbx");
    assert_eq!(reason(&format!("{rang}{rest}")), "after-ringing");
    assert_eq!(reason(&format!("{}{rest}", rang.replace("tag=r1\n180", "tag=r0\n180"))), "answered");
    for forwarded in [
        format!("{MOVED}\nDiversion: <{OLD}>;reason=unconditional"),
        MOVED.replace(&format!("<{NEW}>"), &format!("<{NEW};cause=302>")),
    ] {
        assert_ne!(forwarded, MOVED);
        assert_eq!(reason(&answered(&forwarded, NEW)), "forwarded", "{forwarded}");
    }
    let secure = answered(MOVED, NEW).replace("INVITE sip:bob@corp", "INVITE sips:bob@corp");
    assert_eq!(reason(&secure), "less-secure");
}

#[test]
fn of_several_contacts_the_best_usable_one_is_listed() {
    let several = "301 Moved\nContact: <sip:bob@low.corp.example>;q=0.1, <sip:bob@new.corp.example>;q=0.9, <mailto:b@corp.example>";
    let row = list(&[&answered(several, NEW)]).rows().remove(0);
    assert_eq!((row.new.as_deref(), row.contacts, row.reason), (Some(NEW), 3, Reason::Answered));
    assert_eq!(reason(&answered(several, "sip:bob@low.corp.example")), "other-contact-answered");
}

#[test]
fn spellings_of_one_address_share_a_row() {
    let flow = calls(&[
        call(0, "c1", "sip:+1-215-555-0113;npdi@corp.example:5060;user=phone", NEW, Some("200 OK")),
        call(60, "c2", "sip:(215)555-0113@CORP.example", NEW, Some("200 OK")),
    ]);
    let row = list(&[&flow]).rows().remove(0);
    assert_eq!((row.old.as_str(), row.calls), ("sip:+12155550113@corp.example", 2));
    for (uri, record) in [
        ("tel:+1-215-555-0113", "tel:+12155550113"),
        ("tel:5001;phone-context=corp.example", "tel:5001;phone-context=corp.example"),
        ("sips:bob:secret@corp.example:5061;x", "sips:bob@corp.example"),
        ("sip:corp.example:5070", "sip:corp.example:5070"),
        ("urn:service:sos", "urn:service:sos"),
    ] {
        assert_eq!(of_record(&Uri::read(uri).unwrap()), record);
    }
}

#[test]
fn tables_keep_to_their_limits_and_say_so() {
    let targets: Vec<String> =
        (0..12).map(|n| call(n * 60, &format!("c{n}"), OLD, &format!("sip:bob@n{n}.corp.example"), None)).collect();
    let moves = list(&[&calls(&targets)]);
    assert_eq!((moves.rows().len(), moves.left_out()), (MOVE_TARGETS, 4));
    let mut moves = list(&[&answered(MOVED, NEW)]);
    for n in moves.addresses.len()..MOVED_ADDRESSES {
        let address = Address { old: String::new(), asked: BTreeSet::new(), targets: Vec::new() };
        moves.addresses.insert(format!("filler {n}"), address);
    }
    for report in diagnose(&answered(MOVED, NEW).replace("INVITE sip:bob@corp", "INVITE sip:late@corp")).calls {
        moves.observe(&report);
    }
    assert_eq!((moves.addresses.len(), moves.left_out()), (MOVED_ADDRESSES, 1));
}

#[test]
fn an_address_that_could_not_be_compared_is_not_adopted() {
    let mut moves = list(&[&answered(MOVED, NEW)]);
    moves.redirects = Redirects::default();
    assert_eq!(moves.rows()[0].reason, Reason::NotCompared);
}

#[test]
fn frames_are_capped_and_the_rest_is_counted() {
    let many: Vec<String> = (0..20).map(|n| call(n * 60, &format!("c{n}"), OLD, NEW, Some("200 OK"))).collect();
    let row = list(&[&calls(&many)]).rows().remove(0);
    assert_eq!((row.calls, row.seen.frames().count(), row.seen.more()), (20, 16, 4));
    assert_eq!(row.seen.frames().next().map(|at| at.frame), Some(2));
}

#[test]
fn the_table_of_reasons_is_complete_and_names_rules_that_exist() {
    let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    assert!(Reason::ALL.is_sorted() && Reason::ALL.iter().filter(|reason| reason.adopts()).count() == 1);
    for (code, _) in OBJECTIONS {
        assert!(RULES.iter().any(|rule| rule.code == code), "{code}");
    }
}

#[test]
fn what_a_routing_database_found_of_the_same_address_is_told_as_that() {
    let of = |contact: &str, at: &str| {
        reason(
            &redirected(&format!("301 Moved\nContact: <{contact}>"), "")
                .replace("\n0.015 ", &format!("\n{at} "))
                .replace("\n0.016 ", "\n0.9 "),
        )
    };
    let ported = "sip:bob;rn=+12154100000;npdi@corp.example";
    assert_eq!(of(ported, "0.004"), "routing-dip");
    assert_eq!(of(ported, "0.8"), "routing-parameters");
    assert!(["same-address", "to-itself"].contains(&of("sip:bob@corp.example;transport=tcp", "0.004")));
}

#[test]
fn an_address_that_the_server_put_in_place_of_another_is_for_one_call() {
    let flow = |own: &str| {
        format!(
            "host ua 203.0.113.10\nhost out 198.51.100.2\nhost in 192.0.2.2\nhost old 192.0.2.30\nhost new 192.0.2.40\n\n\
             0 ua > out call=a\nINVITE sip:200@198.51.100.2\nFrom: <sip:+4420794600@203.0.113.10>\n\n\
             0.003 in > old call=b\nINVITE sip:200@192.0.2.30\nFrom: <sip:+4420794600@192.0.2.2>\n\n\
             0.01 old > in call=b\n301 Moved\nContact: <sip:200@192.0.2.40>\n\n0.011 in > old call=b\nACK\n\n\
             0.012 out > ua call=a\n301 Moved\nContact: <sip:200-t7@{own}>\n\n0.02 ua > out call=a\nACK\n\n\
             0.03 ua > {own} call=a\nINVITE sip:200-t7@{own}\n\n0.1 {own} > ua call=a\n200 OK\n\n0.11 ua > {own} call=a\nACK\n"
        )
    };
    for (own, expected) in [("198.51.100.2", "rewritten"), ("198.51.100.3", "answered")] {
        let rows = rows(&[&flow(own)]);
        let of_outside = rows.iter().find(|(old, ..)| old == "sip:200@198.51.100.2").unwrap();
        assert_eq!(of_outside.2, expected, "{rows:?}");
    }
}

#[test]
fn a_number_that_a_telephone_network_says_was_changed_is_a_move() {
    let flow = |fields: &str| {
        let followed = followed("sip:bob@new.corp.example", "200 OK");
        redirected(&format!("301 Moved{fields}\nContact: <sip:bob@new.corp.example>"), &followed)
            .replace("0.015 old", "0.010 old > pbx tag=r1\n183 Session Progress\n\n0.015 old")
    };
    assert_eq!(reason(&flow("\nReason: Q.850;cause=22;text=\"Number changed\"")), "answered");
    assert_eq!(reason(&flow("\nReason: Q.850;cause=19")), "after-ringing");
    assert_eq!(reason(&flow("")), "after-ringing");
}
