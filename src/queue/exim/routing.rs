//! What a delivery process begins with: which recipients are routed, and in which deliveries
//! (`src/deliver.c`, `deliver_message` and `do_remote_deliveries`).

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{Mailbox, RecipientId};
use crate::queue::{Action, Resolved};
use crate::units::SimTime;

use super::super::{Context, CopyIndex, CopyState, Destination, EntryHandle, QueueCopy};
use super::condition::Subject;
use super::manager::Exim;
use super::process::{Fallback, Kind, Memory, Process, address_of, routing_keys};
use super::transport::Transport;
use super::wall::wall_second;

impl Exim {
    /// Returns whether a message that a runner comes to is to be delivered, and then whether all
    /// its recipients are to fail at once: not if it is gone, if another process has locked it, or
    /// if it is frozen and not old enough.
    pub(super) fn is_deliverable(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        context: &Context<'_>,
    ) -> Option<bool> {
        let spooled = self.spool.get_mut(&entry)?;
        let state = context.entries.get(entry)?;
        if self.processes.contains_key(&entry) {
            return None;
        }
        if !spooled.frozen {
            return Some(false);
        }
        let age = state.arrived.age(now);
        let ignored = state.null_sender() && age >= self.settings.ignore_bounce_errors_after;
        let given_up = self.settings.timeout_frozen_after.is_some_and(|most| age >= most);
        spooled.frozen = !(ignored || given_up);
        (ignored || given_up).then_some(given_up)
    }

    /// All addresses of a message are routed before the first delivery begins, and within a process
    /// a name is looked up once (`dns_lookup` keeps its failures). A message of one delivery is
    /// looked up by that. Returns whether there is something to look up.
    pub(super) fn routes_first(process: &mut Process, context: &Context<'_>) -> bool {
        let following = process.following.values().flatten();
        let destinations = process
            .waiting
            .iter()
            .chain(following)
            .filter_map(|&delivery| Some(context.entries.delivery(delivery)?.destination))
            .filter(|&destination| destination != Destination::Local);
        let deliveries: Vec<Destination> = destinations.collect();
        let continued = matches!(process.kind, Kind::Continued { .. });
        if deliveries.len() < 2 || continued || process.fails_all {
            return false;
        }
        let mut known = BTreeSet::new();
        process.to_look_up.extend(deliveries.into_iter().filter(|it| known.insert(*it)));
        process.shared = shared_destinations(process.entry, context);
        true
    }

    /// Looks up the next destination of a message, or begins with its deliveries.
    pub(super) fn route_next(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) {
        let Some(process) = self.processes.get_mut(&entry) else {
            return;
        };
        match process.to_look_up.pop_front() {
            Some(destination) => {
                process.asked = now;
                self.askers += 1;
                self.asking.insert(self.askers, entry);
                context.actions.push(Action::LookUp { destination, asker: self.askers });
            }
            None => self.start_deliveries(entry, context),
        }
    }

