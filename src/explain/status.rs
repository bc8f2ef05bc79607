//! The page of one status code, and of a class of codes.

use super::page::Page;
use super::view::{Cause, Class, Line, Status, capitalised};
use crate::catalog::{Kind, Registration};
use crate::lang::{Lang, Text};

/// Code and phrase, such as `301 Moved Permanently`, with a remark if IANA does not know the code.
pub(super) fn title(code: u16, phrase: &str, registration: Registration, lang: Lang) -> String {
    let title = Text::new(match registration {
        Registration::Iana => "{code} {phrase}",
        Registration::Obsolete => "{code} {phrase} (obsolete, RFC 2543)",
        Registration::Unregistered => "{code} {phrase} (not registered)",
    });
    title.with("code", code).with("phrase", phrase).in_lang(lang).to_string()
}

impl Status {
    pub(super) fn title(&self, lang: Lang) -> String {
        title(self.code, self.phrase, self.registration, lang)
    }
}

impl Line {
    pub(super) fn title(&self, lang: Lang) -> String {
        title(self.code, self.phrase, self.registration, lang)
    }
}

pub(super) fn write(status: &Status, page: &mut Page) {
    let lang = page.lang();
    if status.asked != status.code {
        let unknown = Text::new("{code} (not registered)").with("code", status.asked);
        page.title(unknown.in_lang(lang).to_string());
        let treated = Text::new(
            "The code is in no registry. Clients treat it as {code} {phrase} (RFC 3261 §8.1.3.2), which follows.",
        );
        page.paragraph(treated.with("code", status.code).with("phrase", status.phrase).in_lang(lang).to_string());
    }
    write_known(status, page);
}

/// The page of a code, whichever was asked for.
pub(super) fn write_known(status: &Status, page: &mut Page) {
    let lang = page.lang();
    page.title(status.title(lang));
    page.paragraph(nature(status, lang));
    page.heading(lang.tr("Description"));
    status.description.iter().for_each(|paragraph| page.paragraph(*paragraph));
    page.bullets(lang.tr("When it occurs"), status.when_it_occurs.iter().copied());
    page.steps(lang.tr("How to fix"), &status.how_to_fix);
    facts(status, page);
    if let Some(confirm) = status.how_to_confirm {
        page.heading(lang.tr("How to confirm"));
        page.paragraph(confirm);
    }
    page.bullets(lang.tr("Misconceptions"), status.misconceptions.iter().copied());
    reading(status, page);
}

/// Every code of a class, with the first sentence of its meaning.
pub(super) fn write_class(class: &Class, page: &mut Page) {
    let lang = page.lang();
    let title = Text::new("{digit}xx: {name}").with("digit", class.digit).with("name", class.name);
    page.title(title.in_lang(lang).to_string());
    class.status_codes.iter().for_each(|line| page.item(line.title(lang), line.meaning));
    page.heading(lang.tr("Learn more"));
    let more =
        Text::new("`sipscan explain CODE` says when a code occurs and what to do, such as `sipscan explain {code}`.");
    page.paragraph(more.with("code", class.digit * 100).in_lang(lang).to_string());
}

/// Class and kind, without saying the same twice.
fn nature(status: &Status, lang: Lang) -> String {
    let class = lowered(status.class, lang);
    let text = match status.kind {
        Kind::Provisional | Kind::Success | Kind::Redirect => Text::new("Class: {class}."),
        _ => Text::new("Class: {class}. Nature: {nature}.").with("nature", status.nature),
    };
    text.with("class", class).in_lang(lang).to_string()
}

/// A word for the inside of a sentence.
pub(super) fn lowered(word: &str, lang: Lang) -> String {
    match lang {
        Lang::En => word.to_lowercase(),
        Lang::ZhCn => word.to_owned(),
    }
}

fn facts(status: &Status, page: &mut Page) {
    let lang = page.lang();
    page.heading(lang.tr("Who acts"));
    page.paragraph(match lang {
        Lang::En => capitalised(status.who_acts),
        Lang::ZhCn => status.who_acts.to_owned(),
    });
    page.heading(lang.tr("Retry"));
    page.paragraph(&status.retry_rule);
    let required = (!status.required_header_fields.is_empty())
        .then(|| Text::new("required: {names}").with("names", required(status, lang)));
    let useful = (!status.useful_header_fields.is_empty())
        .then(|| Text::new("useful: {names}").with("names", status.useful_header_fields.join(lang.tr(", "))));
    page.bullets(lang.tr("Header fields"), required.iter().chain(&useful).map(|text| text.in_lang(lang).to_string()));
    page.heading(lang.tr("In calls and networks"));
    let bullet = |page: &mut Page, text: Text| page.bullet(text.in_lang(lang).to_string());
    bullet(page, Text::new("a call that ends with it failed: {failed}").with("failed", status.failed));
    if !status.requests.is_empty() {
        bullet(page, Text::new("answers: {requests}").with("requests", status.requests.join(lang.tr(", "))));
    }
    bullet(page, Text::new("effect on a dialog: {effect}").with("effect", status.effect_on_dialog));
    if let Some(cause) = &status.q850 {
        bullet(page, telephone(cause));
    }
}

/// Names of the header fields that must be there, alternatives among them.
pub(super) fn required(status: &Status, lang: Lang) -> String {
    let alternatives = status.required_header_fields.iter().map(|any| Text::list(" or ", any.iter().copied()));
    Text::list(", ", alternatives).in_lang(lang).to_string()
}

fn telephone(cause: &Cause) -> Text {
    let text = match cause.note {
        "" => Text::new("telephone network: Q.850 cause {value}, {name}"),
        note => Text::new("telephone network: Q.850 cause {value}, {name} ({note})").with("note", note),
    };
    text.with("value", cause.value).with("name", cause.name)
}

/// Where to read on: the sources, and the comparisons that were written for it.
fn reading(status: &Status, page: &mut Page) {
    let lang = page.lang();
    page.heading(lang.tr("Learn more"));
    page.bullet(status.references.join(lang.tr(", ")));
    if !status.compared_with.is_empty() {
        let commands = status.compared_with.iter().map(|other| {
            let (low, high) = (status.code.min(*other), status.code.max(*other));
            format!("`sipscan explain {low} {high}`")
        });
        let text = Text::new("compared with others: {commands}").with("commands", Text::list(", ", commands));
        page.bullet(text.in_lang(lang).to_string());
    }
}
