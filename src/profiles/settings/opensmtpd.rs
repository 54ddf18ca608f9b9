//! Settings of OpenSMTPD, by the names of `smtpd.conf(5)` and of its source.

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;
use crate::queue::QueueSettings;

/// Writes a [`Setting`] of the scheduler, or of the limits of connections.
macro_rules! own {
    ($name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting {
            name: $name,
            of: Of::Only(Family::OpenSmtpd),
            about: $about,
            slot: |profile| match &mut profile.queue {
                QueueSettings::OpenSmtpd(queue) => Some(Slot::$slot(&mut queue.$($field).+)),
                _ => None,
            },
        }
    };
}

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    own!("backoff_transfer", Period, backoff_transfer, "base of the back-off: the k-th next try is due at this times the square of k"),
    own!("backoff_delivery", Period, backoff_delivery, "the same for mailboxes of the host"),
    own!("ttl", Duration, ttl, "age at which a message expires, tried or not"),
    own!("expires_for_good", Flag, expires_for_good, "whether the notice of the end says 5.4.7 (version 7) or 4.4.7 and delayed (6.8)"),
    own!("bounce_warn", Ages, bounce_warn, "ages for delay notices, sent when the next try lies beyond; []: none"),
    own!("route_delay_base", Duration, route_delay_base, "suspension of a route after a failed connection, times the square of its penalty"),
    own!("route_delay_max", Duration, route_delay_max, "longest suspension of a route"),
    own!("max_conn_per_host", Positive, limits.max_conn_per_host, "connections at once to one host"),
    own!("max_conn_per_route", Positive, limits.max_conn_per_route, "connections at once from one own address to one host"),
    own!("max_conn_per_source", Positive, limits.max_conn_per_source, "connections at once from one own address"),
    own!("max_conn_per_connector", Positive, limits.max_conn_per_connector, "connections at once from one own address to one destination"),
    own!("max_conn_per_relay", Positive, limits.max_conn_per_relay, "connections at once to one destination"),
    own!("max_conn_per_domain", Positive, limits.max_conn_per_domain, "connections at once to one domain"),
    own!("conn_delay_route", Duration, limits.conn_delay_route, "time between openings to one host"),
    own!("conn_delay_relay", Duration, limits.conn_delay_relay, "time between openings to one destination"),
    own!("reconn_delay_route", Duration, limits.reconn_delay_route, "time from the end of a connection to the next to one host"),
    own!("session_mail_max", Positive, limits.session_mail_max, "messages accepted over one connection"),
    own!("session_keepalive", Duration, limits.session_keepalive, "how long the last connection to a destination stays open idle"),
    own!("max_try_before_disable", Positive, limits.max_try_before_disable, "messages in a row without success that end a session"),
    own!("task_hiwat", Positive, limits.task_hiwat, "messages waiting for a destination from which on others are held back"),
    own!("task_lowat", Count, limits.task_lowat, "messages waiting at which some of those are released"),
    own!("task_release", Positive, limits.task_release, "how many are released then"),
    own!("max_deferred", Count, max_deferred, "messages remembered for a destination that may answer again"),
    own!("max_inflight", Positive, max_inflight, "envelopes with the agents at once"),
    setting!(only OpenSmtpd, "finds_itself", Flag, client.finds_itself, "whether exchangers no better than the host itself are dropped (relay backup); unless stated, true for an exchanger of a domain stored elsewhere"),
    own!("clock_lag", Lag, clock_lag, "not OpenSMTPD's own: how late its clock of whole seconds shows a new second"),
    own!("timer_lag", Lag, timer_lag, "not OpenSMTPD's own: how late a timer may fire"),
];
