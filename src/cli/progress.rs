//! The progress bars of a long run and of many runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::units::SimTime;

use super::terminal::Terminal;

/// Shorter runs show no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Steps of the bar.
const STEPS: u64 = 1000;

/// Shows how far a run has come, if it lasts long enough for anybody to wonder.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    shown: bool,
    begun: Instant,
    until: SimTime,
}

impl Progress {
    pub(super) fn new(until: SimTime, terminal: Terminal) -> Self {
        let bar = terminal.shows_progress().then(|| {
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
            let style =
                ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}  ({eta} left)");
            // The template is checked by a test.
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, shown: false, begun: Instant::now(), until }
    }

    /// Shows that the run has reached `at`, with `under_way` recipients of mail under way.
    pub(super) fn reached(&mut self, at: SimTime, under_way: u64) {
        let Some(bar) = &self.bar else { return };
        if !self.shown {
            if self.begun.elapsed() < PATIENCE {
                return;
            }
            bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        let share = at.as_secs_f64() / self.until.as_secs_f64();
        bar.set_position((share * STEPS as f64) as u64);
        bar.set_message(format!("{at} of {}, {under_way} under way", self.until));
    }

    /// Says what is done after the run itself.
    pub(super) fn says(&self, what: &'static str) {
        if let Some(bar) = self.bar.as_ref().filter(|_| self.shown) {
            bar.set_message(what);
        }
    }

    /// Returns how long the run has taken so far by the clock on the wall.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows how many runs of a study are made; it may be told from several threads.
#[derive(Debug)]
pub(super) struct RunsProgress {
    bar: Option<ProgressBar>,
    begun: Instant,
    made: AtomicUsize,
}

impl RunsProgress {
    pub(super) fn new(all: usize, terminal: Terminal) -> Self {
        let bar = terminal.shows_progress().then(|| {
            let target = ProgressDrawTarget::hidden();
            let bar = ProgressBar::with_draw_target(Some(all as u64), target);
            let style = ProgressStyle::with_template("{bar:32} {pos} of {len} runs  ({eta} left)");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, begun: Instant::now(), made: AtomicUsize::new(0) }
    }

    /// Takes note that one more run is made.
    pub(super) fn made_one(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
        let Some(bar) = &self.bar else { return };
        if bar.is_hidden() && self.begun.elapsed() >= PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.inc(1);
    }

    /// Returns how many runs are made.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
