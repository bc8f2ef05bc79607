//! Where the ends of a call say that they receive RTP.

use crate::call::Call;
use crate::limits::MEDIA_OF_CALL;
use crate::provenance::Endpoint;

/// All of these places, once each, whatever hop they were announced at; `None` if there are too many.
pub(super) fn places(call: &Call) -> Option<Vec<Endpoint>> {
    let mut places = Vec::new();
    for captured in call.messages.iter().filter(|captured| !captured.message.body().is_empty()) {
        let Some(sdp) = captured.message.sdp() else { continue };
        for place in sdp.media.iter().filter_map(|media| sdp.receives_at(media)) {
            if places.len() > MEDIA_OF_CALL {
                return None;
            }
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    Some(places)
}
