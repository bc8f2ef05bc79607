//! A redirect that may come from, or lead to, somebody else.

use crate::call::{Call, Follow};
use crate::diagnosis::domains::registrable;
use crate::diagnosis::platform;
use crate::diagnosis::redirect_case::{ContactEnd, RedirectCase};
use crate::diagnosis::{
    Actor, Certainty, Compared, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};
use crate::sip::{Method, Uri};
use crate::stir::TelephoneNumber;

use super::redirect_loop;

pub(super) static RULE: Rule = Rule {
    code: "redirect-target-suspicious",
    summary: "A 3xx response that leads to a foreign domain, or that the asked server may not have sent.",
    severity: Severity::Warning,
    references: &["RFC 3261 §26.1.2", "RFC 3261 §26.1.3", "RFC 3261 §8.1.3.4"],
    explanation: Explanation {
        what_it_means: "The Contact belongs to another domain than the address that was called, and the server has not \
            sent calls there before. That alone is a reason to ask. It becomes critical with one of these marks: the \
            response came from an address that the request was not sent to; the same request got two different final \
            responses; the target is an international or premium number while the called address was not.",
        why_it_matters: "Whoever can send a forged 301 takes over the call: eavesdropping, a false party at the other \
            end, or calls to expensive numbers at the caller's cost. A client that stores the new address keeps on \
            calling the attacker.",
        likely_causes: "- A subscriber or a company moved to another provider: legitimate, and common.\n\
            - A forwarding to a mobile or foreign number that a user set up.\n\
            - A server with several addresses that answers from another one than it was asked at.\n\
            - A forged response, or a server or account that somebody broke into.",
        how_to_fix: "- Do not store the Contact before the owner of the old address has confirmed it.\n\
            - At the client or border controller: accept redirects only to domains on a list, ignore 3xx from addresses \
            that were not asked, and apply dial-plan and cost limits to redirect targets.\n\
            - Use TLS towards redirect servers.",
        how_to_confirm: "Ask the owner of the called address whether the new one is theirs. Look for the same source \
            address in other calls of the capture.",
        when_this_is_wrong: "- The new host is another name of the same registered domain: that is no foreign domain.\n\
            - The server redirected other calls to that domain before, so it is one of its usual targets.\n\
            - Somebody moved to another provider: where the same user answers there it is a notice.\n\
            - A partner company took over the number; the finding stays a warning, and asking settles it.\n\
            - A circle or a chain over several domains: of a circle another finding tells, and of a chain the first step is told.",
    },
    detect: Detect::Compared(Facts::REDIRECT, detect),
};

/// Country codes without a country: satellites, international networks, premium rate (ITU-T E.164).
const COSTLY: [&str; 6] = ["870", "878", "881", "882", "883", "979"];

fn detect(call: &Call, cx: &Compared<'_>, out: &mut Vec<Finding>) {
    let mut was_asked = false;
    for case in RedirectCase::of_initial_requests(call) {
        let Some(suspect) = suspect(&case, cx) else { continue };
        // One question about a call is enough, and of a circle it is another one.
        let is_critical = !suspect.marks.is_empty();
        if is_critical || !(was_asked || redirect_loop::is_part_of_loop(&case)) {
            out.push(finding(&case, &suspect));
        }
        was_asked |= !is_critical;
    }
}

/// Whether there are marks of a forged redirect, so that a client does right not to follow it.
pub(super) fn is_critical(case: &RedirectCase<'_>, cx: &Compared<'_>) -> bool {
    suspect(case, cx).is_some_and(|suspect| !suspect.marks.is_empty())
}

/// What makes a redirect critical.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    OtherSource,
    OtherAnswer,
    CostlyNumber,
}

#[derive(Debug)]
struct Suspect<'a> {
    target: &'a Uri,
    marks: Vec<Mark>,
}

