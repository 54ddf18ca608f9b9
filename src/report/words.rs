//! Numbers and times as people say them, on the terminal, in charts and on the page.

use crate::measure::{Latency, Summary};
use crate::units::SimDuration;

/// Returns a count with commas between groups of three digits.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a share in per cent, with at most two decimals. A share below one is never shown as
/// 100 %: somebody would take it that nothing is missing.
pub(super) fn percent(share: Option<f64>) -> String {
    match share {
        None => "-".to_owned(),
        Some(share) if (0.99995..1.0).contains(&share) => "99.99 %".to_owned(),
        Some(share) => {
            let text = format!("{:.2}", share * 100.0);
            format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// Returns what people call a kind of message, in the plural.
pub(super) fn kind_words(kind: &str) -> &str {
    match kind {
        "delay_notice" => "delay notices",
        "failure_notice" => "failure notices",
        "list_copy" => "list copies",
        "automatic_reply" => "automatic replies",
        other => other,
    }
}

/// Returns the four latencies with what people call them.
pub(super) fn latencies(summary: &Summary) -> [(&'static str, &Latency); 4] {
    [
        ("submission to acceptance", &summary.submission_to_acceptance),
        ("submission to delivery", &summary.submission_to_delivery),
        ("delivery to reading", &summary.delivery_to_retrieval),
        ("submission to reading", &summary.submission_to_retrieval),
    ]
}

/// The bounds of shares within a time, shortest first.
pub(super) const BOUNDS: [&str; 7] = ["10s", "1min", "5min", "15min", "1h", "4h", "1d"];

/// Returns a time, given in seconds, in its two largest units: "7.25 s", "3 min 07 s",
/// "2 h 25 min", "5 d".
pub(super) fn time(seconds: f64) -> String {
    let span = SimDuration::from_secs_f64(seconds);
    // Below a minute the unit's own form is short enough.
    if span < SimDuration::from_millis(59_995) {
        return span.to_string();
    }
    let half_up = |unit: u64| (span.as_secs() + unit / 2) / unit;
    let (count, unit, small, parts) = match span.as_secs() {
        0..3_600 => (half_up(1), "min", "s", 60),
        3_600..86_400 => (half_up(60), "h", "min", 60),
        _ => (half_up(3_600), "d", "h", 24),
    };
    match (count / parts, count % parts) {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, rest) => format!("{whole} {unit} {rest:02} {small}"),
    }
}

/// Returns a time for a cell of a table, in at most eight characters: four digits below a minute, above it
/// as [`time`] has it, without blanks between number and unit.
pub(super) fn short_time(seconds: f64) -> String {
    if seconds < 59.995 {
        let (value, unit) = match seconds {
            s if s >= 0.9995 => (s, "s"),
            s if s >= 0.000_999_5 => (s * 1e3, "ms"),
            s => (s * 1e6, "\u{b5}s"),
        };
        let decimals = if value >= 99.995 { 1 } else { 2 };
        let text = format!("{value:.decimals$}");
        return format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'));
    }
    let units = [(" min", "m"), (" d", "d"), (" h", "h"), (" s", "s")];
    units.iter().fold(time(seconds), |text, (unit, short)| text.replace(unit, short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_in_per_cent() {
        assert_eq!(percent(Some(1.0)), "100 %");
        assert_eq!(percent(Some(0.9995)), "99.95 %");
        assert_eq!(percent(Some(0.999_983)), "99.99 %");
        assert_eq!(percent(Some(0.0)), "0 %");
        assert_eq!(percent(None), "-");
    }

    #[test]
    fn times_are_told_in_two_units() {
        let spans =
            [0.0, 0.614, 59.2, 60.0, 187.0, 3_600.0, 8_713.0, 86_400.0, 100_000.0, 432_000.0];
        let told = [
            "0 s",
            "614 ms",
            "59.2 s",
            "1 min",
            "3 min 07 s",
            "1 h",
            "2 h 25 min",
            "1 d",
            "1 d 04 h",
            "5 d",
        ];
        assert_eq!(spans.map(time), told);
    }

    #[test]
    fn times_in_cells_are_short() {
        let spans = [0.0, 0.000_012, 0.280_62, 0.045_678, 8.13, 59.2, 187.0, 8_713.0, 100_000.0];
        let told = [
            "0 \u{b5}s",
            "12 \u{b5}s",
            "280.6 ms",
            "45.68 ms",
            "8.13 s",
            "59.2 s",
            "3m 07s",
            "2h 25m",
            "1d 04h",
        ];
        assert_eq!(spans.map(short_time), told);
        assert!(spans.into_iter().all(|span| short_time(span).chars().count() <= 8));
    }

    #[test]
    fn large_counts_are_grouped() {
        assert_eq!([7, 999, 1_000, 1_234_567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
    }
}
