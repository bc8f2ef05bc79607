//! Redirects, and the requests that follow them.

use super::fixture::{call, calls};
use super::tests::{flow, name, scenario};
use super::{AttemptCause, Call, FollowLink};

/// A redirect to `contact`, and a request some time later.
fn redirected(contact: &str, later: &str) -> Call {
    call(&flow(&format!(
        "0 a > p call=1 from-tag=f\nINVITE sip:bob@p.example\nFrom: <sip:alice@a.example>\n\n1.0 p > a call=1 tag=r\n302 Moved Temporarily\n{contact}\n\n\
         1.01 a > p call=1\nACK\n\n{later}\n"
    )))
}

fn links(call: &Call) -> Vec<(usize, FollowLink)> {
    call.redirects[0].follows.iter().map(|f| (f.contact, f.link)).collect()
}

#[test]
fn follow_ups_are_found_by_every_link() {
    let to = "Contact: <sip:carol@c.example;transport=tcp>;q=0.5, <sip:bob@b.example:5060>";
    let same = FollowLink::SameCallId;
    let from = "From: <sip:alice@a.example>";
    for (later, expected) in [
        ("1.1 a > c call=1\nINVITE sip:carol@c.example", vec![(0, same)]),
        ("1.1 a > b call=1\nINVITE sip:bob@B.example", vec![(1, same)]),
        ("5.9 a > b call=1\nINVITE sip:bob@b.example", vec![(1, same)]),
        // Under the same Call-ID the client may have asked its user, or looked for the name for long.
        ("6.1 a > b call=1\nINVITE sip:bob@b.example", vec![(1, same)]),
        ("33.1 a > b call=1\nINVITE sip:bob@b.example", vec![]),
        ("1.1 a > b call=1\nINVITE sip:other@b.example", vec![]),
        // The user of a contact where the client knows him to be; the user called before may be tried elsewhere at any time.
        ("1.1 a > b call=1\nINVITE sip:carol@203.0.113.9", vec![(0, same)]),
        ("1.1 a > b call=1\nINVITE sip:bob@203.0.113.9", vec![]),
        ("1.1 c > b call=1\nINVITE sip:bob@b.example", vec![]),
        (
            "1.1 a > b call=2\nINVITE sip:bob@b.example\nFrom: <sip:alice@a.example>\nTo: <sip:bob@p.example>",
            vec![(1, FollowLink::SameParties)],
        ),
        (
            "4.0 a > b call=2\nINVITE sip:bob@b.example\nFrom: <sip:alice@a.example>\nTo: <sip:bob@b.example>",
            vec![(1, FollowLink::SameParties)],
        ),
        ("1.9 a > b call=2\nINVITE sip:bob@b.example\nFrom: <sip:x@a.example>", vec![(1, FollowLink::AddressAndTime)]),
        ("3.5 a > b call=2\nINVITE sip:bob@b.example\nFrom: <sip:x@a.example>", vec![]),
        // Who forwards the call may be its caller.
        (
            "3.5 a > b call=2\nINVITE sip:carol@c.example\nFrom: <sip:bob@pbx.example>\nTo: <sip:carol@c.example>",
            vec![(0, FollowLink::SameParties)],
        ),
    ] {
        assert_eq!(links(&redirected(to, later)), expected, "{later} {from}");
    }
}

#[test]
fn a_follow_up_may_be_captured_before_its_redirect() {
    let to = "Contact: <sip:bob@b.example>, <sip:bob@p.example>";
    let same = vec![(0, FollowLink::SameCallId)];
    for (later, expected) in [
        ("0.9999 a > b call=1\nINVITE sip:bob@b.example\nCSeq: 2 INVITE", same),
        // Too early, to where the client was before, or with a number that is not the next.
        ("0.0001 a > b call=1\nINVITE sip:bob@b.example\nCSeq: 2 INVITE", vec![]),
        ("0.9999 a > p call=1\nINVITE sip:bob@p.example\nCSeq: 2 INVITE", vec![]),
        ("0.9999 a > b call=1\nINVITE sip:bob@b.example\nCSeq: 1 INVITE", vec![]),
        ("0.9999 a > b call=1\nINVITE sip:bob@b.example\nCSeq: 3 INVITE", vec![]),
        ("0.9999 a > b call=1 from-tag=g\nINVITE sip:bob@b.example\nCSeq: 2 INVITE", vec![]),
        ("0.9999 c > b call=1\nINVITE sip:bob@b.example\nCSeq: 2 INVITE", vec![]),
    ] {
        let call = redirected(to, later);
        assert_eq!(links(&call), expected, "{later}");
    }
}

