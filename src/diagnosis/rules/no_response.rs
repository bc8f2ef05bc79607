//! A request that was sent again and again and that nobody answered.

use super::{
    dialog_contact_unreachable, message_too_large_for_udp, nat_binding_lost, options_ping_failing, route_set_broken,
};
use crate::call::{Call, CapturedMessage, IcmpReport, Origin, Outcome, Transaction};
use crate::diagnosis::datagrams::LARGE;
use crate::diagnosis::{
    Actor, Certainty, Compared, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::provenance::Transport;
use crate::sip::{HeaderName, Method};

mod beside;
mod so_far;

pub(in crate::diagnosis) use beside::icmp as icmp_about;

pub(super) static RULE: Rule = Rule {
    code: "no-response",
    summary: "A request was sent to the end of its timer and nothing came back.",
    severity: Severity::Error,
    references: &["RFC 3261 §17.1.1.2", "RFC 3261 §17.1.2.2", "RFC 3261 §18.1.1", "RFC 3261 §18.4"],
    explanation: Explanation {
        what_it_means: "The client sent the request, repeated it as UDP demands (after 0.5, 1, 2, 4 … seconds), and gave \
            up after 32 seconds (timer B or F) without one response, not even 100 Trying. Requests that decided nothing count as \
            well: a registration in a series, a branch of a fork, a request inside the dialog, the CANCEL of a call that has no end.",
        why_it_matters: "The user hears nothing for half a minute. A client with a second target loses that time in \
            every call before it tries the other.",
        likely_causes: "- The address or port is wrong, or the host is down.\n\
            - A firewall or access list drops the request, often silently, because the peer does not know the source \
            address.\n\
            - The request is larger than a packet, and its fragments are dropped.\n\
            - The responses go to an address that does not lead back: private address or wrong port in Via, no rport.",
        how_to_fix: "- Where an ICMP error names the reason (port unreachable, host unreachable, prohibited), start \
            there.\n\
            - Check address and port of the next hop in the route, trunk or DNS.\n\
            - Capture at the far end: if the request arrives, the way back is at fault; if not, the way there.\n\
            - Allow the source address at the peer, and the ports in the firewall, in both directions.",
        how_to_confirm: "The next request to that address gets 100 or another response within half a second.",
        when_this_is_wrong: "- The capture shows one direction only, or lost packets: then the finding is a notice, and \
            says so.\n\
            - The capture ends before the timer: the response may have come later, and the finding is a notice.\n\
            - The timer ran out, and the client went on elsewhere: a registration that succeeds later makes it a notice.\n\
            - A response did come, from another address and with another branch, so that it was not taken for one.",
    },
    detect: Detect::Compared(Facts::SILENT, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    let is_told = |silence: &Silence<'_>| {
        message_too_large_for_udp::tells(silence, cx)
            || options_ping_failing::tells(call, silence.transaction, cx)
            || dialog_contact_unreachable::tells(silence, cx)
            || route_set_broken::tells_of_silence(silence)
    };
    let silences = Silence::all(call, cx).into_iter().filter(|silence| !is_told(silence));
    out.extend(silences.map(|silence| finding(&silence, cx)));
}

/// The deepest transaction that has neither provisional nor final response, on the way of the last attempt.
fn unanswered(call: &Call) -> Option<&Transaction> {
    let silent = |t: &&Transaction| t.provisionals.is_empty() && t.finals.is_empty() && t.request.is_some();
    let last = call.decided_by.or_else(|| call.attempts.last().map(|a| a.transaction));
    let deepest = last.and_then(|id| call.origin_of_failure(id)).and_then(|origin| match origin {
        Origin::Silence(id) => call.transaction(id),
        Origin::Response(..) => None,
    });
    deepest.filter(silent).or_else(|| call.transactions.iter().rev().find(silent))
}

/// A request without response, and what is known of it.
pub(super) struct Silence<'a> {
    pub(super) call: &'a Call,
    pub(super) transaction: &'a Transaction,
    pub(super) request: &'a CapturedMessage,
    /// Its last retransmission.
    pub(super) last: Option<&'a CapturedMessage>,
    pub(super) severity: Severity,
    /// The requests of the same kind that were sent instead of repetitions, itself among them; empty where it is alone.
    series: Vec<&'a Transaction>,
    icmp: Option<&'a IcmpReport>,
    /// That the server has it, as far as TCP goes.
    received: Option<Evidence>,
    /// Why there may have been a response all the same.
    doubt: Option<Text>,
    /// Mandatory header fields that it lacks.
    missing: Vec<&'static str>,
}

