//! temporary
use super::*;
use crate::anomaly::Anomaly;
use std::collections::BTreeMap;
#[derive(Default)]
pub struct Tracker { groups: BTreeMap<Option<Vec<u8>>, Vec<CapturedMessage>>, n: u64 }
#[derive(Default)]
pub struct TrackerCounts { pub duplicates: u64 }
impl Tracker {
    pub fn push(&mut self, message: Message, provenance: Provenance) {
        let key = message.call_id().map(<[u8]>::to_vec);
        self.groups.entry(key).or_default().push(CapturedMessage { message, provenance, leg: 0, duplicates: vec![] });
    }
    pub fn icmp(&mut self, _r: IcmpReport, _q: &[u8]) {}
    pub fn advance(&mut self, _now: Timestamp) -> Vec<Call> { vec![] }
    pub fn counts(&self) -> TrackerCounts { TrackerCounts::default() }
    pub fn take_anomalies(&mut self) -> Vec<(Anomaly, FrameRef)> { vec![] }
    pub fn finish(&mut self, now: Timestamp) -> Vec<Call> {
        let mut out = vec![];
        for (call_id, messages) in std::mem::take(&mut self.groups) {
            self.n += 1;
            let mut tx: Vec<Transaction> = vec![];
            let mut seen: BTreeMap<(Option<Vec<u8>>, Option<u32>, String, u16, Option<Vec<u8>>), (usize, usize)> = BTreeMap::new();
            for (i, m) in messages.iter().enumerate() {
                if let Some(s) = m.message.status().filter(|s| s.is_final()) {
                    let key = (m.message.branch().map(<[u8]>::to_vec), m.message.cseq().map(|c| c.number), m.message.method().map(ToString::to_string).unwrap_or_default(), s.0, m.message.to_tag().map(<[u8]>::to_vec));
                    if let Some(&(t, f)) = seen.get(&key) { tx[t].finals[f].retransmissions.push(MessageId(i)); continue; }
                    seen.insert(key, (tx.len(), 0));
                    tx.push(Transaction { leg: 0, method: m.message.method().cloned().unwrap_or(Method::Other("".into())), client: m.provenance.flow.destination, server: m.provenance.flow.source, request: None, retransmissions: vec![], provisionals: vec![], finals: vec![FinalResponse { message: MessageId(i), status: s, retransmissions: vec![] }], acks: vec![], cancelled_by: None, upstream: None, downstream: vec![], in_dialog: false, start: m.provenance.time });
                }
            }
            let (start, end) = (messages[0].provenance.time, messages[messages.len() - 1].provenance.time);
            out.push(Call { number: CallNumber(self.n), legs: vec![Leg { call_id }], messages, transactions: tx, attempts: vec![], redirects: vec![], icmp: vec![], outcome: Outcome::Incomplete, outcome_detail: None, decided_by: None, final_response: None, start, end, observed_until: now, possible_legs: vec![] });
        }
        out
    }
}
