//! What a queue run takes up, and in which order: `gatherq` and `workcmpf0` in `queue.c`.

use crate::random::Draw as _;
use crate::units::{Octets, SimDuration, SimTime};

use super::super::{ArrivalTime, Context, EntryHandle};
use super::settings::Settings;

/// `WkRecipFact` of `conf.c`: what each recipient adds to a job's priority.
const RECIPIENT_FACTOR: u64 = 30_000;
/// `WkTimeFact` of `conf.c`: what each queue run adds to it.
const RUN_FACTOR: u64 = 90_000;

/// The queue runs of a daemon: the next, and how far they are apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs {
    pub(super) next: SimTime,
    pub(super) interval: SimDuration,
}

/// More queue runs before the start of the run than this are not counted: their number decides the
/// order of turns alone.
const MOST_RUNS: u64 = 10_000;

/// A message in the queue directory, as its control file describes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    /// Line `T`: when it came, in whole seconds.
    pub(super) created: i64,
    /// Line `K`: when it was last tried.
    pub(super) last_try: i64,
    /// Line `N`: how often it was tried.
    pub(super) tries: u32,
    /// Line `P`: the higher, the later its turn (`eatheader`, `readqf`).
    pub(super) priority: u64,
    /// A run before this second leaves it alone: told of mail that waits from the start.
    pub(super) not_before: u64,
}

impl Job {
    pub(super) fn new(arrived: ArrivalTime, size: Octets, recipients: u64) -> Self {
        Self {
            created: arrived.second(SimDuration::ZERO),
            last_try: 0,
            tries: 0,
            priority: size.get() + RECIPIENT_FACTOR * recipients,
            not_before: 0,
        }
    }

    /// It has been here for `age`: tried when it came, and in every run since.
    pub(super) fn set_past(
        &mut self,
        now: SimTime,
        age: SimDuration,
        runs: Runs,
        next_try: Option<SimTime>,
    ) {
        let interval = runs.interval.as_secs().max(1);
        let until_next = runs.next.since(now).as_secs();
        let count = (age.as_secs() + until_next).saturating_sub(1) / interval;
        self.tried(now, false);
        for _ in 0..count.min(MOST_RUNS) {
            self.tried(now, true);
        }
        self.last_try = match count {
            0 => self.created,
            _ => (runs.next.as_secs() as i64).saturating_sub_unsigned(interval),
        };
        self.not_before = next_try.map_or(0, SimTime::as_secs);
    }

    /// Notes a try that is over; `by_run` if a queue run made it.
    pub(super) fn tried(&mut self, now: SimTime, by_run: bool) {
        self.last_try = now.as_secs() as i64;
        self.tries += 1;
        if by_run {
            self.priority += RUN_FACTOR;
        }
    }

    /// Returns how long a queue run leaves the job alone after its last try \[s\] (`gatherq`).
    pub(super) fn rest(&self, settings: &Settings) -> u64 {
        match settings.max_queue_age.as_secs() {
            0 => settings.min_queue_age.as_secs(),
            most => (self.last_try.saturating_sub(self.created).max(0) as u64).min(most),
        }
    }

    /// Returns whether a run that begins now passes over it (`gatherq`).
    fn is_too_young(&self, now: SimTime, settings: &Settings) -> bool {
        let since = (now.as_secs() as i64).saturating_sub(self.last_try);
        now.as_secs() < self.not_before || self.tries > 0 && since < self.rest(settings) as i64
    }

    /// Returns whether it has been tried so lately, by another process, that it is left alone when
    /// its turn comes (`readqf`).
    pub(super) fn is_fresh(&self, now: SimTime, settings: &Settings) -> bool {
        let rests = settings.min_queue_age.as_secs() as i64;
        self.tries > 0 && (now.as_secs() as i64) < self.last_try + rests
    }
}

/// Returns the jobs of a run that begins now, in order of their turns. Jobs of the same priority
/// come in the order of the directory, which is none in particular.
pub(super) fn work_list<'a>(
    now: SimTime,
    jobs: impl Iterator<Item = (&'a EntryHandle, &'a Job)>,
    settings: &Settings,
    context: &mut Context<'_>,
) -> Vec<EntryHandle> {
    let mut list: Vec<(u64, u64, EntryHandle)> = jobs
        .filter(|(_, job)| !job.is_too_young(now, settings))
        .map(|(entry, job)| (job.priority, context.random.below(u64::MAX), *entry))
        .collect();
    list.sort_unstable();
    list.into_iter().map(|(.., entry)| entry).collect()
}

/// Returns the first of the runs `next`, `next + interval`, ... that is not before `from`.
pub(super) fn first_run(from: SimTime, next: SimTime, interval: SimDuration) -> SimTime {
    if next >= from || interval.is_zero() {
        return next;
    }
    let intervals = from.since(next).as_nanos().div_ceil(interval.as_nanos());
    let late = SimDuration::from_nanos(intervals.saturating_mul(interval.as_nanos()));
    next.saturating_add(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried_at(created: u64, last_try: i64) -> Job {
        let size = Octets(2000);
        Job { last_try, tries: 1, ..Job::new(SimTime::from_secs(created).into(), size, 1) }
    }

    #[test]
    fn ages_are_those_of_the_source() {
        let at = SimTime::from_secs;
        // MinQueueAge: time since the last try, whatever the age.
        let min_queue_age = SimDuration::from_secs(15);
        let settings = Settings { min_queue_age, ..Settings::default() };
        assert!(tried_at(0, 1000).is_too_young(at(1014), &settings));
        assert!(!tried_at(0, 1000).is_too_young(at(1015), &settings));
        // MaxQueueAge: as old as it was at the last try, at most the option; MinQueueAge is moot.
        let max_queue_age = SimDuration::from_secs(3600);
        let settings = Settings { max_queue_age, ..settings };
        assert!(tried_at(0, 1000).is_too_young(at(1999), &settings));
        assert!(!tried_at(0, 1000).is_too_young(at(2000), &settings));
        assert!(!tried_at(0, 9000).is_too_young(at(12_600), &settings));
        // What was never tried is never too young.
        let fresh = Job::new(at(1000).into(), Octets(1), 1);
        assert!(!fresh.is_too_young(at(1000), &settings));
    }

    #[test]
    fn the_next_run_is_on_the_grid() {
        let (next, interval) = (SimTime::from_secs(7), SimDuration::from_secs(10));
        for (from, run) in [(0, 7), (7, 7), (8, 17), (17, 17), (18, 27)] {
            let first = first_run(SimTime::from_secs(from), next, interval);
            assert_eq!(first, SimTime::from_secs(run), "from {from}");
        }
    }
}
