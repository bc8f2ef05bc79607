//! Phrases about calls and findings that several formats share.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{Filtered, Summary, escape, facts, time};
use crate::call::referred::{Fate, Transfer};
use crate::call::{Call, CallNumber, Outcome};
use crate::diagnosis::{Actor, CallReport, Evidence, Finding};
use crate::lang::{Lang, Text, grouped};
use crate::net::Carrier;
use crate::provenance::{Endpoint, FrameRef, Timestamp};
use crate::shorten;
pub(super) use crate::shorten::to_characters as shortened;

/// Pieces of evidence that are told of a finding, and characters of each; JSON has everything.
const EVIDENCE: usize = 6;
const QUOTED: usize = 300;
/// Octets of a caller or callee, where they name a call; hundreds of thousands of calls may be named so.
const PARTY: usize = 300;

/// `Call 4`, or `Group 5 (OPTIONS)`.
pub(super) fn name(call: &Call) -> Text {
    let name = match (call.is_invite(), facts::method(call)) {
        (true, _) => Text::new("Call {n}"),
        (false, Some(method)) => Text::new("Group {n} ({method})").with("method", shortened(method, QUOTED)),
        (false, None) => Text::new("Group {n}"),
    };
    name.with("n", call.number.0)
}

/// Caller and callee.
pub(super) fn parties(call: &Call) -> Text {
    let party =
        |uri: Option<Cow<'_, str>>| uri.map_or_else(|| "?".to_owned(), |uri| shorten::kept(uri.into_owned(), PARTY));
    let (from, to) = (party(facts::caller(call)), party(facts::callee(call)));
    Text::new("{caller} → {callee}").with("caller", from).with("callee", to)
}

/// What became of the transfer inside a call, where one was asked for.
pub(super) fn transfer(call: &Call) -> Option<Text> {
    let transfer = Transfer::of(call)?;
    let text = match transfer.fate {
        Fate::Ended(status) if status.is_success() => Text::new("transferred to {target}"),
        Fate::Ended(status) => Text::new("transfer to {target} failed with {status}").with("status", status),
        Fate::Refused(status) => Text::new("transfer to {target} refused with {status}").with("status", status),
        Fate::Accepted => Text::new("transfer to {target} accepted"),
    };
    Some(text.with("target", shorten::kept(transfer.addressee(), PARTY)))
}

/// What the finding says, else how a call ended that no rule explains.
pub(super) fn sentence(report: &CallReport, lead: Option<&Finding>) -> Text {
    match (lead, facts::final_response(&report.call)) {
        (Some(finding), _) => finding.message.clone(),
        (None, Some(answer)) => {
            let status = answer.message.start_line();
            Text::new("It ended with {status}.")
                .with("status", shortened(status.trim_start_matches("SIP/2.0 "), QUOTED))
        }
        (None, None) => without_final(&report.call),
    }
}

/// How many of the messages are the same octets as another on the same hop, almost at once, to put behind their number; nothing where none
/// is. Taps do that, and programs that send twice: which of the two is not said.
pub(super) fn copies(summary: &Summary) -> Text {
    match summary.message_copies {
        0 => Text::default(),
        n => Text::new(" ({n} of them the same as another, almost at once)").with("n", n),
    }
}

/// What is known of a call whose first request has no final response.
fn without_final(call: &Call) -> Text {
    if call.legs.iter().any(|leg| leg.call_id.is_none()) {
        return Text::new(
            "Messages of it have no Call-ID, by which responses are matched: whether it had a final response is not known.",
        );
    }
    let cancel = call.decided_by.and_then(|id| call.transaction(id)?.cancelled_by).and_then(|id| call.transaction(id));
    let answer = cancel.and_then(|cancel| call.message(cancel.finals.first()?.message));
    match (call.outcome, cancel, answer) {
        (Outcome::Cancelled, Some(_), None) => Text::new(
            "The caller cancelled it. Neither the CANCEL nor the INVITE has a final response in this capture; after 32 s the caller \
             takes it for cancelled (RFC 3261 §9.1).",
        ),
        (Outcome::Cancelled, Some(_), Some(answer)) => Text::new(
            "The caller cancelled it, and the CANCEL was answered with {status}. The INVITE has no final response in this capture; \
             after 32 s the caller takes it for cancelled (RFC 3261 §9.1).",
        )
        .with("status", shortened(answer.message.start_line().trim_start_matches("SIP/2.0 "), QUOTED)),
        (Outcome::Incomplete, ..) => Text::new("Its first request has no final response in this capture, which shows only a part of it."),
        _ => Text::new("It ended without a final response."),
    }
}

