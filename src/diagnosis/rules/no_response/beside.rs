//! Requests without any response beside what decided the call: a registration in a series, a branch of a fork, a request
//! inside the dialog.

use std::time::Duration;

use crate::call::{Call, IcmpReport, Origin, Transaction, TransactionId};
use crate::diagnosis::Severity;
use crate::sip::Method;

/// Timer B or F (RFC 3261 §17.1): 64*T1.
const TIMER: Duration = Duration::from_secs(32);
/// With its last or last but one repetition this late, the request was repeated until the timer ran out.
const TO_THE_END: Duration = Duration::from_secs(24);

/// Requests that were sent until their timer ran out, or that ICMP reports as undeliverable, and that no other finding explains;
/// of several to one server with the same method, the first.
pub(super) fn silent<'a>(call: &'a Call, decisive: Option<&Transaction>) -> Vec<&'a Transaction> {
    if call.clock_was_set_back() {
        return Vec::new();
    }
    let mut known = None;
    let mut found: Vec<&Transaction> = Vec::new();
    for (at, transaction) in call.transactions.iter().enumerate() {
        let same = |t: &&Transaction| t.method == transaction.method && t.server == transaction.server;
        if counts(call, transaction)
            && !known.get_or_insert_with(|| explained(call)).contains(&TransactionId(at))
            && !decisive.iter().any(same)
            && !found.iter().any(same)
        {
            found.push(transaction);
        }
    }
    found
}

/// The requests without answer that a client sent one after the other to a server with one method, none of the others between them
/// answered: new ones in place of repetitions. Empty where the request is alone.
pub(super) fn series<'a>(call: &'a Call, transaction: &Transaction) -> Vec<&'a Transaction> {
    let same = |t: &&Transaction| {
        t.method == transaction.method
            && t.server == transaction.server
            && t.client.address == transaction.client.address
            && (t.leg, t.in_dialog, t.upstream) == (transaction.leg, transaction.in_dialog, transaction.upstream)
    };
    let of_kind: Vec<&Transaction> = call.transactions.iter().filter(same).collect();
    let is_silent = |t: &&&Transaction| t.provisionals.is_empty() && t.finals.is_empty() && t.request.is_some();
    let Some(at) = of_kind.iter().position(|t| std::ptr::eq(*t, transaction)) else { return Vec::new() };
    let (before, after) = of_kind.split_at(at);
    let first = at - before.iter().rev().take_while(is_silent).count();
    let run: Vec<_> =
        of_kind.iter().skip(first).take(at - first).chain(after.iter().take_while(is_silent)).copied().collect();
    if run.len() > 1 { run } else { Vec::new() }
}

/// The ICMP error about a request.
pub(in crate::diagnosis) fn icmp<'a>(call: &'a Call, transaction: &Transaction) -> Option<&'a IcmpReport> {
    let until = transaction.start.plus(TIMER);
    call.icmp.iter().find(|report| {
        report.unreachable == transaction.server
            && report.provenance.time >= transaction.start
            && report.provenance.time <= until
    })
}

/// A registration that is not renewed shuts the user out, unless a later one succeeded; another branch, or the end of the call,
/// goes on without the response.
pub(super) fn severity(call: &Call, transaction: &Transaction) -> Severity {
    let later = |t: &Transaction| {
        t.method == Method::Register && t.start > transaction.start && t.finals.iter().any(|f| f.status.is_success())
    };
    match transaction.method {
        Method::Register if call.transactions.iter().any(later) => Severity::Notice,
        Method::Register => Severity::Error,
        _ => Severity::Warning,
    }
}

fn counts(call: &Call, transaction: &Transaction) -> bool {
    let silent = transaction.provisionals.is_empty() && transaction.finals.is_empty() && transaction.acks.is_empty();
    let is_told = match transaction.method {
        Method::Ack => false,
        // Where the INVITE has its end, nobody needs an answer to the CANCEL.
        Method::Cancel => is_pending(call, transaction),
        _ => true,
    };
    let own_end = is_told && transaction.downstream.is_empty();
    silent
        && own_end
        && transaction.request.is_some()
        && (ran_out(call, transaction) || icmp(call, transaction).is_some())
        && !ended_by_both(call, transaction)
        && !answered_unseen(call, transaction)
}

/// Whether the INVITE that a CANCEL is about has had responses, and no final one.
fn is_pending(call: &Call, cancel: &Transaction) -> bool {
    let is_this = |id: TransactionId| call.transaction(id).is_some_and(|t| std::ptr::eq(t, cancel));
    let mut meant = call.transactions.iter().filter(|t| t.cancelled_by.is_some_and(is_this));
    meant.any(|invite| invite.finals.is_empty() && !invite.provisionals.is_empty())
}

/// Whether the timer ran out within the capture.
fn ran_out(call: &Call, transaction: &Transaction) -> bool {
    let last = transaction.retransmissions.iter().filter_map(|id| call.message(*id)).map(|m| m.provenance.time).max();
    last.is_some_and(|last| last.since(transaction.start) >= TO_THE_END)
        && call.observed_until >= transaction.start.plus(TIMER)
}

/// A BYE to somebody who had hung up himself.
fn ended_by_both(call: &Call, transaction: &Transaction) -> bool {
    transaction.method == Method::Bye
        && call.transactions.iter().any(|t| {
            t.method == Method::Bye && t.leg == transaction.leg && t.client.address == transaction.server.address
        })
}

