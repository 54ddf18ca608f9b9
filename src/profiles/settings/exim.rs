//! Settings of Exim, by the names of its configuration file and of its `smtp` transport.

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;
use crate::queue::QueueSettings;

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    setting!(queue Exim, "retry_rule", RetryRules, retry_rule, "the retry section: lines of pattern, error, senders= and rules, or rules alone for everything"),
    setting!(queue Exim, "queue_interval", Period, queue_interval, "the daemon's -q: time between starts of queue runners"),
    setting!(queue Exim, "queue_run_max", Count, queue_run_max, "queue runners at once; 0: no limit"),
    setting!(queue Exim, "retry_interval_max", Period, retry_interval_max, "longest gap between tries"),
    setting!(queue Exim, "retry_data_expire", Period, retry_data_expire, "age from which a retry record is ignored"),
    setting!(queue Exim, "delay_after_cutoff", Flag, delay_after_cutoff, "whether a host that is given up is tried at retry times only"),
    setting!(queue Exim, "delay_warning", TimeList, delay_warning, "ages of the delay notices, the last repeats; \"0s\": none"),
    setting!(queue Exim, "ignore_bounce_errors_after", Duration, ignore_bounce_errors_after, "age from which a notice that fails is discarded; until then it is frozen"),
    setting!(queue Exim, "timeout_frozen_after", OptionalDuration, timeout_frozen_after, "age at which a frozen message is given up; 0: never"),
    setting!(queue Exim, "remote_max_parallel", Positive, remote_max_parallel, "deliveries at once of one message"),
    setting!(queue Exim, "max_rcpt", Positive, max_rcpt, "recipients in one delivery"),
    setting!(queue Exim, "hosts_max_try", Positive, hosts_max_try, "addresses tried in one delivery, those given up not counted"),
    setting!(queue Exim, "hosts_max_try_hardlimit", Positive, hosts_max_try_hardlimit, "the same, all counted"),
    setting!(queue Exim, "has_interface", Flag, has_interface, "whether the transport sets interface: then a delivery process forgets which hosts its earlier deliveries found of no use"),
    setting!(queue Exim, "connection_max_messages", Limit, connection_max_messages, "messages over one connection; 0: no limit"),
    setting!(queue Exim, "newest_waiting_first", Flag, newest_waiting_first, "not Exim's own: whether a connection goes on to the message that has waited shortest (4.97 and before) or longest (from 4.98 on)"),
    setting!(queue Exim, "queue_only", Flag, queue_only, "whether messages wait for the next queue run"),
    setting!(queue Exim, "smtp_accept_queue_per_connection", Limit, smtp_accept_queue_per_connection, "messages of one session delivered at once; 0: all"),
    setting!(queue Exim, "smtp_accept_queue", Limit, smtp_accept_queue, "sessions above which messages wait for a queue run; 0: no limit"),
    setting!(queue Exim, "received_headers_max", Count, received_headers_max, "a message with more Received fields, Exim's own included, fails"),
    setting!(queue Exim, "run_phase", ScanPhase, run_phase, "not Exim's own: \"random\", or the time of the first queue run"),
    setting!(only Exim, "smtp_accept_max", Limit, server.max_sessions, "sessions at once; more get 421; 0: no limit"),
    setting!(only Exim, "smtp_accept_max_per_host", Limit, server.max_sessions_per_client, "sessions of one client at once; 0: no limit"),
];
