//! Redirection (3xx).

use super::entry::{BASE, DialogEffect, Failure, Kind, Registration, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 300,
        phrase: "Multiple Choices",
        references: &["RFC 3261 §21.3.1"],
        kind: Kind::Redirect,
        failure: Failure::Depends,
        retry: Retry::FollowContact,
        retry_note: "Try the Contacts, highest q first; never try one URI twice.",
        useful_headers: &["Contact", "q parameter", "body with the choices"],
        dialog_effect: DialogEffect::Unclear,
        q850: Some(23),
        q850_note: "RFC 3398 §8.2.5, when no Contact is followed",
        meaning: "The requested address stands for several places, and the server offers a list from which the \
            caller's side may choose.",
        when_it_occurs: &["Redirect servers and least-cost routing engines that return a list of routes."],
        how_to_fix: &[
            "Let the client or SBC that gets the response try the Contact values itself, best q value first.",
            "Make the redirect server list at least one Contact that this client can reach.",
        ],
        verify: "A new INVITE with one of the Contact URIs follows within a few seconds and is answered.",
        who_acts: "the operator of the element that received it (it must be able to follow), then of the redirect \
            server",
        ..BASE
    },
    StatusEntry {
        code: 301,
        phrase: "Moved Permanently",
        references: &[
            "RFC 3261 §21.3.2",
            "RFC 3261 §8.1.3.4",
            "RFC 3261 §8.3",
            "RFC 3261 §13.3.1.2",
            "RFC 3261 §16.7",
            "RFC 3261 §26.1.2",
            "RFC 3665 §3.6",
            "RFC 5057",
            "RFC 8946 §7",
        ],
        kind: Kind::Redirect,
        failure: Failure::Depends,
        retry: Retry::FollowContact,
        retry_note: "At the Contact, now; and from then on instead of the old address.",
        useful_headers: &[
            "Contact (recommended, and indispensable in practice)",
            "q parameter",
            "expires parameter or Expires",
            "History-Info",
            "Identity (div, RFC 8946)",
        ],
        dialog_effect: DialogEffect::Unclear,
        q850: Some(23),
        q850_note: "RFC 3398 §8.2.5, when no Contact is followed; the other way round, 22 with the new number becomes 301",
        meaning: "The called party has left this address for good. Contact says where it is now: the caller's side \
            should try that address at once, for this very call, and should also replace the stored address so that \
            later calls go there directly.",
        details: &[
            "A 301 is no error in itself. When a request to the Contact follows and is answered, the call succeeded, \
                and what remains is to bring directories and routes up to date. When nothing follows, or the Contact \
                is of no use, the caller hears a failure although the callee may well be reachable.",
            "The standard recommends one or more Contact values without demanding them. A 301 that has none still ends \
                the call, because the client has nowhere to go. It often comes from a telephone gateway that was told \
                \"number changed\" (Q.850 cause 22) without being told the new number.",
            "To follow it, a client puts the Contact URI, without its header part and method parameter, into the \
                Request-URI of a new request: new Via branch, no To tag, customarily the same Call-ID and From tag and \
                the next CSeq number. It tries the Contacts in the order of their q values, goes on to the next one \
                after a failure, and tries no URI twice, which ends loops. The 301 itself is acknowledged hop by hop, \
                like any failure response.",
            "Who follows depends on who sits on the path: the phone, a proxy that is responsible for the domain, or a \
                B2BUA (PBX, SBC, gateway), which may place the new call itself or hide the redirect behind another \
                failure such as 410 or 500.",
            "Of the responses of a forked call, a proxy prefers a 6xx, else the lowest class. A 301 from one branch \
                therefore hides the 404 or 486 of another.",
        ],
        when_it_occurs: &[
            "A subscriber or user was given a new number or SIP address.",
            "A company moved its PBX or SBC: the same users at a new host, all of them at the same time.",
            "The telephone network released the call with Q.850 cause 22, with the new number in Contact or without \
                any.",
            "A routing service answers call by call with its result: least-cost route, ported number (rn, npdi), \
                toll-free translation, caller-identity signing. Such an answer holds for one call and should be a \
                302.",
            "A registrar sends its clients to another server (a 301 to REGISTER).",
            "The user stays, but wants to be called over another port, transport or server.",
            "A phone with \"forward all calls\" set says 301 where 302 is meant.",
            "An attacker forges a 301 in order to draw calls or registrations to another host.",
        ],
        how_to_fix: &[
            "See whether the Contact was called: a new request to it, within seconds, from the element that received \
                the 301. If that one was answered, the call is in order; only the stored address is left to update, \
                see below.",
            "No Contact, or one that nobody can use (malformed, not a SIP URI, private address, unknown host, closed \
                port): the operator of the redirect server must supply one that the callers can reach. If no new \
                address is known, 410 is the honest answer.",
            "The Contact names the requested address again, or the chain of redirects returns to it: the operator of \
                the redirect server must correct the entry that points back. Nothing may be stored meanwhile.",
            "The Contact is usable and nobody called it: enable redirect handling on the element that received the 301 \
                (phone, PBX, SBC, gateway), limited to peers and target domains that you trust; many trunk \
                configurations ignore or refuse 3xx by default.",
            "The Contact was called and failed: its own final response, or its silence, is the cause to pursue.",
            "Update directories, dial plans and routes with the new address only when a call to it was answered, its \
                domain is one you trust, it is the same for every call, and it carries no short expiry. Never store a \
                Contact out of a loop, of a routing service, of an unknown domain, or from a host that was not asked.",
            "If the answer differs from call to call or is meant for one call, the operator of the redirect server \
                should send 302.",
            "If the call is signed (Identity), the new request needs a signature for the new destination, unless the \
                301 brought a diverted-call token (div) along; the old one alone does not fit any more.",
        ],
        verify: "Repeat the call. Either the first INVITE already goes to the new address, or the 301 is followed at \
            once by an INVITE to its Contact; in both cases that INVITE is answered.",
        misconceptions: &[
            "\"Contact is meant for future calls only.\" It is meant for this call first (RFC 3261 §8.1.3.4, §21.3.2); \
                remembering it comes on top.",
            "\"The repair is to store the Contact.\" Only if it is usable, trusted, stable and really permanent. \
                Storing a forged one hands the calls to the forger (RFC 3261 §26.1.2); storing a per-call routing \
                answer misroutes the next call.",
            "\"A 301 is a failed call.\" A followed one is a step on the way to success.",
            "\"Phones and PBXs update themselves after a 301.\" Few do; as a rule a person has to change the directory \
                or route.",
            "\"A server that sends no Contact forgot it.\" Often none exists: the telephone network announced a \
                changed number without naming the new one.",
            "\"The new INVITE must keep its CSeq number, or must take a new Call-ID.\" Customary are the same Call-ID \
                and a higher CSeq number; required are a new branch and the absence of a To tag.",
            "\"Only a Contact with the same text is a loop.\" `sip:u@h` and `sip:u@h:5060` are different URIs by the \
                letter (RFC 3261 §19.1.4), yet lead to the same place.",
            "Not every 301 is this response: `Warning: 301` speaks of network addresses, and `cause=301` in \
                History-Info of an earlier redirect.",
        ],
        who_acts: "the operator of the redirect server when its Contact is missing, wrong or leads back; the operator \
            of the element that received the 301 when a usable Contact was not called; the owner of the directory or \
            route once the move is confirmed",
        ..BASE
    },
    StatusEntry {
        code: 302,
        phrase: "Moved Temporarily",
        references: &["RFC 3261 §21.3.3"],
        kind: Kind::Redirect,
        failure: Failure::Depends,
        retry: Retry::FollowContact,
        retry_note: "Try the Contact. Remember it only as long as an expiry was given; when a remembered target fails, \
            the original address may be tried once more.",
        useful_headers: &["Contact", "expires parameter or Expires"],
        dialog_effect: DialogEffect::Unclear,
        q850: Some(23),
        q850_note: "RFC 3398 §8.2.5, when no Contact is followed",
        meaning: "The called party is at another address for now. The caller's side tries the Contact for this call, \
            and goes on using the old address for later ones.",
        when_it_occurs: &["Call forwarding set by a user, load distribution between servers, and per-call routing \
            answers (least cost, portability, signing services)."],
        how_to_fix: &[
            "Let the element that received it call the Contact.",
            "Make the redirect server send a Contact that this client can reach and that does not lead back to itself.",
            "Leave stored addresses as they are: the move is temporary, valid for this call only unless Expires or the \
                expires parameter says otherwise.",
        ],
        verify: "A new INVITE to the Contact follows and is answered, and the next call starts at the original address \
            again.",
        who_acts: "the operator of the element that received it (it must be able to follow), then of the redirect \
            server",
        ..BASE
    },
    StatusEntry {
        code: 303,
        phrase: "See Other",
        registration: Registration::Unregistered,
        references: &["Microsoft Office Communications Server 2007 R2 (Call.Forward)"],
        kind: Kind::Redirect,
        failure: Failure::Depends,
        retry: Retry::FollowContact,
        retry_note: "As for 300, to which unknown 3xx codes fall back (RFC 3261 §8.1.3.2).",
        useful_headers: &["Contact"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Unclear,
        meaning: "An unregistered code borrowed from HTTP. Some Microsoft Communications Server applications used it \
            to forward a call.",
        when_it_occurs: &["A client or server application of the Communications Server family forwards to another \
            target."],
        how_to_fix: &["Treat it like 302 and try its Contact; make the element that gets it handle any 3xx, not a \
            fixed list of codes."],
        verify: "A new INVITE to the Contact follows and is answered.",
        who_acts: "the operator of the element that received it",
        ..BASE
    },
    StatusEntry {
        code: 305,
        phrase: "Use Proxy",
        references: &["RFC 3261 §21.3.4"],
        kind: Kind::Redirect,
        failure: Failure::Depends,
        retry: Retry::FollowContact,
        retry_note: "Repeat this one request through the proxy in the Contact.",
        useful_headers: &["Contact (URI of the proxy)"],
        dialog_effect: DialogEffect::Unclear,
        q850: Some(23),
        q850_note: "RFC 3398 §8.2.5, when no Contact is followed",
        meaning: "The resource can only be reached through the proxy that the Contact names.",
        when_it_occurs: &["A user agent that must not be called directly answers a request which bypassed its proxy. \
            Only user agent servers may send the code."],
        how_to_fix: &[
            "Route requests for this destination through the named proxy, for instance as outbound proxy or \
            in the trunk configuration. Many gateways cannot follow a 305 by themselves and release the call.",
        ],
        verify: "The request arrives at the destination by way of that proxy and is answered.",
        who_acts: "the operator of the routing of the calling side",
        ..BASE
    },
    StatusEntry {
        code: 380,
        phrase: "Alternative Service",
        references: &["RFC 3261 §21.3.5"],
        kind: Kind::Redirect,
        failure: Failure::Depends,
        retry: Retry::Depends,
        retry_note: "Depends on what the body offers.",
        useful_headers: &["Contact", "body (application/3gpp-ims+xml in IMS)"],
        methods: &["INVITE"],
        dialog_effect: DialogEffect::Unclear,
        q850: Some(23),
        q850_note: "RFC 3398 §8.2.5, when no Contact is followed",
        meaning: "The call as requested failed, but another kind of service, described in the body, may be possible.",
        when_it_occurs: &[
            "In IMS networks the first proxy recognises an emergency number and tells the handset to set \
            the call up as an emergency call.",
        ],
        how_to_fix: &["Let the client read the body and start the service it describes. Equipment that does not know \
            IMS can only report a failed call; keep emergency numbers on a route that handles them there."],
        verify: "The client repeats the attempt as the described service.",
        who_acts: "the vendor or operator of the calling client",
        ..BASE
    },
];
