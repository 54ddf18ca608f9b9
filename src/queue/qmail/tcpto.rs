//! Addresses that do not answer: `tcpto.c`.
//!
//! A table of 64 addresses in a file that all delivery processes share. An address is left out for
//! about an hour and a half after two connections to it have timed out, two minutes or more apart.
//! A refusal is an answer.

use crate::network::AddressId;

/// Addresses in the table (`queue/lock/tcpto` has 1024 octets, an entry 16).
const PLACES: usize = 64;
/// Time-outs closer together than this count once \[s\].
const APART: u64 = 120;
/// Time-outs from which on an address is left out.
const ENOUGH: u64 = 2;
/// The count goes no higher.
const MOST: u64 = 10;

/// An address with its time-outs.
#[derive(Debug, Clone, Copy)]
struct Place {
    address: AddressId,
    count: u64,
    /// When the last one was counted, in seconds.
    when: u64,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: Vec<Place>,
}

impl Table {
    /// Returns whether the address is left out now. How long it is depends on the number of the
    /// delivery process, of which `process` is the remainder by 32; it is counted in units of `unit`
    /// seconds.
    pub(super) fn is_left_out(
        &self,
        address: AddressId,
        now: u64,
        process: u64,
        unit: u64,
    ) -> bool {
        let place = self.places.iter().find(|place| place.address == address);
        let lasts = (60 + process) * unit;
        place.is_some_and(|place| place.count >= ENOUGH && now - place.when < lasts)
    }

    /// Notes whether a connection timed out (`tcpto_err`).
    pub(super) fn note(&mut self, address: AddressId, now: u64, timed_out: bool) {
        if let Some(place) = self.places.iter_mut().find(|place| place.address == address) {
            if !timed_out {
                place.count = 0;
            } else if place.count == 0 || now >= place.when + APART {
                place.count = (place.count + 1).min(MOST);
                place.when = now;
            }
            return;
        }
        if !timed_out {
            return;
        }
        let place = Place { address, count: 1, when: now };
        if let Some(free) = self.places.iter_mut().find(|place| place.count == 0) {
            *free = place;
        } else if self.places.len() < PLACES {
            self.places.push(place);
        } else {
            let worth = |place: &&mut Place| place.when + (place.count << 10);
            let least = self.places.iter_mut().min_by_key(worth);
            *least.expect("a full table has places") = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AddressId = AddressId(1);
    const UNIT: u64 = 64;

    #[test]
    fn two_time_outs_two_minutes_apart_leave_an_address_out() {
        let mut table = Table::default();
        table.note(ONE, 1000, true);
        assert!(!table.is_left_out(ONE, 1000, 0, UNIT));
        table.note(ONE, 1119, true);
        assert!(!table.is_left_out(ONE, 1119, 0, UNIT), "too close to the first");
        table.note(ONE, 1120, true);
        assert!(table.is_left_out(ONE, 1120, 0, UNIT));
        // (60 + (pid & 31)) << 6.
        assert!(table.is_left_out(ONE, 1120 + 3839, 0, UNIT));
        assert!(!table.is_left_out(ONE, 1120 + 3840, 0, UNIT));
        assert!(table.is_left_out(ONE, 1120 + 5823, 31, UNIT));
    }

    #[test]
    fn an_answer_clears_it_and_a_full_table_forgets_the_least() {
        let mut table = Table::default();
        table.note(ONE, 0, true);
        table.note(ONE, 200, true);
        table.note(ONE, 300, false);
        assert!(!table.is_left_out(ONE, 300, 0, UNIT));
        for number in 0..70 {
            table.note(AddressId(100 + number), 1000 + u64::from(number), true);
        }
        assert_eq!(table.places.len(), PLACES);
        // The first of them were the oldest.
        assert!(table.places.iter().all(|place| place.address.0 >= 106));
    }
}
