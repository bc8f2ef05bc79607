//! The comparison of two sides: what is new first, every number with its value before and after.

use std::path::Path;

use super::page::{Page, Tone, cut};
use super::{TextOptions, View};
use crate::diff::compare::{Change, Code, Row};
use crate::diff::{Found, Place, Side};
use crate::kpi::{Ratio, Spread};
use crate::lang::{Text, grouped};
use crate::provenance::Timestamp;
use crate::report::changes::Changes;
use crate::report::{kpi, time};
use crate::wrap::{display_width, pad};

/// Cells of a label, of a value, of the severity and the code of a diagnosis.
const LABEL: usize = 26;
const FIGURE: usize = 12;
const COUNT: usize = 16;
const VALUE: usize = 22;
const CHANGE: usize = 9;
const SEVERITY: usize = 9;
const CODE: usize = 34;

/// Writes a comparison.
pub(in crate::report) fn changes(changes: &Changes<'_>, options: TextOptions) -> String {
    let (view, _) = View::new(options);
    let mut page = Page::new(view.paper);
    page.document(Text::new("Comparison by sipscan"));
    side(&mut page, &view, Text::new("Before"), changes.old);
    side(&mut page, &view, Text::new("After"), changes.new);
    codes(&mut page, changes);
    outcomes(&mut page, changes);
    final_responses(&mut page, changes);
    rates(&mut page, changes);
    delays(&mut page, changes);
    notes(&mut page, changes);
    page.into_text()
}

fn side(page: &mut Page, view: &View, label: Text, side: &Side) {
    let names: Vec<&str> = side.captures.iter().flatten().map(String::as_str).collect();
    let what = match names.as_slice() {
        [name] => Text::verbatim(name),
        [first, ..] => {
            Text::new("{n} captures, {first} the first").with("n", grouped(names.len() as u64)).with("first", *first)
        }
        [] => Text::new("no capture"),
    };
    let text = Text::new("{what}: {calls}, {groups}, {messages}")
        .with("what", what)
        .with("calls", Text::count(side.summary.calls, "{n} call", "{n} calls"))
        .with("groups", Text::count(side.summary.other_groups, "{n} other group", "{n} other groups"))
        .with("messages", Text::count(side.summary.messages, "{n} SIP message", "{n} SIP messages"));
    page.entry(label, Tone::Plain, text);
    if let (Some(first), Some(last)) = (side.first_time, side.last_time) {
        let text = Text::new("{first} to {last}").with("first", moment(view, first)).with("last", moment(view, last));
        page.entry("", Tone::Quiet, text);
    }
}

fn moment(view: &View, at: Timestamp) -> String {
    format!("{} {}", time::date_and_time(at, &view.zone), time::zone_name(at, &view.zone))
}

fn codes(page: &mut Page, changes: &Changes<'_>) {
    let of = |side: &Side| grouped(side.groups());
    let remark = Text::new("in how many calls and other groups: of {old} before, of {new} after");
    page.heading("Findings", remark.with("old", of(changes.old)).with("new", of(changes.new)));
    if changes.codes.is_empty() {
        page.paragraph(2, Tone::Plain, Text::new("None before, none after."));
    }
    for code in &changes.codes {
        self::code(page, code);
        if code.row.change.is_more() || code.row.change == Change::Gone {
            page.paragraph(2 + CHANGE, Tone::Quiet, first(code, changes));
        }
    }
}

fn code(page: &mut Page, code: &Code<'_>) {
    let (tone, change) = said(page, &code.row);
    let change = pad(&change, CHANGE);
    let severity = pad(&page.say(code.severity.name()), SEVERITY);
    let label = pad(code.row.key, CODE);
    let [old, new] = [(code.old, code.row.old), (code.new, code.row.new)].map(|(found, ratio)| {
        // What is said of a capture as a whole is in no call.
        let whole = found.filter(|found| found.groups == 0);
        whole.map_or_else(
            || count(page, ratio),
            |found| page.say(Text::new("{n} (capture)").with("n", grouped(found.findings))),
        )
    });
    let level = Tone::Level(code.severity);
    let old = pad(&old, COUNT - 2);
    page.line(
        2,
        &[(tone, &change), (level, &severity), (Tone::Strong, &label), (Tone::Plain, &old), (Tone::Plain, &new)],
    );
}

/// Where the first finding is, and whether the problems are the same as before.
fn first(code: &Code<'_>, changes: &Changes<'_>) -> Text {
    let (found, side) = match code.new {
        Some(found) => (Some(found), changes.new),
        None => (code.old, changes.old),
    };
    let place = found.map(|found: &Found| place(&found.first, side));
    let problems = Text::new("problems: {new} new, {gone} gone, {same} as before")
        .with("new", grouped(code.problems_new))
        .with("gone", grouped(code.problems_gone))
        .with("same", grouped(code.problems_same));
    let Some(place) = place else { return problems };
    Text::new("{place}; {problems}").with("place", place).with("problems", problems)
}

fn place(place: &Place, side: &Side) -> Text {
    let files = side.captures.get(place.capture).map(Vec::as_slice).unwrap_or_default();
    let file = place.frame.map_or(0, |frame| usize::from(frame.file));
    let name = files.get(file).map_or("", String::as_str);
    let name = Path::new(name).file_name().map_or_else(|| name.into(), |name| name.to_string_lossy());
    let frame = place.frame.map_or(0, |frame| frame.number.0);
    match place.call {
        Some(call) => Text::new("first: {capture}, call {call}, frame {frame}").with("call", call),
        None => Text::new("first: {capture}, frame {frame}"),
    }
    .with("capture", name)
    .with("frame", frame)
}

