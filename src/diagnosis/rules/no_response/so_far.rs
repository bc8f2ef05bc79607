//! A request that is sent again and again when the capture ends, before its timer runs out: no verdict, but what a short capture shows.

use crate::call::{COPIES_IN_VAIN, Call, Outcome, Transaction};
use crate::diagnosis::{Context, Severity};
use crate::provenance::Transport;

/// It never weighs more: the response may have come behind the end.
pub(super) const SEVERITY: Severity = Severity::Notice;

/// Whether a call may have such a request.
pub(super) fn is_looked_at(call: &Call) -> bool {
    call.outcome == Outcome::Incomplete && !call.clock_was_set_back()
}

/// Whether a request without response is told. Fewer copies are lost packets, and behind the timer the call has its outcome.
pub(super) fn tells(call: &Call, silent: &Transaction, cx: &Context<'_>) -> bool {
    let request = silent.request.and_then(|id| call.message(id));
    request.is_some_and(|m| m.provenance.flow.transport == Transport::Udp)
        && call.requests_again(silent).count() >= COPIES_IN_VAIN
        && silent.acks.is_empty()
        && cx.now < silent.start.plus(cx.settings.t1 * 64)
}

#[cfg(test)]
mod tests {
    use crate::call::Outcome;
    use crate::diagnosis::reports::{codes, report_after};

    const HOSTS: &str = "host a 192.0.2.10\nhost b 203.0.113.60\n\n";

    #[test]
    fn a_short_capture_shows_what_it_can() {
        let flow = |method: &str, copies: &str, rest: &str| {
            format!("{HOSTS}0.0 a > b repeat={copies}\n{method} sip:b.example\n\n{rest}")
        };
        for (name, flow, seconds, expected) in [
            ("INVITE", flow("INVITE", "0.5,1.5,3.5,7.5", ""), 12.0, vec!["no-response notice"]),
            ("REGISTER", flow("REGISTER", "0.5,1.5,3.5", ""), 6.0, vec!["no-response notice"]),
            ("too soon", flow("INVITE", "0.5,1.5", ""), 3.0, vec![]),
            ("100 came", flow("INVITE", "0.5,1.5,3.5", "3.6 b > a\n100 Trying\n\n"), 12.0, vec![]),
        ] {
            let report = report_after(&flow, seconds);
            assert_eq!(
                (codes(&report), report.call.outcome),
                (expected.into_iter().map(str::to_owned).collect(), Outcome::Incomplete),
                "{name}"
            );
            assert!(
                report.findings.iter().all(|f| f.message.to_string().contains("the capture ends")),
                "{name}: {:?}",
                report.findings
            );
        }
    }

    #[test]
    fn what_was_repeated_to_the_end_before_is_told_in_its_place() {
        let all = "repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
        let steps = format!(
            "{HOSTS}0.0 a > b {all}\nREGISTER sip:b.example\n\n0.2 a > b call=x\nOPTIONS sip:b\n\n+0.1 b > a call=x\n200 OK\n\n\
             34.0 a > b cseq=2 repeat=0.5,1.5,3.5\nREGISTER sip:b.example\n\n"
        );
        assert_eq!(codes(&report_after(&steps, 2.0)), ["no-response error"]);
    }
}
