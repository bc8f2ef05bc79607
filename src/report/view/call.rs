//! A call as JSON shows it.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::{Address, Captured, Each, FindingView, IdentityView, MediaView, Place, Time};
use crate::call::redress::RedressContact;
use crate::call::referred::Transfer;
use crate::call::{Call, CapturedMessage, OutcomeDetail};
use crate::diagnosis::{CallReport, Finding};
use crate::net::Carrier;
use crate::provenance::FrameRef;
use crate::report::facts;
use crate::sip::{HeaderName, StatusCode};

/// One call, or one group of requests that is no call (a registration, keep-alives, …).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct CallView<'a> {
    /// Index of its capture in `captures`.
    capture: usize,
    /// Number of the call in its capture, from 1, in the order of first messages.
    id: u64,
    /// Every Call-ID that belongs to it, the one nearest the caller first; octets that are not UTF-8 are replaced by U+FFFD.
    call_ids: Vec<Captured<'a>>,
    /// Numbers of other calls that may be legs of it, though what they share proves too little; they are counted as calls of their own.
    possible_legs: Vec<u64>,
    /// Method of the first request; without one, that of the first CSeq; null where neither was captured.
    method: Option<&'a str>,
    /// The URI of From in the first request.
    caller: Option<Cow<'a, str>>,
    /// The URI of To in the first request.
    callee: Option<Cow<'a, str>>,
    /// The Request-URI of the first request; null where no request was captured.
    request_uri: Option<Cow<'a, str>>,
    /// Time of the first message.
    start: Time,
    /// Time of the last message.
    end: Time,
    /// Messages of the call, retransmissions included, duplicates of the capture not.
    messages: usize,
    /// How it ended: answered, cancelled, redirected-unfollowed, challenge-unanswered, auth-failed, busy, no-answer, declined,
    /// unwanted-by-callee, blocked-by-network, identity-rejected, rejected, server-failure, overload, no-response, stalled,
    /// or incomplete.
    outcome: &'static str,
    /// A closer word on the outcome: abandoned, or answered-no-ack (the 2xx was sent again and again, and is not acknowledged in this
    /// capture); else null.
    outcome_detail: Option<&'static str>,
    /// Status of the response that decided the outcome; null where none did.
    final_status: Option<u16>,
    /// Code of the finding that says why the call failed; null for calls that did not fail.
    root_cause: Option<&'static str>,
    /// Every distinct final response of the call in the order of capture, steps such as 401, 407 or 487 included.
    #[cfg_attr(test, schemars(with = "Vec<FinalView<'_>>"))]
    final_responses: Finals<'a>,
    /// How the INVITE is signed, as captured nearest to the callee: A, B, C, no-level, unsigned, invalid, or unknown, as in the
    /// summary; null for groups that are no calls.
    attestation: Option<&'static str>,
    /// The Identity values of the INVITE (RFC 8224), as captured nearest to the callee; empty where it has none.
    identities: Vec<IdentityView<'a>>,
    /// The tunnels, tags and copies of collectors that messages of the call came in; empty where all came plainly.
    carried: Vec<CarriedView>,
    /// RTP from or to the places that the session descriptions of the call name; empty where the capture has none.
    media: Vec<MediaView>,
    /// The last transfer that one side of the call asked the other one for (REFER inside the call, RFC 3515) and got a response to; null where none was. What a conference is asked for is none.
    transfer: Option<TransferView>,
    /// Number of the call one side of which asked for this one (REFER); null where the capture shows none.
    referred_by: Option<u64>,
    /// What the rules say of the call; the root cause first.
    #[cfg_attr(test, schemars(with = "Vec<FindingView<'_>>"))]
    findings: Each<'a, Finding, FindingView<'a>>,
}

/// The final responses of a call, each put together when it is written.
#[derive(Debug)]
struct Finals<'a> {
    call: &'a Call,
    place: Place,
}

impl Serialize for Finals<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finals = self.call.first_finals().into_iter();
        let view =
            |(message, status, again)| Some(FinalView::new(self.call.message(message)?, status, again, self.place));
        serializer.collect_seq(finals.filter_map(view))
    }
}

/// One final response. Retransmissions and duplicates are not listed again.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FinalView<'a> {
    /// Index of the frame's file in `files` of its capture; only in merged captures.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    /// Frame that completes the response, as Wireshark numbers it.
    frame: u64,
    /// Time of that frame.
    time: Time,
    /// Call-ID; octets that are not UTF-8 are replaced by U+FFFD; null where it is missing.
    call_id: Option<Captured<'a>>,
    /// Number of CSeq; null where it is missing or unusable.
    cseq: Option<u32>,
    /// Method of CSeq; null where it is missing or unusable.
    method: Option<&'a str>,
    /// The status, 200 to 699.
    status: u16,
    /// Name of its class (RFC 3261 §7.2): Success, Redirection, Client Error, Server Error, or Global Failure.
    class: &'static str,
    /// The reason phrase as captured; may be empty.
    reason: Cow<'a, str>,
    /// Values of Reason header fields as captured.
    reason_headers: Vec<String>,
    /// Whom it names for redress: the attributes of 603+ in Reason, or the contact card of a 608; null where it names nobody.
    redress: Option<RedressView>,
    /// Tag of To; null where it is missing.
    to_tag: Option<Captured<'a>>,
    /// Value of Server, else of User-Agent; null where it sent neither.
    software: Option<Cow<'a, str>>,
    /// Sender.
    source: Address,
    /// Receiver.
    destination: Address,
    /// How often the same response was sent again.
    retransmissions: usize,
}

