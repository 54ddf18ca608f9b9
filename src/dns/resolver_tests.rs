//! Tests of the resolver: each names the rule or the recording it checks.

use super::*;
use crate::dns::{FailureScope, Name, Records};
use crate::fault::Interval;
use crate::network::AddressId;

const LATENCY: SimDuration = SimDuration::from_millis(20);
const TTL: SimDuration = SimDuration::from_secs(3600);
const NEGATIVE_TTL: SimDuration = SimDuration::from_secs(900);

/// A zone under construction; names are numbered in order.
#[derive(Default)]
struct World {
    zone: Zone,
    failures: Failures,
    settings: ResolverSettings,
}

fn exists() -> Records {
    Records { exists: true, ttl: TTL, negative_ttl: NEGATIVE_TTL, ..Records::default() }
}

fn nowhere() -> Records {
    Records { exists: false, ..exists() }
}

fn mx(records: &[(u16, Option<NameId>)]) -> Records {
    let record = |&(preference, exchange)| MxRecord { preference, exchange };
    Records { mx: records.iter().map(record).collect(), ..exists() }
}

fn host(addresses: &[u32]) -> Records {
    Records { addresses: addresses.iter().map(|&a| AddressId(a)).collect(), ..exists() }
}

fn alias(target: NameId) -> Records {
    Records { alias: Some(target), ..exists() }
}

impl World {
    fn add(&mut self, text: &str, records: Records) -> NameId {
        let id = NameId(self.zone.names.len() as u32);
        let revisions = vec![(SimTime::ZERO, records)];
        self.zone.names.push(Name { text: text.into(), revisions });
        id
    }

    fn change(&mut self, name: NameId, at: SimTime, records: Records) {
        self.zone.names[name.index()].revisions.push((at, records));
    }

    fn fails(&mut self, from: u64, to: u64, failure: DnsFailure, suffix: &str) {
        let interval = Interval { from: SimTime::from_secs(from), to: SimTime::from_secs(to) };
        self.failures.0.push((interval, failure, FailureScope::Suffix(suffix.into())));
    }

    /// As a host of the recordings: no cache, 2 s twice.
    fn uncached(&mut self) {
        self.settings.caches = false;
        self.settings.tries = vec![SimDuration::from_secs(2); 2];
    }

    fn ask(&self) -> Ask<'_> {
        Ask {
            zone: &self.zone,
            failures: &self.failures,
            settings: &self.settings,
            chance: None,
            failure_is_none: false,
            asks_together: false,
            families: 1,
        }
    }

    fn route(&self, resolver: &mut Resolver, domain: NameId, at: SimTime) -> (Lookup, MailRoute) {
        let mut route = MailRoute::default();
        let lookup = resolver.mail_route(&self.ask(), domain, at, &mut route);
        (lookup, route)
    }

    /// Looks `domain` up at the start with an empty cache: outcome, questions' worth of latency,
    /// and (preference, address) in order.
    fn fresh(&self, domain: NameId) -> (RouteOutcome, u64, Vec<(u16, u32)>) {
        let (lookup, route) = self.route(&mut Resolver::new(), domain, SimTime::ZERO);
        let questions = lookup.ended.as_nanos() / LATENCY.as_nanos();
        assert_eq!(lookup.ended, SimTime::ZERO + LATENCY * questions, "whole questions");
        (lookup.outcome, questions, pairs(&route))
    }
}

fn pairs(route: &MailRoute) -> Vec<(u16, u32)> {
    route.exchangers.iter().map(|e| (e.preference, e.address.0)).collect()
}

#[test]
fn rfc_mx_02_and_04_exchangers_come_by_preference_and_addresses_as_answered() {
    let mut world = World::default();
    let a = world.add("a.dest.test", host(&[7, 3]));
    let b = world.add("b.dest.test", host(&[1]));
    let c = world.add("c.dest.test", host(&[2]));
    let dest = world.add("dest.test", mx(&[(20, Some(c)), (10, Some(b)), (10, Some(a))]));
    let expected = vec![(10, 1), (10, 7), (10, 3), (20, 2)];
    assert_eq!(world.fresh(dest), (RouteOutcome::Found, 4, expected));
}