impl<'a> Silence<'a> {
    /// What decided the call, and others beside it.
    pub(super) fn all(call: &'a Call, cx: &Context<'_>) -> Vec<Self> {
        let decisive = (call.outcome == Outcome::NoResponse).then(|| unanswered(call)).flatten();
        let deciding = decisive.and_then(|transaction| {
            let icmp = call.icmp.iter().find(|r| r.unreachable.address == transaction.server.address);
            Self::of(call, transaction, icmp, severity(transaction), cx)
        });
        let beside = beside::silent(call, decisive);
        // Of what was repeated to the end before it is told already.
        let is_told = |t: &&Transaction| beside.iter().any(|told| told.method == t.method && told.server == t.server);
        let last = so_far::is_looked_at(call).then(|| unanswered(call)).flatten().filter(|t| !is_told(t));
        let last = last.filter(|t| so_far::tells(call, t, cx));
        let last = last.and_then(|transaction| Self::of(call, transaction, None, so_far::SEVERITY, cx));
        let beside = beside.into_iter().filter_map(|transaction| {
            let (icmp, severity) = (beside::icmp(call, transaction), beside::severity(call, transaction));
            Self::of(call, transaction, icmp, severity, cx)
        });
        deciding.into_iter().chain(beside).chain(last).collect()
    }

    /// The ICMP error about it.
    pub(super) fn icmp(&self) -> Option<&'a IcmpReport> {
        self.icmp
    }

    /// Whether nothing came back to a request that its host may not have, as far as the capture can tell at all.
    pub(super) fn is_proven(&self) -> bool {
        self.icmp.is_none() && self.received.is_none() && self.doubt.is_none()
    }

    fn of(
        call: &'a Call,
        transaction: &'a Transaction,
        icmp: Option<&'a IcmpReport>,
        severity: Severity,
        cx: &Context<'_>,
    ) -> Option<Self> {
        let request = call.message(transaction.request?)?;
        let last = transaction.retransmissions.iter().rev().find_map(|id| call.message(*id));
        let (received, missing) = (cx.hosts.acknowledgement(&request.provenance), missing(request));
        let series = beside::series(call, transaction);
        let doubt = None;
        let mut silence = Self { call, transaction, request, last, severity, series, icmp, received, doubt, missing };
        silence.doubt = silence.doubt(cx);
        Some(silence)
    }

    /// Whether its writer left something out; of a message that is cut, the capture lacks it.
    fn is_miswritten(&self) -> bool {
        !self.missing.is_empty() && !self.request.message.is_cut()
    }

    fn doubt(&self, cx: &Context<'_>) -> Option<Text> {
        let (client, since) = (self.transaction.client.address, self.transaction.start);
        let timer = cx.settings.t1 * 64;
        let doubt = match (self.icmp, &self.received) {
            (Some(_), _) => return None,
            // The capture sees what the server sends on that connection.
            (None, Some(_)) => cx.doubt_of_capture(client, since, timer),
            (None, None) => cx.doubt(client, since, timer),
        };
        let doubt = doubt.map(|doubt| self.beginning_alone().unwrap_or(doubt));
        doubt.or_else(|| unrecognisable(&self.missing)).or_else(|| self.unrepeated())
    }

    /// Whether the capture has the beginning of the request alone. Fragments behind the first have no ports: filters for ports leave them
    /// out, so that nothing shows that they were lost on the way.
    fn is_beginning(&self) -> bool {
        self.request.provenance.flow.transport == Transport::Udp && self.request.message.is_cut()
    }

    fn beginning_alone(&self) -> Option<Text> {
        self.is_beginning().then(|| {
            Text::new(
                "the capture has only the beginning of the request; the rest was cut off, or is in IP fragments that were lost on the way or left \
                 out by a filter such as `port 5060`",
            )
        })
    }

    /// Over UDP a client repeats a request until something comes back (timers A and E, RFC 3261 §17.1); one that did not may have
    /// had its response.
    fn unrepeated(&self) -> Option<Text> {
        let repeats = self.request.provenance.flow.transport == Transport::Udp;
        let is_repeated = |t: &Transaction| self.call.requests_again(t).next().is_some();
        (repeats && !is_repeated(self.transaction) && !self.series.iter().any(|t| is_repeated(t))).then(|| {
            Text::new(if self.series.is_empty() {
                "the client did not repeat the request, as it must over UDP until something comes back"
            } else {
                "the client sent new requests and repeated none of them, as it must over UDP until something comes back"
            })
        })
    }

    /// The first and the last of a series, where they are others than the request itself.
    fn ends_of_series(&self) -> impl Iterator<Item = Evidence> {
        let ends =
            [(self.series.first(), "the first of these requests"), (self.series.last(), "the last of these requests")];
        let others = ends.into_iter().filter_map(|(t, what)| Some((t?.request?, what)));
        let others = others.filter(|(id, _)| Some(*id) != self.transaction.request);
        others.filter_map(|(id, what)| Some(Evidence::of(self.call.message(id)?, what)))
    }
}

