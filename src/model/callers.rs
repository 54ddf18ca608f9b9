//! Programs from outside that talk to the servers of a run, and what they said: the `[live]` table.
//!
//! A scenario with callers has one more domain, [`ELSEWHERE`], which stands for every domain that it
//! does not know: it has no exchanger. Addresses that only callers speak of are [`Guests`].

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Scenario;
use crate::mail::{
    AttemptOutcome, DomainId, HostId, Mailbox, MessageKey, Reply, Stage, split_address,
    split_stray_dots,
};
use crate::smtp::Verb;
use crate::units::{Octets, SimTime};

/// The domain that stands for those that a scenario does not know. No such name exists (RFC 2606 §2).
pub const ELSEWHERE: &str = "elsewhere.invalid";

/// The mailbox that every domain with a store has (RFC 5321 §4.5.1).
pub const POSTMASTER: &str = "postmaster";

/// Names a connection of a caller; no two of a scenario have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallerId(pub u32);

/// What a caller does at a time. What happens in the run up to that time, happens before.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// When.
    pub at: SimTime,
    /// Which connection.
    pub caller: CallerId,
    /// What.
    pub act: Act,
}

/// What a caller does.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Asks for a connection.
    Connect(Call),
    /// Is greeted: the server has a free process, or turns it away.
    Greeting,
    /// Says a command.
    Say(Said),
    /// Ends a message, for the recipients that were accepted.
    Message(Text),
    /// Closes the connection, or loses it.
    Close,
    /// A reader takes a message out of a mailbox.
    Remove(Address, MessageKey),
    /// A real server that plays the part of a host has answered to what it was handed.
    Answer(Answered),
}

/// Names a message that a host hands out to a real server: the delivery, as the trace numbers them, and
/// which try of its run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrandId {
    /// The delivery.
    pub delivery: u64,
    /// The try.
    pub number: u32,
}

/// How a real server took a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Which one.
    pub id: ErrandId,
    /// How far it came. At [`Stage::Dot`] all has been said; at [`Stage::Rcpt`], accepted, no recipient
    /// was left to send anything for.
    pub stage: Stage,
    /// How that ended.
    pub outcome: AttemptOutcome,
    /// The reply there, if there was one.
    pub reply: Option<Reply>,
    /// Replies to RCPT, as far as it came to them.
    pub recipients: Vec<Option<Reply>>,
}

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The host at which the caller sits.
    pub client: HostId,
    /// The host called: a server, or a proxy in front of one.
    pub host: HostId,
    /// The port: 25, 465 or 587 for SMTP, any other for what a store serves.
    pub port: u16,
    /// Whether the caller sits beside the server, so that no line of the network lies between them.
    pub adjacent: bool,
}

/// An address as a caller spelt it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The mailbox that it means.
    pub mailbox: Mailbox,
    /// Its spelling.
    pub spelt: Box<str>,
}

/// An SMTP command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line that is no command, or has wrong arguments, with what the server answers to it.
    Wrong(Reply),
    /// MAIL, with the reverse path (none: null) and SIZE.
    Mail(Option<Address>, Option<Octets>),
    /// RCPT.
    Rcpt(Address),
    /// VRFY.
    Vrfy(Address),
    /// Any other command.
    Other(Verb),
}

/// What is known of the text of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Octets of header and body.
    pub size: Octets,
    /// Received fields in its header.
    pub received_fields: u32,
    /// What content filters think of it.
    pub score: f64,
    /// The address in its From field; none: that of the reverse path.
    pub author: Option<Address>,
}

/// Positions from here on stand for [`Guests`].
const FIRST_GUEST: u32 = 1 << 31;

/// Addresses that callers have named and that the scenario does not speak of, in the order in which
/// they came. Clones of a scenario share them.
#[derive(Debug, Clone, Default)]
pub struct Guests(Arc<RwLock<GuestBook>>);

#[derive(Debug, Default)]
struct GuestBook {
    addresses: Vec<Arc<str>>,
    /// By domain, and by address in lower case.
    places: BTreeMap<(DomainId, String), u32>,
}

impl Guests {
    /// Returns the address of a mailbox; none: it is no guest's.
    #[must_use]
    pub fn address(&self, mailbox: Mailbox) -> Option<Arc<str>> {
        let place = mailbox.local.checked_sub(FIRST_GUEST)? as usize;
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        book.addresses.get(place).cloned()
    }

    /// Returns the mailbox of a guest, a new one if need be.
    fn mailbox(&self, domain: DomainId, address: &str) -> Mailbox {
        let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let key = (domain, address.to_ascii_lowercase());
        let last = (MOST_GUESTS - 1) as u32;
        let place = match book.places.get(&key) {
            Some(place) => *place,
            None if book.addresses.len() >= MOST_GUESTS => last,
            None => {
                let place = book.addresses.len() as u32;
                book.addresses.push(address.into());
                book.places.insert(key, place);
                place
            }
        };
        Mailbox { domain, local: FIRST_GUEST + place }
    }
}

/// So many addresses that a scenario does not know are told apart; further ones share the last name.
pub const MOST_GUESTS: usize = 100_000;

impl Scenario {
    /// Returns whether programs from outside may talk to it: whether it has a `[live]` table.
    #[must_use]
    pub fn takes_callers(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Returns whether a password is the one of a login name, an address or its local part. For names
    /// of which the scenario knows none any will do.
    #[must_use]
    pub fn accepts_password(&self, name: &str, password: &str) -> bool {
        let local =
            |known: &str| known.rsplit_once('@').map_or(known.to_owned(), |(l, _)| l.to_owned());
        let is = |known: &str| match name.contains('@') == known.contains('@') {
            true => known.eq_ignore_ascii_case(name),
            false => local(known).eq_ignore_ascii_case(&local(name)),
        };
        let mut known = self.passwords.iter().filter(|(known, _)| is(known)).peekable();
        known.peek().is_none() || known.any(|(_, right)| right == password)
    }

    /// Returns the mailbox that an address means, one with stray dots included; an address that the
    /// scenario does not know is a guest's. None: it is no address.
    #[must_use]
    pub fn mailbox_of(&self, address: &str) -> Option<Mailbox> {
        let stray = || split_stray_dots(address).map(|(local, name)| (local.to_owned(), name));
        let (local, name) = split_address(address).or_else(stray)?;
        let known = self.domains.iter().position(|domain| domain.name.eq_ignore_ascii_case(name));
        let Some(place) = known else {
            let domain = self.elsewhere.unwrap_or(DomainId::from_index(self.domains.len()));
            return Some(self.guests.mailbox(domain, address));
        };
        let domain = DomainId::from_index(place);
        Some(match self.domains[place].position(&local) {
            Some(local) => Mailbox { domain, local },
            None => self.guests.mailbox(domain, address),
        })
    }

    /// Returns an address as it is spelt, with the mailbox that it means.
    #[must_use]
    pub fn address_of(&self, spelt: &str) -> Option<Address> {
        self.mailbox_of(spelt).map(|mailbox| Address { mailbox, spelt: spelt.into() })
    }

    /// Makes `postmaster` exist in every domain that has a store, whether or not the scenario speaks of
    /// it (RFC 5321 §4.5.1).
    pub(crate) fn admit_callers(&mut self, elsewhere: DomainId) {
        self.elsewhere = Some(elsewhere);
        for domain in self.domains.iter_mut().filter(|domain| domain.store.is_some()) {
            if domain.position(POSTMASTER).is_none() {
                let place = domain.mailboxes + domain.unknown.len() as u32;
                domain.unknown.push(POSTMASTER.to_owned());
                domain.also.insert(place);
            }
        }
    }
}
