//! What is asked of a host's settings, and of a domain, for every message.
//!
//! In a network of ten thousand hosts each event finds its host outside the caches, and every step
//! from a host to its settings, and from there to a list, is a wait for memory. What nearly all hosts
//! answer alike stands here, beside the state of the host.

use std::ops::Deref;

use crate::dns::{NameId, ResolverSettings};
use crate::mail::{DomainId, HostId, Mailbox};
use crate::model::{Domain, Host, NextHop};
use crate::network::AddressId;
use crate::queue::{Destination, QueueSettings, TransportId};
use crate::smtp::{ClientSettings, ServerSettings};
use crate::units::Octets;

use crate::simulation::attempt::draws::name_key;

/// A host's settings, with those at hand that every message needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup<'s> {
    pub(crate) client: &'s ClientSettings,
    pub(crate) server: &'s ServerSettings,
    pub(crate) resolver: &'s ResolverSettings,
    pub(crate) queue: &'s QueueSettings,
    pub(crate) queue_disk: Option<Octets>,
    /// Its address, if it has no other.
    pub(crate) sole_address: Option<AddressId>,
    /// Whether it looks at more than addresses and limits before it takes a message.
    pub(crate) screens: bool,
    local: Local,
    /// Whether it takes mail of strangers for its local domains only.
    takes_local_only: bool,
    /// Whether all that leaves goes to the exchangers of its domain.
    goes_by_exchangers: bool,
    host: &'s Host,
}

/// The domains whose mailboxes are on a host.
#[derive(Debug, Clone, Copy)]
enum Local {
    None,
    One(DomainId),
    Several,
}

impl<'s> Setup<'s> {
    pub(crate) fn of(host: &'s Host) -> Self {
        let routing = &host.routing;
        Self {
            client: &host.client,
            server: &host.server,
            resolver: &host.resolver,
            queue: &host.queue,
            queue_disk: host.queue_disk,
            sole_address: match host.addresses[..] {
                [address] => Some(address),
                _ => None,
            },
            screens: host.screening.is_some(),
            local: match routing.local[..] {
                [] => Local::None,
                [domain] => Local::One(domain),
                _ => Local::Several,
            },
            takes_local_only: routing.relayed.is_empty() && !routing.relays_all,
            goes_by_exchangers: routing.stated_hops().next().is_none()
                && routing.transports.is_empty()
                && routing.other_transport == TransportId::DEFAULT
                && routing.fallback_relay.is_none(),
            host,
        }
    }

    /// Returns whose address this server sees, as [`Host::peer`] does.
    #[inline]
    pub(crate) fn peer(&self, client: HostId, proxy: Option<HostId>) -> HostId {
        match proxy {
            None => client,
            Some(proxy) => behind_proxy(self.host, client, proxy),
        }
    }

    /// Returns whether this host, `own`, recognises itself, as [`Host::is_itself`] does.
    #[inline]
    pub(crate) fn is_itself(&self, own: HostId, server: HostId, proxy: Option<HostId>) -> bool {
        own == server && finds_itself(self.host, own, proxy)
    }

    /// Returns all settings.
    pub(crate) fn host(&self) -> &'s Host {
        self.host
    }

    /// Returns whether the mailboxes of `domain` are on this host.
    #[inline]
    pub(crate) fn is_local(&self, domain: DomainId) -> bool {
        match self.local {
            Local::None => false,
            Local::One(local) => local == domain,
            Local::Several => self.host.routing.is_local(domain),
        }
    }

    /// Returns whether mail for `domain` is accepted from anybody although it is not local.
    #[inline]
    pub(crate) fn relays(&self, domain: DomainId) -> bool {
        !self.takes_local_only && self.host.routing.relays_for(domain)
    }

    /// Returns whether any domain is accepted from anybody.
    #[inline]
    pub(crate) fn relays_all(&self) -> bool {
        !self.takes_local_only && self.host.routing.relays_all
    }

    /// Returns where mail of `sender` for `domain` goes from here, if the domain is not local.
    #[inline]
    pub(crate) fn destination(&self, sender: Option<Mailbox>, domain: DomainId) -> Destination {
        if self.goes_by_exchangers {
            return Destination::Exchangers(domain);
        }
        stated_destination(self.host, sender, domain)
    }

    /// Returns whether it matters who sends.
    #[inline]
    pub(crate) fn asks_for_sender(&self) -> bool {
        !self.goes_by_exchangers && !self.host.routing.by_sender.is_empty()
    }

    /// Returns the settings of the SMTP client by which mail goes to a destination.
    #[inline]
    pub(crate) fn client_to(&self, destination: Destination) -> &'s ClientSettings {
        match destination {
            Destination::Via(_) => {
                self.queue.client_of(destination.transport()).unwrap_or(self.client)
            }
            _ => self.client,
        }
    }

    /// Returns whether it hands mail to `server` by configuration.
    #[inline]
    pub(crate) fn leads_to(&self, server: HostId) -> bool {
        !self.goes_by_exchangers && self.host.routing.leads_to(server)
    }

    /// Returns who is tried when all exchangers have failed temporarily.
    #[inline]
    pub(crate) fn fallback_relay(&self) -> Option<HostId> {
        if self.goes_by_exchangers { None } else { self.host.routing.fallback_relay }
    }
}

/// Not inlined: few hosts state anything.
#[inline(never)]
fn stated_destination(host: &Host, sender: Option<Mailbox>, domain: DomainId) -> Destination {
    let destination = match host.routing.next_hop_from(sender, domain) {
        NextHop::Exchangers(domain) => Destination::Exchangers(domain),
        NextHop::Host(host) => Destination::Host(host),
        NextHop::Address(host) => Destination::Address(host),
    };
    destination.by(host.routing.transport(domain))
}

