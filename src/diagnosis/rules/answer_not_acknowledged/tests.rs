use super::*;
use crate::diagnosis::testing::{check, only, with_code};

const HOSTS: &str = "host alice 192.0.2.10\nhost proxy 198.51.100.5\nhost bob 203.0.113.60\n\n";
const INVITE: &str = "0.0 alice > bob\nINVITE sip:bob@203.0.113.60\n\n";
const LATER: &str = "90.0 alice > bob call=ping\nOPTIONS sip:b\n\n+0.1 bob > alice call=ping\n200 OK\n\n";
const ALL: &str = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
const FOUR: &str = "repeat=0.5,1.5,3.5";

fn flow(words: &str, contact: &str, rest: &str) -> String {
    format!("{HOSTS}{INVITE}2.0 bob > alice tag=b1 {words}\n200 OK\n{contact}\n\n{rest}{LATER}")
}

#[test]
fn a_repeated_answer_without_ack_is_found_and_what_looks_alike_is_not() {
    let ack = |at: &str| format!("{at} alice > bob\nACK\n\n");
    let bye = |at: &str, way: &str| format!("{at} {way}\nBYE\n\n+0.1 {}\n200 OK\n\n", reversed(way));
    let cut = |words: &str| flow(words, "", "").replace(LATER, "");
    let tcp =
        flow(ALL, "", "").replace(" tag=b1", " tcp tag=b1").replace("alice > bob\nINVITE", "alice > bob tcp\nINVITE");
    let blind = format!("{HOSTS}2.0 bob > alice tag=b1 re=INVITE cseq=1 {ALL}\n200 OK\n\n")
        + &LATER.replace("alice > bob", "alice > proxy").replace("bob > alice", "proxy > alice");
    check(
        RULE.code,
        &[
            ("to the end of its timer", &flow(ALL, "", ""), Some(Severity::Error)),
            ("over TCP, where a 2xx is repeated as well", &tcp, Some(Severity::Error)),
            ("ended by who answered", &flow(ALL, "", &bye("34.1", "bob > alice")), Some(Severity::Error)),
            ("given up before", &flow(FOUR, "", &bye("6.0", "bob > alice")), Some(Severity::Error)),
            ("the caller hung up", &flow(FOUR, "", &bye("6.0", "alice > bob")), Some(Severity::Warning)),
            ("the capture ends", &cut(FOUR), Some(Severity::Notice)),
            ("one direction only", &blind, Some(Severity::Notice)),
            ("a late ACK", &flow(FOUR, "", &ack("5.6")), None),
            ("an ACK that did not help", &flow(ALL, "", &ack("2.1")), None),
            ("an ACK by another way", &flow(FOUR, "", ""), None),
            ("an ACK by another way, and a BYE long after", &flow(FOUR, "", &bye("60.0", "alice > bob")), None),
            ("two copies are no pattern", &cut("repeat=0.5,1.5"), None),
            ("captured twice", &cut("dup=0.0002"), None),
            ("failures are for another rule", &flow(ALL, "", "").replace("200 OK\n\n", "486 Busy Here\n\n"), None),
        ],
    );
}

fn reversed(way: &str) -> String {
    way.split(" > ").collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" > ")
}

#[test]
fn each_end_has_its_sentence() {
    let sentence = |words: &str, rest: &str| only(&flow(words, "", rest), RULE.code).message.to_string();
    assert_eq!(
        sentence(ALL, ""),
        "203.0.113.60:5060 sent its 200 to INVITE 11 times in 31.5 s, to the end of its timer, and got no ACK: such a \
         call is ended after 32 s."
    );
    assert_eq!(
        sentence(ALL, "34.1 bob > alice\nBYE\n\n"),
        "203.0.113.60:5060 sent its 200 to INVITE 11 times in 31.5 s and got no ACK; 32.1 s after the first it ended \
         the call."
    );
    assert_eq!(
        sentence(ALL, "42.0 alice > bob\nBYE\n\n"),
        "203.0.113.60:5060 sent its 200 to INVITE 11 times in 31.5 s, to the end of its timer, and got no ACK. It did not \
         end the call then, as it should after 32 s: a BYE came 40 s after the first."
    );
}