fn suspect<'a>(case: &RedirectCase<'a>, cx: &Compared<'_>) -> Option<Suspect<'a>> {
    let forged = forgery_marks(case);
    // An address tells nothing about its owner, so it is suspicious only where the response itself is.
    let by_address = || case.targets().find(|uri| uri.ip().is_some() && !forged.is_empty());
    let is_new = |uri: &&Uri| {
        case.leads_away(uri)
            && registrable(uri)
                .is_some_and(|d| !cx.earlier.has_redirected_to(case.redirector().address, d) && !cx.settings.trusts(d))
    };
    // An ordinary number abroad may well be where somebody is; one that costs wherever it is, is none of that.
    let elsewhere = |uri: &Uri| uri.ip().is_some_and(|address| address != case.redirector().address);
    let away = |uri: &Uri| case.leads_away(uri) || (elsewhere(uri) && costs_anywhere(uri, &cx.settings.country));
    let costly = |uri: &&Uri| away(uri) && is_costly(case, uri, cx);
    let target = case
        .targets()
        .find(costly)
        .or_else(|| case.targets().find(is_new))
        .or_else(by_address)
        .or_else(|| case.targets().find(|uri| !forged.is_empty() && case.leads_away(uri)))?;
    let mut marks = forged;
    if is_costly(case, target, cx) {
        marks.push(Mark::CostlyNumber);
    }
    Some(Suspect { target, marks })
}

fn forgery_marks(case: &RedirectCase<'_>) -> Vec<Mark> {
    let mut marks = Vec::new();
    if case.redirector().address != case.transaction.server.address {
        marks.push(Mark::OtherSource);
    }
    if case.transaction.finals.iter().any(|f| f.status != case.redirect.status) {
        marks.push(Mark::OtherAnswer);
    }
    marks
}

/// Whether it is the number of a satellite or of an international network, or a premium number.
fn costs_anywhere(uri: &Uri, country: &str) -> bool {
    let number = TelephoneNumber::read(uri.user_name().unwrap_or_default(), country);
    number.is_some_and(|n| {
        let digits = n.digits();
        let is_premium = n.is_nanp() && digits.get(1..4) == Some("900");
        is_premium || (n.is_international() && COSTLY.iter().any(|code| digits.starts_with(code)))
    })
}

/// Whether the target is an international or premium number and the called address was none.
fn is_costly(case: &RedirectCase<'_>, target: &Uri, cx: &Context<'_>) -> bool {
    let country = &cx.settings.country;
    let is_abroad = |uri: &Uri| {
        let number = TelephoneNumber::read(uri.user_name().unwrap_or_default(), country);
        number.filter(TelephoneNumber::is_international).is_some_and(|n| {
            let digits = n.digits();
            COSTLY.iter().any(|code| digits.starts_with(code)) || !digits.starts_with(country.as_str())
        })
    };
    let is_premium = |uri: &Uri| {
        let number = TelephoneNumber::read(uri.user_name().unwrap_or_default(), country);
        number.is_some_and(|n| n.is_nanp() && n.digits().get(1..4) == Some("900"))
    };
    let called = case.redirect.from.as_ref();
    (is_abroad(target) && !called.is_some_and(is_abroad)) || (is_premium(target) && !called.is_some_and(is_premium))
}

/// Whether the call got through, and for the user who was called: so it is where somebody moved.
fn is_like_a_move(case: &RedirectCase<'_>, target: &Uri) -> bool {
    let called = case.redirect.from.as_ref().and_then(Uri::effective_user).filter(|user| !user.is_empty());
    let was_taken = || matches!(case.end_at(target), Some(ContactEnd::Answered | ContactEnd::Redirected));
    case.call_got_through() && called.is_some() && called == target.effective_user() && was_taken()
}

