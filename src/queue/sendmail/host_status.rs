//! What a process knows of hosts that failed: `mci.c`.
//!
//! Every exchanger has a record (`MCI`) with the status of the last try. While it says that the
//! host failed, `deliver` passes the host over without connecting, and a message all of whose
//! exchangers are passed over shares the status of the last of them. The record is a process's own
//! and so ends with a queue run; it is ignored after `Timeout.hoststatus`. Refusals of single
//! messages are not recorded (`EX_NOTSTICKY` in `usersmtp.c`), but for 4yz at the final dot.
//!
//! With a `HostStatusDirectory` a process writes its record down when a connection fails or is
//! closed, and reads what others wrote when it comes to a host for the first time. (The directory
//! has to exist: otherwise Sendmail switches the option off, `main.c`.)

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, HostId, Stage, Status};
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
    /// Returns the status if it still counts (`mci_get`, which reads a clock of whole seconds).
    fn fresh(&self, now: SimTime, lasts: SimDuration) -> Option<Status> {
        (now.as_secs() < self.at.as_secs().saturating_add(lasts.as_secs())).then_some(self.status)
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
    /// Hosts that took a session and answered 4yz to its final dot. The record counts only when the
    /// connection is closed: while it is open it is used (`mci_get`).
    after_dot: BTreeMap<HostId, Seen>,
    /// Hosts to which a connection is kept, that used longest ago first.
    open: Vec<HostId>,
    /// Hosts whose connection has been closed, or has not come about, since that was asked.
    closed: Vec<HostId>,
    /// Hosts of which it is known what other processes knew.
    loaded: BTreeSet<HostId>,
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
        let after_dot = || {
            let seen = self.after_dot.get(&candidate.host)?;
            if self.open.contains(&candidate.host) { None } else { seen.fresh(now, lasts) }
        };
        host.or_else(|| address.and_then(|(_, seen)| seen.fresh(now, lasts))).or_else(after_dot)
    }

    /// Notes how the try of a host ended. Its connection is kept if it can be, of at most `kept`.
    pub(super) fn note(
        &mut self,
        now: SimTime,
        candidate: &Candidate,
        failure: Option<Failure>,
        kept: usize,
    ) {
        let host = candidate.host;
        if failure.is_none_or(|failure| failure.stage != Stage::Connect) {
            self.open.retain(|open| *open != host);
            if failure.is_none_or(|failure| stays_open(&failure)) {
                self.open.push(host);
            }
            let too_many = self.open.len().saturating_sub(kept);
            self.closed.extend(self.open.drain(..too_many));
        }
        if !self.open.contains(&host) {
            self.closed.push(host);
        }
        let Some(failure) = failure else {
            self.forget(host);
            return;
        };
        let seen = Seen { at: now, status: failure.status };
        if failure.stage == Stage::Connect {
            self.addresses.insert(candidate.address, (host, seen));
            return;
        }
        // What is not noted leaves what was (`EX_NOTSTICKY`), but the host has been reached.
        self.addresses.retain(|_, (of, _)| *of != host);
        self.hosts.remove(&host);
        if is_sticky(&failure) {
            self.hosts.insert(host, seen);
        } else if is_put_off_at_dot(&failure) {
            self.after_dot.insert(host, seen);
        }
    }

    /// Writes what is known of hosts whose connection has been closed where all processes read it:
    /// `mci_unlock_host`, called by `endmailer` and where a connection fails. `ends`: so have all.
    pub(super) fn store(&mut self, shared: &mut Self, ends: bool) {
        if ends {
            self.closed.append(&mut self.open);
        }
        for host in std::mem::take(&mut self.closed) {
            shared.take_over(self, host);
        }
    }

    /// Forgets which connections have been closed, since nobody is told.
    pub(super) fn keep_to_itself(&mut self) {
        self.closed.clear();
    }

    /// Reads what other processes have written about a host, at its first mention in this process
    /// and never again (`mci_load_persistent`).
    pub(super) fn load(&mut self, shared: &Self, host: HostId) {
        if self.loaded.insert(host) {
            self.take_over(shared, host);
        }
    }

    fn take_over(&mut self, other: &Self, host: HostId) {
        self.forget(host);
        if let Some(seen) = other.hosts.get(&host) {
            self.hosts.insert(host, *seen);
        }
        if let Some(seen) = other.after_dot.get(&host) {
            self.after_dot.insert(host, *seen);
        }
        let addresses = other.addresses.iter().filter(|(_, (of, _))| *of == host);
        self.addresses.extend(addresses.map(|(address, record)| (*address, *record)));
    }

    fn forget(&mut self, host: HostId) {
        self.hosts.remove(&host);
        self.after_dot.remove(&host);
        self.addresses.retain(|_, (of, _)| *of != host);
    }
}

