//! What the capturing program says it lost (pcapng only).

use std::collections::BTreeMap;

/// Packets that the capturing program lost, as pcapng tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Drops {
    /// By interface of the current section: lost by the interface, and by the operating system.
    section: BTreeMap<u32, (u64, u64)>,
    /// Sum of the earlier sections.
    earlier: u64,
    between_frames: u64,
}

impl Drops {
    /// The counters of an interface since its capture began: the last ones count. All ones means unknown.
    pub(super) fn interface_statistics(&mut self, interface: u32, by_interface: Option<u64>, by_system: Option<u64>) {
        let counters = self.section.entry(interface).or_default();
        let known = |counter: Option<u64>, last| counter.filter(|count| *count != u64::MAX).unwrap_or(last);
        *counters = (known(by_interface, counters.0), known(by_system, counters.1));
    }

    /// Packets lost between a frame and the one before.
    pub(super) fn between_frames(&mut self, count: u64) {
        if count != u64::MAX {
            self.between_frames = self.between_frames.saturating_add(count);
        }
    }

    /// The interfaces of the next section have the same numbers and are others.
    pub(super) fn end_section(&mut self) {
        self.earlier = self.by_statistics();
        self.section.clear();
    }

    /// Packets lost in all. Statistics and frames count the same losses, so the larger number is the answer.
    pub(super) fn total(&self) -> u64 {
        self.by_statistics().max(self.between_frames)
    }

    fn by_statistics(&self) -> u64 {
        self.section
            .values()
            .fold(self.earlier, |sum, (interface, system)| sum.saturating_add(*interface).saturating_add(*system))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_statistics_of_each_interface_count() {
        let mut drops = Drops::default();
        drops.interface_statistics(0, Some(3), None);
        drops.interface_statistics(1, Some(u64::MAX), Some(2));
        drops.interface_statistics(0, Some(5), Some(1));
        assert_eq!(drops.total(), 8);
        drops.end_section();
        drops.interface_statistics(0, Some(10), None);
        assert_eq!(drops.total(), 18);
        drops.between_frames(17);
        drops.between_frames(u64::MAX);
        assert_eq!(drops.total(), 18);
        drops.between_frames(2);
        assert_eq!(drops.total(), 19);
    }
}
