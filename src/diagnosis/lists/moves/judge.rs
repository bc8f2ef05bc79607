//! What one 301 contributes to the list of moves: the new address, how calls there ended, and what speaks against it.

use super::Reason;
use crate::call::RedirectContact;
use crate::diagnosis::permanence::Obstacle;
use crate::diagnosis::redirect_case::{ContactEnd, RedirectCase, routing_parameter};
use crate::diagnosis::rules::{
    redirect_contact_malformed, redirect_loop, redirect_q_values_wrong, redirect_to_itself,
    redirect_to_itself_in_effect,
};
use crate::diagnosis::{CallReport, Severity};
use crate::sip::{NameAddr, Scheme, Uri};

/// Rules whose finding on a 301 speaks against its Contact.
pub(super) const OBJECTIONS: [(&str, Reason); 4] = [
    ("redirect-target-suspicious", Reason::Suspicious),
    ("redirect-embedded-headers", Reason::EmbeddedHeaders),
    ("redirect-contact-not-routable", Reason::NotRoutable),
    ("redirect-contact-unresolvable", Reason::NotResolvable),
];
/// In thousandths: a Contact without `q` is as good as any.
const Q_DEFAULT: u16 = 1000;

/// What one 301 says.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    /// The best Contact that a caller can use.
    pub(super) contact: Option<&'a Uri>,
    /// What speaks against it, whatever became of calls there.
    pub(super) objection: Option<Reason>,
    /// How calls there ended; `None` where there were none.
    pub(super) end: Option<ContactEnd>,
    /// Whether a call to another Contact was answered.
    pub(super) other_answered: bool,
}

impl<'a> Judged<'a> {
    pub(super) fn of(case: &RedirectCase<'a>, report: &CallReport) -> Self {
        let contact = best(case);
        let end = contact.and_then(|contact| case.end_at(contact));
        let mut others = case.addresses().map(|a| &a.uri).filter(|uri| Some(*uri) != contact);
        Self {
            contact,
            objection: objection(case, contact, report),
            end,
            other_answered: others.any(|uri| case.end_at(uri) == Some(ContactEnd::Answered)),
        }
    }
}

/// The usable Contact with the highest `q`, of equals the first.
fn best<'a>(case: &RedirectCase<'a>) -> Option<&'a Uri> {
    let mut best: Option<(u16, &Uri)> = None;
    for address in case.redirect.contacts.iter().filter_map(callable) {
        let q = address.params.value("q");
        let q = q.map_or(Q_DEFAULT, |q| redirect_q_values_wrong::thousandths(q).unwrap_or_default());
        if best.is_none_or(|(highest, _)| q > highest) {
            best = Some((q, &address.uri));
        }
    }
    best.map(|(_, uri)| uri)
}

/// A Contact that is well-formed and can be called.
fn callable(contact: &RedirectContact) -> Option<&NameAddr> {
    let address = contact.address.as_ref().filter(|_| redirect_contact_malformed::is_usable(contact))?;
    let has_user = || address.uri.effective_user().is_some_and(|user| !user.is_empty());
    (address.uri.is_sip() || (address.uri.scheme == Scheme::Tel && has_user())).then_some(address)
}

/// The first thing that speaks against the Contact.
fn objection(case: &RedirectCase<'_>, contact: Option<&Uri>, report: &CallReport) -> Option<Reason> {
    let Some(contact) = contact else {
        return Some(if case.redirect.contacts.is_empty() { Reason::NoContact } else { Reason::NoUsableContact });
    };
    let own = [
        redirect_loop::is_part_of_loop(case).then_some(Reason::Loop),
        (redirect_to_itself::applies(case) || redirect_to_itself_in_effect::applies(case)).then_some(Reason::ToItself),
        routing_parameter(contact).map(|_| Reason::RoutingParameters),
        contact.headers.as_ref().map(|_| Reason::EmbeddedHeaders),
        Obstacle::of(case).map(|obstacle| match obstacle {
            Obstacle::Foreign => Reason::ForeignDomain,
            Obstacle::LessSecure => Reason::LessSecure,
            Obstacle::RoutingDip => Reason::RoutingDip,
            Obstacle::Rewritten => Reason::Rewritten,
            Obstacle::ShortValidity => Reason::ShortValidity,
            Obstacle::Forwarded => Reason::Forwarded,
            Obstacle::AfterRinging => Reason::AfterRinging,
        }),
    ];
    let said = OBJECTIONS.into_iter().filter(|(code, reason)| {
        // A foreign domain alone has a reason of its own, which says it better.
        let least =
            if *reason == Reason::Suspicious && case.is_foreign() { Severity::Critical } else { Severity::Info };
        is_found(code, least, case, report)
    });
    own.into_iter().flatten().chain(said.map(|(_, reason)| reason)).min()
}

/// Whether a finding of that rule, of at least that severity, cites the redirect.
fn is_found(code: &str, least: Severity, case: &RedirectCase<'_>, report: &CallReport) -> bool {
    let frame = case.response.provenance.frame;
    let mut findings = report.findings.iter().filter(|f| f.code == code && f.severity >= least);
    findings.any(|f| f.evidence.iter().any(|e| e.frame == frame))
}
