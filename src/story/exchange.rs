//! One try of one host, with all recipients of the message that it was made for, and its dialogue.

use crate::mail::{AttemptOutcome, HostId, MailboxNames as _, MessageKey, Stage};
use crate::model::{Command, Host, Scenario};
use crate::smtp::{Conversation, Ending, ForwardPath, Line, dialogue};
use crate::trace::{AttemptFact, Fact};
use crate::units::{Octets, SimTime};

use super::received::field_of;
use super::screening::{blocked, found_at};
use super::tale::Story;

/// A try: the facts about its recipients, with their places among the copies.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Each fact with the place of its recipient among the copies.
    pub facts: Vec<(usize, AttemptFact)>,
    /// When the server took responsibility, if it did.
    pub accepted: Option<SimTime>,
}

impl Exchange {
    /// Returns the fact about its first recipient; times and hosts are those of all.
    pub fn first(&self) -> &AttemptFact {
        &self.facts[0].1
    }
}

/// Returns the tries of a story, in order of their beginning. `copies` are those that are told.
pub fn exchanges(story: &Story, copies: &[usize]) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for &place in copies {
        for (_, fact) in &story.copies[place].facts {
            let Fact::Attempt(attempt) = fact else {
                continue;
            };
            let same = |other: &&mut Exchange| {
                let other = other.first();
                (other.delivery, other.started, other.to, other.address, other.ended)
                    == (
                        attempt.delivery,
                        attempt.started,
                        attempt.to,
                        attempt.address,
                        attempt.ended,
                    )
            };
            match all.iter_mut().find(same) {
                Some(exchange) => exchange.facts.push((place, *attempt)),
                None => all.push(Exchange { facts: vec![(place, *attempt)], accepted: None }),
            }
        }
    }
    all.sort_by_key(|exchange| (exchange.first().started, exchange.first().ended));
    for exchange in &mut all {
        exchange.accepted = exchange
            .facts
            .iter()
            .find_map(|(place, attempt)| responsibility(story, *place, attempt));
    }
    all
}

/// Returns when the server of `attempt` took responsibility for the copy. That may be after the
/// client has given up waiting for the reply to the dot, but before it tries that server again.
fn responsibility(story: &Story, copy: usize, attempt: &AttemptFact) -> Option<SimTime> {
    if !is_session(attempt) {
        return None;
    }
    let facts = &story.copies[copy].facts;
    let latest = if attempt.stage == Stage::Dot && attempt.reply.is_none() {
        let again = facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Attempt(other)
                if (other.from, other.to) == (attempt.from, attempt.to)
                    && other.started >= attempt.ended
                    && is_session(other) =>
            {
                Some(other.started)
            }
            _ => None,
        });
        again.min().unwrap_or(SimTime::MAX)
    } else {
        attempt.ended
    };
    facts.iter().find_map(|(at, fact)| match fact {
        Fact::Accepted { by, .. }
            if Some(*by) == attempt.to && began(attempt, *at) && *at <= latest =>
        {
            Some(*at)
        }
        _ => None,
    })
}

/// Whether `at` lies within the try. A server that sends to itself begins at the very instant at
/// which it took the message before.
fn began(attempt: &AttemptFact, at: SimTime) -> bool {
    attempt.started < at || (attempt.started == at && Some(attempt.from) != attempt.to)
}

/// Whether the try was made over the network.
fn is_session(attempt: &AttemptFact) -> bool {
    !matches!(attempt.stage, Stage::Local | Stage::Suspended)
}

/// Returns a host with the settings that it has at `at`, after what was done to it before.
pub fn host_at(scenario: &Scenario, host: HostId, at: SimTime) -> &Host {
    let changed = scenario.actions.iter().rev().find_map(|action| match &action.what {
        Command::Configure(changed) if action.host == host && action.at <= at => {
            Some(changed.as_ref())
        }
        _ => None,
    });
    changed.unwrap_or(&scenario.hosts[host.index()])
}

