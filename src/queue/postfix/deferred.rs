//! The deferred queue: entries by the second in which they are due.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;

use super::super::list::EntryList;
use super::super::{EntryHandle, QueueEntries};
use super::schedule::eligible;

/// Entries that wait, in lists of equal due second.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    by_due: BTreeMap<u64, EntryList>,
    /// The list that was added to last, out of the map: a scan that finds a dead destination puts
    /// thousands off to the same second.
    latest: Option<(u64, EntryList)>,
    len: u64,
    /// Kept for its room: what a scan takes up, to be shuffled.
    order: Vec<EntryHandle>,
}

impl Deferred {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn insert(&mut self, entries: &mut QueueEntries, entry: EntryHandle, due: u64) {
        self.len += 1;
        if let Some((second, list)) = &mut self.latest
            && *second == due
        {
            list.push_back(entries, entry);
            return;
        }
        self.put_latest_back();
        let mut list = self.by_due.remove(&due).unwrap_or_default();
        list.push_back(entries, entry);
        self.latest = Some((due, list));
    }

    fn put_latest_back(&mut self) {
        if let Some((due, list)) = self.latest.take() {
            self.by_due.insert(due, list);
        }
    }

    /// Takes out what a scan in clock second `clock` takes up, or everything if `all`, in shuffled
    /// order: a scan reads directories, whose order has nothing to do with the messages' age.
    pub(super) fn take(
        &mut self,
        entries: &mut QueueEntries,
        clock: u64,
        all: bool,
        random: &mut ChaCha8Rng,
    ) -> EntryList {
        self.put_latest_back();
        let mut taken = EntryList::default();
        while let Some(list) = self.by_due.first_entry() {
            if !all && !eligible(*list.key(), clock) {
                break;
            }
            taken.append(entries, list.remove());
        }
        self.len -= taken.len();
        if taken.len() < 2 {
            return taken;
        }
        self.order.clear();
        while let Some(entry) = taken.pop_front(entries) {
            self.order.push(entry);
        }
        random.shuffle(&mut self.order);
        for &entry in &self.order {
            taken.push_back(entries, entry);
        }
        taken
    }
}
