//! Session descriptions, line by line: addresses, names and keys go; media, codecs, ports and directions stay.

use super::Redactor;
use super::scan::before;

/// Attributes that describe media alone.
const KEPT: &[&str] = &[
    "sendrecv",
    "sendonly",
    "recvonly",
    "inactive",
    "rtpmap",
    "fmtp",
    "ptime",
    "maxptime",
    "minptime",
    "rtcp-mux",
    "rtcp-rsize",
    "rtcp-fb",
    "extmap",
    "extmap-allow-mixed",
    "group",
    "mid",
    "setup",
    "connection",
    "curr",
    "des",
    "conf",
    "silenceSupp",
    "ecan",
    "gpmd",
    "X-nat",
    "T38FaxVersion",
    "T38MaxBitRate",
    "T38FaxRateManagement",
    "T38FaxMaxBuffer",
    "T38FaxMaxDatagram",
    "T38FaxUdpEC",
    "T38FaxFillBitRemoval",
    "T38FaxTranscodingMMR",
    "T38FaxTranscodingJBIG",
    "bundle-only",
    "end-of-candidates",
    "ice-lite",
    "ice-options",
    "framerate",
    "quality",
    "orient",
    "type",
    "charset",
    "label",
    "content",
    "range",
    "csup",
    "tcap",
    "pcfg",
    "acfg",
    "rtcp-xr",
    "imageattr",
    "rid",
    "simulcast",
];

