//! Session descriptions (RFC 8866), read tolerantly: what correlates legs and names codecs.

use std::net::IpAddr;

use super::headers;
use super::memo::Memo;
use super::places::Fields;
use super::{HeaderName, Message, Params};
use crate::provenance::Endpoint;

/// Most parts of a multipart body that are looked at.
const PARTS_MAX: usize = 16;

/// Most media sections that are kept.
const MEDIA_MAX: usize = 64;

/// Most candidates of a section that are kept.
const CANDIDATES_MAX: usize = 32;

/// A session description; what is missing or unreadable is empty or absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sdp {
    /// Whose session it is (`o=`).
    pub origin: Option<Origin>,
    /// Where media go unless a section says otherwise (`c=`).
    pub address: Option<String>,
    /// Direction of all sections that do not name one.
    pub direction: Option<Direction>,
    /// What all sections have to encrypt with.
    pub keys: Keys,
    /// The media sections (`m=`) in order; those behind the 64th are left out.
    pub media: Vec<Media>,
}

/// What a description has to encrypt media with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keys {
    /// The keys themselves: `a=crypto` (RFC 4568), `a=key-mgmt` (RFC 4567), or the old `k=`.
    pub inside: bool,
    /// The fingerprint of a certificate, for keys that DTLS agrees on (RFC 5763, RFC 8122).
    pub fingerprint: bool,
}

/// The originator of a session; equal origins mean that a description was passed on as it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The user name, often `-`.
    pub username: String,
    /// The session id, a number as text.
    pub session_id: String,
    /// The version, a number as text; it grows with each new offer of the same session.
    pub version: String,
    /// The address.
    pub address: String,
}

/// A media section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    /// Such as `audio`.
    pub kind: String,
    /// The port; 0 refuses or removes the section. `None` if it is no port.
    pub port: Option<u16>,
    /// Such as `RTP/AVP`.
    pub protocol: String,
    /// Formats (payload types for RTP) in order of preference.
    pub formats: Vec<String>,
    /// Where its media go, if it says so itself.
    pub address: Option<String>,
    /// Its direction, if it says so itself.
    pub direction: Option<Direction>,
    /// Names of payload types, as `8` and `PCMA/8000`.
    pub rtpmap: Vec<(String, String)>,
    /// Where its RTCP goes if not to the next port: the port, and the address if it is another one (RFC 3605).
    pub rtcp: Option<(u16, Option<String>)>,
    /// Whether RTCP may share the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// What it has to encrypt with by itself.
    pub keys: Keys,
    /// Addresses and ports that ICE may choose in place of the others (RFC 8839); those behind the 32nd are left out.
    pub candidates: Vec<(String, u16)>,
}

/// Which way media flow (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways; the default.
    SendReceive,
    /// From the describing side only.
    SendOnly,
    /// To the describing side only.
    ReceiveOnly,
    /// Neither.
    Inactive,
}

impl Sdp {
    /// Reads a description; `None` if no line is one of `o=`, `c=` or `m=`. Octets that are not UTF-8 are replaced.
    pub fn read(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let mut sdp = Self::default();
        let lines = text.split(['\r', '\n']).filter_map(|line| line.split_once('='));
        for (kind, value) in lines {
            if kind == "m" && sdp.media.len() == MEDIA_MAX {
                break;
            }
            sdp.line(kind.trim(), value.trim());
        }
        (sdp.origin.is_some() || sdp.address.is_some() || !sdp.media.is_empty()).then_some(sdp)
    }

    fn line(&mut self, kind: &str, value: &str) {
        match (kind, self.media.last_mut()) {
            ("m", _) => self.media.extend(Media::read(value)),
            ("c", Some(media)) => media.address = address(value),
            ("c", None) => self.address = address(value),
            ("a", Some(media)) => media.attribute(value),
            ("a", None) => {
                self.direction = Direction::read(value).or(self.direction);
                self.keys.attribute(value);
            }
            ("k", Some(media)) => media.keys.inside = true,
            ("k", None) => self.keys.inside = true,
            ("o", None) => self.origin = Origin::read(value).or(self.origin.take()),
            _ => {}
        }
    }

    /// Where the media of a section go.
    pub fn address_of<'a>(&'a self, media: &'a Media) -> Option<&'a str> {
        media.address.as_deref().or(self.address.as_deref())
    }

    /// What there is to encrypt the media of a section with.
    pub fn keys_of(&self, media: &Media) -> Keys {
        Keys {
            inside: media.keys.inside || self.keys.inside,
            fingerprint: media.keys.fingerprint || self.keys.fingerprint,
        }
    }

    /// Where the describing side receives the RTP of a section; `None` where it names no host and port: 0.0.0.0 is none, nor is a name.
    pub fn receives_at(&self, media: &Media) -> Option<Endpoint> {
        self.announced_at(media).filter(|place| !place.address.is_unspecified())
    }

    /// The same, be the address one of a host or not.
    pub fn announced_at(&self, media: &Media) -> Option<Endpoint> {
        let address: IpAddr = self.address_of(media)?.parse().ok()?;
        let port = media.port.filter(|port| *port > 0)?;
        Some(Endpoint { address, port })
    }

