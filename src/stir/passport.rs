//! PASSporT tokens (RFC 8225, RFC 8588, RFC 8946): header and claims, with everything that is odd about them as data.

mod fault;
mod lately;
mod usual;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use base64::DecodeError;
use base64::Engine as _;
use serde_json::{Map, Value};

pub use self::fault::{Fault, FaultKind, Part};
use self::lately::{Known, LATELY};
use super::base64url::BASE64;
use super::lately::Lately;
use crate::lang::Text;

/// A token, read as far as sense goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passport {
    /// Whether header and claims are left out, to be rebuilt from the SIP message (RFC 8225 §7).
    pub compact: bool,
    /// The JOSE header, which tokens of one signer share.
    pub header: Arc<JoseHeader>,
    /// What it claims; `None` in compact form or when it cannot be read.
    pub claims: Option<Claims>,
    /// What is wrong with it, in order of position.
    pub faults: Vec<Fault>,
    /// Its parts as they were decoded, one behind the other.
    octets: Vec<u8>,
    /// Where header and claims stand there; empty where they were not decoded.
    plain: [Range<usize>; 2],
    /// The same of the signature.
    signature: Option<Range<usize>>,
}

/// What a token has until its header was read, and without one.
static NO_HEADER: LazyLock<Arc<JoseHeader>> = LazyLock::new(Arc::default);

/// The members of the JOSE header that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoseHeader {
    /// Signature algorithm.
    pub alg: Option<Word>,
    /// Extension, such as `shaken` or `div`.
    pub ppt: Option<Word>,
    /// Always `passport`.
    pub typ: Option<Word>,
    /// Where the certificate is published.
    pub x5u: Option<String>,
}

/// A word of header or parameters, nearly always one that RFCs define.
pub type Word = Cow<'static, str>;

/// A word for keeps; usual ones take no memory.
pub(super) fn word(text: &str) -> Word {
    const USUAL: [&str; 7] = ["ES256", "shaken", "passport", "div", "div-o", "rph", "rcd"];
    let usual = USUAL.into_iter().find(|usual| *usual == text);
    usual.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
}

/// The claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// How well the signer knows the caller's right to the number (RFC 8588 §4).
    pub attest: Option<Attestation>,
    /// The called parties.
    pub dest: Vec<Subject>,
    /// Whom the call was for before it was diverted (RFC 8946 §3).
    pub div: Option<Subject>,
    /// When it was signed, in seconds since the Unix epoch.
    pub iat: Option<i64>,
    /// The caller.
    pub orig: Option<Subject>,
    /// The signer's own reference to the call's origin.
    pub origid: Option<String>,
    /// Claims beside these by name, as JSON text: `rph` (RFC 8443), `rcd` and `crn` (RFC 9795), `msgi` (RFC 9475), `opt` (RFC 8946
    /// §5), and what others define.
    pub further: BTreeMap<String, String>,
}

/// The claims that [`Claims`] has places for.
const OWN_CLAIMS: [&str; 6] = ["attest", "dest", "div", "iat", "orig", "origid"];

/// What a further claim is about; `None` for one that no RFC known here defines.
pub fn claim_meaning(name: &str) -> Option<&'static str> {
    Some(match name {
        "rph" => "priority of the call in the networks (RFC 8443)",
        "rcd" => "how the caller presents itself: rich call data (RFC 9795)",
        "rcdi" => "digests of what the rich call data refer to",
        "crn" => "reason of the call",
        "msgi" => "digest of the message that was signed (RFC 9475)",
        "mky" => "keys of the media",
        "opt" => "the PASSporT from before the diversion (RFC 8946 §5)",
        _ => return None,
    })
}

/// A party of a call in a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A telephone number as claimed.
    Number(String),
    /// A URI as claimed.
    Uri(String),
}

impl Subject {
    /// The text of the claim.
    pub fn text(&self) -> &str {
        match self {
            Self::Number(text) | Self::Uri(text) => text,
        }
    }
}