fn finding(silence: &Silence<'_>, cx: &Compared<'_>) -> Finding {
    let Silence { icmp, severity, .. } = *silence;
    let certainty = match (icmp, &silence.doubt) {
        (Some(_), _) => Certainty::Certain,
        (None, None) => Certainty::Strong,
        (None, Some(_)) => Certainty::Weak,
    };
    let is_doubtful = silence.doubt.is_some();
    let behind = nat_binding_lost::OfCall::of(silence.call, silence.transaction, cx).filter(|_| !is_doubtful);
    let message = behind.iter().fold(message(silence, cx), |message, behind| behind.told(message));
    let mut finding = Finding::new(&RULE, certainty, message, Evidence::of(silence.request, "the request"))
        .severity(if is_doubtful { severity.min(Severity::Notice) } else { severity })
        .evidence(silence.last.map(|m| Evidence::of(m, "its last retransmission")))
        .evidence(silence.ends_of_series())
        .evidence(icmp.map(Evidence::icmp))
        .evidence(silence.received.clone())
        .actor(actor(silence))
        .verify("The next request to that address gets 100 or another response within half a second.");
    if silence.is_miswritten() {
        finding = finding.fix(
            Text::new("Mend the element that wrote the request: {missing} cannot be read in it, and a strict receiver drops such a request. An empty line in the wrong place ends the header too early.")
                .with("missing", silence.missing.join(", ")),
        );
    }
    if is_doubtful && silence.is_beginning() {
        finding = finding.fix(
            "Capture again with whole frames and all IP fragments (`tcpdump -s 0 'port 5060 or (ip[6:2] & 0x1fff) != 0'`). If the fragments are \
             missing there as well, look at the firewalls, NAT and tunnels in front of that point.",
        );
    } else if is_doubtful {
        finding =
            finding.fix("Capture again, in both directions and without loss, to see whether a response comes at all.");
    }
    if let Some(behind) = behind {
        return behind.advise(finding);
    }
    for fix in fixes(silence, cx) {
        finding = finding.fix(fix);
    }
    finding
}

/// A response is told by what it copies from its request: where that cannot be read, it may be there and not be recognised.
fn unrecognisable(missing: &[&str]) -> Option<Text> {
    let keys = [HeaderName::Via, HeaderName::CallId, HeaderName::CSeq].map(HeaderName::name);
    missing.iter().any(|name| keys.contains(name)).then(|| {
        Text::new("a response to a request in which {missing} cannot be read is not recognised as such")
            .with("missing", missing.join(", "))
    })
}

