//! Readers fetch their mail.

use std::collections::BTreeMap;

use crate::access::{Fetched, PollClock, PollInterval, Protocol, Reading, visit};
use crate::engine::Class;
use crate::mail::{HostId, Mailbox, MessageKey, RecipientId};
use crate::model::Scenario;
use crate::network::Bandwidth;
use crate::random::{Draw as _, Purpose, PurposeStreams, Streams};
use crate::trace::{Fact, FactSink, RetrievalProtocol};
use crate::units::{Octets, SimDuration, SimTime};

use super::attempt::draws::{key, name_key};
use super::world::World;
use super::world::event::Event;
use super::world::reach::Pair;

/// How mailboxes are read, and those in which mail waits.
#[derive(Debug)]
pub(super) struct Readers {
    /// By domain: positions in the scenario's list of readings.
    by_domain: BTreeMap<u32, Vec<u32>>,
    readings: Vec<Reading>,
    /// By mailbox and the reading that visits it: several devices may share a mailbox.
    boxes: BTreeMap<(Mailbox, u32), Mailbag>,
    /// Messages that have come into mailboxes.
    arrivals: u64,
    streams: PurposeStreams,
    /// Stand for the names of the domains in the keys of draws.
    domain_keys: Vec<u64>,
}

/// Mail that waits for one device of its reader, and the rhythm of its visits.
#[derive(Debug)]
struct Mailbag {
    clock: PollClock,
    store: HostId,
    /// Messages in the maildrop that a visit would fetch.
    waiting: Vec<Waiting>,
    /// Messages in the maildrop that the device has, and has left there.
    left: u64,
    /// Whether a visit is scheduled.
    expected: bool,
    /// Until when the latest visit lasts.
    busy: SimTime,
}

/// A message in the maildrop that a device has not fetched, or could not delete.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Its unique id, the same for all devices (UIDL, RFC 1939 §7).
    uid: u64,
    /// None: it is in the reader's hands already, but a visit that was cut short could not delete
    /// it.
    recipient: Option<RecipientId>,
    size: Octets,
    /// From when on it is gone, because another device deletes it.
    gone: SimTime,
}

impl Readers {
    pub(super) fn new(scenario: &Scenario, streams: &Streams) -> Self {
        let mut by_domain: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (index, reading) in (0..).zip(&scenario.reading) {
            by_domain.entry(reading.first.domain.0).or_default().push(index);
        }
        Self {
            by_domain,
            readings: scenario.reading.clone(),
            boxes: BTreeMap::new(),
            arrivals: 0,
            streams: streams.purpose(Purpose::Reading),
            domain_keys: scenario.domains.iter().map(|domain| name_key(&domain.name)).collect(),
        }
    }

    /// Returns whether anybody reads the mailbox.
    #[inline]
    pub(super) fn reads(&self, mailbox: Mailbox) -> bool {
        [false, true].into_iter().any(|junk| self.next_device(mailbox, junk, 0).is_some())
    }

    /// Returns the host that keeps mail for the mailbox, once some has come.
    pub(super) fn store(&self, mailbox: Mailbox) -> Option<HostId> {
        let mut bags = self.boxes.range((mailbox, 0)..=(mailbox, u32::MAX));
        bags.next().map(|(_, mailbag)| mailbag.store)
    }

    /// Returns the first reading of the mailbox's inbox, or of its folder Junk, at or after this place
    /// among those of its domain, and the place after it.
    #[inline]
    fn next_device(&self, mailbox: Mailbox, junk: bool, place: usize) -> Option<(u32, usize)> {
        let indices = self.by_domain.get(&mailbox.domain.0)?;
        (place..indices.len()).find_map(|place| {
            let reading = &self.readings[indices[place] as usize];
            let first = reading.first.local;
            let covered = mailbox.local >= first && mailbox.local - first < reading.count;
            (covered && reading.junk == junk).then_some((indices[place], place + 1))
        })
    }

