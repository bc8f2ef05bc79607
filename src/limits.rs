//! Every limit on state, by name. A limit that was hit is in the report.

use std::time::Duration;

/// Octets of IP fragments kept at one time (waiting, or remembered to tell late duplicates); the oldest go first.
pub const FRAGMENT_OCTETS: usize = 64 << 20;
/// Datagrams that may wait for missing fragments at one time; the oldest is given up first.
pub const FRAGMENTED_DATAGRAMS: usize = 4096;
/// Completed datagrams remembered, so that late duplicates of their fragments are told apart.
pub const COMPLETED_DATAGRAMS: usize = 4096;
/// A datagram is given up this long (in capture time) after its first fragment; the usual value of IP stacks (RFC 8200
/// §4.5 says 60 s, Linux takes 30 s).
pub const FRAGMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Fragments that contradict those of an incomplete datagram are a new one under the same identification if the older is
/// at least of this age; an overlap otherwise. Identifications of 16 bits come again within seconds (RFC 4963).
pub const FRAGMENT_ID_REUSE: Duration = Duration::from_secs(2);
