//! The HTML report in a real browser, where Chromium is installed: its script runs, its policy holds, and what strangers wrote stays text.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read files and fail by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sipscan::sample::Flow;
use sipscan::sip::HeaderName;

use super::common::root;

/// What strangers may write, each with something that shows when it is obeyed.
const ATTACKS: &[&str] = &[
    "<script>document.title='owned'</script>",
    "</script></style></title></pre></code></svg></details><script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "' autofocus onfocus='document.title=1' x='",
    "<svg onload=document.title='owned'>",
    "<a href=\"javascript:document.title='owned'\">x</a>",
    "<!--",
    "]]><![CDATA[<iframe src=http://198.51.100.66/>",
    "<meta http-equiv=refresh content='0;url=http://198.51.100.66/'>",
    "<link rel=stylesheet href=http://198.51.100.66/x.css><style>*{display:none}</style>",
    "\u{202e}drowssap\u{2066}\u{200b}\u{2028}",
    "\x1b[2J\x1b]8;;http://198.51.100.66\x07x\x1b]8;;\x07",
];

/// What a browser makes of a page: the document behind its scripts, and what it complains of; `None` without a browser.
struct Browser {
    profile: tempfile::TempDir,
}

struct Opened {
    document: String,
    complaints: Vec<String>,
    took: Duration,
}

impl Browser {
    fn find() -> Option<Self> {
        Command::new("chromium").arg("--version").output().ok().filter(|output| output.status.success())?;
        Some(Self { profile: tempfile::tempdir().unwrap() })
    }

    fn open(&self, page: &Path) -> Opened {
        let begun = Instant::now();
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .args(["--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=2000", "--dump-dom"])
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        let took = begun.elapsed();
        let errors = String::from_utf8_lossy(&output.stderr);
        let complaints = errors.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
        Opened { document: String::from_utf8_lossy(&output.stdout).into_owned(), complaints, took }
    }
}

fn report(capture: &Path, directory: &Path, more: &[&str]) -> PathBuf {
    let page = directory.join("report.html");
    let run = Command::new(env!("CARGO_BIN_EXE_sipscan"))
        .arg(capture)
        .args(["--no-config", "--summary", "-o"])
        .arg(&page)
        .args(more)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    page
}

/// Heads of the table of calls become buttons, which only the script does.
fn sorts(document: &str) -> bool {
    document.contains("<th scope=\"col\"><button type=\"button\">")
}

#[test]
fn reports_open_without_a_complaint_and_their_script_runs() {
    let Some(browser) = Browser::find() else { return };
    let directory = tempfile::tempdir().unwrap();
    for (sample, more) in [
        ("mixed.pcap", &["--kpi"][..]),
        ("mixed.pcap", &["--lang", "zh-CN"]),
        ("redirect-loop/capture.pcap", &[]),
        ("tls-certificate-expired/capture.pcap", &[]),
        ("torture", &[]),
    ] {
        let page = report(&root().join("samples").join(sample), directory.path(), more);
        let opened = browser.open(&page);
        assert_eq!(opened.complaints, [""; 0], "{sample}");
        assert!(sorts(&opened.document) || sample.starts_with("tls"), "{sample}");
    }
}

#[test]
fn a_script_of_others_is_refused_and_that_would_be_seen() {
    let Some(browser) = Browser::find() else { return };
    let directory = tempfile::tempdir().unwrap();
    let page = report(&root().join("samples/mixed.pcap"), directory.path(), &[]);
    let text = fs::read_to_string(&page).unwrap();
    let tampered =
        "<p onclick=\"document.title='owned'\">x</p><script>document.title='owned'</script><img src=x></main>";
    fs::write(&page, text.replace("</main>", tampered)).unwrap();
    let opened = browser.open(&page);
    let refused = |what: &str| opened.complaints.iter().any(|line| line.contains(what));
    assert!(refused("script-src") && refused("default-src"), "{:?}", opened.complaints);
    assert!(!opened.document.contains("<title>owned</title>") && sorts(&opened.document));
}

