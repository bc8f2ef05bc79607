//! OPTIONS by which a client sees whether a server is alive, and how many in a row told it nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::patterns::cited;
use super::{Compared, Context, Evidence};
use crate::call::{Call, CapturedMessage, Transaction};
use crate::hashing::HashMap;
use crate::limits::PINGED_PAIRS;
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::Method;

/// A client and the server that it asks.
pub(super) type Pair = (IpAddr, Endpoint);

/// What came of such a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// Any other response: the server is alive.
    Alive,
    /// Nothing, as far as the capture can tell at all.
    Silence,
    /// 408 or 503.
    Status(u16),
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ping<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) request: &'a CapturedMessage,
    /// What came first.
    pub(super) response: Option<&'a CapturedMessage>,
    pub(super) came: Came,
}

/// Those of a client and a server up to now.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// How many failed one after the other.
    pub(super) failed: u64,
    /// When the first of them was sent, and that request.
    pub(super) first: Option<(Timestamp, Evidence)>,
    /// How many were answered before.
    pub(super) answered: u64,
}

/// The rows of all calls that are over, by client and server.
#[derive(Debug, Default)]
pub(super) struct Pings(HashMap<Pair, Row>);

impl<'a> Ping<'a> {
    /// Those of a group of which the capture tells what came of them, in order of time.
    pub(super) fn all(call: &'a Call, cx: &Context<'_>) -> Vec<Self> {
        if call.is_invite() {
            return Vec::new();
        }
        let outside = |t: &&Transaction| t.method == Method::Options && !t.in_dialog && t.upstream.is_none();
        call.transactions.iter().filter(outside).filter_map(|t| Self::of(call, t, cx)).collect()
    }

    fn of(call: &'a Call, transaction: &'a Transaction, cx: &Context<'_>) -> Option<Self> {
        let request = call.message(transaction.request?)?;
        let is_alive = transaction.finals.iter().find(|f| !matches!(f.status.0, 408 | 503));
        let first = is_alive.or(transaction.finals.first());
        let came = match first {
            Some(_) if is_alive.is_some() => Came::Alive,
            // What came from behind is told of the server there.
            Some(last) => transaction.downstream.is_empty().then_some(Came::Status(last.status.0))?,
            None if !transaction.provisionals.is_empty() => Came::Alive,
            None => {
                let is_unreachable = call.icmp.iter().any(|r| r.unreachable.address == transaction.server.address);
                let timer: Duration = cx.settings.t1 * 64;
                let is_proven =
                    is_unreachable || cx.absence_is_proven(transaction.client.address, transaction.start, timer);
                is_proven.then_some(Came::Silence)?
            }
        };
        Some(Self { transaction, request, response: first.and_then(|f| call.message(f.message)), came })
    }

    pub(super) fn pair(&self) -> Pair {
        (self.transaction.client.address, self.transaction.server)
    }
}

impl Row {
    /// The row with one more.
    pub(super) fn add(&mut self, ping: &Ping<'_>) {
        if ping.came == Came::Alive {
            *self = Self { answered: self.answered + 1, ..Self::default() };
            return;
        }
        self.failed += 1;
        let first =
            || (ping.transaction.start, cited(Evidence::of(ping.request, "the first of the OPTIONS that failed")));
        self.first.get_or_insert_with(first);
    }
}

impl Pings {
    /// The rows as a group leaves them, for [`Self::keep`].
    pub(super) fn after(call: &Call, cx: &Compared<'_>) -> BTreeMap<Pair, Row> {
        let mut rows: BTreeMap<Pair, Row> = BTreeMap::new();
        for ping in Ping::all(call, cx) {
            rows.entry(ping.pair()).or_insert_with(|| cx.earlier.pings.of(ping.pair())).add(&ping);
        }
        rows
    }

    /// The row of a pair.
    pub(super) fn of(&self, pair: Pair) -> Row {
        self.0.get(&pair).cloned().unwrap_or_default()
    }

    /// Keeps the rows that a group made longer, or ended.
    pub(super) fn keep(&mut self, rows: BTreeMap<Pair, Row>) {
        for (pair, row) in rows {
            if self.0.len() < PINGED_PAIRS || self.0.contains_key(&pair) {
                self.0.insert(pair, row);
            }
        }
    }
}
