//! What may mislead in a study's figures.

use crate::measure::Unit;
use crate::statistics::Estimate;
use crate::study::Replications;
use crate::study::plan::Plan;
use crate::study::row::RunRow;

use super::Data;
use super::estimates::CellEstimate;
use super::survivors::gap;

/// Intervals of fewer replications rest on little.
const FEW: u64 = 10;
/// The chance of a false alarm about the warm-up, over all cells together.
const FALSE_ALARM: f64 = 0.01;

/// Returns the warnings, the gravest first.
pub(super) fn of(plan: &Plan<'_>, data: &Data<'_>, estimates: &[CellEstimate]) -> Vec<String> {
    let mut warnings = Vec::new();
    ledger(data, &mut warnings);
    nothing_counts(data, &mut warnings);
    few(data, &mut warnings);
    same_shares(data, estimates, &mut warnings);
    unfinished(data, &mut warnings);
    censored(data, estimates, &mut warnings);
    survivors(data, &mut warnings);
    warm_up(data, &mut warnings);
    precision(plan, data, &mut warnings);
    equal_cells(data, &mut warnings);
    if !data.study.is_full_factorial() && data.study.factors.len() > 1 {
        warnings.push(
            "not all combinations were run: effects of single factors cannot be told apart and are \
             left out"
                .to_owned(),
        );
    }
    warnings
}

fn ledger(data: &Data<'_>, warnings: &mut Vec<String>) {
    let cells = 0..data.study.cells.len();
    let wrong = cells.flat_map(|cell| data.rows_of(cell)).filter(|row| !row.balances).count();
    if wrong > 0 {
        warnings.push(format!(
            "in {wrong} runs the ledger does not balance: mail was lost or counted twice by the \
             model itself; do not use these figures, and report this as a defect of mailsim"
        ));
    }
}

/// A warm-up or cool-down may leave no mail at all.
fn nothing_counts(data: &Data<'_>, warnings: &mut Vec<String>) {
    let cells = data.study.cells.len();
    let empty = (0..cells).filter(|&cell| data.rows_of(cell).all(|row| row.submitted == 0)).count();
    if empty > 0 {
        let why = if data.study.warm_up.is_zero() && data.study.cool_down.is_zero() {
            "none is submitted"
        } else {
            "all is submitted before the warm-up ends or after the cool-down begins"
        };
        warnings.push(format!("no mail counts in {empty} of {cells} combinations: {why}"));
    }
}

/// A share that is the same in all runs has an interval without width, which is no certainty: of n
/// independent runs without an event the rule of three bounds how often it happens.
fn same_shares(data: &Data<'_>, estimates: &[CellEstimate], warnings: &mut Vec<String>) {
    let rule = -libm::log(1.0 - data.study.confidence) / data.replications as f64;
    for (place, figure) in data.study.figures.iter().enumerate() {
        let same = |one: &&CellEstimate| {
            let width = one.estimate.interval.map(|interval| interval.half_width());
            let end = one.estimate.mean.is_some_and(|mean| mean == 0.0 || mean == 1.0);
            one.figure == place && width == Some(0.0) && end
        };
        let alike: Vec<_> = estimates.iter().filter(same).collect();
        let cells = alike.len();
        if figure.asked.unit() == Unit::Share && cells > 0 {
            let recipients =
                |one: &&CellEstimate| data.rows_of(one.cell).map(|row| row.submitted).sum::<u64>();
            let least = alike.iter().copied().map(|one| recipients(&one)).min().unwrap_or(0);
            // The same rule for recipients, as if each met its fate alone.
            let seen = least as f64 / -libm::log(1.0 - data.study.confidence);
            let rare = if seen >= 1.0 {
                format!(
                    "; with {least} recipients in all its runs, what happens to fewer than one in {seen:.0} of \
                     them would likely not be seen, and what happens to many at once still less: for \
                     something rarer, such as one in 10^5, replications like these say nothing, only more \
                     mail or longer runs do"
                )
            } else {
                String::new()
            };
            warnings.push(format!(
                "`{}` is 0 % or 100 % in all runs of {cells} of {} combinations, and its interval \
                 there has no width: that is no certainty; another value may still turn up in up \
                 to {:.0} % of runs (confidence {} %){rare}",
                figure.name,
                data.study.cells.len(),
                (rule * 100.0).min(100.0),
                // As written, without what the binary fraction adds.
                (data.study.confidence * 1e6).round() / 1e4
            ));
        }
    }
}

fn few(data: &Data<'_>, warnings: &mut Vec<String>) {
    match data.replications {
        1 => warnings.push(
            "a single replication has no interval: nothing says how sure these figures are; ask \
             for more with --set replications=10"
                .to_owned(),
        ),
        n if n < FEW => warnings.push(format!(
            "n = {n}: intervals of so few replications are wide, and lean on figures being about \
             normally distributed; {FEW} or more are better"
        )),
        _ => {}
    }
}

