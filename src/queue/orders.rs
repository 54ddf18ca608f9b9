//! The sink for what queue managers order.

use crate::mail::Status;

use super::{Action, Destination, EntryHandle};

/// Room for so many orders is kept for the next time; what an exceptional batch takes beyond it is
/// given back.
const KEPT: usize = 4096;

/// So many messages that wait are looked at together, by whoever looks ahead: their memory lies outside
/// the caches, and that of all is fetched in the time that one takes.
pub const PREFETCHED: usize = 16;

/// Entries put off one after the other for the same reason: a range of the list that [`Orders`]
/// keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspensions {
    first: u32,
    count: u32,
    /// The destination that is closed.
    pub destination: Destination,
    /// Why it is.
    pub status: Status,
}

impl Suspensions {
    /// Returns how many entries were put off.
    #[must_use]
    pub const fn count(self) -> usize {
        self.count as usize
    }
}

/// What queue managers have ordered, in the order in which they did.
///
/// A scan puts mail off by the hundred thousand when a site is dead. Hence suspensions that follow
/// one another are one order about a run of entries, which lie in a list of their own: eight octets
/// for each instead of forty.
#[derive(Debug, Default)]
pub struct Orders {
    actions: Vec<Action>,
    suspended: Vec<EntryHandle>,
    /// Orders before this one were given by another call, perhaps of another host's manager.
    sealed: usize,
    /// Entries whose deliveries will be ordered soon.
    soon: Vec<EntryHandle>,
}

impl Orders {
    /// Adds an order.
    #[inline]
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Orders to say that recipients of `entry` were put off ([`Action::Suspended`]).
    pub fn suspend(&mut self, entry: EntryHandle, destination: Destination, status: Status) {
        let first = u32::try_from(self.suspended.len()).expect("fewer than 2^32 suspensions");
        self.suspended.push(entry);
        if let Some(Action::Suspended(run)) = self.actions[self.sealed..].last_mut()
            && (run.destination, run.status) == (destination, status)
        {
            run.count += 1;
            return;
        }
        let run = Suspensions { first, count: 1, destination, status };
        self.actions.push(Action::Suspended(run));
    }

    /// Lets those who carry orders out know of entries whose deliveries are likely to be ordered next,
    /// so that they can fetch what these will ask for. Returns the entries.
    pub fn prefetch(&mut self, entries: impl Iterator<Item = EntryHandle>) -> &[EntryHandle] {
        self.soon.clear();
        self.soon.extend(entries);
        &self.soon
    }

    /// Returns the entries whose deliveries are likely to be ordered next, if that has been told just
    /// now.
    #[must_use]
    pub fn soon(&self) -> &[EntryHandle] {
        &self.soon
    }

    /// Another call begins. Returns how many orders there are.
    #[inline]
    pub fn seal(&mut self) -> usize {
        self.sealed = self.actions.len();
        self.sealed
    }

    /// Returns how many orders there are; a run of suspensions is one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.actions.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Takes the only order, if there is one and no more.
    #[inline]
    pub fn take_only(&mut self) -> Option<Action> {
        if self.actions.len() == 1 { self.actions.pop() } else { None }
    }

    /// Takes the order in `place`; the others stay where they are.
    pub fn take(&mut self, place: usize) -> Action {
        let nothing = Suspensions {
            first: 0,
            count: 0,
            destination: Destination::Local,
            status: Status::SUCCESS,
        };
        std::mem::replace(&mut self.actions[place], Action::Suspended(nothing))
    }

    /// Returns the entries of a run of suspensions, in order.
    #[must_use]
    pub fn suspended(&self, run: Suspensions) -> &[EntryHandle] {
        &self.suspended[run.first as usize..][..run.count()]
    }

    /// All orders have been carried out.
    #[inline]
    pub fn clear(&mut self) {
        self.sealed = 0;
        // Most came alone and were taken.
        if !(self.actions.is_empty() && self.suspended.is_empty() && self.soon.is_empty()) {
            self.clear_lists();
        }
    }

    fn clear_lists(&mut self) {
        self.actions.clear();
        self.suspended.clear();
        self.soon.clear();
        if self.actions.capacity().max(self.suspended.capacity()) > KEPT {
            self.actions.shrink_to(KEPT);
            self.suspended.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slots;

    const SITE: Destination = Destination::Exchangers(crate::mail::DomainId(1));

    #[test]
    fn suspensions_that_follow_one_another_are_one_order() {
        let mut slots = Slots::new();
        let entries: Vec<EntryHandle> = (0..6).map(|number| slots.insert(number)).collect();
        let mut orders = Orders::default();
        orders.suspend(entries[0], SITE, Status::NO_ANSWER);
        orders.suspend(entries[1], SITE, Status::NO_ANSWER);
        orders.suspend(entries[2], SITE, Status::BAD_CONNECTION);
        orders.push(Action::NotifyDelay { entry: entries[2] });
        orders.suspend(entries[3], SITE, Status::BAD_CONNECTION);
        assert_eq!(orders.seal(), 4);
        orders.suspend(entries[4], SITE, Status::BAD_CONNECTION);
        orders.suspend(entries[5], Destination::Local, Status::BAD_CONNECTION);
        let mut told = Vec::new();
        for place in 0..orders.len() {
            match orders.take(place) {
                Action::Suspended(run) => told.push(orders.suspended(run).to_vec()),
                other => assert_eq!(other, Action::NotifyDelay { entry: entries[2] }),
            }
        }
        let told: Vec<&[EntryHandle]> = told.iter().map(Vec::as_slice).collect();
        let runs = [0..2, 2..3, 3..4, 4..5, 5..6];
        assert_eq!(told, runs.map(|run| &entries[run]));
        orders.clear();
        assert!(orders.is_empty() && orders.take_only().is_none());
    }
}
