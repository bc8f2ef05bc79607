//! A diagnosis as plain data.

use super::context::Context;
use super::earlier::Compared;
use super::facts::Facts;
use super::finding::{Finding, Severity};
use super::patterns::Patterns;
use crate::call::Call;

/// One diagnosis: its file in `rules/` holds exactly one `static RULE: Rule`.
#[derive(Debug)]
pub struct Rule {
    /// Stable kebab-case name of the pattern; equals the file stem (in snake case), the sample folder and the docs heading.
    pub code: &'static str,
    /// One sentence: the pattern.
    pub summary: &'static str,
    /// Default severity.
    pub severity: Severity,
    /// RFC sections and other sources, such as `RFC 3261 §21.3.2`.
    pub references: &'static [&'static str],
    /// What `sipscan explain CODE` prints.
    pub explanation: Explanation,
    /// The detection.
    pub detect: Detect,
}

/// The fixed headings of every explanation. Paragraphs are separated by `\n\n`; list items start with `- `.
#[derive(Debug)]
pub struct Explanation {
    /// What it means.
    pub what_it_means: &'static str,
    /// Why it matters.
    pub why_it_matters: &'static str,
    /// Likely causes.
    pub likely_causes: &'static str,
    /// How to fix.
    pub how_to_fix: &'static str,
    /// How to confirm.
    pub how_to_confirm: &'static str,
    /// When this is wrong: the false positives, each of them a near miss among the samples.
    pub when_this_is_wrong: &'static str,
}

/// Looks at one closed call.
pub type DetectInCall = fn(&Call, &Context<'_>, &mut Vec<Finding>);

/// Looks at one closed call, and compares it with those before it.
pub type DetectByComparison = fn(&Call, &Compared<'_>, &mut Vec<Finding>);

/// How a rule looks.
#[derive(Debug)]
pub enum Detect {
    /// At one closed call.
    Call(DetectInCall),
    /// At a closed call of which these facts hold: of others it has nothing to say.
    Given(Facts, DetectInCall),
    /// The same, in comparison with the calls before it. What knows the call alone is cheaper: it looks at many calls in a row.
    Compared(Facts, DetectByComparison),
    /// The same, after all others: of what they explain it need say nothing (see `Context::explained`).
    Last(Facts, DetectByComparison),
    /// At the whole capture, from the capped aggregates of all calls.
    Capture(fn(&Patterns, &Context<'_>, &mut Vec<Finding>)),
}

impl Detect {
    /// At calls with a redirect.
    pub(super) const fn of_redirects(detect: DetectInCall) -> Self {
        Self::Given(Facts::REDIRECT, detect)
    }

    /// At calls with a redirect that was followed.
    pub(super) const fn of_followed_redirects(detect: DetectInCall) -> Self {
        Self::Given(Facts::FOLLOWED, detect)
    }

    /// At calls with a 607.
    pub(super) const fn of_unwanted(detect: DetectInCall) -> Self {
        Self::Given(Facts::UNWANTED, detect)
    }

    /// At calls with a final response that may reject the caller.
    pub(super) const fn of_rejections(detect: DetectInCall) -> Self {
        Self::Given(Facts::REJECTED, detect)
    }

    /// At calls with an Identity header field.
    pub(super) const fn of_identities(detect: DetectInCall) -> Self {
        Self::Given(Facts::IDENTITY, detect)
    }

    /// At calls that failed, or in which a request did.
    pub(super) const fn of_failures(detect: DetectInCall) -> Self {
        Self::Given(Facts::FAILURE, detect)
    }

    /// At calls in which a request got an error that is neither a 607 nor asks for credentials.
    pub(super) const fn of_refusals(detect: DetectInCall) -> Self {
        Self::Given(Facts::REFUSED, detect)
    }

    /// At calls in which a request got no response at all.
    pub(super) const fn of_silence(detect: DetectInCall) -> Self {
        Self::Given(Facts::SILENT, detect)
    }

    /// At calls with a Reason header field in a response.
    pub(super) const fn of_reasons(detect: DetectInCall) -> Self {
        Self::Given(Facts::REASON, detect)
    }
}
