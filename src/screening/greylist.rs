//! A greylist's memory: whom it has seen, and whom it lets pass.
//!
//! A visit is known by what the list goes by: who connects, the reverse path and the recipient
//! (RFC 6647 §2.3). Who connects is one address, a network, or the domain of the client's name, so that
//! a sender with many addresses is met as the operator has chosen: by address each of them waits by
//! itself, and a message that comes from another one each time may wait for long.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mail::Mailbox;
use crate::smtp::{GreylistKey, GreylistRules};
use crate::units::{SimDuration, SimTime};

/// Who connects, as far as a greylist asks.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The address from which it connects.
    pub address: Option<IpAddr>,
    /// The name of the host.
    pub name: &'a str,
}

/// By what a client is remembered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Network(IpAddr),
    Domain(String),
}

/// What is remembered of a visit.
#[derive(Debug, Clone, Copy)]
struct Seen {
    first: SimTime,
    last: SimTime,
    passed: bool,
}

/// A client that may become exempt.
#[derive(Debug, Clone, Copy)]
struct Regular {
    passed: u32,
    last: SimTime,
}

/// The memory of one greylist, which several hosts may share.
#[derive(Debug, Default)]
pub struct Greylist {
    visits: BTreeMap<(Known, Option<Mailbox>, Mailbox), Seen>,
    clients: BTreeMap<Known, Regular>,
}

impl Greylist {
    /// Returns whether a visit at `at` passes, and notes it. `delay` is the minimum wait.
    ///
    /// - A client on the whitelist passes unseen.
    /// - A first visit is forgotten if nobody comes back within the retry window, and whoever has
    ///   passed when nobody came for the lifetime: the next visit is a first one again.
    /// - A visit exactly `delay` after the first passes.
    /// - A client let pass often enough is exempt, for as long as it comes within the lifetime.
    pub fn passes(
        &mut self,
        rules: &GreylistRules,
        delay: SimDuration,
        client: Client<'_>,
        (sender, recipient): (Option<Mailbox>, Mailbox),
        at: SimTime,
    ) -> bool {
        if rules.whitelist.iter().any(|entry| entry.covers(client.address, client.name)) {
            return true;
        }
        let known = known(rules.key, client);
        let regular = self.clients.get_mut(&known).filter(|r| at.since(r.last) <= rules.lifetime);
        if let (Some(regular), Some(least)) = (regular, rules.exempt_after)
            && regular.passed >= least
        {
            regular.last = at;
            return true;
        }
        let first = Seen { first: at, last: at, passed: false };
        let seen = self.visits.entry((known.clone(), sender, recipient)).or_insert(first);
        let forgotten = if seen.passed {
            at.since(seen.last) > rules.lifetime
        } else {
            at.since(seen.first) > rules.retry_window
        };
        if forgotten {
            *seen = first;
        }
        seen.passed |= at.since(seen.first) >= delay;
        seen.last = at;
        let passed = seen.passed;
        if passed && rules.exempt_after.is_some() {
            let regular = self.clients.entry(known).or_insert(Regular { passed: 0, last: at });
            if at.since(regular.last) > rules.lifetime {
                regular.passed = 0;
            }
            (regular.passed, regular.last) = (regular.passed.saturating_add(1), at);
        }
        passed
    }
}

/// Returns by what a client is remembered. Without an address its name has to do.
fn known(key: GreylistKey, client: Client<'_>) -> Known {
    match (key, client.address) {
        (GreylistKey::Address, Some(address)) => Known::Network(address),
        (GreylistKey::Network, Some(IpAddr::V4(address))) => {
            Known::Network(Ipv4Addr::from(u32::from(address) & 0xffff_ff00).into())
        }
        (GreylistKey::Network, Some(IpAddr::V6(address))) => {
            Known::Network(Ipv6Addr::from(u128::from(address) >> 64 << 64).into())
        }
        (GreylistKey::Domain, _) | (_, None) => Known::Domain(domain_of(client.name).to_owned()),
    }
}

