use super::RULE;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{OFFER_HOSTS, check, offer_refused, only, sdp};
use crate::diagnosis::{Certainty, Severity};

const G729: &str = "m=audio 4000 RTP/AVP 18 101\na=rtpmap:18 G729/8000\na=rtpmap:101 telephone-event/8000";
const G711: &str = "m=audio 5000 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000";

#[test]
fn codecs_of_both_sides_are_compared() {
    let finding = only(&offer_refused(G729, &sdp(G711)), RULE.code);
    let expected = "198.51.100.5:5060 answered INVITE with 488: of the codecs offered for audio (G729/8000) it has none. By its own \
        session description it accepts PCMU/8000, PCMA/8000.";
    assert_eq!(finding.message.to_string(), expected);
    assert_eq!(finding.certainty, Certainty::Certain);
    assert_eq!(codes(&report(&offer_refused(G729, &sdp(G711)))), ["no-common-codec error"]);
}

#[test]
fn only_what_the_capture_shows_is_told() {
    let error = Some(Severity::Error);
    let warning = |code: u16| format!("Warning: {code} p \"x\"\n");
    check(
        RULE.code,
        &[
            ("other codecs", &offer_refused(G729, &sdp(G711)), error),
            ("a codec in common", &offer_refused("m=audio 4000 RTP/AVP 8 18", &sdp(G711)), None),
            (
                "the same codec by another number",
                &offer_refused("m=audio 4000 RTP/AVP 96\na=rtpmap:96 pcmu/8000/1", &sdp(G711)),
                None,
            ),
            (
                "digits in common are no codec",
                &offer_refused(G729, &sdp("m=audio 5000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000")),
                error,
            ),
            ("encryption", &offer_refused("m=audio 4000 RTP/SAVP 18", &sdp(G711)), None),
            (
                "an annex in the name",
                &offer_refused(G729, &sdp("m=audio 5000 RTP/AVP 97\na=rtpmap:97 G729A/8000")),
                None,
            ),
            ("a number without a name", &offer_refused("m=audio 4000 RTP/AVP 97", &sdp(G711)), None),
            (
                "no offer",
                &format!(
                    "{OFFER_HOSTS}0.0 a > p\nINVITE sip:bob@p\n\n0.1 p > a\n488 x\n{}\n0.2 a > p\nACK\n\n",
                    sdp(G711)
                ),
                None,
            ),
            ("encryption, and Warning 305", &offer_refused("m=audio 4000 RTP/SAVP 0", &warning(305)), None),
            ("Warning 305", &offer_refused(G729, &warning(305)), error),
            ("Warning 304", &offer_refused("m=video 4000 RTP/AVP 31", &warning(304)), error),
            ("another Warning", &offer_refused(G729, &warning(302)), None),
            ("nothing said", &offer_refused(G729, ""), None),
            ("no medium", &offer_refused("m=audio 0 RTP/AVP 0", ""), error),
            ("fax", &offer_refused("m=image 4000 udptl t38", &warning(305)), None),
        ],
    );
}

#[test]
fn a_client_that_makes_another_offer_only_informs() {
    let flow = format!(
        "{}0.3 a > p\nINVITE sip:bob@p\n{}\n0.4 p > a\n200 OK\n{}\n0.5 a > p\nACK\n\n9.0 a > p\nBYE\n\n9.1 p > a\n200 OK\n\n",
        offer_refused(G729, &sdp(G711)),
        sdp("m=audio 4000 RTP/AVP 8"),
        sdp("m=audio 5000 RTP/AVP 8"),
    );
    assert_eq!(codes(&report(&flow)), ["no-common-codec info"]);
    let busy = flow.replace("200 OK", "486 Busy Here").split_inclusive("ACK\n\n").take(2).collect::<String>();
    let report = report(&busy);
    let said: Vec<_> = report.findings.iter().map(|f| f.message.to_string()).collect();
    assert!(said.iter().any(|text| text.ends_with("The client made another offer, and got 486.")), "{said:#?}");
}

#[test]
fn inside_a_call_it_is_no_more_than_a_warning() {
    let flow = format!(
        "{OFFER_HOSTS}0.0 a > p\nINVITE sip:bob@p\n{}\n0.1 p > a tag=t\n200 OK\n{}\n0.2 a > p\nACK\n\n1.0 a > p to-tag=t\nINVITE sip:p\n{}\n\
         1.1 p > a\n488 Not Acceptable Here\nWarning: 305 p \"no\"\n\n1.2 a > p\nACK\n\n9.0 a > p\nBYE\n\n9.1 p > a\n200 OK\n\n",
        sdp("m=audio 4000 RTP/AVP 8"),
        sdp("m=audio 5000 RTP/AVP 8"),
        sdp(G729),
    );
    assert_eq!(codes(&report(&flow)), ["no-common-codec warning"]);
}

