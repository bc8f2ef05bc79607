//! Header fields by name.

use super::Redactor;
use super::scan::{before, each, trimmed, unquoted};
use crate::sip::HeaderName;

/// Header fields that hold one identifier, as a rule a Call-ID.
const IDENTIFIERS: &[&str] = &[
    "x-fs-call-id",
    "x-fs-uuid",
    "x-acme-call-id",
    "x-call-id",
    "x-callid",
    "x-cid",
    "x-sip-call-id",
    "x-original-call-id",
    "x-originalcallid",
    "x-asterisk-call-id",
    "x-fs-unique-id",
    "x-cisco-call-id",
    "p-call-id",
    "sip-etag",
    "sip-if-match",
    "x-uuid",
    "x-session-id",
    "origination-id",
    "cisco-guid",
    "x-inbound-call-id",
    "x-leg-id",
    "x-orig-call-id",
    "x-b-leg-call-id",
    "x-a-leg-call-id",
    "x-correlation-id",
    "x-global-call-id",
];

/// Header fields with addresses that [`HeaderName`] does not know.
const PARTIES: &[&str] = &[
    "p-associated-uri",
    "p-called-party-id",
    "p-served-user",
    "p-profile-key",
    "p-refused-uri-list",
    "reply-to",
    "geolocation",
    "trigger-consent",
    "p-user-database",
    "p-preferred-service-uri",
    "x-original-to",
    "x-from",
    "x-to",
];

/// Header fields of the protocol that [`HeaderName`] does not know.
const PROTOCOL: &[&str] = &[
    "p-asserted-service",
    "p-preferred-service",
    "p-early-media",
    "p-answer-state",
    "answer-mode",
    "suppress-if-match",
    "flow-timer",
    "refer-sub",
    "max-breadth",
    "info-package",
    "resource-priority",
    "verstat",
    "p-attestation-indicator",
    "x-asterisk-hangupcause",
    "x-asterisk-hangupcausecode",
    "history-info-support",
    "accept-datetime",
    "content-transfer-encoding",
];

impl Redactor {
    /// Replaces the value of a header field; `text` is its name as captured.
    pub(super) fn field(&self, name: HeaderName, text: &[u8], value: &[u8]) -> Vec<u8> {
        use HeaderName as H;
        match name {
            H::Via => self.vias(value),
            H::From
            | H::To
            | H::Contact
            | H::Route
            | H::RecordRoute
            | H::PAssertedIdentity
            | H::PPreferredIdentity
            | H::RemotePartyId
            | H::Diversion
            | H::HistoryInfo
            | H::ReferTo
            | H::ReferredBy
            | H::Path
            | H::ServiceRoute
            | H::CallInfo
            | H::AlertInfo
            | H::ErrorInfo
            | H::IdentityInfo
            | H::PermissionMissing => self.parties(value),
            H::CallId => self.identifier_at_host(value),
            H::InReplyTo => each(value, b',', |one| trimmed(one, |one| self.identifier_at_host(one))),
            H::Replaces | H::SessionId => {
                let (id, params) = before(value, |byte| byte == b';');
                [trimmed(id, |id| self.identifier_at_host(id)), self.params(params)].concat()
            }
            H::PChargingVector => self.params(value),
            H::Identity => self.identities(value),
            H::Authorization | H::ProxyAuthorization | H::WwwAuthenticate | H::ProxyAuthenticate => {
                self.credentials(value)
            }
            H::Warning => each(value, b',', |one| trimmed(one, |one| self.warning(one))),
            H::Reason
            | H::Event
            | H::SubscriptionState
            | H::ContentType
            | H::SessionExpires
            | H::AcceptContact
            | H::RejectContact
            | H::FeatureCaps
            | H::SecurityClient
            | H::SecurityServer
            | H::GeolocationError
            | H::AlertMsgError
            | H::ContentDisposition => each(value, b',', |one| self.headed(one)),
            H::RetryAfter => self.retry_after(value),
            H::UserAgent | H::Server => self.agent(value),
            H::Subject | H::Organization => self.free(value),
            H::Other => self.other(text, value),
            _ => self.of_protocol(value),
        }
    }

    /// Replaces the name of a header field, if it is none that software uses.
    pub(super) fn field_name(&self, name: HeaderName, text: &[u8]) -> Vec<u8> {
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        let plain =
            text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ' | b'\t'));
        if name != HeaderName::Other || plain && digits < 4 && text.len() <= 60 {
            text.to_vec()
        } else {
            self.free(text)
        }
    }

