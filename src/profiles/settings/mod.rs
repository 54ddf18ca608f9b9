//! The settings of a mail server by name: what a scenario may write in the table `mta`.
//!
//! One file for each family that has names of its own, one for the SMTP client of all others, and
//! one for what every server has.

mod choice;
mod client;
mod common;
mod exchange;
mod exim;
mod opensmtpd;
mod own_names;
mod plain;
mod postfix;
mod qmail;
mod sendmail;

use crate::profiles::{self, Family, Profile};
use crate::queue::ScanPhase;
use crate::queue::exim::{RetryRules, exim_time};
use crate::queue::plain::{Form, Gaps};
use crate::queue::postfix::Feedback;
use crate::smtp::ClientTls;
use crate::units::{Octets, SimDuration};

pub(crate) use choice::Choice;
pub(crate) use own_names::{counterpart, own_name};

/// The place in a profile that a setting fills.
pub(crate) enum Slot<'a> {
    /// A span of time.
    Duration(&'a mut SimDuration),
    /// A span of time between events of a server whose clock has whole seconds: at least 1 s.
    Period(&'a mut SimDuration),
    /// How late a clock of whole seconds or a timer is: less than 1 s.
    Lag(&'a mut SimDuration),
    /// One span of time for two things.
    TwoDurations(&'a mut SimDuration, &'a mut SimDuration),
    /// A span of time; zero: not at all.
    OptionalDuration(&'a mut Option<SimDuration>),
    /// Several spans of time, as a list or in the notation `5m 10m 30m 1h*`: gaps or ages.
    Schedule(&'a mut Gaps, Form),
    /// Several ages, or none.
    Ages(&'a mut Vec<SimDuration>),
    /// The first gap of a schedule that grows.
    FirstGap(&'a mut Gaps),
    /// A number of at least 1.
    Factor(&'a mut f64),
    /// One of several words.
    Choice(&'a mut dyn Choice),
    /// A whole number.
    Count(&'a mut u32),
    /// A whole number above zero.
    Positive(&'a mut u32),
    /// A whole number for several things; zero: no limit.
    CountAndLimits(&'a mut u32, [&'a mut Option<u32>; 2]),
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
    /// Retry rules as Exim writes them.
    RetryRules(&'a mut RetryRules),
    /// Times as Exim writes them, with colons between; `0s`: none.
    TimeList(&'a mut Vec<SimDuration>),
}

/// One setting.
pub(crate) struct Setting {
    /// Its name; for Postfix that of `postconf(5)`.
    pub(crate) name: &'static str,
    /// Who has it.
    of: Of,
    /// What it means.
    pub(crate) about: &'static str,
    slot: for<'a> fn(&'a mut Profile) -> Option<Slot<'a>>,
}

/// Which profiles have a setting.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// All.
    All,
    /// Those of one family.
    Only(Family),
    /// Those of all families but one, which has other names for the same.
    AllBut(Family),
}

impl Setting {
    fn is_of(&self, family: Family) -> bool {
        match self.of {
            Of::All => true,
            Of::Only(only) => only == family,
            Of::AllBut(other) => other != family,
        }
    }

    /// Returns what `profile` calls it.
    pub(crate) fn name_in(&self, profile: &Profile) -> &'static str {
        own_name(profile.name, self.name)
    }

    /// Returns whether its name, or what it is, comes from the server's own documents.
    fn is_servers_word(&self, profile: &Profile) -> bool {
        let renamed = self.name_in(profile) != self.name;
        match self.of {
            Of::All | Of::AllBut(_) => {
                renamed || SHARED_WORDS.contains(&(profile.family, self.name))
            }
            Of::Only(Family::Plain) => renamed,
            Of::Only(_) => !self.about.starts_with("not "),
        }
    }

    /// Returns the place that the setting fills in `profile`, if the profile has it.
    pub(crate) fn slot<'a>(&self, profile: &'a mut Profile) -> Option<Slot<'a>> {
        if self.is_of(profile.family) { (self.slot)(profile) } else { None }
    }
}

/// Returns whether this is a setting of Postfix's SMTP client, which one transport may have for itself.
pub(crate) fn is_of_postfix_client(setting: &Setting) -> bool {
    let scratch = profiles::postfix();
    setting.name.starts_with("smtp_")
        && setting.is_of(Family::Postfix)
        && setting.slot(&mut scratch.clone()).is_some()
        && !setting.name.starts_with("smtp_connection_")
}

/// Settings of all servers whose names happen to be a server's own words.
const SHARED_WORDS: &[(Family, &str)] = &[
    (Family::Postfix, "message_size_limit"),
    (Family::Postfix, "hopcount_limit"),
    (Family::Exim, "message_size_limit"),
    (Family::Exim, "connect_timeout"),
];

/// A setting of a profile with its value, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingValue {
    /// The name as a scenario writes it.
    pub name: &'static str,
    /// The value as a scenario writes it.
    pub value: String,
    /// What it means.
    pub about: &'static str,
    /// Whether the name is the server's own word, and not mailsim's.
    pub servers_word: bool,
}

/// Returns every setting that `profile` has, with its value there.
#[must_use]
pub fn settings_of(profile: &Profile) -> Vec<SettingValue> {
    let mut copy = profile.clone();
    let mut values = Vec::new();
    for setting in all() {
        if let Some(slot) = setting.slot(&mut copy) {
            values.push(SettingValue {
                name: setting.name_in(profile),
                value: required(profile, setting.name_in(profile)).unwrap_or_else(|| shown(&slot)),
                about: setting.about,
                servers_word: setting.is_servers_word(profile),
            });
        }
    }
    values
}

/// Returns the word for a setting that a scenario has to give, and what it may give instead.
fn required(profile: &Profile, name: &str) -> Option<String> {
    let (_, others) = profile
        .required
        .iter()
        .map(|key| key.split_once('|').unwrap_or((key, "")))
        .find(|(first, _)| *first == name)?;
    Some(match others {
        "" => "required".to_owned(),
        others => format!("required, or {}", others.replace('|', ", ")),
    })
}

fn shown(slot: &Slot<'_>) -> String {
    let limit = |limit: Option<u32>| limit.unwrap_or(0).to_string();
    match slot {
        Slot::Duration(span)
        | Slot::Period(span)
        | Slot::Lag(span)
        | Slot::TwoDurations(span, _) => span.exact().to_string(),
        Slot::OptionalDuration(span) => span.unwrap_or_default().exact().to_string(),
        Slot::Ages(ages) => {
            ages.iter().map(|age| age.exact().to_string()).collect::<Vec<_>>().join(", ")
        }
        Slot::Schedule(gaps, form) if gaps.form == *form && !gaps.list.is_empty() => listed(gaps),
        Slot::FirstGap(gaps) if gaps.form == Form::Growing => gaps.first.exact().to_string(),
        Slot::Schedule(..) | Slot::FirstGap(_) => "not used".to_owned(),
        Slot::Factor(number) => number.to_string(),
        Slot::Choice(choice) => choice.word().to_owned(),
        Slot::Count(count) | Slot::Positive(count) | Slot::CountAndLimits(count, _) => {
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
        Slot::RetryRules(rules) => rules.to_string(),
        Slot::TimeList(times) if times.is_empty() => "0s".to_owned(),
        Slot::TimeList(times) => {
            times.iter().map(|time| exim_time(*time)).collect::<Vec<_>>().join(":")
        }
        Slot::ScanPhase(ScanPhase::Random) => "random".to_owned(),
        Slot::ScanPhase(ScanPhase::At(span)) => span.exact().to_string(),
        Slot::ScanPhase(ScanPhase::Observed(times)) => format!("{} observed scans", times.len()),
    }
}

/// Returns a schedule in the notation in which a scenario may write it.
fn listed(gaps: &Gaps) -> String {
    let spans: Vec<String> = gaps.list.iter().map(|span| span.exact().to_string()).collect();
    spans.join(" ") + if gaps.repeats { "*" } else { "" }
}

/// Writes a [`Setting`]: of one family's queue manager, of one family, of all but Postfix, or of all.
macro_rules! setting {
    (queue $family:ident, $name:literal, $slot:ident, $field:ident, $about:literal) => {
        Setting {
            name: $name,
            of: Of::Only(Family::$family),
            about: $about,
            slot: |profile| match &mut profile.queue {
                QueueSettings::$family(queue) => Some(Slot::$slot(&mut queue.$field)),
                _ => None,
            },
        }
    };
    (only $family:ident, $name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting { name: $name, of: Of::Only(Family::$family), about: $about,
            slot: |profile| Some(Slot::$slot(&mut profile.$($field).+)) }
    };
    (not_postfix, $name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting { name: $name, of: Of::AllBut(Family::Postfix), about: $about,
            slot: |profile| Some(Slot::$slot(&mut profile.$($field).+)) }
    };
    (not_opensmtpd, $name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting { name: $name, of: Of::AllBut(Family::OpenSmtpd), about: $about,
            slot: |profile| Some(Slot::$slot(&mut profile.$($field).+)) }
    };
    (any, $name:literal, $slot:ident, $($field:ident).+, $about:literal) => {
        Setting { name: $name, of: Of::All, about: $about,
            slot: |profile| Some(Slot::$slot(&mut profile.$($field).+)) }
    };
}
use setting;

/// Returns every setting there is, a family's own before what all have.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    [
        postfix::SETTINGS,
        exim::SETTINGS,
        sendmail::SETTINGS,
        qmail::SETTINGS,
        opensmtpd::SETTINGS,
        exchange::SETTINGS,
        plain::SETTINGS,
        client::SETTINGS,
        common::SETTINGS,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
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
