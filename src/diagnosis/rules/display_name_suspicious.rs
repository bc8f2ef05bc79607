//! A rejected call whose display name looks wrong.

use std::sync::LazyLock;

use crate::call::Call;
use crate::diagnosis::identity_case::{IdentityCase, number_in, same_caller};
use crate::diagnosis::{
    Actor, Certainty, Cited, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text,
};
use crate::sip::{HeaderName, NameAddr};
use crate::stir::TelephoneNumber;
use crate::words::Words;

/// Characters that North American name services carry; longer names are cut.
const NAME_CHARACTERS: usize = 15;
/// Digits behind a `V` in the names by which some diallers mark their calls.
const MARK_DIGITS: usize = 10;
/// Parts of the labels that networks put in front of their subscribers, in small letters.
static LABELS: LazyLock<Words<'_>> =
    LazyLock::new(|| Words::new(["spam", "scam", "fraud", "robocall", "telemarket", "nuisance", "blocked"]));
/// How web addresses begin.
static WEB: LazyLock<Words<'_>> = LazyLock::new(|| Words::new(["http:", "https:", "www."]));
/// Words of advertising, in small letters.
const LURES: &[&str] = &["free", "winner", "prize", "urgent", "offer", "warranty", "refund"];

pub(super) static RULE: Rule = Rule {
    code: "display-name-suspicious",
    summary: "The display name of a rejected caller looks wrong, or carries the label of an analytics service.",
    severity: Severity::Notice,
    references: &["RFC 3261 §20.20", "RFC 8197 §4", "ATIS-1000074"],
    explanation: Explanation {
        what_it_means: "The display name in From or P-Asserted-Identity of a call that was rejected as unwanted, by a network \
            or for its identity is another number than the caller's, holds a web address, control characters, a word of \
            advertising or a mark of diallers (`V` and digits), is longer than the 15 characters that North American name \
            services carry, or is a label such as \"Scam Likely\". These are signs, not proofs.",
        why_it_matters: "The name is what the called person reads first. A label that somebody upstream has put there says \
            that analytics have already judged the caller.",
        likely_causes: "- The exchange puts the extension or another number where the name should stand.\n\
            - The dialler fills the name with its own call reference.\n\
            - The name was chosen to attract attention.\n\
            - An analytics service on the way labelled the call.",
        how_to_fix: "- Send the registered name of the caller, at most 15 characters in North America, or none.\n\
            - Register the name with the provider (CNAM), or use signed Rich Call Data.\n\
            - If it is a label: ask the service that put it there for redress; no change at the exchange removes it.",
        how_to_confirm: "The next INVITE carries the registered name in From, at each hop that was captured.",
        when_this_is_wrong: "- The name repeats the caller's own number, in whatever form.\n\
            - Long names of callers outside of North America: no service cuts them.\n\
            - A company's real name may hold one of the words.",
    },
    detect: Detect::of_rejections(detect),
};

/// What is odd about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    Label,
    Unprintable,
    OtherNumber,
    Mark,
    WebAddress,
    Lure,
    TooLong(usize),
}

impl Oddity {
    fn text(self) -> Text {
        match self {
            Self::Label => Text::new("it is a label of an analytics service"),
            Self::Unprintable => Text::new("it holds characters that cannot be shown"),
            Self::OtherNumber => Text::new("it is a number, but not that of the caller"),
            Self::Mark => Text::new("`V` and digits are a mark of diallers"),
            Self::WebAddress => Text::new("it holds a web address"),
            Self::Lure => Text::new("it holds a word of advertising"),
            Self::TooLong(length) => Text::new("it has {length} characters, and name services cut after {limit}")
                .with("length", length)
                .with("limit", NAME_CHARACTERS),
        }
    }
}

fn detect(_: &Call, cx: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(case) = cx.rejected_identity() else { return };
    let message = &case.request.message;
    let of_from = || {
        let user = case.from()?.user;
        let name = NameAddr::name_of(&message.header(HeaderName::From)?)?;
        finding(case, HeaderName::From, &name, user, cx)
    };
    let of_asserted = || {
        let parties = message.asserted_identities();
        parties.iter().find_map(|party| {
            let (name, user) = (party.display_name.as_deref()?, party.uri.user.as_deref());
            finding(case, HeaderName::PAssertedIdentity, name, user, cx)
        })
    };
    out.extend(of_from().or_else(of_asserted));
}