/// The attestation level of SHAKEN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attestation {
    /// A: the signer knows the customer and the customer's right to the number.
    Full,
    /// B: the signer knows the customer, not the right to the number.
    Partial,
    /// C: the signer only knows where the call entered its network.
    Gateway,
}

impl Attestation {
    fn read(letter: &str) -> Option<Self> {
        [Self::Full, Self::Partial, Self::Gateway].into_iter().find(|level| level.letter() == letter)
    }

    /// The letter of the claim.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Full => "A",
            Self::Partial => "B",
            Self::Gateway => "C",
        }
    }

    /// What it means, in half a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Full => "the signer knows the customer and the customer's right to the number",
            Self::Partial => "the signer knows the customer, but not the customer's right to the number",
            Self::Gateway => "the signer only knows where the call entered its network",
        }
    }
}

impl Passport {
    /// Reads a token. Never fails: what cannot be read is missing, and [`Passport::faults`] says why.
    pub fn read(token: &str) -> Self {
        let token = token.trim();
        let mut passport = Self {
            compact: false,
            header: Arc::clone(&NO_HEADER),
            claims: None,
            faults: Vec::new(),
            octets: Vec::new(),
            plain: [0..0, 0..0],
            signature: None,
        };
        let Some([header, claims, signature]) = three_parts(token) else {
            passport.fault(Part::Token, None, FaultKind::NotThreeParts(token.split('.').count()));
            return passport;
        };
        passport.octets.reserve(token.len() / 4 * 3 + 3 * ROUNDING);
        passport.compact = header.is_empty() && claims.is_empty();
        if !passport.compact {
            LATELY.with_borrow_mut(|lately| passport.decode_header(header, lately));
            passport.decode_claims(claims, header.len() + 1);
        }
        passport.read_signature(signature, header.len() + claims.len() + 2);
        passport
    }

    fn decode_header(&mut self, text: &str, lately: &mut Lately<Known>) {
        if let Some(known) = lately.find(text) {
            self.plain[0] = self.octets.len()..self.octets.len() + known.octets.len();
            self.octets.extend_from_slice(&known.octets);
            self.header = Arc::clone(&known.header);
            return;
        }
        let Some(plain) = self.decode(Part::Header, text, 0) else { return };
        let octets = self.octets.get(plain.clone()).unwrap_or_default();
        if let Some(header) = usual::header(octets) {
            self.header = Arc::new(header);
            if self.faults.is_empty() {
                lately.note(text, Known { octets: octets.into(), header: Arc::clone(&self.header) });
            }
        } else {
            let octets = octets.to_vec();
            if let Some(object) = self.object(Part::Header, &octets) {
                self.read_header(&object);
            }
        }
        self.plain[0] = plain;
    }

    fn decode_claims(&mut self, text: &str, offset: usize) {
        let Some(plain) = self.decode(Part::Claims, text, offset) else { return };
        let octets = self.octets.get(plain.clone()).unwrap_or_default();
        if let Some(claims) = usual::claims(octets, self.header.ppt.as_deref()) {
            self.claims = Some(claims);
        } else {
            let octets = octets.to_vec();
            if let Some(object) = self.object(Part::Claims, &octets) {
                self.read_claims(&object);
            }
        }
        self.plain[1] = plain;
    }

    /// Octets of the signature, where it decodes.
    pub fn signature(&self) -> Option<&[u8]> {
        self.octets.get(self.signature.clone()?)
    }

