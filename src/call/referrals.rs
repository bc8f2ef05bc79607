//! What calls have to do with each other beside legs and attempts: a REFER inside one asks for another, and one takes over the dialog of
//! another (Replaces, RFC 3891).

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use super::open_group::OpenGroup;
use super::open_groups::LegId;
use super::{CallNumber, CapturedMessage};
use crate::hashing;
use crate::limits::{REFERRALS, VALUE_OCTETS};
use crate::provenance::{Provenance, Timestamp};
use crate::sip::uri::unescaped;
use crate::sip::{HeaderName, Message, Method, NameAddr, Uri};

/// Who is asked to call somebody does so within this time.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A conference says what it is when its dialog begins: of a flood of messages no more than these are read for each REFER.
const FIRST_WORDS: usize = 16;

/// A REFER inside another call that asked for one.
#[derive(Debug, Clone)]
pub struct Referral {
    /// That other call.
    pub call: CallNumber,
    /// When and where the REFER was sent.
    pub sent: Provenance,
    /// Whether it went to a conference, which was to invite somebody.
    pub invites: bool,
}

/// That another call took over a dialog.
#[derive(Debug, Clone)]
pub struct TakenOver {
    /// The leg whose dialog it is.
    pub leg: usize,
    /// When that was granted: by the answer to the INVITE with Replaces, or by that to the REFER that asked for one.
    pub since: Timestamp,
}

/// The latest REFERs, and requests that are to take over a dialog.
#[derive(Debug, Default)]
pub(super) struct Referrals {
    asked: VecDeque<Asked>,
    claims: VecDeque<Claim>,
}

/// A REFER.
#[derive(Debug)]
struct Asked {
    referral: Referral,
    /// Who is to call.
    client: IpAddr,
    /// The user to be called, and those of the dialog, as hashes.
    target: u64,
    ends: [Option<u64>; 2],
}

/// What became of a request to take over a dialog, with the Call-ID of that.
#[derive(Debug)]
pub(super) enum Replaced {
    /// It is over for who had it.
    TakenOver(Box<[u8]>),
    /// It stays.
    Left(Box<[u8]>),
}

/// A request that is to take over a dialog, by its leg and number.
#[derive(Debug)]
struct Claim {
    leg: LegId,
    number: u32,
    is_refer: bool,
    /// The Call-ID of that dialog.
    call_id: Box<[u8]>,
}

impl Referrals {
    /// Takes note of the last message of a leg, where it is a REFER inside a dialog.
    pub(super) fn refer(&mut self, id: LegId, group: &OpenGroup) {
        let Some(refer) = group.messages.last().filter(|m| m.message.is_request() && m.message.to_tag().is_some())
        else {
            return;
        };
        let message = &refer.message;
        let target = message.header(HeaderName::ReferTo).filter(|value| value.len() <= VALUE_OCTETS);
        let Some(target) = target.and_then(|value| NameAddr::read(&value)).map(|target| target.uri) else { return };
        if let Some(call_id) = target.headers.as_deref().and_then(replaced_by_header) {
            self.add_claim(id, message, call_id);
        }
        let Some(user) = user_of(&target) else { return };
        let client = refer.provenance.flow.destination.address;
        // What is sent again, or with credentials, asks for no other call.
        self.asked
            .retain(|asked| asked.referral.call != group.number || asked.client != client || asked.target != user);
        while self.asked.len() >= REFERRALS {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked {
            referral: Referral {
                call: group.number,
                sent: refer.provenance.clone(),
                invites: is_of_focus(&group.messages, refer.leg, client),
            },
            client,
            target: user,
            ends: [HeaderName::From, HeaderName::To].map(|name| party(message, name)),
        });
    }

