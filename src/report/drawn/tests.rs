//! Drawings of usual and of hostile calls, line by line.

use super::*;
use crate::lang::Lang;
use crate::report::sample::{calls, hostile};

fn drawn(format: LadderFormat, reports: &[CallReport], options: TextOptions) -> String {
    let mut ladders = Ladders::new(format, options);
    ladders.begin_capture(0, &["trace.pcap".to_owned()]).unwrap();
    for report in reports {
        ladders.call(report).unwrap();
    }
    assert_eq!(ladders.calls(), reports.len() as u64);
    ladders.into_text()
}

fn named() -> TextOptions {
    let hosts = [("10.20.30.40".parse().unwrap(), "desk; \"end\" %%\u{202e}".to_owned())];
    TextOptions { hosts: hosts.into(), ..TextOptions::default() }
}

#[test]
fn a_redirect_without_answer_in_every_format() {
    let report = &calls()[1..2];
    let mermaid = drawn(LadderFormat::Mermaid, report, named());
    for line in [
        "sequenceDiagram",
        "    participant h2 as desk#59; #34;#101;nd#34; #37;#37;#92;u202e [10.20.30.40]",
        "    h1-->>h0: 0.015 s: 301 Moved Permanently",
        "    h0->>h2: 0.020 s: INVITE sip:1001@10.20.30.40:5060 ×7 in 31.5 s",
    ] {
        assert!(mermaid.lines().any(|l| l == line), "{line}: {mermaid}");
    }
    assert_eq!(mermaid.matches("INVITE sip:1001@").count(), 1, "{mermaid}");
    assert!(mermaid.lines().any(|l| l.starts_with("    Note over h0,h2: ") && l.ends_with(", frame 14")), "{mermaid}");
    assert!(mermaid.contains("--x"), "ICMP: {mermaid}");
    let plantuml = drawn(LadderFormat::PlantUml, report, named());
    assert!(plantuml.starts_with("@startuml\ntitle Call ") && plantuml.ends_with("\n@enduml\n"), "{plantuml}");
    assert!(plantuml.contains("\nh1 --> h0 : 0.015 s: 301 Moved Permanently\n"), "{plantuml}");
    let svg = drawn(LadderFormat::Svg, report, named());
    assert!(svg.starts_with("<?xml ") && svg.contains("<svg xmlns=\"http://www.w3.org/2000/svg\" "), "{svg}");
    assert!(svg.contains("301 Moved Permanently") && svg.contains("×7 in 31.5") && !svg.contains("href"), "{svg}");
    let text = drawn(LadderFormat::Text, report, named());
    assert!(
        text.contains("←301 Moved") && text.contains("*: evidence of a finding") && !text.contains("Change"),
        "{text}"
    );
}

#[test]
fn several_calls_follow_one_another_where_the_format_has_room() {
    let all = calls();
    assert!(all.len() > 1);
    let plantuml = drawn(LadderFormat::PlantUml, &all, TextOptions::default());
    assert_eq!(plantuml.matches("@startuml\n").count(), all.len());
    assert_eq!(drawn(LadderFormat::Mermaid, &all, TextOptions::default()).matches("sequenceDiagram").count(), 1);
}

#[test]
fn hostile_text_is_text_in_every_language() {
    let text = "x;end#y %%{init}%% <script>alert(1)</script> `$` \"><img onerror=\"x\"> \u{202e}\u{ffff}\x1b[31m [[http://b.example]] %getenv(x) \\n ~!**";
    let report = [hostile(text)];
    for lang in [Lang::En, Lang::ZhCn] {
        let options = || TextOptions { lang, ..named() };
        let mermaid = drawn(LadderFormat::Mermaid, &report, options());
        for line in mermaid.lines().skip(1) {
            let begins =
                ["    title ", "    participant h", "    h", "    Note over h"].iter().any(|b| line.starts_with(b));
            let entities = line.replace(|c: char| c.is_ascii_digit(), "");
            assert!(begins && !line.contains(['<', '%', '`', '{']), "{line}");
            assert_eq!(entities.matches(';').count(), entities.matches("#;").count(), "{line}");
            assert_eq!(entities.matches('#').count(), entities.matches("#;").count(), "{line}");
        }
        let plantuml = drawn(LadderFormat::PlantUml, &report, options());
        for line in plantuml.lines() {
            let rest = line.replace("<U+", "");
            assert!(!rest.contains(['<', '%', '\\', '[', '!', '~']), "{line}");
        }
        let svg = drawn(LadderFormat::Svg, &report, options());
        assert!(!svg.contains("<script") && !svg.contains("onerror=\""), "{svg}");
        for drawing in [mermaid, plantuml, svg, drawn(LadderFormat::Text, &report, options())] {
            assert!(!drawing.contains(|c: char| c.is_control() && c != '\n'), "{drawing:?}");
            assert!(!drawing.contains(['\u{202e}', '\u{fffe}', '\u{ffff}']), "{drawing}");
        }
    }
}
