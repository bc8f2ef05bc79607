//! What calls that are over showed of hosts and signers, for those that are over later.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Deref;

use super::accepted::Accepted;
use super::datagrams::{self, Datagrams};
use super::domains::registrable;
use super::engine::Studied;
use super::finding::Evidence;
use super::identity_case::IdentityCase;
use super::identity_claims::Age;
use super::patterns::bindings::Bindings;
use super::patterns::cited;
use super::patterns::registered::Registered;
use super::pings::Pings;
use super::redirect_case::RedirectCase;
use super::transfers::Transfers;
use super::{CheckedIdentity, Context, Facts};
use crate::call::{Call, Outcome};
use crate::limits::{CHALLENGING_SERVERS, FOLLOWING_CLIENTS, REDIRECT_DOMAINS, SIGNER_URL, SIGNERS, SKEWS_PER_SIGNER};
use crate::sip::Method;
use crate::stir::{Freshness, Identity, Verdict};

/// Characters of the longest name of a domain (RFC 1035 §2.3.4).
const LONGEST_DOMAIN: usize = 253;
/// With so many calls of one signer a difference of clocks is told from a delay of one call.
const CONSTANT_SKEW_CALLS: usize = 5;
/// Differences that are spread over fewer seconds are the same.
const CONSTANT_SKEW_SPREAD: u64 = 5;

/// What is known of calls that are over; capped (see [`crate::limits`]).
#[derive(Debug, Default)]
pub struct Earlier {
    /// Clients that followed a redirect.
    pub(super) followers: BTreeSet<IpAddr>,
    /// Servers that asked the client of a call that is over for credentials, with the first of these challenges.
    pub(super) challengers: BTreeMap<IpAddr, Evidence>,
    /// Which requests over UDP were answered, by their size.
    pub(super) datagrams: Datagrams,
    /// What servers accepted.
    pub(super) accepted: Accepted,
    /// Calls that failed lately, which a REFER may have asked for.
    pub(super) transfers: Transfers,
    /// Who is registered until when.
    pub(super) registered: Registered,
    /// Clients behind NAT, and what they did not answer.
    pub(super) bindings: Bindings,
    /// OPTIONS that failed or not.
    pub(super) pings: Pings,
    /// Redirecting servers with the domains that they sent calls to.
    redirect_domains: BTreeSet<(IpAddr, String)>,
    /// Differences between the time of signing and the clock of the capture, in seconds, by signer.
    skews: BTreeMap<String, Vec<i64>>,
    /// Signers, by the address of their certificate, one of whose signatures a supplied key verified.
    verified_signers: BTreeSet<String>,
}

/// What a rule may know of a call that it compares with those before it.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) earlier: &'a Earlier,
}

impl<'a> Deref for Compared<'a> {
    type Target = Context<'a>;

    fn deref(&self) -> &Self::Target {
        self.context
    }
}

impl Earlier {
    /// Takes note of a call that is about to be diagnosed: of who is registered, and from where, and of times in which nothing was captured.
    pub(super) fn expect(&mut self, studied: &Studied<'_>) {
        self.registered.observe(studied.call, studied.facts.hold(Facts::FAILURE));
        self.bindings.observe(studied.call);
        if studied.facts.hold(Facts::SILENT) {
            self.bindings.observe_silent(studied.call);
        }
    }

    /// Takes note of a call that has been diagnosed; `case` is what its rules about the caller's identity looked at.
    pub(super) fn observe(&mut self, studied: &Studied<'_>, case: Option<&IdentityCase<'_>>) {
        let &Studied { call, facts, ref invites, .. } = studied;
        if facts.hold(Facts::FAILURE) {
            self.observe_redirects(call);
            self.observe_challenges(call);
            self.transfers.observe(call);
        }
        if facts.hold(Facts::FAILURE) || datagrams::is_unusual(call) {
            self.datagrams.observe(call);
        }
        if call.outcome == Outcome::Answered {
            self.accepted.observe(call, invites);
        }
        if let Some(case) = case.filter(|_| facts.hold(Facts::IDENTITY)) {
            self.observe_signers(case);
        }
    }

