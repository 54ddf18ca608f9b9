//! The pending events: a stable, monotone radix queue.

use std::collections::VecDeque;
use std::mem;

use crate::units::SimTime;

/// What runs first among the events of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Faults and repairs, and whatever else changes the ground under the others.
    Fault = 0,
    /// What ends: it gives back what it held.
    End = 1,
    /// What starts: it finds what has become free.
    Start = 2,
    /// Who looks on: it sees the instant completed.
    Observe = 3,
}

impl Class {
    const COUNT: usize = 4;
    const ALL: [Self; Self::COUNT] = [Self::Fault, Self::End, Self::Start, Self::Observe];
}

/// Bits of the key that hold the class.
const CLASS_BITS: u32 = 2;
/// Bits of the time that one level of the queue tells apart.
const LEVEL_BITS: u32 = 6;
/// Buckets of one level; a `u64` has one bit for each.
const DIGITS: usize = 1 << LEVEL_BITS;
/// Levels that the 62 bits of a time need.
const LEVELS: usize = (u64::BITS - CLASS_BITS).div_ceil(LEVEL_BITS) as usize;
/// Events in one chunk of a bucket.
const CHUNK_EVENTS: usize = 32;
/// No chunk.
const NONE: u32 = u32::MAX;

/// An event with its time and class in one word: `time << 2 | class`.
#[derive(Debug, Clone)]
struct Entry<E> {
    key: u64,
    event: E,
}

impl<E> Entry<E> {
    const fn nanos(&self) -> u64 {
        self.key >> CLASS_BITS
    }

    const fn class(&self) -> Class {
        Class::ALL[(self.key & (Class::COUNT as u64 - 1)) as usize]
    }
}

/// A few events of one bucket, in order of insertion. Chunks are used again, never given back.
#[derive(Debug, Clone)]
struct Chunk<E> {
    entries: Vec<Entry<E>>,
    next: u32,
}

/// Events of neighbouring times, in order of insertion: two, and a list of chunks with the others.
///
/// On the retry day most buckets never hold more than one, and four of five of the rest two (the two
/// ends of a session). With those in chunks, too, an event took a half more instructions.
#[derive(Debug, Clone)]
struct Bucket<E> {
    earliest: u64,
    first: Option<Entry<E>>,
    second: Option<Entry<E>>,
    head: u32,
    tail: u32,
}

impl<E> Bucket<E> {
    const EMPTY: Self =
        Self { earliest: u64::MAX, first: None, second: None, head: NONE, tail: NONE };
}

