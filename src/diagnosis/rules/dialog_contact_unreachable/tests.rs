use super::*;
use crate::diagnosis::reports::{codes, report, reports};

const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";

/// A call from behind NAT whose callee hangs up; `contact` is where the caller says that it is.
fn flow(contact: &str, host: &str, rest: &str) -> String {
    format!(
        "host nat 203.0.113.9:41000\nhost phone {host}\nhost pbx 198.51.100.30\n\n\
         0.0 nat > pbx from-tag=a\nINVITE sip:bob@b.example\nContact: <sip:alice@{contact}>\n\n1.0 pbx > nat tag=t\n200 OK\n\n1.1 nat > pbx\nACK\n\n\
         9.0 pbx > phone from-tag=t to-tag=a {ALL}\nBYE sip:alice@{contact}\n\n{rest}"
    )
}

fn said(flow: &str) -> Vec<String> {
    reports(flow).iter().flat_map(codes).collect()
}

/// The caller is still there.
const LIFE: &str = "20.0 nat > pbx\nINFO sip:bob@198.51.100.30\n\n20.1 pbx > nat\n200 OK\n\n";

#[test]
fn a_contact_that_nobody_answers_at_is_told() {
    let private = flow("192.168.1.20", "192.168.1.20", "");
    let with_life = format!("{private}{LIFE}");
    let public = flow("203.0.113.77", "203.0.113.77", "");
    let port = flow("203.0.113.9:5060", "203.0.113.9:5060", "");
    let code = |severity: &str| vec![format!("dialog-contact-unreachable {severity}")];
    for (name, flow, expected) in [
        ("private", &private, code("warning")),
        ("private, and alive", &with_life, code("error")),
        ("another address", &public, code("warning")),
        ("another port", &port, code("warning")),
        (
            "ICMP",
            &flow("203.0.113.77", "203.0.113.77", "9.1 203.0.113.1 > pbx icmp=host-unreachable quote=4\n\n"),
            code("error"),
        ),
    ] {
        assert_eq!(said(flow), expected, "{name}");
    }
    let told = report(&with_life);
    let message = told.findings[0].message.to_string();
    assert!(message.starts_with("198.51.100.30:5060 sent BYE to 192.168.1.20:5060"), "{message}");
    assert!(message.contains("the INVITE with that Contact came from 203.0.113.9:41000"), "{message}");
    assert!(message.ends_with("that end is behind NAT."), "{message}");
    assert_eq!(told.findings[0].certainty, Certainty::Strong);
    assert_eq!(report(&public).findings[0].certainty, Certainty::Weak);
}

#[test]
fn what_has_another_reason_is_left_to_other_rules() {
    let private = flow("192.168.1.20", "192.168.1.20", "");
    let none = vec!["no-response warning".to_owned()];
    for (name, flow, expected) in [
        ("the host of the call went down", flow("203.0.113.9:41000", "203.0.113.9:41000", ""), none.clone()),
        (
            "along a route",
            private.replace("BYE sip:alice@192.168.1.20\n", "BYE sip:alice@192.168.1.20\nRoute: <sip:p.example;lr>\n"),
            none.clone(),
        ),
        (
            "elsewhere than the Contact says",
            private.replace("Contact: <sip:alice@192.168.1.20>", "Contact: <sip:alice@192.168.1.21>"),
            none.clone(),
        ),
        (
            "SIP comes from there",
            format!(
                "{private}2.0 phone > pbx call=other\nOPTIONS sip:b.example\n\n2.1 pbx > phone call=other\n200 OK\n\n"
            ),
            none,
        ),
        ("it was answered", format!("{private}33.0 phone > pbx\n200 OK\n\n"), vec![]),
        ("repeated for a while", private.replace(ALL, "repeat=0.5,1.5,3.5"), vec![]),
    ] {
        assert_eq!(said(&flow), expected, "{name}");
    }
    // The caller sends its ACK to the same address: that it is lost says it all.
    let caller = format!(
        "host a 192.0.2.10\nhost p 198.51.100.30\nhost b 203.0.113.60\n\n0.0 a > p\nINVITE sip:bob@b.example\n\n\
         1.0 p > a tag=t\n200 OK\nContact: <sip:bob@203.0.113.60>\n\n1.1 a > b\nACK sip:bob@203.0.113.60\n\n9.0 a > b {ALL}\nBYE sip:bob@203.0.113.60\n\n"
    );
    assert_eq!(said(&caller), ["no-response warning"]);
}

#[test]
fn a_notify_is_told_as_well() {
    let flow = format!(
        "host nat 203.0.113.9:41000\nhost phone 192.168.1.20\nhost pbx 198.51.100.30\n\n\
         0.0 nat > pbx from-tag=a\nSUBSCRIBE sip:bob@b.example\nEvent: dialog\nContact: <sip:alice@192.168.1.20>\n\n0.1 pbx > nat tag=t\n200 OK\n\n\
         0.2 pbx > phone from-tag=t to-tag=a {ALL}\nNOTIFY sip:alice@192.168.1.20\nEvent: dialog\n\n"
    );
    assert_eq!(said(&flow), ["dialog-contact-unreachable warning"]);
}