impl Redactor {
    /// Replaces what a session description tells of persons and places; line ends stay.
    pub(super) fn sdp(&self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len());
        let mut rest = body;
        while !rest.is_empty() {
            let (line, behind) = before(rest, |byte| matches!(byte, b'\r' | b'\n'));
            out.extend(self.sdp_line(line));
            let (end, behind) = before(behind, |byte| !matches!(byte, b'\r' | b'\n'));
            out.extend(end);
            rest = behind;
        }
        out
    }

    fn sdp_line(&self, line: &[u8]) -> Vec<u8> {
        let (kind, value) = before(line, |byte| byte == b'=');
        let Some(value) = value.strip_prefix(b"=") else { return self.free(line) };
        let new = match kind.trim_ascii() {
            b"v" | b"t" | b"r" | b"z" | b"b" => self.numbers_of_protocol(value),
            b"m" => self.media(value),
            b"o" => self.origin(value),
            b"c" => self.connection(value),
            b"s" | b"i" => self.free(value),
            b"u" => self.uri(value),
            b"e" | b"p" => self.contact(value),
            b"k" => self.secret(value),
            b"a" => self.attribute(value),
            _ => return self.free(line),
        };
        [kind, b"=", &new].concat()
    }

    fn numbers_of_protocol(&self, value: &[u8]) -> Vec<u8> {
        let is_one = |byte: &u8| byte.is_ascii_digit() || b" -:.".contains(byte);
        let (name, number) = before(value, |byte| byte == b':');
        let is_bandwidth = name.iter().all(u8::is_ascii_uppercase) && number.iter().all(is_one);
        if value.iter().all(is_one) || is_bandwidth { value.to_vec() } else { self.free(value) }
    }

    /// Media, port, protocol, formats.
    fn media(&self, value: &[u8]) -> Vec<u8> {
        let is_plain = value.len() <= 400 && value.iter().all(|b| b.is_ascii_alphanumeric() || b" /.-_*".contains(b));
        let words = value.split(|byte| *byte == b' ');
        let has_number = words.into_iter().any(|word| word.iter().filter(|b| b.is_ascii_digit()).count() > 5);
        if is_plain && !has_number { value.to_vec() } else { self.free(value) }
    }

    /// `user id version IN IP4 address`; identifier and version, numbers that grow, stay.
    fn origin(&self, value: &[u8]) -> Vec<u8> {
        let mut words: Vec<Vec<u8>> = value.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        let filled: Vec<usize> = words.iter().zip(0..).filter(|(word, _)| !word.is_empty()).map(|(_, at)| at).collect();
        let count = filled.len();
        for (nth, at) in filled.into_iter().enumerate() {
            let Some(word) = words.get_mut(at) else { continue };
            let new = match nth {
                0 if word.as_slice() == b"-" => continue,
                0 => self.user(word),
                1 | 2 if word.iter().all(u8::is_ascii_digit) => continue,
                3 | 4 if is_family(word) => continue,
                5 if count == 6 => self.host(word),
                _ => self.free(word),
            };
            *word = new;
        }
        words.join(&b' ')
    }

    /// `IN IP4 address/ttl`.
    fn connection(&self, value: &[u8]) -> Vec<u8> {
        let word = |word: &[u8]| {
            if word.is_empty() || is_family(word) {
                return word.to_vec();
            }
            let (address, ttl) = before(word, |byte| byte == b'/');
            let is_ttl = ttl.iter().all(|byte| byte.is_ascii_digit() || *byte == b'/');
            [self.host(address), if is_ttl { ttl.to_vec() } else { self.free(ttl) }].concat()
        };
        value.split(|byte| *byte == b' ').map(word).collect::<Vec<_>>().join(&b' ')
    }

    /// An address of mail or a number, with a name.
    fn contact(&self, value: &[u8]) -> Vec<u8> {
        self.number(value).unwrap_or_else(|| self.free(value))
    }

    fn attribute(&self, value: &[u8]) -> Vec<u8> {
        let (name, rest) = before(value, |byte| byte == b':');
        let Some(detail) = rest.strip_prefix(b":") else {
            let known = KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes()));
            return if known { value.to_vec() } else { self.free(value) };
        };
        let small = name.to_ascii_lowercase();
        let new = match small.as_slice() {
            _ if KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes())) => detail.to_vec(),
            b"rtcp" => self.rtcp(detail),
            b"candidate" | b"remote-candidates" => self.candidate(detail),
            b"ice-ufrag" | b"ice-pwd" | b"key-mgmt" => self.secret(detail),
            b"crypto" => self.crypto(detail),
            b"fingerprint" | b"tls-id" => {
                let (method, hash) = before(detail, |byte| byte == b' ');
                if hash.is_empty() { self.secret(detail) } else { [method, &self.secret(hash)].concat() }
            }
            b"ssrc" | b"msid" | b"ssrc-group" | b"msid-semantic" | b"cname" => self.ssrc(detail),
            b"path" => self.uri(detail),
            _ => self.free(detail),
        };
        [name, b":", &new].concat()
    }

    fn rtcp(&self, detail: &[u8]) -> Vec<u8> {
        let (port, rest) = before(detail, |byte| byte == b' ');
        let is_port = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
        [if is_port { port.to_vec() } else { self.free(port) }, self.connection(rest)].concat()
    }

    /// Foundation, component, transport, priority, address, port, and more of the kind (RFC 8839 §5.1).
    fn candidate(&self, detail: &[u8]) -> Vec<u8> {
        let word = |word: &[u8]| {
            let digits = word.iter().all(u8::is_ascii_digit) && word.len() <= 10;
            let known = [
                "udp",
                "tcp",
                "typ",
                "host",
                "srflx",
                "prflx",
                "relay",
                "raddr",
                "rport",
                "tcptype",
                "generation",
                "ufrag",
                "network-id",
                "network-cost",
                "active",
                "passive",
                "so",
            ];
            let is_known = known.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
            if digits || is_known {
                word.to_vec()
            } else if word.contains(&b'.') || word.contains(&b':') {
                self.host(word)
            } else {
                self.identifier(word)
            }
        };
        detail.split(|byte| *byte == b' ').map(word).collect::<Vec<_>>().join(&b' ')
    }

    /// Tag, suite, `inline:` with the key (RFC 4568 §9.1).
    fn crypto(&self, detail: &[u8]) -> Vec<u8> {
        let word = |(at, word): (usize, &[u8])| {
            if at < 2 && word.len() <= 40 {
                return word.to_vec();
            }
            match word.strip_prefix(b"inline:") {
                Some(key) => [b"inline:", self.secret(key).as_slice()].concat(),
                None => self.free(word),
            }
        };
        detail.split(|byte| *byte == b' ').enumerate().map(word).collect::<Vec<_>>().join(&b' ')
    }

    fn ssrc(&self, detail: &[u8]) -> Vec<u8> {
        let word = |word: &[u8]| {
            let (name, value) = before(word, |byte| byte == b':');
            if matches!(name, b"cname" | b"msid" | b"label" | b"mslabel") && !value.is_empty() {
                [name, b":", &self.identifier_at_host(value.get(1..).unwrap_or_default())].concat()
            } else {
                self.identifier_at_host(word)
            }
        };
        detail.split(|byte| *byte == b' ').map(word).collect::<Vec<_>>().join(&b' ')
    }
}