    fn other(&self, text: &[u8], value: &[u8]) -> Vec<u8> {
        let name = text.trim_ascii().to_ascii_lowercase();
        let is_of = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
        if is_of(IDENTIFIERS) {
            return self.identifier_at_host(value);
        }
        if is_of(PARTIES) {
            return self.parties(value);
        }
        if is_of(PROTOCOL) {
            return self.of_protocol(value);
        }
        match name.as_slice() {
            b"p-charging-function-addresses" => self.params(value),
            b"p-access-network-info" | b"security-verify" => each(value, b',', |one| self.headed(one)),
            b"target-dialog" | b"join" => self.field(HeaderName::Replaces, text, value),
            b"authentication-info" | b"proxy-authentication-info" => each(value, b',', |part| self.credential(part)),
            _ if memchr::memmem::find(value, b"<sip").is_some() || memchr::memmem::find(value, b"<tel:").is_some() => {
                self.parties(value)
            }
            _ => self.free(value),
        }
    }

    /// Via values.
    fn vias(&self, text: &[u8]) -> Vec<u8> {
        each(text, b',', |value| trimmed(value, |value| self.via(value)))
    }

    fn via(&self, value: &[u8]) -> Vec<u8> {
        let (head, params) = before(value, |byte| byte == b';');
        // As `sip::Via` reads it: sent-by stands behind a blank behind the last slash.
        let slash = head.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let tail = head.get(slash..).unwrap_or_default();
        let lead = tail.len() - tail.trim_ascii_start().len();
        let name = before(tail.get(lead..).unwrap_or_default(), |byte| byte.is_ascii_whitespace()).0;
        let (protocol, sent_by) = head.split_at_checked(slash + lead + name.len()).unwrap_or((head, &[]));
        let protocol = if is_protocol(protocol) && !self.holds_address(protocol) {
            protocol.to_vec()
        } else {
            self.free(protocol)
        };
        [protocol, trimmed(sent_by, |sent_by| self.host_port(sent_by)), self.params(params)].concat()
    }

    /// A word of the protocol, then parameters.
    fn headed(&self, value: &[u8]) -> Vec<u8> {
        let (head, params) = before(value, |byte| byte == b';');
        [self.of_protocol(head), self.params(params)].concat()
    }

    /// `399 agent "text"`.
    fn warning(&self, value: &[u8]) -> Vec<u8> {
        let (code, rest) = before(value, |byte| byte == b' ');
        let (agent, text) = before(rest.get(1..).unwrap_or_default(), |byte| byte == b' ');
        if code.len() > 3 || !code.iter().all(u8::is_ascii_digit) || agent.contains(&b'"') {
            return self.free(value);
        }
        let space = rest.get(..1).unwrap_or_default();
        let text = trimmed(text, |text| unquoted(text, |text| self.free(text)));
        [code, space, &self.host_port(agent), &text].concat()
    }

    /// `18000 (in a meeting);duration=3600`.
    fn retry_after(&self, value: &[u8]) -> Vec<u8> {
        let (seconds, rest) = before(value, |byte| !byte.is_ascii_digit() && byte != b' ');
        let (comment, params) = before(rest, |byte| byte == b';');
        let seconds = if seconds.len() <= 12 { seconds.to_vec() } else { self.free(seconds) };
        [seconds, self.free(comment), self.params(params)].concat()
    }

    /// Names and versions of software, without what tells one device from another: addresses, long numbers.
    fn agent(&self, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(value.len());
        let mut rest = value;
        while !rest.is_empty() {
            let (word, behind) = before(rest, |byte| byte.is_ascii_whitespace() || b"();,<>\"".contains(&byte));
            out.extend(self.agent_word(word));
            out.extend(behind.first());
            rest = behind.get(1..).unwrap_or_default();
        }
        out
    }

    fn agent_word(&self, word: &[u8]) -> Vec<u8> {
        let runs = || word.split(|byte| !byte.is_ascii_alphanumeric());
        let is_serial = |run: &[u8]| {
            let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
            digits >= 7 || run.len() >= 12 && digits >= 2 && run.iter().all(u8::is_ascii_hexdigit)
        };
        let is_mac = word.iter().filter(|byte| matches!(byte, b':' | b'-')).count() >= 5;
        if let Some(address) = self.literal(word) {
            address
        } else if word.contains(&b'@') || !word.is_ascii() {
            self.free(word)
        } else if is_mac || runs().any(is_serial) {
            self.identifier(word)
        } else {
            word.to_vec()
        }
    }

    /// Words and numbers of the protocol stay; whatever looks like something else is replaced.
    pub(super) fn of_protocol(&self, value: &[u8]) -> Vec<u8> {
        if is_protocol(value) && !self.holds_address(value) { value.to_vec() } else { self.free(value) }
    }

    pub(super) fn holds_address(&self, value: &[u8]) -> bool {
        let is_sign = |byte: u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':'));
        let dots = memchr::memchr_iter(b'.', value).count();
        let colons = memchr::memchr_iter(b':', value).count();
        let words = || value.split(|byte| is_sign(*byte));
        let host = |word| before(word, |byte| byte == b':').0;
        dots >= 3 && words().any(|word| self.literal(host(word)).is_some())
            || colons >= 2 && words().any(|word| self.literal(word).is_some())
    }
}

