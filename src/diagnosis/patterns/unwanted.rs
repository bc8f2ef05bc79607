//! What the capture shows of 607: which elements answer everybody with it, and who calls on after it.

pub mod again;
pub mod answerers;

use std::borrow::Cow;

use smallvec::SmallVec;

use super::super::names::Names;
use super::super::unwanted_case::UnwantedCase;
use crate::call::{Call, CapturedMessage, TransactionId};
use crate::sip::{Message, Method};

/// 607s of the whole capture.
#[derive(Debug, Default)]
pub struct Unwanted {
    /// Elements that answer INVITEs.
    pub answerers: answerers::Answerers,
    /// INVITEs after a 607.
    pub again: again::Again,
}

impl Unwanted {
    /// Takes note of a closed call.
    pub(super) fn observe(
        &mut self,
        call: &Call,
        invites: &[Invite<'_>],
        unwanted: &[UnwantedCase<'_>],
        complaint: Option<&CapturedMessage>,
    ) {
        let unwanted: Vec<&UnwantedCase<'_>> = unwanted
            .iter()
            .filter(|case| case.is_about_the_caller() && case.nearest.method == Method::Invite)
            .collect();
        self.again.observe(call, invites, !unwanted.is_empty(), complaint);
        let own: Vec<_> = unwanted.into_iter().filter(|case| !case.was_made_of_another()).collect();
        self.answerers.observe(call, invites, &own);
    }

    /// How many 607s, and calls after one, found no room.
    pub fn forgotten(&self) -> u64 {
        self.answerers.forgotten() + self.again.forgotten()
    }
}

/// Takes note of who answers the INVITEs of a closed call, without the rest.
pub(in crate::diagnosis) fn observe_answerers(
    answerers: &mut answerers::Answerers,
    call: &Call,
    unwanted: &[UnwantedCase<'_>],
    country: &str,
) {
    let unwanted: Vec<_> = unwanted.iter().collect();
    let invites = initial_invites(call, country);
    answerers.observe(call, &invites, &unwanted);
}

/// An initial INVITE that was captured.
pub(in crate::diagnosis) struct Invite<'a> {
    pub(in crate::diagnosis) id: TransactionId,
    pub(in crate::diagnosis) request: &'a CapturedMessage,
    /// Whom it is from and to.
    pub(in crate::diagnosis) names: Names<'a>,
}

/// Most calls have one.
pub(in crate::diagnosis) type Invites<'a> = SmallVec<[Invite<'a>; 1]>;

impl<'a> Invite<'a> {
    fn of(call: &'a Call, id: TransactionId, country: &str) -> Option<Self> {
        let is_invite = call.transaction(id)?.method == Method::Invite && call.is_initial(id);
        let request = call.request(id).filter(|_| is_invite)?;
        Some(Self { id, request, names: Names::of(&request.message, country) })
    }
}

/// Those of a call.
pub(in crate::diagnosis) fn initial_invites<'a>(call: &'a Call, country: &str) -> Invites<'a> {
    (0..call.transactions.len()).filter_map(|id| Invite::of(call, TransactionId(id), country)).collect()
}

/// Whoever is called, so that equal parties have equal texts.
pub(in crate::diagnosis) fn callee<'m>(message: &'m Message, country: &str) -> Option<Cow<'m, str>> {
    Names::of(message, country).callee
}

/// Whoever calls; `None` for a caller that withholds its identity (of such ones several may call).
pub(in crate::diagnosis) fn caller<'m>(message: &'m Message, country: &str) -> Option<Cow<'m, str>> {
    Names::of(message, country).caller
}
