//! 603+: a 603 by which a network says that it blocked the call (diagnosis §C7), with the redress data in its Reason.

use crate::sip::{HeaderName, Message, Params, Reason, StatusCode};

/// What a 603 says of blocking by a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkBlock {
    /// Whether the reason phrase is `Network Blocked`, one of the two phrases that count as evidence.
    pub phrase: bool,
    /// The Reason value with the attributes, where there is one.
    pub redress: Option<Redress>,
}

/// The attributes inside `text="v=analytics1;url=…;id=…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redress {
    /// The Reason value.
    pub reason: Reason,
    /// `v`: the kind of blocking, such as `analytics1`.
    pub version: Option<String>,
    /// `url`: where to seek redress.
    pub url: Option<String>,
    /// `tel`: whom to call.
    pub tel: Option<String>,
    /// `email`: whom to write to.
    pub email: Option<String>,
    /// `id`: what to quote there.
    pub id: Option<String>,
    /// The `location` parameter of the Reason value, such as `LN`.
    pub location: Option<String>,
    /// Whether the attributes stand beside the text rather than in it, because its quotation marks were lost.
    pub is_unquoted: bool,
}

impl NetworkBlock {
    /// The marks of 603+ in a response; `None` for other statuses, and for an ordinary decline.
    pub fn of(message: &Message) -> Option<Self> {
        if message.status() != Some(StatusCode(603)) {
            return None;
        }
        let phrase =
            message.reason_phrase().is_some_and(|phrase| phrase.trim().eq_ignore_ascii_case("Network Blocked"));
        // A Reason beside the phrase belongs to the block even if its attributes are incomplete.
        let mut reasons = message.reasons().into_iter().filter_map(|reason| Redress::read(reason, phrase));
        let redress = reasons.next();
        (phrase || redress.is_some()).then_some(Self { phrase, redress })
    }
}