    /// A look-up before the first delivery is over.
    pub(super) fn routed(
        &mut self,
        now: SimTime,
        answer: &Resolved<'_>,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.asking.remove(&answer.asker) else {
            return;
        };
        let destination = answer.destination;
        if let Some(process) = self.processes.get_mut(&entry) {
            match answer.found {
                Ok(candidates) if !process.shared.contains(&destination) => {
                    process.routes.insert(destination, candidates.to_vec());
                }
                Ok(_) => {}
                Err(failure) => {
                    process.unroutable.insert(destination, (process.asked, failure));
                }
            }
        }
        self.route_next(now, entry, context);
    }

    /// In a queue run, and over a connection that was handed on, recipients whose retry time has
    /// not come are not even routed. Of the others the process notes whether there are records.
    pub(super) fn hold_back(
        &self,
        now: SimTime,
        process: &mut Process,
        context: &mut Context<'_>,
    ) -> BTreeSet<CopyIndex> {
        let mut held = BTreeSet::new();
        if process.fails_all {
            return held;
        }
        let entry = process.entry;
        let looks =
            matches!(process.kind, Kind::Continued { .. } | Kind::QueueRun { forced: false });
        let mut destinations = BTreeSet::new();
        for index in context.entries.recipients(entry) {
            let copy = context.entries.copy(index);
            if copy.state != CopyState::Pending || copy.destination == Destination::Local {
                continue;
            }
            let mailbox = address_of(index, context);
            if looks && self.is_too_early(now, mailbox, process) {
                held.insert(index);
                destinations.insert(copy.destination);
            } else if self.has_record(now, mailbox, process) {
                process.had_records.insert(index);
            }
        }
        let status = context.entries[entry].last_status();
        let recipients: BTreeSet<RecipientId> =
            held.iter().map(|&copy| context.entries.copy(copy).recipient).collect();
        for destination in destinations {
            let is_held = |copy: &QueueCopy| recipients.contains(&copy.recipient);
            context.entries.suspend(entry, destination, is_held);
            context.actions.suspend(entry, destination, status);
        }
        process.warns_of.extend(&held);
        held
    }

    /// Returns whether the retry time of an address or of its domain has not come.
    fn is_too_early(&self, now: SimTime, mailbox: Mailbox, process: &Process) -> bool {
        let clock = wall_second(now);
        let get = |key| self.database.get(key, clock, &self.settings);
        let [domain, address, recipient] = routing_keys(mailbox, process.message.sender).map(get);
        let address = address.or(recipient);
        let too_early = domain.is_some_and(|record| clock < record.next_try && !record.expired)
            || address.is_some_and(|record| clock < record.next_try);
        let old = || {
            address.is_some_and(|record| {
                let (subject, settings) = (Subject::Address(mailbox), &self.settings);
                self.database.is_past_ultimate_timeout(
                    subject,
                    record.cause,
                    process.message,
                    clock,
                    settings,
                )
            })
        };
        let continued = matches!(process.kind, Kind::Continued { .. });
        too_early && (domain.is_some() || !old()) || continued && domain.is_some()
    }

    fn has_record(&self, now: SimTime, mailbox: Mailbox, process: &Process) -> bool {
        let clock = wall_second(now);
        let keys = routing_keys(mailbox, process.message.sender);
        keys.into_iter().any(|key| self.database.get(key, clock, &self.settings).is_some())
    }

    /// Makes the deliveries of a process, local ones first. Addresses are routed from the last to
    /// the first, and each domain goes before those routed already (`src/deliver.c`,
    /// `deliver_message`), so that the domain whose last recipient comes first is the first.
    pub(super) fn assign(
        &self,
        process: &mut Process,
        held: &BTreeSet<CopyIndex>,
        context: &mut Context<'_>,
    ) {
        let entry = process.entry;
        let held: BTreeSet<RecipientId> =
            held.iter().map(|&copy| context.entries.copy(copy).recipient).collect();
        let free = |copy: &QueueCopy| !held.contains(&copy.recipient);
        let remote = context
            .entries
            .copies(entry)
            .filter(|copy| copy.state == CopyState::Pending && free(copy))
            .filter(|copy| copy.destination != Destination::Local)
            .count();
        // What goes over a connection that was handed on goes one after the other.
        let continued = matches!(process.kind, Kind::Continued { .. });
        let mut chain = None;
        for (destination, mut count) in waiting_destinations(process, free, context) {
            let (limit, most) = match destination {
                Destination::Local => (1, 1),
                _ => (self.settings.max_rcpt.max(1), self.recipients_at_once(process, remote)),
            };
            while count > 0 {
                let (mut left, mut top) = (most.min(count), None);
                count -= left;
                let mut leader = chain.filter(|_| continued);
                while left > 0 {
                    let limit = limit.min(left);
                    left -= limit;
                    let delivery = context.entries.assign_those(entry, destination, limit, free);
                    let copies: Vec<CopyIndex> =
                        context.entries.delivery_recipients(delivery).collect();
                    let first = copies[0];
                    let &mut top = top.get_or_insert((first, address_of(first, context).domain));
                    process.transports.insert(delivery, Transport::of(copies, Some(top)));
                    match leader {
                        None => {
                            (leader, chain) = (Some(delivery), Some(delivery));
                            process.waiting.push_back(delivery);
                        }
                        Some(leader) => {
                            process.following.entry(leader).or_default().push_back(delivery);
                        }
                    }
                }
            }
        }
    }

    /// All deliveries of a message are over: recipients that were put off are tried at the fallback
    /// hosts, of all domains at once, those first that were put off last (`remote_post_process`,
    /// `addr_fallback`). Returns whether there are any.
    pub(super) fn fall_back(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) -> bool {
        let (database, settings) = (&self.database, &self.settings);
        let memory = Memory { clock: wall_second(now), database, settings };
        let Some(process) = self.processes.get_mut(&entry) else {
            return false;
        };
        let limit = self.settings.max_rcpt.max(1);
        let (mut leader, mut top) = (None, None);
        for fallback in std::mem::take(&mut process.fallbacks).into_iter().rev() {
            if !process.begins_to_fall_back(&fallback, &memory) {
                continue;
            }
            let Fallback { copies, hosts, number, .. } = fallback;
            let destination = context.entries.copy(copies[0]).destination;
            let recipients: BTreeSet<RecipientId> =
                copies.iter().map(|&copy| context.entries.copy(copy).recipient).collect();
            for group in copies.chunks(limit as usize) {
                let limit = u32::try_from(group.len()).unwrap_or(u32::MAX);
                let delivery = context.entries.assign_those(entry, destination, limit, |copy| {
                    recipients.contains(&copy.recipient)
                });
                context.entries.delivery_mut(delivery).expect("just made").number = number;
                let members: Vec<CopyIndex> =
                    context.entries.delivery_recipients(delivery).collect();
                let first = members[0];
                let &mut top = top.get_or_insert((first, address_of(first, context).domain));
                let transport = Transport::at_fallback(members, Some(top), hosts.clone());
                process.transports.insert(delivery, transport);
                match leader {
                    None => {
                        leader = Some(delivery);
                        process.waiting.push_back(delivery);
                    }
                    Some(leader) => {
                        process.following.entry(leader).or_default().push_back(delivery);
                    }
                }
            }
        }
        if leader.is_some() {
            self.start_deliveries(entry, context);
        }
        leader.is_some()
    }

    /// Returns how many recipients the transport is given at once, of `remote` ones of the message:
    /// as many as one transaction may have, or more if they would else need more transports than
    /// there may be at once; then it sends them in several transactions over one connection
    /// (`src/deliver.c`, `do_remote_deliveries`).
    fn recipients_at_once(&self, process: &Process, remote: usize) -> u32 {
        let settings = &self.settings;
        let most = settings.max_rcpt.max(1);
        let parallel = match process.kind {
            Kind::Continued { .. } => 1,
            _ => settings.remote_max_parallel.max(1),
        };
        let share = u32::try_from(remote).unwrap_or(u32::MAX) / parallel;
        if most == 1 || most >= share {
            return most;
        }
        let messages = settings.connection_max_messages.unwrap_or(u32::MAX).max(1);
        share.min(most.saturating_mul(messages))
    }
}

