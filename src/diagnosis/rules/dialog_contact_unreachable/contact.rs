//! Whether a request without response went to a Contact from which nobody was ever heard.

use super::super::route_set_broken;
use super::Silence;
use crate::call::{Call, CapturedMessage, Transaction};
use crate::diagnosis::Context;
use crate::diagnosis::address_scope::{Scope, scope};
use crate::provenance::Transport;
use crate::sip::{HeaderName, Method};

/// Such a Contact.
pub(super) struct Unreachable<'a> {
    /// The message of the other end that has it.
    pub(super) named: &'a CapturedMessage,
    /// What that end sent after the request.
    pub(super) sign_of_life: Option<&'a CapturedMessage>,
    /// Whether it is an address inside of a network, and both ends were heard outside of it.
    pub(super) is_hidden: bool,
}

impl<'a> Unreachable<'a> {
    pub(super) fn of(silence: &Silence<'a>, cx: &Context<'_>) -> Option<Self> {
        let (call, transaction, request) = (silence.call, silence.transaction, silence.request);
        let is_judged = transaction.in_dialog
            && !matches!(transaction.method, Method::Ack | Method::Cancel)
            && (silence.icmp().is_some() || silence.is_proven())
            && !request.message.has(HeaderName::Route);
        if !is_judged || began_with_an_ack_of(call, transaction, request) || route_set_broken::tells_of_silence(silence)
        {
            return None;
        }
        let named = named(call, request)?;
        let target = request.message.request_uri()?;
        let [contact] = named.message.contacts().try_into().ok()?;
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let is_target = same(&contact.uri.host, &target.host)
            && contact.uri.port_or_default() == target.port_or_default()
            && target.ip().is_none_or(|ip| ip == transaction.server.address);
        let (peer, server) = (named.provenance.flow.source, transaction.server);
        let is_elsewhere = if peer.address == server.address {
            // Over TCP a client sends from any port.
            named.provenance.flow.transport == Transport::Udp
                && peer.port != server.port
                && !call.messages.iter().any(|m| m.provenance.flow.source == server)
        } else {
            !cx.hosts.senders.contains(&server.address)
        };
        if !is_target || !is_elsewhere {
            return None;
        }
        let is_inside = |scope| matches!(scope, Scope::Private | Scope::Shared | Scope::LinkLocal | Scope::Loopback);
        let is_outside = |scope| matches!(scope, Scope::Public | Scope::Documentation);
        let is_hidden = is_inside(scope(server.address))
            && is_outside(scope(peer.address))
            && is_outside(scope(transaction.client.address));
        let later = call.messages.iter().filter(|m| m.provenance.time > transaction.start);
        let sign_of_life = later.clone().find(|m| m.provenance.flow.source == peer);
        Some(Self { named, sign_of_life, is_hidden })
    }

    /// The method of a request, the status of a response.
    pub(super) fn message(&self) -> String {
        let message = &self.named.message;
        let method = || message.method().map(ToString::to_string).unwrap_or_default();
        message.status().map_or_else(method, |status| status.0.to_string())
    }
}

/// Whether the client is the one that acknowledges the answer of the dialog: that went to the same address, and either arrived there or is told of.
fn began_with_an_ack_of(call: &Call, transaction: &Transaction, request: &CapturedMessage) -> bool {
    call.transactions.iter().filter(|t| t.leg == transaction.leg && t.method == Method::Invite && !t.in_dialog).any(
        |t| {
            let invite = t.request.and_then(|id| call.message(id));
            invite.is_none_or(|invite| invite.message.from_tag() == request.message.from_tag())
        },
    )
}

/// The latest message of the other end with a Contact that came to the client before its request.
fn named<'a>(call: &'a Call, request: &CapturedMessage) -> Option<&'a CapturedMessage> {
    let (own, other) = (request.message.from_tag(), request.message.to_tag()?);
    let is_of_other = |m: &CapturedMessage| {
        let (from, to) = (m.message.from_tag(), m.message.to_tag());
        // The request that began the dialog has no To tag.
        if m.message.is_request() {
            from == Some(other) && (to.is_none() || to == own)
        } else {
            from == own && to == Some(other)
        }
    };
    let before = call.messages.iter().filter(|m| {
        m.leg == request.leg
            && m.provenance.time < request.provenance.time
            && m.provenance.flow.destination.address == request.provenance.flow.source.address
            && m.message.has(HeaderName::Contact)
    });
    before.rev().find(|m| is_of_other(m))
}