    /// The direction of a section.
    pub fn direction_of(&self, media: &Media) -> Direction {
        media.direction.or(self.direction).unwrap_or(Direction::SendReceive)
    }
}

impl Origin {
    fn read(value: &str) -> Option<Self> {
        let parts: Vec<&str> = value.split_whitespace().collect();
        let [username, session_id, version, _network, _family, address, ..] = parts.as_slice() else { return None };
        Some(Self {
            username: (*username).to_owned(),
            session_id: (*session_id).to_owned(),
            version: (*version).to_owned(),
            address: (*address).to_owned(),
        })
    }
}

impl Media {
    fn read(value: &str) -> Option<Self> {
        let mut parts = value.split_whitespace();
        let kind = parts.next()?.to_owned();
        // `49170/2` are two ports, of which the first counts.
        let port = parts.next().and_then(|port| port.split('/').next()).and_then(|port| port.parse().ok());
        let protocol = parts.next().unwrap_or_default().to_owned();
        Some(Self { kind, port, protocol, formats: parts.map(str::to_owned).collect(), ..Self::default() })
    }

    fn attribute(&mut self, value: &str) {
        if let Some(direction) = Direction::read(value) {
            self.direction = Some(direction);
        } else if let Some((format, name)) = value.strip_prefix("rtpmap:").and_then(|v| v.trim().split_once(' ')) {
            self.rtpmap.push((format.to_owned(), name.trim().to_owned()));
        } else if let Some(value) = value.strip_prefix("rtcp:") {
            let port = value.split_whitespace().next().and_then(|port| port.parse().ok());
            let elsewhere = value.trim_start().split_once(' ').and_then(|(_, rest)| address(rest));
            self.rtcp = port.map(|port| (port, elsewhere));
        } else if value == "rtcp-mux" {
            self.rtcp_mux = true;
        } else if let Some(value) = value.strip_prefix("candidate:")
            && self.candidates.len() < CANDIDATES_MAX
        {
            self.candidates.extend(candidate(value));
        } else {
            self.keys.attribute(value);
        }
    }

    /// The name of a format: as the section says, or as RFC 3551 does for the static payload types of telephony.
    pub fn codec<'a>(&'a self, format: &'a str) -> &'a str {
        if let Some((_, name)) = self.rtpmap.iter().find(|(f, _)| f == format) {
            return name;
        }
        match format {
            "0" => "PCMU/8000",
            "3" => "GSM/8000",
            "4" => "G723/8000",
            "8" => "PCMA/8000",
            "9" => "G722/8000",
            "13" => "CN/8000",
            "18" => "G729/8000",
            other => other,
        }
    }
}

impl Keys {
    fn attribute(&mut self, value: &str) {
        self.inside |= value.starts_with("crypto:") || value.starts_with("key-mgmt:");
        self.fingerprint |= value.starts_with("fingerprint:");
    }
}

