//! Odd traffic: counted and located, never fatal, and neither an error of sipscan nor a diagnosis.

/// What is odd. The kebab-case [`Anomaly::code`] is stable and appears in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Anomaly {
    // Capture, link and IP layer.
    /// A frame holds less than was on the wire (snap length).
    FrameCut,
    /// The file ends inside its last frame.
    CaptureTruncated,
    /// A frame's time lies well before that of the one in front of it.
    TimeWentBackwards,
    /// The capturing program reported lost packets.
    PacketsDropped,
    /// IP fragments overlapped with different contents; the first to arrive was kept.
    FragmentOverlap,
    /// Fragments of a datagram never arrived.
    FragmentsMissing,
    /// The limit on memory for fragments was reached and the oldest were given up.
    FragmentLimit,
    /// TCP segments overlapped with different contents; the first to arrive was kept.
    TcpOverlap,
    /// Octets of a TCP stream with SIP were not captured; reading went on behind them.
    TcpGap,
    /// A limit on memory for TCP streams was reached, and what waited was read as far as it went.
    TcpLimit,
    /// Chunks of an SCTP association with SIP were not captured; reading went on behind them.
    SctpGap,
    /// A limit on memory for SCTP associations was reached, and what waited was read as far as it went.
    SctpLimit,
    // SIP messages.
    /// Lines end in LF alone.
    BareLineFeed,
    /// Blank lines or other octets stood in front of the start line.
    LeadingBlankLines,
    /// The header block never ends (no blank line).
    HeadersUnterminated,
    /// Content-Length is larger than the body that arrived.
    ContentLengthTooLong,
    /// Content-Length is smaller than what follows; the rest, in a stream up to the next start line, was not taken for a message.
    ContentLengthTooShort,
    /// Content-Length is not a number, negative, or given twice with different values.
    ContentLengthInvalid,
    /// A message in a stream has no Content-Length, without which nobody can tell where the next one begins (RFC 3261 §18.3).
    ContentLengthMissing,
    /// A header field line without a colon, or with an empty or illegal name.
    HeaderFieldMalformed,
    /// Octets that are not UTF-8 (RFC 3261 §7).
    NotUtf8,
    /// A mandatory header field (Via, From, To, Call-ID, CSeq) is missing.
    MandatoryHeaderMissing,
    /// A header field that may occur once occurs several times.
    HeaderFieldRepeated,
    /// CSeq is unusable: no number, above 2^31, or no method.
    CSeqInvalid,
    /// The method of CSeq is not that of the request.
    CSeqMethodMismatch,
    /// A response to an ACK, which has none (RFC 3261 §17).
    ResponseToAck,
    /// The start line is not what RFC 3261 §7.1 or §7.2 allows (spaces, tabs, missing parts).
    StartLineMalformed,
    /// The SIP version is not 2.0.
    VersionUnsupported,
    /// The Request-URI is malformed.
    RequestUriMalformed,
    /// A URI or name-addr in From, To, Contact, Route, … is malformed.
    AddressMalformed,
    /// A Via value is malformed.
    ViaMalformed,
    /// A branch without the cookie of RFC 3261, or the cookie alone.
    BranchNotUnique,
    /// A number in a header field is out of range.
    NumberOutOfRange,
    /// A date is not in GMT or otherwise malformed.
    DateMalformed,
    /// A quoted string is not closed.
    QuoteUnbalanced,
    /// A parameter is malformed or given twice.
    ParameterMalformed,
    /// A status code below 100 or above 699.
    StatusOutOfRange,
    /// Several SIP messages in one datagram.
    SeveralMessagesInDatagram,
    /// A message was cut (by the snap length or by missing fragments) and read as far as it goes.
    MessageCut,
    /// Octets behind the last message of a datagram, or at the beginning of a stream with SIP, that are no message.
    TrailingOctets,
    // Trackers.
    /// A message that must have been sent is not in the capture: a response without its request, an ACK without its response.
    MessageMissing,
    /// A message came for a call that had been settled and reported some seconds before.
    LateMessage,
    /// A limit on open calls or on messages of one call was reached.
    CallLimit,
}

