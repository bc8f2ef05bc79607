use std::fmt::Write as _;

use super::RULE;
use crate::diagnosis::testing::{call as ended, diagnose, only, with_code};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str =
    "host a 192.0.2.10\nhost a2 192.0.2.10:5099\nhost b 192.0.2.20\nhost r 198.51.100.5\nhost q 198.51.100.6\n\n";

/// A REGISTER for `user` at a time, with its Contact and further header fields, and what it gets.
fn register(at: u32, user: &str, asked: &str, got: &str) -> String {
    let got = if got.is_empty() { String::new() } else { format!("+0.01 r > a call=r{user}{at}\n{got}\n\n") };
    format!(
        "{at} a > r call=r{user}{at}\nREGISTER sip:r.example\nFrom: <sip:{user}@r.example>\nTo: <sip:{user}@r.example>\n{asked}\n\n{got}"
    )
}

fn registered(at: u32, user: &str, expires: u32) -> String {
    let contact = format!("Contact: <sip:{user}@192.0.2.10>;expires={expires}");
    register(at, user, &contact, &format!("200 OK\n{contact}"))
}

fn call(at: u32, user: &str, got: &str) -> String {
    format!(
        "{at} b > r call=c{user}{at}\nINVITE sip:{user}@r.example\nFrom: <sip:carol@r.example>\nTo: <sip:{user}@r.example>\n\n+0.02 r > b call=c{user}{at}\n{got}\n\n+0.01 b > r call=c{user}{at}\nACK\n\n"
    )
}

/// Traffic of another user every ten seconds: the capture runs.
fn traffic(until: u32) -> String {
    let mut flow = String::new();
    for at in (5..until).step_by(10) {
        let _ = write!(flow, "{at} b > r call=o{at}\nOPTIONS sip:198.51.100.5\n\n+0.01 r > b call=o{at}\n200 OK\n\n");
    }
    flow
}

fn flow(parts: &[String]) -> String {
    format!("{HOSTS}{}{}", traffic(400), parts.concat())
}

const REFUSED: &str = "480 Temporarily Unavailable";

#[test]
fn calls_to_a_user_whose_registration_is_over_are_told() {
    let finding =
        only(&flow(&[registered(0, "bob", 60), call(100, "bob", REFUSED), call(130, "bob", REFUSED)]), RULE.code);
    assert_eq!(
        finding.message.to_string(),
        "198.51.100.5:5060 refused 2 calls to sip:bob@r.example, the first with 480, as nobody was registered there any more: 192.0.2.10:5060 had registered that user \
         for 60 s, which was over 40 s before that call. No further REGISTER for that user was captured before the call."
    );
    assert_eq!((finding.severity, finding.certainty), (Severity::Error, Certainty::Strong));
    assert_eq!((finding.calls.len(), finding.calls_total), (2, 2));
}

#[test]
fn what_came_of_the_next_register_is_said() {
    let contact = "Contact: <sip:bob@192.0.2.10>;expires=60";
    for (got, said) in [
        ("403 Forbidden", "The last REGISTER before that call was refused with 403."),
        ("", "The last REGISTER before that call had no response by then."),
        (
            "401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"",
            "The last REGISTER before that call was answered with 401, and no credentials were accepted behind that.",
        ),
    ] {
        let steps = [registered(0, "bob", 60), register(50, "bob", contact, got), call(120, "bob", REFUSED)];
        let text = only(&flow(&steps), RULE.code).message.to_string();
        assert!(text.ends_with(said), "{text}");
    }
    let steps = [registered(0, "bob", 60), call(62, "bob", "404 Not Found"), registered(65, "bob", 60)];
    let text = only(&flow(&steps), RULE.code).message.to_string();
    assert!(text.ends_with("before the call. It was registered again 5 s after it was over."), "{text}");
}

#[test]
fn the_users_of_a_server_are_one_finding() {
    let users = ["bob", "dave", "erin"];
    let steps: Vec<_> = users.iter().flat_map(|user| [registered(0, user, 60), call(100, user, "410 Gone")]).collect();
    let finding = only(&flow(&steps), RULE.code);
    let text = finding.message.to_string();
    assert!(
        text.ends_with(
            "The same happened to 2 more users of that server, such as sip:dave@r.example, sip:erin@r.example."
        ),
        "{text}"
    );
    assert_eq!(finding.calls_total, 3);
}