fn finding(case: &RedirectCase<'_>, suspect: &Suspect<'_>) -> Finding {
    let critical = !suspect.marks.is_empty();
    // Whoever moved to another provider answers there; so does whoever took the call over. That it was taken tells less than the marks do.
    let is_there = |follow: &Follow| case.target_of(follow).and_then(registrable) == registrable(suspect.target);
    let answered = case.reached().filter(|(follow, _, status)| status.is_success() && !critical && is_there(follow));
    let reasons = Text::list("; ", suspect.marks.iter().map(|mark| Text::new(mark.words())));
    let is_call = case.transaction.method == Method::Invite;
    let message = Text::new(match (critical, is_call) {
        (true, true) => "The {status} that sends the call for {uri} to {contact} may be forged or abused: {reasons}.",
        (true, false) => {
            "The {status} that sends the {method} for {uri} to {contact} may be forged or abused: {reasons}."
        }
        (false, true) => {
            "{server} sends the call for {uri} to {contact}, a domain that it has not used before in this capture."
        }
        (false, false) => {
            "{server} sends the {method} for {uri} to {contact}, a domain that it has not used before in this capture."
        }
    });
    let message = if is_call { message } else { message.with("method", &case.transaction.method) };
    let message = message
        .with("uri", case.redirect.from.as_ref().map(ToString::to_string).unwrap_or_default())
        .with("contact", suspect.target);
    let message = match answered {
        Some((_, _, status)) => Text::new(
            "{message} The target answered {status}, as it does where the callee moved; that it belongs to the callee the capture cannot show.",
        )
        .with("message", message.with("server", case.redirector()))
        .with("status", status),
        None if critical => message.with("status", case.redirect.status).with("reasons", reasons),
        None => message.with("server", case.redirector()),
    };
    let others = case.transaction.finals.iter().filter(|f| f.message != case.redirect.response);
    let others = others.filter_map(|f| case.call.message(f.message)).map(|m| Evidence::of(m, "another final response"));
    let mut finding = Finding::new(&RULE, Certainty::Strong, message, case.evidence())
        .severity(if critical {
            Severity::Critical
        } else if is_like_a_move(case, suspect.target) {
            Severity::Notice
        } else {
            Severity::Warning
        })
        .evidence(case.request_evidence())
        .evidence(others)
        .evidence(genuine_server_goes_on(case))
        .actor(if suspect.marks.contains(&Mark::OtherSource) {
            Actor::at(case.transaction.server, "operator of the server that was asked, with the network between")
        } else {
            case.operator()
        })
        .fix(
            Text::new(if answered.is_some() || !is_call {
                "Do not store {contact} before the owner of the old address confirms it."
            } else {
                "Do not store {contact}, and do not call it again before the owner of the old address confirms it."
            })
            .with("contact", suspect.target),
        )
        .fix(
            "At the client or border controller: follow redirects only to domains on a list, ignore 3xx from addresses \
              that were not asked, and limit what redirect targets may cost.",
        );
    if let Some(setting) = platform::trusted_targets(case.client_operator().software.as_deref()) {
        finding = finding.fix(setting);
    }
    if critical {
        finding = finding.fix("Use TLS towards redirect servers, so that nobody else can answer for them.");
    }
    finding.verify("Ask the owner of the called address whether the new one is theirs, on another channel.")
}

impl Mark {
    fn words(&self) -> &'static str {
        match self {
            Self::OtherSource => "it came from an address that the request was not sent to",
            Self::OtherAnswer => "the same request also got another final response",
            Self::CostlyNumber => "the target is an international or premium number, the called address is not",
        }
    }
}

