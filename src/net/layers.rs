//! The layers of a frame, from the link to what was looked into: `Ethernet > VLAN 42 > IPv4 > GRE > IPv4`.

use std::fmt;

use crate::limits::LAYERS;

/// One layer: its name, and the number that tells it from others of its kind, where people use one (VLAN, VNI).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    /// As protocols are called: `IPv4`, `VXLAN`.
    pub name: &'static str,
    /// VLAN identifier or network identifier.
    pub number: Option<u32>,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{} {number}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// Layers from the outside in; at most [`LAYERS`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Layers(Vec<Layer>);

impl Layers {
    /// Adds the next inner layer; `false` when there are too many.
    pub(super) fn push(&mut self, name: &'static str, number: Option<u32>) -> bool {
        let has_room = self.0.len() < LAYERS;
        if has_room {
            self.0.push(Layer { name, number });
        }
        has_room
    }

    /// The layers, outermost first.
    pub fn all(&self) -> &[Layer] {
        &self.0
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, layer) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" > ")?;
            }
            layer.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_shown_from_the_outside_in() {
        let mut layers = Layers::default();
        assert!(layers.push("Ethernet", None) && layers.push("VLAN", Some(42)) && layers.push("IPv4", None));
        assert_eq!(layers.to_string(), "Ethernet > VLAN 42 > IPv4");
        while layers.push("MPLS", None) {}
        assert_eq!(layers.all().len(), LAYERS);
    }
}
