//! `report.html` of a study: one file that says everything, without any network.

use std::fmt::Write as _;

use crate::study::{Analysis, CellEstimate, Outline, PairedDifference, Term};

use super::super::chart::study::StudyChart;
use super::super::html::{begin_page, escaped, paragraph, warning_list};
use super::super::html_tables::{close_table, open_table, row};
use super::super::words::{grouped, percent, time};
use super::numbers::{maybe, maybe_difference, possible, probability, told_difference};
use super::tables::{effect_name, term_name};
use super::text::{best_words, figure_head};

/// Rows of each table in the page; the files have them all.
const MOST_ROWS: usize = 60;

/// Returns the page. `charts` are SVG texts with their charts, in order; `sides` are pages that play
/// the first variant beside another, with the name of the other.
pub(super) fn page(
    analysis: &Analysis,
    charts: &[(StudyChart, String)],
    sides: &[(String, String)],
) -> String {
    let study = &analysis.study;
    let title = if study.title.is_empty() { &study.name } else { &study.title };
    let mut html = String::new();
    begin_page(&mut html, title, "", "");
    paragraph(&mut html, "question", "Question", &study.question);
    paragraph(&mut html, "look-for", "What to look for", &study.look_for);
    paragraph(&mut html, "findings", "What its author found", &study.findings);
    for (file, other) in sides {
        let _ = writeln!(
            html,
            "<p><a href=\"{file}\">Watch the first and {} side by side</a>, hop by hop on one clock.</p>",
            escaped(other)
        );
    }
    warning_list(&mut html, &analysis.warnings);
    design(&mut html, study);
    for figure in 0..study.figures.len() {
        let _ = write!(html, "<section>\n<h2>{}</h2>\n", escaped(&figure_head(analysis, figure)));
        for best in analysis.best.iter().filter(|best| best.figure == figure) {
            let words = best_words(analysis, best);
            let _ = writeln!(html, "<p>{}.</p>", escaped(&words.replacen("best:", "Best:", 1)));
        }
        draw(&mut html, charts, Some(figure));
        estimate_table(&mut html, analysis, figure);
        comparison_table(&mut html, analysis, figure);
        term_table(&mut html, analysis, figure);
        html.push_str("</section>\n");
    }
    html.push_str("<section>\n<h2>Delays</h2>\n");
    draw(&mut html, charts, None);
    html.push_str("</section>\n");
    method(&mut html, analysis);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn draw(html: &mut String, charts: &[(StudyChart, String)], figure: Option<usize>) {
    for (chart, svg) in charts.iter().filter(|(chart, _)| chart.figure == figure) {
        let _ = write!(
            html,
            "<figure>\n{}\n<figcaption>{} (<code>charts/{}.svg</code>)</figcaption>\n</figure>\n",
            svg.trim(),
            escaped(&chart.description),
            escaped(&chart.name)
        );
    }
}

fn design(html: &mut String, study: &Outline) {
    html.push_str("<section>\n<h2>What was run</h2>\n");
    let counts = match (study.warm_up_s > 0.0, study.cool_down_s > 0.0) {
        (false, false) => "all mail counts".to_owned(),
        (true, false) => {
            format!("mail submitted in the first {} does not count", time(study.warm_up_s))
        }
        (false, true) => {
            format!("mail submitted in the last {} does not count", time(study.cool_down_s))
        }
        (true, true) => format!(
            "mail submitted in the first {} and in the last {} does not count",
            time(study.warm_up_s),
            time(study.cool_down_s)
        ),
    };
    let _ = writeln!(
        html,
        "<p>{} combinations, {} replications of each; {counts}.</p>",
        grouped(study.cells.len() as u64),
        grouped(study.replications),
    );
    if !study.factors.is_empty() {
        open_table(html, "Factors", &["Factor", "Levels", "Decided by"]);
        for factor in &study.factors {
            let who = if factor.given { "the world" } else { "the design" };
            row(html, &factor.name, &[factor.levels.join(", "), who.to_owned()]);
        }
        close_table(html);
    }
    let columns = ["Combination", "Recipients", "Delivered", "Given up", "Under way at the end"];
    open_table(html, "Recipients of mail in all runs of each combination", &columns);
    for cell in study.cells.iter().take(MOST_ROWS) {
        let counts = [cell.submitted, cell.delivered, cell.failed, cell.unfinished];
        row(html, &cell.name, &counts.map(grouped));
    }
    close_table(html);
    more(html, study.cells.len(), "study.json");
    html.push_str("</section>\n");
}

fn more(html: &mut String, all: usize, file: &str) {
    if all > MOST_ROWS {
        let _ = writeln!(html, "<p>{} more are in <code>{file}</code>.</p>", all - MOST_ROWS);
    }
}

fn estimate_table(html: &mut String, analysis: &Analysis, figure: usize) {
    let study = &analysis.study;
    let unit = study.figures[figure].unit.as_str();
    let interval = format!("{} interval", percent(Some(study.confidence)));
    let columns = [
        "Combination",
        "Mean",
        &interval,
        "Standard error",
        "Median",
        "Its interval",
        "n",
        "Without",
    ];
    open_table(html, "Estimates over replications", &columns);
    let all: Vec<&CellEstimate> =
        analysis.estimates.iter().filter(|one| one.figure == figure).collect();
    for one in all.iter().take(MOST_ROWS) {
        let median = one.median;
        let cells = [
            maybe(one.estimate.mean, unit),
            between(one.estimate.interval.map(|ends| possible(ends, unit)), unit),
            maybe(one.estimate.standard_error, unit),
            maybe(median.map(|median| median.value), unit),
            between(median.and_then(|median| median.interval), unit),
            one.estimate.n.to_string(),
            one.censored_runs.to_string(),
        ];
        row(html, &study.cells[one.cell].name, &cells);
    }
    close_table(html);
    more(html, all.len(), "estimates.csv");
}

fn between(interval: Option<crate::statistics::Interval>, unit: &str) -> String {
    interval.map_or_else(
        || "-".to_owned(),
        |ends| format!("{} to {}", maybe(Some(ends.low), unit), maybe(Some(ends.high), unit)),
    )
}

fn comparison_table(html: &mut String, analysis: &Analysis, figure: usize) {
    let study = &analysis.study;
    let all: Vec<&PairedDifference> =
        analysis.comparisons.iter().filter(|one| one.figure == figure).collect();
    if all.is_empty() {
        return;
    }
    let unit = study.figures[figure].unit.as_str();
    let interval = format!("{} interval", percent(Some(study.confidence)));
    let columns = ["From", "To", "Difference", &interval, "Pairs", "Variance saved by pairing"];
    open_table(html, "Paired differences: one thing changed, everything else the same", &columns);
    for one in all.iter().take(MOST_ROWS) {
        let cells = [
            study.cells[one.to_cell].name.clone(),
            maybe_difference(one.difference.mean, unit),
            one.difference.interval.map_or_else(
                || "-".to_owned(),
                |ends| {
                    let told = |end| told_difference(end, unit);
                    format!("{} to {}", told(ends.low), told(ends.high))
                },
            ),
            one.difference.n.to_string(),
            maybe(one.variance_reduction, "share"),
        ];
        row(html, &study.cells[one.from_cell].name, &cells);
    }
    close_table(html);
    more(html, all.len(), "comparisons.csv");
}

fn term_table(html: &mut String, analysis: &Analysis, figure: usize) {
    let all: Vec<&Term> = analysis.terms.iter().filter(|term| term.figure == figure).collect();
    if all.is_empty() {
        return;
    }
    let unit = analysis.study.figures[figure].unit.as_str();
    let columns = ["Factor, or two together", "Share of differences", "Range", "Effects"];
    open_table(html, "What matters: main effects and two-way interactions", &columns);
    for term in all {
        let effects = term.effects.iter().map(|effect| {
            let name = effect_name(analysis, term, effect);
            format!("{name}: {}", maybe_difference(effect.effect.mean, unit))
        });
        let cells = [
            term.share.map_or_else(|| "-".to_owned(), probability),
            maybe_difference(term.range, unit),
            if term.effects.len() <= 8 {
                effects.collect::<Vec<_>>().join("; ")
            } else {
                "in effects.csv".to_owned()
            },
        ];
        row(html, &term_name(analysis, term), &cells);
    }
    close_table(html);
}

fn method(html: &mut String, analysis: &Analysis) {
    let study = &analysis.study;
    let _ = writeln!(
        html,
        "<section>\n<h2>How these figures are made</h2>\n\
         <p>Each value is one figure of one run. Replications differ in their random numbers and \
         are independent; all combinations of one replication share them, so that the same mail and \
         the same random outages meet them all. Intervals of means are Student-t intervals over \
         replications, never over messages of one run; those of medians lie between order \
         statistics. &quot;Without&quot; counts runs in which the figure did not happen, or is \
         hidden behind mail still under way: they are left out of its estimate.</p>\n\
         <p>A paired difference is taken within each replication; differences of shares are in percentage \
         points (pp). The variance saved by pairing is \
         measured against the sum of both variances, which independent runs would have. An effect \
         is the mean over all combinations that have a level, less the grand mean; shares are of \
         the squared deviations of combinations' means. The probability of being best is the share \
         of bootstrap resamples of whole replications in which a design has the best mean, on average \
         over what the world decides; \
         with few replications it is too sure of itself. Every interval speaks for itself \
         alone: of many that are looked at, about one in twenty at 95 % misses by chance, and \
         none is adjusted for that.</p>\n\
         <p>Study <code>{}</code>, seed {}. The tables hold every number; how to repeat the study \
         is in <code>run.json</code>.</p>\n</section>",
        escaped(&study.name),
        study.seed
    );
}