/// OpenSMTPD, `dns.c`, `dns_dispatch_mx`: each exchanger is looked up by itself, all at the same time, so
/// that three cost as much as one, and two that are silent no more than the patience for one.
#[test]
fn exchangers_asked_for_together_cost_as_much_as_the_slowest() {
    let mut world = World::default();
    let names =
        [1, 2, 3].map(|number| world.add(&format!("mx{number}.dest.test"), host(&[number])));
    let dest = world.add("dest.test", mx(&names.map(|name| (10, Some(name)))));
    let ended = |world: &World, asks_together: bool| {
        let (mut resolver, mut route) = (Resolver::new(), MailRoute::default());
        let ask = Ask { asks_together, ..world.ask() };
        resolver.mail_route(&ask, dest, SimTime::ZERO, &mut route).ended
    };
    assert_eq!(ended(&world, false), SimTime::ZERO + LATENCY * 4);
    assert_eq!(ended(&world, true), SimTime::ZERO + LATENCY * 2);
    world.uncached();
    for name in ["mx1.dest.test", "mx2.dest.test"] {
        world.fails(0, 60, DnsFailure::NoAnswer, name);
    }
    let patience = SimDuration::from_secs(4);
    assert_eq!(ended(&world, false), SimTime::ZERO + LATENCY * 2 + patience * 2);
    assert_eq!(ended(&world, true), SimTime::ZERO + LATENCY + patience);
}

/// Outcomes and numbers of questions as in recording `postfix/07a_dns_cases`.
#[test]
fn recording_07a_oddities() {
    let mut world = World::default();
    world.uncached();
    let mx1 = world.add("mx1.dest.test", host(&[11]));
    let gone = world.add("nowhere.badmx.test", nowhere());
    let check = |world: &World, domain, outcome, questions, addresses: &[(u16, u32)]| {
        assert_eq!(world.fresh(domain), (outcome, questions, addresses.to_vec()));
    };
    let missing = world.add("nx.invalid", nowhere());
    check(&world, missing, RouteOutcome::NoSuchDomain, 2, &[]);
    let address_only = world.add("aonly.test", host(&[11]));
    check(&world, address_only, RouteOutcome::Found, 2, &[(0, 11)]);
    let null = world.add("nullmx.test", mx(&[(0, None)]));
    check(&world, null, RouteOutcome::NullMx, 1, &[]);
    let bad = world.add("badmx.test", mx(&[(10, Some(gone))]));
    check(&world, bad, RouteOutcome::NoAddress, 2, &[]);
    let half = world.add("halfmx.test", mx(&[(10, Some(gone)), (20, Some(mx1))]));
    check(&world, half, RouteOutcome::Found, 3, &[(20, 11)]);
    let nothing = world.add("nodata.test", exists());
    check(&world, nothing, RouteOutcome::NoAddress, 2, &[]);
    let pointer = world.add("alias.cnamemx.test", alias(mx1));
    let by_alias = world.add("cnamemx.test", mx(&[(10, Some(pointer))]));
    check(&world, by_alias, RouteOutcome::Found, 2, &[(10, 11)]);

    let (_, route) = world.route(&mut Resolver::new(), half, SimTime::ZERO);
    assert_eq!((route.unresolved, route.best_unresolved), (1, Some(10)));
    let (_, route) = world.route(&mut Resolver::new(), by_alias, SimTime::ZERO);
    assert_eq!(route.exchangers[0].name, pointer);
}

/// Recording `postfix/07b_dns_timeout`: 2 s twice, then 4.4.3 after the MX question alone.
#[test]
fn recording_07b_silence_costs_all_tries() {
    let mut world = World::default();
    world.uncached();
    let mx1 = world.add("mx1.dest.test", host(&[11]));
    let dest = world.add("dest.test", mx(&[(10, Some(mx1))]));
    world.fails(0, 60, DnsFailure::NoAnswer, "dest.test");
    let at = |second| {
        let (lookup, _) = world.route(&mut Resolver::new(), dest, SimTime::from_secs(second));
        (lookup.outcome, lookup.ended.since(SimTime::from_secs(second)))
    };
    assert_eq!(at(0), (RouteOutcome::TemporaryFailure, SimDuration::from_secs(4)));
    // The second try is sent at 61 s, when the server answers again.
    assert_eq!(at(59), (RouteOutcome::Found, SimDuration::from_secs(2) + LATENCY * 2));
    assert_eq!(at(60), (RouteOutcome::Found, LATENCY * 2));
}

