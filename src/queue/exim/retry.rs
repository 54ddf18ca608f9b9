//! Exim's retry memory: the hints database `retry`, shared by all messages of a host.
//!
//! Follows `src/retry.c`: a record says since when something has been failing, when it was last
//! tried, when it may be tried again, and whether its last cut-off has passed. It belongs to a host
//! (by address), to one message at one host, to a recipient's address, or to a domain that could
//! not be looked up. Times are whole seconds.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use crate::mail::{DomainId, Mailbox};
use crate::network::AddressId;
use crate::random::Draw as _;

use super::super::{EntryHandle, Names};
use super::condition::{Cause, Matches, Subject};
use super::rule::{Growth, RetryLine, RetryRule, RetryRules};
use super::settings::Settings;

/// What a retry record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RetryKey {
    /// `T:host:address`: no connection, no greeting, no EHLO, or a session lost or timed out.
    Host(AddressId),
    /// `T:host:address:message`: MAIL, DATA or the dot was refused for now.
    Message(AddressId, EntryHandle),
    /// `R:recipient:<sender>`: RCPT was refused for now (`address_retry_include_sender`).
    Recipient(Mailbox, Option<Mailbox>),
    /// `R:recipient`: RCPT was not answered in time.
    Address(Mailbox),
    /// `R:domain`: the look-up found no answer.
    Domain(DomainId),
}

impl RetryKey {
    /// Returns whether failures are counted from the first of them only (`rf_host`); for the
    /// others the age of the message counts if it is greater.
    fn is_of_host(self) -> bool {
        matches!(self, Self::Host(_) | Self::Message(..))
    }

    /// Returns whether it is about one message (`rf_message`).
    pub(super) fn is_of_message(self) -> bool {
        matches!(self, Self::Message(..))
    }
}

/// A record; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryRecord {
    pub(super) first_failed: u64,
    pub(super) last_try: u64,
    pub(super) next_try: u64,
    /// Whether it has been failing for longer than the last cut-off.
    pub(super) expired: bool,
    /// What went wrong last.
    pub(super) cause: Cause,
}

/// A failure to be recorded: a retry item of `src/retry.c`, `retry_add_item`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryItem {
    pub(super) key: RetryKey,
    /// What lines of the retry section may be for.
    pub(super) subject: Subject,
    pub(super) cause: Cause,
}

/// The message whose failure is recorded, as far as it matters; times in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailedMessage {
    pub(super) received: u64,
    /// The reverse path; none: null.
    pub(super) sender: Option<Mailbox>,
    /// Its age when its delivery process began.
    pub(super) age: u64,
}

/// The conditions of a line of the retry section, by the numbers of the scenario.
#[derive(Debug, Clone)]
struct Condition {
    pattern: Matches,
    /// None: anybody; the flag: the null reverse path too.
    senders: Option<(bool, Vec<Matches>)>,
}

/// Finds the line of the retry section for a failure (`retry_find_config`).
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// As many as there are lines, once the names are known; before, and where every line holds for
    /// everything, none.
    conditions: Vec<Condition>,
}

impl Finder {
    pub(super) fn new(rules: &RetryRules, names: &dyn Names) -> Self {
        if rules.0.iter().all(RetryLine::is_of_all) {
            return Self::default();
        }
        let condition = |line: &RetryLine| Condition {
            pattern: Matches::of(&line.pattern, names),
            senders: line.senders.as_ref().map(|items| {
                let stated = items.iter().flatten();
                let matches = stated.map(|item| Matches::of(item, names)).collect();
                (items.iter().any(Option::is_none), matches)
            }),
        };
        Self { conditions: rules.0.iter().map(condition).collect() }
    }

    fn find<'r>(
        &self,
        rules: &'r RetryRules,
        subject: Subject,
        cause: Cause,
        sender: Option<Mailbox>,
    ) -> Option<&'r RetryLine> {
        rules.0.iter().enumerate().find_map(|(index, line)| {
            let fits = self
                .conditions
                .get(index)
                .is_none_or(|condition| condition.pattern.has(subject) && condition.is_for(sender));
            (fits && line.error.is_for(cause)).then_some(line)
        })
    }
}

