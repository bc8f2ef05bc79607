//! Whole pages: that they are well formed, load nothing, and keep hostile text as text.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::diagnosis::Severity;
use crate::report::sample::{self, Buffer};

const VOID: [&str; 4] = ["meta", "br", "input", "link"];
/// Whatever else turns up in a page came through from a capture.
const ELEMENTS: &[&str] = &[
    "html",
    "head",
    "meta",
    "title",
    "style",
    "script",
    "body",
    "header",
    "h1",
    "h2",
    "h3",
    "h4",
    "div",
    "button",
    "main",
    "section",
    "nav",
    "a",
    "p",
    "strong",
    "b",
    "small",
    "span",
    "code",
    "pre",
    "dl",
    "dt",
    "dd",
    "ul",
    "ol",
    "li",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "figure",
    "figcaption",
    "article",
    "label",
    "input",
    "output",
    "br",
    "footer",
    "svg",
    "g",
    "path",
    "rect",
    "circle",
    "text",
];
const ATTRIBUTES: &[&str] = &[
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "id",
    "class",
    "type",
    "hidden",
    "href",
    "scope",
    "autocomplete",
    "spellcheck",
    "aria-label",
    "aria-live",
    "aria-hidden",
    "role",
    "viewBox",
    "preserveAspectRatio",
    "width",
    "height",
    "x",
    "y",
    "cx",
    "cy",
    "r",
    "rx",
    "d",
    "text-anchor",
    "data-fold",
    "data-table",
    "data-v",
];

/// Reads a page as strictly as XML, but for void elements and attributes without value: fails where it is not well formed or
/// holds an element or attribute that is none of the program's. Gives the ids and the places that are linked to.
pub(in crate::report) fn check(page: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut open: Vec<&str> = Vec::new();
    let (mut ids, mut links) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
    while let Some((text, tail)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{text:?}");
        check_references(text);
        let (tag, after) = tail.split_once('>').expect("the end of a tag");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        // The one word that SVG and HTML share.
        assert!(ELEMENTS.contains(&name), "<{tag}>");
        for (key, value) in attributes_of(attributes) {
            assert!(ATTRIBUTES.contains(&key), "{key:?} in <{tag}>");
            check_references(value);
            match key {
                "id" => assert!(ids.insert(value.to_owned()), "{value} twice"),
                "href" => drop(links.insert(value.strip_prefix('#').expect("a place in the page").to_owned())),
                _ => {}
            }
        }
        if matches!(name, "style" | "script") {
            let own = if name == "style" { STYLE } else { SCRIPT };
            rest = rest.strip_prefix(own).expect("nothing but the own text");
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!((open.as_slice(), rest.trim()), (&[][..], ""));
    let obeyed = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!page.contains(obeyed));
    (ids, links)
}

fn attributes_of(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (key, tail) = rest.split_at(end);
        let (value, tail) = match tail.strip_prefix("=\"") {
            Some(tail) => tail.split_once('"').expect("a closing quote"),
            None => ("", tail),
        };
        assert!(found.insert(key, value).is_none(), "{key} twice");
        rest = tail.strip_prefix(' ').unwrap_or(tail);
    }
    found.into_iter().collect()
}

fn check_references(text: &str) {
    let known = ["amp;", "lt;", "gt;", "quot;"];
    for (at, _) in text.match_indices('&') {
        let rest = text.get(at + 1..).unwrap();
        assert!(known.iter().any(|name| rest.starts_with(name)), "{rest:?}");
    }
}

fn page(lang: Lang, play: impl FnOnce(&mut HtmlSink)) -> String {
    let out = Buffer::default();
    let mut sink = HtmlSink::new(Box::new(out.clone()), HtmlOptions { lang, ..HtmlOptions::default() });
    play(&mut sink);
    out.text()
}

/// A page about one call.
fn about(report: &CallReport, file: &str) -> String {
    page(Lang::En, |sink| {
        let mut summary = Summary::default();
        report.call.messages.iter().for_each(|m| summary.message(&m.message));
        summary.call(report);
        let mut facts = sample::facts();
        facts.path = file.to_owned();
        sink.begin_capture(0, &[file.to_owned()]).unwrap();
        sink.call(report).unwrap();
        sink.end_capture(&facts, &summary, &report.findings).unwrap();
        sink.finish(&summary).unwrap();
    })
}

#[test]
fn the_sample_report_as_html() {
    let page = page(Lang::En, |sink| sample::play(sink));
    check(&page);
    let body = page.split_once("<body>").unwrap().1;
    // A line a part, so that changes can be seen.
    let lines = body.replace("><", ">\n<");
    insta::assert_snapshot!(lines);
}