/// Recording `postfix/07c_dns_servfail`: two questions hard on each other, no waiting.
#[test]
fn recording_07c_server_failure_is_asked_twice_and_not_kept() {
    let mut world = World::default();
    let mx1 = world.add("mx1.dest.test", host(&[11]));
    let dest = world.add("dest.test", mx(&[(10, Some(mx1))]));
    world.fails(0, 40, DnsFailure::ServerFailure, "dest.test");
    let mut resolver = Resolver::new();
    let (lookup, route) = world.route(&mut resolver, dest, SimTime::ZERO);
    assert_eq!(lookup.outcome, RouteOutcome::TemporaryFailure);
    assert_eq!(lookup.ended, SimTime::ZERO + LATENCY * 2);
    assert!(route.exchangers.is_empty());
    let (lookup, _) = world.route(&mut resolver, dest, SimTime::from_secs(40));
    assert_eq!(lookup.outcome, RouteOutcome::Found, "RFC 2308 §7.1: not remembered here at all");
}

#[test]
fn each_exchanger_that_is_not_answered_costs_its_own_time() {
    let mut world = World::default();
    world.uncached();
    let a = world.add("a.slow.test", host(&[1]));
    let b = world.add("b.slow.test", host(&[2]));
    let c = world.add("c.good.test", host(&[3]));
    let dest = world.add("dest.test", mx(&[(10, Some(a)), (20, Some(b)), (30, Some(c))]));
    let only_slow = world.add("other.test", mx(&[(10, Some(a)), (20, Some(b))]));
    world.fails(0, 3600, DnsFailure::NoAnswer, "slow.test");
    let (lookup, route) = world.route(&mut Resolver::new(), dest, SimTime::ZERO);
    assert_eq!(lookup.outcome, RouteOutcome::Found);
    assert_eq!(lookup.ended, SimTime::from_secs(8) + LATENCY * 2);
    assert_eq!((route.unresolved_temporarily, route.best_unresolved), (2, Some(10)));
    let (lookup, _) = world.route(&mut Resolver::new(), only_slow, SimTime::ZERO);
    assert_eq!(lookup.outcome, RouteOutcome::TemporaryFailure);
}

#[test]
fn a_reply_later_than_all_tries_is_no_reply() {
    let mut world = World::default();
    world.uncached();
    let dest = world.add("dest.test", host(&[1]));
    world.settings.latency = SimDuration::from_secs(3);
    let (lookup, _) = world.route(&mut Resolver::new(), dest, SimTime::ZERO);
    assert_eq!(
        lookup.outcome,
        RouteOutcome::Found,
        "late for the first try, in time for the second"
    );
    assert_eq!(lookup.ended, SimTime::from_secs(6));
    world.settings.latency = SimDuration::from_secs(5);
    let (lookup, _) = world.route(&mut Resolver::new(), dest, SimTime::ZERO);
    assert_eq!(lookup.outcome, RouteOutcome::TemporaryFailure);
    assert_eq!(lookup.ended, SimTime::from_secs(4));
}

#[test]
fn rfc_mx_07_the_domains_own_address_is_never_used_beside_mx_records() {
    let mut world = World::default();
    let gone = world.add("gone.test", nowhere());
    let own_address = Records { addresses: vec![AddressId(5)], ..mx(&[(10, Some(gone))]) };
    let dest = world.add("dest.test", own_address);
    assert_eq!(world.fresh(dest), (RouteOutcome::NoAddress, 2, vec![]));
    let mut route = MailRoute::default();
    let lookup = Resolver::new().addresses(&world.ask(), dest, SimTime::ZERO, &mut route);
    assert_eq!((lookup.outcome, pairs(&route)), (RouteOutcome::Found, vec![(0, 5)]));
}

#[test]
fn rfc_mx_18_a_null_mx_among_others_is_passed_over() {
    let mut world = World::default();
    let mx1 = world.add("mx1.dest.test", host(&[1]));
    let dest = world.add("dest.test", mx(&[(0, None), (10, Some(mx1))]));
    assert_eq!(world.fresh(dest), (RouteOutcome::Found, 2, vec![(10, 1)]));
}

#[test]
fn rfc_mx_01_aliases_are_followed_but_not_for_ever() {
    let mut world = World::default();
    let mx1 = world.add("mx1.dest.test", host(&[1]));
    let mut last = world.add("dest.test", mx(&[(10, Some(mx1))]));
    for step in 1..=MOST_ALIASES {
        last = world.add(&format!("alias{step}.test"), alias(last));
    }
    assert_eq!(world.fresh(last), (RouteOutcome::Found, 2, vec![(10, 1)]));
    let too_long = world.add("alias9.test", alias(last));
    assert_eq!(world.fresh(too_long).0, RouteOutcome::TemporaryFailure);
    let ring = NameId(world.zone.names.len() as u32);
    world.add("ring.test", alias(ring));
    assert_eq!(world.fresh(ring).0, RouteOutcome::TemporaryFailure);
}

