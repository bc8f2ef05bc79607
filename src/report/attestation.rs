//! Final response by attestation: how calls ended that were signed at level A, B, C, not at all, or in vain; in all, and by
//! calling number, by prefix of it, and by the host that sends the calls. Part of the [`Summary`](super::Summary), and as bounded as
//! that.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::facts;
use crate::diagnosis::{CallReport, Signing};
use crate::hashing::HashMap;
use crate::lang::Text;
use crate::limits;
use crate::shorten;

/// Statuses that speak of the caller's identity or are a verdict on the caller; where one is in a capture, so is the table.
const ABOUT_CALLERS: [u16; 6] = [428, 436, 437, 438, 607, 608];

/// How a call ended, and how it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Status of the response that decided the outcome; `None` where none did.
    pub status: Option<u16>,
    /// How the INVITE is signed.
    pub signing: Signing,
}

/// Calls of one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub calls: u64,
    /// Those whose signature a supplied key verified.
    pub verified: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.verified += other.verified;
    }
}

/// The table for each caller, prefix, or host.
#[derive(Debug, Clone, Default)]
pub struct Breakdown {
    /// Calls that have no key.
    without: Cells,
    by_name: HashMap<Box<str>, Cells>,
    by_host: HashMap<IpAddr, Cells>,
    /// How many cells there are in all.
    count: usize,
    beyond: u64,
}

/// What calls are grouped by. A host is given in words only where a report shows it.
#[derive(Debug, Clone, Copy)]
enum Key<'a> {
    /// They have none.
    Missing,
    Name(&'a str),
    Host(IpAddr),
}

impl<'a> Key<'a> {
    /// A name, as far as the table keeps it.
    fn name(name: Option<&'a str>) -> Self {
        name.map_or(Self::Missing, |name| Self::Name(shorten::beginning(name, limits::ATTESTATION_NAME)))
    }

    fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Missing => None,
            Self::Name(name) => Some(Cow::Borrowed(name)),
            Self::Host(host) => Some(Cow::Owned(host.to_string())),
        }
    }
}

/// A cell with its key, in words first.
type Worded<'a> = (Option<Cow<'a, str>>, Key<'a>, (Cell, Tally));

/// The cells of a group with its calls and its key.
type Ranked<'a> = (Reverse<u64>, Option<Cow<'a, str>>, &'a Cells);

/// The cells of one key: few, and so in no order.
type Cells = SmallVec<[(Cell, Tally); 1]>;

/// One caller, prefix, or host with its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// Which one; `None` for calls that have none.
    pub key: Option<Cow<'a, str>>,
    /// Its calls.
    pub calls: u64,
    /// Its cells in order.
    pub cells: Vec<(Cell, Tally)>,
}

/// The table, and its breakdowns.
#[derive(Debug, Clone, Default)]
pub struct Attestations {
    cells: BTreeMap<Cell, Tally>,
    signed: Tally,
    /// By calling number, or by user and host where the caller has none.
    pub callers: Breakdown,
    /// By prefix of the calling number.
    pub prefixes: Breakdown,
    /// By the host that sent the INVITE, on the hop nearest to the caller.
    pub sources: Breakdown,
}

impl Attestations {
    /// Takes note of a call.
    pub(super) fn call(&mut self, report: &CallReport) {
        let Some(origin) = &report.origin else { return };
        let cell = Cell { status: facts::final_status(&report.call), signing: origin.signing };
        let tally = Tally { calls: 1, verified: u64::from(origin.verified) };
        self.cells.entry(cell).or_default().add(tally);
        if !matches!(origin.signing, Signing::Unsigned | Signing::Unknown) {
            self.signed.add(tally);
        }
        self.callers.insert(Key::name(origin.caller.as_deref()), cell, tally);
        self.prefixes.insert(Key::name(origin.prefix()), cell, tally);
        self.sources.insert(origin.source.map_or(Key::Missing, Key::Host), cell, tally);
    }

    /// Adds the calls of another capture.
    pub(super) fn add(&mut self, other: Self) {
        for (cell, tally) in other.cells {
            self.cells.entry(cell).or_default().add(tally);
        }
        self.signed.add(other.signed);
        self.callers.add(other.callers);
        self.prefixes.add(other.prefixes);
        self.sources.add(other.sources);
    }

