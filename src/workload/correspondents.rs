//! Who writes to whom.

use crate::mail::{DomainId, Mailbox};

/// A mailbox, or a draw from many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correspondents {
    /// Always this mailbox.
    One(Mailbox),
    /// One of the first `count` mailboxes of a domain, each as likely.
    Population {
        /// The domain.
        domain: DomainId,
        /// Mailboxes `0..count` take part.
        count: u32,
    },
    /// One of the first `count` mailboxes of each of several domains of one size, each as likely.
    Domains {
        /// The first domain; the others follow it.
        first: DomainId,
        /// How many domains.
        domains: u32,
        /// Mailboxes `0..count` of each take part.
        count: u32,
    },
    /// One of these, each as likely.
    AnyOf(Vec<Mailbox>),
    /// One of several draws, by weight; at least one.
    Weighted(Vec<Share>),
}

/// One of several draws, with its part of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The greatest word of 64 bits that leads here; the shares before it have the smaller ones.
    pub upto: u64,
    /// Who is drawn then.
    pub correspondents: Correspondents,
}

impl Share {
    /// Returns draws with these weights, which are finite, not negative, and not all zero.
    #[must_use]
    pub fn all(weighted: Vec<(f64, Correspondents)>) -> Vec<Self> {
        let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let last = weighted.iter().rposition(|(weight, _)| *weight > 0.0);
        let mut before = 0.0;
        let mut shares = Vec::with_capacity(weighted.len());
        for (place, (weight, correspondents)) in weighted.into_iter().enumerate() {
            before += weight;
            if weight > 0.0 {
                // A conversion to an integer saturates, and the last takes what rounding leaves.
                let upto = (before / total * WORDS) as u64;
                let upto = if Some(place) == last { u64::MAX } else { upto };
                shares.push(Self { upto, correspondents });
            }
        }
        shares
    }
}

/// How many words of 64 bits there are.
const WORDS: f64 = 18_446_744_073_709_551_616.0;

/// The recipients of each message: one is drawn from every element; a mailbox drawn twice counts
/// once.
pub type RecipientChoice = Vec<Correspondents>;

impl Correspondents {
    /// Returns whether this mailbox may be drawn.
    #[must_use]
    pub fn may_be(&self, mailbox: Mailbox) -> bool {
        match self {
            Self::One(one) => *one == mailbox,
            Self::Population { domain, count } => {
                mailbox.domain == *domain && mailbox.local < *count
            }
            Self::Domains { first, domains, count } => {
                let within = (first.0..first.0 + domains).contains(&mailbox.domain.0);
                within && mailbox.local < *count
            }
            Self::AnyOf(mailboxes) => mailboxes.contains(&mailbox),
            Self::Weighted(shares) => {
                shares.iter().any(|share| share.correspondents.may_be(mailbox))
            }
        }
    }

    /// Returns the domains from which somebody may be drawn, the first as written first; one may come
    /// twice.
    #[must_use]
    pub fn domains(&self) -> Vec<DomainId> {
        match self {
            Self::One(mailbox) => vec![mailbox.domain],
            Self::Population { domain, .. } => vec![*domain],
            Self::Domains { first, domains, .. } => {
                (first.0..first.0 + domains).map(DomainId).collect()
            }
            Self::AnyOf(mailboxes) => mailboxes.iter().map(|mailbox| mailbox.domain).collect(),
            Self::Weighted(shares) => {
                shares.iter().flat_map(|share| share.correspondents.domains()).collect()
            }
        }
    }

    /// Returns whether there is somebody to draw.
    #[must_use]
    pub fn has_somebody(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Population { count, .. } => *count > 0,
            Self::Domains { domains, count, .. } => *domains > 0 && *count > 0,
            Self::AnyOf(mailboxes) => !mailboxes.is_empty(),
            Self::Weighted(shares) => {
                !shares.is_empty() && shares.iter().all(|share| share.correspondents.has_somebody())
            }
        }
    }

    /// Draws a mailbox; `word` gives the next random word. A weighted draw takes two words, any other one.
    pub fn draw(&self, word: &mut impl FnMut() -> u64) -> Mailbox {
        let mut below = |count: u64| {
            let product = u128::from(word()) * u128::from(count);
            (product >> 64) as u64
        };
        match self {
            Self::One(mailbox) => *mailbox,
            Self::Population { domain, count } => {
                Mailbox { domain: *domain, local: below(u64::from(*count)) as u32 }
            }
            Self::Domains { first, domains, count } => {
                let count = u64::from(*count);
                let place = below(u64::from(*domains) * count);
                let domain = DomainId(first.0 + (place / count) as u32);
                Mailbox { domain, local: (place % count) as u32 }
            }
            Self::AnyOf(mailboxes) => mailboxes[below(mailboxes.len() as u64) as usize],
            Self::Weighted(shares) => {
                let drawn = word();
                let at = shares.partition_point(|share| share.upto < drawn);
                shares[at.min(shares.len() - 1)].correspondents.draw(word)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words spread evenly over all that there are.
    fn even(count: u64) -> impl Iterator<Item = u64> {
        (0..count).map(move |place| (u64::MAX / count) * place + u64::MAX / count / 2)
    }

    #[test]
    fn every_mailbox_of_every_domain_is_as_likely() {
        let all = Correspondents::Domains { first: DomainId(7), domains: 3, count: 4 };
        let mut drawn = std::collections::BTreeMap::new();
        for word in even(1200) {
            *drawn.entry(all.draw(&mut || word)).or_insert(0) += 1;
        }
        assert_eq!(drawn.len(), 12);
        assert!(drawn.values().all(|count| *count == 100), "{drawn:?}");
        assert!(drawn.keys().all(|mailbox| all.may_be(*mailbox)));
        assert_eq!(all.domains(), [7, 8, 9].map(DomainId));
    }

    #[test]
    fn weights_decide_how_often_a_domain_is_drawn_and_zero_is_never() {
        let of = |domain| Correspondents::Population { domain: DomainId(domain), count: 1 };
        let shares =
            Share::all(vec![(0.0, of(0)), (3.0, of(1)), (0.0, of(2)), (1.0, of(3)), (0.0, of(4))]);
        let all = Correspondents::Weighted(shares);
        let mut drawn = [0; 5];
        for word in even(1000).chain([0, u64::MAX]) {
            drawn[all.draw(&mut || word).domain.index()] += 1;
        }
        assert_eq!(drawn, [0, 751, 0, 251, 0]);
    }
}
