//! POP3 and IMAP typed by hand.

use std::collections::BTreeMap;

use crate::mail::{HostId, Mailbox};
use crate::message_store::{
    Account, Session, Store, Stored, Then, contents, for_people, mailbox_at,
};
use crate::model::Scenario;
use crate::simulation::Moment;
use crate::smtp::Line;
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};

use super::Talk;
use super::call::{Protocol, Visitor};
use super::explain::{explain_command, explain_imap, explain_pop3};
use super::store_call::StoreCall;

/// A conversation with a store, in a world whose time passes with it.
#[derive(Debug)]
pub struct StoreTalk<'s, 'k, S: FactSink> {
    call: StoreCall<'s, 'k, S>,
    session: Session,
    mailboxes: BTreeMap<Mailbox, Coming>,
    secure: bool,
    /// Octets of a literal that are still to come.
    literal: u64,
    /// The reply that is explained: of POP3 the first line, of IMAP the last.
    latest: String,
}

/// A mailbox, and what comes into it and is taken out in the whole run.
#[derive(Debug)]
struct Coming {
    account: Account,
    /// In the order in which it comes.
    all: Vec<Stored>,
    /// What has come and lies there: its place among all, folder, UID, and whether it was read.
    lying: Vec<Lying>,
    /// How many have come.
    came: usize,
}

#[derive(Debug)]
struct Lying {
    place: usize,
    folder: &'static str,
    uid: u32,
    read: bool,
}

impl Coming {
    fn new(scenario: &Scenario, mailbox: Mailbox) -> Self {
        let all = contents(scenario, mailbox);
        Self { account: Account::default(), all, lying: Vec::new(), came: 0 }
    }

    /// Lets come and go what has by now, and marks what readers of the run have fetched.
    fn follow(&mut self, now: SimTime) {
        while let Some(stored) = self.all.get(self.came).filter(|stored| stored.from <= now) {
            let (folder, uid) = self.account.put(stored, None);
            self.lying.push(Lying { place: self.came, folder, uid, read: false });
            self.came += 1;
        }
        let (all, account) = (&self.all, &mut self.account);
        self.lying.retain_mut(|lying| {
            let Lying { place, folder, uid, read } = lying;
            let stored = &all[*place];
            if stored.until <= now {
                account.take_out(folder, *uid);
            } else if stored.read <= now && !*read {
                *read = true;
                let message = account.folder(folder).and_then(|folder| folder.message(*uid));
                message.into_iter().for_each(|message| message.see());
            }
            stored.until > now
        });
    }

    /// Returns when something comes or goes next.
    fn next_change(&self, behind: SimTime) -> Option<SimTime> {
        let changes = self.all.iter().flat_map(|stored| [stored.from, stored.until]);
        changes.filter(|at| *at > behind).min()
    }
}

/// What a session sees of its store.
struct Desk<'a> {
    scenario: &'a Scenario,
    mailboxes: &'a mut BTreeMap<Mailbox, Coming>,
    store: HostId,
    now: SimTime,
    secure: bool,
}

impl Store for Desk<'_> {
    fn account(&mut self, name: &str) -> Option<&mut Account> {
        let mailbox = mailbox_at(self.scenario, self.store, name)?;
        let first = || Coming::new(self.scenario, mailbox);
        let coming = self.mailboxes.entry(mailbox).or_insert_with(first);
        coming.follow(self.now);
        Some(&mut coming.account)
    }

    fn accepts(&self, name: &str, password: &str) -> bool {
        self.scenario.accepts_password(name, password)
    }

    fn now(&self) -> SimTime {
        self.now
    }

    fn is_secure(&self) -> bool {
        self.secure
    }
}

/// What fits into one packet comes at once \[octets\].
const PACKET: usize = 1448;

impl<'s, 'k, S: FactSink> StoreTalk<'s, 'k, S> {
    /// Returns a conversation of `visitor` in a world that is held at the time of the call.
    #[must_use]
    pub fn new(scenario: &'s Scenario, moment: Moment<'s, 'k, S>, visitor: Visitor) -> Self {
        let session = match visitor.protocol {
            Protocol::Imap => Session::imap(),
            _ => Session::pop3(),
        };
        Self {
            call: StoreCall::new(scenario, moment, visitor),
            session,
            mailboxes: BTreeMap::new(),
            secure: false,
            literal: 0,
            latest: String::new(),
        }
    }

