//! Settings that change during a run.

use super::super::super::manager::{Action, Context, Processes, Timer};
use super::super::super::{Destination, QueueSettings};
use super::{Plain, limited};
use crate::units::SimTime;

impl Plain {
    /// Takes other settings on.
    pub(super) fn change(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        let QueueSettings::Plain(settings) = settings else { return };
        let before =
            std::mem::replace(&mut self.settings, limited(settings.clone(), processes.remote));
        self.local_processes = processes.local;
        if !self.running {
            return;
        }
        if before.look_every != settings.look_every {
            self.looks.begin(now, &self.settings, context.random);
            self.wait_anew(now, context);
        }
        self.serve(now, context);
        let destinations: Vec<Destination> = self.lanes.keys().copied().collect();
        for destination in destinations {
            self.dispatch(destination, context);
        }
    }

    /// Arms the timers of what waits, after looks have come or gone.
    fn wait_anew(&mut self, now: SimTime, context: &mut Context<'_>) {
        if self.looks.are_kept() {
            self.arm_look(now, context);
            return;
        }
        for &(due, entry) in &self.deferred {
            let timer = Timer::Message { entry, round: context.entries[entry].rounds };
            context.actions.push(Action::Arm { timer, at: due.max(now) });
        }
    }
}
