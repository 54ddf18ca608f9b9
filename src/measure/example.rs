//! Facts made up for tests: a four-hour outage of the only exchanger, without any simulation.

use crate::mail::{
    AttemptOutcome, DomainId, HostId, Mailbox, MailboxNames, MessageId, MessageKey, MessageKind,
    RecipientId, Reply, Stage, Status,
};
use crate::trace::{
    AttemptFact, Created, Fact, FinalOutcome, HostTotals, OutageFact, QueueSample,
    RetrievalProtocol, SessionMarks, StillOpen, Use,
};
use crate::units::{Octets, SimDuration, SimTime};

use super::recorder::RunFrame;
use super::summary::ProfileEvidence;

pub(crate) const MUA: HostId = HostId(0);
pub(crate) const SENDER: HostId = HostId(1);
pub(crate) const MX: HostId = HostId(2);

/// Names of three hosts and two domains.
pub(crate) struct Names;

impl MailboxNames for Names {
    fn write_mailbox(&self, mailbox: Mailbox, out: &mut Vec<u8>) {
        let local = if mailbox.local == 0 { "bob".to_owned() } else { mailbox.local.to_string() };
        out.extend(format!("{local}@{}", self.domain(mailbox.domain)).bytes());
    }

    fn domain(&self, domain: DomainId) -> &str {
        ["sender.example", "recipient.example"][domain.index()]
    }

    fn host(&self, host: HostId) -> &str {
        ["laptop.sender.example", "smtp.sender.example", "mx1.recipient.example"][host.index()]
    }
}

pub(crate) fn frame(duration: SimDuration) -> RunFrame {
    RunFrame {
        scenario: "primary-outage".to_owned(),
        title: "The primary MX is down for four hours".to_owned(),
        seed: 42,
        duration,
        replications: 1,
        profiles: vec![ProfileEvidence {
            profile: "postfix".to_owned(),
            version: "3.7.11".to_owned(),
            evidence: "recorded".to_owned(),
            hosts: 2,
        }],
    }
}

