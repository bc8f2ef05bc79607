//! What is only known at the end: whether an address has other targets, is in use, or is a stage of a longer way.

use std::collections::{BTreeMap, BTreeSet};

use super::{Address, Change, ContactEnd, Move, Moves, Reason, Target};
use crate::limits::MOVE_TARGETS;

pub(super) fn rows(moves: &Moves) -> Vec<Move> {
    let changes = moves.redirects.changes();
    let circles = circles(&moves.addresses);
    let mut rows = Vec::new();
    for (old, address) in &moves.addresses {
        let change = change(address, &changes);
        let mut targets: Vec<&Target> = address.targets.iter().collect();
        targets.sort_by_key(|t| (t.seen.first, t.seen.frames().next()));
        rows.extend(targets.into_iter().map(|target| Move {
            old: address.old.clone(),
            new: target.new.clone(),
            server: target.server,
            seen: target.seen.clone(),
            calls: target.calls,
            answered: target.answered,
            contacts: target.contacts,
            reason: reason(target, change, whereabouts(target, old, moves, &circles)),
        }));
    }
    rows
}

/// The first reason that counts.
fn reason(target: &Target, change: Option<Reason>, whereabouts: Option<Reason>) -> Reason {
    let all = [target.objection, change, whereabouts];
    all.into_iter().flatten().min().into_iter().chain([by_calls(target)]).min().unwrap_or(Reason::NotCalled)
}

/// What the calls to the new address say.
fn by_calls(target: &Target) -> Reason {
    let ended = |end| target.ends.contains(&Some(end));
    if target.answered > 0 {
        if target.last_failed > target.last_answered { Reason::FailedLater } else { Reason::Answered }
    } else if ended(ContactEnd::Redirected) {
        Reason::MovesOn
    } else if ended(ContactEnd::Failed) {
        Reason::Failed
    } else if ended(ContactEnd::Reached) {
        Reason::NotAnswered
    } else if ended(ContactEnd::Open) {
        Reason::NoResponse
    } else if target.other_answered {
        Reason::OtherContactAnswered
    } else {
        Reason::NotCalled
    }
}

/// What other 301s and other answers say of the old address.
fn change(address: &Address, changes: &BTreeMap<&str, Option<Change>>) -> Option<Reason> {
    let named = address.targets.iter().filter(|t| !t.key.is_empty()).count();
    let of = |key: &String| match changes.get(key.as_str()) {
        Some(Some(Change::Targets)) => Some(Reason::ChangingTarget),
        Some(Some(Change::InUse)) => Some(Reason::OldAddressInUse),
        Some(None) => None,
        None => Some(Reason::NotCompared),
    };
    let several = (named > 1).then_some(Reason::ChangingTarget);
    let unknown = address.asked.is_empty() || address.asked.len() >= MOVE_TARGETS;
    let unknown = unknown.then_some(Reason::NotCompared);
    address.asked.iter().filter_map(of).chain(several).chain(unknown).min()
}

/// Whether the new address is itself an old one.
fn whereabouts(target: &Target, old: &str, moves: &Moves, circles: &BTreeSet<&str>) -> Option<Reason> {
    if target.key == old {
        return Some(Reason::SameAddress);
    }
    if circles.contains(target.key.as_str()) {
        return Some(Reason::Loop);
    }
    moves.addresses.contains_key(&target.key).then_some(Reason::MovesOn)
}

/// Old addresses whose moves lead into a circle: what is left when those that lead out of it are taken away one by one.
fn circles(addresses: &BTreeMap<String, Address>) -> BTreeSet<&str> {
    let mut ways: BTreeMap<&str, usize> = BTreeMap::new();
    let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (old, address) in addresses {
        let onward =
            address.targets.iter().map(|t| t.key.as_str()).filter(|key| key != old && addresses.contains_key(*key));
        ways.insert(old, onward.clone().count());
        onward.for_each(|new| before.entry(new).or_default().push(old));
    }
    let mut ends: Vec<&str> = ways.iter().filter(|(_, count)| **count == 0).map(|(old, _)| *old).collect();
    while let Some(end) = ends.pop() {
        ways.remove(end);
        for old in before.get(end).into_iter().flatten() {
            let Some(count) = ways.get_mut(old) else { continue };
            *count -= 1;
            if *count == 0 {
                ends.push(old);
            }
        }
    }
    ways.into_keys().collect()
}
