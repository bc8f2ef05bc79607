//! Messages as RFC 3261 shapes them, of the usual sizes.

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Answered,
    Redirected,
    Unwanted,
    Busy,
    Registration,
}

/// A call of a capture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) number: u64,
    pub(super) kind: Kind,
    /// Elements between its ends.
    pub(super) proxies: usize,
}

/// One message, before it is written out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// After the first message.
    pub(super) milliseconds: u64,
    pub(super) from_caller: bool,
    /// A method, or a status with its phrase.
    what: &'static str,
    /// Method and number of CSeq.
    cseq: (&'static str, u64),
    /// Whether the callee's tag is known.
    tagged: bool,
    more: &'static str,
}

const SDP: &str = "v=0\r\no=- 1774879200 1774879200 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 20000 RTP/AVP 8 0 9 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";
const CAPABLE: &str = "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, INFO, REFER, NOTIFY\r\n\
    Supported: 100rel, timer, replaces\r\n";

fn step(
    milliseconds: u64,
    from_caller: bool,
    what: &'static str,
    cseq: (&'static str, u64),
    tagged: bool,
    more: &'static str,
) -> Step {
    Step { milliseconds, from_caller, what, cseq, tagged, more }
}

impl Step {
    /// Whether it is a response before the last.
    pub(super) fn is_provisional(&self) -> bool {
        self.what.starts_with('1')
    }
}

impl Call {
    pub(super) fn steps(&self) -> Vec<Step> {
        let invite = ("INVITE", 1);
        let begin = [
            step(0, true, "INVITE", invite, false, CAPABLE),
            step(10, false, "100 Trying", invite, false, ""),
            step(200, false, "180 Ringing", invite, true, ""),
        ];
        let failed = |milliseconds, what, more| {
            let last = [
                step(milliseconds, false, what, invite, true, more),
                step(milliseconds + 10, true, "ACK", ("ACK", 1), true, ""),
            ];
            begin.into_iter().chain(last).collect()
        };
        match self.kind {
            Kind::Redirected => failed(300, "301 Moved Permanently", "Contact: <sip:moved@b.example>\r\n"),
            Kind::Unwanted => failed(3000, "607 Unwanted", "Server: ExampleSBC/9.3\r\n"),
            Kind::Busy => failed(700, "486 Busy Here", ""),
            Kind::Registration => {
                let register = ("REGISTER", 1);
                let more = "Contact: <sip:alice@192.0.2.10>;expires=3600\r\n";
                vec![step(0, true, "REGISTER", register, false, more), step(20, false, "200 OK", register, true, more)]
            }
            Kind::Answered => {
                let rest = [
                    step(1000, false, "200 OK", invite, true, CAPABLE),
                    step(1010, true, "ACK", ("ACK", 1), true, ""),
                    step(6000, true, "BYE", ("BYE", 2), true, ""),
                    step(6010, false, "200 OK", ("BYE", 2), true, ""),
                ];
                begin.into_iter().chain(rest).collect()
            }
        }
    }

    /// The message as it goes over a hop, counted from the caller.
    pub(super) fn text(&self, step: &Step, hop: usize) -> String {
        let Self { number, .. } = self;
        let Step { what, cseq: (method, count), more, .. } = step;
        let is_response = what.starts_with(|c: char| c.is_ascii_digit());
        let callee = format!("sip:+1215555{:04}@b.example", 100 + number % 100);
        let start = if is_response { format!("SIP/2.0 {what}") } else { format!("{what} {callee} SIP/2.0") };
        // An ACK for a final response other than 2xx belongs to the INVITE.
        let branch = if *method == "ACK" && self.kind != Kind::Answered { "INVITE" } else { method };
        let via = |element| {
            let host = if element == 0 { "192.0.2.10".to_owned() } else { format!("203.0.113.{element}") };
            format!("Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{branch}{number}x{element}\r\n")
        };
        let vias = (0..=hop).rev().map(via).collect::<Vec<_>>().concat();
        let tag = if step.tagged { ";tag=b" } else { "" };
        let has_body = *method == "INVITE" && (*what == "INVITE" || *what == "200 OK");
        let body = if has_body { SDP } else { "" };
        let kind = if has_body { "Content-Type: application/sdp\r\n" } else { "" };
        let contact = if *what == "INVITE" { "Contact: <sip:alice@192.0.2.10:5060>\r\n" } else { "" };
        let answered =
            if *method == "INVITE" && *what == "200 OK" { "Contact: <sip:bob@198.51.100.30>\r\n" } else { "" };
        let forwards = if is_response { String::new() } else { format!("Max-Forwards: {}\r\n", 70 - hop) };
        let agent = if is_response { "" } else { "User-Agent: ExamplePBX/4.1\r\n" };
        let registration = if self.kind == Kind::Registration { "r" } else { "" };
        format!(
            "{start}\r\n{vias}{forwards}From: \"Alice Example\" <sip:+12125550101@a.example>;tag=a{number}\r\n\
             To: <{callee}>{tag}\r\nCall-ID: {registration}{number}-load@192.0.2.10\r\nCSeq: {count} {method}\r\n\
             {contact}{answered}{more}{agent}{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// The same with names that have so many octets: of the caller, the callee and its software; or of the address that a 301 names.
    pub(super) fn long_text(&self, step: &Step, octets: usize) -> String {
        let long = |name: &str| format!("{name}{}{}", self.number, "x".repeat(octets));
        self.text(step, 0)
            .replace("<sip:+12125550101@", &format!("<sip:{}@", long("caller")))
            .replacen("\r\nTo: <sip:", &format!("\r\nTo: <sip:{}", long("callee")), 1)
            .replace("ExamplePBX", &long("ExamplePBX"))
            .replace("<sip:moved@", &format!("<sip:{}@", long("moved")))
    }

    /// One of many requests under the same Call-ID.
    pub(super) fn ping(&self, count: u64) -> String {
        format!(
            "OPTIONS sip:b.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKo{count}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+12125550101@a.example>;tag=a\r\nTo: <sip:b.example>\r\n\
             Call-ID: {}-load@192.0.2.10\r\nCSeq: {count} OPTIONS\r\nContent-Length: 0\r\n\r\n",
            self.number
        )
    }
}
