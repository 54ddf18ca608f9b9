//! Delivery threads: how many messages are tried at once, and who is next.

use super::super::list::EntryList;
use super::super::{EntryHandle, QueueEntries};
use super::settings::{Order, Settings};

/// The threads of one host and the messages that wait for one.
#[derive(Debug, Default)]
pub(super) struct Threads {
    busy: u32,
    busy_with_retries: u32,
    /// Messages never tried; or all, where nobody tells them apart.
    first: EntryList,
    /// Messages tried before.
    retries: EntryList,
}

impl Threads {
    /// An entry waits for a thread.
    pub(super) fn join(
        &mut self,
        entries: &mut QueueEntries,
        entry: EntryHandle,
        settings: &Settings,
    ) {
        let apart = settings.order == Order::NeverTriedFirst || settings.retry_threads.is_some();
        if apart && entries.history(entry).failures > 0 {
            self.retries.push_back(entries, entry);
        } else {
            self.first.push_back(entries, entry);
        }
    }

    /// Returns the next entry, if a thread is free for it; it is busy from now on.
    pub(super) fn next(
        &mut self,
        entries: &mut QueueEntries,
        settings: &Settings,
    ) -> Option<EntryHandle> {
        if settings.threads.is_some_and(|threads| self.busy >= threads) {
            return None;
        }
        let may_retry = settings.retry_threads.is_none_or(|most| self.busy_with_retries < most);
        let entry = match self.first.pop_front(entries) {
            Some(entry) => entry,
            None if may_retry => self.retries.pop_front(entries)?,
            None => return None,
        };
        self.busy += 1;
        self.busy_with_retries += u32::from(entries.history(entry).failures > 0);
        Some(entry)
    }

    /// A thread has done with an entry. Call before its failure is counted.
    pub(super) fn leave(&mut self, entries: &QueueEntries, entry: EntryHandle) {
        self.busy -= 1;
        self.busy_with_retries -= u32::from(entries.history(entry).failures > 0);
    }
}

/// Puts the entries that one look found due into the order in which they are taken up; they come in
/// the order in which they were due.
pub(super) fn sort(found: &mut [EntryHandle], entries: &QueueEntries, order: Order) {
    match order {
        Order::Arrival => {}
        Order::SmallestFirst => found.sort_by_key(|&entry| {
            let state = &entries[entry];
            (state.size(), entries.history(entry).failures, state.arrived, state.message)
        }),
        Order::NeverTriedFirst => found.sort_by_key(|&entry| {
            let state = &entries[entry];
            (entries.history(entry).failures > 0, state.arrived, state.message)
        }),
    }
}
