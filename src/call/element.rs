//! Which endpoints are the same SIP element.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::Transaction;
use crate::provenance::Endpoint;

/// Tells elements apart by address, and by port as well where several of them sit behind one address (a test bed on the
/// loopback interface, a proxy beside its B2BUA on one machine).
#[derive(Debug)]
pub(super) struct Elements {
    shared: SmallVec<[IpAddr; 2]>,
}

impl Elements {
    /// An address is shared when a request was sent from it to itself.
    pub(super) fn of(transactions: &[Transaction]) -> Self {
        let mut shared = SmallVec::new();
        for transaction in transactions.iter().filter(|t| t.client.address == t.server.address) {
            shared.push(transaction.client.address);
        }
        if shared.len() > 1 {
            shared.sort_unstable();
            shared.dedup();
        }
        Self { shared }
    }

    /// Whether both are the same element: requests of one client may leave from several ports.
    pub(super) fn same(&self, a: Endpoint, b: Endpoint) -> bool {
        a == b || (a.address == b.address && self.shared.binary_search(&a.address).is_err())
    }
}
