//! A conversation with a store, whichever protocol is spoken.

use crate::units::SimTime;

use super::account::Account;
use super::imap::Imap;
use super::pop3::Pop3;

/// What a session needs of its store.
pub(crate) trait Store {
    /// Opens the account that a login name stands for, as things stand now.
    fn account(&mut self, name: &str) -> Option<&mut Account>;
    /// Returns whether a password is the one of a login name.
    fn accepts(&self, name: &str, password: &str) -> bool;
    /// The time.
    fn now(&self) -> SimTime;
    /// Whether the connection is secure.
    fn is_secure(&self) -> bool;
}

/// What is answered, and what comes next.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) octets: Vec<u8>,
    pub(crate) then: Then,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// A line of the client.
    Line,
    /// A literal of so many octets.
    Literal(u64),
    /// TLS, and then a line.
    StartTls,
    /// The connection is closed.
    Close,
}

/// A conversation.
#[derive(Debug)]
pub(crate) enum Session {
    /// POP3, RFC 1939.
    Pop3(Pop3),
    /// IMAP, RFC 3501 and RFC 9051.
    Imap(Imap),
}

impl Session {
    pub(crate) fn pop3() -> Self {
        Self::Pop3(Pop3::default())
    }

    pub(crate) fn imap() -> Self {
        Self::Imap(Imap::default())
    }

    /// Returns what the server of this name says first.
    pub(crate) fn greeting(&self, host: &str, store: &dyn Store) -> Vec<u8> {
        match self {
            Self::Pop3(_) => format!("+OK {host} POP3 ready\r\n").into_bytes(),
            Self::Imap(_) => Imap::greeting(host, store),
        }
    }

    /// Hears a line, without its end: a command, the rest of one, or what was waited for.
    pub(crate) fn hear(&mut self, line: &[u8], store: &mut dyn Store) -> Answer {
        match self {
            Self::Pop3(pop3) => pop3.hear(&String::from_utf8_lossy(line), store),
            Self::Imap(imap) => imap.hear(line, store),
        }
    }

    /// Takes octets of a literal, behind which a line follows.
    pub(crate) fn literal(&mut self, octets: &[u8]) {
        if let Self::Imap(imap) = self {
            imap.literal(octets);
        }
    }

    /// Tells a client what has happened in its folder since it was last told.
    pub(crate) fn news(&mut self, store: &mut dyn Store) -> Vec<u8> {
        let mut octets = Vec::new();
        if let Self::Imap(imap) = self {
            imap.news(&mut octets, store);
        }
        octets
    }

    /// Returns whether the client waits to be told of news.
    pub(crate) fn idles(&self) -> bool {
        matches!(self, Self::Imap(imap) if imap.idles())
    }

    /// Returns who has logged in.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Pop3(pop3) => pop3.user(),
            Self::Imap(imap) => imap.user(),
        }
    }

    /// Returns whether the next line of the client is a secret, or ends with one.
    pub(crate) fn awaits_credentials(&self) -> bool {
        match self {
            Self::Pop3(pop3) => pop3.awaits_credentials(),
            Self::Imap(imap) => imap.awaits_credentials(),
        }
    }

    /// Returns what the server says before it leaves for a reason of its own.
    pub(crate) fn farewell(&self, reason: &str) -> String {
        match self {
            Self::Pop3(_) => format!("-ERR [SYS/TEMP] {reason}\r\n"),
            Self::Imap(_) => format!("* BYE {reason}\r\n"),
        }
    }
}
