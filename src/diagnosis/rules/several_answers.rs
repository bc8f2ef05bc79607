//! An INVITE that several called devices answered, where the caller did not end all dialogs but one.

use std::time::Duration;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::caller_hop::CLIENT;
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::lang::span;
use crate::sip::{Method, StatusCode};

pub(super) static RULE: Rule = Rule {
    code: "several-answers",
    summary: "Several 2xx responses with different To tags to one INVITE, and more than one dialog that stayed open.",
    severity: Severity::Warning,
    references: &["RFC 3261 §13.2.2.4", "RFC 3261 §16.7", "RFC 3261 §13.3.1.4"],
    explanation: Explanation {
        what_it_means: "A proxy tried several devices at one time, and more than one answered before the others could be cancelled. Each 2xx with a \
            To tag of its own is a dialog of its own. The caller has to acknowledge each, and to end with BYE all but the one that it keeps. The \
            finding names the dialogs that were left open.",
        why_it_matters: "Behind each answer somebody is on the line and hears nothing, or a voicemail records silence; each is charged as a call, \
            and holds a line.",
        likely_causes: "- A client that takes further answers for copies of the first, as it does not compare To tags.\n\
            - Voicemail or a mobile network that answers just when the user takes the call on another device.\n\
            - A gateway or border controller in between that passes on only one of the answers and forgets the others.",
        how_to_fix: "- Let the client acknowledge each answer and send BYE in each dialog that it does not keep.\n\
            - Keep the timers of devices that ring together apart: voicemail is to answer later than all others stop ringing.",
        how_to_confirm: "Answer on two devices at one time: both answers get an ACK, and one of them a BYE within a second.",
        when_this_is_wrong: "- All but one dialog are acknowledged and ended with BYE: that is how it has to be.\n\
            - Who conducts a conference on purpose may keep several dialogs.\n\
            - Where the capture ends soon after the answers, or lacks packets, nothing is said.\n\
            - A BYE that was challenged ends nothing; one with credentials behind it does.\n\
            - An answer without ACK is repeated, and is answer-not-acknowledged.",
    },
    detect: Detect::Given(Facts::SEVERAL_FINALS, detect),
};

/// Within this time of an answer a client that does not want it sends its BYE: it needs no user for that.
const IN_TIME: Duration = Duration::from_secs(8);
/// Dialogs that are quoted.
const QUOTED: usize = 4;

fn detect(call: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let several = |t: &&Transaction| t.finals.iter().filter(|f| f.status.is_success()).count() > 1;
    let invites = call.transactions.iter().filter(|t| t.method == Method::Invite && !t.in_dialog);
    // Each hop near the fork has all the answers: the one nearest the caller tells it.
    let nearest = invites.filter(|t| t.upstream.is_none()).filter(several);
    out.extend(nearest.filter_map(|invite| Case::of(call, invite, cx)?.finding()));
}

/// Answers of one INVITE, each with a dialog of its own.
#[derive(Debug)]
struct Case<'a> {
    call: &'a Call,
    invite: &'a Transaction,
    all: usize,
    /// Dialogs that were acknowledged and did not end with BYE, but for the one that is kept.
    open: Vec<Dialog<'a>>,
    kept: Dialog<'a>,
}

impl<'a> Case<'a> {
    fn of(call: &'a Call, invite: &'a Transaction, cx: &Context<'_>) -> Option<Self> {
        let answers = invite.finals.iter().filter(|f| f.status.is_success());
        let answers: Vec<_> = answers.filter_map(|f| Some((call.message(f.message)?, f.acknowledged))).collect();
        let dialogs = Dialog::all(call, invite.leg);
        let of_tag = |tag| dialogs.iter().copied().find(|d| d.tags()[1] == tag && d.answer.is_some());
        let acknowledged = answers.iter().filter(|(_, acknowledged)| *acknowledged);
        let acknowledged: Vec<Dialog<'a>> = acknowledged.filter_map(|(m, _)| of_tag(m.message.to_tag())).collect();
        let (mut open, ended): (Vec<_>, Vec<_>) = acknowledged.into_iter().partition(|d| is_open(call, d));
        // What lasted was the call; else one of those that are open still is.
        let kept = ended.into_iter().filter(|d| lasted(d) >= IN_TIME).max_by_key(lasted);
        let kept = kept.or_else(|| (!open.is_empty()).then(|| open.remove(0)))?;
        let last = &open.iter().filter_map(|d| d.answer).max_by_key(|m| m.provenance.time)?.provenance;
        let is_seen = cx.absence_is_proven(last.flow.source.address, last.time, IN_TIME)
            && call.observed_until.since(last.time) >= IN_TIME;
        is_seen.then_some(Self { call, invite, all: answers.len(), open, kept })
    }

