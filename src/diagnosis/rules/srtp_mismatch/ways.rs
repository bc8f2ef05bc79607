//! Where an offer and the other side differ in how media are encrypted.

use super::super::no_common_codec::warnings;
use crate::call::CapturedMessage;
use crate::diagnosis::refused::Refused;
use crate::sip::sdp::Media;
use crate::sip::{HeaderName, Message, Sdp, Warning};

/// Transport protocols that a sentence names.
const PROTOCOLS: usize = 6;

/// Words by which a Warning speaks of encryption.
const WORDS: [&str; 6] = ["srtp", "savp", "savpf", "crypto", "encryption", "encrypted"];

/// Words by which it speaks of what is below RTP.
const OTHER_TRANSPORTS: [&str; 6] = ["ipv4", "ipv6", "ip4", "ip6", "tcp", "udptl"];

/// The ways in which media of one kind can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ways {
    /// Without encryption.
    pub(super) plain: bool,
    /// With keys in the session description.
    pub(super) sdes: bool,
    /// With keys that DTLS agrees on.
    pub(super) dtls: bool,
}

/// Why the two sides cannot agree.
#[derive(Debug)]
pub(super) enum Mismatch<'a> {
    /// Encryption is offered without a key.
    Keyless { protocol: String },
    /// Encryption with keys by DTLS is offered without the fingerprint of a certificate.
    NoFingerprint { protocol: String },
    /// The session description of the response has others.
    Own { kind: String, offered: Ways, accepted: Ways, sections: String },
    /// A Warning says that the transport protocol is missing.
    Transport { protocols: Vec<String>, plain: bool },
    /// A Warning speaks of encryption.
    Said { text: String },
    /// The next offer differed in nothing else, and was accepted.
    Next { first: Ways, second: Ways, accepted: &'a CapturedMessage },
}

/// `None` where the capture does not show it.
pub(super) fn mismatch<'a>(case: &Refused<'a>) -> Option<Mismatch<'a>> {
    let request = case.request().filter(|m| !m.message.is_cut())?;
    let offer = request.message.sdp()?;
    let response = &case.response.message;
    let warnings = warnings(response);
    let names_another = warnings.iter().any(|code| matches!(code, 304 | 305));
    // ZRTP agrees on keys in the media themselves (RFC 6189).
    let has_zrtp = || String::from_utf8_lossy(request.message.body()).contains("a=zrtp-hash:");
    let keyless = || keyless(&offer).filter(|_| !names_another && !has_zrtp());
    let own = || own(&offer, &response.sdp()?);
    let transport = || transport(&offer).filter(|_| warnings.contains(&302) && !speaks(response, &OTHER_TRANSPORTS));
    let said = || said(response).map(|text| Mismatch::Said { text });
    let is_rtp = offer.media.iter().any(|media| is_open(media) && is_rtp(media));
    if !is_rtp {
        return None;
    }
    keyless().or_else(own).or_else(transport).or_else(said).or_else(|| next(case, &offer))
}

/// The first encrypted medium without a key of which no other section has one.
fn keyless(offer: &Sdp) -> Option<Mismatch<'static>> {
    let media = offer
        .media
        .iter()
        .find(|media| is_open(media) && is_rtp(media) && ways(offer, &media.kind, is_open) == Ways::default())?;
    let protocol = media.protocol.clone();
    Some(if is_dtls(media) { Mismatch::NoFingerprint { protocol } } else { Mismatch::Keyless { protocol } })
}

/// The first medium that the other side has as well, and in another way. Where one is the same, something else was refused.
fn own(offer: &Sdp, own: &Sdp) -> Option<Mismatch<'static>> {
    let any = |_: &Media| true;
    let mut first = None;
    for media in offer.media.iter().filter(|media| is_open(media) && is_rtp(media)) {
        let (offered, mut accepted) = (ways(offer, &media.kind, is_open), ways(own, &media.kind, any));
        let of_kind = || own.media.iter().filter(|other| other.kind == media.kind && is_rtp(other));
        // It is no offer, and need not have keys: either exchange may be meant.
        for other in of_kind().filter(|other| is_secure(other) && !has_keys(own, other)) {
            accepted = Ways { sdes: accepted.sdes || !is_dtls(other), dtls: true, ..accepted };
        }
        if of_kind().next().is_none() {
            continue;
        }
        if offered.shares(accepted) {
            return None;
        }
        let sections = || of_kind().map(|m| format!("{} {}", m.kind, m.protocol)).take(PROTOCOLS).collect::<Vec<_>>();
        first = first.or_else(|| Some((media.kind.clone(), offered, accepted, sections().join("; "))));
    }
    let (kind, offered, accepted, sections) = first?;
    Some(Mismatch::Own { kind, offered, accepted, sections })
}