pub(crate) fn secs(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

pub(crate) fn key(ordinal: u64) -> MessageKey {
    MessageKey::Mail { entry: 0, ordinal }
}

/// A recipient `slot` of message `ordinal`, submitted by the MUA to bob.
pub(crate) fn created(slot: u32, ordinal: u64) -> Fact {
    Fact::Created(Created {
        recipient: RecipientId(slot),
        message: MessageId(slot),
        mailbox: Mailbox { domain: DomainId(1), local: 0 },
        key: key(ordinal),
        kind: MessageKind::Mail,
        about: None,
        sender: Some(Mailbox { domain: DomainId(0), local: 1 }),
        size: Octets(75_000),
        host: MUA,
        unread: false,
    })
}

pub(crate) fn accepted(slot: u32, by: HostId, received_fields: u32) -> Fact {
    Fact::Accepted { recipient: RecipientId(slot), by, received_fields, server: by != MUA }
}

pub(crate) fn attempt(
    slot: u32,
    from: HostId,
    to: HostId,
    (started, ended): (SimTime, SimTime),
    outcome: AttemptOutcome,
) -> AttemptFact {
    let accepted = outcome == AttemptOutcome::Accepted;
    AttemptFact {
        delivery: 1,
        recipient: RecipientId(slot),
        from,
        to: Some(to),
        address: Some(0),
        source: None,
        preference: (to == MX).then_some(10),
        started,
        ended,
        stage: if accepted { Stage::Dot } else { Stage::Connect },
        outcome,
        reply: accepted.then_some(Reply::ACCEPTED),
        status: if accepted { Status::SUCCESS } else { Status::NO_ANSWER },
        next_attempt: None,
        marks: SessionMarks { connected: started, ..SessionMarks::NONE },
        transaction: 1,
        recipients: 1,
        port: 25,
        octets: Octets(75_400),
    }
}

pub(crate) fn ended(slot: u32, host: HostId, outcome: FinalOutcome, fields: u32) -> Fact {
    Fact::Final {
        recipient: RecipientId(slot),
        host,
        outcome,
        status: match outcome {
            FinalOutcome::Delivered => Status::SUCCESS,
            _ => Status::NO_ANSWER,
        },
        received_fields: fields,
        duplicate: false,
    }
}

pub(crate) fn totals(host: HostId, over: SimDuration) -> HostTotals {
    let offered = 2 * u128::from(over.as_nanos());
    HostTotals {
        host,
        inbound_sessions: 10,
        outbound_sessions: 12,
        octets_in: Octets(1_000),
        octets_out: Octets(2_000),
        attempts: 15,
        suspensions: 1,
        messages_accepted: 9,
        peak_inbound_sessions: 3,
        peak_queue: 5,
        queue_time: 0,
        inbound_busy: SimDuration::from_secs(50),
        inbound_use: Use { busy: SimDuration::from_secs(50), offered },
        delivery_busy: SimDuration::from_secs(30),
        delivery_use: Use::default(),
        downtime: SimDuration::from_secs(7),
    }
}

/// Facts of a day with `messages` messages to bob and the exchanger down from hour 2 to hour 6.
/// Failed tries are made again after as long as the message is old (at least 300 s).
pub(crate) fn outage_day(messages: u64) -> Vec<(SimTime, Fact)> {
    let (from, to) = (secs(7_200), secs(21_600));
    let mut facts = vec![(
        SimTime::ZERO,
        Fact::Outage(OutageFact {
            entry: 0,
            target: "mx1.recipient.example".to_owned(),
            mode: "blackhole".to_owned(),
            hosts: vec![MX],
            from,
            to,
        }),
    )];
    let mut queued: Vec<(SimTime, SimTime)> = Vec::new();
    // A small congruential generator: only variety matters here.
    let mut random = 12_345_u64;
    let mut below = |limit: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    for number in 0..messages {
        let slot = number as u32;
        let submitted =
            secs(number * 86_000 / messages.max(1)) + SimDuration::from_millis(below(9_000));
        let taken = submitted + SimDuration::from_millis(200 + below(900));
        facts.push((submitted, created(slot, number)));
        facts.push((taken, accepted(slot, SENDER, 1)));
        let submission = attempt(slot, MUA, SENDER, (submitted, taken), AttemptOutcome::Accepted);
        facts.push((taken, Fact::Attempt(submission)));
        let mut now = taken + SimDuration::from_millis(20 + below(300));
        while from <= now && now < to {
            let over = now + SimDuration::from_secs(30);
            let mut failed = attempt(slot, SENDER, MX, (now, over), AttemptOutcome::Timeout);
            let wait = (over - submitted).max(SimDuration::from_secs(300));
            let next =
                over + wait.min(SimDuration::from_secs(4_000)) + SimDuration::from_secs(below(300));
            failed.next_attempt = Some(next);
            facts.push((over, Fact::Attempt(failed)));
            now = next;
        }
        let end = now + SimDuration::from_millis(120 + below(2_000));
        queued.push((taken, end));
        facts.push((
            end,
            Fact::Attempt(attempt(slot, SENDER, MX, (now, end), AttemptOutcome::Accepted)),
        ));
        facts.push((end, accepted(slot, MX, 2)));
        facts.push((end, ended(slot, MX, FinalOutcome::Delivered, 2)));
        let read = end + SimDuration::from_secs(below(600));
        if read < secs(86_400) {
            let protocol = RetrievalProtocol::Imap;
            facts.push((
                read,
                Fact::Retrieved {
                    recipient: RecipientId(slot),
                    protocol,
                    reading: 0,
                    removed: None,
                },
            ));
            facts.push((read, Fact::Closed { recipient: RecipientId(slot) }));
        } else {
            let state = StillOpen::Unread;
            facts
                .push((secs(86_400), Fact::Open { recipient: RecipientId(slot), state, host: MX }));
        }
    }
    for step in 0..=240 {
        let at = secs(step * 360);
        let waiting = queued.iter().filter(|(taken, end)| *taken <= at && at < *end).count() as u64;
        for host in [SENDER, MX] {
            let sample = QueueSample {
                host,
                incoming: 0,
                active: 0,
                deferred: if host == SENDER { waiting } else { 0 },
                inbound_sessions: 0,
                outbound_sessions: 0,
            };
            facts.push((at, Fact::Queues(sample)));
        }
    }
    for host in [SENDER, MX] {
        facts.push((secs(86_400), Fact::Host(totals(host, SimDuration::from_secs(86_400)))));
    }
    facts.sort_by_key(|(at, _)| *at);
    facts
}
