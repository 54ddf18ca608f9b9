//! A study as a job array of Slurm, with a merge job after it.
//!
//! The engine is Slurm's own: this submits, follows and submits again what failed. `squeue` is
//! asked, not `sbatch --wait`, which does not tell of tasks that were requeued.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::report::study::StudyFolder;
use crate::study::{Plan, Shard};

use super::super::error::CommandError;
use super::super::interrupt::Interrupt;
use super::super::progress::RunsProgress;
use super::super::status::ExitStatus;
use super::super::terminal::Terminal;
use super::Options;
use super::job::{Job, tell};

/// How often the queue is asked.
const STEP: Duration = Duration::from_millis(1_000);
/// Rounds of submission without any new run before it is given up.
const PATIENCE: u32 = 3;

/// How a study is submitted.
pub(super) struct Submission {
    /// The study file.
    pub(super) study: PathBuf,
    /// `--set` and `--unset` with their arguments.
    pub(super) changes: Vec<String>,
    /// Tasks of the array.
    pub(super) shards: u64,
    /// Further arguments of `sbatch`.
    pub(super) sbatch: Vec<String>,
}

/// Makes a study by way of Slurm.
pub(super) fn make(
    job: &Job<'_>,
    submission: &Submission,
    options: &Options,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let folder = StudyFolder::open(&job.folder, &job.description)?;
    if options.restart {
        folder.forget()?;
    }
    let plan = Plan::new(job.study);
    let scripts = Scripts::write(job, submission, options)?;
    let cluster = Cluster {
        folder: &folder,
        plan: &plan,
        submission,
        scripts: &scripts,
        interrupt: Interrupt::listen(None),
        terminal,
    };
    cluster.make_whole()?;
    scripts.remove();
    // The merge job has written the result; what is said of it comes from its file.
    let analysis = folder.result()?;
    tell(&analysis, job, options, terminal)?;
    Ok(ExitStatus::Success)
}

struct Cluster<'a> {
    folder: &'a StudyFolder,
    plan: &'a Plan<'a>,
    submission: &'a Submission,
    scripts: &'a Scripts,
    interrupt: Interrupt,
    terminal: Terminal,
}

impl Cluster<'_> {
    fn make_whole(&self) -> Result<(), CommandError> {
        let mut before = usize::MAX;
        let mut in_vain = 0;
        loop {
            let (shards, missing) = self.unfinished()?;
            in_vain = if missing < before { 0 } else { in_vain + 1 };
            if in_vain == PATIENCE {
                return Err(CommandError::Slurm(format!(
                    "{missing} runs are still missing after {PATIENCE} submissions; the jobs' \
                     output is in {}",
                    self.scripts.folder.display()
                )));
            }
            if before != usize::MAX {
                self.terminal.message(&match shards.as_slice() {
                    [] => "the merge job failed and is submitted again".to_owned(),
                    _ => format!("shards {} failed and are submitted again", joined(&shards)),
                });
            }
            before = missing;
            let jobs = self.submit(&shards)?;
            self.follow(&jobs, missing)?;
            if self.folder.is_complete() {
                return Ok(());
            }
        }
    }

    /// Returns the shards that are not finished, and the number of runs that they lack.
    fn unfinished(&self) -> Result<(Vec<u64>, usize), CommandError> {
        let rows = self.plan.rows(&self.folder.kept()?.rows);
        let count = self.submission.shards;
        let (mut shards, mut missing) = (Vec::new(), 0);
        for index in 1..=count {
            let tasks = self.plan.tasks_of_shard(Shard { index, count });
            let lacking =
                tasks.iter().filter(|task| !rows.contains_key(&(task.cell, task.replication)));
            let lacking = lacking.count();
            if lacking > 0 {
                shards.push(index);
                missing += lacking;
            }
        }
        Ok((shards, missing))
    }

    /// Submits the shards as an array, and a merge job that waits for all of them, however they
    /// end. Returns the jobs' numbers.
    fn submit(&self, shards: &[u64]) -> Result<Vec<String>, CommandError> {
        let mut jobs = Vec::new();
        let mut merge = vec!["--parsable".to_owned()];
        if !shards.is_empty() {
            let array = format!("--array={}", joined(shards));
            jobs.push(self.sbatch(&["--parsable", &array], &self.scripts.shard)?);
            merge.push(format!("--dependency=afterany:{}", jobs[0]));
        }
        let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
        jobs.push(self.sbatch(&merge, &self.scripts.merge)?);
        self.terminal.message(&format!("submitted as jobs {} of Slurm", jobs.join(" and ")));
        Ok(jobs)
    }

    fn sbatch(&self, arguments: &[&str], script: &Path) -> Result<String, CommandError> {
        let mut command = Command::new("sbatch");
        command.args(arguments).args(&self.submission.sbatch).arg(script);
        let said = output(command)?;
        // With several clusters the number is followed by the cluster's name.
        Ok(said.trim().split(';').next().unwrap_or_default().to_owned())
    }

    /// Waits until none of the jobs is queued or running.
    fn follow(&self, jobs: &[String], missing: usize) -> Result<(), CommandError> {
        let progress = RunsProgress::new(missing, self.terminal);
        let before = self.kept();
        while let Some(waiting) = queued(jobs)? {
            for task in waiting {
                // A task that lost its node waits for two minutes unless it is told not to.
                let mut command = Command::new("scontrol");
                command.args(["update", &format!("JobId={task}"), "StartTime=now"]);
                // It may have begun meanwhile.
                let _ = output(command);
            }
            if self.interrupt.is_wanted() {
                progress.end();
                return Err(CommandError::SlurmInterrupted { jobs: jobs.join(" ") });
            }
            progress.reached(self.kept().saturating_sub(before));
            std::thread::sleep(STEP);
        }
        progress.end();
        Ok(())
    }

    /// Returns how many runs there are; the merge job may just be replacing the folder.
    fn kept(&self) -> usize {
        self.folder.kept().map_or(0, |kept| kept.rows.len())
    }
}

