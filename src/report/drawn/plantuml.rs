//! The language of PlantUML: a sequence diagram.
//!
//! Its texts know markup (`**`, `//`, `<b>`), links, pictures that it loads, line ends as `\n`, and functions of its preprocessor (`%getenv()`).
//! Whatever is not plain is written by its number (`<U+0025>`), which PlantUML puts in last.

use std::fmt::Write as _;

use super::{Kind, Scene, Step};

pub(super) fn draw(scene: &Scene) -> String {
    let mut out = String::from("@startuml\n");
    // Writing to a string does not fail.
    let _ = writeln!(out, "title {}", text(&scene.title));
    for (at, host) in scene.hosts.iter().enumerate() {
        let _ = writeln!(out, "participant \"{}\" as h{at}", text(host));
    }
    for step in &scene.steps {
        let Step { from, to, kind, what, note } = step;
        let arrow = match kind {
            Kind::Request => "->",
            Kind::Response => "-->",
            Kind::Icmp => "-->x",
        };
        let _ = writeln!(out, "h{from} {arrow} h{to} : {}", text(what));
        if let Some(note) = note {
            let (first, last) = (from.min(to), from.max(to));
            let over = if first == last { format!("h{first}") } else { format!("h{first}, h{last}") };
            let _ = writeln!(out, "note over {over} : {}", text(note));
        }
    }
    out.push_str("@enduml\n");
    out
}

/// A text in which nothing has a meaning: markup is made of signs that come twice, or of other signs.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let is_plain = c.is_alphanumeric() || c == ' ' || (".,-/@+=()?:×→…".contains(c) && c != before);
        // What takes a diagram out of a document looks for these anywhere.
        let rest = text.get(at..).unwrap_or_default();
        if is_plain && !["@start", "@end"].iter().any(|word| rest.starts_with(word)) {
            out.push(c);
        } else {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_written_by_its_number() {
        for (given, expected) in [
            ("INVITE sip:+12025550101@b.example", "INVITE sip:+12025550101@b.example"),
            ("%getenv(x) @enduml", "<U+0025>getenv(x) <U+0040>enduml"),
            (
                "//a// --b-- <img:x> [[y]] \\n \"!~",
                concat!(
                    "/<U+002F>a/<U+002F> -<U+002D>b-<U+002D> <U+003C>img:x<U+003E> ",
                    "<U+005B><U+005B>y<U+005D><U+005D> <U+005C>n <U+0022><U+0021><U+007E>"
                ),
            ),
            ("中文 ×7", "中文 ×7"),
        ] {
            assert_eq!(text(given), expected);
        }
    }
}
