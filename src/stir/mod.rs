//! Caller identity (STIR, RFC 8224 and RFC 8225): what an Identity header field claims, and whether the claims fit the call.
//!
//! Nothing here looks at a signature or a certificate. Whatever these types say about a PASSporT is about its form and its
//! claims; a caller must report the signature as "not verified", never as "valid".

pub mod certificate_url;
pub mod chain;
pub mod date;
pub mod freshness;
pub mod identity;
pub mod passport;
pub mod telephone_number;

pub use freshness::Freshness;
pub use identity::Identity;
pub use passport::{Attestation, Claims, Fault, FaultKind, Passport, Subject};
pub use telephone_number::{Impossible, TelephoneNumber};
