//! Diagnosis of calls that are over, in order, and what is counted of them.

use std::io;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use super::front::Step;
use super::selection::Selection;
use crate::call::Ended;
use crate::diagnosis::{CallReport, Engine, Over};
use crate::limits;
use crate::provenance::{Flow, Timestamp};
use crate::report::Summary;
use crate::tally::Tally;

/// So many calls at most are diagnosed at once: what they hold must stay in the second cache of a processor. One with many or long
/// messages is the last of them, so that such calls do not add up.
pub(super) const AT_ONCE: usize = 32;
/// Messages of such a call, and octets of them.
const MANY_MESSAGES: usize = 64;
const MANY_OCTETS: usize = 64 << 10;

/// Whether the call is one with many or long messages.
pub(super) fn is_heavy(ended: &Ended) -> bool {
    ended.messages().len() >= MANY_MESSAGES || ended.octets() >= MANY_OCTETS
}

/// The stages behind the tracker.
#[derive(Debug, Default)]
pub(super) struct Back {
    pub(super) engine: Engine,
    /// Which calls are reported.
    pub(super) selection: Selection,
    /// What was found; messages are counted elsewhere.
    pub(super) summary: Summary,
    /// Messages that must have been sent and were not captured.
    pub(super) missing: u64,
    /// Who is told how far it is.
    pub(super) tally: Option<Arc<Tally>>,
}

impl Back {
    /// Takes the next steps; `tell` gets what is to be reported, in order.
    ///
    /// # Errors
    /// Those of `tell`.
    pub(super) fn steps(
        &mut self,
        steps: impl Iterator<Item = Step>,
        mut tell: impl FnMut(CallReport) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut ended = Vec::new();
        for step in steps {
            match step {
                Step::Over(one, now) => {
                    let is_heavy = is_heavy(&one);
                    ended.push((one, now));
                    if is_heavy || ended.len() >= AT_ONCE {
                        self.end(mem::take(&mut ended), &mut tell)?;
                    }
                }
                // The others are of what comes behind those that are over.
                Step::Last(last) => {
                    self.end(mem::take(&mut ended), &mut tell)?;
                    let mut calls = self.foreseen(last).into_iter();
                    while calls.len() > 0 {
                        self.diagnose(calls.by_ref().take(AT_ONCE).collect(), &mut tell)?;
                    }
                }
                step => {
                    self.end(mem::take(&mut ended), &mut tell)?;
                    self.learn(step);
                }
            }
        }
        self.end(ended, &mut tell)
    }

    /// Makes calls of what is over, and diagnoses them.
    fn end(
        &mut self,
        ended: Vec<(Ended, Timestamp)>,
        tell: &mut impl FnMut(CallReport) -> io::Result<()>,
    ) -> io::Result<()> {
        if ended.is_empty() { Ok(()) } else { self.diagnose(Ended::into_calls(ended), tell) }
    }

    /// Makes calls of all that is open at the end of a capture, which is little: behind the last of them nothing comes.
    pub(super) fn foreseen(&mut self, last: Vec<(Ended, Timestamp)>) -> Vec<Over> {
        let calls = Ended::into_calls(last);
        self.engine.foresee(&calls);
        calls
    }

    /// Diagnoses calls, all of them before the next stage: as in the engine.
    pub(super) fn diagnose(
        &mut self,
        over: Vec<Over>,
        tell: &mut impl FnMut(CallReport) -> io::Result<()>,
    ) -> io::Result<()> {
        let diagnosed: Vec<CallReport> = self.engine.diagnose(over).collect();
        let counted: Vec<CallReport> = diagnosed.into_iter().filter_map(|report| self.counted(report)).collect();
        counted.into_iter().try_for_each(tell)
    }

    /// Takes note of what diagnosis has to know.
    fn learn(&mut self, step: Step) {
        match step {
            Step::Over(..) | Step::Last(_) => {}
            Step::Start(time) => self.engine.capture_start = time,
            Step::Lossy => self.engine.lossy = true,
            Step::Hosts(flow) => self.learn_hosts(&flow),
            Step::Gap(address) => {
                let gaps = &mut self.engine.hosts.gaps;
                if gaps.len() < limits::HOSTS {
                    gaps.insert(address);
                }
            }
            Step::Acknowledged(flow, acknowledgement) => {
                self.engine.hosts.acknowledge((flow.source, flow.destination), acknowledgement);
            }
            Step::Lookup { name, code, evidence } => {
                let known = &mut self.engine.hosts.failed_lookups;
                if known.len() < limits::FAILED_LOOKUPS && !known.contains_key(&name) {
                    known.insert(name, (code, *evidence));
                }
            }
            Step::Tls(stream) => self.engine.observe_tls(&stream),
        }
    }

    /// Counts a call; gives it back where it is one of those to be reported.
    fn counted(&mut self, mut report: CallReport) -> Option<CallReport> {
        self.missing += report.call.proofs_of_loss().len() as u64;
        if let Some(tally) = &self.tally {
            tally.call(report.call.messages.len());
        }
        if !self.selection.takes(&report) {
            return None;
        }
        if let Some(compared) = &mut self.summary.baseline {
            compared.call(&mut report);
        }
        self.summary.call(&report);
        Some(report)
    }

    fn learn_hosts(&mut self, flow: &Flow) {
        let hosts = &mut self.engine.hosts;
        if hosts.senders.len() < limits::HOSTS {
            hosts.senders.insert(flow.source.address);
        }
        if hosts.receivers.len() < limits::HOSTS {
            hosts.receivers.insert(flow.destination.address);
        }
        hosts.met(flow.source.address, flow.destination.address);
        hosts.documentation_traffic |=
            is_documentation(flow.source.address) || is_documentation(flow.destination.address);
    }
}

/// Whether the address is one of the ranges for documentation (RFC 5737, RFC 3849).
fn is_documentation(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]),
        IpAddr::V6(v6) => matches!(v6.segments(), [0x2001, 0x0db8, ..]),
    }
}
