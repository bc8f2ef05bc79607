//! What an input is, by its first octets, and what to call it when it is no capture.

use super::buffer::Buffer;
use super::compression::Compression;
use super::pcap::{self, Variant};
use super::pcapng;

/// So many octets are looked at to name what is no capture.
const HEAD: usize = 512;

/// What an input is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pcap(Variant),
    Pcapng,
    Compressed(Compression),
    /// Not a capture; how an error calls it.
    Other(String),
}

/// Looks at the first octets, at no more of them than needed: a live capture has only its header at first.
pub(super) fn detect(buffer: &mut Buffer) -> std::io::Result<Kind> {
    buffer.fill(4)?;
    let magic = buffer.data().first_chunk().copied().unwrap_or_default();
    if let Some(variant) = Variant::of(magic) {
        let whole = buffer.fill(pcap::HEADER)?;
        return Ok(if whole { Kind::Pcap(variant) } else { Kind::Other("a pcap file cut in its header".into()) });
    }
    buffer.fill(12)?;
    if magic == [0x0a, 0x0d, 0x0d, 0x0a] {
        let order = buffer.data().get(8..12).and_then(pcapng::byte_order);
        let damaged = || Kind::Other("a pcapng file whose header is cut or damaged".into());
        return Ok(order.map_or_else(damaged, |_| Kind::Pcapng));
    }
    if let Some(compression) = Compression::of(buffer.data()) {
        return Ok(Kind::Compressed(compression));
    }
    // An input that breaks off with an error is named by what there is.
    let _ = buffer.fill(HEAD);
    let head = buffer.data();
    Ok(Kind::Other(name(head.get(..HEAD).unwrap_or(head))))
}

/// Formats with a magic number at the beginning, as an error calls them.
const MAGICS: &[(&[u8], &str)] = &[
    (b"RTSS", "a Microsoft Network Monitor 1 capture"),
    (b"GMBU", "a Microsoft Network Monitor 2 capture"),
    (b"TRSNIFF data    \x1a", "a Sniffer (DOS) capture"),
    (b"XCP\0", "a Sniffer (Windows) or NetXRay capture"),
    (b"snoop\0\0\0", "a snoop capture (RFC 1761)"),
    (b"\0\0\x02\0\x12\x05\0\x10", "a Tektronix K12 capture"),
    (b"+---------+---------------+----------+", "a Tektronix K12 text export"),
    (b"iptrace ", "an AIX iptrace capture"),
    (b"TR\0d\0", "an HP-UX nettl trace"),
    (b"btsnoop\0", "a Bluetooth btsnoop capture"),
    (b"\x7fver", "an EtherPeek or OmniPeek capture"),
    (b"ObserverPktBuffe", "a Network Instruments Observer capture"),
    (b"\xaa\xaa\xaa\xaa", "an Accellent 5Views capture"),
    (b"\x05VNF", "a Visual Networks capture"),
    (b"\x1c\0\x01\xab", "an Ixia lcap capture"),
    (b"\x1c\0\x01\xac", "an Ixia lcap capture"),
    (b"\xab\x01\0\x1c", "an Ixia lcap capture"),
    (b"\xac\x01\0\x1c", "an Ixia lcap capture"),
    (b"HEP3", "a stream of HEP packets (Homer)"),
    (b"BZh", "a bzip2 file: decompress it first"),
    (b"\x1f\x8b", "a gzip file of an unknown method"),
    (b"\x1f\x9d", "a compress (.Z) file: decompress it first"),
    (b"\x02\x21\x4c\x18", "an lz4 file of the legacy format: decompress it first"),
    (b"\x89LZO", "an lzop file: decompress it first"),
    (b"LZIP", "an lzip file: decompress it first"),
    (b"\x5d\0\0", "an lzma file: decompress it first"),
    (b"\xff\x06\0\0sNaPpY", "a snappy file: decompress it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!\x1a\x07", "a rar archive: unpack it first"),
    (b"MSCF", "a cabinet archive: unpack it first"),
    (b"!<arch>\n", "an ar archive: unpack it first"),
    (b"070701", "a cpio archive: unpack it first"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "an audio or video file (RIFF)"),
    (b"#!AMR", "an AMR audio file"),
    (b".snd", "an audio file (au)"),
    (b"OggS", "an Ogg audio file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "a text file (UTF-16)"),
    (b"\xfe\xff", "a text file (UTF-16)"),
];

/// The name of something that is no capture.
fn name(head: &[u8]) -> String {
    if head.is_empty() {
        return "an empty file".into();
    }
    if head.iter().all(|octet| *octet == 0) {
        return "a file of zeros".into();
    }
    if head.get(257..262) == Some(b"ustar") {
        return "a tar archive: unpack it first".into();
    }
    if let Some((_, name)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*name).into();
    }
    if let Some(name) = text(head) {
        return name.into();
    }
    let octets: Vec<_> = head.iter().take(4).map(|octet| format!("{octet:02x}")).collect();
    format!("data of an unknown format, beginning with {}", octets.join(" "))
}