/// Nobody can answer a request without the header fields that lead back.
fn actor(silence: &Silence<'_>) -> Actor {
    if silence.is_miswritten() {
        return Actor::at(silence.transaction.client, "the operator or vendor of the element that wrote the request");
    }
    let role = match silence.received {
        Some(_) => "the operator of the host that has the request and does not answer",
        None => "the operator of the host that does not answer, and of the firewalls on the way to it",
    };
    Actor::at(silence.transaction.server, role)
}

/// The mandatory header fields (RFC 3261 §8.1.1) that the request lacks.
fn missing(request: &CapturedMessage) -> Vec<&'static str> {
    let mandatory = [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];
    let absent = mandatory.into_iter().filter(|name| !request.message.has(*name));
    absent.map(HeaderName::name).collect()
}

fn severity(transaction: &Transaction) -> Severity {
    match transaction.method {
        Method::Invite | Method::Register => Severity::Error,
        _ => Severity::Warning,
    }
}

fn message(silence: &Silence<'_>, cx: &Context<'_>) -> Text {
    let Silence { transaction, series, icmp, received, doubt, .. } = silence;
    let text = match (icmp, doubt) {
        (Some(report), _) => {
            Text::new("{client} sent {method} to {server} {times} and got no response; ICMP reports {kind}.")
                .with("kind", Text::new(report.kind))
        }
        (None, Some(doubt)) => Text::new(
            "No response of {server} to {method} ({times}) is visible. Whether there was one is unknown: {doubt}.",
        )
        .with("doubt", doubt.clone()),
        (None, None) if received.is_some() => Text::new(
            "{client} sent {method} to {server} {times} and got no response, though that host has it: its TCP acknowledged the octets.",
        ),
        (None, None) if cx.hosts.senders.contains(&transaction.server.address) => Text::new(
            "{client} sent {method} to {server} {times} and got no response, though that host sends other SIP messages.",
        ),
        (None, None) => {
            Text::new("{client} sent {method} to {server} {times} and got no response at all from that host.")
        }
    };
    // Some clients take another port for each request.
    let is_one_port = series.iter().all(|t| t.client == transaction.client);
    let client = if is_one_port { transaction.client.to_string() } else { transaction.client.address.to_string() };
    let text = if doubt.is_some() { text } else { text.with("client", client) };
    text.with("server", transaction.server).with("method", &transaction.method).with("times", times(silence))
}

/// How often it was sent, and over which time.
pub(super) fn times(silence: &Silence<'_>) -> Text {
    let Silence { call, transaction, request, last, series, .. } = silence;
    if series.is_empty() {
        return last.map_or_else(
            || Text::new("once"),
            |last| {
                let time = last.provenance.time.since(request.provenance.time);
                Text::new("{n} times in {span}")
                    .with("n", transaction.retransmissions.len() + 1)
                    .with("span", span(time))
            },
        );
    }
    let all = series.iter().flat_map(|t| t.request.iter().chain(&t.retransmissions));
    let times: Vec<_> = all.filter_map(|id| call.time(*id)).collect();
    let time = times.iter().max().zip(times.iter().min()).map(|(last, first)| last.since(*first));
    Text::new("{n} times in {span} as {k} requests")
        .with("n", times.len())
        .with("span", span(time.unwrap_or_default()))
        .with("k", series.len())
}

const ELSEWHERE: &str =
    "Capture at the far end as well: a response may have gone over another connection (RFC 3261 §18.2.2).";

/// What to do about a host that ICMP reports.
pub(in crate::diagnosis) fn fix_of_icmp(report: &IcmpReport) -> &'static str {
    match report.kind {
        kind if kind.contains("port unreachable") => {
            "The host is up, but nothing listens on that port: start the SIP service there, or correct the port in the route."
        }
        kind if kind.contains("prohibited") || kind.contains("policy") => {
            "A firewall or access list refuses the traffic: allow this source there."
        }
        _ => "No route leads to that address: correct the address, or repair the route.",
    }
}

