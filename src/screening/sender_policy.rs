//! What a domain publishes about mail that bears its name, and how it is checked.

use std::collections::BTreeMap;

use crate::dns::{Ask, NameId, Resolver};
use crate::mail::{AuthenticationResult, DmarcPolicy, DomainId, HostId};
use crate::network::AddressId;
use crate::units::SimTime;

/// Who may send for a domain, by address (RFC 7208).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spf {
    /// Addresses that may (mechanisms `ip4` and `ip6`), sorted.
    pub addresses: Vec<AddressId>,
    /// Domains whose senders may too (mechanism `include`), in order.
    pub includes: Vec<DomainId>,
    /// What all others get (mechanism `all` with its qualifier).
    pub otherwise: AuthenticationResult,
}

/// What a domain asks for by DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dmarc {
    /// What is to be done (tag `p`).
    pub policy: DmarcPolicy,
    /// To how many in a hundred of the messages that fail, 0 to 100 (tag `pct`); the others get what is
    /// one step weaker.
    pub percentage: u8,
}

impl Dmarc {
    /// Returns what is asked for a message on which the lot `lot` falls, 0 to 1 (RFC 7489 §6.6.4).
    #[must_use]
    pub fn for_lot(self, lot: f64) -> DmarcPolicy {
        let chosen = lot * 100.0 < f64::from(self.percentage);
        match self.policy {
            policy if chosen => policy,
            DmarcPolicy::Reject => DmarcPolicy::Quarantine,
            DmarcPolicy::Quarantine | DmarcPolicy::None => DmarcPolicy::None,
        }
    }
}

/// What a domain publishes, and the names under which that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderPolicy {
    /// The domain's own name, where its SPF record is.
    pub name: NameId,
    /// SPF; none: no record.
    pub spf: Option<Spf>,
    /// The name of its DKIM key, and the hosts that sign with it (RFC 6376); none: nobody signs.
    pub dkim: Option<(NameId, Vec<HostId>)>,
    /// The name of its DMARC record.
    pub dmarc_name: NameId,
    /// What it asks for; none: no record.
    pub dmarc: Option<Dmarc>,
    /// The nearest domain above it, whose DMARC record holds where it has none (RFC 7489 §6.6.3).
    pub above: Option<DomainId>,
}

/// How a server checks sender policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyCheck {
    /// Whether a client that SPF fails is refused at RCPT, without waiting for DKIM and DMARC (which
    /// RFC 7489 §10.1 warns of).
    pub refuses_spf_fail: bool,
    /// Whether what DMARC asks for is done, or only noted.
    pub enforces_dmarc: bool,
    /// Whether a message is put off when the DNS does not answer (RFC 7208 §2.6.6 leaves the choice).
    pub defers_on_error: bool,
}

impl Default for PolicyCheck {
    /// What the author's domain asks for is done; nothing else.
    fn default() -> Self {
        Self { refuses_spf_fail: false, enforces_dmarc: true, defers_on_error: false }
    }
}

/// A resolver with the world that it asks and the time that it has come to: questions of one check
/// follow each other.
#[derive(Debug)]
pub struct Asking<'a> {
    /// The resolver.
    pub resolver: &'a mut Resolver,
    /// What it asks.
    pub ask: &'a Ask<'a>,
    /// When the next question is asked.
    pub now: SimTime,
}

impl Asking<'_> {
    /// Returns whether there is such a record; none: the DNS gave no answer.
    pub(super) fn finds(&mut self, name: NameId) -> Option<bool> {
        let (found, ended) = self.resolver.statement(self.ask, name, self.now);
        self.now = ended;
        found
    }
}

/// Most terms that cost look-ups in one check (RFC 7208 §4.6.4).
const MOST_LOOKUPS: u32 = 10;

/// Returns what `domain` says about mail from `client` (RFC 7208 §4, `check_host()`).
pub fn check_host(
    asking: &mut Asking<'_>,
    policies: &BTreeMap<DomainId, SenderPolicy>,
    client: AddressId,
    domain: DomainId,
) -> AuthenticationResult {
    let mut lookups = 0;
    check(asking, policies, client, domain, &mut lookups)
}

fn check(
    asking: &mut Asking<'_>,
    policies: &BTreeMap<DomainId, SenderPolicy>,
    client: AddressId,
    domain: DomainId,
    lookups: &mut u32,
) -> AuthenticationResult {
    use AuthenticationResult as Result;
    let Some(policy) = policies.get(&domain) else {
        return Result::None;
    };
    let spf = match (asking.finds(policy.name), &policy.spf) {
        (None, _) => return Result::TempError,
        (Some(true), Some(spf)) => spf,
        _ => return Result::None,
    };
    if spf.addresses.binary_search(&client).is_ok() {
        return Result::Pass;
    }
    for &included in &spf.includes {
        *lookups += 1;
        if *lookups > MOST_LOOKUPS {
            return Result::PermError;
        }
        match check(asking, policies, client, included, lookups) {
            Result::Pass => return Result::Pass,
            Result::TempError => return Result::TempError,
            // Whom it includes has to publish something (§5.2).
            Result::None | Result::PermError => return Result::PermError,
            Result::Fail | Result::SoftFail | Result::Neutral => {}
        }
    }
    spf.otherwise
}

/// Returns whether the record that a signature of `domain` is checked against can be had, and hence
/// what comes of an intact signature; a broken one fails (RFC 6376 §6.1).
pub(super) fn check_signature(
    asking: &mut Asking<'_>,
    policies: &BTreeMap<DomainId, SenderPolicy>,
    domain: DomainId,
    intact: bool,
) -> AuthenticationResult {
    use AuthenticationResult as Result;
    let key = policies.get(&domain).and_then(|policy| policy.dkim.as_ref());
    match key.map(|(name, _)| asking.finds(*name)) {
        Some(None) => Result::TempError,
        Some(Some(true)) if intact => Result::Pass,
        Some(Some(true)) => Result::Fail,
        Some(Some(false)) | None => Result::PermError,
    }
}

