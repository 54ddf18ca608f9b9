//! The cost of a hold: pop the earliest event and push one an exponential delay later.
//!
//! One unit is one hold at a constant number of pending events, with a payload of 16 octets and a
//! mean delay of one second. The standard binary heap does the same by (time, class, sequence).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mailsim::engine::{Class, EventQueue};
use mailsim::random::{Draw, Purpose, Streams};
use mailsim::units::{SimDuration, SimTime};

type Payload = [u64; 2];

/// Exponential delays, drawn beforehand so that only the queue is measured.
fn delays() -> Vec<SimDuration> {
    let mut stream = Streams::new(1, 0).stream(Purpose::Other("bench/hold"), 0);
    let mut delay = || SimDuration::from_secs_f64(-libm::log(stream.open_unit_f64()));
    (0..1 << 16).map(|_| delay()).collect()
}

fn hold(criterion: &mut Criterion) {
    let delays = delays();
    let delay = |turn: usize| delays[turn % delays.len()];
    let mut group = criterion.benchmark_group("hold");
    for pending in [1_000usize, 100_000, 1_000_000] {
        group.bench_function(BenchmarkId::new("event_queue", pending), |bencher| {
            let mut queue = EventQueue::<Payload>::new();
            for turn in 0..pending {
                queue.push(SimTime::ZERO + delay(turn), Class::Start, [0, 0]);
            }
            let mut turn = 0;
            let mut hold = || {
                let (now, class, payload) = queue.pop().expect("events are pending");
                turn += 1;
                queue.push(now + delay(turn), class, black_box(payload));
            };
            // Twice the pending events later the queue no longer remembers how it was filled.
            (0..2 * pending).for_each(|_| hold());
            bencher.iter(&mut hold);
        });
        group.bench_function(BenchmarkId::new("binary_heap", pending), |bencher| {
            let mut heap: BinaryHeap<Reverse<(SimTime, Class, u64, Payload)>> = BinaryHeap::new();
            for turn in 0..pending {
                let at = SimTime::ZERO + delay(turn);
                heap.push(Reverse((at, Class::Start, turn as u64, [0, 0])));
            }
            let mut turn = 0;
            let mut hold = || {
                let Reverse((now, class, sequence, payload)) =
                    heap.pop().expect("events are pending");
                turn += 1;
                let sequence = sequence + pending as u64;
                heap.push(Reverse((now + delay(turn), class, sequence, black_box(payload))));
            };
            (0..2 * pending).for_each(|_| hold());
            bencher.iter(&mut hold);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = hold
}
criterion_main!(benches);
