//! What a server has taken from whom, and what it therefore refuses.
//!
//! A message counts when the server takes responsibility for it; sessions that are under way at
//! that moment have been judged already.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::mail::{HostId, Mailbox, MessageId, Reply};
use crate::network::AddressId;
use crate::random::SessionDraw;
use crate::smtp::{Acceptance, Counted, Limit, Party, Reputation, Standing, Traffic};
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use crate::simulation::attempt::draws::TryDraws;
use crate::simulation::attempt::run::Run;
use crate::simulation::world::World;

/// Whom a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Account {
    Mailbox(Mailbox),
    Address(AddressId),
}

/// What was taken within a sliding window.
#[derive(Debug, Default)]
struct Window {
    taken: VecDeque<(SimTime, u32)>,
    sum: u64,
}

impl Window {
    fn add(&mut self, at: SimTime, count: u32) {
        self.taken.push_back((at, count));
        self.sum += u64::from(count);
    }

    /// Returns what was taken within `span` before `at`, and forgets what is older.
    fn sum(&mut self, at: SimTime, span: SimDuration) -> u64 {
        while let Some(&(taken, count)) = self.taken.front() {
            if taken.saturating_add(span) > at {
                break;
            }
            self.taken.pop_front();
            self.sum -= u64::from(count);
        }
        self.sum
    }
}

/// What a server knows of an address that connects to it.
#[derive(Debug, Default)]
struct Acquaintance {
    first: Option<SimTime>,
    /// Whole days since then at its last message, and messages taken on that day.
    day: u64,
    today: u32,
    taken: Window,
    unwanted: Window,
    bad_until: SimTime,
}

/// The counts of one server.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    /// By limit (its position) and account.
    windows: BTreeMap<(usize, Account), Window>,
    acquaintances: BTreeMap<AddressId, Acquaintance>,
}

/// The counts of limits that several servers share, by name and account.
#[derive(Debug, Default)]
pub(crate) struct SharedWindows(BTreeMap<(Arc<str>, Account), Window>);

impl SharedWindows {
    fn get(&mut self, name: &Arc<str>, account: Account) -> Option<&mut Window> {
        self.0.get_mut(&(name.clone(), account))
    }
}

/// A session as the rules of acceptance see it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Visitor {
    pub(crate) submission: bool,
    pub(crate) sender: Option<Mailbox>,
    pub(crate) address: Option<AddressId>,
    pub(crate) standing: Standing,
}

impl Visitor {
    fn concerns(&self, limit: &Limit) -> bool {
        match limit.traffic {
            Traffic::Any => true,
            Traffic::Submission => self.submission,
            Traffic::Relay => !self.submission,
        }
    }

    fn account(&self, limit: &Limit, recipient: Option<Mailbox>) -> Option<Account> {
        match limit.per {
            Party::Sender => self.sender.map(Account::Mailbox),
            Party::Client => self.address.map(Account::Address),
            Party::Recipient => recipient.map(Account::Mailbox),
        }
    }
}

impl Tallies {
    /// Returns the reply to MAIL, if the server takes nothing more from this visitor.
    pub(crate) fn at_mail(
        &mut self,
        rules: &Acceptance,
        shared: &mut SharedWindows,
        visitor: &Visitor,
        at: SimTime,
    ) -> Option<Reply> {
        let reached = self.reached(rules, shared, visitor, None, at);
        reached.or_else(|| {
            let rules = rules.reputation.as_ref().filter(|_| !visitor.submission)?;
            self.reputation(rules, visitor, at)
        })
    }

    /// Returns the reply to RCPT, if the mailbox takes nothing more.
    pub(crate) fn at_rcpt(
        &mut self,
        rules: &Acceptance,
        shared: &mut SharedWindows,
        visitor: &Visitor,
        recipient: Mailbox,
        at: SimTime,
    ) -> Option<Reply> {
        self.reached(rules, shared, visitor, Some(recipient), at)
    }

    /// Returns the reply of the first limit that is reached: with `recipient` those judged at RCPT,
    /// without those judged at MAIL.
    fn reached(
        &mut self,
        rules: &Acceptance,
        shared: &mut SharedWindows,
        visitor: &Visitor,
        recipient: Option<Mailbox>,
        at: SimTime,
    ) -> Option<Reply> {
        let judged_now = |limit: &Limit| (limit.per == Party::Recipient) == recipient.is_some();
        for (index, limit) in rules.limits.iter().enumerate() {
            if !judged_now(limit) || !visitor.concerns(limit) {
                continue;
            }
            let account = visitor.account(limit, recipient);
            let window = account.and_then(|account| match &limit.shared {
                None => self.windows.get_mut(&(index, account)),
                Some(name) => shared.get(name, account),
            });
            if window.is_some_and(|w| w.sum(at, limit.within) >= u64::from(limit.most)) {
                return Some(limit.reply);
            }
        }
        None
    }