#[test]
fn where_the_ack_has_to_go_tells_who_must_act() {
    let found = |contact: &str| only(&flow(ALL, contact, ""), RULE.code);
    let role = |finding: &Finding| finding.actor.as_ref().unwrap().role.to_string();
    let unreachable = found("Contact: <sip:bob@10.1.2.3>");
    assert!(
        unreachable
            .message
            .to_string()
            .ends_with("By Contact the ACK has to go to 10.1.2.3, a private address, and the caller is at 192.0.2.10."),
        "{}",
        unreachable.message
    );
    assert_eq!(role(&unreachable), "operator of the server that writes this Contact");
    // A name, or an address that talks: nothing is known against it.
    for contact in ["Contact: <sip:bob@pbx.example.net>", "Contact: <sip:bob@203.0.113.60>"] {
        let plain = found(contact);
        assert!(plain.message.to_string().ends_with("is ended after 32 s."), "{}", plain.message);
        assert_eq!(role(&plain), CLIENT);
    }
    let route = found("Record-Route: <sip:198.51.100.5;lr>, <sip:169.254.7.8;lr>\nContact: <sip:bob@10.1.2.3>");
    assert!(route.message.to_string().contains("By Record-Route the ACK has to go to 169.254.7.8, a link-local"));
    assert_eq!(role(&route), "operator of the proxy that writes this Record-Route");
    assert!(route.evidence.iter().any(|e| e.text.starts_with("Record-Route: ")));
}

#[test]
fn an_ack_with_another_tag_is_shown() {
    let with = |ack: &str| only(&flow(ALL, "", &format!("2.1 alice > bob {ack}\nACK\n\n")), RULE.code);
    assert!(
        with("to-tag=zz").message.to_string().ends_with("An ACK came that does not match: its To tag is zz, not b1.")
    );
    assert!(with("to-tag=-").message.to_string().contains("its To tag is missing, not b1"));
    assert!(with("cseq=7").message.to_string().contains("its CSeq number is 7, not 1"));
}

#[test]
fn a_client_may_reach_what_is_private_where_it_is() {
    let found = |sent_by: &str| {
        let text = flow(ALL, "Contact: <sip:bob@10.1.2.3>", "")
            .replace(
                "alice > bob\nINVITE sip:bob@203.0.113.60",
                "alice > bob\nINVITE sip:bob@203.0.113.60\nVia: SIP/2.0/UDP HOST;branch=z9hG4bKq1",
            )
            .replace("tag=b1", "tag=b1 branch=q1")
            .replace("HOST", sent_by);
        only(&text, RULE.code).message.to_string()
    };
    assert!(found("10.7.7.7").ends_with("is ended after 32 s."), "{}", found("10.7.7.7"));
    assert!(found("192.0.2.10").ends_with("the caller is at 192.0.2.10."), "{}", found("192.0.2.10"));
}

#[test]
fn inside_a_dialog_the_ack_goes_by_the_route_of_the_invite() {
    let again = |route: &str, words: &str| {
        format!(
            "{HOSTS}{INVITE}1.0 bob > alice tag=b1\n200 OK\n\n1.1 alice > bob\nACK\n\n5.0 alice > bob to-tag=b1\n\
             INVITE sip:bob@203.0.113.60\n{route}\n\n5.1 bob > alice tag=b1 {words}\n200 OK\nRecord-Route: <sip:10.9.9.9;lr>\n\
             Contact: <sip:bob@203.0.113.60>\n\n{LATER}"
        )
    };
    let told = only(&again("Route: <sip:10.0.0.5;lr>, <sip:10.9.9.9;lr>", ALL), RULE.code);
    let said = told.message.to_string();
    assert!(said.contains("By Route the ACK has to go to 10.0.0.5, a private address"), "{said}");
    assert_eq!(told.evidence.iter().filter(|e| e.text.starts_with("Route: ")).count(), 1);
    assert!(!told.evidence.iter().any(|e| e.text.starts_with("Record-Route: ")));
    // Without Route there is no route set: the ACK goes to the Contact.
    let direct = only(&again("", ALL), RULE.code).message.to_string();
    assert!(direct.ends_with("is ended after 32 s."), "{direct}");
    assert!(with_code(&again("", ""), RULE.code).is_empty());
}

