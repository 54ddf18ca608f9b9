//! A message that a server has taken from a caller enters the run.

use crate::engine::Class;
use crate::mail::{
    AttemptOutcome, Mailbox, MessageKey, MessageKind, ReceivedLengths, Reply, Stage, Status,
};
use crate::scenario::{Call, Text};
use crate::smtp::transmission;
use crate::trace::{AttemptFact, Fact, FactSink, Findings, SessionMarks};
use crate::units::{Octets, SimTime};

use super::attempt::run::Target;
use super::callers::Seen;
use super::server::handover::Arrival;
use super::world::World;
use super::world::event::Event;
use super::world::messages::Message;

/// A message with all that its server knows of it.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) call: Call,
    pub(super) target: Target,
    /// When its transaction began.
    pub(super) began: SimTime,
    pub(super) sender: Option<Mailbox>,
    pub(super) recipients: Vec<Mailbox>,
    pub(super) text: Text,
    pub(super) marks: SessionMarks,
    /// Which transaction of its connection, from 1.
    pub(super) transaction: u32,
    pub(super) authorised: bool,
    pub(super) findings: Option<Findings>,
}

impl<S: FactSink> World<'_, '_, S> {
    /// Keeps a message until its server answers for it.
    pub(super) fn await_parcel(&mut self, at: SimTime, parcel: Parcel) {
        let number = self.callers.taken;
        self.callers.taken += 1;
        self.callers.parcels.insert(number, parcel);
        self.schedule(at, Class::End, Event::Brought { number });
    }

    /// The server answers for a message from now on.
    pub(super) fn brought(&mut self, number: u32) {
        let Some(parcel) = self.callers.parcels.remove(&number) else { return };
        let entry = u32::try_from(self.scenario.mail.len()).unwrap_or(u32::MAX);
        let key = MessageKey::Mail { entry, ordinal: u64::from(number) };
        let (size, fields) = (parcel.text.size, parcel.text.received_fields);
        let (client, server) = (parcel.call.client, parcel.target.host);
        if self.policies.screens.is_some() {
            let author = parcel.text.author.as_ref().map(|author| author.mailbox.domain);
            let submitted_to = parcel.authorised.then_some(server);
            let seen = Seen { author, score: parcel.text.score, submitted_to };
            self.callers.seen.insert(key, seen);
        }
        let letter = Message::new(key, MessageKind::Mail, parcel.sender, size, fields);
        let message = self.messages.add(letter);
        let mut recipients = Vec::with_capacity(parcel.recipients.len());
        for mailbox in parcel.recipients.iter().rev() {
            let recipient = self.create_recipient(client, message, *mailbox, None);
            self.messages[recipient].holders += 1;
            recipients.insert(0, recipient);
        }
        let config = self.hosts[server.index()].config;
        let mut arrival = Arrival::made_here(fields, size, self.now);
        if config.server.adds_received {
            let added = 1 + config.server.options.more_received;
            arrival.received_fields += added;
            arrival.size.0 += u64::from(added) * self.octets_of_its_field(&parcel);
        }
        arrival.session_message = parcel.transaction;
        arrival.announced = parcel.marks.rcpt.min(self.now);
        if config.screens {
            if let Some(findings) = &parcel.findings {
                let address = self.hosts[client.index()].config.addresses.first();
                let address = address.map(|address| address.0);
                self.state_findings(server, address, &recipients, findings);
                self.mark(findings.verdict, &recipients);
            }
            if !parcel.authorised {
                (arrival.held, arrival.condemned) =
                    self.filter_after_queue(server, message, &recipients);
            }
        }
        self.enqueue(server, message, &recipients, arrival);
        self.hosts[server.index()].totals.octets_in.0 += size.0;
        self.attempts.deliveries += 1;
        let fact = self.fact_of(&parcel);
        for recipient in recipients {
            self.state(&Fact::Attempt(AttemptFact { recipient, ..fact }));
            self.hosts[client.index()].totals.attempts += 1;
            self.let_go(recipient);
        }
        self.messages.release(message);
    }

    fn octets_of_its_field(&self, parcel: &Parcel) -> u64 {
        let (client, server) = (parcel.call.client, parcel.target.host);
        let seen = self.seen_by_server(client, parcel.target);
        let host = &self.hosts[client.index()].config;
        let seen = &self.hosts[seen.index()].config;
        let by = self.hosts[server.index()].config.server;
        let port = parcel.call.port;
        let with = transmission(port, parcel.transaction, &parcel.marks, host.client, by);
        let address = seen.addresses.first();
        let address = address.map(|address| &self.scenario.addresses[address.index()]);
        let one = match parcel.recipients.as_slice() {
            [recipient] => Some(*recipient),
            _ => None,
        };
        self.field_octets(
            server,
            one,
            parcel.sender,
            &ReceivedLengths {
                from: host.name.len() as u64,
                from_host: seen.name.len() as u64,
                from_address: address.map_or(0, |address| address.literal.len() as u64),
                with: with.as_str().len() as u64,
                same_name: host.name == seen.name,
                by: 0,
                for_path: None,
                reverse_path: 0,
            },
        )
    }

    /// Returns the fact about the caller's try, but for the recipient.
    fn fact_of(&self, parcel: &Parcel) -> AttemptFact {
        let client = parcel.call.client;
        let source = self.hosts[client.index()].config.addresses.first();
        AttemptFact {
            delivery: self.attempts.deliveries,
            recipient: crate::mail::RecipientId(0),
            from: client,
            to: Some(parcel.target.host),
            address: Some(parcel.target.address.0),
            source: source.map(|address| address.0),
            preference: None,
            started: parcel.began,
            ended: self.now,
            stage: Stage::Dot,
            outcome: AttemptOutcome::Accepted,
            reply: Some(Reply::ACCEPTED),
            status: Status::SUCCESS,
            next_attempt: None,
            marks: SessionMarks { dot: self.now, ..parcel.marks },
            transaction: parcel.transaction,
            recipients: u32::try_from(parcel.recipients.len()).unwrap_or(u32::MAX),
            port: parcel.call.port,
            octets: Octets(parcel.text.size.0),
        }
    }
}
