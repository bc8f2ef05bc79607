//! Caller identity (STIR, RFC 8224 and RFC 8225): what an Identity header field claims, and whether the claims fit the call.
//!
//! [`verify()`] looks at signatures, with keys and certificates that the user supplies. Whatever the other types say about a
//! PASSporT is about its form and its claims: without a [`Verdict::Verified`] a caller must report the signature as "not
//! verified", never as "valid".

mod base64url;
pub mod certificate;
pub mod certificate_url;
pub mod chain;
mod compact;
pub mod date;
pub mod freshness;
pub mod identity;
mod lately;
mod numbering_plan;
pub mod passport;
mod pem;
pub mod telephone_number;
pub mod tn_auth_list;
pub mod trust;
pub mod verify;

pub use freshness::Freshness;
pub use identity::Identity;
pub use passport::{Attestation, Claims, Fault, FaultKind, Passport, Subject};
pub(crate) use telephone_number::COMPLETE_DIGITS;
pub use telephone_number::{Impossible, TelephoneNumber};
pub use trust::TrustStore;
pub use verify::{Objection, Proof, Surroundings, Unverified, Verdict, verify};
