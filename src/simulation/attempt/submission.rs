//! Mail user agents: writing, the outbox, and submission sessions.

use crate::engine::Class;
use crate::mail::{AttemptOutcome, MessageId, MessageKey, MessageKind, Stage};
use crate::smtp::WEB_PORT;
use crate::trace::{FactSink, FinalOutcome};

use super::delivery::accepted_at_rcpt;
use super::run::{Phase, Purpose, Run, Unsent};
use crate::simulation::world::World;
use crate::simulation::world::event::Event;
use crate::simulation::world::messages::{Column, Message};

/// What the client of a session does; mail programs differ in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Habits {
    /// Where it connects to.
    pub(crate) port: u16,
    /// Only mail programs do, and not on port 25.
    pub(crate) authenticates: bool,
    /// Whether it asks VRFY first.
    pub(crate) verifies: bool,
    /// Whether it declares the size: a mail program that does, and every MTA.
    pub(crate) declares_size: bool,
}

impl<S: FactSink> World<'_, '_, S> {
    /// Schedules the writing of an entry's next message.
    pub(crate) fn prepare_next(&mut self, entry: usize) {
        if let Some(at) = self.sources[entry].messages.message().map(|next| next.at) {
            let entry = u32::try_from(entry).expect("fewer than 2^32 entries");
            self.schedule(at, Class::Start, Event::Compose { entry });
        }
    }

    /// The next message of an entry is written, with all others of the same instant, and goes out.
    pub(crate) fn compose(&mut self, entry: usize) {
        let settings = &self.sources[entry].submission;
        let client = settings.client.unwrap_or(settings.server);
        let purpose = Purpose::Submission { entry: u32::try_from(entry).unwrap_or(u32::MAX) };
        // Messages of one instant are dealt out over so many sessions at once. Where a session takes
        // fewer messages than are its share, another follows it.
        let lanes = settings.parallel_sessions.max(1) as usize;
        let mut runs = std::mem::take(&mut self.attempts.written);
        let mut count = 0;
        while let Some(message) = self.write(entry) {
            let lane = count % lanes;
            if runs.len() <= lane {
                runs.push(self.new_run(purpose, client));
            }
            runs[lane].outbox.push(Unsent { message, offers: 0 });
            count += 1;
            self.sources[entry].messages.advance();
            if self.sources[entry].messages.message().is_none_or(|next| next.at > self.now) {
                break;
            }
        }
        self.prepare_next(entry);
        for mut run in runs.drain(..) {
            run.outbox.reverse();
            self.submit_next(&mut run);
            self.attempts.runs.put_back(run);
        }
        self.attempts.written = runs;
    }

    /// Makes the message that the entry has at hand.
    fn write(&mut self, entry: usize) -> Option<MessageId> {
        let source = &self.sources[entry];
        let submission = &source.submission;
        let client = submission.client.unwrap_or(submission.server);
        let next = source.messages.message()?;
        let number = u32::try_from(entry).unwrap_or(u32::MAX);
        let key = MessageKey::Mail { entry: number, ordinal: next.ordinal };
        let (sender, fields) = (Some(next.from), source.received_fields);
        let message =
            self.messages.add(Message::new(key, MessageKind::Mail, sender, next.size, fields));
        for place in (0..next.to.len()).rev() {
            let mailbox = self.sources[entry].messages.message()?.to[place];
            let recipient = self.create_recipient(client, message, mailbox, None);
            self.messages[recipient].set_in_outbox(true);
        }
        Some(message)
    }

    /// Hands over the next message of a submission session, on its connection if it has one.
    fn submit_next(&mut self, run: &mut Run) {
        if !self.hosts[run.client.index()].up {
            self.rest(run);
            return;
        }
        let Some(Unsent { message, offers }) = run.outbox.pop() else {
            self.rest_or_end(run);
            return;
        };
        let letter = self.messages[message];
        run.message = message;
        run.round = offers + 1;
        run.size = letter.size();
        run.received_fields = letter.received_fields();
        run.begun = self.now;
        run.recipients.clear();
        run.mailboxes.clear();
        for recipient in self.messages.recipients_of(message) {
            if self.messages[recipient].in_outbox() {
                run.recipients.push(recipient);
                run.mailboxes.push(self.messages[recipient].mailbox);
            }
        }
        self.attempts.deliveries += 1;
        run.number = self.attempts.deliveries;
        let open = run.connection.is_some();
        if open {
            let target = run.target;
            self.go_on(run, target);
        } else {
            run.phase = Phase::Beginning;
            (run.sessions, run.handed, run.server) = (0, 0, 0);
            self.proceed(run);
        }
    }

