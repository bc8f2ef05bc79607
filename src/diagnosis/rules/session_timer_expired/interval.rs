//! The session interval that was in force, and which moments of it end a session (RFC 4028).

use std::time::Duration;

use super::super::bye_with_abnormal_reason::names_a_limit;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Message, Method, Reason, params};

/// A timer is that exact; users are not.
const TOLERANCE: Duration = Duration::from_secs(2);
/// Longest time that the BYE comes before the interval is over (RFC 4028 §10).
const EARLY: u64 = 32;
/// Shorter intervals are none (RFC 4028 §4 has 90), and their moments lie too close to each other.
const LEAST: u64 = 45;

/// Which end of the transaction that agreed on it has to refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresher {
    Client,
    Server,
}

/// The moment of the interval at which it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    End,
    /// As long before the end as the standard recommends.
    Before,
    TwoThirds,
    /// Another one, and the BYE names the timer.
    Named,
}

/// The interval that the last refresh, or the answer, agreed on.
#[derive(Debug)]
pub(super) struct Interval<'a> {
    transaction: &'a Transaction,
    /// The 2xx that began it.
    pub(super) response: &'a CapturedMessage,
    pub(super) seconds: u64,
    pub(super) refresher: Option<Refresher>,
    /// Whether it began with the answer.
    pub(super) is_first: bool,
}

impl<'a> Interval<'a> {
    /// The one in force when a BYE was sent; none where a refresh was tried since, or where the last one agreed on no interval.
    pub(super) fn last(call: &'a Call, dialog: &Dialog<'a>, bye: &Transaction) -> Option<Self> {
        let inside = [Method::Invite, Method::Update].into_iter().flat_map(|method| dialog.requests(method));
        let all = inside.map(|(_, t)| t).chain([dialog.beginning]).filter(|t| t.start <= bye.start);
        let (accepted, failed): (Vec<_>, Vec<_>) =
            all.map(|t| (t, success(call, dialog, t))).partition(|(_, m)| m.is_some());
        let (transaction, response) = accepted
            .into_iter()
            .filter_map(|(t, response)| Some((t, response?)))
            .max_by_key(|(_, response)| response.provenance.time)?;
        let began = response.provenance.time;
        // Told as what became of it; one before the answer has nothing to do with it.
        if failed.iter().any(|(t, _)| t.start >= began) {
            return None;
        }
        let value = response.message.header(HeaderName::SessionExpires)?;
        let seconds = value.split(';').next()?.trim().parse().ok().filter(|seconds| *seconds >= LEAST)?;
        let is_first = std::ptr::eq(transaction, dialog.beginning);
        Some(Self { transaction, response, seconds, refresher: refresher(&value), is_first })
    }

    /// Which moment of the interval it is.
    pub(super) fn mark(&self, after: Duration) -> Option<Mark> {
        let end = Duration::from_secs(self.seconds);
        let before = end.saturating_sub(Duration::from_secs(EARLY).min(end / 3));
        let is_at = |mark: Duration| after.abs_diff(mark) <= TOLERANCE;
        match () {
            () if is_at(end) => Some(Mark::End),
            () if is_at(before) => Some(Mark::Before),
            () if is_at(end * 2 / 3) => Some(Mark::TwoThirds),
            () => None,
        }
    }

    /// Where the refresher is.
    pub(super) fn refresher_end(&self) -> Option<Endpoint> {
        Some(match self.refresher? {
            Refresher::Client => self.transaction.client,
            Refresher::Server => self.transaction.server,
        })
    }

    /// Whether who sent a request inside the dialog is the one that has to refresh.
    pub(super) fn is_refreshed_by(&self, dialog: &Dialog<'_>, request: &CapturedMessage) -> Option<bool> {
        let by_client = self.refresher? == Refresher::Client;
        // The response has the tags of its request: From is that of the client.
        let from_caller = |m: &Message| m.from_tag() == dialog.tags()[0];
        let is_client = from_caller(&request.message) == from_caller(&self.response.message);
        Some(by_client == is_client)
    }
}

/// The first 2xx of a transaction that is of the dialog.
fn success<'a>(call: &'a Call, dialog: &Dialog<'_>, transaction: &Transaction) -> Option<&'a CapturedMessage> {
    let all = transaction.finals.iter().filter(|f| f.status.is_success()).filter_map(|f| call.message(f.message));
    all.into_iter().find(|m| dialog.holds(&m.message))
}

fn refresher(value: &str) -> Option<Refresher> {
    let role = params::split(value, ';').into_iter().skip(1).find_map(|param| {
        let (name, role) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("refresher").then(|| role.trim().to_ascii_lowercase())
    })?;
    match role.as_str() {
        "uac" => Some(Refresher::Client),
        "uas" => Some(Refresher::Server),
        _ => None,
    }
}

/// Whether the text of a reason names the session timer.
pub(super) fn names_the_timer(reason: &Reason) -> bool {
    let text = reason.text.as_deref().unwrap_or_default().to_ascii_lowercase();
    text.contains("session")
        && !names_a_limit(&text)
        && ["timer", "expire", "refresh"].iter().any(|word| text.contains(word))
}