/// Returns the domain of a host's name: without its first label, if two are left.
fn domain_of(name: &str) -> &str {
    match name.split_once('.') {
        Some((_, domain)) if domain.contains('.') => domain,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::DomainId;
    use crate::smtp::Whitelisted;

    const DELAY: SimDuration = SimDuration::from_minutes(5);
    const LIFETIME: SimDuration = SimDuration::from_days(35);
    const WINDOW: SimDuration = SimDuration::from_days(2);

    struct List(Greylist, GreylistRules);

    impl List {
        fn new(change: impl FnOnce(&mut GreylistRules)) -> Self {
            let mut rules = GreylistRules::default();
            change(&mut rules);
            Self(Greylist::default(), rules)
        }

        fn visit(&mut self, from: (&str, &str), recipient: u32, at: SimTime) -> bool {
            let client = Client { address: from.0.parse().ok(), name: from.1 };
            let mailbox = |local| Mailbox { domain: DomainId(0), local };
            self.0.passes(&self.1, DELAY, client, (Some(mailbox(9)), mailbox(recipient)), at)
        }
    }

    fn after(span: SimDuration) -> SimTime {
        SimTime::ZERO + span
    }

    const ONE: (&str, &str) = ("192.0.2.1", "out1.big.example");
    const TWO: (&str, &str) = ("192.0.2.200", "out2.big.example");
    const FAR: (&str, &str) = ("198.51.100.1", "out3.big.example");
    const IPV6: (&str, &str) = ("2001:db8::1", "out4.big.example");
    const IPV6_TWO: (&str, &str) = ("2001:db8::ffff:1", "out5.other.example");

    #[test]
    fn who_comes_back_exactly_after_the_delay_passes() {
        let mut list = List::new(|_| {});
        assert!(!list.visit(ONE, 1, SimTime::ZERO));
        let just_before = after(DELAY).saturating_sub(SimDuration::from_nanos(1));
        assert!(!list.visit(ONE, 1, just_before), "the wait counts from the first visit");
        assert!(list.visit(ONE, 1, after(DELAY)));
        assert!(!list.visit(ONE, 2, after(DELAY)), "another recipient is another triple");
    }

    #[test]
    fn a_sender_with_many_addresses_is_met_by_address_network_or_domain() {
        let passes = |key, second| {
            let mut list = List::new(|rules| rules.key = key);
            list.visit(ONE, 1, SimTime::ZERO);
            list.visit(second, 1, after(DELAY))
        };
        use GreylistKey::{Address, Domain, Network};
        for (key, near, far) in
            [(Address, false, false), (Network, true, false), (Domain, true, true)]
        {
            assert_eq!((passes(key, TWO), passes(key, FAR)), (near, far), "{key:?}");
        }
        let mut list = List::new(|rules| rules.key = Network);
        list.visit(IPV6, 1, SimTime::ZERO);
        assert!(list.visit(IPV6_TWO, 1, after(DELAY)), "one /64");
    }

    #[test]
    fn a_first_visit_is_forgotten_after_the_retry_window() {
        for (late, passes) in [(SimDuration::ZERO, true), (SimDuration::from_nanos(1), false)] {
            let mut list = List::new(|_| {});
            list.visit(ONE, 1, SimTime::ZERO);
            assert_eq!(list.visit(ONE, 1, after(WINDOW + late)), passes);
        }
    }

    #[test]
    fn a_triple_lives_from_its_last_visit() {
        for (late, passes) in [(SimDuration::ZERO, true), (SimDuration::from_nanos(1), false)] {
            let mut list = List::new(|_| {});
            list.visit(ONE, 1, SimTime::ZERO);
            list.visit(ONE, 1, after(DELAY));
            assert!(list.visit(ONE, 1, after(DELAY + LIFETIME)));
            assert_eq!(list.visit(ONE, 1, after(DELAY + LIFETIME * 2 + late)), passes);
        }
    }

    #[test]
    fn the_whitelist_names_addresses_networks_and_domains() {
        for (entry, [one, two, far]) in [
            ("192.0.2.1", [true, false, false]),
            ("192.0.2.0/24", [true, true, false]),
            ("192.0.2.128/25", [false, true, false]),
            ("big.example", [true, true, true]),
            ("out1.big.example", [true, false, false]),
            ("g.example", [false, false, false]),
            ("0.0.0.0/0", [true, true, true]),
        ] {
            let mut list = List::new(|rules| {
                rules.whitelist = vec![entry.parse::<Whitelisted>().unwrap()];
            });
            for (client, passes) in [(ONE, one), (TWO, two), (FAR, far)] {
                assert_eq!(list.visit(client, 1, SimTime::ZERO), passes, "{entry} {client:?}");
            }
        }
        let mut list = List::new(|r| r.whitelist = vec!["2001:db8::/64".parse().unwrap()]);
        assert!(list.visit(IPV6_TWO, 1, SimTime::ZERO) && !list.visit(ONE, 1, SimTime::ZERO));
    }

    #[test]
    fn a_client_let_pass_often_enough_is_exempt() {
        let mut list = List::new(|rules| rules.exempt_after = Some(2));
        for recipient in 1..=2 {
            list.visit(ONE, recipient, SimTime::ZERO);
        }
        assert!(list.visit(ONE, 1, after(DELAY)));
        assert!(!list.visit(ONE, 3, after(DELAY)), "once is not enough");
        assert!(list.visit(ONE, 2, after(DELAY)));
        assert!(list.visit(ONE, 4, after(DELAY)), "exempt");
        assert!(!list.visit(TWO, 4, after(DELAY)), "another address is not");
        let last = after(DELAY);
        assert!(list.visit(ONE, 5, last + LIFETIME));
        assert!(!list.visit(ONE, 6, last + LIFETIME * 2 + SimDuration::from_nanos(1)), "forgotten");
    }
}