fn is_protocol(value: &[u8]) -> bool {
    let runs = || value.split(|byte| !byte.is_ascii_digit());
    let long = runs().filter(|run| run.len() > 4).count();
    let is_number = |run: &&[u8]| run.len() > 4 && run.len() <= 10;
    // One long number may be a sequence number or a time.
    let numbers = runs().filter(is_number).count();
    let rest_is_short = long == numbers && long <= 2;
    let starts_with_number = long == 0 || value.trim_ascii_start().first().is_some_and(u8::is_ascii_digit);
    value.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_control() && *byte != b'@')
        && rest_is_short
        && starts_with_number
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;
    use crate::sip::HeaderName;

    fn new(name: &str, value: &str) -> String {
        let known = HeaderName::read(name.as_bytes());
        String::from_utf8(redactor().field(known, name.as_bytes(), value.as_bytes())).unwrap()
    }

    #[test]
    fn what_the_protocol_says_stays() {
        for (name, value) in [
            ("CSeq", "4711 INVITE"),
            ("RAck", "776656 1 INVITE"),
            ("Max-Forwards", "70"),
            ("Allow", "INVITE, ACK, BYE"),
            ("Supported", "100rel,timer"),
            ("Date", "Mon, 30 Mar 2026 14:00:00 GMT"),
            ("Reason", "Q.850;cause=16;text=\"Normal call clearing\""),
            ("Reason", "SIP;cause=603;text=\"Network Blocked\";location=LN"),
            ("Session-Expires", "1800;refresher=uac"),
            ("Privacy", "id;critical"),
            ("Retry-After", "3600;duration=1800"),
            ("User-Agent", "Asterisk PBX 16.2.1 (FPBX-15)"),
            ("Content-Type", "application/sdp"),
            ("Event", "message-summary"),
            ("Subscription-State", "active;expires=3600"),
            ("Resource-Priority", "esnet.1"),
        ] {
            assert_eq!(new(name, value), value, "{name}");
        }
    }

    #[test]
    fn all_else_is_replaced_in_place() {
        for (name, value, gone) in [
            (
                "Via",
                "SIP/2.0/UDP pbx.corp.example:5060;branch=z9hG4bKabc123;received=192.0.2.77",
                &["pbx", "corp", "abc123", "192.0.2.77"][..],
            ),
            (
                "Via",
                "SIP / 2.0 / UDP pbx.corp.example : 5060 ;rport, SIP/2.0/TCP 192.0.2.77",
                &["pbx", "corp", "192.0.2.77"],
            ),
            ("Call-ID", "a84b4c76e66710@pbx.corp.example", &["a84b4c", "corp"]),
            ("Warning", "399 pbx.corp.example \"Alice is not at 192.0.2.77\"", &["corp", "Alice", "192.0.2.77"]),
            ("Reason", "SIP;cause=486;text=\"Alice is busy\"", &["Alice"]),
            (
                "Reason",
                "SIP;cause=603;text=\"v=analytics1;url=https://redress.corp.example;id=abcd1234\"",
                &["corp", "abcd"],
            ),
            ("Retry-After", "120 (Alice is in a meeting)", &["Alice", "meeting"]),
            ("User-Agent", "Yealink SIP-T46S 001565abcdef 192.0.2.77", &["001565", "192.0.2.77"]),
            ("Subject", "Lunch with Alice", &["Lunch", "Alice"]),
            (
                "P-Charging-Vector",
                "icid-value=\"abc1234\";icid-generated-at=192.0.2.77;orig-ioi=corp.example",
                &["abc1234", "192.0.2.77", "corp"],
            ),
            ("P-Access-Network-Info", "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=310410aabbccdd", &["310410"]),
            (
                "Session-ID",
                "ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2",
                &["ab3031", "47755a"],
            ),
            ("Replaces", "98asjd8@192.0.2.77;to-tag=786;from-tag=abc", &["98asjd", "192.0.2.77", "786", "abc"]),
            ("X-Call-ID", "a84b4c76e66710@pbx.corp.example", &["a84b4c", "corp"]),
            ("X-Customer", "alice", &["alice"]),
            ("X-Account", "number=12125550142", &["5550142"]),
            ("P-Associated-URI", "<sip:alice@corp.example>, <tel:+12125550142>", &["alice", "corp", "5550142"]),
            ("Max-Forwards", "70 192.0.2.77", &["192.0.2.77"]),
            ("Supported", "alice@corp", &["alice", "corp"]),
            ("Authentication-Info", "nextnonce=\"47364c23432d\", rspauth=\"6629fae4\"", &["47364", "6629"]),
            ("Geolocation", "<sip:alice@corp.example>", &["alice"]),
        ] {
            let written = new(name, value);
            assert_eq!(written.len(), value.len(), "{name}: {written}");
            assert!(gone.iter().all(|word| !written.contains(word)), "{name}: {written}");
        }
        assert_eq!(new("X-Call-ID", "a84b@pbx.corp.example"), new("Call-ID", "a84b@pbx.corp.example"));
    }
}
