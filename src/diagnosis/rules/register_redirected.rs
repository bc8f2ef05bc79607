//! A registration that is sent elsewhere.

use std::net::IpAddr;

use crate::call::Call;
use crate::diagnosis::domains::registrable;
use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};
use crate::sip::{HeaderName, Method, Uri};

pub(super) static RULE: Rule = Rule {
    code: "register-redirected",
    summary: "A 3xx response to REGISTER: the client is told to register with another server.",
    severity: Severity::Warning,
    references: &["RFC 3261 §10.2.7", "RFC 3261 §10.3", "RFC 3261 §26.1.2"],
    explanation: Explanation {
        what_it_means: "The registrar answered a REGISTER with a redirect. A client that follows registers with the \
            other server from then on, and receives its calls through it. Registrars may do that; it is also the \
            textbook way to steal a registration (RFC 3261 §26.1.2).",
        why_it_matters: "Whoever holds the registration gets the user's calls, and the client may hand its credentials \
            to a stranger: they can be attacked offline. Clients that do not follow lose their registration when it \
            expires.",
        likely_causes: "- A planned move of the registrar, or sharing of load between registrars.\n\
            - A proxy that redirects everything it does not serve, REGISTER included.\n\
            - A forged response. It is critical when the redirect came before any authentication and leads to a foreign \
            host.",
        how_to_fix: "- Confirm with the operator of the registrar that the move is planned; if it is, change registrar or \
            outbound proxy in the provisioning of the clients instead of relying on redirects.\n\
            - If it is not: block the target, change the passwords of the affected users, and look for how the response \
            got in.\n\
            - Use TLS between clients and registrar.",
        how_to_confirm: "The next REGISTER goes to the server in the provisioning and is answered 200 without a redirect.",
        when_this_is_wrong: "- The redirect leads to a host of the registrar's own domain: usually a shared load; the \
            finding stays a warning.\n\
            - A 401 or 407 to REGISTER is the ordinary challenge and no redirect.",
    },
    detect: Detect::of_redirects(detect),
};

fn detect(call: &Call, _cx: &Context<'_>, out: &mut Vec<Finding>) {
    let cases = RedirectCase::all(call).filter(|case| case.transaction.method == Method::Register);
    out.extend(cases.filter_map(|case| finding(&case)));
}

fn finding(case: &RedirectCase<'_>) -> Option<Finding> {
    let request = case.request()?;
    let target = case.targets().next();
    let exposed = case.redirect.follows.iter().find_map(|follow| {
        let message = case.call.request(follow.transaction)?;
        has_credentials(&message.message).then_some(message)
    });
    let critical = target.is_some_and(|uri| is_foreign(case, uri)) && !has_credentials(&request.message);
    let message = sentence(target, critical, exposed.is_some())
        .with("server", case.redirector())
        .with("user", request.message.to().map(|to| to.uri.to_string()).unwrap_or_default())
        .with("status", case.redirect.status);
    let finding = Finding::new(&RULE, Certainty::Certain, message, case.evidence())
        .severity(if critical { Severity::Critical } else { Severity::Warning })
        .evidence(case.request_evidence())
        .evidence(case.redirect.follows.iter().filter_map(|f| case.follow_evidence(f)))
        .evidence(exposed.map(credentials_evidence))
        .actor(Actor::sender(case.response, "operator of the registrar"));
    let fixes = if critical { FORGED } else { PLANNED };
    let unseen = (!critical && target.is_some() && case.redirect.follows.is_empty()).then_some(MAY_NOT_FOLLOW);
    let finding = unseen.iter().chain(fixes).fold(finding, |finding, fix| finding.fix(*fix));
    Some(finding.verify("The next REGISTER goes to the provisioned server and is answered 200 without a redirect."))
}

/// Remedies where the redirect may be forged.
const FORGED: &[&str] = &[
    "Do not store the new address in any client. Find out whether the registrar really sent this, and until then block the \
     target at the border.",
    "Change the passwords of the users whose clients followed, and remove their registrations there.",
    "Use TLS between clients and registrar, so that nobody else can answer for it.",
];

/// Remedies where it is rather a matter of operation.
const PLANNED: &[&str] = &[
    "If the move is planned, set the new registrar or outbound proxy in the provisioning of the clients: telephones, gateways or a telephone exchange.",
    "If it is not, look for the rule that redirects requests that the server does not serve.",
];

