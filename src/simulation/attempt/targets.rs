//! Which hosts a delivery tries, and in which order.

use crate::dns::{Lookup, RouteOutcome};
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::network::{AddressFamilies, AddressId};
use crate::queue::{Candidate, Destination, Untried};
use crate::smtp::{ClientSettings, Failure, LookupFailure};
use crate::trace::{FactSink, LookupOutcome};
use crate::units::SimTime;

use super::run::{Phase, Purpose, Run, Target};
use crate::simulation::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Puts the hosts found into the order in which they are tried (RFC 5321 §5.1), without those
    /// that the rules forbid, or notes why nobody is to be tried.
    #[inline]
    pub(crate) fn choose_targets(&mut self, run: &mut Run, lookup: Lookup) -> LookupOutcome {
        let config = self.config_of(run);
        // A host asked for by name has no preference: no MX record named it.
        let by_mx = match run.purpose {
            Purpose::Delivery { destination, .. } | Purpose::LookUp { destination, .. } => {
                matches!(destination.next_hop(), Destination::Exchangers(_))
            }
            _ => false,
        };
        let families = config.client.options.families;
        let family = |address: &AddressId| self.scenario.addresses[address.index()].family;
        let own = || config.addresses.iter().map(family);
        let uses = |address| families.includes(family(&address), own());
        let mut passed_over = None;
        for exchanger in &self.attempts.route.exchangers {
            if families != AddressFamilies::All && !uses(exchanger.address) {
                passed_over = Some(exchanger.preference.min(passed_over.unwrap_or(u16::MAX)));
                continue;
            }
            let at = self.layout.servers[exchanger.address.index()];
            let server = self.layout.behind.get(&at).copied();
            run.targets.push(Target {
                preference: by_mx.then_some(exchanger.preference),
                address: exchanger.address,
                host: server.unwrap_or(at),
                proxy: server.map(|_| at),
            });
        }
        let mut outcome = match lookup.outcome {
            // As if the others had not been found: nobody asked for them.
            RouteOutcome::Found if run.targets.is_empty() => LookupOutcome::NoAddress,
            RouteOutcome::Found => LookupOutcome::Found,
            RouteOutcome::NoSuchDomain => LookupOutcome::NoSuchDomain,
            RouteOutcome::NullMx => LookupOutcome::NullMx,
            RouteOutcome::NoAddress => LookupOutcome::NoAddress,
            RouteOutcome::TemporaryFailure => LookupOutcome::TemporaryFailure,
        };
        let mut better_unresolved = false;
        // A host never relays to exchangers that are no better than itself. Mail written on a
        // server is submitted to that server, which is no relaying.
        let client = run.client;
        let is_itself = |target: &Target| config.is_itself(client, target.host, target.proxy);
        let relays = !run.is_submission();
        let own = if relays && config.client.finds_itself {
            run.targets.iter().find(|target| is_itself(target))
        } else {
            None
        };
        if let Some(own) = own.and_then(|own| own.preference) {
            run.targets.retain(|target| target.preference.is_some_and(|other| other < own));
            let unresolved = [self.attempts.route.best_unresolved, passed_over];
            better_unresolved = unresolved.into_iter().flatten().any(|best| best < own);
            if run.targets.is_empty() {
                outcome = LookupOutcome::LoopsBack;
            }
        }
        if config.client.skips_itself && !run.targets.is_empty() && relays {
            run.targets.retain(|target| !is_itself(target));
            if run.targets.is_empty() {
                outcome = LookupOutcome::LoopsBack;
            }
        }
        if run.targets.len() > 1 {
            self.order_targets(run);
        }
        limit_hosts(&mut run.targets, config.client.host_limit, config.client.addresses_per_host);
        if let Some(limit) = config.client.address_limit
            && run.targets.len() > limit as usize
        {
            self.cut_targets(run, limit);
        }
        if let Some(relay) = config.fallback_relay()
            && relays
            && relay != run.client
            && !(config.client.options.fallback_needs_hosts && run.targets.is_empty())
        {
            let addresses = &self.scenario.hosts[relay.index()].addresses;
            run.targets.extend(direct(addresses, relay));
        }
        if run.targets.is_empty() {
            let mut failure = lookup_failure(outcome, better_unresolved, lookup.ended);
            if is_temporary(outcome, config.client) {
                failure.outcome = AttemptOutcome::Tempfail;
                failure.status = Status { class: 4, ..failure.status };
            } else if outcome == LookupOutcome::TemporaryFailure {
                failure.outcome = AttemptOutcome::Permfail;
                failure.status = Status { class: 5, ..failure.status };
            }
            run.failure = Some(failure);
        }
        outcome
    }

    /// Gives a delivery in a process the addresses that the process knows.
    pub(crate) fn take_candidates(&mut self, run: &mut Run, candidates: &[Candidate]) {
        for candidate in candidates {
            let target = self.target_of(candidate);
            run.targets.push(target);
        }
        self.order_targets(run);
        run.phase = Phase::Targeting;
        let client = run.client;
        if let Purpose::Delivery { delivery, .. } = run.purpose {
            let queue = &mut self.hosts[client.index()].queue;
            let mut candidates = run.targets.iter().map(Target::candidate);
            queue.found(self.now, delivery, &mut candidates, &self.entries);
        }
    }

    /// Returns an address that a queue manager speaks of as a target.
    pub(crate) fn target_of(&self, candidate: &Candidate) -> Target {
        let &Candidate { address, preference, .. } = candidate;
        let at = self.layout.servers[address.index()];
        let server = self.layout.behind.get(&at).copied();
        Target { preference, address, host: server.unwrap_or(at), proxy: server.map(|_| at) }
    }

    /// A delivery in a process goes on from its first host: its queue manager may change who
    /// belongs to it.
    pub(crate) fn fall_back(&mut self, run: &mut Run) {
        if std::mem::replace(&mut run.fell_back, true) {
            return;
        }
        let (client, Some(delivery)) = (run.client, run.delivery()) else {
            return;
        };
        if self.hosts[client.index()].queue.falls_back(delivery, &mut self.entries) {
            self.gather_recipients(run, delivery);
        }
    }

    /// Returns the position of the next target that may be tried now.
    #[inline(always)]
    pub(crate) fn next_target(&self, run: &Run) -> Option<usize> {
        let mut left = run.next_target..run.targets.len();
        let Purpose::Delivery { delivery, .. } = run.purpose else {
            return left.next();
        };
        let queue = &self.hosts[run.client.index()].queue;
        left.find(|&index| {
            queue.may_try(self.now, delivery, &run.targets[index].candidate(), &self.entries)
        })
    }

    /// None of the hosts may be tried now: the queue manager says what becomes of the delivery.
    pub(crate) fn leave_untried(&mut self, run: &mut Run) {
        let Purpose::Delivery { delivery, .. } = run.purpose else {
            return;
        };
        let mut verdict = Untried::Deferred(Status::NO_ANSWER);
        let client = run.client;
        if run.process().is_some() && run.targets.iter().any(|t| t.host != run.targets[0].host) {
            self.fall_back(run);
        }
        self.tell(client, |queue, now, context| {
            verdict = queue.untried(now, delivery, context);
        });
        let (outcome, status) = match verdict {
            Untried::Deferred(status) => (AttemptOutcome::Suspended, status),
            Untried::Failed(status) => (AttemptOutcome::Permfail, status),
            Untried::Onward => {
                run.copies.clear();
                run.recipients.clear();
                run.mailboxes.clear();
                run.failure = None;
                self.share_failure(run);
                return;
            }
        };
        let (at, stage) = (self.now, Stage::Suspended);
        run.failure = Some(Failure { at, stage, outcome, reply: None, status });
        self.nobody_to_try(run);
    }
}

