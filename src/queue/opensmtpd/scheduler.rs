//! When each envelope is tried, expires, or waits in a hold queue.
//!
//! `scheduler_ramqueue.c` (`scheduler_next`, `scheduler_ram_update`, `_hold`, `_release`,
//! `_schedule`, `rq_queue_schedule`) and `scheduler.c` (`scheduler_timeout`, delay notices).

use std::collections::{BTreeMap, BTreeSet};

use crate::units::SimTime;

use super::alarm::Alarm;
use super::settings::{Settings, seconds};
use super::{Clock, EnvelopeId};
use crate::queue::{CopyIndex, Destination, EntryHandle};

/// Where an envelope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waiting for its time.
    Pending,
    /// With an agent.
    InFlight,
    /// In the hold queue of a relay.
    Held(Destination),
}

/// What the scheduler knows of an envelope.
#[derive(Debug, Clone, Copy)]
struct Envelope {
    destination: Destination,
    /// Where its recipient lies in the queue.
    copy: CopyIndex,
    creation: i64,
    /// Failures so far.
    retry: i64,
    /// When it is to be tried.
    schedule: i64,
    last_notice: i64,
    state: State,
    /// If set, it is not tried when due but given a new time, by this base.
    renewed_by: Option<i64>,
    /// Stands for the number that the server draws for it, which decides among equals.
    rank: (u64, u64),
}

/// What the scheduler knows of a message.
#[derive(Debug, Default)]
struct Message {
    /// When it came: all its envelopes are as old.
    creation: i64,
    envelopes: u32,
    /// Of those in flight; without any it waits.
    in_flight: u32,
    /// Of those under way, if it has several, how many have failed so often and go to such a
    /// destination: when the first of them will be tried again is asked at each failure.
    under_way: BTreeMap<(i64, bool), u32>,
}

/// What is to be done with an envelope whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Deliver(EnvelopeId, Destination),
    Expire(EnvelopeId),
}

/// What a temporary failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Postponed {
    /// When it is tried again.
    pub(super) until: i64,
    /// Whether a delay notice is due.
    pub(super) warns: bool,
}

/// Most envelopes in a hold queue (`HOLDQ_MAXSIZE`).
const HOLD_QUEUE: usize = 1000;
/// Base of the back-off of those beyond (`BACKOFF_OVERFLOW`) \[s\].
const BACKOFF_OVERFLOW: i64 = 3;

/// The scheduler of one host.
#[derive(Debug, Default)]
pub(super) struct Scheduler {
    envelopes: BTreeMap<EnvelopeId, Envelope>,
    /// Pending envelopes by the second in which something is to be done.
    pending: BTreeSet<(i64, (u64, u64), EnvelopeId)>,
    held: BTreeMap<Destination, Vec<EnvelopeId>>,
    in_flight: u32,
    messages: BTreeMap<EntryHandle, Message>,
    active: u64,
    pub(super) alarm: Alarm,
    /// Whether something has happened since it last looked what is due: any news makes it look.
    pub(super) touched: bool,
}

impl Scheduler {
    /// Takes a new envelope.
    pub(super) fn insert(
        &mut self,
        id: EnvelopeId,
        (copy, destination): (CopyIndex, Destination),
        creation: i64,
        rank: (u64, u64),
        settings: &Settings,
    ) {
        let envelope = Envelope {
            destination,
            copy,
            creation,
            retry: 0,
            schedule: creation,
            last_notice: i64::MIN,
            state: State::Pending,
            renewed_by: None,
            rank,
        };
        self.envelopes.insert(id, envelope);
        let message = self.messages.entry(id.entry).or_default();
        message.envelopes += 1;
        message.creation = creation;
        self.pend(id, settings);
        self.touched = true;
    }

    /// An envelope, just inserted, has been here since its creation: it has failed as often as the
    /// schedule lets it by now, and has been told of.
    pub(super) fn set_past(
        &mut self,
        clock: Clock,
        id: EnvelopeId,
        next_try: Option<i64>,
        settings: &Settings,
    ) {
        self.unpend(id, settings);
        let envelope = self.envelopes.get_mut(&id).expect("just inserted");
        let base = base(envelope.destination, settings);
        let mut tried = envelope.creation;
        while tried <= clock.second {
            envelope.retry += 1;
            tried = next(envelope.creation, base, envelope.retry, tried);
        }
        envelope.schedule = next_try.unwrap_or(tried);
        let told = settings.bounce_warn.iter().map(|age| envelope.creation + seconds(*age));
        envelope.last_notice = told.filter(|&at| at <= clock.second).max().unwrap_or(i64::MIN);
        self.pend(id, settings);
    }

    /// The server has started: all are pending, at the time of their next try.
    pub(super) fn restart(&mut self, settings: &Settings) {
        self.pending.clear();
        self.held.clear();
        (self.in_flight, self.active) = (0, 0);
        for message in self.messages.values_mut() {
            message.in_flight = 0;
            message.under_way.clear();
        }
        let ids: Vec<EnvelopeId> = self.envelopes.keys().copied().collect();
        for id in ids {
            let envelope = self.envelopes.get_mut(&id).expect("just listed");
            envelope.state = State::Pending;
            envelope.renewed_by = None;
            let base = base(envelope.destination, settings);
            envelope.schedule = backoff(envelope.creation, base, envelope.retry);
            self.pend(id, settings);
        }
        self.touched = true;
    }

