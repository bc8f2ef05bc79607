//! Capped aggregates over all calls of a capture: what the capture-wide rules look at. One file per topic.

pub mod bindings;
pub mod drops;
pub mod load;
pub mod nonces;
mod recent;
pub mod redirects;
pub mod registered;
pub mod registrations;
pub mod scans;
pub mod tls;
pub mod toll;
pub mod traffic;
pub mod unwanted;

use super::engine::Studied;
use super::rules::unwanted_after_answer;
use super::unwanted_case::UnwantedCase;
use super::{Earlier, Evidence, Facts, Settings};
#[cfg(test)]
use crate::call::Call;
use crate::lang::Text;
use crate::limits::{PATTERN_CITED, PATTERN_OCTETS, PATTERN_SOFTWARE};
#[cfg(test)]
use crate::provenance::Timestamp;
use crate::shorten;
use crate::sip::Message;

/// What is remembered of calls that are over. Every table has a limit in [`crate::limits`].
#[derive(Debug, Default)]
pub struct Patterns {
    /// What calls that have been diagnosed showed of hosts and signers.
    pub earlier: Earlier,
    /// Addresses that moved.
    pub redirects: redirects::Redirects,
    /// 607s, and calls after them.
    pub unwanted: unwanted::Unwanted,
    /// Who ends calls as if no ACK had come.
    pub drops: drops::Drops,
    /// Who refuses requests for now, and who does not wait.
    pub load: load::Load,
    /// Who calls its nonces stale.
    pub nonces: nonces::Nonces,
    /// Who registers what.
    pub registrations: registrations::Registrations,
    /// Who looks for servers and users.
    pub scans: scans::Scans,
    /// TLS connections with SIP.
    pub tls: tls::Tls,
    /// Who calls abroad and to premium rates.
    pub toll: toll::Toll,
    /// Who calls whom.
    pub traffic: traffic::Traffic,
}

/// Entries of a table in the order of their keys, which is not that in which it holds them.
fn sorted<'a, K: Ord + 'a, V: 'a>(entries: impl IntoIterator<Item = (&'a K, &'a V)>) -> Vec<(&'a K, &'a V)> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

/// Octets of the texts that a table keeps: no limit on its entries bounds what a capture has written into them.
#[derive(Debug, Default)]
struct Texts {
    octets: usize,
}

impl Texts {
    /// Whether there is room for more: up to [`PATTERN_OCTETS`], and the last entry.
    fn has_room(&self) -> bool {
        self.octets < PATTERN_OCTETS
    }

    fn add(&mut self, octets: usize) {
        self.octets += octets;
    }

    fn remove(&mut self, octets: usize) {
        self.octets = self.octets.saturating_sub(octets);
    }
}

/// Adds to a list that as a rule stays at one entry: the first `push` would make room for four, and there are thousands of lists.
fn add<T>(list: &mut Vec<T>, entry: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(entry);
}

/// A citation for keeps.
pub(super) fn cited(mut evidence: Evidence) -> Evidence {
    evidence.text = evidence.text.kept(PATTERN_CITED);
    evidence
}

/// As much of a start line as it takes to cite it later: [`line_cited`] makes the citation of it, as nearly none is asked for.
fn line_to_cite(message: &Message) -> &[u8] {
    let line = message.start_line_octets();
    line.get(..PATTERN_CITED + LONGEST_CHARACTER).unwrap_or(line)
}

/// Octets of the longest character in UTF-8.
const LONGEST_CHARACTER: usize = 4;

/// The same start line as text for keeps: what is not UTF-8 is replaced, and more than there is room for cut off.
fn line_cited(noted: String) -> String {
    shorten::kept(noted, PATTERN_CITED)
}

/// The software that a message names, for keeps.
fn software(message: &Message) -> Option<String> {
    message.software_in_place().map(|name| shorten::to_octets(name, PATTERN_SOFTWARE).into_owned())
}

/// The same where it is that of its sender.
fn software_of_sender(message: &Message) -> Option<String> {
    message.software_of_sender().map(|name| shorten::to_octets(name, PATTERN_SOFTWARE).into_owned())
}

