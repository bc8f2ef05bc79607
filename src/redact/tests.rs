//! Messages through the whole of it.

use std::borrow::Cow;

use super::testing::{redactor, redactors};
use crate::sip::{HeaderName, Message, Uri};

const INVITE: &str = "INVITE sip:+12155550113@pbx.corp.example;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK776asdhds;received=198.51.100.77\r\n\
    Max-Forwards: 70\r\n\
    To: \"Bob Builder\" <sip:+12155550113@pbx.corp.example>\r\n\
    From: \"Alice\" <sip:2125550142@corp.example>;tag=1928301774\r\n\
    Call-ID: a84b4c76e66710@pc33.corp.example\r\n\
    CSeq: 314159 INVITE\r\n\
    no header field of alice\r\n\
    Contact: <sip:alice@192.0.2.77:5062;transport=udp>\r\n\
    Subject: I know\r\n alice folded\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 49\r\n\r\n\
    v=0\r\no=alice 1 1 IN IP4 192.0.2.77\r\ns=-\r\nt=0 0\r\n";

fn read(text: &str) -> Message {
    Message::read(text.as_bytes(), false).unwrap().0
}

#[test]
fn a_message_stays_the_message_it_was_without_what_it_tells() {
    let old = read(INVITE);
    let new = redactor().message(&old).unwrap();
    let text = String::from_utf8(new.raw().to_vec()).unwrap();
    for gone in [
        "5550113",
        "5550142",
        "corp",
        "pbx",
        "192.0.2.77",
        "198.51.100.77",
        "776asdhds",
        "Bob",
        "Alice",
        "alice",
        "1928301774",
        "a84b4c",
        "pc33",
        "know",
        "folded",
    ] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert_eq!(new.anomalies(), old.anomalies());
    assert_eq!(new.cseq(), old.cseq());
    assert_eq!(new.body().len(), old.body().len());
    assert_eq!(new.header(HeaderName::ContentLength), old.header(HeaderName::ContentLength));
    let user = |uri: &Uri| uri.effective_user().map(Cow::into_owned);
    let users = |m: &Message| (user(&m.request_uri().unwrap()), user(&m.to().unwrap().uri));
    let (target, to) = users(&new);
    assert_eq!(target, to);
    assert_eq!(new.contacts().len(), 1);
    assert_eq!(new.top_via().unwrap().host, new.contacts()[0].uri.host);
}

#[test]
fn responses_keep_their_status_and_phrases_of_the_trade() {
    let old = read("SIP/2.0 603 Network Blocked by Alice\r\nCSeq: 1 INVITE\r\nContent-Length: x7\r\n\r\n");
    let new = redactor().message(&old).unwrap();
    let phrase = new.reason_phrase().unwrap().into_owned();
    assert!(phrase.starts_with("Network Blocked by ") && !phrase.contains("Alice"));
    assert_eq!(new.header(HeaderName::ContentLength).unwrap(), "xx");
}

#[test]
fn octets_of_any_kind_are_rewritten_or_refused() {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let redactor = redactor();
    for _ in 0..800 {
        let mut bytes = INVITE.as_bytes().to_vec();
        for _ in 0..=next() % 6 {
            let at = next() % bytes.len();
            match next() % 4 {
                0 => bytes[at] = u8::try_from(next() % 256).unwrap(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\"<>;:@\r\n,= %[]"[next() % 14]),
                _ => bytes.truncate(at.max(40)),
            }
        }
        if let Some((message, _)) = Message::read(&bytes, false)
            && let Some(new) = redactor.message(&message)
        {
            assert_eq!(new.status(), message.status());
            // Again, by another key: what is written can be written anew.
            drop(redactors()[0].message(&new));
        }
    }
}