    /// The cells of all calls together, by status and then in the order of [`Signing::ALL`].
    pub fn cells(&self) -> impl Iterator<Item = (Cell, Tally)> + '_ {
        self.cells.iter().map(|(cell, tally)| (*cell, *tally))
    }

    /// Calls with an Identity header field, whatever it is worth.
    pub fn signed(&self) -> Tally {
        self.signed
    }

    /// Whether the table says anything: a call is signed, or a response is about the caller.
    pub fn is_relevant(&self) -> bool {
        let about = |cell: &Cell| cell.status.is_some_and(|status| ABOUT_CALLERS.contains(&status));
        self.signed.calls > 0 || self.cells.keys().any(about)
    }

    /// Each breakdown with its name in every report.
    pub fn breakdowns(&self) -> [(&'static str, &Breakdown); 3] {
        [("caller", &self.callers), ("prefix", &self.prefixes), ("source", &self.sources)]
    }

    /// A sentence for each breakdown that reached its limit.
    pub fn limits_hit(&self) -> Vec<Text> {
        let full = self.breakdowns().into_iter().filter(|(_, breakdown)| breakdown.beyond > 0);
        let sentence = |(name, breakdown): (&'static str, &Breakdown)| {
            let text = Text::count(
                breakdown.beyond,
                "final responses by attestation: {n} call found no room in the table by {name}",
                "final responses by attestation: {n} calls found no room in the table by {name}",
            );
            text.with("name", Text::new(name))
        };
        full.map(sentence).collect()
    }
}

impl Breakdown {
    fn insert(&mut self, key: Key<'_>, cell: Cell, tally: Tally) {
        let cells = match key {
            Key::Missing => Some(&mut self.without),
            Key::Name(name) => self.by_name.get_mut(name),
            Key::Host(host) => self.by_host.get_mut(&host),
        };
        let known = cells.and_then(|cells| cells.iter_mut().find(|(known, _)| *known == cell));
        if let Some((_, known)) = known {
            known.add(tally);
        } else if self.count >= limits::ATTESTATION_CELLS {
            self.beyond += tally.calls;
        } else {
            self.count += 1;
            let cells = match key {
                Key::Missing => &mut self.without,
                Key::Name(name) => self.by_name.entry(name.into()).or_default(),
                Key::Host(host) => self.by_host.entry(host).or_default(),
            };
            cells.push((cell, tally));
        }
    }

    fn add(&mut self, mut other: Self) {
        if self.count == 0 {
            // That of the first capture, which may be long, is taken as it is.
            mem::swap(self, &mut other);
        }
        self.beyond += other.beyond;
        if self.count + other.count > limits::ATTESTATION_CELLS {
            // Which find no room must not depend on the order of a hash table.
            other.sorted().into_iter().for_each(|(_, key, (cell, tally))| self.insert(key, cell, tally));
        } else {
            other
                .groups()
                .for_each(|(key, cells)| cells.iter().for_each(|(cell, tally)| self.insert(key, *cell, *tally)));
        }
    }

    /// The cells of each key, in no order.
    fn groups(&self) -> impl Iterator<Item = (Key<'_>, &Cells)> {
        let names = self.by_name.iter().map(|(name, cells)| (Key::Name(name), cells));
        let hosts = self.by_host.iter().map(|(host, cells)| (Key::Host(*host), cells));
        [(Key::Missing, &self.without)].into_iter().chain(names).chain(hosts)
    }

    /// The cells in order of their keys.
    pub fn cells(&self) -> impl Iterator<Item = (Option<Cow<'_, str>>, Cell, Tally)> + '_ {
        self.sorted().into_iter().map(|(text, _, (cell, tally))| (text, cell, tally))
    }

    /// The same with the keys, and these in words.
    fn sorted(&self) -> Vec<Worded<'_>> {
        let mut cells: Vec<_> =
            self.groups().flat_map(|(key, cells)| cells.iter().map(move |cell| (key.text(), key, *cell))).collect();
        cells.sort_unstable_by(|(a, _, (of_a, _)), (b, _, (of_b, _))| (a, of_a).cmp(&(b, of_b)));
        cells
    }

    /// Calls that are in no cell because [`limits::ATTESTATION_CELLS`] was reached.
    pub fn beyond(&self) -> u64 {
        self.beyond
    }