    fn pend(&mut self, id: EnvelopeId, settings: &Settings) {
        let envelope = &self.envelopes[&id];
        self.pending.insert((key(envelope, settings), envelope.rank, id));
    }

    fn unpend(&mut self, id: EnvelopeId, settings: &Settings) {
        let envelope = &self.envelopes[&id];
        self.pending.remove(&(key(envelope, settings), envelope.rank, id));
    }

    /// Returns the next envelope with which something is to be done now; sets the timer if there
    /// is none.
    pub(super) fn next_due(&mut self, clock: Clock, settings: &Settings) -> Option<Due> {
        self.touched = false;
        while let Some(&(when, _, id)) = self.pending.first() {
            if when > clock.second {
                self.alarm.set(clock, when);
                return None;
            }
            if self.in_flight >= settings.max_inflight {
                break;
            }
            self.pending.pop_first();
            let envelope = self.envelopes.get_mut(&id).expect("what is pending exists");
            if envelope.creation + seconds(settings.ttl) <= clock.second {
                return Some(Due::Expire(id));
            }
            if let Some(base) = envelope.renewed_by.take() {
                envelope.schedule = next(envelope.creation, base, 0, clock.second);
                self.pend(id, settings);
                continue;
            }
            envelope.state = State::InFlight;
            let destination = envelope.destination;
            self.depart(id.entry);
            return Some(Due::Deliver(id, destination));
        }
        self.alarm.clear();
        None
    }

    fn depart(&mut self, entry: EntryHandle) {
        self.in_flight += 1;
        let message = self.messages.entry(entry).or_default();
        message.in_flight += 1;
        self.active += u64::from(message.in_flight == 1);
    }

