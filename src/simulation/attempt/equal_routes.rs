//! Domains that share their exchangers.

use std::collections::BTreeMap;

use crate::dns::{MxRecord, Zone};
use crate::mail::{DomainId, HostId, RecipientId};
use crate::model::{Domain, Scenario};
use crate::queue::Destination;
use crate::trace::FactSink;
use crate::units::SimTime;

use crate::simulation::world::World;

/// Returns for each domain the first one with the same exchangers, or itself. Domains whose answers
/// change are like no other. (Whether each can be looked up is found out when it is: `look_up.rs`.)
pub(crate) fn equal_routes(scenario: &Scenario) -> Vec<DomainId> {
    let mut first: BTreeMap<Vec<MxRecord>, DomainId> = BTreeMap::new();
    (0..scenario.domains.len())
        .map(DomainId::from_index)
        .map(|id| match exchangers(&scenario.zone, &scenario.domains[id.index()]) {
            Some(records) => *first.entry(records).or_insert(id),
            None => id,
        })
        .collect()
}

/// Returns a domain's exchangers in order, if they never change.
fn exchangers(zone: &Zone, domain: &Domain) -> Option<Vec<MxRecord>> {
    let name = &zone.names[domain.dns.index()];
    let records = zone.records(domain.dns, SimTime::ZERO);
    if name.revisions.len() != 1 || records.alias.is_some() || records.mx.is_empty() {
        return None;
    }
    let mut mx = records.mx.clone();
    mx.sort_unstable();
    Some(mx)
}

impl<S: FactSink> World<'_, '_, S> {
    /// Returns where the copy for `recipient` goes from `host`.
    #[inline]
    pub(crate) fn route_of(&self, host: HostId, recipient: RecipientId) -> Destination {
        let state = &self.hosts[host.index()];
        let mailbox = self.messages[recipient].mailbox;
        let sender = || self.messages[self.messages[recipient].message].sender();
        let sender = if state.config.asks_for_sender() { sender() } else { None };
        match state.route(sender, mailbox) {
            Destination::Exchangers(domain) if state.config.client.merges_equal_routes => {
                Destination::Exchangers(self.layout.equal_routes[domain.index()])
            }
            other => other,
        }
    }
}
