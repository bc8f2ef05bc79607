//! `sipscan.toml`: what a team decides once for all its runs. Found upwards from the working directory, or named by `--config`.
//!
//! The command line comes before the file, the file before the defaults. Unknown keys are errors: a misspelt threshold that is
//! silently ignored is worse than none.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::value::Datetime;
use toml::{Table, Value};

use super::files;
use crate::call::Waits;
use crate::cli::country_code;
use crate::diagnosis::rules::RULES;
use crate::diagnosis::{Exception, Settings, Severity, Thresholds};
use crate::error::{Error, shown};
use crate::explain;

/// The name of the file.
pub const NAME: &str = "sipscan.toml";

/// The contents of the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Project {
    /// Country code for telephone numbers that are written without one; as `--country`.
    pub country: Option<String>,
    /// When a call is over in which nothing happens.
    pub calls: Waits,
    /// Where the rules about many calls draw their lines.
    pub thresholds: Thresholds,
    /// Severities in place of those of the rules, by code of the diagnosis.
    pub severity: BTreeMap<String, Severity>,
    /// About redirects.
    pub redirects: Redirects,
    /// Names of hosts, by address.
    pub hosts: BTreeMap<IpAddr, String>,
    /// Findings that are known and accepted for a while.
    pub ignore: Vec<Ignored>,
}

/// The table `[redirects]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Redirects {
    /// Registered domains to which redirects may lead without being suspicious.
    pub trusted_domains: Vec<String>,
}

/// A table `[[ignore]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ignored {
    /// Code of the diagnosis.
    pub code: String,
    /// Only where this address takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<IpAddr>,
    /// Only where this number calls or is called; may end in `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Datetime,
}

/// A file with what it says.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Where it lies; `None` when there is none.
    pub path: Option<PathBuf>,
    /// What it says, or the defaults.
    pub project: Project,
    given: Table,
}

/// The same, upwards from the working directory.
///
/// # Errors
/// As for [`find`].
pub fn nearest(named: Option<&Path>) -> Result<Found, Error> {
    // Without a working directory there is nothing to look upwards from.
    find(named, &std::env::current_dir().unwrap_or_default())
}

/// Reads the file that `--config` names, or the nearest one from `directory` upwards.
///
/// # Errors
/// A file that cannot be read, is no TOML, has an unknown key or a value that makes no sense.
pub fn find(named: Option<&Path>, directory: &Path) -> Result<Found, Error> {
    let nearest = || directory.ancestors().map(|above| above.join(NAME)).find(|path| path.is_file());
    let Some(path) = named.map(Path::to_owned).or_else(nearest) else { return Ok(Found::default()) };
    let text = String::from_utf8_lossy(&files::small(&path)?).into_owned();
    let (project, given) = read(&text).map_err(|what| Error::Usage(format!("{}: {what}", shown(&path))))?;
    Ok(Found { path: Some(path), project, given })
}

/// Reads the text of a file; errors name line or key.
fn read(text: &str) -> Result<(Project, Table), String> {
    let given: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    unknown_key(&given)?;
    let project: Project = toml::from_str(text).map_err(|error| error.to_string())?;
    check(&project)?;
    Ok((project, given))
}

/// The first key that means nothing, with the one that was probably meant.
fn unknown_key(given: &Table) -> Result<(), String> {
    let known = Table::try_from(Project::default()).unwrap_or_default();
    let top: Vec<&str> = known.keys().map(String::as_str).chain(["country"]).collect();
    known_keys("", given, &top)?;
    for table in ["calls", "thresholds", "redirects"] {
        if let (Some(Value::Table(given)), Some(Value::Table(known))) = (given.get(table), known.get(table)) {
            known_keys(table, given, &known.keys().map(String::as_str).collect::<Vec<_>>())?;
        }
    }
    let entries = given.get("ignore").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table);
    entries
        .into_iter()
        .try_for_each(|entry| known_keys("ignore", entry, &["code", "host", "number", "reason", "until"]))
}

fn known_keys(table: &str, given: &Table, known: &[&str]) -> Result<(), String> {
    let Some(key) = given.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let place = if table.is_empty() { String::new() } else { format!(" in [{table}]") };
    Err(match explain::closest(key, known) {
        Some(close) => format!("unknown key `{key}`{place}; did you mean `{close}`?"),
        None => format!("unknown key `{key}`{place}; known are {}", known.join(", ")),
    })
}

