//! What one call shows against its caller.

use std::net::IpAddr;

use super::Decision;
use crate::call::network_block::NetworkBlock;
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::CallReport;
use crate::diagnosis::rejections;
use crate::diagnosis::rules::unwanted_after_answer;
use crate::diagnosis::unwanted_case::UnwantedCase;
use crate::sip::{Method, StatusCode};

/// The kind of complaint, with its messages on the deepest hop.
#[derive(Debug)]
pub(super) enum Complaint<'a> {
    /// 607.
    Unwanted(&'a [UnwantedCase<'a>]),
    /// A BYE of the called side whose Reason is 607.
    AfterAnswer(&'a CapturedMessage),
    /// 608.
    Rejected(&'a CapturedMessage),
    /// 603 Network Blocked.
    Blocked(&'a CapturedMessage),
}

impl<'a> Complaint<'a> {
    /// The complaint in a call: a word of the called party before that of a network.
    pub(super) fn of(report: &'a CallReport, unwanted: &'a [UnwantedCase<'a>]) -> Option<Self> {
        let call = &report.call;
        if !unwanted.is_empty() {
            return Some(Self::Unwanted(unwanted));
        }
        let after = || unwanted_after_answer::of_called_side(call).map(Self::AfterAnswer);
        let rejected = || with_status(call, 608).next().map(Self::Rejected);
        let blocked = || with_status(call, 603).find(|m| NetworkBlock::of(&m.message).is_some()).map(Self::Blocked);
        after().or_else(rejected).or_else(blocked)
    }

    /// The messages that say so.
    pub(super) fn messages(&self) -> Vec<&'a CapturedMessage> {
        match self {
            Self::Unwanted(cases) => cases.iter().map(|case| case.response).collect(),
            Self::AfterAnswer(message) | Self::Rejected(message) | Self::Blocked(message) => vec![message],
        }
    }

    /// Who decided, and the element whose other answers may show that it was its network after all.
    pub(super) fn decision(&self, report: &CallReport) -> (Decision, Option<IpAddr>) {
        match self {
            Self::AfterAnswer(_) => (Decision::Human, None),
            Self::Rejected(_) | Self::Blocked(_) => (Decision::Network, None),
            Self::Unwanted(cases) => {
                let decisive = cases.iter().find(|case| Some(case.id) == report.call.decided_by).or(cases.first());
                let Some(origin) = decisive.map(|case| &case.origin) else { return (Decision::Unknown, None) };
                let at_once = origin.ringing.is_none().then_some(origin.sender.address);
                (Decision::of(origin.verdict), at_once)
            }
        }
    }
}

/// Final responses of that status to INVITEs outside of a dialog.
fn with_status(call: &Call, status: u16) -> impl Iterator<Item = &CapturedMessage> {
    let is_initial_invite =
        |id| call.is_initial(id) && call.transaction(id).is_some_and(|t| t.method == Method::Invite);
    rejections::with_status(call, StatusCode(status)).filter(move |(id, _)| is_initial_invite(*id)).map(|(_, m)| m)
}
