//! Where an offer and what the other side says of itself have nothing in common.

use crate::diagnosis::refused::Refused;
use crate::sip::sdp::Media;
use crate::sip::{HeaderName, Message, Sdp, Warning};

/// Codecs of a section that a sentence names.
const CODECS: usize = 12;

/// Why the two sides cannot agree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// The response has a session description with other codecs.
    Lists { kind: String, offered: Vec<String>, accepted: Vec<String> },
    /// A Warning says that formats are missing.
    Formats { offered: Vec<String> },
    /// A Warning says that a medium is missing.
    Media { offered: Vec<String> },
    /// The offer has every medium switched off.
    Nothing,
}

/// `None` where the capture does not show it.
pub(super) fn mismatch(case: &Refused<'_>) -> Option<Mismatch> {
    let request = case.request().filter(|m| !m.message.is_cut())?;
    let offer = request.message.sdp()?;
    if offer.media.is_empty() || offer.media.iter().any(is_fax) {
        return None;
    }
    let mut open = offer.media.iter().filter(|media| media.port != Some(0));
    if open.next().is_none() {
        // A session that exists may be left without media for a while (RFC 3264 §8.2).
        return (!case.transaction.in_dialog).then_some(Mismatch::Nothing);
    }
    if let Some(own) = case.response.message.sdp() {
        return disjoint(&offer, &own);
    }
    let warnings = warnings(&case.response.message);
    // Who has no encryption may say so by the same Warning.
    let is_secret = offer.media.iter().any(|media| is_speech_or_picture(media) && is_secure(media));
    if warnings.contains(&305) && !is_secret {
        let codecs = offer.media.iter().filter(|m| is_speech_or_picture(m)).flat_map(codecs);
        return Some(Mismatch::Formats { offered: codecs.take(CODECS).collect() })
            .filter(|m| *m != Mismatch::Formats { offered: Vec::new() });
    }
    let kinds = offer.media.iter().map(|media| media.kind.clone());
    warnings.contains(&304).then(|| Mismatch::Media { offered: kinds.take(CODECS).collect() })
}

/// The first medium of the offer that the other side has as well, with other codecs. Whether media are encrypted has to fit first: where
/// it does not, codecs are not what was refused.
pub(super) fn disjoint(offer: &Sdp, own: &Sdp) -> Option<Mismatch> {
    let pairs = || {
        let sections = offer.media.iter().filter(|media| media.port != Some(0) && is_speech_or_picture(media));
        sections.filter_map(|media| Some((media, own.media.iter().find(|other| other.kind == media.kind)?)))
    };
    let shares = |(a, b): (&Media, &Media)| codecs(a).any(|codec| codecs(b).any(|other| other == codec));
    // A number without a name (rtpmap) may be any codec.
    let is_nameless = |media: &Media| codecs(media).any(|codec| codec.bytes().all(|b| b.is_ascii_digit()));
    let is_open = |(a, b): (&Media, &Media)| is_secure(a) != is_secure(b) || is_nameless(a) || is_nameless(b);
    if pairs().any(|pair| is_open(pair) || shares(pair)) {
        return None;
    }
    let (media, other) = pairs().next()?;
    let accepted: Vec<_> = codecs(other).take(CODECS).collect();
    let offered: Vec<_> = codecs(media).take(CODECS).collect();
    let both = !accepted.is_empty() && !offered.is_empty();
    both.then(|| Mismatch::Lists { kind: media.kind.clone(), offered, accepted })
}

/// The codecs of a section, without what is none by itself: digits, comfort noise, redundancy.
fn codecs(media: &Media) -> impl Iterator<Item = String> {
    media.formats.iter().map(|format| plain(media.codec(format))).filter(|codec| !is_auxiliary(codec))
}

/// A name as it is compared: `pcmu/8000/1` is `PCMU/8000`, and G.729 with the annexes A and B in its name is the codec without them.
fn plain(codec: &str) -> String {
    let upper = codec.to_ascii_uppercase();
    match upper.strip_suffix("/1").unwrap_or(&upper) {
        "G729A/8000" | "G729B/8000" | "G729AB/8000" => "G729/8000".to_owned(),
        other => other.to_owned(),
    }
}

fn is_auxiliary(codec: &str) -> bool {
    let name = codec.split('/').next().unwrap_or_default();
    matches!(name, "TELEPHONE-EVENT" | "CN" | "RED" | "ULPFEC" | "RTX" | "13")
}

fn is_speech_or_picture(media: &Media) -> bool {
    media.kind.eq_ignore_ascii_case("audio") || media.kind.eq_ignore_ascii_case("video")
}

fn is_fax(media: &Media) -> bool {
    media.kind.eq_ignore_ascii_case("image") && media.port != Some(0)
}

fn is_secure(media: &Media) -> bool {
    media.protocol.to_ascii_uppercase().contains("SAVP")
}

/// The codes of all warnings.
pub(in super::super) fn warnings(message: &Message) -> Vec<u16> {
    message.values(HeaderName::Warning).iter().filter_map(|value| Warning::read(value)).map(|w| w.code).collect()
}
