//! Commands in order and out of order: what a server makes of a command by the state of its session.

use crate::mail::{Reply, Status};
use crate::smtp::Vrfy;

/// A command of SMTP or of an extension, by its verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// EHLO, RFC 5321 §4.1.1.1.
    Ehlo,
    /// HELO, §4.1.1.1.
    Helo,
    /// MAIL, §4.1.1.2.
    Mail,
    /// RCPT, §4.1.1.3.
    Rcpt,
    /// DATA, §4.1.1.4.
    Data,
    /// RSET, §4.1.1.5.
    Rset,
    /// VRFY, §4.1.1.6.
    Vrfy,
    /// EXPN, §4.1.1.7.
    Expn,
    /// HELP, §4.1.1.8.
    Help,
    /// NOOP, §4.1.1.9.
    Noop,
    /// QUIT, §4.1.1.10.
    Quit,
    /// STARTTLS, RFC 3207.
    StartTls,
    /// BDAT, RFC 3030; the flag says whether this chunk is the last.
    Bdat(bool),
    /// AUTH with a mechanism that shows the password (PLAIN, LOGIN), RFC 4954.
    Auth,
}

impl Verb {
    /// The commands that every server must know (RFC 5321 §4.5.1).
    pub const MINIMUM: [Self; 9] = [
        Self::Ehlo,
        Self::Helo,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Rset,
        Self::Noop,
        Self::Quit,
        Self::Vrfy,
    ];
}

/// Which commands beyond the minimum a server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    /// EHLO; without it the server is older than RFC 1869.
    pub ehlo: bool,
    /// STARTTLS.
    pub starttls: bool,
    /// AUTH.
    pub auth: bool,
    /// BDAT (the extension CHUNKING).
    pub chunking: bool,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The greeting was 554: only QUIT is of use (RFC 5321 §3.1).
    Refusing,
    /// Greeted; no EHLO or HELO yet.
    Greeted,
    /// EHLO or HELO was said and no transaction is open.
    Ready,
    /// MAIL was accepted.
    Sender,
    /// At least one RCPT was accepted.
    Recipients,
    /// At least one BDAT was accepted, and more are to come.
    Chunks,
    /// QUIT was said.
    Closed,
}

/// The server's side of the order of commands (RFC 5321 §4.1.4).
///
/// Each command gets a reply: 503 and the like where the command is out of order, else what the
/// server's policy says. The reply moves the session on. A session that is settled asks this for
/// every command it sends, so the commands of a group that come after a refusal are answered as a
/// server answers them.
#[derive(Debug, Clone)]
pub struct Order {
    offers: Offers,
    state: Progress,
    secure: bool,
    authenticated: bool,
}

const OUT_OF_ORDER: Reply = Reply::new(503, Status::new(5, 5, 1));
const NOT_IMPLEMENTED: Reply = Reply::new(502, Status::new(5, 5, 1));

impl Order {
    /// Returns the order of a session that was greeted with 220; `secure` says whether TLS runs
    /// from the first octet.
    #[must_use]
    pub fn greeted(offers: Offers, secure: bool) -> Self {
        Self { offers, state: Progress::Greeted, secure, authenticated: false }
    }

    /// Returns the order of a session that was greeted with 554 (RFC 5321 §3.1).
    #[must_use]
    pub fn refusing(offers: Offers) -> Self {
        Self { state: Progress::Refusing, ..Self::greeted(offers, false) }
    }

    /// Returns the order of a session in which EHLO or HELO has been said and no transaction is
    /// open.
    #[must_use]
    pub fn ready(offers: Offers) -> Self {
        Self { state: Progress::Ready, ..Self::greeted(offers, false) }
    }

    /// Answers a command; `granted` is what the server says to it in the right place.
    #[inline]
    pub fn hear(&mut self, verb: Verb, granted: impl FnOnce() -> Reply) -> Reply {
        if let Some(refusal) = self.refusal(verb) {
            return refusal;
        }
        let reply = granted();
        if reply.is_positive() {
            self.move_on(verb);
        }
        reply
    }

    /// Returns whether a command that came now would be refused for coming now, or for not being
    /// offered.
    #[must_use]
    pub fn refuses(&self, verb: Verb) -> bool {
        self.refusal(verb).is_some()
    }

    /// The final dot: the transaction is over, whatever the reply (RFC 5321 §4.1.1.4).
    pub fn end_of_data(&mut self) {
        self.state = Progress::Ready;
    }

