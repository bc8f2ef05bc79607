//! Applies the rules: per call as calls close, then to the whole capture; decides each call's root cause.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::identity_case::IdentityCase;
use super::in_question::InQuestion;
use super::patterns::unwanted::{Invites, initial_invites};
use super::pings::Pings;
use super::unwanted_case::UnwantedCase;
use super::{
    CallOrigin, CheckedIdentity, Context, Detect, Evidence, Facts, Finding, Hosts, Patterns, Rule, Settings, datagrams,
    next_attempt, root_cause, rule::DetectInCall, rules::RULES,
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
    now: Timestamp,
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
struct Said {
    findings: Vec<Finding>,
    identities: Vec<CheckedIdentity>,
}

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
        let said: Vec<_> = studied.iter().zip(&cases).map(|(call, case)| self.said_of(call, case.as_ref())).collect();
        let origins: Vec<_> = (studied.iter().zip(&cases).zip(&said))
            .map(|((call, case), said)| {
                let of = || CallOrigin::of(case.as_ref(), &call.invites, &self.settings, &said.identities);
                call.call.is_invite().then(of)
            })
            .collect();
        drop(cases);
        drop(studied);
        over.into_iter().zip(said).zip(origins).map(|(((call, _), said), origin)| self.settled(call, said, origin))
    }

    /// Learns of calls before they are diagnosed what others are compared with: the last ones of a capture, behind which none comes.
    pub fn foresee(&mut self, over: &[Over]) {
        let answered = over.iter().map(|(call, _)| &**call).filter(|call| call.outcome == Outcome::Answered);
        let studied: Vec<_> = answered.map(|call| (call, initial_invites(call, &self.settings.country))).collect();
        self.hosts.accepted.foresee(studied.iter().map(|(call, invites)| (*call, invites.as_slice())));
        self.hosts.transfers.foresee(over.iter().map(|(call, _)| &**call));
        let failed = over.iter().map(|(call, _)| call).filter(|call| !call.redirects.is_empty());
        failed.for_each(|call| self.hosts.observe_followers(call));
    }

    /// What the rules say of a call; it is known to what comes later then.
    fn said_of(&mut self, studied: &Studied<'_>, case: Option<&IdentityCase<'_>>) -> Said {
        let &Studied { call, now, facts, ref unwanted, ref invites } = studied;
        let signed = case.filter(|_| facts.hold(Facts::IDENTITY));
        let identities = signed.map(|case| CheckedIdentity::all(case, &self.settings, &self.hosts)).unwrap_or_default();
        let cx = Context { call: Some(call), identities: &identities, identity: case, unwanted, ..self.context(now) };
        let pings = if facts.hold(Facts::OPTIONS) { Pings::after(call, &cx) } else { BTreeMap::new() };
        let findings = self.findings(facts, call, cx);
        self.hosts.pings.keep(pings);
        if facts.hold(Facts::FAILURE) {
            self.hosts.observe_redirects(call);
            self.hosts.observe_challenges(call);
            self.hosts.transfers.observe(call);
        }
        if facts.hold(Facts::FAILURE) || datagrams::is_unusual(call) {
            self.hosts.datagrams.observe(call);
        }
        if call.outcome == Outcome::Answered {
            self.hosts.accepted.observe(call, invites);
        }
        if let Some(case) = signed {
            self.hosts.observe_signers(case);
            self.hosts.observe_verified(&identities);
        }
        Said { findings, identities }
    }

    /// The report of a call: its root cause is decided, and what the settings leave out is left out.
    fn settled(&mut self, call: Box<Call>, said: Said, origin: Option<CallOrigin>) -> CallReport {
        let Said { mut findings, identities } = said;
        let mut root_cause = root_cause::settle(&call, &mut findings);
        if let Some(root) = root_cause.and(findings.first_mut()) {
            next_attempt::tell(&call, root, &self.settings);
        }
        let ignored = self.settings.leave_out(&mut findings, Some(&call));
        let is_excused = root_cause.is_some_and(|code| ignored.contains(&code));
        self.count_ignored(&ignored);
        root_cause = root_cause.filter(|_| !is_excused);
        CallReport { call, findings, root_cause, identities, is_excused, origin }
    }

    /// What the rules say of a call of which these facts hold, with the severities of the settings. Those that come last are told what
    /// the others explain: of nearly every failure one of them knows better than the catalogue, whose words would be dropped.
    fn findings<'a>(&'a self, facts: Facts, call: &'a Call, cx: Context<'a>) -> Vec<Finding> {
        // Debug builds, and with them all tests over all samples, see that no finding is lost.
        debug_assert_eq!(overlooked(facts, call, &cx), None);
        let mut findings = Vec::with_capacity(if facts.hold(Facts::FAILURE) { FAILURE_FINDINGS } else { 0 });
        let rules = self.in_question.of(facts);
        apply(&rules.first, call, &cx, &mut findings);
        self.settings.weigh(&mut findings);
        if !rules.last.is_empty() {
            let explained = root_cause::explained(call, &findings);
            let before = findings.len();
            apply(&rules.last, call, &Context { explained: &explained, ..cx }, &mut findings);
            self.settings.weigh(findings.get_mut(before..).unwrap_or_default());
        }
        findings
    }

    /// Takes note of a TLS connection that is over.
    pub fn observe_tls(&mut self, stream: &TlsStream) {
        self.patterns.tls.observe(stream);
    }

    /// The findings about the capture as a whole, at its end.
    pub fn finish(&mut self, now: Timestamp) -> Vec<Finding> {
        let mut findings = Vec::new();
        let cx = self.context(now);
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

    fn context(&self, now: Timestamp) -> Context<'_> {
        Context {
            capture_start: self.capture_start,
            now,
            is_capture_lossy: self.lossy,
            explained: &[],
            call: None,
            is_call_lossy: OnceCell::new(),
            hosts: &self.hosts,
            patterns: &self.patterns,
            settings: &self.settings,
            identities: &[],
            identity: None,
            unwanted: &[],
        }
    }
}

