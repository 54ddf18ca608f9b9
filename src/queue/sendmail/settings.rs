//! Sendmail's options.

use crate::units::SimDuration;

use super::super::ScanPhase;

/// The options that rule the queue, by the names of `sendmail.cf` in doc/op/op.me.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `-q` on the daemon's command line: time between queue runs.
    pub queue_interval: SimDuration,
    /// When the queue runs fall.
    pub run_phase: ScanPhase,
    /// How much longer than the interval it takes until the next run: the timer is set again when a
    /// run has been forked. Recordings show 1 to 2 ms.
    pub run_lag: SimDuration,
    /// `MinQueueAge`: a job is left alone for so long after a try.
    pub min_queue_age: SimDuration,
    /// `MaxQueueAge`: if set, a job is left alone for as long after a try as it was old then, but
    /// never longer than this (`gatherq`); zero: not set.
    pub max_queue_age: SimDuration,
    /// `Timeout.queuereturn`: a message that is still there at this age is returned.
    pub queue_return: SimDuration,
    /// `Timeout.queuereturn.dsn`: the same for notices.
    pub queue_return_notice: SimDuration,
    /// `Timeout.queuewarn`: age at which the sender is warned, once; zero: never.
    pub queue_warn: SimDuration,
    /// `Timeout.hoststatus`: how long a process heeds what it has learnt of a host.
    pub host_status: SimDuration,
    /// Whether a `HostStatusDirectory` is set, so that all processes share what they learn.
    pub host_status_directory: bool,
    /// `ConnectionCacheSize`: connections that a process keeps open.
    pub connection_cache_size: u32,
    /// `ConnectionCacheTimeout`: how long an idle one is kept.
    pub connection_cache_timeout: SimDuration,
    /// Recipients in one transaction (mailer equate `r=`).
    pub recipients_per_transaction: u32,
    /// `MaxHopCount`: a message with more Received fields, Sendmail's own included, is returned.
    pub max_hop_count: u32,
}

impl Default for Settings {
    /// The defaults of `sendmail/conf.c` and of the configuration that `cf/m4/cfhead.m4` makes,
    /// with the queue interval of Debian's package, since Sendmail itself has none.
    fn default() -> Self {
        Self {
            queue_interval: SimDuration::from_minutes(10),
            run_phase: ScanPhase::Random,
            run_lag: SimDuration::ZERO,
            min_queue_age: SimDuration::ZERO,
            max_queue_age: SimDuration::ZERO,
            queue_return: SimDuration::from_days(5),
            queue_return_notice: SimDuration::from_days(5),
            queue_warn: SimDuration::from_hours(4),
            host_status: SimDuration::from_minutes(30),
            host_status_directory: false,
            connection_cache_size: 2,
            connection_cache_timeout: SimDuration::from_minutes(5),
            recipients_per_transaction: 100,
            max_hop_count: 25,
        }
    }
}