/// The pending events, given out in the order of (time, class, insertion).
///
/// The order is a promise, see the [room's page](crate::engine).
///
/// # Design
/// Virtual time only moves forward, so no event is pushed before the time of the last one popped.
/// A radix queue lives on that. Times are read as numbers of eleven digits of six bits. An event
/// lies on the level of the highest digit in which its time differs from the current time, in the
/// bucket of its digit there:
///
/// ```text
/// now    0 0 0 0 0 0 2 7 1 9 4
/// event  0 0 0 0 0 0 2 7 5 0 8     differs first at level 2, digit 5: bucket (2, 5)
/// ```
///
/// The next event lies in the lowest occupied bucket, found by two bit scans. Its time becomes the
/// current time, and the bucket's events are dealt out again, each to a lower level; those at the
/// current instant go to four first-in-first-out queues, one for each class. Events of one time
/// always share a bucket and are moved in their order, so that the queue is stable by construction
/// and needs no sequence numbers. An event moves at most once a level; far fewer times in practice,
/// since a bucket that holds few events leads straight to the current instant.
///
/// What a bucket holds beyond its first two events lies in chunks of 32 events taken from one store, so
/// that memory follows the number of pending events and not the most that each bucket has ever held.
///
/// # Costs
/// Pushing takes constant time, popping amortised constant time; nothing is allocated once the
/// queue has had its largest size. Measured in one run of `benches/event_queue.rs` (pop the earliest
/// of 16 octets, push it an exponential delay later), a hold takes 1/2 of the time of the standard
/// binary heap with 10^3 pending events, 1/5 with 10^5 and 1/14 with 10^6 (28, 38 and 64 ns); that it
/// becomes about twice as long is the cost of memory out of reach of the caches. A million pending
/// events of 16 octets take 26 octets each, of 24 octets 34. Times reach up to
/// [`EventQueue::LAST_TIME`], 146 years, as two bits of the key hold the class.
///
/// # Examples
/// ```
/// use mailsim::engine::{Class, EventQueue};
/// use mailsim::units::SimTime;
///
/// let mut queue = EventQueue::new();
/// let noon = SimTime::from_secs(12 * 3600);
/// queue.push(noon, Class::Start, "a session starts");
/// queue.push(noon, Class::Fault, "the link fails");
/// assert_eq!(queue.pop(), Some((noon, Class::Fault, "the link fails")));
/// assert_eq!(queue.pop(), Some((noon, Class::Start, "a session starts")));
/// assert_eq!(queue.pop(), None);
/// ```
#[derive(Debug, Clone)]
pub struct EventQueue<E> {
    now: u64,
    length: usize,
    /// Events at the current instant, and how many.
    instant: [VecDeque<E>; Class::COUNT],
    at_instant: usize,
    /// Bit `level` is set when `occupied_digits[level]` is not zero.
    occupied_levels: u32,
    occupied_digits: [u64; LEVELS],
    buckets: Box<[Bucket<E>; LEVELS * DIGITS]>,
    chunks: Vec<Chunk<E>>,
    /// First of the chunks that no bucket uses.
    free: u32,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> {
    /// The latest time an event can have: 2^62 - 1 ns, 146 years.
    pub const LAST_TIME: SimTime = SimTime::from_nanos(u64::MAX >> CLASS_BITS);

    /// Returns an empty queue at the start of time.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: 0,
            length: 0,
            instant: [const { VecDeque::new() }; Class::COUNT],
            at_instant: 0,
            occupied_levels: 0,
            occupied_digits: [0; LEVELS],
            buckets: Box::new([const { Bucket::EMPTY }; LEVELS * DIGITS]),
            chunks: Vec::new(),
            free: NONE,
        }
    }

    /// Returns the current time: that of the event popped last.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        SimTime::from_nanos(self.now)
    }

    /// Returns the number of pending events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Returns whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds an event. At the current instant it runs before pending events of a higher class.
    ///
    /// # Panics
    /// When `at` is before the current time, since time runs forward, or after
    /// [`EventQueue::LAST_TIME`], since "never" is no time at which something happens.
    #[inline]
    pub fn push(&mut self, at: SimTime, class: Class, event: E) {
        let nanos = at.as_nanos();
        assert!(
            nanos >= self.now,
            "time runs forward: an event at {nanos} ns is pushed at {} ns",
            self.now
        );
        assert!(
            at <= Self::LAST_TIME,
            "an event at {nanos} ns lies after the last time that the queue can hold"
        );
        self.length += 1;
        if nanos == self.now {
            self.instant[class as usize].push_back(event);
            self.at_instant += 1;
        } else {
            self.place(Entry { key: nanos << CLASS_BITS | class as u64, event });
        }
    }

    /// Takes out the next event and moves the current time to it.
    // Inlined where events are run, with what is rarer left outside: the event goes straight from its
    // bucket to where it is used.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, Class, E)> {
        if self.at_instant == 0 {
            let (level, digit) = self.lowest_bucket()?;
            if let Some(only) = self.advance(level, digit) {
                self.length -= 1;
                return Some((self.now(), only.class(), only.event));
            }
        }
        let (class, event) = self.pop_instant().expect("advancing finds an event at the new time");
        self.length -= 1;
        Some((self.now(), class, event))
    }

    /// Returns the time of the next event.
    #[must_use]
    pub fn peek_time(&self) -> Option<SimTime> {
        if self.at_instant > 0 {
            return Some(self.now());
        }
        let (level, digit) = self.lowest_bucket()?;
        Some(SimTime::from_nanos(self.buckets[level * DIGITS + digit].earliest))
    }

    #[inline(never)]
    fn pop_instant(&mut self) -> Option<(Class, E)> {
        self.at_instant -= 1;
        let mut queues = Class::ALL.into_iter().zip(&mut self.instant);
        queues.find_map(|(class, queue)| queue.pop_front().map(|event| (class, event)))
    }

    /// Returns level and digit of the bucket that holds the next event.
    fn lowest_bucket(&self) -> Option<(usize, usize)> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros() as usize;
        Some((level, self.occupied_digits[level].trailing_zeros() as usize))
    }

    /// Moves the current time to the next event, which lies in this bucket. If it is the only one
    /// there at its time, it is returned; otherwise the bucket is dealt out, and it is found at the
    /// instant.
    #[inline]
    fn advance(&mut self, level: usize, digit: usize) -> Option<Entry<E>> {
        self.occupied_digits[level] &= !(1 << digit);
        if self.occupied_digits[level] == 0 {
            self.occupied_levels &= !(1 << level);
        }
        let bucket = &mut self.buckets[level * DIGITS + digit];
        self.now = mem::replace(&mut bucket.earliest, u64::MAX);
        let first = bucket.first.take();
        if bucket.second.is_none() {
            return first;
        }
        self.deal_out(level * DIGITS + digit, first?)
    }

    /// Deals out what is left of a bucket, with its first event, to the instant or to lower levels,
    /// but for an event that is returned if it is the only one at the instant.
    #[inline(never)]
    fn deal_out(&mut self, bucket: usize, first: Entry<E>) -> Option<Entry<E>> {
        let bucket = &mut self.buckets[bucket];
        let second = bucket.second.take()?;
        if bucket.head == NONE {
            let (next, later) =
                if first.nanos() == self.now { (first, second) } else { (second, first) };
            if later.nanos() != self.now {
                self.place(later);
                return Some(next);
            }
            self.deal(next);
            self.deal(later);
            return None;
        }
        let mut index = mem::replace(&mut bucket.head, NONE);
        bucket.tail = NONE;
        self.deal(first);
        self.deal(second);
        while index != NONE {
            let chunk = &mut self.chunks[index as usize];
            let next = chunk.next;
            // The chunk is away while its events are dealt out, so that none lands in it.
            let mut entries = mem::take(&mut chunk.entries);
            for entry in entries.drain(..) {
                self.deal(entry);
            }
            self.chunks[index as usize].entries = entries;
            self.release(index);
            index = next;
        }
        None
    }

    #[inline]
    fn deal(&mut self, entry: Entry<E>) {
        if entry.nanos() == self.now {
            self.instant[entry.class() as usize].push_back(entry.event);
            self.at_instant += 1;
        } else {
            self.place(entry);
        }
    }

    /// Appends an event to the bucket of its time, which lies after the current time.
    #[inline]
    fn place(&mut self, entry: Entry<E>) {
        let nanos = entry.nanos();
        let level = (nanos ^ self.now).ilog2() / LEVEL_BITS;
        let digit = (nanos >> (level * LEVEL_BITS)) as usize % DIGITS;
        let level = level as usize;
        let bucket = &mut self.buckets[level * DIGITS + digit];
        if bucket.first.is_none() {
            bucket.earliest = nanos;
            bucket.first = Some(entry);
            self.occupied_levels |= 1 << level;
            self.occupied_digits[level] |= 1 << digit;
            return;
        }
        bucket.earliest = bucket.earliest.min(nanos);
        if bucket.second.is_none() {
            bucket.second = Some(entry);
        } else {
            self.append(level, digit, entry);
        }
    }

    /// Appends an event to a bucket that holds two.
    #[inline(never)]
    fn append(&mut self, level: usize, digit: usize, entry: Entry<E>) {
        let tail = self.buckets[level * DIGITS + digit].tail;
        if tail != NONE && self.chunks[tail as usize].entries.len() < CHUNK_EVENTS {
            self.chunks[tail as usize].entries.push(entry);
            return;
        }
        let index = self.acquire();
        self.chunks[index as usize].entries.push(entry);
        let bucket = &mut self.buckets[level * DIGITS + digit];
        if tail == NONE {
            bucket.head = index;
        } else {
            self.chunks[tail as usize].next = index;
        }
        bucket.tail = index;
    }

    /// Returns an empty chunk, the one released last if there is any.
    fn acquire(&mut self) -> u32 {
        if self.free == NONE {
            let index = u32::try_from(self.chunks.len()).expect("fewer than 2^32 chunks are used");
            self.chunks.push(Chunk { entries: Vec::with_capacity(CHUNK_EVENTS), next: NONE });
            return index;
        }
        let index = self.free;
        let chunk = &mut self.chunks[index as usize];
        self.free = mem::replace(&mut chunk.next, NONE);
        index
    }

    fn release(&mut self, index: u32) {
        self.chunks[index as usize].next = self.free;
        self.free = index;
    }
}

#[cfg(test)]
mod tests;
