//! Who and what: hosts, domains, mailboxes, messages and recipients as small integers.

use std::fmt;

use crate::units::write_integer;

macro_rules! index_newtype {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// Returns the position in the table that this id indexes.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// Returns the id of position `index` of its table.
            ///
            /// # Panics
            /// If the table has more than `u32::MAX` rows, which no scenario can ask for.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("a table has at most u32::MAX rows"))
            }
        }
    };
}

index_newtype!(
    /// A host of the network (a node of the graph), by its position in the scenario's host table.
    HostId
);
index_newtype!(
    /// A mail domain, by its position in the scenario's domain table.
    DomainId
);
index_newtype!(
    /// One recipient of one message, by its slot in the run's arena. Slots are used again after
    /// the recipient's story has ended.
    RecipientId
);
index_newtype!(
    /// One queue entry: a message at one host with those recipients that this host answers for.
    /// Slots are used again.
    EntryId
);

/// A mailbox: a domain and the position of the local part in the domain's list of mailboxes.
///
/// Positions at or above the domain's number of mailboxes stand for addresses that do not exist;
/// the scenario keeps their spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mailbox {
    /// The domain behind the at sign.
    pub domain: DomainId,
    /// Position of the local part among the domain's mailboxes.
    pub local: u32,
}

/// Spells mailboxes and hosts for people and files.
pub trait MailboxNames {
    /// Appends the address as `local@domain`, in UTF-8.
    fn write_mailbox(&self, mailbox: Mailbox, out: &mut Vec<u8>);
    /// Returns the domain's name, as the DNS has it.
    fn domain(&self, domain: DomainId) -> &str;
    /// Returns the host's name, as the DNS has it: letters, digits, dots, `-` and `_`.
    fn host(&self, host: HostId) -> &str;

    /// Returns the address as `local@domain`.
    fn mailbox(&self, mailbox: Mailbox) -> String {
        let mut name = Vec::new();
        self.write_mailbox(mailbox, &mut name);
        String::from_utf8(name).expect("names are written in UTF-8")
    }
}

/// What a message is, independent of what happens to it (the contract's "identity").
///
/// Ordinary mail is numbered by its `[[mail]]` entry and its ordinal there. A notice is named
/// after the message that it is about, so it carries the same name in two variants of a scenario
/// whenever both make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKey {
    /// Mail of `[[mail]]` entry `entry` (counted from 0), the `ordinal`-th (from 0).
    Mail {
        /// Position of the `[[mail]]` entry in the file.
        entry: u32,
        /// Ordinal of the message within its entry.
        ordinal: u64,
    },
    /// Mail that the model itself makes, about message `entry`/`ordinal`.
    Notice {
        /// Position of the `[[mail]]` entry of the message that the notice is about.
        entry: u32,
        /// Ordinal of the message that the notice is about.
        ordinal: u64,
        /// Counts the notices about that message, from 0.
        number: u32,
    },
}

impl MessageKey {
    /// Returns the key of the `number`-th notice about this message.
    #[must_use]
    pub fn notice(self, number: u32) -> Self {
        let (Self::Mail { entry, ordinal } | Self::Notice { entry, ordinal, .. }) = self;
        Self::Notice { entry, ordinal, number }
    }

    /// Returns 64 bits that name this message in the keys of random streams.
    #[must_use]
    pub fn stream_key(self) -> u64 {
        match self {
            Self::Mail { entry, ordinal } => (u64::from(entry) << 40) ^ ordinal,
            Self::Notice { entry, ordinal, number } => {
                (1 << 63) ^ (u64::from(number) << 52) ^ (u64::from(entry) << 40) ^ ordinal
            }
        }
    }
}

impl MessageKey {
    /// Appends what [`Display`](fmt::Display) writes, without going through `fmt`.
    pub fn write(self, out: &mut Vec<u8>) {
        let (Self::Mail { entry, ordinal } | Self::Notice { entry, ordinal, .. }) = self;
        write_integer(u64::from(entry) + 1, out);
        out.push(b'-');
        write_integer(ordinal + 1, out);
        if let Self::Notice { number, .. } = self {
            out.extend_from_slice(b".n");
            write_integer(u64::from(number) + 1, out);
        }
    }
}

impl fmt::Display for MessageKey {
    /// Writes `3-17` for mail (entry 3, message 17, both counted from 1) and `3-17.n2` for the
    /// second notice about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Mail { entry, ordinal } => write!(f, "{}-{}", entry + 1, ordinal + 1),
            Self::Notice { entry, ordinal, number } => {
                write!(f, "{}-{}.n{}", entry + 1, ordinal + 1, number + 1)
            }
        }
    }
}

impl std::str::FromStr for MessageKey {
    type Err = ();

    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    /// `()` if the text is not of that form.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (mail, notice) = match text.split_once(".n") {
            Some((mail, number)) => (mail, Some(number.parse::<u32>().map_err(|_| ())?)),
            None => (text, None),
        };
        let (entry, ordinal) = mail.split_once('-').ok_or(())?;
        let entry = entry.parse::<u32>().ok().and_then(|n| n.checked_sub(1)).ok_or(())?;
        let ordinal = ordinal.parse::<u64>().ok().and_then(|n| n.checked_sub(1)).ok_or(())?;
        let key = Self::Mail { entry, ordinal };
        match notice {
            None => Ok(key),
            Some(number) => number.checked_sub(1).map(|n| key.notice(n)).ok_or(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_what_they_write() {
        for text in ["1-1", "3-17", "3-17.n2"] {
            let key = text.parse::<MessageKey>().unwrap();
            assert_eq!(key.to_string(), text);
            let mut written = Vec::new();
            key.write(&mut written);
            assert_eq!(written, text.as_bytes());
        }
        for text in ["", "1", "0-1", "1-0", "1-1.n0", "a-b"] {
            assert_eq!(text.parse::<MessageKey>(), Err(()), "{text}");
        }
    }
}
