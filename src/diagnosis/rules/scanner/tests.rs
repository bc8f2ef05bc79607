use super::*;
use crate::diagnosis::testing::{check, only};

const HOSTS: &str = "host s 198.51.100.66:5071\nhost p 203.0.113.5\nhost q 203.0.113.6\n\n";
const REFUSED: &str = "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"";
const LATER: &str = "900.0 q > p call=ping\nOPTIONS sip:p.example\n\n+0.1 p > q call=ping\n200 OK\n\n";

/// So many registrations of different users, some seconds apart.
fn users(count: u32, pause: u32, words: &str, answer: &str) -> String {
    let one = |n: u32| {
        let answer = if answer.is_empty() { String::new() } else { format!("+0.01 p > s call=c{n}\n{answer}\n\n") };
        format!(
            "{} s > p call=c{n} {words}\nREGISTER sip:203.0.113.5\nFrom: <sip:{}@203.0.113.5>\n\n{answer}",
            n * pause,
            100 + n
        )
    };
    format!("{HOSTS}{}{LATER}", (0..count).map(one).collect::<String>())
}

/// One request to each of so many hosts.
fn hosts(count: u32, rounds: u32, answer: &str) -> String {
    let one = |n: u32| {
        let (host, call) = (n % count, n);
        let answer = if answer.is_empty() {
            String::new()
        } else {
            format!("+0.01 203.0.113.{} > s call=c{call}\n{answer}\n\n", 100 + host)
        };
        format!("{}.5 s > 203.0.113.{} call=c{call}\nOPTIONS sip:203.0.113.9\n\n{answer}", n * 2, 100 + host)
    };
    format!("{HOSTS}{}{LATER}", (0..count * rounds).map(one).collect::<String>())
}

/// One request with a header field, and its answer.
fn marked(field: &str, answer: &str) -> String {
    format!("{HOSTS}0.0 s > p call=c\nREGISTER sip:203.0.113.5\n{field}\n\n+0.01 p > s call=c\n{answer}\n\n{LATER}")
}

#[test]
fn whoever_only_looks_is_found_and_what_looks_alike_is_not() {
    let challenged = |n: u32| {
        format!(
            "{n} s > p call=c{n}\nREGISTER sip:203.0.113.5\nFrom: <sip:{}@a.example>\n\n+0.01 p > s call=c{n}\n{REFUSED}\n\n\
             +0.02 s > p call=c{n}\nREGISTER sip:203.0.113.5\nAuthorization: Digest realm=\"r\", nonce=\"n\", response=\"0\"\n\n\
             +0.01 p > s call=c{n}\n200 OK\n\n",
            200 + n
        )
    };
    let nat = format!("{HOSTS}{}{LATER}", (0..20).map(challenged).collect::<String>());
    let refused = |n: u32| {
        format!(
            "{n} s > p call=c{n}\nINVITE sip:{}@p.example\n\n+0.1 p > s call=c{n} tag=t\n404 Not Found\n\n+0.01 s > p call=c{n}\nACK\n\n",
            300 + n
        )
    };
    let dialler = format!("{HOSTS}{}{LATER}", (0..20).map(refused).collect::<String>());
    let some_served =
        users(10, 2, "", REFUSED) + &nat.replace(HOSTS, "").replace(LATER, "").replace("call=c", "call=d");
    check(
        RULE.code,
        &[
            ("ten users", &users(10, 2, "", REFUSED), Some(Severity::Warning)),
            ("ten users that do not exist", &users(10, 2, "", "404 Not Found"), Some(Severity::Warning)),
            (
                "ten users over a connection",
                &users(10, 2, "tcp", REFUSED).replace("p > s call", "p > s tcp call"),
                Some(Severity::Warning),
            ),
            ("ten hosts without answer", &hosts(10, 1, ""), Some(Severity::Notice)),
            ("nine users", &users(9, 2, "", REFUSED), None),
            ("too slow", &users(20, 10, "", REFUSED), None),
            ("all are forbidden", &users(20, 1, "", "403 Forbidden"), None),
            ("they are sent again", &users(20, 1, "repeat=0.5,1.5,3.5", ""), None),
            ("over a connection nothing is sent again", &users(20, 1, "tcp", ""), None),
            ("a monitor asks hosts that answer", &hosts(20, 1, "200 OK"), None),
            ("one whose hosts are alive and say no", &hosts(20, 1, "404 Not Found"), None),
            ("one that asks again and again", &hosts(10, 5, ""), None),
            ("telephones behind one NAT", &nat, None),
            ("a dialler", &dialler, None),
            ("most are served", &some_served, None),
        ],
    );
}

#[test]
fn a_name_is_enough_where_it_is_that_of_a_scanner() {
    let agent = |name: &str| format!("User-Agent: {name}");
    check(
        RULE.code,
        &[
            ("one request", &marked(&agent("friendly-scanner"), REFUSED), Some(Severity::Warning)),
            ("in other letters", &marked(&agent("SIPVicious 0.3"), "200 OK"), Some(Severity::Warning)),
            ("in From", &marked("From: \"sipvicious\" <sip:100@1.1.1.1>", REFUSED), Some(Severity::Warning)),
            ("the scripts of Nmap", &marked("From: <sip:nm@nm>", REFUSED), Some(Severity::Warning)),
            ("a tool kit, refused", &marked(&agent("sipcli/v1.8"), REFUSED), Some(Severity::Notice)),
            ("a tool kit, served", &marked(&agent("VaxSIPUserAgent/3.5"), "200 OK"), None),
            ("a telephone", &marked(&agent("ExamplePhone/1"), REFUSED), None),
            ("a user of that name", &marked("From: <sip:nm@nm.example>", REFUSED), None),
        ],
    );
}

#[test]
fn sentences_say_what_is_seen_once_a_source() {
    let told = only(&users(12, 2, "", REFUSED), RULE.code);
    assert_eq!(
        told.message.to_string(),
        "198.51.100.66 asked 203.0.113.5:5060 for 12 different users in 22 s, from 100 to 111. Each of these requests was sent once, \
         no answer was acknowledged and no challenge answered, as a telephone would. A heuristic: who does so wants to know what \
         is there. Requests of it outside of dialogs: 12; without visible answer: 0, refused: 12, with a 2xx: 0."
    );
    assert_eq!((told.certainty, told.calls_total, told.calls.len()), (Certainty::Weak, 12, 12));
    let both = users(12, 2, "", REFUSED).replace("\nFrom", "\nUser-Agent: friendly-scanner\nFrom");
    let told = only(&both, RULE.code);
    assert!(
        told.message.to_string().starts_with(
            "198.51.100.66 sent 12 requests that name a scanner in User-Agent: friendly-scanner. 198.51.100.66 asked"
        ),
        "{}",
        told.message
    );
    let blind = only(&hosts(10, 1, ""), RULE.code);
    assert!(blind.message.to_string().ends_with("at all, and may show one direction only."), "{}", blind.message);
}

#[test]
fn what_a_proxy_passed_on_is_not_said_of_it() {
    let fields = "User-Agent: friendly-scanner\nVia: SIP/2.0/UDP 198.51.100.66:5071;branch=z9hG4bKa, SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKb";
    let told = only(&marked(fields, "404 Not Found"), RULE.code);
    assert!(told.message.to_string().starts_with("198.51.100.66 passed on 1 request that names"), "{}", told.message);
}
