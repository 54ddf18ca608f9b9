//! Messages in the queues of hosts: when each came to a host, what was tried there, when it left.

use std::collections::BTreeMap;

use super::tables::{Attempt, Message, Run};

/// A message in the queue of one host.
#[derive(Debug)]
pub(super) struct Stay<'r> {
    /// As a log calls it.
    pub(super) queue_id: String,
    pub(super) host: &'r str,
    /// Who handed it over; none: it was made here.
    pub(super) client: Option<&'r str>,
    pub(super) arrived: i64,
    pub(super) message: &'r Message,
    /// Its recipients, with what was tried for each, in order of time.
    pub(super) recipients: Vec<Leg<'r>>,
}

/// A recipient of a message in one queue.
#[derive(Debug)]
pub(super) struct Leg<'r> {
    pub(super) told: &'r Message,
    pub(super) tries: Vec<&'r Attempt>,
    /// When it left this queue; none: it is still there at the end.
    pub(super) left: Option<i64>,
    /// Whether it was given up here after tries that failed for now.
    pub(super) expired: bool,
}

impl Stay<'_> {
    /// When the message left the queue.
    pub(super) fn left(&self) -> Option<i64> {
        self.recipients.iter().map(|leg| leg.left).collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// What a mail program does has no log.
fn is_mua(run: &Run, host: &str) -> bool {
    !run.has_queue(host)
}

/// Returns the stays of all messages, in order of arrival.
pub(super) fn stays(run: &Run) -> Vec<Stay<'_>> {
    let mut told: BTreeMap<(&str, &str), &Message> = BTreeMap::new();
    for message in &run.messages {
        told.entry((&message.id, &message.recipient)).or_insert(message);
    }
    let mut tries: BTreeMap<(&str, &str, &str), Vec<&Attempt>> = BTreeMap::new();
    for attempt in run.attempts.iter().filter(|attempt| !is_mua(run, &attempt.from)) {
        tries
            .entry((&attempt.from, &attempt.message, &attempt.recipient))
            .or_default()
            .push(attempt);
    }
    // Recipients of one transaction share a queue id.
    let mut found: Vec<Stay<'_>> = Vec::new();
    let mut by_transaction: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut here: BTreeMap<(&str, &str, &str), bool> = BTreeMap::new();
    let accepted = |attempt: &&Attempt| attempt.outcome == "accepted" && attempt.stage != "local";
    for attempt in run.attempts.iter().filter(accepted) {
        let key = (attempt.to.as_str(), attempt.message.as_str(), attempt.recipient.as_str());
        // A copy that comes a second time shares the first one's story.
        let Some(message) = told.get(&(key.1, key.2)).filter(|_| !here.contains_key(&key)) else {
            continue;
        };
        here.insert(key, true);
        let transaction =
            (attempt.to.as_str(), attempt.message.as_str(), attempt.delivery.as_str());
        let place = *by_transaction.entry(transaction).or_insert_with(|| {
            found.push(Stay {
                queue_id: String::new(),
                host: &attempt.to,
                client: Some(&attempt.from),
                arrived: attempt.ended,
                message,
                recipients: Vec::new(),
            });
            found.len() - 1
        });
        found[place].recipients.push(leg(message, &tries, key));
    }
    made_here(run, &tries, &here, &mut found);
    for stay in &mut found {
        // The client reads the reply half a round trip after the server has taken the message.
        let tries = stay.recipients.iter().filter_map(|leg| leg.tries.first());
        if let Some(first) = tries.map(|attempt| attempt.started).min() {
            stay.arrived = stay.arrived.min(first);
        }
    }
    found.sort_by(|a, b| (a.arrived, &a.message.id).cmp(&(b.arrived, &b.message.id)));
    for (number, stay) in found.iter_mut().enumerate() {
        stay.queue_id = format!("{:X}", 0x10_0000_0000_u64 + number as u64);
    }
    found
}

/// Notices, copies of lists and replies: nobody handed them over.
fn made_here<'r>(
    run: &'r Run,
    tries: &BTreeMap<(&str, &str, &str), Vec<&'r Attempt>>,
    here: &BTreeMap<(&str, &str, &str), bool>,
    found: &mut Vec<Stay<'r>>,
) {
    for message in run.messages.iter().filter(|message| message.kind != "mail") {
        let Some(host) = message.path.first().filter(|host| !is_mua(run, host)) else { continue };
        let key = (host.as_str(), message.id.as_str(), message.recipient.as_str());
        if here.contains_key(&key) {
            continue;
        }
        let recipients = vec![leg(message, tries, key)];
        let arrived = message.submitted;
        let (queue_id, client) = (String::new(), None);
        found.push(Stay { queue_id, host, client, arrived, message, recipients });
    }
}

fn leg<'r>(
    message: &'r Message,
    tries: &BTreeMap<(&str, &str, &str), Vec<&'r Attempt>>,
    key: (&str, &str, &str),
) -> Leg<'r> {
    let tries = tries.get(&key).cloned().unwrap_or_default();
    let last = tries.last().copied();
    let done = last.filter(|last| matches!(last.outcome.as_str(), "accepted" | "permfail"));
    let given_up = done.is_none() && message.state == "failed" && message.host == key.0;
    // Its mailbox is here: the end of the story is the delivery.
    let local = tries.is_empty() && message.state == "delivered" && message.host == key.0;
    let left = match (done, given_up || local) {
        (Some(last), _) => Some(last.ended),
        (None, true) => message.ended,
        _ => None,
    };
    Leg { told: message, tries, left, expired: given_up && left.is_some() }
}