/// A redirect of a phone behind NAT, captured on both sides of it, and the INVITE that follows.
fn translated(follow: &str) -> Call {
    let via = "Via: SIP/2.0/UDP 192.168.1.20:5060;rport;branch=z9hG4bKn";
    let answer = format!("301 Moved Permanently\nContact: <sip:carol@c.example>\n{via}");
    call(&flow(&format!(
        "host phone 192.168.1.20\nhost nat 203.0.113.9:34567\n0 phone > p call=1 from-tag=f\nINVITE sip:bob@p.example\nCSeq: 1 INVITE\n{via}\n\n\
         0.001 nat > p call=1 from-tag=f\nINVITE sip:bob@p.example\nCSeq: 1 INVITE\n{via}\n\n0.02 p > nat call=1 tag=r\n{answer}\n\n\
         0.021 p > phone call=1 tag=r\n{answer}\n\n0.03 {follow} > c call=1 from-tag=f\nINVITE sip:carol@c.example\nCSeq: 2 INVITE\n"
    )))
}

#[test]
fn a_redirect_in_front_of_and_behind_nat_is_one() {
    for follow in ["phone", "nat"] {
        let call = translated(follow);
        assert_eq!(call.redirects.len(), 1, "{follow}");
        assert_eq!(links(&call), [(0, FollowLink::SameCallId)], "{follow}");
        assert_eq!(call.redirects[0].transaction, super::TransactionId(0), "the client's own side");
    }
    assert_eq!(links(&translated("b")), []);
}

#[test]
fn a_contact_without_user_is_for_the_one_who_was_called() {
    for (later, expected) in [
        ("sip:bob@b.example", vec![(0, FollowLink::SameCallId)]),
        ("sip:b.example", vec![(0, FollowLink::SameCallId)]),
        ("sip:carol@b.example", vec![]),
        ("sip:bob@b.example:5070", vec![]),
    ] {
        let call = redirected("Contact: <sip:b.example>", &format!("1.1 a > b call=1\nINVITE {later}"));
        assert_eq!(links(&call), expected, "{later}");
    }
}

#[test]
fn a_b2bua_may_follow_from_where_the_call_came_in() {
    let follow = |client: &str| {
        call(&flow(&format!(
            "host in 192.0.2.77\n0 a > p call=1\nINVITE sip:bob@p.example\nFrom: <sip:alice@a.example>\n\n\
             0.01 in > c call=2\nINVITE sip:bob@c.example\nFrom: <sip:alice@a.example>\nTo: <sip:bob@p.example>\n\n\
             0.02 c > in call=2\n302 Moved\nContact: <sip:bob@203.0.113.41>\n\n0.03 in > c call=2\nACK\n\n\
             0.04 {client} > b call=3\nINVITE sip:bob@203.0.113.41\nFrom: <sip:alice@a.example>\nTo: <sip:bob@p.example>\n\n\
             0.5 b > {client} call=3\n486 Busy Here\n"
        )))
    };
    assert_eq!(links(&follow("p")), [(0, FollowLink::SameParties)]);
    assert_eq!(links(&follow("c")), []);
}

#[test]
fn the_proxy_of_a_305_is_asked_for_the_same_address() {
    let same = vec![(0, FollowLink::SameCallId)];
    for (contact, later, expected) in [
        ("sip:203.0.113.41", "1.1 a > c call=1\nINVITE sip:bob@p.example", same.clone()),
        ("sip:c.example;lr", "1.1 a > c call=1\nINVITE sip:bob@p.example\nRoute: <sip:C.example;lr>", same.clone()),
        ("sip:c.example;lr", "1.1 a > c call=1\nINVITE sip:bob@p.example", same),
        ("sip:c.example;lr", "1.1 a > c call=1\nINVITE sip:bob@p.example\nRoute: <sip:d.example;lr>", vec![]),
        ("sip:203.0.113.41", "1.1 a > b call=1\nINVITE sip:bob@p.example", vec![]),
        ("sip:c.example;lr", "1.1 a > c call=1\nINVITE sip:carol@p.example", vec![]),
        ("sip:c.example;lr", "1.1 a > p call=1\nINVITE sip:bob@p.example", vec![]),
    ] {
        let flow = |status: &str| {
            flow(&format!(
                "0 a > p call=1 from-tag=f\nINVITE sip:bob@p.example\n\n1.0 p > a call=1 tag=r\n{status}\n\
                 Contact: <{contact}>\n\n1.01 a > p call=1\nACK\n\n{later}\n"
            ))
        };
        assert_eq!(links(&call(&flow("305 Use Proxy"))), expected, "{contact} {later}");
        assert_eq!(links(&call(&flow("302 Moved"))), [], "no proxy");
    }
}

