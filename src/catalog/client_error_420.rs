//! Client errors from 420 to 479: extensions, caller identity, and the unregistered codes of proxies.

use super::entry::{BASE, DialogEffect, Failure, Kind, Registration, Retry, StatusEntry};

/// The entries in ascending order.
pub(super) static ENTRIES: &[StatusEntry] = &[
    StatusEntry {
        code: 420,
        phrase: "Bad Extension",
        references: &["RFC 3261 §21.4.15"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Without the extensions that Unsupported lists.",
        required_headers: &[&["Unsupported"]],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The request demands an extension that the server does not support.",
        when_it_occurs: &[
            "Require or Proxy-Require with 100rel, timer, replaces, sec-agree or another tag towards an \
            old device.",
        ],
        how_to_fix: &["Move the tags that Unsupported lists from Require to Supported, or switch the feature off \
            towards this peer."],
        verify: "The request without those tags in Require is accepted.",
        who_acts: "the operator of the client that wrote Require",
        ..BASE
    },
    StatusEntry {
        code: 421,
        phrase: "Extension Required",
        references: &["RFC 3261 §21.4.16"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With the extension listed in Supported.",
        required_headers: &[&["Require"]],
        useful_headers: &["Security-Server (RFC 3329)"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The server will not go on without an extension that the client did not offer.",
        when_it_occurs: &["A server configured to force 100rel, session timers or a security agreement."],
        how_to_fix: &[
            "Enable the extension named in Require at the client, so that it appears in Supported.",
            "If the client cannot do it, relax the server from mandatory to optional.",
        ],
        verify: "The request with the extension in Supported is accepted.",
        who_acts: "the operator of the client, or of the server that insists",
        ..BASE
    },
    StatusEntry {
        code: 422,
        phrase: "Session Interval Too Small",
        references: &["RFC 4028 §6"],
        kind: Kind::Negotiation,
        failure: Failure::Depends,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With Session-Expires at least Min-SE, Min-SE copied into the request, and the next CSeq number.",
        required_headers: &[&["Min-SE"]],
        methods: &["INVITE", "UPDATE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The session timer that the client asked for is shorter than the server allows. A retry with a longer \
            one is the normal next step.",
        when_it_occurs: &["Session-Expires of 90 to 180 seconds towards a server that wants more."],
        how_to_fix: &[
            "Nothing needs repair when a request with a larger Session-Expires follows and is accepted.",
            "Otherwise raise Session-Expires at the client to at least Min-SE of the response; 1800 seconds is \
                customary.",
        ],
        verify: "The next INVITE carries Session-Expires not below Min-SE and is accepted.",
        who_acts: "nobody while a retry follows; otherwise the operator of the calling client",
        ..BASE
    },
    StatusEntry {
        code: 423,
        phrase: "Interval Too Brief",
        references: &["RFC 3261 §21.4.17"],
        kind: Kind::Negotiation,
        failure: Failure::Depends,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With Expires at least Min-Expires.",
        required_headers: &[&["Min-Expires"]],
        methods: &["REGISTER", "SUBSCRIBE", "PUBLISH"],
        dialog_effect: DialogEffect::Transaction,
        q850: Some(127),
        q850_note: "RFC 3398 §8.2.6.1",
        meaning: "The expiry that the client asked for is shorter than the server allows. A retry with a longer one is \
            the normal next step.",
        when_it_occurs: &["Phones that register every minute to keep a NAT binding open."],
        how_to_fix: &[
            "Nothing needs repair when a request with a larger Expires follows and is accepted.",
            "Otherwise raise the registration or subscription interval to at least Min-Expires; keep NAT bindings open \
                with keep-alives instead of short registrations.",
        ],
        verify: "The next request carries Expires not below Min-Expires and is accepted.",
        who_acts: "nobody while a retry follows; otherwise the operator of the calling client",
        ..BASE
    },
    StatusEntry {
        code: 424,
        phrase: "Bad Location Information",
        references: &["RFC 6442 §4.3"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With corrected location.",
        required_headers: &[&["Geolocation-Error"]],
        useful_headers: &["body with a corrected location"],
        methods: &["INVITE", "others"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The location that came with the request is malformed or cannot be used. Only allowed when the \
            request carried one.",
        when_it_occurs: &["Emergency calls and other location-based calls."],
        how_to_fix: &["Correct the Geolocation header field and its location document as Geolocation-Error says."],
        verify: "A test call carries a location that the server accepts; use test numbers, not the emergency line.",
        who_acts: "the operator of the element that adds the location",
        ..BASE
    },
    StatusEntry {
        code: 425,
        phrase: "Bad Alert Message",
        references: &["RFC 8876 §5.1"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With corrected alert data.",
        required_headers: &[&["AlertMsg-Error"]],
        methods: &["MESSAGE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The emergency alert data in the request is malformed. Only allowed when the request carried an \
            alert.",
        when_it_occurs: &["Sensors and panels that send alerts as MESSAGE without a call."],
        how_to_fix: &["Correct the alert document as AlertMsg-Error says."],
        verify: "The next alert is accepted.",
        who_acts: "the vendor of the alerting system",
        ..BASE
    },
    StatusEntry {
        code: 428,
        phrase: "Use Identity Header",
        references: &["RFC 8224 §6.2.2"],
        kind: Kind::Identity,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "After signing, or with a type the verifier supports.",
        useful_headers: &["Date"],
        methods: &["INVITE", "MESSAGE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "Policy at the verifying side demands a signed caller identity, and the request has none that it can \
            use.",
        when_it_occurs: &[
            "The call was never signed, an element on the way removed the Identity header field, or only \
            types (ppt) are present that the verifier does not know.",
        ],
        how_to_fix: &[
            "Find the last hop where Identity was present. If nowhere, the originating provider must sign.",
            "Where it disappears, let that SBC pass Identity on unchanged, over UDP without cutting large messages.",
            "Sign with the shaken type unless both sides agreed on another.",
        ],
        verify: "The request reaches the verifier with an Identity header field, and is accepted.",
        who_acts: "the provider that originates the call, or an intermediate provider that strips Identity",
        ..BASE
    },
    StatusEntry {
        code: 429,
        phrase: "Provide Referrer Identity",
        references: &["RFC 3892 §5"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "With a valid Referred-By token.",
        methods: &["requests triggered by REFER"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The target of a transfer demands a signed statement of who referred the caller.",
        when_it_occurs: &["Secured call transfer."],
        how_to_fix: &["Have the referring party supply a valid Referred-By token, or relax the policy of the target."],
        verify: "The triggered request carries the token and is accepted.",
        who_acts: "the operator of the transferring side",
        ..BASE
    },
    StatusEntry {
        code: 430,
        phrase: "Flow Failed",
        references: &["RFC 5626 §11.5"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Elsewhere,
        retry_note: "A proxy tries another flow; a user agent treats it like 400.",
        dialog_effect: DialogEffect::Nothing,
        meaning: "The connection over which the device was to be reached is gone. The code is spoken between an edge \
            proxy and the proxy in charge, and should never reach a user agent.",
        when_it_occurs: &["A TCP, TLS or NAT binding of a registered device closed."],
        how_to_fix: &[
            "Let the proxy in charge try another flow of the device; let the device send keep-alives and register \
                again.",
            "If a user agent receives the code, stop the proxy from relaying it.",
        ],
        verify: "The device is reachable over a new flow.",
        who_acts: "the operator of the edge proxy; the device must register again",
        ..BASE
    },
    StatusEntry {
        code: 433,
        phrase: "Anonymity Disallowed",
        references: &["RFC 5079 §5"],
        kind: Kind::Policy,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Only without anonymity, and only if the caller agrees.",
        methods: &["INVITE", "others"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The called party refuses calls whose caller stays anonymous.",
        when_it_occurs: &["Anonymous call rejection is switched on for the called line."],
        how_to_fix: &[
            "Ask the caller to show a number for this call. Never lift anonymity without the caller's consent.",
            "If the caller did show a number, find the element that adds Privacy or replaces From with \
                anonymous.invalid.",
        ],
        verify: "A call with a visible number is accepted.",
        who_acts: "the caller, who decides whether to show a number",
        ..BASE
    },
    StatusEntry {
        code: 436,
        phrase: "Bad Identity Info",
        aliases: &["Bad Identity-Info"],
        references: &["RFC 8224 §6.2.2"],
        kind: Kind::Identity,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "After the credential can be fetched.",
        methods: &["INVITE", "MESSAGE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The verifier could not fetch the certificate that the signature refers to.",
        when_it_occurs: &["The address in the info parameter or x5u claim is down, wrong, blocked by a firewall, or \
            answers with an HTTP error."],
        how_to_fix: &[
            "Publish the certificate at exactly that address over HTTPS, reachable from everywhere, with a name that \
                resolves publicly.",
            "If the path changed, correct the signer's configuration.",
        ],
        verify: "Fetch the address from outside the provider's network and get the certificate; the next call passes.",
        who_acts: "the provider that signed the call",
        ..BASE
    },
    StatusEntry {
        code: 437,
        phrase: "Unsupported Credential",
        aliases: &["Unsupported Certificate"],
        references: &["RFC 8224 §6.2.2"],
        kind: Kind::Identity,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Only with another certificate.",
        methods: &["INVITE", "MESSAGE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The verifier has the certificate but does not accept it.",
        when_it_occurs: &["A self-signed or private certificate, an authority that the verifier does not trust, an \
            unsupported algorithm, an expired certificate."],
        how_to_fix: &["Use a certificate issued by an authority that is approved for the signing framework in force, \
            with ES256 where SHAKEN applies."],
        verify: "The certificate chain ends in a root that the verifier trusts, and calls pass.",
        who_acts: "the provider that signed the call",
        ..BASE
    },
    StatusEntry {
        code: 438,
        phrase: "Invalid Identity Header",
        aliases: &["Invalid PASSporT"],
        references: &["RFC 8224 §6.2.2", "RFC 8946"],
        kind: Kind::Identity,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Once with the full form of the token if the compact one was sent; otherwise after repair.",
        methods: &["INVITE", "MESSAGE"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "Identity header fields are present, but none of them validates.",
        when_it_occurs: &[
            "A number was rewritten after signing, Date was altered, the key does not belong to the certificate, the \
                token is badly encoded.",
            "A redirect was followed with the old signature, whose destination no longer fits.",
        ],
        how_to_fix: &[
            "Sign last, after all changes to numbers, and let nobody touch From, To, P-Asserted-Identity, Date and \
                Identity behind the signer.",
            "Sign anew after following a redirect (or pass on the diverted-call token that the redirecting element \
                supplied, RFC 8946).",
            "If the compact form was sent, try once with the full form.",
        ],
        verify: "The token decodes to the same numbers that the request carries where the verifier sees it.",
        who_acts: "the operator of the signing service and of each element that changes the call after signing",
        ..BASE
    },
    StatusEntry {
        code: 439,
        phrase: "First Hop Lacks Outbound Support",
        references: &["RFC 5626 §11.6"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "Without the outbound registration parameters.",
        methods: &["REGISTER"],
        dialog_effect: DialogEffect::Nothing,
        meaning: "The registrar supports outbound connections, the first proxy on the way does not.",
        when_it_occurs: &["An edge proxy does not add the ob parameter to its Path."],
        how_to_fix: &["Enable outbound support at the edge proxy, or register without reg-id."],
        verify: "The registration is accepted.",
        who_acts: "the operator of the edge proxy, or of the device",
        ..BASE
    },
    StatusEntry {
        code: 440,
        phrase: "Max-Breadth Exceeded",
        references: &["RFC 5393 §6.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Only when fewer targets are searched at a time.",
        methods: &["any request that forks"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The request would be forked to more destinations at once than its limit (Max-Breadth) allows.",
        when_it_occurs: &["Large ring groups behind several proxies that all fork."],
        how_to_fix: &["Fork to fewer targets at a time, or one after the other; remove nested forking."],
        verify: "All targets are tried without a 440 branch.",
        who_acts: "the operator of the forking proxies",
        ..BASE
    },
    StatusEntry {
        code: 469,
        phrase: "Bad Info Package",
        references: &["RFC 6086 §4.2.2"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Never,
        retry_note: "Not with this package; the call goes on.",
        required_headers: &[&["Recv-Info"]],
        methods: &["INFO"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "The receiver does not want the INFO package that the request carries. The call itself goes on.",
        when_it_occurs: &["The peer never listed the package in Recv-Info."],
        how_to_fix: &[
            "Send only packages that the peer announced in Recv-Info; configure DTMF over RTP events if the \
            INFO carried digits.",
        ],
        verify: "No INFO with that package is sent any more, or it is accepted.",
        who_acts: "the vendor or operator of the client that sent the INFO",
        ..BASE
    },
    StatusEntry {
        code: 470,
        phrase: "Consent Needed",
        references: &["RFC 5360 §5.9.2"],
        kind: Kind::Policy,
        failure: Failure::Yes,
        retry: Retry::ModifiedSameTarget,
        retry_note: "After consent was given.",
        useful_headers: &["Permission-Missing"],
        methods: &["requests with a list of URIs"],
        dialog_effect: DialogEffect::Transaction,
        meaning: "A list server needs the permission of some recipients before it delivers to them.",
        when_it_occurs: &["Messages or conferences with a list of URIs."],
        how_to_fix: &["Obtain the consent of the recipients in Permission-Missing, or leave them out."],
        verify: "The request is accepted for all recipients.",
        who_acts: "the sender of the request, with the recipients",
        ..BASE
    },
    StatusEntry {
        code: 473,
        phrase: "Filtered Destination",
        aliases: &["Filtered destination (473/TM)", "Filtered destination (473/SL)"],
        registration: Registration::Unregistered,
        references: &["OpenSIPS error.h"],
        kind: Kind::Policy,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: OpenSIPS refused to send to the next hop because its address is on one of its lists of \
            blocked destinations.",
        when_it_occurs: &["The destination failed before and was put on a temporary list, or a static rule covers it."],
        how_to_fix: &["Look at the lists of blocked destinations of the proxy, and find out why the destination was \
            entered; mend the failure behind it."],
        verify: "The proxy relays the request to that destination again.",
        who_acts: "the operator of the OpenSIPS proxy that answered",
        ..BASE
    },
    StatusEntry {
        code: 474,
        phrase: "Bad Protocol",
        registration: Registration::Unregistered,
        references: &["OpenSIPS error.h"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: OpenSIPS has no usable transport for the destination.",
        when_it_occurs: &["The Contact or Route asks for TLS, WebSocket or SCTP, and the module is not loaded or no \
            socket listens."],
        how_to_fix: &["Load and configure the transport, or correct the transport parameter of the destination."],
        verify: "The proxy sends the request over the wanted transport.",
        who_acts: "the operator of the OpenSIPS proxy that answered",
        ..BASE
    },
    StatusEntry {
        code: 475,
        phrase: "Bad URI",
        registration: Registration::Unregistered,
        references: &["OpenSIPS error.h"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: OpenSIPS could not read the URI it was to route to. Kamailio says 479 for the same \
            fault.",
        when_it_occurs: &["A malformed Request-URI, Route or Contact."],
        how_to_fix: &["Correct the URI at the element that wrote it."],
        verify: "The proxy relays the request.",
        who_acts: "the operator of the element that wrote the URI",
        ..BASE
    },
    StatusEntry {
        code: 476,
        phrase: "Unresolvable Destination",
        aliases: &["Unresolvable destination (476/TM)", "Unresolvable destination (476/SL)"],
        registration: Registration::Unregistered,
        references: &["OpenSIPS error.h"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: OpenSIPS could not resolve the next hop. Kamailio says 478 for the same fault.",
        when_it_occurs: &["The DNS lookup failed, or routing left no destination set."],
        how_to_fix: &["Mend the DNS entry, or set the destination in the routing script."],
        verify: "The name resolves on the proxy host, and the request is relayed.",
        who_acts: "the operator of the DNS zone, or of the OpenSIPS proxy that answered",
        ..BASE
    },
    StatusEntry {
        code: 477,
        phrase: "Send Error",
        aliases: &[
            "Unfortunately error on sending to next hop occurred (477/TM)",
            "Unfortunately error on sending to next hop occurred (477/SL)",
        ],
        registration: Registration::Unregistered,
        references: &["Kamailio src/core/error.h, OpenSIPS error.h"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: the proxy (Kamailio or OpenSIPS) could not send the request to the next hop.",
        when_it_occurs: &["A TCP or TLS connection was refused or timed out, no socket fits the protocol, or the \
            operating system refused to send."],
        how_to_fix: &[
            "Check from the proxy host that the next hop accepts connections on that address, port and transport.",
            "Check the listen sockets of the proxy. The ending of the phrase, SL or TM, says whether the stateless or \
                the transaction module gave up.",
        ],
        verify: "The request appears on the wire behind the proxy.",
        who_acts: "the operator of the Kamailio or OpenSIPS proxy that answered",
        ..BASE
    },
    StatusEntry {
        code: 478,
        phrase: "Unresolvable Destination",
        aliases: &["Unresolvable destination (478/TM)", "Unresolvable destination (478/SL)"],
        registration: Registration::Unregistered,
        references: &["Kamailio src/core/error.h"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: Kamailio could not resolve the destination. OpenSIPS says 476 for the same fault.",
        when_it_occurs: &["The host of the Request-URI, Route or Contact does not exist in DNS, the name server \
            failed, or a tel: Request-URI arrived and routing set no destination."],
        how_to_fix: &[
            "See which host name the Request-URI or topmost Route carries, and mend its DNS entry.",
            "For tel: URIs set the destination in the routing script.",
        ],
        verify: "The name resolves on the proxy host, and the request is relayed.",
        who_acts: "the operator of the DNS zone, or of the Kamailio proxy that answered",
        ..BASE
    },
    StatusEntry {
        code: 479,
        phrase: "Bad URI",
        aliases: &["Regretfully, we were not able to process the URI (479/SL)"],
        registration: Registration::Unregistered,
        references: &["Kamailio src/core/error.h"],
        kind: Kind::Failure,
        failure: Failure::Yes,
        retry: Retry::Depends,
        retry_note: "As for 400, to which unknown 4xx codes fall back (RFC 3261 §8.1.3.2).",
        dialog_effect: DialogEffect::Transaction,
        meaning: "Unregistered: Kamailio could not read a URI. Some routing scripts also send 479 when the next hop \
            would be a private address.",
        when_it_occurs: &[
            "A malformed Request-URI or Contact, or a client behind NAT whose private address was taken \
            literally.",
        ],
        how_to_fix: &["Correct the URI; for private addresses, mend the NAT handling so that the proxy uses the \
            address the request came from."],
        verify: "The proxy relays the request.",
        who_acts: "the operator of the element that wrote the URI",
        ..BASE
    },
];
