use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::sample::Flow;
use crate::sip::{HeaderName, Message, messages};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All files below a directory, in order; none if it is absent.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn sample_messages() -> Vec<Message> {
    let texts = files(&Path::new(ROOT).join("samples"));
    let texts = texts.iter().filter(|path| path.extension().is_some_and(|e| e == "txt"));
    let flows = texts.map(|path| Flow::parse(&fs::read_to_string(path).unwrap()).unwrap());
    let datagrams = flows.flat_map(|flow| flow.datagrams());
    datagrams.flat_map(|datagram| messages(&datagram.payload, false)).map(|framed| framed.message).collect()
}

#[expect(clippy::disallowed_methods, reason = "the rule is for the library; tests read files")]
fn captured_messages() -> Vec<Message> {
    let paths = files(&Path::new(ROOT).join("../shared/captures/messages"));
    let contents = paths.iter().map(|path| fs::read(path).unwrap());
    contents.flat_map(|bytes| messages(&bytes, false)).map(|framed| framed.message).collect()
}

/// How often which opinion was heard, and each value that is read differently.
#[derive(Default)]
struct Tally {
    agreed: usize,
    unread: usize,
    differ: BTreeMap<String, String>,
}

impl Tally {
    fn count<T: Debug>(&mut self, text: &str, view: Option<&View<T>>) {
        match view.map(|view| view.opinion) {
            Some(Opinion::Agrees) => self.agreed += 1,
            Some(Opinion::Differs) => {
                self.differ.insert(text.to_owned(), format!("{view:?}"));
            }
            Some(Opinion::Unread) | None => self.unread += 1,
        }
    }

    fn of(messages: &[Message]) -> Self {
        let mut tally = Self::default();
        for message in messages {
            message.values(HeaderName::Via).iter().for_each(|text| tally.count(text, via(text).as_ref()));
            message.values(HeaderName::Warning).iter().for_each(|text| tally.count(text, warning(text).as_ref()));
            message.values(HeaderName::Contact).iter().for_each(|text| tally.count(text, address(text).as_ref()));
            for text in message.headers(HeaderName::From).chain(message.headers(HeaderName::To)) {
                tally.count(&text, address(&text).as_ref());
            }
            if let (Some(text), Some(ours)) = (message.header(HeaderName::CSeq), message.cseq()) {
                tally.count(&text, Some(&cseq(&text, ours)));
            }
            message.challenges().into_iter().for_each(|one| tally.count(&one.raw.clone(), Some(&challenge(one))));
            message.credentials().into_iter().for_each(|one| tally.count(&one.raw.clone(), Some(&credentials(one))));
        }
        tally
    }
}

/// Recognises a value.
type Is = fn(&str) -> bool;

/// Values that rsip reads, but not as they are meant: what it does, and how such a value is recognised.
const KNOWN: &[(&str, Is)] = &[
    ("stops at a blank in front of a semicolon", |v| v.contains(" ;")),
    ("counts empty parameters", |v| v.contains(";;")),
    ("takes blanks in angle brackets for parts of the URI", |v| v.contains("< ")),
    ("keeps escapes in quoted strings", |v| v.contains('\\')),
    ("takes the scheme of a URI that is not SIP for a host", |v| v.contains("<http:")),
    ("takes a user name with a dot for a part of the host if a port follows", |v| {
        let uri = v.split_once("sip:").and_then(|(_, rest)| rest.split_once('@'));
        uri.is_some_and(|(user, host)| user.contains('.') && host.contains(':'))
    }),
    ("is not asked about header fields within a URI", |v| {
        v.rsplit_once('@').is_some_and(|(_, rest)| rest.contains('?'))
    }),
    ("ends a tag at a character that no token has", |v| v.contains('^')),
    ("keeps the quote of a string that never ends", |v| v.matches('"').count() % 2 == 1),
];

fn unknown_differences(tally: &Tally) -> Vec<(&String, &String)> {
    tally.differ.iter().filter(|(text, _)| !KNOWN.iter().any(|(_, is)| is(text))).collect()
}

#[test]
fn both_readings_of_the_samples_agree_or_the_reason_is_known() {
    let tally = Tally::of(&sample_messages());
    assert!(tally.agreed > 1000, "{} agreed, {} unread", tally.agreed, tally.unread);
    let unknown = unknown_differences(&tally);
    assert!(unknown.is_empty(), "{} agreed, {} unread, {unknown:#?}", tally.agreed, tally.unread);
    for (what, is) in &KNOWN[..4] {
        assert!(tally.differ.keys().any(|text| is(text)), "rsip no longer {what}");
    }
}

#[test]
fn both_readings_of_messages_of_other_projects_agree_or_the_reason_is_known() {
    let messages = captured_messages();
    let tally = Tally::of(&messages);
    let unknown = unknown_differences(&tally);
    assert!(unknown.is_empty(), "{} agreed, {} unread, {unknown:#?}", tally.agreed, tally.unread);
    assert!(messages.is_empty() || tally.agreed > 100, "{} agreed, {} unread", tally.agreed, tally.unread);
}
