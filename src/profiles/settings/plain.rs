//! Settings of the plain schedule. Some servers have names of their own for them.

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;
use crate::queue::QueueSettings;
use crate::queue::plain::Form;

/// A way of stating the schedule.
macro_rules! form {
    ($name:literal, $form:ident, $about:literal) => {
        Setting {
            name: $name,
            of: Of::Only(Family::Plain),
            about: $about,
            slot: |profile| match &mut profile.queue {
                QueueSettings::Plain(queue) => Some(Slot::Schedule(&mut queue.gaps, Form::$form)),
                _ => None,
            },
        }
    };
}

/// A part of the schedule.
macro_rules! part {
    ($name:literal, $slot:ident, $field:ident, $about:literal) => {
        Setting {
            name: $name,
            of: Of::Only(Family::Plain),
            about: $about,
            slot: |profile| match &mut profile.queue {
                QueueSettings::Plain(queue) => Some(Slot::$slot(&mut queue.gaps.$field)),
                _ => None,
            },
        }
    };
}

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    form!("gaps", Gaps, "times from a failed attempt to the next: \"5m 10m 30m 1h*\" or a list whose last repeats"),
    form!("offsets", Offsets, "instead of gaps: ages of the attempts after the first"),
    setting!(queue Plain, "first_gap", FirstGap, gaps, "instead of gaps: the first of a row that grows"),
    part!("gap_factor", Factor, factor, "growth from one gap to the next after first_gap"),
    part!("whole_factor", Flag, whole_factor, "whether the power of gap_factor is cut to a whole number"),
    part!("longest_gap", OptionalDuration, longest, "greatest gap after first_gap; 0: no limit"),
    Setting {
        name: "unreached_gaps",
        of: Of::Only(Family::Plain),
        about: "the same after an attempt that reached no host: no answer, no connection, no DNS; not used: the same gaps",
        slot: |profile| match &mut profile.queue {
            QueueSettings::Plain(queue) => Some(Slot::Schedule(&mut queue.unreached_gaps, Form::Gaps)),
            _ => None,
        },
    },
    setting!(queue Plain, "last_try_at_lifetime", Flag, last_try_at_lifetime, "whether the last gap is cut so that a last attempt falls at the end of lifetime"),
    setting!(queue Plain, "jitter", Duration, jitter, "upper bound of a delay added to each gap"),
    setting!(queue Plain, "spread", Duration, spread, "greatest deviation of each gap either way"),
    setting!(queue Plain, "gaps_from_start", Flag, gaps_from_start, "whether a gap counts from the start of the failed attempt, not from its end"),
    setting!(queue Plain, "tries", Limit, tries, "attempts after which a message is returned; 0: no limit"),
    setting!(queue Plain, "lifetime", OptionalDuration, lifetime, "age at which a message is returned; 0: never"),
    setting!(queue Plain, "notice_lifetime", OptionalDuration, notice_lifetime, "the same for notices; 0: as lifetime"),
    setting!(queue Plain, "expiry", Choice, expiry, "how lifetime acts: at the first failed \"attempt\" from then on, by \"timer\", or \"ahead\": when the next attempt would come later"),
    setting!(queue Plain, "delay_notice", OptionalDuration, delay_notice, "age of the delay notice; 0: none"),
    setting!(queue Plain, "notice_by_timer", Flag, notice_by_timer, "whether the delay notice is sent at that age, not at the next failed attempt"),
    setting!(queue Plain, "failure_notices", Choice, failure_notices, "who is told of failures: \"all\" senders, \"local\" ones, \"nobody\""),
    setting!(queue Plain, "look_every", OptionalDuration, look_every, "time between looks for due messages; 0: each has its own timer"),
    setting!(queue Plain, "look_on_arrival", Flag, look_on_arrival, "whether a message that arrives leads to a look for due ones"),
    setting!(queue Plain, "look_phase", ScanPhase, look_phase, "\"random\", or the time of the first look after the start"),
    setting!(queue Plain, "order", Choice, order, "who gets a free thread: \"arrival\", \"smallest\" of those found due together, \"never_tried\" first"),
    setting!(queue Plain, "threads", Limit, threads, "messages tried at once; 0: no limit"),
    setting!(queue Plain, "retry_threads", Limit, retry_threads, "how many of these may try again; 0: all"),
    setting!(queue Plain, "restart_delay", Duration, restart_delay, "least wait of messages found when the server starts again"),
    setting!(queue Plain, "concurrency", Limit, concurrency, "deliveries at once to one destination; 0: no limit"),
    setting!(queue Plain, "recipient_limit", Limit, recipient_limit, "recipients in one delivery; 0: no limit"),
    setting!(queue Plain, "connection_messages", Positive, connection_messages, "messages on one connection"),
    setting!(queue Plain, "connection_idle", Duration, connection_idle, "how long an unused connection is kept"),
    setting!(queue Plain, "dead_site_failures", Limit, dead_site_failures, "deliveries in succession without any host reached beyond which all mail for the destination is put off; 0: never"),
    setting!(queue Plain, "unit", Choice, unit, "what is tried on its own: a \"message\", its recipients with one \"destination\", each \"recipient\""),
];