    /// Lets the session do something with its store.
    fn at_desk<T>(&mut self, act: impl FnOnce(&mut Session, &mut Desk<'_>) -> T) -> T {
        let mut desk = Desk {
            scenario: self.call.scenario,
            mailboxes: &mut self.mailboxes,
            store: self.call.store(),
            now: self.call.now(),
            secure: self.secure,
        };
        act(&mut self.session, &mut desk)
    }

    fn told(&mut self, octets: &[u8]) -> Vec<Line> {
        let lines = for_people(octets);
        let latest = match self.session {
            Session::Pop3(_) => lines.first(),
            Session::Imap(_) => lines.last(),
        };
        if let Some(latest) = latest {
            self.latest.clone_from(latest);
        }
        lines.into_iter().map(|line| self.call.says(line)).collect()
    }

    /// A line goes to the server, and its answer comes back.
    fn command(&mut self, line: &[u8]) -> Vec<Line> {
        if let Err(lost) = self.call.exchange() {
            return vec![lost];
        }
        let answer = self.at_desk(|session, desk| session.hear(line, desk));
        if answer.octets.len() > PACKET {
            self.call.receive(Octets(answer.octets.len() as u64));
        }
        let mut lines = self.told(&answer.octets);
        match answer.then {
            Then::Line => {}
            Then::Literal(octets) => self.literal = octets,
            Then::StartTls => match self.call.exchange() {
                Ok(()) => {
                    self.secure = true;
                    lines.push(self.call.happens("TLS handshake"));
                }
                Err(lost) => lines.push(lost),
            },
            Then::Close => {
                lines.push(self.call.happens("the server closes the connection"));
                self.call.over = true;
            }
        }
        lines
    }

    /// Takes a line of a literal. Behind its last octet the rest of the line belongs to the command; where
    /// the literal ends with the line, a further line ends the command.
    fn literal(&mut self, line: &str) -> Vec<Line> {
        let octets = [line.as_bytes(), b"\r\n"].concat();
        let own = usize::try_from(self.literal).map_or(octets.len(), |own| own.min(octets.len()));
        self.session.literal(&octets[..own]);
        self.literal -= own as u64;
        match octets[own..].strip_suffix(b"\n") {
            Some(rest) => self.command(rest.strip_suffix(b"\r").unwrap_or(rest)),
            None => Vec::new(),
        }
    }
}

impl<S: FactSink> Talk for StoreTalk<'_, '_, S> {
    fn begin(&mut self) -> Vec<Line> {
        let name = self.call.store_name();
        let greeting = self.at_desk(|session, desk| session.greeting(name, desk));
        let greeting = for_people(&greeting).concat();
        self.latest.clone_from(&greeting);
        self.call.begin(&greeting)
    }

    fn hear(&mut self, line: &str) -> Vec<Line> {
        match (self.call.over, self.literal) {
            (true, _) => Vec::new(),
            (false, 0) => self.command(line.as_bytes()),
            (false, _) => self.literal(line),
        }
    }

    fn wait(&mut self, time: SimDuration) -> Vec<Line> {
        let end = self.call.now().saturating_add(time);
        let mut lines = Vec::new();
        // Who idles is told what comes when it comes.
        while self.session.idles() {
            let now = self.call.now();
            let next = self.mailboxes.values().filter_map(|coming| coming.next_change(now)).min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.call.wait(at.since(now));
            let news = self.at_desk(|session, desk| session.news(desk));
            lines.extend(self.told(&news));
        }
        let rest = end.since(self.call.now());
        self.call.wait(rest);
        lines.push(self.call.happens(format!("{time} later")));
        lines
    }

    fn explain(&self, about: &str) -> String {
        match (about, &self.session) {
            ("", Session::Pop3(_)) => explain_pop3(&self.latest, &self.call.examples()),
            ("", Session::Imap(_)) => explain_imap(&self.latest, &self.call.examples()),
            _ => explain_command(about),
        }
    }

    fn now(&self) -> SimTime {
        self.call.now()
    }

    fn is_over(&self) -> bool {
        self.call.over
    }

    fn takes_text(&self) -> bool {
        self.literal > 0
    }
}
