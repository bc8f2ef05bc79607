//! What the command line and `sipscan.toml` say together, for all commands that analyse captures.

use std::io::Write;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::app;
use crate::cli::{Basis, ProjectFile, Redaction, Selection};
use crate::config;
use crate::config::project::{self, Found, Project};
use crate::diagnosis::Settings;
use crate::error::Error;
use crate::filter::{Asked, Filter};
use crate::redact::Redactor;

/// Finds `sipscan.toml`; the defaults where there is none, or none is wanted.
///
/// # Errors
/// Those of [`project::nearest`].
pub fn project(file: &ProjectFile) -> Result<Found, Error> {
    if file.no_config { Ok(Found::default()) } else { project::nearest(file.config.as_deref()) }
}

/// The settings of the analysis: the command line comes before the file. Warnings about the file go to `talk`.
///
/// # Errors
/// Those of certificates, key logs and keys that cannot be read.
pub fn analysis(basis: &Basis, project: &Project, talk: &mut dyn Write) -> Result<Settings, Error> {
    let trust = Arc::new(config::trust(&basis.trust)?);
    let mut settings = Settings { trust, keys: config::keys(&basis.secrets)?, ..Default::default() };
    for warning in project.apply(&mut settings, config::today()) {
        app::warn(&warning, talk);
    }
    if let Some(country) = basis.home.country.as_ref().or(project.country.as_ref()) {
        settings.country.clone_from(country);
    }
    Ok(settings)
}

/// The time zone of `--tz`.
///
/// # Errors
/// [`Error::Usage`] where there is none of that name.
pub fn time_zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|_| Error::Usage(format!("--tz {name}: no such time zone; give an IANA name")))
}

/// Which calls the command line asks for; `None` for all.
///
/// # Errors
/// [`Error::Usage`] with the place of the mistake.
pub fn filter(
    selection: &Selection,
    zone: &TimeZone,
    redactor: Option<&Redactor>,
) -> Result<Option<Arc<Filter>>, Error> {
    let Selection { conditions, from, to, since, until, calls } = selection;
    // The filter sees what the reports will show, and is shown itself.
    let named = |name: &Option<String>| name.as_ref().map(|n| redactor.map_or_else(|| n.clone(), |r| r.party_name(n)));
    let (from, to) = (named(from), named(to));
    let calls: Vec<String> =
        calls.iter().map(|call| redactor.map_or_else(|| call.clone(), |r| r.call_name(call))).collect();
    if let Some(condition) = conditions.iter().find(|condition| redactor.is_some() && holds_value(condition)) {
        return Err(Error::Usage(format!(
            "--where {condition}: conditions see redacted values and are printed; with --redact name numbers, users and Call-IDs by --from, --to or --call"
        )));
    }
    let asked = Asked {
        expressions: conditions,
        from: from.as_deref(),
        to: to.as_deref(),
        since: since.as_deref(),
        until: until.as_deref(),
        calls: &calls,
    };
    Ok(Filter::read(asked, zone)?.map(Arc::new))
}

/// What replaces values in reports, if that was asked for; `settings` then mean the same after it.
///
/// # Errors
/// Those of a file of the key that cannot be read.
pub fn redactor(
    redaction: &Redaction,
    settings: &mut Settings,
    talk: &mut dyn Write,
) -> Result<Option<Arc<Redactor>>, Error> {
    if !redaction.redact {
        return Ok(None);
    }
    let redactor = Redactor::new(config::redaction_key(redaction.redact_key.as_deref())?, &settings.country);
    for exception in redactor.settings(settings) {
        app::warn(&format!("the exception from {exception} does not hold with --redact: it names a prefix"), talk);
    }
    Ok(Some(Arc::new(redactor)))
}

/// What replaces values in a capture.
///
/// # Errors
/// Those of a file of the key that cannot be read.
pub fn redactor_of(key: Option<&str>, country: Option<&str>) -> Result<Arc<Redactor>, Error> {
    let country = country.map_or_else(|| Settings::default().country, str::to_owned);
    Ok(Arc::new(Redactor::new(config::redaction_key(key)?, &country)))
}

/// Whether a condition may hold a value of the capture: something in quotes, an address, or a number.
fn holds_value(condition: &str) -> bool {
    let mut numbers = condition.split(|c: char| !c.is_ascii_digit());
    condition.contains(['"', '\'', '@', '+']) || numbers.any(|number| number.len() > 3)
}
