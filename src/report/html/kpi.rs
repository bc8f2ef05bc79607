//! Key figures: shares, times, and tables by host and by hour.

use std::net::IpAddr;

use maud::{Markup, html};

use crate::kpi::{Hour, Kpis, Metrics};
use crate::lang::{Text, grouped};
use crate::report::text::View;
use crate::report::{Summary, kpi, time};

/// Hosts that are shown of each kind; hours are shown as far as a fortnight goes.
const HOSTS: usize = 50;
const HOURS: usize = 336;

/// The section; nothing where no figures were asked for.
pub(super) fn write(view: &View, summary: &Summary) -> Markup {
    let Some(kpis) = &summary.kpis else { return html! {} };
    html! {
        h4 { (view.say("Key figures")) " " small { (view.say(kpi::basis(&kpis.total))) } }
        @if kpis.total.is_empty() {
            p { (view.say("There is no call, and no registration.")) }
        } @else {
            (ratios(view, &kpis.total))
            (delays(view, &kpis.total))
            (breakdowns(view, kpis))
            ul.less { @for note in kpi::notes(kpis) { li { (view.say(note)) } } }
        }
    }
}

fn ratios(view: &View, metrics: &Metrics) -> Markup {
    html! {
        div.wide {
            table {
                tbody {
                    @for row in kpi::ratios(metrics) {
                        tr {
                            th scope="row" { (row.short) }
                            td.n { (view.say(kpi::percent((row.of)(metrics)))) }
                            td.n { (view.say(kpi::share((row.of)(metrics)))) }
                            td { (view.say(row.title)) }
                        }
                    }
                }
            }
        }
    }
}

fn delays(view: &View, metrics: &Metrics) -> Markup {
    let measured: Vec<_> = kpi::delays(metrics).collect();
    html! {
        @if !measured.is_empty() {
            div.wide {
                table {
                    thead {
                        tr {
                            td {}
                            th.n scope="col" { (view.say("number")) }
                            th.n scope="col" { (view.say("mean")) }
                            @for percent in kpi::PERCENTILES { th.n scope="col" { (percent) " %" } }
                            th.n scope="col" { (view.say("longest")) }
                            td {}
                        }
                    }
                    tbody {
                        @for (row, spread) in measured {
                            tr {
                                th scope="row" { (view.say(row.short)) }
                                td.n { (grouped(spread.count())) }
                                td.n { (view.say(kpi::time(spread.mean()))) }
                                @for percent in kpi::PERCENTILES {
                                    td.n { (view.say(kpi::time(spread.percentile(percent)))) }
                                }
                                td.n { (view.say(kpi::time(spread.greatest()))) }
                                td { (view.say(row.title)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn breakdowns(view: &View, kpis: &Kpis) -> Markup {
    let hosts = |of: &crate::kpi::Breakdown<IpAddr>| -> Vec<(String, Metrics)> {
        let mut rows: Vec<_> = of.rows().filter(|(_, metrics)| kpi::has_calls(metrics)).collect();
        rows.sort_by_key(|(_, metrics)| std::cmp::Reverse(metrics.calls + metrics.requests));
        let name = |address: IpAddr| match view.hosts.get(&address) {
            Some(name) => format!("{name} [{address}]"),
            None => address.to_string(),
        };
        rows.into_iter().map(|(address, metrics)| (name(address), metrics.clone())).collect()
    };
    let name = |hour: Hour| time::date_and_minute(hour.start(), &view.zone);
    let hours = kpis.hours.rows().filter(|(_, metrics)| kpi::has_calls(metrics));
    let hours: Vec<_> = hours.map(|(hour, metrics)| (name(hour), metrics.clone())).collect();
    html! {
        (table(view, "By sending host", &hosts(&kpis.sources), kpis.sources.other(), HOSTS))
        (table(view, "By receiving host", &hosts(&kpis.destinations), kpis.destinations.other(), HOSTS))
        (table(view, "By hour", &hours, kpis.hours.other(), HOURS))
    }
}

/// A table of what there are at least two of.
fn table(view: &View, title: &'static str, rows: &[(String, Metrics)], other: Option<&Metrics>, most: usize) -> Markup {
    let shown = rows.get(..most).unwrap_or(rows);
    let more = (rows.len() - shown.len()) as u64;
    let heads = ["calls", "ASR", "NER", "SER", "SEER", "ISA", "ACD", "PDD 50 %", "PDD 95 %"];
    html! {
        @if rows.len() > 1 {
            div.wide {
                table {
                    caption { (view.say(title)) }
                    thead { tr { td {} @for head in heads { th.n scope="col" { (view.say(head)) } } } }
                    tbody {
                        @for (name, metrics) in shown { (row(view, name, metrics)) }
                        @if let Some(metrics) = other { (row(view, &view.say("all others"), metrics)) }
                    }
                }
                (super::left_out(view, more, Text::new("and {n} more")))
            }
        }
    }
}

fn row(view: &View, name: &str, metrics: &Metrics) -> Markup {
    let ratios = [metrics.asr(), metrics.ner(), metrics.ser(), metrics.seer(), metrics.isa()];
    let delays = [metrics.talk.mean(), metrics.pdd.percentile(50), metrics.pdd.percentile(95)];
    html! {
        tr {
            th scope="row" { (name) }
            td.n { (grouped(metrics.calls)) }
            @for ratio in ratios { td.n { (view.say(kpi::percent(ratio))) } }
            @for delay in delays { td.n { (view.say(kpi::time(delay))) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::html::{HtmlOptions, HtmlSink};
    use crate::report::sample::{Buffer, play, play_measured};

    #[test]
    fn figures_are_there_only_where_they_are_asked_for() {
        let out = Buffer::default();
        play_measured(&mut HtmlSink::new(Box::new(out.clone()), HtmlOptions::default()));
        let text = out.text();
        for part in [
            "Key figures",
            "<th scope=\"row\">ASR</th><td class=\"n\">25.0 %</td><td class=\"n\">1 of 4</td>",
            "By receiving host",
        ] {
            assert!(text.contains(part), "{part}");
        }
        let out = Buffer::default();
        play(&mut HtmlSink::new(Box::new(out.clone()), HtmlOptions::default()));
        assert!(!out.text().contains("Key figures"));
    }
}
