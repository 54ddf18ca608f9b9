//! What is kept of an entry with several recipients, so that a delivery is not dear in proportion to
//! all of them: a list of a hundred thousand subscribers is handed over in thousands of deliveries, and
//! each must cost what its own recipients do.
//!
//! The copies of one destination are chained in the order of the entry. A delivery is a stretch of such
//! a chain. How many copies stand how is counted, so that the end of a delivery need not ask each.

use super::Destination;
use super::entry::{CopyIndex, Standing};

/// The recipients of an entry that go to one destination.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) destination: Destination,
    /// The first of its chain.
    pub(super) first: CopyIndex,
    /// None before this one is pending.
    pub(super) pending: Option<CopyIndex>,
    /// Those put off without an attempt of which the trace does not say so yet.
    pub(super) suspended: u32,
}

/// The recipients of an entry that has several.
#[derive(Debug, Default)]
pub(super) struct Several {
    /// In the order of destinations.
    groups: Vec<Group>,
    /// By [`Standing`].
    counts: [u32; Standing::ALL.len()],
}

impl Several {
    /// Returns what is kept of recipients in groups, in the order of destinations.
    pub(super) fn new(groups: Vec<Group>, counts: [u32; Standing::ALL.len()]) -> Self {
        debug_assert!(groups.is_sorted_by(|one, other| one.destination < other.destination));
        Self { groups, counts }
    }

    /// Returns the groups of the destinations after `before`, in order.
    pub(super) fn after(&self, before: Option<Destination>) -> &[Group] {
        let first = before
            .map_or(0, |before| self.groups.partition_point(|group| group.destination <= before));
        &self.groups[first..]
    }

    fn place(&self, destination: Destination) -> Option<usize> {
        self.groups.binary_search_by_key(&destination, |group| group.destination).ok()
    }

    pub(super) fn group(&self, destination: Destination) -> Option<&Group> {
        self.place(destination).map(|place| &self.groups[place])
    }

    pub(super) fn group_mut(&mut self, destination: Destination) -> Option<&mut Group> {
        self.place(destination).map(|place| &mut self.groups[place])
    }

    /// A copy of this destination has come to stand otherwise.
    pub(super) fn moved(&mut self, destination: Destination, from: Standing, to: Standing) {
        self.counts[from as usize] -= 1;
        self.counts[to as usize] += 1;
        if to == Standing::Pending
            && let Some(group) = self.group_mut(destination)
        {
            group.pending = Some(group.first);
        }
    }

    /// Returns how many copies stand like this.
    pub(super) fn count(&self, standing: Standing) -> u32 {
        self.counts[standing as usize]
    }

    /// Returns whether so many are done that it pays to go through all and leave those out.
    pub(super) fn is_worn(&self) -> bool {
        2 * self.count(Standing::Done) >= self.counts.iter().sum()
    }
}
