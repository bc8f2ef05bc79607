//! Matching as RFC 3261 §17 has it, on flows in text form.

use proptest::prelude::*;

use super::match_messages;
use crate::call::{CapturedMessage, Transaction};
use crate::provenance::{self, Endpoint, FrameRef, Frames, Provenance, Timestamp, Transport};
use crate::sample::Flow;
use crate::sip::{self, Message};

const HOSTS: &str =
    "host a 192.0.2.10\nhost p 198.51.100.30\nhost b 203.0.113.40\nhost c 203.0.113.41\nhost a2 192.0.2.11\n\n";

fn captured(steps: &str) -> Vec<CapturedMessage> {
    let flow = Flow::parse(&format!("{HOSTS}{steps}")).unwrap();
    let mut all = Vec::new();
    for datagram in flow.datagrams() {
        for framed in sip::messages(&datagram.payload, false) {
            let provenance = datagram.provenance(u32::try_from(framed.offset).unwrap());
            all.push(CapturedMessage::new(framed.message, provenance));
        }
    }
    all
}

fn transactions(steps: &str) -> Vec<Transaction> {
    match_messages(&captured(steps))
}

/// Method, statuses of the final responses, numbers of retransmissions and ACKs.
fn shape(transactions: &[Transaction]) -> Vec<(String, Vec<u16>, usize, usize)> {
    let one = |t: &Transaction| {
        let statuses = t.finals.iter().map(|f| f.status.0).collect();
        (t.method.to_string(), statuses, t.retransmissions.len(), t.acks.len())
    };
    transactions.iter().map(one).collect()
}

fn row(method: &str, finals: &[u16], retransmissions: usize, acks: usize) -> (String, Vec<u16>, usize, usize) {
    (method.to_owned(), finals.to_vec(), retransmissions, acks)
}

#[test]
fn section_17_2_3_a_request_with_the_same_branch_sent_by_and_method_is_a_retransmission() {
    let found = transactions(
        "0.0 a > b repeat=0.5,1.5\nINVITE sip:bob@b.example\n\n2.0 b > a\n486 Busy Here\n\n2.1 a > b\nACK\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[486], 2, 1)]);
}

#[test]
fn section_17_2_3_another_sent_by_is_another_transaction() {
    let found = transactions(
        "0.0 a > p branch=same\nINVITE sip:bob@b.example\n\n0.1 a2 > p branch=same cseq=1\nINVITE sip:bob@b.example\n\n\
         0.2 p > a re=INVITE\n404 Not Found\n",
    );
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].finals.len(), found[1].finals.len()), (1, 0));
}