fn check(project: &Project) -> Result<(), String> {
    let codes = project.severity.keys().chain(project.ignore.iter().map(|entry| &entry.code));
    for code in codes {
        if !RULES.iter().any(|rule| rule.code == code) {
            let all: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
            let close =
                explain::closest(code, &all).map_or(String::new(), |close| format!("; did you mean `{close}`?"));
            return Err(format!("`{code}` is no code of a diagnosis{close}"));
        }
    }
    if let Some(country) = &project.country {
        country_code(country).map_err(|what| format!("country: {what}"))?;
    }
    if let Some(entry) = project.ignore.iter().find(|entry| entry.last_day().is_none()) {
        return Err(format!("until = {}: a day is wanted, such as 2026-12-31", entry.until));
    }
    if project.ignore.iter().any(|entry| entry.reason.trim().is_empty()) {
        return Err("an entry of [[ignore]] needs a reason".to_owned());
    }
    if let Some(domain) = project.redirects.trusted_domains.iter().find(|domain| !is_domain(domain)) {
        return Err(format!(
            "trusted-domains: `{domain}` is no domain; write one such as `example.com`, without scheme, port or `*`"
        ));
    }
    if let Some((address, _)) = project.hosts.iter().find(|(_, name)| name.trim().is_empty()) {
        return Err(format!("hosts: the name of {address} is empty"));
    }
    project.calls.check()?;
    project.thresholds.check()
}

