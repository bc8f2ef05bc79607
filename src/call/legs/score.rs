//! The score of diagnosis §D7: how much speaks for two legs being one call.

use std::time::Duration;

use super::summary::LegSummary;
use crate::sip::Method;

/// From here on, two legs are one call.
const SAME: u32 = 6;
/// The same where the element between the legs cannot be recognised by its address.
const SAME_WITHOUT_MIDDLE: u32 = 8;
/// A B2BUA sends its own INVITE within this time of receiving one.
const SOON: Duration = Duration::from_secs(2);
/// And passes a final response on within this time.
const PASSED_ON: Duration = Duration::from_secs(1);
/// A Call-ID made from the other leg's begins like it for at least so many octets.
pub(super) const COMMON_CALL_ID: usize = 16;
/// Digits that must agree at the end of two numbers of which one has a prefix.
pub(super) const COMMON_DIGITS: usize = 7;
/// Digits of the shortest extension that tells anything.
const EXTENSION_DIGITS: usize = 3;
/// What most countries dial in front of their own numbers, and leave out behind the country code.
const TRUNK_PREFIX: char = '0';
/// Digits that must be left behind it: fewer are those of local numbers and extensions.
const NATIONAL_DIGITS: usize = 8;

/// What is between two legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Nothing that counts.
    None,
    /// Something, but it proves too little: mention it, do not join.
    Possible,
    /// They are one call.
    Same,
}

/// Which of several legs a later one belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// To none.
    None,
    /// To this one: its place among the candidates.
    One(usize),
    /// To one of these, which speaks as much for one as for another.
    Ambiguous(Vec<usize>),
    /// Perhaps to one of these, but it proves too little.
    Possible(Vec<usize>),
}

/// The parts of the score.
#[expect(clippy::struct_excessive_bools, reason = "independent pieces of evidence")]
#[derive(Debug, Default)]
struct Score {
    total: u32,
    /// Equal Session-ID.
    session: bool,
    /// Something that only the same call has: it outweighs numbers that differ.
    unique: bool,
    same_called: bool,
    same_calling: bool,
    middle: bool,
    /// The called name or extension may have been translated: see [`is_translated`].
    translated: bool,
    /// Both go to the same element, which is no way for two legs to lie one behind the other.
    same_server: bool,
}

/// Judges two INVITE legs of which `first` began earlier: Session-ID and link header fields, identity, SDP, numbers, times,
/// addresses. Never by time alone.
pub fn link(first: &LegSummary, second: &LegSummary) -> Link {
    score(first, second).as_ref().map_or(Link::None, Score::judge)
}

/// Chooses among the open legs in front of which `second` may lie behind: the best, unless another one is as good.
pub fn choose(candidates: &[&LegSummary], second: &LegSummary) -> Choice {
    let scored = candidates.iter().enumerate().filter_map(|(at, first)| {
        let score = score(first, second)?;
        Some((score.judge(), score.total, at))
    });
    let mut linked: Vec<_> = scored.filter(|(link, ..)| *link > Link::None).collect();
    linked.sort_by_key(|(link, total, at)| (std::cmp::Reverse((*link, *total)), *at));
    let Some((link, total, best)) = linked.first().copied() else { return Choice::None };
    let equals: Vec<_> = linked.iter().filter(|(l, t, _)| (*l, *t) == (link, total)).map(|(.., at)| *at).collect();
    match link {
        Link::Same if equals.len() == 1 => Choice::One(best),
        Link::Same => Choice::Ambiguous(equals),
        Link::Possible | Link::None => Choice::Possible(equals),
    }
}

/// `None` where the two cannot be legs of one call, whatever else they share.
fn score(first: &LegSummary, second: &LegSummary) -> Option<Score> {
    let both_invite = first.method == Method::Invite && second.method == Method::Invite;
    let over = first.final_response.is_some_and(|(_, time)| time < second.start);
    if !both_invite
        || second.start < first.start
        || over
        || first.same_client(second)
        || first.call_id == second.call_id
    {
        return None;
    }
    let mut score = Score::default();
    score.add_identity(first, second);
    score.add_parties(first, second);
    score.add_course(first, second);
    Some(score)
}

impl Score {
    fn add(&mut self, points: u32, holds: bool) -> bool {
        self.total += if holds { points } else { 0 };
        holds
    }

