//! A TLS handshake for SIP that was not completed.

use crate::diagnosis::patterns::tls::{Failure, Group, Side};
use crate::diagnosis::tls_case;
use crate::diagnosis::{Certainty, Context, Detect, Evidence, Explanation, Finding, Patterns, Rule, Severity, Text};
use crate::tls::{TlsStream, alert_name};

pub(super) static RULE: Rule = Rule {
    code: "tls-handshake-failed",
    summary: "A TLS handshake for SIP was broken off, so that no call and no registration could pass.",
    severity: Severity::Error,
    references: &["RFC 8446 §6", "RFC 5246 §7.2", "RFC 5922 §7", "RFC 8996"],
    explanation: Explanation {
        what_it_means: "Client and server did not agree: one of them sent a fatal alert, closed the connection before the handshake was \
            over, or the server answered with something that is not TLS. The alert says the reason, as its sender sees it.",
        why_it_matters: "Nothing is sent over such a connection. A device does not register, a trunk is down, and no SIP message tells why.",
        likely_causes: "- The client does not accept the certificate of the server: unknown authority, expired, another name, \
            self-signed.\n\
            - The server asks for a certificate of the client, which shows none, or one that the server does not trust.\n\
            - No version of TLS in common: an old device with TLS 1.0, a server with TLS 1.2 and later.\n\
            - No cipher suite in common, or a certificate (RSA, ECDSA) that the client cannot use.\n\
            - The server has no certificate for the name that the client asks for.\n\
            - The client speaks TLS to a port that does not.",
        how_to_fix: "- Certificates: let the server send all intermediate certificates, install the root in the client, renew what has \
            expired, and let name and certificate agree.\n\
            - Versions and cipher suites: enable TLS 1.2 and 1.3, with ECDHE and AES-GCM, on both ends.\n\
            - Client certificates: install one that the server trusts, or let the server not ask for one.\n\
            - Ports: TLS for SIP is 5061 as a rule.",
        how_to_confirm: "`openssl s_client -connect HOST:5061 -servername NAME` from the host of the client completes the handshake; a new \
            capture shows application data behind it.",
        when_this_is_wrong: "- The alert `close_notify` ends every connection in an orderly way and is no failure.\n\
            - A capture that ends in the middle of a handshake proves nothing.\n\
            - Port scanners and monitoring open connections and close them on purpose.\n\
            - In TLS 1.3 the alert of a client is encrypted: that there was one is told by its length.",
    },
    detect: Detect::Capture(detect),
};

fn detect(patterns: &Patterns, _: &Context<'_>, out: &mut Vec<Finding>) {
    for (failure, group) in patterns.tls.failures() {
        out.extend(finding(failure, group));
    }
}

fn finding(failure: Failure, group: &Group) -> Option<Finding> {
    let stream = &group.first;
    let diagnosis = Diagnosis::of(failure, stream);
    let message = message(failure, &diagnosis, group);
    let certainty = match failure {
        Failure::Alert(_, Some(_)) | Failure::NotTls => Certainty::Certain,
        Failure::Alert(_, None) | Failure::Closed(_) => Certainty::Strong,
    };
    let shown = [Side::Server, Side::Client].into_iter().filter_map(|side| side.certificate(stream));
    let certificates: Vec<Evidence> = shown.map(|(facts, place)| tls_case::certificate(facts, place)).collect();
    let mut finding = Finding::new(&RULE, certainty, message, primary(failure, stream)?)
        .evidence(tls_case::client_hello(stream))
        .evidence(tls_case::server_hello(stream))
        .evidence(certificates)
        .actor(tls_case::operator(diagnosis.actor, diagnosis.actor.endpoint(stream)))
        .verify(
            "`openssl s_client` from the host of the client completes the handshake, and a new capture shows application data \
             behind it.",
        );
    for fix in diagnosis.fixes {
        finding = finding.fix(fix);
    }
    Some(finding)
}

/// The frame that ended it.
fn primary(failure: Failure, stream: &TlsStream) -> Option<Evidence> {
    match failure {
        Failure::Alert(..) => {
            let alert = stream.fatal_alert()?;
            Some(tls_case::evidence(&alert.place, "TLS alert", alert.name()))
        }
        Failure::NotTls => Some(tls_case::evidence(stream.not_tls.as_ref()?, "not TLS", String::new())),
        Failure::Closed(_) => {
            let (_, place) = stream.ended.as_ref()?;
            Some(tls_case::evidence(place, "end of the connection", String::new()))
        }
    }
}

