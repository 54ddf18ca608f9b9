//! The moment a server takes responsibility, and the entry it queues then.

use std::collections::BTreeMap;

use crate::engine::Class;
use crate::mail::{HostId, MessageId, RecipientId};
use crate::queue::plain::Unit;
use crate::queue::{ArrivalTime, Destination, EntryHandle, Intake, QueueEntry};
use crate::random::SessionDraw;
use crate::trace::{Fact, FactSink, Verdict};
use crate::units::{Octets, SimDuration, SimTime};

use crate::simulation::attempt::draws::time;
use crate::simulation::attempt::run::{Phase, Run};
use crate::simulation::world::World;
use crate::simulation::world::event::Event;
use crate::simulation::world::messages::Column;

/// A message as a host takes it over.
pub(crate) struct Arrival {
    /// Received fields, with the host's own.
    pub(crate) received_fields: u32,
    /// Octets of header and body.
    pub(crate) size: Octets,
    /// How long ago the host took it: mail that waits when the run begins is not new.
    pub(crate) age: SimDuration,
    /// Which message of its session it is, from 1; 0: no session brought it.
    pub(crate) session_message: u32,
    /// When the host had heard of the recipients.
    pub(crate) announced: SimTime,
    /// How long a filter after the queue holds it.
    pub(crate) held: SimDuration,
    /// What that filter thinks of it, if it lets nothing pass.
    pub(crate) condemned: Option<Verdict>,
}

impl Arrival {
    /// Returns a message that comes from the host itself.
    pub(crate) fn made_here(received_fields: u32, size: Octets, now: SimTime) -> Self {
        let (held, condemned) = (SimDuration::ZERO, None);
        let age = SimDuration::ZERO;
        Self { received_fields, size, age, session_message: 0, announced: now, held, condemned }
    }
}

impl<S: FactSink> World<'_, '_, S> {
    /// The server's positive reply to the dot leaves: from now on it answers for the recipients it
    /// accepted.
    pub(crate) fn hand_over(&mut self, run: &mut Run) {
        let Some(target) = run.target else { return };
        let (server, orphaned) = (target.host, run.phase == Phase::Orphaned);
        let (message, size) = (run.message, run.size);
        let mut fields = run.received_fields;
        let session_message = run.ordinal_on_connection;
        let announced = run.marks.rcpt.min(self.now);
        let mut accepted = std::mem::take(&mut self.attempts.accepted);
        accepted.clear();
        accepted.extend(
            run.recipients
                .iter()
                .zip(&run.replies)
                .filter(|(_, reply)| reply.is_some_and(crate::mail::Reply::is_positive))
                .map(|(recipient, _)| *recipient),
        );
        let config = self.hosts[server.index()].config;
        let mut octets = size;
        if config.server.adds_received {
            let added = 1 + config.server.options.more_received;
            fields += added;
            octets = Octets(size.0 + u64::from(added) * self.received_octets(run, server));
        }
        for recipient in &accepted {
            let record = &mut self.messages[*recipient];
            if orphaned {
                // The hold of the run passes to the server.
                record.sessions -= 1;
            } else {
                record.holders += 1;
            }
        }
        if config.host().outside {
            self.leave_network(server, fields, &accepted);
            self.attempts.accepted = accepted;
            self.let_orphan_go(run, orphaned, message);
            return;
        }
        let (held, condemned) = self.screened(run, server, &accepted);
        let arrival = Arrival {
            received_fields: fields,
            size: octets,
            age: SimDuration::ZERO,
            session_message,
            announced,
            held,
            condemned,
        };
        self.note_acceptance(server, run);
        self.enqueue(server, message, &accepted, arrival);
        self.attempts.accepted = accepted;
        self.hosts[server.index()].totals.octets_in.0 += size.0;
        self.let_orphan_go(run, orphaned, message);
    }

    fn let_orphan_go(&mut self, run: &mut Run, orphaned: bool, message: MessageId) {
        if orphaned {
            self.messages.release(message);
            self.drop_orphan(run);
        }
    }

    /// The client stops waiting before the server's reply leaves `at` some later time; the server takes
    /// the message all the same (RFC 1047). A run lives on until then, whatever the client does next.
    pub(crate) fn leave_behind(&mut self, run: &mut Run, at: SimTime) {
        let mut orphan = self.attempts.runs.add(run.purpose, run.client, run.number, self.now);
        orphan.findings = run.findings.take();
        orphan.target = run.target;
        orphan.transaction = run.transaction;
        (orphan.message, orphan.size) = (run.message, run.size);
        orphan.received_fields = run.received_fields;
        orphan.ordinal_on_connection = run.ordinal_on_connection;
        orphan.source = run.source;
        orphan.marks = run.marks;
        orphan.recipients.extend_from_slice(&run.recipients);
        orphan.replies.extend_from_slice(&run.replies);
        self.make_orphan(&mut orphan);
        self.schedule_handover(&orphan, at);
        self.attempts.runs.put_back(orphan);
    }

    /// From now on a run is the server's alone; it holds message and recipients until the server
    /// has them.
    pub(crate) fn make_orphan(&mut self, run: &mut Run) {
        run.phase = Phase::Orphaned;
        self.messages[run.message].holders += 1;
        for (recipient, reply) in run.recipients.iter().zip(&run.replies) {
            if reply.is_some_and(crate::mail::Reply::is_positive) {
                let record = &mut self.messages[*recipient];
                record.holders += 1;
                record.sessions += 1;
                self.messages.settle(*recipient, Column::Failed);
            }
        }
    }

