//! A caching resolver of one host.

use crate::random::{Distribution, PurposeStreams, mix, name_key};
use crate::units::{SimDuration, SimTime};

use super::cache::{Answer, Cache, Entry, QuestionType};
use super::zone::Revision;
use super::{
    DnsFailure, Exchanger, Failures, Lookup, MailRoute, MxRecord, NameId, RouteOutcome, Zone,
};

/// How a host asks the DNS.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolverSettings {
    /// Time until an answer that is not in the cache arrives.
    pub latency: SimDuration,
    /// The same, drawn anew for each packet sent; `latency` is then its median. None: it is always the
    /// same.
    pub drawn_latency: Option<Distribution>,
    /// How long each try of a question waits, in order, one at least: their sum passes before a
    /// look-up without answer is given up (glibc: 5 s twice).
    pub tries: Vec<SimDuration>,
    /// Whether answers are kept for their time to live.
    pub caches: bool,
    /// Upper bound for keeping negative answers (RFC 2308 §5 suggests one to three hours).
    pub negative_ttl_limit: SimDuration,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self {
            latency: SimDuration::from_millis(20),
            drawn_latency: None,
            tries: vec![SimDuration::from_secs(5), SimDuration::from_secs(5)],
            caches: true,
            negative_ttl_limit: SimDuration::from_hours(3),
        }
    }
}

/// The world that a resolver asks, and how it asks.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// All names.
    pub zone: &'a Zone,
    /// When asking fails.
    pub failures: &'a Failures,
    /// The asking host's settings.
    pub settings: &'a ResolverSettings,
    /// What it draws from; none: nothing is left to chance.
    pub chance: Option<Chance<'a>>,
    /// Whether a look-up of exchangers that fails counts as one that finds none, so that the domain's
    /// own address serves: what some programs make of a time-out or SERVFAIL.
    pub failure_is_none: bool,
    /// Whether the addresses of all exchangers are asked for at once, when the names are known, and not
    /// one after the other (OpenSMTPD, `dns.c`, `dns_dispatch_mx`).
    pub asks_together: bool,
    /// Families of addresses that are asked for, each by a question of its own (A, AAAA), one after
    /// the other.
    pub families: u32,
}

/// What a resolver draws from.
#[derive(Debug, Clone, Copy)]
pub struct Chance<'a> {
    /// The streams of this purpose.
    pub streams: &'a PurposeStreams,
    /// Stands for the asking host.
    pub host: u64,
}

impl Ask<'_> {
    /// Returns how long the answer to a packet takes that is sent at `at`.
    fn latency(&self, name: NameId, asked: QuestionType, at: SimTime) -> SimDuration {
        let (Some(drawn), Some(chance)) = (&self.settings.drawn_latency, self.chance) else {
            return self.settings.latency;
        };
        let name = name_key(self.zone.text(name));
        let key = mix(&[chance.host, name, asked as u64, at.as_nanos()]);
        drawn.sample_duration(&mut chance.streams.at(key))
    }
}

/// More steps than this from alias to alias are a loop.
const MOST_ALIASES: usize = 8;