/// Not inlined: the compiler would read the settings before it knows whether it has to, and wait for
/// the memory of a host that has no proxy.
#[inline(never)]
fn behind_proxy(host: &Host, client: HostId, proxy: HostId) -> HostId {
    host.peer(client, Some(proxy))
}

/// Not inlined, as above.
#[inline(never)]
fn finds_itself(host: &Host, own: HostId, proxy: Option<HostId>) -> bool {
    host.is_itself(own, own, proxy)
}

/// Everything else.
impl Deref for Setup<'_> {
    type Target = Host;

    fn deref(&self) -> &Host {
        self.host
    }
}

/// What every message asks about the domain of its recipients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DomainTraits {
    /// Stands for its name in the keys of draws.
    pub(crate) key: u64,
    /// Its name in the DNS.
    pub(crate) dns: NameId,
    /// The positions below are mailboxes that exist, and there is nothing unusual about their address:
    /// neither wrong in syntax nor beyond ASCII.
    ordinary: u32,
}

impl DomainTraits {
    pub(crate) fn of(domain: &Domain) -> Self {
        let usual = domain.mistyped.is_empty() && domain.named.iter().all(|name| name.is_ascii());
        let ordinary = if usual { domain.mailboxes } else { 0 };
        Self { key: name_key(&domain.name), dns: domain.dns, ordinary }
    }

    /// Returns whether `local` is certainly an ordinary mailbox; if not, the domain has to be asked.
    #[inline]
    pub(crate) fn is_ordinary(&self, local: u32) -> bool {
        local < self.ordinary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scenario;
    use crate::scenario::{Source, load};

    fn scenario() -> Scenario {
        let text = r#"
duration = "1h"
[[host]]
name = "mx.one.example"
roles = ["mx", "store"]
[[host]]
name = "backup.one.example"
roles = ["mx"]
[[host]]
name = "all.one.example"
roles = ["relay"]
relay_domains = "all"
[[host]]
name = "routes.one.example"
roles = ["relay"]
routes = { "two.example" = "all.one.example" }
[[host]]
name = "smart.one.example"
roles = ["relay"]
smart_host = { address = "all.one.example" }
[[host]]
name = "fallback.one.example"
roles = ["relay"]
fallback_relay = "all.one.example"
[[host]]
name = "both.example"
roles = ["mx", "store"]
[[domain]]
name = "one.example"
mx = [{ host = "mx.one.example", preference = 10 }, { host = "backup.one.example", preference = 20 }]
mailboxes = ["bob", "zoe"]
[[domain]]
name = "two.example"
mx = ["both.example"]
mailboxes = ["jörg"]
[[domain]]
name = "three.example"
mx = ["both.example"]
mailboxes = { count = 3 }
[[mail]]
from = "bob@one.example"
to = ["zoe@one.example", "user00001@three.example"]
to_as_typed = ["bob smith@three.example"]
at = "1m"
"#;
        let nothing = |name: &str| Err(format!("{name}: there are no files"));
        let source = Source { file: "setup.toml", text, read_file: &nothing };
        load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}")).scenario
    }

    #[test]
    fn what_stands_at_hand_is_what_the_settings_say() {
        let scenario = scenario();
        let hosts = (0..scenario.hosts.len()).map(HostId::from_index);
        let mut kinds = [0; 3];
        for host in &scenario.hosts {
            let (setup, routing) = (Setup::of(host), &host.routing);
            kinds[routing.local.len().min(2)] += 1;
            for domain in (0..scenario.domains.len()).map(DomainId::from_index) {
                assert_eq!(setup.is_local(domain), routing.local.contains(&domain));
                assert_eq!(setup.relays(domain), routing.relayed.contains(&domain));
                let expected = stated_destination(host, None, domain);
                assert_eq!(setup.destination(None, domain), expected);
            }
            assert_eq!(setup.relays_all(), routing.relays_all);
            assert_eq!(setup.fallback_relay(), routing.fallback_relay);
            for other in hosts.clone() {
                assert_eq!(setup.leads_to(other), routing.leads_to(other), "{}", host.name);
            }
        }
        assert!(kinds.iter().all(|&count| count > 0), "hosts of all kinds: {kinds:?}");
    }

    #[test]
    fn proxies_are_asked_about_where_there_is_one() {
        let (own, client, proxy) = (HostId(0), HostId(1), HostId(2));
        for (proxy_protocol, knows_proxy_address) in [(false, true), (true, false)] {
            let host = scenario().hosts.remove(0);
            let host = Host { proxy_protocol, knows_proxy_address, ..host };
            let setup = Setup::of(&host);
            for proxy in [None, Some(proxy)] {
                assert_eq!(setup.peer(client, proxy), host.peer(client, proxy));
                for server in [own, client] {
                    let expected = host.is_itself(own, server, proxy);
                    assert_eq!(setup.is_itself(own, server, proxy), expected);
                }
            }
        }
    }

    #[test]
    fn ordinary_mailboxes_exist_and_are_spelt_in_ascii() {
        let scenario = scenario();
        let mut ordinary = Vec::new();
        for domain in &scenario.domains {
            let traits = DomainTraits::of(domain);
            let usual = |local: &u32| traits.is_ordinary(*local);
            let locals: Vec<u32> = (0..10).filter(usual).collect();
            for &local in &locals {
                assert!(domain.has_mailbox(local) && !domain.is_mistyped(local, false));
                assert!(!domain.is_international(local));
            }
            ordinary.push(locals.len());
        }
        // Whoever has one unusual address is asked about all.
        assert_eq!(ordinary, [2, 0, 0]);
    }
}
