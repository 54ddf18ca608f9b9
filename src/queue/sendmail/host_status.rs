//! What a process knows of hosts that failed: `mci.c`.
//!
//! Every exchanger has a record (`MCI`) with the status of the last try. While it says that the
//! host failed, `deliver` passes the host over without connecting, and a message all of whose
//! exchangers are passed over shares the status of the last of them. The record is a process's own
//! and so ends with a queue run; it is ignored after `Timeout.hoststatus`. Refusals of single
//! messages are not recorded (`EX_NOTSTICKY` in `usersmtp.c`).

use std::collections::BTreeMap;

use crate::mail::{AttemptOutcome, DomainId, HostId, Stage, Status};
use crate::network::AddressId;
use crate::smtp::Failure;
use crate::units::{SimDuration, SimTime};

use super::super::Candidate;

/// A failure and when it was seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: SimTime,
    status: Status,
}

impl Seen {
    /// Returns the status if it still counts (`mci_get`).
    fn fresh(&self, now: SimTime, lasts: SimDuration) -> Option<Status> {
        (now < self.at.saturating_add(lasts)).then_some(self.status)
    }
}

/// The records of one process, or of all if there is a `HostStatusDirectory`.
#[derive(Debug, Default)]
pub(super) struct HostStatus {
    /// Hosts that were reached and whose session failed as a whole.
    hosts: BTreeMap<HostId, Seen>,
    /// Addresses that could not be connected to: a host's next address is tried at once
    /// (`makeconnection`).
    addresses: BTreeMap<AddressId, (HostId, Seen)>,
    /// Domains whose exchangers could not be looked up (`hostsignature`).
    domains: BTreeMap<DomainId, Seen>,
}

impl HostStatus {
    /// Returns how the candidate failed, if it is to be passed over.
    pub(super) fn failed(
        &self,
        now: SimTime,
        lasts: SimDuration,
        candidate: &Candidate,
    ) -> Option<Status> {
        let host = self.hosts.get(&candidate.host).and_then(|seen| seen.fresh(now, lasts));
        let address = self.addresses.get(&candidate.address);
        host.or_else(|| address.and_then(|(_, seen)| seen.fresh(now, lasts)))
    }

    /// Returns how the last look-up of a domain failed, if it is not to be repeated.
    pub(super) fn look_up_failed(
        &self,
        now: SimTime,
        lasts: SimDuration,
        domain: DomainId,
    ) -> Option<Status> {
        self.domains.get(&domain).and_then(|seen| seen.fresh(now, lasts))
    }

    /// Notes how the try of a host ended.
    pub(super) fn note(&mut self, now: SimTime, candidate: &Candidate, failure: Option<Failure>) {
        let Some(failure) = failure else {
            self.forget(candidate.host);
            return;
        };
        let seen = Seen { at: now, status: failure.status };
        if failure.stage == Stage::Connect {
            self.addresses.insert(candidate.address, (candidate.host, seen));
            return;
        }
        self.forget(candidate.host);
        if is_sticky(&failure) {
            self.hosts.insert(candidate.host, seen);
        }
    }

    /// Notes that a domain could not be looked up.
    pub(super) fn note_look_up(&mut self, now: SimTime, domain: DomainId, status: Status) {
        self.domains.insert(domain, Seen { at: now, status });
    }

    fn forget(&mut self, host: HostId) {
        self.hosts.remove(&host);
        self.addresses.retain(|_, (of, _)| *of != host);
    }
}

/// Returns whether a failure is recorded with the host (`smtpinit` and `reply` in `usersmtp.c`):
/// anything but a welcome, and a connection lost or silent at any time.
fn is_sticky(failure: &Failure) -> bool {
    match failure.outcome {
        AttemptOutcome::Refused | AttemptOutcome::Timeout | AttemptOutcome::Lost => true,
        _ => matches!(failure.stage, Stage::Greeting | Stage::Ehlo | Stage::Tls),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: SimDuration = SimDuration::from_minutes(30);

    fn candidate(host: u32, address: u32) -> Candidate {
        Candidate { address: AddressId(address), host: HostId(host), preference: Some(10) }
    }

    fn failure(stage: Stage, outcome: AttemptOutcome, class: u8) -> Option<Failure> {
        let status = Status::new(class, 0, 0);
        Some(Failure { at: SimTime::ZERO, stage, outcome, reply: None, status })
    }

    #[test]
    fn a_failed_connection_counts_for_half_an_hour() {
        let mut known = HostStatus::default();
        let start = SimTime::from_secs(100);
        let refused = failure(Stage::Connect, AttemptOutcome::Refused, 4);
        known.note(start, &candidate(1, 1), refused);
        let after = |minutes| start + SimDuration::from_minutes(minutes);
        assert!(known.failed(after(29), LASTS, &candidate(1, 1)).is_some());
        assert!(known.failed(after(30), LASTS, &candidate(1, 1)).is_none());
        // The host's second address is another matter, until a session fails.
        assert!(known.failed(start, LASTS, &candidate(1, 2)).is_none());
        known.note(start, &candidate(1, 2), failure(Stage::Greeting, AttemptOutcome::Permfail, 5));
        assert_eq!(known.failed(start, LASTS, &candidate(1, 1)), Some(Status::new(5, 0, 0)));
    }

    #[test]
    fn a_refused_message_says_nothing_about_the_host() {
        let mut known = HostStatus::default();
        let now = SimTime::from_secs(100);
        for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot] {
            known.note(now, &candidate(1, 1), failure(stage, AttemptOutcome::Tempfail, 4));
            assert!(known.failed(now, LASTS, &candidate(1, 1)).is_none(), "{stage:?}");
        }
        known.note(now, &candidate(1, 1), failure(Stage::Dot, AttemptOutcome::Lost, 4));
        assert!(known.failed(now, LASTS, &candidate(1, 1)).is_some());
        known.note(now, &candidate(1, 1), None);
        assert!(known.failed(now, LASTS, &candidate(1, 1)).is_none());
    }
}
