//! The summary as a person reads it on a terminal: at most fifty lines of eighty columns.

use crate::measure::{OutageFigures, Summary, Unit};

use super::verdict::verdict;
use super::words::{self, BOUNDS, grouped, kind_words, latencies};

const WIDTH: usize = 80;
const LABEL: usize = 12;
/// Widths of the columns of times: six of them fit beside the name.
const NAME: usize = 26;
const CELL: usize = 9;
const SHARE_NAME: usize = 12;
const SHARE: usize = 9;
const MOST_OUTAGES: usize = 6;
const MOST_WARNINGS: usize = 5;
const MOST_EXPECTATIONS: usize = 6;
const MOST_FIGURES: usize = 10;

/// Returns the summary as text, ending with a line feed.
#[must_use]
pub fn summary(summary: &Summary) -> String {
    let mut lines = Lines::default();
    heading(&mut lines, summary);
    for sentence in verdict(summary) {
        lines.paragraph(&sentence);
    }
    lines.end("");
    mail(&mut lines, summary);
    times(&mut lines, summary);
    effort(&mut lines, summary);
    outages(&mut lines, &summary.outages);
    remarks(&mut lines, summary);
    lines.text
}

/// Labelled lines: the label stands before the first line of a group, long ones are wrapped.
#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn add(&mut self, label: &str, text: &str) {
        let mut line = format!("{label:LABEL$}");
        let mut empty = true;
        for word in text.split(' ') {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.end(&line);
                line = " ".repeat(LABEL);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.end(&line);
    }

    /// Adds text that begins at the left margin.
    fn paragraph(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.end(&line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.end(&line);
    }

    /// Adds a line of cells, right-aligned under each other.
    fn columns(&mut self, label: &str, (name, width): (usize, usize), cells: &[String]) {
        let mut line = format!("{label:name$}");
        for cell in cells {
            line.push_str(&format!("{cell:>width$}"));
        }
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        self.text.push_str(&line.trim_end().replace(TIE, " "));
        self.text.push('\n');
    }
}

/// A space at which no line is broken.
const TIE: &str = "\u{a0}";

fn time(seconds: f64) -> String {
    words::time(seconds).replace(' ', TIE)
}

fn percent(share: Option<f64>) -> String {
    words::percent(share).replace(' ', TIE)
}

/// Returns `12 delay notices`, or `1 delay notice`.
fn counted(count: u64, plural: &str) -> String {
    let noun = match (count, plural) {
        (1, "list copies") => "list copy",
        (1, "automatic replies") => "automatic reply",
        (1, "tries") => "try",
        (1, other) => other.strip_suffix('s').unwrap_or(other),
        (_, other) => other,
    };
    format!("{} {noun}", grouped(count))
}

fn heading(lines: &mut Lines, summary: &Summary) {
    let run = &summary.run;
    let title = if run.title.is_empty() { &run.scenario } else { &run.title };
    lines.end(title);
    let about =
        format!("{}, seed {}, {} of virtual time", run.scenario, run.seed, time(run.duration_s));
    lines.end(&about);
    lines.end("");
}

fn mail(lines: &mut Lines, summary: &Summary) {
    let mail = &summary.mail;
    let mut parts = vec![
        format!("{} delivered ({})", grouped(mail.delivered), percent(summary.delivered_share)),
        format!("{} failed", grouped(mail.failed)),
        format!("{} still queued", grouped(mail.queued)),
    ];
    for (count, word) in [
        (mail.in_transit, "in transit"),
        (mail.discarded, "dropped"),
        (mail.junk, "in the folder Junk"),
        (mail.retrieved, "read"),
    ] {
        if count > 0 {
            parts.push(format!("{} {word}", grouped(count)));
        }
    }
    let text = format!("{}: {}", counted(mail.submitted, "recipients"), parts.join(", "));
    lines.add("Mail", &text);
    let made: Vec<_> = summary
        .created
        .iter()
        .filter(|(_, counts)| counts.submitted > 0)
        .map(|(kind, counts)| {
            let open = counts.submitted - counts.delivered;
            let rest = if open > 0 {
                format!(" ({} not delivered)", grouped(open))
            } else {
                String::new()
            };
            counted(counts.submitted, kind_words(kind)) + &rest
        })
        .collect();
    if !made.is_empty() {
        lines.add("Besides", &made.join(", "));
    }
    if summary.duplicates > 0 {
        lines.add(
            "Duplicates",
            &format!("{} in mailboxes", counted(summary.duplicates, "second copies")),
        );
    }
}

