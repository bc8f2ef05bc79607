use super::super::step::{Content, Format, Link, StartLine};
use super::{DEFAULT_START, script};

const HOSTS: &str = "host a 192.0.2.10\nhost b 198.51.100.30:5070\n\n";

/// The content of the only step of a text.
fn content(step: &str) -> Content {
    let mut script = script(&format!("{HOSTS}{step}")).unwrap();
    assert_eq!(script.steps.len(), 1);
    script.steps.remove(0).content
}

fn octets(step: &str) -> Vec<u8> {
    match content(step) {
        Content::Raw(octets) | Content::Octets(octets) => octets,
        other => panic!("{other:?}"),
    }
}

#[test]
fn preamble_and_defaults() {
    let given = script("# about\nstart 2026-03-30T14:00:01Z\nformat pcapng\nlink sll\n").unwrap();
    assert_eq!((given.start.0, given.format, given.link), (1_774_879_201_000_000_000, Format::Pcapng, Link::Sll));
    let default = script("").unwrap();
    assert_eq!((default.start, default.format, default.link), (DEFAULT_START, Format::Pcap, Link::Ethernet));
}

#[test]
fn hosts_and_addresses() {
    let text = "host six [2001:db8::1]:5070\nhost seven 2001:db8::2\nhost again 2001:db8::2\n\n\
                0 six > seven\nhex 00\n\n0 [2001:db8::3] > again\nhex 00\n\n0 192.0.2.1:99 > 192.0.2.2\nhex 00\n";
    let steps = script(text).unwrap().steps;
    let shown: Vec<_> = steps.iter().map(|step| format!("{} {}", step.source, step.destination)).collect();
    assert_eq!(
        shown,
        [
            "[2001:db8::1]:5070 [2001:db8::2]:5060",
            "[2001:db8::3]:5060 [2001:db8::2]:5060",
            "192.0.2.1:99 192.0.2.2:5060"
        ]
    );
}

#[test]
fn times_from_the_start_and_from_the_previous_step() {
    let text = format!("{HOSTS}1.5 a > b\nhex 00\n\n+0.010 b > a\nhex 00\n\n+1 a > b\nhex 00\n");
    let times: Vec<_> = script(&text).unwrap().steps.iter().map(|step| step.time).collect();
    assert_eq!(times, [1_500_000_000, 1_510_000_000, 2_510_000_000]);
}

#[test]
fn start_lines() {
    let request =
        |method: &str, uri: Option<&str>| StartLine::Request { method: method.to_owned(), uri: uri.map(str::to_owned) };
    let response =
        |status: &str, phrase: &str| StartLine::Response { status: status.to_owned(), phrase: phrase.to_owned() };
    for (line, wanted) in [
        ("INVITE sip:bob@x", request("INVITE", Some("sip:bob@x"))),
        ("INVITE sip:bob@x SIP/2.0", request("INVITE", Some("sip:bob@x"))),
        ("ACK", request("ACK", None)),
        ("301 Moved Permanently", response("301", "Moved Permanently")),
        ("SIP/2.0 301 Moved Permanently", response("301", "Moved Permanently")),
        ("607", response("607", "")),
        ("1000 Odd", response("1000", "Odd")),
    ] {
        let Content::Message(written) = content(&format!("0 a > b\n{line}\n")) else { panic!("{line}") };
        assert_eq!(written.start, wanted);
    }
}

#[test]
fn header_fields_folding_and_body() {
    let text =
        "0 a > b\nMESSAGE sip:bob@x\nSubject:\tHello \nX-Long: one\n  two\n# a comment\nY: \n.\nline 1\n.\nline 3\n\n";
    let Content::Message(written) = content(text) else { panic!() };
    let fields: Vec<_> = written.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    assert_eq!(fields, [("Subject", "Hello"), ("X-Long", "one\r\n  two"), ("Y", "")]);
    assert_eq!(written.body.as_deref(), Some("line 1\r\n\r\nline 3"));
}

#[test]
fn every_line_of_sdp_has_its_end() {
    let Content::Message(written) = content("0 a > b\n200 OK\n.\nv=0\ns=-\n") else { panic!() };
    assert_eq!(written.body.as_deref(), Some("v=0\r\ns=-\r\n"));
}

#[test]
fn raw_lines_are_taken_as_they_are() {
    assert_eq!(
        octets("0 a > b raw\nOPTIONS sip:x SIP/2.0\nTo: x\\xff\\\\\n.\nbody\nend.\n"),
        b"OPTIONS sip:x SIP/2.0\r\nTo: x\xff\\\r\n\r\nbody\r\nend."
    );
    assert_eq!(octets("0 a > b raw\nA\\n\nB\\\nC\n"), b"A\nBC\r\n");
}

