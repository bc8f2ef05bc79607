//! Every counter of a capture, for `--verbose`: what each frame, connection and datagram was taken for.

use super::page::Page;
use super::page::Tone;
use crate::lang::{Text, grouped};
use crate::report::CaptureFacts;
use crate::wrap::pad;

/// Cells of a label.
const LABEL: usize = 56;

/// The section.
pub(super) fn write(page: &mut Page, facts: &CaptureFacts) {
    page.heading("All counters", Text::new("the names are those of JSON"));
    let frames = [
        (Text::new("frames"), facts.frames),
        (Text::new("octets captured"), facts.octets),
        (Text::new("frames with a UDP datagram"), facts.udp_frames),
        (Text::new("frames with a TCP segment"), facts.tcp_frames),
        (Text::new("frames with an SCTP packet"), facts.sctp_frames),
        (Text::new("frames with an IP fragment"), facts.fragments),
        (Text::new("frames with an ICMP error"), facts.icmp_errors),
        (Text::new("UDP datagrams with SIP, reassembled ones included"), facts.sip_datagrams),
        (Text::new("datagrams and segments captured twice"), facts.duplicates),
        (Text::new("packets lost while capturing"), facts.dropped),
    ];
    for (label, n) in frames {
        row(page, &page.say(label), n);
    }
    let named = [
        (Text::new("frame skipped: {name}"), facts.skipped.iter().map(|(k, n)| (k.code().to_owned(), *n)).collect()),
        (Text::new("datagram: {name}"), facts.other_payloads.iter().map(|(k, n)| (k.code().to_owned(), *n)).collect()),
        (Text::new("TCP connection: {name}"), facts.streams.iter().map(|(k, n)| (k.code().to_owned(), *n)).collect()),
        (
            Text::new("SCTP message: {name}"),
            facts.sctp_messages.iter().map(|(k, n)| (k.code().to_owned(), *n)).collect(),
        ),
        (Text::new("frames as {name}"), facts.layers.iter().map(|(way, n)| (way.to_string(), *n)).collect()),
        (
            Text::new("copies of capture agent {name}"),
            facts.capture_agents.iter().map(|(id, n)| (id.to_string(), *n)).collect::<Vec<_>>(),
        ),
        (Text::new("oddity: {name}"), facts.anomalies.iter().map(|(k, n)| (k.code().to_owned(), *n)).collect()),
    ];
    for (template, rows) in named {
        for (name, n) in rows {
            row(page, &page.say(template.clone().with("name", name)), n);
        }
    }
    if facts.other_layers > 0 {
        row(page, &page.say(Text::new("frames in further layers")), facts.other_layers);
    }
}

fn row(page: &mut Page, label: &str, n: u64) {
    page.line(2, &[(Tone::Plain, &pad(label, LABEL)), (Tone::Plain, &format!("{:>13}", grouped(n)))]);
}
