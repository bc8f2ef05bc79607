//! Transactions out of the messages of a closed group (RFC 3261 §17): a pure function.

mod hops;
mod key;
mod matcher;
#[cfg(test)]
mod tests;
mod usual;

pub(crate) use key::{Index, is_unique};
pub use matcher::match_messages;
