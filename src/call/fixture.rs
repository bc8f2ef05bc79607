//! Calls from the text form of flows, for tests.

use super::assemble::{Group, assemble};
use super::{Call, CallNumber, CapturedMessage, FinalResponse, IcmpReport, Leg, MessageId, Transaction, TransactionId};
use crate::provenance::Timestamp;
use crate::sample::Flow;
use crate::sip::{Method, messages};

/// The calls of a flow, one per Call-ID, observed until a minute after the last datagram of the flow.
pub(crate) fn calls(text: &str) -> Vec<Call> {
    let all = captured(text);
    let end = all.iter().map(|m| m.provenance.time).max().unwrap_or_default();
    let mut ids: Vec<Option<Vec<u8>>> = Vec::new();
    for message in &all {
        let id = message.message.call_id().map(<[u8]>::to_vec);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let until = Timestamp(end.0 + 60_000_000_000);
    ids.into_iter()
        .map(|id| {
            let own = all.iter().filter(|m| m.message.call_id() == id.as_deref()).cloned().collect();
            one(vec![Leg { call_id: id }], own, until)
        })
        .collect()
}

/// The one call of a flow with all its Call-IDs joined, observed until `seconds` after the last datagram.
pub(crate) fn joined(text: &str, seconds: f64) -> Call {
    let mut all = captured(text);
    let end = all.iter().map(|m| m.provenance.time).max().unwrap_or_default();
    let mut legs: Vec<Leg> = Vec::new();
    for message in &mut all {
        let call_id = message.message.call_id().map(<[u8]>::to_vec);
        message.leg = legs.iter().position(|leg| leg.call_id == call_id).unwrap_or(legs.len());
        if message.leg == legs.len() {
            legs.push(Leg { call_id });
        }
    }
    one(legs, all, end.plus(std::time::Duration::from_secs_f64(seconds)))
}

/// The same, a minute later.
pub(crate) fn call(text: &str) -> Call {
    joined(text, 60.0)
}

fn one(legs: Vec<Leg>, messages: Vec<CapturedMessage>, observed_until: Timestamp) -> Call {
    let transactions = transactions(&messages);
    assemble(Group {
        number: CallNumber(1),
        legs,
        messages,
        transactions,
        icmp: Vec::<IcmpReport>::new(),
        observed_until,
    })
}

pub(crate) fn captured(text: &str) -> Vec<CapturedMessage> {
    let flow = Flow::parse(text).unwrap();
    let mut all = Vec::new();
    for datagram in flow.datagrams() {
        for framed in messages(&datagram.payload, false) {
            let provenance = datagram.provenance(u32::try_from(framed.offset).unwrap());
            all.push(CapturedMessage { message: framed.message, provenance, leg: 0, duplicates: Vec::new() });
        }
    }
    all
}

fn transactions(all: &[CapturedMessage]) -> Vec<Transaction> {
    let mut list: Vec<Transaction> = Vec::new();
    for (at, m) in all.iter().enumerate() {
        let method = m.message.method().unwrap().clone();
        let flow = m.provenance.flow;
        let branch_of = |t: &Transaction| t.request.and_then(|id| all[id.0].message.branch());
        let same = |t: &&mut Transaction| t.leg == m.leg && branch_of(t) == m.message.branch();
        if !m.message.is_request() {
            let reversed = flow.reversed();
            let mut fits: Vec<_> =
                list.iter_mut().filter(same).filter(|t| t.method == method && t.client == reversed.source).collect();
            fits.sort_by_key(|t| t.server != reversed.destination);
            let Some(t) = fits.into_iter().next() else { continue };
            let status = m.message.status().unwrap();
            let tag = m.message.to_tag();
            if status.is_provisional() {
                t.provisionals.push(MessageId(at));
            } else if let Some(f) =
                t.finals.iter_mut().find(|f| f.status == status && all[f.message.0].message.to_tag() == tag)
            {
                f.retransmissions.push(MessageId(at));
            } else {
                t.finals.push(FinalResponse { message: MessageId(at), status, retransmissions: Vec::new() });
            }
            continue;
        }
        let cseq = m.message.cseq().unwrap().number;
        if method == Method::Ack {
            let own = list.iter_mut().filter(same).find(|t| t.client == flow.source && t.method == Method::Invite);
            if let Some(t) = own {
                t.acks.push(MessageId(at));
            } else if let Some(t) = list.iter_mut().find(|t| {
                t.leg == m.leg
                    && t.client == flow.source
                    && t.request.is_some_and(|r| all[r.0].message.cseq().unwrap().number == cseq)
                    && t.finals.iter().any(|f| f.status.is_success())
            }) {
                t.acks.push(MessageId(at));
            }
            continue;
        }
        if let Some(t) = list
            .iter_mut()
            .filter(same)
            .find(|t| t.method == method && t.client == flow.source && t.server == flow.destination)
        {
            t.retransmissions.push(MessageId(at));
            continue;
        }
        let id = TransactionId(list.len());
        if method == Method::Cancel
            && let Some(t) =
                list.iter_mut().filter(same).find(|t| t.method == Method::Invite && t.client == flow.source)
        {
            t.cancelled_by = Some(id);
        }
        let above = m.message.vias().get(1).and_then(|v| v.branch().map(str::to_owned));
        let upstream = list
            .iter()
            .position(|t| above.is_some() && t.method == method && branch_of(t) == above.as_deref().map(str::as_bytes));
        if let Some(up) = upstream {
            list[up].downstream.push(id);
        }
        list.push(Transaction {
            leg: m.leg,
            method,
            client: flow.source,
            server: flow.destination,
            request: Some(MessageId(at)),
            retransmissions: Vec::new(),
            provisionals: Vec::new(),
            finals: Vec::new(),
            acks: Vec::new(),
            cancelled_by: None,
            upstream: upstream.map(TransactionId),
            downstream: Vec::new(),
            in_dialog: m.message.to_tag().is_some(),
            start: m.provenance.time,
        });
    }
    list
}
