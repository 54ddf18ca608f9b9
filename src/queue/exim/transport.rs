//! One call of the `smtp` transport: some recipients of a message, and the hosts that are tried for
//! them (`src/transports/smtp.c`, `smtp_transport_entry`).

use std::collections::BTreeMap;

use crate::mail::DomainId;
use crate::network::AddressId;

use super::super::{Candidate, CopyIndex};
use super::settings::Settings;

/// One call of the transport: a delivery, and the hosts for it.
#[derive(Debug, Default)]
pub(super) struct Transport {
    pub(super) hosts: Vec<Candidate>,
    /// Its recipients.
    pub(super) copies: Vec<CopyIndex>,
    /// The top one of all that the transport was given.
    pub(super) top: Option<CopyIndex>,
    /// The domain of the top one.
    pub(super) domain: Option<DomainId>,
    pub(super) tried: Vec<AddressId>,
    /// Addresses known to be of no use when it began, and those that failed in it; true: given up
    /// before.
    pub(super) unusable: BTreeMap<AddressId, bool>,
    /// Hosts that count for `hosts_max_try`; can be below zero for old messages.
    counted: i64,
    /// Hosts of this preference are passed over, because the limit is reached and others are left.
    pub(super) passed_over: Option<Option<u16>>,
    /// Whether the message is not to be noted as waiting for the hosts.
    pub(super) keeps_from_waiting: bool,
    /// Hosts for recipients that those before put off.
    pub(super) fallback_hosts: Vec<Candidate>,
    /// Whether its hosts are fallback hosts themselves.
    pub(super) is_fallback: bool,
}

impl Transport {
    /// Returns the transport for these recipients, with the top one of all that it was given and
    /// this one's domain.
    pub(super) fn of(copies: Vec<CopyIndex>, top: Option<(CopyIndex, DomainId)>) -> Self {
        let (top, domain) = top.unzip();
        Self { copies, top, domain, ..Self::default() }
    }

    /// Returns the transport for recipients who go on to fallback `hosts`.
    pub(super) fn at_fallback(
        copies: Vec<CopyIndex>,
        top: Option<(CopyIndex, DomainId)>,
        hosts: Vec<Candidate>,
    ) -> Self {
        Self { hosts, is_fallback: true, ..Self::of(copies, top) }
    }

    /// Takes in the hosts that were found. Those that no MX record named, behind others, are fallback
    /// hosts: a list of its own, which is tried by a process of its own.
    pub(super) fn found(&mut self, candidates: impl Iterator<Item = Candidate>) {
        if self.is_fallback {
            return;
        }
        self.hosts = candidates.collect();
        if self.hosts.first().is_some_and(|first| first.preference.is_some()) {
            let by_mx = self.hosts.iter().take_while(|host| host.preference.is_some()).count();
            self.fallback_hosts = self.hosts.split_off(by_mx);
        }
    }

    pub(super) fn is_at_hard_limit(&self, settings: &Settings) -> bool {
        self.tried.len() >= settings.hosts_max_try_hardlimit as usize
    }

    pub(super) fn is_at_limit(&self, settings: &Settings) -> bool {
        self.counted >= i64::from(settings.hosts_max_try) || self.is_at_hard_limit(settings)
    }

    /// Counts a host that was tried. At the limit the next one is the first of another preference,
    /// if there is one, and this host does not count; nor do hosts at which an `old` message fails.
    pub(super) fn count(
        &mut self,
        candidate: Candidate,
        expired: bool,
        old: bool,
        settings: &Settings,
    ) {
        self.tried.push(candidate.address);
        let mut later = self.hosts.iter().skip_while(|host| host.address != candidate.address);
        let is_last = later.clone().nth(1).is_none();
        if !expired {
            self.counted += 1;
            if self.counted >= i64::from(settings.hosts_max_try)
                && later.any(|host| host.preference != candidate.preference)
            {
                self.passed_over = Some(candidate.preference);
                self.counted -= 1;
            }
        }
        if old && !is_last {
            self.counted -= 1;
        }
    }

    /// Returns whether the limit of hosts left some out: the list was not gone through to its end.
    /// (At the hard limit that does not count.)
    pub(super) fn leaves_hosts_out(&self, settings: &Settings) -> bool {
        let last = self.hosts.iter().rposition(|host| self.tried.contains(&host.address));
        self.is_at_limit(settings)
            && !self.is_at_hard_limit(settings)
            && last.is_some_and(|last| last + 1 < self.hosts.len())
    }
}
