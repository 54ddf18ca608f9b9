//! Addresses as they are typed, and the mailboxes of the scenario that they mean.

use crate::mail::{DomainId, Mailbox, split_address, split_stray_dots};
use crate::scenario::Scenario;

/// Finds mailboxes by address. An address that the scenario does not know gets a mailbox that does
/// not exist, always the same.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    unknown_domains: Vec<String>,
    /// Local parts that no domain knows.
    unknown_locals: Vec<String>,
}

impl AddressBook {
    /// Returns the mailbox that an address means, one with stray dots included; none: it is no address.
    pub(super) fn mailbox(&mut self, scenario: &Scenario, address: &str) -> Option<Mailbox> {
        let stray = || split_stray_dots(address).map(|(local, name)| (local.to_owned(), name));
        let (local, name) = split_address(address).or_else(stray)?;
        let known = scenario.domains.iter().position(|d| d.name.eq_ignore_ascii_case(name));
        let Some(place) = known else {
            let number = number_of(&mut self.unknown_domains, name);
            let domain = DomainId::from_index(scenario.domains.len() + number);
            let local = self.unknown_local(&local);
            return Some(Mailbox { domain, local });
        };
        let position = scenario.domains[place].position(&local);
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

/// Makes `postmaster` exist in every domain that has a store, whether or not the scenario speaks of
/// it (RFC 5321 §4.5.1).
pub(super) fn add_postmasters(scenario: &mut Scenario) {
    for domain in scenario.domains.iter_mut().filter(|domain| domain.store.is_some()) {
        if domain.position(POSTMASTER).is_none() {
            let place = domain.mailboxes + domain.unknown.len() as u32;
            domain.unknown.push(POSTMASTER.to_owned());
            domain.also.insert(place);
        }
    }
}

/// The mailbox that every domain has.
pub(super) const POSTMASTER: &str = "postmaster";
