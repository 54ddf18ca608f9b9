//! Makes the messages of one `[[mail]]` entry.

use std::collections::BTreeSet;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::mail::Mailbox;
use crate::random::{Purpose, Streams};
use crate::units::{Octets, SimTime};

use super::arrival_times::ArrivalTimes;
use super::{Arrivals, Correspondents, MailEntry, NewMessage};

/// No message is larger, whatever the distribution says: one tebioctet.
const LARGEST: Octets = Octets::new(1 << 40);

/// Up to this many recipients a repetition is found faster by looking at each than by a tree.
const FEW: usize = 32;

/// The messages of one entry in order of time, made one by one.
///
/// # Determinism
/// Everything about a message but its time depends on the seed, the replication, the number of its
/// entry and its ordinal alone. Each purpose has its own stream, and the message of ordinal n owns
/// the n-th word of it, whatever has been drawn before or for other purposes:
///
/// | stream | key | words for each message |
/// |---|---|---|
/// | `mail/arrivals` | entry | times follow each other, so these are not one for each message |
/// | `mail/size` | entry | 1: text |
/// | `mail/attachment` | entry | 1: attachment before encoding |
/// | `mail/from` | entry | 1: reverse path |
/// | `mail/to` | entry · 2³² + position in the recipients | 1: that recipient |
///
/// So a change of sizes leaves times and recipients as they are, and one more recipient leaves the
/// others. A choice among n mailboxes takes the high part of the product of its word and n; that
/// favours some by less than one part in 2³², and needs no second word.
#[derive(Debug, Clone)]
pub struct Generator<'a> {
    entry: &'a MailEntry,
    times: ArrivalTimes<'a>,
    ordinal: u64,
    /// Replayed messages before the entry's window.
    skipped: usize,
    text: ChaCha8Rng,
    attachment: ChaCha8Rng,
    from: Chooser<'a>,
    to: Vec<Chooser<'a>>,
}

impl<'a> Generator<'a> {
    /// Returns the messages of `entry`, the `index`-th of the scenario (from 0), that are submitted
    /// before `horizon`.
    ///
    /// # Panics
    /// If there is nobody to choose from, or times are out of order; reading a scenario rules out
    /// both.
    #[must_use]
    pub fn new(entry: &'a MailEntry, index: u32, streams: &Streams, horizon: SimTime) -> Self {
        let index = u64::from(index);
        let times = ArrivalTimes::new(entry, horizon, streams.stream(Purpose::MailArrivals, index));
        let recipients = streams.purpose(Purpose::MailTo);
        let to = (0..).zip(&entry.to).map(|(position, correspondents)| {
            Chooser::new(correspondents, || recipients.at(index << 32 | position))
        });
        Self {
            entry,
            times,
            ordinal: 0,
            skipped: entry.replay.partition_point(|message| message.at < entry.window.from),
            text: streams.stream(Purpose::MailSize, index),
            attachment: streams.stream(Purpose::MailAttachment, index),
            from: Chooser::new(&entry.from, || streams.stream(Purpose::MailFrom, index)),
            to: to.collect(),
        }
    }

    /// Writes the next message over `message` and returns true, or returns false if there is none
    /// any more.
    pub fn next_into(&mut self, message: &mut NewMessage) -> bool {
        if self.entry.limit.is_some_and(|limit| self.ordinal >= limit) {
            return false;
        }
        let Some(at) = self.times.next() else {
            return false;
        };
        message.ordinal = self.ordinal;
        message.at = at;
        message.to.clear();
        if matches!(self.entry.arrivals, Arrivals::Replay) {
            let replayed = &self.entry.replay[self.skipped + self.ordinal as usize];
            message.from = replayed.from;
            message.size = replayed.size;
            message.to.extend_from_slice(&replayed.to);
        } else {
            message.from = self.from.next();
            message.size = self.size();
            message.to.extend(self.to.iter_mut().map(Chooser::next));
        }
        remove_repetitions(&mut message.to);
        self.ordinal += 1;
        true
    }

    fn size(&mut self) -> Octets {
        let sizes = &self.entry.size;
        let text = sizes.text.sample_octets(&mut self.text);
        let attachment = sizes.attachment.as_ref().map_or(Octets::ZERO, |attachment| {
            sizes.encoding.size_of(attachment.sample_octets(&mut self.attachment))
        });
        text.saturating_add(attachment).clamp(Octets::new(1), LARGEST)
    }
}

/// Draws mailboxes.
#[derive(Debug, Clone)]
enum Chooser<'a> {
    Always(Mailbox),
    Among(&'a Correspondents, Box<ChaCha8Rng>),
}

impl<'a> Chooser<'a> {
    fn new(correspondents: &'a Correspondents, stream: impl FnOnce() -> ChaCha8Rng) -> Self {
        if let Correspondents::One(mailbox) = correspondents {
            return Self::Always(*mailbox);
        }
        assert!(correspondents.has_somebody(), "there is a mailbox to choose");
        Self::Among(correspondents, Box::new(stream()))
    }

    fn next(&mut self) -> Mailbox {
        match self {
            Self::Always(mailbox) => *mailbox,
            Self::Among(correspondents, stream) => correspondents.draw(&mut || stream.next_u64()),
        }
    }
}

/// Keeps the first of equal mailboxes.
fn remove_repetitions(mailboxes: &mut Vec<Mailbox>) {
    if mailboxes.len() > FEW {
        let mut seen = BTreeSet::new();
        mailboxes.retain(|mailbox| seen.insert(*mailbox));
        return;
    }
    let mut kept = 0;
    for at in 0..mailboxes.len() {
        let mailbox = mailboxes[at];
        if !mailboxes[..kept].contains(&mailbox) {
            mailboxes[kept] = mailbox;
            kept += 1;
        }
    }
    mailboxes.truncate(kept);
}

#[cfg(test)]
#[path = "generator_tests.rs"]
mod tests;