#[test]
fn where_the_clock_is_coarse_the_order_of_frames_decides() {
    let told = "0 a > p call=1 from-tag=f\nINVITE sip:bob@p.example\n\n1.0 p > a call=1 tag=r\n302 Moved Temporarily\nContact: <sip:bob@b.example>\n\n";
    let asked = "1.0 a > b call=1 branch=n\nINVITE sip:bob@b.example\n\n";
    let acknowledged = "1.0 a > p call=1\nACK\n\n";
    let follows = call(&flow(&format!("{told}{acknowledged}{asked}1.0 b > a call=1 branch=n\n200 OK\n\n")));
    assert_eq!(links(&follows), [(0, FollowLink::SameCallId)]);
    let (start, end) = told.split_at(told.find("1.0 p").unwrap());
    let asked = asked.replace("branch=n", "from-tag=g");
    assert_eq!(links(&call(&flow(&format!("{start}{asked}{end}")))), []);
}

#[test]
fn a_number_may_be_called_by_tel_or_sip() {
    let call =
        redirected("Contact: <tel:+1-215-555-0113>", "1.1 a > b call=1\nINVITE sip:+12155550113@b.example;user=phone");
    assert_eq!(links(&call), [(0, FollowLink::SameCallId)]);
    let call = redirected(
        "Contact: <sip:+12155550113;rn=+12154100000@b.example>",
        "1.1 a > b call=1\nINVITE sip:2155550113@b.example",
    );
    assert_eq!(links(&call), [(0, FollowLink::SameCallId)]);
}

#[test]
fn the_next_contact_has_half_a_minute_after_a_failed_one() {
    let two = "Contact: <sip:bob@b.example>, <sip:bob@c.example>";
    let first = "1.1 a > b call=1\nINVITE sip:bob@b.example\n\n4.0 b > a call=1\n503 Service Unavailable\n\n4.01 a > b call=1\nACK\n\n";
    for (at, expected) in [("35.9", 2), ("36.1", 1)] {
        let call = redirected(two, &format!("{first}{at} a > c call=1\nINVITE sip:bob@c.example"));
        assert_eq!(call.redirects[0].follows.len(), expected, "{at}");
    }
}

#[test]
fn a_follow_up_with_credentials_is_a_challenge_step_that_still_follows() {
    let call = redirected(
        "Contact: <sip:bob@b.example>",
        "1.1 a > b call=1\nINVITE sip:bob@b.example\n\n1.2 b > a call=1\n407 Proxy Authentication Required\n\n1.21 a > b call=1\nACK\n\n\
         1.3 a > b call=1\nINVITE sip:bob@b.example\nProxy-Authorization: Digest realm=\"r\"\n\n2 b > a call=1\n200 OK",
    );
    let causes: Vec<_> = call.attempts.iter().map(|a| a.because).collect();
    assert!(
        matches!(causes[..], [AttemptCause::First, AttemptCause::Redirect(0), AttemptCause::Challenge(_)]),
        "{causes:?}"
    );
    assert_eq!((call.redirects[0].follows.len(), name(&call)), (2, "answered"));
}

#[test]
fn contacts_are_kept_as_they_are() {
    for (contact, expected) in [
        ("Subject: no contact", vec![]),
        ("Contact:", vec![("", false)]),
        ("Contact: *", vec![("*", false)]),
        (
            "m: \"A, B\" <sip:a@b.example>, sip:c@d.example;q=1",
            vec![("\"A, B\" <sip:a@b.example>", true), ("sip:c@d.example;q=1", true)],
        ),
        ("Contact: <sip:>\nContact: <sip:x@y.example>", vec![("<sip:>", false), ("<sip:x@y.example>", true)]),
    ] {
        let call = redirected(contact, "");
        let found: Vec<_> = call.redirects[0].contacts.iter().map(|c| (c.raw.as_str(), c.address.is_some())).collect();
        assert_eq!(found, expected, "{contact}");
    }
}

