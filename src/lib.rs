//! sipscan reads captures offline and tells what happened to every SIP call.
//!
//! ```text
//! bytes ─ capture ─▶ Frame ─ net::decode ─▶ Datagram | Segment | Fragment | IcmpError
//!       ─ net::IpReassembly, net::TcpReassembly ─▶ Datagram | octets of a stream ─ sip::messages, stream ─▶ Message
//!       ─ call::tracker ─▶ Call (closed) ─ diagnosis ─▶ CallReport, Finding
//!       ─ report ─▶ text, CSV, JSON, NDJSON
//! ```
//!
//! Only [`pipeline`] knows two stages. `ARCHITECTURE.md` says why it is built this way.

mod address_text;
pub mod anomaly;
pub mod app;
pub mod baseline;
pub mod call;
pub mod capture;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod diagnosis;
pub mod diff;
pub mod error;
pub mod exit;
pub mod expect;
pub mod explain;
pub mod extract;
pub mod fail_on;
pub mod filter;
mod hashing;
pub mod kpi;
pub mod ladder;
pub mod lang;
pub mod limits;
pub mod manual;
pub mod media;
pub mod net;
pub mod passport;
pub mod pipeline;
pub mod provenance;
pub mod redact;
pub mod report;
pub mod sample;
pub mod setup;
pub mod shell;
mod shorten;
pub mod sip;
mod span_text;
pub mod stir;
pub mod stream;
pub mod tally;
pub mod tls;
pub mod transaction;
mod words;
pub mod wrap;
