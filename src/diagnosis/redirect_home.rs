//! Whose address a redirect leads to, where it is at home with those who are in the call already: the caller, or the client that was
//! redirected.

use crate::call::Transaction;
use crate::diagnosis::redirect_case::{FOLLOW_WINDOW, RedirectCase};
use crate::diagnosis::{Finding, Text};
use crate::sip::{HeaderName, Message, Uri};

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
        if !is_client && !may_name(request, target) {
            return false;
        }
        let Some(user) = target.effective_user().filter(|user| !user.is_empty()) else { return false };
        let from = request.parties().from.as_ref();
        let is_from = from.is_some_and(|from| {
            from.uri.effectively_equals(target) || (is_client && from.uri.effective_user() == Some(user))
        });
        is_from || request.contacts().iter().any(|contact| contact.uri.effectively_equals(target))
    }

    /// Whether a target is the client itself, for the very user for whom it asked: each of the two takes the other for the place where that
    /// user is.
    pub(super) fn is_sent_back(&self, target: &Uri) -> bool {
        let asked = self.redirect.from.as_ref().and_then(Uri::effective_user).filter(|user| !user.is_empty());
        self.home_of(target) == Home::Client
            && target.port_or_default() == self.client().port
            && asked.is_some()
            && asked == target.effective_user()
    }

    /// What to do where that is so.
    pub(super) fn one_owner(&self, finding: Finding) -> Finding {
        let owner = Text::new(
            "Decide which of {servers} owns the address; that one must answer it, with the telephone or with 404.",
        );
        let servers = [self.client(), self.redirector()].map(Text::verbatim);
        finding
            .fix(owner.with("servers", Text::list(" and ", servers)))
            .fix("Remove the route that leads back from the other one: compare the route tables of both.")
            .verify("Call again: the call ends at one of the two, with the telephone or with 404.")
    }

    /// Whether somebody may have followed it, though nothing goes to a Contact as it is written.
    pub(super) fn may_be_followed(&self) -> bool {
        self.call.may_be_followed
            || self.may_be_followed_by_another_name()
            || self.may_be_followed_at_another_host()
            || self.told_of_progress()
    }

    /// Whether the element that was redirected told its own caller of progress after that: it called somebody, though the capture does not
    /// show it.
    fn told_of_progress(&self) -> bool {
        let (client, told) = (self.client().address, self.response.provenance.time);
        let provisionals = self.call.transactions.iter().flat_map(|t| &t.provisionals);
        provisionals.filter_map(|id| self.call.message(*id)).any(|m| {
            m.provenance.flow.source.address == client
                && m.provenance.time > told
                && m.message.status().is_some_and(|status| status.0 > 100)
        })
    }

    /// Whether the client asked another server for the user of a Contact right after the redirect: the address in its Request-URI may
    /// be what the name in the Contact stands for, or that of another route.
    fn may_be_followed_at_another_host(&self) -> bool {
        let is_asked = |target: &Uri| {
            let same = |uri: &Uri| uri.effective_user().is_some_and(|user| Some(user) == target.effective_user());
            self.targets().any(same)
        };
        let mut next = self.call.transactions.iter().filter(|t| self.is_next(t));
        next.any(|t| {
            let request = t.request.and_then(|id| self.call.message(id));
            request.and_then(|m| m.message.request_uri()).is_some_and(|target| is_asked(&target))
        })
    }

    /// Whether a request to another server came from the client right after the redirect.
    fn is_next(&self, later: &Transaction) -> bool {
        let told = self.response.provenance.time;
        later.client.address == self.client().address
            && later.method == self.transaction.method
            && !later.in_dialog
            && later.server != self.transaction.server
            && later.start > told
            && later.start.since(told) <= FOLLOW_WINDOW
    }

    /// Whether the client went somewhere else right after the redirect, which led to an address that it is home to: whom it called
    /// may be that user, under the name of his telephone.
    fn may_be_followed_by_another_name(&self) -> bool {
        let is_served = |uri: &Uri| self.home_of(uri) == Home::Client || self.is_called_domain(uri);
        self.call.transactions.iter().any(|t| self.is_next(t)) && self.targets().any(is_served)
    }

    /// Whether a target is in the domain that the caller asked for: who forwards calls to it is home to it.
    fn is_called_domain(&self, target: &Uri) -> bool {
        let asked = self.call.initial_request().and_then(|m| m.message.target());
        asked.is_some_and(|asked| asked.host.eq_ignore_ascii_case(&target.host))
    }
}

/// Whether From or a Contact may have a URI that equals a target with a user: one that is `tel:`, or has its host, however that is spelled
/// (an address of IPv6 in several ways). In nearly all redirects there is none, which is told sooner than header fields are read.
fn may_name(request: &Message, target: &Uri) -> bool {
    let host = target.host.trim_end_matches('.').as_bytes();
    if !target.is_sip() || host.is_empty() || host.contains(&b':') {
        return true;
    }
    let mut values = [HeaderName::From, HeaderName::Contact].into_iter().flat_map(|name| request.headers(name));
    values.any(|value| has_host(value.as_bytes(), host) || has_tel(value.as_bytes()))
}

fn has_host(value: &[u8], host: &[u8]) -> bool {
    let begins = |at: usize| value.get(at + 1..at + 1 + host.len()).is_some_and(|text| text.eq_ignore_ascii_case(host));
    memchr::memchr_iter(b'@', value).any(begins)
}

fn has_tel(value: &[u8]) -> bool {
    let ends = |at: usize| {
        at.checked_sub(3).and_then(|from| value.get(from..at)).is_some_and(|name| name.eq_ignore_ascii_case(b"tel"))
    };
    memchr::memchr_iter(b':', value).any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_name_the_target_is_read_and_nothing_else() {
        let message = |from: &str, contact: &str| {
            let text = format!("INVITE sip:bob@b.example SIP/2.0\r\nFrom: {from}\r\nContact: {contact}\r\n\r\n");
            Message::read(text.as_bytes(), false).unwrap().0
        };
        let target = |text: &str| Uri::read(text).unwrap();
        let elsewhere = "<sip:alice@192.0.2.10:5060>";
        for (from, contact, to, may) in [
            ("\"a@b\" <sip:alice@PBX.example>;tag=1", elsewhere, "sip:alice@pbx.example", true),
            ("<sip:alice@pbx.example.>", elsewhere, "sip:alice@pbx.example", true),
            ("<sip:alice@c.example>", elsewhere, "sip:alice@192.0.2.10", true),
            ("<tel:+4930123456>;tag=1", elsewhere, "sip:+4930123456@d.example", true),
            ("TEL:+4930123456", elsewhere, "sip:+4930123456@d.example", true),
            ("<sip:alice@c.example>", elsewhere, "tel:+4930123456", true),
            ("<sip:alice@[2001:db8::1]>", elsewhere, "sip:alice@[2001:db8:0::1]", true),
            ("<sip:alice@c.example>", elsewhere, "sip:alice@d.example", false),
            ("<sip:hotel:1@c.example>", elsewhere, "sip:alice@192.0.2.11", true),
        ] {
            assert_eq!(may_name(&message(from, contact), &target(to)), may, "{from} {to}");
        }
    }
}