#[test]
fn rfc_dns_01_positive_answers_hold_for_their_time_to_live() {
    let mut world = World::default();
    let old = world.add("old.test", host(&[1]));
    let new = world.add("new.test", host(&[2]));
    let dest = world.add("dest.test", mx(&[(10, Some(old))]));
    world.change(dest, SimTime::from_secs(60), mx(&[(10, Some(new))]));
    let mut resolver = Resolver::new();
    let mut at = |time: SimTime| {
        let (lookup, route) = world.route(&mut resolver, dest, time);
        (lookup.ended.since(time), pairs(&route))
    };
    assert_eq!(at(SimTime::ZERO), (LATENCY * 2, vec![(10, 1)]));
    let expires = SimTime::ZERO + LATENCY + TTL;
    let just_before = expires.saturating_sub(SimDuration::from_nanos(1));
    assert_eq!(at(just_before), (SimDuration::ZERO, vec![(10, 1)]));
    assert_eq!(at(expires), (LATENCY * 2, vec![(10, 2)]));
    let mut resolver = Resolver::new();
    world.route(&mut resolver, dest, SimTime::ZERO);
    resolver.clear();
    let (_, route) = world.route(&mut resolver, dest, SimTime::from_secs(61));
    assert_eq!(pairs(&route), vec![(10, 2)]);
}

#[test]
fn a_question_joins_one_that_is_under_way() {
    let mut world = World::default();
    let dest = world.add("dest.test", host(&[1]));
    let mut resolver = Resolver::new();
    let (first, _) = world.route(&mut resolver, dest, SimTime::ZERO);
    let meanwhile = SimTime::from_nanos(1_000_000);
    let (second, _) = world.route(&mut resolver, dest, meanwhile);
    assert_eq!(second.ended, first.ended);
}

#[test]
fn rfc_dns_02_and_04_negative_answers_hold_for_their_own_time_within_the_limit() {
    for (limit, kept) in [(SimDuration::from_hours(3), NEGATIVE_TTL), (LATENCY * 9, LATENCY * 9)] {
        let mut world = World::default();
        world.settings.negative_ttl_limit = limit;
        let dest = world.add("dest.test", nowhere());
        world.change(dest, SimTime::from_nanos(1), host(&[1]));
        let mut resolver = Resolver::new();
        let mut at = |time| world.route(&mut resolver, dest, time).0;
        let first = at(SimTime::ZERO);
        // NXDOMAIN is remembered for every type: the second question costs nothing.
        assert_eq!(first.ended, SimTime::ZERO + LATENCY);
        let expires = first.ended + kept;
        let before = at(expires.saturating_sub(SimDuration::from_nanos(1)));
        assert_eq!(before.outcome, RouteOutcome::NoSuchDomain);
        assert_eq!(at(expires).outcome, RouteOutcome::Found);
    }
}

#[test]
fn rfc_dns_05_no_data_and_no_name_differ() {
    let mut world = World::default();
    let dest = world.add("dest.test", host(&[1]));
    assert_eq!(world.fresh(dest).0, RouteOutcome::Found, "NODATA for MX: implicit MX");
    world.fails(0, 60, DnsFailure::NameError, "dest.test");
    assert_eq!(world.fresh(dest).0, RouteOutcome::NoSuchDomain);
}

#[test]
fn without_cache_every_look_up_asks_again() {
    let mut world = World::default();
    world.uncached();
    let mx1 = world.add("mx1.dest.test", host(&[1]));
    let dest = world.add("dest.test", mx(&[(10, Some(mx1))]));
    let mut resolver = Resolver::new();
    for second in 0..3 {
        let at = SimTime::from_secs(second);
        assert_eq!(world.route(&mut resolver, dest, at).0.ended, at + LATENCY * 2);
    }
}

