//! Settings of Sendmail, by the names of its m4 configuration (cf/README).

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;
use crate::queue::QueueSettings;

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    setting!(queue Sendmail, "queue_interval", Period, queue_interval, "option -q of the daemon: time between queue runs"),
    setting!(queue Sendmail, "run_phase", ScanPhase, run_phase, "not Sendmail's own: \"random\", or the time of the first queue run"),
    setting!(queue Sendmail, "run_lag", Duration, run_lag, "not Sendmail's own: how much more than the interval passes until the next run"),
    setting!(queue Sendmail, "confMIN_QUEUE_AGE", Duration, min_queue_age, "a message is left alone for so long after a try"),
    setting!(queue Sendmail, "confMAX_QUEUE_AGE", Duration, max_queue_age, "if set, a message is left alone for as long as it is old, at most this; 0: not set"),
    setting!(queue Sendmail, "confTO_QUEUERETURN", Duration, queue_return, "age at which a message is returned"),
    setting!(queue Sendmail, "confTO_QUEUERETURN_DSN", Duration, queue_return_notice, "the same for notices"),
    setting!(queue Sendmail, "confTO_QUEUEWARN", Duration, queue_warn, "age at which the sender is warned; 0: never"),
    setting!(queue Sendmail, "confTO_HOSTSTATUS", Duration, host_status, "how long a process heeds that a host has failed"),
    setting!(queue Sendmail, "host_status_directory", Flag, host_status_directory, "whether confHOST_STATUS_DIRECTORY is set, so that all processes share what they know of hosts"),
    setting!(queue Sendmail, "confMCI_CACHE_SIZE", Count, connection_cache_size, "connections that a process keeps open"),
    setting!(queue Sendmail, "confMCI_CACHE_TIMEOUT", Duration, connection_cache_timeout, "how long an idle one is kept"),
    setting!(queue Sendmail, "SMTP_MAILER_MAXRCPTS", Positive, recipients_per_transaction, "recipients in one transaction"),
    setting!(queue Sendmail, "confMAX_HOP", Count, max_hop_count, "a message with more Received fields, Sendmail's own included, is returned"),
    setting!(only Sendmail, "confTO_ICONNECT", OptionalDuration, client.first_connect_timeout, "TCP connection in a message's first attempt; 0: as connect_timeout"),
];
