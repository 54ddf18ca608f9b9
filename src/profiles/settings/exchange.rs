//! Settings of Exchange, by the names of its cmdlets and of `EdgeTransport.exe.config`.

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;
use crate::queue::QueueSettings;
use crate::queue::exchange::Intervals;

/// One of the waits of a queue; each generation of Exchange has its own.
macro_rules! interval {
    ($name:literal, $slot:ident, $kind:ident, $field:ident, $about:literal) => {
        Setting {
            name: $name,
            of: Of::Only(Family::Exchange),
            about: $about,
            slot: |profile| match &mut profile.queue {
                QueueSettings::Exchange(queue) => match &mut queue.intervals {
                    Intervals::$kind { $field, .. } => Some(Slot::$slot($field)),
                    _ => None,
                },
                _ => None,
            },
        }
    };
}

/// A setting of shadow redundancy, which Exchange 2003 did not have.
macro_rules! shadow {
    ($name:literal, $field:ident, $about:literal) => {
        Setting {
            name: $name,
            of: Of::Only(Family::Exchange),
            about: $about,
            slot: |profile| match &mut profile.queue {
                QueueSettings::Exchange(queue) => match queue.intervals {
                    Intervals::Staged { .. } => Some(Slot::Period(&mut queue.$field)),
                    Intervals::Rising { .. } => None,
                },
                _ => None,
            },
        }
    };
}

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    interval!("QueueGlitchRetryCount", Count, Staged, glitch_count, "retries of a queue in the first stage"),
    interval!("QueueGlitchRetryInterval", Period, Staged, glitch, "time between them"),
    interval!("TransientFailureRetryCount", Count, Staged, transient_count, "retries of a queue in the second stage"),
    interval!("TransientFailureRetryInterval", Period, Staged, transient, "time between them"),
    interval!("OutboundConnectionFailureRetryInterval", Period, Staged, connection_failure, "time between all further retries of a queue"),
    interval!("first_retry_interval", Period, Rising, first, "time from the first failed connection of a queue to the next"),
    interval!("second_retry_interval", Period, Rising, second, "time from the second"),
    interval!("third_retry_interval", Period, Rising, third, "time from the third"),
    interval!("subsequent_retry_interval", Period, Rising, subsequent, "time from all further ones"),
    setting!(queue Exchange, "MessageRetryInterval", Period, message_retry_interval, "wait of a message that its next hop refused for now"),
    setting!(queue Exchange, "MessageExpirationTimeout", Period, message_expiration_timeout, "age at which a message is returned, by a timer"),
    setting!(queue Exchange, "DelayNotificationTimeout", OptionalDuration, delay_notification_timeout, "age of the delay notice; 0: none"),
    setting!(queue Exchange, "MaxIdleTimeBeforeResubmit", OptionalDuration, max_idle_time_before_resubmit, "a queue that delivered nothing for so long has its messages routed anew; 0: never"),
    setting!(queue Exchange, "QueueMaxIdleTime", Duration, queue_max_idle_time, "how long an empty queue is remembered"),
    setting!(queue Exchange, "MaxOutboundConnections", Limit, max_outbound_connections, "outbound connections at once; 0: no limit"),
    setting!(queue Exchange, "MaxPerDomainOutboundConnections", Limit, max_per_domain_outbound_connections, "outbound connections at once to one next hop; 0: no limit"),
    setting!(queue Exchange, "SmtpMaxMessagesPerConnection", Positive, smtp_max_messages_per_connection, "messages on one connection"),
    setting!(queue Exchange, "ConnectionInactivityTimeOut", Duration, connection_inactivity_timeout, "how long an unused connection is kept while messages may come"),
    shadow!("ShadowHeartbeatFrequency", shadow_heartbeat_frequency, "with `shadow_host`: how often the shadow server looks after this one"),
    shadow!("ShadowResubmitTimeSpan", shadow_resubmit_time_span, "with `shadow_host`: unreachable for so long, this one is given up and its queue resent"),
];
