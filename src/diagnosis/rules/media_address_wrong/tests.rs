use super::*;
use crate::diagnosis::Certainty;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::talk_flow::{call, plain, rtp, sdp};
use crate::diagnosis::testing::check;

fn there() -> String {
    rtp("alice-rtp", "bob-rtp", 1.1, 20.0)
}

/// A further offer of the callee at that moment, with that description.
fn offer_of_bob(at: f64, description: &str) -> String {
    format!(
        "{at} bob > alice cseq=1 from-tag=t\nINVITE sip:alice@192.0.2.10\n{description}\n\n+0.01 alice > bob cseq=1 from-tag=t\n200 OK\n{}\n\n\
         +0.01 bob > alice cseq=1 from-tag=t\nACK\n\n",
        sdp("192.0.2.10", 4000, "")
    )
}

#[test]
fn an_address_of_no_host_is_told_where_nobody_takes_it_back() {
    let (error, warning) = (Some(Severity::Error), Some(Severity::Warning));
    let alice = sdp("192.0.2.10", 4000, "");
    let bob = sdp("198.51.100.30", 5000, "");
    let hold = call(20, &alice, &sdp("0.0.0.0", 5000, ""));
    let inactive = call(20, &sdp("192.0.2.10", 4000, "a=sendonly\n"), &sdp("0.0.0.0", 5000, "a=recvonly\n"));
    let offered = call(20, &sdp("0.0.0.0", 4000, ""), &bob);
    let ice = call(20, &sdp("0.0.0.0", 9, "a=ice-ufrag:x\n"), &sdp("0.0.0.0", 9, "a=ice-ufrag:y\n"));
    check(
        RULE.code,
        &[
            ("in the answer", &hold, warning),
            ("in the offer", &offered, warning),
            ("of IPv6", &call(20, &alice, &sdp("::", 5000, "")), warning),
            ("with RTP of that end", &format!("{offered}{}", rtp("nat", "bob-rtp", 1.1, 20.0)), error),
            ("too short", &call(7, &alice, &sdp("0.0.0.0", 5000, "")), None),
            ("hold by direction", &inactive, None),
            ("ICE", &ice, None),
            ("the other party comes later", &format!("{hold}{}", offer_of_bob(15.0, &bob)), None),
            ("and soon", &format!("{hold}{}", offer_of_bob(3.0, &bob)), None),
            (
                "hold as before RFC 3264",
                &format!("{}{}", plain(30), offer_of_bob(5.0, &sdp("0.0.0.0", 5000, ""))),
                None,
            ),
            (
                "sent to where RTP comes from",
                &format!("{offered}{}{}", rtp("nat", "bob-rtp", 1.1, 20.0), rtp("relay", "nat", 1.2, 20.0)),
                None,
            ),
            ("sent by the other end", &format!("{offered}{}", rtp("bob-rtp", "nat", 1.1, 20.0)), None),
            ("both are hosts", &plain(20), None),
        ],
    );
}

#[test]
fn a_loopback_address_is_told_unless_both_are_on_one_host() {
    let bob = sdp("198.51.100.30", 5000, "");
    let looped = call(20, &sdp("127.0.1.1", 4000, ""), &bob);
    let one_host = looped.replace("host bob 198.51.100.30", "host bob 192.0.2.10:5070");
    check(
        RULE.code,
        &[
            ("127.0.1.1", &looped, Some(Severity::Warning)),
            ("::1", &call(20, &sdp("::1", 4000, ""), &bob), Some(Severity::Warning)),
            ("with RTP", &format!("{looped}{}", there()), Some(Severity::Error)),
            (
                "sent to where RTP comes from",
                &format!("{looped}{}{}", there(), rtp("bob-rtp", "alice-rtp", 1.2, 20.0)),
                None,
            ),
            ("on one host", &one_host, None),
        ],
    );
    let both = report(&call(20, &sdp("127.0.0.1", 4000, ""), &sdp("127.0.0.1", 5000, "")));
    assert_eq!(codes(&both), ["media-address-wrong warning", "media-address-wrong warning"]);
}