#[test]
fn a_capture_that_may_have_been_stopped_is_a_weak_sign() {
    let steps = format!("{HOSTS}{}{}", registered(0, "bob", 60), call(100, "bob", REFUSED));
    let finding = only(&steps, RULE.code);
    assert_eq!((finding.severity, finding.certainty), (Severity::Warning, Certainty::Weak));
    assert!(finding.message.to_string().contains("Nothing at all was captured for"), "{}", finding.message);
}

#[test]
fn a_user_that_is_registered_or_not_on_purpose_is_none() {
    let removed = register(30, "bob", "Contact: *\nExpires: 0", "200 OK");
    let two = register(
        0,
        "bob",
        "Contact: <sip:bob@192.0.2.10>;expires=60",
        "200 OK\nContact: <sip:bob@192.0.2.10>;expires=60\nContact: <sip:bob@192.0.2.77>;expires=600",
    );
    let elsewhere = registered(0, "bob", 60).replace("r > a", "q > a").replace("a > r", "a > q");
    let other_port = registered(50, "bob", 600).replace("50 a >", "50 a2 >").replace("r > a", "r > a2");
    let rang = call(100, "bob", REFUSED).replace("+0.02 r > b", "+0.01 r > b").replacen(
        REFUSED,
        &format!("180 Ringing\n\n+9 r > b call=cbob100\n{REFUSED}"),
        1,
    );
    let query = register(80, "bob", "", "200 OK\nContact: <sip:bob@192.0.2.77>;expires=600");
    let reached = call(80, "bob", "200 OK");
    let late = call(100, "bob", REFUSED).replace("+0.02 r > b", "+25 r > b");
    for (name, steps) in [
        ("another contact, as a query tells", vec![registered(0, "bob", 60), query, call(100, "bob", REFUSED)]),
        ("reached all the same", vec![registered(0, "bob", 60), reached, call(100, "bob", REFUSED)]),
        ("refused after a while", vec![registered(0, "bob", 60), late]),
        ("does not want calls", vec![registered(0, "bob", 60), call(100, "bob", "480 Do Not Disturb")]),
        ("before the end", vec![registered(0, "bob", 200), call(100, "bob", REFUSED)]),
        ("renewed", vec![registered(0, "bob", 60), registered(50, "bob", 60), call(100, "bob", REFUSED)]),
        ("renewed from another port", vec![registered(0, "bob", 60), other_port, call(100, "bob", REFUSED)]),
        ("taken away", vec![registered(0, "bob", 60), removed, call(100, "bob", REFUSED)]),
        ("another contact", vec![two, call(100, "bob", REFUSED)]),
        ("another user", vec![registered(0, "bob", 60), call(100, "dave", REFUSED)]),
        ("another server", vec![elsewhere, call(100, "bob", REFUSED)]),
        ("busy", vec![registered(0, "bob", 60), call(100, "bob", "486 Busy Here")]),
        ("never registered", vec![call(100, "bob", REFUSED)]),
        ("rang", vec![registered(0, "bob", 60), rang]),
    ] {
        assert!(with_code(&flow(&steps), RULE.code).is_empty(), "{name}");
    }
}

#[test]
fn what_a_server_grants_counts() {
    // It asks for an hour, and gets a minute: by the Contact, or by Expires alone.
    let asked = "Contact: <sip:bob@192.0.2.10>\nExpires: 3600";
    for got in ["200 OK\nContact: <sip:bob@192.0.2.10>;expires=60", "200 OK\nExpires: 60"] {
        let steps = [register(0, "bob", asked, got), call(100, "bob", REFUSED)];
        assert_eq!(with_code(&flow(&steps), RULE.code).len(), 1, "{got}");
    }
    let steps = [register(0, "bob", asked, "200 OK\nContact: <sip:bob@192.0.2.10>"), call(100, "bob", REFUSED)];
    assert!(with_code(&flow(&steps), RULE.code).is_empty());
}

