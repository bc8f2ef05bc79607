//! Where a call comes from and how it is signed: what the tables over a whole capture count.

use std::net::IpAddr;

use super::identity_case::IdentityCase;
use super::identity_claims::{Age, Destination, destination, wrong_origin};
use super::names::Names;
use super::patterns::unwanted::Invite;
use super::{CheckedIdentity, Settings};
use crate::stir::telephone_number::NumberView;
use crate::stir::{Attestation, COMPLETE_DIGITS};

/// How the INVITE of a call is signed, as captured nearest to the callee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signing {
    /// A PASSporT claims this level, and nothing that was checked speaks against it.
    Level(Attestation),
    /// A PASSporT without a level of attestation (RFC 8225 alone, rph, div, …), and nothing speaks against it.
    NoLevel,
    /// There is no Identity header field.
    Unsigned,
    /// There is one, and no verifier may accept it: it cannot be read, contradicts the call, is out of date by every clock, or its
    /// signature was checked and is wrong.
    Invalid,
    /// The INVITE is not in the capture, or only in part.
    Unknown,
}

impl Signing {
    /// Every kind, in the order of tables.
    pub const ALL: [Self; 7] = [
        Self::Level(Attestation::Full),
        Self::Level(Attestation::Partial),
        Self::Level(Attestation::Gateway),
        Self::NoLevel,
        Self::Unsigned,
        Self::Invalid,
        Self::Unknown,
    ];

    /// Its name in every report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Level(level) => level.letter(),
            Self::NoLevel => "no-level",
            Self::Unsigned => "unsigned",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }
}

/// Where a call comes from, and how it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOrigin {
    /// The caller: `+` and digits where P-Asserted-Identity, else From, holds a number whose country code is given or assumed;
    /// digits alone where it holds another number; else user and host. `None` where neither can be read.
    pub caller: Option<String>,
    /// Octets of `caller` that are [`Self::prefix`].
    prefix_length: Option<usize>,
    /// The host that sent the INVITE, on the hop nearest to the caller; `None` where no INVITE was captured.
    pub source: Option<IpAddr>,
    /// How it is signed.
    pub signing: Signing,
    /// Whether a supplied key verified the PASSporT that `signing` is taken from.
    pub verified: bool,
    /// The country code that was assumed for its calling or called number.
    pub assumed_country: Option<String>,
}

impl CallOrigin {
    /// The origin of a call that nothing else is known of.
    #[cfg(test)]
    pub(crate) fn of_call(call: &crate::call::Call) -> Self {
        Self::of(IdentityCase::of(call, &[]).as_ref(), &[], &Settings::default(), &[])
    }

    /// The part of the numbering plan that the calling number lies in; see [`crate::stir::TelephoneNumber::prefix`].
    pub fn prefix(&self) -> Option<&str> {
        self.caller.as_deref()?.get(..self.prefix_length?)
    }

