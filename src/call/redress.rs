//! Whom a rejected caller may ask: the contact that a blocking network names in 603+ (attributes in the text of Reason), or in
//! 608 (a signed contact card that Call-Info points to, RFC 8688 §3.2).

use super::network_block::{NetworkBlock, Redress};
use crate::sip::{HeaderName, Message, NameAddr, Params, StatusCode, params};

/// The contact of one response, each part whole and as captured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedressContact {
    /// A page to seek redress at.
    pub url: Option<String>,
    /// A telephone number.
    pub tel: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// Where the signed contact card is (608; some send it with 607).
    pub card: Option<String>,
    /// What to quote.
    pub id: Option<String>,
}

impl RedressContact {
    /// The contact that a response names; `None` where it names none.
    pub fn of(message: &Message) -> Option<Self> {
        match message.status()? {
            StatusCode(603) => NetworkBlock::of(message)?.redress.filter(Redress::has_contact).map(Self::from),
            // In a 607 a card has no meaning by RFC 8197, but says whom to ask all the same.
            StatusCode(607 | 608) => {
                Some(Self { card: Some(card(&message.values(HeaderName::CallInfo))?), ..Self::default() })
            }
            _ => None,
        }
    }

    /// The ways to reach somebody, in the order of the attributes.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        [&self.url, &self.tel, &self.email, &self.card].into_iter().filter_map(Option::as_deref)
    }
}

impl From<Redress> for RedressContact {
    fn from(redress: Redress) -> Self {
        Self { url: redress.url, tel: redress.tel, email: redress.email, card: None, id: redress.id }
    }
}

/// The URI of the Call-Info value of purpose jwscard.
fn card(call_info: &[String]) -> Option<String> {
    let is_card = |value: &&String| purpose(value).is_some_and(|purpose| purpose.eq_ignore_ascii_case("jwscard"));
    let value = call_info.iter().find(is_card)?;
    Some(NameAddr::read(value).map_or_else(|| value.clone(), |address| address.uri.raw().to_owned()))
}

/// The purpose of a Call-Info value.
pub fn purpose(value: &str) -> Option<String> {
    let at = params::find(value, ';')?;
    Params::read(value.get(at..)?).value("purpose").filter(|p| !p.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(status: &str, field: &str) -> Option<RedressContact> {
        let text = format!("SIP/2.0 {status}\r\nTo: <sip:b@b.example>;tag=1\r\n{field}\r\n\r\n");
        RedressContact::of(&Message::read(text.as_bytes(), false).unwrap().0)
    }

    #[test]
    fn every_part_is_kept_whole() {
        let long = format!("https://redress.example.com/{}?case=1,2", "x".repeat(2000));
        let reason = format!(
            "Reason: SIP;cause=603;text=\"v=analytics1;url={long};tel=+12155550100;email=redress@example.com;id=AB12\";location=LN"
        );
        let found = contact("603 Network Blocked", &reason).unwrap();
        assert_eq!(found.places().collect::<Vec<_>>(), [long.as_str(), "+12155550100", "redress@example.com"]);
        assert_eq!(found.id.as_deref(), Some("AB12"));
    }

    #[test]
    fn a_card_is_found_among_other_values() {
        let field = "Call-Info: <https://x.example/i>;purpose=icon, <https://block.example.net/a;b,c>; Purpose=JWSCARD";
        for status in ["608 Rejected", "607 Unwanted"] {
            let found = contact(status, field).unwrap();
            assert_eq!(found.places().collect::<Vec<_>>(), ["https://block.example.net/a;b,c"]);
        }
    }

    #[test]
    fn other_responses_name_nobody() {
        for (status, field) in [
            ("603 Decline", "Reason: Q.850;cause=21;text=\"Call rejected\""),
            ("603 Network Blocked", "Reason: SIP;cause=603;text=\"v=analytics1;id=AB12\""),
            ("608 Rejected", "Call-Info: <https://x.example/j>;purpose=sip.608"),
            ("607 Unwanted", "Call-Info: <https://x.example/j>;purpose=info"),
            ("603 Decline", "Call-Info: <https://x.example/j>;purpose=jwscard"),
        ] {
            assert_eq!(contact(status, field), None, "{status} {field}");
        }
    }
}