fn message(failure: Failure, diagnosis: &Diagnosis, group: &Group) -> Text {
    let stream = &group.first;
    let template = match failure {
        Failure::Alert(Side::Client, Some(_)) => {
            "The TLS handshake of {client} with {server} failed: the client sent the alert {alert}: {reason}."
        }
        Failure::Alert(Side::Server, Some(_)) => {
            "The TLS handshake of {client} with {server} failed: the server sent the alert {alert}: {reason}."
        }
        Failure::Alert(Side::Client, None) => {
            "The TLS handshake of {client} with {server} failed: the client broke it off with an encrypted alert: {reason}."
        }
        Failure::Alert(Side::Server, None) => {
            "The TLS handshake of {client} with {server} failed: the server broke it off with an encrypted alert: {reason}."
        }
        Failure::NotTls => "The TLS handshake of {client} with {server} failed: the server answers, but not with TLS.",
        Failure::Closed(Side::Client) => {
            "The TLS handshake of {client} with {server} failed: the client closed the connection before it was over, without an alert."
        }
        Failure::Closed(Side::Server) => {
            "The TLS handshake of {client} with {server} failed: the server closed the connection before it was over, without an alert."
        }
    };
    let mut text = Text::new(template).with("client", stream.client.address).with("server", stream.server);
    if let Failure::Alert(_, code) = failure {
        text = text.with("reason", &diagnosis.reason);
        if let Some(code) = code {
            text = text.with("alert", alert_name(code));
        }
    }
    match group.count {
        1 => text,
        n => Text::new("{what} {n} connections ended so.").with("what", text).with("n", n),
    }
}

/// Names of a certificate, as many as a sentence bears.
fn shown(names: &[String]) -> Text {
    const MOST: usize = 6;
    let list = Text::list(", ", names.iter().take(MOST));
    match names.len().saturating_sub(MOST) {
        0 => list,
        n => Text::new("{names} and {n} more").with("names", list).with("n", n),
    }
}

/// What an alert means here, and what to do about it.
struct Diagnosis {
    reason: Text,
    actor: Side,
    fixes: Vec<Text>,
}

