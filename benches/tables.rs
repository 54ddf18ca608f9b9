//! What tables add to a run, and what a folder's charts and page cost.
//!
//! `facts` is a tenth of the day of retries, stated again from memory: read for the summary alone
//! (`summary`), and read and written to `messages.csv`, `attempts.csv` and the rest (`tables`). One
//! unit is one fact of the run. Where a run answers from its own tables what a recipient is, a log has
//! to note it first and look it up in a map: some of the time of `tables` is that.

mod common;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mailsim::measure::{RecordSink, Recorder};
use mailsim::model::Scenario;
use mailsim::report::{ResultFolder, Tables};
use mailsim::simulation::{Simulation, run_frame};
use mailsim::trace::{self, FactLog};

/// States the facts of a finished run again. Returns where the rows went.
fn replay<R: RecordSink>(log: &FactLog, scenario: &Scenario, sink: R) -> R {
    let mut recorder = Recorder::new(sink);
    trace::replay(&log.facts, &mut recorder);
    recorder.finish(scenario, &run_frame(scenario, scenario.duration)).1
}

fn facts(criterion: &mut Criterion) {
    let scenario = common::retry_day(10_000);
    let mut log = FactLog::default();
    Simulation::new(&scenario).run(&mut log);
    let place = tempfile::tempdir().expect("there is room for temporary files");
    let mut group = criterion.benchmark_group("facts");
    group.sample_size(20).warm_up_time(Duration::from_millis(500));
    group.throughput(Throughput::Elements(log.facts.len() as u64));
    group.bench_function("summary", |bencher| {
        bencher.iter(|| replay(&log, &scenario, ()));
    });
    group.bench_function("tables", |bencher| {
        bencher.iter(|| {
            let mut folder = ResultFolder::claim(&place.path().join("run")).expect("it is free");
            let tables =
                Tables::create(&folder, &scenario, Some(&scenario)).expect("files can be made");
            let tables = replay(&log, &scenario, tables);
            tables.finish(&mut folder).expect("the disk has room");
        });
    });
    group.finish();
}

criterion_group!(benches, facts);
criterion_main!(benches);
