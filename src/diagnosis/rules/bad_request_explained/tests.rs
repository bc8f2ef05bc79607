use super::RULE;
use crate::diagnosis::reports::{codes, report};
use crate::diagnosis::testing::{check, only};
use crate::diagnosis::{Certainty, Severity};

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n";

fn refused(words: &str, lines: &str, response: &str) -> String {
    format!("{HOSTS}0.0 a > p {words}\nINVITE sip:bob@p\n{lines}\n0.1 p > a\n{response}\n\n0.2 a > p\nACK\n\n")
}

#[test]
fn the_fault_is_named_beside_the_response() {
    let flow = refused("omit=Contact", "", "400 Missing Contact header");
    let finding = only(&flow, RULE.code);
    let expected = "198.51.100.5:5060 answered INVITE with 400 \"Missing Contact header\" (Bad Request). The request is not valid: Contact is missing, \
        which an INVITE must have (RFC 3261 §8.1.1.8). The response names that header field.";
    assert_eq!(finding.message.to_string(), expected);
    assert_eq!(finding.certainty, Certainty::Certain);
    assert_eq!(codes(&report(&flow)), ["bad-request-explained error"]);
}

#[test]
fn only_what_is_wrong_is_told() {
    let error = Some(Severity::Error);
    check(
        RULE.code,
        &[
            ("nothing is wrong", &refused("", "", "400 Bad Request"), None),
            ("no Contact", &refused("omit=Contact", "", "400 Bad Request"), error),
            ("no To", &refused("omit=To", "", "400 Bad Request"), error),
            ("no Max-Forwards", &refused("omit=Max-Forwards", "", "400 Bad Request"), error),
            ("another method in CSeq", &refused("", "CSeq: 1 OPTIONS\n", "400 Bad Request"), error),
            ("twice", &refused("", "Session-Expires: 90\nSession-Expires: 90\n", "400 Bad Request"), error),
            ("a malformed address", &refused("", "Contact: <sip:a b@192.0.2.10>\n", "400 Bad Request"), error),
            ("no tag", &refused("from-tag=-", "", "400 Bad Request"), error),
            ("another is named", &refused("omit=Max-Forwards", "", "400 Invalid Contact"), None),
            (
                "an ordinary word",
                &refused("omit=Max-Forwards", "", "400 Failed to parse the message from the client"),
                error,
            ),
            ("the session description", &refused("omit=Contact", "", "400 Missing SDP"), None),
            ("the number", &refused("omit=Max-Forwards", "", "400 Invalid number format"), None),
            ("the Request-URI", &refused("omit=Contact", "", "400 Malformed Request-URI"), None),
            (
                "a Warning about the body",
                &refused("omit=Contact", "", "400 Bad Request\nWarning: 399 p.example \"No media line\""),
                None,
            ),
            (
                "a Warning that says nothing",
                &refused("omit=Contact", "", "400 Bad Request\nWarning: 399 p.example \"Bad request: syntax error\""),
                error,
            ),
            ("the tag", &refused("from-tag=-", "", "400 Missing tag"), error),
            ("another status", &refused("omit=Contact", "", "403 Forbidden"), None),
            ("cut", &refused("omit=Contact cut=200", "", "400 Bad Request"), None),
        ],
    );
    assert_eq!(only(&refused("omit=Max-Forwards", "", "400 Bad Request"), RULE.code).certainty, Certainty::Weak);
}

#[test]
fn a_star_in_contact_removes_all_bindings_or_is_a_fault() {
    let register = |lines: &str| {
        format!(
            "{HOSTS}0.0 a > p\nREGISTER sip:p.example\nFrom: <sip:x@p.example>\n{lines}\n\n0.1 p > a\n400 Bad Request\n\n"
        )
    };
    let error = Some(Severity::Error);
    check(
        RULE.code,
        &[
            ("with a time", &register("Contact: *\nExpires: 3600"), error),
            ("without Expires", &register("Contact: *"), error),
            ("beside an address", &register("Contact: *, <sip:x@192.0.2.10>\nExpires: 0"), error),
            ("as it ought to be", &register("Contact: *\nExpires: 0"), None),
            ("an address", &register("Contact: <sip:x@192.0.2.10>\nExpires: 3600"), None),
        ],
    );
    let text = only(&register("Contact: *\nExpires: 3600"), RULE.code).message.to_string();
    assert!(text.contains("Contact is *, which a REGISTER may have with Expires: 0 alone"), "{text}");
}

#[test]
fn who_altered_the_request_is_told() {
    let flow = format!(
        "{HOSTS}0.0 a > p\nINVITE sip:bob@p\n\n0.01 p > b forward omit=Contact\nINVITE sip:bob@203.0.113.60\n\n0.1 b > p tag=b\n400 Bad Request\n\n\
         0.11 p > b\nACK\n\n0.12 p > a forward\n400 Bad Request\n\n0.2 a > p\nACK\n\n"
    );
    let finding = only(&flow, RULE.code);
    assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "198.51.100.5:5060");
    assert!(finding.remediation[0].to_string().starts_with("Mend 198.51.100.5:5060: the request of 192.0.2.10:5060"));
}
