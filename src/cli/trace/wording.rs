//! Times and turns of phrase of a journey.

use crate::mail::AttemptOutcome;
use crate::smtp::{Line, Speaker};
use crate::units::SimTime;

/// Width of the column of times.
const TIME: usize = 15;

/// Returns a time as a clock that began at zero shows it: `01:02:03.004`, `2d 01:02:03.004`.
pub(in crate::cli) fn clock(at: SimTime) -> String {
    let millis = (at.since_start().as_micros() + 500) / 1000;
    let (seconds, days) = (millis / 1000, millis / 86_400_000);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let time = format!("{hour:02}:{minute:02}:{second:02}.{:03}", millis % 1000);
    if days > 0 { format!("{days}d {time}") } else { time }
}

pub(super) fn said(at: SimTime, text: &str) -> String {
    format!("{:TIME$} {text}\n", clock(at))
}

pub(super) fn below(text: &str) -> String {
    format!("{:TIME$} {text}\n", "")
}

pub(super) fn result(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Accepted => "accepted",
        AttemptOutcome::Tempfail => "refused for now",
        AttemptOutcome::Permfail => "refused for good",
        AttemptOutcome::Refused => "connection refused",
        AttemptOutcome::Timeout => "no answer",
        AttemptOutcome::Lost => "connection lost",
        AttemptOutcome::Suspended => "put off",
    }
}

pub(super) fn planned(next: SimTime, now: SimTime) -> String {
    format!("next attempt planned for {} (in {})", clock(next), next.since(now))
}

pub(in crate::cli) fn spoken(line: &Line) -> String {
    let speaker = match line.speaker {
        Speaker::Client => "C:",
        Speaker::Server => "S:",
        Speaker::Connection => "--",
    };
    let at = line.at.map(clock).unwrap_or_default();
    format!("{at:TIME$}   {speaker} {}\n", line.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_begins_at_zero() {
        assert_eq!(clock(SimTime::ZERO), "00:00:00.000");
        assert_eq!(clock(SimTime::from_nanos(59_999_400_000)), "00:00:59.999");
        assert_eq!(clock(SimTime::from_secs(90_061)), "1d 01:01:01.000");
    }
}
