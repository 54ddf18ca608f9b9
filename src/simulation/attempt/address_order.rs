//! In which order the addresses found are tried, and which of them are left out.
//!
//! The preference of the MX records comes first (RFC 5321 §5.1). Among addresses of equal preference
//! - Postfix mixes all addresses (`smtp_randomize_addresses`), then puts those of the family that
//!   `smtp_address_preference` names in front (`src/smtp/smtp_addr.c`, `src/dns/dns_rr.c`); of those
//!   that `smtp_mx_address_limit` allows, each family gets its share (`smtp_balance_inet_proto`);
//! - Exim mixes the exchangers, tries IPv6 before IPv4 at each of them and mixes the addresses of one
//!   family; then it passes once through the list and exchanges neighbours, so that IPv6 comes first
//!   (`src/host.c`, `set_address_from_dns` and `host_find_bydns`);
//! - Sendmail mixes the exchangers and tries at each of them IPv6, then IPv4, in the order of the
//!   answer (`sendmail/daemon.c`, `makeconnection`);
//! - OpenSMTPD takes all addresses for equal; its connectors choose by themselves.
//!
//! A family of which a client has no address leads nowhere, and it finds out at once: its kernel has
//! no route. It is tried all the same, as real servers do, unless it is switched off.

use crate::mail::HostId;
use crate::network::{AddressFamily, AddressId};
use crate::random::SessionDraw;
use crate::smtp::ClientOptions;
use crate::trace::FactSink;

use super::draws::TryDraws;
use super::run::{Purpose, Run, Target};
use crate::simulation::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Returns the family of an address.
    pub(crate) fn family_of(&self, address: AddressId) -> AddressFamily {
        self.scenario.addresses[address.index()].family
    }

    /// Returns whether a client has an address of the family of `address`, so that its packets find a
    /// way there at all.
    #[inline]
    pub(crate) fn speaks_to(&self, client: HostId, address: AddressId) -> bool {
        // Nearly all scenarios have one family.
        !self.layout.two_families || self.has_family(client, self.family_of(address))
    }

    #[inline(never)]
    fn has_family(&self, client: HostId, family: AddressFamily) -> bool {
        let own = &self.hosts[client.index()].config.addresses;
        own.iter().any(|own| self.family_of(*own) == family)
    }

    /// Puts the targets of a run into the order in which they are tried. They come in the order of the
    /// answer, by preference.
    pub(crate) fn order_targets(&mut self, run: &mut Run) {
        if run.targets.len() < 2 {
            return;
        }
        let client = self.config_of(run).client;
        let (shuffles, options) = (client.randomizes_equal_preference, client.options);
        if shuffles {
            self.shuffle_equals(run);
        }
        if let Some(first) = options.preferred_family.family()
            && self.layout.two_families
        {
            let scenario = self.scenario;
            let later =
                |target: &Target| scenario.addresses[target.address.index()].family != first;
            for equals in run.targets.chunk_by_mut(|a, b| a.preference == b.preference) {
                prefer_family(equals, options, later);
            }
        }
    }

    /// Puts targets of equal preference in random order.
    fn shuffle_equals(&mut self, run: &mut Run) {
        let key = self.draw_key(run, SessionDraw::Shuffle, 0);
        let mut draws = TryDraws::new(&self.draws.session, key);
        let options = self.config_of(run).client.options;
        for equals in run.targets.chunk_by_mut(|a, b| a.preference == b.preference) {
            if options.randomizes_addresses {
                draws.shuffle(equals);
                continue;
            }
            shuffle_hosts(equals, &mut draws);
            if options.randomizes_within_host {
                for own in equals.chunk_by_mut(|a, b| a.host == b.host) {
                    draws.shuffle(own);
                }
            }
        }
    }

    /// Leaves so many targets that `limit` of them can be tried; those that the queue manager
    /// passes over do not count.
    pub(crate) fn cut_targets(&mut self, run: &mut Run, limit: u32) {
        let options = self.config_of(run).client.options;
        if options.balances_families && self.layout.two_families {
            self.balance_families(run, limit as usize);
        }
        let queue = &self.hosts[run.client.index()].queue;
        let mut counted = 0;
        let purpose = run.purpose;
        run.targets.retain(|target| {
            let fits = counted < limit;
            let may = match purpose {
                Purpose::Delivery { delivery, .. } => {
                    queue.may_try(self.now, delivery, &target.candidate(), &self.entries)
                }
                _ => true,
            };
            counted += u32::from(may);
            fits
        });
    }

    /// Leaves each family its share of the `limit` addresses: half, or what the other does not need
    /// (Postfix `src/smtp/smtp_addr.c`, `smtp_balance_inet_proto`).
    fn balance_families(&mut self, run: &mut Run, limit: usize) {
        let scenario = self.scenario;
        let is_ipv6 = |target: &Target| {
            scenario.addresses[target.address.index()].family == AddressFamily::V6
        };
        let ipv6 = run.targets.iter().filter(|target| is_ipv6(target)).count();
        let first_is_ipv4 = run.targets.first().is_some_and(|target| !is_ipv6(target));
        let Some([mut ipv4, mut ipv6]) =
            shares(run.targets.len() - ipv6, ipv6, limit, first_is_ipv4)
        else {
            return;
        };
        run.targets.retain(|target| {
            let left = if is_ipv6(target) { &mut ipv6 } else { &mut ipv4 };
            let stays = *left > 0;
            *left -= usize::from(stays);
            stays
        });
    }
}

