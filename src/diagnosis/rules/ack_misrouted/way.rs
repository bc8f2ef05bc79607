//! Where an ACK had to go by the answer that it acknowledges, and how far it went.

use std::net::IpAddr;

use super::HeaderName;
use crate::call::{Call, CapturedMessage};
use crate::diagnosis::caller_hop::CallerHop;
use crate::diagnosis::repeated::Repeated;
use crate::diagnosis::route_set::{behind_own, is_loose, uris};
use crate::diagnosis::{Context, Evidence, Text};
use crate::provenance::Endpoint;
use crate::sip::Uri;

/// What is wrong with an ACK.
#[derive(Debug)]
pub(super) enum Fault<'a> {
    /// It is for somebody else than the Contact, or (`alike`) for the same with other parameters.
    Target { uri: Uri, contact: Uri, alike: bool },
    /// It has no Route because who answered left Record-Route out of its response to this INVITE.
    Unrecorded { invite: &'a CapturedMessage, status: u16 },
    /// Its Route is not the route set that it was told by that header field.
    Route { told_by: HeaderName, expected: Vec<Uri>, found: Vec<Uri>, status: u16 },
    /// It went to another host than it had to go to first by that header field.
    Elsewhere { uri: Uri, told_by: HeaderName, destination: Endpoint },
}

/// The way of an ACK.
#[derive(Debug)]
pub(super) struct Way<'a> {
    /// The ACK as the client sent it.
    pub(super) sent: &'a CapturedMessage,
    /// The same on the last hop on which it was captured.
    pub(super) furthest: &'a CapturedMessage,
    pub(super) fault: Option<Fault<'a>>,
    pub(super) stuck: Option<Stuck<'a>>,
}

impl<'a> Way<'a> {
    pub(super) fn of(
        repeated: &Repeated<'a>,
        near: &CallerHop<'a>,
        acks: &[&'a CapturedMessage],
        cx: &Context<'_>,
    ) -> Option<Self> {
        let client = near.hop.client.address;
        let sent = acks.iter().find(|m| m.provenance.flow.source.address == client).or_else(|| acks.first())?;
        // Each proxy on the way adds a Via.
        let depth = |m: &&&CapturedMessage| m.message.vias().len();
        let deepest = acks.iter().map(|m| depth(&m)).max()?;
        let furthest = acks.iter().find(|m| depth(m) == deepest)?;
        let stuck = Stuck::of(repeated, furthest, acks, cx);
        let fault = Judged { repeated, near, ack: sent, furthest, is_stuck: stuck.is_some() }.fault();
        Some(Self { sent, furthest, fault, stuck })
    }

    /// Whether the capture shows why it did not arrive.
    pub(super) fn is_explained(&self) -> bool {
        self.plain_fault().is_some() || self.stuck.is_some()
    }

    /// What is wrong with the ACK, where it is more than parameters.
    pub(super) fn plain_fault(&self) -> Option<&Fault<'a>> {
        self.fault.as_ref().filter(|fault| !matches!(fault, Fault::Target { alike: true, .. }))
    }

    /// What is wrong, and how far it came.
    pub(super) fn sentences(&self) -> Vec<Text> {
        let end = match self.stuck {
            Some(stuck) => Text::new("{proxy} got the ACK and did not pass it on.").with("proxy", stuck.proxy),
            None if self.is_explained() => return self.fault.iter().map(Fault::sentence).collect(),
            None => Text::new("The ACK to {destination} is lost, or not recognised, behind the place of capture.")
                .with("destination", self.furthest.provenance.flow.destination),
        };
        self.fault.iter().map(Fault::sentence).chain([end]).collect()
    }

