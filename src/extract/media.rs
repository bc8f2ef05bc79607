//! Where the media of a call go: what its session descriptions say, at every hop, each time anew.

use std::net::IpAddr;

use crate::call::Call;
use crate::limits::{EXTRACT_MEDIA_BEFORE, EXTRACT_MEDIA_BEHIND};
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::sdp::{Media, Sdp};

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Window {
    pub(super) fn has(self, time: Timestamp) -> bool {
        self.from <= time && time <= self.until
    }
}

/// The addresses and ports at which its ends say that they receive media, each with the time in which it is theirs: from a little
/// before the description until a little behind the end of the call.
pub(super) fn places(call: &Call) -> Vec<(Endpoint, Window)> {
    // Without a BYE the call went on.
    let end = if call.messages.iter().any(is_bye) { call.end } else { call.observed_until };
    let until = end.plus(EXTRACT_MEDIA_BEHIND);
    let mut places = Vec::new();
    for captured in &call.messages {
        let Some(sdp) = captured.message.sdp() else { continue };
        let before = i64::try_from(EXTRACT_MEDIA_BEFORE.as_nanos()).unwrap_or(0);
        let from = Timestamp(captured.provenance.time.0.saturating_sub(before));
        for endpoint in sdp.media.iter().flat_map(|media| endpoints(&sdp, media)) {
            if !places.iter().any(|(known, window): &(Endpoint, Window)| *known == endpoint && window.has(from)) {
                places.push((endpoint, Window { from, until }));
            }
        }
    }
    places
}

fn is_bye(captured: &crate::call::CapturedMessage) -> bool {
    captured.message.method() == Some(&crate::sip::Method::Bye)
}

/// Where RTP and RTCP of a section go. A port of 0 refuses it, and the address 0.0.0.0 holds it.
fn endpoints(sdp: &Sdp, media: &Media) -> Vec<Endpoint> {
    let mut found = Vec::new();
    let mut add = |address: Option<&str>, port: Option<u16>| {
        let address = address.and_then(|address| address.parse::<IpAddr>().ok()).filter(|a| !a.is_unspecified());
        if let (Some(address), Some(port @ 1..)) = (address, port) {
            found.push(Endpoint { address, port });
        }
    };
    let address = sdp.address_of(media);
    let port = media.port.filter(|port| *port > 0);
    add(address, port);
    match &media.rtcp {
        Some((rtcp, elsewhere)) => add(elsewhere.as_deref().or(address), port.and(Some(*rtcp))),
        None if !media.rtcp_mux => add(address, port.and_then(|port| port.checked_add(1))),
        None => {}
    }
    for (address, port) in &media.candidates {
        add(Some(address), Some(*port));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sdp: &str) -> Vec<String> {
        let sdp = Sdp::read(sdp.as_bytes()).unwrap();
        sdp.media.iter().flat_map(|media| endpoints(&sdp, media)).map(|endpoint| endpoint.to_string()).collect()
    }

    #[test]
    fn media_and_their_control_go_where_the_description_says() {
        for (sdp, expected) in [
            ("c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0", &["192.0.2.1:4000", "192.0.2.1:4001"][..]),
            ("c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp-mux", &["192.0.2.1:4000"]),
            ("c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp:4009", &["192.0.2.1:4000", "192.0.2.1:4009"]),
            (
                "c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp:4009 IN IP4 192.0.2.2",
                &["192.0.2.1:4000", "192.0.2.2:4009"],
            ),
            ("m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\na=rtcp-mux", &["[2001:db8::1]:4000"]),
            ("c=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\nm=video 0 RTP/AVP 99\na=rtcp:5", &[]),
            ("c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0", &[]),
            ("c=IN IP4 media.example\nm=audio 4000 RTP/AVP 0", &[]),
            (
                "c=IN IP4 0.0.0.0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\na=rtcp-mux\na=candidate:1 1 udp 1 192.0.2.7 6000 typ host",
                &["192.0.2.7:6000"],
            ),
            ("c=IN IP4 192.0.2.1\nm=audio 65535 RTP/AVP 0", &["192.0.2.1:65535"]),
        ] {
            assert_eq!(of(sdp), expected, "{sdp}");
        }
    }
}
