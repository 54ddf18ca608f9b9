//! Delivery into the mailboxes of the same host.

use crate::engine::Class;
use crate::mail::{AttemptOutcome, Reply, Stage, Status};
use crate::queue::{CopyState, Report};
use crate::random::SessionDraw;
use crate::trace::{AttemptFact, Fact, FactSink, FinalOutcome, SessionMarks};

use crate::simulation::attempt::draws::time;
use crate::simulation::attempt::run::{Phase, Purpose, Run};
use crate::simulation::world::World;
use crate::simulation::world::event::Event;

impl<S: FactSink> World<'_, '_, S> {
    /// The local delivery agent begins.
    pub(crate) fn begin_local(&mut self, run: &mut Run) {
        run.phase = Phase::Trying;
        run.started = self.now;
        let client = run.client;
        let local = &self.hosts[client.index()].config.server.service.local;
        let work = time(&self.draws.session, local, || self.draw_key(run, SessionDraw::Local, 0));
        self.schedule(self.now + work, Class::End, Event::LocalDone { run: run.handle });
    }

    /// The message is in the mailboxes, or they do not exist.
    pub(crate) fn local_done(&mut self, run: &mut Run) {
        let (client, begun, number) = (run.client, run.begun, run.number);
        let (started, count) = (run.started, run.recipients.len());
        let Purpose::Delivery { delivery, .. } = run.purpose else {
            return;
        };
        let (received_fields, size) = (run.received_fields, run.size);
        for index in 0..count {
            let (copy, recipient) = (run.copies[index], run.recipients[index]);
            let mailbox = run.mailboxes[index];
            let domain = mailbox.domain.index();
            let exists = self.layout.domains[domain].is_ordinary(mailbox.local)
                || self.scenario.domains[domain].has_mailbox(mailbox.local);
            let round = self.goes_round(client, mailbox, received_fields);
            let (outcome, status) = match (exists, round) {
                (true, false) => (AttemptOutcome::Accepted, Status::SUCCESS),
                (true, true) => (AttemptOutcome::Permfail, Status::ROUTING_LOOP),
                (false, _) => (AttemptOutcome::Permfail, Status::BAD_MAILBOX),
            };
            self.state(&Fact::Attempt(AttemptFact {
                delivery: number,
                recipient,
                from: client,
                to: Some(client),
                address: None,
                source: None,
                preference: None,
                started,
                ended: self.now,
                stage: Stage::Local,
                outcome,
                reply: None::<Reply>,
                status,
                next_attempt: None,
                marks: SessionMarks::NONE,
                transaction: 0,
                recipients: 1,
                port: 0,
                octets: run.size,
            }));
            if outcome == AttemptOutcome::Accepted {
                self.entries.set_state(copy, CopyState::Done);
                self.put_in_mailbox(client, recipient, (received_fields, size));
            } else {
                self.entries.set_state(copy, CopyState::Failed(status));
            }
        }
        self.attempts.runs.end(run);
        let totals = &mut self.hosts[client.index()].totals;
        totals.delivery_busy += self.now.since(begun);
        let report = Report::local(delivery);
        self.tell(client, |queue, now, context| queue.finished(now, &report, context));
    }

    /// A copy reaches its mailbox.
    fn put_in_mailbox(
        &mut self,
        host: crate::mail::HostId,
        recipient: crate::mail::RecipientId,
        (received_fields, size): (u32, crate::units::Octets),
    ) {
        let duplicate = self.messages[recipient].delivered > 0;
        if duplicate && self.hosts[host.index()].config.queue.drops_duplicates() {
            self.let_go(recipient);
            return;
        }
        self.messages[recipient].delivered += 1;
        if duplicate {
            self.messages.ledger.duplicates += 1;
        }
        let mailbox = self.messages[recipient].mailbox;
        let sends_on = self.redistributes(mailbox);
        let junk = !sends_on && self.is_junk(recipient);
        let fact = Fact::Final {
            recipient,
            host,
            outcome: FinalOutcome::Delivered,
            status: Status::SUCCESS,
            received_fields,
            duplicate,
        };
        self.state(&fact);
        if junk {
            self.state(&Fact::Junk { recipient });
        }
        if !duplicate && !sends_on {
            self.await_reader(host, recipient, junk);
        }
        // Whoever takes mail for spam does not answer it (RFC 3834 §2).
        if !junk {
            self.act_by_itself(host, recipient, (received_fields, size));
        }
        self.let_go(recipient);
    }
}
