//! Who decided, whether the calling number is proven, and what follows.

use super::{Against, Party};
use crate::call::unwanted::Verdict;
use crate::diagnosis::origin::Signing;
use crate::diagnosis::{CallReport, Severity};

/// Who rejected a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// A person at the called device.
    Human,
    /// The called device or a list or policy on the called side.
    Policy,
    /// A network.
    Network,
    /// The capture does not show it.
    Unknown,
}

/// Rejected calls by who decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decided {
    /// See [`Decision::Human`].
    pub human: u64,
    /// See [`Decision::Policy`].
    pub policy: u64,
    /// See [`Decision::Network`].
    pub network: u64,
    /// See [`Decision::Unknown`].
    pub unknown: u64,
}

impl Decision {
    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Human => Self::Human,
            Verdict::Device | Verdict::PersonalList => Self::Policy,
            Verdict::NetworkAnalytics => Self::Network,
            Verdict::ForkingProxy | Verdict::Unknown => Self::Unknown,
        }
    }
}

impl Decided {
    pub(super) fn count(&mut self, decision: Decision) {
        *match decision {
            Decision::Human => &mut self.human,
            Decision::Policy => &mut self.policy,
            Decision::Network => &mut self.network,
            Decision::Unknown => &mut self.unknown,
        } += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.human += other.human;
        self.policy += other.policy;
        self.network += other.network;
        self.unknown += other.unknown;
    }

    /// The same calls as decided by a network, where that is known.
    pub(super) fn all_by_network_if(self, known: bool) -> Self {
        let all = self.human + self.policy + self.network + self.unknown;
        if known { Self { network: all, ..Self::default() } } else { self }
    }

    /// The only one who decided, or `mixed`.
    pub fn name(&self) -> &'static str {
        only([("human", self.human), ("policy", self.policy), ("network", self.network), ("unknown", self.unknown)])
    }
}

/// Whether the calling number of a call is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// A supplied key verifies a signature about the caller.
    Verified,
    /// It is signed; nobody verified the signature.
    NotVerified,
    /// A signature, its claims or the callee's network contradict it.
    Invalid,
    /// It is not signed where the call was captured.
    Unsigned,
    /// The INVITE was not captured, or in part only.
    Unknown,
}

/// Rejected calls by whether their calling number is proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proven {
    /// See [`Proof::Verified`].
    pub verified: u64,
    /// See [`Proof::NotVerified`].
    pub not_verified: u64,
    /// See [`Proof::Invalid`].
    pub invalid: u64,
    /// See [`Proof::Unsigned`].
    pub unsigned: u64,
    /// See [`Proof::Unknown`].
    pub unknown: u64,
}

/// What the callee's network says of a number that it could not verify.
const FAILED_THERE: &str = "verification-failed-verstat";

impl Proof {
    /// As the table of attestations has it, and as the callee's network says.
    pub(super) fn of(report: &CallReport) -> Self {
        let failed_there = report.findings.iter().any(|f| f.code == FAILED_THERE && f.severity >= Severity::Warning);
        match &report.origin {
            _ if failed_there => Self::Invalid,
            None => Self::Unknown,
            Some(origin) => match origin.signing {
                Signing::Level(_) | Signing::NoLevel if origin.verified => Self::Verified,
                Signing::Level(_) | Signing::NoLevel => Self::NotVerified,
                Signing::Unsigned => Self::Unsigned,
                Signing::Invalid => Self::Invalid,
                Signing::Unknown => Self::Unknown,
            },
        }
    }
}

impl Proven {
    pub(super) fn add(&mut self, proof: Proof) {
        *match proof {
            Proof::Verified => &mut self.verified,
            Proof::NotVerified => &mut self.not_verified,
            Proof::Invalid => &mut self.invalid,
            Proof::Unsigned => &mut self.unsigned,
            Proof::Unknown => &mut self.unknown,
        } += 1;
    }

    /// What holds for all calls, or `mixed`.
    pub fn name(&self) -> &'static str {
        only([
            ("verified", self.verified),
            ("not-verified", self.not_verified),
            ("invalid", self.invalid),
            ("unsigned", self.unsigned),
            ("unknown", self.unknown),
        ])
    }
}

fn only<const N: usize>(counts: [(&'static str, u64); N]) -> &'static str {
    let mut some = counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name);
    match (some.next(), some.next()) {
        (Some(name), None) => name,
        _ => "mixed",
    }
}

/// What to do about a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The called parties, or lists on their side, reject the caller.
    SuppressCallees,
    /// A network rejects the caller.
    AskNetwork,
    /// Both.
    SuppressAndAsk,
    /// The caller withholds its number.
    NobodyKnown,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SuppressCallees, Self::AskNetwork, Self::SuppressAndAsk, Self::NobodyKnown];

    /// What follows from the complaints about a caller.
    pub fn of(caller: &Party, against: &Against) -> Self {
        match (caller.is_anonymous(), against.decided.network > 0, against.callees.is_empty()) {
            (true, ..) => Self::NobodyKnown,
            (_, true, true) => Self::AskNetwork,
            (_, true, false) => Self::SuppressAndAsk,
            (_, false, _) => Self::SuppressCallees,
        }
    }

    /// The name for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::SuppressCallees => "suppress-callees",
            Self::AskNetwork => "ask-network",
            Self::SuppressAndAsk => "suppress-and-ask",
            Self::NobodyKnown => "caller-withheld",
        }
    }

    /// A sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::SuppressCallees => {
                "Stop calling the listed parties from this or any other number; only the called side can lift the block."
            }
            Self::AskNetwork => {
                "Ask the operator of the blocking network for redress; the called parties did not decide."
            }
            Self::SuppressAndAsk => {
                "Stop calling the listed parties, and ask the operator of the network that blocked calls for redress."
            }
            Self::NobodyKnown => {
                "The caller withholds its number, so that any number of callers may stand here: nobody can be blamed for it."
            }
        }
    }
}
