//! Chains that set themselves off without time passing, and the end that they are given.
//!
//! Two programs that answer each other at once, lists that are members of each other, a gap of a
//! nanosecond between attempts: virtual time stands nearly still there while the run goes on for ever.
//! No network does this, so it is a mistake of the scenario. It is known by its cause: one message
//! that sets off [`MOST`] generations of others, each about the one before, or one copy that is tried
//! that often, within [`WITHIN`]. How many messages one of them sets off side by side does not matter.

use std::collections::BTreeMap;
use std::fmt;

use crate::mail::{HostId, Mailbox, MailboxNames, MessageId, RecipientId};
use crate::units::{SimDuration, SimTime};

/// Successive generations, or tries of one copy, that are allowed within [`WITHIN`].
const MOST: u32 = 1_000;
/// The time in which they are counted.
const WITHIN: SimDuration = SimDuration::from_secs(1);
/// Tries in [`WITHIN`] from which on they are counted copy by copy: most runs never have so many.
const MANY: u32 = 100_000;
/// Members of a circle that are told.
const TOLD: usize = 8;

/// A chain that would go on for ever while virtual time stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndlessChain {
    /// When it was noticed.
    pub at: SimTime,
    /// What it is made of.
    pub cause: ChainCause,
}

/// What an endless chain is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainCause {
    /// Messages that mailboxes make by themselves about each other.
    Generations {
        /// The mailboxes in the order in which they acted.
        mailboxes: Vec<Mailbox>,
    },
    /// Tries of one copy.
    Tries {
        /// The host that tries.
        host: HostId,
        /// Whose copy it is.
        mailbox: Mailbox,
    },
}

impl EndlessChain {
    /// Returns what is wrong and what helps, in words for people.
    #[must_use]
    pub fn told(&self, names: &impl MailboxNames) -> String {
        let Self { at, cause } = self;
        match cause {
            ChainCause::Generations { mailboxes } => {
                let members: Vec<String> =
                    mailboxes.iter().map(|&mailbox| names.mailbox(mailbox)).collect();
                format!(
                    "at {at} of virtual time mail goes round without end: {} set each other off more \
                     than {MOST} times within {}. Take one of them out of the circle, or let a \
                     responder answer each correspondent only once in a while (`every`)",
                    members.join(", "),
                    WITHIN.exact(),
                )
            }
            ChainCause::Tries { host, mailbox } => format!(
                "at {at} of virtual time mail is tried without end: {} tries the mail for {} more \
                 than {MOST} times within {}. Give its schedule gaps of a second or more, or break \
                 the circle that the mail goes round in",
                names.host(*host),
                names.mailbox(*mailbox),
                WITHIN.exact(),
            ),
        }
    }
}

impl fmt::Display for EndlessChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a chain without end at {}", self.at)
    }
}

/// One message that a mailbox made by itself.
#[derive(Debug, Clone, Copy)]
struct Generation {
    /// Messages before it that came within [`WITHIN`] of the first of them.
    depth: u32,
    /// When the first of them was made.
    since: SimTime,
    about: MessageId,
    mailbox: Mailbox,
}

/// Counts what might be an endless chain.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    generations: BTreeMap<MessageId, Generation>,
    window: SimTime,
    tries: u32,
    by_copy: BTreeMap<RecipientId, u32>,
    /// The first endless chain.
    pub(crate) endless: Option<Box<EndlessChain>>,
}

impl Chains {
    /// `mailbox` has made a message about another by itself. `first`: that other one was written by
    /// somebody, and not made so.
    pub(crate) fn made(
        &mut self,
        now: SimTime,
        (about, first): (MessageId, bool),
        message: MessageId,
        mailbox: Mailbox,
    ) {
        // What is known of a slot is of its last message that was made so.
        let before = self.generations.get(&about).filter(|_| !first);
        let before = before.filter(|one| now.since(one.since) <= WITHIN);
        let (depth, since) = before.map_or((0, now), |one| (one.depth + 1, one.since));
        self.generations.insert(message, Generation { depth, since, about, mailbox });
        if depth >= MOST && self.endless.is_none() {
            let mailboxes = self.circle(message);
            let cause = ChainCause::Generations { mailboxes };
            self.endless = Some(Box::new(EndlessChain { at: now, cause }));
        }
    }