#[test]
fn section_17_2_3_ack_to_a_failure_has_the_branch_of_its_invite_and_cancel_is_a_transaction_of_its_own() {
    let found = transactions(
        "0.0 a > b\nINVITE sip:bob@b.example\n\n0.1 b > a tag=x\n180 Ringing\n\n1.0 a > b\nCANCEL\n\n1.1 b > a re=CANCEL\n200 OK\n\n\
         1.2 b > a re=INVITE tag=x\n487 Request Terminated\n\n1.3 a > b\nACK\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[487], 0, 1), row("CANCEL", &[200], 0, 0)]);
    assert_eq!(found[0].cancelled_by.map(|t| t.0), Some(1));
}

#[test]
fn a_response_to_an_ack_answers_no_invite() {
    let invite = |last: &str| {
        format!(
            "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=x\n{last}\n\n1.1 a > b\nACK\n\n1.2 b > a tag=x re=ACK\n"
        )
    };
    for (last, status, answer, other) in [("486 Busy Here", 486, "200 OK", 200), ("200 OK", 200, "405 No", 405)] {
        let messages = captured(&format!("{}{answer}\n", invite(last)));
        assert_eq!(messages[3].message.cseq().unwrap().method.name(), "ACK");
        let rows = [row("INVITE", &[status], 0, 1), row("ACK", &[other], 0, 0)];
        assert_eq!(shape(&match_messages(&messages)), rows, "{last}");
        assert_eq!(shape(&super::matcher::by_keys(&messages)), rows, "{last}");
    }
}

#[test]
fn section_13_2_2_4_ack_to_a_success_has_a_branch_of_its_own() {
    let messages = captured(
        "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=x\n200 OK\n\n1.1 a > b\nACK\n\n5.0 a > b\nBYE\n\n5.1 b > a\n200 OK\n",
    );
    assert_ne!(messages[0].message.branch(), messages[2].message.branch());
    let found = match_messages(&messages);
    assert_eq!(shape(&found), [row("INVITE", &[200], 0, 1), row("BYE", &[200], 0, 0)]);
    assert!(found[1].in_dialog && !found[0].in_dialog);
}

#[test]
fn section_17_1_3_a_response_belongs_to_the_request_with_its_branch_and_method() {
    let found = transactions(
        "0.0 a > b call=x branch=one\nOPTIONS sip:b.example\n\n0.1 a > b call=x branch=two cseq=2\nOPTIONS sip:b.example\n\n\
         0.2 b > a branch=one cseq=1 call=x raw\nSIP/2.0 503 Service Unavailable\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKone\n\
         From: <sip:a@a.example>;tag=1\nTo: <sip:b.example>;tag=2\nCall-ID: x\nCSeq: 1 OPTIONS\nContent-Length: 0\n.\n",
    );
    assert_eq!((found[0].finals.len(), found[1].finals.len()), (1, 0));
}

#[test]
fn section_17_1_1_3_a_final_response_sent_again_is_no_second_one() {
    let found =
        transactions("0.0 a > b\nINVITE sip:bob@b.example\n\n0.5 b > a tag=x repeat=0.5,1.5\n301 Moved Permanently\n");
    assert_eq!(shape(&found), [row("INVITE", &[301], 0, 0)]);
    assert_eq!(found[0].finals[0].retransmissions.len(), 2);
}

#[test]
fn two_different_final_responses_are_both_kept() {
    let found = transactions(
        "0.0 a > b\nINVITE sip:bob@b.example\n\n0.5 b > a tag=x\n600 Busy Everywhere\n\n0.6 b > a re=INVITE cseq=1 tag=y\n500 Server Internal Error\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[600, 500], 0, 0)]);
}

#[test]
fn section_17_2_3_without_the_cookie_rfc_2543_decides() {
    let old = |cseq: u32, time: f64| {
        format!(
            "{time} a > b raw\nINVITE sip:bob@b.example SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5060\nFrom: <sip:a@a.example>;tag=1\n\
             To: <sip:bob@b.example>\nCall-ID: old\nCSeq: {cseq} INVITE\nContent-Length: 0\n.\n\n"
        )
    };
    let answer = "3.0 b > a raw\nSIP/2.0 404 Not Found\nVia: SIP/2.0/UDP 192.0.2.10:5060;received=192.0.2.10\nFrom: <sip:a@a.example>;tag=1\n\
         To: <sip:bob@b.example>;tag=2\nCall-ID: old\nCSeq: 2 INVITE\nContent-Length: 0\n.\n";
    let found = transactions(&(old(1, 0.0) + &old(1, 0.5) + &old(2, 1.0) + answer));
    assert_eq!(shape(&found), [row("INVITE", &[], 1, 0), row("INVITE", &[404], 0, 0)]);
}

#[test]
fn a_response_without_captured_request_makes_a_transaction() {
    let found = transactions(
        "0.0 b > a raw\nSIP/2.0 607 Unwanted\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx\nFrom: <sip:a@a.example>;tag=1\n\
         To: <sip:bob@b.example>;tag=2\nCall-ID: x\nCSeq: 1 INVITE\nContent-Length: 0\n.\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[607], 0, 0)]);
    assert!(found[0].request.is_none());
    assert_eq!(found[0].client.to_string(), "192.0.2.10:5060");
}

#[test]
fn section_16_6_a_forwarded_request_is_linked_to_the_one_above_it() {
    let found = transactions(
        "0.0 a > p\nINVITE sip:bob@b.example\n\n0.1 p > b forward\nINVITE sip:bob@203.0.113.40\n\n0.2 p > c forward\nINVITE sip:bob@203.0.113.41\n",
    );
    assert_eq!(found.len(), 3);
    assert_eq!((found[1].upstream.map(|t| t.0), found[2].upstream.map(|t| t.0)), (Some(0), Some(0)));
    assert_eq!(found[0].downstream.len(), 2);
}

#[test]
fn a_response_from_another_address_still_belongs_to_its_request() {
    let found = transactions(
        "0.0 a > b branch=q\nINVITE sip:bob@b.example\nCall-ID: x\n\n0.1 c > a raw\nSIP/2.0 301 Moved Permanently\n\
         Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKq\nFrom: <sip:alice@192.0.2.10>;tag=1\nTo: <sip:bob@b.example>;tag=2\n\
         Call-ID: x\nCSeq: 1 INVITE\nContent-Length: 0\n.\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[301], 0, 0)]);
    assert_eq!(found[0].server.to_string(), "203.0.113.40:5060");
}

#[test]
fn section_17_1_3_a_response_is_matched_without_sent_by() {
    // A proxy that uses the branch of the caller again, and puts its own Via on the response.
    let found = transactions(
        "0.0 a > p branch=same from-tag=f\nINVITE sip:bob@b.example\n\n\
         0.1 p > b branch=same cseq=1 from-tag=f\nINVITE sip:bob@b.example\nVia: SIP/2.0/UDP 198.51.100.30;branch=z9hG4bKsame\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKsame\n\n\
         0.2 b > p tag=t\n603 Decline\n\n\
         0.3 p > a tag=t re=INVITE\n603 Decline\nVia: SIP/2.0/UDP 198.51.100.30;branch=z9hG4bKsame\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKsame\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[603], 0, 0), row("INVITE", &[603], 0, 0)]);
}

#[test]
fn a_response_that_names_nothing_answers_the_latest_request_that_names_nothing() {
    let found = transactions(
        "0.0 a > b raw\nINVITE sip:bob@b.example SIP/2.0\\r\\n\\r\\n\n\n0.1 b > a raw\nSIP/2.0 486 Busy Here\\r\\n\\r\\n\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[486], 0, 0)]);
}

#[test]
fn section_9_1_a_cancel_finds_its_invite_by_branch_when_its_port_was_translated() {
    let found = transactions(
        "0.0 a > b branch=q\nINVITE sip:bob@b.example\n\n0.5 a2 > b raw\nCANCEL sip:bob@b.example SIP/2.0\n\
         Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKq\nFrom: <sip:alice@192.0.2.10>;tag=1\nTo: <sip:bob@b.example>\n\
         Call-ID: 1@192.0.2.10\nCSeq: 1 CANCEL\nContent-Length: 0\n.\n",
    );
    assert_eq!(found[0].cancelled_by.map(|t| t.0), Some(1));
}

#[test]
fn section_13_2_2_4_two_successes_of_a_fork_have_an_ack_each() {
    let found = transactions(
        "0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=x\n200 OK\n\n1.1 b > a re=INVITE tag=y\n200 OK\n\n\
         1.2 a > b to-tag=x\nACK\n\n1.3 a > b to-tag=y\nACK\n",
    );
    assert_eq!(shape(&found), [row("INVITE", &[200, 200], 0, 2)]);
}

#[test]
fn a_b2bua_that_keeps_the_call_id_sends_the_call_on() {
    let invite = "0.0 a > p from-tag=1\nINVITE sip:bob@p.example\n\n";
    let on = "p > b from-tag=2 cseq=7\nINVITE sip:bob@b.example\n\n";
    for (steps, upstream) in [
        (format!("{invite}0.1 {on}"), Some(0)),
        // Too late, after the answer, back to the caller, or from somebody else.
        (format!("{invite}5.0 {on}"), None),
        (format!("{invite}0.1 p > a\n486 Busy Here\n\n0.2 {on}"), None),
        (format!("{invite}0.1 p > a from-tag=2 cseq=7\nINVITE sip:alice@a.example\n\n"), None),
        (format!("{invite}0.1 c > b from-tag=2 cseq=7\nINVITE sip:bob@b.example\n\n"), None),
    ] {
        let all = transactions(&steps);
        assert_eq!(all[1].upstream.map(|id| id.0), upstream, "{steps}");
        assert_eq!(all[0].downstream.len(), usize::from(upstream.is_some()), "{steps}");
    }
}

#[test]
fn usual_flows_go_the_short_way() {
    let invite = "0.0 a > b\nINVITE sip:bob@b.example\n\n";
    for rest in [
        "0.1 b > a\n180 Ringing\n\n0.2 b > a\n200 OK\n\n0.3 a > b\nACK\n\n1.0 a > b\nBYE\n\n1.1 b > a\n200 OK\n",
        "0.1 b > a\n301 Moved Permanently\nContact: <sip:bob@c.example>\n\n0.2 a > b\nACK\n",
        "0.1 b > a\n607 Unwanted\n\n0.2 a > b\nACK\n",
        "0.1 b > a\n180 Ringing\n\n0.2 a > b re=INVITE\nCANCEL\n\n0.3 b > a\n200 OK\n\n0.4 b > a re=INVITE\n487 Request Terminated\n",
    ] {
        let messages = captured(&format!("{invite}{rest}"));
        let found = super::usual::transactions(&messages).expect(rest);
        assert_eq!(format!("{found:?}"), format!("{:?}", super::matcher::by_keys(&messages)), "{rest}");
    }
}

proptest! {
    /// Groups of a few messages that differ in little: whatever the short way tells is what the long one tells.
    #[test]
    fn usual_groups_are_told_as_any_other(messages in prop::collection::vec(any_message(), 0..12)) {
        if let Some(found) = super::usual::transactions(&messages) {
            prop_assert_eq!(format!("{found:?}"), format!("{:?}", super::matcher::by_keys(&messages)));
        }
    }
}

/// A message with few values for each thing that transactions are told by.
fn any_message() -> impl Strategy<Value = CapturedMessage> {
    let hop = (1..4_u8, 1..4_u8, 5060..5062_u16);
    let start = prop::sample::select(vec![
        "INVITE sip:b@b.example SIP/2.0",
        "ACK sip:b@b.example SIP/2.0",
        "CANCEL sip:b@b.example SIP/2.0",
        "BYE sip:b@b.example SIP/2.0",
        "SIP/2.0 180 Ringing",
        "SIP/2.0 200 OK",
        "SIP/2.0 486 Busy Here",
    ]);
    // What the short way leaves to the long one is rare, or hardly a group would go through it.
    let rarely =
        |usual: Vec<&'static str>, odd: &'static str| prop_oneof![40 => prop::sample::select(usual), 1 => Just(odd)];
    let via = rarely(vec!["a.example", "a.example", "a.example:5060", "c.example"], "[x");
    let branch = rarely(vec!["z9hG4bK1", "z9hG4bK1", "z9hG4bK2"], "old");
    let cseq = rarely(vec!["1 INVITE", "1 INVITE", "2 BYE", "1 ACK", "1 CANCEL", "2 INVITE"], "x");
    let tag = prop::sample::select(vec!["", ";tag=1", ";tag=2"]);
    (hop, start, via, branch, cseq, tag).prop_map(|(hop, start, via, branch, cseq, tag)| {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP {via};branch={branch}\r\nFrom: <sip:a@a.example>;tag=f\r\n\
             To: <sip:b@b.example>{tag}\r\nCall-ID: c\r\nCSeq: {cseq}\r\n\r\n"
        );
        let (message, _) = Message::read(text.as_bytes(), false).unwrap();
        CapturedMessage::new(message, provenance(hop))
    })
}

fn provenance((from, to, port): (u8, u8, u16)) -> Provenance {
    let endpoint = |host| Endpoint { address: [192, 0, 2, host].into(), port };
    Provenance {
        frame: FrameRef::default(),
        other_frames: Frames::default(),
        time: Timestamp::default(),
        flow: provenance::Flow { source: endpoint(from), destination: endpoint(to), transport: Transport::Udp },
        ip_id: None,
        ttl: 64,
        carrier: None,
        offset: 0,
    }
}
