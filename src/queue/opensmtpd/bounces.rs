//! Notices leave a second after their cause, so that one notice tells of several recipients.
//!
//! `bounce.c`: `bounce_add` puts a message's notice off to a second from now with each recipient
//! that is added to it, `bounce_drain` waits for the first.

use std::collections::BTreeMap;

use super::Clock;
use super::alarm::Alarm;
use crate::queue::EntryHandle;

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Notice {
    /// Recipients failed or expired.
    Failed,
    /// The message is late.
    Delayed,
}

/// Notices to be sent.
#[derive(Debug, Default)]
pub(super) struct Bounces {
    /// By the order in which they leave; the first are due first.
    pending: BTreeMap<u64, (i64, EntryHandle, Notice)>,
    places: BTreeMap<(EntryHandle, Notice), u64>,
    added: u64,
    pub(super) alarm: Alarm,
}

impl Bounces {
    /// A notice about `entry` is due in a second.
    pub(super) fn add(&mut self, clock: Clock, entry: EntryHandle, notice: Notice) {
        self.added += 1;
        if let Some(before) = self.places.insert((entry, notice), self.added) {
            self.pending.remove(&before);
        }
        self.pending.insert(self.added, (clock.second + 1, entry, notice));
        self.wait(clock);
    }

    fn wait(&mut self, clock: Clock) {
        if let Some((_, &(when, ..))) = self.pending.first_key_value()
            && !self.alarm.is_set()
        {
            self.alarm.set(clock, when);
        }
    }

    /// Returns the next notice whose time has come; sets the timer if there is none.
    pub(super) fn next_due(&mut self, clock: Clock) -> Option<(EntryHandle, Notice)> {
        if let Some(first) = self.pending.first_entry()
            && first.get().0 <= clock.second
        {
            let (_, entry, notice) = first.remove();
            self.places.remove(&(entry, notice));
            return Some((entry, notice));
        }
        self.wait(clock);
        None
    }

    /// Returns whether a notice about `entry` is still to be sent.
    pub(super) fn concern(&self, entry: EntryHandle) -> bool {
        let waits = |notice| self.places.contains_key(&(entry, notice));
        waits(Notice::Failed) || waits(Notice::Delayed)
    }

    /// The server has started with what it had to tell.
    pub(super) fn restart(&mut self, clock: Clock) {
        self.alarm.clear();
        self.pending.values_mut().for_each(|(when, ..)| *when = clock.second + 1);
        self.wait(clock);
    }
}
