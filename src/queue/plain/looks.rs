//! The moments at which a server looks for messages that are due, where it has no timer for each.

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::ScanPhase;
use super::settings::Settings;

/// A row of looks at equal distances.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// One of them.
    base: SimTime,
    every: Option<SimDuration>,
    armed: Option<SimTime>,
    /// Tells the timer that counts from older ones.
    pub(super) number: u32,
}

impl Looks {
    /// The server starts.
    pub(super) fn begin(&mut self, now: SimTime, settings: &Settings, random: &mut ChaCha8Rng) {
        self.configure(settings);
        self.armed = None;
        let Some(every) = self.every else {
            return;
        };
        self.base = match &settings.look_phase {
            ScanPhase::Random => now + SimDuration::from_nanos(random.below(every.as_nanos())),
            ScanPhase::At(phase) => now + *phase,
            ScanPhase::Observed(times) => times.first().copied().unwrap_or(now),
        };
    }

    pub(super) fn configure(&mut self, settings: &Settings) {
        self.every = settings.look_every.filter(|every| !every.is_zero());
    }

    /// Returns whether messages wait for a look.
    pub(super) fn are_kept(&self) -> bool {
        self.every.is_some()
    }

    /// A look has just been taken for another reason; the next ones count from it.
    pub(super) fn restart(&mut self, now: SimTime) {
        self.base = now;
        self.armed = None;
    }

    /// The timer has come.
    pub(super) fn came(&mut self) {
        self.armed = None;
    }

    /// Returns the first look at or after `due`, and after `now`.
    pub(super) fn first_for(&self, due: SimTime, now: SimTime) -> SimTime {
        let Some(every) = self.every else {
            return due.max(now);
        };
        let after = due.max(now + SimDuration::from_nanos(1));
        if after <= self.base {
            return self.base;
        }
        let steps = after.since(self.base).as_nanos().div_ceil(every.as_nanos());
        self.base.saturating_add(every.saturating_mul(steps))
    }

    /// Returns the moment for which a timer is to be armed, if the one that counts comes later than
    /// the first look at or after `due`.
    pub(super) fn arm(&mut self, due: SimTime, now: SimTime) -> Option<SimTime> {
        let at = self.first_for(due, now);
        if self.armed.is_some_and(|armed| armed <= at) {
            return None;
        }
        self.armed = Some(at);
        self.number += 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_from_the_due_time_on_counts() {
        let every = Some(SimDuration::from_secs(60));
        let mut looks = Looks { base: SimTime::from_secs(10), every, ..Looks::default() };
        let first = |looks: &Looks, due, now| {
            looks.first_for(SimTime::from_secs(due), SimTime::from_secs(now)).as_secs()
        };
        assert_eq!(first(&looks, 0, 0), 10);
        assert_eq!(first(&looks, 70, 0), 70);
        assert_eq!(first(&looks, 71, 0), 130);
        // A look at this very moment has been.
        assert_eq!(first(&looks, 70, 70), 130);
        looks.restart(SimTime::from_secs(75));
        assert_eq!(first(&looks, 76, 75), 135);
    }
}
