//! What mailboxes do by themselves: aliases and lists send copies on, and some people's mail is
//! answered while they are away.

use crate::engine::Class;
use crate::mail::{HostId, Mailbox, MessageId, MessageKey, MessageKind, RecipientId};
use crate::random::SessionDraw;
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};
use crate::workload::Answers;

use super::handover::Arrival;
use crate::simulation::attempt::draws::time;
use crate::simulation::world::World;
use crate::simulation::world::event::Event;
use crate::simulation::world::messages::Message;

/// Octets of an automatic reply.
const REPLY: u64 = 1_500;
/// Received fields after which an alias takes a message for one that goes round, at a server
/// without a limit of its own (RFC 5321 §6.3).
const MOST_FIELDS: u32 = 100;

/// How often a list's program looks whether its server is up again.
const RUNNER: SimDuration = SimDuration::from_minutes(1);

/// Copies for a part of a list's members that are to be made later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldPart<'s> {
    host: HostId,
    /// The message that came to the list.
    about: MessageKey,
    copy: MessageId,
    members: &'s [Mailbox],
    fields: u32,
    size: Octets,
}

impl<'s, S: FactSink> World<'s, '_, S> {
    /// Returns whether this address sends on what it gets.
    pub(crate) fn redistributes(&self, mailbox: Mailbox) -> bool {
        self.scenario.automatic.redistributions.contains_key(&mailbox)
    }

    /// Returns whether a message for an alias or a list has been to so many servers that it must be
    /// going round.
    pub(crate) fn goes_round(&self, host: HostId, mailbox: Mailbox, received_fields: u32) -> bool {
        let limit = self.hosts[host.index()].config.server.hop_limit.unwrap_or(MOST_FIELDS);
        self.redistributes(mailbox) && received_fields >= limit
    }

    /// A message has reached a mailbox of `host`: copies and replies go out.
    pub(crate) fn act_by_itself(
        &mut self,
        host: HostId,
        recipient: RecipientId,
        (fields, size): (u32, Octets),
    ) {
        if self.scenario.automatic.is_empty() {
            return;
        }
        self.redistribute(host, recipient, (fields, size));
        self.respond(host, recipient);
    }

    /// Sends copies to all members (RFC 5321 §3.9). They are new messages of one transaction, with
    /// the Received fields so far and one that the server adds as it takes the copies in.
    fn redistribute(
        &mut self,
        host: HostId,
        recipient: RecipientId,
        (fields, held): (u32, Octets),
    ) {
        let original = self.messages[recipient].message;
        let mailbox = self.messages[recipient].mailbox;
        let scenario = self.scenario;
        let Some(list) = scenario.automatic.redistributions.get(&mailbox) else {
            return;
        };
        if list.members.is_empty() {
            return;
        }
        let sender = list.owner.or(self.messages[original].sender());
        let size = self.messages[original].size();
        let fields = fields + 1;
        let held = held + Octets(self.own_received_octets(host, sender));
        let about = self.messages[original].key();
        let key = [self.messages[original].stream_key(), SessionDraw::Moderation.number()];
        let draws = &self.draws.session;
        let moderation = list.moderation.as_ref().map(|wait| time(draws, wait, || key));
        let mut at = self.now + moderation.unwrap_or_default();
        for members in list.parted() {
            let by = (original, mailbox);
            let copy = self.new_message(by, MessageKind::ListCopy, sender, size, fields);
            self.note_lineage(original, copy, host, (mailbox, list));
            if at == self.now {
                let arrival = Arrival::made_here(fields, held, self.now);
                self.send_automatic(host, about, copy, members, arrival);
            } else {
                // What it is about may be forgotten by then.
                self.messages[copy].holders += 1;
                let part = HeldPart { host, about, copy, members, fields, size: held };
                self.hold_part(at, part);
            }
            at += list.parts.map(|parts| parts.every).unwrap_or_default();
        }
    }

    fn hold_part(&mut self, at: SimTime, part: HeldPart<'s>) {
        let number = self.mailboxes.parts;
        self.mailboxes.parts += 1;
        self.mailboxes.held.insert(number, part);
        self.schedule(at, Class::Start, Event::SendPart { number });
    }

    /// A part of a list's copies is due, or its moderator lets a message pass.
    pub(crate) fn send_part(&mut self, number: u64) {
        let Some(part) = self.mailboxes.held.remove(&number) else {
            return;
        };
        if !self.hosts[part.host.index()].up {
            self.hold_part(self.now + RUNNER, part);
            return;
        }
        let HeldPart { host, about, copy, members, fields, size } = part;
        let arrival = Arrival::made_here(fields, size, self.now);
        self.send_automatic(host, about, copy, members, arrival);
        self.messages.release(copy);
    }

    /// Answers the author, unless a rule against loops forbids it (RFC 3834 §2): nobody can answer a
    /// null reverse path; whoever heeds the rules answers no list and nothing that a program is known
    /// to have sent; and each correspondent is answered once in a while.
    fn respond(&mut self, host: HostId, recipient: RecipientId) {
        let original = self.messages[recipient].message;
        let mailbox = self.messages[recipient].mailbox;
        let Some(&responder) = self.scenario.automatic.responders.get(&mailbox) else {
            return;
        };
        let Some(author) = self.messages[original].sender() else {
            return;
        };
        let kind = self.messages[original].kind();
        let heeds = responder.answers == Answers::People;
        if author == mailbox || (heeds && !self.seems_personal(kind, author)) {
            return;
        }
        let now: SimTime = self.now;
        let last = self.mailboxes.answered.get(&(mailbox, author));
        if last.is_some_and(|last| now.since(*last) < responder.every) {
            return;
        }
        self.mailboxes.answered.insert((mailbox, author), now);
        let (size, path) = (Octets(REPLY), Some(mailbox).filter(|_| !responder.null_reverse_path));
        let by = (original, mailbox);
        let reply = self.new_message(by, MessageKind::AutomaticReply, path, size, 1);
        let arrival = Arrival::made_here(1, size, self.now);
        let about = self.messages[original].key();
        self.send_automatic(host, about, reply, &[author], arrival);
    }

    /// Returns whether nothing in a message tells that a program or a list sent it. A reply that is not
    /// marked as one cannot be told from a letter.
    fn seems_personal(&self, kind: MessageKind, sender: Mailbox) -> bool {
        match kind {
            MessageKind::Mail => true,
            MessageKind::AutomaticReply => {
                let responder = self.scenario.automatic.responders.get(&sender);
                responder.is_some_and(|responder| !responder.marks)
            }
            MessageKind::ListCopy | MessageKind::DelayNotice | MessageKind::FailureNotice => false,
        }
    }

    /// Makes a message that a mailbox sends by itself about another.
    fn new_message(
        &mut self,
        (about, mailbox): (MessageId, Mailbox),
        kind: MessageKind,
        sender: Option<Mailbox>,
        size: Octets,
        received_fields: u32,
    ) -> MessageId {
        let key = self.next_key(about);
        let first = self.messages[about].kind() == MessageKind::Mail;
        let message = self.messages.add(Message::new(key, kind, sender, size, received_fields));
        self.chains.made(self.now, (about, first), message, mailbox);
        message
    }

    fn send_automatic(
        &mut self,
        host: HostId,
        about: MessageKey,
        message: MessageId,
        to: &[Mailbox],
        arrival: Arrival,
    ) {
        let mut recipients: Vec<RecipientId> = to
            .iter()
            .rev()
            .map(|&mailbox| self.create_recipient(host, message, mailbox, Some(about)))
            .collect();
        recipients.reverse();
        self.enqueue(host, message, &recipients, arrival);
    }
}