    /// Another message over the same connection.
    fn go_on(&mut self, run: &mut Run, target: Option<super::run::Target>) {
        let connection = run.connection;
        run.phase = Phase::Trying;
        run.tries += 1;
        run.started = self.now;
        run.marks = crate::trace::SessionMarks::NONE;
        (run.target, run.connection) = (target, connection);
        run.transaction = None;
        run.failure = None;
        run.replies.clear();
        run.replies.resize(run.recipients.len(), None);
        for &recipient in &run.recipients {
            self.messages[recipient].sessions += 1;
            self.messages.settle(recipient, Column::Failed);
        }
        let client = run.client;
        self.begin_outbound(client);
        self.continue_session(run);
    }

    /// Returns the port a run connects to.
    pub(crate) fn port_of(&self, run: &Run) -> u16 {
        self.habits_of(run).port
    }

    /// Returns what a run's client does in its session.
    #[inline]
    pub(crate) fn habits_of(&self, run: &Run) -> Habits {
        let Purpose::Submission { entry } = run.purpose else {
            return Habits { port: 25, authenticates: false, verifies: false, declares_size: true };
        };
        let submission = &self.sources[entry as usize].submission;
        let port = submission.port;
        Habits {
            port,
            authenticates: submission.authenticates && port != 25,
            verifies: submission.verifies && port != WEB_PORT,
            declares_size: submission.declares_size,
        }
    }

    /// The address or server at hand is of no use: the mail program tries the next one.
    fn go_elsewhere(&mut self, run: &mut Run) {
        let (client, count) = (run.client, run.recipients.len());
        let accepted = accepted_at_rcpt(run);
        for index in 0..count {
            self.state_attempt(run, (index, accepted), None);
            self.hosts[client.index()].totals.attempts += 1;
        }
        self.close_run_connection(run);
    }

    /// A submission has been tried: settles its recipients and goes on with the session.
    pub(crate) fn submission_tried(&mut self, run: &mut Run) {
        let Purpose::Submission { entry } = run.purpose else {
            return;
        };
        let unreached = run.failure.is_some_and(|failure| failure.stage == Stage::Connect);
        if unreached && run.next_target < run.targets.len() {
            self.go_elsewhere(run);
            self.try_next(run);
            return;
        }
        let settings = &self.sources[entry as usize].submission;
        let no_session = run.failure.is_some_and(|failure| failure.stage < Stage::Mail);
        if no_session && run.server < settings.further_servers.len() {
            self.go_elsewhere(run);
            run.server += 1;
            self.look_up(run);
            return;
        }
        let (client, message) = (run.client, run.message);
        let (count, fields) = (run.recipients.len(), run.received_fields);
        let accepted = accepted_at_rcpt(run);
        let (retry, per_session) = (settings.outbox_retry, settings.messages_per_session);
        let next_attempt = retry.map(|wait| self.now + wait);
        let mut waits = false;
        for index in 0..count {
            let fared = self.state_attempt(run, (index, accepted), next_attempt);
            let recipient = run.recipients[index];
            self.hosts[client.index()].totals.attempts += 1;
            match fared.outcome {
                AttemptOutcome::Accepted => {
                    self.messages[recipient].set_in_outbox(false);
                    self.let_go(recipient);
                }
                outcome if outcome.is_temporary() && retry.is_some() => waits = true,
                _ => {
                    // Refused while its author looks on: there is nobody else to tell.
                    self.messages[recipient].set_in_outbox(false);
                    let (outcome, column) = (FinalOutcome::Failed, Column::Failed);
                    self.end_copy(client, recipient, outcome, column, fared.status, fields);
                }
            }
        }
        if waits {
            run.postponed.push(Unsent { message, offers: run.round });
        } else {
            self.messages.release(message);
        }
        self.after_submission(run, per_session);
    }

    /// Decides whether the connection serves another message.
    fn after_submission(&mut self, run: &mut Run, per_session: u32) {
        run.handed += 1;
        let open = run.transaction.is_some_and(|transaction| transaction.open);
        if !open || run.handed >= per_session.max(1) || run.outbox.is_empty() {
            self.close_run_connection(run);
        }
        self.submit_next(run);
    }

    /// Nothing is left to submit now.
    fn rest_or_end(&mut self, run: &mut Run) {
        let Purpose::Submission { entry } = run.purpose else {
            return;
        };
        let retry = self.sources[entry as usize].submission.outbox_retry;
        if run.postponed.is_empty() {
            self.attempts.runs.end(run);
            return;
        }
        run.phase = Phase::Resting;
        run.tries += 1;
        let number = run.tries;
        std::mem::swap(&mut run.outbox, &mut run.postponed);
        run.outbox.reverse();
        if let Some(wait) = retry {
            self.schedule(self.now + wait, Class::Start, Event::Outbox { run: run.handle, number });
        }
    }

    /// The outbox is tried again.
    pub(crate) fn submit_again(&mut self, run: &mut Run, number: u32) {
        if run.phase == Phase::Resting && run.tries == number {
            self.submit_next(run);
        }
    }
}
