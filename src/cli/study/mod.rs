//! `mailsim study`: many runs of a design, and what can be concluded from them.

mod job;
mod shard;
mod slurm;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::report::study::{Charts, SourceDescription, StudyDescription};
use crate::study::LoadedStudy;
use crate::study::Shard;

use super::changes::StudyChanges;
use super::error::CommandError;
use super::input;
use super::run::ChartFiles;
use super::status::ExitStatus;
use super::terminal::Terminal;

pub(super) use job::{Job, Part, make};

/// Run a study: many runs, estimates with intervals
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Run a study: replications of every combination of levels, with estimates, \
                  confidence intervals, paired comparisons, ranking, charts and a page.\n\n\
                  All combinations of one replication share their random numbers: the same mail \
                  and the same outages, one thing changed. What is finished is kept at once: after \
                  an interrupt the same command makes only what is missing, and gives the same \
                  bytes. --set changes keys of the study, as --set replications=6."
)]
pub(super) struct Arguments {
    /// Study file
    #[arg(value_name = "STUDY")]
    study: PathBuf,

    #[command(flatten)]
    changes: StudyChanges,

    /// Study folder [default: output/<name of the study file>]
    ///
    /// An existing folder is used only if it is empty, or holds a result of mailsim and nothing else.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    options: Options,

    /// Make the I-th of N parts of the runs and keep them for --merge
    #[arg(long, value_name = "I/N", value_parser = shard::parse, conflicts_with = "merge")]
    shard: Option<Shard>,

    /// Make no runs: join those that shards have made
    #[arg(long)]
    merge: bool,

    /// Make the runs as a job array of Slurm, follow it, and merge
    ///
    /// The study's folder must be on a file system that all nodes share. A shard should last ten
    /// seconds or more.
    #[arg(long, conflicts_with_all = ["merge", "shard"])]
    slurm: bool,

    /// Tasks of the job array [default: 8]
    #[arg(
        long,
        value_name = "N",
        requires = "slurm",
        value_parser = clap::value_parser!(u64).range(1..=100_000)
    )]
    shards: Option<u64>,

    /// Further argument of sbatch, as --sbatch=--partition=long (repeatable)
    #[arg(long, value_name = "ARGUMENT", requires = "slurm", allow_hyphen_values = true)]
    sbatch: Vec<String>,
}

/// What studies and comparisons have in common.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Runs made at the same time [default: as many as processors]
    ///
    /// Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,

    /// What standard output gets: a summary to read, or study.json [default: text]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub(super) format: Format,

    /// Make no charts and no report.html
    #[arg(long, conflicts_with = "charts")]
    no_charts: bool,

    /// Chart files: svg, or png besides [default: svg]
    #[arg(long, value_name = "KIND", value_enum, default_value_t, hide_default_value = true)]
    charts: ChartFiles,

    /// Forget the runs that an interrupted study has left
    #[arg(long)]
    pub(super) restart: bool,
}

impl Options {
    /// Returns which charts are wanted.
    fn charts(&self) -> Charts {
        match self.charts {
            _ if self.no_charts => Charts::None,
            ChartFiles::Svg => Charts::Svg,
            ChartFiles::Png => Charts::Png,
        }
    }

    /// Returns the arguments that ask for the same charts, each with a blank before it.
    fn charts_as_arguments(&self) -> &'static str {
        match self.charts() {
            Charts::None => " --no-charts",
            Charts::Svg => "",
            Charts::Png => " --charts png",
        }
    }
}

/// What standard output gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A summary to read.
    #[default]
    Text,
    /// The text of study.json.
    Json,
}

const EXAMPLES: &str = "\
Examples:
  mailsim study scenarios/studies/backup-mx.toml
  mailsim study backup-mx.toml --set replications=6 --out output/quick
  mailsim study backup-mx.toml --shard 2/8     on one of eight machines
  mailsim study backup-mx.toml --merge         when all eight are done";

/// Runs the command.
pub(super) fn study(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let loaded = input::read_study(&arguments.study, &arguments.changes.0.0)?;
    if !loaded.warnings.0.is_empty() {
        terminal.problems(&(loaded.warnings.render(terminal.color()) + "\n"));
    }
    let part = match arguments.shard {
        Some(shard) => Part::Shard(shard),
        None if arguments.merge => Part::Merge,
        None => Part::Whole,
    };
    let job = Job {
        study: &loaded.study,
        description: describe(&loaded, arguments),
        folder: arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.study)),
        plays: false,
    };
    if arguments.slurm {
        return slurm::make(&job, &submission(arguments), &arguments.options, terminal);
    }
    make(&job, part, &arguments.options, terminal)
}

fn submission(arguments: &Arguments) -> slurm::Submission {
    let changes = arguments.changes.0.0.iter().flat_map(|change| {
        // The option and what stands behind it are two words for the shell.
        let argument = change.as_argument();
        let (option, rest) = argument.split_once(' ').unwrap_or((&argument, ""));
        [option.to_owned(), rest.to_owned()]
    });
    slurm::Submission {
        study: arguments.study.clone(),
        changes: changes.collect(),
        shards: arguments.shards.unwrap_or(8),
        sbatch: arguments.sbatch.clone(),
    }
}

/// `output/<stem of the study file>`.
fn default_folder(study: &Path) -> PathBuf {
    let study = input::named(study);
    Path::new("output").join(study.file_stem().unwrap_or(study.as_os_str()))
}

fn describe(loaded: &LoadedStudy, arguments: &Arguments) -> StudyDescription {
    let study = &loaded.study;
    let mut description = StudyDescription::new(&study.name, study.seed);
    description.resolved.clone_from(&loaded.resolved);
    description.overrides =
        arguments.changes.0.0.iter().map(|change| change.as_argument()).collect();
    let sources = loaded.files.iter();
    description.sources =
        sources.map(|(name, text)| (name.clone(), SourceDescription::new(name, text))).collect();
    description
}
