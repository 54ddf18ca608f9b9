//! What the tests of the model share: scenarios from text, runs, and what became of each recipient.
#![allow(dead_code, reason = "each test binary uses another part")]

use std::collections::BTreeMap;

use mailsim::mail::{
    AttemptOutcome, DomainId, HostId, MailboxNames as _, MessageKey, MessageKind, Stage, Status,
};
use mailsim::model::Scenario;
use mailsim::scenario::{Source, load};
use mailsim::simulation::{RunTotals, Simulation};
use mailsim::trace::{AttemptFact, Created, Fact, FactLog, FinalOutcome, Ledger, StillOpen};
use mailsim::units::{SimDuration, SimTime};

/// Reads a scenario; a test's own text must be right.
pub(crate) fn scenario(text: &str) -> Scenario {
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "test.toml", text, read_file: &nothing };
    match load(&source, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(problems) => panic!("{problems}\n{text}"),
    }
}

/// Reads a scenario and runs it.
pub(crate) fn run(text: &str) -> Run {
    Run::of(&scenario(text))
}

/// How one copy of a recipient's message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) at: SimTime,
    pub(crate) host: HostId,
    pub(crate) outcome: FinalOutcome,
    pub(crate) status: Status,
    pub(crate) received_fields: u32,
    pub(crate) duplicate: bool,
}

/// Everything that a run stated about one recipient of one message.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) at: SimTime,
    pub(crate) created: Created,
    /// Who took responsibility, when, and with how many Received fields.
    pub(crate) accepted: Vec<(SimTime, HostId, u32)>,
    pub(crate) attempts: Vec<AttemptFact>,
    pub(crate) endings: Vec<Ending>,
    pub(crate) retrieved: Option<SimTime>,
    pub(crate) open: Option<(StillOpen, HostId)>,
    pub(crate) closed: bool,
}

/// Where a recipient belongs in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Delivered,
    Failed,
    Discarded,
    Queued,
    InTransit,
}

impl Story {
    /// Returns the end by the rule of the contract: a delivery counts before anything else.
    pub(crate) fn end(&self) -> End {
        let ended = |outcome| self.endings.iter().any(|ending| ending.outcome == outcome);
        if ended(FinalOutcome::Delivered) {
            return End::Delivered;
        }
        match self.open {
            Some((StillOpen::Queued, _)) => End::Queued,
            Some((StillOpen::InTransit, _)) => End::InTransit,
            Some((StillOpen::Unread, _)) => panic!("unread but never delivered: {self:#?}"),
            None if ended(FinalOutcome::Failed) => End::Failed,
            None if ended(FinalOutcome::Discarded) => End::Discarded,
            None => panic!("closed without an end: {self:#?}"),
        }
    }

    /// Returns how many copies reached the mailbox.
    pub(crate) fn copies(&self) -> usize {
        let delivered = |ending: &&Ending| ending.outcome == FinalOutcome::Delivered;
        self.endings.iter().filter(delivered).count()
    }

    /// Returns the tries that touched the network or the DNS, made by `host`.
    pub(crate) fn tries_of(&self, host: HostId) -> Vec<AttemptFact> {
        let by = |fact: &&AttemptFact| {
            fact.from == host && !matches!(fact.stage, Stage::Suspended | Stage::Local)
        };
        self.attempts.iter().filter(by).copied().collect()
    }

    /// Returns whether some try left its client not knowing whether the server has the message.
    pub(crate) fn left_in_doubt(&self) -> bool {
        self.attempts.iter().any(|fact| {
            fact.stage == Stage::Dot
                && matches!(fact.outcome, AttemptOutcome::Lost | AttemptOutcome::Timeout)
        })
    }

    /// Returns the time from submission to the first delivery.
    pub(crate) fn latency(&self) -> SimDuration {
        let delivered = self.endings.iter().find(|e| e.outcome == FinalOutcome::Delivered);
        delivered.unwrap_or_else(|| panic!("not delivered: {self:#?}")).at.since(self.at)
    }

    /// Returns the one end of a story that has just one.
    pub(crate) fn only_ending(&self) -> Ending {
        assert_eq!(self.endings.len(), 1, "{self:#?}");
        self.endings[0]
    }
}

/// A finished run, its facts in order and by recipient.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) facts: Vec<(SimTime, Fact)>,
    pub(crate) stories: Vec<Story>,
    pub(crate) totals: RunTotals,
}

