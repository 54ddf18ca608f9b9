//! The cells of a design: combinations of levels, each a scenario of its own.

use std::path::Path;

use super::factors::{ReadFactor, label};
use super::model::{Cell, Factor, cell_name};
use crate::scenario::load::{Expectations, Loaded, Placed, Source, load_placed};
use crate::scenario::text::names::{did_you_mean, listed};
use crate::scenario::text::problem::{Problem, ProblemKind, Problems};
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;

/// Most cells of a study.
const CELLS: usize = 10_000;

/// Returns the combinations of levels that are to be run.
pub(super) fn combinations(top: &Section<'_>, factors: &[ReadFactor<'_>]) -> Vec<Vec<usize>> {
    let listed = top.field("combination").map(|field| field.list());
    let found = match &listed {
        Some(fields) => listed_combinations(fields, factors),
        None => all_combinations(factors),
    };
    if found.len() > CELLS {
        let has = match listed {
            Some(_) => format!("the design has {} combinations", found.len()),
            None => product(factors),
        };
        let remark = Remark::new(has)
            .accepted(format!("at most {CELLS} combinations"))
            .help("list those that matter with [[combination]]");
        top.error_at("factor", ProblemKind::BadValue, remark);
        return Vec::new();
    }
    found
}

/// Says how many combinations all levels make: `the design has 200 × 60 = 12000 combinations`.
fn product(factors: &[ReadFactor<'_>]) -> String {
    let counts = factors.iter().map(|factor| factor.levels.len());
    let all = counts.clone().fold(1_u128, |all, count| all.saturating_mul(count as u128));
    let counts: Vec<String> = counts.map(|count| count.to_string()).collect();
    format!("the design has {} = {all} combinations", counts.join(" \u{d7} "))
}

/// Every combination; the last factor changes fastest.
fn all_combinations(factors: &[ReadFactor<'_>]) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new()];
    for factor in factors {
        let mut longer = Vec::new();
        for start in &found {
            for level in 0..factor.levels.len() {
                let mut levels: Vec<usize> = start.clone();
                levels.push(level);
                longer.push(levels);
            }
        }
        // Enough to know that there are too many.
        longer.truncate(CELLS + 1);
        found = longer;
    }
    found
}

fn listed_combinations(fields: &[Field<'_>], factors: &[ReadFactor<'_>]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for field in fields {
        let Some(levels) = combination(field, factors) else { continue };
        if found.contains(&levels) {
            let remark = Remark::new("this combination is there twice")
                .accepted("each combination once")
                .help("remove one of the two");
            field.error(ProblemKind::Duplicate, remark);
            continue;
        }
        found.push(levels);
    }
    found
}

fn combination(field: &Field<'_>, factors: &[ReadFactor<'_>]) -> Option<Vec<usize>> {
    let entries = field.shaped(Shape::Map(&Shape::Anything)).map();
    let names = || factors.iter().map(|factor| factor.factor.name.as_str());
    let mut levels = vec![None; factors.len()];
    let mut fits = true;
    for (name, place, value) in &entries {
        let Some(at) = factors.iter().position(|factor| factor.factor.name == *name) else {
            let remark = Remark::new(format!("there is no factor `{name}`"))
                .accepted(listed(names()))
                .help(did_you_mean(name, names()));
            field.checker.error(ProblemKind::UnknownName, place, &value.path, remark);
            fits = false;
            continue;
        };
        let known = &factors[at].factor.levels;
        let label = label(value);
        levels[at] = known.iter().position(|level| *level == label);
        if levels[at].is_none() {
            let remark = Remark::new(format!("the factor `{name}` has no level {label}"))
                .accepted(listed(known.iter().map(String::as_str)))
                .help(did_you_mean(&label, known.iter().map(String::as_str)));
            value.error(ProblemKind::UnknownName, remark);
            fits = false;
        }
    }
    if let Some(missing) = levels.iter().position(Option::is_none).filter(|_| fits) {
        let remark = Remark::new(format!(
            "the combination says nothing of the factor `{}`",
            factors[missing].factor.name
        ));
        let remark =
            remark.accepted("a level of each factor").help("add the factor with one of its levels");
        field.error(ProblemKind::Missing, remark);
        return None;
    }
    levels.into_iter().collect()
}

/// What every cell begins with.
pub(super) struct Base<'s, 'a> {
    pub(super) source: &'s Source<'s>,
    pub(super) scenario: Field<'a>,
    pub(super) changes: Vec<Placed>,
}

/// Reads the scenario of every combination. What is wrong with one is reported where it stands; if
/// it does not hold for all of them, the first is named for which it does.
pub(super) fn load_cells(
    base: &Base<'_, '_>,
    factors: &[ReadFactor<'_>],
    combinations: &[Vec<usize>],
) -> Vec<Cell> {
    let names: Vec<Factor> = factors.iter().map(|factor| factor.factor.clone()).collect();
    let (mut cells, mut found): (Vec<Cell>, Vec<(Problem, usize, String)>) = Default::default();
    for levels in combinations {
        let problems = match load_cell(base, factors, levels) {
            Ok(cell) => {
                cells.push(cell);
                continue;
            }
            Err(problems) => problems,
        };
        for problem in problems.0 {
            match found.iter_mut().find(|(known, ..)| *known == problem) {
                Some((_, count, _)) => *count += 1,
                None => found.push((problem, 1, cell_name(&names, levels))),
            }
        }
    }
    for (mut problem, count, first) in found {
        // A problem at a level speaks for itself; one of the scenario does not.
        let of_study = problem.file == base.source.file;
        if count < combinations.len() && !of_study {
            problem.message.push_str(&format!(" (where {first})"));
        }
        base.scenario.checker.add(problem);
    }
    cells
}

fn load_cell(
    base: &Base<'_, '_>,
    factors: &[ReadFactor<'_>],
    levels: &[usize],
) -> Result<Cell, Problems> {
    let chosen = || factors.iter().zip(levels).map(|(factor, &level)| &factor.levels[level]);
    let mut field = &base.scenario;
    let mut changes = base.changes.clone();
    let mut others = chosen().filter_map(|level| level.scenario.as_ref());
    if let Some(other) = others.next() {
        field = other;
        if let Some(second) = others.next() {
            let remark = Remark::new("two factors name a scenario for one combination")
                .accepted("one factor whose alternatives name scenarios")
                .help("put both into the alternatives of one factor");
            second.error(ProblemKind::Contradiction, remark);
        }
    }
    changes.extend(chosen().flat_map(|level| level.changes.iter().cloned()));
    let Some(file) = field.text() else { return Err(Problems::default()) };
    let Some(loaded) = load_named(base.source, field, file, &changes) else {
        return Err(Problems::default());
    };
    let Loaded { scenario, resolved, files, .. } = loaded?;
    let changes = changes.iter().map(|placed| placed.change.as_argument()).collect();
    Ok(Cell { levels: levels.to_vec(), file: file.to_owned(), changes, scenario, resolved, files })
}

/// Reads a scenario named in the study; none, and a problem at its name, if there is no such file.
fn load_named(
    study: &Source<'_>,
    field: &Field<'_>,
    file: &str,
    changes: &[Placed],
) -> Option<Result<Loaded, Problems>> {
    let text = match (study.read_file)(file) {
        Ok(text) => text,
        Err(cause) => {
            let remark = Remark::new(format!("cannot read {file}: {cause}"))
                .accepted("a scenario file, named from the folder of the study")
                .help("check the name");
            field.error(ProblemKind::File, remark);
            return None;
        }
    };
    // A file beside the scenario is named from the scenario's folder.
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let beside = |name: &str| (study.read_file)(&folder.join(name).to_string_lossy());
    let study_folder = Path::new(study.file).parent().unwrap_or(Path::new(""));
    let shown = study_folder.join(file).to_string_lossy().into_owned();
    let source = Source { file: &shown, text: &text, read_file: &beside };
    Some(load_placed(&source, changes, Expectations::LeftOut))
}
