//! Runs on all cores at once: what one run costs the other.
//!
//! One unit is a fifth of the day of retries on each thread. Two threads on two idle cores should
//! take as long as one thread; what they take longer, allocation and shared caches cost.

mod common;

use std::thread;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mailsim::measure::Recorder;
use mailsim::simulation::Simulation;

fn side_by_side(criterion: &mut Criterion) {
    let scenario = common::retry_day(20_000);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut group = criterion.benchmark_group("side_by_side");
    group.sample_size(20).warm_up_time(Duration::from_millis(500));
    for threads in [1, cores] {
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            bencher.iter(|| {
                thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| Simulation::new(&scenario).run(&mut Recorder::new(())));
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, side_by_side);
criterion_main!(benches);