/// Puts the targets of equal preference that are not `later` in front: of all of them, or of each host.
fn prefer_family(targets: &mut [Target], options: ClientOptions, later: impl Fn(&Target) -> bool) {
    if options.randomizes_addresses {
        targets.sort_by_key(&later);
        return;
    }
    for own in targets.chunk_by_mut(|a, b| a.host == b.host) {
        own.sort_by_key(&later);
    }
    if options.prefers_family_across_hosts {
        for at in 1..targets.len() {
            if later(&targets[at - 1]) && !later(&targets[at]) {
                targets.swap(at - 1, at);
            }
        }
    }
}

/// Puts the hosts in random order, and the addresses of each in the order in which they were.
fn shuffle_hosts<const N: usize>(targets: &mut [Target], draws: &mut TryDraws<'_, N>) {
    if targets.len() < 2 {
        return;
    }
    let mut hosts: Vec<HostId> = Vec::with_capacity(targets.len());
    for target in targets.iter() {
        if !hosts.contains(&target.host) {
            hosts.push(target.host);
        }
    }
    draws.shuffle(&mut hosts);
    targets.sort_by_key(|target| hosts.iter().position(|host| *host == target.host));
}

/// Returns how many addresses of IPv4 and of IPv6 are left; none: all.
fn shares(ipv4: usize, ipv6: usize, limit: usize, first_is_ipv4: bool) -> Option<[usize; 2]> {
    if ipv4 == 0 || ipv6 == 0 || ipv4 + ipv6 <= limit {
        return None;
    }
    let half = limit / 2;
    Some(if ipv6 <= half {
        [limit - ipv6, ipv6]
    } else if ipv4 <= half {
        [ipv4, limit - ipv4]
    } else {
        let ipv4 = (limit + usize::from(first_is_ipv4)) / 2;
        [ipv4, limit - ipv4]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: u32, address: u32) -> Target {
        let (host, address) = (HostId(host), AddressId(address));
        Target { preference: Some(10), address, host, proxy: None }
    }

    /// The regions of the figure in `smtp_balance_inet_proto`.
    #[test]
    fn each_family_gets_its_share_of_the_limit() {
        assert_eq!(shares(3, 2, 5, false), None, "there is room for all");
        assert_eq!(shares(0, 9, 5, false), None, "one family alone");
        assert_eq!(shares(9, 2, 5, false), Some([3, 2]), "few of IPv6");
        assert_eq!(shares(1, 9, 5, false), Some([1, 4]), "few of IPv4");
        assert_eq!(
            shares(9, 9, 5, false),
            Some([2, 3]),
            "the first one's family gets the odd place"
        );
        assert_eq!(shares(9, 9, 5, true), Some([3, 2]));
        assert_eq!(shares(4, 4, 4, true), Some([2, 2]));
        assert_eq!(shares(3, 3, 1, true), Some([1, 0]));
    }

    /// Odd addresses are of the preferred family.
    fn preferred(options: ClientOptions, before: &[(u32, u32)]) -> Vec<u32> {
        let mut targets: Vec<Target> = before.iter().map(|&(h, a)| target(h, a)).collect();
        prefer_family(&mut targets, options, |target| target.address.0 % 2 == 0);
        targets.iter().map(|target| target.address.0).collect()
    }

    #[test]
    fn a_family_is_preferred_among_all_addresses_or_at_each_host() {
        let before = [(1, 2), (1, 1), (2, 4), (2, 3), (3, 6), (3, 5)];
        let mixed = ClientOptions { randomizes_addresses: true, ..ClientOptions::default() };
        assert_eq!(preferred(mixed, &before), [1, 3, 5, 2, 4, 6]);
        let by_host = ClientOptions::default();
        assert_eq!(preferred(by_host, &before), [1, 2, 3, 4, 5, 6]);
        // Exim's one pass moves an address forward by one place at most.
        let once = ClientOptions { prefers_family_across_hosts: true, ..by_host };
        assert_eq!(preferred(once, &before), [1, 3, 2, 5, 4, 6]);
    }
}
