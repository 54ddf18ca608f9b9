//! One round: an entry taken up, split into deliveries by destination.

use crate::mail::Status;

use super::{Action, CopyState, Context, Destination, EntryHandle};

/// Returns the next destination, after `before` in order, with pending recipients in the entry.
pub(super) fn next_destination(
    context: &Context<'_>,
    entry: EntryHandle,
    before: Option<Destination>,
) -> Option<Destination> {
    context
        .entries
        .recipients(entry)
        .map(|index| context.entries.copy(index))
        .filter(|copy| copy.state == CopyState::Pending)
        .map(|copy| copy.destination)
        .filter(|destination| before.is_none_or(|before| *destination > before))
        .min()
}

/// Orders the suspension of an entry's recipients for a closed destination.
pub(super) fn suspend(
    context: &mut Context<'_>,
    entry: EntryHandle,
    destination: Destination,
    status: Status,
) {
    let state = &mut context.entries[entry];
    state.deferred = true;
    state.last_status = status;
    context.actions.push(Action::Suspended { entry, destination, status });
}
