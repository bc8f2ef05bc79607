//! One message: its octets once, and where things stand in them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::body_length::body_length;
use super::headers;
use super::line::Doubts;
use super::method::Code;
use super::places::{Field, Names, Places, Span, offset};
use super::start_line::{self, StartLine};
use super::{HeaderName, Method, NameAddr, Reader, StatusCode, Uri, number, parameter, probe};
use crate::anomaly::Anomaly;
use crate::stir::Identity;

/// The CSeq of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'m> {
    /// The sequence number.
    pub number: u32,
    /// The method.
    pub method: &'m Method,
}

/// A request or response. Accessors never fail on odd messages: what cannot be read is absent, and [`Message::anomalies`]
/// says why.
#[derive(Debug, Clone)]
pub struct Message(Box<Parts>);

/// What a message holds, behind one pointer: messages change hands from stage to stage, and lie in lists that grow. Those of all open
/// calls are held at one time, so that every octet here counts.
#[derive(Debug, Clone)]
struct Parts {
    /// The octets of the message, and behind them the places of its header fields, as [`super::places::Fields::behind`] leaves them.
    held: Box<[u8]>,
    /// What few messages have.
    rare: Option<Box<Rare>>,
    /// From, To and the Request-URI, read when they are first asked for.
    parties: OnceLock<Arc<Parties>>,
    /// The names of its header fields.
    present: Names,
    start: StartLine,
    start_end: u32,
    /// How many octets are those of the message.
    length: u32,
    /// Where the body begins.
    body: u32,
    from_tag: Span,
    to_tag: Span,
    branch: Span,
    /// The value of the first Call-ID.
    call_id: Span,
    /// Where the parameters of the topmost Via value begin, if that is plain; else 0.
    via_parameters: u32,
    /// The number of CSeq.
    sequence: u32,
    /// The method of CSeq; `None` where CSeq cannot be read.
    sequence_method: Option<Code>,
    /// Whether there may be more than one Via value.
    several_vias: bool,
    cut: bool,
    /// A response whose User-Agent was found to be its sender's, though it has header fields of requests.
    names_itself: bool,
}

const _: () = assert!(size_of::<Parts>() <= 128, "the allocator has nothing between this and the next size it has");

/// What few messages have.
#[derive(Debug, Clone, Default)]
struct Rare {
    anomalies: Vec<Anomaly>,
    /// Header fields of a message in which offsets are large.
    wide: Vec<Field>,
    /// A method that is not known.
    method: Option<Method>,
    /// Such a method of CSeq.
    sequence_method: Option<Method>,
    /// Identity values, read when they are first asked for: many rules do.
    identities: OnceLock<Box<[Arc<Identity>]>>,
}

/// Where the parts of a message stand in its octets, for whoever writes it anew. What lies between them is line ends, blanks, and
/// lines that are no header fields.
#[derive(Debug)]
pub(crate) struct Anatomy {
    /// The end of the start line.
    pub(crate) start_end: usize,
    /// The Request-URI, or the reason phrase.
    pub(crate) subject: Range<usize>,
    /// The header fields: name, place of the name, place of the value with its folding.
    pub(crate) fields: Vec<(HeaderName, Range<usize>, Range<usize>)>,
    /// Where the body begins.
    pub(crate) body: usize,
}

/// Whom a message is from and to, and where a request goes: `None` what cannot be read.
#[derive(Debug)]
pub struct Parties {
    /// From.
    pub from: Option<NameAddr>,
    /// To.
    pub to: Option<NameAddr>,
    /// The Request-URI.
    pub target: Option<Uri>,
}

/// A header field: which one, its name as captured, its value.
pub type NamedField<'a> = (HeaderName, Cow<'a, str>, Cow<'a, str>);

/// What is known of a message when it is looked at for what is odd.
pub(super) struct Facts {
    /// Nothing is wrong with its Request-URI.
    pub(super) uri_is_plain: bool,
    /// What is not known of its head.
    pub(super) doubts: Doubts,
    /// The names that occur more than once.
    pub(super) repeated: Names,
}

/// What each message must have (RFC 3261 §8.1.1).
const MANDATORY: Names =
    Names::of(&[HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq]);

/// Octets that come from memory at one time.
const CACHE_LINE: usize = 64;
/// Lines of a message that are fetched ahead.
const TOUCHED_LINES: usize = 16;