    /// Header and claims of the token in plain text, where they decode; octets that are not UTF-8 replaced. `token` is what it was
    /// read from.
    pub(super) fn decoded<'a>(&'a self, token: &'a str) -> impl Iterator<Item = (Part, Cow<'a, str>)> + 'a {
        let parts = [Part::Header, Part::Claims].into_iter().zip(&self.plain).enumerate();
        parts.filter_map(move |(at, (part, plain))| {
            let plain = self.octets.get(plain.clone()).filter(|octets| !octets.is_empty());
            // Else it may be a part of what is no token of three.
            Some((part, plain.map(lossy).or_else(|| lossy_part(token.split('.').nth(at)?).map(Cow::Owned))?))
        })
    }

    /// Header or claims as they were decoded, where that is text.
    pub fn plain_text(&self, part: Part) -> Option<&str> {
        let [header, claims] = &self.plain;
        let place = match part {
            Part::Header => header,
            Part::Claims => claims,
            Part::Token | Part::Signature | Part::Parameters => return None,
        };
        std::str::from_utf8(self.octets.get(place.clone())?).ok()
    }

    /// The faults that make it unusable.
    pub fn fatal(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(|f| !f.kind.is_lint())
    }

    fn fault(&mut self, part: Part, position: Option<usize>, kind: FaultKind) {
        self.faults.push(Fault { part, position, kind });
    }

    /// Decodes base64 of either alphabet, with or without padding, and says where in `octets` it stands then.
    fn decode(&mut self, part: Part, text: &str, offset: usize) -> Option<Range<usize>> {
        let begin = self.octets.len();
        // Padding would not keep it from being decoded, and is to be noted; the other alphabet and padding elsewhere do.
        if !text.ends_with('=') && BASE64.decode_vec(text, &mut self.octets).is_ok() {
            return Some(begin..self.octets.len());
        }
        self.octets.truncate(begin);
        self.decode_at_leisure(part, text, offset)
    }

    /// The same of a text that may hold anything.
    fn decode_at_leisure(&mut self, part: Part, text: &str, offset: usize) -> Option<Range<usize>> {
        let begin = self.octets.len();
        let plain = self.plain(part, text, offset);
        match BASE64.decode_vec(plain.as_bytes(), &mut self.octets) {
            Ok(()) => Some(begin..self.octets.len()),
            Err(error) => {
                self.octets.truncate(begin);
                let at = match error {
                    DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol { offset: at, .. } => at,
                    DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len(),
                };
                let what = if at >= text.len() { "it breaks off" } else { "a character that does not belong there" };
                self.fault(part, Some(offset + at), FaultKind::Base64(what));
                None
            }
        }
    }

    /// The same in the alphabet of base64url and without padding.
    fn plain<'t>(&mut self, part: Part, text: &'t str, offset: usize) -> Cow<'t, str> {
        if memchr::memchr3(b'+', b'/', b'=', text.as_bytes()).is_none() {
            return Cow::Borrowed(text);
        }
        if let Some(at) = text.find(['+', '/']) {
            self.fault(part, Some(offset + at), FaultKind::StandardAlphabet);
        }
        if let Some(at) = text.find('=') {
            self.fault(part, Some(offset + at), FaultKind::Padding);
        }
        Cow::Owned(text.trim_end_matches('=').replace('+', "-").replace('/', "_"))
    }

    fn object(&mut self, part: Part, octets: &[u8]) -> Option<Map<String, Value>> {
        match serde_json::from_slice::<Value>(octets) {
            Ok(value) => {
                if serde_json::to_vec(&value).is_ok_and(|canonical| canonical != octets) {
                    self.fault(part, None, FaultKind::NotCanonical);
                }
                let Value::Object(object) = value else {
                    self.fault(part, Some(0), FaultKind::Json(Text::new("no object")));
                    return None;
                };
                Some(object)
            }
            Err(error) => {
                let column = if error.line() == 1 { error.column().checked_sub(1) } else { None };
                self.fault(part, column, FaultKind::Json(Text::verbatim(plain_message(&error))));
                None
            }
        }
    }

    fn word(&mut self, object: &Map<String, Value>, name: &'static str) -> Option<Word> {
        self.text(Part::Header, object, name).map(|text| word(&text))
    }

    fn text(&mut self, part: Part, object: &Map<String, Value>, name: &'static str) -> Option<String> {
        match object.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.fault(part, None, FaultKind::WrongType(name));
                None
            }
            None => None,
        }
    }

    fn read_header(&mut self, object: &Map<String, Value>) {
        let header = JoseHeader {
            alg: self.word(object, "alg"),
            ppt: self.word(object, "ppt"),
            typ: self.word(object, "typ"),
            x5u: self.text(Part::Header, object, "x5u"),
        };
        match header.typ.as_deref() {
            Some(typ) if typ.eq_ignore_ascii_case("passport") => {}
            Some(typ) => self.fault(Part::Header, None, FaultKind::NotPassport(typ.to_owned())),
            None => self.missing(Part::Header, object, "typ"),
        }
        match header.alg.as_deref() {
            Some("ES256") => {}
            Some(alg) => self.fault(Part::Header, None, FaultKind::Algorithm(alg.to_owned())),
            None => self.missing(Part::Header, object, "alg"),
        }
        if header.x5u.is_none() {
            self.missing(Part::Header, object, "x5u");
        }
        self.header = Arc::new(header);
    }

    /// Notes a missing member, unless it is there with a wrong type and noted already.
    fn missing(&mut self, part: Part, object: &Map<String, Value>, name: &'static str) {
        if !object.contains_key(name) {
            self.fault(part, None, FaultKind::Missing(name));
        }
    }

    fn read_claims(&mut self, object: &Map<String, Value>) {
        let shaken = self.header.ppt.as_deref() == Some("shaken");
        let claims = Claims {
            attest: self.attest(object),
            dest: self.subjects(object),
            div: object.get("div").and_then(|v| self.subject("div", v)),
            iat: self.iat(object),
            orig: object.get("orig").and_then(|v| self.subject("orig", v)),
            origid: self.text(Part::Claims, object, "origid"),
            further: object
                .iter()
                .filter(|(name, _)| !OWN_CLAIMS.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect(),
        };
        for name in ["dest", "iat", "orig"] {
            self.missing(Part::Claims, object, name);
        }
        if shaken {
            self.missing(Part::Claims, object, "attest");
            self.missing(Part::Claims, object, "origid");
        }
        match self.header.ppt.as_deref() {
            Some("div" | "div-o") => self.missing(Part::Claims, object, "div"),
            Some("rph") => self.missing(Part::Claims, object, "rph"),
            // The reason of a call may stand alone.
            Some("rcd") if !object.contains_key("crn") => self.missing(Part::Claims, object, "rcd"),
            _ => {}
        }
        if claims.origid.as_deref().is_some_and(|id| !is_uuid(id)) {
            self.fault(Part::Claims, None, FaultKind::OrigidNotUuid);
        }
        self.claims = Some(claims);
    }

    fn attest(&mut self, object: &Map<String, Value>) -> Option<Attestation> {
        let text = self.text(Part::Claims, object, "attest")?;
        let level = Attestation::read(&text);
        if level.is_none() {
            self.fault(Part::Claims, None, FaultKind::Attest(text));
        }
        level
    }

    fn iat(&mut self, object: &Map<String, Value>) -> Option<i64> {
        let seconds = match object.get("iat")? {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(whole_seconds)),
            Value::String(text) => {
                self.fault(Part::Claims, None, FaultKind::NumberAsString("iat"));
                text.trim().parse().ok()
            }
            _ => None,
        };
        if seconds.is_none() {
            self.fault(Part::Claims, None, FaultKind::WrongType("iat"));
        }
        seconds
    }

    fn subjects(&mut self, object: &Map<String, Value>) -> Vec<Subject> {
        let Some(value) = object.get("dest") else { return Vec::new() };
        let Value::Object(members) = value else {
            self.fault(Part::Claims, None, FaultKind::WrongType("dest"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (member, make) in MEMBERS {
            match members.get(member) {
                Some(Value::Array(values)) => {
                    for value in values {
                        all.extend(self.party("dest", make, value));
                    }
                }
                Some(value) => {
                    self.fault(Part::Claims, None, FaultKind::NotArray("dest"));
                    all.extend(self.party("dest", make, value));
                }
                None => {}
            }
        }
        if all.is_empty() {
            self.fault(Part::Claims, None, FaultKind::NoParty);
        }
        all
    }

    fn subject(&mut self, name: &'static str, value: &Value) -> Option<Subject> {
        let found = value.as_object().and_then(|o| MEMBERS.iter().find_map(|(m, make)| Some((*make, o.get(*m)?))));
        let Some((make, value)) = found else {
            self.fault(Part::Claims, None, FaultKind::WrongType(name));
            return None;
        };
        match value {
            Value::Array(values) => {
                let first = values.first()?;
                self.fault(Part::Claims, None, FaultKind::WrongType(name));
                self.party(name, make, first)
            }
            value => self.party(name, make, value),
        }
    }

    fn party(&mut self, name: &'static str, make: MakeSubject, value: &Value) -> Option<Subject> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                self.fault(Part::Claims, None, FaultKind::WrongType(name));
                return None;
            }
        };
        let subject = make(text);
        if let Subject::Number(number) = &subject
            && !is_number(number)
        {
            self.fault(Part::Claims, None, FaultKind::NumberNotCanonical(name));
        }
        Some(subject)
    }

    fn read_signature(&mut self, text: &str, offset: usize) {
        if text.is_empty() {
            self.fault(Part::Signature, Some(offset), FaultKind::Unsigned);
            return;
        }
        let Some(place) = self.decode(Part::Signature, text, offset) else { return };
        match self.octets.get(place.clone()).unwrap_or_default() {
            der if der.first() == Some(&0x30) && (68..=72).contains(&der.len()) => {
                self.fault(Part::Signature, Some(offset), FaultKind::DerSignature(place.len()));
            }
            plain if plain.len() != 64 => {
                self.fault(Part::Signature, Some(offset), FaultKind::SignatureLength(place.len()));
            }
            _ => {}
        }
        self.signature = Some(place);
    }
}