/// Labels of letters, digits and hyphens with dots between; other scripts are taken as they are.
fn is_domain(text: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

impl Project {
    /// Puts what the file says into the settings of a run. Exceptions that ended before `today` do not count; they are returned,
    /// as sentences for the user.
    pub fn apply(&self, settings: &mut Settings, today: Date) -> Vec<String> {
        settings.waits = self.calls;
        settings.thresholds = self.thresholds.clone();
        settings.severities.clone_from(&self.severity);
        let domains = self.redirects.trusted_domains.iter().map(|domain| domain.to_ascii_lowercase());
        settings.trusted_redirect_domains = domains.collect();
        let (over, valid): (Vec<&Ignored>, Vec<&Ignored>) =
            self.ignore.iter().partition(|entry| entry.last_day().is_none_or(|day| day < today));
        settings.exceptions = valid.into_iter().map(Ignored::exception).collect();
        let tell = |entry: &Ignored| {
            format!("{} is no longer ignored: its exception ended on {} ({})", entry.code, entry.until, entry.reason)
        };
        over.into_iter().map(tell).collect()
    }
}

impl Ignored {
    fn last_day(&self) -> Option<Date> {
        let date = self.until.date.filter(|_| self.until.time.is_none() && self.until.offset.is_none())?;
        Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
    }

    fn exception(&self) -> Exception {
        Exception { code: self.code.clone(), host: self.host, number: self.number.clone() }
    }
}

impl Found {
    /// Everything that is in force, as TOML, each value with the place that it comes from.
    pub fn in_force(&self) -> String {
        let all = toml::to_string(&self.project).unwrap_or_default();
        let file = self.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        let mut table = String::new();
        let mut page = String::new();
        for line in all.lines() {
            if let Some(name) = line.strip_prefix('[') {
                name.trim_matches(['[', ']']).clone_into(&mut table);
            }
            page.push_str(line);
            if let Some((key, _)) = line.split_once(" = ") {
                let origin = if self.is_given(&table, key.trim_matches('"')) { &file } else { "default" };
                page.push_str("  # ");
                page.push_str(origin);
            }
            page.push('\n');
        }
        page
    }

    fn is_given(&self, table: &str, key: &str) -> bool {
        if table.is_empty() {
            return self.given.contains_key(key);
        }
        match self.given.get(table) {
            Some(Value::Table(table)) => table.contains_key(key),
            Some(Value::Array(_)) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const FILE: &str = r#"
country = "44"
[calls]
answered-idle = "30 min"
[thresholds]
complaint-calls = 80
rotation-window = "5 min"
[severity]
redirect-followed = "notice"
[redirects]
trusted-domains = ["Partner.example"]
[hosts]
"192.0.2.10" = "SBC Berlin"
[[ignore]]
code = "call-not-signed"
host = "192.0.2.10"
reason = "the trunk is not signed yet"
until = 2026-12-31
[[ignore]]
code = "no-response"
number = "+1212555*"
reason = "test numbers"
until = 2026-01-31
"#;

    #[test]
    fn what_the_file_says_is_in_force() {
        let (project, given) = read(FILE).unwrap();
        let mut settings = Settings::default();
        let over = project.apply(&mut settings, date(2026, 11, 25));
        assert_eq!((settings.thresholds.complaint_calls, settings.thresholds.rotation_window.as_secs()), (80, 300));
        assert_eq!(settings.severities.get("redirect-followed"), Some(&Severity::Notice));
        assert_eq!(settings.trusted_redirect_domains, ["partner.example"]);
        assert_eq!((settings.waits.answered_idle.as_secs(), settings.waits.ringing_idle.as_secs()), (1800, 240));
        let codes: Vec<&str> = settings.exceptions.iter().map(|e| e.code.as_str()).collect();
        assert_eq!(codes, ["call-not-signed"]);
        assert_eq!(over, ["no-response is no longer ignored: its exception ended on 2026-01-31 (test numbers)"]);
        let page = Found { path: Some("sipscan.toml".into()), project, given }.in_force();
        assert!(page.contains("complaint-calls = 80  # sipscan.toml\n"), "{page}");
        assert!(page.contains("complaint-callees = 5  # default\n"), "{page}");
        assert!(page.contains("\"192.0.2.10\" = \"SBC Berlin\"  # sipscan.toml\n"), "{page}");
        assert_eq!(read(&page).unwrap().0.in_force_text(), page_without_origins(&page));
    }

    impl Project {
        fn in_force_text(&self) -> String {
            toml::to_string(self).unwrap()
        }
    }

    fn page_without_origins(page: &str) -> String {
        page.lines().map(|line| line.split("  # ").next().unwrap().to_owned() + "\n").collect()
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        let ignore = |more: &str| format!("[[ignore]]\ncode = \"no-response\"\n{more}");
        for (text, says) in [
            ("contry = \"44\"", "unknown key `contry`; did you mean `country`?"),
            ("country = \"4x\"", "digits"),
            ("[redirects]\ntrusted-domains = [\"*.x.example\"]", "`*.x.example` is no domain"),
            ("[redirects]\ntrusted-domains = [\"http://x.example\"]", "without scheme"),
            ("[hosts]\n\"192.0.2.10\" = \" \"", "the name of 192.0.2.10 is empty"),
            (
                "[thresholds]\ncomplaint-cals = 1",
                "unknown key `complaint-cals` in [thresholds]; did you mean `complaint-calls`?",
            ),
            ("[thresholds]\ncomplaint-share-of-caller = 101", "complaint-share-of-caller"),
            ("[thresholds]\nrobocall-calls = 0", "robocall-calls"),
            ("[calls]\nringing-idle = \"30s\"", "ringing-idle must be at least 40 s"),
            ("[calls]\nidle = \"1h\"", "unknown key `idle` in [calls]"),
            ("[thresholds]\nrotation-window = 5", "rotation-window"),
            ("[severity]\nno-respons = \"info\"", "did you mean `no-response`?"),
            ("[severity]\nno-response = \"bad\"", "unknown variant `bad`"),
            ("[redirects]\ndomains = []", "unknown key `domains` in [redirects]"),
            ("[hosts]\nsbc = \"x\"", "invalid IP address"),
            (&ignore("reason = \"x\""), "missing field `until`"),
            (&ignore("until = 2026-12-31"), "missing field `reason`"),
            (&ignore("reason = \" \"\nuntil = 2026-12-31"), "needs a reason"),
            (
                &ignore("reason = \"x\"\nuntil = 2026-12-31\nhosts = \"1.2.3.4\""),
                "unknown key `hosts` in [ignore]; did you mean `host`?",
            ),
            (&ignore("reason = \"x\"\nuntil = 10:00:00"), "a day is wanted"),
            ("[thresholds", "line 1"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_nearest_file_upwards_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(directory.path().join(NAME), "country = \"49\"").unwrap();
        let found = find(None, &below).unwrap();
        assert_eq!(found.project.country.as_deref(), Some("49"));
        assert!(found.path.unwrap().ends_with(NAME));
        assert!(find(Some(&below.join("none.toml")), &below).is_err());
    }
}
