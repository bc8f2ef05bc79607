//! Datagrams one after the other: each is read as it would be alone, whatever came before it, and as one whose names of header fields are
//! written in another case, for which there are no short ways.
//!
//! Input: the datagrams, parted by two zero octets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sipscan::sip::{Message, Reader, messages};

/// Where datagrams part.
const BETWEEN: &[u8] = b"\0\0";

/// What is read of a message, but for the case of names.
fn found(message: &Message) -> String {
    let fields: Vec<_> = message.fields().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let ids = (message.call_id(), message.cseq(), message.from_tag(), message.to_tag(), message.branch());
    let rest = (message.sent_by(), message.has_several_vias(), message.body(), message.anomalies());
    format!("{fields:?} {ids:?} {rest:?}")
}

/// The same octets with the names of header fields in the other case.
fn in_other_case(message: &Message) -> Vec<u8> {
    let mut octets = message.raw().to_vec();
    let body = octets.len() - message.body().len();
    let mut is_name = false;
    for octet in octets.iter_mut().take(body) {
        match *octet {
            b'\n' => is_name = true,
            b'-' => {}
            letter if is_name && letter.is_ascii_alphabetic() => *octet ^= 0x20,
            _ => is_name = false,
        }
    }
    octets
}

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader::default();
    let mut rest = Some(input);
    while let Some(octets) = rest {
        let end = octets.windows(BETWEEN.len()).position(|two| two == BETWEEN);
        let (datagram, behind) = octets.split_at(end.unwrap_or(octets.len()));
        rest = behind.strip_prefix(BETWEEN);
        let mut along = Vec::new();
        reader.each_message(datagram, false, |framed| along.push((framed.offset, found(&framed.message))));
        let alone: Vec<_> =
            messages(datagram, false).iter().map(|framed| (framed.offset, found(&framed.message))).collect();
        assert_eq!(along, alone);
        for framed in messages(datagram, false) {
            let Some((message, length)) = Message::read(framed.message.raw(), false) else { continue };
            let (other, other_length) =
                Message::read(&in_other_case(&message), false).expect("the start line is the same");
            assert_eq!((found(&message), length), (found(&other), other_length));
        }
    }
});
