//! The zone as it is put together: every name that is spoken of, with its records over time.

use std::collections::BTreeMap;

use crate::dns::{MxRecord, Name, NameId, Records, Zone};
use crate::network::AddressId;
use crate::units::{SimDuration, SimTime};

use crate::scenario::host::hosts::canonical;

/// Times to live where nothing else is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ttls {
    pub(crate) positive: SimDuration,
    pub(crate) negative: SimDuration,
}

impl Default for Ttls {
    fn default() -> Self {
        Self { positive: SimDuration::from_hours(1), negative: SimDuration::from_minutes(5) }
    }
}

/// A change of the records of a name; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) mx: Option<Vec<MxRecord>>,
    pub(crate) addresses: Option<Vec<AddressId>>,
    pub(crate) ttl: Option<SimDuration>,
    pub(crate) exists: Option<bool>,
}

/// The names and records said so far.
#[derive(Debug)]
pub(crate) struct ZoneBuilder {
    names: BTreeMap<String, NameId>,
    zone: Zone,
    ttls: Ttls,
}

impl ZoneBuilder {
    pub(crate) fn new(ttls: Ttls) -> Self {
        Self { names: BTreeMap::new(), zone: Zone::default(), ttls }
    }

    /// Returns the id of `text`; a name not spoken of before does not exist in the DNS.
    pub(crate) fn name(&mut self, text: &str) -> NameId {
        let text = canonical(text);
        if let Some(id) = self.names.get(&text) {
            return *id;
        }
        let id = NameId(u32::try_from(self.zone.names.len()).expect("names are counted in u32"));
        let records = Records {
            ttl: self.ttls.positive,
            negative_ttl: self.ttls.negative,
            ..Records::default()
        };
        self.zone
            .names
            .push(Name { text: text.clone(), revisions: vec![(SimTime::ZERO, records)] });
        self.names.insert(text, id);
        id
    }

    /// Returns the records of `name` at the start, to be filled in.
    pub(crate) fn records(&mut self, name: NameId) -> &mut Records {
        &mut self.zone.names[name.index()].revisions[0].1
    }

    /// Returns whether `text` has been spoken of and exists at the start.
    pub(crate) fn exists(&self, text: &str) -> bool {
        let id = self.names.get(&canonical(text));
        id.is_some_and(|id| self.zone.names[id.index()].revisions[0].1.exists)
    }

    /// Changes the records of `name` from `at` on. Changes are to come in order of time.
    pub(crate) fn change(&mut self, name: NameId, at: SimTime, change: Change) {
        let revisions = &mut self.zone.names[name.index()].revisions;
        let (last, records) = revisions.last().cloned().expect("the first holds from the start");
        let mut records = records;
        records.exists = change.exists.unwrap_or(true);
        records.mx = change.mx.unwrap_or(records.mx);
        records.addresses = change.addresses.unwrap_or(records.addresses);
        records.ttl = change.ttl.unwrap_or(records.ttl);
        if last == at {
            revisions.pop();
        }
        revisions.push((at, records));
    }

    pub(crate) fn into_zone(self) -> Zone {
        self.zone
    }
}