impl Direction {
    fn read(attribute: &str) -> Option<Self> {
        match attribute {
            "sendrecv" => Some(Self::SendReceive),
            "sendonly" => Some(Self::SendOnly),
            "recvonly" => Some(Self::ReceiveOnly),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// Address and port of `1 1 UDP 2130706431 192.0.2.1 8998 typ host`; those of TCP are none for us.
fn candidate(value: &str) -> Option<(String, u16)> {
    let mut parts = value.split_whitespace().skip(2);
    let transport = parts.next()?;
    let address = parts.nth(1)?.to_owned();
    let port = parts.next()?.parse().ok()?;
    transport.eq_ignore_ascii_case("UDP").then_some((address, port))
}

/// The address of `IN IP4 192.0.2.1/127`, without what follows a slash.
fn address(value: &str) -> Option<String> {
    let address = value.split_whitespace().nth(2)?;
    address.split('/').next().map(str::to_owned)
}

impl Message {
    /// The session description, also as a part of a multipart body; `None` if there is none.
    pub fn sdp(&self) -> Option<Sdp> {
        let kind = self.header(HeaderName::ContentType)?;
        let (kind, params) = kind.split_once(';').unwrap_or((&kind, ""));
        let kind = kind.trim().to_ascii_lowercase();
        if kind == "application/sdp" {
            return Sdp::read(self.body());
        }
        let boundary = Params::read(params).value("boundary").filter(|b| !b.is_empty())?.to_owned();
        if !kind.starts_with("multipart/") {
            return None;
        }
        parts(self.body(), &boundary).find(|(kind, _)| kind == "application/sdp").and_then(|(_, body)| Sdp::read(body))
    }
}

/// The parts of a multipart body (RFC 2046 §5.1.1): content type in lower case without parameters, and octets.
fn parts<'a>(body: &'a [u8], boundary: &str) -> impl Iterator<Item = (String, &'a [u8])> {
    let delimiter = format!("--{boundary}");
    let finder = memchr::memmem::Finder::new(delimiter.as_bytes()).into_owned();
    let mut rest = finder.find(body).and_then(|at| body.get(at + delimiter.len()..)).unwrap_or_default();
    std::iter::from_fn(move || {
        if rest.is_empty() || rest.starts_with(b"--") {
            return None;
        }
        let end = finder.find(rest);
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        rest = end.and_then(|at| rest.get(at + delimiter.len()..)).unwrap_or_default();
        Some(part_read(part))
    })
    .take(PARTS_MAX)
}

fn part_read(part: &[u8]) -> (String, &[u8]) {
    let start = memchr::memchr(b'\n', part).map_or(part.len(), |at| at + 1);
    let mut fields = Fields::new();
    let block = headers::read(part, start, &mut fields, &mut Vec::new(), &mut Memo::none(), None);
    let kind = fields.places().first(HeaderName::ContentType).map(|f| f.value(part));
    let kind = String::from_utf8_lossy(kind.unwrap_or_default()).to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    (kind, part.get(block.end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\no=- 17 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.8/127\r\nt=0 0\r\na=sendonly\r\n\
        m=audio 49170/2 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\nm=video 0 RTP/AVP 99\nc=IN IP6 2001:db8::1\n\
        a=inactive\n";

    fn message(kind: &str, body: &str) -> Message {
        let text = format!("INVITE sip:b@b.example SIP/2.0\r\nContent-Type: {kind}\r\n\r\n{body}");
        Message::read(text.as_bytes(), false).unwrap().0
    }

    #[test]
    fn a_description_is_read_section_by_section() {
        let sdp = message("Application/SDP;charset=utf-8", SDP).sdp().unwrap();
        let origin = sdp.origin.as_ref().unwrap();
        assert_eq!((origin.username.as_str(), origin.session_id.as_str(), origin.version.as_str()), ("-", "17", "2"));
        assert_eq!(origin.address, "192.0.2.9");
        let [audio, video] = sdp.media.as_slice() else { panic!("{sdp:?}") };
        assert_eq!((audio.kind.as_str(), audio.port, audio.protocol.as_str()), ("audio", Some(49170), "RTP/AVP"));
        assert_eq!(
            audio.formats.iter().map(|f| audio.codec(f)).collect::<Vec<_>>(),
            ["PCMA/8000", "PCMU/8000", "telephone-event/8000"]
        );
        assert_eq!((sdp.address_of(audio), sdp.direction_of(audio)), (Some("192.0.2.8"), Direction::SendOnly));
        assert_eq!((video.port, sdp.address_of(video)), (Some(0), Some("2001:db8::1")));
        assert_eq!(sdp.direction_of(video), Direction::Inactive);
    }

    #[test]
    fn where_control_and_candidates_go_is_read() {
        let sdp = Sdp::read(
            b"c=IN IP4 192.0.2.8\nm=audio 4000 RTP/AVP 0\na=rtcp:4007 IN IP4 192.0.2.7\nm=video 4010 RTP/AVP 99\na=rtcp:4099\n\
            a=rtcp-mux\na=candidate:1 1 UDP 2130706431 198.51.100.1 8998 typ host\n\
            a=candidate:2 1 tcp 2105458943 198.51.100.1 9 typ host tcptype active\na=candidate:x",
        )
        .unwrap();
        let [audio, video] = sdp.media.as_slice() else { panic!("{sdp:?}") };
        assert_eq!((audio.rtcp.clone(), audio.rtcp_mux), (Some((4007, Some("192.0.2.7".to_owned()))), false));
        assert_eq!((video.rtcp.clone(), video.rtcp_mux), (Some((4099, None)), true));
        assert_eq!(video.candidates, [("198.51.100.1".to_owned(), 8998)]);
    }

    #[test]
    fn what_media_are_encrypted_with_is_read() {
        let sdp = Sdp::read(
            b"a=fingerprint:sha-256 4A:AD\nm=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\nm=video 4010 RTP/SAVP 99\n\
            m=text 4020 RTP/SAVP 98\nk=clear:x",
        )
        .unwrap();
        let keys = sdp.media.iter().map(|m| (m.keys.inside, m.keys.fingerprint, sdp.keys_of(m).fingerprint));
        assert_eq!(keys.collect::<Vec<_>>(), [(true, false, true), (false, false, true), (true, false, true)]);
    }

    #[test]
    fn a_description_is_found_among_parts() {
        let part = format!(
            "preamble\r\n--x y\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x y\r\ncontent-type: application/sdp;a=b\r\n\r\n{SDP}\r\n--x y--\r\n"
        );
        let sdp = message("multipart/mixed; boundary=\"x y\"", &part).sdp().unwrap();
        assert_eq!(sdp, message("application/sdp", SDP).sdp().unwrap());
        for (kind, body) in [
            ("multipart/mixed", part.as_str()),
            ("multipart/mixed;boundary=z", &part),
            ("text/plain;boundary=\"x y\"", &part),
            ("application/sdp", "no description"),
        ] {
            assert_eq!(message(kind, body).sdp(), None, "{kind}");
        }
    }
}