/// One host's resolver with its cache.
///
/// # Model
/// Questions of one look-up follow each other: MX first, then the addresses of each exchanger in
/// order of preference, as Postfix was recorded to do (recordings 07a and 09g). A and AAAA that are
/// answered count as one question; where the first fails, the second is asked as well, and takes its
/// time too (Exim `src/host.c`, `set_address_from_dns`; Postfix `dns_lookup_x` for each type;
/// Exim was recorded to wait 8 s, 2 s twice for each). A question takes
/// - no time when the answer is in the cache (positive answers for their time to live, negative ones
///   as RFC 2308 §5 says; failures are not kept); a question whose answer is already on its way to
///   this host waits for that answer;
/// - the resolver's latency when it is answered, be it with NODATA or NXDOMAIN: always the same, or
///   drawn for each packet from the stream of the host, the name and the time; a slow DNS adds to it;
/// - the latency once for each try when the answer is SERVFAIL (recording 07c has two questions for
///   each failed look-up, hard on each other);
/// - the sum of all tries when no answer comes in that time (recording 07b: 2 s twice).
///
/// Each try is struck by the failure in force when *it* is sent, so the second may succeed.
///
/// Records are those in force when the question is sent. A CNAME is followed within the answer at no
/// cost, by MX names too, though RFC 5321 §5.1 does not allow them there: everybody follows them.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    cache: Cache,
    /// Reused between look-ups: exchangers by preference and place in the answer.
    order: Vec<(u16, u32, NameId)>,
    /// When the answer to the latest question arrived, perhaps long before it was asked.
    arrived: SimTime,
    /// When the first answer of the latest look-up expires; zero if not all were at hand.
    expires: SimTime,
    /// Counts how often something was learnt or forgotten.
    learnt: u64,
}

/// How long a look-up would bring the same again, and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    expires: SimTime,
    learnt: u64,
}

impl Resolver {
    /// Returns a resolver that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, as a machine does that starts anew.
    pub fn clear(&mut self) {
        self.cache.clear();
        self.learnt += 1;
    }

