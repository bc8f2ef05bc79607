//! A call that ended with a challenge (401 or 407), as the rules about credentials look at it.

use super::{Evidence, Severity, Text};
use crate::call::{Call, CapturedMessage, Transaction};
use crate::sip::{Challenge, HeaderName, Method, StatusCode};

/// The challenge that ended a call, and the request that it answered.
#[derive(Debug)]
pub(super) struct Challenged<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) request: &'a CapturedMessage,
    pub(super) response: &'a CapturedMessage,
    pub(super) challenges: Vec<Challenge>,
    /// What the request carried.
    pub(super) credentials: Vec<Challenge>,
}

impl<'a> Challenged<'a> {
    /// The challenge that a failed call ended with; `None` if it ended otherwise, or if its request was not captured.
    pub(super) fn end_of(call: &'a Call) -> Option<Self> {
        let transaction = call.transaction(call.decided_by?)?;
        let response = call.message(call.final_response?)?;
        let challenge = response.message.status().is_some_and(StatusCode::is_challenge);
        if !challenge || !call.outcome.is_failure() {
            return None;
        }
        let request = call.message(transaction.request?)?;
        let (challenges, credentials) = (response.message.challenges(), request.message.credentials());
        Some(Self { transaction, request, response, challenges, credentials })
    }

    /// The challenge that repeats one which the request had answered, and that answer.
    pub(super) fn refused(&self) -> Option<(&Challenge, &Challenge)> {
        self.challenges.iter().find_map(|c| self.credentials.iter().find(|sent| sent.answers(c)).map(|sent| (c, sent)))
    }

    /// The algorithm, if none of the challenges is for MD5.
    pub(super) fn needs_more_than_md5(&self) -> Option<&str> {
        let algorithms = || self.challenges.iter().map(Challenge::algorithm);
        let md5 = algorithms().any(|a| a.to_ascii_uppercase().starts_with("MD5"));
        algorithms().next().filter(|_| !md5)
    }

    /// A monitoring OPTIONS got what it wanted; in other requests a user is shut out.
    pub(super) fn severity(&self) -> Severity {
        match self.transaction.method {
            Method::Options => Severity::Info,
            _ => Severity::Error,
        }
    }

    /// The challenge as evidence.
    pub(super) fn evidence(&self, what: impl Into<Text>) -> Evidence {
        let names = [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate];
        match names.into_iter().find(|name| self.response.message.has(*name)) {
            Some(name) => Evidence::header(self.response, name, what),
            None => Evidence::of(self.response, what),
        }
    }
}