/// Statements (TXT records, entries of blocklists) are kept like other answers (RFC 1035 §7.4, RFC
/// 2308 §5), and tell nothing about records of other types.
#[test]
fn statements_are_kept_for_their_own_times() {
    let mut world = World::default();
    let stated = world.add("stated.test", Records { states: true, ..exists() });
    let silent = world.add("silent.test", host(&[1]));
    let (mut resolver, ask) =
        (Resolver::new(), |world: &World, resolver: &mut Resolver, name, at| {
            let ask = world.ask();
            let (found, ended) = resolver.statement(&ask, name, at);
            (found, ended.since(at))
        });
    let start = SimTime::ZERO;
    assert_eq!(ask(&world, &mut resolver, stated, start), (Some(true), LATENCY));
    assert_eq!(ask(&world, &mut resolver, silent, start), (Some(false), LATENCY));
    let kept = |span: SimDuration| start + LATENCY + span.saturating_sub(LATENCY);
    assert_eq!(ask(&world, &mut resolver, stated, kept(TTL)), (Some(true), SimDuration::ZERO));
    let later = kept(NEGATIVE_TTL);
    assert_eq!(ask(&world, &mut resolver, silent, later), (Some(false), SimDuration::ZERO));
    // One asks for addresses, and learns nothing about statements, and the other way round.
    let mut route = MailRoute::default();
    let asking = world.ask();
    let lookup = resolver.addresses(&asking, silent, start + LATENCY, &mut route);
    assert_eq!(lookup.outcome, RouteOutcome::Found);
    assert_eq!(lookup.ended, start + LATENCY * 2);
}

#[test]
fn a_statement_that_nobody_answered_for_is_asked_for_again() {
    let mut world = World::default();
    let stated = world.add("stated.test", Records { states: true, ..exists() });
    world.fails(0, 60, DnsFailure::NoAnswer, "stated.test");
    let ask = world.ask();
    let mut resolver = Resolver::new();
    let wait = world.settings.tries.iter().sum();
    assert_eq!(resolver.statement(&ask, stated, SimTime::ZERO), (None, SimTime::ZERO + wait));
    let after = SimTime::from_secs(60);
    assert_eq!(resolver.statement(&ask, stated, after), (Some(true), after + LATENCY));
}

#[test]
fn a_look_up_is_fresh_while_asking_again_would_bring_the_same_at_once() {
    let mut world = World::default();
    let exchanger = world.add("mx.dest.test", host(&[1]));
    let dest = world.add("dest.test", mx(&[(10, Some(exchanger))]));
    let other = world.add("other.test", host(&[2]));
    let mut resolver = Resolver::new();
    let ask = |resolver: &mut Resolver, name, time| {
        let lookup = world.route(resolver, name, time).0;
        (lookup.ended, resolver.freshness())
    };
    let (arrived, sent) = ask(&mut resolver, dest, SimTime::ZERO);
    assert!(!resolver.is_fresh(sent, arrived), "the answers were not at hand");
    let (_, kept) = ask(&mut resolver, dest, arrived);
    let expires = SimTime::ZERO + LATENCY + TTL;
    assert!(resolver.is_fresh(kept, expires.saturating_sub(SimDuration::from_nanos(1))));
    assert!(!resolver.is_fresh(kept, expires), "the exchangers are asked for again");
    ask(&mut resolver, other, arrived);
    assert!(!resolver.is_fresh(kept, arrived), "something was learnt");
    let (_, kept) = ask(&mut resolver, dest, arrived);
    assert!(resolver.is_fresh(kept, arrived));
    resolver.clear();
    assert!(!resolver.is_fresh(kept, arrived), "everything was forgotten");
}

/// Exim was recorded to wait for AAAA and then for A, where the names of an exchanger got no answer
/// (2 s twice for each, and 8 s in all), before it went on to the next.
#[test]
fn each_family_is_asked_for_where_no_answer_comes() {
    let mut world = World::default();
    world.uncached();
    world.fails(0, 60, DnsFailure::NoAnswer, "mx1.dest.test");
    let silent = world.add("mx1.dest.test", host(&[11]));
    let other = world.add("mx2.dest.test", host(&[12]));
    let dest = world.add("dest.test", mx(&[(10, Some(silent)), (20, Some(other))]));
    let waited = |families| {
        let ask = Ask { families, ..world.ask() };
        let mut route = MailRoute::default();
        let lookup = Resolver::new().mail_route(&ask, dest, SimTime::ZERO, &mut route);
        assert_eq!((lookup.outcome, pairs(&route)), (RouteOutcome::Found, vec![(20, 12)]));
        lookup.ended.since(SimTime::ZERO + LATENCY * 2)
    };
    assert_eq!(waited(1), SimDuration::from_secs(4));
    assert_eq!(waited(2), SimDuration::from_secs(8));
}