#[test]
fn ends_of_two_families_are_told_where_no_rtp_passes() {
    let (v4, v6) = (sdp("192.0.2.10", 4000, ""), sdp("2001:db8::30", 5000, ""));
    let flow = call(20, &v4, &v6);
    let ice = call(20, &sdp("192.0.2.10", 4000, "a=ice-ufrag:x\n"), &v6);
    let passes =
        format!("{flow}1.5 192.0.2.10:4000 > 198.51.100.30:5000\nhex 80 00 00 01 00 00 00 a0 11 22 33 44 d5\n\n");
    check(
        RULE.code,
        &[
            ("IPv6 answers IPv4", &flow, Some(Severity::Warning)),
            ("IPv4 answers IPv6", &call(20, &v6, &v4), Some(Severity::Warning)),
            ("ICE", &ice, None),
            (
                "a=altc",
                &call(
                    20,
                    &sdp("192.0.2.10", 4000, "a=altc:1 IP4 192.0.2.10 4000\na=altc:2 IP6 2001:db8::10 4000\n"),
                    &v6,
                ),
                None,
            ),
            ("a=ccap", &call(20, &sdp("192.0.2.10", 4000, "a=ccap:1 IN IP6 2001:db8::10 4000\n"), &v6), None),
            ("RTP passes", &passes, None),
            ("both IPv6", &call(20, &sdp("2001:db8::10", 4000, ""), &v6), None),
        ],
    );
    let told = report(&flow);
    assert_eq!(told.findings[0].certainty, Certainty::Weak);
    assert_eq!(told.findings[0].actor.clone().unwrap().address.unwrap().to_string(), "198.51.100.30:5060");
}

#[test]
fn a_private_address_is_told_where_rtp_goes_there_and_comes_from_elsewhere() {
    let private = call(20, &sdp("10.0.0.5", 4000, ""), &sdp("198.51.100.30", 5000, ""));
    let hosts = private.replace("host nat", "host lan 10.0.0.5:4000\nhost nat");
    let (out, back) = (rtp("nat", "bob-rtp", 1.1, 20.0), rtp("bob-rtp", "lan", 1.1, 20.0));
    let lost = format!("{hosts}{out}{back}");
    check(
        RULE.code,
        &[
            ("behind NAT", &lost, Some(Severity::Error)),
            ("no RTP", &private, None),
            ("nothing goes there", &format!("{hosts}{out}"), None),
            ("nothing comes from elsewhere", &format!("{hosts}{back}"), None),
            ("it comes from there", &format!("{lost}{}", rtp("lan", "bob-rtp", 1.1, 20.0)), None),
            ("sent to where RTP comes from", &format!("{lost}{}", rtp("bob-rtp", "nat", 2.0, 20.0)), None),
            ("both are private", &format!("{}{}", lost.replace("198.51.100.30", "10.0.9.9"), ""), None),
        ],
    );
    let told = report(&lost);
    assert_eq!(codes(&told), ["media-address-wrong error"]);
    let message = told.findings[0].message.to_string();
    assert!(message.starts_with("189 RTP packets went to 10.0.0.5:4000, as the INVITE says, over 18.8 s"), "{message}");
    assert!(message.contains("the RTP of that end comes from 192.0.2.99:61000"), "{message}");
}

#[test]
fn a_bye_for_lack_of_media_follows() {
    let talk = call(20, &sdp("127.0.0.1", 4000, ""), &sdp("198.51.100.30", 5000, ""));
    let talk = talk.replace("BYE\n", "BYE\nReason: Q.850;cause=16;text=\"RTP timeout\"\n");
    let all = report(&format!("{talk}{}", there())).findings.into_iter().map(|f| (f.code, f.consequence_of));
    assert_eq!(all.collect::<Vec<_>>(), [(RULE.code, None), ("bye-with-abnormal-reason", Some(RULE.code))]);
}

#[test]
fn of_several_hops_that_one_tells_that_is_nearest_the_end() {
    let talk = call(20, &sdp("127.0.0.1", 4000, ""), &sdp("198.51.100.30", 5000, ""));
    let proxied = "host p 203.0.113.5\n0.0 alice > p\nINVITE sip:bob@b.example\n{o}\n\n0.1 p > bob forward\nINVITE sip:bob@b.example\n{o}\n\n\
        1.0 bob > p tag=t\n200 OK\n{a}\n\n1.1 p > alice forward\n200 OK\n{a}\n\n1.2 alice > bob\nACK\n\n20.0 alice > bob\nBYE\n\n\
        +0.1 bob > alice\n200 OK\n\n";
    let (head, _) = talk.split_once("0.0 alice").unwrap();
    let flow = format!("{head}{proxied}")
        .replace("{o}", &sdp("127.0.0.1", 4000, ""))
        .replace("{a}", &sdp("127.0.1.1", 5000, ""));
    let told = report(&flow);
    let actors = told.findings.iter().map(|f| f.actor.clone().unwrap().address.unwrap().to_string());
    let mut actors: Vec<_> = actors.collect();
    actors.sort();
    assert_eq!(actors, ["192.0.2.10:5060", "198.51.100.30:5060"], "{:#?}", codes(&told));
}
