use super::RULE;
use crate::diagnosis::testing::{check, only, with_code};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host n1 203.0.113.9:41000\nhost n2 203.0.113.9:41777\nhost n3 203.0.113.10:41777\nhost p 198.51.100.5\nhost q 198.51.100.6\nhost a 198.51.100.30\n\n";
const INSIDE: &str = "192.168.1.20:5060";
const ALL: &str = " repeat=0.5,1.5,3.5,7.5,15.5,31.5";

/// A REGISTER of a client that is at `via` inside, with that number, and its answer.
fn register(at: u32, client: &str, number: u32, via: &str) -> String {
    format!(
        "{at} {client} > p call=R cseq={number}\nREGISTER sip:r.example\nVia: SIP/2.0/UDP {via};rport;branch=z9hG4bKr{at}\n\
         From: <sip:bob@r.example>;tag=f\nTo: <sip:bob@r.example>\nContact: <sip:bob@{via}>\nExpires: 600\n\n\
         +0.02 p > {client} call=R\n200 OK\nContact: <sip:bob@{via}>;expires=600\n\n"
    )
}

fn invite(at: u32, way: &str, repeat: &str) -> String {
    format!("{at} {way} call=I{at}{repeat}\nINVITE sip:bob@{INSIDE}\n\n")
}

fn flow(steps: &[String]) -> String {
    format!("{HOSTS}{}900 a > q call=o\nOPTIONS sip:q\n\n900.1 q > a call=o\n200 OK\n", steps.concat())
}

#[test]
fn another_port_of_the_same_client_shows_that_the_one_before_was_gone() {
    let r = register;
    let ping = |at: u32, client: &str| {
        format!("{at} p > {client} call=P{at}\nOPTIONS sip:bob@{INSIDE}\n\n+0.05 {client} > p call=P{at}\n200 OK\n\n")
    };
    let sends = |at: u32, client: &str| {
        format!("{at} {client} > p call=S{at}\nOPTIONS sip:p\n\n+0.05 p > {client} call=S{at}\n200 OK\n\n")
    };
    let usual =
        || vec![r(0, "n1", 1, INSIDE), r(60, "n1", 2, INSIDE), invite(120, "p > n1", ALL), r(300, "n2", 3, INSIDE)];
    let with = |at: usize, step: String| {
        let mut steps = usual();
        steps[at] = step;
        flow(&steps)
    };
    let more = |step: String| flow(&[usual(), vec![step]].concat());
    check(
        RULE.code,
        &[
            ("lost", &flow(&usual()), Some(Severity::Error)),
            ("once from each port", &with(0, String::new()), Some(Severity::Warning)),
            ("once, and it answers there", &with(0, ping(70, "n1")), Some(Severity::Error)),
            ("once, and it answers at the next port", &with(0, ping(400, "n2")), Some(Severity::Error)),
            (
                "it was not registered any more",
                &with(1, r(60, "n1", 2, INSIDE).replace("Expires: 600", "Expires: 0")),
                None,
            ),
            ("the same port again", &with(3, r(300, "n1", 3, INSIDE)), None),
            ("another address", &with(3, r(300, "n3", 3, INSIDE)), None),
            ("it began anew", &with(3, r(300, "n2", 1, INSIDE)), None),
            ("another registration", &with(3, r(300, "n2", 3, INSIDE).replace("call=R", "call=S")), None),
            ("another client behind the NAT", &with(3, r(300, "n2", 3, "192.168.1.21:5060")), None),
            ("another port of its own", &with(3, r(300, "n2", 3, "192.168.1.20:5099")), None),
            ("no NAT", &flow(&usual()).replace("192.168.1.20", "203.0.113.9"), None),
            ("asked by another server", &with(2, invite(120, "q > n1", ALL)), None),
            ("at once", &with(2, invite(70, "p > n1", ALL)), None),
            ("asked once", &with(2, invite(120, "p > n1", "")), None),
            ("still asked when it has the other port", &with(3, r(140, "n2", 3, INSIDE)), None),
            ("it answers there afterwards", &more(ping(200, "n1")), None),
            ("it sends from there afterwards", &more(sends(200, "n1")), None),
            (
                "it answers a call there afterwards",
                &more(invite(200, "p > n1", "") + "+0.1 n1 > p call=I200\n486 Busy Here\n\n"),
                None,
            ),
            ("it answers there still when it has another port", &more(ping(400, "n1")), None),
            (
                "Via names the outer address, and the capture is inside",
                &flow(&usual())
                    .replace("192.168.1.20", "8.8.4.4")
                    .replace("203.0.113.9", "10.0.0.9")
                    .replace("198.51.100.5", "10.0.0.5"),
                None,
            ),
            ("it answered", &with(2, invite(120, "p > n1", "") + "+0.1 n1 > p call=I120\n486 Busy Here\n\n"), None),
        ],
    );
}

