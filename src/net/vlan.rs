//! The VLAN tags of a frame.

/// Number of tags whose identifiers are kept.
const KEPT: usize = 4;

/// The VLAN identifiers of a frame, outermost first. Small and hashable, because hosts of different VLANs may share
/// addresses and IP identifications: fragments of one VLAN never complete a datagram of another.
///
/// Any number of tags is peeled off; the identifiers of the first four are kept, of the others only their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Vlans {
    ids: [u16; KEPT],
    depth: u16,
}

impl Vlans {
    /// Adds the next inner tag, given as its tag control information (priority, drop bit, 12 bits of identifier).
    pub(super) fn push(&mut self, tag_control: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.depth)) {
            *slot = tag_control & 0x0fff;
        }
        self.depth = self.depth.saturating_add(1);
    }

    /// Number of tags.
    pub fn depth(self) -> u16 {
        self.depth
    }

    /// The identifiers, outermost first, at most four.
    pub fn ids(&self) -> &[u16] {
        self.ids.get(..usize::from(self.depth).min(KEPT)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_outer_four_identifiers_and_counts_the_rest() {
        let mut vlans = Vlans::default();
        assert_eq!((vlans.depth(), vlans.ids()), (0, &[][..]));
        for tag_control in [0xf001, 2, 3, 4, 5] {
            vlans.push(tag_control);
        }
        assert_eq!((vlans.depth(), vlans.ids()), (5, &[1, 2, 3, 4][..]));
    }
}
