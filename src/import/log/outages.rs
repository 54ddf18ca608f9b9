//! Failures of destinations as outages: a kind, and the time from a first failure to the last before
//! something shows that it is over.
//!
//! A log shows a host only when somebody tries it. A try that failed at one stage says nothing of the
//! stages behind it; one that came further, or failed there in another way, shows that what failed
//! before fails no longer. What lies between is unknown, and an outage's comment tells its bounds: it
//! begins in the middle of what is unknown, and ends after a quarter of it, since what is back is found
//! late, the later the longer senders have waited.

use std::collections::{BTreeMap, BTreeSet};

use super::super::network::Entry;
use super::failure::Kind;
use super::greylisting;
use super::header::SECOND;
use super::history::{Accepted, Failed, History};
use super::{sessions, sizes};
use crate::scenario::text_value;

/// An interval of failures of one kind.
struct Interval {
    target: Target,
    kind: Kind,
    /// Recipients that alone failed; empty: all.
    recipients: BTreeSet<String>,
    after: Option<i64>,
    first: i64,
    last: i64,
    before: Option<i64>,
    count: usize,
}

/// What is struck.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Host(String),
    /// One of several addresses of a host.
    Address(String),
    /// Names that end so.
    Name(String),
}

/// What a try shows of a target.
#[derive(Clone, Copy)]
struct Point<'h> {
    at: i64,
    /// How far it came; see [`rank`].
    rank: u8,
    /// None: it was accepted.
    kind: Option<&'h Kind>,
    recipient: &'h str,
}

const ACCEPTED: u8 = 9;
const RCPT: u8 = 6;

/// How far a try came that failed so.
fn rank(kind: &Kind) -> u8 {
    match kind {
        Kind::NameServer | Kind::NoSuchName | Kind::Refused | Kind::Silent | Kind::Unreachable => 0,
        Kind::Temporary { stage, .. }
        | Kind::Permanent { stage, .. }
        | Kind::Lost { stage }
        | Kind::Hanging { stage } => match *stage {
            "greeting" => 1,
            "ehlo" => 2,
            "tls" => 3,
            "mail" => 5,
            "rcpt" => RCPT,
            "data" => 7,
            _ => 8,
        },
    }
}

/// Returns the outages that failures show, and greylisting by host: the delay and what tells it.
pub(super) fn find(history: &History) -> (Vec<Entry>, BTreeMap<String, (i64, String)>) {
    let mut greylists = BTreeMap::new();
    let mut found: Vec<Interval> = Vec::new();
    for (target, (failures, successes)) in by_target(history) {
        let failures = match &target {
            Target::Host(host) => {
                let (others, greylist) = greylisting::told_apart(failures, &successes);
                greylists.extend(greylist.map(|greylist| (host.clone(), greylist)));
                others
            }
            _ => failures,
        };
        of_target(&target, &failures, &successes, &mut found);
    }
    found.sort_by(|a, b| (a.first, &a.target).cmp(&(b.first, &b.target)));
    (found.iter().map(|interval| entry(interval, history)).collect(), greylists)
}

type Seen<'h> = (Vec<&'h Failed>, Vec<&'h Accepted>);

/// Failures and successes by what they tell of. A host with several addresses is told apart by them
/// where a connection failed.
fn by_target(history: &History) -> BTreeMap<Target, Seen<'_>> {
    let mut found: BTreeMap<Target, Seen<'_>> = BTreeMap::new();
    let several = |host: &str| history.addresses.get(host).is_some_and(|list| list.len() > 1);
    let (limits, sessions) = (sizes::shown(history), sessions::shown(history));
    for failed in &history.failed {
        let host = &failed.failure.host;
        // A host that refuses what is too large, or too many at once, is well.
        let too_large = sizes::is_of_size(failed) && limits.contains_key(host);
        if too_large || (sessions::is_like(failed) && sessions.contains_key(host)) {
            continue;
        }
        let target = match failed.failure.kind {
            Kind::NoSuchName => continue,
            Kind::NameServer => Target::Name(host.clone()),
            _ if rank(&failed.failure.kind) == 0 && several(host) => {
                Target::Address(failed.failure.address.clone())
            }
            _ => Target::Host(host.clone()),
        };
        found.entry(target).or_default().0.push(failed);
    }
    // Most logs hold far more successes than failures: they are looked up, not gone through.
    let mut by_host: BTreeMap<&str, Vec<&Accepted>> = BTreeMap::new();
    let mut by_address: BTreeMap<&str, Vec<&Accepted>> = BTreeMap::new();
    for accepted in &history.accepted {
        by_host.entry(&accepted.host).or_default().push(accepted);
        if several(&accepted.host) {
            by_address.entry(&accepted.address).or_default().push(accepted);
        }
    }
    for (target, seen) in &mut found {
        match target {
            Target::Host(host) => seen.1 = by_host.get(host.as_str()).cloned().unwrap_or_default(),
            Target::Address(address) => {
                seen.1 = by_address.get(address.as_str()).cloned().unwrap_or_default();
            }
            Target::Name(name) => {
                // A name that was found is served again, though its host may have failed otherwise.
                let of = |recipient: &str| recipient.rsplit('@').next() == Some(name.as_str());
                let shows = |a: &&Accepted| a.host == *name || of(&a.recipient);
                seen.1.extend(history.accepted.iter().filter(shows));
                let other = |f: &&Failed| {
                    f.failure.kind != Kind::NameServer
                        && (f.failure.host == *name || of(&f.recipient))
                };
                seen.0.extend(history.failed.iter().filter(other));
            }
        }
    }
    found
}

