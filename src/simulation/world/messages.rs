//! Messages and their recipients in arenas that are used again, and the ledger kept with them.

use std::collections::BTreeMap;

use crate::mail::{
    CompactKey, HostId, Mailbox, MessageId, MessageKey, MessageKind, RecipientId, ReversePath,
    Status,
};
use crate::model::{Host, Scenario};
use crate::queue::QueueSettings;
use crate::trace::{FinalOutcome, Identity, Ledger, Register};
use crate::units::Octets;

/// A recipient, or none, in 4 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link(RecipientId);

impl Link {
    /// No recipient: the arena has no room for so many.
    pub(crate) const NONE: Self = Self(RecipientId(u32::MAX));

    fn to(recipient: RecipientId) -> Self {
        assert!(recipient != Self::NONE.0, "fewer than 2^32 - 1 recipients");
        Self(recipient)
    }

    fn get(self) -> Option<RecipientId> {
        (self != Self::NONE).then_some(self.0)
    }
}

/// A message that somebody still holds. There is one for each that waits somewhere, so it takes
/// little room, and what few have is kept apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    key: CompactKey,
    reverse_path: ReversePath,
    /// Header and body as submitted, and in the lowest [`FIELDS`] bits the Received fields that it
    /// began with; in two halves so that it need not lie at a multiple of eight.
    extent: [u32; 2],
    /// Recipients whose story goes on, queue entries, and the outbox that it lies in.
    pub(crate) holders: u32,
    first: Link,
}

const _: () = assert!(size_of::<Message>() <= 36);

/// Bits of the number of Received fields that a message begins with.
const FIELDS: u32 = 21;

impl Message {
    /// Returns a new message that its author's outbox holds, or that nobody does yet. It counts at
    /// most 2^43 - 1 octets, eight times what a scenario's messages may typically have, and 2^21 - 1
    /// Received fields: these are asked of mail in an outbox only, which has a thousand at most.
    pub(crate) fn new(
        key: MessageKey,
        kind: MessageKind,
        sender: Option<Mailbox>,
        size: Octets,
        received_fields: u32,
    ) -> Self {
        let fields = u64::from(received_fields).min((1 << FIELDS) - 1);
        let extent = size.0.min((1 << (64 - FIELDS)) - 1) << FIELDS | fields;
        Self {
            key: CompactKey::new(key, kind),
            reverse_path: sender.into(),
            extent: [(extent >> 32) as u32, extent as u32],
            holders: u32::from(kind == MessageKind::Mail),
            first: Link::NONE,
        }
    }

    pub(crate) fn key(&self) -> MessageKey {
        self.key.key()
    }

    /// Returns [`MessageKey::stream_key`] of its name.
    pub(crate) fn stream_key(&self) -> u64 {
        self.key.stream_key()
    }

    pub(crate) fn kind(&self) -> MessageKind {
        self.key.kind()
    }

    /// Returns whom the reverse path names; none: it is null.
    pub(crate) fn sender(&self) -> Option<Mailbox> {
        self.reverse_path.mailbox()
    }

    /// Returns the octets of header and body as submitted.
    pub(crate) fn size(&self) -> Octets {
        Octets((u64::from(self.extent[0]) << 32 | u64::from(self.extent[1])) >> FIELDS)
    }

    /// Returns how many Received fields it began with.
    pub(crate) fn received_fields(&self) -> u32 {
        self.extent[1] & ((1 << FIELDS) - 1)
    }
}

/// Where the ledger counts a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Queued,
    InTransit,
    Delivered,
    Failed,
    Discarded,
}

impl Column {
    /// All, by their numbers; the last stands for three that no recipient has.
    const ALL: [Self; 8] = [
        Self::Queued,
        Self::InTransit,
        Self::Delivered,
        Self::Failed,
        Self::Discarded,
        Self::Discarded,
        Self::Discarded,
        Self::Discarded,
    ];
}

/// A copy that was given up while another was still held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenUp {
    pub(crate) host: HostId,
    pub(crate) outcome: FinalOutcome,
    pub(crate) column: Column,
    pub(crate) status: Status,
    pub(crate) received_fields: u32,
}

