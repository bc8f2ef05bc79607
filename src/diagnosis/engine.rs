//! Applies the rules: per call as calls close, then to the whole capture; decides each call's root cause.

use std::collections::BTreeMap;

use super::{
    CallOrigin, CheckedIdentity, Context, Detect, Facts, Finding, Hosts, Patterns, Settings, root_cause,
    rule::DetectInCall, rules::RULES,
};
use crate::call::Call;
use crate::lang::Text;
use crate::provenance::Timestamp;
use crate::tls::TlsStream;

/// A closed call with what the rules say of it.
#[derive(Debug, Clone)]
pub struct CallReport {
    /// The call.
    pub call: Call,
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
    ignored: BTreeMap<&'static str, u64>,
    /// What is known of the hosts; the pipeline keeps it up to date.
    pub hosts: Hosts,
    /// Time of the first frame.
    pub capture_start: Timestamp,
    /// Whether the capture is known to have lost packets.
    pub lossy: bool,
}

impl Engine {
    /// Makes an engine with these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Diagnoses a call that is over. `now` is the capture clock.
    pub fn diagnose(&mut self, call: Call, now: Timestamp) -> CallReport {
        self.patterns.observe(&call, &self.settings);
        let mut findings = Vec::new();
        let is_cut = call.messages.iter().any(|m| m.message.is_cut());
        let facts = Facts::of(&call);
        let signed = facts.hold(Facts::IDENTITY);
        let identities = if signed { CheckedIdentity::all(&call, &self.settings, &self.hosts) } else { Vec::new() };
        let cx = self.context(now, is_cut || !call.proofs_of_loss().is_empty(), &identities);
        for rule in RULES {
            match rule.detect {
                Detect::Call(detect) => detect(&call, &cx, &mut findings),
                Detect::Given(needed, detect) if facts.hold(needed) => detect(&call, &cx, &mut findings),
                // Debug builds, and with them all tests over all samples, see that no finding is lost so.
                Detect::Given(_, detect) => debug_assert!(finds_nothing(detect, &call, &cx), "{}", rule.code),
                Detect::Capture(_) => {}
            }
        }
        self.hosts.observe_redirects(&call);
        self.hosts.observe_challenges(&call);
        if signed {
            self.hosts.observe_signers(&call);
            self.hosts.observe_verified(&identities);
        }
        self.settings.weigh(&mut findings);
        let mut root_cause = root_cause::settle(&call, &mut findings);
        let ignored = self.settings.leave_out(&mut findings, Some(&call));
        let is_excused = root_cause.is_some_and(|code| ignored.contains(&code));
        self.count_ignored(&ignored);
        root_cause = root_cause.filter(|_| !is_excused);
        let origin = call.is_invite().then(|| CallOrigin::of(&call, &self.settings, &identities));
        CallReport { call, findings, root_cause, identities, is_excused, origin }
    }

    /// Takes note of a TLS connection that is over.
    pub fn observe_tls(&mut self, stream: &TlsStream) {
        self.patterns.tls.observe(stream);
    }

    /// The findings about the capture as a whole, at its end.
    pub fn finish(&mut self, now: Timestamp) -> Vec<Finding> {
        let mut findings = Vec::new();
        let cx = self.context(now, false, &[]);
        for rule in RULES {
            if let Detect::Capture(detect) = rule.detect {
                detect(&self.patterns, &cx, &mut findings);
            }
        }
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

    /// `call_lossy`: messages of the call in question are known to be missing.
    fn context<'a>(&'a self, now: Timestamp, call_lossy: bool, identities: &'a [CheckedIdentity]) -> Context<'a> {
        Context {
            capture_start: self.capture_start,
            now,
            lossy: self.lossy || call_lossy,
            hosts: &self.hosts,
            settings: &self.settings,
            identities,
        }
    }
}

fn finds_nothing(detect: DetectInCall, call: &Call, cx: &Context<'_>) -> bool {
    let mut findings = Vec::new();
    detect(call, cx, &mut findings);
    findings.is_empty()
}
