//! Capped aggregates over all calls of a capture: what the capture-wide rules look at. One file per topic.

mod recent;
pub mod redirects;
pub mod scans;
pub mod tls;
pub mod traffic;
pub mod unwanted;

use super::Settings;
use super::unwanted_case::UnwantedCase;
use crate::call::Call;
use crate::hashing::HashMap;
use crate::lang::Text;
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
                "{n} redirect was left out of the comparison over all calls: too many addresses",
                "{n} redirects were left out of the comparison over all calls: too many addresses",
            )
        });
        let unwanted = self.unwanted.forgotten();
        let unwanted = (unwanted > 0).then(|| {
            Text::count(
                unwanted,
                "{n} 607 or call after one was left out of the comparison over all calls: too many parties",
                "{n} 607s or calls after them were left out of the comparison over all calls: too many parties",
            )
        });
        let traffic = self.traffic.forgotten();
        let traffic = (traffic > 0).then(|| {
            Text::count(
                traffic,
                "{n} call was left out of the statistics by source and caller: too many sources or callers",
                "{n} calls were left out of the statistics by source and caller: too many sources or callers",
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
