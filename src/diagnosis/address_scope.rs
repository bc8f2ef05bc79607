//! Special ranges of IP addresses (RFC 6890 and the registries that it names): who can reach whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The range that an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Reachable from everywhere, as far as the address tells.
    Public,
    /// RFC 1918, or unique local (RFC 4193).
    Private,
    /// Between a provider and its customers (RFC 6598).
    Shared,
    /// The host itself.
    Loopback,
    /// The link.
    LinkLocal,
    /// Not one host.
    Multicast,
    /// No address at all (`0.0.0.0/8`, `::`).
    Unspecified,
    /// 240.0.0.0/4.
    Reserved,
    /// For examples in documents (RFC 5737, RFC 3849).
    Documentation,
}

impl Scope {
    /// Whether a host of the scope `from` may be able to reach an address of this one. Inside private networks routes
    /// between different blocks are common, so private reaches private.
    pub(super) fn is_reachable_from(self, from: Self) -> bool {
        match self {
            Self::Public => true,
            Self::Private | Self::Shared => matches!(from, Self::Private | Self::Shared),
            Self::Loopback | Self::LinkLocal => self == from,
            Self::Multicast | Self::Unspecified | Self::Reserved | Self::Documentation => false,
        }
    }

    /// What it is, for sentences.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Private => "a private address",
            Self::Shared => "an address shared behind a provider's NAT (RFC 6598)",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Multicast => "a multicast address",
            Self::Unspecified => "an address that names no host",
            Self::Reserved => "a reserved address",
            Self::Documentation => "an address reserved for documents",
        }
    }
}

/// The range of an address.
pub(super) fn scope(address: IpAddr) -> Scope {
    match address {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| scope_v6(address), scope_v4),
    }
}

fn scope_v4(address: Ipv4Addr) -> Scope {
    let [a, b, ..] = address.octets();
    match a {
        0 => Scope::Unspecified,
        100 if b & 0xc0 == 64 => Scope::Shared,
        127 => Scope::Loopback,
        224..=239 => Scope::Multicast,
        240..=255 => Scope::Reserved,
        _ if address.is_private() => Scope::Private,
        _ if address.is_link_local() => Scope::LinkLocal,
        _ if address.is_documentation() => Scope::Documentation,
        _ => Scope::Public,
    }
}

fn scope_v6(address: Ipv6Addr) -> Scope {
    let [first, second, ..] = address.segments();
    match first {
        _ if address.is_unspecified() => Scope::Unspecified,
        _ if address.is_loopback() => Scope::Loopback,
        0x2001 if second == 0x0db8 => Scope::Documentation,
        0xfc00..=0xfdff => Scope::Private,
        0xfe80..=0xfebf => Scope::LinkLocal,
        0xff00..=0xffff => Scope::Multicast,
        _ => Scope::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_known() {
        for (address, expected) in [
            ("8.8.8.8", Scope::Public),
            ("10.20.30.40", Scope::Private),
            ("172.15.0.1", Scope::Public),
            ("172.16.0.1", Scope::Private),
            ("192.168.1.1", Scope::Private),
            ("100.63.0.1", Scope::Public),
            ("100.64.0.1", Scope::Shared),
            ("100.127.255.255", Scope::Shared),
            ("127.1.2.3", Scope::Loopback),
            ("0.1.2.3", Scope::Unspecified),
            ("169.254.1.1", Scope::LinkLocal),
            ("239.1.1.1", Scope::Multicast),
            ("255.255.255.255", Scope::Reserved),
            ("192.0.2.1", Scope::Documentation),
            ("2001:db8::1", Scope::Documentation),
            ("2001:db9::1", Scope::Public),
            ("::", Scope::Unspecified),
            ("::1", Scope::Loopback),
            ("fd00::1", Scope::Private),
            ("fe80::1", Scope::LinkLocal),
            ("ff02::1", Scope::Multicast),
            ("::ffff:10.0.0.1", Scope::Private),
        ] {
            assert_eq!(scope(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn private_reaches_private_and_public_does_not() {
        assert!(Scope::Private.is_reachable_from(Scope::Shared));
        assert!(!Scope::Private.is_reachable_from(Scope::Public));
        assert!(!Scope::Private.is_reachable_from(Scope::Documentation));
        assert!(
            !Scope::Documentation.is_reachable_from(Scope::Public) && Scope::Public.is_reachable_from(Scope::Private)
        );
    }
}