#[test]
fn what_is_refused_again_is_told_of_the_last_attempt() {
    let first = offer_refused(G729, &sdp(G711));
    let second = first
        .trim_start_matches(OFFER_HOSTS)
        .replace("0.0 a", "1.0 a")
        .replace("0.1 p", "1.1 p")
        .replace("0.2 a", "1.2 a");
    assert_eq!(codes(&report(&(first + &second))), ["no-common-codec error"]);
}

/// A call with that offer and answer, of so many seconds.
fn answered(offer: &str, answer: &str, seconds: u32) -> String {
    format!(
        "{OFFER_HOSTS}0.0 a > p\nINVITE sip:bob@p\n{}\n0.1 p > a\n200 OK\n{}\n0.2 a > p\nACK\n\n{}.3 a > p\nBYE\n\n+0.01 p > a\n200 OK\n\n",
        sdp(offer),
        sdp(answer),
        seconds
    )
}

#[test]
fn an_answer_with_other_codecs_than_the_offer_agrees_on_nothing() {
    let finding = only(&answered(G729, G711, 0), RULE.code);
    let expected = "198.51.100.5:5060 answered INVITE with 200, and its answer lists codecs for audio that were not offered: PCMU/8000, PCMA/8000, \
        where the offer has G729/8000. Nothing is agreed on then (RFC 3264 §6.1), and the client hung up 200 ms later.";
    assert_eq!(finding.message.to_string(), expected);
    assert_eq!(finding.severity, Severity::Error);
    let longer = only(&answered(G729, G711, 9), RULE.code);
    assert!(longer.message.to_string().ends_with("the two sides may not hear each other."));
    let opus = "m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2";
    check(
        RULE.code,
        &[
            ("no codec in common", &answered(G729, G711, 9), Some(Severity::Warning)),
            ("one of the offer", &answered("m=audio 4000 RTP/AVP 0 8 18", G711, 9), None),
            ("one of the offer, behind another", &answered("m=audio 4000 RTP/AVP 8", G711, 9), None),
            ("by another number", &answered(opus, &opus.replace("96", "111"), 9), None),
            ("refused", &answered(G729, "m=audio 0 RTP/AVP 0", 9), None),
            ("digits alone", &answered(G729, "m=audio 9 RTP/AVP 97\na=rtpmap:97 telephone-event/8000", 9), None),
            ("a number without name", &answered(G729, "m=audio 9 RTP/AVP 97", 9), None),
            ("a long call", &answered(G729, G711, 90), None),
        ],
    );
}

#[test]
fn an_answer_has_as_many_sections_as_its_offer() {
    const BOTH: &str = "m=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 96\na=rtpmap:96 H264/90000";
    const AUDIO: &str = "m=audio 5000 RTP/AVP 0";
    let finding = only(&answered(BOTH, AUDIO, 9), RULE.code);
    let text = finding.message.to_string();
    assert!(text.contains("its answer has 1 media sections (m=) where the offer has 2."), "{text}");
    check(
        RULE.code,
        &[
            ("one is missing", &answered(BOTH, AUDIO, 9), Some(Severity::Notice)),
            ("the client hangs up for it", &answered(BOTH, AUDIO, 0), Some(Severity::Warning)),
            ("one too many", &answered(BOTH, &format!("{BOTH}\nm=image 9 udptl t38"), 9), Some(Severity::Notice)),
            ("audio alone is offered", &answered(AUDIO, BOTH, 9), None),
            ("refused with port 0", &answered(BOTH, &format!("{AUDIO}\nm=video 0 RTP/AVP 96"), 9), None),
            ("as many", &answered(BOTH, &BOTH.replace("400", "500"), 9), None),
            ("a long call", &answered(BOTH, AUDIO, 90), None),
            ("a line that is none", &answered(BOTH, &format!("{AUDIO}\nm=x"), 9), None),
        ],
    );
    // An offer in the answer, which the ACK answers, is compared with nothing.
    let offer = sdp(BOTH);
    let late = format!(
        "{OFFER_HOSTS}0.0 a > p\nINVITE sip:bob@p\n\n0.1 p > a\n200 OK\n{offer}\n0.2 a > p\nACK\n{}\n9.3 a > p\nBYE\n\n+0.01 p > a\n200 OK\n\n",
        sdp(AUDIO)
    );
    check(RULE.code, &[("a late offer", &late, None)]);
}
