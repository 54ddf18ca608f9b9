//! When a server's queue scans fell, and what its machine took its time for: what is drawn for
//! each run.

use mailsim::queue::postfix::ScanPhase;
use mailsim::random::{Distribution, Draw};
use mailsim::smtp::ServiceTimes;
use mailsim::units::SimDuration;

use crate::recording::ServerParameters;
use crate::sink::seconds;

/// Returns the work of a server whose pace is drawn: on the machine of the recordings it takes
/// between 0.7 and 8 ms in the median to do any one thing, by how busy the machine is, and now and
/// then some ten times as long.
pub(crate) fn service_times(unit: f64) -> ServiceTimes {
    let median = 0.0007 * libm::pow(8.0 / 0.7, unit);
    let work = Distribution::LogNormal { median, sigma: 1.0 };
    ServiceTimes {
        message: work.clone(),
        agent: work.clone(),
        local: work,
        ..Default::default()
    }
}

/// What is known of one server's queue scans.
#[derive(Debug)]
pub(crate) struct Scans {
    interval_s: f64,
    phase_s: Option<f64>,
    observed_s: Vec<f64>,
    until_s: f64,
}

impl Scans {
    /// Returns the scans as far as the recording fixes them, the others drawn.
    ///
    /// A scan that found no message left no trace. It came one interval after the one before, at
    /// the first activity from the whole second on, so its fraction of a second is drawn below
    /// that of the one before.
    pub(crate) fn phase(&self, random: &mut impl Draw) -> ScanPhase {
        let Some(&first) = self.observed_s.first() else {
            return self.phase_s.map_or(ScanPhase::Random, |phase| {
                ScanPhase::At(SimDuration::from_secs_f64(phase))
            });
        };
        let mut times = Vec::new();
        let mut before = first;
        while before - self.interval_s > 0.0 {
            before -= self.interval_s;
            times.push(before);
        }
        times.reverse();
        let mut last = first;
        for &observed in self.observed_s.iter().chain([&(self.until_s + 1.0)]) {
            while observed - last > 1.5 * self.interval_s {
                let latest = last + self.interval_s + 0.01;
                last = latest - random.unit_f64() * (latest - libm::floor(latest));
                times.push(last);
            }
            if observed <= self.until_s {
                times.push(observed);
            }
            last = observed;
        }
        ScanPhase::Observed(times.into_iter().map(seconds).collect())
    }
}

pub(crate) fn known_scans(server: &ServerParameters, until_s: f64) -> Scans {
    let mut observed_s = server.queue_runs_observed_s.clone().unwrap_or_default();
    let after_start = server.queue_run_phases_after_start.iter();
    for first in after_start.filter_map(|start| start.first_run_s) {
        if !observed_s.iter().any(|at| libm::fabs(at - first) < 0.5) {
            observed_s.push(first);
        }
    }
    observed_s.sort_by(f64::total_cmp);
    observed_s.dedup();
    let interval_s = server.queue_run_interval_s;
    Scans {
        interval_s,
        phase_s: server.queue_run_phase_s,
        observed_s,
        until_s,
    }
}