impl Message {
    /// Reads one message at the beginning of `bytes`; `None` if there is no start line. `cut` says that octets are known to be
    /// missing at the end. Returns the message and the number of octets it takes; the rest is not looked at.
    pub fn read(bytes: &[u8], cut: bool) -> Option<(Self, usize)> {
        let mut odd = Vec::new();
        let mut reader = Reader::forgetful();
        let begin = start_line::usual(bytes, &mut reader.starts).or_else(|| start_line::begin(bytes, &mut odd))?;
        Self::read_on(bytes, begin, cut, odd, &mut reader)
    }

    /// The same, if [`probe::is_sip`] holds.
    pub(super) fn read_if_sip(bytes: &[u8], cut: bool, reader: &mut Reader) -> Option<(Self, usize)> {
        let mut odd = Vec::new();
        let begin = match start_line::usual(bytes, &mut reader.starts) {
            Some(begin) => begin,
            None if probe::is_sip(bytes) => start_line::begin(bytes, &mut odd)?,
            None => return None,
        };
        Self::read_on(bytes, begin, cut, odd, reader)
    }

    /// Reads what follows the start line.
    fn read_on(
        bytes: &[u8],
        begin: start_line::Begin,
        cut: bool,
        mut odd: Vec<Anomaly>,
        reader: &mut Reader,
    ) -> Option<(Self, usize)> {
        let fields = &mut reader.fields;
        fields.clear();
        let exemplar = reader.exemplars.of(begin.start, bytes.get(begin.next..).unwrap_or_default());
        let whole = if cut { headers::whole_lines(bytes, begin.next) } else { bytes };
        let mut block = headers::read(whole, begin.next, fields, &mut odd, &mut reader.lines, exemplar);
        if whole.len() < bytes.len() {
            block.end = bytes.len();
        }
        let places = fields.places();
        let end = block.end + body_length(bytes, &block, places, cut, &mut odd);
        if cut {
            odd.push(Anomaly::MessageCut);
        }
        let raw = bytes.get(..end)?;
        let present = places.present();
        let (sequence, sequence_method, other_sequence) = match block.cseq {
            Some((number, code)) => (number, Some(code), None),
            None => {
                read_cseq(raw, places).map_or((0, None, None), |(number, (code, other))| (number, Some(code), other))
            }
        };
        let from_tag = block.from_tag.unwrap_or_else(|| place_of(raw, places, HeaderName::From, b"tag"));
        let to_tag = block.to_tag.unwrap_or_else(|| place_of(raw, places, HeaderName::To, b"tag"));
        let branch = block.branch.unwrap_or_else(|| place_of(raw, places, HeaderName::Via, b"branch"));
        // A plain value is one.
        let is_list =
            || places.first(HeaderName::Via).is_some_and(|via| memchr::memchr(b',', via.value(raw)).is_some());
        let other_call_id = || places.first(HeaderName::CallId).map_or(Span::NONE, Field::value_span);
        let call_id = if block.call_id.is_there() { block.call_id } else { other_call_id() };
        let several_vias = block.repeated.has(HeaderName::Via) || block.via_parameters == 0 && is_list();
        let (held, wide) = fields.behind(raw);
        let mut message = Self(Box::new(Parts {
            held,
            rare: None,
            parties: OnceLock::new(),
            present,
            start: begin.start,
            start_end: offset(begin.length),
            length: offset(end),
            body: offset(block.end),
            from_tag,
            to_tag,
            branch,
            call_id,
            via_parameters: block.via_parameters,
            sequence,
            sequence_method,
            several_vias,
            cut,
            names_itself: false,
        }));
        let is_rare = begin.other.is_some() || other_sequence.is_some() || !wide.is_empty();
        if is_rare || present.has(HeaderName::Identity) {
            let rare = Rare { wide, method: begin.other, sequence_method: other_sequence, ..Rare::default() };
            message.0.rare = Some(Box::new(rare));
        }
        let mut doubts = block.doubts;
        if !begin.is_plain {
            // A usual start line has nothing else.
            doubts.add(Doubts::ASCII);
        }
        let facts = Facts { uri_is_plain: begin.is_plain, doubts, repeated: block.repeated };
        message.look(&facts, odd);
        Some((message, end))
    }

    /// Octets that it takes in memory, without what is read when it is first asked for.
    pub(crate) fn cost(&self) -> usize {
        let rare =
            |rare: &Rare| size_of::<Rare>() + rare.anomalies.capacity() + rare.wide.capacity() * size_of::<Field>();
        size_of::<Parts>() + self.0.held.len() + self.0.rare.as_deref().map_or(0, rare)
    }

