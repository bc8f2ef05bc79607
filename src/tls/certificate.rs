//! What a certificate says of its holder: names and validity. Signatures are not checked: whom a device trusts, no capture tells.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::hello::text;

/// Alternative names that are kept of one certificate; one with more is taken to hold for any.
const NAMES: usize = 512;

/// What is told of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The holder, as RFC 4514 writes names.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The names that it holds for: alternative names (DNS names, URIs, addresses), or the common name where there are none.
    pub names: Vec<String>,
    /// First second of its validity, since the Unix epoch.
    pub not_before: i64,
    /// Last second of its validity.
    pub not_after: i64,
    /// Whether the holder is the issuer.
    pub is_self_issued: bool,
    /// Certificates that came with it, itself included.
    pub chain: usize,
}

impl CertificateFacts {
    /// Reads a certificate in DER, which came with others in a chain of so many.
    pub(super) fn read(der: &[u8], chain: usize) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let (subject, issuer) = (tbs.subject(), tbs.issuer());
        let seconds =
            |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let subject_text = text(subject.to_string().as_bytes());
        let mut names = alternative_names(&certificate);
        if names.is_empty() {
            let common = subject_text.split(',').filter_map(|part| part.trim().strip_prefix("CN="));
            names.extend(common.map(str::to_owned));
        }
        Some(Self {
            names,
            not_before: seconds(tbs.validity().not_before),
            not_after: seconds(tbs.validity().not_after),
            is_self_issued: subject.to_der().ok()? == issuer.to_der().ok()?,
            issuer: text(issuer.to_string().as_bytes()),
            subject: subject_text,
            chain,
        })
    }

    /// Whether it is valid at that second.
    pub fn is_valid_at(&self, second: i64) -> bool {
        (self.not_before..=self.not_after).contains(&second)
    }

    /// The first day of its validity, in UTC.
    pub fn first_day(&self) -> String {
        day(self.not_before)
    }

    /// The last day of its validity, in UTC.
    pub fn last_day(&self) -> String {
        day(self.not_after)
    }

    /// Whether it holds for a host by its full name.
    pub fn holds_for(&self, host: &str) -> bool {
        self.names.len() >= NAMES || self.names.iter().any(|name| of_uri(name).eq_ignore_ascii_case(host))
    }

    /// Whether it holds for a host by a wildcard (RFC 6125 §6.4), which SIP must not take (RFC 5922 §7.2).
    pub fn holds_by_wildcard(&self, host: &str) -> bool {
        let rest = host.split_once('.').map(|(_, rest)| rest);
        let domains = self.names.iter().filter_map(|name| of_uri(name).strip_prefix("*."));
        rest.is_some_and(|rest| domains.into_iter().any(|domain| domain.eq_ignore_ascii_case(rest)))
    }
}

/// The host of an alternative name that may be a SIP URI.
fn of_uri(name: &str) -> &str {
    name.strip_prefix("sip:").or_else(|| name.strip_prefix("sips:")).unwrap_or(name)
}

fn alternative_names(certificate: &Certificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(names)))) = certificate.tbs_certificate().get_extension::<SubjectAltName>() else {
        return Vec::new();
    };
    let known = names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(text(name.as_str().as_bytes())),
        GeneralName::UniformResourceIdentifier(uri) => Some(text(uri.as_str().as_bytes())),
        GeneralName::IpAddress(octets) => address(octets.as_bytes()),
        _ => None,
    });
    known.take(NAMES).collect()
}

fn day(second: i64) -> String {
    let time = Timestamp::from_second(second);
    time.map_or_else(|_| second.to_string(), |time| TimeZone::UTC.to_datetime(time).date().to_string())
}

fn address(octets: &[u8]) -> Option<String> {
    let v4 = octets.try_into().ok().map(|four: [u8; 4]| std::net::IpAddr::from(four));
    let v6 = || octets.try_into().ok().map(|sixteen: [u8; 16]| std::net::IpAddr::from(sixteen));
    v4.or_else(v6).map(|address| address.to_string())
}