#[test]
fn client_ports_and_times_are_named() {
    let steps = [register(0, "n1", 1, INSIDE), register(60, "n1", 2, INSIDE)];
    let more = [invite(120, "p > n1", ALL), invite(200, "p > n1", ALL), register(300, "n2", 3, INSIDE)];
    let finding = only(&flow(&[steps.to_vec(), more.to_vec()].concat()), RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "198.51.100.5:5060 sent INVITE to 203.0.113.9:41000, where sip:bob@r.example had registered from 60 s before, and got no response; 3 min \
         later the same client, which is 192.168.1.20:5060 behind the NAT, registered from port 41777: the NAT had given up port 41000. The same happened \
         to 1 more request of that server."
    );
    assert_eq!((finding.certainty, finding.calls.len(), finding.calls_total), (Certainty::Strong, 2, 2));
}

#[test]
fn the_finding_of_the_call_speaks_of_the_nat_as_soon_as_it_can() {
    const ASKED_ON: &str = "120 a > p call=I\nINVITE sip:bob@p\n\n120.01 p > a call=I\n100 Trying\n\n";
    let r = register;
    let to_client = |repeat: &str| format!("120.02 p > n1 forward call=I{repeat}\nINVITE sip:bob@{INSIDE}\n\n");
    let refused = |status: &str| {
        format!(
            "{ASKED_ON}{}152 p > a call=I re=INVITE\n{status}\n\n152.1 a > p call=I\nACK\n\n",
            to_client(" repeat=0.5,1.5,3.5,7.5,15.5")
        )
    };
    let plain = || invite(120, "p > n1", ALL);
    let sent = "130 n1 > p call=own\nOPTIONS sip:p\n\n130.1 p > n1 call=own\n200 OK\n\n";
    let before = "110 n1 > p call=own\nOPTIONS sip:p\n\n110.1 p > n1 call=own\n200 OK\n\n";
    let keep_alive = "110 n1 > p call=k\nNOTIFY sip:p\nEvent: keep-alive\n\n";
    let beside = "175 a > q call=beside\nOPTIONS sip:q\n\n175.1 q > a call=beside\n200 OK\n\n";
    let with = |call: String, rest: &str| {
        flow(&[r(0, "n1", 1, INSIDE), r(60, "n1", 2, INSIDE), call, rest.to_owned(), beside.to_owned()])
    };
    let later = || r(300, "n2", 3, INSIDE);
    // Each REGISTER has its response.
    let icmp = |kind: &str| format!("120.1 n1 > p icmp={kind} quote=5\n\n");
    let (perhaps, next) = (
        "keep-alives and calls that went on aside: the NAT may have given it up",
        "its next REGISTER came from port 41777",
    );
    // What is not answered itself shows that the port is the client's all the same.
    let quiet = |calls: &str| {
        let found = with_code(&with(plain(), calls), "no-response");
        found.iter().filter(|finding| finding.message.to_string().contains("had registered from")).count()
    };
    assert_eq!((quiet(""), quiet(keep_alive)), (1, 0));
    for (name, flow, code, told) in [
        ("no response", with(plain(), &later()), "no-response", Some(perhaps)),
        ("no later REGISTER", with(plain(), ""), "no-response", Some(perhaps)),
        ("a timeout", with(refused("408 Request Timeout"), &later()), "request-timeout", Some(perhaps)),
        ("another status", with(refused("480 Gone"), &later()), "failed-response", Some(perhaps)),
        ("the next one is known", with(plain(), &r(130, "n2", 3, INSIDE)), "no-response", Some(next)),
        ("it has another port already", with(plain(), &r(100, "n2", 3, INSIDE)), "no-response", None),
        ("it sent from there a little before", with(plain(), before), "no-response", None),
        ("it sends from there", with(plain(), sent), "no-response", None),
        ("it is not registered", with(plain(), "").replace("Expires: 600", "Expires: 0"), "no-response", None),
        ("no NAT", with(plain(), "").replace("192.168.1.20", "203.0.113.9"), "no-response", None),
        (
            "a host with two addresses",
            with(plain(), "").replace("203.0.113.9", "192.168.1.21").replace("198.51.100.5", "192.168.1.5"),
            "no-response",
            None,
        ),
        ("another server", with(invite(120, "q > n1", ALL), ""), "no-response", None),
        ("ICMP of the port", with(plain() + &icmp("port-unreachable"), ""), "no-response", Some(perhaps)),
        ("no way to the NAT", with(plain() + &icmp("host-unreachable"), ""), "no-response", None),
        ("a filter", with(plain() + &icmp("admin-prohibited"), ""), "no-response", None),
    ] {
        let finding = only(&flow, code);
        let said = finding.message.to_string();
        assert_eq!(
            said.contains("A client behind NAT, 192.168.1.20:5060, had registered"),
            told.is_some(),
            "{name}: {said}"
        );
        assert!(told.is_none_or(|told| said.contains(told)), "{name}: {said}");
        let advice: Vec<_> = finding.remediation.iter().map(ToString::to_string).collect();
        let is_of_nat = advice
            .iter()
            .any(|fix| fix.contains("keep-alives of the client") || fix.starts_with("Let the client send keep-alives"));
        assert_eq!(is_of_nat, told.is_some(), "{name}: {advice:?}");
        assert!(told.is_none() || !advice.iter().any(|fix| fix.contains("look into")), "{name}: {advice:?}");
    }
}
