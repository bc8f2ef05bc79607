//! 403 to a call that differs from all calls that the same server accepted.

use self::difference::Difference;
use crate::call::{Call, Origin, Outcome};
use crate::diagnosis::accepted::{Look, Server};
use crate::diagnosis::names::Names;
use crate::diagnosis::next_attempt::GotThrough;
use crate::diagnosis::patterns::scans::names_a_scanner;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{
    Certainty, Compared, Detect, Explanation, Facts, Finding, Rule, Severity, Text, response_facts,
};
use crate::sip::{HeaderName, Method, Scheme};

mod difference;

pub(super) static RULE: Rule = Rule {
    code: "forbidden-explained",
    summary: "A call was refused with 403, and differs from all calls that the same server accepted.",
    severity: Severity::Error,
    references: &["RFC 3261 §21.4.4", "RFC 3325 §9.1"],
    explanation: Explanation {
        what_it_means: "403 says that the server understood the call and does not want it, and not why. Here the capture holds calls that the same \
            server accepted. The finding compares: the address that the call came from, domain and number in From, whether the caller \
            is asserted (P-Asserted-Identity), and where the call goes. It names only what is different from all of these calls, and how many \
            they are.",
        why_it_matters: "The reason stands in the configuration of the server, which the caller does not see: a list of addresses, of domains, of \
            permitted numbers or destinations. A difference from every accepted call says which of these lists to ask about first.",
        likely_causes: "- The call came from an address that is not among those of the trunk: a second interface, a new server, another NAT.\n\
            - From has the domain or the address of the exchange in place of that of the provider.\n\
            - The calling number is an extension, withheld, or none of the numbers of the account.\n\
            - The account may not call that country or kind of number.",
        how_to_fix: "- Change what differs to what the accepted calls have, or let the operator of the server permit it.\n\
            - If several things differ, change one at a time.\n\
            - Where the call should not be possible, such as from a stranger, the refusal is right.",
        how_to_confirm: "The same call is accepted once the difference is gone.",
        when_this_is_wrong: "- Of a long capture only calls that had ended when the refused one was over are compared, and never those that it does not hold: \
            with few calls a difference may be chance.\n\
            - A limit that the server does not name, such as calls at one time or credit, refuses calls that differ in nothing that SIP shows.\n\
            - 403 behind credentials may mean the credentials, and 403 Stale Date and the like the signature: those have their own findings.\n\
            - A number that begins with 00 may be a national one behind the 0 of an outside line: the finding says so, and is weak.\n\
            - Where accepted calls have what this one has as well, nothing is said of it.",
    },
    detect: Detect::Compared(Facts::REFUSED, detect),
};

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    if call.is_invite() && call.outcome.is_failure() && call.outcome != Outcome::IdentityRejected {
        out.extend(deciding(call, &[403]).filter(|refused| is_open(call, refused)).and_then(|r| finding(&r, cx)));
    }
}

/// The refusal that decided a call, where it has one of these statuses.
pub(super) fn deciding<'a>(call: &'a Call, statuses: &[u16]) -> Option<Refused<'a>> {
    let all = Refused::by_whom(call, statuses);
    // As a rule there is none.
    if all.is_empty() {
        return None;
    }
    let Some(Origin::Response(_, message)) = call.origin_of_failure(call.decided_by?) else { return None };
    let response = call.message(message)?;
    all.into_iter().find(|refused| {
        std::ptr::eq(refused.response, response)
            && refused.transaction.method == Method::Invite
            && !refused.transaction.in_dialog
    })
}

/// Whether the capture leaves open why: nothing was wrong with credentials, and the server gives no reason.
fn is_open(call: &Call, refused: &Refused<'_>) -> bool {
    let message = &refused.response.message;
    let says_nothing = |cause: Option<u32>| matches!(cause, None | Some(CALL_REJECTED));
    !call.has_credentials(refused.deepest)
        && !call.has_credentials(refused.transaction)
        && !message.has(HeaderName::Warning)
        && message.reasons().iter().all(|reason| reason.is("Q.850") && says_nothing(reason.cause))
        && !message.reason_phrase().is_some_and(|phrase| names_another_reason(&phrase))
}