    /// Returns an empty mailbag. The phase of its visits goes by the mailbox and the device's name, so
    /// another device in the file does not change it.
    fn new_mailbag(&self, mailbox: Mailbox, reading: u32, store: HostId) -> Mailbag {
        let Reading { protocol, device, .. } = &self.readings[reading as usize];
        let (every, _) = polled(*protocol);
        let every = rhythm(every);
        let domain = self.domain_keys[mailbox.domain.index()];
        let name = match device.as_str() {
            "" => key(&[domain, u64::from(mailbox.local)]),
            device => key(&[domain, u64::from(mailbox.local), name_key(device)]),
        };
        let range = PollClock::phase_range(every).as_nanos().max(1);
        let phase = SimDuration::from_nanos(self.streams.at(name).below(range));
        let clock = PollClock::new(every, phase);
        Mailbag { clock, store, waiting: Vec::new(), left: 0, expected: false, busy: SimTime::ZERO }
    }

    /// A device deletes messages at `at`: the others of the mailbox will not find them any more.
    fn deleted(&mut self, mailbox: Mailbox, reading: u32, uids: &[u64], at: SimTime) {
        let bags = self.boxes.range_mut((mailbox, 0)..=(mailbox, u32::MAX));
        for (_, mailbag) in bags.filter(|((_, other), _)| *other != reading) {
            for uid in uids {
                match mailbag.waiting.iter_mut().find(|waiting| waiting.uid == *uid) {
                    Some(waiting) => waiting.gone = waiting.gone.min(at),
                    None => mailbag.left = mailbag.left.saturating_sub(1),
                }
            }
        }
    }
}

/// Returns the rhythm in which a device comes by itself: its interval, or how often it tries to
/// connect.
fn rhythm(every: Option<PollInterval>) -> PollInterval {
    every.unwrap_or(PollInterval::Fixed(RECONNECT))
}

/// Returns the interval of polling and the name of the protocol; none: mail is announced.
fn polled(protocol: Protocol) -> (Option<PollInterval>, RetrievalProtocol) {
    match protocol {
        Protocol::Pop3 { every, .. } => (Some(every), RetrievalProtocol::Pop3),
        Protocol::Imap { every } => (Some(every), RetrievalProtocol::Imap),
        Protocol::ImapIdle => (None, RetrievalProtocol::Imap),
    }
}

/// Returns whether a device takes what it fetches out of the maildrop.
fn deletes(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Pop3 { delete: true, .. })
}

/// How often a reader with IDLE tries to come back while the store is down.
const RECONNECT: SimDuration = SimDuration::from_secs(30);

impl<S: FactSink> World<'_, '_, S> {
    /// A message has come into a mailbox of `store`, or into its folder Junk: each device of its reader
    /// will fetch it.
    pub(super) fn await_reader(&mut self, store: HostId, recipient: RecipientId, junk: bool) {
        let mailbox = self.messages[recipient].mailbox;
        let size = self.messages[self.messages[recipient].message].size();
        let (uid, gone) = (self.mailboxes.readers.arrivals, SimTime::MAX);
        self.mailboxes.readers.arrivals += 1;
        let waiting = Waiting { uid, recipient: Some(recipient), size, gone };
        let mut place = 0;
        while let Some((reading, next)) = self.mailboxes.readers.next_device(mailbox, junk, place) {
            place = next;
            self.messages[recipient].readers += 1;
            self.await_device(store, mailbox, reading, waiting);
        }
    }

    fn await_device(&mut self, store: HostId, mailbox: Mailbox, reading: u32, waiting: Waiting) {
        if !self.mailboxes.readers.boxes.contains_key(&(mailbox, reading)) {
            let mailbag = self.mailboxes.readers.new_mailbag(mailbox, reading, store);
            self.mailboxes.readers.boxes.insert((mailbox, reading), mailbag);
        }
        let (every, _) = polled(self.mailboxes.readers.readings[reading as usize].protocol);
        let now = self.now;
        let mailbag = self.mailboxes.readers.boxes.get_mut(&(mailbox, reading)).expect("just made");
        mailbag.waiting.push(waiting);
        if mailbag.expected {
            return;
        }
        mailbag.expected = true;
        let at = if every.is_some() {
            mailbag.clock = mailbag.clock.skip_to(rhythm(every), now);
            mailbag.clock.next()
        } else {
            // It has one connection, and what comes while it fetches has to wait.
            now.max(mailbag.busy)
        };
        self.schedule(at, Class::Start, Event::Visit { mailbox, reading });
    }

