//! Enhanced mail system status codes, RFC 3463.

use std::fmt;
use std::str::FromStr;

use crate::units::write_integer;

/// An enhanced status code `class.subject.detail` (RFC 3463 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What the code is about: 1 addressing, 2 mailbox, 3 mail system, 4 network and routing,
    /// 5 protocol, 6 content, 7 security.
    pub subject: u16,
    /// The detail within the subject.
    pub detail: u16,
}

impl Status {
    /// 2.0.0: delivered.
    pub const SUCCESS: Self = Self::new(2, 0, 0);
    /// 4.4.1: no answer from host.
    pub const NO_ANSWER: Self = Self::new(4, 4, 1);
    /// 4.4.2: bad connection (lost or timed out in mid-session).
    pub const BAD_CONNECTION: Self = Self::new(4, 4, 2);
    /// 4.4.3: directory server failure (DNS).
    pub const DIRECTORY_FAILURE: Self = Self::new(4, 4, 3);
    /// 5.4.4: unable to route (no such domain, no usable exchanger).
    pub const UNABLE_TO_ROUTE: Self = Self::new(5, 4, 4);
    /// 5.4.6: routing loop detected.
    pub const ROUTING_LOOP: Self = Self::new(5, 4, 6);
    /// 4.4.7: delivery time expired.
    pub const EXPIRED: Self = Self::new(4, 4, 7);
    /// 5.1.1: no such mailbox.
    pub const BAD_MAILBOX: Self = Self::new(5, 1, 1);
    /// 5.1.0: other address status; what Postfix says of a null MX.
    pub const NULL_MX: Self = Self::new(5, 1, 0);
    /// 5.3.4: message too big for system.
    pub const TOO_BIG: Self = Self::new(5, 3, 4);
    /// 5.6.7: an address beyond ASCII that the next server does not take (RFC 6531 §4.2).
    pub const NEEDS_UTF8: Self = Self::new(5, 6, 7);
    /// 4.3.1: mail system full.
    pub const SYSTEM_FULL: Self = Self::new(4, 3, 1);
    /// 4.3.2: system not accepting network messages.
    pub const NOT_ACCEPTING: Self = Self::new(4, 3, 2);
    /// 5.7.1: delivery not authorized.
    pub const NOT_AUTHORIZED: Self = Self::new(5, 7, 1);

    /// Returns the code `class.subject.detail`.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Returns the same subject and detail as a permanent failure: what a sender reports when it
    /// gives up after temporary failures in products that change the class.
    #[must_use]
    pub const fn as_permanent(self) -> Self {
        Self { class: 5, ..self }
    }
}

impl Status {
    /// Returns whether mail with this status at its end was given up for its age: the failure is a
    /// temporary one, or says that the time is over (RFC 3463 x.4.7).
    #[must_use]
    pub fn says_expired(self) -> bool {
        self.class == 4 || (self.subject, self.detail) == (4, 7)
    }
}

impl Status {
    /// Appends what [`Display`](fmt::Display) writes, without going through `fmt`.
    pub fn write(self, out: &mut Vec<u8>) {
        write_integer(u64::from(self.class), out);
        out.push(b'.');
        write_integer(u64::from(self.subject), out);
        out.push(b'.');
        write_integer(u64::from(self.detail), out);
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl FromStr for Status {
    type Err = ();

    /// Reads `4.4.1`.
    ///
    /// # Errors
    /// `()` unless the text is three numbers with class 2, 4 or 5 and the others below 1000.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| part.parse::<u16>().map_err(|_| ()));
        let mut next = || parts.next().unwrap_or(Err(()));
        let (class, subject, detail) = (next()?, next()?, next()?);
        let whole = next().is_err() && matches!(class, 2 | 4 | 5);
        if whole && subject < 1000 && detail < 1000 {
            Ok(Self::new(class as u8, subject, detail))
        } else {
            Err(())
        }
    }
}
