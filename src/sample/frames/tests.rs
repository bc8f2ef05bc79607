use super::super::Flow;
use crate::provenance::FrameNumber;

const PREAMBLE: &str = "host a 192.0.2.10\nhost b 198.51.100.30\nhost c [2001:db8::1]\nhost d [2001:db8::2]:5070\n\n";

fn flow(text: &str) -> Flow {
    Flow::parse(&format!("{PREAMBLE}{text}")).unwrap()
}

#[test]
fn an_ethernet_frame_with_its_checksums() {
    let frame = flow("0 a > b\nhex 0d 0a\n").frames().remove(0);
    assert_eq!(frame.original_length, 44);
    assert_eq!(frame.bytes[..14], [2, 0, 198, 51, 100, 30, 2, 0, 192, 0, 2, 10, 8, 0]);
    let (ip, udp) = frame.bytes[14..].split_at(20);
    assert_eq!(super::checksum::internet(&[ip]), 0);
    assert_eq!(udp[..6], [0x13, 0xc4, 0x13, 0xc4, 0, 10]);
    assert_eq!(super::checksum::internet(&[&ip[12..20], &[0, 17, 0, 10], udp]), 0);
}

#[test]
fn link_types() {
    for (link, length, start) in [
        ("ethernet", 44, &[2, 0, 198][..]),
        ("sll", 46, &[0, 0, 0, 1, 0, 6, 2, 0, 192]),
        ("sll2", 50, &[8, 0, 0, 0, 0, 0, 0, 2]),
        ("raw", 30, &[0x45, 0]),
        ("null", 34, &[2, 0, 0, 0, 0x45]),
    ] {
        let frame = flow(&format!("link {link}\n\n0 a > b\nhex 0d 0a\n")).frames().remove(0);
        assert_eq!(frame.bytes.len(), length, "{link}");
        assert!(frame.bytes.starts_with(start), "{link}: {:x?}", frame.bytes);
    }
}

#[test]
fn vlan_tags_and_cuts() {
    let frame = flow("0 a > b vlan=7,42 cut=60\ntext 0123456789012345\n").frames().remove(0);
    assert_eq!(frame.bytes[12..22], [0x88, 0xa8, 0, 7, 0x81, 0, 0, 42, 8, 0]);
    assert_eq!((frame.bytes.len(), frame.original_length), (60, 66));
    let datagram = flow("0 a > b vlan=7,42 cut=60\ntext 0123456789012345\n").datagrams().remove(0);
    assert_eq!((datagram.payload.as_slice(), datagram.wire_length), (&b"0123456789"[..], 16));
    assert!(Flow::parse(&format!("{PREAMBLE}link raw\n\n0 a > b vlan=7\nhex 00\n")).is_err());
}

#[test]
fn fragments_share_one_identification() {
    let text = "0 a > b fragment=20\ntext 0123456789012345678901234567\n";
    let frames = flow(text).frames();
    let parts: Vec<_> = frames.iter().map(|frame| (frame.bytes.len() - 34, &frame.bytes[20..22])).collect();
    assert_eq!(parts, [(16, &[0x20, 0][..]), (16, &[0x20, 2]), (4, &[0, 4])]);
    assert!(frames.iter().all(|frame| frame.bytes[18..20] == frames[0].bytes[18..20]));
    let datagram = flow(text).datagrams().remove(0);
    assert_eq!(datagram.payload, b"0123456789012345678901234567");
    assert_eq!(datagram.other_frames, [FrameNumber(1), FrameNumber(2)]);
    let lossy = flow("0 a > b fragment=20 lose-fragment=2\ntext 0123456789012345678901234567\n");
    assert_eq!((lossy.frames().len(), lossy.datagrams().len()), (2, 0));
}

#[test]
fn ipv6_fragments_have_their_header() {
    let frames = flow("0 c > d fragment=16\ntext 0123456789\n").frames();
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].bytes[20], super::FRAGMENT_HEADER);
    assert_eq!(frames[0].bytes[54..58], [17, 0, 0, 1]);
    assert_eq!(frames[1].bytes[54..58], [17, 0, 0, 16]);
}

#[test]
fn retransmissions_get_a_new_identification_and_duplicates_lose_a_hop() {
    let datagrams = flow("0 a > b repeat=0.5,1.5 dup=0.0002\nhex 00\n\n0.4 a > b\nhex 01\n").datagrams();
    let seen: Vec<_> = datagrams
        .iter()
        .map(|datagram| ((datagram.time.0 / 100_000) % 100_000, datagram.ip_id.unwrap() - 2570, datagram.ttl))
        .collect();
    assert_eq!(
        seen,
        [(0, 1, 64), (2, 1, 63), (4000, 2, 64), (5000, 3, 64), (5002, 3, 63), (15000, 4, 64), (15002, 4, 63)]
    );
}

#[test]
fn steps_of_one_datagram_are_joined() {
    let datagrams = flow("0 a > b\ntext A\n\n0 a > b same-datagram\ntext B\n").datagrams();
    assert_eq!(datagrams.len(), 1);
    assert_eq!(datagrams[0].payload, b"AB");
    assert!(Flow::parse(&format!("{PREAMBLE}0 a > b same-datagram\ntext B\n")).is_err());
}

#[test]
fn icmp_errors_quote_the_datagram() {
    let text = "0 a > b\ntext hello\n\n0.1 203.0.113.1 > a icmp=host-unreachable quote=1\n\n\
                0.2 c > d\ntext hello\n\n0.3 2001:db8::9 > c icmp=port-unreachable quote=3\n";
    let frames = flow(text).frames();
    let v4 = &frames[1].bytes[34..];
    assert_eq!((v4[0], v4[1]), (3, 1));
    assert_eq!(v4[8..], frames[0].bytes[14..]);
    assert_eq!(super::checksum::internet(&[v4]), 0);
    let v6 = &frames[3].bytes[54..];
    assert_eq!((v6[0], v6[1]), (1, 4));
    assert_eq!(v6[8..], frames[2].bytes[14..]);
    assert_eq!(flow(text).datagrams().len(), 2);
    for wrong in ["quote=2", "quote=3"] {
        let text = text.replacen("quote=1", wrong, 1);
        assert_eq!(Flow::parse(&format!("{PREAMBLE}{text}")).unwrap_err().line, 9, "{wrong}");
    }
}

#[test]
fn a_datagram_has_a_longest_length() {
    let text = format!("{PREAMBLE}0 a > b\ntext {}\n", "x".repeat(65_508));
    assert!(Flow::parse(&text).unwrap_err().what.contains("65507"));
}

#[test]
fn file_formats() {
    for (format, magic, length) in [
        ("pcap", [0xd4, 0xc3, 0xb2, 0xa1], 24 + 16 + 43),
        ("pcap-ns", [0x4d, 0x3c, 0xb2, 0xa1], 24 + 16 + 43),
        ("pcapng", [0x0a, 0x0d, 0x0d, 0x0a], 28 + 32 + 32 + 44),
    ] {
        let bytes = flow(&format!("format {format}\n\n0 a > b\nhex 00\n")).to_pcap();
        assert_eq!(bytes[..4], magic, "{format}");
        assert_eq!(bytes.len(), length, "{format}");
    }
    let fraction = |format: &str| {
        let bytes = flow(&format!("format {format}\n\n0.123456789 a > b\nhex 00\n")).to_pcap();
        u32::from_le_bytes(bytes[28..32].try_into().unwrap())
    };
    assert_eq!((fraction("pcap"), fraction("pcap-ns")), (123_456, 123_456_789));
}