    /// What the sentences rest on, beside the header fields of the answer.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let has_route = |m: &&CapturedMessage| m.message.has(HeaderName::Route);
        let route =
            Some(self.sent).filter(has_route).map(|m| Evidence::header(m, HeaderName::Route, "Route of the ACK"));
        let left_out = match &self.fault {
            Some(Fault::Unrecorded { invite, status }) => {
                let what =
                    Text::new("Record-Route of the INVITE, which the {status} leaves out").with("status", *status);
                Some(Evidence::header(invite, HeaderName::RecordRoute, what))
            }
            _ => None,
        };
        let is_further = self.furthest.provenance.frame != self.sent.provenance.frame;
        let further = is_further.then(|| Evidence::of(self.furthest, "the ACK on the last hop that shows it"));
        let passed = self.stuck.and_then(|stuck| stuck.passed).map(|(sent, passed)| {
            let what = "another request to the same proxy, which it passed on";
            [Evidence::of(sent, what), Evidence::of(passed, "that request behind the proxy")]
        });
        route.into_iter().chain(left_out).chain(further).chain(passed.into_iter().flatten()).collect()
    }

    /// What to change, where that is known.
    pub(super) fn fixes(&self) -> Vec<Text> {
        let mut fixes: Vec<_> = self.fault.iter().flat_map(Fault::fixes).collect();
        if self.stuck.is_some() {
            fixes.push(Text::new(
                "Check how the proxy routes an ACK inside a dialog: by its Route, and without one by its Request-URI (RFC 3261 §16.4 to \
                 §16.6).",
            ));
        }
        fixes
    }
}

impl Fault<'_> {
    fn sentence(&self) -> Text {
        match self {
            Self::Target { uri, contact, .. } => {
                let text = "The Request-URI of the ACK is {uri}, and the Contact of the response is {contact}.";
                Text::new(text).with("uri", uri).with("contact", contact)
            }
            Self::Unrecorded { status, .. } => Text::new(
                "The {status} leaves out Record-Route of its INVITE, so that the caller does not know by which proxies its ACK has to go.",
            )
            .with("status", *status),
            Self::Route { told_by: HeaderName::Route, expected, found, .. } if found.is_empty() => {
                let text = "By Route of the INVITE the ACK has to go by {expected}, and it has no Route.";
                Text::new(text).with("expected", listed(expected))
            }
            Self::Route { told_by: HeaderName::Route, expected, found, .. } => {
                let text = "By Route of the INVITE the ACK has to go by {expected}, and its Route is {found}.";
                Text::new(text).with("expected", listed(expected)).with("found", listed(found))
            }
            Self::Route { expected, found, status, .. } if found.is_empty() => {
                let text = "By Record-Route of the {status} the ACK has to go by {expected}, and it has no Route.";
                Text::new(text).with("status", *status).with("expected", listed(expected))
            }
            Self::Route { expected, found, status, .. } => {
                let text = "By Record-Route of the {status} the ACK has to go by {expected}, and its Route is {found}.";
                Text::new(text).with("status", *status).with("expected", listed(expected)).with("found", listed(found))
            }
            Self::Elsewhere { uri, told_by, destination } => {
                let text = "By {header} the ACK has to go to {host}, and it went to {destination}.";
                let text = Text::new(text).with("header", told_by.name()).with("host", &uri.host);
                text.with("destination", destination.address)
            }
        }
    }

    fn fixes(&self) -> Vec<Text> {
        match self {
            Self::Target { contact, .. } => vec![
                Text::new(
                    "Let the client take the Request-URI of the ACK from the Contact of the response, {contact} (RFC 3261 §12.2.1.1).",
                )
                .with("contact", contact),
                Text::new(
                    "Switch off application layer gateways, and settings of the client for NAT, that put another address in place of the \
                     Contact.",
                ),
            ],
            Self::Unrecorded { status, .. } => vec![
                Text::new("Let the server copy Record-Route from the INVITE into its {status} (RFC 3261 §12.1.1).")
                    .with("status", *status),
            ],
            Self::Route { told_by: HeaderName::Route, .. } => {
                vec![Text::new("Let the client send the ACK with the Route of its INVITE (RFC 3261 §12.2.1.1).")]
            }
            Self::Route { .. } => vec![Text::new(
                "Let the client send the ACK with the Record-Route of the response as Route, in reverse order (RFC 3261 §12.1.2).",
            )],
            Self::Elsewhere { uri, .. } => vec![
                Text::new("Let the client send the ACK to {uri} (RFC 3261 §8.1.2, §13.2.2.4).").with("uri", uri),
                Text::new(
                    "If the ACK has to go by a proxy that the client cannot know, let that proxy write Record-Route into the INVITE.",
                ),
            ],
        }
    }
}

