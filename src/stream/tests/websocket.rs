//! SIP over WebSocket: behind the upgrade, without it, and behind gaps.

use super::*;

/// A frame of a server.
fn frame(text: &str) -> Vec<u8> {
    let mut octets = vec![0x81, 126];
    octets.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    octets.extend(text.as_bytes());
    octets
}

/// A frame of a client, which masks what it says.
fn masked(text: &str) -> Vec<u8> {
    const MASK: [u8; 4] = [0x0d, 0x0a, 0x53, 0x49];
    let mut octets = vec![0x81, 0xfe];
    octets.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    octets.extend(MASK);
    octets.extend(text.bytes().zip(MASK.iter().cycle()).map(|(octet, key)| octet ^ key));
    octets
}

fn answer(number: usize) -> String {
    request(number, "").replace("MESSAGE sip:bob@example.com SIP/2.0", "SIP/2.0 200 OK")
}

#[test]
fn sip_over_websocket_is_read_behind_the_upgrade() {
    let ask = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
    let agree = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
    let refuse = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let answer = answer(1);
    let stream = [ask.as_bytes(), &frame(&request(1, "x")), &[0x89, 0], &frame(&request(2, ""))].concat();
    for size in [1, 30, 5000] {
        let mut tap = Tap::connected();
        let upto = |tap: &mut Tap, range: std::ops::Range<usize>| {
            for from in range.clone().step_by(size) {
                tap.client(from, &stream[from..(from + size).min(range.end)]);
            }
        };
        upto(&mut tap, 0..ask.len());
        tap.server(0, agree.as_bytes());
        upto(&mut tap, ask.len()..stream.len());
        tap.server(agree.len(), &frame(&answer));
        assert_eq!(tap.raws(), [request(1, "x"), request(2, ""), answer.clone()], "{size}");
        assert!(tap.messages().iter().all(|(_, p)| p.flow.transport == Transport::WebSocket));
        assert_eq!((tap.anomalies(), tap.kinds()), (vec![], vec![StreamKind::SipWebSocket]));
    }
    let mut refused = Tap::connected();
    refused.client(0, ask.as_bytes());
    refused.server(0, refuse.as_bytes());
    refused.client(ask.len(), &frame(&request(1, "")));
    assert_eq!((refused.raws().len(), refused.kinds()), (0, vec![StreamKind::Http]));
}

#[test]
fn sip_over_websocket_is_read_though_the_upgrade_was_not_captured() {
    for size in [2, 7, 5000] {
        let mut tap = Tap::default();
        let mut at = [0, 0];
        // The capture begins with the end of a frame; a ping and a keep-alive of RFC 7118 are no SIP either.
        for other in
            [&frame(&request(0, "x"))[100..], &[0x89, 0x80, 1, 2, 3, 4], &[0x81, 0x84, 0, 0, 0, 0, 13, 10, 13, 10]]
        {
            tap.client(at[0], other);
            at[0] += other.len();
        }
        for number in 1..4 {
            let (ask, reply) = (masked(&request(number, "x")), frame(&answer(number)));
            for part in ask.chunks(size) {
                tap.client(at[0], part);
                at[0] += part.len();
            }
            tap.wait(STREAM_GAP_SILENT);
            for part in reply.chunks(size) {
                tap.server(at[1], part);
                at[1] += part.len();
            }
            tap.wait(STREAM_GAP_SILENT);
        }
        let expected = (1..4).flat_map(|number| [request(number, "x"), answer(number)]).collect::<Vec<_>>();
        assert_eq!(tap.raws(), expected, "{size}");
        assert!(tap.messages().iter().all(|(_, p)| p.flow.transport == Transport::WebSocket));
        assert_eq!((tap.anomalies(), tap.kinds()), (vec![], vec![StreamKind::SipWebSocket]));
    }
}

#[test]
fn frames_of_something_else_are_no_sip_where_the_upgrade_was_not_captured() {
    let mut tap = Tap::default();
    let other = frame(r#"{"text":"INVITE sip:bob@example.com SIP/2.0 is no start line"}"#);
    tap.client(0, &other);
    tap.client(other.len(), &other);
    assert_eq!((tap.raws().len(), tap.kinds()), (0, vec![StreamKind::OtherTcp]));
}

#[test]
fn frames_of_websocket_begin_again_behind_a_gap() {
    let ask = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
    let agree = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
    let mut tap = Tap::connected();
    tap.client(0, ask.as_bytes());
    tap.server(0, agree.as_bytes());
    let [first, second, third] = [1, 2, 3].map(|number| masked(&request(number, "x")));
    let at = [ask.len(), ask.len() + first.len(), ask.len() + first.len() + second.len()];
    tap.client(at[0], &first);
    tap.client(at[1] + 50, &second[50..]);
    tap.client(at[2], &third);
    tap.acknowledge(at[2] + third.len());
    tap.wait(STREAM_GAP_ACKNOWLEDGED);
    tap.wait(STREAM_GAP_SILENT);
    assert_eq!(tap.raws(), [request(1, "x"), request(3, "x")]);
    assert_eq!(tap.anomalies(), [Anomaly::TcpGap]);
}

#[test]
fn a_message_whose_later_frames_are_broken_is_left_once() {
    let mut begun = frame(&request(1, "x"));
    begun[0] = 0x01;
    // Reserved bits, a compressed frame nobody agreed to, and more octets than a message may have.
    for broken in [vec![0x70, 0x01, b'x'], vec![0xc1, 0x01, b'x'], vec![0x80, 0x7f, 1, 0, 0, 0, 0, 0, 0, 0]] {
        for size in [5000, begun.len(), 7] {
            let stream = [&begun[..], &broken].concat();
            let mut tap = Tap::default();
            for (n, part) in stream.chunks(size).enumerate() {
                tap.client(n * size, part);
            }
            tap.client(stream.len(), &frame(&request(2, "x")));
            tap.wait(STREAM_GAP_SILENT);
            assert_eq!(tap.raws(), [request(2, "x")], "{broken:?}, {size}");
            assert_eq!(tap.anomalies(), [Anomaly::TrailingOctets], "{broken:?}, {size}");
        }
    }
}
