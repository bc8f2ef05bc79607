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

    /// The moment of a timestamp, saturating where 64 bits of nanoseconds end (1677 and 2262).
    pub(super) fn timestamp(self, high: u32, low: u32) -> Timestamp {
        let units = u64::from(high) << 32 | u64::from(low);
        let nanoseconds = match self.scale {
            Scale::Nanoseconds(factor) => i64::try_from(units.saturating_mul(factor)).ok(),
            Scale::UnitsPerNanosecond(divisor) => i64::try_from(u128::from(units) / divisor).ok(),
            Scale::BinaryPower(exponent) => i64::try_from((u128::from(units) * 1_000_000_000) >> exponent).ok(),
        };
        let offset = self.offset.saturating_mul(1_000_000_000);
        Timestamp(nanoseconds.unwrap_or(i64::MAX).saturating_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_gives_nanoseconds() {
        for (resolution, units, offset, expected) in [
            (None, 1_774_879_200_123_456, 0, 1_774_879_200_123_456_000),
            (Some(9), 1_774_879_200_123_456_789, 0, 1_774_879_200_123_456_789),
            (Some(0), 1_774_879_200, 0, 1_774_879_200_000_000_000),
            (Some(3), 1_774_879_200_123, -3600, 1_774_875_600_123_000_000),
            (Some(12), 5_000_000_001_999, 0, 5_000_000_001),
            (Some(127), u64::MAX, 1, 1_000_000_000),
            (Some(0x80), 7, 0, 7_000_000_000),
            (Some(0x8a), 1_024 * 7 + 512, 0, 7_500_000_000),
            (Some(0xa0), 7 << 32 | 1 << 31, 0, 7_500_000_000),
            (Some(0xff), u64::MAX, 0, 0),
            (Some(0), u64::MAX, 0, i64::MAX),
            (None, u64::MAX, i64::MAX, i64::MAX),
            (None, 0, i64::MIN, i64::MIN),
        ] {
            let [high, low] = [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
            assert_eq!(
                TimeUnit::new(resolution, offset).timestamp(high, low),
                Timestamp(expected),
                "{resolution:?} {units} {offset}"
            );
        }
    }
}
