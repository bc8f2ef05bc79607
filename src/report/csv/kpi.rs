//! One row for all calls of a capture, one a host, one an hour, with everything that was measured on them.

use std::time::Duration;

use super::list::utc;
use super::{Column, column};
use crate::kpi::{Kpis, Metrics, Ratio, Spread};
use crate::report::kpi;

/// What a row is made of.
pub(super) struct Row<'a> {
    file: &'a str,
    by: &'static str,
    key: String,
    metrics: &'a Metrics,
}

/// All calls, then those of each host and hour, each with a last row for what found no room.
pub(super) fn rows<'a>(file: &'a str, kpis: &'a Kpis) -> Vec<Row<'a>> {
    let mut rows = vec![Row { file, by: "all", key: String::new(), metrics: &kpis.total }];
    for (by, breakdown) in [("source", &kpis.sources), ("destination", &kpis.destinations)] {
        rows.extend(breakdown.rows().map(|(host, metrics)| Row { file, by, key: host.to_string(), metrics }));
        rows.extend(breakdown.other().map(|metrics| others(file, by, metrics)));
    }
    rows.extend(kpis.hours.rows().map(|(hour, metrics)| Row { file, by: "hour", key: utc(hour.start()), metrics }));
    rows.extend(kpis.hours.other().map(|metrics| others(file, "hour", metrics)));
    rows
}

fn others<'a>(file: &'a str, by: &'static str, metrics: &'a Metrics) -> Row<'a> {
    Row { file, by, key: "(others)".to_owned(), metrics }
}

fn percent(ratio: Ratio) -> String {
    kpi::basis_points(ratio).map_or_else(String::new, |points| format!("{}.{:02}", points / 100, points % 100))
}

fn seconds(delay: Option<Duration>) -> String {
    delay.map_or_else(String::new, |delay| format!("{}.{:06}", delay.as_secs(), delay.subsec_micros()))
}

fn spread<'a>(metrics: &'a Metrics, name: &str) -> Option<&'a Spread> {
    kpi::DELAYS.iter().find(|row| row.name == name).map(|row| (row.of)(metrics))
}

