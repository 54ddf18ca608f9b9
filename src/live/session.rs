//! A conversation of the room with one connection, whatever is spoken.

use crate::mail::Stage;
use crate::scenario::CallerId;
use crate::simulation::Moment;
use crate::smtp::{Line, Speaker};
use crate::talk::{Ending, Expected, Posted, SmtpSession, Visitor};
use crate::units::{SimDuration, SimTime};

use super::account::Accounts;
use super::chronicle::Chronicle;
use super::order::{Next, Output};

/// The world as a live run has it.
pub(super) type Held<'s, 'k> = Moment<'s, 'k, Chronicle>;

/// What a connection is told, and when.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) at: SimTime,
    pub(super) told: Output,
}

/// A conversation.
#[derive(Debug)]
pub(super) enum Session {
    Smtp(Box<SmtpSession>),
    Store(Box<super::store::StoreSession>),
}

/// How long a server waits for a client that says nothing: RFC 5321 §4.5.3.2.7.
const SMTP_PATIENCE: SimDuration = SimDuration::from_minutes(5);
/// RFC 1939 §3 asks for ten minutes, RFC 9051 §5.4 for thirty.
const STORE_PATIENCE: SimDuration = SimDuration::from_minutes(30);

impl Session {
    pub(super) fn smtp(caller: CallerId, visitor: Visitor) -> Self {
        Self::Smtp(Box::new(SmtpSession::new(caller, visitor).keeping_text()))
    }

    /// Returns how long the server waits for a client that says nothing.
    pub(super) fn patience(&self) -> SimDuration {
        match self {
            Self::Smtp(_) => SMTP_PATIENCE,
            Self::Store(_) => STORE_PATIENCE,
        }
    }

    /// Returns what the server says to a client that it leaves for saying nothing.
    pub(super) fn farewell(&self) -> String {
        match self {
            Self::Smtp(_) => "421 4.4.2 Error: timeout exceeded\r\n".to_owned(),
            Self::Store(store) => store.farewell(),
        }
    }

    /// Returns what the server says when nothing more can be written down.
    pub(super) fn record_is_full(&self) -> String {
        match self {
            Self::Smtp(_) => "421 4.3.2 The record of this run is full\r\n".to_owned(),
            Self::Store(store) => store.record_is_full(),
        }
    }

    /// Returns a line of the client as the log shows it: without passwords.
    pub(super) fn shown(&self, line: &[u8]) -> String {
        let secret = matches!(self, Self::Smtp(session) if session.awaits_credentials());
        let secret = secret || matches!(self, Self::Store(store) if store.awaits_credentials());
        without_secrets(line, secret)
    }

    /// Connects. A reply at once means that the connection has failed.
    pub(super) fn connect(&mut self, world: &mut Held<'_, '_>) -> (SimTime, Option<Reply>) {
        match self {
            Self::Smtp(session) => {
                session.connect(world);
                let failed = session.ended().is_some().then(|| replied(session, &[]));
                (session.clock(), failed)
            }
            Self::Store(store) => store.connect(world),
        }
    }

    /// Returns whether a process of the server is free to greet.
    pub(super) fn is_greeted_at_once(&self, world: &Held<'_, '_>) -> bool {
        match self {
            Self::Smtp(session) => session.is_greeted_at_once(world),
            Self::Store(_) => true,
        }
    }

    pub(super) fn greet(&mut self, world: &mut Held<'_, '_>, accounts: &mut Accounts) -> Reply {
        match self {
            Self::Smtp(session) => {
                let lines = session.greet(world);
                replied(session, &lines)
            }
            Self::Store(store) => store.greet(world, accounts),
        }
    }

    pub(super) fn line(
        &mut self,
        world: &mut Held<'_, '_>,
        accounts: &mut Accounts,
        line: &[u8],
    ) -> Reply {
        match self {
            Self::Smtp(session) => {
                let lines = session.hear(world, &String::from_utf8_lossy(line));
                replied(session, &lines)
            }
            Self::Store(store) => store.line(world, accounts, line),
        }
    }