impl Run {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let mut log = FactLog::default();
        let totals = Simulation::new(scenario).run(&mut log);
        let stories = stories(&log.facts);
        Self { scenario: scenario.clone(), facts: log.facts, stories, totals }
    }

    pub(crate) fn host(&self, name: &str) -> HostId {
        let found = self.scenario.hosts.iter().position(|host| host.name == name);
        HostId::from_index(found.unwrap_or_else(|| panic!("no host {name}")))
    }

    pub(crate) fn domain(&self, name: &str) -> DomainId {
        let found = self.scenario.domains.iter().position(|domain| domain.name == name);
        DomainId::from_index(found.unwrap_or_else(|| panic!("no domain {name}")))
    }

    /// Returns the stories of people's mail.
    pub(crate) fn mail(&self) -> Vec<&Story> {
        self.of_kind(MessageKind::Mail)
    }

    pub(crate) fn of_kind(&self, kind: MessageKind) -> Vec<&Story> {
        self.stories.iter().filter(|story| story.created.kind == kind).collect()
    }

    /// Returns the one story of people's mail.
    pub(crate) fn only(&self) -> &Story {
        let mail = self.mail();
        assert_eq!(mail.len(), 1, "one recipient of one message");
        mail[0]
    }

    /// Returns the one story of mail to `address`.
    pub(crate) fn to(&self, address: &str) -> &Story {
        let mut mail = self.mail();
        mail.retain(|story| self.scenario.mailbox(story.created.mailbox) == address);
        assert_eq!(mail.len(), 1, "one message to {address}");
        mail[0]
    }

    pub(crate) fn failure_notices(&self) -> usize {
        self.of_kind(MessageKind::FailureNotice).len()
    }

    /// Returns the ledger that the run stated at its end.
    pub(crate) fn ledger(&self) -> Ledger {
        let stated = self.facts.iter().find_map(|(_, fact)| match fact {
            Fact::Ledger(ledger) => Some(*ledger),
            _ => None,
        });
        stated.expect("a run states its ledger")
    }
}

/// Sorts facts by recipient; slots that are used again begin a new story.
fn stories(facts: &[(SimTime, Fact)]) -> Vec<Story> {
    let mut stories: Vec<Story> = Vec::new();
    let mut slots: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, fact) in facts {
        let at = *at;
        if let Fact::Created(created) = fact {
            let used = slots.insert(created.recipient.0, stories.len());
            assert!(used.is_none(), "slot {:?} is still in use", created.recipient);
            stories.push(Story {
                at,
                created: *created,
                accepted: Vec::new(),
                attempts: Vec::new(),
                endings: Vec::new(),
                retrieved: None,
                open: None,
                closed: false,
            });
            continue;
        }
        let recipient = match fact {
            Fact::Accepted { recipient, .. }
            | Fact::Final { recipient, .. }
            | Fact::Retrieved { recipient, .. }
            | Fact::Closed { recipient }
            | Fact::Open { recipient, .. } => *recipient,
            Fact::Attempt(attempt) => attempt.recipient,
            _ => continue,
        };
        let index = slots.get(&recipient.0).copied();
        let index = index.unwrap_or_else(|| panic!("{at:?}: nobody is in {recipient:?}: {fact:?}"));
        let story = &mut stories[index];
        match fact {
            Fact::Accepted { by, received_fields, .. } => {
                story.accepted.push((at, *by, *received_fields));
            }
            Fact::Attempt(attempt) => story.attempts.push(*attempt),
            Fact::Final { host, outcome, status, received_fields, duplicate, .. } => {
                story.endings.push(Ending {
                    at,
                    host: *host,
                    outcome: *outcome,
                    status: *status,
                    received_fields: *received_fields,
                    duplicate: *duplicate,
                });
            }
            Fact::Retrieved { .. } => {
                story.retrieved.get_or_insert(at);
            }
            Fact::Closed { .. } => {
                story.closed = true;
                slots.remove(&recipient.0);
            }
            Fact::Open { state, host, .. } => {
                story.open = Some((*state, *host));
                slots.remove(&recipient.0);
            }
            _ => {}
        }
    }
    assert!(slots.is_empty(), "stories without an end: {slots:?}");
    stories
}

/// What happened to each recipient of each message.
pub(crate) type Tale = BTreeMap<(MessageKey, String), Vec<String>>;

/// What happened to all mail, told without the numbers of slots and deliveries: by message
/// and recipient, so that two runs can be compared message by message.
pub(crate) fn tale(run: &Run) -> Tale {
    let mut tale = BTreeMap::new();
    for story in &run.stories {
        let name = (story.created.key, run.scenario.mailbox(story.created.mailbox));
        let host = |id: HostId| run.scenario.host(id);
        let mut lines = vec![format!("{:?} {:?}", story.at, story.created.size)];
        for (at, by, fields) in &story.accepted {
            lines.push(format!("{at:?} accepted by {} with {fields}", host(*by)));
        }
        for fact in &story.attempts {
            let told = AttemptFact {
                delivery: 0,
                recipient: Default::default(),
                from: HostId(0),
                to: None,
                source: None,
                address: None,
                ..*fact
            };
            lines.push(format!("{} to {:?}: {told:?}", host(fact.from), fact.to.map(host)));
        }
        for e in &story.endings {
            let fields = e.received_fields;
            lines.push(format!(
                "{:?} {:?} at {} {} {fields}",
                e.at,
                e.outcome,
                host(e.host),
                e.status
            ));
        }
        lines.push(format!("{:?}", story.open.map(|(state, by)| (state, host(by)))));
        assert!(tale.insert(name, lines).is_none(), "names are unique");
    }
    tale
}

/// Returns the moment `seconds` after the start.
pub(crate) fn at(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// Returns a span of seconds.
pub(crate) fn secs(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}
