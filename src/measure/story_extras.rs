//! What few stories have, or have for a moment only.

use std::num::NonZeroU32;

use crate::mail::{HostId, MessageKey, Status};
use crate::trace::{FinalOutcome, RetrievalProtocol};
use crate::units::{SimDuration, SimTime};

use super::spans::Span;

/// What few stories have, or have for a moment only: most close as soon as they have ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Rare {
    /// The message that a notice is about.
    pub(super) about: Option<MessageKey>,
    /// Time in failed tries before a server had the message.
    pub(super) failing_to_submit: SimDuration,
    /// With its first retrieval.
    pub(super) ending: Option<Ending>,
    /// The whole way, if it is longer than a story holds.
    pub(super) further: Vec<HostId>,
    /// The spans that are too long for a story.
    pub(super) long: [SimDuration; Span::COUNT],
}

/// How a story ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) at: SimTime,
    pub(super) outcome: FinalOutcome,
    pub(super) host: HostId,
    pub(super) status: Status,
    pub(super) received_fields: u32,
    /// Copies in the mailbox.
    pub(super) copies: u32,
    pub(super) junk: bool,
    pub(super) retrieved: Option<(SimTime, RetrievalProtocol)>,
}

/// Where a [`Rare`] lies. (Counted from one, so that an absent one takes no room.)
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(NonZeroU32);

impl Place {
    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What is rare of all stories, in places that are used again.
#[derive(Debug, Default)]
pub(super) struct Rares {
    all: Vec<Rare>,
    free: Vec<Place>,
}

impl Rares {
    /// Returns an empty place.
    pub(super) fn take(&mut self) -> Place {
        self.free.pop().unwrap_or_else(|| {
            self.all.push(Rare::default());
            let place = u32::try_from(self.all.len()).ok().and_then(NonZeroU32::new);
            Place(place.expect("fewer than 2^32 stories are open"))
        })
    }

    /// Empties a place for another story; its list of hosts keeps its room.
    pub(super) fn give_back(&mut self, place: Place) {
        let rare = &mut self.all[place.index()];
        rare.further.clear();
        *rare = Rare { further: std::mem::take(&mut rare.further), ..Rare::default() };
        self.free.push(place);
    }

    pub(super) fn get(&self, place: Place) -> &Rare {
        &self.all[place.index()]
    }

    pub(super) fn get_mut(&mut self, place: Place) -> &mut Rare {
        &mut self.all[place.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_used_again_is_empty() {
        let mut rares = Rares::default();
        let (one, other) = (rares.take(), rares.take());
        let rare = rares.get_mut(one);
        rare.about = Some(MessageKey::Mail { entry: 1, ordinal: 2 });
        rare.failing_to_submit = SimDuration::from_secs(3);
        rare.further.push(HostId(4));
        rare.long[Span::Failing as usize] = SimDuration::from_hours(5);
        rares.get_mut(other).further.push(HostId(6));
        rares.give_back(one);
        let again = rares.take();
        let rare = rares.get(again);
        assert!(rare.about.is_none() && rare.ending.is_none() && rare.further.is_empty());
        assert_eq!(rare.long, [SimDuration::ZERO; Span::COUNT]);
        assert_eq!(rare.failing_to_submit, SimDuration::ZERO);
        assert_eq!(rares.get(other).further, [HostId(6)], "what others keep stays");
    }
}
