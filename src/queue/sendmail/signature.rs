//! Where mail for a destination goes, as a process knows it: `hostsignature` in `deliver.c`.
//!
//! A signature is the list of a domain's exchangers in one string, `mx1.:mx2.,mx3.`: a colon before
//! a worse preference, a comma before an equal one. A process looks a domain up once and keeps its
//! signature for as long as the records may be kept. The list of recipients is sorted by it
//! (`sortbysignature` in `recipient.c`), and recipients whose signatures are alike go in one
//! transaction (`coloncmp`). A domain that cannot be looked up has its own name as signature, with
//! the failure beside it, and is not looked up again by this process.

use crate::queue::{Addresses, Candidate, Destination, Resolved};
use crate::smtp::Failure;
use crate::units::{SimDuration, SimTime};

/// `SM_DEFAULT_TTL`: how long a signature counts at most, and where the look-up failed.
const LONGEST: SimDuration = SimDuration::from_hours(1);

/// What follows a name, in the order of the characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Then {
    End,
    /// A comma: the next is of the same preference.
    Equal,
    /// A colon: the next is worse.
    Worse,
}

/// How much of two signatures is alike (`coloncmp`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    None,
    /// The hosts of the best preference.
    First,
    Full,
}

/// A destination's signature.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signature {
    /// Names by their places in alphabetical order, each with what follows it.
    text: Vec<(u32, Then)>,
    /// The addresses in order of preference.
    pub(super) candidates: Vec<Candidate>,
    /// Why there are none.
    pub(super) failure: Option<Failure>,
    /// Whether a delivery has failed for it.
    pub(super) told: bool,
    /// The last second in which it counts.
    expires: u64,
}

