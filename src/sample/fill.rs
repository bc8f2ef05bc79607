//! The header fields that a step does not write, as a user agent would send them (RFC 3261 §8.1.1, §8.2.6, §9.1, §12.2.1.1, §17.1.1.3).

use std::collections::BTreeMap;

use super::FlowError;
use super::content;
use super::fields::{self, Field};
use super::merge::{merge, serialize, tagged, written_or};
use super::recall::{Dialogue, Sent, full_branch, host_port};
use super::step::{StartLine, Step, Written};

/// Fills in the messages of a text, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Filler {
    calls: BTreeMap<String, Dialogue>,
    branches: u32,
}

/// A message that is being made: fields found for it, which written ones replace.
struct Draft {
    start: StartLine,
    filled: Vec<Field>,
    body: Option<String>,
    /// Place of the request that a response answers.
    answers: Option<usize>,
    from_caller: bool,
}

impl Filler {
    /// The octets of the message.
    pub(super) fn message(&mut self, step: &Step, written: &Written) -> Result<Vec<u8>, FlowError> {
        let name = step.words.call.as_deref().unwrap_or("1");
        let branch = self.next_branch(name);
        let call = self.calls.entry(name.to_owned()).or_insert_with(|| Dialogue::new(name, step.source));
        let draft = if step.words.forward {
            forwarded(call, step, written, &branch)?
        } else {
            match &written.start {
                StartLine::Request { method, uri } => request(call, step, written, method, uri.as_deref(), &branch),
                StartLine::Response { status, .. } => response(call, step, written, status, &branch)?,
            }
        };
        let Draft { start, filled, body, answers, from_caller } = draft;
        let body = written.body.clone().or(body);
        let fields = merge(&filled, step, written, body.as_deref());
        let octets = serialize(&start, &fields, body.as_deref());
        let (source, destination) = (step.source, step.destination);
        call.remember(Sent { source, destination, start, fields, body, answer: None }, answers, from_caller);
        Ok(octets)
    }

    /// Remembers a message that was written in full, as far as it can be read, so that others can answer it.
    pub(super) fn note_raw(&mut self, step: &Step, octets: &[u8]) {
        let text = String::from_utf8_lossy(octets);
        let Some(written) = content::written(&text) else { return };
        let name = step.words.call.as_deref().unwrap_or("1");
        let call = self.calls.entry(name.to_owned()).or_insert_with(|| Dialogue::new(name, step.source));
        let answers = match &written.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => call.answered_by(step, status),
        };
        let from_caller = call.is_from_caller(step);
        let (source, destination) = (step.source, step.destination);
        let Written { start, fields, body } = written;
        call.remember(Sent { source, destination, start, fields, body, answer: None }, answers, from_caller);
    }

    /// A branch for a new transaction; without the prefix.
    fn next_branch(&mut self, call: &str) -> String {
        self.branches += 1;
        opaque(&["branch", call, &self.branches.to_string()])
    }
}

/// A Via value of the transport of a step.
fn via(step: &Step, sent_by: &str, branch: &str) -> String {
    let transport = if step.words.tcp.is_some() { "TCP" } else { "UDP" };
    format!("SIP/2.0/{transport} {sent_by};branch={branch}")
}

/// A request that is not passed on from elsewhere.
fn request(call: &Dialogue, step: &Step, written: &Written, method: &str, uri: Option<&str>, branch: &str) -> Draft {
    let from_caller = call.is_from_caller(step);
    let of = if matches!(method, "ACK" | "CANCEL") { call.invite_of(step) } else { None };
    let branch = step.words.branch.as_deref().unwrap_or(branch);
    let own_via = Field::new("Via", via(step, &host_port(step.source), &full_branch(branch)));
    let mut filled = Vec::new();
    let uri = if let Some(invite) = of {
        filled.extend(of_invite(invite, step, method, own_via));
        uri.map_or_else(|| acknowledged_uri(invite, method), str::to_owned)
    } else {
        let uri = uri.map_or_else(|| remote_target(call, step), str::to_owned);
        let (from, to) = parties(call, step, written, method, &uri, from_caller);
        let last = if from_caller { call.caller_cseq } else { call.callee_cseq };
        let number = step.words.cseq.unwrap_or(if method == "ACK" { last.max(1) } else { last.saturating_add(1) });
        filled.push(own_via);
        filled.push(Field::new("From", from));
        filled.push(Field::new("To", to));
        filled.push(Field::new("Call-ID", call.call_id.clone()));
        filled.push(Field::new("CSeq", format!("{number} {method}")));
        if method == "INVITE" {
            let from = written_or(written, &filled, "From");
            let user = fields::user_at(fields::uri(&from));
            filled.push(Field::new("Contact", format!("<sip:{user}{}>", host_port(step.source))));
        }
        uri
    };
    filled.push(Field::new("Max-Forwards", "70"));
    let start = StartLine::Request { method: method.to_owned(), uri: Some(uri) };
    Draft { start, filled, body: None, answers: None, from_caller }
}

