//! One round: an entry taken up, split into deliveries by destination.

use crate::mail::Status;

use super::{Action, Context, DeliveryHandle, Destination, EntryHandle, QueueEntries};

/// Returns the next destination, after `before` in order, with pending recipients in the entry.
pub(super) fn next_destination(
    context: &mut Context<'_>,
    entry: EntryHandle,
    before: Option<Destination>,
) -> Option<Destination> {
    context.entries.next_destination(entry, before)
}

/// Returns whether a pending recipient of `entry` goes to `destination`.
pub(super) fn has_pending(
    entries: &QueueEntries,
    entry: EntryHandle,
    destination: Destination,
) -> bool {
    entries.has_pending(entry, destination)
}

/// Orders the suspension of an entry's pending recipients for a closed destination.
pub(super) fn suspend(
    context: &mut Context<'_>,
    entry: EntryHandle,
    destination: Destination,
    status: Status,
) {
    context.entries.suspend(entry, destination, |_| true);
    order(context, entry, destination, status);
}

/// Ends a delivery that has not begun and orders the suspension of its recipients, not of others of
/// the same entry, which may have been tried. Returns its entry.
pub(super) fn suspend_delivery(
    context: &mut Context<'_>,
    delivery: DeliveryHandle,
    destination: Destination,
    status: Status,
) -> EntryHandle {
    let entry = context.entries.delivery(delivery).expect("a waiting delivery exists").entry;
    context.entries.suspend_delivery(delivery);
    context.entries.release(delivery);
    order(context, entry, destination, status);
    entry
}

fn order(context: &mut Context<'_>, entry: EntryHandle, destination: Destination, status: Status) {
    context.entries[entry].set_last_status(status);
    context.actions.suspend(entry, destination, status);
}

/// Every recipient of an entry has been tried: orders what is done with those that failed, and
/// with the entry if nobody is left. Returns whether recipients are left to be tried again.
pub(super) fn conclude(context: &mut Context<'_>, entry: EntryHandle) -> bool {
    let (failed, pending) = context.entries.standing(entry);
    if failed {
        context.actions.push(Action::ReturnFailed { entry });
    }
    if !pending {
        context.actions.push(Action::Remove { entry });
    }
    pending
}
