//! Hosts whose part real servers play: what hosts of the run hand out to them, and what they answer.
//!
//! Up to the connection such a host is one of the run: its name is looked up, its outages and the line to
//! it apply, and its sessions are counted. What is said then is said to the real server, in a time that
//! the run does not know: the try waits until its answer comes, which is an input with a virtual time
//! like those of callers. Each message has a real connection of its own. What the server takes has left
//! the network, and counts as delivered at that host.

use std::collections::BTreeMap;

use crate::engine::Handle;
use crate::mail::{AttemptOutcome, HostId, Mailbox, MessageKey, RecipientId, Stage, Status};
use crate::scenario::{Answered, ErrandId};
use crate::smtp::{Failure, Transaction, failure_by};
use crate::trace::{Fact, FactSink, FinalOutcome};
use crate::units::Octets;

use super::attempt::conversation::Step;
use super::attempt::run::{Purpose, Run};
use super::world::World;

/// A message that a host hands out to a real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Its name.
    pub id: ErrandId,
    /// The host that hands it out.
    pub client: HostId,
    /// The host whose part the real server plays.
    pub server: HostId,
    /// The message.
    pub message: MessageKey,
    /// Its reverse path; none: the null path.
    pub sender: Option<Mailbox>,
    /// Its recipients there.
    pub recipients: Vec<Mailbox>,
    /// Octets of header and body, as the client holds it.
    pub size: Octets,
}

/// Tries that wait for the answer of a real server.
#[derive(Debug, Default)]
pub(super) struct Outside {
    waiting: BTreeMap<ErrandId, Handle>,
    /// Those that nobody has been told of.
    untold: Vec<Errand>,
}

impl Outside {
    /// Returns the errands that have come up since this was asked last, and still wait.
    pub(super) fn errands(&mut self) -> Vec<Errand> {
        let mut errands = std::mem::take(&mut self.untold);
        errands.retain(|errand| self.waiting.contains_key(&errand.id));
        errands
    }
}

impl<S: FactSink> World<'_, '_, S> {
    /// A session with a real server comes to its next step. Nothing is said but with a message; then
    /// the try waits.
    pub(super) fn meet_outside(&mut self, run: &Run, step: Step) {
        let now = self.now;
        let opens = matches!(run.purpose, Purpose::Opening { .. });
        if step == Step::Quit || opens {
            let at = if opens { run.connected.max(now) } else { now };
            self.schedule_end(run, at);
            return;
        }
        let target = run.target.expect("a try has a target");
        let id = ErrandId { delivery: run.number, number: run.tries };
        let message = &self.messages[run.message];
        let errand = Errand {
            id,
            client: run.client,
            server: target.host,
            message: message.key(),
            sender: message.sender(),
            recipients: run.mailboxes.clone(),
            size: run.size,
        };
        self.outside.waiting.insert(id, run.handle);
        // Where nobody plays, nobody asks.
        if self.outside.untold.len() < MOST_UNTOLD {
            self.outside.untold.push(errand);
        }
    }

    /// A real server has answered. A client that has gone down meanwhile does not hear it.
    pub(super) fn outside_answered(&mut self, answered: &Answered) {
        let Some(handle) = self.outside.waiting.remove(&answered.id) else { return };
        self.with_run(handle, |world, run| {
            if (ErrandId { delivery: run.number, number: run.tries }) == answered.id {
                world.hear_answer(run, answered);
            }
        });
    }

    fn hear_answer(&mut self, run: &mut Run, answered: &Answered) {
        let now = self.now;
        let client = self.config_of(run).client;
        let at = now.max(run.connected);
        let (stage, outcome) = (answered.stage, answered.outcome);
        let failure = match (outcome, answered.reply) {
            (AttemptOutcome::Accepted, _) => None,
            (_, Some(reply)) => Some(failure_by(client, reply, at, stage)),
            (outcome, None) => {
                let unreached = stage == Stage::Connect;
                let status = if unreached { Status::NO_ANSWER } else { Status::BAD_CONNECTION };
                Some(Failure { at, stage, outcome, reply: None, status })
            }
        };
        run.replies.clear();
        run.replies.extend(answered.recipients.iter().copied().take(run.recipients.len()));
        run.replies.resize(run.recipients.len(), None);
        run.sessions += u32::from(stage > Stage::Greeting);
        run.marks.connected = run.connected;
        for (reached, mark) in [
            (Stage::Greeting, &mut run.marks.greeting),
            (Stage::Ehlo, &mut run.marks.ehlo),
            (Stage::Mail, &mut run.marks.mail),
            (Stage::Rcpt, &mut run.marks.rcpt),
            (Stage::Data, &mut run.marks.data),
            (Stage::Dot, &mut run.marks.dot),
        ] {
            if reached < stage
                || (reached == stage && (failure.is_none() || answered.reply.is_some()))
            {
                *mark = at;
            }
        }
        let sent = stage == Stage::Dot;
        run.transaction = Some(Transaction {
            ended: at,
            failure,
            accepted_at: (sent && failure.is_none()).then_some(at),
            dot_sent: if sent { at } else { crate::units::SimTime::MAX },
            octets: if sent { run.size } else { Octets::ZERO },
            open: false,
            takes_leave: false,
        });
        let connections = &mut self.attempts.connections;
        let connection = run.connection.and_then(|connection| connections.get_mut(connection));
        let Some(connection) = connection else { return };
        connection.transactions += 1;
        run.ordinal_on_connection = connection.transactions;
        self.conclude(run);
    }

    /// Recipients leave the network: a real server answers for them from now on.
    pub(super) fn leave_network(&mut self, host: HostId, fields: u32, recipients: &[RecipientId]) {
        self.hosts[host.index()].totals.messages_accepted += 1;
        for &recipient in recipients {
            self.state(&Fact::Accepted {
                recipient,
                by: host,
                received_fields: fields,
                server: true,
            });
            let duplicate = self.messages[recipient].delivered > 0;
            self.messages[recipient].delivered += 1;
            self.messages.ledger.duplicates += u64::from(duplicate);
            self.state(&Fact::Final {
                recipient,
                host,
                outcome: FinalOutcome::Delivered,
                status: Status::SUCCESS,
                received_fields: fields,
                duplicate,
            });
            self.let_go(recipient);
        }
    }
}

/// No more tries are under way at once to real servers than this.
const MOST_UNTOLD: usize = 100_000;
