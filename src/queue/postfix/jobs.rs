//! The jobs of one transport: messages of which something waits there, in the order in which they are
//! served.
//!
//! Follows `src/qmgr/qmgr_job.c`. A job is what one message has to deliver by one transport. Jobs are
//! served in order of the time at which their messages came into the active queue. A large one may
//! be preempted by smaller ones: with each of its deliveries it earns a part of a delivery slot, and a
//! younger job that needs no more slots than have been earned goes before it.
//!
//! Only what cannot begin at once becomes a job, so in most networks there is none. Unlike the
//! source, nobody walks past jobs whose destinations are busy: each destination keeps its own
//! deliveries in the order of their jobs, and a destination that frees up is asked for its first.
//! For the same reason no job is marked as blocking.

use super::super::EntryHandle;
use super::policy::Policy;

/// A job, by its place. The place is used again when the job is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JobId(u32);

impl JobId {
    /// Returns the place as a delivery keeps it.
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// Returns the job whose place a delivery keeps.
    pub(super) const fn of_number(number: u32) -> Self {
        Self(number)
    }
}

/// What one message has to deliver by one transport.
#[derive(Debug, Clone)]
struct Job {
    entry: EntryHandle,
    /// Grows from the head of the list to its end.
    order: u64,
    /// Clock second in which its message came into the active queue.
    queued: u64,
    /// Deliveries in all, and those that no longer wait.
    entries: u32,
    selected: u32,
    /// What it has earned: for each delivery one part of a slot, of which `slot_cost` make one.
    earned: i64,
    /// Slots used since it preempted, less those that it was expected to use.
    used: i64,
    before: Option<JobId>,
    after: Option<JobId>,
    /// The job that it has preempted.
    preempted: Option<JobId>,
    /// Jobs that have preempted it and are not over.
    preempted_by: u32,
    /// How deep it lies in a stack of preemptions; 0: in the order of time.
    level: u32,
}

/// Room between two jobs in the order of time, for those that go before one of them.
const GAP: u64 = 1 << 20;

/// The jobs of one transport.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: Vec<Job>,
    free: Vec<JobId>,
    ends: Option<(JobId, JobId)>,
    /// The job that is served, or, after it, the next.
    current: Option<JobId>,
    latest_order: u64,
    /// Jobs large enough to be preempted.
    large: u32,
}

impl Jobs {
    fn get(&self, job: JobId) -> &Job {
        &self.all[job.0 as usize]
    }

    fn get_mut(&mut self, job: JobId) -> &mut Job {
        &mut self.all[job.0 as usize]
    }

    /// Returns the message.
    pub(super) fn entry(&self, job: JobId) -> EntryHandle {
        self.get(job).entry
    }

    /// Returns a number by which jobs are served in rising order.
    pub(super) fn order(&self, job: JobId) -> u64 {
        self.get(job).order
    }

    /// Adds the job of a message that came into the active queue in clock second `queued`, with so
    /// many deliveries, at least one, as the last.
    pub(super) fn add(
        &mut self,
        entry: EntryHandle,
        queued: u64,
        entries: u32,
        policy: &Policy,
    ) -> JobId {
        self.latest_order += GAP;
        let tail = self.ends.map(|(_, tail)| tail);
        let job = Job {
            entry,
            order: self.latest_order,
            queued,
            entries,
            selected: 0,
            earned: 0,
            used: 0,
            before: tail,
            after: None,
            preempted: None,
            preempted_by: 0,
            level: 0,
        };
        let id = match self.free.pop() {
            Some(id) => {
                *self.get_mut(id) = job;
                id
            }
            None => {
                self.all.push(job);
                JobId(u32::try_from(self.all.len() - 1).expect("fewer than 2^32 jobs"))
            }
        };
        match tail {
            Some(tail) => self.get_mut(tail).after = Some(id),
            None => self.current = Some(id),
        }
        self.ends = Some((self.ends.map_or(id, |(head, _)| head), id));
        self.large += u32::from(policy.may_be_preempted(entries));
        id
    }

    /// Returns whether any job may be preempted.
    #[inline]
    pub(super) const fn may_preempt(&self) -> bool {
        self.large > 0
    }

    /// A destination that held jobs up can go on: all are looked at again from the first.
    #[inline]
    pub(super) fn look_from_the_first(&mut self) {
        self.current = self.ends.map(|(head, _)| head);
    }

    /// A delivery of the job begins (`qmgr_job_count_slots`).
    pub(super) fn selected(&mut self, job: JobId, policy: &Policy) {
        let state = self.get_mut(job);
        state.earned += 1;
        state.used += 1;
        self.current = Some(job);
        self.gone(job, policy);
    }

    /// A delivery of the job no longer waits.
    pub(super) fn gone(&mut self, job: JobId, policy: &Policy) {
        let state = self.get_mut(job);
        state.selected += 1;
        if state.selected == state.entries {
            self.retire(job, policy);
        }
    }

