//! What Postfix remembers of a destination while it has mail for it: the concurrency window, its
//! failures, and whether connections are kept.
//!
//! `src/qmgr/qmgr_queue.c` (window and feedback), `src/qmgr/qmgr_entry.c` (connection cache).

use crate::mail::Status;

use super::super::PREFETCHED;
use super::super::list::DeliveryList;
use super::policy::Policy;
use super::settings::Feedback;
use super::transport::Turn;

/// The state of one destination in one transport.
#[derive(Debug)]
pub(super) struct State {
    /// Deliveries allowed at once; 0 while the destination is dead.
    pub(super) window: u32,
    success: f64,
    failure: f64,
    fail_cohorts: f64,
    /// Deliveries under way.
    pub(super) busy: u32,
    /// Deliveries waiting.
    pub(super) todo: DeliveryList,
    /// Why it is dead.
    pub(super) reason: Status,
    /// Which timer ends its death, or its pause.
    pub(super) closing: u32,
    /// The clock second from which any activity ends its death, or its pause.
    pub(super) revives: u64,
    /// Whether it pauses between deliveries (`default_destination_rate_delay`).
    pub(super) paused: bool,
    /// Clock second in which the last delivery ended.
    last_done: Option<u64>,
    store: bool,
    load: bool,
    /// When it is served, if it lacks nothing but a delivery process.
    pub(super) turn: Option<Turn>,
    limit: u32,
    initial: u32,
    /// So many of those that wait have been looked at.
    prefetched: usize,
}

impl State {
    /// Returns the state of a destination that mail has just come up for. `initial` and `limit`
    /// bound its window; a limit of 0 is none.
    pub(super) fn new(initial: u32, limit: u32) -> Self {
        Self {
            window: initial,
            success: 0.0,
            failure: 0.0,
            fail_cohorts: 0.0,
            busy: 0,
            todo: DeliveryList::default(),
            reason: Status::NO_ANSWER,
            closing: 0,
            revives: 0,
            paused: false,
            last_done: None,
            store: false,
            load: false,
            turn: None,
            limit,
            initial,
            prefetched: 0,
        }
    }

    /// Returns whether nothing is tried for now.
    pub(super) fn is_dead(&self) -> bool {
        self.window == 0
    }

    /// Returns whether a waiting delivery may begin, as far as the destination is concerned.
    pub(super) fn may_begin(&self) -> bool {
        !self.todo.is_empty() && self.has_room()
    }

    /// Returns whether another delivery may begin if there is one.
    #[inline]
    pub(super) const fn has_room(&self) -> bool {
        !self.paused && self.busy < self.window
    }

    /// A delivery no longer waits. Returns whether it is time to look at the next ones: at so many
    /// together that the memory of all is fetched in the time that one takes.
    #[inline]
    pub(super) fn looks_ahead(&mut self) -> bool {
        if self.todo.is_empty() {
            self.prefetched = 0;
            return false;
        }
        let again = self.prefetched == 0;
        self.prefetched = if again { PREFETCHED } else { self.prefetched } - 1;
        again
    }

    /// Returns whether nothing is known that is worth keeping: the state is then discarded, and
    /// with it the window, the failures and the time of the last delivery.
    pub(super) fn is_idle(&self) -> bool {
        self.busy == 0 && self.todo.is_empty() && !self.is_dead() && !self.paused
    }

    /// A delivery begins in clock second `clock`: returns whether it may take up an open
    /// connection, and whether its own is kept.
    ///
    /// Caching on demand begins once a delivery starts within a second of the end of another one
    /// while the destination is still known; it ends when deliveries neither overlap nor follow
    /// each other. An open connection may be taken up even after that.
    pub(super) fn begin(&mut self, clock: u64, on_demand: bool) -> (bool, bool) {
        self.busy += 1;
        let back_to_back = self.last_done.is_some_and(|done| done + 1 >= clock);
        if !self.store {
            if back_to_back {
                (self.store, self.load) = (true, true);
            }
        } else if self.busy <= 1 && !back_to_back {
            self.store = false;
        }
        (on_demand && self.load, on_demand && self.store)
    }

    /// A delivery has ended in clock second `clock`. Call after the feedback.
    pub(super) fn end(&mut self, clock: u64) {
        self.busy -= 1;
        self.last_done = Some(clock);
    }

