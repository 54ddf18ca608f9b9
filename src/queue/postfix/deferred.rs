//! The deferred queue: entries by the second in which they are due.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;

use super::super::EntryHandle;
use super::schedule::eligible;

/// Seconds that share a list, so that there are some tens of lists and not thousands.
const PAGE: u64 = 64;

/// An entry and the second in which it is due.
type Due = (u64, EntryHandle);

/// Entries that wait, by their due second.
///
/// The lists hold the due seconds themselves, so that a scan reads them one after the other and
/// touches no entry that it does not take up.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    /// Lists of [`PAGE`] seconds each.
    pages: VecDeque<Vec<Due>>,
    /// Number of the first page: its first second, divided by [`PAGE`].
    first: u64,
    len: u64,
    /// Kept for its room: what a scan takes up, to be shuffled.
    found: Vec<Due>,
    /// Kept for their room: lists of pages gone by.
    spare: Vec<Vec<Due>>,
}

impl Deferred {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds an entry that is due in second `due`.
    pub(super) fn insert(&mut self, due: u64, entry: EntryHandle) {
        let page = due / PAGE;
        if self.pages.is_empty() {
            self.first = page;
        }
        while page < self.first {
            self.pages.push_front(self.spare.pop().unwrap_or_default());
            self.first -= 1;
        }
        while page - self.first >= self.pages.len() as u64 {
            self.pages.push_back(self.spare.pop().unwrap_or_default());
        }
        self.pages[(page - self.first) as usize].push((due, entry));
        self.len += 1;
    }

    /// Takes out what a scan in clock second `clock` takes up, or everything if `all`, and adds it
    /// to `picked` in shuffled order: a scan reads directories, whose order has nothing to do with
    /// the messages' age.
    pub(super) fn take(
        &mut self,
        picked: &mut VecDeque<EntryHandle>,
        clock: u64,
        all: bool,
        random: &mut ChaCha8Rng,
    ) {
        self.found.clear();
        while let Some(page) = self.pages.front_mut() {
            if !all && !eligible(self.first * PAGE, clock) {
                break;
            }
            let begin = self.found.len();
            self.found.extend(page.extract_if(.., |(due, _)| all || eligible(*due, clock)));
            // Within a second in the order of their coming, which the list has kept.
            self.found[begin..].sort_by_key(|&(due, _)| due);
            if !page.is_empty() {
                break;
            }
            self.first += 1;
            self.spare.extend(self.pages.pop_front());
        }
        self.len -= self.found.len() as u64;
        random.shuffle(&mut self.found);
        picked.extend(self.found.iter().map(|&(_, entry)| entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slots;
    use crate::random::Streams;

    #[test]
    fn a_scan_takes_up_what_is_due_wherever_its_page_lies() {
        let mut slots = Slots::new();
        let mut deferred = Deferred::default();
        let dues = [1000, 5000, 100, 1000, 1063, 5001, 130];
        let handles: Vec<EntryHandle> = dues.iter().map(|due| slots.insert(*due)).collect();
        for (&due, &handle) in dues.iter().zip(&handles) {
            deferred.insert(due, handle);
        }
        let mut random = Streams::new(1, 0).stream("test/deferred", 0);
        let mut take = |deferred: &mut Deferred, clock, all| {
            let mut picked = VecDeque::new();
            deferred.take(&mut picked, clock, all, &mut random);
            let mut dues: Vec<u64> =
                picked.into_iter().map(|entry| *slots.get(entry).unwrap()).collect();
            dues.sort_unstable();
            dues
        };
        assert_eq!(take(&mut deferred, 98, false), [0; 0]);
        // A second early, as `eligible` says.
        assert_eq!(take(&mut deferred, 99, false), [100]);
        assert_eq!(take(&mut deferred, 1000, false), [130, 1000, 1000]);
        assert_eq!(deferred.len(), 3);
        deferred.insert(90, handles[2]);
        assert_eq!(take(&mut deferred, 1001, true), [100, 1063, 5000, 5001]);
        assert_eq!(deferred.len(), 0);
        deferred.insert(130, handles[6]);
        assert_eq!(take(&mut deferred, 2000, false), [130]);
    }
}
