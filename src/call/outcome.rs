//! How a call ended: the names of diagnosis §D6.

/// The outcome of a call; the kebab-case [`Outcome::name`] appears in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 2xx to the initial INVITE (or, in other groups, to the first request).
    Answered,
    /// CANCEL before the final response.
    Cancelled,
    /// The last final response is a 3xx.
    RedirectedUnfollowed,
    /// The last final response is a challenge that was not answered.
    ChallengeUnanswered,
    /// The last final response is a challenge to a request with credentials.
    AuthFailed,
    /// 486 or 600.
    Busy,
    /// Rang for ten seconds or more, then 480 or 408; or Q.850 cause 19.
    NoAnswer,
    /// 603 without the marks of 603+.
    Declined,
    /// 607.
    UnwantedByCallee,
    /// 603+, 608, or 607 from network analytics.
    BlockedByNetwork,
    /// 428, 436, 437, 438, or 403 with Stale Date or a Reason of STIR.
    IdentityRejected,
    /// Any other 4xx or 6xx.
    Rejected,
    /// 5xx.
    ServerFailure,
    /// 503.
    Overload,
    /// Sent again to the end; nothing came back.
    NoResponse,
    /// Provisional responses, then nothing.
    Stalled,
    /// The capture begins or ends inside.
    Incomplete,
}

impl Outcome {
    /// Every outcome in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::Answered,
        Self::Cancelled,
        Self::RedirectedUnfollowed,
        Self::ChallengeUnanswered,
        Self::AuthFailed,
        Self::Busy,
        Self::NoAnswer,
        Self::Declined,
        Self::UnwantedByCallee,
        Self::BlockedByNetwork,
        Self::IdentityRejected,
        Self::Rejected,
        Self::ServerFailure,
        Self::Overload,
        Self::NoResponse,
        Self::Stalled,
        Self::Incomplete,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Cancelled => "cancelled",
            Self::RedirectedUnfollowed => "redirected-unfollowed",
            Self::ChallengeUnanswered => "challenge-unanswered",
            Self::AuthFailed => "auth-failed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Declined => "declined",
            Self::UnwantedByCallee => "unwanted-by-callee",
            Self::BlockedByNetwork => "blocked-by-network",
            Self::IdentityRejected => "identity-rejected",
            Self::Rejected => "rejected",
            Self::ServerFailure => "server-failure",
            Self::Overload => "overload",
            Self::NoResponse => "no-response",
            Self::Stalled => "stalled",
            Self::Incomplete => "incomplete",
        }
    }

    /// Whether the call failed in a way that somebody may have to act on. Busy, declined, unanswered and cancelled calls
    /// are ordinary ends.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::RedirectedUnfollowed
                | Self::ChallengeUnanswered
                | Self::AuthFailed
                | Self::UnwantedByCallee
                | Self::BlockedByNetwork
                | Self::IdentityRejected
                | Self::Rejected
                | Self::ServerFailure
                | Self::Overload
                | Self::NoResponse
                | Self::Stalled
        )
    }
}

/// A closer word on an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeDetail {
    /// Cancelled by the caller after ten seconds of ringing or more.
    Abandoned,
    /// Answered with a 2xx that was sent again and again, three times at least, to the end of its timer or of the call, and is not
    /// acknowledged in this capture.
    AnsweredNoAck,
}

impl OutcomeDetail {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::AnsweredNoAck => "answered-no-ack",
        }
    }
}
