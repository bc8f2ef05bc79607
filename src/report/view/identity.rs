//! An Identity value of a call as JSON shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Place, Time};
use crate::diagnosis::CheckedIdentity;
use crate::provenance::Timestamp;
use crate::stir::{Claims, Subject, Verdict};

/// One value of the Identity header fields of the INVITE that was captured nearest to the callee. Claims are what the token
/// says, true or not.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct IdentityView<'a> {
    /// Index of the frame's file in `files` of its capture; only in merged captures.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    /// Frame of the INVITE.
    frame: u64,
    /// Extension of the PASSporT, such as shaken or div; null without one.
    ppt: Option<&'a str>,
    /// Level of attestation: A, B, or C; null where none is claimed.
    attestation: Option<&'static str>,
    /// The caller that is claimed: a number or a URI; null where none can be read.
    orig: Option<&'a str>,
    /// The called parties that are claimed.
    dest: Vec<&'a str>,
    /// Whom the call was for before it was diverted (ppt div); else null.
    div: Option<&'a str>,
    /// The signer's own reference to the origin of the call; null where there is none.
    origid: Option<&'a str>,
    /// Claims beside these by name, each as JSON text: rph, rcd, crn, msgi, opt, and what others define.
    further_claims: BTreeMap<&'a str, &'a str>,
    /// Time of signing; null where none can be read.
    issued_at: Option<Time>,
    /// Where the certificate is said to be published; null where the value does not say.
    certificate_url: Option<&'a str>,
    /// Whether the signature was verified with --stir-cert and --stir-root: verified, failed, or not-verified; the latter
    /// also where no supplied key fits and none is known to be the signer's.
    verification: &'static str,
    /// The verdict in words: with which file, or why not.
    verification_text: String,
}

impl<'a> IdentityView<'a> {
    pub(super) fn new(checked: &'a CheckedIdentity, place: Place) -> Self {
        let identity = &checked.identity;
        let claims = identity.passport.claims.as_ref();
        let party = |of: fn(&Claims) -> Option<&Subject>| claims.and_then(of).map(Subject::text);
        Self {
            file: place.file(checked.frame),
            frame: checked.frame.number.0,
            ppt: identity.ppt(),
            attestation: claims.and_then(|c| c.attest).map(crate::stir::Attestation::letter),
            orig: party(|c| c.orig.as_ref()),
            dest: claims.map(|c| c.dest.iter().map(Subject::text).collect()).unwrap_or_default(),
            div: party(|c| c.div.as_ref()),
            origid: claims.and_then(|c| c.origid.as_deref()),
            further_claims: claims.map(further).unwrap_or_default(),
            issued_at: claims.and_then(|c| c.iat).and_then(time),
            certificate_url: identity.certificate_url(),
            verification: match checked.verdict {
                Verdict::NotVerified(_) => "not-verified",
                Verdict::Verified(_) => "verified",
                Verdict::Failed(_) => "failed",
            },
            verification_text: checked.verdict.text().in_lang(place.lang).to_string(),
        }
    }
}

fn further(claims: &Claims) -> BTreeMap<&str, &str> {
    claims.further.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Seconds since the Unix epoch as time; `None` outside of what a capture can hold.
fn time(seconds: i64) -> Option<Time> {
    seconds.checked_mul(1_000_000_000).map(|nanoseconds| Time(Timestamp(nanoseconds)))
}
