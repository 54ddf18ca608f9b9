//! Which figure somebody means who does not know its name.

use super::figures::likely_names;

/// Above this likeness a name is a figure's with a slip of the pen (Jaro and Winkler's measure).
const SLIP: f64 = 0.93;

/// Words in which operators ask, with the figure that answers.
const WORDS: &[(&str, &str)] = &[
    ("bounce", "failed_share"),
    ("bounced", "failed_share"),
    ("bounces", "failed_share"),
    ("lost", "failed_share"),
    ("loss", "failed_share"),
    ("rejected", "failed_share"),
    ("within", "delivered_within.15min"),
    ("notice", "submission_to_first_notice.p95"),
    ("warning", "submission_to_first_notice.p95"),
    ("delay", "submission_to_delivery.p95"),
    ("delays", "submission_to_delivery.p95"),
    ("latency", "submission_to_delivery.p95"),
    ("late", "submission_to_delivery.p95"),
    ("read", "submission_to_retrieval.p95"),
    ("throughput", "deliveries_per_s.mean"),
    ("rate", "deliveries_per_s.mean"),
    ("retries", "attempts_per_recipient.max"),
    ("retry", "attempts_per_recipient.max"),
    ("attempts", "attempts.tries"),
    ("tries", "attempts.tries"),
    ("greylisted", "first_try_deferred_share"),
    ("deferred", "first_try_deferred_share"),
    ("copies", "submission_to_last_copy.max"),
    ("backlog", "hosts.\"mx1.example.org\".peak_queue"),
    ("queue", "hosts.\"mx1.example.org\".peak_queue"),
    ("queued", "hosts.\"mx1.example.org\".peak_queue"),
];

/// Returns the figure that is likely meant by `name`: one of `known` that is spelt nearly so, else the
/// one that a word of the name asks for, else one of `known` that looks like it.
#[must_use]
pub fn figure_meant(name: &str, known: &[String]) -> Option<String> {
    let likely = likely_names(name, known).first().copied();
    if let Some(near) = likely.filter(|near| strsim::jaro_winkler(name, near) >= SLIP) {
        return Some(near.to_owned());
    }
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|letter: char| !letter.is_ascii_alphabetic()).collect();
    let asked = WORDS.iter().find(|(word, _)| words.contains(word));
    asked.map(|(_, figure)| *figure).or(likely).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{AskedFigure, figure_names};

    #[test]
    fn every_figure_of_the_table_is_one() {
        let known = figure_names(&[], &["mx1.example.org"], 0).into_iter().collect();
        for (word, figure) in WORDS {
            let there = AskedFigure::of(figure, &known);
            assert!(there.is_ok(), "{word}: {figure}: {there:?}");
        }
    }

    #[test]
    fn slips_words_and_likeness_lead_to_figures() {
        let known = figure_names(&[], &["mx1.example.org"], 0);
        let meant = |name: &str| figure_meant(name, &known);
        assert_eq!(meant("deliverd_share").as_deref(), Some("delivered_share"));
        assert_eq!(meant("lost_share").as_deref(), Some("failed_share"));
        assert_eq!(meant("median_delay").as_deref(), Some("submission_to_delivery.p95"));
        assert_eq!(meant("within.1min").as_deref(), Some("delivered_within.15min"));
        assert_eq!(meant("Peak queue").as_deref(), Some("hosts.\"mx1.example.org\".peak_queue"));
        assert_eq!(meant("colour"), None);
    }
}
