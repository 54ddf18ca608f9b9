//! Readers fetch their mail.

use std::collections::BTreeMap;

use crate::access::{Fetched, PollClock, PollInterval, Protocol, Reading, visit};
use crate::engine::Class;
use crate::mail::{HostId, Mailbox, RecipientId};
use crate::random::{Draw as _, PurposeStreams, Streams};
use crate::scenario::Scenario;
use crate::trace::{Fact, FactSink, RetrievalProtocol};
use crate::units::{BitRate, Octets, SimDuration, SimTime};

use super::draws::{key, name_key};
use super::event::Event;
use super::reach::Pair;
use super::world::World;

/// How mailboxes are read, and those in which mail waits.
#[derive(Debug)]
pub(super) struct Readers {
    /// By domain: positions in the scenario's list of readings.
    by_domain: BTreeMap<u32, Vec<usize>>,
    readings: Vec<Reading>,
    /// By mailbox and position in the list of readings.
    boxes: BTreeMap<(Mailbox, u32), Mailbag>,
    streams: PurposeStreams,
    /// Stand for the names of the domains in the keys of draws.
    domain_keys: Vec<u64>,
}

/// Mail that waits for its reader, and the reader's rhythm.
#[derive(Debug)]
struct Mailbag {
    clock: PollClock,
    store: HostId,
    /// Messages in the maildrop that a visit would fetch; those without a recipient are in their
    /// reader's hands already, but a visit that was cut short could not delete them.
    waiting: Vec<(Option<RecipientId>, Octets)>,
    /// Whether a visit is scheduled.
    expected: bool,
    /// What the session under way deletes at its end, where other devices read the mailbox too.
    deleting: Vec<RecipientId>,
}

impl Readers {
    pub(super) fn new(scenario: &Scenario, streams: &Streams) -> Self {
        let mut by_domain: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, reading) in scenario.reading.iter().enumerate() {
            by_domain.entry(reading.first.domain.0).or_default().push(index);
        }
        Self {
            by_domain,
            readings: scenario.reading.clone(),
            boxes: BTreeMap::new(),
            streams: streams.purpose("reading"),
            domain_keys: scenario.domains.iter().map(|domain| name_key(&domain.name)).collect(),
        }
    }

    /// Returns whether anybody reads the mailbox.
    pub(super) fn reads(&self, mailbox: Mailbox) -> bool {
        self.devices(mailbox, false).chain(self.devices(mailbox, true)).next().is_some()
    }

    /// Returns the host that keeps mail for the mailbox, once some has come.
    pub(super) fn store(&self, mailbox: Mailbox) -> Option<HostId> {
        let mut boxes = self.boxes.range((mailbox, 0)..=(mailbox, u32::MAX));
        boxes.next().map(|(_, mailbag)| mailbag.store)
    }

    /// Returns which readings cover the mailbox's inbox, or its folder Junk: one, or one for each
    /// device.
    fn devices(&self, mailbox: Mailbox, junk: bool) -> impl Iterator<Item = u32> + '_ {
        let indices = self.by_domain.get(&mailbox.domain.0).map_or(&[][..], Vec::as_slice);
        let covers = move |index: &usize| {
            let reading = &self.readings[*index];
            let first = reading.first.local;
            mailbox.local >= first && mailbox.local - first < reading.count && reading.junk == junk
        };
        indices.iter().copied().filter(covers).map(|index| index as u32)
    }

    /// `device` tells several with one mailbox apart, from 0.
    fn new_mailbag(
        &self,
        mailbox: Mailbox,
        device: usize,
        every: PollInterval,
        store: HostId,
    ) -> Mailbag {
        let domain = self.domain_keys[mailbox.domain.index()];
        let name = match device as u64 {
            0 => key(&[domain, u64::from(mailbox.local)]),
            device => key(&[domain, u64::from(mailbox.local), device]),
        };
        let range = PollClock::phase_range(every).as_nanos().max(1);
        let phase = SimDuration::from_nanos(self.streams.at(name).below(range));
        let clock = PollClock::new(every, phase);
        Mailbag { clock, store, waiting: Vec::new(), expected: false, deleting: Vec::new() }
    }
}

/// Returns the interval of polling and the name of the protocol; none: mail is announced.
fn polled(protocol: Protocol) -> (Option<PollInterval>, RetrievalProtocol) {
    match protocol {
        Protocol::Pop3 { every, .. } => (Some(every), RetrievalProtocol::Pop3),
        Protocol::Imap { every } => (Some(every), RetrievalProtocol::Imap),
        Protocol::ImapIdle => (None, RetrievalProtocol::Imap),
    }
}

