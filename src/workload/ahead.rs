//! Messages drawn some at a time.

use crate::mail::Mailbox;
use crate::units::{Octets, SimTime};

use super::{Generator, NewMessage};

/// How many messages are drawn together. A generator with its streams lies in some twenty lines of
/// memory, and in a large network none of them is in a cache when an entry's turn comes: drawn one by
/// one, its messages cost a fifth of all misses.
const DRAWN_TOGETHER: usize = 16;

/// The most recipients of messages drawn together that are kept.
const RECIPIENTS_KEPT: usize = 64;

/// The messages of one entry in order of time, one of them at hand.
///
/// What a [`Generator`] yields depends on itself alone, so nobody can tell that it is asked early.
#[derive(Debug, Clone)]
pub struct Ahead<'a> {
    /// The message at hand; none: there are no more.
    at_hand: Option<Drawn>,
    /// Position of the next.
    next: usize,
    drawn: Vec<Drawn>,
    /// Of the messages drawn that have more than one, one after the other.
    recipients: Vec<Mailbox>,
    /// With a message kept for its room.
    generator: Box<(Generator<'a>, NewMessage)>,
}

/// A message drawn.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    ordinal: u64,
    at: SimTime,
    from: Mailbox,
    size: Octets,
    to: To,
}

/// The recipients of a message drawn.
#[derive(Debug, Clone, Copy)]
enum To {
    /// Nearly all messages of a large network have one.
    One(Mailbox),
    /// Where they begin and end.
    Listed(u32, u32),
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
            at_hand: None,
            next: 0,
            drawn: Vec::new(),
            recipients: Vec::new(),
            generator: Box::new((generator, NewMessage::default())),
        };
        ahead.advance();
        ahead
    }

    /// Returns the message at hand; none: there are no more.
    #[must_use]
    #[inline]
    pub fn message(&self) -> Option<Written<'_>> {
        let &Drawn { ordinal, at, from, size, ref to } = self.at_hand.as_ref()?;
        let to = match to {
            To::One(mailbox) => std::slice::from_ref(mailbox),
            To::Listed(begin, end) => &self.recipients[*begin as usize..*end as usize],
        };
        Some(Written { ordinal, at, from, size, to })
    }

    /// Takes the next message to hand.
    #[inline]
    pub fn advance(&mut self) {
        if self.next >= self.drawn.len() {
            self.draw();
        }
        self.at_hand = self.drawn.get(self.next).copied();
        self.next += 1;
    }

    fn draw(&mut self) {
        self.next = 0;
        self.drawn.clear();
        self.recipients.clear();
        while self.drawn.len() < DRAWN_TOGETHER && self.recipients.len() < RECIPIENTS_KEPT {
            let (generator, next) = &mut *self.generator;
            if !generator.next_into(next) {
                return;
            }
            let &mut NewMessage { ordinal, at, from, size, ref to } = next;
            let to = match to[..] {
                [mailbox] => To::One(mailbox),
                _ => {
                    let begin = place(self.recipients.len());
                    self.recipients.extend_from_slice(to);
                    To::Listed(begin, place(self.recipients.len()))
                }
            };
            self.drawn.push(Drawn { ordinal, at, from, size, to });
        }
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 recipients")
}
