//! Carrying out what queue managers order.

use crate::engine::Class;
use crate::mail::{AttemptOutcome, DomainId, HostId, Mailbox, RecipientId, Stage, Status};
use crate::queue::{
    Action, Addresses, CopyIndex, CopyState, Destination, EntryHandle, PREFETCHED, Suspensions,
};
use crate::trace::{AttemptFact, Fact, FactSink, SessionMarks};
use crate::units::Octets;

use super::World;
use super::event::Event;
use super::messages::{Column, Messages};
use crate::simulation::attempt::connection::Keeper;
use crate::simulation::attempt::run::Purpose;

impl Addresses for Messages {
    fn address_of(&self, recipient: RecipientId) -> Mailbox {
        self[recipient].mailbox
    }

    fn place_of_domain(&self, domain: DomainId) -> u32 {
        self.names.domains.get(domain.index()).copied().unwrap_or(domain.0)
    }

    fn place_of_host(&self, host: HostId) -> u32 {
        self.names.hosts.get(host.index()).copied().unwrap_or(host.0)
    }
}

impl<S: FactSink> World<'_, '_, S> {
    /// Carries out all orders in the order given; orders that follow from them come after.
    pub(crate) fn carry_out(&mut self) {
        self.given.carrying_out = true;
        // Most come alone.
        while let &[(host, _)] = &self.given.givers[..] {
            let Some(order) = self.given.orders.take_only() else { break };
            self.given.givers.clear();
            self.execute(host, order);
        }
        let (mut next, mut giver) = (0, 0);
        while let Some(&(host, count)) = self.given.givers.get(giver) {
            giver += 1;
            for place in next..next + count {
                let order = self.given.orders.take(place);
                self.execute(host, order);
            }
            next += count;
        }
        if !self.given.orders.soon().is_empty() {
            self.prefetch_deliveries();
        }
        self.given.orders.clear();
        self.given.givers.clear();
        self.given.carrying_out = false;
    }

    fn execute(&mut self, host: HostId, action: Action) {
        match action {
            Action::Deliver { delivery, reuse_connection, keep_connection } => {
                let Some(queued) = self.entries.delivery(delivery) else {
                    return;
                };
                let purpose = Purpose::Delivery {
                    delivery,
                    destination: queued.destination,
                    reuse: reuse_connection,
                    keep: keep_connection,
                    process: None,
                };
                self.begin_delivery(host, purpose);
            }
            Action::DeliverTo { delivery, routed } => {
                let Some(queued) = self.entries.delivery(delivery) else {
                    return;
                };
                let purpose = Purpose::Delivery {
                    delivery,
                    destination: queued.destination,
                    reuse: false,
                    keep: routed.keep_connection,
                    process: None,
                };
                let mut run = self.run_of(host, delivery, purpose);
                self.take_candidates(&mut run, &routed.candidates);
                self.start_agent(&mut run);
                self.attempts.runs.put_back(run);
            }
            Action::DeliverInProcess { delivery, within } => {
                let Some(queued) = self.entries.delivery(delivery) else {
                    return;
                };
                let purpose = Purpose::Delivery {
                    delivery,
                    destination: queued.destination,
                    reuse: false,
                    keep: Some(within.keep_connection),
                    process: Some((within.process, within.connections)),
                };
                if queued.destination == Destination::Local {
                    self.begin_delivery(host, purpose);
                } else {
                    let mut run = self.run_of(host, delivery, purpose);
                    self.take_candidates(&mut run, &within.candidates);
                    self.start_agent(&mut run);
                    self.attempts.runs.put_back(run);
                }
            }
            Action::EndProcess { process } => self.close_kept(host, Keeper::Process(process)),
            Action::Suspended(run) => self.state_suspensions(host, run),
            Action::ReturnFailed { entry } => self.return_failed(host, entry),
            Action::Expire { entry, status } => self.expire(host, entry, status),
            Action::NotifyDelay { entry } => self.notify_delay(host, entry),
            Action::Resubmit { entry } => self.resubmit(host, entry),
            Action::Remove { entry } => self.remove_entry(entry),
            Action::Close { destination } => {
                self.close_kept(host, Keeper::Destination(destination));
            }
            Action::HandOn { from, to } => self.hand_connection_on(host, from, to),
            Action::LookUp { destination, asker } => self.look_up_for(host, destination, asker),
            Action::WriteDown { entry, copies } => self.write_down(entry, &copies),
            Action::Connect { connection, destination, candidate } => {
                self.open_connection(host, connection, destination, candidate);
            }
            Action::Transact { delivery, connection } => {
                self.begin_transaction(host, delivery, Some(connection));
            }
            Action::Quit { connection } => self.quit(host, connection),
            Action::Abandon { delivery, because } => self.abandon(host, delivery, &because),
            Action::Arm { timer, at } => {
                self.schedule(at, Class::Start, Event::Timer { host, timer });
            }
        }
    }

