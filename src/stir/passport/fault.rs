//! What can be wrong with a token, and where.

use crate::lang::{Text, phrase};

/// A part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The token as a whole.
    Token,
    /// The first part.
    Header,
    /// The second part.
    Claims,
    /// The third part.
    Signature,
    /// The parameters of the header field around the token.
    Parameters,
}

impl Part {
    /// What it is called.
    pub fn text(&self) -> Text {
        Text::new(match self {
            Self::Token => "token",
            Self::Header => "PASSporT header",
            Self::Claims => "PASSporT claims",
            Self::Signature => "signature",
            Self::Parameters => "header field parameters",
        })
    }
}

phrase!(Part);

/// Something wrong with a token, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which part.
    pub part: Part,
    /// Byte offset in the token (base64) or, for JSON, in the decoded part.
    pub position: Option<usize>,
    /// What.
    pub kind: FaultKind,
}

/// What can be wrong. Faults after [`FaultKind::is_lint`] are tolerated by verifiers that read liberally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The token has not three parts separated by periods.
    NotThreeParts(usize),
    /// A character outside the alphabet.
    Base64(&'static str),
    /// The decoded part is not a JSON object.
    Json(Text),
    /// A required member is missing.
    Missing(&'static str),
    /// `dest` names nobody.
    NoParty,
    /// A member has another type than it must.
    WrongType(&'static str),
    /// `typ` is not `passport`.
    NotPassport(String),
    /// `alg` is not ES256.
    Algorithm(String),
    /// The compact form is used where the full form is required (RFC 8588 §3, RFC 8946 §3).
    CompactForbidden(String),
    /// The signature is missing.
    Unsigned,
    /// The signature is a DER structure in place of the 64 octets of ES256 (RFC 7518 §3.4).
    DerSignature(usize),
    /// The signature has another length than 64 octets.
    SignatureLength(usize),
    /// A parameter of the header field differs from the member of the PASSporT that it repeats (RFC 8224 §4).
    Differs {
        /// The parameter.
        parameter: &'static str,
        /// Its value outside.
        outside: String,
        /// The value inside.
        inside: String,
    },
    /// The `info` parameter is missing.
    NoInfo,
    /// `attest` is none of A, B, C.
    Attest(String),
    /// Lint: characters of the standard alphabet in place of base64url.
    StandardAlphabet,
    /// Lint: padding, which base64url in JWS leaves out.
    Padding,
    /// Lint: a number written as a JSON string, as several RFC examples do.
    NumberAsString(&'static str),
    /// Lint: a single value where an array must stand.
    NotArray(&'static str),
    /// Lint: white space or keys out of order (RFC 8225 §9).
    NotCanonical,
    /// Lint: `origid` is not a UUID.
    OrigidNotUuid,
    /// Lint: a telephone number with `+` or separators; claims hold digits alone.
    NumberNotCanonical(&'static str),
}

impl FaultKind {
    /// Whether it is untidy rather than fatal.
    pub fn is_lint(&self) -> bool {
        matches!(
            self,
            Self::StandardAlphabet
                | Self::Padding
                | Self::NumberAsString(_)
                | Self::NotArray(_)
                | Self::NotCanonical
                | Self::OrigidNotUuid
                | Self::NumberNotCanonical(_)
        )
    }
}

impl FaultKind {
    /// What is wrong.
    pub fn text(&self) -> Text {
        let quoted = |template, value: &String| Text::new(template).with("value", format!("{value:?}"));
        let named = |template, name: &&'static str| Text::new(template).with("name", *name);
        let counted = |template, n: &usize| Text::new(template).with("n", n);
        match self {
            Self::NotThreeParts(n) => counted("{n} parts where there must be three", n),
            Self::Base64(what) => Text::new("not base64url: {what}").with("what", Text::new(what)),
            Self::Json(what) => Text::new("not JSON: {what}").with("what", what),
            Self::Missing(name) => named("{name} is missing", name),
            Self::NoParty => Text::new("a party in dest is missing"),
            Self::WrongType(name) => named("{name} has the wrong type", name),
            Self::NotPassport(value) => quoted("typ is {value}, not \"passport\"", value),
            Self::Algorithm(value) => quoted("alg is {value}; only ES256 may be used", value),
            Self::CompactForbidden(ppt) => quoted("compact form, which ppt {value} does not allow", ppt),
            Self::Unsigned => Text::new("it is empty"),
            Self::DerSignature(n) => counted("{n} octets of DER where ES256 has 64 plain octets", n),
            Self::SignatureLength(n) => counted("{n} octets where ES256 has 64", n),
            Self::Differs { parameter, outside, inside } => {
                Text::new("{parameter} is {outside} in the header field and {inside} in the PASSporT")
                    .with("parameter", *parameter)
                    .with("outside", format!("{outside:?}"))
                    .with("inside", format!("{inside:?}"))
            }
            Self::NoInfo => Text::new("info is missing"),
            Self::Attest(value) => quoted("attest is {value}, not A, B or C", value),
            Self::StandardAlphabet => Text::new("'+' or '/' of plain base64 in place of base64url"),
            Self::Padding => Text::new("padding with '='"),
            Self::NumberAsString(name) => named("{name} is a string in place of a number", name),
            Self::NotArray(name) => named("{name} is a single value in place of an array", name),
            Self::NotCanonical => Text::new("white space or keys out of order"),
            Self::OrigidNotUuid => Text::new("origid is not a UUID"),
            Self::NumberNotCanonical(name) => named("{name} holds more than the digits of a number", name),
        }
    }
}

phrase!(FaultKind);

impl Fault {
    /// Where, and what.
    pub fn text(&self) -> Text {
        let text = match self.position {
            Some(position) => Text::new("{part}: {fault} (at byte {position})").with("position", position),
            None => Text::new("{part}: {fault}"),
        };
        text.with("part", self.part).with("fault", &self.kind)
    }
}

phrase!(Fault);
