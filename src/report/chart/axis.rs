//! Axes: where the ticks stand and what they say, in units that fit.

use super::super::words::grouped;

/// One axis: a range and its labelled ticks.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

/// More ticks than any axis has room for.
const MOST_TICKS: i64 = 100;
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

impl Axis {
    /// Returns an axis of virtual time, labelled in seconds, minutes, hours or days; the range is
    /// given in seconds.
    pub(super) fn time(title: &str, from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let (unit, length) = match to - from {
            span if span <= 3.0 * MINUTE => ("s", 1.0),
            span if span <= 3.0 * HOUR => ("min", MINUTE),
            span if span <= 3.0 * DAY => ("h", HOUR),
            _ => ("d", DAY),
        };
        let step = match unit {
            "s" | "min" => pleasant((to - from) / length, &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0], 13),
            "h" => pleasant((to - from) / length, &[0.5, 1.0, 2.0, 3.0, 6.0, 12.0], 13),
            _ => pleasant((to - from) / length, &[0.5, 1.0, 2.0, 7.0, 14.0], 13),
        };
        let ticks = steps(from / length, to / length, step);
        Self {
            title: format!("{title} [{unit}]"),
            from,
            to,
            ticks: ticks.into_iter().map(|tick| (tick * length, decimal(tick))).collect(),
        }
    }

    /// Returns an axis of the decimal logarithm of a time in seconds, with ticks at times that
    /// people know. `from` and `to` are logarithms too.
    pub(super) fn log_time(title: &str, from: f64, to: f64) -> Self {
        const KNOWN: [(f64, &str); 16] = [
            (1e-4, "0.1 ms"),
            (1e-3, "1 ms"),
            (1e-2, "10 ms"),
            (0.1, "0.1 s"),
            (1.0, "1 s"),
            (10.0, "10 s"),
            (MINUTE, "1 min"),
            (10.0 * MINUTE, "10 min"),
            (HOUR, "1 h"),
            (4.0 * HOUR, "4 h"),
            (DAY, "1 d"),
            (5.0 * DAY, "5 d"),
            (30.0 * DAY, "30 d"),
            (365.0 * DAY, "1 y"),
            (3_650.0 * DAY, "10 y"),
            (36_500.0 * DAY, "100 y"),
        ];
        let known = KNOWN.map(|(seconds, name)| (libm::log10(seconds), name));
        // The range is widened to the next ticks, so that at least two are seen.
        let before = known.iter().rev().find(|(tick, _)| *tick <= from + 1e-9);
        let after = known.iter().find(|(tick, _)| *tick >= to - 1e-9 && *tick > from);
        let from = before.map_or(known[0].0, |tick| tick.0);
        let to = after.map_or(to, |tick| tick.0);
        let inside = known.into_iter().filter(|(tick, _)| (from..=to).contains(tick));
        let ticks = inside.map(|(tick, name)| (tick, name.to_owned())).collect();
        Self { title: title.to_owned(), from, to, ticks }
    }

    /// Returns an axis of counts from 0 to at least `most`.
    pub(super) fn count(title: &str, most: u64) -> Self {
        let most = most.max(1) as f64;
        let mut step = 1.0;
        while most / step > 6.0 {
            let next = [2.0, 2.5, 2.0];
            // 1, 2, 5, 10, 20, 50 ...
            let decade = libm::floor(libm::log10(step) + 1e-9);
            let leading = (step / libm::pow(10.0, decade)).round() as u64;
            step *= next[match leading {
                1 => 0,
                2 => 1,
                _ => 2,
            }];
        }
        let to = (most / step).ceil() * step;
        let ticks = steps(0.0, to, step);
        Self {
            title: title.to_owned(),
            from: 0.0,
            to,
            ticks: ticks.into_iter().map(|tick| (tick, grouped(tick as u64))).collect(),
        }
    }

    /// Returns an axis of values in a unit of studies (`s`, `share` or `number`).
    pub(super) fn values(title: &str, unit: &str, from: f64, to: f64) -> Self {
        if unit == "s" {
            return Self::time(title, from, to);
        }
        let (scale, mark) = if unit == "share" { (100.0, " %") } else { (1.0, "") };
        let to = if to > from { to } else { from + 1.0 / scale };
        let (low, high) = (from * scale, to * scale);
        let step = round_step((high - low) / 7.0);
        let decimals = (-libm::floor(libm::log10(step) + 1e-9)).max(0.0) as usize;
        let label = |tick: f64| match (decimals, tick.abs() >= 1e4) {
            (0, true) => {
                format!("{}{}", if tick < 0.0 { "-" } else { "" }, grouped(tick.abs() as u64))
            }
            _ => format!("{tick:.decimals$}{mark}"),
        };
        let ticks = steps(low, high, step);
        Self {
            title: title.to_owned(),
            from,
            to,
            // Adding zero takes the sign from a negative one.
            ticks: ticks.into_iter().map(|tick| (tick / scale, label(tick + 0.0))).collect(),
        }
    }

    /// Returns the axis with at most so many labels: some are left out, evenly.
    pub(super) fn with_room_for(mut self, most: usize) -> Self {
        let every = self.ticks.len().div_ceil(most).max(1);
        self.ticks = self.ticks.into_iter().step_by(every).collect();
        self
    }

    /// Returns an axis of differences of values in a unit of studies: those of shares in percentage points.
    pub(super) fn differences(title: &str, unit: &str, from: f64, to: f64) -> Self {
        let mut axis = Self::values(title, unit, from, to);
        if unit == "share" {
            axis.title.push_str(" [percentage points]");
            for (_, label) in &mut axis.ticks {
                *label = label.trim_end_matches(" %").to_owned();
            }
        }
        axis
    }

    /// Returns an axis from 0 to 100 per cent, of shares.
    pub(super) fn share(title: &str) -> Self {
        let ticks = (0..=5).map(|fifth| (f64::from(fifth) / 5.0, format!("{} %", fifth * 20)));
        Self { title: title.to_owned(), from: 0.0, to: 1.0, ticks: ticks.collect() }
    }

    /// Returns how far along the axis `value` lies, 0 at its beginning and 1 at its end.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }
}