/// How often a reader with IDLE tries to come back while the store is down.
const RECONNECT: SimDuration = SimDuration::from_secs(30);

impl<S: FactSink> World<'_, '_, S> {
    /// A message has come into a mailbox of `store`, or into its folder Junk: its reader will fetch it.
    pub(super) fn await_reader(&mut self, store: HostId, recipient: RecipientId, junk: bool) {
        let mailbox = self.messages[recipient].mailbox;
        for device in 0.. {
            let reading = self.readers.devices(mailbox, junk).nth(device);
            let Some(reading) = reading else { return };
            self.await_device(store, recipient, reading, device);
        }
    }

    /// A message has come into a mailbox that this device reads.
    fn await_device(&mut self, store: HostId, recipient: RecipientId, reading: u32, device: usize) {
        let mailbox = self.messages[recipient].mailbox;
        let protocol = self.readers.readings[reading as usize].protocol;
        self.messages[recipient].readers += 1;
        let size = self.messages[self.messages[recipient].message].size;
        let (every, _) = polled(protocol);
        let rhythm = every.unwrap_or(PollInterval::Fixed(RECONNECT));
        let place = (mailbox, reading);
        if !self.readers.boxes.contains_key(&place) {
            let mailbag = self.readers.new_mailbag(mailbox, device, rhythm, store);
            self.readers.boxes.insert(place, mailbag);
        }
        let now = self.now;
        let mailbag = self.readers.boxes.get_mut(&place).expect("just made");
        mailbag.waiting.push((Some(recipient), size));
        if mailbag.expected {
            return;
        }
        mailbag.expected = true;
        let at = if every.is_some() {
            mailbag.clock = mailbag.clock.skip_to(rhythm, now);
            mailbag.clock.next()
        } else {
            now
        };
        self.schedule(at, Class::Start, Event::Visit { mailbox, reading });
    }

    /// A reader visits a mailbox in which mail waits.
    pub(super) fn visit(&mut self, mailbox: Mailbox, reading: u32) {
        let habit = &self.readers.readings[reading as usize];
        let (protocol, from, junk) = (habit.protocol, habit.from, habit.junk);
        let (every, _) = polled(protocol);
        let rhythm = every.unwrap_or(PollInterval::Fixed(RECONNECT));
        let now = self.now;
        let place = (mailbox, reading);
        let Some(store) = self.readers.boxes.get(&place).map(|mailbag| mailbag.store) else {
            return;
        };
        let path = self.path_to_store(from, store);
        let alone = self.readers.devices(mailbox, junk).nth(1).is_none();
        let mailbag = self.readers.boxes.get_mut(&place).expect("it was there");
        let Some((round_trip, rate, pair)) = path else {
            let next = mailbag.clock.skip_to(rhythm, now + SimDuration::from_nanos(1));
            let at = if every.is_some() { next.next() } else { now + RECONNECT };
            mailbag.clock = next;
            self.schedule(at, Class::Start, Event::Visit { mailbox, reading });
            return;
        };
        let waiting = std::mem::take(&mut mailbag.waiting);
        let sizes: Vec<Octets> = waiting.iter().map(|(_, size)| *size).collect();
        let mut fetched: Vec<Fetched> = Vec::new();
        let cost = visit(protocol, round_trip, rate, &sizes, &mut fetched);
        let over = now + cost.duration;
        if let Some(cut) = self.cut_short(from, store, pair, over) {
            self.visit_again(place, protocol, cut, waiting, &fetched);
            return;
        }
        let held = !alone && matches!(protocol, Protocol::Pop3 { delete: true, .. });
        let mailbag = self.readers.boxes.get_mut(&place).expect("it was there");
        mailbag.clock = mailbag.clock.after_mail(rhythm).skip_to(rhythm, over);
        mailbag.expected = false;
        if held {
            mailbag.deleting.extend(waiting.iter().filter_map(|(recipient, _)| *recipient));
        }
        for ((recipient, _), fetched) in waiting.into_iter().zip(fetched) {
            if let Some(recipient) = recipient {
                let event = Event::Fetched { recipient, reading, held };
                self.schedule(now + fetched.offset, Class::End, event);
            }
        }
        if held {
            self.schedule(over, Class::End, Event::Expunged { mailbox, reading });
        }
    }

