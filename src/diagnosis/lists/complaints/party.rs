//! A caller or called party of the list.

use std::fmt;

/// Shorter numbers are taken for local ones, without country code.
const LOCAL: usize = 8;

/// Who calls or is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A telephone number, in digits with country code where it is known.
    Number(String),
    /// User and host of a SIP URI.
    Name(String),
    /// Callers that withhold their identity: any number of them.
    Anonymous,
}

impl Party {
    /// A caller as the rules name it; `None`: withheld.
    pub(super) fn calling(name: Option<String>) -> Self {
        name.map_or(Self::Anonymous, Self::called)
    }

    /// A called party as the rules name it.
    pub(super) fn called(name: String) -> Self {
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        if is_number { Self::Number(name) } else { Self::Name(name) }
    }

    /// Whether nobody can be blamed.
    pub fn is_anonymous(&self) -> bool {
        *self == Self::Anonymous
    }
}

/// A URI, without blanks so that several can stand in one cell, or `anonymous`.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(digits) if digits.len() < LOCAL => write!(f, "tel:{digits}"),
            Self::Number(digits) => write!(f, "tel:+{digits}"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::Name(name) => {
                f.write_str("sip:")?;
                name.bytes().try_for_each(|byte| match byte {
                    b'!'..=b'~' => write!(f, "{}", char::from(byte)),
                    _ => write!(f, "%{byte:02X}"),
                })
            }
        }
    }
}
