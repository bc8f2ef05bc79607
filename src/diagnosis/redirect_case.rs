//! One redirect as the rules about redirects look at it: who asked, who answered, what was offered, what came of it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::domains::{registrable, registrable_part};
use super::{Actor, Certainty, Cited, Context, Evidence, Finding, Severity, Text};
use crate::call::{Call, CapturedMessage, Follow, Outcome, Redirect, Transaction, TransactionId};
use crate::lang::span;
use crate::limits::REDIRECTS_PER_CALL;
use crate::provenance::Endpoint;
use crate::sip::{HeaderName, Method, NameAddr, Scheme, StatusCode, Uri};

/// What a client should do that goes round in a circle.
pub(super) const ONCE_ONLY: &str =
    "At the client: never try an address twice (RFC 3261 §8.1.3.4), and set a limit on redirects.";
/// A client follows the first Contact within this time (RFC 3261 §8.1.3.4 asks for it at once).
pub(super) const FOLLOW_WINDOW: Duration = Duration::from_secs(5);
/// A request over UDP is given up after 64 T1 (RFC 3261 §17.1.1.2, timers B and F), with the usual T1.
pub(super) const GIVING_UP: Duration = Duration::from_secs(32);
/// Copies of a request with which a client reaches timer B: six after the first.
const ALL_RETRANSMISSIONS: usize = 6;
/// Routing databases answer within this time; a user agent or a proxy that asks others takes longer.
const DIP_TIME: Duration = Duration::from_millis(50);
/// Parameters of numbers and URIs that routing databases add (RFC 4694, RFC 4904, and the older `dtg`).
const ROUTING_PARAMETERS: [&str; 6] = ["rn", "npdi", "cic", "dtg", "tgrp", "trunk-context"];

/// A redirect with its transaction and response.
#[derive(Debug, Clone, Copy)]
pub(super) struct RedirectCase<'a> {
    pub(super) call: &'a Call,
    /// Index in [`Call::redirects`].
    pub(super) index: usize,
    pub(super) redirect: &'a Redirect,
    /// The transaction that the redirecting element answered.
    pub(super) transaction: &'a Transaction,
    pub(super) response: &'a CapturedMessage,
}

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    /// 2xx.
    Success,
    /// A redirect of its own.
    Redirected,
    /// 4xx to 6xx that nothing followed.
    Failure(&'a CapturedMessage, StatusCode),
    /// Provisional responses only.
    Provisional,
    /// No response, although the capture shows that the client gave up or that nothing can come any more.
    Silence,
    /// The capture does not tell.
    Unknown,
}

/// How the calls to one of the Contacts ended; of several the best end counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ContactEnd {
    /// No final response, as far as the capture goes.
    Open,
    /// 4xx to 6xx about the target.
    Failed,
    /// Another redirect.
    Redirected,
    /// A word of the callee, or about the caller: the target was right.
    Reached,
    /// 2xx.
    Answered,
}

impl<'a> RedirectCase<'a> {
    /// The redirects of a call.
    pub(super) fn all(call: &'a Call) -> impl Iterator<Item = Self> {
        call.redirects.iter().take(REDIRECTS_PER_CALL).enumerate().filter_map(move |(index, redirect)| {
            let transaction = call.transaction(redirect.transaction)?;
            let response = call.message(redirect.response)?;
            Some(Self { call, index, redirect, transaction, response })
        })
    }

    /// Those of requests outside of a dialog, other than REGISTER and CANCEL: the ones that look for somebody.
    pub(super) fn of_initial_requests(call: &'a Call) -> impl Iterator<Item = Self> {
        let looks_for_somebody =
            |t: &Transaction| !t.in_dialog && !matches!(t.method, Method::Register | Method::Cancel);
        Self::all(call).filter(move |case| looks_for_somebody(case.transaction))
    }

    /// Those of initial INVITEs.
    pub(super) fn of_invites(call: &'a Call) -> impl Iterator<Item = Self> {
        Self::of_initial_requests(call).filter(|case| case.transaction.method == Method::Invite)
    }

    /// Whether the status asks the client to go to the Contacts; 380 describes a service in its body instead.
    pub(super) fn offers_contacts(&self) -> bool {
        self.redirect.status.0 != 380
    }

