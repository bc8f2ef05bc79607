//! Numbers out of octets in the byte order of the file.

/// The byte order of a file or section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Little { u16::from_le_bytes(field) } else { u16::from_be_bytes(field) })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Little { u32::from_le_bytes(field) } else { u32::from_be_bytes(field) })
    }

    /// The whole of `bytes` as a number of 64 bits, `None` where it has another length.
    pub(super) fn u64(self, bytes: &[u8]) -> Option<u64> {
        let field = bytes.try_into().ok()?;
        Some(if self == Self::Little { u64::from_le_bytes(field) } else { u64::from_be_bytes(field) })
    }
}
