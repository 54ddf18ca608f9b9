//! Timers on a clock of whole seconds.
//!
//! Everything in OpenSMTPD reads `time(NULL)` and sleeps for a whole number of seconds (`runq.c`,
//! `scheduler.c`, `bounce.c`). So what is due in second S happens in that second at the fraction at
//! which the timer was last set, and waits that follow each other keep it.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::{SimDuration, SimTime};

use super::Clock;

/// One timer of the event loop.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    due: Option<SimTime>,
    number: u64,
    changed: bool,
}

impl Alarm {
    /// Sets the timer to go off in second `second`, at once if that is not to come.
    pub(super) fn set(&mut self, clock: Clock, second: i64) {
        let wait = u64::try_from(second.saturating_sub(clock.second)).unwrap_or(0);
        self.due = Some(clock.now.saturating_add(SimDuration::from_secs(wait)));
        self.changed = true;
    }

    pub(super) fn clear(&mut self) {
        self.due = None;
        self.changed = true;
    }

    pub(super) fn is_set(&self) -> bool {
        self.due.is_some()
    }

    /// Returns when it is to go off if nobody has been told yet, and notes the number by which it
    /// will be known; earlier numbers are void.
    pub(super) fn arm(&mut self, next_number: &mut u64) -> Option<(u64, SimTime)> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        *next_number += 1;
        self.number = *next_number;
        self.due.map(|due| (self.number, due))
    }

    /// Returns whether this is the timer that goes off as `number`, and clears it.
    pub(super) fn goes_off(&mut self, number: u64) -> bool {
        let mine = self.number == number && self.due.is_some() && !self.changed;
        if mine {
            self.due = None;
        }
        mine
    }
}

/// Jobs by the second in which they are due, with one timer for the first (`runq.c`).
#[derive(Debug)]
pub(super) struct RunQueue<J> {
    /// In order; of the same second in the order in which they were added.
    jobs: BTreeMap<(i64, u64), J>,
    /// The same by job: a host with thousands of destinations takes a job out as often as it adds one.
    by_job: BTreeSet<(J, i64, u64)>,
    added: u64,
    pub(super) alarm: Alarm,
    /// Whether jobs are being run; the timer is then set only at the end.
    running: bool,
}

impl<J> Default for RunQueue<J> {
    fn default() -> Self {
        Self {
            jobs: BTreeMap::new(),
            by_job: BTreeSet::new(),
            added: 0,
            alarm: Alarm::default(),
            running: false,
        }
    }
}

impl<J: Copy + Ord> RunQueue<J> {
    /// Adds a job, behind others of the same second.
    pub(super) fn schedule(&mut self, clock: Clock, second: i64, job: J) {
        self.added += 1;
        let key = (second, self.added);
        self.jobs.insert(key, job);
        self.by_job.insert((job, second, self.added));
        if self.jobs.first_key_value().is_some_and(|(first, _)| *first == key) {
            self.reset(clock);
        }
    }

    /// Takes a job out.
    pub(super) fn cancel(&mut self, clock: Clock, job: J) {
        let Some(&(first, second, added)) = self.by_job.range((job, i64::MIN, 0)..).next() else {
            return;
        };
        if first != job {
            return;
        }
        let was_next = self.jobs.first_key_value().is_some_and(|(key, _)| *key == (second, added));
        self.by_job.remove(&(job, second, added));
        self.jobs.remove(&(second, added));
        if was_next {
            self.reset(clock);
        }
    }

    /// Returns the next job that is due; call until there is none.
    pub(super) fn next_due(&mut self, clock: Clock) -> Option<J> {
        self.running = true;
        if self.jobs.first_key_value().is_some_and(|((when, _), _)| *when <= clock.second)
            && let Some(((when, added), job)) = self.jobs.pop_first()
        {
            self.by_job.remove(&(job, when, added));
            return Some(job);
        }
        self.running = false;
        self.reset(clock);
        None
    }

    fn reset(&mut self, clock: Clock) {
        if self.running {
            return;
        }
        match self.jobs.first_key_value() {
            Some(((when, _), _)) => self.alarm.set(clock, *when),
            None => self.alarm.clear(),
        }
    }
}
