//! Settings that change during a run.

use super::super::super::QueueSettings;
use super::super::super::manager::{Context, Processes};
use super::Sendmail;
use crate::units::SimTime;

impl Sendmail {
    /// Takes other settings on.
    pub(super) fn change(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        let QueueSettings::Sendmail(settings) = settings else { return };
        let before = std::mem::replace(&mut self.settings, settings.clone());
        self.process_limit = processes.remote;
        // A daemon that starts with another interval runs the queue at once.
        if self.running && before.queue_interval != settings.queue_interval {
            self.starts += 1;
            self.next_run = now;
            self.arm_run(context);
        }
    }
}
