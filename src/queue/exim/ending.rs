//! The end of a delivery process: retry records, notices, freezing.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::{SimDuration, SimTime};

use super::super::round::conclude;
use super::super::{Action, Context, CopyIndex, CopyState, EntryHandle, QueueEntries};
use super::manager::{Exim, FAILED};
use super::notes::Note;
use super::process::Process;
use super::wall::{second_of_arrival, wall_second};
use super::warning;

impl Exim {
    /// A process updates the retry records, sends notices, and goes (`src/retry.c`,
    /// `retry_update`; the end of `deliver_message`). Returns the runner that waited for it.
    pub(super) fn close(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) -> Option<u32> {
        let process = self.processes.remove(&entry)?;
        let state = context.entries[entry];
        let age = state.arrived.age(now);
        let freezes = process.freezes | self.settle_failures(&process, age, context);
        self.update_records(now, &process, context);
        context.entries[entry].set_active(false);
        if conclude(context, entry) {
            context.entries.drop_finished(entry);
            let spooled = self.spool.entry(entry).or_default();
            spooled.frozen = freezes;
            let put_off = all_in(entry, context.entries, |state| state == CopyState::Pending);
            let warns = put_off.iter().any(|copy| process.warns_of.contains(copy));
            if warns && !state.null_sender() {
                // Both ends of the age are read from a clock of whole seconds.
                let whole = wall_second(now).saturating_sub(second_of_arrival(state.arrived));
                let whole = SimDuration::from_secs(whole);
                let due = warning::due(whole, &self.settings.delay_warning);
                if due > spooled.warnings {
                    spooled.warnings = due;
                    context.entries[entry].set_warned();
                    context.actions.push(Action::NotifyDelay { entry });
                }
            }
        } else {
            let spooled = self.spool.remove(&entry).unwrap_or_default();
            spooled.refused_at.into_iter().for_each(|key| self.database.delete(key));
        }
        if let Some(runner) = process.runner {
            self.runners.died(runner);
        }
        process.runner
    }

    /// Recipients that failed for good get the status of Exim's notices. Those of a notice are kept
    /// and the notice is frozen, unless it is old enough to be forgotten (`post_process_one`).
    /// Returns whether it is to be frozen.
    fn settle_failures(
        &self,
        process: &Process,
        age: SimDuration,
        context: &mut Context<'_>,
    ) -> bool {
        let state = context.entries[process.entry];
        let frozen = state.null_sender() && age < self.settings.ignore_bounce_errors_after;
        let failed =
            all_in(process.entry, context.entries, |state| matches!(state, CopyState::Failed(_)));
        for &index in &failed {
            context.entries.set_state(
                index,
                if frozen { CopyState::Pending } else { CopyState::Failed(FAILED) },
            );
        }
        frozen && !failed.is_empty()
    }

    /// Writes what the process has learnt into the retry records, whatever became of the recipient
    /// with whom it was learnt: first of those that are done, then of those that failed, then of
    /// those put off. The last fail too when their last hope has timed out.
    fn update_records(&mut self, now: SimTime, process: &Process, context: &mut Context<'_>) {
        let clock = wall_second(now);
        let entries = &*context.entries;
        let deferred: BTreeSet<CopyIndex> = all_in(process.entry, entries, |state| {
            matches!(state, CopyState::Pending | CopyState::Assigned(_))
        })
        .into_iter()
        .collect();
        let mut copies: Vec<CopyIndex> = process.notes.copies().collect();
        copies.sort_by_key(|&copy| match entries.copy(copy).state {
            CopyState::Done => 0,
            CopyState::Failed(_) => 1,
            _ => 2,
        });
        let mut timed_out = BTreeMap::new();
        for copy in copies {
            for note in process.notes.of(copy) {
                let item = match note {
                    Note::Delete(key) => {
                        self.database.delete(*key);
                        continue;
                    }
                    // Nothing is kept of a message that has come to its end.
                    Note::Failed(item) if item.key.is_of_message() && deferred.is_empty() => {
                        self.database.delete(item.key);
                        continue;
                    }
                    Note::Failed(item) => item,
                };
                let (settings, random) = (&self.settings, &mut *context.random);
                let out = self.database.update(item, clock, process.message, settings, random);
                *timed_out.entry(copy).or_insert(true) &= out;
                if item.key.is_of_message()
                    && let Some(spooled) = self.spool.get_mut(&process.entry)
                {
                    spooled.refused_at.push(item.key);
                }
            }
        }
        for copy in process.notes.given_up(&deferred, &timed_out) {
            context.entries.set_state(copy, CopyState::Failed(FAILED));
        }
    }
}

fn all_in(
    entry: EntryHandle,
    entries: &QueueEntries,
    which: impl Fn(CopyState) -> bool,
) -> Vec<CopyIndex> {
    entries.recipients(entry).filter(|&index| which(entries.copy(index).state)).collect()
}