    /// Its groups with most calls, as many as are asked for: the one with most first, of equal ones in order of their keys. And how
    /// many groups there are.
    pub fn ranked(&self, most: usize) -> (Vec<Group<'_>>, usize) {
        let total = |cells: &Cells| cells.iter().map(|(_, tally)| tally.calls).sum::<u64>();
        let with_calls = self.groups().filter(|(_, cells)| !cells.is_empty());
        let mut groups: Vec<_> = with_calls.map(|(key, cells)| (Reverse(total(cells)), key.text(), cells)).collect();
        let count = groups.len();
        let order = |(total, key, _): &Ranked<'_>, (others, other, _): &Ranked<'_>| (total, key).cmp(&(others, other));
        if count > most {
            groups.select_nth_unstable_by(most, order);
            groups.truncate(most);
        }
        groups.sort_unstable_by(order);
        let groups = groups.into_iter().map(|(Reverse(total), key, cells)| {
            let mut in_order = cells.to_vec();
            in_order.sort_unstable_by_key(|(cell, _)| *cell);
            Group { key, calls: total, cells: in_order }
        });
        (groups.collect(), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{calls, silent};
    use crate::stir::Attestation;

    fn counted(reports: &[CallReport]) -> Attestations {
        let mut all = Attestations::default();
        for report in reports {
            all.call(report);
        }
        all
    }

    #[test]
    fn each_call_is_one_cell_and_other_groups_are_none() {
        let all = counted(&calls());
        let cells: Vec<_> = all.cells().map(|(c, t)| (c.status, c.signing.name(), t.calls)).collect();
        assert_eq!(
            cells,
            [(None, "unsigned", 2), (Some(200), "unknown", 1), (Some(607), "unsigned", 1)],
            "the fifth is a keep-alive, and the INVITE of the first is not known"
        );
        assert!(all.is_relevant() && all.signed().calls == 0, "607 is about the caller");
        assert!(!counted(&calls()[..1]).is_relevant());
        let callers = all.callers.ranked(usize::MAX).0;
        assert_eq!(callers.iter().map(|g| g.calls).sum::<u64>(), 4);
    }

    #[test]
    fn what_was_verified_is_counted_beside() {
        let mut report = silent(1, "203.0.113.99");
        let origin = report.origin.as_mut().unwrap();
        (origin.signing, origin.verified) = (Signing::Level(Attestation::Full), true);
        let mut all = counted(&[report]);
        all.add(all.clone());
        assert_eq!(all.signed(), Tally { calls: 2, verified: 2 });
        assert_eq!(
            all.sources.ranked(usize::MAX).0[0].cells,
            [(all.cells().next().unwrap().0, Tally { calls: 2, verified: 2 })]
        );
    }

    #[test]
    fn groups_are_ranked_by_calls_and_then_by_key() {
        let mut all = Attestations::default();
        let mut report = silent(1, "203.0.113.99");
        for caller in ["b", "c", "a", "d", "c", "e", "d", "d"] {
            report.origin.as_mut().unwrap().caller = Some(caller.to_owned());
            all.call(&report);
        }
        report.origin.as_mut().unwrap().caller = None;
        all.call(&report);
        let whole = [(Some("d"), 3), (Some("c"), 2), (None, 1), (Some("a"), 1), (Some("b"), 1), (Some("e"), 1)];
        for most in 0..8 {
            let (groups, count) = all.callers.ranked(most);
            let ranked: Vec<_> = groups.iter().map(|group| (group.key.as_deref(), group.calls)).collect();
            assert_eq!((ranked.as_slice(), count), (&whole[..most.min(6)], 6));
        }
    }

    #[test]
    fn captures_are_added_in_any_order_as_long_as_all_find_room() {
        let of = |callers: std::ops::Range<usize>| {
            let mut all = Attestations::default();
            let mut report = silent(1, "203.0.113.99");
            for n in callers {
                report.origin.as_mut().unwrap().caller = Some(format!("c{n:05}"));
                all.call(&report);
            }
            all
        };
        for (end, left) in [(limits::ATTESTATION_CELLS, 0), (limits::ATTESTATION_CELLS + 2, 2)] {
            let mut all = of(0..10);
            all.add(of(10..end));
            let callers: Vec<_> = all.callers.cells().map(|(key, ..)| key.unwrap()).collect();
            assert_eq!((callers.len(), all.callers.beyond()), (limits::ATTESTATION_CELLS, left));
            assert_eq!(callers.last().unwrap(), &format!("c{:05}", limits::ATTESTATION_CELLS - 1));
        }
    }

    #[test]
    fn cells_beyond_the_limit_are_counted() {
        let mut all = Attestations::default();
        let mut report = silent(1, "203.0.113.99");
        for n in 0..limits::ATTESTATION_CELLS + 5 {
            report.origin.as_mut().unwrap().caller = Some(format!("c{n}"));
            all.call(&report);
        }
        assert_eq!((all.callers.ranked(usize::MAX).0.len(), all.callers.beyond()), (limits::ATTESTATION_CELLS, 5));
        assert_eq!((all.sources.ranked(usize::MAX).0.len(), all.sources.beyond()), (1, 0));
        let told: Vec<_> = all.limits_hit().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["final responses by attestation: 5 calls found no room in the table by caller"]);
    }
}
