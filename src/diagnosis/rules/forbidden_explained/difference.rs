//! What a refused call has that none of the accepted ones has.

use std::net::IpAddr;

use crate::diagnosis::Text;
use crate::diagnosis::accepted::form::{Form, Place};
use crate::diagnosis::accepted::{Kind, Look, Server};
use crate::provenance::Endpoint;

/// One of these, with what it is in the refused call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Difference<'a> {
    Client(IpAddr),
    /// The domain of From; empty where it is the own address of the client.
    Domain(&'a str),
    /// How the user of From is written, and that user.
    CallerForm(Form, &'a str),
    Caller(&'a str),
    /// Whether this one has P-Asserted-Identity.
    Asserted(bool),
    Place(Place),
}

/// Accepted calls with each of what others have, from which a difference is hardly chance.
const ENOUGH: u64 = 3;
/// Others that are named.
const NAMED: usize = 3;

impl<'a> Difference<'a> {
    /// All of them.
    pub(super) fn all(look: &Look<'a>, server: &Server) -> Vec<Self> {
        let differs = |is: &dyn Fn(&Kind) -> bool| !server.kinds().iter().any(is);
        let mut all = Vec::new();
        if differs(&|kind| kind.client == look.client) {
            all.push(Self::Client(look.client));
        }
        // Who withholds a number has another domain as well, and is asserted, as a rule (RFC 3323 §4.1.1.3, RFC 3325 §9.1).
        let is_withheld = look.caller_form == Form::Anonymous && differs(&|kind| kind.caller_form == Form::Anonymous);
        if let Some(domain) = look.domain
            && !is_withheld
            && differs(&|kind| kind.may_have_domain(Some(domain)))
        {
            all.push(Self::Domain(domain));
        }
        if differs(&|kind| kind.caller_form == look.caller_form) {
            all.push(Self::CallerForm(look.caller_form, look.caller));
        // Of people, each calls as another one; of numbers those of the account may be the only ones that are let in.
        } else if look.caller_form.is_whole_number()
            && server.calls > 1
            && server.only_caller().is_some_and(|user| !is_same_number(user, look.caller))
        {
            all.push(Self::Caller(look.caller));
        }
        if differs(&|kind| kind.is_asserted == look.is_asserted) && !(is_withheld && look.is_asserted) {
            all.push(Self::Asserted(look.is_asserted));
        }
        if differs(&|kind| !look.place.differs_from(kind.place)) {
            all.push(Self::Place(look.place));
        }
        all.retain(|difference| !difference.is_usual(server));
        all
    }

    /// Whether the next call of the same client, caller and called party may have another one.
    pub(super) fn may_be_gone_in_the_next_call(self, look: &Look<'_>) -> bool {
        match self {
            Self::Asserted(_) => true,
            Self::Domain(_) => look.caller_form.is_whole_number(),
            Self::Client(_) | Self::CallerForm(..) | Self::Caller(_) | Self::Place(_) => false,
        }
    }

    /// Whether each accepted call had another one than the others: a further one explains nothing.
    fn is_usual(self, server: &Server) -> bool {
        let others = as_count(self.each_other(server).len());
        others > 1 && others >= server.calls
    }

    /// Whether so many calls were accepted with each of what others have that another one is hardly chance.
    pub(super) fn is_hardly_chance(self, server: &Server) -> bool {
        server.calls >= ENOUGH.saturating_mul(as_count(self.each_other(server).len()).max(1))
    }

    /// Whether it rests on 00 as what stands in front of calls abroad, in this call or in an accepted one.
    pub(super) fn rests_on_double_zero(self, look: &Look<'_>, server: &Server) -> bool {
        let is = |form: Form, place: Place| form == Form::DoubleZero && matches!(place, Place::Country(_));
        matches!(self, Self::Place(_))
            && (is(look.called_form, look.place) || server.kinds().iter().any(|kind| is(kind.called_form, kind.place)))
    }

    /// What it is here, and in the accepted calls.
    pub(super) fn words(self, server: &Server) -> Text {
        let others = self.others(server);
        match self {
            Self::Client(address) => {
                Text::new("it came from {this}, they from {others}").with("this", address).with("others", others)
            }
            Self::Domain("") => {
                Text::new("the domain of its From is the address that it came from, of theirs {others}")
                    .with("others", others)
            }
            Self::Domain(domain) => Text::new("the domain of its From is {this}, of theirs {others}")
                .with("this", domain)
                .with("others", others),
            Self::CallerForm(form, user) => {
                Text::new("the user of its From is {user}, written {form}, and theirs is written {others}")
                    .with("user", user)
                    .with("form", form.words())
                    .with("others", others)
            }
            Self::Caller(user) => Text::new("its calling number is {this}, theirs always {others}")
                .with("this", user)
                .with("others", others),
            Self::Asserted(true) => Text::new("it has P-Asserted-Identity, and none of them has"),
            Self::Asserted(false) => Text::new("it has no P-Asserted-Identity, and all of them have"),
            Self::Place(place) => {
                Text::new("it goes to {this}, they to {others}").with("this", place.words()).with("others", others)
            }
        }
    }

    /// What the accepted calls have, each once.
    fn each_other(self, server: &Server) -> Vec<Text> {
        let each = |kind: &Kind| match self {
            Self::Client(_) => Text::verbatim(kind.client),
            Self::Domain(_) => match kind.domain.as_deref().unwrap_or_default() {
                "" => Text::new("the address of the client"),
                domain => Text::verbatim(domain),
            },
            Self::CallerForm(..) => kind.caller_form.words(),
            Self::Caller(_) => Text::verbatim(server.only_caller().unwrap_or_default()),
            Self::Place(_) => kind.place.words(),
            Self::Asserted(_) => Text::default(),
        };
        let mut others: Vec<Text> = Vec::new();
        for text in server.kinds().iter().map(each) {
            if !others.contains(&text) {
                others.push(text);
            }
        }
        others
    }

    /// The first of them.
    fn others(self, server: &Server) -> Text {
        let mut others = self.each_other(server);
        let more = as_count(others.len().saturating_sub(NAMED));
        others.truncate(NAMED);
        let named = Text::list(" or ", others);
        match more {
            0 => named,
            more => Text::count(more, "{named} or {n} other", "{named} or {n} others").with("named", named),
        }
    }

    /// What to change.
    pub(super) fn fix(self, server: &Server, to: Endpoint) -> Text {
        let others = self.others(server);
        match self {
            Self::Client(address) => Text::new(
                "If {this} is to place calls here, let {server} accept that address, or send them from {others}; otherwise the refusal is right.",
            )
            .with("this", address)
            .with("server", to)
            .with("others", others),
            Self::Domain(_) => {
                Text::new("Send From with the domain of the accepted calls ({others}), or let {server} accept this one.")
                    .with("others", others)
                    .with("server", to)
            }
            Self::CallerForm(..) => {
                Text::new("Send the user of From as in the accepted calls: written {others}.").with("others", others)
            }
            Self::Caller(_) => {
                Text::new("Send {others} as the calling number, or ask the operator of {server} to permit this one for the account.")
                    .with("others", others)
                    .with("server", to)
            }
            Self::Asserted(true) => {
                Text::new("Leave P-Asserted-Identity out, as the accepted calls do, unless the server asks for it.")
            }
            Self::Asserted(false) => Text::new("Send P-Asserted-Identity, as the accepted calls do."),
            Self::Place(place) => Text::new("Ask the operator of {server} whether this account may place calls to {this}.")
                .with("server", to)
                .with("this", place.words()),
        }
    }
}

fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Whether two numbers have the same digits, whatever stands between them.
fn is_same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
    digits(one) == digits(other)
}
