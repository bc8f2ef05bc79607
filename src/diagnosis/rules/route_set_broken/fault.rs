//! How a request inside a dialog differs from what its route set asks for.

use std::net::IpAddr;

use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::dialogs::Dialog;
use crate::diagnosis::route_set::{behind_own, is_loose, uris};
use crate::diagnosis::{Evidence, Text};
use crate::sip::{HeaderName, Method, StatusCode, Uri};

/// A request inside a dialog that does not go by the proxies that it has to go by.
#[derive(Debug)]
pub(super) struct Broken<'a> {
    pub(super) request: &'a CapturedMessage,
    /// What told its sender of the proxies: the response that answered the call, or its INVITE.
    told: &'a CapturedMessage,
    /// The route set, in the order in which the request has to go along it.
    expected: Vec<Uri>,
    pub(super) fault: Fault<'a>,
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Fault<'a> {
    /// There is no Route.
    Missing,
    /// Route has the proxies in the opposite order.
    Reversed(Vec<Uri>),
    /// Route leads to other proxies.
    Other(Vec<Uri>),
    /// Who answered left Record-Route of that INVITE out of its response.
    Unrecorded(&'a CapturedMessage),
    /// The first proxy says that it routes strictly (no `lr`), and the request is written for a loose router, or (`obeyed`) for a strict one.
    Strict { obeyed: bool, uri: Uri },
}

impl<'a> Broken<'a> {
    /// `None` where the request goes along the route set, and where the capture does not show how its sender was told of it.
    pub(super) fn of(call: &'a Call, transaction: &Transaction) -> Option<Self> {
        let is_judged = transaction.in_dialog
            && transaction.upstream.is_none()
            && !matches!(transaction.method, Method::Ack | Method::Cancel | Method::Prack);
        // Hardly any call of a capture without proxies comes further.
        if !is_judged || !call.messages.iter().any(|m| m.message.has(HeaderName::RecordRoute)) {
            return None;
        }
        let request = call.message(transaction.request?).filter(|m| !m.message.has_several_vias())?;
        let dialog = Dialog::all(call, transaction.leg).into_iter().find(|d| d.holds(&request.message))?;
        let is_of_call = dialog.beginning.method == Method::Invite;
        dialog.answer.filter(|answer| is_of_call && answer.provenance.time < transaction.start)?;
        if was_over(call, &dialog, transaction) {
            return None;
        }
        if dialog.is_from_caller(&request.message) {
            Self::of_caller(call, transaction, request, dialog)
        } else {
            Self::of_callee(call, transaction, request, dialog)
        }
    }

    fn of_caller(
        call: &'a Call,
        transaction: &Transaction,
        request: &'a CapturedMessage,
        dialog: Dialog<'a>,
    ) -> Option<Self> {
        let client = transaction.client.address;
        let is_received = |m: &&CapturedMessage| {
            let message = &m.message;
            m.leg == transaction.leg
                && m.provenance.flow.destination.address == client
                && message.status().is_some_and(StatusCode::is_success)
                && message.cseq().is_some_and(|cseq| *cseq.method == Method::Invite)
                && dialog.holds(message)
                && !message.has_several_vias()
        };
        let told = call.messages.iter().find(is_received)?;
        let mut expected = uris(&told.message, HeaderName::RecordRoute)?;
        expected.reverse();
        let expected = behind_sender(expected, client);
        let unrecorded = || {
            let (invite, answer) = deepest(call, dialog)?;
            let recorded = |m: &CapturedMessage| m.message.values(HeaderName::RecordRoute).len();
            let is_left_out = recorded(answer) == 0
                && recorded(invite) > 0
                && !request.message.has(HeaderName::Route)
                && expected.is_empty();
            is_left_out.then_some(Fault::Unrecorded(invite))
        };
        let fault = unrecorded().or_else(|| fault(request, &expected))?;
        Some(Self { request, told, expected, fault })
    }

    fn of_callee(
        call: &'a Call,
        transaction: &Transaction,
        request: &'a CapturedMessage,
        dialog: Dialog<'a>,
    ) -> Option<Self> {
        let (told, _) = deepest(call, dialog)?;
        if told.provenance.flow.destination.address != transaction.client.address {
            return None;
        }
        let expected = behind_sender(uris(&told.message, HeaderName::RecordRoute)?, transaction.client.address);
        let fault = fault(request, &expected)?;
        Some(Self { request, told, expected, fault })
    }

    /// Whether the request went to another host than that to which it had to go first, as far as both are addresses.
    pub(super) fn passes(&self) -> Option<&Uri> {
        let first = self.expected.first()?;
        let destination = self.request.provenance.flow.destination.address;
        first.ip().filter(|host| *host != destination && !first.params.has("maddr")).map(|_| first)
    }

