//! Any octets as a datagram: no panic, messages that lie in it one behind the other, and whatever can be asked of them.
//!
//! Input: the datagram.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sipscan::sip::{HeaderName, Message, messages, typed};
use sipscan::stir::Identity;

fn ask(message: &Message) {
    for (name, value) in message.fields() {
        let name = HeaderName::read(name.as_bytes());
        assert!(message.header_bytes(name).is_some());
        for value in message.values(name) {
            typed::via(&value);
            typed::address(&value);
            typed::warning(&value);
        }
        Identity::read_list(&value).iter().for_each(|identity| {
            identity.faults();
            identity.certificate_url();
        });
    }
    if let (Some(text), Some(cseq)) = (message.header(HeaderName::CSeq), message.cseq()) {
        assert_eq!(typed::cseq(&text, cseq).value, cseq);
    }
    message.challenges().into_iter().for_each(|challenge| drop(typed::challenge(challenge)));
    message.credentials().into_iter().for_each(|credentials| drop(typed::credentials(credentials)));
    if let Some(uri) = message.request_uri() {
        assert!(uri.effectively_equals(&uri) && uri.strictly_equals(&uri), "{uri}");
    }
    if let Some(sdp) = message.sdp() {
        assert!(sdp.media.len() <= 64);
        sdp.media.iter().for_each(|media| {
            sdp.address_of(media);
            sdp.direction_of(media);
        });
    }
    let _ = (message.from(), message.to(), message.contacts(), message.vias(), message.top_via(), message.reasons());
    let _ = (message.software(), message.charging_id(), message.session_id(), message.status(), message.start_line());
    assert!(message.anomalies().is_sorted());
}

fuzz_target!(|input: &[u8]| {
    for cut in [false, true] {
        let mut end = 0;
        for framed in messages(input, cut) {
            assert!(framed.offset >= end);
            end = framed.offset + framed.message.raw().len();
            assert_eq!(input.get(framed.offset..end), Some(framed.message.raw()));
            ask(&framed.message);
        }
    }
});
