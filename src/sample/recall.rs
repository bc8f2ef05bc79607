//! What later messages of a call take over from earlier ones.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::provenance::Endpoint;

use super::fields::{self, Field};
use super::step::{StartLine, Step};

/// A message as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) start: StartLine,
    pub(super) fields: Vec<Field>,
    pub(super) body: Option<String>,
    /// Of a request: the last final response to it.
    pub(super) answer: Option<Answer>,
}

/// What an ACK needs of a final response.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) success: bool,
    /// Its To value.
    pub(super) to: String,
    /// The URI of its Contact.
    pub(super) contact: Option<String>,
}

impl Sent {
    /// The method of a request.
    pub(super) fn method(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request.
    pub(super) fn uri(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { uri, .. } => uri.as_deref(),
            StartLine::Response { .. } => None,
        }
    }

    /// The branch of the topmost Via.
    pub(super) fn branch(&self) -> Option<&str> {
        fields::parameter(fields::first(&self.fields, "Via")?, "branch")
    }

    /// The number of the CSeq.
    pub(super) fn cseq(&self) -> Option<u32> {
        Some(fields::cseq(fields::first(&self.fields, "CSeq")?)?.0)
    }

    /// Whether it is a request outside of any dialog.
    pub(super) fn is_initial(&self) -> bool {
        self.method().is_some_and(|method| !matches!(method, "ACK" | "CANCEL"))
            && fields::first(&self.fields, "To").is_none_or(|to| fields::parameter(to, "tag").is_none())
    }
}

/// Everything remembered of one `call=`.
#[derive(Debug)]
pub(super) struct Dialogue {
    pub(super) name: String,
    pub(super) call_id: String,
    /// From of the caller, with its tag.
    pub(super) caller: Option<String>,
    /// To of the first request, without tag.
    pub(super) callee: Option<String>,
    /// Highest CSeq numbers that the caller and the callee used.
    pub(super) caller_cseq: u32,
    pub(super) callee_cseq: u32,
    /// Tag of the last 2xx that made a dialog, else of the last provisional response to an INVITE.
    pub(super) dialog_tag: Option<String>,
    pub(super) confirmed: bool,
    /// Tags by responder.
    pub(super) tags: BTreeMap<IpAddr, String>,
    pub(super) sent: Vec<Sent>,
}