    /// Returns how long the latest look-up of a route or of addresses would bring the same.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        Freshness { expires: self.expires, learnt: self.learnt }
    }

    /// Returns whether a look-up would still bring the same at `at`.
    #[must_use]
    #[inline]
    pub fn is_fresh(&self, freshness: Freshness, at: SimTime) -> bool {
        freshness.learnt == self.learnt && at < freshness.expires
    }

    /// Looks up where mail for `domain` goes (RFC 5321 §5.1), beginning at `at`.
    ///
    /// - Without MX records the domain's own addresses serve, with preference 0; with any MX record
    ///   they never do.
    /// - A name that does not exist is no mail domain. Like Postfix (recording 07a) the resolver still
    ///   asks for its address, which takes time and changes nothing.
    /// - An MX record that names the root stands for "takes no mail" if there is no other kind
    ///   (RFC 7505 §3); among others it is passed over.
    /// - Exchangers without an address are skipped. If none is left, the failure is temporary as soon
    ///   as one of them could not be looked up, and final otherwise.
    pub fn mail_route(
        &mut self,
        ask: &Ask<'_>,
        domain: NameId,
        at: SimTime,
        into: &mut MailRoute,
    ) -> Lookup {
        into.clear();
        self.expires = SimTime::MAX;
        let (answer, ended) = self.question(ask, domain, QuestionType::Exchangers, at);
        into.answered = self.arrived;
        match answer {
            Answer::Failed if !ask.failure_is_none => {
                Lookup { outcome: RouteOutcome::TemporaryFailure, ended }
            }
            Answer::Failed | Answer::NoData => self.add_host(ask, domain, ended, into),
            Answer::NoName => {
                let (_, ended) = self.question(ask, domain, QuestionType::Addresses, ended);
                Lookup { outcome: RouteOutcome::NoSuchDomain, ended }
            }
            Answer::Records(revision) => {
                let records = &ask.zone.records_of(revision).mx;
                if records.iter().all(|record| record.exchange.is_none()) {
                    return Lookup { outcome: RouteOutcome::NullMx, ended };
                }
                self.add_exchangers(ask, records, ended, into)
            }
        }
    }

    /// Looks up the addresses of `name` alone, beginning at `at`: the route to a host that is named
    /// as such, without MX records.
    pub fn addresses(
        &mut self,
        ask: &Ask<'_>,
        name: NameId,
        at: SimTime,
        into: &mut MailRoute,
    ) -> Lookup {
        into.clear();
        self.expires = SimTime::MAX;
        self.add_host(ask, name, at, into)
    }

    /// Looks up whether `name` has a record that tells something about it, beginning at `at`. Returns
    /// the answer, none if the DNS gave none, and when it was known.
    pub fn statement(
        &mut self,
        ask: &Ask<'_>,
        name: NameId,
        at: SimTime,
    ) -> (Option<bool>, SimTime) {
        let (answer, ended) = self.question(ask, name, QuestionType::Statements, at);
        let found = match answer {
            Answer::Records(_) => Some(true),
            Answer::NoData | Answer::NoName => Some(false),
            Answer::Failed => None,
        };
        (found, ended)
    }

    fn add_exchangers(
        &mut self,
        ask: &Ask<'_>,
        records: &[MxRecord],
        at: SimTime,
        into: &mut MailRoute,
    ) -> Lookup {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(
            (0..).zip(records).filter_map(|(place, r)| Some((r.preference, place, r.exchange?))),
        );
        // With the place in the key an unstable sort is stable, and it allocates nothing.
        order.sort_unstable();
        let mut now = at;
        for &(preference, _, name) in &order {
            let begun = if ask.asks_together { at } else { now };
            let (answer, ended) = self.question_of_addresses(ask, name, begun);
            now = now.max(ended);
            match answer {
                Answer::Records(revision) => add_addresses(ask, preference, name, revision, into),
                Answer::NoData | Answer::NoName => into.add_unresolved(preference, false),
                Answer::Failed => into.add_unresolved(preference, true),
            }
        }
        self.order = order;
        let outcome = if !into.exchangers.is_empty() {
            RouteOutcome::Found
        } else if into.unresolved_temporarily > 0 {
            RouteOutcome::TemporaryFailure
        } else {
            RouteOutcome::NoAddress
        };
        Lookup { outcome, ended: now }
    }

    fn add_host(
        &mut self,
        ask: &Ask<'_>,
        name: NameId,
        at: SimTime,
        into: &mut MailRoute,
    ) -> Lookup {
        let (answer, ended) = self.question_of_addresses(ask, name, at);
        let outcome = match answer {
            Answer::Records(revision) => {
                add_addresses(ask, 0, name, revision, into);
                RouteOutcome::Found
            }
            Answer::NoData => RouteOutcome::NoAddress,
            Answer::NoName => RouteOutcome::NoSuchDomain,
            Answer::Failed => RouteOutcome::TemporaryFailure,
        };
        Lookup { outcome, ended }
    }

    /// Returns what comes of asking for addresses of each family, and when that was known. Where one
    /// family cannot be asked for, what is known of the other serves.
    fn question_of_addresses(
        &mut self,
        ask: &Ask<'_>,
        name: NameId,
        at: SimTime,
    ) -> (Answer, SimTime) {
        let (mut answer, mut ended) = self.question(ask, name, QuestionType::Addresses, at);
        for _ in 1..ask.families {
            if answer == Answer::Failed {
                (answer, ended) = self.question(ask, name, QuestionType::Addresses, ended);
            }
        }
        (answer, ended)
    }

    /// Returns the answer and when it arrived.
    fn question(
        &mut self,
        ask: &Ask<'_>,
        name: NameId,
        asked: QuestionType,
        at: SimTime,
    ) -> (Answer, SimTime) {
        if !ask.settings.caches {
            self.expires = SimTime::ZERO;
            let reply = send(ask, name, asked, at);
            self.arrived = reply.arrived;
            return (reply.answer, reply.arrived);
        }
        if let Some(Entry { answer, arrived, expires }) = self.cache.get(name, asked, at) {
            self.arrived = arrived;
            self.expires = if arrived <= at { self.expires.min(expires) } else { SimTime::ZERO };
            return (answer, arrived.max(at));
        }
        self.expires = SimTime::ZERO;
        self.learnt += 1;
        let reply = send(ask, name, asked, at);
        self.arrived = reply.arrived;
        if reply.answer != Answer::Failed {
            let expires = reply.arrived + reply.keep;
            self.cache.put(name, asked, reply.answer, reply.arrived, expires);
        }
        (reply.answer, reply.arrived)
    }
}

