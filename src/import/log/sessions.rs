//! A limit of the sessions that a host serves for one client: more are refused at the greeting while it
//! serves others.

use std::collections::BTreeMap;

use super::super::finding::{Class, Ledger};
use super::super::network::{Network, Said};
use super::failure::Kind;
use super::header::SECOND;
use super::history::{Failed, History};

/// Adds limits of sessions.
pub(super) fn add(history: &History, network: &mut Network, ledger: &mut Ledger) {
    for (host, (limit, refused)) in shown(history) {
        let says = format!(
            "{refused} connections got 421 while {limit} sessions were served: so many are served for \
             one client at once"
        );
        let from = format!("assumed, from the log: {says}");
        ledger.say(Class::Assumed, format!("sessions of {host}"), says);
        let host = network.host(&host, || "a destination of the log".to_owned());
        host.capacity.insert("sessions_per_client", Said::new(limit.to_string(), from));
    }
}

/// Whether a failure may be due to a limit of sessions.
pub(super) fn is_like(failed: &Failed) -> bool {
    matches!(&failed.failure.kind, Kind::Temporary { stage: "greeting", reply } if reply.starts_with("421"))
}

/// Limits that refusals show, with their count, by host: nearly all refusals fell into times in which
/// sessions were served, most of them as many as ever were served at once.
pub(super) fn shown(history: &History) -> BTreeMap<String, (usize, usize)> {
    let mut refused: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for failed in history.failed.iter().filter(|failed| is_like(failed)) {
        refused.entry(&failed.failure.host).or_default().push(failed.at);
    }
    let mut found = BTreeMap::new();
    for (host, refused) in refused {
        let taken = history.accepted.iter().filter(|a| a.host == host && a.session > 0);
        let sessions: Vec<(i64, i64)> = taken.map(|a| (a.at - a.session, a.at)).collect();
        let served = Served::new(sessions, history.whole_seconds);
        let mut at_refusals: Vec<usize> = refused.iter().map(|at| served.at(*at)).collect();
        at_refusals.sort_unstable();
        let idle = at_refusals.partition_point(|count| *count == 0);
        let limit = at_refusals[at_refusals.len() / 2];
        // A host that refuses everybody for a while serves nobody then.
        if refused.len() >= 3 && limit > 0 && idle * 5 <= refused.len() {
            found.insert(host.to_owned(), (limit, refused.len()));
        }
    }
    found
}

/// How many sessions were served at a moment.
struct Served {
    begins: Vec<i64>,
    ends: Vec<i64>,
    whole_seconds: bool,
}

/// Into how many parts a second is divided where stamps tell whole ones.
const PARTS: i64 = 10;

impl Served {
    fn new(sessions: Vec<(i64, i64)>, whole_seconds: bool) -> Self {
        let (mut begins, mut ends): (Vec<i64>, Vec<i64>) = sessions.into_iter().unzip();
        begins.sort_unstable();
        ends.sort_unstable();
        Self { begins, ends, whole_seconds }
    }

    fn exactly_at(&self, at: i64) -> usize {
        let begun = self.begins.partition_point(|begin| *begin <= at);
        begun - self.ends.partition_point(|end| *end < at).min(begun)
    }

    /// Where stamps are of whole seconds, the mean of the second: all that ended in it seem to have ended
    /// together, and were served one after the other.
    fn at(&self, at: i64) -> usize {
        if !self.whole_seconds {
            return self.exactly_at(at);
        }
        let step = SECOND / PARTS;
        let counts = (0..PARTS).map(|part| self.exactly_at(at - part * step - step / 2));
        let sum: usize = counts.sum();
        (sum + PARTS as usize / 2) / PARTS as usize
    }
}
