//! What is remembered of sessions, and in which circumstances it holds.

use crate::fault::Interval;
use crate::network::Bandwidth;
use crate::smtp::{Transaction, sending_time};
use crate::trace::SessionMarks;
use crate::units::{Octets, SimDuration, SimTime};

/// What decides about an undisturbed session, besides the message's size and Received fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) struct Circumstances {
    pub(super) client: ClientNumber,
    pub(super) server: ServerNumber,
    pub(super) latency: SimDuration,
    pub(super) bandwidth: Bandwidth,
    pub(super) port: u16,
    /// Truths about it, each a bit: compared at once, since it is done in each session.
    pub(super) truths: u16,
}

/// The truths that make a difference.
pub(super) struct Truths {
    pub(super) authenticates: bool,
    pub(super) declares_size: bool,
    pub(super) submission: bool,
    /// Whether it begins with an opening.
    pub(super) opens: bool,
    /// Whether it begins with RSET.
    pub(super) resets: bool,
    /// Whether EHLO was understood before.
    pub(super) extended: bool,
}

impl Truths {
    /// Returns them in bits.
    #[inline]
    pub(super) fn bits(&self) -> u16 {
        let &Self { authenticates, declares_size, submission, .. } = self;
        let &Self { opens, resets, extended, .. } = self;
        let all = [authenticates, declares_size, submission, opens, resets, extended];
        all.into_iter().fold(0, |bits, truth| bits << 1 | u16::from(truth))
    }
}

/// Names client settings: equal numbers, equal settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientNumber(pub(super) u32);

/// Names server settings: equal numbers, equal settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerNumber(pub(super) u32);

/// A session that is about to begin and that nothing will disturb, if it ends while it is calm.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct Question {
    pub(super) circumstances: Circumstances,
    pub(super) begins: SimTime,
    pub(super) calm: Interval,
    pub(super) size: Octets,
    pub(super) received_fields: u32,
}

/// How a session went, as it would have gone from time zero on with a message that takes no time to
/// send.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    circumstances: Circumstances,
    /// The largest size and the most Received fields that were taken.
    largest: Octets,
    most_fields: u32,
    went: Went,
    /// The size of one message, and how long sending it takes.
    size: Octets,
    sending: SimDuration,
}

/// How a session went that came to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) struct Went {
    pub(super) marks: SessionMarks,
    pub(super) transaction: Transaction,
    /// Whether EHLO was understood.
    pub(super) extended: bool,
}

/// A memory of the session that is about to begin.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct Known {
    place: usize,
    /// From time zero to its beginning, and so much more to the message's way.
    begins: SimDuration,
    sent: SimDuration,
}

/// Remembered sessions.
#[derive(Debug)]
pub(super) struct Memory {
    /// Two neighbours for each value of [`Circumstances::place`], the later memory first.
    remembered: Vec<Option<Remembered>>,
}

/// Places for memories. A run needs a few: settings are shared by like hosts.
const PLACES: usize = 128;

impl Circumstances {
    /// Returns the first of the two places where a session in these circumstances is looked for.
    #[inline]
    fn place(&self) -> usize {
        let Self { client, server, latency, port, truths, .. } = *self;
        let mixed = u64::from(client.0) << 32
            ^ u64::from(server.0) << 16
            ^ u64::from(truths) << 48
            ^ u64::from(port)
            ^ latency.as_nanos();
        // Fibonacci hashing: the upper bits of the product depend on all bits.
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES.ilog2())) as usize & !1
    }

    fn sending_time(&self, size: Octets) -> SimDuration {
        sending_time(size, self.latency, self.bandwidth)
    }
}

impl Memory {
    /// Remembers nothing yet.
    pub(super) fn new() -> Self {
        Self { remembered: vec![None; PLACES] }
    }

    /// Returns the memory of a session in the same circumstances, if there is one.
    // Question and answer are so many words that passing them costs more than finding them.
    #[inline(always)]
    pub(super) fn known(&self, question: &Question) -> Option<Known> {
        let first = question.circumstances.place();
        let alike = |place: &usize| {
            let known = self.remembered[*place].as_ref();
            known.is_some_and(|known| known.circumstances == question.circumstances)
        };
        let place = [first, first + 1].into_iter().find(alike)?;
        let known = self.remembered[place].as_ref()?;
        if question.size > known.largest || question.received_fields > known.most_fields {
            return None;
        }
        let sending = if question.size == known.size {
            known.sending
        } else {
            question.circumstances.sending_time(question.size)
        };
        let begins = question.begins.since_start();
        let sent = begins.saturating_add(sending);
        let ended = known.went.transaction.ended.saturating_add(sent);
        (ended < question.calm.to).then_some(Known { place, begins, sent })
    }

    /// Returns how the session goes that a memory is of, with a message of this size.
    #[inline(always)]
    pub(super) fn recall(&self, known: Known, octets: Octets) -> Went {
        let Known { place, begins, sent } = known;
        let Some(Remembered { went, .. }) = &self.remembered[place] else {
            unreachable!("it was just found");
        };
        went.moved(|at| at.saturating_add(begins), |at| at.saturating_add(sent), octets)
    }