/// One recipient of one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient {
    pub(crate) message: MessageId,
    pub(crate) mailbox: Mailbox,
    /// Hosts (queue entries, the MUA's outbox) that answer for a copy.
    pub(crate) holders: u16,
    /// Sessions under way that carry a copy.
    pub(crate) sessions: u16,
    /// Copies in the mailbox.
    pub(crate) delivered: u16,
    /// Devices of its reader that are still to fetch it, or have a session open with it.
    pub(crate) readers: u8,
    standing: Standing,
    next: Link,
}

const _: () = assert!(size_of::<Recipient>() <= 24);

/// What is said of a recipient by yes or no, and its column of the ledger, in one octet.
#[derive(Debug, Clone, Copy)]
struct Standing(u8);

impl Standing {
    /// One of its reader's devices has it.
    const READ: u8 = 1 << 6;
    /// The MUA still answers for it.
    const IN_OUTBOX: u8 = 1 << 7;

    fn set(&mut self, flag: u8, on: bool) {
        self.0 = if on { self.0 | flag } else { self.0 & !flag };
    }
}

impl Recipient {
    /// Returns whether one of its reader's devices has it.
    pub(crate) fn is_read(&self) -> bool {
        self.standing.0 & Standing::READ != 0
    }

    pub(crate) fn note_read(&mut self) {
        self.standing.set(Standing::READ, true);
    }

    /// Returns whether the MUA still answers for it.
    pub(crate) fn in_outbox(&self) -> bool {
        self.standing.0 & Standing::IN_OUTBOX != 0
    }

    pub(crate) fn set_in_outbox(&mut self, lies_there: bool) {
        self.standing.set(Standing::IN_OUTBOX, lies_there);
    }

    pub(crate) fn column(&self) -> Column {
        Column::ALL[usize::from(self.standing.0 & 7)]
    }

    fn set_column(&mut self, column: Column) {
        self.standing.0 = self.standing.0 & !7 | column as u8;
    }

    /// Returns whether the slot is used by nobody.
    fn is_free(&self) -> bool {
        self.standing.0 == Self::FREE
    }

    /// No column has this number.
    const FREE: u8 = 7;
}

/// The arenas and the ledger.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    messages: Vec<Message>,
    free_messages: Vec<MessageId>,
    recipients: Vec<Recipient>,
    free_recipients: Vec<RecipientId>,
    /// By slot who is listed before a recipient of a message with several, as far as there are any:
    /// to search a list for each of its members that leaves would take the square of its length.
    before: Vec<Link>,
    /// How the first copy that was given up ended, as long as nobody was told because somebody
    /// else still had the message. Apart from the recipients, since few have it.
    pub(crate) given_up: BTreeMap<RecipientId, GivenUp>,
    /// How many notices were made about a message. Apart from the messages, since few have any.
    notices: BTreeMap<MessageId, u32>,
    pub(crate) ledger: Ledger,
    /// How names are ordered, if somebody sorts by them.
    pub(crate) names: NameOrder,
}

/// The places of names in the alphabetical order of all of them.
#[derive(Debug, Default)]
pub(crate) struct NameOrder {
    pub(crate) domains: Vec<u32>,
    pub(crate) hosts: Vec<u32>,
}

impl NameOrder {
    /// Returns the order of the names of a scenario; nothing if no server of it sorts by them.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let sorts = |host: &Host| matches!(*host.queue, QueueSettings::Sendmail(_));
        if !scenario.hosts.iter().any(sorts) {
            return Self::default();
        }
        let domains = scenario.domains.iter().map(|domain| domain.name.to_ascii_lowercase());
        let hosts = scenario.hosts.iter().map(|host| host.name.to_ascii_lowercase());
        let names: Vec<String> = domains.chain(hosts).collect();
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let place = |name: &String| sorted.partition_point(|other| *other < name) as u32;
        let (domains, hosts) = names.split_at(scenario.domains.len());
        Self {
            domains: domains.iter().map(place).collect(),
            hosts: hosts.iter().map(place).collect(),
        }
    }
}