    /// Takes note of what is odd, beside what is known to be.
    fn look(&mut self, facts: &Facts, mut odd: Vec<Anomaly>) {
        if !self.0.present.has_all(MANDATORY) {
            odd.push(Anomaly::MandatoryHeaderMissing);
        }
        match (self.0.start, self.0.sequence_method) {
            (_, None) if self.has(HeaderName::CSeq) => odd.push(Anomaly::CSeqInvalid),
            (StartLine::Request { method, .. }, Some(other))
                if method != other || method == Code::OTHER && self.method() != self.cseq().map(|cseq| cseq.method) =>
            {
                odd.push(Anomaly::CSeqMethodMismatch);
            }
            (StartLine::Response { .. }, Some(Code::ACK)) => odd.push(Anomaly::ResponseToAck),
            _ => {}
        }
        super::lint::find(self, facts, &mut odd);
        if !odd.is_empty() {
            odd.sort_unstable();
            odd.dedup();
            self.0.rare.get_or_insert_default().anomalies = odd;
        }
    }

    /// Reads something of each cache line of what lies behind its pointer, so that it is there when it is needed.
    pub(crate) fn touch_places(&self) -> u8 {
        // The first and the last of the parts, as they lie by their size.
        u8::from(self.0.held.is_empty()) ^ u8::from(self.0.cut)
    }

    /// The same for what identifies its dialog and its transaction.
    pub(crate) fn touch_identifiers(&self) -> u8 {
        let Parts { call_id, branch, from_tag, to_tag, .. } = &*self.0;
        let first = |place: &Span| place.of(&self.0.held).first().copied().unwrap_or_default();
        [call_id, branch, from_tag, to_tag].into_iter().fold(0, |sum, place| sum ^ first(place))
    }

    /// The same for its octets, of which the first are those that tell most; in few calls the body is asked for.
    pub(crate) fn touch_octets(&self) -> u8 {
        let words = self.0.held.get(self.0.length as usize..).unwrap_or_default();
        let of = |octets: &[u8]| {
            octets.chunks(CACHE_LINE).take(TOUCHED_LINES).filter_map(<[u8]>::first).fold(0, |sum, octet| sum ^ octet)
        };
        of(self.head()) ^ of(words)
    }

