//! Redirects and the requests that follow them (diagnosis §B3): who saw the 3xx, where it pointed, who went there.

use std::time::Duration;

use smallvec::SmallVec;

use super::element::Elements;
use super::legs::{is_user_elsewhere, same_user};
use super::path::NEARBY;
use super::{
    Call, FinalResponse, Follow, FollowLink, MessageId, Redirect, RedirectContact, Transaction, TransactionId,
};
use crate::provenance::Timestamp;
use crate::sip::{HeaderName, Message, Method, NameAddr, Uri};

/// A client that follows does so at once.
pub(super) const FIRST_CONTACT: Duration = Duration::from_secs(5);
/// After a failed contact the next is due within 64*T1.
pub(super) const NEXT_CONTACT: Duration = Duration::from_secs(32);
/// Without an identity link, only a request that comes as soon as this counts.
const WITHOUT_LINK: Duration = Duration::from_secs(2);
/// How much earlier than the 3xx its follow-up may be captured, where frames are out of order or two clocks differ.
const OUT_OF_ORDER: Duration = Duration::from_millis(500);
/// A B2BUA passes a 3xx on at once.
const PASSED_ON: Duration = Duration::from_secs(1);

/// Finds the redirects of a call in order of their responses, with what follows them.
pub(super) fn find(call: &Call, elements: &Elements) -> Vec<Redirect> {
    let responses = responses(call);
    let mut redirects: Vec<Redirect> = Vec::with_capacity(responses.len());
    let is_told = |seen: &Seen<'_>| {
        responses.iter().any(|other| relays(call, elements, seen, other) || is_copy(call, seen, other))
    };
    for seen in responses.iter().filter(|seen| !is_told(seen)) {
        redirects.push(read(call, elements, seen, &responses));
    }
    redirects.sort_by_key(|r| (call.time(r.response), r.response));
    follow_all(call, elements, &mut redirects);
    redirects
}

/// A 3xx as one hop saw it.
struct Seen<'a> {
    id: TransactionId,
    transaction: &'a Transaction,
    response: &'a FinalResponse,
    message: &'a Message,
    time: Timestamp,
}

/// Hardly any call has more than one.
fn responses(call: &Call) -> SmallVec<[Seen<'_>; 2]> {
    let mut found = SmallVec::new();
    for (index, transaction) in call.transactions.iter().enumerate() {
        for response in transaction.finals.iter().filter(|f| f.status.is_redirection()) {
            if let Some(captured) = call.message(response.message) {
                found.push(Seen {
                    id: TransactionId(index),
                    transaction,
                    response,
                    message: &captured.message,
                    time: captured.provenance.time,
                });
            }
        }
    }
    found
}

/// Whether `seen` is another response of the list on the other side of a translation of addresses. The one whose request was captured first counts.
fn is_copy(call: &Call, seen: &Seen<'_>, other: &Seen<'_>) -> bool {
    other.id < seen.id && call.is_translated(other.response.message, seen.response.message)
}

/// Whether a transaction has a response on the other side of a translation of addresses.
fn is_copied_at(call: &Call, id: TransactionId, response: MessageId) -> bool {
    call.transaction(id).is_some_and(|t| t.finals.iter().any(|f| call.is_translated(f.message, response)))
}

/// Whether `seen` is `deeper` on its way to the caller: on the hop in front of it, or on the other leg of a B2BUA.
fn relays(call: &Call, elements: &Elements, seen: &Seen<'_>, deeper: &Seen<'_>) -> bool {
    if deeper.id == seen.id || deeper.response.status != seen.response.status || deeper.time > seen.time {
        return false;
    }
    if deeper.transaction.upstream.is_some_and(|up| up == seen.id || is_copied_at(call, up, seen.response.message)) {
        // A proxy that got several 3xx makes one of them, with any of the tags.
        return deeper.message.to_tag() == seen.message.to_tag() || same_contacts(deeper.message, seen.message) || {
            let siblings = &seen.transaction.downstream;
            !siblings.iter().any(|s| *s != deeper.id && call.final_status(*s) == Some(seen.response.status))
        };
    }
    deeper.transaction.upstream.is_none()
        && deeper.transaction.leg != seen.transaction.leg
        && deeper.transaction.method == seen.transaction.method
        && deeper.transaction.start >= seen.transaction.start
        && seen.time.since(deeper.time) <= PASSED_ON
        && !elements.same(deeper.transaction.client, seen.transaction.client)
        && same_contacts(deeper.message, seen.message)
}

