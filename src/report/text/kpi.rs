//! Key figures: shares with what they are shares of, times, and the hosts and hours with most calls.

use super::View;
use super::page::{Page, Tone, cut};
use crate::kpi::{Kpis, Metrics};
use crate::lang::grouped;
use crate::report::Summary;
use crate::report::{kpi, time};
use crate::wrap::{display_width, pad};

/// Cells of a name, of a percentage, of a share, and of a column of figures.
const NAME: usize = 11;
const PERCENT: usize = 9;
const SHARE: usize = 16;
const COLUMN: usize = 9;
/// Cells of a host or hour at most, and hosts and hours shown, each; the rest is counted.
const KEY: usize = 24;
const HOSTS: usize = 8;
const HOURS: usize = 24;

/// The section; nothing where no figures were asked for.
pub(super) fn write(page: &mut Page, view: &View, summary: &Summary) {
    let Some(kpis) = &summary.kpis else { return };
    page.heading("Key figures", kpi::basis(&kpis.total));
    if kpis.total.is_empty() {
        page.paragraph(2, Tone::Plain, "There is no call, and no registration.");
        return;
    }
    for row in kpi::ratios(&kpis.total) {
        let ratio = (row.of)(&kpis.total);
        let percent = right(&page.say(kpi::percent(ratio)), PERCENT);
        let share = pad(&format!("  {}", page.say(kpi::share(ratio))), SHARE);
        let pieces = [(Tone::Strong, &*pad(row.short, NAME)), (Tone::Plain, &percent), (Tone::Plain, &share)];
        page.row(2, &pieces, Tone::Quiet, &page.say(row.title));
    }
    delays(page, &kpis.total);
    breakdowns(page, view, kpis);
    page.blank();
    for note in kpi::notes(kpis) {
        page.paragraph(2, Tone::Quiet, note);
    }
}

fn delays(page: &mut Page, metrics: &Metrics) {
    let measured: Vec<_> = kpi::delays(metrics).collect();
    if measured.is_empty() {
        return;
    }
    page.blank();
    let mut heads = vec![page.say("number"), page.say("mean")];
    heads.extend(kpi::PERCENTILES.map(|percent| format!("{percent} %")));
    heads.push(page.say("longest"));
    figures(page, Tone::Strong, "", NAME, &heads);
    for (row, spread) in measured {
        let mut cells = vec![grouped(spread.count()), page.say(kpi::time(spread.mean()))];
        cells.extend(kpi::PERCENTILES.map(|percent| page.say(kpi::time(spread.percentile(percent)))));
        cells.push(page.say(kpi::time(spread.greatest())));
        figures(page, Tone::Plain, &page.say(row.short), NAME, &cells);
    }
    page.blank();
    for (row, _) in kpi::delays(metrics) {
        page.row(2, &[(Tone::Strong, &*pad(&page.say(row.short), NAME))], Tone::Quiet, &page.say(row.title));
    }
}

fn breakdowns(page: &mut Page, view: &View, kpis: &Kpis) {
    let host = |address: std::net::IpAddr| match view.hosts.get(&address) {
        Some(name) => format!("{name} [{address}]"),
        None => address.to_string(),
    };
    for (title, breakdown) in [("By sending host", &kpis.sources), ("By receiving host", &kpis.destinations)] {
        let mut rows: Vec<_> = breakdown.rows().filter(|(_, metrics)| kpi::has_calls(metrics)).collect();
        rows.sort_by_key(|(_, metrics)| std::cmp::Reverse(metrics.calls + metrics.requests));
        let rows: Vec<_> = rows.into_iter().map(|(address, metrics)| (host(address), metrics)).collect();
        table(page, title, &rows, breakdown.other(), HOSTS);
    }
    let rows: Vec<_> = kpis.hours.rows().filter(|(_, metrics)| kpi::has_calls(metrics)).collect();
    let hour = |(hour, metrics)| -> (String, &Metrics) {
        let hour: crate::kpi::Hour = hour;
        (time::date_and_minute(hour.start(), &view.zone), metrics)
    };
    let rows: Vec<_> = rows.into_iter().map(hour).collect();
    table(page, "By hour", &rows, kpis.hours.other(), HOURS);
}

/// A table of what there are at least two of.
fn table(page: &mut Page, title: &'static str, rows: &[(String, &Metrics)], other: Option<&Metrics>, most: usize) {
    if rows.len() < 2 {
        return;
    }
    let shown = rows.get(..most).unwrap_or(rows);
    let beyond = other.map(|metrics| (page.say("all others"), metrics));
    let lines: Vec<_> = shown.iter().chain(&beyond).collect();
    page.blank();
    let width = lines.iter().map(|(key, _)| display_width(key)).chain([display_width(&page.say(title))]).max();
    let width = width.unwrap_or(0).min(KEY);
    let heads = ["calls", "ASR", "NER", "SEER", "PDD 50 %", "PDD 95 %"].map(|head| page.say(head));
    figures(page, Tone::Strong, &page.say(title), width, &heads);
    for (key, metrics) in lines {
        let ratios = [metrics.asr(), metrics.ner(), metrics.seer()].map(|ratio| page.say(kpi::percent(ratio)));
        let delays = [50, 95].map(|percent| page.say(kpi::time(metrics.pdd.percentile(percent))));
        let cells: Vec<_> = [grouped(metrics.calls)].into_iter().chain(ratios).chain(delays).collect();
        figures(page, Tone::Plain, key, width, &cells);
    }
    page.more(2, rows.len(), shown.len(), "{n} row", "{n} rows");
}

/// A line of figures behind a name.
fn figures(page: &mut Page, tone: Tone, name: &str, width: usize, cells: &[String]) {
    let line: String = cells.iter().map(|cell| right(cell, COLUMN)).collect();
    page.line(2, &[(Tone::Plain, &pad(&cut(name, width), width)), (tone, &line)]);
}

fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(display_width(text)).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::calls;
    use crate::report::text::{Markup, TextOptions};

    fn section(reports: &[crate::diagnosis::CallReport], options: TextOptions) -> String {
        let mut summary = Summary { kpis: Some(Box::default()), ..Summary::default() };
        for report in reports {
            summary.call(report);
        }
        let (view, _) = View::new(options);
        let mut page = view.page();
        write(&mut page, &view, &summary);
        page.into_text()
    }

    #[test]
    fn the_sample_report_has_figures() {
        insta::assert_snapshot!("plain", section(&calls(), TextOptions { width: 80, ..TextOptions::default() }));
        let markdown = TextOptions { markup: Markup::Markdown, ..TextOptions::default() };
        insta::assert_snapshot!("markdown", section(&calls(), markdown));
        assert!(section(&[], TextOptions::default()).contains("There is no call"));
    }

    #[test]
    fn nobody_who_does_not_ask_gets_any() {
        let (view, _) = View::new(TextOptions::default());
        let mut page = view.page();
        write(&mut page, &view, &Summary::default());
        assert_eq!(page.into_text(), "");
    }

    #[test]
    fn no_line_is_longer_than_the_page() {
        for width in [80, 100, 120] {
            let text = section(&calls(), TextOptions { width, ..TextOptions::default() });
            assert!(text.lines().all(|line| display_width(line) <= width), "{text}");
        }
    }
}
