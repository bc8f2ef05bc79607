//! The compact form (RFC 8225 §7): header and claims, left out of the token, are made again from the SIP message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::json;

use super::Identity;
use super::passport::Subject;
use super::verify::Surroundings;

/// What a signature in compact form was made over; `None` where it cannot be known: with an extension, whose further claims are in
/// no header field, or where the certificate's URL, Date, caller or called party is missing (RFC 8224 §4.1, §6.2).
pub(super) fn signing_input(identity: &Identity, around: &Surroundings) -> Option<String> {
    if identity.ppt.is_some() {
        return None;
    }
    let header = json!({ "alg": "ES256", "typ": "passport", "x5u": identity.info()? });
    let (orig, dest) = (around.orig.as_ref()?, around.dest.as_ref()?);
    // Keys come in lexicographic order without white space, as RFC 8225 §9 asks.
    let claims = json!({
        "dest": { member(dest): [dest.text()] },
        "iat": around.date?,
        "orig": { member(orig): orig.text() },
    });
    Some(format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string())))
}

fn member(subject: &Subject) -> &'static str {
    match subject {
        Subject::Number(_) => "tn",
        Subject::Uri(_) => "uri",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_claims_come_from_the_message() {
        let around = Surroundings {
            orig: Some(Subject::Number("12125550101".to_owned())),
            dest: Some(Subject::Uri("sip:bob@b.example".to_owned())),
            date: Some(1_774_879_200),
        };
        let identity = Identity::read("..AAAA;info=<https://c.example/p.pem>");
        let input = signing_input(&identity, &around).unwrap();
        let (header, claims) = input.split_once('.').unwrap();
        let plain = |text: &str| String::from_utf8(BASE64.decode(text).unwrap()).unwrap();
        assert_eq!(plain(header), r#"{"alg":"ES256","typ":"passport","x5u":"https://c.example/p.pem"}"#);
        assert_eq!(
            plain(claims),
            r#"{"dest":{"uri":["sip:bob@b.example"]},"iat":1774879200,"orig":{"tn":"12125550101"}}"#
        );
        for (value, around) in [
            ("..AAAA;info=<https://c.example/p.pem>;ppt=shaken", around.clone()),
            ("..AAAA", around.clone()),
            ("..AAAA;info=<https://c.example/p.pem>", Surroundings { date: None, ..around }),
        ] {
            assert_eq!(signing_input(&Identity::read(value), &around), None, "{value}");
        }
    }
}
