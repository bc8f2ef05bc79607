//! What every format says of the key performance indicators: their names, what they are called, and how figures are written.

use std::time::Duration;

use crate::kpi::{Kpis, Metrics, Ratio, Spread};
use crate::lang::{Text, grouped, span};
use crate::limits;

/// A metric that is a share.
pub(super) struct RatioRow {
    /// The stable name.
    pub(super) name: &'static str,
    /// The abbreviation by which it is known.
    pub(super) short: &'static str,
    /// What it is.
    pub(super) title: &'static str,
    pub(super) of: fn(&Metrics) -> Ratio,
}

/// A metric that is a time.
pub(super) struct DelayRow {
    /// The stable name.
    pub(super) name: &'static str,
    /// The abbreviation by which it is known.
    pub(super) short: &'static str,
    /// What it is.
    pub(super) title: &'static str,
    pub(super) of: fn(&Metrics) -> &Spread,
}

/// The shares, in the order of reports. The last one is about registrations.
pub(super) const RATIOS: &[RatioRow] = &[
    ratio("asr", "ASR", "answer seizure ratio: calls that were answered (ITU-T E.411)", Metrics::asr),
    ratio(
        "ner",
        "NER",
        "network effectiveness ratio: calls that were answered, busy, rang unanswered, or were rejected by the user; not 603+, 608, or 607 of a network (ITU-T E.425)",
        Metrics::ner,
    ),
    ratio(
        "ser",
        "SER",
        "session establishment ratio: 2xx, of INVITEs without those that got a 3xx (RFC 6076 §4.6)",
        Metrics::ser,
    ),
    ratio(
        "seer",
        "SEER",
        "session establishment effectiveness ratio: 2xx, 480, 486, 600 and 603, of the same INVITEs (RFC 6076 §4.7)",
        Metrics::seer,
    ),
    ratio(
        "seer_with_607",
        "SEER+607",
        "the same with 607 where a person or their device sent it: a variant of sipscan, as RFC 6076 is older than 607",
        Metrics::seer_with_607,
    ),
    ratio(
        "isa",
        "ISA",
        "ineffective session attempts: 408, 500, 503 and 504, of all INVITEs (RFC 6076 §4.8)",
        Metrics::isa,
    ),
    ratio(
        "scr",
        "SCR",
        "session completion ratio: answered, and the BYE as well; of all INVITEs but those of calls that are still up (RFC 6076 §4.9)",
        Metrics::scr,
    ),
    ratio(
        "ira",
        "IRA",
        "ineffective registration attempts: 4xx other than 401, 402 and 407, 5xx, 6xx or no response, of all REGISTERs (RFC 6076 §4.2)",
        Metrics::ira,
    ),
];

/// The times, in the order of reports.
pub(super) const DELAYS: &[DelayRow] = &[
    delay(
        "pdd",
        "PDD",
        "post-dial delay: from the first INVITE to the first 18x, or else to the final response",
        |m| &m.pdd,
    ),
    delay(
        "srd",
        "SRD",
        "session request delay of answered calls: from the first INVITE to the first response other than 100 that is neither a challenge nor a 3xx; the time that these take is part of it (RFC 6076 §4.3.1)",
        |m| &m.srd,
    ),
    delay("srd_failed", "SRD failed", "the same of calls that failed (RFC 6076 §4.3.2)", |m| &m.srd_failed),
    delay(
        "acd",
        "ACD",
        "average call duration: the mean from the 2xx to the BYE, of answered calls whose BYE was captured",
        |m| &m.talk,
    ),
    delay("sdt", "SDT", "session duration time: from the 2xx to the BYE (RFC 6076 §4.5.1)", |m| &m.sdt),
    delay(
        "sdt_failed",
        "SDT failed",
        "the same where the BYE got no response: until timer F fires (RFC 6076 §4.5.2)",
        |m| &m.sdt_failed,
    ),
    delay("sdd", "SDD", "session disconnect delay: from the BYE to its 2xx (RFC 6076 §4.4)", |m| &m.sdd),
    delay(
        "rrd",
        "RRD",
        "registration request delay: from the first REGISTER to its 2xx, challenges included (RFC 6076 §4.1)",
        |m| &m.rrd,
    ),
];