impl Messages {
    pub(crate) fn new(names: NameOrder) -> Self {
        Self { names, ..Self::default() }
    }

    /// Counts a notice about a message; returns how many there were before.
    pub(crate) fn count_notice(&mut self, about: MessageId) -> u32 {
        let count = self.notices.entry(about).or_default();
        *count += 1;
        *count - 1
    }

    pub(crate) fn add(&mut self, message: Message) -> MessageId {
        match self.free_messages.pop() {
            Some(id) => {
                self.messages[id.index()] = message;
                id
            }
            None => {
                let id = u32::try_from(self.messages.len()).expect("fewer than 2^32 messages");
                self.messages.push(message);
                MessageId(id)
            }
        }
    }

    /// Adds a recipient in front of the message's list. Add them in reverse order.
    pub(crate) fn add_recipient(&mut self, message: MessageId, mailbox: Mailbox) -> RecipientId {
        let recipient = Recipient {
            message,
            mailbox,
            holders: 1,
            sessions: 0,
            delivered: 0,
            readers: 0,
            standing: Standing(Column::Queued as u8),
            next: self[message].first,
        };
        let id = match self.free_recipients.pop() {
            Some(id) => {
                self.recipients[id.index()] = recipient;
                id
            }
            None => {
                self.recipients.push(recipient);
                RecipientId::from_index(self.recipients.len() - 1)
            }
        };
        let kind = self[message].kind();
        if let Some(next) = recipient.next.get() {
            self.note_before(next, Link::to(id));
        }
        self[message].first = Link::to(id);
        self[message].holders += 1;
        self.ledger.queued += 1;
        if kind == MessageKind::Mail {
            self.ledger.submitted += 1;
        } else {
            self.ledger.created += 1;
        }
        id
    }

    /// Lets go of a message; its slot is free when nobody holds it any more.
    pub(crate) fn release(&mut self, message: MessageId) {
        let state = &mut self[message];
        state.holders -= 1;
        if state.holders == 0 {
            if !self.notices.is_empty() {
                self.notices.remove(&message);
            }
            self.free_messages.push(message);
        }
    }

    /// Moves a recipient to the column of the ledger where it belongs now; `ended` says as what it
    /// counts if nobody holds a copy and none is in the mailbox.
    pub(crate) fn settle(&mut self, id: RecipientId, ended: Column) {
        let recipient = &mut self.recipients[id.index()];
        let column = if recipient.delivered > 0 {
            Column::Delivered
        } else if recipient.holders == 0 {
            ended
        } else if recipient.sessions > 0 {
            Column::InTransit
        } else {
            Column::Queued
        };
        let from = recipient.column();
        if column == from {
            return;
        }
        recipient.set_column(column);
        *self.count(from) -= 1;
        *self.count(column) += 1;
    }

    fn count(&mut self, column: Column) -> &mut u64 {
        match column {
            Column::Queued => &mut self.ledger.queued,
            Column::InTransit => &mut self.ledger.in_transit,
            Column::Delivered => &mut self.ledger.delivered,
            Column::Failed => &mut self.ledger.failed,
            Column::Discarded => &mut self.ledger.discarded,
        }
    }

    /// Notes who is listed before a recipient.
    #[cold]
    fn note_before(&mut self, id: RecipientId, before: Link) {
        if self.before.len() <= id.index() {
            self.before.resize(self.recipients.len(), Link::NONE);
        }
        self.before[id.index()] = before;
    }

    /// Frees the slot of a recipient whose story is over.
    pub(crate) fn close(&mut self, id: RecipientId) {
        let message = self[id].message;
        // Take it out of its message's list, so that the list never names a slot used again.
        let (mut before, next) = (Link::NONE, self[id].next);
        if self[message].first == Link::to(id) {
            self[message].first = next;
        } else {
            before = self.before[id.index()];
            let other =
                before.get().expect("who is not the first of a list has somebody before it");
            self[other].next = next;
        }
        if let Some(next) = next.get() {
            self.note_before(next, before);
        }
        self[id].standing = Standing(Recipient::FREE);
        if !self.given_up.is_empty() {
            self.given_up.remove(&id);
        }
        self.free_recipients.push(id);
        self.release(message);
    }

