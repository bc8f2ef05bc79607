//! Who looks for SIP servers and their users: requests that name a scanner, and requests to many users or hosts that nobody follows up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use memchr::memmem::Finder;

use super::super::Evidence;
use super::{cited, software};
use crate::call::{Call, CallNumber, CapturedMessage, Transaction, TransactionId};
use crate::lang::Text;
use crate::limits::{SCAN_EXAMPLES, SCAN_PROBES, SCAN_SOURCES, SCAN_USER};
use crate::provenance::{Endpoint, Timestamp, Transport};
use crate::shorten;
use crate::sip::{HeaderName, Message, Method};

/// What programs call themselves that do nothing else, in small letters.
const SCANNERS: &[&str] =
    &["friendly-scanner", "sipvicious", "sundayddr", "sipscan-ng", "svmap", "svwar", "svcrack", "sip-scan"];
/// What programs call themselves that scanners are built on, and others too.
const TOOLKITS: &[&str] = &["sipcli", "vaxsipuseragent", "pplsip"];
/// What all of these begin with: most values are told by that.
const INITIALS: [u8; 4] = *b"fpsv";
/// What they write into From and To; the last are the scripts of Nmap. Whoever adds one here lets `redact` keep it.
const PARTIES: [&str; 2] = ["sipvicious", "<sip:nm@nm>"];

static FINDERS: LazyLock<[(&str, Finder<'static>); 2]> =
    LazyLock::new(|| PARTIES.map(|name| (name, Finder::new(name))));

/// Requests of the whole capture by the hosts that they come from.
#[derive(Debug, Default)]
pub struct Scans {
    sources: BTreeMap<IpAddr, Source>,
    /// The latest User-Agent value that names none: most requests have the same few.
    harmless: Vec<u8>,
    /// Requests of sources that found no room.
    forgotten: u64,
}

/// A host that sends OPTIONS, REGISTER or INVITE outside of dialogs.
#[derive(Debug, Default)]
pub struct Source {
    /// Its first request that names a scanner.
    pub mark: Option<Mark>,
    /// How many of its requests do.
    pub marked: u64,
    /// All its requests.
    pub requests: u64,
    /// Those without visible answer.
    pub silent: u64,
    /// Those that were answered with a failure.
    pub refused: u64,
    /// Those that were answered with a 2xx.
    pub served: u64,
    /// Those that only look.
    pub looks: u64,
    /// The first of those that only look.
    probes: Vec<Probe>,
    /// The first requests, with what answers them.
    examples: Vec<Evidence>,
    /// Calls that a finding lists, the first ones.
    calls: BTreeSet<CallNumber>,
}

/// A request that names a scanner.
#[derive(Debug)]
pub struct Mark {
    /// What it names.
    pub name: &'static str,
    /// Whether programs of that name do nothing else.
    pub only_scans: bool,
    /// Its header field.
    pub header: HeaderName,
    /// Where it stands.
    pub evidence: Evidence,
    /// Who sent it, and where.
    pub hop: (Endpoint, Endpoint),
    /// Whether it was passed on by somebody else.
    pub was_forwarded: bool,
    /// What the client calls itself.
    pub software: Option<String>,
}

/// A request that only looks: sent once, not acknowledged, without credentials, and refused or not answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Probe {
    time: Timestamp,
    hop: (Endpoint, Endpoint),
    user: String,
    /// Whether it tells that somebody looks for hosts: any answer but a challenge to OPTIONS says that a host is alive, which monitors
    /// want to know.
    of_hosts: bool,
    /// Whether the answer is 403, as all are where a source is blocked.
    forbidden: bool,
}

/// What somebody looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Users of one host.
    Users,
    /// Hosts that speak SIP.
    Hosts,
}