/// The role, with address (as `place` writes it) and software where they are known.
pub(super) fn actor(actor: &Actor, place: impl Fn(Endpoint) -> String) -> Text {
    let text = match (actor.address.map(place), &actor.software) {
        (None, None) => return actor.role.clone(),
        (Some(address), None) => Text::new("{role} ({address})").with("address", address),
        (None, Some(software)) => Text::new("{role} ({software})").with("software", software),
        (Some(address), Some(software)) => {
            Text::new("{role} ({address}, {software})").with("address", address).with("software", software)
        }
    };
    text.with("role", &actor.role)
}

/// What the settings left out; hidden findings must be said in every format for people.
pub(crate) fn ignored(summary: &Summary) -> Option<Text> {
    let all: Vec<Text> = by_settings(summary).into_iter().chain(known(summary)).collect();
    (!all.is_empty()).then(|| Text::list("; ", &all))
}

/// What is left out because a baseline has it, and what is gone.
pub(crate) fn known(summary: &Summary) -> Option<Text> {
    let compared = summary.baseline.as_ref()?;
    let (one, many) = (
        "{n} known finding is left out, as the baseline has it",
        "{n} known findings are left out, as the baseline has them",
    );
    let left_out = Text::count(compared.known(), one, many);
    let gone = compared.gone().filter(|gone| !gone.is_empty());
    Some(match gone {
        None => left_out,
        Some(gone) => {
            let list = Text::list(", ", gone.iter().map(|(code, n)| format!("{code} {}", grouped(*n))));
            let (one, many) =
                ("{n} finding of the baseline is gone: {list}", "{n} findings of the baseline are gone: {list}");
            Text::list("; ", [left_out, Text::count(gone.values().sum(), one, many).with("list", list)])
        }
    })
}

/// What the settings left out.
pub(super) fn by_settings(summary: &Summary) -> Option<Text> {
    let list = Text::list(", ", summary.ignored.iter().map(|(code, n)| format!("{code} {}", grouped(*n))));
    let (one, many) = (
        "{n} finding is left out, as sipscan.toml asks: {list}",
        "{n} findings are left out, as sipscan.toml asks: {list}",
    );
    let text = Text::count(summary.ignored.values().sum(), one, many).with("list", list);
    (!summary.ignored.is_empty()).then_some(text)
}

/// `24 calls and 10 groups of other requests`.
pub(super) fn calls_and_groups(calls: u64, groups: u64) -> Text {
    let counted = Text::count(calls, "{n} call", "{n} calls");
    let others = Text::count(groups, "{n} group of other requests", "{n} groups of other requests");
    match (calls, groups) {
        (_, 0) => counted,
        (0, _) => others,
        _ => Text::new("{calls} and {groups}").with("calls", counted).with("groups", others),
    }
}

/// `3 of 24 calls, filtered by status == 607`.
pub(super) fn filtered(filtered: &Filtered, summary: &Summary) -> Text {
    let of = |n: u64, all| Text::new("{n} of {all}").with("n", grouped(n)).with("all", all);
    let calls = of(summary.calls, Text::count(filtered.calls, "{n} call", "{n} calls"));
    let groups = match filtered.other_groups {
        0 => None,
        n => Some(of(
            summary.other_groups,
            Text::count(n, "{n} group of other requests", "{n} groups of other requests"),
        )),
    };
    let expression = shortened(&filtered.expression, QUOTED);
    match groups {
        None => Text::new("{calls}, filtered by {expression}"),
        Some(groups) => Text::new("{calls} and {groups}, filtered by {expression}").with("groups", groups),
    }
    .with("calls", calls)
    .with("expression", expression)
}

/// `14 calls: 4, 9, 12–20`.
pub(super) fn numbers(calls: &[CallNumber], total: u64) -> Text {
    Text::count(total, "{n} call: {list}", "{n} calls: {list}").with("list", list(calls, total))
}

/// `14 more: 4, 9, 12–20`, which may be calls or other groups.
pub(super) fn more_numbers(calls: &[CallNumber], total: u64) -> Text {
    Text::new("{n} more: {list}").with("n", grouped(total)).with("list", list(calls, total))
}