    /// Returns the recipients of a message that are not closed, in order.
    pub(crate) fn recipients_of(
        &self,
        message: MessageId,
    ) -> impl Iterator<Item = RecipientId> + '_ {
        let mut next = self[message].first.get();
        std::iter::from_fn(move || {
            let id = next?;
            next = self[id].next.get();
            Some(id)
        })
    }

    /// Returns how many recipient slots there are, in use or not.
    pub(crate) fn recipient_slots(&self) -> usize {
        self.recipients.len()
    }

    /// Returns the recipient in a slot, if the slot is in use.
    pub(crate) fn recipient_in(&self, slot: usize) -> Option<(RecipientId, &Recipient)> {
        let recipient = self.recipients.get(slot).filter(|recipient| !recipient.is_free())?;
        Some((RecipientId::from_index(slot), recipient))
    }
}

impl Register for Messages {
    fn identity(&self, recipient: RecipientId) -> Identity {
        let &Recipient { message, mailbox, .. } = &self[recipient];
        let message = &self[message];
        Identity {
            mailbox,
            key: message.key(),
            kind: message.kind(),
            sender: message.sender(),
            size: message.size(),
        }
    }
}

impl std::ops::Index<MessageId> for Messages {
    type Output = Message;

    fn index(&self, id: MessageId) -> &Message {
        &self.messages[id.index()]
    }
}

impl std::ops::IndexMut<MessageId> for Messages {
    fn index_mut(&mut self, id: MessageId) -> &mut Message {
        &mut self.messages[id.index()]
    }
}

impl std::ops::Index<RecipientId> for Messages {
    type Output = Recipient;

    fn index(&self, id: RecipientId) -> &Recipient {
        &self.recipients[id.index()]
    }
}

impl std::ops::IndexMut<RecipientId> for Messages {
    fn index_mut(&mut self, id: RecipientId) -> &mut Recipient {
        &mut self.recipients[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::DomainId;

    fn mail(size: u64, fields: u32) -> Message {
        let key = MessageKey::Mail { entry: 2, ordinal: 9 };
        Message::new(key, MessageKind::Mail, None, Octets(size), fields)
    }

    #[test]
    fn a_message_is_what_it_was_made_of() {
        // The largest typical size and the most Received fields that a scenario may ask for.
        for (size, fields) in [(0, 0), (1 << 40, 1_000), ((1 << 43) - 1, (1 << 21) - 1)] {
            let message = mail(size, fields);
            assert_eq!((message.size(), message.received_fields()), (Octets(size), fields));
            assert_eq!((message.kind(), message.sender()), (MessageKind::Mail, None));
        }
        let absurd = mail(u64::MAX, 7);
        assert_eq!((absurd.size(), absurd.received_fields()), (Octets((1 << 43) - 1), 7));
    }

    #[test]
    fn a_recipient_keeps_what_is_noted_of_it_whatever_its_column() {
        let mut messages = Messages::default();
        let message = messages.add(mail(5, 0));
        let mailbox = Mailbox { domain: DomainId(1), local: 3 };
        let id = messages.add_recipient(message, mailbox);
        messages[id].set_in_outbox(true);
        for column in Column::ALL {
            messages[id].set_column(column);
            assert!(messages[id].column() == column && messages[id].in_outbox());
        }
        messages[id].note_read();
        messages[id].set_in_outbox(false);
        assert!(messages[id].is_read() && !messages[id].in_outbox());
        assert_eq!(messages.identity(id).mailbox, mailbox);
        assert!(messages.recipient_in(id.index()).is_some_and(|(found, _)| found == id));
        messages.close(id);
        assert!(messages.recipient_in(id.index()).is_none());
        assert!(messages.recipient_in(1).is_none());
        let again = messages.add_recipient(message, mailbox);
        assert!(again == id && !messages[id].is_read() && messages[id].column() == Column::Queued);
    }
}
