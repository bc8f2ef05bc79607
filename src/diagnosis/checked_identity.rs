//! The Identity values of a call with what is known of their signatures: verified once a call, for the rules and the reports.

use super::identity_case::IdentityCase;
use super::{Context, Settings};
use crate::call::Call;
use crate::provenance::FrameRef;
use crate::stir::{Identity, Unverified, Verdict, verify};

/// An Identity value of the INVITE that was captured nearest to the callee.
#[derive(Debug, Clone)]
pub struct CheckedIdentity {
    /// The value.
    pub identity: Identity,
    /// The frame of the INVITE.
    pub frame: FrameRef,
    /// What is known of the signature.
    pub verdict: Verdict,
}

impl CheckedIdentity {
    /// All values of a call, in their order; none for what is no call.
    pub(super) fn all(call: &Call, settings: &Settings) -> Vec<Self> {
        let Some(case) = IdentityCase::of(call) else { return Vec::new() };
        if case.identities.is_empty() {
            return Vec::new();
        }
        let around = case.surroundings(&settings.country);
        let cut = case.request.message.is_cut();
        let frame = case.request.provenance.frame;
        let check = |identity: Identity| {
            let verdict = match verify(&identity, &around, &settings.trust) {
                Verdict::Failed(_) if cut => Verdict::NotVerified(Unverified::Cut),
                verdict => verdict,
            };
            Self { identity, frame, verdict }
        };
        case.identities.iter().cloned().map(check).collect()
    }
}

/// A verdict in few words. Only a supplied key makes a signature verified.
pub(super) fn signature(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::NotVerified(_) => "signature not verified",
        Verdict::Verified(_) => "signature verifies with the supplied key",
        Verdict::Failed(_) => "signature fails",
    }
}

impl Context<'_> {
    /// What is known of the signature of one of the call's Identity values.
    pub(super) fn verdict(&self, identity: &Identity) -> &Verdict {
        static UNKNOWN: Verdict = Verdict::NotVerified(Unverified::NothingSupplied);
        let found = self.identities.iter().find(|checked| checked.identity.raw == identity.raw);
        found.map_or(&UNKNOWN, |checked| &checked.verdict)
    }
}
