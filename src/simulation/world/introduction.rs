//! What things are called, for queue managers whose rules speak of names.

use crate::mail::{DomainId, HostId, Mailbox, MailboxNames as _};
use crate::model::Scenario;
use crate::queue::Names;

/// The names of a scenario.
#[derive(Debug)]
pub(crate) struct Introduction<'s>(pub(crate) &'s Scenario);

impl Names for Introduction<'_> {
    fn domains(&self) -> Vec<(DomainId, &str)> {
        let names = self.0.domains.iter().map(|domain| domain.name.as_str());
        names.enumerate().map(|(index, name)| (DomainId::from_index(index), name)).collect()
    }

    fn hosts(&self) -> Vec<(HostId, &str)> {
        let names = self.0.hosts.iter().map(|host| host.name.as_str());
        names.enumerate().map(|(index, name)| (HostId::from_index(index), name)).collect()
    }

    fn mailboxes(&self, domain: DomainId) -> Vec<(u32, String)> {
        let Some(described) = self.0.domains.get(domain.index()) else {
            return Vec::new();
        };
        let unknown = u32::try_from(described.unknown.len()).unwrap_or(u32::MAX);
        (0..described.mailboxes.saturating_add(unknown))
            .map(|local| {
                let address = self.0.mailbox(Mailbox { domain, local });
                let local_part = address.rsplit_once('@').map_or("", |(local, _)| local);
                (local, local_part.to_owned())
            })
            .collect()
    }
}
