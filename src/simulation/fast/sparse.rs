//! What few of many have.

use std::collections::BTreeMap;
use std::ops::Index;

/// Something by number that nearly always is nothing, such as the faults of a host.
///
/// Whoever has nothing shares one `nothing`. In a network of ten thousand hosts an element of its own
/// for each would lie outside the caches whenever it is looked up, and a message looks up a dozen.
#[derive(Debug)]
pub(crate) struct Sparse<T> {
    /// Where each stands among the kept; empty if there is nothing at all.
    places: Vec<u32>,
    /// The first is nothing.
    kept: Vec<T>,
}

impl<T> Sparse<T> {
    /// Returns `some` of `count`, the others being `nothing`.
    pub(crate) fn new(count: usize, some: BTreeMap<usize, T>, nothing: T) -> Self {
        let mut places = if some.is_empty() { Vec::new() } else { vec![0; count] };
        let mut kept = vec![nothing];
        for (index, one) in some {
            places[index] = u32::try_from(kept.len()).expect("fewer than 2^32 of them");
            kept.push(one);
        }
        Self { places, kept }
    }
}

impl<T> Index<usize> for Sparse<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.kept[self.places.get(index).map_or(0, |place| *place as usize)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_without_share_nothing() {
        let sparse = Sparse::new(4, BTreeMap::from([(1, "one"), (3, "three")]), "nothing");
        assert_eq!(
            [sparse[0], sparse[1], sparse[2], sparse[3]],
            ["nothing", "one", "nothing", "three"]
        );
        let none = Sparse::new(4, BTreeMap::new(), 0);
        assert_eq!(none[3], 0);
    }
}