/// A search for users or hosts.
#[derive(Debug)]
pub struct Search {
    /// What for.
    pub goal: Goal,
    /// How many different ones.
    pub targets: usize,
    /// The first ones in order of time.
    pub names: Vec<String>,
    /// The time that it took, as far as it was that fast.
    pub took: Duration,
    /// Who asked whom, in the first request.
    pub hop: (Endpoint, Endpoint),
}

impl Scans {
    /// Takes note of a closed group of requests.
    pub(super) fn observe(&mut self, call: &Call) {
        for (at, transaction) in call.transactions.iter().enumerate() {
            let is_asked = matches!(transaction.method, Method::Options | Method::Register | Method::Invite);
            let begins = is_asked && !transaction.in_dialog && transaction.upstream.is_none();
            // What was corrected, or sent again with credentials, is told by what came of it.
            if !begins || call.is_step(TransactionId(at)) {
                continue;
            }
            let Some(request) = transaction.request.and_then(|id| call.message(id)) else { continue };
            let address = transaction.client.address;
            if self.sources.len() >= SCAN_SOURCES && !self.sources.contains_key(&address) {
                self.forgotten += 1;
                continue;
            }
            let named = Named::by(&request.message, &mut self.harmless);
            self.sources.entry(address).or_default().add(call, transaction, request, named.as_ref());
        }
    }

    /// Sources in the order of addresses.
    pub fn sources(&self) -> impl Iterator<Item = (IpAddr, &Source)> {
        self.sources.iter().map(|(address, source)| (*address, source))
    }

    /// How many requests found no room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl Source {
    fn add(&mut self, call: &Call, transaction: &Transaction, request: &CapturedMessage, named: Option<&Named>) {
        self.requests += 1;
        let last = transaction.finals.first();
        let status = last.map(|last| last.status);
        self.silent += u64::from(status.is_none() && transaction.provisionals.is_empty());
        self.refused += u64::from(status.is_some_and(|s| s.0 >= 400));
        self.served += u64::from(status.is_some_and(crate::sip::StatusCode::is_success));
        let looks = only_looks(call, transaction, request);
        self.looks += u64::from(looks);
        if named.is_none() && !looks {
            return;
        }
        self.note_examples(call, transaction, request);
        if looks && self.probes.len() < SCAN_PROBES {
            self.probes.push(Probe::of(transaction, request, status.map(|s| s.0)));
        }
        if let Some(named) = named {
            self.marked += 1;
            // Groups are over in another order than they begin.
            let rank = |mark: &Mark| (!mark.only_scans, mark.evidence.time, mark.evidence.frame);
            let place = (!named.only_scans, request.provenance.time, request.provenance.frame);
            if self.mark.as_ref().is_none_or(|known| place < rank(known)) {
                self.mark = Some(Mark::of(request, named));
            }
        }
    }

    fn note_examples(&mut self, call: &Call, transaction: &Transaction, request: &CapturedMessage) {
        if self.calls.len() < SCAN_PROBES {
            self.calls.insert(call.number);
        }
        if self.examples.len() >= SCAN_EXAMPLES {
            return;
        }
        self.examples.push(cited(Evidence::of(request, "a request of this source")));
        let answer = transaction.finals.first().and_then(|last| call.message(last.message));
        self.examples.extend(answer.map(|answer| cited(Evidence::of(answer, "its answer"))));
    }

    /// Some of its requests, with what answers them.
    pub fn examples(&self) -> &[Evidence] {
        &self.examples
    }

    /// Calls that belong to it, the first ones.
    pub fn calls(&self) -> Vec<CallNumber> {
        self.calls.iter().copied().collect()
    }

