//! What may happen next.

use crate::engine::Handle;
use crate::mail::{HostId, Mailbox, RecipientId};
use crate::queue::{EntryHandle, Timer};

/// An event in the queue: a plain value. Handles that are stale when it comes are ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Event {
    /// The next message of a `[[mail]]` entry is written.
    Compose { entry: u32 },
    /// Messages in the outbox are to be submitted again.
    Outbox { run: Handle, number: u32 },
    /// A timer of a host's queue manager.
    Timer { host: HostId, timer: Timer },
    /// The queue manager takes notice of an accepted entry.
    PickUp { entry: EntryHandle },
    /// A delivery or submission goes on: its agent begins, or its look-up is answered.
    Proceed { run: Handle },
    /// The server of a try takes responsibility.
    Handover { run: Handle, number: u32 },
    /// The client of a try knows how it ended.
    TryEnded { run: Handle, number: u32 },
    /// A client that waits for its greeting loses patience.
    GreetingTimeout { run: Handle, number: u32 },
    /// A local delivery is done.
    LocalDone { run: Handle },
    /// A kept connection has idled for too long.
    ConnectionExpires { connection: Handle },
    /// A mailbox is visited by a device of its reader (a reading of the scenario).
    Visit { mailbox: Mailbox, reading: u32 },
    /// A message is in its reader's hands, at that device.
    Fetched { recipient: RecipientId, reading: u32 },
    /// A host's MTA stops: a crash or an order.
    Down { host: HostId },
    /// A host's MTA starts again.
    Up { host: HostId },
    /// An `[[action]]` is due.
    Act { action: u32 },
    /// The shadow server of a host looks after it.
    Heartbeat { primary: HostId },
    /// A server answers for a message that a caller has brought.
    Brought { number: u32 },
    /// Copies for a part of a list's members go out.
    SendPart { number: u64 },
    /// Queues are sampled.
    Sample,
}
