use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::testing::{findings, only, with_code};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost q 198.51.100.6\nhost b 203.0.113.20\n\n";
const ONE: &str = "<sip:198.51.100.5;lr>";
const TWO: &str = "<sip:198.51.100.6;lr>, <sip:198.51.100.5;lr>";
/// Both hosts are heard long after it.
const LATER: &str = "60.0 p > a call=ping\nOPTIONS sip:192.0.2.10\n\n+0.01 a > p call=ping\n200 OK\n\n\
    60.5 p > b call=ping2\nOPTIONS sip:203.0.113.20\n\n+0.01 b > p call=ping2\n200 OK\n\n";

/// A call of `a` to `b` by the proxy `p` that is answered, with Record-Route as it comes to `b`, and then `steps`.
fn flow(recorded: &str, steps: &str) -> String {
    let field = if recorded.is_empty() { String::new() } else { format!("Record-Route: {recorded}\n") };
    format!(
        "{HOSTS}0.0 a > p\nINVITE sip:bob@corp.example\n\n\
         0.01 p > b forward\nINVITE sip:bob@203.0.113.20\n{field}\n\
         1.0 b > p tag=b1\n200 OK\n\n1.01 p > a forward\n200 OK\n\n\
         1.02 a > p\nACK\n\n1.03 p > b forward\nACK\n\n{steps}{LATER}"
    )
}

fn codes(flow: &str) -> Vec<&'static str> {
    findings(flow).iter().map(|f| f.code).collect()
}

const REFUSED: &str = "9.0 a > p\nBYE sip:bob@203.0.113.20\n\n9.01 p > a\n404 Not Found\n\n";

#[test]
fn a_bye_without_route_that_the_proxy_refuses_is_told() {
    let steps = flow(ONE, REFUSED);
    let finding = only(&steps, RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "192.0.2.10:5060 sent BYE to 198.51.100.5:5060, and got 404 Not Found from 198.51.100.5:5060. By Record-Route of the 200 it has to go by \
         sip:198.51.100.5;lr, and it has no Route."
    );
    assert_eq!(finding.severity, Severity::Error);
    assert!(!codes(&steps).contains(&"failed-response"), "{:?}", codes(&steps));
}

#[test]
fn one_end_is_told_once() {
    let steps = format!(
        "5.0 a > p to-tag=b1\nINVITE sip:bob@203.0.113.20\n\n5.01 p > a\n481 No Dialog\n\n5.02 a > p\nACK\n\n{REFUSED}"
    );
    let finding = only(&flow(ONE, &steps), RULE.code);
    assert!(finding.message.to_string().contains("sent INVITE") && finding.evidence.len() >= 4, "{finding:?}");
    let all = codes(&flow(ONE, &steps));
    assert!(!all.iter().any(|code| ["dialog-unknown", "failed-response"].contains(code)), "{all:?}");
}

#[test]
fn a_called_end_that_sends_past_the_proxy_into_silence_is_told() {
    let steps = "9.0 b > a repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5\nBYE sip:alice@192.0.2.10\n\n";
    let finding = only(&flow(ONE, steps), RULE.code);
    let text = finding.message.to_string();
    assert!(text.contains("got no response. By Record-Route of the INVITE it has to go by sip:198.51.100.5;lr, and it has no Route. It went past 198.51.100.5."), "{text}");
    assert!(!codes(&flow(ONE, steps)).contains(&"no-response"));
}

#[test]
fn the_order_of_a_caller_is_the_opposite_one() {
    let bye =
        |routes: &str| format!("9.0 a > p\nBYE sip:bob@203.0.113.20\nRoute: {routes}\n\n9.01 p > a\n404 Not Found\n\n");
    let wrong = only(&flow(TWO, &bye(TWO)), RULE.code).message.to_string();
    assert!(wrong.contains("its Route has them in the opposite order"), "{wrong}");
    let other = only(&flow(TWO, &bye("<sip:198.51.100.5;lr>")), RULE.code).message.to_string();
    assert!(other.ends_with("and its Route is sip:198.51.100.5;lr."), "{other}");
    let right = "<sip:198.51.100.5;lr>, <sip:198.51.100.6;lr>";
    for routes in [right.to_owned(), format!("<sip:192.0.2.1;lr>, {right}"), right.replace(";lr", ";lr=on;x=1")] {
        assert!(with_code(&flow(TWO, &bye(&routes)), RULE.code).is_empty(), "{routes}");
    }
}

#[test]
fn a_proxy_without_lr_is_told() {
    let strict = "<sip:198.51.100.5>";
    let loose = "9.0 a > p\nBYE sip:bob@203.0.113.20\nRoute: <sip:198.51.100.5>\n\n9.01 p > a\n404 Not Found\n\n";
    let text = only(&flow(strict, loose), RULE.code).message.to_string();
    assert!(text.contains("has no \"lr\", which makes it a strict router"), "{text}");
    let obeyed = "9.0 a > p\nBYE sip:198.51.100.5\nRoute: <sip:bob@203.0.113.20>\n\n9.01 p > a\n404 Not Found\n\n";
    let text = only(&flow(strict, obeyed), RULE.code).message.to_string();
    assert!(text.contains("as a strict router (RFC 2543) wants it"), "{text}");
}

