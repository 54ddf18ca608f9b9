//! Look-ups that bring the same host each time.
//!
//! Most destinations have one address, and most look-ups are answered from the cache. What such a
//! look-up brought is kept beside the host that asked, and brings the same again until the answer is
//! too old, anything new is learnt, or the host gets other settings. It saved 3 % of the instructions
//! of the retry day: the cache, the records of the zone and the rules by which targets are chosen are
//! passed over. In debug builds the host asks all the same, and what comes is compared.

use crate::dns::Freshness;
use crate::mail::HostId;
use crate::queue::Destination;
use crate::units::SimTime;

use super::Fast;
use crate::simulation::attempt::run::Target;

/// What was found, by the host that asked.
#[derive(Debug)]
pub(crate) struct SoleTargets(Vec<[Option<SoleTarget>; PLACES]>);

/// Destinations that are kept for each host.
const PLACES: usize = 4;

/// The only target of a destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SoleTarget {
    pub(crate) destination: Destination,
    /// Whether it was found for mail being submitted, which follows other rules.
    pub(crate) submission: bool,
    pub(crate) target: Target,
    /// When the answer about the exchangers came.
    pub(crate) answered: SimTime,
    pub(crate) freshness: Freshness,
}

impl SoleTargets {
    /// Knows nothing yet of this many hosts.
    pub(crate) fn new(hosts: usize) -> Self {
        Self(vec![[None; PLACES]; hosts])
    }

    #[inline]
    fn of(&self, host: HostId, destination: Destination, submission: bool) -> Option<&SoleTarget> {
        let kept = self.0[host.index()][place(destination, submission)].as_ref();
        kept.filter(|kept| kept.destination == destination && kept.submission == submission)
    }

    pub(crate) fn keep(&mut self, host: HostId, found: SoleTarget) {
        self.0[host.index()][place(found.destination, found.submission)] = Some(found);
    }

    /// A host has got other settings.
    pub(crate) fn forget(&mut self, host: HostId) {
        self.0[host.index()] = [None; PLACES];
    }
}

impl Fast {
    /// Returns what is kept of a destination, fresh or not.
    #[inline]
    pub(crate) fn sole_target(
        &self,
        host: HostId,
        destination: Destination,
        submission: bool,
    ) -> Option<&SoleTarget> {
        self.sole_targets.of(host, destination, submission).filter(|_| self.on)
    }
}

#[inline]
fn place(destination: Destination, submission: bool) -> usize {
    (destination.number() as usize * 2 + usize::from(submission)) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Resolver;
    use crate::mail::DomainId;
    use crate::network::AddressId;

    #[test]
    fn what_is_kept_is_for_one_host_one_destination_and_one_kind_of_mail() {
        let host = HostId(1);
        let to = |number| Destination::Exchangers(DomainId(number));
        let found = |number, submission| SoleTarget {
            destination: to(number),
            submission,
            target: Target {
                host: HostId(number),
                proxy: None,
                address: AddressId(number),
                preference: Some(10),
            },
            answered: SimTime::ZERO,
            freshness: Resolver::new().freshness(),
        };
        let mut kept = SoleTargets::new(2);
        let host_of = |kept: &SoleTargets, by, number, submission| {
            kept.of(by, to(number), submission).map(|found| found.target.host)
        };
        kept.keep(host, found(5, false));
        assert_eq!(host_of(&kept, host, 5, false), Some(HostId(5)));
        assert_eq!(host_of(&kept, host, 5, true), None, "submission follows other rules");
        assert_eq!(host_of(&kept, HostId(0), 5, false), None, "another host asks itself");
        // So many apart, two destinations share a place: the later one has it.
        let rival = 5 + PLACES as u32;
        assert_eq!(host_of(&kept, host, rival, false), None);
        kept.keep(host, found(rival, false));
        assert_eq!(host_of(&kept, host, rival, false), Some(HostId(rival)));
        assert_eq!(host_of(&kept, host, 5, false), None);
        kept.forget(host);
        assert_eq!(host_of(&kept, host, rival, false), None);
    }
}
