use super::*;
use crate::diagnosis::Settings;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::talk_flow::{call, plain, rtp, sdp};
use crate::diagnosis::testing::{check, diagnose_files};

fn there(start: f64, end: f64) -> String {
    rtp("alice-rtp", "bob-rtp", start, end)
}

fn back(start: f64, end: f64) -> String {
    rtp("bob-rtp", "alice-rtp", start, end)
}

#[test]
fn one_direction_alone_is_told_where_both_were_agreed() {
    let error = Some(Severity::Error);
    let talk = plain(20);
    let hold = call(20, &sdp("192.0.2.10", 4000, "a=sendonly\n"), &sdp("198.51.100.30", 5000, "a=recvonly\n"));
    let candidate = "a=candidate:1 1 UDP 2130706431 198.51.100.1 8998 typ host\n";
    let ice = call(20, &sdp("192.0.2.10", 4000, candidate), &sdp("198.51.100.30", 5000, candidate));
    let private = call(20, &sdp("10.0.0.5", 4000, ""), &sdp("198.51.100.30", 5000, ""));
    let update = format!(
        "5.0 alice > bob\nUPDATE sip:bob@198.51.100.30\n{}\n\n+0.01 bob > alice\n200 OK\n\n",
        sdp("192.0.2.10", 4000, "a=inactive\n")
    );
    let early = format!(
        "{talk}0.5 bob > alice tag=t from-tag=t\nUPDATE sip:alice@192.0.2.10\n{}\n\n+0.01 alice > bob\n200 OK\n{}\n\n",
        sdp("198.51.100.77", 7000, ""),
        sdp("192.0.2.10", 4000, "")
    );
    let secure = "m=audio 4002 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\n";
    let sections = call(
        20,
        &sdp("192.0.2.10", 4002, "").replace("RTP/AVP 0\n", &format!("RTP/AVP 0\n{}", secure.replace("4002", "4000"))),
        &sdp("198.51.100.30", 0, &secure.replace("4002", "5000")),
    );
    check(
        RULE.code,
        &[
            ("from the caller alone", &format!("{talk}{}", there(1.1, 20.0)), error),
            ("from the callee alone", &format!("{talk}{}", back(1.1, 20.0)), error),
            ("behind NAT", &format!("{private}{}", rtp("nat", "bob-rtp", 1.1, 20.0)), error),
            ("early media alone came back", &format!("{talk}{}{}", back(0.2, 0.9), there(1.1, 20.0)), error),
            ("both", &format!("{talk}{}{}", there(1.1, 20.0), back(1.2, 20.0)), None),
            ("none", &talk, None),
            ("another call's", &format!("{talk}{}", rtp("relay", "nat", 1.1, 20.0)), None),
            ("a few packets came back", &format!("{talk}{}{}", there(1.1, 20.0), back(9.0, 9.5)), None),
            (
                "to where NAT sends from",
                &format!("{private}{}{}", rtp("nat", "bob-rtp", 1.1, 20.0), rtp("relay", "nat", 1.2, 20.0)),
                None,
            ),
            (
                "from the agreed port to elsewhere",
                &format!("{talk}{}{}", there(1.1, 20.0), rtp("bob-rtp", "relay", 1.1, 20.0)),
                None,
            ),
            ("to another port than agreed", &format!("{talk}{}", rtp("alice-rtp", "relay", 1.1, 20.0)), None),
            ("too short", &format!("{}{}", plain(7), there(1.1, 8.0)), None),
            ("few packets", &format!("{talk}{}", there(1.1, 5.0)), None),
            ("on hold", &format!("{hold}{}", there(1.1, 20.0)), None),
            ("after a refresh", &format!("{talk}{}{}{}", offer_again("", ""), back(1.1, 4.0), there(1.1, 20.0)), None),
            ("before and after a refresh", &format!("{talk}{}{}", offer_again("", ""), there(1.1, 20.0)), error),
            (
                "after hold",
                &format!("{talk}{}{}{}", offer_again("a=inactive\n", "a=inactive\n"), back(1.1, 4.0), there(1.1, 20.0)),
                None,
            ),
            ("another offer before the answer", &format!("{early}{}", there(1.1, 20.0)), None),
            ("two sections, one refused", &format!("{sections}{}", there(1.1, 20.0)), error),
            ("ICE", &format!("{ice}{}", there(1.1, 20.0)), None),
            ("stopped soon by another offer", &format!("{talk}{update}{}", there(1.1, 20.0)), None),
        ],
    );
}

#[test]
fn who_hears_nothing_and_why_is_told() {
    let private = call(20, &sdp("10.0.0.5", 4000, ""), &sdp("198.51.100.30", 5000, ""));
    let told = report(&format!("{private}{}", rtp("nat", "bob-rtp", 1.1, 20.0)));
    assert_eq!(codes(&told), [format!("{} error", RULE.code)]);
    let finding = &told.findings[0];
    let message = finding.message.to_string();
    assert!(
        message.contains("189 RTP packets to 198.51.100.30:5000 were captured, over 18.8 s of this call"),
        "{message}"
    );
    assert!(message.ends_with("10.0.0.5 is a private address, and 198.51.100.30 is not in that network."), "{message}");
    assert_eq!(finding.evidence[0].frame.number.0, 4);
    let actor =
        |told: &crate::diagnosis::CallReport| told.findings[0].actor.clone().unwrap().address.unwrap().to_string();
    assert_eq!(actor(&told), "192.0.2.10:5060");
    assert_eq!(actor(&report(&format!("{}{}", plain(20), there(1.1, 20.0)))), "198.51.100.30:5060");
}