#[test]
fn an_answer_that_leaves_out_record_route_is_told() {
    let steps = format!(
        "{HOSTS}0.0 a > p\nINVITE sip:bob@corp.example\n\n0.01 p > b forward\nINVITE sip:bob@203.0.113.20\nRecord-Route: {ONE}\n\n\
         1.0 b > p omit=Record-Route\n200 OK\n\n1.01 p > a forward\n200 OK\n\n\
         1.02 a > p\nACK\n\n1.03 p > b forward\nACK\n\n{REFUSED}{LATER}"
    );
    let finding = only(&steps, RULE.code);
    let text = finding.message.to_string();
    assert!(text.contains("The 200 leaves out Record-Route of its INVITE"), "{text}");
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "203.0.113.20:5060");
}

#[test]
fn what_goes_the_right_way_or_does_no_harm_is_none() {
    let bye = |way: &str, got: &str| format!("9.0 {way}\n\n+0.01 {got}\n\n");
    let refused = bye("a > p\nBYE sip:bob@203.0.113.20", "p > a\n404 Not Found");
    let refused_by_end = bye("a > b\nBYE sip:bob@203.0.113.20", "b > a\n481 No Dialog");
    for (name, recorded, steps) in [
        ("no Record-Route", "", refused),
        ("accepted past the proxy", ONE, bye("a > b\nBYE sip:bob@203.0.113.20", "b > a\n200 OK")),
        ("refused by the other end itself", ONE, refused_by_end),
        (
            "with Route",
            ONE,
            bye("a > p\nBYE sip:bob@203.0.113.20\nRoute: <sip:198.51.100.5;lr>", "p > a\n481 No Dialog"),
        ),
        ("refused for its offer", ONE, bye("a > p\nUPDATE sip:bob@203.0.113.20", "p > a\n488 Not Acceptable Here")),
    ] {
        let flow = flow(recorded, &steps);
        assert!(with_code(&flow, RULE.code).is_empty(), "{name}");
    }
}

#[test]
fn what_fails_for_another_reason_than_its_way_is_none() {
    let invite = "9.0 a > p to-tag=b1\nINVITE sip:bob@203.0.113.20\n\n9.01 p > b forward to-tag=b1\nINVITE sip:bob@203.0.113.20\n\n\
        9.1 b > p\n403 Forbidden\n\n9.11 p > a forward\n403 Forbidden\n\n9.12 a > p\nACK\n\n";
    let crossing = "9.0 b > p\nBYE sip:alice@192.0.2.10\nRoute: <sip:198.51.100.5;lr>\n\n9.01 p > a forward\nBYE sip:alice@192.0.2.10\n\n\
        9.012 a > p\n200 OK\n\n9.02 p > b forward\n200 OK\n\n9.015 a > p\nBYE sip:bob@203.0.113.20\n\n9.03 p > a\n481 No Dialog\n\n";
    let timeout =
        "9.0 a > p\nBYE sip:198.51.100.5\nRoute: <sip:bob@203.0.113.20>\n\n9.01 p > a\n408 Request Timeout\n\n";
    let routed =
        |route: &str| format!("9.0 a > p\nBYE sip:bob@203.0.113.20\nRoute: {route}\n\n9.01 p > a\n404 Not Found\n\n");
    for (name, recorded, steps) in [
        ("passed on to the other end, which refuses it", ONE, invite.to_owned()),
        ("the other end had hung up", ONE, crossing.to_owned()),
        ("behind a strict router nobody answers", "<sip:198.51.100.5>", timeout.to_owned()),
        ("one address in two forms", "<sip:[2001:db8:0:0::5];lr>", routed("<sip:[2001:DB8::5];lr>")),
        ("the port of the transport", "<sip:198.51.100.5;transport=tcp;lr>", routed("<sip:198.51.100.5:5060;lr>")),
    ] {
        assert!(with_code(&flow(recorded, &steps), RULE.code).is_empty(), "{name}");
    }
}

#[test]
fn a_proxy_that_hides_who_is_in_front_of_it_finds_itself_in_record_route() {
    let hidden = |own: &str, route: &str| {
        let recorded = format!("<sip:198.51.100.6;lr>, {own}");
        format!(
            "{HOSTS}0.0 p > q\nINVITE sip:bob@corp.example\nRecord-Route: {own}\n\n\
             0.01 q > b forward\nINVITE sip:bob@203.0.113.20\nRecord-Route: {recorded}\n\n\
             1.0 b > q tag=b1\n200 OK\n\n1.01 q > p forward\n200 OK\n\n1.02 p > q\nACK\n\n1.03 q > b forward\nACK\n\n\
             9.0 p > q\nBYE sip:bob@203.0.113.20\n{route}\n9.01 q > p\n404 Not Found\n\n"
        )
    };
    let by_next = "Route: <sip:198.51.100.6;lr>\n";
    let both_sides = format!("{ONE}, <sip:10.0.0.5;lr>");
    for own in [ONE, "<sip:edge.example;lr>", &both_sides] {
        assert!(with_code(&hidden(own, by_next), RULE.code).is_empty(), "{own}");
        assert_eq!(with_code(&hidden(own, ""), RULE.code).len(), 1, "{own}");
    }
}
