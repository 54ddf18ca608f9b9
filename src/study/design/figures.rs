//! What is measured: the figures of a study and the precision asked of one of them.

use super::keys::{BETTER, FIGURE};
use super::model::{Better, Replications, StudyFigure, Width};
use crate::measure::{AskedFigure, Delay};
use crate::scenario::events::expectations::FigureNames;
use crate::scenario::text::names::{did_you_mean, listed};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};

/// What is measured where the study says nothing.
pub(super) const DEFAULT_FIGURES: [&str; 5] = [
    "delivered_share",
    "failed_share",
    "unfinished_share",
    "submission_to_delivery.mean",
    "submission_to_delivery.p95",
];

/// Replications where the study says nothing.
const DEFAULT_REPLICATIONS: u64 = 10;

/// Returns a figure of the summary without anything said about it.
pub(super) fn plain(name: &str) -> StudyFigure {
    StudyFigure {
        asked: AskedFigure::Summary(name.to_owned()),
        name: name.to_owned(),
        label: name.to_owned(),
        better: None,
    }
}

/// A figure and where it stands.
pub(super) struct ReadFigure<'a> {
    pub(super) figure: StudyFigure,
    pub(super) field: Field<'a>,
}

/// Reads `figures`.
pub(super) fn read_figures<'a>(top: &Section<'a>) -> Vec<ReadFigure<'a>> {
    let fields = top.field("figures").map(|field| field.list()).unwrap_or_default();
    let mut figures: Vec<ReadFigure<'a>> = Vec::new();
    for field in fields {
        let figure = if field.is_text() {
            field.text().map(plain)
        } else {
            field.section_of(&FIGURE).and_then(|section| read_figure(&section))
        };
        let Some(figure) = figure else { continue };
        if figures.iter().any(|other| other.figure.name == figure.name) {
            let remark = Remark::new(format!("`{}` is asked for twice", figure.name))
                .accepted("each figure once")
                .help("remove one of the two");
            field.error(ProblemKind::Duplicate, remark);
            continue;
        }
        figures.push(ReadFigure { figure, field });
    }
    if top.field("figures").is_some_and(|field| field.is_list() && field.list().is_empty()) {
        let remark = Remark::new("nothing is measured")
            .accepted("one figure or more")
            .help("leave `figures` out for the usual ones");
        top.error_at("figures", ProblemKind::Missing, remark);
    }
    figures
}

fn read_figure(section: &Section<'_>) -> Option<StudyFigure> {
    let asked = match section.one_of(&["figure", "quantile", "within"]) {
        Some("figure") => AskedFigure::Summary(section.field("figure")?.text()?.to_owned()),
        Some("quantile") => {
            let field = section.field("quantile")?;
            let probability = field.number()?;
            if !(probability > 0.0 && probability < 1.0) {
                let remark = Remark::new(format!("found the number {probability}"))
                    .accepted("a number above 0 and below 1, such as 0.999")
                    .help("write 99.9 % as 0.999");
                field.error(ProblemKind::BadValue, remark);
                return None;
            }
            // The same figure as by its name, with the same value: in per cent, as in p99.9.
            let percent = format!("{:.6}", probability * 100.0);
            let percent = percent.trim_end_matches('0').trim_end_matches('.');
            AskedFigure::Summary(format!("{}.p{percent}", delay(section)?.as_str()))
        }
        Some(_) => {
            let bound = section.field("within")?.positive_duration()?;
            AskedFigure::Within { of: delay(section)?, bound }
        }
        None => {
            let remark = Remark::new("the figure is not said")
                .accepted("`figure`, or `of` with `quantile` or `within`")
                .help("add figure = \"delivered_share\"");
            section.error(ProblemKind::Missing, remark);
            return None;
        }
    };
    let name = asked.name();
    let label = section.field("label").and_then(|field| field.text().map(str::to_owned));
    let better = section.field("better").and_then(|field| field.word());
    let better = better.map(|word| if word == BETTER[0] { Better::Lower } else { Better::Higher });
    Some(StudyFigure { label: label.unwrap_or_else(|| name.clone()), asked, name, better })
}

