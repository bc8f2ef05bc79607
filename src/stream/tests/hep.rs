//! HEP over TCP: packets that are found again behind octets that begin none.

use super::*;
use crate::net::hep::tests::packet_v3;

#[test]
fn packets_are_found_again_however_the_octets_come() {
    let message = request(1, "x");
    let packet = packet_v3(1, message.as_bytes());
    // A packet that is shorter than what follows it, one without a length, and one whose magic begins twice.
    for other in [&b"HEP3\x00\x06between"[..], b"HEP3\x00\x00", b"HEP3\x00\x06HEHEP"] {
        let stream = [other, &packet].concat();
        for size in 1..9 {
            let mut tap = Tap::connected();
            for (n, part) in stream.chunks(size).enumerate() {
                tap.client(n * size, part);
            }
            assert_eq!(tap.raws(), std::slice::from_ref(&message), "{other:?}, {size}");
        }
    }
}