impl Condition {
    fn is_for(&self, sender: Option<Mailbox>) -> bool {
        let Some((null, senders)) = &self.senders else {
            return true;
        };
        match sender {
            None => *null,
            Some(sender) => senders.iter().any(|item| item.has(Subject::Address(sender))),
        }
    }
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The record; none where no line is for the failure, and nothing is written.
    pub(super) record: Option<RetryRecord>,
    /// Whether this failure lets the address fail for good, if all others do too.
    pub(super) timed_out: bool,
    /// The rule that set the next try; none if the message is too old by itself.
    pub(super) rule: Option<RetryRule>,
}

/// The records of one host.
#[derive(Debug, Default)]
pub(super) struct RetryDatabase {
    records: BTreeMap<RetryKey, RetryRecord>,
    pub(super) finder: Finder,
}

impl RetryDatabase {
    /// Returns what is known, unless it is older than `retry_data_expire`.
    pub(super) fn get(
        &self,
        key: RetryKey,
        clock: u64,
        settings: &Settings,
    ) -> Option<&RetryRecord> {
        // A record is written when something was tried.
        let fresh = |record: &&RetryRecord| {
            clock.saturating_sub(record.last_try) <= settings.retry_data_expire.as_secs()
        };
        self.records.get(&key).filter(fresh)
    }

    /// Writes a record as it is.
    pub(super) fn remember(&mut self, key: RetryKey, record: RetryRecord) {
        self.records.insert(key, record);
    }

    pub(super) fn delete(&mut self, key: RetryKey) {
        self.records.remove(&key);
    }

    /// Records a failure at `clock` (`retry_update`). Returns whether it is one too many.
    pub(super) fn update(
        &mut self,
        item: &RetryItem,
        clock: u64,
        message: FailedMessage,
        settings: &Settings,
        random: &mut ChaCha8Rng,
    ) -> bool {
        let mut outcome = self.foresee(item, clock, message, settings);
        let excess = randomized_excess(&outcome, clock);
        if let Some(record) = &mut outcome.record {
            if let Some(excess) = excess {
                record.next_try -= random.below(excess / 2 + 1);
            }
            self.records.insert(item.key, *record);
        }
        outcome.timed_out
    }

    /// Returns what a failure at `clock` would be recorded as; a gap of a rule `H` is taken as
    /// its longest.
    pub(super) fn foresee(
        &self,
        item: &RetryItem,
        clock: u64,
        message: FailedMessage,
        settings: &Settings,
    ) -> Outcome {
        let rules = &settings.retry_rule;
        let line = self.finder.find(rules, item.subject, item.cause, message.sender);
        let Some(RetryLine { rules, .. }) = line else {
            return Outcome { record: None, timed_out: true, rule: None };
        };
        let before = self.get(item.key, clock, settings).copied().unwrap_or(RetryRecord {
            first_failed: clock,
            last_try: clock,
            next_try: clock,
            expired: false,
            cause: item.cause,
        });
        let mut failing = clock.saturating_sub(before.first_failed);
        if !item.key.is_of_host() {
            failing = failing.max(message.age);
        }
        let current = rules.iter().find(|rule| failing <= rule.until.as_secs());
        let expired = current.is_none();
        // The last rule goes on for ever; its cut-off says only when to give up.
        let mut rule = current.or(rules.last());
        let mut timed_out = expired;
        // A message that has been here since before the first failure counted may be old enough
        // by itself (others get through and wipe the record).
        let age = clock.saturating_sub(message.received);
        let last_cutoff = rules.last().map_or(0, |rule| rule.until.as_secs());
        if message.received <= before.first_failed && !expired && age > last_cutoff {
            timed_out = true;
            rule = None;
        }
        let gap = rule.map_or(0, |rule| gap(rule, &before, clock));
        let next_try = clock + gap.min(settings.retry_interval_max.as_secs());
        let record =
            RetryRecord { last_try: clock, next_try, expired, cause: item.cause, ..before };
        Outcome { record: Some(record), timed_out, rule: rule.copied() }
    }