    pub(super) fn sentence(&self) -> Text {
        let told = self.told_name();
        match &self.fault {
            Fault::Missing => Text::new("By Record-Route of the {told} it has to go by {expected}, and it has no Route.")
                .with("told", told)
                .with("expected", listed(&self.expected)),
            Fault::Reversed(found) => Text::new(
                "By Record-Route of the {told} it has to go by {expected}, and its Route has them in the opposite order: {found}.",
            )
            .with("told", told)
            .with("expected", listed(&self.expected))
            .with("found", listed(found)),
            Fault::Other(found) => {
                Text::new("By Record-Route of the {told} it has to go by {expected}, and its Route is {found}.")
                    .with("told", told)
                    .with("expected", listed(&self.expected))
                    .with("found", listed(found))
            }
            Fault::Unrecorded(_) => Text::new(
                "The {told} leaves out Record-Route of its INVITE, so that the caller does not know by which proxies its requests have to go.",
            )
            .with("told", told),
            Fault::Strict { obeyed: false, uri } => Text::new(
                "{proxy} in Record-Route of the {told} has no \"lr\", which makes it a strict router (RFC 2543), and the Request-URI of the request is {uri}, as for a loose one.",
            )
            .with("proxy", listed(self.expected.get(..1).unwrap_or_default()))
            .with("told", told)
            .with("uri", uri),
            Fault::Strict { obeyed: true, uri } => Text::new(
                "{proxy} in Record-Route of the {told} has no \"lr\", so that the Request-URI of the request is {uri}, as a strict router (RFC 2543) wants it; the way to the other end \
                 stands last in Route.",
            )
            .with("proxy", listed(self.expected.get(..1).unwrap_or_default()))
            .with("told", told)
            .with("uri", uri),
        }
    }

    /// Status of a response, method of a request.
    fn told_name(&self) -> String {
        let status = self.told.message.status().map(|status| status.0.to_string());
        status.unwrap_or_else(|| Method::Invite.to_string())
    }

    pub(super) fn is_told_by_response(&self) -> bool {
        self.told.message.status().is_some()
    }

    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let what = Text::new("Record-Route of the {told}").with("told", self.told_name());
        let recorded = match self.fault {
            Fault::Unrecorded(invite) => {
                let what = Text::new("Record-Route of the INVITE, which the {status} leaves out");
                Evidence::header(invite, HeaderName::RecordRoute, what.with("status", self.told_name()))
            }
            _ => Evidence::header(self.told, HeaderName::RecordRoute, what),
        };
        let has_route = self.request.message.has(HeaderName::Route);
        let route = has_route.then(|| Evidence::header(self.request, HeaderName::Route, "Route of the request"));
        [recorded].into_iter().chain(route).collect()
    }

    /// The first proxy that the request has to go to.
    pub(super) fn first(&self) -> Option<&Uri> {
        self.expected.first()
    }
}

/// Whether the other end had hung up before a request failed: it fails for that then.
fn was_over(call: &Call, dialog: &Dialog<'_>, transaction: &Transaction) -> bool {
    let failed = transaction.finals.first().and_then(|f| call.time(f.message)).unwrap_or(transaction.start);
    dialog.byes().any(|(bye, answered)| answered.is_some() && bye.start < failed)
}

/// The proxies behind the sender of a request. One that hides who is in front of it sends with a single Via, and finds itself in Record-Route.
fn behind_sender(mut expected: Vec<Uri>, sender: IpAddr) -> Vec<Uri> {
    let own = expected.iter().rposition(|uri| uri.ip() == Some(sender)).map_or(0, |at| at + 1);
    expected.split_off(own)
}

/// The INVITE of a dialog on the hop nearest who answered, with the answer there.
fn deepest<'a>(call: &'a Call, dialog: Dialog<'a>) -> Option<(&'a CapturedMessage, &'a CapturedMessage)> {
    let mut at = dialog.beginning;
    let answer_of = |t: &Transaction| {
        let finals = t.finals.iter().filter(|f| f.status.is_success()).filter_map(|f| call.message(f.message));
        finals.into_iter().find(|m| dialog.holds(&m.message))
    };
    // Each step goes one hop down; more steps than transactions would be a circle.
    for _ in 0..call.transactions.len() {
        let next = at.downstream.iter().filter_map(|id| call.transaction(*id)).find(|t| answer_of(t).is_some());
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    Some((call.message(at.request?)?, answer_of(at)?))
}

fn fault<'a>(request: &CapturedMessage, expected: &[Uri]) -> Option<Fault<'a>> {
    let first = expected.first()?;
    let found = uris(&request.message, HeaderName::Route)?;
    if !is_loose(expected) {
        let uri = request.message.request_uri()?;
        let obeyed = is_same_place(&uri, first)?;
        return Some(Fault::Strict { obeyed, uri });
    }
    if found.is_empty() {
        return Some(Fault::Missing);
    }
    let is_along = |routes: &[Uri], order: &mut dyn Iterator<Item = &Uri>| {
        routes.iter().zip(order).map(|(one, other)| is_same_place(one, other)).collect::<Option<Vec<_>>>()
    };
    let Some(routes) = behind_own(&found, expected) else {
        // What is left out may be names of the sender itself.
        let left_out = expected.len().saturating_sub(found.len());
        let (own, rest) = expected.split_at_checked(left_out)?;
        let may_be_own = own.iter().all(|uri| uri.ip().is_none());
        let goes_along = is_along(&found, &mut rest.iter())?.into_iter().all(|same| same);
        return (!may_be_own || !goes_along).then_some(Fault::Other(found));
    };
    let is_same = is_along(routes, &mut expected.iter())?.into_iter().all(|same| same);
    if is_same {
        return None;
    }
    let is_reversed = is_along(routes, &mut expected.iter().rev())?.into_iter().all(|same| same);
    Some(if is_reversed { Fault::Reversed(found) } else { Fault::Other(found) })
}

/// Whether two URIs lead to one place; `None` where one has a name and the other an address.
fn is_same_place(one: &Uri, other: &Uri) -> Option<bool> {
    if one.ip().is_some() != other.ip().is_some() {
        return None;
    }
    // One IPv6 address has many forms.
    let is_same_host = one.ip() == other.ip() && (one.ip().is_some() || one.host.eq_ignore_ascii_case(&other.host));
    Some(is_same_host && one.port_or_default() == other.port_or_default())
}

fn listed(uris: &[Uri]) -> Text {
    Text::list(", ", uris)
}