fn same_contacts(a: &Message, b: &Message) -> bool {
    let contacts = |m: &Message| {
        let mut values = m.values(HeaderName::Contact);
        values.sort_unstable();
        values
    };
    contacts(a) == contacts(b)
}

fn read(call: &Call, elements: &Elements, origin: &Seen<'_>, all: &[Seen<'_>]) -> Redirect {
    let mut relayed: Vec<&Seen<'_>> = Vec::new();
    while let Some(next) = all.iter().find(|seen| {
        let deeper = relayed.last().copied().unwrap_or(origin);
        !relayed.iter().any(|r| r.id == seen.id) && relays(call, elements, seen, deeper)
    }) {
        relayed.push(next);
    }
    relayed.reverse();
    Redirect {
        transaction: origin.id,
        relayed: relayed.iter().map(|seen| seen.id).collect(),
        response: origin.response.message,
        status: origin.response.status,
        // Not with the parties, which nobody asks for where nothing follows.
        from: call.request(origin.id).and_then(|m| m.message.request_uri()),
        contacts: contacts(origin.message),
        follows: Vec::new(),
    }
}

/// The Contact values of a response; what cannot be read stays as it is.
fn contacts(message: &Message) -> Vec<RedirectContact> {
    let read = |raw: &str| RedirectContact { address: NameAddr::read(raw), raw: raw.to_owned() };
    let mut list = Vec::new();
    message.each_value(HeaderName::Contact, |raw| {
        // Most have one, and the first `push` would make room for four.
        if list.is_empty() {
            list.reserve_exact(1);
        }
        list.push(read(raw));
    });
    // `Contact:` without a value is a contact that cannot be used, not a missing one.
    if list.is_empty() && message.header(HeaderName::Contact).is_some() {
        list.push(RedirectContact { raw: String::new(), address: None });
    }
    list
}

/// Gives every request after a redirect to the redirect that it follows: the one with the best link, of equals the latest.
fn follow_all(call: &Call, elements: &Elements, redirects: &mut [Redirect]) {
    for (index, transaction) in call.transactions.iter().enumerate() {
        if transaction.in_dialog || transaction.request.is_none() || transaction.method == Method::Ack {
            continue;
        }
        let id = TransactionId(index);
        let fits = redirects.iter().enumerate().filter_map(|(place, redirect)| {
            let (contact, link) = follow_of(call, elements, redirect, id)?;
            Some((link, call.time(redirect.response), place, contact))
        });
        if let Some((link, _, place, contact)) = fits.max_by_key(|(link, time, place, _)| (*link, *time, *place))
            && let Some(redirect) = redirects.get_mut(place)
        {
            redirect.follows.push(Follow { transaction: id, contact, link });
        }
    }
}

/// Which contact a request goes to and how it is tied to the redirect, if it follows it at all.
fn follow_of(call: &Call, elements: &Elements, redirect: &Redirect, id: TransactionId) -> Option<(usize, FollowLink)> {
    let (request, redirected) = (call.transaction(id)?, call.transaction(redirect.transaction)?);
    let told = call.time(redirect.response)?;
    // Where the clock of a capture is coarse, the order of frames decides.
    let is_later = |other: &Transaction| (other.start, other.request) > (told, Some(redirect.response));
    let is_misplaced = || is_captured_too_early(call, redirect, request);
    if id == redirect.transaction || request.method != redirected.method || !(is_later(request) || is_misplaced()) {
        return None;
    }
    // A request that a proxy merely forwards is not its own; that of a proxy which recurses began before the redirect.
    let forwarded = request.upstream.and_then(|up| call.transaction(up)).is_some_and(is_later);
    if forwarded || !saw(call, elements, redirect, request) {
        return None;
    }
    let message = &call.request(id)?.message;
    let target = message.parties().target.as_ref()?;
    let contact = contact_of(redirect, target)
        .or_else(|| located(redirect, target))
        .or_else(|| registrar_of(redirect, redirected, request, target))
        .or_else(|| proxy_of(redirect, redirected, request, message, target))?;
    let link = link(call, redirect, redirected, message, contact, request)?;
    // Under the same Call-ID it is no other call, however long the client took to ask its user or to look for the name.
    let patience = if link == FollowLink::SameCallId { NEXT_CONTACT } else { FIRST_CONTACT };
    if request.start > deadline(call, redirect, told.plus(patience)) {
        return None;
    }
    (link > FollowLink::AddressAndTime || request.start <= told.plus(WITHOUT_LINK)).then_some((contact, link))
}

