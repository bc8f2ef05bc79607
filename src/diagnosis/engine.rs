//! Applies the rules: per call as calls close, then to the whole capture; decides each call's root cause.

use std::collections::BTreeMap;

use super::asked::{Asked, ask_alone, compare};
use super::identity_case::IdentityCase;
use super::in_question::InQuestion;
use super::patterns::unwanted::{Invites, initial_invites};
use super::unwanted_case::UnwantedCase;
use super::{
    CallOrigin, CheckedIdentity, Context, Detect, Facts, Finding, Hosts, Patterns, Settings, next_attempt, referral,
    root_cause, rules::RULES,
};
use crate::call::{Call, Outcome};
use crate::lang::Text;
use crate::provenance::Timestamp;
use crate::tls::TlsStream;

/// A closed call with what the rules say of it.
#[derive(Debug, Clone)]
pub struct CallReport {
    /// The call.
    pub call: Box<Call>,
    /// Its findings: the root cause first, then by severity; consequences carry `consequence_of`.
    pub findings: Vec<Finding>,
    /// Code of the finding that says why the call failed; `None` for calls that did not fail.
    pub root_cause: Option<&'static str>,
    /// The Identity values of its INVITE, as captured nearest to the callee, with what is known of their signatures.
    pub identities: Vec<CheckedIdentity>,
    /// Whether what explains its failure is left out: nobody needs to look at it.
    pub is_excused: bool,
    /// Where it comes from, and how it is signed; `None` for groups that are no calls.
    pub origin: Option<CallOrigin>,
}

/// The rules with what they remember of the capture so far.
#[derive(Debug, Default)]
pub struct Engine {
    settings: Settings,
    patterns: Patterns,
    in_question: InQuestion,
    ignored: BTreeMap<&'static str, u64>,
    /// What is known of the hosts; the pipeline keeps it up to date.
    pub hosts: Hosts,
    /// Time of the first frame.
    pub capture_start: Timestamp,
    /// Whether the capture is known to have lost packets.
    pub lossy: bool,
}

/// A call that is over, and the capture clock when it was.
pub type Over = (Box<Call>, Timestamp);

/// Such a call, with what several stages ask of it.
pub(super) struct Studied<'c> {
    pub(super) call: &'c Call,
    pub(super) now: Timestamp,
    pub(super) facts: Facts,
    pub(super) unwanted: Vec<UnwantedCase<'c>>,
    pub(super) invites: Invites<'c>,
}

impl<'c> Studied<'c> {
    pub(super) fn of(call: &'c Call, now: Timestamp, country: &str) -> Self {
        let facts = Facts::of(call);
        // Debug builds look for them in any case, for the assertion in `findings`.
        let is_unwanted = facts.hold(Facts::UNWANTED) || cfg!(debug_assertions);
        let unwanted = if is_unwanted { UnwantedCase::all(call) } else { Vec::new() };
        Self { call, now, facts, unwanted, invites: initial_invites(call, country) }
    }
}

/// What is found in a call.
type Said = (Vec<CheckedIdentity>, Vec<Finding>);

impl Engine {
    /// Makes an engine with these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Diagnoses calls that are over, in their order: one stage for all of them before the next stage. The code of all stages is more than
    /// the first cache of a processor holds, and would have to be fetched again for every call.
    pub fn diagnose(&mut self, over: Vec<Over>) -> impl Iterator<Item = CallReport> {
        let studied: Vec<Studied<'_>> =
            over.iter().map(|(call, now)| Studied::of(call, *now, &self.settings.country)).collect();
        self.patterns.observe_all(&studied, &self.settings);
        for call in &studied {
            self.in_question.note(call.facts);
        }
        let cases: Vec<_> = studied.iter().map(|call| IdentityCase::of(call.call, &call.invites)).collect();
        let identities: Vec<_> =
            studied.iter().zip(&cases).map(|(call, case)| self.checked(call, case.as_ref())).collect();
        let findings = self.findings(&studied, &cases, &identities);
        let origins: Vec<_> = (studied.iter().zip(&cases).zip(&identities))
            .map(|((call, case), identities)| {
                let of = || CallOrigin::of(case.as_ref(), &call.invites, &self.settings, identities);
                call.call.is_invite().then(of)
            })
            .collect();
        drop(cases);
        drop(studied);
        let said = identities.into_iter().zip(findings);
        over.into_iter().zip(said).zip(origins).map(|(((call, _), said), origin)| self.settled(call, said, origin))
    }

