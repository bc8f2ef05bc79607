//! Capped aggregates over all calls of a capture: what the capture-wide rules look at. One file per topic.

mod recent;
pub mod redirects;
pub mod scans;
pub mod tls;
pub mod traffic;
pub mod unwanted;

use super::unwanted_case::UnwantedCase;
use super::{Evidence, Settings};
use crate::call::Call;
use crate::hashing::HashMap;
use crate::lang::Text;
use crate::limits::{PATTERN_CITED, PATTERN_OCTETS, PATTERN_SOFTWARE};
use crate::shorten;
use crate::sip::Message;
use unwanted::Invite;

/// What is remembered of calls that are over. Every table has a limit in [`crate::limits`].
#[derive(Debug, Default)]
pub struct Patterns {
    /// Addresses that moved.
    pub redirects: redirects::Redirects,
    /// 607s, and calls after them.
    pub unwanted: unwanted::Unwanted,
    /// Who looks for servers and users.
    pub scans: scans::Scans,
    /// TLS connections with SIP.
    pub tls: tls::Tls,
    /// Who calls whom.
    pub traffic: traffic::Traffic,
}

/// The entries of a table in the order of their keys, which is not that in which it holds them.
fn sorted<K: Ord, V>(table: &HashMap<K, V>) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = table.iter().collect();
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

/// A citation for keeps.
pub(super) fn cited(mut evidence: Evidence) -> Evidence {
    evidence.text = shorten::kept(evidence.text, PATTERN_CITED);
    evidence
}

/// What the sender of a message calls itself, for keeps.
fn software(message: &Message) -> Option<String> {
    message.software_in_place().map(|name| shorten::to_octets(name, PATTERN_SOFTWARE).into_owned())
}

/// The same of such a name.
fn of_software(name: String) -> String {
    shorten::kept(name, PATTERN_SOFTWARE)
}

impl Patterns {
    /// Takes note of a closed call, its initial INVITEs and its 607s.
    pub(super) fn observe(
        &mut self,
        call: &Call,
        invites: &[Invite<'_>],
        unwanted: &[UnwantedCase<'_>],
        settings: &Settings,
    ) {
        self.scans.observe(call);
        if !call.is_invite() {
            return;
        }
        let country = &settings.country;
        self.redirects.observe(call, invites);
        self.unwanted.observe(call, invites, unwanted, country);
        self.traffic.observe(call, invites, country);
    }

    /// The same of a call of which nothing is known yet.
    #[cfg(test)]
    pub(super) fn observe_call(&mut self, call: &Call) {
        let settings = Settings::default();
        let invites = unwanted::initial_invites(call, &settings.country);
        self.observe(call, &invites, &UnwantedCase::all(call), &settings);
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
        let tls = self.tls.forgotten();
        let tls = (tls > 0).then(|| {
            Text::count(
                tls,
                "{n} TLS connection was left out of the findings about TLS: too many ends",
                "{n} TLS connections were left out of the findings about TLS: too many ends",
            )
        });
        redirects.into_iter().chain(unwanted).chain(traffic).chain(scans).chain(tls).collect()
    }
}