#[test]
fn links_lead_somewhere() {
    let page = page(Lang::En, |sink| sample::play(sink));
    let (ids, links) = check(&page);
    assert_eq!(links.difference(&ids).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(links.contains("call-0-2") && links.contains("m-0-2-0"), "{links:?}");
}

#[test]
fn the_policy_allows_the_own_style_and_script_and_nothing_else() {
    let page = page(Lang::ZhCn, |sink| sample::play(sink));
    let policy = page.split_once("http-equiv=\"Content-Security-Policy\" content=\"").unwrap().1;
    let policy = policy.split_once('"').unwrap().0;
    for own in [STYLE, SCRIPT] {
        assert!(policy.contains(&format!("'sha256-{}'", BASE64.encode(Sha256::digest(own)))));
        assert!(!own.contains("://") && !own.contains("url(") && !own.contains("</"), "{own}");
    }
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"));
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"zh-CN\">"));
}

#[test]
fn hostile_texts_stay_texts_wherever_they_stand() {
    for attack in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</script></style></title></pre></svg><script>alert(1)</script>",
        "<svg onload=alert(1)>",
        "<!--",
        "]]><![CDATA[",
        "javascript:alert(1)",
        "&lt;script&gt; &#60;b&#62; &",
        "<meta http-equiv=refresh content=0;url=http://evil.example>",
        "\u{202e}drowssap\u{2066}\u{200b}",
        "\x1b[2J\x1b]8;;http://evil.example\x07x\x1b]8;;\x07",
        "\0\r\n\u{fffe}\u{7f}\u{9b}31m",
    ] {
        check(&about(&sample::hostile(attack), attack));
    }
}

#[test]
fn hostile_texts_stay_texts_in_every_header_field() {
    let attack = "</pre><script>alert(1)</script>\" onload=\"x\u{202e}\x1b[2J";
    let mut b = sample::Builder::new(1, 0.0, 1);
    let known = crate::sip::HeaderName::ALL.iter().map(|name| name.name());
    let names = known.filter(|name| !["Call-ID", "CSeq", "Content-Length"].contains(name)).chain(["X-Other", "Date"]);
    let fields: Vec<String> = names.map(|name| format!("{name}: \"{attack}\" <sip:{attack}@b.example>")).collect();
    let lines =
        |first: &'static str| std::iter::once(first).chain(fields.iter().map(String::as_str)).collect::<Vec<_>>();
    let (a, z) = ("203.0.113.10", "198.51.100.30");
    let invite = b.message(0.0, a, z, "1 INVITE", &lines("INVITE sip:bob@b.example SIP/2.0"));
    let moved = b.message(0.1, z, a, "1 INVITE", &lines("SIP/2.0 302 <script>alert(1)</script>"));
    b.transaction(invite, &[], &[], Some(moved));
    let mut report = b.end(crate::call::Outcome::RedirectedUnfollowed, Some(moved), Vec::new());
    report.call.legs[0].call_id = Some(attack.as_bytes().to_vec());
    report.call.redirects.push(crate::call::Redirect {
        transaction: crate::call::TransactionId(0),
        relayed: Vec::new(),
        response: moved,
        status: crate::sip::StatusCode(302),
        from: crate::sip::Uri::read("sip:bob@b.example"),
        contacts: vec![crate::call::RedirectContact { raw: attack.to_owned(), address: None }],
        follows: Vec::new(),
    });
    let page = about(&report, attack);
    check(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn calls_beyond_what_the_page_holds_are_counted() {
    let calls = 10_500;
    let page = page(Lang::En, |sink| {
        let mut summary = Summary { messages: calls, ..Summary::default() };
        sink.begin_capture(0, &["a.pcap".to_owned()]).unwrap();
        for n in 0..calls {
            let report = sample::silent_with(n, &format!("10.0.{}.{}", n / 250 % 4, n % 250), Severity::Error);
            summary.call(&report);
            sink.call(&report).unwrap();
        }
        sink.end_capture(&sample::facts(), &summary, &[]).unwrap();
        sink.finish(&summary).unwrap();
    });
    let (ids, _) = check(&page);
    assert_eq!(page.matches("<tr class=\"bad\"><td class=\"n\">").count(), ROWS[0]);
    assert!(page.contains("are not in this table, which would be too large: 500."));
    assert!(page.contains("10,500 of 10,500 calls, in 200 entries"));
    assert!(page.contains("or the file would be too large: "));
    assert!(ids.iter().filter(|id| id.starts_with("call-")).count() <= 1000);
    assert!(page.len() < 20_000_000, "{}", page.len());
}
