use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::form::{Form, Place, country_code};
use super::*;
use crate::diagnosis::testing::diagnose;

#[test]
fn how_users_are_written_is_told() {
    for (user, form) in [
        ("alice", Form::Name),
        ("", Form::Name),
        ("Anonymous", Form::Anonymous),
        ("1001", Form::Short),
        ("*671234567", Form::Short),
        ("+12125550101", Form::Plus),
        ("+1-212-555-0101", Form::Plus),
        ("0044207946010", Form::DoubleZero),
        ("01144207946010", Form::North011),
        ("0113496010", Form::TrunkZero),
        ("02079460100", Form::TrunkZero),
        ("12125550101", Form::North11),
        ("2125550101", Form::North10),
        ("442079460100", Form::Digits),
        ("5550101", Form::Digits),
    ] {
        assert_eq!(Form::of(user), form, "{user}");
    }
}

#[test]
fn where_a_number_leads_is_told_by_its_country_code() {
    for (digits, code) in
        [("12125550101", 1), ("442079460100", 44), ("79001234567", 7), ("33199005501", 33), ("35312345678", 353)]
    {
        assert_eq!(country_code(digits), Some(code), "{digits}");
    }
    assert_eq!(country_code("02079460100"), None);
    assert!(Place::Country(1).differs_from(Place::Country(44)) && Place::Short.differs_from(Place::Name));
    assert!(!Place::Country(1).differs_from(Place::Number) && !Place::Number.differs_from(Place::Number));
}

const SERVER: Endpoint = Endpoint { address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 5)), port: 5060 };

/// What servers accepted in calls, each from a user of that domain.
fn accepted(domains: impl Iterator<Item = String>) -> Accepted {
    let mut flow = "host a 192.0.2.10\nhost p 198.51.100.5\n\n".to_owned();
    for (n, domain) in domains.enumerate() {
        let _ = write!(
            flow,
            "{n} a > p call=c{n}\nINVITE sip:bob@p.example\nFrom: <sip:1001@{domain}>\n\n+0.1 p > a call=c{n}\n200 OK\n\n\
             +0.01 a > p call=c{n}\nACK\n\n+0.1 a > p call=c{n}\nBYE\n\n+0.01 p > a call=c{n}\n200 OK\n\n"
        );
    }
    let mut accepted = Accepted::default();
    for report in diagnose(&flow).calls {
        let invites = crate::diagnosis::patterns::unwanted::initial_invites(&report.call, "1");
        accepted.observe(&report.call, &invites);
    }
    accepted
}

#[test]
fn calls_that_look_alike_are_one_kind() {
    let accepted = accepted(["a.example", "A.example", "b.example", "192.0.2.10"].map(str::to_owned).into_iter());
    let server = accepted.by(SERVER).unwrap();
    let domains: Vec<_> = server.kinds().iter().map(|kind| kind.domain.as_deref().unwrap_or("none")).collect();
    assert_eq!((server.calls, domains, server.only_caller()), (4, vec!["a.example", "b.example", ""], Some("1001")));
}

#[test]
fn of_a_server_with_too_many_kinds_nothing_is_said() {
    let of = |kinds: usize| accepted((0..kinds).map(|n| format!("d{n}.example")));
    assert!(of(ACCEPTED_KINDS).by(SERVER).is_some());
    assert!(of(ACCEPTED_KINDS + 1).by(SERVER).is_none());
    assert!(accepted([format!("{}.example", "d".repeat(ACCEPTED_DOMAIN))].into_iter()).by(SERVER).is_none());
}