/// What an ACK or CANCEL takes over from its INVITE. An ACK to a 2xx is a transaction of its own (RFC 3261 §13.2.2.4).
fn of_invite(invite: &Sent, step: &Step, method: &str, own_via: Field) -> Vec<Field> {
    let answer = invite.answer.as_ref().filter(|_| method == "ACK");
    let own_transaction = answer.is_some_and(|answer| answer.success);
    let mut filled: Vec<Field> = if own_transaction {
        vec![own_via]
    } else {
        let via = fields::all(&invite.fields, "Via").into_iter().take(1);
        via.chain(fields::all(&invite.fields, "Route")).collect()
    };
    if let Some(from) = fields::first(&invite.fields, "From") {
        filled.push(Field::new("From", tagged(from, step.words.from_tag.as_deref())));
    }
    if let Some(to) = answer.map(|answer| answer.to.as_str()).or_else(|| fields::first(&invite.fields, "To")) {
        filled.push(Field::new("To", tagged(to, step.words.to_tag.as_deref())));
    }
    filled.extend(fields::all(&invite.fields, "Call-ID"));
    let number = step.words.cseq.or_else(|| invite.cseq()).unwrap_or(1);
    filled.push(Field::new("CSeq", format!("{number} {method}")));
    filled
}

/// The Request-URI of an ACK or CANCEL that does not write one.
fn acknowledged_uri(invite: &Sent, method: &str) -> String {
    let success = invite.answer.as_ref().filter(|answer| method == "ACK" && answer.success);
    let contact = success.and_then(|answer| answer.contact.as_deref());
    contact.or_else(|| invite.uri()).unwrap_or("sip:unknown.invalid").to_owned()
}

/// The Request-URI of a BYE that does not write one: the last Contact from the other side (RFC 3261 §12.2.1.1).
fn remote_target(call: &Dialogue, step: &Step) -> String {
    let mut from_there = call.sent.iter().rev().filter(|sent| sent.source.address == step.destination.address);
    let contact = from_there.find_map(|sent| fields::first(&sent.fields, "Contact"));
    contact.map_or_else(|| format!("sip:{}", host_port(step.destination)), |contact| fields::uri(contact).to_owned())
}

/// From and To of a request outside ACK and CANCEL.
fn parties(
    call: &Dialogue,
    step: &Step,
    written: &Written,
    method: &str,
    uri: &str,
    from_caller: bool,
) -> (String, String) {
    let caller = fields::first(&written.fields, "From").filter(|_| from_caller).map_or_else(
        || call.caller.clone().unwrap_or_else(|| format!("<sip:alice@{}>", host_port(step.source))),
        str::to_owned,
    );
    let caller = match fields::parameter(&caller, "tag") {
        Some(_) => caller,
        None => fields::with_tag(&caller, &opaque(&["from", &call.name])),
    };
    let of_callee = call.callee.clone().unwrap_or_else(|| match method {
        "REGISTER" => fields::without_tag(&caller),
        _ => format!("<{uri}>"),
    });
    let starts_anew = method == "INVITE" || method == "REGISTER";
    let words = &step.words;
    if from_caller {
        let dialog_tag = call.dialog_tag.as_deref().filter(|_| !starts_anew);
        let to_tag = words.to_tag.as_deref().or(dialog_tag);
        (tagged(&caller, words.from_tag.as_deref()), tagged(&of_callee, to_tag))
    } else {
        let from_tag = words.from_tag.as_deref().or(call.dialog_tag.as_deref());
        (tagged(&of_callee, from_tag), tagged(&caller, words.to_tag.as_deref()))
    }
}

