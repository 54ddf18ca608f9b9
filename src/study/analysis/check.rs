//! Whether an analysis that was read from a file speaks of things that it has.

use super::{Analysis, Outline};

/// The number of steps of delays: from a tenth of a millisecond to a thousand million years.
const STEPS: std::ops::RangeInclusive<i32> = -10_000..=10_000;

impl Analysis {
    /// Returns what in it points at a cell, factor, level, figure or design that it has not; none of an
    /// analysis that was made by [`analyse`](super::analyse).
    #[must_use]
    pub fn contradiction(&self) -> Option<String> {
        let Outline { factors, figures, cells, .. } = &self.study;
        let beyond = |what: &str, place: usize, count: usize| {
            (place >= count).then(|| format!("{what} {place} of {count} is spoken of"))
        };
        let level = |factor: usize, level: usize| {
            let levels = factors.get(factor).map_or(0, |factor| factor.levels.len());
            beyond("factor", factor, factors.len()).or_else(|| beyond("level", level, levels))
        };
        let of_cells = cells.iter().find_map(|cell| {
            let whole = cell.levels.len() == factors.len();
            let each = cell.levels.iter().enumerate();
            let found = each.clone().find_map(|(factor, &number)| level(factor, number));
            found.or_else(|| (!whole).then(|| "a cell has not one level of each factor".to_owned()))
        });
        let of_estimates = || {
            self.estimates.iter().find_map(|one| {
                beyond("cell", one.cell, cells.len())
                    .or_else(|| beyond("figure", one.figure, figures.len()))
            })
        };
        let of_comparisons = || {
            self.comparisons.iter().find_map(|one| {
                beyond("figure", one.figure, figures.len())
                    .or_else(|| beyond("factor", one.factor, factors.len()))
                    .or_else(|| beyond("cell", one.from_cell, cells.len()))
                    .or_else(|| beyond("cell", one.to_cell, cells.len()))
            })
        };
        let of_terms = || {
            self.terms.iter().find_map(|term| {
                let speaks = beyond("figure", term.figure, figures.len());
                speaks
                    .or_else(|| match term.factors.len() {
                        1 | 2 => None,
                        count => Some(format!("a term has {count} factors")),
                    })
                    .or_else(|| {
                        let factors = || term.factors.iter();
                        term.effects.iter().find_map(|effect| {
                            let each = factors().zip(&effect.levels);
                            let whole = effect.levels.len() == term.factors.len();
                            let found = each.into_iter().find_map(|(&f, &l)| level(f, l));
                            let part = (!whole).then(|| "an effect lacks a level".to_owned());
                            found.or(part)
                        })
                    })
                    .or_else(|| {
                        term.factors.iter().find_map(|&f| beyond("factor", f, factors.len()))
                    })
            })
        };
        let of_best = || {
            self.best.iter().find_map(|best| {
                let designs = best.designs.len();
                let runner_up = best.runner_up.as_ref().map(|runner_up| runner_up.design);
                let named = best.best.into_iter().chain(runner_up);
                let levels = best.designs.iter().find_map(|design| {
                    let each = design.levels.iter().enumerate();
                    let mut each = each.filter_map(|(factor, number)| Some((factor, (*number)?)));
                    let found = each.find_map(|(factor, number)| level(factor, number));
                    let part = design.levels.len() != factors.len();
                    found.or_else(|| part.then(|| "a design lacks a factor".to_owned()))
                });
                beyond("figure", best.figure, figures.len())
                    .or_else(|| named.into_iter().find_map(|it| beyond("design", it, designs)))
                    .or(levels)
            })
        };
        let of_delays = || {
            self.delays.iter().find_map(|delay| {
                let steps = delay.cells.iter().flatten().map(|(step, _)| *step);
                let wrong = steps.into_iter().find(|step| !STEPS.contains(step));
                let step = wrong.map(|step| format!("a delay lies at step {step}"));
                let other = (delay.cells.len() != cells.len()).then(|| {
                    format!(
                        "{} is known of {} of {} cells",
                        delay.of,
                        delay.cells.len(),
                        cells.len()
                    )
                });
                other.or(step)
            })
        };
        let confidence = self.study.confidence;
        let of_quantities = || {
            factors.iter().find_map(|factor| {
                let values = &factor.quantity.as_ref()?.values;
                let fits =
                    values.len() == factor.levels.len() && values.iter().all(|it| it.is_finite());
                (!fits).then(|| {
                    format!("the factor {} has not one number for each level", factor.name)
                })
            })
        };
        let of_study = (!(confidence > 0.0 && confidence < 1.0))
            .then(|| format!("the confidence is {confidence}"));
        of_study
            .or(of_cells)
            .or_else(of_estimates)
            .or_else(of_comparisons)
            .or_else(of_terms)
            .or_else(of_best)
            .or_else(of_delays)
            .or_else(of_quantities)
    }
}