/// Returns the destinations of a message's `free` recipients in the order in which they are delivered
/// to, with how many recipients each has: local ones first, then by where the last recipient stands.
fn waiting_destinations(
    process: &Process,
    free: impl Fn(&QueueCopy) -> bool,
    context: &Context<'_>,
) -> Vec<(Destination, u32)> {
    // By destination, where its last recipient stands and how many there are.
    let mut waiting: BTreeMap<Destination, (usize, u32)> = BTreeMap::new();
    for (position, index) in context.entries.recipients(process.entry).enumerate() {
        let copy = context.entries.copy(index);
        if copy.state == CopyState::Pending && free(&copy) {
            let (last, count) = waiting.entry(copy.destination).or_default();
            (*last, *count) = (position, *count + 1);
        }
    }
    if let Kind::Continued { to, .. } = &process.kind {
        waiting.retain(|destination, _| to.contains(destination));
    }
    let mut ordered: Vec<(Destination, (usize, u32))> = waiting.into_iter().collect();
    ordered.sort_by_key(|&(to, (last, _))| (to != Destination::Local, last));
    ordered.into_iter().map(|(to, (_, count))| (to, count)).collect()
}

/// Returns the destinations to which recipients of several domains of a message go, because these have
/// the same exchangers.
fn shared_destinations(entry: EntryHandle, context: &Context<'_>) -> BTreeSet<Destination> {
    let shared = context.entries.recipients(entry).filter_map(|copy| {
        let destination = context.entries.copy(copy).destination;
        match destination.next_hop() {
            Destination::Exchangers(domain) if address_of(copy, context).domain != domain => {
                Some(destination)
            }
            _ => None,
        }
    });
    shared.collect()
}