fn listed(uris: &[Uri]) -> Text {
    Text::list(", ", uris)
}

/// A proxy that got the ACK and did not pass it on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stuck<'a> {
    /// As the ACK was sent to it.
    pub(super) proxy: Endpoint,
    /// A request that was sent to the same address, which is another one of the proxy, and passed on from there.
    passed: Option<(&'a CapturedMessage, &'a CapturedMessage)>,
}

impl<'a> Stuck<'a> {
    /// The proxy on the way of the INVITE that got the ACK, where the capture shows what it sends to whom the ACK has to go next.
    fn of(
        repeated: &Repeated<'a>,
        furthest: &CapturedMessage,
        acks: &[&CapturedMessage],
        cx: &Context<'_>,
    ) -> Option<Self> {
        let call = repeated.call;
        let proxy = furthest.provenance.flow.destination;
        let answerer = repeated.first.provenance.flow.source.address;
        if proxy.address == answerer || cx.lossy() || !next_host_is_seen(repeated, furthest, cx) {
            return None;
        }
        let file = |m: &CapturedMessage| m.provenance.frame.file;
        let mut lower = Some(repeated.transaction);
        for _ in 0..call.transactions.len() {
            let hop = lower?;
            let behind = hop.client.address;
            let is_from = |m: &&CapturedMessage| [behind, proxy.address].contains(&m.provenance.flow.source.address);
            // Another capture may have been taken elsewhere, with a loss in between.
            let request = hop.request.and_then(|id| call.message(id)).filter(|request| file(request) == file(furthest));
            let passed = passed_on(call, proxy.address, behind);
            let is_it = behind == proxy.address || passed.is_some();
            if is_it && request.is_some() && hop.upstream.is_some() && !acks.iter().any(is_from) {
                return Some(Self { proxy, passed: passed.filter(|_| behind != proxy.address) });
            }
            lower = hop.upstream.and_then(|id| call.transaction(id));
        }
        None
    }
}

/// A request to one address that was passed on from the other: both are of one proxy.
fn passed_on(call: &Call, to: IpAddr, from: IpAddr) -> Option<(&CapturedMessage, &CapturedMessage)> {
    let mut sent = call.transactions.iter().filter(|t| t.server.address == to);
    sent.find_map(|t| {
        let next =
            t.downstream.iter().filter_map(|id| call.transaction(*id)).find(|next| next.client.address == from)?;
        Some((call.message(t.request?)?, call.message(next.request?)?))
    })
}

/// Whether the host that comes next behind a proxy that got an ACK is one that the capture shows requests to: behind the value of Route
/// that names the proxy, or by the Contact of the answer.
fn next_host_is_seen(repeated: &Repeated<'_>, ack: &CapturedMessage, cx: &Context<'_>) -> bool {
    let next = uris(&ack.message, HeaderName::Route).and_then(|routes| routes.into_iter().nth(1));
    let next = next.or_else(|| Some(repeated.first.message.contacts().into_iter().next()?.uri));
    next.and_then(|uri| uri.ip()).is_some_and(|ip| cx.hosts.receives(ip))
}

/// An ACK beside the answer that it acknowledges.
struct Judged<'c, 'a> {
    repeated: &'c Repeated<'a>,
    near: &'c CallerHop<'a>,
    ack: &'a CapturedMessage,
    furthest: &'a CapturedMessage,
    is_stuck: bool,
}