/// What is said of the last call that failed, and the advice.
fn of_call(steps: &[String]) -> (String, String) {
    let report = diagnose(&flow(steps)).calls.into_iter().rfind(|report| report.call.is_invite());
    let found = report.unwrap().findings.into_iter().find(|f| f.code == "failed-response").unwrap();
    let advice: Vec<_> = found.remediation.iter().map(ToString::to_string).collect();
    (found.message.to_string(), advice.join(" "))
}

#[test]
fn a_call_that_failed_for_it_says_so_in_place_of_advice_about_numbers() {
    let (message, advice) = of_call(&[registered(0, "bob", 60), call(100, "bob", "404 Not Found")]);
    assert_eq!(
        message,
        "198.51.100.5:5060 answered INVITE with 404 Not Found. Nobody was registered as sip:bob@r.example any more: 192.0.2.10:5060 had done so for 60 s, \
         which was over 40 s before this call (registration-expired)."
    );
    assert!(advice.starts_with("See whether 192.0.2.10 was up") && !advice.contains("Request-URI"), "{advice}");
    // What may have been renewed while nothing was captured leaves both open.
    let steps = format!("{HOSTS}{}{}", registered(0, "bob", 60), call(100, "bob", "404 Not Found"));
    let report = diagnose(&steps).calls.into_iter().rfind(|report| report.call.is_invite()).unwrap();
    let advice: Vec<_> = report.findings[0].remediation.iter().map(ToString::to_string).collect();
    assert!(report.findings[0].message.to_string().contains("unless it was renewed while nothing was captured"));
    assert!(
        advice[0].starts_with("See whether") && advice[1..].iter().any(|a| a.contains("Request-URI")),
        "{advice:?}"
    );
}

#[test]
fn a_call_that_failed_for_something_else_keeps_its_words() {
    for (name, steps) in [
        ("still registered", vec![registered(0, "bob", 200), call(100, "bob", "404 Not Found")]),
        ("another user", vec![registered(0, "bob", 60), call(100, "dave", "404 Not Found")]),
        ("it is busy", vec![registered(0, "bob", 60), call(100, "bob", "480 No\nReason: Q.850;cause=17")]),
    ] {
        let (message, _) = of_call(&steps);
        assert!(!message.contains("registration-expired"), "{name}: {message}");
    }
}

#[test]
fn under_a_number_that_was_registered_the_number_is_right() {
    // The server takes numbers with + in other calls, and knew this one all the same.
    let accepted: Vec<_> = (0..4_u32)
        .map(|n| ended(f64::from(70 + n), n as usize, "b>r", "sip:+442079460101@r.example", "200 OK"))
        .collect();
    let of = |first: String| {
        let steps = [vec![first], accepted.clone(), vec![call(100, "442079460199", "404 Not Found")]].concat();
        let found = diagnose(&flow(&steps)).calls.into_iter().flat_map(|report| report.findings);
        found.filter(|f| f.code == "number-format-rejected").count()
    };
    assert_eq!((of(String::new()), of(registered(0, "442079460199", 60))), (1, 0));
}

#[test]
fn a_registration_that_is_renewed_again_and_again_is_known_while_it_goes_on() {
    // All of one Call-ID, so that they are over only behind the call.
    let renewed = |until: u32| -> String {
        (100..until).step_by(30).fold(String::new(), |mut flow, at| {
            let contact = "Contact: <sip:bob@192.0.2.10>;expires=60";
            let _ = write!(
                flow,
                "{at} a > r call=again\nREGISTER sip:r.example\nFrom: <sip:bob@r.example>\nTo: <sip:bob@r.example>\n{contact}\n\n\
                 +0.01 r > a call=again\n200 OK\n{contact}\n\n"
            );
            flow
        })
    };
    let said = |until: u32| {
        let flow = flow(&[registered(0, "bob", 60), renewed(until), call(250, "bob", REFUSED)]);
        let found = diagnose(&flow).calls.into_iter().find(|report| report.root_cause.is_some()).unwrap();
        found.findings[0].message.to_string()
    };
    assert!(said(100).contains("was over 3 min 9 s before this call"), "{}", said(100));
    for until in [260, 390] {
        assert!(!said(until).contains("registered as"), "{}", said(until));
    }
}
