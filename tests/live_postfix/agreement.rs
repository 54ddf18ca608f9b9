//! Whether what a real server did could be one of the model's runs.

use std::fmt;

use crate::laboratory::experiment::Experiment;
use crate::laboratory::observation::{Observation, told};

/// How far a time may be from that of a run [s]. The scans of the nearest run fall some hundredths
/// of a second from the real ones; starting a process may take some tenths on a busy machine.
const TOLERANCE: f64 = 0.5;

/// Most messages told of where no run agrees.
const REASONS: usize = 2;

/// How far a run is from what was observed, where it could be the same [s].
pub(crate) type Distance = f64;

/// Compares a run with what was observed: each message must have as many deliveries, with the
/// same outcomes, end at the same hosts, and have the same notices, all at the same times within
/// [`TOLERANCE`].
///
/// Which messages of a burst are tried and which are put off without a try is a matter of
/// milliseconds, so both count as deferred here.
///
/// # Errors
/// What differs, one line for each message.
pub(crate) fn compare(
    experiment: &Experiment,
    observed: &Observation,
    run: &Observation,
) -> Result<Distance, Vec<String>> {
    let (mut greatest, mut reasons) = (0.0, Vec::new());
    for mail in &experiment.mail {
        match compare_message(&mail.id, observed, run) {
            Ok(distance) => greatest = f64::max(greatest, distance),
            Err(reason) => reasons.push(format!("{}: {reason}", mail.id)),
        }
    }
    if reasons.is_empty() { Ok(greatest) } else { Err(reasons) }
}

fn compare_message(
    id: &str,
    observed: &Observation,
    run: &Observation,
) -> Result<Distance, String> {
    let (there, here) = (observed.events(id), run.events(id));
    let same = there.len() == here.len() && there.iter().zip(&here).all(|(a, b)| a.0 == b.0);
    let both = || format!("observed {}; the model {}", told(&there), told(&here));
    if !same {
        return Err(both());
    }
    let distances = there.iter().zip(&here).map(|(a, b)| libm::fabs(a.1 - b.1));
    let greatest = distances.fold(0.0, f64::max);
    if greatest <= TOLERANCE { Ok(greatest) } else { Err(both()) }
}

/// What a set of runs says about what was observed.
#[derive(Debug)]
pub(crate) struct Verdict {
    runs: usize,
    /// The runs that could be what was observed, message by message.
    agreeing: usize,
    /// How far the nearest of them is [s].
    nearest: Distance,
    /// Deferrals without a try: observed, fewest and most in the agreeing runs.
    suspensions: (usize, usize, usize),
    /// What differs in the run that differs in fewest messages; nothing if some run agrees.
    reasons: Vec<String>,
}

impl Verdict {
    /// Compares all runs with what was observed.
    pub(crate) fn new(
        experiment: &Experiment,
        observed: &Observation,
        runs: &[Observation],
    ) -> Self {
        let mut agreeing: Vec<(Distance, usize)> = Vec::new();
        let mut reasons: Option<Vec<String>> = None;
        for run in runs {
            match compare(experiment, observed, run) {
                Ok(distance) => agreeing.push((distance, run.suspensions())),
                Err(found) if reasons.as_ref().is_none_or(|least| found.len() < least.len()) => {
                    reasons = Some(found);
                }
                Err(_) => {}
            }
        }
        let numbers = agreeing.iter().map(|(_, suspensions)| *suspensions);
        let (fewest, most) = (numbers.clone().min(), numbers.max());
        let suspensions = (observed.suspensions(), fewest.unwrap_or(0), most.unwrap_or(0));
        let nearest = agreeing.iter().map(|(distance, _)| *distance).fold(f64::INFINITY, f64::min);
        let reasons = reasons.filter(|_| agreeing.is_empty()).unwrap_or_default();
        Self { runs: runs.len(), agreeing: agreeing.len(), nearest, suspensions, reasons }
    }

    /// Returns whether what was observed could be one of the runs.
    pub(crate) fn agrees(&self) -> bool {
        let (observed, fewest, most) = self.suspensions;
        self.agreeing > 0 && (fewest..=most).contains(&observed)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} runs agree", self.agreeing, self.runs)?;
        for reason in self.reasons.iter().take(REASONS) {
            write!(f, "\n    {reason}")?;
        }
        if self.reasons.len() > REASONS {
            write!(f, "\n    and {} more messages", self.reasons.len() - REASONS)?;
        }
        if self.agreeing > 0 {
            let (observed, fewest, most) = self.suspensions;
            write!(f, ", the nearest within {:.2} s; ", self.nearest)?;
            write!(f, "{observed} deferrals without a try, {fewest} to {most} in these runs")?;
        }
        Ok(())
    }
}