impl Signature {
    /// Makes the signature out of the answer, which has come now, to a look-up that began at `asked`:
    /// it counts from then on, and for what is done next in any case.
    pub(super) fn new(
        asked: SimTime,
        now: SimTime,
        answer: &Resolved<'_>,
        names: &dyn Addresses,
    ) -> Self {
        let (candidates, failure) = match answer.found {
            Ok(candidates) => (candidates.to_vec(), None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        // Where the name server is silent, a fallback stands alone in the signature (`getmxrr`).
        let unknown = matches!(answer.destination, Destination::Exchangers(_))
            && candidates.iter().all(|candidate| candidate.preference.is_none());
        let lasts = if unknown { LONGEST } else { answer.ttl.min(LONGEST) };
        let text = if failure.is_some() {
            vec![(place(answer.destination, names), Then::End)]
        } else {
            text(&candidates, names)
        };
        let expires = (asked.as_secs() + lasts.as_secs()).max(now.as_secs());
        Self { text, candidates, failure, told: false, expires }
    }

    /// Returns whether it still counts: a second longer than the records may be kept, since the
    /// clock is read in whole seconds.
    pub(super) fn is_fresh(&self, now: SimTime) -> bool {
        now.as_secs() <= self.expires
    }

    /// Returns how much of it is as in `first`.
    pub(super) fn likeness(&self, first: &Self) -> Likeness {
        if self.text == first.text {
            return Likeness::Full;
        }
        let best = |of: &Self| {
            let length = of.text.iter().take_while(|(_, then)| *then == Then::Equal).count() + 1;
            of.text.iter().take(length).map(|(name, _)| *name).collect::<Vec<u32>>()
        };
        if best(self) == best(first) { Likeness::First } else { Likeness::None }
    }

    /// Compares as the strings would.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

/// Returns the place of a destination's own name in alphabetical order. Sendmail sorts recipients
/// by it before the first try (`sorthost` in `recipient.c`), when it has looked nothing up.
pub(super) fn place(destination: Destination, names: &dyn Addresses) -> u32 {
    match destination {
        Destination::Exchangers(domain) => names.place_of_domain(domain),
        Destination::Host(host) => names.place_of_host(host),
        // A bracket comes before all letters; what is local has no host. Sendmail has no transports.
        Destination::Address(_) | Destination::Local | Destination::Via(_) => 0,
    }
}

/// Spells the exchangers. Those of equal preference stand in an order that a process draws once for
/// all domains (`mxrand` in `domain.c`): here, in that of their names.
fn text(candidates: &[Candidate], names: &dyn Addresses) -> Vec<(u32, Then)> {
    let mut text: Vec<(u32, Then)> = Vec::new();
    let equal = |a: &Candidate, b: &Candidate| {
        a.preference.is_some() && a.preference == b.preference || a.host == b.host
    };
    for group in candidates.chunk_by(equal) {
        let mut places: Vec<u32> =
            group.iter().map(|candidate| names.place_of_host(candidate.host)).collect();
        places.sort_unstable();
        places.dedup();
        text.extend(places.into_iter().map(|name| (name, Then::Equal)));
        text.last_mut().expect("a group has members").1 = Then::Worse;
    }
    if let Some(last) = text.last_mut() {
        last.1 = Then::End;
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::mail::{AttemptOutcome, DomainId, HostId, Mailbox, RecipientId, Stage, Status};
    use crate::network::AddressId;

    /// Names in the order of their numbers.
    #[derive(Debug)]
    struct ByNumber;

    impl Addresses for ByNumber {
        fn address_of(&self, _: RecipientId) -> Mailbox {
            Mailbox::default()
        }

        fn place_of_domain(&self, domain: DomainId) -> u32 {
            100 + domain.0
        }

        fn place_of_host(&self, host: HostId) -> u32 {
            host.0
        }
    }

    fn of(hosts: &[(u32, u16)]) -> Signature {
        let candidates: Vec<Candidate> = hosts
            .iter()
            .map(|&(host, preference)| Candidate {
                address: AddressId(host),
                host: HostId(host),
                preference: Some(preference),
            })
            .collect();
        let answer = Resolved {
            destination: Destination::Exchangers(DomainId(0)),
            asker: 0,
            found: Ok(&candidates),
            ttl: SimDuration::from_secs(1),
        };
        Signature::new(SimTime::from_secs(10), SimTime::from_secs(10), &answer, &ByNumber)
    }

    #[test]
    fn likeness_is_that_of_the_first_preference_or_of_all() {
        let first = of(&[(1, 10), (2, 20)]);
        assert_eq!(of(&[(1, 5), (2, 30)]).likeness(&first), Likeness::Full);
        assert_eq!(of(&[(1, 10)]).likeness(&first), Likeness::First);
        assert_eq!(of(&[(1, 10), (3, 20)]).likeness(&first), Likeness::First);
        // Equal preferences are one group, whatever the order of the answer.
        assert_eq!(of(&[(1, 10), (2, 10)]).likeness(&first), Likeness::None);
        let both = of(&[(1, 10), (2, 10), (3, 20)]);
        assert_eq!(of(&[(2, 7), (1, 7)]).likeness(&both), Likeness::First);
        assert_eq!(of(&[(2, 10), (1, 20)]).likeness(&first), Likeness::None);
    }

    #[test]
    fn signatures_are_ordered_as_strings() {
        let sorted = [
            of(&[(1, 10)]),
            of(&[(1, 10), (2, 10)]),
            of(&[(1, 10), (2, 20)]),
            of(&[(1, 10), (3, 20)]),
            of(&[(2, 10)]),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(pair[0].order(&pair[1]), std::cmp::Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn a_signature_counts_to_the_end_of_a_second_and_a_failure_for_an_hour() {
        let found = of(&[(1, 10)]);
        assert!(found.is_fresh(SimTime::from_secs(11) + SimDuration::from_millis(999)));
        assert!(!found.is_fresh(SimTime::from_secs(12)));
        let status = Status::DIRECTORY_FAILURE;
        let (at, stage, outcome) = (SimTime::ZERO, Stage::Dns, AttemptOutcome::Tempfail);
        let failure = Failure { at, stage, outcome, reply: None, status };
        let destination = Destination::Exchangers(DomainId(1));
        let ttl = SimDuration::from_secs(1);
        let answer = Resolved { destination, asker: 0, found: Err(failure), ttl };
        let failed =
            Signature::new(SimTime::from_secs(10), SimTime::from_secs(10), &answer, &ByNumber);
        assert!(failed.is_fresh(SimTime::from_secs(3610)));
        assert!(!failed.is_fresh(SimTime::from_secs(3611)));
    }
}