/// Returns what `author` asks to be done with mail that is not its own: its record, or that of the
/// domain above it (RFC 7489 §6.6.3). None: it asks for nothing; an error: the DNS gave no answer.
pub(super) fn requested(
    asking: &mut Asking<'_>,
    policies: &BTreeMap<DomainId, SenderPolicy>,
    author: DomainId,
) -> Result<Option<Dmarc>, ()> {
    let mut domain = Some(author);
    while let Some(policy) = domain.and_then(|domain| policies.get(&domain)) {
        match (asking.finds(policy.dmarc_name), policy.dmarc) {
            (None, _) => return Err(()),
            (Some(true), Some(asked)) => return Ok(Some(asked)),
            _ => {}
        }
        // The author's own, then its organization's.
        domain = policy.above.filter(|_| domain == Some(author));
    }
    Ok(None)
}

/// Returns whether two domains count as one for DMARC: equal, or one below the other (relaxed
/// alignment, RFC 7489 §3.1).
#[must_use]
pub fn aligned(one: &str, other: &str) -> bool {
    let below = |name: &str, top: &str| {
        name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    below(one, other) || below(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Failures, Name, Records, ResolverSettings, Zone};
    use crate::units::SimDuration;

    /// Domain `i` has the name `i` in the DNS.
    fn zone(count: u32) -> Zone {
        let records = Records {
            exists: true,
            states: true,
            ttl: SimDuration::from_hours(1),
            ..Records::default()
        };
        let name = |number| Name {
            text: format!("domain{number}.example"),
            revisions: vec![(SimTime::ZERO, records.clone())],
        };
        Zone { names: (0..count).map(name).collect() }
    }

    fn spf(number: u32, addresses: &[u32], includes: &[u32]) -> (DomainId, SenderPolicy) {
        let spf = Spf {
            addresses: addresses.iter().map(|&address| AddressId(address)).collect(),
            includes: includes.iter().map(|&domain| DomainId(domain)).collect(),
            otherwise: AuthenticationResult::Fail,
        };
        let name = NameId(number);
        let policy = SenderPolicy {
            name,
            spf: Some(spf),
            dkim: None,
            dmarc_name: name,
            dmarc: None,
            above: None,
        };
        (DomainId(number), policy)
    }

    /// Checks `client` against domain 0; returns the result and how long it took.
    fn check(
        policies: &[(DomainId, SenderPolicy)],
        client: u32,
    ) -> (AuthenticationResult, SimDuration) {
        let (zone, failures) = (zone(20), Failures::default());
        let settings = ResolverSettings::default();
        let ask = Ask {
            zone: &zone,
            failures: &failures,
            settings: &settings,
            chance: None,
            failure_is_none: false,
            asks_together: false,
            families: 1,
        };
        let mut resolver = Resolver::new();
        let mut asking = Asking { resolver: &mut resolver, ask: &ask, now: SimTime::ZERO };
        let policies = policies.iter().cloned().collect();
        let client = AddressId(client);
        let result = check_host(&mut asking, &policies, client, DomainId(0));
        (result, asking.now.since(SimTime::ZERO))
    }

    #[test]
    fn a_domain_without_a_record_says_nothing() {
        assert_eq!(check(&[], 1).0, AuthenticationResult::None);
    }

    #[test]
    fn addresses_pass_and_all_others_get_what_is_said_of_all() {
        let policies = [spf(0, &[3, 5], &[])];
        assert_eq!(check(&policies, 5).0, AuthenticationResult::Pass);
        assert_eq!(check(&policies, 4).0, AuthenticationResult::Fail);
    }

    /// RFC 7208 §5.2: a `fail` of the included domain does not match, and the check goes on.
    #[test]
    fn an_include_only_ever_adds_senders() {
        let policies = [spf(0, &[1], &[1, 2]), spf(1, &[7], &[]), spf(2, &[8], &[])];
        assert_eq!(check(&policies, 8).0, AuthenticationResult::Pass);
        assert_eq!(check(&policies, 9).0, AuthenticationResult::Fail);
    }

    #[test]
    fn including_a_domain_that_publishes_nothing_is_an_error() {
        assert_eq!(check(&[spf(0, &[1], &[9])], 2).0, AuthenticationResult::PermError);
    }

    /// RFC 7208 §4.6.4: ten terms, not eleven; each costs a look-up of 20 ms, after that of the
    /// domain itself.
    #[test]
    fn ten_includes_are_looked_up_and_an_eleventh_is_an_error() {
        let chain = |length: u32| {
            let mut all = vec![spf(0, &[], &(1..=length).collect::<Vec<_>>())];
            all.extend((1..=length).map(|domain| spf(domain, &[100], &[])));
            all
        };
        let (result, time) = check(&chain(10), 1);
        assert_eq!(result, AuthenticationResult::Fail);
        assert_eq!(time, SimDuration::from_millis(20 * 11));
        assert_eq!(check(&chain(11), 1).0, AuthenticationResult::PermError);
    }

    #[test]
    fn relaxed_alignment_joins_a_domain_and_those_below_it() {
        assert!(aligned("example.com", "example.com"));
        assert!(aligned("news.example.com", "example.com"));
        assert!(aligned("example.com", "news.example.com"));
        assert!(!aligned("badexample.com", "example.com"));
        assert!(!aligned("example.org", "example.com"));
    }
}
