use super::*;
use crate::diagnosis::reports::{codes, report};

const ANSWERED: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n1.0 p > a tag=t\n200 OK\n\n\
    1.1 a > p\nACK\n\n";

/// Severity and message of the finding about a BYE after 21 seconds with that Reason.
fn told(reason: &str) -> Option<(Severity, String)> {
    let report = report(&format!(
        "{ANSWERED}21.0 p > a from-tag=t\nBYE sip:a@192.0.2.10\nReason: {reason}\n\n21.1 a > p\n200 OK\n"
    ));
    let found = report.findings.iter().find(|f| f.code == RULE.code)?;
    assert_eq!(report.findings.len(), 1, "{:?}", codes(&report));
    Some((found.severity, found.message.to_string()))
}

#[test]
fn what_no_user_caused_is_translated() {
    for (reason, words) in [
        (
            "Q.850;cause=102;text=\"Timer expired\"",
            "Q.850 cause 102: Recovery on timer expiry (\"Timer expired\"). No user hung up: a timer ran out",
        ),
        ("Q.850;cause=41", "Q.850 cause 41: Temporary failure. No user hung up: resources were lacking"),
        ("Q.850;cause=16;text=\"RTP timeout\"", "media (RTP) did not arrive"),
        ("Q.850;cause=16;text=\"No RTP\"", "media (RTP) did not arrive"),
        ("Q.850;cause=16;text=\"no media received\"", "media (RTP) did not arrive"),
        ("FreeSWITCH;cause=604;text=\"MEDIA_TIMEOUT\"", "media (RTP) did not arrive"),
        (
            "RELEASE_CAUSE;cause=2;text=\"RTP/RTCP time-out\"",
            "RTP or RTCP did not arrive any more (\"RTP/RTCP time-out\"). No user hung up: media",
        ),
        ("SIP;cause=408;text=\"Session timer expired\"", "the session was not refreshed in time"),
        ("SIP;cause=503", "503 Service Unavailable. No user hung up: resources"),
        (
            "Q.850;cause=3",
            "ended the call 20 s after its answer with a BYE that gives the reason Q.850 cause 3: No route to destination.",
        ),
    ] {
        let (severity, text) = told(reason).unwrap_or_else(|| panic!("{reason}"));
        assert_eq!(severity, Severity::Warning, "{reason}");
        assert!(text.contains(words), "{reason}: {text}");
    }
    assert_eq!(told("Preemption;cause=5").unwrap().0, Severity::Notice);
}

#[test]
fn ordinary_ends_are_none() {
    for reason in [
        "Q.850;cause=16;text=\"NORMAL_CLEARING\"",
        "Q.850 ;cause=16 ;text=\"local\"",
        "Q.850;cause=17",
        "Q.850;cause=31",
        "SIP;cause=200;text=\"Call completed elsewhere\"",
        "SIP;cause=486",
        "SIP;description=\"User Hung Up\"",
        "SIP;text=\"no more time\"",
        "RELEASE_CAUSE;cause=1;text=\"User ends call\"",
        "X-Vendor;cause=77",
        "SIP;cause=200;text=\"Maximum session time expired\"",
        "Q.850;cause=16;text=\"Prepaid session expired: no credit\"",
        "Q.850;cause=16;text=\"No media change, normal clearing\"",
        "Q.850;cause=16;text=\"Media time 300 s\"",
    ] {
        assert_eq!(told(reason), None, "{reason}");
    }
}

#[test]
fn of_a_cancel_only_what_says_something_counts() {
    let cancelled = |reason: &str| {
        let flow = format!(
            "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t\n180 Ringing\n\n\
             8.0 a > p\nCANCEL\nReason: {reason}\n\n8.1 p > a\n200 OK\n\n8.2 p > a tag=t re=INVITE\n487 Request Terminated\n\n8.3 a > p\nACK\n"
        );
        let report = report(&flow);
        report.findings.iter().find(|f| f.code == RULE.code).map(|f| (f.severity, f.message.to_string()))
    };
    let (severity, text) = cancelled("Q.850;cause=47").unwrap();
    assert_eq!(severity, Severity::Notice);
    assert!(text.contains("cancelled the call 8 s after its INVITE"), "{text}");
    for reason in [
        "Q.850;cause=26",
        "SIP;cause=600",
        "SIP;cause=200;text=\"Call completed elsewhere\"",
        "Q.850;cause=102",
        "SIP;cause=503",
    ] {
        assert_eq!(cancelled(reason), None, "{reason}");
    }
}

#[test]
fn who_passes_a_bye_on_with_a_cause_of_its_own_is_not_who_ended_the_call() {
    let report = report(&format!(
        "{ANSWERED}9.0 a > p cseq=5\nBYE sip:bob@p\n\n9.05 p > a cseq=9 from-tag=t\nBYE sip:a@192.0.2.10\nReason: Q.850;cause=127\n\n9.1 p > a re=BYE cseq=5\n200 OK\n\n9.2 a > p re=BYE cseq=9\n200 OK\n"
    ));
    assert!(report.findings.iter().all(|f| f.code != RULE.code), "{:?}", codes(&report));
}

#[test]
fn what_a_reason_repeats_is_the_cause() {
    let flow = |got: &str, reason: &str| {
        codes(&report(&format!(
            "{ANSWERED}20.0 a > p to-tag=t cseq=9\nINFO sip:bob@p\n\n+0.1 p > a cseq=9 re=INFO\n{got}\n\n21.0 a > p to-tag=t cseq=10\nBYE sip:bob@p\n\
             Reason: SIP;cause={reason}\n\n+0.1 p > a cseq=10 re=BYE\n200 OK\n"
        )))
    };
    let all = flow("500 Server Internal Error", "500");
    assert_eq!(all.last().unwrap(), "(bye-with-abnormal-reason warning)", "{all:?}");
    let all = flow("500 Server Internal Error", "503");
    assert!(all.contains(&"bye-with-abnormal-reason warning".to_owned()), "{all:?}");
}
