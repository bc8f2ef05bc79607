use proptest::prelude::*;

use super::*;

const INVITE: &[u8] = b"INVITE sip:bob@b.example SIP/2.0\r\n\
    v: SIP/2.0/UDP a.example;branch=z9hG4bKx1 ;rport, SIP/2.0/UDP c.example;branch=z9hG4bKx0\r\n\
    From: \"A;tag=no\" <sip:alice@a.example;tag=no>;tag=a1\r\nTo: sip:bob@b.example\r\n\
    i: c1@a.example\r\nCSeq: 7\r\n INVITE\r\nSubject: folded\r\n\t twice\r\nX-Call-ID: other\r\nl: 3\r\n\r\nabcrest";

#[test]
fn a_response_to_an_ack_is_odd() {
    let with = |method: &str| {
        let text = format!(
            "SIP/2.0 405 No\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nFrom: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>;tag=2\r\n\
             Call-ID: 1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        );
        Message::read(text.as_bytes(), false).unwrap().0.anomalies().to_vec()
    };
    assert_eq!((with("ACK"), with("INVITE"), with("ack")), (vec![Anomaly::ResponseToAck], vec![], vec![]));
}

#[test]
fn the_parts_of_a_message_are_found() {
    let (m, length) = Message::read(INVITE, false).unwrap();
    assert_eq!(length, INVITE.len() - 4);
    assert_eq!((m.branch(), m.from_tag(), m.to_tag()), (Some(&b"z9hG4bKx1"[..]), Some(&b"a1"[..]), None));
    assert_eq!(m.cseq(), Some(CSeq { number: 7, method: &Method::Invite }));
    assert_eq!((m.call_id(), m.body()), (Some(&b"c1@a.example"[..]), &b"abc"[..]));
    assert_eq!(m.header(HeaderName::Subject).as_deref(), Some("folded twice"));
    assert_eq!((m.other("x-call-id").as_deref(), m.vias().len()), (Some("other"), 2));
    assert_eq!(m.header_line(HeaderName::CallId), Some(&b"i: c1@a.example"[..]));
    assert_eq!(m.anomalies(), []);
}

#[test]
fn what_goes_on_with_a_line_that_is_no_header_field_is_no_part_of_one() {
    let text = "ACK sip:a@b SIP/2.0\r\n ;x\r\nVia: SIP/2.0/UDP a.example\r\nodd\r\n ;branch=z9hG4bK1\r\n\t;y\r\n\
        To: sip:c@d.example\r\n ;tag=1\r\n\t;z\r\n\r\n";
    let (m, _) = Message::read(text.as_bytes(), false).unwrap();
    assert_eq!(m.header(HeaderName::Via).as_deref(), Some("SIP/2.0/UDP a.example"));
    assert_eq!((m.branch(), m.to_tag()), (None, Some(&b"1"[..])));
    assert_eq!(m.header(HeaderName::To).as_deref(), Some("sip:c@d.example ;tag=1 ;z"));
    assert!(m.anomalies().contains(&Anomaly::HeaderFieldMalformed) && m.fields().count() == 2);
}

proptest! {
    #[test]
    fn usual_lines_are_read_as_any_other(
        value in prop::collection::vec(
            prop::sample::select(vec![
                "<", ">", "sip:", "SIP/2.0/UDP ", "a", "b@", "c.d", ":5", "99999", ";", "tag=", "branch=", "z9hG4bK", "\"", "\\",
                " ", "  ", ",", "\r\n", "\n", "\t", "7 ", "INVITE", "é",
            ]),
            0..9,
        ).prop_map(|parts| parts.concat()),
        name in prop::sample::select(vec!["Via", "From", "To", "CSeq", "Contact", "Route", "Call-ID", "Expires", "Subject"]),
    ) {
        let read = |name: &str| {
            let text = format!("ACK sip:a@b SIP/2.0\r\n{name}: {value}\r\nTo: <sip:c@d>;tag=e\r\n\r\n");
            let (m, length) = Message::read(text.as_bytes(), false).unwrap();
            let places = m.places().iter().map(|f| (f.name, f.value_range())).collect::<Vec<_>>();
            let texts = [m.from_tag(), m.to_tag(), m.branch(), m.start_of_top_via()].map(|text| text.map(<[u8]>::to_vec));
            (places, texts, m.cseq().map(|cseq| (cseq.number, cseq.method.clone())), m.anomalies().to_vec(), length)
        };
        prop_assert_eq!(read(name), read(&name.to_ascii_uppercase()));
    }
}

#[test]
fn no_prefix_of_a_message_panics() {
    for end in 0..INVITE.len() {
        if let Some((m, _)) = Message::read(&INVITE[..end], true) {
            assert!(m.anomalies().contains(&Anomaly::MessageCut));
        }
    }
}
