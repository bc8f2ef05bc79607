//! Findings that somebody knows of and accepts for a while.

use std::net::IpAddr;

use super::{Finding, Settings};
use crate::call::{Call, CapturedMessage};
use crate::sip::{NameAddr, Uri};

/// Which findings are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Code of the diagnosis.
    pub code: String,
    /// Only where this address takes part.
    pub host: Option<IpAddr>,
    /// Only where this number calls or is called; may end in `*`.
    pub number: Option<String>,
}

impl Exception {
    /// Whether it covers a finding; `call` is the one that it is about, `None` for findings about a capture as a whole.
    pub(super) fn covers(&self, finding: &Finding, call: Option<&Call>) -> bool {
        self.code == finding.code
            && self.host.is_none_or(|host| takes_part(host, finding))
            && self.number.as_ref().is_none_or(|number| call.is_some_and(|call| is_of(number, call)))
    }
}

impl Settings {
    /// Gives findings the severities of the settings.
    pub(super) fn weigh(&self, findings: &mut [Finding]) {
        if self.severities.is_empty() {
            return;
        }
        for finding in findings {
            if let Some(severity) = self.severities.get(finding.code) {
                finding.severity = *severity;
            }
        }
    }

    /// Takes out the findings that an exception covers, and gives their codes.
    pub(super) fn leave_out(&self, findings: &mut Vec<Finding>, call: Option<&Call>) -> Vec<&'static str> {
        if self.exceptions.is_empty() {
            return Vec::new();
        }
        let covered = |finding: &mut Finding| self.exceptions.iter().any(|exception| exception.covers(finding, call));
        findings.extract_if(.., covered).map(|finding| finding.code).collect()
    }
}

fn takes_part(host: IpAddr, finding: &Finding) -> bool {
    let actor = finding.actor.as_ref().and_then(|actor| actor.address);
    let ends = finding.evidence.iter().flat_map(|e| [e.source, e.destination]);
    ends.chain(actor).any(|end| end.address == host)
}

fn is_of(number: &str, call: &Call) -> bool {
    let named = |m: &CapturedMessage| {
        let parties = [m.message.from(), m.message.to()].into_iter().flatten().map(|party: NameAddr| party.uri);
        parties.chain(m.message.request_uri()).any(|uri| fits(number, &uri))
    };
    call.initial_request().or_else(|| call.messages.first()).is_some_and(named)
}

fn fits(number: &str, uri: &Uri) -> bool {
    let user = uri.user_name().unwrap_or_default();
    number.strip_suffix('*').map_or(user == number, |start| user.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::reports::reports_with;

    const FLOW: &str = "host a 192.0.2.10\nhost b 198.51.100.30\n\n0.0 a > b\nINVITE sip:+12125550113@b.example\nFrom: \
        <sip:+12155550101@a.example>\n\n0.1 b > a\n404 Not Found\n\n0.2 a > b\nACK\n\n";

    #[test]
    fn an_exception_covers_what_it_names_and_nothing_else() {
        for (code, host, number, covered) in [
            ("failed-response", None, None, true),
            ("failed-response", Some([198, 51, 100, 30]), None, true),
            ("failed-response", Some([198, 51, 100, 31]), None, false),
            ("failed-response", None, Some("+12125550113"), true),
            ("failed-response", None, Some("+1215*"), true),
            ("failed-response", None, Some("+1212555"), false),
            ("no-response", None, None, false),
        ] {
            let exception =
                Exception { code: code.into(), host: host.map(IpAddr::from), number: number.map(Into::into) };
            let settings = Settings { exceptions: vec![exception.clone()], ..Settings::default() };
            let report = reports_with(FLOW, settings).remove(0);
            let left = report.findings.len();
            assert_eq!((left, report.is_excused), if covered { (0, true) } else { (1, false) }, "{exception:?}");
            assert_eq!(report.root_cause.is_none(), covered, "{exception:?}");
        }
    }
}
