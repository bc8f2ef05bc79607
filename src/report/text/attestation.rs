//! Final responses by attestation: how calls ended by how they were signed, and who, where, and through which host most of them
//! came. Only where a capture has signed calls, or responses about the caller's identity.

use super::page::{Page, Tone, cut};
use crate::catalog;
use crate::diagnosis::Signing;
use crate::lang::{Fill as _, Text, grouped};
use crate::report::attestation::{Attestations, Breakdown, Cell, Group, Tally};
use crate::report::escape;
use crate::wrap::{display_width, pad};

/// Callers, prefixes, and hosts shown, each; the rest is counted.
const SHOWN: usize = 3;
/// Statuses shown of each of their levels.
const STATUSES: usize = 5;
/// Cells of a level's column, of a caller's name, and of its number of calls.
const COLUMN: usize = 10;
const KEY: usize = 32;
const CALLS: usize = 8;

/// The table and its breakdowns.
pub(super) fn write(page: &mut Page, all: &Attestations) {
    if !all.is_relevant() {
        return;
    }
    page.heading("Final responses by attestation", remark(all));
    table(page, all);
    if all.signed().calls == 0 {
        // They would only say again who got which response.
        return;
    }
    breakdown(page, ["By calling number", "no caller", "{n} caller", "{n} callers"], &all.callers);
    breakdown(
        page,
        ["By prefix of the calling number", "no complete number", "{n} prefix", "{n} prefixes"],
        &all.prefixes,
    );
    breakdown(page, ["By sending host", "not captured", "{n} host", "{n} hosts"], &all.sources);
}

/// Whether the levels are more than claims.
fn remark(all: &Attestations) -> Text {
    let sum = |is: fn(Signing) -> bool| all.cells().filter(|(c, _)| is(c.signing)).map(|(_, t)| t.calls).sum::<u64>();
    let calls = Text::count(sum(|_| true), "{n} call", "{n} calls");
    let claims = sum(|signing| matches!(signing, Signing::Level(_) | Signing::NoLevel));
    let text = match (claims, all.signed().verified) {
        (0, _) if all.signed().calls == 0 => Text::new("of {calls}; none is signed"),
        (0, _) => Text::new("of {calls}; no PASSporT holds"),
        (_, 0) => Text::new("of {calls}; as claimed, signatures not verified"),
        (claims, verified) if claims == verified => Text::new("of {calls}; signatures verified with the supplied keys"),
        (claims, verified) => {
            Text::new("of {calls}; {verified} of {claims} signatures verified, the others as claimed")
                .with("verified", grouped(verified))
                .with("claims", grouped(claims))
        }
    };
    text.with("calls", calls)
}

fn heading(signing: Signing) -> Text {
    match signing {
        Signing::Level(level) => Text::verbatim(level.letter()),
        Signing::NoLevel => Text::new("no level"),
        other => Text::new(other.name()),
    }
}

/// A row a status, a column a level; columns that are rare only where they hold something.
fn table(page: &mut Page, all: &Attestations) {
    let cells: Vec<(Cell, Tally)> = all.cells().collect();
    let is_rare = |signing: Signing| matches!(signing, Signing::NoLevel | Signing::Unknown);
    let columns: Vec<Signing> =
        Signing::ALL.into_iter().filter(|s| !is_rare(*s) || cells.iter().any(|(cell, _)| cell.signing == *s)).collect();
    let mut statuses: Vec<Option<u16>> = cells.iter().map(|(cell, _)| cell.status).collect();
    statuses.dedup();
    // Calls without a final response come last.
    statuses.sort_by_key(Option::is_none);
    let room = page.width().saturating_sub(2 + columns.len() * COLUMN);
    let labels: Vec<String> = statuses.iter().map(|status| label(page, *status)).collect();
    let width = labels.iter().map(|label| display_width(label)).max().unwrap_or(0).min(room);
    let right = |text: &str| format!("{}{text}", " ".repeat(COLUMN.saturating_sub(display_width(text))));
    let line = |page: &mut Page, tone, label: &str, values: &[String]| {
        let values: String = values.iter().map(|value| right(value)).collect();
        page.line(2, &[(tone, &pad(&cut(label, width), width)), (tone, &values)]);
    };
    let sum = |status: Option<Option<u16>>, signing| {
        let of = cells.iter().filter(|(c, _)| c.signing == signing && status.is_none_or(|status| c.status == status));
        of.map(|(_, tally)| tally.calls).sum::<u64>()
    };
    let row = |status| columns.iter().map(|signing| figure(sum(status, *signing))).collect::<Vec<_>>();
    let headings: Vec<String> = columns.iter().map(|signing| page.say(heading(*signing))).collect();
    line(page, Tone::Strong, "", &headings);
    for (status, label) in statuses.iter().zip(&labels) {
        line(page, Tone::Plain, label, &row(Some(*status)));
    }
    if statuses.len() > 1 {
        let all_together = page.say("all");
        line(page, Tone::Quiet, &all_together, &row(None));
    }
}

fn figure(calls: u64) -> String {
    if calls == 0 { "-".to_owned() } else { grouped(calls) }
}

fn label(page: &Page, status: Option<u16>) -> String {
    match status {
        Some(status) => {
            let phrase = catalog::lookup(status).map_or_else(|| page.say("(unknown)"), |entry| entry.phrase.to_owned());
            format!("{status:03} {phrase}")
        }
        None => page.say("no final response"),
    }
}

