//! Messages by the time at which they are due: the heap of `prioq.c`. Of several that are due in one
//! second it is the heap that decides which comes first, not the order in which they came.

use super::super::EntryHandle;

/// A message and the second in which it is due.
type Element = (u64, EntryHandle);

/// A heap of messages.
#[derive(Debug, Default)]
pub(super) struct Prioq {
    elements: Vec<Element>,
}

impl Prioq {
    /// Adds a message (`prioq_insert`).
    pub(super) fn insert(&mut self, element: Element) {
        let mut place = self.elements.len();
        self.elements.push(element);
        while place > 0 {
            let above = (place - 1) / 2;
            if self.elements[above].0 <= element.0 {
                break;
            }
            self.elements[place] = self.elements[above];
            place = above;
        }
        self.elements[place] = element;
    }

    /// Returns the message that comes first (`prioq_min`).
    pub(super) fn min(&self) -> Option<Element> {
        self.elements.first().copied()
    }

    /// Takes the message out that comes first (`prioq_delmin`).
    pub(super) fn delete_min(&mut self) {
        let Some(last) = self.elements.pop() else {
            return;
        };
        let left = self.elements.len();
        if left == 0 {
            return;
        }
        let due = |elements: &[Element], place: usize| match elements.get(place) {
            Some(element) => element.0,
            None => last.0,
        };
        let mut place = 0;
        loop {
            // The last element still stands behind the others.
            let mut below = 2 * place + 2;
            if below > left {
                break;
            }
            if due(&self.elements, below - 1) <= due(&self.elements, below) {
                below -= 1;
            }
            if last.0 <= due(&self.elements, below) {
                break;
            }
            self.elements[place] = self.elements[below];
            place = below;
        }
        self.elements[place] = last;
    }

    /// Makes everything due at `now` (`pqrun`).
    pub(super) fn make_due(&mut self, now: u64) {
        self.elements.iter_mut().for_each(|element| element.0 = now);
    }

    /// Returns the messages in it, in no order that means anything.
    pub(super) fn entries(&self) -> impl Iterator<Item = EntryHandle> {
        self.elements.iter().map(|(_, entry)| *entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slots;

    /// Returns the places, in order of insertion, in the order in which messages due then come out.
    fn order(due: &[u64]) -> Vec<usize> {
        let mut slots = Slots::new();
        let handles: Vec<EntryHandle> = due.iter().map(|&due| slots.insert(due)).collect();
        let mut queue = Prioq::default();
        due.iter().zip(&handles).for_each(|(&due, &handle)| queue.insert((due, handle)));
        let mut order = Vec::new();
        while let Some((_, first)) = queue.min() {
            order.extend(handles.iter().position(|handle| *handle == first));
            queue.delete_min();
        }
        order
    }

    #[test]
    fn what_is_due_first_comes_first() {
        assert_eq!(order(&[7, 3, 9, 4, 1, 8, 2]), [4, 6, 1, 3, 0, 5, 2]);
    }

    #[test]
    fn equals_come_out_as_in_the_recording_of_twenty_at_once() {
        // 01b: the first of twenty that were due together, then the last, then the one before it.
        assert_eq!(order(&[5; 20])[..3], [0, 19, 18]);
    }
}
