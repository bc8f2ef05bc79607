//! The language of Mermaid: `sequenceDiagram`.
//!
//! Its lexer ends texts at `;` and line ends, takes `#` for a comment, removes `%%` and what looks like a directive anywhere, and gives some words a
//! meaning of their own. Whatever is not plain is written as a numeric entity (`#59;`), which Mermaid reads before all of that.

use std::fmt::Write as _;

use super::{Kind, Scene, Step};

/// Words that mean something to Mermaid inside of texts; their first letters become entities.
const WORDS: [&str; 5] = ["end", "style", "classdef", "wrap:", "nowrap:"];

pub(super) fn draw(scene: &Scene) -> String {
    let mut out = String::from("sequenceDiagram\n");
    // Writing to a string does not fail.
    let _ = writeln!(out, "    title {}", text(&scene.title));
    for (at, host) in scene.hosts.iter().enumerate() {
        let _ = writeln!(out, "    participant h{at} as {}", text(host));
    }
    for step in &scene.steps {
        let Step { from, to, kind, what, note } = step;
        let arrow = match kind {
            Kind::Request => "->>",
            Kind::Response => "-->>",
            Kind::Icmp => "--x",
        };
        let _ = writeln!(out, "    h{from}{arrow}h{to}: {}", text(what));
        if let Some(note) = note {
            let (first, last) = (from.min(to), from.max(to));
            let over = if first == last { format!("h{first}") } else { format!("h{first},h{last}") };
            let _ = writeln!(out, "    Note over {over}: {}", text(note));
        }
    }
    out
}

/// A text in which nothing has a meaning.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let lower = text.to_ascii_lowercase();
    for (at, c) in text.char_indices() {
        let rest = lower.get(at..).unwrap_or_default();
        let is_plain = c.is_alphanumeric() || " .,-_/@+=()!?*':[]×→…".contains(c);
        if is_plain && !WORDS.iter().any(|word| rest.starts_with(word)) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_becomes_an_entity() {
        for (given, expected) in [
            ("INVITE sip:+12025550101@b.example", "INVITE sip:+12025550101@b.example"),
            ("a;b#c%%{init}<br/>\"`$\\", "a#59;b#35;c#37;#37;#123;init#125;#60;br/#62;#34;#96;#36;#92;"),
            ("End of style: classDef nowrap:x", "#69;nd of #115;tyle: #99;lassDef #110;o#119;rap:x"),
            ("中文 ×7", "中文 ×7"),
        ] {
            assert_eq!(text(given), expected);
        }
    }
}
