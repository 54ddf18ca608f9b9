//! How much mail waits, and what each outage did to it.

use std::collections::BinaryHeap;

use crate::trace::{AttemptFact, OutageFact};
use crate::units::SimTime;

use super::samples::seconds_of_nanos;
use super::summary::OutageFigures;

/// Counts the recipients whose mail is under way (created, and not yet delivered, failed or
/// discarded, anywhere in the network), and follows that number through every outage.
///
/// It costs O(1) a change however many outages there are: the greatest number is kept for each
/// stretch between beginnings of outages, and an outage that waits to be drained is looked at only
/// when the number falls to the level it waits for.
#[derive(Debug, Default)]
pub struct Backlog {
    now: u64,
    outages: Vec<Watched>,
    /// Outages in order of their beginning; those before `begun` have begun.
    by_begin: Vec<usize>,
    begun: usize,
    /// Outages in order of their end; those before `ended` have ended.
    by_end: Vec<usize>,
    ended: usize,
    /// Whether outages were added that are not in order yet.
    unsorted: bool,
    /// Peak since the beginning of the outage at the same place in `by_begin`, up to the next one.
    peaks: Vec<Peak>,
    /// Places in `peaks` but the last, those before which, from some place on, nothing is greater: each
    /// is greater than all behind it, or as great.
    greatest: Vec<usize>,
    /// Ended outages whose backlog is not drained, the highest level first.
    waiting: BinaryHeap<(u64, usize)>,
    /// Recipients under way by the number of outages that had ended when they were submitted.
    open: Vec<u64>,
    /// Ended outages, in order of their end, before which no mail under way was submitted.
    cleared: usize,
    /// Ended outages of hosts that nobody has had a reply of since.
    silent: Vec<usize>,
}

#[derive(Debug)]
struct Watched {
    fact: OutageFact,
    /// Place in `by_begin`, once begun.
    place: usize,
    level_before: Option<u64>,
    level_at_end: Option<u64>,
    drained: Option<(SimTime, Peak)>,
    cleared: Option<SimTime>,
    contact: Option<SimTime>,
}

#[derive(Debug, Clone, Copy)]
struct Peak {
    level: u64,
    at: SimTime,
}

impl Backlog {
    /// Takes note of an outage; all are stated before anything else happens.
    pub fn outage(&mut self, fact: &OutageFact) {
        let index = self.outages.len();
        self.outages.push(Watched {
            fact: fact.clone(),
            place: 0,
            level_before: None,
            level_at_end: None,
            drained: None,
            cleared: None,
            contact: None,
        });
        self.by_begin.push(index);
        self.by_end.push(index);
        self.unsorted = true;
    }

    /// Puts outages that were added in order; of those of one instant the one stated first comes first.
    #[cold]
    fn sort(&mut self) {
        let Self { outages, by_begin, by_end, .. } = self;
        by_begin[self.begun..].sort_by_key(|&index| outages[index].fact.from);
        by_end[self.ended..].sort_by_key(|&index| outages[index].fact.to);
        self.unsorted = false;
    }

    /// Returns the number of recipients whose mail is under way.
    #[must_use]
    pub fn level(&self) -> u64 {
        self.now
    }

    /// Takes note that one more recipient's mail is under way from `at` on.
    pub fn opened(&mut self, at: SimTime) {
        self.advance(at);
        self.now += 1;
        if self.ended >= self.open.len() {
            self.open.resize(self.ended + 1, 0);
        }
        self.open[self.ended] += 1;
        if let Some(peak) = self.peaks.last_mut()
            && self.now > peak.level
        {
            *peak = Peak { level: self.now, at };
        }
    }

    /// Takes note that one recipient's mail, submitted at `submitted`, is no longer under way.
    pub fn closed(&mut self, at: SimTime, submitted: SimTime) {
        self.advance(at);
        self.now = self.now.saturating_sub(1);
        self.drain(at);
        let ended = self.ended_before(submitted);
        if let Some(open) = self.open.get_mut(ended) {
            *open = open.saturating_sub(1);
        }
        self.clear(at);
    }

    /// Returns how many outages had ended when mail was submitted at `at`.
    fn ended_before(&self, at: SimTime) -> usize {
        if self.ended == 0 {
            return 0;
        }
        self.by_end[..self.ended].partition_point(|&index| self.outages[index].fact.to <= at)
    }

    /// Notes which ended outages have left no mail under way.
    fn clear(&mut self, at: SimTime) {
        while self.cleared < self.ended && self.open.get(self.cleared).is_none_or(|&open| open == 0)
        {
            self.outages[self.by_end[self.cleared]].cleared = Some(at);
            self.cleared += 1;
        }
    }