/// Returns the least of `steps`, or of its decades and doublings, that makes at most `most` steps.
fn pleasant(span: f64, steps: &[f64], most: usize) -> f64 {
    let largest = steps.last().copied().unwrap_or(1.0);
    let mut scale = 1.0;
    loop {
        let found = steps.iter().map(|step| step * scale).find(|step| span / step <= most as f64);
        if let Some(step) = found {
            return step;
        }
        scale *= if largest >= 10.0 { 2.0 } else { 10.0 };
    }
}

/// Returns the least of 1, 2, 5, 10, 20, 50 ... or their decimal fractions that is not below
/// `least`.
fn round_step(least: f64) -> f64 {
    let decade = libm::pow(10.0, libm::floor(libm::log10(least)));
    let leading =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|leading| leading * decade >= least * 0.999);
    leading.unwrap_or(10.0) * decade
}

fn steps(from: f64, to: f64, step: f64) -> Vec<f64> {
    let first = (from / step - 1e-9).ceil() as i64;
    let last = (to / step + 1e-9).floor() as i64;
    // Where steps are too small to move a number of this size, the beginning has to do.
    (first..=last.min(first.saturating_add(MOST_TICKS)))
        .map(|number| number as f64 * step)
        .collect()
}

/// Returns a tick as people write it: without needless decimals.
fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn time_is_told_in_fitting_units() {
        let day = Axis::time("time", 0.0, 86_400.0);
        assert_eq!(day.title, "time [h]");
        assert_eq!(
            labels(&day),
            ["0", "2", "4", "6", "8", "10", "12", "14", "16", "18", "20", "22", "24"]
        );
        let minute = Axis::time("time", 0.0, 60.0);
        assert_eq!(minute.title, "time [s]");
        assert_eq!(labels(&minute)[..3], ["0", "5", "10"]);
        let week = Axis::time("time", 0.0, 7.0 * 86_400.0);
        assert_eq!(labels(&week), ["0", "1", "2", "3", "4", "5", "6", "7"]);
        let part = Axis::time("time", 7_300.0, 9_100.0);
        assert_eq!(labels(&part)[..2], ["125", "130"]);
    }

    #[test]
    fn an_axis_survives_a_run_of_no_or_of_great_length() {
        for to in [0.0, 1e-3, 3e9] {
            let axis = Axis::time("time", 0.0, to);
            assert!(!axis.ticks.is_empty() && axis.ticks.len() <= 14, "{to}: {axis:?}");
        }
    }

    #[test]
    fn counts_are_round() {
        assert_eq!(labels(&Axis::count("n", 0)), ["0", "1"]);
        assert_eq!(labels(&Axis::count("n", 5)), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(labels(&Axis::count("n", 23)), ["0", "5", "10", "15", "20", "25"]);
        assert_eq!(labels(&Axis::count("n", 5_400))[1..3], ["1,000", "2,000"]);
    }

    #[test]
    fn values_are_told_with_the_decimals_of_their_steps() {
        let share = Axis::values("share", "share", 0.985, 1.0);
        assert_eq!(labels(&share), ["98.5 %", "99.0 %", "99.5 %", "100.0 %"]);
        let number = Axis::values("n", "number", -3.0, 4.0);
        assert_eq!(labels(&number), ["-3", "-2", "-1", "0", "1", "2", "3", "4"]);
        assert_eq!(labels(&Axis::values("n", "number", 0.0, 60_000.0))[1], "10,000");
    }

    #[test]
    fn logarithmic_ticks_are_times_people_know() {
        let axis = Axis::log_time("t", 0.3, 4.0);
        assert_eq!(labels(&axis), ["1 s", "10 s", "1 min", "10 min", "1 h", "4 h"]);
    }
}