fn fixes(silence: &Silence<'_>, cx: &Context<'_>) -> Vec<Text> {
    let mut fixes = Vec::new();
    let request = silence.request;
    let transport = request.provenance.flow.transport;
    match silence.icmp {
        Some(report) => fixes.push(Text::new(fix_of_icmp(report))),
        None if silence.received.is_some() => {
            fixes.push(Text::new(
                "The host is up and has the request: look into the log of its SIP service for why it does not answer.",
            ));
            fixes.push(Text::new(ELSEWHERE));
        }
        None if transport != Transport::Udp => {
            fixes.push(Text::new(
                "Where the host acknowledges the segments, it is up and has the request: look into the log of its SIP service. Where it does not, check address, port, and the way there.",
            ));
            fixes.push(Text::new(ELSEWHERE));
        }
        None => {
            fixes.push(Text::new(if cx.is_up(silence.transaction) {
                "That address sends other SIP messages in this capture, so that the host is up: see whether it does so from this port, and look into the log of its SIP service for this request."
            } else {
                "Check that address and port are right, and that the host is up."
            }));
            fixes.push(Text::new(
                "Capture at the far end: if the request arrives, look for the way back (Via, NAT, firewall); if not, for what drops it on the way.",
            ));
        }
    }
    let octets = request.message.raw().len();
    if transport == Transport::Udp && octets > LARGE {
        fixes.push(
            Text::new("The request has {octets} octets, more than a datagram should have (RFC 3261 §18.1.1): fragments are often dropped. Shorten it, or use TCP.")
                .with("octets", octets),
        );
    } else if transport == Transport::Udp && !request.provenance.other_frames.is_empty() {
        fixes.push(Text::new(
            "The request came in fragments, which are often dropped (RFC 3261 §18.1.1): shorten it, or use TCP.",
        ));
    }
    fixes
}

#[cfg(test)]
mod tests {
    use crate::call::Outcome;
    use crate::diagnosis::reports::{codes, report_after};
    use crate::diagnosis::{CallReport, Certainty};

    const HOSTS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\nhost b 203.0.113.60\n\n";
    /// Something that reaches `a`, so that the capture is known to show that direction.
    const SEEN: &str = "0.0 a > p call=x\nOPTIONS sip:p.example\n\n0.1 p > a call=x\n200 OK\n\n";
    const SILENT: &str = "1.0 a > b call=y repeat=0.5,1.5,3.5,7.5,15.5,31.5\nINVITE sip:bob@203.0.113.60\n\n";

    fn call(steps: &str, seconds: f64) -> CallReport {
        let mut report = report_after(&format!("{HOSTS}{steps}"), seconds);
        report.findings.retain(|f| f.code == "no-response");
        report
    }

    #[test]
    fn silence_is_certain_only_where_it_can_be_seen() {
        let seen = crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{SILENT}")).remove(1);
        assert_eq!((codes(&seen), seen.call.outcome), (vec!["no-response error".to_owned()], Outcome::NoResponse));
        assert_eq!((seen.root_cause, seen.findings[0].certainty), (Some("no-response"), Certainty::Strong));
        assert_eq!(
            seen.findings[0].message.to_string(),
            "192.0.2.10:5060 sent INVITE to 203.0.113.60:5060 7 times in 31.5 s and got no response at all from that host."
        );
        let blind = call(SILENT, 60.0);
        assert_eq!(
            (codes(&blind), blind.findings[0].certainty),
            (vec!["no-response notice".to_owned()], Certainty::Weak)
        );
        assert!(blind.findings[0].message.to_string().contains("it may show one direction only"));
    }

    #[test]
    fn a_request_that_was_not_repeated_may_have_been_answered() {
        let once = SILENT.replace(" repeat=0.5,1.5,3.5,7.5,15.5,31.5", "");
        let late = "60.0 a > p call=z\nOPTIONS sip:p.example\n\n60.1 p > a call=z\n200 OK\n";
        let report = crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{once}{late}")).remove(1);
        let finding = &report.findings[0];
        assert_eq!((codes(&report), finding.certainty), (vec!["no-response notice".to_owned()], Certainty::Weak));
        assert!(finding.message.to_string().contains("the client did not repeat the request"), "{}", finding.message);
    }