/// Returns those of the jobs' tasks that wait for a time to come, or none if no task is left.
fn queued(jobs: &[String]) -> Result<Option<Vec<String>>, CommandError> {
    let mut command = Command::new("squeue");
    command.args(["--noheader", "--format=%i|%T|%r", &format!("--jobs={}", jobs.join(","))]);
    let said = match output(command) {
        Ok(said) => said,
        // Slurm forgets jobs some minutes after their end.
        Err(CommandError::Slurm(said)) if said.contains("Invalid job id") => return Ok(None),
        Err(error) => return Err(error),
    };
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let waiting = lines.iter().filter_map(|line| {
        let mut fields = line.split('|');
        let (task, state, reason) = (fields.next()?, fields.next()?, fields.next()?);
        (state == "PENDING" && reason == "BeginTime").then(|| task.to_owned())
    });
    Ok(Some(waiting.collect()))
}

/// Runs a command of Slurm and returns what it prints.
fn output(mut command: Command) -> Result<String, CommandError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|cause| CommandError::Slurm(format!("cannot run {program}: {cause}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(CommandError::Slurm(format!("{program} failed: {said}")))
}

fn joined(shards: &[u64]) -> String {
    shards.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// The job scripts, beside the study's folder: the folder itself is replaced by the merge job.
struct Scripts {
    folder: PathBuf,
    shard: PathBuf,
    merge: PathBuf,
}

impl Scripts {
    fn write(
        job: &Job<'_>,
        submission: &Submission,
        options: &Options,
    ) -> Result<Self, CommandError> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|cause| CommandError::io("find", path, cause))
        };
        let target = absolute(&job.folder)?;
        let mut folder = target.clone().into_os_string();
        folder.push(".slurm");
        let folder = PathBuf::from(folder);
        let program = std::env::current_exe()
            .map_err(|cause| CommandError::io("find", Path::new("mailsim"), cause))?;
        let mut common = vec![
            program.to_string_lossy().into_owned(),
            "study".to_owned(),
            absolute(&submission.study)?.to_string_lossy().into_owned(),
            "--out".to_owned(),
            target.to_string_lossy().into_owned(),
        ];
        common.extend(submission.changes.iter().cloned());
        let common: Vec<String> = common.iter().map(|word| quoted(word)).collect();
        let common = common.join(" ");
        let threads = options.threads.unwrap_or(1);
        let log = quoted(&folder.join("%x-%j.log").to_string_lossy());
        let head = |name: &str| {
            format!(
                "#!/bin/sh\n#SBATCH --job-name=mailsim-{name}\n#SBATCH --output={log}\n\
                 #SBATCH --requeue\n#SBATCH --cpus-per-task={threads}\n"
            )
        };
        let count = submission.shards;
        let shard = format!(
            "{}exec {common} --threads {threads} --shard \"$SLURM_ARRAY_TASK_ID/{count}\"\n",
            head("shard")
        );
        let charts = options.charts_as_arguments();
        let merge = format!("{}exec {common} --quiet --merge{charts}\n", head("merge"));
        std::fs::create_dir_all(&folder)
            .map_err(|cause| CommandError::io("create", &folder, cause))?;
        let scripts =
            Self { shard: folder.join("shard.sh"), merge: folder.join("merge.sh"), folder };
        for (path, text) in [(&scripts.shard, shard), (&scripts.merge, merge)] {
            std::fs::write(path, text).map_err(|cause| CommandError::io("write", path, cause))?;
        }
        Ok(scripts)
    }

    /// Removes what was written, and the jobs' output; whatever else is there stays.
    fn remove(&self) {
        let ours = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path == self.shard
                || path == self.merge
                || (name.starts_with("mailsim-") && name.ends_with(".log"))
        };
        // What cannot be removed does no harm.
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if ours(&entry.path()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
