//! What the room is asked to do, and what it tells connections.

use std::sync::mpsc::Sender;

use crate::scenario::{Answered, CallerId};

use super::question::Question;
use crate::serve::Response;

/// What comes from a connection, or from the HTTP interface.
#[derive(Debug)]
pub(super) enum Order {
    /// Somebody has connected to a door; what he is told goes to `told`.
    Open { caller: CallerId, door: usize, told: Teller },
    /// A line, without its end.
    Line { caller: CallerId, line: Vec<u8> },
    /// A part of a message: of the text before the dot, or of a chunk. Behind its end comes a reply.
    Text { caller: CallerId, octets: Vec<u8>, end: bool },
    /// The connection is gone.
    Gone { caller: CallerId },
    /// A real server has answered to what it was handed; with what was said.
    Answered { answered: Answered, lines: Vec<String> },
    /// A question of the HTTP interface.
    Ask { question: Question, answer: Sender<Response> },
}

/// What wakes the thread of a connection.
#[derive(Debug)]
pub(super) enum Signal {
    /// The room tells it something.
    Output(Output),
    /// The client has said something, or is gone.
    Readable,
}

/// Tells a connection.
#[derive(Debug, Clone)]
pub(super) struct Teller(pub(super) Sender<Signal>);

impl Teller {
    /// Tells something; whoever is gone does not hear it.
    pub(super) fn tell(&self, told: Output) {
        let _ = self.0.send(Signal::Output(told));
    }
}

/// What a connection is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    /// Octets to be sent.
    pub(super) octets: Vec<u8>,
    /// What is to be done then.
    pub(super) next: Next,
}

/// What a connection does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Reads a line.
    Line,
    /// Reads a message up to its dot.
    Message,
    /// Reads so many octets.
    Chunk(u64),
    /// Goes on by TLS, and then reads a line.
    StartTls,
    /// Closes.
    Close,
    /// Breaks off.
    Reset,
    /// Says nothing more until the other side leaves.
    Silence,
}