fn delay(section: &Section<'_>) -> Option<Delay> {
    let Some(field) = section.field("of") else {
        let remark = Remark::new("it is not said what it is a figure of")
            .accepted(Delay::ALL.map(|delay| format!("\"{}\"", delay.as_str())).join(", "))
            .help("add of = \"submission_to_delivery\"");
        section.error(ProblemKind::Missing, remark);
        return None;
    };
    let word = field.word()?;
    Delay::ALL.into_iter().find(|delay| delay.as_str() == word)
}

/// Finds out what a figure is by its name, and reports one that a cell's runs cannot have; returns
/// whether it is known.
pub(super) fn check_known(figure: &mut ReadFigure<'_>, names: &FigureNames) -> bool {
    if !is_by_name(&figure.figure.asked) {
        return true;
    }
    match names.asked(&figure.figure.name) {
        Ok(asked) => {
            figure.figure.asked = asked;
            true
        }
        Err(remark) => {
            figure.field.error(ProblemKind::UnknownName, remark);
            false
        }
    }
}

/// Returns whether a figure was asked for by its name alone.
pub(super) fn is_by_name(asked: &AskedFigure) -> bool {
    matches!(asked, AskedFigure::Summary(_) | AskedFigure::Mail { .. })
}

/// Reads `replications` or `precision`.
pub(super) fn read_replications(top: &Section<'_>, figures: &[StudyFigure]) -> Replications {
    match top.one_of(&["replications", "precision"]) {
        Some("precision") => {
            let section = top.field("precision").and_then(|field| field.section());
            section.and_then(|section| read_precision(&section, figures))
        }
        Some(_) => {
            top.field("replications").and_then(|field| field.count()).map(Replications::Fixed)
        }
        None => None,
    }
    .unwrap_or(Replications::Fixed(DEFAULT_REPLICATIONS))
}

fn read_precision(section: &Section<'_>, figures: &[StudyFigure]) -> Option<Replications> {
    let count = |key: &str| section.field(key).and_then(|field| field.count());
    let at_most = count("at_most");
    let at_least = count("at_least").unwrap_or(DEFAULT_REPLICATIONS.min(at_most.unwrap_or(2)));
    if at_most.is_some_and(|most| at_least > most) {
        let remark = Remark::new("`at_least` is above `at_most`")
            .accepted("an `at_least` not above `at_most`")
            .help("swap the two");
        section.error_at("at_least", ProblemKind::Contradiction, remark);
    }
    let width = match section.one_of(&["half_width", "relative"]) {
        Some(key) => {
            let field = section.field(key)?;
            let number = field.number()?;
            if number <= 0.0 {
                let remark = Remark::new(format!("found the number {number}"))
                    .accepted("a number above 0")
                    .help("no interval is narrower than nothing");
                field.error(ProblemKind::BadValue, remark);
                return None;
            }
            if key == "relative" { Width::Relative(number) } else { Width::Absolute(number) }
        }
        None => {
            let remark = Remark::new("it is not said how narrow the interval has to be")
                .accepted("`half_width` or `relative`")
                .help("add relative = 0.05");
            section.error(ProblemKind::Missing, remark);
            return None;
        }
    };
    let field = section.field("figure")?;
    let name = field.text()?;
    let Some(figure) = figures.iter().position(|figure| figure.name == name) else {
        let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        let remark = Remark::new(format!("the study does not measure `{name}`"))
            .accepted(listed(names.iter().copied()))
            .help(match did_you_mean(name, names) {
                near if near.is_empty() => format!("add \"{name}\" to `figures`"),
                near => near,
            });
        field.error(ProblemKind::UnknownName, remark);
        return None;
    };
    Some(Replications::Until { figure, width, at_least, at_most: at_most? })
}