    /// The origin of a call. `invites` (as far as they are known) and `identities` are those of the same call.
    pub(super) fn of(
        case: Option<&IdentityCase<'_>>,
        invites: &[Invite<'_>],
        settings: &Settings,
        identities: &[CheckedIdentity],
    ) -> Self {
        let Some(case) = case else { return Self::unknown() };
        let country = &settings.country;
        let (signing, verified) = signing(case, identities, country);
        let known = invites.iter().find(|invite| std::ptr::eq(invite.request, case.request));
        let read;
        let names = if let Some(invite) = known {
            &invite.names
        } else {
            read = Names::of(&case.request.message, country);
            &read
        };
        let assumed = has_assumed_country(names);
        Self {
            caller: names.calling.as_ref().map_or_else(|| name(names), |n| Some(n.written())),
            prefix_length: names.calling.as_ref().and_then(NumberView::prefix_length),
            source: Some(case.nearest.provenance.flow.source.address),
            signing,
            verified,
            assumed_country: assumed.then(|| country.clone()),
        }
    }

    fn unknown() -> Self {
        Self {
            caller: None,
            prefix_length: None,
            source: None,
            signing: Signing::Unknown,
            verified: false,
            assumed_country: None,
        }
    }
}

/// Whether the calling number, or a called one that is complete, got the country code of the settings.
fn has_assumed_country(names: &Names<'_>) -> bool {
    let assumed = |number: Option<&NumberView<'_>>| number.is_some_and(NumberView::has_assumed_country);
    let called = |number: Option<&NumberView<'_>>| assumed(number.filter(|n| n.digits.len() >= COMPLETE_DIGITS));
    assumed(names.calling.as_ref()) || called(names.called.as_ref()) || called(names.dialled.as_ref())
}

/// User and host of a caller that is no number, though it may withhold its identity.
fn name(names: &Names<'_>) -> Option<String> {
    if let Some(caller) = &names.caller {
        return Some(caller.clone().into_owned());
    }
    let from = names.from.as_ref()?;
    Some(if from.user.is_some() { from.user_at_host() } else { from.lower_host() }.into_owned())
}

/// How the INVITE is signed, and whether that was verified. Of several `PASSporTs` those of SHAKEN count, else those about the
/// origin of the call; of several such one that holds is enough (RFC 8224 §6.2.1).
fn signing(case: &IdentityCase<'_>, identities: &[CheckedIdentity], country: &str) -> (Signing, bool) {
    let cut = case.request.message.is_cut();
    if identities.is_empty() {
        return (if cut { Signing::Unknown } else { Signing::Unsigned }, false);
    }
    let mismatch = *destination(case, country) == Destination::Differs;
    let mut deciding = deciding(identities);
    let holds = deciding.find(|checked| !mismatch && !is_invalid(case, checked, country));
    match holds {
        Some(checked) => {
            let level = checked.identity.passport.claims.as_ref().and_then(|claims| claims.attest);
            (level.map_or(Signing::NoLevel, Signing::Level), checked.verdict.is_verified())
        }
        None => (if cut { Signing::Unknown } else { Signing::Invalid }, false),
    }
}

fn deciding(identities: &[CheckedIdentity]) -> impl Iterator<Item = &CheckedIdentity> {
    let is_shaken = |c: &CheckedIdentity| c.identity.ppt() == Some("shaken");
    let is_origin = |c: &CheckedIdentity| !c.identity.is_diversion();
    let kinds: [fn(&CheckedIdentity) -> bool; 3] = [is_shaken, is_origin, |_| true];
    let kind = kinds.into_iter().find(|is| identities.iter().any(is));
    identities.iter().filter(move |checked| kind.is_some_and(|is| is(checked)))
}

fn is_invalid(case: &IdentityCase<'_>, checked: &CheckedIdentity, country: &str) -> bool {
    let identity = &checked.identity;
    let stale =
        Age::of(case, identity).is_some_and(|age| age.is_stale_by_date() == Some(true) && age.is_stale_by_capture());
    identity.legacy
        || identity.faults().iter().any(|fault| !fault.kind.is_lint())
        || checked.verdict.is_failed()
        || stale
        || wrong_origin(case, identity, country).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::report;
    use crate::diagnosis::signed_flow::flow;

    fn origin(flow: &str) -> CallOrigin {
        report(flow).origin.unwrap()
    }

    #[test]
    fn what_no_verifier_accepts_is_invalid() {
        let (v1, v2) = (flow(&["V1"], "607 Unwanted"), flow(&["V2"], "607 Unwanted"));
        let without = |start: &str, text: &str| -> String {
            text.split_inclusive('\n').filter(|line| !line.starts_with(start)).collect()
        };
        for (what, text, expected) in [
            ("full", v1.clone(), "A"),
            ("gateway, untidy", flow(&["V8"], "607 Unwanted"), "C"),
            ("old by both clocks", v2.clone(), "invalid"),
            ("old by the clock of the capture alone", without("Date:", &v2), "A"),
            ("from the future", flow(&["V3"], "607 Unwanted"), "invalid"),
            ("another called number", flow(&["V4"], "607 Unwanted"), "invalid"),
            ("another caller", flow(&["V5"], "607 Unwanted"), "invalid"),
            ("signature not checked", flow(&["V6"], "607 Unwanted"), "A"),
            ("compact", flow(&["V7"], "607 Unwanted"), "invalid"),
            ("alg none", flow(&["V11"], "607 Unwanted"), "invalid"),
            ("no token", v1.replace("Identity: ", "Identity: x"), "invalid"),
            ("none", without("Identity:", &v1), "unsigned"),
            ("one of two holds", flow(&["V5", "V1"], "607 Unwanted"), "A"),
            ("shaken beside a diversion", flow(&["V9", "V1"], "607 Unwanted"), "A"),
            ("a diversion alone", flow(&["V9"], "607 Unwanted"), "no-level"),
        ] {
            assert_eq!(origin(&text).signing.name(), expected, "{what}");
        }
    }

    #[test]
    fn the_caller_is_a_number_or_a_name() {
        let text = flow(&[], "486 Busy Here");
        for (from, caller, prefix, assumed) in [
            ("sip:+12125550101@192.0.2.10", Some("+12125550101"), Some("+1212555"), None),
            ("sip:2125550101@192.0.2.10", Some("+12125550101"), Some("+1212555"), Some("1")),
            ("sip:1001@PBX.example", Some("1001"), None, None),
            ("sip:Alice@PBX.example", Some("Alice@pbx.example"), None, None),
            ("sip:anonymous@anonymous.invalid", Some("anonymous@anonymous.invalid"), None, None),
            ("sip:pbx.example", Some("pbx.example"), None, None),
        ] {
            let found = origin(&text.replace("sip:+12125550101@192.0.2.10", from));
            assert_eq!((found.caller.as_deref(), found.prefix()), (caller, prefix), "{from}");
            assert_eq!(found.assumed_country.as_deref(), assumed, "{from}");
            assert_eq!(found.source.map(|s| s.to_string()).as_deref(), Some("192.0.2.10"));
        }
    }

    #[test]
    fn what_was_not_captured_is_unknown() {
        let cut = flow(&[], "607 Unwanted").replacen("0 a > p\n", "0 a > p cut=200\n", 1);
        assert_eq!(origin(&cut).signing, Signing::Unknown);
        let answer = "host a 192.0.2.10\nhost p 198.51.100.50\n\n0 p > a raw\nSIP/2.0 607 Unwanted\nCall-ID: x\nCSeq: 1 INVITE\n\
            Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\nFrom: <sip:a@a.example>;tag=1\nTo: <sip:b@b.example>;tag=2\n";
        let found = origin(answer);
        assert_eq!((found.signing, found.source), (Signing::Unknown, None));
    }
}
