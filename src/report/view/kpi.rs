//! Key performance indicators as JSON shows them.

use std::time::Duration;

use serde::Serialize;

use super::Time;
use crate::kpi::{Breakdown, Kpis, Metrics, Ratio, Spread};
use crate::report::kpi;

/// What `--kpi` measures: on all calls, and on those of each host and hour.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct KpiView {
    /// All calls and registrations.
    total: MetricsView,
    /// By the host that sent the INVITE or REGISTER, on the hop nearest the caller.
    by_source: Vec<HostView>,
    /// By the host that it was sent to, on that hop. Each INVITE counts at its own, a call at the one that decided it.
    by_destination: Vec<HostView>,
    /// By the hour in which the call began, or the REGISTER was sent.
    by_hour: Vec<HourView>,
    /// Those for whose hosts and hours there was no room.
    others: OthersView,
}

/// What was measured on the calls of a host.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HostView {
    /// Its address.
    host: String,
    /// The figures.
    metrics: MetricsView,
}

/// What was measured on the calls of an hour.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HourView {
    /// When it begins.
    hour: Time,
    /// The figures.
    metrics: MetricsView,
}

/// What was measured beyond the limits, each null where there was room for all.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OthersView {
    /// Of hosts that send.
    source: Option<Box<MetricsView>>,
    /// Of hosts that are sent to.
    destination: Option<Box<MetricsView>>,
    /// Of hours.
    hour: Option<Box<MetricsView>>,
}

/// Figures of some calls and registrations. A request with credentials and the challenged one are one; retransmissions, further
/// hops, legs of a B2BUA and branches of a fork are not counted; an INVITE that follows a redirect is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MetricsView {
    /// Calls whose end is known.
    calls: u64,
    /// Calls whose end the capture does not show; they count nowhere else.
    open_calls: u64,
    /// INVITEs whose end is known.
    requests: u64,
    /// Those that ended with a 3xx.
    redirected: u64,
    /// INVITEs whose end the capture does not show.
    open_requests: u64,
    /// Challenges (401, 407) to INVITEs that were answered.
    challenges: u64,
    /// Answered calls that are not over when the capture ends.
    still_up: u64,
    /// BYEs that were rejected.
    failed_disconnects: u64,
    /// REGISTERs whose end is known.
    registrations: u64,
    /// REGISTERs whose end the capture does not show.
    open_registrations: u64,
    /// Answer seizure ratio (ITU-T E.411): answered calls, of `calls`.
    asr: RatioView,
    /// Network effectiveness ratio (ITU-T E.425): answered, busy, rang without answer, rejected by the user (603 that is no 603+, 607 of a
    /// person or their device), of `calls`.
    ner: RatioView,
    /// Session establishment ratio (RFC 6076 §4.6): 2xx, of `requests` without `redirected`.
    ser: RatioView,
    /// Session establishment effectiveness ratio (§4.7): 2xx, 480, 486, 600, 603, of the same.
    seer: RatioView,
    /// The same with 607 where a person or their device sent it; RFC 6076 is older than 607.
    seer_with_607: RatioView,
    /// Ineffective session attempts (§4.8): 408, 500, 503, 504, of `requests`.
    isa: RatioView,
    /// Session completion ratio (§4.9): answered, and the BYE got a response other than 408, of `requests` without `still_up`.
    scr: RatioView,
    /// Ineffective registration attempts (§4.2): 4xx other than 401, 402, 407, 5xx, 6xx, no response, of `registrations`.
    ira: RatioView,
    /// Post-dial delay: first INVITE to first 18x, else to the final response.
    pdd: SpreadView,
    /// Session request delay of answered calls (§4.3.1): first INVITE to the first response other than 100 that is no challenge and no 3xx.
    srd: SpreadView,
    /// The same of calls that failed (§4.3.2).
    srd_failed: SpreadView,
    /// From the 2xx to the BYE; its mean is the average call duration (ACD).
    acd: SpreadView,
    /// Session duration time (§4.5.1): 2xx to BYE.
    sdt: SpreadView,
    /// The same where the BYE got no response (§4.5.2): until timer F.
    sdt_failed: SpreadView,
    /// Session disconnect delay (§4.4): BYE to its 2xx.
    sdd: SpreadView,
    /// Registration request delay (§4.1): first REGISTER to its 2xx.
    rrd: SpreadView,
}