    fn come_back(&mut self, entry: EntryHandle) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(message) = self.messages.get_mut(&entry) {
            message.in_flight = message.in_flight.saturating_sub(1);
            self.active -= u64::from(message.in_flight == 0);
        }
        self.touched = true;
    }

    /// An envelope in flight has failed for now: `scheduler_ram_update` and, for the notice,
    /// `scheduler_imsg` (`IMSG_QUEUE_DELIVERY_TEMPFAIL`).
    pub(super) fn postpone(
        &mut self,
        clock: Clock,
        id: EnvelopeId,
        settings: &Settings,
    ) -> Postponed {
        let envelope = self.envelopes.get_mut(&id).expect("what is in flight exists");
        envelope.retry += 1;
        let base = base(envelope.destination, settings);
        envelope.schedule = next(envelope.creation, base, envelope.retry, clock.second);
        envelope.state = State::Pending;
        let until = envelope.schedule;
        let reached = settings.bounce_warn.iter().map(|age| envelope.creation + seconds(*age));
        let last = envelope.last_notice;
        let notice = reached.into_iter().find(|&at| until >= at && last < at);
        envelope.last_notice = notice.unwrap_or(last);
        self.pend(id, settings);
        self.come_back(id.entry);
        Postponed { until, warns: notice.is_some() }
    }

    /// An envelope is done with, one way or another.
    pub(super) fn remove(&mut self, id: EnvelopeId) {
        if let Some(envelope) = self.envelopes.remove(&id) {
            if let Some(message) = self.messages.get_mut(&id.entry) {
                message.envelopes -= 1;
            }
            if envelope.state == State::InFlight {
                self.come_back(id.entry);
            }
        }
        self.touched = true;
    }

    /// Returns where the recipient of an envelope lies in the queue.
    pub(super) fn copy_of(&self, id: EnvelopeId) -> Option<CopyIndex> {
        self.envelopes.get(&id).map(|envelope| envelope.copy)
    }

    /// Returns whether an envelope of a message is left.
    pub(super) fn is_open(&self, entry: EntryHandle) -> bool {
        self.messages.get(&entry).is_some_and(|message| message.envelopes > 0)
    }

    /// Envelopes of a message with several recipients are under way from now on, or no longer are.
    pub(super) fn note_under_way(&mut self, ids: impl Iterator<Item = EnvelopeId>, begin: bool) {
        for id in ids {
            let Some(envelope) = self.envelopes.get(&id) else { continue };
            let Some(message) = self.messages.get_mut(&id.entry) else { continue };
            if !begin && message.under_way.is_empty() {
                continue;
            }
            let kind = (envelope.retry, envelope.destination == Destination::Local);
            let count = message.under_way.entry(kind).or_default();
            *count = if begin { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                message.under_way.remove(&kind);
            }
        }
    }

    /// Nothing is left of a message.
    pub(super) fn forget_message(&mut self, entry: EntryHandle) {
        self.messages.remove(&entry);
    }

    /// The relay has enough to do: the envelope is held until released (`scheduler_ram_hold`). If
    /// too many are, it is tried again on a schedule of its own.
    pub(super) fn hold(&mut self, id: EnvelopeId, relay: Destination, settings: &Settings) {
        let held = self.held.entry(relay).or_default();
        let envelope = self.envelopes.get_mut(&id).expect("what is in flight exists");
        if held.len() >= HOLD_QUEUE {
            envelope.state = State::Pending;
            envelope.renewed_by = Some(BACKOFF_OVERFLOW);
            self.pend(id, settings);
        } else {
            envelope.state = State::Held(relay);
            held.push(id);
        }
        self.come_back(id.entry);
    }

    /// Releases held envelopes, the last ones first; `limit` none: all (`scheduler_ram_release`).
    /// If the relay has `failed`, they get a new time as if they had been tried.
    pub(super) fn release(
        &mut self,
        relay: Destination,
        limit: Option<u32>,
        failed: bool,
        settings: &Settings,
    ) {
        self.touched = true;
        let Some(held) = self.held.get_mut(&relay) else {
            return;
        };
        let count = limit.map_or(held.len(), |limit| held.len().min(limit as usize));
        let released = held.split_off(held.len() - count);
        if held.is_empty() {
            self.held.remove(&relay);
        }
        for id in released {
            let envelope = self.envelopes.get_mut(&id).expect("what is held exists");
            envelope.state = State::Pending;
            envelope.renewed_by = failed.then(|| base(envelope.destination, settings));
            self.pend(id, settings);
        }
    }

    /// An envelope is to be tried now, unless it is (`scheduler_ram_schedule`).
    pub(super) fn schedule(&mut self, clock: Clock, id: EnvelopeId, settings: &Settings) {
        let Some(envelope) = self.envelopes.get(&id) else {
            return;
        };
        match envelope.state {
            State::InFlight => return,
            State::Pending => self.unpend(id, settings),
            State::Held(relay) => {
                if let Some(held) = self.held.get_mut(&relay) {
                    held.retain(|other| *other != id);
                }
            }
        }
        let envelope = self.envelopes.get_mut(&id).expect("it exists");
        envelope.state = State::Pending;
        envelope.schedule = clock.second;
        self.pend(id, settings);
        self.touched = true;
    }

    /// Everything is to be tried now.
    pub(super) fn schedule_all(&mut self, clock: Clock, settings: &Settings) {
        let ids: Vec<EnvelopeId> = self.envelopes.keys().copied().collect();
        ids.into_iter().for_each(|id| self.schedule(clock, id, settings));
    }

    /// Returns when an envelope in flight would be tried next if it failed now; none if it would
    /// expire before.
    pub(super) fn would_retry(
        &self,
        clock: Clock,
        id: EnvelopeId,
        settings: &Settings,
    ) -> Option<SimTime> {
        let envelope = self.envelopes.get(&id)?;
        let base = base(envelope.destination, settings);
        let at = next(envelope.creation, base, envelope.retry + 1, clock.second);
        lasting(at, envelope.creation, settings)
    }

    /// The same of the first envelope of a message that would be tried, of those noted as under way.
    pub(super) fn would_retry_first(
        &self,
        clock: Clock,
        entry: EntryHandle,
        settings: &Settings,
    ) -> Option<SimTime> {
        let &Message { creation, ref under_way, .. } = self.messages.get(&entry)?;
        let times = under_way.keys().filter_map(|&(retry, local)| {
            let base =
                seconds(if local { settings.backoff_delivery } else { settings.backoff_transfer });
            lasting(next(creation, base, retry + 1, clock.second), creation, settings)
        });
        times.min()
    }

    /// Returns the rank of an envelope's message among others.
    pub(super) fn rank(&self, id: EnvelopeId) -> u64 {
        self.envelopes.get(&id).map_or(0, |envelope| envelope.rank.0)
    }

    /// Returns how many messages are with an agent, and how many wait.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.active, self.messages.len() as u64 - self.active)
    }
}

/// Returns the time of a try, unless the envelope expires before.
fn lasting(at: i64, creation: i64, settings: &Settings) -> Option<SimTime> {
    let lasts = at < creation + seconds(settings.ttl);
    u64::try_from(at).ok().filter(|_| lasts).map(SimTime::from_secs)
}

/// Returns when something is to be done with a pending envelope.
fn key(envelope: &Envelope, settings: &Settings) -> i64 {
    envelope.schedule.min(envelope.creation + seconds(settings.ttl))
}

fn base(destination: Destination, settings: &Settings) -> i64 {
    seconds(match destination {
        Destination::Local => settings.backoff_delivery,
        _ => settings.backoff_transfer,
    })
}

/// `scheduler_backoff`.
fn backoff(creation: i64, base: i64, step: i64) -> i64 {
    creation.saturating_add(base.saturating_mul(step.saturating_mul(step)))
}

/// `scheduler_next`: the first time after `now` on the quadratic grid, from `step` on.
fn next(creation: i64, base: i64, step: i64, now: i64) -> i64 {
    // Beyond this step a base of a second or more lies in the future.
    let last = step.max(now.saturating_sub(creation).max(0) + 1);
    (step..=last)
        .map(|step| backoff(creation, base.max(1), step))
        .find(|&at| at > now)
        .unwrap_or(i64::MAX / 2)
}