    /// Takes note of the INVITE that a leg begins with; gives the REFER that asked for it.
    pub(super) fn begin(&mut self, id: LegId, invite: &CapturedMessage) -> Option<Referral> {
        let message = &invite.message;
        if message.has(HeaderName::Replaces)
            && let Some(value) = message.header(HeaderName::Replaces).filter(|value| value.len() <= VALUE_OCTETS)
        {
            self.add_claim(id, message, call_id(&value));
        }
        // As a rule nobody was asked to call anybody.
        if self.asked.is_empty() {
            return None;
        }
        let now = invite.provenance.time;
        let is_late = |asked: &Asked| now.since(asked.referral.sent.time) > AT_ONCE;
        while self.asked.front().is_some_and(is_late) {
            self.asked.pop_front();
        }
        let target = hash(message.target()?.user_name()?);
        let (client, from) = (invite.provenance.flow.source.address, party(message, HeaderName::From));
        let says_so = message.has(HeaderName::ReferredBy);
        let is_this = |asked: &&Asked| {
            asked.client == client
                && asked.target == target
                && asked.referral.sent.time <= now
                && (says_so || from.is_some() && asked.ends.contains(&from))
        };
        let mut all = self.asked.iter().filter(is_this);
        // Of two nobody knows which.
        all.next().filter(|_| all.next().is_none()).map(|asked| asked.referral.clone())
    }

    /// Whether a request is to take over a dialog, and was not answered yet.
    pub(super) fn awaits_answers(&self) -> bool {
        !self.claims.is_empty()
    }

    /// The Call-ID of the dialog that is taken over by what a response of a leg grants, or that was not after all, as the INVITE that was to
    /// do it is refused.
    pub(super) fn settled(&mut self, id: LegId, response: &Message) -> Option<Replaced> {
        let (status, cseq) = (response.status()?, response.cseq()?);
        let is_refer = is_of_refer(response);
        // An INVITE that was challenged comes again under the next number.
        let is_this = |claim: &Claim| {
            claim.leg == id
                && claim.is_refer == is_refer
                && (claim.number == cseq.number || !is_refer && claim.number < cseq.number)
        };
        let at = self.claims.iter().position(is_this)?;
        if !status.is_final() || !is_refer && status.is_challenge() {
            return None;
        }
        let call_id = self.claims.remove(at)?.call_id;
        match (status.is_success(), is_refer) {
            (true, _) => Some(Replaced::TakenOver(call_id)),
            (false, false) => Some(Replaced::Left(call_id)),
            (false, true) => None,
        }
    }

    fn add_claim(&mut self, leg: LegId, request: &Message, call_id: Vec<u8>) {
        let Some(number) = request.cseq().map(|cseq| cseq.number) else { return };
        while self.claims.len() >= REFERRALS {
            self.claims.pop_front();
        }
        self.claims.push_back(Claim { leg, number, is_refer: is_of_refer(request), call_id: call_id.into() });
    }
}

/// Whether a host is the focus of a conference (RFC 4579 §5.1), by what it sent on that leg: a REFER to it asks for a further participant,
/// and transfers nobody.
pub(super) fn is_of_focus(messages: &[CapturedMessage], leg: usize, host: IpAddr) -> bool {
    let own = messages.iter().filter(|m| m.leg == leg && m.provenance.flow.source.address == host);
    own.take(FIRST_WORDS).any(|m| m.message.contacts().iter().any(|contact| contact.params.has("isfocus")))
}

/// Whether a message belongs to a REFER.
pub(super) fn is_of_refer(message: &Message) -> bool {
    message.method() == Some(&Method::Refer)
}

/// The Call-ID in the Replaces that stands among the header fields of a URI (RFC 3891 §7.1).
fn replaced_by_header(headers: &str) -> Option<Vec<u8>> {
    let fields = headers.split('&').filter_map(|field| field.split_once('='));
    let mut named = fields.filter(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
    named.next().map(|(_, value)| call_id(&unescaped(value)))
}

/// The Call-ID in front of a value of Replaces.
fn call_id(value: &str) -> Vec<u8> {
    value.split(';').next().unwrap_or_default().trim().as_bytes().to_vec()
}

fn user_of(uri: &Uri) -> Option<u64> {
    uri.user.as_deref().and_then(|user| user.split(';').next()).filter(|user| !user.is_empty()).map(hash)
}

fn party(message: &Message, name: HeaderName) -> Option<u64> {
    let party = message.party(name)?;
    party.user_name().filter(|user| !user.is_empty()).map(hash)
}

fn hash(user: &str) -> u64 {
    hashing::shared().hash_one(user)
}