    /// Returns the mailboxes that made a message and those before it, up to the first that acts a
    /// second time.
    fn circle(&self, message: MessageId) -> Vec<Mailbox> {
        let mut mailboxes = Vec::new();
        let mut next = Some(message);
        while let Some(one) = next.and_then(|message| self.generations.get(&message)) {
            if mailboxes.contains(&one.mailbox) || mailboxes.len() == TOLD {
                break;
            }
            mailboxes.push(one.mailbox);
            next = Some(one.about);
        }
        mailboxes.reverse();
        mailboxes
    }

    /// A copy is about to be tried; `who` tells its host and mailbox if they are asked for.
    #[inline]
    pub(crate) fn tried(
        &mut self,
        now: SimTime,
        copy: RecipientId,
        who: impl FnOnce() -> (HostId, Mailbox),
    ) {
        if now.since(self.window) > WITHIN {
            (self.window, self.tries) = (now, 0);
        }
        self.tries += 1;
        if self.tries > MANY {
            self.count(now, copy, who);
        }
    }

    #[inline(never)]
    fn count(&mut self, now: SimTime, copy: RecipientId, who: impl FnOnce() -> (HostId, Mailbox)) {
        if self.tries == MANY + 1 {
            self.by_copy.clear();
        }
        let count = self.by_copy.entry(copy).or_default();
        *count += 1;
        if *count > MOST && self.endless.is_none() {
            let (host, mailbox) = who();
            let cause = ChainCause::Tries { host, mailbox };
            self.endless = Some(Box::new(EndlessChain { at: now, cause }));
        }
        // A clock that moves leaves the window for good.
        self.tries = self.tries.min(u32::MAX - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::DomainId;

    fn mailbox(local: u32) -> Mailbox {
        Mailbox { domain: DomainId(0), local }
    }

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    #[test]
    fn two_that_answer_each_other_at_once_are_named() {
        let mut chains = Chains::default();
        for number in 0..=MOST {
            assert_eq!(chains.endless, None, "generation {number}");
            let (about, message) = (MessageId(number), MessageId(number + 1));
            chains.made(at(u64::from(number)), (about, number == 0), message, mailbox(number % 2));
        }
        let endless = chains.endless.expect("one generation more than allowed");
        let ChainCause::Generations { mut mailboxes } = endless.cause else { panic!("{endless}") };
        mailboxes.sort();
        assert_eq!(mailboxes, [mailbox(0), mailbox(1)]);
    }

    #[test]
    fn generations_that_take_time_may_go_on() {
        let mut chains = Chains::default();
        for number in 0..10 * MOST {
            let (about, message) = (MessageId(number), MessageId(number + 1));
            // Some 500 in each second.
            let now = at(u64::from(number) * 2_000_000);
            chains.made(now, (about, number == 0), message, mailbox(number % 2));
        }
        assert_eq!(chains.endless, None);
    }

    #[test]
    fn the_copies_of_one_list_are_one_generation() {
        let mut chains = Chains::default();
        for number in 1..=10 * MOST {
            chains.made(at(0), (MessageId(0), true), MessageId(number), mailbox(0));
        }
        assert_eq!(chains.endless, None);
    }

    #[test]
    fn replies_to_many_letters_are_no_chain_though_slots_are_used_again() {
        let mut chains = Chains::default();
        for number in 0..10 * MOST {
            let (letter, reply) = (MessageId(number % 2), MessageId((number + 1) % 2));
            chains.made(at(u64::from(number)), (letter, true), reply, mailbox(0));
        }
        assert_eq!(chains.endless, None);
    }

    #[test]
    fn a_copy_that_is_tried_at_one_instant_is_found_among_many() {
        let mut chains = Chains::default();
        let who = |copy: u32| move || (HostId(0), mailbox(copy));
        for copy in 0..3 * MANY {
            chains.tried(at(0), RecipientId(copy), who(copy));
        }
        assert_eq!(chains.endless, None, "each was tried once");
        for _ in 0..=MOST {
            chains.tried(at(0), RecipientId(7), who(7));
        }
        let endless = chains.endless.expect("one copy was tried too often");
        assert_eq!(endless.cause, ChainCause::Tries { host: HostId(0), mailbox: mailbox(7) });
    }

    #[test]
    fn tries_that_take_time_may_go_on() {
        let mut chains = Chains::default();
        for number in 0..5_u64 * u64::from(MANY) {
            // A thousand in each second and a bit.
            chains.tried(at(number * 1_001_000), RecipientId(7), || (HostId(0), mailbox(7)));
        }
        assert_eq!(chains.endless, None);
    }
}
