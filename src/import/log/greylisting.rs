//! Greylisting told apart from other refusals at RCPT.

use std::collections::BTreeMap;

use super::failure::Kind;
use super::header::SECOND;
use super::history::{Accepted, Failed};

/// Tells greylisting: each new sender and recipient is put off at RCPT, and passes later, while
/// others pass. Returns the other failures, and the delay \[µs\] with what tells it.
pub(super) fn told_apart<'f>(
    failures: Vec<&'f Failed>,
    successes: &[&Accepted],
) -> (Vec<&'f Failed>, Option<(i64, String)>) {
    let mut first: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for failed in failures.iter().filter(|failed| is_like(failed)) {
        let pair =
            first.entry((&failed.sender, &failed.recipient)).or_insert((failed.at, failed.at));
        pair.1 = pair.1.max(failed.at);
    }
    if first.is_empty() {
        return (failures, None);
    }
    let mut times: Vec<i64> = successes.iter().map(|success| success.at).collect();
    times.sort_unstable();
    let mut by_pair: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut newcomers = 0;
    for success in successes {
        let pair = (success.sender.as_str(), success.recipient.as_str());
        if first.contains_key(&pair) {
            let earliest = by_pair.entry(pair).or_insert(success.at);
            *earliest = (*earliest).min(success.at);
        } else {
            newcomers += 1;
        }
    }
    let (mut longest_refused, mut shortest_passed) = (0, i64::MAX);
    // A host that put off all alike may just have been down: some must have passed meanwhile.
    let mut mingled = false;
    for (pair, (begin, last)) in &first {
        mingled |= times.first().is_some_and(|earliest| earliest < begin);
        mingled |= times.get(times.partition_point(|at| at < begin)).is_some_and(|at| at <= last);
        longest_refused = longest_refused.max(last - begin);
        match by_pair.get(pair) {
            Some(at) if at < begin => return (failures, None),
            Some(at) => shortest_passed = shortest_passed.min(at - begin),
            None => {}
        }
    }
    // Somebody new who passed at once speaks against it.
    let passed = by_pair.len();
    let fits =
        passed >= 3 && longest_refused <= shortest_passed && newcomers * 10 <= passed && mingled;
    if !fits {
        return (failures, None);
    }
    let delay = longest_refused + (shortest_passed - longest_refused) / 2;
    let says = format!(
        "{passed} pairs of sender and recipient were put off at first and passed later: still after \
         {} s, no longer after {} s",
        longest_refused / SECOND,
        shortest_passed / SECOND
    );
    let others = failures.into_iter().filter(|failed| !at_rcpt(failed)).collect();
    (others, Some((delay, says)))
}

/// A 4yz at RCPT.
fn at_rcpt(failed: &Failed) -> bool {
    matches!(&failed.failure.kind, Kind::Temporary { stage, .. } if *stage == "rcpt")
}

/// The same, of a recipient that is known.
fn is_like(failed: &Failed) -> bool {
    !failed.recipient.is_empty() && at_rcpt(failed)
}