/// Returns the dialogue of a try over the network.
pub fn lines(scenario: &Scenario, story: &Story, exchange: &Exchange, server: HostId) -> Vec<Line> {
    let fact = exchange.first();
    let (from, to) =
        (host_at(scenario, fact.from, fact.started), host_at(scenario, server, fact.started));
    let created = &story.copies[exchange.facts[0].0].created;
    let reverse_path = created.sender.map(|sender| scenario.mailbox(sender)).unwrap_or_default();
    let names: Vec<String> = exchange
        .facts
        .iter()
        .map(|(place, _)| scenario.mailbox(story.copies[*place].created.mailbox))
        .collect();
    let reasons: Vec<String> = exchange
        .facts
        .iter()
        .map(|(place, fact)| {
            let found = found_at(story, *place, server, fact.ended);
            found.and_then(|found| blocked(scenario, found)).unwrap_or_default()
        })
        .collect();
    let paths: Vec<ForwardPath<'_>> = exchange
        .facts
        .iter()
        .zip(&names)
        .zip(&reasons)
        .map(|(((_, fact), address), reason)| ForwardPath {
            reason,
            address,
            refusal: fact.reply.filter(|reply| fact.stage == Stage::Rcpt && !reply.is_positive()),
        })
        .collect();
    let entry = entry_submitted(story, fact).and_then(|entry| scenario.mail.get(entry));
    dialogue(&Conversation {
        client_name: &from.name,
        server_name: &to.name,
        address: address_of(scenario, fact),
        port: fact.port,
        client: &from.client,
        server: &to.server,
        reverse_path: &reverse_path,
        forward_paths: &paths,
        size: size_at(scenario, story, fact),
        declares_size: entry.is_none_or(|entry| entry.submission.declares_size),
        verifies: entry.is_some_and(|entry| entry.submission.verifies),
        transaction: fact.transaction,
        started: fact.started,
        ended: fact.ended,
        marks: fact.marks,
        ending: ending(exchange),
        goes_on: goes_on(story, fact),
    })
}

/// Returns the address connected to, as written.
pub fn address_of<'s>(scenario: &'s Scenario, fact: &AttemptFact) -> &'s str {
    let address = fact.address.and_then(|address| scenario.addresses.get(address as usize));
    address.map_or("an unknown address", |address| address.literal.as_str())
}

/// How the transaction ended before its end: what befell those who were not refused at RCPT.
fn ending(exchange: &Exchange) -> Option<Ending> {
    exchange.facts.iter().map(|(_, fact)| fact).find_map(|fact| {
        let refused = fact.stage == Stage::Rcpt && fact.reply.is_some();
        let fine = fact.outcome == AttemptOutcome::Accepted;
        (!refused && !fine).then_some(Ending {
            stage: fact.stage,
            outcome: fact.outcome,
            reply: fact.reply,
        })
    })
}

/// Octets of the message at the sending host: as sent, or as submitted with the fields added since.
fn size_at(scenario: &Scenario, story: &Story, fact: &AttemptFact) -> Octets {
    if fact.octets > Octets::ZERO {
        return fact.octets;
    }
    // The message as the client holds it: as its author made it, and a field for each server that took
    // it until then. Another try of the same client tells.
    let held =
        story.copies.iter().flat_map(|copy| &copy.facts).find_map(|(_, other)| match other {
            Fact::Attempt(other) if other.from == fact.from && other.octets > Octets::ZERO => {
                Some(other.octets)
            }
            _ => None,
        });
    held.unwrap_or_else(|| {
        let copy = &story.copies[0];
        let before = exchanges(story, &[0])
            .into_iter()
            .filter(|exchange| exchange.accepted.is_some_and(|at| at <= fact.started));
        let fields = before.filter_map(|exchange| field_of(scenario, story, &exchange));
        let added: u64 = fields.map(|field| field.len() as u64 + 2).sum();
        Octets(copy.created.size.get() + added)
    })
}

/// Returns the proxy through which a server was tried: the host whose address the client connected to,
/// if that is not the server itself.
#[must_use]
pub fn proxy_of(scenario: &Scenario, fact: &AttemptFact) -> Option<HostId> {
    let address = scenario.addresses.get(fact.address? as usize)?;
    Some(address.host).filter(|host| fact.to.is_some_and(|server| server != *host))
}

/// Returns the position of the `[[mail]]` entry that this try submits a message of, if it is a
/// submission.
fn entry_submitted(story: &Story, fact: &AttemptFact) -> Option<usize> {
    match story.key {
        MessageKey::Mail { entry, .. } if fact.from == story.copies[0].created.host => {
            Some(entry as usize)
        }
        _ => None,
    }
}

/// Returns whether another message followed on the connection of this try.
fn goes_on(story: &Story, fact: &AttemptFact) -> bool {
    let Some(to) = fact.to else { return false };
    let next = (fact.from, to, fact.transaction + 1);
    fact.transaction > 0
        && story.continued.iter().any(|(other, at)| *other == next && *at >= fact.ended)
}
