//! Families of addresses that a client uses, and the one it prefers.

use super::AddressFamily;

/// Which families of addresses a client uses. Addresses of others are passed over as if the DNS had
/// none, and are not asked for (Postfix `inet_protocols`; Exim `disable_ipv6`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressFamilies {
    /// IPv4 and IPv6, whether or not the host has an address of each.
    #[default]
    All,
    /// Those of which the host has an address (`AI_ADDRCONFIG` of `getaddrinfo`).
    Own,
    /// IPv4 alone.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
}

impl AddressFamilies {
    /// Returns whether addresses of `family` are used by a host that has addresses of the families
    /// `own`.
    #[must_use]
    pub fn includes(
        self,
        family: AddressFamily,
        mut own: impl Iterator<Item = AddressFamily>,
    ) -> bool {
        match self {
            Self::All => true,
            Self::Own => own.any(|own| own == family),
            Self::Ipv4 => family == AddressFamily::V4,
            Self::Ipv6 => family == AddressFamily::V6,
        }
    }

    /// Returns of how many families the DNS is asked for addresses by a host that has addresses of the
    /// families `own`.
    #[must_use]
    pub fn asked(self, own: impl Iterator<Item = AddressFamily> + Clone) -> u32 {
        let families = [AddressFamily::V4, AddressFamily::V6];
        families.into_iter().map(|family| u32::from(self.includes(family, own.clone()))).sum()
    }
}

/// Which family is tried first where nothing else tells two addresses apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PreferredFamily {
    /// None: the order of the answer, or chance.
    #[default]
    Any,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl PreferredFamily {
    /// Returns the family, if one is preferred.
    #[must_use]
    pub fn family(self) -> Option<AddressFamily> {
        match self {
            Self::Any => None,
            Self::Ipv4 => Some(AddressFamily::V4),
            Self::Ipv6 => Some(AddressFamily::V6),
        }
    }
}