    /// The transaction at the hop nearest the caller that the redirect reached.
    pub(super) fn nearest(&self) -> &'a Transaction {
        self.redirect.relayed.first().and_then(|id| self.call.transaction(*id)).unwrap_or(self.transaction)
    }

    /// The request that was redirected.
    pub(super) fn request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.transaction.request?)
    }

    /// The request at the hop nearest the caller.
    pub(super) fn nearest_request(&self) -> Option<&'a CapturedMessage> {
        self.call.message(self.nearest().request?)
    }

    /// Where the redirect came from.
    pub(super) fn redirector(&self) -> Endpoint {
        self.response.provenance.flow.source
    }

    /// Who has to follow it: what followed, or else the element nearest the caller that received it.
    pub(super) fn client(&self) -> Endpoint {
        let follower = self.redirect.follows.first().and_then(|f| self.call.transaction(f.transaction));
        follower.unwrap_or_else(|| self.nearest()).client
    }

    /// All elements that received the redirect.
    pub(super) fn receives(&self, address: IpAddr) -> bool {
        let relayed = self.redirect.relayed.iter().filter_map(|id| self.call.transaction(*id));
        relayed.chain([self.transaction]).any(|t| t.client.address == address)
    }

    /// The operator of the redirecting element.
    pub(super) fn operator(&self) -> Actor {
        Actor::sender(self.response, "operator of the redirecting server")
    }

    /// The operator of the element that has to follow.
    pub(super) fn client_operator(&self) -> Actor {
        match self.request_of_client() {
            Some(request) => Actor::sender(request, "operator of the client that was redirected"),
            None => Actor::at(self.client(), "operator of the client that was redirected"),
        }
    }

    /// The redirected request as the element sent it that has to follow.
    pub(super) fn request_of_client(&self) -> Option<&'a CapturedMessage> {
        self.requests().find(|m| m.provenance.flow.source.address == self.client().address)
    }

    fn requests(&self) -> impl Iterator<Item = &'a CapturedMessage> {
        self.nearest_request().into_iter().chain(self.request())
    }

    /// Contact values that can be read.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &'a NameAddr> {
        self.redirect.contacts.iter().filter_map(|c| c.address.as_ref())
    }

    /// SIP and SIPS URIs among the Contacts.
    pub(super) fn targets(&self) -> impl Iterator<Item = &'a Uri> {
        self.addresses().map(|a| &a.uri).filter(|uri| uri.is_sip())
    }

    /// Whether a target belongs to another registered domain than the called address. An address tells nothing about its owner.
    pub(super) fn leads_away(&self, target: &Uri) -> bool {
        let Some(target) = registrable(target) else { return false };
        let asked = self.nearest_request().and_then(|m| m.message.target()).map(|uri| uri.lower_host());
        let called = [self.redirect.from.as_ref().map(|from| from.host.as_str()), asked.as_deref()];
        let mut domains = called.into_iter().flatten().filter_map(registrable_part).peekable();
        domains.peek().is_some() && domains.all(|domain| domain != target)
    }

    /// Whether any target leads away: nobody should store its Contact unasked.
    pub(super) fn is_foreign(&self) -> bool {
        self.targets().any(|uri| self.leads_away(uri))
    }

    /// The contact that a follow-up went to.
    pub(super) fn target_of(&self, follow: &Follow) -> Option<&'a Uri> {
        self.redirect.contacts.get(follow.contact)?.address.as_ref().map(|a| &a.uri)
    }

    /// The redirect with its Contact as evidence, or its status line where it has none.
    pub(super) fn evidence(&self) -> Evidence {
        let what = Text::new("{status} response").with("status", self.redirect.status);
        match Cited::field(&self.response.message, HeaderName::Contact) {
            Some(line) => Evidence::at(&self.response.provenance, what, line),
            None => Evidence::of(self.response, what),
        }
    }

    /// The redirected request as evidence.
    pub(super) fn request_evidence(&self) -> Option<Evidence> {
        self.request().map(|m| Evidence::of(m, "the redirected request"))
    }

    /// A follow-up as evidence.
    pub(super) fn follow_evidence(&self, follow: &Follow) -> Option<Evidence> {
        self.call.request(follow.transaction).map(|m| Evidence::of(m, "the follow-up"))
    }

    /// Who sent a follow-up, where that is not the caller's own client: a proxy or SBC on the way.
    pub(super) fn follower_on_the_way(&self, follow: &Follow) -> Option<Endpoint> {
        let caller = self.call.initial_request()?.provenance.flow.source.address;
        let follower = self.call.transaction(follow.transaction)?.client;
        (follower.address != caller).then_some(follower)
    }

    /// How every follow-up ended.
    pub(super) fn ends(&self, cx: &Context<'_>) -> Vec<(&'a Follow, End<'a>)> {
        self.redirect.follows.iter().map(|f| (f, end_of(self.call, f.transaction, cx))).collect()
    }

    /// The follow-up that reached the callee, with the response that shows it: an answer, or a word of the callee.
    pub(super) fn reached(&self) -> Option<(&'a Follow, &'a CapturedMessage, StatusCode)> {
        let ends = || {
            self.redirect.follows.iter().filter_map(|follow| {
                let (message, status) = self.final_at(follow)?;
                Some((follow, message, status))
            })
        };
        let word = |(follow, _, status): &(&Follow, _, StatusCode)| self.is_word_of_the_callee(follow, *status);
        let (_, message, status) = ends().find(|(_, _, status)| status.is_success()).or_else(|| ends().rfind(word))?;
        // Sent again with credentials it is the same follow-up, which began with the first request.
        ends().find(|(_, other, _)| std::ptr::eq(*other, message)).map(|(follow, ..)| (follow, message, status))
    }

    /// The final response to a follow-up that counts, once all challenges were answered.
    pub(super) fn final_at(&self, follow: &Follow) -> Option<(&'a CapturedMessage, StatusCode)> {
        final_of(self.call, last_try(self.call, follow.transaction))
    }

    /// How the follow-ups to one of the Contacts ended; `None` where nobody went there.
    pub(super) fn end_at(&self, contact: &Uri) -> Option<ContactEnd> {
        let went = |f: &&Follow| self.target_of(f).is_some_and(|target| target.effectively_equals(contact));
        let end = |follow: &Follow| match self.final_at(follow) {
            None => ContactEnd::Open,
            Some((_, status)) if status.is_success() => ContactEnd::Answered,
            Some((_, status)) if status.is_redirection() => ContactEnd::Redirected,
            Some((_, status)) if self.is_word_of_the_callee(follow, status) => ContactEnd::Reached,
            Some(_) => ContactEnd::Failed,
        };
        self.redirect.follows.iter().filter(went).map(end).max()
    }

    /// Whether a failure of a follow-up is a word of the callee or about the caller, or due to the caller's own CANCEL: then the
    /// target was right.
    pub(super) fn is_word_of_the_callee(&self, follow: &Follow, status: StatusCode) -> bool {
        let rang = || self.call.ringing_since(last_try(self.call, follow.transaction)).is_some();
        matches!(status.0, 486 | 487 | 600 | 603 | 607 | 608) || (matches!(status.0, 408 | 480) && rang())
    }

    /// Whether the call got through in the end, by whatever way.
    pub(super) fn call_got_through(&self) -> bool {
        self.call.outcome == Outcome::Answered
    }

    /// How to see that it was mended: the words for a call, or those for a request that calls nobody.
    pub(super) fn verification(&self, of_a_call: &'static str) -> Text {
        match &self.transaction.method {
            Method::Invite => Text::new(of_a_call),
            method => Text::new("The next {method} is accepted, or is no longer sent.").with("method", method),
        }
    }

    /// The finding with advice for the client, where that went to the address again that had been called.
    pub(super) fn and_once_only(&self, finding: Finding) -> Finding {
        if self.redirect.follows.is_empty() { finding } else { finding.fix(ONCE_ONLY) }
    }

    /// `error` where the call failed, else `warning`.
    pub(super) fn severity(&self) -> Severity {
        if self.call_got_through() { Severity::Warning } else { Severity::Error }
    }

    /// What marks the response as one of a routing database (least-cost routing, number portability, signing) rather than
    /// a word about the callee; `None` where nothing does.
    pub(super) fn dip_mark(&self) -> Option<Text> {
        // Nobody is the owner of a service such as that for emergencies: who takes it depends on where the caller is (RFC 5031).
        let asked = self.redirect.from.as_ref().map(Uri::raw);
        if let Some(service) =
            asked.filter(|uri| uri.get(..12).is_some_and(|urn| urn.eq_ignore_ascii_case("urn:service:")))
        {
            return Some(Text::new("the service {uri} that was asked for").with("uri", service));
        }
        if !self.is_immediate() {
            return None;
        }
        if let Some(name) = self.targets().find_map(routing_parameter) {
            return Some(Text::new("the parameter `{name}` in the Contact").with("name", name));
        }
        // A diversion that is signed (`div`) is a word about the callee (RFC 8946 §7).
        if self.response.message.identities().iter().any(|identity| !identity.is_diversion()) {
            return Some(Text::new("an Identity header field in the response"));
        }
        if self.response.message.reasons().iter().any(|r| r.is("SIP") && r.text.as_deref() == Some("no-fraud-detected"))
        {
            return Some(Text::new("the verdict `no-fraud-detected` in the Reason header field"));
        }
        let asks = self.request().is_some_and(|m| m.message.has(HeaderName::Attestation));
        asks.then(|| Text::new("an Attestation header field in the request"))
    }

    /// Whether it is a 301 with the marks of a routing database.
    pub(super) fn is_routing_dip(&self) -> bool {
        self.redirect.status.0 == 301 && self.dip_mark().is_some()
    }

    /// Whether the redirect came within a few milliseconds and without a provisional response.
    fn is_immediate(&self) -> bool {
        let asked = self.request().map(|m| m.provenance.time);
        self.transaction.provisionals.is_empty()
            && asked.is_some_and(|asked| self.response.provenance.time.since(asked) <= DIP_TIME)
    }

    /// The time between the request and the redirect.
    pub(super) fn delay(&self) -> Option<Duration> {
        Some(self.response.provenance.time.since(self.request()?.provenance.time))
    }

    /// How sure it is that nothing followed: `None` where something did, or where the capture does not tell, as it does not
    /// hold what the client sends. Where it holds nothing past the server that the client asked, it is a guess: a request to another host
    /// would not be there.
    pub(super) fn not_followed(&self, cx: &Context<'_>) -> Option<Certainty> {
        let hears_client = self.nearest().request.is_some() || !self.nearest().acks.is_empty();
        if !self.redirect.follows.is_empty() || !hears_client {
            return None;
        }
        let proven = cx.absence_is_proven(self.client().address, self.response.provenance.time, FOLLOW_WINDOW);
        let asked = self.nearest().server;
        // A request to that server would be there, wherever the capture was taken.
        let is_asked = |uri: &Uri| uri.ip() == Some(asked.address) && uri.port_or_default() == asked.port;
        let is_there = self.targets().next().is_some() && self.targets().all(is_asked);
        let goes_past = asked.address == self.client().address || is_there || cx.hosts.goes_past(asked.address);
        proven.then_some(if goes_past { Certainty::Strong } else { Certainty::Weak })
    }

    /// The redirect that this one answers a follow-up of.
    pub(super) fn before(&self) -> Option<Self> {
        let is_this =
            |f: &Follow| self.redirect.transaction == f.transaction || self.redirect.relayed.contains(&f.transaction);
        let earlier = Self::all(self.call).take_while(|case| case.index < self.index);
        earlier.filter(|case| case.redirect.follows.iter().any(is_this)).last()
    }

    /// The redirect that answered a follow-up of this one.
    fn next(&self) -> Option<Self> {
        let follows = &self.redirect.follows;
        Self::all(self.call).filter(|next| next.index > self.index).find(|next| {
            follows
                .iter()
                .any(|f| next.redirect.transaction == f.transaction || next.redirect.relayed.contains(&f.transaction))
        })
    }

    /// The redirects of initial requests in chains: each with those that answered its follow-ups, in order.
    pub(super) fn chains(call: &'a Call) -> Vec<Vec<Self>> {
        if call.redirects.len() == 1 {
            return Self::of_initial_requests(call).map(|case| vec![case]).collect();
        }
        let cases: Vec<_> = Self::of_initial_requests(call).map(|case| (case, case.next())).collect();
        let later: BTreeSet<usize> = cases.iter().filter_map(|(_, next)| next.map(|n| n.index)).collect();
        let next_of = |case: &Self| cases.iter().find(|(c, _)| c.index == case.index).and_then(|(_, next)| *next);
        let heads = cases.iter().map(|(case, _)| *case).filter(|case| !later.contains(&case.index));
        heads.map(|head| std::iter::successors(Some(head), next_of).collect()).collect()
    }
}

