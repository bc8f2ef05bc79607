//! One Call-ID of an open group, and where its INVITE stands.

use std::time::Duration;

use smallvec::SmallVec;

use super::due::{Due, Places, Troubles};
use super::known::Key;
use super::leg_index::Pending;
use super::open_group::place_behind;
use super::{CapturedMessage, Waits};
use crate::limits::{CHALLENGED_IDLE, ENDED_IDLE, LEG_DIALOGS, TRYING_IDLE};
use crate::sip::{Message, Method, StatusCode};

/// Branches of INVITEs that are followed to their final response.
const OPEN_BRANCHES: usize = 64;

/// Where the INVITE of a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests without a provisional or final response so far, or no INVITE at all.
    Trying,
    /// Provisional responses on a branch that has no final one.
    Proceeding,
    /// A 2xx to an INVITE, and no BYE.
    Answered,
    /// Final responses everywhere, a CANCEL, or a BYE.
    Ended,
}

/// One Call-ID of a group and where it stands. Of messages no more is kept than where they lie in the group.
#[derive(Debug)]
pub(super) struct OpenLeg {
    /// What its messages have in common, and the hash under which it is known.
    pub(super) key: Key,
    pub(super) hash: u64,
    /// Its INVITE, while that waits for a final response.
    pub(super) pending: Option<Pending>,
    /// INVITEs without final response, one of each branch.
    open_branches: Places,
    /// 2xx with different To tags, and whether their dialog had its BYE.
    dialogs: SmallVec<[Dialog; 2]>,
    /// What must still come.
    pub(super) due: Due,
    phase: Phase,
    /// Whether it has, or answers, an INVITE.
    pub(super) has_invite: bool,
    /// Whether the latest word was a challenge: credentials may come when the user has typed them.
    pub(super) challenged: bool,
}

/// A dialog that a 2xx opened.
#[derive(Debug, Clone, Copy)]
struct Dialog {
    answer: u32,
    is_over: bool,
}

impl OpenLeg {
    /// A Call-ID of which nothing is known yet.
    pub(super) fn new(key: Key, hash: u64) -> Self {
        Self {
            key,
            hash,
            pending: None,
            open_branches: Places::new(),
            dialogs: SmallVec::new(),
            due: Due::default(),
            phase: Phase::Trying,
            has_invite: false,
            challenged: false,
        }
    }

    /// Whether nothing is left to come in it.
    pub(super) fn is_settled(&self) -> bool {
        self.phase == Phase::Ended
            && !self.challenged
            && self.due.is_nothing()
            && self.dialogs.iter().all(|dialog| dialog.is_over)
    }

    /// Whether it was answered, and ended without a failure or a request or response sent twice.
    pub(super) fn was_plain(&self) -> bool {
        !self.dialogs.is_empty() && self.due.troubles == Troubles::default()
    }

    /// How long nothing may come until it is over.
    pub(super) fn idle(&self, waits: Waits) -> Duration {
        let idle = self.phase.idle(waits);
        if self.challenged { idle.max(CHALLENGED_IDLE) } else { idle }
    }

    /// Follows the course of the call: `message` comes behind the others of the group.
    pub(super) fn follow(&mut self, message: &Message, others: &[CapturedMessage]) {
        match (message.status(), message.method()) {
            (Some(status), _) => self.challenged = status.is_challenge(),
            (None, Some(Method::Ack)) => {}
            (None, _) => self.challenged = false,
        }
        self.due.follow(message, others);
        self.has_invite |= message.method() == Some(&Method::Invite);
        match (message.status(), message.method()) {
            (None, Some(Method::Invite)) if message.to_tag().is_none() => self.invite(message, others),
            (None, Some(Method::Bye)) => self.bye(message, others),
            (None, Some(Method::Cancel)) if self.phase != Phase::Answered => self.phase = Phase::Ended,
            (Some(status), Some(Method::Invite)) if status.is_success() => self.success(message, others),
            (Some(status), Some(Method::Invite)) => self.answer(status, message, others),
            _ => {}
        }
    }

    fn invite(&mut self, message: &Message, others: &[CapturedMessage]) {
        if !self.open_branches.iter().any(|open| has_branch_of(message, others, *open))
            && self.open_branches.len() < OPEN_BRANCHES
        {
            self.open_branches.push(place_behind(others));
        }
        if self.phase == Phase::Ended {
            self.phase = Phase::Trying;
        }
    }

    /// A 2xx opens a dialog, unless it is a late copy of one that had its BYE.
    fn success(&mut self, message: &Message, others: &[CapturedMessage]) {
        self.open_branches.clear();
        let is_known = self.dialogs.iter().any(|known| known.has_tag(&[message.to_tag()], others));
        if !is_known && self.dialogs.len() < LEG_DIALOGS {
            self.dialogs.push(Dialog { answer: place_behind(others), is_over: false });
        }
        self.phase = if self.dialogs.iter().all(|dialog| dialog.is_over) { Phase::Ended } else { Phase::Answered };
    }

    /// A BYE ends the dialog of its tags; of several (a fork) the others go on.
    fn bye(&mut self, message: &Message, others: &[CapturedMessage]) {
        let tags = [message.to_tag(), message.from_tag()];
        let mut known = false;
        for dialog in &mut self.dialogs {
            if dialog.has_tag(&tags, others) {
                (dialog.is_over, known) = (true, true);
            }
        }
        if !known || self.dialogs.iter().all(|dialog| dialog.is_over) {
            self.phase = Phase::Ended;
        }
    }

    fn answer(&mut self, status: StatusCode, message: &Message, others: &[CapturedMessage]) {
        if status.is_provisional() {
            if self.phase == Phase::Trying {
                self.phase = Phase::Proceeding;
            }
        } else if self.phase != Phase::Answered {
            self.open_branches.retain(|open| !has_branch_of(message, others, *open));
            if self.open_branches.is_empty() {
                self.phase = Phase::Ended;
            }
        }
    }
}

impl Dialog {
    /// Whether its To tag is one of these; `None` is that of a 2xx without.
    fn has_tag(self, tags: &[Option<&[u8]>], messages: &[CapturedMessage]) -> bool {
        messages.get(self.answer as usize).is_some_and(|answer| tags.contains(&answer.message.to_tag()))
    }
}

/// Whether a message has the branch of one that was there before, or neither has one.
fn has_branch_of(message: &Message, others: &[CapturedMessage], known: u32) -> bool {
    others.get(known as usize).is_some_and(|other| other.message.branch() == message.branch())
}

impl Phase {
    /// How long nothing may come until it is over.
    fn idle(self, waits: Waits) -> Duration {
        match self {
            Self::Trying => TRYING_IDLE,
            Self::Proceeding => waits.ringing_idle,
            Self::Answered => waits.answered_idle,
            Self::Ended => ENDED_IDLE,
        }
    }
}
