//! Which calls reports show: `--where` and its shortcuts, a small language over what is known of a call that is over.
//!
//! The pipeline asks between diagnosis and reports: everything is read and diagnosed, so that what one call says of another is
//! known; then only the selected calls are counted and reported. `docs/filter.md` is its manual.

mod error;
mod field;
mod parse;
#[cfg(test)]
mod tests;
mod token;
mod wanted;

use jiff::tz::TimeZone;

use crate::diagnosis::CallReport;
use crate::error::Error;
use error::{Mistake, Place};
use field::{Field, Kind};
use parse::Expr;
use wanted::{Relation, Test, Wanted};

/// Which calls are selected.
#[derive(Debug, Clone)]
pub struct Filter {
    expr: Expr,
    text: String,
    names_calls: bool,
}

/// What the command line says of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Expressions; each must hold.
    pub expressions: &'a [String],
    /// Calling party.
    pub from: Option<&'a str>,
    /// Called party.
    pub to: Option<&'a str>,
    /// The earliest time of the first message.
    pub since: Option<&'a str>,
    /// The latest time of the first message.
    pub until: Option<&'a str>,
    /// Number, Call-ID or party of the calls.
    pub calls: &'a [String],
}

impl Asked<'_> {
    /// Refuses what can hold for no call at all: an empty name, an end before the beginning.
    fn check(&self, zone: &TimeZone) -> Result<(), Error> {
        let calls = self.calls.iter().map(|call| ("--call", call.as_str()));
        let named =
            [("--from", self.from), ("--to", self.to)].into_iter().filter_map(|(name, value)| Some((name, value?)));
        if let Some((option, _)) = calls.chain(named).find(|(_, value)| value.trim().is_empty()) {
            return Err(Error::Usage(format!("{option}: the value is empty")));
        }
        let time = |text: Option<&str>| text.and_then(|text| wanted::time(text, zone));
        match (time(self.since), time(self.until)) {
            (Some(since), Some(until)) if since > until => {
                Err(Error::Usage("--since is later than --until: no call can be between them".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Digits up to which a number names a call, not a party.
const CALL_DIGITS: usize = 6;

impl Filter {
    /// Reads what was asked for; times without a zone are in `zone`. `None` when nothing was: every call is selected.
    ///
    /// # Errors
    /// [`Error::Usage`] with the place of the mistake.
    pub fn read(asked: Asked<'_>, zone: &TimeZone) -> Result<Option<Self>, Error> {
        let mut all = Vec::new();
        let mut texts = Vec::new();
        asked.check(zone)?;
        for text in asked.expressions {
            all.push(parse::parse(text, zone).map_err(|mistake| mistake.into_error("--where", text))?);
            texts.push(if asked.expressions.len() > 1 { format!("({text})") } else { text.clone() });
        }
        let shortcuts = [
            ("--from", "caller", Relation::Equal, asked.from),
            ("--to", "callee", Relation::Equal, asked.to),
            ("--since", "start", Relation::GreaterOrEqual, asked.since),
            ("--until", "start", Relation::LessOrEqual, asked.until),
        ];
        for (option, name, relation, value) in shortcuts {
            let Some((value, field)) = value.zip(field::find(name)) else { continue };
            let wanted = Wanted::read(value, field.kind, relation, zone).map_err(|message| {
                Mistake::new(Place { start: 0, end: value.len() }, message).into_error(option, value)
            })?;
            all.push(test(field, relation, wanted));
            texts.push(format!("{option} {value}"));
        }
        if !asked.calls.is_empty() {
            all.push(Expr::Any(asked.calls.iter().flat_map(|call| named(call)).collect()));
            texts.extend(asked.calls.iter().map(|call| format!("--call {call}")));
        }
        Ok((!all.is_empty()).then(|| Self {
            expr: Expr::All(all),
            text: texts.join(" and "),
            names_calls: !asked.calls.is_empty(),
        }))
    }

    /// What was asked for, in one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether certain calls were asked for (`--call`): then there ought to be one.
    pub fn names_calls(&self) -> bool {
        self.names_calls
    }

    /// Whether a call is selected.
    pub fn selects(&self, report: &CallReport) -> bool {
        holds(&self.expr, report)
    }
}

fn holds(expr: &Expr, report: &CallReport) -> bool {
    match expr {
        Expr::All(all) => all.iter().all(|expr| holds(expr, report)),
        Expr::Any(any) => any.iter().any(|expr| holds(expr, report)),
        Expr::Not(expr) => !holds(expr, report),
        Expr::Test(test) => test.holds(&(test.field.values)(report)),
    }
}

fn test(field: &'static Field, relation: Relation, wanted: Wanted) -> Expr {
    Expr::Test(Test { field, relation, wanted: vec![wanted] })
}

/// A few digits are the number of a call, with or without `#`; anything else is a Call-ID, or a party.
fn named(call: &str) -> Vec<Expr> {
    let digits = call.strip_prefix('#').unwrap_or(call);
    let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() <= CALL_DIGITS || call != digits);
    if let Some(number) = digits.parse().ok().filter(|_| is_number) {
        return field::find("call")
            .map(|field| test(field, Relation::Equal, Wanted::Number(number)))
            .into_iter()
            .collect();
    }
    let wanted = |kind| if kind == Kind::Party { Wanted::party(call) } else { Wanted::Text(call.to_owned()) };
    let fields = ["call_id", "caller", "callee"].into_iter().filter_map(field::find);
    fields.map(|field| test(field, Relation::Equal, wanted(field.kind))).collect()
}