/// A re-INVITE after five seconds with the same addresses.
fn offer_again(offer: &str, answer: &str) -> String {
    format!(
        "5.0 alice > bob to-tag=t cseq=7\nINVITE sip:bob@198.51.100.30\n{}\n\n+0.01 bob > alice cseq=7\n200 OK\n{}\n\n+0.01 alice > bob cseq=7\nACK\n\n",
        sdp("192.0.2.10", 4000, offer),
        sdp("198.51.100.30", 5000, answer)
    )
}

#[test]
fn a_bye_that_says_the_same_follows() {
    let reason = |text: &str| {
        let talk = plain(20).replace("BYE\n", &format!("BYE\nReason: {text}\n"));
        let told = report(&format!("{talk}{}", back(1.1, 20.0)));
        let all = told.findings.iter().map(|f| (f.code, f.consequence_of));
        all.collect::<Vec<_>>()
    };
    let bye = "bye-with-abnormal-reason";
    assert_eq!(reason("Q.850;cause=16;text=\"RTP timeout\""), [(RULE.code, None), (bye, Some(RULE.code))]);
    assert_eq!(reason("Q.850;cause=38"), [(RULE.code, None), (bye, None)]);
}

#[test]
fn where_a_proxy_speaks_for_an_end_its_media_are_named() {
    let talk = call(20, &sdp("192.0.2.10", 4000, ""), &sdp("198.51.100.77", 7000, ""));
    let told = report(&format!("{talk}{}", rtp("alice-rtp", "relay", 1.1, 20.0)));
    let finding = &told.findings[0];
    assert_eq!(finding.actor.clone().unwrap().address.unwrap().to_string(), "198.51.100.77:7000");
    assert!(finding.remediation[0].to_string().starts_with("See whether 198.51.100.77 sends RTP to 192.0.2.10:4000"));
}

#[test]
fn an_offer_in_the_answer_is_read_as_well() {
    let offer = sdp("198.51.100.30", 5000, "");
    let flow =
        call(20, "", &offer).replace("ACK\n", &format!("ACK sip:bob@198.51.100.30\n{}\n", sdp("192.0.2.10", 4000, "")));
    check(RULE.code, &[("late", &format!("{flow}{}", there(1.1, 20.0)), Some(Severity::Error))]);
}

#[test]
fn no_audio_at_all_is_told_where_the_capture_would_have_it() {
    let error = Some(Severity::Error);
    let hosts = "host bob-2 198.51.100.30:5002\nhost bob-4 198.51.100.30:5004\nhost alice-2 192.0.2.10:4002\nhost carol 203.0.113.70:6000\n\n";
    let talk = format!("{hosts}{}", plain(20));
    let short = format!("{hosts}{}", plain(9));
    let hold = call(20, &sdp("192.0.2.10", 4000, "a=sendonly\n"), &sdp("198.51.100.30", 5000, "a=recvonly\n"));
    let hold = format!("{hosts}{hold}");
    let direct = format!("{hosts}{}", call(20, &sdp("192.0.2.10", 4000, ""), &sdp("203.0.113.99", 5000, "")));
    let over_tcp = talk.replace("RTP/AVP", "TCP/RTP/AVP");
    let with_carol = rtp("bob-2", "carol", 1.0, 15.0);
    let with_relay = rtp("relay", "bob-4", 1.0, 15.0);
    let between = rtp("alice-2", "bob-2", 1.0, 15.0);
    check(
        RULE.code,
        &[
            ("between the two", &format!("{talk}{between}"), error),
            ("of one with two others", &format!("{talk}{with_carol}{with_relay}"), error),
            ("of one with one other", &format!("{talk}{with_carol}"), None),
            ("two with the same other", &format!("{talk}{with_carol}{}", rtp("bob-4", "carol", 1.0, 15.0)), None),
            ("before it", &format!("{talk}{}", rtp("alice-2", "bob-2", 0.1, 0.8)), None),
            ("a single packet of others", &format!("{talk}{}", rtp("alice-2", "bob-2", 5.0, 5.05)), None),
            ("over TCP", &format!("{over_tcp}{between}"), None),
            ("of others", &format!("{talk}{}", rtp("relay", "carol", 1.0, 15.0)), None),
            ("a packet of its own", &format!("{talk}{between}{}", there(3.0, 3.05)), None),
            ("too short", &format!("{short}{between}"), None),
            ("on hold", &format!("{hold}{between}"), None),
            ("another host", &format!("{direct}{between}"), None),
        ],
    );
    // Two taps, of which the one that sees media need not see those of this call.
    let is_media = |octets: &[u8]| u16::from(memchr::memmem::find(octets, b"SIP/2.0").is_none());
    for (file, told) in [(None, 1), (Some(is_media), 0)] {
        let file = |octets: &[u8]| file.map_or(0, |file| file(octets));
        let found = diagnose_files(&format!("{talk}{with_carol}{with_relay}"), Settings::default(), file);
        let codes = found.calls.iter().flat_map(|call| &call.findings).filter(|f| f.code == RULE.code);
        assert_eq!(codes.count(), told);
    }
    let told = report(&format!("{talk}{between}"));
    let message = told.findings[0].message.to_string();
    assert!(
        message.ends_with("other RTP of these hosts meanwhile: 192.0.2.10:4002 to 198.51.100.30:5002."),
        "{message}"
    );
}
