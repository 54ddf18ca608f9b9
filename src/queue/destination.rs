//! Where a recipient's copy goes from a host, and by which of the host's transports.
//!
//! In eight octets, since what waits by the million has one each.

use crate::mail::{DomainId, HostId};

/// One of the transports by which a host's mail leaves; the numbers are the host's own. Only Postfix
/// has more than one (`master.cf`, `transport_maps`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TransportId(pub u8);

impl TransportId {
    /// The transport of all mail for which nothing else is stated.
    pub const DEFAULT: Self = Self(0);
    /// The highest number.
    pub const MOST: u8 = 31;
}

/// Where a recipient's copy goes from a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Into mailboxes of this host.
    Local,
    /// To the exchangers of this domain.
    Exchangers(DomainId),
    /// To this host; its address is looked up.
    Host(HostId),
    /// To this host without any look-up.
    Address(HostId),
    /// To one of these by a transport that is not the default one.
    Via(Via),
}

/// A destination by a transport that is not the default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Via {
    transport: TransportId,
    kind: Kind,
    which: u32,
}

const _: () = assert!(size_of::<Destination>() == 8);

/// A [`Destination`] without transport, domain or host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Local,
    Exchangers,
    Host,
    Address,
}

impl Destination {
    /// Returns the same destination by `transport`. Mailboxes of the host have none.
    #[must_use]
    pub const fn by(self, transport: TransportId) -> Self {
        let (kind, which, _) = self.parts();
        Self::of_parts(kind, which, transport)
    }

    /// Returns the transport.
    #[must_use]
    #[inline]
    pub const fn transport(self) -> TransportId {
        match self {
            Self::Via(via) => via.transport,
            _ => TransportId::DEFAULT,
        }
    }

    /// Returns where it goes, whatever the transport.
    #[must_use]
    #[inline]
    pub const fn next_hop(self) -> Self {
        match self {
            Self::Via(via) => Self::of_parts(via.kind, via.which, TransportId::DEFAULT),
            other => other,
        }
    }

    /// Returns the number of the domain or host, zero for the host's own mailboxes. Destinations of
    /// different kinds share numbers.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u32 {
        self.parts().1
    }

    /// Returns the kind, the number of the domain or host, and the transport.
    #[inline]
    pub(super) const fn parts(self) -> (Kind, u32, TransportId) {
        match self {
            Self::Local => (Kind::Local, 0, TransportId::DEFAULT),
            Self::Exchangers(domain) => (Kind::Exchangers, domain.0, TransportId::DEFAULT),
            Self::Host(host) => (Kind::Host, host.0, TransportId::DEFAULT),
            Self::Address(host) => (Kind::Address, host.0, TransportId::DEFAULT),
            Self::Via(via) => (via.kind, via.which, via.transport),
        }
    }

    /// The inverse of [`Self::parts`].
    #[inline]
    pub(super) const fn of_parts(kind: Kind, which: u32, transport: TransportId) -> Self {
        match kind {
            Kind::Local => Self::Local,
            _ if transport.0 != TransportId::DEFAULT.0 => Self::Via(Via { transport, kind, which }),
            Kind::Exchangers => Self::Exchangers(DomainId(which)),
            Kind::Host => Self::Host(HostId(which)),
            Kind::Address => Self::Address(HostId(which)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_changes_nothing_but_the_way() {
        let slow = TransportId(3);
        for plain in [
            Destination::Exchangers(DomainId(u32::MAX)),
            Destination::Host(HostId(1)),
            Destination::Address(HostId(2)),
        ] {
            let by_it = plain.by(slow);
            assert_ne!(by_it, plain);
            assert_eq!((by_it.transport(), by_it.next_hop()), (slow, plain));
            assert_eq!(plain.transport(), TransportId::DEFAULT);
            assert_eq!(by_it.by(TransportId::DEFAULT), plain);
        }
        assert_eq!(Destination::Local.by(slow), Destination::Local);
    }
}
