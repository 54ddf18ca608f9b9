//! Which hosts a delivery tries, and in which order.

use crate::dns::{Lookup, RouteOutcome};
use crate::engine::Handle;
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::network::AddressId;
use crate::queue::{Destination, Untried};
use crate::random::SessionDraw;
use crate::smtp::{Failure, TemporaryLookups};
use crate::trace::{FactSink, LookupOutcome};
use crate::units::SimTime;

use super::draws::TryDraws;
use super::run::{Purpose, Target};
use super::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Puts the hosts found into the order in which they are tried (RFC 5321 §5.1), without those
    /// that the rules forbid, or notes why nobody is to be tried.
    #[inline]
    pub(super) fn choose_targets(&mut self, handle: Handle, lookup: Lookup) -> LookupOutcome {
        let mut run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let config = self.hosts[run.client.index()].config;
        // A host asked for by name has no preference: no MX record named it.
        let by_mx = matches!(
            run.purpose,
            Purpose::Delivery { destination: Destination::Exchangers(_), .. }
                | Purpose::LookUp { destination: Destination::Exchangers(_) }
        );
        for exchanger in &self.route.exchangers {
            let at = self.servers[exchanger.address.index()];
            let server = self.behind.get(&at).copied();
            run.targets.push(Target {
                preference: by_mx.then_some(exchanger.preference),
                address: exchanger.address,
                host: server.unwrap_or(at),
                proxy: server.map(|_| at),
            });
        }
        let mut outcome = match lookup.outcome {
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
            better_unresolved = self.route.best_unresolved.is_some_and(|best| best < own);
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
        if config.client.randomizes_equal_preference && run.targets.len() > 1 {
            self.shuffle_equals(handle);
            run = self.runs.get_mut(handle).expect("a run that goes on exists");
        }
        limit_hosts(&mut run.targets, config.client.host_limit, config.client.addresses_per_host);
        if let Some(limit) = config.client.address_limit
            && run.targets.len() > limit as usize
        {
            self.cut_targets(handle, limit);
            run = self.runs.get_mut(handle).expect("a run that goes on exists");
        }
        if let Some(relay) = config.fallback_relay()
            && relays
            && relay != run.client
        {
            let addresses = &self.scenario.hosts[relay.index()].addresses;
            run.targets.extend(direct(addresses, relay));
        }
        if run.targets.is_empty() {
            let mut failure = lookup_failure(outcome, better_unresolved, lookup.ended);
            if is_temporary(outcome, config.client.temporary_lookups) {
                failure.outcome = AttemptOutcome::Tempfail;
                failure.status = Status { class: 4, ..failure.status };
            }
            run.failure = Some(failure);
        }
        outcome
    }

    /// Puts targets of equal preference in random order.
    fn shuffle_equals(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let key = match run.process().and_then(|process| process.fixed_order) {
            None => self.draw_key(run, SessionDraw::Shuffle, 0),
            Some(began) => {
                let domain = run.mailboxes.first().copied().unwrap_or_default().domain;
                let (host, domain) = (self.hosts[run.client.index()].key, domain.index());
                [
                    host,
                    SessionDraw::Shuffle.number(),
                    began.as_nanos(),
                    self.domains[domain].key,
                    0,
                    0,
                    0,
                ]
            }
        };
        let mut draws = TryDraws::new(&self.session_streams, key);
        let client = &self.hosts[run.client.index()].config.client;
        let addresses_too = client.options.randomizes_addresses;
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        for equals in run.targets.chunk_by_mut(|a, b| a.preference == b.preference) {
            if addresses_too {
                draws.shuffle(equals);
            } else {
                shuffle_hosts(equals, &mut draws);
            }
        }
    }

    /// Leaves so many targets that `limit` of them can be tried; those that the queue manager
    /// passes over do not count.
    fn cut_targets(&mut self, handle: Handle, limit: u32) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let queue = &self.hosts[run.client.index()].queue;
        let mut counted = 0;
        let purpose = run.purpose;
        run.targets.retain(|target| {
            let fits = counted < limit;
            let may = match purpose {
                Purpose::Delivery { delivery, .. } => {
                    queue.may_try(self.now, delivery, &target.candidate(), &self.entries)
                }
                _ => true,
            };
            counted += u32::from(may);
            fits
        });
    }

    /// Returns the position of the next target that may be tried now.
    #[inline(always)]
    pub(super) fn next_target(&self, handle: Handle) -> Option<usize> {
        let run = self.runs.get(handle).expect("a run that goes on exists");
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
    pub(super) fn leave_untried(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let Purpose::Delivery { delivery, .. } = run.purpose else {
            return;
        };
        let mut verdict = Untried::Deferred(Status::NO_ANSWER);
        self.tell(run.client, |queue, now, context| {
            verdict = queue.untried(now, delivery, context);
        });
        let (outcome, status) = match verdict {
            Untried::Deferred(status) => (AttemptOutcome::Suspended, status),
            Untried::Failed(status) => (AttemptOutcome::Permfail, status),
        };
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let (at, stage) = (self.now, Stage::Suspended);
        run.failure = Some(Failure { at, stage, outcome, reply: None, status });
        self.nobody_to_try(handle);
    }
}

/// Puts the hosts in random order, and the addresses of each in the order in which they were.
fn shuffle_hosts<const N: usize>(targets: &mut [Target], draws: &mut TryDraws<'_, N>) {
    if targets.len() < 2 {
        return;
    }
    let mut hosts: Vec<HostId> = Vec::with_capacity(targets.len());
    for target in targets.iter() {
        if !hosts.contains(&target.host) {
            hosts.push(target.host);
        }
    }
    draws.shuffle(&mut hosts);
    targets.sort_by_key(|target| hosts.iter().position(|host| *host == target.host));
}

/// Returns a host's addresses as targets without preference.
pub(super) fn direct(addresses: &[AddressId], host: HostId) -> impl Iterator<Item = Target> + '_ {
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
fn is_temporary(outcome: LookupOutcome, lookups: TemporaryLookups) -> bool {
    match outcome {
        LookupOutcome::NoSuchDomain => lookups.no_such_domain,
        LookupOutcome::NullMx => lookups.null_mx,
        LookupOutcome::NoAddress => lookups.no_address,
        LookupOutcome::LoopsBack => lookups.loops_back,
        LookupOutcome::TemporaryFailure => true,
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
