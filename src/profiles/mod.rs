//! The mail servers known: queue rules, SMTP client and SMTP server of each, with their evidence.
//!
//! One file for each product or group of products.

mod bulk;
mod exchange;
mod exim;
mod opensmtpd;
mod plain;
mod postfix;
mod providers;
mod qmail;
mod reported;
mod sendmail;
pub(crate) mod settings;
mod windows;

pub use bulk::{haraka, kumomta, maddy, stalwart};
pub use exchange::{exchange, exchange_2003, exchange_edge};
pub use exim::exim;
pub use opensmtpd::opensmtpd;
pub use plain::{none, rfc5321, schedule, sink};
pub use postfix::postfix;
pub use providers::{exchange_online, gmail, google_workspace, outlook, sending_service, yahoo};
pub use qmail::qmail;
pub use reported::{Reported, reported};
pub use sendmail::sendmail;
pub use windows::{hmailserver, icewarp, imail, mailenable};

use crate::queue::QueueSettings;
use crate::smtp::{ClientSettings, ServerSettings};
pub use settings::{SettingValue, settings_of};

/// Whose queue rules a profile follows, which decides what settings it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Postfix's queue manager.
    Postfix,
    /// Exim's delivery processes and queue runners.
    Exim,
    /// qmail's two channels.
    Qmail,
    /// Sendmail's queue runs.
    Sendmail,
    /// OpenSMTPD's scheduler and transfer agent.
    OpenSmtpd,
    /// A schedule for each message.
    Plain,
    /// The transport service of Exchange.
    Exchange,
}

impl Family {
    /// Returns the family whose settings these are.
    #[must_use]
    pub fn of(queue: &QueueSettings) -> Self {
        match queue {
            QueueSettings::Postfix(_) => Self::Postfix,
            QueueSettings::Exim(_) => Self::Exim,
            QueueSettings::Qmail(_) => Self::Qmail,
            QueueSettings::Sendmail(_) => Self::Sendmail,
            QueueSettings::OpenSmtpd(_) => Self::OpenSmtpd,
            QueueSettings::Plain(_) => Self::Plain,
            QueueSettings::Exchange(_) => Self::Exchange,
        }
    }

    /// Returns whether its servers drop the exchangers that are no better than themselves only for
    /// domains whose backup they are told to be. That is OpenSMTPD, by `relay backup`
    /// (`smtpd.conf(5)`; `mta.c` gives the name to `dns.c`, which then lets go of all preferences
    /// from its own on). A scenario that makes such a host an exchanger of a domain that it does
    /// not store has it told so, unless it states `finds_itself`.
    #[must_use]
    pub fn is_told_to_be_backup(self) -> bool {
        self == Self::OpenSmtpd
    }
}

/// How well a profile is founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Compared with recordings of real servers.
    Recorded,
    /// Read in the product's source code.
    SourceCode,
    /// Read in the vendor's documents.
    VendorDocument,
    /// Read in a standard.
    Standard,
    /// Stated by whoever writes the scenario.
    Scenario,
    /// Not a real server: a stand-in made for simulations.
    Invented,
}

impl Evidence {
    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::SourceCode => "source code",
            Self::VendorDocument => "vendor document",
            Self::Standard => "standard",
            Self::Scenario => "scenario",
            Self::Invented => "invented",
        }
    }
}

/// A mail server as it comes out of the box.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The name that a scenario writes in `mta`.
    pub name: &'static str,
    /// Whose queue rules it follows.
    pub family: Family,
    /// The version modelled.
    pub version: &'static str,
    /// How well it is founded.
    pub evidence: Evidence,
    /// Where its rules and figures come from.
    pub source: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Settings whose defaults no source tells: a scenario must give them, for none is invented.
    /// Of names separated by `|` it gives one.
    pub required: &'static [&'static str],
    /// What else the sources do not tell, and what the model does instead; one sentence each.
    pub not_documented: &'static [&'static str],
    /// Queue manager.
    pub queue: QueueSettings,
    /// SMTP client.
    pub client: ClientSettings,
    /// SMTP server.
    pub server: ServerSettings,
}

/// Returns every profile, in the order in which people are told of them.
#[must_use]
pub fn all() -> Vec<Profile> {
    vec![
        postfix(),
        exim(),
        sendmail(),
        qmail(),
        opensmtpd(),
        exchange(),
        exchange_edge(),
        exchange_2003(),
        hmailserver(),
        mailenable(),
        icewarp(),
        imail(),
        haraka(),
        kumomta(),
        stalwart(),
        maddy(),
        schedule(),
        gmail(),
        google_workspace(),
        yahoo(),
        outlook(),
        exchange_online(),
        sending_service(),
        rfc5321(),
        sink(),
        none(),
    ]
}

/// Returns the profile that a scenario calls `name`.
#[must_use]
pub fn find(name: &str) -> Option<Profile> {
    all().into_iter().find(|profile| profile.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name() {
        for profile in all() {
            assert_eq!(find(profile.name), Some(profile.clone()));
            assert_eq!(profile.family, Family::of(&profile.queue));
        }
        assert_eq!(find("sendmial"), None);
    }
}
