//! From the start of the process to the end of the smallest scenario.
//!
//! One unit is one run of `scenarios/first-message.toml`: `process` is the whole program, result
//! folder included; `load` reads the scenario; `run` builds the world and sends the one message.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mailsim::simulation::Simulation;

fn start_up(criterion: &mut Criterion) {
    let place = tempfile::tempdir().expect("there is room for temporary files");
    let folder = place.path().join("run");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/first-message.toml");
    let mut group = criterion.benchmark_group("start_up");
    group.sample_size(20).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    group.bench_function("process", |bencher| {
        bencher.iter(|| {
            let status = Command::new(env!("CARGO_BIN_EXE_mailsim"))
                .args(["run", "--quiet", "--no-tables", "--no-charts", "--out"])
                .args([&folder, &scenario])
                .stdout(Stdio::null())
                .status()
                .expect("the program runs");
            assert!(status.success());
        });
    });
    group.bench_function("load", |bencher| {
        bencher.iter(|| common::shipped("first-message.toml", &[]));
    });
    group.bench_function("run", |bencher| {
        let scenario = common::shipped("first-message.toml", &[]);
        bencher.iter(|| Simulation::new(&scenario).run(&mut ()));
    });
    group.finish();
}

criterion_group!(benches, start_up);
criterion_main!(benches);