/// A way through layers that messages of a call came.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CarriedView {
    /// The layers, such as `Ethernet > VLAN 42 > IPv4 > GRE > IPv4`.
    layers: String,
    /// Addresses of the packets around the innermost one, the outermost first.
    outer: Vec<OuterView>,
    /// What a collector's copy says belongs together (HEP); null where nothing does.
    correlation_id: Option<String>,
    /// The capture agent that made the copy (HEP); null where none is named.
    capture_agent: Option<u32>,
    /// Frames that complete the messages that came so.
    frames: Vec<CarriedFrame>,
}

/// A frame.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CarriedFrame {
    /// Index of the frame's file in `files` of its capture; only in merged captures.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    /// Its number, as Wireshark shows it.
    frame: u64,
}

/// Sender and receiver of a packet with another inside.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OuterView {
    /// Sender.
    source: String,
    /// Receiver.
    destination: String,
}

impl CarriedView {
    fn new(carrier: &Carrier, frames: &[FrameRef], place: Place) -> Self {
        let outer = |(source, destination): &(IpAddr, IpAddr)| OuterView {
            source: source.to_string(),
            destination: destination.to_string(),
        };
        let frame = |frame: &FrameRef| CarriedFrame { file: place.file(*frame), frame: frame.number.0 };
        Self {
            layers: carrier.layers.to_string(),
            outer: carrier.outer.iter().map(outer).collect(),
            correlation_id: carrier.correlation.clone(),
            capture_agent: carrier.agent,
            frames: frames.iter().map(frame).collect(),
        }
    }
}

/// Whom to ask for redress; each part as captured, null where it is not named.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RedressView {
    /// A page.
    url: Option<String>,
    /// A telephone number.
    tel: Option<String>,
    /// An e-mail address.
    email: Option<String>,
    /// Address of the signed contact card of a 608 (RFC 8688).
    card: Option<String>,
    /// What to quote there.
    id: Option<String>,
}

impl From<RedressContact> for RedressView {
    fn from(contact: RedressContact) -> Self {
        let RedressContact { url, tel, email, card, id } = contact;
        Self { url, tel, email, card, id }
    }
}

/// A transfer and what became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TransferView {
    /// Whom the other side was to call: the URI of Refer-To, without header fields.
    target: String,
    /// What became of it: refused (the other side did not do it), accepted (how the new call ended is not in the capture), done, or failed.
    outcome: &'static str,
    /// Status of the REFER that was refused, or of the request that it asked for, as NOTIFY tells it; null where it was only accepted.
    status: Option<u16>,
}

impl TransferView {
    fn new(transfer: &Transfer) -> Self {
        let Transfer { fate, .. } = transfer;
        Self { target: transfer.addressee(), outcome: fate.name(), status: fate.status().map(|status| status.0) }
    }
}

impl<'a> CallView<'a> {
    pub(in crate::report) fn new(report: &'a CallReport, place: Place) -> Self {
        let call: &Call = &report.call;
        Self {
            capture: place.capture,
            id: call.number.0,
            call_ids: call.legs.iter().filter_map(|leg| leg.call_id.as_deref().map(Captured)).collect(),
            possible_legs: call.possible_legs.iter().map(|other| other.0).collect(),
            method: facts::method(call),
            caller: facts::caller(call),
            callee: facts::callee(call),
            request_uri: facts::request_uri(call),
            start: Time(call.start),
            end: Time(call.end),
            messages: call.messages.len(),
            outcome: call.outcome.name(),
            outcome_detail: call.outcome_detail.map(OutcomeDetail::name),
            final_status: facts::final_status(call),
            root_cause: report.root_cause,
            final_responses: Finals { call, place },
            attestation: report.origin.as_ref().map(|origin| origin.signing.name()),
            identities: report.identities.iter().map(|checked| IdentityView::new(checked, place)).collect(),
            carried: facts::carriers(call).into_iter().map(|(c, frames)| CarriedView::new(c, &frames, place)).collect(),
            referred_by: call.referral.as_ref().map(|referral| referral.call.0),
            transfer: Transfer::of(call).map(|transfer| TransferView::new(&transfer)),
            media: call.media.iter().filter_map(|stream| MediaView::new(stream, place)).collect(),
            findings: Each { of: &report.findings, place, view: FindingView::of_call },
        }
    }
}

impl<'a> FinalView<'a> {
    fn new(captured: &'a CapturedMessage, status: StatusCode, retransmissions: usize, place: Place) -> Self {
        let (message, provenance) = (&captured.message, &captured.provenance);
        Self {
            file: place.file(provenance.frame),
            frame: provenance.frame.number.0,
            time: Time(provenance.time),
            call_id: message.call_id().map(Captured),
            cseq: message.cseq().map(|cseq| cseq.number),
            method: message.cseq().map(|cseq| cseq.method.name()),
            status: status.0,
            class: status.class().map_or("", |class| class.name()),
            reason: message.reason_phrase().unwrap_or_default(),
            reason_headers: message.values(HeaderName::Reason),
            redress: RedressContact::of(message).map(RedressView::from),
            to_tag: message.to_tag().map(Captured),
            software: message.software_in_place(),
            source: Address(provenance.flow.source),
            destination: Address(provenance.flow.destination),
            retransmissions,
        }
    }
}
