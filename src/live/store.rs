//! POP3 and IMAP sessions of the room.

use crate::mail::{AttemptOutcome, HostId, MailboxNames as _};
use crate::message_store::{Account, Session, Store, Then, mailbox_at};
use crate::scenario::{Address, Call, CallerId};
use crate::smtp::Failure;
use crate::talk::{Protocol, Visitor};
use crate::units::SimTime;

use super::account::{Accounts, Followed};
use super::order::{Next, Output};
use super::session::{Held, Reply};

/// A conversation with a store.
#[derive(Debug)]
pub(super) struct StoreSession {
    caller: CallerId,
    visitor: Visitor,
    secure: bool,
    spoken: Session,
}

/// What a session sees of its store.
struct Desk<'a, 'w, 's, 'k> {
    world: &'w mut Held<'s, 'k>,
    accounts: &'a mut Accounts,
    store: HostId,
    secure: bool,
}

impl Desk<'_, '_, '_, '_> {
    fn open(&mut self, name: &str) -> Option<&mut Account> {
        let scenario = self.world.scenario();
        let mailbox = mailbox_at(scenario, self.store, name)?;
        let followed = self.accounts.entry(mailbox).or_default();
        let now = self.world.now();
        Some(followed.follow(scenario, self.world.sink(), mailbox, now))
    }
}

impl Store for Desk<'_, '_, '_, '_> {
    fn account(&mut self, name: &str) -> Option<&mut Account> {
        self.open(name)
    }

    fn accepts(&self, name: &str, password: &str) -> bool {
        self.world.scenario().accepts_password(name, password)
    }

    fn now(&self) -> SimTime {
        self.world.now()
    }

    fn is_secure(&self) -> bool {
        self.secure
    }
}

impl StoreSession {
    pub(super) fn new(caller: CallerId, visitor: Visitor, secure: bool) -> Self {
        let spoken = match visitor.protocol {
            Protocol::Imap => Session::imap(),
            _ => Session::pop3(),
        };
        Self { caller, visitor, secure, spoken }
    }

    /// Returns what the server says to a client that it leaves for saying nothing. RFC 1939 §3 has a
    /// POP3 server leave without a word.
    pub(super) fn farewell(&self) -> String {
        match self.spoken {
            Session::Pop3(_) => String::new(),
            Session::Imap(_) => self.spoken.farewell("nothing was said for too long"),
        }
    }

    pub(super) fn record_is_full(&self) -> String {
        self.spoken.farewell("the record of this run is full")
    }

    /// Whether the next line of the client is a secret, or ends with one.
    pub(super) fn awaits_credentials(&self) -> bool {
        self.spoken.awaits_credentials()
    }

    pub(super) fn connect(&mut self, world: &mut Held<'_, '_>) -> (SimTime, Option<Reply>) {
        let Visitor { client, host, port, adjacent, .. } = self.visitor;
        match world.connect(self.caller, Call { client, host, port, adjacent }) {
            Ok(at) => (at, None),
            Err(failure) => (failure.at, Some(failed(&failure))),
        }
    }

    pub(super) fn greet(&mut self, world: &mut Held<'_, '_>, accounts: &mut Accounts) -> Reply {
        if let Err(failure) = world.round_trip(self.caller) {
            return failed(&failure);
        }
        let at = world.now();
        let store = world.server_at(self.visitor.host);
        let name = world.scenario().hosts[store.index()].name.clone();
        let desk = Desk { world, accounts, store, secure: self.secure };
        let octets = self.spoken.greeting(&name, &desk);
        Reply { at, told: Output { octets, next: Next::Line } }
    }

    pub(super) fn line(
        &mut self,
        world: &mut Held<'_, '_>,
        accounts: &mut Accounts,
        line: &[u8],
    ) -> Reply {
        if let Err(failure) = world.round_trip(self.caller) {
            return failed(&failure);
        }
        let at = world.now();
        let store = world.server_at(self.visitor.host);
        let mut desk = Desk { world, accounts, store, secure: self.secure };
        let answer = self.spoken.hear(line, &mut desk);
        let next = match answer.then {
            Then::Line => Next::Line,
            Then::Literal(octets) => Next::Chunk(octets),
            Then::StartTls => Next::StartTls,
            Then::Close => Next::Close,
        };
        self.secure |= next == Next::StartTls;
        self.tell_removals(world, accounts);
        Reply { at, told: Output { octets: answer.octets, next } }
    }

    /// Lets the run know what its reader has taken out of the mailbox.
    fn tell_removals(&self, world: &mut Held<'_, '_>, accounts: &mut Accounts) {
        let Some(name) = self.spoken.user() else { return };
        let (scenario, store) = (world.scenario(), world.server_at(self.visitor.host));
        let Some(mailbox) = mailbox_at(scenario, store, name) else { return };
        for number in accounts.get_mut(&mailbox).map(Followed::removed).unwrap_or_default() {
            let spelt = scenario.mailbox(mailbox).into();
            if let Some(message) = world.sink().delivered(mailbox, number) {
                world.remove(self.caller, Address { mailbox, spelt }, message);
            }
        }
    }

    /// Takes octets of a literal; behind its end the command goes on.
    pub(super) fn text(&mut self, world: &Held<'_, '_>, octets: &[u8], end: bool) -> Option<Reply> {
        self.spoken.literal(octets);
        let told = Output { octets: Vec::new(), next: Next::Line };
        end.then(|| Reply { at: world.now(), told })
    }

    /// Returns what a client that waits is told of its folder.
    pub(super) fn news(
        &mut self,
        world: &mut Held<'_, '_>,
        accounts: &mut Accounts,
    ) -> Option<Vec<u8>> {
        if !self.spoken.idles() {
            return None;
        }
        let store = world.server_at(self.visitor.host);
        let mut desk = Desk { world, accounts, store, secure: self.secure };
        let octets = self.spoken.news(&mut desk);
        (!octets.is_empty()).then_some(octets)
    }
}

fn failed(failure: &Failure) -> Reply {
    let next = match failure.outcome {
        AttemptOutcome::Timeout => Next::Silence,
        _ => Next::Reset,
    };
    Reply { at: failure.at, told: Output { octets: Vec::new(), next } }
}
