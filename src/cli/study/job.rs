//! The making of a study: runs, what is kept of them, and the result in the end.

use std::path::PathBuf;

use crate::measure::Recorder;
use crate::report::study::{
    Charts, Kept, MOST_PLAYED, Played, PlayedRun, StudyDescription, StudyFolder, study_json, text,
};
use crate::simulation::{Simulation, run_frame};
use crate::study::Study;
use crate::study::{Analysis, Ended, Endless, Plan, Shard, Task, analyse, run_all, scenario_of};

use super::super::error::CommandError;
use super::super::interrupt::Interrupt;
use super::super::progress::RunsProgress;
use super::super::run::tell_leftovers;
use super::super::status::ExitStatus;
use super::super::terminal::Terminal;
use super::{Format, Options};

/// A study to be made.
pub(in crate::cli) struct Job<'a> {
    pub(in crate::cli) study: &'a Study,
    pub(in crate::cli) description: StudyDescription,
    pub(in crate::cli) folder: PathBuf,
    /// Whether its cells are variants to be played side by side.
    pub(in crate::cli) plays: bool,
}

/// Which part of a study is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Part {
    /// Everything that is missing, and the result.
    Whole,
    /// The runs of a shard.
    Shard(Shard),
    /// The result, of runs that are there.
    Merge,
}

/// Makes a study, or a part of it.
pub(in crate::cli) fn make(
    job: &Job<'_>,
    part: Part,
    options: &Options,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    if part == Part::Merge && !job.folder.exists() {
        let missing = std::io::ErrorKind::NotFound.into();
        return Err(CommandError::io("merge shards in", &job.folder, missing));
    }
    let folder = StudyFolder::open(&job.folder, &job.description)?;
    tell_leftovers(&job.folder, terminal);
    if options.restart {
        folder.forget()?;
    }
    let plan = Plan::new(job.study);
    let interrupt = Interrupt::listen(None);
    let runs = Runs { plan: &plan, folder: &folder, options, terminal, interrupt: &interrupt };
    match part {
        Part::Whole => runs.make_whole()?,
        Part::Shard(shard) => return runs.make_shard(shard),
        Part::Merge => runs.check_whole()?,
    }
    let rows = plan.rows(&folder.kept()?.rows);
    let analysis = analyse(&plan, &rows);
    let charts = options.charts();
    let played = if job.plays && charts != Charts::None { runs.play()? } else { Vec::new() };
    folder.complete(&plan, &rows, &analysis, &job.description, &played, charts)?;
    tell(&analysis, job, options, terminal)?;
    Ok(ExitStatus::Success)
}

/// Prints a finished study and says where its results are.
pub(super) fn tell(
    analysis: &Analysis,
    job: &Job<'_>,
    options: &Options,
    terminal: Terminal,
) -> Result<(), CommandError> {
    match options.format {
        Format::Text => terminal.told(&text::study_summary(analysis))?,
        Format::Json => terminal.data(&study_json(analysis))?,
    }
    terminal.message(&if options.no_charts {
        format!("\nResults in {}", job.folder.display())
    } else {
        let (folder, page) = (job.folder.display(), job.folder.join("report.html"));
        let watch = match analysis.study.cells.len() {
            2 if job.plays => ", or side-by-side.html there to watch both",
            3.. if job.plays => ", or side-by-side-2.html and so on there to watch two at a time",
            _ => "",
        };
        format!("\nResults in {folder}; open {}{watch}", page.display())
    });
    Ok(())
}

struct Runs<'a> {
    plan: &'a Plan<'a>,
    folder: &'a StudyFolder,
    options: &'a Options,
    terminal: Terminal,
    interrupt: &'a Interrupt,
}

