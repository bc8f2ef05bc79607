//! The Identity values of a call with what is known of their signatures: verified once a call, for the rules and the reports.

use std::sync::Arc;

use super::identity_case::IdentityCase;
use super::{Context, Earlier, Settings};
use crate::provenance::FrameRef;
use crate::stir::{Identity, Objection, Surroundings, Unverified, Verdict, verify};

/// An Identity value of the INVITE that was captured nearest to the callee.
#[derive(Debug, Clone)]
pub struct CheckedIdentity {
    /// The value.
    pub identity: Arc<Identity>,
    /// The frame of the INVITE.
    pub frame: FrameRef,
    /// What is known of the signature.
    pub verdict: Verdict,
}

impl CheckedIdentity {
    /// All values of a call, in their order.
    pub(super) fn all(case: &IdentityCase<'_>, settings: &Settings, earlier: &Earlier) -> Vec<Self> {
        if case.identities.is_empty() {
            return Vec::new();
        }
        // Without anything to verify with nobody asks what stands around them.
        let around =
            if settings.trust.is_empty() { Surroundings::default() } else { case.surroundings(&settings.country) };
        let cut = case.request.message.is_cut();
        let frame = case.request.provenance.frame;
        let check = |identity: Arc<Identity>| {
            let verdict = match verify(&identity, &around, &settings.trust) {
                Verdict::Failed(_) if cut => Verdict::NotVerified(Unverified::Cut),
                verdict => of_known_signer(verdict, &identity, earlier),
            };
            Self { identity, frame, verdict }
        };
        case.identities.iter().cloned().map(check).collect()
    }
}

/// Keys that were tried in turn, and of which none fits, prove nothing unless one of them verified another token of the signer.
fn of_known_signer(verdict: Verdict, identity: &Identity, earlier: &Earlier) -> Verdict {
    let known = || identity.certificate_url().is_some_and(|url| earlier.has_verified(url));
    match verdict {
        Verdict::Failed(objections) => match objections.as_slice() {
            [Objection::NoKeyVerifies { tried, file: None, .. }] if !known() => {
                Verdict::NotVerified(Unverified::NoKeyFits(*tried))
            }
            _ => Verdict::Failed(objections),
        },
        verdict => verdict,
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
        let found = self.identities.iter().find(|checked| checked.identity.raw() == identity.raw());
        found.map_or(&UNKNOWN, |checked| &checked.verdict)
    }
}