/// The same of such a name.
fn of_software(name: String) -> String {
    shorten::kept(name, PATTERN_SOFTWARE)
}

/// Whether a call got a 607 that is no complaint of anybody who was called.
fn is_no_complaint(unwanted: &[UnwantedCase<'_>]) -> bool {
    unwanted.iter().any(UnwantedCase::is_no_complaint)
}

impl Patterns {
    /// Takes note of closed calls, one table after the other.
    pub(super) fn observe_all(&mut self, calls: &[Studied<'_>], settings: &Settings) {
        for studied in calls {
            self.scans.observe(studied.call);
        }
        for studied in calls.iter().filter(|studied| !studied.call.is_invite()) {
            self.registrations.observe(studied.call);
        }
        for studied in calls.iter().filter(|studied| studied.facts.hold(Facts::FAILURE)) {
            self.nonces.observe(studied.call);
        }
        for studied in calls {
            self.load.observe(studied.call, &studied.invites, studied.facts.hold(Facts::FAILURE));
        }
        let invites = || calls.iter().filter(|studied| studied.call.is_invite());
        let of_callers = || invites().filter(|studied| !is_no_complaint(&studied.unwanted));
        for Studied { call, facts, .. } in invites() {
            let is_told = facts.hold(Facts::IN_VAIN) || facts.hold(Facts::IN_SPITE_OF_ACK);
            self.drops.observe(call, is_told, settings.t1);
        }
        for Studied { call, invites, .. } in invites() {
            self.redirects.observe(call, invites);
        }
        for Studied { call, invites, unwanted, facts, .. } in of_callers() {
            let complaint = facts.hold(Facts::REASON_OF_REQUEST).then(|| unwanted_after_answer::of_called_side(call));
            self.unwanted.observe(call, invites, unwanted, complaint.flatten());
        }
        for Studied { call, invites, .. } in of_callers() {
            self.traffic.observe(call, invites, &settings.country);
        }
        for Studied { call, invites, .. } in invites() {
            self.toll.observe(call, invites, &settings.country);
        }
    }

    /// The same of a call of which nothing is known yet.
    #[cfg(test)]
    pub(super) fn observe_call(&mut self, call: &Call) {
        let settings = Settings::default();
        let studied = Studied::of(call, Timestamp::default(), &settings.country);
        self.observe_all(&[studied], &settings);
    }

    /// What is remembered of these calls.
    #[cfg(test)]
    pub(super) fn of_calls(calls: &[super::CallReport]) -> Self {
        let mut patterns = Self::default();
        for report in calls {
            patterns.observe_call(&report.call);
        }
        patterns
    }

    /// Limits that were hit, in words.
    pub fn limits_hit(&self) -> Vec<Text> {
        let redirects = self.redirects.forgotten();
        let redirects = (redirects > 0).then(|| {
            Text::count(
                redirects,
                "{n} redirect was left out of the comparison over all calls: too many addresses, or too long ones",
                "{n} redirects were left out of the comparison over all calls: too many addresses, or too long ones",
            )
        });
        let unwanted = self.unwanted.forgotten();
        let unwanted = (unwanted > 0).then(|| {
            Text::count(
                unwanted,
                "{n} 607 or call after one was left out of the comparison over all calls: too many parties, or too long names",
                "{n} 607s or calls after them were left out of the comparison over all calls: too many parties, or too long names",
            )
        });
        let traffic = self.traffic.forgotten();
        let traffic = (traffic > 0).then(|| {
            Text::count(
                traffic,
                "{n} call was left out of the statistics by source and caller: too many of them, or too long names",
                "{n} calls were left out of the statistics by source and caller: too many of them, or too long names",
            )
        });
        let scans = self.scans.forgotten();
        let scans = (scans > 0).then(|| {
            Text::count(
                scans,
                "{n} request was not looked at for scans: too many sources",
                "{n} requests were not looked at for scans: too many sources",
            )
        });
        let load = self.load.forgotten();
        let load = (load > 0).then(|| {
            Text::count(
                load,
                "{n} refused request was left out of the statistics about servers that refuse: too many of them",
                "{n} refused requests were left out of the statistics about servers that refuse: too many of them",
            )
        });
        let registrations = self.registrations.forgotten();
        let registrations = (registrations > 0).then(|| {
            Text::count(
                registrations,
                "{n} registration was not looked at for storms: too many contacts, or too long names",
                "{n} registrations were not looked at for storms: too many contacts, or too long names",
            )
        });
        let registered = self.earlier.registered.forgotten();
        let registered = (registered > 0).then(|| {
            Text::count(
                registered,
                "{n} registration was not compared with later calls: too many users, or too long names",
                "{n} registrations were not compared with later calls: too many users, or too long names",
            )
        });
        let bindings = self.earlier.bindings.forgotten();
        let bindings = (bindings > 0).then(|| {
            Text::count(
                bindings,
                "{n} registration or request was not looked at for NAT that forgets: too many clients, or too long names",
                "{n} registrations or requests were not looked at for NAT that forgets: too many clients, or too long names",
            )
        });
        let nonces = self.nonces.forgotten();
        let nonces = (nonces > 0).then(|| {
            Text::count(
                nonces,
                "{n} nonce was left out of the statistics about stale ones: too many servers, or too long names",
                "{n} nonces were left out of the statistics about stale ones: too many servers, or too long names",
            )
        });
        let toll = self.toll.forgotten();
        let toll = (toll > 0).then(|| {
            Text::count(
                toll,
                "{n} call abroad was not looked at for fraud: too many addresses or callers, or too long names",
                "{n} calls abroad were not looked at for fraud: too many addresses or callers, or too long names",
            )
        });
        let tls = self.tls.forgotten();
        let tls = (tls > 0).then(|| {
            Text::count(
                tls,
                "{n} TLS connection was left out of the findings about TLS: too many ends",
                "{n} TLS connections were left out of the findings about TLS: too many ends",
            )
        });
        let drops = self.drops.forgotten();
        let drops = (drops > 0).then(|| {
            Text::count(
                drops,
                "{n} call was left out of the statistics about calls that end after 32 seconds: too many servers",
                "{n} calls were left out of the statistics about calls that end after 32 seconds: too many servers",
            )
        });
        let first = redirects.into_iter().chain(unwanted).chain(traffic).chain(load).chain(registrations);
        first.chain(registered).chain(bindings).chain(nonces).chain(scans).chain(toll).chain(drops).chain(tls).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::diagnosis::testing::diagnose;
    use crate::limits::{PATTERN_ADDRESS, PATTERN_NAME};

    /// A 607, a 301 and a call that names a scanner, with names of so many octets everywhere.
    fn observed(octets: usize) -> Patterns {
        let long = |name: &str| format!("{name}{}", "x".repeat(octets - name.len()));
        let (alice, bob, agent) = (long("alice"), long("bob"), long("friendly-scanner/"));
        let other = long("ExamplePBX");
        let flow = format!(
            "host a 192.0.2.10\nhost b 198.51.100.30\n\n\
             0.0 a > b call=1\nINVITE sip:{bob}@b\nFrom: <sip:{alice}@a>\nTo: <sip:{bob}@b>\nUser-Agent: {other}\n\n\
             +0.1 b > a call=1\n607 Unwanted {agent}\nServer: {agent}\n\n+0.1 a > b call=1\nACK\n\n\
             9.0 a > b call=2\nINVITE sip:{bob}@b\nFrom: <sip:{alice}@a>\nTo: <sip:{bob}@b>\nUser-Agent: {agent}\n\n\
             +0.1 b > a call=2\n301 Moved {agent}\nServer: {agent}\nContact: <sip:{alice}@b>\n\n+0.1 a > b call=2\nACK\n\n\
             19.0 a > b call=3\nINVITE sip:{bob}@b\nFrom: <sip:{alice}@a>\nTo: <sip:{bob}@b>\nUser-Agent: {agent}\n\n\
             +0.1 b > a call=3\n180 Ringing {agent}\n\n+0.1 b > a call=3\n486 Busy {agent}\n\n+0.1 a > b call=3\nACK\n\n"
        );
        let mut patterns = Patterns::default();
        for report in diagnose(&flow).calls {
            patterns.observe_call(&report.call);
        }
        patterns
    }

    #[test]
    fn what_is_remembered_does_not_follow_the_length_of_names() {
        let patterns = observed(2500);
        assert_eq!(patterns.limits_hit().len(), 3, "{:?}", patterns.limits_hit());
        let held = |patterns: &Patterns| format!("{patterns:?}").matches('x').count();
        // But for the address in hand.
        assert!(held(&observed(3500)) <= held(&patterns) + 1000);
        assert!(patterns.traffic.callers(|_| true).next().is_none() && patterns.redirects.answers().next().is_none());
        let source = patterns.scans.sources().next().unwrap().1;
        let mark = source.mark.as_ref().unwrap();
        assert!(mark.evidence.text.ends_with('…') && mark.evidence.text.len() < PATTERN_CITED + 4);
        assert!(mark.software.as_ref().is_some_and(|name| name.len() < PATTERN_SOFTWARE + 4));
    }

    #[test]
    fn names_as_long_as_people_have_are_kept_whole() {
        let patterns = observed(PATTERN_NAME - "@b".len());
        assert_eq!(patterns.limits_hit(), []);
        assert!(!format!("{patterns:?}").contains('…'));
        let (name, caller) = patterns.traffic.callers(|_| true).next().unwrap();
        assert_eq!((name.len(), caller.counts.calls), (PATTERN_NAME, 3));
        assert_eq!(patterns.redirects.answers().next().unwrap().total, 1);
        assert_eq!(observed(PATTERN_NAME - 1).limits_hit().len(), 2);
    }

    #[test]
    fn a_607_to_a_scanner_is_no_complaint() {
        let flow = |agent: &str| {
            format!(
                "host a 192.0.2.10\nhost b 198.51.100.30\n\n0 a > b\nINVITE sip:1@b\nFrom: <sip:100@a>\nUser-Agent: {agent}\n\n\
                 0.01 b > a tag=t\n607 Unwanted\n"
            )
        };
        for (agent, counted) in [("friendly-scanner", 0), ("ExamplePBX", 1)] {
            let mut patterns = Patterns::default();
            patterns.observe_call(&diagnose(&flow(agent)).calls[0].call);
            let complaints = patterns.traffic.sources().map(|source| source.counts.unwanted).sum::<u64>();
            assert_eq!((complaints, patterns.unwanted.answerers.iter().count() as u64), (counted, counted), "{agent}");
        }
    }

    #[test]
    fn many_names_of_usual_lengths_have_a_bound_too() {
        let long = "x".repeat(PATTERN_ADDRESS - 60);
        let mut flow = "host a 192.0.2.10\nhost b 198.51.100.30\n\n".to_owned();
        for n in 0..4 {
            let _ = write!(
                flow,
                "{n}0.0 a > b call={n}\nINVITE sip:u{n}@b;x={long}\n\n+0.1 b > a call={n}\n301 Moved\n\
                 Contact: <sip:v{n}@c;x={long}>\n\n+0.1 a > b call={n}\nACK\n\n"
            );
        }
        let calls = diagnose(&flow).calls;
        let mut patterns = Patterns::default();
        let mut octets = Vec::new();
        for report in &calls {
            patterns.observe_call(&report.call);
            octets.push(patterns.redirects.octets());
        }
        assert!(octets.is_sorted() && octets.iter().all(|octets| *octets > 4 * 900), "{octets:?}");
        assert_eq!((patterns.redirects.answers().count(), patterns.redirects.forgotten()), (4, 0));
        let mut full = Patterns::default();
        full.redirects.fill();
        for report in &calls {
            full.observe_call(&report.call);
        }
        assert_eq!((full.redirects.answers().count(), full.redirects.forgotten()), (0, 4));
        assert_eq!(full.limits_hit().len(), 1);
    }
}
