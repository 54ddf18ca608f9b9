//! What lines say, whatever server wrote them.

use super::header::Stamp;

/// A piece of text kept in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    at: u32,
    length: u32,
}

/// Texts of events, one after the other: a million lines have few allocations.
#[derive(Debug, Default)]
pub(super) struct Arena(String);

impl Arena {
    /// Keeps a text. Beyond 4 GiB nothing more is kept.
    pub(super) fn keep(&mut self, text: &str) -> Span {
        let Ok(at) = u32::try_from(self.0.len()) else { return Span::default() };
        let Ok(length) = u32::try_from(text.len()) else { return Span::default() };
        if at.checked_add(length).is_none() {
            return Span::default();
        }
        self.0.push_str(text);
        Span { at, length }
    }

    /// Returns a text that was kept.
    pub(super) fn get(&self, span: Span) -> &str {
        let from = span.at as usize;
        self.0.get(from..from + span.length as usize).unwrap_or_default()
    }
}

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sent,
    Deferred,
    /// Deferred without a try, by what the server remembers.
    Suspended,
    Bounced,
    /// A probe of an address, no mail.
    Probe,
}

/// A try of one recipient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    pub(super) to: Span,
    /// As written: `mx.example.org[192.0.2.1]:25`, a transport, or `none`.
    pub(super) relay: Span,
    /// The daemon or transport.
    pub(super) agent: Span,
    pub(super) result: Verdict,
    /// Why, as the server says it.
    pub(super) text: Span,
    /// Age of the message \[µs\]; negative: not told.
    pub(super) delay: i64,
    /// Age when the queue manager took it up, told to a tenth of a second or better \[µs\]; negative:
    /// not told so finely.
    pub(super) waited: i64,
    /// Connection set-up and transmission together \[µs\]; negative: not told.
    pub(super) session: i64,
    /// Connection set-up alone \[µs\]; negative: not told.
    pub(super) setup: i64,
}

/// What a line says.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A client hands the message in.
    Client,
    /// Taken into the active queue, or accepted with all that is known at once.
    Arrived {
        from: Span,
        size: u64,
    },
    Tried(Try),
    /// A host failed on the way of a delivery that goes on.
    HostFailed {
        text: Span,
    },
    /// The queue manager gives the message up.
    Expired,
    Removed,
    /// The server made a notice about this message: the id of the notice.
    Notice {
        id: Span,
    },
    /// The message is a notice about another.
    IsNotice,
    /// A queue run begins.
    QueueRun,
    /// The server starts.
    Started,
    /// The server stops in good order.
    Stopped,
    /// The version of the server, which it tells when it starts.
    Version {
        text: Span,
    },
    /// The time between queue runs, as the server was started with \[s\].
    QueueInterval {
        seconds: u64,
    },
}

/// A line's statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) at: Stamp,
    pub(super) server: u16,
    pub(super) pid: u32,
    /// The queue id; empty where there is none.
    pub(super) id: Span,
    pub(super) what: What,
}