    fn places(&self) -> Places<'_> {
        let words = self.0.held.get(self.0.length as usize..).unwrap_or_default();
        let wide = self.0.rare.as_deref().map_or(&[][..], |rare| &rare.wide);
        Places::kept(self.0.present, words, wide)
    }

    #[inline]
    fn field(&self, name: HeaderName) -> Option<Field> {
        if self.has(name) { self.places().first(name) } else { None }
    }

    /// Whether there is a header field of that name.
    pub fn has(&self, name: HeaderName) -> bool {
        self.0.present.has(name)
    }

    /// The names of all header fields and their values as captured, in order.
    pub(super) fn raw_fields(&self) -> impl Iterator<Item = (HeaderName, &[u8])> {
        self.places().iter().map(|f| (f.name, f.value(self.raw())))
    }

    /// The values of all header fields of that name as captured, in order.
    pub(super) fn raw_values(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.places().named(name).map(|f| f.value(self.raw()))
    }

    /// The first of them.
    pub(crate) fn first_value(&self, name: HeaderName) -> Option<&[u8]> {
        self.field(name).map(|field| field.value(&self.0.held))
    }

    /// Where its parts stand.
    pub(crate) fn anatomy(&self) -> Anatomy {
        let subject = match self.0.start {
            StartLine::Request { uri, .. } => uri.range(),
            StartLine::Response { phrase, .. } => phrase.range(),
        };
        let fields = self.places().iter().map(|f| (f.name, f.name_range(), f.value_range()));
        Anatomy { start_end: self.0.start_end as usize, subject, fields: fields.collect(), body: self.0.body as usize }
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.0.held.get(range).unwrap_or_default()
    }

    /// All octets, from the start line to the end of the body.
    pub fn raw(&self) -> &[u8] {
        self.0.held.get(..self.0.length as usize).unwrap_or_default()
    }

    /// The octets of the start line.
    pub(crate) fn start_line_octets(&self) -> &[u8] {
        self.0.held.get(..self.0.start_end as usize).unwrap_or_default()
    }

    /// The start line as captured (octets that are not UTF-8 replaced).
    pub fn start_line(&self) -> Cow<'_, str> {
        lossy(self.start_line_octets())
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.0.start, StartLine::Request { .. })
    }

    /// The method of a request, or that of a response's CSeq.
    pub fn method(&self) -> Option<&Method> {
        match self.0.start {
            StartLine::Request { method, .. } => {
                method.method().or_else(|| self.0.rare.as_deref().and_then(|rare| rare.method.as_ref()))
            }
            StartLine::Response { .. } => self.cseq().map(|cseq| cseq.method),
        }
    }

    /// Whether it is an ACK.
    pub fn is_ack(&self) -> bool {
        matches!(self.0.start, StartLine::Request { method: Code::ACK, .. })
    }

    /// The octets of the Request-URI.
    pub(super) fn request_uri_bytes(&self) -> Option<&[u8]> {
        match self.0.start {
            StartLine::Request { uri, .. } => Some(uri.of(&self.0.held)),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI as captured; `None` for responses.
    pub fn request_uri_text(&self) -> Option<Cow<'_, str>> {
        self.request_uri_bytes().map(lossy)
    }

    /// The Request-URI; `None` for responses and where it cannot be read.
    pub fn request_uri(&self) -> Option<Uri> {
        let text = self.request_uri_text()?;
        Uri::read(text.trim_start_matches('<').trim_end_matches('>'))
    }

    /// The status of a response.
    pub fn status(&self) -> Option<StatusCode> {
        match self.0.start {
            StartLine::Response { status, .. } => Some(status),
            StartLine::Request { .. } => None,
        }
    }

    /// The reason phrase of a response; may be empty.
    pub fn reason_phrase(&self) -> Option<Cow<'_, str>> {
        match self.0.start {
            StartLine::Response { phrase, .. } => Some(lossy(phrase.of(&self.0.held))),
            StartLine::Request { .. } => None,
        }
    }

    /// The Call-ID as captured.
    pub fn call_id(&self) -> Option<&[u8]> {
        self.0.call_id.found_in(&self.0.held).filter(|value| !value.is_empty())
    }

    /// The CSeq.
    pub fn cseq(&self) -> Option<CSeq<'_>> {
        let method = self.0.sequence_method?.method();
        let method = method.or_else(|| self.0.rare.as_deref()?.sequence_method.as_ref())?;
        Some(CSeq { number: self.0.sequence, method })
    }

    /// The tag of From.
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.0.from_tag.found_in(&self.0.held)
    }

    /// The tag of To.
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.0.to_tag.found_in(&self.0.held)
    }

    /// The branch of the top Via value.
    pub fn branch(&self) -> Option<&[u8]> {
        self.0.branch.found_in(&self.0.held)
    }

    /// The Identity values, which `read` reads when they are first asked for.
    pub(super) fn identities_or(&self, read: impl FnOnce() -> Box<[Arc<Identity>]>) -> &[Arc<Identity>] {
        // Messages with Identity have a place for its values.
        self.0.rare.as_deref().map_or(&[], |rare| rare.identities.get_or_init(read))
    }

    /// Start line and header block.
    pub(super) fn head(&self) -> &[u8] {
        self.0.held.get(..self.0.body as usize).unwrap_or_default()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.raw().get(self.0.body as usize..).unwrap_or_default()
    }

    /// What is odd about the message, in the order of [`Anomaly`], each once.
    pub fn anomalies(&self) -> &[Anomaly] {
        self.0.rare.as_deref().map_or(&[], |rare| &rare.anomalies)
    }

    /// Adds an oddity that its surroundings show.
    pub(crate) fn note(&mut self, anomaly: Anomaly) {
        let known = &mut self.0.rare.get_or_insert_default().anomalies;
        if let Err(at) = known.binary_search(&anomaly) {
            known.insert(at, anomaly);
        }
    }

    /// Whether its sender is named by User-Agent, as [`Self::find_own_software`] found.
    pub(super) fn names_itself(&self) -> bool {
        self.0.names_itself
    }

    /// Looks whether a response with Max-Forwards, which stands in requests alone, names its own sender by User-Agent: it does
    /// where that is another than the request has; where it is the same, the header fields are copied.
    pub(crate) fn find_own_software(&mut self, of_request: Option<&str>) {
        self.0.names_itself = self.header(HeaderName::UserAgent).as_deref() != of_request;
    }

    /// Whether it is a response with header fields of a request.
    pub(crate) fn has_fields_of_request(&self) -> bool {
        !self.is_request() && self.has(HeaderName::MaxForwards)
    }

    /// Whether octets are known to be missing at the end.
    pub fn is_cut(&self) -> bool {
        self.0.cut
    }

    /// The first header field of that name, unfolded.
    pub fn header_bytes(&self, name: HeaderName) -> Option<Cow<'_, [u8]>> {
        self.field(name).map(|f| headers::unfold(f.value(&self.0.held)))
    }

    /// The first header field of that name, unfolded, octets that are not UTF-8 replaced.
    pub fn header(&self, name: HeaderName) -> Option<Cow<'_, str>> {
        self.header_bytes(name).map(text)
    }

    /// Every header field of that name, unfolded.
    pub fn headers(&self, name: HeaderName) -> impl Iterator<Item = Cow<'_, str>> {
        self.raw_values(name).map(unfolded)
    }

    /// The first header field of a name that [`HeaderName`] does not know, such as `X-Call-ID`.
    pub fn other(&self, name: &str) -> Option<Cow<'_, str>> {
        let is_named = |f: &Field| self.slice(f.name_range()).eq_ignore_ascii_case(name.as_bytes());
        let field = self.places().named(HeaderName::Other).find(is_named)?;
        Some(unfolded(field.value(&self.0.held)))
    }

    /// Every header field as name and value, as captured, in order.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.places().iter().map(|f| {
            let name = String::from_utf8_lossy(self.slice(f.name_range()));
            (name, unfolded(f.value(&self.0.held)))
        })
    }

    /// The same of the header fields whose names are wanted.
    pub fn fields_of(&self, wanted: impl Fn(HeaderName) -> bool) -> impl Iterator<Item = NamedField<'_>> {
        self.places().iter().filter(move |f| wanted(f.name)).map(|f| {
            let written = String::from_utf8_lossy(self.slice(f.name_range()));
            (f.name, written, unfolded(f.value(&self.0.held)))
        })
    }

    /// The first header field of that name as captured, from its name on: what evidence quotes. [`unfolded`] makes text of it.
    pub(crate) fn header_line(&self, name: HeaderName) -> Option<&[u8]> {
        let field = self.field(name)?;
        Some(self.slice(field.start as usize..field.value_end as usize))
    }

    /// From, To and the Request-URI, read once; for messages that many ask, as initial requests are.
    pub fn parties(&self) -> &Arc<Parties> {
        let read = || Parties { from: self.from(), to: self.to(), target: self.request_uri() };
        self.0.parties.get_or_init(|| Arc::new(read()))
    }

    /// Whether there may be more than one Via value.
    pub fn has_several_vias(&self) -> bool {
        self.0.several_vias
    }

    /// Whether the topmost Via value is one whose sent-by can be read, as far as that was looked at when the message came.
    pub(crate) fn has_plain_via(&self) -> bool {
        self.0.via_parameters > 0
    }

    /// What stands in front of the parameters of the topmost Via value; `None` where there is more to it than that.
    pub(crate) fn start_of_top_via(&self) -> Option<&[u8]> {
        let field = self.field(HeaderName::Via)?;
        if self.0.via_parameters > 0 {
            return Some(self.slice(field.value_start as usize..self.0.via_parameters as usize));
        }
        let value = field.value(&self.0.held);
        let start = value.get(..memchr::memchr(b';', value)?)?;
        memchr::memchr3(b'"', b',', b'<', start).is_none().then_some(start)
    }
}

