//! A study's summary as a person reads it on a terminal.

use crate::study::{Analysis, BestDesign, CellEstimate, PairedDifference, RunnerUp, Term};

use super::super::words::percent;
use super::numbers::{
    maybe, maybe_difference, possible, probability, sureness, told, told_difference,
};
use super::tables::term_name;

/// Rows of each table; the files have them all.
const MOST_ROWS: usize = 24;
const MOST_TERMS: usize = 6;
const MOST_COMPARISONS: usize = 12;
const WIDTH: usize = 100;
/// Bootstrapping fewer replications is surer of itself than it may be.
const FEW: u64 = 10;

/// Returns the summary as text, ending with a line feed.
#[must_use]
pub fn study_summary(analysis: &Analysis) -> String {
    let mut text = String::new();
    let study = &analysis.study;
    let title = if study.title.is_empty() { &study.name } else { &study.title };
    text.push_str(&format!("{title}\n"));
    text.push_str(&format!(
        "{}: {} \u{d7} {}, seed {}, intervals of {}\n",
        study.name,
        counted(study.cells.len() as u64, "combination"),
        counted(study.replications, "replication"),
        study.seed,
        percent(Some(study.confidence)),
    ));
    if !study.question.is_empty() {
        text.push_str(&wrapped("Question: ", &study.question));
    }
    for figure in 0..study.figures.len() {
        text.push('\n');
        text.push_str(&figure_table(analysis, figure));
        text.push_str(&compared(analysis, figure));
        text.push_str(&ranked(analysis, figure));
        for best in analysis.best.iter().filter(|best| best.figure == figure) {
            text.push_str(&wrapped("  ", &best_words(analysis, best)));
        }
    }
    if !analysis.warnings.is_empty() {
        text.push('\n');
    }
    let design = study.factors.iter().any(|factor| !factor.given);
    let of_shares = analysis.comparisons.iter().any(|one| {
        study.figures[one.figure].unit == "share" && (!design || !study.factors[one.factor].given)
    });
    if of_shares {
        text.push_str("  pp: percentage points\n");
    }
    if analysis.comparisons.len() > 1 {
        let words = "intervals are not adjusted for the number of comparisons: of many differences \
                     some exclude 0 by chance";
        text.push_str(&wrapped("  ", words));
    }
    for warning in &analysis.warnings {
        text.push_str(&wrapped("Note: ", warning));
    }
    text
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Breaks a text into lines; those after the first stand under its beginning.
fn wrapped(head: &str, text: &str) -> String {
    let mut lines = String::new();
    let mut line = head.to_owned();
    let indent = head.chars().count();
    for word in text.split_whitespace() {
        let empty = line.chars().count() == indent;
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = " ".repeat(indent);
        } else if !empty {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + line.trim_end() + "\n"
}

/// Returns rows as columns two blanks apart; those from `right` on are aligned right.
fn columns(rows: &[Vec<String>], right: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate().filter(|(column, _)| widths[*column] > 0) {
            line.push_str("  ");
            let padding = " ".repeat(widths[column] - cell.chars().count());
            let (before, after) =
                if column >= right { (padding.as_str(), "") } else { ("", &*padding) };
            line.push_str(&format!("{before}{cell}{after}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns what a figure is called, with its name in tables if that is another.
pub(in crate::report) fn figure_head(analysis: &Analysis, figure: usize) -> String {
    let figure = &analysis.study.figures[figure];
    if figure.label == figure.name {
        figure.name.clone()
    } else {
        format!("{} ({})", figure.label, figure.name)
    }
}

fn figure_table(analysis: &Analysis, figure: usize) -> String {
    let study = &analysis.study;
    let unit = study.figures[figure].unit.as_str();
    let mut estimates: Vec<&CellEstimate> =
        analysis.estimates.iter().filter(|one| one.figure == figure).collect();
    if estimates.len() > MOST_ROWS {
        telling_first(analysis, &mut estimates);
    }
    let censored = estimates.iter().any(|one| one.censored_runs > 0);
    let mut heads: Vec<String> = study.factors.iter().map(|factor| factor.name.clone()).collect();
    heads.extend(["mean", "from", "to", "n"].map(str::to_owned));
    heads.push(if censored { "without".to_owned() } else { String::new() });
    let mut rows = vec![heads];
    for one in estimates.iter().take(MOST_ROWS) {
        let levels = &study.cells[one.cell].levels;
        let mut row: Vec<String> = study
            .factors
            .iter()
            .zip(levels)
            .map(|(factor, &level)| factor.levels[level].clone())
            .collect();
        let interval = one.estimate.interval.map(|ends| possible(ends, unit));
        row.push(maybe(one.estimate.mean, unit));
        row.push(maybe(interval.map(|interval| interval.low), unit));
        row.push(maybe(interval.map(|interval| interval.high), unit));
        row.push(one.estimate.n.to_string());
        row.push(if one.censored_runs > 0 { one.censored_runs.to_string() } else { String::new() });
        rows.push(row);
    }
    let mut text = format!("{}\n", figure_head(analysis, figure));
    text.push_str(&columns(&rows, study.factors.len()));
    if estimates.len() > MOST_ROWS {
        let more = estimates.len() - MOST_ROWS;
        let order = "those shown differ most between designs";
        text.push_str(&format!("  and {more} more in estimates.csv; {order}\n"));
    }
    text
}

/// Puts first those circumstances, given by the world, in which designs differ most; the cells of
/// equal circumstances stay together.
fn telling_first(analysis: &Analysis, estimates: &mut Vec<&CellEstimate>) {
    let study = &analysis.study;
    let world = |one: &CellEstimate| -> Vec<usize> {
        let levels = study.factors.iter().zip(&study.cells[one.cell].levels);
        levels.filter(|(factor, _)| factor.given).map(|(_, &level)| level).collect()
    };
    let mut groups: Vec<(Vec<usize>, Vec<&CellEstimate>)> = Vec::new();
    for &one in estimates.iter() {
        let key = world(one);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(one),
            None => groups.push((key, vec![one])),
        }
    }
    let spread = |group: &[&CellEstimate]| {
        let means = || group.iter().filter_map(|one| one.estimate.mean);
        means().fold(f64::MIN, f64::max) - means().fold(f64::MAX, f64::min)
    };
    // A stable sort: equal ones stay in the order of the study.
    groups.sort_by(|(_, a), (_, b)| spread(b).total_cmp(&spread(a)));
    *estimates = groups.into_iter().flat_map(|(_, group)| group).collect();
}

/// The differences that the design makes, within equal circumstances: all of one factor in their
/// order, of several the largest first.
fn compared(analysis: &Analysis, figure: usize) -> String {
    let study = &analysis.study;
    let design = study.factors.iter().any(|factor| !factor.given);
    let mut all: Vec<_> = analysis
        .comparisons
        .iter()
        .filter(|one| one.figure == figure && (!design || !study.factors[one.factor].given))
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let several = study.factors.len() > 1;
    if several {
        let size = |one: &&PairedDifference| one.difference.mean.map_or(0.0, f64::abs);
        all.sort_by(|a, b| size(b).total_cmp(&size(a)));
    }
    let unit = study.figures[figure].unit.as_str();
    let mut rows = vec![
        ["paired difference", "mean", "from", "to", "n", "variance saved by pairing"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for one in all.iter().take(MOST_COMPARISONS) {
        let level = |number: usize| {
            study.factors[one.factor].levels[study.cells[number].levels[one.factor]].clone()
        };
        let others = |one: &PairedDifference| {
            let levels = study.factors.iter().zip(&study.cells[one.to_cell].levels).enumerate();
            let levels = levels.filter(|(place, _)| *place != one.factor);
            levels
                .map(|(_, (factor, &level))| format!(", {}", factor.levels[level]))
                .collect::<String>()
        };
        let interval = one.difference.interval;
        rows.push(vec![
            format!("{} \u{2212} {}{}", level(one.to_cell), level(one.from_cell), others(one)),
            maybe_difference(one.difference.mean, unit),
            maybe_difference(interval.map(|interval| interval.low), unit),
            maybe_difference(interval.map(|interval| interval.high), unit),
            one.difference.n.to_string(),
            maybe(one.variance_reduction, "share"),
        ]);
    }
    let mut text = columns(&rows, 1);
    if all.len() > MOST_COMPARISONS {
        let more = all.len() - MOST_COMPARISONS;
        text.push_str(&format!("  and {more} more in comparisons.csv\n"));
    }
    text
}

fn ranked(analysis: &Analysis, figure: usize) -> String {
    let terms: Vec<&Term> = analysis
        .terms
        .iter()
        .filter(|term| term.figure == figure && term.share.is_some_and(|share| share >= 0.005))
        .collect();
    if analysis.study.factors.len() < 2 || terms.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = terms
        .iter()
        .take(MOST_TERMS)
        .map(|term| {
            format!("{} {}", term_name(analysis, term), probability(term.share.unwrap_or(0.0)))
        })
        .collect();
    wrapped("  ", &format!("what matters (share of differences): {}", parts.join(", ")))
}

/// Says which design is best, and how sure that is, or why none can be called so.
pub(in crate::report) fn best_words(analysis: &Analysis, best: &BestDesign) -> String {
    let study = &analysis.study;
    let unit = study.figures[best.figure].unit.as_str();
    let place = match (best.best, &best.unranked) {
        (Some(place), None) => place,
        (_, why) => {
            let why = why.as_deref().unwrap_or("designs cannot be compared");
            return format!("best: none can be named by this figure: {why}");
        }
    };
    let design = &best.designs[place];
    let given = study.factors.iter().filter(|factor| factor.given);
    let given: Vec<&str> = given.map(|factor| factor.name.as_str()).collect();
    let over = match given.as_slice() {
        [] => String::new(),
        names => format!(", on average over {}", names.join(" and ")),
    };
    let mean = told(design.mean, unit);
    // Designs that share every resample have the very same figures.
    let equal = best.designs.iter().filter(|other| other.mean == design.mean).count();
    let mut words = if equal > 1 {
        let who = if equal == best.designs.len() {
            "all alike".to_owned()
        } else {
            format!("{equal} alike, the first of them {}", design.name)
        };
        format!("best: {who}, with {mean}{over}")
    } else {
        let sure = design.probability.map_or_else(String::new, |sure| {
            let few = if best.n < FEW { ", too few to be so sure" } else { "" };
            format!(
                " (best with probability {}, by {} bootstrapped replications{few})",
                sureness(sure, best.n),
                best.n
            )
        });
        format!("best: {} with {mean}{over}{sure}", design.name)
    };
    if let Some(next) = &best.runner_up {
        words.push_str(&runner_up_words(best, next, unit));
    }
    if let Some(caveat) = &best.caveat {
        words.push_str(&format!("; but note that {caveat}"));
    }
    words
}

fn runner_up_words(best: &BestDesign, next: &RunnerUp, unit: &str) -> String {
    let sign = if next.difference.mean.is_some_and(|mean| mean > 0.0) { "+" } else { "" };
    let between = next.difference.interval.map_or_else(String::new, |interval| {
        let told = |end| told_difference(end, unit);
        format!(" ({} to {})", told(interval.low), told(interval.high))
    });
    let verdict = match next.matters {
        Some(false) => ": no difference that matters",
        _ => "",
    };
    format!(
        "; next: {}, {sign}{}{between}{verdict}",
        best.designs[next.design].name,
        maybe_difference(next.difference.mean, unit),
    )
}
