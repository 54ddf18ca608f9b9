//! The first and last instant of a run, and who handles which event.

use crate::engine::Class;
use crate::mail::HostId;
use crate::model::Command;
use crate::queue::CopyState;
use crate::trace::{Fact, FactSink, StillOpen};
use crate::units::SimTime;

use super::World;
use super::event::Event;
use super::messages::Column;
use crate::simulation::attempt::run::Phase;

impl<S: FactSink> World<'_, '_, S> {
    /// States the outages, starts the MTAs, and schedules what comes from outside.
    pub(crate) fn begin(&mut self) {
        for fact in std::mem::take(&mut self.ways.faults.facts) {
            self.state(&Fact::Outage(fact));
        }
        self.schedule_faults();
        for index in 0..self.scenario.actions.len() {
            let at = self.scenario.actions[index].at;
            let action = u32::try_from(index).expect("fewer than 2^32 actions");
            self.schedule(at, Class::Fault, Event::Act { action });
        }
        for index in 0..self.hosts.len() {
            let host = HostId::from_index(index);
            self.tell(host, |queue, now, context| queue.start(now, context));
        }
        self.fill_queues();
        for entry in 0..self.sources.len() {
            self.prepare_next(entry);
        }
        self.begin_shadows();
        if !self.scenario.sample_every.is_zero() {
            self.schedule(SimTime::ZERO, Class::Observe, Event::Sample);
        }
    }

    fn schedule_faults(&mut self) {
        for index in 0..self.hosts.len() {
            let host = HostId::from_index(index);
            let crashes: Vec<_> =
                self.ways.faults.crashes[index].entries().iter().map(|entry| entry.0).collect();
            for interval in crashes {
                self.schedule(interval.from, Class::Fault, Event::Down { host });
                self.schedule(interval.to, Class::Fault, Event::Up { host });
            }
        }
    }

    pub(crate) fn dispatch(&mut self, event: Event) {
        match event {
            Event::Compose { entry } => self.compose(entry as usize),
            Event::Outbox { run, number } => {
                self.with_run(run, |world, run| world.submit_again(run, number));
            }
            Event::Timer { host, timer } => {
                self.tell(host, |queue, now, context| queue.timer(now, timer, context));
            }
            Event::PickUp { entry } => self.pick_up_now(entry),
            Event::Proceed { run } => self.with_run(run, Self::proceed),
            // What was to come of a try that its client's crash cut short is void.
            Event::Handover { run, number } => self.with_run(run, |world, run| {
                if run.tries == number {
                    world.hand_over(run);
                }
            }),
            Event::TryEnded { run, number } => self.with_run(run, |world, run| {
                if run.tries == number {
                    world.try_ended(run);
                }
            }),
            Event::GreetingTimeout { run, number } => {
                self.with_run(run, |world, run| world.greeting_timed_out(run, number));
            }
            Event::LocalDone { run } => self.with_run(run, Self::local_done),
            Event::ConnectionExpires { connection } => self.connection_expires(connection),
            Event::Visit { mailbox, reading } => self.visit(mailbox, reading),
            Event::Fetched { recipient, reading } => self.fetched(recipient, reading),
            Event::Down { host } => self.go_down(host),
            Event::Up { host } => self.come_up(host),
            Event::Act { action } => self.act(action as usize),
            Event::Heartbeat { primary } => self.heartbeat(primary),
            Event::Brought { number } => self.brought(number),
            Event::SendPart { number } => self.send_part(number),
            Event::Sample => self.sample(),
        }
    }

    fn act(&mut self, index: usize) {
        let action = &self.scenario.actions[index];
        let host = action.host;
        match &action.what {
            Command::Flush => {
                if self.hosts[host.index()].up {
                    self.tell(host, |queue, now, context| queue.flush(now, context));
                }
            }
            // Stops and starts are among the crashes (see `faults.rs`).
            Command::Stop | Command::Start => {}
            Command::Configure(config) => self.configure(host, config),
        }
    }

    /// States what is left at the end.
    pub(crate) fn end(&mut self) {
        self.state_open_recipients();
        self.state_totals();
        let ledger = self.messages.ledger;
        assert!(ledger.balances(), "the ledger does not balance: {ledger:?}");
        self.state(&Fact::Ledger(ledger));
    }

    fn state_open_recipients(&mut self) {
        let holders = self.holders();
        for (slot, &holder) in holders.iter().enumerate() {
            let Some((recipient, &record)) = self.messages.recipient_in(slot) else { continue };
            let state = match record.column() {
                Column::Queued => StillOpen::Queued,
                Column::InTransit => StillOpen::InTransit,
                Column::Delivered if record.readers > 0 && !record.is_read() => StillOpen::Unread,
                _ => {
                    self.state(&Fact::Closed { recipient });
                    continue;
                }
            };
            let host = match state {
                StillOpen::Unread => self.mailboxes.readers.store(record.mailbox),
                StillOpen::Queued | StillOpen::InTransit => {
                    Some(holder).filter(|host| *host != NOBODY)
                }
            };
            let host = host.expect("somebody has what is left at the end");
            self.state(&Fact::Open { recipient, state, host });
        }
    }

    /// Returns, by recipient slot, a host that holds its message, or [`NOBODY`].
    fn holders(&self) -> Vec<HostId> {
        let mut holders = vec![NOBODY; self.messages.recipient_slots()];
        for run in self.attempts.runs.iter().filter(|run| run.is_submission()) {
            let waiting = run.outbox.iter().chain(&run.postponed).map(|unsent| unsent.message);
            for message in waiting.chain([run.message]) {
                for recipient in self.messages.recipients_of(message) {
                    if self.messages[recipient].in_outbox() {
                        holders[recipient.index()] = run.client;
                    }
                }
            }
        }
        for run in self.attempts.runs.iter().filter(|run| run.phase == Phase::Orphaned) {
            for (recipient, reply) in run.recipients.iter().zip(&run.replies) {
                if reply.is_some_and(crate::mail::Reply::is_positive)
                    && let Some(target) = run.target
                {
                    holders[recipient.index()] = target.host;
                }
            }
        }
        for (handle, entry) in self.entries.iter() {
            for index in self.entries.recipients(handle) {
                let copy = self.entries.copy(index);
                if copy.state != CopyState::Done {
                    holders[copy.recipient.index()] = entry.host;
                }
            }
        }
        holders
    }
}

/// Stands where no host holds a message. No table of hosts has so many rows; four octets each where
/// an `Option` takes eight, when millions wait at the end.
const NOBODY: HostId = HostId(u32::MAX);