    /// What names the call itself.
    fn add_identity(&mut self, first: &LegSummary, second: &LegSummary) {
        let equal = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        self.session = self.add(10, equal(&first.session_id, &second.session_id));
        let named = self.add(8, first.names(second));
        let signed = first.tokens.iter().any(|token| second.tokens.contains(token));
        self.add(6, signed || first.origids.iter().any(|id| second.origids.contains(id)));
        let media = equal(&first.media, &second.media);
        self.add(4, media || equal(&first.sdp_origin, &second.sdp_origin));
        let call_id = self.add(4, common_prefix(&first.call_id, &second.call_id) >= COMMON_CALL_ID);
        self.unique = self.session || named || signed || media || call_id;
    }

    /// Who calls whom.
    fn add_parties(&mut self, first: &LegSummary, second: &LegSummary) {
        self.same_called = self.add(3, agree(&first.called, &second.called));
        self.same_calling = self.add(3, agree(&first.calling, &second.calling));
        self.unique |= self.add(3, agree(&first.called, &second.diverted));
    }

    /// Times and addresses.
    fn add_course(&mut self, first: &LegSummary, second: &LegSummary) {
        self.middle = self.add(3, first.leads_to(second));
        self.same_server = first.same_server(second);
        let soon = self.add(2, second.start.since(first.start) <= SOON);
        let translates = self.middle && self.same_calling && soon;
        self.translated = translates && is_translated(&first.called, &second.called);
        self.same_called |= translates && is_extension(&first.called, &second.called);
        if let (Some((one, later)), Some((two, earlier))) = (first.final_response, second.final_response) {
            self.add(2, earlier <= later && later.since(earlier) <= PASSED_ON);
            self.add(1, one == two);
        }
    }

    fn judge(&self) -> Link {
        // Two calls of one caller to two callees share all but the callee.
        let beside = self.same_server && !self.middle && !self.unique;
        if self.total < SAME || beside {
            Link::None
        } else if !(self.same_called || self.unique) {
            if self.translated { Link::Possible } else { Link::None }
        } else if self.middle
            || self.session
            || (self.total >= SAME_WITHOUT_MIDDLE && self.same_called && self.same_calling)
        {
            Link::Same
        } else {
            Link::Possible
        }
    }
}

/// Whether two sets of numbers or names have one in common; a number may carry a prefix that the other lacks.
fn agree(a: &[String], b: &[String]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x == y || same_number(x, y)))
}

/// Whether one number is the other with a prefix in front, or both are one number with the country code and with the trunk prefix
/// of calls at home: `+44 20 7946 0100` and `020 7946 0100`.
pub(in crate::call) fn same_number(x: &str, y: &str) -> bool {
    let digits = |s: &str| s.len() >= COMMON_DIGITS && s.bytes().all(|c| c.is_ascii_digit());
    let at_home = |long: &str, short: &str| {
        let national = short.strip_prefix(TRUNK_PREFIX).filter(|national| national.len() >= NATIONAL_DIGITS);
        national.is_some_and(|national| long.len() >= short.len() && long.ends_with(national))
    };
    digits(x) && digits(y) && (x.ends_with(y) || y.ends_with(x) || at_home(x, y) || at_home(y, x))
}

/// Whether an element between may have put another name for the same callee: an extension or alias on one side. Two whole
/// telephone numbers that differ are two callees.
fn is_translated(first: &[String], second: &[String]) -> bool {
    let number = |s: &String| s.len() >= COMMON_DIGITS && s.bytes().all(|b| b.is_ascii_digit());
    let both = first.iter().any(number) && second.iter().any(number);
    !(first.is_empty() || second.is_empty() || both)
}

/// Whether one is an extension, and another the whole number of the telephone that has it: their last digits are those of direct
/// dialling in (`201` and `+1 212 555 0201`).
fn is_extension(first: &[String], second: &[String]) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let is_of = |short: &str, long: &str| {
        (EXTENSION_DIGITS..COMMON_DIGITS).contains(&short.len())
            && long.len() > COMMON_DIGITS
            && digits(short)
            && digits(long)
            && long.ends_with(short)
    };
    first.iter().any(|x| second.iter().any(|y| is_of(x, y) || is_of(y, x)))
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}
