//! Datagrams out of IPv4 and IPv6 fragments, in any order, with bounded memory and a timeout in capture time.

use std::mem;

use super::aged::Aged;
use super::decode::{Fragment, FragmentKey};
use super::parts::Parts;
use super::reassembled::{Reassembled, Waiting};
use crate::anomaly::Anomaly;
use crate::limits::{COMPLETED_DATAGRAMS, FRAGMENT_ID_REUSE, FRAGMENT_OCTETS, FRAGMENT_TIMEOUT, FRAGMENTED_DATAGRAMS};
use crate::provenance::{FrameRef, Timestamp};

/// What became of the fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FragmentCounts {
    /// Fragments that came in.
    pub fragments: u64,
    /// Fragments that added nothing: captured twice, or come again after their datagram was complete.
    pub duplicates: u64,
    /// Datagrams completed.
    pub completed: u64,
    /// Datagrams given up: by the timeout, by a limit, or because the capture ended.
    pub incomplete: u64,
}

/// A datagram that was completed, kept to recognise late duplicates of its fragments.
#[derive(Debug)]
struct Completed {
    parts: Parts,
    time: Timestamp,
}

/// Puts datagrams together from fragments that come in capture order.
///
/// - Overlapping fragments: the octets that came first are kept; if they differ, that is [`Anomaly::FragmentOverlap`].
/// - Datagrams that stay incomplete are given up after [`FRAGMENT_TIMEOUT`] of capture time ([`Anomaly::FragmentsMissing`]),
///   or earlier when a limit on memory is reached ([`Anomaly::FragmentLimit`]), the oldest first. What came from the
///   beginning to the first gap is still delivered, as cut.
/// - A fragment of a datagram that is already complete is a late duplicate if its octets agree, and ignored; otherwise it
///   begins a new datagram that reuses the identification.
#[derive(Debug)]
pub struct IpReassembly {
    waiting: Aged<Waiting>,
    completed: Aged<Completed>,
    /// Memory taken by both tables, in octets.
    cost: usize,
    given_up: Vec<Reassembled>,
    anomalies: Vec<(Anomaly, FrameRef)>,
    counts: FragmentCounts,
}

impl Default for IpReassembly {
    fn default() -> Self {
        Self::new()
    }
}

impl IpReassembly {
    /// An empty table.
    pub fn new() -> Self {
        Self {
            waiting: Aged::new(),
            completed: Aged::new(),
            cost: 0,
            given_up: Vec::new(),
            anomalies: Vec::new(),
            counts: FragmentCounts::default(),
        }
    }

    /// Takes a fragment and returns the datagram that it completes.
    pub fn push(&mut self, fragment: &Fragment<'_>, frame: FrameRef, time: Timestamp) -> Option<Reassembled> {
        self.push_inner(fragment, frame, &[], time)
    }

    /// As [`Self::push`], of a fragment that came in a tunnel whose packet was fragmented itself, over `other_frames` too.
    pub fn push_inner(
        &mut self,
        fragment: &Fragment<'_>,
        frame: FrameRef,
        other_frames: &[FrameRef],
        time: Timestamp,
    ) -> Option<Reassembled> {
        self.counts.fragments += 1;
        self.time_out(time);
        if self.is_late_duplicate(fragment) {
            self.counts.duplicates += 1;
            return None;
        }
        let key = fragment.key;
        let contradicts = self.waiting.get(&key).is_some_and(|waiting| waiting.parts.contradicts(fragment));
        if contradicts && !self.give_up_if_reused(key, time) {
            self.note_overlap(key, fragment, frame, time);
        }
        let waiting = self.waiting.entry(key, || Waiting::new(fragment, time));
        let cost_before = waiting.parts.cost();
        if !waiting.add(fragment, frame, other_frames, time) {
            self.counts.duplicates += 1;
            return None;
        }
        self.cost += waiting.parts.cost() - cost_before;
        let completed = if waiting.parts.is_complete() { self.complete(key) } else { None };
        self.keep_limits();
        completed
    }

