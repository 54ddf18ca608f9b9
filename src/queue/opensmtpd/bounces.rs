//! Notices leave a second after their cause, so that one notice tells of several recipients.
//!
//! `bounce.c`: `bounce_add` puts a message's notice off to a second from now with each recipient
//! that is added to it, `bounce_drain` waits for the first.

use std::collections::VecDeque;

use super::Clock;
use super::alarm::Alarm;
use crate::queue::EntryHandle;

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// Recipients failed or expired.
    Failed,
    /// The message is late.
    Delayed,
}

/// Notices to be sent.
#[derive(Debug, Default)]
pub(super) struct Bounces {
    pending: VecDeque<(i64, EntryHandle, Notice)>,
    pub(super) alarm: Alarm,
}

impl Bounces {
    /// A notice about `entry` is due in a second.
    pub(super) fn add(&mut self, clock: Clock, entry: EntryHandle, notice: Notice) {
        self.pending.retain(|(_, other, kind)| (*other, *kind) != (entry, notice));
        self.pending.push_back((clock.second + 1, entry, notice));
        self.wait(clock);
    }

    fn wait(&mut self, clock: Clock) {
        if let Some(&(when, ..)) = self.pending.front()
            && !self.alarm.is_set()
        {
            self.alarm.set(clock, when);
        }
    }

    /// Returns the next notice whose time has come; sets the timer if there is none.
    pub(super) fn next_due(&mut self, clock: Clock) -> Option<(EntryHandle, Notice)> {
        let due = self.pending.iter().position(|(when, ..)| *when <= clock.second);
        if let Some((_, entry, notice)) = due.and_then(|place| self.pending.remove(place)) {
            return Some((entry, notice));
        }
        self.wait(clock);
        None
    }

    /// Returns whether a notice about `entry` is still to be sent.
    pub(super) fn concern(&self, entry: EntryHandle) -> bool {
        self.pending.iter().any(|(_, other, _)| *other == entry)
    }

    /// The server has started with what it had to tell.
    pub(super) fn restart(&mut self, clock: Clock) {
        self.alarm.clear();
        self.pending.iter_mut().for_each(|(when, ..)| *when = clock.second + 1);
        self.wait(clock);
    }
}
