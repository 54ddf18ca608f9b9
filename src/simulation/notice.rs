//! Notices about failed and late mail, and what becomes of recipients that are given up.

use crate::mail::{HostId, Mailbox, MessageId, MessageKey, MessageKind, RecipientId, Status};
use crate::queue::plain::NoticesTo;
use crate::queue::{CopyIndex, CopyState, EntryHandle, QueueEntry};
use crate::trace::{Created, Fact, FactSink, FinalOutcome};
use crate::units::Octets;
use crate::workload::NoticeWishes;

use super::server::handover::Arrival;
use super::world::World;
use super::world::messages::{Column, GivenUp, Message};

/// Octets of a notice beside what it returns: its header, the text and the RFC 3464 report.
const NOTICE: u64 = 2_000;
/// Octets of a header that is returned without its message.
const HEADER: u64 = 1_000;
/// Octets of the original that are returned at most (Postfix `bounce_size_limit`).
const RETURNED: u64 = 50_000;

impl<S: FactSink> World<'_, '_, S> {
    /// All failed recipients of an entry are reported in one notice (RFC 5321 §4.4), and forgotten.
    pub(super) fn return_failed(&mut self, host: HostId, entry: EntryHandle) {
        let copies: Vec<CopyIndex> = self.entries.recipients(entry).collect();
        let mut failed = Vec::new();
        for index in copies {
            let copy = self.entries.copy(index);
            if let CopyState::Failed(status) = copy.state {
                failed.push((copy.recipient, status));
                // The queue manager hears of the notice before the rest is done, and may find more that
                // has failed by now: that is for the next notice.
                self.entries.set_state(index, CopyState::Done);
            }
        }
        self.give_up(host, entry, &failed);
        self.entries.drop_finished(entry);
    }

    /// The entry has waited for too long: what is left of it fails with `status`, or else with its
    /// last one.
    pub(super) fn expire(&mut self, host: HostId, entry: EntryHandle, status: Option<Status>) {
        let status = status.unwrap_or(self.entries[entry].last_status());
        let left: Vec<(RecipientId, Status)> = self
            .entries
            .recipients(entry)
            .filter(|&index| self.entries.copy(index).state == CopyState::Pending)
            .map(|index| (self.entries.copy(index).recipient, status))
            .collect();
        self.give_up(host, entry, &left);
        self.remove_entry(entry);
    }

    fn give_up(&mut self, host: HostId, entry: EntryHandle, failed: &[(RecipientId, Status)]) {
        if failed.is_empty() {
            return;
        }
        let state = self.entries[entry];
        let (outcome, column) = if state.null_sender() {
            // RFC 5321 §6.1: no notice about a notice; it is dropped.
            (FinalOutcome::Discarded, Column::Discarded)
        } else {
            (FinalOutcome::Failed, Column::Failed)
        };
        let wished = self.wishes(state.message).failure && self.tells_failures(host, &state);
        if !state.null_sender() && wished {
            self.send_notice(host, &state, MessageKind::FailureNotice);
        }
        for &(recipient, status) in failed {
            self.end_copy(host, recipient, outcome, column, status, state.received_fields);
        }
    }

    /// Returns whether a host tells the sender of an entry that it failed.
    fn tells_failures(&self, host: HostId, entry: &QueueEntry) -> bool {
        let config = self.hosts[host.index()].config;
        match config.queue.notices_to() {
            NoticesTo::All => true,
            NoticesTo::Nobody => false,
            NoticesTo::Local => self.messages[entry.message]
                .sender()
                .is_some_and(|sender| config.is_local(sender.domain)),
        }
    }

    /// A copy ends without being delivered.
    pub(super) fn end_copy(
        &mut self,
        host: HostId,
        recipient: RecipientId,
        outcome: FinalOutcome,
        column: Column,
        status: Status,
        received_fields: u32,
    ) {
        // As long as somebody else has a copy the story goes on (a client that is about to hear of
        // the 250, or will try again): this end counts when nobody has one any more.
        let given_up = GivenUp { host, outcome, column, status, received_fields };
        self.messages.given_up.entry(recipient).or_insert(given_up);
        self.let_go(recipient);
    }

    /// The sender is told that the message is late (RFC 3464, action `delayed`).
    pub(super) fn notify_delay(&mut self, host: HostId, entry: EntryHandle) {
        let state = self.entries[entry];
        if !state.null_sender() && self.wishes(state.message).delay {
            self.send_notice(host, &state, MessageKind::DelayNotice);
        }
    }

    /// What the author of a message asks to be told. Every server passes it on.
    fn wishes(&self, message: MessageId) -> NoticeWishes {
        match self.messages[message].key() {
            MessageKey::Mail { entry, .. } => {
                let entry = self.scenario.mail.get(entry as usize);
                entry.map_or(NoticeWishes::default(), |entry| entry.notices)
            }
            MessageKey::Notice { .. } => NoticeWishes::default(),
        }
    }

    /// Makes a notice about an entry's message and queues it at `host`.
    fn send_notice(&mut self, host: HostId, about: &QueueEntry, kind: MessageKind) {
        let original = self.messages[about.message];
        let Some(sender) = original.sender() else {
            return;
        };
        let returned = match kind {
            // RFC 3461 §4.3: without a failure, the header is enough.
            MessageKind::DelayNotice => HEADER,
            _ if self.wishes(about.message).headers_only => HEADER,
            _ => about.size().0.min(RETURNED),
        };
        let key = self.next_key(about.message);
        let size = Octets(NOTICE + returned);
        let message = self.messages.add(Message::new(key, kind, None, size, 1));
        if !self.scenario.automatic.is_empty() {
            // Somebody may answer it at once.
            let first = original.kind() == MessageKind::Mail;
            self.chains.made(self.now, (about.message, first), message, sender);
        }
        let recipient = self.create_recipient(host, message, sender, Some(original.key()));
        self.enqueue(host, message, &[recipient], Arrival::made_here(1, size, self.now));
    }

    /// Returns the key of the next message that is made about another. A copy of a list may have
    /// notices of its own, which are counted with those about the message that a person wrote.
    pub(super) fn next_key(&mut self, about: MessageId) -> MessageKey {
        let key = self.messages[about].key();
        if self.scenario.automatic.is_empty() {
            return key.notice(self.messages.count_notice(about));
        }
        let (MessageKey::Mail { entry, ordinal } | MessageKey::Notice { entry, ordinal, .. }) = key;
        let count =
            self.mailboxes.offspring.entry(MessageKey::Mail { entry, ordinal }).or_default();
        *count += 1;
        key.notice(*count - 1)
    }

    /// Adds a recipient to a new message and states it.
    pub(super) fn create_recipient(
        &mut self,
        host: HostId,
        message: MessageId,
        mailbox: Mailbox,
        about: Option<crate::mail::MessageKey>,
    ) -> RecipientId {
        let recipient = self.messages.add_recipient(message, mailbox);
        let state = self.messages[message];
        let unread = !self.mailboxes.readers.reads(mailbox);
        self.state(&Fact::Created(Created {
            recipient,
            message,
            mailbox,
            key: state.key(),
            kind: state.kind(),
            about,
            sender: state.sender(),
            size: state.size(),
            host,
            unread,
        }));
        recipient
    }
}