type Value = fn(&Row<'_>) -> String;

macro_rules! count_column {
    ($name:ident, $meaning:expr) => {
        column(stringify!($name), $meaning, |r| r.metrics.$name.to_string())
    };
}

macro_rules! ratio_column {
    ($name:ident, $column:expr, $meaning:expr) => {
        column($column, $meaning, |r| percent(r.metrics.$name()))
    };
}

macro_rules! delay_column {
    ($name:literal, $suffix:literal, $meaning:expr, $of:expr) => {
        column(concat!($name, $suffix), $meaning, |r| {
            let of: fn(&Spread) -> Option<Duration> = $of;
            seconds(spread(r.metrics, $name).and_then(of))
        })
    };
}

macro_rules! number_column {
    ($name:literal, $meaning:expr) => {
        column(concat!($name, "_n"), $meaning, |r| {
            spread(r.metrics, $name).map_or_else(String::new, |s| s.count().to_string())
        })
    };
}

/// The columns.
pub(super) static COLUMNS: &[Column<Value>] = &[
    column("file", "The capture; with `--merge`, all its files.", |r| r.file.to_owned()),
    column(
        "by",
        "What the row is about: `all` calls of the capture, or those of one `source` (the host that sent the INVITE or REGISTER, on the \
         hop nearest the caller), one `destination` (where it was sent), or one `hour` (UTC).",
        |r| r.by.to_owned(),
    ),
    column(
        "key",
        "The address, or when the hour begins; empty for all; `(others)` for those beyond the limit on rows.",
        |r| r.key.clone(),
    ),
    count_column!(calls, "Calls whose end is known: the whole of ASR and NER."),
    count_column!(open_calls, "Calls whose end the capture does not show; they count nowhere else."),
    count_column!(answered, "Calls that were answered with a 2xx."),
    count_column!(busy, "Calls that ended with 486 or 600."),
    count_column!(
        unanswered,
        "Calls that rang (180, 183) and ended with CANCEL, 408, 480 or 487, or with Q.850 cause 19."
    ),
    count_column!(rejected, "Calls that the user rejected: 603 that is no 603+, 607 of a person or their device."),
    count_column!(
        requests,
        "INVITEs whose end is known, one with credentials and the challenged one being one: the whole of ISA."
    ),
    count_column!(redirected, "Those that ended with a 3xx; `requests` less these is the whole of SER and SEER."),
    count_column!(established, "Those that ended with a 2xx."),
    count_column!(by_user, "Those that ended with 480, 486, 600 or 603."),
    count_column!(unwanted_by_user, "Those that ended with a 607 of a person or their device."),
    count_column!(ineffective, "Those that ended with 408, 500, 503 or 504."),
    count_column!(open_requests, "INVITEs whose end the capture does not show."),
    count_column!(challenges, "Challenges (401, 407) that were answered."),
    count_column!(completed, "Answered calls whose BYE got a response other than 408."),
    count_column!(
        still_up,
        "Answered calls that are not over when the capture ends; `requests` less these is the whole of SCR."
    ),
    count_column!(failed_disconnects, "BYEs that were rejected."),
    count_column!(registrations, "REGISTERs whose end is known: the whole of IRA."),
    count_column!(
        ineffective_registrations,
        "Those that ended with a 4xx other than 401, 402 and 407, a 5xx, a 6xx, or without response."
    ),
    count_column!(open_registrations, "REGISTERs whose end the capture does not show."),
    ratio_column!(asr, "asr_percent", "Answer seizure ratio; empty, as all shares, where its whole is 0."),
    ratio_column!(ner, "ner_percent", "Network effectiveness ratio: `answered`, `busy`, `unanswered` and `rejected`."),
    ratio_column!(ser, "ser_percent", "Session establishment ratio (RFC 6076 §4.6): `established`."),
    ratio_column!(
        seer,
        "seer_percent",
        "Session establishment effectiveness ratio (§4.7): `established` and `by_user`."
    ),
    ratio_column!(
        seer_with_607,
        "seer_with_607_percent",
        "The same with `unwanted_by_user`, which RFC 6076 does not know."
    ),
    ratio_column!(isa, "isa_percent", "Ineffective session attempts (§4.8): `ineffective`."),
    ratio_column!(scr, "scr_percent", "Session completion ratio (§4.9): `completed`."),
    ratio_column!(ira, "ira_percent", "Ineffective registration attempts (§4.2): `ineffective_registrations`."),
    number_column!(
        "pdd",
        "How many post-dial delays were measured: first INVITE to first 18x, else to the final response."
    ),
    delay_column!("pdd", "_mean_s", "Their mean in seconds.", |s| s.mean()),
    delay_column!("pdd", "_p50_s", "Half of them are not longer. Percentiles are off by less than 0.8 %.", |s| s
        .percentile(50)),
    delay_column!("pdd", "_p90_s", "90 % of them are not longer.", |s| s.percentile(90)),
    delay_column!("pdd", "_p95_s", "95 % of them are not longer.", |s| s.percentile(95)),
    delay_column!("pdd", "_p99_s", "99 % of them are not longer.", |s| s.percentile(99)),
    delay_column!("pdd", "_max_s", "The longest.", Spread::greatest),
    number_column!(
        "srd",
        "Session request delays of answered calls (§4.3.1), with the columns that follow as for `pdd`."
    ),
    delay_column!("srd", "_mean_s", "Mean.", |s| s.mean()),
    delay_column!("srd", "_p50_s", "50 %.", |s| s.percentile(50)),
    delay_column!("srd", "_p95_s", "95 %.", |s| s.percentile(95)),
    delay_column!("srd", "_max_s", "Longest.", Spread::greatest),
    number_column!("srd_failed", "Session request delays of calls that failed (§4.3.2)."),
    delay_column!("srd_failed", "_mean_s", "Mean.", |s| s.mean()),
    delay_column!("srd_failed", "_p50_s", "50 %.", |s| s.percentile(50)),
    delay_column!("srd_failed", "_p95_s", "95 %.", |s| s.percentile(95)),
    delay_column!("srd_failed", "_max_s", "Longest.", Spread::greatest),
    number_column!("acd", "Answered calls whose BYE was captured."),
    delay_column!("acd", "_mean_s", "Average call duration: from the 2xx to the BYE.", |s| s.mean()),
    number_column!("sdt", "Session durations (§4.5.1): BYE with a response."),
    delay_column!("sdt", "_mean_s", "Mean.", |s| s.mean()),
    delay_column!("sdt", "_p50_s", "50 %.", |s| s.percentile(50)),
    delay_column!("sdt", "_p95_s", "95 %.", |s| s.percentile(95)),
    delay_column!("sdt", "_max_s", "Longest.", Spread::greatest),
    number_column!("sdt_failed", "Session durations (§4.5.2) where the BYE got no response: until timer F."),
    delay_column!("sdt_failed", "_mean_s", "Mean.", |s| s.mean()),
    number_column!("sdd", "Session disconnect delays (§4.4): BYE to its 2xx."),
    delay_column!("sdd", "_mean_s", "Mean.", |s| s.mean()),
    delay_column!("sdd", "_p50_s", "50 %.", |s| s.percentile(50)),
    delay_column!("sdd", "_p95_s", "95 %.", |s| s.percentile(95)),
    delay_column!("sdd", "_max_s", "Longest.", Spread::greatest),
    number_column!("rrd", "Registration request delays (§4.1)."),
    delay_column!("rrd", "_mean_s", "Mean.", |s| s.mean()),
    delay_column!("rrd", "_p50_s", "50 %.", |s| s.percentile(50)),
    delay_column!("rrd", "_p95_s", "95 %.", |s| s.percentile(95)),
    delay_column!("rrd", "_max_s", "Longest.", Spread::greatest),
];
