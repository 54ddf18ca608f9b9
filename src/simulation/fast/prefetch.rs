//! Memory fetched before it is asked for.
//!
//! What waits by the million lies outside the caches, and a dozen look-ups at once take hardly longer than
//! one. A queue manager says which entries it will take up soon ([`crate::queue::Orders::prefetch`]); whoever
//! keeps something about their recipients looks at all of it ([`crate::trace::FactSink::prefetch`]). Nothing
//! comes of that but time.

use std::hint::black_box;

use crate::mail::RecipientId;
use crate::queue::{PREFETCHED, Suspensions};
use crate::trace::FactSink;

use crate::simulation::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Looks at what deliveries will ask for that are likely to begin soon: out of a large backlog each
    /// message, its recipient and their story lie outside the caches.
    pub(crate) fn prefetch_deliveries(&mut self) {
        if !self.fast.on {
            return;
        }
        let mut recipients = [RecipientId::default(); PREFETCHED];
        let mut count = 0;
        for &entry in self.given.orders.soon().iter().take(PREFETCHED) {
            // An order carried out meanwhile may have ended it.
            if self.entries.get(entry).is_some()
                && let Some(only) = self.entries.only_copy(entry)
            {
                // Both ends of each, since they may lie in two cache lines.
                let message = &self.messages[self.entries[entry].message];
                black_box((message.sender(), message.holders));
                let recipient = &self.messages[only.recipient];
                black_box((recipient.mailbox, recipient.holders));
                recipients[count] = only.recipient;
                count += 1;
            }
        }
        self.sink.prefetch(&recipients[..count]);
    }

    /// Lets the sink know of whom the next suspensions of a run speak.
    pub(crate) fn prefetch_suspensions(&mut self, run: Suspensions, next: usize) {
        let entries = &self.given.orders.suspended(run)[next..];
        if entries.len() == 1 || !self.fast.on {
            return;
        }
        let mut recipients = [RecipientId::default(); PREFETCHED];
        let mut count = 0;
        for &entry in entries.iter().take(PREFETCHED) {
            if self.entries.get(entry).is_some()
                && let Some(copy) = self.entries.only_copy(entry)
            {
                recipients[count] = copy.recipient;
                count += 1;
            }
        }
        self.sink.prefetch(&recipients[..count]);
    }
}
