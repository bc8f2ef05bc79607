//! Captures without SIP: reports say what there is instead, and what to try.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests read files and fail by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use super::common::root;

/// A file in pcap format; frames are octets with their length on the wire.
fn pcap(link_type: u8, frames: &[(Vec<u8>, usize)]) -> Vec<u8> {
    let mut file = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 4, 0], &[link_type, 0, 0, 0]].concat();
    for (second, (octets, length)) in (0_u32..).zip(frames) {
        let [captured, length] = [octets.len(), *length].map(|n| u32::try_from(n).unwrap().to_le_bytes());
        file.extend([&(1_700_000_000 + second).to_le_bytes()[..], &[0; 4], &captured, &length, octets].concat());
    }
    file
}

/// An IPv4 packet of that protocol from 192.0.2.1 to 198.51.100.2, with that word of flags and offset.
fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let [flags, offset] = fragment.to_be_bytes();
    let header = [0x45, 0, length[0], length[1], 0, 7, flags, offset, 64, protocol, 0, 0];
    [&header[..], &[192, 0, 2, 1, 198, 51, 100, 2], payload].concat()
}

fn udp(ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    let [source, destination] = ports.map(u16::to_be_bytes);
    ipv4(17, 0, &[&source[..], &destination, &length, &[0, 0], payload].concat())
}

fn whole(packet: Vec<u8>) -> (Vec<u8>, usize) {
    let length = packet.len();
    (packet, length)
}

fn rtp(number: u8) -> Vec<u8> {
    udp([40_000, 40_002], &[&[0x80, 0, 0, number, 0, 0, number, 160, 1, 2, 3, 4][..], &[0xd5; 160]].concat())
}

const SYN: [u8; 20] = [0xc3, 0x50, 0x13, 0xc4, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0];

/// The blocks of a pcapng file in little-endian order, by their types.
fn blocks(file: &[u8]) -> Vec<(u32, &[u8])> {
    let (mut rest, mut blocks) = (file, Vec::new());
    while let Some((head, _)) = rest.split_first_chunk::<8>() {
        let [kind, length] = [0, 4].map(|at| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()));
        let (block, behind) = rest.split_at(usize::try_from(length).unwrap());
        blocks.push((kind, block));
        rest = behind;
    }
    blocks
}

const SECRETS: u32 = 10;

/// A capture of SIP over TLS with its secrets, that has these blocks of it in this order.
fn tls(order: impl Fn(u32) -> Option<u8>) -> Vec<u8> {
    of_blocks("flows/tls13", order)
}

fn of_blocks(name: &str, order: impl Fn(u32) -> Option<u8>) -> Vec<u8> {
    let file = fs::read(root().join(format!("tests/data/{name}.pcapng"))).unwrap();
    let mut chosen: Vec<_> =
        blocks(&file).into_iter().filter_map(|(kind, block)| Some((order(kind)?, block))).collect();
    chosen.sort_by_key(|(order, _)| *order);
    chosen.into_iter().flat_map(|(_, block)| block.to_vec()).collect()
}

fn sipscan(path: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipscan"));
    let output = command.arg("--no-config").arg(path).args(arguments).env_remove("COLUMNS").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_there_is_instead_and_what_to_try_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("some.pcap");
    let invite = b"INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\r\n";
    let behind = ipv4(17, 0x00b9, &[b'a'; 200]);
    let long = udp([5060, 5060], invite);
    let none = "There is no SIP in it that can be read.";
    let cases = [
        ("empty", pcap(101, &[]), &["There is no frame in it.", "tcpdump -i any"][..]),
        (
            "media",
            pcap(101, &(0..50).map(|n| whole(rtp(n))).collect::<Vec<_>>()),
            &[none, "What it holds instead: rtp 50.", "media without signalling", "from before the call on"],
        ),
        ("DTLS", pcap(101, &[whole(udp([40_000, 40_002], &DTLS))]), &[none, "dtls 1", "DTLS-SRTP"]),
        ("cut", pcap(101, &[(long[..30].to_vec(), long.len())]), &[none, "tcpdump -s 0"]),
        ("fragments", pcap(101, &[whole(behind)]), &[none, "Fragments are missing", "let fragments through"]),
        ("link type", pcap(195, &[whole(vec![0; 40])]), &[none, "unsupported-link-type 1", "another interface"]),
        ("ESP", pcap(101, &[whole(ipv4(50, 0, &[0x5a; 80]))]), &[none, "esp 1", "IPsec"]),
        ("no data", pcap(101, &[whole(ipv4(6, 0, &SYN))]), &[none, "no-data 1", "Capture both directions."]),
        (
            "keep-alives",
            pcap(101, &[whole(udp([5060, 5060], b"\r\n\r\n"))]),
            &[none, "keep-alive 1", "capture for longer"],
        ),
        (
            "no secrets",
            tls(|kind| (kind != SECRETS).then_some(0)),
            &[
                "No SIP could be read: what there may be of it goes over TLS.",
                "1 TCP connection carries SIP over TLS by all appearance: encrypted, and not read.",
                "server name sip.example.com",
                "SSLKEYLOGFILE",
            ],
        ),
        (
            "obsolete TLS, no secrets",
            of_blocks("tls/tls10-cbc", |kind| (kind != SECRETS).then_some(0)),
            &["No SIP could be read", "TLS 1.0, which must not be used any more (RFC 8996)"],
        ),
        (
            "late secrets",
            tls(|kind| Some(u8::from(kind == SECRETS))),
            &[
                "No SIP could be read",
                "The secrets of 1 connection stand in the capture, but behind its frames",
                "--keylog FILE",
            ],
        ),
    ];
    for (name, file, expected) in cases {
        fs::write(&path, file).unwrap();
        for arguments in [&[][..], &["--threads", "3"], &["--format", "html"]] {
            let report = sipscan(&path, arguments);
            for text in expected {
                let text = if arguments.contains(&"html") { text.replace('\'', "&#39;") } else { (*text).to_owned() };
                assert!(report.contains(&text), "{name} {arguments:?}: {text}\n{report}");
            }
        }
        let summary = sipscan(&path, &["--summary"]);
        let expected =
            if name.ends_with("secrets") { "1 connection with SIP over TLS was not read" } else { expected[0] };
        assert!(summary.contains(expected), "{name}: {summary}");
    }
    fs::write(&path, tls(|_| Some(0))).unwrap();
    let report = sipscan(&path, &[]);
    assert!(report.contains("3 calls") && !report.contains("behind its frames"), "{report}");
}

/// A `ClientHello` of DTLS 1.2, as far as its header.
const DTLS: [u8; 40] = {
    let mut octets = [0; 40];
    (octets[0], octets[1], octets[2], octets[12], octets[13], octets[16]) = (22, 0xfe, 0xfd, 27, 1, 15);
    octets
};