    /// The destination answered: `qmgr_queue_unthrottle`.
    pub(super) fn succeed(&mut self, policy: &Policy) {
        self.fail_cohorts = 0.0;
        if self.is_dead() {
            self.revive();
            return;
        }
        let below_limit = self.limit == 0 || self.window < self.limit;
        if below_limit && self.window < self.busy + self.initial {
            let feedback = value(policy.positive_feedback, self.window);
            self.success += feedback;
            while self.success + feedback / 2.0 >= 1.0 {
                self.window += 1;
                self.success -= 1.0;
                self.failure = 0.0;
            }
            if self.limit > 0 {
                self.window = self.window.min(self.limit);
            }
        }
    }

    /// The destination failed: `qmgr_queue_throttle`. Does nothing to a dead one.
    pub(super) fn fail(&mut self, policy: &Policy, reason: Status) {
        if self.is_dead() {
            return;
        }
        self.fail_cohorts += 1.0 / f64::from(self.window);
        let cohort_limit = f64::from(policy.failed_cohort_limit);
        if policy.failed_cohort_limit > 0 && self.fail_cohorts >= cohort_limit {
            self.window = 0;
            self.reason = reason;
            (self.store, self.load) = (false, false);
            return;
        }
        let feedback = value(policy.negative_feedback, self.window);
        self.failure -= feedback;
        // The loop runs twice the first time: half a feedback is taken off in advance.
        while self.failure - feedback / 2.0 < 0.0 {
            self.window = self.window.saturating_sub(1);
            self.success = 0.0;
            self.failure += 1.0;
        }
        self.window = self.window.max(1);
    }

    /// The time of a dead destination is over: `qmgr_queue_unthrottle`. Back from the dead, what is
    /// still under way is the best guess for the window, so with one delivery under way its failure
    /// is a whole cohort and kills again (recording 02a, at 28 s and 52 s).
    pub(super) fn revive(&mut self) {
        self.window = if self.busy > 0 { self.busy } else { self.initial };
        (self.success, self.failure, self.fail_cohorts) = (0.0, 0.0, 0.0);
    }
}

/// Returns the feedback for one delivery at this window (`src/qmgr/qmgr_feedback.c`).
fn value(feedback: Feedback, window: u32) -> f64 {
    match feedback {
        Feedback::Fixed(value) => value,
        Feedback::PerWindow(value) => value / f64::from(window),
        Feedback::PerRoot(value) => value / f64::from(window).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::TransportSettings;
    use super::super::settings::Settings;
    use super::*;

    fn policy(settings: Settings) -> Policy {
        Policy::of(&settings, &TransportSettings::NOTHING)
    }

    /// Failures in a row until the destination is dead, starting from `initial`.
    fn failures_until_dead(initial: u32, cohort_limit: u32) -> Option<u32> {
        let policy = policy(Settings { failed_cohort_limit: cohort_limit, ..Settings::default() });
        let mut state = State::new(initial, 20);
        (1..=100).find(|_| {
            state.fail(&policy, Status::NO_ANSWER);
            state.is_dead()
        })
    }

    #[test]
    fn a_destination_dies_after_a_cohort_of_failures() {
        // Recordings 01b, 01g, 01h, 01i, 01j.
        assert_eq!(failures_until_dead(5, 1), Some(3));
        assert_eq!(failures_until_dead(1, 1), Some(1));
        assert_eq!(failures_until_dead(10, 1), Some(7));
        assert_eq!(failures_until_dead(5, 5), Some(7));
        assert_eq!(failures_until_dead(5, 0), None);
    }

    #[test]
    fn the_window_doubles_with_each_service_time() {
        // Recording 10a: 5, 10, 20, 20 deliveries a second when each takes a second.
        let policy = policy(Settings::default());
        let mut state = State::new(5, 20);
        let mut windows = Vec::new();
        let fill = |state: &mut State| {
            while state.busy < state.window {
                state.begin(0, true);
            }
        };
        fill(&mut state);
        for _ in 0..4 {
            let under_way = state.busy;
            windows.push(under_way);
            for _ in 0..under_way {
                state.succeed(&policy);
                state.end(0);
                fill(&mut state);
            }
        }
        assert_eq!(windows, [5, 10, 20, 20]);
    }
}