    /// The search of so many targets or more within a time, if there is one: nearly all its requests only look, and hardly any of
    /// them comes twice, as those of monitors do.
    pub fn search(&self, targets: usize, window: Duration, share: usize) -> Option<Search> {
        let share = u64::try_from(share).unwrap_or(u64::MAX);
        if self.looks.saturating_mul(100) < self.requests.saturating_mul(share) {
            return None;
        }
        let mut probes: Vec<_> = self.probes.iter().collect();
        probes.sort();
        if probes.iter().all(|probe| probe.forbidden) {
            return None;
        }
        let servers: BTreeSet<IpAddr> = probes.iter().map(|probe| probe.hop.1.address).collect();
        let of_users = servers.into_iter().filter_map(|server| {
            let asked = probes.iter().filter(|probe| probe.hop.1.address == server && !probe.user.is_empty());
            Search::of(Goal::Users, &asked.map(|probe| (*probe, probe.user.clone())).collect::<Vec<_>>(), window)
        });
        let asked = probes.iter().filter(|probe| probe.of_hosts);
        let asked: Vec<_> = asked.map(|probe| (*probe, probe.hop.1.address.to_string())).collect();
        let of_hosts = Search::of(Goal::Hosts, &asked, window);
        of_users.chain(of_hosts).filter(|search| search.targets >= targets).max_by_key(|search| search.targets)
    }
}

impl Search {
    /// The fastest search in requests that are sorted by time; `None` where they come again and again.
    fn of(goal: Goal, asked: &[(&Probe, String)], window: Duration) -> Option<Self> {
        let all: BTreeSet<&str> = asked.iter().map(|(_, name)| name.as_str()).collect();
        if asked.len() > all.len() * 2 {
            return None;
        }
        let from = |at: usize| {
            let rest = asked.get(at..).unwrap_or_default();
            let start = rest.first().map_or(Timestamp(0), |(probe, _)| probe.time);
            rest.iter().take_while(move |(probe, _)| probe.time.since(start) <= window)
        };
        let different = |at: usize| from(at).map(|(_, name)| name.as_str()).collect::<BTreeSet<_>>().len();
        let best = (0..asked.len()).max_by_key(|at| (different(*at), std::cmp::Reverse(*at)))?;
        let (first, _) = asked.get(best)?;
        let last = from(best).last().map_or(first.time, |(probe, _)| probe.time);
        let mut names: Vec<String> = Vec::new();
        for (_, name) in from(best) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Some(Self { goal, targets: names.len(), names, took: last.since(first.time), hop: first.hop })
    }
}

impl Probe {
    fn of(transaction: &Transaction, request: &CapturedMessage, status: Option<u16>) -> Self {
        let uri = if transaction.method == Method::Register { request.message.to() } else { None };
        let user = uri.map(|to| to.uri).or_else(|| request.message.request_uri()).and_then(|uri| uri.user);
        Self {
            time: request.provenance.time,
            hop: (transaction.client, transaction.server),
            user: shorten::beginning(&user.unwrap_or_default(), SCAN_USER).to_owned(),
            of_hosts: status.is_none() || transaction.method != Method::Options,
            forbidden: status == Some(403),
        }
    }
}

/// Whether its sender does not act as a telephone does: it sends the request once, does not acknowledge the answer, and gives no credentials.
fn only_looks(call: &Call, transaction: &Transaction, request: &CapturedMessage) -> bool {
    let status = transaction.finals.first().map(|last| last.status.0);
    // Nothing is known of a request that was just sent.
    let is_answered = status.is_some() || !transaction.provisionals.is_empty();
    let is_late = || call.observed_until >= transaction.start.plus(Duration::from_secs(2));
    // Over connections nothing is sent again, whoever sends it.
    let is_silence_telling = || is_late() && request.provenance.flow.transport == Transport::Udp;
    let is_in_vain = if is_answered { status.is_some_and(is_refusal) } else { is_silence_telling() };
    let is_acknowledged = !transaction.acks.is_empty() || transaction.cancelled_by.is_some();
    is_in_vain
        && !is_acknowledged
        && call.requests_again(transaction).next().is_none()
        && !request.message.has_several_vias()
        && !call.has_credentials(transaction)
}

/// Whether it tells whoever looks for users what they want to know.
fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403 | 404 | 407)
}