    /// Returns whether a transaction is open.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        matches!(self.state, Progress::Sender | Progress::Recipients | Progress::Chunks)
    }

    /// Returns whether STARTTLS is offered now: not once TLS runs (RFC 3207 §4.2).
    #[must_use]
    pub fn offers_starttls(&self) -> bool {
        self.offers.starttls && !self.secure
    }

    /// Returns whether AUTH is offered now: not where a password could be read (RFC 4954 §4).
    #[must_use]
    pub fn offers_auth(&self) -> bool {
        self.offers.auth && !self.authenticated && !self.offers_starttls()
    }

    /// Returns the reply to a command that comes at the wrong time or is not offered.
    // A session names its commands, so that most of this table is decided when it is compiled.
    #[inline(always)]
    fn refusal(&self, verb: Verb) -> Option<Reply> {
        let greeted = matches!(self.state, Progress::Greeted);
        match (self.state, verb) {
            (Progress::Closed, _) => Some(Reply::new(421, Status::NOT_ACCEPTING)),
            (_, Verb::Quit) => None,
            (Progress::Refusing, _) => Some(OUT_OF_ORDER),
            (_, Verb::Ehlo) if !self.offers.ehlo => Some(Reply::new(502, Status::new(5, 5, 2))),
            // Postfix and many others do not tell who is on a list (RFC 5321 §7.3).
            (_, Verb::Expn) => Some(NOT_IMPLEMENTED),
            (_, Verb::Ehlo | Verb::Helo | Verb::Rset | Verb::Noop | Verb::Help | Verb::Vrfy) => {
                None
            }
            (_, Verb::StartTls) if !self.offers.starttls => Some(NOT_IMPLEMENTED),
            (_, Verb::Auth) if !self.offers.auth => Some(NOT_IMPLEMENTED),
            (_, Verb::Bdat(_)) if !self.offers.chunking => Some(NOT_IMPLEMENTED),
            // RFC 3030 §2: read, thrown away and refused.
            (Progress::Recipients | Progress::Chunks, Verb::Bdat(_)) => None,
            (Progress::Sender, Verb::Bdat(_)) => Some(Reply::new(554, Status::new(5, 5, 1))),
            (_, Verb::Bdat(_)) => Some(OUT_OF_ORDER),
            // RFC 3030 §2: DATA and BDAT are not mixed, and no recipient comes after the first chunk.
            (Progress::Chunks, Verb::Mail | Verb::Rcpt | Verb::Data) => Some(OUT_OF_ORDER),
            (_, Verb::StartTls) => {
                (greeted || self.in_transaction() || self.secure).then_some(OUT_OF_ORDER)
            }
            (_, Verb::Auth) if greeted || self.in_transaction() || self.authenticated => {
                Some(OUT_OF_ORDER)
            }
            // RFC 4954 §6: no passwords over a channel that anybody can read.
            (_, Verb::Auth) => (!self.secure && self.offers.starttls)
                .then_some(Reply::new(538, Status::new(5, 7, 11))),
            (Progress::Ready, Verb::Mail) => None,
            (_, Verb::Mail) => Some(OUT_OF_ORDER),
            (_, Verb::Rcpt) => (!self.in_transaction()).then_some(OUT_OF_ORDER),
            (Progress::Recipients, Verb::Data) => None,
            (Progress::Sender, Verb::Data) => Some(Reply::new(554, Status::new(5, 5, 1))),
            (_, Verb::Data) => Some(OUT_OF_ORDER),
        }
    }

    fn move_on(&mut self, verb: Verb) {
        match verb {
            Verb::Ehlo | Verb::Helo => self.state = Progress::Ready,
            Verb::Mail => self.state = Progress::Sender,
            Verb::Rcpt => self.state = Progress::Recipients,
            Verb::Bdat(last) => self.state = if last { Progress::Ready } else { Progress::Chunks },
            Verb::Rset if self.in_transaction() => self.state = Progress::Ready,
            Verb::Quit => self.state = Progress::Closed,
            // RFC 3207 §4.2: as after the greeting.
            Verb::StartTls => (self.state, self.secure) = (Progress::Greeted, true),
            Verb::Auth => self.authenticated = true,
            Verb::Data | Verb::Rset | Verb::Vrfy | Verb::Expn | Verb::Help | Verb::Noop => {}
        }
    }
}

/// Returns what a server says to a command about which nothing else decides.
#[must_use]
pub fn plain_reply(verb: Verb) -> Reply {
    match verb {
        Verb::Data => Reply::new(354, Status::SUCCESS),
        Verb::Quit => Reply::new(221, Status::SUCCESS),
        Verb::Help => Reply::new(214, Status::SUCCESS),
        Verb::StartTls => Reply::new(220, Status::SUCCESS),
        Verb::Auth => Reply::new(235, Status::new(2, 7, 0)),
        Verb::Vrfy => verified(Vrfy::Unsure, None),
        _ => Reply::new(250, Status::SUCCESS),
    }
}

/// Returns what a server says to VRFY about a mailbox that RCPT would refuse so; none: it would not.
#[must_use]
pub fn verified(vrfy: Vrfy, refusal: Option<Reply>) -> Reply {
    match (vrfy, refusal.filter(|reply| reply.is_permanent())) {
        (Vrfy::AsRcpt | Vrfy::Answers, Some(refusal)) => refusal,
        (Vrfy::Answers, None) => Reply::new(250, Status::new(2, 1, 5)),
        // RFC 5321 §3.5.3: will not say, but RCPT decides.
        (Vrfy::AsRcpt, None) | (Vrfy::Unsure, _) => Reply::new(252, Status::SUCCESS),
        (Vrfy::Disabled, _) => Reply::new(502, Status::new(5, 5, 1)),
        (Vrfy::Unknown, _) => Reply::new(500, Status::new(5, 5, 1)),
    }
}
