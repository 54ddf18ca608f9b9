//! Postfix's retry rule by itself: from each deferral it must name the next attempt.

use mailsim::queue::postfix::{backoff, eligible};

use crate::recording::{Event, Recording};

/// An event up to this long after a whole second may have been taken as the second before [s].
const CLOCK_LAG: f64 = 0.015;

/// How many intervals there were, and those that the rule does not explain.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) intervals: usize,
    pub(crate) unexplained: Vec<String>,
}

/// Checks all intervals between a deferral and the next time the message was taken up.
pub(crate) fn check(recording: &Recording, case: &str) -> Verdict {
    let mut verdict = Verdict::default();
    for (host, events) in &recording.mta_events {
        let taken: Vec<&Event> = events.iter().filter(|event| event.event == "active").collect();
        for pair in rounds(&taken) {
            check_round(recording, case, host, pair, &mut verdict);
        }
    }
    verdict
}

/// Two rounds of one message in one queue that follow each other, and its arrival there.
struct Pair<'a> {
    id: &'a str,
    arrived: f64,
    taken: f64,
    next_taken: f64,
}

/// Pairs the n-th time a message was taken up with the one after. A message that came to the same
/// queue again (a loop) begins anew at 0.
fn rounds<'a>(events: &[&'a Event]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let (Some(id), Some(number)) = (event.id.as_deref(), event.n) else {
            continue;
        };
        let same = |other: &&&Event| other.id.as_deref() == Some(id);
        let Some(next) = events[index + 1..].iter().find(same) else {
            continue;
        };
        let first = events[..=index].iter().rev().filter(same).find(|e| e.n == Some(0));
        if let (true, Some(first)) = (next.n == Some(number + 1), first) {
            let (arrived, taken, next_taken) = (first.t_s, event.t_s, next.t_s);
            pairs.push(Pair { id, arrived, taken, next_taken });
        }
    }
    pairs
}

fn check_round(
    recording: &Recording,
    case: &str,
    host: &str,
    pair: Pair<'_>,
    verdict: &mut Verdict,
) {
    let Some(server) = recording.settings_neutral.get(host) else {
        return;
    };
    let ends = recording.attempts.iter().filter(|attempt| {
        attempt.from_host == host
            && attempt.id == pair.id
            && matches!(attempt.outcome.as_str(), "deferred" | "suspended")
            && attempt.t_s >= pair.taken - 0.001
            && attempt.t_s < pair.next_taken
    });
    let Some(ended) = ends.map(|attempt| attempt.t_s).max_by(f64::total_cmp) else {
        return;
    };
    let flushed =
        recording.timeline.actions.iter().any(|action| {
            action.host == host && action.t_s > ended && action.t_s <= pair.next_taken
        });
    if flushed {
        return;
    }
    verdict.intervals += 1;
    let whole = |seconds: Option<f64>| seconds.unwrap_or(0.0) as u64;
    let (least, greatest) = (whole(server.min_backoff_s), whole(server.max_backoff_s));
    let interval = whole(server.queue_run_interval_s);
    let explained = seconds(pair.arrived).any(|arrival| {
        seconds(ended).any(|deferral| {
            let due = deferral + backoff(deferral.saturating_sub(arrival), least, greatest);
            seconds(pair.next_taken).any(|scan| {
                let scan_before = scan.saturating_sub(interval);
                eligible(due, scan) && (scan_before < deferral || !eligible(due, scan_before))
            })
        })
    });
    if !explained {
        verdict.unexplained.push(format!(
            "{case}: {} at {host}, arrived {:.3} s, deferred {ended:.3} s, taken up {:.3} s",
            pair.id, pair.arrived, pair.next_taken
        ));
    }
}

/// Returns the whole seconds that the clock may have shown at `at`; times before the start of the
/// recording do not occur.
fn seconds(at: f64) -> impl Iterator<Item = u64> + Clone {
    let latest = at as u64;
    let earliest = (at - CLOCK_LAG).max(0.0) as u64;
    earliest..=latest
}
