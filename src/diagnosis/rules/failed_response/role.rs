//! Who must act after a failure, and at which end of the request that is.

use std::sync::LazyLock;

use crate::catalog::{self, StatusEntry};

/// Who must act, in words of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) name: &'static str,
    /// The end that it has, where its name tells.
    pub(super) end: Option<End>,
}

/// One of the two ends of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answering,
    Calling,
}

const ANSWERING: [&str; 4] = ["that answered", "that sent it", "of the server that", "that lost the dialog"];
const CALLING: [&str; 5] = ["calling", "the caller", "the client", "the sender", "of the account"];

impl Role {
    /// Of whoever acts where nothing was repeated; `None` for nobody.
    pub(super) fn of(who_acts: &'static str) -> Option<Self> {
        let name = catalog::acting(who_acts)?;
        let tells = |words: &[&str]| words.iter().any(|words| name.contains(words));
        let end = if tells(&ANSWERING) { Some(End::Answering) } else { tells(&CALLING).then_some(End::Calling) };
        Some(Self { name, end })
    }

    /// The same of an entry of the catalogue. Each is looked at once: a failure may come a thousand times.
    pub(super) fn of_entry(entry: &StatusEntry) -> Option<Self> {
        static ROLES: LazyLock<Vec<(u16, Option<Role>)>> =
            LazyLock::new(|| catalog::entries().map(|entry| (entry.code, Role::of(entry.who_acts))).collect());
        let at = ROLES.binary_search_by_key(&entry.code, |(code, _)| *code).ok()?;
        ROLES.get(at).and_then(|(_, role)| *role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_end_that_its_name_tells() {
        for (name, end) in [
            ("the operator of the server that answered", Some(End::Answering)),
            ("the caller", Some(End::Calling)),
            ("both operators", None),
        ] {
            assert_eq!(Role::of(name), Some(Role { name, end }));
        }
        assert_eq!(Role::of("nobody"), None);
    }

    #[test]
    fn each_entry_has_its_own() {
        let roles: Vec<_> = catalog::entries().map(|entry| (Role::of_entry(entry), Role::of(entry.who_acts))).collect();
        assert!(roles.iter().all(|(known, read)| known == read));
        assert!(roles.iter().any(|(known, _)| known.is_none()));
    }
}
