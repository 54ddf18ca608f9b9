//! Half-open intervals with a payload, found by time.

use crate::units::SimTime;

/// The time `from <= t < to`; `to` may be [`SimTime::MAX`] for "until the end".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// First instant inside.
    pub from: SimTime,
    /// First instant after.
    pub to: SimTime,
}

impl Interval {
    /// Returns whether `at` lies inside.
    #[must_use]
    #[inline]
    pub fn contains(self, at: SimTime) -> bool {
        self.from <= at && at < self.to
    }
}

/// Intervals in order of their beginning, each with what it does.
///
/// Where intervals overlap, the one that began first decides while it lasts (of two that begin
/// together, the one stated first); the recordings of real servers were made under this rule.
#[derive(Debug, Clone)]
pub struct Timeline<T> {
    entries: Vec<(Interval, T)>,
    /// Latest end among this and all earlier entries: lets a search stop early.
    latest_end: Vec<SimTime>,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), latest_end: Vec::new() }
    }
}

impl<T> Timeline<T> {
    /// Returns the time line of `entries`, in any order; empty intervals are left out.
    #[must_use]
    pub fn new(mut entries: Vec<(Interval, T)>) -> Self {
        entries.retain(|(interval, _)| interval.from < interval.to);
        entries.sort_by_key(|(interval, _)| interval.from);
        let mut latest_end = Vec::with_capacity(entries.len());
        let mut latest = SimTime::ZERO;
        for (interval, _) in &entries {
            latest = latest.max(interval.to);
            latest_end.push(latest);
        }
        Self { entries, latest_end }
    }

    /// Returns whether nothing ever happens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in order of their beginning.
    #[must_use]
    pub fn entries(&self) -> &[(Interval, T)] {
        &self.entries
    }

    /// Returns the entry that decides at `at`.
    #[must_use]
    #[inline]
    pub fn at(&self, at: SimTime) -> Option<&(Interval, T)> {
        // Nearly all time lines are empty.
        if self.entries.is_empty() {
            return None;
        }
        self.active(at).next()
    }

    /// Returns all entries in force at `at`, the earliest begun first.
    pub fn active(&self, at: SimTime) -> impl Iterator<Item = &(Interval, T)> {
        let begun = self.entries.partition_point(|(interval, _)| interval.from <= at);
        // Entries before the first whose latest end lies beyond `at` are all over.
        let first = self.latest_end[..begun].partition_point(|&end| end <= at);
        self.entries[first..begun].iter().filter(move |(interval, _)| interval.contains(at))
    }

    /// Returns the first entry that begins in `after < from <= until`.
    #[must_use]
    #[inline]
    pub fn next_begin(&self, after: SimTime, until: SimTime) -> Option<&(Interval, T)> {
        if self.entries.is_empty() {
            return None;
        }
        let index = self.entries.partition_point(|(interval, _)| interval.from <= after);
        self.entries.get(index).filter(|(interval, _)| interval.from <= until)
    }

    /// Returns the end of the time from `at` on in which nothing is in force: `at` itself if
    /// something is.
    #[must_use]
    #[inline]
    pub fn calm_until(&self, at: SimTime) -> SimTime {
        if self.entries.is_empty() {
            return SimTime::MAX;
        }
        if self.at(at).is_some() { at } else { self.next_transition(at) }
    }

    /// Returns the first instant after `after` at which an entry begins or ends;
    /// [`SimTime::MAX`] if there is none.
    #[must_use]
    pub fn next_transition(&self, after: SimTime) -> SimTime {
        let begun = self.entries.partition_point(|(interval, _)| interval.from <= after);
        let first = self.latest_end[..begun].partition_point(|&end| end <= after);
        let end = self.entries[first..begun]
            .iter()
            .map(|(interval, _)| interval.to)
            .filter(|&end| end > after)
            .min()
            .unwrap_or(SimTime::MAX);
        self.entries.get(begun).map_or(end, |(interval, _)| end.min(interval.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(from: u64, to: u64) -> Interval {
        Interval { from: SimTime::from_secs(from), to: SimTime::from_secs(to) }
    }

    #[test]
    fn the_interval_that_began_first_decides_while_it_lasts() {
        let line = Timeline::new(vec![(interval(5, 9), 'b'), (interval(1, 6), 'a')]);
        let at = |second| line.at(SimTime::from_secs(second)).map(|entry| entry.1);
        assert_eq!(at(0), None);
        assert_eq!(at(1), Some('a'));
        assert_eq!(at(5), Some('a'));
        assert_eq!(at(6), Some('b'), "half-open: the end is outside");
        assert_eq!(at(9), None);
        assert_eq!(line.next_transition(SimTime::from_secs(5)), SimTime::from_secs(6));
        assert_eq!(line.next_transition(SimTime::from_secs(9)), SimTime::MAX);
    }
}
