//! A reverse path as the arenas keep it.

use super::{DomainId, Mailbox};

/// A reverse path in 8 octets, where an `Option<Mailbox>` takes 12: there is one for each message
/// that waits somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversePath(Mailbox);

impl ReversePath {
    /// The null path (RFC 5321 §4.5.5). No table of domains has so many rows.
    pub const NULL: Self = Self(Mailbox { domain: DomainId(u32::MAX), local: 0 });

    /// Returns the mailbox that it names; none: it is null.
    #[must_use]
    pub fn mailbox(self) -> Option<Mailbox> {
        (self != Self::NULL).then_some(self.0)
    }
}

impl From<Option<Mailbox>> for ReversePath {
    fn from(mailbox: Option<Mailbox>) -> Self {
        mailbox.map_or(Self::NULL, Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_what_it_was_made_of() {
        let mailbox = Mailbox { domain: DomainId(3), local: u32::MAX };
        for path in [None, Some(mailbox), Some(Mailbox::default())] {
            assert_eq!(ReversePath::from(path).mailbox(), path);
        }
        assert_eq!(size_of::<ReversePath>(), 8);
    }
}