fn add_addresses(
    ask: &Ask<'_>,
    preference: u16,
    name: NameId,
    revision: Revision,
    into: &mut MailRoute,
) {
    let addresses = ask.zone.records_of(revision).addresses.iter();
    into.exchangers.extend(addresses.map(|&address| Exchanger { preference, name, address }));
}

/// An answer that came over the network, or did not.
struct Reply {
    answer: Answer,
    arrived: SimTime,
    /// How long it may be kept.
    keep: SimDuration,
}

/// Sends the question at `at`, and again for as long as the settings say. Tries are the same packet
/// sent again, so a late reply to an earlier one is still welcome.
fn send(ask: &Ask<'_>, name: NameId, asked: QuestionType, at: SimTime) -> Reply {
    let given_up = at + ask.settings.tries.iter().sum();
    let (mut now, mut first) = (at, None::<Reply>);
    for &wait in &ask.settings.tries {
        let failure = ask.failures.of(ask.zone.text(name), now);
        let mut latency = ask.latency(name, asked, now);
        if let Some(DnsFailure::Slow(by)) = failure {
            latency = by.of(latency);
        }
        let (answer, keep) = match failure {
            Some(DnsFailure::NoAnswer) => {
                now += wait;
                continue;
            }
            Some(DnsFailure::ServerFailure) => (Answer::Failed, SimDuration::ZERO),
            Some(DnsFailure::NameError) => {
                (Answer::NoName, negative_ttl(ask, ask.zone.revision(name, now)))
            }
            Some(DnsFailure::Slow(_)) | None => answer(ask, name, asked, now),
        };
        if answer == Answer::Failed {
            now += latency.min(wait);
        } else {
            let arrived = now + latency;
            if first.as_ref().is_none_or(|first| arrived < first.arrived) {
                first = Some(Reply { answer, arrived, keep });
            }
            now += wait;
        }
        if first.as_ref().is_some_and(|first| first.arrived <= now) {
            break;
        }
    }
    match first {
        Some(reply) if reply.arrived <= given_up => reply,
        Some(_) => Reply { answer: Answer::Failed, arrived: given_up, keep: SimDuration::ZERO },
        // Every try met silence or SERVFAIL.
        None => Reply { answer: Answer::Failed, arrived: now, keep: SimDuration::ZERO },
    }
}

/// Returns what the zone answers at `at`, after following aliases, and how long that may be kept.
fn answer(ask: &Ask<'_>, name: NameId, asked: QuestionType, at: SimTime) -> (Answer, SimDuration) {
    let mut revision = ask.zone.revision(name, at);
    let mut ttl = SimDuration::MAX;
    for _ in 0..=MOST_ALIASES {
        let records = ask.zone.records_of(revision);
        if !records.exists {
            return (Answer::NoName, ttl.min(negative_ttl(ask, revision)));
        }
        if let Some(target) = records.alias {
            ttl = ttl.min(records.ttl);
            revision = ask.zone.revision(target, at);
            continue;
        }
        let empty = match asked {
            QuestionType::Exchangers => records.mx.is_empty(),
            QuestionType::Addresses => records.addresses.is_empty(),
            QuestionType::Statements => !records.states,
        };
        return if empty {
            (Answer::NoData, ttl.min(negative_ttl(ask, revision)))
        } else {
            (Answer::Records(revision), ttl.min(records.ttl))
        };
    }
    // Name servers answer SERVFAIL to a ring of aliases.
    (Answer::Failed, SimDuration::ZERO)
}

fn negative_ttl(ask: &Ask<'_>, revision: Revision) -> SimDuration {
    ask.zone.records_of(revision).negative_ttl.min(ask.settings.negative_ttl_limit)
}

#[cfg(test)]
#[path = "resolver_tests.rs"]
mod tests;
