//! Messages drawn some at a time.

use crate::mail::Mailbox;
use crate::units::{Octets, SimTime};

use super::{Generator, NewMessage};

/// So many messages are drawn together. A generator with its streams lies in some twenty lines of
/// memory, and in a large network none of them is in a cache when an entry's turn comes: drawn one by
/// one, its messages cost a fifth of all misses.
const DRAWN_TOGETHER: usize = 16;

/// So many recipients of messages drawn together are kept.
const RECIPIENTS_KEPT: usize = 64;

/// The messages of one entry in order of time, one of them at hand.
///
/// What a [`Generator`] yields depends on itself alone, so nobody can tell that it is asked early.
#[derive(Debug, Clone)]
pub struct Ahead<'a> {
    drawn: Vec<Drawn>,
    /// Of the messages drawn, one after the other.
    recipients: Vec<Mailbox>,
    /// Position of the message at hand.
    position: usize,
    generator: Box<Generator<'a>>,
    /// Kept for its room.
    next: NewMessage,
}

/// A message drawn, without its recipients.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    ordinal: u64,
    at: SimTime,
    from: Mailbox,
    size: Octets,
    /// Where its recipients end.
    end: usize,
}

/// A message as it is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// Ordinal within its entry, from 0.
    pub ordinal: u64,
    /// When it is submitted.
    pub at: SimTime,
    /// Reverse path.
    pub from: Mailbox,
    /// Header and body.
    pub size: Octets,
    /// Forward paths, without repetition, in the order of the entry.
    pub to: &'a [Mailbox],
}

impl<'a> Ahead<'a> {
    /// Returns the messages of `generator`, the first at hand.
    #[must_use]
    pub fn new(generator: Generator<'a>) -> Self {
        let mut ahead = Self {
            drawn: Vec::new(),
            recipients: Vec::new(),
            position: 0,
            generator: Box::new(generator),
            next: NewMessage::default(),
        };
        ahead.draw();
        ahead
    }

    /// Returns the message at hand; none: there are no more.
    #[must_use]
    #[inline]
    pub fn message(&self) -> Option<Written<'_>> {
        let &Drawn { ordinal, at, from, size, end } = self.drawn.get(self.position)?;
        let begin = self.position.checked_sub(1).map_or(0, |before| self.drawn[before].end);
        Some(Written { ordinal, at, from, size, to: &self.recipients[begin..end] })
    }

    /// Takes the next message to hand.
    #[inline]
    pub fn advance(&mut self) {
        self.position += 1;
        if self.position >= self.drawn.len() {
            self.draw();
        }
    }

    fn draw(&mut self) {
        self.position = 0;
        self.drawn.clear();
        self.recipients.clear();
        while self.drawn.len() < DRAWN_TOGETHER && self.recipients.len() < RECIPIENTS_KEPT {
            if !self.generator.next_into(&mut self.next) {
                return;
            }
            let NewMessage { ordinal, at, from, size, ref to } = self.next;
            self.recipients.extend_from_slice(to);
            self.drawn.push(Drawn { ordinal, at, from, size, end: self.recipients.len() });
        }
    }
}