fn list(calls: &[CallNumber], total: u64) -> String {
    let mut sorted: Vec<u64> = calls.iter().map(|call| call.0).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for n in sorted {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    let range = |(a, b): &(u64, u64)| match b - a {
        0 => a.to_string(),
        1 => format!("{a}, {b}"),
        _ => format!("{a}–{b}"),
    };
    let parts: Vec<_> = ranges.iter().map(range).collect();
    let more = if (calls.len() as u64) < total { ", …" } else { "" };
    format!("{}{more}", parts.join(", "))
}

/// How frames and times of a capture are named.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The files of the capture.
    pub(super) files: Vec<String>,
    /// Zone of all times.
    pub(super) zone: TimeZone,
}

impl Place {
    pub(super) fn utc() -> Self {
        Self { files: Vec::new(), zone: TimeZone::UTC }
    }

    /// The number of a frame, with its file where there are several.
    pub(super) fn frame(&self, frame: FrameRef) -> Text {
        match self.files.get(usize::from(frame.file)).filter(|_| self.files.len() > 1) {
            Some(file) => Text::new("{frame} of {file}").with("frame", frame.number).with("file", file),
            None => Text::verbatim(frame.number),
        }
    }

    /// The file that a frame is in.
    pub(super) fn file(&self, frame: FrameRef) -> &str {
        self.files.get(usize::from(frame.file)).or_else(|| self.files.first()).map_or("", String::as_str)
    }

    /// `2026-03-30 14:00:00.012 UTC`.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        format!("{} {}", time::date_and_time(at, &self.zone), time::zone_name(at, &self.zone))
    }

    /// Frame, time, addresses, and what it is.
    pub(super) fn evidence(&self, evidence: &Evidence) -> Text {
        Text::new("Frame {frame}, {at}, {source} → {destination}: {what}")
            .with("frame", self.frame(evidence.frame))
            .with("at", self.moment(evidence.time))
            .with("source", evidence.source)
            .with("destination", evidence.destination)
            .with("what", &evidence.what)
    }

    /// A finding in plain lines: evidence, who, what to change, how to verify. Harmless on terminals.
    pub(super) fn told(&self, finding: &Finding, lang: Lang) -> Vec<String> {
        let say = |text: Text| escape::terminal(&text.in_lang(lang).to_string()).into_owned();
        let mut lines = Vec::new();
        for evidence in finding.evidence.iter().take(EVIDENCE) {
            lines.push(say(self.evidence(evidence)));
            if !evidence.text.is_empty() {
                lines.push(format!("    {}", escape::terminal(&shortened(&evidence.text, QUOTED))));
            }
        }
        let more = finding.evidence.len().saturating_sub(EVIDENCE) as u64;
        lines.extend((more > 0).then(|| say(Text::count(more, "… and {n} more frame", "… and {n} more frames"))));
        lines.extend(
            finding
                .actor
                .as_ref()
                .map(|who| say(Text::new("Who: {actor}").with("actor", actor(who, |a| a.to_string())))),
        );
        let several = finding.remediation.len() > 1;
        for (at, fix) in finding.remediation.iter().enumerate() {
            let text =
                if several { Text::new("Change {n}: {text}").with("n", at + 1) } else { Text::new("Change: {text}") };
            lines.push(say(text.with("text", fix)));
        }
        lines.extend(finding.verification.as_ref().map(|text| say(Text::new("Verify: {text}").with("text", text))));
        if finding.calls_total > 0 {
            lines.push(say(Text::new("Seen in {calls}").with("calls", numbers(&finding.calls, finding.calls_total))));
        }
        lines
    }
}

