//! The deferred queue: entries by the second in which they are due.

use std::collections::BTreeMap;

use super::super::list::EntryList;
use super::super::{EntryHandle, QueueEntries};
use super::schedule::eligible;

/// Entries that wait, in lists of equal due second.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    by_due: BTreeMap<u64, EntryList>,
    len: u64,
}

impl Deferred {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn insert(&mut self, entries: &mut QueueEntries, entry: EntryHandle, due: u64) {
        self.by_due.entry(due).or_default().push_back(entries, entry);
        self.len += 1;
    }

    /// Takes out what a scan in clock second `clock` takes up, or everything if `all`.
    pub(super) fn take(
        &mut self,
        entries: &mut QueueEntries,
        clock: u64,
        all: bool,
    ) -> EntryList {
        let mut taken = EntryList::default();
        while let Some(list) = self.by_due.first_entry() {
            if !all && !eligible(*list.key(), clock) {
                break;
            }
            taken.append(entries, list.remove());
        }
        self.len -= taken.len();
        taken
    }
}