    /// The client goes down before it has sent the final dot: the server gets no whole message.
    pub(crate) fn forget_orphan(&mut self, run: &mut Run) {
        let message = run.message;
        let accepted: Vec<RecipientId> = run
            .recipients
            .iter()
            .zip(&run.replies)
            .filter(|(_, reply)| reply.is_some_and(crate::mail::Reply::is_positive))
            .map(|(recipient, _)| *recipient)
            .collect();
        for recipient in accepted {
            self.messages[recipient].sessions -= 1;
            self.let_go(recipient);
        }
        self.messages.release(message);
        self.drop_orphan(run);
    }

    /// Queues a message at `host` for `recipients`, for which the host answers from now on. Some
    /// MTAs queue each destination, or each recipient, on its own.
    pub(crate) fn enqueue(
        &mut self,
        host: HostId,
        message: MessageId,
        recipients: &[RecipientId],
        arrival: Arrival,
    ) {
        let fields = arrival.received_fields;
        for &recipient in recipients {
            self.messages.settle(recipient, Column::Failed);
            let fact =
                Fact::Accepted { recipient, by: host, received_fields: fields, server: true };
            self.state(&fact);
        }
        let home = &mut self.hosts[host.index()];
        home.totals.messages_accepted += 1;
        let made_here = arrival.session_message == 0;
        let wait = if made_here && home.config.queue.sends_notices_at_once() {
            SimDuration::ZERO
        } else {
            time(&self.draws.session, &home.config.server.service.pickup, || {
                [self.messages[message].stream_key(), home.key, SessionDraw::PickUp.number()]
            })
        };
        let wait = wait + arrival.held;
        let home = &self.hosts[host.index()];
        let config = home.config;
        let intake = Intake {
            sender: self.messages[message].sender(),
            announced: arrival.announced,
            session_message: arrival.session_message,
            sessions_open: home.inbound,
        };
        if config.queue.unit() == Unit::Message {
            let entry = self.add_entry(host, message, recipients, &arrival);
            self.let_pick_up(entry, &intake, wait);
            return;
        }
        for entry in self.add_entries(host, message, recipients, &arrival) {
            self.let_pick_up(entry, &intake, wait);
        }
    }

    /// Adds the entries of a message that its host queues in parts.
    #[inline(never)]
    pub(crate) fn add_entries(
        &mut self,
        host: HostId,
        message: MessageId,
        recipients: &[RecipientId],
        arrival: &Arrival,
    ) -> Vec<EntryHandle> {
        let unit = self.hosts[host.index()].config.queue.unit();
        let groups = self.groups(host, recipients, unit);
        groups.iter().map(|group| self.add_entry(host, message, group, arrival)).collect()
    }

    /// Returns the recipients that a host queues together, in the order of their first ones.
    fn groups(
        &self,
        host: HostId,
        recipients: &[RecipientId],
        unit: Unit,
    ) -> Vec<Vec<RecipientId>> {
        if unit == Unit::Recipient {
            return recipients.iter().map(|&recipient| vec![recipient]).collect();
        }
        let mut groups: Vec<Vec<RecipientId>> = Vec::new();
        let mut places: BTreeMap<Destination, usize> = BTreeMap::new();
        for &recipient in recipients {
            let route = self.route_of(host, recipient);
            let place = *places.entry(route).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(recipient);
        }
        groups
    }

    /// Lets the queue manager take notice of an entry after `wait`.
    fn let_pick_up(&mut self, entry: EntryHandle, intake: &Intake, wait: SimDuration) {
        if wait.is_zero() {
            self.pick_up(entry, intake);
        } else {
            self.intakes.insert(entry, *intake);
            self.schedule(self.now + wait, Class::Start, Event::PickUp { entry });
        }
    }

    /// Adds an entry to the queue of `host`, not yet seen by its queue manager.
    #[inline(always)]
    pub(crate) fn add_entry(
        &mut self,
        host: HostId,
        message: MessageId,
        recipients: &[RecipientId],
        arrival: &Arrival,
    ) -> EntryHandle {
        let &Arrival { received_fields, size, age, .. } = arrival;
        let arrived = ArrivalTime::before(self.now, age);
        let state = &mut self.messages[message];
        state.holders += 1;
        let null_sender = state.sender().is_none();
        let state = QueueEntry::new(message, host, arrived, null_sender, size, received_fields);
        let entry = self.entries.insert(state);
        for &recipient in recipients.iter().rev() {
            let destination = self.route_of(host, recipient);
            self.entries.add_recipient(entry, recipient, destination);
        }
        if let Some(verdict) = arrival.condemned {
            self.condemn(entry, verdict);
        }
        let before = self.business[host.index()].entries;
        self.business[host.index()].entries += 1;
        let home = &mut self.hosts[host.index()];
        home.note_queue(before, self.now);
        home.pick_ups += 1;
        if home.config.queue_disk.is_some() {
            home.queued_octets.0 += size.0;
        }
        entry
    }

    /// The time after which the queue manager takes notice of an entry is over.
    pub(crate) fn pick_up_now(&mut self, entry: EntryHandle) {
        let intake = self.intakes.remove(&entry).expect("what waits to be picked up is noted");
        self.pick_up(entry, &intake);
    }

    /// The queue manager takes notice of an entry.
    fn pick_up(&mut self, entry: EntryHandle, intake: &Intake) {
        let Some(state) = self.entries.get(entry) else {
            return;
        };
        let host = state.host;
        self.hosts[host.index()].pick_ups -= 1;
        if self.policies.screens.is_some() && self.ends_in_filter(entry) {
            return;
        }
        self.tell(host, |queue, now, context| queue.arrived(now, entry, intake, context));
        self.note_peak(host);
    }

    pub(crate) fn forget_octets(&mut self, host: HostId, size: Octets) {
        let home = &mut self.hosts[host.index()];
        if home.config.queue_disk.is_some() {
            home.queued_octets.0 = home.queued_octets.0.saturating_sub(size.0);
        }
    }
}
