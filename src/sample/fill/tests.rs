use super::super::Flow;

const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.20\nhost b 203.0.113.60:5070\n\n";

/// The messages of a text.
fn messages(text: &str) -> Vec<String> {
    let datagrams = Flow::parse(&format!("{HOSTS}{text}")).unwrap().datagrams();
    datagrams.into_iter().map(|datagram| String::from_utf8(datagram.payload).unwrap()).collect()
}

/// The values of all header fields of that name, joined.
fn value(message: &str, name: &str) -> String {
    let head = message.split("\r\n\r\n").next().unwrap();
    let prefix = format!("{name}: ");
    let values: Vec<_> = head.split("\r\n").filter_map(|line| line.strip_prefix(&prefix)).collect();
    values.join(" | ")
}

/// Checks rows of (number of the message, header field, value).
fn check(text: &str, rows: &[(usize, &str, &str)]) {
    let messages = messages(text);
    for (number, name, wanted) in rows {
        let message = &messages[number - 1];
        let found = if *name == "start" { message.lines().next().unwrap().to_owned() } else { value(message, name) };
        assert_eq!(&found, wanted, "{name} of message {number}:\n{message}");
    }
}

#[test]
fn a_first_request_is_complete() {
    let message = messages("0 a > b branch=x from-tag=t\nINVITE sip:bob@corp.example\n").remove(0);
    assert_eq!(
        message,
        "INVITE sip:bob@corp.example SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:alice@192.0.2.10>;tag=t\r\n\
         To: <sip:bob@corp.example>\r\n\
         Call-ID: 1@192.0.2.10\r\n\
         CSeq: 1 INVITE\r\n\
         Contact: <sip:alice@192.0.2.10>\r\n\
         Content-Length: 0\r\n\r\n"
    );
}

#[test]
fn a_response_copies_from_its_request() {
    let messages = messages(
        "0 a > b branch=x from-tag=t\nINVITE sip:bob@corp.example\n\n1 b > a\n100 Trying\n\n2 b > a tag=u\n200 OK\n",
    );
    assert_eq!(
        messages[2],
        "SIP/2.0 200 OK\r\n\
         Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx\r\n\
         From: <sip:alice@192.0.2.10>;tag=t\r\n\
         To: <sip:bob@corp.example>;tag=u\r\n\
         Call-ID: 1@192.0.2.10\r\n\
         CSeq: 1 INVITE\r\n\
         Contact: <sip:bob@203.0.113.60:5070>\r\n\
         Content-Length: 0\r\n\r\n"
    );
    assert_eq!(value(&messages[1], "To"), "<sip:bob@corp.example>");
    assert_eq!(value(&messages[1], "Contact"), "");
}