fn is_family(word: &[u8]) -> bool {
    matches!(word, b"IN" | b"IP4" | b"IP6")
}

#[cfg(test)]
mod tests {
    use super::super::testing::redactor;
    use crate::sip::Sdp;

    const SDP: &str = "v=0\r\no=alice 2890844526 2890844527 IN IP4 host.corp.example\r\ns=Call of Alice\r\ni=about Bob\r\n\
        u=http://www.corp.example/x\r\ne=alice@corp.example (Alice)\r\np=+1 212 555-0142\r\nc=IN IP4 192.0.2.77/127\r\nb=AS:64\r\nt=0 0\r\n\
        m=audio 49170 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:49171 IN IP4 192.0.2.77\r\na=sendonly\r\n\
        a=candidate:1 1 UDP 2130706431 192.0.2.77 8998 typ host raddr 10.7.7.77 rport 1\r\na=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n\
        a=fingerprint:SHA-256 4A:AD:B9:B1:3F\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\n\
        a=ssrc:3735928559 cname:alice@host.corp.example\r\na=x-caller:alice\r\nk=clear:topsecret\r\nq=alice\r\nalice\r\n";

    #[test]
    fn media_stay_and_places_go() {
        let new = String::from_utf8(redactor().sdp(SDP.as_bytes())).unwrap();
        assert_eq!(new.len(), SDP.len(), "{new}");
        for gone in [
            "alice",
            "Alice",
            "Bob",
            "corp",
            "192.0.2.77",
            "10.7.7.77",
            "555-0142",
            "8hhY",
            "asd88f",
            "4A:AD",
            "WVNf",
            "topsecret",
        ] {
            assert!(!new.contains(gone), "{gone} in {new}");
        }
        for kept in [
            " 2890844526 2890844527 IN IP4 ",
            "/127\r\n",
            "b=AS:64",
            "m=audio 49170 RTP/AVP 0 8 101",
            "a=rtpmap:101 telephone-event/8000",
            "a=rtcp:49171 IN IP4 192.0.2.",
            "a=sendonly",
            " typ host raddr 10.",
            "SHA-256 ",
            "inline:",
            "cname:",
        ] {
            assert!(new.contains(kept), "{kept} not in {new}");
        }
        let (old, read) = (Sdp::read(SDP.as_bytes()).unwrap(), Sdp::read(new.as_bytes()).unwrap());
        let (new, old_media) = (read.media.first().unwrap(), old.media.first().unwrap());
        let facts =
            |m: &crate::sip::sdp::Media| (m.kind.clone(), m.port, m.formats.clone(), m.direction, m.rtpmap.clone());
        assert_eq!(facts(new), facts(old_media));
        assert_eq!(read.media.len(), old.media.len());
        assert_eq!(read.address.as_deref().map(str::len), old.address.as_deref().map(str::len));
    }
}