/// Percentiles that are shown.
pub(super) const PERCENTILES: [u8; 4] = [50, 90, 95, 99];

const fn ratio(name: &'static str, short: &'static str, title: &'static str, of: fn(&Metrics) -> Ratio) -> RatioRow {
    RatioRow { name, short, title, of }
}

const fn delay(name: &'static str, short: &'static str, title: &'static str, of: fn(&Metrics) -> &Spread) -> DelayRow {
    DelayRow { name, short, title, of }
}

/// The shares that have something to say: those of registrations only where there are any, those of calls likewise.
pub(super) fn ratios(metrics: &Metrics) -> impl Iterator<Item = &'static RatioRow> {
    let (calls, registrations) = (has_calls(metrics), metrics.has_registrations());
    RATIOS.iter().filter(move |row| if row.name == "ira" { registrations } else { calls })
}

/// The times that were measured.
pub(super) fn delays(metrics: &Metrics) -> impl Iterator<Item = (&'static DelayRow, &Spread)> {
    DELAYS.iter().map(|row| (row, (row.of)(metrics))).filter(|(_, spread)| spread.count() > 0)
}

/// Whether anything was measured of calls.
pub(super) fn has_calls(metrics: &Metrics) -> bool {
    metrics.requests + metrics.open_requests + metrics.calls + metrics.open_calls > 0
}

/// Hundredths of a percent, rounded; `None` for a share of nothing.
pub(super) fn basis_points(ratio: Ratio) -> Option<u32> {
    let (part, whole) = (u128::from(ratio.part), u128::from(ratio.whole));
    let rounded = (part * 10_000 + whole / 2).checked_div(whole)?;
    u32::try_from(rounded).ok()
}

