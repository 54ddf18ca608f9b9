//! Exchange's settings, by the names of its documentation.

use crate::units::SimDuration;

/// How long a queue waits after its n-th failed connection in succession.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervals {
    /// Three stages (`message-intervals.md`).
    Staged {
        /// `QueueGlitchRetryCount`.
        glitch_count: u32,
        /// `QueueGlitchRetryInterval`.
        glitch: SimDuration,
        /// `TransientFailureRetryCount`.
        transient_count: u32,
        /// `TransientFailureRetryInterval`.
        transient: SimDuration,
        /// `OutboundConnectionFailureRetryInterval`.
        connection_failure: SimDuration,
    },
    /// Four intervals, as the Delivery tab of Exchange 2003 and of the IIS SMTP service has them.
    Rising {
        /// First retry.
        first: SimDuration,
        /// Second retry.
        second: SimDuration,
        /// Third retry.
        third: SimDuration,
        /// All further retries.
        subsequent: SimDuration,
    },
}

impl Intervals {
    /// Returns the wait after so many failures in succession, from 1.
    #[must_use]
    pub fn after(&self, failures: u32) -> SimDuration {
        match *self {
            Self::Staged { glitch_count, glitch, .. } if failures <= glitch_count => glitch,
            Self::Staged { glitch_count, transient_count, transient, .. }
                if failures <= glitch_count.saturating_add(transient_count) =>
            {
                transient
            }
            Self::Staged { connection_failure, .. } => connection_failure,
            Self::Rising { first, second, third, subsequent } => match failures {
                0 | 1 => first,
                2 => second,
                3 => third,
                _ => subsequent,
            },
        }
    }

    /// Returns how often a next hop has failed in succession that nobody has reached for `age`, and how
    /// long it is until it is tried again.
    #[must_use]
    pub fn rehearse(&self, age: SimDuration) -> (u32, SimDuration) {
        let (mut failures, mut due) = (0, SimDuration::ZERO);
        while due <= age {
            failures += 1;
            due = due.saturating_add(self.after(failures).max(SimDuration::from_secs(1)));
        }
        (failures, due.saturating_sub(age))
    }
}

/// The transport service of Exchange. Defaults: the Mailbox role of Exchange 2013 to 2019
/// (`message-intervals.md`, `message-rate-limits.md`, `queues.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Waits of a queue whose next hop cannot be reached.
    pub intervals: Intervals,
    /// `MessageRetryInterval`: wait of a message that its next hop refused for now.
    pub message_retry_interval: SimDuration,
    /// `MessageExpirationTimeout`: age at which a message is returned, by a timer.
    pub message_expiration_timeout: SimDuration,
    /// `DelayNotificationTimeout`: age of the delay notice; none: no notice.
    pub delay_notification_timeout: Option<SimDuration>,
    /// `MaxIdleTimeBeforeResubmit`: a queue that has delivered nothing for so long sends its
    /// messages back to be routed anew; none: never.
    pub max_idle_time_before_resubmit: Option<SimDuration>,
    /// `QueueMaxIdleTime`: how long an empty queue is remembered.
    pub queue_max_idle_time: SimDuration,
    /// `MaxOutboundConnections`; none: no limit.
    pub max_outbound_connections: Option<u32>,
    /// `MaxPerDomainOutboundConnections`; none: no limit.
    pub max_per_domain_outbound_connections: Option<u32>,
    /// `SmtpMaxMessagesPerConnection`.
    pub smtp_max_messages_per_connection: u32,
    /// `ConnectionInactivityTimeOut` of the Send connector.
    pub connection_inactivity_timeout: SimDuration,
    /// `ShadowHeartbeatFrequency`: how often a shadow server looks after its primary.
    pub shadow_heartbeat_frequency: SimDuration,
    /// `ShadowResubmitTimeSpan`: how long it must be unreachable to be given up.
    pub shadow_resubmit_time_span: SimDuration,
}

impl Settings {
    /// Returns whether this generation of Exchange knows shadow servers.
    #[must_use]
    pub fn has_shadows(&self) -> bool {
        matches!(self.intervals, Intervals::Staged { .. })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            intervals: Intervals::Staged {
                glitch_count: 4,
                glitch: SimDuration::from_minutes(1),
                transient_count: 6,
                transient: SimDuration::from_minutes(5),
                connection_failure: SimDuration::from_minutes(10),
            },
            message_retry_interval: SimDuration::from_minutes(15),
            message_expiration_timeout: SimDuration::from_days(2),
            delay_notification_timeout: Some(SimDuration::from_hours(4)),
            max_idle_time_before_resubmit: Some(SimDuration::from_hours(12)),
            queue_max_idle_time: SimDuration::from_minutes(3),
            max_outbound_connections: Some(1000),
            max_per_domain_outbound_connections: Some(20),
            smtp_max_messages_per_connection: 20,
            connection_inactivity_timeout: SimDuration::from_minutes(10),
            shadow_heartbeat_frequency: SimDuration::from_minutes(2),
            shadow_resubmit_time_span: SimDuration::from_hours(3),
        }
    }
}
