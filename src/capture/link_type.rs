//! Names of link types, for reports.

/// Names of the LINKTYPE registry that captures of calls have, and some that a user should be told by name.
const NAMES: &[(u16, &str)] = &[
    (0, "NULL/Loopback"),
    (1, "Ethernet"),
    (6, "Token Ring"),
    (7, "ARCNET"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (12, "Raw IP"),
    (14, "Raw IP"),
    (50, "PPP in HDLC framing"),
    (51, "PPPoE"),
    (100, "LLC/SNAP ATM"),
    (101, "Raw IP"),
    (104, "Cisco HDLC"),
    (105, "IEEE 802.11"),
    (107, "Frame Relay"),
    (108, "OpenBSD Loopback"),
    (109, "OpenBSD enc"),
    (113, "Linux cooked v1"),
    (117, "OpenBSD pflog"),
    (119, "IEEE 802.11 Prism"),
    (122, "IP over Fibre Channel"),
    (127, "IEEE 802.11 radiotap"),
    (138, "Apple IP over IEEE 1394"),
    (139, "MTP2 with pseudo-header"),
    (140, "MTP2"),
    (141, "MTP3"),
    (142, "SCCP"),
    (143, "DOCSIS"),
    (163, "IEEE 802.11 AVS"),
    (166, "PPP with direction"),
    (187, "Bluetooth HCI H4"),
    (189, "USB (Linux)"),
    (192, "PPI"),
    (195, "IEEE 802.15.4"),
    (197, "Endace ERF"),
    (204, "PPP with direction"),
    (220, "USB (Linux, padded)"),
    (226, "Solaris IPNET"),
    (227, "SocketCAN"),
    (228, "Raw IPv4"),
    (229, "Raw IPv6"),
    (239, "Netfilter log"),
    (243, "MPEG transport stream"),
    (248, "SCTP"),
    (249, "USBPcap"),
    (252, "Wireshark exported PDUs"),
    (253, "Linux netlink"),
    (258, "Apple PKTAP"),
    (274, "Ethernet with MPACKET preamble"),
    (276, "Linux cooked v2"),
];

/// The name of a link type for people, such as `Ethernet`; `link type 999` for those it does not know. 147 to 162 are for
/// private use, and say nothing.
pub fn link_type_name(number: u16) -> String {
    let known = NAMES.binary_search_by_key(&number, |(number, _)| *number).ok().and_then(|at| NAMES.get(at));
    known.map_or_else(|| format!("link type {number}"), |(_, name)| (*name).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_type_is_named() {
        assert!(NAMES.is_sorted_by_key(|(number, _)| *number));
        assert_eq!(link_type_name(1), "Ethernet");
        assert_eq!(link_type_name(276), "Linux cooked v2");
        assert_eq!(link_type_name(147), "link type 147");
    }
}