    /// Routes the pending recipients of an entry anew.
    fn resubmit(&mut self, host: HostId, entry: EntryHandle) {
        if self.entries.get(entry).is_none() {
            return;
        }
        let mut next = self.entries[entry].first;
        while let Some(index) = next {
            let copy = self.entries.copy(index);
            next = copy.next;
            if copy.state == CopyState::Pending {
                let route = self.route_of(host, copy.recipient);
                self.entries.set_destination(index, route);
            }
        }
        self.tell(host, |queue, now, context| queue.resubmitted(now, entry, context));
    }

    /// States that recipients were put off without network activity: by the thousand, when a site is
    /// found dead.
    fn state_suspensions(&mut self, host: HostId, run: Suspensions) {
        for place in 0..run.count() {
            if place.is_multiple_of(PREFETCHED) {
                self.prefetch_suspensions(run, place);
            }
            let entry = self.given.orders.suspended(run)[place];
            self.state_suspension(host, entry, run.destination, run.status);
        }
    }

    /// States that recipients of one entry were put off.
    fn state_suspension(
        &mut self,
        host: HostId,
        entry: EntryHandle,
        destination: Destination,
        status: Status,
    ) {
        self.attempts.deliveries += 1;
        let next_attempt =
            self.hosts[host.index()].queue.next_attempt(self.now, entry, &self.entries);
        let mut fact = AttemptFact {
            delivery: self.attempts.deliveries,
            recipient: crate::mail::RecipientId(0),
            from: host,
            to: None,
            address: None,
            source: None,
            preference: None,
            started: self.now,
            ended: self.now,
            stage: Stage::Suspended,
            outcome: AttemptOutcome::Suspended,
            reply: None,
            status,
            next_attempt,
            marks: SessionMarks::NONE,
            transaction: 0,
            recipients: 0,
            port: 25,
            octets: Octets(0),
        };
        let mut next = self.entries.first_suspended(entry, destination);
        while let Some(index) = next {
            next = self.entries.next_alike(index);
            if let Some(recipient) = self.entries.take_suspended(index, destination) {
                fact.recipient = recipient;
                self.hosts[host.index()].totals.suspensions += 1;
                self.sink.fact(self.now, &Fact::Attempt(fact), &self.messages);
            }
        }
    }

    /// What an entry's processes have handed over leaves the queue.
    fn write_down(&mut self, entry: EntryHandle, copies: &[CopyIndex]) {
        let done: Vec<RecipientId> =
            copies.iter().map(|&copy| self.entries.copy(copy).recipient).collect();
        self.entries.drop_finished(entry);
        for recipient in done {
            self.let_go(recipient);
        }
    }

    /// An entry is done: the host lets go of the message.
    pub(crate) fn remove_entry(&mut self, entry: EntryHandle) {
        let removed = self.entries.remove(entry);
        let before = self.business[removed.host.index()].entries;
        self.business[removed.host.index()].entries -= 1;
        self.hosts[removed.host.index()].note_queue(before, self.now);
        self.forget_octets(removed.host, removed.size());
        self.messages.release(removed.message);
    }

    /// A copy of `recipient` at a host is no longer held there. If it was the last one and none was
    /// delivered, the recipient has failed as the first copy that was given up.
    pub(crate) fn let_go(&mut self, recipient: crate::mail::RecipientId) {
        let record = &mut self.messages[recipient];
        record.holders -= 1;
        let mut column = Column::Delivered;
        if record.holders == 0 && record.delivered == 0 {
            let given_up = self.messages.given_up.remove(&recipient);
            let given_up = given_up.expect("a message that nobody has was given up");
            column = given_up.column;
            self.state(&Fact::Final {
                recipient,
                host: given_up.host,
                outcome: given_up.outcome,
                status: given_up.status,
                received_fields: given_up.received_fields,
                duplicate: false,
            });
        }
        self.messages.settle(recipient, column);
        self.close_if_over(recipient);
    }

    /// Ends the story of a recipient that nobody holds, carries or will read.
    pub(crate) fn close_if_over(&mut self, recipient: crate::mail::RecipientId) {
        let record = &self.messages[recipient];
        if record.holders == 0 && record.sessions == 0 && record.readers == 0 {
            self.state(&Fact::Closed { recipient });
            self.forget_junk(recipient);
            self.messages.close(recipient);
        }
    }
}
