use super::RULE;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{check, offer_refused, only, sdp};
use crate::diagnosis::{Certainty, Severity};

const PLAIN: &str = "m=audio 4000 RTP/AVP 0";
const SDES: &str = "m=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNf";
const DTLS: &str = "m=audio 4000 UDP/TLS/RTP/SAVPF 0\na=fingerprint:sha-256 4A:AD";

#[test]
fn both_sides_are_compared() {
    let flow = offer_refused(SDES, &sdp(PLAIN));
    let finding = only(&flow, RULE.code);
    let expected = "198.51.100.5:5060 answered INVITE with 488: it was offered audio encrypted with keys in the session description (SDES), \
        and by its own session description takes it without encryption.";
    assert_eq!(finding.message.to_string(), expected);
    assert_eq!(finding.certainty, Certainty::Strong);
    assert_eq!(codes(&report(&flow)), ["srtp-mismatch error"]);
}

#[test]
fn only_what_the_capture_shows_is_told() {
    let error = Some(Severity::Error);
    let warning = |code: u16, text: &str| format!("Warning: {code} p \"{text}\"\n");
    let other_codec = sdp("m=audio 5000 RTP/SAVP 18\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNf");
    let old_dtls = "m=audio 4000 RTP/SAVPF 0\na=fingerprint:sha-256 4A:AD";
    let two = format!("{PLAIN}\n{SDES}");
    check(
        RULE.code,
        &[
            ("encryption is demanded", &offer_refused(PLAIN, &sdp(SDES)), error),
            ("keys by DTLS and in the description", &offer_refused(DTLS, &sdp(SDES)), error),
            ("the same with an old spelling of DTLS", &offer_refused(old_dtls, &sdp(DTLS)), None),
            ("a section that names no exchange of keys", &offer_refused(DTLS, &sdp("m=audio 0 RTP/SAVP 0")), None),
            ("the same", &offer_refused(SDES, &sdp(SDES)), None),
            ("the same, with another codec", &offer_refused(SDES, &other_codec), None),
            ("feedback alone", &offer_refused(PLAIN, &sdp("m=audio 5000 RTP/AVPF 0")), None),
            ("both offered", &offer_refused(&two, &sdp(PLAIN)), None),
            ("both offered, and nothing said", &offer_refused(&two, ""), None),
            ("both in one section", &offer_refused(&SDES.replace("SAVP", "AVP"), &sdp(DTLS)), error),
            (
                "both in one section, one of them accepted",
                &offer_refused(&SDES.replace("SAVP", "AVP"), &sdp(SDES)),
                None,
            ),
            ("another medium", &offer_refused(SDES, &sdp("m=video 5000 RTP/AVP 31")), None),
            ("keys by ZRTP", &offer_refused("m=audio 4000 RTP/SAVP 0\na=zrtp-hash:1.10 4A", ""), None),
            ("a Warning about IPv6", &offer_refused(PLAIN, &warning(302, "IPv6 not supported")), None),
            ("no key", &offer_refused("m=audio 4000 RTP/SAVP 0", ""), error),
            ("no fingerprint", &offer_refused("m=audio 4000 UDP/TLS/RTP/SAVPF 0", ""), error),
            ("no key, and another reason given", &offer_refused("m=audio 4000 RTP/SAVP 0", &warning(305, "x")), None),
            ("a fingerprint of all sections", &offer_refused(&format!("a=fingerprint:sha-1 4A\n{SDES}"), ""), None),
            ("Warning 302", &offer_refused(SDES, &warning(302, "x")), error),
            ("Warning 302, and no encryption offered", &offer_refused(PLAIN, &warning(302, "x")), error),
            ("Warning 302, and both offered", &offer_refused(&two, &warning(302, "x")), None),
            ("Warning 302, and fax offered", &offer_refused("m=image 4000 udptl t38", &warning(302, "x")), None),
            ("Warning 305", &offer_refused(SDES, &warning(305, "x")), None),
            ("Warning in words", &offer_refused(PLAIN, &warning(399, "SRTP required")), error),
            ("other words", &offer_refused(SDES, &warning(399, "no resources")), None),
            ("nothing said", &offer_refused(SDES, ""), None),
        ],
    );
}

/// A refused offer, and the next one with what came of it.
fn again(first: &str, second: &str, answer: &str) -> String {
    format!(
        "{}0.3 a > p\nINVITE sip:bob@p\n{}\n0.4 p > a\n{answer}\n\n0.5 a > p\nACK\n\n",
        offer_refused(first, ""),
        sdp(second)
    )
}

#[test]
fn what_the_next_offer_shows_is_told() {
    let bye = "9.0 a > p\nBYE\n\n9.1 p > a\n200 OK\n\n";
    let flow = again(SDES, PLAIN, "200 OK") + bye;
    let expected = "198.51.100.5:5060 answered INVITE with 488: media were offered encrypted with keys in the session description (SDES). The client \
        then offered the same codecs without encryption, and that was accepted.";
    assert_eq!(only(&flow, RULE.code).message.to_string(), expected);
    assert_eq!(codes(&report(&flow)), ["srtp-mismatch info"]);
    let other = again(SDES, &PLAIN.replace("AVP 0", "AVP 8"), "200 OK") + bye;
    assert_eq!(codes(&report(&other)), [""; 0], "other codecs");
    let busy = again(SDES, PLAIN, "486 Busy Here");
    assert_eq!(codes(&report(&busy)), ["failed-response info"], "not accepted");
}

#[test]
fn a_codec_that_is_missing_as_well_is_told_as_that_alone() {
    let flow = offer_refused(&SDES.replace("SAVP 0", "SAVP 18").replace("a=crypto", "a=x"), &sdp(SDES));
    assert_eq!(codes(&report(&flow)), ["no-common-codec error"]);
}
