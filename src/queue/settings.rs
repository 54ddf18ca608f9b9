//! The queue rules of one host, by family.

use std::sync::Arc;

use crate::smtp::ClientSettings;

use super::exchange::Exchange;
use super::exim::Exim;
use super::opensmtpd::OpenSmtpd;
use super::plain::{NoticesTo, Plain, Unit};
use super::postfix::Postfix;
use super::qmail::Qmail;
use super::sendmail::Sendmail;
use super::{
    QueueManager, TransportId, exchange, exim, opensmtpd, plain, postfix, qmail, sendmail,
};

/// Settings of a host's queue manager.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueSettings {
    /// Postfix's queue manager.
    Postfix(postfix::Settings),
    /// Exim's delivery processes and queue runners.
    Exim(exim::Settings),
    /// qmail's two channels.
    Qmail(qmail::Settings),
    /// Sendmail's queue runs.
    Sendmail(sendmail::Settings),
    /// OpenSMTPD's scheduler and transfer agent.
    OpenSmtpd(opensmtpd::Settings),
    /// A plain list of gaps for each message (RFC 5321 §4.5.4.1 by default).
    Plain(plain::Settings),
    /// The transport service of Exchange.
    Exchange(exchange::Settings),
}

impl QueueSettings {
    /// Returns a queue manager with these settings. `remote` replaces its limit of deliveries at
    /// once of mail that leaves, `local` that of deliveries into mailboxes of the host.
    #[must_use]
    pub fn manager(
        self: &Arc<Self>,
        remote: Option<u32>,
        local: Option<u32>,
    ) -> Box<dyn QueueManager> {
        match &**self {
            Self::Postfix(_) => Box::new(Postfix::new(Arc::clone(self), remote, local)),
            Self::Exim(settings) => Box::new(Exim::new(settings.clone(), remote, local)),
            Self::Qmail(settings) => Box::new(Qmail::new(settings.clone(), remote, local)),
            Self::Sendmail(settings) => Box::new(Sendmail::new(settings.clone(), remote)),
            Self::OpenSmtpd(settings) => Box::new(OpenSmtpd::new(settings.clone(), remote, local)),
            Self::Exchange(settings) => Box::new(Exchange::new(*settings, remote, local)),
            Self::Plain(settings) => Box::new(Plain::new(settings.clone(), remote, local)),
        }
    }

    /// Returns the limit of delivery processes that the MTA itself has, for mail that leaves.
    #[must_use]
    pub fn delivery_processes(&self) -> Option<u32> {
        match self {
            Self::Postfix(settings) => Some(settings.process_limit),
            Self::Exim(_) => None,
            Self::Qmail(settings) => Some(settings.concurrency_remote),
            Self::Sendmail(_) => None,
            Self::OpenSmtpd(settings) => Some(settings.limits.max_conn_per_source),
            Self::Plain(settings) => settings.threads,
            Self::Exchange(settings) => settings.max_outbound_connections,
        }
    }

    /// Returns the settings of the SMTP client that one transport has of its own.
    #[must_use]
    pub fn client_of(&self, transport: TransportId) -> Option<&ClientSettings> {
        match self {
            Self::Postfix(settings) => {
                settings.transports.get(usize::from(transport.0))?.client.as_deref()
            }
            _ => None,
        }
    }

    /// Returns what the MTA queues on its own: it makes as many queue entries of one message.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Self::Plain(settings) => settings.unit,
            Self::Exchange(_) => Unit::Destination,
            _ => Unit::Message,
        }
    }

    /// Returns whether the process that makes a notice sends it too, so that no process has to begin
    /// for it (Sendmail, `savemail.c`: `returntosender` calls `sendall`).
    #[must_use]
    pub fn sends_notices_at_once(&self) -> bool {
        matches!(self, Self::Sendmail(_))
    }

    /// Returns whether its queues never hold more than they have entries. Those of Exchange do: an
    /// entry that was routed anew may wait in several.
    #[must_use]
    pub fn counts_entries_once(&self) -> bool {
        !matches!(self, Self::Exchange(_))
    }

    /// Returns whether its mailboxes drop a second copy of a message (Exchange's duplicate detection,
    /// `shadow-redundancy.md`).
    #[must_use]
    pub fn drops_duplicates(&self) -> bool {
        matches!(self, Self::Exchange(_))
    }

    /// Returns who gets its failure notices.
    #[must_use]
    pub fn notices_to(&self) -> NoticesTo {
        match self {
            Self::Plain(settings) => settings.failure_notices,
            _ => NoticesTo::All,
        }
    }

    /// Returns why its MTA puts a recipient off without a try, in words for people.
    #[must_use]
    pub fn why_put_off(&self) -> &'static str {
        match self {
            Self::Postfix(_) => "the destination has just failed",
            // Records of hosts, addresses and domains alike hold a retry time.
            Self::Exim(_) => {
                "the retry time of its hosts, of the address or of the domain has not come"
            }
            Self::Qmail(_) => "its hosts timed out lately (tcpto) and are passed over for now",
            Self::Sendmail(settings) if settings.host_status_directory => {
                "its hosts failed lately, which all processes know from the host status directory"
            }
            Self::Sendmail(_) => "its hosts, or the look-up, failed earlier in this queue run",
            Self::OpenSmtpd(_) => "its routes are suspended after failed connections",
            Self::Plain(_) => "deliveries to the destination have failed too often in succession",
            Self::Exchange(_) => "the delivery queue of its next hop is in Retry",
        }
    }
}