    /// Takes note of a try: a host that was struck may have answered again.
    #[inline]
    pub fn tried(&mut self, at: SimTime, attempt: &AttemptFact) {
        if self.ended < self.outages.len() {
            self.advance(at);
        }
        if !self.silent.is_empty() && attempt.reply.is_some() {
            self.heard_of(attempt);
        }
    }

    #[cold]
    fn heard_of(&mut self, attempt: &AttemptFact) {
        let Some(host) = attempt.to else { return };
        let outages = &mut self.outages;
        self.silent.retain(|&index| {
            let outage = &mut outages[index];
            let heard = outage.fact.hosts.contains(&host) && attempt.ended >= outage.fact.to;
            if heard {
                outage.contact = Some(attempt.ended);
            }
            !heard
        });
    }

    /// Lets time pass: outages that begin or end up to `at` are looked at. Faults come first among
    /// all that happens at one instant.
    pub fn advance(&mut self, at: SimTime) {
        if self.unsorted {
            self.sort();
        }
        loop {
            let begin = self.by_begin.get(self.begun).map(|&i| self.outages[i].fact.from);
            let end = self.by_end.get(self.ended).map(|&i| self.outages[i].fact.to);
            // An end may only be taken after the same outage's beginning, so beginnings go first.
            match (begin, end) {
                (Some(begin), end) if begin <= at && end.is_none_or(|end| begin <= end) => {
                    self.begin_next(begin);
                }
                (_, Some(end)) if end <= at && end != SimTime::MAX => self.end_next(end),
                _ => return,
            }
        }
    }

    fn begin_next(&mut self, at: SimTime) {
        let outage = &mut self.outages[self.by_begin[self.begun]];
        outage.level_before = Some(self.now);
        outage.place = self.begun;
        if let Some(last) = self.peaks.len().checked_sub(1) {
            let level = self.peaks[last].level;
            while self.greatest.last().is_some_and(|&place| self.peaks[place].level < level) {
                self.greatest.pop();
            }
            self.greatest.push(last);
        }
        self.peaks.push(Peak { level: self.now, at });
        self.begun += 1;
    }

    fn end_next(&mut self, at: SimTime) {
        let index = self.by_end[self.ended];
        self.ended += 1;
        let outage = &mut self.outages[index];
        outage.level_at_end = Some(self.now);
        self.waiting.push((outage.level_before.unwrap_or(0), index));
        if !outage.fact.hosts.is_empty() {
            self.silent.push(index);
        }
        self.drain(at);
        self.clear(at);
    }

    fn drain(&mut self, at: SimTime) {
        while let Some(&(level, index)) = self.waiting.peek()
            && self.now <= level
        {
            self.waiting.pop();
            let peak = self.peak_since(self.outages[index].place);
            self.outages[index].drained = Some((at, peak));
        }
    }

    /// Returns the first greatest level since the outage at `place` began.
    fn peak_since(&self, place: usize) -> Peak {
        let last = *self.peaks.last().expect("an outage that has begun has a peak");
        let behind = self.greatest.partition_point(|&other| other < place);
        match self.greatest.get(behind).map(|&other| self.peaks[other]) {
            Some(greatest) if greatest.level >= last.level => greatest,
            _ => last,
        }
    }

