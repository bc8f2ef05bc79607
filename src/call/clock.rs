//! The clock that closes calls: capture time that never runs backwards, whatever the times of frames do.

use std::time::Duration;

use crate::limits::{CLOCK_LEAP, CLOCK_STEP_BACK};
use crate::provenance::Timestamp;

/// The limits in nanoseconds: the clock is moved with every frame and every message.
const LEAP: i64 = nanoseconds(CLOCK_LEAP);
const STEP_BACK: i64 = nanoseconds(CLOCK_STEP_BACK);

const fn nanoseconds(span: Duration) -> i64 {
    assert!(span.subsec_nanos() == 0, "a limit of whole seconds");
    span.as_secs().cast_signed() * 1_000_000_000
}

/// Follows the times of frames forward. Where they fall far behind (a clock that was set, captures appended to one another out of
/// order) it goes on from there without losing what it has, so that calls in progress neither end at once nor never. So it does where
/// they leap ahead: nothing tells how much time passed.
#[derive(Debug, Default)]
pub(super) struct CaptureClock {
    /// What it shows; the time of the latest frame as long as times did not fall back.
    reading: Timestamp,
    /// The time of a frame that `reading` stands for; none before the first frame.
    latest: Option<Timestamp>,
}

impl CaptureClock {
    /// What it shows.
    pub(super) fn reading(&self) -> Timestamp {
        self.reading
    }

    /// The time of a frame at which it would show `reading`, if times go on without falling back.
    pub(super) fn time_of(&self, reading: Timestamp) -> Timestamp {
        let ahead = reading.0.saturating_sub(self.reading.0).max(0);
        self.latest.map_or(Timestamp(i64::MIN), |latest| Timestamp(latest.0.saturating_add(ahead)))
    }

    /// Takes the time of a message; earlier ones, such as those of datagrams that waited for fragments, leave it as it is.
    pub(super) fn forward(&mut self, time: Timestamp) {
        let Some(latest) = self.latest else {
            (self.reading, self.latest) = (time, Some(time));
            return;
        };
        let ahead = time.0.saturating_sub(latest.0);
        if ahead > 0 {
            if ahead <= LEAP {
                self.reading.0 = self.reading.0.saturating_add(ahead);
            }
            self.latest = Some(time);
        }
    }

    /// Takes the time of a frame.
    pub(super) fn tick(&mut self, time: Timestamp) {
        if self.latest.is_some_and(|latest| latest.0.saturating_sub(time.0) > STEP_BACK) {
            self.latest = Some(time);
        }
        self.forward(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(seconds: &[i64]) -> Vec<i64> {
        let mut clock = CaptureClock::default();
        let mut tick = |s: &i64| {
            clock.tick(Timestamp(s * 1_000_000_000));
            clock.reading().epoch_seconds()
        };
        seconds.iter().map(&mut tick).collect()
    }

    #[test]
    fn it_shows_the_time_of_the_latest_frame() {
        assert_eq!(readings(&[100, 101, 105]), [100, 101, 105]);
    }

    #[test]
    fn frames_slightly_out_of_order_do_not_make_it_run_faster() {
        assert_eq!(readings(&[100, 110, 101, 109, 102, 111]), [100, 110, 110, 110, 110, 111]);
    }

    #[test]
    fn it_goes_on_after_a_step_back_and_after_one_frame_from_the_future() {
        assert_eq!(readings(&[5000, 1000, 1001, 1003]), [5000, 5000, 5001, 5003]);
        assert_eq!(readings(&[100, 9_000_000, 101, 102]), [100, 100, 100, 101]);
    }

    #[test]
    fn it_stands_still_where_times_leap_ahead_and_follows_a_long_pause() {
        assert_eq!(readings(&[100, 350_000_000, 350_000_007]), [100, 100, 107]);
        assert_eq!(readings(&[100, 80_100, 80_107]), [100, 80_100, 80_107]);
    }

    #[test]
    fn it_stays_at_the_end_of_time() {
        let mut clock = CaptureClock::default();
        let hour = 3_600_000_000_000;
        for time in [i64::MIN, i64::MAX - hour, i64::MAX, i64::MAX - hour, i64::MAX] {
            clock.tick(Timestamp(time));
        }
        assert_eq!(clock.reading(), Timestamp(i64::MIN + 2 * hour), "no more than what was seen to pass");
        let mut clock = CaptureClock::default();
        for time in [i64::MAX - hour, i64::MAX, i64::MAX - hour, i64::MAX] {
            clock.tick(Timestamp(time));
        }
        assert_eq!(clock.reading(), Timestamp(i64::MAX));
    }
}
