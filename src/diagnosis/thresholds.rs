//! Where the heuristic rules about traffic draw their lines. The defaults are engineering judgement, and every finding that
//! rests on one says that it is a heuristic.

use std::time::Duration;

/// Lines of the rules about many calls. Shares are in percent.
#[derive(Debug, Clone)]
pub struct Thresholds {
    /// How soon after a 607 another calling number to the same callee counts as rotation.
    pub rotation_window: Duration,
    /// Different callers of one callee from which it is a hotline, or a test: no sign of rotation.
    pub rotation_crowd: usize,
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
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            rotation_window: Duration::from_mins(10),
            rotation_crowd: 12,
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
        }
    }
}