/// Quantiles and shares stand in columns, so that they can be read across.
fn times(lines: &mut Lines, summary: &Summary) {
    let latencies: Vec<_> =
        latencies(summary).into_iter().filter(|(_, latency)| latency.n > 0).collect();
    if latencies.is_empty() {
        return;
    }
    let heads = ["mean", "median", "90 %", "95 %", "99 %", "longest"].map(str::to_owned);
    lines.columns("Latency", (NAME, CELL), &heads);
    for (name, latency) in latencies {
        let times = [latency.mean, latency.p50, latency.p90, latency.p95, latency.p99, latency.max];
        let cells = times.map(|seconds| seconds.map(words::short_time).unwrap_or_default());
        lines.columns(&format!("  {name}"), (NAME, CELL), &cells);
    }
    lines.columns(
        "Within",
        (SHARE_NAME, SHARE),
        &["10 s", "1 min", "5 min", "15 min", "1 h", "4 h", "1 d"].map(str::to_owned),
    );
    for (word, shares) in
        [("  delivered", &summary.delivered_within), ("  read", &summary.retrieved_within)]
    {
        if shares.values().flatten().any(|&share| share > 0.0) {
            let cells = BOUNDS.map(|bound| percent(shares.get(bound).copied().flatten()));
            lines.columns(word, (SHARE_NAME, SHARE), &cells);
        }
    }
}

fn effort(lines: &mut Lines, summary: &Summary) {
    let decimal = |value: Option<f64>| {
        let text = format!("{:.2}", value.unwrap_or(0.0));
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if let Some(most) = summary.hops.max {
        let text = format!("mean {}, most {most}", decimal(summary.hops.mean));
        lines.add("Hops", &text);
    }
    let attempts = &summary.attempts;
    if attempts.rows > 0 {
        let per = &summary.attempts_per_recipient;
        let text = format!(
            "{}, and put off {} without one; together {} for each recipient of mail, most {}",
            counted(attempts.tries, "tries"),
            counted(attempts.suspensions, "times"),
            decimal(per.mean),
            per.max.unwrap_or(0),
        );
        lines.add("Tries", &text);
    }
    let went = &summary.where_time_went;
    let stages = [
        ("outbox", &went.outbox),
        ("sessions", &went.sessions),
        ("failed tries", &went.failed_attempts),
        ("queues", &went.queues),
    ];
    if went.queues.n > 0 {
        let parts = stages.map(|(name, stage)| {
            let mean = stage.mean_s.map(time).unwrap_or_default();
            format!("{name} {mean} ({})", percent(stage.share))
        });
        lines.add("Time went", &format!("on average: {}", parts.join(", ")));
    }
}

fn outages(lines: &mut Lines, outages: &[OutageFigures]) {
    let mut label = "Outages";
    for outage in outages.iter().take(MOST_OUTAGES) {
        let until = outage.to_s.map_or_else(|| "the end".to_owned(), time);
        let drained = match (outage.to_s, outage.drain_s) {
            (None, _) => String::new(),
            (Some(_), Some(drain)) => format!(", drained {} after its end", time(drain)),
            (Some(_), None) => ", not drained in this run".to_owned(),
        };
        let contact = outage.first_contact_s.map_or_else(String::new, |after| {
            format!("; first answer {} after its end", time(after))
        });
        let text = format!(
            "{} {} from {} to {until}: backlog {} before, at most {}{drained}{contact}",
            outage.target,
            outage.mode,
            time(outage.from_s),
            grouped(outage.backlog_before),
            grouped(outage.peak_backlog),
        );
        lines.add(label, &text);
        label = "";
    }
    if outages.len() > MOST_OUTAGES {
        lines.add("", &format!("and {} more", grouped((outages.len() - MOST_OUTAGES) as u64)));
    }
}

fn remarks(lines: &mut Lines, summary: &Summary) {
    let mut label = "Figures";
    for (name, value) in summary.figures.iter().take(MOST_FIGURES) {
        let told = value
            .map_or_else(|| "did not happen".to_owned(), |value| Unit::of_figure(name).told(value));
        lines.add(label, &format!("{name}: {}", told.replace(' ', TIE)));
        label = "";
    }
    let more = summary.figures.len().saturating_sub(MOST_FIGURES);
    if more > 0 {
        lines.add("", &format!("and {more} more, in summary.json"));
    }
    let mut label = "Expected";
    for verdict in summary.expectations.iter().take(MOST_EXPECTATIONS) {
        lines.add(label, &verdict.to_string());
        label = "";
    }
    let more = summary.expectations.len().saturating_sub(MOST_EXPECTATIONS);
    if more > 0 {
        lines.add("", &format!("and {more} more"));
    }
    let mut label = "Warnings";
    for warning in summary.warnings.iter().take(MOST_WARNINGS) {
        lines.add(label, warning);
        label = "";
    }
    let evidence: Vec<_> = summary
        .profiles
        .iter()
        .map(|used| {
            let name = [used.profile.as_str(), used.version.as_str()].join(" ");
            format!("{} ({})", name.trim(), used.evidence)
        })
        .collect();
    if !evidence.is_empty() {
        lines.add("Evidence", &evidence.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_singular_and_only_one() {
        let nouns = [
            ("tries", "1 try", "9,561 tries"),
            ("times", "1 time", "9,561 times"),
            ("list copies", "1 list copy", "9,561 list copies"),
        ];
        for (plural, one, many) in nouns {
            assert_eq!(counted(1, plural), one);
            assert_eq!(counted(9_561, plural), many);
        }
    }
}