/// The transport protocols of an offer in which all media are encrypted, or none can be.
fn transport(offer: &Sdp) -> Option<Mismatch<'static>> {
    let sections = || offer.media.iter().filter(|media| is_open(media));
    let of_one_kind = sections().all(|m| is_rtp(m) && is_secure(m))
        || sections().all(|m| is_rtp(m) && !is_secure(m) && !has_keys(offer, m) && !m.protocol.contains("AVPF"));
    let mut protocols: Vec<_> = sections().map(|media| media.protocol.clone()).collect();
    protocols.dedup();
    protocols.truncate(PROTOCOLS);
    let plain = !sections().any(is_secure);
    of_one_kind.then_some(Mismatch::Transport { protocols, plain })
}

/// What a Warning says of encryption.
fn said(response: &Message) -> Option<String> {
    warning_with(response, &WORDS)
}

fn speaks(response: &Message, words: &[&str]) -> bool {
    warning_with(response, words).is_some()
}

/// The text of the first Warning with one of these words.
fn warning_with(response: &Message, wanted: &[&str]) -> Option<String> {
    let texts = response.values(HeaderName::Warning).into_iter().filter_map(|value| Some(Warning::read(&value)?.text));
    let mut speaking = texts.filter(|text| {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|one| wanted.iter().any(|word| one.eq_ignore_ascii_case(word)))
    });
    speaking.next()
}

/// The offer that the client made next, where it was accepted and differs in nothing but this.
fn next<'a>(case: &Refused<'a>, offer: &Sdp) -> Option<Mismatch<'a>> {
    let mut later = case.accepted_later();
    later.find_map(|accepted| {
        let second = accepted.message.sdp()?;
        let kind = &offer.media.iter().find(|media| is_open(media) && is_rtp(media))?.kind;
        let (before, after) = (ways(offer, kind, is_open), ways(&second, kind, is_open));
        let is_other = !before.shares(after) && after != Ways::default();
        (is_other && codecs(offer) == codecs(&second)).then_some(Mismatch::Next {
            first: before,
            second: after,
            accepted,
        })
    })
}

/// Kinds and codecs of all sections, in order.
fn codecs(sdp: &Sdp) -> Vec<(&str, Vec<&str>)> {
    let of = |media: &'_ &Media| is_open(media) && is_rtp(media);
    let all = sdp.media.iter().filter(of);
    let mut all: Vec<_> = all.map(|m| (m.kind.as_str(), m.formats.iter().map(|f| m.codec(f)).collect())).collect();
    all.dedup();
    all
}

impl Ways {
    fn shares(self, other: Self) -> bool {
        (self.plain && other.plain) || (self.sdes && other.sdes) || (self.dtls && other.dtls)
    }
}

/// The ways in which the sections of a kind can be had.
fn ways(sdp: &Sdp, kind: &str, counts: impl Fn(&Media) -> bool) -> Ways {
    let mut ways = Ways::default();
    for media in sdp.media.iter().filter(|media| media.kind == kind && is_rtp(media) && counts(media)) {
        let keys = sdp.keys_of(media);
        ways.plain |= !is_secure(media);
        ways.sdes |= keys.inside && !is_dtls(media);
        ways.dtls |= keys.fingerprint;
    }
    ways
}

fn has_keys(sdp: &Sdp, media: &Media) -> bool {
    let keys = sdp.keys_of(media);
    keys.inside || keys.fingerprint
}

/// Whether it is switched on.
fn is_open(media: &Media) -> bool {
    media.port != Some(0)
}

fn is_rtp(media: &Media) -> bool {
    media.protocol.to_ascii_uppercase().contains("AVP")
}

fn is_secure(media: &Media) -> bool {
    media.protocol.to_ascii_uppercase().contains("SAVP")
}

/// Whether the protocol itself says that DTLS agrees on keys.
fn is_dtls(media: &Media) -> bool {
    media.protocol.to_ascii_uppercase().contains("TLS/")
}
