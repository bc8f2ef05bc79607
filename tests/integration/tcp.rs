//! SIP over TCP, from frames to findings.

use sipscan::anomaly::Anomaly;
use sipscan::call::Outcome;
use sipscan::diagnosis::Certainty;
use sipscan::provenance::Transport;
use sipscan::stream::StreamKind;

use super::common::Analysed;

const HOSTS: &str = "host a 192.0.2.10\nhost a2 192.0.2.10:41000\nhost b 203.0.113.60\n\n";

fn analysed(steps: &str) -> Analysed {
    Analysed::of(steps, &format!("{HOSTS}{steps}"))
}

/// Status codes of all final responses, and the outcomes of all calls.
fn told(analysed: &Analysed) -> (Vec<u16>, Vec<Outcome>) {
    let statuses = analysed.summary.final_by_status.iter().flat_map(|(status, n)| (0..*n).map(|_| *status));
    (statuses.collect(), analysed.calls.iter().map(|report| report.call.outcome).collect())
}

/// A datagram a while later: the capture goes on.
const LATER: &str = "400 b > a2 call=later\nOPTIONS sip:a@192.0.2.10\n\n400.1 a2 > b call=later\n200 OK\n\n";

#[test]
fn a_call_whose_transport_changes_is_one_call() {
    for (name, steps) in [
        (
            "a client that tries TCP after UDP",
            "0 a > b repeat=0.5,1.5,3.5\nINVITE sip:bob@b.example\n\n8 a2 > b tcp branch=second\nINVITE sip:bob@b.example\n\n\
             8.1 b > a2 tcp\n486 Busy Here\n\n8.2 a2 > b tcp\nACK\n",
        ),
        (
            "a client that tries UDP after TCP",
            "0 a2 > b tcp\nINVITE sip:bob@b.example\n\n5 a > b branch=second\nINVITE sip:bob@b.example\n\n\
             5.1 b > a\n486 Busy Here\n\n5.2 a > b\nACK\n",
        ),
        (
            "responses by UDP",
            "0 a2 > b tcp\nINVITE sip:bob@b.example\n\n0.1 b > a re=INVITE branch=x cseq=1\n100 Trying\n",
        ),
    ] {
        let found = analysed(steps);
        assert_eq!((found.summary.calls, found.summary.other_groups), (1, 0), "{name}");
        if name != "responses by UDP" {
            assert_eq!(told(&found), (vec![486], vec![Outcome::Busy]), "{name}");
        }
    }
    let answers = "0 a2 > b tcp branch=t\nINVITE sip:bob@b.example\nCall-ID: one\nFrom: <sip:a@a.example>;tag=1\n\n\
                   0.1 b > a raw\nSIP/2.0 486 Busy Here\nVia: SIP/2.0/TCP 192.0.2.10:41000;branch=z9hG4bKt\n\
                   From: <sip:a@a.example>;tag=1\nTo: <sip:bob@b.example>;tag=2\nCall-ID: one\nCSeq: 1 INVITE\n\
                   Content-Length: 0\n.\n";
    let found = analysed(answers);
    assert_eq!(told(&found), (vec![486], vec![Outcome::Busy]));
    let call = &found.calls[0].call;
    assert_eq!(call.transactions.len(), 1);
    let transports: Vec<_> = call.messages.iter().map(|m| m.provenance.flow.transport).collect();
    assert_eq!(transports, [Transport::Tcp, Transport::Udp]);
}

#[test]
fn nobody_is_expected_to_repeat_a_request_over_tcp() {
    let request = "INVITE sip:bob@b.example\n\n";
    for (transport, certainty) in [("tcp", Certainty::Strong), ("", Certainty::Weak)] {
        let earlier =
            format!("0 a2 > b {transport} call=o\nOPTIONS sip:b.example\n\n0.1 b > a2 {transport} call=o\n200 OK\n\n");
        let found = analysed(&format!("{earlier}1 a2 > b {transport}\n{request}{LATER}"));
        let silent: Vec<_> = found.findings().filter(|finding| finding.code == "no-response").collect();
        assert_eq!(silent.len(), 1, "{transport}");
        assert_eq!(silent[0].certainty, certainty, "{transport}: {}", silent[0].message);
    }
}

