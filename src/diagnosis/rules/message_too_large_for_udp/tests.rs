use super::RULE;
use crate::diagnosis::testing::{check, only, with_code};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n";
const PING: &str = "0.0 a > p call=x\nOPTIONS sip:p\n\n0.1 p > a call=x\n200 OK\n\n";
const LATER: &str = "90.0 a > p call=z\nOPTIONS sip:p\n\n90.1 p > a call=z\n200 OK\n\n";
const ALL: &str = "repeat=0.5,1.5,3.5,7.5,15.5,31.5";

/// An INVITE with so many octets more than usual.
fn invite(words: &str, more: usize) -> String {
    format!("1.0 a > p call=y {words}\nINVITE sip:bob@p\nX-Long: {}\n\n", "x".repeat(more))
}

fn flow(before: &str, words: &str, more: usize) -> String {
    format!("{HOSTS}{before}{}{LATER}", invite(&format!("{ALL} {words}"), more))
}

#[test]
fn a_request_in_fragments_is_told_by_the_smaller_one_that_was_answered() {
    let finding = only(&flow(PING, "fragment=1480", 1500), RULE.code);
    let text = finding.message.to_string();
    assert!(text.starts_with("192.0.2.10:5060 sent INVITE with "), "{text}");
    assert!(
        text.contains(" octets, which takes IP fragments, to 198.51.100.5:5060 7 times in 31.5 s and got no response"),
        "{text}"
    );
    assert_eq!((finding.certainty, finding.severity), (Certainty::Strong, Severity::Error));
    assert_eq!(
        only(&flow(PING, "", 1500), RULE.code).certainty,
        Certainty::Strong,
        "captured before it was fragmented"
    );
    let whole = only(&flow(PING, "", 1100), RULE.code);
    assert_eq!(whole.certainty, Certainty::Weak);
}

#[test]
fn a_server_that_may_have_gone_down_since_its_last_answer_makes_it_a_guess() {
    let flow = |at: &str| flow(PING, "fragment=1480", 1500).replace("1.0 a", at).replace("90.", "190.");
    let late = only(&flow("60.0 a"), RULE.code);
    assert_eq!((late.certainty, late.severity), (Certainty::Weak, Severity::Error));
    let text = late.message.to_string();
    assert!(text.contains("was answered 59.9 s before: perhaps the fragments do not get through."), "{text}");
    let soon = only(&flow("19.0 a"), RULE.code);
    assert_eq!(soon.certainty, Certainty::Strong);
    // What was answered in the meantime shows that it is up.
    let meanwhile = "70.0 a > p call=w\nOPTIONS sip:p\n\n70.1 p > a call=w\n200 OK\n\n\
        120.0 a > p call=v\nOPTIONS sip:p\n\n120.1 p > a call=v\n200 OK\n\n";
    let up = only(&format!("{}{meanwhile}", flow("60.0 a")), RULE.code);
    assert_eq!(up.certainty, Certainty::Strong, "{}", up.message);
}

#[test]
fn size_is_the_reason_only_where_the_capture_says_so() {
    let error = Some(Severity::Error);
    let answered = |words: &str, more: usize| {
        let invite = invite(words, more).replace("call=y", "call=w").replace("1.0 a", "0.2 a");
        format!("{PING}{invite}0.3 p > a call=w\n486 Busy Here\n\n0.4 a > p call=w\nACK\n\n")
    };
    let challenged = format!(
        "{}1.1 p > a call=y\n401 Unauthorized\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\n\n1.2 a > p call=y\nACK\n\n\
         2.0 a > p call=y cseq=2 {ALL} fragment=1480\nINVITE sip:bob@p\nAuthorization: Digest username=\"u\", realm=\"r\", nonce=\"n\", \
         uri=\"sip:p\", response=\"{}\"\n\n",
        invite("", 0),
        "a".repeat(1600)
    );
    check(
        RULE.code,
        &[
            ("in fragments", &flow(PING, "fragment=1480", 1500), error),
            ("large and whole", &flow(PING, "", 1100), error),
            ("of usual size", &flow(PING, "", 10), None),
            ("small, in fragments", &flow(PING, "fragment=400", 300), error),
            ("nothing was answered", &flow("", "fragment=1480", 1500), None),
            ("one as large was answered", &flow(&answered("", 1100), "", 1130), None),
            ("a large one was answered, a larger one not", &flow(&answered("", 1000), "fragment=1480", 1500), error),
            ("one that takes fragments was answered", &flow(&answered("", 1300), "", 1500), None),
            ("another in fragments was answered", &flow(&answered("fragment=400", 300), "fragment=1480", 1500), None),
            ("with credentials, in the same call", &format!("{HOSTS}{challenged}{LATER}"), error),
            (
                "the last answer is long ago",
                &flow(PING, "fragment=1480", 1500)
                    .replace("1.0 a", "900.0 a")
                    .replace("90.0 a", "990.0 a")
                    .replace("90.1 p", "990.1 p"),
                None,
            ),
            ("over TCP", &flow(PING, "tcp", 1500).replace(ALL, ""), None),
            ("sent once", &flow(PING, "fragment=1480", 1500).replace(ALL, ""), None),
            ("answered", &flow(PING, "fragment=1480", 1500).replace(LATER, "32.9 p > a call=y\n100 Trying\n\n"), None),
        ],
    );
}

#[test]
fn it_takes_the_place_of_no_response() {
    let flow = flow(PING, "fragment=1480", 1500);
    assert!(with_code(&flow, "no-response").is_empty());
    let usual = flow.replace(" fragment=1480", "").replace(&"x".repeat(1500), "x");
    assert_eq!(with_code(&usual, "no-response").len(), 1);
}