    /// Takes a part of a message; at its end there is a reply.
    pub(super) fn text(
        &mut self,
        world: &mut Held<'_, '_>,
        octets: &[u8],
        end: bool,
    ) -> Option<Reply> {
        match self {
            Self::Smtp(session) => {
                let lines = match session.expected() {
                    Expected::Chunk(_) => session.take_chunk(world, octets),
                    _ => session.take_message(world, octets, end),
                };
                end.then(|| replied(session, &lines))
            }
            Self::Store(store) => store.text(world, octets, end),
        }
    }

    /// Returns what a client that waits for news is told.
    pub(super) fn news(
        &mut self,
        world: &mut Held<'_, '_>,
        accounts: &mut Accounts,
    ) -> Option<Vec<u8>> {
        match self {
            Self::Smtp(_) => None,
            Self::Store(store) => store.news(world, accounts),
        }
    }

    /// Returns what was taken from the client since it was asked last.
    pub(super) fn take_posted(&mut self) -> Vec<Posted> {
        match self {
            Self::Smtp(session) => session.take_posted(),
            Self::Store(_) => Vec::new(),
        }
    }
}

fn replied(session: &SmtpSession, lines: &[Line]) -> Reply {
    let mut octets = Vec::new();
    let mut starts_tls = false;
    for line in lines.iter().filter(|line| line.speaker == Speaker::Server) {
        octets.extend_from_slice(line.text.as_bytes());
        octets.extend_from_slice(b"\r\n");
        let latest = session.latest();
        starts_tls = latest.is_some_and(|(reply, stage)| (reply.code, stage) == (220, Stage::Tls));
    }
    let next = match (session.ended(), session.expected()) {
        (Some(Ending::Closed), _) => Next::Close,
        (Some(Ending::Lost), _) => Next::Reset,
        (Some(Ending::Silent), _) => Next::Silence,
        (None, Expected::Line) if starts_tls => Next::StartTls,
        (None, Expected::Line) => Next::Line,
        (None, Expected::Message) => Next::Message,
        (None, Expected::Chunk(octets)) => Next::Chunk(octets),
    };
    // A refused connection is reset, not closed.
    let next = if next == Next::Close && octets.is_empty() { Next::Reset } else { next };
    Reply { at: session.clock(), told: Output { octets, next } }
}

/// Returns a line as it may be shown: passwords, and whatever stands for one, are left out.
fn without_secrets(line: &[u8], secret: bool) -> String {
    let line = String::from_utf8_lossy(&line[..line.len().min(500)]).into_owned();
    if secret {
        return HIDDEN.to_owned();
    }
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    // IMAP has a tag in front.
    let shown = match (first.to_ascii_uppercase().as_str(), second.to_ascii_uppercase().as_str()) {
        ("PASS", _) => 1,
        ("AUTH", _) => 2,
        (_, "LOGIN" | "AUTHENTICATE") => 3,
        _ => return line,
    };
    let mut words: Vec<&str> = line.split(' ').collect();
    if words.len() > shown {
        words.truncate(shown);
        words.push(HIDDEN);
    }
    words.join(" ")
}

/// Stands in the log for what nobody is to read there.
const HIDDEN: &str = "(hidden)";

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn passwords_are_left_out_of_the_log() {
        let cases = [
            ("PASS x y", "PASS (hidden)"),
            ("AUTH PLAIN AGJvYgB4", "AUTH PLAIN (hidden)"),
            ("auth plain", "auth plain"),
            ("a1 LOGIN bob secret", "a1 LOGIN bob (hidden)"),
            ("a1 login {3}", "a1 login {3}"),
            ("a1 AUTHENTICATE PLAIN AGJvYgB4", "a1 AUTHENTICATE PLAIN (hidden)"),
            ("MAIL FROM:<login@b.example>", "MAIL FROM:<login@b.example>"),
            ("RCPT TO:<\"a login\"@b.example>", "RCPT TO:<\"a login\"@b.example>"),
        ];
        for (line, expected) in cases {
            assert_eq!(without_secrets(line.as_bytes(), false), expected);
        }
        assert_eq!(without_secrets(b"AGJvYgB4", true), "(hidden)");
    }
}
