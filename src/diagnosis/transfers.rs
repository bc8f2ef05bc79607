//! Calls that failed lately, which a REFER inside another call may have asked for.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::Evidence;
use crate::call::{Call, CallNumber, Outcome};
use crate::hashing;
use crate::lang::Text;
use crate::limits::FAILED_LATELY;
use crate::provenance::{Flow, FrameRef, Timestamp};
use crate::sip::{StatusCode, Uri};

/// Those calls, the latest ones.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    failed: VecDeque<Failed>,
    /// Whether those that are not diagnosed yet are among them.
    are_all: bool,
}

/// Such a call.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) call: CallNumber,
    /// Where and when it ended.
    frame: FrameRef,
    time: Timestamp,
    flow: Flow,
    status: StatusCode,
    /// Who sent it, and when.
    client: IpAddr,
    sent: Timestamp,
    /// The user that it called, as a hash.
    user: u64,
}

impl Transfers {
    /// Takes note of a call that has been diagnosed.
    pub(super) fn observe(&mut self, call: &Call) {
        if !self.are_all {
            self.add(call);
        }
    }

    /// Takes note of the calls that are still to be diagnosed, of which none but these is left.
    pub(super) fn foresee<'c>(&mut self, calls: impl Iterator<Item = &'c Call>) {
        calls.for_each(|call| self.add(call));
        self.are_all = true;
    }

    fn add(&mut self, call: &Call) {
        if !call.is_invite() || call.outcome == Outcome::Answered {
            return;
        }
        if self.failed.len() >= FAILED_LATELY {
            self.failed.pop_front();
        }
        self.failed.extend(Failed::of(call));
    }

    /// The call that a client made for a REFER to `target` in that time, and that ended so.
    pub(super) fn of(
        &self,
        client: IpAddr,
        target: &Uri,
        status: StatusCode,
        times: RangeInclusive<Timestamp>,
    ) -> Option<&Failed> {
        let user = hash(target.user.as_deref()?);
        let is_this = |failed: &&Failed| {
            failed.client == client && failed.status == status && failed.user == user && times.contains(&failed.sent)
        };
        let mut all = self.failed.iter().filter(is_this);
        // Of two nobody knows which.
        all.next().filter(|_| all.next().is_none())
    }
}

impl Failed {
    fn of(call: &Call) -> Option<Self> {
        let request = call.initial_request()?;
        let response = call.message(call.final_response?)?;
        let target = request.message.target()?;
        let user = target.user_name().filter(|user| !user.is_empty())?;
        let ended = &response.provenance;
        Some(Self {
            call: call.number,
            frame: ended.frame,
            time: ended.time,
            flow: ended.flow,
            status: response.message.status()?,
            client: request.provenance.flow.source.address,
            sent: request.provenance.time,
            user: hash(user),
        })
    }

    /// Cites what it ended with.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence {
            frame: self.frame,
            time: self.time,
            source: self.flow.source,
            destination: self.flow.destination,
            what: Text::new("how that call ended"),
            text: String::new().into(),
        }
    }
}

fn hash(user: &str) -> u64 {
    hashing::shared().hash_one(user.split(';').next())
}
