//! Carrying out what queue managers order.

use std::hint::black_box;

use crate::engine::Class;
use crate::mail::{AttemptOutcome, DomainId, HostId, Mailbox, RecipientId, Stage, Status};
use crate::queue::{Action, Addresses, CopyState, Destination, EntryHandle, FORESEEN, Suspensions};
use crate::trace::{AttemptFact, Fact, FactSink, SessionMarks};
use crate::units::Octets;

use super::connection::Keeper;
use super::event::Event;
use super::messages::{Column, Messages};
use super::run::Purpose;
use super::world::World;

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
    pub(super) fn carry_out(&mut self) {
        self.carrying_out = true;
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
            self.foresee_deliveries();
        }
        self.given.orders.clear();
        self.given.givers.clear();
        self.carrying_out = false;
    }

    /// Looks at what deliveries will ask for that are likely to begin soon: out of a large backlog each
    /// message, its recipient and their story lie outside the caches.
    fn foresee_deliveries(&mut self) {
        let mut recipients = [RecipientId::default(); FORESEEN];
        let mut count = 0;
        for &entry in self.given.orders.soon().iter().take(FORESEEN) {
            // An order carried out meanwhile may have ended it.
            if self.entries.get(entry).is_some()
                && let Some(only) = self.entries.only_copy(entry)
            {
                // Both ends of each, since they may lie in two cache lines.
                let message = &self.messages[self.entries[entry].message];
                black_box((message.sender(), message.holders));
                let recipient = &self.messages[only.recipient];
                black_box((recipient.mailbox, recipient.holders));
                recipients[count] = only.recipient;
                count += 1;
            }
        }
        self.sink.foresee(&recipients[..count]);
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
                    let handle = self.run_of(host, delivery, purpose);
                    self.take_candidates(handle, &within.candidates);
                    self.start_agent(handle);
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
            Action::WriteDown { entry } => self.write_down(entry),
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
            if place.is_multiple_of(FORESEEN) {
                self.foresee_suspensions(run, place);
            }
            let entry = self.given.orders.suspended(run)[place];
            self.state_suspension(host, entry, run.destination, run.status);
        }
    }

    /// Lets the sink know of whom the next suspensions of a run speak.
    fn foresee_suspensions(&mut self, run: Suspensions, next: usize) {
        let entries = &self.given.orders.suspended(run)[next..];
        if entries.len() == 1 {
            return;
        }
        let mut recipients = [RecipientId::default(); FORESEEN];
        let mut count = 0;
        for &entry in entries.iter().take(FORESEEN) {
            if self.entries.get(entry).is_some()
                && let Some(copy) = self.entries.only_copy(entry)
            {
                recipients[count] = copy.recipient;
                count += 1;
            }
        }
        self.sink.foresee(&recipients[..count]);
    }

    /// States that recipients of one entry were put off.
    fn state_suspension(
        &mut self,
        host: HostId,
        entry: EntryHandle,
        destination: Destination,
        status: Status,
    ) {
        self.deliveries += 1;
        let next_attempt =
            self.hosts[host.index()].queue.next_attempt(self.now, entry, &self.entries);
        let mut fact = AttemptFact {
            delivery: self.deliveries,
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
    fn write_down(&mut self, entry: EntryHandle) {
        let done: Vec<RecipientId> = self
            .entries
            .copies(entry)
            .filter(|copy| copy.state == CopyState::Done && copy.destination != Destination::Local)
            .map(|copy| copy.recipient)
            .collect();
        self.entries.drop_finished(entry, false);
        for recipient in done {
            self.let_go(recipient);
        }
    }

    /// An entry is done: the host lets go of the message.
    pub(super) fn remove_entry(&mut self, entry: EntryHandle) {
        let removed = self.entries.remove(entry);
        self.business[removed.host.index()].entries -= 1;
        self.forget_octets(removed.host, removed.size());
        self.messages.release(removed.message);
    }

    /// A copy of `recipient` at a host is no longer held there. If it was the last one and none was
    /// delivered, the recipient has failed as the first copy that was given up.
    pub(super) fn let_go(&mut self, recipient: crate::mail::RecipientId) {
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
    pub(super) fn close_if_over(&mut self, recipient: crate::mail::RecipientId) {
        let record = &self.messages[recipient];
        if record.holders == 0 && record.sessions == 0 && record.readers == 0 {
            self.state(&Fact::Closed { recipient });
            self.forget_junk(recipient);
            self.messages.close(recipient);
        }
    }
}