#[test]
fn two_answers_without_ack_are_told_apart() {
    let second = format!("2.2 bob > alice re=INVITE cseq=1 tag=c1 {ALL}\n200 OK\n\n");
    let findings = with_code(&flow(ALL, "", &second), RULE.code);
    let said: Vec<_> = findings.iter().map(|f| f.message.to_string()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    for (sentence, tag) in said.iter().zip(["b1", "c1"]) {
        let which = format!("It is the one with To tag {tag}, of 2 answers to that INVITE without ACK.");
        assert!(sentence.ends_with(&which), "{sentence}");
    }
    let alone = only(&flow(ALL, "", ""), RULE.code).message.to_string();
    assert!(!alone.contains("To tag"), "{alone}");
}

#[test]
fn an_answer_that_the_client_did_not_want_is_told_apart() {
    let fork = flow(ALL, "", "2.5 bob > alice re=INVITE cseq=1 tag=c1\n200 OK\n\n2.6 alice > bob to-tag=c1\nACK\n\n");
    let second = only(&fork, RULE.code);
    assert_eq!(second.severity, Severity::Warning);
    let said = second.message.to_string();
    assert!(
        said.ends_with(
            "Another answer to the same INVITE, with the To tag c1, was acknowledged: that call is not affected."
        ),
        "{said}"
    );
    let cancelled = only(
        &flow(ALL, "", "")
            .replace("2.0 bob", "1.9 alice > bob\nCANCEL\n\n1.95 bob > alice re=CANCEL\n200 OK\n\n2.0 bob"),
        RULE.code,
    );
    assert!(cancelled.message.to_string().contains("The caller had cancelled the call"), "{}", cancelled.message);
}

#[test]
fn provisional_acknowledgements_are_no_ack() {
    let with = |ack: &str| {
        format!(
            "{HOSTS}{INVITE}1.0 bob > alice tag=b1\n183 Session Progress\nRequire: 100rel\nRSeq: 1\n\n1.1 alice > bob cseq=2\nPRACK \
             sip:b\nRAck: 1 1 INVITE\n\n1.2 bob > alice\n200 OK\n\n2.0 bob > alice re=INVITE cseq=1 tag=b1 {ALL}\n200 OK\n\n{ack}{LATER}"
        )
    };
    let finding = only(&with(""), RULE.code);
    assert!(finding.message.to_string().ends_with("is ended after 32 s."), "{}", finding.message);
    let ack = only(&with("2.1 alice > bob cseq=2\nACK\n\n"), RULE.code);
    assert!(ack.message.to_string().ends_with("its CSeq number is 2, not 1."), "{}", ack.message);
}

#[test]
fn copies_before_and_behind_a_translation_of_addresses_are_no_repetitions() {
    let once = "2.0 bob > alice tag=b1 re=INVITE cseq=1 branch=q1\n200 OK\n\n2.001 bob > proxy tag=b1 re=INVITE cseq=1 branch=q1\n200 OK\n\n";
    let again = once.replace("2.0 bob", "2.5 bob").replace("2.001 bob", "2.501 bob");
    assert!(with_code(&format!("{HOSTS}{once}{again}"), RULE.code).is_empty());
}

#[test]
fn of_several_hops_one_finding_names_who_answered() {
    let flow = format!(
        "{HOSTS}0.0 alice > proxy\nINVITE sip:bob@example.net\n\n0.01 proxy > bob forward\nINVITE sip:bob@203.0.113.60\n\
         Record-Route: <sip:10.0.0.5;lr>\n\n2.0 bob > proxy tag=b1 {ALL}\n200 OK\n\n\
         2.01 proxy > alice forward tag=b1 {ALL}\n200 OK\nRecord-Route: <sip:10.0.0.5;lr>\n\n{LATER}"
    );
    let finding = only(&flow, RULE.code);
    assert!(finding.message.to_string().starts_with("203.0.113.60:5060 sent its 200"), "{}", finding.message);
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.5:5060");
    // An ACK on either hop acknowledges it.
    let acknowledged = flow.replace(LATER, &format!("2.1 alice > proxy\nACK\n\n{LATER}"));
    assert!(with_code(&acknowledged, RULE.code).is_empty());
}
