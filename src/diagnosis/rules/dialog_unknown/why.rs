//! What a request that got 481 has to do with the dialogs that the capture shows.

use std::net::IpAddr;

use super::part::{elsewhere, ends_again, goes_on, is_of_a_fork, was_refused};
use crate::call::{CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::{Evidence, Text};
use crate::lang::span;
use crate::provenance::{Endpoint, Timestamp};
use crate::sip::{HeaderName, Method, StatusCode};

/// Why the server knows no such dialog, as far as the capture shows it.
#[derive(Debug)]
pub(super) enum Why<'a> {
    /// How the dialog began is not in the capture.
    Unseen,
    /// A tag is not that of the dialog.
    Changed {
        dialog: Dialog<'a>,
        /// The one that differs; `None` where both do.
        tag: Option<Differs<'a>>,
        /// Who changed it between the two hops, where it was right before.
        relay: Option<Endpoint>,
    },
    /// The tag is that of a failure, which begins no dialog.
    OfFailure(&'a CapturedMessage),
    /// A BYE had ended the dialog, with the time of its answer.
    Ended(&'a Transaction, Timestamp),
    /// The INVITE had failed, and with it the early dialog ended.
    Failed(&'a CapturedMessage),
    /// Another branch had taken the call.
    Branch(Dialog<'a>),
    /// Another server had part in the dialog.
    Elsewhere { dialog: Dialog<'a>, other: IpAddr },
    /// The server has the dialog, as that message shows, and lacks something else.
    Other(&'a CapturedMessage),
    /// All agrees.
    Lost(Dialog<'a>),
}

/// A tag that is another one than in the dialog.
#[derive(Debug, Clone, Copy)]
pub(super) struct Differs<'a> {
    /// Where it stands in the request.
    field: HeaderName,
    /// Where the tag of the dialog stands in the response that began it: from the other end, From and To change places.
    there: HeaderName,
    tag: &'a [u8],
}

impl<'a> Why<'a> {
    /// `None` where nothing is wrong: the request crossed the end of the dialog, or ends it once more.
    pub(super) fn of(refused: &Refused<'a>) -> Option<Self> {
        let known = &refused.known().message;
        let dialogs = Dialog::all(refused.call, refused.transaction.leg);
        let Some(dialog) = dialogs.iter().copied().find(|dialog| dialog.holds(known)) else {
            return if ends_again(refused) { None } else { Self::of_stranger(refused, &dialogs) };
        };
        let is_bye = refused.transaction.method == Method::Bye;
        if is_bye && (ends_again(refused) || was_taken_over(refused)) {
            return None;
        }
        let sent = refused.transaction.start;
        // Who was asked for credentials, or refused otherwise, ended nothing by that.
        let ended = dialog
            .byes()
            .find(|(bye, _)| bye.upstream.is_none() && !std::ptr::eq(*bye, refused.transaction) && !was_refused(bye));
        if let Some((bye, answered)) = ended {
            let is_before = bye.start < refused.response.provenance.time;
            // Subscriptions outlive the session that they began in (RFC 5057 §4.2), and those that do not end without harm.
            let is_other_usage = matches!(refused.transaction.method, Method::Notify | Method::Subscribe);
            match answered {
                Some(at) if at <= sent && !is_other_usage => return Some(Self::Ended(bye, at)),
                _ if is_before => return None,
                _ => {}
            }
        }
        if let Some(shows) = goes_on(refused, dialog) {
            return Some(Self::Other(shows));
        }
        if let Some(failure) = dialog.failure() {
            let is_late = failure.provenance.time <= sent && !is_bye;
            let is_crossed = failure.provenance.time <= refused.response.provenance.time;
            return if is_late { Some(Self::Failed(failure)) } else { (!is_crossed).then_some(Self::Lost(dialog)) };
        }
        let taken = |other: &&Dialog<'_>| other.answer.is_some_and(|m| m.provenance.time <= sent);
        let is_same = |other: &&Dialog<'_>| std::ptr::eq(other.beginning, dialog.beginning);
        if let Some(other) = dialogs.iter().filter(|_| dialog.answer.is_none()).filter(is_same).find(taken) {
            return Some(Self::Branch(*other));
        }
        // One branch of several may have ended before: of that the client learns nothing (RFC 3261 §16.7).
        let is_fork =
            dialog.answer.is_none() && dialogs.iter().filter(is_same).any(|other| other.tags() != dialog.tags());
        // Who got no ACK of its answer gives the call up: answer-not-acknowledged tells it.
        if is_fork || dialog.was_not_acknowledged() {
            return None;
        }
        Some(match elsewhere(refused, dialog) {
            Some(other) => Self::Elsewhere { dialog, other },
            None => Self::Lost(dialog),
        })
    }

    fn of_stranger(refused: &Refused<'a>, dialogs: &[Dialog<'a>]) -> Option<Self> {
        let known = &refused.known().message;
        let sent = refused.sent().map(|m| &m.message);
        if let Some(dialog) = sent.and_then(|sent| dialogs.iter().find(|dialog| dialog.holds(sent))) {
            return Some(Self::Changed { dialog: *dialog, tag: None, relay: Some(changed_by(refused, *dialog)) });
        }
        if let Some(failure) = failure_with_tag(refused) {
            // Who follows a redirect with its tag has a rule of its own (redirect-follow-up-malformed).
            let is_redirect = failure.message.status().is_some_and(StatusCode::is_redirection);
            return (!is_redirect).then_some(Self::OfFailure(failure));
        }
        if is_of_a_fork(refused, dialogs) {
            return None;
        }
        // The dialog that took the call is meant rather than an early one.
        let mut likely: Vec<_> =
            dialogs.iter().filter(|d| d.began.provenance.time <= refused.transaction.start).collect();
        likely.sort_by_key(|dialog| dialog.answer.is_none());
        let near = likely.iter().find_map(|dialog| {
            let [beginner, end] = dialog.tags();
            let (from, to) = (HeaderName::From, HeaderName::To);
            // Each end with its own tag, that of the other, and where the two stand in the response that began it.
            [(beginner, from, end, to), (end, to, beginner, from)].into_iter().find_map(|(own, its, other, others)| {
                let differs = if known.from_tag() == own {
                    Differs { field: to, there: others, tag: other? }
                } else if known.to_tag() == other {
                    Differs { field: from, there: its, tag: own? }
                } else {
                    return None;
                };
                Some((**dialog, Some(differs)))
            })
        });
        Some(match near.or_else(|| likely.first().map(|dialog| (**dialog, None))) {
            Some((dialog, tag)) => Self::Changed { dialog, tag, relay: None },
            None => Self::Unseen,
        })
    }

    /// Whether the dialog had come to its end before the request was sent.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Ended(..) | Self::Failed(_) | Self::Branch(_))
    }

    pub(super) fn text(&self, refused: &Refused<'_>) -> Text {
        let sent = refused.transaction.start;
        match self {
            Self::Unseen => Text::new(
                "It knows no dialog with this Call-ID and these tags. How that dialog began is not known here: before the capture, or in a call \
                 that was over and told before.",
            ),
            Self::Changed { relay: Some(relay), .. } => Text::new(
                "The tags of From and To name the dialog, and {relay} changed them on the way: in front of it they were those of the dialog.",
            )
            .with("relay", *relay),
            Self::Changed { tag: Some(Differs { field, tag, .. }), .. } => {
                let own = refused.known();
                let own = if *field == HeaderName::To { own.message.to_tag() } else { own.message.from_tag() };
                Text::new(
                    "The tags of From and To name the dialog: that of {field} is {own} here, and in the dialog as it began it was {tag}.",
                )
                .with("field", field.name())
                .with("own", lossy(own))
                .with("tag", lossy(Some(*tag)))
            }
            Self::Changed { .. } => Text::new(
                "The tags of From and To name the dialog: none of them is one of the dialogs that began under this Call-ID in the capture.",
            ),
            Self::OfFailure(failure) => Text::new(
                "Its To tag is that of the {status} before it: a failure begins no dialog, so that the next request has to go without a To tag.",
            )
            .with("status", failure.message.status().map_or(0, |s| s.0)),
            Self::Ended(_, answered) => Text::new("The dialog was over: its BYE had been answered {after} before.")
                .with("after", span(sent.since(*answered))),
            Self::Failed(failure) => Text::new(
                "The dialog was an early one, and over: the INVITE had been answered with {status} {after} before.",
            )
            .with("status", failure.message.status().map_or(0, |s| s.0))
            .with("after", span(sent.since(failure.provenance.time))),
            Self::Branch(other) => Text::new(
                "The dialog is an early one of a branch that did not take the call: it was answered in the dialog with the To tag {tag}.",
            )
            .with("tag", lossy(other.tags()[1])),
            Self::Other(shows) => {
                let after = span(shows.provenance.time.since(refused.response.provenance.time));
                let text = Text::new(match refused.transaction.method {
                    Method::Prack => {
                        "The dialog itself goes on: {server} sent a message inside it {after} later. 481 says here that no provisional response waits \
                         for this PRACK (RFC 3262 §3)."
                    }
                    Method::Notify => {
                        "The dialog itself goes on: {server} sent a message inside it {after} later. 481 says here that it has no subscription for \
                         this NOTIFY, or no longer (RFC 5057 §5.1)."
                    }
                    _ => {
                        "The dialog itself goes on: {server} sent a message inside it {after} later. What it lacks has to do with this request \
                         alone, or the request reached another server behind that address than the one that has the dialog."
                    }
                });
                text.with("server", shows.provenance.flow.source).with("after", after)
            }
            Self::Elsewhere { other, .. } => Text::new(
                "Call-ID and tags are those of the dialog as it began, but it began with {other}, and {server} had no part in it: it does not \
                 have the state of that dialog.",
            )
            .with("other", *other)
            .with("server", refused.response.provenance.flow.source.address),
            Self::Lost(dialog) => Text::new(
                "Call-ID and tags are those of the dialog that began {after} before, and nothing in the capture ended it: the server lost it, \
                 or ended it by itself, such as by a restart or a timer.",
            )
            .with("after", span(sent.since(dialog.began.provenance.time))),
        }
    }

    pub(super) fn evidence(&self, refused: &Refused<'a>) -> Vec<Evidence> {
        match self {
            Self::Unseen => Vec::new(),
            Self::Changed { dialog, tag, relay } => {
                let (field, there) =
                    tag.map_or((HeaderName::To, HeaderName::To), |differs| (differs.field, differs.there));
                let sent = refused.sent().filter(|_| relay.is_some());
                let first = sent.map(|m| Evidence::of(m, "the request as it was sent first"));
                let own = Evidence::header(refused.known(), field, "in the request");
                let known = Evidence::header(dialog.answer.unwrap_or(dialog.began), there, "in the dialog as it began");
                first.into_iter().chain([own, known]).collect()
            }
            Self::Other(shows) => vec![Evidence::of(shows, "the dialog goes on")],
            Self::OfFailure(failure) => vec![Evidence::header(failure, HeaderName::To, "the failure with that tag")],
            Self::Ended(bye, _) => {
                let bye = bye.request.and_then(|id| refused.call.message(id));
                bye.map(|m| Evidence::of(m, "the BYE that ended the dialog")).into_iter().collect()
            }
            Self::Failed(failure) => vec![Evidence::of(failure, "the end of the INVITE")],
            Self::Branch(other) => {
                other.answer.map(|m| Evidence::of(m, "the answer of another branch")).into_iter().collect()
            }
            Self::Elsewhere { dialog, .. } | Self::Lost(dialog) => {
                let what = if dialog.answer.is_some() {
                    "the answer that confirmed the dialog"
                } else {
                    "how the dialog began"
                };
                vec![Evidence::of(dialog.answer.unwrap_or(dialog.began), what)]
            }
        }
    }

    pub(super) fn fixes(&self) -> &'static [&'static str] {
        match self {
            Self::Unseen | Self::Lost(_) => &[],
            Self::Other(_) => &[
                "Compare what the request refers to with what the server has: RAck with RSeq and CSeq of the provisional response, Event and its id with \
                 the subscription.",
            ],
            Self::Changed { .. } => &[
                "Let the tags of From and To, and Call-ID, stay as they were when the dialog began (RFC 3261 §12.2.1.1); an element that has \
                 dialogs of its own on either side has to translate all three in every request and response.",
            ],
            Self::OfFailure(_) => &["Let the client send the next request without a To tag (RFC 3261 §8.1.3.5)."],
            Self::Ended(..) | Self::Failed(_) => {
                &["Let the client forget the dialog, and what it still meant to send in it, when it ends."]
            }
            Self::Branch(_) => &[
                "Let the client go on in the dialog that was answered; the early ones of the other branches are over then (RFC 3261 §13.2.2.4).",
            ],
            Self::Elsewhere { .. } => &[
                "Let all requests of a call reach one server (Record-Route and Contact with its own address, or a distributor that goes by \
                 Call-ID), or share the state of the dialogs among all servers.",
                "If the first one failed: see why its state was not taken over.",
            ],
        }
    }
}

/// Whether another call had taken over the dialog (RFC 3891 §3): a BYE that comes behind that finds none.
fn was_taken_over(refused: &Refused<'_>) -> bool {
    let taken_over = refused.call.taken_over.as_deref();
    taken_over
        .is_some_and(|taken| taken.leg == refused.transaction.leg && taken.since <= refused.response.provenance.time)
}

/// Who sent on a request with other tags than those of its dialog, which it had before.
fn changed_by(refused: &Refused<'_>, dialog: Dialog<'_>) -> Endpoint {
    let call = refused.call;
    let holds = |t: &Transaction| t.request.and_then(|id| call.message(id)).is_some_and(|m| dialog.holds(&m.message));
    let mut at = refused.deepest;
    // Each step goes one hop up; more steps than transactions would be a circle.
    for _ in 0..call.transactions.len() {
        match at.upstream.and_then(|id| call.transaction(id)).filter(|above| !holds(above)) {
            Some(above) => at = above,
            None => break,
        }
    }
    at.client
}

/// The failure of an initial request whose To tag the request keeps.
fn failure_with_tag<'a>(refused: &Refused<'a>) -> Option<&'a CapturedMessage> {
    let tag = refused.known().message.to_tag()?;
    let earlier = refused.call.transactions.iter().filter(|t| t.leg == refused.transaction.leg && !t.in_dialog);
    let failures = earlier.filter(|t| t.start < refused.transaction.start).flat_map(|t| &t.finals);
    let failures = failures.filter(|f| !f.status.is_success()).filter_map(|f| refused.call.message(f.message));
    failures.filter(|m| m.provenance.time <= refused.transaction.start).find(|m| m.message.to_tag() == Some(tag))
}

fn lossy(tag: Option<&[u8]>) -> String {
    String::from_utf8_lossy(tag.unwrap_or_default()).into_owned()
}
