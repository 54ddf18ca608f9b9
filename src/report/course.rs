//! How all mail stands by time, for a page that does not tell all stories: lengths of queues, and how many
//! recipients have come where. What finds no room is made coarser, never cut off: of each host one sample
//! stays in a cell of time, its last, and cells grow.

use std::collections::BTreeMap;

use crate::mail::{HostId, MailboxNames, RecipientId};
use crate::trace::{Fact, FinalOutcome, QueueSample};
use crate::units::SimTime;

use super::trace_line::{Line, seconds};

/// Length of the cells when they are first needed [ns].
const FIRST_CELL: u64 = 1_000_000_000;
/// Cells never grow beyond this: a run is shorter [ns].
const LONGEST_CELL: u64 = 1 << 62;

fn doubled(cell: u64) -> u64 {
    cell.saturating_mul(2).clamp(FIRST_CELL, LONGEST_CELL)
}

/// Samples of queues, where something has changed.
#[derive(Debug)]
pub(super) struct QueueCourse {
    kept: Vec<(SimTime, QueueSample)>,
    /// Where each host's latest sample lies.
    latest: BTreeMap<HostId, usize>,
    /// Length of a cell [ns]; zero: every sample has its own.
    cell: u64,
    most: usize,
    /// Whether some hosts found no room at all.
    pub(super) hosts_left_out: bool,
}

impl QueueCourse {
    pub(super) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), latest: BTreeMap::new(), cell: 0, most, hosts_left_out: false }
    }

    /// Takes a sample; those of a host come in order of time.
    pub(super) fn add(&mut self, at: SimTime, sample: QueueSample) {
        while self.kept.len() >= self.most && self.cell < LONGEST_CELL {
            self.cell = doubled(self.cell);
            self.latest.clear();
            for (at, sample) in std::mem::take(&mut self.kept) {
                self.put(at, sample);
            }
        }
        if self.kept.len() >= self.most && !self.latest.contains_key(&sample.host) {
            self.hosts_left_out = true;
        } else {
            self.put(at, sample);
        }
    }

    fn put(&mut self, at: SimTime, sample: QueueSample) {
        let cell = |at: SimTime| at.as_nanos().checked_div(self.cell);
        match self.latest.get(&sample.host).map(|place| &mut self.kept[*place]) {
            Some((_, last)) if *last == sample => {}
            Some(last) if self.cell > 0 && cell(last.0) == cell(at) => {
                *last = (at, sample);
            }
            _ => {
                self.latest.insert(sample.host, self.kept.len());
                self.kept.push((at, sample));
            }
        }
    }

    /// Returns the length of a cell in seconds; none: every sample has its own.
    pub(super) fn every(&self) -> Option<f64> {
        (self.cell > 0).then(|| seconds(SimTime::from_nanos(self.cell)))
    }

    /// Returns the lines of the file.
    pub(super) fn lines(&self, names: &dyn MailboxNames) -> Vec<String> {
        let line = |(at, sample): &(SimTime, QueueSample)| {
            let line = Line::Queues {
                t: seconds(*at),
                host: names.host(sample.host),
                incoming: sample.incoming,
                active: sample.active,
                deferred: sample.deferred,
                inbound: sample.inbound_sessions,
                outbound: sample.outbound_sessions,
            };
            line.spelt()
        };
        self.kept.iter().map(line).collect()
    }
}

/// What happened within a cell of time.
#[derive(Debug, Clone, Default)]
struct Cell {
    written: u64,
    delivered: u64,
    given_up: u64,
    /// How many more lie in the mailboxes of a host.
    stored: BTreeMap<HostId, i64>,
}

impl Cell {
    fn entries(&self) -> usize {
        1 + self.stored.len()
    }

    fn add(&mut self, other: &Self) {
        self.written += other.written;
        self.delivered += other.delivered;
        self.given_up += other.given_up;
        for (host, more) in &other.stored {
            *self.stored.entry(*host).or_default() += more;
        }
    }
}

/// How many recipients have come where, counted by cells.
#[derive(Debug)]
pub(super) struct Totals {
    cells: BTreeMap<u64, Cell>,
    /// Length of a cell [ns].
    length: u64,
    entries: usize,
    most: usize,
    /// Where the copy in each slot was delivered.
    stores: Vec<Option<HostId>>,
}

impl Totals {
    pub(super) fn new(most: usize) -> Self {
        Self { cells: BTreeMap::new(), length: FIRST_CELL, entries: 0, most, stores: Vec::new() }
    }

