//! The shipped day of retries beside the bare retry loop on the standard binary heap.
//!
//! One unit is a whole day: so many messages in 24 hours, and a destination that refuses from the
//! second to the tenth hour. `mailsim` runs `scenarios/retry-day.toml` with summary and without
//! tables. `bare_loop` is what one would write by hand to play with retries: arrivals, twenty
//! deliveries at once, a wait that doubles from 300 s to 4000 s; no session, no name, no ledger and
//! no random draw but those of the arrivals. Criterion prints elements a second: messages of the
//! day, so that the two can be set against each other; events a second are printed before it
//! begins.

mod common;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mailsim::measure::Recorder;
use mailsim::random::{Draw, Purpose, Streams};
use mailsim::simulation::{Simulation, run_frame};

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3600 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrives,
    Ends(u32),
    IsDue(u32),
}

/// The retry loop, with nothing else in it. Returns how many events it had and the sum of delays.
fn bare_loop(messages: u64) -> (u64, u64) {
    let mut random = Streams::new(1, 0).stream(Purpose::Other("bench/bare"), 0);
    let mean = 24.0 * HOUR as f64 / messages as f64;
    let mut gap = || (-libm::log(random.open_unit_f64()) * mean) as u64;
    let mut heap: BinaryHeap<Reverse<(u64, u64, Step)>> = BinaryHeap::new();
    let (mut sequence, mut busy, mut events, mut delays) = (0, 0, 0, 0);
    let mut mail: Vec<(u64, u64)> = Vec::new();
    let mut waiting: VecDeque<u32> = VecDeque::new();
    let mut push = |heap: &mut BinaryHeap<_>, at: u64, step: Step| {
        sequence += 1;
        heap.push(Reverse((at, sequence, step)));
    };
    push(&mut heap, gap(), Step::Arrives);
    while let Some(Reverse((now, _, step))) = heap.pop() {
        events += 1;
        match step {
            Step::Arrives => {
                waiting.push_back(mail.len() as u32);
                mail.push((now, 300 * SECOND));
                if now < 24 * HOUR {
                    push(&mut heap, now + gap(), Step::Arrives);
                }
            }
            Step::IsDue(message) => waiting.push_back(message),
            Step::Ends(message) => {
                busy -= 1;
                let (arrived, wait) = &mut mail[message as usize];
                if (2 * HOUR..10 * HOUR).contains(&now) {
                    push(&mut heap, now + *wait, Step::IsDue(message));
                    *wait = (*wait * 2).min(4000 * SECOND);
                } else {
                    delays += now - *arrived;
                }
            }
        }
        while busy < 20
            && let Some(message) = waiting.pop_front()
        {
            busy += 1;
            push(&mut heap, now + SECOND / 10, Step::Ends(message));
        }
    }
    (events, delays)
}

/// Runs the scenario as `mailsim run --no-tables --no-charts` does. Returns how many events it had.
fn whole_day(scenario: &mailsim::model::Scenario) -> u64 {
    let mut recorder = Recorder::new(());
    let totals = Simulation::new(scenario).run(&mut recorder);
    let frame = run_frame(scenario, scenario.duration);
    black_box(recorder.finish(scenario, &frame));
    totals.events
}

/// Says once how many events a second both do, and the ratio, the fastest of five runs each.
fn compare(messages: u64) {
    let scenario = common::retry_day(messages);
    let fastest = |run: &dyn Fn() -> u64| {
        (0..5)
            .map(|_| {
                let begun = Instant::now();
                let events = black_box(run());
                (begun.elapsed(), events)
            })
            .min()
            .expect("five runs")
    };
    let (bare, bare_events) = fastest(&|| bare_loop(messages).0);
    let (whole, events) = fastest(&|| whole_day(&scenario));
    let rate = |events: u64, took: Duration| events as f64 / took.as_secs_f64() / 1e6;
    println!(
        "{messages} messages: bare loop {bare_events} events in {bare:.1?} ({:.1} million/s), \
         mailsim {events} events in {whole:.1?} ({:.1} million/s): {:.2} times the bare loop's time",
        rate(bare_events, bare),
        rate(events, whole),
        whole.as_secs_f64() / bare.as_secs_f64(),
    );
}

fn retry_day(criterion: &mut Criterion) {
    compare(100_000);
    let mut group = criterion.benchmark_group("retry_day");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    for messages in [10_000, 100_000, 1_000_000] {
        group.throughput(Throughput::Elements(messages));
        let scenario = common::retry_day(messages);
        group.bench_function(BenchmarkId::new("mailsim", messages), |bencher| {
            bencher.iter(|| whole_day(&scenario));
        });
        group.bench_function(BenchmarkId::new("bare_loop", messages), |bencher| {
            bencher.iter(|| bare_loop(black_box(messages)));
        });
    }
    group.finish();
}

criterion_group!(benches, retry_day);
criterion_main!(benches);