    /// Learns of calls before they are diagnosed what others are compared with: the last ones of a capture, behind which none comes.
    pub fn foresee(&mut self, over: &[Over]) {
        let answered = over.iter().map(|(call, _)| &**call).filter(|call| call.outcome == Outcome::Answered);
        let studied: Vec<_> = answered.map(|call| (call, initial_invites(call, &self.settings.country))).collect();
        self.patterns.earlier.accepted.foresee(studied.iter().map(|(call, invites)| (*call, invites.as_slice())));
        self.patterns.earlier.transfers.foresee(over.iter().map(|(call, _)| &**call));
        let failed = over.iter().map(|(call, _)| call).filter(|call| !call.redirects.is_empty());
        failed.for_each(|call| self.patterns.earlier.observe_followers(call));
    }

    /// The Identity values of a call with what is known of their signatures; it is known to what comes later then.
    fn checked(&mut self, studied: &Studied<'_>, case: Option<&IdentityCase<'_>>) -> Vec<CheckedIdentity> {
        let Some(case) = case.filter(|_| studied.facts.hold(Facts::IDENTITY)) else { return Vec::new() };
        let earlier = &mut self.patterns.earlier;
        let identities = CheckedIdentity::all(case, &self.settings, earlier);
        earlier.observe_verified(&identities);
        identities
    }

    /// What the rules say of calls, with the severities of the settings.
    fn findings(
        &mut self,
        studied: &[Studied<'_>],
        cases: &[Option<IdentityCase<'_>>],
        identities: &[Vec<CheckedIdentity>],
    ) -> Vec<Vec<Finding>> {
        let Self { settings, patterns, in_question, hosts, capture_start, lossy, .. } = self;
        let asked = (studied.iter().zip(cases).zip(identities)).map(|((studied, case), identities)| {
            let context = Context {
                call: Some(studied.call),
                identities,
                identity: case.as_ref(),
                unwanted: &studied.unwanted,
                ..Context::of_capture(hosts, settings, (*capture_start, studied.now), *lossy)
            };
            Asked::new(studied, context)
        });
        let mut asked: Vec<Asked<'_, '_>> = asked.collect();
        ask_alone(in_question, &mut asked);
        compare(in_question, &mut asked, &mut patterns.earlier, |findings| settings.weigh(findings));
        asked.into_iter().map(Asked::into_findings).collect()
    }

    /// The report of a call: its root cause is decided, and what the settings leave out is left out.
    fn settled(&mut self, call: Box<Call>, said: Said, origin: Option<CallOrigin>) -> CallReport {
        let (identities, mut findings) = said;
        let mut root_cause = root_cause::settle(&call, &mut findings);
        if let Some(root) = root_cause.and(findings.first_mut()) {
            next_attempt::tell(&call, root, &self.settings);
        }
        referral::tell(&call, root_cause.is_some(), &mut findings);
        let ignored = self.settings.leave_out(&mut findings, Some(&call));
        let is_excused = root_cause.is_some_and(|code| ignored.contains(&code));
        self.count_ignored(&ignored);
        root_cause = root_cause.filter(|_| !is_excused);
        CallReport { call, findings, root_cause, identities, is_excused, origin }
    }

    /// Takes note of a TLS connection that is over.
    pub fn observe_tls(&mut self, stream: &TlsStream) {
        self.patterns.tls.observe(stream);
    }

    /// The findings about the capture as a whole, at its end.
    pub fn finish(&mut self, now: Timestamp) -> Vec<Finding> {
        let mut findings = Vec::new();
        let cx = Context::of_capture(&self.hosts, &self.settings, (self.capture_start, now), self.lossy);
        for rule in RULES {
            if let Detect::Capture(detect) = rule.detect {
                detect(&self.patterns, &cx, &mut findings);
            }
        }
        findings.iter_mut().for_each(Finding::shorten);
        self.settings.weigh(&mut findings);
        let ignored = self.settings.leave_out(&mut findings, None);
        self.count_ignored(&ignored);
        findings
    }

    fn count_ignored(&mut self, codes: &[&'static str]) {
        for code in codes {
            *self.ignored.entry(code).or_default() += 1;
        }
    }

    /// Findings that the settings left out, by code.
    pub fn ignored(&self) -> &BTreeMap<&'static str, u64> {
        &self.ignored
    }

    /// Limits that were hit, in words.
    pub fn limits_hit(&self) -> Vec<Text> {
        self.patterns.limits_hit()
    }
}
