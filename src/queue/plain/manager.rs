//! The queue manager of the plain schedule.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;

use crate::mail::Status;
use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::list::{DeliveryList, EntryList};
use super::super::round::{conclude, next_destination};
use super::super::{
    Action, Context, Destination, EntryHandle, QueueEntries, QueueEntry, QueueLengths,
    QueueManager, QueueSettings, Report, Timer,
};
use super::settings::Settings;

/// Deliveries to one destination.
#[derive(Debug, Default)]
struct Lane {
    busy: u32,
    waiting: DeliveryList,
}

/// The queue manager of one host with a plain schedule.
#[derive(Debug)]
pub struct Plain {
    settings: Settings,
    local_processes: Option<u32>,
    running: bool,
    active: u64,
    /// Waiting entries by the time they are due.
    deferred: BTreeSet<(SimTime, EntryHandle)>,
    lanes: BTreeMap<Destination, Lane>,
    resting: EntryList,
}

impl Plain {
    /// Returns the queue manager with `settings`; `remote` replaces the limit of deliveries at
    /// once to one destination, `local` limits those into local mailboxes.
    #[must_use]
    pub fn new(mut settings: Settings, remote: Option<u32>, local: Option<u32>) -> Self {
        settings.concurrency = remote.or(settings.concurrency);
        Self {
            settings,
            local_processes: local,
            running: false,
            active: 0,
            deferred: BTreeSet::new(),
            lanes: BTreeMap::new(),
            resting: EntryList::default(),
        }
    }

    /// Returns the gap after round `rounds` (from 1).
    fn gap(&self, rounds: u32) -> SimDuration {
        let index = (rounds.max(1) as usize - 1).min(self.settings.gaps.len().saturating_sub(1));
        self.settings.gaps.get(index).copied().unwrap_or(SimDuration::from_minutes(30))
    }

    fn lifetime(&self, entry: &QueueEntry) -> SimDuration {
        if entry.null_sender { self.settings.notice_lifetime } else { self.settings.lifetime }
    }

    fn limit(&self, destination: Destination) -> u32 {
        let limit = match destination {
            Destination::Local => self.local_processes,
            _ => self.settings.concurrency,
        };
        limit.unwrap_or(u32::MAX)
    }

    fn take_up(&mut self, entry: EntryHandle, context: &mut Context<'_>) {
        self.active += 1;
        let state = &mut context.entries[entry];
        state.rounds += 1;
        (state.deferred, state.active) = (false, true);
        let mut before = None;
        while let Some(destination) = next_destination(context, entry, before) {
            let limit = match destination {
                Destination::Local => 1,
                _ => self.settings.recipient_limit.max(1),
            };
            let delivery = context.entries.assign(entry, destination, limit);
            let lane = self.lanes.entry(destination).or_default();
            lane.waiting.push_back(context.entries, delivery);
            // Stay with this destination until none of its recipients is left.
            if next_destination(context, entry, before) != Some(destination) {
                before = Some(destination);
            }
        }
        self.dispatch(context);
    }

    /// Begins what may begin.
    fn dispatch(&mut self, context: &mut Context<'_>) {
        let destinations: Vec<Destination> = self.lanes.keys().copied().collect();
        for destination in destinations {
            let limit = self.limit(destination);
            let Some(lane) = self.lanes.get_mut(&destination) else {
                continue;
            };
            while lane.busy < limit {
                let Some(delivery) = lane.waiting.pop_front(context.entries) else {
                    break;
                };
                lane.busy += 1;
                context.actions.push(Action::Deliver {
                    delivery,
                    reuse_connection: false,
                    keep_connection: None,
                });
            }
            if lane.busy == 0 && lane.waiting.is_empty() {
                self.lanes.remove(&destination);
            }
        }
    }

    fn round_over(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.active -= 1;
        context.entries[entry].active = false;
        if !conclude(context, entry) {
            return;
        }
        let state = context.entries[entry];
        let age = now.since(state.arrived);
        if age >= self.lifetime(&state) {
            context.actions.push(Action::Expire { entry, status: Some(Status::EXPIRED) });
            return;
        }
        if self.settings.delay_notice.is_some_and(|notice| age >= notice) && !state.warned {
            context.entries[entry].warned = true;
            context.actions.push(Action::NotifyDelay { entry });
        }
        let due = now + self.gap(state.rounds) + jitter(self.settings.jitter, context.random);
        context.entries[entry].due = due;
        context.entries.drop_finished(entry, false);
        self.deferred.insert((due, entry));
        let timer = Timer::Message { entry, round: state.rounds };
        context.actions.push(Action::Arm { timer, at: due });
    }
}

fn jitter(bound: SimDuration, random: &mut ChaCha8Rng) -> SimDuration {
    if bound == SimDuration::ZERO {
        return SimDuration::ZERO;
    }
    SimDuration::from_nanos(random.below(bound.as_nanos() + 1))
}

impl QueueManager for Plain {
    fn start(&mut self, _now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        while let Some(entry) = self.resting.pop_front(context.entries) {
            self.take_up(entry, context);
        }
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        for mut lane in std::mem::take(&mut self.lanes).into_values() {
            while let Some(delivery) = lane.waiting.pop_front(context.entries) {
                context.entries.release(delivery);
            }
        }
        self.active = 0;
        for entry in context.entries.active_at(context.host) {
            context.entries[entry].active = false;
            self.resting.push_back(context.entries, entry);
        }
    }

    fn arrived(&mut self, _now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        if self.running {
            self.take_up(entry, context);
        } else {
            self.resting.push_back(context.entries, entry);
        }
    }

    fn timer(&mut self, _now: SimTime, timer: Timer, context: &mut Context<'_>) {
        let Timer::Message { entry, round } = timer else {
            return;
        };
        let Some(state) = context.entries.get(entry) else {
            return;
        };
        if state.rounds != round {
            return;
        }
        self.deferred.remove(&(state.due, entry));
        if self.running {
            self.take_up(entry, context);
        } else {
            // The timer came while the MTA was down: due when it starts.
            context.entries[entry].rounds += 1;
            self.resting.push_back(context.entries, entry);
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let destination =
            context.entries.delivery(report.delivery).expect("it has just ended").destination;
        if let Some(lane) = self.lanes.get_mut(&destination) {
            lane.busy -= 1;
        }
        let entry = context.entries.release(report.delivery);
        if context.entries[entry].outstanding == 0 {
            self.round_over(now, entry, context);
        }
        self.dispatch(context);
    }

    fn flush(&mut self, _now: SimTime, context: &mut Context<'_>) {
        // Every waiting message is due now; its old timer is void because its round moves on.
        for (_, entry) in std::mem::take(&mut self.deferred) {
            self.take_up(entry, context);
        }
    }

    fn configure(&mut self, settings: &QueueSettings) {
        if let QueueSettings::Plain(settings) = settings {
            self.settings = settings.clone();
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let state = entries.get(entry)?;
        if now.since(state.arrived) >= self.lifetime(state) {
            return None;
        }
        Some(now + self.gap(state.rounds))
    }

    fn lengths(&self) -> QueueLengths {
        QueueLengths {
            incoming: self.resting.len(),
            active: self.active,
            deferred: self.deferred.len() as u64,
        }
    }
}
