//! Identity values of a call: what they claim, what that is worth, and the token decoded.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use maud::{Markup, html};

use super::left_out;
use crate::diagnosis::{CallReport, CheckedIdentity};
use crate::lang::Text;
use crate::provenance::Timestamp;
use crate::report::phrases;
use crate::report::text::{View, identity};

/// Values that are shown, and characters of a decoded part.
const SHOWN: usize = 5;
const PART: usize = 3000;

/// Tokens are shown as far as they can be read at all.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One block a value.
pub(super) fn write(view: &View, report: &CallReport) -> Markup {
    let more = report.identities.len().saturating_sub(SHOWN) as u64;
    html! {
        @for checked in report.identities.iter().take(SHOWN) { (value(view, checked, report.call.start)) }
        (left_out(view, more, Text::new("{n} more Identity values")))
    }
}

fn value(view: &View, checked: &CheckedIdentity, start: Timestamp) -> Markup {
    let token = checked.identity.token();
    let parts: Vec<_> = token.split('.').take(2).filter_map(decoded).collect();
    html! {
        div.passport {
            p { strong { "Identity" } " " (view.say(identity::sentence(checked, view, start))) }
            @if let Some(url) = checked.identity.certificate_url() {
                p { (view.say("Certificate")) " " code { (phrases::shortened(url, PART)) } }
            }
            @if !parts.is_empty() {
                details {
                    summary { (view.say("the PASSporT decoded: header and claims")) }
                    @for part in &parts { pre { (part) } }
                }
            }
        }
    }
}

/// A part of a token as JSON, indented where it can be read.
fn decoded(part: &str) -> Option<String> {
    let octets = BASE64.decode(part).ok().filter(|octets| !octets.is_empty())?;
    let text = String::from_utf8_lossy(&octets);
    let value = serde_json::from_str::<serde_json::Value>(&text);
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.into_owned());
    Some(phrases::shortened(&pretty, PART))
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn parts_of_tokens_are_decoded_as_far_as_they_can_be_read() {
        assert_eq!(decoded("eyJhIjoxfQ").as_deref(), Some("{\n  \"a\": 1\n}"));
        assert_eq!(decoded("eyJhIjoxfQ==").as_deref(), Some("{\n  \"a\": 1\n}"));
        assert_eq!(decoded("bm8ganNvbg").as_deref(), Some("no json"));
        assert_eq!((decoded("%%"), decoded("")), (None, None));
    }
}
