//! What holds for any octets, and for any way to write the same message.

use proptest::prelude::*;

use super::{HeaderName, Message, Reader, messages, typed};

const NAMES: [HeaderName; 5] =
    [HeaderName::Subject, HeaderName::UserAgent, HeaderName::Organization, HeaderName::Priority, HeaderName::Allow];

/// Everything that can be asked of a message, as text.
fn everything(message: &Message) -> String {
    let headers: Vec<_> = HeaderName::ALL.iter().map(|name| (message.header(*name), message.values(*name))).collect();
    let views = (message.top_via().and_then(|via| typed::via(&via.raw)), message.challenges(), message.credentials());
    let start = (message.start_line(), message.status(), message.reason_phrase(), message.request_uri());
    let ids = (message.call_id(), message.cseq(), message.from_tag(), message.to_tag(), message.branch());
    let people = (message.from(), message.to(), message.contacts(), message.vias(), message.reasons());
    let rest = (message.software(), message.sdp(), message.charging_id(), message.session_id(), message.body());
    format!("{headers:?} {views:?} {start:?} {ids:?} {people:?} {rest:?} {:?}", message.anomalies())
}

/// Whether what was noted of the Via values and of the Call-ID is what they say.
fn is_as_noted(message: &Message) -> bool {
    let vias: Vec<_> = message.headers(HeaderName::Via).collect();
    let several = vias.len() > 1 || vias.iter().any(|via| via.contains(','));
    let is_readable = message.sent_by().is_some() && message.start_of_top_via().is_some();
    let call_id = message.first_value(HeaderName::CallId).filter(|value| !value.is_empty());
    several == message.has_several_vias() && (is_readable || !message.has_plain_via()) && message.call_id() == call_id
}

fn message(lines: &[String]) -> Message {
    let text = format!("SIP/2.0 486 Busy Here\r\n{}\r\n\r\n", lines.join("\r\n"));
    Message::read(text.as_bytes(), false).unwrap().0
}