/// A parameter that routing databases add.
pub(super) fn routing_parameter(uri: &Uri) -> Option<&'static str> {
    let in_user = uri.user_params();
    let names = || in_user.0.iter().chain(&uri.params.0).map(|(name, _)| name.as_str());
    // Most have one parameter at most, which is none of these.
    let any = names().any(|name| ROUTING_PARAMETERS.contains(&name));
    ROUTING_PARAMETERS.into_iter().filter(|_| any).find(|wanted| names().any(|name| name == *wanted))
}

/// Whether a client on UDP can use the URI so that a capture of UDP shows it.
pub(super) fn is_visible_on_udp(uri: &Uri) -> bool {
    uri.scheme == Scheme::Sip && uri.params.value("transport").is_none_or(|t| t.eq_ignore_ascii_case("udp"))
}

/// How a request ended, credentials sent on a challenge included.
pub(super) fn end_of<'a>(call: &'a Call, id: TransactionId, cx: &Context<'_>) -> End<'a> {
    let id = last_try(call, id);
    match final_of(call, id) {
        Some((_, status)) if status.is_success() => End::Success,
        Some((_, status)) if status.is_redirection() => End::Redirected,
        Some((message, status)) => End::Failure(message, status),
        None => call.transaction(id).map_or(End::Unknown, |transaction| without_final(call, transaction, cx)),
    }
}

