//! What a delivery process has learnt by its end: retry items, each with a recipient.

use std::collections::{BTreeMap, BTreeSet};

use super::super::CopyIndex;
use super::retry::{RetryItem, RetryKey};

/// What is to be done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// It is renewed by another failure.
    Failed(RetryItem),
    /// A success makes it void.
    Delete(RetryKey),
}

impl Note {
    fn key(self) -> RetryKey {
        match self {
            Self::Failed(item) => item.key,
            Self::Delete(key) => key,
        }
    }
}

/// Recipients of one transaction, whose transport was given more of them, perhaps: the top one of
/// them all stands for all where hosts are concerned.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) copies: Vec<CopyIndex>,
    pub(super) top: Option<CopyIndex>,
}

/// What was learnt, by recipient.
#[derive(Debug, Default)]
pub(super) struct Notes {
    notes: BTreeMap<CopyIndex, Vec<Note>>,
    pub(super) batches: Vec<Batch>,
    /// Recipients that do not time out (`af_retry_skipped`): the top one of a transport that passed
    /// over hosts whose retry time has not come, and all of one that left hosts out for their number.
    pub(super) skipped: BTreeSet<CopyIndex>,
}

impl Notes {
    /// Adds to what was learnt with a recipient. A deletion gives way to a failure with the same key
    /// (`src/deliver.c`, `par_read_pipe`); failures with one key count each, for a rule `G` goes
    /// back to its first gap where a record is renewed twice in a second.
    pub(super) fn add(&mut self, copy: CopyIndex, note: Note) {
        let notes = self.notes.entry(copy).or_default();
        let key = note.key();
        notes.retain(|other| *other != Note::Delete(key));
        let failed = notes.iter().any(|other| other.key() == key);
        if !(failed && note == Note::Delete(key)) {
            notes.push(note);
        }
    }

    /// A recipient goes on to its fallback hosts: the process that tries them has the recipient's
    /// failures from the hosts before and hands them over once more (`src/deliver.c`,
    /// `do_remote_deliveries` writes all of `addr->retries`, and `par_read_pipe` drops but deletions).
    pub(super) fn hand_over_again(&mut self, copy: CopyIndex) {
        if let Some(notes) = self.notes.get_mut(&copy) {
            let again = notes.iter().filter(|note| matches!(note, Note::Failed(_))).copied();
            let again: Vec<Note> = again.collect();
            notes.extend(again);
        }
    }

    /// Returns what was learnt with a recipient.
    pub(super) fn of(&self, copy: CopyIndex) -> &[Note] {
        self.notes.get(&copy).map_or(&[], Vec::as_slice)
    }

    /// Returns the recipients with whom something was learnt.
    pub(super) fn copies(&self) -> impl Iterator<Item = CopyIndex> + '_ {
        self.notes.keys().copied()
    }

    /// Returns the failures.
    pub(super) fn failures(&self) -> impl Iterator<Item = &RetryItem> {
        self.notes.values().flatten().filter_map(|note| match note {
            Note::Failed(item) => Some(item),
            Note::Delete(_) => None,
        })
    }

    /// Returns the recipients among those still `deferred` that are given up now, by which records
    /// have `timed_out`: those all of whose records have, and with the top one of a batch all of it
    /// (`retry_update`).
    pub(super) fn given_up(
        &self,
        deferred: &BTreeSet<CopyIndex>,
        timed_out: &BTreeMap<CopyIndex, bool>,
    ) -> Vec<CopyIndex> {
        let is_out =
            |copy: &CopyIndex| !self.skipped.contains(copy) && timed_out.get(copy) == Some(&true);
        let is_top = |top: CopyIndex| self.batches.iter().any(|batch| batch.copies.contains(&top));
        let top_is_out = |top: CopyIndex| deferred.contains(&top) && is_top(top) && is_out(&top);
        let mut given_up = Vec::new();
        for batch in &self.batches {
            let all = batch.top.is_some_and(top_is_out);
            let left = batch.copies.iter().filter(|copy| deferred.contains(copy));
            given_up.extend(left.filter(|copy| all || is_out(copy)));
        }
        given_up
    }
}