/// Octets that decoding one part may ask for beyond those that it gives.
const ROUNDING: usize = 3;

/// A decoded part as text; octets that are not UTF-8 replaced.
fn lossy(octets: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(octets).map_or_else(|_| String::from_utf8_lossy(octets), Cow::Borrowed)
}

/// The same of a part that is not empty, in base64 of either alphabet.
fn lossy_part(text: &str) -> Option<String> {
    let url_safe = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    BASE64.decode(url_safe).ok().filter(|_| !text.is_empty()).map(|octets| lossy(&octets).into_owned())
}

/// What stands between the dots of a token, where there are two.
fn three_parts(token: &str) -> Option<[&str; 3]> {
    let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
    let (first, second) = (dots.next()?, dots.next()?);
    let parts = [token.get(..first)?, token.get(first + 1..second)?, token.get(second + 1..)?];
    dots.next().is_none().then_some(parts)
}

type MakeSubject = fn(String) -> Subject;

/// The members of `orig`, `dest` and `div` (RFC 8225 §5.2.1).
const MEMBERS: [(&str, MakeSubject); 2] = [("tn", Subject::Number), ("uri", Subject::Uri)];

#[expect(clippy::cast_possible_truncation, reason = "a float outside the range saturates, and no time lies there")]
fn whole_seconds(seconds: f64) -> i64 {
    seconds as i64
}

/// The message of a JSON error without the place, which [`Fault`] carries.
fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'#' | b'*'))
}

fn is_uuid(text: &str) -> bool {
    let Ok(octets) = <&[u8; 36]>::try_from(text.as_bytes()) else { return false };
    // What is none of the four hyphens must be a digit.
    let digits = octets.iter().fold(0_u8, |count, octet| count + u8::from(octet.is_ascii_hexdigit()));
    digits == 32 && [octets[8], octets[13], octets[18], octets[23]] == *b"----"
}

#[cfg(test)]
pub(crate) mod tests;