    /// A POP3 session that deletes is over: at QUIT the messages go (RFC 1939 §6), and other
    /// devices that have not fetched them never will.
    pub(super) fn expunged(&mut self, mailbox: Mailbox, reading: u32) {
        let Some(mailbag) = self.readers.boxes.get_mut(&(mailbox, reading)) else {
            return;
        };
        let deleted = std::mem::take(&mut mailbag.deleting);
        let others = self.readers.boxes.range_mut((mailbox, 0)..=(mailbox, u32::MAX));
        for (_, other) in others.filter(|((_, device), _)| *device != reading) {
            other.waiting.retain(|(recipient, _)| {
                let gone = recipient.is_some_and(|recipient| deleted.contains(&recipient));
                if let (true, Some(recipient)) = (gone, *recipient) {
                    self.messages[recipient].readers -= 1;
                }
                !gone
            });
        }
        for recipient in deleted {
            self.messages[recipient].readers -= 1;
            self.close_if_over(recipient);
        }
    }

    /// Returns when a visit from now until `over` loses its connection: when the store or the reader
    /// goes down or is cut off.
    fn cut_short(
        &self,
        from: Option<HostId>,
        store: HostId,
        pair: Pair,
        over: SimTime,
    ) -> Option<SimTime> {
        let mut breaks: Vec<SimTime> = Vec::new();
        for host in from.into_iter().chain([store]) {
            let crash = self.faults.crashes[host.index()].next_begin(self.now, over);
            let cut = self.faults.cut[host.index()].next_begin(self.now, over);
            breaks.extend(crash.map(|entry| entry.0.from));
            breaks.extend(cut.map(|entry| entry.0.from));
        }
        let path = self.reach.cut(pair, &self.faults.never).next_begin(self.now, over);
        breaks.extend(path.map(|entry| entry.0.from));
        breaks.into_iter().min()
    }

    /// A visit ends at `cut`. What had come is in the reader's hands; but POP3 deletes at QUIT only
    /// (RFC 1939 §6), so the next visit finds it again. The reader comes back at the next turn.
    fn visit_again(
        &mut self,
        (mailbox, reading): (Mailbox, u32),
        protocol: Protocol,
        cut: SimTime,
        waiting: Vec<(Option<RecipientId>, Octets)>,
        fetched: &[Fetched],
    ) {
        let (every, _) = polled(protocol);
        let rhythm = every.unwrap_or(PollInterval::Fixed(RECONNECT));
        let deletes = matches!(protocol, Protocol::Pop3 { delete: true, .. });
        let mut left: Vec<(Option<RecipientId>, Octets)> = Vec::new();
        for ((recipient, size), fetched) in waiting.into_iter().zip(fetched) {
            let at = self.now + fetched.offset;
            if at > cut {
                left.push((recipient, size));
                continue;
            }
            if let Some(recipient) = recipient {
                let event = Event::Fetched { recipient, reading, held: false };
                self.schedule(at, Class::End, event);
            }
            if deletes {
                left.push((None, size));
            }
        }
        let mailbag = self.readers.boxes.get_mut(&(mailbox, reading)).expect("it was there");
        left.append(&mut mailbag.waiting);
        mailbag.waiting = left;
        mailbag.clock = mailbag.clock.skip_to(rhythm, cut + SimDuration::from_nanos(1));
        let at = if every.is_some() { mailbag.clock.next() } else { cut + RECONNECT };
        self.schedule(at, Class::Start, Event::Visit { mailbox, reading });
    }

    /// Returns round trip, bandwidth and path between a reader and the store; none while it is down.
    fn path_to_store(
        &mut self,
        from: Option<HostId>,
        store: HostId,
    ) -> Option<(SimDuration, Option<BitRate>, Pair)> {
        let now: SimTime = self.now;
        let down = |host: HostId| {
            self.faults.cut[host.index()].at(now).is_some()
                || self.faults.crashes[host.index()].at(now).is_some()
        };
        if down(store) || from.is_some_and(down) {
            return None;
        }
        let pair = from.and_then(|from| self.reach.pair(from, store, &self.faults));
        if self.reach.cut(pair, &self.faults.never).at(now).is_some() {
            return None;
        }
        let path = self.reach.path(pair, now)?;
        Some((path.latency * 2, path.rate, pair))
    }

    /// A message is in its reader's hands.
    pub(super) fn fetched(&mut self, recipient: RecipientId, reading: u32, held: bool) {
        let (_, protocol) = polled(self.readers.readings[reading as usize].protocol);
        self.messages[recipient].read = true;
        self.state(&Fact::Retrieved { recipient, protocol, reading });
        if !held {
            self.messages[recipient].readers -= 1;
            self.close_if_over(recipient);
        }
    }
}
