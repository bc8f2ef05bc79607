use super::RULE;
use crate::diagnosis::Severity;
use crate::diagnosis::talk_flow::{HOSTS, rtp, sdp};
use crate::diagnosis::testing::{check, only};

/// A call of 20 seconds that is answered after five, with these provisional responses before.
fn call(early: &str) -> String {
    let (offer, answer) = (sdp("192.0.2.10", 4000, ""), sdp("198.51.100.30", 5000, ""));
    format!(
        "{HOSTS}0.0 alice > bob\nINVITE sip:bob@b.example\n{offer}\n\n{early}5.0 bob > alice tag=t\n200 OK\n{answer}\n\n\
         5.01 alice > bob\nACK\n\n25.0 alice > bob\nBYE\n\n+0.01 bob > alice\n200 OK\n\n"
    )
}

fn early(time: &str, response: &str, more: &str) -> String {
    format!("{time} bob > alice tag=t\n{response}\n{}\n\n", sdp("198.51.100.30", 5000, more))
}

fn to_caller(start: f64, end: f64) -> String {
    rtp("bob-rtp", "alice-rtp", start, end)
}

fn to_callee(start: f64, end: f64) -> String {
    rtp("alice-rtp", "bob-rtp", start, end)
}

const PROGRESS: &str = "183 Session Progress";

#[test]
fn early_media_that_do_not_come_are_told() {
    let steps = format!("{}{}{}", call(&early("0.5", PROGRESS, "")), to_caller(5.1, 20.0), to_callee(5.1, 20.0));
    let finding = only(&steps, RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "198.51.100.30:5060 announced early media: its 183 with a session description came 4.5 s before the answer, and no RTP packet to 192.0.2.10:4000 was captured until \
         then; the first one came 100 ms behind the answer. Many telephones do not ring by themselves behind such a 183: who calls hears nothing. The caller sent none to \
         198.51.100.30:5000 in that time either; a relay that waits for its first packet sends nothing before."
    );
    let heard = steps.replace("5.01 alice > bob", &format!("{}5.01 alice > bob", to_callee(0.6, 4.9)));
    assert!(!only(&heard, RULE.code).message.to_string().contains("either"));
}

#[test]
fn what_rings_or_plays_is_none() {
    let warning = Some(Severity::Warning);
    let both = format!("{}{}", to_caller(5.1, 20.0), to_callee(5.1, 20.0));
    let flow = |responses: &str, media: &str| format!("{}{media}", call(responses));
    let progress = early("0.5", PROGRESS, "");
    let rings = "0.9 bob > alice tag=t\n180 Ringing\n\n";
    let rings_first = "0.2 bob > alice tag=t\n180 Ringing\n\n";
    let gated = progress.replace(PROGRESS, &format!("{PROGRESS}\nP-Early-Media: inactive"));
    let fork = progress.replace("tag=t", "tag=other");
    check(
        RULE.code,
        &[
            ("nothing comes", &flow(&progress, &both), warning),
            ("180 in front of it", &flow(&format!("{rings_first}{progress}"), &both), warning),
            ("ringback is played", &flow(&progress, &format!("{}{both}", to_caller(0.6, 4.9))), None),
            ("one packet comes", &flow(&progress, &format!("{}{both}", to_caller(2.0, 2.05))), None),
            ("180 behind it", &flow(&format!("{progress}{rings}"), &both), None),
            ("180 alone", &flow(rings, &both), None),
            ("183 without description", &flow("0.5 bob > alice tag=t\n183 Session Progress\n\n", &both), None),
            ("short before the answer", &flow(&early("3.0", PROGRESS, ""), &both), None),
            ("inactive", &flow(&early("0.5", PROGRESS, "a=inactive\n"), &both), None),
            ("gated", &flow(&gated, &both), None),
            ("another early dialog", &flow(&fork, &both), None),
            ("no RTP of the called side at all", &flow(&progress, &to_callee(5.1, 20.0)), None),
            ("no RTP", &flow(&progress, ""), None),
        ],
    );
}