/// The groups with most calls, one a line.
fn breakdown(page: &mut Page, [title, none, one, many]: [&'static str; 4], breakdown: &Breakdown) {
    let (shown, count) = breakdown.ranked(SHOWN);
    let none = page.say(none);
    // Harmless first, as that makes it longer.
    let key = |group: &Group<'_>| escape::terminal(group.key.as_deref().unwrap_or(&none)).into_owned();
    let width = shown.iter().map(|group| display_width(&key(group))).max().unwrap_or(0).min(KEY);
    page.paragraph(2, Tone::Strong, title);
    for group in &shown {
        let calls = grouped(group.calls);
        let calls = format!("{}{calls}  ", " ".repeat(CALLS.saturating_sub(display_width(&calls))));
        let key = pad(&cut(&key(group), width), width);
        page.row(4, &[(Tone::Plain, &key), (Tone::Plain, &calls)], Tone::Plain, &page.say(ends(group)));
    }
    page.more(4, count, shown.len(), one, many);
    if breakdown.beyond() > 0 {
        let (one, many) = ("{n} call is beyond the limit on this list", "{n} calls are beyond the limit on this list");
        page.paragraph(4, Tone::Quiet, Text::count(breakdown.beyond(), one, many));
    }
}

/// `A: 7 × 200, 3 × 607; unsigned: 1 × 200`, the most frequent responses first.
fn ends(group: &Group<'_>) -> Text {
    let status =
        |status: Option<u16>| status.map_or_else(|| Text::new("no final"), |s| Text::verbatim(format!("{s:03}")));
    let level = |signing: Signing| {
        let mut of: Vec<_> = group.cells.iter().filter(|(cell, _)| cell.signing == signing).collect();
        of.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.calls));
        let part = |(cell, tally): &&(Cell, Tally)| {
            Text::new("{n} × {status}").with("n", grouped(tally.calls)).with("status", status(cell.status))
        };
        let mut parts: Vec<Text> = of.iter().take(STATUSES).map(part).collect();
        parts.extend((of.len() > STATUSES).then(|| Text::new("…")));
        (!parts.is_empty()).then(|| {
            let text = Text::new("{level}: {list}").with("level", heading(signing));
            text.with("list", Text::list(", ", &parts)).fill()
        })
    };
    Text::list("; ", Signing::ALL.into_iter().filter_map(level))
}

#[cfg(test)]
mod tests {
    use super::super::Markup;
    use super::super::page::Paper;
    use super::*;
    use crate::diagnosis::CallReport;
    use crate::diagnosis::reports::report;
    use crate::diagnosis::signed_flow::flow;
    use crate::lang::Lang;
    use crate::report::Summary;

    fn text(width: usize, reports: &[(CallReport, u64)]) -> String {
        let mut summary = Summary::default();
        for (report, times) in reports {
            (0..*times).for_each(|_| summary.call(report));
        }
        let mut page = Page::new(Paper {
            width,
            columns: width,
            colour: false,
            links: false,
            lang: Lang::En,
            markup: Markup::Plain,
        });
        write(&mut page, &summary.attestations);
        page.into_text()
    }

    #[test]
    fn responses_are_rows_and_levels_are_columns() {
        let two = flow(&[], "486 Busy Here").replace("+12125550101@192.0.2.10", "1001@192.0.2.10");
        let found = text(
            80,
            &[
                (report(&flow(&["V1"], "607 Unwanted")), 3),
                (report(&flow(&["V1"], "200 OK")), 1200),
                (report(&flow(&["V8"], "607 Unwanted")), 2),
                (report(&flow(&["V9"], "607 Unwanted")), 1),
                (report(&flow(&["V11"], "438 Invalid Identity Header")), 1),
                (report(&two), 4),
            ],
        );
        insta::assert_snapshot!(found);
    }

    #[test]
    fn ordinary_captures_have_no_such_table() {
        assert_eq!(text(80, &[(report(&flow(&[], "486 Busy Here")), 1)]), "");
        let found = text(80, &[(report(&flow(&[], "607 Unwanted")), 1)]);
        assert!(found.contains("of 1 call; none is signed"), "{found}");
        assert!(!found.contains("\n  all"), "{found}");
    }

    #[test]
    fn further_groups_are_counted() {
        let mut one = report(&flow(&["V1"], "607 Unwanted"));
        let reports: Vec<(CallReport, u64)> = (0..9)
            .map(|n| {
                one.origin.as_mut().unwrap().caller = Some(format!("+1212555010{n}"));
                (one.clone(), 9 - n)
            })
            .collect();
        let found = text(100, &reports);
        assert!(found.contains("    +12125550100       9  A: 9 × 607\n"), "{found}");
        assert!(found.contains("    … and 6 callers (JSON has them)\n"), "{found}");
    }

    #[test]
    fn what_was_verified_is_said() {
        let mut verified = report(&flow(&["V1"], "607 Unwanted"));
        verified.origin.as_mut().unwrap().verified = true;
        let claimed = report(&flow(&["V1"], "607 Unwanted"));
        for (reports, remark) in [
            (vec![(claimed.clone(), 2)], "of 2 calls; as claimed, signatures not verified"),
            (vec![(verified.clone(), 2)], "of 2 calls; signatures verified with the supplied keys"),
            (vec![(verified, 1), (claimed, 2)], "of 3 calls; 1 of 3 signatures verified, the others as claimed"),
            (vec![(report(&flow(&["V11"], "607 Unwanted")), 1)], "of 1 call; no PASSporT holds"),
        ] {
            assert!(text(100, &reports).contains(remark), "{remark}");
        }
    }
}