fn unfinished(data: &Data<'_>, warnings: &mut Vec<String>) {
    let share = |cell: usize| {
        let (mut open, mut all) = (0, 0);
        for row in data.rows_of(cell) {
            open += row.unfinished;
            all += row.submitted;
        }
        (open > 0).then(|| (open as f64 / (all as f64).max(1.0), cell))
    };
    let cells: Vec<(f64, usize)> = (0..data.study.cells.len()).filter_map(share).collect();
    let most = cells.iter().copied().reduce(|a, b| if b.0 > a.0 { b } else { a });
    let Some((share, cell)) = most else { return };
    warnings.push(format!(
        "mail was still under way at the end of runs in {} of {} combinations (most where {}: \
         {:.2} % of recipients): its delays are not known, those of the summary are of delivered \
         mail only, and its end is open: shares lost and delivered are lower bounds; a longer duration or a `cool_down` lets it finish",
        cells.len(),
        data.study.cells.len(),
        data.study.cell_name(cell),
        share * 100.0
    ));
}

fn censored(data: &Data<'_>, estimates: &[CellEstimate], warnings: &mut Vec<String>) {
    let runs = data.replications * data.study.cells.len() as u64;
    for (place, figure) in data.study.figures.iter().enumerate() {
        let of_figure = estimates.iter().filter(|estimate| estimate.figure == place);
        let missing: u64 = of_figure.map(|estimate| estimate.censored_runs).sum();
        if missing > 0 {
            warnings.push(format!(
                "`{}` has no value in {missing} of {runs} runs: it did not happen there, or not \
                 before the end; its estimates are of the others",
                figure.name
            ));
        }
    }
}

/// Giving mail up makes the rest quicker: comparisons of delays between such cells say little.
fn survivors(data: &Data<'_>, warnings: &mut Vec<String>) {
    let study = data.study;
    let asked = study.figures.iter().filter(|figure| figure.asked.is_of_delivered_only());
    let names: Vec<String> = asked.map(|figure| format!("`{}`", figure.name)).collect();
    let Some(gap) = gap(data).filter(|gap| gap.matters() && !names.is_empty()) else { return };
    warnings.push(format!(
        "comparisons, effects and what matters of {} are biased where mail is lost: {}",
        names.join(", "),
        gap.words(data)
    ));
}

/// If mail of the first tenth of the time that counts takes another time than the mail after it,
/// the run had not settled, or does not settle at all.
fn warm_up(data: &Data<'_>, warnings: &mut Vec<String>) {
    let study = data.study;
    if study.warm_up.is_zero() {
        return;
    }
    let confidence = 1.0 - FALSE_ALARM / study.cells.len() as f64;
    let unsettled = |cell: &usize| {
        let surplus: Vec<f64> = data
            .rows_of(*cell)
            .filter_map(|row| Some(row.early.mean_s()? - row.late.mean_s()?))
            .collect();
        let interval = Estimate::of(&surplus, confidence).interval;
        interval.is_some_and(|interval| !interval.covers(0.0))
    };
    let cells: Vec<usize> = (0..study.cells.len()).filter(unsettled).collect();
    if let Some(&first) = cells.first() {
        warnings.push(format!(
            "the warm-up of {} may be too short: in {} of {} combinations mail of the first tenth \
             of the time that counts takes another time than the mail after it (the first: {})",
            study.warm_up.exact(),
            cells.len(),
            study.cells.len(),
            study.cell_name(first)
        ));
    }
}

/// Combinations without any difference in any run: what was changed may have no effect at all.
fn equal_cells(data: &Data<'_>, warnings: &mut Vec<String>) {
    let study = data.study;
    let alike = |a: usize, b: usize| {
        let same = |(a, b): (&RunRow, &RunRow)| {
            let counts = |row: &RunRow| (row.submitted, row.delivered, row.failed, row.unfinished);
            a.figures == b.figures && a.delays == b.delays && counts(a) == counts(b)
        };
        data.rows_of(a).zip(data.rows_of(b)).all(same)
    };
    // A study of several factors may well have levels that matter only beside others.
    if study.factors.len() == 1 && study.cells.len() > 1 {
        let equal: Vec<String> = (1..study.cells.len())
            .filter(|&cell| alike(0, cell))
            .map(|cell| study.cell_name(cell))
            .collect();
        if !equal.is_empty() {
            warnings.push(format!(
                "every figure of every run is the same where {} as where {}: what was changed has \
                 no effect on this mail, or nothing was changed",
                equal.join("; "),
                study.cell_name(0)
            ));
        }
    }
}

fn precision(plan: &Plan<'_>, data: &Data<'_>, warnings: &mut Vec<String>) {
    let Replications::Until { figure, width, at_most, .. } = data.study.replications else {
        return;
    };
    let narrow = |&cell: &usize| plan.is_narrow(data.rows, cell, figure, width, data.replications);
    let wide = (0..data.study.cells.len()).filter(|cell| !narrow(cell)).count();
    if wide > 0 {
        warnings.push(format!(
            "after {at_most} replications, the most allowed, the interval of `{}` is wider than \
             asked in {wide} of {} combinations",
            data.study.figures[figure].name,
            data.study.cells.len()
        ));
    }
}
