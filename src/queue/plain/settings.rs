//! Settings of the plain schedule.

use crate::mail::Status;
use crate::units::SimDuration;

use super::super::postfix::ScanPhase;
use super::gaps::Gaps;

/// How the lifetime of a message ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// At the first failed attempt at that age or later.
    AfterAttempt,
    /// At that age, without a last attempt.
    Timer,
    /// At the first failed attempt whose next one would come after that age.
    Ahead,
}

/// In which order due messages are taken up where the deliveries at once are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// First come, first served.
    Arrival,
    /// Of those found due at one look the smallest first, then the least tried, then the oldest;
    /// those of an earlier look before them.
    SmallestFirst,
    /// Those never tried before those tried; among equals the oldest first.
    NeverTriedFirst,
}

/// Who is told that mail could not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticesTo {
    /// Every sender.
    All,
    /// Senders with mailboxes on the same host.
    Local,
    /// Nobody.
    Nobody,
}

/// What is tried, and counted, on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A message with all its recipients.
    Message,
    /// The recipients of a message with one destination.
    Destination,
    /// Each recipient of a message.
    Recipient,
}

/// Gaps between attempts for each message, with give-up rule and limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// When the next attempt follows a failed one.
    pub gaps: Gaps,
    /// The same after an attempt that reached no host; an empty list: the same gaps.
    pub unreached_gaps: Gaps,
    /// Whether a gap that would lead beyond the lifetime is cut, so that a last attempt is made at its
    /// end.
    pub last_try_at_lifetime: bool,
    /// Upper bound of a delay added to each gap, evenly drawn.
    pub jitter: SimDuration,
    /// Greatest deviation of each gap either way, evenly drawn.
    pub spread: SimDuration,
    /// Whether a gap counts from the start of the failed attempt rather than from its end.
    pub gaps_from_start: bool,
    /// Attempts after which a message is returned; none: no limit.
    pub tries: Option<u32>,
    /// Age at which a message is returned (see [`Expiry`]); none: never.
    pub lifetime: Option<SimDuration>,
    /// The same for notices; none: as for other mail.
    pub notice_lifetime: Option<SimDuration>,
    /// How the lifetime ends a message.
    pub expiry: Expiry,
    /// Age of the delay notice; none: no notice.
    pub delay_notice: Option<SimDuration>,
    /// Whether the delay notice is sent at that age rather than at the first failed attempt from
    /// then on.
    pub notice_by_timer: bool,
    /// Who gets failure notices.
    pub failure_notices: NoticesTo,
    /// What a message that is given up is told of: its last failure, made permanent, or this status if
    /// that reached no host. None: 4.4.7, the time is over.
    pub unreached_status: Option<Status>,
    /// Time between looks for due messages; none: each message has its own timer.
    pub look_every: Option<SimDuration>,
    /// Whether the arrival of a message leads to a look, from which on the time to the next one
    /// counts.
    pub look_on_arrival: bool,
    /// When the first look falls.
    pub look_phase: ScanPhase,
    /// Order of messages that wait for a free thread.
    pub order: Order,
    /// Messages tried at once; each is tried for one destination after the other. None: no limit,
    /// and all destinations of a message at once.
    pub threads: Option<u32>,
    /// How many of these may try messages that were tried before; none: all.
    pub retry_threads: Option<u32>,
    /// Least wait of the messages found in the queue when the server starts again.
    pub restart_delay: SimDuration,
    /// Deliveries at once to one destination; none: no limit.
    pub concurrency: Option<u32>,
    /// Recipients in one delivery; none: no limit.
    pub recipient_limit: Option<u32>,
    /// Messages handed over on one connection; 1: each gets its own.
    pub connection_messages: u32,
    /// How long an unused connection is kept.
    pub connection_idle: SimDuration,
    /// Deliveries in succession to one destination that reached no host; one more than so many, and
    /// all that waits for the destination is put off. None: never.
    pub dead_site_failures: Option<u32>,
    /// What is tried on its own.
    pub unit: Unit,
}

impl Settings {
    /// Returns the gaps that hold after an attempt that failed with `status`. By 4.4.1 (no answer from
    /// host) and 4.4.3 (directory server failure) no host was reached (RFC 3463 §3.5).
    #[must_use]
    pub fn gaps_after(&self, status: Status) -> &Gaps {
        let unreached = matches!(status, Status::NO_ANSWER | Status::DIRECTORY_FAILURE);
        if unreached && !self.unreached_gaps.list.is_empty() {
            &self.unreached_gaps
        } else {
            &self.gaps
        }
    }
}

impl Default for Settings {
    /// RFC 5321 §4.5.4.1 read literally: two attempts in the first hour, then one every two to
    /// three hours, for five days; no delay notice.
    fn default() -> Self {
        Self {
            gaps: Gaps::repeating(vec![SimDuration::from_minutes(30), SimDuration::from_hours(2)]),
            unreached_gaps: Gaps::repeating(Vec::new()),
            last_try_at_lifetime: false,
            jitter: SimDuration::ZERO,
            spread: SimDuration::ZERO,
            gaps_from_start: false,
            tries: None,
            lifetime: Some(SimDuration::from_days(5)),
            notice_lifetime: None,
            expiry: Expiry::AfterAttempt,
            delay_notice: None,
            notice_by_timer: false,
            failure_notices: NoticesTo::All,
            unreached_status: None,
            look_every: None,
            look_on_arrival: false,
            look_phase: ScanPhase::Random,
            order: Order::Arrival,
            threads: None,
            retry_threads: None,
            restart_delay: SimDuration::ZERO,
            concurrency: Some(20),
            recipient_limit: Some(100),
            connection_messages: 1,
            connection_idle: SimDuration::ZERO,
            dead_site_failures: None,
            unit: Unit::Message,
        }
    }
}
