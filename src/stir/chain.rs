//! Several PASSporT tokens in one request: one about the origin of the call, and one for each diversion (RFC 8946 §4).

use std::borrow::Borrow;

use crate::lang::{Text, phrase};

use super::{Claims, Identity, Subject, TelephoneNumber};

/// What does not fit between the PASSporT tokens of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault {
    /// The same token more than once.
    Duplicate,
    /// Several different PASSporT tokens of one kind about the origin of the call.
    SeveralOrigins(String),
    /// Diversions, but nothing about the origin of the call.
    NoOrigin,
    /// A diversion from a number that no other PASSporT is for.
    BrokenAt(String),
    /// PASSporT tokens that name different callers.
    DifferentCallers(String, String),
}

impl ChainFault {
    /// Whether it is untidy rather than contradictory.
    pub fn is_lint(&self) -> bool {
        matches!(self, Self::Duplicate | Self::SeveralOrigins(_))
    }
}

impl ChainFault {
    /// What does not fit.
    pub fn text(&self) -> Text {
        match self {
            Self::Duplicate => Text::new("the same PASSporT stands there more than once"),
            Self::SeveralOrigins(ppt) => {
                Text::new("several different PASSporTs of kind {ppt} claim the origin of the call")
                    .with("ppt", format!("{ppt:?}"))
            }
            Self::NoOrigin => Text::new("a diversion is signed, but not the call that was diverted"),
            Self::BrokenAt(number) => {
                Text::new("a diversion leads away from {number}, and no other PASSporT leads there")
                    .with("number", number)
            }
            Self::DifferentCallers(one, other) => {
                Text::new("they name different callers, {one} and {other}").with("one", one).with("other", other)
            }
        }
    }
}

phrase!(ChainFault);

/// Everything that does not fit between PASSporT tokens. Those that cannot be read are left out: they have faults of their own.
pub fn faults<I: Borrow<Identity>>(identities: &[I]) -> Vec<ChainFault> {
    let identities: Vec<&Identity> = identities.iter().map(Borrow::borrow).collect();
    let read: Vec<(&Identity, Option<&Claims>)> =
        identities.iter().filter(|i| !i.legacy).map(|i| (*i, i.passport.claims.as_ref())).collect();
    if read.is_empty() || read.iter().any(|(i, claims)| claims.is_none() && !i.passport.compact) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let token = |at: usize| read.get(at).map(|(identity, _)| identity.token());
    if (1..read.len()).any(|at| (0..at).any(|earlier| token(earlier) == token(at))) {
        faults.push(ChainFault::Duplicate);
    }
    faults.extend(several_origins(&identities));
    if identities.iter().all(|identity| identity.is_diversion()) {
        faults.push(ChainFault::NoOrigin);
    }
    let claims: Vec<&Claims> = read.iter().filter_map(|(_, claims)| *claims).collect();
    // A compact PASSporT leaves its numbers to the request, so that a chain through it cannot be followed.
    if claims.len() == read.len() && !faults.contains(&ChainFault::NoOrigin) {
        faults.extend(broken(&claims));
    }
    faults.extend(different_callers(&claims));
    faults
}

fn several_origins(identities: &[&Identity]) -> Option<ChainFault> {
    let origins: Vec<&Identity> = identities.iter().copied().filter(|i| !i.is_diversion() && !i.legacy).collect();
    origins.iter().enumerate().find_map(|(at, identity)| {
        let rival = |other: &&&Identity| other.ppt() == identity.ppt() && other.token() != identity.token();
        origins.iter().skip(at + 1).find(rival)?;
        Some(ChainFault::SeveralOrigins(identity.ppt().unwrap_or_default().to_owned()))
    })
}

/// Diversions whose former number is the destination of no other PASSporT.
fn broken<'a>(claims: &'a [&'a Claims]) -> impl Iterator<Item = ChainFault> + 'a {
    claims.iter().enumerate().filter_map(|(at, claim)| {
        let former = claim.div.as_ref()?;
        let mut others = claims.iter().enumerate().filter(|(other, _)| *other != at);
        let leads_there = others.any(|(_, other)| other.dest.iter().any(|dest| same(dest, former)));
        (!leads_there).then(|| ChainFault::BrokenAt(former.text().to_owned()))
    })
}

fn different_callers(claims: &[&Claims]) -> Option<ChainFault> {
    let mut callers = claims.iter().filter_map(|claim| claim.orig.as_ref());
    let first = callers.next()?;
    let other = callers.find(|other| !same(first, other))?;
    Some(ChainFault::DifferentCallers(first.text().to_owned(), other.text().to_owned()))
}

fn same(one: &Subject, other: &Subject) -> bool {
    match (one, other) {
        (Subject::Number(one), Subject::Number(other)) => {
            let digits = |text: &str| TelephoneNumber::of_claim(text).map(|n| n.digits().to_owned());
            digits(one) == digits(other)
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stir::passport::tests::{V1, V4, V5, V7, V9};

    fn words(tokens: &[&str]) -> Vec<String> {
        let identity = |token: &&str| {
            let ppt = if *token == V9 { "div" } else { "shaken" };
            Identity::read(&format!("{token};info=<https://cert.orig.example/shaken.pem>;ppt={ppt}"))
        };
        faults(&tokens.iter().map(identity).collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_chain_leads_from_the_origin_over_each_diversion() {
        assert_eq!(words(&[V1]), Vec::<String>::new());
        assert_eq!(words(&[V4, V9]), Vec::<String>::new());
        assert_eq!(words(&[V9, V4]), Vec::<String>::new(), "their order does not matter");
        assert_eq!(words(&[V1, V9]), ["a diversion leads away from 12155550199, and no other PASSporT leads there"]);
        assert_eq!(words(&[V9]), ["a diversion is signed, but not the call that was diverted"]);
    }

    #[test]
    fn copies_rivals_and_other_callers_are_told() {
        assert_eq!(words(&[V1, V1]), ["the same PASSporT stands there more than once"]);
        assert_eq!(words(&[V1, V4]), ["several different PASSporTs of kind \"shaken\" claim the origin of the call"]);
        assert_eq!(
            words(&[V1, V5]),
            [
                "several different PASSporTs of kind \"shaken\" claim the origin of the call",
                "they name different callers, 12125550101 and 12125550177"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_left_to_others() {
        assert_eq!(words(&[]), Vec::<String>::new());
        assert_eq!(words(&["a.b.c", V9]), Vec::<String>::new());
        assert_eq!(words(&[V7, V9]), Vec::<String>::new(), "the numbers of a compact PASSporT are not in it");
    }
}
