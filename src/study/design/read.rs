//! From the text of a study file to a checked [`Study`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;

use super::cells::{Base, combinations, load_cells};
use super::factors::{read_changes, read_factors};
use super::figures::{DEFAULT_FIGURES, check_known, plain, read_figures, read_replications};
use super::keys::STUDY;
use super::model::{Cell, LoadedStudy, Study, cell_name};
use crate::scenario::events::expectations::FigureNames;
use crate::scenario::load::{Source, all_problems, on_command_line, parse};
use crate::scenario::text::overrides::Override;
use crate::scenario::text::problem::{ProblemKind, Problems};
use crate::scenario::text::reader::{Remark, Section};
use crate::scenario::text::tree::{Place, to_toml};
use crate::scenario::top;
use crate::units::SimDuration;

/// Returns whether a file is a study: it names a scenario.
#[must_use]
pub fn is_study(text: &str) -> bool {
    let (parsed, _) = DeTable::parse_recoverable(text);
    parsed.get_ref().iter().any(|(key, _)| key.get_ref() == "scenario")
}

/// Returns whether a file is a scenario and no study: it names hosts, and no other scenario.
#[must_use]
pub fn is_scenario(text: &str) -> bool {
    let (parsed, _) = DeTable::parse_recoverable(text);
    let has = |name: &str| parsed.get_ref().iter().any(|(key, _)| key.get_ref() == name);
    has("host") && !has("scenario")
}

/// Reads and checks a study with the overrides of the command line, which change keys of the study.
/// Every cell's scenario is read and checked; `source` reads files named from the study's folder.
///
/// # Errors
/// Every problem of the study and of its scenarios.
pub fn load_study(source: &Source<'_>, overrides: &[Override]) -> Result<LoadedStudy, Problems> {
    let files = RefCell::new(BTreeMap::new());
    let read_file = |name: &str| {
        if let Some(text) = files.borrow().get(name) {
            return Ok(String::clone(text));
        }
        let text = (source.read_file)(name)?;
        files.borrow_mut().insert(name.to_owned(), text.clone());
        Ok(text)
    };
    let source = &Source { read_file: &read_file, ..*source };
    let (checker, root, syntax) = parse(source, &on_command_line(overrides), &[]);
    let study = {
        let top = Section::new(&checker, &root, &STUDY, Place::File(0..0), String::new());
        read(source, &top)
    };
    let (problems, failed) = all_problems(source, checker, &syntax);
    match study {
        Some(study) if !failed => {
            let files = files.take().into_iter().collect();
            Ok(LoadedStudy { study, warnings: problems, resolved: to_toml(&root), files })
        }
        _ => Err(problems),
    }
}

fn read(source: &Source<'_>, top: &Section<'_>) -> Option<Study> {
    let factors = read_factors(top);
    let mut read_figures = read_figures(top);
    let span = |key: &str| top.field(key).and_then(|field| field.duration()).unwrap_or_default();
    let (warm_up, cool_down) = (span("warm_up"), span("cool_down"));
    let confidence = confidence(top);
    let changes = read_changes(top);
    let mut figures: Vec<_> = read_figures.iter().map(|read| read.figure.clone()).collect();
    if figures.is_empty() {
        figures = DEFAULT_FIGURES.map(plain).to_vec();
    }
    let replications = read_replications(top, &figures);
    let combinations = combinations(top, &factors);
    let base = Base { source, scenario: top.field("scenario")?, changes };
    let cells = load_cells(&base, &factors, &combinations);
    let names: Vec<_> = factors.iter().map(|factor| factor.factor.clone()).collect();
    // A figure that is unknown in one cell is named once.
    let mut known = vec![true; read_figures.len()];
    for cell in &cells {
        let available = FigureNames::of(&cell.scenario);
        for (known, figure) in known.iter_mut().zip(&mut read_figures) {
            *known = *known && check_known(figure, &available);
        }
    }
    for (figure, read) in figures.iter_mut().zip(&read_figures) {
        figure.asked = read.figure.asked.clone();
    }
    check_window(top, warm_up, cool_down, &cells, |cell| cell_name(&names, &cell.levels));
    warn_of_equal_cells(top, &cells, |cell| cell_name(&names, &cell.levels));
    let seed = top.field("seed").and_then(|field| field.count());
    let stem = Path::new(source.file).file_stem().and_then(|stem| stem.to_str());
    let text = |key: &str| top::text(top, key).unwrap_or_default();
    Some(Study {
        name: stem.unwrap_or("study").to_owned(),
        title: text("title"),
        question: text("question"),
        look_for: text("look_for"),
        findings: text("findings"),
        seed: seed.or(cells.first().map(|cell| cell.scenario.seed)).unwrap_or(1),
        replications,
        confidence,
        warm_up,
        cool_down,
        factors: names,
        cells,
        figures,
    })
}

fn confidence(top: &Section<'_>) -> f64 {
    const DEFAULT: f64 = 0.95;
    let Some(field) = top.field("confidence") else { return DEFAULT };
    let Some(number) = field.number() else { return DEFAULT };
    if !(0.5..1.0).contains(&number) {
        let remark = Remark::new(format!("found the number {number}"))
            .accepted("a number from 0.5, below 1")
            .help("write 95 % as 0.95");
        field.error(ProblemKind::BadValue, remark);
        return DEFAULT;
    }
    number
}

/// A warm-up that leaves nothing to count contradicts the run's length.
fn check_window(
    top: &Section<'_>,
    warm_up: SimDuration,
    cool_down: SimDuration,
    cells: &[Cell],
    name: impl Fn(&Cell) -> String,
) {
    let left_out = warm_up + cool_down;
    let Some(cell) = cells.iter().find(|cell| left_out >= cell.scenario.duration) else { return };
    if left_out.is_zero() {
        return;
    }
    let (key, what) = if warm_up.is_zero() {
        ("cool_down", "the cool-down")
    } else if cool_down.is_zero() {
        ("warm_up", "the warm-up")
    } else {
        ("warm_up", "warm-up and cool-down")
    };
    let duration = cell.scenario.duration.exact();
    let remark = Remark::new(format!(
        "{what} of {} leaves nothing to count: a run lasts {duration} where {}",
        left_out.exact(),
        name(cell)
    ));
    let remark = remark
        .accepted(format!("less than {duration}"))
        .help("shorten it, or give the scenario a longer `duration`");
    top.error_at(key, ProblemKind::Contradiction, remark);
}

fn warn_of_equal_cells(top: &Section<'_>, cells: &[Cell], name: impl Fn(&Cell) -> String) {
    for (place, cell) in cells.iter().enumerate() {
        let same = |other: &&Cell| other.resolved == cell.resolved && other.files == cell.files;
        if let Some(other) = cells[..place].iter().find(same) {
            let remark = Remark::new(format!(
                "two combinations are the same scenario: {} and {}",
                name(other),
                name(cell)
            ));
            top.warn_at("factor", remark.help("one level sets what the scenario says already"));
            return;
        }
    }
}
