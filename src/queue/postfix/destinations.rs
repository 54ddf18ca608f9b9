//! The destinations for which there is mail, or which are dead.

use std::collections::BTreeMap;

use super::super::Destination;
use super::destination::State;

/// Where what is known of a destination lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

/// What is known of each destination.
///
/// Where mail is sparse, a destination is forgotten and comes up again with every message. Its place
/// outlives it for that reason, and the place asked for last is tried first. Whoever handles a
/// delivery finds the place once ([`Destinations::place`]); it stays until something is forgotten.
/// Together that took a twentieth off the instructions of a whole run.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    /// By [`number`], which is compared faster.
    places: BTreeMap<u64, Place>,
    /// None: forgotten.
    states: Vec<Option<State>>,
    known: usize,
    latest: Option<(u64, Place)>,
    /// The place of the local destination, which takes turns with others.
    local: Option<Place>,
}

/// The number of the local destination.
const LOCAL: u64 = 0;

/// Returns a number for a destination, in the order of destinations.
#[inline]
fn number(destination: Destination) -> u64 {
    let (kind, which, transport) = destination.parts();
    let kind = u64::from(transport.0) << 2 | kind as u64;
    kind << 32 | u64::from(which)
}

/// So many forgotten destinations may keep their places, besides one for each that is known.
const FORGOTTEN: usize = 16;

impl Destinations {
    /// Returns the place of a destination, whether or not anything is known of it; none: nothing is.
    #[inline]
    pub(super) fn place(&mut self, destination: Destination) -> Option<Place> {
        let number = number(destination);
        match (self.latest, self.local) {
            (Some((latest, place)), _) if latest == number => Some(place),
            (_, Some(place)) if number == LOCAL => Some(place),
            _ => self.look_up(number),
        }
    }

    fn look_up(&mut self, number: u64) -> Option<Place> {
        let place = *self.places.get(&number)?;
        self.remember(number, place);
        Some(place)
    }

    /// Returns what is known of the destination in a place.
    #[inline]
    pub(super) fn at(&mut self, place: Place) -> Option<&mut State> {
        self.states[place.0 as usize].as_mut()
    }

    fn remember(&mut self, number: u64, place: Place) {
        if number == LOCAL {
            self.local = Some(place);
        } else {
            self.latest = Some((number, place));
        }
    }

    /// Returns what is known of a destination.
    #[inline]
    pub(super) fn get_mut(&mut self, destination: Destination) -> Option<&mut State> {
        let place = self.place(destination)?;
        self.at(place)
    }

    /// Returns the place of a destination, making it known as `new` says if nothing is.
    pub(super) fn make_known(
        &mut self,
        destination: Destination,
        new: impl FnOnce() -> State,
    ) -> Place {
        let place = self.place(destination).unwrap_or_else(|| {
            let place = u32::try_from(self.states.len()).expect("fewer than 2^32 destinations");
            self.places.insert(number(destination), Place(place));
            self.states.push(None);
            self.remember(number(destination), Place(place));
            Place(place)
        });
        let state = &mut self.states[place.0 as usize];
        if state.is_none() {
            self.known += 1;
            *state = Some(new());
        }
        place
    }

    /// Forgets the destination in a place.
    pub(super) fn forget(&mut self, place: Place) {
        let state = &mut self.states[place.0 as usize];
        if state.is_none() {
            return;
        }
        *state = None;
        self.known -= 1;
        if self.places.len() > 2 * self.known + FORGOTTEN {
            self.give_up_places();
        }
    }

    /// Leaves places to known destinations only.
    fn give_up_places(&mut self) {
        let mut states = Vec::with_capacity(self.known);
        self.places.retain(|_, place| {
            let state = self.states[place.0 as usize].take();
            // There are no more of them than before.
            *place = Place(states.len() as u32);
            let known = state.is_some();
            states.extend(state.map(Some));
            known
        });
        (self.states, self.latest, self.local) = (states, None, None);
    }

    /// Returns what is known of all destinations, in their order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = State> + use<> {
        let Self { places, mut states, .. } = std::mem::take(self);
        places.into_values().filter_map(move |place| states[place.0 as usize].take())
    }

    /// Returns what is known of each destination, in any order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut State> {
        self.states.iter_mut().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::TransportId;
    use super::*;
    use crate::mail::DomainId;

    fn destination(number: u32) -> Destination {
        Destination::Exchangers(DomainId(number))
    }

    /// Windows tell the states apart.
    fn known(destinations: &mut Destinations, numbers: std::ops::Range<u32>) -> Vec<u32> {
        numbers
            .filter_map(|number| Some(destinations.get_mut(destination(number))?.window))
            .collect()
    }

    #[test]
    fn numbers_have_the_order_of_destinations() {
        let mut all = vec![Destination::Local];
        for which in [0, 1, u32::MAX] {
            let host = Destination::Host(crate::mail::HostId(which));
            all.extend([1, 2].map(|transport| host.by(TransportId(transport))));
            all.push(destination(which).by(TransportId(1)));
            all.push(Destination::Exchangers(DomainId(which)));
            all.push(Destination::Host(crate::mail::HostId(which)));
            all.push(Destination::Address(crate::mail::HostId(which)));
        }
        all.sort_unstable();
        assert!(all.iter().map(|one| number(*one)).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_destination_comes_up_anew_after_it_was_forgotten() {
        let mut destinations = Destinations::default();
        let place = destinations.make_known(destination(1), || State::new(5, 20));
        destinations.at(place).unwrap().window = 9;
        assert_eq!(destinations.make_known(destination(1), || State::new(5, 20)), place);
        assert_eq!(destinations.at(place).unwrap().window, 9);
        destinations.forget(place);
        assert!(destinations.get_mut(destination(1)).is_none());
        let place = destinations.make_known(destination(1), || State::new(5, 20));
        assert_eq!(destinations.at(place).unwrap().window, 5);
    }

    #[test]
    fn places_of_the_forgotten_are_given_up_in_time() {
        let mut destinations = Destinations::default();
        for number in 0..100 {
            destinations.make_known(destination(99 - number), || State::new(99 - number, 0));
        }
        for number in (0..100).filter(|number| number % 10 != 3) {
            let place = destinations.place(destination(number)).unwrap();
            destinations.forget(place);
        }
        assert!(destinations.places.len() <= 2 * 10 + FORGOTTEN);
        assert_eq!(destinations.places.len(), destinations.states.len());
        let left = [3, 13, 23, 33, 43, 53, 63, 73, 83, 93];
        assert_eq!(known(&mut destinations, 0..100), left);
        assert_eq!(destinations.iter_mut().count(), 10);
        let drained: Vec<u32> = destinations.drain().map(|state| state.window).collect();
        assert_eq!(drained, left, "in order");
        assert!(known(&mut destinations, 0..100).is_empty());
    }
}