/// Octets that often look like a message.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"INVITE sip:a@b.example SIP/2.0\r\n".to_vec()),
        Just(b"SIP/2.0 407 x\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        Just(b"Content-Type: multipart/mixed;boundary=x\r\n".to_vec()),
        Just(b"--x\r\nContent-Type: application/sdp\r\n\r\nm=audio 1 a 8\r\n".to_vec()),
        Just(b"Proxy-Authenticate: Digest realm=\"a\",nonce=b\r\n".to_vec()),
        Just(b"Via: SIP/2.0/UDP a;branch=z9hG4bK1,".to_vec()),
        Just("From: \"\u{e9}\" <sip:a@b;x>;tag=\u{e9}".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A message of which lines are left out or come twice, and then octets are replaced.
fn changed(
    octets: &[(prop::sample::Index, usize, &str)],
    lines: Option<(prop::sample::Index, prop::sample::Index, bool)>,
) -> Vec<u8> {
    let mut all = LIKE_OTHERS.to_vec();
    if let Some((from, to, stays)) = lines {
        let line = all[from.index(all.len())];
        all.retain(|other| stays || *other != line);
        all.insert(to.index(all.len()), line);
    }
    let mut text = (all.join("\r\n") + "\r\n\r\nv=0\r\n").into_bytes();
    for (place, removed, new) in octets {
        let at = place.index(text.len());
        text.splice(at..text.len().min(at + removed), new.bytes());
    }
    text
}

/// A message with lines of all kinds.
const LIKE_OTHERS: [&str; 19] = [
    "SIP/2.0 200 OK",
    "Via: SIP/2.0/UDP a.example:5060;branch=z9hG4bK-1",
    "Via: SIP/2.0/TCP b.example;rport=5060;branch=z9hG4bK2;received=192.0.2.1",
    "Record-Route: <sip:a.example;lr>;x=1",
    "From: \"A\" <sip:alice@a.example>;tag=one.1",
    "t: sip:bob@b.example;tag=two",
    "To: sip:bob@b.example",
    "Call-ID: 1-2@a.example",
    "CSeq: 12 INVITE",
    "Contact: <sip:bob@192.0.2.1:5070>",
    "Contact: <sip:bob@192.0.2.1>;expires=60",
    "Max-Forwards: 70",
    "Expires: 300",
    "Date: Thu, 26 Nov 2026 19:30:00 GMT",
    "X-Any : what  it is",
    "Subject:   a \"word\"",
    "refer-to: <sip:c@c.example>",
    "Content-Type: application/sdp",
    "Content-Length:   5",
];

proptest! {
    #[test]
    fn any_octets_are_read_without_harm(bytes in octets(), cut: bool) {
        let mut end = 0;
        for framed in messages(&bytes, cut) {
            prop_assert!(framed.offset >= end);
            end = framed.offset + framed.message.raw().len();
            prop_assert_eq!(bytes.get(framed.offset..end), Some(framed.message.raw()));
            prop_assert!(!everything(&framed.message).is_empty());
            prop_assert!(is_as_noted(&framed.message));
        }
    }

    #[test]
    fn what_was_read_before_changes_nothing(
        values in proptest::collection::vec(
            r#"(("A" |A )?<sip:(a@)?[bc]\.example(:5060|:99999)?(;x)?>|sip:a@b\.example|SIP/2\.0/(UDP|TLS) [ab]\.example(:5060)?)"#,
            1..4,
        ),
        lines in proptest::collection::vec(
            (prop::sample::select(vec!["Via", "From", "To", "Contact", "Route", "Subject"]), any::<prop::sample::Index>(),
             prop::sample::select(vec!["", ";tag=a", ";branch=z9hG4bKb", ";branch=b;rport", ";a;a", ", x", " ", "\r\n ;b", "/"])),
            1..60,
        ),
    ) {
        let mut reader = Reader::default();
        for lines in lines.chunks(3) {
            let line = |(name, value, tail): &(&str, prop::sample::Index, &str)| format!("{name}: {}{tail}\r\n", value.get(&values));
            let text = format!("ACK sip:a@b.example SIP/2.0\r\n{}Call-ID: a-rather-long-one-at-the-end\r\n\r\n", lines.iter().map(line).collect::<String>());
            let (mut found, mut as_noted) = (Vec::new(), true);
            reader.each_message(text.as_bytes(), false, |framed| {
                found.push(everything(&framed.message));
                as_noted &= is_as_noted(&framed.message);
            });
            prop_assert!(as_noted);
            let fresh: Vec<_> = messages(text.as_bytes(), false).iter().map(|framed| everything(&framed.message)).collect();
            prop_assert_eq!(found, fresh);
        }
    }

    #[test]
    fn messages_like_others_are_read_as_they_would_be_alone(
        changes in proptest::collection::vec((
            proptest::collection::vec(
                (any::<prop::sample::Index>(), 0_usize..3, prop::sample::select(vec![
                    "", "7", "x", " ", ";", ":", ",", "\"", ">", "\u{e9}", "\t", "\r", "\n", "\r\n", "\r\n ", ";tag=2", ";rport", ";lr;lr",
                    "\r\nodd\r\n ;branch=z9hG4bK7;tag=7",
                ])),
                0..3,
            ),
            proptest::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>())),
        ), 2..30),
    ) {
        let mut reader = Reader::default();
        for (octets, lines) in changes {
            let text = changed(&octets, lines);
            let mut found = Vec::new();
            let whole = |message: &Message| (everything(message), format!("{:?}", message.anatomy()), is_as_noted(message));
            reader.each_message(&text, false, |framed| found.push(whole(&framed.message)));
            let alone: Vec<_> = messages(&text, false).iter().map(|framed| whole(&framed.message)).collect();
            prop_assert_eq!(found, alone);
        }
    }

    #[test]
    fn a_cut_message_keeps_the_header_fields_in_front_of_the_cut(end in 24_usize..160) {
        let lines = ["Call-ID: c1".to_owned(), "Subject: a b".to_owned(), "From: <sip:a@b.example>;tag=1".to_owned()];
        let text = format!("SIP/2.0 486 Busy Here\r\n{}\r\nContent-Length: 60\r\n\r\n{}", lines.join("\r\n"), "x".repeat(60));
        let (message, _) = Message::read(&text.as_bytes()[..end.min(text.len())], true).unwrap();
        let known = |line: &String| text.find(line.as_str()).unwrap() + line.len() < end;
        let fields: Vec<String> = message.fields().map(|(name, value)| format!("{name}: {value}")).collect();
        for line in lines.iter().filter(|line| known(line)) {
            prop_assert!(fields.contains(line), "{} {:?}", line, fields);
        }
        // And no half of one.
        let is_whole = |field: &String| lines.contains(field) || field == "Content-Length: 60";
        prop_assert!(fields.iter().all(is_whole), "{:?}", fields);
    }

    #[test]
    fn of_a_folded_line_that_is_cut_nothing_is_kept(end in 24_usize..76) {
        let text = "SIP/2.0 486 Busy Here\r\nCall-ID: c1\r\nSubject: a\r\n b\r\n\tc\r\n d\r\nTo: <sip:a@b.example>\r\n\r\n";
        let (message, _) = Message::read(&text.as_bytes()[..end], true).unwrap();
        let subject = message.header(HeaderName::Subject);
        // Where the cut is between two lines nobody can tell.
        let is_between = text.as_bytes()[..end].ends_with(b"\n") || text.as_bytes()[..end].ends_with(b"\r");
        prop_assert!(is_between || subject.is_none() || subject.as_deref() == Some("a b c d"), "{end}: {subject:?}");
    }

    #[test]
    fn folding_changes_no_value(
        values in proptest::collection::vec("[!-9;-~]{1,4}( [!-9;-~]{1,4}){0,4}", 5),
        fold in r"(\r\n|\n)[ \t]{1,3}",
    ) {
        let line = |(name, value): (&HeaderName, &String)| format!("{}: {value}", name.name());
        let flat: Vec<String> = NAMES.iter().zip(&values).map(line).collect();
        let folded: Vec<String> = values.iter().map(|value| value.replace(' ', &fold)).collect();
        let folded: Vec<String> = NAMES.iter().zip(&folded).map(line).collect();
        let (flat, folded) = (message(&flat), message(&folded));
        for (name, value) in NAMES.iter().zip(&values) {
            prop_assert_eq!(folded.header(*name).unwrap(), value.as_str());
            prop_assert_eq!(flat.values(*name), folded.values(*name));
        }
    }

    #[test]
    fn the_order_of_header_fields_changes_nothing(lines in Just(vec![
        "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1".to_owned(),
        "f: \"A, B\" <sip:a@b.example>;tag=f1".to_owned(),
        "To: sip:b@b.example;tag=t1".to_owned(),
        "Call-ID: c1".to_owned(),
        "CSeq: 1 INVITE".to_owned(),
        "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"".to_owned(),
        "Reason: Q.850;cause=17".to_owned(),
        "P-Charging-Vector: icid-value=1".to_owned(),
        "Content-Type: application/sdp".to_owned(),
        "l: 0".to_owned(),
    ]).prop_shuffle()) {
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        prop_assert_eq!(everything(&message(&lines)), everything(&message(&sorted)));
    }
}
