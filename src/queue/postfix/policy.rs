//! What holds for the destinations of one transport: the settings `default_…`, unless the transport
//! has its own (`slow_destination_rate_delay` and kin).

use crate::smtp::ClientSettings;
use crate::units::SimDuration;

use super::settings::{Feedback, Settings};

/// A transport of its own name (`master.cf`), as far as it differs from what holds for all. By the
/// words of `postconf(5)`, `TRANSPORT` in place of `default`.
#[derive(Debug, Clone, PartialEq)]
pub struct TransportSettings {
    /// Its name.
    pub name: String,
    /// `maxproc` of its line in `master.cf`: its delivery processes; zero: no limit.
    pub process_limit: Option<u32>,
    /// `TRANSPORT_initial_destination_concurrency`.
    pub initial_destination_concurrency: Option<u32>,
    /// `TRANSPORT_destination_concurrency_limit`.
    pub destination_concurrency_limit: Option<u32>,
    /// `TRANSPORT_destination_concurrency_failed_cohort_limit`.
    pub failed_cohort_limit: Option<u32>,
    /// `TRANSPORT_destination_concurrency_positive_feedback`.
    pub positive_feedback: Option<Feedback>,
    /// `TRANSPORT_destination_concurrency_negative_feedback`.
    pub negative_feedback: Option<Feedback>,
    /// `TRANSPORT_destination_recipient_limit`.
    pub destination_recipient_limit: Option<u32>,
    /// `TRANSPORT_destination_rate_delay`.
    pub destination_rate_delay: Option<SimDuration>,
    /// `TRANSPORT_delivery_slot_cost`.
    pub delivery_slot_cost: Option<u32>,
    /// `TRANSPORT_delivery_slot_loan`.
    pub delivery_slot_loan: Option<u32>,
    /// `TRANSPORT_delivery_slot_discount` \[%\].
    pub delivery_slot_discount: Option<u32>,
    /// `TRANSPORT_minimum_delivery_slots`.
    pub minimum_delivery_slots: Option<u32>,
    /// Settings of its SMTP client (`-o smtp_connect_timeout=5s`), all of them if any differs.
    pub client: Option<Box<ClientSettings>>,
}

impl TransportSettings {
    /// A transport that has nothing of its own.
    pub const NOTHING: Self = Self {
        name: String::new(),
        process_limit: None,
        initial_destination_concurrency: None,
        destination_concurrency_limit: None,
        failed_cohort_limit: None,
        positive_feedback: None,
        negative_feedback: None,
        destination_recipient_limit: None,
        destination_rate_delay: None,
        delivery_slot_cost: None,
        delivery_slot_loan: None,
        delivery_slot_discount: None,
        minimum_delivery_slots: None,
        client: None,
    };
}

/// The settings that hold for one transport (`src/qmgr/qmgr_transport.c`, `qmgr_transport_create`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Policy {
    /// First and greatest concurrency for a destination; a limit of zero is none.
    pub(super) window: (u32, u32),
    pub(super) failed_cohort_limit: u32,
    pub(super) positive_feedback: Feedback,
    pub(super) negative_feedback: Feedback,
    /// Recipients in one delivery.
    pub(super) recipient_limit: u32,
    pub(super) rate_delay: SimDuration,
    pub(super) slot_cost: i64,
    pub(super) slot_loan: i64,
    /// 100 less the discount \[%\].
    pub(super) slot_loan_factor: i64,
    min_slots: i64,
}

impl Policy {
    /// Returns what holds for a transport; `own`: what it has of its own.
    pub(super) fn of(settings: &Settings, own: &TransportSettings) -> Self {
        let rate_delay = own.destination_rate_delay.unwrap_or(settings.destination_rate_delay);
        let limit = match rate_delay {
            SimDuration::ZERO => {
                own.destination_concurrency_limit.unwrap_or(settings.destination_concurrency_limit)
            }
            // A pause between deliveries makes sense one at a time only.
            _ => 1,
        };
        let initial = own
            .initial_destination_concurrency
            .unwrap_or(settings.initial_destination_concurrency)
            .max(1);
        let discount = own.delivery_slot_discount.unwrap_or(settings.delivery_slot_discount);
        let number = |own: Option<u32>, default: u32| i64::from(own.unwrap_or(default));
        Self {
            window: (if limit > 0 { initial.min(limit) } else { initial }, limit),
            failed_cohort_limit: own.failed_cohort_limit.unwrap_or(settings.failed_cohort_limit),
            positive_feedback: own.positive_feedback.unwrap_or(settings.positive_feedback),
            negative_feedback: own.negative_feedback.unwrap_or(settings.negative_feedback),
            recipient_limit: own
                .destination_recipient_limit
                .unwrap_or(settings.destination_recipient_limit)
                .max(1),
            rate_delay,
            slot_cost: number(own.delivery_slot_cost, settings.delivery_slot_cost),
            slot_loan: number(own.delivery_slot_loan, settings.delivery_slot_loan),
            slot_loan_factor: 100 - i64::from(discount.min(100)),
            min_slots: number(own.minimum_delivery_slots, settings.minimum_delivery_slots),
        }
    }

    /// Returns what holds for local delivery. It counts by mailbox in Postfix (two at once for each),
    /// so only the processes limit it here; and each recipient is a delivery of its own.
    pub(super) fn local(settings: &Settings) -> Self {
        Self {
            window: (u32::MAX / 2, u32::MAX / 2),
            recipient_limit: 1,
            rate_delay: SimDuration::ZERO,
            ..Self::of(settings, &TransportSettings::NOTHING)
        }
    }

    /// Returns whether a job with so many deliveries may be preempted: it has to be large enough to
    /// earn the least number of slots.
    pub(super) const fn may_be_preempted(&self, entries: u32) -> bool {
        self.slot_cost >= 2 && entries as i64 >= self.min_slots * self.slot_cost
    }
}
