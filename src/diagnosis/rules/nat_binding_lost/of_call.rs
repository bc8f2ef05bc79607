//! What one request without response means where it went to a port of a NAT: as a rule the proof comes with the next REGISTER only, when
//! its call has been told long since.

use super::{IDLE, KEEP_ALIVE, RULE};
use crate::call::{Call, Transaction};
use crate::diagnosis::address_scope::scope;
use crate::diagnosis::patterns::bindings::Behind;
use crate::diagnosis::repeated::with_reason;
use crate::diagnosis::{Actor, Compared, Evidence, Finding, Text};
use crate::lang::span;
use crate::provenance::{Endpoint, Transport};

/// A request without response to a port that a client behind NAT had registered from a while before.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnosis::rules) struct OfCall {
    client: Endpoint,
    behind: Behind,
}

impl OfCall {
    /// Where the capture shows that of a request.
    pub(in crate::diagnosis::rules) fn of(call: &Call, silent: &Transaction, cx: &Compared<'_>) -> Option<Self> {
        let request = call.message(silent.request?)?;
        let client = request.provenance.flow.destination;
        let behind = cx.earlier.bindings.behind(request).filter(|behind| behind.quiet >= IDLE)?;
        // A host with several addresses may write any of them into Via.
        let is_nat = scope(behind.inside.0) != scope(client.address);
        // Where there is no way to the NAT, or a filter in it, that is why.
        let is_cut_off = call.icmp.iter().any(|icmp| icmp.unreachable == client && icmp.kind != "port unreachable");
        let is_over_udp = request.provenance.flow.transport == Transport::Udp;
        (is_nat && is_over_udp && !is_cut_off).then_some(Self { client, behind })
    }

    /// What the silence means; `message` says that there was no response.
    pub(in crate::diagnosis::rules) fn told(&self, message: Text) -> Text {
        let Self { client, behind } = self;
        let (address, port) = behind.inside;
        let text = match behind.next {
            Some(next) => Text::new(
                "A client behind NAT, {inside}, had registered from {client}, and for {quiet} no other SIP is known from that port; its next REGISTER came from port \
                 {port} ({code}).",
            )
            .with("port", next.source.port),
            None => Text::new(
                "A client behind NAT, {inside}, had registered from {client}, and for {quiet} no other SIP is known from that port, keep-alives and calls that went on \
                 aside: the NAT may have given it up, or the client was off.",
            ),
        };
        let text =
            text.with("inside", Endpoint { address, port }).with("client", client).with("quiet", span(behind.quiet));
        let text = if behind.next.is_some() { text.with("code", RULE.code) } else { text };
        with_reason(message, Some(text))
    }

    /// What shows it.
    pub(in crate::diagnosis::rules) fn evidence(&self) -> impl Iterator<Item = Evidence> + use<> {
        let next = self.behind.next.map(|next| next.evidence("the next one, from another port"));
        [self.behind.last.evidence("the last REGISTER from that port")].into_iter().chain(next)
    }

    /// The advice for that, in place of what else is said of hosts that do not answer.
    pub(in crate::diagnosis::rules) fn advise(&self, finding: Finding) -> Finding {
        let finding = if self.behind.next.is_some() {
            finding.fix(KEEP_ALIVE)
        } else {
            finding
                .fix(
                    Text::new("Look for the next REGISTER of that client: if it comes from another port, the NAT had given up port {port}, which keep-alives of the client \
                         each 15 to 25 s prevent ({code}).")
                        .with("port", self.client.port)
                        .with("code", RULE.code),
                )
                .fix("If it comes from the same port, or none comes, ask whether the client was switched off or without network.")
        };
        finding
            .actor(Actor::at(self.client, "operator of the client, and of the NAT in front of it"))
            .verify("In a later capture all REGISTER requests of that client come from one port, and calls to it ring at any time.")
    }
}