/// A call of which every header field that has a name, and every other place, holds one of the attacks.
fn hostile(attack: &str) -> Vec<u8> {
    let mut text = "host a 192.0.2.10\nhost b 198.51.100.5\n\n".to_owned();
    let escaped = attack.replace('\x1b', "\\x1b").replace('\x07', "\\x07");
    let told: Vec<&str> = HeaderName::ALL
        .iter()
        .map(|name| name.name())
        .filter(|name| !["Call-ID", "CSeq", "Via", "Content-Length", "Max-Forwards", "From", "To"].contains(name))
        .collect();
    let fields = |out: &mut String| {
        for name in &told {
            writeln!(out, "{name}: {escaped}").unwrap();
        }
        // A name has no blanks.
        writeln!(out, "X-Other: {escaped}\n{}: x", escaped.replace(char::is_whitespace, "_")).unwrap();
    };
    writeln!(text, "0.1 a > b call=one\nINVITE sip:{}@b.example", escaped.replace(' ', "%20")).unwrap();
    writeln!(text, "From: \"{escaped}\" <sip:{escaped}@a.example>;tag={escaped}").unwrap();
    fields(&mut text);
    writeln!(
        text,
        ".\nv=0\no={escaped} 1 1 IN IP4 192.0.2.10\ns={escaped}\nc=IN IP4 192.0.2.10\nt=0 0\nm=audio 4000 RTP/AVP 0\n"
    )
    .unwrap();
    writeln!(text, "0.2 b > a call=one\n302 {escaped}\nContact: <sip:{escaped}@c.example>").unwrap();
    fields(&mut text);
    writeln!(text, "\n0.3 a > b call=one\nACK\n").unwrap();
    writeln!(text, "1.1 a > b call=two\nINVITE sip:carol@b.example\nCall-ID: {escaped}\n").unwrap();
    writeln!(text, "1.2 b > a call=two\n607 {escaped}\nCall-ID: {escaped}").unwrap();
    fields(&mut text);
    text.push('\n');
    Flow::parse(&text).unwrap().to_pcap()
}

#[test]
fn whatever_strangers_write_stays_text_in_every_format() {
    let browser = Browser::find();
    let directory = tempfile::tempdir().unwrap();
    let capture = directory.path().join("in.pcap");
    for attack in ATTACKS {
        fs::write(&capture, hostile(attack)).unwrap();
        let page = report(&capture, directory.path(), &["--kpi"]);
        let text = fs::read_to_string(&page).unwrap();
        assert_eq!((text.matches("<script").count(), text.matches("<style").count()), (1, 1), "{attack}");
        assert!(!["<img", "<iframe", "<link", "<!--", "<![CDATA["].iter().any(|tag| text.contains(tag)), "{attack}");
        let mut words = attack.split(|c: char| !c.is_ascii_alphanumeric());
        let shown = words.find(|word| word.len() >= 4).unwrap_or("&lt;!--");
        assert!(text.contains(shown), "{attack}: nothing of it is shown");
        for format in ["text", "markdown", "json", "csv", "findings", "junit", "sarif", "github"] {
            let run = Command::new(env!("CARGO_BIN_EXE_sipscan"))
                .arg(&capture)
                .args(["--no-config", "--format", format])
                .env_remove("GITHUB_STEP_SUMMARY")
                .output();
            let text = String::from_utf8(run.unwrap().stdout).unwrap();
            let obeyed =
                |c: char| c.is_control() && !matches!(c, '\n' | '\r') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.is_empty() && !text.contains(obeyed), "{format}: {attack}");
        }
        let Some(browser) = &browser else { continue };
        let opened = browser.open(&page);
        assert_eq!(opened.complaints, [""; 0], "{attack}");
        assert!(sorts(&opened.document) && opened.document.contains("<title>SIP report: in.pcap</title>"), "{attack}");
    }
}

#[test]
fn ten_thousand_failed_calls_stay_small_and_open_soon() {
    let mut text = "host a 192.0.2.10\nhost b 198.51.100.5\n\n".to_owned();
    for (n, at) in (0..10_000).zip(0_usize..) {
        let (begin, answer) = (f64::from(n) * 0.2, f64::from(n) * 0.2 + 0.05);
        let status = ["607 Unwanted", "404 Not Found", "503 Service Unavailable", "403 Forbidden"][at % 4];
        write!(
            text,
            "{begin:.3} a > b call=c{n}\nINVITE sip:+1212555{:04}@b.example\n\n{answer:.3} b > a call=c{n}\n{status}\n\n",
            100 + n % 100
        )
        .unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let capture = directory.path().join("in.pcap");
    fs::write(&capture, Flow::parse(&text).unwrap().to_pcap()).unwrap();
    let page = report(&capture, directory.path(), &[]);
    let octets = page.metadata().unwrap().len();
    assert!(octets < 20_000_000, "{octets}");
    let text = fs::read_to_string(&page).unwrap();
    assert_eq!(text.matches("<tr class=\"bad\"><td class=\"n\">").count(), 10_000, "the table has them all");
    assert!(text.contains("10,000 of 10,000 calls, in "), "what is told in detail is said");
    let Some(browser) = Browser::find() else { return };
    let opened = browser.open(&page);
    assert_eq!(opened.complaints, [""; 0]);
    assert!(sorts(&opened.document));
    // On an idle machine it takes less than a second; tests share theirs.
    assert!(opened.took < Duration::from_secs(30), "{:?}", opened.took);
}
