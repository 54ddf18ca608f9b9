//! Numbers of studies: with a fixed number of decimals in tables, in fitting units for people.

use super::super::words;
use crate::statistics::Interval;

/// Decimals of a figure in tables, by its unit.
pub(super) fn decimals(unit: &str) -> usize {
    if unit == "s" { 6 } else { 9 }
}

/// Returns a value of a table; empty if there is none. There is no negative zero.
pub(super) fn cell(value: Option<f64>, decimals: usize) -> String {
    match value {
        None => String::new(),
        Some(value) => {
            let text = format!("{value:.decimals$}");
            let zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
            if zero { text.trim_start_matches('-').to_owned() } else { text }
        }
    }
}

/// Returns a figure as people say it: "2 h 25 min", "99.5 %", "12.4".
pub(in crate::report) fn told(value: f64, unit: &str) -> String {
    let text = match unit {
        "s" => words::time(value.abs()),
        "share" => words::percent(Some(value.abs())),
        _ => plain(value.abs()),
    };
    // What is told as zero has no sign.
    let zero = text.chars().all(|c| !c.is_ascii_digit() || c == '0');
    if value < 0.0 && !zero { format!("\u{2212}{text}") } else { text }
}

/// Returns a difference of figures as people say it: one of shares in percentage points, so that nobody
/// takes it for a share of the other.
pub(in crate::report) fn told_difference(value: f64, unit: &str) -> String {
    let text = told(value, unit);
    match text.strip_suffix('%') {
        Some(number) if unit == "share" => format!("{number}pp"),
        _ => text,
    }
}

/// Returns a difference of figures as people say it, or a dash.
pub(in crate::report) fn maybe_difference(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |value| told_difference(value, unit))
}

/// Returns an interval of a figure, for people, without what the figure can never be: a time or a
/// number below zero, a share above one. Tables keep it as Student's distribution gives it.
pub(in crate::report) fn possible(ends: Interval, unit: &str) -> Interval {
    let most = if unit == "share" { 1.0 } else { f64::INFINITY };
    let clip = |end: f64| end.clamp(0.0, most);
    Interval { low: clip(ends.low), high: clip(ends.high) }
}

/// Returns a number with four digits that mean something.
fn plain(value: f64) -> String {
    let decimals = match value {
        value if value >= 1000.0 => return words::grouped(value.round() as u64),
        value if value >= 100.0 => 1,
        value if value >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Returns a figure as people say it, or a dash.
#[must_use]
pub fn maybe(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |value| told(value, unit))
}

/// Returns a probability or share in per cent without decimals where it is near neither end.
pub(in crate::report) fn probability(value: f64) -> String {
    match value * 100.0 {
        percent if percent > 99.0 && percent < 100.0 => "> 99 %".to_owned(),
        percent if percent > 0.0 && percent < 1.0 => "< 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// Returns the most that `n` replications can say for a design being best, however often it wins
/// among bootstrap resamples: that all `n` agree happens by chance, of two equal designs, with
/// probability 2^-n (the sign test).
pub(super) fn surest(n: u64) -> f64 {
    1.0 - libm::exp2(-(n as f64))
}

/// Returns the probability of being best, no surer than `n` replications can be.
pub(super) fn sureness(share: f64, n: u64) -> String {
    let most = surest(n);
    if share <= most {
        return probability(share);
    }
    format!("> {:.0} %", (most * 100.0).floor().min(99.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_fitting_units() {
        assert_eq!(told(8_713.0, "s"), "2 h 25 min");
        assert_eq!(told(-8_713.0, "s"), "\u{2212}2 h 25 min");
        assert_eq!(told(0.995, "share"), "99.5 %");
        assert_eq!(told(-1e-9, "share"), "0 %");
        assert_eq!(told_difference(-0.125, "share"), "\u{2212}12.5 pp");
        assert_eq!(told_difference(90.0, "s"), told(90.0, "s"));
        assert_eq!(maybe_difference(None, "share"), "-");
        assert_eq!(
            [0.0, 1.5, 12.345, 123.45, 12_345.0].map(|value| told(value, "number")),
            ["0", "1.5", "12.35", "123.5", "12,345"]
        );
        assert_eq!(maybe(None, "s"), "-");
    }

    #[test]
    fn cells_have_a_fixed_number_of_decimals() {
        assert_eq!(cell(Some(1.5), 6), "1.500000");
        assert_eq!(cell(Some(-0.000_000_01), 6), "0.000000");
        assert_eq!(cell(None, 6), "");
    }

    /// Three heads of three throws: one in eight by chance alone.
    #[test]
    fn few_replications_are_not_sure() {
        assert_eq!(sureness(1.0, 3), "> 87 %");
        assert_eq!(sureness(1.0, 10), "> 99 %");
        assert_eq!(sureness(0.6, 3), "60 %");
    }

    #[test]
    fn what_is_not_certain_is_not_called_so() {
        assert_eq!(
            [1.0, 0.999, 0.5, 0.001, 0.0].map(probability),
            ["100 %", "> 99 %", "50 %", "< 1 %", "0 %"]
        );
    }
}