impl Runs<'_> {
    /// Makes what is missing; with a precision asked, until it is reached.
    fn make_whole(&self) -> Result<(), CommandError> {
        let mut first = true;
        loop {
            let kept = self.folder.kept()?;
            if first {
                self.tell_damage(&kept);
            }
            let rows = self.plan.rows(&kept.rows);
            let missing = self.plan.missing(&rows);
            if first && !rows.is_empty() {
                self.terminal.message(&format!(
                    "{} runs were made before and are kept, {} are missing",
                    rows.len(),
                    missing.len()
                ));
            }
            first = false;
            if missing.is_empty() {
                return Ok(());
            }
            self.make(&missing, "whole")?;
        }
    }

    fn make_shard(&self, shard: Shard) -> Result<ExitStatus, CommandError> {
        let kept = self.folder.kept()?;
        self.tell_damage(&kept);
        let rows = self.plan.rows(&kept.rows);
        let mut tasks = self.plan.tasks_of_shard(shard);
        let all = tasks.len();
        tasks.retain(|task| !rows.contains_key(&(task.cell, task.replication)));
        let name = format!("shard-{}-of-{}", shard.index, shard.count);
        self.make(&tasks, &name)?;
        self.terminal.message(&format!(
            "shard {}/{}: {all} runs, {} of them made now, kept in {}; when all shards are done, \
             give the same command with --merge instead of --shard",
            shard.index,
            shard.count,
            tasks.len(),
            self.folder.path().display(),
        ));
        Ok(ExitStatus::Success)
    }

    /// Says which kept runs are not what was written.
    fn tell_damage(&self, kept: &Kept) {
        for (file, line) in &kept.damaged {
            self.terminal.warning(&format!(
                "line {line} of {} is not what was written there; its run is made again",
                file.display()
            ));
        }
    }

    /// Runs the first replication of the first variants once more, to be looked at.
    fn play(&self) -> Result<Vec<Played>, CommandError> {
        let study = self.plan.study();
        let cells = 0..study.cells.len().min(MOST_PLAYED);
        let played = cells.map(|cell| {
            let scenario = scenario_of(study, cell, 0);
            let mut recorder = Recorder::new(PlayedRun::new(&scenario));
            let simulation = Simulation::new(&scenario);
            let totals = simulation.run_while(&mut recorder, |_| !self.interrupt.is_wanted());
            CommandError::if_endless(&totals, &scenario)?;
            if totals.interrupted {
                // What a study needs is there; only this look at it is not.
                let all = self.plan.tasks(study.replications.most()).count();
                let path = self.folder.path().to_owned();
                return Err(CommandError::StudyInterrupted { made: all, all, path });
            }
            let (_, listener) =
                recorder.finish(&scenario, &run_frame(&scenario, scenario.duration));
            Ok(listener.finish())
        });
        played.collect()
    }

    fn check_whole(&self) -> Result<(), CommandError> {
        let kept = self.folder.kept()?;
        self.tell_damage(&kept);
        let rows = self.plan.rows(&kept.rows);
        let missing = self.plan.missing(&rows).len();
        if missing == 0 {
            return Ok(());
        }
        Err(CommandError::RunsMissing {
            path: self.folder.path().to_owned(),
            missing,
            kept: rows.len(),
        })
    }

    fn make(&self, tasks: &[Task], name: &str) -> Result<(), CommandError> {
        if tasks.is_empty() {
            return Ok(());
        }
        let keeper = self.folder.keeper(name)?;
        let progress = RunsProgress::new(tasks.len(), self.terminal);
        let finished = |_: &Task, row| {
            keeper.keep(&row)?;
            progress.made_one();
            Ok(())
        };
        let threads = self.options.threads.map(usize::from);
        let endless = |Endless { cell, told }| {
            let cell = &self.plan.study().cells[cell];
            let changes: Vec<String> =
                cell.changes.iter().map(|change| format!(" {change}")).collect();
            CommandError::Endless(format!("{}{}: {told}", cell.file, changes.concat()))
        };
        let no_threads = |cause| CommandError::Usage(format!("no threads for the runs: {cause}"));
        let ended = run_all(
            self.plan,
            tasks,
            threads,
            self.interrupt.flag(),
            &finished,
            &endless,
            no_threads,
        );
        progress.end();
        match ended? {
            Ended::Complete => Ok(()),
            Ended::Stopped => Err(CommandError::StudyInterrupted {
                made: progress.made(),
                all: tasks.len(),
                path: self.folder.path().to_owned(),
            }),
        }
    }
}