#[test]
fn other_payloads() {
    assert_eq!(octets("0 a > b\nhex 80 00 fF\nhex 01\n"), [0x80, 0, 0xff, 1]);
    assert_eq!(octets("0 a > b\ntext \\r\\n\\r\\n\n"), b"\r\n\r\n");
}

#[test]
fn errors_name_the_line_and_say_what() {
    for (text, line, what) in [
        ("0 a > b\nINVITE sip:x\n", 1, "unknown host `a`"),
        ("hello\n", 1, "neither a time"),
        ("host a\n", 1, "expected `host"),
        ("host a 192.0.2.1\nhost a 192.0.2.2\n", 2, "expected `host"),
        ("host a 192.0.2.999\n", 1, "expected `host"),
        ("start yesterday\n", 1, "expected `start"),
        ("format snoop\n", 1, "expected `format"),
        ("link atm\n", 1, "expected `link"),
        ("0 192.0.2.1 < 192.0.2.2\nhex 00\n", 1, "a step line is"),
        ("0 192.0.2.1 > 2001:db8::1\nhex 00\n", 1, "an IPv4 and an IPv6"),
        ("0 192.0.2.1 > 192.0.2.2 nonsense\nhex 00\n", 1, "unknown word"),
        ("\n0 192.0.2.1 > 192.0.2.2\n\nhex 00\n", 2, "a step without a message"),
        ("0 192.0.2.1 > 192.0.2.2\nINVITE\n", 2, "expected `METHOD URI`"),
        ("0 192.0.2.1 > 192.0.2.2\nINVITE sip:x\nno colon\n", 3, "expected a header field"),
        ("0 192.0.2.1 > 192.0.2.2\nhex 0\n", 2, "pairs of hex digits"),
        ("0 192.0.2.1 > 192.0.2.2\nhex 00\nnothing\n", 3, "expected `hex` or `text`"),
        ("0 192.0.2.1 > 192.0.2.2 raw\nA\nB\\q\n", 3, "escapes are"),
        ("0 192.0.2.1 > 192.0.2.2 icmp=port-unreachable quote=1\nhex 00\n", 2, "an ICMP step has no lines"),
        ("for n in 1..2\n0 192.0.2.{n} > x\nhex 00\n\nend\n", 2, "unknown host `x`"),
    ] {
        let error = script(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.what.contains(what), "{text}: {error}");
    }
}

mod properties {
    use proptest::prelude::*;

    use crate::sample::Flow;

    /// Lines that are right, nearly right, or out of place.
    fn line() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "",
            "",
            ".",
            "# x",
            "end",
            "for n in 1..3",
            "for n in 5..4",
            "host a 192.0.2.1",
            "host b [2001:db8::1]:9",
            "link sll2",
            "format pcapng",
            "0 a > b",
            "1.5 192.0.2.1 > 192.0.2.2 repeat=0.5 dup=0.1 fragment=8 lose-fragment=1",
            "+1 192.0.2.2 > 192.0.2.1 forward",
            "9223372036 192.0.2.1 > 192.0.2.2 cut=0 ttl=0 vlan=1",
            "{n*0.1} 192.0.2.1 > 192.0.2.2 call={n} cseq=4294967295",
            "1 192.0.2.3 > 192.0.2.1 icmp=port-unreachable quote=1",
            "0 192.0.2.2 > 192.0.2.1 raw same-datagram",
            "INVITE sip:x",
            "ACK",
            "CANCEL",
            "BYE",
            "SIP/2.0 200 OK",
            "200",
            "To: <",
            "From: >;tag",
            "Via: ;branch=",
            "CSeq: 1",
            "Contact: <sip:@",
            "hex 00ff",
            "text \\xe9\\",
            " folded",
        ]);
        prop_oneof![8 => known.prop_map(str::to_owned), 1 => "\\PC{0,30}"]
    }

    proptest! {
        #[test]
        fn any_text_is_a_flow_or_an_error_with_its_line(lines in prop::collection::vec(line(), 0..40)) {
            match Flow::parse(&lines.join("\n")) {
                Ok(flow) => prop_assert!(flow.datagrams().len() <= flow.frames().len()),
                Err(error) => prop_assert!((1..=lines.len()).contains(&error.line), "{}", error),
            }
        }
    }
}
