//! A redirect that names no place to go to.

use crate::call::Call;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, NameAddr, Uri};

/// Digits of numbers that are one where one has a country code and the other none.
const NUMBER: usize = 7;
/// Q.850 cause 22: number changed.
const NUMBER_CHANGED: u32 = 22;

pub(super) static RULE: Rule = Rule {
    code: "redirect-without-contact",
    summary: "A 3xx response without a Contact header field: there is no address to redirect to.",
    severity: Severity::Error,
    references: &["RFC 3261 §8.1.3.4", "RFC 3261 §13.3.1.2", "RFC 3261 §21.3", "RFC 3398 §7.2.4.1"],
    explanation: Explanation {
        what_it_means: "A server said that the called address has moved (300, 301, 302 or 305), but not where to: the \
            response has no Contact header field. RFC 3261 only says that a redirect SHOULD carry one, so the \
            response is legal, and useless: no client can follow it.",
        why_it_matters: "The call ends there. Users hear a failure tone or an announcement of their own network, and \
            turning on redirect handling at the client changes nothing, because there is nothing to follow.",
        likely_causes: "- A telephone network released the call with Q.850 cause 22 (number changed) without telling \
            the new number, and the gateway mapped it to 301 all the same. The Reason header field shows it.\n\
            - The script or dial plan of a server sends the status without setting a Contact.\n\
            - The location service found no binding, and the server answers 301 in place of 404 or 480.\n\
            - An element between server and capture removed the Contact, for example to hide the topology.",
        how_to_fix: "- At the element that sent the 3xx: add a Contact with a URI that the client can reach.\n\
            - At a gateway: map cause 22 without a new number to 410, with a new number to 301 and a Contact (RFC 3398 \
            §7.2.4.1), and play the announcement of the telephone network.\n\
            - Where the new address is not known: answer 410 or 404.\n\
            - At the caller: nothing can be followed; find out the new number by another way and correct the directory.",
        how_to_confirm: "Call again: the 3xx must carry a Contact and be followed by a second INVITE, or the call must \
            end with 410 or 404 at once.",
        when_this_is_wrong: "- The Contact is written in its compact form, `m:`. sipscan reads it, other tools and eyes \
            may miss it.\n\
            - The frame is cut by the snap length, so that the Contact was sent but not captured; the rule is silent \
            for cut messages.\n\
            - 380 Alternative Service describes what to do in its body and needs no Contact.\n\
            - What History-Info has beside the called address is a hint at the new one and no more: it may be another stage of the call.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    out.extend(RedirectCase::of_initial_requests(call).filter(applies).map(finding));
}

/// Whether the redirect names no address at all.
pub(super) fn applies(case: &RedirectCase<'_>) -> bool {
    let message = &case.response.message;
    case.offers_contacts() && !message.is_cut() && !message.has(HeaderName::Contact)
}

/// What the history of the call has beside what was asked for (RFC 7044). Who redirects may have written the new address there; no client goes there for
/// that, and it may be any other stage of the call.
struct Named {
    uri: Uri,
    evidence: Evidence,
}

impl Named {
    fn of(case: &RedirectCase<'_>) -> Option<Self> {
        let response = &case.response.message;
        if !response.has(HeaderName::HistoryInfo) {
            return None;
        }
        let asked = asked(case);
        let before: Vec<String> = case.request().map(|m| m.message.values(HeaderName::HistoryInfo)).unwrap_or_default();
        let before: Vec<String> = before.iter().filter_map(|value| user(&NameAddr::read(value)?.uri)).collect();
        let entries = response.values(HeaderName::HistoryInfo);
        let mut uris = entries.iter().filter_map(|value| Some(NameAddr::read(value)?.uri));
        let is_new = |uri: &Uri| {
            let is_known = |known: &String| user(uri).is_none_or(|user| is_same(&user, known));
            !uri.host.ends_with(".invalid") && user(uri).is_some() && !asked.iter().chain(&before).any(is_known)
        };
        let uri = uris.rfind(is_new)?;
        let evidence =
            Evidence::header(case.response, HeaderName::HistoryInfo, "names an address that was not asked for");
        Some(Self { uri, evidence })
    }

    fn told(&self) -> Text {
        Text::new("Its History-Info has {uri}, which was not asked for and may be the new address; clients do not follow what stands there.")
            .with("uri", &self.uri)
    }

    fn fix(&self) -> Text {
        Text::new("See whether {uri} of History-Info is the new address, and put that into a Contact.")
            .with("uri", &self.uri)
    }
}

/// The users that were asked for.
fn asked(case: &RedirectCase<'_>) -> Vec<String> {
    let requests = case.nearest_request().into_iter().chain(case.request());
    let uris = requests.flat_map(|m| [m.message.request_uri(), m.message.to().map(|to| to.uri)]);
    uris.flatten().chain(case.redirect.from.clone()).filter_map(|uri| user(&uri)).collect()
}

fn user(uri: &Uri) -> Option<String> {
    uri.user_name().filter(|user| !user.is_empty()).map(str::to_ascii_lowercase)
}

/// Whether two users are one, with or without a country code.
fn is_same(one: &str, other: &str) -> bool {
    let digits = |user: &str| user.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_number = |user: &str| user.chars().all(|c| c.is_ascii_digit() || "+-.()".contains(c));
    let (one_digits, other_digits) = (digits(one), digits(other));
    let ends_alike = || one_digits.ends_with(&other_digits) || other_digits.ends_with(&one_digits);
    let are_long = one_digits.len().min(other_digits.len()) >= NUMBER;
    one == other || is_number(one) && is_number(other) && are_long && ends_alike()
}

/// That the redirect says itself that calls to who was asked for are diverted (RFC 5806). That header field names who diverts, never where to.
fn diverts(case: &RedirectCase<'_>) -> Option<(Text, Evidence)> {
    let values = case.response.message.values(HeaderName::Diversion);
    let asked = asked(case);
    let by = values.iter().filter_map(|value| NameAddr::read(value)).find(|by| {
        let user = user(&by.uri);
        user.is_some_and(|user| asked.iter().any(|known| is_same(&user, known)))
    })?;
    let text = match by.params.value("reason") {
        Some(reason) => Text::new("Its Diversion says that {user} diverts calls ({reason}), and not where to.")
            .with("reason", reason),
        None => Text::new("Its Diversion says that {user} diverts calls, and not where to."),
    };
    let evidence = Evidence::header(case.response, HeaderName::Diversion, "says who diverts the call");
    Some((text.with("user", &by.uri), evidence))
}

fn finding(case: RedirectCase<'_>) -> Finding {
    let reasons = case.response.message.reasons();
    let number_changed = reasons.iter().any(|r| r.is("Q.850") && r.cause == Some(NUMBER_CHANGED));
    let message = Text::new(if number_changed {
        "{server} answered {status} without a Contact, so there is no address to follow; its Reason (Q.850 cause 22, \
         number changed) shows that the telephone network did not tell the new number."
    } else {
        "{server} answered {status} without a Contact, so there is no address to follow."
    })
    .with("server", case.redirector())
    .with("status", case.redirect.status);
    let named = Named::of(&case);
    let diverts = diverts(&case);
    let message = with_reason(message, named.as_ref().map(Named::told));
    let message = with_reason(message, diverts.as_ref().map(|(said, _)| said.clone()));
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(case.severity())
        .evidence(reasons.first().map(|_| Evidence::header(case.response, HeaderName::Reason, "why it moved")))
        .evidence(named.as_ref().map(|named| named.evidence.clone()))
        .evidence(diverts.map(|(_, evidence)| evidence))
        .evidence(case.request_evidence());
    let finding = named.iter().fold(finding, |finding, named| finding.fix(named.fix()));
    let finding = if number_changed {
        finding
            .actor(Actor::sender(case.response, "operator of the gateway to the telephone network"))
            .fix(
                "Map cause 22 without a new number to 410, and with a new number to 301 with a Contact that carries \
                 it (RFC 3398 §7.2.4.1); let the announcement of the telephone network through.",
            )
            .fix(
                "At the caller: the number has changed; find out the new one by another way and correct the directory.",
            )
    } else {
        finding
            .actor(case.operator())
            .fix("Add a Contact with the new address to the response; where it is not known, answer 410 or 404.")
            .fix("At the caller: nothing can be followed; find out the new address by another way.")
    };
    finding.verify(case.verification(
        "Call again: the 3xx carries a Contact and a second INVITE follows, or the call ends with 410 or 404.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, LATER, check, followed, only, redirected};

    #[test]
    fn only_a_missing_contact_of_a_status_that_needs_one_counts() {
        let answered = followed("sip:bob@new.example", "200 OK");
        check(
            RULE.code,
            &[
                ("301", &redirected("301 Moved Permanently", LATER), Some(Severity::Error)),
                ("305", &redirected("305 Use Proxy", LATER), Some(Severity::Error)),
                ("380 has a body instead", &redirected("380 Alternative Service", LATER), None),
                ("compact form", &redirected("301 Moved\nm: <sip:bob@new.example>", &answered), None),
                ("empty is malformed, not missing", &redirected("301 Moved\nContact:", LATER), None),
            ],
        );
        let cut =
            format!("{HOSTS}0.0 pbx > old\nINVITE sip:bob@corp.example\n\n0.1 old > pbx cut=200\n301 Moved\n\n{LATER}");
        check(RULE.code, &[("cut before the Contact", &cut, None)]);
    }

    #[test]
    fn the_reason_of_a_gateway_names_another_remedy() {
        let flow = redirected("301 Moved Permanently\nReason: Q.850;cause=22;text=\"Number changed\"", LATER);
        let finding = only(&flow, RULE.code);
        assert_eq!(
            finding.actor.as_ref().unwrap().role.to_string(),
            "operator of the gateway to the telephone network"
        );
        assert!(finding.remediation[0].to_string().contains("410"), "{:?}", finding.remediation);
        assert_eq!(finding.evidence[1].text, "Reason: Q.850;cause=22;text=\"Number changed\"");
    }

    #[test]
    fn history_and_diversion_are_hints_and_no_contact() {
        let history = |more: &str| format!("History-Info: <sip:bob@corp.example>;index=1{more}");
        let said = |fields: &str| only(&redirected(&format!("301 Moved Permanently\n{fields}"), LATER), RULE.code);
        for (name, fields, told) in [
            ("nothing more", history(""), None),
            (
                "another user",
                history(", <sip:bob.new@other.example>;index=1.1"),
                Some("Its History-Info has sip:bob.new@other.example, which"),
            ),
            ("the same user elsewhere", history(", <sip:BOB@10.0.0.1:5070>;index=1.1"), None),
            ("withheld", history(", <sip:anonymous@anonymous.invalid>;index=1.1"), None),
            (
                "who diverts",
                "Diversion: <sip:bob@corp.example>;reason=unconditional".to_owned(),
                Some("Its Diversion says that sip:bob@corp.example diverts calls (unconditional), and not where to."),
            ),
            (
                "another who diverted before",
                "Diversion: <sip:carol@corp.example>;reason=unconditional".to_owned(),
                None,
            ),
        ] {
            let finding = said(&fields);
            let message = finding.message.to_string();
            match told {
                Some(told) => assert!(message.contains(told) && finding.evidence.len() > 2, "{name}: {message}"),
                None => assert!(message.ends_with("so there is no address to follow."), "{name}: {message}"),
            }
        }
        // What came with the request is no news.
        let came = redirected(&format!("301 Moved\n{}", history(", <sip:carol@corp.example>;index=1.1")), LATER)
            .replacen(
                "INVITE sip:bob@corp.example\n",
                "INVITE sip:bob@corp.example\nHistory-Info: <sip:carol@corp.example>;index=1\n",
                1,
            );
        assert!(only(&came, RULE.code).message.to_string().ends_with("no address to follow."));
        for (one, other, same) in [
            ("+12155550100", "2155550100", true),
            ("(215) 555-0100", "2155550100", false),
            ("215-555-0100", "2155550100", true),
            ("100", "2100", false),
            ("bob", "bob", true),
            ("bob1234567", "1234567", false),
        ] {
            assert_eq!(is_same(one, other), same, "{one} {other}");
        }
    }
}
