//! Recipients dealt out to deliveries, and what becomes of them.
//!
//! Nearly all entries have one recipient, and are asked first. Of the others nothing here walks all
//! recipients but what is done once a round (see `several.rs`).

use super::entries::{DeliveryHandle, EntryHandle, QueueEntries, QueuedDelivery};
use super::entry::{Place, Standing};
use super::several::{Group, Several};
use super::{CopyIndex, CopyState, Destination, QueueCopy};

#[cfg(test)]
#[path = "deliveries_tests.rs"]
mod tests;

impl QueueEntries {
    /// Returns what is kept of an entry with several recipients.
    fn several(&mut self, entry: EntryHandle) -> &mut Several {
        if !self.several.contains_key(&entry.index()) {
            let several = self.chain(entry);
            self.several.insert(entry.index(), several);
        }
        self.several.get_mut(&entry.index()).expect("just made")
    }

    /// Chains the copies of each destination, and counts all.
    fn chain(&mut self, entry: EntryHandle) -> Several {
        let mut all: Vec<(Destination, CopyIndex)> =
            self.recipients(entry).map(|index| (self.packed(index).destination(), index)).collect();
        // Within a destination in the order of the entry.
        all.sort_by_key(|(destination, _)| *destination);
        let mut counts = [0; Standing::ALL.len()];
        let mut groups = Vec::new();
        for chain in all.chunk_by(|one, other| one.0 == other.0) {
            let (destination, first) = chain[0];
            let mut group = Group { destination, first, pending: Some(first), suspended: 0 };
            for (place, &(_, index)) in chain.iter().enumerate() {
                let copy = self.packed(index);
                counts[copy.standing() as usize] += 1;
                group.suspended += u32::from(copy.is_suspended());
                // The copy in the entry is the last of all, so it has nobody behind it.
                if let Place::Further(position) = index.place() {
                    self.copies[position].alike = chain.get(place + 1).map(|(_, next)| *next);
                }
            }
            groups.push(group);
        }
        Several::new(groups, counts)
    }

    /// Returns the next recipient of the same entry with the same destination.
    #[must_use]
    #[inline]
    pub fn next_alike(&self, index: CopyIndex) -> Option<CopyIndex> {
        match index.place() {
            Place::Own(_) => None,
            Place::Further(position) => self.copies[position].alike,
        }
    }