    /// A device visits a mailbox in which mail waits for it.
    pub(super) fn visit(&mut self, mailbox: Mailbox, reading: u32) {
        let Reading { protocol, from, .. } = &self.mailboxes.readers.readings[reading as usize];
        let (protocol, from) = (*protocol, *from);
        let (every, _) = polled(protocol);
        let rhythm = rhythm(every);
        let now = self.now;
        let Some(mailbag) = self.mailboxes.readers.boxes.get(&(mailbox, reading)) else {
            return;
        };
        let (store, left) = (mailbag.store, mailbag.left);
        let path = self.path_to_store(from, store);
        let mailbag =
            self.mailboxes.readers.boxes.get_mut(&(mailbox, reading)).expect("it was there");
        let Some((round_trip, bandwidth, pair)) = path else {
            let next = mailbag.clock.skip_to(rhythm, now + SimDuration::from_nanos(1));
            let at = if every.is_some() { next.next() } else { now + RECONNECT };
            mailbag.clock = next;
            self.schedule(at, Class::Start, Event::Visit { mailbox, reading });
            return;
        };
        let mut waiting = std::mem::take(&mut mailbag.waiting);
        let gone: Vec<Waiting> = waiting.extract_if(.., |message| message.gone <= now).collect();
        if waiting.is_empty() {
            mailbag.clock = mailbag.clock.skip_to(rhythm, now + SimDuration::from_nanos(1));
            mailbag.expected = false;
            self.too_late(gone);
            return;
        }
        let sizes: Vec<Octets> = waiting.iter().map(|message| message.size).collect();
        let mut fetched: Vec<Fetched> = Vec::new();
        let cost = visit(protocol, round_trip, bandwidth, &sizes, left, &mut fetched);
        let over = now + cost.duration;
        if let Some(cut) = self.cut_short(from, store, pair, over) {
            self.visit_again(mailbox, reading, cut, waiting, &fetched);
            self.too_late(gone);
            return;
        }
        if deletes(protocol) {
            let uids: Vec<u64> = waiting.iter().map(|message| message.uid).collect();
            self.mailboxes.readers.deleted(mailbox, reading, &uids, over);
        }
        let mailbag =
            self.mailboxes.readers.boxes.get_mut(&(mailbox, reading)).expect("it was there");
        mailbag.clock = mailbag.clock.after_mail(rhythm).skip_to(rhythm, over);
        mailbag.left += if deletes(protocol) { 0 } else { waiting.len() as u64 };
        (mailbag.expected, mailbag.busy) = (false, over);
        for (message, fetched) in waiting.into_iter().zip(fetched) {
            if let Some(recipient) = message.recipient {
                let event = Event::Fetched { recipient, reading };
                self.schedule(now + fetched.offset, Class::End, event);
            }
        }
        self.too_late(gone);
    }

    /// A real reader takes a message out of a mailbox: the devices of the run will not find it any more.
    pub(super) fn taken_out(&mut self, mailbox: Mailbox, message: MessageKey) {
        let (messages, now) = (&self.messages, self.now);
        let is_it = |waiting: &&mut Waiting| {
            waiting
                .recipient
                .is_some_and(|recipient| messages[messages[recipient].message].key() == message)
        };
        let boxes = &mut self.mailboxes.readers.boxes;
        for (_, mailbag) in boxes.range_mut((mailbox, 0)..=(mailbox, u32::MAX)) {
            match mailbag.waiting.iter_mut().find(is_it) {
                Some(waiting) => waiting.gone = waiting.gone.min(now),
                None => mailbag.left = mailbag.left.saturating_sub(1),
            }
        }
    }

