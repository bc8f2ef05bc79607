//! A capture of any length, written as a stream: calls at a steady rate, most of them answered, some redirected with 301, some
//! rejected with 607, with RTP between. Deterministic; memory does not grow with the length.

use std::io::{self, Write};

/// What to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Calls in all.
    pub(crate) calls: u64,
    /// Calls that begin in a second.
    pub(crate) rate: u64,
    /// RTP packets for each call.
    pub(crate) rtp: u64,
}

/// Times of the messages of one call in milliseconds after its first, with sender (true: caller) and text.
type Script = Vec<(u64, bool, String)>;

const CALLER: [u8; 4] = [192, 0, 2, 10];
const CALLEE: [u8; 4] = [198, 51, 100, 30];
/// 2026-03-30 14:00:00 UTC, in milliseconds.
const START: u64 = 1_774_879_200_000;
/// Every how many calls there is a 301, and a 607.
const REDIRECTED: u64 = 9;
const UNWANTED: u64 = 18;

impl Load {
    /// Writes a classic pcap. Returns the number of SIP messages.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
        let mut messages = 0;
        // Frames that are still to come, by time and order of creation: those of the calls that are open.
        let mut pending: std::collections::BTreeMap<(u64, u64), Vec<u8>> = std::collections::BTreeMap::new();
        let mut order = 0;
        for call in 0..self.calls {
            let start = START + call * 1000 / self.rate.max(1);
            let later = pending.split_off(&(start, 0));
            for ((time, _), frame) in std::mem::replace(&mut pending, later) {
                record(out, time, &frame)?;
            }
            for (after, from_caller, text) in script(call) {
                order += 1;
                messages += 1;
                pending.insert((start + after, order), frame(from_caller, 5060, text.as_bytes()));
            }
            for packet in 0..self.rtp {
                order += 1;
                pending.insert((start + 1200 + packet * 20, order), frame(packet % 2 == 0, 20_000, &[0x80; 172]));
            }
        }
        for ((time, _), frame) in pending {
            record(out, time, &frame)?;
        }
        Ok(messages)
    }
}

fn script(call: u64) -> Script {
    if call % UNWANTED == 1 {
        vec![
            (0, true, request("INVITE", call, "i", 1, "")),
            (20, false, response("100 Trying", "INVITE", call, "i", 1, "")),
            (400, false, response("180 Ringing", "INVITE", call, "i", 1, "")),
            (3000, false, response("607 Unwanted", "INVITE", call, "i", 1, "Server: ExampleSBC/9.3\r\n")),
            (3010, true, request("ACK", call, "i", 1, ";tag=b")),
        ]
    } else if call % REDIRECTED == 2 {
        vec![
            (0, true, request("INVITE", call, "i", 1, "")),
            (5, false, response("301 Moved Permanently", "INVITE", call, "i", 1, "Contact: <sip:moved@b.example>\r\n")),
            (8, true, request("ACK", call, "i", 1, ";tag=b")),
        ]
    } else {
        vec![
            (0, true, request("INVITE", call, "i", 1, "")),
            (10, false, response("100 Trying", "INVITE", call, "i", 1, "")),
            (200, false, response("180 Ringing", "INVITE", call, "i", 1, "")),
            (1000, false, response("200 OK", "INVITE", call, "i", 1, "Contact: <sip:bob@198.51.100.30>\r\n")),
            (1010, true, request("ACK", call, "a", 1, ";tag=b")),
            (6000, true, request("BYE", call, "e", 2, ";tag=b")),
            (6010, false, response("200 OK", "BYE", call, "e", 2, "")),
        ]
    }
}

fn request(method: &str, call: u64, branch: &str, cseq: u32, to_tag: &str) -> String {
    let number = 100 + call % 100;
    let body = if method == "INVITE" {
        "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0 8\r\n"
    } else {
        ""
    };
    format!(
        "{method} sip:+1215555{number:04}@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}{call}\r\n\
         Max-Forwards: 70\r\nFrom: \"Alice\" <sip:+12125550101@a.example>;tag=a{call}\r\nTo: <sip:+1215555{number:04}@b.example>{to_tag}\r\n\
         Call-ID: {call}-load@192.0.2.10\r\nCSeq: {cseq} {method}\r\nContact: <sip:alice@192.0.2.10>\r\nUser-Agent: ExamplePBX/4.1\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn response(status: &str, method: &str, call: u64, branch: &str, cseq: u32, more: &str) -> String {
    let number = 100 + call % 100;
    let tag = if status.starts_with("100") { "" } else { ";tag=b" };
    format!(
        "SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}{call}\r\n\
         From: \"Alice\" <sip:+12125550101@a.example>;tag=a{call}\r\nTo: <sip:+1215555{number:04}@b.example>{tag}\r\n\
         Call-ID: {call}-load@192.0.2.10\r\nCSeq: {cseq} {method}\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn frame(from_caller: bool, port: u16, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = if from_caller { (CALLER, CALLEE) } else { (CALLEE, CALLER) };
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
    let length = |more: usize| u16::try_from(payload.len() + more).unwrap_or(u16::MAX).to_be_bytes();
    bytes.extend(length(28));
    bytes.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    bytes.extend(source);
    bytes.extend(destination);
    bytes.extend(port.to_be_bytes());
    bytes.extend(port.to_be_bytes());
    bytes.extend(length(8));
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

fn record(out: &mut dyn Write, milliseconds: u64, frame: &[u8]) -> io::Result<()> {
    let seconds = u32::try_from(milliseconds / 1000).unwrap_or(u32::MAX);
    let micros = u32::try_from(milliseconds % 1000 * 1000).unwrap_or(0);
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    for field in [seconds, micros, length, length] {
        out.write_all(&field.to_le_bytes())?;
    }
    out.write_all(frame)
}