#[test]
fn an_answered_call_has_one_dialog() {
    check(
        "0 a > b branch=x from-tag=t\nINVITE sip:bob@corp.example\n\n1 b > a tag=u\n200 OK\n\n1.1 a > b branch=y\nACK\n\n\
         2 b > a branch=z\nBYE\n\n2.1 a > b\n200 OK\n\n3 a > b to-tag=u\nINVITE sip:bob@203.0.113.60:5070\n",
        &[
            (3, "start", "ACK sip:bob@203.0.113.60:5070 SIP/2.0"),
            (3, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKy"),
            (3, "To", "<sip:bob@corp.example>;tag=u"),
            (3, "CSeq", "1 ACK"),
            (4, "start", "BYE sip:alice@192.0.2.10 SIP/2.0"),
            (4, "From", "<sip:bob@corp.example>;tag=u"),
            (4, "To", "<sip:alice@192.0.2.10>;tag=t"),
            (4, "CSeq", "1 BYE"),
            (5, "From", "<sip:bob@corp.example>;tag=u"),
            (5, "To", "<sip:alice@192.0.2.10>;tag=t"),
            (5, "Via", "SIP/2.0/UDP 203.0.113.60:5070;branch=z9hG4bKz"),
            (6, "CSeq", "2 INVITE"),
            (6, "To", "<sip:bob@corp.example>;tag=u"),
        ],
    );
}

#[test]
fn an_ack_to_a_failure_belongs_to_the_invite() {
    check(
        "0 a > p branch=x\nINVITE sip:bob@corp.example\nRoute: <sip:p;lr>\n\n1 p > a tag=r1\n301 Moved Permanently\n\n1.1 a > p\nACK\n\n\
         2 a > b branch=y\nINVITE sip:bob@new.example\n\n3 b > a\n486 Busy Here\n\n3.1 a > b\nACK\n",
        &[
            (3, "start", "ACK sip:bob@corp.example SIP/2.0"),
            (3, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx"),
            (3, "Route", "<sip:p;lr>"),
            (3, "To", "<sip:bob@corp.example>;tag=r1"),
            (3, "CSeq", "1 ACK"),
            (4, "To", "<sip:bob@corp.example>"),
            (4, "CSeq", "2 INVITE"),
            (6, "start", "ACK sip:bob@new.example SIP/2.0"),
            (6, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKy"),
            (6, "CSeq", "2 ACK"),
        ],
    );
    let answered = messages("0 a > b\nINVITE sip:bob@x\n\n1 b > a\n486 Busy\n\n2 a > b\nACK\n");
    assert_eq!(value(&answered[1], "To"), value(&answered[2], "To"));
    assert!(value(&answered[1], "To").contains(";tag="));
}

#[test]
fn a_cancel_is_answered_and_so_is_its_invite() {
    check(
        "0 a > b branch=x from-tag=t\nINVITE sip:bob@x\n\n1 b > a tag=u\n180 Ringing\n\n2 a > b\nCANCEL\n\n2.1 b > a\n200 OK\n\n\
         2.2 b > a\n487 Request Terminated\n\n2.3 a > b\nACK\n",
        &[
            (3, "start", "CANCEL sip:bob@x SIP/2.0"),
            (3, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx"),
            (3, "To", "<sip:bob@x>"),
            (3, "CSeq", "1 CANCEL"),
            (4, "CSeq", "1 CANCEL"),
            (4, "Contact", ""),
            (5, "CSeq", "1 INVITE"),
            (5, "To", "<sip:bob@x>;tag=u"),
            (6, "CSeq", "1 ACK"),
            (6, "To", "<sip:bob@x>;tag=u"),
        ],
    );
}

#[test]
fn re_and_branch_choose_the_request() {
    check(
        "0 a > b branch=f1\nINVITE sip:b1@x\n\n0.1 a > b branch=f2\nINVITE sip:b2@x\n\n1 b > a branch=f1 tag=u\n180 Ringing\n\n\
         2 a > b branch=f1\nCANCEL\n\n3 b > a re=INVITE branch=f2\n486 Busy Here\n\n3.1 a > b branch=f2\nACK\n",
        &[
            (3, "CSeq", "1 INVITE"),
            (4, "CSeq", "1 CANCEL"),
            (4, "start", "CANCEL sip:b1@x SIP/2.0"),
            (5, "CSeq", "2 INVITE"),
            (6, "CSeq", "2 ACK"),
            (6, "start", "ACK sip:b2@x SIP/2.0"),
        ],
    );
}

#[test]
fn requests_without_final_response_are_answered_first() {
    check(
        "0 a > b\nINVITE sip:b@x\n\n1 b > a tag=u\n183 Session Progress\n\n2 a > b\nPRACK sip:b@x\n\n2.1 b > a\n200 OK\n\n3 b > a\n180 Ringing\n\n\
         4 b > a\n200 OK\n\n5 b > a\n500 Oops\n",
        &[
            (3, "CSeq", "2 PRACK"),
            (3, "To", "<sip:b@x>;tag=u"),
            (4, "CSeq", "2 PRACK"),
            (5, "CSeq", "1 INVITE"),
            (6, "CSeq", "1 INVITE"),
            (7, "CSeq", "2 PRACK"),
        ],
    );
}

#[test]
fn calls_are_kept_apart() {
    check(
        "0 a > b call=one\nINVITE sip:b1@x\n\n0.1 a > b call=two\nINVITE sip:b2@x\n\n1 b > a call=one\n200 OK\n",
        &[
            (1, "Call-ID", "one@192.0.2.10"),
            (2, "Call-ID", "two@192.0.2.10"),
            (3, "Call-ID", "one@192.0.2.10"),
            (2, "CSeq", "1 INVITE"),
        ],
    );
}

#[test]
fn written_fields_win_and_are_remembered() {
    check(
        "0 a > b from-tag=t\nINVITE sip:bob@x\nf: \"Al\" <sip:al@corp.example>\nTo: <sip:robert@x>\nCall-ID: mine\nCSeq: 41 INVITE\nContact: <sip:c@x>\n\n\
         1 b > a tag=u\n401 Unauthorized\n\n1.1 a > b\nACK\n\n2 a > b\nINVITE sip:bob@x\n\n3 b > a to-tag=-\n400 Bad\n\n",
        &[
            (1, "f", "\"Al\" <sip:al@corp.example>;tag=t"),
            (1, "From", ""),
            (1, "Contact", "<sip:c@x>"),
            (3, "CSeq", "41 ACK"),
            (4, "From", "\"Al\" <sip:al@corp.example>;tag=t"),
            (4, "To", "<sip:robert@x>"),
            (4, "Call-ID", "mine"),
            (4, "CSeq", "42 INVITE"),
            (5, "To", "<sip:robert@x>"),
        ],
    );
}

#[test]
fn what_is_omitted_is_not_filled_in() {
    let message = messages("0 a > b omit=max-forwards,Contact,Content-Length from-tag=-\nINVITE sip:bob@x\n").remove(0);
    for name in ["Max-Forwards", "Contact", "Content-Length"] {
        assert_eq!(value(&message, name), "", "{name}");
    }
    assert_eq!(value(&message, "From"), "<sip:alice@192.0.2.10>");
}

#[test]
fn bodies_have_type_and_length() {
    check(
        "0 a > b\nINVITE sip:bob@x\n.\nv=0\ns=-\n\n1 b > a\n200 OK\nContent-Length: 99\nContent-Type: text/plain\n.\nhello\n",
        &[
            (1, "Content-Type", "application/sdp"),
            (1, "Content-Length", "10"),
            (2, "Content-Length", "99"),
            (2, "Content-Type", "text/plain"),
        ],
    );
}

#[test]
fn a_registration_has_no_dialog() {
    check(
        "0 a > p from-tag=t\nREGISTER sip:corp.example\nFrom: <sip:al@corp.example>\n\n1 p > a\n401 Unauthorized\n\n2 a > p\nREGISTER sip:corp.example\n\n3 p > a\n200 OK\n",
        &[
            (1, "To", "<sip:al@corp.example>"),
            (3, "CSeq", "2 REGISTER"),
            (3, "To", "<sip:al@corp.example>"),
            (4, "CSeq", "2 REGISTER"),
        ],
    );
}

#[test]
fn a_proxy_forwards() {
    check(
        "0 a > p branch=x\nINVITE sip:bob@x\nX-End: 1\n.\nv=0\n\n0.1 p > b forward branch=y\nINVITE sip:bob@203.0.113.60:5070\nRecord-Route: <sip:p;lr>\n\n\
         1 b > p tag=u\n200 OK\n\n1.1 p > a forward\n200 OK\n\n1.2 a > p branch=z\nACK\n\n2 b > p\nBYE sip:alice@192.0.2.10\n\n2.1 p > a forward\nBYE\n",
        &[
            (2, "Via", "SIP/2.0/UDP 198.51.100.20;branch=z9hG4bKy | SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx"),
            (2, "Max-Forwards", "69"),
            (2, "CSeq", "1 INVITE"),
            (2, "X-End", "1"),
            (2, "Contact", "<sip:alice@192.0.2.10>"),
            (2, "Content-Length", "5"),
            (3, "Record-Route", "<sip:p;lr>"),
            (4, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx"),
            (4, "To", "<sip:bob@x>;tag=u"),
            (4, "Contact", "<sip:bob@203.0.113.60:5070>"),
            (5, "To", "<sip:bob@x>;tag=u"),
            (5, "start", "ACK sip:bob@203.0.113.60:5070 SIP/2.0"),
            (6, "From", "<sip:bob@x>;tag=u"),
            (7, "start", "BYE sip:alice@192.0.2.10 SIP/2.0"),
            (7, "CSeq", "1 BYE"),
        ],
    );
}

#[test]
fn raw_messages_are_remembered() {
    check(
        "0 a > b raw\nINVITE sip:bob@x SIP/2.0\nv: SIP/2.0/UDP h;branch=z9hG4bKr\ni: raw\nFrom: <sip:q@x>;tag=1\nt: <sip:bob@x>\nCSeq: 7 INVITE\n.\n\n1 b > a tag=u\n404 Not Found\n",
        &[
            (2, "v", "SIP/2.0/UDP h;branch=z9hG4bKr"),
            (2, "i", "raw"),
            (2, "CSeq", "7 INVITE"),
            (2, "To", "<sip:bob@x>;tag=u"),
        ],
    );
}

#[test]
fn a_response_from_elsewhere_still_answers() {
    check(
        "0 a > p branch=x\nINVITE sip:bob@x\n\n1 203.0.113.66 > a tag=u\n301 Moved Permanently\n",
        &[(2, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx"), (2, "CSeq", "1 INVITE")],
    );
}

#[test]
fn a_response_without_request_must_say_what_it_answers() {
    let error = Flow::parse(&format!("{HOSTS}0 b > a\n607 Unwanted\n")).unwrap_err();
    assert_eq!((error.line, error.what.contains("no request to answer")), (5, true));
    check(
        "0 b > a re=INVITE cseq=3 branch=x\n607 Unwanted\n",
        &[(1, "CSeq", "3 INVITE"), (1, "Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx")],
    );
}

#[test]
fn nothing_received_is_nothing_forwarded() {
    let error = Flow::parse(&format!("{HOSTS}0 a > b forward\nINVITE sip:x\n")).unwrap_err();
    assert!(error.what.contains("nothing can be forwarded"), "{error}");
}
