//! What is said of a refused registration, and what to do.

use std::borrow::Cow;

use super::{Kind, MANY, Rejected};
use crate::diagnosis::patterns::registered::Wanted;
use crate::diagnosis::{Text, response_facts};
use crate::lang::span;
use crate::sip::{HeaderName, Message};

impl<'a> Rejected<'a> {
    pub(super) fn meaning(&self) -> Text {
        let text = match self.kind() {
            Kind::WrongCredentials => {
                Text::new("{user} was not registered: the reason phrase names the credentials that the request carried.")
            }
            Kind::WithCredentials => Text::new(
                "{user} was not registered: the request carried credentials, and many registrars answer wrong ones so; others mean an account that is blocked, or may \
                 not register from {client}.",
            )
            .with("client", self.refused.deepest.client.address),
            Kind::WithoutCredentials => Text::new(
                "{user} was not registered, and no password was looked at, as the request carried no credentials: the registrar refuses the account, its domain, \
                 or the address {client}.",
            )
            .with("client", self.refused.deepest.client.address),
            Kind::Unknown => Text::new("{user} was not registered: the registrar knows no such user, or does not serve {domain}.")
                .with("domain", self.domain().into_owned()),
            Kind::TooBrief => return self.too_brief(),
            Kind::Other => {
                Text::new("{user} was not registered: the registrar refuses, and the status gives no reason that fits a registration.")
            }
        };
        response_facts::with_own_reason(text.with("user", &self.user), self.refused.response)
    }

    fn too_brief(&self) -> Text {
        let least = response_facts::seconds(&self.last().response.message, HeaderName::MinExpires);
        let asked = asked(&self.request.message);
        let text = match (asked, least) {
            (Some(asked), Some(least)) => Text::new(
                "{user} was not registered: the client asked for {asked} seconds, and the registrar grants no less than {least}. Under this Call-ID the client did not ask \
                 for longer.",
            )
            .with("asked", asked)
            .with("least", least),
            (None, Some(least)) => Text::new(
                "{user} was not registered: the registrar grants no less than {least} seconds. Under this Call-ID the client did not ask for longer.",
            )
            .with("least", least),
            (_, None) => Text::new(
                "{user} was not registered: the client asked for too short a time. The registrar does not say for how long it would, as it has to in Min-Expires (RFC 3261 \
                 §10.3).",
            ),
        };
        text.with("user", &self.user)
    }

    /// How often the client tried.
    pub(super) fn count(&self) -> Option<Text> {
        let last = self.again.last()?;
        let took = last.response.provenance.time.since(self.refused.response.provenance.time);
        let text = Text::new("The client tried {n} times in {took}, and got the same each time.");
        Some(text.with("n", 1 + self.again.len()).with("took", span(took)))
    }

    /// The domain that it registers at.
    fn domain(&self) -> Cow<'a, str> {
        self.request.message.request_uri().map_or(Cow::Borrowed("?"), |uri| Cow::Owned(uri.host))
    }

    /// The user name in the credentials, if it is none that the address of record has.
    fn other_name(&self) -> Option<String> {
        let credentials = self.last().request()?.message.credentials();
        let name = credentials.first()?.params.value("username")?.trim_matches('"').to_owned();
        let own = self.user.split_once(':').map_or(&*self.user, |(_, own)| own);
        let user = own.split_once('@').map_or(own, |(user, _)| user);
        let is_own = [own, user].iter().any(|own| own.eq_ignore_ascii_case(&name));
        (!is_own && !name.is_empty()).then_some(name)
    }

    pub(super) fn fixes(&self) -> Vec<Text> {
        let server = self.refused.response.provenance.flow.source;
        let mut fixes = match self.kind() {
            Kind::WrongCredentials | Kind::WithCredentials => {
                let other = self.other_name().map(|name| {
                    Text::new("Compare the user name in the credentials, {name}, with the account: it is another one than that of {user}.")
                        .with("name", name)
                        .with("user", &self.user)
                });
                let enter = Text::new("Enter user name and password again at the client, and compare them with the account.");
                let permitted = Text::new("See whether the account exists, is active, and may register from {client}.")
                    .with("client", self.refused.deepest.client.address);
                let permitted = Some(permitted).filter(|_| self.kind() == Kind::WithCredentials);
                other.into_iter().chain([enter]).chain(permitted).collect()
            }
            Kind::WithoutCredentials | Kind::Other => vec![
                Text::new("Ask the operator of {server} which rule refused the request; its log at this second names it.")
                    .with("server", server),
                Text::new("Compare To and the domain of the Request-URI with the account."),
            ],
            Kind::Unknown => vec![
                Text::new("Compare To ({user}) and the domain of the Request-URI ({domain}) with the account: many accounts belong to a domain, and are not found by the \
                    address of the server.")
                    .with("user", &self.user)
                    .with("domain", self.domain().into_owned()),
                Text::new("If they are right, create the account at the registrar."),
            ],
            Kind::TooBrief => {
                let raise = match response_facts::seconds(&self.last().response.message, HeaderName::MinExpires) {
                    Some(least) => Text::new("Raise the expiry that the client asks for to {least} seconds or more.").with("least", least),
                    None => Text::new("Raise the expiry that the client asks for; let the registrar say the least in Min-Expires."),
                };
                let by_itself = self.accepted_elsewhere().is_none().then(|| {
                    Text::new("Ask the vendor of the client why it does not ask again for longer by itself (RFC 3261 §10.2.8).")
                });
                let keep = Text::new("Keep NAT open with keep-alives instead of short registrations.");
                [raise, keep].into_iter().chain(by_itself).collect()
            }
        };
        if self.again.len() + 1 >= MANY && self.kind() != Kind::TooBrief {
            fixes.push(Text::new(
                "Let the client wait longer between attempts until then: many servers block an address that fails so often.",
            ));
        }
        fixes
    }
}

/// For how long a REGISTER asks, in seconds.
fn asked(request: &Message) -> Option<u64> {
    match Wanted::of(request)? {
        Wanted::Binding(asked) => asked.map(|asked| asked.as_secs()),
        Wanted::Removal => None,
    }
}