    /// Nothing of the job waits any more (`qmgr_job_retire`, `qmgr_job_pop`).
    fn retire(&mut self, job: JobId, policy: &Policy) {
        let Job { before, after, preempted, used, level, entries, .. } = *self.get(job);
        if let Some(parent) = preempted {
            let parent = self.get_mut(parent);
            parent.preempted_by -= 1;
            if level == parent.level + 1 {
                // What it has not used of the slots that it was expected to use.
                parent.earned -= used * policy.slot_cost;
            }
        }
        if self.get(job).preempted_by > 0 {
            self.leave_children(job, preempted);
        }
        if let Some(before) = before {
            self.get_mut(before).after = after;
        }
        if let Some(after) = after {
            self.get_mut(after).before = before;
        }
        self.ends = match (self.ends, before, after) {
            (_, None, None) | (None, ..) => None,
            (Some((head, tail)), ..) => {
                let head = if head == job { after.unwrap_or(tail) } else { head };
                let tail = if tail == job { before.unwrap_or(head) } else { tail };
                Some((head, tail))
            }
        };
        if self.current == Some(job) {
            self.current = after;
        }
        self.large -= u32::from(policy.may_be_preempted(entries));
        self.free.push(job);
    }

    /// Jobs that have preempted one that is over are taken for preemptors of `heir`
    /// (`qmgr_job_parent_gone`).
    fn leave_children(&mut self, job: JobId, heir: Option<JobId>) {
        let mut left = 0;
        let mut next = self.ends.map(|(head, _)| head);
        while let Some(id) = next {
            let state = self.get_mut(id);
            next = state.after;
            if state.preempted == Some(job) {
                state.preempted = heir;
                left += 1;
            }
        }
        if let Some(heir) = heir {
            self.get_mut(heir).preempted_by += left;
        }
    }

    /// Before a delivery is chosen in clock second `now`: lets a smaller job go before the current
    /// one if enough slots have been earned (`qmgr_job_preempt`). Returns the job that does.
    pub(super) fn preempt(&mut self, now: u64, policy: &Policy) -> Option<JobId> {
        let current = self.current.or(self.ends.map(|(head, _)| head))?;
        let state = self.get(current);
        if policy.slot_cost < 2 || state.earned <= 0 || !policy.may_be_preempted(state.entries) {
            return None;
        }
        let candidate = self.candidate(current, now, policy)?;
        let (earned, chosen) = (self.get(current).earned, self.get(candidate));
        let expected = i64::from(chosen.entries - chosen.selected);
        let slots = earned / policy.slot_cost + policy.slot_loan;
        // In hundredths of a slot.
        if slots * 100 < expected * policy.slot_loan_factor {
            return None;
        }
        self.put_before(candidate, current);
        let state = self.get_mut(current);
        state.earned -= expected * policy.slot_cost;
        state.preempted_by += 1;
        let level = state.level + 1;
        let chosen = self.get_mut(candidate);
        chosen.used = -expected;
        chosen.preempted = Some(current);
        chosen.level = level;
        self.current = Some(candidate);
        Some(candidate)
    }

    /// Returns the job behind the current one that has waited longest for its size and fits into the
    /// slots that the current one can ever earn (`qmgr_job_candidate`).
    fn candidate(&self, current: JobId, now: u64, policy: &Policy) -> Option<JobId> {
        let state = self.get(current);
        let most = (i64::from(state.entries - state.selected) + state.earned) / policy.slot_cost;
        let mut best: Option<(f64, JobId)> = None;
        let mut next = state.after.filter(|_| most > 0);
        while let Some(id) = next {
            let job = self.get(id);
            next = job.after;
            if job.preempted_by > 0 {
                continue;
            }
            let needed = i64::from(job.entries - job.selected);
            let waited = now.saturating_sub(job.queued) as f64 + 1.0;
            if needed > 0 && needed <= most {
                let score = waited / f64::from(job.entries);
                if best.is_none_or(|(best, _)| score > best) {
                    best = Some((score, id));
                }
            }
            // It cannot get any better.
            if job.level == 0 && best.is_some_and(|(best, _)| waited <= best) {
                break;
            }
        }
        best.map(|(_, id)| id)
    }

    /// Takes a job from its place, and from the job that it has preempted, and puts it directly before
    /// another.
    fn put_before(&mut self, job: JobId, other: JobId) {
        let Job { before, after, preempted, used, level, .. } = *self.get(job);
        if let Some(parent) = preempted {
            let state = self.get_mut(parent);
            state.preempted_by -= 1;
            if level == state.level + 1 {
                state.earned -= used;
            }
            let children = self.get(job).preempted_by;
            debug_assert!(children == 0, "who has been preempted is no candidate");
        }
        // It stands behind `other`, so somebody stands before it.
        if let Some(before) = before {
            self.get_mut(before).after = after;
        }
        match (after, self.ends) {
            (Some(after), _) => self.get_mut(after).before = before,
            (None, Some((head, _))) => self.ends = Some((head, before.unwrap_or(head))),
            (None, None) => {}
        }
        let first = self.get(other).before;
        let state = self.get_mut(job);
        (state.before, state.after) = (first, Some(other));
        self.get_mut(other).before = Some(job);
        match (first, self.ends) {
            (Some(first), _) => self.get_mut(first).after = Some(job),
            (None, Some((_, tail))) => self.ends = Some((job, tail)),
            (None, None) => {}
        }
        let least =
            first.map_or(self.get(other).order.saturating_sub(GAP), |first| self.get(first).order);
        let room = self.get(other).order - least;
        if room < 2 {
            self.number_anew();
            return;
        }
        // Most of the room stays for those that follow.
        self.get_mut(job).order = least + (room >> 8).max(1);
    }

    /// Gives all jobs new numbers in their order, with room between them.
    fn number_anew(&mut self) {
        self.latest_order = 0;
        let mut next = self.ends.map(|(head, _)| head);
        while let Some(id) = next {
            self.latest_order += GAP;
            let order = self.latest_order;
            let job = self.get_mut(id);
            job.order = order;
            next = job.after;
        }
    }

    /// Forgets all jobs: the server stops.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