/// Whether a request names a program that does nothing else than to look for servers and users.
pub fn names_a_scanner(request: &CapturedMessage) -> bool {
    scanner_named(request).is_some()
}

/// The name of such a program in a request, where it stands.
pub(in crate::diagnosis) fn scanner_named(request: &CapturedMessage) -> Option<Evidence> {
    let named = Named::by(&request.message, &mut Vec::new()).filter(|named| named.only_scans)?;
    Some(Evidence::header(request, named.header, "the name of a scanner"))
}

/// The name of a scanner in a request.
struct Named {
    header: HeaderName,
    name: &'static str,
    only_scans: bool,
}

impl Named {
    /// `harmless`: a User-Agent value that names no scanner, to be told at a glance.
    fn by(message: &Message, harmless: &mut Vec<u8>) -> Option<Self> {
        let by_party = |header| by_party(header, message.first_value(header)?);
        let software = message.header_bytes(HeaderName::UserAgent);
        let by_software = software.and_then(|software| by_unknown_software(&software, harmless));
        by_software.or_else(|| by_party(HeaderName::From)).or_else(|| by_party(HeaderName::To))
    }
}

impl Mark {
    fn of(request: &CapturedMessage, named: &Named) -> Self {
        let Named { header, name, only_scans } = *named;
        Self {
            name,
            only_scans,
            header,
            evidence: cited(Evidence::header(request, header, Text::new("the name of a scanner"))),
            hop: (request.provenance.flow.source, request.provenance.flow.destination),
            was_forwarded: request.message.has_several_vias(),
            software: software(&request.message),
        }
    }
}

/// `value` may be folded: none of the names has room for a line end.
fn by_party(header: HeaderName, value: &[u8]) -> Option<Named> {
    let (name, _) = FINDERS.iter().find(|(_, finder)| finder.find(value).is_some())?;
    Some(Named { header, name, only_scans: true })
}

fn by_unknown_software(software: &[u8], harmless: &mut Vec<u8>) -> Option<Named> {
    if *software == **harmless {
        return None;
    }
    let named = by_software(software);
    if named.is_none() {
        harmless.clear();
        harmless.extend_from_slice(software);
    }
    named
}

fn by_software(software: &[u8]) -> Option<Named> {
    let named = |name, only_scans| Named { header: HeaderName::UserAgent, name, only_scans };
    let scanner = find(software, SCANNERS).map(|name| named(name, true));
    scanner.or_else(|| find(software, TOOLKITS).map(|name| named(name, false)))
}