/// Whether it goes to a contact under the dialog identifiers and the next CSeq number of the redirected request, a moment before the 3xx in the
/// capture: only the 3xx can have told the client to, so that these frames are out of order, or were stamped by two clocks.
fn is_captured_too_early(call: &Call, redirect: &Redirect, request: &Transaction) -> bool {
    let told = call.time(redirect.response);
    if told.is_none_or(|told| request.start > told || request.start.plus(OUT_OF_ORDER) < told) {
        return false;
    }
    let later = request.request.and_then(|id| call.message(id)).map(|m| &m.message);
    let all = [redirect.transaction].into_iter().chain(redirect.relayed.iter().copied());
    let all = all.filter_map(|id| call.transaction(id)).filter(|t| t.leg == request.leg && t.start <= request.start);
    let before = all.filter_map(|t| call.message(t.request?)).map(|m| &m.message);
    let number = |m: &Message| m.cseq().map(|cseq| cseq.number);
    later.is_some_and(|later| {
        let target = later.request_uri();
        target
            .as_ref()
            .is_some_and(|target| contact_of(redirect, target).is_some() && redirect.from.as_ref() != Some(target))
            && before
                .into_iter()
                .any(|b| b.from_tag() == later.from_tag() && number(b).map(|n| n.wrapping_add(1)) == number(later))
    })
}

/// The last moment for the next follow-up, if that is `first` for the first.
fn deadline(call: &Call, redirect: &Redirect, first: Timestamp) -> Timestamp {
    let failed = redirect.follows.iter().filter_map(|follow| {
        let transaction = call.transaction(follow.transaction)?;
        match call.decisive_final(follow.transaction) {
            Some(last) if last.status.is_success() => None,
            Some(last) => call.time(last.message),
            // Silence is a failure when timer B fires.
            None => Some(transaction.start.plus(NEXT_CONTACT)),
        }
    });
    failed.map(|time| time.plus(NEXT_CONTACT)).chain([first]).max().unwrap_or(first)
}

/// Whether the client of a later request got the 3xx: the client of a transaction that it came back on, seen from either side.
fn saw(call: &Call, elements: &Elements, redirect: &Redirect, later: &Transaction) -> bool {
    let all = || [redirect.transaction].into_iter().chain(redirect.relayed.iter().copied());
    let clients = all().filter_map(|id| call.transaction(id)).map(|t| t.client);
    // As it is known on the other side of a translation of addresses.
    let copies = (redirect.transaction.0..).take(NEARBY).map(TransactionId);
    let copies = copies.filter(|id| is_copied_at(call, *id, redirect.response));
    let clients = clients.chain(copies.filter_map(|id| call.transaction(id)).map(|t| t.client));
    // Whoever relayed it is the server of that hop, and may send from another of its addresses.
    let relays = redirect.relayed.iter().filter_map(|id| call.transaction(*id)).map(|t| t.server);
    let forked = call.transaction(redirect.transaction).and_then(|t| call.transaction(t.upstream?)).map(|t| t.server);
    // A B2BUA may ask a server of redirects from one of its addresses, and call from the one where the call came in.
    let other_side = call.transaction(redirect.transaction).into_iter().flat_map(|asked| {
        let before = call.transactions.iter().filter(|t| t.leg < asked.leg && asked.leg < later.leg);
        before.filter(|t| t.method == asked.method && !t.in_dialog && t.start <= asked.start).map(|t| t.server)
    });
    clients.chain(relays).chain(forked).chain(other_side).any(|e| elements.same(e, later.client))
}

/// The contact that a Request-URI goes to; an exact match before an effective one.
fn contact_of(redirect: &Redirect, target: &Uri) -> Option<usize> {
    let place = |equal: &dyn Fn(&Uri) -> bool| {
        redirect.contacts.iter().position(|c| c.address.as_ref().is_some_and(|a| equal(&a.uri)))
    };
    // A contact without a user leaves many clients with the one whom they called.
    let with_user = |uri: &Uri| {
        let from = redirect.from.as_ref().filter(|from| uri.user.is_none() && same_user(from, target));
        from.is_some_and(|from| {
            let mut completed = uri.clone();
            completed.user.clone_from(&from.user);
            completed.effectively_equals(target)
        })
    };
    place(&|uri| uri.strictly_equals(target))
        .or_else(|| place(&|uri| uri.effectively_equals(target)))
        .or_else(|| place(&with_user))
}