/// `62.1 %`; not 0 or 100 unless it is exactly that; `n/a` for a share of nothing.
pub(super) fn percent(ratio: Ratio) -> Text {
    let (part, whole) = (u128::from(ratio.part), u128::from(ratio.whole));
    // Not from hundredths, which are rounded already.
    let Some(tenths) = (part * 1000 + whole / 2).checked_div(whole) else { return Text::new("n/a") };
    Text::verbatim(match tenths {
        0 if ratio.part > 0 => "<0.1 %".to_owned(),
        1000 if ratio.part < ratio.whole => ">99.9 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    })
}

/// `760 of 1,224`.
pub(super) fn share(ratio: Ratio) -> Text {
    Text::new("{part} of {whole}").with("part", grouped(ratio.part)).with("whole", grouped(ratio.whole))
}

/// A time; `n/a` where nothing was measured.
pub(super) fn time(delay: Option<Duration>) -> Text {
    delay.map_or_else(|| Text::new("n/a"), |delay| Text::verbatim(exact(delay)))
}

/// Rounded, and below ten seconds with one digit more than elsewhere: two averages of some seconds must not look alike.
fn exact(delay: Duration) -> String {
    let micros = delay.as_micros();
    let (tenths, millis, hundredths) = ((micros + 50) / 100, (micros + 500) / 1000, (micros + 5000) / 10_000);
    match micros {
        1..9950 => format!("{}.{} ms", tenths / 10, tenths % 10),
        9950..999_500 => format!("{millis} ms"),
        999_500..9_995_000 => format!("{}.{:02} s", hundredths / 100, hundredths % 100),
        _ => span(delay).to_string(),
    }
}

/// What the figures are about, and what they leave out.
pub(super) fn notes(kpis: &Kpis) -> Vec<Text> {
    let total = &kpis.total;
    let mut notes = Vec::new();
    if has_calls(total) {
        let (one, many) = ("{n} challenge (401, 407)", "{n} challenges (401, 407)");
        notes.push(
            Text::new("An INVITE that answers a challenge counts as the challenged one, which RFC 6076 would count beside it: {challenges}. Retransmissions, hops behind the first, legs of a B2BUA and branches of a fork are not counted; an INVITE that follows a redirect is.")
                .with("challenges", Text::count(total.challenges, one, many)),
        );
    }
    let left_out = |n: u64, one: &'static str, many: &'static str| (n > 0).then(|| Text::count(n, one, many));
    notes.extend(left_out(
        total.open_calls,
        "{n} call is left out, because the capture does not show how it ended.",
        "{n} calls are left out, because the capture does not show how they ended.",
    ));
    notes.extend(left_out(
        total.still_up,
        "{n} answered call has no end in the capture, and is left out of SCR and ACD.",
        "{n} answered calls have no end in the capture, and are left out of SCR and ACD.",
    ));
    notes.extend(left_out(
        total.failed_disconnects,
        "{n} BYE was rejected, and is left out of SDD.",
        "{n} BYEs were rejected, and are left out of SDD.",
    ));
    notes.extend(left_out(
        total.open_registrations,
        "{n} REGISTER is left out, because the capture does not show its end.",
        "{n} REGISTERs are left out, because the capture does not show their end.",
    ));
    if total.pdd.count() + total.rrd.count() > 0 {
        notes.push(Text::new("Percentiles are within 0.8 % of the value."));
    }
    if kpis.sources.other().is_some() || kpis.destinations.other().is_some() || kpis.hours.other().is_some() {
        let text = Text::new("Hosts and hours beyond the first {n} are measured together (KPI_ROWS).");
        notes.push(text.with("n", limits::KPI_ROWS));
    }
    notes
}

/// Every figure as a name and a plain value, for formats that take such: shares in percent with what they are shares of, times in
/// seconds. What is undefined is left out.
pub(super) fn plain(metrics: &Metrics) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for row in RATIOS {
        let ratio = (row.of)(metrics);
        let Some(points) = basis_points(ratio) else { continue };
        all.push((format!("kpi.{}.percent", row.name), format!("{}.{:02}", points / 100, points % 100)));
        all.push((format!("kpi.{}.part", row.name), ratio.part.to_string()));
        all.push((format!("kpi.{}.whole", row.name), ratio.whole.to_string()));
    }
    let seconds = |delay: Duration| format!("{}.{:06}", delay.as_secs(), delay.subsec_micros());
    for (row, spread) in delays(metrics) {
        all.push((format!("kpi.{}.count", row.name), spread.count().to_string()));
        let figures = [("mean_s", spread.mean()), ("p50_s", spread.percentile(50)), ("p95_s", spread.percentile(95))];
        let figures = figures.into_iter().chain([("max_s", spread.greatest())]);
        all.extend(figures.filter_map(|(name, delay)| Some((format!("kpi.{}.{name}", row.name), seconds(delay?)))));
    }
    all
}

/// `1,234 calls, 1,240 INVITEs, 3 of them redirected; 12 REGISTERs`.
pub(super) fn basis(metrics: &Metrics) -> Text {
    let calls = has_calls(metrics).then(|| {
        let text = match metrics.redirected {
            0 => Text::new("{calls}, {requests}"),
            n => Text::new("{calls}, {requests}, {n} of them redirected").with("n", grouped(n)),
        };
        text.with("calls", Text::count(metrics.calls, "{n} call", "{n} calls"))
            .with("requests", Text::count(metrics.requests, "{n} INVITE", "{n} INVITEs"))
    });
    let registrations =
        metrics.has_registrations().then(|| Text::count(metrics.registrations, "{n} REGISTER", "{n} REGISTERs"));
    Text::list("; ", calls.into_iter().chain(registrations))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_do_not_lie_and_nothing_of_nothing_is_none() {
        for (part, whole, text) in [
            (0, 0, "n/a"),
            (0, 7, "0.0 %"),
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
            (1, 29, "3.4 %"),
            (1, 100_000, "<0.1 %"),
            (99_999, 100_000, ">99.9 %"),
            (5, 5, "100.0 %"),
            (u64::MAX, u64::MAX, "100.0 %"),
        ] {
            assert_eq!(percent(Ratio { part, whole }).to_string(), text, "{part} of {whole}");
        }
    }

    #[test]
    fn times_have_a_digit_more_where_it_matters() {
        for (micros, text) in [
            (0, "0 ms"),
            (1, "0.0 ms"),
            (1_250, "1.3 ms"),
            (9_960, "10 ms"),
            (45_000, "45 ms"),
            (999_499, "999 ms"),
            (999_999, "1.00 s"),
            (1_234_000, "1.23 s"),
            (12_340_000, "12.3 s"),
        ] {
            assert_eq!(time(Some(Duration::from_micros(micros))).to_string(), text);
        }
        assert_eq!(time(None).to_string(), "n/a");
    }
}