    /// Returns `first` and those behind it with the same destination.
    fn alike_from(&self, first: Option<CopyIndex>) -> impl Iterator<Item = CopyIndex> + '_ {
        let mut next = first;
        std::iter::from_fn(move || {
            let index = next?;
            next = self.next_alike(index);
            Some(index)
        })
    }

    /// Returns whether a recipient of this group is pending.
    fn any_pending(&self, group: &Group) -> bool {
        self.alike_from(group.pending).any(|index| self.packed(index).is_pending())
    }

    /// Returns the next destination, after `before` in order, with pending recipients in the entry.
    pub(super) fn next_destination(
        &mut self,
        entry: EntryHandle,
        before: Option<Destination>,
    ) -> Option<Destination> {
        if let Some(only) = self[entry].only_copy() {
            let pending = only.is_pending().then(|| only.destination());
            return pending.filter(|one| before.is_none_or(|before| *one > before));
        }
        self.several(entry);
        let groups = self.several[&entry.index()].after(before);
        groups.iter().find(|group| self.any_pending(group)).map(|group| group.destination)
    }

    /// Returns whether a pending recipient of `entry` goes to `destination`.
    pub(super) fn has_pending(&self, entry: EntryHandle, destination: Destination) -> bool {
        if let Some(several) = self.several.get(&entry.index()) {
            return several.group(destination).is_some_and(|group| self.any_pending(group));
        }
        self.recipients(entry).any(|index| self.packed(index).is_pending_for(destination))
    }

    /// Returns whether recipients have failed, and whether any are still to be tried or under way.
    pub(super) fn standing(&mut self, entry: EntryHandle) -> (bool, bool) {
        let (failed, open) = match self[entry].only_copy().map(|only| only.standing()) {
            Some(only) => {
                let open = matches!(only, Standing::Pending | Standing::Assigned);
                (only == Standing::Failed, open)
            }
            None => {
                let several = self.several(entry);
                let count = |standing| several.count(standing) > 0;
                let open = count(Standing::Pending) || count(Standing::Assigned);
                (count(Standing::Failed), open)
            }
        };
        (failed, open)
    }

    /// Returns the slots of the recipients of one delivery, in the order of the entry.
    pub fn delivery_recipients(
        &self,
        delivery: DeliveryHandle,
    ) -> impl Iterator<Item = CopyIndex> + '_ {
        let queued = self.deliveries.get(delivery).expect("the delivery exists");
        let all = queued.is_scattered().then(|| self.recipients(queued.entry));
        let own = self.stretch(queued.ends).chain(all.into_iter().flatten());
        own.filter(move |&index| self.packed(index).is_in(delivery.index()))
    }

    /// Returns the copies from one to another with the same destination.
    fn stretch(
        &self,
        ends: Option<(CopyIndex, CopyIndex)>,
    ) -> impl Iterator<Item = CopyIndex> + '_ {
        let mut next = ends.map(|(first, _)| first);
        std::iter::from_fn(move || {
            let index = next?;
            let is_last = ends.is_some_and(|(_, last)| last == index);
            next = if is_last { None } else { self.next_alike(index) };
            Some(index)
        })
    }

    /// Makes a delivery of the first up to `limit` pending recipients of `entry` that go to
    /// `destination`, and counts it as outstanding.
    pub fn assign(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        limit: u32,
    ) -> DeliveryHandle {
        self.assign_those(entry, destination, limit, |_| true)
    }

    /// The same, of those recipients that `which` names, asked about each in turn.
    pub fn assign_those(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        limit: u32,
        mut which: impl FnMut(&QueueCopy) -> bool,
    ) -> DeliveryHandle {
        let delivery = self.deliveries.insert(QueuedDelivery {
            entry,
            destination,
            recipients: 0,
            ends: None,
            next: None,
            job: 0,
            turn: 0,
            number: 0,
        });
        let state = CopyState::Assigned(delivery.index());
        let (count, ends) = if let Some(only) = self[entry].only_copy_mut() {
            let fits = only.is_pending_for(destination) && which(&only.unpacked(None));
            let own = CopyIndex::own(entry);
            if fits {
                only.set_state(state);
            }
            (u32::from(fits), fits.then_some((own, own)))
        } else {
            self.assign_several((entry, destination), limit, state, which)
        };
        let made = self.deliveries.get_mut(delivery).expect("just made");
        (made.recipients, made.ends) = (count, ends);
        self[entry].outstanding += 1;
        delivery
    }

    /// Makes a delivery of one recipient that is pending.
    pub fn assign_one(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        copy: CopyIndex,
    ) -> DeliveryHandle {
        let fits = self.packed(copy).is_pending_for(destination);
        let delivery = self.deliveries.insert(QueuedDelivery {
            entry,
            destination,
            recipients: u32::from(fits),
            ends: fits.then_some((copy, copy)),
            next: None,
            job: 0,
            turn: 0,
            number: 0,
        });
        if fits {
            // Who walks a delivery follows the chain of its destination.
            if self[entry].only_copy().is_none() {
                self.several(entry);
            }
            self.set_state(copy, CopyState::Assigned(delivery.index()));
        }
        self[entry].outstanding += 1;
        delivery
    }

    /// Makes a delivery of these pending recipients of `entry`, and counts it as outstanding.
    /// `destination` is that of the first; the others' exchangers are the same.
    pub fn assign_copies(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        copies: impl Iterator<Item = CopyIndex>,
    ) -> DeliveryHandle {
        let delivery = self.deliveries.insert(QueuedDelivery {
            entry,
            destination,
            recipients: 0,
            ends: None,
            next: None,
            job: 0,
            turn: 0,
            number: 0,
        });
        if self[entry].only_copy().is_none() {
            self.several(entry);
        }
        let mut count = 0;
        for index in copies {
            self.set_state(index, CopyState::Assigned(delivery.index()));
            count += 1;
        }
        self.deliveries.get_mut(delivery).expect("just made").recipients = count;
        self[entry].outstanding += 1;
        delivery
    }

    /// Gives recipients of an entry with several this state. Returns how many there are, and the first
    /// and the last.
    fn assign_several(
        &mut self,
        (entry, destination): (EntryHandle, Destination),
        limit: u32,
        state: CopyState,
        mut which: impl FnMut(&QueueCopy) -> bool,
    ) -> (u32, Option<(CopyIndex, CopyIndex)>) {
        let mut next = self.several(entry).group(destination).and_then(|group| group.pending);
        let (mut count, mut ends, mut left) = (0, None, None);
        while let Some(index) = next {
            next = self.next_alike(index);
            let copy = self.packed(index);
            if !copy.is_pending() {
                continue;
            }
            if count < limit && which(&copy.unpacked(None)) {
                self.set_state(index, state);
                count += 1;
                ends = Some((ends.map_or(index, |(first, _)| first), index));
                continue;
            }
            left = left.or(Some(index));
            if count == limit {
                break;
            }
        }
        if let Some(group) = self.several(entry).group_mut(destination) {
            group.pending = left;
        }
        (count, ends)
    }

    /// Ends a delivery: recipients still assigned to it become pending again. Returns its entry.
    pub fn release(&mut self, delivery: DeliveryHandle) -> EntryHandle {
        let ended = self.deliveries.remove(delivery).expect("a delivery ends once");
        if let Some(only) = self[ended.entry].only_copy_mut() {
            if only.is_in(delivery.index()) {
                only.set_state(CopyState::Pending);
            }
        } else if ended.is_scattered() {
            let all: Vec<CopyIndex> = self.recipients(ended.entry).collect();
            for index in all {
                if self.packed(index).is_in(delivery.index()) {
                    self.set_state(index, CopyState::Pending);
                }
            }
        } else {
            self.release_several(delivery, ended.ends);
        }
        self[ended.entry].outstanding -= 1;
        ended.entry
    }

    fn release_several(&mut self, delivery: DeliveryHandle, ends: Option<(CopyIndex, CopyIndex)>) {
        let mut next = ends.map(|(first, _)| first);
        while let Some(index) = next {
            let is_last = ends.is_some_and(|(_, last)| last == index);
            next = if is_last { None } else { self.next_alike(index) };
            if self.packed(index).is_in(delivery.index()) {
                self.set_state(index, CopyState::Pending);
            }
        }
    }

    /// Marks the pending recipients of a destination that `which` names as put off without an attempt.
    pub fn suspend(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        which: impl Fn(&QueueCopy) -> bool,
    ) {
        if let Some(only) = self[entry].only_copy_mut() {
            if only.is_pending_for(destination) && which(&only.unpacked(None)) {
                only.set_suspended(true);
            }
            return;
        }
        let mut next = self.several(entry).group(destination).and_then(|group| group.pending);
        let mut count = 0;
        while let Some(index) = next {
            next = self.next_alike(index);
            let copy = self.copy_mut(index);
            if copy.is_pending() && which(&copy.unpacked(None)) {
                count += u32::from(!copy.is_suspended());
                copy.set_suspended(true);
            }
        }
        if let Some(group) = self.several(entry).group_mut(destination) {
            group.suspended += count;
        }
    }

    /// Marks the recipients of a delivery as put off without an attempt.
    pub fn suspend_delivery(&mut self, delivery: DeliveryHandle) {
        let queued = *self.deliveries.get(delivery).expect("the delivery exists");
        if let Some(only) = self[queued.entry].only_copy_mut() {
            if only.is_in(delivery.index()) {
                only.set_suspended(true);
            }
            return;
        }
        let indices: Vec<CopyIndex> = self.delivery_recipients(delivery).collect();
        for index in indices {
            self.copy_mut(index).set_suspended(true);
            let destination = self.packed(index).destination();
            if let Some(group) = self.several(queued.entry).group_mut(destination) {
                group.suspended += 1;
            }
        }
    }

    /// Returns the first recipient of a destination if some were put off without an attempt and nobody
    /// has asked this before. Ask each ([`Self::take_suspended`], [`Self::next_alike`]).
    #[inline]
    pub fn first_suspended(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
    ) -> Option<CopyIndex> {
        if self[entry].only_copy().is_some() {
            return Some(CopyIndex::own(entry));
        }
        let group = self.several(entry).group_mut(destination)?;
        let some = std::mem::take(&mut group.suspended) > 0;
        some.then_some(group.first)
    }

    /// Removes recipients that are done. Of an entry with several they are left where they are until they
    /// are half of all, and nothing is under way.
    pub fn drop_finished(&mut self, entry: EntryHandle) {
        if let Some(only) = self[entry].only_copy() {
            if only.standing() == Standing::Done {
                self[entry].first = None;
                self.free_copy(CopyIndex::own(entry));
            }
            return;
        }
        let outstanding = self[entry].outstanding;
        let several = self.several(entry);
        if several.count(Standing::Done) > 0 && several.is_worn() && outstanding == 0 {
            self.drop_done(entry);
        }
    }

    /// Removes recipients that are done from an entry with several.
    fn drop_done(&mut self, entry: EntryHandle) {
        self.several.remove(&entry.index());
        let mut link: Option<CopyIndex> = None;
        let mut next = self[entry].first;
        while let Some(index) = next {
            next = self.next(index);
            if self.packed(index).standing() != Standing::Done {
                link = Some(index);
                continue;
            }
            match link.map(CopyIndex::place) {
                None => self[entry].first = next,
                Some(Place::Further(previous)) => self.copies[previous].next = next,
                Some(Place::Own(_)) => unreachable!("the copy in the entry is the last"),
            }
            self.free_copy(index);
        }
    }
}