/// Whether an ACK shows that the INVITE had a response, and no response that the capture holds is meant.
fn answered_unseen(call: &Call, transaction: &Transaction) -> bool {
    let number = |t: &Transaction| call.message(t.request?)?.message.cseq().map(|c| c.number);
    let cseq = number(transaction);
    let same = |t: &&Transaction| t.leg == transaction.leg && t.method == Method::Invite && number(t) == cseq;
    let acknowledged = call.messages.iter().any(|m| {
        m.leg == transaction.leg
            && m.message.is_request()
            && m.message.method() == Some(&Method::Ack)
            && m.message.cseq().map(|c| c.number) == cseq
    });
    transaction.method == Method::Invite
        && acknowledged
        && call.transactions.iter().filter(same).all(|t| t.finals.is_empty())
}

/// Silent transactions that explain the failure or the stall of another one: the findings about that one name them.
fn explained(call: &Call) -> Vec<TransactionId> {
    let failed = (0..call.transactions.len()).map(TransactionId);
    let failed = failed.filter(|id| call.transaction(*id).is_some_and(|t| t.failed_final().is_some()));
    failed
        .chain(call.decided_by)
        .filter_map(|id| match call.origin_of_failure(id) {
            Some(Origin::Silence(deep)) => Some(deep),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::reports::reports;

    const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\nhost c 203.0.113.61\n\n\
        0.0 a > p call=x\nOPTIONS sip:p.example\n\n0.1 p > a call=x\n200 OK\n\n";
    const ALL: &str = "0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5";
    const CALL: &str =
        "1.0 a > b call=y\nINVITE sip:bob@203.0.113.60\n\n1.1 b > a call=y tag=b\n200 OK\n\n1.2 a > b call=y\nACK\n\n";

    /// What the rule says of a flow, with the method of the request.
    fn said(steps: &str) -> Vec<String> {
        let found = reports(&format!("{HOSTS}{steps}"));
        let all = found.iter().flat_map(|r| &r.findings).filter(|f| f.code == "no-response");
        all.map(|f| {
            let method = f.evidence[0].text.split(' ').next().unwrap_or_default();
            format!("{method} {:?}", f.severity).to_lowercase()
        })
        .collect()
    }

    #[test]
    fn each_registration_of_a_series_counts() {
        let silent = format!("1.0 a > p call=y cseq=7 repeat={ALL}\nREGISTER sip:p.example\n\n");
        let next = "34.0 a > p call=y cseq=8 repeat=0.5,1.5\nREGISTER sip:p.example\n\n";
        let elsewhere = "34.0 a > c call=y cseq=8\nREGISTER sip:p.example\n\n34.1 c > a call=y\n200 OK\n\n";
        let alive = "36.0 a > p call=z\nOPTIONS sip:p.example\n\n36.1 p > a call=z\n200 OK\n\n";
        // Two to one server are said once.
        assert_eq!(said(&format!("{silent}{next}{alive}")), ["register error"]);
        // The user is registered, with another server.
        assert_eq!(said(&format!("{silent}{elsewhere}")), ["register notice"]);
        // A server that answers late has answered.
        let late = "33.0 p > a call=y\n200 OK\n\n";
        assert_eq!(said(&format!("{silent}{late}")), Vec::<String>::new());
    }

    #[test]
    fn a_cancel_counts_where_its_invite_has_no_end() {
        let ringing = "1.0 a > p call=y\nINVITE sip:bob@p.example\n\n1.1 p > a call=y tag=t\n180 Ringing\n\n";
        let cancel = format!("5.0 a > p call=y repeat={ALL}\nCANCEL\n\n");
        let end = "5.1 p > a call=y re=INVITE cseq=1 tag=t\n487 Request Terminated\n\n5.2 a > p call=y\nACK\n\n";
        for (steps, expected) in [
            (format!("{ringing}{cancel}"), vec!["cancel warning"]),
            (format!("{ringing}{cancel}{end}"), vec![]),
            (format!("{ringing}5.0 a > p call=y repeat=0.5,1.5\nCANCEL\n\n"), vec![]),
            (format!("{ringing}5.0 a > p call=y\nCANCEL\n\n5.1 p > a call=y\n200 OK\n\n"), vec![]),
        ] {
            assert_eq!(said(&steps), expected, "{steps}");
        }
    }

    #[test]
    fn requests_inside_a_dialog_and_branches_count_when_their_timer_ran_out() {
        for (steps, expected) in [
            (format!("{CALL}5.0 a > b call=y repeat={ALL}\nBYE\n\n"), vec!["bye warning"]),
            // The client gave up sooner: who knows what came then.
            (format!("{CALL}5.0 a > b call=y repeat=0.5,1.5,3.5\nBYE\n\n"), vec![]),
            // The other side had hung up itself.
            (format!("{CALL}4.0 b > a call=y\nBYE\n\n5.0 a > b call=y repeat={ALL}\nBYE\n\n"), vec![]),
            // The first branch of a serial fork.
            (
                "1.0 a > p call=y\nINVITE sip:bob@p.example\n\n1.1 p > a call=y\n100 Trying\n\n\
                 1.1 p > b forward call=y\nINVITE sip:bob@203.0.113.60\n\n\
                 1.2 203.0.113.60 > p icmp=port-unreachable quote=5\n\n\
                 6.0 p > c forward call=y branch=second\nINVITE sip:bob@203.0.113.61\n\n\
                 6.1 c > p call=y tag=c\n200 OK\n\n6.2 p > a forward call=y\n200 OK\n\n6.3 a > p call=y\nACK\n\n"
                    .to_owned(),
                vec!["invite warning"],
            ),
        ] {
            assert_eq!(said(&steps), expected, "{steps}");
        }
    }
}
