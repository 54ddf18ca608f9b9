//! The settings of a mail server by name: what a scenario may write in the table `mta`.

use super::profiles::{Family, Profile};
use crate::queue::postfix::{self, Feedback, ScanPhase};
use crate::queue::{QueueSettings, plain};
use crate::smtp::ClientTls;
use crate::units::{Octets, SimDuration};

/// The place in a profile that a setting fills.
pub(super) enum Slot<'a> {
    /// A span of time.
    Duration(&'a mut SimDuration),
    /// A span of time above zero.
    Period(&'a mut SimDuration),
    /// One span of time for two things.
    TwoDurations(&'a mut SimDuration, &'a mut SimDuration),
    /// A span of time; zero: not at all.
    OptionalDuration(&'a mut Option<SimDuration>),
    /// Several spans of time.
    Durations(&'a mut Vec<SimDuration>),
    /// A whole number.
    Count(&'a mut u32),
    /// A whole number above zero.
    Positive(&'a mut u32),
    /// A whole number for two things; zero: no limit.
    CountAndLimit(&'a mut u32, &'a mut Option<u32>),
    /// A whole number; zero: no limit.
    Limit(&'a mut Option<u32>),
    /// As `Limit`, one more than what is kept: the server counts its own Received field too.
    HopLimit(&'a mut Option<u32>),
    /// A size; zero: no limit.
    SizeLimit(&'a mut Option<Octets>),
    /// A size.
    Size(&'a mut Octets),
    /// True or false.
    Flag(&'a mut bool),
    /// `none`, `may` or `implicit`.
    Tls(&'a mut ClientTls),
    /// Concurrency feedback: a number, `1/concurrency` or `1/sqrt_concurrency`.
    Feedback(&'a mut Feedback),
    /// `random`, or the time of the first scan.
    ScanPhase(&'a mut ScanPhase),
}

/// One setting.
pub(super) struct Setting {
    /// Its name; for Postfix that of `postconf(5)`.
    pub(super) name: &'static str,
    /// The family that has it; none: all.
    pub(super) family: Option<Family>,
    /// What it means.
    pub(super) about: &'static str,
    slot: for<'a> fn(&'a mut Profile) -> Option<Slot<'a>>,
}

impl Setting {
    /// Returns the place that the setting fills in `profile`, if the profile has it.
    pub(super) fn slot<'a>(&self, profile: &'a mut Profile) -> Option<Slot<'a>> {
        if self.family.is_some_and(|family| family != profile.family) {
            return None;
        }
        (self.slot)(profile)
    }
}

/// A setting of a profile with its value, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingValue {
    /// The name as a scenario writes it.
    pub name: &'static str,
    /// The value as a scenario writes it.
    pub value: String,
    /// What it means.
    pub about: &'static str,
}

/// Returns every setting that `profile` has, with its value there.
#[must_use]
pub fn settings_of(profile: &Profile) -> Vec<SettingValue> {
    let mut copy = profile.clone();
    let mut values = Vec::new();
    for setting in ALL {
        if let Some(slot) = setting.slot(&mut copy) {
            values.push(SettingValue {
                name: setting.name,
                value: shown(&slot),
                about: setting.about,
            });
        }
    }
    values
}

fn shown(slot: &Slot<'_>) -> String {
    let limit = |limit: Option<u32>| limit.unwrap_or(0).to_string();
    match slot {
        Slot::Duration(span) | Slot::Period(span) | Slot::TwoDurations(span, _) => {
            span.exact().to_string()
        }
        Slot::OptionalDuration(span) => span.unwrap_or_default().exact().to_string(),
        Slot::Durations(spans) => {
            spans.iter().map(|span| span.exact().to_string()).collect::<Vec<_>>().join(", ")
        }
        Slot::Count(count) | Slot::Positive(count) | Slot::CountAndLimit(count, _) => {
            count.to_string()
        }
        Slot::Limit(count) => limit(**count),
        Slot::HopLimit(count) => limit(count.map(|count| count.saturating_add(1))),
        Slot::SizeLimit(size) => format!("{}B", size.map_or(0, Octets::get)),
        Slot::Size(size) => format!("{}B", size.get()),
        Slot::Flag(flag) => flag.to_string(),
        Slot::Tls(tls) => match tls {
            ClientTls::Never => "none".to_owned(),
            ClientTls::Opportunistic => "may".to_owned(),
            ClientTls::Implicit => "implicit".to_owned(),
        },
        Slot::Feedback(Feedback::Fixed(number)) => number.to_string(),
        Slot::Feedback(Feedback::PerWindow(number)) => format!("{number}/concurrency"),
        Slot::Feedback(Feedback::PerRoot(number)) => format!("{number}/sqrt_concurrency"),
        Slot::ScanPhase(ScanPhase::Random) => "random".to_owned(),
        Slot::ScanPhase(ScanPhase::At(span)) => span.exact().to_string(),
        Slot::ScanPhase(ScanPhase::Observed(times)) => format!("{} observed scans", times.len()),
    }
}

fn queue_of_postfix(profile: &mut Profile) -> Option<&mut postfix::Settings> {
    match &mut profile.queue {
        QueueSettings::Postfix(settings) => Some(settings),
        QueueSettings::Plain(_) => None,
    }
}

fn plain_queue(profile: &mut Profile) -> Option<&mut plain::Settings> {
    match &mut profile.queue {
        QueueSettings::Plain(settings) => Some(settings),
        QueueSettings::Postfix(_) => None,
    }
}

macro_rules! any {
    ($name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting { name: $name, family: None, about: $about,
            slot: |profile| Some(Slot::$slot(&mut profile.$($field).+)) }
    };
}
macro_rules! family {
    ($family:ident, $name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting { name: $name, family: Some(Family::$family), about: $about,
            slot: |profile| Some(Slot::$slot(&mut profile.$($field).+)) }
    };
}
macro_rules! postfix_queue {
    ($name:literal, $slot:ident, $field:ident, $about:literal) => {
        Setting {
            name: $name,
            family: Some(Family::Postfix),
            about: $about,
            slot: |profile| queue_of_postfix(profile).map(|queue| Slot::$slot(&mut queue.$field)),
        }
    };
}
macro_rules! plain_queue {
    ($name:literal, $slot:ident, $field:ident, $about:literal) => {
        Setting {
            name: $name,
            family: Some(Family::Plain),
            about: $about,
            slot: |profile| plain_queue(profile).map(|queue| Slot::$slot(&mut queue.$field)),
        }
    };
}

/// Every setting there is.
#[rustfmt::skip]
pub(super) static ALL: &[Setting] = &[
    // Postfix's queue manager.
    postfix_queue!("queue_run_delay", Period, queue_run_delay, "time between scans of the deferred queue"),
    postfix_queue!("minimal_backoff_time", Duration, minimal_backoff_time, "least delay after a deferral; how long a destination stays dead"),
    postfix_queue!("maximal_backoff_time", Duration, maximal_backoff_time, "greatest delay after a deferral"),
    postfix_queue!("maximal_queue_lifetime", Duration, maximal_queue_lifetime, "a message that fails at this age is returned"),
    postfix_queue!("bounce_queue_lifetime", Duration, bounce_queue_lifetime, "the same for notices"),
    postfix_queue!("delay_warning_time", Duration, delay_warning_time, "age of the delay notice; 0: none"),
    postfix_queue!("initial_destination_concurrency", Positive, initial_destination_concurrency, "deliveries at once to a new destination"),
    postfix_queue!("default_destination_concurrency_limit", Count, destination_concurrency_limit, "most deliveries at once to one destination; 0: no limit"),
    postfix_queue!("default_destination_concurrency_failed_cohort_limit", Count, failed_cohort_limit, "failed cohorts after which a destination is dead; 0: never"),
    postfix_queue!("default_destination_concurrency_positive_feedback", Feedback, positive_feedback, "window growth for a success"),
    postfix_queue!("default_destination_concurrency_negative_feedback", Feedback, negative_feedback, "window loss for a failure"),
    postfix_queue!("default_destination_recipient_limit", Positive, destination_recipient_limit, "recipients in one delivery"),
    postfix_queue!("default_destination_rate_delay", Duration, destination_rate_delay, "pause between deliveries to one destination; 0: none"),
    postfix_queue!("qmgr_message_active_limit", Positive, active_limit, "messages in the active queue"),
    postfix_queue!("smtp_connection_cache_on_demand", Flag, connection_cache_on_demand, "whether connections are used again under load"),
    postfix_queue!("smtp_connection_cache_time_limit", Duration, connection_cache_time_limit, "how long an unused connection is kept"),
    postfix_queue!("smtp_connection_reuse_time_limit", Duration, connection_reuse_time_limit, "greatest age of a connection used again"),
    postfix_queue!("scan_phase", ScanPhase, scan_phase, "not Postfix's own: \"random\", or the time of the first queue scan"),
    postfix_queue!("clock_lag", Duration, clock_lag, "not Postfix's own: how late its clock of whole seconds shows a new second"),
    postfix_queue!("timer_lag", Duration, timer_lag, "not Postfix's own: how late a timer may fire"),
    Setting { name: "default_process_limit", family: Some(Family::Postfix),
        about: "delivery processes of each transport, and sessions served at once",
        slot: |profile| {
            let Profile { queue: QueueSettings::Postfix(queue), server, .. } = profile else { return None };
            Some(Slot::CountAndLimit(&mut queue.process_limit, &mut server.max_sessions))
        } },
    // Postfix's SMTP client.
    family!(Postfix, "smtp_connect_timeout", Duration, client.timeouts.connect, "TCP connection"),
    Setting { name: "smtp_helo_timeout", family: Some(Family::Postfix),
        about: "greeting, and reply to EHLO",
        slot: |profile| {
            let timeouts = &mut profile.client.timeouts;
            Some(Slot::TwoDurations(&mut timeouts.greeting, &mut timeouts.ehlo))
        } },
    family!(Postfix, "smtp_starttls_timeout", Duration, client.timeouts.tls, "STARTTLS and handshake"),
    family!(Postfix, "smtp_mail_timeout", Duration, client.timeouts.mail, "reply to MAIL"),
    family!(Postfix, "smtp_rcpt_timeout", Duration, client.timeouts.rcpt, "reply to RCPT"),
    family!(Postfix, "smtp_data_init_timeout", Duration, client.timeouts.data_init, "354 to DATA"),
    family!(Postfix, "smtp_data_xfer_timeout", Duration, client.timeouts.data_block, "progress while the message is sent"),
    family!(Postfix, "smtp_data_done_timeout", Duration, client.timeouts.data_done, "reply to the final dot"),
    family!(Postfix, "smtp_rset_timeout", Duration, client.timeouts.rset, "reply to RSET"),
    family!(Postfix, "smtp_mx_address_limit", Limit, client.address_limit, "addresses tried in one delivery; 0: all"),
    family!(Postfix, "smtp_mx_session_limit", Limit, client.session_limit, "sessions past the greeting in one delivery; 0: no limit"),
    family!(Postfix, "smtp_skip_5xx_greeting", Flag, client.permanent_greeting_is_temporary, "whether a 5yz greeting counts as temporary"),
    family!(Postfix, "smtp_tls_security_level", Tls, client.tls, "\"none\", or \"may\": STARTTLS where it is offered"),
    // Postfix's SMTP server.
    family!(Postfix, "smtpd_client_connection_count_limit", Limit, server.max_sessions_per_client, "sessions of one client at once; 0: no limit"),
    family!(Postfix, "smtpd_recipient_limit", Limit, server.max_recipients, "recipients in one transaction; 0: no limit"),
    // The plain schedule.
    plain_queue!("gaps", Durations, gaps, "times from a failed attempt to the next; the last repeats"),
    plain_queue!("jitter", Duration, jitter, "upper bound of a delay added to each gap"),
    plain_queue!("lifetime", Duration, lifetime, "age at which a message is returned"),
    plain_queue!("notice_lifetime", Duration, notice_lifetime, "the same for notices"),
    plain_queue!("delay_notice", OptionalDuration, delay_notice, "age of the delay notice; 0: none"),
    plain_queue!("concurrency", Limit, concurrency, "deliveries at once to one destination; 0: no limit"),
    plain_queue!("recipient_limit", Positive, recipient_limit, "recipients in one delivery"),
    // The SMTP client of every other server.
    family!(Plain, "connect_timeout", Duration, client.timeouts.connect, "TCP connection"),
    family!(Plain, "greeting_timeout", Duration, client.timeouts.greeting, "220 greeting"),
    family!(Plain, "ehlo_timeout", Duration, client.timeouts.ehlo, "reply to EHLO"),
    family!(Plain, "tls_timeout", Duration, client.timeouts.tls, "STARTTLS and handshake"),
    family!(Plain, "mail_timeout", Duration, client.timeouts.mail, "reply to MAIL"),
    family!(Plain, "rcpt_timeout", Duration, client.timeouts.rcpt, "reply to RCPT"),
    family!(Plain, "data_timeout", Duration, client.timeouts.data_init, "354 to DATA"),
    family!(Plain, "block_timeout", Duration, client.timeouts.data_block, "progress while the message is sent"),
    family!(Plain, "dot_timeout", Duration, client.timeouts.data_done, "reply to the final dot"),
    family!(Plain, "rset_timeout", Duration, client.timeouts.rset, "reply to RSET"),
    family!(Plain, "address_limit", Limit, client.address_limit, "addresses tried in one delivery; 0: all"),
    family!(Plain, "session_limit", Limit, client.session_limit, "sessions past the greeting in one delivery; 0: no limit"),
    family!(Plain, "permanent_greeting_is_temporary", Flag, client.permanent_greeting_is_temporary, "whether a 5yz greeting counts as temporary"),
    family!(Plain, "tls", Tls, client.tls, "\"none\", \"may\" (STARTTLS where it is offered) or \"implicit\""),
    family!(Plain, "max_recipients", Limit, server.max_recipients, "recipients in one transaction; 0: no limit"),
    // What every client and server has.
    any!("client_pipelining", Flag, client.pipelining, "whether the client sends commands in groups where it may"),
    any!("permanent_ehlo_is_temporary", Flag, client.permanent_ehlo_is_temporary, "whether a 5yz reply to EHLO counts as temporary"),
    any!("next_host_after_refusal", Flag, client.next_host_after_refusal, "whether a 4yz after EHLO leads to the next host at once"),
    any!("declares_size", Flag, client.declares_size, "whether MAIL declares the size"),
    any!("size_margin", Size, client.size_margin, "octets added to the declared size"),
    any!("checks_advertised_size", Flag, client.checks_advertised_size, "whether a message above the server's SIZE is given up before MAIL"),
    any!("rset_before_reuse", Flag, client.rset_before_reuse, "whether RSET is sent before a connection is used again"),
    any!("message_size_limit", SizeLimit, server.size_limit, "largest message taken; 0: no limit"),
    any!("hopcount_limit", HopLimit, server.hop_limit, "a message with this many Received fields, the server's own included, is refused; 0: never"),
    any!("esmtp", Flag, server.ehlo, "whether the server understands EHLO"),
    any!("pipelining", Flag, server.pipelining, "whether the server offers PIPELINING"),
    any!("starttls", Flag, server.starttls, "whether the server offers STARTTLS"),
    any!("auth", Flag, server.auth, "whether the server offers AUTH"),
    any!("adds_received", Flag, server.adds_received, "whether the server adds a Received field"),
];

#[cfg(test)]
mod tests {
    use super::super::profiles;
    use super::*;

    #[test]
    fn names_are_unique_within_a_profile() {
        for profile in profiles::all() {
            let mut names: Vec<_> = settings_of(&profile).iter().map(|s| s.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", profile.name);
        }
    }

    #[test]
    fn postfix_shows_the_defaults_of_postconf() {
        let values = settings_of(&profiles::postfix());
        let value = |name: &str| {
            values.iter().find(|s| s.name == name).map(|s| s.value.clone()).unwrap_or_default()
        };
        // postconf(5) of Postfix 3.7.
        for (name, expected) in [
            ("queue_run_delay", "5m"),
            ("maximal_backoff_time", "1h6m40s"),
            ("maximal_queue_lifetime", "5d"),
            ("hopcount_limit", "50"),
            ("message_size_limit", "10240000B"),
            ("default_process_limit", "100"),
            ("smtp_mx_address_limit", "5"),
            ("smtpd_recipient_limit", "1000"),
            ("smtp_data_done_timeout", "10m"),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
    }
}