    fn reputation(&mut self, rules: &Reputation, visitor: &Visitor, at: SimTime) -> Option<Reply> {
        let known = self.acquaintances.entry(visitor.address?).or_default();
        if visitor.standing == Standing::Bad || at < known.bad_until {
            return Some(rules.bad_reply);
        }
        if visitor.standing == Standing::Known {
            return None;
        }
        let day = known.day(at);
        let most = *usize::try_from(day).ok().and_then(|day| rules.warm_up.get(day))?;
        let today = if day == known.day { known.today } else { 0 };
        (today >= most).then_some(rules.new_reply)
    }

    /// Notes what the server has just taken.
    pub(crate) fn note(
        &mut self,
        rules: &Acceptance,
        shared: &mut SharedWindows,
        visitor: &Visitor,
        recipients: &[Mailbox],
        unwanted: bool,
        at: SimTime,
    ) {
        for (index, limit) in rules.limits.iter().enumerate() {
            if !visitor.concerns(limit) {
                continue;
            }
            let all = u32::try_from(recipients.len()).unwrap_or(u32::MAX);
            let mut add = |account, count| {
                let window = match &limit.shared {
                    None => self.windows.entry((index, account)).or_default(),
                    Some(name) => shared.0.entry((name.clone(), account)).or_default(),
                };
                window.add(at, count);
            };
            match limit.per {
                Party::Recipient => {
                    recipients.iter().for_each(|&recipient| add(Account::Mailbox(recipient), 1));
                }
                Party::Sender | Party::Client => {
                    let Some(account) = visitor.account(limit, None) else { continue };
                    add(account, if limit.counts == Counted::Messages { 1 } else { all });
                }
            }
        }
        let rules = rules.reputation.as_ref().filter(|_| !visitor.submission);
        if let (Some(rules), Some(address)) = (rules, visitor.address) {
            self.acquaintances.entry(address).or_default().note(rules, unwanted, at);
        }
    }
}

impl Acquaintance {
    /// Returns how many whole days have passed since its first message.
    fn day(&self, at: SimTime) -> u64 {
        let day = SimDuration::from_days(1).as_nanos();
        self.first.map_or(0, |first| at.since(first).as_nanos() / day)
    }

    fn note(&mut self, rules: &Reputation, unwanted: bool, at: SimTime) {
        self.first.get_or_insert(at);
        let day = self.day(at);
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
        self.today += 1;
        self.taken.add(at, 1);
        if unwanted {
            self.unwanted.add(at, 1);
        }
        let taken = self.taken.sum(at, rules.within);
        let bad = self.unwanted.sum(at, rules.within);
        if taken >= u64::from(rules.judged_from) && bad as f64 > rules.unwanted_share * taken as f64
        {
            self.bad_until = at.saturating_add(rules.bad_for);
        }
    }
}

impl<S: FactSink> World<'_, '_, S> {
    /// Returns how the rules of acceptance of `server` see a run's session.
    pub(crate) fn visitor_of(&self, run: &Run, server: HostId) -> Visitor {
        // Most servers count nothing.
        if !self.hosts[server.index()].config.server.acceptance.counts() {
            return Visitor::default();
        }
        if run.carries_nothing() {
            return Visitor::default();
        }
        let seen = run.target.map(|target| self.seen_by_server(run.client, target));
        let seen = seen.unwrap_or(run.client);
        let address = if seen == run.client {
            run.source
        } else {
            // A proxy connects from its own address.
            self.hosts[seen.index()].config.addresses.first().copied()
        };
        Visitor {
            submission: run.is_submission(),
            sender: self.messages[run.message].sender(),
            address,
            standing: self.hosts[seen.index()].config.standing,
        }
    }

    /// The server of a run's session has taken the message for `recipients`.
    pub(crate) fn note_acceptance(&mut self, server: HostId, run: &mut Run) {
        let config = self.hosts[server.index()].config;
        let rules = &config.server.acceptance;
        if !rules.counts() {
            return;
        }
        let visitor = self.visitor_of(run, server);
        let message = run.message;
        let accepted = run.recipients.iter().zip(&run.replies);
        let accepted = accepted.filter(|(_, reply)| reply.is_some_and(Reply::is_positive));
        let recipients: Vec<Mailbox> =
            accepted.map(|(recipient, _)| self.messages[*recipient].mailbox).collect();
        let unwanted = rules.reputation.is_some() && self.is_unwanted(message);
        let tallies = &mut self.hosts[server.index()].tallies;
        tallies.note(
            rules,
            &mut self.policies.shared_limits,
            &visitor,
            &recipients,
            unwanted,
            self.now,
        );
    }

    /// Returns whether its recipients do not want a message: the same answer whenever it is asked.
    fn is_unwanted(&self, message: MessageId) -> bool {
        let key_of_message = self.messages[message].key();
        let crate::mail::MessageKey::Mail { entry, .. } = key_of_message else {
            return false;
        };
        let entry = self.scenario.mail.get(entry as usize);
        let share = entry.map_or(0.0, |entry| entry.unwanted_share);
        let parts = [key_of_message.stream_key(), SessionDraw::Unwanted.number()];
        share > 0.0 && TryDraws::new(&self.draws.session, parts).unit() < share
    }
}