    /// Takes a fact of the run.
    pub(super) fn take(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            Fact::Created(_) => self.count(at, |cell| cell.written += 1),
            Fact::Final {
                recipient, host, outcome: FinalOutcome::Delivered, duplicate, ..
            } => {
                self.remember(*recipient, *host);
                self.count(at, |cell| {
                    cell.delivered += u64::from(!duplicate);
                    *cell.stored.entry(*host).or_default() += 1;
                });
            }
            Fact::Final { .. } => self.count(at, |cell| cell.given_up += 1),
            Fact::Retrieved { recipient, removed: Some(removed), .. } => {
                if let Some(Some(host)) = self.stores.get(recipient.index()).copied() {
                    self.count(*removed, |cell| *cell.stored.entry(host).or_default() -= 1);
                }
            }
            _ => {}
        }
    }

    fn remember(&mut self, recipient: RecipientId, host: HostId) {
        let index = recipient.index();
        if index >= self.stores.len() {
            self.stores.resize(index + 1, None);
        }
        self.stores[index] = Some(host);
    }

    fn count(&mut self, at: SimTime, change: impl FnOnce(&mut Cell)) {
        let cell = self.cells.entry(at.as_nanos() / self.length).or_default();
        let before = if cell.written + cell.delivered + cell.given_up == 0 && cell.stored.is_empty()
        {
            0
        } else {
            cell.entries()
        };
        change(cell);
        self.entries += cell.entries() - before;
        while self.entries > self.most && self.length < LONGEST_CELL && self.cells.len() > 1 {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.length = doubled(self.length);
        let mut merged: BTreeMap<u64, Cell> = BTreeMap::new();
        for (number, cell) in &self.cells {
            merged.entry(number / 2).or_default().add(cell);
        }
        self.entries = merged.values().map(Cell::entries).sum();
        self.cells = merged;
    }

    /// Returns the lines of the file: how things stand at the end of each cell in which something has
    /// happened, up to the end of the run.
    pub(super) fn lines(&self, names: &dyn MailboxNames, end: SimTime) -> Vec<String> {
        let mut all = Cell::default();
        let mut lines = Vec::new();
        for (number, cell) in &self.cells {
            let begins = number.saturating_mul(self.length);
            if begins > end.as_nanos() {
                break;
            }
            all.add(cell);
            let until = SimTime::from_nanos(begins.saturating_add(self.length)).min(end);
            let stored =
                |host: &HostId| (names.host(*host), all.stored[host].max(0).unsigned_abs());
            let line = Line::Totals {
                t: seconds(until),
                written: all.written,
                delivered: all.delivered,
                given_up: all.given_up,
                stored: cell.stored.keys().map(stored).collect(),
            };
            lines.push(line.spelt());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(host: u32, deferred: u64) -> QueueSample {
        QueueSample {
            host: HostId(host),
            incoming: 0,
            active: 0,
            deferred,
            inbound_sessions: 0,
            outbound_sessions: 0,
        }
    }

    #[test]
    fn what_finds_no_room_is_coarser_and_reaches_to_the_end() {
        let mut course = QueueCourse::new(40);
        for second in 0..1_000 {
            for host in 0..2 {
                course.add(SimTime::from_nanos(second * 1_000_000_000), sample(host, second));
            }
        }
        assert!(course.kept.len() <= 40 && course.kept.len() > 20, "{}", course.kept.len());
        assert!(!course.hosts_left_out);
        // The time of each value is its own, and the last is kept.
        assert!(
            course.kept.iter().all(|(at, kept)| at.as_nanos() == kept.deferred * 1_000_000_000)
        );
        let last = |host| course.kept[course.latest[&HostId(host)]].1.deferred;
        assert_eq!((last(0), last(1)), (999, 999));
        assert!(course.every().is_some_and(|every| every >= 32.0), "{:?}", course.every());
    }

    #[test]
    fn a_queue_that_does_not_change_takes_no_room() {
        let mut course = QueueCourse::new(40);
        for second in 0..1_000 {
            course.add(SimTime::from_nanos(second), sample(0, 7));
        }
        assert_eq!((course.kept.len(), course.cell), (1, 0));
    }

    #[test]
    fn cells_grow_and_nothing_that_was_counted_is_lost() {
        let mut totals = Totals::new(10);
        for second in 0..1_000_u64 {
            totals.count(SimTime::from_nanos(second * 1_000_000_000), |cell| {
                cell.written += 1;
                *cell.stored.entry(HostId(0)).or_default() += 1;
            });
        }
        assert!(totals.entries <= 10);
        let sum = |of: fn(&Cell) -> u64| totals.cells.values().map(of).sum::<u64>();
        assert_eq!(sum(|cell| cell.written), 1_000);
        assert_eq!(sum(|cell| cell.stored[&HostId(0)].unsigned_abs()), 1_000);
    }
}