impl Diagnosis {
    fn new(reason: impl Into<Text>, actor: Side, fixes: &[&'static str]) -> Self {
        Self { reason: reason.into(), actor, fixes: fixes.iter().map(|fix| Text::new(fix)).collect() }
    }

    fn of(failure: Failure, stream: &TlsStream) -> Self {
        let (side, code) = match failure {
            Failure::Alert(side, code) => (side, code),
            Failure::NotTls => {
                let fixes = [
                    "Let the client connect to the port of the server that speaks TLS (5061 as a rule), or switch TLS on there.",
                ];
                return Self::new("", Side::Server, &fixes);
            }
            Failure::Closed(side) => {
                let fixes = [
                    "Look into the log of the end that closed the connection: it knows the reason.",
                    "Check the certificates that each end trusts, the versions of TLS, and the cipher suites.",
                ];
                return Self::new("", side, &fixes);
            }
        };
        match code {
            Some(43) => Self::unsupported(side),
            Some(44) => Self::revoked(side),
            Some(45) if Self::is_valid(side, stream) => Self::seems_expired(side),
            Some(49) => Self::denied(side),
            Some(51) => Self::broken_proof(side),
            Some(86) => Self::fallback(),
            Some(42 | 45 | 46 | 48 | 113) | None if side == Side::Client => Self::server_certificate(stream, code),
            Some(41 | 42 | 45 | 46 | 48 | 116) | None => Self::client_certificate(stream),
            Some(40) if side == Side::Server && stream.asks_client_certificate => Self::client_certificate(stream),
            Some(70) => Self::versions(stream),
            Some(40 | 71) if side == Side::Client && stream.server_hello.is_some() => Self::new(
                "it does not go on with what the server chose or showed",
                side,
                &[
                    "Look into the log of the client: it knows whether cipher suite, group, or certificate did not suit it.",
                ],
            ),
            Some(40 | 71) => Self::suites(stream),
            Some(112) => Self::name(stream),
            Some(120) => Self::protocols(stream),
            Some(_) => Self::new(
                "it could not make sense of what it got, or failed itself",
                side,
                &["Look into the log of the end that sent the alert: it knows the reason."],
            ),
        }
    }

    /// Whose certificate the sender of an alert speaks of: that of the other end.
    fn shown_by_other(side: Side) -> Side {
        match side {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// Whether that certificate was captured, and was valid at that time.
    fn is_valid(side: Side, stream: &TlsStream) -> bool {
        let shown = Self::shown_by_other(side).certificate(stream);
        shown.is_some_and(|(facts, place)| tls_case::invalidity(facts, place.time).is_none())
    }

    fn unsupported(side: Side) -> Self {
        Self::new(
            "it cannot use certificates of this kind (RFC 8446 §6.2)",
            Self::shown_by_other(side),
            &[
                "Install a certificate whose key and signature both ends know, such as ECDSA on P-256 or RSA of 2048 bits with SHA-256.",
            ],
        )
    }

    fn revoked(side: Side) -> Self {
        Self::new(
            "a certificate was revoked by whoever signed it (RFC 8446 §6.2)",
            Self::shown_by_other(side),
            &["Have a new certificate issued, install it, and reload the server or device."],
        )
    }

    fn seems_expired(side: Side) -> Self {
        Self::new(
            "it takes a certificate for expired or not yet valid, though the one that was shown is valid at the time of the capture",
            side,
            &[
                "Check the clock of the end that sent the alert.",
                "Check that all intermediate certificates of the chain are valid.",
            ],
        )
    }

    fn denied(side: Side) -> Self {
        Self::new(
            "it took the certificate or key of the other end for valid, and does not grant access (RFC 8446 §6.2)",
            side,
            &["Allow the holder of that certificate where the alert comes from, or let it show another one."],
        )
    }

    fn broken_proof(side: Side) -> Self {
        Self::new(
            "a signature or another proof of the handshake does not hold (RFC 8446 §6.2)",
            Self::shown_by_other(side),
            &[
                "Check that the private key belongs to the certificate that is installed, and that nothing between the ends changes the handshake.",
            ],
        )
    }

    /// The signal that a client gives when it tries again with less (RFC 7507 §3).
    fn fallback() -> Self {
        Self::new(
            "the client tried again with a lower version than the server has (RFC 7507)",
            Side::Client,
            &[
                "Find out why the attempt with the higher version failed: it comes before this one.",
                "Let the client connect anew with its highest version.",
            ],
        )
    }

    /// The client does not take the certificate of the server.
    fn server_certificate(stream: &TlsStream, code: Option<u8>) -> Self {
        let trust =
            "Let the server send all intermediate certificates, and install the root of their authority in the client.";
        let Some((facts, place)) = &stream.certificate else {
            let reason = "it does not accept the certificate of the server, which is encrypted here";
            let reason =
                if code.is_some() { reason } else { "as a rule it does not accept the certificate of the server" };
            return Self::new(
                reason,
                Side::Server,
                &[trust, "Decrypt the capture with --keylog to see the certificate and the alert."],
            );
        };
        if let Some(what) = tls_case::invalidity(facts, place.time) {
            let reason = Text::new("the certificate of the server is not valid: {what}").with("what", what);
            return Self::new(
                reason,
                Side::Server,
                &["Renew the certificate, install it, and reload the server or device."],
            );
        }
        if facts.is_self_issued {
            return Self::new(
                "the certificate of the server is self-signed",
                Side::Server,
                &[
                    "Install a certificate of an authority that the client trusts.",
                    "Where the certificate has to stay, add it to the trusted certificates of every device that connects.",
                ],
            );
        }
        // Who does not know the authority (48) has not come to the name.
        let wanted = stream.server_name.as_ref().filter(|_| code != Some(48));
        if let Some(name) = wanted.filter(|name| !facts.holds_for(name)) {
            let reason = if facts.holds_by_wildcard(name) {
                Text::new(
                    "the certificate of the server holds for {name} only by a wildcard, which SIP must not take (RFC 5922 §7.2)",
                )
            } else {
                Text::new("the certificate of the server holds for {names}, not for {name}")
                    .with("names", shown(&facts.names))
            };
            let reason = reason.with("name", name);
            let fix = "Use a certificate that holds for the name that the client asks for, or let the client ask for a name of the certificate.";
            return Self::new(reason, Side::Server, &[fix, trust]);
        }
        let reason = if code == Some(48) {
            Text::new("it does not trust the certificate of the server, issued by {issuer}")
        } else {
            Text::new("it does not accept the certificate of the server, issued by {issuer}")
        };
        Self::new(reason.with("issuer", &facts.issuer), Side::Server, &[trust])
    }

    /// The server does not take the certificate of the client, or misses one.
    fn client_certificate(stream: &TlsStream) -> Self {
        let fixes = [
            "Install a certificate in the client whose authority the server trusts, or let the server not ask for one.",
        ];
        let Some((facts, place)) = &stream.client_certificate else {
            return Self::new("the client showed no certificate that the server accepts", Side::Client, &fixes);
        };
        let reason = if let Some(what) = tls_case::invalidity(facts, place.time) {
            Text::new("the certificate of the client is not valid: {what}").with("what", what)
        } else {
            let reason = Text::new("it does not accept the certificate of the client, issued by {issuer}");
            reason.with("issuer", &facts.issuer)
        };
        Self::new(reason, Side::Client, &fixes)
    }

    fn versions(stream: &TlsStream) -> Self {
        let offered = stream.offered_versions.iter().map(|version| version.name());
        let reason = Text::new("no version of TLS in common; the client offers {versions}");
        let newest = stream.offered_versions.iter().max();
        // Who offers TLS 1.2 has done what can be asked.
        let actor = if newest.is_some_and(|version| version.name() >= "TLS 1.2") { Side::Server } else { Side::Client };
        let fixes =
            ["Enable TLS 1.2 and TLS 1.3 on both ends; a device that knows neither needs new firmware or a gateway."];
        Self::new(reason.with("versions", Text::list(", ", offered)), actor, &fixes)
    }

    fn suites(stream: &TlsStream) -> Self {
        const SHOWN: usize = 4;
        let suites = &stream.offered_suites;
        let offered = suites.iter().take(SHOWN).map(|id| TlsStream::name_of_suite(*id));
        let reason = match suites.len() {
            0..=SHOWN => Text::new("as a rule, no cipher suite in common; the client offers {suites}"),
            n => {
                Text::new("as a rule, no cipher suite in common; the client offers {n}, of them {suites}").with("n", n)
            }
        };
        let fixes = [
            "Enable cipher suites that both ends know, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.",
            "Check that the key of the server's certificate (RSA or ECDSA) fits the cipher suites of the client.",
        ];
        Self::new(reason.with("suites", Text::list(", ", offered)), Side::Server, &fixes)
    }

    fn name(stream: &TlsStream) -> Self {
        let reason = Text::new("the server has no certificate for the name {name}");
        let reason = reason.with("name", stream.server_name.as_deref().unwrap_or_default());
        Self::new(
            reason,
            Side::Client,
            &["Let the client use a name of the server that the server knows, or add the name to the server."],
        )
    }

    fn protocols(stream: &TlsStream) -> Self {
        let reason = Text::new("no application protocol in common; the client offers {protocols}");
        let fixes = [
            "Let the server accept the application protocol (ALPN) that the client offers, or switch ALPN off in the client.",
        ];
        Self::new(reason.with("protocols", Text::list(", ", &stream.protocols)), Side::Server, &fixes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{check, only};
    use crate::provenance::{Endpoint, Flow, FrameRef, Timestamp, Transport};
    use crate::tls::{Alert, CertificateFacts, Ended, Place, Version};

    const SAMPLE: &str = include_str!("../../../samples/tls-handshake-failed/capture.txt");

    fn place() -> Place {
        let end = |address: [u8; 4], port| Endpoint { address: address.into(), port };
        let flow = Flow {
            source: end([192, 0, 2, 10], 40_000),
            destination: end([198, 51, 100, 30], 5061),
            transport: Transport::Tcp,
        };
        Place { frame: FrameRef::default(), time: Timestamp(1_774_879_200_000_000_000), flow }
    }

    /// A connection whose client (or server) sent an alert.
    fn alerted(of_client: bool, code: Option<u8>) -> TlsStream {
        let place = place();
        let mut stream = TlsStream::new(place.flow.source, place.flow.destination, place);
        let flow = if of_client { place.flow } else { place.flow.reversed() };
        let alert = Alert { code, is_fatal: true, in_handshake: true, place: Place { flow, ..place } };
        stream.alerts.push(alert);
        stream.client_hello = Some(place);
        stream.server_name = Some("sip.example.com".to_owned());
        stream
    }

    fn certificate(name: &str, not_after: i64, own: bool) -> (CertificateFacts, Place) {
        let facts = CertificateFacts {
            subject: format!("CN={name}"),
            issuer: if own { format!("CN={name}") } else { "CN=Example CA".to_owned() },
            names: vec![name.to_owned()],
            not_before: 0,
            not_after,
            is_self_issued: own,
            chain: 1,
        };
        (facts, place())
    }

    fn told(stream: TlsStream) -> (String, Side) {
        let failure = Failure::of(&stream).unwrap();
        let diagnosis = Diagnosis::of(failure, &stream);
        let finding = finding(failure, &Group { first: stream, count: 1 }).unwrap();
        assert!(!finding.remediation.is_empty() && finding.actor.is_some());
        (finding.message.to_string(), diagnosis.actor)
    }

    #[test]
    fn the_alert_and_what_was_shown_tell_the_reason() {
        let later = 1_900_000_000;
        let with = |of_client, code, shown: Option<(CertificateFacts, Place)>| TlsStream {
            certificate: shown,
            ..alerted(of_client, code)
        };
        let versions = TlsStream { offered_versions: vec![Version::Tls10], ..alerted(false, Some(70)) };
        let asked = TlsStream { asks_client_certificate: true, ..alerted(false, Some(40)) };
        for (stream, reason, actor) in vec![
            (with(true, Some(48), Some(certificate("sip.example.com", later, true))), "self-signed", Side::Server),
            (
                with(true, Some(45), Some(certificate("sip.example.com", 5, false))),
                "it expired on 1970-01-01",
                Side::Server,
            ),
            (
                with(true, Some(42), Some(certificate("a.example.com", later, false))),
                "holds for a.example.com, not for",
                Side::Server,
            ),
            (
                with(true, Some(42), Some(certificate("*.example.com", later, false))),
                "only by a wildcard",
                Side::Server,
            ),
            (
                with(true, Some(48), Some(certificate("a.example.com", later, false))),
                "does not trust the certificate",
                Side::Server,
            ),
            (with(true, Some(44), Some(certificate("sip.example.com", later, false))), "was revoked", Side::Server),
            (
                with(true, Some(45), Some(certificate("sip.example.com", later, false))),
                "valid at the time",
                Side::Client,
            ),
            (with(true, Some(51), None), "proof of the handshake", Side::Server),
            (alerted(false, Some(49)), "does not grant access", Side::Server),
            (alerted(false, Some(86)), "with a lower version", Side::Client),
            (
                TlsStream { server_hello: Some(place()), ..alerted(true, Some(40)) },
                "what the server chose",
                Side::Client,
            ),
            (with(true, None, None), "as a rule it does not accept", Side::Server),
            (alerted(false, Some(116)), "showed no certificate", Side::Client),
            (asked, "showed no certificate", Side::Client),
            (versions, "the client offers TLS 1.0", Side::Client),
            (
                TlsStream { offered_suites: vec![0xc02b], ..alerted(false, Some(40)) },
                "_AES_128_GCM_SHA256",
                Side::Server,
            ),
            (alerted(false, Some(112)), "for the name sip.example.com", Side::Client),
            (TlsStream { protocols: vec!["sip/2".into()], ..alerted(false, Some(120)) }, "offers sip/2", Side::Server),
            (alerted(true, Some(80)), "internal_error", Side::Client),
        ] {
            let (message, who) = told(stream);
            assert!(message.contains(reason) && who == actor, "{message} {who:?}");
        }
    }

    #[test]
    fn connections_that_are_closed_too_early_have_failed() {
        let quiet = TlsStream { alerts: Vec::new(), ..alerted(true, None) };
        let server = quiet.server;
        let closed = TlsStream { ended: Some((Ended::Reset(server), place())), ..quiet.clone() };
        assert!(told(closed.clone()).0.contains("the server closed the connection"));
        assert!(told(TlsStream { not_tls: Some(place()), ..quiet.clone() }).0.contains("but not with TLS"));
        let complete = TlsStream { is_complete: true, ..closed };
        assert_eq!((Failure::of(&complete), Failure::of(&quiet)), (None, None), "the capture may end there");
    }

    #[test]
    fn samples_and_cut_captures() {
        let hello = SAMPLE.split("\n0.011").next().unwrap();
        let near = include_str!("../../../samples/tls-handshake-failed/near-miss.txt");
        let other_server = SAMPLE.replace("hex 15 03 03 00 02 02 46", "text HTTP/1.1 400 Bad Request\\r\\n\\r\\n");
        assert_ne!(other_server, SAMPLE);
        check(
            RULE.code,
            &[
                ("alert", SAMPLE, Some(Severity::Error)),
                ("completed", near, None),
                ("cut behind the hello", hello, None),
                ("closed behind the hello", &hello.replace("tcp", "tcp close"), Some(Severity::Error)),
                ("no TLS", &other_server, Some(Severity::Error)),
            ],
        );
        let finding = only(SAMPLE, RULE.code);
        assert_eq!(
            finding.message.to_string(),
            "The TLS handshake of 192.0.2.10 with 198.51.100.30:5061 failed: the server sent the alert protocol_version: no version \
             of TLS in common; the client offers TLS 1.2."
        );
        assert_eq!((&*finding.evidence[0].text, finding.certainty), ("protocol_version", Certainty::Certain));
    }
}