impl Redress {
    fn read(reason: Reason, beside_phrase: bool) -> Option<Self> {
        if !reason.is("SIP") && !reason.is("Q.850") {
            return None;
        }
        let attributes = Params::read(reason.text.as_deref().unwrap_or_default());
        let within = |name| attributes.value(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let version = within("v");
        if version.is_none() && !beside_phrase {
            return None;
        }
        let beside = |name: &str| reason.params.value(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let is_unquoted = CONTACTS.into_iter().any(|name| within(name).is_none() && beside(name).is_some());
        let of = |name| within(name).or_else(|| beside(name).filter(|_| is_unquoted));
        Some(Self {
            is_unquoted,
            version,
            url: of("url"),
            tel: of("tel"),
            email: of("email"),
            id: of("id"),
            location: reason.params.value("location").map(str::to_owned),
            reason,
        })
    }

    /// Whether the blocked party learns whom to ask.
    pub fn has_contact(&self) -> bool {
        self.url.is_some() || self.tel.is_some() || self.email.is_some()
    }

    /// Whether protocol and cause are those of 603+: SIP and 603, or, from the telephone network, Q.850 and 21.
    pub fn has_cause(&self) -> bool {
        self.reason.cause == Some(if self.reason.is("SIP") { 603 } else { CALL_REJECTED })
    }
}

/// Attributes of which one must be there.
const CONTACTS: [&str; 3] = ["url", "tel", "email"];
/// "Call rejected" of Q.850: what a 603+ becomes in the telephone network.
pub const CALL_REJECTED: u32 = 21;

/// Whether a response carries the marks of network analytics: a Reason with `v=analytics…`, or a page or card in Call-Info. Pictures and the like
/// are the callee's own.
pub fn has_analytics_marks(message: &Message) -> bool {
    has_contact_page(message) || mentions_analytics(message)
}

/// Whether a Call-Info names a page or card that may tell whom to ask.
pub fn has_contact_page(message: &Message) -> bool {
    message.has(HeaderName::CallInfo) && message.values(HeaderName::CallInfo).iter().any(|value| names_a_contact(value))
}

/// Whether a Call-Info value is a page that may tell whom to ask.
fn names_a_contact(value: &str) -> bool {
    let Some((uri, params)) = value.split_once('>') else { return false };
    let is_page = uri.trim_start_matches([' ', '<']).get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
    let params = Params::read(params.trim_start_matches([' ', ';']));
    let purpose = params.value("purpose");
    is_page && purpose.is_none_or(|purpose| ["jwscard", "info"].iter().any(|known| purpose.eq_ignore_ascii_case(known)))
}

/// Whether the text of a Reason value has the word, in the form of [`says_analytics`] or without.
pub fn mentions_analytics(message: &Message) -> bool {
    let text = |reason: Reason| reason.text.unwrap_or_default().to_ascii_lowercase();
    message.reasons().into_iter().any(|reason| text(reason).contains("analytics"))
}

/// Whether a Reason value says that analytics decided: `text="v=analytics1;…"`.
pub fn says_analytics(message: &Message) -> bool {
    message.reasons().into_iter().any(|reason| {
        let attributes = Params::read(reason.text.as_deref().unwrap_or_default());
        attributes.value("v").is_some_and(|v| v.to_ascii_lowercase().starts_with("analytics"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: &str, more: &str) -> Message {
        let text = format!("SIP/2.0 {status}\r\nTo: <sip:b@b.example>;tag=1\r\n{more}\r\n");
        Message::read(text.as_bytes(), false).unwrap().0
    }

    #[test]
    fn the_text_attribute_is_read_whole() {
        let m = response(
            "603 Network Blocked",
            "Reason: SIP;cause=603;text=\"v=analytics1;url=https://redress.example.com/r;id=AB12\";location=LN\r\n",
        );
        let redress = NetworkBlock::of(&m).unwrap().redress.unwrap();
        assert_eq!((redress.version.as_deref(), redress.id.as_deref()), (Some("analytics1"), Some("AB12")));
        assert_eq!(redress.url.as_deref(), Some("https://redress.example.com/r"));
        assert_eq!((redress.location.as_deref(), redress.has_contact()), (Some("LN"), true));
    }

    #[test]
    fn lost_quotation_marks_are_seen_through() {
        let m = response(
            "603 Network Blocked",
            "Reason: SIP;cause=603;text=v=analytics1;url=https://redress.example.com/r;id=AB12;location=LN\r\n",
        );
        let redress = NetworkBlock::of(&m).unwrap().redress.unwrap();
        assert_eq!((redress.version.as_deref(), redress.id.as_deref()), (Some("analytics1"), Some("AB12")));
        assert_eq!(redress.url.as_deref(), Some("https://redress.example.com/r"));
        assert!(redress.is_unquoted && redress.has_contact() && redress.has_cause());
    }

    #[test]
    fn protocol_and_cause_belong_together() {
        for (value, expected) in [
            ("SIP;cause=603", true),
            ("Q.850;cause=21", true),
            ("SIP;cause=21", false),
            ("Q.850;cause=603", false),
            ("SIP", false),
        ] {
            let m = response("603 Network Blocked", &format!("Reason: {value};text=\"v=analytics1\"\r\n"));
            assert_eq!(NetworkBlock::of(&m).unwrap().redress.unwrap().has_cause(), expected, "{value}");
        }
    }

    #[test]
    fn a_reason_speaks_of_analytics_in_any_form() {
        for (more, form, mark) in [
            ("Reason: SIP;cause=607;text=\"v=analytics1;url=https://r.example\"", true, true),
            ("Reason: SIP;cause=607;text=\"Blocked by Analytics\"", false, true),
            ("Reason: SIP;cause=607;text=\"Spam\"", false, false),
            ("Server: analytics", false, false),
            ("Call-Info: <https://r.example>;purpose=info", false, true),
            ("Call-Info: <https://r.example/j>;purpose=jwscard", false, true),
            ("Call-Info: <https://r.example/me.png> ;purpose=icon", false, false),
            ("Call-Info: <sip:r.example>;answer-after=0", false, false),
        ] {
            let m = response("607 Unwanted", &format!("{more}\r\n"));
            assert_eq!((says_analytics(&m), has_analytics_marks(&m)), (form, mark), "{more}");
        }
    }

    #[test]
    fn marks_decide_and_other_phrases_do_not() {
        for (status, more, expected) in [
            ("603 Network Blocked", "", Some((true, false))),
            ("603 network blocked", "Reason: Q.850;cause=21\r\n", Some((true, true))),
            ("603 Decline", "Reason: SIP;cause=603;text=\"v=analytics1;email=a@b.example\"\r\n", Some((false, true))),
            ("603 Decline", "Retry-After: 3600\r\n", None),
            ("603 Spam", "", None),
            ("603 Decline", "Reason: Q.850;cause=21;text=\"Call Rejected\"\r\n", None),
            ("608 Network Blocked", "", None),
        ] {
            let found = NetworkBlock::of(&response(status, more));
            assert_eq!(found.map(|b| (b.phrase, b.redress.is_some())), expected, "{status} {more}");
        }
    }
}