/// The way of messages through tunnels, tags and collectors: `Ethernet > VLAN 42 > IPv4 > GRE > IPv4, 203.0.113.1 → 203.0.113.2`.
pub(super) fn carrier(carrier: &Carrier) -> Text {
    let outer = carrier.outer.iter().map(|(source, destination)| format!("{source} → {destination}"));
    let correlation = match &carrier.correlation {
        Some(id) => Text::new(", correlation identifier {id}").with("id", id),
        None => Text::default(),
    };
    let agent = match carrier.agent {
        Some(agent) => Text::new(", capture agent {agent}").with("agent", agent),
        None => Text::default(),
    };
    let outer = if carrier.outer.is_empty() {
        Text::default()
    } else {
        Text::new(", {outer}").with("outer", Text::list(", ", outer))
    };
    Text::new("{layers}{outer}{agent}{correlation}")
        .with("layers", carrier.layers.to_string())
        .with("outer", outer)
        .with("agent", agent)
        .with("correlation", correlation)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RINGING: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p\nINVITE sip:bob@p.example\n\n0.5 p > a tag=t\n180 Ringing\n\n";

    fn said(steps: &str) -> String {
        let report = crate::diagnosis::reports::report(steps);
        sentence(&report, None).to_string()
    }

    #[test]
    fn a_transfer_is_told_with_its_end() {
        let of = |answer: &str, notified: &str| {
            let notify = if notified.is_empty() {
                String::new()
            } else {
                format!(
                    "+1 b > a\nNOTIFY sip:alice@192.0.2.10\nEvent: refer\nContent-Type: message/sipfrag\n.\nSIP/2.0 {notified}\n\n+0.01 a > b\n200 OK\n\n"
                )
            };
            let steps = format!(
                "host a 192.0.2.10\nhost b 198.51.100.5\n\n0.0 a > b\nINVITE sip:bob@b.example\n\n1.0 b > a tag=t\n200 OK\n\n+0.01 a > b\nACK\n\n\
                 5.0 a > b to-tag=t cseq=5\nREFER sip:bob@b.example\nRefer-To: <sip:carol@c.example?Replaces=x>\n\n{answer}{notify}\
                 30.0 a > b\nBYE\n\n+0.01 b > a re=BYE\n200 OK\n\n"
            );
            transfer(&crate::diagnosis::reports::report(&steps).call).map(|text| text.to_string())
        };
        let accepted = "+0.02 b > a\n202 Accepted\n\n";
        for (answer, notified, expected) in [
            (accepted, "200 OK", Some("transferred to sip:carol@c.example")),
            (accepted, "486 Busy Here", Some("transfer to sip:carol@c.example failed with 486")),
            (accepted, "100 Trying", Some("transfer to sip:carol@c.example accepted")),
            (accepted, "", Some("transfer to sip:carol@c.example accepted")),
            ("+0.02 b > a\n403 Forbidden\n\n", "", Some("transfer to sip:carol@c.example refused with 403")),
            ("+0.02 b > a\n401 Unauthorized\n\n", "", None),
            ("", "", None),
        ] {
            assert_eq!(of(answer, notified).as_deref(), expected, "{answer} {notified}");
        }
    }

    #[test]
    fn a_call_without_final_response_says_what_is_known() {
        let said = |steps: &str| said(&format!("{RINGING}{steps}"));
        let cancel = "4.0 a > p\nCANCEL\n\n";
        assert!(
            said(cancel).starts_with("The caller cancelled it. Neither the CANCEL nor the INVITE has"),
            "{}",
            said(cancel)
        );
        let answered = said(&format!("{cancel}4.1 p > a\n481 Gone\n\n"));
        assert!(answered.contains("the CANCEL was answered with 481 Gone. The INVITE has no final"), "{answered}");
        let usual =
            said(&format!("{cancel}4.1 p > a\n200 OK\n\n4.2 p > a re=INVITE cseq=1 tag=t\n487 Request Terminated\n\n"));
        assert_eq!(usual, "It ended with 487 Request Terminated.");
        assert!(said("").starts_with("Its first request has no final response in this capture"), "{}", said(""));
    }

    #[test]
    fn without_call_id_nobody_knows_which_response_belongs_to_it() {
        let text = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p omit=Call-ID repeat=0.5\nINVITE sip:bob@p.example\n\n\
                    0.1 p > a call=other re=INVITE cseq=1\n200 OK\n\n";
        assert!(said(text).starts_with("Messages of it have no Call-ID"), "{}", said(text));
    }

    #[test]
    fn lists_of_calls_are_folded_into_ranges() {
        let calls: Vec<_> = [4, 9, 12, 13, 14, 20, 21].map(CallNumber).to_vec();
        assert_eq!(numbers(&calls, 7).to_string(), "7 calls: 4, 9, 12–14, 20, 21");
        assert_eq!(numbers(&calls, 12_000).to_string(), "12,000 calls: 4, 9, 12–14, 20, 21, …");
    }
}
