//! OpenSMTPD's settings: `smtpd.conf(5)` where it has a name, else the constant of the source.

use crate::random::Distribution;
use crate::units::SimDuration;

/// Scheduler and transfer agent. Defaults: `smtpd.h`, `config.c`, `scheduler_ramqueue.c`, `mta.c`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `BACKOFF_TRANSFER`: the k-th next try is due at creation plus this times k².
    pub backoff_transfer: SimDuration,
    /// `BACKOFF_DELIVERY`: the same for mailboxes of the host.
    pub backoff_delivery: SimDuration,
    /// `queue ttl`: an envelope expires at this age, whether or not it has been tried.
    pub ttl: SimDuration,
    /// Whether the notice of the end says `failed` and 5.4.7, as from version 7 on, or `delayed` and
    /// 4.4.7, as 6.8 does (`queue.c`, `IMSG_SCHED_ENVELOPE_EXPIRE`).
    pub expires_for_good: bool,
    /// `bounce warn-interval`: ages for delay notices, ascending; none: no notice.
    pub bounce_warn: Vec<SimDuration>,
    /// `DELAY_ROUTE_BASE`: a route with penalty p is suspended for this times p².
    pub route_delay_base: SimDuration,
    /// `DELAY_ROUTE_MAX`: longest suspension.
    pub route_delay_max: SimDuration,
    /// `limit mta`.
    pub limits: Limits,
    /// `sc_mta_max_deferred`: envelopes remembered for a host that may come back.
    pub max_deferred: u32,
    /// `scheduler max-inflight`: envelopes handed to the agents at once.
    pub max_inflight: u32,
    /// How late the clock of whole seconds shows a new second: `time(NULL)` follows the ticks of the
    /// kernel.
    pub clock_lag: SimDuration,
    /// Time that an envelope takes from the scheduler to the transfer agent (but not a new one, whose
    /// way is part of the time until it is taken up), and news of it on the way back, through the queue process, which reads and writes its file \[s\]. None: no time.
    pub handover_time: Option<Distribution>,
    /// How much later than due a timer fires, evenly drawn up to this.
    pub timer_lag: SimDuration,
}

/// Limits and delays of connections (`limit.c`, `limit_mta_set_defaults`), by their names there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `max-conn-per-host`.
    pub max_conn_per_host: u32,
    /// `max-conn-per-route`; a route is an own address with a host.
    pub max_conn_per_route: u32,
    /// `max-conn-per-source`; a source is an own address.
    pub max_conn_per_source: u32,
    /// `max-conn-per-connector`; a connector is an own address with a destination.
    pub max_conn_per_connector: u32,
    /// `max-conn-per-relay`; a relay is a destination.
    pub max_conn_per_relay: u32,
    /// `max-conn-per-domain`.
    pub max_conn_per_domain: u32,
    /// `conn-delay-route`: from one connection of a route to the next.
    pub conn_delay_route: SimDuration,
    /// `conn-delay-relay`: from one connection of a relay to the next.
    pub conn_delay_relay: SimDuration,
    /// `reconn-delay-route`: from the end of a connection of a route to the next.
    pub reconn_delay_route: SimDuration,
    /// `session-mail-max`: messages accepted over one connection.
    pub session_mail_max: u32,
    /// `session-keepalive`: how long the last connection to a relay stays open idle.
    pub session_keepalive: SimDuration,
    /// `MAX_TRYBEFOREDISABLE`: messages in a row without success that end a session.
    pub max_try_before_disable: u32,
    /// `task-hiwat`: messages waiting for a relay from which on others are held back.
    pub task_hiwat: u32,
    /// `task-lowat`: messages waiting at which some of those are released.
    pub task_lowat: u32,
    /// `task-release`: how many envelopes then.
    pub task_release: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_conn_per_host: 10,
            max_conn_per_route: 5,
            max_conn_per_source: 100,
            max_conn_per_connector: 20,
            max_conn_per_relay: 100,
            max_conn_per_domain: 100,
            conn_delay_route: SimDuration::from_secs(5),
            conn_delay_relay: SimDuration::from_secs(2),
            reconn_delay_route: SimDuration::from_secs(3),
            session_mail_max: 100,
            session_keepalive: SimDuration::from_secs(10),
            max_try_before_disable: 10,
            task_hiwat: 50,
            task_lowat: 30,
            task_release: 10,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backoff_transfer: SimDuration::from_secs(400),
            backoff_delivery: SimDuration::from_secs(10),
            ttl: SimDuration::from_days(4),
            expires_for_good: true,
            bounce_warn: vec![SimDuration::from_hours(4)],
            route_delay_base: SimDuration::from_secs(15),
            route_delay_max: SimDuration::from_secs(3600),
            limits: Limits::default(),
            max_deferred: 100,
            max_inflight: 5000,
            clock_lag: SimDuration::ZERO,
            handover_time: None,
            timer_lag: SimDuration::ZERO,
        }
    }
}

/// Returns a span in the whole seconds that the server counts.
pub(super) fn seconds(span: SimDuration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX / 4)
}