fn outcomes(page: &mut Page, changes: &Changes<'_>) {
    if changes.outcomes.is_empty() {
        return;
    }
    let of = |side: &Side| grouped(side.summary.calls);
    let remark = Text::new("of calls: {old} before, {new} after");
    page.heading("Outcomes", remark.with("old", of(changes.old)).with("new", of(changes.new)));
    for row in &changes.outcomes {
        let label = page.say(row.key.name());
        shares(page, &label, row);
    }
}

fn final_responses(page: &mut Page, changes: &Changes<'_>) {
    let Some(any) = changes.final_responses.first() else { return };
    let remark = Text::new("of distinct final responses: {old} before, {new} after");
    let remark = remark.with("old", grouped(any.old.whole)).with("new", grouped(any.new.whole));
    page.heading("Final responses", remark);
    for row in &changes.final_responses {
        let phrase = crate::catalog::lookup(row.key).map_or("", |entry| entry.phrase);
        shares(page, &format!("{:03} {phrase}", row.key), row);
    }
}

fn shares<K>(page: &mut Page, label: &str, row: &Row<K>) {
    let values = [row.old, row.new].map(|ratio| count(page, ratio));
    let (tone, word) = said(page, row);
    line(page, label, &values, (LABEL, COUNT), (tone, &word));
}

fn rates(page: &mut Page, changes: &Changes<'_>) {
    let rates: Vec<_> = changes.rates().collect();
    if rates.is_empty() {
        return;
    }
    page.heading("Rates", Text::new("as --kpi measures them"));
    for rate in rates {
        let values = [rate.old, rate.new].map(|ratio| {
            let text = Text::new("{percent}, {share}").with("percent", kpi::percent(ratio));
            page.say(text.with("share", kpi::share(ratio)))
        });
        let compared = rate.old.whole > 0 && rate.new.whole > 0;
        let word = if compared { word(page, rate.change, values[0] == values[1]) } else { String::new() };
        line(page, rate.short, &values, (FIGURE, VALUE), (tone(rate.change), &word));
    }
}

fn delays(page: &mut Page, changes: &Changes<'_>) {
    let delays: Vec<_> = changes.delays().collect();
    if delays.is_empty() {
        return;
    }
    page.heading("Delays", Text::new("median, 95 %, and of how many"));
    for (row, delays) in delays {
        let values = [delays.old, delays.new].map(|spread| page.say(figures(spread)));
        let word = match delays.change {
            Change::Higher => page.say("longer"),
            Change::Lower => page.say("shorter"),
            _ if delays.old.count() == 0 || delays.new.count() == 0 => String::new(),
            change => word(page, change, values[0] == values[1]),
        };
        let label = page.say(row.short);
        line(page, &label, &values, (FIGURE, VALUE), (tone(delays.change), &word));
    }
}

fn figures(spread: &Spread) -> Text {
    if spread.count() == 0 {
        return Text::new("n/a");
    }
    Text::new("{median}, {tail}, {n}")
        .with("median", kpi::time(spread.percentile(50)))
        .with("tail", kpi::time(spread.percentile(95)))
        .with("n", grouped(spread.count()))
}

fn line(
    page: &mut Page,
    label: &str,
    values: &[String; 2],
    (width, column): (usize, usize),
    (tone, word): (Tone, &str),
) {
    let label = pad(&cut(label, width - 1), width);
    // Two blanks behind what is wider than its column.
    let values = values.each_ref().map(|value| pad(value, column.max(display_width(value) + 2))).concat();
    page.line(2, &[(Tone::Plain, &label), (Tone::Plain, &values), (tone, word)]);
}

/// `12 (3.4 %)`.
fn count(page: &Page, ratio: Ratio) -> String {
    let text = Text::new("{n} ({percent})").with("n", grouped(ratio.part));
    if ratio.part == 0 { "0".to_owned() } else { page.say(text.with("percent", kpi::percent(ratio))) }
}

fn said<K>(page: &Page, row: &Row<K>) -> (Tone, String) {
    let mut text = word(page, row.change, row.old == row.new);
    if row.may_be_chance {
        text.push('?');
    }
    (tone(row.change), text)
}

fn word(page: &Page, change: Change, equal: bool) -> String {
    page.say(match change {
        Change::New => Text::new("new"),
        Change::Higher => Text::new("higher"),
        Change::Lower => Text::new("lower"),
        Change::Gone => Text::new("gone"),
        Change::Same if equal => Text::new("same"),
        Change::Same => Text::new("unclear"),
    })
}

fn tone(change: Change) -> Tone {
    if change == Change::Same { Tone::Quiet } else { Tone::Strong }
}

fn notes(page: &mut Page, changes: &Changes<'_>) {
    page.blank();
    page.paragraph(
        0,
        Tone::Quiet,
        Text::new("A share or delay is called higher, lower, longer or shorter where chance does that in fewer than 1 of 100 such comparisons, calls taken as independent of one another; else a difference is unclear. What is new or gone has a ? where chance may have done it. Problems are told apart by diagnosis, parties, final status and hosts: other callers make other problems."),
    );
    for (label, side) in [(Text::new("before"), changes.old), (Text::new("after"), changes.new)] {
        if side.incomplete > 0 {
            let text = Text::count(
                side.incomplete,
                "{n} capture of those {side} is incomplete: what is missing in it may look gone.",
                "{n} captures of those {side} are incomplete: what is missing in them may look gone.",
            );
            page.paragraph(0, Tone::Quiet, text.with("side", &label));
        }
        if side.problems_beyond > 0 {
            let text = Text::count(
                side.problems_beyond,
                "{n} finding of those {side} found no room when problems were told apart (BASELINE_FINDINGS).",
                "{n} findings of those {side} found no room when problems were told apart (BASELINE_FINDINGS).",
            );
            page.paragraph(0, Tone::Quiet, text.with("side", &label));
        }
    }
}
