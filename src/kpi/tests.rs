//! The metrics of flows whose figures were worked out by hand.

use std::time::Duration;

use super::*;
use crate::call::fixture::{call, joined};

const HOSTS: &str = "host pbx 192.0.2.10\nhost sbc 198.51.100.30\nhost gw 203.0.113.40\n\n";
const INVITE: &str = "INVITE sip:+12155550113@corp.example";

fn of(flows: &[&str]) -> Kpis {
    let mut kpis = Kpis::default();
    for flow in flows {
        kpis.call(&call(&format!("{HOSTS}{flow}")));
    }
    kpis
}

fn ratio(part: u64, whole: u64) -> Ratio {
    Ratio { part, whole }
}

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with may be missing")]
fn ms(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

/// The only delay of a spread.
fn only(spread: &Spread) -> Option<Duration> {
    assert_eq!(spread.count(), 1);
    spread.greatest()
}

fn answered() -> String {
    format!(
        "0.0 pbx > sbc\n{INVITE}\n\n0.05 sbc > pbx\n100\n\n1.2 sbc > pbx tag=1\n180\n\n2.0 sbc > pbx tag=1\n180\n\n\
         5.0 sbc > pbx tag=1\n200\n\n5.1 pbx > sbc\nACK\n\n65.0 pbx > sbc\nBYE\n\n65.02 sbc > pbx\n200\n"
    )
}

fn failed(status: &str) -> String {
    format!("0.0 pbx > sbc\n{INVITE}\n\n2.0 sbc > pbx tag=1\n{status}\n\n2.01 pbx > sbc\nACK\n")
}

const DIGEST: &str = "Digest username=\"u\", realm=\"x\", nonce=\"y\", uri=\"sip:x\", response=\"z\"";
const CHALLENGE: &str = "Digest realm=\"x\", nonce=\"y\"";

#[test]
fn an_answered_call_has_all_delays() {
    let total = of(&[&answered()]).total;
    assert_eq!(
        (total.ser(), total.seer(), total.isa(), total.scr()),
        (ratio(1, 1), ratio(1, 1), ratio(0, 1), ratio(1, 1))
    );
    assert_eq!((total.asr(), total.ner()), (ratio(1, 1), ratio(1, 1)));
    assert_eq!((only(&total.srd), only(&total.pdd)), (ms(1200), ms(1200)), "100 is no sign, the first 180 is");
    assert_eq!((only(&total.sdt), only(&total.talk), only(&total.sdd)), (ms(60_000), ms(60_000), ms(20)));
    assert_eq!((total.srd_failed.count(), total.sdt_failed.count(), total.challenges), (0, 0, 0));
}

#[test]
fn the_request_with_credentials_is_the_challenged_one() {
    let flow = format!(
        "0.0 pbx > sbc\n{INVITE}\n\n0.02 sbc > pbx tag=1\n407\nProxy-Authenticate: {CHALLENGE}\n\n0.03 pbx > sbc\nACK\n\n\
         0.04 pbx > sbc\n{INVITE}\nProxy-Authorization: {DIGEST}\n\n0.5 sbc > pbx tag=2\n183\n\n3.0 sbc > pbx tag=2\n200\n\n\
         3.01 pbx > sbc\nACK\n\n13.0 sbc > pbx\nBYE\n\n13.04 pbx > sbc\n200\n"
    );
    let total = of(&[&flow]).total;
    assert_eq!((total.ser(), total.scr(), total.challenges), (ratio(1, 1), ratio(1, 1), 1));
    assert_eq!((only(&total.srd), only(&total.sdd)), (ms(500), ms(40)), "from the first INVITE");
    let alone = format!(
        "0.0 pbx > sbc\n{INVITE}\n\n0.02 sbc > pbx tag=1\n407\nProxy-Authenticate: {CHALLENGE}\n\n0.03 pbx > sbc\nACK\n"
    );
    let total = of(&[&alone]).total;
    assert_eq!(
        (total.ser(), total.isa(), total.srd_failed.count()),
        (ratio(0, 1), ratio(0, 1), 0),
        "a challenge is no failure"
    );
}

#[test]
fn a_followed_redirect_leaves_the_ratio_and_stays_in_the_delay() {
    let flow = format!(
        "0.0 pbx > sbc\n{INVITE}\n\n0.3 sbc > pbx tag=1\n302\nContact: <sip:+12155550113@203.0.113.40>\n\n0.31 pbx > sbc\nACK\n\n\
         0.4 pbx > gw\nINVITE sip:+12155550113@203.0.113.40\n\n1.4 gw > pbx tag=2\n180\n\n4.0 gw > pbx tag=2\n200\n\n\
         4.01 pbx > gw\nACK\n\n10.0 pbx > gw\nBYE\n\n10.01 gw > pbx\n200\n"
    );
    let kpis = of(&[&flow]);
    let total = &kpis.total;
    assert_eq!((total.requests, total.redirected, total.ser()), (2, 1, ratio(1, 1)));
    assert_eq!((total.isa(), total.scr(), total.asr()), (ratio(0, 2), ratio(1, 2), ratio(1, 1)));
    assert_eq!(only(&total.srd), ms(1400));
    let rows: Vec<_> = kpis.destinations.rows().map(|(host, m)| (host.to_string(), m.ser(), m.asr())).collect();
    assert_eq!(
        rows,
        [("198.51.100.30".to_owned(), ratio(0, 0), ratio(0, 0)), ("203.0.113.40".to_owned(), ratio(1, 1), ratio(1, 1))],
        "the redirect counts where it came from, the call where it went to"
    );
    let unfollowed = of(&[&failed("302\nContact: <sip:x@203.0.113.40>")]).total;
    assert_eq!((unfollowed.ser(), unfollowed.isa(), unfollowed.asr()), (ratio(0, 0), ratio(0, 1), ratio(0, 1)));
    assert_eq!(unfollowed.srd_failed.count(), 0, "a redirect is neither success nor failure");
}

#[test]
fn each_final_response_counts_where_the_definitions_put_it() {
    // status, SEER, SEER with 607, ISA, NER
    let rows = [
        ("480", [1, 1, 0, 0]),
        ("486", [1, 1, 0, 1]),
        ("600", [1, 1, 0, 1]),
        ("603", [1, 1, 0, 1]),
        ("603 Network Blocked\nReason: SIP;cause=603;text=\"v=analytics1;url=https://a.example\"", [1, 1, 0, 0]),
        ("607", [0, 0, 0, 0]),
        ("608", [0, 0, 0, 0]),
        ("404", [0, 0, 0, 0]),
        ("408", [0, 0, 1, 0]),
        ("500", [0, 0, 1, 0]),
        ("502", [0, 0, 0, 0]),
        ("503", [0, 0, 1, 0]),
        ("504", [0, 0, 1, 0]),
        ("487", [0, 0, 0, 0]),
        ("480\nReason: Q.850;cause=19", [1, 1, 0, 1]),
    ];
    for (status, expected) in rows {
        let total = of(&[&failed(status)]).total;
        let found = [total.seer(), total.seer_with_607(), total.isa(), total.ner()];
        assert_eq!(found, expected.map(|part| ratio(part, 1)), "{status}");
        assert_eq!((total.ser(), total.scr(), total.asr()), (ratio(0, 1), ratio(0, 1), ratio(0, 1)), "{status}");
        assert_eq!((only(&total.srd_failed), only(&total.pdd)), (ms(2000), ms(2000)), "{status}");
    }
}

#[test]
fn a_607_of_a_person_is_the_users_own_only_in_the_variant_that_says_so() {
    let flow = format!(
        "0.0 pbx > sbc\n{INVITE}\n\n1.0 sbc > pbx tag=1\n180\nUser-Agent: Yealink SIP-T46U\n\n7.5 sbc > pbx tag=1\n607\n\
         User-Agent: Yealink SIP-T46U\n\n7.51 pbx > sbc\nACK\n"
    );
    let total = of(&[&flow]).total;
    assert_eq!((total.seer(), total.seer_with_607(), total.ner()), (ratio(0, 1), ratio(1, 1), ratio(1, 1)));
}

#[test]
fn calls_that_ring_and_are_not_answered_are_no_fault_of_the_network() {
    let ringing = |last: &str| format!("0.0 pbx > sbc\n{INVITE}\n\n1.0 sbc > pbx tag=1\n180\n\n{last}");
    let cancelled =
        "20.0 pbx > sbc\nCANCEL\n\n20.01 sbc > pbx\n200\n\n20.02 sbc > pbx tag=1\n487\n\n20.03 pbx > sbc\nACK\n";
    for (last, seer) in [(cancelled, 0), ("5.0 sbc > pbx tag=1\n480\n\n5.01 pbx > sbc\nACK\n", 1)] {
        let total = of(&[&ringing(last)]).total;
        assert_eq!((total.ner(), total.seer(), total.unanswered), (ratio(1, 1), ratio(seer, 1), 1), "{last}");
        assert_eq!(only(&total.srd_failed), ms(1000));
    }
    let dead = format!("0.0 pbx > sbc\n{INVITE}\n\n{cancelled}");
    assert_eq!(of(&[&dead]).total.ner(), ratio(0, 1), "nothing rang");
}

#[test]
fn what_the_capture_does_not_show_counts_nowhere() {
    let open = format!("0.0 pbx > sbc\n{INVITE}\n\n1.0 sbc > pbx tag=1\n180\n");
    let inside = "0.0 pbx > sbc\nBYE sip:x@198.51.100.30\n\n0.1 sbc > pbx\n200\n";
    let total = of(&[&open, inside]).total;
    assert_eq!((total.open_calls, total.open_requests, total.calls, total.requests), (1, 1, 0, 0));
    assert_eq!((total.ser(), total.pdd.count()), (ratio(0, 0), 0));
    let up = format!("0.0 pbx > sbc\n{INVITE}\n\n1.0 sbc > pbx tag=1\n200\n\n1.1 pbx > sbc\nACK\n");
    let total = of(&[&up]).total;
    assert_eq!((total.ser(), total.scr(), total.still_up, total.talk.count()), (ratio(1, 1), ratio(0, 0), 1, 0));
}

#[test]
fn silence_is_a_failed_request_and_no_delay() {
    let total = of(&[&format!(
        "0.0 pbx > sbc repeat=0.5,1.5,3.5,7.5,15.5,31.5
{INVITE}
"
    )])
    .total;
    assert_eq!((total.requests, total.ser(), total.isa(), total.calls), (1, ratio(0, 1), ratio(0, 1), 1));
    assert_eq!((total.srd_failed.count(), total.pdd.count()), (0, 0));
}

#[test]
fn a_bye_may_fail_in_two_ways() {
    let start = format!(
        "0.0 pbx > sbc\n{INVITE}\n\n1.0 sbc > pbx tag=1\n200\n\n1.1 pbx > sbc\nACK\n\n11.0 pbx > sbc branch=z9hG4bKb\nBYE\n\n"
    );
    let silent = of(&[&start]).total;
    assert_eq!((only(&silent.sdt_failed), only(&silent.talk)), (ms(42_000), ms(10_000)), "up to timer F");
    assert_eq!((silent.scr(), silent.sdd.count(), silent.sdt.count()), (ratio(0, 1), 0, 0));
    let rejected = of(&[&format!("{start}11.2 sbc > pbx branch=z9hG4bKb\n481\n")]).total;
    assert_eq!((rejected.scr(), rejected.sdd.count(), rejected.failed_disconnects), (ratio(1, 1), 0, 1));
    assert_eq!(only(&rejected.sdt), ms(10_000));
    let recovered = format!(
        "{start}11.2 sbc > pbx branch=z9hG4bKb\n407\nProxy-Authenticate: {CHALLENGE}\n\n11.3 pbx > sbc branch=z9hG4bKc\nBYE\n\
         Proxy-Authorization: {DIGEST}\n\n11.5 sbc > pbx branch=z9hG4bKc\n200\n"
    );
    assert_eq!(only(&of(&[&recovered]).total.sdd), ms(500), "a recoverable error is no end");
}

#[test]
fn both_legs_of_a_b2bua_are_one_call() {
    let flow = format!(
        "{HOSTS}0.0 pbx > sbc call=one\n{INVITE}\n\n0.1 sbc > gw call=two\n{INVITE}\n\n1.0 gw > sbc call=two tag=9\n180\n\n\
         1.1 sbc > pbx call=one tag=8\n180\n\n4.0 gw > sbc call=two tag=9\n486\n\n4.01 sbc > gw call=two\nACK\n\n\
         4.1 sbc > pbx call=one tag=8\n486\n\n4.11 pbx > sbc call=one\nACK\n"
    );
    let mut kpis = Kpis::default();
    kpis.call(&joined(&flow, 60.0));
    assert_eq!((kpis.total.calls, kpis.total.requests, kpis.total.seer()), (1, 1, ratio(1, 1)));
    assert_eq!(only(&kpis.total.pdd), ms(1100), "as the caller sees it");
    assert_eq!(kpis.sources.rows().map(|(host, _)| host.to_string()).collect::<Vec<_>>(), ["192.0.2.10"]);
}

#[test]
fn registrations_have_a_delay_when_they_succeed_and_a_share_when_not() {
    let register = "REGISTER sip:corp.example";
    let good = format!(
        "0.0 pbx > sbc\n{register}\n\n0.02 sbc > pbx tag=1\n401\nWWW-Authenticate: {CHALLENGE}\n\n0.04 pbx > sbc\n{register}\n\
         Authorization: {DIGEST}\n\n0.09 sbc > pbx tag=2\n200\n"
    );
    let bad = |status: &str| format!("0.0 pbx > sbc\n{register}\n\n0.02 sbc > pbx tag=1\n{status}\n");
    let total = of(&[&good]).total;
    assert_eq!((total.ira(), only(&total.rrd)), (ratio(0, 1), ms(90)), "from the first REGISTER");
    for (status, part) in [("403", 1), ("503", 1), ("600", 1), ("401", 0), ("402", 0), ("302", 0)] {
        assert_eq!(of(&[&bad(status)]).total.ira(), ratio(part, 1), "{status}");
    }
    assert_eq!(of(&[&format!("0.0 pbx > sbc\n{register}\n")]).total.ira(), ratio(1, 1), "timer F");
    assert_eq!(of(&[&good, &bad("403")]).total.requests, 0, "they are no INVITEs");
}

#[test]
fn hosts_and_hours_beyond_the_limit_are_measured_together() {
    let mut kpis = Kpis::default();
    let mut call = call(&format!("{HOSTS}{}", failed("486")));
    for n in 0..limits::KPI_ROWS + 3 {
        let step = i64::try_from(n).unwrap() * 3_600_000_000_000;
        call.transactions[0].client.address = std::net::Ipv4Addr::from_bits(u32::try_from(n).unwrap()).into();
        call.transactions[0].start = Timestamp(1_774_879_200_000_000_000 + step);
        kpis.call(&call);
    }
    assert_eq!((kpis.sources.rows().count(), kpis.hours.rows().count()), (limits::KPI_ROWS, limits::KPI_ROWS));
    assert_eq!(kpis.sources.other().map(|m| (m.calls, m.ner())), Some((3, ratio(3, 3))));
    assert!(kpis.destinations.other().is_none());
    let mut twice = kpis.clone();
    twice.add(&kpis);
    assert_eq!((twice.total.calls, twice.sources.other().map(|m| m.calls)), (kpis.total.calls * 2, Some(6)));
    assert_eq!(kpis.hours.rows().next().map(|(hour, _)| hour.start()), Some(Timestamp(1_774_879_200_000_000_000)));
}
