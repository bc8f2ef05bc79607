//! Status codes and their classes.

use std::fmt;

/// The number of a response, as captured: it may lie outside 100 to 699.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(pub u16);

/// The class of a status (RFC 3261 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// 1xx: request received, continuing to process it.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx: further action needs to be taken.
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
    /// 6xx: the request cannot be fulfilled at any server.
    GlobalFailure,
}

impl StatusCode {
    /// The class; `None` outside 100 to 699.
    pub fn class(self) -> Option<StatusClass> {
        match self.0 / 100 {
            1 => Some(StatusClass::Provisional),
            2 => Some(StatusClass::Success),
            3 => Some(StatusClass::Redirection),
            4 => Some(StatusClass::ClientError),
            5 => Some(StatusClass::ServerError),
            6 => Some(StatusClass::GlobalFailure),
            _ => None,
        }
    }

    /// Whether it is 1xx.
    pub fn is_provisional(self) -> bool {
        self.class() == Some(StatusClass::Provisional)
    }

    /// Whether it is a final response: 200 to 699.
    pub fn is_final(self) -> bool {
        (200..700).contains(&self.0)
    }

    /// Whether it is 2xx.
    pub fn is_success(self) -> bool {
        self.class() == Some(StatusClass::Success)
    }

    /// Whether it is 3xx.
    pub fn is_redirection(self) -> bool {
        self.class() == Some(StatusClass::Redirection)
    }

    /// Whether it is 401 or 407.
    pub fn is_challenge(self) -> bool {
        matches!(self.0, 401 | 407)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl StatusClass {
    /// The classes in order.
    pub const ALL: &'static [Self] = &[
        Self::Provisional,
        Self::Success,
        Self::Redirection,
        Self::ClientError,
        Self::ServerError,
        Self::GlobalFailure,
    ];

    /// The name of RFC 3261 §7.2.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisional => "Provisional",
            Self::Success => "Success",
            Self::Redirection => "Redirection",
            Self::ClientError => "Client Error",
            Self::ServerError => "Server Error",
            Self::GlobalFailure => "Global Failure",
        }
    }

    /// Such as `3xx`.
    pub fn digits(self) -> &'static str {
        match self {
            Self::Provisional => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::GlobalFailure => "6xx",
        }
    }
}
