//! The cost of a random draw: from a stream that is at hand, and from one opened for one draw.
//!
//! One unit is one value. Most draws of a run come from a stream opened for what they are about
//! (see `mailsim::random`), so that opening is the cost that counts.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mailsim::random::{Distribution, Draw, Purpose, Streams};

fn draws(criterion: &mut Criterion) {
    let streams = Streams::new(1, 0);
    let mut group = criterion.benchmark_group("draw");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("word", |bencher| {
        let mut stream = streams.stream(Purpose::Other("bench"), 0);
        bencher.iter(|| stream.below(black_box(1000)));
    });
    group.bench_function("open_and_draw", |bencher| {
        let purpose = streams.purpose(Purpose::Other("bench"));
        let mut key = 0;
        bencher.iter(|| {
            key += 1;
            purpose.at(key).below(black_box(1000))
        });
    });
    for (name, distribution) in [
        ("exponential", Distribution::Exponential { mean: 1.0 }),
        ("log_normal", Distribution::LogNormal { median: 1.0, sigma: 1.0 }),
        ("pareto", Distribution::Pareto { minimum: 1.0, shape: 1.5 }),
    ] {
        group.bench_function(name, |bencher| {
            let mut stream = streams.stream(Purpose::Other("bench"), 0);
            bencher.iter(|| distribution.sample(&mut stream));
        });
    }
    group.finish();
}

criterion_group!(benches, draws);
criterion_main!(benches);