fn finding(
    case: &IdentityCase<'_>,
    field: HeaderName,
    name: &str,
    user: Option<&str>,
    cx: &Context<'_>,
) -> Option<Finding> {
    let country = &cx.settings.country;
    let oddity = oddity(name, number_in(user, country).as_ref(), country)?;
    let message =
        Text::new("The display name {name} of a rejected caller looks suspicious: {why}. A sign, not a proof.")
            .with("name", format!("{name:?}"))
            .with("why", oddity.text());
    let finding =
        Finding::new(&RULE, Certainty::Weak, message, Evidence::header(case.request, field, "the display name"))
            .evidence(case.rejection_evidence());
    Some(match (oddity, upstream_name(case, field)) {
        (Oddity::Label, before) => {
            let sender =
                Actor::sender(case.request, "operator of the network that labelled the call, or one in front of it");
            let received = Cited::field(&case.request.message, field).unwrap_or_default();
            finding
                .evidence(before.filter(|first| first.text != received))
                .actor(sender)
                .fix("Ask the analytics service that labelled the calling number for redress, through the provider that shows the label.")
                .verify("The next INVITE carries the caller's own name up to the callee.")
        }
        _ => finding
            .actor(Actor::sender(case.nearest, "the calling side"))
            .fix("Send the registered name of the caller in From, or none.")
            .fix("Register the name with the provider (CNAM or Rich Call Data).")
            .verify("The next INVITE carries the registered name in From."),
    })
}

/// The same header field as the caller sent it.
fn upstream_name(case: &IdentityCase<'_>, field: HeaderName) -> Option<Evidence> {
    case.has_several_hops().then(|| Evidence::header(case.nearest, field, "the display name as the caller sent it"))
}

fn oddity(name: &str, own: Option<&TelephoneNumber>, country: &str) -> Option<Oddity> {
    let small = name.to_lowercase();
    let mut words = small.split(|c: char| !c.is_alphanumeric());
    if LABELS.are_in(&small) {
        return Some(Oddity::Label);
    }
    if name.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Some(Oddity::Unprintable);
    }
    if is_other_number(name, own, country) {
        return Some(Oddity::OtherNumber);
    }
    if is_mark(name) {
        return Some(Oddity::Mark);
    }
    if WEB.are_in(&small) {
        return Some(Oddity::WebAddress);
    }
    if words.any(|word| LURES.contains(&word)) {
        return Some(Oddity::Lure);
    }
    let length = name.chars().count();
    (length > NAME_CHARACTERS && own.is_some_and(TelephoneNumber::is_nanp)).then_some(Oddity::TooLong(length))
}

/// Whether the name is a number, and the caller has another one.
fn is_other_number(name: &str, own: Option<&TelephoneNumber>, country: &str) -> bool {
    let Some((shown, own)) = TelephoneNumber::read(name, country).zip(own) else { return false };
    !same_caller(&shown, own)
}

fn is_mark(name: &str) -> bool {
    let digits = name.strip_prefix(['V', 'v']).unwrap_or_default();
    digits.len() >= MARK_DIGITS && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};

    fn flow(from: &str, response: &str) -> String {
        format!(
            "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 a > p\nINVITE sip:+12155550113@198.51.100.50\nFrom: {from}\n\n\
             0.1 p > a tag=t\n{response}\n\n0.2 a > p\nACK\n"
        )
    }

    #[test]
    fn each_sign_is_told() {
        let notice = Some(Severity::Notice);
        for (name, expected) in [
            ("Example Corp", None),
            ("+1 212 555 0101", None),
            ("2125550101", None),
            ("1001", notice),
            ("V11291406350001234567", notice),
            ("V8 Juice", None),
            ("SCAM LIKELY", notice),
            ("Spam?", notice),
            ("visit www.shop.example", notice),
            ("Free Gift", notice),
            ("Freemont Books", None),
            ("Example Corporation", notice),
        ] {
            let text = flow(&format!("\"{name}\" <sip:+12125550101@192.0.2.10>"), "607 Unwanted");
            check(RULE.code, &[(name, &text, expected)]);
        }
        let long = "\"Example Corporation\" <sip:+442079460100@192.0.2.10>";
        let label = "\"Scam Likely\" <sip:+12125550101@192.0.2.10>";
        check(
            RULE.code,
            &[
                ("outside of North America", &flow(long, "607 Unwanted"), None),
                ("answered", &flow(label, "200 OK"), None),
                ("busy", &flow(label, "486 Busy Here"), None),
                ("no name", &flow("<sip:+12125550101@192.0.2.10>", "607 Unwanted"), None),
                ("no number", &flow("\"1001\" <sip:alice@192.0.2.10>", "607 Unwanted"), None),
            ],
        );
    }

    #[test]
    fn a_label_is_no_matter_of_the_caller() {
        let finding = only(&flow("\"Scam Likely\" <sip:+12125550101@192.0.2.10>", "607 Unwanted"), RULE.code);
        assert!(finding.message.to_string().contains("\"Scam Likely\""), "{}", finding.message);
        assert!(finding.remediation[0].to_string().contains("redress"), "{}", finding.remediation[0]);
        assert_eq!(finding.certainty, Certainty::Weak);
    }
}