/// The request itself, or the last one that repeats it with credentials.
pub(super) fn last_try(call: &Call, id: TransactionId) -> TransactionId {
    let answered = |id: &TransactionId| {
        let challenged = call.transaction(*id)?;
        final_of(call, *id).filter(|(_, status)| status.is_challenge())?;
        with_credentials(call, challenged, *id)
    };
    std::iter::successors(Some(id), answered).last().unwrap_or(id)
}

/// The final response that counts: a success before everything else, else the last one.
fn final_of(call: &Call, id: TransactionId) -> Option<(&CapturedMessage, StatusCode)> {
    let finals = &call.transaction(id)?.finals;
    let counts = finals.iter().find(|f| f.status.is_success()).or(finals.last())?;
    Some((call.message(counts.message)?, counts.status))
}

/// How often a request was sent, and over which time: `once`, `7 times in 31.5 s`.
pub(super) fn times_sent(call: &Call, transaction: &Transaction) -> Text {
    let last = transaction.retransmissions.last().and_then(|id| call.message(*id));
    last.map_or_else(
        || Text::new("once"),
        |last| {
            Text::new("{n} times in {span}")
                .with("n", transaction.retransmissions.len() + 1)
                .with("span", span(last.provenance.time.since(transaction.start)))
        },
    )
}