    /// Gives up what has waited too long at `now` and returns the cut datagrams, also those that a limit gave up. Cheap if
    /// there are none.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Reassembled> {
        self.time_out(now);
        mem::take(&mut self.given_up)
    }

    /// Until when [`Self::expire`] has nothing to do, if no fragment comes.
    pub fn quiet_until(&self) -> Timestamp {
        if !self.given_up.is_empty() {
            return Timestamp(i64::MIN);
        }
        let waiting = self.waiting.oldest().map(|waiting| waiting.first_time);
        let completed = self.completed.oldest().map(|completed| completed.time);
        waiting.into_iter().chain(completed).min().map_or(Timestamp(i64::MAX), |oldest| oldest.plus(FRAGMENT_TIMEOUT))
    }

    /// Gives up everything, at the end of the capture, and returns the cut datagrams.
    pub fn flush(&mut self) -> Vec<Reassembled> {
        while let Some((key, waiting)) = self.waiting.pop_oldest_if(|_| true) {
            self.give_up(key, &waiting, Anomaly::FragmentsMissing);
        }
        while let Some((_, completed)) = self.completed.pop_oldest_if(|_| true) {
            self.cost -= completed.parts.cost();
        }
        mem::take(&mut self.given_up)
    }

    /// The anomalies since the last call, each with the last frame concerned.
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> {
        mem::take(&mut self.anomalies)
    }

    /// What became of the fragments so far.
    pub fn counts(&self) -> FragmentCounts {
        self.counts
    }

    /// Whether the fragment belongs to a datagram that is complete already. One that contradicts it is of a new datagram
    /// under the same identification, so the old one is forgotten.
    fn is_late_duplicate(&mut self, fragment: &Fragment<'_>) -> bool {
        let Some(completed) = self.completed.get(&fragment.key) else { return false };
        if !completed.parts.contradicts(fragment) {
            return true;
        }
        if let Some(completed) = self.completed.remove(&fragment.key) {
            self.cost -= completed.parts.cost();
        }
        false
    }

    /// Gives up the incomplete datagram of `key` if it is so old that a contradicting fragment is one of a new datagram.
    fn give_up_if_reused(&mut self, key: FragmentKey, time: Timestamp) -> bool {
        let reused = self.waiting.get(&key).is_some_and(|waiting| time.since(waiting.last_time) >= FRAGMENT_ID_REUSE);
        if reused && let Some(waiting) = self.waiting.remove(&key) {
            self.give_up(key, &waiting, Anomaly::FragmentsMissing);
        }
        reused
    }

    /// Reports an overlap, once for each datagram.
    fn note_overlap(&mut self, key: FragmentKey, fragment: &Fragment<'_>, frame: FrameRef, time: Timestamp) {
        let waiting = self.waiting.entry(key, || Waiting::new(fragment, time));
        if !mem::replace(&mut waiting.overlapped, true) {
            self.anomalies.push((Anomaly::FragmentOverlap, frame));
        }
    }

    /// Delivers a complete datagram and remembers it.
    fn complete(&mut self, key: FragmentKey) -> Option<Reassembled> {
        let waiting = self.waiting.remove(&key)?;
        self.counts.completed += 1;
        let delivered = waiting.deliver(key);
        let Waiting { parts, last_time: time, .. } = waiting;
        self.completed.entry(key, || Completed { parts, time });
        delivered
    }

    /// Gives up datagrams, and forgets completed ones, that are older than the timeout.
    fn time_out(&mut self, now: Timestamp) {
        let is_over = |time| now.since(time) > FRAGMENT_TIMEOUT;
        while let Some((key, waiting)) = self.waiting.pop_oldest_if(|waiting| is_over(waiting.first_time)) {
            self.give_up(key, &waiting, Anomaly::FragmentsMissing);
        }
        while let Some((_, completed)) = self.completed.pop_oldest_if(|completed| is_over(completed.time)) {
            self.cost -= completed.parts.cost();
        }
    }

    /// Makes room: completed datagrams are forgotten before waiting ones are given up.
    fn keep_limits(&mut self) {
        while self.completed.len() > COMPLETED_DATAGRAMS || self.cost > FRAGMENT_OCTETS {
            let Some((_, completed)) = self.completed.pop_oldest_if(|_| true) else { break };
            self.cost -= completed.parts.cost();
        }
        while self.waiting.len() > FRAGMENTED_DATAGRAMS || self.cost > FRAGMENT_OCTETS {
            let Some((key, waiting)) = self.waiting.pop_oldest_if(|_| true) else { break };
            self.give_up(key, &waiting, Anomaly::FragmentLimit);
        }
    }

    /// Takes leave of an incomplete datagram, already out of the table.
    fn give_up(&mut self, key: FragmentKey, waiting: &Waiting, anomaly: Anomaly) {
        self.cost -= waiting.parts.cost();
        self.counts.incomplete += 1;
        self.anomalies.push((anomaly, waiting.last_frame()));
        self.given_up.extend(waiting.deliver(key));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::decode::{Datagram, Decoded, decode};
    use super::super::frames::{extension, flow, fragment_header, ipv4_part, ipv6, udp};
    use super::*;
    use crate::provenance::FrameNumber;

    const V4: u16 = 228;
    const V6: u16 = 229;

    /// Feeds packets to a table, with frame numbers from 1 and at `now`.
    #[derive(Default)]
    struct Tap {
        table: IpReassembly,
        frames: u64,
        now: Timestamp,
    }

    impl Tap {
        fn push(&mut self, packet: &[u8]) -> Option<Reassembled> {
            self.push_cut(packet, packet.len())
        }

        /// Pushes what a snap length left of a packet.
        fn push_cut(&mut self, packet: &[u8], length: usize) -> Option<Reassembled> {
            self.frames += 1;
            let link_type = if packet[0] >> 4 == 4 { V4 } else { V6 };
            let original = u32::try_from(packet.len()).unwrap();
            let Decoded::Fragment(fragment) = decode(link_type, &packet[..length], original) else { panic!() };
            self.table.push(&fragment, frame(self.frames), self.now)
        }

        fn wait(&mut self, span: Duration) -> Vec<Reassembled> {
            self.now = self.now.plus(span);
            self.table.expire(self.now)
        }

        fn anomalies(&mut self) -> Vec<Anomaly> {
            self.table.take_anomalies().into_iter().map(|(anomaly, _)| anomaly).collect()
        }
    }

    fn frame(number: u64) -> FrameRef {
        FrameRef { file: 0, number: FrameNumber(number) }
    }

    fn datagram(reassembled: &Reassembled) -> Datagram<'_> {
        match reassembled.decode().content {
            Decoded::Udp(datagram) => datagram,
            other => panic!("{other:?}"),
        }
    }

    fn payload(length: usize) -> Vec<u8> {
        (0..=255).cycle().take(length).collect()
    }

    /// The fragments of a UDP datagram with that payload, each of at most `size` octets (a multiple of eight).
    fn fragments(id: u16, payload: &[u8], size: usize, v6: bool) -> Vec<Vec<u8>> {
        let whole = udp(payload);
        let count = whole.len().div_ceil(size);
        let part = |(index, octets): (usize, &[u8])| {
            let offset = u16::try_from(index * size / 8).unwrap();
            let more = index + 1 < count;
            if v6 {
                let fragment = fragment_header(17, offset << 3 | u16::from(more), id.into(), octets);
                ipv6(0, &extension(44, &fragment))
            } else {
                ipv4_part(17, id, offset | if more { 0x2000 } else { 0 }, octets)
            }
        };
        whole.chunks(size).enumerate().map(part).collect()
    }

    proptest! {
        #[test]
        fn any_order_with_duplicates_gives_the_same_datagram_once(
            order in prop::collection::vec(0..8_usize, 0..24),
            rest in Just((0..8).collect::<Vec<_>>()).prop_shuffle(),
            v6: bool,
        ) {
            let payload = payload(60);
            let parts = fragments(7, &payload, 8, v6);
            prop_assert!(parts.len() > 8);
            let mut tap = Tap::default();
            // The last part comes somewhere in the middle; then all come again.
            let order = order.into_iter().chain([8]).chain(rest).chain(0..9);
            let delivered: Vec<_> = order.filter_map(|index| tap.push(&parts[index])).collect();
            prop_assert_eq!(delivered.len(), 1);
            let datagram = datagram(&delivered[0]);
            prop_assert_eq!(datagram.flow, flow(v6));
            prop_assert_eq!((datagram.payload, datagram.cut), (&payload[..], false));
            prop_assert_eq!(datagram.ip_id, (!v6).then_some(7));
            prop_assert_eq!(tap.anomalies(), []);
            prop_assert_eq!(tap.table.counts().fragments, tap.table.counts().duplicates + 9);
            prop_assert!(tap.wait(Duration::from_mins(1)).is_empty() && tap.table.flush().is_empty());
            prop_assert_eq!(tap.table.cost, 0);
        }

        #[test]
        fn no_fragments_panic_and_memory_is_accounted_for(
            parts in prop::collection::vec((0..4_u16, 0..12_u16, any::<bool>(), 0..40_usize, 0..60_usize), 0..40),
        ) {
            let mut tap = Tap::default();
            for (id, offset, more, length, captured) in parts {
                let packet = ipv4_part(17, id, offset | if more { 0x2000 } else { 0 }, &payload(length));
                if length > 0 && (more || offset > 0) {
                    tap.push_cut(&packet, packet.len().min(20 + captured));
                }
            }
            tap.table.flush();
            prop_assert_eq!(tap.table.cost, 0);
        }
    }

    #[test]
    fn the_completing_frame_and_all_others_are_named() {
        let parts = fragments(7, &payload(40), 16, false);
        let mut tap = Tap::default();
        for index in [2, 2, 1] {
            assert_eq!(tap.push(&parts[index]), None);
        }
        tap.now = Timestamp(5);
        let delivered = tap.push(&parts[0]).unwrap();
        assert_eq!((delivered.frame, delivered.time), (frame(4), Timestamp(5)));
        assert_eq!(delivered.other_frames, [frame(1), frame(3)]);
    }

    #[test]
    fn extension_headers_behind_the_fragment_header_are_passed() {
        let inner = extension(17, &udp(&payload(20)));
        let mut tap = Tap::default();
        assert_eq!(tap.push(&ipv6(44, &fragment_header(60, 1, 9, &inner[..16]))), None);
        let delivered = tap.push(&ipv6(44, &fragment_header(60, 16, 9, &inner[16..]))).unwrap();
        assert_eq!(datagram(&delivered).payload, payload(20));
    }

    #[test]
    fn what_came_first_wins_an_overlap() {
        let whole = udp(&payload(24));
        let other = vec![0xff; 16];
        let mut tap = Tap::default();
        assert_eq!(tap.push(&ipv4_part(17, 1, 0x2000, &whole[..16])), None);
        // The same octets again are no anomaly, others are.
        assert_eq!(tap.push(&ipv4_part(17, 1, 0x2000 | 1, &whole[8..24])), None);
        assert_eq!(tap.anomalies(), []);
        assert_eq!(tap.push(&ipv4_part(17, 1, 0x2000 | 1, &other)), None);
        assert_eq!(tap.push(&ipv4_part(17, 1, 0x2000 | 2, &other[..8])), None);
        assert_eq!(tap.anomalies(), [Anomaly::FragmentOverlap]);
        let delivered = tap.push(&ipv4_part(17, 1, 3, &whole[24..])).unwrap();
        assert_eq!(datagram(&delivered).payload, payload(24));
    }

    #[test]
    fn a_second_end_does_not_move_the_first() {
        let whole = udp(&payload(24));
        for second in [ipv4_part(17, 1, 4, &[9; 8]), ipv4_part(17, 1, 2, &whole[16..24])] {
            let mut tap = Tap::default();
            assert_eq!(tap.push(&ipv4_part(17, 1, 3, &whole[24..])), None);
            assert_eq!(tap.push(&second), None);
            let delivered = tap.push(&ipv4_part(17, 1, 0x2000, &whole[..24])).unwrap();
            assert_eq!(datagram(&delivered).payload, payload(24));
            assert_eq!(tap.anomalies(), [Anomaly::FragmentOverlap]);
        }
    }

    #[test]
    fn an_end_in_front_of_what_is_there_is_moved_behind_it() {
        let whole = udp(&payload(24));
        let mut tap = Tap::default();
        assert_eq!(tap.push(&ipv4_part(17, 1, 0x2000 | 2, &whole[16..])), None);
        assert_eq!(tap.push(&ipv4_part(17, 1, 1, &whole[8..16])), None);
        let delivered = tap.push(&ipv4_part(17, 1, 0x2000, &whole[..8])).unwrap();
        assert_eq!(datagram(&delivered).payload, payload(24));
        assert_eq!(tap.anomalies(), [Anomaly::FragmentOverlap]);
    }

    #[test]
    fn the_beginning_is_delivered_when_the_rest_never_comes() {
        let parts = fragments(7, &payload(60), 16, true);
        let mut tap = Tap::default();
        assert_eq!(tap.push(&parts[0]), None);
        assert_eq!(tap.push(&parts[3]), None);
        assert_eq!(tap.wait(Duration::from_secs(10)), []);
        assert_eq!(tap.push(&parts[1]), None);
        assert_eq!(tap.wait(Duration::from_secs(20)), []);
        let delivered = tap.wait(Duration::from_nanos(1));
        assert_eq!(delivered.len(), 1);
        let datagram = datagram(&delivered[0]);
        assert_eq!((datagram.flow, datagram.payload, datagram.cut), (flow(true), &payload(24)[..], true));
        assert_eq!((delivered[0].frame, delivered[0].time), (frame(3), Timestamp(10_000_000_000)));
        assert_eq!(tap.table.take_anomalies(), [(Anomaly::FragmentsMissing, frame(3))]);
        assert_eq!(tap.table.counts().incomplete, 1);
    }

    #[test]
    fn without_the_beginning_there_is_nothing_to_deliver() {
        let parts = fragments(7, &payload(60), 16, false);
        let mut tap = Tap::default();
        assert_eq!(tap.push(&parts[2]), None);
        assert_eq!(tap.table.flush(), []);
        assert_eq!(tap.anomalies(), [Anomaly::FragmentsMissing]);
    }

    #[test]
    fn cut_fragments_complete_a_cut_datagram() {
        let parts = fragments(7, &payload(40), 24, false);
        for (first, second, expected) in [(20 + 24, 20 + 10, 16 + 10), (20 + 12, 20 + 24, 4), (20 + 24, 20, 16)] {
            let mut tap = Tap::default();
            assert_eq!(tap.push_cut(&parts[0], first), None);
            let delivered = tap.push_cut(&parts[1], second).unwrap();
            assert_eq!((datagram(&delivered).payload, datagram(&delivered).cut), (&payload(expected)[..], true));
        }
    }

    #[test]
    fn an_identification_that_comes_again_begins_a_new_datagram() {
        let (old, new) = (payload(40), vec![b'n'; 40]);
        let (old_parts, new_parts) = (fragments(7, &old, 24, false), fragments(7, &new, 24, false));
        // The old one is complete: no waiting.
        let mut tap = Tap::default();
        assert_eq!(tap.push(&old_parts[0]), None);
        assert_eq!(datagram(&tap.push(&old_parts[1]).unwrap()).payload, old);
        assert_eq!(tap.push(&new_parts[0]), None);
        assert_eq!(datagram(&tap.push(&new_parts[1]).unwrap()).payload, new);
        assert_eq!(tap.anomalies(), []);
        // The old one is not: only age tells.
        let mut tap = Tap::default();
        assert_eq!(tap.push(&old_parts[0]), None);
        assert_eq!(tap.wait(FRAGMENT_ID_REUSE), []);
        assert_eq!(tap.push(&new_parts[0]), None);
        assert_eq!(datagram(&tap.push(&new_parts[1]).unwrap()).payload, new);
        assert_eq!(tap.anomalies(), [Anomaly::FragmentsMissing]);
        assert_eq!(datagram(&tap.wait(Duration::ZERO)[0]).payload, payload(16));
    }

    #[test]
    fn hosts_protocols_and_vlans_do_not_mix() {
        let parts = fragments(7, &payload(40), 24, false);
        let Decoded::Fragment(first) = decode(V4, &parts[0], 0) else { panic!() };
        let Decoded::Fragment(second) = decode(V4, &parts[1], 0) else { panic!() };
        let mut vlan = first.key.vlan;
        vlan.push(5);
        for other in [
            FragmentKey { vlan, ..first.key },
            FragmentKey { source: [192, 0, 2, 99].into(), ..first.key },
            FragmentKey { destination: [192, 0, 2, 99].into(), ..first.key },
            FragmentKey { id: 8, ..first.key },
            FragmentKey { protocol: 51, ..first.key },
        ] {
            let mut table = IpReassembly::new();
            assert_eq!(table.push(&Fragment { key: other, ..first }, frame(1), Timestamp(0)), None);
            assert_eq!(table.push(&second, frame(2), Timestamp(0)), None);
            assert!(table.push(&first, frame(3), Timestamp(0)).is_some());
        }
    }

    #[test]
    fn floods_stay_within_the_limits() {
        let big = vec![0; 60_000];
        let small = vec![0; 8];
        for (octets, count) in [(&big, 3000_u32), (&small, 20_000)] {
            let mut tap = Tap::default();
            let mut given_up = 0;
            for id in 0..count {
                let packet = ipv6(44, &fragment_header(17, 1, id, octets));
                assert_eq!(tap.push(&packet), None);
                assert!(tap.table.cost <= FRAGMENT_OCTETS && tap.table.waiting.len() <= FRAGMENTED_DATAGRAMS);
                given_up += tap.wait(Duration::ZERO).len();
            }
            let anomalies = tap.table.take_anomalies();
            assert!(anomalies.iter().all(|(anomaly, _)| *anomaly == Anomaly::FragmentLimit));
            assert_eq!((anomalies.len(), anomalies[0].1), (given_up, frame(1)), "the oldest goes first");
            assert_eq!(given_up + tap.table.waiting.len(), usize::try_from(count).unwrap());
        }
    }

    #[test]
    fn completed_datagrams_are_remembered_within_the_limits() {
        let mut tap = Tap::default();
        for id in 0..5000 {
            for part in fragments(id, &payload(40), 24, false) {
                tap.push(&part);
            }
        }
        assert_eq!((tap.table.completed.len(), tap.table.counts().completed), (COMPLETED_DATAGRAMS, 5000));
        tap.wait(FRAGMENT_TIMEOUT + Duration::from_secs(1));
        assert_eq!((tap.table.completed.len(), tap.table.cost), (0, 0));
    }
}