#[test]
fn what_lay_in_a_gap_is_not_said_to_be_missing() {
    let steps = |lost: &str| {
        format!(
            "0 a2 > b tcp\nINVITE sip:bob@b.example\n\n0.1 b > a2 tcp {lost}\n486 Busy Here\n\n\
             1 b > a2 tcp call=o\nOPTIONS sip:a.example\n\n1.1 a2 > b tcp call=o\n200 OK\n\n{LATER}"
        )
    };
    let lost = analysed(&steps("lose-segment=1"));
    assert_eq!(lost.facts.anomalies.get(&Anomaly::TcpGap), Some(&1));
    assert!(!lost.facts.is_complete());
    let silent: Vec<_> = lost.findings().filter(|finding| finding.code == "no-response").collect();
    assert!(silent.iter().all(|finding| finding.certainty == Certainty::Weak), "{silent:?}");
    assert!(silent.iter().any(|f| f.message.to_string().contains("octets of a TCP stream")), "{silent:?}");
    // What was captured too late is no gap.
    let late = analysed(&steps("lose-segment=1 resend-segment=1"));
    assert_eq!(told(&late).0, [200, 200, 486]);
    assert!(late.facts.is_complete());
}

#[test]
fn messages_and_segments_need_not_agree() {
    let steps = |words: &str| {
        format!(
            "0 a2 > b tcp {words}\nINVITE sip:bob@b.example\nSubject: {}\n\n0.9 b > a2 tcp {words}\n486 Busy Here\n\n\
             1.9 a2 > b tcp\nACK\n",
            "x".repeat(400)
        )
    };
    let plain = analysed(&steps(""));
    for words in [
        "segments=1",
        "segments=100 order=5,4,3,2,1",
        "segments=100 dup=0.0001,0.0003",
        "segments=200 lose-segment=1 resend-segment=1,2",
        "segments=300 vlan=7",
        "segments=300 fragment=96",
    ] {
        let found = analysed(&steps(words));
        assert_eq!(told(&found), told(&plain), "{words}");
        assert_eq!(found.facts.anomalies, plain.facts.anomalies, "{words}");
        let raws = |a: &Analysed| a.calls[0].call.messages.iter().map(|m| m.message.raw().to_vec()).collect::<Vec<_>>();
        assert_eq!(raws(&found), raws(&plain), "{words}");
    }
    let twice = analysed(&steps("dup=0.0001"));
    assert_eq!((twice.facts.duplicates, twice.calls[0].call.messages.len()), (2, 3));
}

#[test]
fn every_frame_is_counted_once_and_every_connection() {
    let steps = "0 a2 > b tcp\nINVITE sip:bob@b.example\n\n0.1 b > a2 tcp\n486 Busy Here\n\n0.2 a2 > b tcp close\nACK\n\n\
                 1 a > 203.0.113.60:5061 tcp\nhex 16 03 01 00 04 01 00 00 00\n\n\
                 2 a > 203.0.113.60:80 tcp\ntext GET / HTTP/1.1\\r\\n\\r\\n\n\n3 a > b\nhex 00\n";
    let found = analysed(steps);
    let facts = &found.facts;
    assert_eq!(facts.frames, facts.tcp_frames + facts.udp_frames);
    assert_eq!(facts.streams, [(StreamKind::Sip, 1), (StreamKind::SipTls, 1), (StreamKind::Http, 1)].into());
    assert_eq!(told(&found), (vec![486], vec![Outcome::Busy]));
    let call = &found.calls[0].call;
    let frames: Vec<_> = call.messages.iter().map(|m| m.provenance.frame.number.0).collect();
    assert_eq!(frames, [4, 6, 8], "behind the handshake, with an acknowledgement after each");
    assert_eq!(call.messages.first().unwrap().provenance.flow.transport, Transport::Tcp);
}
