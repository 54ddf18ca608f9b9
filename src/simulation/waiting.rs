//! Mail that lies in queues when the run begins.
//!
//! Its authors handed it in before, so for the figures it is submitted at the first instant, and its
//! server has taken it; how old it is only its server knows.

use crate::mail::{MessageKey, MessageKind, RecipientId};
use crate::queue::{Waiting, plain::Unit};
use crate::trace::{Fact, FactSink};
use crate::units::SimTime;

use super::server::handover::Arrival;
use super::world::World;
use super::world::messages::{Column, Message};

impl<S: FactSink> World<'_, '_, S> {
    /// Puts the mail that waits into the queues, the oldest first.
    pub(super) fn fill_queues(&mut self) {
        let scenario = self.scenario;
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (entry, mail) in scenario.mail.iter().enumerate() {
            all.extend((0..mail.waiting.len()).map(|place| (entry, place)));
        }
        let age = |at: &(usize, usize)| scenario.mail[at.0].waiting[at.1].age;
        all.sort_by_key(|at| std::cmp::Reverse(age(at)));
        for (entry, place) in all {
            self.put_in_queue(entry, place);
        }
    }

    fn put_in_queue(&mut self, entry: usize, place: usize) {
        let mail = &self.scenario.mail[entry];
        let told = &mail.waiting[place];
        let host = mail.submission.server;
        let number = u32::try_from(entry).unwrap_or(u32::MAX);
        let key = MessageKey::Mail { entry: number, ordinal: place as u64 };
        let fields = mail.received_fields;
        let message = Message::new(key, MessageKind::Mail, told.from, told.size, fields);
        let message = self.messages.add(message);
        let mut recipients: Vec<RecipientId> = told
            .to
            .iter()
            .rev()
            .map(|&mailbox| self.create_recipient(host, message, mailbox, None))
            .collect();
        recipients.reverse();
        for &recipient in &recipients {
            self.messages.settle(recipient, Column::Failed);
            let server = true;
            self.state(&Fact::Accepted { recipient, by: host, received_fields: fields, server });
        }
        let arrival =
            Arrival { age: told.age, ..Arrival::made_here(fields, told.size, SimTime::ZERO) };
        let entries = match self.hosts[host.index()].config.queue.unit() {
            Unit::Message => vec![self.add_entry(host, message, &recipients, &arrival)],
            _ => self.add_entries(host, message, &recipients, &arrival),
        };
        for entry in entries {
            self.hosts[host.index()].pick_ups -= 1;
            let waiting = Waiting { entry, sender: told.from, next_try: told.next_try };
            self.tell(host, |queue, now, context| queue.waits(now, &waiting, context));
        }
        self.note_peak(host);
        // The outbox that a new message lies in has let go of it.
        self.messages.release(message);
    }
}