fn of_target(
    target: &Target,
    failures: &[&Failed],
    successes: &[&Accepted],
    found: &mut Vec<Interval>,
) {
    let mut points: Vec<Point<'_>> = failures
        .iter()
        .map(|failed| Point {
            at: failed.at,
            rank: rank(&failed.failure.kind),
            kind: Some(&failed.failure.kind),
            recipient: &failed.recipient,
        })
        .collect();
    points.extend(successes.iter().map(|accepted| Point {
        at: accepted.at,
        rank: ACCEPTED,
        kind: None,
        recipient: &accepted.recipient,
    }));
    points.sort_by_key(|point| (point.at, point.rank));
    let kinds: BTreeSet<&Kind> = failures.iter().map(|failed| &failed.failure.kind).collect();
    for kind in kinds {
        // Of a name, only what its servers failed to answer.
        if matches!(target, Target::Name(_)) != (*kind == Kind::NameServer) {
            continue;
        }
        if rank(kind) == RCPT {
            of_recipients(target, kind, &points, found);
        } else {
            found.extend(intervals(target, kind, &points));
        }
    }
}

/// The intervals in which a kind of failure lasted, by the points given.
fn intervals(target: &Target, kind: &Kind, points: &[Point<'_>]) -> Vec<Interval> {
    let own = rank(kind);
    let mut found: Vec<Interval> = Vec::new();
    let mut open: Option<Interval> = None;
    let mut refuted: Option<i64> = None;
    for point in points {
        if point.kind == Some(kind) {
            let interval = open.get_or_insert_with(|| Interval {
                target: target.clone(),
                kind: kind.clone(),
                recipients: BTreeSet::new(),
                after: refuted,
                first: point.at,
                last: point.at,
                before: None,
                count: 0,
            });
            interval.last = point.at;
            interval.count += 1;
        } else if point.rank >= own {
            refuted = Some(point.at);
            if let Some(mut interval) = open.take() {
                interval.before = Some(point.at);
                found.push(interval);
            }
        }
    }
    found.extend(open);
    found
}

/// Refusals at RCPT: of everybody, as long as nobody passes; else of each recipient by itself.
fn of_recipients(target: &Target, kind: &Kind, points: &[Point<'_>], found: &mut Vec<Interval>) {
    let permanent = matches!(kind, Kind::Permanent { .. });
    let mut whole: Vec<Interval> = Vec::new();
    if !permanent {
        for interval in intervals(target, kind, points) {
            let from = points.partition_point(|point| point.at < interval.first);
            let within = points[from..].iter().take_while(|point| point.at <= interval.last);
            let people: BTreeSet<&str> = within
                .filter(|point| point.kind == Some(kind) && !point.recipient.is_empty())
                .map(|point| point.recipient)
                .collect();
            // Of one alone nobody knows whether others would have passed.
            if people.len() > 2 && interval.last - interval.first > 2 * SECOND {
                whole.push(interval);
            }
        }
    }
    let mut by_recipient: BTreeMap<&str, Vec<Point<'_>>> = BTreeMap::new();
    for point in points.iter().filter(|point| !point.recipient.is_empty()) {
        by_recipient.entry(point.recipient).or_default().push(*point);
    }
    by_recipient.retain(|_, own| own.iter().any(|point| point.kind == Some(kind)));
    for (recipient, own) in by_recipient {
        let passes = own.iter().any(|point| point.rank == ACCEPTED);
        // One that never passes, and is refused for good, has no mailbox there.
        if permanent && !passes {
            continue;
        }
        for mut interval in intervals(target, kind, &own) {
            let covered =
                |other: &&Interval| other.first <= interval.first && interval.last <= other.last;
            if whole.iter().any(|other| covered(&other)) {
                continue;
            }
            interval.recipients.insert(recipient.to_owned());
            // Those that were refused together are one outage.
            let alike = found.iter_mut().find(|other| {
                other.target == interval.target
                    && other.kind == interval.kind
                    && !other.recipients.is_empty()
                    && bounds_agree(other, &interval)
            });
            match alike {
                Some(other) => {
                    other.recipients.append(&mut interval.recipients);
                    other.count += interval.count;
                }
                None => found.push(interval),
            }
        }
    }
    found.append(&mut whole);
}

fn bounds_agree(a: &Interval, b: &Interval) -> bool {
    (a.first, a.last, a.after, a.before) == (b.first, b.last, b.after, b.before)
}

/// Beginning and end \[µs since the start\].
fn bounds(interval: &Interval, history: &History) -> (i64, i64) {
    // A try that ended at `first` began earlier: its time-out may be minutes long.
    let slack = match interval.kind {
        Kind::Silent => 30 * SECOND,
        Kind::Hanging { .. } => 300 * SECOND,
        _ => 0,
    };
    let began = interval.first - slack;
    // A stamp of whole seconds means any moment of the second that follows.
    let blur = if history.whole_seconds { SECOND } else { 0 };
    let from = match interval.after.map(|after| (after + blur).min(interval.first)) {
        Some(after) => (after + (interval.first - after) / 2).min(began.max(after)),
        None => 0,
    };
    let until = match interval.before {
        Some(before) => {
            let last = (interval.last + blur).min(before);
            last + (before - last) / 4
        }
        None => history.length + 86_400 * SECOND,
    };
    (from.max(0), until)
}

/// Returns the keys of an outage that say what fails and how: of a host, or of an address or a name; of
/// these recipients alone, if there are any.
pub(in super::super) fn mode_keys(
    kind: &Kind,
    is_host: bool,
    recipients: &BTreeSet<String>,
) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    let mode = |mode: &str| ("mode", text_value(mode));
    let stage = |stage: &str| ("stage", text_value(stage));
    match kind {
        Kind::Refused => keys.push(mode("refuse")),
        Kind::Silent => {
            keys.push(mode("blackhole"));
            if is_host {
                keys.push(("inbound_only", "true".to_owned()));
            }
        }
        Kind::Unreachable => keys.push(mode("unreachable")),
        Kind::Temporary { reply, stage: at } | Kind::Permanent { reply, stage: at } => {
            let permanent = matches!(kind, Kind::Permanent { .. });
            keys.push(mode(if permanent { "permfail" } else { "tempfail" }));
            keys.push(("reply", text_value(reply)));
            if recipients.is_empty() {
                keys.push(stage(at));
            }
        }
        Kind::Lost { stage: at } => keys.extend([mode("drop"), stage(at)]),
        Kind::Hanging { stage: at } => keys.extend([mode("hang"), stage(at)]),
        Kind::NameServer | Kind::NoSuchName => keys.push(mode("servfail")),
    }
    if !recipients.is_empty() {
        let list: Vec<String> = recipients.iter().map(|r| text_value(r)).collect();
        keys.push(("recipients", format!("[{}]", list.join(", "))));
    }
    keys
}

fn entry(interval: &Interval, history: &History) -> Entry {
    let (from, until) = bounds(interval, history);
    let seconds = |at: i64| text_value(&format!("{}ms", at / 1000));
    let mut keys = vec![match &interval.target {
        Target::Host(host) => ("host", text_value(host)),
        Target::Address(address) => ("address", text_value(address)),
        Target::Name(name) => ("dns", text_value(name)),
    }];
    keys.push(("from", seconds(from)));
    // Of a log with whole seconds, one second may hold the last failure and the first success.
    keys.push(("until", seconds(until.max(from + SECOND / 10))));
    let is_host = matches!(interval.target, Target::Host(_));
    keys.extend(mode_keys(&interval.kind, is_host, &interval.recipients));
    let end = |at: Option<i64>| at.map_or("nothing".to_owned(), |at| history.stamp(at));
    let from = format!(
        "{} failures from {} to {}; other news of it before: {}, after: {}",
        interval.count,
        history.stamp(interval.first),
        history.stamp(interval.last),
        end(interval.after),
        end(interval.before),
    );
    Entry { from, keys }
}