    fn finding(&self) -> Option<Finding> {
        let answer = self.open.first()?.answer?;
        let tag = |d: &Dialog<'_>| String::from_utf8_lossy(d.tags()[1].unwrap_or_default()).into_owned();
        let tags: Vec<_> = self.open.iter().take(QUOTED).map(tag).collect();
        let refused = self.open.iter().find_map(|d| refusal(self.call, d.last_bye()?));
        let text = Text::new(if refused.is_some() {
            "One INVITE got {n} answers, each with a To tag, and so a dialog, of its own. Beside the one that the caller kept, it acknowledged {open} \
             and no BYE was accepted in these in the {time} that the capture goes on (To tag {tags}): whoever answered there is left on the line."
        } else {
            "One INVITE got {n} answers, each with a To tag, and so a dialog, of its own. Beside the one that the caller kept, it acknowledged {open} \
             and ended none of these with BYE in the {time} that the capture goes on (To tag {tags}): whoever answered there is left on the line."
        })
        .with("n", self.all)
        .with("open", self.open.len())
        .with("time", span(self.call.observed_until.since(answer.provenance.time)))
        .with("tags", Text::list(", ", tags));
        let others = self.open.iter().skip(1).take(QUOTED).chain([&self.kept]).filter_map(|d| {
            let what = if d.tags() == self.kept.tags() {
                "the answer that the caller kept"
            } else {
                "an answer that was left open"
            };
            Some(Evidence::of(d.answer?, what))
        });
        Some(
            Finding::new(&RULE, Certainty::Strong, text, Evidence::of(answer, "an answer that was left open"))
                .evidence(others)
                .evidence(refused.map(|m| Evidence::of(m, "its BYE was refused, and none followed that was accepted")))
                .evidence(self.invite.request.and_then(|id| self.call.message(id)).map(|m| Evidence::of(m, "the request")))
                .actor(Actor::at(self.invite.client, CLIENT))
                .fix(
                    "Let the client acknowledge each 2xx, of each To tag, and end with BYE the dialogs that it does not want (RFC 3261 §13.2.2.4).",
                )
                .fix("Keep the timers of devices that ring together apart: voicemail is to answer when the others no longer ring.")
                .verify("Answer on two devices at one time: both answers get an ACK, and one of them a BYE within a second."),
        )
    }
}

/// How long a dialog lasted from its answer to its last BYE.
fn lasted(dialog: &Dialog<'_>) -> Duration {
    let (Some(answer), Some(bye)) = (dialog.answer, dialog.last_bye()) else { return Duration::ZERO };
    bye.start.since(answer.provenance.time)
}

/// Whether a dialog goes on. Whoever sent a BYE to which no response was captured did its part.
fn is_open(call: &Call, dialog: &Dialog<'_>) -> bool {
    dialog.last_bye().is_none_or(|bye| refusal(call, bye).is_some())
}