/// The cause of the telephone network that says no more than 403 does.
const CALL_REJECTED: u32 = 21;

/// Words of phrases that name a reason that does not show in a request.
const OTHER_REASONS: &[&str] = &[
    "password",
    "credential",
    "auth",
    "balance",
    "credit",
    "fund",
    "limit",
    "channel",
    "capacity",
    "concurrent",
    "expired",
    "regist",
    "exceed",
    "suspended",
    "stale",
    "spam",
    "block",
];

fn names_another_reason(phrase: &str) -> bool {
    let phrase = phrase.to_ascii_lowercase();
    OTHER_REASONS.iter().any(|word| phrase.contains(word))
}

fn finding(refused: &Refused<'_>, cx: &Compared<'_>) -> Option<Finding> {
    // What a server refuses to a scanner is not meant for others.
    let request = refused.request().filter(|request| !names_a_scanner(request))?;
    let server = cx.earlier.accepted.by(refused.response.provenance.flow.source)?;
    let names = Names::of(&request.message, &cx.settings.country);
    // A service such as urn:service:sos is neither a name nor a number.
    names.target.as_ref().filter(|target| !matches!(target.scheme, Scheme::Other(_)))?;
    let look = Look::of(refused.deepest.client.address, &request.message, &names)?;
    let mut differences = Difference::all(&look, server);
    // What the next call of the same caller has as well, and was taken with, is not it.
    let to = refused.deepest.server.address;
    if GotThrough::of(refused.call).is_some_and(|through| through.is_at(to)) {
        differences.retain(|difference| difference.may_be_gone_in_the_next_call(&look));
    }
    if differences.is_empty() {
        return None;
    }
    let is_chance = !differences.iter().any(|one| one.is_hardly_chance(server));
    let is_open = differences.iter().any(|one| one.rests_on_double_zero(&look, server));
    let is_plain = differences.len() == 1 && !is_chance && !is_open;
    let certainty = if is_plain { Certainty::Strong } else { Certainty::Weak };
    let text = message(&differences, (server, cx.earlier.accepted.are_all()), is_chance);
    let text = with_reason(text, is_open.then(|| Text::new(DOUBLE_ZERO)));
    let text = response_facts::with_own_reason(refused.text(text), refused.response);
    let finding = refused.finding(&RULE, certainty, text);
    let example = server.kinds().first().map(|kind| kind.example.clone());
    let finding = finding.evidence(refused.passed_on()).evidence(example);
    let to = refused.response.provenance.flow.source;
    let finding = differences.iter().fold(finding, |finding, difference| finding.fix(difference.fix(server, to)));
    Some(
        finding
            .fix(
                Text::new("Ask the operator of {server} which rule refused the call; its log at this second names it.")
                    .with("server", to),
            )
            .verify("The same call is accepted once it no longer differs.")
            .actor(refused.client("the operator of the server that refuses, with the operator of the calling side")),
    )
}

/// What a number with 00 in front may be as well.
const DOUBLE_ZERO: &str = "A number that begins with 00 is taken for one abroad here; where 0 takes an outside line, it is a national number behind that.";

/// `server`, and whether all that it accepted in the capture is known.
fn message(differences: &[Difference<'_>], (server, are_all): (&Server, bool), is_chance: bool) -> Text {
    let text = if are_all {
        Text::count(
            server.calls,
            "It accepted {n} call in this capture, which differs from this one: {differences}.",
            "It accepted {n} calls in this capture, and this one differs from all of them: {differences}.",
        )
    } else {
        Text::count(
            server.calls,
            "It accepted {n} call before in this capture, which differs from this one: {differences}.",
            "It accepted {n} calls before in this capture, and this one differs from all of them: {differences}.",
        )
    };
    let text = text.with("differences", Text::list("; ", differences.iter().map(|one| one.words(server))));
    let doubt = match () {
        () if is_chance => Some("With so few calls to compare that may be chance."),
        () if differences.len() > 1 => Some("Which of these it refuses is not known."),
        () => None,
    };
    with_reason(text, doubt.map(Text::new))
}

#[cfg(test)]
mod tests;