impl<'a> Judged<'_, 'a> {
    fn fault(&self) -> Option<Fault<'a>> {
        // What came by a proxy is not what the client got, or sent.
        let received = &self.near.received.message;
        let is_from_client = self.ack.provenance.flow.source.address == self.near.hop.client.address;
        let is_plain = is_from_client && !received.has_several_vias() && !self.ack.message.has_several_vias();
        let Some((told_by, routes)) = self.route_set().filter(|(_, routes)| is_plain && is_loose(routes)) else {
            return self.unrecorded();
        };
        let target = self.target();
        let is_alike = matches!(target, Some(Fault::Target { alike: true, .. }));
        let (alike, other) = if is_alike { (target, None) } else { (None, target) };
        other
            .or_else(|| self.unrecorded())
            .or_else(|| self.route(told_by, routes))
            .or_else(|| self.elsewhere())
            .or(alike)
    }

    /// The route set of the dialog: inside of it that of the INVITE, as it does not change (RFC 3261 §12.2).
    fn route_set(&self) -> Option<(HeaderName, Vec<Uri>)> {
        if self.near.hop.in_dialog {
            return Some((HeaderName::Route, uris(&self.near.request()?.message, HeaderName::Route)?));
        }
        let mut recorded = uris(&self.near.received.message, HeaderName::RecordRoute)?;
        recorded.reverse();
        Some((HeaderName::RecordRoute, recorded))
    }

    fn contact(&self) -> Option<Uri> {
        // A Request-URI has neither header fields nor a method (RFC 3261 §19.1.1).
        let is_plain = |uri: &Uri| uri.is_sip() && uri.headers.is_none() && !uri.params.has("method");
        Some(self.near.received.message.contacts().into_iter().next()?.uri).filter(is_plain)
    }

    fn target(&self) -> Option<Fault<'a>> {
        let (uri, contact) = (self.ack.message.request_uri()?, self.contact()?);
        let alike = uri.effectively_equals(&contact);
        (!uri.strictly_equals(&contact)).then_some(Fault::Target { uri, contact, alike })
    }

    /// That the ACK has no Route since its server left out Record-Route (RFC 3261 §12.1.1). Where it came as far as the server all the
    /// same, that is not why it was lost.
    fn unrecorded(&self) -> Option<Fault<'a>> {
        let answer = self.repeated.first;
        let invite = self.repeated.call.message(self.repeated.transaction.request?)?;
        let recorded = |m: &CapturedMessage| m.message.values(HeaderName::RecordRoute).len();
        let had = recorded(invite);
        let is_missing = !self.repeated.transaction.in_dialog
            && recorded(answer) < had
            && recorded(self.near.received) < had
            && self.ack.message.values(HeaderName::Route).len() < had
            && self.furthest.provenance.flow.destination.address != answer.provenance.flow.source.address;
        is_missing.then(|| Fault::Unrecorded { invite, status: answer.message.status().map_or(0, |s| s.0) })
    }

    fn route(&self, told_by: HeaderName, expected: Vec<Uri>) -> Option<Fault<'a>> {
        let found = uris(&self.ack.message, HeaderName::Route)?;
        let same = behind_own(&found, &expected)
            .is_some_and(|routes| routes.iter().zip(&expected).all(|(one, other)| one.effectively_equals(other)));
        let status = self.near.received.message.status().map_or(0, |s| s.0);
        (!expected.is_empty() && !same).then_some(Fault::Route { told_by, expected, found, status })
    }

    /// That it went to another host than it had to. Where it went to that of the INVITE, addresses may be translated on the way, unless a
    /// proxy is seen there that passed the INVITE on to the host of the Contact.
    fn elsewhere(&self) -> Option<Fault<'a>> {
        let routes = uris(&self.ack.message, HeaderName::Route)?;
        let told_by = if routes.is_empty() { HeaderName::Contact } else { HeaderName::Route };
        let uri = routes.into_iter().next().or_else(|| self.contact())?;
        let wanted: IpAddr = uri.ip().filter(|_| !uri.params.has("maddr"))?;
        let destination = self.ack.provenance.flow.destination;
        let answerer = self.repeated.first.provenance.flow.source.address;
        let is_other = destination.address != wanted
            && (destination.address != self.near.hop.server.address || (self.is_stuck && wanted == answerer));
        is_other.then_some(Fault::Elsewhere { uri, told_by, destination })
    }
}
