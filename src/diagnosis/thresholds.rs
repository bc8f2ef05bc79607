//! Where the heuristic rules about traffic draw their lines. The defaults are engineering judgement, and every finding that
//! rests on one says that it is a heuristic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Lines of the rules about many calls. Shares are in percent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Thresholds {
    /// Calls to an address that moved which come sooner after the 301 are retries of the same call.
    #[serde(with = "crate::span_text")]
    pub old_address_after: Duration,
    /// How soon after a 607 or a block by a network another next hop counts as another route for the same call.
    #[serde(with = "crate::span_text")]
    pub advance_window: Duration,
    /// How soon after a 607 a call of the same caller counts as a retry; later ones may have another reason.
    #[serde(with = "crate::span_text")]
    pub retry_window: Duration,
    /// How soon a retry is an error, and a retry after a block by a network one at all.
    #[serde(with = "crate::span_text")]
    pub retry_at_once: Duration,
    /// How soon after a 607 another calling number to the same callee counts as rotation.
    #[serde(with = "crate::span_text")]
    pub rotation_window: Duration,
    /// Different callers of one callee from which it is a hotline, or a test: no sign of rotation.
    pub rotation_crowd: usize,
    /// Different callees of one element from which its 607s may be a policy.
    pub blanket_callees: usize,
    /// Share of them that got a 607 without ringing.
    pub blanket_share: usize,
    /// Share of those 607s that took about the same time.
    pub blanket_same_delay: usize,
    /// Different callees of one element that got a 607 without ringing, from which no one of them decided.
    pub analytics_callees: usize,
    /// Share of those 607s that took about the same time.
    pub analytics_same_delay: usize,
    /// Calls of a caller or source from which a share of 607s says anything.
    pub complaint_calls: u64,
    /// Share of 607s of one caller.
    pub complaint_share_of_caller: u64,
    /// Share of 607s of one source.
    pub complaint_share_of_source: u64,
    /// Different callees that answered 607, whatever the share.
    pub complaint_callees: usize,
    /// Calls of a caller or source from which its traffic is looked at.
    pub robocall_calls: u64,
    /// Different numbers that it must have called.
    pub robocall_callees: usize,
    /// Calls to each number on average, above which the same ones are called again and again: a test, not a campaign.
    pub robocall_repeats: usize,
    /// Consecutive calls that are as fast as one a second.
    pub robocall_run: usize,
    /// Share of answered calls below which callees do not want them.
    pub robocall_answered: u64,
    /// Mean talk time below which nobody listens.
    #[serde(with = "crate::span_text")]
    pub robocall_talk: Duration,
    /// Share of answered calls that end within six seconds.
    pub robocall_short: u64,
    /// Answered calls of known length from which talk times say anything.
    pub robocall_talked: u64,
    /// Calls, and different called numbers, from which an order of numbers says anything.
    pub sequence_calls: usize,
    /// Share of steps in one direction, and of calls that go to a number for the first time.
    pub sequence_share: usize,
    /// The largest step between called numbers.
    pub sequence_step: u64,
    /// Calls from which common prefixes say anything.
    pub neighbour_calls: usize,
    /// Different calling numbers of one source.
    pub neighbour_callers: usize,
    /// Share of calls whose caller and callee have area and exchange code in common.
    pub neighbour_share: usize,
    /// Different users of one host, or different hosts, that one source asked after.
    pub scan_targets: usize,
    /// How fast.
    #[serde(with = "crate::span_text")]
    pub scan_window: Duration,
    /// Share of its requests that only look: sent once, not acknowledged, without credentials.
    pub scan_share: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            old_address_after: Duration::from_secs(5),
            advance_window: Duration::from_secs(32),
            retry_window: Duration::from_hours(24),
            retry_at_once: Duration::from_mins(1),
            rotation_window: Duration::from_mins(10),
            rotation_crowd: 12,
            blanket_callees: 20,
            blanket_share: 50,
            blanket_same_delay: 80,
            analytics_callees: 10,
            analytics_same_delay: 80,
            complaint_calls: 50,
            complaint_share_of_caller: 2,
            complaint_share_of_source: 1,
            complaint_callees: 5,
            robocall_calls: 20,
            robocall_callees: 10,
            robocall_repeats: 4,
            robocall_run: 20,
            robocall_answered: 30,
            robocall_talk: Duration::from_secs(20),
            robocall_short: 50,
            robocall_talked: 5,
            sequence_calls: 10,
            sequence_share: 60,
            sequence_step: 3,
            neighbour_calls: 10,
            neighbour_callers: 5,
            neighbour_share: 60,
            scan_targets: 10,
            scan_window: Duration::from_mins(1),
            scan_share: 90,
        }
    }
}

impl Thresholds {
    /// Whether the values make sense: shares up to 100 per cent, and nothing that is always met.
    ///
    /// # Errors
    /// The name of the value that does not, with what it may be.
    pub fn check(&self) -> Result<(), String> {
        let share = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let shares = [
            ("blanket-share", share(self.blanket_share)),
            ("blanket-same-delay", share(self.blanket_same_delay)),
            ("analytics-same-delay", share(self.analytics_same_delay)),
            ("complaint-share-of-caller", self.complaint_share_of_caller),
            ("complaint-share-of-source", self.complaint_share_of_source),
            ("robocall-answered", self.robocall_answered),
            ("robocall-short", self.robocall_short),
            ("sequence-share", share(self.sequence_share)),
            ("neighbour-share", share(self.neighbour_share)),
            ("scan-share", share(self.scan_share)),
        ];
        if let Some((name, _)) = shares.iter().find(|(_, share)| !(1..=100).contains(share)) {
            return Err(format!("{name} is a share: 1 to 100 per cent"));
        }
        let counts = [
            ("rotation-crowd", share(self.rotation_crowd)),
            ("blanket-callees", share(self.blanket_callees)),
            ("analytics-callees", share(self.analytics_callees)),
            ("complaint-calls", self.complaint_calls),
            ("complaint-callees", share(self.complaint_callees)),
            ("robocall-calls", self.robocall_calls),
            ("robocall-callees", share(self.robocall_callees)),
            ("robocall-repeats", share(self.robocall_repeats)),
            ("robocall-run", share(self.robocall_run)),
            ("robocall-talked", self.robocall_talked),
            ("sequence-calls", share(self.sequence_calls)),
            ("sequence-step", self.sequence_step),
            ("neighbour-calls", share(self.neighbour_calls)),
            ("neighbour-callers", share(self.neighbour_callers)),
        ];
        match counts.iter().find(|(_, count)| *count == 0) {
            Some((name, _)) => Err(format!("{name} must be at least 1")),
            None => Ok(()),
        }
    }
}
