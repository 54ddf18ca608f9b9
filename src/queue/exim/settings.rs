//! Exim's parameters, by the names of its configuration file.

use crate::random::Distribution;
use crate::units::SimDuration;

use super::super::{KeepConnection, ScanPhase};
use super::rule::RetryRules;

/// The delivery side of Exim 4.96 (the recorded version; the source read is that of 4.99).
/// Defaults: `src/globals.c`, `src/transports/smtp.c`, `src/configure.default`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The daemon's `-q`: time between starts of queue runners.
    pub queue_interval: SimDuration,
    /// When they start.
    pub run_phase: ScanPhase,
    /// `queue_run_max`: queue runners at once; zero: no limit.
    pub queue_run_max: u32,
    /// `retry_rule`: the retry section.
    pub retry_rule: RetryRules,
    /// `retry_interval_max`: longest gap between tries.
    pub retry_interval_max: SimDuration,
    /// `retry_data_expire`: a record not renewed for longer than this is ignored.
    pub retry_data_expire: SimDuration,
    /// `delay_after_cutoff`: whether a host that is given up is tried at retry times only. If not,
    /// each new message tries it once.
    pub delay_after_cutoff: bool,
    /// `delay_warning`: ages at which the sender is told of the delay; after the last, again each
    /// time as long as its distance from the one before. None: never.
    pub delay_warning: Vec<SimDuration>,
    /// `ignore_bounce_errors_after`: a notice that cannot be delivered is frozen until this age,
    /// and discarded by the first failure from then on.
    pub ignore_bounce_errors_after: SimDuration,
    /// `timeout_frozen_after`: a frozen message of this age is given up; none: never.
    pub timeout_frozen_after: Option<SimDuration>,
    /// `remote_max_parallel`: deliveries at once of one message.
    pub remote_max_parallel: u32,
    /// `max_rcpt`: recipients in one delivery.
    pub max_rcpt: u32,
    /// `hosts_max_try`: addresses tried in one delivery, those given up not counted.
    pub hosts_max_try: u32,
    /// `hosts_max_try_hardlimit`: the same, all counted.
    pub hosts_max_try_hardlimit: u32,
    /// Whether the transport says from which address it connects (`interface`). Then a delivery
    /// process does not pass over hosts that earlier deliveries of the same message found of no use:
    /// it looks for them by a key that has the interface in it (`src/transports/smtp.c`,
    /// `smtp_transport_entry`), and they were noted by one without (`src/tree.c`,
    /// `tree_add_unusable`).
    pub has_interface: bool,
    /// `connection_max_messages`: messages over one connection; none: no limit.
    pub connection_max_messages: Option<u32>,
    /// Which of the messages that wait for a host goes next over a connection to it: the last one
    /// noted, up to 4.97, or the first, from 4.98 on (`src/transport.c`,
    /// `transport_check_waiting`).
    pub newest_waiting_first: bool,
    /// `queue_only`: whether messages wait for the next queue run.
    pub queue_only: bool,
    /// `smtp_accept_queue_per_connection`: messages of one session delivered at once, later ones
    /// wait for a queue run; none: all.
    pub smtp_accept_queue_per_connection: Option<u32>,
    /// `smtp_accept_queue`: messages wait for a queue run while more sessions than this are open;
    /// none: no limit.
    pub smtp_accept_queue: Option<u32>,
    /// `received_headers_max`: a message with more Received fields, Exim's own included, fails.
    pub received_headers_max: u32,
    /// Time from the end of the last delivery of a message until its process has updated the retry
    /// records \[s\]. None: no time.
    pub tidying_up: Option<Distribution>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_interval: SimDuration::from_minutes(30),
            run_phase: ScanPhase::Random,
            queue_run_max: 5,
            retry_rule: RetryRules::default(),
            retry_interval_max: SimDuration::from_hours(24),
            retry_data_expire: SimDuration::from_days(7),
            delay_after_cutoff: true,
            delay_warning: vec![SimDuration::from_hours(24)],
            ignore_bounce_errors_after: SimDuration::from_days(2),
            timeout_frozen_after: Some(SimDuration::from_days(7)),
            remote_max_parallel: 2,
            max_rcpt: 100,
            hosts_max_try: 5,
            hosts_max_try_hardlimit: 50,
            has_interface: false,
            connection_max_messages: Some(500),
            newest_waiting_first: true,
            queue_only: false,
            smtp_accept_queue_per_connection: Some(10),
            smtp_accept_queue: None,
            received_headers_max: 30,
            tidying_up: None,
        }
    }
}

/// How long the next message may take to use a connection that was handed on to it: the server's
/// patience, `smtp_receive_timeout` of Exim itself.
const HANDED_ON: SimDuration = SimDuration::from_minutes(5);

impl Settings {
    /// Returns for how long a connection is kept for what comes next.
    pub(super) fn keep_connection(&self) -> Option<KeepConnection> {
        Some(KeepConnection {
            idle: HANDED_ON,
            age: SimDuration::from_days(3_650),
            transactions: self.connection_max_messages,
        })
    }
}
