//! `mailsim compare`: scenarios side by side, under the same random numbers.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::report::study::{SourceDescription, StudyDescription};
use crate::scenario::Override;
use crate::study::{Comparison, Variant, compare_study, load_variant};
use crate::units::SimDuration;

use super::changes::{Changes, VariantChanges};
use super::error::CommandError;
use super::input;
use super::status::ExitStatus;
use super::study::{Job, Options, Part, make};
use super::terminal::Terminal;

/// Compare scenarios: paired differences with intervals
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Compare scenarios under common random numbers: the same mail, and the same \
                  random outages, meet them all. Shown are the differences from the first, \
                  replication by replication, with confidence intervals.\n\n\
                  Given one scenario, each --set or --unset is a variant, which is compared with \
                  the scenario as it is. With --variant NAME all changes behind it make one variant \
                  of that name, and those before the first hold for all. Given several scenarios, \
                  --set and --unset change them all. For more than that write a study."
)]
pub(super) struct Arguments {
    /// Scenario files; the others are compared with the first
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,

    #[command(flatten)]
    changes: VariantChanges,

    /// How often each is run
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(2..=1_000_000)
    )]
    replications: u64,

    /// Figure of the summary to compare, such as failed_share (repeatable)
    ///
    /// Without: the shares delivered, failed and unfinished, and mean and 95 % quantile of the time
    /// from submission to delivery.
    #[arg(long = "figure", value_name = "NAME")]
    figures: Vec<String>,

    /// Mail submitted before this time does not count [default: 0]
    #[arg(long, value_name = "T")]
    warm_up: Option<SimDuration>,

    /// Result folder [default: output/compare-<names of the scenario files>]
    ///
    /// An existing folder is used only if it is empty or holds a result of mailsim.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  mailsim compare without-backup.toml with-backup.toml
  mailsim compare outage.toml --set outage.0.for=1h --set outage.0.for=4h
  mailsim compare outage.toml --variant long --set outage.0.for=8h --set mail.0.for=8h \
    --variant short --set outage.0.for=1h
  mailsim compare a.toml b.toml --figure failed_share --replications 30";

/// A scenario as it is to be read: its name among the others, its file, what is changed in it.
struct Wanted<'a> {
    name: String,
    path: &'a Path,
    changes: Vec<Override>,
}

/// Runs the command.
pub(super) fn compare(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let wanted = wanted(arguments)?;
    let mut variants = Vec::new();
    let mut sources = std::collections::BTreeMap::new();
    for one in wanted {
        let loaded = input::read_with(one.path, &one.changes, load_variant)?.loaded;
        // The file's name alone: where it lies says something of the machine.
        let file = one.path.file_name().unwrap_or(one.path.as_os_str());
        let file = file.to_string_lossy().into_owned();
        sources.insert(one.name.clone(), SourceDescription::new(".toml", &loaded.resolved));
        let changes = one.changes.iter().map(Override::as_argument).collect();
        variants.push(Variant { name: one.name, file, changes, loaded });
    }
    let name = study_name(arguments);
    let how = Comparison {
        name: name.clone(),
        replications: arguments.replications,
        confidence: 0.95,
        warm_up: arguments.warm_up.unwrap_or_default(),
        figures: arguments.figures.clone(),
    };
    let study = compare_study(variants, &how).map_err(CommandError::Usage)?;
    let mut description = StudyDescription::new(&name, study.seed);
    description.overrides = overrides(&arguments.changes);
    description.sources = sources;
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new("output").join(&name));
    let job = Job { study: &study, description, folder, plays: true };
    make(&job, Part::Whole, &arguments.options, terminal)
}

/// All changes, as they stand on the command line.
fn overrides(changes: &VariantChanges) -> Vec<String> {
    let all = |changes: &Changes| -> Vec<String> {
        changes.0.iter().map(Override::as_argument).collect()
    };
    let mut told = all(&changes.common);
    for (name, changes) in &changes.variants {
        told.push(format!("--variant {name}"));
        told.extend(all(changes));
    }
    told
}

/// `compare-<stem>-<stem>`.
fn study_name(arguments: &Arguments) -> String {
    let stems = arguments.scenarios.iter().map(|path| stem(path));
    format!("compare-{}", stems.collect::<Vec<_>>().join("-"))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn wanted(arguments: &Arguments) -> Result<Vec<Wanted<'_>>, CommandError> {
    let VariantChanges { common: Changes(changes), variants } = &arguments.changes;
    match arguments.scenarios.as_slice() {
        [path] if variants.is_empty() => return variants_of(path, changes),
        [path] => return named_variants(path, changes, variants),
        _ if variants.is_empty() => {}
        _ => {
            return Err(CommandError::Usage(
                "variants are of one scenario: name one, or leave out --variant".to_owned(),
            ));
        }
    }
    let stems: Vec<String> = arguments.scenarios.iter().map(|path| stem(path)).collect();
    let named = |(place, path): (usize, &'_ PathBuf)| {
        let alone = stems.iter().filter(|other| **other == stems[place]).count() == 1;
        if alone { stems[place].clone() } else { path.display().to_string() }
    };
    let scenarios = arguments.scenarios.iter().enumerate();
    let wanted = scenarios.map(|(place, path)| Wanted {
        name: named((place, path)),
        path,
        changes: changes.clone(),
    });
    Ok(wanted.collect())
}

/// One scenario with the common changes, and with those of each variant besides.
fn named_variants<'a>(
    path: &'a Path,
    common: &[Override],
    variants: &[(String, Changes)],
) -> Result<Vec<Wanted<'a>>, CommandError> {
    let mut wanted = vec![Wanted { name: "as it is".to_owned(), path, changes: common.to_vec() }];
    for (name, Changes(changes)) in variants {
        if changes.is_empty() {
            return Err(CommandError::Usage(format!(
                "the variant {name} changes nothing: its --set and --unset stand behind --variant {name}"
            )));
        }
        let changes = [common, changes].concat();
        wanted.push(Wanted { name: name.clone(), path, changes });
    }
    Ok(wanted)
}

/// One scenario as it is, and with each change; a seed is none, it holds for all.
fn variants_of<'a>(path: &'a Path, changes: &[Override]) -> Result<Vec<Wanted<'a>>, CommandError> {
    let is_seed =
        |change: &&Override| matches!(change, Override::Set { path, .. } if path.0 == ["seed"]);
    let common: Vec<Override> = changes.iter().filter(is_seed).cloned().collect();
    let mut wanted = vec![Wanted { name: "as it is".to_owned(), path, changes: common.clone() }];
    for change in changes.iter().filter(|change| !is_seed(change)) {
        let argument = change.as_argument();
        let name = argument
            .strip_prefix("--set ")
            .map_or_else(|| argument.replacen("--unset ", "without ", 1), str::to_owned);
        let changes = [common.as_slice(), std::slice::from_ref(change)].concat();
        wanted.push(Wanted { name, path, changes });
    }
    if wanted.len() == 1 {
        return Err(CommandError::Usage(
            "there is nothing to compare with: give a second scenario, or a variant with --set"
                .to_owned(),
        ));
    }
    Ok(wanted)
}
