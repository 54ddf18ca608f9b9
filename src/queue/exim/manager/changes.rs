//! Settings that change during a run, and places of delivery processes that come free.

use super::super::super::QueueSettings;
use super::super::super::manager::{Context, Processes};
use super::Exim;
use crate::units::SimTime;

impl Exim {
    /// Takes other settings on.
    pub(super) fn change(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        let QueueSettings::Exim(settings) = settings else { return };
        let before = std::mem::replace(&mut self.settings, settings.clone());
        (self.remote.limit, self.local.limit) = (processes.remote, processes.local);
        // A daemon that is told of another interval begins to count it, with a queue run at once.
        if self.running && before.queue_interval != settings.queue_interval {
            self.ticks.restart(now, settings);
            self.arm(context);
        }
        let starved = [&mut self.remote, &mut self.local].map(|it| std::mem::take(&mut it.starved));
        for entry in starved.into_iter().flatten() {
            self.start_deliveries(entry, context);
        }
    }

    /// A place is free again: a process that waited for one goes on.
    pub(super) fn free_place(&mut self, is_local: bool, context: &mut Context<'_>) {
        let places = if is_local { &mut self.local } else { &mut self.remote };
        places.busy -= 1;
        if let Some(entry) = places.starved.pop_front() {
            self.start_deliveries(entry, context);
        }
    }
}