/// The first of these names that stands in a value, in whatever case, and is no part of a longer word.
fn find(value: &[u8], names: &'static [&str]) -> Option<&'static str> {
    let begins = |(at, first): (usize, &u8)| INITIALS.contains(&first.to_ascii_lowercase()).then_some(at);
    let is_letter = |at: Option<usize>| at.and_then(|at| value.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let stands = |at: usize, name: &str| {
        let end = at + name.len();
        let is_name = value.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(name.as_bytes()));
        is_name && !is_letter(at.checked_sub(1)) && !is_letter(Some(end))
    };
    let begun = value.iter().enumerate().filter_map(begins);
    begun
        .filter_map(|at| names.iter().position(|name| stands(at, name)))
        .min()
        .and_then(|first| names.get(first).copied())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::diagnosis::CallReport;
    use crate::diagnosis::patterns::Patterns;
    use crate::diagnosis::testing::diagnose;

    fn refused(count: usize, agent: &str, user: &str) -> Vec<CallReport> {
        let mut flow = "host a 192.0.2.10\nhost b 198.51.100.30\n\n".to_owned();
        for n in 0..count {
            let _ = write!(
                flow,
                "{n} a > b call=c{n}\nREGISTER sip:b.example\nTo: <sip:{user}{n}@b.example>\nUser-Agent: {agent}\n\n\
                 +0.1 b > a call=c{n}\n403 Forbidden\n\n"
            );
        }
        diagnose(&flow).calls
    }

    fn observed(calls: &[CallReport]) -> Scans {
        let mut scans = Scans::default();
        for report in calls {
            scans.observe(&report.call);
        }
        scans
    }

    #[test]
    fn the_table_stays_within_its_limits_and_says_so() {
        let calls = refused(1, "ExamplePhone", "u");
        let mut patterns = Patterns::default();
        for n in 0..SCAN_SOURCES {
            patterns.scans.sources.insert(IpAddr::from(u32::try_from(n).unwrap().to_be_bytes()), Source::default());
        }
        patterns.observe_call(&calls[0].call);
        assert_eq!((patterns.scans.sources.len(), patterns.scans.forgotten()), (SCAN_SOURCES, 1));
        assert_eq!(patterns.limits_hit().len(), 1);
        patterns.scans.sources.pop_first();
        patterns.observe_call(&calls[0].call);
        assert_eq!((patterns.scans.sources.len(), patterns.scans.forgotten()), (SCAN_SOURCES, 1));
    }

    #[test]
    fn of_one_source_the_first_requests_are_remembered_and_all_are_counted() {
        let scans = observed(&refused(SCAN_PROBES + 5, "ExamplePhone", "u"));
        let (_, source) = scans.sources().next().unwrap();
        let count = u64::try_from(SCAN_PROBES + 5).unwrap();
        assert_eq!((source.requests, source.refused, source.looks, source.marked), (count, count, count, 0));
        assert_eq!((source.probes.len(), source.calls().len()), (SCAN_PROBES, SCAN_PROBES));
        // Each with its answer.
        assert!((SCAN_EXAMPLES..=SCAN_EXAMPLES + 1).contains(&source.examples().len()), "{}", source.examples().len());
        assert_eq!(scans.forgotten(), 0);
    }

    #[test]
    fn users_are_cut_to_octets() {
        let scans = observed(&refused(1, "ExamplePhone", &"é".repeat(SCAN_USER)));
        let (_, source) = scans.sources().next().unwrap();
        assert_eq!(source.probes[0].user, "é".repeat(SCAN_USER / 2));
    }

    #[test]
    fn names_begin_with_what_they_are_told_by() {
        for name in SCANNERS.iter().chain(TOOLKITS) {
            assert_eq!(
                find(format!("x {}/1", name.to_uppercase()).as_bytes(), SCANNERS).or(find(name.as_bytes(), TOOLKITS)),
                Some(*name)
            );
        }
        assert_eq!(find(b"svmap or SIPVicious", SCANNERS), Some("sipvicious"), "in the order of the list");
        assert_eq!(find(b"sv", SCANNERS), None);
    }

    #[test]
    fn the_first_name_of_a_scanner_counts_before_that_of_a_toolkit() {
        let mut calls = refused(1, "sipcli/1.8", "u");
        calls.extend(refused(2, "friendly-scanner", "u"));
        let scans = observed(&calls);
        let (_, source) = scans.sources().next().unwrap();
        let mark = source.mark.as_ref().unwrap();
        assert_eq!((mark.name, mark.only_scans, source.marked), ("friendly-scanner", true, 3));
        let names = calls
            .iter()
            .map(|report| names_a_scanner(report.call.initial_request().unwrap_or(&report.call.messages[0])));
        assert_eq!(names.collect::<Vec<_>>(), [false, true, true]);
    }

    #[test]
    fn a_name_is_a_word() {
        for (software, named) in [
            ("friendly-scanner", Some("friendly-scanner")),
            ("SIPVicious2", Some("sipvicious")),
            ("my svmap/0.3", Some("svmap")),
            ("sip-scan (sip-scan.pl)", Some("sip-scan")),
            ("Acme SIP-ScanStation 5", None),
            ("user-friendly-scanners 1", None),
            ("SIP-Scanning friend, sip-scan", Some("sip-scan")),
        ] {
            assert_eq!(find(software.as_bytes(), SCANNERS), named, "{software}");
        }
    }
}