/// Returns whether a host put a message off at its final dot, other than for want of room: 452 alone
/// says nothing about the host (`smtpdata` in `usersmtp.c`).
fn is_put_off_at_dot(failure: &Failure) -> bool {
    failure.stage == Stage::Dot
        && failure.outcome == AttemptOutcome::Tempfail
        && failure.reply.is_some_and(|reply| reply.code != 452)
}

/// Returns whether the connection can be used for another message after this.
fn stays_open(failure: &Failure) -> bool {
    let goes_on = failure.reply.is_some_and(|reply| reply.code != 421);
    match failure.stage {
        Stage::Mail | Stage::Rcpt | Stage::Dot => goes_on,
        // Put off at DATA, Sendmail says QUIT.
        Stage::Data => goes_on && failure.outcome == AttemptOutcome::Permfail,
        _ => false,
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
    use crate::mail::Reply;

    #[test]
    fn others_learn_when_the_connection_is_closed_and_once_only() {
        let (mut shared, now) = (HostStatus::default(), SimTime::from_secs(100));
        let host = candidate(1, 1);
        let put_off = Failure {
            reply: Some(Reply::new(451, Status::new(4, 3, 0))),
            ..failure(Stage::Dot, AttemptOutcome::Tempfail, 4).expect("it is one")
        };
        let mut first = HostStatus::default();
        first.note(now, &host, Some(put_off), 2);
        first.store(&mut shared, false);
        let mut second = HostStatus::default();
        second.load(&shared, host.host);
        assert!(second.failed(now, LASTS, &host).is_none(), "the connection is open");
        first.store(&mut shared, true);
        second.load(&shared, host.host);
        assert!(second.failed(now, LASTS, &host).is_none(), "it has read that already");
        let mut third = HostStatus::default();
        third.load(&shared, host.host);
        assert!(third.failed(now, LASTS, &host).is_some());
        // Reached, and the connection closed: nobody passes it over any more.
        third.note(now, &host, None, 0);
        third.store(&mut shared, false);
        let mut fourth = HostStatus::default();
        fourth.load(&shared, host.host);
        assert!(fourth.failed(now, LASTS, &host).is_none());
    }

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
        known.note(start, &candidate(1, 1), refused, 2);
        let after = |minutes| start + SimDuration::from_minutes(minutes);
        assert!(known.failed(after(29), LASTS, &candidate(1, 1)).is_some());
        assert!(known.failed(after(30), LASTS, &candidate(1, 1)).is_none());
        // The host's second address is another matter, until a session fails.
        assert!(known.failed(start, LASTS, &candidate(1, 2)).is_none());
        known.note(
            start,
            &candidate(1, 2),
            failure(Stage::Greeting, AttemptOutcome::Permfail, 5),
            2,
        );
        assert_eq!(known.failed(start, LASTS, &candidate(1, 1)), Some(Status::new(5, 0, 0)));
    }

    #[test]
    fn a_refused_message_says_nothing_about_the_host() {
        let mut known = HostStatus::default();
        let now = SimTime::from_secs(100);
        for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot] {
            known.note(now, &candidate(1, 1), failure(stage, AttemptOutcome::Tempfail, 4), 2);
            assert!(known.failed(now, LASTS, &candidate(1, 1)).is_none(), "{stage:?}");
        }
        known.note(now, &candidate(1, 1), failure(Stage::Dot, AttemptOutcome::Lost, 4), 2);
        assert!(known.failed(now, LASTS, &candidate(1, 1)).is_some());
        known.note(now, &candidate(1, 1), None, 2);
        assert!(known.failed(now, LASTS, &candidate(1, 1)).is_none());
    }
}
