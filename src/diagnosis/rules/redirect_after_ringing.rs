//! A permanent redirect from a device that rang.

use crate::call::Call;
use crate::diagnosis::permanence::rang_before;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::lang::span;

pub(super) static RULE: Rule = Rule {
    code: "redirect-after-ringing",
    summary: "A 301 from the same device that had been ringing: a forwarded call rather than an address that moved.",
    severity: Severity::Notice,
    references: &["RFC 3261 §21.3.2", "RFC 3261 §21.3.3", "RFC 5359 §2.9"],
    explanation: Explanation {
        what_it_means: "The device sent 180 or 183, so the call had reached the user; then it answered 301 under the same \
            To tag. Somebody deflected the call, or nobody answered and the telephone forwarded it. That is about this \
            call; 301 says that the address is gone for good.",
        why_it_matters: "Clients that obey 301 change their directories: the next call goes straight to the mobile phone or \
            voicemail, although the user sits at the desk.",
        likely_causes: "- A telephone or PBX whose forwarding on no answer, or deflection button, answers 301.\n\
            - A setting that chooses the status for all kinds of forwarding at once.",
        how_to_fix: "- At the device: answer 302 when a call is forwarded or deflected.\n\
            - At the caller: do not store the Contact of this 301.",
        how_to_confirm: "Let it ring until the call is forwarded: the response is a 302.",
        when_this_is_wrong: "- The 180 came from another branch of a fork, under another To tag: the redirecting device never \
            rang.\n\
            - The device answers 302, as it should.\n\
            - A proxy in front of the device puts its own tag on both responses.\n\
            - A telephone network announces under 183 that the number was changed: its 301 has cause 22 in Reason, and the rule is silent.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    let permanent = RedirectCase::of_invites(call).filter(|case| case.redirect.status.0 == 301);
    out.extend(permanent.filter_map(|case| finding(&case)));
}

fn finding(case: &RedirectCase<'_>) -> Option<Finding> {
    let rang = rang_before(case)?;
    // Behind 183 something else than ringing may have been heard.
    let progress = rang.message.status().filter(|status| status.0 != 180);
    let message = match progress {
        None => Text::new(
            "{server} let the call ring for {time} and then answered 301 under the same To tag: a forwarded or deflected call, \
             for which 302 is right.",
        ),
        Some(status) => Text::new(
            "{server} answered 301 {time} after its {status} and under the same To tag: as a rule a forwarded or deflected call, for which 302 \
             is right.",
        )
        .with("status", status),
    };
    let message = message
        .with("server", case.redirector())
        .with("time", span(case.response.provenance.time.since(rang.provenance.time)));
    let finding = Finding::new(
        &RULE,
        if progress.is_none() { Certainty::Strong } else { Certainty::Weak },
        message,
        case.evidence(),
    )
    .evidence([Evidence::of(
        rang,
        if progress.is_none() { "the same device rang" } else { "the same device told of progress" },
    )])
    .evidence(case.request_evidence())
    .actor(case.operator())
    .fix("Answer 302 when a call is forwarded or deflected; keep 301 for addresses that are gone for good.")
    .fix("At the caller: follow for this call, and store nothing.")
    .verify("Let it ring until the call is forwarded: the response is a 302.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{LATER, check, only, redirected};

    #[test]
    fn the_tag_tells_whether_the_same_device_rang() {
        let flow = |provisional: &str, response: &str| {
            redirected(&format!("{response}\nContact: <sip:bob@pbx.corp.example>"), LATER)
                .replace("0.015 old", &format!("0.010 old > pbx {provisional}\n\n8.0 old"))
                .replace("\n0.016 ", "\n8.001 ")
        };
        check(
            RULE.code,
            &[
                ("180", &flow("tag=r1\n180 Ringing", "301 Moved"), Some(Severity::Notice)),
                ("183", &flow("tag=r1\n183 Session Progress", "301 Moved"), Some(Severity::Notice)),
                ("181", &flow("tag=r1\n181 Call Is Being Forwarded", "301 Moved"), None),
                ("another device", &flow("tag=r9\n180 Ringing", "301 Moved"), None),
                ("no tag", &flow("tag=-\n180 Ringing", "301 Moved"), None),
                (
                    "number changed",
                    &flow("tag=r1\n183 Session Progress", "301 Moved\nReason: Q.850;cause=22;text=\"Number changed\""),
                    None,
                ),
                ("302", &flow("tag=r1\n180 Ringing", "302 Moved"), None),
            ],
        );
        let finding = only(&flow("tag=r1\n180 Ringing", "301 Moved"), RULE.code);
        assert!(finding.message.to_string().contains("ring for 8 s"), "{}", finding.message);
        let progress = only(&flow("tag=r1\n183 Session Progress", "301 Moved"), RULE.code);
        assert!(progress.message.to_string().contains("answered 301 8 s after its 183"), "{}", progress.message);
        assert_eq!(progress.certainty, Certainty::Weak);
        let both = flow("tag=r1\n183 Session Progress\n\n4.0 old > pbx tag=r1\n180 Ringing", "301 Moved");
        assert!(only(&both, RULE.code).message.to_string().contains("ring for 4 s"));
    }
}