/// A share.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct RatioView {
    /// In percent, rounded to hundredths; null where `whole` is 0.
    percent: Option<f64>,
    /// What counts.
    part: u64,
    /// What it is a share of.
    whole: u64,
}

/// How times are spread, in seconds; all but `count` are null where nothing was measured. Percentiles are off by less than 0.8 %.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct SpreadView {
    /// How many there are.
    count: u64,
    /// Their mean.
    mean: Option<f64>,
    /// Half of them are not longer.
    p50: Option<f64>,
    /// 90 % of them are not longer.
    p90: Option<f64>,
    /// 95 % of them are not longer.
    p95: Option<f64>,
    /// 99 % of them are not longer.
    p99: Option<f64>,
    /// The longest.
    max: Option<f64>,
}

impl KpiView {
    pub(in crate::report) fn new(kpis: &Kpis) -> Self {
        let hosts = |of: &Breakdown<std::net::IpAddr>| {
            let view = |(host, metrics): (std::net::IpAddr, &Metrics)| HostView {
                host: host.to_string(),
                metrics: MetricsView::new(metrics),
            };
            of.rows().map(view).collect()
        };
        let other = |metrics: Option<&Metrics>| metrics.map(|metrics| Box::new(MetricsView::new(metrics)));
        let hour = |(hour, metrics): (crate::kpi::Hour, &Metrics)| HourView {
            hour: Time(hour.start()),
            metrics: MetricsView::new(metrics),
        };
        Self {
            total: MetricsView::new(&kpis.total),
            by_source: hosts(&kpis.sources),
            by_destination: hosts(&kpis.destinations),
            by_hour: kpis.hours.rows().map(hour).collect(),
            others: OthersView {
                source: other(kpis.sources.other()),
                destination: other(kpis.destinations.other()),
                hour: other(kpis.hours.other()),
            },
        }
    }
}

impl MetricsView {
    fn new(metrics: &Metrics) -> Self {
        Self {
            calls: metrics.calls,
            open_calls: metrics.open_calls,
            requests: metrics.requests,
            redirected: metrics.redirected,
            open_requests: metrics.open_requests,
            challenges: metrics.challenges,
            still_up: metrics.still_up,
            failed_disconnects: metrics.failed_disconnects,
            registrations: metrics.registrations,
            open_registrations: metrics.open_registrations,
            asr: metrics.asr().into(),
            ner: metrics.ner().into(),
            ser: metrics.ser().into(),
            seer: metrics.seer().into(),
            seer_with_607: metrics.seer_with_607().into(),
            isa: metrics.isa().into(),
            scr: metrics.scr().into(),
            ira: metrics.ira().into(),
            pdd: (&metrics.pdd).into(),
            srd: (&metrics.srd).into(),
            srd_failed: (&metrics.srd_failed).into(),
            acd: (&metrics.talk).into(),
            sdt: (&metrics.sdt).into(),
            sdt_failed: (&metrics.sdt_failed).into(),
            sdd: (&metrics.sdd).into(),
            rrd: (&metrics.rrd).into(),
        }
    }
}

impl From<Ratio> for RatioView {
    fn from(ratio: Ratio) -> Self {
        let percent = kpi::basis_points(ratio).map(|points| f64::from(points) / 100.0);
        Self { percent, part: ratio.part, whole: ratio.whole }
    }
}

impl From<&Spread> for SpreadView {
    fn from(spread: &Spread) -> Self {
        let seconds = |delay: Option<Duration>| delay.map(|delay| delay.as_secs_f64());
        Self {
            count: spread.count(),
            mean: seconds(spread.mean()),
            p50: seconds(spread.percentile(50)),
            p90: seconds(spread.percentile(90)),
            p95: seconds(spread.percentile(95)),
            p99: seconds(spread.percentile(99)),
            max: seconds(spread.greatest()),
        }
    }
}
