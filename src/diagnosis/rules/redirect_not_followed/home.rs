//! The words where a redirect leads to somebody who is at home at the client: the caller, or a user of an exchange.

use crate::diagnosis::redirect_case::RedirectCase;
use crate::diagnosis::redirect_home::Home;
use crate::diagnosis::{Finding, Text};
use crate::sip::Uri;

/// What is said of it.
pub(super) fn message(home: Home, is_sent_back: bool) -> Option<&'static str> {
    match home {
        Home::Client if is_sent_back => Some(
            "{server} redirected the call to {contact}, back to the client at {client}, which had asked for that user and sent no further request \
             within {window}: each of the two takes the other for the place where the user is.",
        ),
        Home::Caller => Some(
            "{server} redirected the call to {contact}, which is the address of the caller: whoever follows calls himself. The \
             client at {client} did not within {window}, and rightly.",
        ),
        Home::Client => Some(
            "{server} redirected the call to {contact}, an address at the client {client} itself, which sent no request to that user \
             within {window}: it does not follow redirects, or finds nobody under that address.",
        ),
        Home::Elsewhere => None,
    }
}

/// What to do, and how to see that it was done.
pub(super) fn with_remedies(finding: Finding, case: &RedirectCase<'_>, target: &Uri, home: Home) -> Finding {
    let server = case.redirector();
    if home == Home::Caller {
        let look = Text::new(
            "At {server}, look for where the Contact comes from: a forwarding of the called user to the number that calls, or a rule that \
             copies the address of the request.",
        );
        return finding
            .actor(case.operator())
            .fix(look.with("server", server))
            .fix(
                "Return the address where the called user is now, or an answer such as 480 or 486 where there is none.",
            )
            .verify("Call again: the redirect leads to an address that is not the caller's.");
    }
    let client = case.client();
    if case.is_sent_back(target) {
        return case.one_owner(finding.actor(case.client_operator()));
    }
    let registered = Text::new(
        "See whether {client} knows {contact}, and has a device registered under it: without one there is nobody to call.",
    );
    let follow = Text::new("If it has, turn on redirect handling (call forwarding by 302) at {client}.");
    let verify = Text::new("Call again: an INVITE for the user of {contact} follows within a second.");
    finding
        .actor(case.client_operator())
        .fix(registered.with("client", client).with("contact", target))
        .fix(follow.with("client", client))
        .verify(verify.with("contact", target))
}
