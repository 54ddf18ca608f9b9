//! The deferred queue: entries by the second in which they are due.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;

use super::super::list::EntryList;
use super::super::{EntryHandle, QueueEntries};
use super::schedule::eligible;

/// Seconds that share a list. A list for each second would make a tree of thousands of lists, in
/// which to find one cost more than to try a message of a dead destination again.
const PAGE: u64 = 64;

/// Entries that wait, by their due second.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    by_page: BTreeMap<u64, EntryList>,
    len: u64,
    /// Kept for its room: what a scan takes up, to be shuffled.
    found: Vec<(u64, EntryHandle)>,
}

impl Deferred {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds an entry whose [`due`](super::super::QueueEntry::due) is set.
    pub(super) fn insert(&mut self, entries: &mut QueueEntries, entry: EntryHandle) {
        let page = entries[entry].due.as_secs() / PAGE;
        self.by_page.entry(page).or_default().push_back(entries, entry);
        self.len += 1;
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
        self.found.clear();
        while let Some(page) = self.by_page.first_entry() {
            if !all && !eligible(*page.key() * PAGE, clock) {
                break;
            }
            let (number, mut list) = page.remove_entry();
            let (begin, mut later) = (self.found.len(), EntryList::default());
            while let Some(entry) = list.pop_front(entries) {
                let due = entries[entry].due.as_secs();
                if all || eligible(due, clock) {
                    self.found.push((due, entry));
                } else {
                    later.push_back(entries, entry);
                }
            }
            // Within a second in the order of their coming, which the list has kept.
            self.found[begin..].sort_by_key(|&(due, _)| due);
            if later.len() > 0 {
                self.by_page.insert(number, later);
                break;
            }
        }
        self.len -= self.found.len() as u64;
        random.shuffle(&mut self.found);
        let mut taken = EntryList::default();
        for &(_, entry) in &self.found {
            taken.push_back(entries, entry);
        }
        taken
    }
}
