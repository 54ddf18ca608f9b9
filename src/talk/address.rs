//! Addresses as they are typed, and the mailboxes of the scenario that they mean.

use crate::mail::{DomainId, Mailbox, split_address};
use crate::scenario::{Domain, Scenario};

/// Finds mailboxes by address. An address that the scenario does not know gets a mailbox that does
/// not exist, always the same.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    unknown_domains: Vec<String>,
    /// Local parts that no domain knows.
    unknown_locals: Vec<String>,
}

impl AddressBook {
    /// Returns the mailbox that an address means; none: it is no address.
    pub(super) fn mailbox(&mut self, scenario: &Scenario, address: &str) -> Option<Mailbox> {
        let (local, name) = split_address(address)?;
        if !is_domain(name) {
            return None;
        }
        let known = scenario.domains.iter().position(|d| d.name.eq_ignore_ascii_case(name));
        let Some(place) = known else {
            let number = number_of(&mut self.unknown_domains, name);
            let domain = DomainId::from_index(scenario.domains.len() + number);
            let local = self.unknown_local(&local);
            return Some(Mailbox { domain, local });
        };
        let position = position(&scenario.domains[place], &local);
        let local = position.unwrap_or_else(|| self.unknown_local(&local));
        Some(Mailbox { domain: DomainId::from_index(place), local })
    }

    /// Positions from the other end, where no domain has mailboxes.
    fn unknown_local(&mut self, local: &str) -> u32 {
        let number = number_of(&mut self.unknown_locals, local);
        u32::MAX - u32::try_from(number).unwrap_or(u32::MAX)
    }
}

fn number_of(list: &mut Vec<String>, text: &str) -> usize {
    let text = text.to_ascii_lowercase();
    list.iter().position(|known| *known == text).unwrap_or_else(|| {
        list.push(text);
        list.len() - 1
    })
}

/// Returns the position of a local part in its domain, if the scenario speaks of it. The spellings
/// are those of [`Domain`].
fn position(domain: &Domain, local: &str) -> Option<u32> {
    let find = |list: &[String]| {
        let place = list.iter().position(|known| known == local)?;
        u32::try_from(place).ok()
    };
    let numbered = || {
        let digits = local.strip_prefix("user")?;
        let number: u32 = digits.parse().ok()?;
        let spelt = format!("user{number:05}") == local;
        let there = (domain.named.len() as u32 + 1..=domain.mailboxes).contains(&number);
        (spelt && there).then(|| number - 1)
    };
    let unknown = || find(&domain.unknown).map(|place| domain.mailboxes + place);
    find(&domain.named).or_else(numbered).or_else(unknown)
}

/// Makes `postmaster` exist in every domain that has a store, whether or not the scenario speaks of
/// it (RFC 5321 §4.5.1).
pub(super) fn add_postmasters(scenario: &mut Scenario) {
    for domain in scenario.domains.iter_mut().filter(|domain| domain.store.is_some()) {
        if position(domain, POSTMASTER).is_none() {
            let place = domain.mailboxes + domain.unknown.len() as u32;
            domain.unknown.push(POSTMASTER.to_owned());
            domain.also.insert(place);
        }
    }
}

/// The mailbox that every domain has.
pub(super) const POSTMASTER: &str = "postmaster";

/// Returns whether a text has the form of a domain or of an address literal (RFC 5321 §4.1.2).
pub(super) fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        return literal.ends_with(']') && literal.len() > 2;
    }
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii())
    };
    !text.is_empty() && text.len() <= 255 && text.split('.').all(fits)
}