/// A request over a proxy that either relays the 302 of its next hop, or follows it itself.
fn proxied(end: &str) -> Call {
    call(&flow(&format!(
        "0 a > p branch=up from-tag=f\nINVITE sip:bob@p.example\n\n\
         0.01 p > b branch=d1 cseq=1 from-tag=f\nINVITE sip:bob@b.example\nVia: SIP/2.0/UDP 198.51.100.30;branch=z9hG4bKd1\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKup\n\n\
         0.1 b > p tag=r\n302 Moved Temporarily\nContact: <sip:bob@c.example>\n\n0.11 p > b\nACK\n\n{end}\n"
    )))
}

#[test]
fn a_relayed_redirect_is_one_redirect() {
    let call = proxied(
        "0.12 p > a tag=r re=INVITE\n302 Moved Temporarily\nContact: <sip:bob@c.example>\n\n0.13 a > p\nACK\n\n\
         0.2 a > p branch=up2 from-tag=f\nINVITE sip:bob@c.example\n\n\
         0.21 p > c branch=d2 cseq=2 from-tag=f\nINVITE sip:bob@c.example\nVia: SIP/2.0/UDP 198.51.100.30;branch=z9hG4bKd2\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKup2\n\n\
         1 c > p tag=c\n200 OK\n\n1.01 p > a tag=c\n200 OK\n",
    );
    assert_eq!((call.redirects.len(), call.attempts.len(), name(&call)), (1, 2, "answered"));
    let redirect = &call.redirects[0];
    assert_eq!(call.transactions[redirect.transaction.0].server.address.to_string(), "203.0.113.40");
    assert_eq!((redirect.relayed.len(), redirect.follows.len()), (1, 1));
    assert_eq!(redirect.follows[0].transaction, call.attempts[1].transaction);
    assert_eq!(call.attempts[1].because, AttemptCause::Redirect(0));
}

#[test]
fn a_proxy_may_follow_on_its_own() {
    let call = proxied(
        "0.2 p > c branch=d2 cseq=1 from-tag=f\nINVITE sip:bob@c.example\nVia: SIP/2.0/UDP 198.51.100.30;branch=z9hG4bKd2\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKup\n\n\
         1 c > p tag=c\n486 Busy Here\n\n1.01 p > a tag=c re=INVITE\n486 Busy Here\n",
    );
    assert_eq!((call.redirects.len(), call.attempts.len(), name(&call)), (1, 1, "busy"));
    assert_eq!((call.redirects[0].relayed.len(), links(&call)), (0, vec![(0, FollowLink::SameCallId)]));
}

#[test]
fn a_redirect_behind_a_b2bua_that_passes_it_on_is_one_redirect() {
    let text = "0 a > p call=1\nINVITE sip:bob@p.example\n\n0.05 p > b call=2\nINVITE sip:bob@b.example\n\n\
                0.1 b > p call=2\n301 Moved Permanently\nContact: <sip:bob@c.example>\n\n0.12 p > a call=1\n301 Moved Permanently\nContact: <sip:bob@c.example>\n";
    let call = call(&flow(text));
    assert_eq!((call.redirects.len(), call.redirects[0].relayed.len(), name(&call)), (1, 1, "redirected-unfollowed"));
}

#[test]
fn each_request_follows_one_redirect_the_latest() {
    let call = calls(&scenario("s03")).remove(0);
    let follows: Vec<_> = call.redirects.iter().map(|r| r.follows.len()).collect();
    assert_eq!(follows, [1, 1, 0]);
    let again = redirected(
        "Contact: <sip:bob@b.example>",
        "1.1 a > b call=1\nINVITE sip:bob@b.example\n\n1.2 b > a call=1\n302 Moved Temporarily\nContact: <sip:bob@b.example>\n\n1.21 a > b call=1\nACK\n\n\
         1.3 a > b call=1\nINVITE sip:bob@b.example",
    );
    assert_eq!(again.redirects.iter().map(|r| r.follows.len()).collect::<Vec<_>>(), [1, 1]);
}