/// Where no REGISTER to the target is in the capture.
const MAY_NOT_FOLLOW: &str = "See whether the client registers at the new address: many follow no redirect of a REGISTER, and are not registered then.";

fn sentence(target: Option<&Uri>, critical: bool, exposed: bool) -> Text {
    let Some(target) = target else {
        return Text::new(
            "{server} answered the REGISTER of {user} with {status} and no target: nothing was registered.",
        );
    };
    Text::new(match (critical, exposed) {
        (true, true) => {
            "{server} sent the REGISTER of {user} on to {target}, outside the domain and the network of the registrar, with {status} before \
             authenticating anybody, and the client followed and sent its credentials there."
        }
        (true, false) => {
            "{server} sent the REGISTER of {user} on to {target}, outside the domain and the network of the registrar, with {status} before \
             authenticating anybody."
        }
        (false, true) => {
            "{server} sent the REGISTER of {user} on to {target} with {status}; the client sent its credentials there."
        }
        (false, false) => "{server} sent the REGISTER of {user} on to {target} with {status}.",
    })
    .with("target", target)
}

fn has_credentials(message: &crate::sip::Message) -> bool {
    [HeaderName::Authorization, HeaderName::ProxyAuthorization].iter().any(|name| message.has(*name))
}

fn credentials_evidence(message: &crate::call::CapturedMessage) -> Evidence {
    let name = [HeaderName::Authorization, HeaderName::ProxyAuthorization]
        .into_iter()
        .find(|name| message.message.has(*name))
        .unwrap_or(HeaderName::Authorization);
    Evidence::header(message, name, "credentials sent to the target")
}

/// Whether the target is neither in the registrar's domain nor in the network of the registrar or of the redirecting server.
fn is_foreign(case: &RedirectCase<'_>, target: &Uri) -> bool {
    let registrar = case.redirect.from.as_ref();
    if let Some(address) = target.ip() {
        let known = [Some(case.transaction.server.address), registrar.and_then(Uri::ip)];
        return !known.into_iter().flatten().any(|own| are_neighbours(own, address));
    }
    registrable(target) != registrar.and_then(registrable)
}

/// Whether two addresses share what one operator usually has at least: a /24 of IPv4, a /64 of IPv6.
fn are_neighbours(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..3] == other.octets()[..3],
        (IpAddr::V6(one), IpAddr::V6(other)) => one.segments()[..4] == other.segments()[..4],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HOSTS, check, only, redirected};

    const CREDENTIALS: &str =
        "Authorization: Digest username=\"a\", realm=\"x\", nonce=\"n\", uri=\"sip:x\", response=\"0\"\n";

    fn flow(credentials: &str, contact: &str, rest: &str) -> String {
        format!(
            "{HOSTS}0.0 pbx > old\nREGISTER sip:corp.example\nTo: <sip:a@corp.example>\n{credentials}\n\
             0.01 old > pbx\n301 Moved\n{contact}\n{rest}"
        )
    }

    #[test]
    fn foreign_and_unauthenticated_is_critical() {
        let to = |host: &str| format!("Contact: <sip:{host}>\n");
        check(
            RULE.code,
            &[
                ("foreign address", &flow("", &to("203.0.113.40"), ""), Some(Severity::Critical)),
                ("foreign domain", &flow("", &to("other.example"), ""), Some(Severity::Critical)),
                ("own domain", &flow("", &to("r2.corp.example"), ""), Some(Severity::Warning)),
                ("an address beside the registrar", &flow("", &to("198.51.100.31"), ""), Some(Severity::Warning)),
                ("own address", &flow("", &to("198.51.100.30:5080"), ""), Some(Severity::Warning)),
                ("authenticated", &flow(CREDENTIALS, &to("203.0.113.40"), ""), Some(Severity::Warning)),
                ("no target", &flow("", "", ""), Some(Severity::Warning)),
                ("an INVITE", &redirected("301 Moved\nContact: <sip:203.0.113.40>", ""), None),
            ],
        );
    }

    #[test]
    fn credentials_that_went_there_are_evidence() {
        let there = format!("0.02 pbx > new\nREGISTER sip:203.0.113.40\n{CREDENTIALS}CSeq: 2 REGISTER\n\n");
        let finding = only(&flow("", "Contact: <sip:203.0.113.40>\n", &there), RULE.code);
        assert!(finding.message.to_string().ends_with("the client followed and sent its credentials there."));
        assert!(finding.evidence.last().unwrap().text.starts_with("Authorization: Digest"));
    }
}
