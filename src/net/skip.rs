//! Why a frame was not looked into.

use std::fmt;

/// Why a frame holds nothing for sipscan. The kebab-case [`SkipReason::code`] is stable and appears in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// The link type of the interface is none that sipscan reads.
    UnsupportedLinkType,
    /// The frame ends inside the link-layer header or a VLAN tag.
    LinkHeaderCut,
    /// ARP or reverse ARP.
    Arp,
    /// MPLS that carries neither IP nor Ethernet.
    Mpls,
    /// PPP over Ethernet that carries no IP: discovery and link control.
    Pppoe,
    /// Any other protocol than IP: LLDP, spanning tree, LLC, …
    NotIp,
    /// The frame ends inside the IP header or its extension headers.
    IpHeaderCut,
    /// The IP header contradicts itself: unknown version, header length below the minimum, misplaced extensions.
    IpHeaderMalformed,
    /// A fragment that no datagram can hold: it is empty, or ends behind octet 65,535.
    FragmentMalformed,
    /// ICMP or `ICMPv6` that is no error about a UDP datagram: echo, neighbour discovery, …
    Icmp,
    /// IGMP.
    Igmp,
    /// ESP (RFC 4303): the content is encrypted.
    Esp,
    /// GRE that carries something else than IP or Ethernet, or compresses it.
    Gre,
    /// A frame of IEEE 802.11 without data: management and control.
    WlanManagement,
    /// A data frame of IEEE 802.11 that is encrypted.
    WlanEncrypted,
    /// More layers than [`LAYERS`](crate::limits::LAYERS).
    TooManyLayers,
    /// Any other protocol over IP.
    OtherIpProtocol,
    /// The frame ends inside the UDP header.
    UdpHeaderCut,
    /// The frame ends inside the TCP header, or that header says that it is shorter than any.
    TcpHeaderCut,
    /// The frame ends inside the SCTP header.
    SctpHeaderCut,
}

impl SkipReason {
    /// Every reason, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::UnsupportedLinkType,
        Self::LinkHeaderCut,
        Self::Arp,
        Self::Mpls,
        Self::Pppoe,
        Self::NotIp,
        Self::IpHeaderCut,
        Self::IpHeaderMalformed,
        Self::FragmentMalformed,
        Self::Icmp,
        Self::Igmp,
        Self::Esp,
        Self::Gre,
        Self::WlanManagement,
        Self::WlanEncrypted,
        Self::TooManyLayers,
        Self::OtherIpProtocol,
        Self::UdpHeaderCut,
        Self::TcpHeaderCut,
        Self::SctpHeaderCut,
    ];

    /// The stable name, as reports print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnsupportedLinkType => "unsupported-link-type",
            Self::LinkHeaderCut => "link-header-cut",
            Self::Arp => "arp",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::NotIp => "not-ip",
            Self::IpHeaderCut => "ip-header-cut",
            Self::IpHeaderMalformed => "ip-header-malformed",
            Self::FragmentMalformed => "fragment-malformed",
            Self::Icmp => "icmp",
            Self::Igmp => "igmp",
            Self::Esp => "esp",
            Self::Gre => "gre",
            Self::WlanManagement => "wlan-management",
            Self::WlanEncrypted => "wlan-encrypted",
            Self::TooManyLayers => "too-many-layers",
            Self::OtherIpProtocol => "other-ip-protocol",
            Self::UdpHeaderCut => "udp-header-cut",
            Self::TcpHeaderCut => "tcp-header-cut",
            Self::SctpHeaderCut => "sctp-header-cut",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_kebab_case() {
        let codes: BTreeSet<_> = SkipReason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), SkipReason::ALL.len());
        assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-')), "{codes:?}");
    }
}