/// The response to a BYE by which the dialog stays. One that is unknown at the other end is over (RFC 3261 §12.2.1.2), and so is one whose
/// end nobody reached.
fn refusal<'a>(call: &'a Call, bye: &Transaction) -> Option<&'a CapturedMessage> {
    let stays = |status: StatusCode| !status.is_success() && !matches!(status.0, 408 | 481);
    bye.finals.iter().all(|f| stays(f.status)).then(|| call.message(bye.finals.first()?.message)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::CallReport;
    use crate::diagnosis::reports::{codes, report, report_after};

    const ANSWERS: &str = "host a 192.0.2.10\nhost p 198.51.100.5\n\n0.0 a > p branch=i\nINVITE sip:bob@p.example\n\n\
        1.0 p > a tag=b1 branch=i\n200 OK\n\n1.01 a > p to-tag=b1\nACK\n\n1.1 p > a tag=b2 branch=i\n200 OK\n\n";
    const ACK: &str = "1.11 a > p to-tag=b2\nACK\n\n";

    fn bye(at: &str, tag: &str, number: u8) -> String {
        format!(
            "{at} a > p to-tag={tag} cseq={number}\nBYE sip:bob@p.example\n\n+0.02 p > a re=BYE cseq={number}\n200 OK\n\n"
        )
    }

    fn told(report: &CallReport) -> Vec<&Finding> {
        report.findings.iter().filter(|f| f.code == RULE.code).collect()
    }

    #[test]
    fn a_dialog_that_nobody_ended_is_told() {
        for (steps, left) in [
            // Still open at the end, and after the call.
            (format!("{ANSWERS}{ACK}"), "b2"),
            (format!("{ANSWERS}{ACK}{}", bye("30", "b1", 9)), "b2"),
            (format!("{ANSWERS}{ACK}{}", bye("30", "b2", 9)), "b1"),
        ] {
            let report = report(&steps);
            let found = told(&report);
            let words = format!("(To tag {left})");
            assert!(
                matches!(&found[..], [one] if one.severity == Severity::Warning && one.message.to_string().contains(&words)),
                "{found:#?}"
            );
        }
    }

    #[test]
    fn what_is_ended_is_as_it_has_to_be() {
        for (name, steps) in [
            ("ended at once", format!("{ANSWERS}{ACK}{}{}", bye("1.2", "b2", 8), bye("30", "b1", 9))),
            ("ended at once, the call goes on", format!("{ANSWERS}{ACK}{}", bye("1.2", "b2", 8))),
            ("the first one ended at once", format!("{ANSWERS}{ACK}{}", bye("1.2", "b1", 8))),
            ("its ACK is not in the capture", ANSWERS.to_owned()),
        ] {
            let report = report(&steps);
            assert!(told(&report).is_empty(), "{name}: {:?}", codes(&report));
        }
    }

    #[test]
    fn a_challenged_bye_ends_nothing_until_one_is_accepted() {
        let challenged = bye("1.2", "b2", 8).replace("200 OK", "407 Proxy Authentication Required");
        let refused = report(&format!("{ANSWERS}{ACK}{challenged}"));
        let [one] = told(&refused)[..] else { panic!("{:?}", codes(&refused)) };
        assert!(one.message.to_string().contains("no BYE was accepted in these"), "{}", one.message);
        assert!(one.evidence.iter().any(|e| e.text.to_string().contains("407")), "{:#?}", one.evidence);
        for (name, last) in [
            ("with credentials", bye("1.3", "b2", 9)),
            ("unknown there", bye("1.3", "b2", 9).replace("200 OK", "481 Call Does Not Exist")),
            ("no response captured", "1.3 a > p to-tag=b2 cseq=9\nBYE sip:bob@p.example\n\n".to_owned()),
        ] {
            let report = report(&format!("{ANSWERS}{ACK}{challenged}{last}"));
            assert!(told(&report).is_empty(), "{name}: {:?}", codes(&report));
        }
    }

    #[test]
    fn who_ends_it_may_need_a_while() {
        let steps = format!("{ANSWERS}{ACK}");
        assert_eq!(told(&report_after(&steps, 3.0)).len(), 0);
        assert_eq!(told(&report_after(&steps, 20.0)).len(), 1);
    }

    #[test]
    fn an_answer_without_ack_is_told_once() {
        let repeated = ANSWERS.replace(
            "1.1 p > a tag=b2 branch=i",
            "1.1 p > a tag=b2 branch=i repeat=0.5,1.5,3.5,7.5,11.5,15.5,19.5,23.5,27.5,31.5",
        );
        let report = report(&repeated);
        assert_eq!(codes(&report), ["answer-not-acknowledged warning"]);
    }
}