/// The later request of the same client that answers a challenge.
fn with_credentials(call: &Call, challenged: &Transaction, id: TransactionId) -> Option<TransactionId> {
    call.transactions.iter().enumerate().skip(id.0 + 1).find_map(|(index, t)| {
        let message = &call.message(t.request?)?.message;
        let credentials = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
        let answers = t.leg == challenged.leg
            && t.method == challenged.method
            && t.client.address == challenged.client.address
            && t.server == challenged.server
            && credentials.iter().any(|name| message.has(*name));
        answers.then_some(TransactionId(index))
    })
}

fn without_final<'a>(call: &'a Call, transaction: &Transaction, cx: &Context<'_>) -> End<'a> {
    if !transaction.provisionals.is_empty() {
        return End::Provisional;
    }
    let given_up = call.requests_again(transaction).count() >= ALL_RETRANSMISSIONS && !cx.lossy();
    let unreachable = call.icmp.iter().any(|i| i.unreachable == transaction.server);
    // Who passed it on has told the one in front that nothing came.
    let passed_on = transaction.upstream.and_then(|id| call.transaction(id));
    let told = passed_on.is_some_and(|t| t.finals.iter().any(|f| f.status == StatusCode(408)));
    let was_repeated = || call.requests_again(transaction).next().is_some();
    let given_up = given_up || (told && was_repeated() && !cx.lossy());
    if given_up || unreachable || cx.absence_is_proven(transaction.client.address, transaction.start, GIVING_UP) {
        return End::Silence;
    }
    End::Unknown
}
