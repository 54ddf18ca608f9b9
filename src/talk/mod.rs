//! Talking to a simulated host by hand, as in a telnet session.
//!
//! # Scope and limitations
//! Somebody calls a host at a moment of a run and types SMTP, POP3 or IMAP. SMTP is answered by the
//! model itself ([`crate::simulation::Moment`]): the rules, limits, outages and texts are those that
//! a client of the run meets at that moment. Of a message that is typed its size, its Received and
//! From fields and a GTUBE line count; other words are not kept. POP3 and IMAP show what lies in the
//! mailbox then; what is deleted or flagged by hand is forgotten at the end, and a message there has
//! its true header fields and its size, with a remark in place of its body. Passwords are those of the
//! scenario; where it has none, any will do. A server does not hang up on a caller who says nothing, and a caller on
//! port 25 who sits at no host of the scenario is a stranger: mail for other domains is not relayed.
//!
//! # Design
//! A [`Talk`] takes one line after the other and returns what is heard; it neither reads nor prints.
//! The server's side of SMTP is [`SmtpSession`], which answers real programs too ([`crate::live`]); a talk
//! lets time pass until each reply is there, a live run lets the clock do that. POP3 and IMAP are those of
//! [`crate::message_store`], which real readers meet too.
//! What an SMTP server takes is [`Posted`], to be written as a `[[mail]]` of the scenario, whose run
//! then carries it on.

mod call;
mod command;
mod explain;
mod posted;
mod smtp;
mod store_call;
mod store_talk;
mod text;
mod typed_smtp;

pub use call::{Protocol, Request, TalkError, Visitor, host_of, own_name, prepare};
pub use explain::{explain_command, explain_imap, explain_pop3, explain_reply};
pub use posted::{Posted, as_toml};
pub use smtp::{Ending, Expected, SmtpSession};
pub use store_talk::StoreTalk;
pub use typed_smtp::SmtpTalk;

use crate::smtp::Line;

/// A conversation under way.
pub trait Talk {
    /// Connects; returns what is heard until the server waits for a command.
    fn begin(&mut self) -> Vec<Line>;

    /// Says one line, without its CR LF; returns what is heard.
    fn hear(&mut self, line: &str) -> Vec<Line>;

    /// Lets time pass.
    fn wait(&mut self, time: crate::units::SimDuration) -> Vec<Line>;

    /// Explains the latest reply, or a command.
    fn explain(&self, about: &str) -> String;

    /// Returns the virtual time.
    fn now(&self) -> crate::units::SimTime;

    /// Returns whether the connection is closed.
    fn is_over(&self) -> bool;

    /// Returns whether the next line is part of a message and no command: of SMTP alone.
    fn takes_text(&self) -> bool {
        false
    }

    /// Returns what was handed over so far: nothing where mail is only read.
    fn posted(&self) -> &[Posted] {
        &[]
    }
}