/// The name of a text, by its first word.
fn text(head: &[u8]) -> Option<&'static str> {
    let printable = |octet: &u8| matches!(octet, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x20..=0x7e | 0x80..);
    // UTF-8 that the end of `head` may cut, or some other extension of ASCII.
    let utf8 = std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
    let ascii = head.iter().filter(|octet| octet.is_ascii()).count() * 2 > head.len();
    if !(head.iter().all(printable) && (utf8 || ascii)) {
        return None;
    }
    let begin = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    Some(match begin {
        [b'{' | b'[', ..] => "a JSON file",
        [b'<', b'?', b'x', b'm', b'l', ..] => "an XML file",
        [b'<', b'!' | b'h', ..] => "an HTML file",
        [b'#', b'!', ..] => "a script",
        [b'0', b'0', b'0', b'0', ..] => "a hex dump: `text2pcap` makes a capture of it",
        _ if is_sip(begin) => "a SIP message as text",
        _ => "a text file",
    })
}

fn is_sip(text: &[u8]) -> bool {
    let line = text.split(|octet| *octet == b'\n').next().unwrap_or_default().trim_ascii_end();
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Kind {
        detect(&mut Buffer::new(Box::new(std::io::Cursor::new(bytes.to_vec())), 16)).unwrap()
    }

    #[test]
    fn what_is_no_capture_is_named() {
        let mut tar = b"dir/file.pcap\0".to_vec();
        tar.resize(257, 0);
        tar.extend(b"ustar\x0000");
        for (bytes, name) in [
            (&b""[..], "an empty file"),
            (&[0; 600], "a file of zeros"),
            (b"GMBU\x01\x02\0\0", "a Microsoft Network Monitor 2 capture"),
            (b"RTSS\0\x01\0\0", "a Microsoft Network Monitor 1 capture"),
            (b"TRSNIFF data    \x1a\0\0", "a Sniffer (DOS) capture"),
            (b"XCP\x00002.001\0", "a Sniffer (Windows) or NetXRay capture"),
            (b"snoop\0\0\0\0\0\0\x02\0\0\0\x04", "a snoop capture (RFC 1761)"),
            (b"\x7fELF\x02\x01\x01", "an ELF program"),
            (b"BZh91AY&SY", "a bzip2 file: decompress it first"),
            (b"PK\x03\x04\x14\0", "a zip archive: unpack it first"),
            (&tar, "a tar archive: unpack it first"),
            (b"  {\"calls\": []}", "a JSON file"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", "an XML file"),
            (b"<html>", "an HTML file"),
            (b"OPTIONS sip:a@example.com SIP/2.0\r\nVia: x", "a SIP message as text"),
            (b"SIP/2.0 200 OK\r\n", "a SIP message as text"),
            (b"0000  45 00 00 1c", "a hex dump: `text2pcap` makes a capture of it"),
            (b"Gr\xc3\xbc\xc3\x9fe an alle", "a text file"),
            ("\u{60a8}\u{597d}".as_bytes(), "a text file"),
            (b"\xe6\x82\xa8\xe5\xa5", "a text file"),
            (b"Gr\xfc\xdfe an alle", "a text file"),
            (b"x", "a text file"),
            (b"\xd4\xc3", "data of an unknown format, beginning with d4 c3"),
            (b"\x01\x02\x03\x04\x05", "data of an unknown format, beginning with 01 02 03 04"),
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "a pcap file cut in its header"),
            (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "a pcapng file whose header is cut or damaged"),
            (b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x0a", "a pcapng file whose header is cut or damaged"),
        ] {
            assert_eq!(kind(bytes), Kind::Other(name.into()), "{bytes:x?}");
        }
    }

    #[test]
    fn captures_and_compressed_data_are_recognised() {
        assert_eq!(kind(b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d"), Kind::Pcapng);
        assert_eq!(kind(&[0x1f, 0x8b, 8, 0]), Kind::Compressed(Compression::Gzip));
        assert_eq!(kind(&[0x28, 0xb5, 0x2f, 0xfd]), Kind::Compressed(Compression::Zstd));
        assert_eq!(kind(&[0x04, 0x22, 0x4d, 0x18]), Kind::Compressed(Compression::Lz4));
        assert_eq!(kind(b"\xfd7zXZ\0"), Kind::Compressed(Compression::Xz));
        for magic in [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"] {
            let mut header = magic.to_vec();
            header.resize(24, 0);
            assert!(matches!(kind(&header), Kind::Pcap(variant) if !variant.modified), "{magic:x?}");
        }
    }
}