    #[test]
    fn a_request_of_which_only_the_first_fragment_was_captured_may_be_the_fault_of_a_filter() {
        let late = "90.0 a > p call=z\nOPTIONS sip:p.example\n\n90.1 p > a call=z\n200 OK\n";
        let said = |words: &str| {
            let silent = SILENT.replace("call=y", &format!("call=y {words}")).trim_end().to_owned();
            let text = format!("{HOSTS}{SEEN}{silent}\nX-Long: {}\n\n{late}", "x".repeat(1500));
            let report = crate::diagnosis::reports::reports(&text).remove(1);
            let finding = report.findings.iter().find(|f| f.code == "no-response").unwrap();
            (finding.message.to_string(), finding.remediation[0].to_string())
        };
        let (message, fix) = said("fragment=1400 lose-fragment=2");
        assert!(
            message.contains("only the beginning of the request") && fix.contains("all IP fragments"),
            "{message} {fix}"
        );
        // With all of them it is known that nothing came back.
        let (message, fix) = said("fragment=1400");
        assert!(!message.contains("only the beginning") && !fix.contains("all IP fragments"), "{message} {fix}");
    }

    #[test]
    fn new_requests_without_answer_are_counted_together() {
        let late = "90.0 a > p call=z\nOPTIONS sip:p.example\n\n90.1 p > a call=z\n200 OK\n";
        let series = |repeat: &str, middle: &str| {
            let request = |n: u32| {
                format!("{} a > b call=y cseq={n}{repeat}\nREGISTER sip:b.example\nFrom: <sip:x@b.example>\n\n", n * 5)
            };
            let steps: String = (1..=9).map(|n| request(n) + if n == 4 { middle } else { "" }).collect();
            crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{steps}{late}")).remove(1)
        };
        let said = |report: &CallReport| {
            report.findings.iter().find(|f| f.code == "no-response").map(|f| f.message.to_string()).unwrap_or_default()
        };
        let report = series("", "");
        let finding = report.findings.iter().find(|f| f.code == "no-response").unwrap();
        let text = said(&report);
        assert!(
            text.starts_with(
                "No response of 203.0.113.60:5060 to REGISTER (9 times in 40 s as 9 requests) is visible."
            ),
            "{text}"
        );
        assert!(text.contains("sent new requests and repeated none of them"), "{text}");
        assert_eq!(finding.certainty, Certainty::Weak);
        let first = finding.evidence.iter().find(|e| e.what.to_string() == "the first of these requests").unwrap();
        assert_eq!(first.frame.number.to_string(), "3");
        let text = said(&series(" repeat=0.5,1.5", ""));
        assert!(
            text.contains("sent REGISTER to 203.0.113.60:5060 27 times in 41.5 s as 9 requests and got no response"),
            "{text}"
        );
        // A client that takes another port each time is named without one.
        let ports = |n: u32| {
            format!(
                "{} a{n} > b call=y cseq={n} repeat=0.5,1.5,3.5\nREGISTER sip:b.example\nFrom: <sip:x@b.example>\n\n",
                n * 5
            )
        };
        let hosts = "host a1 192.0.2.10:6001\nhost a2 192.0.2.10:6002\nhost a3 192.0.2.10:6003\n";
        let steps: String = (1..=3).map(ports).collect();
        let text = said(&crate::diagnosis::reports::reports(&format!("{hosts}{HOSTS}{SEEN}{steps}{late}")).remove(1));
        assert!(
            text.starts_with("192.0.2.10 sent REGISTER to 203.0.113.60:5060 12 times in 13.5 s as 3 requests and got"),
            "{text}"
        );
        // What was answered in between ends a series.
        let text = said(&series("", "+0.1 b > a call=y\n500 Later\n\n"));
        assert!(text.contains("(5 times in 20 s as 5 requests)"), "{text}");
    }

