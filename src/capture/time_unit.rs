//! What one unit of a pcapng timestamp is worth (`if_tsresol`, `if_tsoffset`).

use crate::provenance::Timestamp;

/// Unit and origin of the timestamps of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeUnit {
    scale: Scale,
    /// Seconds to add.
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// A unit is so many nanoseconds.
    Nanoseconds(u64),
    /// A nanosecond is so many units.
    UnitsPerNanosecond(u128),
    /// A second is two to that power of units.
    BinaryPower(u32),
}

impl TimeUnit {
    /// `resolution` is the option's octet: a negative power of ten, or of two with the top bit set; microseconds where
    /// there is none.
    pub(super) fn new(resolution: Option<u8>, offset: i64) -> Self {
        let resolution = resolution.unwrap_or(6);
        let exponent = u32::from(resolution & 0x7f);
        let scale = if resolution & 0x80 != 0 {
            Scale::BinaryPower(exponent)
        } else if exponent <= 9 {
            Scale::Nanoseconds(10_u64.pow(9 - exponent))
        } else {
            // Beyond 10^38 nothing is left of any timestamp of 64 bits.
            Scale::UnitsPerNanosecond(10_u128.saturating_pow(exponent - 9))
        };
        Self { scale, offset }
    }

    /// The moment of a timestamp; `None` where it lies outside of what 64 bits of nanoseconds hold (1677 to 2262). A moment at their end
    /// in its place would be the same for all frames, and no deadline would be later.
    pub(super) fn timestamp(self, high: u32, low: u32) -> Option<Timestamp> {
        let units = u128::from(u64::from(high) << 32 | u64::from(low));
        let nanoseconds = match self.scale {
            Scale::Nanoseconds(factor) => units * u128::from(factor),
            Scale::UnitsPerNanosecond(divisor) => units / divisor,
            Scale::BinaryPower(exponent) => (units * 1_000_000_000) >> exponent,
        };
        let offset = i128::from(self.offset) * 1_000_000_000;
        let moment = i128::try_from(nanoseconds).ok()?.checked_add(offset)?;
        i64::try_from(moment).ok().map(Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_gives_nanoseconds() {
        for (resolution, units, offset, expected) in [
            (None, 1_774_879_200_123_456, 0, Some(1_774_879_200_123_456_000)),
            (Some(9), 1_774_879_200_123_456_789, 0, Some(1_774_879_200_123_456_789)),
            (Some(0), 1_774_879_200, 0, Some(1_774_879_200_000_000_000)),
            (Some(3), 1_774_879_200_123, -3600, Some(1_774_875_600_123_000_000)),
            (Some(12), 5_000_000_001_999, 0, Some(5_000_000_001)),
            (Some(127), u64::MAX, 1, Some(1_000_000_000)),
            (Some(0x80), 7, 0, Some(7_000_000_000)),
            (Some(0x8a), 1_024 * 7 + 512, 0, Some(7_500_000_000)),
            (Some(0xa0), 7 << 32 | 1 << 31, 0, Some(7_500_000_000)),
            (Some(0xff), u64::MAX, 0, Some(0)),
            (Some(0), u64::MAX, 0, None),
            (Some(0), 253_402_300_799, 0, None),
            (None, u64::MAX, i64::MAX, None),
            (None, 0, i64::MIN, None),
            // An origin far away may bring a timestamp back into what can be told.
            (Some(0), 10_000_000_001, -10_000_000_000, Some(1_000_000_000)),
        ] {
            let [high, low] = [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
            assert_eq!(
                TimeUnit::new(resolution, offset).timestamp(high, low),
                expected.map(Timestamp),
                "{resolution:?} {units} {offset}"
            );
        }
    }
}
