//! Diagnosis: rules look at closed calls and at capture-wide aggregates, and say what happened, who must act, and what to do.

mod accepted;
mod address_scope;
mod asked;
mod caller_hop;
mod challenged;
mod checked_identity;
mod cited;
pub mod context;
mod datagrams;
mod dialogs;
mod domains;
mod earlier;
pub mod engine;
mod exceptions;
pub mod facts;
pub mod finding;
mod identity_case;
mod identity_claims;
mod in_question;
pub mod lists;
mod names;
mod next_attempt;
mod origin;
mod own_words;
pub mod patterns;
mod permanence;
mod pings;
mod platform;
mod redirect_case;
mod redirect_home;
mod referral;
mod refused;
mod rejections;
mod repeated;
#[cfg(test)]
pub(crate) mod reports;
mod response_facts;
mod root_cause;
mod route_set;
pub mod rule;
pub mod rules;
#[cfg(test)]
pub(crate) mod signed_flow;
mod talk;
#[cfg(test)]
pub(crate) mod talk_flow;
#[cfg(test)]
mod testing;
pub mod thresholds;
mod tls_case;
mod traffic_case;
mod transfers;
mod unwanted_case;

pub use crate::lang::Text;
pub use checked_identity::CheckedIdentity;
pub use cited::Cited;
pub use context::{Acknowledgement, Context, Hosts, Settings};
pub use earlier::{Compared, Earlier};
pub use engine::{CallReport, Engine, Over};
pub use exceptions::Exception;
pub use facts::Facts;
pub use finding::{Actor, Certainty, Details, Evidence, Finding, Severity};
pub(crate) use in_question::rests_on_media;
pub use origin::{CallOrigin, Signing};
pub use patterns::Patterns;
pub use rule::{Detect, Explanation, Rule};
pub use thresholds::Thresholds;
