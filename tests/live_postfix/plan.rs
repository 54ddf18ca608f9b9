//! The experiment: who there is, how the server is set, what is sent, and when the exchanger is
//! down. Both the laboratory and the model read it from here.

/// The server under test, and where it is reached.
pub(crate) const RELAY: Host = Host { name: "relay.src.test", address: "10.0.0.1" };
/// The mail program.
pub(crate) const MUA: Host = Host { name: "mua.src.test", address: "10.0.0.2" };
/// The sender's exchanger, which takes what the relay reports.
pub(crate) const HOME: Host = Host { name: "mx.src.test", address: "10.0.0.9" };
/// The exchanger that is down for a while.
pub(crate) const PRIMARY: Host = Host { name: "mx1.dest.test", address: "10.0.0.11" };
/// An exchanger that stays up.
pub(crate) const BACKUP: Host = Host { name: "mx2.dest.test", address: "10.0.0.12" };
/// The scripted name server's address.
pub(crate) const NAME_SERVER: &str = "10.0.0.53";

/// A host of the experiment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
}

/// Hosts of which the DNS and the scripted servers know.
pub(crate) const SINKS: [Host; 3] = [HOME, PRIMARY, BACKUP];

/// Mail domains with the preferences and names of their exchangers.
pub(crate) const DOMAINS: [(&str, &[(u16, Host)]); 3] = [
    ("src.test", &[(10, HOME)]),
    ("single.test", &[(10, PRIMARY)]),
    ("double.test", &[(10, PRIMARY), (20, BACKUP)]),
];

/// The scripted servers know everybody but this local part, which gets 550 at RCPT.
pub(crate) const UNKNOWN: &str = "nobody";
/// The local part of everybody else.
pub(crate) const KNOWN: &str = "bob";

/// When the primary exchanger refuses connections: from and until [s].
pub(crate) const OUTAGE: (f64, f64) = (1.0, 14.0);

/// How long everything is watched [s]. What is deferred at the end of the outage has an age of 13 s
/// at most, so it is due again at an age of 26 s and taken up within one `queue_run_delay`.
pub(crate) const OBSERVED: f64 = 32.0;

/// Postfix's settings: its defaults divided by 100 where they are times, as in the recordings, and
/// a delay notice early enough to be seen.
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    ("queue_run_delay", "3s"),
    ("minimal_backoff_time", "3s"),
    ("maximal_backoff_time", "40s"),
    ("delay_warning_time", "5s"),
];

/// One message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mail {
    /// Local part of its sender, and its name here.
    pub(crate) id: &'static str,
    /// When the mail program submits it [s]; each message has a session of its own.
    pub(crate) at: f64,
    /// Local part and domain of its recipient.
    pub(crate) to: (&'static str, &'static str),
}

const fn mail(id: &'static str, at: f64, domain: &'static str) -> Mail {
    Mail { id, at, to: (KNOWN, domain) }
}

/// What is sent: some mail around the outage, a burst in it (only messages that wait together make
/// a destination dead), and one for somebody who does not exist.
pub(crate) const MAIL: [Mail; 16] = [
    mail("before", 0.2, "single.test"),
    mail("burst1", 2.0, "single.test"),
    mail("burst2", 2.0, "single.test"),
    mail("burst3", 2.0, "single.test"),
    mail("burst4", 2.0, "single.test"),
    mail("burst5", 2.0, "single.test"),
    mail("burst6", 2.0, "single.test"),
    mail("burst7", 2.0, "single.test"),
    mail("burst8", 2.0, "single.test"),
    mail("alone1", 4.5, "single.test"),
    mail("alone2", 6.3, "single.test"),
    mail("alone3", 8.9, "single.test"),
    mail("alone4", 11.6, "single.test"),
    mail("around", 7.5, "double.test"),
    mail("after", 21.0, "double.test"),
    Mail { id: "wrong", at: 18.0, to: (UNKNOWN, "single.test") },
];