/// Findings that there is room for at once in a call that failed: it has some as a rule.
const FAILURE_FINDINGS: usize = 12;

/// Adds what these rules say of a call.
fn apply(rules: &[DetectInCall], call: &Call, cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let before = findings.len();
    for detect in rules {
        detect(call, cx, findings);
    }
    say_once(findings, before);
    findings.iter_mut().skip(before).for_each(Finding::shorten);
}

/// Earlier findings of a rule that one is compared with: two or three servers take turns in a loop.
const COMPARED: usize = 4;

/// What a rule says of a call several times in the same words is one finding, with the frame it was said of last. A loop of redirects
/// has dozens.
fn say_once(findings: &mut Vec<Finding>, before: usize) {
    let is_of_one_rule = |pair: &[Finding]| matches!(pair, [one, other] if one.code == other.code);
    if !findings.get(before..).is_some_and(|new| new.windows(2).any(is_of_one_rule)) {
        return;
    }
    let mut again: Vec<(u64, Option<Evidence>)> = Vec::new();
    for mut finding in findings.split_off(before) {
        let known = findings.iter().enumerate().skip(before).rev().take(COMPARED);
        let same = known
            .take_while(|(_, known)| known.code == finding.code)
            .find(|(_, known)| known.message == finding.message && known.actor == finding.actor);
        if let Some((count, last)) = same.and_then(|(at, _)| again.get_mut(at - before)) {
            *count += 1;
            *last = (!finding.evidence.is_empty()).then(|| finding.evidence.swap_remove(0));
        } else {
            findings.push(finding);
            again.push((1, None));
        }
    }
    for (finding, (count, last)) in findings.iter_mut().skip(before).zip(again) {
        let what = Text::new("the last of {n} times that this happened").with("n", count);
        finding.evidence.extend(last.map(|last| Evidence { what, ..last }));
    }
}

/// A rule that would say something of a call though not all facts hold that it needs.
fn overlooked(facts: Facts, call: &Call, cx: &Context<'_>) -> Option<&'static str> {
    let says = |rule: &&&Rule| match rule.detect {
        Detect::Given(needed, detect) | Detect::Last(needed, detect) => {
            let mut findings = Vec::new();
            if !facts.hold(needed) {
                detect(call, cx, &mut findings);
            }
            !findings.is_empty()
        }
        Detect::Call(_) | Detect::Capture(_) => false,
    };
    RULES.iter().find(says).map(|rule| rule.code)
}