    /// Remembers how a session went, or that one like it took a larger message.
    pub(super) fn remember(&mut self, question: &Question, went: &Went) {
        let &Question { circumstances, begins, size, received_fields, .. } = question;
        let first = circumstances.place();
        let places = &mut self.remembered[first..=first + 1];
        let known = places.iter_mut().flatten().find(|one| one.circumstances == circumstances);
        if let Some(known) = known {
            known.largest = known.largest.max(size);
            known.most_fields = known.most_fields.max(received_fields);
            return;
        }
        let sending = circumstances.sending_time(size);
        let back = |at: SimTime, span: SimDuration| match at {
            SimTime::MAX => SimTime::MAX,
            at => at.saturating_sub(span),
        };
        let (begins, sent) = (begins.since_start(), begins.since_start() + sending);
        places.swap(0, 1);
        places[0] = Some(Remembered {
            circumstances,
            largest: size,
            most_fields: received_fields,
            went: went.moved(|at| back(at, begins), |at| back(at, sent), size),
            size,
            sending,
        });
    }
}

impl Went {
    /// Returns the session moved in time: by `before` up to the reply to DATA, by `after` from then
    /// on.
    #[inline(always)]
    fn moved(
        &self,
        before: impl Fn(SimTime) -> SimTime,
        after: impl Fn(SimTime) -> SimTime,
        octets: Octets,
    ) -> Self {
        let Self { marks, transaction, extended } = self;
        Self {
            marks: SessionMarks {
                connected: before(marks.connected),
                greeting: before(marks.greeting),
                ehlo: before(marks.ehlo),
                tls: before(marks.tls),
                auth: before(marks.auth),
                mail: before(marks.mail),
                rcpt: before(marks.rcpt),
                data: before(marks.data),
                dot: after(marks.dot),
            },
            transaction: Transaction {
                ended: after(transaction.ended),
                failure: None,
                accepted_at: transaction.accepted_at.map(&after),
                dot_sent: after(transaction.dot_sent),
                octets,
                open: transaction.open,
                takes_leave: false,
            },
            extended: *extended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_SECONDS: SimDuration = SimDuration::from_secs(10);
    /// When the calm ends.
    const FAULT: SimTime = SimTime::from_secs(1_000);

    fn at(second: u64) -> SimTime {
        SimTime::from_secs(second)
    }

    fn question(begins: SimTime, octets: u64) -> Question {
        let circumstances = Circumstances {
            client: ClientNumber(1),
            server: ServerNumber(2),
            latency: SimDuration::from_millis(10),
            bandwidth: "10kbit/s".parse::<crate::units::BitRate>().unwrap().into(),
            port: 25,
            truths: 0,
        };
        let calm = Interval { from: SimTime::ZERO, to: FAULT };
        Question { circumstances, begins, calm, size: Octets(octets), received_fields: 3 }
    }

    /// A session with a message of this size: ten seconds before it, and ten to its reply.
    fn went(begins: SimTime, octets: u64) -> Went {
        let data = begins + TEN_SECONDS;
        let sent = data + question(begins, octets).circumstances.sending_time(Octets(octets));
        let dot = sent + TEN_SECONDS;
        Went {
            marks: SessionMarks { data, dot, ..SessionMarks::NONE },
            transaction: Transaction {
                ended: dot,
                failure: None,
                accepted_at: Some(dot),
                dot_sent: sent,
                octets: Octets(octets),
                open: true,
                takes_leave: false,
            },
            extended: true,
        }
    }

    #[test]
    fn a_session_in_the_same_circumstances_is_the_remembered_one_moved() {
        let mut memory = Memory::new();
        assert!(memory.known(&question(at(100), 30_000)).is_none(), "nothing is known at first");
        memory.remember(&question(at(100), 30_000), &went(at(100), 30_000));
        for (begins, octets) in [(at(100), 30_000), (at(40), 30_000), (at(700), 9_000)] {
            let known = memory.known(&question(begins, octets)).expect("it is remembered");
            assert_eq!(memory.recall(known, Octets(octets)), went(begins, octets));
        }
    }

    #[test]
    fn what_may_go_another_way_is_not_known() {
        let mut memory = Memory::new();
        let first = question(at(100), 30_000);
        memory.remember(&first, &went(at(100), 30_000));
        assert!(memory.known(&question(at(100), 30_001)).is_none(), "it may be too large");
        let more = Question { received_fields: 4, ..first };
        assert!(memory.known(&more).is_none(), "it may have come too far");
        let circumstances = Circumstances { port: 587, ..first.circumstances };
        assert!(memory.known(&Question { circumstances, ..first }).is_none());
        let length = went(SimTime::ZERO, 30_000).transaction.ended.since_start();
        let latest = FAULT.saturating_sub(length);
        let nanosecond = SimDuration::from_nanos(1);
        assert!(memory.known(&question(latest.saturating_sub(nanosecond), 30_000)).is_some());
        assert!(memory.known(&question(latest, 30_000)).is_none(), "it ends in a fault");
        // Once a larger message was taken, so is any up to its size.
        memory.remember(&question(at(100), 60_000), &went(at(100), 60_000));
        let known = memory.known(&question(at(100), 30_001)).expect("it is no larger");
        assert_eq!(memory.recall(known, Octets(30_001)), went(at(100), 30_001));
    }
}