/// A response of the server that was asked, behind a redirect from elsewhere: the best sign of a forgery.
fn genuine_server_goes_on(case: &RedirectCase<'_>) -> Option<Evidence> {
    if case.redirector().address == case.transaction.server.address {
        return None;
    }
    let provisionals = case.transaction.provisionals.iter().filter_map(|id| case.call.message(*id));
    let mut genuine = provisionals.filter(|m| m.provenance.flow.source.address == case.transaction.server.address);
    genuine.next_back().map(|m| Evidence::of(m, "the server that was asked answers too"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, followed, only, redirected, with_code};

    fn to(contact: &str, rest: &str) -> String {
        redirected(&format!("301 Moved Permanently\nContact: <{contact}>"), rest)
    }

    #[test]
    fn foreign_domains_are_suspicious_and_marks_make_them_critical() {
        let forged = format!(
            "{HOSTS}host forger 203.0.113.66\n\n0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.01 forger > pbx\n\
             301 Moved Permanently\nContact: <sip:bob@203.0.113.66>\n\n{LATER}"
        );
        let twice = to("sip:bob@other.example", "0.3 old > pbx\n486 Busy Here\n\n");
        check(
            RULE.code,
            &[
                ("foreign domain", &to("sip:bob@other.example", LATER), Some(Severity::Warning)),
                (
                    "foreign domain, answered",
                    &to("sip:bob@other.example", &format!("{}{LATER}", followed("sip:bob@other.example", "200 OK"))),
                    Some(Severity::Notice),
                ),
                (
                    "another user in a foreign domain, answered",
                    &to("sip:eve@other.example", &format!("{}{LATER}", followed("sip:eve@other.example", "200 OK"))),
                    Some(Severity::Warning),
                ),
                (
                    "foreign domain, another one answered",
                    &to(
                        "sip:bob@other.example>, <sip:bob@pbx.corp.example",
                        &format!("{}{LATER}", followed("sip:bob@pbx.corp.example", "200 OK")),
                    ),
                    Some(Severity::Warning),
                ),
                (
                    "foreign domain, busy",
                    &to(
                        "sip:bob@other.example",
                        &format!("{}{LATER}", followed("sip:bob@other.example", "486 Busy Here")),
                    ),
                    Some(Severity::Warning),
                ),
                (
                    "international, answered",
                    &to(
                        "sip:+442079460000@other.example",
                        &format!("{}{LATER}", followed("sip:+442079460000@other.example", "200 OK")),
                    ),
                    Some(Severity::Critical),
                ),
                ("same domain", &to("sip:bob@pbx.corp.example", LATER), None),
                ("an address", &to("sip:bob@203.0.113.40", LATER), None),
                ("from another address", &forged, Some(Severity::Critical)),
                ("two different final responses", &twice, Some(Severity::Critical)),
                ("international", &to("sip:+442079460000@other.example", LATER), Some(Severity::Critical)),
                ("premium", &to("sip:+19005550100@other.example", LATER), Some(Severity::Critical)),
                ("a national number", &to("sip:+12155550113@other.example", LATER), Some(Severity::Warning)),
                ("a satellite, at an address", &to("sip:+8821234567890@203.0.113.40", LATER), Some(Severity::Critical)),
                ("abroad, at an address", &to("sip:+442079460000@203.0.113.40", LATER), None),
                ("a satellite, at the server itself", &to("sip:+8821234567890@198.51.100.30", LATER), None),
                ("international, same domain", &to("sip:+442079460000@corp.example", LATER), None),
            ],
        );
    }

    #[test]
    fn a_domain_that_was_used_before_is_no_longer_new() {
        let one = "{t} pbx > old call={n}\nINVITE sip:bob@corp.example\n\n+0.1 old > pbx call={n}\n301 Moved\n\
                   Contact: <sip:bob@other.example>\n\n+0.001 pbx > old call={n}\nACK\n\n";
        let flow: String =
            [("0.0", "c1"), ("600.0", "c2")].map(|(t, n)| one.replace("{t}", t).replace("{n}", n)).concat();
        assert_eq!(with_code(&format!("{HOSTS}{flow}"), RULE.code).len(), 1);
    }

    #[test]
    fn a_chain_is_asked_about_once_and_a_circle_not_at_all() {
        let step = |uri: &str, to: &str| {
            format!(
                "+0.01 pbx > new\nINVITE {uri}\n\n+0.01 new > pbx\n302 Moved\nContact: <{to}>\n\n+0.001 pbx > new\nACK\n\n"
            )
        };
        let chain = |last: &str| {
            let second = step("sip:bob@a.example", "sip:bob@b.example");
            to("sip:bob@a.example", &format!("{second}{}", step("sip:bob@b.example", last)))
        };
        assert_eq!(with_code(&chain("sip:bob@c.example"), RULE.code).len(), 1);
        assert!(with_code(&chain("sip:bob@a.example"), RULE.code).is_empty());
    }

    #[test]
    fn what_is_no_call_is_not_named_one() {
        let asked = "INVITE sip:bob@corp.example";
        let finding = only(
            &to("sip:bob@other.example", LATER)
                .replace(asked, "SUBSCRIBE sip:bob@corp.example")
                .replace("0.016 pbx > old\nACK\n\n", ""),
            RULE.code,
        );
        assert!(
            finding.message.to_string().contains("sends the SUBSCRIBE for sip:bob@corp.example to"),
            "{}",
            finding.message
        );
        assert!(!finding.remediation[0].to_string().contains("call it"));
        assert!(
            only(&to("sip:bob@other.example", LATER), RULE.code).message.to_string().contains("sends the call for")
        );
    }

    #[test]
    fn a_forged_redirect_needs_no_following() {
        let flow = to("sip:+442079460000@other.example", LATER);
        assert!(with_code(&flow, "redirect-not-followed").is_empty());
        assert!(only(&flow, RULE.code).remediation[0].to_string().starts_with("Do not store"));
    }
}
