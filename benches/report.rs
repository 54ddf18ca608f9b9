//! The cost of charts and page, made from the files of a result folder.
//!
//! One unit is one folder: that of `scenarios/primary-down.toml`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mailsim::report::rebuild;

fn report(criterion: &mut Criterion) {
    let place = tempfile::tempdir().expect("there is room for temporary files");
    let folder = place.path().join("run");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/primary-down.toml");
    let made = Command::new(env!("CARGO_BIN_EXE_mailsim"))
        .args(["run", "--quiet", "--out"])
        .args([&folder, &scenario])
        .stdout(Stdio::null())
        .status()
        .expect("the program runs");
    assert!(made.success(), "the scenario runs");
    let mut group = criterion.benchmark_group("report");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group.bench_function("rebuild", |bencher| {
        bencher.iter(|| rebuild(&folder, false).expect("the folder is whole"));
    });
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
