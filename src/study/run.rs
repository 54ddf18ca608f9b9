//! Runs: one, and many at once.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{ParallelBridge, ParallelIterator};

use super::Study;
use crate::measure::{AskedFigure, DelayCounts, Recorder, Window};
use crate::model::Scenario;
use crate::simulation::{Simulation, mail_figures, mail_sink, run_frame};
use crate::units::SimTime;

use super::plan::{Plan, Task};
use super::row::{RunRow, early_and_late, steps};

/// Returns what a replication of a cell runs.
///
/// # Panics
/// If the study has no such cell.
#[must_use]
pub fn scenario_of(study: &Study, cell: usize, replication: u64) -> Scenario {
    let mut scenario = study.cells[cell].scenario.clone();
    scenario.seed = study.seed;
    scenario.replication = replication;
    scenario
}

/// Runs one task; none if `proceed` said no on the way.
///
/// # Errors
/// If the scenario sets off a chain that never ends.
///
/// # Panics
/// If the study has no such cell.
pub fn run_one(
    study: &Study,
    task: &Task,
    proceed: impl Fn() -> bool,
) -> Result<Option<RunRow>, Endless> {
    let scenario = scenario_of(study, task.cell, task.replication);
    let end = SimTime::ZERO + scenario.duration;
    let window = Window {
        from: SimTime::ZERO + study.warm_up,
        // Without a cool-down mail of the last instant counts too.
        to: if study.cool_down.is_zero() { SimTime::MAX } else { end - study.cool_down },
    };
    let asked: Vec<AskedFigure> = study.figures.iter().map(|one| one.asked.clone()).collect();
    let mail = mail_sink(&scenario, &asked, window);
    let mut recorder = Recorder::new((DelayCounts::new(window), mail)).counting(window);
    let totals = Simulation::new(&scenario).run_while(&mut recorder, |_| proceed());
    if let Some(chain) = &totals.endless {
        return Err(Endless { cell: task.cell, told: chain.told(&scenario) });
    }
    if totals.interrupted {
        return Ok(None);
    }
    let (summary, (mut delays, mail)) =
        recorder.finish(&scenario, &run_frame(&scenario, scenario.duration));
    delays.sort();
    let names = asked.iter().filter_map(|asked| match asked {
        AskedFigure::Summary(name) => Some(name.as_str()),
        _ => None,
    });
    let named = summary.figures_beside(names);
    let of_mail = mail_figures(&scenario, &asked, mail, scenario.duration);
    let counted = end.min(window.to).since(window.from);
    let (early, late) = early_and_late(delays.deliveries(), window.from + counted / 10);
    Ok(Some(RunRow {
        key: task.key.clone(),
        figures: study
            .figures
            .iter()
            .map(|one| one.asked.value(&named, &delays, &of_mail))
            .collect(),
        submitted: summary.mail.submitted,
        delivered: summary.mail.delivered,
        failed: summary.mail.failed,
        unfinished: summary.mail.queued + summary.mail.in_transit,
        balances: summary.ledger.balances,
        early,
        late,
        delays: study.delays().into_iter().map(|of| steps(delays.of(of))).collect(),
    }))
}

/// A run of a study that came to a chain that never ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endless {
    /// The cell that was run, by its place in the study.
    pub cell: usize,
    /// What goes on for ever, and what helps.
    pub told: String,
}

/// How a bout of runs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every task was run.
    Complete,
    /// Somebody wanted it to stop.
    Stopped,
}

/// Runs tasks on `threads` threads, or on as many as there are processors. `finished` is handed
/// every row, on the thread that made it; when it fails, no further run begins.
///
/// # Errors
/// The first error of `finished`, a run that never ends through `endless`, or no thread pool through
/// `no_threads`.
pub fn run_all<E: Send>(
    plan: &Plan<'_>,
    tasks: &[Task],
    threads: Option<usize>,
    stop: &AtomicBool,
    finished: &(dyn Fn(&Task, RunRow) -> Result<(), E> + Sync),
    endless: &(dyn Fn(Endless) -> E + Sync),
    no_threads: impl FnOnce(String) -> E,
) -> Result<Ended, E> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| no_threads(error.to_string()))?;
    let wanted = || !stop.load(Ordering::Relaxed);
    pool.install(|| {
        // Tasks are handed out one by one in their order, so that what an interrupt leaves behind
        // is the beginning of the study and not patches of it.
        tasks.iter().par_bridge().try_for_each(|task| {
            if !wanted() {
                return Ok(());
            }
            match run_one(plan.study(), task, wanted).map_err(endless)? {
                Some(row) => finished(task, row),
                None => Ok(()),
            }
        })
    })?;
    Ok(if wanted() { Ended::Complete } else { Ended::Stopped })
}
