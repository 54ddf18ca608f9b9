//! The deferred queue: entries by the second in which they are due.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;

use super::super::EntrySlot;
use super::schedule::eligible;

/// Seconds that share a list, so that there are some tens of lists and not thousands.
const PAGE: u64 = 64;

/// Room for so many entries is kept for the next scan; what an exceptional one takes beyond it is
/// given back.
const KEPT: usize = 4096;

/// An entry and the second within its page in which it is due, in five octets. Nobody takes an entry
/// out of the queue that waits here, so its slot names it.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed)]
struct Due {
    entry: EntrySlot,
    second: u8,
}

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
    /// Kept for their room: what a scan takes up of one page, to be put in order, and of all, to be
    /// shuffled.
    of_page: Vec<Due>,
    found: Vec<EntrySlot>,
    /// Kept for their room: lists of pages gone by.
    spare: Vec<Vec<Due>>,
}

impl Deferred {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds an entry that is due in second `due`.
    pub(super) fn insert(&mut self, due: u64, entry: EntrySlot) {
        let number = due / PAGE;
        if self.pages.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.pages.push_front(self.spare.pop().unwrap_or_default());
            self.first -= 1;
        }
        while number - self.first >= self.pages.len() as u64 {
            self.pages.push_back(self.spare.pop().unwrap_or_default());
        }
        let page = &mut self.pages[(number - self.first) as usize];
        if page.len() == page.capacity() {
            // By a quarter, not to twice of what hundreds of thousands need.
            page.reserve_exact((page.len() / 4).max(4));
        }
        page.push(Due { entry, second: (due % PAGE) as u8 });
        self.len += 1;
    }

    /// Takes out what a scan in clock second `clock` takes up, or everything if `all`, and adds it
    /// to `picked` in shuffled order: a scan reads directories, whose order has nothing to do with
    /// the messages' age.
    pub(super) fn take(
        &mut self,
        picked: &mut VecDeque<EntrySlot>,
        clock: u64,
        all: bool,
        random: &mut ChaCha8Rng,
    ) {
        while let Some(page) = self.pages.front_mut() {
            let begins = self.first * PAGE;
            if !all && !eligible(begins, clock) {
                break;
            }
            let takes = |due: &mut Due| all || eligible(begins + u64::from(due.second), clock);
            self.of_page.extend(page.extract_if(.., takes));
            // Within a second in the order of their coming, which the list has kept.
            self.of_page.sort_by_key(|due| due.second);
            self.found.extend(self.of_page.drain(..).map(|due| due.entry));
            if !page.is_empty() {
                break;
            }
            self.first += 1;
            let mut gone_by = self.pages.pop_front().unwrap_or_default();
            gone_by.shrink_to(KEPT);
            self.spare.push(gone_by);
        }
        self.len -= self.found.len() as u64;
        random.shuffle(&mut self.found);
        if picked.is_empty() {
            // Hundreds of thousands need not be held twice.
            let room = Vec::from(std::mem::take(picked));
            *picked = std::mem::replace(&mut self.found, room).into();
        } else {
            picked.extend(self.found.drain(..));
        }
        self.found.shrink_to(KEPT);
        self.of_page.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slots;
    use crate::random::{Purpose, Streams};

    #[test]
    fn a_scan_takes_up_what_is_due_wherever_its_page_lies() {
        let mut slots = Slots::new();
        let mut deferred = Deferred::default();
        let dues = [1000, 5000, 100, 1000, 1063, 5001, 130];
        let handles: Vec<EntrySlot> =
            dues.iter().map(|due| EntrySlot::from(slots.insert(*due))).collect();
        for (&due, &handle) in dues.iter().zip(&handles) {
            deferred.insert(due, handle);
        }
        let mut random = Streams::new(1, 0).stream(Purpose::Other("test/deferred"), 0);
        let mut take = |deferred: &mut Deferred, clock, all| {
            let mut picked = VecDeque::new();
            deferred.take(&mut picked, clock, all, &mut random);
            let mut dues: Vec<u64> =
                picked.into_iter().map(|entry| *slots.in_slot(entry.index()).unwrap()).collect();
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
