//! What the claims of `PASSporTs` say against the call that carries them; shared by the rules about single faults and by the
//! one that finds none.

use std::time::Duration;

use super::identity_case::{IdentityCase, Numbers, same_number};
use crate::provenance::Timestamp;
use crate::stir::freshness::WINDOW;
use crate::stir::telephone_number::NumberView;
use crate::stir::{Claims, Freshness, Identity, Subject, TelephoneNumber};

/// A call that is forwarded on no answer or waits in a queue keeps its first PASSporT; beside a signed diversion about three
/// hours are defensible (RFC 8946 §4.2).
const FORWARDED: Duration = Duration::from_hours(3);

/// How old a PASSporT is by two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age {
    /// Against the Date header field.
    pub(super) date: Option<Freshness>,
    /// Against the clock of the capture.
    pub(super) capture: Freshness,
    /// What is tolerated.
    pub(super) window: Duration,
}

impl Age {
    /// The age of a PASSporT; `None` where it does not say when it was made.
    pub(super) fn of(case: &IdentityCase<'_>, identity: &Identity) -> Option<Self> {
        let issued = identity.passport.claims.as_ref()?.iat?;
        let captured: Timestamp = case.request.provenance.time;
        let forwarded = case.has_diversion() && !identity.is_diversion();
        Some(Self {
            date: case.date().map(|date| Freshness::of(issued, date)),
            capture: Freshness::of(issued, captured.epoch_seconds()),
            window: if forwarded { FORWARDED } else { WINDOW },
        })
    }

    /// Whether it lies outside of the window by Date; `None` without Date.
    pub(super) fn is_stale_by_date(&self) -> Option<bool> {
        self.date.map(|date| self.exceeds(date))
    }

    /// Whether it lies outside of the window by the clock of the capture.
    pub(super) fn is_stale_by_capture(&self) -> bool {
        self.exceeds(self.capture)
    }

    fn exceeds(&self, difference: Freshness) -> bool {
        // A token from the future does not get old by forwarding.
        let window = if difference.seconds > 0 { WINDOW } else { self.window };
        difference.seconds.unsigned_abs() > window.as_secs()
    }
}

/// The caller that a PASSporT claims, where it differs from every number that the INVITE names as caller.
pub(super) fn wrong_origin<'c>(
    case: &'c IdentityCase<'_>,
    identity: &'c Identity,
    country: &str,
) -> Option<(&'c str, NumberView<'c>)> {
    let Some(Subject::Number(claimed)) = claims(identity)?.orig.as_ref() else { return None };
    let named = case.numbers(country).calling;
    if named.iter().any(|number| same_number(claimed, number)) {
        return None;
    }
    Some((claimed, named.into_iter().next()?))
}

/// How the called numbers of the `PASSporTs` fit the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// One of them names the number that the INVITE goes to, or nothing can be compared.
    Fits,
    /// They name the number of To, and the INVITE was sent on to another one without a signed diversion.
    Retargeted(TelephoneNumber),
    /// They name neither.
    Differs,
}

/// Compares the called numbers that `PASSporTs` claim with To and Request-URI: of several one that fits is enough (RFC 8224
/// §6.2.1).
pub(super) fn destination<'c>(case: &'c IdentityCase<'_>, country: &str) -> &'c Destination {
    case.destination.get_or_init(|| compared(case, country))
}

fn compared(case: &IdentityCase<'_>, country: &str) -> Destination {
    let Numbers { to, target, .. } = case.numbers(country);
    let claimed = || case.identities.iter().flat_map(|identity| claimed_destinations(identity));
    let fits = |number: Option<&NumberView<'_>>| number.map(|number| claimed().any(|claim| same_number(claim, number)));
    match (claimed().next().is_none(), fits(to.as_ref()), fits(target.as_ref())) {
        (true, ..) | (_, _, Some(true)) | (_, None | Some(true), None) => Destination::Fits,
        (_, Some(true), Some(false)) if case.has_diversion() => Destination::Fits,
        (_, Some(true), Some(false)) => {
            target.map_or(Destination::Fits, |target| Destination::Retargeted(target.to_number()))
        }
        (_, Some(false) | None, _) => Destination::Differs,
    }
}

/// The telephone numbers of `dest`.
pub(super) fn claimed_destinations(identity: &Identity) -> impl Iterator<Item = &str> {
    claims(identity).into_iter().flat_map(|claims| &claims.dest).filter_map(|subject| match subject {
        Subject::Number(number) => Some(number.as_str()),
        Subject::Uri(_) => None,
    })
}

/// The claims of a PASSporT that can be read.
pub(super) fn claims(identity: &Identity) -> Option<&Claims> {
    identity.passport.claims.as_ref()
}