    /// Returns whether a message is older than the last cut-off of the line for what went wrong
    /// last, so that it is tried whatever the record says (`retry_ultimate_address_timeout`).
    pub(super) fn is_past_ultimate_timeout(
        &self,
        subject: Subject,
        cause: Cause,
        message: FailedMessage,
        clock: u64,
        settings: &Settings,
    ) -> bool {
        let line = self.finder.find(&settings.retry_rule, subject, cause, message.sender);
        let cutoff = line.and_then(RetryLine::last_cutoff);
        // Without rules it counts as timed out.
        cutoff.is_none_or(|cutoff| clock.saturating_sub(message.received) > cutoff.as_secs())
    }
}

/// Returns the gap \[s\] that `rule` sets after a failure at `clock`.
fn gap(rule: &RetryRule, before: &RetryRecord, clock: u64) -> u64 {
    let interval = rule.interval.as_secs();
    let predicted = before.next_try.saturating_sub(before.last_try);
    let last = predicted.min(clock.saturating_sub(before.last_try));
    let grown = |factor: u32| last * u64::from(factor) / 1000;
    match rule.growth {
        Growth::Fixed => interval,
        Growth::Geometric(factor) => {
            if last < interval {
                interval
            } else {
                grown(factor)
            }
        }
        Growth::Randomized(factor) => interval.max(grown(factor)),
    }
}

/// Returns by how much \[s\] the gap of a rule `H` exceeds its interval, of which up to half is
/// taken off by chance.
fn randomized_excess(outcome: &Outcome, clock: u64) -> Option<u64> {
    let rule = outcome.rule?;
    let Growth::Randomized(_) = rule.growth else {
        return None;
    };
    let gap = outcome.record?.next_try.saturating_sub(clock);
    Some(gap.saturating_sub(rule.interval.as_secs())).filter(|&excess| excess > 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    /// The age of the message counts for keys that are not a host's (`retry.c`, `rf_host`), so an
    /// old message is under the last rule from its first failure on, and that rule is H or not.
    #[test]
    fn what_is_drawn_follows_the_rule_that_the_age_of_the_message_selects() {
        let settings = |rules: &str| Settings {
            retry_rule: rules.parse().expect("good rules"),
            ..Settings::default()
        };
        let key = RetryKey::Domain(DomainId(0));
        let (clock, last_try) = (100_000, 90_000);
        let record = RetryRecord {
            first_failed: last_try,
            last_try,
            next_try: clock,
            expired: false,
            cause: Cause::Other,
        };
        let message = FailedMessage { received: 80_000, sender: None, age: 20_000 };
        let item = RetryItem { key, subject: Subject::Domain(DomainId(0)), cause: Cause::Other };
        let gaps = |rules: &str| -> BTreeSet<u64> {
            let settings = settings(rules);
            (0..200)
                .map(|seed| {
                    let mut database = RetryDatabase::default();
                    database.records.insert(key, record);
                    let mut random = ChaCha8Rng::seed_from_u64(seed);
                    database.update(&item, clock, message, &settings, &mut random);
                    database.records[&key].next_try - clock
                })
                .collect()
        };
        // By the time since the first failure (10 000 s) the first rule would hold, by the age of
        // the message (20 000 s) the second does: a gap of 10 000 s times 2, half of whose excess
        // over 1000 s may go.
        let drawn = gaps("F,4h,15m; H,1d,1000s,2");
        assert!(drawn.len() > 100, "{drawn:?}");
        assert!(drawn.iter().all(|gap| (10_500..=20_000).contains(gap)), "{drawn:?}");
        // The other way round nothing is drawn.
        assert_eq!(gaps("H,4h,1000s,2; F,1d,6h"), BTreeSet::from([21_600]));
    }
}
