//! What the Identity values of a call claim, and what is known of their signatures.

use super::View;
use super::overview::LABEL;
use super::page::{Page, Tone, cut};
use crate::diagnosis::{CallReport, CheckedIdentity};
use crate::lang::Text;
use crate::provenance::Timestamp;
use crate::stir::{Claims, Subject};

/// Values that are shown, and display cells of a claim in JSON.
const SHOWN: usize = 5;
const CLAIM: usize = 160;

/// One paragraph a value.
pub(super) fn write(page: &mut Page, view: &View, report: &CallReport) {
    for (at, checked) in report.identities.iter().take(SHOWN).enumerate() {
        let label = if at == 0 { Text::new("Identity") } else { Text::default() };
        page.entry(label, Tone::Plain, sentence(checked, view, report.call.start));
    }
    page.more(2 + LABEL, report.identities.len(), SHOWN, "{n} more Identity value", "{n} more Identity values");
}

/// `shaken, attestation A, from 12125550101 to 12155550113, signed at 14:00:00.000 UTC; not verified: …`.
pub(in crate::report) fn sentence(checked: &CheckedIdentity, view: &View, start: Timestamp) -> Text {
    let identity = &checked.identity;
    let mut parts: Vec<Text> = identity.ppt().map(|ppt| Text::verbatim(cut(ppt, CLAIM))).into_iter().collect();
    if identity.passport.compact {
        parts.push(Text::new("compact form"));
    }
    if let Some(claims) = &identity.passport.claims {
        parts.extend(said(claims, view, start));
    }
    if parts.is_empty() {
        return Text::new("{verdict}").with("verdict", checked.verdict.text());
    }
    Text::new("{parts}; {verdict}").with("parts", Text::list(", ", parts)).with("verdict", checked.verdict.text())
}

fn said(claims: &Claims, view: &View, start: Timestamp) -> Vec<Text> {
    let mut parts = Vec::new();
    parts.extend(claims.attest.map(|level| Text::new("attestation {level}").with("level", level.letter())));
    let dest: Vec<&str> = claims.dest.iter().take(SHOWN).map(Subject::text).collect();
    if let Some(orig) = &claims.orig {
        parts.push(Text::new("from {orig} to {dest}").with("orig", orig.text()).with("dest", dest.join(" ")));
    }
    parts.extend(claims.div.as_ref().map(|div| Text::new("diverted by {div}").with("div", div.text())));
    let time = claims.iat.and_then(|seconds| seconds.checked_mul(1_000_000_000)).map(Timestamp);
    parts.extend(time.map(|time| Text::new("signed at {time}").with("time", view.moment(time, start))));
    parts.extend(claims.further.iter().take(SHOWN).map(|(name, value)| {
        Text::new("{name} {value}")
            .with("name", cut(name, CLAIM).into_owned())
            .with("value", cut(value, CLAIM).into_owned())
    }));
    parts
}

#[cfg(test)]
mod tests {
    use super::super::page::Paper;
    use super::super::{Markup, TextOptions, TextSink};
    use super::*;
    use crate::diagnosis::reports::report;
    use crate::diagnosis::signed_flow::flow;
    use crate::lang::Lang;
    use crate::report::sample::Buffer;

    #[test]
    fn claims_are_told_with_what_they_are_worth() {
        let view = TextSink::new(Box::new(Buffer::default()), TextOptions::default()).view;
        let mut page = Page::new(Paper {
            width: 100,
            columns: 100,
            colour: false,
            links: false,
            lang: Lang::En,
            markup: Markup::Plain,
        });
        write(&mut page, &view, &report(&flow(&["V4", "V9", "V7"], "607 Unwanted")));
        insta::assert_snapshot!(page.into_text());
    }
}
