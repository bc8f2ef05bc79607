//! Whose address a redirect leads to, where it is at home with those who are in the call already: the caller, or the client that was
//! redirected.

use crate::call::Transaction;
use crate::diagnosis::redirect_case::{FOLLOW_WINDOW, RedirectCase};
use crate::sip::Uri;

/// Who is at home at the target of a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// The caller: nobody calls himself.
    Caller,
    /// A user of the client, which is an exchange or a proxy and knows where he is.
    Client,
    /// Neither, as far as the capture tells.
    Elsewhere,
}

impl RedirectCase<'_> {
    /// Who is at home at a target.
    pub(super) fn home_of(&self, target: &Uri) -> Home {
        let own = target.ip() == Some(self.client().address);
        if self.is_caller(target, own) {
            Home::Caller
        } else if own {
            Home::Client
        } else {
            Home::Elsewhere
        }
    }

    /// Whether a target is the address of the caller: that in From or Contact, or its user at the client itself.
    fn is_caller(&self, target: &Uri, is_client: bool) -> bool {
        let Some(request) = self.nearest_request().map(|m| &m.message) else { return false };
        let Some(user) = target.effective_user().filter(|user| !user.is_empty()) else { return false };
        let from = request.parties().from.as_ref();
        let is_from = from.is_some_and(|from| {
            from.uri.effectively_equals(target) || (is_client && from.uri.effective_user() == Some(user))
        });
        is_from || request.contacts().iter().any(|contact| contact.uri.effectively_equals(target))
    }

    /// Whether the client went somewhere else right after the redirect, which led to an address that it is home to: whom it called
    /// may be that user, under the name of his telephone.
    pub(super) fn may_be_followed_by_another_name(&self) -> bool {
        let (client, told) = (self.client(), self.response.provenance.time);
        let is_next = |t: &&Transaction| {
            t.client.address == client.address
                && t.method == self.transaction.method
                && !t.in_dialog
                && t.server != self.transaction.server
                && t.start > told
                && t.start.since(told) <= FOLLOW_WINDOW
        };
        let is_served = |uri: &Uri| self.home_of(uri) == Home::Client || self.is_called_domain(uri);
        self.call.transactions.iter().any(|t| is_next(&t)) && self.targets().any(is_served)
    }

    /// Whether a target is in the domain that the caller asked for: who forwards calls to it is home to it.
    fn is_called_domain(&self, target: &Uri) -> bool {
        let asked = self.call.initial_request().and_then(|m| m.message.target());
        asked.is_some_and(|asked| asked.host.eq_ignore_ascii_case(&target.host))
    }
}