    #[test]
    fn a_host_that_sends_other_messages_is_up() {
        let advice = |up: &str| {
            let report = crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{up}{SILENT}"));
            let silent = report.iter().flat_map(|r| &r.findings).find(|f| f.code == "no-response").unwrap();
            silent.remediation[0].to_string()
        };
        assert!(advice("").starts_with("Check that address and port are right"));
        // On one machine the client itself sends from that address.
        let local = HOSTS.replace("203.0.113.60", "192.0.2.10:5070");
        let report = crate::diagnosis::reports::reports(&format!("{local}{SEEN}{SILENT}"));
        let own = report.iter().flat_map(|r| &r.findings).find(|f| f.code == "no-response").unwrap();
        assert!(own.remediation.iter().all(|fix| !fix.to_string().starts_with("That address sends")), "{own:?}");
        let up = advice("0.2 b > a call=w\nOPTIONS sip:192.0.2.10\n\n0.3 a > b call=w\n200 OK\n\n");
        assert!(up.starts_with("That address sends other SIP messages in this capture"), "{up}");
    }

    #[test]
    fn over_tcp_the_acknowledgement_shows_that_the_host_has_the_request() {
        // The host sends no SIP at all, and yet is seen.
        let acknowledged = call("1.0 a > b call=y tcp\nINVITE sip:bob@203.0.113.60\n\n", 60.0);
        let finding = &acknowledged.findings[0];
        assert_eq!(
            (codes(&acknowledged), finding.certainty),
            (vec!["no-response error".to_owned()], Certainty::Strong)
        );
        assert_eq!(
            finding.message.to_string(),
            "192.0.2.10:5060 sent INVITE to 203.0.113.60:5060 once and got no response, though that host has it: its TCP \
             acknowledged the octets."
        );
        assert!(finding.remediation[0].to_string().starts_with("The host is up and has the request"));
        assert!(!finding.actor.as_ref().unwrap().role.to_string().contains("firewalls"));
        assert_eq!(finding.evidence.last().unwrap().source.to_string(), "203.0.113.60:5060");
        // The window still counts.
        let soon = call("1.0 a > b call=y tcp\nINVITE sip:bob@203.0.113.60\n\n", 20.0);
        assert!(soon.findings.iter().all(|f| f.certainty == Certainty::Weak), "{:?}", soon.findings);
    }

    #[test]
    fn a_response_to_a_request_without_call_id_is_not_recognised() {
        let broken = SILENT.replace("call=y", "call=y omit=Call-ID");
        let report = crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{broken}")).remove(1);
        let message = report.findings[0].message.to_string();
        assert_eq!(codes(&report), ["no-response notice"]);
        assert!(message.contains("Call-ID cannot be read"), "{message}");
    }

    #[test]
    fn a_request_that_cannot_be_read_is_the_fault_of_its_writer() {
        let broken = SILENT.replace("call=y", "call=y omit=To");
        let report = crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{broken}")).remove(1);
        let finding = &report.findings[0];
        assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "192.0.2.10:5060");
        assert!(finding.remediation[0].to_string().contains(": To cannot be read in it"), "{}", finding.remediation[0]);
    }

    #[test]
    fn what_the_capture_lacks_of_a_request_is_no_fault_of_its_writer() {
        let short = SILENT.replace("call=y", "call=y cut=150");
        let report = crate::diagnosis::reports::reports(&format!("{HOSTS}{SEEN}{short}")).remove(1);
        let finding = &report.findings[0];
        assert!(report.call.messages.iter().all(|m| m.message.is_cut() && m.message.call_id().is_none()));
        assert_eq!((codes(&report), finding.certainty), (vec!["no-response notice".to_owned()], Certainty::Weak));
        assert_eq!(finding.actor.as_ref().unwrap().address.unwrap().to_string(), "203.0.113.60:5060");
        assert!(finding.remediation.iter().all(|fix| !fix.to_string().contains("wrote the request")));
    }

    #[test]
    fn an_answer_ends_the_silence() {
        for answer in ["100 Trying", "180 Ringing", "200 OK", "503 Service Unavailable"] {
            let report = call(&format!("{SILENT}33.0 b > a call=y\n{answer}\n\n"), 600.0);
            assert_eq!(codes(&report), Vec::<String>::new(), "{answer}");
        }
    }
}
