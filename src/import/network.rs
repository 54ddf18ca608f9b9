//! The network as far as the files tell it, each part with where it comes from.

use std::collections::{BTreeMap, BTreeSet};

/// A value as TOML writes it, with the comment that says where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// As TOML.
    pub(super) value: String,
    /// Where it comes from: a place, or "assumed: …".
    pub(super) from: String,
}

impl Said {
    pub(super) fn new(value: impl Into<String>, from: impl Into<String>) -> Self {
        Self { value: value.into(), from: from.into() }
    }
}

/// A host.
#[derive(Debug, Clone, Default)]
pub(super) struct Host {
    /// Why it is there.
    pub(super) from: String,
    pub(super) roles: BTreeSet<&'static str>,
    pub(super) addresses: BTreeSet<String>,
    /// The profile of its mail server.
    pub(super) profile: Option<Said>,
    /// Settings of its mail server by name.
    pub(super) settings: BTreeMap<String, Said>,
    /// Tables within that of its mail server by their path below it: `transport_maps`, `transports.slow`.
    pub(super) tables: BTreeMap<String, BTreeMap<String, Said>>,
    /// Keys of `capacity`.
    pub(super) capacity: BTreeMap<&'static str, Said>,
    /// Keys of `capacity.service`.
    pub(super) service: BTreeMap<&'static str, Said>,
    /// Further keys of the host's table.
    pub(super) keys: BTreeMap<&'static str, Said>,
    /// Next hop by domain.
    pub(super) routes: BTreeMap<String, Said>,
    pub(super) local_domains: BTreeMap<String, String>,
    /// None: whatever its role takes.
    pub(super) relay_domains: Option<BTreeMap<String, String>>,
}

/// A mail domain.
#[derive(Debug, Clone, Default)]
pub(super) struct Domain {
    /// Why it is there.
    pub(super) from: String,
    /// Exchangers: preference, host, where that comes from.
    pub(super) mx: Vec<(u16, String, String)>,
    /// A null MX (RFC 7505).
    pub(super) null_mx: Option<String>,
    /// Hosts at which the name itself is found.
    pub(super) address: BTreeMap<String, String>,
    pub(super) store: Option<Said>,
    pub(super) mailboxes: BTreeSet<String>,
    pub(super) mailboxes_from: String,
    /// Further keys: `ttl`, `negative_ttl`, `spf`, `dmarc`, `alias`, `exists`.
    pub(super) keys: BTreeMap<&'static str, Said>,
}

/// Something with keys: an outage, an action.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// Where it comes from.
    pub(super) from: String,
    pub(super) keys: Vec<(&'static str, String)>,
}

/// Mail as it was: a CSV file with a row for each message, submitted to one host.
#[derive(Debug, Clone, Default)]
pub(super) struct Replay {
    pub(super) server: String,
    pub(super) port: Option<u16>,
    pub(super) file: String,
    pub(super) from: String,
    /// The file's text.
    pub(super) csv: String,
}

/// A queue as it stands: a CSV file with a row for each message that waits at one host.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    pub(super) server: String,
    pub(super) file: String,
    pub(super) from: String,
    /// The file's text.
    pub(super) csv: String,
}

/// Everything that the scenario will say.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    pub(super) title: String,
    /// Length of the run \[s\], with where it comes from.
    pub(super) duration: Option<Said>,
    pub(super) defaults: BTreeMap<&'static str, Said>,
    pub(super) hosts: BTreeMap<String, Host>,
    pub(super) domains: BTreeMap<String, Domain>,
    pub(super) dns: BTreeMap<String, Entry>,
    pub(super) outages: Vec<Entry>,
    pub(super) actions: Vec<Entry>,
    pub(super) replays: Vec<Replay>,
    pub(super) listings: Vec<Listing>,
    /// Hosts by the name under which their server writes its log (Postfix's `syslog_name`).
    pub(super) log_names: BTreeMap<String, String>,
    /// Mail that no file tells of.
    pub(super) probes: Vec<Entry>,
}

impl Network {
    /// Returns the host of that name, made if it is new.
    pub(super) fn host(&mut self, name: &str, from: impl FnOnce() -> String) -> &mut Host {
        let made = || Host { from: from(), ..Host::default() };
        self.hosts.entry(canonical(name)).or_insert_with(made)
    }

    /// Adds a host whose configuration was read; what other files tell of it stays.
    pub(super) fn add_configured(&mut self, name: &str, mut host: Host) {
        if let Some(told) = self.hosts.remove(&canonical(name)) {
            host.addresses.extend(told.addresses);
            host.roles.extend(told.roles);
            for (key, said) in told.keys {
                host.keys.entry(key).or_insert(said);
            }
        }
        self.hosts.insert(canonical(name), host);
    }

    /// Returns the domain of that name, made if it is new.
    pub(super) fn domain(&mut self, name: &str, from: impl FnOnce() -> String) -> &mut Domain {
        let made = || Domain { from: from(), ..Domain::default() };
        self.domains.entry(canonical(name)).or_insert_with(made)
    }
}

/// Returns a name of the DNS as it is compared: in lower case, without a last dot.
pub(super) fn canonical(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// Returns whether a text can be a name of the DNS.
pub(super) fn is_name(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let text = text.trim_end_matches('.');
    text.len() <= 253 && text.split('.').all(label)
}
