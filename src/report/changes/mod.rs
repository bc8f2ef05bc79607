//! What `sipscan diff` says of two sides: as text, as Markdown, as JSON.

use jiff::tz::TimeZone;

use super::kpi;
use super::text::{Markup, TextOptions};
use crate::call::Outcome;
use crate::diff::Side;
use crate::diff::compare::{self, Change, Code, Delays, Row};
use crate::error::Error;
use crate::fail_on::FailOn;
use crate::kpi::{Metrics, Ratio};
use crate::lang::Lang;

mod json;

/// Two sides with everything that is compared.
#[derive(Debug)]
pub struct Changes<'a> {
    pub(super) old: &'a Side,
    pub(super) new: &'a Side,
    pub(super) codes: Vec<Code<'a>>,
    pub(super) outcomes: Vec<Row<Outcome>>,
    pub(super) final_responses: Vec<Row<u16>>,
    old_metrics: Metrics,
    new_metrics: Metrics,
}

/// A key figure on both sides.
pub(super) struct Rate {
    pub(super) name: &'static str,
    pub(super) short: &'static str,
    pub(super) old: Ratio,
    pub(super) new: Ratio,
    pub(super) change: Change,
}

impl<'a> Changes<'a> {
    /// Compares two sides.
    pub fn new(old: &'a Side, new: &'a Side) -> Self {
        Self {
            old,
            new,
            codes: compare::codes(old, new),
            outcomes: compare::outcomes(old, new),
            final_responses: compare::final_responses(old, new),
            old_metrics: compare::metrics(old),
            new_metrics: compare::metrics(new),
        }
    }

    /// Whether something that `--fail-on` names is new, or has a clearly greater share.
    pub fn fail(&self, conditions: &FailOn) -> bool {
        let code = |code: &Code<'_>| code.row.change.is_more() && conditions.names_code(code.row.key, code.severity);
        let status = |row: &Row<u16>| row.change.is_more() && conditions.names_status(row.key);
        self.codes.iter().any(code) || self.final_responses.iter().any(status)
    }

    /// Shares that are defined on either side.
    pub(super) fn rates(&self) -> impl Iterator<Item = Rate> {
        let rate = |row: &kpi::RatioRow| {
            let (old, new) = ((row.of)(&self.old_metrics), (row.of)(&self.new_metrics));
            Rate { name: row.name, short: row.short, old, new, change: compare::ratio(old, new) }
        };
        kpi::RATIOS.iter().map(rate).filter(|rate| rate.old.whole + rate.new.whole > 0)
    }

    /// Delays that were measured on either side, with their names.
    pub(super) fn delays(&self) -> impl Iterator<Item = (&'static kpi::DelayRow, Delays<'_>)> {
        let of =
            |row: &'static kpi::DelayRow| (row, Delays::of((row.of)(&self.old_metrics), (row.of)(&self.new_metrics)));
        kpi::DELAYS.iter().map(of).filter(|(_, delays)| delays.old.count() + delays.new.count() > 0)
    }
}

/// For terminals: the language, the display cells of a line, whether to use colour.
pub fn plain(changes: &Changes<'_>, (lang, width, colour): (Lang, usize, bool), zone: &TimeZone) -> String {
    super::text::changes(
        changes,
        TextOptions { width, colour, lang, time_zone: zone.clone(), ..TextOptions::default() },
    )
}

/// For tickets and wikis.
pub fn markdown(changes: &Changes<'_>, lang: Lang, zone: &TimeZone) -> String {
    let options = TextOptions { lang, time_zone: zone.clone(), markup: Markup::Markdown, ..TextOptions::default() };
    super::text::changes(changes, options)
}

/// For programs.
///
/// # Errors
/// [`Error::Write`] when a number cannot be written, which no comparison has.
pub fn json(changes: &Changes<'_>) -> Result<String, Error> {
    json::document(changes)
}
