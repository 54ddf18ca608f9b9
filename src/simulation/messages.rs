//! Messages and their recipients in arenas that are used again, and the ledger kept with them.

use std::collections::BTreeMap;

use crate::mail::{
    HostId, Mailbox, MessageId, MessageKey, MessageKind, RecipientId, ReversePath, Status,
};
use crate::trace::{FinalOutcome, Ledger};
use crate::units::Octets;

/// A recipient, or none, in 4 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(RecipientId);

impl Link {
    /// No recipient: the arena has no room for so many.
    pub(super) const NONE: Self = Self(RecipientId(u32::MAX));

    fn to(recipient: RecipientId) -> Self {
        assert!(recipient != Self::NONE.0, "fewer than 2^32 - 1 recipients");
        Self(recipient)
    }

    fn get(self) -> Option<RecipientId> {
        (self != Self::NONE).then_some(self.0)
    }
}

/// A message that somebody still holds, in 64 octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message {
    pub(super) key: MessageKey,
    pub(super) kind: MessageKind,
    pub(super) reverse_path: ReversePath,
    /// Header and body as submitted.
    pub(super) size: Octets,
    /// Received fields it began with.
    pub(super) received_fields: u32,
    /// Notices made about it.
    pub(super) notices: u32,
    /// Times it was offered from its author's outbox.
    pub(super) offers: u32,
    /// Recipients whose story goes on, and queue entries.
    pub(super) holders: u32,
    pub(super) first: Link,
}

const _: () = assert!(size_of::<Message>() <= 64);

impl Message {
    /// Returns whom the reverse path names; none: it is null.
    pub(super) fn sender(&self) -> Option<Mailbox> {
        self.reverse_path.mailbox()
    }
}

/// Where the ledger counts a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Queued,
    InTransit,
    Delivered,
    Failed,
    Discarded,
}

/// A copy that was given up while another was still held.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenUp {
    pub(super) host: HostId,
    pub(super) outcome: FinalOutcome,
    pub(super) column: Column,
    pub(super) status: Status,
    pub(super) received_fields: u32,
}

/// One recipient of one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipient {
    pub(super) message: MessageId,
    pub(super) mailbox: Mailbox,
    /// Hosts (queue entries, the MUA's outbox) that answer for a copy.
    pub(super) holders: u16,
    /// Sessions under way that carry a copy.
    pub(super) sessions: u16,
    /// Copies in the mailbox.
    pub(super) delivered: u16,
    /// Devices of its reader that are still to fetch it, or have a session open with it.
    pub(super) readers: u8,
    /// Whether one of them has it.
    pub(super) read: bool,
    /// Whether the MUA still answers for it.
    pub(super) in_outbox: bool,
    pub(super) column: Column,
    pub(super) next: Link,
}

/// The arenas and the ledger.
#[derive(Debug, Default)]
pub(super) struct Messages {
    messages: Vec<Message>,
    free_messages: Vec<MessageId>,
    recipients: Vec<Recipient>,
    free_recipients: Vec<RecipientId>,
    /// How the first copy that was given up ended, as long as nobody was told because somebody
    /// else still had the message. Apart from the recipients, since few have it.
    pub(super) given_up: BTreeMap<RecipientId, GivenUp>,
    pub(super) ledger: Ledger,
}

impl Messages {
    pub(super) fn add(&mut self, message: Message) -> MessageId {
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
    pub(super) fn add_recipient(&mut self, message: MessageId, mailbox: Mailbox) -> RecipientId {
        let recipient = Recipient {
            message,
            mailbox,
            holders: 1,
            sessions: 0,
            delivered: 0,
            readers: 0,
            read: false,
            in_outbox: false,
            column: Column::Queued,
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
        let kind = self[message].kind;
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
    pub(super) fn release(&mut self, message: MessageId) {
        let state = &mut self[message];
        state.holders -= 1;
        if state.holders == 0 {
            self.free_messages.push(message);
        }
    }

    /// Moves a recipient to the column of the ledger where it belongs now; `ended` says as what it
    /// counts if nobody holds a copy and none is in the mailbox.
    pub(super) fn settle(&mut self, id: RecipientId, ended: Column) {
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
        if column == recipient.column {
            return;
        }
        let from = std::mem::replace(&mut recipient.column, column);
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

    /// Frees the slot of a recipient whose story is over.
    pub(super) fn close(&mut self, id: RecipientId) {
        let message = self[id].message;
        // Take it out of its message's list, so that the list never names a slot used again.
        let next = self[id].next;
        if self[message].first == Link::to(id) {
            self[message].first = next;
        } else {
            let mut before = self[message].first.get();
            while let Some(other) = before {
                if self[other].next == Link::to(id) {
                    self[other].next = next;
                    break;
                }
                before = self[other].next.get();
            }
        }
        self.given_up.remove(&id);
        self.free_recipients.push(id);
        self.release(message);
    }

    /// Returns the recipients of a message that are not closed, in order.
    pub(super) fn recipients_of(
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
    pub(super) fn recipient_slots(&self) -> usize {
        self.recipients.len()
    }

    /// Returns the free recipient slots, for walking over those in use.
    pub(super) fn free_recipient_slots(&self) -> &[RecipientId] {
        &self.free_recipients
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