    /// A device comes for messages that another one has deleted.
    fn too_late(&mut self, gone: Vec<Waiting>) {
        for recipient in gone.into_iter().filter_map(|message| message.recipient) {
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
            let crash = self.ways.faults.crashes[host.index()].next_begin(self.now, over);
            let cut = self.ways.faults.cut[host.index()].next_begin(self.now, over);
            breaks.extend(crash.map(|entry| entry.0.from));
            breaks.extend(cut.map(|entry| entry.0.from));
        }
        let path = self.ways.reach.cut(pair, &self.ways.faults.never).next_begin(self.now, over);
        breaks.extend(path.map(|entry| entry.0.from));
        breaks.into_iter().min()
    }

    /// A visit ends at `cut`. What had come is in the reader's hands; but POP3 deletes at QUIT only
    /// (RFC 1939 §6), so the next visit finds it again. The reader comes back at the next turn.
    fn visit_again(
        &mut self,
        mailbox: Mailbox,
        reading: u32,
        cut: SimTime,
        waiting: Vec<Waiting>,
        fetched: &[Fetched],
    ) {
        let protocol = self.mailboxes.readers.readings[reading as usize].protocol;
        let (every, _) = polled(protocol);
        let rhythm = rhythm(every);
        let mut again: Vec<Waiting> = Vec::new();
        let mut left = 0;
        for (message, fetched) in waiting.into_iter().zip(fetched) {
            let at = self.now + fetched.offset;
            if at > cut {
                again.push(message);
                continue;
            }
            if let Some(recipient) = message.recipient {
                self.schedule(at, Class::End, Event::Fetched { recipient, reading });
            }
            if deletes(protocol) {
                again.push(Waiting { recipient: None, ..message });
            } else {
                left += 1;
            }
        }
        let mailbag =
            self.mailboxes.readers.boxes.get_mut(&(mailbox, reading)).expect("it was there");
        again.append(&mut mailbag.waiting);
        mailbag.waiting = again;
        mailbag.left += left;
        mailbag.clock = mailbag.clock.skip_to(rhythm, cut + SimDuration::from_nanos(1));
        let at = if every.is_some() { mailbag.clock.next() } else { cut + RECONNECT };
        self.schedule(at, Class::Start, Event::Visit { mailbox, reading });
    }

    /// Returns round trip, bandwidth and path between a reader and the store; none while it is down.
    fn path_to_store(
        &mut self,
        from: Option<HostId>,
        store: HostId,
    ) -> Option<(SimDuration, Bandwidth, Pair)> {
        let now: SimTime = self.now;
        let down = |host: HostId| {
            self.ways.faults.cut[host.index()].at(now).is_some()
                || self.ways.faults.crashes[host.index()].at(now).is_some()
        };
        if down(store) || from.is_some_and(down) {
            return None;
        }
        let pair = from.and_then(|from| self.ways.reach.pair(from, store, &self.ways.faults));
        if self.ways.reach.cut(pair, &self.ways.faults.never).at(now).is_some() {
            return None;
        }
        let path = self.ways.reach.path(pair, now)?;
        Some((path.latency * 2, path.bandwidth, pair))
    }

    /// A message is in its reader's hands, at one device.
    pub(super) fn fetched(&mut self, recipient: RecipientId, reading: u32) {
        let how = self.mailboxes.readers.readings[reading as usize].protocol;
        let (_, protocol) = polled(how);
        self.messages[recipient].readers -= 1;
        self.messages[recipient].note_read();
        let mailbox = self.messages[recipient].mailbox;
        // A visit that will be cut short is over for nobody.
        let over =
            self.mailboxes.readers.boxes.get(&(mailbox, reading)).map(|mailbag| mailbag.busy);
        let removed = over.filter(|&over| deletes(how) && over >= self.now);
        self.state(&Fact::Retrieved { recipient, protocol, reading, removed });
        self.close_if_over(recipient);
    }
}