/// Returns a host's addresses as targets without preference.
pub(crate) fn direct(addresses: &[AddressId], host: HostId) -> impl Iterator<Item = Target> + '_ {
    addresses.iter().map(move |&address| Target { preference: None, address, host, proxy: None })
}

/// Leaves the addresses of the first hosts, and of each host the first ones.
#[inline]
fn limit_hosts(targets: &mut Vec<Target>, hosts: Option<u32>, addresses: Option<u32>) {
    if hosts.is_none() && addresses.is_none() {
        return;
    }
    let mut seen: Vec<(HostId, u32)> = Vec::new();
    targets.retain(|target| {
        let known = seen.iter().position(|(host, _)| *host == target.host);
        let place = known.unwrap_or(seen.len());
        if hosts.is_some_and(|most| place >= most as usize) {
            return false;
        }
        if known.is_none() {
            seen.push((target.host, 0));
        }
        seen[place].1 += 1;
        addresses.is_none_or(|most| seen[place].1 <= most)
    });
}

/// Returns whether a look-up without a host to try counts as temporary for this client.
fn is_temporary(outcome: LookupOutcome, client: &ClientSettings) -> bool {
    let lookups = client.temporary_lookups;
    match outcome {
        LookupOutcome::NoSuchDomain => lookups.no_such_domain,
        LookupOutcome::NullMx => lookups.null_mx,
        LookupOutcome::NoAddress => lookups.no_address,
        LookupOutcome::LoopsBack => lookups.loops_back,
        LookupOutcome::TemporaryFailure => client.options.lookup_failure != LookupFailure::Fail,
        LookupOutcome::Found => false,
    }
}

/// Returns what an unsuccessful look-up means for the recipients.
fn lookup_failure(outcome: LookupOutcome, better_unresolved: bool, at: SimTime) -> Failure {
    let (outcome, status) = match outcome {
        LookupOutcome::NullMx => (AttemptOutcome::Permfail, Status::NULL_MX),
        LookupOutcome::TemporaryFailure => (AttemptOutcome::Tempfail, Status::DIRECTORY_FAILURE),
        // Somebody better exists, but not for the resolver: this may change.
        LookupOutcome::LoopsBack if better_unresolved => {
            (AttemptOutcome::Tempfail, Status::new(4, 4, 4))
        }
        LookupOutcome::LoopsBack => (AttemptOutcome::Permfail, Status::ROUTING_LOOP),
        LookupOutcome::NoSuchDomain | LookupOutcome::NoAddress | LookupOutcome::Found => {
            (AttemptOutcome::Permfail, Status::UNABLE_TO_ROUTE)
        }
    };
    Failure { at, stage: Stage::Dns, outcome, reply: None, status }
}