/// The contact whose user a Request-URI names at another host: a proxy or an exchange that is home to it knows where that user is
/// (RFC 3261 §16.5). The user of the redirected request itself may be tried elsewhere whatever the redirect says.
fn located(redirect: &Redirect, target: &Uri) -> Option<usize> {
    let before = redirect.from.as_ref()?;
    let is_named = |c: &RedirectContact| c.address.as_ref().is_some_and(|a| is_user_elsewhere(before, &a.uri, target));
    redirect.contacts.iter().position(is_named)
}

/// A REGISTER names the domain in its Request-URI and may keep it when it goes to another registrar: there the destination
/// tells.
fn registrar_of(redirect: &Redirect, redirected: &Transaction, request: &Transaction, target: &Uri) -> Option<usize> {
    let same_domain = redirect.from.as_ref().is_some_and(|from| from.effectively_equals(target));
    let moved = request.method == Method::Register && same_domain && request.server != redirected.server;
    redirect.contacts.iter().filter(|_| moved).position(|c| {
        let uri = c.address.as_ref().map(|a| &a.uri);
        uri.is_some_and(|u| u.ip() == Some(request.server.address) && u.port_or_default() == request.server.port)
    })
}

/// The proxy of a 305 that a request takes: it is sent there, or its Route leads there.
fn proxy_of(
    redirect: &Redirect,
    redirected: &Transaction,
    request: &Transaction,
    message: &Message,
    target: &Uri,
) -> Option<usize> {
    let same = redirect.from.as_ref().is_some_and(|from| from.effectively_equals(target));
    if !redirect.names_a_proxy() || !same || request.server == redirected.server {
        return None;
    }
    let route = message.values(HeaderName::Route).first().and_then(|value| NameAddr::read(value));
    redirect.contacts.iter().position(|contact| {
        let Some(proxy) = contact.address.as_ref().map(|address| &address.uri) else { return false };
        let is_way = |route: &NameAddr| {
            route.uri.host.eq_ignore_ascii_case(&proxy.host) && route.uri.port_or_default() == proxy.port_or_default()
        };
        match (route.as_ref(), proxy.ip()) {
            (Some(route), _) if is_way(route) => true,
            (_, Some(address)) => address == request.server.address && proxy.port_or_default() == request.server.port,
            // A name that nothing resolves here: whoever goes elsewhere at once goes there.
            (None, None) => true,
            (Some(_), None) => false,
        }
    })
}

fn link(
    call: &Call,
    redirect: &Redirect,
    redirected: &Transaction,
    message: &Message,
    contact: usize,
    request: &Transaction,
) -> Option<FollowLink> {
    let first = [redirect.transaction].into_iter().chain(redirect.relayed.iter().copied());
    let same_call = first.clone().any(|id| {
        let leg = call.transaction(id).is_some_and(|t| t.leg == request.leg);
        leg && call.request(id).is_some_and(|m| m.message.from_tag() == message.from_tag())
    });
    if same_call || (redirected.request.is_none() && redirected.leg == request.leg) {
        return Some(FollowLink::SameCallId);
    }
    let target = redirect.contacts.get(contact)?.address.as_ref()?;
    let later = message.parties();
    let same_parties = first.filter_map(|id| call.request(id)).any(|old| {
        let old = old.message.parties();
        let is_forwarded =
            || old.to.as_ref().zip(later.from.as_ref()).is_some_and(|(to, from)| same_user(&to.uri, &from.uri));
        (same_uri(old.from.as_ref(), later.from.as_ref()) || is_forwarded())
            && (same_uri(old.to.as_ref(), later.to.as_ref())
                || later.to.as_ref().is_some_and(|to| to.uri.effectively_equals(&target.uri)))
    });
    Some(if same_parties { FollowLink::SameParties } else { FollowLink::AddressAndTime })
}

/// Whether two addresses have URIs that mean the same.
pub(super) fn same_uri(a: Option<&NameAddr>, b: Option<&NameAddr>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a.uri.effectively_equals(&b.uri))
}
