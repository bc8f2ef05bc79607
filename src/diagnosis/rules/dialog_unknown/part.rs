//! Who has part in a dialog, and whether it goes on or is over.

use std::net::IpAddr;

use crate::call::{CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::refused::Refused;
use crate::sip::{HeaderName, Method, NameAddr, StatusCode};

/// Whom the dialog began with, where that is another one than who refused the request: who refused it sent nothing in the dialog before, nor
/// is it the host that the Contacts of its ends name. A Contact that is a name tells nothing.
pub(super) fn elsewhere(refused: &Refused<'_>, dialog: Dialog<'_>) -> Option<IpAddr> {
    let server = refused.response.provenance.flow.source.address;
    let before =
        refused.call.messages.iter().filter(|m| m.leg == dialog.leg && m.provenance.time < refused.transaction.start);
    let mut own = before.filter(|m| {
        dialog.holds(&m.message) || (m.message.to_tag().is_none() && m.message.from_tag() == dialog.tags()[0])
    });
    let names_server = |m: &CapturedMessage| {
        let contacts = m.message.contacts();
        let recorded = m.message.values(HeaderName::RecordRoute);
        let mut ways = recorded.iter().map(|value| NameAddr::read(value).map(|address| address.uri));
        contacts.iter().any(|contact| contact.uri.ip().is_none_or(|host| host == server))
            || ways.any(|uri| uri.and_then(|uri| uri.ip()).is_none_or(|host| host == server))
    };
    if own.any(|m| m.provenance.flow.source.address == server || names_server(m)) {
        return None;
    }
    Some(if dialog.is_from_caller(&refused.known().message) {
        dialog.answer.unwrap_or(dialog.began).provenance.flow.source.address
    } else {
        dialog.beginning.client.address
    })
}

/// Whether a BYE has nothing left to end: another one was under way, or was answered.
pub(super) fn ends_again(refused: &Refused<'_>) -> bool {
    let this = refused.transaction;
    let other = |t: &&Transaction| {
        t.method == Method::Bye && t.leg == this.leg && !std::ptr::eq(*t, this) && t.upstream != Some(refused.id)
    };
    let crosses = |t: &Transaction| {
        t.start < refused.response.provenance.time && t.client.address != this.client.address && t.upstream.is_none()
    };
    let is_answered = |t: &Transaction| t.finals.iter().any(|f| f.status.is_success());
    this.method == Method::Bye && refused.call.transactions.iter().filter(other).any(|t| is_answered(t) || crosses(t))
}

/// Whether a BYE was refused for its own form, so that the dialog goes on; 481 says that there was none, and who passes 408 or 503 on may have
/// lost the answer.
pub(super) fn was_refused(bye: &Transaction) -> bool {
    bye.finals.iter().any(|f| matches!(f.status.0, 400 | 401 | 403 | 407 | 500))
        && bye.finals.iter().all(|f| !f.status.is_success())
}

/// Whether a NOTIFY comes from a further device that a SUBSCRIBE reached: the subscriber may refuse it with 481 (RFC 6665 §4.4.1).
pub(super) fn is_of_a_fork(refused: &Refused<'_>, dialogs: &[Dialog<'_>]) -> bool {
    let subscriber = refused.known().message.to_tag();
    refused.transaction.method == Method::Notify
        && dialogs.iter().any(|d| d.beginning.method == Method::Subscribe && d.tags()[0] == subscriber)
}

/// The first message behind a refusal by which its server shows that it has the dialog: a request inside it, or a response that no proxy makes
/// by itself.
pub(super) fn goes_on<'a>(refused: &Refused<'a>, dialog: Dialog<'_>) -> Option<&'a CapturedMessage> {
    let (server, at) = (refused.response.provenance.flow.source, refused.response.provenance.time);
    let shows = |m: &&CapturedMessage| {
        m.leg == dialog.leg && m.provenance.time > at && m.provenance.flow.source == server && dialog.holds(&m.message)
    };
    let is_alive = |m: &&CapturedMessage| {
        let status = m.message.status();
        m.message.method() != Some(&Method::Ack) && status.is_none_or(StatusCode::is_success)
    };
    refused.call.messages.iter().filter(shows).find(is_alive)
}
