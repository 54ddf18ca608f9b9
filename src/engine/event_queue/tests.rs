//! The queue against a plain sorted list, and the corners of its promise.

use proptest::prelude::*;

use super::{Class, EventQueue};
use crate::engine::{Handle, Slots};
use crate::units::{SimDuration, SimTime};

/// What the queue must be equal to: a list searched for the least (time, class, sequence).
#[derive(Default)]
struct Reference {
    pending: Vec<(SimTime, Class, usize)>,
    pushed: usize,
}

impl Reference {
    fn push(&mut self, at: SimTime, class: Class) -> usize {
        self.pending.push((at, class, self.pushed));
        self.pushed += 1;
        self.pushed - 1
    }

    fn pop(&mut self) -> Option<(SimTime, Class, usize)> {
        let least = (0..self.pending.len()).min_by_key(|at| self.pending[*at])?;
        Some(self.pending.remove(least))
    }
}

#[derive(Debug, Clone)]
enum Step {
    Push(SimDuration, Class),
    Pop,
}

/// Delays of all magnitudes up to years, and often none or one that meets other events.
fn delay() -> impl Strategy<Value = SimDuration> {
    let magnitude = (0..57u32, any::<u64>()).prop_map(|(bits, word)| word >> 7 >> (56 - bits));
    prop_oneof![Just(0), 0..4u64, magnitude.clone(), magnitude.prop_map(|nanos| nanos & !0xfff)]
        .prop_map(SimDuration::from_nanos)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let push = (delay(), prop::sample::select(&Class::ALL[..]));
    let push = push.prop_map(|(delay, class)| Step::Push(delay, class));
    prop::collection::vec(prop_oneof![3 => push, 2 => Just(Step::Pop)], 0..400)
}

proptest! {
    /// The promise: whatever is pushed and popped, the order is that of the reference.
    #[test]
    fn the_queue_is_the_list_sorted_by_time_class_and_sequence(steps in steps()) {
        let mut queue = EventQueue::new();
        let mut reference = Reference::default();
        let drain = vec![Step::Pop; 400];
        for step in steps.into_iter().chain(drain) {
            match step {
                Step::Push(delay, class) => {
                    let at = queue.now() + delay;
                    queue.push(at, class, reference.push(at, class));
                }
                Step::Pop => {
                    let next = reference.pending.iter().map(|(at, ..)| *at).min();
                    prop_assert_eq!(queue.peek_time(), next);
                    prop_assert_eq!(queue.pop(), reference.pop());
                }
            }
            prop_assert_eq!(queue.len(), reference.pending.len());
            prop_assert_eq!(queue.is_empty(), reference.pending.is_empty());
        }
    }

    /// Ignoring stale events when they are popped equals removing them when they are cancelled.
    #[test]
    fn a_stale_handle_is_a_removed_event(
        steps in steps(),
        cancelled in prop::collection::vec(0..400usize, 0..60),
    ) {
        let mut queue: EventQueue<Handle> = EventQueue::new();
        let mut slots: Slots<usize> = Slots::new();
        let mut handles: Vec<Handle> = Vec::new();
        let mut reference = Reference::default();
        let mut cancelled = cancelled.into_iter();
        for step in steps.into_iter().chain(vec![Step::Pop; 400]) {
            if let Step::Push(delay, class) = step {
                let at = queue.now() + delay;
                let handle = slots.insert(reference.push(at, class));
                handles.push(handle);
                queue.push(at, class, handle);
                if let Some(number) = cancelled.next().filter(|number| *number < handles.len()) {
                    slots.remove(handles[number]);
                    reference.pending.retain(|(_, _, sequence)| *sequence != number);
                }
                continue;
            }
            let mut popped = None;
            while let Some((at, class, handle)) = queue.pop() {
                popped = slots.remove(handle).map(|sequence| (at, class, sequence));
                if popped.is_some() {
                    break;
                }
            }
            prop_assert_eq!(popped, reference.pop());
        }
    }
}

#[test]
fn a_lower_class_pushed_late_goes_before_what_is_still_pending() {
    let mut queue = EventQueue::new();
    let at = SimTime::from_secs(1);
    queue.push(at, Class::Start, "first start");
    queue.push(at, Class::Start, "second start");
    queue.push(at, Class::Observe, "observer");
    assert_eq!(queue.pop(), Some((at, Class::Start, "first start")));
    queue.push(at, Class::Fault, "fault");
    queue.push(at, Class::Start, "third start");
    let rest: Vec<&str> = std::iter::from_fn(|| queue.pop().map(|(.., event)| event)).collect();
    assert_eq!(rest, ["fault", "second start", "third start", "observer"]);
}

#[test]
fn the_last_time_is_held_and_peeking_moves_nothing() {
    let mut queue = EventQueue::new();
    let last = EventQueue::<u8>::LAST_TIME;
    queue.push(last, Class::Observe, 1u8);
    assert_eq!((queue.peek_time(), queue.now()), (Some(last), SimTime::ZERO));
    queue.push(SimTime::from_nanos(1), Class::Start, 2);
    assert_eq!(queue.pop(), Some((SimTime::from_nanos(1), Class::Start, 2)));
    assert_eq!(queue.pop(), Some((last, Class::Observe, 1)));
    assert_eq!((queue.pop(), queue.peek_time(), queue.now()), (None, None, last));
}

#[test]
fn chunks_are_used_again() {
    // Holding 1000 events must not take more chunks than the events and the buckets they can
    // lie in need: 32 full chunks, and one open chunk for each occupied bucket.
    let mut queue = EventQueue::new();
    let mut word = 1u64;
    let mut delay = || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        SimDuration::from_nanos(word >> 34)
    };
    for _ in 0..1_000 {
        queue.push(SimTime::ZERO + delay(), Class::Start, ());
    }
    for _ in 0..200_000 {
        let (now, class, ()) = queue.pop().expect("events are pending");
        queue.push(now + delay(), class, ());
    }
    let open = 64 * 6;
    assert!(queue.chunks.len() <= 32 + open, "{} chunks", queue.chunks.len());
}

#[test]
#[should_panic(expected = "time runs forward")]
fn the_past_is_refused() {
    let mut queue = EventQueue::new();
    queue.push(SimTime::from_secs(2), Class::Start, ());
    queue.pop();
    queue.push(SimTime::from_secs(1), Class::Start, ());
}

#[test]
#[should_panic(expected = "after the last time")]
fn never_is_refused() {
    EventQueue::new().push(SimTime::MAX, Class::Start, ());
}

#[test]
fn order_holds_across_chunks() {
    // Twenty thousand events at a few hundred distinct times, so that equal keys fill many chunks.
    let mut queue = EventQueue::new();
    let mut expected = Vec::new();
    let mut word = 1u64;
    for number in 0..20_000 {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = SimTime::from_nanos((word >> 40 & 0xff) << (word >> 60));
        let class = Class::ALL[(word >> 50 & 3) as usize];
        queue.push(at, class, number);
        expected.push((at, class, number));
    }
    expected.sort_unstable();
    let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    assert!(popped == expected);
}