impl Dialogue {
    /// A call that begins with this sender.
    pub(super) fn new(name: &str, first: Endpoint) -> Self {
        Self {
            name: name.to_owned(),
            call_id: format!("{name}@{}", bracketed(first.address)),
            caller: None,
            callee: None,
            caller_cseq: 0,
            callee_cseq: 0,
            dialog_tag: None,
            confirmed: false,
            tags: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    /// Whether the step travels as the caller's requests do: by the last initial request between the two hosts, else by who began.
    pub(super) fn is_from_caller(&self, step: &Step) -> bool {
        let (source, destination) = (step.source.address, step.destination.address);
        for sent in self.sent.iter().rev().filter(|sent| sent.is_initial()) {
            if (sent.source.address, sent.destination.address) == (source, destination) {
                return true;
            }
            if (sent.source.address, sent.destination.address) == (destination, source) {
                return false;
            }
        }
        let Some(first) = self.sent.first() else { return true };
        let sends = |address| self.sent.iter().any(|sent| sent.is_initial() && sent.source.address == address);
        first.source.address == source
            || (first.source.address != destination && (sends(source) || !sends(destination)))
    }

    /// The INVITE that an ACK or CANCEL belongs to: of the same hop if there is one, else of the same sender.
    pub(super) fn invite_of(&self, step: &Step) -> Option<&Sent> {
        let invites = || self.sent.iter().rev().filter(|sent| sent.method() == Some("INVITE"));
        let branch = step.words.branch.as_deref().map(full_branch);
        let of_branch = |sent: &&Sent| branch.as_deref() == sent.branch();
        let of_sender = |sent: &&Sent| sent.source.address == step.source.address;
        let of_hop = |sent: &&Sent| of_sender(sent) && sent.destination == step.destination;
        invites()
            .find(|sent| of_sender(sent) && of_branch(sent))
            .or_else(|| invites().find(of_hop))
            .or_else(|| invites().find(of_sender))
    }

    /// The request that a response answers, by its place in `sent`: the last that went the other way (else that its receiver sent at
    /// all), those without a final response first.
    pub(super) fn answered_by(&self, step: &Step, status: &str) -> Option<usize> {
        let branch = step.words.branch.as_deref().map(full_branch);
        let fits = |sent: &Sent| {
            let Some(method) = sent.method() else { return false };
            let method_fits = match step.words.answers.as_deref() {
                Some(wanted) => method == wanted,
                None => method != "ACK" && !(method == "CANCEL" && status == "487"),
            };
            method_fits && branch.as_deref().is_none_or(|branch| sent.branch() == Some(branch))
        };
        let back = |sent: &Sent| sent.source == step.destination && sent.destination == step.source;
        let roughly = |sent: &Sent| {
            sent.source.address == step.destination.address && sent.destination.address == step.source.address
        };
        let of_receiver = |sent: &Sent| sent.source.address == step.destination.address;
        let is_open = |sent: &Sent| step.words.answers.is_some() || sent.answer.is_none();
        let ways: [&dyn Fn(&Sent) -> bool; 3] = [&back, &roughly, &of_receiver];
        ways.into_iter().find_map(|way| {
            let last =
                |open: bool| self.sent.iter().rposition(|sent| fits(sent) && way(sent) && (!open || is_open(sent)));
            last(true).or_else(|| last(false))
        })
    }

    /// The message that `forward` passes on: the last of the same kind that the step's sender received.
    pub(super) fn received(&self, step: &Step, start: &StartLine) -> Option<&Sent> {
        self.sent.iter().rev().find(|sent| {
            sent.destination.address == step.source.address
                && match (&sent.start, start) {
                    (StartLine::Request { method, .. }, StartLine::Request { method: wanted, .. }) => method == wanted,
                    (StartLine::Response { status, .. }, StartLine::Response { status: wanted, .. }) => {
                        status == wanted
                    }
                    _ => false,
                }
        })
    }

    /// Remembers what the message tells about the call. `answers` is the place of the request that a response answers.
    pub(super) fn remember(&mut self, sent: Sent, answers: Option<usize>, from_caller: bool) {
        match &sent.start {
            StartLine::Request { .. } => self.remember_request(&sent, from_caller),
            StartLine::Response { status, .. } => {
                let status = status.clone();
                self.remember_response(&sent, &status, answers);
            }
        }
        self.sent.push(sent);
    }

    fn remember_request(&mut self, sent: &Sent, from_caller: bool) {
        let known = if from_caller { &mut self.caller_cseq } else { &mut self.callee_cseq };
        *known = (*known).max(sent.cseq().unwrap_or(0));
        if let Some(call_id) = fields::first(&sent.fields, "Call-ID") {
            call_id.clone_into(&mut self.call_id);
        }
        if !from_caller {
            return;
        }
        if let Some(from) = fields::first(&sent.fields, "From") {
            self.caller = Some(from.to_owned());
        }
        if let Some(to) = fields::first(&sent.fields, "To") {
            self.callee = Some(fields::without_tag(to));
        }
    }

    fn remember_response(&mut self, sent: &Sent, status: &str, answers: Option<usize>) {
        let to = fields::first(&sent.fields, "To").unwrap_or_default().to_owned();
        let tag = fields::parameter(&to, "tag").map(str::to_owned);
        let Some(request) = answers.and_then(|place| self.sent.get_mut(place)) else { return };
        let in_dialog = !request.is_initial() && request.method() != Some("CANCEL");
        let success = status.starts_with('2');
        if !status.starts_with('1') {
            let contact = fields::first(&sent.fields, "Contact").map(|contact| fields::uri(contact).to_owned());
            request.answer = Some(Answer { success, to, contact });
        }
        let makes_dialog = matches!(request.method(), Some("INVITE" | "SUBSCRIBE" | "REFER"));
        let Some(tag) = tag.filter(|_| !in_dialog) else { return };
        self.tags.insert(sent.source.address, tag.clone());
        if makes_dialog && (success || (status.starts_with('1') && !self.confirmed)) {
            self.dialog_tag = Some(tag);
            self.confirmed = success;
        }
    }
}

/// The branch with the prefix of RFC 3261 §8.1.1.7.
pub(super) fn full_branch(short: &str) -> String {
    if short.starts_with("z9hG4bK") { short.to_owned() } else { format!("z9hG4bK{short}") }
}

/// The address as it stands in a URI.
pub(super) fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The host and, unless it is 5060, the port.
pub(super) fn host_port(endpoint: Endpoint) -> String {
    if endpoint.port == 5060 { bracketed(endpoint.address) } else { endpoint.to_string() }
}
