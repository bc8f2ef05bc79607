//! The torture messages of RFC 4475 and RFC 5118: what is read of each of them, and what is said to be wrong.
//!
//! The messages under `samples/torture` are the project's own, one for each of the RFCs' under the same name, and must be read
//! to the letter as the table says. The RFCs' own messages, where a copy of them is at hand, must come out alike.

use std::collections::BTreeMap;
use std::fs;

use crate::sample::Flow;
use crate::sip::{Message, messages};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One row a message: set, name, method or status, user of the Request-URI, branch, tags of From and To, CSeq, numbers of Via
/// and Contact values, octets of the body, anomalies. `-` is absent; `=` is `z9hG4bK`, `f-` or `t-` and the name.
const TABLE: &str = include_str!("table.txt");

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split('|').map(str::trim).collect())
}

/// The columns of a row, as a message is read.
fn reading(set: &str, name: &str, message: &Message) -> Vec<String> {
    let absent = || "-".to_owned();
    let identifier = |value: Option<&[u8]>, prefix: &str| {
        let value = value.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        value.map_or_else(absent, |v| if v == format!("{prefix}{name}") { "=".to_owned() } else { v })
    };
    let start = message.status().map(|status| status.to_string());
    vec![
        set.to_owned(),
        name.to_owned(),
        start.or_else(|| message.method().map(ToString::to_string)).unwrap_or_else(absent),
        message.request_uri().and_then(|uri| uri.user).unwrap_or_else(absent),
        identifier(message.branch(), "z9hG4bK"),
        identifier(message.from_tag(), "f-"),
        identifier(message.to_tag(), "t-"),
        message.cseq().map_or_else(absent, |cseq| format!("{} {}", cseq.number, cseq.method)),
        message.vias().len().to_string(),
        message.contacts().len().to_string(),
        message.body().len().to_string(),
        message.anomalies().iter().map(|anomaly| anomaly.code()).collect::<Vec<_>>().join(" "),
    ]
}

#[test]
fn own_torture_messages_are_read_as_the_table_says() {
    let mut rows = rows();
    for set in ["valid", "invalid", "application", "ipv6"] {
        let text = fs::read_to_string(format!("{ROOT}/samples/torture/{set}.txt")).unwrap();
        for datagram in Flow::parse(&text).unwrap().datagrams() {
            let row = rows.next().unwrap_or_else(|| panic!("{set} has more messages than rows"));
            let found = messages(&datagram.payload, false);
            assert_eq!(reading(set, row[1], &found[0].message), row);
            assert_eq!(found.len(), 1 + usize::from(row[1] == "dblreq"), "{}", row[1]);
        }
    }
    assert!(rows.next().is_none());
}

/// The torture messages of the RFCs by their names without extension.
#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn torture_messages() -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for set in ["rfc4475", "rfc5118"] {
        let Ok(entries) = fs::read_dir(format!("{ROOT}/../shared/captures/torture/{set}")) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".dat").to_owned();
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

/// Stored copies of these lack octets at their end; their own Content-Length shows it.
const DIFFERENT_LENGTH: &[&str] = &["ipv4-mapped-ipv6", "ipv6-in-sdp", "mult-ip-in-sdp"];

/// Everything but the texts, which are our own: what is there, what is absent, what is wrong.
fn shape(columns: &[impl AsRef<str>]) -> Vec<String> {
    let texts = |at: usize| (4..=7).contains(&at) || at == 10;
    let shape = |(at, column): (usize, &str)| match (at, column) {
        (2, method) if !["INVITE", "OPTIONS", "REGISTER", "BYE", "MESSAGE"].contains(&method) => {
            method.starts_with(|c: char| c.is_ascii_digit()).to_string()
        }
        _ if texts(at) => (column == "-" || column == "0").to_string(),
        _ => column.to_owned(),
    };
    columns.iter().map(AsRef::as_ref).enumerate().filter(|(at, _)| !matches!(at, 0 | 3)).map(shape).collect()
}

#[test]
fn the_messages_of_the_rfcs_come_out_alike() {
    let mut messages_of_rfcs = torture_messages();
    if messages_of_rfcs.is_empty() {
        return;
    }
    // No message: its start line has no version.
    assert!(messages(&messages_of_rfcs.remove("test").unwrap(), false).is_empty());
    let mut different = Vec::new();
    for row in rows() {
        let bytes = messages_of_rfcs.remove(row[1]).unwrap_or_else(|| panic!("{} is missing", row[1]));
        let found = messages(&bytes, false);
        let mut read = reading(row[0], row[1], &found[0].message);
        if DIFFERENT_LENGTH.contains(&row[1]) {
            assert_eq!(read[11], "content-length-too-short", "{}", row[1]);
            read[11].clear();
        }
        if shape(&read) != shape(&row) {
            different.push((shape(&read), shape(&row)));
        }
        assert_eq!(found.len(), 1 + usize::from(row[1] == "dblreq"), "{}", row[1]);
    }
    assert!(different.is_empty(), "{different:#?}");
    assert!(messages_of_rfcs.is_empty(), "{:?} have no row", messages_of_rfcs.keys());
}
