//! The end of a delivery process: retry records, notices, freezing.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::{SimDuration, SimTime};

use super::super::round::conclude;
use super::super::{Action, Context, CopyIndex, CopyState, EntryHandle, QueueEntries};
use super::manager::{Exim, FAILED};
use super::process::{Deferral, Process};
use super::retry::RetryKey;
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
        let age = now.since(state.arrived);
        let freezes = process.freezes | self.settle_failures(&process, age, context);
        self.update_records(now, &process, context);
        context.entries[entry].set_active(false);
        if conclude(context, entry) {
            context.entries.drop_finished(entry, false);
            let spooled = self.spool.entry(entry).or_default();
            spooled.frozen = freezes;
            if process.warns && !state.null_sender() {
                let due = warning::due(age, &self.settings.delay_warning);
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

    /// Writes what the process has learnt into the retry records, and lets recipients fail whose
    /// last hope has timed out.
    fn update_records(&mut self, now: SimTime, process: &Process, context: &mut Context<'_>) {
        let clock = now.as_secs();
        let written: BTreeSet<RetryKey> = process.items().collect();
        // What is to be written anew is not deleted.
        for &key in process.deletions.difference(&written) {
            self.database.delete(key);
        }
        let mut verdicts = BTreeMap::new();
        for &key in &written {
            let (settings, random) = (&self.settings, &mut *context.random);
            let timed_out = self.database.update(key, clock, process.message, settings, random);
            verdicts.insert(key, timed_out);
            if let (RetryKey::Message(..), Some(spooled)) =
                (key, self.spool.get_mut(&process.entry))
            {
                spooled.refused_at.push(key);
            }
        }
        for deferral in &process.deferrals {
            for index in timed_out(deferral, &verdicts) {
                context.entries.set_state(index, CopyState::Failed(FAILED));
            }
        }
    }
}

/// Returns the recipients of a deferral that fail now: those all of whose records have timed out.
/// Records of hosts stand with the first recipient; the others that have none of their own share
/// its fate.
fn timed_out(deferral: &Deferral, verdicts: &BTreeMap<RetryKey, bool>) -> Vec<CopyIndex> {
    let verdict = |index: CopyIndex, with_hosts: bool| -> Option<bool> {
        let own = deferral.own_items.iter().filter(|(copy, _)| *copy == index).map(|(_, key)| key);
        let hosts = deferral.host_items.iter().filter(|_| with_hosts);
        let all: Vec<bool> =
            own.chain(hosts).filter_map(|key| verdicts.get(key).copied()).collect();
        (!all.is_empty()).then(|| all.iter().all(|&timed_out| timed_out))
    };
    let Some(&first) = deferral.copies.first().filter(|_| !deferral.skipped) else {
        return Vec::new();
    };
    let top = verdict(first, true).unwrap_or(false);
    let fails = |&index: &CopyIndex| {
        if index == first { top } else { verdict(index, false).unwrap_or(top) }
    };
    deferral.copies.iter().copied().filter(|index| fails(index)).collect()
}

fn all_in(
    entry: EntryHandle,
    entries: &QueueEntries,
    which: impl Fn(CopyState) -> bool,
) -> Vec<CopyIndex> {
    entries.recipients(entry).filter(|&index| which(entries.copy(index).state)).collect()
}