impl Anomaly {
    /// Every anomaly, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::FrameCut,
        Self::CaptureTruncated,
        Self::TimeWentBackwards,
        Self::PacketsDropped,
        Self::FragmentOverlap,
        Self::FragmentsMissing,
        Self::FragmentLimit,
        Self::TcpOverlap,
        Self::TcpGap,
        Self::TcpLimit,
        Self::SctpGap,
        Self::SctpLimit,
        Self::BareLineFeed,
        Self::LeadingBlankLines,
        Self::HeadersUnterminated,
        Self::ContentLengthTooLong,
        Self::ContentLengthTooShort,
        Self::ContentLengthInvalid,
        Self::ContentLengthMissing,
        Self::HeaderFieldMalformed,
        Self::NotUtf8,
        Self::MandatoryHeaderMissing,
        Self::HeaderFieldRepeated,
        Self::CSeqInvalid,
        Self::CSeqMethodMismatch,
        Self::ResponseToAck,
        Self::StartLineMalformed,
        Self::VersionUnsupported,
        Self::RequestUriMalformed,
        Self::AddressMalformed,
        Self::ViaMalformed,
        Self::BranchNotUnique,
        Self::NumberOutOfRange,
        Self::DateMalformed,
        Self::QuoteUnbalanced,
        Self::ParameterMalformed,
        Self::StatusOutOfRange,
        Self::SeveralMessagesInDatagram,
        Self::MessageCut,
        Self::TrailingOctets,
        Self::MessageMissing,
        Self::LateMessage,
        Self::CallLimit,
    ];

    /// The stable name, as reports print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::FrameCut => "frame-cut",
            Self::CaptureTruncated => "capture-truncated",
            Self::TimeWentBackwards => "time-went-backwards",
            Self::PacketsDropped => "packets-dropped",
            Self::FragmentOverlap => "fragment-overlap",
            Self::FragmentsMissing => "fragments-missing",
            Self::FragmentLimit => "fragment-limit",
            Self::TcpOverlap => "tcp-overlap",
            Self::TcpGap => "tcp-gap",
            Self::TcpLimit => "tcp-limit",
            Self::SctpGap => "sctp-gap",
            Self::SctpLimit => "sctp-limit",
            Self::BareLineFeed => "bare-line-feed",
            Self::LeadingBlankLines => "leading-blank-lines",
            Self::HeadersUnterminated => "headers-unterminated",
            Self::ContentLengthTooLong => "content-length-too-long",
            Self::ContentLengthTooShort => "content-length-too-short",
            Self::ContentLengthInvalid => "content-length-invalid",
            Self::ContentLengthMissing => "content-length-missing",
            Self::HeaderFieldMalformed => "header-field-malformed",
            Self::NotUtf8 => "not-utf-8",
            Self::MandatoryHeaderMissing => "mandatory-header-missing",
            Self::HeaderFieldRepeated => "header-field-repeated",
            Self::CSeqInvalid => "cseq-invalid",
            Self::CSeqMethodMismatch => "cseq-method-mismatch",
            Self::ResponseToAck => "response-to-ack",
            Self::StartLineMalformed => "start-line-malformed",
            Self::VersionUnsupported => "version-unsupported",
            Self::RequestUriMalformed => "request-uri-malformed",
            Self::AddressMalformed => "address-malformed",
            Self::ViaMalformed => "via-malformed",
            Self::BranchNotUnique => "branch-not-unique",
            Self::NumberOutOfRange => "number-out-of-range",
            Self::DateMalformed => "date-malformed",
            Self::QuoteUnbalanced => "quote-unbalanced",
            Self::ParameterMalformed => "parameter-malformed",
            Self::StatusOutOfRange => "status-out-of-range",
            Self::SeveralMessagesInDatagram => "several-messages-in-datagram",
            Self::MessageCut => "message-cut",
            Self::TrailingOctets => "trailing-octets",
            Self::MessageMissing => "message-missing",
            Self::LateMessage => "late-message",
            Self::CallLimit => "call-limit",
        }
    }
}
