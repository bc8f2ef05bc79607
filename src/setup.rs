//! What the command line and `sipscan.toml` say together, for all commands that analyse captures.

use std::io::Write;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::app;
use crate::cli::{Basis, Selection};
use crate::config;
use crate::config::project::{self, Found, Project};
use crate::diagnosis::Settings;
use crate::error::Error;
use crate::filter::{Asked, Filter};

/// Finds `sipscan.toml`; the defaults where there is none, or none is wanted.
///
/// # Errors
/// Those of [`project::nearest`].
pub fn project(basis: &Basis) -> Result<Found, Error> {
    if basis.no_config { Ok(Found::default()) } else { project::nearest(basis.config.as_deref()) }
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
    if let Some(country) = basis.country.as_ref().or(project.country.as_ref()) {
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
pub fn filter(selection: &Selection, zone: &TimeZone) -> Result<Option<Arc<Filter>>, Error> {
    let Selection { conditions, from, to, since, until, calls } = selection;
    let asked = Asked {
        expressions: conditions,
        from: from.as_deref(),
        to: to.as_deref(),
        since: since.as_deref(),
        until: until.as_deref(),
        calls,
    };
    Ok(Filter::read(asked, zone)?.map(Arc::new))
}