/// As `String::from_utf8_lossy`, which takes longer where nothing is wrong.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A header field, or a value, on one line.
pub(crate) fn unfolded(bytes: &[u8]) -> Cow<'_, str> {
    text(headers::unfold(bytes))
}

fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// CSeq as anything can be written: its number, and its method as [`Method::coded`] has it.
fn read_cseq(bytes: &[u8], places: Places<'_>) -> Option<(u32, (Code, Option<Method>))> {
    let value = headers::unfold(places.first(HeaderName::CSeq)?.value(bytes));
    let (value, rest) = number::leading(&value)?;
    let method = rest.trim_ascii();
    let blank = rest.first().is_some_and(u8::is_ascii_whitespace);
    let number = u32::try_from(value).ok()?;
    (blank && !method.is_empty()).then(|| (number, Method::coded(method)))
}

/// The place of a parameter's value in the first value of a header field, outside of quotes and brackets.
fn place_of(bytes: &[u8], places: Places<'_>, name: HeaderName, parameter: &[u8]) -> Span {
    let Some(field) = places.first(name) else { return Span::NONE };
    let Some(place) = parameter::find(field.value(bytes), parameter, name == HeaderName::Via) else {
        return Span::NONE;
    };
    let start = field.value_start as usize;
    Span::new(start + place.start, start + place.end)
}

#[cfg(test)]
mod tests;