    /// Whether that server redirected an earlier call to that registered domain.
    pub(super) fn has_redirected_to(&self, server: IpAddr, domain: &str) -> bool {
        self.redirect_domains.contains(&(server, domain.to_owned()))
    }

    /// Whether calls of the same signer before showed the same difference between the time of signing and the clock of the
    /// capture: then one of the clocks is wrong.
    pub(super) fn has_constant_skew(&self, identity: &Identity, capture: Freshness) -> bool {
        let earlier =
            identity.certificate_url().and_then(|url| self.skews.get(url)).map(Vec::as_slice).unwrap_or_default();
        let now = capture.seconds;
        let (least, most) = earlier.iter().fold((now, now), |(least, most), skew| (least.min(*skew), most.max(*skew)));
        earlier.len() + 1 >= CONSTANT_SKEW_CALLS && most.abs_diff(least) < CONSTANT_SKEW_SPREAD
    }

    /// Whether a supplied key verified a signature of that signer in a call before: then the key is the signer's.
    pub(super) fn has_verified(&self, url: &str) -> bool {
        self.verified_signers.contains(url)
    }

    /// Takes note of the signers whose signatures were verified in a call that has been diagnosed.
    pub(super) fn observe_verified(&mut self, identities: &[CheckedIdentity]) {
        let verified = identities.iter().filter(|checked| matches!(checked.verdict, Verdict::Verified(_)));
        for url in verified.filter_map(|checked| checked.identity.certificate_url()) {
            if self.verified_signers.len() < SIGNERS && url.len() <= SIGNER_URL {
                self.verified_signers.insert(url.to_owned());
            }
        }
    }

    /// Takes note of the times of signing of a call that has been diagnosed.
    pub(super) fn observe_signers(&mut self, case: &IdentityCase<'_>) {
        for identity in case.identities {
            let (Some(url), Some(age)) = (identity.certificate_url(), Age::of(case, identity)) else { continue };
            if (self.skews.len() >= SIGNERS && !self.skews.contains_key(url)) || url.len() > SIGNER_URL {
                continue;
            }
            // Next to always it is known.
            let skews = match self.skews.get_mut(url) {
                Some(known) => known,
                None => self.skews.entry(url.to_owned()).or_default(),
            };
            if skews.len() >= SKEWS_PER_SIGNER {
                skews.remove(0);
            }
            skews.push(age.capture.seconds);
        }
    }

    /// Takes note of the servers that challenged a call that has been diagnosed.
    pub(super) fn observe_challenges(&mut self, call: &Call) {
        let initial = call.transactions.iter().filter(|t| t.method == Method::Invite && !t.in_dialog);
        // What was passed on from behind is no challenge of the server itself.
        for transaction in initial.filter(|t| t.downstream.is_empty()) {
            let challenge = transaction.failed_final().filter(|last| last.status.is_challenge());
            let Some(response) = challenge.and_then(|last| call.message(last.message)) else { continue };
            if self.challengers.len() < CHALLENGING_SERVERS {
                let first = || cited(Evidence::of(response, "a challenge of the same server to another call"));
                self.challengers.entry(transaction.server.address).or_insert_with(first);
            }
        }
    }

    /// Takes note of who followed the redirects of a call.
    pub(super) fn observe_followers(&mut self, call: &Call) {
        let follows = call.redirects.iter().flat_map(|redirect| &redirect.follows);
        for client in follows.filter_map(|f| call.transaction(f.transaction)).map(|t| t.client.address) {
            if self.followers.len() < FOLLOWING_CLIENTS {
                self.followers.insert(client);
            }
        }
    }

    /// Takes note of the redirects of a call that has been diagnosed.
    pub(super) fn observe_redirects(&mut self, call: &Call) {
        self.observe_followers(call);
        for case in RedirectCase::all(call) {
            for domain in case.targets().filter_map(registrable) {
                if self.redirect_domains.len() < REDIRECT_DOMAINS && domain.len() <= LONGEST_DOMAIN {
                    self.redirect_domains.insert((case.redirector().address, domain.to_owned()));
                }
            }
        }
    }
}