    /// Returns the figures of each outage that began before the end of the run, in order of
    /// their beginning.
    #[must_use]
    pub fn figures(&mut self, end: SimTime) -> Vec<OutageFigures> {
        self.advance(end);
        let seconds = |at: SimTime| seconds_of_nanos(at.as_nanos().into());
        self.by_begin[..self.begun]
            .iter()
            .map(|&index| {
                let outage = &self.outages[index];
                let peak = match outage.drained {
                    Some((_, peak)) => peak,
                    None => self.peak_since(outage.place),
                };
                let to = outage.fact.to;
                let since_end = |at: Option<SimTime>| {
                    at.map(|at| seconds_of_nanos(at.since(to).as_nanos().into()))
                };
                OutageFigures {
                    entry: outage.fact.entry,
                    target: outage.fact.target.clone(),
                    mode: outage.fact.mode.clone(),
                    from_s: seconds(outage.fact.from),
                    to_s: (to != SimTime::MAX).then(|| seconds(to)),
                    backlog_before: outage.level_before.unwrap_or(0),
                    backlog_at_end: outage.level_at_end,
                    peak_backlog: peak.level,
                    peak_at_s: seconds(peak.at),
                    first_contact_s: since_end(outage.contact),
                    cleared_s: since_end(outage.cleared),
                    drain_s: outage
                        .drained
                        .map(|(at, _)| seconds_of_nanos(at.since(to).as_nanos().into())),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(from: u64, to: u64) -> OutageFact {
        OutageFact {
            entry: 0,
            target: "mx".to_owned(),
            mode: "blackhole".to_owned(),
            hosts: Vec::new(),
            from: SimTime::from_secs(from),
            to: if to == u64::MAX { SimTime::MAX } else { SimTime::from_secs(to) },
        }
    }

    type Told = (u64, u64, f64, Option<u64>, Option<f64>);

    /// Plays `(second, +1 or -1)` and returns `(before, peak, peak_at, at_end, drain)` of each
    /// outage.
    fn play(outages: &[(u64, u64)], changes: &[(u64, i32)]) -> Vec<Told> {
        let mut backlog = Backlog::default();
        for &(from, to) in outages {
            backlog.outage(&outage(from, to));
        }
        // Mail that came first leaves first.
        let mut submitted = std::collections::VecDeque::new();
        for &(at, change) in changes {
            let at = SimTime::from_secs(at);
            if change > 0 {
                submitted.push_back(at);
                backlog.opened(at);
            } else {
                backlog.closed(at, submitted.pop_front().unwrap_or(at));
            }
        }
        backlog
            .figures(SimTime::from_secs(1_000))
            .into_iter()
            .map(|o| (o.backlog_before, o.peak_backlog, o.peak_at_s, o.backlog_at_end, o.drain_s))
            .collect()
    }

    #[test]
    fn a_backlog_rises_in_an_outage_and_drains_after_it() {
        let changes = [(1, 1), (12, 1), (13, 1), (21, 1), (25, -1), (26, -1), (30, -1), (31, -1)];
        // Level 1 before, 3 at the end, peak 4 at 21 s, back to 1 at 30 s.
        assert_eq!(play(&[(10, 20)], &changes), vec![(1, 4, 21.0, Some(3), Some(10.0))]);
    }

    #[test]
    fn nested_outages_have_their_own_levels() {
        let changes = [(11, 1), (12, 1), (22, 1), (31, -1), (41, -1), (42, -1)];
        // The inner outage begins at level 2 and is drained at 31 s; the outer one at 42 s.
        assert_eq!(
            play(&[(20, 30), (10, 40)], &changes),
            vec![(0, 3, 22.0, Some(2), Some(2.0)), (2, 3, 22.0, Some(3), Some(1.0))]
        );
    }

    #[test]
    fn an_outage_without_mail_is_drained_at_its_end_and_an_endless_one_never() {
        assert_eq!(play(&[(10, 20)], &[]), vec![(0, 0, 10.0, Some(0), Some(0.0))]);
        assert_eq!(play(&[(10, u64::MAX)], &[(11, 1)]), vec![(0, 1, 11.0, None, None)]);
        assert_eq!(play(&[(2_000, 3_000)], &[]), vec![]);
    }

    #[test]
    fn the_greatest_number_is_that_of_all_since_the_beginning() {
        // This room knows no streams; any numbers do.
        let mut state = 2_u64;
        let mut below = |limit: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % limit
        };
        for _ in 0..50 {
            let outages: Vec<(u64, u64)> = (0..20)
                .map(|_| {
                    let from = below(300);
                    (from, from + 1 + below(200))
                })
                .collect();
            let mut levels = vec![0u64; 1_000];
            let mut changes: Vec<(u64, i32)> = Vec::new();
            let mut level = 0u64;
            for second in 0..600 {
                // An outage of this second begins before what happens in it.
                levels[second as usize] = level;
                if below(3) == 0 {
                    let up = level == 0 || below(2) == 0;
                    changes.push((second, if up { 1 } else { -1 }));
                    level = if up { level + 1 } else { level - 1 };
                }
            }
            (600..1_000).for_each(|second| levels[second] = level);
            let mut in_order = outages.clone();
            in_order.sort_by_key(|outage| outage.0);
            for ((from, to), told) in in_order.iter().zip(play(&outages, &changes)) {
                let (from, to) = (*from as usize, *to as usize);
                let before = levels[from];
                // Until the first instant from the end on at which it is back.
                let drained = (to..1_000).find(|&second| levels[second] <= before);
                let peak = levels[from..=drained.unwrap_or(999)].iter().max().copied();
                assert_eq!((told.0, Some(told.1)), (before, peak), "{from} to {to}");
            }
        }
    }

    #[test]
    fn faults_come_first_at_an_instant() {
        // The recipient of second 10 counts as mail of the outage that begins then.
        assert_eq!(
            play(&[(10, 20)], &[(10, 1), (50, -1)]),
            vec![(0, 1, 10.0, Some(1), Some(30.0))]
        );
    }
}
