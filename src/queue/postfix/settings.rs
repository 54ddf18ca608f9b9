//! Postfix's parameters, by the names of `postconf(5)`.

use crate::random::Distribution;
use crate::units::SimDuration;

use super::super::ScanPhase;
use super::policy::TransportSettings;
use super::schedule::backoff;

/// The queue manager of Postfix 3.7 (the recorded version; the source read is 3.12, whose queue
/// manager has the same rules). Defaults: `src/global/mail_params.h`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `queue_run_delay`: time between scans of the deferred queue.
    pub queue_run_delay: SimDuration,
    /// When the scans fall.
    pub scan_phase: ScanPhase,
    /// `minimal_backoff_time`: least delay after a deferral, and how long a destination stays
    /// dead.
    pub minimal_backoff_time: SimDuration,
    /// `maximal_backoff_time`: greatest delay after a deferral.
    pub maximal_backoff_time: SimDuration,
    /// `maximal_queue_lifetime`: a message that fails at this age or later is returned.
    pub maximal_queue_lifetime: SimDuration,
    /// `bounce_queue_lifetime`: the same for notices; never above the former.
    pub bounce_queue_lifetime: SimDuration,
    /// `delay_warning_time`: age of the delay notice; zero: none.
    pub delay_warning_time: SimDuration,
    /// `initial_destination_concurrency`.
    pub initial_destination_concurrency: u32,
    /// `default_destination_concurrency_limit`; zero: no limit.
    pub destination_concurrency_limit: u32,
    /// `default_destination_concurrency_failed_cohort_limit`; zero: a destination never is dead.
    pub failed_cohort_limit: u32,
    /// `default_destination_concurrency_positive_feedback`.
    pub positive_feedback: Feedback,
    /// `default_destination_concurrency_negative_feedback`.
    pub negative_feedback: Feedback,
    /// `default_destination_recipient_limit`: recipients in one delivery.
    pub destination_recipient_limit: u32,
    /// `default_destination_rate_delay`: pause between deliveries to one destination, which are then
    /// made one at a time, whatever the concurrency limit; zero: none.
    pub destination_rate_delay: SimDuration,
    /// `default_delivery_slot_cost`: deliveries of a large message that let a smaller one make one
    /// before it; below two: none go before it.
    pub delivery_slot_cost: u32,
    /// `default_delivery_slot_loan`: slots lent to the smaller message.
    pub delivery_slot_loan: u32,
    /// `default_delivery_slot_discount` \[%\]: part of its slots that need not be earned before.
    pub delivery_slot_discount: u32,
    /// `default_minimum_delivery_slots`: a message that cannot earn so many slots is not preempted.
    pub minimum_delivery_slots: u32,
    /// `default_process_limit`: delivery processes of each transport.
    pub process_limit: u32,
    /// Transports with settings of their own, by [`TransportId`](crate::queue::TransportId): the first,
    /// if there is any, is `smtp`.
    pub transports: Vec<TransportSettings>,
    /// What the transport `retry` has of its own.
    pub retry: TransportSettings,
    /// `qmgr_message_active_limit`: messages in the active queue.
    pub active_limit: u32,
    /// Time that it takes to take up one message (to read its file and resolve its recipients) \[s\];
    /// the next one is taken up after that. None: no time.
    pub take_up_time: Option<Distribution>,
    /// `smtp_connection_cache_on_demand`.
    pub connection_cache_on_demand: bool,
    /// `smtp_connection_cache_time_limit`: how long an unused connection is kept.
    pub connection_cache_time_limit: SimDuration,
    /// `smtp_connection_reuse_time_limit`: greatest age of a connection that is used again.
    pub connection_reuse_time_limit: SimDuration,
    /// `smtp_connection_reuse_count_limit`: how often a connection may be used again; zero: no
    /// limit.
    pub connection_reuse_count_limit: u32,
    /// How late the clock of whole seconds shows a new second. In the recordings every deferral up
    /// to 4 ms after a whole second counted as in the second before (9 of 9), and none from 5 ms on.
    pub clock_lag: SimDuration,
    /// How much later than due a timer fires, evenly drawn up to this. Recordings show some 10 ms.
    pub timer_lag: SimDuration,
}

/// A concurrency feedback (`src/qmgr/qmgr_feedback.c`): a fixed number or one divided by the
/// window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Feedback {
    /// The same whatever the window, from 0 to 1.
    Fixed(f64),
    /// Divided by the window: `1/concurrency`.
    PerWindow(f64),
    /// Divided by the window's square root: `1/sqrt_concurrency`.
    PerRoot(f64),
}

impl Settings {
    /// Returns what the default transport has of its own.
    pub(super) fn smtp(&self) -> &TransportSettings {
        static NOTHING: TransportSettings = TransportSettings::NOTHING;
        self.transports.first().unwrap_or(&NOTHING)
    }

    /// Returns how long a message may stay in the queue \[s\].
    pub(super) fn lifetime(&self, null_sender: bool) -> u64 {
        let mut lifetime = self.maximal_queue_lifetime;
        if null_sender {
            // `src/qmgr/qmgr.c` adjusts a bounce lifetime above the general one.
            lifetime = lifetime.min(self.bounce_queue_lifetime);
        }
        lifetime.as_secs()
    }

    /// Returns the delay after a deferral of a message of this age \[s\].
    pub(super) fn delay(&self, age: u64) -> u64 {
        backoff(age, self.minimal_backoff_time.as_secs(), self.maximal_backoff_time.as_secs())
    }

    /// Returns how many messages may go over one connection; none: any number.
    pub(super) fn messages_per_connection(&self) -> Option<u32> {
        // `src/smtp/smtp.h` compares the number of times that it was used *again*.
        let again = self.connection_reuse_count_limit;
        (again > 0).then(|| again.saturating_add(1))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_run_delay: SimDuration::from_secs(300),
            scan_phase: ScanPhase::Random,
            minimal_backoff_time: SimDuration::from_secs(300),
            maximal_backoff_time: SimDuration::from_secs(4000),
            maximal_queue_lifetime: SimDuration::from_days(5),
            bounce_queue_lifetime: SimDuration::from_days(5),
            delay_warning_time: SimDuration::ZERO,
            initial_destination_concurrency: 5,
            destination_concurrency_limit: 20,
            failed_cohort_limit: 1,
            positive_feedback: Feedback::Fixed(1.0),
            negative_feedback: Feedback::Fixed(1.0),
            destination_recipient_limit: 50,
            destination_rate_delay: SimDuration::ZERO,
            delivery_slot_cost: 5,
            delivery_slot_loan: 3,
            delivery_slot_discount: 50,
            minimum_delivery_slots: 3,
            process_limit: 100,
            transports: Vec::new(),
            retry: TransportSettings::NOTHING,
            active_limit: 20_000,
            take_up_time: None,
            connection_cache_on_demand: true,
            connection_cache_time_limit: SimDuration::from_secs(2),
            connection_reuse_time_limit: SimDuration::from_secs(300),
            connection_reuse_count_limit: 0,
            clock_lag: SimDuration::ZERO,
            timer_lag: SimDuration::ZERO,
        }
    }
}