/// A response that is not passed on from elsewhere.
fn response(call: &Dialogue, step: &Step, written: &Written, status: &str, branch: &str) -> Result<Draft, FlowError> {
    let answers = call.answered_by(step, status);
    let mut filled = Vec::new();
    let answered = answers.and_then(|place| call.sent.get(place));
    let (to, method) = if let Some(request) = answered {
        for name in ["Via", "From", "Call-ID"] {
            filled.extend(fields::all(&request.fields, name));
        }
        if status != "100" {
            filled.extend(fields::all(&request.fields, "Record-Route"));
        }
        let cseq = fields::first(&request.fields, "CSeq").unwrap_or_default();
        let number = step.words.cseq.or(fields::cseq(cseq).map(|(number, _)| number));
        let method = request.method().unwrap_or_default().to_owned();
        filled.push(Field::new("CSeq", format!("{} {method}", number.unwrap_or(1))));
        (fields::first(&request.fields, "To").unwrap_or_default().to_owned(), method)
    } else {
        let (fields, method) = unasked(call, step, written, branch)?;
        filled.extend(fields);
        (format!("<sip:bob@{}>", host_port(step.source)), method)
    };
    let to = match fields::first(&written.fields, "To") {
        Some(to) => tagged(to, step.words.to_tag.as_deref()),
        None => response_to(call, step, &to, status),
    };
    let user = fields::user_at(fields::uri(&to));
    filled.push(Field::new("To", to));
    if method == "INVITE" && status.starts_with('2') {
        filled.push(Field::new("Contact", format!("<sip:{user}{}>", host_port(step.source))));
    }
    Ok(Draft { start: written.start.clone(), filled, body: None, answers, from_caller: false })
}

/// To of a response: the tag of a request within a dialog stays; 100 has none (RFC 3261 §8.2.6.2).
fn response_to(call: &Dialogue, step: &Step, to: &str, status: &str) -> String {
    let word = step.words.to_tag.as_deref();
    if word.is_some() || status == "100" || fields::parameter(to, "tag").is_some() {
        return tagged(to, word);
    }
    let known = call.tags.get(&step.source.address).cloned();
    let tag = known.unwrap_or_else(|| opaque(&["to", &call.name, &step.source.address.to_string()]));
    fields::with_tag(to, &tag)
}

/// A response whose request is not in the text (the capture began late): the text must say what it answers.
fn unasked(call: &Dialogue, step: &Step, written: &Written, branch: &str) -> Result<(Vec<Field>, String), FlowError> {
    let cseq = fields::first(&written.fields, "CSeq").and_then(fields::cseq);
    let cseq = cseq.or(step.words.cseq.zip(step.words.answers.as_deref()));
    let Some((number, method)) = cseq else {
        return Err(FlowError::new(step.line, "no request to answer; write CSeq, or both `re=` and `cseq=`"));
    };
    let branch = step.words.branch.as_deref().unwrap_or(branch);
    let destination = host_port(step.destination);
    let caller = format!("<sip:alice@{destination}>;tag={}", opaque(&["from", &call.name]));
    let fields = vec![
        Field::new("Via", via(step, &destination, &full_branch(branch))),
        Field::new("From", call.caller.clone().unwrap_or(caller)),
        Field::new("Call-ID", call.call_id.clone()),
        Field::new("CSeq", format!("{number} {method}")),
    ];
    Ok((fields, method.to_owned()))
}

/// A message passed on by a proxy (RFC 3261 §16.6, §16.7): Via on top or off, Max-Forwards less one, the rest as it came.
fn forwarded(call: &Dialogue, step: &Step, written: &Written, branch: &str) -> Result<Draft, FlowError> {
    let received = call
        .received(step, &written.start)
        .ok_or_else(|| FlowError::new(step.line, "nothing like this was received, so nothing can be forwarded"))?;
    let mut filled = received.fields.clone();
    let mut start = written.start.clone();
    let mut answers = None;
    match &mut start {
        StartLine::Request { uri, .. } => {
            let branch = full_branch(step.words.branch.as_deref().unwrap_or(branch));
            filled.insert(0, Field::new("Via", via(step, &host_port(step.source), &branch)));
            for field in filled.iter_mut().filter(|field| field.is("Max-Forwards")) {
                let left: u32 = field.value.parse().unwrap_or(70);
                field.value = left.saturating_sub(1).to_string();
            }
            *uri = uri.take().or_else(|| received.uri().map(str::to_owned));
        }
        StartLine::Response { status, .. } => {
            if let Some(top) = filled.iter().position(|field| field.is("Via")) {
                filled.remove(top);
            }
            answers = call.answered_by(step, status);
        }
    }
    filled.retain(|field| !field.is("Content-Length"));
    Ok(Draft { start, filled, body: received.body.clone(), answers, from_caller: call.is_from_caller(step) })
}

/// Ten hex digits that depend on the parts only (FNV-1a, then mixed as in splitmix64), like the identifiers that stacks draw at random.
fn opaque(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("{:010x}", hash >> 24)
}

#[cfg(test)]
mod tests;
