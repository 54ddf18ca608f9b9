//! Cancellation by generation: handles that tell when what they name is gone.

use std::fmt;
use std::num::NonZeroU32;

/// Counts the lives of a slot, or the settings of a timer.
///
/// Something that can be set again (a timer, a try) keeps its current generation and advances it
/// on each setting; an event that carries an earlier generation is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(NonZeroU32);

impl Default for Generation {
    fn default() -> Self {
        Self::FIRST
    }
}

impl Generation {
    /// The first generation. (Counted from one within, so that an absent handle takes no room.)
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// Moves on to the next generation and returns it; all earlier ones are stale from now on.
    ///
    /// # Panics
    /// After 2^32 - 2 steps, since an old generation must not come back to life.
    pub fn advance(&mut self) -> Self {
        self.0 = self.0.checked_add(1).expect("a generation is advanced fewer than 2^32 - 1 times");
        *self
    }

    /// Returns the number of the generation, counted from zero.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get() - 1
    }

    const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

/// Names one value in [`Slots`] for as long as it lives, and nothing afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    index: u32,
    generation: Generation,
}

impl Handle {
    /// Returns the index of the slot. It is reused; only index and generation together are a name.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Returns the generation of the slot that is meant.
    #[must_use]
    pub const fn generation(self) -> Generation {
        self.generation
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.index, self.generation.get())
    }
}

#[derive(Debug, Clone)]
struct Slot<T> {
    generation: Generation,
    value: Option<T>,
}

/// Values named by handles, stored in slots that are used again.
///
/// Inserting takes the slot freed last; all operations take constant time and iteration goes by
/// index, so that the order depends on the sequence of operations alone. A slot whose generations
/// are used up is not used again.
#[derive(Debug, Clone)]
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    live: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slots<T> {
    /// Returns an empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), live: 0 }
    }

    /// Stores `value` and returns its handle.
    ///
    /// # Panics
    /// When 2^32 slots are in use.
    #[inline]
    pub fn insert(&mut self, value: T) -> Handle {
        self.live += 1;
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.value = Some(value);
            return Handle { index, generation: slot.generation };
        }
        self.insert_in_new_slot(value)
    }

    #[cold]
    fn insert_in_new_slot(&mut self, value: T) -> Handle {
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 slots are in use");
        self.slots.push(Slot { generation: Generation::FIRST, value: Some(value) });
        Handle { index, generation: Generation::FIRST }
    }

    /// Returns the value that `handle` names, or `None` when the handle is stale.
    #[must_use]
    #[inline]
    pub fn get(&self, handle: Handle) -> Option<&T> {
        let slot = self.slots.get(handle.index as usize)?;
        if slot.generation == handle.generation { slot.value.as_ref() } else { None }
    }

    /// Returns the value that `handle` names for changing, or `None` when the handle is stale.
    #[must_use]
    #[inline]
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        if slot.generation == handle.generation { slot.value.as_mut() } else { None }
    }

    /// Returns the value that lies in the slot `index` now, whatever its handle.
    #[must_use]
    pub fn in_slot(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value.as_ref()
    }

    /// Returns the value that lies in the slot `index` now, for changing.
    #[must_use]
    pub fn in_slot_mut(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.value.as_mut()
    }

    /// Returns the handle of the value that lies in the slot `index` now.
    #[must_use]
    #[inline]
    pub fn handle_in_slot(&self, index: u32) -> Option<Handle> {
        let slot = self.slots.get(index as usize)?;
        slot.value.is_some().then_some(Handle { index, generation: slot.generation })
    }

    /// Returns whether `handle` names a value.
    #[must_use]
    pub fn contains(&self, handle: Handle) -> bool {
        self.get(handle).is_some()
    }

    /// Takes out the value that `handle` names, or returns `None` when the handle is stale. All
    /// handles of the value are stale from now on.
    #[inline]
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        if slot.generation != handle.generation {
            return None;
        }
        let value = slot.value.take()?;
        self.vacate(handle.index);
        Some(value)
    }

    /// The same, without returning the value: one of two cache lines is not copied for nothing.
    #[inline]
    pub fn discard(&mut self, handle: Handle) {
        if self.contains(handle) {
            self.slots[handle.index as usize].value = None;
            self.vacate(handle.index);
        }
    }

    /// Makes the slot free for another value.
    #[inline]
    fn vacate(&mut self, index: u32) {
        self.live -= 1;
        let slot = &mut self.slots[index as usize];
        if let Some(next) = slot.generation.next() {
            slot.generation = next;
            self.free.push(index);
        }
    }

    /// Returns the number of values.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Returns whether there is no value.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Returns the values with their handles, in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let handle = Handle { index: index as u32, generation: slot.generation };
            slot.value.as_ref().map(|value| (handle, value))
        })
    }

    /// Returns the values for changing with their handles, in the order of their indices.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Handle, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(index, slot)| {
            let handle = Handle { index: index as u32, generation: slot.generation };
            slot.value.as_mut().map(|value| (handle, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::{Generation, Handle, Slots};

    #[test]
    fn a_stale_handle_names_nothing_though_its_slot_is_used_again() {
        let mut slots = Slots::new();
        let first = slots.insert("first");
        assert_eq!(slots.remove(first), Some("first"));
        let second = slots.insert("second");
        assert_eq!(second.index(), first.index());
        assert_eq!((slots.get(first), slots.get(second)), (None, Some(&"second")));
        assert_eq!(slots.remove(first), None);
        assert_eq!(slots.len(), 1);
    }

    #[test]
    fn the_slot_freed_last_is_used_first() {
        let mut slots = Slots::new();
        let handles: Vec<Handle> = (0..3).map(|value| slots.insert(value)).collect();
        slots.remove(handles[0]);
        slots.remove(handles[2]);
        assert_eq!(slots.insert(7).index(), 2);
        assert_eq!(slots.insert(8).index(), 0);
        let values: Vec<i32> = slots.iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [8, 1, 7]);
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_retired() {
        let mut slots = Slots::new();
        let handle = slots.insert(1);
        let generation = Generation(NonZeroU32::MAX);
        slots.slots[0].generation = generation;
        let last = Handle { generation, ..handle };
        assert_eq!(slots.remove(last), Some(1));
        assert_eq!(slots.insert(2).index(), 1);
        assert!(!slots.contains(last) && !slots.contains(handle));
    }

    proptest! {
        /// Whatever is inserted and removed, each handle names its own value or nothing.
        #[test]
        fn slots_are_a_map_from_handles(steps in prop::collection::vec((0..3u8, 0..40usize), 0..200)) {
            let mut slots = Slots::new();
            let mut model: BTreeMap<Handle, usize> = BTreeMap::new();
            let mut handles: Vec<Handle> = Vec::new();
            for (number, (action, choice)) in steps.into_iter().enumerate() {
                if action > 0 {
                    let handle = slots.insert(number);
                    prop_assert_eq!(model.insert(handle, number), None, "a handle came back");
                    handles.push(handle);
                } else if let Some(handle) = handles.get(choice % handles.len().max(1)) {
                    prop_assert_eq!(slots.remove(*handle), model.remove(handle));
                }
                prop_assert_eq!(slots.len(), model.len());
            }
            for handle in handles {
                prop_assert_eq!(slots.get(handle), model.get(&handle));
            }
            prop_assert!(slots.iter().all(|(handle, value)| model.get(&handle) == Some(value)));
            prop_assert!(slots.iter().map(|(handle, _)| handle.index()).is_sorted());
        }
    }
}
