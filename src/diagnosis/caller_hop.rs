//! The hop on which a caller got an answer, and what its header fields there say of the way of the ACK.

use super::repeated::Repeated;
use super::{Evidence, Text};
use crate::call::{Call, CapturedMessage, Transaction};
use crate::sip::HeaderName;

/// Who acts where an ACK is wrong or missing.
pub(super) const CLIENT: &str = "operator of the network in front of the server, and of the client";

/// Of the hops on which an answer was captured the one nearest the caller.
#[derive(Debug)]
pub(super) struct CallerHop<'a> {
    call: &'a Call,
    /// The INVITE there.
    pub(super) hop: &'a Transaction,
    /// The copy of the answer there.
    pub(super) received: &'a CapturedMessage,
}

impl<'a> CallerHop<'a> {
    /// That of a repeated answer.
    pub(super) fn of(repeated: &Repeated<'a>) -> Self {
        let mut near = Self { call: repeated.call, hop: repeated.transaction, received: repeated.first };
        // Each step goes one transaction up; more steps than transactions would be a circle.
        for _ in 0..repeated.call.transactions.len() {
            let Some(upper) = near.upper() else { break };
            near = upper;
        }
        near
    }

    /// The hop above, where the same answer was captured on it.
    fn upper(&self) -> Option<Self> {
        let upper = self.call.transaction(self.hop.upstream?)?;
        let same = |m: &&CapturedMessage| {
            m.message.status() == self.received.message.status() && m.message.to_tag() == self.received.message.to_tag()
        };
        let copy = upper.finals.iter().filter_map(|f| self.call.message(f.message)).find(same)?;
        Some(Self { call: self.call, hop: upper, received: copy })
    }

    /// The INVITE as sent there.
    pub(super) fn request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.hop.request?)
    }

    /// The header fields that say where the ACK goes: those of the answer, inside a dialog Route of its INVITE, as a route set does not
    /// change (RFC 3261 §12.2).
    pub(super) fn way_evidence(&self) -> Vec<Evidence> {
        let status = self.received.message.status().map_or(0, |s| s.0);
        let what = |text| Text::new(text).with("status", status);
        let recorded = what("Record-Route of the {status}: the ACK goes along it, from the last value to the first");
        let route = what("Route of the INVITE: the ACK to its {status} goes the same way");
        let contact = what("Contact of the {status}: where the ACK goes in the end");
        let route = match self.request().filter(|_| self.hop.in_dialog) {
            Some(request) => (Some(request), HeaderName::Route, route),
            None => (Some(self.received).filter(|_| !self.hop.in_dialog), HeaderName::RecordRoute, recorded),
        };
        [route, (Some(self.received), HeaderName::Contact, contact)]
            .into_iter()
            .filter_map(|(message, name, what)| {
                message.filter(|m| m.message.has(name)).map(|message| Evidence::header(message, name, what))
            })
            .collect()
    }
}
