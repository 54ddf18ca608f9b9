//! Queue runners: processes that go through the spool, one message after the other.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::{EntryHandle, ScanPhase};
use super::settings::Settings;

/// When the daemon starts queue runners: at its start and every `queue_interval` from then on
/// (`src/daemon.c`, `daemon_qrun`).
#[derive(Debug, Default)]
pub(super) struct Ticks {
    /// The next one; never, while the MTA is down.
    pub(super) next: SimTime,
    /// Counts the timers set; an earlier timer is void.
    pub(super) number: u32,
}

impl Ticks {
    /// Sets the first timer of a run.
    pub(super) fn begin(&mut self, settings: &Settings, random: &mut ChaCha8Rng) {
        self.number += 1;
        self.next = match &settings.run_phase {
            ScanPhase::Random => {
                SimTime::from_nanos(random.below(settings.queue_interval.as_nanos().max(1)))
            }
            ScanPhase::At(phase) => SimTime::ZERO.saturating_add(*phase),
            ScanPhase::Observed(times) => times.first().copied().unwrap_or(SimTime::MAX),
        };
    }

    /// Sets a timer for now, as at a restart; where queue runs were observed, for the first of them
    /// that followed within an interval, for a daemon takes its time to start.
    pub(super) fn restart(&mut self, now: SimTime, settings: &Settings) {
        self.number += 1;
        self.next = match &settings.run_phase {
            ScanPhase::Observed(times) => {
                let mut soon = times.iter().copied().filter(|&time| time >= now);
                soon.next().filter(|&time| time <= now + settings.queue_interval).unwrap_or(now)
            }
            _ => now,
        };
    }

    /// No runner is started any more.
    pub(super) fn stop(&mut self) {
        self.number += 1;
        self.next = SimTime::MAX;
    }

    /// The time has come at `now`: sets the next timer.
    pub(super) fn ran(&mut self, now: SimTime, settings: &Settings) {
        self.number += 1;
        self.next = following(now, settings);
    }

    /// Returns the first queue run, of those foreseen, at `at` or later.
    pub(super) fn first_from(&self, at: SimTime, settings: &Settings) -> SimTime {
        let mut next = self.next;
        if let ScanPhase::Observed(times) = &settings.run_phase {
            let mut later = times.iter().copied().filter(|&time| time >= next);
            if let Some(time) = later.clone().find(|&time| time >= at) {
                return time;
            }
            next = later.next_back().unwrap_or(next);
        }
        if next >= at {
            return next;
        }
        let interval = settings.queue_interval.as_nanos().max(1);
        let runs = at.since(next).as_nanos().div_ceil(interval);
        next + SimDuration::from_nanos(runs.saturating_mul(interval))
    }
}

fn following(now: SimTime, settings: &Settings) -> SimTime {
    if let ScanPhase::Observed(times) = &settings.run_phase
        && let Some(&time) = times.iter().find(|&&time| time > now)
    {
        return time;
    }
    now + settings.queue_interval
}

/// One runner.
#[derive(Debug)]
struct Runner {
    /// What is still to be looked at, the next one last.
    list: Vec<EntryHandle>,
    /// Delivery processes it waits for: the one it started, and those to which a connection was
    /// handed on.
    children: u32,
    /// Whether retry times are ignored.
    forced: bool,
    /// Whether the daemon started it, and so counts it.
    of_daemon: bool,
}

/// The runners at work.
#[derive(Debug, Default)]
pub(super) struct Runners {
    runners: BTreeMap<u32, Runner>,
    started: u32,
}

impl Runners {
    /// Returns whether the daemon may start another.
    pub(super) fn has_room(&self, settings: &Settings) -> bool {
        let most = settings.queue_run_max as usize;
        most == 0 || self.runners.values().filter(|runner| runner.of_daemon).count() < most
    }

    /// Starts a runner over `list`, in random order (`src/queue.c`, `queue_get_spool_list`, which
    /// puts each file of a directory before or behind the others by chance). Returns its number.
    pub(super) fn start(
        &mut self,
        mut list: Vec<EntryHandle>,
        forced: bool,
        random: &mut ChaCha8Rng,
    ) -> u32 {
        random.shuffle(&mut list);
        self.started += 1;
        let runner = Runner { list, children: 0, forced, of_daemon: !forced };
        self.runners.insert(self.started, runner);
        self.started
    }

    /// Returns the next message of a runner that waits for nothing, and whether retry times are
    /// ignored; none if it waits, or has come to its end.
    pub(super) fn next(&mut self, number: u32) -> Option<(EntryHandle, bool)> {
        let runner = self.runners.get_mut(&number)?;
        if runner.children > 0 {
            return None;
        }
        match runner.list.pop() {
            Some(entry) => Some((entry, runner.forced)),
            None => {
                self.runners.remove(&number);
                None
            }
        }
    }

    /// A delivery process was begun for which a runner waits.
    pub(super) fn born(&mut self, number: u32) {
        if let Some(runner) = self.runners.get_mut(&number) {
            runner.children += 1;
        }
    }

    /// A delivery process ended for which a runner waited.
    pub(super) fn died(&mut self, number: u32) {
        if let Some(runner) = self.runners.get_mut(&number) {
            runner.children -= 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.runners.clear();
    }
}
