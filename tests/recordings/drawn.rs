//! When a server's queue scans fell, and what its machine took its time for: what is drawn for
//! each run.

use mailsim::queue::postfix::ScanPhase;
use mailsim::random::{Distribution, Draw, normal_quantile};
use mailsim::smtp::ServiceTimes;
use mailsim::units::SimDuration;

use crate::recording::ServerParameters;
use crate::sink::seconds;

/// Returns the work of a server whose pace is drawn.
///
/// On the machine of the recordings, which was shared, the middle one of a case's messages took 2
/// to 30 ms to be accepted and as long to be handed to a delivery agent, by how busy the machine
/// was; single ones took from 1 ms up to a quarter of a second (first deliveries of cases in which
/// nothing fails: 03e, 06a, 09a, 12a). So the median is drawn for each run, and each message's time
/// around it.
pub(crate) fn service_times(random: &mut impl Draw) -> ServiceTimes {
    let mut work = |least: f64, greatest: f64| {
        let median = least * libm::pow(greatest / least, random.unit_f64());
        let quantile = |step: u32| {
            let probability = (f64::from(step) + 0.5) / 200.0;
            let spread = libm::exp(SPREAD * normal_quantile(probability));
            (SHORTEST + median * spread).min(LONGEST)
        };
        let times = (0..200).map(quantile).collect();
        Distribution::empirical(times, &[]).expect("finite times without weights can be drawn")
    };
    ServiceTimes {
        message: work(0.001, 0.025),
        agent: work(0.001, 0.03),
        local: work(0.0005, 0.005),
        ..ServiceTimes::default()
    }
}

/// Shortest time that anything took on the machine of the recordings [s].
const SHORTEST: f64 = 0.0003;
/// Longest time [s].
const LONGEST: f64 = 0.25;
/// Standard deviation of the logarithm of one message's time among those of a case.
const SPREAD: f64 = 1.2;

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
