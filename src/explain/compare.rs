//! Two status codes side by side.

use super::page::{Column, Page};
use super::status::{lowered, required, write_known};
use super::view::{Cause, Comparison, Status, capitalised};
use crate::lang::{Lang, Text};

pub(super) fn write(pair: &Comparison, page: &mut Page) {
    let lang = page.lang();
    let both = [&pair.left, &pair.right];
    let [left, right] = both.map(|status| name(status, lang));
    page.title(Text::new("{left} and {right}").with("left", left).with("right", right).in_lang(lang).to_string());
    if pair.left.code == pair.right.code {
        pair.key_differences.iter().for_each(|text| page.paragraph(text));
        return write_known(&pair.left, page);
    }
    side_by_side(page, lang.tr("Description"), both.map(|status| (status, &status.description)), false);
    side_by_side(page, lang.tr("When it occurs"), both.map(|status| (status, &status.when_it_occurs)), true);
    side_by_side(page, lang.tr("How to fix"), both.map(|status| (status, &status.how_to_fix)), true);
    page.bullets(lang.tr("Key differences"), &pair.key_differences);
    page.bullets(lang.tr("When to use which"), &pair.when_to_use_which);
    let misconceptions =
        both.into_iter().flat_map(|status| status.misconceptions.iter().map(move |text| (status, text)));
    page.bullets(lang.tr("Misconceptions"), misconceptions.map(|(status, text)| of_code(status, text, lang)));
    page.bullets(
        lang.tr("Learn more"),
        both.map(|status| of_code(status, &status.references.join(lang.tr(", ")), lang)),
    );
}

fn name(status: &Status, lang: Lang) -> String {
    if status.asked == status.code {
        return status.title(lang);
    }
    let text = Text::new("{code} (not registered, treated as {other})").with("code", status.asked);
    text.with("other", status.code).in_lang(lang).to_string()
}

/// One of several texts, with the code that it is about.
fn of_code(status: &Status, text: &str, lang: Lang) -> String {
    Text::new("{code}: {text}").with("code", status.code).with("text", text).in_lang(lang).to_string()
}

fn side_by_side(page: &mut Page, heading: &'static str, columns: [(&Status, &Vec<&'static str>); 2], bullets: bool) {
    page.heading(heading);
    let [left, right] = columns.map(|(status, texts)| Column {
        head: status.code.to_string(),
        texts: texts.iter().map(ToString::to_string).collect(),
        bullets,
    });
    page.columns(left, right);
}

/// What sets two codes apart by the facts of the catalogue, where nobody wrote a comparison.
pub(super) fn differences(left: &Status, right: &Status, lang: Lang) -> Vec<String> {
    if left.code == right.code {
        let text = Text::new("Clients treat both as {status}.").with("status", left.title(lang));
        return vec![text.in_lang(lang).to_string()];
    }
    let mut texts: Vec<Text> = facts(lang).into_iter().map(|(what, value)| fact(what, left, right, &value)).collect();
    texts.extend([left, right].map(|status| {
        let text = Text::new("What the client does next after {code}: {rule}").with("code", status.code);
        text.with("rule", &status.retry_rule)
    }));
    if (left.code / 100 == 6) != (right.code / 100 == 6) {
        texts.push(Text::new(
            "A proxy that gets the 6xx cancels all other branches and tries no new ones; after the other it may go on.",
        ));
    }
    texts.into_iter().map(|text| text.in_lang(lang).to_string()).collect()
}

/// A fact of the catalogue in words.
type Value = Box<dyn Fn(&Status) -> String>;

fn facts(lang: Lang) -> [(Text, Value); 7] {
    let none = lang.tr("none");
    [
        (Text::new("Class"), Box::new(move |status| lowered(status.class, lang))),
        (Text::new("Nature"), Box::new(|status| status.nature.to_owned())),
        (Text::new("A call that ends with it failed"), Box::new(|status| status.failed.to_owned())),
        (Text::new("Effect on a dialog"), Box::new(|status| status.effect_on_dialog.to_owned())),
        (
            Text::new("Required header fields"),
            Box::new(move |status| {
                Some(required(status, lang)).filter(|r| !r.is_empty()).unwrap_or_else(|| none.to_owned())
            }),
        ),
        (
            Text::new("Cause in the telephone network (Q.850)"),
            Box::new(move |status| status.q850.as_ref().map_or_else(|| none.to_owned(), |cause| in_short(cause, lang))),
        ),
        (Text::new("Who acts"), Box::new(|status| status.who_acts.to_owned())),
    ]
}

fn fact(what: Text, left: &Status, right: &Status, value: &Value) -> Text {
    let (a, b) = (value(left), value(right));
    if a == b {
        return Text::new("{what}: the same for both, {value}.").with("what", what).with("value", a);
    }
    let text = Text::new("{what}: {left} {a}; {right} {b}.").with("what", what).with("a", a).with("b", b);
    text.with("left", left.code).with("right", right.code)
}

fn in_short(cause: &Cause, lang: Lang) -> String {
    Text::new("{value}, {name}").with("value", cause.value).with("name", cause.name).in_lang(lang).to_string()
}

/// Where each of two codes is the right one, where nobody wrote it down.
pub(super) fn situations(left: &Status, right: &Status, lang: Lang) -> Vec<String> {
    if left.code == right.code {
        return Vec::new();
    }
    let situation =
        |status: &Status| status.when_it_occurs.first().map_or(capitalised(status.nature), ToString::to_string);
    [left, right].map(|status| of_code(status, &situation(status), lang)).into()
}
