//! When the deferred queue is scanned.

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::ScanPhase;
use super::clock::{Sleep, begins, up_to};
use super::settings::Settings;

/// The timer of the scans.
///
/// Postfix asks its event loop to wake it `queue_run_delay` seconds after a scan. The loop counts
/// whole seconds: if a scan ran in second S, the next is due as soon as the clock shows
/// S + `queue_run_delay`, and runs at the first activity of the queue manager from then on, or when
/// its sleep ends ([`Sleep`]; some milliseconds later, by which the scans drift).
#[derive(Debug, Default)]
pub(super) struct Scans {
    /// When the next scan is expected; never, while the MTA is down.
    pub(super) next: SimTime,
    /// The clock second from which any activity lets the scan run; none for fixed times.
    due_second: Option<u64>,
    /// How much later than its sleep ends the manager wakes.
    lateness: SimDuration,
    /// Counts the timers set; an earlier timer is void.
    pub(super) number: u32,
    observed: usize,
}

impl Scans {
    /// Sets the first timer of a run.
    pub(super) fn begin(&mut self, settings: &Settings, random: &mut ChaCha8Rng) {
        self.number += 1;
        self.due_second = None;
        self.next = match &settings.scan_phase {
            ScanPhase::Random => {
                let delay = settings.queue_run_delay.as_nanos().max(1);
                SimTime::from_nanos(random.below(delay))
            }
            ScanPhase::At(phase) => SimTime::ZERO.saturating_add(*phase),
            ScanPhase::Observed(times) => {
                self.observed = 1;
                times.first().copied().unwrap_or(SimTime::MAX)
            }
        };
    }

    /// Sets a timer for now, as at a restart, or for the scan that was observed then.
    pub(super) fn at_once(&mut self, now: SimTime, settings: &Settings) {
        self.number += 1;
        self.due_second = None;
        self.next = now;
        if let ScanPhase::Observed(times) = &settings.scan_phase {
            let first = times.iter().copied().find(|&time| time >= now);
            let soon = first.filter(|&time| time < now + settings.queue_run_delay);
            self.next = soon.unwrap_or(now);
        }
    }

    /// Nothing is scanned any more.
    pub(super) fn stop(&mut self) {
        self.number += 1;
        self.next = SimTime::MAX;
        self.due_second = None;
    }

    /// Returns whether activity in clock second `clock` lets a due scan run now.
    pub(super) fn due(&self, clock: u64) -> bool {
        self.due_second.is_some_and(|due| clock >= due)
    }

    /// Returns when to look whether the scan is to run; never, while the MTA is down.
    pub(super) fn timer(&self, settings: &Settings) -> SimTime {
        self.due_second.map_or(self.next, |due| begins(due, settings.clock_lag))
    }

    /// Returns when the manager wakes for the scan if nothing happens before.
    pub(super) fn wakes(&self, sleep: &Sleep, settings: &Settings) -> SimTime {
        self.due_second.map_or(self.next, |due| {
            sleep.ends(due, settings.clock_lag).saturating_add(self.lateness)
        })
    }

    /// A scan runs at `now`, in clock second `clock`: sets the next timer.
    pub(super) fn ran(
        &mut self,
        now: SimTime,
        clock: u64,
        settings: &Settings,
        random: &mut ChaCha8Rng,
    ) {
        self.number += 1;
        if let ScanPhase::Observed(times) = &settings.scan_phase {
            while times.get(self.observed).is_some_and(|&time| time <= now) {
                self.observed += 1;
            }
            if let Some(&time) = times.get(self.observed) {
                (self.next, self.due_second) = (time, None);
                return;
            }
        }
        let delay = settings.queue_run_delay;
        self.lateness = up_to(settings.timer_lag, random);
        self.next = now + delay + self.lateness;
        self.due_second = Some(clock + delay.as_secs().max(1));
    }

    /// Returns in how many seconds a message of this `age` \[s\] is due that every scan so far has
    /// taken up when it was due, and whose tries all failed at once. The scans before the first of the
    /// run are taken to have been `queue_run_delay` apart.
    pub(super) fn due_after(&self, now: SimTime, age: u64, settings: &Settings) -> u64 {
        let step = settings.queue_run_delay.as_secs().max(1);
        // The age at a scan: as many seconds more than that at the first of the run.
        let first = age + self.next.since(now).as_secs();
        let mut tried = 0;
        loop {
            let due = tried + settings.delay(tried);
            if due >= age {
                return due - age;
            }
            // `eligible` a second early.
            let scans = first.saturating_sub(due.saturating_sub(1)) / step;
            let scan = first - scans * step;
            if scan >= age || scan <= tried {
                return 0;
            }
            tried = scan;
        }
    }

    /// Returns the first scan, of those foreseen, in which a message due in second `due` is taken
    /// up.
    pub(super) fn first_for(&self, due: u64, settings: &Settings) -> SimTime {
        let earliest = SimTime::from_secs(due.saturating_sub(1));
        let mut next = self.next;
        if let ScanPhase::Observed(times) = &settings.scan_phase {
            let mut later = times.iter().copied().filter(|&time| time >= self.next);
            if let Some(time) = later.clone().find(|&time| time >= earliest) {
                return time;
            }
            next = later.next_back().unwrap_or(next);
        }
        if next >= earliest || next == SimTime::MAX {
            return next;
        }
        let delay = settings.queue_run_delay.max(SimDuration::from_nanos(1)).as_nanos();
        let scans = earliest.since(next).as_nanos().div_ceil(delay);
        next + SimDuration::from_nanos(scans.saturating_mul(delay))
    }
}
